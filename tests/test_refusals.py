"""What the system refuses is neither missing nor damaged: each error on a blob, on Manifest.db and on the plists."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery.analysis.model import FileState, Findings, OrphanCode, Status
from recovery.errors import AccessDeniedError, DamagedBackupError, SystemReadError
from recovery.extraction.parts import FilePart
from recovery.gap_codes import GapReason, GapSubject
from recovery.refusals import reason_of, remedy
from recovery.report.messages.gaps import line
from recovery.report.messages.status import reason
from recovery.source import backup_view, reading
from recovery.source.stored_files import StoredFiles
from tests.scanning import PASSPHRASE, named, scan, view_of
from tests.talking import say

REASONS = {
    errno.EIO: GapReason.READ_ERROR,
    errno.EACCES: GapReason.PERMISSION_DENIED,
    errno.EMFILE: GapReason.TOO_MANY_OPEN_FILES,
    errno.ENFILE: GapReason.TOO_MANY_OPEN_FILES,
    errno.ENOSPC: GapReason.NO_SPACE,
}
EACH = pytest.mark.parametrize("number", REASONS, ids=errno.errorcode.get)
TWINS = pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])
Refuse = Callable[..., None]


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Let the system refuse to open every file of these names."""
    whole = reading.open_descriptor

    def refusing(names: str | set[str], number: int, below: Path = Path("/")) -> None:
        def opened(path: str | Path) -> int:
            here = Path(path)
            if here.name in ({names} if isinstance(names, str) else names) and below in here.parents:
                raise OSError(number, os.strerror(number), str(path))
            return whole(path)

        monkeypatch.setattr(reading, "open_descriptor", opened)

    return refusing


def still_of(folder: Path, passphrase: str | None) -> str:
    """The file ID of the one still."""
    (asset,) = scan(folder, passphrase).assets
    return next(item.file_id for item in asset.files if item.role == "still")


def all_of(folder: Path, passphrase: str | None = None) -> set[str]:
    """The file IDs of everything that is here of the photos."""
    return {item.file_id for asset in scan(folder, passphrase).assets for item in asset.files}


def check(found: Findings, number: int) -> None:
    """The still is unreadable and nothing else."""
    asset = named(found, "IMG_0001.HEIC")
    assert asset.status is Status.REDUCED_COPY and found.totals.unreadable == 0
    (still,) = (item for item in asset.files if item.role == "still")
    assert still.state is FileState.UNREADABLE and not still.recoverable
    assert errno.errorcode[number] in still.note
    totals = found.totals
    assert (totals.unreadable_files, totals.damaged_files, totals.missing_blobs) == (1, 0, 0)
    assert totals.assets == sum(getattr(totals, status) for status in Status)
    here = sum(item.size or 0 for item in asset.files if item.recoverable)
    assert totals.recoverable_bytes == here
    assert not any(end.code is OrphanCode.MISSING_BLOB for end in found.loose_ends)
    assert "this computer cannot read the still, which may be whole" in reason(asset.status_reason)
    (gap,) = (gap for gap in found.gaps if gap.what is GapSubject.UNREADABLE_FILES)
    assert gap.fault and gap.why is REASONS[number] and remedy(gap.why).rstrip(".") in line(gap)
    assert found.faults


@EACH
@TWINS
def test_a_blob_that_cannot_be_opened_is_unreadable(
    tmp_path: Path, refuse: Refuse, passphrase: str | None, number: int
) -> None:
    """Each error on opening it."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path, passphrase)
    refuse(still_of(folder, passphrase), number)
    check(scan(folder, passphrase), number)


@EACH
@TWINS
def test_a_photo_of_which_no_copy_can_be_read_is_unreadable(
    tmp_path: Path, refuse: Refuse, passphrase: str | None, number: int
) -> None:
    """It is neither missing nor damaged, and nobody promises that it can be recovered."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path, passphrase)
    refuse(all_of(folder, passphrase), number)
    found = scan(folder, passphrase)
    asset = named(found, "IMG_0001.HEIC")
    assert asset.status is Status.UNREADABLE and not asset.recoverable
    totals = found.totals
    assert (totals.unreadable, totals.not_found, totals.damaged_files, totals.missing_blobs) == (1, 0, 0, 0)
    assert totals.assets == sum(getattr(totals, status) for status in Status) and not totals.recoverable_bytes
    assert reason(asset.status_reason) == "this computer cannot read the still, which may be whole"


@EACH
def test_every_output_calls_it_unreadable(tmp_path: Path, refuse: Refuse, number: int) -> None:
    """Text, diagnose, page, CSV, JSON and compare say it; none says missing, damaged or recoverable."""
    folder = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "new")
    whole = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "old")
    refuse(all_of(folder), number, folder)
    told = say("scan", folder, "--all")
    words = " ".join(told.out.split())
    assert told.code == 3 and "unreadable: this computer cannot read still and video, which may be whole" in words
    assert "unreadable: here, but this computer cannot read it; it may be whole" in words
    (row,) = csv.DictReader(io.StringIO(say("scan", folder, "--all", "--format", "csv").out))
    assert row["status"] == "unreadable"
    document = json.loads(say("scan", folder, "--json").out)
    assert [asset["status"] for asset in document["assets"]] == ["unreadable"]
    assert document["totals"]["unreadable"] == 1
    page = tmp_path / "page.html"
    assert say("report", folder, page).code == 3
    shown = page.read_text()
    assert "fill-unreadable" in shown and "can be recovered from this backup" not in shown
    difference = say("compare", whole, folder)
    assert difference.code == 3 and "1 with an original in the newer one that this computer" in difference.out
    assert "lacks the" not in difference.out and "no longer whole" not in difference.out
    for text in (words, " ".join(say("diagnose", folder).out.split())):
        assert "Status not found" not in text and "without a picture" not in text and "not there" not in text
        assert "What can be recovered: 0 bytes" in text or "can be recovered" not in text


@EACH
def test_a_head_that_cannot_be_read_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """It opens, and the first read fails."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path)
    wanted, whole = still_of(folder, None), os.read

    def read(descriptor: int, length: int) -> bytes:
        if Path(f"/proc/self/fd/{descriptor}").readlink().name == wanted:
            raise OSError(number, os.strerror(number))
        return whole(descriptor, length)

    monkeypatch.setattr(backup_view.os, "read", read)
    check(scan(folder), number)


@EACH
def test_zeros_that_cannot_be_read_on_are_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A head of zeros says nothing while the rest cannot be read."""
    folder = BackupBuilder().with_photo("IMG_0001").zeroed().build(tmp_path)

    with view_of(folder) as view:
        entry = next(item for item in view.index.entries("CameraRollDomain", "Media/DCIM/") if item.kind == "file")
        assert view.examine(entry).state is FileState.DAMAGED
        monkeypatch.setattr(StoredFiles, "stored", lambda *_: (_Failing(number), None))
        assert view.examine(entry).state is FileState.UNREADABLE


class _Failing:
    """A stream of which nothing can be read."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __enter__(self) -> _Failing:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, _: int) -> bytes:
        """Fail."""
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.EMFILE], ids=errno.errorcode.get)
def test_blobs_in_a_folder_that_cannot_be_listed_are_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The folder is not shown, nor what lies in it."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path)
    wanted = still_of(folder, None)
    listed, lstat = reading.listed, os.lstat

    def hidden(path: str | Path) -> object:
        if Path(path).name == wanted[:2]:
            raise OSError(number, os.strerror(number))
        return listed(path)

    def refused(path: str | Path, **how: object) -> os.stat_result:
        if Path(path).name == wanted:
            raise OSError(number, os.strerror(number))
        return lstat(path, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "listed", hidden)
    monkeypatch.setattr(os, "lstat", refused)
    check(scan(folder), number)


@EACH
def test_the_command_says_it_and_ends_with_3(tmp_path: Path, refuse: Refuse, number: int) -> None:
    """Text and JSON name it, what to do is said, and no word of damage."""
    folder = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path)
    refuse(still_of(folder, None), number)
    told = say("scan", folder, "--all")
    words = " ".join(told.out.split())
    assert told.code == 3
    assert "files that this computer cannot read" in words and remedy(REASONS[number]).rstrip(".") in words
    assert "Damaged: it is in the backup" not in words
    assert "Refused by the system" in words
    assert "in a file that this computer cannot read" in " ".join(say("diagnose", folder).out.split())
    assert "that are damaged" not in words and "whose contents are missing: 0" in words
    document = json.loads(say("scan", folder, "--json").out)
    states = {item["state"] for asset in document["assets"] for item in asset["files"]}
    assert "unreadable" in states and document["totals"]["unreadable_files"] == 1


@EACH
def test_a_manifest_that_the_system_refuses_is_not_damaged(tmp_path: Path, refuse: Refuse, number: int) -> None:
    """The run ends with a clear error and what to do."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path)
    refuse("Manifest.db", number)
    with pytest.raises((SystemReadError, AccessDeniedError)) as caught, view_of(folder):
        pytest.fail("it opens")
    assert not isinstance(caught.value, DamagedBackupError)
    assert caught.value.hint == remedy(REASONS[number])
    told = say("scan", folder)
    assert told.code == 1 and "damaged" not in told.err


@EACH
@pytest.mark.parametrize("name", ["Info.plist", "Manifest.plist", "Status.plist"])
def test_a_plist_that_the_system_refuses_is_a_gap_with_a_remedy(
    tmp_path: Path, refuse: Refuse, name: str, number: int
) -> None:
    """A plain backup is read without it."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path)
    refuse(name, number)
    found = scan(folder)
    (gap,) = (gap for gap in found.gaps if gap.where == name)
    assert gap.fault and gap.why is REASONS[number] and errno.errorcode[number] in line(gap)
    assert found.totals.complete == 1


@EACH
def test_an_encrypted_backup_whose_keys_the_system_refuses_is_not_damaged(
    tmp_path: Path, refuse: Refuse, number: int
) -> None:
    """Without Manifest.plist nothing unlocks it, and nothing says that it is damaged."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path, PASSPHRASE)
    refuse("Manifest.plist", number)
    refused = (SystemReadError, AccessDeniedError)
    with pytest.raises(refused, match=r"cannot read Manifest\.plist") as caught, view_of(folder, PASSPHRASE):
        pytest.fail("it opens")
    assert caught.value.hint == remedy(REASONS[number])


def test_each_system_has_its_remedy() -> None:
    """Full Disk Access is Apple's, permissions in Properties are those of Windows."""
    denied = GapReason.PERMISSION_DENIED
    assert "Full Disk Access" in remedy(denied, "darwin") and "Full Disk Access" not in remedy(denied, "linux")
    assert "Windows" in remedy(denied, "win32") and "sudo" in remedy(denied, "linux")
    assert reason_of(OSError(errno.EINVAL, "Invalid argument")) is GapReason.REFUSED_BY_SYSTEM


@EACH
def test_a_blob_that_cannot_be_opened_is_not_extracted_and_not_called_damaged(
    tmp_path: Path, refuse: Refuse, number: int
) -> None:
    """extract says that this computer cannot read it and what to do; verify of an earlier output does too."""
    folder, out = BackupBuilder().with_photo("IMG_0001").build(tmp_path), tmp_path / "out"
    wanted = still_of(folder, None)
    assert say("extract", folder, tmp_path / "whole", "--all", "--reduced", "never").code == 0
    refuse(wanted, number)
    told = say("extract", folder, out, "--all", "--reduced", "never")
    words = " ".join(told.out.split())
    assert told.code == 3 and remedy(REASONS[number]) in words
    assert "what is there may be whole" in words and "unreadable; the system refuses" in words
    assert "damaged" not in words and "not there" not in words and "could not be" not in words
    (file,) = json.loads((out / "run.json").read_text())["files"]
    assert (file["state"], file["target"]) == ("unreadable", None) and errno.errorcode[number] in file["reason"]
    checked = say("verify", tmp_path / "whole", folder)
    words = " ".join(checked.out.split())
    assert checked.code == 3 and "source unreadable" in words and remedy(REASONS[number]).rstrip(".") in words
    assert "source missing" not in words and "not the one" not in words


def test_no_space_for_the_output_is_our_own_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is told as one, with what to do, and not as anything about the backup."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path)

    write, failing = FilePart.write, [True]

    def full(part: FilePart, data: bytes) -> None:
        if failing and failing.pop():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(part, data)

    monkeypatch.setattr(FilePart, "write", full)
    monkeypatch.setattr(FilePart, "share", lambda *_: False)
    told = say("extract", folder, tmp_path / "out", "--all")
    words = " ".join(told.out.split())
    assert told.code == 3 and "No space left on device, ENOSPC" in words and "the backup is not at fault" in words
    assert remedy(GapReason.NO_SPACE) in words and "damaged" not in words and "unreadable" not in words


@EACH
def test_a_backup_folder_that_cannot_be_listed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Its files are found by their names; that others may lie there, which nobody names, is a gap with a remedy."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path)
    listed = reading.listed

    def hidden(path: str | Path) -> object:
        if Path(path) == folder:
            raise OSError(number, os.strerror(number))
        return listed(path)

    monkeypatch.setattr(reading, "listed", hidden)
    found = scan(folder)
    totals = found.totals
    assert (totals.complete, totals.missing_blobs, totals.damaged_files, totals.unreadable_files) == (1, 0, 0, 0)
    (gap,) = (gap for gap in found.gaps if gap.fault)
    assert (gap.what, gap.why, gap.where) == (GapSubject.UNLISTED_FOLDER, REASONS[number], ".")
    assert remedy(REASONS[number]).rstrip(".") in line(gap)
