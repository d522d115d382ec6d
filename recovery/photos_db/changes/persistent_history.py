"""The rows of Core Data's persistent history (`ACHANGE`) that are about assets, as stored.

Homes [M: 45 libraries, macOS 10.15 to 26]: ACHANGE.ZCHANGETYPE 0 insert, 1 update, 2 delete; ZENTITY is a
Z_PRIMARYKEY.Z_ENT, ZENTITYPK the Z_PK of the asset; ZTRANSACTIONID leads to ATRANSACTION, whose …TS columns
lead to ATRANSACTIONSTRING.ZNAME. The layout is asked from the database, never assumed.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from recovery import limits
from recovery.clock import from_cocoa
from recovery.database import Database, quoted
from recovery.errors import UnreadableDatabaseError
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.changes.model_cache import EntityModel, decode_changed, read_entity
from recovery.photos_db.codes import TrashedState
from recovery.photos_db.field_query import table_of
from recovery.photos_db.library_fields import TableRole
from recovery.provenance import Gap, Source

CHANGES, TRANSACTIONS, STRINGS, KEYS = "ACHANGE", "ATRANSACTION", "ATRANSACTIONSTRING", "Z_PRIMARYKEY"
INSERT, UPDATE, DELETE = 0, 1, 2

ENTITIES = ("Asset", "GenericAsset")
"""Newest name first; in the old layout GenericAsset is the parent and owns the table."""

TOMBSTONE_LAYOUTS: tuple[tuple[str, ...], ...] = (
    ("cloudAssetGUID", "cloudDeleteState", "deleteReason", "trashedDate", "trashedReason", "uuid"),
    ("cloudAssetGUID", "cloudDeleteState", "deleteReason", "uuid"),
    ("cloudAssetGUID", "cloudDeleteState", "uuid"),
)
"""What ZTOMBSTONE0… hold for an asset, newest model first [M]; used where the model cache does not fit the row."""

_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_NEEDED = ("Z_PK", "ZCHANGETYPE", "ZENTITY", "ZENTITYPK")
_HIDES = ("permanently deleted assets", "who added, trashed and deleted an asset, and when")
# SQLite takes at least this many parameters in one statement.
_PARAMETERS = 500


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What a delete kept of the asset; `was_trashed` is None where the model does not keep the trashed date."""

    uuid: str | None
    reason: str | None
    trashed_at: datetime | None
    trashed_reason: int | None
    was_trashed: bool | None


@dataclass(frozen=True, slots=True)
class Change:
    """One row of ACHANGE about an asset, with its transaction's time (UTC) and strings, None where not stored."""

    row: int
    type: int | None
    asset_pk: int
    at: datetime | None
    context: str | None
    author: str | None
    bundle: str | None
    process: str | None
    changed: tuple[str, ...] | None
    live_uuid: str | None
    live_trashed: bool | None
    tombstone: Tombstone | None
    source: Source


class Ledger:
    """The history of one library; `gaps` says what it cannot tell, `usable` whether it can be read at all."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.gaps: list[Gap] = []
        columns = database.columns
        table = table_of(database, TableRole.ASSET)
        self.asset_table = table if table and "Z_PK" in columns(table) else None
        absent = [name for name in _NEEDED if name not in columns(CHANGES)]
        if absent:
            self.lacks(GapReason.NO_TABLE_WITH_COLUMNS, *_HIDES, values=(CHANGES, ", ".join(absent)))
        self.entities = self._read_entities()
        self.usable = not absent and bool(self.entities)
        self.tombstones = _numbered_tombstones(columns(CHANGES))
        if self.usable and not self.tombstones:
            self.lacks(GapReason.NO_TOMBSTONES, "uuids of permanently deleted assets", values=(CHANGES,))
        self.model = self._read_model() if self.usable else None
        bits = self.model.changed_bits(columns(self.asset_table)) if self.model and self.asset_table else ()
        self._decode = lru_cache(maxsize=4096)(lambda bitmap: decode_changed(bits, bitmap))
        self._strings = self._read_strings() if self.usable else {}

    def lacks(self, why: GapReason, *hides: str, fault: bool = False, values: tuple[int | str, ...] = ()) -> None:
        """Note a gap of the history."""
        self.gaps.append(Gap(GapSubject.PERSISTENT_HISTORY, self.database.store, why, hides, fault, values=values))

    def _read_entities(self) -> tuple[int, ...]:
        if not {"Z_ENT", "Z_NAME"} <= set(self.database.columns(KEYS)):
            self.lacks(GapReason.NO_ENTITY_NUMBERS, *_HIDES, values=(KEYS,))
            return ()
        sql = f"SELECT Z_ENT FROM {KEYS} WHERE Z_NAME IN (?, ?) AND typeof(Z_ENT) = 'integer' LIMIT 100"
        entities = tuple(row[0] for row in self.database.rows(sql, ENTITIES))
        if not entities:
            self.lacks(GapReason.NO_ASSET_ENTITY, *_HIDES, values=(KEYS,))
        return entities

    def _read_model(self) -> EntityModel | None:
        model = read_entity(self.database, ENTITIES[0])
        if isinstance(model, Gap):
            self.gaps.append(model)
            return None
        return model

    def _read_strings(self) -> dict[int, str]:
        if not {"Z_PK", "ZNAME"} <= set(self.database.columns(STRINGS)):
            self.lacks(GapReason.NO_TABLE_WITH_COLUMNS, "who made a change", values=(STRINGS, "ZNAME"))
            return {}
        sql = f"SELECT Z_PK, substr(ZNAME, 1, ?) FROM {STRINGS} LIMIT ?"
        rows = self.database.rows(sql, (limits.HISTORY_TEXT, limits.HISTORY_STRINGS + 1))
        strings = {row[0]: row[1] for row in rows if isinstance(row[1], str)}
        if len(strings) > limits.HISTORY_STRINGS:
            self.lacks(GapReason.STRINGS_LIMITED, "who made some changes", fault=True, values=(STRINGS,))
        return strings

    def rows(self, *, newest_first: bool = False, pks: Collection[int] | None = None) -> Iterator[sqlite3.Row]:
        """Rows about assets in the order they were written, or backwards; `pks` keeps only these assets.

        Raises UnreadableDatabaseError, also in the middle of the rows.
        """
        if not self.usable:
            return
        few = sorted(pks) if pks is not None and len(pks) <= _PARAMETERS else None
        sql = self._select(newest_first, few)
        for row in self.database.rows(sql, (*self.entities, *(few or ()))):
            if isinstance(row["asset"], int) and (pks is None or row["asset"] in pks):
                yield row

    def deleted(self) -> frozenset[int] | None:
        """Numbers of the assets that a change deletes; None where they are too many or cannot be told."""
        where = f"ZENTITY IN ({_marks(self.entities)}) AND ZCHANGETYPE = ?"
        sql = f"SELECT ZENTITYPK FROM {CHANGES} WHERE {where} LIMIT ?"
        found: set[int] = set()
        try:
            rows = self.database.rows(sql, (*self.entities, DELETE, limits.HISTORY_DELETED + 1))
            for number, row in enumerate(rows, 1):
                if number > limits.HISTORY_DELETED:
                    return None
                if isinstance(row[0], int):
                    found.add(row[0])
        except UnreadableDatabaseError:  # the rows before the damage still tell of some
            return None
        return frozenset(found)

    def in_recently_deleted(self) -> frozenset[int]:
        """Numbers of the assets whose rows say that they are in Recently Deleted, as many as are looked for."""
        if self.asset_table is None or "ZTRASHEDSTATE" not in self.database.columns(self.asset_table):
            return frozenset()
        sql = f"SELECT Z_PK FROM {quoted(self.asset_table)} WHERE ZTRASHEDSTATE = ? LIMIT ?"
        rows = self.database.rows(sql, (TrashedState.RECENTLY_DELETED.value, limits.HISTORY_DELETED))
        return frozenset(row[0] for row in rows if isinstance(row[0], int))

    def _select(self, newest_first: bool, pks: Sequence[int] | None) -> str:
        columns = self.database.columns
        fields = ["c.Z_PK AS number", "c.ZCHANGETYPE AS type", "c.ZENTITYPK AS asset"]
        fields += [f"c.{quoted(name)}" for name in self.tombstones]
        fields.append("c.ZCOLUMNS AS bitmap" if "ZCOLUMNS" in columns(CHANGES) else "NULL AS bitmap")
        joins = ""
        timed = "ZTRANSACTIONID" in columns(CHANGES) and "Z_PK" in columns(TRANSACTIONS)
        for alias, name in _TRANSACTION_FIELDS:
            present = timed and name in columns(TRANSACTIONS)
            fields.append(f"t.{quoted(name)} AS {alias}" if present else f"NULL AS {alias}")
        if timed:
            joins += f" LEFT JOIN {TRANSACTIONS} t ON t.Z_PK = c.ZTRANSACTIONID"
        live = columns(self.asset_table) if self.asset_table else ()
        for alias, name in _ASSET_FIELDS:
            fields.append(f"a.{quoted(name)} AS {alias}" if name in live else f"NULL AS {alias}")
        if self.asset_table:
            joins += f" LEFT JOIN {self.asset_table} a ON a.Z_PK = c.ZENTITYPK"
        where = f"c.ZENTITY IN ({_marks(self.entities)})"
        if pks is not None:
            where += f" AND c.ZENTITYPK IN ({_marks(pks)})"
        order = "DESC" if newest_first else "ASC"
        return f"SELECT {', '.join(fields)} FROM {CHANGES} c{joins} WHERE {where} ORDER BY c.Z_PK {order}"

    def changed(self, row: sqlite3.Row) -> tuple[str, ...] | None:
        """Names of the changed properties of an update, None where they cannot be told."""
        bitmap = row["bitmap"]
        return self._decode(bitmap) if isinstance(bitmap, bytes) else None

    def change(self, row: sqlite3.Row) -> Change:
        """One row as a record."""
        kind, trashed = row["type"], row["live_trashed"]
        return Change(
            row=row["number"],
            type=kind if isinstance(kind, int) else None,
            asset_pk=row["asset"],
            at=from_cocoa(row["at"]),
            context=self._text(row["context"], row["plain_context"]),
            author=self._text(row["author"], row["plain_author"]),
            bundle=self._text(row["bundle"], row["plain_bundle"]),
            process=self._text(row["process"], row["plain_process"]),
            changed=self.changed(row) if kind == UPDATE else None,
            live_uuid=as_uuid(row["live_uuid"]),
            live_trashed=bool(trashed) if isinstance(trashed, int) else None,
            tombstone=self.tombstone(row) if kind == DELETE else None,
            source=Source(self.database.store, CHANGES, row["number"]),
        )

    def _text(self, reference: object, plain: object) -> str | None:
        if isinstance(reference, int) and reference in self._strings:
            return self._strings[reference]
        return plain[: limits.HISTORY_TEXT] if isinstance(plain, str) else None

    def tombstone(self, row: sqlite3.Row) -> Tombstone:
        """Name the kept values by the model cache or a documented layout; else only the last uuid among them."""
        values = [row[name] for name in self.tombstones]
        own = (self.model.tombstones,) if self.model else ()
        for layout in (*own, *TOMBSTONE_LAYOUTS):
            named = dict(zip(layout, values, strict=False))
            beyond = values[len(layout) :]
            if as_uuid(named.get("uuid")) and not any(value is not None for value in beyond):
                return _named_tombstone(named)
        found = [uuid for value in values if (uuid := as_uuid(value))]
        return Tombstone(found[-1] if found else None, None, None, None, None)


_TRANSACTION_FIELDS = (
    ("at", "ZTIMESTAMP"),
    ("context", "ZCONTEXTNAMETS"),
    ("author", "ZAUTHORTS"),
    ("bundle", "ZBUNDLEIDTS"),
    ("process", "ZPROCESSIDTS"),
    # The plain columns were NULL in every real library; they are read in case another writer fills them.
    ("plain_context", "ZCONTEXTNAME"),
    ("plain_author", "ZAUTHOR"),
    ("plain_bundle", "ZBUNDLEID"),
    ("plain_process", "ZPROCESSID"),
)
_ASSET_FIELDS = (("live_uuid", "ZUUID"), ("live_trashed", "ZTRASHEDSTATE"))


def as_uuid(value: object) -> str | None:
    """A text that is a uuid, in capitals as the library writes them; None for anything else."""
    return value.upper() if isinstance(value, str) and _UUID.fullmatch(value) else None


def _named_tombstone(named: dict[str, object]) -> Tombstone:
    reason, trashed = named.get("deleteReason"), named.get("trashedReason")
    trashed_at = from_cocoa(named.get("trashedDate"))
    return Tombstone(
        uuid=as_uuid(named.get("uuid")),
        reason=reason[: limits.HISTORY_TEXT] if isinstance(reason, str) else None,
        trashed_at=trashed_at,
        trashed_reason=trashed if isinstance(trashed, int) else None,
        was_trashed=trashed_at is not None if "trashedDate" in named else None,
    )


def _numbered_tombstones(columns: Sequence[str]) -> tuple[str, ...]:
    numbered = (name for name in columns if re.fullmatch(r"ZTOMBSTONE\d{1,4}", name))
    return tuple(sorted(numbered, key=lambda name: int(name.removeprefix("ZTOMBSTONE"))))


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
