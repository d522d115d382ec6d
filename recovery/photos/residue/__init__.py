"""Deleted rows left in the unused bytes of a database: asks whether there can be any, then finds them."""

from recovery.photos.residue.assets import DeletedRow, carve_assets
from recovery.photos.residue.candidates import Live
from recovery.photos.residue.carve import CarvedRow, Target, carve_table, carve_tables, live_rows, log_of
from recovery.photos.residue.regions import Origin
from recovery.photos.residue.serials import Column, Kind, Shape, columns_of
from recovery.photos.residue.state import CopyState, inspect_copy

__all__ = [
    "CarvedRow",
    "Column",
    "CopyState",
    "DeletedRow",
    "Kind",
    "Live",
    "Origin",
    "Shape",
    "Target",
    "carve_assets",
    "carve_table",
    "carve_tables",
    "columns_of",
    "inspect_copy",
    "live_rows",
    "log_of",
]
