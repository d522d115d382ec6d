"""The life of each asset, of the library and of the device as events in order of time."""
