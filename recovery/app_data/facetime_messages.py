"""Read the message store of FaceTime (iOS 17 and later): video and audio messages, and the voicemails beside them.

Nobody here has seen this store in a backup. Its place, its table and its columns are those of macOS 26, as three
independent public readers describe them; so everything it says is marked `untested`.
"""

from __future__ import annotations

import re
import sqlite3
import uuid
from dataclasses import dataclass
from datetime import datetime

from recovery import clock, limits
from recovery.app_data.store_reader import Column, Location, Store, Table, count_gap, read_table
from recovery.database import Database, flag_cell, number_cell, text_cell, whole_cell
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Reading, Source, Tier

DOMAIN = "AppDomainGroup-group.com.apple.FaceTime"
STORE_NAME = "FaceTimeMessageStore-local.sqlitedb"
ASSETS = "Assets"
"""The folder beside the store that holds the media, as `Assets/<first two characters of UUID>/<UUID>.<type>`."""
HIDES = ("facetime_messages",)
WHAT = GapSubject.FACETIME_MESSAGES
DEFAULT_STORE = Store(WHAT, Location(DOMAIN, f"com.apple.facetimemessagestored/Data Store/{STORE_NAME}"), HIDES)
"""Where the store is expected; in a backup the path inside the group container may be another."""
TIER = Tier.UNTESTED

MESSAGES = Table(
    WHAT,
    "ZSTOREDMESSAGE",
    (
        Column("ZDATECREATED", required=True),
        Column("ZRECORDUUID", hides=("facetime_message_media",)),
        Column("ZFILETYPE", hides=("facetime_message_kind",)),
        Column("ZFROM", hides=("facetime_message_sender",)),
        Column("ZRECIPIENT"),
        Column("ZPROVIDER"),
        Column("ZDATEMODIFIED"),
        Column("ZDATEDELETED", hides=("facetime_message_deleted",)),
        Column("ZDURATION"),
        Column("ZISREAD"),
        Column("ZMAILBOXTYPE", hides=("facetime_message_deleted",)),
        Column("ZMESSAGETYPE"),
        Column("ZCALLUUID"),
    ),
    HIDES,
)
_DELETED_MAILBOX = 2
_FILE_TYPE = re.compile(r"[A-Za-z0-9]{1,8}")
_MEDIA_PATH = re.compile(
    rf"(?:.*/)?{ASSETS}/[0-9A-Fa-f]{{2}}/([0-9A-Fa-f]{{8}}(?:-[0-9A-Fa-f]{{4}}){{3}}-[0-9A-Fa-f]{{12}})"
    r"\.([A-Za-z0-9]{1,8})"
)


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One row of the message store. Times in UTC, `duration_s` in seconds.

    `uuid` names the media file and is None for an identifier of another length than 16 bytes; `file_type` is the
    stored extension (`MOV`, `m4a`, `amr`), None for anything that is no extension. `deleted` is True when either
    sign of it is stored, None when the store has no mailbox to tell.
    """

    uuid: str | None
    file_type: str | None
    sender: str | None
    recipient: str | None
    provider: str | None
    created: datetime | None
    modified: datetime | None
    duration_s: float | None
    read: bool | None
    deleted: bool | None
    deleted_at: datetime | None
    mailbox_type: int | None
    message_type: int | None
    call_uuid: str | None
    source: Source


def read_stored_messages(database: Database) -> Reading[StoredMessage]:
    """Read every message in the order of the table, deleted ones included."""
    damaged = _Damaged()
    reading = read_table(
        database, MESSAGES, lambda row: _message(row, database.store, damaged), limits.FACETIME_MESSAGES
    )
    gaps = (
        (damaged.identifiers, "ZRECORDUUID", GapReason.MESSAGE_IDENTIFIERS_UNREADABLE, "facetime_message_media"),
        (damaged.file_types, "ZFILETYPE", GapReason.MESSAGE_FILE_TYPES_WRONG, "facetime_message_kind"),
        (damaged.dates, "ZDATECREATED", GapReason.MESSAGE_DATES_UNREADABLE, "facetime_message_date"),
    )
    counted = (
        gap
        for count, column, why, hides in gaps
        for gap in count_gap(WHAT, column, database.store, count, why, (hides,))
    )
    return Reading(reading.records, (*reading.gaps, *counted))


def media_of(path: str) -> tuple[str, str] | None:
    """UUID, in upper case, and extension of the message whose media this path names; None for any other file."""
    found = _MEDIA_PATH.fullmatch(path)
    return (found[1].upper(), found[2]) if found else None


def media_path(store_path: str, message: StoredMessage) -> str | None:
    """Where the media of a message of this store is expected; None when the row does not name it."""
    if message.uuid is None or message.file_type is None:
        return None
    folder = store_path.rpartition("/")[0]
    return f"{folder}/{ASSETS}/{message.uuid[:2]}/{message.uuid}.{message.file_type}".removeprefix("/")


@dataclass(slots=True)
class _Damaged:
    """Counts values that are stored and mean nothing."""

    identifiers: int = 0
    file_types: int = 0
    dates: int = 0


def _message(row: sqlite3.Row, store: str, damaged: _Damaged) -> StoredMessage:
    identifier, file_type = _uuid(row["ZRECORDUUID"]), text_cell(row["ZFILETYPE"]) or None
    created, duration = clock.from_cocoa(row["ZDATECREATED"]), number_cell(row["ZDURATION"])
    damaged.identifiers += identifier is None and row["ZRECORDUUID"] is not None
    damaged.dates += created is None
    if file_type is not None and not _FILE_TYPE.fullmatch(file_type):
        damaged.file_types += 1
        file_type = None
    mailbox = whole_cell(row["ZMAILBOXTYPE"])
    deleted_at = clock.from_cocoa_any_unit(row["ZDATEDELETED"])
    marked = mailbox == _DELETED_MAILBOX or deleted_at is not None
    return StoredMessage(
        uuid=identifier,
        file_type=file_type,
        sender=text_cell(row["ZFROM"]) or None,
        recipient=text_cell(row["ZRECIPIENT"]) or None,
        provider=text_cell(row["ZPROVIDER"]) or None,
        created=created,
        modified=clock.from_cocoa(row["ZDATEMODIFIED"]),
        duration_s=duration if duration is not None and duration >= 0 else None,
        read=flag_cell(row["ZISREAD"]),
        deleted=True if marked else None if mailbox is None else False,
        deleted_at=deleted_at,
        mailbox_type=mailbox,
        message_type=whole_cell(row["ZMESSAGETYPE"]),
        call_uuid=_uuid(row["ZCALLUUID"]),
        source=Source(store, MESSAGES.name, whole_cell(row["rowid"])),
    )


def _uuid(value: object) -> str | None:
    """A UUID in upper case: 16 bytes, or its usual text of 36 characters."""
    try:
        if isinstance(value, bytes) and len(value) == 16:
            return str(uuid.UUID(bytes=value)).upper()
        if isinstance(value, str) and len(value) == 36:
            return str(uuid.UUID(value)).upper()
    except ValueError:
        pass
    return None
