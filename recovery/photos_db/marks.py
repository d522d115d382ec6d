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
from recovery.formats.signatures import MediaType, sniff

_WORD = b"FaceTime"
_WIDE_WORD = "FaceTime".encode("utf-16-le")[:-1]  # in UTF-16 of either byte order
_EXIF = b"Exif\x00\x00"


class _UnclearError(Exception):
    """The file is not built as its kind should be, or in a way that is not worth following here."""


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
    except (_UnclearError, struct.error, IndexError):
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
            raise _UnclearError
        if start + length <= len(self._head):
            return self._head[start : start + length]
        self._stream.seek(start)
        data = self._stream.read(length)
        if len(data) < length:
            raise _UnclearError
        return data

    def box(self, wanted: bytes) -> tuple[int, int]:
        """Start and end of the content of the first outermost box of a kind."""
        at = 0
        for _ in range(limits.MARKS_SEGMENTS):
            length, kind, used = *struct.unpack(">I4s", self.at(at, 8)), 8
            if length == 1:
                length, used = int.from_bytes(self.at(at + 8, 8), "big"), 16
            if length < used:  # also 0, which stands for the rest of the file
                raise _UnclearError
            if kind == wanted:
                return at + used, at + length
            at += length
        raise _UnclearError


def _jpeg(data: _Bytes) -> bytes | None:
    at = 2
    for _ in range(limits.MARKS_SEGMENTS):
        start, code, length = struct.unpack(">BBH", data.at(at, 4))
        if start != 0xFF or length < 2:
            raise _UnclearError
        if code in (0xDA, 0xD9):  # the picture begins, or the file ends without one
            return None
        if code == 0xE1 and length >= 8 and data.at(at + 4, len(_EXIF)) == _EXIF:
            return data.at(at + 4, length - 2)
        at += 2 + length
    raise _UnclearError


def _png(data: _Bytes) -> bytes | None:
    at = 8
    for _ in range(limits.MARKS_SEGMENTS):
        length, kind = struct.unpack(">I4s", data.at(at, 8))
        if kind == b"eXIf":
            return data.at(at + 8, length)
        if kind in (b"IDAT", b"IEND"):
            return None
        at += 12 + length
    raise _UnclearError


def _heif(data: _Bytes) -> bytes | None:
    start, end = data.box(b"meta")
    body = data.at(start, end - start)
    parts = {kind: (first, last) for kind, first, last in _boxes(body, 4, len(body))}
    if b"iinf" not in parts or b"iloc" not in parts:
        raise _UnclearError
    number = _exif_item(body, *parts[b"iinf"])
    if number is None:
        return None
    in_file, in_idat = 0, start + parts[b"idat"][0] if b"idat" in parts else None
    block = b""
    for method, offset, length in _extents(body[slice(*parts[b"iloc"])], number):
        base = {0: in_file, 1: in_idat}.get(method)
        if base is None:
            raise _UnclearError
        block += data.at(base + offset, length)
    return block


def _exif_item(body: bytes, start: int, end: int) -> int | None:
    """The number of the item of type Exif; iinf of version 0 counts its entries in 16 bits, others in 32."""
    for _, at, _ in _boxes(body, start + (8 if body[start] else 6), end):
        layout = {2: ">4xH2x4s", 3: ">4xI2x4s"}.get(body[at])
        if layout is None:
            raise _UnclearError
        number, kind = struct.unpack_from(layout, body, at)
        if kind == b"Exif":
            return int(number)
    return None


def _extents(body: bytes, wanted: int) -> Iterator[tuple[int, int, int]]:
    """The pieces of one item of iloc: counted from where (0: the file, 1: idat), from which byte, and how long."""
    version, sizes = struct.unpack_from(">B3xH", body)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = version == 2
    count = _number(body, 6, 4 if wide else 2)
    at = 10 if wide else 8
    for _ in range(count):
        number = _number(body, at, 4 if wide else 2)
        at += 4 if wide else 2
        method = _number(body, at, 2) & 15 if version else 0
        at += 4 if version else 2  # with the reference to the file that holds the data: this one
        base = _number(body, at, base_size)
        pieces = _number(body, at + base_size, 2)
        at += base_size + 2
        for _ in range(pieces):
            at += index_size if version else 0
            offset, length = _number(body, at, offset_size), _number(body, at + offset_size, length_size)
            at += offset_size + length_size
            if number == wanted:
                yield method, base + offset, length
        if number == wanted:
            return
    raise _UnclearError


def _number(body: bytes, at: int, size: int) -> int:
    if at + size > len(body):
        raise _UnclearError
    return int.from_bytes(body[at : at + size], "big")


def _movie(data: _Bytes) -> bytes:
    start, end = data.box(b"moov")
    return data.at(start, end - start)


def _boxes(body: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each box between two places."""
    while at + 8 <= end:
        length, kind = struct.unpack_from(">I4s", body, at)
        if length < 8 or at + length > end:  # boxes this deep need no length of 64 bits
            raise _UnclearError
        yield kind, at + 8, at + length
        at += length


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
