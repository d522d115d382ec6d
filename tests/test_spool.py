"""Records beyond what memory is given: whatever the limit, they come back equal, in order, and nothing stays."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recovery.spool import Lazy, Merged, Numbered, Sorter, Spool, fields_of, mapped

from recovery import limits
from recovery.backup.view import open_backup
from recovery.case import gather
from recovery.errors import OutputError
from recovery.findings.find import find
from recovery.report.inventory import dumps, inventory
from recovery.workspace import Workspace
from tests.conftest import DemoTwins

MADE = datetime(2024, 5, 3, tzinfo=UTC)


class Colour(StrEnum):
    """Stands for the enumerations in records."""

    RED = "red"


@dataclass(frozen=True, slots=True)
class One:
    """A frozen record with a single field."""

    value: object


@dataclass(frozen=True, slots=True)
class Loose:
    """A frozen record with several fields."""

    first: int
    second: int
    third: object


class Several(NamedTuple):
    """A named tuple as the rows of a library are."""

    number: int
    colour: Colour
    made: datetime
    inner: One | None


def a_record(number: int) -> Several:
    """A record whose parts repeat, as those of a library do."""
    return Several(number, Colour.RED, MADE, One((number, "text", None)) if number % 2 else None)


@pytest.fixture(scope="module")
def room() -> Iterator[Workspace]:
    """One private folder for all examples."""
    with Workspace() as workspace:
        yield workspace


@given(st.lists(st.integers(-50, 50), max_size=400), st.integers(0, 300))
def test_a_spool_is_the_list_of_what_came(room: Workspace, numbers: list[int], keep: int) -> None:
    """Length, walk, single records from both ends and slices are those of a list, whatever stays in memory."""
    spool = Spool[Several](room, keep)
    spool.extend(map(a_record, numbers))
    wanted = [a_record(number) for number in numbers]
    settled = spool.settled()
    assert isinstance(settled, tuple) == (len(numbers) <= keep)
    assert len(settled) == len(wanted) and list(settled) == wanted == list(spool)
    assert [settled[place] for place in range(-len(wanted), len(wanted))] == wanted * 2
    assert settled[3:200:7] == tuple(wanted[3:200:7])
    with pytest.raises(IndexError):
        settled[len(wanted)]


@given(st.lists(st.integers(-50, 50), max_size=300), st.integers(0, 300))
def test_some_fields_of_records_are_those_of_the_records(room: Workspace, numbers: list[int], keep: int) -> None:
    """In memory, in the file or in both, and of records that are no named tuples."""
    spool, others = Spool[Several](room, keep), Spool[Loose](room, keep)
    spool.extend(map(a_record, numbers))
    others.extend(Loose(number, number % 3, None) for number in numbers)
    wanted = [(record.inner, record.number) for record in map(a_record, numbers)]
    for records in (spool, spool.settled(), list(map(a_record, numbers))):
        assert list(fields_of(records, "inner", "number")) == wanted
    assert list(fields_of(others, "third", "first")) == [(None, number) for number in numbers]


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers()), max_size=300), st.integers(0, 200))
def test_a_sorter_sorts_and_keeps_the_order_of_equals(
    room: Workspace, pairs: list[tuple[int, int]], keep: int
) -> None:
    """The order is that of a stable sort, in as many runs as there are."""
    sorter = Sorter[tuple[int, int]](room, keep, lambda pair: pair[0])
    for pair in pairs:
        sorter.add(pair)
    settled = sorter.settled()
    assert list(settled) == sorted(pairs, key=lambda pair: pair[0])
    assert list(settled) == list(settled) and len(settled) == len(pairs)
    assert isinstance(settled, Merged) == (len(pairs) > keep)


@given(st.sets(st.integers(-(2**63), 2**63 - 1), max_size=150), st.integers(0, 100))
def test_numbered_values_are_found_like_those_of_a_dictionary(
    room: Workspace, numbers: set[int], keep: int
) -> None:
    """Every number finds its value, no other number finds any."""
    found = Numbered[One](room, keep)
    for number in sorted(numbers):
        found.append(number, One(number))
    settled = found.settled()
    assert dict(settled) == {number: One(number) for number in numbers}
    for number in {0, *(one + 1 for one in numbers if one + 1 < 2**63)} - numbers:
        assert settled.get(number) is None


def test_what_is_equal_and_immutable_is_shared_again(room: Workspace) -> None:
    """Records made again have the one UTC, the one member of an enumeration, and one text for equal ones."""
    text = "".join(["as", "set"])
    spool = Spool[tuple[object, ...]](room, 5)
    spool.extend([(MADE, Colour.RED, text)] * 6)
    back = list(spool)
    assert back[0][2] is not text
    assert all(made.tzinfo is UTC and colour is Colour.RED for made, colour, _ in back)  # type: ignore[attr-defined]
    assert all(one[2] is other[2] for one, other in pairwise(back))


def test_without_a_room_everything_stays_in_memory() -> None:
    """The very same objects come back."""
    records = [One(number) for number in range(50)]
    spool, sorter = Spool[One](None, 3), Sorter[One](None, 3, lambda one: -records.index(one))
    spool.extend(records)
    for record in records:
        sorter.add(record)
    assert all(one is other for one, other in zip(spool.settled(), records, strict=True))
    assert all(one is other for one, other in zip(sorter.settled(), reversed(records), strict=True))


@given(st.integers(0, 20), st.slices(20))
def test_a_slice_of_what_is_made_anew_is_that_of_a_list(length: int, part: slice) -> None:
    """From any side, in steps of any size."""
    assert Lazy(length, lambda: iter(range(length)))[part] == tuple(range(length))[part]


def test_mapped_records_are_made_on_each_walk_only_where_they_are_many(room: Workspace) -> None:
    """A tuple is changed at once; what lies in the file is changed when it is asked for."""
    spool = Spool[int](room, 2)
    spool.extend(range(9))
    calls: list[int] = []

    def doubled(number: int) -> int:
        calls.append(number)
        return number * 2

    changed = mapped(spool.settled(), doubled)
    assert not calls and list(changed) == list(range(0, 18, 2)) and changed[4] == 8
    assert mapped((1, 2), str) == ("1", "2")


def test_the_file_goes_with_the_workspace(tmp_path: Path) -> None:
    """It lies in the private folder, for the user alone, and is gone when the folder is left."""
    with Workspace(tmp_path) as workspace:
        spool = Spool[int](workspace, 1)
        spool.extend(range(1_000))
        (file,) = tmp_path.rglob("records")
        assert file.stat().st_size > 1_000 and file.parent.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.iterdir())


class FullDisk(io.BytesIO):
    """A file on a disk that takes nothing."""

    def write(self, data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


class FullRoom:
    """A room on such a disk."""

    def scratch(self) -> BinaryIO:
        return FullDisk()


def test_a_full_disk_is_told_in_a_sentence() -> None:
    """What the system says while records are written becomes an error with a hint."""
    spool = Spool[int](FullRoom(), 0)
    with pytest.raises(OutputError, match="takes no more") as caught:
        spool.append(1)
    assert "TMPDIR" in caught.value.hint


@pytest.mark.parametrize("few", [0, 3])
def test_a_library_beyond_memory_gives_the_same_inventory(
    demo_twins: DemoTwins, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """With hardly a record in memory every byte of the inventory is as with all of them."""

    def told() -> str:
        with Workspace() as workspace, open_backup(demo_twins.plain, workspace) as view:
            return dumps(inventory(find(gather(view)), generated_at=MADE))

    whole = told()
    for name in ("ROWS_IN_MEMORY", "FILES_IN_MEMORY", "RESOURCES_IN_MEMORY"):
        monkeypatch.setattr(limits, name, few)
    assert told() == whole
