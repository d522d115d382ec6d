"""A backup without its list of files: what can still be found, and what is said to be lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery.analysis.find import find
from recovery.analysis.model import Basis, Findings, Status, Verdict
from recovery.case import gather
from recovery.errors import DamagedBackupError
from recovery.gap_codes import GapSubject
from recovery.source.backup_view import open_backup
from recovery.source.file_keys import Passphrase
from recovery.workspace import Workspace

TAKEN = datetime(2024, 5, 3, 18, 5, tzinfo=UTC)


def findings_of(folder: Path, workspace: Workspace, passphrase: str | None = None) -> Findings:
    with open_backup(folder, workspace, Passphrase(passphrase) if passphrase else None) as view:
        case = gather(view)
        return find(replace(case, store=case.store.in_memory()))


def test_a_lost_manifest_is_replaced_by_guessed_names(
    tmp_path: Path, workspace: Workspace, untouched: Callable[[Path], None]
) -> None:
    """With the library still there, every row finds its files again by the file IDs of their paths."""
    builder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN).with_edit().without_manifest_db()
    folder = builder.build(tmp_path)
    untouched(folder)
    found = findings_of(folder, workspace)
    (asset,) = found.assets
    assert (asset.status, asset.facetime.verdict) == (Status.COMPLETE, Verdict.CERTAIN)
    assert {item.path for item in asset.files} >= {
        "Media/DCIM/100APPLE/IMG_0001.HEIC",
        "Media/DCIM/100APPLE/IMG_0001.MOV",
        "Media/PhotoData/Mutations/DCIM/100APPLE/IMG_0001/Adjustments/FullSizeRender.jpg",
    }
    assert any(gap.what is GapSubject.FILE_LIST and gap.fault for gap in found.gaps)


def test_without_manifest_and_library_the_camera_names_are_tried(tmp_path: Path, workspace: Workspace) -> None:
    """Without the library, the usual camera names are found again and the files tell what they are."""
    builder = BackupBuilder().with_live_photo("IMG_0107", created=TAKEN).with_screenshot("IMG_0108", created=TAKEN)
    folder = builder.without_photos_database().without_manifest_db().build(tmp_path)
    found = findings_of(folder, workspace)
    live = next(asset for asset in found.assets if asset.filename == "IMG_0107.HEIC")
    assert live.basis is Basis.MEDIA_FILE
    assert (live.status, live.facetime.verdict) == (Status.COMPLETE, Verdict.CERTAIN)
    assert any(asset.filename == "IMG_0108.PNG" for asset in found.assets)


def test_a_file_with_a_name_nobody_guesses_is_known_by_its_inside(tmp_path: Path, workspace: Workspace) -> None:
    """Still and movie in blobs without a row or a guessable path are paired by their content identifier."""
    builder = BackupBuilder().with_live_photo("HOLIDAY", created=TAKEN)
    folder = builder.without_photos_database().without_manifest_db().build(tmp_path)
    found = findings_of(folder, workspace)
    live = next(asset for asset in found.assets if asset.live_photo and asset.live_photo.still)
    assert live.live_photo is not None and live.live_photo.video and live.live_photo.identifiers_match
    assert live.facetime.verdict is Verdict.CERTAIN
    assert all(signal.source.store for signal in live.facetime.signals)
    assert found.totals.files_without_asset == 0


def test_a_damaged_manifest_counts_as_lost(tmp_path: Path, workspace: Workspace) -> None:
    """Noise in place of Manifest.db leads to the same salvage, not to an error."""
    folder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN).build(tmp_path)
    (folder / "Manifest.db").write_bytes(b"\x93" * 4096)
    assert findings_of(folder, workspace).totals.complete == 1


def test_an_encrypted_backup_without_manifest_is_refused(tmp_path: Path, workspace: Workspace) -> None:
    """Each file's key stood in the manifest, so nothing can be salvaged, and that is what is said."""
    folder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN).build(tmp_path, "secret")
    (folder / "Manifest.db").unlink()
    with pytest.raises(DamagedBackupError) as refusal:
        findings_of(folder, workspace, "secret")
    assert "each file's key" in refusal.value.hint


def test_noise_without_any_plist_is_not_taken_for_a_plain_backup(tmp_path: Path, workspace: Workspace) -> None:
    """Where neither Manifest.plist nor a single blob shows that it is plain, nothing is claimed."""
    folder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN).build(tmp_path, "secret")
    (folder / "Manifest.db").unlink()
    (folder / "Manifest.plist").unlink()
    with pytest.raises(DamagedBackupError):
        findings_of(folder, workspace)


def test_an_interrupted_backup_is_read_as_far_as_it_goes(tmp_path: Path, workspace: Workspace) -> None:
    """Blobs that still lie in Snapshot are read, and the backup is not called complete."""
    folder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN).incomplete().build(tmp_path)
    still = next(path for path in folder.glob("??/*") if path.read_bytes()[4:8] == b"ftyp")
    moved = folder / "Snapshot" / still.parent.name / still.name
    moved.parent.mkdir(parents=True)
    still.rename(moved)
    found = findings_of(folder, workspace)
    assert found.backup.complete is False
    assert found.totals.complete == 1
