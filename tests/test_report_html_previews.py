"""Previews: which file is shown, how it is named and kept, and what becomes of pictures that cannot be decoded."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image, ImageCms
from report_pages import MADE, opened

from fixtures import BackupBuilder
from recovery import limits
from recovery.analysis.model import Asset
from recovery.errors import UnreadableFileError
from recovery.formats import decoding
from recovery.report.html.picture_choice import Shown
from recovery.report.html.picture_sources import LARGE, SMALL, tables_by_path
from recovery.report.html.previews import Preview, PreviewMaker

RED, BLUE = (200, 30, 40), (20, 40, 200)


def everything(asset: Asset) -> bool:
    """Large pictures of all assets."""
    return True


def made(builder: BackupBuilder, folder: Path, out: Path | None = None) -> tuple[list[Preview], Path]:
    """The previews of a backup, and their folder."""
    target = out or folder / "previews"
    with opened(builder, folder / "backup") as found:
        maker = PreviewMaker(found.view, target, tables_by_path(found.case.traces.tables))
        return maker.make(found.findings.assets, everything), target


def picture(form: str, size: tuple[int, int] = (60, 40), **options: object) -> io.BytesIO:
    """A picture, red on the left and blue on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    stream = io.BytesIO()
    image.save(stream, form, **options)
    stream.seek(0)
    return stream


def close(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Whether two colours differ no more than a JPEG does."""
    return all(abs(one - other) < 40 for one, other in zip(first, second, strict=True))


def test_a_whole_photo_is_shown_in_both_sizes(tmp_path: Path) -> None:
    """Small and large are plain upright JPEGs without metadata, within their sizes."""
    (preview,), folder = made(BackupBuilder().with_live_photo("IMG_0001"), tmp_path)
    assert preview.shown is Shown.PHOTO
    for name, side in ((preview.small, SMALL), (preview.large, LARGE)):
        assert name is not None
        with Image.open(folder / name) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB")
            assert max(image.size) <= side
            assert image.height > image.width
            assert not image.getexif()
            assert "icc_profile" not in image.info
    assert preview.movie is not None


@pytest.mark.parametrize(
    ("builder", "shown"),
    [
        (BackupBuilder().with_live_photo("IMG_0001").only_in_icloud(thumbnail=True), Shown.THUMBNAIL),
        (BackupBuilder().with_live_photo("IMG_0001").without_still().without_thumbnail(), Shown.FRAME),
        (BackupBuilder().with_live_photo("IMG_0001").truncated_blob("still").without_video(), Shown.THUMBNAIL),
    ],
)
def test_what_is_left_is_called_what_it_is(tmp_path: Path, builder: BackupBuilder, shown: Shown) -> None:
    """A thumbnail is never called the photo, nor is a frame of the movie."""
    pytest.importorskip("av")
    (preview,), _ = made(builder, tmp_path)
    assert preview.shown is shown
    assert preview.small


def test_a_deleted_asset_shows_its_entry_of_a_thumbnail_table(tmp_path: Path) -> None:
    """Of a photo permanently deleted the table's tiny picture is shown, and named as such."""
    builder = BackupBuilder().with_photo("IMG_0001").permanently_deleted(MADE).with_photo("IMG_0002")
    previews, _ = made(builder.with_thumbnail_tables(), tmp_path)
    assert [preview.shown for preview in previews].count(Shown.TABLE) == 1


def test_nothing_left_is_no_picture_and_no_error(tmp_path: Path) -> None:
    """Where nothing can be decoded there is no preview; a file that is there says why."""
    builder = BackupBuilder().with_photo("IMG_0001").truncated_blob("still").without_thumbnail()
    builder.with_live_photo("IMG_0002").only_in_icloud()
    previews, folder = made(builder, tmp_path)
    assert [preview.small for preview in previews] == [None, None]
    assert any("cannot be decoded" in preview.problem for preview in previews)
    assert list(folder.iterdir()) == []


def test_a_second_report_uses_previews_again_and_forgets_those_of_another(tmp_path: Path) -> None:
    """Made files are not made again; ours that nobody needs go, and a stranger's file stays."""
    builder = BackupBuilder().with_live_photo("IMG_0001").with_photo("IMG_0002")
    first, folder = made(builder, tmp_path)
    for path in folder.iterdir():
        os.utime(path, ns=(1, 1))
    stranger = folder / "holiday.jpg"
    stranger.write_bytes(b"mine")
    old = folder / f"{'0' * 24}-small.jpg"
    old.write_bytes(b"of an earlier backup")
    second, _ = made(builder, tmp_path / "again", folder)
    assert second == first
    ours = [path for path in folder.iterdir() if path not in (stranger, old)]
    assert {path.stat().st_mtime_ns for path in ours} == {1}
    with opened(builder, tmp_path / "third") as found:
        PreviewMaker(found.view, folder, {}).forget_others(second)
    assert stranger.exists()
    assert not old.exists()
    assert all(path.exists() for path in ours)


@pytest.mark.parametrize(("orientation", "left"), [(1, RED), (3, BLUE), (6, RED), (8, RED)])
def test_pictures_stand_upright(orientation: int, left: tuple[int, int, int]) -> None:
    """The orientation of EXIF is applied: turned by a quarter the sides change, by a half the colours."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = picture("JPEG", exif=exif, quality=95)
    image = decoding.still(stream, len(stream.getvalue()))
    assert image.size == ((60, 40) if orientation < 5 else (40, 60))
    corner = image.getpixel((3, 3))
    expected = {1: RED, 3: BLUE, 6: RED, 8: BLUE}[orientation]
    assert isinstance(corner, tuple)
    assert close(corner, expected)


def test_colours_of_a_profile_become_srgb() -> None:
    """A profile that exchanges nothing changes nothing; one with another gamma changes the colours."""
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = picture("PNG")
    same = picture("PNG", icc_profile=srgb)
    first = decoding.still(plain, len(plain.getvalue()))
    second = decoding.still(same, len(same.getvalue()))
    assert first.tobytes() == second.tobytes()
    unfit = picture("PNG", icc_profile=linear.tobytes())
    assert decoding.still(unfit, len(unfit.getvalue())).size == first.size


def test_a_display_p3_photo_is_turned_into_srgb(shared: Path) -> None:
    """A real iPhone picture in Display P3 has other numbers in sRGB, and stays the same picture."""
    path = shared / "live-photos" / "half" / "IMG_1853.HEIC"
    with path.open("rb") as stream:
        image = decoding.still(stream, path.stat().st_size, SMALL)
    from pillow_heif import open_heif

    raw = open_heif(path)[0].get_thumbnail(0).to_pillow()
    assert raw.info["icc_profile"]
    assert image.size == raw.size
    assert image.tobytes() != raw.tobytes()
    mean = [sum(abs(a - b) for a, b in zip(image.tobytes(), raw.tobytes(), strict=True)) / len(raw.tobytes())]
    assert mean[0] < 12


def test_transparent_pictures_stand_on_white() -> None:
    """What is transparent is white, not black."""
    stream = io.BytesIO()
    Image.new("RGBA", (8, 8), (10, 20, 30, 0)).save(stream, "PNG")
    assert decoding.still(stream, len(stream.getvalue())).getpixel((4, 4)) == (255, 255, 255)


def test_a_picture_of_too_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts what would be decoded: a PNG is refused, a JPEG that can be decoded smaller is not."""
    monkeypatch.setattr(limits, "PREVIEW_PIXELS", 200_000)
    png, jpeg = picture("PNG", (800, 600)), picture("JPEG", (800, 600))
    with pytest.raises(UnreadableFileError):
        decoding.still(png, len(png.getvalue()), 100)
    assert max(decoding.still(jpeg, len(jpeg.getvalue()), 100).size) == 100


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff\xe0 no jpeg", b"\x89PNG\r\n\x1a\n", b"plain text", b"\0" * 4096])
def test_what_is_no_picture_is_our_error(data: bytes) -> None:
    """Bad bytes end in our error, never in one of a decoder."""
    for decode in (decoding.still, decoding.frame):
        with pytest.raises(UnreadableFileError):
            decode(io.BytesIO(data), len(data), SMALL)


def test_real_damaged_pictures_end_in_our_error_or_a_picture(shared: Path) -> None:
    """Damaged real files are decoded or refused; nothing else happens."""
    tried = 0
    for path in sorted((shared / "media-bad").iterdir()):
        with path.open("rb") as stream:
            try:
                assert decoding.still(stream, path.stat().st_size, SMALL).mode == "RGB"
            except UnreadableFileError:
                tried += 1
    assert tried > 0
