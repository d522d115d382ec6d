"""Findings as a database for SQL, sqlite-utils and Datasette (docs/sqlite.md, table by table)."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from recovery.analysis.model import Asset, AssetFile, FaceTimeMessage, Findings, sources_of
from recovery.clock import to_text
from recovery.database import folder_trouble
from recovery.progress import SILENT, Progress, counted
from recovery.provenance import Source
from recovery.records import encode, valid_unicode
from recovery.report.inventory import SCHEMA, THIS_TOOL, asset_entry, gap_entry, message_entry
from recovery.report.messages.causes import told
from recovery.report.messages.sentences import paragraph
from recovery.workspace import create

_PLAIN = (
    "uuid", "basis", "kind", "status", "status_reason", "directory", "filename", "original_filename", "created",
    "added", "timezone", "timezone_offset", "width", "height", "latitude", "longitude", "favorite", "hidden",
    "trashed", "trashed_at", "trashed_until_estimate", "title", "caption", "importer", "cloud_identifier", "row",
    "library",
)  # fmt: skip
_FILES = ("role", "domain", "path", "file_id", "size", "state", "note", "sha256", "extracted_to")

_MESSAGES = ("uuid", "basis", "kind", "sender", "recipient", "created", "deleted", "deleted_at")

TABLES = f"""
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE assets (id INTEGER PRIMARY KEY, {", ".join(_PLAIN)}, facetime TEXT, signals TEXT, deleted_at TEXT,
  deleted_reason TEXT, deleted_by TEXT, permanently_deleted INTEGER, keywords TEXT, albums TEXT, persons TEXT,
  subtype TEXT, notes TEXT, document TEXT);
CREATE TABLE files (asset INTEGER REFERENCES assets(id), {", ".join(_FILES)});
CREATE TABLE sources (asset INTEGER REFERENCES assets(id), field TEXT, store TEXT, place TEXT, row INTEGER);
CREATE TABLE orphans (code TEXT, domain TEXT, path TEXT, file_id TEXT, size INTEGER, guess TEXT, source TEXT);
CREATE TABLE facetime_messages ({", ".join(_MESSAGES)}, document TEXT);
CREATE TABLE causes (code TEXT PRIMARY KEY, verdict TEXT, says TEXT, does_not_say TEXT, advice TEXT);
CREATE TABLE gaps (what TEXT, place TEXT, why TEXT, hides TEXT, fault INTEGER);
"""
_AFTERWARDS = """
CREATE INDEX assets_created ON assets (created);
CREATE INDEX assets_uuid ON assets (uuid);
CREATE INDEX files_asset ON files (asset);
CREATE INDEX sources_asset ON sources (asset);
CREATE VIEW facetime_photos AS SELECT * FROM assets WHERE facetime <> 'no';
CREATE VIEW recently_deleted AS SELECT * FROM assets WHERE trashed;
CREATE VIEW deleted AS SELECT * FROM assets WHERE permanently_deleted;
CREATE VIEW timeline AS
  SELECT created AS at, 'taken' AS event, id AS asset, uuid, filename FROM assets WHERE created IS NOT NULL
  UNION ALL SELECT added, 'added', id, uuid, filename FROM assets WHERE added IS NOT NULL
  UNION ALL SELECT trashed_at, 'trashed', id, uuid, filename FROM assets WHERE trashed_at IS NOT NULL
  UNION ALL SELECT deleted_at, 'deleted', id, uuid, filename FROM assets WHERE deleted_at IS NOT NULL
  ORDER BY 1;
"""


def write_database(findings: Findings, draft: Path, stream: BinaryIO, progress: Progress = SILENT) -> None:
    """Make the database in a new file of the private folder and write its bytes; raises TemporaryFolderError."""
    create(draft).close()
    try:
        _make(findings, draft, progress)
        with draft.open("rb") as made:
            shutil.copyfileobj(made, stream)
    except sqlite3.Error as error:
        raise folder_trouble(draft, error) or error from error
    finally:
        draft.unlink(missing_ok=True)


def _make(findings: Findings, path: Path, progress: Progress) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(f"PRAGMA journal_mode = OFF; {TABLES}")
        connection.execute("BEGIN")
        _insert(connection, "about", _about(findings))
        assets = counted(findings.assets, progress, "Writing the answer", len(findings.assets), " photos")
        for number, asset in enumerate(assets, 1):
            _insert(connection, "assets", [_asset(number, asset)])
            _insert(connection, "files", ((number, *_file(item)) for item in asset.files))
            sources = sources_of(asset, findings.field_sources).items()
            _insert(connection, "sources", ((number, field, *_source(source)) for field, source in sources))
        _insert(
            connection,
            "orphans",
            (
                (end.code, end.domain, end.path, end.file_id, end.size, end.guess, str(end.source))
                for end in findings.loose_ends
            ),
        )
        _insert(connection, "facetime_messages", map(_message, findings.facetime_messages))
        causes = map(told, findings.causes)
        _insert(connection, "causes", ((c.code, c.verdict, c.says, c.does_not_say, c.advice) for c in causes))
        gaps = map(gap_entry, findings.gaps)
        _insert(connection, "gaps", ((g.what, g.where, g.why, _joined(g.hides), g.fault) for g in gaps))
        connection.execute("COMMIT")
        connection.executescript(_AFTERWARDS)


def _about(findings: Findings) -> Iterator[tuple[object, ...]]:
    yield "schema", SCHEMA
    yield "tool", f"{THIS_TOOL.name} {THIS_TOOL.version}"
    yield "summary", paragraph(findings.summary)
    yield "search", findings.search
    yield "backup", encode(findings.backup).decode()
    yield "totals", encode(findings.totals).decode()


def _asset(number: int, asset: Asset) -> tuple[object, ...]:
    entry, gone, facetime = asset_entry(asset), asset.deleted, asset.facetime
    # Queries sort and filter by these columns; what is stored for a placeholder stands in the document.
    real = entry.changed(created=asset.real_created, added=asset.real_added, trashed_at=asset.real_trashed_at)
    return (
        number,
        *(getattr(real, name) for name in _PLAIN),
        facetime.verdict,
        _joined(dict.fromkeys(signal.code for signal in facetime.signals)),
        gone.at if gone else None,
        gone.reason if gone else None,
        gone.client if gone else None,
        gone is not None,
        _joined(asset.keywords),
        _joined(asset.albums),
        _joined(asset.persons),
        _joined(asset.subtype),
        _joined(entry.notes),
        encode(entry).decode(),
    )


def _file(item: AssetFile) -> tuple[object, ...]:
    return tuple(getattr(item, name) for name in _FILES)


def _message(message: FaceTimeMessage) -> tuple[object, ...]:
    real = message.changed(created=message.real_created)
    return *(getattr(real, name) for name in _MESSAGES), encode(message_entry(message)).decode()


def _source(source: Source) -> tuple[object, ...]:
    return source.store, source.place, source.row


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(texts)


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    for row in rows:
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", tuple(map(_cell, row)))


def _cell(value: object) -> object:
    """Times as in the inventory, and no text that UTF-8 cannot write."""
    if isinstance(value, str):
        return valid_unicode(str(value))
    return to_text(value) if hasattr(value, "isoformat") else value  # type: ignore[arg-type]
