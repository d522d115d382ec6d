"""What the library's own history tells about assets, above all about permanently deleted ones.

Core Data keeps a ledger of inserts, updates and deletes that survives the compacted copy a backup makes
[M: 58 of 58 deletions in 45 macOS libraries]. It keeps uuid, times, reason and client, never filename or
creation date. No iOS sample has been seen: the tables are the same, the strings may differ.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from recovery import limits
from recovery.clock import from_cocoa
from recovery.database import Database
from recovery.errors import UnreadableDatabaseError, UnreadableError
from recovery.formats.property_list import load_dictionary, whole_number
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.changes.asset_changes import (
    ChangeKind,
    HistoryEvent,
    TrashWalk,
    event_of,
    live_assets,
    moves_trash,
    read_events,
)
from recovery.photos_db.changes.change_authors import names_facetime
from recovery.photos_db.changes.persistent_history import (
    CHANGES,
    DELETE,
    ENTITIES,
    INSERT,
    KEYS,
    TRANSACTIONS,
    Change,
    Ledger,
)
from recovery.provenance import Gap, Source, unreadable

__all__ = ["ChangeKind", "DeletionRecord", "History", "HistoryEvent", "Numbering", "read_events", "read_history"]


@dataclass(frozen=True, slots=True)
class DeletionRecord:
    """A permanently deleted asset, known from its tombstone; what the ledger does not tell is None. Times are UTC.

    `trashed_at` and `trashed_reason` are what the tombstone kept; `trash_change` is the newest event that moved
    the asset to or out of Recently Deleted. `deletion` and `insertion` carry times, clients and raw strings.
    """

    uuid: str | None
    asset_pk: int
    reason: str | None
    trashed_at: datetime | None
    trashed_reason: int | None
    deletion: HistoryEvent
    insertion: HistoryEvent | None = None
    trash_change: HistoryEvent | None = None

    @property
    def deleted_at(self) -> datetime | None:
        """When it was permanently deleted."""
        return self.deletion.at

    @property
    def client(self) -> str | None:
        """Bundle id of the program that deleted it."""
        return self.deletion.client

    @property
    def inserted_at(self) -> datetime | None:
        """When it was added to the library."""
        return self.insertion.at if self.insertion else None

    @property
    def inserted_by(self) -> str | None:
        """Bundle id of the program that added it."""
        return self.insertion.client if self.insertion else None

    @property
    def names_facetime(self) -> bool:
        """The inserting transaction names a program of FaceTime (tier: untested, no real sample)."""
        event = self.insertion
        return event is not None and names_facetime(event.context, event.author, event.bundle, event.process)

    @property
    def source(self) -> Source:
        """The row of its tombstone."""
        return self.deletion.source


@dataclass(frozen=True, slots=True)
class Numbering:
    """Asset numbers (Z_PK) from 1 to `highest` without a row: how many tombstones explain, and the other runs."""

    highest: int | None = None
    explained: int = 0
    unexplained: tuple[range, ...] = ()

    @property
    def unexplained_count(self) -> int:
        """How many numbers the history does not explain."""
        return sum(run.stop - run.start for run in self.unexplained)


@dataclass(frozen=True, slots=True)
class History:
    """The ledger of one library, read once.

    `deleted` is in the order of deletion. `trashed` has, by Z_PK, the change that moved each of the assets there to
    Recently Deleted. `trimmed` is True when the oldest entries are gone, None when that
    cannot be told; `first_at` and `last_at` span the transactions that are left. `missing_changes` counts
    numbers absent between the first and the last change of any entity: a migration that drops an entity drops
    its changes too [M], so a few are normal.
    """

    deleted: tuple[DeletionRecord, ...] = ()
    trashed: Mapping[int, HistoryEvent] = field(default_factory=dict)
    trimmed: bool | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    change_count: int = 0
    missing_changes: int = 0
    numbering: Numbering = Numbering()
    model_version: int | None = None
    gaps: tuple[Gap, ...] = ()


def read_history(database: Database) -> History:
    """Read the ledger once, newest change first, keeping only what concerns deleted assets.

    Never raises for a damaged database: what was read until then is returned with a gap.
    """
    found = _Found()
    history, gaps = History(model_version=_model_version(database)), list[Gap]()
    try:
        ledger = Ledger(database)
        gaps = ledger.gaps
        if ledger.usable:
            history = _measure(ledger, history)
            _collect(ledger, found)
            history = replace(history, numbering=_number(ledger, found))
            history = replace(history, trashed=_trashed(ledger))
    except UnreadableDatabaseError as error:
        gaps.append(
            unreadable(GapSubject.PERSISTENT_HISTORY, database.store, error, "further permanently deleted assets")
        )
    return replace(history, deleted=found.deleted_assets(), gaps=tuple(gaps))


class _Found:
    """Deleted assets by number, and which of them live after all."""

    def __init__(self) -> None:
        self.by_pk: dict[int, DeletionRecord] = {}
        self.live_pks: set[int] = set()
        self.live_uuids: set[str] = set()

    def deleted_assets(self) -> tuple[DeletionRecord, ...]:
        """Those without a live row, one for each uuid (its last deletion), oldest deletion first."""
        newest: dict[object, DeletionRecord] = {}
        for pk, asset in self.by_pk.items():
            if pk not in self.live_pks and asset.uuid not in self.live_uuids:
                newest.setdefault(asset.uuid or pk, asset)
        return tuple(sorted(newest.values(), key=lambda asset: asset.deletion.source.row or 0))


def _collect(ledger: Ledger, found: _Found) -> None:
    trash = TrashWalk()
    # What concerns deleted assets is little: SQLite need not give, and join, all the rest.
    for row in ledger.rows(newest_first=True, pks=ledger.deleted()):
        pk, kind = row["asset"], row["type"]
        asset = found.by_pk.get(pk)
        if asset is None:
            if kind != DELETE:
                continue
            if len(found.by_pk) >= limits.HISTORY_DELETED:
                ledger.lacks(GapReason.DELETIONS_LIMITED, "older permanently deleted assets", fault=True)
                return
            asset = _deleted(ledger.change(row))
            trash.deleted(pk, ledger.tombstone(row).was_trashed)
        elif kind == INSERT and asset.insertion is None:
            asset = replace(asset, insertion=event_of(ledger.change(row), None, asset.uuid))
        elif asset.trash_change is None and moves_trash(ledger, row):
            change = ledger.change(row)
            asset = replace(asset, trash_change=event_of(change, trash.kind(change), asset.uuid))
        found.by_pk[pk] = asset


def _trashed(ledger: Ledger) -> Mapping[int, HistoryEvent]:
    """The newest move of each asset that is in Recently Deleted: it brought it there."""
    found: dict[int, HistoryEvent] = {}
    pks = ledger.in_recently_deleted()
    for row in ledger.rows(newest_first=True, pks=pks) if pks else ():
        if row["asset"] not in found and moves_trash(ledger, row):
            change = ledger.change(row)
            found[change.asset_pk] = event_of(change, ChangeKind.TRASHED, None)
    return found


def _deleted(change: Change) -> DeletionRecord:
    kept = change.tombstone
    return DeletionRecord(
        uuid=kept.uuid if kept else None,
        asset_pk=change.asset_pk,
        reason=kept.reason if kept else None,
        trashed_at=kept.trashed_at if kept else None,
        trashed_reason=kept.trashed_reason if kept else None,
        deletion=event_of(change, None, kept.uuid if kept else None),
    )


def _number(ledger: Ledger, found: _Found) -> Numbering:
    """Walk the live rows once: note deleted assets that live after all, and the numbers nothing explains."""
    if ledger.asset_table is None:
        ledger.lacks(GapReason.NO_ASSET_TABLE, "gaps in the numbering of assets", fault=True)
        return Numbering()
    uuids = {asset.uuid for asset in found.by_pk.values() if asset.uuid}

    def present() -> Iterator[int]:
        for pk, uuid in live_assets(ledger):
            if pk in found.by_pk:
                found.live_pks.add(pk)
            if uuid in uuids:
                found.live_uuids.add(uuid)
            yield pk

    highest = _highest(ledger)
    runs, previous = list[range](), 0
    for number in heapq.merge(present(), sorted(found.by_pk)):
        if number > previous + 1:
            runs.append(range(previous + 1, number))
        previous = max(previous, number)
    if highest is not None and highest > previous:
        runs.append(range(previous + 1, highest + 1))
    if len(runs) > limits.NUMBERING_RUNS:
        ledger.lacks(
            GapReason.RUNS_LIMITED,
            "gaps in the numbering of assets",
            fault=True,
            values=(limits.NUMBERING_RUNS, len(runs)),
        )
    explained = sum(1 for pk in found.by_pk if pk > 0 and pk not in found.live_pks)
    return Numbering(max(highest or 0, previous), explained, tuple(runs[: limits.NUMBERING_RUNS]))


def _highest(ledger: Ledger) -> int | None:
    if "Z_MAX" not in ledger.database.columns(KEYS):
        ledger.lacks(GapReason.NO_SUCH_THING, "deletion of the newest assets", fault=True, values=(f"{KEYS}.Z_MAX",))
        return None
    sql = f"SELECT max(Z_MAX) FROM {KEYS} WHERE Z_NAME IN (?, ?) AND typeof(Z_MAX) = 'integer'"
    return next((row[0] for row in ledger.database.rows(sql, ENTITIES)), None)


def _measure(ledger: Ledger, history: History) -> History:
    database = ledger.database
    first, last, count = next(database.rows(f"SELECT min(Z_PK), max(Z_PK), count(*) FROM {CHANGES}"))
    history = replace(history, change_count=count)
    if isinstance(first, int) and isinstance(last, int):
        history = replace(history, trimmed=first > 1, missing_changes=max(0, last - first + 1 - count))
    if not {"Z_PK", "ZTIMESTAMP"} <= set(database.columns(TRANSACTIONS)):
        ledger.lacks(
            GapReason.NO_TABLE_WITH_COLUMNS,
            "times and clients",
            fault=True,
            values=(TRANSACTIONS, "ZTIMESTAMP"),
        )
        return history
    sql = f"SELECT min(Z_PK), min(ZTIMESTAMP), max(ZTIMESTAMP) FROM {TRANSACTIONS}"
    number, begin, end = next(database.rows(sql))
    trimmed = history.trimmed or (isinstance(number, int) and number > 1) if history.trimmed is not None else None
    return replace(history, trimmed=trimmed, first_at=from_cocoa(begin), last_at=from_cocoa(end))


def _model_version(database: Database) -> int | None:
    """PLModelVersion, for display only."""
    if "Z_PLIST" not in database.columns("Z_METADATA"):
        return None
    try:
        row = next(database.rows("SELECT Z_PLIST FROM Z_METADATA LIMIT 1"), None)
        data = row[0] if row is not None else None
        version = load_dictionary(data).get("PLModelVersion") if isinstance(data, bytes) else None
    except UnreadableError:
        return None
    return whole_number(version)
