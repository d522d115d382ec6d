"""The life of an asset as the library's own history tells it: one event for each change."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recovery.database import Database
from recovery.photos_db.changes.change_authors import actor
from recovery.photos_db.changes.persistent_history import DELETE, INSERT, UPDATE, Change, Ledger, as_uuid
from recovery.provenance import Source


class ChangeKind(StrEnum):
    """What happened to an asset."""

    INSERTED = "inserted"
    UPDATED = "updated"
    TRASHED = "trashed"
    """Moved to Recently Deleted."""
    RESTORED = "restored"
    """Moved out of Recently Deleted, back to the library."""
    TRASH_CHANGED = "trash_changed"
    """Moved to or out of Recently Deleted; the history does not tell which."""
    DELETED = "deleted"
    """Permanently deleted."""
    UNKNOWN = "unknown"


_KINDS = {INSERT: ChangeKind.INSERTED, UPDATE: ChangeKind.UPDATED, DELETE: ChangeKind.DELETED}
# Both change together when an asset is moved to or out of Recently Deleted [M: real libraries from 10.15 on].
_TRASH_PROPERTIES = frozenset({"trashedDate", "trashedState"})


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One change of one asset; `at` is UTC, `changed` None means an unknown change (or no update).

    `changed` may be empty: then only relationships to many, or values that are not stored, were touched.
    `client` is a bundle id and `activity` a code of clients.ACTIVITIES; the other strings are raw.
    """

    asset_pk: int
    kind: ChangeKind
    at: datetime | None
    uuid: str | None
    client: str | None
    activity: str | None
    context: str | None
    author: str | None
    bundle: str | None
    process: str | None
    reason: str | None
    changed: tuple[str, ...] | None
    source: Source


def read_events(
    database: Database, *, uuids: Collection[str] | None = None, pks: Collection[int] | None = None
) -> Iterator[HistoryEvent]:
    """Every change of all assets, or of those with these uuids or numbers, in the order they were made.

    Reads the ledger twice: on the way back it learns the uuids of deleted assets and which moves went into
    Recently Deleted and which out of it. Yields nothing where there is no history (read_history has the gap).
    Raises UnreadableDatabaseError.
    """
    ledger = Ledger(database)
    trash, moves, names = TrashWalk(), dict[int, ChangeKind](), dict[int, str]()
    for row in ledger.rows(newest_first=True):
        if row["type"] == DELETE or moves_trash(ledger, row):
            change = ledger.change(row)
            if change.tombstone is None:
                moves[change.row] = trash.kind(change)
            else:
                trash.deleted(change.asset_pk, change.tombstone.was_trashed)
                if change.tombstone.uuid:
                    names[change.asset_pk] = change.tombstone.uuid
    chosen = None if uuids is None and pks is None else _chosen(ledger, uuids or (), pks or (), names)
    for row in ledger.rows(pks=chosen):
        change = ledger.change(row)
        yield event_of(change, moves.get(change.row), names.get(change.asset_pk))


class TrashWalk:
    """Walks back in time from each asset's final state: every move flips it."""

    def __init__(self) -> None:
        self._state: dict[int, bool | None] = {}

    def deleted(self, asset_pk: int, was_trashed: bool | None) -> None:
        self._state[asset_pk] = was_trashed

    def kind(self, change: Change) -> ChangeKind:
        state = self._state.get(change.asset_pk, change.live_trashed)
        self._state[change.asset_pk] = None if state is None else not state
        if state is None:
            return ChangeKind.TRASH_CHANGED
        return ChangeKind.TRASHED if state else ChangeKind.RESTORED


def event_of(change: Change, move: ChangeKind | None, deleted_uuid: str | None) -> HistoryEvent:
    who = actor(change.context, change.author)
    kind = ChangeKind.UNKNOWN if change.type is None else _KINDS.get(change.type, ChangeKind.UNKNOWN)
    return HistoryEvent(
        asset_pk=change.asset_pk,
        kind=move or kind,
        at=change.at,
        uuid=deleted_uuid or change.live_uuid,
        client=who.client,
        activity=who.activity,
        context=change.context,
        author=change.author,
        bundle=change.bundle,
        process=change.process,
        reason=change.tombstone.reason if change.tombstone else None,
        changed=change.changed,
        source=change.source,
    )


def moves_trash(ledger: Ledger, row: sqlite3.Row) -> bool:
    if row["type"] != UPDATE:
        return False
    changed = ledger.changed(row)
    return changed is not None and _TRASH_PROPERTIES.issubset(changed)


def _chosen(ledger: Ledger, uuids: Collection[str], pks: Collection[int], deleted: Mapping[int, str]) -> frozenset[int]:
    wanted = {uuid.upper() for uuid in uuids}
    known = itertools.chain(deleted.items(), live_assets(ledger)) if wanted else ()
    return frozenset(pks) | {pk for pk, uuid in known if uuid in wanted}


def live_assets(ledger: Ledger) -> Iterator[tuple[int, str | None]]:
    """Number and uuid of every row of the asset table, in the order of the numbers."""
    if ledger.asset_table is None:
        return
    uuid = "ZUUID" if "ZUUID" in ledger.database.columns(ledger.asset_table) else "NULL"
    for row in ledger.database.rows(f"SELECT Z_PK, {uuid} FROM {ledger.asset_table} ORDER BY Z_PK"):
        if isinstance(row[0], int):
            yield row[0], as_uuid(row[1])
