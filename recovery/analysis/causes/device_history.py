"""What happened to the device and its library as a whole: rebuilds, updates, restores, and the backup's age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from recovery.analysis.causes.context import (
    Answer,
    CauseContext,
    CauseRule,
    contradicted,
    shown,
    undetermined,
    unread,
)
from recovery.analysis.statements import (
    BackedUpLater,
    BackupOf,
    CauseCode,
    ContentOrigin,
    IosUpdates,
    LibraryRebuilt,
    LibraryUpdate,
    PlainStatement,
    Repaired,
    Restored,
    Share,
    Statement,
    UpdateTiming,
)
from recovery.app_data.settings import Setting, SettingName, setting
from recovery.photos_db.changes.migrations import Migration, MigrationKind
from recovery.photos_db.library import DATABASE
from recovery.provenance import Gap, Source
from recovery.source.identity import INFO

FILLED_AGAIN = timedelta(days=1)
"""An untouched library is filled when it is created; a filling later than this was a rebuild (our own line)."""
NEWER = timedelta(days=1)
"""A backup dated later than this after ours is another, newer one; within it may be ours itself."""


def _library_rebuilt(inquiry: CauseContext) -> Answer:
    library = inquiry.case.library
    again = inquiry.repaired
    steps = inquiry.case.around.migrations.records
    rebuilt = [step for step in steps if _is_rebuild(step, steps)]
    says: list[Statement] = []
    if again:
        says.append(Repaired(len(again)))
    if rebuilt:
        says.append(LibraryRebuilt(tuple(at for step in rebuilt if (at := step.rebuild_completed or step.at))))
    if says:
        rows = [Source(DATABASE, library.table if library else "", pk) for pk in again]
        return shown(*says, sources=[*rows, *_of(rebuilt)])
    gaps = _migration_gaps(inquiry)
    return unread(gaps) if gaps else contradicted(PlainStatement.NO_REBUILD, sources=_of(steps))


def _is_rebuild(step: Migration, steps: Sequence[Migration]) -> bool:
    """By a stored reason, by a filling long after the creation, or by a creation that was not the first."""
    created = next((other.at for other in steps if other.kind is MigrationKind.CREATED and other.at), None)
    if step.rebuild_reason:
        return True
    if step.rebuild_completed is not None and created is not None:
        return step.rebuild_completed - created > FILLED_AGAIN
    return step.kind is MigrationKind.CREATED and step.at is not None and step is not _first(steps)


def _first(steps: Sequence[Migration]) -> Migration | None:
    return next((step for step in steps if step.kind is MigrationKind.CREATED), None)


def _migration_gaps(inquiry: CauseContext) -> tuple[Gap, ...]:
    migrations = inquiry.case.around.migrations
    if inquiry.case.library is None and not migrations.records:
        return (*migrations.gaps, *inquiry.library_gaps())
    return migrations.gaps


def _ios_update(inquiry: CauseContext) -> Answer:
    steps = inquiry.case.around.migrations.records
    updates = [step for step in steps if step.kind is MigrationKind.UPDATED]

    def updated(comparison: UpdateTiming, of: Sequence[Migration]) -> IosUpdates:
        told = tuple(LibraryUpdate(step.at, step.os_build) for step in of)
        return IosUpdates(comparison, told, inquiry.case.identity.ios_version)

    if not updates:
        gaps = _migration_gaps(inquiry)
        return unread(gaps) if gaps else contradicted(updated(UpdateTiming.NEVER_UPDATED, ()), sources=_of(steps))
    first = min((moment for asset in inquiry.sure if (moment := asset.real_created or asset.real_added)), default=None)
    if first is None:
        return undetermined(updated(UpdateTiming.NO_PHOTO, updates), sources=_of(updates))
    since = [step for step in updates if step.at is not None and step.at >= first]
    if since:
        return shown(updated(UpdateTiming.UPDATED_SINCE, since), sources=_of(since))
    return contradicted(updated(UpdateTiming.NOT_SINCE, updates), sources=_of(updates))


def _of(steps: Sequence[Migration]) -> list[Source]:
    return [step.source for step in steps]


# --- restores ---------------------------------------------------------------------------------------------

RESTORED_STATES = ("restored", "migrat")
"""Parts of the stored setup states that mean "from another backup or device", e.g. RestoredFromiTunesBackup."""
_STATES = (SettingName.RESTORE_STATE, SettingName.SETUP_STATE)


def _restored_device(inquiry: CauseContext) -> Answer:
    settings = inquiry.case.around.settings
    restored = setting(settings, SettingName.LAST_RESTORE)
    moved = setting(settings, SettingName.TRANSFER_STARTED)
    origins = ((restored, _backup_kind(inquiry)), (moved, ContentOrigin.DEVICE))
    dated = [(kept.value, kept, origin) for kept, origin in origins if kept and isinstance(kept.value, datetime)]
    stated = [found.source for found in map(partial(setting, settings), _STATES) if found and _says_restored(found)]
    if dated:
        when, _, origin = max(dated, key=lambda found: found[0])
        older = sum(asset.real_created is not None and asset.real_created < when for asset in inquiry.sure)
        says = Restored(origin, when, Share(older, len(inquiry.sure)))
        return shown(says, sources=[*(kept.source for _, kept, _ in dated), *stated])
    if stated:
        return shown(PlainStatement.SET_UP_FROM_ANOTHER, sources=stated)
    if restored is None or moved is None:
        return unread(inquiry.gaps_hiding("restored_device"))
    return contradicted(PlainStatement.NO_RESTORE, sources=[restored.source, moved.source])


def _says_restored(stored: Setting) -> bool:
    return isinstance(stored.value, str) and any(part in stored.value.casefold() for part in RESTORED_STATES)


def _backup_kind(inquiry: CauseContext) -> ContentOrigin:
    cloud = setting(inquiry.case.around.settings, SettingName.RESTORE_FROM_ICLOUD)
    if cloud is None or cloud.value is None:
        return ContentOrigin.BACKUP
    return ContentOrigin.ICLOUD_BACKUP if cloud.value else ContentOrigin.COMPUTER_BACKUP


# --- the age of this backup -------------------------------------------------------------------------------


def _newer_than_backup(inquiry: CauseContext) -> Answer:
    made = inquiry.case.identity.backup_date
    if made is None:
        return undetermined(PlainStatement.BACKUP_UNDATED)
    settings = inquiry.case.around.settings
    names = (SettingName.LAST_COMPUTER_BACKUP, SettingName.LAST_ICLOUD_BACKUP, SettingName.LAST_BACKUP_STATE)
    found = [stored for name in names if (stored := setting(settings, name)) is not None]
    later = [
        (stored.value, stored.source)
        for stored in found
        if isinstance(stored.value, datetime) and stored.value - made > NEWER
    ]
    if later:
        moment, source = max(later, key=lambda pair: pair[0])
        return shown(BackedUpLater(made, moment), sources=[source])
    return undetermined(BackupOf(made, inquiry.sieve.newest), sources=[Source(INFO, "Last Backup Date")])


LIBRARY_REBUILT = CauseRule(CauseCode.LIBRARY_REBUILT, _library_rebuilt)
IOS_UPDATE = CauseRule(CauseCode.IOS_UPDATE, _ios_update)
RESTORED_DEVICE = CauseRule(CauseCode.RESTORED_DEVICE, _restored_device)
NEWER_THAN_BACKUP = CauseRule(CauseCode.NEWER_THAN_BACKUP, _newer_than_backup)
