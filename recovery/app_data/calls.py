"""Read the call history: when FaceTime calls were, with video or not, and with how many people.

A call shows that a photo could have been taken then, never that one was: nothing in a backup records the shutter.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from recovery import clock, limits
from recovery.app_data.store_reader import Column, Location, Store, Table, count_gap, read_table
from recovery.database import Database, flag_cell, number_cell, text_cell, whole_cell
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap, Reading, Source, Tier

HIDES = ("call_overlap", "call_without_photo")
CALL_HISTORY = Store(
    GapSubject.CALL_HISTORY,
    Location("HomeDomain", "Library/CallHistoryDB/CallHistory.storedata"),
    HIDES,
    GapReason.ENCRYPTED_BACKUPS_ONLY,
)
CALL_HISTORY_TEMPORARY = Store(
    GapSubject.PENDING_CALLS,
    Location("HomeDomain", "Library/CallHistoryDB/CallHistoryTemp.storedata"),
    HIDES,
    GapReason.ENCRYPTED_BACKUPS_ONLY,
)
TIER = Tier.DOCUMENTED
"""Columns and codes: iLEAPP and mvt; no real call history has been seen here, so the reader is tested on
built databases only."""


class CallKind(StrEnum):
    """What a call was (ZCALLTYPE)."""

    FACETIME_VIDEO = "facetime_video"
    FACETIME_AUDIO = "facetime_audio"
    PHONE = "phone"
    THIRD_PARTY = "third_party"
    UNKNOWN = "unknown"


KINDS: Mapping[int, CallKind] = {
    0: CallKind.THIRD_PARTY,
    1: CallKind.PHONE,
    8: CallKind.FACETIME_VIDEO,
    16: CallKind.FACETIME_AUDIO,
}
FACETIME_PROVIDER = "com.apple.FaceTime"

RECORDS = Table(
    GapSubject.CALL_HISTORY,
    "ZCALLRECORD",
    (
        Column("ZDATE", required=True),
        Column("ZCALLTYPE", hides=HIDES),
        Column("ZDURATION", hides=HIDES),
        Column("ZORIGINATED"),
        Column("ZANSWERED"),
        Column("ZADDRESS"),
        Column("ZSERVICE_PROVIDER"),
        Column("ZDISCONNECTED_CAUSE"),
        Column("ZUNIQUE_ID"),
    ),
    HIDES,
)
HANDLES = Table(
    GapSubject.CALL_PARTICIPANTS, "ZHANDLE", (Column("ZVALUE"), Column("ZNORMALIZEDVALUE")), ("call_participants",)
)

# Core Data numbers the entities anew with each model (Z_2…/Z_4… older, Z_3… newer), so the names are discovered.
_JOIN = re.compile(r"Z_\d+REMOTEPARTICIPANT(?:HANDLES|CALLS)")
_JOIN_CALL = re.compile(r"Z_\d+REMOTEPARTICIPANTCALLS")
_JOIN_HANDLE = re.compile(r"Z_\d+REMOTEPARTICIPANTHANDLES")


@dataclass(frozen=True, slots=True)
class Call:
    """One call. Times in UTC, `duration_s` in seconds; `handles` are the other people's numbers or addresses,
    "" for one without.

    `started` is None when the stored date is no date; `ended` is None when start or duration is unknown.
    `answered` is what the device stored and says little about outgoing calls: use `connected`.
    """

    started: datetime | None
    ended: datetime | None
    duration_s: float | None
    kind: CallKind
    kind_code: int | None
    provider: str | None
    originated: bool | None
    answered: bool | None
    address: str | None
    handles: tuple[str, ...]
    disconnected_cause: int | None
    unique_id: str | None
    source: Source

    @property
    def facetime(self) -> bool:
        """Whether it was a FaceTime call, by its type or by its provider."""
        by_type = self.kind in (CallKind.FACETIME_VIDEO, CallKind.FACETIME_AUDIO)
        return by_type or (self.provider or "").lower() == FACETIME_PROVIDER.lower()

    @property
    def video(self) -> bool | None:
        """Whether it was a video call; None for a type without documented meaning."""
        return None if self.kind is CallKind.UNKNOWN else self.kind is CallKind.FACETIME_VIDEO

    @property
    def connected(self) -> bool | None:
        """Whether anybody talked: a duration above zero."""
        return None if self.duration_s is None else self.duration_s > 0

    @property
    def group(self) -> bool:
        """Whether more than one other person is listed."""
        return len(self.handles) > 1

    @property
    def with_count(self) -> int | None:
        """How many other people are listed; None when none is."""
        return len(self.handles) or (1 if self.address else None)


def read_calls(database: Database) -> Reading[Call]:
    """Read every call, FaceTime or not, in the order of their time; calls without a readable time come first."""
    handles = _handles_by_call(database)
    reading = read_table(database, RECORDS, lambda row: _call(row, handles.by_call, database.store))
    calls = sorted(reading.records, key=lambda call: (call.started or clock.UNIX_EPOCH, call.source.row or 0))
    undated = sum(call.started is None for call in calls)
    gaps = (
        *reading.gaps,
        *(handles.gaps if calls else ()),
        *count_gap(GapSubject.CALL_HISTORY, "ZDATE", database.store, undated, GapReason.TIMES_UNREADABLE, HIDES),
    )
    return Reading(tuple(calls), gaps)


def without_repeats(calls: Iterable[Call]) -> tuple[Call, ...]:
    """The calls in order of time, each unique identifier once: the temporary store may repeat the main one."""
    once: dict[object, Call] = {}
    for call in calls:
        once.setdefault(call.unique_id or call.source, call)
    return tuple(sorted(once.values(), key=lambda call: call.started or clock.UNIX_EPOCH))


def _call(row: sqlite3.Row, handles: Mapping[int, tuple[str, ...]], store: str) -> Call:
    started = clock.from_cocoa(row["ZDATE"])
    duration = number_cell(row["ZDURATION"])
    duration = duration if duration is not None and duration >= 0 else None
    code = whole_cell(row["ZCALLTYPE"])
    return Call(
        started=started,
        ended=_later(started, duration),
        duration_s=duration,
        kind=KINDS.get(code, CallKind.UNKNOWN) if code is not None else CallKind.UNKNOWN,
        kind_code=code,
        provider=text_cell(row["ZSERVICE_PROVIDER"]),
        originated=flag_cell(row["ZORIGINATED"]),
        answered=flag_cell(row["ZANSWERED"]),
        address=text_cell(row["ZADDRESS"]) or None,
        handles=handles.get(row["rowid"], ()),
        disconnected_cause=whole_cell(row["ZDISCONNECTED_CAUSE"]),
        unique_id=text_cell(row["ZUNIQUE_ID"]) or None,
        source=Source(store, "ZCALLRECORD", whole_cell(row["rowid"])),
    )


def _later(started: datetime | None, seconds: float | None) -> datetime | None:
    if started is None or seconds is None:
        return None
    try:
        return started + timedelta(seconds=seconds)
    except OverflowError:
        return None


@dataclass(frozen=True, slots=True)
class _Handles:
    by_call: Mapping[int, tuple[str, ...]]
    gaps: tuple[Gap, ...] = ()


def _join_table(database: Database) -> Table | None:
    """The table that joins calls and people, with its columns as this database names them."""
    for name in sorted(filter(_JOIN.fullmatch, database.tables)):
        columns = database.columns(name)
        call = next(filter(_JOIN_CALL.fullmatch, columns), None)
        handle = next(filter(_JOIN_HANDLE.fullmatch, columns), None)
        if call and handle:
            return Table(
                HANDLES.what, name, (Column(call, required=True), Column(handle, required=True)), HANDLES.hides
            )
    return None


def _handles_by_call(database: Database) -> _Handles:
    join = _join_table(database)
    if join is None:
        gap = Gap(HANDLES.what, database.store, GapReason.NO_JOIN_OF_PEOPLE, HANDLES.hides)
        return _Handles({}, (gap,))
    people = read_table(database, HANDLES, _handle)
    pairs = read_table(database, join, lambda row: (whole_cell(row[1]), whole_cell(row[2])))
    names = dict(people.records)
    by_call: dict[int, dict[int, str]] = {}
    for call, handle in pairs.records:
        if call is not None and handle is not None:
            listed = by_call.setdefault(call, {})
            if len(listed) < limits.CALL_HANDLES:
                listed[handle] = names.get(handle, "")
    return _Handles({call: tuple(listed.values()) for call, listed in by_call.items()}, people.gaps + pairs.gaps)


def _handle(row: sqlite3.Row) -> tuple[int, str]:
    return row["rowid"], text_cell(row["ZVALUE"]) or text_cell(row["ZNORMALIZEDVALUE"]) or ""
