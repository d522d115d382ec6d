"""Items of a HEIC or HEIF and where their bytes lie, from the boxes meta.iinf and meta.iloc (ISO 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

IN_FILE, IN_IDAT = 0, 1
"""From where an extent is counted; other ways are not used for pictures of phones."""


class UnclearError(Exception):
    """The file is not built as its kind should be, or in a way that is not worth following here."""


class Extent(NamedTuple):
    """A piece of an item: `method` tells from where `offset` is counted; sizes in bytes."""

    item: int
    method: int
    offset: int
    length: int


def boxes(body: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each box between two places; raises UnclearError."""
    while at + 8 <= end:
        length, kind = struct.unpack_from(">I4s", body, at)
        if length < 8 or at + length > end:  # boxes this deep need no length of 64 bits
            raise UnclearError
        yield kind, at + 8, at + length
        at += length


def kinds(body: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Number and type of each item that iinf names; version 0 counts its entries in 16 bits, others in 32.

    Raises UnclearError or struct.error.
    """
    for _, at, _ in boxes(body, start + (8 if body[start] else 6), end):
        layout = {2: ">4xH2x4s", 3: ">4xI2x4s"}.get(body[at])
        if layout is None:
            raise UnclearError
        yield struct.unpack_from(layout, body, at)


def extents(body: bytes) -> Iterator[Extent]:
    """The pieces of all items of iloc, those of one item together; raises UnclearError or struct.error."""
    version, sizes = struct.unpack_from(">B3xH", body)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = version == 2
    count = _number(body, 6, 4 if wide else 2)
    at = 10 if wide else 8
    for _ in range(count):
        item = _number(body, at, 4 if wide else 2)
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
            yield Extent(item, method, base + offset, length)


def _number(body: bytes, at: int, size: int) -> int:
    if at + size > len(body):
        raise UnclearError
    return int.from_bytes(body[at : at + size], "big")
