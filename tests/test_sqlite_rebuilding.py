"""Damaged databases: what SQLite can still fetch row by row is a lower bound for what a rebuild must find."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recovery.database import Database
from recovery.errors import UnreadableDatabaseError
from recovery.formats.sqlite.opening import open_readable
from recovery.formats.sqlite.rebuilding import is_sound, rebuild
from recovery.gap_codes import GapReason
from recovery.workspace import Workspace

PAGE = 4096
ROWS = 2_000
_SQL = (
    "CREATE TABLE ZASSET ( Z_PK INTEGER PRIMARY KEY, Z_ENT INT, ZUUID VARCHAR, ZFILENAME VARCHAR, ZDATE, ZDATA)",
    "CREATE INDEX Z_UUID ON ZASSET (ZUUID)",
    "CREATE TABLE words ( word TEXT NOT NULL DEFAULT 'x', number REAL )",
    "CREATE TABLE keyed ( name TEXT PRIMARY KEY, value ANY )",
    "CREATE VIEW seen AS SELECT ZUUID FROM ZASSET",
)
Row = tuple[object, ...]


def _made(path: Path, rows: int = ROWS) -> Path:
    """A database like a small photo library, some of whose rows reach onto overflow pages."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in _SQL:
            connection.execute(statement)
        connection.execute("BEGIN")
        for number in range(1, rows + 1):
            long = bytes(random.Random(number).randbytes(9_000 if number % 97 == 0 else number % 40))
            values = (number, 3, f"{number:08X}-0000-4000", f"IMG_{number:04d}.HEIC", 7e8 + number / 2, long)
            connection.execute("INSERT INTO ZASSET VALUES (?, ?, ?, ?, ?, ?)", values)
            connection.execute("INSERT INTO words VALUES (?, ?)", (f"wörd {number}", number * 1.5))
            connection.execute("INSERT INTO keyed VALUES (?, ?)", (f"key {number}", None if number % 3 else number))
        connection.execute("COMMIT")
    return path


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _made(tmp_path_factory.mktemp("library") / "Photos.sqlite")


def _rows(path: Path, table: str) -> dict[int, Row]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[0]: row[1:] for row in connection.execute(f"SELECT rowid, * FROM {table}")}


def _fetchable(path: Path, table: str, rowids: Iterator[int]) -> dict[int, Row]:
    """Every row that SQLite still gives when asked for it alone."""
    found: dict[int, Row] = {}
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        for rowid in rowids:
            try:
                row = connection.execute(f"SELECT * FROM {table} WHERE rowid = ?", (rowid,)).fetchone()
            except (sqlite3.Error, UnicodeDecodeError):
                continue
            if row is not None:
                found[rowid] = row
    return found


def _harm(path: Path, target: Path, page: int, junk: bytes, at: int = 0) -> Path:
    data = bytearray(path.read_bytes())
    start = (page - 1) * PAGE + at
    data[start : start + len(junk)] = junk[: PAGE - at]
    target.write_bytes(data)
    return target


def test_a_whole_database_is_rebuilt_as_it_was(library: Path, tmp_path: Path) -> None:
    result = rebuild(library, None, tmp_path / "rebuilt")
    for table in ("ZASSET", "words", "keyed"):
        assert _rows(tmp_path / "rebuilt", table) == _rows(library, table)
    assert (result.bad_pages, result.lost) == (0, 0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_page_costs_its_own_rows_only(library: Path, tmp_path: Path, data: st.DataObject) -> None:
    pages = library.stat().st_size // PAGE
    page = data.draw(st.integers(2, pages), "page")
    kind = data.draw(st.sampled_from([b"\0" * PAGE, b"\xa5" * PAGE, b"\xff" * 64]), "junk")
    harmed = _harm(library, tmp_path / "harmed", page, kind)
    (tmp_path / "rebuilt").unlink(missing_ok=True)
    rebuild(harmed, None, tmp_path / "rebuilt")
    for table in ("ZASSET", "words", "keyed"):
        original, found = _rows(library, table), _rows(tmp_path / "rebuilt", table)
        missing = _fetchable(harmed, table, iter(original)).keys() - found.keys()
        assert not missing, f"page {page}: {table} lacks {len(missing)} rows that SQLite gives"
        for rowid, row in found.items():
            # A value on a damaged overflow page is lost or holds that page's bytes; all others are as stored.
            assert row[:-1] == original[rowid][:-1]


def test_the_rows_lost_with_a_leaf_are_counted_by_an_index(library: Path, tmp_path: Path) -> None:
    data = library.read_bytes()
    page = data.find(b"IMG_0300.HEIC") // PAGE + 1
    harmed = _harm(library, tmp_path / "harmed", page, b"\0" * PAGE)
    result = rebuild(harmed, None, tmp_path / "rebuilt")
    table = result.of("ZASSET")
    assert table is not None and table.bad_pages == 1
    assert table.rows + (table.lost or 0) == ROWS and 0 < (table.lost or 0) < 100


def test_leaves_below_a_damaged_root_are_found(library: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(library)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ZASSET'").fetchone()
    harmed = _harm(library, tmp_path / "harmed", root, b"\0" * PAGE)
    assert _fetchable(harmed, "ZASSET", iter(range(1, ROWS))) == {}
    rebuild(harmed, None, tmp_path / "rebuilt")
    assert _rows(tmp_path / "rebuilt", "ZASSET") == _rows(library, "ZASSET")


def test_a_damaged_index_costs_nothing(library: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(library)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'Z_UUID'").fetchone()
    harmed = _harm(library, tmp_path / "harmed", root, b"\xff" * 64)
    with Workspace(tmp_path) as workspace, open_readable(harmed, "Photos.sqlite", workspace) as (database, gaps):
        assert len(list(database.rows("SELECT * FROM ZASSET"))) == ROWS
    assert gaps == ()


def _with_log(path: Path, tmp_path: Path) -> Path:
    """A copy of a library, with a write-ahead log that renames every tenth photo."""
    target = tmp_path / "logged.sqlite"
    shutil.copyfile(path, target)
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("UPDATE ZASSET SET ZFILENAME = 'NEW_' || Z_PK WHERE Z_PK % 10 = 0")
        shutil.copyfile(target, tmp_path / "kept.sqlite")
        shutil.copyfile(target.with_name(target.name + "-wal"), tmp_path / "kept.sqlite-wal")
    return tmp_path / "kept.sqlite"


def test_a_log_that_fits_is_applied_and_stays_as_it_is(library: Path, tmp_path: Path) -> None:
    copy = _with_log(library, tmp_path)
    wal = copy.with_name(copy.name + "-wal")
    before = copy.read_bytes(), wal.read_bytes()
    with Workspace(tmp_path) as workspace, open_readable(copy, "Photos.sqlite", workspace) as (database, gaps):
        names = [row["ZFILENAME"] for row in database.rows("SELECT ZFILENAME FROM ZASSET ORDER BY Z_PK")]
    assert names[9] == "NEW_10" and names[8] == "IMG_0009.HEIC" and gaps == ()
    assert (copy.read_bytes(), wal.read_bytes()) == before


def test_newer_pages_of_the_log_count_in_a_rebuild(library: Path, tmp_path: Path) -> None:
    copy = _with_log(library, tmp_path)
    with closing(sqlite3.connect(copy)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'words'").fetchone()
    harmed = bytearray(copy.read_bytes())
    harmed[(root - 1) * PAGE : root * PAGE] = bytes(PAGE)
    copy.write_bytes(harmed)
    rebuild(copy, copy.with_name(copy.name + "-wal"), tmp_path / "rebuilt")
    rows = _rows(tmp_path / "rebuilt", "ZASSET")
    assert rows[10][3] == "NEW_10" and rows[303][3] == "IMG_0303.HEIC" and len(rows) == ROWS
    assert len(_rows(tmp_path / "rebuilt", "words")) == ROWS


def test_the_main_file_alone_counts_where_its_log_is_of_another_moment(library: Path, tmp_path: Path) -> None:
    copy = _with_log(library, tmp_path)
    wal = copy.with_name(copy.name + "-wal")
    # The log's own checksums are made to fit pages of zeros, as a log of another database fits itself.
    wal.write_bytes(_blank_frames(wal.read_bytes()))
    with Workspace(tmp_path) as workspace, open_readable(copy, "Photos.sqlite", workspace) as (database, gaps):
        assert len(list(database.rows("SELECT * FROM ZASSET"))) == ROWS
    (gap,) = gaps
    assert gap.why is GapReason.READ_WITHOUT_LOG and gap.fault


def _blank_frames(log: bytes) -> bytes:
    """The log with every page zeroed and its checksums computed anew (fileformat2.html, 4.2)."""
    big = int.from_bytes(log[:4], "big") & 1
    order = "big" if big else "little"

    def summed(data: bytes, start: tuple[int, int]) -> tuple[int, int]:
        one, two = start
        for at in range(0, len(data), 8):
            one = (one + int.from_bytes(data[at : at + 4], order) + two) & 0xFFFFFFFF  # type: ignore[arg-type]
            two = (two + int.from_bytes(data[at + 4 : at + 8], order) + one) & 0xFFFFFFFF  # type: ignore[arg-type]
        return one, two

    out = bytearray(log[:32])
    sums = summed(log[:24], (0, 0))
    for at in range(32, len(log), 24 + PAGE):
        head = log[at : at + 8]
        sums = summed(bytes(PAGE), summed(head, sums))
        out += head + log[at + 8 : at + 16] + sums[0].to_bytes(4, "big") + sums[1].to_bytes(4, "big") + bytes(PAGE)
    return bytes(out)


def test_a_database_without_its_first_page_is_refused(library: Path, tmp_path: Path) -> None:
    harmed = tmp_path / "harmed"
    harmed.write_bytes(library.read_bytes()[:100] + bytes(PAGE - 100) + library.read_bytes()[PAGE:])
    with pytest.raises(UnreadableDatabaseError):
        rebuild(harmed, None, tmp_path / "rebuilt")


def test_quick_check_tells_sound_from_damaged(library: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copyfile(library, copy)
    with Database(copy, "copy") as database:
        assert is_sound(database)
    page = copy.read_bytes().find(b"IMG_0300.HEIC") // PAGE + 1
    with Database(_harm(library, tmp_path / "harmed", page, b"\xa5" * PAGE), "harmed") as database:
        assert not is_sound(database)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), changes=st.integers(1, 200))
def test_random_bytes_never_raise_anything_else(tmp_path: Path, seed: int, changes: int) -> None:
    path = tmp_path / "small.sqlite"
    if not path.exists():
        _made(path, 40)
    data, chance = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(changes):
        data[chance.randrange(100, len(data))] = chance.randrange(256)
    (tmp_path / "harmed").write_bytes(data)
    (tmp_path / "rebuilt").unlink(missing_ok=True)
    try:
        result = rebuild(tmp_path / "harmed", None, tmp_path / "rebuilt")
    except UnreadableDatabaseError:
        return
    assert all(table.rows >= 0 for table in result.tables)
