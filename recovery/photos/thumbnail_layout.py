"""Find out how a thumbnail table is laid out, from its size, its footers and the UUIDs the library knows."""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import BinaryIO

from recovery import limits
from recovery.photos.thumbnail_formats import (
    FOOTER_BYTES,
    FORMATS,
    Encoding,
    entry_length,
    tier_of,
)
from recovery.provenance import Gap, Tier

HIDES = ("thumbnails", "pictures of permanently deleted assets")

_FOOTER = struct.Struct("<16sIIi")
_EMPTY = bytes(FOOTER_BYTES)
# A deciphered file may keep the padding of its last cipher block.
PADDING_BYTES = 16
# ZTHUMBNAILINDEX of an asset without a slot is NULL, negative or the largest 64-bit number.
_NO_SLOT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class TableLayout:
    """Entry i starts at byte i * `entry_length`; `side` in pixels; `cropped` pictures fill the whole frame."""

    format_id: int | None
    side: int
    cropped: bool
    encoding: Encoding
    entry_length: int
    tier: Tier


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


@dataclass(frozen=True, slots=True)
class Footer:
    """The last 28 bytes of a used entry; width and height in pixels, not yet checked."""

    index: int
    uuid: bytes
    width: int
    height: int


class KnownAssets:
    """UUIDs and slots of the live rows; `compared` is False when no library could be read."""

    def __init__(self, known: Mapping[str, int | None] | None) -> None:
        self.compared = known is not None
        self.slots: dict[bytes, int | None] = {}
        for text, slot in (known or {}).items():
            if (uuid := _uuid_bytes(text)) is not None:
                self.slots[uuid] = slot if slot is not None and 0 <= slot < _NO_SLOT else None
        self.claimed = frozenset(slot for slot in self.slots.values() if slot is not None)

    def states(self, footers: list[Footer]) -> Iterator[EntryState]:
        """The state of each footer, in their order."""
        settled = {entry.uuid for entry in footers if self.slots.get(entry.uuid) == entry.index}
        for entry in footers:
            yield self._state(entry, settled)

    def _state(self, entry: Footer, settled: set[bytes]) -> EntryState:
        if not self.compared:
            return EntryState.UNCOMPARED
        if entry.uuid not in self.slots:
            return EntryState.CONTESTED if entry.index in self.claimed else EntryState.ORPHAN
        slot = self.slots[entry.uuid]
        if slot is None:
            return EntryState.UNPLACED
        if slot == entry.index:
            return EntryState.AGREES
        return EntryState.STALE if entry.uuid in settled else EntryState.DISAGREES


def _uuid_bytes(text: str) -> bytes | None:
    try:
        uuid = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    return uuid if len(uuid) == 16 else None


@dataclass(frozen=True, slots=True)
class Trial:
    """A table read with one layout: its sound footers, the count of damaged ones, bytes after the last slot."""

    layout: TableLayout
    slots: int
    footers: list[Footer]
    damaged: int
    trailing: int
    agreeing: int
    believable: int

    @property
    def fits(self) -> bool:
        """Most used footers make sense, and the size is a whole number of entries or the library vouches for it.

        A wrong length reads pixels as footers, and those are hardly ever a small width, a small height and a
        UUID; half is therefore a wide margin, and a damaged region does not cost the whole table.
        """
        used = len(self.footers) + self.damaged
        if 2 * self.believable < used or not self.slots:
            return False
        return self.trailing <= PADDING_BYTES or self.agreeing > 0


def format_number(name: str) -> int | None:
    """The format number in the name of a table, "…/4031.ithmb" → 4031; None for any other name."""
    match = re.fullmatch(r"([0-9]{1,9})\.ithmb", name.rpartition("/")[2], re.IGNORECASE)
    return int(match[1]) if match else None


def examine(name: str, stream: BinaryIO, size: int, known: KnownAssets) -> Trial | Gap:
    """Read a table with each layout its format number allows, else with one solved from the known UUIDs.

    The number alone does not decide: the same one has 2 bytes a pixel on iPhone and 4 on Mac.
    """
    if size <= 0:
        return Gap("thumbnail table", name, "the file is empty", HIDES)
    number = format_number(name)
    allowed = [layout for layout in _allowed(number) if layout.entry_length <= size]
    whole = [layout for layout in allowed if size % layout.entry_length <= PADDING_BYTES]
    for layouts in (whole, [layout for layout in allowed if layout not in whole]):
        trials = [_try(layout, stream, size, known) for layout in layouts]
        fitting = [trial for trial in trials if trial.fits]
        if fitting:
            return max(fitting, key=lambda trial: (trial.agreeing, trial.believable))
    solved = _solved(number, stream, size, known)
    if solved is not None and solved.fits:
        return solved
    return Gap("thumbnail table", name, _why_not(number, size), HIDES, fault=True)


def _why_not(number: int | None, size: int) -> str:
    lengths = [str(layout.entry_length) for layout in _allowed(number)]
    if not lengths:
        return "its format is unknown, and no known UUID in it settles the entry length"
    return f"{size:,} bytes do not hold sound entries of {' or '.join(lengths)} bytes, the lengths of its format"


def _allowed(number: int | None) -> list[TableLayout]:
    known = FORMATS.get(number) if number is not None else None
    if known is None:
        return []
    return [
        TableLayout(
            known.format_id,
            known.side,
            known.cropped,
            encoding,
            entry_length(known.side, encoding),
            tier_of(known.format_id, encoding),
        )
        for encoding in known.encodings
    ]


def _footers(stream: BinaryIO, length: int, slots: int) -> Iterator[bytes]:
    for slot in range(slots):
        stream.seek((slot + 1) * length - FOOTER_BYTES)
        footer = stream.read(FOOTER_BYTES)
        if len(footer) < FOOTER_BYTES:
            return
        yield footer


def _try(layout: TableLayout, stream: BinaryIO, size: int, known: KnownAssets) -> Trial:
    footers: list[Footer] = []
    damaged = agreeing = believable = read = 0
    slots = min(size // layout.entry_length, limits.THUMBNAIL_ENTRIES)
    for index, footer in enumerate(_footers(stream, layout.entry_length, slots)):
        read += 1
        if footer == _EMPTY:
            continue
        uuid, width, height, _reserved = _FOOTER.unpack(footer)
        if not (1 <= width <= layout.side and 1 <= height <= layout.side):
            damaged += 1
            continue
        footers.append(Footer(index, uuid, width, height))
        agreeing += known.slots.get(uuid) == index
        believable += uuid in known.slots or _is_random(uuid)
    return Trial(layout, read, footers, damaged, size % layout.entry_length, agreeing, believable)


def _is_random(uuid: bytes) -> bool:
    """Whether these are the version and variant bits of a random UUID, the kind the system makes."""
    return uuid[6] >> 4 == 4 and uuid[8] >> 6 == 2


def _solved(number: int | None, stream: BinaryIO, size: int, known: KnownAssets) -> Trial | None:
    """Solve an unknown format: the length from where known UUIDs lie, the side from the largest picture.

    The encoding follows only for uncompressed tables; ASTC and BC7 cannot be told apart by length.
    """
    length = _length_by_uuids(stream, known)
    if length is None or length > size:
        return None
    layout = TableLayout(number, limits.THUMBNAIL_SIDE, True, Encoding.UNKNOWN, length, Tier.UNTESTED)
    trial = _try(layout, stream, size, known)
    side = max((max(entry.width, entry.height) for entry in trial.footers), default=0)
    for encoding in (Encoding.X1RGB5, Encoding.BGRA):
        if entry_length(side, encoding) == length:
            layout = replace(layout, encoding=encoding)
    return replace(trial, layout=replace(layout, side=side))


def _length_by_uuids(stream: BinaryIO, known: KnownAssets) -> int | None:
    """The entry length on which the positions of the lowest-numbered live rows agree best."""
    placed = sorted((slot, uuid) for uuid, slot in known.slots.items() if slot is not None)
    stream.seek(0)
    head = stream.read(limits.THUMBNAIL_SEARCH_BYTES)
    longest = entry_length(limits.THUMBNAIL_SIDE, Encoding.BGRA)
    votes: Counter[int] = Counter()
    for slot, uuid in placed[: limits.THUMBNAIL_SEARCH_UUIDS]:
        position = head.find(uuid)
        length, rest = divmod(position + FOOTER_BYTES, slot + 1)
        if position >= 0 and not rest and FOOTER_BYTES < length <= longest:
            votes[length] += 1
    return votes.most_common(1)[0][0] if votes else None
