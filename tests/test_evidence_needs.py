"""Reading by declared needs: layouts, limits, damage in the middle, and hostile tables."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from evidence_tools import built
from hypothesis import given
from hypothesis import strategies as st

from recovery import limits
from recovery.app_data.store_reader import Column, Location, Store, Table, read_table
from recovery.database import Database, flag_cell, number_cell, text_cell, whole_cell
from recovery.errors import UnreadableDatabaseError
from recovery.gap_codes import GapReason, GapSubject
from recovery.report.messages.gaps import why

TABLE = Table(
    GapSubject.MESSAGES,
    "basket",
    (Column("name", required=True), Column("weight", hides=("pie",)), Column("colour")),
    ("cake", "pie"),
)
STORE = Store(
    GapSubject.MESSAGES,
    Location("HomeDomain", "Library/fruit.db"),
    ("cake",),
    GapReason.ENCRYPTED_BACKUPS_ONLY,
)


def names(row: sqlite3.Row) -> tuple[object, ...]:
    return tuple(row)


def test_rows_carry_every_declared_column(tmp_path: Path) -> None:
    """A column the table lacks is NULL; it is a gap only when it is declared to hide something."""
    with built(tmp_path, "CREATE TABLE basket (Name TEXT); INSERT INTO basket VALUES ('pear'), ('fig')") as database:
        reading = read_table(database, TABLE, names)
    assert reading.records == ((1, "pear", None, None), (2, "fig", None, None))
    assert [(gap.part, gap.hides, gap.fault) for gap in reading.gaps] == [("weight", ("pie",), False)]


def test_a_column_name_is_never_taken_as_a_text(tmp_path: Path) -> None:
    """SQLite reads an unknown quoted name as a text; a missing column must not become its own name."""
    with built(tmp_path, "CREATE TABLE basket (name TEXT, weight); INSERT INTO basket VALUES ('pear', 1)") as database:
        ((_, _, _, colour),) = read_table(database, TABLE, names)
    assert colour is None


@pytest.mark.parametrize(
    "script",
    ["", "CREATE VIEW basket AS SELECT 'pear' AS name", "CREATE TABLE basket (weight)",
     "CREATE TABLE basket (name PRIMARY KEY, weight) WITHOUT ROWID"],
)  # fmt: skip
def test_a_table_that_does_not_fit_is_a_gap(tmp_path: Path, script: str) -> None:
    """No table, a view in its place, a missing column, no row numbers: a gap with everything that it hides."""
    with built(tmp_path, script) as database:
        reading = read_table(database, TABLE, names)
    assert reading.records == ()
    (gap,) = (gap for gap in reading.gaps if not gap.part)
    assert gap.hides == ("cake", "pie")


def test_the_limit_is_said(tmp_path: Path) -> None:
    """A table of exactly the limit is whole; one row more is a fault."""
    script = "CREATE TABLE basket (name, weight); INSERT INTO basket (name) VALUES (1), (2), (3)"
    with built(tmp_path, script) as database:
        whole, cut = (read_table(database, TABLE, names, limit) for limit in (3, 2))
    assert (len(whole), whole.gaps) == (3, ())
    assert (len(cut), [gap.fault for gap in cut.gaps]) == (2, [True])


def test_damage_in_the_middle_keeps_what_came_before(tmp_path: Path) -> None:
    """A table whose later pages are overwritten gives its first rows and one fault that hides the answers."""
    path = tmp_path / "damaged.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE basket (name TEXT, weight INTEGER)")
        connection.executemany("INSERT INTO basket VALUES (?, 1)", [("x" * 500,) for _ in range(2_000)])
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xff" * (size // 4 // 4096 * 4096))
    with Database(path, "damaged.db") as database:
        reading = read_table(database, TABLE, names)
    assert 0 < len(reading) < 2_000
    (gap,) = reading.gaps
    assert (gap.fault, gap.hides, gap.where) == (True, ("cake", "pie"), "damaged.db")


def test_a_column_called_rowid_only_renames_itself(tmp_path: Path) -> None:
    """A hostile column that shadows the row number is read as a cell, and nothing breaks."""
    script = "CREATE TABLE basket (rowid TEXT, name TEXT, weight); INSERT INTO basket VALUES ('a', 'pear', 1)"
    with built(tmp_path, script) as database:
        assert read_table(database, TABLE, names).records == (("a", "pear", 1, None),)


def test_names_with_quotes_are_names(tmp_path: Path) -> None:
    """Table and column names are quoted: one that looks like SQL is still a name."""
    odd = 'x" UNION SELECT 1,2 --'
    with closing(sqlite3.connect(tmp_path / "odd.db")) as connection, connection:
        connection.execute('CREATE TABLE "x"" UNION SELECT 1,2 --" ("na""me" TEXT)')
        connection.execute('INSERT INTO "x"" UNION SELECT 1,2 --" VALUES (\'pear\')')
    with Database(tmp_path / "odd.db", "odd.db") as database:
        rows = read_table(
            database, Table(GapSubject.MESSAGES, odd, (Column('na"me', required=True),), ()), names
        ).records
    assert rows == ((1, "pear"),)


def test_absent_and_damaged_stores_are_two_things() -> None:
    """A file the backup does not carry is no fault; one it carries and nobody can read is."""
    absent, damaged = STORE.absent(), STORE.unreadable(UnreadableDatabaseError("it is torn"))
    assert (absent.why, absent.fault, absent.hides) == (GapReason.ENCRYPTED_BACKUPS_ONLY, False, ("cake",))
    assert (why(damaged), damaged.fault, damaged.where) == ("it is torn", True, "Library/fruit.db")


CELLS = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.binary()


@given(CELLS)
def test_cells_are_what_they_claim_or_none(value: object) -> None:
    """Whatever SQLite stores in a cell comes out as the asked type or as None."""
    text, whole, number, flag = text_cell(value), whole_cell(value), number_cell(value), flag_cell(value)
    assert text is None or (isinstance(value, str | bytes) and isinstance(text, str))
    assert whole is None or (type(whole) is int and whole == value)
    assert number is None or math.isfinite(number)
    assert flag is None or flag == value


def test_long_texts_are_cut() -> None:
    """A text beyond the limit does not travel on, as text or as bytes."""
    length = limits.CELL_CHARACTERS
    assert text_cell("ä" * (length + 1)) == text_cell("ä".encode() * (length + 1)) == "ä" * length
