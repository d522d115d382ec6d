"""Copies of databases: the log applied, the evidence untouched, and damage told as our own error."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recovery import database, limits
from recovery.database import Database, open_file_copy
from recovery.errors import UnreadableDatabaseError
from recovery.workspace import Workspace


def make(path: Path, *statements: str) -> Path:
    """A database of these statements, written out whole."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return path


def with_log(folder: Path) -> Path:
    """A database of which a row was added and another removed in the log only, the log left beside it."""
    live = folder / "live"
    live.mkdir(parents=True)
    with closing(sqlite3.connect(live / "a.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        with connection:
            connection.execute("CREATE TABLE t (name TEXT)")
            connection.execute("INSERT INTO t VALUES ('removed')")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with connection:
            connection.execute("DELETE FROM t")
            connection.execute("INSERT INTO t VALUES ('added')")
        evidence = folder / "evidence"
        evidence.mkdir()
        for name in ("a.db", "a.db-wal"):
            (evidence / name).write_bytes((live / name).read_bytes())
    return evidence / "a.db"


def test_the_log_decides_the_rows(tmp_path: Path, workspace: Workspace, untouched: Callable[[Path], None]) -> None:
    """Rows are those after the log; beside the evidence nothing appears and nothing changes."""
    path = with_log(tmp_path)
    untouched(path.parent)
    with open_file_copy(path, workspace) as opened:
        assert [row["name"] for row in opened.rows("SELECT name FROM t")] == ["added"]
    assert sorted(item.name for item in path.parent.iterdir()) == ["a.db", "a.db-wal"]


def test_the_copy_cannot_be_written(tmp_path: Path, workspace: Workspace) -> None:
    """A statement that would write is refused, and nothing can be attached."""
    path = make(tmp_path / "a.db", "CREATE TABLE t (a)")
    with open_file_copy(path, workspace) as opened:
        for statement in ("INSERT INTO t VALUES (1)", f"ATTACH '{tmp_path / 'b.db'}' AS b"):
            with pytest.raises(UnreadableDatabaseError):
                list(opened.rows(statement))
    assert not (tmp_path / "b.db").exists()


def test_views_and_virtual_tables_are_no_tables(tmp_path: Path, workspace: Workspace) -> None:
    """Only real tables are listed: a view could run anything the maker of a file thought of."""
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE real_one (a, B)",
        "CREATE VIEW seen AS SELECT 1 AS a",
        "CREATE VIRTUAL TABLE ghost USING fts5(a)",
    )
    with open_file_copy(path, workspace) as opened:
        assert {"real_one"} == {name for name in opened.tables if not name.startswith("ghost_")}
        assert opened.columns("real_one") == ("a", "B")
        assert opened.columns("seen") == opened.columns("ghost") == opened.columns("nothing") == ()


def test_a_column_the_table_lacks_is_selected_as_null(tmp_path: Path, workspace: Workspace) -> None:
    """`select` gives every wanted column a name, present or not, whatever its letter case."""
    path = make(tmp_path / "a.db", 'CREATE TABLE "odd ""name" (A TEXT)', 'INSERT INTO "odd ""name" VALUES (\'x\')')
    with open_file_copy(path, workspace) as opened:
        (row,) = opened.rows(opened.select('odd "name', ["a", "missing"]))
        assert (row["rowid"], row["a"], row["missing"]) == (1, "x", None)


def test_what_is_no_database_is_our_own_error(tmp_path: Path, workspace: Workspace) -> None:
    """Garbage, and a path with nothing there, raise UnreadableDatabaseError."""
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"no database at all" * 100)
    for path in (garbage, tmp_path / "absent.db"):
        with pytest.raises(UnreadableDatabaseError), open_file_copy(path, workspace):
            pass


def test_damage_in_the_middle_gives_the_rows_before_it(tmp_path: Path, workspace: Workspace) -> None:
    """Rows before a ruined page are given, then the error comes."""
    path = make(
        tmp_path / "a.db",
        "PRAGMA page_size = 512",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 500) "
        "INSERT INTO t SELECT x, printf('%0100d', x) FROM n",
    )
    data = bytearray(path.read_bytes())
    data[-20 * 512 : -10 * 512] = os.urandom(10 * 512)
    path.write_bytes(data)
    read = []
    with open_file_copy(path, workspace) as opened, pytest.raises(UnreadableDatabaseError):
        for row in opened.rows("SELECT a FROM t ORDER BY a"):
            read.append(row["a"])
    assert read == list(range(1, len(read) + 1))
    assert 0 < len(read) < 500


def test_padding_behind_the_last_page_is_no_damage(tmp_path: Path, workspace: Workspace) -> None:
    """Sixteen bytes of cipher padding behind a database, as some tools leave, change nothing."""
    path = make(tmp_path / "a.db", "CREATE TABLE t (a)", "INSERT INTO t VALUES (7)")
    path.write_bytes(path.read_bytes() + b"\x10" * 16)
    with open_file_copy(path, workspace) as opened:
        assert [row["a"] for row in opened.rows("SELECT a FROM t")] == [7]


def test_text_that_is_no_utf8_is_still_text(tmp_path: Path, workspace: Workspace) -> None:
    """A text cell with foreign bytes is given with replacement marks."""
    path = make(tmp_path / "a.db", "CREATE TABLE t (a)", "INSERT INTO t VALUES (CAST(x'41FF42' AS TEXT))")
    with open_file_copy(path, workspace) as opened:
        assert [row["a"] for row in opened.rows("SELECT a FROM t")] == ["A\ufffdB"]


def test_rows_on_both_sides_of_a_foreign_text_come_once(tmp_path: Path, workspace: Workspace) -> None:
    """A text that is no UTF-8 among many rows changes nothing but itself: no row is lost, none comes twice."""
    path = make(tmp_path / "a.db", "CREATE TABLE t (n, a)")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO t VALUES (?, 'x' || ?)", ((n, n) for n in range(500)))
        connection.execute("UPDATE t SET a = CAST(x'41FF42' AS TEXT) WHERE n IN (100, 101, 499)")
    with open_file_copy(path, workspace) as opened:
        for _ in range(2):
            rows = [(row["n"], row["a"]) for row in opened.rows("SELECT n, a FROM t ORDER BY n")]
            assert rows == [(n, "A\ufffdB" if n in (100, 101, 499) else f"x{n}") for n in range(500)]


def test_a_statement_that_never_ends_is_stopped(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement beyond its time is interrupted and told as our own error."""
    monkeypatch.setattr(limits, "DATABASE_SECONDS", 0.0)
    monkeypatch.setattr(limits, "DATABASE_PROGRESS_STEPS", 1_000)
    path = make(tmp_path / "a.db", "CREATE TABLE t (a)")
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    with open_file_copy(path, workspace) as opened, pytest.raises(UnreadableDatabaseError, match="interrupted"):
        list(opened.rows(endless))


@pytest.mark.parametrize(
    ("value", "text", "whole", "number", "flag"),
    [
        (None, None, None, None, None),
        ("a", "a", None, None, None),
        (b"a\0", "a", None, None, None),
        (b"\xff", "\ufffd", None, None, None),
        (1, None, 1, 1.0, True),
        (2, None, 2, 2.0, None),
        (1.5, None, None, 1.5, None),
        (3.0, None, 3, 3.0, None),
        (float("nan"), None, None, None, None),
        (float("inf"), None, None, None, None),
    ],
)
def test_a_cell_is_read_in_its_form_or_not_at_all(
    value: object, text: str | None, whole: int | None, number: float | None, flag: bool | None
) -> None:
    """Each form gives its value or None, never an error."""
    assert database.text_cell(value) == text
    assert database.whole_cell(value) == whole
    assert database.number_cell(value) == number
    assert database.flag_cell(value) is flag


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a small sound database."""
    path = make(
        tmp_path_factory.mktemp("small") / "a.db",
        "PRAGMA page_size = 512",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)",
        "CREATE INDEX i ON t (b)",
        "INSERT INTO t VALUES (1, 'one'), (2, 'two')",
    )
    return path.read_bytes()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 1535), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_changed_database_is_read_or_refused(
    small: bytes, workspace: Workspace, changes: list[tuple[int, int]]
) -> None:
    """Whichever bytes are changed, opening and reading end in rows or in our own error."""
    data = bytearray(small)
    for place, value in changes:
        data[place % len(data)] = value
    path = workspace.new_file("a.db")
    path.write_bytes(data)
    try:
        with Database(path, "a.db") as opened:
            for table in opened.tables:
                list(opened.rows(opened.select(table, opened.columns(table))))
    except UnreadableDatabaseError:
        pass
