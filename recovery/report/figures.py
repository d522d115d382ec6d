"""Numbers, sizes and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from recovery.clock import in_stored_zone

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_LONGEST = 7 * 24 * 3600


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 photo`, `2 photos`; thousands are set apart with commas."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def file_size(size: int | None) -> str:
    """Bytes in decimal units, as Finder shows them."""
    if size is None:
        return "size unknown"
    if size < 1000:
        return count(size, "byte")
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if value < 99.95 else f"{value:.0f} {_UNITS[unit]}"


def duration(seconds: float) -> str:
    """`42 s`, `2 min 5 s`; a number that is no length of anything as it is stored."""
    if seconds >= _LONGEST:
        return f"{seconds:g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} min {rest} s" if minutes else f"{rest} s"


def zone(moment: datetime) -> str:
    """`UTC` or the offset, as `+02:00`."""
    offset = f"{moment:%z}"
    return "UTC" if moment.tzinfo is UTC else f"{offset[:3]}:{offset[3:5]}"


def when(moment: datetime | None, offset: int | None = None) -> str:
    """`2024-05-03 20:22:10 +02:00`, or in UTC where no offset is stored."""
    if moment is None:
        return "date unknown"
    local = in_stored_zone(moment, offset)
    return f"{local.replace(tzinfo=None).isoformat(' ', 'seconds')} {zone(local)}"


def minute(moment: datetime | None, offset: int | None = None) -> str:
    """`2024-05-03 20:22 +02:00`, for tables."""
    if moment is None:
        return "unknown"
    local = in_stored_zone(moment, offset)
    return f"{local.replace(tzinfo=None).isoformat(' ', 'minutes')} {zone(local)}"


def span(start: datetime, end: datetime, offset: int | None = None) -> str:
    """`2024-05-03 20:15 to 20:40 +02:00`; both whole where they are not on one day."""
    first, last = in_stored_zone(start, offset), in_stored_zone(end, offset)
    if first.date() != last.date():
        return f"{minute(start, offset)} to {minute(end, offset)}"
    return f"{first:%Y-%m-%d %H:%M} to {last:%H:%M} {zone(last)}"


def day(moment: datetime | None, offset: int | None = None) -> str:
    """`2024-05-03`, in the stored zone, else UTC."""
    return "unknown" if moment is None else in_stored_zone(moment, offset).date().isoformat()
