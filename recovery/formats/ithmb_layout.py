"""Find out how a thumbnail table is laid out, from its size, its footers and the UUIDs the library knows."""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import nsmallest
from typing import BinaryIO

from recovery import limits
from recovery.formats.ithmb_entries import EntryState, Footers, uuid_bytes
from recovery.formats.ithmb_formats import (
    FOOTER_BYTES,
    FORMATS,
    Encoding,
    entry_length,
    tier_of,
)
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap, Tier

HIDES = ("thumbnails", "pictures of permanently deleted assets")

_FOOTER = struct.Struct("<16sIIi")
_EMPTY = bytes(FOOTER_BYTES)
_PAGE = 4096  # bytes, the least that a system reads from a disk
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


class KnownAssets:
    """UUIDs and slots of the live rows; `compared` is False when no library could be read."""

    def __init__(self, known: Iterable[tuple[str, int | None]] | None) -> None:
        self.compared = known is not None
        self.slots: dict[bytes, int | None] = {}
        self._claimed = bytearray(limits.THUMBNAIL_ENTRIES)
        for text, slot in known or ():
            if (uuid := uuid_bytes(text)) is not None:
                self.slots[uuid] = slot if slot is not None and 0 <= slot < _NO_SLOT else None
        for slot in self.slots.values():
            if slot is not None and slot < limits.THUMBNAIL_ENTRIES:
                self._claimed[slot] = True

    def states(self, footers: Footers) -> Iterator[EntryState]:
        """The state of each entry, in their order."""
        for number, slot in enumerate(footers.slots):
            yield self._state(footers, slot, footers.uuid(number))

    def _state(self, footers: Footers, slot: int, uuid: bytes) -> EntryState:
        if not self.compared:
            return EntryState.UNCOMPARED
        if uuid not in self.slots:
            return EntryState.CONTESTED if self._claimed[slot] else EntryState.ORPHAN
        own = self.slots[uuid]
        if own is None:
            return EntryState.UNPLACED
        if own == slot:
            return EntryState.AGREES
        settled = footers.in_slot(own)
        return EntryState.STALE if settled is not None and footers.uuid(settled) == uuid else EntryState.DISAGREES


@dataclass(frozen=True, slots=True)
class Trial:
    """A table read with one layout: its sound footers, the count of damaged ones, bytes after the last slot."""

    layout: TableLayout
    slots: int
    footers: Footers
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
        return Gap(GapSubject.THUMBNAIL_TABLE, name, GapReason.EMPTY_FILE, HIDES)
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
    return _unknown(name, number, size)


def _unknown(name: str, number: int | None, size: int) -> Gap:
    lengths = [str(layout.entry_length) for layout in _allowed(number)]
    if not lengths:
        return damaged_table(name, GapReason.TABLE_FORMAT_UNKNOWN)
    return damaged_table(name, GapReason.TABLE_LENGTHS_WRONG, size, " or ".join(lengths))


def damaged_table(name: str, why: GapReason, *values: int | str) -> Gap:
    """The gap of a thumbnail table that is in the backup and cannot be read, or not in full."""
    return Gap(GapSubject.THUMBNAIL_TABLE, name, why, HIDES, fault=True, values=values)


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
    """The footers of the first slots, fewer where the file ends before."""
    if length > _PAGE:
        for slot in range(slots):
            stream.seek((slot + 1) * length - FOOTER_BYTES)
            footer = stream.read(FOOTER_BYTES)
            if len(footer) < FOOTER_BYTES:
                return
            yield footer
        return
    # Entries that share their pages are read as a whole: no page more, and a hundred entries at once.
    together = limits.COPY_CHUNK_BYTES // length
    stream.seek(0)
    for slot in range(0, slots, together):
        entries = stream.read(min(together, slots - slot) * length)
        for end in range(length, len(entries) + 1, length):
            yield entries[end - FOOTER_BYTES : end]


def _try(layout: TableLayout, stream: BinaryIO, size: int, known: KnownAssets) -> Trial:
    footers = Footers()
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
        footers.append(index, uuid, width, height)
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
    side = trial.footers.largest_side()
    for encoding in (Encoding.X1RGB5, Encoding.BGRA):
        if entry_length(side, encoding) == length:
            layout = replace(layout, encoding=encoding)
    return replace(trial, layout=replace(layout, side=side))


def _length_by_uuids(stream: BinaryIO, known: KnownAssets) -> int | None:
    """The entry length on which the positions of the lowest-numbered live rows agree best."""
    slots = ((slot, uuid) for uuid, slot in known.slots.items() if slot is not None)
    placed = nsmallest(limits.THUMBNAIL_SEARCH_UUIDS, slots)
    stream.seek(0)
    head = stream.read(limits.THUMBNAIL_SEARCH_BYTES)
    longest = entry_length(limits.THUMBNAIL_SIDE, Encoding.BGRA)
    votes: Counter[int] = Counter()
    for slot, uuid in placed:
        position = head.find(uuid)
        length, rest = divmod(position + FOOTER_BYTES, slot + 1)
        if position >= 0 and not rest and FOOTER_BYTES < length <= longest:
            votes[length] += 1
    return votes.most_common(1)[0][0] if votes else None
