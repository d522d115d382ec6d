"""Dates that stand for none: kept as stored in the inventory, never the name or the time of an extracted file."""

from __future__ import annotations

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
from recovery.extraction.copying import file_time
from recovery.extraction.plan import PlannedFile, plan
from recovery.extraction.selected_files import Selection
from recovery.source.manifest import EntryKind, ManifestEntry
from tests.causes_tools import built
from tests.extraction_tools import a_file

DAY = timedelta(days=1)
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
    long_ago = datetime(2011, 10, 12, tzinfo=UTC)
    findings = find(replace(case, identity=replace(case.identity, backup_date=long_ago)))
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
