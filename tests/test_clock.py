"""Stored times of every kind, their edges, and the text they become."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery import clock

READERS = (clock.from_cocoa, clock.from_cocoa_any_unit, clock.from_unix, clock.from_quicktime)
numbers = st.one_of(st.integers(), st.floats(), st.integers(min_value=10**300))


@pytest.mark.parametrize(
    ("read", "stored", "text"),
    [
        (clock.from_cocoa, 0, "2001-01-01T00:00:00.000Z"),
        (clock.from_cocoa, 736453330.125, "2024-05-03T18:22:10.125Z"),
        (clock.from_cocoa, -978307200, "1970-01-01T00:00:00.000Z"),
        (clock.from_cocoa_any_unit, 736453330, "2024-05-03T18:22:10.000Z"),
        (clock.from_cocoa_any_unit, 736453330125000000, "2024-05-03T18:22:10.125Z"),
        (clock.from_unix, 1714760530, "2024-05-03T18:22:10.000Z"),
        (clock.from_quicktime, 3797605330, "2024-05-03T18:22:10.000Z"),
    ],
)
def test_each_epoch_gives_the_known_moment(read: object, stored: float, text: str) -> None:
    """One moment, written as every clock of a phone writes it, reads as the same text."""
    assert clock.to_text(read(stored)) == text  # type: ignore[operator]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "stored", [math.nan, math.inf, -math.inf, 1e300, 10**400, -(10**400)], ids=lambda x: str(x)[:6]
)
def test_a_number_that_is_no_time_is_none(read: object, stored: float) -> None:
    """Not-a-number, infinity and numbers beyond the calendar are no time, and no error."""
    assert read(stored) is None  # type: ignore[operator]


@pytest.mark.parametrize("read", READERS[:3])
@pytest.mark.parametrize("stored", [None, True, "2024", b"\x00", []])
def test_another_type_is_none(read: object, stored: object) -> None:
    """A text, blob or truth value in a date column is no time."""
    assert read(stored) is None  # type: ignore[operator]


def test_zero_means_unset_where_the_format_says_so() -> None:
    """0 is unset in the manifest, in Messages and in QuickTime headers, and a moment in Core Data."""
    assert clock.from_unix(0) is None
    assert clock.from_cocoa_any_unit(0) is None
    assert clock.from_quicktime(0) is None
    assert clock.from_cocoa(0) == clock.COCOA_EPOCH


def test_a_moment_at_the_edge_of_the_calendar_is_none() -> None:
    """The last second of the year 9999 is no photo's date: adding thirty days to it would fail."""
    edge = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - clock.COCOA_EPOCH).total_seconds()
    assert clock.from_cocoa(edge) is None
    assert clock.from_plist(datetime.max) is None
    assert clock.from_plist(datetime.min) is None


@given(st.sampled_from(READERS), numbers)
def test_every_number_gives_none_or_a_moment_one_can_count_with(read: object, stored: float) -> None:
    """Whatever number stands in a column, the result is None or allows adding and taking away a month."""
    moment = read(stored)  # type: ignore[operator]
    if moment is not None:
        assert moment.tzinfo is UTC
        assert moment - timedelta(days=31) < moment < moment + timedelta(days=31)


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2300, 1, 1), timezones=st.just(UTC)))
def test_text_and_back_keeps_the_millisecond(moment: datetime) -> None:
    """The text of a moment, read again, is that moment to within half a millisecond."""
    text = clock.to_text(moment)
    assert text is not None
    assert len(text) == 24
    assert abs(clock.from_text(text) - moment) <= timedelta(microseconds=500)


def test_text_has_utc_whatever_zone_the_moment_had() -> None:
    """A moment in Berlin and the same moment in UTC are one text."""
    berlin = datetime(2024, 5, 3, 20, 22, 10, 125_400, tzinfo=timezone(timedelta(hours=2)))
    assert clock.to_text(berlin) == "2024-05-03T18:22:10.125Z"
    assert clock.to_text(None) is None
    assert clock.to_text(datetime.max.replace(tzinfo=UTC)) == "9999-12-31T23:59:59.999Z"


def test_plist_dates_mean_utc() -> None:
    """plistlib gives naive datetimes; they are UTC, and anything else is no date."""
    assert clock.from_plist(datetime(2024, 5, 3)) == datetime(2024, 5, 3, tzinfo=UTC)
    assert clock.from_plist("2024-05-03") is None
