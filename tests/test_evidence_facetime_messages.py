"""The message store of FaceTime: rows as literal SQL, missing columns, and values that mean nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from evidence_tools import KNOWN_ANSWERS, built, file_id
from hypothesis import given
from hypothesis import strategies as st

from fixtures import facetime_messages as planted
from recovery import limits
from recovery.app_data import facetime_messages as store
from recovery.app_data.facetime_messages import media_of, media_path, read_stored_messages
from recovery.provenance import Tier
from recovery.report.messages.gaps import HIDES, what, why

# As public readers of macOS 26 ask for it; written here again, apart from the fixtures.
TABLE = """
CREATE TABLE ZSTOREDMESSAGE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZISREAD INTEGER,
    ZMAILBOXTYPE INTEGER, ZMESSAGETYPE INTEGER, ZDATECREATED TIMESTAMP, ZDATEMODIFIED TIMESTAMP,
    ZDATEDELETED TIMESTAMP, ZDURATION FLOAT, ZFILETYPE VARCHAR, ZFROM VARCHAR, ZRECIPIENT VARCHAR,
    ZPROVIDER VARCHAR, ZCALLUUID BLOB, ZRECORDUUID BLOB, ZTRANSCRIPT BLOB);
"""
UUID = "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0"
NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)  # 736430400 seconds after 2001
LATER = datetime(2024, 5, 4, 12, 0, tzinfo=UTC)


def test_one_message_is_read_whole(tmp_path: Path) -> None:
    """A deleted video message, inserted with literal SQL: every column ends in its field."""
    script = f"""{TABLE}
        INSERT INTO ZSTOREDMESSAGE VALUES (7, 1, 1, 1, 2, 3, 736430400.0, 736430460.5, 736516800.0, 12.5, 'MOV',
            '+15550101', 'ann@example.com', 'com.apple.FaceTime', x'00112233445566778899AABBCCDDEEFF',
            x'0F1E2D3C4B5A69788796A5B4C3D2E1F0', x'62706C697374');"""
    with built(tmp_path, script) as database:
        reading = read_stored_messages(database)
    (found,) = reading
    assert (found.uuid, found.file_type) == (UUID, "MOV")
    assert (found.sender, found.recipient, found.provider) == (
        "+15550101",
        "ann@example.com",
        "com.apple.FaceTime",
    )
    assert (found.created, found.deleted_at, found.duration_s) == (NOON, LATER, 12.5)
    assert (found.read, found.deleted, found.mailbox_type, found.message_type) == (True, True, 2, 3)
    assert found.call_uuid == "00112233-4455-6677-8899-AABBCCDDEEFF"
    assert str(found.source) == "built.db ZSTOREDMESSAGE row 7"
    assert reading.gaps == ()


@pytest.mark.parametrize(
    ("mailbox", "date", "deleted"),
    [("0", "NULL", False), ("1", "NULL", False), ("2", "NULL", True), ("0", "736516800", True),
     ("NULL", "736516800", True), ("NULL", "NULL", None), ("'x'", "NULL", None), ("0", "0", False)],
)  # fmt: skip
def test_either_sign_of_deletion_is_enough(tmp_path: Path, mailbox: str, date: str, deleted: bool | None) -> None:
    """Mailbox 2 or a date of deletion; without a mailbox nothing says that a message was not deleted."""
    columns = "ZDATECREATED, ZMAILBOXTYPE, ZDATEDELETED"
    script = f"{TABLE} INSERT INTO ZSTOREDMESSAGE ({columns}) VALUES (1, {mailbox}, {date});"
    with built(tmp_path, script) as database:
        (found,) = read_stored_messages(database)
    assert found.deleted is deleted


@pytest.mark.parametrize(
    ("stored", "uuid", "damaged"),
    [(f"x'{UUID.replace('-', '')}'", UUID, 0), (f"'{UUID.lower()}'", UUID, 0), ("NULL", None, 0), ("x''", None, 1),
     ("x'0102'", None, 1), ("zeroblob(17)", None, 1), ("'../../../../../../../../../../../etc'", None, 1),
     ("42", None, 1), ("'0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1Fx'", None, 1)],
)  # fmt: skip
def test_identifiers_have_sixteen_bytes(tmp_path: Path, stored: str, uuid: str | None, damaged: int) -> None:
    """Any other value names no file; the message stays, and a gap counts it."""
    script = f"{TABLE} INSERT INTO ZSTOREDMESSAGE (ZDATECREATED, ZRECORDUUID) VALUES (1, {stored});"
    with built(tmp_path, script) as database:
        reading = read_stored_messages(database)
    assert [found.uuid for found in reading] == [uuid]
    assert [(why(gap).split()[0], gap.fault) for gap in reading.gaps] == [("1", True)] * damaged


@pytest.mark.parametrize(
    "stored", ["../../../../etc/passwd", "MOV/../x", "m4a\0", "a.b", "CON ", "extension9", "..", "写"]
)
def test_a_type_that_is_a_path_is_refused(tmp_path: Path, stored: str) -> None:
    """Only a plain extension may become a part of a path; another is told nowhere, and a gap counts it."""
    sql = "INSERT INTO ZSTOREDMESSAGE (ZDATECREATED, ZRECORDUUID, ZFILETYPE) VALUES (1, ?, ?)"
    with built(tmp_path, TABLE, (sql, (bytes.fromhex(UUID.replace("-", "")), stored))) as database:
        reading = read_stored_messages(database)
    (found,) = reading
    assert found.file_type is None and media_path("Data Store/x.sqlitedb", found) is None
    (gap,) = reading.gaps
    assert (what(gap), gap.fault) == ("FaceTime messages: ZFILETYPE", True)
    assert stored not in str(reading)


def test_missing_columns_hide_only_their_answers(tmp_path: Path) -> None:
    """A store with dates and senders alone gives messages, and gaps that name what is not known."""
    script = """CREATE TABLE ZSTOREDMESSAGE (ZDATECREATED, ZFROM);
        INSERT INTO ZSTOREDMESSAGE VALUES (736430400, '+15550101');"""
    with built(tmp_path, script) as database:
        reading = read_stored_messages(database)
    assert [(found.created, found.sender, found.uuid, found.deleted) for found in reading] == [
        (NOON, "+15550101", None, None)
    ]
    hidden = {answer for gap in reading.gaps for answer in gap.hides}
    assert hidden == {"facetime_message_media", "facetime_message_kind", "facetime_message_deleted"}
    assert not any(gap.fault for gap in reading.gaps)


@pytest.mark.parametrize("script", ["CREATE TABLE ZOTHER (ZDATECREATED);", "CREATE TABLE ZSTOREDMESSAGE (ZFROM);"])
def test_an_unknown_layout_is_a_gap(tmp_path: Path, script: str) -> None:
    """No such table, or none with a date: nothing is claimed, and the gap hides all messages."""
    with built(tmp_path, script) as database:
        reading = read_stored_messages(database)
    assert len(reading) == 0
    assert [gap.hides for gap in reading.gaps] == [store.HIDES]


def test_every_hidden_answer_has_words() -> None:
    """Whatever a gap of this store can hide is told to people in words."""
    answers = {answer for column in store.MESSAGES.columns for answer in column.hides} | set(store.HIDES)
    assert answers <= HIDES.keys() and answers <= KNOWN_ANSWERS


def test_values_out_of_range_decide_nothing(tmp_path: Path) -> None:
    """Infinite dates, negative lengths, blobs for texts and texts for numbers give unknowns, no exception."""
    sql = (
        "INSERT INTO ZSTOREDMESSAGE (ZDATECREATED, ZDATEMODIFIED, ZDATEDELETED, ZDURATION, ZISREAD, ZMAILBOXTYPE,"
        " ZFROM, ZCALLUUID) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    )
    rows = [(9e999, -1e308, "x", -1.0, 9, 2**62, b"\xff+1", "y"), (None, b"z", 1e300, "long", None, 1e300, 5, b"")]
    with built(tmp_path, TABLE, *((sql, row) for row in rows)) as database:
        reading = read_stored_messages(database)
    for found in reading:
        assert (found.created, found.modified, found.deleted_at, found.duration_s) == (None, None, None, None)
        assert (found.read, found.call_uuid) == (None, None)
    assert [why(gap).split()[0] for gap in reading.gaps] == ["2"]


def test_more_rows_than_anybody_has_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is not read, and a fault says so."""
    monkeypatch.setattr(limits, "FACETIME_MESSAGES", 3)
    with built(tmp_path, TABLE + "INSERT INTO ZSTOREDMESSAGE (ZDATECREATED) VALUES (1),(2),(3),(4);") as database:
        reading = read_stored_messages(database)
    assert len(reading) == 3 and [gap.fault for gap in reading.gaps] == [True]


def test_the_place_is_that_of_the_fixtures() -> None:
    """Domain, path and asset names are the same in two separate readings of the facts, and the tier is honest."""
    assert file_id(*store.DEFAULT_STORE.location) == file_id(planted.DOMAIN, planted.STORE)
    assert store.TIER is Tier.UNTESTED
    message = planted.left("audio", 1, None, NOON, 1, None)
    assert media_of(f"{planted.FOLDER}/{message.path}") == (message.uuid, "m4a")


@pytest.mark.parametrize(
    "path",
    ["Assets/0F/0F1E2D3C.MOV", f"Assets/{UUID}.MOV", f"Other/0F/{UUID}.MOV", f"Assets/0F/{UUID}",
     f"XAssets/0F/{UUID}.MOV", f"Assets/0F/{UUID}.MOV/x", f"Assets/0F/{UUID}.mov.exe.."],
)  # fmt: skip
def test_other_files_are_no_media(path: str) -> None:
    """Only a file that is named by a UUID below Assets is one of a message."""
    assert media_of(path) is None


@given(st.text(max_size=40), st.text(max_size=12))
def test_any_path_is_media_or_not(folder: str, name: str) -> None:
    """Whatever the manifest lists; what is taken for media ends in a plain extension."""
    found = media_of(f"{folder}/Assets/0F/{UUID}.{name}")
    assert found is None or (found[0] == UUID and found[1].isalnum() and found[1].isascii())
