"""The shape of an MBFile archive: where its few changing values stand, learnt once and proved for each archive."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise
from operator import itemgetter

_TRAILER = struct.Struct(">6xBBQQQ")
_HEAD = b"bplist00"
VALUES = ("Size", "Mode", "LastModified", "Birth", "ProtectionClass", "EncryptionKey", "Digest",
          "ExtendedAttributes")  # fmt: skip
"""The values in use, in the order in which a record is given."""
_FREE = ("RelativePath", "InodeNumber", "LastStatusChange")
"""Values that differ from row to row and that nobody asks for."""


def frame_of(archive: bytes) -> bytes | None:
    """Offset table and trailer: the same for all archives whose objects have the same lengths."""
    if len(archive) < 40 or archive[:8] != _HEAD:
        return None
    start = int.from_bytes(archive[-8:], "big")
    return archive[start:] if start < len(archive) - 32 else None


class Shape:
    """Where the values of an archive stand, and what all its other bytes are."""

    __slots__ = ("_cut", "_fixed", "_order", "_split", "_texts")

    def __init__(
        self,
        archive: bytes,
        spans: list[tuple[int, int]],
        texts: list[slice],
        values: dict[str, tuple[int, int, bool]],
    ) -> None:
        self._texts = texts
        fixed, start = [], 0
        for begin, end in sorted(spans):
            fixed.append(slice(start, begin))
            start = end
        self._cut = itemgetter(*fixed, slice(start, None))
        self._fixed = self._cut(archive)
        places = sorted(set(values.values()))  # equal values stand once
        absent = len(places)
        self._order = itemgetter(*(places.index(values[name]) if name in values else absent for name in VALUES))
        layout, end = ">", 0
        for at, width, number in places:
            layout += f"{at - end}x{_NUMBERS[width] if number else f'{width}s'}"
            end = at + width
        self._split = struct.Struct(layout).unpack_from

    def values(self, archive: bytes) -> tuple[object, ...] | None:
        """The values in their order, each None where the archive has none; None for one of another shape."""
        if self._cut(archive) != self._fixed:
            return None
        for text in self._texts:
            if not archive[text].isascii():
                return None
        ordered: tuple[object, ...] = self._order((*self._split(archive), None))
        return ordered


# Whole numbers of a binary property list by their width: only those of eight bytes have a sign.
_NUMBERS = {1: "B", 2: "H", 4: "I", 8: "q"}


class _Objects:
    """The objects of a binary property list by number: marker, place and length of each, and references."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offset_size, self.reference_size, count, self.top, table = _TRAILER.unpack(data[-32:])
        end = table + count * self.offset_size
        if not (count <= len(data) and end == len(data) - 32 and self.offset_size and self.reference_size):
            raise ValueError
        cells = range(table, end, self.offset_size)
        self.offsets = [int.from_bytes(data[at : at + self.offset_size], "big") for at in cells]
        self.table = table

    def body(self, number: int) -> tuple[int, int, int]:
        """Kind (upper half of the marker), start and length of an object's content, in its own units."""
        at = self.offsets[number]
        kind, length = divmod(self.data[at], 16)
        at += 1
        if length == 15 and kind in (4, 5, 6, 10, 13):
            size = self.data[at]
            if size >> 4 != 1 or size & 15 > 3:
                raise ValueError
            width = 1 << (size & 15)
            length = int.from_bytes(self.data[at + 1 : at + 1 + width], "big")
            at += 1 + width
        return kind, at, length

    def end(self, number: int) -> int:
        """The byte behind an object; raises ValueError for kinds that an MBFile does not have."""
        kind, start, length = self.body(number)
        if kind in (1, 2):
            return start + (1 << length)
        unit = {0: 0, 3: 0, 4: 1, 5: 1, 6: 2, 8: 1, 10: self.reference_size, 13: 2 * self.reference_size}[kind]
        if kind == 3:
            return start + 8
        return start + (length + 1 if kind == 8 else unit * length)

    def references(self, number: int) -> list[int]:
        """The numbers an array or dictionary refers to; of a dictionary first keys, then values."""
        kind, start, length = self.body(number)
        count = length * 2 if kind == 13 else length if kind == 10 else 0
        width = self.reference_size
        return [
            int.from_bytes(self.data[at : at + width], "big") for at in range(start, start + count * width, width)
        ]

    def dictionary(self, number: int) -> Iterator[tuple[str, int]]:
        """Keys, all ASCII, and the numbers of their values; raises ValueError for anything else."""
        if self.body(number)[0] != 13:
            raise ValueError
        found = self.references(number)
        half = len(found) // 2
        for key, value in zip(found[:half], found[half:], strict=True):
            kind, start, length = self.body(key)
            if kind != 5:
                raise ValueError
            yield self.data[start : start + length].decode("ascii"), value


def learn(archive: bytes) -> Shape | None:
    """The shape of an archive that the general reader has read; None where it is not plain enough to be sure."""
    try:
        return _learnt(archive)
    except (ValueError, LookupError, struct.error):
        return None


def _learnt(archive: bytes) -> Shape | None:
    objects = _Objects(archive)
    count = len(objects.offsets)
    ends = {objects.offsets[number]: objects.end(number) for number in range(count)}
    order = sorted(ends.items())
    apart = all(end <= start for (_, end), (start, _) in pairwise(order))
    if len(ends) != count or not apart or order[0][0] < len(_HEAD) or order[-1][1] > objects.table:
        return None  # objects share bytes, so one value could be part of another
    top = dict(objects.dictionary(objects.top))
    held = objects.references(top["$objects"])
    root = dict(objects.dictionary(held[_uid(objects, dict(objects.dictionary(top["$top"]))["root"])]))
    keys = {key for number in range(count) if objects.body(number)[0] == 13 for key in _keys(objects, number)}
    places: dict[str, int] = {}
    for name in (*VALUES, *_FREE):
        if name in root:
            places[name] = _target(objects, held, root[name])
    spans: dict[int, tuple[int, int]] = {}
    texts: list[slice] = []
    values: dict[str, tuple[int, int, bool]] = {}
    for name, number in places.items():
        kind, start, length = objects.body(number)
        width = 1 << length if kind == 1 else length
        if number in keys or kind not in (1, 4, 5) or (kind == 1 and width > 8):
            return None
        if name in _FREE and kind == 5:
            spans[number] = (start, start + width)
            texts.append(slice(start, start + width))
        elif name in VALUES and kind in (1, 4):
            spans[number] = (start, start + width)
            values[name] = (start, width, kind == 1)
        elif kind == 1:
            spans[number] = (start, start + width)
        else:
            return None
    if len(values) < 2:
        return None
    return Shape(archive, list(spans.values()), texts, values)


def _keys(objects: _Objects, number: int) -> list[int]:
    found = objects.references(number)
    return found[: len(found) // 2]


def _uid(objects: _Objects, number: int) -> int:
    kind, start, length = objects.body(number)
    if kind != 8:
        raise ValueError
    return int.from_bytes(objects.data[start : start + length + 1], "big")


def _target(objects: _Objects, held: list[int], number: int) -> int:
    """The object that holds a value: itself, what it refers to, or the bytes within that."""
    if objects.body(number)[0] != 8:
        return number
    number = held[_uid(objects, number)]
    return dict(objects.dictionary(number))["NS.data"] if objects.body(number)[0] == 13 else number
