"""The walk through a movie's atoms, on movies written out atom by atom."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery import limits
from recovery.formats.quicktime import Movie, read_movie

IDENTIFIER = "8A7B6C5D-1234-4321-ABCD-0123456789AB"
UNTURNED = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
QUARTER_TURN = (0, 0x10000, 0, -0x10000, 0, 0, 1080 << 16, 0, 0x40000000)


def atom(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def u32(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def item(index: int, kind: int, raw: bytes) -> bytes:
    # An ilst item: its "kind" is the 1-based index of its key; inside: data with value type, locale, value.
    return atom(u32(index), atom(b"data", u32(kind, 0), raw))


def meta(*pairs: tuple[str, int, bytes], full_box: bool = False) -> bytes:
    handler = atom(b"hdlr", u32(0, 0), b"mdta", bytes(13))
    names = b"".join(atom(b"mdta", name.encode()) for name, _, _ in pairs)
    table = atom(b"keys", u32(0, len(pairs)), names)
    items = b"".join(item(index, kind, raw) for index, (_, kind, raw) in enumerate(pairs, 1))
    return atom(b"meta", u32(0) if full_box else b"", handler, table, atom(b"ilst", items))


MVHD = atom(b"mvhd", u32(0, 3_660_519_677, 0, 600, 1581))  # version 0, 2019-12-30 03:01:17, 600 units/s, 2.635 s


def tkhd(width: int, height: int, matrix: tuple[int, ...] = UNTURNED) -> bytes:
    times = u32(0, 0, 0, 1, 0, 1581)  # flags, created, modified, track 1, reserved, duration
    return atom(b"tkhd", times, bytes(16), struct.pack(">9i", *matrix), u32(width << 16, height << 16))


def hdlr(kind: bytes) -> bytes:
    return atom(b"hdlr", u32(0), b"mhlr", kind, bytes(13))


def video_track(matrix: tuple[int, ...] = UNTURNED, *more: bytes) -> bytes:
    return atom(b"trak", tkhd(1440, 1080, matrix), atom(b"mdia", hdlr(b"vide")), *more)


def still_track(edits: bytes, samples: int = 1) -> bytes:
    # What a timed metadata sample holds: local id 1 stands for the key still-image-time, a signed byte (65).
    key = atom(u32(1), atom(b"keyd", b"mdtacom.apple.quicktime.still-image-time"), atom(b"dtyp", u32(0, 65)))
    boxed = atom(b"mebx", bytes(6), b"\x00\x01", atom(b"keys", key))
    table = atom(b"stbl", atom(b"stsd", u32(0, 1), boxed), atom(b"stsz", u32(0, 9, samples)))
    media = atom(b"mdia", hdlr(b"meta"), atom(b"mdhd", u32(0, 0, 0, 1000, 1)), atom(b"minf", table))
    return atom(b"trak", tkhd(0, 0), atom(b"edts", atom(b"elst", edits)), media)


# One empty edit of 721/600 s (media time -1), then the sample: it is shown 1.2017 s after the start.
WAITING_EDITS = u32(0, 2) + u32(721, 0xFFFFFFFF, 0x10000) + u32(1, 0, 0x10000)

KEYS = meta(
    ("com.apple.quicktime.content.identifier", 1, IDENTIFIER.encode()),
    ("com.apple.quicktime.live-photo.auto", 75, b"\x01"),
    ("com.apple.quicktime.live-photo.vitality-score", 23, struct.pack(">f", 0.5)),
    ("com.apple.quicktime.title", 2, "Käse".encode("utf-16-be")),
    ("com.example.offset", 67, struct.pack(">i", -5)),
    ("com.example.picture", 13, b"\xff\xd8\xff"),
)
KEYLESS = atom(b"meta", hdlr(b"mdta"), atom(b"keys", u32(0, 0)), atom(b"ilst", item(7, 1, b"x")))
MOOV = atom(b"moov", MVHD, video_track(QUARTER_TURN), still_track(WAITING_EDITS), KEYS)
FTYP = atom(b"ftyp", b"qt  ", u32(0), b"qt  ")
MOVIE = FTYP + atom(b"wide") + atom(b"mdat", b"pictures" * 1000) + MOOV


def read(data: bytes) -> Movie:
    return read_movie(io.BytesIO(data), len(data))


def test_a_live_photo_movie_says_everything() -> None:
    """Header, turned picture size, keys of every value type and the moment of the still are read as stored."""
    movie = read(MOVIE)
    assert movie.created == datetime(2019, 12, 30, 3, 1, 17, tzinfo=UTC)
    assert movie.duration_s == pytest.approx(2.635)
    assert (movie.width, movie.height) == (1080, 1440)
    assert movie.keys == (
        ("com.apple.quicktime.content.identifier", IDENTIFIER),
        ("com.apple.quicktime.live-photo.auto", "1"),
        ("com.apple.quicktime.live-photo.vitality-score", "0.5"),
        ("com.apple.quicktime.title", "Käse"),
        ("com.example.offset", "-5"),
        ("com.example.picture", "(3 bytes of type 13)"),
    )
    assert movie.has_still_image_time is True
    assert movie.still_image_time_s == pytest.approx(721 / 600)
    assert movie.problems == ()


LONG_SIZE = struct.pack(">I4sQ", 1, b"mdat", 16 + 8000) + b"pictures" * 1000
TO_THE_END = struct.pack(">I4s", 0, b"mdat") + b"pictures" * 1000


@pytest.mark.parametrize(
    "data",
    [
        FTYP + MOOV + atom(b"mdat", bytes(100)),  # index first
        FTYP + LONG_SIZE + MOOV,  # 64-bit size
        FTYP + MOOV + TO_THE_END,  # size 0: to the end of the file
        MOOV,  # nothing but the index
    ],
    ids=["index first", "64-bit size", "size 0", "index only"],
)
def test_the_index_is_found_wherever_it_stands(data: bytes) -> None:
    """The same index in any legal arrangement of the file gives the same facts."""
    assert read(data) == read(MOVIE)


def test_the_pictures_are_never_read() -> None:
    """Of a movie with a megabyte of pictures only its index is read."""

    class Counting(io.BytesIO):
        total = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.total += len(data)
            return data

    data = FTYP + atom(b"mdat", bytes(1_000_000)) + MOOV
    stream = Counting(data)
    assert read_movie(stream, len(data)).keys
    assert stream.total < 10 * len(MOOV)


def test_the_mp4_form_of_a_metadata_atom_is_read_too() -> None:
    """MP4 puts version and flags before the children of `meta`; the keys come out the same."""
    keys = meta(("com.apple.quicktime.make", 1, b"Apple"), full_box=True)
    assert read(atom(b"moov", MVHD, keys)).keys == (("com.apple.quicktime.make", "Apple"),)


def test_headers_with_64_bit_times_are_read() -> None:
    """Version 1 of mvhd, tkhd and elst holds 64-bit times at other places."""
    mvhd = atom(b"mvhd", b"\x01\0\0\0", struct.pack(">QQIQ", 3_660_519_677, 0, 1000, 2500))
    header = b"\x01\0\0\0" + struct.pack(">QQIIQ", 0, 0, 1, 0, 2500) + bytes(16)
    header += struct.pack(">9i", *UNTURNED) + u32(640 << 16, 480 << 16)
    video = atom(b"trak", atom(b"tkhd", header), atom(b"mdia", hdlr(b"vide")))
    edits = b"\x01\0\0\0" + u32(1) + struct.pack(">QqI", 1500, -1, 0x10000)
    movie = read(atom(b"moov", mvhd, video, still_track(edits)))
    assert movie.created == datetime(2019, 12, 30, 3, 1, 17, tzinfo=UTC)
    assert (movie.duration_s, movie.width, movie.height) == (2.5, 640, 480)
    assert movie.still_image_time_s == pytest.approx(1.5)


def test_keys_of_a_track_come_after_those_of_the_movie() -> None:
    """The lens stands in the video track; it is given after what the movie says of itself."""
    lens = meta(("com.apple.quicktime.camera.lens_model", 1, b"a lens"))
    make = meta(("com.apple.quicktime.make", 1, b"Apple"))
    movie = read(atom(b"moov", MVHD, video_track(UNTURNED, lens), make))
    assert [name.rpartition(".")[2] for name, _ in movie.keys] == ["make", "lens_model"]


def test_a_movie_without_a_still_track_says_no() -> None:
    """An ordinary movie has no still-image time, which is not the same as unknown."""
    movie = read(atom(b"moov", MVHD, video_track()))
    assert movie.has_still_image_time is False
    assert movie.problems == ()


def test_several_still_times_are_reported_and_none_is_taken() -> None:
    """When more than one sample claims to be the still, no time is invented."""
    movie = read(atom(b"moov", MVHD, still_track(WAITING_EDITS, samples=2)))
    assert movie.has_still_image_time is True
    assert movie.still_image_time_s is None
    assert any("several" in problem for problem in movie.problems)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no movie index"),
        (FTYP + atom(b"mdat", bytes(50)), "no movie index"),
        (MOVIE[: len(MOVIE) - len(MOOV) - 9], "goes past the end"),
        (MOVIE[:-20], "goes past the end"),
        (FTYP + u32(4) + b"moov", "impossible size"),  # smaller than its own header: would never advance
        (FTYP + struct.pack(">I4sQ", 1, b"moov", 2**64 - 1), "goes past the end"),  # a negative 64-bit size
        (FTYP + struct.pack(">I4sQ", 1, b"moov", 3), "impossible size"),
        (atom(b"moov", atom(b"mvhd", b"\0\0")), "'mvhd' is too short"),
        (atom(b"moov", MVHD, KEYLESS), "a key that is not there"),
    ],
)  # fmt: skip
def test_damage_is_described(data: bytes, problem: str) -> None:
    """Every kind of damage becomes a sentence, and nothing is raised."""
    assert any(problem in found for found in read(data).problems)


def test_a_cut_index_still_gives_what_stands_before_the_cut() -> None:
    """The header of a movie whose index is cut is not lost with the rest."""
    movie = read(MOVIE[: -len(KEYS)])
    assert movie.duration_s == pytest.approx(2.635)
    assert movie.has_still_image_time is True
    assert movie.problems


def test_a_flood_of_atoms_is_stopped() -> None:
    """Counting ends at the limit, and the movie says that not everything was looked at."""
    flood = atom(b"moov", MVHD, atom(b"free") * (limits.ATOM_COUNT + 10))
    assert any("more than" in problem for problem in read(flood).problems)


def test_a_flood_of_keys_and_a_flood_of_text_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the number of keys nor the length of one value can grow beyond the limits."""
    monkeypatch.setattr(limits, "METADATA_KEYS", 3)
    monkeypatch.setattr(limits, "METADATA_TEXT", 10)
    movie = read(atom(b"moov", MVHD, meta(*[("k", 1, b"x" * 50)] * 5)))
    assert movie.keys == (("k", "x" * 10),) * 3
    assert len(movie.problems) == 2


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_random_bytes_never_raise(data: bytes) -> None:
    """Any bytes give a movie with a problem: there is no index in noise."""
    assert read(data).problems


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_mutated_movie_never_raises(data: st.DataObject) -> None:
    """A real structure with bytes overwritten, cut or repeated gives facts or problems of bounded size."""
    broken = bytearray(FTYP + MOOV)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(broken) - 1))
        new = data.draw(
            st.sampled_from([b"\0\0\0\0", b"\0\0\0\1", b"\xff\xff\xff\xff", b"\x80", b"\0\0\0\x08", b"moov"])
        )
        broken[at : at + len(new)] = new
    cut = data.draw(st.integers(0, len(broken)))
    movie = read(bytes(broken[:cut] if data.draw(st.booleans()) else broken + broken[cut:]))
    assert len(movie.keys) <= limits.METADATA_KEYS
    assert all(len(value) <= limits.METADATA_TEXT for _, value in movie.keys)
