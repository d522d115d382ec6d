"""Where temporary files may lie, never inside a backup, and what is said where there is no room."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery import database, temp_folder, workspace
from recovery.database import Database, open_file_copy
from recovery.errors import (
    RecoveryError,
    SystemReadError,
    TemporaryFolderError,
    TempSpaceError,
    UnreadableDatabaseError,
    UnreadableError,
)
from recovery.source.backup_view import open_backup
from recovery.temp_folder import FolderCandidate, candidates, checked, require_space, trouble
from recovery.workspace import Workspace, create
from tests.small_files import no_file_beyond
from tests.test_database import make, with_log


def test_a_folder_that_was_named_stands_alone() -> None:
    """The option before the environment, and its variables in the order of `tempfile`; empty ones do not count."""
    named, environment = Path("/named"), {"TMPDIR": "/one", "TEMP": "/two", "TMP": "/three"}
    assert candidates(named, environment, "linux") == (FolderCandidate(named, "--temp-folder"),)
    assert candidates(None, environment, "linux") == (FolderCandidate(Path("/one"), "TMPDIR"),)
    assert candidates(None, {"TMPDIR": "", "TMP": "/three"}, "win32") == (FolderCandidate(Path("/three"), "TMP"),)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_current_directory_is_no_candidate(platform: str) -> None:
    """Other than for `tempfile`, which ends there when nothing else can be written."""
    if os.name == "nt" and platform != "win32":
        pytest.skip("paths of POSIX")
    root = Path.cwd().anchor
    environment = {"LOCALAPPDATA": f"{root}Users/Ann/AppData/Local", "SYSTEMROOT": f"{root}Windows"}
    found = [path for path, _ in candidates(None, environment, platform)]
    assert found and all(path.is_absolute() for path in found)
    assert Path.cwd() not in found


@pytest.mark.parametrize("place", ["", "3d", "../{name}/3d", "link", "link/3d"])
@pytest.mark.parametrize("marks", ["whole", "Manifest.db", "Info.plist"])
def test_a_folder_inside_any_backup_is_refused(tmp_path: Path, place: str, marks: str) -> None:
    """The backup itself or a folder of it, through a link or `..`; also one of which hardly anything is left."""
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "backups")
    if marks != "whole":
        for path in backup.iterdir():
            if path.is_file() and path.name != marks:
                path.unlink()
    (backup / "3d").mkdir(exist_ok=True)
    (tmp_path / "link").symlink_to(backup)
    folder = tmp_path / place if place.startswith("link") else backup / place.format(name=backup.name)
    before = sorted(backup.rglob("*"))
    with pytest.raises(TemporaryFolderError, match=r"lies inside the backup .*nothing is ever written") as caught:
        Workspace(folder).__enter__()
    assert "--temp-folder" in caught.value.hint and "TMPDIR" in caught.value.hint
    assert sorted(backup.rglob("*")) == before


def test_the_folder_of_the_backups_may_hold_temporary_files(tmp_path: Path) -> None:
    """It is no backup itself: only what would lie among the evidence is refused."""
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "backups")
    with Workspace(backup.parent) as private:
        assert private.new_file("a").parents[2] == backup.parent


@pytest.mark.parametrize("kind", ["absent", "a file"])
def test_a_named_folder_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """No other takes its place: whoever named an encrypted disk wants no plaintext elsewhere."""
    place = tmp_path / "place"
    if kind == "a file":
        place.touch()
    monkeypatch.setenv("TMPDIR", str(place))
    with pytest.raises(TemporaryFolderError, match=r"place \(named by TMPDIR\) is no folder") as caught:
        Workspace().__enter__()
    assert "--temp-folder" in caught.value.hint and not isinstance(caught.value, TempSpaceError)


def test_the_systems_folders_are_tried_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that takes a private folder; with none the error is that of the first, and nothing is made."""
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "backups")
    good = tmp_path / "good"
    good.mkdir()
    tried = [FolderCandidate(tmp_path / "absent", ""), FolderCandidate(backup, ""), FolderCandidate(good, "")]
    monkeypatch.setattr(workspace, "candidates", lambda parent: tried)
    with Workspace() as private:
        assert private.new_file("a").parents[2] == good
    tried.pop()
    monkeypatch.chdir(backup)
    before = sorted(backup.rglob("*"))
    with pytest.raises(TemporaryFolderError, match="absent is no folder"):
        Workspace().__enter__()
    assert sorted(backup.rglob("*")) == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_every_way_of_having_no_room_is_one_error(tmp_path: Path, number: int) -> None:
    """A full disk, a quota, and a limit on the size of a file; the folder is the one that the user can choose."""
    path = tmp_path / f"{temp_folder.PREFIX}0123abcd" / "0001" / "Photos.sqlite"
    error = trouble(path, OSError(number, os.strerror(number)))
    assert isinstance(error, TempSpaceError) and not isinstance(error, UnreadableError)
    assert str(error) == f"The temporary folder {tmp_path} takes no more ({os.strerror(number)})."
    assert "--temp-folder" in error.hint and "TMPDIR" in error.hint


def test_windows_says_it_in_its_own_numbers(tmp_path: Path) -> None:
    """ERROR_DISK_FULL."""
    error = OSError(errno.EIO, "There is not enough space on the disk")
    error.winerror = 112  # type: ignore[attr-defined,unused-ignore]
    assert isinstance(trouble(tmp_path / "a", error), TempSpaceError)


def test_other_trouble_is_no_lack_of_space(tmp_path: Path) -> None:
    """And no damage of the backup either."""
    error = trouble(tmp_path / "a", OSError(errno.EACCES, "Permission denied"))
    assert type(error) is TemporaryFolderError and "Permission denied" in str(error) and error.hint


def test_needed_and_free_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is written; a file system that does not say how much is free is tried."""
    disk = (1_000_000, 900_000, 100_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(*disk))  # type: ignore[attr-defined]
    require_space(tmp_path / "a", 100_000, "Photos.sqlite")
    with pytest.raises(TempSpaceError, match=r"has 100,000 bytes free; Photos\.sqlite needs 100,001\.") as caught:
        require_space(tmp_path / "a", 100_001, "Photos.sqlite")
    assert (caught.value.needed, caught.value.free) == (100_001, 100_000)
    disk = (0, 0, 0)
    require_space(tmp_path / "a", 100_001, "Photos.sqlite")


def test_the_log_counts_twice(tmp_path: Path) -> None:
    """SQLite writes it into the main file at the end, and makes an index of it: measured, that much is needed."""
    source = with_log(tmp_path)
    sizes = [Path(f"{source}{suffix}").stat().st_size for suffix in ("", "-wal")]
    needed = database.space_for_copy(*sizes)
    with Workspace(tmp_path) as private:
        copy = private.new_file("copy.db")
        database.copy_files(source, copy)
        with Database(copy, "copy.db") as opened:
            list(opened.rows("SELECT * FROM t"))
            most = sum(path.stat().st_size for path in copy.parent.iterdir())
        assert max(most, copy.stat().st_size + sizes[1]) <= needed


def test_an_error_of_space_is_no_gap() -> None:
    """Whatever is told as a gap is an UnreadableError; the temporary folder's trouble is none."""
    assert issubclass(UnreadableDatabaseError, UnreadableError)
    assert issubclass(TempSpaceError, RecoveryError) and not issubclass(TemporaryFolderError, UnreadableError)


def test_a_file_of_the_workspace_speaks_for_its_folder(tmp_path: Path) -> None:
    """A limit on the size of files, which any user meets, is told as no space while writing and while closing."""
    with Workspace(tmp_path) as private:
        path = private.new_file("a")
        with no_file_beyond(10_000), pytest.raises(TempSpaceError, match=str(tmp_path)), create(path) as output:
            output.write(bytes(20_000))
        scratch = private.scratch()
        with no_file_beyond(10_000), pytest.raises(TempSpaceError):
            scratch.write(bytes(20_000))
            scratch.flush()
        assert path.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.iterdir())


def test_the_databases_own_files_too(tmp_path: Path) -> None:
    """SQLite's index of a log does not fit: that is no damage."""
    source = with_log(tmp_path)
    with Workspace(tmp_path) as private:
        copy = private.new_file("copy.db")
        database.copy_files(source, copy)
        with no_file_beyond(1_000), pytest.raises(TemporaryFolderError, match=str(tmp_path)):
            Database(copy, "copy.db")
        with Database(copy, "copy.db") as opened:
            assert [tuple(row) for row in opened.rows("SELECT name FROM t")]


def test_damage_is_still_damage(tmp_path: Path) -> None:
    """A file that is no database is not blamed on the temporary folder."""
    path = tmp_path / "a.db"
    path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 20)
    with Workspace(tmp_path) as private, pytest.raises(UnreadableDatabaseError), open_file_copy(path, private):
        pytest.fail("it opens")


def test_a_source_that_cannot_be_read_is_not_blamed_on_the_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way round too: a read error of the backup's disk is said of Manifest.db."""
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "backups")

    def failing(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(database, "copy_files", failing)
    with (
        Workspace(tmp_path) as private,
        pytest.raises(SystemReadError, match=r"cannot read Manifest\.db"),
        open_backup(backup, private),
    ):
        pytest.fail("it opens")


def test_nobody_else_makes_temporary_files() -> None:
    """There is one way to a temporary file; `tempfile` would write into folders to find one."""
    root = Path(__file__).parents[1]
    for path in (*(root / "recovery").rglob("*.py"), *(root / "cli").rglob("*.py")):
        assert "import tempfile" not in path.read_text(encoding="utf-8"), path


def test_checked_resolves_links(tmp_path: Path) -> None:
    """What is made is made where the link leads, which was looked at."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert checked(FolderCandidate(tmp_path / "link", "")) == (tmp_path / "real").resolve()


def test_sqlite_says_full(tmp_path: Path) -> None:
    """The code is SQLite's own, as `max_page_count` brings it about."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("PRAGMA max_page_count = 3")
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    path = make(tmp_path / "b.db", "CREATE TABLE t (n INTEGER)")
    with Database(path, "b.db") as opened:
        assert isinstance(opened._failed(caught.value), TempSpaceError)
