"""Decodes SQLite records and knows what the record of a given table looks like, byte for byte.

A record is a list of serial types (one per column, saying type and length) followed by the values. For a table
with many columns that list is so particular that it is recognised anywhere, even when the cell header is lost.
"""

from __future__ import annotations

import itertools
import math
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from recovery.database import Database, quoted

Value = int | float | str | bytes | None
# Length in bytes of the values of serial types 0 to 9; 10 and 11 are never written.
_SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
# SQLite always picks the shortest form, so a value that fits the next shorter one was not written by it.
_FITS_SHORTER = {2: 1 << 7, 3: 1 << 15, 4: 1 << 23, 5: 1 << 31, 6: 1 << 47}
# Columns the search pattern covers; the others are checked once the pattern fits.
_PATTERN_COLUMNS = 24
# Bits of evidence from which the serial types alone identify a table.
_STRONG_BITS = 64.0


class StorageClass(Enum):
    """What a column can hold: pattern of its serial type, types allowed below 12, and the bits a match is worth.

    Integral reals are stored as integers, so number columns allow both [deleted-assets 3.3].
    """

    ROWID = rb"\x00", frozenset({0}), 8.0
    INTEGER = rb"[\x00-\x06\x08\x09]", frozenset({0, 1, 2, 3, 4, 5, 6, 8, 9}), 4.8
    NUMBER = rb"[\x00-\x09]", frozenset(range(10)), 4.7
    TEXT = rb"(?:[\x00\x0d%(odd)s]|[\x81-\xff][\x80-\xff]?[\x01-\x0d%(odd)s])", frozenset({0}), 1.5
    ANY = rb"(?:[\x00-\x09\x0c-\x7f]|[\x81-\xff][\x80-\xff]?[\x00-\x7f])", frozenset(range(10)), 0.2

    def __init__(self, pattern: bytes, small: frozenset[int], bits: float) -> None:
        odd = b"".join(b"\\x%02x" % number for number in range(0x0F, 0x80, 2))
        self.pattern = pattern.replace(b"%(odd)s", odd)
        self.small = small
        self.bits = bits

    def allows(self, serial: int) -> bool:
        """Whether a column of this kind can have this serial type."""
        if serial < 12:
            return serial in self.small
        return self is StorageClass.ANY or (self is StorageClass.TEXT and serial % 2 == 1)


@dataclass(frozen=True, slots=True)
class RecordColumn:
    """One stored column; `required` is NOT NULL, `exact` the only serial type it can have, if there is one."""

    name: str
    kind: StorageClass
    required: bool = False
    exact: int | None = None

    def allows(self, serial: int) -> bool:
        """Whether a value of this column can have this serial type."""
        if self.exact is not None:
            return serial == self.exact
        return self.kind.allows(serial) and not (self.required and serial == 0)

    @property
    def pattern(self) -> bytes:
        """A regular expression for the serial type."""
        if self.exact is not None:
            return re.escape(bytes((self.exact,)))
        return rb"(?!\x00)" + self.kind.pattern if self.required else self.kind.pattern


@dataclass(frozen=True)
class RecordTemplate:
    """What a record of one table looks like.

    `key` names the column that identifies a row for good, `version` one that grows with every change of a row;
    both are optional. `rules` are patterns whole values of text columns must match. `least` is the number of
    columns the shortest record has (0 means all): rows older than a column that was added end before it.
    """

    table: str
    columns: tuple[RecordColumn, ...]
    key: str | None = None
    version: str | None = None
    rules: tuple[tuple[str, re.Pattern[str]], ...] = ()
    least: int = 0

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names in stored order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def core(self) -> int:
        """The number of columns the search pattern covers."""
        return min(self.shortest, _PATTERN_COLUMNS)

    @cached_property
    def shortest(self) -> int:
        """The least number of columns a record has."""
        return self.least or len(self.columns)

    @cached_property
    def strong(self) -> bool:
        """Whether the serial types alone identify a row, without the cell header before them."""
        return sum(column.kind.bits for column in self.columns) >= _STRONG_BITS

    @cached_property
    def whole(self) -> re.Pattern[bytes]:
        """Finds the serial types of a record, overlapping ones included."""
        return _pattern(self.columns[: self.core], len(self.columns))

    @cached_property
    def headless(self) -> re.Pattern[bytes]:
        """Finds the serial types when that of the first column is lost."""
        return _pattern(self.columns[1 : self.core], len(self.columns) - 1)

    @cached_property
    def entire(self) -> re.Pattern[bytes]:
        """Matches the serial types of all columns."""
        return re.compile(b"".join(column.pattern for column in self.columns), re.DOTALL)

    def fits(self, serials: Iterable[int], first: int = 0) -> bool:
        """Whether serial types are possible for this table, from column `first` on."""
        return all(column.allows(serial) for column, serial in zip(self.columns[first:], serials, strict=False))


def _pattern(columns: tuple[RecordColumn, ...], total: int) -> re.Pattern[bytes]:
    # What is consumed hides overlapping candidates: only the fixed bytes in front, which are fast to find, are.
    fixed = tuple(itertools.takewhile(lambda column: column.exact is not None, columns))
    start, rest = (b"".join(column.pattern for column in part) for part in (fixed, columns[len(fixed) :]))
    # A row of nothing but NULL says nothing, and a run of zeros would be full of such rows.
    zeros = not any(column.exact for column in fixed)
    nothing = rb"(?!\x00{%d})" % (total - len(fixed)) if zeros else b""
    return re.compile(start + nothing + b"(?=" + rest + b")", re.DOTALL)


def kind_of(declared: str) -> StorageClass:
    """The kind of a column by SQLite's rules for declared types; Core Data's TIMESTAMP is a number."""
    name = declared.upper()
    if "INT" in name:
        return StorageClass.INTEGER
    if any(part in name for part in ("CHAR", "CLOB", "TEXT")):
        return StorageClass.TEXT
    if any(part in name for part in ("REAL", "FLOA", "DOUB")) or name == "TIMESTAMP":
        return StorageClass.NUMBER
    return StorageClass.ANY


def columns_of(database: Database, table: str) -> tuple[RecordColumn, ...]:
    """The stored columns of a table as the database declares them; empty when there is no such table."""
    if table not in database.tables:
        return ()
    rows = list(database.rows(f"PRAGMA table_xinfo({quoted(table)})"))
    keys = [row for row in rows if row["pk"]]
    alias = keys[0]["name"] if len(keys) == 1 and str(keys[0]["type"]).upper() == "INTEGER" else None
    return tuple(
        RecordColumn(str(row["name"]), StorageClass.ROWID, exact=0)
        if row["name"] == alias
        else RecordColumn(str(row["name"]), kind_of(str(row["type"])), bool(row["notnull"]))
        for row in rows
        if row["hidden"] != 2  # a virtual generated column is not stored
    )


def read_varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A variable-length integer and the offset after it; (-1, end) when it is cut off."""
    value = 0
    for index in range(at, min(at + 9, end)):
        byte = data[index]
        if index == at + 8:
            value = value << 8 | byte
            return value - (1 << 64) if value >> 63 else value, index + 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, index + 1
    return -1, end


def write_varint(value: int) -> bytes:
    """The shortest form of a number below 2**56."""
    out = bytes((value & 0x7F,))
    while value := value >> 7:
        out = bytes((value & 0x7F | 0x80,)) + out
    return out


def size_of(serial: int) -> int:
    """Length in bytes of a value."""
    return _SIZES[serial] if serial < 10 else (serial - 12) // 2


@dataclass(frozen=True, slots=True)
class RecordFields:
    """The fields of one record: their serial types, and where each value starts; the last offset is the end.

    A serial type of -1 is lost.
    """

    serials: tuple[int, ...]
    offsets: tuple[int, ...]

    @property
    def size(self) -> int:
        """Length in bytes of all values."""
        return self.offsets[-1]


def fields_of(serials: tuple[int, ...]) -> RecordFields:
    """The fields that a list of serial types describes."""
    return RecordFields(serials, tuple(itertools.accumulate(map(size_of, serials), initial=0)))


def read_serials(data: bytes, at: int, end: int, count: int) -> tuple[tuple[int, ...], int] | None:
    """Up to `count` serial types and the offset after them; None when one is cut off or impossible."""
    serials: list[int] = []
    while at < end and len(serials) < count:
        serial = data[at]
        if serial < 0x80:
            at += 1
        else:
            serial, at = read_varint(data, at, end)
        if serial < 0 or serial in (10, 11):
            return None
        serials.append(serial)
    return tuple(serials), at


def decode(serial: int, raw: bytes, encoding: str) -> Value:
    """One value; raises ValueError for bytes that SQLite would not have written for it."""
    if serial in _INTEGER_BYTES:
        value = int.from_bytes(raw, "big", signed=True)
        shorter = _FITS_SHORTER.get(serial, 0)
        if -shorter <= value < shorter:
            raise ValueError("not the shortest form")
        return value
    if serial == 7:
        if len(raw) != 8:
            raise ValueError("cut off")
        number: float = struct.unpack(">d", raw)[0]
        if math.isnan(number):
            raise ValueError("not a number")
        return number
    if serial < 10:
        return None if serial == 0 else serial - 8
    if serial % 2 == 0:
        return raw
    return raw.decode(encoding)  # UnicodeDecodeError is a ValueError
