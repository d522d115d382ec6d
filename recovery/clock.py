"""Stored times of every kind to aware UTC datetimes, and back to text."""

from __future__ import annotations

import math
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, timezone
from typing import TypeVar, overload

M = TypeVar("M", bound=datetime)


class Moment(datetime):
    """An aware time in UTC as every record holds it; its JSON is what `to_text` gives."""

    __slots__ = ()


COCOA_EPOCH = Moment(2001, 1, 1, tzinfo=UTC)
"""Core Data counts seconds from here."""
UNIX_EPOCH = Moment(1970, 1, 1, tzinfo=UTC)
QUICKTIME_EPOCH = Moment(1904, 1, 1, tzinfo=UTC)
"""QuickTime atoms count seconds from here."""

# A value above this many seconds since 2001 (year 2318) is nanoseconds, as in sms.db since iOS 11.
_NANOSECOND_THRESHOLD = 1e10
_LARGEST_OFFSET = 24 * 3600  # seconds; datetime takes none that large
# From each of the epochs these lead to years between 1904 and 2200.
_CERTAIN_SECONDS = 6_000_000_000
# 4001 is that of Apple's `distantFuture`; dates in 2539 are found in photo libraries for none.
_PLACEHOLDER_YEARS = frozenset({2539, 4001})
CLOCKS_DIFFER = timedelta(days=1)
"""The clocks of phone and computer, and their zones, may be this far apart."""
# Half a millisecond late, so that cutting off rounds; without a zone, which makes a text in half the time.
_EPOCH_AND_HALF = datetime(1970, 1, 1, microsecond=500)


def _after(epoch: Moment, count: float, per_second: float = 1) -> Moment | None:
    try:
        seconds = count / per_second
        if 0 <= seconds < _CERTAIN_SECONDS:  # as nearly always
            return epoch + timedelta(0, seconds)
        return _meant(epoch + timedelta(0, seconds)) if math.isfinite(seconds) else None
    except OverflowError:  # also a whole number too large for any float
        return None


def _meant(moment: M) -> M | None:
    """The moment, unless it lies at the very edge of the calendar, where adding an hour would fail."""
    return moment if MINYEAR < moment.year < MAXYEAR else None


def from_cocoa(value: object) -> Moment | None:
    """Seconds since 2001-01-01 UTC, as Core Data stores them; None for what is no such number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _after(COCOA_EPOCH, value)


def from_cocoa_any_unit(value: object) -> Moment | None:
    """Seconds or nanoseconds since 2001-01-01 UTC (Messages changed the unit with iOS 11); 0 means unset."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value == 0:
        return None
    return _after(COCOA_EPOCH, value, 1e9 if abs(value) > _NANOSECOND_THRESHOLD else 1)


def from_unix(value: object) -> Moment | None:
    """Seconds since 1970-01-01 UTC, as MBFile and TCC store them; 0 means unset."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value == 0:
        return None
    if type(value) is int and 0 < value < _CERTAIN_SECONDS:
        return Moment.fromtimestamp(value, UTC)
    return _after(UNIX_EPOCH, value)


def from_quicktime(value: int) -> Moment | None:
    """Seconds since 1904-01-01 UTC, as QuickTime headers store them; 0 means unset."""
    return _after(QUICKTIME_EPOCH, value) if value else None


def from_plist(value: object) -> Moment | None:
    """A plist date: plistlib gives naive datetimes that mean UTC."""
    if not isinstance(value, datetime):
        return None
    return in_utc(value if value.tzinfo else value.replace(tzinfo=UTC))


def in_calendar(moment: datetime) -> datetime | None:
    """A time as it is stated, unless it is aware and lies at the very edge of the calendar."""
    return moment if moment.tzinfo is None or _meant(moment) else None


def in_utc(moment: datetime) -> Moment | None:
    """An aware moment in UTC; None at the very edge of the calendar."""
    return in_records(moment) if _meant(moment) else None


@overload
def in_records(moment: datetime) -> Moment: ...
@overload
def in_records(moment: datetime | None) -> Moment | None: ...
def in_records(moment: datetime | None) -> Moment | None:
    """An aware time as records hold it; None stays None."""
    if moment is None or type(moment) is Moment:
        return moment
    utc = moment.astimezone(UTC)
    return Moment.combine(utc.date(), utc.timetz())


def is_constant(moment: datetime) -> bool:
    """Whether a time is one of those that programs store for none."""
    return moment.year in _PLACEHOLDER_YEARS or moment in (UNIX_EPOCH, COCOA_EPOCH)


def is_placeholder(moment: datetime | None, latest: datetime | None) -> bool:
    """Whether a stored time stands for no time: a constant, or more than a day later than any time can be."""
    if moment is None:
        return False
    return is_constant(moment) or (latest is not None and moment - latest > CLOCKS_DIFFER)


def to_text(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds, e.g. `2024-05-03T18:22:10.125Z`; None stays None.

    Rounded to the nearest millisecond: a float of seconds since 2001 is exact to a tenth of a microsecond.
    """
    if moment is None:
        return None
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    if utc.microsecond % 1000 == 0:  # as nearly always
        return f"{utc.isoformat(timespec='milliseconds')[:-6]}Z"
    try:
        return f"{(_EPOCH_AND_HALF + (utc - UNIX_EPOCH)).isoformat(timespec='milliseconds')}Z"
    except OverflowError:
        return f"{utc.isoformat(timespec='milliseconds')[:-6]}Z"


def from_text(text: str) -> datetime:
    """An RFC 3339 text back to an aware datetime; raises ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def in_stored_zone(moment: datetime, offset: int | None) -> datetime:
    """A moment in the zone `offset` seconds east of UTC; in UTC where that is unknown or no whole minute."""
    if offset is None or offset % 60 or abs(offset) >= _LARGEST_OFFSET:
        return moment.astimezone(UTC)
    try:
        return moment.astimezone(timezone(timedelta(seconds=offset)))
    except OverflowError:
        return moment.astimezone(UTC)
