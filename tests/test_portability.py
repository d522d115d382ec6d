"""Other systems: folders the system hides are told with the remedy, whatever the command."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from fixtures import BackupBuilder
from recovery.extraction.folder import extended
from recovery.gap_codes import GapReason
from recovery.refusals import remedy
from recovery.source.locate import default_roots
from tests.every_command import inside

REMEDY = remedy(GapReason.PERMISSION_DENIED).encode()
"""On macOS it names Full Disk Access; `test_refusals.py` reads that of each system."""


def hidden(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """As macOS hides a folder from a terminal without Full Disk Access: it is there, and cannot be listed."""
    real = os.scandir

    def refusing(path: str | os.PathLike[str] = ".") -> object:
        if Path(path) == folder:
            raise PermissionError(1, "Operation not permitted", str(path))
        return real(path)

    patch.setattr(os, "scandir", refusing)


@pytest.mark.parametrize("command", [["scan"], ["diagnose"], ["timeline"], ["extract", "out"], ["report", "page.html"]])
def test_a_hidden_folder_is_told_with_its_remedy(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence for what happened and one for what to do; exit code 1."""
    root = tmp_path / "MobileSync" / "Backup"
    BackupBuilder().with_photo("IMG_0001").build(root)
    hidden(monkeypatch, root)
    ending = inside([command[0], str(root), *(str(tmp_path / name) for name in command[1:])])
    assert ending.code == 1 and REMEDY in ending.errors and b"refuses to show" in ending.errors


def test_a_hidden_root_is_a_gap_of_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`backups` lists what it can see, says what it could not, and ends with 3."""
    root = tmp_path / "MobileSync" / "Backup"
    BackupBuilder().with_photo("IMG_0001").build(root)
    hidden(monkeypatch, root)
    ending = inside(["backups", str(root)])
    assert ending.code == 3 and REMEDY in b" ".join(ending.said.split())


def test_a_hidden_backup_is_told_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder opens and Manifest.db does not: the same remedy."""
    backup = BackupBuilder().with_photo("IMG_0001").build(tmp_path)
    real = os.open

    def refusing(path: object, *arguments: Any, **named: Any) -> int:
        if path == backup / "Manifest.db":
            raise PermissionError(1, "Operation not permitted")
        return real(path, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refusing)
    ending = inside(["scan", str(backup)])
    assert ending.code == 1 and REMEDY in ending.errors


def test_the_usual_folders_follow_the_system_and_not_this_one() -> None:
    """A Mac's and a PC's places are named from any system; elsewhere there are none."""
    home = Path("/home/ann")
    (mac,) = default_roots({}, "darwin", home)
    assert PurePosixPath(mac.as_posix()).parts[-2:] == ("MobileSync", "Backup")
    roaming, store = default_roots({"APPDATA": "R", "USERPROFILE": "P"}, "win32", home)
    assert roaming.parts == ("R", "Apple Computer", "MobileSync", "Backup") and store.parts[0] == "P"
    assert default_roots({}, "linux", home) == ()


def test_the_longest_path_fits_windows() -> None:
    """Output paths are used in the form without the limit of 260 characters."""
    long = "C:\\out\\" + "x" * 300
    assert PureWindowsPath(extended(long)).anchor.startswith("\\\\?\\")


def test_a_terminal_that_knows_no_umlaut_still_gets_an_answer(tmp_path: Path) -> None:
    """A Windows console of the old kind cannot show every name: a sign stands in, the run goes on."""
    from tests.every_command import ended, environment, started

    backup = BackupBuilder(device_name="Änne’s 📱").with_photo("IMG_0001").build(tmp_path)
    env = environment(None, tmp_path) | {"PYTHONIOENCODING": "cp437", "LC_ALL": "C"}
    ending = ended(started(["scan", str(backup)], env))
    assert ending.code in (0, 3) and "Änne".encode("cp437") in ending.output


def test_this_python_is_one_we_promise() -> None:
    """3.11 and newer."""
    assert sys.version_info >= (3, 11)
