"""Read the pictures and movies that were sent or received with Messages: a copy may lie there.

Every attachment with a picture or a movie is returned, also those of recently deleted messages; whether one is a
FaceTime photo is judged elsewhere, by its name, its content or its identifier. The movie half of a Live Photo lies
in the same folder under the same stem and need not have a row of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from recovery import clock
from recovery.app_data.store_reader import Column, Location, Store, Table, count_gap, read_table
from recovery.database import Database, flag_cell, text_cell, whole_cell
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap, Reading, Source, Tier

HIDES = ("copy_in_messages", "messages_name", "messages_copy")
MESSAGES = Store(GapSubject.MESSAGES, Location("HomeDomain", "Library/SMS/sms.db"), HIDES)
TIER = Tier.DOCUMENTED
"""Columns: imessage-exporter and iLEAPP; the message table is checked on a real (trimmed) iOS 14.3 database, the
attachment table has been seen in no real sample here."""

ATTACHMENTS = Table(
    GapSubject.MESSAGE_ATTACHMENTS,
    "attachment",
    (
        Column("filename", required=True),
        Column("transfer_name", hides=("messages_name",)),
        Column("guid"),
        Column("created_date"),
        Column("uti"),
        Column("mime_type"),
        Column("total_bytes"),
        Column("is_outgoing"),
    ),
    HIDES,
)
JOIN = Table(
    GapSubject.MESSAGES_OF_ATTACHMENTS,
    "message_attachment_join",
    (Column("message_id", required=True), Column("attachment_id", required=True)),
    ("message_date", "recently_deleted_messages"),
)
MESSAGE = Table(
    GapSubject.MESSAGES, "message", (Column("date", required=True), Column("is_from_me")), ("message_date",)
)
# iOS 16 and later; the message leaves its chat and stays here until it is purged.
RECOVERABLE = Table(
    GapSubject.RECENTLY_DELETED_MESSAGES,
    "chat_recoverable_message_join",
    (Column("message_id", required=True), Column("delete_date")),
    ("recently_deleted_messages",),
)

MEDIA_DOMAIN = "MediaDomain"
FOLDER = "Library/SMS/"
_DEVICE_PREFIXES = ("~/", "/var/mobile/", "/private/var/mobile/")
_MEDIA_MIME = ("image/", "video/")
_MEDIA_UTI = ("public.image", "public.movie", "public.video", "public.mpeg", "com.apple.quicktime-movie")
_MEDIA_UTI_EXACT = frozenset({"public.heic", "public.heif", "public.jpeg", "public.png", "com.compuserve.gif"})
_MEDIA_SUFFIXES = frozenset({".heic", ".heif", ".jpg", ".jpeg", ".png", ".gif", ".mov", ".mp4", ".m4v"})


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture or movie in Messages. Times in UTC, size in bytes as stored.

    `name` is the name it was sent under (or that of its file); `location` is where its file lies in a backup, None
    when the stored path leads nowhere a backup reaches. `recently_deleted` is True when every message that holds
    it is in Recently Deleted, None when the database has no such list or no message holds it.
    """

    name: str
    location: Location | None
    stored_path: str | None
    guid: str | None
    created: datetime | None
    size: int | None
    outgoing: bool | None
    uti: str | None
    mime_type: str | None
    message_date: datetime | None
    recently_deleted: bool | None
    deleted_at: datetime | None
    source: Source


@dataclass(frozen=True, slots=True)
class _Message:
    date: datetime | None
    outgoing: bool | None


@dataclass(frozen=True, slots=True)
class _Context:
    """What is known of the messages, by row: which hold an attachment, when they were sent, which were deleted."""

    by_attachment: Mapping[int, tuple[int, ...]]
    messages: Mapping[int, _Message]
    deleted: Mapping[int, datetime | None] | None
    gaps: tuple[Gap, ...]


def read_attachments(database: Database) -> Reading[Attachment]:
    """Read every picture and movie of Messages in the order of the table."""
    if ATTACHMENTS.lacks(database):
        return read_table(database, ATTACHMENTS, lambda row: None)
    context = _context(database)
    reading = read_table(database, ATTACHMENTS, lambda row: _attachment(row, context, database.store))
    refused = sum(_unsafe(found.stored_path or "") for found in reading)
    gaps = count_gap(ATTACHMENTS.what, "filename", database.store, refused, GapReason.PATHS_REFUSED, HIDES)
    return Reading(reading.records, reading.gaps + context.gaps + gaps)


def backup_location(stored_path: str | None) -> Location | None:
    """Where a path of the database lies in a backup, e.g. `~/Library/SMS/Attachments/…` in MediaDomain.

    None for an empty path, one outside the Messages folder and one that tries to leave it.
    """
    path = stored_path or ""
    prefix = next((known for known in _DEVICE_PREFIXES if path.startswith(known)), "")
    relative = path.removeprefix(prefix)
    if not relative.startswith(FOLDER) or _unsafe(relative):
        return None
    return Location(MEDIA_DOMAIN, relative)


def _unsafe(path: str) -> bool:
    return "\0" in path or any(part in ("..", ".") for part in path.replace("\\", "/").split("/"))


def _is_media(name: str, uti: str | None, mime_type: str | None) -> bool:
    kind = (uti or "").lower()
    return (
        (mime_type or "").lower().startswith(_MEDIA_MIME)
        or kind in _MEDIA_UTI_EXACT
        or kind.startswith(_MEDIA_UTI)
        or PurePosixPath(name).suffix.lower() in _MEDIA_SUFFIXES
    )


def _attachment(row: sqlite3.Row, context: _Context, store: str) -> Attachment | None:
    stored_path = text_cell(row["filename"])
    name = text_cell(row["transfer_name"]) or PurePosixPath(stored_path or "").name
    uti, mime_type = text_cell(row["uti"]), text_cell(row["mime_type"])
    if not _is_media(name, uti, mime_type):
        return None
    holders = context.by_attachment.get(row["rowid"], ())
    messages = [context.messages[holder] for holder in holders if holder in context.messages]
    dates = sorted(message.date for message in messages if message.date is not None)
    outgoing = flag_cell(row["is_outgoing"])
    recently_deleted, deleted_at = _deleted(holders, context.deleted)
    return Attachment(
        name=name,
        location=backup_location(stored_path),
        stored_path=stored_path,
        guid=text_cell(row["guid"]),
        created=clock.from_cocoa_any_unit(row["created_date"]),
        size=_size(row["total_bytes"]),
        outgoing=outgoing if outgoing is not None else next((message.outgoing for message in messages), None),
        uti=uti,
        mime_type=mime_type,
        message_date=dates[0] if dates else None,
        recently_deleted=recently_deleted,
        deleted_at=deleted_at,
        source=Source(store, "attachment", whole_cell(row["rowid"])),
    )


def _size(value: object) -> int | None:
    size = whole_cell(value)
    return size if size is not None and size >= 0 else None


def _deleted(
    holders: tuple[int, ...], deleted: Mapping[int, datetime | None] | None
) -> tuple[bool | None, datetime | None]:
    """Whether all messages that hold an attachment are in Recently Deleted, and since when (the latest)."""
    if deleted is None or not holders:
        return None, None
    if not all(holder in deleted for holder in holders):
        return False, None
    dates = [when for holder in holders if (when := deleted[holder]) is not None]
    return True, max(dates, default=None)


def _context(database: Database) -> _Context:
    joins = read_table(database, JOIN, _join)
    by_attachment: dict[int, list[int]] = {}
    for attachment, message in joins.records:
        by_attachment.setdefault(attachment, []).append(message)
    wanted = {message for _, message in joins.records}
    messages = read_table(database, MESSAGE, lambda row: _message(row) if row["rowid"] in wanted else None)
    deleted = read_table(database, RECOVERABLE, _recoverable)
    return _Context(
        {attachment: tuple(holders) for attachment, holders in by_attachment.items()},
        dict(messages.records),
        None if RECOVERABLE.lacks(database) else dict(deleted.records),
        joins.gaps + messages.gaps + deleted.gaps,
    )


def _join(row: sqlite3.Row) -> tuple[int, int] | None:
    attachment, message = whole_cell(row["attachment_id"]), whole_cell(row["message_id"])
    return None if attachment is None or message is None else (attachment, message)


def _message(row: sqlite3.Row) -> tuple[int, _Message]:
    return row["rowid"], _Message(clock.from_cocoa_any_unit(row["date"]), flag_cell(row["is_from_me"]))


def _recoverable(row: sqlite3.Row) -> tuple[int, datetime | None] | None:
    message = whole_cell(row["message_id"])
    return None if message is None else (message, clock.from_cocoa_any_unit(row["delete_date"]))
