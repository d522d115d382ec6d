"""Deleted photos of generated libraries: what comes back from which copy, and that nothing living is reported."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.deleted_rows import DeletingLibrary, Figures, figures
from recovery import limits
from recovery.clock import from_cocoa
from recovery.database import Database, open_file_copy
from recovery.formats.sqlite import Live, Origin, RecordTemplate, carve_table, inspect_copy, log_of
from recovery.photos_db.carved_assets import DeletedRow, asset_shape, carve_assets
from recovery.provenance import Reading
from recovery.report.messages.gaps import why
from recovery.workspace import Workspace

PHOTOS = 1_200
RANGE = tuple(range(400, 800))
SCATTERED = tuple(sorted(random.Random(3).sample(range(1, PHOTOS), 60)))


def library(folder: Path, **options: str) -> DeletingLibrary:
    """A library of 1,200 photos with an empty log."""
    made = DeletingLibrary(folder / "Photos.sqlite", **options)
    made.add(PHOTOS)
    made.checkpoint()
    return made


def carve(path: Path, workspace: Workspace, numbers: dict[str, int] | None = None) -> Reading[DeletedRow]:
    """Search a copy, with the tables described by an open copy of it."""
    with open_file_copy(path, workspace) as database:
        return carve_assets(path, database, numbers)


Copy = Callable[[DeletingLibrary, Path], Path]
FILES, PAGES, COMPACTED = DeletingLibrary.copy_files, DeletingLibrary.copy_pages, DeletingLibrary.copy_compacted


@pytest.mark.parametrize(
    ("options", "pks", "attributes", "copy", "least"),
    [
        pytest.param({}, RANGE, True, FILES, 1.0, id="still in the log"),
        pytest.param({}, SCATTERED, True, FILES, 1.0, id="scattered, still in the log"),
        pytest.param({"journal": "DELETE"}, RANGE, False, PAGES, 0.95, id="range, rollback journal"),
        pytest.param({"secure_delete": "OFF"}, RANGE, True, PAGES, 0.95, id="range, not zeroed"),
        pytest.param({"secure_delete": "OFF"}, SCATTERED, True, PAGES, 0.95, id="scattered, not zeroed"),
        pytest.param({"secure_delete": "OFF"}, SCATTERED, True, FILES, 0.95, id="scattered, not zeroed, log"),
        pytest.param({"secure_delete": "OFF", "layout": "13537"}, SCATTERED, True, PAGES, 0.9, id="ZGENERICASSET"),
    ],
)
def test_deleted_photos_come_back(
    tmp_path: Path,
    workspace: Workspace,
    options: dict[str, str],
    pks: tuple[int, ...],
    attributes: bool,
    copy: Copy,
    least: float,
) -> None:
    """At least this share of the deleted photos, with names and times, and not one wrong report."""
    made = library(tmp_path, **options)
    made.keep_log()
    gone = made.delete(pks, attributes=attributes)
    path = copy(made, tmp_path / "copy.sqlite")
    found = figures(gone, carve(path, workspace), path)
    made.close()
    assert found.wrong == 0
    assert found.found >= least * found.deleted


def test_what_the_log_has_merged_comes_back_if_it_is_there(tmp_path: Path, workspace: Workspace) -> None:
    """SQLite writes half-zeroed pages before it frees them: every row still there is found, and no other."""
    made = library(tmp_path)
    gone = made.delete(RANGE)
    path = made.copy_pages(tmp_path / "copy.sqlite")
    found = figures(gone, carve(path, workspace), path)
    made.close()
    assert 0 < found.left < found.deleted
    assert (found.found, found.wrong) == (found.left, 0)


def test_scattered_deletes_survive_imports_unless_zeroed(tmp_path: Path, workspace: Workspace) -> None:
    """New photos go to the end of the table: the holes stay."""
    made = library(tmp_path, secure_delete="OFF")
    gone = made.delete(SCATTERED)
    made.add(60)
    path = made.copy_pages(tmp_path / "copy.sqlite")
    found = figures(gone, carve(path, workspace), path)
    made.close()
    assert found.wrong == 0
    assert found.found >= 0.95 * found.deleted


def test_a_compacted_copy_says_that_nothing_can_be_found(tmp_path: Path, workspace: Workspace) -> None:
    """The copy an iPhone makes since iOS 18: no rows, and a gap that says why; the original is not compacted."""
    made = library(tmp_path, secure_delete="OFF")
    made.delete(SCATTERED)
    path = made.copy_compacted(tmp_path / "copy.sqlite")
    reading = carve(path, workspace)
    state, original = inspect_copy(path), inspect_copy(made.copy_pages(tmp_path / "pages.sqlite"))
    made.close()
    assert reading.records == ()
    assert [gap.fault for gap in reading.gaps] == [False]
    assert "compacted" in why(reading.gaps[0])
    assert (state.compacted, state.freelist_pages, state.wal_frames) == (True, 0, 0)
    assert (state.auto_vacuum, state.page_size, state.reserved_bytes) == (True, 4096, 0)
    assert original.compacted is False


def test_a_compacted_copy_that_was_used_again_is_searched(tmp_path: Path, workspace: Workspace) -> None:
    """A restored phone starts from a compacted file: the order of its root pages alone proves nothing."""
    made = library(tmp_path)
    path = made.copy_compacted(tmp_path / "copy.sqlite")
    made.close()
    assert inspect_copy(path).compacted is True
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA secure_delete = OFF").fetchall()
    connection.execute("DELETE FROM ZASSET WHERE Z_PK = 150")
    connection.close()
    reading = carve(path, workspace)
    assert [row.uuid for row in reading] == [made.planted[150].uuid]


def test_a_row_tells_everything_that_was_in_it(tmp_path: Path, workspace: Workspace) -> None:
    """Names, times, states, size, and from the attributes row the first name and who brought the photo in."""
    made = library(tmp_path)
    (planted,) = made.delete([100])
    reading = carve(made.copy_files(tmp_path / "copy.sqlite"), workspace)
    made.close()
    (row,) = reading
    assert (row.uuid, row.pk, row.complete) == (planted.uuid, 100, True)
    assert (row.directory, row.filename) == ("DCIM/100APPLE", "IMG_0100.HEIC")
    assert row.created == from_cocoa(planted.created)
    assert row.added == from_cocoa(planted.created + 2.5)
    assert (row.trashed, row.trashed_at) == (True, from_cocoa(planted.created + 86_400))
    assert (row.hidden, row.kind, row.width, row.height) == (False, 0, 4032, 3024)
    assert row.kind_subtype in (0, 2)
    assert (row.original_filename, row.importer, row.imported_by) == ("lp_image_100.heic", "com.apple.facetime", 3)
    assert row.origin is Origin.SUPERSEDED_PAGE
    assert [source.store for source in row.sources] == ["copy.sqlite", "copy.sqlite"]


def test_older_versions_of_living_photos_are_not_deleted_photos(tmp_path: Path, workspace: Workspace) -> None:
    """A log full of changes and no deletion: nothing to report."""
    made = library(tmp_path)
    made.update(RANGE)
    made.update(RANGE, "ZDIRECTORY", "DCIM/999APPLE-a-longer-name-that-moves-the-row")
    made.update(RANGE, "ZUUID", None)
    path = made.copy_files(tmp_path / "copy.sqlite")
    assert carve(path, workspace).records == ()
    made.close()


def test_the_newest_version_of_a_deleted_photo_is_given_once(tmp_path: Path, workspace: Workspace) -> None:
    """Changed twice, then deleted: three versions lie in the log."""
    made = library(tmp_path)
    made.update([100], "ZFILENAME", "IMG_older.HEIC")
    made.update([100], "ZFILENAME", "IMG_newer.HEIC")
    made.delete([100])
    reading = carve(made.copy_files(tmp_path / "copy.sqlite"), workspace)
    made.close()
    assert [row.filename for row in reading] == ["IMG_newer.HEIC"]


def test_the_history_lends_a_row_its_lost_number(tmp_path: Path, workspace: Workspace) -> None:
    """A hole costs a row its Z_PK; with the number from the history the attributes are found."""
    made = library(tmp_path, secure_delete="OFF")
    (planted,) = made.delete([250])
    path = made.copy_pages(tmp_path / "copy.sqlite")
    made.close()
    alone = carve(path, workspace)
    assert [(row.uuid, row.pk, row.original_filename) for row in alone] == [
        (None, 250, planted.original_filename),
        (planted.uuid, None, None),
    ]
    (row,) = carve(path, workspace, {planted.uuid: 250})
    assert (row.uuid, row.pk, row.original_filename) == (planted.uuid, 250, planted.original_filename)


def test_an_emptied_library_gives_its_photos_back(tmp_path: Path, workspace: Workspace) -> None:
    """With no living row left to learn from, the declared columns are enough."""
    made = library(tmp_path)
    made.keep_log()
    gone = made.delete(range(1, PHOTOS + 1))
    path = made.copy_files(tmp_path / "copy.sqlite")
    found = figures(gone, carve(path, workspace), path)
    made.close()
    assert found == Figures(PHOTOS, PHOTOS, PHOTOS, PHOTOS, 0)


def test_reserved_bytes_do_not_hide_rows(tmp_path: Path, workspace: Workspace) -> None:
    """Two real libraries have 12 reserved bytes on every page; only the SQLite shell can make such a file."""
    shell = shutil.which("sqlite3")
    if shell is None:
        pytest.skip("the sqlite3 shell is not installed")
    made = library(tmp_path, secure_delete="OFF")
    compacted = made.copy_compacted(tmp_path / "copy.sqlite")
    made.close()
    script = ".filectrl reserve_bytes 12\nVACUUM;\nPRAGMA secure_delete = OFF;\n"
    script += f"DELETE FROM ZASSET WHERE Z_PK IN ({', '.join(map(str, SCATTERED))});\n"
    subprocess.run([shell, str(compacted)], input=script.encode(), check=True, capture_output=True, timeout=60)
    state = inspect_copy(compacted)
    if state.reserved_bytes != 12:
        pytest.skip("this shell cannot reserve bytes")
    gone = [made.planted[pk] for pk in SCATTERED]
    found = figures(gone, carve(compacted, workspace), compacted)
    assert found.wrong == 0
    assert found.found >= 0.95 * found.deleted


def test_the_files_are_only_read(tmp_path: Path, untouched: Callable[[Path], None], workspace: Workspace) -> None:
    """Neither the database nor its log changes, and no file appears beside them."""
    made = library(tmp_path)
    made.delete(SCATTERED)
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    path = made.copy_files(evidence / "Photos.sqlite")
    made.close()
    untouched(evidence)
    assert carve(path, workspace).records


def test_the_search_may_use_the_open_copy_itself(tmp_path: Path) -> None:
    """While a database is open its log is whole, so one copy is enough."""
    made = library(tmp_path)
    made.delete(RANGE)
    path = made.copy_files(tmp_path / "copy.sqlite")
    made.close()
    with Database(path, "Photos.sqlite") as database:
        assert len(carve_assets(database.path, database)) == len(RANGE)


def test_too_many_look_alikes_stop_the_search_and_say_so(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is a gap that counts as a fault: there may be more."""
    monkeypatch.setattr(limits, "RESIDUE_CANDIDATES", 20)
    made = library(tmp_path)
    made.delete(RANGE)
    reading = carve(made.copy_files(tmp_path / "copy.sqlite"), workspace)
    made.close()
    assert {gap.fault for gap in reading.gaps} == {True}
    assert len(reading) < len(RANGE)


def test_a_database_without_assets_or_attributes_says_so(tmp_path: Path, workspace: Workspace) -> None:
    """No asset table is a gap; no attributes table only leaves the first names out."""
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    assert why(carve(path, workspace).gaps[0]) == "The database has no asset table."


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, RecordTemplate, Live]:
    """The bytes of a small library and its log with deletions in both, to be damaged."""
    folder = tmp_path_factory.mktemp("damage")
    made = DeletingLibrary(folder / "Photos.sqlite", secure_delete="OFF")
    made.add(40)
    made.checkpoint()
    made.delete([5, 9, 13])
    made.checkpoint()
    made.delete(range(20, 36))
    path = made.copy_files(folder / "copy.sqlite")
    made.close()
    data, log = path.read_bytes(), path.with_name("copy.sqlite-wal").read_bytes()
    with Database(path, "copy") as database:
        return data, log, asset_shape(database, "ZASSET"), Live()


changes = st.lists(st.tuples(st.integers(0, 2**31), st.binary(min_size=1, max_size=12)), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=changes, log_changes=changes, cut=st.integers(0, 2**31), header=st.booleans())
def test_damage_never_crashes_the_search(
    tmp_path: Path,
    damaged: tuple[bytes, bytes, RecordTemplate, Live],
    changes: list[tuple[int, bytes]],
    log_changes: list[tuple[int, bytes]],
    cut: int,
    header: bool,
) -> None:
    """Bytes overwritten anywhere or in the header alone, the file cut: rows or gaps, never an exception."""
    data, log = bytearray(damaged[0]), bytearray(damaged[1])
    for target, edits in ((data, changes), (log, log_changes)):
        for position, piece in edits:
            at = position % (200 if header else len(target))
            target[at : at + len(piece)] = piece
    path = tmp_path / "damaged.sqlite"
    path.write_bytes(bytes(data[: max(600, cut % (2 * len(data)))]))
    path.with_name("damaged.sqlite-wal").write_bytes(bytes(log))
    reading = carve_table(path, damaged[2], damaged[3], log_of(path))
    assert all(row.table == "ZASSET" for row in reading)
    assert not reading.gaps or reading.gaps[0].fault
