"""Rebuilds a damaged SQLite database: every row on a readable page, into a new file without indexes.

SQLite gives up a whole query at the first bad page. Here each table is walked page by page, as SQLite's own
`.recover` does, so that a bad page costs its own rows only. Row identities are kept.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from recovery import limits
from recovery.database import Database, quoted
from recovery.errors import UnreadableDatabaseError
from recovery.formats.sqlite.pages import HEADER_BYTES, TABLE_LEAF, Image, PageStore
from recovery.formats.sqlite.record_format import (
    RecordColumn,
    StorageClass,
    Value,
    decode,
    kind_of,
    read_serials,
    read_varint,
    size_of,
)

_TABLE_INTERIOR, _INDEX_INTERIOR, _INDEX_LEAF = 0x05, 0x02, 0x0A
_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1
_SCHEMA = (RecordColumn("type", StorageClass.TEXT), RecordColumn("name", StorageClass.TEXT),
           RecordColumn("tbl_name", StorageClass.TEXT),
           RecordColumn("rootpage", StorageClass.INTEGER), RecordColumn("sql", StorageClass.TEXT))  # fmt: skip


@dataclass(frozen=True, slots=True)
class RebuiltTable:
    """What became of one table: rows written, pages that could not be read, and rows known to be lost.

    `lost` counts rows that an index still names and no page holds, or, without a readable index, None.
    """

    name: str
    rows: int
    bad_pages: int
    lost: int | None
    older_pages: int = 0
    """Pages whose newest image is damaged, so that one from before the last changes was read."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The tables of a rebuilt database, in the order of the schema."""

    tables: tuple[RebuiltTable, ...]

    def of(self, name: str) -> RebuiltTable | None:
        """What became of the table of this name."""
        return next((table for table in self.tables if table.name == name), None)

    @property
    def bad_pages(self) -> int:
        """Pages of all tables that could not be read."""
        return sum(table.bad_pages for table in self.tables)

    @property
    def older_pages(self) -> int:
        """Pages of all tables of which an older image was read."""
        return sum(table.older_pages for table in self.tables)

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(table.rows for table in self.tables)

    @property
    def lost(self) -> int:
        """Rows known to be lost, all tables together."""
        return sum(table.lost or 0 for table in self.tables)


def rebuild(path: Path, wal: Path | None, target: Path) -> Rebuilt:
    """Write every readable row of a database, with its write-ahead log applied, to a new file.

    Raises UnreadableDatabaseError when not even the list of tables can be read.
    """
    with PageStore(path, wal) as store:
        schema = _schema(store)
        if not any(entry.kind == "table" for entry in schema):
            raise UnreadableDatabaseError(f"The list of tables of {path.name} is damaged, so nothing can be read.")
        reader = _PageReader(store)
        tables = [_TableReader(reader, table) for table in _tables(schema)]
        for table in tables:
            table.walk()
        reader.adopt_stray_leaves(tables)
        indexes = [entry for entry in schema if entry.kind == "index" and entry.root > 0]
        with closing(sqlite3.connect(target, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=OFF")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("BEGIN")
            done = tuple(_write(connection, table, reader, indexes) for table in tables)
            connection.execute("COMMIT")
    return Rebuilt(done)


@dataclass(frozen=True, slots=True)
class _SchemaEntry:
    """A row of sqlite_master."""

    kind: str
    name: str
    table: str
    root: int
    sql: str


def _schema(store: PageStore) -> list[_SchemaEntry]:
    reader = _PageReader(store)
    table = _TableReader(reader, _Table("sqlite_master", 1, _SCHEMA, None))
    table.walk()
    entries = []
    for rowid in sorted(table.rows):
        kind, name, owner, root, sql = [*table.rows[rowid], *[None] * len(_SCHEMA)][: len(_SCHEMA)]
        if isinstance(kind, str) and isinstance(name, str) and isinstance(root, int):
            entries.append(_SchemaEntry(kind, name, str(owner), root, sql if isinstance(sql, str) else ""))
    return entries


@dataclass(frozen=True, slots=True)
class _Table:
    """A table to walk: its columns in stored order; `alias` is the place of the column that is the rowid."""

    name: str
    root: int
    columns: tuple[RecordColumn, ...]
    alias: int | None
    declared: tuple[str, ...] = ()


def _tables(schema: Iterable[_SchemaEntry]) -> Iterator[_Table]:
    """The ordinary tables; their columns come from SQLite, asked in an empty database in memory."""
    for entry in schema:
        words = entry.sql.upper()
        if entry.kind != "table" or entry.root <= 0 or not words.startswith("CREATE TABLE "):
            continue
        with closing(sqlite3.connect(":memory:")) as scratch:
            scratch.execute("PRAGMA trusted_schema=OFF")
            try:
                scratch.execute(entry.sql)
                rows = scratch.execute(f"PRAGMA table_xinfo({quoted(entry.name)})").fetchall()
                scratch.execute(f"SELECT rowid FROM {quoted(entry.name)}")
            except sqlite3.Error:  # a reserved name (sqlite_sequence), no rowid, or a damaged statement
                continue
        stored = [row for row in rows if row[6] != 2]
        keys = [row for row in rows if row[5]]
        alias = keys[0][1] if len(keys) == 1 and str(keys[0][2]).upper() == "INTEGER" else None
        names = [str(row[1]) for row in stored]
        columns = tuple(RecordColumn(str(row[1]), kind_of(str(row[2]))) for row in stored)
        place = names.index(alias) if alias in names else None
        yield _Table(entry.name, entry.root, columns, place, tuple(str(row[2]) for row in stored))


class _PageReader:
    """Reads b-tree pages that count today, and their older images where those are damaged."""

    def __init__(self, store: PageStore) -> None:
        self.store = store
        self.visited: set[int] = set()
        self.usable = store.geometry.usable

    def cells(self, image: Image, flag: int) -> list[int] | None:
        """Offsets of the cells of a page of this kind; None when it is no sound page of it."""
        data, start = image.data, 100 if image.number == 1 else 0
        if len(data) < self.usable or data[start] != flag:
            return None
        count = int.from_bytes(data[start + 3 : start + 5], "big")
        pointers = start + HEADER_BYTES[flag]
        if pointers + 2 * count > self.usable:
            return None
        offsets = list(struct.unpack_from(f">{count}H", data, pointers))
        return offsets if all(pointers + 2 * count <= at <= self.usable - 4 for at in offsets) else None

    def payload(self, data: bytes, at: int, size: int, local: int) -> bytes:
        """The payload of a cell with what lies on overflow pages; short where those are damaged."""
        found = data[at : at + local]
        if local == size:
            return found
        number = int.from_bytes(data[at + local : at + local + 4], "big")
        room, parts, seen = self.usable - 4, [found], {0}
        left = size - local
        while left > 0 and number not in seen and len(seen) <= limits.DATABASE_CELL_BYTES // room:
            seen.add(number)
            image = self.store.final(number)
            if image is None:
                break
            parts.append(image.data[4 : 4 + min(left, room)])
            left -= room
            number = int.from_bytes(image.data[:4], "big")
        return b"".join(parts)

    def record(self, payload: bytes, columns: int) -> list[Value] | None:
        """The values of a record, None for one that is cut off or impossible; None when its header is damaged."""
        header, at = read_varint(payload, 0, min(len(payload), 9))
        if not at <= header <= len(payload) or header < 1:
            return None
        read = read_serials(payload, at, header, columns + 1)
        if read is None or read[1] != header or len(read[0]) > columns:
            return None
        values: list[Value] = []
        place = header
        for serial in read[0]:
            end = place + size_of(serial)
            values.append(self._value(serial, payload[place:end], end - place))
            place = end
        return values

    def _value(self, serial: int, raw: bytes, size: int) -> Value:
        if len(raw) < size:
            return None
        try:
            return decode(serial, raw, self.store.geometry.encoding)
        except UnicodeDecodeError:
            return raw.decode(self.store.geometry.encoding, "replace")
        except ValueError:
            return int.from_bytes(raw, "big", signed=True) if serial < 7 else None

    def adopt_stray_leaves(self, tables: list[_TableReader]) -> None:
        """Give leaf pages that no walk reached, because a page above them is damaged, to the table they fit."""
        damaged = [table for table in tables if table.lost_ranges]
        if not damaged:
            return
        for image in self.store.finals():
            if image.number in self.visited or image.number in self.store.free_leaves:
                continue
            if self.cells(image, TABLE_LEAF) is None:
                continue
            fitting = [(table, rows) for table in damaged if (rows := table.fitting_rows(image))]
            if fitting:
                table, rows = max(fitting, key=lambda pair: len(pair[0].table.columns))
                self.visited.add(image.number)
                table.adopt(rows)


@dataclass(slots=True)
class _TableReader:
    """One table: the rows found so far by rowid, and the ranges of rowids whose pages could not be read."""

    reader: _PageReader
    table: _Table
    rows: dict[int, list[Value]] = field(default_factory=dict)
    lost_ranges: list[tuple[int, int]] = field(default_factory=list)
    bad_pages: int = 0
    older_pages: int = 0

    def walk(self) -> None:
        """Read the b-tree from its root."""
        waiting = [(self.table.root, _LOWEST, _HIGHEST)]
        while waiting and len(self.reader.visited) < limits.RESIDUE_TREE_PAGES:
            number, low, high = waiting.pop()
            if number in self.reader.visited:
                self._bad(low, high)
                continue
            self.reader.visited.add(number)
            for age, image in enumerate(self.reader.store.images(number)):
                children = self._children(image, low, high)
                if children is not None:
                    waiting.extend(children)
                    self.older_pages += age > 0
                    break
                rows = self._leaf(image, low, high)
                if rows is not None:
                    self.rows.update(rows)
                    self.older_pages += age > 0
                    break
            else:
                self._bad(low, high)

    def _bad(self, low: int, high: int) -> None:
        self.bad_pages += 1
        self.lost_ranges.append((low, high))

    def _children(self, image: Image, low: int, high: int) -> list[tuple[int, int, int]] | None:
        """Pages below an interior page, each with the rowids it may hold; None for any other page."""
        offsets = self.reader.cells(image, _TABLE_INTERIOR)
        if offsets is None:
            return None
        children = []
        for at in offsets:
            key, _ = read_varint(image.data, at + 4, self.reader.usable)
            if not low <= key <= high:
                return None
            children.append((int.from_bytes(image.data[at : at + 4], "big"), low, key))
            low = key + 1 if key < _HIGHEST else key
        start = 100 if image.number == 1 else 0
        children.append((int.from_bytes(image.data[start + 8 : start + 12], "big"), low, high))
        return children

    def _leaf(self, image: Image, low: int, high: int) -> dict[int, list[Value]] | None:
        """Rows of a leaf page whose rowids belong there; None when it is no leaf, or none of its cells is."""
        offsets = self.reader.cells(image, TABLE_LEAF)
        if offsets is None:
            return None
        rows = {}
        damaged = 0
        for at in offsets:
            cell = self._cell(image.data, at)
            if cell is not None and low <= cell[0] <= high:
                rows[cell[0]] = cell[1]
            else:
                damaged += 1
        if damaged and not rows:
            return None
        if damaged:
            self._bad(low, high)
        return rows

    def _cell(self, data: bytes, at: int) -> tuple[int, list[Value]] | None:
        usable = self.reader.usable
        size, at = read_varint(data, at, usable)
        rowid, at = read_varint(data, at, usable)
        if not 0 < size <= limits.DATABASE_CELL_BYTES:
            return None
        local = self.reader.store.geometry.local(size)
        if at + local > usable:
            return None
        values = self.reader.record(self.reader.payload(data, at, size, local), len(self.table.columns))
        return None if values is None else (rowid, values)

    def fitting_rows(self, image: Image) -> dict[int, list[Value]] | None:
        """Rows of a stray leaf page, if all of them can be rows of this table that are missing."""
        offsets = self.reader.cells(image, TABLE_LEAF) or []
        rows: dict[int, list[Value]] = {}
        for at in offsets:
            cell = self._cell(image.data, at)
            if cell is None or not self._misses(cell[0]) or not self._could_hold(cell[1]):
                return None
            rows[cell[0]] = cell[1]
        return rows or None

    def _misses(self, rowid: int) -> bool:
        return rowid not in self.rows and any(low <= rowid <= high for low, high in self.lost_ranges)

    def _could_hold(self, values: list[Value]) -> bool:
        # Rows written before a column was added are shorter, but seldom by much.
        return len(values) * 2 > len(self.table.columns) and all(
            value is None or _fits(column.kind, value)
            for column, value in zip(self.table.columns, values, strict=False)
        )

    def adopt(self, rows: dict[int, list[Value]]) -> None:
        """Take the rows of a stray page."""
        self.rows.update(rows)


def _fits(kind: StorageClass, value: Value) -> bool:
    if kind is StorageClass.TEXT:
        return isinstance(value, str)
    if kind in (StorageClass.INTEGER, StorageClass.NUMBER):
        return isinstance(value, int | float)
    return True


def _write(
    connection: sqlite3.Connection, reading: _TableReader, reader: _PageReader, indexes: list[_SchemaEntry]
) -> RebuiltTable:
    table = reading.table
    columns = [
        f"{quoted(column.name)} "
        + ("INTEGER PRIMARY KEY" if place == table.alias else _affinity(column.kind, declared))
        for place, (column, declared) in enumerate(zip(table.columns, table.declared, strict=True))
    ]
    connection.execute(f"CREATE TABLE {quoted(table.name)} ({', '.join(columns)})")
    width = len(table.columns)
    marks = ", ".join("?" * (width + 1))
    names = ", ".join(["rowid", *(quoted(column.name) for column in table.columns)])
    connection.executemany(
        f"INSERT OR REPLACE INTO {quoted(table.name)} ({names}) VALUES ({marks})",
        (_row(rowid, values, width, table.alias) for rowid, values in sorted(reading.rows.items())),
    )
    lost = _lost(reading, reader, [index for index in indexes if index.table == table.name])
    return RebuiltTable(table.name, len(reading.rows), reading.bad_pages, lost, reading.older_pages)


def _affinity(kind: StorageClass, declared: str) -> str:
    # Only the declared type is taken over: constraints and defaults of a damaged database decide nothing here.
    return quoted(declared) if kind is not StorageClass.ANY and declared else ""


def _row(rowid: int, values: list[Value], width: int, alias: int | None) -> list[Value]:
    row: list[Value] = [rowid, *values, *[None] * (width - len(values))]
    if alias is not None:
        row[alias + 1] = rowid
    return row


def _lost(reading: _TableReader, reader: _PageReader, indexes: list[_SchemaEntry]) -> int | None:
    """How many rows an index names that no page holds; None when no index of the table can be read."""
    if not reading.bad_pages:
        return 0
    named: set[int] = set()
    for index in indexes:
        named.update(_indexed_rowids(reader, index.root))
    return len(named - reading.rows.keys()) if named else None


def _indexed_rowids(reader: _PageReader, root: int) -> Iterator[int]:
    """The rowids in an index: the last value of each of its records."""
    waiting, seen = [root], set[int]()
    while waiting and len(seen) < limits.RESIDUE_TREE_PAGES:
        number = waiting.pop()
        image = next(reader.store.images(number), None)
        if number in seen or image is None:
            continue
        seen.add(number)
        for flag, skip in ((_INDEX_LEAF, 0), (_INDEX_INTERIOR, 4)):
            offsets = reader.cells(image, flag)
            if offsets is None:
                continue
            for at in offsets:
                if skip:
                    waiting.append(int.from_bytes(image.data[at : at + 4], "big"))
                values = _index_record(reader, image.data, at + skip)
                if values and isinstance(values[-1], int):
                    yield values[-1]
            if skip:
                waiting.append(int.from_bytes(image.data[8:12], "big"))


def _index_record(reader: _PageReader, data: bytes, at: int) -> list[Value] | None:
    size, at = read_varint(data, at, reader.usable)
    # The share of an index record that stays on its page: fileformat2, section 1.6.
    most = (reader.usable - 12) * 64 // 255 - 23
    if size > most or size <= 0 or at + size > reader.usable:
        return None  # long records go to overflow pages; their rowids are not needed for an estimate
    return reader.record(data[at : at + size], 64)


def is_sound(database: Database) -> bool:
    """Whether SQLite can read every page of a database: its own quick check, 0.7 s of processor time for a GB."""
    try:
        (verdict,) = (str(row[0]) for row in database.rows("PRAGMA quick_check(1)"))
    except (UnreadableDatabaseError, ValueError):
        return False
    return verdict == "ok"
