"""Read MBFile archives, the descriptions of files in Manifest.db, straight from their binary property lists.

An MBFile is an NSKeyedArchiver archive; a backup needs eight of its values. The reader follows only the references
that lead to those, which takes a third of the time of unarchiving everything. The layout of binary property lists
is stated in Apple's CFBinaryPList.c.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from recovery import limits
from recovery.errors import UnreadableArchiveError

_TRAILER = struct.Struct(">6xBBQQQ")
_INTEGER, _REAL, _DATA, _ASCII, _UTF16, _UID, _ARRAY, _DICTIONARY = 1, 2, 4, 5, 6, 8, 10, 13
"""Kinds of objects: the upper half of their first byte. The lower half is a length; if 15, it follows."""
_BYTES_OR_ASCII = (_DATA, _ASCII)
_REALS = {2: struct.Struct(">f"), 3: struct.Struct(">d")}
"""Reals of four and eight bytes, by the logarithm of their length."""
_DAMAGE = (ValueError, LookupError, OverflowError, struct.error)
"""What reading anything but a sound property list raises here."""


class MBFile(NamedTuple):
    """The values of one MBFile that a backup needs; None where it stores none, or one of another type.

    Sizes in bytes, times in seconds since 1970 UTC. `extended_attributes` is a property list of its own.
    """

    size: int | None
    mode: int | None
    last_modified: float | None
    birth: float | None
    protection_class: int | None
    encryption_key: bytes | None
    digest: bytes | None
    extended_attributes: bytes | None


def read_mbfile(archive: bytes) -> MBFile:
    """The values of the object that `$top.root` refers to; raises UnreadableArchiveError."""
    try:
        plist = _BinaryPropertyList(archive)
        top = plist.dictionary(plist.top)
        objects = plist.array(top["$objects"])
        root = plist.dictionary(objects[plist.uid(plist.dictionary(top["$top"])["root"])])

        def value(key: str) -> object:
            number = root.get(key)
            return None if number is None else plist.archived(number, objects)

        return MBFile(
            _whole(value("Size")),
            _whole(value("Mode")),
            _number(value("LastModified")),
            _number(value("Birth")),
            _whole(value("ProtectionClass")),
            _data(value("EncryptionKey")),
            _data(value("Digest")),
            _data(value("ExtendedAttributes")),
        )
    except _DAMAGE as error:
        raise UnreadableArchiveError("The manifest record is not a readable MBFile archive.") from error


def read_extended_attributes(data: bytes) -> Mapping[str, bytes]:
    """A property list of names to data, values of other types left out; raises UnreadableArchiveError."""
    try:
        plist = _BinaryPropertyList(data)
        return plist.data_of(plist.dictionary(plist.top))
    except _DAMAGE as error:
        raise UnreadableArchiveError("The extended attributes are not a readable property list.") from error


def _whole(value: object) -> int | None:
    """A whole number of less than 64 bits, as the device counts; a property list can hold longer ones."""
    return value if type(value) is int and value.bit_length() < 64 else None


def _number(value: object) -> float | None:
    return value if type(value) is int or type(value) is float else None


def _data(value: object) -> bytes | None:
    return value if type(value) is bytes else None


class _BinaryPropertyList:
    """Objects of one binary property list by their numbers, each read when it is asked for.

    Methods raise one of _DAMAGE for objects of another kind than asked for, or that reach beyond the data.
    """

    __slots__ = ("_data", "_offsets", "_width", "top")

    def __init__(self, data: bytes) -> None:
        if len(data) > limits.MBFILE_BYTES or data[:8] != b"bplist00":
            raise ValueError
        offset_width, self._width, count, self.top, table = _TRAILER.unpack_from(data, len(data) - _TRAILER.size)
        self._data = data
        self._offsets = self._numbers(table, count, offset_width)

    def dictionary(self, number: int) -> dict[str, int]:
        """The object numbers of a dictionary's values by their keys, which must be text."""
        start, count = self._content(number, _DICTIONARY)
        if count > limits.MBFILE_KEYS:
            raise ValueError
        numbers = self._numbers(start, 2 * count, self._width)
        data, offsets = self._data, self._offsets
        found: dict[str, int] = {}
        for key, value in zip(numbers[:count], numbers[count:], strict=True):
            at = offsets[key]
            length = data[at] - (_ASCII << 4)
            if 0 <= length < 15:  # nearly all; `scalar` would read them as well
                found[data[at + 1 : at + 1 + length].decode("ascii")] = value
            elif type(name := self.scalar(key)) is str:
                found[name] = value
            else:
                raise ValueError
        return found

    def data_of(self, members: Mapping[str, int]) -> Mapping[str, bytes]:
        """Those members of a dictionary that are data; each byte of the list may stand in one of them only."""
        found: dict[str, bytes] = {}
        left = len(self._data)
        for name, number in members.items():
            value = self.scalar(number)
            if type(value) is bytes:
                left -= len(value)
                if left < 0:
                    raise ValueError
                found[name] = value
        return found

    def array(self, number: int) -> Sequence[int]:
        """The object numbers of an array's members."""
        start, count = self._content(number, _ARRAY)
        return self._numbers(start, count, self._width)

    def uid(self, number: int) -> int:
        """The place in `$objects` that a reference of a keyed archive means."""
        start, length = self._content(number, _UID)
        return int.from_bytes(self._bytes(start, length + 1), "big")

    def archived(self, number: int, objects: Sequence[int]) -> object:
        """A value of a keyed archive: stored in place, referred to, or the data of an NSData object; else None."""
        kind = self._data[self._offsets[number]] >> 4
        if kind == _UID:
            place = self.uid(number)
            if place >= len(objects):
                return None
            number = objects[place]
            kind = self._data[self._offsets[number]] >> 4
        if kind == _DICTIONARY:
            number = self.dictionary(number).get("NS.data", number)
        return self.scalar(number)

    def scalar(self, number: int) -> int | float | bytes | str | None:
        """A whole number, real, data or text; None for objects of every other kind."""
        data, at = self._data, self._offsets[number]
        kind, length = data[at] >> 4, data[at] & 15
        if kind in _BYTES_OR_ASCII:
            start = at + 1
            if length == 15:
                start, length = self._counted(at)
            stored = data[start : start + length]
            if len(stored) != length:
                raise ValueError
            return stored if kind == _DATA else stored.decode("ascii")
        if kind == _INTEGER:
            width = 1 << length
            return int.from_bytes(self._bytes(at + 1, width), "big", signed=width >= 8)
        if kind == _REAL:
            real: float = _REALS[length].unpack_from(data, at + 1)[0]
            return real
        if kind == _UTF16:
            start, length = self._content(number, kind)
            return self._bytes(start, 2 * length).decode("utf-16-be")
        return None

    def _content(self, number: int, kind: int) -> tuple[int, int]:
        """Place and length of an object's content; the length counts bytes, characters, members or pairs."""
        at = self._offsets[number]
        marker = self._data[at]
        if marker >> 4 != kind:
            raise ValueError
        return self._counted(at) if marker & 15 == 15 and kind != _UID else (at + 1, marker & 15)

    def _counted(self, at: int) -> tuple[int, int]:
        """The same of an object whose length is a whole number of its own, behind the first byte."""
        if self._data[at + 1] == _INTEGER << 4:  # one byte, as nearly all; the lines below read every width
            return at + 3, self._data[at + 2]
        width = 1 << (self._data[at + 1] & 3)
        return at + 2 + width, int.from_bytes(self._bytes(at + 2, width), "big")

    def _numbers(self, start: int, count: int, width: int) -> Sequence[int]:
        stored = self._bytes(start, count * width)
        if width == 1:
            return stored
        if width == 2:  # as the offsets of nearly all; the line below reads every width
            return struct.unpack(f">{count}H", stored)
        return [int.from_bytes(stored[at : at + width], "big") for at in range(0, len(stored), width)]

    def _bytes(self, start: int, length: int) -> bytes:
        found = self._data[start : start + length]
        if len(found) != length:
            raise ValueError
        return found
