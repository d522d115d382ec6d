"""FaceTime photos are turned exactly once, and keep their colours, wherever a picture is made from them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image, ImageCms
from report_pages import opened
from scanning import named, scan

from cli.main import main
from fixtures import BackupBuilder, pictures
from fixtures.exif import PictureFacts, exif_block
from fixtures.heic import heic
from fixtures.icc import display_p3
from fixtures.pictures import Photographed, as_stored
from fixtures.plans import AssetPlan
from recovery.formats import decoding
from recovery.formats.media import read_media
from recovery.report.html import write_report

SIZE = (600, 1100)  # pixels as shown
CORNERS = ((200, 40, 40), (40, 180, 60), (50, 70, 200), (220, 200, 60))
"""Red, green, blue, yellow: no turn and no mirror leaves them in place."""
TURNS = [1, 3, 6]

Colour = tuple[int, int, int]


def flag(size: tuple[int, int] = SIZE) -> Image.Image:
    """A picture whose quarters differ."""
    quarters = Image.new("RGB", (2, 2))
    quarters.putdata(CORNERS)
    return quarters.resize(size, Image.Resampling.NEAREST)


def stored(orientation: int, form: str, p3: bool = False, irot: int | None = None) -> bytes:
    """The flag as FaceTime stores it: turned in the pixels, upright by EXIF and, in a HEIC, by its container."""
    facts = PictureFacts(
        "Apple", "iPhone", "front FaceTime camera", "FaceTime Photo", orientation=orientation, display_p3=p3
    )
    picture = as_stored(flag(), orientation)
    if form == "HEIC":
        return heic(picture, exif_block(facts), orientation if irot is None else irot, p3)
    output = io.BytesIO()
    exif, profile = b"Exif\0\0" + exif_block(facts), display_p3() if p3 else None
    picture.save(output, form, exif=exif, icc_profile=profile, **({"quality": 95} if form == "JPEG" else {}))
    return output.getvalue()


def quarters(image: Image.Image) -> list[Colour]:
    """The colour in the middle of each quarter."""
    shown, (width, height) = image.convert("RGB"), image.size
    found = [shown.getpixel((width * x // 4, height * y // 4)) for y in (1, 3) for x in (1, 3)]
    return [colour for colour in found if isinstance(colour, tuple)]


def alike(found: list[Colour], wanted: list[Colour], most: int = 6) -> bool:
    """Whether colours differ by no more than what an encoder loses."""
    pairs = zip(found, wanted, strict=True)
    return all(abs(a - b) <= most for one, other in pairs for a, b in zip(one, other, strict=True))


def in_srgb(image: Image.Image) -> list[Colour]:
    """The quarters' colours as numbers of sRGB, turned by the profile that the image carries."""
    profile = image.info.get("icc_profile")
    if profile:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(image.convert("RGB"), source, ImageCms.createProfile("sRGB"))
        assert turned is not None
        image = turned
    return quarters(image)


def wanted(p3: bool) -> list[Colour]:
    """What the quarters look like, in sRGB."""
    picture = flag()
    if p3:
        picture.info["icc_profile"] = display_p3()
    return in_srgb(picture)


@pytest.mark.parametrize("p3", [False, True], ids=["unspecified", "Display P3"])
@pytest.mark.parametrize("form", ["HEIC", "JPEG", "PNG"])
@pytest.mark.parametrize("orientation", TURNS)
def test_previews_stand_upright_and_keep_their_colours(orientation: int, form: str, p3: bool) -> None:
    """Full size or small: turned once, in sRGB, whatever turn and profile are stored."""
    data = stored(orientation, form, p3)
    for side in (None, 320):
        image = decoding.still(io.BytesIO(data), len(data), side)
        assert (image.width < image.height, image.info) == (True, {})
        assert side is not None or image.size == SIZE
        assert alike(quarters(image), wanted(p3))


@pytest.mark.parametrize("p3", [False, True], ids=["unspecified", "Display P3"])
@pytest.mark.parametrize("orientation", TURNS)
def test_a_jpeg_copy_is_turned_once_and_keeps_its_profile(orientation: int, p3: bool) -> None:
    """The pixels are upright and EXIF says so; a program that applies EXIF and profile sees the photo."""
    data = stored(orientation, "HEIC", p3)
    copy = Image.open(io.BytesIO(decoding.jpeg_copy(io.BytesIO(data), len(data))))
    assert (copy.size, copy.getexif().get(0x0112)) == (SIZE, 1)
    assert (copy.info.get("icc_profile") == display_p3()) is p3
    assert alike(in_srgb(copy), wanted(p3))


@pytest.mark.parametrize("form", ["HEIC", "JPEG", "PNG"])
@pytest.mark.parametrize("orientation", TURNS)
def test_sizes_are_those_of_the_upright_picture(orientation: int, form: str) -> None:
    """The size that is told is the shown one; the stored turn is told as stored."""
    data = stored(orientation, form)
    (facts,) = read_media(io.BytesIO(data), len(data)).records
    assert (facts.width, facts.height, facts.orientation) == (*SIZE, orientation)


def test_a_heic_is_turned_by_its_container_alone() -> None:
    """EXIF without `irot`, as one of 28 genuine ones has it, turns nothing: in HEIF only the container counts."""
    data = stored(6, "HEIC", irot=1)
    image = decoding.still(io.BytesIO(data), len(data))
    (facts,) = read_media(io.BytesIO(data), len(data)).records
    assert image.size == SIZE[::-1] == (facts.width, facts.height)
    assert alike(quarters(image), quarters(as_stored(flag(), 6)))


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("name", ["iphone-15-pro/IMG_3582.HEIC", "iphone-6s/IMG_0001.JPG"])
def test_a_real_picture_in_the_structure_of_facetime_stays_the_same(shared: Path, name: str, orientation: int) -> None:
    """What a real camera saw, stored as FaceTime would, comes out as it was: previews and JPEG copies."""
    path = shared / "live-photos" / name
    with path.open("rb") as stream:
        real = decoding.still(stream, path.stat().st_size, 1920)
    facts = PictureFacts("Apple", "iPhone", "front FaceTime camera", "FaceTime Photo", orientation=orientation)
    data = heic(as_stored(real, orientation), exif_block(facts), orientation)
    copy = Image.open(io.BytesIO(decoding.jpeg_copy(io.BytesIO(data), len(data))))
    for image in (decoding.still(io.BytesIO(data), len(data)), copy):
        assert image.size == real.size
        small, same = (picture.convert("RGB").resize((32, 32), Image.Resampling.BOX) for picture in (image, real))
        assert max(abs(a - b) for a, b in zip(small.tobytes(), same.tobytes(), strict=True)) < 12


@pytest.mark.parametrize("device", [pictures.IPHONE_BACK, pictures.IPAD, pictures.MAC], ids=["6", "3", "1"])
def test_still_movie_frame_and_text_agree_on_what_is_up(tmp_path: Path, device: Photographed) -> None:
    """The frame of the still's moment is the still, and a photo without a row is told in its upright size."""
    plan = BackupBuilder().with_live_photo("IMG_0001").photographed(device)._plans[0]
    still, movie = plan.still(), plan.movie()
    picture = decoding.still(io.BytesIO(still), len(still))
    frame = decoding.frame(io.BytesIO(movie), len(movie))
    assert picture.size == frame.size == device.size
    small, same = (image.resize((24, 24), Image.Resampling.BOX) for image in (picture, frame))
    assert max(abs(a - b) for a, b in zip(small.tobytes(), same.tobytes(), strict=True)) < 12
    lost = BackupBuilder().with_live_photo("IMG_0001").photographed(device).without_row().without_xattrs()
    asset = named(scan(lost.build(tmp_path)), "IMG_0001.HEIC")
    assert (asset.width, asset.height) == device.size


def test_copies_and_originals_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Extracted with --jpeg: the original to the byte, the copy upright."""
    data = stored(6, "HEIC", p3=True)
    monkeypatch.setattr(AssetPlan, "still", lambda plan: data)
    out = tmp_path / "out"
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "b")
    result = CliRunner().invoke(main, ["extract", str(backup), str(out), "--all", "--jpeg"])
    assert result.exit_code == 0, result.output
    (original,), (copy,) = out.rglob("*IMG_0001.HEIC"), out.rglob("*JPEG copy*.jpg")
    assert original.read_bytes() == data
    with Image.open(copy) as image:
        assert image.getexif().get(0x0112) == 1
        assert alike(in_srgb(image), wanted(p3=True))


@pytest.mark.parametrize("p3", [False, True], ids=["unspecified", "Display P3"])
def test_pictures_of_the_report_stand_upright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, p3: bool) -> None:
    """The large picture beside the page: upright and in sRGB, without a turn left for the browser to apply."""
    monkeypatch.setattr(AssetPlan, "still", lambda plan: stored(6, "HEIC", p3))
    builder = BackupBuilder().with_live_photo("IMG_0001").without_thumbnail()
    with opened(builder, tmp_path / "b") as found:
        report = write_report(found.view, found.case, found.findings, tmp_path / "r.html")
    assert report.folder is not None
    made = sorted(report.folder.glob("*.jpg"))
    assert [path.name[-9:-4] for path in made] == ["large", "small"]
    for path in made:
        with Image.open(path) as image:
            assert image.width < image.height
            assert not image.getexif()
            assert alike(quarters(image), wanted(p3), most=10)
