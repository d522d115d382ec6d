"""Backups of iOS 9 and older: their list is Manifest.mbdb, which is named and not called damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from tests.scanning import PASSPHRASE
from tests.talking import say

OLD = b"mbdb\x05\x00" + b"\x00\x0fCameraRollDomain"


def backup(tmp_path: Path, version: str, passphrase: str | None = None, place: str = "Manifest.mbdb") -> Path:
    """A backup whose list is Manifest.mbdb."""
    made = BackupBuilder(layout="ios11", product_version=version, product_type="iPad3,1")
    folder = made.with_live_photo("IMG_0001").with_photo("IMG_0002").without_manifest_db().build(tmp_path, passphrase)
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).write_bytes(OLD)
    return folder


@pytest.mark.parametrize("place", ["Manifest.mbdb", "Snapshot/Manifest.mbdb"])
@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])
def test_a_backup_of_ios_9_is_named(
    tmp_path: Path, untouched: Callable[[Path], None], passphrase: str | None, place: str
) -> None:
    """What it is, that it holds no FaceTime Live Photos, what to do; never that it is damaged or hopeless."""
    folder = backup(tmp_path, "9.3.5", passphrase, place)
    untouched(folder)
    for command in (("scan",), ("diagnose",), ("timeline",), ("extract", tmp_path / "out")):
        said = say(command[0], folder, *command[1:])
        assert said.code == 1 and f"a backup of iOS 9.3.5: its list of files is {place}" in said.err
        assert "began with iOS 11" in said.err and "is not damaged" in said.err
        assert "othing can be recovered" not in said.all and "passphrase" not in said.all
    assert not (tmp_path / "out").exists()


def test_it_is_known_under_any_name_without_its_property_lists(tmp_path: Path) -> None:
    """Renamed and copied in part, the list alone tells; also when the list itself is named."""
    folder = backup(tmp_path / "a", "9.3.5").rename(tmp_path / "old iPad")
    for name in ("Info.plist", "Manifest.plist", "Status.plist"):
        (folder / name).unlink()
    for place in (folder, folder / "Manifest.mbdb"):
        said = say("scan", place)
        assert said.code == 1 and "a backup of iOS 9 or older" in said.err


def test_a_leftover_of_ios_9_does_not_make_a_later_backup_old(tmp_path: Path) -> None:
    """A lost Manifest.db of a newer iOS is a lost one; with one, nothing is said of the leftover."""
    lost = say("scan", backup(tmp_path / "a", "11.4"))
    assert lost.code == 3 and "IMG_0001" in lost.out
    closed = say("scan", backup(tmp_path / "b", "11.4", PASSPHRASE))
    assert closed.code == 1 and "has no Manifest.db" in closed.err and "nor Manifest.mbdb" in closed.err
    whole = BackupBuilder().with_photo("IMG_0001").build(tmp_path / "c")
    (whole / "Manifest.mbdb").write_bytes(OLD)
    assert "mbdb" not in say("scan", whole).all
