"""Deleted rows left in the unused bytes of a database: asks whether there can be any, then finds them."""

from recovery.formats.sqlite.carving import CarvedRow, Target, carve_table, carve_tables, live_rows, log_of
from recovery.formats.sqlite.copy_state import CopyState, inspect_copy
from recovery.formats.sqlite.record_candidates import Live
from recovery.formats.sqlite.record_format import RecordColumn, RecordTemplate, StorageClass, columns_of
from recovery.formats.sqlite.regions import Origin

__all__ = [
    "CarvedRow",
    "CopyState",
    "Live",
    "Origin",
    "RecordColumn",
    "RecordTemplate",
    "StorageClass",
    "Target",
    "carve_table",
    "carve_tables",
    "columns_of",
    "inspect_copy",
    "live_rows",
    "log_of",
]
