"""Filters that commands share: dates and places, parsed once into the values the library takes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

from recovery.extraction.plan import Near

F = TypeVar("F", bound=Callable[..., Any])
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Moment(click.ParamType[datetime]):
    """A day (`2024-05-03`, in UTC) or an RFC 3339 time; as an upper bound a day is taken to its end."""

    name = "DATE"

    def __init__(self, *, end: bool = False) -> None:
        self._end = end

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date; write 2024-05-03 or 2024-05-03T18:00:00+02:00.", param, ctx)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        if self._end and _DAY.fullmatch(value):
            moment += timedelta(days=1)
        return moment


class Place(click.ParamType[Near]):
    """A circle on the earth: `LAT,LON,KM` in degrees and kilometres."""

    name = "LAT,LON,KM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Near:
        if isinstance(value, Near):
            return value
        try:
            latitude, longitude, kilometres = (float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is no place; write LAT,LON,KM such as 52.52,13.40,5.", param, ctx)
        if not all(map(math.isfinite, (latitude, longitude, kilometres))):
            self.fail(f"{value!r} is no place on the earth.", param, ctx)
        return Near(latitude, longitude, kilometres)


FROM_DATE = click.option(
    "--from-date", type=Moment(), help="Only photos taken on this day or later (a day is meant in UTC)."
)
TO_DATE = click.option("--to-date", type=Moment(end=True), help="Only photos taken on this day or earlier.")
NEAR = click.option("--near", type=Place(), help="Only photos taken within KM kilometres of a place.")


def when_and_where(function: F) -> F:
    """--from-date, --to-date and --near."""
    decorated: F = FROM_DATE(TO_DATE(NEAR(function)))
    return decorated
