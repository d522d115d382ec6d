"""Subtypes: screenshots, bursts, panoramas and the like, told by the codes of a row, found by a search."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from fixtures.sql import SqlBackupBuilder
from recovery.analysis.find import find
from recovery.case import gather
from recovery.photos_db.subtypes import RULES, Subtype, subtypes_of
from recovery.workspace import Workspace
from tests.figures_real_data import read
from tests.scanning import named, scan, view_of
from tests.talking import say

CALL = datetime(2024, 5, 3, 18, 0, tzinfo=UTC)
# What a story plants, and what it is. Columns by literal SQL.
STORIES: dict[str, tuple[dict[str, int], tuple[Subtype, ...]]] = {
    "ordinary": ({}, ()),
    "panorama": ({"ZKINDSUBTYPE": 1}, (Subtype.PANORAMA,)),
    "screenshot": ({"ZKINDSUBTYPE": 10}, (Subtype.SCREENSHOT,)),
    "slow motion": ({"ZKINDSUBTYPE": 101}, (Subtype.SLOW_MOTION,)),
    "time-lapse": ({"ZKINDSUBTYPE": 102}, (Subtype.TIME_LAPSE,)),
    "screen recording": ({"ZKINDSUBTYPE": 103}, (Subtype.SCREEN_RECORDING,)),
    "key frame of a burst": ({"ZAVALANCHEPICKTYPE": 16}, (Subtype.BURST,)),
    "picked by phone and owner": ({"ZAVALANCHEPICKTYPE": 52}, (Subtype.BURST,)),
    "not picked": ({"ZAVALANCHEPICKTYPE": 2}, (Subtype.BURST_FRAME,)),
    "portrait": ({"ZDEPTHTYPE": 1}, (Subtype.PORTRAIT,)),
    "spatial": ({"ZSPATIALTYPE": 1}, (Subtype.SPATIAL,)),
    "Live": ({"ZKINDSUBTYPE": 2, "ZPLAYBACKSTYLE": 3}, ()),
    "Live off": ({"ZKINDSUBTYPE": 2, "ZPLAYBACKSTYLE": 1, "ZVIDEOCPVISIBILITYSTATE": 15}, (Subtype.LIVE_OFF,)),
    "Loop": ({"ZKINDSUBTYPE": 2, "ZPLAYBACKSTYLE": 5, "ZPLAYBACKVARIATION": 1}, (Subtype.LOOP,)),
    "Bounce": ({"ZKINDSUBTYPE": 2, "ZPLAYBACKSTYLE": 5, "ZPLAYBACKVARIATION": 2}, (Subtype.BOUNCE,)),
    "Long Exposure": ({"ZKINDSUBTYPE": 2, "ZPLAYBACKSTYLE": 3, "ZPLAYBACKVARIATION": 3}, (Subtype.LONG_EXPOSURE,)),
    "portrait that is Live": ({"ZKINDSUBTYPE": 2, "ZPLAYBACKSTYLE": 3, "ZDEPTHTYPE": 1}, (Subtype.PORTRAIT,)),
}


def test_codes_of_rows_tell_subtypes(tmp_path: Path) -> None:
    """Each story with its own row, all in one library of iOS 18."""
    builder = SqlBackupBuilder(layout="18508", product_version="18.5")
    for number, (columns, _) in enumerate(STORIES.values()):
        builder.with_live_photo(f"IMG_{number:04d}")
        builder.row(f"IMG_{number:04d}.HEIC", **({"ZKINDSUBTYPE": 0, "ZPLAYBACKSTYLE": 1} | columns))
    findings = scan(builder.build(tmp_path))
    for number, (story, (_, expected)) in enumerate(STORIES.items()):
        assert named(findings, f"IMG_{number:04d}.HEIC").subtype == expected, story
    assert {rule.subtype for rule in RULES} == set(Subtype)


@pytest.mark.parametrize("library", ["Test-Cloud-10.15.1", "Test-10.15.7", "Test-15.4.1"])
def test_real_rows_are_what_osxphotos_says(shared: Path, workspace: Workspace, library: str) -> None:
    """Panorama, portrait, time-lapse and screenshot of real libraries, asset by asset."""
    told = json.loads((shared / f"photos/expected/{library}.photoslibrary.json").read_text(encoding="utf-8"))
    expected = {item["uuid"]: item for item in told}
    rows = {row.uuid: row for row in read(shared / f"photos/{library}.photoslibrary", workspace).assets}
    words = {
        Subtype.SCREENSHOT: "screenshot", Subtype.SCREEN_RECORDING: "screen_recording", Subtype.PANORAMA: "panorama",
        Subtype.PORTRAIT: "portrait", Subtype.SLOW_MOTION: "slow_mo", Subtype.TIME_LAPSE: "time_lapse",
    }  # fmt: skip
    seen: Counter[Subtype] = Counter()
    for uuid, item in expected.items():
        own = set(subtypes_of(rows[uuid])) & set(words)
        assert own == {subtype for subtype, name in words.items() if item.get(name)}, item["original_filename"]
        seen.update(own)
    assert len(expected) > 10
    if library == "Test-Cloud-10.15.1":
        assert seen[Subtype.TIME_LAPSE] and seen[Subtype.PORTRAIT] and seen[Subtype.PANORAMA]


def test_a_search_for_a_subtype_takes_what_is_one_of_them(tmp_path: Path) -> None:
    """`scan --subtype` lists them and says what was searched for; several add up; a wrong word is wrong usage."""
    builder = (
        BackupBuilder()
        .with_photo("IMG_0001")
        .with_screenshot("IMG_0002")
        .with_video("IMG_0003", what="screen_recording")
    )
    folder = builder.build(tmp_path / "backup")
    run = say("scan", folder, "--json", "-q", "--subtype", "screenshot")
    assert run.code == 0
    answer = json.loads(run.out)
    assert [asset["filename"] for asset in answer["assets"]] == ["IMG_0002.PNG"]
    assert answer["assets"][0]["subtype"] == ["screenshot"]
    assert "screenshot" in answer["search"]
    run = say("scan", folder, "-q", "--subtype", "screenshot", "--subtype", "screen-recording")
    assert "screenshot" in run.out and "screen recording" in run.out
    assert "IMG_0001" not in run.out
    assert say("scan", folder, "--subtype", "selfie").code == 2


def test_an_extraction_takes_a_subtype_from_the_whole_library(tmp_path: Path) -> None:
    """A subtype names a kind, as --live does, so photos that are not of FaceTime are written too."""
    folder = BackupBuilder().with_live_photo("IMG_0001").with_screenshot("IMG_0002").build(tmp_path / "backup")
    out = tmp_path / "out"
    run = say("extract", folder, out, "-q", "--subtype", "screenshot")
    assert run.code == 0, run.err
    assert [file.suffix for file in out.rglob("*") if file.suffix in (".PNG", ".HEIC", ".MOV")] == [".PNG"]


def test_diagnose_lists_what_was_captured_of_the_screen_during_calls(tmp_path: Path) -> None:
    """A screenshot and a recording within a call are named, one outside it is not; a fast search says the same."""
    builder = BackupBuilder(calls_in_plain=True).with_facetime_call(CALL, 600.0)
    builder.with_screenshot("IMG_0001", created=CALL + timedelta(minutes=2))
    builder.with_video("IMG_0002", created=CALL + timedelta(minutes=3), what="screen_recording", imported_by=8)
    builder.with_screenshot("IMG_0003", created=CALL + timedelta(hours=3))
    builder.with_photo("IMG_0004", created=CALL + timedelta(minutes=4))
    folder = builder.build(tmp_path)
    run = say("diagnose", folder, "-q")
    assert run.code == 0
    said = " ".join(run.out.split())
    assert (
        "1 screenshot and 1 screen recording were made during FaceTime video calls (IMG_0001.PNG, IMG_0002.MOV)" in said
    )
    assert "IMG_0003" not in said
    with view_of(folder) as view:
        alone = find(gather(view, only_facetime=True))
        assert alone.causes == scan(folder).causes
    rows = {source.row for cause in alone.causes for source in cause.sources if source.place == "ZASSET"}
    assert rows == {1, 2}


def test_without_captures_diagnose_says_nothing_of_them(tmp_path: Path) -> None:
    """No screenshot, no sentence."""
    folder = BackupBuilder(calls_in_plain=True).with_facetime_call(CALL, 600.0).with_photo("IMG_0001").build(tmp_path)
    assert "screenshot" not in say("diagnose", folder, "-q").out
