"""Read a private copy of an SQLite database: its tables, its columns, its rows by name."""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from operator import methodcaller
from pathlib import Path

from recovery import limits
from recovery.errors import UnreadableDatabaseError
from recovery.memory import has_room
from recovery.workspace import Workspace

MAGIC = b"SQLite format 3\x00"
"""The first 16 bytes of every SQLite database file."""

SIDE_FILES = ("-wal",)
"""Files that belong to a database and decide its rows; `-shm` is only an index and is rebuilt."""

# query_only: a copy is evidence too. temp_store: SQLite would otherwise sort in files outside the workspace.
_PRAGMAS = (
    "trusted_schema=OFF", "query_only=ON", "cell_size_check=ON", "mmap_size=0", "temp_store=MEMORY",
    f"hard_heap_limit={limits.DATABASE_MEMORY}",
)  # fmt: skip


# SQLite quotes a damaged name in its message, which Python then fails to decode; MemoryError is its own limit.
_FOREIGN = (sqlite3.Error, UnicodeDecodeError, MemoryError)
_MENDED = methodcaller("decode", "utf-8", "replace")
_ROWS_AHEAD = 32  # looking at the clock costs as much as a row


def quoted(name: str) -> str:
    """A table or column name as SQL; names come from the evidence, so they are never trusted."""
    return '"' + name.replace('"', '""') + '"'


class Database:
    """An open copy; `store` is the name it has in sources and gaps. Never give it a file of the evidence.

    Opening applies the write-ahead log that lies beside the copy. Statements are limited in processor time, all
    together in a process, by the size of the file; views, triggers and virtual tables of the file are never run.
    """

    def __init__(self, path: Path, store: str) -> None:
        self.path = path
        self.store = store
        self._open()
        self._columns: dict[str, tuple[str, ...]] = {}

    def _open(self) -> None:
        path = self.path
        try:
            self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
        except sqlite3.Error as error:
            raise self._unreadable(error) from error
        try:
            self._harden()
            self._seconds = self._allowed_seconds()
            self._tables = self._list_tables()
            self._connection.text_factory = str  # twice as fast as mending, which hardly any database needs
            self._process = os.getpid()
        except _FOREIGN as error:
            self._connection.close()
            raise self._unreadable(error) from error

    def _harden(self) -> None:
        connection = self._connection
        connection.row_factory = sqlite3.Row
        connection.text_factory = _MENDED
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limits.DATABASE_CELL_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        self._since = time.thread_time()
        self._seconds = limits.DATABASE_SECONDS
        connection.set_progress_handler(self._overdue, limits.DATABASE_PROGRESS_STEPS)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    def _allowed_seconds(self) -> float:
        """Processor time for all statements together: a large database takes longer, a small one never does."""
        return limits.DATABASE_SECONDS + self.path.stat().st_size / limits.DATABASE_BYTES_PER_SECOND

    def _overdue(self) -> bool:
        """Whether the statement that is running has used up the time; SQLite asks now and then."""
        return time.thread_time() - self._since > self._seconds

    def _list_tables(self) -> frozenset[str]:
        cursor = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE %' LIMIT ?",
            (limits.DATABASE_TABLES,),
        )
        return frozenset(str(row["name"]) for row in cursor)

    def _unreadable(self, error: Exception) -> UnreadableDatabaseError:
        """The error to raise; raises MemoryError where this computer lacks the memory that SQLite may use."""
        if isinstance(error, MemoryError):
            if not has_room(limits.DATABASE_MEMORY):
                raise error
            error = MemoryError("it needs far more memory than its size explains")
        return UnreadableDatabaseError(
            f"The database {self.store} cannot be read ({error}).",
            "The other parts of the backup are still used; a second backup of the device may have a whole copy.",
        )

    @property
    def tables(self) -> frozenset[str]:
        """Names of the real tables: no views, no virtual tables."""
        return self._tables

    def columns(self, table: str) -> tuple[str, ...]:
        """Column names of a table in their order; empty when there is no such table."""
        if table not in self._tables:
            return ()
        if table not in self._columns:
            self._columns[table] = tuple(
                str(row["name"]) for row in self.rows(f"PRAGMA table_info({quoted(table)})")
            )
        return self._columns[table]

    def select(self, table: str, columns: Sequence[str]) -> str:
        """A SELECT of `rowid` and of these columns, NULL for those the table lacks, in the order of `rowid`."""
        present = {name.upper() for name in self.columns(table)}
        wanted = [
            quoted(name) if name.upper() in present else "NULL AS " + quoted(name)
            for name in columns
            if name.upper() != "ROWID"
        ]
        parts = ["SELECT", ", ".join(["rowid AS rowid", *wanted]), "FROM", quoted(table), "ORDER BY rowid"]
        return " ".join(parts)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[sqlite3.Row]:
        """Run one SELECT and yield its rows; raises UnreadableDatabaseError, also in the middle of the rows."""
        if self._process != os.getpid():
            # SQLite forbids a copied process to use a connection it did not open, and even to close it.
            self._elsewhere = self._connection
            self._open()
        try:
            self._since = time.thread_time()
            cursor: Iterator[sqlite3.Row] = self._connection.execute(sql, tuple(parameters))
            ahead, given = 1, 0
            while ahead:
                batch, failure = self._next(cursor, ahead)
                given += len(batch)
                yield from batch
                if failure is not None and self._seconds > 0 and self._connection.text_factory is str:
                    # Perhaps a text that is no UTF-8: from here on such texts are mended, at some cost for all.
                    self._connection.text_factory = _MENDED
                    self._since = time.thread_time()
                    cursor = islice(self._connection.execute(sql, tuple(parameters)), given, None)
                    continue
                if failure is not None:
                    raise failure
                ahead = min(2 * ahead, _ROWS_AHEAD) if len(batch) == ahead else 0
                # What the reader of the rows does with them is not SQLite's time.
                self._since = time.thread_time()
        except _FOREIGN as error:
            raise self._unreadable(error) from error
        except OverflowError as error:  # an integer parameter or value beyond 64 bits
            raise UnreadableDatabaseError(f"The database {self.store} holds a value out of range.") from error

    def _next(self, cursor: Iterator[sqlite3.Row], most: int) -> tuple[list[sqlite3.Row], Exception | None]:
        """A few rows, and what ended them: those before a damaged page are not lost with it."""
        batch: list[sqlite3.Row] = []
        failure: Exception | None = None
        try:
            for row in islice(cursor, most):
                batch.append(row)
        except (*_FOREIGN, OverflowError) as error:
            failure = error
        self._seconds -= time.thread_time() - self._since
        if self._seconds < 0 and failure is None:
            failure = sqlite3.OperationalError("it needs far more time than its size explains")
        return batch, failure

    def close(self) -> None:
        """Close the copy; the file itself belongs to the workspace."""
        self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def text_cell(value: object) -> str | None:
    """The text of a cell, cut to a limit; Core Data keeps some texts as blobs, so those are decoded too."""
    if isinstance(value, bytes):
        value = value[: limits.CELL_CHARACTERS * 4].decode("utf-8", "replace").rstrip("\0")
    return value[: limits.CELL_CHARACTERS] if isinstance(value, str) else None


def whole_cell(value: object) -> int | None:
    """The whole number of a cell; None for NULL, for what is none and for one beyond 64 bits."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    short = isinstance(value, int) and value.bit_length() <= limits.WHOLE_NUMBER_BITS
    return int(value) if short else None  # type: ignore[call-overload]


def number_cell(value: object) -> float | None:
    """The finite number of a cell; None for NULL and for what is none."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def flag_cell(value: object) -> bool | None:
    """A stored 0 or 1; None for NULL and for any other value, which means something nobody documented."""
    return bool(value) if isinstance(value, int) and value in (0, 1) else None


@contextmanager
def open_file_copy(path: Path, workspace: Workspace, store: str = "") -> Iterator[Database]:
    """Copy a database that is an ordinary file, with its write-ahead log, and open the copy."""
    copy = workspace.new_file(path.name)
    for suffix in ("", *SIDE_FILES):
        original = path.with_name(path.name + suffix)
        if original.is_file():
            shutil.copyfile(original, copy.with_name(copy.name + suffix))
    if not copy.exists():
        raise UnreadableDatabaseError(f"There is no database at {path}.")
    with Database(copy, store or path.name) as database:
        yield database
