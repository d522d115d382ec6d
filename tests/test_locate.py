"""Finding backups: usual folders of each system, and the one backup that a text means, never a guess."""

from __future__ import annotations

import os
import plistlib
from pathlib import Path

import pytest

from recovery.errors import AccessDeniedError, AmbiguousBackupError, BackupNotFoundError
from recovery.source import locate as module
from recovery.source.locate import default_roots, find_backups, folder_size, is_backup, locate

NEW = "00008110-000A1B2C3D4E801E"
OLD = "a1b2c3d4" * 5


def backup(root: Path, folder: str = NEW, name: str = "Ann’s iPhone", **marks: bytes) -> Path:
    """A folder that looks like a backup of a device."""
    place = root / folder
    place.mkdir(parents=True)
    (place / "Manifest.db").write_bytes(b"SQLite format 3\0")
    info = {"Device Name": name, "Target Identifier": folder[:40] if len(folder) > 25 else folder}
    (place / "Info.plist").write_bytes(plistlib.dumps(info))
    for mark, content in marks.items():
        (place / mark).write_bytes(content)
    return place


def test_the_usual_folders_of_each_system() -> None:
    """macOS has one, Windows two (the site's iTunes, and the Store's or Apple Devices), others none."""
    home = Path("/home/ann")
    mac = default_roots({}, "darwin", home)
    assert mac == (home / "Library/Application Support/MobileSync/Backup",)
    environment = {"APPDATA": "/roaming", "USERPROFILE": "/profile"}
    assert default_roots(environment, "win32", home) == (
        Path("/roaming/Apple Computer/MobileSync/Backup"),
        Path("/profile/Apple/MobileSync/Backup"),
    )
    assert default_roots({}, "win32", home) == (
        home / "AppData/Roaming/Apple Computer/MobileSync/Backup",
        home / "Apple/MobileSync/Backup",
    )
    assert default_roots(environment, "linux", home) == ()


def test_the_defaults_are_those_of_this_computer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without arguments the home of this user decides."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert default_roots(platform="darwin") == (tmp_path / "Library/Application Support/MobileSync/Backup",)


@pytest.mark.parametrize("how", ["folder", "parent", "manifest", "info", "udid", "start", "letter case", "name"])
def test_a_backup_is_found_by_any_of_its_names(tmp_path: Path, how: str) -> None:
    """Folder, parent, Manifest.db, UDID, its start and the device name all mean the same backup."""
    place = backup(tmp_path)
    wanted = {
        "folder": str(place),
        "parent": str(tmp_path),
        "manifest": str(place / "Manifest.db"),
        "info": str(place / "Info.plist"),
        "udid": NEW,
        "start": NEW[:6],
        "letter case": NEW.lower(),
        "name": "ANN’S iphone",
    }[how]
    assert locate(wanted, (tmp_path,)) == place


def test_a_path_is_given_back_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path and one that begins with ~ become absolute paths."""
    place = backup(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert locate(NEW, ()) == place
    assert locate(f"~/{NEW}", ()) == place


def test_a_name_that_fits_several_is_never_guessed(tmp_path: Path) -> None:
    """Two devices of one name, two UDIDs of one start, two backups in one folder: the candidates are listed."""
    first, second = backup(tmp_path, OLD), backup(tmp_path, OLD[:-1] + "0")
    for wanted in ("Ann’s iPhone", OLD[:8], str(tmp_path)):
        with pytest.raises(AmbiguousBackupError) as caught:
            locate(wanted, (tmp_path,))
        assert [line.split("  ")[0] for line in caught.value.candidates] == sorted([str(first), str(second)])
        assert "Ann’s iPhone" in caught.value.candidates[0]


def test_a_whole_udid_wins_over_a_longer_one(tmp_path: Path) -> None:
    """A dated copy carries the UDID with a date behind: both have the name, so neither is chosen."""
    backup(tmp_path, OLD)
    copy = backup(tmp_path, f"{OLD}-20240601-093000")
    with pytest.raises(AmbiguousBackupError):
        locate(OLD, (tmp_path,))
    assert locate(copy.name, (tmp_path,)) == copy


@pytest.mark.parametrize(
    "wanted", ["Bob", "000", "", "x" * 5000, "~nobody-of-this-name", "/no/such/folder", "a\nb"]
)
def test_what_fits_nothing_is_told_with_the_places_looked_at(tmp_path: Path, wanted: str) -> None:
    """A name nobody has, a start too short, a name too long for a file: our own error, with the roots."""
    backup(tmp_path / "root")
    (tmp_path / "empty").mkdir()
    roots = (tmp_path / "root", tmp_path / "absent")
    if wanted == "":
        wanted = str(tmp_path / "empty")
    with pytest.raises(BackupNotFoundError) as caught:
        locate(wanted, roots)
    assert "recover-facetime backups" in caught.value.hint
    if "empty" not in wanted:
        assert str(tmp_path / "root") in str(caught.value)


def test_what_looks_like_a_backup(tmp_path: Path) -> None:
    """Manifest.db, or two plists, or one plist in a folder named as backups are; nothing less."""
    for folder, marks, expected in (
        ("a", ["Manifest.db"], True),
        ("b", ["Info.plist", "Status.plist"], True),
        (OLD, ["Info.plist"], True),
        ("c", ["Info.plist"], False),
        ("d", [], False),
        (NEW, [], False),
    ):
        (tmp_path / folder).mkdir()
        for mark in marks:
            (tmp_path / folder / mark).write_bytes(b"")
        assert is_backup(tmp_path / folder) is expected, folder


def test_backups_are_listed_with_their_sizes(tmp_path: Path) -> None:
    """Each backup one level deep, with the sum of its files; other folders and links are passed over."""
    place = backup(tmp_path)
    (place / "ab").mkdir()
    (place / "ab" / "blob").write_bytes(b"x" * 1000)
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to(place)
    found = find_backups((tmp_path, tmp_path / "absent"), with_size=True)
    assert [item.identity.device_name for item in found] == ["Ann’s iPhone"]
    assert (
        found.records[0].size
        == folder_size(place)
        == sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    )
    assert found.gaps == ()
    assert find_backups((tmp_path,)).records[0].size is None


def test_a_folder_the_system_hides_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS refuses to list its backup folder without Full Disk Access: the gap says what to do."""
    backup(tmp_path / "open")
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    scan = os.scandir

    def refuse(path: Path) -> object:
        if path == hidden:
            raise PermissionError(1, "Operation not permitted")
        return scan(path)

    monkeypatch.setattr(module.os, "scandir", refuse)
    found = find_backups((hidden, tmp_path / "open"))
    assert len(found) == 1
    (gap,) = found.gaps
    assert gap.fault
    assert "Full Disk Access" in gap.why
    with pytest.raises(AccessDeniedError):
        locate(str(hidden), ())


def test_one_hidden_backup_does_not_hide_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two folders one may not be entered: the other is listed, the first is a gap."""
    closed, shown = backup(tmp_path, OLD), backup(tmp_path, NEW)
    real = Path.is_file

    def is_file(path: Path) -> bool:
        if path.parent == closed:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "is_file", is_file)
    found = find_backups((tmp_path,))
    assert [item.identity.folder for item in found] == [shown]
    assert [gap.where for gap in found.gaps] == [str(closed)]
    assert locate(str(tmp_path), ()) == shown
    with pytest.raises(AccessDeniedError):
        locate(str(closed / "Manifest.db"), ())
