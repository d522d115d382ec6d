"""What a candidate cell is, which rows live, and which candidates of a region have been accepted."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass

from recovery.formats.sqlite.record_format import RecordFields, Value


@dataclass(frozen=True, slots=True)
class Live:
    """What the table holds today, so that no living row, nor an older version of one, is taken for a deleted one.

    `keys` are values of the shape's key column; `rowids` are given where rowids are never reused (as Core Data's
    Z_PK); `rows` are whole rows, for tables that have no key.
    """

    keys: frozenset[Value] = frozenset()
    rowids: frozenset[int] | None = None
    rows: frozenset[tuple[Value, ...]] = frozenset()


@dataclass(frozen=True, slots=True)
class Cell:
    """A candidate: its fields, and where its parts are.

    `start` is its first byte that is surely its own, `starts` where it may have begun before bytes were lost;
    `stored` bytes of its values are on this page, `spilled` on overflow pages.
    """

    start: int
    starts: tuple[int, ...]
    fields: RecordFields
    values: int
    stored: int
    payload: int
    spilled: int
    rowid: int | None = None
    intact: bool = False

    @property
    def end(self) -> int:
        """The byte after the cell: its values on this page, and the overflow page number when there is one."""
        return self.values + self.stored + (4 if self.spilled else 0)


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """An accepted cell with its values by column position; a lost value is not in it."""

    cell: Cell
    values: dict[int, Value]
    complete: bool


class Taken:
    """The accepted cells of a region and the offsets at which a cell can end."""

    def __init__(self, end: int) -> None:
        self.found: list[FoundRecord] = []
        self.anchors = [end]
        self._spans: list[tuple[int, int]] = []

    def limit(self, cell: Cell) -> int:
        """Where the bytes of a cell end at the latest; 0 when it starts inside an accepted one."""
        index = bisect_right(self._spans, (cell.start, 1 << 62))
        if index and self._spans[index - 1][1] > cell.start:
            return 0
        return self._spans[index][0] if index < len(self._spans) else self.anchors[-1]

    def cover(self, cell: Cell, limit: int) -> None:
        """Accept where a cell lies."""
        insort(self._spans, (cell.start, min(cell.end, limit)))
        for start in cell.starts:
            insort(self.anchors, start)

    def anchor(self, at: int) -> int | None:
        """The nearest possible end at or after an offset."""
        index = bisect_left(self.anchors, at)
        return self.anchors[index] if index < len(self.anchors) else None
