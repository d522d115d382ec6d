"""The search options that commands share, parsed once into the one value the library takes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import click

from cli.streams import typed
from recovery.analysis.model import Verdict
from recovery.analysis.search import Near, Search
from recovery.errors import SelectionError
from recovery.photos_db.subtypes import Subtype
from recovery.system_files import from_system

_SUBTYPES = tuple(subtype.value.replace("_", "-") for subtype in Subtype)
F = TypeVar("F", bound=Callable[..., Any])
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class DayType(click.ParamType[date]):
    """A day where the photo was taken (`2024-05-03`), or an RFC 3339 time with its zone."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            if _DAY.fullmatch(value):
                return date.fromisoformat(value)
            return self._exact(value, datetime.fromisoformat(value), param, ctx)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no date; write 2024-05-03 or 2024-05-03T18:00:00+02:00.", param, ctx)

    def _exact(
        self, value: str, moment: datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if "T" not in value.upper():
            raise ValueError(value)
        if moment.tzinfo is None:
            self.fail(f"{value!r} lacks a time zone; add Z for UTC, or an offset such as +02:00.", param, ctx)
        return moment.astimezone(UTC)


class CircleType(click.ParamType[Near]):
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
    "--from-date", type=DayType(), help="Only photos taken on this day or later, by the clock where they were taken."
)
TO_DATE = click.option("--to-date", type=DayType(), help="Only photos taken on this day or earlier.")
NEAR = click.option("--near", type=CircleType(), help="Only photos taken within KM kilometres of a place.")


PERSON = click.option(
    "--person", "persons", multiple=True, metavar="NAME", help="Only photos with this person, as named in Photos."
)
ALBUM = click.option("--album", "albums", multiple=True, metavar="NAME", help="Only photos in this album.")
TEXT = click.option(
    "--text", metavar="WORDS", help="Only photos with these words in title, caption, keywords or original name."
)

SUBTYPE = click.option(
    "--subtype",
    "subtypes",
    multiple=True,
    metavar="KIND",
    type=click.Choice(_SUBTYPES),
    help=f"Only photos and videos of this kind; several add up: {', '.join(_SUBTYPES)}.",
)

UUID = click.option("--uuid", "uuids", multiple=True, metavar="UUID", help="Only this asset; may be repeated.")
LIVE = click.option("--live", is_flag=True, help="Only Live Photos.")
HIDDEN = click.option("--hidden", is_flag=True, help="Only hidden assets.")
DELETED = click.option("--deleted", is_flag=True, help="Only recently or permanently deleted assets.")
MIN_CONFIDENCE = click.option(
    "--min-confidence",
    type=click.Choice(["possible", "probable", "certain"]),
    help="Only FaceTime photos that are at least this sure.",
)

FACETIME = click.option(
    "--facetime",
    is_flag=True,
    help="Only photos with a sign of FaceTime. Faster: hardly any file of others is examined.",
)


def search_options(function: F) -> F:
    """Every search option but --facetime; `search_of` makes one value of them."""
    of_kind = UUID(LIVE(HIDDEN(DELETED(MIN_CONFIDENCE(SUBTYPE(function))))))
    decorated: F = FROM_DATE(TO_DATE(NEAR(PERSON(ALBUM(TEXT(of_kind))))))
    return decorated


def search_of(chosen: Mapping[str, Any]) -> Search:
    """The search that the options ask for; a contradiction in them is wrong usage."""
    try:
        return Search(
            since=chosen["from_date"],
            until=chosen["to_date"],
            near=chosen["near"],
            persons=tuple(map(from_system, chosen["persons"])),
            albums=tuple(map(from_system, chosen["albums"])),
            text=typed(chosen["text"]),
            facetime=chosen.get("facetime", False),
            min_confidence=Verdict(chosen["min_confidence"]) if chosen["min_confidence"] else None,
            deleted=chosen["deleted"],
            hidden=chosen["hidden"],
            live=chosen["live"],
            uuids=frozenset(chosen["uuids"]),
            subtypes=tuple(Subtype(word.replace("-", "_")) for word in chosen["subtypes"]),
        )
    except SelectionError as error:
        raise click.UsageError(f"{error} {error.hint}".strip()) from error
