"""Feeds damaged and hostile bytes to every parser; see `python -m benchmarks.fuzz --help` and docs/trust.md."""
