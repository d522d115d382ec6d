"""All causes together: every one is answered, documented and named, and a real backup gets the right verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery.analysis.causes import CODES
from recovery.analysis.find import find
from recovery.analysis.statements import CauseCode
from recovery.case import Case
from recovery.report.messages.causes import ADVICE, DOES_NOT_SAY, TITLES, told
from tests.causes_tools import LIBRARY, built
from tests.scanning import case_of

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
    assert verdicts["lockdown_mode"] == "shown"
    assert stores["lockdown_mode"] == {"Library/Preferences/.GlobalPreferences.plist"}
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
