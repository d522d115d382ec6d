"""Measure the tool against its floor, against other tools, and in growth; see `python -m benchmarks --help`."""
