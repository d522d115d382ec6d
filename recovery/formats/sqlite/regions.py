"""Lists every stretch of bytes in which a deleted row can lie, and says what kind of place it is."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from recovery import limits
from recovery.formats.sqlite.pages import HEADER_BYTES, TABLE_LEAF, Geometry, Image, PageStore, slack_of


class Origin(StrEnum):
    """The kind of place a row was found in, best preserved first."""

    WAL_FRAME = "wal_frame"
    """A page image in the write-ahead log that a later one replaced, or that was never committed."""
    SUPERSEDED_PAGE = "superseded_page"
    """A page of the main file that the write-ahead log replaced or cut off."""
    FREELIST_PAGE = "freelist_page"
    """A page the database gave back and has not used again."""
    PAGE_GAP = "page_gap"
    """The space between the cell pointers and the cells of a page in use."""
    FREEBLOCK = "freeblock"
    """A hole that a deleted cell left in a page in use; its first four bytes are overwritten."""


@dataclass(frozen=True, slots=True)
class Region:
    """Bytes `start` to `end` of a page image; rows may reach up to `end` exactly, never beyond."""

    image: Image
    start: int
    end: int
    origin: Origin


def regions(store: PageStore, least: int) -> Iterator[Region]:
    """Every region of at least `least` bytes that is not all zeros.

    Pages in use that are no sound b-tree pages (overflow pages, damage) are left out: what lives there cannot
    be told from what was deleted.
    """
    for image in store.superseded():
        if not store.geometry.is_bookkeeping(image.number):
            origin = Origin.SUPERSEDED_PAGE if image.frame is None else Origin.WAL_FRAME
            yield from _kept(_dead(image, store.geometry, origin), least)
    for image in store.finals():
        if not store.geometry.is_bookkeeping(image.number):
            yield from _kept(_current(image, store), least)


def _kept(found: Iterator[Region], least: int) -> Iterator[Region]:
    for region in found:
        if region.end - region.start >= least and region.image.data[region.start : region.end].strip(b"\0"):
            yield region


def _current(image: Image, store: PageStore) -> Iterator[Region]:
    if image.number in store.trunks:
        start = 8 + 4 * store.trunks[image.number]
        yield Region(image, start, store.geometry.usable, Origin.FREELIST_PAGE)
    elif image.number in store.free_leaves:
        yield from _dead(image, store.geometry, Origin.FREELIST_PAGE)
    else:
        slack = slack_of(image, store.geometry)
        if slack is not None:
            yield Region(image, *slack.gap, Origin.PAGE_GAP)
            for start, end in slack.freeblocks:
                yield Region(image, start, end, Origin.FREEBLOCK)


def _dead(image: Image, geometry: Geometry, origin: Origin) -> Iterator[Region]:
    """All of a page whose own cells no longer count either."""
    slack = slack_of(image, geometry)
    if slack is None:
        yield Region(image, 0, geometry.usable, origin)
        return
    for start, end in (slack.gap, *slack.freeblocks, *slack.used):
        yield Region(image, start, end, origin)


def pages_of(store: PageStore, roots: frozenset[int]) -> frozenset[int]:
    """The numbers of all pages in the table b-trees that start at these root pages."""
    found: set[int] = set()
    waiting = list(roots)
    while waiting and len(found) < limits.RESIDUE_TREE_PAGES:
        number = waiting.pop()
        image = store.final(number)
        if number in found or image is None:
            continue
        found.add(number)
        start = 100 if number == 1 else 0
        if image.data[start] == 0x05:
            waiting.extend(_children(image, start, store.geometry))
    return frozenset(found)


def _children(image: Image, start: int, geometry: Geometry) -> list[int]:
    data = image.data
    cells = int.from_bytes(data[start + 3 : start + 5], "big")
    pointers = start + HEADER_BYTES[0x05]
    cells = min(cells, (geometry.usable - pointers) // 2)
    offsets = struct.unpack_from(f">{cells}H", data, pointers)
    children = [int.from_bytes(data[at : at + 4], "big") for at in offsets if at + 4 <= geometry.usable]
    return [*children, int.from_bytes(data[start + 8 : start + 12], "big")]


def table_leaf_cells(image: Image, geometry: Geometry) -> list[int]:
    """Offsets of the cells of a table leaf page; empty for any other page."""
    start = 100 if image.number == 1 else 0
    if image.data[start] != TABLE_LEAF or slack_of(image, geometry) is None:
        return []
    cells = int.from_bytes(image.data[start + 3 : start + 5], "big")
    return list(struct.unpack_from(f">{cells}H", image.data, start + HEADER_BYTES[TABLE_LEAF]))
