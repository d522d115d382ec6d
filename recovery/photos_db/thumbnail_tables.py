"""Thumbnail tables (.ithmb) and thumbnail files (V2 JPEGs): which pictures they hold and whose they are.

A table is a row of entries of one length; each ends in a footer with the asset's UUID and the picture's size.
The slot of an asset is its row's ZTHUMBNAILINDEX, in every table of the library. Deleting an asset for good
removes its V2 JPEG and leaves its table entries until the slot is used again, so an entry whose UUID no row has
is, as a rule, the thumbnail of a permanently deleted asset. This was measured on the tables of real macOS
libraries; the encodings that only iPhones write are untested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from recovery import limits
from recovery.errors import UnreadableFileError
from recovery.formats import ithmb_pixels as pixels
from recovery.formats.ithmb_entries import Entries, EntryState, Footers, ThumbnailEntry
from recovery.formats.ithmb_formats import Encoding, block_bytes, row_bytes
from recovery.formats.ithmb_layout import (
    HIDES,
    PADDING_BYTES,
    KnownAssets,
    TableLayout,
    Trial,
    damaged_table,
    examine,
)
from recovery.formats.property_list import load_dictionary, whole_number
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap, Reading, unreadable
from recovery.refusals import refused

__all__ = [
    "Agreement",
    "Entries",
    "EntryState",
    "KnownAssets",
    "TableLayout",
    "ThumbnailConfiguration",
    "ThumbnailEntry",
    "ThumbnailTable",
    "decode_entry",
    "read_configuration",
    "read_table",
    "solve_layout",
]

_NO_ENTRIES = Entries(Footers(), (), 0)
AGREEMENT_NEEDED = 0.99
"""Share of live UUIDs that must sit in the slot their row names; less means the table was not understood."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a table and the library agree; figures count entries.

    `live` have the UUID of a live row. `checked` are those that can be compared: without second copies of a UUID
    that also sits in its own slot, and without rows that name no slot. `agreeing` sit in the slot their row names.
    """

    live: int
    checked: int
    agreeing: int

    @property
    def enough(self) -> bool:
        """True also when nothing could be compared: then the footers alone vouch for the layout."""
        return self.agreeing >= AGREEMENT_NEEDED * self.checked


@dataclass(frozen=True, slots=True)
class ThumbnailTable:
    """One table as read; `layout` is None when it was refused, and `gaps` say why."""

    name: str
    layout: TableLayout | None
    slots: int
    agreement: Agreement
    entries: Entries
    gaps: tuple[Gap, ...] = ()

    @property
    def reading(self) -> Reading[ThumbnailEntry]:
        """All entries, made at once, with the gaps."""
        return Reading(tuple(self.entries), self.gaps)

    def with_state(self, *states: EntryState) -> tuple[ThumbnailEntry, ...]:
        """The entries in any of these states, in the order of their slots."""
        return tuple(self.entries.with_state(*states))


@dataclass(frozen=True, slots=True)
class ThumbnailConfiguration:
    """The thumbnailConfiguration plist: manager version, format of the V2 JPEGs, all formats from large to small.

    `formats` is empty before version 30; `rebuilding` says that the tables were being made anew.
    """

    version: int | None
    master_format: int | None
    formats: tuple[int, ...]
    rebuilding: bool


def solve_layout(name: str, stream: BinaryIO, size: int, known: Mapping[str, int | None] | None) -> TableLayout | Gap:
    """The layout of a table, or why there is none; the arguments are those of `read_table`."""
    table = read_table(name, stream, size, known)
    return table.layout if table.layout is not None else table.gaps[0]


def read_table(
    name: str, stream: BinaryIO, size: int, known: Mapping[str, int | None] | KnownAssets | None
) -> ThumbnailTable:
    """List the used entries of a table; of long entries only footers are read, unless their format is unknown.

    `name` ends in "<format>.ithmb"; `stream` is seekable and has `size` bytes; `known` maps the UUID of each live
    row to its ZTHUMBNAILINDEX, and is None (not empty) when the library could not be read. Never raises for what
    is in the file: a table that cannot be understood comes back without layout and entries, with a gap.
    """
    assets = KnownAssets(known.items()) if isinstance(known, Mapping) else known or KnownAssets(None)
    try:
        trial = examine(name, stream, size, assets)
    except OSError as error:
        trial = unreadable(GapSubject.THUMBNAIL_TABLE, name, refused(error), *HIDES)
    except UnreadableFileError as error:
        trial = damaged_table(name, GapReason.TABLE_UNREADABLE, str(error))
    if isinstance(trial, Gap):
        return ThumbnailTable(name, None, 0, Agreement(0, 0, 0), _NO_ENTRIES, (trial,))
    states = list(assets.states(trial.footers))
    agreement = _agreement(states)
    if not agreement.enough:
        gap = damaged_table(name, GapReason.TABLE_DISAGREES, agreement.agreeing, agreement.checked)
        return ThumbnailTable(name, None, trial.slots, agreement, _NO_ENTRIES, (gap,))
    entries = Entries(trial.footers, states, trial.layout.entry_length)
    return ThumbnailTable(name, trial.layout, trial.slots, agreement, entries, _gaps(name, size, trial))


def _agreement(states: list[EntryState]) -> Agreement:
    count = Counter(states)
    agreeing = count[EntryState.AGREES]
    checked = agreeing + count[EntryState.DISAGREES]
    return Agreement(checked + count[EntryState.STALE] + count[EntryState.UNPLACED], checked, agreeing)


def _gaps(name: str, size: int, trial: Trial) -> tuple[Gap, ...]:
    expected = size // trial.layout.entry_length
    gaps = []
    if trial.damaged:
        gaps.append(damaged_table(name, GapReason.TABLE_SIZES_IMPOSSIBLE, trial.damaged))
    if trial.slots < min(expected, limits.THUMBNAIL_ENTRIES):
        gaps.append(damaged_table(name, GapReason.TABLE_ENDS_EARLY, trial.slots, expected))
    elif trial.slots < expected:
        gaps.append(damaged_table(name, GapReason.TABLE_LIMITED, trial.slots, expected))
    elif trial.trailing > PADDING_BYTES:
        gaps.append(damaged_table(name, GapReason.TABLE_ENTRY_CUT, trial.trailing))
    if trial.layout.encoding is Encoding.UNKNOWN and trial.footers:
        gaps.append(damaged_table(name, GapReason.TABLE_ENCODING_UNKNOWN))
    return tuple(gaps)


def decode_entry(table: ThumbnailTable, entry: ThumbnailEntry, stream: BinaryIO) -> Image.Image:
    """The picture of an entry, upright, RGB or RGBA, ready to be saved as PNG; never the original photo.

    It has `entry.width` x `entry.height` pixels, or fills the frame where the format is cropped and uncompressed.
    Raises MissingExtraError when the decoder package is not installed, and UnreadableFileError when the entry is
    cut off or its encoding is unknown.
    """
    layout = table.layout
    if layout is None or layout.encoding is Encoding.UNKNOWN:
        raise UnreadableFileError(
            f"The pixel encoding of {table.name} is unknown.", "Its entries are listed without pictures."
        )
    stream.seek(entry.offset)
    if layout.encoding in (Encoding.ASTC, Encoding.BC7):
        data = stream.read(block_bytes(entry.width, entry.height))
        return pixels.blocks(layout.encoding, data, entry.width, entry.height)
    data = stream.read(row_bytes(layout.side, layout.encoding) * layout.side)
    square = pixels.frame(layout.encoding, data, layout.side)
    return square if layout.cropped else pixels.letterboxed(square, entry.width, entry.height)


def read_configuration(data: bytes) -> ThumbnailConfiguration:
    """Parse thumbnailConfiguration; raises UnreadableArchiveError when it is no plist with a dictionary on top."""
    plist = load_dictionary(data, what="thumbnailConfiguration", limit=limits.THUMBNAIL_CONFIGURATION_BYTES)
    listed = plist.get("PLThumbnailManagerThumbnailFormatsKey")
    numbers = listed[: limits.THUMBNAIL_CONFIGURATION_FORMATS] if isinstance(listed, list) else []
    return ThumbnailConfiguration(
        version=_number(plist.get("PLThumbnailManagerVersionKey")),
        master_format=_number(plist.get("PLThumbnailManagerThumbnailFormatKey")),
        formats=tuple(number for number in map(_number, numbers) if number is not None),
        rebuilding=plist.get("PLThumbnailManagerRebuildingTablesOnly") is True,
    )


def _number(value: object) -> int | None:
    return whole_number(value) if not isinstance(value, bool) else None
