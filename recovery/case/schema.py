"""The tables of the working database: what a backup says, copied there row by row."""

from __future__ import annotations

from recovery.photos_db.library_fields import ASSET_FIELDS, RESOURCE_FIELDS

ASSET_COLUMNS = tuple(fact.name for fact in ASSET_FIELDS)
RESOURCE_COLUMNS = tuple(fact.name for fact in RESOURCE_FIELDS)
FILE_COLUMNS = (
    "part", "sort", "folder", "stem", "ending", "identifier", "role", "speaks",
    "domain", "path", "file_id", "listed_size", "birth", "wrapped_key", "problem", "in_snapshot",
    "state", "size", "note", "blank", "directory", "name", "stem_only", "format_id", "by_bytes", "attributes", "facts",
)  # fmt: skip

TABLES = f"""
-- Rows of the photo library, cells as stored (times in seconds since 2001); folder, stem and ending are those of
-- the file name, letter case aside. `speaks`: something in the row can speak for FaceTime.
CREATE TABLE asset (pk INTEGER PRIMARY KEY, {", ".join(ASSET_COLUMNS[1:])},
  folder TEXT, stem TEXT, ending TEXT, identifier TEXT, live INTEGER, speaks INTEGER);
-- A declared type: SQLite uses an index for `asset_pk = asset.pk` only where both sides have the same affinity.
CREATE TABLE resource (number INTEGER PRIMARY KEY, asset_pk INTEGER, {", ".join(RESOURCE_COLUMNS[1:])});
CREATE TABLE word (pk INTEGER, kind TEXT, word TEXT, PRIMARY KEY (pk, kind, word)) WITHOUT ROWID;
-- Media files of the camera roll in the order of their paths. `owner` is the row of the library a file belongs to,
-- `place` the group it belongs to without one, `turn` the step that said so: together the order within an asset.
CREATE TABLE file (id INTEGER PRIMARY KEY, {", ".join(FILE_COLUMNS)},
  owner INTEGER, place INTEGER, turn INTEGER NOT NULL DEFAULT 0, joined TEXT, matched INTEGER);
-- The first file of each group without a row.
CREATE TABLE lead (place INTEGER PRIMARY KEY, folder TEXT, stem TEXT);
CREATE INDEX lead_stem ON lead (folder, stem, place);
-- Stills and movies that may be halves of one Live Photo; `own` tells a row of the library from a file.
CREATE TABLE half (movie INTEGER, own INTEGER, key INTEGER, identifier TEXT, folder TEXT, stem TEXT);
CREATE TABLE pair (movie INTEGER PRIMARY KEY, own INTEGER, still INTEGER, joined TEXT, matched INTEGER);
CREATE INDEX pair_still ON pair (own, still);
"""

# An index is made faster when its rows are there.
LIBRARY_INDEXES = (
    "CREATE INDEX IF NOT EXISTS asset_name ON asset (folder, stem, ending, pk)",
    "CREATE INDEX IF NOT EXISTS asset_stem ON asset (folder, stem, live DESC, pk)",
    "CREATE INDEX IF NOT EXISTS resource_asset ON resource (asset_pk, number)",
)
FILE_INDEXES = (
    "CREATE INDEX IF NOT EXISTS file_owner ON file (owner, turn, id) WHERE owner IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS file_rest ON file (part, sort, id) WHERE owner IS NULL",
)
