"""What happened to the device and its library as a whole: rebuilds, updates, restores, and the backup's age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from recovery.analysis.causes.context import Answer, Inquiry, Rule, contradicted, shown, undetermined, unread
from recovery.analysis.causes.phrases import count, day, days, listed, share
from recovery.app_data.settings import Setting, SettingName, setting
from recovery.photos_db.library import DATABASE
from recovery.photos_db.migrations import Migration, MigrationKind
from recovery.provenance import Gap, Source
from recovery.source.identity import INFO

FILLED_AGAIN = timedelta(days=1)
"""An untouched library is filled when it is created; a filling later than this was a rebuild (our own line)."""
NEWER = timedelta(days=1)
"""A backup dated later than this after ours is another, newer one; within it may be ours itself."""


def _library_rebuilt(inquiry: Inquiry) -> Answer:
    library = inquiry.case.library
    again = inquiry.repaired
    steps = inquiry.case.around.migrations.records
    rebuilt = [step for step in steps if _is_rebuild(step, steps)]
    says = []
    if again:
        number = count(len(again), "photo or video was", "photos and videos were")
        says.append(f"{number} brought back into the library by a repair (saved type 14, “Recovered”).")
    if rebuilt:
        moments = [moment for step in rebuilt if (moment := step.rebuild_completed or step.at)]
        on = f", {days(moments)}" if moments else ""
        says.append(f"The photo library was built anew from the files on the phone{on}.")
    sources = [*(Source(DATABASE, library.table if library else "", pk) for pk in again)]
    if says:
        return shown(" ".join(says), [*sources, *(step.source for step in rebuilt)])
    gaps = _migration_gaps(inquiry)
    if gaps:
        return unread(gaps)
    return contradicted("The photo library's own history names no rebuild.", [step.source for step in steps])


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


def _migration_gaps(inquiry: Inquiry) -> tuple[Gap, ...]:
    migrations = inquiry.case.around.migrations
    if inquiry.case.library is None and not migrations.records:
        return (*migrations.gaps, *inquiry.library_gaps())
    return migrations.gaps


def _ios_update(inquiry: Inquiry) -> Answer:
    steps = inquiry.case.around.migrations.records
    updates = [step for step in steps if step.kind is MigrationKind.UPDATED]
    now = inquiry.case.identity.ios_version
    version = f" This backup is of iOS {now}." if now else ""
    if not updates:
        gaps = _migration_gaps(inquiry)
        if gaps:
            return unread(gaps)
        return contradicted(f"The photo library was never carried over to another iOS.{version}", _of(steps))
    first = min((moment for asset in inquiry.sure if (moment := asset.created or asset.added)), default=None)
    if first is None:
        says = f"iOS changed the photo library {_told(updates)}.{version}"
        return undetermined(f"{says} With no FaceTime photo to compare dates with, it tells little.", _of(updates))
    since = [step for step in updates if step.at is not None and step.at >= first]
    if since:
        says = f"Since the first FaceTime photo found here, iOS changed the photo library {_told(since)}.{version}"
        return shown(says, _of(since))
    return contradicted(f"No update came after the first FaceTime photo found here.{version}", _of(updates))


def _of(steps: Sequence[Migration]) -> list[Source]:
    return [step.source for step in steps]


def _told(steps: Sequence[Migration]) -> str:
    """`on 3 May 2024 (build 21F90)`, of many the last three."""
    told = [_step(step) for step in steps[-3:]]
    more = f"{count(len(steps), 'time')}, the last three " if len(steps) > len(told) else ""
    return f"{more}{listed(told)}"


def _step(step: Migration) -> str:
    build = f" (build {step.os_build})" if step.os_build else ""
    return f"on {day(step.at) if step.at else 'an unknown day'}{build}"


# --- restores ---------------------------------------------------------------------------------------------

RESTORED_STATES = ("restored", "migrat")
"""Parts of the stored setup states that mean "from another backup or device", e.g. RestoredFromiTunesBackup."""
_STATES = (SettingName.RESTORE_STATE, SettingName.SETUP_STATE)


def _restored_device(inquiry: Inquiry) -> Answer:
    settings = inquiry.case.around.settings
    restored = setting(settings, SettingName.LAST_RESTORE)
    moved = setting(settings, SettingName.TRANSFER_STARTED)
    kinds = ((restored, f"restored from {_kind(inquiry)}"), (moved, "moved over from another device"))
    dated = [(kept.value, kept, how) for kept, how in kinds if kept and isinstance(kept.value, datetime)]
    stated = [
        found.source for found in map(partial(setting, settings), _STATES) if found and _says_restored(found)
    ]
    if dated:
        when, _, how = max(dated, key=lambda found: found[0])
        says = f"This device was {how} on {day(when)}.{_older(inquiry, when)}"
        return shown(says, [*(kept.source for _, kept, _ in dated), *stated])
    if stated:
        return shown("This device was set up from another backup or device; when is not stored.", stated)
    if restored is None or moved is None:
        return unread(inquiry.gaps_hiding("restored_device"))
    sources = [restored.source, moved.source]
    return contradicted("No restore from another backup is stored on this device.", sources)


def _says_restored(stored: Setting) -> bool:
    return isinstance(stored.value, str) and any(part in stored.value.casefold() for part in RESTORED_STATES)


def _kind(inquiry: Inquiry) -> str:
    cloud = setting(inquiry.case.around.settings, SettingName.RESTORE_FROM_ICLOUD)
    if cloud is None or cloud.value is None:
        return "a backup"
    return "an iCloud backup" if cloud.value else "a backup on a computer"


def _older(inquiry: Inquiry, when: datetime) -> str:
    older = sum(asset.created is not None and asset.created < when for asset in inquiry.sure)
    return f" {share(older, len(inquiry.sure), 'is', 'are')} older than that and came with it." if older else ""


# --- the age of this backup -------------------------------------------------------------------------------


def _newer_than_backup(inquiry: Inquiry) -> Answer:
    made = inquiry.case.identity.backup_date
    if made is None:
        return undetermined("This backup does not say when it was made.")
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
        return shown(f"This backup is of {day(made)}; the phone was backed up again on {day(moment)}.", [source])
    newest = inquiry.sieve.newest
    last = f" The newest photo in it is of {day(newest)}." if newest else ""
    says = f"This backup is of {day(made)}: a photo taken later cannot be in it.{last}"
    return undetermined(says, [Source(INFO, "Last Backup Date")])


LIBRARY_REBUILT = Rule(
    "library_rebuilt",
    _library_rebuilt,
    "It does not say that a photo was lost by it. A rebuild may lose albums, captions and where a photo came "
    "from.",
    "On the phone: look through Photos, Recents and an album called Recovered, by date of the call; after a "
    "rebuild a photo can stand at the wrong date. Here: recover-facetime scan BACKUP --from-date DAY --to-date "
    "DAY.",
)
IOS_UPDATE = Rule(
    "ios_update",
    _ios_update,
    "An update by itself deletes no photos, and nothing here ties one to a loss. Only the updates that changed "
    "the photo library are recorded.",
    "On the phone: Settings, General, Software Update. After an update leave the phone on power and Wi-Fi for a "
    "night, so that Photos can finish. A backup from before the update, if you have one, is worth a scan.",
)
RESTORED_DEVICE = Rule(
    "restored_device",
    _restored_device,
    "It does not say what the earlier backup lacked. A photo taken after that backup was made, and before the "
    "restore, did not come along.",
    "Look on the old device, if you still have it, in icloud.com, and in the backup that was restored: scan "
    "that as well.",
)
NEWER_THAN_BACKUP = Rule(
    "newer_than_backup",
    _newer_than_backup,
    "When the photo you miss was taken, only you can say.",
    "If the call was later: make a new (encrypted) backup and scan that. To find by date what is here: "
    "recover-facetime scan BACKUP --from-date DAY --to-date DAY.",
)
