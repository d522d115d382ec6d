"""The library behind recover-facetime: typed, silent, and read-only towards the backup."""

__version__ = "0.1.0"
