"""Gather everything a backup says about its photos into one case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from pathlib import Path

from recovery import limits
from recovery.backup.blobs import BlobState
from recovery.backup.manifest import STORE as MANIFEST
from recovery.backup.manifest import ManifestEntry
from recovery.backup.salvage import GuessedIndex
from recovery.backup.view import BackupView
from recovery.case.candidates import CHOSEN, UNDESCRIBED, choose_candidates
from recovery.case.messages_copies import Copied
from recovery.case.model import AttachmentFile, BlobCensus, Case, Life, ListedFile, Traces, UnlistedBlob
from recovery.case.ownership import assign_files
from recovery.case.photo_traces import read_journals, read_life, read_paths, read_tables
from recovery.case.progress import Progress, Silent
from recovery.case.salvage import learn_names, unnamed_media
from recovery.case.store import WorkingDatabase
from recovery.case.surroundings import read_surroundings
from recovery.database import Database
from recovery.errors import UnreadableDatabaseError, UnreadableFileError
from recovery.photos import library
from recovery.photos.facetime import worth_a_look
from recovery.photos.grouping import Group
from recovery.photos.history import History, read_history
from recovery.photos.library import LibraryReader, PhotoLibrary
from recovery.photos.media_files import MediaFile, examine, look_inside, media_files
from recovery.photos.migrations import Migration, read_migrations
from recovery.photos.places import ORIGINALS, FileRole, Part
from recovery.photos.residue import DeletedRow, carve_assets
from recovery.photos.signatures import sniff
from recovery.photos.traces import Places, by_camera, is_live, is_quiet, traces_of
from recovery.provenance import Gap, Reading

_COPIES = frozenset({FileRole.REDUCED, FileRole.THUMBNAIL})


def gather(
    view: BackupView,
    progress: Progress | None = None,
    *,
    with_events: bool = False,
    uuids: Collection[str] = (),
    only_facetime: bool = False,
) -> Case:
    """Read everything. What cannot be read becomes a gap; nothing but a foreign bug stops the rest.

    `with_events` also gathers what the library's history tells of each asset, of `uuids` alone if any are given.
    With `only_facetime` files of photos with a row, no sign of FaceTime and no copy in Messages stay unexamined.
    """
    return _Gatherer(view, progress or Silent(), uuids if with_events else None, only_facetime).case()


class _Gatherer:
    """The steps of gathering, in the order in which one needs the other."""

    def __init__(
        self, view: BackupView, progress: Progress, events_of: Collection[str] | None, only_facetime: bool
    ) -> None:
        self.view = view
        self.events_of = events_of
        self.only_facetime = only_facetime
        self.spares = False
        """Whether files are left unexamined until something speaks for FaceTime."""
        self.life: Life | None = None
        self.store = view.until_closed(WorkingDatabase(view.new_file("case.db")))
        self.progress = progress
        self.gaps: list[Gap] = []
        self.photos: PhotoLibrary | None = None
        self.history: History | None = None
        self.migrations: Reading[Migration] = Reading()
        self.rows: tuple[DeletedRow, ...] = ()

    def case(self) -> Case:
        self.progress.start("Reading the photo library", None)
        self._library()
        self.progress.start("Listing the files of the backup", None)
        if isinstance(self.view.index, GuessedIndex):
            learn_names(self.view.index, self.store.rows())
        census = self._census()
        traces, gaps_of_traces = self._traces()
        self.progress.start("Looking at the media files", None)
        missing = frozenset(item.file_id for item in census.missing)
        unnamed = unnamed_media(self.view, census)
        self.gaps.extend(unnamed.gaps)
        self._files(missing, unnamed.records)
        self.progress.start("Reading what lies beside the photos", None)
        around, gaps = read_surroundings(self.view, self.store, self.migrations)
        self._examine_candidates(around.attachments)
        self.gaps.extend(gaps_of_traces + gaps)
        self.progress.finish()
        return Case(
            identity=self.view.identity,
            encrypted=self.view.encrypted,
            census=census,
            library=self.photos,
            store=self.store,
            traces=traces,
            around=around,
            gaps=tuple(dict.fromkeys((*self.view.gaps, *self.gaps))),
            only_facetime=self.only_facetime,
        )

    def _census(self) -> BlobCensus:
        there = self.view.blob_names()
        listed = 0
        missing: Counter[str] = Counter()
        for name in self.view.index.file_ids():
            listed += 1
            if name in there:
                there.remove(name)
            else:
                missing[name] += 1
        left = sorted(self.view.blobs(there)) if there else []
        unlisted = tuple(self._unlisted(name, path) for name, path in left)
        return BlobCensus(listed, listed - missing.total(), tuple(self._listed(missing)), unlisted)

    def _listed(self, names: Counter[str]) -> Iterator[ListedFile]:
        """What the manifest says of files whose blob is missing: few as a rule, so it is asked again for them."""
        for name, domain, path in self.view.index.file_rows() if names else ():
            if names[name]:
                names[name] -= 1
                yield ListedFile(name, domain, path)

    def _unlisted(self, name: str, path: Path) -> UnlistedBlob:
        try:
            size = path.stat().st_size
            if self.view.encrypted:
                return UnlistedBlob(name, size, None)
            with path.open("rb") as stream:
                return UnlistedBlob(name, size, sniff(stream.read(limits.MEDIA_HEAD_BYTES)))
        except OSError:
            return UnlistedBlob(name, 0, None)

    def _library(self) -> None:
        """Everything that stands in Photos.sqlite, while one copy of it is open."""
        try:
            with self.view.database(library.DOMAIN, library.DATABASE) as database:
                if database is not None:
                    self.photos = self.store.add_library(LibraryReader(database))
                    self.history = read_history(database)
                    self.migrations = read_migrations(database)
                    self._carve(database)
                    self.gaps.extend(self.photos.gaps + self.history.gaps)
                    if self.events_of is not None:
                        self.life, gaps = read_life(database, self.events_of)
                        self.gaps.extend(gaps)
                    return
            why, fault = "the backup does not list it", False
        except (UnreadableDatabaseError, UnreadableFileError) as error:
            why, fault = str(error), True
        hides = ("dates, states and origin of photos beyond their file attributes", "permanently deleted photos")
        self.gaps.append(Gap("the photo library", library.DATABASE, why, hides, fault))

    def _carve(self, database: Database) -> None:
        """Deleted rows in the same copy: its log is emptied only when it is closed."""
        deleted = self.history.deleted if self.history else ()
        numbers = {item.uuid: item.asset_pk for item in deleted if item.uuid}
        carved = carve_assets(database.path, database, numbers)
        self.rows = carved.records
        self.gaps.extend(carved.gaps)

    def _files(self, missing: frozenset[str], unnamed: Iterable[MediaFile]) -> None:
        """Give every media file to an asset, looking first inside originals that nothing else describes."""
        self.spares = self.only_facetime and any(self.store.run("SELECT 1 FROM asset LIMIT 1"))
        damaged = _Damaged()
        self.store.add_files(chain(self._media(missing, damaged), unnamed))
        self.gaps.extend(damaged.gaps())
        for file in self.store.files(UNDESCRIBED):
            self._look_closer(file)
        assign_files(self.store)

    def _media(self, missing: frozenset[str], damaged: _Damaged) -> Iterator[MediaFile]:
        """The listed files; those whose blob is missing are told so, whether they were examined or not."""
        for file in media_files(self.view, examined=not self.spares):
            damaged.note(file.entry)
            self.progress.advance()
            yield examine(self.view, file) if file.entry.file_id in missing else file

    def _examine_candidates(self, attachments: Iterable[AttachmentFile]) -> None:
        """Look inside FaceTime candidates; where only FaceTime is asked for, examine now what may be of it."""
        places = self.photos.places if self.photos else {}
        copied = Copied.of(attachments)
        choose_candidates(self.store, copied.originals, copied.identifiers)
        for group in chain(self.store.groups(CHOSEN), self.store.groups_without_row()):
            quiet = is_quiet(group)
            promising = _promises(group, places, quiet)
            if not (promising or (self.spares and (not quiet or group.row is None or copied.has(group)))):
                continue
            files = [(role, self._examined(file)) for role, file in group.files]
            wanted = _looked_into(files) if promising else ()
            for (role, file), (_, before) in zip(files, group.files, strict=True):
                known = self._looked_at(file) if role in wanted else file
                if known is not before:
                    self.store.update_file(known)

    def _look_closer(self, file: MediaFile) -> None:
        """Keep what an original says about itself."""
        self.store.update_file(self._looked_at(self._examined(file)))

    def _examined(self, file: MediaFile) -> MediaFile:
        """A file that may have been spared; what was looked into was examined before, thumbnails never are."""
        spared = self.spares and file.facts is None and file.place.part is not Part.THUMBNAIL
        return examine(self.view, file) if spared else file

    def _looked_at(self, file: MediaFile) -> MediaFile:
        if file.facts is not None or not file.present:
            return file
        facts, gaps = look_inside(self.view, file)
        self.gaps.extend(gaps)
        return file._replace(facts=facts)

    def _traces(self) -> tuple[Traces, tuple[Gap, ...]]:
        tables = read_tables(self.view, self.store if self.photos else None)
        journals = read_journals(self.view)
        paths, path_gaps = read_paths(self.view)
        traces = Traces(
            history=self.history,
            journals={item.uuid: item for item in journals},
            tables=tables.records,
            rows=self.rows,
            paths=paths,
            life=self.life,
        )
        return traces, tables.gaps + journals.gaps + path_gaps


class _Damaged:
    """Counts entries of media files that could not be read whole."""

    def __init__(self) -> None:
        self.first: ManifestEntry | None = None
        self.count = 0

    def note(self, entry: ManifestEntry) -> None:
        if entry.problem:
            self.count += 1
            self.first = self.first or entry

    def gaps(self) -> Iterator[Gap]:
        if self.first is not None:
            why = f"of {self.count:,} media files: {self.first.problem} ({self.first.relative_path} first)"
            hides = ("dates, sizes, attributes and keys of these files",)
            yield Gap("records of the manifest", MANIFEST, why, hides, fault=True)


def _looked_into(files: Iterable[tuple[FileRole, MediaFile]]) -> frozenset[FileRole]:
    """Which files of a candidate are read: its originals, and without a whole one the copies, for their size."""
    whole = any(
        role in (FileRole.STILL, FileRole.VIDEO) and file.blob.state is BlobState.PRESENT for role, file in files
    )
    return ORIGINALS if whole else ORIGINALS | _COPIES


def _promises(item: Group, places: Places, quiet: bool) -> bool:
    """Whether marks inside the files could tell more of FaceTime."""
    if quiet:
        return is_live(item) and not by_camera(item)
    return worth_a_look(traces_of(item, places))
