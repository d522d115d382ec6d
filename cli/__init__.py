"""The command line: it talks, and never parses."""
