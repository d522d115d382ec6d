"""Checking an output: every difference is named, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery import limits
from recovery.errors import OutputError
from recovery.extraction.folder import STATE_FOLDER
from recovery.extraction.plan import plan
from recovery.extraction.selected_files import Selection
from recovery.extraction.verification import DifferenceCode, Verification, verify
from tests.extraction_tools import PASSPHRASE, everything, extract, findings_of, found, opened


def builder() -> BackupBuilder:
    """A FaceTime photo, a cut photo and a video."""
    return BackupBuilder().with_live_photo("IMG_0001").with_photo("IMG_0002").truncated_blob().with_video("IMG_0003")


@pytest.fixture(params=[None, PASSPHRASE], ids=["plain", "encrypted"])
def passphrase(request: pytest.FixtureRequest) -> str | None:
    """A plain and an encrypted twin."""
    secret: str | None = request.param
    return secret


@pytest.fixture
def backup(tmp_path: Path, passphrase: str | None) -> Path:
    """The backup."""
    return builder().build(tmp_path / "backups", passphrase)


@pytest.fixture
def out(tmp_path: Path, backup: Path, passphrase: str | None) -> Path:
    """Its extraction."""
    extract(backup, everything(builder()), tmp_path / "out", passphrase)
    return tmp_path / "out"


def codes(verification: Verification) -> dict[str, DifferenceCode]:
    """Differences by target."""
    return {difference.target: difference.code for difference in verification.differences}


def test_a_fresh_output_has_no_differences(
    out: Path, backup: Path, passphrase: str | None, untouched: Callable[[Path], None]
) -> None:
    """Neither with its record nor with the backup, salvaged files included; and checking changes nothing."""
    untouched(out)
    untouched(backup)
    with opened(backup, passphrase) as view:
        verification = verify(out, view)
    assert verification.differences == ()
    assert verification.compared_with_backup == 4 and verification.files == 4 + 2 * 3 + 1
    assert verify(out, record_sha256=verification.record_sha256).differences == ()


def test_each_change_is_named(out: Path) -> None:
    """One changed bit, a missing file, a stranger."""
    first, second, *_ = sorted(path for path in out.rglob("*.*") if path.suffix in (".HEIC", ".MOV"))
    data = bytearray(first.read_bytes())
    data[len(data) // 2] ^= 1
    first.write_bytes(data)
    second.unlink()
    (out / "stranger.txt").write_text("?")
    assert codes(verify(out)) == {
        first.relative_to(out).as_posix(): DifferenceCode.CHANGED,
        second.relative_to(out).as_posix(): DifferenceCode.MISSING,
        "stranger.txt": DifferenceCode.EXTRA,
    }


def test_a_link_in_place_of_a_file_is_not_the_file(out: Path, tmp_path: Path) -> None:
    """Even when it leads to the same bytes."""
    path = next(out.rglob("*.MOV"))
    path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    assert codes(verify(out)) == {path.relative_to(out).as_posix(): DifferenceCode.MISSING}


def test_a_record_cannot_be_changed_unseen(out: Path) -> None:
    """Neither the list of hashes, nor the run record when its printed hash is at hand."""
    printed = verify(out).record_sha256
    record = json.loads((out / "run.json").read_bytes())
    record["files"][0]["sha256"] = "0" * 64
    (out / "run.json").write_text(json.dumps(record))
    assert codes(verify(out, record_sha256=printed))["run.json"] is DifferenceCode.RECORD_DAMAGED
    assert codes(verify(out))["run.json"] is DifferenceCode.RECORD_DAMAGED  # it disagrees with the list
    with (out / "manifest.sha256").open("a") as stream:
        stream.write("0" * 64 + "  more\n")
    assert codes(verify(out))["manifest.sha256"] is DifferenceCode.CHANGED


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_a_damaged_record_is_an_error(out: Path, damaged: bytes) -> None:
    """With the advice how the files can still be checked."""
    (out / "run.json").write_bytes(damaged)
    with pytest.raises(OutputError) as caught:
        verify(out)
    assert "sha256sum" in caught.value.hint


def test_no_record_is_an_error(tmp_path: Path) -> None:
    """A folder that no run ended in cannot be checked."""
    with pytest.raises(OutputError, match=r"no run\.json"):
        verify(tmp_path)


def test_a_changed_backup_is_named(out: Path, backup: Path, passphrase: str | None) -> None:
    """One changed blob, one missing, and another state of the whole."""
    record = json.loads((out / "run.json").read_bytes())
    changed, missing = [file for file in record["files"] if file["target"] and not file["reason"]][:2]
    blobs = [backup / file["file_id"][:2] / file["file_id"] for file in (changed, missing)]
    data = bytearray(blobs[0].read_bytes())
    data[100] ^= 1
    blobs[0].write_bytes(data)
    blobs[1].unlink()
    with opened(backup, passphrase) as view:
        differences = codes(verify(out, view))
    assert differences == {
        changed["target"]: DifferenceCode.SOURCE_CHANGED,
        missing["target"]: DifferenceCode.SOURCE_MISSING,
    }


def test_another_backup_is_named(out: Path, tmp_path: Path) -> None:
    """Files of one backup checked against another."""
    other = BackupBuilder(udid="0" * 40).with_photo("IMG_0009").build(tmp_path / "others")
    with opened(other) as view:
        differences = codes(verify(out, view))
    assert differences["run.json"] is DifferenceCode.OTHER_BACKUP
    assert DifferenceCode.SOURCE_MISSING in differences.values()


def test_files_of_an_earlier_run_are_checked_too(tmp_path: Path, backup: Path, passphrase: str | None) -> None:
    """A second selection into the same folder keeps the first one's files under the record."""
    findings = findings_of(map(found, builder().assets))
    folder = tmp_path / "out"
    for asset in findings.assets:
        extract(backup, plan(findings, Selection(uuids=frozenset({str(asset.uuid)}))), folder, passphrase)
    with opened(backup, passphrase) as view:
        verification = verify(folder, view)
    assert verification.differences == () and verification.compared_with_backup == 4
    next(folder.rglob("*IMG_0001.HEIC")).unlink()
    assert list(codes(verify(folder)).values()) == [DifferenceCode.MISSING]


def test_a_hostile_record_leads_nowhere(out: Path, tmp_path: Path) -> None:
    """Paths that lead out of the folder are not files of the record."""
    (tmp_path / "secret").write_text("secret")
    record = json.loads((out / "run.json").read_bytes())
    count = verify(out).files
    record["earlier"] = [{"target": "../secret", "size": 6, "sha256": "0" * 64}, {"target": 5}, None]
    (out / "run.json").write_text(json.dumps(record))
    verification = verify(out)
    assert verification.files == count and "../secret" not in codes(verification)


def test_files_that_were_damaged_already_are_counted(out: Path) -> None:
    """As the record says: nothing differs, and nothing is called whole."""
    assert verify(out).damaged == 1


def replaced_folder(out: Path, beside: Path) -> set[str]:
    """A folder of the output moved away, a link in its place; the targets that lay in it."""
    folder = next(path for path in out.iterdir() if path.is_dir() and path.name != STATE_FOLDER)
    inside = {path.relative_to(out).as_posix() for path in folder.rglob("*") if path.is_file()}
    folder.rename(beside)
    folder.symlink_to(beside)
    return {folder.name, *inside}


def test_a_folder_replaced_by_a_link_is_named(out: Path, tmp_path: Path) -> None:
    """Even when it leads to the same files: they are not in the output."""
    expected = replaced_folder(out, tmp_path / "moved")
    differences = codes(verify(out))
    assert set(differences) == expected and len(expected) > 5
    assert set(differences.values()) == {DifferenceCode.EXTRA, DifferenceCode.MISSING}


def test_a_folder_deep_inside_replaced_by_a_link_is_named(out: Path, tmp_path: Path) -> None:
    """Each folder on the way counts."""
    folder = next(path for path in sorted(out.rglob("*")) if path.is_dir() and path.parent.parent == out)
    name = folder.relative_to(out).as_posix()
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    differences = codes(verify(out))
    assert differences.pop(name) is DifferenceCode.EXTRA
    assert differences and all(target.startswith(f"{name}/") for target in differences)


def test_every_stranger_is_named(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links to anything, a pipe, a socket, folders, and whatever lies in the record's own folder."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "hidden.txt").write_text("?")
    inside = next(path for path in out.rglob("*.MOV")).parent
    state = out / STATE_FOLDER
    strangers = {
        out / "to a folder": lambda path: path.symlink_to(tmp_path / "elsewhere"),
        inside / "to a file": lambda path: path.symlink_to(tmp_path / "elsewhere" / "hidden.txt"),
        out / "to nothing": lambda path: path.symlink_to(tmp_path / "nothing"),
        inside / "pipe": os.mkfifo,
        out / "empty folder": Path.mkdir,
        state / "notes.txt": lambda path: path.write_text("?"),
        state / "9.part": lambda path: path.write_text("?"),
        state / "link": lambda path: path.symlink_to(tmp_path / "elsewhere"),
        state / "pipe": os.mkfifo,
        state / "folder": Path.mkdir,
    }
    for path, make in strangers.items():
        make(path)
    (out / "folder").mkdir()
    (out / "folder" / "inside.txt").write_text("?")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(out)  # the path of a socket must be short
        server.bind("socket")
    expected = {path.relative_to(out).as_posix() for path in strangers} | {"folder/inside.txt", "socket"}
    assert codes(verify(out)) == dict.fromkeys(expected, DifferenceCode.EXTRA)


def test_a_link_in_place_of_the_records_own_files_is_named(out: Path, tmp_path: Path) -> None:
    """The journal, and the folder itself."""
    journal = out / STATE_FOLDER / "journal.jsonl"
    journal.rename(tmp_path / "journal")
    journal.symlink_to(tmp_path / "journal")
    assert codes(verify(out)) == {f"{STATE_FOLDER}/journal.jsonl": DifferenceCode.EXTRA}
    (out / STATE_FOLDER).rename(tmp_path / "state")
    (out / STATE_FOLDER).symlink_to(tmp_path / "state")
    assert codes(verify(out)) == {STATE_FOLDER: DifferenceCode.EXTRA}


def fifo(path: Path) -> None:
    """A pipe that nobody writes into."""
    os.mkfifo(path)


def endless(path: Path) -> None:
    """A link to a device that never ends."""
    path.symlink_to("/dev/zero")


def huge(path: Path) -> None:
    """A sparse file of a terabyte."""
    path.touch()
    os.truncate(path, 1 << 40)


TRAPS: list[Callable[[Path], None]] = [fifo, endless, huge, Path.mkdir]


@pytest.mark.parametrize("trap", TRAPS, ids=["pipe", "device", "huge", "folder"])
def test_a_trap_in_place_of_the_record_is_an_error(out: Path, trap: Callable[[Path], None]) -> None:
    """It is neither waited for nor read without end."""
    (out / "run.json").unlink()
    trap(out / "run.json")
    with pytest.raises(OutputError, match=r"run\.json") as caught:
        verify(out)
    assert "sha256sum" in caught.value.hint


@pytest.mark.parametrize("trap", TRAPS, ids=["pipe", "device", "huge", "folder"])
@pytest.mark.parametrize("name", ["manifest.sha256", "*.HEIC"])
def test_a_trap_in_place_of_a_file_is_named(out: Path, name: str, trap: Callable[[Path], None]) -> None:
    """The list of hashes, and a photo."""
    path = sorted(out.rglob(name))[0]
    path.unlink()
    trap(path)
    target = path.relative_to(out).as_posix()
    differences = codes(verify(out))
    assert set(differences) == {target}
    expected = {fifo: "missing", endless: "missing", Path.mkdir: "missing"}
    assert differences[target] == expected.get(trap, "unreadable" if "manifest" in name else "changed")


@pytest.mark.parametrize(
    "size",
    ["1" + "0" * 400, "-1", "true", "1e5", "9" * 5000, str(1 << 63), "null", '"6"'],
    ids=["10^400", "negative", "truth", "float", "too long", "2^63", "null", "text"],
)
def test_a_size_that_cannot_be_is_named(out: Path, size: str) -> None:
    """Neither a traceback nor silence: the record is damaged."""
    record = json.loads((out / "run.json").read_bytes())
    record["files"][0]["size"] = "HERE"
    text = json.dumps(record).replace('"HERE"', size)
    (out / "run.json").write_text(text)
    if len(size) > 4300:  # Python reads no longer number
        with pytest.raises(OutputError, match="damaged"):
            verify(out)
        return
    verification = verify(out)
    assert codes(verification)["run.json"] is DifferenceCode.RECORD_DAMAGED
    assert record["files"][0]["target"] in codes(verification)  # the record does not know it any more


def test_a_file_that_was_called_whole_and_is_not_is_named(out: Path) -> None:
    """As an earlier version wrote zeros: record and file agree, and the file is no picture all the same."""
    path = sorted(out.rglob("*IMG_0001.HEIC"))[0]
    target = path.relative_to(out).as_posix()
    data = bytes(path.stat().st_size)
    path.write_bytes(data)
    record = json.loads((out / "run.json").read_bytes())
    (file,) = (file for file in record["files"] if file["target"] == target)
    old, file["sha256"] = file["sha256"], hashlib.sha256(data).hexdigest()
    manifest = (out / "manifest.sha256").read_bytes().replace(old.encode(), file["sha256"].encode())
    record["manifest"]["sha256"] = hashlib.sha256(manifest).hexdigest()
    (out / "manifest.sha256").write_bytes(manifest)
    (out / "run.json").write_text(json.dumps(record))
    verification = verify(out)
    assert codes(verification) == {target: DifferenceCode.CONTENT}
    assert "it holds only zeros" in verification.differences[0].says


def test_more_files_than_an_output_can_hold_are_told(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search for strangers ends somewhere, and says so."""
    monkeypatch.setattr(limits, "OUTPUT_FILES", 3)
    (difference,) = verify(out).differences
    assert difference.code is DifferenceCode.EXTRA and "more than 3 files" in difference.says


def test_refused_is_not_missing(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file and a folder that the system does not show are called unreadable."""
    path = sorted(out.rglob("*.MOV"))[0]
    real_open, real_scan = os.open, os.scandir

    def refuse_open(name: str | Path, *rest: int) -> int:
        if str(name) == str(path):
            raise PermissionError(13, "Permission denied")
        return real_open(name, *rest)

    def refuse_scan(name: str | Path) -> object:
        if str(name) == str(path.parent):
            raise PermissionError(13, "Permission denied")
        return real_scan(name)

    monkeypatch.setattr(os, "open", refuse_open)
    monkeypatch.setattr(os, "scandir", refuse_scan)
    differences = verify(out).differences
    assert {item.target: item.code for item in differences} == {
        path.relative_to(out).as_posix(): DifferenceCode.UNREADABLE,
        path.parent.relative_to(out).as_posix(): DifferenceCode.UNREADABLE,
    }
    assert all("Permission denied" in item.says for item in differences)


def test_names_that_come_back_decomposed_are_the_same_files(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HFS+ does that. Elsewhere such a name is another file, and named."""
    (out / "caf\u00e9").mkdir()
    (out / "caf\u00e9" / "cr\u00e8me.txt").write_text("?")
    real, named = os.scandir, {"caf\u00e9": "cafe\u0301", "cr\u00e8me.txt": "cre\u0300me.txt"}

    class Entry:
        def __init__(self, entry: os.DirEntry[str]) -> None:
            self.name, self.path, self.stat = named.get(entry.name, entry.name), entry.path, entry.stat

    @contextmanager
    def decomposing(folder: Path) -> Iterator[list[Entry]]:
        with real(folder) as items:
            yield list(map(Entry, items))

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", decomposing)
        assert set(codes(verify(out))) == {"caf\u00e9/cr\u00e8me.txt"}
    os.link(out / "caf\u00e9" / "cr\u00e8me.txt", out / "caf\u00e9" / "cre\u0300me.txt")
    assert set(codes(verify(out))) == {"caf\u00e9/cr\u00e8me.txt", "caf\u00e9/cre\u0300me.txt"}


def test_a_document_that_could_not_be_written_is_no_damage_of_the_record(out: Path) -> None:
    """The record names it with where it would be, and without a hash; there is nothing to hold against that."""
    record = json.loads((out / "run.json").read_bytes())
    failed = {"target": "FaceTime/IMG_9999.json", "state": "failed", "reason": "No space left on device."}
    record["documents"].append(failed)
    (out / "run.json").write_text(json.dumps(record))
    assert codes(verify(out)) == {}
    failed["state"] = "written"
    (out / "run.json").write_text(json.dumps(record))
    assert codes(verify(out))["run.json"] is DifferenceCode.RECORD_DAMAGED
