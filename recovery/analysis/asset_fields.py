"""The best stored value of each field of an asset, and where it was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from recovery.analysis.deleted_assets import DeletedAsset
from recovery.case.facetime_evidence import Places, attribute_source, inside_source, row_place
from recovery.case.grouping import Group
from recovery.clock import Moment, in_records, in_utc
from recovery.formats.media import MediaFacts
from recovery.photos_db import codes
from recovery.photos_db.camera_roll_paths import ORIGINALS, FileRole
from recovery.provenance import Source
from recovery.source.manifest import STORE as MANIFEST

T = TypeVar("T")

MOVIE_DATE = "moov/mvhd creation time"
"""Where a video keeps when it was written, in UTC: the only date inside an untouched FaceTime Live Photo."""

FIELDS: Mapping[str, str] = {
    "trashed_state": "trashed",
    "creator_bundle": "importer",
    "cloud_guid": "cloud_identifier",
    "cloud_uuid": "cloud_identifier",
    "media_group_uuid": "live_photo",
}
"""Fields of an asset that are called otherwise than the fact they are; of a Live Photo it is the identifier."""
_OF_ROWS = (
    "uuid", "original_filename", "created", "added", "timezone", "timezone_offset", "width", "height", "latitude",
    "longitude", "favorite", "hidden", "trashed_state", "trashed_at", "title", "caption", "creator_bundle",
    "cloud_guid", "media_group_uuid",
)  # fmt: skip


def field_sources(places: Places) -> Mapping[str, Source]:
    """For the fields of an asset that come from its row: the store and the columns."""
    known = ((FIELDS.get(fact, fact), row_place(fact, places)) for fact in _OF_ROWS)
    return {field: Source(places.store, place) for field, place in known if place}


STATED: tuple[tuple[str, type], ...] = (
    ("original_filename", str), ("timezone", str), ("timezone_offset", int), ("width", int), ("height", int),
    ("latitude", float), ("longitude", float), ("favorite", int), ("hidden", int), ("title", str),
    ("caption", str), ("creator_bundle", str),
)  # fmt: skip
"""Facts that are given on as they are stored, with the type of each."""
_VALUES = attrgetter(*(name for name, _ in STATED))
_NOTHING = (None,) * len(STATED)


class _Value(NamedTuple):
    value: object
    source: Source


def date_inside(files: Iterable[tuple[str, MediaFacts]]) -> tuple[Moment, Source] | None:
    """The date that files state of themselves, and where: one with a zone, else a video's creation time.

    `files` are given by their path in the backup.
    """
    known = tuple(files)
    for path, facts in known:
        stated = facts.date_original
        if stated and stated.tzinfo and (taken := in_utc(stated)):
            return taken, Source(path, "date_original")
    for path, facts in known:
        if facts.movie_created is not None and (made := in_records(facts.movie_created)):
            return made, Source(path, MOVIE_DATE)
    return None


class Fields:
    """Picks values best source first: the row, the attributes, a journal or deleted row, the files themselves.

    `sources` fills up with the place of each value that was picked and is not the row's own: where those stand is
    the same for all rows (`field_sources`).
    """

    def __init__(self, group: Group, deleted_asset: DeletedAsset | None) -> None:
        self._group = group
        self._row = group.row
        self._deleted_asset = deleted_asset
        self._described = [item.file for item in group.files if item.file.attributes is not None]
        self._read = [item.file for item in group.files if item.file.facts is not None and item.role in ORIGINALS]
        self._nowhere_else = not self._described and not self._read and deleted_asset is None
        self.main = group.first(FileRole.STILL, FileRole.VIDEO, FileRole.PAIRED_VIDEO)
        self.sources: dict[str, Source] = {}

    def _values(self, name: str) -> Iterator[_Value]:
        for file in self._described:
            if (value := getattr(file.attributes, name, None)) is not None:
                yield _Value(value, attribute_source(file, name))
        for record, source in self._deleted_asset.records if self._deleted_asset else ():
            if (value := getattr(record, name, None)) is not None:
                yield _Value(value, source)
        for file in self._read:
            if (value := getattr(file.facts, name, None)) is not None:
                yield _Value(value, inside_source(file, name))

    def pick(self, name: str, form: type[T]) -> T | None:
        """The best value of this type."""
        stored = getattr(self._row, name, None)
        if isinstance(stored, form):  # as nearly every field of nearly every asset
            return stored
        if self._nowhere_else:
            return None
        for found in self._values(name):
            if isinstance(found.value, form):
                self.sources[FIELDS.get(name, name)] = found.source
                return found.value
        return None

    def stated(self) -> tuple[Any, ...]:
        """The best values of `STATED`, in that order."""
        found = _VALUES(self._row) if self._row is not None else _NOTHING
        if self._nowhere_else or None not in found:
            return found
        return tuple(
            self.pick(name, form) if value is None else value for value, (name, form) in zip(found, STATED, strict=True)
        )

    def text(self, name: str) -> str | None:
        """The best text, None also for an empty one."""
        return self.pick(name, str) or None

    def uuid(self) -> str | None:
        """The asset's UUID: stored, else the deleted asset's."""
        stored = self.text("uuid")
        if stored is None and self._deleted_asset is not None:
            return self._deleted_asset.uuid
        return stored

    def cloud_identifier(self) -> str | None:
        """What iCloud Photos calls the asset: as the library stores it, else as the file's attributes do."""
        for name in ("cloud_guid", "cloud_uuid"):
            if (stored := self.text(name)) is not None:
                return stored
        return None

    def name_in_cloud(self, store: str) -> str | None:
        """The original name that only iCloud's own record of the asset keeps, in the database `store`."""
        row = self._row
        if row is None or not row.cloud_original_filename:
            return None
        self.sources["original_filename"] = Source(store, "ZCLOUDMASTER.ZORIGINALFILENAME", row.pk)
        return row.cloud_original_filename

    def content_identifier(self) -> str | None:
        """What joins the halves of a Live Photo: as library or attributes state it, else as a file itself does."""
        stored = self.text("media_group_uuid")
        for item in self._group.files if stored is None else ():
            facts = item.file.facts
            if facts is not None and facts.content_identifier:
                self.sources["live_photo"] = inside_source(item.file, "content_identifier")
                return facts.content_identifier
        return stored

    def created(self) -> Moment | None:
        """When the photo was taken: the library's date, else the file's own, else when the file was made."""
        stored = self.pick("created", datetime)
        if stored is not None:
            return in_records(stored)
        dated = date_inside((file.store, file.facts) for file in self._read if file.facts)
        if dated is not None:
            taken, self.sources["created"] = dated
            return taken
        if self._row is None and self.main is not None and self.main.entry.born is not None:
            self.sources["created"] = Source(MANIFEST, f"{self.main.entry.relative_path} Birth")
            return in_records(self.main.entry.born)
        return None

    def is_movie_date(self) -> bool:
        """Whether the date that was picked is the video's own."""
        source = self.sources.get("created")
        return source is not None and source.place == MOVIE_DATE

    def added(self) -> Moment | None:
        """When it came into the library: stored, else the time of its insertion in the history."""
        stored = self.pick("added", datetime)
        history = self._deleted_asset.history if self._deleted_asset else None
        if stored is None and history is not None and history.insertion is not None:
            self.sources["added"] = history.insertion.source
            return in_records(history.inserted_at)
        return in_records(stored)

    def trashed(self) -> tuple[bool | None, Moment | None]:
        """Recently deleted only with a stored state that says so; and since when."""
        row = self._row
        if row is not None and row.trashed_state is not None:
            trashed = row.trashed_state == codes.TrashedState.RECENTLY_DELETED
            return trashed, in_records(row.trashed_at) if trashed else None
        if self._deleted_asset is not None and self._deleted_asset.deletion is not None:
            return False, in_records(self._deleted_asset.history.trashed_at) if self._deleted_asset.history else None
        stored = self.pick("trashed", int)
        return (None if stored is None else stored == codes.TrashedState.RECENTLY_DELETED), None

    def directory_and_name(self) -> tuple[str | None, str | None]:
        """Directory as the library stores it, and file name."""
        if self._row is not None:
            return self._row.directory, self._row.filename
        if self._group.files:
            place = self._group.files[0].file.place
            return place.directory or None, (self.main.entry.name if self.main else "") or place.name
        if self._deleted_asset is not None and self._deleted_asset.path:
            directory, _, name = self._deleted_asset.path.rpartition("/")
            return directory or None, name
        return self.text("directory"), self.text("filename")
