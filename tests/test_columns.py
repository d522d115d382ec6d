"""Records by column: whatever is put in comes out, in the same order, of the same types, shared where it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from recovery.columns import from_bytes, to_bytes

from tests.report_strategies import assets


class Colour(StrEnum):
    """Stands for the enumerations in records."""

    RED = "red"
    BLUE = "blue"


class Row(NamedTuple):
    """As the rows of a library are."""

    first: object
    second: object


@dataclass(frozen=True, slots=True)
class Found:
    """As findings are."""

    first: object
    second: object = None
    third: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class One:
    """A record with a single field."""

    value: object


@dataclass(frozen=True)
class Open:
    """A record without slots."""

    value: object
    other: object


times = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))])) | st.datetimes()
plain = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.floats(allow_nan=False)
    | st.text(max_size=3)
    | times
    | st.sampled_from(Colour)
    | st.binary(max_size=2)
)


def _records(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(values, max_size=3).map(tuple)
    return (
        st.builds(Row, values, values)
        | st.builds(Found, values, values, lists)
        | st.builds(One, values)
        | st.builds(Open, values, values)
        | lists
    )


anything = st.recursive(plain, _records, max_leaves=6)


def exactly(value: Any) -> Any:
    """A value with the types of all its parts: 1, 1.0 and True are equal, and not the same."""
    if isinstance(value, tuple):
        return type(value), [exactly(part) for part in value]
    if isinstance(value, Found | One | Open):
        return type(value), [exactly(getattr(value, name)) for name in type(value).__dataclass_fields__]
    return type(value), repr(value)


def alike(kind: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Many records of one kind, as they come: the road of columns is taken only then."""
    return st.lists(kind, min_size=1, max_size=8)


columns = (
    st.lists(anything, min_size=1, max_size=6)
    | alike(st.builds(Row, plain, st.none() | st.builds(Found, plain, plain)))
    | alike(
        st.builds(Found, times, st.builds(Row, plain, plain), st.lists(st.builds(Row, plain, times)).map(tuple))
    )
    | alike(st.tuples(st.integers(), st.builds(Row, st.sampled_from(Colour), times), st.none()))
)


@given(columns)
def test_records_come_back_as_they_were(records: list[Any]) -> None:
    """Nested in any way, of one kind or of several: equal, with the same types all the way down."""
    assert exactly(tuple(from_bytes(to_bytes(records)))) == exactly(tuple(records))


@given(st.lists(assets, min_size=1, max_size=5))
def test_assets_come_back_as_they_were(records: list[Any]) -> None:
    """The largest record there is, with anything in its fields (a number that is none is not equal to itself)."""
    assert repr(from_bytes(to_bytes(records))) == repr(records)


@given(st.integers(1, 5))
def test_what_was_one_object_is_one_again(number: int) -> None:
    """Records that many others hold are made once, and so are texts that are equal everywhere."""
    shared = Found("none", ("a", "b"))
    back = from_bytes(to_bytes([Row(shared, str(place % 2)) for place in range(4 * number)]))
    assert back[0] == Row(shared, "0") and all(row.first is back[0].first for row in back)
    texts = from_bytes(to_bytes([Row(place, "".join(["as", "set"])) for place in range(4 * number)]))
    assert all(row.second is texts[0].second for row in texts)


def test_times_keep_the_one_zone() -> None:
    """Zones are asked for by identity in many places."""
    back = from_bytes(
        to_bytes([datetime(2024, 5, 3, tzinfo=UTC) + timedelta(microseconds=part) for part in (1, 2)])
    )
    assert all(moment.tzinfo is UTC for moment in back)
