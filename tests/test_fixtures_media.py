"""The synthetic media: they decode with independent software and carry the metadata they claim."""

from __future__ import annotations

import io
import struct

import av
import pillow_heif
import pytest
from PIL import Image

from fixtures import BackupBuilder, pictures, thumbnails

pillow_heif.register_heif_opener()
_EXIF, _GPS = 0x8769, 0x8825
_USER_COMMENT, _MAKER_NOTE, _LENS_MODEL, _TAKEN, _OFFSET = 0x9286, 0x927C, 0xA434, 0x9003, 0x9011


def opened(content: bytes) -> Image.Image:
    """The decoded picture."""
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def facetime_plan() -> tuple[bytes, bytes, str]:
    """Still, movie and content identifier of a FaceTime photo."""
    builder = BackupBuilder().with_live_photo("IMG_0001")
    plan = builder._plans[0]
    assert plan.group_uuid
    return plan.still(), plan.movie(), plan.group_uuid


def test_a_facetime_still_says_so_and_gives_neither_date_nor_place() -> None:
    """User comment and lens name FaceTime; there is no date and no position."""
    still, _, _ = facetime_plan()
    picture = opened(still)
    exif = picture.getexif()
    details = exif.get_ifd(_EXIF)
    assert (picture.format, picture.size) == ("HEIF", (1080, 1920))
    assert details[_USER_COMMENT] == b"ASCII\0\0\0FaceTime Photo"
    assert details[_LENS_MODEL] == "iPhone 13 front FaceTime camera"
    assert _TAKEN not in details
    assert not exif.get_ifd(_GPS)


def test_both_halves_of_a_live_photo_carry_one_identifier() -> None:
    """Tag 17 of the still's MakerNote equals the movie's content identifier."""
    still, movie, identifier = facetime_plan()
    note = opened(still).getexif().get_ifd(_EXIF)[_MAKER_NOTE]
    assert note.startswith(b"Apple iOS\0\0\1MM")
    entries = struct.iter_unpack(">HHII", note[16 : 16 + 12 * struct.unpack(">H", note[14:16])[0]])
    texts = {tag: note[value : value + count] for tag, _, count, value in entries}
    assert texts[17] == identifier.encode() + b"\0"
    with av.open(io.BytesIO(movie)) as container:
        assert container.metadata["com.apple.quicktime.content.identifier"] == identifier
        assert "FaceTime" in container.metadata.values()


def test_movies_of_the_camera_play_and_have_a_track_for_the_time_of_the_still() -> None:
    """Six frames decode, and a second track of timed metadata is there."""
    movie = BackupBuilder().with_camera_live_photo("IMG_0001")._plans[0].movie()
    with av.open(io.BytesIO(movie)) as container:
        frames = [frame.width for frame in container.decode(video=0)]
        assert frames == [240] * 6
        assert [stream.type for stream in container.streams] == ["video", "data"]
    assert b"com.apple.quicktime.still-image-time" in movie


@pytest.mark.parametrize(("extension", "form"), [("HEIC", "HEIF"), ("JPG", "JPEG")])
def test_a_camera_photo_has_date_zone_and_place(extension: str, form: str) -> None:
    """The picture states local time with its offset, and where it was taken."""
    builder = BackupBuilder().with_photo("IMG_0001", extension=extension)
    picture = opened(builder._plans[0].still())
    exif = picture.getexif()
    details = exif.get_ifd(_EXIF)
    assert picture.format == form
    assert (details[_TAKEN], details[_OFFSET]) == ("2024:05:03 20:22:10", "+02:00")
    assert exif.get_ifd(_GPS)[1] == "N"
    assert _USER_COMMENT not in details


def test_pictures_are_told_apart_by_the_eye() -> None:
    """Two assets differ in the colour of their corner."""
    first, second = (pictures.draw(f"IMG_000{number}", 480, 640, "facetime") for number in (1, 2))
    assert first.getpixel((470, 10)) != second.getpixel((470, 10))


def test_a_screenshot_is_a_png_without_exif() -> None:
    """Screenshots decode and say nothing about a camera."""
    picture = opened(BackupBuilder().with_screenshot("IMG_0001")._plans[0].still())
    assert (picture.format, picture.size) == ("PNG", (390, 844))
    assert not dict(picture.getexif())


def test_thumbnail_entries_decode_and_name_their_asset() -> None:
    """Pillow reads an entry's 16-bit pixels as the asset's colour; the footer holds uuid and size."""
    builder = BackupBuilder().with_live_photo("IMG_0001")
    plan = builder._plans[0]
    files = thumbnails.tables([plan])
    assert len(files["4031.ithmb"]) == 64 * 28828  # lengths of the real iOS 14.3 tables' entries
    assert len(files["3310.ithmb"]) == 64 * 12028
    entry = files["4031.ithmb"][:28828]
    frame = Image.frombytes("RGB", (120, 120), entry[:-28], "raw", "BGR;15", 240)
    wanted = pictures.colour("IMG_0001")
    found = frame.getpixel((88, 60))
    assert isinstance(found, tuple)
    assert frame.getpixel((2, 60)) == (0, 0, 0)  # letterboxed: a portrait picture leaves the sides black
    assert all(abs(a - b) <= 8 for a, b in zip(found, wanted, strict=True))
    assert entry[-28:-12].hex() == plan.uuid.replace("-", "").lower()
    assert struct.unpack("<IIi", entry[-12:]) == (68, 120, 0)
