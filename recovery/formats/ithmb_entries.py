"""The used entries of a thumbnail table, in columns: a table has one for each asset, and there are several."""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import overload

from recovery import limits

_UUID_BYTES = 16
_HALF = struct.Struct("=Q")


class EntryState(StrEnum):
    """What the library says about the UUID of an entry."""

    AGREES = "agrees"
    """A live row has this UUID and names this slot."""
    STALE = "stale"
    """A second copy: the live row names another slot, and that slot holds the same UUID. It may be older."""
    UNPLACED = "unplaced"
    """A live row has this UUID and names no slot at all."""
    DISAGREES = "disagrees"
    """A live row has this UUID and names another slot, which does not hold it."""
    ORPHAN = "orphan"
    """No live row has this UUID, and none names this slot: what a permanently deleted asset leaves behind."""
    CONTESTED = "contested"
    """No live row has this UUID, but one names this slot: reused and not yet written, or a changed UUID."""
    UNCOMPARED = "uncompared"
    """There was no library to compare with."""


_STATES = tuple(EntryState)
_CODES = {state: code for code, state in enumerate(_STATES)}


@dataclass(frozen=True, slots=True)
class ThumbnailEntry:
    """One used entry: the asset's UUID in upper case, the picture's size in pixels, the entry's first byte."""

    index: int
    uuid: str
    width: int
    height: int
    offset: int
    state: EntryState


@dataclass(slots=True)
class Footers:
    """What the last 28 bytes of used entries say, in the order of their slots; widths and heights in pixels."""

    uuids: bytearray = field(default_factory=bytearray)
    slots: array[int] = field(default_factory=lambda: array("I"))
    widths: array[int] = field(default_factory=lambda: array("I"))
    heights: array[int] = field(default_factory=lambda: array("I"))

    def append(self, slot: int, uuid: bytes, width: int, height: int) -> None:
        """Add the entry of a slot behind all before."""
        self.uuids += uuid
        self.slots.append(slot)
        self.widths.append(width)
        self.heights.append(height)

    def __len__(self) -> int:
        return len(self.slots)

    def uuid(self, number: int) -> bytes:
        """The 16 bytes of the UUID of an entry, which are counted from 0 without the empty slots."""
        return bytes(self.uuids[_UUID_BYTES * number : _UUID_BYTES * (number + 1)])

    def in_slot(self, slot: int) -> int | None:
        """The number of the entry in a slot, None for an empty one."""
        number = bisect_left(self.slots, slot)
        return number if number < len(self) and self.slots[number] == slot else None

    def largest_side(self) -> int:
        """The longest side of a picture in pixels, 0 without any."""
        return max((*self.widths, *self.heights), default=0)


Picture = tuple[int, int, int]
"""The slot of an entry, and the width and height of its picture in pixels."""


class Entries(Sequence[ThumbnailEntry]):
    """Entries of one table; each is made when it is asked for."""

    def __init__(self, footers: Footers, states: Sequence[EntryState], length: int) -> None:
        self._footers = footers
        self._states = bytes(map(_CODES.__getitem__, states))
        self._length = length

    def __len__(self) -> int:
        return len(self._footers)

    @overload
    def __getitem__(self, index: int) -> ThumbnailEntry: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ThumbnailEntry, ...]: ...
    def __getitem__(self, index: int | slice) -> ThumbnailEntry | tuple[ThumbnailEntry, ...]:
        numbers = range(len(self))[index]
        return self._at(numbers) if isinstance(numbers, int) else tuple(map(self._at, numbers))

    def _at(self, number: int) -> ThumbnailEntry:
        footers, slot = self._footers, self._footers.slots[number]
        uuid = uuid_text(footers.uuid(number))
        state = _STATES[self._states[number]]
        return ThumbnailEntry(slot, uuid, footers.widths[number], footers.heights[number], slot * self._length, state)

    def in_slot(self, slot: int) -> ThumbnailEntry | None:
        """The entry of a slot, None for an empty one."""
        number = self._footers.in_slot(slot)
        return None if number is None else self._at(number)

    def with_state(self, *states: EntryState) -> Iterator[ThumbnailEntry]:
        """The entries in any of these states, in the order of their slots."""
        return map(self._at, self._with(states))

    def _with(self, states: Sequence[EntryState]) -> Iterator[int]:
        codes = frozenset(_CODES[state] for state in states)
        return (number for number, code in enumerate(self._states) if code in codes)

    def by_uuid(self, *states: EntryState) -> Callable[[bytes], list[Picture]]:
        """A function that finds the entries in any of these states by the 16 bytes of their UUID."""
        # Half of a UUID tells nearly all of them apart, and as a number it is found several times as fast.
        footers = self._footers
        halves = array("Q", bytes(footers.uuids))[::2]
        numbers = array("I", sorted(self._with(states), key=halves.__getitem__))
        halves = array("Q", map(halves.__getitem__, numbers))  # sorted
        uuids, slots, widths, heights = footers.uuids, footers.slots, footers.widths, footers.heights

        def found(uuid: bytes) -> list[Picture]:
            (half,) = _HALF.unpack_from(uuid)
            place = bisect_left(halves, half)
            last = min(place + limits.THUMBNAILS_OF_ASSET, len(halves))
            pictures: list[Picture] = []
            while place < last and halves[place] == half:
                number = numbers[place]
                if uuids.startswith(uuid, _UUID_BYTES * number):
                    pictures.append((slots[number], widths[number], heights[number]))
                place += 1
            return pictures

        return found


def uuid_text(uuid: bytes) -> str:
    """A UUID of 16 bytes as text, in upper case."""
    digits = uuid.hex().upper()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def uuid_bytes(text: str) -> bytes | None:
    """The 16 bytes of a UUID as text; None for what is none."""
    try:
        uuid = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    return uuid if len(uuid) == _UUID_BYTES else None


def is_uuid_text(text: str) -> bool:
    """Whether a text of which `uuid_bytes` makes bytes is the one that `uuid_text` makes of them, case aside."""
    return len(text) == 36 and text[8] == text[13] == text[18] == text[23] == "-"
