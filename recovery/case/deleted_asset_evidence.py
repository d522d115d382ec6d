"""Read what is left of assets beside their rows: thumbnail tables, asset journals, remembered paths."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from typing import BinaryIO

from recovery import limits
from recovery.case.case_records import AssetHistory, TableFile
from recovery.case.store import WorkingDatabase
from recovery.database import Database
from recovery.errors import UnreadableDatabaseError, UnreadableError, UnreadableFileError
from recovery.formats import property_list as archives
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.camera_roll_paths import DOMAIN, ROOT, UUID_TEXT, MediaPathPart, media_path
from recovery.photos_db.changes.changed_properties import told_changes
from recovery.photos_db.changes.history import ChangeKind, HistoryEvent, read_events
from recovery.photos_db.changes.journal_assets import JournalAsset, read_asset_journals
from recovery.photos_db.thumbnail_tables import KnownAssets, read_table
from recovery.provenance import Gap, Reading, unreadable
from recovery.source.backup_view import BackupView
from recovery.source.manifest import EntryKind

TABLES = "Media/PhotoData/Thumbnails/"
PATHS = "Media/PhotoData/assetUUIDForPath.plist"
"""Dictionary of path to UUID; found old and stale on real mac libraries."""
JOURNALS = ("Media/PhotoData/Journals/Asset-snapshot.plj", "Media/PhotoData/Journals/Asset-change.plj")


def read_tables(view: BackupView, store: WorkingDatabase | None) -> Reading[TableFile]:
    """Every thumbnail table of the backup, held against the thumbnail numbers of the library's rows."""
    known = None
    if store is not None:
        known = KnownAssets(store.run("SELECT uuid, thumbnail_index FROM asset WHERE uuid <> '' ORDER BY pk"))
    found: list[TableFile] = []
    gaps: list[Gap] = []
    for path in view.index.paths(DOMAIN, TABLES):
        place = media_path(DOMAIN, path)
        entry = view.index.lookup(DOMAIN, path) if place is not None and place.part is MediaPathPart.TABLE else None
        if entry is None or entry.kind is not EntryKind.FILE:
            continue
        try:
            with view.open(entry, scattered=True) as stream:
                size = stream.seek(0, 2)
                table = read_table(entry.relative_path, stream, size, known)
        except UnreadableFileError as error:
            hides = ("small pictures of photos, also of deleted ones",)
            gaps.append(unreadable(GapSubject.THUMBNAIL_TABLE, entry.relative_path, error, *hides))
            continue
        found.append(TableFile(entry, table))
        gaps.extend(table.gaps)
    return Reading(tuple(found), tuple(gaps))


def read_journals(view: BackupView) -> Reading[JournalAsset]:
    """The asset journals, where a backup carries them; their absence is the rule and no gap."""
    with ExitStack() as stack:
        streams: list[tuple[str, BinaryIO]] = []
        gaps: list[Gap] = []
        for path in JOURNALS:
            entry = view.index.lookup(DOMAIN, path)
            if entry is None:
                continue
            try:
                streams.append((path, stack.enter_context(view.open(entry))))
            except UnreadableFileError as error:
                gaps.append(unreadable(GapSubject.ASSET_JOURNAL, path, error, "details of deleted photos"))
        reading = read_asset_journals(streams)
    return Reading(reading.records, tuple(gaps) + reading.gaps)


def read_paths(view: BackupView) -> tuple[Mapping[str, str], tuple[Gap, ...]]:
    """Path below `Media/` by UUID, as the library once wrote them down."""
    entry = view.index.lookup(DOMAIN, PATHS)
    if entry is None:
        return {}, ()
    try:
        stored = archives.load_dictionary(view.read(entry, limits.PLIST_BYTES), what=PATHS)
    except UnreadableError as error:
        return {}, (unreadable(GapSubject.REMEMBERED_PATHS, PATHS, error, "names of deleted photos"),)
    return dict(_paths(stored)), ()


def _paths(stored: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for path, uuid in stored.items():
        if isinstance(uuid, str) and UUID_TEXT.fullmatch(uuid):
            yield uuid.upper(), path.removeprefix("/").removeprefix("var/mobile/").removeprefix(ROOT)


def read_life(database: Database, uuids: Collection[str]) -> tuple[AssetHistory, tuple[Gap, ...]]:
    """What the history tells of these assets, or, without any, what it tells people of all assets.

    Of more changes than are kept the newest count; a damaged history keeps what was read before the damage.
    """
    kept: deque[HistoryEvent] = deque(maxlen=limits.HISTORY_EVENTS)
    left_out, count = 0, 0
    gaps: list[Gap] = []
    try:
        for event in read_events(database, uuids=uuids or None):
            if uuids or event.kind is not ChangeKind.UPDATED or told_changes(event.changed):
                kept.append(event)
                count += 1
            else:
                left_out += 1
    except UnreadableDatabaseError as error:
        gaps.append(unreadable(GapSubject.PERSISTENT_HISTORY, database.store, error, "later events of photos"))
    if count > len(kept):
        gaps.append(
            Gap(
                GapSubject.PERSISTENT_HISTORY,
                database.store,
                GapReason.CHANGES_LIMITED,
                ("older events of photos",),
                values=(len(kept), count),
            )
        )
    return AssetHistory(tuple(kept), left_out), tuple(gaps)
