"""Where the original of an asset is when it is not here: real rows against osxphotos, other states by literal SQL."""

from __future__ import annotations

import plistlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixtures import BackupBuilder, layouts, pictures
from recovery.analysis.asset_status import cloud_of, decide, needed_roles
from recovery.analysis.find import find
from recovery.analysis.model import AssetFile, FileRole, FileState, Kind, Status, Upload
from recovery.analysis.plain_rows import plain_rows
from recovery.analysis.reasons import Loss, NoteCode, ReasonCode
from recovery.analysis.redact import redact
from recovery.database import open_file_copy
from recovery.extraction.names import file_names
from recovery.photos_db.changes.history import read_history
from recovery.photos_db.codes import KindCode, SubtypeCode
from recovery.photos_db.library import AssetRow
from recovery.report.messages import status
from recovery.report.text import words
from recovery.workspace import Workspace
from tests.figures_real_data import expected, read
from tests.scanning import case_of, named, scan
from tests.test_library_real import EVERY, library

DELETED = datetime(2024, 5, 20, 7, 15, tzinfo=UTC)
FIRST, SECOND = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
CLOUD_LIBRARY = "Test-Cloud-10.15.1"


class Changed(BackupBuilder):
    """A backup whose Photos.sqlite is changed by literal SQL before it is written."""

    def sql(self, *statements: str) -> Changed:
        """Run these when everything is planted."""
        self._statements = (*getattr(self, "_statements", ()), *statements)
        return self

    def _damage(self, database: bytes) -> bytes:
        whole = super()._damage(database)
        mode, rollback = slice(18, 20), b"\x01\x01"  # SQLite opens no database of mode WAL in memory
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            connection.deserialize(whole[: mode.start] + rollback + whole[mode.stop :])
            for statement in getattr(self, "_statements", ()):
                connection.execute(statement)
            changed = connection.serialize()
        return changed[: mode.start] + whole[mode] + changed[mode.stop :]


def resource(local: int | None, remote: int | None, state: int = 3) -> str:
    """What the resource row of the first asset's original says."""
    values = {"ZLOCALAVAILABILITY": local, "ZREMOTEAVAILABILITY": remote, "ZCLOUDLOCALSTATE": state}
    told = ", ".join(f"{name} = {'NULL' if value is None else value}" for name, value in values.items())
    return f"UPDATE ZINTERNALRESOURCE SET {told} WHERE ZASSET = 1 AND ZDATASTORESUBTYPE IN (1, 18)"


def kind_of(row: AssetRow) -> Kind:
    """What a row is."""
    if row.kind == KindCode.VIDEO:
        return Kind.VIDEO
    return Kind.LIVE_PHOTO if row.kind_subtype == SubtypeCode.LIVE_PHOTO else Kind.PHOTO


# --- real rows -------------------------------------------------------------------------------------------------


@EVERY
def test_the_upload_of_every_real_row_is_that_of_osxphotos(shared: Path, workspace: Workspace, name: str) -> None:
    """`incloud`: reached iCloud, has not yet, or the asset is none of iCloud Photos."""
    opened, theirs = read(library(shared, name), workspace), expected(library(shared, name))
    for row in opened.assets:
        cloud = cloud_of(row, opened.resources.get(row.pk, ()), None)
        upload = cloud.upload if cloud else None
        incloud = {Upload.SYNCED: True, Upload.PENDING: False, None: None}[upload]
        assert incloud is theirs[str(row.uuid)]["incloud"], row.uuid


@EVERY
def test_only_in_icloud_is_said_of_no_real_row_that_osxphotos_does_not_miss(
    shared: Path, workspace: Workspace, name: str
) -> None:
    """Every row as if no file of it were here: shared ones are in a shared album, local ones never only in iCloud."""
    opened, theirs = read(library(shared, name), workspace), expected(library(shared, name))
    for row in opened.assets:
        says = theirs[str(row.uuid)]
        reason = decide(kind_of(row), (), row, opened.resources.get(row.pk, ())).reason
        assert (reason.code is ReasonCode.SHARED_ALBUM) is says["shared"]
        assert (reason.code is ReasonCode.ONLY_IN_ICLOUD) is bool(says["ismissing"] and says["incloud"])
        assert (reason.code is ReasonCode.IN_ICLOUD_TOO) is bool(says["incloud"] and not says["ismissing"])


def test_a_real_pending_upload_is_not_said_to_be_in_icloud(shared: Path, workspace: Workspace) -> None:
    """Its resource says that iCloud has it, its cloud master that the upload is pending (iLEAPP: state 1)."""
    opened = read(library(shared, CLOUD_LIBRARY), workspace)
    (row,) = (row for row in opened.assets if str(row.uuid).startswith("63048B89"))
    resources = opened.resources[row.pk]
    assert [(item.local, item.remote) for item in resources if item.subtype == 1] == [(1, 1)]
    told = decide(Kind.PHOTO, (), row, resources)
    assert (told.status, told.reason.code) == (Status.NOT_FOUND, ReasonCode.NOTHING_HERE)
    cloud = cloud_of(row, resources, None)
    assert cloud is not None
    assert (cloud.original_local, cloud.in_cloud, cloud.upload) == (True, False, Upload.PENDING)


def test_the_real_library_of_icloud_in_numbers(shared: Path, workspace: Workspace) -> None:
    """27 rows: 5 of a shared album, 21 here and in iCloud, 1 waiting; not one is only in iCloud."""
    opened = read(library(shared, CLOUD_LIBRARY), workspace)
    codes = [decide(kind_of(row), (), row, opened.resources.get(row.pk, ())).reason.code for row in opened.assets]
    counts = {code: codes.count(code) for code in set(codes)}
    assert counts == {ReasonCode.SHARED_ALBUM: 5, ReasonCode.IN_ICLOUD_TOO: 21, ReasonCode.NOTHING_HERE: 1}


def here(*roles: FileRole) -> list[AssetFile]:
    """Whole files in these roles."""
    return [AssetFile(role, "CameraRollDomain", role.value, "00" * 20, 1, FileState.PRESENT) for role in roles]


@EVERY
def test_complete_is_what_osxphotos_exports(shared: Path, workspace: Workspace, name: str) -> None:
    """Every real row as if only its originals were here: RAW (`has_raw`) and edit (`hasadjustments`) are missed."""
    opened, theirs = read(library(shared, name), workspace), expected(library(shared, name))
    for row in opened.assets:
        says, kind, resources = theirs[str(row.uuid)], kind_of(row), opened.resources.get(row.pk, ())
        told = decide(kind, here(*needed_roles(kind)), row, resources)
        edited = FileRole.EDITED_VIDEO if kind is Kind.VIDEO else FileRole.EDITED_STILL
        wanted = {role for role, is_so in ((FileRole.RAW, says["has_raw"]), (edited, says["hasadjustments"])) if is_so}
        assert {role for role, _ in told.reason.lost} == wanted, row.uuid
        assert told.status is (Status.PARTIAL if wanted else Status.COMPLETE)
        assert decide(kind, here(*needed_roles(kind), *wanted), row, resources).status is Status.COMPLETE


# --- states that no real row shows -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        (resource(-1, 1), ReasonCode.ONLY_IN_ICLOUD),
        (resource(1, 1), ReasonCode.IN_ICLOUD_TOO),
        (resource(None, 1), ReasonCode.IN_ICLOUD),
        (resource(-1, 1, 1), ReasonCode.NOTHING_HERE),
        (resource(-1, 0, 0), ReasonCode.NOTHING_HERE),
        (resource(-1, 0, 3), ReasonCode.MARKED_AS_UPLOADED),
        (resource(-32768, 1), ReasonCode.SHARED_WITH_YOU),
        ("UPDATE ZASSET SET ZSAVEDASSETTYPE = 4", ReasonCode.SHARED_ALBUM),
        ("UPDATE ZASSET SET ZBUNDLESCOPE = 2", ReasonCode.SHARED_ALBUM),
        ("UPDATE ZASSET SET ZSAVEDASSETTYPE = 8", ReasonCode.ICLOUD_LINK),
        ("UPDATE ZASSET SET ZBUNDLESCOPE = 1", ReasonCode.ICLOUD_LINK),
        ("UPDATE ZASSET SET ZDIRECTORY = 'PhotoData/CMMAssets/A1'", ReasonCode.ICLOUD_LINK),
        ("UPDATE ZASSET SET ZSAVEDASSETTYPE = 12", ReasonCode.SHARED_WITH_YOU),
        ("UPDATE ZASSET SET ZBUNDLESCOPE = 3", ReasonCode.SHARED_WITH_YOU),
        ("UPDATE ZASSET SET ZDIRECTORY = 'PhotoData/Sync/100SYNCD'", ReasonCode.SYNCED_FROM_COMPUTER),
        (
            "UPDATE ZINTERNALRESOURCE SET ZDATASTORESUBTYPE = 4, ZREMOTEAVAILABILITY = 1, ZCLOUDLOCALSTATE = 0",
            ReasonCode.REDUCED_IN_ICLOUD,
        ),
    ],
)
def test_each_place_has_its_own_name(tmp_path: Path, sql: str, code: ReasonCode) -> None:
    """By literal SQL, as no real row has it; no file of the photo is in the backup, nor any thumbnail."""
    builder = Changed().with_photo("IMG_0001", local=False, has_thumbnail=False).sql(sql)
    findings = scan(builder.build(tmp_path))
    asset = named(findings, "IMG_0001.HEIC")
    assert asset.status_reason.code is code
    assert asset.status is (Status.NOT_FOUND if code is ReasonCode.NOTHING_HERE else Status.ELSEWHERE)
    assert ("only in iCloud" in status.reason(asset.status_reason)) is (code is ReasonCode.ONLY_IN_ICLOUD)
    assert findings.totals.assets_without_file == (code is ReasonCode.NOTHING_HERE)


def test_a_live_photo_whose_halves_differ_is_not_only_in_icloud(tmp_path: Path) -> None:
    """iCloud has the still; the video is neither on the device nor in iCloud."""
    builder = Changed().with_live_photo("IMG_0001", local=False, has_thumbnail=False).sql(resource(-1, 1))
    builder.sql("UPDATE ZINTERNALRESOURCE SET ZREMOTEAVAILABILITY = 0 WHERE ZDATASTORESUBTYPE = 18")
    asset = named(scan(builder.build(tmp_path)), "IMG_0001.HEIC")
    assert (asset.status, asset.status_reason.code) == (Status.ELSEWHERE, ReasonCode.IN_ICLOUD)


def test_a_thumbnail_of_a_shared_album_says_where_the_photo_is(tmp_path: Path) -> None:
    """What is here is told, and why the rest is not."""
    builder = BackupBuilder().with_shared_album_photo("IMG_0001", local=False)
    asset = named(scan(builder.build(tmp_path)), "IMG_0001.JPG")
    assert asset.status is Status.REDUCED_COPY
    assert status.reason(asset.status_reason) == (
        "it is in a shared album in iCloud; a backup on a computer never holds shared albums; "
        "what survives is a thumbnail"
    )


def test_a_half_says_that_icloud_has_the_other_too(tmp_path: Path) -> None:
    """The library says that the movie was on the device and in iCloud; the backup does not list it."""
    builder = Changed().with_live_photo("IMG_0001").without_video().sql(resource(1, 1))
    reason = named(scan(builder.build(tmp_path)), "IMG_0001.HEIC").status_reason
    assert [loss for _, loss in reason.lost] == [Loss.IN_CLOUD_TOO]


PARTICIPANTS = (
    (
        "CREATE TABLE IF NOT EXISTS ZSHAREPARTICIPANT (Z_PK INTEGER PRIMARY KEY, ZSHARE INTEGER, ZROLE INTEGER, "
        "ZISCURRENTUSER INTEGER, ZEMAILADDRESS VARCHAR, ZPHONENUMBER VARCHAR, ZPERSON INTEGER)"
    ),
    (
        "INSERT INTO ZSHAREPARTICIPANT (Z_PK, ZSHARE, ZROLE, ZISCURRENTUSER, ZEMAILADDRESS) VALUES "
        "(1, 7, 1, 0, 'ben@example.org'), (2, 7, 2, 1, NULL), (3, 8, 1, 1, NULL), (4, 8, 2, 0, NULL)"
    ),
)


@pytest.mark.parametrize(
    ("share", "by", "notes"),
    [
        (7, "NULL", ["it is in the iCloud Shared Photo Library of ben@example.org"]),
        (8, "NULL", ["it is in the iCloud Shared Photo Library that the Apple Account of this device owns"]),
        (
            7,
            1,
            [
                "it is in the iCloud Shared Photo Library of ben@example.org",
                "ben@example.org, a participant of the iCloud Shared Photo Library, moved it to Recently Deleted",
            ],
        ),
        (
            8,
            3,
            [
                "it is in the iCloud Shared Photo Library that the Apple Account of this device owns",
                "it was moved to Recently Deleted with the Apple Account of this device",
            ],
        ),
        (
            9,
            5,
            [
                "it is in an iCloud Shared Photo Library; the library does not say whose",
                (
                    "a participant of the iCloud Shared Photo Library moved it to Recently Deleted; "
                    "the library does not say who"
                ),
            ],
        ),
    ],
)
def test_a_shared_library_tells_whose_it_is_and_who_deleted(
    tmp_path: Path, share: int, by: int | str, notes: list[str]
) -> None:
    """Participants by literal SQL; a name in People, an e-mail address or a phone number names them."""
    builder = Changed(layout="18508", product_version="18.5").with_photo("IMG_0001").trashed(DELETED)
    state = "" if by == "NULL" else f", ZTRASHEDBYPARTICIPANT = {by}"
    builder.sql(
        *PARTICIPANTS,
        f"UPDATE ZASSET SET ZACTIVELIBRARYSCOPEPARTICIPATIONSTATE = 1, ZLIBRARYSCOPE = {share}{state}",
        "DELETE FROM ACHANGE",
    )
    asset = named(scan(builder.build(tmp_path)), "IMG_0001.HEIC")
    assert [status.note(note) for note in asset.notes] == notes


def test_a_participant_is_left_out_of_a_redacted_record(tmp_path: Path) -> None:
    """An e-mail address in a note is somebody's."""
    builder = Changed(layout="18508", product_version="18.5").with_photo("IMG_0001")
    builder.sql(*PARTICIPANTS, "UPDATE ZASSET SET ZACTIVELIBRARYSCOPEPARTICIPATIONSTATE = 1, ZLIBRARYSCOPE = 7")
    findings = scan(builder.build(tmp_path))
    assert [note.code for note in named(findings, "IMG_0001.HEIC").notes] == [NoteCode.IN_SHARED_LIBRARY_OF]
    told = redact(findings)
    assert "ben@example.org" not in "".join(status.note(note) for note in named(told, "IMG_0001.HEIC").notes)


# --- complete is what the owner saw ----------------------------------------------------------------------------

VERSION = (
    "INSERT INTO ZINTERNALRESOURCE (Z_PK, ZASSET, ZDATASTORECLASSID, ZDATASTORESUBTYPE, ZRESOURCETYPE, ZVERSION, "
    "ZLOCALAVAILABILITY, ZREMOTEAVAILABILITY, ZCLOUDLOCALSTATE) VALUES "
)
RAW_IN_CLOUD = f"{VERSION} (9001, 1, 0, 17, 4, 0, -1, 1, 3)"
EDIT_IN_CLOUD = f"{VERSION} (9002, 1, 0, 2, 0, 2, -1, 1, 3), (9003, 1, 0, 19, 3, 2, -1, 1, 3)"
EDIT_HERE = f"{VERSION} (9002, 1, 0, 2, 0, 2, 1, 0, 0)"
EDIT_NOT_YET_MADE = f"{VERSION} (9002, 1, 0, 2, 0, 2, -1, 0, 0)"
MUTATIONS = "Media/PhotoData/Mutations/DCIM/100APPLE/IMG_0001/Adjustments"


def told_of(builder: BackupBuilder, folder: Path) -> tuple[Status, str]:
    """The status of the first asset and the sentence about it."""
    asset = next(asset for asset in scan(builder.build(folder)).assets if (asset.filename or "").startswith("IMG_0001"))
    return asset.status, status.reason(asset.status_reason)


def test_an_edit_that_is_only_in_icloud_is_named(tmp_path: Path) -> None:
    """Both halves of the Live Photo are here, not what Photos shows."""
    builder = Changed().with_live_photo("IMG_0001").synced().sql(EDIT_IN_CLOUD)
    assert told_of(builder, tmp_path) == (
        Status.PARTIAL,
        (
            "the original is here, but not everything: edited version and edited video were only in iCloud "
            "when the backup was made"
        ),
    )


def test_a_raw_that_is_only_in_icloud_is_named(tmp_path: Path) -> None:
    """The JPEG is here."""
    builder = Changed().with_photo("IMG_0001", extension="JPG").synced().sql(RAW_IN_CLOUD)
    assert told_of(builder, tmp_path) == (
        Status.PARTIAL,
        "the original is here, but not everything: the RAW photo was only in iCloud when the backup was made",
    )


def test_raw_and_jpeg_together_are_complete_and_either_alone_is_not(tmp_path: Path) -> None:
    """The RAW lies beside the JPEG under its stem."""
    raw = pictures.thumbnail("raw", 48, 64, "photo")

    def both() -> Changed:
        changed = Changed().with_photo("IMG_0001", extension="JPG")
        changed.with_file("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0001.DNG", raw)
        return changed.sql(f"{VERSION} (9001, 1, 0, 17, 4, 0, 1, 0, 0)")

    folder = both().build(tmp_path / "both")
    asset = named(scan(folder), "IMG_0001.JPG")
    assert asset.status is Status.COMPLETE
    assert [item.role for item in asset.files if item.name.endswith(".DNG")] == [FileRole.RAW]
    status_now, reason = told_of(both().without_still(), tmp_path / "raw")
    assert status_now is Status.PARTIAL
    assert reason == "only the RAW photo is here: the backup does not list the still"


@pytest.mark.parametrize(
    ("sql", "file", "expected_status"),
    [
        (EDIT_HERE, "FullSizeRender.jpg", Status.COMPLETE),
        (EDIT_HERE, "PenultimateFullSizeRender.jpg", Status.PARTIAL),
        (EDIT_HERE, "SubstandardFullSizeRender.jpg", Status.PARTIAL),
        (EDIT_NOT_YET_MADE, None, Status.COMPLETE),
    ],
)
def test_only_the_full_render_is_the_edited_version(
    tmp_path: Path, sql: str, file: str | None, expected_status: Status
) -> None:
    """Other renders beside it are not what Photos shows; an edit without a render anywhere misses nothing."""
    builder = Changed().with_photo("IMG_0001").sql(sql)
    if file:
        builder.with_file("CameraRollDomain", f"{MUTATIONS}/{file}", pictures.thumbnail("edit", 48, 64, "photo"))
    assert told_of(builder, tmp_path)[0] is expected_status


def test_what_the_editor_keeps_is_extracted_under_its_own_name(tmp_path: Path) -> None:
    """Never `(edited 2)`: Photos shows the full-size render alone."""
    jpeg, movie = pictures.thumbnail("edit", 48, 64, "photo"), BackupBuilder().with_video("IMG_0009")._last.movie()
    builder = BackupBuilder().with_photo("IMG_0001")
    kept = {
        "FullSizeRender.jpg": jpeg,
        "PenultimateFullSizeRender.jpg": jpeg,
        "SubstandardFullSizeRender.jpg": jpeg,
        "OriginalFile.MOV": movie,
        "Adjustments.plist": plistlib.dumps({}),
        "AdjustmentsSecondary.data": b"bplist00",
    }
    for name, content in kept.items():
        builder.with_file("CameraRollDomain", f"{MUTATIONS}/{name}", content)
    asset = named(scan(builder.build(tmp_path)), "IMG_0001.HEIC")
    files = [item for item in asset.files if "/Adjustments/" in item.path]
    assert dict(zip((item.name for item in files), file_names("x", files), strict=True)) == {
        "FullSizeRender.jpg": "x (edited).jpg",
        "PenultimateFullSizeRender.jpg": "x (penultimate render).jpg",
        "SubstandardFullSizeRender.jpg": "x (substandard render).jpg",
        "OriginalFile.MOV": "x (original kept by the editor).MOV",
        "Adjustments.plist": "x (adjustments).plist",
        "AdjustmentsSecondary.data": "x (secondary adjustments).data",
    }


# --- rows and files that contradict each other -----------------------------------------------------------------


def test_of_two_rows_of_attributes_the_asset_points_at_its_own(tmp_path: Path) -> None:
    """A second row that names the same asset changes nothing, whichever comes first."""
    for number in (9000, -1):
        builder = Changed().with_photo("IMG_0001", original="beach.HEIC")
        builder.sql(
            "UPDATE ZASSET SET ZADDITIONALATTRIBUTES = (SELECT Z_PK FROM ZADDITIONALASSETATTRIBUTES WHERE ZASSET = 1)",
            "INSERT INTO ZADDITIONALASSETATTRIBUTES (Z_PK, ZASSET, ZORIGINALFILENAME) "
            f"VALUES ({number}, 1, 'other.HEIC')",
        )
        findings = scan(builder.build(tmp_path / str(number)))
        assert named(findings, "IMG_0001.HEIC").original_filename == "beach.HEIC"
        assert findings.totals.assets == 1


def test_a_name_that_only_icloud_keeps_is_the_original_name(tmp_path: Path) -> None:
    """ZCLOUDMASTER keeps it when the row of attributes has none."""
    builder = Changed().with_photo("IMG_0001", in_attributes=False).synced()
    builder.sql(
        "UPDATE ZADDITIONALASSETATTRIBUTES SET ZORIGINALFILENAME = NULL",
        "UPDATE ZCLOUDMASTER SET ZORIGINALFILENAME = 'beach.HEIC'",
    )
    asset = named(scan(builder.build(tmp_path)), "IMG_0001.HEIC")
    assert asset.original_filename == "beach.HEIC"
    assert asset.sources["original_filename"].place == "ZCLOUDMASTER.ZORIGINALFILENAME"


@pytest.mark.parametrize("with_row", [True, False])
def test_names_of_image_capture_are_edits_of_their_photo(tmp_path: Path, with_row: bool) -> None:
    """IMG_E0001 is the edited version of IMG_0001, IMG_O0001.AAE describes its first edit; all else is a photo."""
    planted = BackupBuilder().with_live_photo("IMG_0001")
    still, movie = planted._last.still(), planted._last.movie()
    builder = planted if with_row else planted.without_row().without_xattrs()
    for name, content in {
        "IMG_E0001.HEIC": still,
        "IMG_E0001.MOV": movie,
        "IMG_0001.AAE": plistlib.dumps({}),
        "IMG_O0001.AAE": plistlib.dumps({}),
        "IMG_E0002.HEIC": still,
    }.items():
        builder.with_file("CameraRollDomain", f"Media/DCIM/100APPLE/{name}", content)
    findings = scan(builder.build(tmp_path))
    asset = named(findings, "IMG_0001.HEIC")
    roles = {item.name: item.role for item in asset.files if item.name.startswith("IMG_")}
    assert roles == {
        "IMG_0001.HEIC": FileRole.STILL,
        "IMG_0001.MOV": FileRole.PAIRED_VIDEO,
        "IMG_E0001.HEIC": FileRole.EDITED_STILL,
        "IMG_E0001.MOV": FileRole.EDITED_VIDEO,
        "IMG_0001.AAE": FileRole.ADJUSTMENTS,
        "IMG_O0001.AAE": FileRole.ADJUSTMENTS,
    }
    files = [item for item in asset.files if item.name.endswith(".AAE")]
    assert file_names("x", files) == ["x (adjustments).AAE", "x (original adjustments).AAE"]
    assert named(findings, "IMG_E0002.HEIC").status is not Status.NOT_FOUND


@pytest.mark.parametrize(("stored", "kind"), [(1, Kind.PHOTO), (0, Kind.VIDEO)])
def test_bytes_decide_against_the_stored_kind(tmp_path: Path, stored: int, kind: Kind) -> None:
    """ZKIND says video of a picture, or photo of a video, by the name and the bytes of its file."""
    planted = Changed().with_photo("IMG_0001") if kind is Kind.PHOTO else Changed().with_video("IMG_0001")
    findings = scan(planted.sql(f"UPDATE ZASSET SET ZKIND = {stored}, ZKINDSUBTYPE = 0").build(tmp_path))
    (asset,) = findings.assets
    assert (asset.kind, asset.status) == (kind, Status.COMPLETE)
    assert NoteCode.KIND_DIFFERS in [note.code for note in asset.notes]


def test_a_picture_named_as_a_video_is_a_whole_picture(tmp_path: Path) -> None:
    """With and without a row; the note says what it is by its bytes."""
    builder = BackupBuilder().with_video("IMG_0001")
    jpeg = pictures.thumbnail("IMG_0001", 48, 64, "photo")
    builder.overwritten(lambda _: jpeg, "video").with_file("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0002.MKV", jpeg)
    findings = scan(builder.build(tmp_path))
    for name in ("IMG_0001.MOV", "IMG_0002.MKV"):
        asset = named(findings, name)
        assert (asset.kind, asset.status) == (Kind.PHOTO, Status.COMPLETE)
        assert "image/jpeg" in " ".join(status.note(note) for note in asset.notes)


def test_two_rows_that_name_one_file_both_have_it(tmp_path: Path) -> None:
    """One in Recently Deleted, one not, as after a restore: neither is lost, each names the other."""
    builder = BackupBuilder().with_live_photo("IMG_0001", uuid=FIRST).trashed(DELETED)
    findings = scan(builder.with_live_photo("IMG_0001", uuid=SECOND).build(tmp_path))
    assert [(asset.uuid, asset.status, asset.trashed) for asset in findings.assets] == [
        (FIRST, Status.COMPLETE, True),
        (SECOND, Status.COMPLETE, False),
    ]
    assert [[note.stored for note in asset.notes if note.code is NoteCode.SAME_FILE] for asset in findings.assets] == [
        [SECOND],
        [FIRST],
    ]
    assert findings.totals.media_files == 3
    assert findings.totals.recoverable_bytes == sum(item.size or 0 for item in next(iter(findings.assets)).files)
    assert findings.totals.assets_without_file == 0


def test_rows_without_a_folder_share_nothing(tmp_path: Path) -> None:
    """Rows that iCloud alone knows may have equal names, and no file."""
    builder = Changed().with_photo("IMG_0001", uuid=FIRST, local=False, has_thumbnail=False)
    builder.with_photo("IMG_0001", uuid=SECOND, local=False, has_thumbnail=False)
    findings = scan(builder.sql("UPDATE ZASSET SET ZDIRECTORY = NULL").build(tmp_path))
    assert [asset.notes for asset in findings.assets] == [(), ()]


def test_a_thumbnail_is_told_from_a_copy_of_useful_size(tmp_path: Path) -> None:
    """In the word for the status and in its reason; the status of the inventory is the same."""
    builder = BackupBuilder().with_live_photo("IMG_0001").only_in_icloud(thumbnail=True)
    builder.with_live_photo("IMG_0002").only_in_icloud().with_reduced_copy()
    findings = scan(builder.build(tmp_path))
    small, useful = named(findings, "IMG_0001.HEIC"), named(findings, "IMG_0002.HEIC")
    assert small.status is useful.status is Status.REDUCED_COPY
    assert (words.status_word(small), words.status_word(useful)) == ("thumbnail only", "reduced copy")
    assert status.reason(small.status_reason).endswith("what survives is a thumbnail of 360 x 640 pixels")
    assert "what survives is a reduced copy" in status.reason(useful.status_reason)
    large = small.changed(status_reason=small.status_reason.changed(pixels=(1536, 2048)))
    assert words.status_word(large) == "reduced copy"


def test_the_program_that_moved_a_photo_to_recently_deleted_is_named(tmp_path: Path) -> None:
    """As the library's history tells; a photo that is not there has no such note."""
    builder = BackupBuilder().with_photo("IMG_0001").trashed(DELETED)
    builder.with_photo("IMG_0002", deleted_by="com.example.cleaner").trashed(DELETED).with_photo("IMG_0003")
    findings = scan(builder.build(tmp_path))
    told = {asset.filename: [status.note(note) for note in asset.notes] for asset in findings.assets}
    assert told == {
        "IMG_0001.HEIC": ["the Photos app moved it to Recently Deleted, says the library's history"],
        "IMG_0002.HEIC": ["com.example.cleaner moved it to Recently Deleted, says the library's history"],
        "IMG_0003.HEIC": [],
    }


def test_who_moved_is_not_guessed_where_history_is_silent(tmp_path: Path) -> None:
    """Without the changes nothing is said."""
    builder = Changed().with_photo("IMG_0001").trashed(DELETED).sql("DELETE FROM ACHANGE")
    assert named(scan(builder.build(tmp_path)), "IMG_0001.HEIC").notes == ()


MOVES = {"ExternalAdjustments-14.4.1": 2} | dict.fromkeys(
    ("Test-10.15.7", "Test-10.16.0", "Test-12.0.1", "Test-13.0.0", "Test-14.6.0", "Test-15.4.1"), 2
)


@EVERY
def test_the_move_of_a_real_photo_is_at_its_stored_date(shared: Path, workspace: Workspace, name: str) -> None:
    """Where the history of a real library tells of the move: of an asset in Recently Deleted, and at that time."""
    folder = library(shared, name)
    rows = {row.pk: row for row in read(folder, workspace).assets}
    with open_file_copy(folder / "database" / "Photos.sqlite", workspace) as database:
        moves = read_history(database).trashed
    for pk, event in moves.items():
        row = rows[pk]
        assert row.trashed_state == 1
        assert row.trashed_at is not None and event.at is not None
        # The author of most of these libraries moved the stored dates, not the history, into the next century.
        edited = row.trashed_at.year > 2100
        assert event.at < row.trashed_at if edited else abs(event.at - row.trashed_at) < timedelta(minutes=1)
    assert sum(rows[pk].trashed_at.year < 2100 for pk in moves) == (2 if name.startswith("External") else 0)  # type: ignore[union-attr]
    assert len(moves) == MOVES.get(name, 0)


@pytest.mark.parametrize(
    ("at", "notes"),
    [
        (datetime(2031, 1, 1, tzinfo=UTC), [NoteCode.PLACEHOLDER_TRASHED]),
        (datetime(2024, 4, 15, tzinfo=UTC), [NoteCode.TRASHED_LONG_AGO]),
        (DELETED, []),
    ],
)
def test_a_date_of_deletion_that_cannot_be_is_told(tmp_path: Path, at: datetime, notes: list[NoteCode]) -> None:
    """The backup is of 1 June 2024."""
    builder = Changed().with_photo("IMG_0001").trashed(at).sql("DELETE FROM ACHANGE")
    assert [note.code for note in named(scan(builder.build(tmp_path)), "IMG_0001.HEIC").notes] == notes


# --- systems of which no real library has been seen ------------------------------------------------------------

NEWER = {"19320": "26.2", "270008501": "27.0"}


@pytest.mark.parametrize("layout", NEWER)
def test_imitations_of_newer_systems_are_read_in_full(tmp_path: Path, layout: str) -> None:
    """Every fact of a row, words, history and deleted rows, without a gap in the library."""
    builder = BackupBuilder(layout=layout, product_version=NEWER[layout]).with_live_photo("IMG_0001")
    builder.with_album("Calls").described("Anna", "at sea", ("call",)).favorite().trashed(DELETED)
    builder.with_photo("IMG_0002").permanently_deleted(DELETED)
    findings = scan(builder.build(tmp_path))
    assert findings.backup.photos_model_version == int(layout)
    asset = named(findings, "IMG_0001.HEIC")
    assert (asset.albums, asset.keywords, asset.title, asset.caption) == (("Calls",), ("call",), "Anna", "at sea")
    assert (asset.favorite, asset.trashed, asset.importer) == (True, True, "com.apple.FTLivePhotoService")
    assert [gone.deleted.client for gone in findings.assets if gone.deleted] == ["com.apple.mobileslideshow"]
    assert not [gap for gap in findings.gaps if "Photos.sqlite" in gap.where]


@pytest.mark.parametrize("layout", NEWER)
def test_imitations_have_every_column_that_public_queries_of_ios_26_use(shared: Path, layout: str) -> None:
    """So those queries run on them; the list is of iLEAPP's, one line for each column."""
    listed = (shared.parent / "facts" / "photos-columns-by-version.tsv").read_text("utf-8").splitlines()
    head, *lines = (line.split("\t") for line in listed)
    used = [line for line in lines if len(line) == len(head) and line[head.index("L26")]]
    assert len(used) > 800
    known = layouts.load(layout)
    assert [line[:2] for line in used if line[1] not in known.columns(line[0])] == []


@pytest.mark.parametrize(
    ("sql", "away"),
    [
        (resource(-1, 1), True),
        (resource(1, 1), False),
        (resource(None, 1), False),
        (resource(-1, 1, 1), False),
        (resource(-32768, 1), False),
        (resource(-1, 0), False),
        ("UPDATE ZCLOUDMASTER SET ZCLOUDLOCALSTATE = 1", False),
    ],
)
def test_a_row_and_its_asset_agree_on_what_is_in_icloud_alone(tmp_path: Path, sql: str, away: bool) -> None:
    """A search for FaceTime alone makes no asset of most rows; what is counted of them is the same."""
    builder = Changed().with_photo("IMG_0001", in_cloud=True, local=False).sql(sql)
    case = case_of(builder.build(tmp_path))
    (asset,) = find(case).assets
    assert (asset.cloud is not None and (asset.cloud.original_local, asset.cloud.in_cloud) == (False, True)) is away
    case.store.change("DELETE FROM chosen")
    assert [row.away for row in plain_rows(case)] == [away]
