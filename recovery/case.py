"""Gather everything a backup says about its photos into one frozen value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from recovery import archives, limits
from recovery.backup.identity import Identity
from recovery.backup.view import BackupView
from recovery.database import Database
from recovery.errors import RecoveryError, UnreadableDatabaseError, UnreadableFileError
from recovery.evidence.calls import CALL_HISTORY, CALL_HISTORY_TEMPORARY, Call, read_calls, without_repeats
from recovery.evidence.needs import Store
from recovery.photos import library
from recovery.photos.facetime import worth_a_look
from recovery.photos.grouping import GroupFile, Grouping, RowIndex, group
from recovery.photos.library import PhotoLibrary, read_library
from recovery.photos.media_files import MediaFile, look_inside, media_files
from recovery.photos.places import DOMAIN, ORIGINALS, Part
from recovery.photos.signatures import MediaType, sniff
from recovery.photos.traces import traces_of
from recovery.provenance import Gap, Reading

T = TypeVar("T")

COUNTER = "Media/PhotoData/MISC/DCIM_APPLE.plist"
"""Property list with the last directory and file number the camera used."""
_FILE_NUMBER = re.compile(r"last.*file.*number", re.IGNORECASE)


class Progress(Protocol):
    """How long work tells how far it is; the command line shows it."""

    def start(self, what: str, total: int | None, unit: str = "") -> None:
        """A step of `total` units begins ("B" for bytes, else things); None when nobody knows how many."""

    def advance(self, units: int = 1) -> None:
        """Some units are done."""

    def finish(self) -> None:
        """The step is over."""


class Silent:
    """Progress that nobody looks at."""

    def start(self, what: str, total: int | None, unit: str = "") -> None:
        """See Progress."""

    def advance(self, units: int = 1) -> None:
        """See Progress."""

    def finish(self) -> None:
        """See Progress."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file the manifest lists."""

    file_id: str
    domain: str
    path: str


@dataclass(frozen=True, slots=True)
class UnlistedBlob:
    """A blob the manifest does not list; `type` is None where its bytes are encrypted and tell nothing."""

    file_id: str
    size: int
    type: MediaType | None


@dataclass(frozen=True, slots=True)
class BlobCensus:
    """Manifest and folder held against each other: `listed_blobs` + len(unlisted) are all blobs there."""

    listed_files: int
    listed_blobs: int
    missing: tuple[ListedFile, ...]
    unlisted: tuple[UnlistedBlob, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One backup, read. Nothing in it is a conclusion; the findings draw those."""

    identity: Identity
    encrypted: bool
    census: BlobCensus
    library: PhotoLibrary | None
    grouping: Grouping
    calls: Reading[Call]
    last_file_number: int | None
    gaps: tuple[Gap, ...] = ()


def gather(view: BackupView, progress: Progress | None = None) -> Case:
    """Read everything. What cannot be read becomes a gap; nothing but a foreign bug stops the rest."""
    return _Gatherer(view, progress or Silent()).case()


class _Gatherer:
    """The steps of gathering, in the order in which one needs the other."""

    def __init__(self, view: BackupView, progress: Progress) -> None:
        self.view = view
        self.progress = progress
        self.gaps: list[Gap] = list(view.gaps)

    def case(self) -> Case:
        census = self._census()
        photos = self._library()
        missing = frozenset(item.file_id for item in census.missing)
        files = self._media(missing)
        grouping = self._grouping(photos, files)
        calls = self._calls()
        return Case(
            identity=self.view.identity,
            encrypted=self.view.encrypted,
            census=census,
            library=photos,
            grouping=grouping,
            calls=calls,
            last_file_number=self._last_file_number(),
            gaps=tuple(dict.fromkeys((*self.gaps, *(photos.gaps if photos else ()), *calls.gaps))),
        )

    def _census(self) -> BlobCensus:
        self.progress.start("Listing the files of the backup", None)
        there = dict(self.view.blobs())
        listed, found = 0, 0
        missing: list[ListedFile] = []
        for name, domain, path in self.view.index.file_rows():
            listed += 1
            if there.pop(name, None) is None:
                missing.append(ListedFile(name, domain, path))
            else:
                found += 1
        unlisted = tuple(self._unlisted(name, path) for name, path in sorted(there.items()))
        self.progress.finish()
        return BlobCensus(listed, found, tuple(missing), unlisted)

    def _unlisted(self, name: str, path: Path) -> UnlistedBlob:
        try:
            size = path.stat().st_size
            if self.view.encrypted:
                return UnlistedBlob(name, size, None)
            with path.open("rb") as stream:
                return UnlistedBlob(name, size, sniff(stream.read(limits.MEDIA_HEAD_BYTES)))
        except OSError:
            return UnlistedBlob(name, 0, None)

    def _library(self) -> PhotoLibrary | None:
        self.progress.start("Reading the photo library", None)
        hides = ("dates, states and origin of photos beyond their file attributes", "permanently deleted photos")
        try:
            with self.view.database(library.DOMAIN, library.DATABASE) as database:
                if database is not None:
                    return read_library(database)
            why, fault = "the backup does not list it", False
        except (UnreadableDatabaseError, UnreadableFileError) as error:
            why, fault = str(error), True
        finally:
            self.progress.finish()
        self.gaps.append(Gap("the photo library", library.DATABASE, why, hides, fault))
        return None

    def _media(self, missing: frozenset[str]) -> list[MediaFile]:
        self.progress.start("Looking at the media files", None)
        files = []
        for file in media_files(self.view, missing):
            files.append(file)
            self.progress.advance()
        self.progress.finish()
        return files

    def _grouping(self, photos: PhotoLibrary | None, files: list[MediaFile]) -> Grouping:
        """Group, looking inside files that nothing else describes first, and inside FaceTime candidates after."""
        rows = photos.assets if photos else ()
        index = RowIndex(rows)
        self.progress.start("Looking inside media files", None)
        described = [self._looked_at(file) if _undescribed(file, index) else file for file in files]
        grouping = group(rows, described)
        places = photos.places if photos else {}
        groups = tuple(
            item.updated(self._candidate) if worth_a_look(traces_of(item, places)) else item
            for item in grouping.groups
        )
        self.progress.finish()
        return replace(grouping, groups=groups)

    def _candidate(self, item: GroupFile) -> MediaFile:
        return self._looked_at(item.file) if item.role in ORIGINALS else item.file

    def _looked_at(self, file: MediaFile) -> MediaFile:
        if file.facts is not None or not file.present:
            return file
        facts, gaps = look_inside(self.view, file)
        self.gaps.extend(gaps)
        self.progress.advance()
        return replace(file, facts=facts)

    def _calls(self) -> Reading[Call]:
        self.progress.start("Reading the call history", None)
        main = self._store(CALL_HISTORY, read_calls)
        temporary = self._store(CALL_HISTORY_TEMPORARY, read_calls, required=False)
        self.progress.finish()
        return Reading(without_repeats((*main.records, *temporary.records)), main.gaps + temporary.gaps)

    def _store(self, store: Store, read: Callable[[Database], Reading[T]], *, required: bool = True) -> Reading[T]:
        """Read one database of evidence; a store that is absent or damaged becomes a gap."""
        try:
            with self.view.database(*store.location) as database:
                if database is None:
                    return Reading((), (store.absent(),) if required else ())
                return read(database)
        except RecoveryError as error:
            return Reading((), (store.unreadable(error),))

    def _last_file_number(self) -> int | None:
        entry = self.view.index.lookup(DOMAIN, COUNTER)
        if entry is None:
            return None
        try:
            stored = archives.load_dictionary(self.view.read(entry, limits.MBFILE_BYTES), what=COUNTER)
        except RecoveryError as error:
            self.gaps.append(Gap("the camera's file counter", COUNTER, str(error), ("numbering gaps at the end",)))
            return None
        return next(_numbers(stored), None)


def _numbers(stored: Mapping[str, object]) -> Iterator[int]:
    for name, value in stored.items():
        if _FILE_NUMBER.search(name) and isinstance(value, int):
            yield value


def _undescribed(file: MediaFile, index: RowIndex) -> bool:
    """Whether neither a row nor an attribute tells anything about an original."""
    return file.place.part is Part.ORIGINAL and file.attributes is None and index.loosely(file.place) is None
