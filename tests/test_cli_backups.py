"""`recover-facetime backups`: the backups of a folder or of the usual ones, as a table or for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery.gap_codes import GapReason
from recovery.refusals import remedy
from tests.scanning import PASSPHRASE
from tests.talking import say

SECOND = "a1b2c3d4" * 5


@pytest.fixture
def root(tmp_path: Path, untouched: Callable[[Path], None]) -> Path:
    """A folder with a plain and an encrypted, unfinished backup."""
    folder = tmp_path / "Backup"
    BackupBuilder().with_screenshot("IMG_0001").build(folder)
    ipad = BackupBuilder(udid=SECOND, device_name="Bob’s iPad", product_type="iPad13,4", product_version="16.1")
    ipad.incomplete().build(folder, PASSPHRASE)
    untouched(folder)
    return folder


def test_each_backup_is_listed_with_what_one_needs_to_know(root: Path) -> None:
    """Device, system, date, encrypted or not, complete or not, size, and the folder to copy."""
    said = say("backups", root)
    assert (said.code, said.err) == (0, "")
    for word in ("Ann’s iPhone", "Bob’s iPad", "17.6", "16.1", "2024-06-01", "2 backups", str(root / SECOND)):
        assert word in said.out
    table = said.out.split("Folders, in the same order")[0]
    assert all(len(line) <= 80 for line in table.splitlines())


def test_scripts_get_one_document(root: Path) -> None:
    """Paths, UDIDs, dates, states and sizes in bytes."""
    said = say("backups", root, "--json")
    first, second = json.loads(said.out)["backups"]
    assert said.code == 0
    assert first == {
        "path": str(root / "00008110-000A1B2C3D4E801E"),
        "udid": "00008110-000A1B2C3D4E801E",
        "device_name": "Ann’s iPhone",
        "product_type": "iPhone14,5",
        "ios_version": "17.6",
        "backup_date": "2024-06-01T09:30:00.000Z",
        "encrypted": False,
        "complete": True,
        "size": sum(path.stat().st_size for path in (root / first["udid"]).rglob("*") if path.is_file()),
    }
    assert (second["encrypted"], second["complete"], second["device_name"]) == (True, False, "Bob’s iPad")
    quick = json.loads(say("backups", root, "--json", "--no-size").out)["backups"]
    assert [item["size"] for item in quick] == [None, None]


@pytest.mark.parametrize(
    ("platform", "below"),
    [
        ("darwin", "Library/Application Support/MobileSync/Backup"),
        ("win32", "AppData/Roaming/Apple Computer/MobileSync/Backup"),
        ("win32", "Apple/MobileSync/Backup"),
    ],
)
def test_the_usual_folders_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, below: str
) -> None:
    """Without ROOT the folders of Finder, iTunes and Apple Devices are listed."""
    BackupBuilder().build(tmp_path / below)
    monkeypatch.setattr("cli.backups.default_roots", lambda: usual(tmp_path, platform))
    said = say("backups")
    assert said.code == 0
    assert "Ann’s iPhone" in said.out


def usual(home: Path, platform: str) -> tuple[Path, ...]:
    """The usual folders of that system below a home."""
    from recovery.source.locate import default_roots

    environment = {"APPDATA": str(home / "AppData/Roaming"), "USERPROFILE": str(home)}
    return default_roots(environment, platform, home)


def test_no_backup_is_an_answer_and_no_folder_is_not(tmp_path: Path) -> None:
    """An empty folder holds none; a folder that does not exist cannot be looked at."""
    empty = say("backups", tmp_path)
    assert (empty.code, "No backup was found" in empty.out) == (1, True)
    assert str(tmp_path) in empty.out
    absent = say("backups", tmp_path / "absent")
    assert (absent.code, absent.out) == (1, "")
    assert "no folder" in absent.err


def test_a_folder_that_is_not_shown_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Full Disk Access the answer is not "none": exit code 3, and what to do."""

    def refuse(path: object) -> object:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("recovery.source.locate.os.scandir", refuse)
    said = say("backups", tmp_path)
    assert said.code == 3
    assert remedy(GapReason.PERMISSION_DENIED) in " ".join(said.out.split())
    assert json.loads(say("backups", tmp_path, "--json").out)["gaps"][0]["fault"] is True


def test_help_shows_an_example() -> None:
    """`--help` of the group and of the command says what they do."""
    for arguments in (("--help",), ("backups", "--help"), ("scan", "--help")):
        said = say(*arguments)
        assert said.code == 0
        assert "recover-facetime" in said.out
    assert say("--version").out.startswith("recover-facetime")
    assert sys.argv[0] != "recover-facetime"


@pytest.mark.parametrize("arguments", [("nonsense",), ("scan",), ("backups", "--nonsense"), ("scan", "a", "b")])
def test_wrong_usage_is_code_two(arguments: tuple[str, ...]) -> None:
    """A slip at the keyboard is told on standard error."""
    said = say(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err


def test_a_path_with_unquoted_blanks_is_named_in_quotes(tmp_path: Path) -> None:
    """The shell makes two arguments of it; the remark says how to give it."""
    folder = BackupBuilder().with_screenshot("IMG_0001").build(tmp_path / "Application Support")
    first, second = str(folder).split(" ")
    said = say("scan", first, second)
    assert said.code == 2
    assert f'put it in quotes: "{folder}"' in said.err
