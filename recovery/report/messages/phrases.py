"""Small pieces of plain English that every cause is told with: counts, shares, dates and lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from recovery.clock import in_stored_zone
from recovery.report.figures import count

_MONTHS = (
    "January February March April May June July August September October November December".split()
)  # never in the language of the system: the texts are English


def share(number: int, total: int, one: str, many: str) -> str:
    """`3 of your 14 FaceTime photos are`, with the verb that fits (`one` for a single photo)."""
    verb = one if number == 1 else many
    if number < total:
        return f"{number:,} of your {total:,} FaceTime photos {verb}"
    whole = {1: "The one FaceTime photo found here", 2: "Both FaceTime photos found here"}
    return f"{whole.get(total, f'All {total:,} FaceTime photos found here')} {verb}"


def perhaps(number: int, one: str, many: str) -> str:
    """`2 photos that may be from FaceTime are`."""
    return f"{count(number, 'photo')} that may be from FaceTime {one if number == 1 else many}"


def day(moment: datetime, offset: int | None = None) -> str:
    """`19 June 2024`, in the zone `offset` seconds east of UTC where that is known, else in UTC."""
    moment = in_stored_zone(moment, offset)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def has_passed(moment: datetime, offset: int | None = None) -> bool:
    """Whether the day of a moment, as `day` names it, is over today."""
    return in_stored_zone(moment, offset).date() < in_stored_zone(datetime.now(UTC), offset).date()


def days(moments: Iterable[datetime], most: int = 3) -> str:
    """`3 May 2024, 6 May 2024 and 9 May 2024`; of many the first and the last."""
    known = sorted(set(moments))
    names = list(dict.fromkeys(day(moment) for moment in known))
    return listed(names) if len(names) <= most else f"between {names[0]} and {names[-1]}"


def listed(parts: Sequence[str], joint: str = "and") -> str:
    """`a, b and c`."""
    return f" {joint} ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts)


def sentence(text: str) -> str:
    """The text as a sentence of its own: a capital first, one full stop last."""
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}." if text else ""
