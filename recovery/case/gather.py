"""Gather everything a backup says about its photos into one case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from pathlib import Path

from recovery import limits
from recovery.backup_marks import is_unpacked
from recovery.case.app_data_readings import read_surroundings
from recovery.case.case_records import (
    AssetHistory,
    Case,
    DeletedAssetEvidence,
    InventoryCheck,
    ListedFile,
    SharedWithYou,
    UnlistedBlob,
)
from recovery.case.deleted_asset_evidence import read_journals, read_life, read_paths, read_tables
from recovery.case.facetime_candidates import LOOKED_AT, UNDESCRIBED, choose_candidates, choose_looked_at
from recovery.case.facetime_evidence import (
    Places,
    by_camera,
    could_be_facetime_by_size,
    facetime_evidence_of,
    has_no_facetime_hints,
    is_live,
)
from recovery.case.grouping import Group
from recovery.case.latest_date import latest_date
from recovery.case.message_media import read_facetime_messages
from recovery.case.messages_copies import Copied, same_bytes
from recovery.case.ownership import assign_files
from recovery.case.store import WorkingDatabase
from recovery.case.unlisted_media import learn_names, package_paths, unnamed_media
from recovery.database import Database
from recovery.errors import BlobMissingError, BlobRefusedError, UnreadableDatabaseError, UnreadableFileError
from recovery.formats.signatures import sniff
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db import library
from recovery.photos_db.camera_roll_paths import ORIGINALS, FileRole, MediaPathPart
from recovery.photos_db.carved_assets import DeletedRow, carve_assets
from recovery.photos_db.changes.history import History, read_history
from recovery.photos_db.changes.migrations import Migration, read_migrations
from recovery.photos_db.facetime_signals import Verdict, judge, needs_media_scan
from recovery.photos_db.library import LibraryLocation, LibraryReader, PhotoLibrary
from recovery.photos_db.marks import may_carry_marks
from recovery.photos_db.media_files import MediaFile, deferred_gap, examine, look_inside, media_files, package_files
from recovery.provenance import Gap, Reading, unreadable
from recovery.refusals import REFUSALS, refused
from recovery.source import reading
from recovery.source.backup_view import BackupView
from recovery.source.blobs import BlobState
from recovery.source.guessed_index import GuessedIndex
from recovery.source.manifest import STORE as MANIFEST

_COPIES = frozenset({FileRole.REDUCED, FileRole.THUMBNAIL})


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


_LIBRARY_HIDES = (
    "dates, states and origin of photos beyond their file attributes",
    "permanently deleted photos",
)


class _Gatherer:
    """The steps of gathering, in the order in which one needs the other."""

    def __init__(
        self,
        view: BackupView,
        events_of: Collection[str] | None = None,
        only_facetime: bool = False,
        location: LibraryLocation = library.PHOTOS,
    ) -> None:
        self.view = view
        self.location = location
        self.events_of = events_of
        self.only_facetime = only_facetime
        self.spares = False
        """Whether files are left unexamined until something speaks for FaceTime."""
        self.life: AssetHistory | None = None
        self.progress = view.progress
        path = view.new_file("case.db" if location is library.PHOTOS else f"{location.name}.db")
        self.store = view.until_closed(WorkingDatabase(path, self.progress))
        self.gaps: list[Gap] = []
        self.photos: PhotoLibrary | None = None
        self.history: History | None = None
        self.migrations: Reading[Migration] = Reading()
        self.rows: tuple[DeletedRow, ...] = ()
        self.unread = _Counted()
        """Small pictures and videos that could not be searched for marks."""

    def case(self) -> Case:
        """All of it."""
        self.progress.start("Reading the photo library", None, " rows")
        self._library()
        self.progress.start("Listing the files of the backup", None)
        if isinstance(self.view.index, GuessedIndex):
            learn_names(self.view.index, self.store.rows())
        messages = read_facetime_messages(self.view)  # before the census, which calls what has no name unlisted
        census = self._census()
        traces, gaps_of_traces = self._traces()
        self.progress.start("Looking at the media files", None)
        missing = frozenset(item.file_id for item in census.missing) | census.hidden
        unnamed = unnamed_media(self.view, census)
        self.gaps.extend(unnamed.gaps)
        self._files(chain(self._media(missing), unnamed.records))
        shared = self._shared_with_you()
        self.progress.start("Reading what lies beside the photos", None)
        stores = [reader.store for reader in (self, shared) if reader is not None]
        around, gaps = read_surroundings(self.view, stores, self.migrations, messages)
        copied = Copied.of(around.attachments)
        second = None
        if shared is not None:
            second, copied = shared.second_library(self.store, copied)
            self.gaps.extend(shared.gaps)
        self._examine_candidates(copied)
        self.gaps.extend(gaps_of_traces + gaps)
        self.progress.finish()
        return Case(
            identity=self.view.identity,
            encrypted=self.view.encrypted,
            file_lists=self.view.file_lists,
            census=census,
            library=self.photos,
            store=self.store,
            traces=traces,
            around=around,
            gaps=tuple(dict.fromkeys((*self.view.gaps, *self.gaps))),
            latest_date=latest_date(self.view, self.store),
            only_facetime=self.only_facetime,
            shared_with_you=second,
        )

    def _shared_with_you(self) -> _Gatherer | None:
        """The reader of the second library with its rows and files read; None where the backup lists none of it."""
        location = library.SHARED_WITH_YOU
        if isinstance(self.view.index, GuessedIndex):
            self.view.index.learn(location.domain, (location.database, f"{location.database}-wal"))
        base = library.SHARED_WITH_YOU_PACKAGE
        if next(self.view.index.entries(location.domain, base), None) is None:
            return None
        self.progress.start("Reading Shared with You", None)
        shared = _Gatherer(self.view, location=location)
        shared._library()
        if isinstance(self.view.index, GuessedIndex):
            self.view.index.learn(location.domain, package_paths(base, shared.store.rows()))
        shared._files(package_files(self.view, location.domain, base))
        return shared

    def second_library(self, photos: WorkingDatabase, copied: Copied) -> tuple[SharedWithYou, Copied]:
        """This library as the second one of a case, and what is copied, the photos of FaceTime in it among that."""
        self._examine_candidates(copied)
        same_as = same_bytes(self.view, self.store, photos)
        places = Places.of(self.photos)
        originals, identifiers = set(copied.originals), set(copied.identifiers)
        for group in chain(self.store.groups(), self.store.groups_without_row()):
            if judge(facetime_evidence_of(group, places)).verdict is not Verdict.NO:
                names = (item.file.entry.file_id for item in group.files)
                originals.update(same_as[name] for name in names if name in same_as)
                identifiers.update(map(str.upper, group.content_identifiers()))
        traces = DeletedAssetEvidence(history=self.history, rows=self.rows)
        return (
            SharedWithYou(self.photos, self.store, traces, same_as),
            Copied(frozenset(originals), frozenset(identifiers)),
        )

    def _census(self) -> InventoryCheck:
        there = self.view.blob_names()
        listed = 0
        missing: Counter[str] = Counter()
        hidden: set[str] = set()
        for name in self.view.index.file_ids():
            listed += 1
            if name in there:
                there.remove(name)
            elif self.view.may_hold(name):
                hidden.add(name)
            else:
                missing[name] += 1
        left = sorted(self.view.blobs(there)) if there else []
        unlisted = tuple(self._unlisted(name, path) for name, path in left)
        return InventoryCheck(
            listed,
            listed - missing.total(),
            tuple(self._listed(missing)),
            unlisted,
            frozenset(hidden),
            is_unpacked(self.view.identity.folder),
        )

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
        path = self.location.database
        try:
            with self.view.database(self.location.domain, path, self.progress.advance) as database:
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
            gap = Gap(GapSubject.PHOTO_LIBRARY, path, GapReason.NOT_LISTED, _LIBRARY_HIDES)
        except (UnreadableDatabaseError, UnreadableFileError) as error:
            gap = unreadable(GapSubject.PHOTO_LIBRARY, path, error, *_LIBRARY_HIDES)
        self.gaps.append(gap)

    def _carve(self, database: Database) -> None:
        """Deleted rows in the same copy: its log is emptied only when it is closed."""
        deleted = self.history.deleted if self.history else ()
        numbers = {item.uuid: item.asset_pk for item in deleted if item.uuid}
        carved = carve_assets(database.original, database, numbers)
        self.rows = carved.records
        self.gaps.extend(carved.gaps)

    def _files(self, files: Iterable[MediaFile]) -> None:
        """Give every media file to an asset, looking first inside originals that nothing else describes."""
        self.store.add_files(files)
        for file in self.store.files(UNDESCRIBED):
            self._look_closer(file)
        assign_files(self.store)

    def _media(self, missing: frozenset[str]) -> Iterator[MediaFile]:
        """The listed files; those whose blob is missing are told so, whether they were examined or not."""
        self.spares = self.only_facetime and any(self.store.run("SELECT 1 FROM asset LIMIT 1"))
        damaged = _Counted()
        named = self.store.run("SELECT DISTINCT directory FROM asset WHERE directory <> ''")
        directories = {directory for (directory,) in named}
        for file in media_files(self.view, examined=not self.spares, directories=directories):
            if file.entry.problem:
                damaged.note(file.entry.relative_path, file.entry.problem)
            self.progress.advance()
            yield examine(self.view, file) if file.entry.file_id in missing else file
        hides = ("dates, sizes, attributes and keys of these files",)
        self.gaps.extend(damaged.gaps(GapSubject.MANIFEST_RECORDS, hides, MANIFEST))
        self.gaps.extend(deferred_gap(self.view))

    def _examine_candidates(self, copied: Copied) -> None:
        """Look inside FaceTime candidates; where only FaceTime is asked for, examine now what may be of it."""
        places = Places.of(self.photos)
        choose_candidates(self.store, copied.originals, copied.identifiers)
        choose_looked_at(self.store, survivors=not self.spares)
        marked: list[int] = []
        for group in chain(self.store.groups(LOOKED_AT), self.store.groups_without_row()):
            self.progress.advance(0)
            quiet = has_no_facetime_hints(group)
            has_marks = False
            promising = _promises(group, places, quiet) or (has_marks := self._is_marked(group))
            if self.spares and not (promising or not quiet or group.row is None or copied.has(group)):
                continue
            if has_marks and group.row is not None:
                marked.append(group.row.pk)
            files = [(role, self._examined(file)) for role, file in group.files]
            whole = _is_whole(files)
            if not whole:
                files = [(role, self._survivor(file)) for role, file in files]
            wanted = () if not promising else ORIGINALS if whole else ORIGINALS | _COPIES
            for (role, file), (_, before) in zip(files, group.files, strict=True):
                known = self._looked_at(file) if role in wanted else file
                if known is not before:
                    self.store.update_file(known)
        self.store.add("INSERT OR IGNORE INTO chosen VALUES (?)", ((pk,) for pk in marked))
        hides = ("FaceTime marks inside the file",)
        self.gaps.extend(self.unread.gaps(GapSubject.SMALL_PICTURES, hides))

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
        except OSError as error:
            self.view.unread(file.entry, refused(error))
        except UnreadableFileError as error:
            if isinstance(error, BlobRefusedError):
                self.view.unread(file.entry, error)
            else:
                self.unread.note(file.store, str(error))
        return False

    def _look_closer(self, file: MediaFile) -> None:
        """Keep what an original says about itself."""
        self.store.update_file(self._looked_at(self._examined(file)))

    def _examined(self, file: MediaFile) -> MediaFile:
        """A file that may have been spared; what was looked into was examined before, thumbnails never are."""
        spared = self.spares and file.facts is None and file.place.part is not MediaPathPart.THUMBNAIL
        return examine(self.view, file) if spared else file

    def _survivor(self, file: MediaFile) -> MediaFile:
        """A thumbnail, told whether it is damaged: it may be all that is left of the photo."""
        if file.place.part is not MediaPathPart.THUMBNAIL or file.blob.state is not BlobState.PRESENT:
            return file
        examined = examine(self.view, file)
        return file if examined.blob.state is BlobState.PRESENT else examined

    def _looked_at(self, file: MediaFile) -> MediaFile:
        if file.facts is not None or not file.present:
            return file
        facts, gaps = look_inside(self.view, file)
        refusal = next((gap for gap in gaps if gap.why in REFUSALS), None)
        if refusal is not None:  # its ends can be read, and something between them cannot
            error = BlobRefusedError(refusal.why, str(refusal.values[0]))
            return file._replace(blob=self.view.unread(file.entry, error))
        self.gaps.extend(gaps)
        return file._replace(facts=facts)

    def _traces(self) -> tuple[DeletedAssetEvidence, tuple[Gap, ...]]:
        tables = read_tables(self.view, self.store if self.photos else None)
        journals = read_journals(self.view)
        paths, path_gaps = read_paths(self.view)
        traces = DeletedAssetEvidence(
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

    def gaps(self, what: GapSubject, hides: tuple[str, ...], where: str = "") -> Iterator[Gap]:
        if self.count:
            values = self.count, self.why, self.path
            yield Gap(what, where or self.path, GapReason.RECORDS_OF_FILES, hides, fault=True, values=values)


def _is_whole(files: Iterable[tuple[FileRole, MediaFile]]) -> bool:
    """Whether the picture or video itself is here, so that no smaller copy need stand in for it."""
    return any(
        role in (FileRole.STILL, FileRole.VIDEO) and file.blob.state is BlobState.PRESENT for role, file in files
    )


def _promises(item: Group, places: Places, quiet: bool) -> bool:
    """Whether marks inside the files could tell more of FaceTime."""
    if quiet:
        return is_live(item) and not by_camera(item)
    return needs_media_scan(facetime_evidence_of(item, places))
