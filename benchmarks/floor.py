"""The floor of a scan: every row of both databases through plain sqlite3, and a walk through the folder."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from recovery.database import Database
from recovery.photos_db.field_query import resolve
from recovery.photos_db.library_fields import ASSET_FIELDS, ASSET_JOINS, RESOURCE_FIELDS, TableRole


def floor(folder: Path, manifest: Path, library: Path) -> int:
    """Read what any scan of the whole library must have read at least; how many rows and names that was.

    `manifest` and `library` are plaintext copies of the two databases.
    """
    return _rows(manifest, "SELECT * FROM Files") + _library(library) + _walk(folder)


def _rows(path: Path, sql: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return sum(1 for _ in connection.execute(sql))


def _library(path: Path) -> int:
    with Database(path, "Photos.sqlite") as database:
        assets = resolve(database, ASSET_FIELDS, TableRole.ASSET, ASSET_JOINS)
        resources = resolve(database, RESOURCE_FIELDS, TableRole.RESOURCE)
    statements = [found.sql for found in (assets, resources) if found is not None]
    return sum(_rows(path, sql) for sql in (*statements, "SELECT * FROM ACHANGE"))


def _walk(folder: Path) -> int:
    """Names and sizes of all blobs."""
    count = 0
    for place in os.scandir(folder):
        if place.is_dir():
            with os.scandir(place) as blobs:
                count += sum(blob.stat().st_size >= 0 for blob in blobs)
    return count
