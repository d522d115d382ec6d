"""All causes together: every one is answered, documented and named, and a real backup gets the right verdicts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery import clock
from recovery.analysis.causes import CODES
from recovery.analysis.find import find
from recovery.analysis.model import Cause, CauseVerdict
from recovery.analysis.statements import CauseCode, PhotoFact, PointInTime, Share, TrueOfPhotos
from recovery.case import Case
from recovery.case.case_records import ListedFile
from recovery.errors import BackupNotFoundError
from recovery.report.messages.causes import ADVICE, DOES_NOT_SAY, LAST_DAY_PASSED, TITLES, told
from recovery.report.messages.phrases import day, has_passed
from recovery.report.messages.sentences import deadline, paragraph
from recovery.report.messages.sentences import text as sentence
from recovery.source.locate import locate
from tests.causes_tools import LIBRARY, built, cause_of, with_settings
from tests.scanning import case_of, scan

TCC = "Library/TCC/TCC.db"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The case of one FaceTime photo, whole."""
    return built(BackupBuilder().with_live_photo("IMG_0001"), tmp_path_factory.mktemp("base"))


PROMISED = (
    "recently_deleted hidden permanently_deleted only_in_icloud optimised_storage upload_pending "
    "half_arrived original_missing_in_backup facetime_live_photos_off photos_permission lockdown_mode "
    "library_rebuilt ios_update restored_device newer_than_backup backup_incomplete call_without_photo "
    "other_phone_has_it copy_in_messages another_device storage_full low_power_mode "
    "region_or_other_side_off small_or_blurry"
).split()


def test_every_promised_cause_is_answered_in_its_order(base: Case) -> None:
    """The codes and their order are part of the promise to scripts."""
    assert list(CODES) == PROMISED
    assert [cause.code for cause in find(base).causes] == PROMISED
    assert list(CauseCode) == PROMISED
    assert all(cause.says and told(cause).says for cause in find(base).causes)


def test_every_cause_has_a_section_in_the_documentation_and_a_name() -> None:
    """docs/causes.md walks through each code, and diagnose has a title for it."""
    page = (Path(__file__).parents[1] / "docs" / "causes.md").read_text(encoding="utf-8")
    sections = [line.removeprefix("### ") for line in page.splitlines() if line.startswith("### ")]
    assert sorted(sections) == sorted(PROMISED)
    assert list(TITLES) == list(DOES_NOT_SAY) == list(ADVICE) == PROMISED


def test_texts_are_whole_and_plain() -> None:
    """Every text is one or more whole sentences, without a word that promises too much."""
    for text in (*DOES_NOT_SAY.values(), *ADVICE.values()):
        assert text[0].isupper() and text.endswith("."), text
        assert "  " not in text
        assert len(text) < 420, text


def test_the_real_backup_gets_the_right_verdicts(shared: Path) -> None:
    """iOS 14.3, most blobs absent: what is readable decides, the rest is left open with the file that lacks."""
    case = case_of(shared / "ios-14.3")
    verdicts = {cause.code: str(cause.verdict) for cause in find(case).causes}
    stores = {cause.code: {source.store for source in cause.sources} for cause in find(case).causes}
    assert case.around.markers == ("cpl_enabled_marker", "cpl_download_finished_marker")
    assert verdicts["photos_permission"] == "contradicted"
    assert stores["photos_permission"] == {TCC}
    # `LDMGlobalEnabled` is true there, two years before Lockdown Mode came.
    assert verdicts["lockdown_mode"] == "contradicted"
    assert stores["lockdown_mode"] == {"Info.plist"}
    assert verdicts["backup_incomplete"] == "shown"
    unread = {
        "facetime_live_photos_off": {"Library/Preferences/com.apple.TelephonyUtilities.plist"},
        "optimised_storage": {"Library/Preferences/com.apple.mobileslideshow.plist"},
        "copy_in_messages": {"Library/SMS/sms.db"},
        **{code: {LIBRARY} for code in ("recently_deleted", "hidden", "permanently_deleted", "library_rebuilt")},
    }
    for code, places in unread.items():
        assert (verdicts[code], stores[code]) == ("undetermined", places)
    unseen = {"other_phone_has_it", "another_device", "storage_full", "low_power_mode", "region_or_other_side_off"}
    assert {code for code, verdict in verdicts.items() if verdict == "unseen"} == unseen


def _lacking(case: Case, domain: str, number: int, listed: int) -> Case:
    """The case with so many of the listed files not in the folder, all of one domain."""
    files = tuple(ListedFile(f"{turn:040x}", domain, f"Library/{turn}") for turn in range(number))
    return replace(case, census=replace(case.census, missing=files, listed_files=listed))


def test_a_missing_system_file_explains_no_photo(tmp_path: Path) -> None:
    """Only files of photos, the photo library and Messages can be why a photo is not here."""
    case = built(BackupBuilder().with_live_photo("IMG_0001"), tmp_path)
    system = cause_of(_lacking(case, "WirelessDomain", 1, 500), "backup_incomplete")
    assert system.verdict == "contradicted"
    assert system.says == (
        "Some files that the backup lists are not in its folder, but none of them is a file of the camera roll "
        "or an attachment in Messages."
    )
    for domain in ("CameraRollDomain", "MediaDomain"):
        assert cause_of(_lacking(case, domain, 1, 500), "backup_incomplete").verdict == "shown"
    # Without a word on whether the backup was finished, such a file leaves the answer as open as before.
    unstated = replace(case, identity=replace(case.identity, complete=None))
    open_still = cause_of(unstated, "backup_incomplete")
    assert open_still.verdict == "undetermined"
    assert cause_of(_lacking(unstated, "WirelessDomain", 1, 500), "backup_incomplete") == open_still
    assert cause_of(_lacking(unstated, "CameraRollDomain", 1, 500), "backup_incomplete").verdict == "shown"


@pytest.mark.parametrize(
    ("missing", "listed", "headline"),
    [
        (989, 1000, False),
        (990, 1000, "of the 1,000 files that it lists only 10 are in its folder."),
        (999, 1000, "of the 1,000 files that it lists only 1 is in its folder."),
        (3, 3, "of the 3 files that it lists none is in its folder."),
        (0, 0, False),
    ],
)
def test_a_backup_without_nearly_all_its_files_says_so_first(
    base: Case, missing: int, listed: int, headline: str | bool
) -> None:
    """When 99 % of the files are missing, no other sentence matters as much."""
    findings = find(_lacking(base, "CameraRollDomain", missing, listed))
    first = sentence(findings.summary[0])
    if headline:
        assert first == (
            f"Nearly all of this backup is missing: {headline} "
            "Copy the whole backup folder again from the computer that made it, or make a new backup."
        )
    else:
        assert "Nearly all" not in first


@pytest.mark.parametrize(("version", "verdict"), [("15.8.3", "contradicted"), ("16.0", "shown"), (None, "shown")])
def test_lockdown_mode_needs_ios_16(base: Case, version: str | None, verdict: str) -> None:
    """An earlier iOS had no such mode, whatever a preference says."""
    case = with_settings(replace(base, identity=replace(base.identity, ios_version=version)), lockdown_mode=True)
    cause = cause_of(case, "lockdown_mode")
    assert cause.verdict == verdict
    if verdict == "contradicted":
        assert (
            cause.says
            == "Lockdown Mode came with iOS 16; the device was on an earlier version when this backup was made."
        )


@pytest.mark.parametrize(
    ("days", "words"), [(-1, " (that day has passed)"), (2, "")], ids=["yesterday", "the day after tomorrow"]
)
def test_a_last_day_in_recently_deleted_that_has_passed_is_said_to_have(days: int, words: str) -> None:
    """Who reads an old backup must not take its deadline for one that is still to come."""
    last = datetime.now(UTC) + timedelta(days=days)
    assert deadline([PointInTime(clock.in_records(last), 0)]) == f"until about {day(last, 0)}{words}"


def test_the_last_day_passes_when_it_is_over_where_the_photo_was_taken() -> None:
    """On that very day there is still time, in the photo's own zone."""
    now = datetime.now(UTC)
    for offset in (-43200, 0, 50400, None):
        shift = timedelta(seconds=offset or 0)
        midnight = datetime.combine((now + shift).date(), datetime.min.time(), UTC) - shift
        assert has_passed(midnight - timedelta(minutes=1), offset)
        assert not has_passed(midnight + timedelta(minutes=1), offset)


@pytest.mark.parametrize(
    ("last_days", "number", "advice"),
    [
        ((-9, -2), 2, LAST_DAY_PASSED),
        ((-9, 2), 2, ADVICE[CauseCode.RECENTLY_DELETED]),
        ((-9,), 2, ADVICE[CauseCode.RECENTLY_DELETED]),
        ((), 1, ADVICE[CauseCode.RECENTLY_DELETED]),
    ],
    ids=["all passed", "one to come", "one unknown", "unknown"],
)
def test_advice_holds_on_to_a_last_day_that_is_unknown_or_to_come(
    last_days: tuple[int, ...], number: int, advice: str
) -> None:
    """Nobody is told that it is too late while it may not be."""
    now = datetime.now(UTC)
    until = tuple(PointInTime(clock.in_records(now + timedelta(days=days)), 0) for days in last_days)
    says = TrueOfPhotos(PhotoFact.RECENTLY_DELETED, Share(number, 3), until, ())
    cause = Cause(CauseCode.RECENTLY_DELETED, CauseVerdict.SHOWN, (says,))
    assert told(cause).advice == advice


def test_an_unpacked_backup_is_called_one(tmp_path: Path) -> None:
    """With its list beside the folders of domains the first sentence says it; without a list nothing is a backup."""
    folder = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "backups")
    with closing(sqlite3.connect(folder / "Manifest.db")) as database:
        rows = database.execute("SELECT fileID, domain, relativePath FROM Files WHERE flags = 1").fetchall()
    for file_id, domain, path in rows:
        blob, unpacked = folder / file_id[:2] / file_id, folder / domain / path
        unpacked.parent.mkdir(parents=True, exist_ok=True)
        blob.rename(unpacked)
    assert paragraph(scan(folder).summary).startswith("This is an unpacked backup: its files lie under their own names")
    for name in ("Manifest.db", "Manifest.plist", "Info.plist", "Status.plist"):
        (folder / name).unlink()
    with pytest.raises(BackupNotFoundError, match="is an unpacked backup"):
        locate(str(folder), ())
