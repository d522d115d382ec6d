"""Small photos and short videos of unknown origin are looked into; the camera's and larger ones are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from fixtures import BackupBuilder, pictures
from fixtures.encryption import seeded_bytes
from fixtures.misfortunes import Misfortunes
from recovery import limits
from recovery.analysis.find import find, narrowed
from recovery.analysis.model import Findings, Verdict
from recovery.analysis.search import Search
from recovery.case import gather
from recovery.case.facetime_evidence import could_be_facetime_by_size
from recovery.case.grouping import Group, GroupFile
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.camera_roll_paths import FileRole, MediaPath, MediaPathPart
from recovery.photos_db.codes import KindCode
from recovery.photos_db.library import AssetRow
from recovery.photos_db.media_files import MediaFile
from recovery.source.backup_view import BackupView
from recovery.source.blobs import Blob, BlobState
from recovery.source.manifest import EntryKind, ManifestEntry
from tests.scanning import PASSPHRASE, scan, view_of
from tests.talking import say

RENAMED: dict[str, Any] = {
    "original": "IMG_1234.HEIC",
    "bundle": "com.apple.sharingd",
    "imported_by": 8,
    "facts": pictures.FACETIME,
    "width": 884,
    "height": 1920,
}
"""A FaceTime still that came back under another name, through another program."""
LARGE: dict[str, Any] = {"width": 1922, "height": 1080}
SHORT: dict[str, Any] = {
    "original": "IMG_1234.MOV",
    "imported_by": 3,
    "photographed": pictures.IPHONE,
    "duration": 3.01,
}


def photo(**changes: Any) -> BackupBuilder:
    """A still of FaceTime under another name, with something different about its row."""
    return BackupBuilder().with_photo("IMG_0001", **(RENAMED | changes))


def video(**changes: Any) -> BackupBuilder:
    """A FaceTime video under another name, with something different about its row."""
    return BackupBuilder().with_video("IMG_0001", **(SHORT | changes))


STORIES: dict[str, tuple[Callable[[], Misfortunes], Verdict]] = {
    "a photo": (photo, Verdict.CERTAIN),
    "saved by an app": (lambda: photo(bundle="net.whatsapp.WhatsApp", imported_by=3), Verdict.CERTAIN),
    "no program known": (lambda: photo(bundle=None, imported_by=0), Verdict.CERTAIN),
    "a JPEG": (lambda: photo(extension="JPG"), Verdict.CERTAIN),
    "1,920 pixels": (lambda: photo(width=1920, height=1920), Verdict.CERTAIN),
    "1,921 pixels": (lambda: photo(**LARGE), Verdict.NO),
    "the front camera's": (lambda: photo(bundle=None, imported_by=2), Verdict.NO),
    "the back camera's": (lambda: photo(bundle=None, imported_by=1), Verdict.NO),
    "a screenshot": (lambda: photo(what="screenshot"), Verdict.NO),
    "no row": (lambda: photo(imported_by=3).without_row(), Verdict.CERTAIN),
    "no row, a camera's": (lambda: photo(imported_by=1).without_row(), Verdict.NO),
    "no library": (lambda: photo(imported_by=3).without_photos_database(), Verdict.CERTAIN),
    "nothing inside": (lambda: photo(facts=pictures.PictureFacts()), Verdict.NO),
    "another camera's": (lambda: photo(facts=pictures.CAMERA), Verdict.NO),
    "a Mac's": (
        lambda: photo(facts=pictures.PictureFacts("Apple", "MacBook Pro", "MacBook Pro", "FaceTime Photo")),
        Verdict.CERTAIN,
    ),
    "a Live Photo": (
        lambda: BackupBuilder().with_live_photo(
            "IMG_0001", "IMG_1.HEIC", "net.whatsapp.WhatsApp", 3, facetime_markers=True, **LARGE
        ),
        Verdict.CERTAIN,
    ),
    "the content is missing": (lambda: photo().without_blob(), Verdict.NO),
    "only in iCloud": (lambda: photo().only_in_icloud(), Verdict.NO),
    "a video": (video, Verdict.PROBABLE),
    "a video of 5 s": (lambda: video(duration=5.0), Verdict.PROBABLE),
    "a video of 5.1 s": (lambda: video(duration=5.1), Verdict.NO),
    "a large video": (lambda: video(**LARGE), Verdict.NO),
    "a video of unknown length": (lambda: video(duration=None), Verdict.PROBABLE),
    "a video of the camera": (lambda: video(imported_by=2), Verdict.NO),
    "a screen recording": (lambda: video(what="screen_recording"), Verdict.NO),
    "a video without a row": (lambda: video().without_row(), Verdict.PROBABLE),
    "a video with its name": (lambda: video(original="lp_image.MOV"), Verdict.CERTAIN),
}


def only_facetime(folder: Path, passphrase: str) -> Findings:
    """The findings of a search for FaceTime alone."""
    with view_of(folder, passphrase) as view:
        findings = find(gather(view, only_facetime=True))
        return findings.changed(assets=findings.assets.in_memory())


@pytest.mark.parametrize("story", STORIES)
def test_what_is_looked_into(tmp_path: Path, story: str) -> None:
    """Every story's mark stands inside the file alone; encrypted, and in a search for FaceTime alone, as well."""
    builder, verdict = STORIES[story]
    plain = scan(builder().build(tmp_path / "plain"))  # type: ignore[attr-defined]
    folder = builder().build(tmp_path / "encrypted", PASSPHRASE)  # type: ignore[attr-defined]
    (asset,), (deciphered,) = plain.assets, scan(folder, PASSPHRASE).assets
    assert asset.facetime.verdict is verdict
    assert deciphered == asset
    narrow = only_facetime(folder, PASSPHRASE)
    assert tuple(narrow.assets) == ((asset,) if verdict is not Verdict.NO else ())


def group(size: int | None, **stored: Any) -> Group:
    """A row that stores only this, with one original of so many bytes."""
    row = AssetRow(**dict.fromkeys(AssetRow._fields) | {"pk": 1} | stored)  # type: ignore[arg-type]
    entry = ManifestEntry("a" * 40, "CameraRollDomain", "Media/DCIM/100APPLE/IMG_0001.HEIC", EntryKind.FILE)
    place = MediaPath(MediaPathPart.ORIGINAL, "DCIM/100APPLE", "IMG_0001.HEIC")
    return Group(row, (GroupFile(FileRole.STILL, MediaFile(entry, place, Blob(BlobState.PRESENT, size), None)),))


@pytest.mark.parametrize(
    ("size", "stored", "looked"),
    [
        (limits.FACETIME_BYTES, {}, True),
        (limits.FACETIME_BYTES + 1, {}, False),
        (None, {}, True),
        (limits.FACETIME_BYTES + 1, {"width": 1920, "height": 1080}, True),
        (1000, {"width": 4032}, False),
        (1000, {"width": 0, "height": 0}, True),
        (1000, {"kind": KindCode.VIDEO, "duration": 60.0}, False),
        (1000, {"kind": KindCode.VIDEO, "duration": 0.0}, True),
        (limits.FACETIME_BYTES + 1, {"kind": KindCode.VIDEO, "width": 1920, "height": 1080}, False),
        (1000, {"imported_by": 1}, False),
        (1000, {"kind_subtype": 10}, False),
    ],
)
def test_what_the_row_does_not_store(size: int | None, stored: dict[str, Any], looked: bool) -> None:
    """Pixels and seconds of the row come first; where they are missing the bytes of the file tell."""
    assert could_be_facetime_by_size(group(size, **stored)) is looked


def test_large_files_without_a_row_are_not_opened(tmp_path: Path) -> None:
    """Where nothing tells pixels or seconds, the bytes do: more than a picture of FaceTime's size can have."""
    builder = photo(imported_by=3).without_photos_database()
    plan = builder._last
    content = plan.still() + bytes(3 * 1920 * 1920)
    builder.with_file("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0001.HEIC", content, attributes=plan.attributes())
    (asset,) = scan(builder.build(tmp_path)).assets
    assert asset.facetime.verdict is Verdict.NO


def many(count: int = 12) -> BackupBuilder:
    """A library of small pictures from a messenger, two of which are FaceTime's."""
    builder = BackupBuilder()
    for number in range(1, count + 1):
        facts = pictures.FACETIME if number in (4, 9) else pictures.PictureFacts()
        builder.with_photo(f"IMG_{number:04d}", **(RENAMED | {"facts": facts, "extension": "JPG", "imported_by": 3}))
    return builder


def test_a_library_of_small_pictures(tmp_path: Path) -> None:
    """Those without a mark are not looked into."""
    folder = many().build(tmp_path, PASSPHRASE)
    with view_of(folder, PASSPHRASE) as view:
        case = gather(view)
        looked = [file.entry.name for file in case.store.files("facts IS NOT NULL")]
        assert sorted(looked) == ["IMG_0004.JPG", "IMG_0009.JPG"]
        whole = find(case)
        found = [str(asset.filename) for asset in whole.assets if asset.facetime.verdict is Verdict.CERTAIN]
        assert sorted(found) == ["IMG_0004.JPG", "IMG_0009.JPG"]
        narrow = find(gather(view, only_facetime=True))
        assert tuple(narrow.assets) == tuple(narrowed(whole, Search(facetime=True)).assets)


def test_what_cannot_be_read_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, untouched: Callable[[Path], None]
) -> None:
    """A disk that fails is not "no FaceTime photo": one gap counts the files, and the exit code says so."""
    folder = many().build(tmp_path / "backup")
    untouched(folder)
    found = BackupView.open
    broken = [file.file_id for asset in many().assets[:5] for file in asset.files if file.role == "still"]

    def failing(self: BackupView, entry: ManifestEntry, *, scattered: bool = False) -> BinaryIO:
        if entry.file_id in broken:
            raise OSError(5, "Input/output error")
        return found(self, entry, scattered=scattered)

    monkeypatch.setattr(BackupView, "open", failing)
    findings = scan(folder)
    (gap,) = (gap for gap in findings.gaps if gap.what is GapSubject.UNREADABLE_FILES)
    assert gap.fault and (gap.part, gap.why) == ("5", GapReason.READ_ERROR)
    said = say("scan", folder, "-v")
    assert said.code == 3 and "files that this computer cannot read" in " ".join(said.out.split())
    assert "Traceback" not in said.all


def test_a_picture_that_is_none_says_nothing(tmp_path: Path) -> None:
    """Bytes of no known kind, and a GIF: no mark, no gap."""
    builder = many(2)
    for number, content in ((1, seeded_bytes("noise", 4_000)), (2, b"GIF89a" + bytes(500))):
        builder.with_file("CameraRollDomain", f"Media/DCIM/100APPLE/IMG_{number:04d}.JPG", content)
    findings = scan(builder.build(tmp_path))
    assert [asset.facetime.verdict for asset in findings.assets] == [Verdict.NO, Verdict.NO]
    assert not [gap for gap in findings.gaps if gap.what is GapSubject.SMALL_PICTURES]
