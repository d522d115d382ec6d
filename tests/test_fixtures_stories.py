"""The catalogue of stories and the misfortunes: each leaves the trace it tells of, and no other."""

from __future__ import annotations

import plistlib
import sqlite3
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from fixtures.__main__ import main
from fixtures.stories import CALLS, STORIES, demo, planted_by

STATUSES = {"complete", "half", "reduced_copy", "unreadable", "elsewhere", "not_found"}


@pytest.fixture(scope="module")
def builder() -> BackupBuilder:
    """The demo device."""
    return demo()


def test_there_are_enough_stories_with_names_of_their_own() -> None:
    """At least twenty stories, none told twice."""
    names = [story.name for story in STORIES]
    assert len(names) >= 20
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_each_story_plants_what_it_promises(builder: BackupBuilder, story: object) -> None:
    """The status and state of the story's first asset follow from what was planted."""
    told = next(known for known in STORIES if known is story)
    assets = planted_by(builder, told)
    if not assets:
        assert told.status is None
        return
    expected = assets[0].expected
    assert (expected.trashed, expected.hidden) == (told.trashed, told.hidden)
    assert expected.status in STATUSES
    assert told.status in (None, expected.status)
    assert (expected.basis == "history") is told.deleted
    if told.loose_end == "missing_blob":
        assert {planted.state for planted in assets[0].files if planted.role == "still"} == {"missing_blob"}


def test_planted_times_lie_in_the_calls_they_tell_of(builder: BackupBuilder) -> None:
    """Every FaceTime story happens during one of the calls."""
    calls = builder._calls
    assert len(calls) == CALLS
    story = next(known for known in STORIES if known.name == "screenshot_in_call")
    created = planted_by(builder, story)[0].expected.created
    assert any(0 <= (created - call.start).total_seconds() <= call.duration for call in calls)


def test_numbers_follow_time(builder: BackupBuilder) -> None:
    """In the camera's folder a later number means a later photo, so that gaps can be dated by neighbours."""
    numbered = [
        (asset.name, asset.expected.created)
        for asset in builder.assets
        if asset.directory == "DCIM/100APPLE" and asset.name.startswith("IMG_") and asset.story != "saved_from_messages"
    ]
    times = [created for _, created in sorted(numbered)]
    assert times == sorted(times)


def test_the_command_builds_both_twins_and_says_what_it_planted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line per story; a second run refuses to overwrite."""
    assert main([str(tmp_path / "out"), "--encrypted"]) == 0
    printed = capsys.readouterr().out
    assert all(story.sentence in printed for story in STORIES)
    states = {}
    for twin in ("plain", "encrypted"):
        (backup,) = (tmp_path / "out" / twin).iterdir()
        states[twin] = plistlib.loads((backup / "Manifest.plist").read_bytes())["IsEncrypted"]
    assert states == {"plain": False, "encrypted": True}
    assert main([str(tmp_path / "out")]) == 1


def test_misfortunes_of_the_whole_backup(tmp_path: Path) -> None:
    """Each misfortune removes or changes just what its name says."""

    def build(name: str, builder: BackupBuilder) -> set[str]:
        backup = builder.with_screenshot("IMG_0001").build(tmp_path / name)
        return {str(path.relative_to(backup)) for path in backup.rglob("*") if path.is_file()}

    whole = build("whole", BackupBuilder())
    for name, file in (("info", "Info.plist"), ("status", "Status.plist"), ("manifest", "Manifest.plist")):
        assert whole - build(name, getattr(BackupBuilder(), f"without_{name}_plist")()) == {file}
    assert whole - build("database", BackupBuilder().without_manifest_db()) == {"Manifest.db"}
    assert len(whole - build("photos", BackupBuilder().without_photos_database())) == 1
    assert build("flat", BackupBuilder().flat()) == {path.rpartition("/")[2] for path in whole}
    assert len(build("unlisted", BackupBuilder().with_unlisted_blob(b"x")) - whole) == 1
    leftovers = build("leftovers", BackupBuilder().snapshot_leftovers()) - whole
    assert any(path.startswith("Snapshot/") for path in leftovers)


def test_padding_and_state_of_a_backup(tmp_path: Path) -> None:
    """Sixteen bytes trail the manifest, which still opens; an unfinished backup says so."""
    backup = BackupBuilder().with_screenshot("IMG_0001").with_manifest_padding().incomplete().build(tmp_path)
    content = (backup / "Manifest.db").read_bytes()
    assert content.endswith(b"\x10" * 16)
    assert len(content) % 4096 == 16
    status = plistlib.loads((backup / "Status.plist").read_bytes())
    assert status["SnapshotState"] == "uploading"


@pytest.mark.parametrize("kind", ["pages", "header", "truncated"])
def test_a_damaged_library_is_really_damaged(tmp_path: Path, kind: str) -> None:
    """SQLite cannot read the assets, or finds fault with the file."""
    builder = BackupBuilder().with_damaged_photos_database(kind).with_screenshot("IMG_0001")
    path = tmp_path / "Photos.sqlite"
    path.write_bytes(next(file.content for file in builder._all_files(False) if file.path.endswith("Photos.sqlite")))
    connection = sqlite3.connect(path)
    try:
        problems = connection.execute("PRAGMA integrity_check").fetchall()
        assert problems != [("ok",)]
    except sqlite3.DatabaseError:
        pass
    finally:
        connection.close()


def test_a_zero_byte_file_has_no_key(tmp_path: Path) -> None:
    """In the manifest of an encrypted backup an empty file carries no EncryptionKey."""
    builder = BackupBuilder().with_live_photo("IMG_0001").zero_byte()
    backup = builder.build(tmp_path, passphrase="demo")
    still = builder.asset.file("still")
    assert (still.size, still.state) == (0, "damaged")
    assert (backup / still.file_id[:2] / still.file_id).read_bytes() == b""


def test_modifiers_want_an_asset_and_a_known_half() -> None:
    """A slip in a test is told at once."""
    with pytest.raises(ValueError, match="plant an asset first"):
        BackupBuilder().hidden()
    with pytest.raises(ValueError, match="which must be one of"):
        BackupBuilder().with_live_photo("IMG_0001").without_blob("movie")
    with pytest.raises(TypeError, match="no field"):
        BackupBuilder().with_photo("IMG_0001", colour="red")
