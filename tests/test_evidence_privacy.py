"""Privacy permissions: both layouts of TCC.db, honest codes, and no row that is read as a denial."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from evidence_tools import KNOWN_ANSWERS, built, file_id, real

from recovery.app_data import privacy
from recovery.app_data.privacy import PrivacyDecision, read_permissions
from recovery.report.messages.gaps import why

CURRENT = """
CREATE TABLE access (service TEXT NOT NULL, client TEXT NOT NULL, client_type INTEGER NOT NULL,
    auth_value INTEGER NOT NULL, auth_reason INTEGER NOT NULL, auth_version INTEGER NOT NULL, csreq BLOB,
    policy_id INTEGER, flags INTEGER, last_modified INTEGER NOT NULL);
"""
EARLIER = """
CREATE TABLE access (service TEXT NOT NULL, client TEXT NOT NULL, client_type INTEGER NOT NULL,
    allowed INTEGER NOT NULL, prompt_count INTEGER NOT NULL, csreq BLOB, policy_id INTEGER);
"""
WHEN = 1_714_737_600
INSERT = "INSERT INTO access (service, client, client_type, auth_value, auth_reason, auth_version, last_modified)"


def row(value: object, reason: object = 2, client: object = "com.example.app", modified: object = WHEN):  # type: ignore[no-untyped-def]
    return f"{INSERT} VALUES ('kTCCServicePhotos', ?, 0, ?, ?, 1, ?)", (client, value, reason, modified)


def test_the_location_gives_the_file_id_of_the_real_backup() -> None:
    """Domain and path of TCC.db hash to the file ID that a real iOS 14.3 manifest lists."""
    assert file_id(*privacy.TCC.location) == "64d0019cb3d46bfc8cce545a8ba54b93e7ea9347"
    assert set(privacy.TCC.hides) <= KNOWN_ANSWERS


@pytest.mark.parametrize(
    ("code", "decision"),
    [
        (0, PrivacyDecision.DENIED),
        (1, PrivacyDecision.UNKNOWN),
        (2, PrivacyDecision.ALLOWED),
        (3, PrivacyDecision.LIMITED),
        (9, PrivacyDecision.UNKNOWN),
    ],
)
def test_the_current_layout_tells_four_decisions(tmp_path: Path, code: int, decision: PrivacyDecision) -> None:
    """auth_value 0 to 3 have a meaning, any other code is unknown and kept as stored."""
    with built(tmp_path, CURRENT, row(code)) as database:
        reading = read_permissions(database)
    (permission,) = reading
    assert (permission.decision, permission.decision_code, reading.gaps) == (decision, code, ())
    assert (permission.reason, permission.reason_code) == ("user consent", 2)
    assert permission.last_modified == datetime(2024, 5, 3, 12, tzinfo=UTC)
    assert str(permission.source) == "built.db access.auth_value row 1"


@pytest.mark.parametrize(
    ("stored", "decision"),
    [(0, PrivacyDecision.DENIED), (1, PrivacyDecision.ALLOWED), (2, PrivacyDecision.UNKNOWN)],
)
def test_the_earlier_layout_tells_two(tmp_path: Path, stored: int, decision: PrivacyDecision) -> None:
    """`allowed` means the other way round than auth_value: 1 is allowed; there is no reason and no time."""
    insert = "INSERT INTO access VALUES ('kTCCServicePhotos', 'com.example.app', 0, ?, 1, NULL, NULL)"
    with built(tmp_path, EARLIER, (insert, (stored,))) as database:
        reading = read_permissions(database)
    (permission,) = reading
    assert (permission.decision, permission.reason, permission.last_modified) == (decision, None, None)
    assert permission.source.place == "access.allowed"
    assert reading.gaps == ()


@pytest.mark.parametrize(
    ("script", "named"),
    [("CREATE TABLE admin (key, value)", "access"), ("CREATE TABLE access (service, client)", "auth_value")],
)
def test_an_unknown_layout_hides_the_answer_about_permissions(tmp_path: Path, script: str, named: str) -> None:
    """A database of neither layout gives a gap that names what is missing, not an empty answer."""
    with built(tmp_path, script) as database:
        reading = read_permissions(database)
    (gap,) = reading.gaps
    assert (len(reading), gap.hides) == (0, ("photos_permission",))
    assert named in why(gap)


def test_an_empty_table_is_no_gap(tmp_path: Path) -> None:
    """Nobody has asked: no permission, no gap, and certainly no denial."""
    with built(tmp_path, CURRENT) as database:
        reading = read_permissions(database)
    assert (reading.records, reading.gaps) == ((), ())


@pytest.mark.parametrize(
    ("client", "by_facetime"),
    [("com.apple.facetime", True), ("com.apple.FaceTime", True), ("com.apple.FTLivePhotoService", True),
     ("com.example.facetime", False)],
)  # fmt: skip
def test_facetime_is_known_by_its_identifiers(tmp_path: Path, client: str, by_facetime: bool) -> None:
    """FaceTime's services are recognised whatever the case; other apps are not."""
    with built(tmp_path, CURRENT, row(0, client=client)) as database:
        (permission,) = read_permissions(database)
    assert (permission.by_facetime, permission.about_photos) == (by_facetime, True)


def test_hostile_cells_decide_nothing(tmp_path: Path) -> None:
    """Blobs, texts and huge numbers where codes and names should be decide nothing and raise nothing."""
    rows = (
        row(b"\x02"),
        row("2", "x", b"\xff\xfe", b"now"),
        row(2**62, -1, "", 2**62),
        row(2.5, 1e300, 7, -(2**62)),
    )
    with built(tmp_path, CURRENT, *rows) as database:
        reading = read_permissions(database)
    assert [permission.decision for permission in reading] == [
        PrivacyDecision.UNKNOWN,
        PrivacyDecision.ALLOWED,
        PrivacyDecision.UNKNOWN,
        PrivacyDecision.UNKNOWN,
    ]  # fmt: skip  -- the column's integer affinity turns the text '2' into 2
    assert [permission.last_modified is None for permission in reading] == [False, True, True, True]


def test_the_real_database_has_no_decision_about_photos(tmp_path: Path) -> None:
    """A real iOS 14.3 TCC.db: eleven decisions, all allowed, dated in order, none about Photos or by FaceTime."""
    with real(tmp_path, "ios-14.3/64/64d0019cb3d46bfc8cce545a8ba54b93e7ea9347") as database:
        reading = read_permissions(database)
    assert (len(reading), reading.gaps) == (11, ())
    assert {permission.decision for permission in reading} == {PrivacyDecision.ALLOWED}
    assert all(permission.last_modified and permission.last_modified.year in (2020, 2021) for permission in reading)
    assert not any(permission.about_photos or permission.by_facetime for permission in reading)
    assert {permission.reason for permission in reading} == {None, "set by the system", "service policy"}
