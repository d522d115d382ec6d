"""One event of a timeline: when, what, of which asset, told by which source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from recovery.analysis.model import Asset, Verdict
from recovery.photos_db.changes.change_authors import names_facetime
from recovery.provenance import Source

Detail = tuple[tuple[str, str], ...]
"""Stored values by name, for programs."""

SAME_MOMENT = timedelta(seconds=60)
"""A date stored with an asset and a change in the history this close are one event [M: equal within a second]."""


class EventCode(StrEnum):
    """What happened; the order settles which of two events at the same moment comes first."""

    LIBRARY_CREATED = "library_created"
    HISTORY_BEGINS = "history_begins"
    LIBRARY_MIGRATED = "library_migrated"
    LIBRARY_REBUILT = "library_rebuilt"
    IOS_UPDATED = "ios_updated"
    DEVICE_SET_UP = "device_set_up"
    DEVICE_RESTORED = "device_restored"
    DEVICE_TRANSFER = "device_transfer"
    CALL = "facetime_call"
    MESSAGE_LEFT = "facetime_message"
    TAKEN = "taken"
    ADDED = "added"
    ENTRY_MADE = "entry_made"
    FAVORITE_CHANGED = "favorite_changed"
    HIDDEN_CHANGED = "hidden_changed"
    EDITED = "edited"
    CLOUD_CHANGED = "cloud_changed"
    UPLOAD_TRIED = "upload_tried"
    OFFLOADED = "offloaded"
    CHANGED = "changed"
    IN_MESSAGES = "in_messages"
    MESSAGE_DELETED = "message_deleted"
    LEFT_MESSAGE_DELETED = "facetime_message_deleted"
    TRASHED = "trashed"
    RESTORED = "restored"
    TRASH_CHANGED = "trash_changed"
    DELETED = "deleted"
    OTHER_BACKUP = "other_backup"
    BACKUP_MADE = "backup_made"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `at` in UTC, None where the time is not known; `offset` in seconds east of UTC.

    `text` is for people and does not repeat `name`, the asset's; `detail` holds stored values for programs.
    `facetime` is the asset's verdict, `untested` marks what no real sample has shown.
    """

    at: datetime | None
    code: EventCode
    text: str
    source: Source
    uuid: str | None = None
    name: str | None = None
    offset: int | None = None
    facetime: Verdict | None = None
    untested: bool = False
    detail: Detail = ()

    @property
    def whole_text(self) -> str:
        """The text with the asset's name before it, or the start of its UUID where it has none."""
        if self.name:
            return f"{self.name}: {self.text}"
        return f"(no name, {self.uuid[:8]}…): {self.text}" if self.uuid else self.text


def of_asset(asset: Asset, at: datetime | None, code: EventCode, text: str, source: Source, detail: Detail) -> Event:
    """An event in the life of an asset."""
    verdict = asset.facetime.verdict
    return Event(
        at,
        code,
        text,
        source,
        asset.uuid,
        asset.filename or asset.original_filename,
        asset.timezone_offset,
        verdict,
        detail=detail,
    )


def details(**values: str | None) -> Detail:
    """What is known of these values."""
    return tuple((name, value) for name, value in values.items() if value)


def by(client: str | None, activity: str | None = None) -> str:
    """` by …` or another phrase that tells who or what made a change; empty where nothing does."""
    if client:
        return f" by {named(client)}"
    phrase = _ACTIVITIES.get(activity or "")
    return f" {phrase}" if phrase else ""


def named(client: str) -> str:
    """A program's identifier as stored, with FaceTime named where it is one of FaceTime's."""
    return f"FaceTime ({client})" if names_facetime(client) else client


_ACTIVITIES = {
    "icloud": "by iCloud Photos",
    "migration": "while the library was carried over to another version",
    "file_system_import": "while the library read its folders again",
    "expired": "because its days in Recently Deleted were over (told by a task's name; untested)",
}
"""Phrases for the activities of photos/clients.py; the others say no more than the client."""
