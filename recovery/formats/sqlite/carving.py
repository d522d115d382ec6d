"""Finds the deleted rows of one table: searches every region, drops what still lives, keeps the best copies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recovery import limits
from recovery.database import SIDE_FILES, Database, quoted
from recovery.errors import UnreadableDatabaseError
from recovery.filesystem import is_file
from recovery.formats.sqlite.cell_parser import CellParser
from recovery.formats.sqlite.pages import PageStore
from recovery.formats.sqlite.record_candidates import FoundRecord, Live
from recovery.formats.sqlite.record_format import RecordTemplate, StorageClass, Value
from recovery.formats.sqlite.regions import Origin, Region, pages_of, regions
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap, Reading, Source


@dataclass(frozen=True, slots=True)
class CarvedRow:
    """A row that is no longer in the table; `values` holds the columns that are left, in stored order.

    A column that is absent was lost, a column that is None was stored as NULL. `offset` counts from the start of
    the page. Rows of one key are given once, in the newest whole version there is.
    """

    table: str
    values: tuple[tuple[str, Value], ...]
    rowid: int | None
    origin: Origin
    page: int
    offset: int
    complete: bool
    source: Source

    def get(self, column: str) -> Value:
        """The value of a column; None when it is NULL or lost."""
        return next((value for name, value in self.values if name == column), None)


@dataclass(frozen=True, slots=True)
class Target:
    """One table to look for; `other_roots` are root pages of tables of the same layout, whose pages are theirs."""

    shape: RecordTemplate
    live: Live
    other_roots: frozenset[int] = frozenset()


def live_rows(database: Database, shape: RecordTemplate, *, rowids_reused: bool = True) -> Live:
    """What the table of a shape holds; raises UnreadableDatabaseError when that cannot be read to the end.

    With a key, only keys (and rowids, when a rowid is never given twice) are read; else whole rows.
    """
    table = quoted(shape.table)
    if shape.key is None:
        names = ", ".join(map(quoted, shape.names))
        rows = database.rows(f"SELECT {names} FROM {table} LIMIT ?", (limits.RESIDUE_ROWS,))
        return Live(rows=frozenset(tuple(row) for row in rows))
    keys: set[Value] = set()
    rowids: set[int] = set()
    for row in database.rows(f"SELECT rowid AS number, {quoted(shape.key)} AS name FROM {table}"):
        keys.add(row["name"])
        rowids.add(row["number"])
    return Live(frozenset(keys), None if rowids_reused else frozenset(rowids))


def log_of(path: Path) -> Path | None:
    """The write-ahead log beside a database file, if there is one."""
    wal = path.with_name(path.name + SIDE_FILES[0])
    return wal if is_file(wal) else None


def carve_table(
    path: Path, shape: RecordTemplate, live: Live, wal: Path | None = None, other_roots: Iterable[int] = ()
) -> Reading[CarvedRow]:
    """The deleted rows of one table, from the bytes of a database file and its write-ahead log.

    The files are only read, and must be as they were acquired: SQLite empties a log when it closes a database.
    Tables without rowid are not searched. Never raises for damage: a file that is no database becomes a gap.
    """
    return carve_tables(path, [Target(shape, live, frozenset(other_roots))], wal)[0]


def carve_tables(path: Path, targets: Sequence[Target], wal: Path | None = None) -> list[Reading[CarvedRow]]:
    """The deleted rows of several tables in one pass over the file, one reading for each."""
    try:
        with PageStore(path, wal) as store:
            searches = [_Search(store, target) for target in targets]
            for region in regions(store, min((target.shape.core for target in targets), default=0)):
                for search in searches:
                    search.look_at(region)
    except UnreadableDatabaseError as error:
        return [Reading(gaps=(_gap(target.shape, path, GapReason.UNREADABLE, str(error)),)) for target in targets]
    return [
        Reading(search.rows(), (_gap(search.shape, path, GapReason.SEARCH_STOPPED),) if search.stopped else ())
        for search in searches
    ]


def _gap(shape: RecordTemplate, path: Path, why: GapReason, *values: str) -> Gap:
    return Gap(
        GapSubject.DELETED_ROWS_OF_TABLE,
        path.name,
        why,
        ("permanently deleted rows",),
        fault=True,
        part=shape.table,
        values=values,
    )


class _Search:
    """The search for one table: what was found so far, the best copy of each row."""

    def __init__(self, store: PageStore, target: Target) -> None:
        self.shape = target.shape
        self.live = target.live
        self.store = store
        self.recogniser = CellParser(store, target.shape, target.live)
        self.skip = pages_of(store, target.other_roots)
        names = target.shape.names
        self.key = names.index(target.shape.key) if target.shape.key in names else None
        self.version = names.index(target.shape.version) if target.shape.version in names else None
        self._aliases = {
            index for index, column in enumerate(target.shape.columns) if column.kind is StorageClass.ROWID
        }
        self._best: dict[object, tuple[tuple[bool, float, int], CarvedRow]] = {}
        self._number = 0

    @property
    def stopped(self) -> bool:
        return self.recogniser.exhausted or len(self._best) >= limits.RESIDUE_ROWS

    def look_at(self, region: Region) -> None:
        """Search one region."""
        if self.stopped or region.image.number in self.skip:
            return
        for found in self.recogniser.find(region):
            if self.key is not None or not self._equals_living(found):
                self._keep(found, region)

    def _equals_living(self, found: FoundRecord) -> bool:
        """Whether a row of a table without key has the values of a living one, as far as they are left."""
        values = {index: value for index, value in found.values.items() if index not in self._aliases}
        if len(values) == len(self.shape.columns):
            return tuple(values.values()) in self.live.rows
        living = (row for row in self.live.rows if len(row) == len(self.shape.columns))
        return any(all(row[index] == value for index, value in values.items()) for row in living)

    def _keep(self, found: FoundRecord, region: Region) -> None:
        """Remember a row unless a better copy of it is known: whole before partial, then newer before older."""
        self._number += 1
        version = found.values.get(self.version) if self.version is not None else None
        rank = (found.complete, float(version) if isinstance(version, int | float) else -1.0, self._number)
        row = self._row(found, region)
        name: object = found.values.get(self.key) if self.key is not None else None
        if name is None:
            name = row.values if self.key is None or row.rowid is None else ("rowid", row.rowid)
        known = self._best.get(name)
        if known is None or rank > known[0]:
            self._best[name] = (rank, row)

    def _row(self, found: FoundRecord, region: Region) -> CarvedRow:
        rowid = found.cell.rowid
        known = {index: value for index, value in found.values.items() if index not in self._aliases}
        if rowid is not None:
            known.update(dict.fromkeys(self._aliases, rowid))
        values = tuple((name, known[index]) for index, name in enumerate(self.shape.names) if index in known)
        store = self.store.name + (SIDE_FILES[0] if region.image.frame is not None else "")
        place = f"page {region.image.number} offset {found.cell.start}"
        if region.image.frame is not None:
            place = f"frame {region.image.frame + 1} {place}"
        source = Source(store, place, rowid)
        page, offset = region.image.number, found.cell.start
        return CarvedRow(self.shape.table, values, rowid, region.origin, page, offset, found.complete, source)

    def rows(self) -> tuple[CarvedRow, ...]:
        """The rows found; a partial one is dropped when the same row was found whole."""
        rows = [row for _, row in self._best.values()]
        whole = {row.rowid for row in rows if row.complete and row.rowid is not None}
        kept = [row for row in rows if row.complete or row.rowid is None or row.rowid not in whole]
        return tuple(sorted(kept, key=lambda row: (row.rowid is None, row.rowid or 0, row.page, row.offset)))
