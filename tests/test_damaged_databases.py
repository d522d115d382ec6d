"""Damage of every kind in databases: any row whose page is whole is found, and what is lost is said."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures import BackupBuilder
from fixtures.builder import DEFAULT_DATE
from recovery.database import Database
from recovery.formats.sqlite.opening import open_readable
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.library_fields import TABLES, TableRole
from recovery.report.messages.gaps import why
from recovery.report.messages.sentences import paragraph
from recovery.source.manifest import file_id
from recovery.workspace import Workspace
from tests.scanning import scan

PAGE = 4096
FRAME = 24 + PAGE
ROWS, MORE, CHANGED = 2_000, 200, 10
_LEAF = 0x0D
_JUNK = {"zeros": bytes(PAGE), "noise": b"\xa5" * PAGE, "a sector": b"\xff" * 64}
_MARK = re.compile(rb"<(\d{4}):(old|new)>")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2,000 rows in the main file; the log, of several changes, renames every tenth and adds 200."""
    folder = tmp_path_factory.mktemp("library")
    live = folder / "live.sqlite"
    with closing(sqlite3.connect(live, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size={PAGE}")
        connection.execute("CREATE TABLE ZASSET (Z_PK INTEGER PRIMARY KEY, ZFILENAME TEXT, ZUUID TEXT, ZDATE REAL)")
        connection.execute("CREATE INDEX names ON ZASSET (ZUUID)")
        connection.execute("BEGIN")
        rows = (
            (number, f"<{number:04d}:old>", f"{number * 7919 % 10007:05d}" * 8, 1.5) for number in range(1, ROWS + 1)
        )
        connection.executemany("INSERT INTO ZASSET VALUES (?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        for number in range(CHANGED, ROWS + 1, CHANGED):
            connection.execute("UPDATE ZASSET SET ZFILENAME = ? WHERE Z_PK = ?", (f"<{number:04d}:new>", number))
        for number in range(ROWS + 1, ROWS + MORE + 1):
            connection.execute("INSERT INTO ZASSET VALUES (?, ?, ?, 2.5)", (number, f"<{number:04d}:new>", "x" * 40))
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{live}{suffix}", folder / f"Photos.sqlite{suffix}")
    return folder / "Photos.sqlite"


def _final_pages(main: bytes, log: bytes) -> Iterator[bytes]:
    """The newest image of each page, read here anew; the log holds nothing but finished changes."""
    pages = {at // PAGE + 1: main[at : at + PAGE] for at in range(0, len(main), PAGE)}
    for at in range(32, len(log), FRAME):
        pages[int.from_bytes(log[at : at + 4], "big")] = log[at + 24 : at + FRAME]
    return iter(pages.values())


def _marks(pages: Iterator[bytes]) -> dict[int, str]:
    """What the leaf pages of the table hold, by their bytes alone."""
    found = {}
    for page in pages:
        if page[0] == _LEAF:
            cells = int.from_bytes(page[3:5], "big")
            starts = [int.from_bytes(page[8 + 2 * i : 10 + 2 * i], "big") for i in range(cells)]
            for start in starts:
                if mark := _MARK.search(page, start, start + 40):
                    found[int(mark[1])] = mark[2].decode()
    return found


def _read(copy: Path, folder: Path) -> tuple[dict[int, str], tuple[GapReason, ...]]:
    with Workspace(folder) as workspace, open_readable(copy, "Photos.sqlite", workspace) as (database, gaps):
        rows = {row["Z_PK"]: str(row["ZFILENAME"]) for row in database.rows("SELECT Z_PK, ZFILENAME FROM ZASSET")}
        indexed = database.rows("SELECT count(*) FROM ZASSET WHERE ZUUID >= ''")
        assert next(indexed)[0] == len(rows)
    return rows, tuple(gap.why for gap in gaps)


def _harmed(folder: Path, main: bytes, log: bytes | None) -> Path:
    copy = folder / "copy.sqlite"
    copy.write_bytes(main)
    copy.with_name("copy.sqlite-wal").unlink(missing_ok=True)
    if log is not None:
        copy.with_name("copy.sqlite-wal").write_bytes(log)
    return copy


def _log(library: Path) -> bytes:
    return library.with_name(library.name + "-wal").read_bytes()


def test_the_library_is_what_the_tests_say(library: Path, tmp_path: Path) -> None:
    rows, gaps = _read(_harmed(tmp_path, library.read_bytes(), _log(library)), tmp_path)
    marks = _marks(_final_pages(library.read_bytes(), _log(library)))
    assert rows == {number: f"<{number:04d}:{mark}>" for number, mark in marks.items()}
    assert (len(rows), gaps) == (ROWS + MORE, ())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_row_on_a_whole_page_is_found(library: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Whatever page of tables, indexes or log is damaged; and a row is as it was at one time or the other."""
    main, log = bytearray(library.read_bytes()), bytearray(_log(library))
    junk = _JUNK[data.draw(st.sampled_from(sorted(_JUNK)), "junk")]
    for _ in range(data.draw(st.integers(1, 3), "pages")):
        in_log = data.draw(st.booleans(), "in the log")
        where, size = (log, FRAME) if in_log else (main, PAGE)
        first = 32 + 24 if in_log else 0
        number = data.draw(st.integers(0 if in_log else 1, (len(where) - first) // size), "page")
        at = min(first + number * size, len(where) - len(junk))
        where[at : at + len(junk)] = junk
    rows, gaps = _read(_harmed(tmp_path, bytes(main), bytes(log)), tmp_path)
    whole = _marks(_final_pages(bytes(main), bytes(log)))
    missing = whole.keys() - rows.keys()
    assert not missing, f"{len(missing)} rows on whole pages: {sorted(missing)[:5]}; {gaps}"
    for number, name in rows.items():
        assert name in (f"<{number:04d}:old>", f"<{number:04d}:new>")
    if rows.keys() != set(range(1, ROWS + MORE + 1)):
        assert gaps


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_log_that_was_cut_costs_what_it_alone_held(library: Path, tmp_path: Path, data: st.DataObject) -> None:
    """What was finished before the cut counts, and the cut is told."""
    log = _log(library)
    cut = data.draw(st.integers(33, len(log) - 1).filter(lambda length: (length - 32) % FRAME), "length")
    rows, gaps = _read(_harmed(tmp_path, library.read_bytes(), log[:cut]), tmp_path)
    assert set(range(1, ROWS + 1)) <= rows.keys()
    assert rows == _at_commit(library.read_bytes(), log[:cut])
    assert gaps == (GapReason.LOG_TORN,)


def _at_commit(main: bytes, log: bytes) -> dict[int, str]:
    whole = [log[at : at + FRAME] for at in range(32, len(log) - FRAME + 1, FRAME)]
    ends = [number for number, frame in enumerate(whole, 1) if frame[4:8] != bytes(4)]
    finished = log[:32] + b"".join(whole[: ends[-1] if ends else 0])
    marks = _marks(_final_pages(main, finished))
    return {number: f"<{number:04d}:{mark}>" for number, mark in marks.items()}


def test_changes_behind_a_tear_are_read(library: Path, tmp_path: Path) -> None:
    """SQLite stops at the first damaged page of a log; those behind it are whole."""
    log = bytearray(_log(library))
    log[32 + 24 + 200 : 32 + 24 + 264] = b"\xff" * 64
    rows, gaps = _read(_harmed(tmp_path, library.read_bytes(), bytes(log)), tmp_path)
    assert len(rows) == ROWS + MORE
    assert rows[ROWS] == f"<{ROWS:04d}:new>"
    assert GapReason.LOG_TORN in gaps


@pytest.mark.parametrize("name", TABLES[TableRole.ASSET])
def test_a_table_without_rows_beside_a_full_one_does_not_count(name: str, tmp_path: Path) -> None:
    """A library that a migration left with two tables of assets: the one with rows is read."""
    other = next(table for table in TABLES[TableRole.ASSET] if table != name)
    path = tmp_path / "Photos.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE {name} (Z_PK INTEGER PRIMARY KEY)")
        connection.execute(f"CREATE TABLE {other} (Z_PK INTEGER PRIMARY KEY)")
        connection.execute(f"INSERT INTO {other} VALUES (1)")
        connection.commit()
    with Database(path, "Photos.sqlite") as database:
        assert database.table_in_use(TABLES[TableRole.ASSET]) == other
        assert database.table_in_use([name]) == name
        assert database.table_in_use(["ZNOTHING"]) is None


def test_an_empty_newer_table_of_assets_hides_no_photo(tmp_path: Path) -> None:
    """The whole way: photos of an older library, with a table of assets as newer systems have it, but empty."""
    made = BackupBuilder(layout="13703").with_live_photo("IMG_0001", in_attributes=False).favorite()
    folder = made.with_photo("IMG_0002", in_attributes=False).build(tmp_path)
    expected = scan(folder)
    name = file_id("CameraRollDomain", "Media/PhotoData/Photos.sqlite")
    with closing(sqlite3.connect(folder / name[:2] / name)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(ZGENERICASSET)")]
        connection.execute(f"CREATE TABLE ZASSET ({', '.join(columns)})")
        connection.commit()
    found = scan(folder)
    assert found.totals == expected.totals
    assert [asset.favorite for asset in found.assets] == [asset.favorite for asset in expected.assets]


def test_a_library_of_no_bytes_is_called_empty(tmp_path: Path) -> None:
    """The phone was out of space; the attributes of the files are still there."""
    made = BackupBuilder().with_live_photo("IMG_0001").with_photo("IMG_0002")
    folder = made.with_file("CameraRollDomain", "Media/PhotoData/Photos.sqlite", b"").build(tmp_path)
    findings = scan(folder)
    assert findings.totals.complete == 2
    assert [why(gap) for gap in findings.gaps if gap.what is GapSubject.PHOTO_LIBRARY] == [
        "Photos.sqlite is empty (0 bytes)."
    ]


def test_nobody_says_that_a_photo_without_row_and_attributes_is_not_deleted(tmp_path: Path) -> None:
    """One photo was in Recently Deleted, one hidden; with the library gone, nothing tells."""
    made = BackupBuilder().with_live_photo("IMG_0001").trashed(DEFAULT_DATE).without_xattrs()
    made.with_live_photo("IMG_0002").hidden().without_xattrs()
    summary = paragraph(scan(made.without_photos_database().build(tmp_path)).summary)
    assert "2 may be deleted or hidden, as nothing tells their state." in summary
    assert "neither deleted nor hidden" not in summary


@pytest.mark.parametrize("passphrase", [None, "demo"])
def test_rows_of_a_damaged_manifest_are_used_and_guesses_fill_the_gap(tmp_path: Path, passphrase: str | None) -> None:
    """One bad page in the middle of the list of files; in an encrypted backup nothing can stand in for its rows."""
    made = BackupBuilder()
    for number in range(1, 41):
        made.with_live_photo(f"IMG_{number:04d}")
    folder = made.build(tmp_path, passphrase)
    manifest = bytearray((folder / "Manifest.db").read_bytes())
    page = len(manifest) // PAGE // 2
    manifest[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
    (folder / "Manifest.db").write_bytes(manifest)
    findings = scan(folder, passphrase)
    faults = {gap.what for gap in findings.gaps if gap.fault}
    if passphrase is None:
        assert findings.totals.complete == 40
        assert faults == {GapSubject.FILE_LIST, GapSubject.DAMAGED_DATABASE}
    else:
        assert 35 <= findings.totals.complete < 40
        assert GapSubject.DAMAGED_DATABASE in faults
        assert GapSubject.FILE_LIST not in faults
