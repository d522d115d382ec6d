"""Events around the assets: FaceTime calls, the life of the photo library, restores, updates and backups."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from recovery.analysis.timeline.event import Event, EventCode, details
from recovery.app_data.calls import TIER as CALL_TIER
from recovery.app_data.calls import Call
from recovery.app_data.settings import SettingName, setting
from recovery.case import Case
from recovery.photos_db.changes.history import History
from recovery.photos_db.changes.migrations import Migration, MigrationKind
from recovery.photos_db.library import DATABASE
from recovery.provenance import Source, Tier
from recovery.source.identity import INFO

_REBUILD_AFTER = timedelta(hours=1)
"""An untouched library is filled when it is created; only a later filling is called a rebuild."""
_SETTINGS = (
    (SettingName.SETUP_ENDED, EventCode.DEVICE_SET_UP, "the device was set up"),
    (SettingName.LAST_RESTORE, EventCode.DEVICE_RESTORED, "the device was restored from a backup"),
    (SettingName.TRANSFER_STARTED, EventCode.DEVICE_TRANSFER, "data began to come over from another device"),
    (SettingName.LAST_COMPUTER_BACKUP, EventCode.OTHER_BACKUP, "the last backup to a computer before this one"),
    (SettingName.LAST_ICLOUD_BACKUP, EventCode.OTHER_BACKUP, "the last backup to iCloud"),
)


def calls(case: Case, started: Collection[datetime] | None = None) -> Iterator[Event]:
    """FaceTime calls with a known start; only those that started at certain moments if these are given."""
    for call in case.around.calls:
        if call.facetime and call.started and (started is None or call.started in started):
            yield _call(call)


def _call(call: Call) -> Event:
    kind = {True: "video call", False: "audio call", None: "call"}[call.video]
    people = call.with_count
    others = f", with {people:,} other {'person' if people == 1 else 'people'}" if people else ""
    length = f", {_length(call.duration_s)}" if call.connected and call.duration_s else ""
    talked = ", not connected" if call.connected is False else ""
    detail = details(
        duration_s=None if call.duration_s is None else f"{call.duration_s:g}",
        with_count=str(people or ""),
        originated={True: "true", False: "false", None: None}[call.originated],
    )
    return Event(
        at=call.started,
        code=EventCode.CALL,
        text=f"FaceTime {kind} began{length}{others}{talked}",
        source=call.source,
        untested=CALL_TIER is Tier.UNTESTED,
        detail=detail,
    )


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} seconds long"
    return f"{minutes:,} {'minute' if minutes == 1 else 'minutes'} long"


def device_events(case: Case) -> Iterator[Event]:
    """Everything else around the assets, ending with the backup itself."""
    yield from _migrations(case.around.migrations.records)
    if case.traces.history is not None:
        yield from _history(case.traces.history)
    for name, code, text in _SETTINGS:
        stored = setting(case.around.settings, name)
        if stored is not None and isinstance(stored.value, datetime):
            yield Event(stored.value, code, text, stored.source, untested=stored.tier is Tier.UNTESTED)
    identity = case.identity
    system = f" (iOS {identity.ios_version})" if identity.ios_version else ""
    source = Source(INFO, "Last Backup Date")
    yield Event(identity.backup_date, EventCode.BACKUP_MADE, f"this backup was made{system}", source)


def _history(history: History) -> Iterator[Event]:
    if history.trimmed and history.first_at:
        text = "the library's own history begins here; what it held before is gone"
        yield Event(history.first_at, EventCode.HISTORY_BEGINS, text, Source(DATABASE, "ATRANSACTION"))


def _migrations(steps: tuple[Migration, ...]) -> Iterator[Event]:
    """Each step of the library, and what changed since the step before it."""
    before: Migration | None = None
    for step in steps:
        yield from _step(step, before)
        before = step


def _step(step: Migration, before: Migration | None) -> Iterator[Event]:
    detail = details(from_model=str(step.from_model or ""), to_model=str(step.to_model or ""), build=step.os_build)
    build = f" under build {step.os_build}" if step.os_build else ""
    if step.kind is MigrationKind.CREATED:
        text = f"the photo library was created{build}"
        yield Event(step.at, EventCode.LIBRARY_CREATED, text, step.source, detail=detail)
    else:
        models = f" from layout {step.from_model} to {step.to_model}" if step.from_model and step.to_model else ""
        text = f"the photo library was carried over{models}{build}"
        yield Event(step.at, EventCode.LIBRARY_MIGRATED, text, step.source, detail=detail)
    if before is not None and before.os_build and step.os_build and before.os_build != step.os_build:
        text = f"the photo library first ran under build {step.os_build}; before it was {before.os_build}"
        yield Event(step.at, EventCode.IOS_UPDATED, text, step.source, detail=detail)
    yield from _rebuild(step, before)


def _rebuild(step: Migration, before: Migration | None) -> Iterator[Event]:
    if step.rebuild_reason:
        text = f"the photo library was rebuilt (reason code {step.rebuild_reason})"
        yield Event(step.at, EventCode.LIBRARY_REBUILT, text, step.source, untested=True)
    elif before is not None and before.store_uuid and step.store_uuid and before.store_uuid != step.store_uuid:
        text = "the photo library is in another database than before: it was rebuilt or restored"
        yield Event(step.at, EventCode.LIBRARY_REBUILT, text, step.source, untested=True)
    done = step.rebuild_completed
    seen = before.rebuild_completed if before else None
    if done and done != seen and step.at and done - step.at > _REBUILD_AFTER:
        text = "the photo library was last filled from the files on the device"
        yield Event(done, EventCode.LIBRARY_REBUILT, text, step.source, untested=True)
