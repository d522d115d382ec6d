"""Finds the deleted photos of a library: rows of ZASSET (before iOS 14 ZGENERICASSET) with their attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from recovery.clock import from_cocoa
from recovery.database import Database, quoted
from recovery.errors import UnreadableDatabaseError
from recovery.formats.sqlite.carving import CarvedRow, Target, carve_tables, live_rows, log_of
from recovery.formats.sqlite.copy_state import inspect_copy
from recovery.formats.sqlite.record_format import RecordColumn, RecordTemplate, columns_of
from recovery.formats.sqlite.regions import Origin
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.field_query import table_of
from recovery.photos_db.library_fields import TableRole
from recovery.provenance import Gap, Reading, Source

ATTRIBUTES_TABLE = "ZADDITIONALASSETATTRIBUTES"
# Newest name first; the older one ended with iOS 14 [photos-columns-by-version].
_IMPORTER_COLUMNS = ("ZIMPORTEDBYBUNDLEIDENTIFIER", "ZCREATORBUNDLEID")
_UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_HIDES = ("names and dates of permanently deleted photos",)


@dataclass(frozen=True, slots=True)
class DeletedRow:
    """A photo whose row is gone from the library; None is unknown or NULL, times are UTC, sizes pixels.

    `pk` is the old Z_PK. `trashed` is the last state the row had: true for photos that went through "Recently
    Deleted". `original_filename`, `importer` and `imported_by` come from the attributes row, if that is left.
    Without a uuid only `pk` ties the row to the library's history. `complete` is about the asset row.
    """

    uuid: str | None
    pk: int | None
    directory: str | None = None
    filename: str | None = None
    created: datetime | None = None
    added: datetime | None = None
    trashed: bool | None = None
    trashed_at: datetime | None = None
    favorite: bool | None = None
    hidden: bool | None = None
    kind: int | None = None
    kind_subtype: int | None = None
    width: int | None = None
    height: int | None = None
    original_filename: str | None = None
    importer: str | None = None
    imported_by: int | None = None
    complete: bool = False
    origin: Origin | None = None
    sources: tuple[Source, ...] = ()


def carve_assets(path: Path, database: Database, numbers: Mapping[str, int] | None = None) -> Reading[DeletedRow]:
    """The deleted photos whose rows are left in a Photos.sqlite, each once, by Z_PK where that is known.

    `path` is the file as it was acquired, with its `-wal` beside it: it is only read. `database` is an open copy,
    which says what the tables look like and which rows live (it may be that same file while it is open: the log is
    emptied when the last connection closes). `numbers` gives Z_PK by uuid where the library's history knows it: a
    deleted row often loses its own. A compacted copy is not searched, and a gap says why.
    """
    table = table_of(database, TableRole.ASSET)
    if table is None:
        return _nothing(path, GapReason.NO_TABLE_OF_ASSETS, fault=False)
    try:
        state = inspect_copy(path)
        if state.compacted:
            return _nothing(path, GapReason.UNREADABLE, state.explanation, fault=False)
        targets = _targets(database, asset_shape(database, table), attributes_shape(database))
    except UnreadableDatabaseError as error:
        return _nothing(path, GapReason.ROWS_NOT_SEPARABLE, str(error), fault=True)
    readings = carve_tables(path, targets, log_of(path))
    gaps = tuple(gap for reading in readings for gap in reading.gaps)
    assets, *attributes = readings
    return Reading(_joined(assets.records, attributes[0].records if attributes else (), numbers or {}), gaps)


def _nothing(path: Path, why: GapReason, *values: str, fault: bool) -> Reading[DeletedRow]:
    return Reading(gaps=(Gap(GapSubject.DELETED_ROWS, path.name, why, _HIDES, fault, values=values),))


def _targets(database: Database, assets: RecordTemplate, attributes: RecordTemplate) -> list[Target]:
    """The tables to look for: the assets, and the attributes where there are any."""
    shapes = [assets, *([attributes] if attributes.key in attributes.names else [])]
    return [Target(shape, live_rows(database, shape, rowids_reused=False)) for shape in shapes]


def asset_shape(database: Database, table: str) -> RecordTemplate:
    """What a row of the asset table looks like: its uuid is its key, Z_OPT grows with every change."""
    shape = RecordTemplate(table, _with_entity(database, table), "ZUUID", "Z_OPT", (("ZUUID", _UUID),))
    return replace(shape, least=shape.names.index("ZUUID") + 1) if "ZUUID" in shape.names else shape


def attributes_shape(database: Database) -> RecordTemplate:
    """What a row of the attributes table looks like: one per asset, so the asset's Z_PK is its key."""
    return RecordTemplate(ATTRIBUTES_TABLE, _with_entity(database, ATTRIBUTES_TABLE), "ZASSET", "Z_OPT")


def _with_entity(database: Database, table: str) -> tuple[RecordColumn, ...]:
    """The columns with what Core Data adds: Z_ENT and Z_OPT are never NULL, and one entity has one serial type."""
    columns = tuple(
        replace(column, required=True) if column.name in ("Z_ENT", "Z_OPT") else column
        for column in columns_of(database, table)
    )
    serials = {_serial_of(number) for number in _entities(database, table, columns)}
    if len(serials) != 1:
        return columns
    exact = serials.pop()
    return tuple(replace(column, exact=exact) if column.name == "Z_ENT" else column for column in columns)


def _entities(database: Database, table: str, columns: tuple[RecordColumn, ...]) -> set[int]:
    if all(column.name != "Z_ENT" for column in columns):
        return set()
    rows = database.rows(f"SELECT DISTINCT Z_ENT AS number FROM {quoted(table)} LIMIT 100")
    return {row["number"] for row in rows if isinstance(row["number"], int)}


def _serial_of(number: int) -> int:
    """The serial type of a small positive number; 0 and 1 have their own."""
    if number in (0, 1):
        return 8 + number
    return 1 if -0x80 <= number < 0x80 else 2


def _joined(
    assets: Sequence[CarvedRow], attributes: Sequence[CarvedRow], numbers: Mapping[str, int]
) -> tuple[DeletedRow, ...]:
    by_asset = {row.get("ZASSET"): row for row in attributes if row.get("ZASSET") is not None}
    by_number: dict[int | None, CarvedRow] = {row.rowid: row for row in attributes if row.rowid is not None}
    found: list[DeletedRow] = []
    used: set[object] = set()
    # Whole rows first: they lay claim to their Z_PK before a partial copy of the same row can.
    for row in sorted(assets, key=lambda row: not row.complete):
        pk = row.rowid if row.rowid is not None else numbers.get(_text(row.get("ZUUID")) or "")
        more = by_asset.get(pk) if pk is not None else None
        more = more or by_number.get(_number(row.get("ZADDITIONALATTRIBUTES")))
        deleted = _deleted(row, pk, more)
        if deleted.pk is None or deleted.pk not in used:
            found.append(deleted)
            used.add(deleted.pk)
    for asset, more in by_asset.items():
        if asset not in used:
            found.append(_described(DeletedRow(None, _number(asset)), more))
    return tuple(sorted(found, key=lambda row: (row.pk is None, row.pk or 0, row.uuid or "")))


def _deleted(row: CarvedRow, pk: int | None, more: CarvedRow | None) -> DeletedRow:
    pk = pk if pk is not None or more is None else _number(more.get("ZASSET"))
    deleted = DeletedRow(
        uuid=_text(row.get("ZUUID")),
        pk=pk,
        directory=_text(row.get("ZDIRECTORY")),
        filename=_text(row.get("ZFILENAME")),
        created=from_cocoa(row.get("ZDATECREATED")),
        added=from_cocoa(row.get("ZADDEDDATE")),
        trashed=_flag(row.get("ZTRASHEDSTATE")),
        trashed_at=from_cocoa(row.get("ZTRASHEDDATE")),
        favorite=_flag(row.get("ZFAVORITE")),
        hidden=_flag(row.get("ZHIDDEN")),
        kind=_number(row.get("ZKIND")),
        kind_subtype=_number(row.get("ZKINDSUBTYPE")),
        width=_number(row.get("ZWIDTH")),
        height=_number(row.get("ZHEIGHT")),
        complete=row.complete,
        origin=row.origin,
        sources=(row.source,),
    )
    return deleted if more is None else _described(deleted, more)


def _described(deleted: DeletedRow, more: CarvedRow) -> DeletedRow:
    importer = next((text for name in _IMPORTER_COLUMNS if (text := _text(more.get(name)))), None)
    return replace(
        deleted,
        original_filename=_text(more.get("ZORIGINALFILENAME")),
        importer=importer,
        imported_by=_number(more.get("ZIMPORTEDBY")),
        origin=deleted.origin or more.origin,
        sources=(*deleted.sources, more.source),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _flag(value: object) -> bool | None:
    return bool(value) if isinstance(value, int) else None
