"""Copies in Messages: files of the asset they are a copy of, or an asset when nothing else is left."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fixtures import BackupBuilder
from recovery.analysis.model import Asset, Basis, FileRole, Kind, Status, Verdict
from recovery.report.messages import status
from tests.scanning import named, scan

TAKEN = datetime(2024, 5, 3, 18, 5, tzinfo=UTC)
DELETED = datetime(2024, 5, 20, 9, 0, tzinfo=UTC)


def copies(asset: Asset) -> list[str]:
    """Names of an asset's copies in Messages."""
    return sorted(item.name for item in asset.files if item.role is FileRole.MESSAGES_COPY)


def test_a_sent_copy_is_a_file_of_its_asset(tmp_path: Path) -> None:
    """The same bytes, or the same content identifier, join a copy to the photo in the library."""
    builder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN).with_messages_attachment("lp_image.HEIC")
    findings = scan(builder.build(tmp_path))
    (asset,) = findings.assets
    assert copies(asset) == ["lp_image.HEIC"]
    assert asset.status is Status.COMPLETE
    assert "messages_name" in {signal.code for signal in asset.facetime.signals}


def test_a_copy_stands_in_for_a_lost_original(tmp_path: Path) -> None:
    """With both originals gone from the backup, the copy is the best that survives, and is called a copy."""
    builder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN).with_messages_attachment("lp_image.HEIC")
    builder.without_blob("both").without_thumbnail()
    asset = named(scan(builder.build(tmp_path)), "IMG_0001.HEIC")
    assert (asset.status, copies(asset)) == (Status.REDUCED_COPY, ["lp_image.HEIC"])
    assert "Messages" in status.reason(asset.status_reason)


def test_a_copy_of_nothing_becomes_an_asset(tmp_path: Path) -> None:
    """A FaceTime photo that only Messages still holds is listed, both halves together."""
    builder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN)
    builder.with_messages_attachment("lp_image.HEIC").with_messages_attachment("lp_movie.MOV")
    builder.without_thumbnail().permanently_deleted(DELETED)
    asset = named(scan(builder.build(tmp_path)), "lp_image.HEIC")
    assert (asset.basis, asset.kind, asset.status) == (Basis.MEDIA_FILE, Kind.LIVE_PHOTO, Status.REDUCED_COPY)
    assert copies(asset) == ["lp_image.HEIC", "lp_movie.MOV"]
    assert asset.facetime.verdict.rank >= Verdict.PROBABLE.rank


def test_a_recently_deleted_message_still_holds_its_copy(tmp_path: Path) -> None:
    """A copy in a message that is itself recently deleted is found, and that is said."""
    builder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN)
    builder.with_messages_attachment("lp_image.HEIC", recoverable=True)
    (asset,) = scan(builder.build(tmp_path)).assets
    assert any("recently deleted" in note.file_note for note in asset.notes)


def test_an_ordinary_picture_in_messages_is_no_asset(tmp_path: Path) -> None:
    """A camera picture somebody sent is neither FaceTime nor listed."""
    other = BackupBuilder().with_photo("IMG_0009", created=TAKEN)
    folder = other.build(tmp_path / "other")
    item = other.asset.file("still")
    content = (folder / item.file_id[:2] / item.file_id).read_bytes()
    builder = BackupBuilder().with_messages_attachment("IMG_0009.HEIC", content, sent=TAKEN)
    assert scan(builder.build(tmp_path / "backup")).assets == ()
