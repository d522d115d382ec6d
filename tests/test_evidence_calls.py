"""The call history: FaceTime calls of every layout, their people, and damage that is said aloud."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from evidence_tools import KNOWN_ANSWERS, built, file_id

from recovery import limits
from recovery.app_data import calls
from recovery.app_data.calls import CallKind, read_calls, without_repeats
from recovery.report.messages.gaps import what, why

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
STAMP = (NOON - datetime(2001, 1, 1, tzinfo=UTC)).total_seconds()

RECORDS = """
CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZANSWERED INTEGER,
    ZCALLTYPE INTEGER, ZDISCONNECTED_CAUSE INTEGER, ZFACE_TIME_DATA INTEGER, ZORIGINATED INTEGER,
    ZDATE TIMESTAMP, ZDURATION FLOAT, ZADDRESS VARCHAR, ZSERVICE_PROVIDER VARCHAR, ZUNIQUE_ID VARCHAR);
CREATE TABLE ZHANDLE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, ZTYPE INTEGER,
    ZNORMALIZEDVALUE VARCHAR, ZVALUE VARCHAR);
"""
OLDER = (
    RECORDS
    + """
CREATE TABLE Z_2REMOTEPARTICIPANTHANDLES (Z_2REMOTEPARTICIPANTCALLS INTEGER, Z_4REMOTEPARTICIPANTHANDLES INTEGER);
"""
)
NEWER = (
    RECORDS
    + """
CREATE TABLE Z_2REMOTEPARTICIPANTHANDLES (Z_2REMOTEPARTICIPANTCALLS INTEGER, Z_3REMOTEPARTICIPANTHANDLES INTEGER);
"""
)
FUTURE = (
    RECORDS
    + """
CREATE TABLE Z_7REMOTEPARTICIPANTCALLS (Z_9REMOTEPARTICIPANTHANDLES INTEGER, Z_7REMOTEPARTICIPANTCALLS INTEGER);
"""
)
INSERT = (
    "INSERT INTO ZCALLRECORD (Z_PK, ZDATE, ZDURATION, ZCALLTYPE, ZORIGINATED, ZANSWERED, ZADDRESS,"
    " ZSERVICE_PROVIDER, ZDISCONNECTED_CAUSE, ZUNIQUE_ID) VALUES (?,?,?,?,?,?,?,?,?,?)"
)


def row(number: int, **changed: object) -> tuple[str, tuple[object, ...]]:
    values: dict[str, object] = {
        "date": STAMP, "duration": 90.5, "type": 8, "originated": 0, "answered": 1, "address": "a@example.com",
        "provider": "com.apple.FaceTime", "cause": 0, "unique": f"call-{number}",
    }  # fmt: skip
    values |= changed
    return INSERT, (number, *values.values())


def test_locations_give_the_file_ids_of_the_real_backup() -> None:
    """Domain and path of both call stores hash to the file IDs that a real iOS 14.3 manifest lists."""
    assert file_id(*calls.CALL_HISTORY.location) == "5a4935c78a5255723f707230a451d79c540d2741"
    assert file_id(*calls.CALL_HISTORY_TEMPORARY.location) == "81b7fe4b60b1d80e04b158a642b68803d982987d"


def test_a_facetime_video_call_is_read_whole(tmp_path: Path) -> None:
    """Start, end, duration, direction, address and source of a plain FaceTime video call."""
    with built(tmp_path, OLDER, row(1)) as database:
        (call,), gaps = (reading := read_calls(database)).records, reading.gaps
    assert (call.started, call.ended) == (NOON, NOON + timedelta(seconds=90.5))
    assert (call.kind, call.facetime, call.video, call.connected) == (CallKind.FACETIME_VIDEO, True, True, True)
    assert (call.originated, call.answered, call.address, call.with_count) == (False, True, "a@example.com", 1)
    assert str(call.source) == "built.db ZCALLRECORD row 1"
    assert gaps == ()


@pytest.mark.parametrize(
    ("code", "provider", "facetime", "video"),
    [
        (8, None, True, True),
        (16, None, True, False),
        (1, "com.apple.Telephony", False, False),
        (0, "net.whatsapp.WhatsApp", False, False),
        (8, "com.apple.Telephony", True, True),
        (77, "com.apple.FaceTime", True, None),
        (None, "com.apple.FaceTime", True, None),
        (None, None, False, None),
    ],
)
def test_type_and_provider_decide(
    tmp_path: Path, code: int | None, provider: str | None, facetime: bool, video: bool | None
) -> None:
    """The type decides; the provider alone says FaceTime but not whether with video."""
    with built(tmp_path, OLDER, row(1, type=code, provider=provider)) as database:
        (call,) = read_calls(database)
    assert (call.facetime, call.video, call.kind_code) == (facetime, video, code)


@pytest.mark.parametrize(
    ("layout", "insert"),
    [
        (OLDER, "INSERT INTO Z_2REMOTEPARTICIPANTHANDLES VALUES (1, ?)"),
        (NEWER, "INSERT INTO Z_2REMOTEPARTICIPANTHANDLES VALUES (1, ?)"),
        (FUTURE, "INSERT INTO Z_7REMOTEPARTICIPANTCALLS VALUES (?, 1)"),
    ],
)
def test_people_are_found_whatever_the_join_is_called(tmp_path: Path, layout: str, insert: str) -> None:
    """Both known join layouts, and one nobody has seen yet, give the same people of a group call."""
    people = "INSERT INTO ZHANDLE (Z_PK, ZVALUE, ZNORMALIZEDVALUE) VALUES (?,?,?)"
    handles = [(people, values) for values in ((1, "+49 1", "+491"), (2, None, "+492"), (3, None, None))]
    with built(tmp_path, layout, row(1), row(2), *handles, *((insert, (n,)) for n in (1, 2, 3))) as database:
        group, single = read_calls(database)
    assert group.handles == ("+49 1", "+492", "")
    assert (group.group, group.with_count) == (True, 3)
    assert (single.handles, single.group, single.with_count) == ((), False, 1)


def test_an_address_stored_as_bytes_is_the_same_address(tmp_path: Path) -> None:
    """Some systems store the address as a blob; damaged UTF-8 in it is replaced, not raised."""
    with built(tmp_path, OLDER, row(1, address=b"+491\x00"), row(2, address=b"\xff\xfe")) as database:
        first, second = read_calls(database)
    assert (first.address, second.address) == ("+491", "��")


def test_without_a_join_table_the_people_are_a_gap(tmp_path: Path) -> None:
    """The calls are read; that the people of a group are unknown is said, and calls are not hidden by it."""
    with built(tmp_path, RECORDS, row(1)) as database:
        reading = read_calls(database)
    assert len(reading) == 1
    assert [(gap.hides, gap.fault) for gap in reading.gaps] == [(("call_participants",), False)]


@pytest.mark.parametrize(
    ("script", "named"),
    [("CREATE TABLE OTHER (X)", "ZCALLRECORD"), ("CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY)", "ZDATE")],
)
def test_an_unknown_layout_is_a_gap_and_never_no_calls(tmp_path: Path, script: str, named: str) -> None:
    """A missing table or date column names itself and the two answers it hides."""
    with built(tmp_path, script) as database:
        reading = read_calls(database)
    assert len(reading) == 0
    (gap,) = reading.gaps
    assert named in why(gap)
    assert gap.hides == ("call_overlap", "call_without_photo")


def test_a_missing_type_column_is_said(tmp_path: Path) -> None:
    """Without ZCALLTYPE the calls are listed, their kind unknown, and the gap names the column."""
    script = "CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, ZDATE, ZDURATION)"
    with built(tmp_path, script, ("INSERT INTO ZCALLRECORD VALUES (1, 1, 1)", ())) as database:
        reading = read_calls(database)
    assert [call.kind for call in reading] == [CallKind.UNKNOWN]
    assert any("ZCALLTYPE" in what(gap) and gap.hides == calls.HIDES for gap in reading.gaps)


@pytest.mark.parametrize("date", ["soon", b"\x00\x01", None, 9e999, -9e999, 2**62, 1e300])
def test_a_date_that_is_none_is_counted(tmp_path: Path, date: object) -> None:
    """A call without a readable time stays in the list, has no end, and one gap counts all of them."""
    with built(tmp_path, OLDER, row(1, date=date), row(2, date=date), row(3)) as database:
        reading = read_calls(database)
    assert [call.started for call in reading] == [None, None, NOON]
    assert [call.ended for call in reading][:2] == [None, None]
    (gap,) = reading.gaps
    assert (why(gap), gap.fault, gap.hides) == ("2 calls have no readable time", True, calls.HIDES)


@pytest.mark.parametrize("duration", [-1.0, 9e999, "long", b"\x01", None])
def test_a_duration_that_is_none_leaves_the_end_unknown(tmp_path: Path, duration: object) -> None:
    """No end is invented: without a duration nobody knows whether the call connected."""
    with built(tmp_path, OLDER, row(1, duration=duration)) as database:
        (call,) = read_calls(database)
    assert (call.started, call.ended, call.duration_s, call.connected) == (NOON, None, None, None)


def test_an_endless_duration_does_not_overflow(tmp_path: Path) -> None:
    """A finite duration beyond the calendar leaves the end unknown."""
    with built(tmp_path, OLDER, row(1, duration=1e300)) as database:
        (call,) = read_calls(database)
    assert (call.ended, call.duration_s) == (None, 1e300)


def test_calls_come_in_order_of_time_and_repeats_once(tmp_path: Path) -> None:
    """The temporary store may repeat a call: each unique identifier is kept once, calls without one always."""
    rows = (
        row(1, date=STAMP + 10),
        row(2, unique="call-1"),
        row(3, unique=None),
        row(4, unique=None, date=STAMP - 5),
    )
    with built(tmp_path, OLDER, *rows) as database:
        found = read_calls(database).records
    assert [call.source.row for call in found] == [4, 2, 3, 1]
    assert [call.source.row for call in without_repeats(found)] == [4, 2, 3]


def test_absent_in_a_plain_backup_says_so() -> None:
    """The gap of an unlisted call history says that only encrypted backups carry it, and is no fault."""
    gap = calls.CALL_HISTORY.absent()
    assert "encrypted backups only" in why(gap)
    assert not gap.fault
    assert set(gap.hides) <= KNOWN_ANSWERS


def test_the_people_of_one_call_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that claims more people than FaceTime allows does not grow without end, and repeats count once."""
    monkeypatch.setattr(limits, "CALL_HANDLES", 2)
    insert = "INSERT INTO Z_2REMOTEPARTICIPANTHANDLES VALUES (1, ?)"
    with built(tmp_path, OLDER, row(1), *((insert, (n,)) for n in (5, 5, 6, 7, None, "x"))) as database:
        (call,) = read_calls(database)
    assert call.with_count == 2


def test_one_listed_person_is_no_group(tmp_path: Path) -> None:
    """A call that lists its one other person is a call of two."""
    insert = "INSERT INTO Z_2REMOTEPARTICIPANTHANDLES VALUES (1, 1)"
    with built(tmp_path, OLDER, row(1), (insert, ())) as database:
        (call,) = read_calls(database)
    assert (call.group, call.with_count) == (False, 1)
