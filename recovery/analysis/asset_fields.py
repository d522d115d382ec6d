"""The best stored value of each field of an asset, and where it was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import TypeVar

from recovery.analysis.deleted_assets import Ghost
from recovery.analysis.model import FieldSources
from recovery.case.facetime_evidence import Places, attribute_source, inside_source, row_place, row_source
from recovery.case.grouping import Group
from recovery.clock import in_utc
from recovery.formats.media import MediaFacts
from recovery.photos_db import codes
from recovery.photos_db.camera_roll_paths import ORIGINALS, FileRole
from recovery.photos_db.library import DATABASE
from recovery.provenance import Source
from recovery.source.manifest import STORE as MANIFEST

T = TypeVar("T")

MOVIE_DATE_NOTE = (
    "its date is the creation time stored in the video (mvhd, UTC); which device's clock that is, is not known, "
    "and a converted video states when it was converted"
)
MOVIE_DATE = "moov/mvhd creation time"
"""Where a video keeps when it was written, in UTC: the only date inside an untouched FaceTime Live Photo."""


@dataclass(frozen=True, slots=True)
class _Value:
    value: object
    source: Source


_Entries = tuple[tuple[str, str | Source], ...]
_NAME = itemgetter(0)


@lru_cache(maxsize=10_000)
def _kept_once(entries: _Entries) -> _Entries:
    """The first of all equal values."""
    return entries


def date_inside(files: Iterable[tuple[str, MediaFacts]]) -> tuple[datetime, Source] | None:
    """The date that files state of themselves, and where: one with a zone, else a video's creation time.

    `files` are given by their path in the backup.
    """
    known = tuple(files)
    for path, facts in known:
        stated = facts.date_original
        if stated and stated.tzinfo and (taken := in_utc(stated)):
            return taken, Source(path, "date_original")
    return next(((f.movie_created, Source(path, MOVIE_DATE)) for path, f in known if f.movie_created), None)


class Fields:
    """Picks values best source first: the row, the attributes, a journal or deleted row, the files themselves.

    `sources` fills up with the place of each value that was picked; a text is a place in the asset's own row.
    """

    def __init__(self, group: Group, ghost: Ghost | None, places: Places) -> None:
        self._group = group
        self._row = group.row
        self._ghost = ghost
        self._places = places
        self.main = group.first(FileRole.STILL, FileRole.VIDEO, FileRole.PAIRED_VIDEO)
        self.sources: dict[str, str | Source] = {}

    def read_from(self) -> FieldSources:
        """The sources of everything picked so far."""
        entries = tuple(sorted(self.sources.items(), key=_NAME))
        return FieldSources(DATABASE, self._row.pk if self._row is not None else None, _kept_once(entries))

    def _values(self, name: str) -> Iterator[_Value]:
        if self._row is not None and (value := getattr(self._row, name, None)) is not None:
            yield _Value(value, row_source(self._row, name, self._places))
        for item in self._group.files:
            attributes = item.file.attributes
            if attributes is not None and (value := getattr(attributes, name, None)) is not None:
                yield _Value(value, attribute_source(item.file, name))
        for record, source in self._ghost.records if self._ghost else ():
            if (value := getattr(record, name, None)) is not None:
                yield _Value(value, source)
        for item in self._group.files:
            facts = item.file.facts if item.role in ORIGINALS else None
            if facts is not None and (value := getattr(facts, name, None)) is not None:
                yield _Value(value, inside_source(item.file, name))

    def pick(self, name: str, form: type[T]) -> T | None:
        """The best value of this type."""
        stored = getattr(self._row, name, None)
        if isinstance(stored, form):  # as nearly every field of nearly every asset
            self.sources[name] = row_place(name, self._places)
            return stored
        for found in self._values(name):
            if isinstance(found.value, form):
                self.sources[name] = found.source
                return found.value
        return None

    def text(self, name: str) -> str | None:
        """The best text, None also for an empty one."""
        return self.pick(name, str) or None

    def truth(self, name: str) -> bool | None:
        """The best number, as yes or no."""
        value = self.pick(name, int)
        return None if value is None else bool(value)

    def degrees(self, name: str) -> float | None:
        """The best coordinate; the library's mark for "no place" counts as none."""
        value = self.pick(name, float)
        return None if value == codes.NO_PLACE else value

    def uuid(self) -> str | None:
        """The asset's UUID: stored, else the ghost's."""
        stored = self.text("uuid")
        if stored is None and self._ghost is not None:
            return self._ghost.uuid
        return stored

    def cloud_identifier(self) -> str | None:
        """What iCloud Photos calls the asset: as the library stores it, else as the file's attributes do."""
        for name in ("cloud_guid", "cloud_uuid"):
            if (stored := self.text(name)) is not None:
                self.sources["cloud_identifier"] = self.sources.pop(name)
                return stored
        return None

    def created(self) -> datetime | None:
        """When the photo was taken: the library's date, else the file's own, else when the file was made."""
        stated = self.pick("created", datetime)
        if stated is not None:
            return stated
        originals = (item.file for item in self._group.files if item.role in ORIGINALS)
        dated = date_inside((file.store, file.facts) for file in originals if file.facts)
        if dated is not None:
            taken, self.sources["created"] = dated
            return taken
        if self._row is None and self.main is not None and self.main.entry.born is not None:
            self.sources["created"] = Source(MANIFEST, f"{self.main.entry.relative_path} Birth")
            return self.main.entry.born
        return None

    def is_movie_date(self) -> bool:
        """Whether the date that was picked is the video's own."""
        source = self.sources.get("created")
        return isinstance(source, Source) and source.place == MOVIE_DATE

    def added(self) -> datetime | None:
        """When it came into the library: stored, else the time of its insertion in the history."""
        stored = self.pick("added", datetime)
        history = self._ghost.history if self._ghost else None
        if stored is None and history is not None and history.insertion is not None:
            self.sources["added"] = history.insertion.source
            return history.inserted_at
        return stored

    def trashed(self) -> tuple[bool | None, datetime | None]:
        """Recently deleted only with a stored state that says so; and since when."""
        row = self._row
        if row is not None and row.trashed_state is not None:
            self.sources["trashed"] = row_place("trashed_state", self._places)
            trashed = row.trashed_state == codes.TrashedState.RECENTLY_DELETED
            if trashed and row.trashed_at is not None:
                self.sources["trashed_at"] = row_place("trashed_at", self._places)
            return trashed, row.trashed_at if trashed else None
        if self._ghost is not None and self._ghost.deletion is not None:
            return False, self._ghost.history.trashed_at if self._ghost.history else None
        stored = self.pick("trashed", int)
        return (None if stored is None else stored == codes.TrashedState.RECENTLY_DELETED), None

    def directory_and_name(self) -> tuple[str | None, str | None]:
        """Directory as the library stores it, and file name."""
        if self._row is not None:
            return self._row.directory, self._row.filename
        if self._group.files:
            place = self._group.files[0].file.place
            return place.directory or None, (self.main.entry.name if self.main else "") or place.name
        if self._ghost is not None and self._ghost.path:
            directory, _, name = self._ghost.path.rpartition("/")
            return directory or None, name
        return self.text("directory"), self.text("filename")
