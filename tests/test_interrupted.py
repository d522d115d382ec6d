"""Interrupted backups: the list of Snapshot and that of the backup are read, each with its own keys."""

from __future__ import annotations

import hashlib
import json
import os
import plistlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fixtures import BackupBuilder
from fixtures.container import file_id
from fixtures.interrupted import interrupt, set_state
from recovery.analysis.model import Basis, Findings, Status
from recovery.errors import DamagedBackupError, PassphraseMissingError, PassphraseWrongError
from recovery.gap_codes import GapSubject
from recovery.refusals import REFUSALS
from tests.scanning import PASSPHRASE, named, scan, view_of
from tests.talking import say

TWINS = pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])
MAY, JUNE = datetime(2024, 5, 1, 9, 30, tzinfo=UTC), datetime(2024, 6, 1, 9, 30, tzinfo=UTC)
BOTH = ("Snapshot/Manifest.db", "Manifest.db")
DOMAIN = "CameraRollDomain"
PHOTOS = file_id(DOMAIN, "Media/PhotoData/Photos.sqlite")


def blob_of(name: str) -> str:
    """The file ID of an original."""
    return file_id(DOMAIN, f"Media/DCIM/100APPLE/{name}")


def may() -> BackupBuilder:
    """The finished backup: a FaceTime photo and one of the camera."""
    return BackupBuilder(backup_date=MAY).with_live_photo("IMG_0001").with_photo("IMG_0002")


def june() -> BackupBuilder:
    """The backup of a month later, with other keys: IMG_0002 was deleted, IMG_0003 is new from FaceTime."""
    made = BackupBuilder(backup_date=JUNE).with_keys_of("June")
    return made.with_live_photo("IMG_0001").with_live_photo("IMG_0003")


def cut_off(
    tmp_path: Path,
    passphrase: str | None,
    state: str = "uploading",
    arrives: Callable[[str], bool] = lambda file_id: True,
    moved: Callable[[str], bool] = lambda name: False,
) -> Path:
    """June's backup cut off above May's."""
    older = may().build(tmp_path / "backups", passphrase)
    return interrupt(june().build(tmp_path / "new", passphrase), older, state, arrives=arrives, moved=moved)


def names(findings: Findings) -> dict[str, str]:
    """Every asset and its status."""
    return {asset.filename or "": str(asset.status) for asset in findings.assets}


def faults(findings: Findings) -> list[str]:
    """Where the faults lie that are about lists of files."""
    return [gap.where for gap in findings.gaps if gap.what is GapSubject.FILE_LIST and gap.fault]


@TWINS
def test_a_first_backup_cut_off_at_its_end_has_everything(
    tmp_path: Path, untouched: Callable[[Path], None], passphrase: str | None
) -> None:
    """Lists and files lie in Snapshot only; nothing is guessed, nothing hopeless, and the backup is unfinished."""
    whole = june().build(tmp_path / "whole", passphrase)
    expected = scan(whole, passphrase)
    folder = interrupt(june().build(tmp_path / "new", passphrase), state="moving")
    untouched(folder)
    found = scan(folder, passphrase)
    assert names(found) == names(expected) == {"IMG_0001.HEIC": "complete", "IMG_0003.HEIC": "complete"}
    assert found.totals == expected.totals
    assert (found.backup.complete, found.backup.encrypted) == (False, passphrase is not None)
    assert found.backup.file_lists == ("Snapshot/Manifest.db",)
    assert not [gap.where for gap in found.gaps if gap.fault or "Manifest" in gap.where]


@TWINS
def test_a_first_backup_cut_off_early_lacks_what_did_not_arrive(tmp_path: Path, passphrase: str | None) -> None:
    """What the list names and Snapshot lacks is missing; the rest is there."""
    lost = blob_of("IMG_0003.MOV")
    folder = interrupt(june().build(tmp_path / "new", passphrase), arrives=lambda name: name != lost)
    found = scan(folder, passphrase)
    assert names(found) == {"IMG_0001.HEIC": "complete", "IMG_0003.HEIC": "half"}
    assert found.totals.missing_blobs == 1


@TWINS
def test_an_incremental_backup_cut_off_before_its_list_came(tmp_path: Path, passphrase: str | None) -> None:
    """The finished backup is what it was; new files without a list are unlisted, and no version is mistaken."""
    expected = scan(may().build(tmp_path / "alone", passphrase), passphrase)
    folder = cut_off(tmp_path, passphrase)
    for name in ("Manifest.db", "Manifest.plist"):
        (folder / "Snapshot" / name).unlink()
    found = scan(folder, passphrase)
    for name in ("IMG_0001.HEIC", "IMG_0002.HEIC"):
        assert named(found, name).status is named(expected, name).status is Status.COMPLETE
        assert named(found, name).basis is Basis.PHOTOS_DATABASE
    assert found.backup.file_lists == ("Manifest.db",) and found.backup.complete is False
    assert found.totals.unlisted_blobs > 0 and found.totals.missing_blobs == 0


@TWINS
def test_a_first_backup_cut_off_before_its_list_came(tmp_path: Path, passphrase: str | None) -> None:
    """Plain files are found by their names; an encrypted backup says where its keys were looked for."""
    folder = interrupt(june().build(tmp_path / "new", passphrase))
    (folder / "Snapshot" / "Manifest.db").unlink()
    if passphrase is None:
        assert set(names(scan(folder)).values()) == {"complete"}
    else:
        with pytest.raises(DamagedBackupError, match=r"no Manifest\.db") as refusal:
            scan(folder)
        assert "nor Snapshot/Manifest.db nor Manifest.mbdb" in refusal.value.hint


@TWINS
def test_both_lists_of_an_incremental_backup_are_read(
    tmp_path: Path, untouched: Callable[[Path], None], passphrase: str | None
) -> None:
    """What is new, what stayed, and what only the finished backup still has; said in text and JSON."""
    folder = cut_off(tmp_path, passphrase)
    untouched(folder)
    found = scan(folder, passphrase)
    assert names(found) == {"IMG_0001.HEIC": "complete", "IMG_0002.HEIC": "complete", "IMG_0003.HEIC": "complete"}
    assert named(found, "IMG_0002.HEIC").basis.value == "file_attributes"  # June's library has no row of it
    assert found.backup.file_lists == BOTH and found.totals.missing_blobs == 0
    assert not faults(found)


@TWINS
def test_extract_and_verify_take_files_of_either_list(
    tmp_path: Path, untouched: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch, passphrase: str | None
) -> None:
    """Every original has the bytes it had in the plain backup it comes from; a change of either list is noticed."""
    plain = [builder.build(tmp_path / str(number)) for number, builder in enumerate((may(), june()))]
    folder, out = cut_off(tmp_path, passphrase), tmp_path / "out"
    untouched(folder.parent / folder.name / "Snapshot" / PHOTOS[:2])
    monkeypatch.setenv("RECOVER_FACETIME_PASSPHRASE", passphrase or "")
    said = say("scan", folder, "-v")
    assert "File lists  Snapshot/Manifest.db, then Manifest.db" in said.out and said.code == 0
    assert say("extract", folder, out, "--all").code == 0
    assert "Snapshot/Manifest.db, then Manifest.db" in (tmp_path / "out.html").read_text(encoding="utf-8")
    written = {item["file_id"]: item for item in json.loads((out / "run.json").read_bytes())["files"]}
    for name in ("IMG_0001.HEIC", "IMG_0001.MOV", "IMG_0002.HEIC", "IMG_0003.HEIC", "IMG_0003.MOV"):
        blob = blob_of(name)
        contents = {path.read_bytes() for backup in plain for path in backup.glob(f"??/{blob}")}
        assert written[blob]["sha256"] in {hashlib.sha256(content).hexdigest() for content in contents}
    assert say("verify", out, folder).code == 0
    (folder / "Snapshot" / "Manifest.db").write_bytes((folder / "Manifest.db").read_bytes())
    assert "another backup, or from an earlier state" in " ".join(say("verify", out, folder).out.split())


@TWINS
def test_a_library_that_did_not_arrive_is_there_as_it_was(tmp_path: Path, passphrase: str | None) -> None:
    """May's database with May's keys; June's photo has no row, and is found as a file."""
    found = scan(cut_off(tmp_path, passphrase, arrives=lambda name: name != PHOTOS), passphrase)
    assert {name: named(found, name).basis.value for name in names(found)} == {
        "IMG_0001.HEIC": "photos_database",
        "IMG_0002.HEIC": "photos_database",
        "IMG_0003.HEIC": "file_attributes",
    }
    assert set(names(found).values()) == {"complete"}


@TWINS
def test_a_file_cut_while_it_arrived_gives_way_to_the_whole_one(tmp_path: Path, passphrase: str | None) -> None:
    """The newer version is half a file, the older one whole."""
    older = may().build(tmp_path / "backups", passphrase)
    changed = june().with_photo("IMG_0002", width=640, height=480).build(tmp_path / "new", passphrase)
    folder = interrupt(changed, older)
    still = blob_of("IMG_0002.HEIC")
    (blob,) = folder.glob(f"Snapshot/??/{still}")
    blob.write_bytes(blob.read_bytes()[: blob.stat().st_size // 2 | 1])
    assert named(scan(folder, passphrase), "IMG_0002.HEIC").status is Status.COMPLETE
    with view_of(folder, passphrase) as view:
        entry = view.index.with_id(still)
        assert entry is not None and not entry.in_snapshot


@TWINS
@pytest.mark.parametrize("share", range(3))
def test_moving_is_read_wherever_it_stopped(tmp_path: Path, passphrase: str | None, share: int) -> None:
    """A third of the files has left Snapshot, or two, or all; the lists come last."""
    folder = cut_off(tmp_path, passphrase, "moving", moved=lambda name: len(name) == 40 and int(name, 16) % 3 <= share)
    found = scan(folder, passphrase)
    assert set(names(found).values()) == {"complete"} and len(names(found)) == 3
    assert not faults(found) and found.totals.missing_blobs == 0


@TWINS
@pytest.mark.parametrize("lists", [("Manifest.db", "Manifest.plist"), ("Manifest.plist",)], ids=["both", "plist"])
def test_moving_may_begin_with_the_lists(tmp_path: Path, passphrase: str | None, lists: tuple[str, ...]) -> None:
    """June's keys are found where they lie, and its files still in Snapshot."""
    folder = cut_off(tmp_path, passphrase, "moving", moved=lambda name: name in lists)
    found = scan(folder, passphrase)
    assert named(found, "IMG_0001.HEIC").status is named(found, "IMG_0003.HEIC").status is Status.COMPLETE
    assert named(found, "IMG_0003.HEIC").basis.value == "photos_database"


@TWINS
def test_removing_leaves_what_was_to_be_removed(tmp_path: Path, passphrase: str | None) -> None:
    """All is moved: one list, and files of the older backup that no list names any more."""
    folder = cut_off(tmp_path, passphrase, "removing", moved=lambda name: True)
    found = scan(folder, passphrase)
    assert named(found, "IMG_0003.HEIC").status is Status.COMPLETE
    assert found.backup.file_lists == ("Manifest.db",) and found.totals.unlisted_blobs > 0


@TWINS
def test_an_older_leftover_beside_a_finished_backup_comes_second(tmp_path: Path, passphrase: str | None) -> None:
    """May's attempt stayed in Snapshot, June's backup was finished: June's library counts, and nothing is missing."""
    finished = june().build(tmp_path / "backups", passphrase)
    folder = interrupt(may().build(tmp_path / "old", passphrase), finished, "finished")
    found = scan(folder, passphrase)
    assert found.backup.file_lists == ("Manifest.db", "Snapshot/Manifest.db") and found.backup.complete
    assert named(found, "IMG_0003.HEIC").basis.value == "photos_database"
    assert named(found, "IMG_0002.HEIC").basis.value == "file_attributes"
    assert found.totals.missing_blobs == 0


@TWINS
@pytest.mark.parametrize("state", ["finished", "uploading"])
def test_an_empty_leftover_changes_nothing(tmp_path: Path, passphrase: str | None, state: str) -> None:
    """An empty list and an empty folder in Snapshot."""
    folder = may().build(tmp_path, passphrase)
    expected = scan(folder, passphrase)
    (folder / "Snapshot" / "ab").mkdir(parents=True)
    (folder / "Snapshot" / "Manifest.db").write_bytes(b"")
    set_state(folder, state)
    found = scan(folder, passphrase)
    assert (found.totals, found.backup.file_lists) == (expected.totals, ("Manifest.db",))


@TWINS
@pytest.mark.parametrize("damaged", BOTH)
def test_one_damaged_list_leaves_the_other(tmp_path: Path, passphrase: str | None, damaged: str) -> None:
    """Its loss is a fault; the files of the other are read."""
    folder = cut_off(tmp_path, passphrase)
    (folder / damaged).write_bytes(b"\x93" * 8192)
    found = scan(folder, passphrase)
    assert faults(found) == [damaged] and found.backup.file_lists == tuple(set(BOTH) - {damaged})
    assert named(found, "IMG_0001.HEIC").status is Status.COMPLETE
    assert named(found, "IMG_0002.HEIC" if damaged == BOTH[0] else "IMG_0003.HEIC").status is Status.COMPLETE


@pytest.mark.parametrize("encrypted", ["older", "newer"])
def test_encryption_was_switched_in_between(tmp_path: Path, encrypted: str) -> None:
    """One list is plain and the other not: both are read, and the passphrase is asked for where the newest needs it."""
    older = may().build(tmp_path / "backups", PASSPHRASE if encrypted == "older" else None)
    newer = june().build(tmp_path / "new", PASSPHRASE if encrypted == "newer" else None)
    folder = interrupt(newer, older)
    found = scan(folder, PASSPHRASE)
    assert len(names(found)) == 3 and set(names(found).values()) == {"complete"}
    assert found.backup.encrypted is True and not faults(found)
    if encrypted == "newer":
        with pytest.raises(PassphraseMissingError):
            scan(folder)
    else:
        assert faults(scan(folder)) == ["Manifest.db"]
    listed = json.loads(say("backups", folder.parent, "--json").out)["backups"]
    assert [item["encrypted"] for item in listed] == [True]


def test_a_passphrase_that_was_changed_opens_one_list(tmp_path: Path) -> None:
    """Either passphrase reads the list it was set for, and the other list is told as closed; a third opens none."""
    folder = interrupt(june().build(tmp_path / "new", "June's"), may().build(tmp_path / "backups", "May's"))
    for passphrase, closed in (("June's", "Manifest.db"), ("May's", "Snapshot/Manifest.db")):
        found = scan(folder, passphrase)
        assert faults(found) == [closed]
        assert named(found, "IMG_0001.HEIC").status is Status.COMPLETE
    with pytest.raises(PassphraseWrongError):
        scan(folder, "July's")


def test_lists_of_the_same_date_are_ordered_by_the_state(tmp_path: Path) -> None:
    """Until the backup is finished that of Snapshot is the newer one."""
    older = may().build(tmp_path / "backups")
    folder = interrupt(may().with_photo("IMG_0004").build(tmp_path / "new"), older)
    assert scan(folder).backup.file_lists == BOTH
    set_state(folder, "finished")
    assert scan(folder).backup.file_lists == BOTH[::-1]


def test_the_folder_is_found_by_its_snapshot_alone(tmp_path: Path) -> None:
    """Renamed, without any property list beside Snapshot; also when Snapshot itself is named."""
    built = interrupt(june().build(tmp_path / "new"))
    folder = built.rename(tmp_path / "old phone")
    for name in ("Info.plist", "Status.plist"):
        (folder / name).unlink()
    for place in (folder, folder / "Snapshot", tmp_path):
        assert say("scan", place).out.count("IMG_0003.HEIC") and say("scan", place).code == 0


def test_manifests_without_dates_are_read(tmp_path: Path) -> None:
    """The state of the backup decides which one is newer."""
    folder = cut_off(tmp_path, PASSPHRASE)
    for path in (folder / "Manifest.plist", folder / "Snapshot" / "Manifest.plist"):
        stored = plistlib.loads(path.read_bytes())
        del stored["Date"]
        path.write_bytes(plistlib.dumps(stored))
    found = scan(folder, PASSPHRASE)
    assert found.backup.file_lists == BOTH and set(names(found).values()) == {"complete"}


@TWINS
def test_a_log_of_another_month_is_not_put_over_the_library(tmp_path: Path, passphrase: str | None) -> None:
    """May's library had a log, June's has none: June's rows are read as they are."""
    older = may().with_photo("IMG_0005").with_wal().build(tmp_path / "backups", passphrase)
    expected = scan(june().build(tmp_path / "alone", passphrase), passphrase)
    found = scan(interrupt(june().build(tmp_path / "new", passphrase), older), passphrase)
    rows = {asset.filename for asset in found.assets if asset.basis is Basis.PHOTOS_DATABASE}
    assert rows == {asset.filename for asset in expected.assets}
    assert not [gap for gap in found.gaps if gap.fault]


@TWINS
def test_a_log_that_did_not_arrive_is_a_gap(tmp_path: Path, passphrase: str | None) -> None:
    """June's library came, its log did not: May's log is not taken for it."""
    older = may().with_photo("IMG_0005").with_wal().build(tmp_path / "backups", passphrase)
    newer = june().with_photo("IMG_0006").with_wal().build(tmp_path / "new", passphrase)
    log = file_id(DOMAIN, "Media/PhotoData/Photos.sqlite-wal")
    found = scan(interrupt(newer, older, arrives=lambda name: name != log), passphrase)
    rows = {asset.filename for asset in found.assets if asset.basis is Basis.PHOTOS_DATABASE}
    assert rows == {"IMG_0001.HEIC", "IMG_0003.HEIC"}
    (gap,) = (gap for gap in found.gaps if gap.fault)
    assert gap.what is GapSubject.WRITE_AHEAD_LOG and gap.where.endswith("Photos.sqlite-wal")


@TWINS
def test_library_and_log_that_did_not_arrive_are_those_of_may(tmp_path: Path, passphrase: str | None) -> None:
    """Both as they were, the row of the log too."""
    older = may().with_photo("IMG_0005").with_wal().build(tmp_path / "backups", passphrase)
    newer = june().with_photo("IMG_0006").with_wal().build(tmp_path / "new", passphrase)
    lost = {PHOTOS, file_id(DOMAIN, "Media/PhotoData/Photos.sqlite-wal")}
    found = scan(interrupt(newer, older, arrives=lambda name: name not in lost), passphrase)
    rows = {asset.filename for asset in found.assets if asset.basis is Basis.PHOTOS_DATABASE}
    assert rows == {"IMG_0001.HEIC", "IMG_0002.HEIC", "IMG_0005.HEIC"}


def test_a_list_that_the_system_refuses_leaves_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused, or not readable for another reason: told as that, and the other list is read."""
    folder = cut_off(tmp_path, None)
    real = os.open
    for error in (PermissionError(1, "Operation not permitted"), OSError(5, "Input/output error")):

        def refusing(path: object, *arguments: Any, error: OSError = error, **named: Any) -> int:
            if path == folder / "Snapshot" / "Manifest.db":
                raise error
            return real(path, *arguments, **named)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(os, "open", refusing)
            found = scan(folder)
        assert faults(found) == ["Snapshot/Manifest.db"] and found.backup.file_lists == ("Manifest.db",)
        (gap,) = (gap for gap in found.gaps if gap.where == "Snapshot/Manifest.db")
        assert gap.why in REFUSALS and str(error.strerror) in str(gap.values[0])
