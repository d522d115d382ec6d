"""Dates that stand for none: kept as stored in the inventory, never the name or the time of an extracted file."""

from __future__ import annotations

import io
import plistlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from fixtures.builder import DEFAULT_DATE
from fixtures.message_stories import message_demo
from recovery import clock
from recovery.analysis.find import find
from recovery.analysis.reasons import Note, NoteCode
from recovery.analysis.search import Search
from recovery.analysis.timeline.building import timeline
from recovery.analysis.timeline.event import EventCode
from recovery.extraction.copying import file_time
from recovery.extraction.plan import PlannedFile, plan
from recovery.extraction.selected_files import Selection
from recovery.report import inventory
from recovery.report.exports import maps, sidecars, tables
from recovery.report.html import timeline_marks
from recovery.report.messages import status
from recovery.source.manifest import EntryKind, ManifestEntry
from tests.causes_tools import built
from tests.extraction_tools import a_file
from tests.scanning import named, scan

DAY = timedelta(days=1)
LIBRARY = "Media/PhotoData/Photos.sqlite"
PLACEHOLDERS = (
    datetime(4001, 1, 1, tzinfo=UTC),
    datetime(2539, 7, 9, 3, tzinfo=UTC),
    clock.UNIX_EPOCH,
    clock.COCOA_EPOCH,
    DEFAULT_DATE + DAY + timedelta(seconds=1),
)
REAL = (
    clock.UNIX_EPOCH + timedelta(seconds=1),
    clock.COCOA_EPOCH - timedelta(seconds=1),
    DEFAULT_DATE,
    DEFAULT_DATE + DAY,
)


@pytest.mark.parametrize("moment", PLACEHOLDERS, ids=str)
def test_a_placeholder_is_known(moment: datetime) -> None:
    """With the date of the backup at hand, each of them."""
    assert clock.is_placeholder(moment, DEFAULT_DATE)


@pytest.mark.parametrize("moment", [*REAL, None], ids=str)
def test_a_real_date_is_none(moment: datetime | None) -> None:
    """Neither is a date that is close to one, nor no date at all."""
    assert not clock.is_placeholder(moment, DEFAULT_DATE)


def test_without_the_date_of_the_backup_only_constants_are_known() -> None:
    """A late date cannot be told from a real one then."""
    assert [clock.is_placeholder(moment, None) for moment in PLACEHOLDERS] == [True, True, True, True, False]


@pytest.mark.parametrize("moment", [*PLACEHOLDERS, *REAL], ids=str)
def test_an_extracted_photo_is_undated_and_the_inventory_keeps_the_value(moment: datetime, tmp_path: Path) -> None:
    """Its files go to `undated` and get no time of their own; the value stays, with a note."""
    findings = find(built(BackupBuilder().with_photo("IMG_0001", created=moment), tmp_path))
    (asset,) = findings.assets
    unreal = moment in PLACEHOLDERS
    assert asset.created == moment
    assert (Note(NoteCode.PLACEHOLDER_DATE) in asset.notes) is unreal
    files = tuple(plan(findings, Selection(everything=True)).files)
    assert files
    for file in files:
        assert file.modified == (None if unreal else moment)
        assert ("/undated/undated IMG_0001" in file.target) is unreal


def test_a_facetime_message_later_than_the_backup_is_undated(tmp_path: Path) -> None:
    """Messages follow the rule of photos."""
    case = built(message_demo(), tmp_path)
    findings = find(replace(case, latest_date=datetime(2011, 10, 12, tzinfo=UTC)))
    dated = [message for message in findings.facetime_messages if message.created is not None]
    assert dated
    assert all(Note(NoteCode.PLACEHOLDER_DATE) in message.notes for message in dated)
    planned = [file for file in plan(findings, Selection()).files if file.message is not None]
    assert planned
    assert all(file.modified is None and "/undated/undated " in file.target for file in planned)


@pytest.mark.parametrize("moment", [*PLACEHOLDERS, *REAL], ids=str)
def test_a_placeholder_in_the_manifest_is_no_time_of_a_file(moment: datetime) -> None:
    """It stands in where an asset has no date, and only if it is one."""
    planned = PlannedFile(None, a_file(), "Loose ends/undated/IMG_0001.HEIC", None)
    source = ManifestEntry("0" * 40, "", "", EntryKind.FILE, last_modified=moment.timestamp())
    expected = (None, "") if moment in PLACEHOLDERS else (moment, "manifest.LastModified")
    assert file_time(planned, source, DEFAULT_DATE) == expected


@pytest.mark.parametrize("moment", PLACEHOLDERS, ids=str)
def test_no_answer_places_a_placeholder_in_time(moment: datetime, tmp_path: Path) -> None:
    """Neither filters, timeline, page, tables, maps nor sidecars; the inventory alone keeps what is stored."""
    made = BackupBuilder().with_photo("IMG_0001", created=moment, latitude=48.1, longitude=11.5)
    case = built(made, tmp_path)
    findings = find(case)
    (asset,) = findings.assets
    assert inventory.asset_entry(asset).created == moment
    assert not Search(since=moment - DAY, until=moment + DAY).fits(asset.changed(added=None))
    assert "its date cannot be real" in status.note(asset.notes[0])
    taken = [event for event in timeline(case, findings, everything=True).events if event.code is EventCode.TAKEN]
    assert [event.at for event in taken] == [None]
    assert f"the stored date, {moment:%Y-%m-%d}, cannot be real" in taken[0].text
    assert moment not in [mark.at for mark in timeline_marks.events(findings)]
    table = io.StringIO()
    tables.write_csv([asset.changed(added=None)], table)
    for answer in (sidecars.xmp(asset).decode(), table.getvalue(), maps.geojson([asset]), maps.kml([asset])):
        assert "IMG_0001" in answer
        assert f"{moment:%Y-%m-%d}" not in answer


def test_a_deadline_is_not_reckoned_from_a_placeholder(tmp_path: Path) -> None:
    """A photo moved to Recently Deleted in 4001 goes nobody knows when."""
    made = BackupBuilder().with_photo("IMG_0001", created=DEFAULT_DATE).trashed(PLACEHOLDERS[0])
    (asset,) = find(built(made, tmp_path)).assets
    assert (asset.trashed, asset.trashed_at, asset.real_trashed_at) == (True, PLACEHOLDERS[0], None)
    assert asset.trashed_until_estimate is None
    assert NoteCode.PLACEHOLDER_TRASHED in {note.code for note in asset.notes}


@pytest.mark.parametrize("name", ["Info.plist", "Status.plist", "Manifest.plist"])
def test_the_latest_date_of_the_backup_counts(name: str, tmp_path: Path) -> None:
    """A property list left over from an earlier backup does not make the photos since then undated."""
    later = DEFAULT_DATE + 100 * DAY
    made = BackupBuilder().with_photo("IMG_0001", created=later)
    folder = made.build(tmp_path)
    key = "Last Backup Date" if name == "Info.plist" else "Date"
    stated = plistlib.loads((folder / name).read_bytes())
    (folder / name).write_bytes(plistlib.dumps(stated | {key: later.replace(tzinfo=None)}))
    (asset,) = scan(folder).assets
    assert asset.real_created == later


def test_a_backup_dated_before_most_of_its_photos_is_dated_wrong(tmp_path: Path) -> None:
    """The clock of the computer was wrong: the photos keep their dates, and constants stay placeholders."""
    made = BackupBuilder(backup_date=datetime(2011, 10, 12, tzinfo=UTC))
    for number in range(1, 5):
        made.with_photo(f"IMG_000{number}", created=DEFAULT_DATE + number * DAY)
    made.with_photo("IMG_0005", created=PLACEHOLDERS[0])
    findings = scan(made.build(tmp_path))
    assert findings.latest_date is None
    assert [asset.real_created is None for asset in findings.assets] == [False] * 4 + [True]


def test_the_librarys_own_file_tells_when_the_device_was_backed_up(tmp_path: Path) -> None:
    """The phone wrote its library later than the property lists say that the backup was made."""
    made = BackupBuilder()
    for number in range(1, 5):
        made.with_photo(f"IMG_000{number}", created=DEFAULT_DATE - number * DAY)
    later = DEFAULT_DATE + 30 * DAY
    folder = made.with_photo("IMG_0005", created=later).build(tmp_path)
    assert named(scan(folder), "IMG_0005.HEIC").real_created is None
    with closing(sqlite3.connect(folder / "Manifest.db")) as database:
        ((stored,),) = database.execute("SELECT file FROM Files WHERE relativePath = ?", (LIBRARY,))
        archive = plistlib.loads(stored)
        archive["$objects"][1]["LastModified"] = int(later.timestamp())
        changed = plistlib.dumps(archive, fmt=plistlib.FMT_BINARY)
        database.execute("UPDATE Files SET file = ? WHERE relativePath = ?", (changed, LIBRARY))
        database.commit()
    assert named(scan(folder), "IMG_0005.HEIC").real_created == later
