"""Pages, records and holes, each byte of them written by hand."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.database import Database
from recovery.errors import UnreadableDatabaseError
from recovery.formats.sqlite import (
    Live,
    Origin,
    RecordColumn,
    RecordTemplate,
    StorageClass,
    carve_table,
    inspect_copy,
)
from recovery.formats.sqlite.pages import Geometry, PageStore
from recovery.formats.sqlite.record_format import columns_of, decode, fields_of, kind_of, read_varint, write_varint

SHAPE = RecordTemplate("notes", (RecordColumn("number", StorageClass.INTEGER), RecordColumn("text", StorageClass.TEXT)))
PAGE = 512

# payload 7, rowid 1, header 3: an 8-bit integer (1) and a text of 3 (13 + 2*3 = 0x13); 7, "abc"
LIVE_CELL = bytes.fromhex("07 01 03 01 13 07 616263")
# payload 8, rowid 2, header 3: an 8-bit integer and a text of 4 (0x15); 9, "wxyz"
DEAD_CELL = bytes.fromhex("08 02 03 01 15 09 7778797a")
LIVE = Live(rows=frozenset({(7, "abc")}))


def header(pages: int, *, reserved: int = 0, free: tuple[int, int] = (0, 0)) -> bytes:
    """The first 100 bytes of a database with 512-byte pages; `free` is the first trunk page and the free count."""
    return (
        b"SQLite format 3\0"
        + struct.pack(">HBBBBBB", PAGE, 1, 1, reserved, 64, 32, 32)
        + struct.pack(">IIII", 1, pages, *free)
        + struct.pack(">IIIIIIII", 1, 4, 0, 0, 1, 0, 0, 0)
    ).ljust(100, b"\0")


def first_page(pages: int, **more: object) -> bytes:
    """Page 1: the header and an empty schema table (leaf, no freeblock, no cells, content at the end)."""
    head = header(pages, **more)  # type: ignore[arg-type]
    return (head + bytes.fromhex("0d 0000 0000") + struct.pack(">HB", PAGE - head[20], 0)).ljust(PAGE, b"\0")


def leaf(cells: dict[int, bytes], *, live: list[int], freeblock: int = 0, content: int) -> bytes:
    """A table leaf page: bytes at offsets, of which some are live cells."""
    page = bytearray(PAGE)
    page[:8] = struct.pack(">BHHHB", 0x0D, freeblock, len(live), content, 0)
    for index, offset in enumerate(live):
        page[8 + 2 * index : 10 + 2 * index] = struct.pack(">H", offset)
    for offset, data in cells.items():
        page[offset : offset + len(data)] = data
    return bytes(page)


def stored(folder: Path, *pages: bytes) -> Path:
    """A database file of these pages."""
    path = folder / "notes.sqlite"
    path.write_bytes(b"".join(pages))
    return path


def test_a_freeblock_gives_its_row_back_although_the_first_serial_type_is_lost(tmp_path: Path) -> None:
    """The next pointer and the size lie over payload, rowid, header length and the first serial type."""
    freed = bytes.fromhex("0000 000a") + DEAD_CELL[4:]
    page = leaf({503: LIVE_CELL, 493: freed}, live=[503], freeblock=493, content=493)
    (row,) = carve_table(stored(tmp_path, first_page(2), page), SHAPE, LIVE)
    assert row.values == (("number", 9), ("text", "wxyz"))
    assert (row.origin, row.page, row.offset, row.rowid, row.complete) == (Origin.FREEBLOCK, 2, 493, None, True)


def test_a_gap_gives_back_a_cell_with_its_rowid(tmp_path: Path) -> None:
    """The lowest cell of a page becomes part of the gap when deleted; nothing is written over it."""
    page = leaf({503: LIVE_CELL, 493: DEAD_CELL}, live=[503], content=503)
    (row,) = carve_table(stored(tmp_path, first_page(2), page), SHAPE, LIVE)
    assert (row.values, row.rowid, row.origin) == ((("number", 9), ("text", "wxyz")), 2, Origin.PAGE_GAP)
    assert str(row.source) == "notes.sqlite page 2 offset 493 row 2"


def test_two_merged_holes_give_two_rows(tmp_path: Path) -> None:
    """Only the first of two neighbours keeps the merged size; the second has its own old freeblock header."""
    first, second = bytes.fromhex("0000 0014") + DEAD_CELL[4:], bytes.fromhex("0000 000a 15 0a 71727374")
    page = leaf({503: LIVE_CELL, 483: first, 493: second}, live=[503], freeblock=483, content=483)
    rows = carve_table(stored(tmp_path, first_page(2), page), SHAPE, LIVE)
    assert [row.values for row in rows] == [(("number", 9), ("text", "wxyz")), (("number", 10), ("text", "qrst"))]


def test_the_end_of_a_row_under_a_newer_cell_is_lost_and_said_so(tmp_path: Path) -> None:
    """A cell that was written into the gap covers the text; the number before it is still there."""
    page = leaf({503: LIVE_CELL, 495: DEAD_CELL}, live=[503], content=503)
    page = page[:503] + LIVE_CELL
    (row,) = carve_table(stored(tmp_path, first_page(2), page), SHAPE, LIVE)
    assert (row.values, row.complete) == ((("number", 9),), False)


def test_reserved_bytes_shift_the_end_of_a_page(tmp_path: Path) -> None:
    """With 12 reserved bytes the last cell ends at 500, and a freeblock may end there too."""
    freed = bytes.fromhex("0000 000a") + DEAD_CELL[4:]
    page = leaf({481: LIVE_CELL, 490: freed, 500: b"\xff" * 12}, live=[481], freeblock=490, content=481)
    path = stored(tmp_path, first_page(2, reserved=12), page)
    assert [row.get("text") for row in carve_table(path, SHAPE, LIVE)] == ["wxyz"]
    assert inspect_copy(path).reserved_bytes == 12


def test_free_pages_are_read_as_trunk_and_as_leaf(tmp_path: Path) -> None:
    """A trunk loses its first bytes to the list of free pages; a free leaf page keeps everything."""
    trunk = bytearray(leaf({502: DEAD_CELL}, live=[502], content=502))
    trunk[:12] = struct.pack(">III", 0, 1, 3)  # no further trunk, one leaf: page 3
    kept = bytes.fromhex("08 05 03 01 15 0b 66726565")
    pages = (first_page(3, free=(2, 2)), bytes(trunk), leaf({502: kept}, live=[502], content=502))
    rows = carve_table(stored(tmp_path, *pages), SHAPE, LIVE)
    assert [(row.rowid, row.get("text"), row.page) for row in rows] == [(2, "wxyz", 2), (5, "free", 3)]
    assert {row.origin for row in rows} == {Origin.FREELIST_PAGE}


def test_a_living_row_is_never_reported_from_an_old_copy_of_itself(tmp_path: Path) -> None:
    """A page split leaves copies of living cells in the gap."""
    page = leaf({503: LIVE_CELL, 480: LIVE_CELL}, live=[503], content=503)
    assert not carve_table(stored(tmp_path, first_page(2), page), SHAPE, LIVE).records


def test_a_number_in_a_longer_form_than_needed_is_no_number_of_sqlite() -> None:
    """Serial type 2 with the value 5 would have been stored in one byte."""
    assert decode(2, b"\x01\x00", "utf-8") == 256
    with pytest.raises(ValueError, match="shortest"):
        decode(2, b"\x00\x05", "utf-8")
    with pytest.raises(ValueError, match="cut off"):
        decode(7, b"", "utf-8")
    with pytest.raises(ValueError, match="number"):
        decode(7, bytes.fromhex("7ff8000000000000"), "utf-8")


@given(st.integers(0, 2**56 - 1))
def test_varints_come_back(value: int) -> None:
    """Writing and reading a varint are inverse; a cut one is told."""
    data = write_varint(value)
    assert read_varint(data, 0, len(data)) == (value, len(data))
    assert read_varint(data, 0, len(data) - 1) == (-1, len(data) - 1)


@given(
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.text(), st.binary(), st.floats(allow_nan=False)))
)
def test_values_are_cut_where_sqlite_put_them(values: list[object]) -> None:
    """Serial types as SQLite chooses them, and the value each decodes to, for rows SQLite itself stored."""
    if not values:
        return
    with closing(sqlite3.connect(":memory:")) as connection:
        names = ", ".join(f"c{index}" for index in range(len(values)))
        connection.execute(f"CREATE TABLE t ({names})")
        connection.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(values))})", values)
        image = connection.serialize()
    page_size = int.from_bytes(image[16:18], "big")
    page = image[page_size : 2 * page_size]
    at = int.from_bytes(page[8:10], "big")
    payload, at = read_varint(page, at, page_size)
    if payload > page_size - 35:
        return
    _, at = read_varint(page, at, page_size)
    length, start = read_varint(page, at, page_size)
    serials, cursor = [], start
    while cursor < at + length:
        serial, cursor = read_varint(page, cursor, page_size)
        serials.append(serial)
    fields = fields_of(tuple(serials))
    body = page[at + length : at + payload]
    read = [decode(s, body[fields.offsets[i] : fields.offsets[i + 1]], "utf-8") for i, s in enumerate(serials)]
    assert read == values


def test_pages_that_hold_no_rows_are_known_by_number() -> None:
    """Pointer maps are page 2 and every 820th after it with 4,084 usable bytes; the lock page is at 1 GiB."""
    geometry = Geometry(4096, 0, True, "utf-8")
    assert [number for number in range(1, 2000) if geometry.is_bookkeeping(number)] == [2, 822, 1642]
    reserved = Geometry(4096, 12, True, "utf-8")
    assert [number for number in range(1, 2000) if reserved.is_bookkeeping(number)] == [2, 819, 1636]
    assert geometry.is_bookkeeping(262_145)
    assert not Geometry(4096, 0, False, "utf-8").is_bookkeeping(2)


@pytest.mark.parametrize("length", [400, 478, 500, 900, 5000])
def test_rows_on_overflow_pages_come_back_while_the_pages_are_free(tmp_path: Path, length: int) -> None:
    """The chain of a deleted row is followed through the free list; the first free page becomes its trunk."""
    path = tmp_path / "long.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size = 512")
        connection.execute("PRAGMA secure_delete = OFF").fetchall()
        connection.execute("CREATE TABLE notes (number INTEGER, text TEXT)")
        connection.execute("CREATE TABLE filler (data)")
        connection.execute("INSERT INTO filler VALUES (zeroblob(3000))")
        connection.executemany("INSERT INTO notes VALUES (?, ?)", [(1000, "t" * length), (1001, "live")])
        connection.execute("DELETE FROM filler")  # its pages are the trunk, so the note keeps all of its own
        connection.execute("DELETE FROM notes WHERE number = 1000")
    (row,) = carve_table(path, SHAPE, Live(rows=frozenset({(1001, "live")})))
    assert (row.values, row.complete) == ((("number", 1000), ("text", "t" * length)), True)


def test_declared_types_follow_the_rules_of_sqlite(tmp_path: Path) -> None:
    """Core Data's types, an alias of the rowid, and columns that are not stored."""
    assert [kind_of(name) for name in ("INTEGER", "VARCHAR", "TIMESTAMP", "FLOAT", "BLOB", "")] == [
        StorageClass.INTEGER, StorageClass.TEXT, StorageClass.NUMBER, StorageClass.NUMBER,
        StorageClass.ANY, StorageClass.ANY,
    ]  # fmt: skip
    path = tmp_path / "t.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, a TEXT NOT NULL, b AS (a || a), c BLOB)")
    with Database(path, "t") as database:
        columns = columns_of(database, "t")
    assert [(column.name, column.kind, column.required) for column in columns] == [
        ("k", StorageClass.ROWID, False), ("a", StorageClass.TEXT, True), ("c", StorageClass.ANY, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data", [b"", b"SQLite format 3\0", b"x" * 4096, header(1, reserved=0)[:16] + b"\0\3" + bytes(600)]
)
def test_what_is_no_database_is_our_own_error_or_a_gap(tmp_path: Path, data: bytes) -> None:
    """Empty, cut, foreign and impossible files."""
    path = tmp_path / "bad.sqlite"
    path.write_bytes(data)
    with pytest.raises(UnreadableDatabaseError), PageStore(path):
        pass
    reading = carve_table(path, SHAPE, LIVE)
    assert (reading.records, reading.gaps[0].fault) == ((), True)


def test_a_chain_of_overflow_pages_in_a_circle_ends(tmp_path: Path) -> None:
    """A free page that names itself as the next one: the row is given as far as it is on its own page."""
    trunk = struct.pack(">III", 0, 1, 3).ljust(PAGE, b"\0")  # one free leaf: page 3
    circle = struct.pack(">I", 3) + b"c" * (PAGE - 4)
    # payload 20,000; header 5: a 16-bit integer and a text of 19,993; 39 + 39.. bytes stay here, then page 3
    types = b"\x02" + write_varint(13 + 2 * 20_000)  # a 16-bit integer and a text of 20,000
    head = bytes((1 + len(types),)) + types + b"\x03\xe8"
    payload = len(head) + 20_000
    here = Geometry(PAGE, 0, False, "utf-8").local(payload) - len(head)
    cell = write_varint(payload) + b"\x04" + head + b"c" * here + struct.pack(">I", 3)
    page = leaf({503: LIVE_CELL, 503 - len(cell): cell}, live=[503], content=503)
    (row,) = carve_table(stored(tmp_path, first_page(3, free=(2, 2)), trunk, circle, page), SHAPE, LIVE)
    assert (row.values, row.complete) == ((("number", 1000),), False)
