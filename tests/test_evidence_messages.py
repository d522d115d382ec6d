"""Messages: pictures and movies of living and recently deleted messages, and paths that must not lead astray."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import pytest
from evidence_tools import KNOWN_ANSWERS, built, file_id, real
from hypothesis import given
from hypothesis import strategies as st

from recovery.app_data import messages
from recovery.app_data.messages import backup_location, read_attachments
from recovery.report.messages.gaps import why

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
STAMP = int((NOON - datetime(2001, 1, 1, tzinfo=UTC)).total_seconds())
FOLDER = "Library/SMS/Attachments/3f/15/0A1B"

BEFORE_16 = """
CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL, text TEXT,
    date INTEGER, is_from_me INTEGER DEFAULT 0);
CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL,
    created_date INTEGER DEFAULT 0, start_date INTEGER DEFAULT 0, filename TEXT, uti TEXT, mime_type TEXT,
    transfer_state INTEGER DEFAULT 0, is_outgoing INTEGER DEFAULT 0, user_info BLOB, transfer_name TEXT,
    total_bytes INTEGER DEFAULT 0, hide_attachment INTEGER DEFAULT 0, original_guid TEXT);
CREATE TABLE message_attachment_join (message_id INTEGER, attachment_id INTEGER,
    UNIQUE(message_id, attachment_id));
"""
SINCE_16 = (
    BEFORE_16
    + """
CREATE TABLE chat_recoverable_message_join (chat_id INTEGER, message_id INTEGER, delete_date INTEGER,
    ck_sync_state INTEGER DEFAULT 0, PRIMARY KEY (chat_id, message_id), CHECK (delete_date != 0));
"""
)
JOIN = "INSERT INTO message_attachment_join VALUES (?, ?)"
DELETE = "INSERT INTO chat_recoverable_message_join (chat_id, message_id, delete_date) VALUES (1, ?, ?)"
Statement = tuple[str, tuple[object, ...]]


def attachment(number: int, **changed: object) -> Statement:
    values: dict[str, object] = {
        "filename": f"~/{FOLDER}/lp_image.HEIC", "transfer_name": "lp_image.HEIC", "uti": "public.heic",
        "mime_type": "image/heic", "created_date": STAMP, "total_bytes": 5000, "is_outgoing": 0,
    }  # fmt: skip
    values |= changed
    names, marks = ", ".join(values), ",".join("?" * len(values))
    return f"INSERT INTO attachment (ROWID, guid, {names}) VALUES (?,?,{marks})", (
        number,
        f"G{number}",
        *values.values(),
    )


def message(number: int, date: object = STAMP * 10**9, from_me: object = 0) -> Statement:
    sql = "INSERT INTO message (ROWID, guid, date, is_from_me) VALUES (?,?,?,?)"
    return sql, (number, f"M{number}", date, from_me)


def test_the_location_gives_the_file_id_of_the_real_backup() -> None:
    """Domain and path of sms.db hash to the file ID that a real iOS 14.3 manifest lists."""
    assert file_id(*messages.MESSAGES.location) == "3d0d7e5fb2ce288813306e4d4636395e047a3d28"
    assert set(messages.MESSAGES.hides) <= KNOWN_ANSWERS


def test_a_received_facetime_picture_is_read_whole(tmp_path: Path) -> None:
    """Name, place in the backup, times in both units, size and direction of one attachment."""
    with built(tmp_path, SINCE_16, attachment(1), message(7), (JOIN, (7, 1))) as database:
        reading = read_attachments(database)
    (found,) = reading
    assert found.name == "lp_image.HEIC"
    assert found.location == ("MediaDomain", f"{FOLDER}/lp_image.HEIC")
    assert (found.created, found.message_date, found.size, found.outgoing) == (NOON, NOON, 5000, False)
    assert (found.recently_deleted, found.deleted_at) == (False, None)
    assert str(found.source) == "built.db attachment row 1"
    assert reading.gaps == ()


def test_a_recently_deleted_message_keeps_its_picture(tmp_path: Path) -> None:
    """A picture whose only message is in Recently Deleted is found and says so, with the time of the deletion."""
    later = NOON + timedelta(days=1)
    statements = (attachment(1), message(7), (JOIN, (7, 1)), (DELETE, (7, (STAMP + 86400) * 10**9)))
    with built(tmp_path, SINCE_16, *statements) as database:
        (found,) = read_attachments(database)
    assert (found.recently_deleted, found.deleted_at) == (True, later)


def test_a_picture_also_held_by_a_living_message_is_not_deleted(tmp_path: Path) -> None:
    """Recently deleted means that every message holding it is."""
    statements = (attachment(1), message(7), message(8), (JOIN, (7, 1)), (JOIN, (8, 1)), (DELETE, (7, STAMP)))
    with built(tmp_path, SINCE_16, *statements) as database:
        (found,) = read_attachments(database)
    assert (found.recently_deleted, found.deleted_at) == (False, None)


def test_before_ios_16_nothing_is_said_about_deletion(tmp_path: Path) -> None:
    """Without the list of recently deleted messages the answer is unknown, and a gap says it."""
    with built(tmp_path, BEFORE_16, attachment(1), message(7), (JOIN, (7, 1))) as database:
        reading = read_attachments(database)
    assert [found.recently_deleted for found in reading] == [None]
    (gap,) = reading.gaps
    assert (gap.hides, gap.fault) == (("recently_deleted_messages",), False)
    assert set(gap.hides) <= KNOWN_ANSWERS


def test_a_picture_of_no_message_is_still_found(tmp_path: Path) -> None:
    """An attachment row that no message holds any more keeps its file; nothing is claimed about deletion."""
    with built(tmp_path, SINCE_16, attachment(1)) as database:
        (found,) = read_attachments(database)
    assert (found.message_date, found.recently_deleted, found.outgoing) == (None, None, False)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"uti": None, "mime_type": None}, True),
        ({"uti": None, "mime_type": None, "transfer_name": None}, True),
        ({"uti": "com.apple.quicktime-movie", "mime_type": None, "transfer_name": "x"}, True),
        ({"uti": None, "mime_type": "Video/QuickTime", "transfer_name": "x"}, True),
        ({"uti": "public.mpeg-4", "mime_type": None, "transfer_name": "x"}, True),
        ({"uti": "com.adobe.pdf", "mime_type": "application/pdf", "transfer_name": "x.pdf"}, False),
        ({"uti": "public.vcard", "mime_type": "text/vcard", "transfer_name": "x.vcf"}, False),
        ({"uti": None, "mime_type": None, "transfer_name": None, "filename": None}, False),
    ],
)
def test_pictures_and_movies_are_told_from_the_rest(tmp_path: Path, changed: dict[str, object], found: bool) -> None:
    """Type, identifier or suffix: one that names a picture or movie is enough, documents are left out."""
    with built(tmp_path, SINCE_16, attachment(1, **changed)) as database:
        assert bool(len(read_attachments(database))) is found


@pytest.mark.parametrize("prefix", ["~/", "/var/mobile/", "/private/var/mobile/", ""])
def test_every_known_prefix_leads_to_the_same_file(prefix: str) -> None:
    """The path is stored with the home folder written in several ways; the file ID is one."""
    location = backup_location(f"{prefix}{FOLDER}/lp_movie.MOV")
    assert location is not None
    assert file_id(*location) == file_id("MediaDomain", f"{FOLDER}/lp_movie.MOV")


@pytest.mark.parametrize(
    "path",
    [None, "", "/etc/passwd", "~/Library/Preferences/x.plist", f"/var/root/{FOLDER}/x.heic",
     "~/Library/SMS/../../secret.heic", "~/Library/SMS/Attachments/./x.heic", "~/Library/SMS/..\\x.heic",
     "~/Library/SMS/x\0.heic", "/private/var/folders/xx/lp_image.heic"],
)  # fmt: skip
def test_a_path_outside_the_folder_leads_nowhere(path: str | None) -> None:
    """Foreign and climbing paths have no location in the backup."""
    assert backup_location(path) is None


@given(st.text(alphabet="./\\~abLibrarySM\0 ", max_size=60), st.sampled_from(["~/Library/SMS/", "/var/mobile/", ""]))
def test_no_path_ever_leaves_the_messages_folder(path: str, prefix: str) -> None:
    """Whatever is stored, a location stands below Library/SMS of MediaDomain and never climbs."""
    if (location := backup_location(prefix + path)) is not None:
        assert location.domain == "MediaDomain"
        parts = PurePosixPath(location.path).parts
        assert parts[:2] == ("Library", "SMS")
        assert ".." not in parts


def test_climbing_paths_are_counted(tmp_path: Path) -> None:
    """The picture stays listed without a location, and one gap counts the refused paths."""
    rows = (
        attachment(1, filename="~/Library/SMS/../x.heic"),
        attachment(2, filename="/tmp/../x.heic"),
        attachment(3),
    )
    with built(tmp_path, SINCE_16, *rows) as database:
        reading = read_attachments(database)
    assert [found.location is None for found in reading] == [True, True, False]
    (gap,) = reading.gaps
    assert (gap.fault, why(gap).split()[0]) == (True, "2")


def test_missing_columns_hide_only_their_answers(tmp_path: Path) -> None:
    """Without transfer_name and join table pictures are found by their path, and the gaps name the rest."""
    script = "CREATE TABLE attachment (filename TEXT); INSERT INTO attachment VALUES ('~/Library/SMS/lp_image.HEIC');"
    with built(tmp_path, script) as database:
        reading = read_attachments(database)
    assert [found.name for found in reading] == ["lp_image.HEIC"]
    hidden = {answer for gap in reading.gaps for answer in gap.hides}
    assert hidden == {"messages_name", "message_date", "recently_deleted_messages"}


def test_hostile_cells_decide_nothing(tmp_path: Path) -> None:
    """Blobs, texts and huge numbers in any column give unknowns, never an exception."""
    odd = {"filename": b"\xff\xfe", "transfer_name": b"lp_image.heic\xff", "uti": 7, "mime_type": "image/heic",
           "created_date": 2**62, "total_bytes": -4, "is_outgoing": 9}  # fmt: skip
    statements = (
        attachment(1, **odd),
        message(2, b"\x00", 7),
        (JOIN, ("x", 1)),
        (JOIN, (2, 1)),
        (JOIN, (None, 1)),
    )
    with built(tmp_path, SINCE_16, *statements) as database:
        (found,) = read_attachments(database)
    assert (found.name, found.location, found.uti) == ("lp_image.heic�", None, "7")
    assert (found.size, found.outgoing, found.message_date) == (None, None, None)


def test_the_real_database_without_attachments_is_a_gap(tmp_path: Path) -> None:
    """A real (trimmed) iOS 14.3 sms.db has no attachment table: that hides the copies, it does not deny them."""
    with real(tmp_path, "ios-14.3/3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28") as database:
        reading = read_attachments(database)
        assert not messages.MESSAGE.lacks(database)
    (gap,) = reading.gaps
    assert (len(reading), gap.hides) == (0, messages.HIDES)
    assert "no table attachment" in why(gap)
