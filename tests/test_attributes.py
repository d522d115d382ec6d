"""File attributes of the photo service: each key decoded twice, and a backup known by them alone."""

from __future__ import annotations

import plistlib
import struct
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import BackupBuilder
from recovery.analysis.model import Basis, Verdict
from recovery.case.facetime_evidence import Places, facetime_evidence_of
from recovery.gap_codes import GapSubject
from recovery.photos_db.camera_roll_paths import FileRole, MediaPathPart, media_path
from recovery.photos_db.facetime_signals import judge
from recovery.photos_db.file_attributes import ATTRIBUTE_FACTS, PREFIX, FileAttributes, LiveTiming, read_attributes
from recovery.photos_db.media_files import Blob, MediaFile
from recovery.source.blobs import BlobState
from recovery.source.manifest import ManifestEntry
from recovery.workspace import Workspace
from tests.figures_real_data import manifest_entries
from tests.library_tools import groups_of
from tests.scanning import PASSPHRASE, named, scan

DELETED = datetime(2024, 5, 20, 7, 15, tzinfo=UTC)


def u16(data: bytes) -> object:
    return struct.unpack("<H", data)[0]


def date(data: bytes) -> object:
    """The seconds of a binary property list's one date, read without plistlib's rounding."""
    assert data[:8] == b"bplist00"
    assert data[8] == 0x33
    return datetime(2001, 1, 1, tzinfo=UTC) + timedelta(seconds=struct.unpack(">d", data[9:17])[0])


def times(data: bytes) -> object:
    """Two media times: value, scale, flags, epoch."""
    value, scale, _, _, length, length_scale, _, _ = struct.unpack("<qiIqqiIq", data)
    return LiveTiming(value / scale, length / length_scale)


# Key, field of the record, and a decoding that shares no code with the one under test.
INDEPENDENT: dict[str, tuple[str, Callable[[bytes], object]]] = {
    "UUID": ("uuid", lambda data: str(uuid.UUID(bytes=data)).upper()),
    "assetType": ("saved_asset_type", u16),
    "importedBy": ("imported_by", u16),
    "avalanche.type": ("burst_pick", u16),
    "trashed": ("trashed", u16),
    "hidden": ("hidden", u16),
    "favorite": ("favorite", u16),
    "deferredProcessing": ("deferred", u16),
    "videoComplementVisibility": ("live_video_visibility", u16),
    "grouping.state": ("grouping_state", lambda data: struct.unpack("<Q", data)[0]),
    "timeZoneOffset": ("timezone_offset", lambda data: struct.unpack("<i", data)[0]),
    "creatorBundleID": ("creator_bundle", bytes.decode),
    "originalFilename": ("original_filename", bytes.decode),
    "timeZoneName": ("timezone", bytes.decode),
    "cloudAsset.UUID": ("cloud_uuid", bytes.decode),
    "publicGlobalUUID": ("public_uuid", bytes.decode),
    "dbRebuildUuid": ("rebuild_uuid", bytes.decode),
    "mediaGroupUUID": ("media_group_uuid", bytes.decode),
    "addedDate": ("added", date),
    "customCreationDate": ("created", date),
    "extraDurationData": ("live_timing", times),
}


@pytest.fixture
def camera_roll(shared: Path, workspace: Workspace) -> dict[str, ManifestEntry]:
    """The files of the real iOS 14.3 camera roll whose attributes name an asset, by path."""
    entries = manifest_entries(shared.parent, workspace)
    return {entry.relative_path: entry for entry in entries if f"{PREFIX}UUID" in entry.attributes}


def test_every_key_of_the_real_files_is_decoded(camera_roll: dict[str, ManifestEntry]) -> None:
    """62 files, 1,152 values: each equals what uuid, struct and plistlib make of the same bytes."""
    compared = 0
    for entry in camera_roll.values():
        found = read_attributes(entry.attributes)
        assert found is not None
        assert found.undecoded == ()
        for name, data in entry.attributes.items():
            if name.startswith(PREFIX):
                field, decode = INDEPENDENT[name.removeprefix(PREFIX)]
                value, wanted = getattr(found, field), decode(data)
                if isinstance(wanted, datetime):
                    assert abs(value - wanted) < timedelta(milliseconds=1)
                else:
                    assert value == wanted
                compared += 1
    assert (len(camera_roll), compared) == (62, 1152)


def test_dates_of_real_files_agree_with_plistlib(camera_roll: dict[str, ManifestEntry]) -> None:
    """The added date, read by the library for property lists, is ours."""
    for entry in camera_roll.values():
        found = read_attributes(entry.attributes)
        stored = plistlib.loads(entry.attributes[f"{PREFIX}addedDate"])
        assert found is not None
        assert found.added == stored.replace(tzinfo=UTC)


def test_screenshots_and_the_camera_as_a_real_phone_writes_them(camera_roll: dict[str, ManifestEntry]) -> None:
    """48 screenshots name springboard and importer 8; the camera's one Live Photo names no program."""
    told = {path: read_attributes(entry.attributes) for path, entry in camera_roll.items()}
    bundles = [found.creator_bundle for found in told.values() if found and found.creator_bundle]
    assert bundles == ["com.apple.springboard"] * 48
    camera = told["Media/DCIM/100APPLE/IMG_0011.HEIC"]
    assert camera is not None
    assert (camera.imported_by, camera.creator_bundle, camera.saved_asset_type) == (1, None, 3)
    assert camera.original_filename == "IMG_0011.HEIC"
    assert camera.media_group_uuid is not None
    assert camera.live_timing is not None
    assert 0 < camera.live_timing.still_s < camera.live_timing.length_s < 4
    clouded = [found for path, found in told.items() if "/CPLAssets/" in path and found]
    assert len(clouded) == 13
    assert all((found.imported_by, found.creator_bundle) == (8, None) for found in clouded)


def media(entry: ManifestEntry) -> MediaFile | None:
    """A manifest entry as a media file whose blob is not looked at."""
    place = media_path(entry.domain, entry.relative_path)
    blob = Blob(BlobState.MISSING)
    return MediaFile(entry, place, blob, read_attributes(entry.attributes)) if place else None


def test_the_real_live_photo_pairs_and_is_not_of_facetime(shared: Path, workspace: Workspace) -> None:
    """IMG_0011 has both halves, and no file of the real camera roll is taken for one of FaceTime."""
    entries = manifest_entries(shared.parent, workspace)
    files = [file for entry in entries if (file := media(entry))]
    groups = groups_of((), files)
    (live,) = (item for item in groups if item.pair is not None)
    assert [
        (file.role, file.file.entry.name) for file in live.files if file.file.place.part is MediaPathPart.ORIGINAL
    ] == [
        (FileRole.STILL, "IMG_0011.HEIC"),
        (FileRole.PAIRED_VIDEO, "IMG_0011.MOV"),
    ]
    assert {judge(facetime_evidence_of(item, Places())).verdict for item in groups} == {Verdict.NO}
    assert sum(len(item.files) for item in groups) == sum(file.place.part is not MediaPathPart.TABLE for file in files)


# --- one key at a time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "data", "field", "value"),
    [
        ("trashed", b"\x01\x00", "trashed", 1),
        ("hidden", b"\x01\x00", "hidden", 1),
        ("importedBy", b"\x08\x00", "imported_by", 8),
        ("timeZoneOffset", b"\xf0\xf1\xff\xff", "timezone_offset", -3600),
        ("originalFilename", b"lp_image.heic", "original_filename", "lp_image.heic"),
        ("originalFilename", "Zoë 🏖.heic\x00".encode(), "original_filename", "Zoë 🏖.heic"),
        ("creatorBundleID", b"com.apple.FTLivePhotoService", "creator_bundle", "com.apple.FTLivePhotoService"),
    ],
)
def test_one_key_fills_its_field(key: str, data: bytes, field: str, value: object) -> None:
    """Each encoding as a real manifest has it, with values no real sample had."""
    found = read_attributes({PREFIX + key: data})
    assert found is not None
    assert getattr(found, field) == value


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("UUID", b"short"),
        ("trashed", b""),
        ("trashed", b"\x01\x00\x00"),
        ("originalFilename", b"\xff\xfe"),
        ("addedDate", b"yesterday"),
        ("addedDate", plistlib.dumps("yesterday")),
        ("extraDurationData", b"\x00" * 48),
        ("extraDurationData", b"\x00" * 47),
        ("of a newer system", b"\x01"),
    ],
)
def test_what_cannot_be_decoded_is_listed_as_that(key: str, data: bytes) -> None:
    """A value of a wrong length or form, or an unknown key, is named and fills nothing."""
    assert read_attributes({PREFIX + key: data}) == FileAttributes(undecoded=(key,))


def test_other_attributes_are_none_of_ours() -> None:
    """com.apple.cpl.delete stands on photos nobody deleted: it is not read at all."""
    assert read_attributes({"com.apple.cpl.delete": b"Y", "com.apple.cpl.original": b"Y"}) is None
    assert read_attributes({}) is None


@given(st.dictionaries(st.sampled_from([fact.key for fact in ATTRIBUTE_FACTS]), st.binary(max_size=80)))
def test_any_bytes_under_any_key_are_decoded_or_listed(stored: dict[str, bytes]) -> None:
    """No value raises; each key is either decoded into its field or named as not decoded."""
    found = read_attributes({PREFIX + key: data for key, data in stored.items()})
    if not stored:
        assert found is None
        return
    assert found is not None
    fields = {fact.key: fact.field for fact in ATTRIBUTE_FACTS}
    for key in stored:
        assert (getattr(found, fields[key]) is None) is (key in found.undecoded)


# --- a second library -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])
@pytest.mark.parametrize("lost", ["database", "row"])
def test_attributes_alone_give_the_asset(tmp_path: Path, passphrase: str | None, lost: str) -> None:
    """Without Photos.sqlite, or without a row, name, dates, origin, trashed and hidden are still known."""
    made = BackupBuilder()
    made.with_live_photo("IMG_0001").trashed(DELETED).hidden().favorite()
    made.with_camera_live_photo("IMG_0002").with_screenshot("IMG_0003").with_video("IMG_0004")
    if lost == "database":
        made.without_photos_database()
    else:
        for plan in made._plans:
            plan.in_library = False
    found = scan(made.build(tmp_path, passphrase), passphrase)
    for planted in made.assets:
        asset, expected = named(found, planted.name), planted.expected
        assert asset.basis is Basis.FILE_ATTRIBUTES
        assert asset.uuid == planted.uuid
        assert (asset.trashed, asset.hidden, asset.favorite) == (
            expected.trashed,
            expected.hidden,
            expected.favorite,
        )
        assert (str(asset.kind), str(asset.facetime.verdict)) == (expected.kind, expected.verdict)
        assert asset.original_filename == expected.original_filename
        assert asset.created == expected.created
        assert asset.status == "complete"
    assert any(gap.what is GapSubject.PHOTO_LIBRARY for gap in found.gaps) is (lost == "database")


def test_a_damaged_library_leaves_the_attributes(tmp_path: Path) -> None:
    """Photos.sqlite without its header is a fault; the photos are told from their attributes."""
    made = BackupBuilder().with_live_photo("IMG_0001").trashed(DELETED).with_damaged_photos_database("header")
    found = scan(made.build(tmp_path))
    asset = named(found, "IMG_0001.HEIC")
    assert (asset.basis, asset.trashed, str(asset.facetime.verdict)) == (Basis.FILE_ATTRIBUTES, True, "certain")
    assert any(gap.fault and gap.what is GapSubject.PHOTO_LIBRARY for gap in found.gaps)
