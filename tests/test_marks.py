"""The cheap look for FaceTime's marks: it misses none that the proper reader finds, and reads little."""

from __future__ import annotations

import io
import struct
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fixtures import exif, movies, pictures
from recovery import limits
from recovery.case.facetime_evidence import inside_traces
from recovery.formats.media import read_media
from recovery.photos_db.facetime_signals import judge
from recovery.photos_db.marks import may_carry_marks

MAC = pictures.PictureFacts("Apple", "MacBook Pro", "MacBook Pro", "FaceTime Photo")
NOTHING = pictures.PictureFacts()


class Counted(io.BytesIO):
    """A stream that counts what was read."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def may(content: bytes) -> bool:
    """What the look says of a file with this content."""
    return may_carry_marks(io.BytesIO(content))


def carries(content: bytes) -> bool:
    """Whether the proper reader finds anything that a rule fires on."""
    (facts,) = read_media(io.BytesIO(content), len(content))
    return bool(judge(inside_traces([("a file", facts)])).fired)


@cache
def picture(form: str, facts: pictures.PictureFacts, comment: bytes | None = None) -> bytes:
    """A small picture in one of the formats; `comment` is the UserComment as stored."""
    drawn = pictures.draw("marks", 192, 128)
    block = b"Exif\0\0" + exif.exif_block(facts)
    if comment is not None:
        changed = Image.Exif()
        changed.load(block)
        changed.get_ifd(0x8769)[0x9286] = comment
        block = changed.tobytes()
    buffer = io.BytesIO()
    if form == "HEIC":
        return pictures.encode("marks", 192, 128, "photo", "HEIC", facts)
    drawn.save(buffer, form, exif=block)
    return buffer.getvalue()


@cache
def video(*items: tuple[str, str]) -> bytes:
    """A short video with these metadata items."""
    return movies.movie("marks", 48, 32, "photo", movies.MovieFacts(items, still_image_time=True, created=1))


@pytest.mark.parametrize("form", ["HEIC", "JPEG", "PNG"])
@pytest.mark.parametrize("facts", [pictures.FACETIME, MAC], ids=["phone", "Mac"])
def test_pictures_of_facetime(form: str, facts: pictures.PictureFacts) -> None:
    """Each format that a genuine still was seen in."""
    content = picture(form, facts)
    assert may(content) and carries(content)


@pytest.mark.parametrize("form", ["HEIC", "JPEG", "PNG"])
@pytest.mark.parametrize("facts", [pictures.CAMERA, NOTHING], ids=["camera", "nothing"])
def test_other_pictures(form: str, facts: pictures.PictureFacts) -> None:
    """A picture of the camera, and one whose EXIF says nothing, need no further look."""
    assert not may(picture(form, facts))


def test_videos() -> None:
    """The keyword stands in the index at the end; a camera's video has none."""
    assert may(video(movies.FACETIME_MARKER))
    assert not may(video(("com.apple.quicktime.make", "Apple")))


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_a_comment_in_two_bytes_a_character(order: str) -> None:
    """The Exif standard lets the comment be Unicode, in the byte order of the block."""
    content = picture("JPEG", NOTHING, b"UNICODE\x00" + "FaceTime Photo".encode(order))
    assert may(content)


def test_a_tiff_is_left_to_the_reader() -> None:
    """Its tags may lie anywhere."""
    buffer = io.BytesIO()
    pictures.draw("marks", 32, 32).save(buffer, "TIFF")
    assert may(buffer.getvalue())


@pytest.mark.parametrize("content", [b"", b"x", bytes(5000), b"GIF89a" + bytes(100)])
def test_what_holds_no_marks(content: bytes) -> None:
    """Nothing, zeros, and formats in which no mark is ever read."""
    assert not may(content)


@pytest.mark.parametrize("form", ["HEIC", "JPEG", "PNG", "MOV"])
def test_a_file_cut_in_its_metadata_is_left_to_the_reader(form: str) -> None:
    """Cut anywhere in front of the end of its metadata, a file is not said to be without marks."""
    content = video(movies.FACETIME_MARKER) if form == "MOV" else picture(form, pictures.FACETIME)
    start = 40 if form == "MOV" else 30
    end = content.index(b"FaceTime")
    for cut in range(start, end, 7):
        assert may(content[:cut]), cut


@pytest.mark.parametrize("form", ["HEIC", "JPEG", "PNG", "MOV"])
def test_little_is_read(form: str) -> None:
    """Of a large file the head and the block with the metadata, wherever it lies."""
    content = video(movies.FACETIME_MARKER) if form == "MOV" else picture(form, pictures.FACETIME)
    if form == "MOV":
        at = content.index(b"mdat") - 4
        filler = struct.pack(">I4s", 8 + 3_000_000, b"free") + bytes(3_000_000)
        content = content[:at] + filler + content[at:]
    else:
        content += bytes(3_000_000)
    stream = Counted(content)
    assert may_carry_marks(stream)
    assert stream.taken < 12_000


def test_a_jpeg_of_nothing_but_segments_ends() -> None:
    """Segments without end are not followed for ever."""
    content = b"\xff\xd8" + b"\xff\xe2\x00\x02" * 1_000_000
    stream = Counted(content)
    assert may_carry_marks(stream)
    assert stream.taken < 2 * limits.MARKS_HEAD_BYTES


def test_genuine_files(shared: Path) -> None:
    """All of the structures of genuine files, and none of the camera's real Live Photos."""
    for path in sorted((shared / "facetime-skeletons").iterdir()):
        stream = Counted(path.read_bytes())
        assert may_carry_marks(stream), path.name
        assert stream.taken < 12_000, path.name
    for path in sorted((shared / "live-photos").rglob("*.*")):
        if path.suffix.lower() in (".heic", ".jpg", ".mov"):
            assert not may(path.read_bytes()), path.name


@given(st.sampled_from(["HEIC", "JPEG", "PNG", "MOV"]), st.data())
def test_no_mark_is_missed_in_a_damaged_file(form: str, data: st.DataObject) -> None:
    """Whatever bytes are changed: where the reader still finds a mark, the look says so. Nothing is raised."""
    whole = video(movies.FACETIME_MARKER) if form == "MOV" else picture(form, pictures.FACETIME)
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(len(content), 4_000) - 1))
        if form == "MOV":
            place = len(content) - 1 - place
        content[place] = data.draw(st.integers(0, 255))
    if carries(bytes(content)):
        assert may(bytes(content))


@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"]),
    st.binary(),
)
def test_any_bytes(head: bytes, rest: bytes) -> None:
    """Whatever a file claims to be, the look ends with an answer."""
    assert may(head + rest) in (True, False)
