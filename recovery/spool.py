"""Records in any number: few stay in memory as they are, many go to a private file and are made again when asked.

Where more than `keep` records come, all of them go by column (recovery/columns.py), some at a time, into a file of
the workspace. That file is written by this process alone, read by it and its copies (recovery/ahead.py), and never
holds anything but what this process put there; nothing in it is taken from a backup as it stands.
"""

from __future__ import annotations

import os
import sys
from abc import abstractmethod
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, ValuesView
from heapq import merge
from itertools import chain, islice, pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, Generic, Protocol, TypeVar, overload

from recovery.columns import fields_from_bytes, from_bytes, to_bytes
from recovery.temp_folder import said_of

T = TypeVar("T")
V = TypeVar("V")

_TOGETHER = 300
"""Records that are written as columns together."""
_LATER_RUNS = 8
"""Once records have gone to the file, the next go when there are this part of `keep`."""


class Room(Protocol):
    """Where a file for records may be made; a workspace is one."""

    def scratch(self) -> BinaryIO:
        """An empty file for writing and reading, removed when the room is left. Raises TemporaryFolderError."""


class Records(Sequence[T]):
    """A sequence that says how one of its records is got, and how some are."""

    @abstractmethod
    def _at(self, number: int) -> T: ...

    def _some(self, numbers: range) -> tuple[T, ...]:
        return tuple(map(self._at, numbers))

    def since(self, number: int) -> Iterator[T]:
        """The records from this one on."""
        return map(self._at, range(number, len(self)))

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        numbers = range(len(self))[index]
        return self._at(numbers) if isinstance(numbers, int) else self._some(numbers)


class Spool(Records[T]):
    """Records in the order in which they came. Without a room all of them stay in memory."""

    def __init__(self, room: Room | None, keep: int) -> None:
        self._room = room
        self._limit = keep
        self._last: list[T] = []
        self._written: _Run[T] | None = None

    def append(self, record: T) -> None:
        """Add one record behind the others."""
        self._last.append(record)
        if len(self._last) > self._limit and self._room is not None:
            if self._written is None:
                self._written = _Run(_File(self._room))
                self._limit = _TOGETHER - 1
            self._written.extend(self._last)
            self._last = []

    def extend(self, records: Iterable[T]) -> None:
        """Add several."""
        for record in records:
            self.append(record)

    def settled(self) -> Sequence[T]:
        """The records when no more will come: a tuple where they are few."""
        return self if self._written is not None else tuple(self._last)

    def __len__(self) -> int:
        return len(self._last) + (len(self._written) if self._written is not None else 0)

    def __iter__(self) -> Iterator[T]:
        return chain(self._written or (), self._last)

    def fields(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """What `fields_of` gives."""
        written = self._written.fields(names) if self._written is not None else ()
        return chain(written, map(attrgetter(*names), self._last))

    def _at(self, number: int) -> T:
        written = len(self._written) if self._written is not None else 0
        if self._written is not None and number < written:
            return self._written[number]
        return self._last[number - written]


class Sorter(Generic[T]):
    """Records put in the order of a key; equal ones keep the order in which they came.

    With `many` it is known from the start that they are too many for memory.
    """

    def __init__(self, room: Room | None, keep: int, key: Callable[[T], Any], *, many: bool = False) -> None:
        self._room = room
        self._limit = keep // _LATER_RUNS if many else keep
        self._later = keep // _LATER_RUNS
        self._key = key
        self._last: list[T] = []
        self._file: _File | None = None
        self._runs: list[Sequence[T]] = []

    def add(self, record: T) -> None:
        """Add one record."""
        self._last.append(record)
        if len(self._last) > self._limit and self._room is not None:
            if self._file is None:
                self._file = _File(self._room)
                self._limit = self._later
            self._last.sort(key=self._key)
            run = _Run[T](self._file)
            run.extend(self._last)
            self._runs.append(run)
            self._last = []

    def settled(self) -> Sequence[T]:
        """The records in their order when no more will come: a tuple where they are few. Call it once."""
        self._last.sort(key=self._key)
        last, self._last = tuple(self._last), []
        return Merged([*self._runs, last], self._key) if self._runs else last


class Lazy(Records[T]):
    """A sequence whose records are made anew by each walk through it; asking for one record walks as far."""

    def __init__(self, length: int, walk: Callable[[], Iterator[T]]) -> None:
        self._length = length
        self._walk = walk

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return self._walk()

    def _at(self, number: int) -> T:
        return next(islice(self, number, None))

    def since(self, number: int) -> Iterator[T]:
        """See Records: by one walk."""
        return islice(self, number, None)

    def _some(self, numbers: range) -> tuple[T, ...]:
        if numbers.step < 0:
            return self._some(numbers[::-1])[::-1]
        return tuple(islice(self, numbers.start, numbers.stop, numbers.step))


class Merged(Lazy[T]):
    """Several sorted sequences as one."""

    def __init__(self, runs: Sequence[Sequence[T]], key: Callable[[T], Any]) -> None:
        runs = [run for run in runs if len(run)]
        in_turn = all(key(run[-1]) <= key(after[0]) for run, after in pairwise(runs))
        super().__init__(sum(map(len, runs)), lambda: chain(*runs) if in_turn else merge(*runs, key=key))


def mapped(records: Sequence[T], change: Callable[[T], V]) -> Sequence[V]:
    """The records, each put through a function: at once where they are in memory, else on each walk."""
    if isinstance(records, tuple):
        return tuple(map(change, records))
    return Lazy(len(records), lambda: map(change, records))


def since(records: Sequence[T], number: int) -> Iterator[T]:
    """The records from this one on."""
    return records.since(number) if isinstance(records, Records) else islice(records, number, None)


def fields_of(records: Iterable[object], *names: str) -> Iterator[tuple[Any, ...]]:
    """Some fields of each record, two or more: of records in the file hardly more than these is read."""
    return records.fields(*names) if isinstance(records, Spool) else map(attrgetter(*names), records)


class Numbered(Mapping[int, V]):
    """Values by whole numbers of 64 bits that come in rising order."""

    def __init__(self, room: Room | None, keep: int) -> None:
        self._numbers = array("q")
        self._values = Spool[V](room, keep)

    def append(self, number: int, value: V) -> None:
        """Add the value of a number above all before."""
        self._numbers.append(number)
        self._values.append(value)

    def settled(self) -> Mapping[int, V]:
        """The values when no more will come: a dictionary where they are few."""
        values = self._values.settled()
        return dict(zip(self._numbers, values, strict=True)) if isinstance(values, tuple) else self

    def __getitem__(self, number: int) -> V:
        place = bisect_left(self._numbers, number)
        if place == len(self._numbers) or self._numbers[place] != number:
            raise KeyError(number)
        return self._values._at(place)

    def values(self) -> ValuesView[V]:
        """The values in the order of their numbers, by one walk."""
        return _Values(self, self._values)

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


class _Values(ValuesView[V]):
    """The values of a mapping that knows them in their order."""

    def __init__(self, whole: Mapping[int, V], values: Iterable[V]) -> None:
        super().__init__(whole)
        self._in_order = values

    def __iter__(self) -> Iterator[V]:
        return iter(self._in_order)


class _File:
    """Some records at a time in one file of a room, each found by where it begins."""

    def __init__(self, room: Room) -> None:
        self._stream = room.scratch()
        self._path = Path(self._stream.name)
        self._end = 0

    def write(self, records: list[Any]) -> tuple[int, int]:
        """Where they begin, and how many bytes they take."""
        data = to_bytes(records)
        self._stream.seek(self._end)
        self._stream.write(data)
        self._stream.flush()
        start, self._end = self._end, self._end + len(data)
        return start, len(data)

    def read(self, start: int, size: int) -> bytes:
        if sys.platform == "win32":
            self._stream.seek(start)
            return self._stream.read(size)
        with said_of(self._path):
            # Not by the place in the file: a second process (recovery/ahead.py) shares it.
            return os.pread(self._stream.fileno(), size, start)


class _Run(Records[T]):
    """Records in a file, so many together; those read last are kept."""

    def __init__(self, file: _File) -> None:
        self._file = file
        self._starts = array("Q")
        self._sizes = array("Q")
        self._ends = array("Q")  # how many records stand there and before
        self._place = -1
        self._read: list[T] = []

    def extend(self, records: list[T]) -> None:
        for first in range(0, len(records), _TOGETHER):
            some = records[first : first + _TOGETHER]
            start, size = self._file.write(some)
            self._starts.append(start)
            self._sizes.append(size)
            self._ends.append(len(self) + len(some))

    def _at(self, number: int) -> T:
        place = bisect_left(self._ends, number + 1)
        if place != self._place:
            self._read, self._place = from_bytes(self._data(place)), place
        return self._read[number - self._ends[place]]

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[T]:
        for place in range(len(self._starts)):
            yield from from_bytes(self._data(place))

    def fields(self, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for place in range(len(self._starts)):
            yield from fields_from_bytes(self._data(place), names)

    def _data(self, place: int) -> bytes:
        return self._file.read(self._starts[place], self._sizes[place])
