"""Causes that settings and permissions decide, or that no backup shows: each verdict with its whole answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery.analysis.model import CauseVerdict
from recovery.app_data.privacy import Permission, PrivacyDecision
from recovery.case import Case
from recovery.clock import COCOA_EPOCH
from recovery.provenance import Reading, Source
from tests.causes_tools import (
    LIBRARY,
    UNREAD,
    UNREAD_SOURCE,
    built,
    cause_of,
    expected,
    setting_source,
    with_gap,
    with_settings,
)

MAY = datetime(2024, 5, 3, 18, 22, tzinfo=UTC)
MADE = datetime(2024, 6, 1, 9, 30, tzinfo=UTC)
TCC = "Library/TCC/TCC.db"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The case of one FaceTime photo, whole, of 3 May 2024; the stories change what lies beside it."""
    return built(BackupBuilder().with_live_photo("IMG_0001", created=MAY), tmp_path_factory.mktemp("base"))


SWITCH = "facetime_live_photos"
ON_BY_DEFAULT = (
    "The FaceTime Live Photos switch was never touched on this device; untouched it is on, except where "
    "Apple does not offer the feature."
)


@pytest.mark.parametrize(
    ("code", "name", "value", "verdict", "says"),
    [
        (
            "facetime_live_photos_off",
            SWITCH,
            False,
            "shown",
            "FaceTime Live Photos was switched off on this device when the backup was made.",
        ),
        ("facetime_live_photos_off", SWITCH, True, "contradicted", "FaceTime Live Photos was switched on."),
        ("facetime_live_photos_off", SWITCH, None, "contradicted", ON_BY_DEFAULT),
        (
            "lockdown_mode",
            "lockdown_mode",
            True,
            "shown",
            "Lockdown Mode was on, which is said to block FaceTime Live Photos.",
        ),
        ("lockdown_mode", "lockdown_mode", False, "contradicted", "Lockdown Mode was off."),
        ("lockdown_mode", "lockdown_mode", None, "contradicted", "Lockdown Mode was never switched on."),
        (
            "optimised_storage",
            "originals_kept",
            False,
            "shown",
            "Optimise Storage was on: the phone may replace originals by smaller copies.",
        ),
        (
            "optimised_storage",
            "originals_kept",
            True,
            "contradicted",
            "Download and Keep Originals was on, so the phone was told to keep every original.",
        ),
        (
            "optimised_storage",
            "originals_kept",
            None,
            "undetermined",
            (
                "Nobody chose between Optimise Storage and keeping originals on this device. What it then "
                "does is not known to us."
            ),
        ),
    ],
)
def test_a_switch_is_told_as_stored(
    base: Case, code: str, name: str, value: bool | None, verdict: str, says: str
) -> None:
    """On, off and never touched are three answers."""
    found = cause_of(with_settings(base, **{name: value}), code)
    assert found == expected(code, verdict, says, setting_source(name))


@pytest.mark.parametrize("code", ["facetime_live_photos_off", "lockdown_mode", "optimised_storage", "restored_device"])
def test_a_switch_that_cannot_be_read_is_left_open(base: Case, code: str) -> None:
    """A damaged preference file never counts as an untouched switch."""
    assert cause_of(with_gap(base, code), code) == expected(code, "undetermined", UNREAD, UNREAD_SOURCE)


def test_missing_originals_tell_of_optimised_storage_without_its_setting(tmp_path: Path) -> None:
    """Originals that iCloud has and the phone lacks are told, whatever the setting says or does not say."""
    case = built(BackupBuilder().with_live_photo("IMG_0001").only_in_icloud(), tmp_path)
    row = Source(LIBRARY, "ZASSET", 1), Source(LIBRARY, "ZINTERNALRESOURCE of ZASSET", 1)
    marker = Source("Media/PhotoData/cpl_enabled_marker", "CameraRollDomain")
    one = "1 original was in iCloud and not on the phone"
    says = f"{one}, as happens with Optimise Storage."
    assert cause_of(case, "optimised_storage") == expected("optimised_storage", "shown", says, *row, marker)
    kept = with_settings(case, originals_kept=True)
    says = f"Download and Keep Originals was on, so the phone was told to keep every original. All the same, {one}."
    place = setting_source("originals_kept")
    assert cause_of(kept, "optimised_storage") == expected("optimised_storage", "contradicted", says, place)


# --- permissions ----------------------------------------------------------------------------------------

FACETIME, OTHER = "com.apple.facetime", "net.whatsapp.WhatsApp"
NO_DENIAL = (
    "No denial is stored: of {} about apps none is about FaceTime and Photos. Articles name this permission, but "
    "what saves these photos is a part of iOS, which is not seen to ask for it."
)


def permissions(case: Case, *stored: tuple[str, PrivacyDecision]) -> Case:
    """The case with these decisions about Photos, read whole."""
    found = tuple(
        Permission("kTCCServicePhotos", client, decision, 0, 2, MAY, Source(TCC, "access.auth_value", number))
        for number, (client, decision) in enumerate(stored, 1)
    )
    gaps = tuple(gap for gap in case.gaps if "photos_permission" not in gap.hides)
    return replace(case, around=replace(case.around, permissions=Reading(found)), gaps=gaps)


@pytest.mark.parametrize(
    ("stored", "verdict", "says", "place", "row"),
    [
        (
            [(FACETIME, PrivacyDecision.DENIED)],
            "shown",
            "FaceTime was denied access to Photos (decided on 3 May 2024).",
            "access.auth_value",
            1,
        ),
        (
            [(OTHER, PrivacyDecision.DENIED), (FACETIME, PrivacyDecision.ALLOWED)],
            "contradicted",
            "FaceTime was allowed to use Photos.",
            "access.auth_value",
            2,
        ),
        (
            [(FACETIME, PrivacyDecision.LIMITED)],
            "undetermined",
            "FaceTime has limited access to Photos; what that means for saving is not known.",
            "access.auth_value",
            1,
        ),
        (
            [(FACETIME, PrivacyDecision.UNKNOWN)],
            "undetermined",
            "FaceTime has an unclear permission; what that means for saving is not known.",
            "access.auth_value",
            1,
        ),
        ([(OTHER, PrivacyDecision.DENIED)], "contradicted", NO_DENIAL.format("1 decision"), "access", None),
        ([], "contradicted", NO_DENIAL.format("0 decisions"), "access", None),
    ],
)
def test_only_a_stored_denial_is_a_denial(
    base: Case, stored: list[tuple[str, PrivacyDecision]], verdict: str, says: str, place: str, row: int | None
) -> None:
    """No row, and a row of another app, are no denial; limited and unknown are left open."""
    found = cause_of(permissions(base, *stored), "photos_permission")
    assert found == expected("photos_permission", verdict, says, Source(TCC, place, row))


def test_permissions_that_cannot_be_read_are_left_open(base: Case) -> None:
    """Without TCC.db nobody knows; a denial that was read before the damage still counts."""
    assert cause_of(base, "photos_permission").verdict is CauseVerdict.UNDETERMINED
    damaged = with_gap(permissions(base, (FACETIME, PrivacyDecision.ALLOWED)), "photos_permission")
    assert cause_of(damaged, "photos_permission").says == UNREAD
    denied = with_gap(permissions(base, (FACETIME, PrivacyDecision.DENIED)), "photos_permission")
    assert cause_of(denied, "photos_permission").verdict is CauseVerdict.SHOWN


# --- what no backup shows -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            "other_phone_has_it",
            (
                "A FaceTime photo is saved only on the device of the person who pressed the shutter. If the "
                "other person took it, it never was on this one."
            ),
        ),
        ("storage_full", "How full the phone was when you took the photo cannot be seen in a backup."),
        ("low_power_mode", "Whether Low Power Mode was on cannot be seen in a backup."),
        (
            "region_or_other_side_off",
            (
                "FaceTime Live Photos must be on at both ends, and Apple does not offer it everywhere. The "
                "other person's switch and region cannot be seen in a backup of this device."
            ),
        ),
    ],
)
def test_what_no_backup_shows_is_said_to_be_unseen(base: Case, code: str, says: str) -> None:
    """These never become "no": the answer says what to check instead."""
    found = cause_of(base, code)
    assert found == expected(code, "unseen", says)
    assert found.advice


def test_space_made_on_the_phone_is_only_a_hint(base: Case) -> None:
    """Files that were removed to save space are told beside, the verdict stays unseen."""
    case = replace(base, store=base.store.in_memory())
    when = (MAY - COCOA_EPOCH).total_seconds()
    case.store.change("INSERT INTO resource (asset_pk, subtype, pruned_at) VALUES (1, 1, ?)", (when,))
    found = cause_of(case, "storage_full")
    assert found.verdict is CauseVerdict.UNSEEN
    assert found.says.endswith("A hint only: 1 file was removed from the phone to save space, last on 3 May 2024.")


@pytest.mark.parametrize(
    ("product", "says"),
    [
        ("iPhone14,5", "This is the backup of an iPhone. A photo taken on your iPad or a Mac is not in it."),
        ("iPad13,1", "This is the backup of an iPad. A photo taken on your iPhone or a Mac is not in it."),
        (None, "A backup holds one device only. If you use several, the photo may be on another."),
    ],
)
def test_other_devices_are_named(base: Case, product: str | None, says: str) -> None:
    """Which device this is, and that others are not in it."""
    case = replace(base, identity=replace(base.identity, product_type=product))
    sources = (Source("Info.plist", "Product Type"),) if product else ()
    assert cause_of(case, "another_device") == expected("another_device", "unseen", says, *sources)
