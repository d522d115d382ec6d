"""Opens a private copy of a database in steps: as it is, without a log that does not fit, rebuilt page by page."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from recovery.database import SIDE_FILES, Database, Tick, folder_trouble, quoted
from recovery.errors import UnreadableDatabaseError
from recovery.filesystem import is_file
from recovery.formats.sqlite.pages import LogState, read_log_state
from recovery.formats.sqlite.rebuilding import Rebuilt, is_sound, rebuild
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap
from recovery.temp_folder import require_space
from recovery.workspace import Workspace, create


@contextmanager
def open_readable(
    copy: Path, store: str, workspace: Workspace, tick: Tick = lambda rows: None
) -> Iterator[tuple[Database, tuple[Gap, ...]]]:
    """The database, and what its damage costs; raises UnreadableDatabaseError when no step yields a table.

    `copy` lies in the workspace with its write-ahead log beside it; both stay as they are. What was deleted is
    searched for in `Database.original`, whichever file the rows are read from.
    """
    with ExitStack() as stack:
        database, gaps = _opened(copy, store, workspace, tick)
        stack.callback(database.close)
        yield database, gaps


def _opened(copy: Path, store: str, workspace: Workspace, tick: Tick) -> tuple[Database, tuple[Gap, ...]]:
    wal = copy.with_name(copy.name + SIDE_FILES[0])
    try:
        database = _sound(Database(copy, store, tick))
    except UnreadableDatabaseError as error:
        logs: tuple[Path | None, ...] = (wal, None) if is_file(wal) else (None,)
        if len(logs) > 1 and (alone := _without_log(copy, store, workspace, tick)) is not None:
            return alone, (_gap(store, GapReason.READ_WITHOUT_LOG, ("the last changes before the backup",)),)
        rebuilt = [found for log in logs if (found := _rebuilt(copy, log, workspace)) is not None]
        if not rebuilt:
            raise UnreadableDatabaseError(str(error), error.hint) from error
        target, result = max(rebuilt, key=lambda found: found[1].rows)
        return Database(target, store, tick, original=copy), _losses(store, result)
    log = read_log_state(copy, wal)
    gaps = _log_gaps(store, log)
    if not log.skipped:
        return database, gaps
    # Changes behind the tear may be whole, and SQLite does not read them.
    found = _rebuilt(copy, wal, workspace)
    if found is None or found[1].rows < _count_rows(database) + (found[1].bad_pages > 0):
        return database, gaps
    database.close()
    return Database(found[0], store, tick, original=copy), (*gaps, *_losses(store, found[1]))


def _count_rows(database: Database) -> int:
    return sum(
        int(row[0]) for table in database.tables for row in database.rows(f"SELECT count(*) FROM {quoted(table)}")
    )


def _log_gaps(store: str, log: LogState) -> tuple[Gap, ...]:
    hides = ("the last changes before the backup",)
    if log.lost:
        return (_gap(store, GapReason.LOG_TORN, hides, log.lost, log.frames),)
    if log.unfinished:
        return (_gap(store, GapReason.LOG_ENDS_INSIDE_CHANGE, hides, log.unfinished, fault=False),)
    return ()


def _sound(database: Database) -> Database:
    if not is_sound(database):
        database.close()
        raise UnreadableDatabaseError(
            f"The database {database.store} is damaged.", "Another backup of the device may have a whole copy."
        )
    return database


def _without_log(copy: Path, store: str, workspace: Workspace, tick: Tick) -> Database | None:
    """The main file alone, where that is sound."""
    target = workspace.new_file(copy.name)
    require_space(target, copy.stat().st_size, store)
    with copy.open("rb") as source, create(target) as output:
        shutil.copyfileobj(source, output)
    try:
        return _sound(Database(target, store, tick, original=copy))
    except UnreadableDatabaseError:
        return None


def _rebuilt(copy: Path, log: Path | None, workspace: Workspace) -> tuple[Path, Rebuilt] | None:
    target = workspace.new_file(copy.name)
    try:
        return target, rebuild(copy, log, target)
    except UnreadableDatabaseError:
        return None
    except sqlite3.Error as error:  # of the new file: the temporary folder is full, or fails
        raise folder_trouble(target, error) or error from error


def _losses(store: str, result: Rebuilt) -> tuple[Gap, ...]:
    """What the damage costs; that of an index alone costs nothing, which is no gap."""
    older: tuple[Gap, ...] = ()
    if result.older_pages:
        hides: tuple[str, ...] = ("the last changes before the backup",)
        older = (_gap(store, GapReason.PAGES_OLDER, hides, result.older_pages),)
    damaged = [table for table in result.tables if table.bad_pages]
    if not damaged:
        return older
    known = ", ".join(
        f"{table.name}: {'an unknown number' if table.lost is None else f'{table.lost:,}'}" for table in damaged
    )
    why = GapReason.PAGE_UNREADABLE if result.bad_pages == 1 else GapReason.PAGES_UNREADABLE
    hides = tuple(f"the lost rows of {table.name}" for table in damaged)
    return (*older, _gap(store, why, hides, result.bad_pages, known))


def _gap(store: str, why: GapReason, hides: tuple[str, ...], *values: int | str, fault: bool = True) -> Gap:
    return Gap(GapSubject.DAMAGED_DATABASE, store, why, hides, fault=fault, values=values)
