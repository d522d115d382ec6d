"""Where files are: every folder a row can name, the second library, and what no local backup carries."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery.analysis.find import find
from recovery.analysis.model import Asset, FileRole, FileState, Findings, LibraryName, OrphanCode, Status, Verdict
from recovery.analysis.reasons import NoteCode
from recovery.case import gather
from recovery.gap_codes import GapSubject
from recovery.photos_db.camera_roll_paths import MediaPathPart, media_path, package_path, row_folder
from tests.scanning import PASSPHRASE, named, scan, view_of
from tests.talking import say

PAIR = "0D4557A2-5135-4206-91E4-9D0D3A58B2EC"
OTHER = "C2841912-B96B-4115-B0F9-68AF5A889BC9"


def shared(findings: Findings) -> list[Asset]:
    """The assets of Shared with You."""
    return [asset for asset in findings.assets if asset.library is LibraryName.SHARED_WITH_YOU]


@pytest.mark.parametrize(
    "directory",
    [
        "PhotoData/Sync/100SYNCD",
        "PhotoData/CMMAssets/5E1D0B9A",
        "PhotoData/Locked/DCIM/100APPLE",
        "PhotoStreamsData/17193901029/100APPLE",
        "PhotoData/UBF/scopes/syndication/originals/C",
        "PhotoData/SomethingNew/2031",
    ],
)
def test_the_directory_of_a_row_is_believed(tmp_path: Path, directory: str) -> None:
    """Both halves of a Live Photo and its smaller copy are found wherever the row says that it is."""
    builder = BackupBuilder().with_photo("IMG_0001")
    builder.with_live_photo("IMG_0002", directory=directory).with_reduced_copy()
    findings = scan(builder.build(tmp_path))
    found = named(findings, "IMG_0002.HEIC")
    assert found.status is Status.COMPLETE
    assert {FileRole.STILL, FileRole.PAIRED_VIDEO, FileRole.REDUCED} <= {item.role for item in found.files}
    assert found.directory == directory
    assert findings.totals.files_without_asset == 0


def test_a_row_of_a_scope_names_only_the_end_of_its_path(tmp_path: Path) -> None:
    """Rows of Shared with You in the photo library of iOS 26 say `C`; the files lie in the scope's originals."""
    builder = BackupBuilder(layout="19063", product_version="26.1")
    builder.with_live_photo(OTHER, uuid=OTHER, directory="C", local=False, has_thumbnail=False)
    base = f"Media/PhotoData/UBF/scopes/syndication/originals/C/{OTHER}"
    builder.with_file("CameraRollDomain", f"{base}.heic", builder._last.still())
    builder.with_file("CameraRollDomain", f"{base}_3.mov", builder._last.movie())
    found = named(scan(builder.build(tmp_path)), f"{OTHER}.HEIC")
    assert found.status is Status.COMPLETE
    assert found.live_photo is not None and found.live_photo.identifiers_match


def test_a_directory_named_by_a_row_makes_no_photo_of_a_database(tmp_path: Path) -> None:
    """Whatever a row names, only pictures and movies in that very folder become originals."""
    builder = BackupBuilder().with_photo("IMG_0001", directory="PhotoData")
    findings = scan(builder.build(tmp_path))
    assert [asset.filename for asset in findings.assets] == ["IMG_0001.HEIC"]
    assert findings.totals.files_without_asset == 0


@pytest.mark.parametrize("directory", ["PhotoData/Sync/100SYNCD", "PhotoData/PhotoCloudSharingData/168/45B2/100CLOUD"])
def test_what_no_local_backup_carries_is_said_to_be_so(tmp_path: Path, directory: str) -> None:
    """A photo whose folder Apple leaves out is neither a loose end nor told to be lost; a DCIM one is."""
    builder = BackupBuilder()
    for name, where in (("IMG_0001", directory), ("IMG_0002", "DCIM/100APPLE")):
        builder.with_photo(name, directory=where).without_thumbnail()._last.absent.add("still")
    findings = scan(builder.build(tmp_path))
    codes = [note.code for note in named(findings, "IMG_0001.HEIC").notes]
    assert NoteCode.NEVER_IN_LOCAL_BACKUPS in codes
    assert not named(findings, "IMG_0002.HEIC").notes
    ends = [end.path for end in findings.loose_ends if end.code is OrphanCode.ASSET_WITHOUT_FILE]
    assert ends == ["Media/DCIM/100APPLE/IMG_0002.HEIC"]


def test_scan_all_counts_files_without_a_row_by_folder(tmp_path: Path) -> None:
    """`--all` names each folder with its number; without it there is only the list."""
    builder = BackupBuilder().with_photo("IMG_0001")
    for number in range(2, 6):
        where = "101APPLE" if number > 2 else "100APPLE"
        builder.with_file("CameraRollDomain", f"Media/DCIM/{where}/IMG_{number:04d}.HEIC", builder._last.still())
    folder = builder.build(tmp_path)
    run = say("scan", folder, "-q", "--all")
    assert run.code == 0
    said = " ".join(run.out.split())
    assert "- 3 files in CameraRollDomain Media/DCIM/101APPLE - 1 file in CameraRollDomain Media/DCIM/100APPLE" in said
    assert "3 files in" not in say("scan", folder, "-q").out


def test_photos_still_to_be_processed_are_looked_at(tmp_path: Path) -> None:
    """A picture in Media/Deferred is a photo without a row; what is no picture by its name becomes a gap."""
    builder = BackupBuilder().with_photo("IMG_0001")
    builder.with_file("CameraRollDomain", "Media/Deferred/A/IMG_0007.HEIC", builder._last.still())
    builder.with_file("CameraRollDomain", "Media/Deferred/A/container.bin", b"unknown")
    findings = scan(builder.build(tmp_path))
    assert named(findings, "IMG_0007.HEIC").directory == "Deferred/A"
    (gap,) = (gap for gap in findings.gaps if gap.what is GapSubject.DEFERRED)
    assert gap.values == (1,)


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_facetime_photo_of_shared_with_you_is_an_asset_of_its_own(tmp_path: Path, passphrase: str | None) -> None:
    """Case 17: what a friend sent is found with both halves; its sources are in the second library."""
    second = BackupBuilder().with_live_photo("FT", uuid=OTHER).with_photo("IMG_0009")
    findings = scan(
        BackupBuilder().with_photo("IMG_0001").with_shared_with_you(second).build(tmp_path, passphrase), passphrase
    )
    received = {asset.uuid: asset for asset in shared(findings)}
    found = received[OTHER]
    assert len(received) == 2
    assert found.facetime.verdict is Verdict.CERTAIN
    assert found.status is Status.COMPLETE
    assert found.live_photo is not None and found.live_photo.identifiers_match
    assert FileRole.REDUCED in {item.role for item in found.files}
    stores = {source.store for source in found.sources.values() if source.row is not None}
    stores |= {signal.source.store for signal in found.facetime.signals if signal.source.row is not None}
    assert stores == {"Library/Photos/Libraries/Syndication.photoslibrary/database/Photos.sqlite"}
    assert named(findings, "IMG_0001.HEIC").library is LibraryName.PHOTOS
    assert findings.totals.facetime == 1
    assert findings.totals.assets == 3


def test_a_photo_of_both_libraries_is_one_asset_with_a_copy(tmp_path: Path) -> None:
    """Only in iCloud in the photo library, received in Messages too: by its content identifier it is here."""
    second = BackupBuilder().with_live_photo("FT", uuid=OTHER, group_uuid=PAIR)
    builder = BackupBuilder().with_live_photo("IMG_0001", None, None, 3, group_uuid=PAIR).only_in_icloud()
    (found,) = scan(builder.with_shared_with_you(second).build(tmp_path)).assets
    copies = [item for item in found.files if item.role is FileRole.SHARED_WITH_YOU_COPY]
    assert len(copies) == 2 and all(item.state is FileState.PRESENT for item in copies)
    assert found.status is Status.REDUCED_COPY
    assert found.library is LibraryName.PHOTOS
    assert found.facetime.verdict is Verdict.CERTAIN


def test_the_same_bytes_are_the_same_photo(tmp_path: Path) -> None:
    """Without any identifier bytes join the libraries; other bytes of the same length do not."""
    taken = {"width": 320, "height": 240}
    second = BackupBuilder().with_photo("IMG_0001", uuid=OTHER, **taken)
    findings = scan(BackupBuilder().with_photo("IMG_0001", **taken).with_shared_with_you(second).build(tmp_path / "a"))
    (found,) = findings.assets
    assert FileRole.SHARED_WITH_YOU_COPY in {item.role for item in found.files}
    second = BackupBuilder().with_photo("IMG_0001", uuid=OTHER, **taken)
    second._last.overwritten["still"] = lambda content: content[:-1] + bytes([content[-1] ^ 1])
    findings = scan(BackupBuilder().with_photo("IMG_0001", **taken).with_shared_with_you(second).build(tmp_path / "b"))
    assert len(findings.assets) == 2


def test_an_attachment_is_a_copy_of_a_photo_of_shared_with_you(tmp_path: Path) -> None:
    """What Messages holds of it is joined by bytes, and no asset of its own."""
    second = BackupBuilder().with_live_photo("FT", uuid=OTHER)
    builder = BackupBuilder().with_photo("IMG_0001")
    builder.with_messages_attachment("lp_image.HEIC", content=second._last.still()).with_shared_with_you(second)
    findings = scan(builder.build(tmp_path))
    (found,) = shared(findings)
    assert FileRole.MESSAGES_COPY in {item.role for item in found.files}
    assert findings.totals.facetime == 1


def test_a_search_for_facetime_alone_finds_the_same_in_shared_with_you(tmp_path: Path) -> None:
    """Photos of FaceTime in the second library, and counts of what is known, are those of the whole search."""
    second = BackupBuilder().with_live_photo("FT", uuid=OTHER).with_camera_live_photo("IMG_0002", group_uuid=PAIR)
    builder = BackupBuilder().with_camera_live_photo("IMG_0001", group_uuid=PAIR).with_shared_with_you(second)
    folder = builder.build(tmp_path)
    with view_of(folder) as view:
        alone = find(gather(view, only_facetime=True))
        assert [asset.uuid for asset in alone.assets] == [OTHER]
        assert alone.bases == scan(folder).bases


def test_a_damaged_second_library_is_a_gap_and_its_files_are_kept(tmp_path: Path) -> None:
    """Without its rows the pictures of Shared with You are still found, as files without a row."""
    second = BackupBuilder().with_live_photo("FT", uuid=OTHER)
    builder = BackupBuilder().with_photo("IMG_0001").with_shared_with_you(second)
    path = "Library/Photos/Libraries/Syndication.photoslibrary/database/Photos.sqlite"
    builder.with_file("HomeDomain", path, b"no database at all" * 500)
    findings = scan(builder.build(tmp_path))
    assert [gap.where for gap in findings.gaps if gap.what is GapSubject.PHOTO_LIBRARY] == [path]
    (found,) = shared(findings)
    assert found.status is Status.COMPLETE and found.facetime.verdict is Verdict.CERTAIN


def test_a_deleted_row_of_shared_with_you_is_told_under_its_library(tmp_path: Path) -> None:
    """The second library has a history of its own."""
    second = BackupBuilder().with_photo("IMG_0009").with_live_photo("FT", uuid=OTHER)
    second.permanently_deleted(datetime(2024, 5, 20, tzinfo=UTC))
    findings = scan(BackupBuilder().with_photo("IMG_0001").with_shared_with_you(second).build(tmp_path))
    (found,) = (asset for asset in shared(findings) if asset.uuid == OTHER)
    assert found.deleted is not None
    assert findings.totals.permanently_deleted == 1


def test_real_paths_of_shared_with_you_are_told_apart() -> None:
    """Paths of a public listing of iOS 15.3.1: originals, and two kinds of derivatives of the same asset."""
    base = "Library/Photos/Libraries/Syndication.photoslibrary/"
    scope = f"{base}scopes/syndication/"
    for path, part in (
        (f"{scope}originals/0/{PAIR}.jpeg", MediaPathPart.ORIGINAL),
        (f"{scope}resources/derivatives/0/{PAIR}_1_102_o.jpeg", MediaPathPart.REDUCED),
        (f"{scope}resources/derivatives/masters/0/{PAIR}_4_5003_c.jpeg", MediaPathPart.REDUCED),
    ):
        place = package_path(path, base)
        assert place is not None and place.part is part
        assert row_folder(place.directory) == "0" and place.stem == PAIR
    for path in ("database/Photos.sqlite", "resources/derivatives/thumbs/3334.ithmb", "scopes/x/originals/../a.jpg"):
        assert package_path(base + path, base) is None


def test_every_picture_of_a_real_phone_has_a_place(shared: Path) -> None:
    """All pictures and movies of its folders of photos in a public listing of iOS 15.3.1, both libraries."""
    with zipfile.ZipFile(shared / "path-lists/josh-hickman-ios15.csv.zip") as archive:
        text = archive.read(archive.namelist()[0]).decode("utf-8", "replace")
    media = r"mobile/((?:Media|Library/Photos)/[^\",\n]+\.(?:jpe?g|heic|mov|png|thm|mp4))\b"
    base = "Library/Photos/Libraries/Syndication.photoslibrary/"
    folders = ("Media/DCIM/", "Media/PhotoData/CPLAssets/", "Media/PhotoData/Metadata/")
    places = []
    for path in sorted(set(re.findall(media, text, re.IGNORECASE))):
        if path.startswith(f"{base}scopes/"):
            places.append(package_path(path, base))
        elif path.startswith(folders):
            assert media_path("CameraRollDomain", path) is not None, path
    assert Counter(place and place.part for place in places) == {MediaPathPart.ORIGINAL: 4, MediaPathPart.REDUCED: 8}
