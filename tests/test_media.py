"""A look inside pictures and movies: what they say, and that nothing they contain can hurt."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import datetime, timedelta, timezone
from functools import cache

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, PngImagePlugin

from recovery import limits
from recovery.errors import BlobDamagedError
from recovery.formats.media import MediaFacts, read_media
from recovery.formats.signatures import MediaType
from recovery.provenance import Gap
from recovery.report.messages.gaps import why

IDENTIFIER = "8A7B6C5D-1234-4321-ABCD-0123456789AB"
# Apple's MakerNote with one entry: tag 17, text, 37 bytes, at offset 32 from the start of the note.
NOTE = b"Apple iOS\0\0\1MM" + struct.pack(">HHHII4x", 1, 0x11, 2, 37, 32) + IDENTIFIER.encode() + b"\0"
TAG, IFD, GPS = ExifTags.Base, ExifTags.IFD, ExifTags.GPS


def exif(comment: bytes = b"ASCII\0\0\0FaceTime Photo\0", orientation: int = 1) -> Image.Exif:
    block = Image.Exif()
    block[TAG.Make] = "Apple"
    block[TAG.Model] = "iPhone 15"
    block[TAG.Software] = "17.5\0"
    block[TAG.Orientation] = orientation
    details = block.get_ifd(IFD.Exif)
    details[TAG.LensModel] = "iPhone 15 front FaceTime camera"
    details[TAG.UserComment] = comment
    details[TAG.DateTimeOriginal] = "2024:05:03 20:22:10"
    details[TAG.SubsecTimeOriginal] = "125"
    details[TAG.OffsetTimeOriginal] = "+02:00"
    details[TAG.MakerNote] = NOTE
    place = block.get_ifd(IFD.GPSInfo)
    place[GPS.GPSLatitudeRef], place[GPS.GPSLatitude] = "S", (33.0, 30.0, 36.0)
    place[GPS.GPSLongitudeRef], place[GPS.GPSLongitude] = "E", (151.0, 15.0, 0.0)
    return block


def picture(form: str, block: Image.Exif | None) -> bytes:
    buffer = io.BytesIO()
    image = Image.new("RGB", (64, 48), "teal")
    options = {"exif": block.tobytes()} if block else {}
    if form == "HEIC":
        pillow_heif.from_pillow(image).save(buffer, quality=50, **options)
    else:
        image.save(buffer, form, **options)
    return buffer.getvalue()


def look(data: bytes) -> tuple[MediaFacts, tuple[Gap, ...]]:
    reading = read_media(io.BytesIO(data), len(data), "DCIM/100APPLE/IMG_0001")
    (facts,) = reading.records
    return facts, reading.gaps


@pytest.mark.parametrize("form", ["JPEG", "PNG", "HEIC", "TIFF"])
def test_a_picture_says_everything_in_every_format(form: str) -> None:
    """The same EXIF block gives the same facts out of JPEG, PNG, HEIC and TIFF."""
    facts, gaps = look(picture(form, exif()))
    assert gaps == ()
    assert facts.type.code == form.lower()
    assert (facts.width, facts.height, facts.orientation) == (64, 48, 1)
    assert (facts.make, facts.model, facts.software) == ("Apple", "iPhone 15", "17.5")
    assert facts.lens_model == "iPhone 15 front FaceTime camera"
    assert facts.user_comment == "FaceTime Photo"
    zone = timezone(timedelta(hours=2))
    assert facts.date_original == datetime(2024, 5, 3, 20, 22, 10, 125_000, tzinfo=zone)
    assert facts.offset_time == "+02:00"
    assert facts.latitude == pytest.approx(-33.51)
    assert facts.longitude == pytest.approx(151.25)
    assert facts.content_identifier == IDENTIFIER


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF"])
def test_a_picture_without_exif_says_only_its_size(form: str) -> None:
    """No EXIF is no damage: every fact is None and there is no gap."""
    facts, gaps = look(picture(form, None))
    assert gaps == ()
    assert facts == MediaFacts(facts.type, width=64, height=48, has_thumbnail=False)


def test_the_size_is_that_of_the_upright_picture() -> None:
    """A picture that EXIF turns by a quarter is given as tall as people see it."""
    facts, _ = look(picture("JPEG", exif(orientation=6)))
    assert (facts.width, facts.height, facts.orientation) == (48, 64, 6)


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        (b"ASCII\0\0\0FaceTime Photo", "FaceTime Photo"),
        (b"UNICODE\0" + "FaceTime Photo".encode("utf-16-be"), "FaceTime Photo"),  # in the block's byte order
        (b"UNICODE\0" + b"\xff\xfe" + "é".encode("utf-16-le"), "é"),  # a byte order mark wins
        (b"JIS\0\0\0\0\0" + "写真".encode("iso2022_jp"), "写真"),
        (bytes(8) + b"FaceTime Photo", "FaceTime Photo"),  # "undefined"
        (b"FaceTime Photo", "FaceTime Photo"),  # the encoding was left out
        (b"ASCII\0\0\0" + bytes(20), None),
        (b"", None),
    ],
)
def test_a_comment_is_decoded_by_its_prefix(stored: bytes, text: str | None) -> None:
    """UserComment is decoded as its first eight bytes say, and these bytes are no part of the text."""
    block = exif(comment=stored)
    block.endian = ">"
    facts, _ = look(picture("JPEG", block))
    assert facts.user_comment == text


def test_a_date_without_an_offset_stays_naive() -> None:
    """Without a stored offset nobody knows the time zone, so none is invented."""
    block = exif()
    del block.get_ifd(IFD.Exif)[TAG.OffsetTimeOriginal]
    facts, _ = look(picture("JPEG", block))
    assert facts.date_original == datetime(2024, 5, 3, 20, 22, 10, 125_000)
    assert facts.offset_time is None


@pytest.mark.parametrize("stored", ["0000:00:00 00:00:00", "2024:13:45 99:00:00", "yesterday", ""])
def test_an_impossible_date_is_none(stored: str) -> None:
    """A camera whose clock was never set, or nonsense, gives no date and no exception."""
    block = exif()
    block.get_ifd(IFD.Exif)[TAG.DateTimeOriginal] = stored
    assert look(picture("JPEG", block))[0].date_original is None


def test_a_damaged_maker_note_hides_only_the_identifier() -> None:
    """A cut MakerNote becomes a gap and the rest of the EXIF block is still told."""
    block = exif()
    block.get_ifd(IFD.Exif)[TAG.MakerNote] = NOTE[:-10]
    facts, gaps = look(picture("JPEG", block))
    assert facts.content_identifier is None
    assert facts.make == "Apple"
    assert [gap.fault for gap in gaps] == [True]


def test_a_damaged_exif_block_leaves_the_size() -> None:
    """When the EXIF block is no EXIF at all the picture is still measured, and one gap says what is hidden."""
    facts, gaps = look(picture("JPEG", exif()).replace(b"Exif\0\0MM", b"Exif\0\0XX"))
    assert (facts.width, facts.height, facts.make) == (64, 48, None)
    assert "EXIF" in why(gaps[0])


def test_a_directory_full_of_nonsense_is_one_gap() -> None:
    """However many entries are damaged, the report stays short."""
    data = picture("JPEG", exif())
    start = data.index(b"Exif\0\0MM") + 6
    entries = b"".join(struct.pack(">HHII", tag, 5, 9999, 2**31) for tag in range(200, 260))
    block = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", 60) + entries + bytes(4)
    segment = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block
    after = data.index(b"\xff\xdb", start)
    facts, gaps = look(data[:2] + segment + data[after:])
    assert facts.width == 64
    assert len(gaps) == 1
    assert "more" in why(gaps[0])


def test_no_pixels_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither library is ever asked to decode a picture, not even for a PNG without EXIF."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a picture was decoded")

    files = [picture(form, block) for form in ("JPEG", "PNG", "HEIC") for block in (exif(), None)]
    monkeypatch.setattr(Image.Image, "load", refuse)
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", refuse)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", refuse)
    monkeypatch.setattr("pillow_heif.heif.BaseImage.load", refuse)
    assert all(look(data)[1] == () for data in files)


def test_a_picture_of_too_many_pixels_is_a_gap() -> None:
    """A header that claims billions of pixels is refused by Pillow; that becomes a gap, not an exception."""
    header = struct.pack(">II5B", 2**30, 2**30, 8, 2, 0, 0, 0)
    data = picture("PNG", None)
    forged = data[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + data[33:]
    facts, gaps = look(forged)
    assert facts == MediaFacts(MediaType.PNG)
    assert gaps[0].fault


@pytest.mark.parametrize("form", ["JPEG", "PNG", "HEIC"])
def test_a_cut_picture_is_reported(form: str) -> None:
    """A picture whose last bytes are missing is never passed off as whole."""
    data = picture(form, exif())
    facts, gaps = look(data[:-40])
    assert facts.type.code == form.lower()
    assert any(gap.fault for gap in gaps)


def test_an_empty_file_is_a_gap_and_no_fault() -> None:
    """Nothing can be read from no bytes, which is not a failure to read."""
    facts, gaps = look(b"")
    assert facts == MediaFacts(MediaType.EMPTY)
    assert [gap.fault for gap in gaps] == [False]


def test_a_file_that_is_no_media_has_a_kind_and_no_gap() -> None:
    """A database among the media is named as such; there is nothing inside it we should have seen."""
    assert look(b"SQLite format 3\0" + bytes(100)) == (MediaFacts(MediaType.SQLITE), ())


def test_a_picture_kind_that_is_not_looked_into_says_so() -> None:
    """WebP is recognised but not read, and "not examined" never looks like "nothing there"."""
    facts, gaps = look(b"RIFF\x1a\0\0\0WEBPVP8 " + bytes(20))
    assert facts == MediaFacts(MediaType.WEBP)
    assert [why(gap) for gap in gaps] == ["not examined"]


def test_an_enormous_heic_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A HEIC above the limit is not handed to its library, which would read all of it."""
    monkeypatch.setattr(limits, "HEIF_BYTES", 100)
    facts, gaps = look(picture("HEIC", exif()))
    assert facts == MediaFacts(MediaType.HEIC)
    assert "larger than" in why(gaps[0])


@pytest.mark.parametrize("error", [OSError(5, "I/O error", "/home/someone/secret"), BlobDamagedError("bad padding")])
def test_a_stream_that_fails_is_a_gap_without_a_path(error: Exception) -> None:
    """A disk or decryption error becomes a gap, and no path of this computer leaks into it."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise error

    reading = read_media(Failing(b"x"), 1, "DCIM/100APPLE/IMG_0001.HEIC")
    assert reading.records == (MediaFacts(MediaType.UNKNOWN),)
    assert reading.gaps[0].fault
    assert "someone" not in repr(reading)


def test_the_stream_stays_open() -> None:
    """The caller opened the stream and closes it; no library does so behind its back."""
    for form in ("JPEG", "PNG", "HEIC", "TIFF"):
        data = picture(form, exif())
        stream = io.BytesIO(data)
        read_media(stream, len(data))
        read_media(stream, len(data))
        assert not stream.closed


@cache
def seeds() -> tuple[bytes, ...]:
    return tuple(picture(form, exif()) for form in ("JPEG", "PNG", "HEIC", "TIFF", "GIF"))


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_a_mutated_picture_never_raises(data: st.DataObject) -> None:
    """Overwritten, cut or repeated bytes in any format give one record, with gaps or without, and no exception."""
    broken = bytearray(data.draw(st.sampled_from(seeds())))
    for _ in range(data.draw(st.integers(0, 8))):
        at = data.draw(st.integers(0, len(broken) - 1))
        new = data.draw(st.one_of(st.binary(min_size=1, max_size=4), st.sampled_from([b"\xff\xff\xff\xff", bytes(4)])))
        broken[at : at + len(new)] = new
    cut = data.draw(st.one_of(st.just(len(broken)), st.integers(0, len(broken))))
    facts, _ = look(bytes(broken[:cut]))
    assert facts.orientation in (None, *range(1, 9))
    assert facts.latitude is None or -90 <= facts.latitude <= 90


@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"\0\0\0\x14ftypheic"]),
    st.binary(),
)
@settings(max_examples=300, deadline=None)
def test_noise_behind_a_known_start_never_raises(start: bytes, noise: bytes) -> None:
    """A file that only begins like a picture gives one record of the right kind or a gap."""
    facts, gaps = look(start + noise)
    assert facts.width is None or facts.width > 0 or gaps
