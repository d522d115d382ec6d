"""Whether a picture or video can carry one of FaceTime's marks, told from its metadata alone and at little cost.

A library may hold tens of thousands of small pictures saved from messengers, any of which may be a FaceTime photo
under another name. Parsing each as `media` does would take longer than the rest of a scan, so here only the bytes
that hold the marks are found and searched for the word; what has it is then read properly:

    JPEG        the Exif segment (APP1) before the picture
    PNG         the eXIf chunk before the picture
    HEIC        the item of type Exif: meta.iinf names it, meta.iloc says where it lies
    MOV, MP4    the index (moov), in which the keywords stand

Formats: ITU T.81, PNG third edition, ISO 23008-12 and 14496-12.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO

from recovery import limits
from recovery.formats import heif_items
from recovery.formats.heif_items import UnclearError
from recovery.formats.signatures import MediaType, sniff

_WORD = b"FaceTime"
_WIDE_WORD = "FaceTime".encode("utf-16-le")[:-1]  # in UTF-16 of either byte order
_EXIF = b"Exif\x00\x00"


def may_carry_marks(stream: BinaryIO) -> bool:
    """Whether the metadata holds FaceTime's name; True also for a file that only a proper reader can tell about.

    `stream` is seekable. Raises what the stream raises: OSError and UnreadableFileError.
    """
    head = stream.read(limits.MARKS_HEAD_BYTES)
    kind = sniff(head)
    if kind in _NEEDS_A_READER:
        return True
    find = _FINDERS.get(kind)
    try:
        block = find(_Bytes(stream, head)) if find is not None else None
    except (UnclearError, struct.error, IndexError):
        return True
    return block is not None and (_WORD in block or _WIDE_WORD in block)


class _Bytes:
    """Bytes of a file by position; those at its start are at hand."""

    def __init__(self, stream: BinaryIO, head: bytes) -> None:
        self._stream = stream
        self._head = head

    def at(self, start: int, length: int) -> bytes:
        """All these bytes."""
        if length > limits.MARKS_BLOCK_BYTES:
            raise UnclearError
        if start + length <= len(self._head):
            return self._head[start : start + length]
        self._stream.seek(start)
        data = self._stream.read(length)
        if len(data) < length:
            raise UnclearError
        return data

    def box(self, wanted: bytes) -> tuple[int, int]:
        """Start and end of the content of the first outermost box of a kind."""
        at = 0
        for _ in range(limits.MARKS_SEGMENTS):
            length, kind, used = *struct.unpack(">I4s", self.at(at, 8)), 8
            if length == 1:
                length, used = int.from_bytes(self.at(at + 8, 8), "big"), 16
            if length < used:  # also 0, which stands for the rest of the file
                raise UnclearError
            if kind == wanted:
                return at + used, at + length
            at += length
        raise UnclearError


def _jpeg(data: _Bytes) -> bytes | None:
    at = 2
    for _ in range(limits.MARKS_SEGMENTS):
        start, code, length = struct.unpack(">BBH", data.at(at, 4))
        if start != 0xFF or length < 2:
            raise UnclearError
        if code in (0xDA, 0xD9):  # the picture begins, or the file ends without one
            return None
        if code == 0xE1 and length >= 8 and data.at(at + 4, len(_EXIF)) == _EXIF:
            return data.at(at + 4, length - 2)
        at += 2 + length
    raise UnclearError


def _png(data: _Bytes) -> bytes | None:
    at = 8
    for _ in range(limits.MARKS_SEGMENTS):
        length, kind = struct.unpack(">I4s", data.at(at, 8))
        if kind == b"eXIf":
            return data.at(at + 8, length)
        if kind in (b"IDAT", b"IEND"):
            return None
        at += 12 + length
    raise UnclearError


def _heif(data: _Bytes) -> bytes | None:
    start, end = data.box(b"meta")
    body = data.at(start, end - start)
    parts = {kind: (first, last) for kind, first, last in heif_items.boxes(body, 4, len(body))}
    if b"iinf" not in parts or b"iloc" not in parts:
        raise UnclearError
    number = _exif_item(body, *parts[b"iinf"])
    if number is None:
        return None
    in_file, in_idat = 0, start + parts[b"idat"][0] if b"idat" in parts else None
    block = b""
    for _, method, offset, length in _extents(body[slice(*parts[b"iloc"])], number):
        base = {heif_items.IN_FILE: in_file, heif_items.IN_IDAT: in_idat}.get(method)
        if base is None:
            raise UnclearError
        block += data.at(base + offset, length)
    return block


def _exif_item(body: bytes, start: int, end: int) -> int | None:
    """The number of the item of type Exif."""
    return next((number for number, kind in heif_items.kinds(body, start, end) if kind == b"Exif"), None)


def _extents(body: bytes, wanted: int) -> Iterator[heif_items.Extent]:
    """The pieces of one item."""
    found = False
    for extent in heif_items.extents(body):
        if extent.item == wanted:
            found = True
            yield extent
        elif found:
            return
    if not found:
        raise UnclearError


def _movie(data: _Bytes) -> bytes:
    start, end = data.box(b"moov")
    return data.at(start, end - start)


_NEEDS_A_READER = frozenset((MediaType.TIFF, MediaType.DNG))
_FINDERS: dict[MediaType, Callable[[_Bytes], bytes | None]] = {
    MediaType.JPEG: _jpeg,
    MediaType.PNG: _png,
    MediaType.HEIC: _heif,
    MediaType.HEIF: _heif,
    MediaType.MOV: _movie,
    MediaType.MP4: _movie,
}
"""Of other kinds `media` reads no mark either."""
