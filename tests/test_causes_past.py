"""Causes that the past of device and library decide: a story for each verdict, each with its whole answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from evidence_tools import real

from fixtures import BackupBuilder
from recovery.analysis.model import CauseVerdict
from recovery.case import Case
from recovery.gap_codes import GapSubject
from recovery.photos_db.changes.migrations import Migration, MigrationKind, read_migrations
from recovery.provenance import Reading, Source, unreadable
from tests.causes_tools import (
    LIBRARY,
    NO_LIBRARY,
    UNREAD,
    UNREAD_SOURCE,
    built,
    cause_of,
    expected,
    setting_source,
    with_settings,
)

MAY = datetime(2024, 5, 3, 18, 22, tzinfo=UTC)
MADE = datetime(2024, 6, 1, 9, 30, tzinfo=UTC)
TCC = "Library/TCC/TCC.db"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The case of one FaceTime photo, whole, of 3 May 2024; the stories change what lies beside it."""
    return built(BackupBuilder().with_live_photo("IMG_0001", created=MAY), tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A library without a FaceTime photo."""
    return built(BackupBuilder().with_photo("IMG_0001", created=MAY), tmp_path_factory.mktemp("empty"))


def step(number: int, kind: MigrationKind, at: datetime | None, **known: Any) -> Migration:
    """A step in the library's life."""
    source = Source(LIBRARY, "ZMIGRATIONHISTORY", number)
    facts: dict[str, Any] = dict.fromkeys(Migration.__dataclass_fields__)
    facts |= {"index": number, "at": at, "kind": kind, "source": source, **known}
    return Migration(**facts)


CREATED = step(1, MigrationKind.CREATED, datetime(2020, 1, 6, tzinfo=UTC))
UPDATED = step(2, MigrationKind.UPDATED, datetime(2024, 5, 14, tzinfo=UTC), os_build="21F79")
FIRST, SECOND = Source(LIBRARY, "ZMIGRATIONHISTORY", 1), Source(LIBRARY, "ZMIGRATIONHISTORY", 2)
NO_REBUILD = "The photo library's own history names no rebuild."
BUILT = "The photo library was built anew from the files on the phone"


def past(case: Case, *steps: Migration, gap: bool = False) -> Case:
    """The case with this past of its library."""
    gaps = (unreadable(GapSubject.MESSAGES, "some/file", "it is damaged"),) if gap else ()
    return replace(case, around=replace(case.around, migrations=Reading(steps, gaps)))


def later(moment: datetime, **known: Any) -> Migration:
    """An update after which the library says when it was last filled."""
    return replace(UPDATED, rebuild_completed=moment, **known)


@pytest.mark.parametrize(
    ("steps", "gap", "verdict", "says", "sources"),
    [
        ((CREATED, UPDATED), False, "contradicted", NO_REBUILD, (FIRST, SECOND)),
        (
            (CREATED, later(datetime(2020, 1, 6, 1, tzinfo=UTC))),
            False,
            "contradicted",
            NO_REBUILD,
            (FIRST, SECOND),
        ),
        ((CREATED, later(datetime(2024, 5, 14, tzinfo=UTC))), False, "shown", f"{BUILT}, 14 May 2024.", (SECOND,)),
        ((CREATED, replace(UPDATED, rebuild_reason=7)), False, "shown", f"{BUILT}, 14 May 2024.", (SECOND,)),
        (
            (CREATED, replace(UPDATED, kind=MigrationKind.CREATED)),
            False,
            "shown",
            f"{BUILT}, 14 May 2024.",
            (SECOND,),
        ),
        ((CREATED,), True, "undetermined", UNREAD, (UNREAD_SOURCE,)),
        ((), True, "undetermined", UNREAD, (UNREAD_SOURCE,)),
    ],
)
def test_a_rebuild_needs_a_sign(
    base: Case, steps: tuple[Migration, ...], gap: bool, verdict: str, says: str, sources: tuple[Source, ...]
) -> None:
    """A stored reason, a late filling or a second creation; an ordinary update is no rebuild."""
    found = cause_of(past(base, *steps, gap=gap), "library_rebuilt")
    assert found == expected("library_rebuilt", verdict, says, *sources)


def test_a_photo_brought_back_by_a_repair_is_told(tmp_path: Path) -> None:
    """Saved type 14 is what a repair leaves on a photo."""
    case = built(BackupBuilder().with_live_photo("IMG_0001", saved_type=14), tmp_path)
    says = "1 photo or video was brought back into the library by a repair (saved type 14, “Recovered”)."
    found = cause_of(case, "library_rebuilt")
    assert found == expected("library_rebuilt", "shown", says, Source(LIBRARY, "ZASSET", 1))


@pytest.mark.parametrize("name", ["Test-15.4.1", "Test-10.16.0", "ExternalAdjustments-14.4.1"])
def test_no_rebuild_is_seen_in_real_libraries(base: Case, tmp_path: Path, name: str) -> None:
    """Real libraries that went through updates are not called rebuilt, and their updates are seen."""
    with real(tmp_path, f"photos/{name}.photoslibrary/database/Photos.sqlite") as database:
        steps = read_migrations(database).records
    case = past(base, *steps)
    assert cause_of(case, "library_rebuilt").verdict is CauseVerdict.CONTRADICTED
    assert cause_of(case, "ios_update").sources


def test_updates_are_held_against_the_first_facetime_photo(base: Case, empty: Case) -> None:
    """One after the first FaceTime photo is shown, one before it speaks against; without a photo it is open."""
    now = " This backup is of iOS 17.6."
    told = "on 14 May 2024 (build 21F79)."
    since = f"Since the first FaceTime photo found here, iOS changed the photo library {told}{now}"
    little = "With no FaceTime photo to compare dates with, it tells little."
    early = replace(UPDATED, at=datetime(2023, 9, 20, tzinfo=UTC))
    answers: list[tuple[Case, str, str, tuple[Source, ...]]] = [
        (past(base, CREATED, UPDATED), "shown", since, (SECOND,)),
        (
            past(base, CREATED, early),
            "contradicted",
            f"No update came after the first FaceTime photo found here.{now}",
            (SECOND,),
        ),
        (
            past(base, CREATED),
            "contradicted",
            f"The photo library was never carried over to another iOS.{now}",
            (FIRST,),
        ),
        (
            past(empty, CREATED, UPDATED),
            "undetermined",
            f"iOS changed the photo library {told}{now} {little}",
            (SECOND,),
        ),
        (past(base, gap=True), "undetermined", UNREAD, (UNREAD_SOURCE,)),
    ]
    for case, verdict, says, sources in answers:
        assert cause_of(case, "ios_update") == expected("ios_update", verdict, says, *sources)


def test_an_unread_library_hides_its_past(tmp_path: Path) -> None:
    """Without Photos.sqlite neither rebuilds nor updates are denied."""
    case = built(BackupBuilder().with_live_photo("IMG_0001").without_photos_database(), tmp_path)
    for code in ("library_rebuilt", "ios_update"):
        assert cause_of(case, code) == expected(code, "undetermined", NO_LIBRARY, Source(LIBRARY))


# --- restores and the age of the backup -----------------------------------------------------------------

RESTORED = datetime(2024, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "verdict", "says", "places"),
    [
        (
            {"last_restore": RESTORED, "transfer_started": None, "restore_from_icloud": True},
            "shown",
            (
                "This device was restored from an iCloud backup on 10 May 2024. The one FaceTime photo found "
                "here is older than that and came with it."
            ),
            ("last_restore",),
        ),
        (
            {"last_restore": datetime(2023, 5, 1, tzinfo=UTC), "restore_from_icloud": False},
            "shown",
            "This device was restored from a backup on a computer on 1 May 2023.",
            ("last_restore",),
        ),
        (
            {"last_restore": None, "transfer_started": RESTORED, "restore_state": "RestoredFromDevice"},
            "shown",
            (
                "This device was moved over from another device on 10 May 2024. The one FaceTime photo found "
                "here is older than that and came with it."
            ),
            ("transfer_started", "restore_state"),
        ),
        (
            {"setup_state": "RestoredFromiTunesBackup"},
            "shown",
            "This device was set up from another backup or device; when is not stored.",
            ("setup_state",),
        ),
        (
            {"last_restore": None, "transfer_started": None, "setup_state": "SetupUsingAssistant"},
            "contradicted",
            "No restore from another backup is stored on this device.",
            ("last_restore", "transfer_started"),
        ),
    ],
)
def test_a_restore_is_told_with_what_came_along(
    base: Case, values: dict[str, Any], verdict: str, says: str, places: tuple[str, ...]
) -> None:
    """When, from where, and how many FaceTime photos are older."""
    found = cause_of(with_settings(base, **values), "restored_device")
    assert found == expected("restored_device", verdict, says, *map(setting_source, places))


def test_the_age_of_a_backup_is_left_to_the_person(base: Case, tmp_path: Path) -> None:
    """Only the person knows the day; a newer backup the phone knows of is told, our own is not taken for one."""
    info = Source("Info.plist", "Last Backup Date")
    says = "This backup is of 1 June 2024: a photo taken later cannot be in it."
    says += " The newest photo in it is of 3 May 2024."
    left_open = expected("newer_than_backup", "undetermined", says, info)
    assert cause_of(base, "newer_than_backup") == left_open
    own = with_settings(base, last_computer_backup=MADE + timedelta(minutes=5))
    assert cause_of(own, "newer_than_backup") == left_open
    newer = with_settings(base, last_icloud_backup=datetime(2024, 6, 20, tzinfo=UTC))
    says = "This backup is of 1 June 2024; the phone was backed up again on 20 June 2024."
    place = setting_source("last_icloud_backup")
    assert cause_of(newer, "newer_than_backup") == expected("newer_than_backup", "shown", says, place)
    dateless = replace(base, identity=replace(base.identity, backup_date=None))
    says = "This backup does not say when it was made."
    assert cause_of(dateless, "newer_than_backup") == expected("newer_than_backup", "undetermined", says)
