"""Search among assets by date, place, person, album and words: one value that every command shares."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from recovery.analysis.model import Asset, Subtype, Verdict
from recovery.clock import in_stored_zone
from recovery.errors import SelectionError

SUBTYPES = {
    Subtype.SCREENSHOT: "screenshot",
    Subtype.SCREEN_RECORDING: "screen recording",
    Subtype.SLOW_MOTION: "slow motion",
    Subtype.TIME_LAPSE: "time-lapse",
    Subtype.PANORAMA: "panorama",
    Subtype.BURST: "burst",
    Subtype.BURST_FRAME: "burst frame",
    Subtype.PORTRAIT: "portrait",
    Subtype.SPATIAL: "spatial",
    Subtype.LIVE_OFF: "Live Photo switched off",
    Subtype.LOOP: "Loop",
    Subtype.BOUNCE: "Bounce",
    Subtype.LONG_EXPOSURE: "Long Exposure",
}
"""Subtypes in words."""
_EARTH_RADIUS = 6371.0  # kilometres


@dataclass(frozen=True, slots=True)
class Near:
    """Within `kilometres` of a place in degrees."""

    latitude: float
    longitude: float
    kilometres: float

    def covers(self, asset: Asset) -> bool:
        """Whether the asset has a place, and that lies within the circle (great-circle distance)."""
        if asset.latitude is None or asset.longitude is None:
            return False
        south, north = math.radians(self.latitude), math.radians(asset.latitude)
        across = math.radians(asset.longitude - self.longitude) / 2
        half = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * math.sin(across) ** 2
        return 2 * _EARTH_RADIUS * math.asin(math.sqrt(min(1.0, half))) <= self.kilometres


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; the parts narrow each other, and a search without parts fits everything.

    A day as `since` or `until` is one where the photo was taken, by the zone stored with it (else UTC), and both are
    included; times are aware, and `until` is not included. They are held against the date of an asset, else against
    the date it was added. Persons, albums and words match parts of names, whatever their case and accents; all of
    them must be there, words in the title, caption, keywords or original name. Of subtypes and UUIDs one must fit.
    `facetime` takes what has any sign of FaceTime, a possible one included, `min_confidence` what is at least so sure;
    `deleted` takes what is recently or permanently deleted, `live` Live Photos.
    """

    since: date | datetime | None = None
    until: date | datetime | None = None
    near: Near | None = None
    persons: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    text: str | None = None
    facetime: bool = False
    subtypes: tuple[Subtype, ...] = ()
    min_confidence: Verdict | None = None
    deleted: bool = False
    hidden: bool = False
    live: bool = False
    uuids: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for moment in (self.since, self.until):
            if isinstance(moment, datetime) and moment.tzinfo is None:
                raise SelectionError("A date filter needs a time zone.", "Say which zone is meant, or use UTC.")
        if _is_after(self.since, self.until):
            raise SelectionError("The first date of the filter is not before the last.", "Exchange the two dates.")
        if self.near and not (abs(self.near.latitude) <= 90 and abs(self.near.longitude) <= 180):
            raise SelectionError("A place needs a latitude of -90 to 90 and a longitude of -180 to 180 degrees.")
        if self.near and not self.near.kilometres > 0:
            raise SelectionError("The distance from a place must be more than 0 kilometres.")
        if any(not folded(name).strip() for name in (*self.persons, *self.albums)):
            raise SelectionError("A person or album to search for needs a name.")

    @property
    def narrows(self) -> bool:
        """Whether anything is searched for."""
        return self.facetime or self._narrows_further

    @property
    def only_facetime(self) -> bool:
        """Whether FaceTime is all that is searched for."""
        return self.facetime and not self._narrows_further

    @property
    def _narrows_further(self) -> bool:
        words = self.persons or self.albums or self._words
        return self.names_kind or bool(self.since or self.until or self.near or words)

    @property
    def names_kind(self) -> bool:
        """Whether a kind of asset is asked for, or single ones."""
        states = self.deleted or self.hidden or self.live
        return states or bool(self.min_confidence or self.subtypes or self.uuids)

    def fits(self, asset: Asset) -> bool:
        """Whether an asset has everything that is searched for; what it does not tell does not fit."""
        return (
            self._is_of_origin(asset)
            and self.covers(_moment(asset), asset.timezone_offset)
            and (self.near is None or self.near.covers(asset))
            and self._is_of_kind(asset)
            and _all_within(self.persons, asset.persons)
            and _all_within(self.albums, (*asset.albums, *asset.shared_albums, *asset.deleted_albums))
            and _all_within(self._words, _described(asset))
        )

    def _is_of_kind(self, asset: Asset) -> bool:
        return (
            (not self.subtypes or not set(self.subtypes).isdisjoint(asset.subtype))
            and (self.min_confidence is None or asset.facetime.verdict.rank >= self.min_confidence.rank)
            and (not self.deleted or asset.trashed is True or asset.deleted is not None)
            and (not self.hidden or asset.hidden is True)
            and (not self.live or asset.live_photo is not None)
            and (not self.uuids or (asset.uuid or "").upper() in {uuid.upper() for uuid in self.uuids})
        )

    def covers(self, moment: datetime | None, offset: int | None = None) -> bool:
        """Whether a moment lies within the dates that are searched for; an unknown one only where none are.

        `offset` is that of its zone, in seconds east of UTC.
        """
        if self.since is None and self.until is None:
            return True
        if moment is None:
            return False
        local = in_stored_zone(moment, offset).date()
        since, until = self.since, self.until
        if since is not None and not (moment >= since if isinstance(since, datetime) else local >= since):
            return False
        return until is None or (moment < until if isinstance(until, datetime) else local <= until)

    def description(self) -> str:
        """What is searched for, in one line, e.g. `from 2024-05-01, in album “Family”`."""
        parts = [f"from {_minute(self.since)}"] if self.since else []
        if self.until:
            parts.append(f"{'before' if isinstance(self.until, datetime) else 'to'} {_minute(self.until)}")
        if self.near:
            parts.append(f"within {self.near.kilometres:g} km of {self.near.latitude:g}, {self.near.longitude:g}")
        parts += [f"{self.min_confidence.value} or surer"] if self.min_confidence else []
        parts += ["recently or permanently deleted"] if self.deleted else []
        parts += ["hidden"] if self.hidden else []
        parts += ["Live Photo"] if self.live else []
        parts += [f"with the UUID {' or '.join(sorted(self.uuids))}"] if self.uuids else []
        parts += [" or ".join(SUBTYPES[subtype] for subtype in self.subtypes)] if self.subtypes else []
        parts += [f"with “{name}”" for name in self.persons]
        parts += [f"in album “{name}”" for name in self.albums]
        parts += [f"with the words “{' '.join(self._words)}”"] if self._words else []
        return ", ".join(parts)

    def told(self, assets: Iterable[Asset]) -> str:
        """The search, how many fit, and how many could not be held against it, as one paragraph."""
        known = list(filter(self._is_of_origin, assets))
        what = "photos and videos with a sign of FaceTime" if self.facetime else "photos and videos"
        if not self._narrows_further:
            there = "are" if len(known) > 1 else "is"
            return f"Only {what} were asked for; there {there} {f'{len(known):,}' if known else 'none'}."
        fit = sum(map(self.fits, known))
        dateless = sum(_moment(asset) is None for asset in known) if self.since or self.until else 0
        placeless = sum(asset.latitude is None or asset.longitude is None for asset in known) if self.near else 0
        unknown = [
            f"{number:,} {'has' if number == 1 else 'have'} no known {fact}"
            for number, fact in ((dateless, "date"), (placeless, "place"))
            if number
        ]
        left_out = f" {' and '.join(unknown)}, so nobody can say whether they fit." if unknown else ""
        return f"{fit:,} of {len(known):,} {what} fit: {self.description()}.{left_out}"

    @property
    def _words(self) -> tuple[str, ...]:
        return tuple((self.text or "").split())

    def _is_of_origin(self, asset: Asset) -> bool:
        return not self.facetime or asset.facetime.verdict is not Verdict.NO


def folded(text: str) -> str:
    """The text without case and accents, for comparing: `Zoë` and `ZOE` are the same."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(character for character in plain if not unicodedata.combining(character))


def _all_within(wanted: Iterable[str], texts: Iterable[str]) -> bool:
    parts = [folded(part) for part in wanted]
    if not parts:
        return True
    known = [folded(text) for text in texts]
    return all(any(part in text for text in known) for part in parts)


def _described(asset: Asset) -> list[str]:
    return [text for text in (asset.title, asset.caption, asset.original_filename, *asset.keywords) if text]


def _moment(asset: Asset) -> datetime | None:
    return asset.real_created or asset.real_added


def _is_after(since: date | datetime | None, until: date | datetime | None) -> bool:
    """Whether nothing can lie between them; a day and a time are not compared."""
    if isinstance(since, datetime) and isinstance(until, datetime):
        return since >= until
    if since is None or until is None or isinstance(since, datetime) or isinstance(until, datetime):
        return False
    return since > until


def _minute(moment: date | datetime) -> str:
    return moment.isoformat() if not isinstance(moment, datetime) else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
