"""What an evidence reader needs, declared as data, and the one way to read a table by such a declaration."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from recovery import limits
from recovery.database import Database
from recovery.errors import RecoveryError, UnreadableDatabaseError
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap, Reading, unreadable

T = TypeVar("T")


class Location(NamedTuple):
    """Where a file lives on the device: its file ID is the SHA-1 of `domain-path`."""

    domain: str
    path: str


@dataclass(frozen=True, slots=True)
class Store:
    """A file with evidence: what it is, where it lives, which answers are hidden without it, why it may lack."""

    what: GapSubject
    location: Location
    hides: tuple[str, ...]
    absent_because: GapReason = GapReason.FILE_NOT_LISTED

    def absent(self) -> Gap:
        """The gap of a backup that does not carry this file."""
        return Gap(self.what, self.location.path, self.absent_because, self.hides)

    def unreadable(self, error: RecoveryError) -> Gap:
        """The gap of a backup that carries this file, damaged."""
        return unreadable(self.what, self.location.path, error, *self.hides)


@dataclass(frozen=True, slots=True)
class Column:
    """A column a reader wants; without a required one the layout is unknown, without another its answers are."""

    name: str
    hides: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One known layout of a table; `hides` names the answers that nobody has without it."""

    what: GapSubject
    name: str
    columns: tuple[Column, ...]
    hides: tuple[str, ...]

    def lacks(self, database: Database) -> Gap | None:
        """Why this layout does not fit the database; None when it fits."""
        present = {name.upper() for name in database.columns(self.name)}
        if not present:
            return self._gap(database, GapReason.NO_TABLE_OF_NAME, self.name)
        missing = [need.name for need in self.columns if need.required and need.name.upper() not in present]
        if not missing:
            return None
        return self._gap(database, GapReason.UNKNOWN_LAYOUT, self.name, ", ".join(missing))

    def _gap(self, database: Database, why: GapReason, *values: str) -> Gap:
        return Gap(self.what, database.store, why, self.hides, values=values)


def read_table(
    database: Database, table: Table, record: Callable[[sqlite3.Row], T | None], limit: int = limits.EVIDENCE_ROWS
) -> Reading[T]:
    """Make a record of every row, in `rowid` order; a row of None is left out.

    Rows carry the declared columns (NULL for those the table lacks) and `rowid`. Damage in the middle keeps
    what was read before it; the damage, a missing column and a table beyond the limit are gaps. Raises
    UnreadableDatabaseError only when not even the columns can be listed.
    """
    if (lacking := table.lacks(database)) is not None:
        return Reading((), (lacking,))
    gaps = _absent_columns(database, table)
    records: list[T] = []
    query = database.select(table.name, [need.name for need in table.columns])
    try:
        for number, row in enumerate(database.rows(query)):
            if number >= limit:
                gaps.append(_fault(database, table, GapReason.ROWS_LIMITED, limit))
                break
            if (made := record(row)) is not None:
                records.append(made)
    except UnreadableDatabaseError as error:
        gaps.append(_fault(database, table, GapReason.ROWS_CUT_SHORT, len(records), str(error)))
    return Reading(tuple(records), tuple(gaps))


def _fault(database: Database, table: Table, why: GapReason, *values: int | str) -> Gap:
    return Gap(table.what, database.store, why, table.hides, fault=True, values=values)


def _absent_columns(database: Database, table: Table) -> list[Gap]:
    present = {name.upper() for name in database.columns(table.name)}
    return [
        Gap(
            table.what,
            database.store,
            GapReason.NO_COLUMN_OF_TABLE,
            need.hides,
            part=need.name,
            values=(table.name,),
        )
        for need in table.columns
        if need.hides and need.name.upper() not in present
    ]


def count_gap(
    what: GapSubject, part: str, store: str, count: int, why: GapReason, hides: tuple[str, ...]
) -> tuple[Gap, ...]:
    """The gap of `count` damaged values, or none when there are none."""
    return (Gap(what, store, why, hides, fault=True, part=part, values=(count,)),) if count else ()
