"""Tells whether a database file can hold deleted rows at all, or is a compacted copy that holds live rows only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recovery.formats.sqlite.carving import log_of
from recovery.formats.sqlite.pages import TABLE_LEAF, PageStore, slack_of
from recovery.formats.sqlite.record_format import decode, read_serials, read_varint, size_of
from recovery.formats.sqlite.regions import pages_of, table_leaf_cells

_SCHEMA_COLUMNS = 5  # type, name, tbl_name, rootpage, sql


@dataclass(frozen=True, slots=True)
class CopyState:
    """What the pages of a database file say about how it was copied; `explanation` says it in plain words.

    `compacted` is None when the list of tables cannot be read.
    """

    compacted: bool | None
    freelist_pages: int
    wal_frames: int
    reserved_bytes: int
    page_size: int
    auto_vacuum: bool
    explanation: str


def inspect_copy(path: Path, wal: Path | None = None) -> CopyState:
    """Look at a database file and the write-ahead log beside it; raises UnreadableDatabaseError for another file.

    iOS 18 and later compact databases while backing them up (`VACUUM INTO`); since which version is not
    known, so the file is asked: no free page, no log, root pages in the order a rebuild gives them (tables, then
    indexes), and table pages without holes or leftovers [deleted-assets 1.2].
    """
    with PageStore(path, wal or log_of(path)) as store:
        roots = _root_pages(store)
        frames, free = len(store.frames), len(store.trunks) + len(store.free_leaves)
        if not roots and frames == 0:
            compacted: bool | None = None
        else:
            compacted = not (frames or free or store.free_count) and _in_rebuilt_order(roots) and not _has_slack(store)
        geometry = store.geometry
        return CopyState(
            compacted,
            free,
            frames,
            geometry.reserved,
            geometry.page_size,
            geometry.auto_vacuum,
            _explain(compacted, free, frames),
        )


def _explain(compacted: bool | None, free: int, frames: int) -> str:
    if compacted is None:
        return "The list of tables cannot be read, so it is not known whether this copy can hold deleted rows."
    if compacted:
        return (
            "This copy was compacted when it was made (or nothing was ever deleted from it): "
            "it holds live rows only, and nobody can carve deleted rows from it."
        )
    found = [f"{free} free pages"] if free else []
    found += [f"{frames} pages in the write-ahead log"] if frames else []
    places = " and ".join(found) or "holes in pages in use"
    return f"This copy was not compacted: it has {places}, in which deleted rows may be left."


def _root_pages(store: PageStore) -> list[tuple[bool, int]]:
    """(is a table, root page) of everything stored, in the order of the schema table."""
    found: list[tuple[int, bool, int]] = []
    for number in sorted(pages_of(store, frozenset((1,)))):
        image = store.final(number)
        if image is None:
            continue
        for at in table_leaf_cells(image, store.geometry):
            entry = _schema_entry(image.data, at, store.geometry.usable)
            if entry is not None:
                found.append(entry)
    return [(is_table, root) for _, is_table, root in sorted(found)]


def _schema_entry(data: bytes, at: int, usable: int) -> tuple[int, bool, int] | None:
    """(rowid, is a table, root page); None for views, triggers and damage. The statement is not read."""
    _, at = read_varint(data, at, usable)
    rowid, at = read_varint(data, at, usable)
    length, after = read_varint(data, at, usable)
    read = read_serials(data, after, usable, _SCHEMA_COLUMNS)
    if read is None or len(read[0]) < _SCHEMA_COLUMNS or length < _SCHEMA_COLUMNS or at + length > usable:
        return None
    kind, name, table, root, sql = read[0]
    start = at + length + size_of(kind) + size_of(name) + size_of(table)
    try:
        page = decode(root, data[start : start + size_of(root)], "utf-8")
    except (ValueError, IndexError):
        return None
    if not isinstance(page, int) or page <= 1:
        return None
    # The index a PRIMARY KEY or UNIQUE makes has no statement of its own: it is created with its table.
    is_table = data[at + length : at + length + size_of(kind)] == b"table" or sql == 0
    return rowid, is_table, page


def _in_rebuilt_order(roots: list[tuple[bool, int]]) -> bool:
    kinds = [is_table for is_table, _ in roots]
    pages = [page for _, page in roots]
    return kinds == sorted(kinds, reverse=True) and pages == sorted(pages)


def _has_slack(store: PageStore) -> bool:
    """Whether a table leaf page has a hole or leftovers between pointers and cells; a rebuild leaves none.

    The pages of the schema table do not count: creating a table writes its row twice.
    """
    schema = pages_of(store, frozenset((1,)))
    for image in store.finals():
        if image.data[0] != TABLE_LEAF or image.number in schema or store.geometry.is_bookkeeping(image.number):
            continue
        slack = slack_of(image, store.geometry)
        if slack is not None and (slack.freeblocks or image.data[slice(*slack.gap)].strip(b"\0")):
            return True
    return False
