"""`recover-facetime timeline` and the places of `scan` as a person runs them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from fixtures import BackupBuilder, twins
from recovery.report.exports.timeline_exports import schema
from tests.conftest import DemoTwins
from tests.talking import say

VARIABLE = "RECOVER_FACETIME_PASSPHRASE"
PASSPHRASE = "correct horse"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted backup with a call; only to be read."""
    return twins.newer().build(tmp_path_factory.mktemp("newer"), PASSPHRASE)


@pytest.fixture
def backup(built: Path, untouched: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch) -> Path:
    """It, watched, with its passphrase in the environment."""
    untouched(built)
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    return built


def test_lives_by_day(backup: Path) -> None:
    """The call, the photo in it, and the deletion with its reason, under their days."""
    said = say("timeline", backup)
    assert (said.code, said.err) == (0, "")
    days = said.out.split("\n\n")
    assert any(day.startswith("2024-05-03 Friday") and "FaceTime video call began" in day for day in days)
    assert any(
        day.startswith("2024-05-20 Monday") and "User deleted asset from trashcan" in " ".join(day.split())
        for day in days
    )
    assert "IMG_0005" not in said.out
    assert "IMG_0005" in say("timeline", backup, "--all").out


def test_one_photo_alone(backup: Path) -> None:
    """--uuid tells of one photo, the call it was taken in and what is around; an unknown one is an error."""
    uuid = next(item.uuid for item in twins.newer().assets if item.name == "IMG_0002.HEIC")
    said = say("timeline", backup, "--uuid", uuid.lower(), "--json")
    document = json.loads(said.out)
    assert {event["uuid"] for event in document["events"]} == {uuid, None}
    assert "facetime_call" in {event["event"] for event in document["events"]}
    unknown = say("timeline", backup, "--uuid", "nobody")
    assert unknown.code == 1
    assert "No photo or video has the UUID NOBODY" in unknown.err


def test_every_form_parses_and_tells_the_same(backup: Path) -> None:
    """JSON by its schema, both CSVs, and JSON lines: as many events in each, in one order."""
    document = json.loads(say("timeline", backup, "--json").out)
    jsonschema.Draft202012Validator(schema()).validate(document)
    events = [event["event"] for event in document["events"]]
    for form in ("csv", "timesketch"):
        rows = list(csv.DictReader(io.StringIO(say("timeline", backup, "--format", form).out, newline="")))
        assert [row["event"] for row in rows] == events
    lines = say("timeline", backup, "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["event"] for line in lines] == events


def test_output_goes_to_a_file(backup: Path, tmp_path: Path) -> None:
    """With -o nothing is printed, and lines of the CSV end as they must."""
    target = tmp_path / "timeline.csv"
    said = say("timeline", backup, "--format", "timesketch", "-o", target)
    assert (said.out, said.code) == ("", 0)
    assert target.read_bytes().startswith(b"message,datetime,timestamp_desc")
    assert b"\r\n" in target.read_bytes()


def test_exit_codes(backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """2 wrong form, 1 no backup, 3 a damaged library, 4 without the passphrase."""
    assert say("timeline", backup, "--format", "word").code == 2
    assert say("timeline", tmp_path / "nothing").code == 1
    damaged = twins.newer().with_damaged_photos_database("header").build(tmp_path)
    assert say("timeline", damaged).code == 3
    monkeypatch.delenv(VARIABLE)
    assert say("timeline", backup).code == 4


def test_the_whole_catalogue_has_a_timeline(demo_twins: DemoTwins, untouched: Callable[[Path], None]) -> None:
    """Every misfortune at once, all assets: an answer, and no event lost between the forms."""
    untouched(demo_twins.plain)
    said = say("timeline", demo_twins.plain, "--all", "--verbose")
    assert said.code == 3
    assert "[deleted " in said.out


def test_places_of_a_scan(tmp_path: Path, untouched: Callable[[Path], None]) -> None:
    """GeoJSON and KML list the photos with a place; standard error says how many have one."""
    folder = BackupBuilder().with_live_photo("IMG_0001").with_photo("IMG_0002").build(tmp_path)
    untouched(folder)
    said = say("scan", folder, "--all", "--format", "geojson")
    assert [item["properties"]["name"] for item in json.loads(said.out)["features"]] == ["IMG_0002.HEIC"]
    assert said.err == "Note: 1 of 2 have a stored place.\n"
    marks = say("scan", folder, "--all", "--format", "kml", "--quiet")
    assert marks.err == ""
    assert len(ElementTree.fromstring(marks.out).findall(".//{http://www.opengis.net/kml/2.2}Placemark")) == 1
