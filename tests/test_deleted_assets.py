"""Permanently deleted assets: what is left of them in different stores comes together in one entry."""

from __future__ import annotations

import plistlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery.analysis.model import Asset, Basis, FileRole, Findings, Kind, Status, Verdict
from recovery.analysis.reasons import Note, NoteCode
from tests.scanning import named, scan

TAKEN = datetime(2024, 5, 3, 18, 5, tzinfo=UTC)
DELETED = datetime(2024, 5, 20, 9, 0, tzinfo=UTC)
PHOTOS_SQLITE = "12b144c0bd44f2b3dffd9186d3f9c05b917cee25"
TRADE_FAIR = "68C4B34C-49C9-4EED-882A-EA0D1BFCB7A2"


def the_deleted_asset(findings: Findings) -> Asset:
    """The one asset without a row that history remembers."""
    (deleted_asset,) = (asset for asset in findings.assets if asset.deleted is not None)
    return deleted_asset


def test_history_and_a_table_entry_make_one_deleted_asset(tmp_path: Path) -> None:
    """Time, reason and client from the history, the picture from the table, joined by the UUID."""
    builder = BackupBuilder().with_thumbnail_tables().with_live_photo("IMG_0001", created=TAKEN)
    builder.permanently_deleted(DELETED, reason="User deleted asset from trashcan.")
    deleted_asset = the_deleted_asset(scan(builder.build(tmp_path)))
    assert (deleted_asset.uuid, deleted_asset.basis, deleted_asset.status) == (
        builder.asset.uuid,
        Basis.HISTORY,
        Status.REDUCED_COPY,
    )
    assert deleted_asset.deleted is not None and deleted_asset.deleted.at == DELETED
    assert deleted_asset.deleted.reason == "User deleted asset from trashcan."
    assert deleted_asset.deleted.client == "com.apple.mobileslideshow"
    assert {item.role for item in deleted_asset.files} == {FileRole.THUMBNAIL_TABLE}
    assert deleted_asset.trashed is False, "permanently deleted is not recently deleted"


def test_a_deleted_asset_without_any_picture_is_not_found(tmp_path: Path) -> None:
    """History alone gives times and clients; nothing is made up for name, date and kind, and that is said."""
    builder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN).permanently_deleted(DELETED)
    deleted_asset = the_deleted_asset(scan(builder.build(tmp_path)))
    assert (deleted_asset.status, deleted_asset.files, deleted_asset.filename, deleted_asset.created) == (
        Status.NOT_FOUND,
        (),
        None,
        None,
    )
    assert Note(NoteCode.NOTHING_KNOWN) in deleted_asset.notes
    assert Note(NoteCode.NO_PICTURE_LEFT) in deleted_asset.notes


def test_the_inserting_client_is_the_sign_of_facetime(tmp_path: Path) -> None:
    """A deleted asset added by FaceTime's saver is judged from that; one added by the camera is not."""
    builder = BackupBuilder(calls_in_plain=True).with_live_photo("IMG_0001", created=TAKEN)
    builder.permanently_deleted(DELETED).with_camera_live_photo("IMG_0002", created=TAKEN)
    builder.permanently_deleted(DELETED).with_facetime_call(TAKEN - timedelta(minutes=5), 1200.0)
    deleted_assets = {asset.uuid: asset for asset in scan(builder.build(tmp_path)).assets}
    facetime, camera = (deleted_assets[asset.uuid] for asset in builder.assets)
    assert facetime.facetime.verdict.rank >= Verdict.POSSIBLE.rank
    assert {signal.code for signal in facetime.facetime.signals} >= {"creator_bundle"}
    assert camera.facetime.verdict is Verdict.NO and camera.facetime.call is not None


def test_surviving_files_join_their_deleted_asset_by_attributes(tmp_path: Path) -> None:
    """Files whose attributes name the deleted asset are its files: complete, and yet permanently deleted."""
    builder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN).permanently_deleted(DELETED)
    uuid = builder.asset.uuid
    twin = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN, uuid=uuid)
    still, movie = (twin.asset.file(role) for role in ("still", "paired_video"))
    folder = twin.build(tmp_path / "twin")
    for item in (still, movie):
        content = (folder / item.file_id[:2] / item.file_id).read_bytes()
        stored = {"com.apple.assetsd.UUID": bytes.fromhex(uuid.replace("-", ""))}
        attributes = plistlib.dumps(stored, fmt=plistlib.FMT_BINARY)
        extra = {"attributes": attributes} if item is still else {}
        builder.with_file(item.domain, item.path, content, **extra)
    deleted_asset = the_deleted_asset(scan(builder.build(tmp_path / "backup")))
    assert (deleted_asset.uuid, deleted_asset.basis, deleted_asset.status) == (
        uuid,
        Basis.FILE_ATTRIBUTES,
        Status.COMPLETE,
    )


def test_a_row_that_lives_is_never_a_deleted_asset(tmp_path: Path) -> None:
    """Live rows and recently deleted ones are assets of the library, not deleted assets, whatever the tables hold."""
    builder = BackupBuilder().with_thumbnail_tables().with_live_photo("IMG_0001", created=TAKEN)
    builder.with_live_photo("IMG_0002", created=TAKEN).trashed(DELETED)
    findings = scan(builder.build(tmp_path))
    assert [asset.basis for asset in findings.assets] == [Basis.PHOTOS_DATABASE] * 2
    assert findings.totals.permanently_deleted == 0
    assert named(findings, "IMG_0002.HEIC").trashed is True


def test_a_real_deleted_photo_comes_back_in_one_entry(
    shared: Path, tmp_path: Path, untouched: Callable[[Path], None]
) -> None:
    """The real library's deleted photo of a trade fair: picture, times, reason and name together."""
    library = shared / "photos" / "ExternalAdjustments-14.4.1.photoslibrary"
    untouched(library)
    builder = BackupBuilder().without_photos_database()
    places = {
        "database": "Media/PhotoData",
        "resources/derivatives/thumbs": "Media/PhotoData/Thumbnails",
        "resources/journals": "Media/PhotoData/Journals",
    }
    for source, target in places.items():
        for file in sorted((library / source).iterdir()):
            if not file.name.endswith("-shm"):
                builder.with_file("CameraRollDomain", f"{target}/{file.name}", file.read_bytes())
    findings = scan(builder.build(tmp_path))
    deleted_asset = next(asset for asset in findings.assets if asset.uuid == TRADE_FAIR)
    assert deleted_asset.deleted is not None and deleted_asset.deleted.at is not None and deleted_asset.deleted.reason
    assert deleted_asset.deleted.inserted_at is not None and deleted_asset.deleted.inserted_by
    assert max(item.pixels or (0, 0) for item in deleted_asset.files) == (120, 75)
    assert deleted_asset.original_filename and deleted_asset.created and deleted_asset.width, (
        "the journal still knows these"
    )
    deleted = [asset for asset in findings.assets if asset.deleted is not None]
    assert len(deleted) == 3
    assert findings.totals.assets == len(findings.assets)


@pytest.mark.parametrize("tombstone", [True, False])
def test_a_deleted_row_gives_name_and_date(tmp_path: Path, tombstone: bool) -> None:
    """A row that was deleted and not overwritten is a deleted asset; a tombstone gives it back its number and time."""
    builder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN)
    builder.with_live_photo("IMG_0002", created=TAKEN).without_still().without_video().without_thumbnail()
    folder = builder.build(tmp_path)
    uuid = builder.asset.uuid
    with closing(sqlite3.connect(folder / "12" / PHOTOS_SQLITE)) as connection, connection:
        connection.execute("PRAGMA secure_delete=OFF")
        (pk,) = connection.execute("SELECT Z_PK FROM ZASSET WHERE ZUUID = ?", (uuid,)).fetchone()
        connection.execute("DELETE FROM ZASSET WHERE Z_PK = ?", (pk,))
        connection.execute("DELETE FROM ZADDITIONALASSETATTRIBUTES WHERE ZASSET = ?", (pk,))
        if tombstone:
            (entity,) = connection.execute("SELECT Z_ENT FROM Z_PRIMARYKEY WHERE Z_NAME = 'Asset'").fetchone()
            connection.execute(
                "INSERT INTO ACHANGE (ZCHANGETYPE, ZENTITY, ZENTITYPK, ZTRANSACTIONID, ZTOMBSTONE5)"
                " SELECT 2, ?, ?, max(Z_PK), ? FROM ATRANSACTION",
                (entity, pk, uuid),
            )
    deleted_asset = next(asset for asset in scan(folder).assets if asset.uuid == uuid)
    assert deleted_asset.basis is (Basis.HISTORY if tombstone else Basis.DELETED_ROW)
    assert (deleted_asset.filename, deleted_asset.created, deleted_asset.kind) == (
        "IMG_0002.HEIC",
        TAKEN,
        Kind.LIVE_PHOTO,
    )
    assert deleted_asset.original_filename == ("lp_image.heic" if tombstone else None), "joined by the number alone"
    assert deleted_asset.deleted is not None and (deleted_asset.deleted.at is not None) is tombstone


@pytest.mark.parametrize("layout", ["14204", "15323", "16320", "17600", "18508", "19063"])
def test_deleted_assets_are_found_in_every_newer_layout(tmp_path: Path, layout: str) -> None:
    """The tombstone is read by the layout's own columns."""
    builder = BackupBuilder(layout=layout).with_live_photo("IMG_0001", created=TAKEN)
    builder.permanently_deleted(DELETED)
    assert the_deleted_asset(scan(builder.build(tmp_path))).uuid == builder.asset.uuid
