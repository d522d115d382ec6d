"""Recognises the cells of one table in a region of bytes, whole or with their first bytes or their end lost."""

from __future__ import annotations

from hashlib import blake2b

from recovery import limits
from recovery.formats.sqlite.pages import PageStore
from recovery.formats.sqlite.record_candidates import Cell, FoundRecord, Live, Taken
from recovery.formats.sqlite.record_format import (
    RecordFields,
    RecordTemplate,
    StorageClass,
    Value,
    decode,
    fields_of,
    read_serials,
    read_varint,
    write_varint,
)
from recovery.formats.sqlite.regions import Region

# Deleting a cell writes the offset of the next freeblock and the size of this one over its first bytes.
_FREEBLOCK_HEADER = 4
# Headers whose serial types are kept decoded; about 300 bytes each.
_REMEMBERED_HEADERS = 50_000
# How many cheap candidates one costs that has to be decoded without a header to check it by.
_COSTLY = 20
# A value whose serial type is lost: the one an integer of that many bytes must have had.
_INTEGER_OF_SIZE = {1: 1, 2: 2, 3: 3, 4: 4, 6: 5, 8: 6}


class CellParser:
    """Finds the cells of one table; `spent` counts candidates looked at, against limits.RESIDUE_CANDIDATES."""

    def __init__(self, store: PageStore, shape: RecordTemplate, live: Live) -> None:
        self.store = store
        self.shape = shape
        self.live = live
        self.spent = 0
        self._headers: dict[bytes, RecordFields | None] = {}
        self._seen: set[bytes] = set()
        self._key = shape.names.index(shape.key) if shape.key in shape.names else None
        self._rules = {shape.names.index(name): rule for name, rule in shape.rules if name in shape.names}

    @property
    def exhausted(self) -> bool:
        """Whether the file held more look-alikes than any real one does."""
        return self.spent >= limits.RESIDUE_CANDIDATES

    def find(self, region: Region) -> list[FoundRecord]:
        """All cells of the table in a region whose key or rowid does not live.

        Cells with a whole header prove themselves. The others must be of an unmistakable table, or end exactly
        where the region ends or another cell starts, as cells on a page do, and begin with a freeblock header.
        """
        cells = self._candidates(region)
        taken = Taken(region.end)
        for cell in reversed(cells):
            if cell.intact:
                self._take(cell, region, taken)
        suspects: list[tuple[int, Cell | None]] = [(cell.start, cell) for cell in cells if not cell.intact]
        suspects.extend((position, None) for position in self._headless_positions(region))
        for position, suspect in sorted(suspects, key=lambda pair: pair[0], reverse=True):
            cell_or_none = suspect or self._headless(position, region, taken)
            if cell_or_none is not None and (self.shape.strong or self._fits_in(cell_or_none, region, taken)):
                self._take(cell_or_none, region, taken)
        for cell in cells:
            # What is left: the start of a hole whose end a newer cell took.
            if not (cell.intact or self.shape.strong) and cell.end > region.end and region.start in cell.starts:
                self._take(cell, region, taken)
        return taken.found

    # --- where a cell may be ---------------------------------------------------------------------------------

    def _candidates(self, region: Region) -> list[Cell]:
        cells = []
        for match in self.shape.whole.finditer(region.image.data, region.start, region.end):
            self.spent += 1
            if self.exhausted:
                break
            cell = self._with_length(region, match.start()) or self._without_length(region, match.start())
            if cell is not None and cell.payload <= limits.DATABASE_CELL_BYTES:
                cells.append(cell)
        return cells

    def _with_length(self, region: Region, at: int) -> Cell | None:
        """The cell whose serial types start at `at`, when the header length before them is right."""
        data = region.image.data
        for width in (1, 2):
            if at - width < region.start:
                return None
            length, after = read_varint(data, at - width, at)
            values = at - width + length
            if after != at or length < width + self.shape.shortest or values > region.end:
                continue
            fields = self._fields(data[at:values])
            if fields is None:
                continue
            cell = self._cell(at - width, fields, values, length)
            before = write_varint(cell.payload)
            for start in self._starts(region, at - width, len(before)):
                rowid, after = read_varint(data, start + len(before), at - width)
                if after == at - width and data.startswith(before, start):
                    return self._cell(start, fields, values, length, (start,), rowid, True)
            return self._cell(at - width, fields, values, length, self._starts(region, at - width, len(before)))
        return None

    def _fields(self, header: bytes) -> RecordFields | None:
        """The fields a whole header describes; None when it is none of this table. The same headers come again."""
        if header not in self._headers:
            read = read_serials(header, 0, len(header), len(self.shape.columns))
            fits = read is not None and read[1] == len(header) and len(read[0]) >= self.shape.shortest
            if len(self._headers) >= _REMEMBERED_HEADERS:
                self._headers.clear()
            fits = fits and read is not None and self.shape.fits(read[0])
            self._headers[header] = fields_of(read[0]) if read is not None and fits else None
        return self._headers[header]

    def _without_length(self, region: Region, at: int) -> Cell | None:
        """The cell whose serial types start at `at`, when nothing before them is left; it has all columns."""
        if not self.shape.entire.match(region.image.data, at, region.end):
            return None
        self.spent += _COSTLY
        read = read_serials(region.image.data, at, region.end, len(self.shape.columns))
        if read is None or not self.shape.fits(read[0]):
            return None
        fields, values = fields_of(read[0]), read[1]
        width = 1 if values - at < 0x7F else 2
        header = width + values - at
        lost = width + len(write_varint(header + fields.size))
        return self._cell(at, fields, values, header, self._starts(region, at, lost))

    @staticmethod
    def _starts(region: Region, at: int, lost: int) -> tuple[int, ...]:
        """Where a cell may begin when `lost` bytes and a rowid (1 to 9 bytes) lie before `at`, nearest first."""
        return tuple(at - lost - width for width in range(1, 10) if at - lost - width >= region.start)

    def _cell(
        self,
        start: int,
        fields: RecordFields,
        values: int,
        header: int,
        starts: tuple[int, ...] = (),
        rowid: int | None = None,
        intact: bool = False,
    ) -> Cell:
        payload = header + fields.size
        local = self.store.geometry.local(payload)
        return Cell(start, starts, fields, values, local - header, payload, payload - local, rowid, intact)

    # --- cells whose header is not whole ---------------------------------------------------------------------

    def _fits_in(self, cell: Cell, region: Region, taken: Taken) -> bool:
        """Whether a cell lies where a deleted one can lie, by its end and by what is over its start."""
        return taken.anchor(cell.end) == cell.end and any(self._freed(start, cell.end, region) for start in cell.starts)

    def _freed(self, start: int, end: int, region: Region) -> bool:
        """Whether a freeblock header lies over the start of a cell; merged blocks are larger than the cell."""
        size = int.from_bytes(region.image.data[start + 2 : start + 4], "big")
        return end - start <= size <= self.store.geometry.usable - start

    def _headless_positions(self, region: Region) -> list[int]:
        """Where a second serial type may be whose first is under a freeblock header.

        That takes a row so short that payload length, rowid and header length have one byte each.
        """
        positions: list[int] = []
        if self.shape.strong or len(self.shape.columns) < 2:
            return positions
        for match in self.shape.headless.finditer(region.image.data, region.start, region.end):
            self.spent += 1
            if self.exhausted:
                break
            if match.start() - _FREEBLOCK_HEADER >= region.start:
                positions.append(match.start())
        return positions

    def _headless(self, position: int, region: Region, taken: Taken) -> Cell | None:
        """The cell whose second serial type is at `position`; its end tells the size of the first value."""
        columns = len(self.shape.columns) - 1
        read = read_serials(region.image.data, position, region.end, columns)
        if read is None or len(read[0]) < columns or not self.shape.fits(read[0], first=1):
            return None
        rest, values = fields_of(read[0]), read[1]
        end = taken.anchor(values + rest.size)
        if end is None:
            return None
        first = end - values - rest.size
        start = position - _FREEBLOCK_HEADER
        payload = 2 + end - position
        kind = self.shape.columns[0].kind
        possible = (
            first == 0 or kind is StorageClass.TEXT or (kind is not StorageClass.ROWID and first in _INTEGER_OF_SIZE)
        )
        if payload >= 0x80 or not possible:
            return None
        offsets = (0, *(offset + first for offset in rest.offsets))
        fields = RecordFields((self._first_serial(first), *rest.serials), offsets)
        return Cell(start, (start,), fields, values, fields.size, payload, 0)

    # --- values ----------------------------------------------------------------------------------------------

    def _take(self, cell: Cell, region: Region, taken: Taken) -> None:
        limit = taken.limit(cell)
        if cell.values > limit:
            return
        if self._lives(cell, region.image.data, limit):
            taken.cover(cell, limit)
            return
        # A log repeats whole pages for one changed row: every other cell has been judged before.
        digest = blake2b(region.image.data[cell.start : cell.end], digest_size=16).digest()
        repeated = cell.intact and not cell.spilled and cell.end <= limit
        if repeated and digest in self._seen:
            taken.cover(cell, limit)
            return
        found = self._decoded(cell, region.image.data, limit)
        if found is not None:
            taken.cover(cell, limit)
            taken.found.append(found)
            if repeated:
                self._seen.add(digest)

    def _lives(self, cell: Cell, data: bytes, limit: int) -> bool:
        """Whether a cell is a row that lives, judged by rowid and key alone: most cells of a log do."""
        if cell.rowid is not None and self.live.rowids is not None and cell.rowid in self.live.rowids:
            return True
        if self._key is None or self._key >= len(cell.fields.serials):
            return False
        start, end = (cell.values + offset for offset in cell.fields.offsets[self._key : self._key + 2])
        if end > min(limit, cell.values + cell.stored):
            # Without its key a row cannot be told from an older version of a living one, unless its rowid can.
            return not cell.spilled and (cell.rowid is None or self.live.rowids is None)
        try:
            key = decode(cell.fields.serials[self._key], data[start:end], self.store.geometry.encoding)
        except ValueError:
            return False
        return key in self.live.keys

    def _decoded(self, cell: Cell, data: bytes, limit: int) -> FoundRecord | None:
        """The values of a cell; None when one of them is none that SQLite writes or that the table can hold."""
        raw = data[cell.values : min(limit, cell.values + cell.stored)]
        if cell.spilled and cell.end <= limit and not self.exhausted:
            self.spent += cell.spilled // self.store.geometry.usable  # a chain may lead in circles
            first_page = int.from_bytes(data[cell.end - 4 : cell.end], "big")
            raw += self.store.overflow(first_page, cell.spilled) or b""
        values: dict[int, Value] = {}
        offsets, encoding = cell.fields.offsets, self.store.geometry.encoding
        try:
            for index, serial in enumerate(cell.fields.serials):
                start, end = offsets[index], offsets[index + 1]
                if serial >= 0 and (end <= len(raw) or start == end):
                    values[index] = decode(serial, raw[start:end], encoding)
        except ValueError:
            return None
        complete = len(values) == len(cell.fields.serials)
        return FoundRecord(cell, values, complete) if self._sensible(cell, values) else None

    def _first_serial(self, size: int) -> int:
        """The serial type a first value of that size must have had; -1 when that cannot be told."""
        kind = self.shape.columns[0].kind
        if kind is StorageClass.ROWID:
            return 0
        if kind is StorageClass.TEXT:
            return 13 + 2 * size
        if kind is StorageClass.NUMBER and size == 8:
            return 7
        return _INTEGER_OF_SIZE.get(size, -1) if kind in (StorageClass.INTEGER, StorageClass.NUMBER) else -1

    def _sensible(self, cell: Cell, values: dict[int, Value]) -> bool:
        """Whether the values obey the rules of the table, and look like values where the header is no proof."""
        for index, rule in self._rules.items():
            value = values.get(index)
            if index in values and not (isinstance(value, str) and rule.fullmatch(value)):
                return False
        texts = [value for value in values.values() if isinstance(value, str)]
        if not cell.intact and any(map(_has_controls, texts)):
            return False
        return any(value is not None for value in values.values())


def _has_controls(text: str) -> bool:
    return any(character < " " and character not in "\t\r\n" for character in text)
