"""Reads the metadata of a QuickTime or MP4 movie: header, keys, picture size and the still-image time.

A movie is a tree of atoms: a 32-bit size (0: to the end of the file, 1: a 64-bit size follows), a four-character
kind, a body. We go down only the few branches that hold facts, by seeking, so the pictures are never read:

    moov                         the index; at the start or at the end of the file
    ├── mvhd                     creation time (seconds since 1904, UTC), time scale, duration
    ├── meta                     keys (names) and ilst (values; an item's kind is the index of its name, from 1)
    └── trak                     one per track
        ├── tkhd                 duration, width, height and the matrix that turns the picture upright
        ├── edts.elst            when in the movie the track's samples are shown
        ├── meta                 keys of the track, e.g. the lens
        └── mdia                 hdlr (kind of track), mdhd (time scale), minf.stbl.stsd (what samples hold), stsz

Source: Apple's QuickTime File Format specification; checked on the real Live Photo movies of three iPhones.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from recovery import clock, limits
from recovery.formats.quicktime_atoms import Atom, Walker

STILL_IMAGE_TIME = "com.apple.quicktime.still-image-time"
_METADATA_NAMESPACE = "mdta"
_EMPTY_EDIT = -1
_UNKNOWN_DURATION = (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Movie:
    """What the index of one movie says; None where it says nothing.

    `picture_s` is where the first video track ends, which may be long before the sound does; `width` and `height`
    are pixels of the upright picture; `keys` are (name, value), first the movie's, then its tracks';
    `has_still_image_time` is None when no index was found; `still_image_time_s` counts from the start.
    """

    created: clock.Moment | None = None
    duration_s: float | None = None
    picture_s: float | None = None
    width: int | None = None
    height: int | None = None
    keys: tuple[tuple[str, str], ...] = ()
    has_still_image_time: bool | None = None
    still_image_time_s: float | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Header:
    created: clock.Moment | None
    scale: int  # units per second; never 0
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class _Track:
    handler: bytes
    size: tuple[int, int] | None
    length_s: float | None
    keys: tuple[tuple[str, str], ...]
    has_still_time: bool
    still_time_s: float | None


def read_movie(stream: BinaryIO, size: int) -> Movie:
    """The facts of a movie of `size` bytes; whatever is damaged is described in `problems`.

    Raises only what the stream itself raises (OSError and the library's own errors).
    """
    walker = Walker(stream, size)
    index = next((atom for atom in walker.children(walker.root) if atom.kind == b"moov"), None)
    if index is None:
        walker.problem("no movie index (moov) found")
        return Movie(problems=tuple(walker.problems))
    parts = walker.parts(index)
    header = walker.parse(parts.get(b"mvhd"), _movie_header)
    if header is None:
        walker.problem("no movie header (mvhd) found")
    keys = _keys(walker, parts.get(b"meta"))
    traks = [atom for atom in walker.children(index) if atom.kind == b"trak"]
    tracks = [_track(walker, trak, header.scale if header else None) for trak in traks]
    video = next((track for track in tracks if track.handler == b"vide" and track.size), None)
    width, height = video.size if video and video.size else (None, None)
    still = next((track for track in tracks if track.has_still_time), None)
    keys += tuple(key for track in tracks for key in track.keys)
    if len(keys) > limits.METADATA_KEYS:
        walker.problem(f"{len(keys)} metadata values; only the first {limits.METADATA_KEYS} were kept")
    return Movie(
        created=header.created if header else None,
        duration_s=header.duration_s if header else None,
        picture_s=video.length_s if video else None,
        width=width,
        height=height,
        keys=keys[: limits.METADATA_KEYS],
        has_still_image_time=still is not None,
        still_image_time_s=still.still_time_s if still else None,
        problems=tuple(walker.problems),
    )


def _movie_header(body: bytes) -> _Header | None:
    layout = ">4xQQIQ" if body[:1] == b"\x01" else ">4xIIII"
    created, _, scale, duration = struct.unpack_from(layout, body)
    known = scale and duration not in _UNKNOWN_DURATION
    return _Header(clock.from_quicktime(created), scale or 1, duration / scale if known else None)


# --- keys ------------------------------------------------------------------------------------------------


def _keys(walker: Walker, meta: Atom | None) -> tuple[tuple[str, str], ...]:
    if meta is None:
        return ()
    # In MP4 `meta` starts with four bytes of version and flags, in QuickTime with its first child.
    full = walker.peek(meta, 12)[8:] == b"hdlr"
    parts = walker.parts(meta, skip=4 if full else 0)
    table, items = parts.get(b"keys"), parts.get(b"ilst")
    if table is None or items is None:
        return ()
    # An entry of the table is shaped like an atom: size, namespace instead of a kind, name instead of a body.
    names = [(entry.name, _text(walker, walker.body(entry))) for entry in walker.children(table, skip=8)]
    found = []
    for item in walker.children(items):
        index = int.from_bytes(item.kind, "big")
        if not 1 <= index <= len(names):
            walker.problem("a metadata value refers to a key that is not there")
            continue
        namespace, name = names[index - 1]
        if namespace == _METADATA_NAMESPACE:
            values = (atom for atom in walker.children(item) if atom.kind == b"data")
            found += [(name, value) for atom in values if (value := _value(walker, atom)) is not None]
    return tuple(found)


# The "well-known types" of a `data` atom that phones write; everything else is given as a count of bytes.
_SIGNED = frozenset((21, 65, 66, 67, 74))
_UNSIGNED = frozenset((22, 75, 76, 77, 78))
_FLOATS = {(23, 4): ">f", (24, 8): ">d"}
_CHARSETS = {1: "utf-8", 2: "utf-16-be"}


def _value(walker: Walker, atom: Atom) -> str | None:
    body = walker.body(atom)
    if len(body) < 8:
        walker.problem("a metadata value is too short")
        return None
    kind, raw = int.from_bytes(body[:4], "big"), body[8:]  # between them: locale
    if kind in _CHARSETS:
        return _text(walker, raw, _CHARSETS[kind])
    if kind in _SIGNED | _UNSIGNED and 1 <= len(raw) <= 8:
        return str(int.from_bytes(raw, "big", signed=kind in _SIGNED))
    if layout := _FLOATS.get((kind, len(raw))):
        return f"{struct.unpack(layout, raw)[0]:.7g}"
    return f"({len(raw)} bytes of type {kind})"


def _text(walker: Walker, raw: bytes, charset: str = "utf-8") -> str:
    text = raw.decode(charset, "replace").replace("\x00", "").strip()
    if len(text) > limits.METADATA_TEXT:
        walker.problem(f"a text of {len(text)} characters was cut")
    return text[: limits.METADATA_TEXT]


# --- tracks ----------------------------------------------------------------------------------------------


def _track(walker: Walker, trak: Atom, movie_scale: int | None) -> _Track:
    parts = walker.parts(trak)
    media = walker.parts(parts.get(b"mdia"))
    table = walker.parts(walker.parts(media.get(b"minf")).get(b"stbl"))
    samples = walker.parse(table.get(b"stsz"), _sample_count) or 0
    has_still = STILL_IMAGE_TIME in _timed_keys(walker, table.get(b"stsd")) and samples > 0
    length, size = walker.parse(parts.get(b"tkhd"), _track_header) or (None, None)
    time = None
    if has_still and samples > 1:
        walker.problem("several still-image times; none is taken")
    elif has_still:
        edits = walker.parse(walker.parts(parts.get(b"edts")).get(b"elst"), _edits) or ()
        time = _first_shown(edits, movie_scale, walker.parse(media.get(b"mdhd"), _media_scale))
    return _Track(
        handler=walker.parse(media.get(b"hdlr"), lambda body: body[8:12]) or b"",
        size=size,
        length_s=length / movie_scale if length and movie_scale else None,
        keys=_keys(walker, parts.get(b"meta")),
        has_still_time=has_still,
        still_time_s=time,
    )


def _timed_keys(walker: Walker, descriptions: Atom | None) -> set[str]:
    """The names of what a timed metadata track carries: stsd, mebx, keys, one atom per local id, keyd."""
    boxed = walker.parts(descriptions, skip=8).get(b"mebx")
    table = walker.parts(boxed, skip=8).get(b"keys")
    names = set()
    for entry in walker.children(table) if table else ():
        declared = walker.parts(entry).get(b"keyd")
        if declared:
            names.add(_text(walker, walker.body(declared)[4:]))  # after the namespace
    return names


def _track_header(body: bytes) -> tuple[int | None, tuple[int, int] | None]:
    """Where a track ends, in the movie's units and counted from its start, and its size in upright pixels."""
    version_1 = body[:1] == b"\x01"
    (length,) = struct.unpack_from(">28xQ" if version_1 else ">20xI", body)
    return (None if length in _UNKNOWN_DURATION else int(length)), _upright_size(body, 52 if version_1 else 40)


def _upright_size(body: bytes, matrix_at: int) -> tuple[int, int] | None:
    a, _, _, _, d = struct.unpack_from(">5i", body, matrix_at)
    width, height = (fixed >> 16 for fixed in struct.unpack_from(">II", body, matrix_at + 36))
    if not width or not height:
        return None
    quarter_turn = a == 0 and d == 0
    return (height, width) if quarter_turn else (width, height)


def _sample_count(body: bytes) -> int:
    return int(struct.unpack_from(">8xI", body)[0])


def _media_scale(body: bytes) -> int:
    return int(struct.unpack_from(">20xI" if body[:1] == b"\x01" else ">12xI", body)[0])


def _edits(body: bytes) -> tuple[tuple[int, int], ...]:
    """(duration in movie units, start in media units, -1 for an empty edit) of every edit."""
    layout = struct.Struct(">Qq4x" if body[:1] == b"\x01" else ">Ii4x")
    (count,) = struct.unpack_from(">4xI", body)
    whole = min(count, (len(body) - 8) // layout.size)
    return tuple(layout.unpack_from(body, 8 + index * layout.size) for index in range(whole))


def _first_shown(edits: tuple[tuple[int, int], ...], movie_scale: int | None, media_scale: int | None) -> float | None:
    """Seconds from the movie's start to the track's first sample: empty edits wait, the next one may skip."""
    if not movie_scale:
        return None
    waited = 0
    for duration, media_time in edits:
        if media_time != _EMPTY_EDIT:
            skipped = media_time / media_scale if media_scale else 0.0
            return max(0.0, waited / movie_scale - skipped)
        waited += duration
    return waited / movie_scale
