"""Checking an output: every difference is named, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery.errors import OutputError
from recovery.extraction.plan import plan
from recovery.extraction.selected_files import Selection
from recovery.extraction.verify import DifferenceCode, Verification, verify
from tests.extraction_tools import PASSPHRASE, everything, extract, findings_of, found, opened


def builder() -> BackupBuilder:
    """A FaceTime photo, a cut photo and a video."""
    return (
        BackupBuilder().with_live_photo("IMG_0001").with_photo("IMG_0002").truncated_blob().with_video("IMG_0003")
    )


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
