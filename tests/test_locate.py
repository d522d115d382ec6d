"""Finding backups: usual folders of each system, and the one backup that a text means, never a guess."""

from __future__ import annotations

import os
import plistlib
from pathlib import Path

import pytest

from recovery.errors import AccessDeniedError, AmbiguousBackupError, BackupNotFoundError
from recovery.gap_codes import GapReason
from recovery.refusals import remedy
from recovery.report.messages.gaps import why
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


@pytest.mark.parametrize("wanted", ["Bob", "000", "", "x" * 5000, "~nobody-of-this-name", "/no/such/folder", "a\nb"])
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
    assert remedy(GapReason.PERMISSION_DENIED).rstrip(".") in why(gap)
    with pytest.raises(AccessDeniedError):
        locate(str(hidden), ())


def test_one_hidden_backup_does_not_hide_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two folders one may not be entered: the other is listed, the first is a gap."""
    closed, shown = backup(tmp_path, OLD), backup(tmp_path, NEW)
    real = Path.stat

    def refuse(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.parent == closed:
            raise PermissionError(13, "Permission denied")
        return real(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", refuse)
    found = find_backups((tmp_path,))
    assert [item.identity.folder for item in found] == [shown]
    assert [gap.where for gap in found.gaps] == [str(closed)]
    assert locate(str(tmp_path), ()) == shown
    with pytest.raises(AccessDeniedError):
        locate(str(closed / "Manifest.db"), ())


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("Ann\u2019s iPhone", "Ann's iPhone"),
        ("Ann's iPhone", "ann\u2019s  iphone "),
        ("iPhone de \u00c9lodie", "iPhone de E\u0301lodie"),
        ("Ann\u2019s\u00a0iPhone", "Ann\u2019s iPhone"),
        ("Dienst \u2013 iPad", "Dienst - iPad"),
        ("Stra\u00dfe", "STRASSE"),
        ("\uff21nn", "Ann"),
    ],
)
def test_a_device_name_is_found_however_it_is_typed(tmp_path: Path, stored: str, typed: str) -> None:
    """Apostrophes, dashes, blanks, letter case and the form of accents differ between keyboards and devices."""
    place = backup(tmp_path, name=stored)
    assert locate(typed, (tmp_path,)) == place


def test_a_name_that_is_another_is_not_found(tmp_path: Path) -> None:
    """Simplifying stops short of guessing."""
    backup(tmp_path, name="Ann\u2019s iPhone")
    with pytest.raises(BackupNotFoundError):
        locate("Anns iPhone", (tmp_path,))


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_backup_is_found_up_to_four_folders_below(tmp_path: Path, depth: int) -> None:
    """People name the folder of the case, or MobileSync."""
    place = backup(tmp_path.joinpath(*["Case 7", "Phone", "Export", "Backup"][: depth - 1]))
    assert locate(str(tmp_path), ()) == place
    assert [item.identity.folder for item in find_backups((tmp_path,))] == [place]


def test_five_folders_below_is_too_far(tmp_path: Path) -> None:
    """The whole disk is not searched."""
    backup(tmp_path.joinpath("1x", "2x", "3x", "4x"))
    with pytest.raises(BackupNotFoundError, match="up to 4 folders below"):
        locate(str(tmp_path), ())


def test_folders_of_a_backup_are_not_entered(tmp_path: Path) -> None:
    """What lies in a backup's own folders is content, even where it looks like a backup."""
    backup(tmp_path / "ab")
    backup(tmp_path / "Snapshot")
    assert not find_backups((tmp_path,)).records


@pytest.mark.parametrize("named", ["ab", "ab/" + "ab" * 20, "Snapshot", "Snapshot/Manifest.db"])
def test_what_lies_in_a_backup_means_the_backup(tmp_path: Path, named: str) -> None:
    """A blob, a two-letter folder or Snapshot stands for the backup around it."""
    place = backup(tmp_path)
    inner = place / named
    inner.parent.mkdir(parents=True, exist_ok=True)
    if "." in named or len(named) > 10:
        inner.write_bytes(b"")
    else:
        inner.mkdir(exist_ok=True)
    assert locate(str(inner), ()) == place


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_link_that_the_user_made_is_followed(tmp_path: Path) -> None:
    """Backups are often moved to another disk and linked; a circle of links ends."""
    place = backup(tmp_path / "disk")
    (tmp_path / "Backup").mkdir()
    (tmp_path / "Backup" / NEW).symlink_to(place, target_is_directory=True)
    (tmp_path / "Backup" / "again").symlink_to(tmp_path / "Backup", target_is_directory=True)
    (tmp_path / "mine").symlink_to(place, target_is_directory=True)
    assert locate(str(tmp_path / "mine"), ()) == place
    assert locate(str(tmp_path / "Backup"), ()).resolve() == place
    assert [item.identity.folder.resolve() for item in find_backups((tmp_path / "Backup",))] == [place]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
@pytest.mark.parametrize("wanted", ["Backup", f"Backup/{NEW}", "Ann's iPhone", NEW[:10]])
def test_however_a_linked_backup_is_found_it_is_the_folder_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    """The link that stands in the usual folder, the folder that holds it, or a name."""
    monkeypatch.chdir(tmp_path)
    place = backup(tmp_path / "disk")
    (tmp_path / "Backup").mkdir()
    (tmp_path / "Backup" / NEW).symlink_to(place, target_is_directory=True)
    assert locate(wanted, (tmp_path / "Backup",)) == place.resolve()


@pytest.mark.parametrize("around", ['"{}"', "'{}'", " {} ", ' "{}"'])
def test_quotes_left_around_a_path_are_taken_off(tmp_path: Path, around: str) -> None:
    """As Windows' `Copy as path` and shells leave them."""
    place = backup(tmp_path / "Application Support")
    assert locate(around.format(place), ()) == place


@pytest.mark.skipif(os.name == "nt", reason="a backslash parts folders on Windows")
def test_backslashes_of_a_shell_are_taken_out(tmp_path: Path) -> None:
    """A path dragged from a terminal and quoted as well."""
    place = backup(tmp_path / "Application Support")
    assert locate(str(place).replace(" ", "\\ "), ()) == place


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"PK\x03\x04rest", "a ZIP archive"), (b"\x1f\x8b\x08", "a gzip archive"),
     (bytes(257) + b"ustar\0", "a TAR archive"), (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive")],
)  # fmt: skip
def test_an_archive_is_named(tmp_path: Path, content: bytes, kind: str) -> None:
    """Whoever has an archive is told to unpack it."""
    (tmp_path / "backup.any").write_bytes(content)
    with pytest.raises(BackupNotFoundError, match=kind) as caught:
        locate(str(tmp_path / "backup.any"), ())
    assert "Unpack it" in caught.value.hint


def test_windows_without_a_profile_has_no_usual_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service account may have no home at all."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert default_roots({}, "win32") == ()
    assert default_roots({"APPDATA": "/roaming"}, "win32") == (Path("/roaming/Apple Computer/MobileSync/Backup"),)
