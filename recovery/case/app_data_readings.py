"""Read the stores beside the photo library: calls, permissions, settings, messages, markers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from recovery import limits
from recovery.app_data.calls import CALL_HISTORY, CALL_HISTORY_TEMPORARY, Call, read_calls, without_repeats
from recovery.app_data.messages import MESSAGES, read_attachments
from recovery.app_data.privacy import TCC, read_permissions
from recovery.app_data.settings import FILES, PreferenceFile, Setting, read_settings
from recovery.app_data.store_reader import Store
from recovery.case.case_records import GatheredMessage, Surroundings
from recovery.case.messages_copies import read_copies
from recovery.case.store import WorkingDatabase
from recovery.database import Database
from recovery.errors import UnreadableError
from recovery.formats import property_list as archives
from recovery.gap_codes import GapSubject
from recovery.photos_db.camera_roll_paths import DOMAIN
from recovery.photos_db.changes.migrations import Migration
from recovery.provenance import Gap, Reading, unreadable
from recovery.source.backup_view import BackupView

T = TypeVar("T")

COUNTER = "Media/PhotoData/MISC/DCIM_APPLE.plist"
"""Property list with the last directory and file number the camera used."""
_FILE_NUMBER = re.compile(r"last.*file.*number", re.IGNORECASE)
MARKERS = ("cpl_enabled_marker", "cpl_download_finished_marker")
"""Marker files of iCloud Photos in Media/PhotoData of a real iOS 14.3 backup."""


def read_surroundings(
    view: BackupView,
    stores: Sequence[WorkingDatabase],
    migrations: Reading[Migration],
    facetime_messages: Reading[GatheredMessage],
) -> tuple[Surroundings, tuple[Gap, ...]]:
    """Read everything beside the photos of these libraries; each store that is absent or damaged becomes a gap."""
    counter, counter_gaps = _last_file_number(view)
    around = Surroundings(
        calls=_calls(view),
        permissions=read_store(view, TCC, read_permissions),
        settings=_settings(view),
        attachments=read_copies(view, stores, read_store(view, MESSAGES, read_attachments)),
        facetime_messages=facetime_messages,
        migrations=migrations,
        markers=tuple(_markers(view)),
        last_file_number=counter,
    )
    readings = (
        around.calls,
        around.permissions,
        around.settings,
        around.attachments,
        around.facetime_messages,
        around.migrations,
    )
    return around, tuple(gap for reading in readings for gap in reading.gaps) + counter_gaps


def read_store(
    view: BackupView, store: Store, read: Callable[[Database], Reading[T]], *, required: bool = True
) -> Reading[T]:
    """Read one database of evidence; one that is absent becomes a gap only if it is `required`."""
    try:
        with view.database(*store.location) as database:
            if database is None:
                return Reading((), (store.absent(),) if required else ())
            return read(database)
    except UnreadableError as error:
        return Reading((), (store.unreadable(error),))


def _calls(view: BackupView) -> Reading[Call]:
    main = read_store(view, CALL_HISTORY, read_calls)
    temporary = read_store(view, CALL_HISTORY_TEMPORARY, read_calls, required=False)
    return Reading(without_repeats((*main.records, *temporary.records)), main.gaps + temporary.gaps)


def _settings(view: BackupView) -> Reading[Setting]:
    found: list[Setting] = []
    gaps: list[Gap] = []
    for file in FILES:
        reading = _preference_file(view, file)
        found.extend(reading.records)
        gaps.extend(reading.gaps)
    return Reading(tuple(found), tuple(gaps))


def _preference_file(view: BackupView, file: PreferenceFile) -> Reading[Setting]:
    entry = view.index.lookup(*file.store.location)
    if entry is None:
        return Reading((), (file.store.absent(),))
    try:
        return read_settings(file, view.read(entry, limits.PREFERENCE_BYTES))
    except UnreadableError as error:
        return Reading((), (file.store.unreadable(error),))


def _markers(view: BackupView) -> Iterator[str]:
    for name in MARKERS:
        if view.index.lookup(DOMAIN, f"Media/PhotoData/{name}") is not None:
            yield name


def _last_file_number(view: BackupView) -> tuple[int | None, tuple[Gap, ...]]:
    entry = view.index.lookup(DOMAIN, COUNTER)
    if entry is None:
        return None, ()
    try:
        stored = archives.load_dictionary(view.read(entry, limits.MBFILE_BYTES), what=COUNTER)
    except UnreadableError as error:
        hides = ("numbering gaps at the end",)
        return None, (unreadable(GapSubject.CAMERA_FILE_COUNTER, COUNTER, error, *hides),)
    return next(_numbers(stored), None), ()


def _numbers(stored: Mapping[str, object]) -> Iterator[int]:
    for name, value in stored.items():
        number = archives.whole_number(value)
        if _FILE_NUMBER.search(name) and number is not None:
            yield number
