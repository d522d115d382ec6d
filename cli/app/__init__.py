"""The window: a server on 127.0.0.1 and the pages it shows in the browser."""
