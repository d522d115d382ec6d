"""Gather everything a backup says about its photos into one case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path

from recovery import limits
from recovery.ahead import ahead, possible
from recovery.case.app_data_readings import read_surroundings
from recovery.case.deleted_asset_evidence import read_journals, read_life, read_paths, read_tables
from recovery.case.facetime_evidence import (
    Places,
    by_camera,
    could_be_facetime_by_size,
    is_live,
    is_quiet,
    traces_of,
)
from recovery.case.grouping import Group, Grouping, group
from recovery.case.message_media import read_facetime_messages
from recovery.case.messages_copies import Copied
from recovery.case.records import AttachmentFile, BlobCensus, Case, Life, ListedFile, Traces, UnlistedBlob
from recovery.case.unlisted_media import learn_names, unnamed_media
from recovery.database import Database
from recovery.errors import BlobMissingError, UnreadableDatabaseError, UnreadableFileError
from recovery.formats.signatures import sniff
from recovery.photos_db import library
from recovery.photos_db.camera_roll_paths import ORIGINALS, FileRole, Part
from recovery.photos_db.carved_assets import DeletedRow, carve_assets
from recovery.photos_db.facetime_signals import worth_a_look
from recovery.photos_db.history import History, read_history
from recovery.photos_db.library import PhotoLibrary, read_library
from recovery.photos_db.marks import may_carry_marks
from recovery.photos_db.media_files import MediaFile, examine, look_inside, media_files
from recovery.photos_db.migrations import Migration, read_migrations
from recovery.photos_db.row_index import RowIndex
from recovery.provenance import Gap, Reading
from recovery.source import reading
from recovery.source.backup_view import BackupView
from recovery.source.blobs import BlobState
from recovery.source.guessed_index import GuessedIndex
from recovery.source.manifest import STORE as MANIFEST

_COPIES = frozenset({FileRole.REDUCED, FileRole.THUMBNAIL})
_TOGETHER = 1_000  # media files that another process hands over at once


def gather(
    view: BackupView,
    *,
    with_events: bool = False,
    uuids: Collection[str] = (),
    only_facetime: bool = False,
) -> Case:
    """Read everything. What cannot be read becomes a gap; nothing but a foreign bug stops the rest.

    `with_events` also gathers what the library's history tells of each asset, of `uuids` alone if any are given.
    With `only_facetime` files of photos with a row, no sign of FaceTime and no copy in Messages stay unexamined.
    """
    return _Gatherer(view, uuids if with_events else None, only_facetime).case()


class _Gatherer:
    """The steps of gathering, in the order in which one needs the other."""

    def __init__(self, view: BackupView, events_of: Collection[str] | None, only_facetime: bool) -> None:
        self.view = view
        self.events_of = events_of
        self.only_facetime = only_facetime
        self.spares = False
        """Whether files are left unexamined until something speaks for FaceTime."""
        self.life: Life | None = None
        self.progress = view.progress
        self.gaps: list[Gap] = []
        self.photos: PhotoLibrary | None = None
        self.history: History | None = None
        self.migrations: Reading[Migration] = Reading()
        self.rows: tuple[DeletedRow, ...] = ()
        self.unread = _Counted()
        """Small pictures and videos that could not be searched for marks."""

    def case(self) -> Case:
        """Media files need nothing of the library: where there are many, another process looks at them now."""
        listed = partial(media_files, self.view, examined=not self.only_facetime)
        with ahead(listed, self.view.room, together=_TOGETHER, pays=self._is_large()) as files:
            return self._case(files)

    def _is_large(self) -> bool:
        """Whether another process for the files is worth its start; guessed names come from the library first."""
        if isinstance(self.view.index, GuessedIndex) or not possible():
            return False
        # Not counted by SQLite: that reads an index, which nothing else needs whole.
        least = limits.ENTRIES_WORTH_A_PROCESS
        return sum(1 for _ in islice(self.view.index.file_ids(), least)) == least

    def _case(self, files: Iterator[MediaFile]) -> Case:
        self.progress.start("Reading the photo library", None, " rows")
        self._library()
        self.progress.start("Listing the files of the backup", None)
        if isinstance(self.view.index, GuessedIndex):
            learn_names(self.view.index, self.photos.assets if self.photos else ())
        messages = read_facetime_messages(self.view)  # before the census, which calls what has no name unlisted
        census = self._census()
        traces, gaps_of_traces = self._traces()  # before the grouping, which waits for the media files
        self.progress.start("Looking at the media files", None)
        missing = frozenset(item.file_id for item in census.missing)
        unnamed = unnamed_media(self.view, census)
        self.gaps.extend(unnamed.gaps)
        grouping = self._grouping(files, missing, unnamed.records)
        self.progress.start("Reading what lies beside the photos", None)
        around, gaps = read_surroundings(self.view, grouping, self.migrations, messages)
        grouping = self._settled(grouping, around.attachments)
        self.gaps.extend(gaps_of_traces + gaps)
        self.progress.finish()
        return Case(
            identity=self.view.identity,
            encrypted=self.view.encrypted,
            census=census,
            library=self.photos,
            grouping=grouping,
            traces=traces,
            around=around,
            gaps=tuple(dict.fromkeys((*self.view.gaps, *self.gaps))),
            only_facetime=self.only_facetime,
            room=self.view.room,
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
            with reading.open_file(path) as stream:
                return UnlistedBlob(name, size, sniff(stream.read(limits.MEDIA_HEAD_BYTES)))
        except OSError:
            return UnlistedBlob(name, 0, None)

    def _library(self) -> None:
        """Everything that stands in Photos.sqlite, while one copy of it is open."""
        try:
            with self.view.database(library.DOMAIN, library.DATABASE, self.progress.advance) as database:
                if database is not None:
                    self.photos = read_library(database, self.view.room)
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
        carved = carve_assets(database.original, database, numbers)
        self.rows = carved.records
        self.gaps.extend(carved.gaps)

    def _grouping(
        self, listed: Iterator[MediaFile], missing: frozenset[str], unnamed: Iterable[MediaFile]
    ) -> Grouping:
        """Group the media files, looking first inside those that nothing else describes."""
        rows = self.photos.assets if self.photos else ()
        self.spares = self.only_facetime and len(rows) > 0
        index = RowIndex(rows)
        damaged, gaps = _Counted(), self.gaps
        self.gaps = []
        files = chain(self._media(listed, missing, damaged), unnamed)
        looked = (self._looked_at(self._examined(file)) if _undescribed(file, index) else file for file in files)
        grouping = group(rows, looked, index, self.view.room)
        hides = ("dates, sizes, attributes and keys of these files",)
        of_manifest = damaged.gaps("records of the manifest", hides, MANIFEST)
        self.gaps = [*gaps, *of_manifest, *self.gaps]
        return grouping

    def _settled(self, grouping: Grouping, attachments: Iterable[AttachmentFile]) -> Grouping:
        """Look inside FaceTime candidates; where only FaceTime is asked for, examine now what may be of it."""
        places = self.photos.places if self.photos else {}
        copied = Copied.of(attachments)

        def change(item: Group) -> Group:
            self.progress.advance(0)
            quiet = is_quiet(item)
            promising = _promises(item, places, quiet) or self._is_marked(item)
            wanted = not self.spares or promising or not quiet or item.row is None or copied.has(item)
            if self.spares and wanted:
                item = item.updated(lambda known: self._examined(known.file))
            if wanted and not _is_whole(item):
                item = self._with_survivors(item)
            return self._looked_into(item) if promising else item

        marked = grouping.updated(change, self.view.room)
        self.gaps.extend(
            self.unread.gaps("the inside of small pictures and videos", ("FaceTime marks inside the file",))
        )
        return marked

    def _is_marked(self, item: Group) -> bool:
        """Whether a file of an asset no larger than FaceTime's, and not the camera's, may carry a mark of it."""
        return could_be_facetime_by_size(item) and any(
            role in ORIGINALS and file.facts is None and self._may_carry_marks(file) for role, file in item.files
        )

    def _may_carry_marks(self, file: MediaFile) -> bool:
        if not file.present:
            return False
        try:
            with self.view.open(file.entry, scattered=True) as stream:
                return may_carry_marks(stream)
        except BlobMissingError:
            return False  # told as a missing blob, also where files were not examined
        except (OSError, UnreadableFileError) as error:
            why = str(error) if isinstance(error, UnreadableFileError) else type(error).__name__
            self.unread.note(file.store, why)
            return False

    def _media(
        self, listed: Iterator[MediaFile], missing: frozenset[str], damaged: _Counted
    ) -> Iterator[MediaFile]:
        """The listed files; those whose blob is missing are told so, whether they were examined or not."""
        late = self.only_facetime and not self.spares
        for file in listed:
            if file.entry.problem:
                damaged.note(file.entry.relative_path, file.entry.problem)
            self.progress.advance()
            spared = late and file.place.part is not Part.THUMBNAIL
            yield examine(self.view, file) if spared or file.entry.file_id in missing else file

    def _looked_into(self, found: Group) -> Group:
        """A candidate with its originals looked into; without a whole picture also the copies, for their size."""
        wanted = ORIGINALS if _is_whole(found) else ORIGINALS | _COPIES
        return found.updated(lambda item: self._looked_at(item.file) if item.role in wanted else item.file)

    def _examined(self, file: MediaFile) -> MediaFile:
        """A file that may have been spared; what was looked into was examined before, thumbnails never are."""
        spared = self.spares and file.facts is None and file.place.part is not Part.THUMBNAIL
        return examine(self.view, file) if spared else file

    def _with_survivors(self, found: Group) -> Group:
        """The same group, told which of its thumbnails are damaged: one may be all that is left of the photo."""
        examined = (self._if_damaged(item.file) for item in found.files)
        damaged = {file.entry.file_id: file for file in examined if file is not None}
        if not damaged:  # a group that stays the same is not kept twice
            return found
        return found.updated(lambda item: damaged.get(item.file.entry.file_id, item.file))

    def _if_damaged(self, file: MediaFile) -> MediaFile | None:
        if file.place.part is not Part.THUMBNAIL or file.blob.state is not BlobState.PRESENT:
            return None
        examined = examine(self.view, file)
        return None if examined.blob.state is BlobState.PRESENT else examined

    def _looked_at(self, file: MediaFile) -> MediaFile:
        if file.facts is not None or not file.present:
            return file
        facts, gaps = look_inside(self.view, file)
        self.gaps.extend(gaps)
        return file._replace(facts=facts)

    def _traces(self) -> tuple[Traces, tuple[Gap, ...]]:
        tables = read_tables(self.view, self.photos)
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


class _Counted:
    """Counts media files of which something could not be read, to tell all of them as one gap."""

    def __init__(self) -> None:
        self.path = ""
        self.why = ""
        self.count = 0

    def note(self, path: str, why: str) -> None:
        if not self.count:
            self.path, self.why = path, why
        self.count += 1

    def gaps(self, what: str, hides: tuple[str, ...], where: str = "") -> Iterator[Gap]:
        if self.count:
            why = f"of {self.count:,} media files: {self.why} ({self.path} first)"
            yield Gap(what, where or self.path, why, hides, fault=True)


def _promises(item: Group, places: Places, quiet: bool) -> bool:
    """Whether marks inside the files could tell more of FaceTime."""
    if quiet:
        return is_live(item) and not by_camera(item)
    return worth_a_look(traces_of(item, places))


def _is_whole(found: Group) -> bool:
    """Whether the picture or video itself is here, so that no smaller copy need stand in for it."""
    return any(
        item.role in (FileRole.STILL, FileRole.VIDEO) and item.file.blob.state is BlobState.PRESENT
        for item in found.files
    )


def _undescribed(file: MediaFile, index: RowIndex) -> bool:
    """Whether neither a row nor an attribute tells anything about an original."""
    return file.place.part is Part.ORIGINAL and file.attributes is None and index.loosely(file.place) is None
