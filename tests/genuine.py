"""Structure of pictures and movies for comparisons: boxes, EXIF entries and exiftool's tags; shares no reader."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

# Boxes that hold others, with the bytes of their own before these.
_CONTAINERS = {
    "moov": 0, "trak": 0, "mdia": 0, "minf": 0, "stbl": 0, "dinf": 0, "edts": 0, "gmhd": 0, "tapt": 0, "wave": 0,
    "iprp": 0, "ipco": 0, "ilst": 0, "iref": 4, "iinf": 6, "stsd": 8, "dref": 8, "mebx": 8, "mp4a": 44,
    "hvc1": 78, "avc1": 78, "meta/keys": 8, "mebx/keys": 0, "keys/1": 0, "ilst/1": 0, "ilst/2": 0,
    "wave/mp4a": None,
}  # fmt: skip

Box = tuple[str, bytes]
"""The path of a box, such as `moov/trak/tkhd`, and its body."""


def boxes(data: bytes, start: int = 0, end: int | None = None, above: str = "") -> Iterator[Box]:
    """Every box in stored order, outer ones before those inside them; kinds that are no names stand as numbers."""
    at, end = start, len(data) if end is None else end
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1:
            (size,), header = struct.unpack_from(">Q", data, at + 8), 16
        assert 8 <= size <= end - at, f"{kind!r} at {at} says {size} bytes"
        name = str(int.from_bytes(kind, "big")) if kind[0] == 0 else kind.decode("ascii").strip()
        path = f"{above}/{name}" if above else name
        yield path, data[at + header : at + size]
        own = _CONTAINERS.get("/".join(path.rsplit("/", 2)[-2:]), _CONTAINERS.get(name))
        if name == "meta":  # in QuickTime it starts with its first box, in a HEIC with a version
            own = 0 if data[at + 12 : at + 16] == b"hdlr" else 4
        if own is not None:
            yield from boxes(data, at + header + own, at + size, path)
        at += size


def exif_of(heic: bytes) -> bytes:
    """The TIFF structure of a HEIC whose EXIF is the first thing in its data, as FaceTime's is."""
    (data,) = (body for path, body in boxes(heic) if path == "mdat")
    assert data[:10] == b"\0\0\0\6Exif\0\0", "EXIF is not the first item"
    return data[10:]


Entry = tuple[str, int, int]
"""Directory, tag and type."""


def exif_entries(block: bytes) -> Iterator[Entry]:
    """Every entry of a big-endian EXIF block with its type: main directory, details, Apple's MakerNote."""
    assert block[:4] == b"MM\0*"
    yield from _directory(block, struct.unpack_from(">I", block, 4)[0], "main")


def _directory(block: bytes, at: int, name: str) -> Iterator[Entry]:
    (count,) = struct.unpack_from(">H", block, at)
    for number in range(count):
        tag, kind, length, value = struct.unpack_from(">HHII", block, at + 2 + 12 * number)
        yield name, tag, kind
        if tag == 0x8769:
            yield from _directory(block, value, "details")
        if tag == 0x927C:
            note = block[value : value + length]
            assert note.startswith(b"Apple iOS\0\0\1MM")
            yield from _directory(note, 14, "Apple")


def exiftool_is_missing() -> bool:
    """Whether exiftool cannot be asked here."""
    return shutil.which("exiftool") is None


def exiftool(path: Path) -> dict[str, object]:
    """What exiftool finds in a file, by group and name; nothing about the file as a whole."""
    command = ["exiftool", "-json", "-G1", "-a", str(path)]
    (found,) = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    aside = ("SourceFile", "ExifTool:", "System:", "File:")
    return {name: value for name, value in found.items() if not name.startswith(aside)}


def content_identifier(tags: dict[str, object]) -> object:
    """Tag 0x11 of Apple's MakerNote; older versions of exiftool call it by another name."""
    return tags.get("Apple:ContentIdentifier", tags.get("Apple:MediaGroupUUID"))
