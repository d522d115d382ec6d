"""FaceTime messages and voicemails: found, told apart, listed, redacted, extracted; never FaceTime photos."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fixtures import BackupBuilder, facetime_messages
from fixtures.hostile import Tampered
from fixtures.message_stories import STORIES, MessageStory, message_demo, message_of
from recovery.analysis.model import FaceTimeMessage, Findings, KindBasis, MessageBasis, MessageKind, OrphanCode
from recovery.analysis.reasons import NoteCode
from recovery.analysis.redact import LEFT_OUT, redact
from recovery.extraction.plan import plan
from recovery.extraction.selected_files import Selection
from recovery.report.html.previews import Preview
from recovery.report.html.writing import render
from recovery.report.inventory import inventory, schema
from recovery.report.messages.gaps import what, why
from recovery.report.text import scan_text as text
from recovery.report.text import words
from tests.conftest import photograph
from tests.every_command import inside
from tests.scanning import PASSPHRASE, scan

PRIVATE = ("+15550101", "+15550102", "bob@example.com", "ann@example.com", "+15550100")
"""Everybody in the stories."""


@dataclass(frozen=True, slots=True)
class Twins:
    """The backup of all stories of messages, plain and encrypted, and what is found in it; only to be read."""

    builder: BackupBuilder
    plain: Path
    encrypted: Path
    findings: Findings


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Twins:
    """Built once for all tests."""
    folder, builder = tmp_path_factory.mktemp("messages"), message_demo()
    plain = builder.build(folder / "plain")
    return Twins(builder, plain, builder.build(folder / "encrypted", PASSPHRASE), scan(plain))


def found_for(findings: Findings, uuid: str) -> FaceTimeMessage:
    """The one message with that identifier."""
    (message,) = (message for message in findings.facetime_messages if message.uuid == uuid)
    return message


# --- what is found -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_is_found_as_it_happened(twins: Twins, story: MessageStory) -> None:
    """From whom, when, how long, of which kind, deleted or not, and whether its file is here."""
    planted = message_of(twins.builder, story)
    found = found_for(twins.findings, planted.uuid)
    assert (found.kind, found.kind_basis, found.deleted) == (story.kind, story.kind_basis, story.deleted)
    assert [file.state for file in found.files] == ([story.media] if story.media else [])
    assert found.untested
    if planted.stored:
        assert found.basis is MessageBasis.MESSAGE_STORE
        assert (found.sender, found.created, found.duration_s) == (planted.sender, planted.created, 12.5)
        assert found.deleted_at == planted.deleted
    else:
        assert found.basis is MessageBasis.MEDIA_FILE
        assert (found.sender, found.created, found.read) == (None, None, None)


def test_an_encrypted_backup_says_the_same(twins: Twins) -> None:
    """Encryption changes nothing of it, and neither backup is touched."""
    before = photograph(twins.encrypted)
    assert scan(twins.encrypted, PASSPHRASE).facetime_messages == twins.findings.facetime_messages
    assert photograph(twins.encrypted) == before


def test_messages_are_no_photos(twins: Twins) -> None:
    """One FaceTime photo is found, as without any message; messages have a total of their own."""
    totals = twins.findings.totals
    assert (totals.assets, totals.facetime, totals.facetime_messages) == (1, 1, len(STORIES))
    without = scan_of(BackupBuilder(product_version="18.5").with_live_photo("IMG_0001"), twins.plain.parent / "x")
    assert twins.findings.assets == without.assets
    assert totals.changed(facetime_messages=0, blobs=0, missing_blobs=0) == without.totals.changed(blobs=0)


def scan_of(builder: BackupBuilder, folder: Path) -> Findings:
    """What is found in a backup that is built for it."""
    return scan(builder.build(folder))


def about_messages(findings: Findings) -> list[tuple[str, bool]]:
    """Why, and whether it is a fault, of each gap about FaceTime messages."""
    return [(why(gap), gap.fault) for gap in findings.gaps if what(gap).startswith("FaceTime messages")]


def test_a_backup_without_them_has_no_gap(tmp_path: Path) -> None:
    """Before iOS 17, and where nobody left one, nothing is missing; other files of FaceTime change nothing."""
    builder = BackupBuilder(product_version="16.4").with_live_photo("IMG_0001")
    assert about_messages(scan_of(builder, tmp_path / "none")) == []
    builder.with_file(facetime_messages.DOMAIN, "Library/Preferences/group.com.apple.FaceTime.plist", b"x")
    found = scan_of(builder, tmp_path / "other")
    assert (found.facetime_messages, about_messages(found)) == ((), [])


@pytest.mark.parametrize("path", ["FaceTimeMessageStore-local.sqlitedb", "a/b/FaceTimeMessageStore-local.sqlitedb"])
def test_the_store_is_found_in_any_folder(tmp_path: Path, path: str) -> None:
    """Nobody has seen where a backup keeps it: its name decides, and media may lie anywhere."""
    found = scan_of(BackupBuilder().with_facetime_message().with_facetime_store(path), tmp_path)
    (message,) = found.facetime_messages
    assert message.source.store == path and message.recoverable


def test_messages_in_the_write_ahead_log_count(tmp_path: Path) -> None:
    """The last message has reached only the log."""
    builder = BackupBuilder().with_facetime_message().with_facetime_message("audio")
    found = scan_of(builder.with_facetime_store(facetime_messages.STORE, late=1), tmp_path)
    assert [message.kind for message in found.facetime_messages] == [
        "facetime_video_message",
        "facetime_audio_message",
    ]


@pytest.mark.parametrize(
    "damage",
    [
        lambda backup: backup.blob(facetime_messages.STORE, facetime_messages.DOMAIN).write_bytes(b"no database" * 99),
        lambda backup: backup.blob(facetime_messages.STORE, facetime_messages.DOMAIN).unlink(),
        lambda backup: backup.replace_database(
            "CREATE TABLE x (y);", facetime_messages.STORE, facetime_messages.DOMAIN
        ),
    ],
    ids=["noise", "missing", "other layout"],
)
def test_a_store_that_cannot_be_read_is_a_gap(tmp_path: Path, damage: Any) -> None:
    """The media is still there, and is listed without what the store would tell."""
    folder = BackupBuilder().with_facetime_message().build(tmp_path)
    damage(Tampered(folder))
    found = scan(folder)
    assert [message.basis for message in found.facetime_messages] == [MessageBasis.MEDIA_FILE]
    assert len(about_messages(found)) == 1


def test_media_without_a_store_is_a_gap(tmp_path: Path) -> None:
    """Somebody left something: that is listed, and the gap says what is not known of it. It is no fault."""
    found = scan_of(BackupBuilder().with_facetime_message("old_voicemail").with_facetime_store(None), tmp_path)
    assert [(message.kind, message.basis) for message in found.facetime_messages] == [("voicemail", "media_file")]
    ((why, fault),) = about_messages(found)
    assert "not the store" in why and not fault


def test_a_lost_list_of_files_does_not_lose_them(tmp_path: Path) -> None:
    """Without Manifest.db the store is found under its usual path, and its rows name the media."""
    folder = BackupBuilder().with_facetime_message().with_facetime_message("old_voicemail").build(tmp_path)
    listed = scan(folder).facetime_messages
    (folder / "Manifest.db").unlink()
    found = scan(folder)
    assert [message.kind for message in found.facetime_messages] == [message.kind for message in listed]
    assert all(message.recoverable for message in found.facetime_messages)
    spoken_for = {file.file_id for message in found.facetime_messages for file in message.files}
    unlisted = {end.file_id for end in found.loose_ends if end.code is OrphanCode.UNLISTED_BLOB}
    assert spoken_for and not spoken_for & unlisted


def test_several_files_of_one_message_are_kept(tmp_path: Path) -> None:
    """The one of the stored type comes first, whatever lies beside it."""
    builder = BackupBuilder().with_facetime_message()
    (message,) = builder.facetime_messages
    beside = f"{facetime_messages.FOLDER}/Assets/{message.uuid[:2]}/{message.uuid}.JPG"
    found = scan_of(builder.with_file(facetime_messages.DOMAIN, beside, b"\xff\xd8\xff"), tmp_path)
    assert [file.name.rpartition(".")[2] for file in found.facetime_messages[0].files] == ["MOV", "JPG"]


# --- which kind --------------------------------------------------------------------------------------------


def encoded(video: bool, container: str) -> bytes:
    """A second of sound, with a picture or without, as FFmpeg writes it."""
    av = pytest.importorskip("av")
    output = io.BytesIO()
    with av.open(output, "w", format=container) as file:
        sound = file.add_stream("aac", rate=44100)
        picture = file.add_stream("mpeg4", rate=5) if video else None
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
            for _ in range(5):
                file.mux(picture.encode(av.VideoFrame(64, 48, "yuv420p")))
            file.mux(picture.encode(None))
        silence = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
        silence.sample_rate = 44100
        for number in range(43):
            silence.pts = 1024 * number
            for plane in silence.planes:
                plane.update(bytes(plane.buffer_size))
            file.mux(sound.encode(silence))
        file.mux(sound.encode(None))
    return output.getvalue()


@pytest.mark.parametrize(("video", "kind"), [(True, MessageKind.FACETIME_VIDEO), (False, MessageKind.VOICEMAIL)])
def test_a_video_track_tells_a_video_message_from_a_voicemail(tmp_path: Path, video: bool, kind: MessageKind) -> None:
    """Both are called MOV; the tracks of movies that FFmpeg wrote decide, and no note finds them odd."""
    builder = BackupBuilder().with_facetime_message("video", content=encoded(video, "mov"), provider="")
    (message,) = scan_of(builder, tmp_path).facetime_messages
    assert (message.kind, message.kind_basis) == (kind, KindBasis.VIDEO_TRACK)
    assert [file.note for file in message.files] == [""]


def test_an_audio_message_is_told_by_its_type(tmp_path: Path) -> None:
    """Sound that FFmpeg wrote as M4A fits its name."""
    builder = BackupBuilder().with_facetime_message("audio", content=encoded(False, "ipod"))
    (message,) = scan_of(builder, tmp_path).facetime_messages
    assert (message.kind, [file.note for file in message.files]) == (MessageKind.FACETIME_AUDIO, [""])


@pytest.mark.parametrize(
    ("changes", "kind", "basis"),
    [
        ({"provider": "com.apple.FaceTime"}, MessageKind.FACETIME_VIDEO, KindBasis.PROVIDER),
        ({"provider": "com.apple.coretelephony"}, MessageKind.VOICEMAIL, KindBasis.PROVIDER),
        ({"provider": "org.example"}, MessageKind.UNKNOWN, None),
        ({"provider": "com.apple.FaceTime", "file_type": "caf"}, MessageKind.UNKNOWN, None),
    ],
)
def test_a_movie_that_cannot_be_asked(
    tmp_path: Path, changes: dict[str, str], kind: MessageKind, basis: KindBasis | None
) -> None:
    """Damaged, it has no tracks to tell: then the provider answers, which is called a guess, or nobody does."""
    builder = BackupBuilder().with_facetime_message("video", content=b"\0\0\0\x08wide" + bytes(99), **changes)
    found = scan_of(builder, tmp_path)
    (message,) = found.facetime_messages
    assert (message.kind, message.kind_basis) == (kind, basis)
    assert ("a guess from the provider" in " ".join(text.scan(found, verbose=True).split())) is (basis is not None)


def test_a_provider_that_does_not_fit_is_told(tmp_path: Path) -> None:
    """The file decides, and the note says what the store says instead."""
    builder = BackupBuilder().with_facetime_message("audio", provider="com.apple.coretelephony")
    builder.with_facetime_message("voicemail", provider="com.apple.FaceTime")
    notes = [message.notes for message in scan_of(builder, tmp_path).facetime_messages]
    assert [len(note) for note in notes] == [1, 1]
    assert [note.code for (note,) in notes] == [NoteCode.PROVIDER_IS_CARRIER, NoteCode.PROVIDER_IS_FACETIME]


def test_bytes_that_do_not_fit_the_type_are_noted(tmp_path: Path) -> None:
    """A file of another kind is told and taken as it is: nobody knows what a real store holds."""
    builder = BackupBuilder().with_facetime_message("audio", content=b"#!AMR\nxxxx")
    (message,) = scan_of(builder, tmp_path).facetime_messages
    (file,) = message.files
    assert (file.state, file.note) == ("present", "its first bytes are not those of a file of type m4a")


# --- what is told ------------------------------------------------------------------------------------------


def test_the_inventory_lists_them(twins: Twins) -> None:
    """Its own list and total, valid by the shipped schema, each entry marked as untested."""
    document = inventory(twins.findings, generated_at=None)
    jsonschema.Draft202012Validator(schema()).validate(json.loads(json.dumps(document)))
    listed: Any = document["facetime_messages"]
    assert len(listed) == len(STORIES) and all(item["untested"] for item in listed)
    assert [item["source"]["place"] for item in listed].count("ZSTOREDMESSAGE") == len(STORIES) - 1
    video = next(item for item in listed if item["sender"] == "+15550101")
    assert video["files"][0]["role"] == "facetime_message"
    assert (video["created"], video["deleted"]) == ("2024-05-03T18:22:10.125Z", False)


def test_the_text_lists_them(twins: Twins) -> None:
    """A sentence at the top, a section with a line for each, marked and explained, and a total apart."""
    told = " ".join(text.scan(twins.findings, verbose=True).split())
    assert "Apart from photos: 4 FaceTime video messages, 2 FaceTime audio messages and 3 voicemails. *" in told
    assert f"{words.MESSAGES_TITLE} ({len(STORIES)})" in told
    assert "FaceTime video message *, 2024-05-03 18:22:10 UTC, from +15550101, 12 s; its file is here" in told
    assert "marked as deleted on 2024-05-20" in told
    assert words.MESSAGES_UNTESTED_NOTE in told
    assert f"not counted above: {len(STORIES)}" in told


def test_nothing_is_said_where_there_is_nothing(tmp_path: Path) -> None:
    """Text and page of a backup without messages do not speak of them."""
    found = scan_of(BackupBuilder().with_live_photo("IMG_0001"), tmp_path)
    page = render(found, None, [Preview()], "x", datetime(2024, 6, 2, tzinfo=UTC))
    told = text.scan(found, everything=True) + page
    assert "oicemail" not in told and "FaceTime messages" not in told


def test_a_search_for_facetime_tells_them(twins: Twins, tmp_path: Path) -> None:
    """They come from FaceTime; a search among photos leaves them out of the text."""
    shown = inside(["scan", str(twins.plain), "--facetime", "-v"], None, tmp_path)
    assert (shown.code, words.MESSAGES_TITLE in shown.output.decode()) == (0, True)
    shown = inside(["scan", str(twins.plain), "--album", "x"], None, tmp_path)
    assert words.MESSAGES_TITLE not in shown.output.decode()


def test_the_page_lists_them(twins: Twins, tmp_path: Path) -> None:
    """A section of its own, with the mark and what it means."""
    (tmp_path / "page").mkdir()
    page = tmp_path / "page" / "report.html"
    assert inside(["report", str(twins.plain), str(page)], None, tmp_path).code == 0
    html = page.read_text(encoding="utf-8")
    assert f'id="messages" open><summary>{words.MESSAGES_TITLE} ({len(STORIES)})' in html
    assert 'href="#messages"' in html and words.MESSAGES_UNTESTED_NOTE in html
    assert "FaceTime audio message *" in html and "from bob@example.com" in html


def test_the_timeline_tells_when(twins: Twins, tmp_path: Path) -> None:
    """When each was left and deleted, as untested; who sent it is in the inventory, as with calls."""
    shown = inside(["timeline", str(twins.plain), "--json"], None, tmp_path)
    events = json.loads(shown.output)["events"]
    left = [event for event in events if event["event"] == "facetime_message"]
    deleted = [event for event in events if event["event"] == "facetime_message_deleted"]
    assert (len(left), len(deleted)) == (len(STORIES) - 1, 2)
    assert all(event["untested"] and event["uuid"] is None for event in left + deleted)
    assert {event["at"] for event in deleted} == {"2024-05-20T07:15:00.000Z"}
    assert not [word for word in PRIVATE if word in shown.output.decode()]
    alone = inside(["timeline", str(twins.plain), "--json", "--uuid", twins.builder.asset.uuid], None, tmp_path)
    assert b"facetime_message" not in alone.output


# --- redaction ---------------------------------------------------------------------------------------------


def everything_said(backup: Path, room: Path, *more: str) -> bytes:
    """What every command that knows --redact says and writes."""
    (room / "page").mkdir(parents=True)
    lines = (
        *(["scan", str(backup), "--all", "--verbose", "--format", form] for form in ("text", "json", "csv", "ndjson")),
        ["diagnose", str(backup), "--json"],
        ["report", str(backup), str(room / "page" / "report.html")],
        ["extract", str(backup), str(room / "out"), "--all"],
    )
    runs = [inside([*line, *more], None, room) for line in lines]
    assert all(run.code in (0, 3) for run in runs), [run.errors for run in runs]
    said = b"\n".join(run.said for run in runs)
    for path in sorted(room.rglob("*")):
        told = path.suffix in (".json", ".jsonl", ".html", ".sha256", ".xmp") and path.is_file()
        said += str(path.relative_to(room)).encode() + (path.read_bytes() if told else b"")
    return said


def test_redaction_leaves_out_who_it_was(twins: Twins, tmp_path: Path) -> None:
    """No sender and no recipient in any output or name; that there were some is said. Without it all are told."""
    told = everything_said(twins.plain, tmp_path / "redacted", "--redact").decode("utf-8", "replace")
    assert [word for word in PRIVATE if word in told] == []
    assert f"from {LEFT_OUT}" in told
    told = everything_said(twins.plain, tmp_path / "whole").decode("utf-8", "replace")
    assert [word for word in PRIVATE if word not in told] == []


def test_a_sender_who_is_no_number_is_left_out_everywhere(tmp_path: Path) -> None:
    """A name in the column of senders goes from every text, also from a path that repeats it."""
    builder = BackupBuilder().with_facetime_message("audio", "Annabelle Quist", provider="of Annabelle Quist")
    found = redact(scan_of(builder, tmp_path))
    assert "Quist" not in repr(found)
    assert redact(found) == found


# --- extraction --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])
def test_media_is_extracted_and_verified(twins: Twins, tmp_path: Path, passphrase: str | None) -> None:
    """Each file that is here, bit for bit in a folder of its own, in record and inventory; evidence untouched."""
    backup, out = twins.encrypted if passphrase else twins.plain, tmp_path / "out"
    before = photograph(backup)
    run = inside(["extract", str(backup), str(out), "--no-report"], passphrase, tmp_path)
    assert (run.code, run.errors) == (3, b"")  # one message has an empty file
    told = " ".join(run.output.decode().split())
    assert "FaceTime messages *: These were left in FaceTime" in told and words.MESSAGES_UNTESTED_NOTE in told
    planted = [m for m in twins.builder.facetime_messages if m.media == "present" and m.content]
    written = {path.relative_to(out).as_posix(): path for path in (out / "FaceTime messages").rglob("*.*")}
    digests = {hashlib.sha256(path.read_bytes()).hexdigest(): name for name, path in written.items()}
    assert digests.keys() == {hashlib.sha256(message.content).hexdigest() for message in planted}
    assert "FaceTime messages/2024/2024-05-03 18.22.10 UTC FaceTime video message.MOV" in written
    assert sum("/Deleted/2024/" in name for name in written) == 1
    record = json.loads((out / "run.json").read_text())
    files = [item for item in record["files"] if item["role"] == "facetime_message" and item["state"] == "written"]
    assert {item["sha256"]: item["target"] for item in files} == digests
    assert {item["facetime_message"] for item in files} == {message.uuid for message in planted}
    assert {item["modified_from"] for item in files if "undated" not in item["target"]} == {"facetime_message.created"}
    assert any("not yet seen" in warning for warning in record["warnings"])
    listed = json.loads((out / "inventory.json").read_text())["facetime_messages"]
    assert {
        file["sha256"]: file["extracted_to"] for item in listed for file in item["files"] if file["sha256"]
    } == digests
    verified = inside(["verify", str(out), str(backup)], passphrase, tmp_path)
    assert (verified.code, b"Nothing differs." in verified.output) == (0, True)
    assert photograph(backup) == before


def test_the_dry_run_counts_them_apart(twins: Twins, tmp_path: Path) -> None:
    """A line of their own, and the same note."""
    run = inside(["extract", str(twins.plain), str(tmp_path / "out"), "--dry-run"], None, tmp_path)
    told = run.output.decode()
    assert run.code == 0 and "  FaceTime messages " in told and "not yet seen it in a backup" in " ".join(told.split())
    assert not (tmp_path / "out").exists()


def targets(findings: Findings, **changes: Any) -> list[str]:
    """Where the media of messages would go."""
    planned = plan(findings, Selection(**changes))
    return [file.target for file in planned.files if file.message is not None]


def test_filters_of_photos_take_no_messages(twins: Twins) -> None:
    """What names photos takes photos; dates narrow messages too, and an undated one does not pass them."""
    everything = targets(twins.findings)
    assert len(everything) == 7 and targets(twins.findings, everything=True) == everything
    for photos in ({"live": True}, {"deleted": True}, {"albums": ("x",)}, {"text": "x"}, {"keys": frozenset()}):
        assert targets(twins.findings, **photos) == []
    some = targets(twins.findings, since=datetime(2024, 5, 4, tzinfo=UTC))
    assert 0 < len(some) < len(everything) and set(some) <= set(everything)
    assert not any("undated" in name for name in some)


def test_two_rows_that_name_one_file_write_it_once(tmp_path: Path) -> None:
    """A store that repeats an identifier a thousand times fills no disk."""
    folder = BackupBuilder().with_facetime_message().build(tmp_path)
    with (
        closing(sqlite3.connect(Tampered(folder).blob(facetime_messages.STORE, facetime_messages.DOMAIN))) as store,
        store,
    ):
        columns = "ZDATECREATED, ZRECORDUUID, ZFILETYPE"
        store.execute(f"INSERT INTO ZSTOREDMESSAGE ({columns}) SELECT {columns} FROM ZSTOREDMESSAGE")
    found = scan(folder)
    assert [len(message.files) for message in found.facetime_messages] == [1, 1]
    assert len(targets(found)) == 1


def test_names_of_messages_meet_no_photos(twins: Twins) -> None:
    """Messages of one moment get names of their own, and photos keep theirs whether there are messages or not."""
    moment = datetime(2024, 5, 3, 18, 22, 10, tzinfo=UTC)
    (first, *_) = twins.findings.facetime_messages
    alike = [first.changed(uuid=f"{n:08d}-0000-4000-8000-000000000000", created=moment,
                     files=(first.files[0].changed(file_id=f"{n:040x}"),)) for n in range(5)]  # fmt: skip
    story = twins.findings.changed(facetime_messages=tuple(alike))
    assert len(set(targets(story))) == 5
    photos = [file.target for file in plan(story).files if file.message is None]
    assert photos == [file.target for file in plan(story.changed(facetime_messages=())).files]
