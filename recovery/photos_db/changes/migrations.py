"""Read the history of the photo library itself: created, carried over to a new system, rebuilt, and when.

Two homes tell the same: the table ZMIGRATIONHISTORY of Photos.sqlite (since model 14000) and, for a library
whose database cannot be read, the journals PhotoData/Journals/MigrationHistory-*.plj.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO

from recovery import clock
from recovery.database import Database, flag_cell, text_cell, whole_cell
from recovery.errors import UnreadableArchiveError, UnreadableDatabaseError
from recovery.formats import property_list as archives
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.changes.journals import JournalRecord, Operation, walk
from recovery.provenance import Gap, Reading, Source, Tier, unreadable

HIDES = ("library_rebuilt", "ios_update")
WHAT = GapSubject.LIBRARY_MIGRATIONS
TABLE = "ZMIGRATIONHISTORY"
JOURNAL_DOMAIN = "CameraRollDomain"
JOURNALS = (
    "Media/PhotoData/Journals/MigrationHistory-snapshot.plj",
    "Media/PhotoData/Journals/MigrationHistory-change.plj",
)
"""In the order in which they are applied; both are in a real iOS 14.3 backup's manifest."""
TIER = Tier.DOCUMENTED
"""Columns and codes: iLEAPP; checked on seven real macOS libraries, whose journals and tables agree. A rebuild
reason other than NULL has been seen in no real sample."""


class MigrationKind(StrEnum):
    """What happened to the library (ZMIGRATIONTYPE)."""

    UPDATED = "updated"
    CREATED = "created"
    UNKNOWN = "unknown"


KINDS: Mapping[int, MigrationKind] = {2: MigrationKind.UPDATED, 3: MigrationKind.CREATED}
"""iLEAPP: 2 system update, 3 fresh start; in real libraries 3 is always the first and has no earlier model."""


@dataclass(frozen=True, slots=True)
class TableLocation:
    """Where one fact of a migration stands: its column in the table, its key in a journal's payload."""

    column: str
    key: str


INDEX = TableLocation("ZINDEX", "index")
AT = TableLocation("ZMIGRATIONDATE", "migrationDate")
KIND = TableLocation("ZMIGRATIONTYPE", "migrationType")
FROM_MODEL = TableLocation("ZSOURCEMODELVERSION", "sourceModelVersion")
TO_MODEL = TableLocation("ZMODELVERSION", "modelVersion")
OS_BUILD = TableLocation("ZOSVERSION", "osVersion")
REBUILD_REASON = TableLocation("ZFORCEREBUILDREASON", "forceRebuildReason")
STORE_UUID = TableLocation("ZSTOREUUID", "storeUUID")
HARDWARE = TableLocation("ZHARDWAREMODEL", "hardwareModel")
CLOUD = TableLocation("ZCPLENABLED", "cplEnabled")
VALUES = TableLocation("ZGLOBALKEYVALUES", "globalKeyValues")
HOMES = (INDEX, AT, KIND, FROM_MODEL, TO_MODEL, OS_BUILD, REBUILD_REASON, STORE_UUID, HARDWARE, CLOUD, VALUES)
REQUIRED = (AT, KIND)
_REBUILD_COMPLETED = "RebuildCompleteDate"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step in the library's life. Times in UTC, codes and model versions as stored.

    `rebuild_completed` is when the library was last filled from the files found on the device: for an untouched
    library that is when it was created, so only a time well after the creation says that it was rebuilt.
    `store_uuid` names the database: another one in a later step means another database.
    """

    index: int | None
    at: datetime | None
    kind: MigrationKind
    kind_code: int | None
    from_model: int | None
    to_model: int | None
    os_build: str | None
    rebuild_reason: int | None
    rebuild_completed: datetime | None
    store_uuid: str | None
    hardware_model: str | None
    icloud_photos: bool | None
    source: Source


def read_migrations(database: Database) -> Reading[Migration]:
    """Read the table of Photos.sqlite, first step first; a library before model 14000 has none, which is a gap."""
    present = {name.upper() for name in database.columns(TABLE)}
    missing = [home.column for home in REQUIRED if home.column not in present]
    if missing:
        why = GapReason.MIGRATIONS_WITHOUT_COLUMN if present else GapReason.MIGRATIONS_WITHOUT_TABLE
        return Reading((), (Gap(WHAT, database.store, why, HIDES, values=(TABLE, ", ".join(missing))),))
    steps: list[Migration] = []
    gaps: list[Gap] = []
    try:
        for row in database.rows(database.select(TABLE, [home.column for home in HOMES])):
            source = Source(database.store, TABLE, whole_cell(row["rowid"]))
            steps.append(_migration(_cells(row), clock.from_cocoa(row[AT.column]), source, gaps))
    except UnreadableDatabaseError as error:
        gaps.append(unreadable(WHAT, database.store, error, *HIDES))
    return Reading(in_order(steps), tuple(gaps))


def read_migration_journals(files: Iterable[tuple[str, BinaryIO]]) -> Reading[Migration]:
    """Read the journals, given as (path, content) in the order of JOURNALS: later records go over earlier ones.

    Damage keeps what was read before it and is a gap.
    """
    steps: dict[bytes, tuple[Source, dict[str, object]]] = {}
    gaps: list[Gap] = []
    for store, stream in files:
        try:
            for record in walk(stream):
                _apply(record, store, steps, gaps)
        except UnreadableArchiveError as error:
            gaps.append(unreadable(WHAT, store, error, *HIDES))
    found = [_journal_step(key, source, values, gaps) for key, (source, values) in steps.items()]
    return Reading(in_order(found), tuple(gaps))


def _apply(
    record: JournalRecord, store: str, steps: dict[bytes, tuple[Source, dict[str, object]]], gaps: list[Gap]
) -> None:
    """Let one record take effect: an update carries only what has changed, sometimes nothing."""
    if record.operation is Operation.DELETED:
        steps.pop(record.key, None)
        return
    try:
        values = record.values() if record.payload else {}
    except UnreadableArchiveError as error:
        gaps.append(unreadable(WHAT, store, error, *HIDES))
        return
    _, before = steps.get(record.key, (None, {})) if record.operation is Operation.UPDATED else (None, {})
    steps[record.key] = Source(store, "record", record.number), {**before, **values}


def _journal_step(key: bytes, source: Source, values: Mapping[str, object], gaps: list[Gap]) -> Migration:
    known = {**values, INDEX.key: _index(key)}
    return _migration(lambda home: known.get(home.key), clock.from_plist(values.get(AT.key)), source, gaps)


def _index(key: bytes) -> int | None:
    """A record's key is the step's index as text."""
    return int(key) if key.isdigit() and len(key) < 10 else None


def in_order(steps: Iterable[Migration]) -> tuple[Migration, ...]:
    """The steps by their index, as the library counts them."""
    return tuple(sorted(steps, key=lambda step: (step.index if step.index is not None else -1, step.source.row or 0)))


def _cells(row: sqlite3.Row) -> Callable[[TableLocation], object]:
    return lambda home: row[home.column]


def _migration(
    cell: Callable[[TableLocation], object], at: datetime | None, source: Source, gaps: list[Gap]
) -> Migration:
    if at is None:
        why = GapReason.MIGRATION_UNDATED
        gaps.append(Gap(WHAT, source.store, why, HIDES, fault=True, part=AT.key, values=(str(source),)))
    code = whole_cell(cell(KIND))
    return Migration(
        index=whole_cell(cell(INDEX)),
        at=at,
        kind=KINDS.get(code, MigrationKind.UNKNOWN) if code is not None else MigrationKind.UNKNOWN,
        kind_code=code,
        from_model=whole_cell(cell(FROM_MODEL)),
        to_model=whole_cell(cell(TO_MODEL)),
        os_build=text_cell(cell(OS_BUILD)),
        rebuild_reason=whole_cell(cell(REBUILD_REASON)),
        rebuild_completed=_rebuild_completed(cell(VALUES), source, gaps),
        store_uuid=text_cell(cell(STORE_UUID)),
        hardware_model=text_cell(cell(HARDWARE)),
        icloud_photos=flag_cell(cell(CLOUD)),
        source=source,
    )


def _rebuild_completed(stored: object, source: Source, gaps: list[Gap]) -> datetime | None:
    """The end of the last rebuild out of the archived key values; None when nothing is stored about it."""
    if not isinstance(stored, bytes):
        return None
    try:
        values = archives.unarchive(stored, what="library's key values")
    except UnreadableArchiveError as error:
        gaps.append(unreadable(WHAT, source.store, error, "library_rebuilt", part=VALUES.key))
        return None
    return clock.from_cocoa(values.get(_REBUILD_COMPLETED)) if isinstance(values, dict) else None
