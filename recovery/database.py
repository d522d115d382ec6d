"""Read a private copy of an SQLite database: its tables, its columns, its rows by name."""

from __future__ import annotations

import errno
import math
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from operator import methodcaller
from pathlib import Path
from typing import BinaryIO

from recovery import limits
from recovery.errors import TemporaryFolderError, UnreadableDatabaseError
from recovery.filesystem import is_file
from recovery.memory import has_room
from recovery.temp_folder import require_space, trouble
from recovery.workspace import Workspace, create

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

# Primary result codes that speak of the folder in which the copy lies, and extended ones among them that do not.
_TROUBLE_OF_THE_FOLDER = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_CANTOPEN: errno.EIO,
}
_TROUBLE_OF_THE_CONTENT = frozenset({sqlite3.SQLITE_IOERR_NOMEM, sqlite3.SQLITE_IOERR_SHORT_READ})
_INDEX_BYTES = 64 * limits.KIB  # SQLite's index of a log, which it makes even where the log is empty
_LOG_PER_INDEX = 64  # bytes of a log for each further byte of its index, at least
Tick = Callable[[int], object]
"""Called with the rows read or bytes copied since the last call, 0 while SQLite is busy; raising ends the work."""


def folder_trouble(path: Path, error: sqlite3.Error) -> TemporaryFolderError | None:
    """The trouble of the temporary folder in which a private database lies, if that is what SQLite tells of."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    number = _TROUBLE_OF_THE_FOLDER.get(code & 0xFF) if code is not None else None
    return trouble(path, OSError(number, str(error))) if number is not None else None


def quoted(name: str) -> str:
    """A table or column name as SQL; names come from the evidence, so they are never trusted."""
    return '"' + name.replace('"', '""') + '"'


class Database:
    """An open copy; `store` is the name it has in sources and gaps. Never give it a file of the evidence.

    Opening applies the write-ahead log that lies beside the copy. Statements are limited in processor time, all
    together in a process, by the size of the file; views, triggers and virtual tables of the file are never run.
    A full temporary folder is TemporaryFolderError, never damage.
    """

    def __init__(self, path: Path, store: str, tick: Tick = lambda rows: None, *, original: Path | None = None) -> None:
        self.path = path
        self.original = original or path
        """The copy as it was acquired, where `path` was rebuilt from it."""
        self.store = store
        self._tick = tick
        self._late = False
        self._raised: BaseException | None = None
        self._cursors: set[sqlite3.Cursor] = set()
        self._columns: dict[str, tuple[str, ...]] = {}
        try:
            uri = f"{path.absolute().as_uri()}?mode=ro"
            # Whoever uses a backup from several threads makes them take turns (recovery/api.py).
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._failed(error) from error
        try:
            self._harden()
            self._seconds = self._allowed_seconds()
            self._tables = self._list_tables()
            self._connection.text_factory = str  # twice as fast as mending, which hardly any database needs
        except BaseException as error:
            self._connection.close()
            if isinstance(error, _FOREIGN):
                raise self._failed(error) from error
            raise

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
        """Whether the running statement must end; SQLite asks now and then, and swallows what is raised."""
        try:
            self._tick(0)
        except BaseException as error:  # noqa: BLE001 - raised again by `_failed`
            self._raised = error
            return True
        self._late = time.thread_time() - self._since > self._seconds
        return self._late

    def _list_tables(self) -> frozenset[str]:
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE %' LIMIT ?"
        with closing(self._connection.execute(sql, (limits.DATABASE_TABLES,))) as cursor:
            return frozenset(str(row["name"]) for row in cursor)

    def _failed(self, error: Exception) -> BaseException:
        """What to raise where SQLite refused: damage, unless the computer or an interrupt is the cause."""
        code: int | None = getattr(error, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_INTERRUPT and not self._late:
            # Not by us, so something was raised while SQLite asked; an interrupt can even precede the asking.
            return self._raised or KeyboardInterrupt()
        if isinstance(error, MemoryError):
            if not has_room(limits.DATABASE_MEMORY):
                return error
            return self._damaged("it needs far more memory than its size explains")
        if isinstance(error, sqlite3.Error) and code not in _TROUBLE_OF_THE_CONTENT:
            return folder_trouble(self.path, error) or self._damaged(error)
        return self._damaged(error)

    def _damaged(self, why: object) -> UnreadableDatabaseError:
        return UnreadableDatabaseError(
            f"The database {self.store} cannot be read ({why}).",
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
            self._columns[table] = tuple(str(row["name"]) for row in self.rows(f"PRAGMA table_info({quoted(table)})"))
        return self._columns[table]

    def table_in_use(self, names: Iterable[str]) -> str | None:
        """The first of these tables that has rows, else the first that is there; names of newer systems come first."""
        there = [name for name in names if name in self._tables]
        if len(there) < 2:
            return next(iter(there), None)
        filled = (name for name in there if next(self.rows(f"SELECT 1 FROM {quoted(name)} LIMIT 1"), None) is not None)
        return next(filled, there[0])

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
        cursor = self._cursor(sql, parameters)
        try:
            rows: Iterator[sqlite3.Row] = cursor
            ahead, given = 1, 0
            while ahead:
                batch, failure = self._next(rows, ahead)
                given += len(batch)
                yield from batch
                if failure is not None and self._seconds > 0 and self._connection.text_factory is str:
                    # Perhaps a text that is no UTF-8: from here on such texts are mended, at some cost for all.
                    self._connection.text_factory = _MENDED
                    self._let_go(cursor)
                    cursor = self._cursor(sql, parameters)
                    rows = islice(cursor, given, None)
                    continue
                if failure is not None:
                    raise failure
                ahead = min(2 * ahead, _ROWS_AHEAD) if len(batch) == ahead else 0
                self._tick(len(batch))
                # What the reader of the rows does with them is not SQLite's time.
                self._since = time.thread_time()
        finally:
            failure = None  # it and the traceback would keep each other, and all that is open here
            self._let_go(cursor)

    def _cursor(self, sql: str, parameters: Sequence[object]) -> sqlite3.Cursor:
        self._since, self._late = time.thread_time(), False
        try:
            cursor = self._connection.execute(sql, tuple(parameters))
        except _FOREIGN as error:
            raise self._failed(error) from error
        except OverflowError as error:  # an integer parameter or value beyond 64 bits
            raise UnreadableDatabaseError(f"The database {self.store} holds a value out of range.") from error
        self._cursors.add(cursor)
        return cursor

    def _let_go(self, cursor: sqlite3.Cursor) -> None:
        if cursor in self._cursors:  # else the database is closed, and it with it
            self._cursors.discard(cursor)
            cursor.close()

    def _next(self, rows: Iterator[sqlite3.Row], most: int) -> tuple[list[sqlite3.Row], UnreadableDatabaseError | None]:
        """A few rows, and the damage that ended them: those before a damaged page are not lost with it."""
        batch: list[sqlite3.Row] = []
        failure: UnreadableDatabaseError | None = None
        try:
            for row in islice(rows, most):
                batch.append(row)
        except OverflowError:
            failure = UnreadableDatabaseError(f"The database {self.store} holds a value out of range.")
        except _FOREIGN as error:
            met = self._failed(error)
            if not isinstance(met, UnreadableDatabaseError):
                raise met from error
            failure = met
        self._seconds -= time.thread_time() - self._since
        if self._seconds < 0 and failure is None:
            failure = self._damaged("it needs far more time than its size explains")
        return batch, failure

    def close(self) -> None:
        """Close the copy, also under readers that are still in the middle; the file belongs to the workspace."""
        while self._cursors:
            self._cursors.pop().close()
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


def space_for_copy(main: int, log: int) -> int:
    """Bytes to be free for a copy of a database and its log: at the end the log goes into the main file too."""
    return main + 2 * log + log // _LOG_PER_INDEX + _INDEX_BYTES


def _unbuffered(path: Path) -> BinaryIO:
    return path.open("rb", buffering=0)


def copy_files(
    path: Path,
    copy: Path,
    tick: Tick = lambda size: None,
    open_file: Callable[[Path], BinaryIO] = _unbuffered,
) -> None:
    """Copy a database that is an ordinary file, with its write-ahead log, to a path of a workspace.

    `tick` is called with the bytes of each step, `open_file` opens what is read. Raises OSError for what is read,
    TemporaryFolderError for what is written.
    """
    sizes: dict[str, int] = {}
    for suffix in ("", *SIDE_FILES):
        original = path.with_name(path.name + suffix)
        if is_file(original, follow_links=False):
            sizes[suffix] = original.stat().st_size
    if "" not in sizes:
        raise UnreadableDatabaseError(f"There is no database at {path}.")
    require_space(copy, space_for_copy(sizes[""], sum(sizes.values()) - sizes[""]), path.name)
    for suffix in sizes:
        with (
            open_file(path.with_name(path.name + suffix)) as source,
            create(copy.with_name(copy.name + suffix)) as output,
        ):
            while piece := source.read(limits.COPY_CHUNK_BYTES):
                output.write(piece)
                tick(len(piece))


@contextmanager
def open_file_copy(path: Path, workspace: Workspace, store: str = "") -> Iterator[Database]:
    """Copy a database that is an ordinary file, with its write-ahead log, and open the copy."""
    copy = workspace.new_file(path.name)
    copy_files(path, copy)
    with Database(copy, store or path.name) as database:
        yield database
