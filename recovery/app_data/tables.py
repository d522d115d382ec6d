"""What an evidence reader needs, declared as data, and the one way to read a table by such a declaration."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from recovery import limits
from recovery.database import Database
from recovery.errors import RecoveryError, UnreadableDatabaseError
from recovery.provenance import Gap, Reading

T = TypeVar("T")


class Location(NamedTuple):
    """Where a file lives on the device: its file ID is the SHA-1 of `domain-path`."""

    domain: str
    path: str


@dataclass(frozen=True, slots=True)
class Store:
    """A file with evidence: what it is, where it lives, which answers are hidden without it, why it may lack."""

    what: str
    location: Location
    hides: tuple[str, ...]
    absent_because: str = "the backup does not list the file"

    def absent(self) -> Gap:
        """The gap of a backup that does not carry this file."""
        return Gap(self.what, self.location.path, self.absent_because, self.hides)

    def unreadable(self, error: RecoveryError) -> Gap:
        """The gap of a backup that carries this file, damaged."""
        return Gap(self.what, self.location.path, str(error), self.hides, fault=True)


@dataclass(frozen=True, slots=True)
class Column:
    """A column a reader wants; without a required one the layout is unknown, without another its answers are."""

    name: str
    hides: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One known layout of a table; `hides` names the answers that nobody has without it."""

    what: str
    name: str
    columns: tuple[Column, ...]
    hides: tuple[str, ...]

    def lacks(self, database: Database) -> str:
        """Why this layout does not fit the database, in a few words; empty when it fits."""
        present = {name.upper() for name in database.columns(self.name)}
        if not present:
            return f"the database has no table {self.name}"
        missing = [need.name for need in self.columns if need.required and need.name.upper() not in present]
        return f"unknown layout: the table {self.name} has no column {', '.join(missing)}" if missing else ""


def unknown_layout(database: Database, table: Table) -> Gap:
    """The gap of a database that has none of the known layouts; `table` is the newest of them."""
    return Gap(table.what, database.store, table.lacks(database), table.hides)


def read_table(
    database: Database, table: Table, record: Callable[[sqlite3.Row], T | None], limit: int = limits.EVIDENCE_ROWS
) -> Reading[T]:
    """Make a record of every row, in `rowid` order; a row of None is left out.

    Rows carry the declared columns (NULL for those the table lacks) and `rowid`. Damage in the middle keeps
    what was read before it; the damage, a missing column and a table beyond the limit are gaps. Raises
    UnreadableDatabaseError only when not even the columns can be listed.
    """
    if table.lacks(database):
        return Reading((), (unknown_layout(database, table),))
    gaps = _absent_columns(database, table)
    records: list[T] = []
    query = database.select(table.name, [need.name for need in table.columns])
    try:
        for number, row in enumerate(database.rows(query)):
            if number >= limit:
                gaps.append(_fault(database, table, f"more than {limit:,} rows; the rest was not read"))
                break
            if (made := record(row)) is not None:
                records.append(made)
    except UnreadableDatabaseError as error:
        gaps.append(_fault(database, table, f"only {len(records):,} records could be read: {error}"))
    return Reading(tuple(records), tuple(gaps))


def _fault(database: Database, table: Table, why: str) -> Gap:
    return Gap(table.what, database.store, why, table.hides, fault=True)


def _absent_columns(database: Database, table: Table) -> list[Gap]:
    present = {name.upper() for name in database.columns(table.name)}
    return [
        Gap(f"{table.what}: {need.name}", database.store, f"the table {table.name} has no such column", need.hides)
        for need in table.columns
        if need.hides and need.name.upper() not in present
    ]


def count_gap(what: str, store: str, count: int, why: str, hides: tuple[str, ...]) -> tuple[Gap, ...]:
    """The gap of `count` damaged values, or none when there are none."""
    return (Gap(what, store, f"{count:,} {why}", hides, fault=True),) if count else ()
