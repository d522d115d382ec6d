"""The assets that were found, as a sequence over the table of them in the working database."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import overload

from recovery.analysis.model import Asset, Verdict, asset_order
from recovery.case.store import WorkingDatabase
from recovery.clock import UNIX_EPOCH
from recovery.progress import SILENT, Progress, counted
from recovery.records import packed, unpacker, valid_unicode

_ASSET = unpacker(Asset)
_TOGETHER = 500  # assets that are written at once
_ORDER = "ORDER BY created, uuid, path, id"


class FoundAssets(Sequence[Asset]):
    """Assets in their order; each is made anew when it is asked for, so many take no more memory than few.

    They can be read as long as the workspace of the backup is there.
    """

    def __init__(
        self,
        store: WorkingDatabase,
        table: str,
        numbers: Sequence[int],
        change: Callable[[Asset], Asset] | None = None,
    ) -> None:
        self._store = store
        self._table = table
        self._record = f"SELECT record FROM {table} WHERE id = ?"
        self._numbers = numbers
        self._change = change
        self._made: tuple[Asset, ...] | None = None

    @classmethod
    def of(cls, assets: Iterable[Asset]) -> FoundAssets:
        """Some assets, in the order in which they are given."""
        writer = FindingWriter(WorkingDatabase())
        for asset in assets:
            writer.add(asset)
        return writer.found("ORDER BY id")

    def notable(self) -> FoundAssets:
        """Those that people come for: see `is_notable`."""
        return self._marked("notable")

    def extracted_by_default(self) -> FoundAssets:
        """Those that an extraction without filters takes: the notable ones, and those without a row in the library."""
        return self._marked("notable OR rowless")

    def _marked(self, condition: str) -> FoundAssets:
        wanted = {number for (number,) in self._store.run(f"SELECT id FROM {self._table} WHERE {condition}")}
        return self._some([number for number in self._numbers if number in wanted])

    def where(self, fits: Callable[[Asset], bool], progress: Progress = SILENT) -> FoundAssets:
        """Those that fit."""
        each = counted(self, progress, "Searching the photos", len(self), " photos")
        pairs = zip(self._numbers, each, strict=True)
        return self._some(array("q", [number for number, asset in pairs if fits(asset)]))

    def changed(self, change: Callable[[Asset], Asset]) -> FoundAssets:
        """The same assets, each put through a function when it is asked for."""
        before = self._change
        both = change if before is None else lambda asset: change(before(asset))
        return FoundAssets(self._store, self._table, self._numbers, both)

    def _some(self, numbers: Sequence[int]) -> FoundAssets:
        return FoundAssets(self._store, self._table, numbers, self._change)

    def _at(self, number: int) -> Asset:
        asset = _ASSET.decode(self._store.value(self._record, (number,)))
        return asset if self._change is None else self._change(asset)

    def in_memory(self, progress: Progress = SILENT) -> FoundAssets:
        """The same assets, all made at once and kept: for what walks through them again and again."""
        found = self._some(self._numbers)
        found._made = tuple(counted(self, progress, "Reading the photos", len(self), " photos"))
        return found

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Asset]:
        return map(self._at, self._numbers) if self._made is None else iter(self._made)

    @overload
    def __getitem__(self, index: int) -> Asset: ...
    @overload
    def __getitem__(self, index: slice) -> FoundAssets: ...
    def __getitem__(self, index: int | slice) -> Asset | FoundAssets:
        numbers = self._numbers[index]
        return self._at(numbers) if isinstance(numbers, int) else self._some(numbers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(Asset.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]  # equal to sequences of other kinds


class FindingWriter:
    """Keeps finished assets in the working database."""

    def __init__(self, store: WorkingDatabase) -> None:
        self._store = store
        self._waiting: list[tuple[object, ...]] = []
        columns = "created INTEGER, uuid TEXT, path TEXT, notable INTEGER, rowless INTEGER, record BLOB"
        self._table = store.new_table("finding", f"id INTEGER PRIMARY KEY, {columns}")
        self._add = (
            f"INSERT INTO {self._table} (created, uuid, path, notable, rowless, record) VALUES (?, ?, ?, ?, ?, ?)"
        )

    def add(self, asset: Asset) -> None:
        """Keep one asset."""
        created, uuid, path = asset_order(asset)
        names = valid_unicode(uuid), valid_unicode(path)
        self._waiting.append((microseconds(created), *names, is_notable(asset), asset.row is None, packed(asset)))
        if len(self._waiting) == _TOGETHER:
            self._write()

    def _write(self) -> None:
        self._store.add(self._add, self._waiting)
        self._waiting = []

    def found(self, order: str = _ORDER) -> FoundAssets:
        """All that were added, in the order of findings."""
        self._write()
        numbers = (number for (number,) in self._store.run(f"SELECT id FROM {self._table} {order}"))
        return FoundAssets(self._store, self._table, array("q", numbers))


def microseconds(moment: datetime) -> int:
    """A time as a whole number that sorts like it."""
    since = moment - UNIX_EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def is_notable(asset: Asset) -> bool:
    """Whether people come for it: any sign of FaceTime, recently deleted, hidden, or permanently deleted."""
    return bool(asset.facetime.verdict is not Verdict.NO or asset.trashed or asset.hidden or asset.deleted is not None)
