"""The plan: who is chosen, which of their files, and what it will take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recovery.analysis.model import (
    Asset,
    Deletion,
    FileRole,
    FileState,
    LivePhoto,
    Orphan,
    OrphanCode,
    Status,
    Verdict,
)
from recovery.analysis.search import Near
from recovery.errors import SelectionError
from recovery.extraction.plan import plan
from recovery.extraction.selected_files import Reduced, Selection
from recovery.provenance import Source
from tests.extraction_tools import a_file, an_asset, facetime, findings_of

NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)
BLOB = "ab" * 20


def library() -> list[Asset]:
    """One asset for each reason to be chosen; the UUID says which."""
    facts: dict[str, dict[str, Any]] = {
        "certain": {"facetime": facetime(), "live_photo": LivePhoto(True, True, None, None)},
        "possible": {"facetime": facetime("possible")},
        "trashed": {"trashed": True},
        "gone": {"deleted": Deletion(None, None, None, None, None)},
        "hidden": {"hidden": True},
        "live": {"live_photo": LivePhoto(True, True, None, None), "created": NOON + timedelta(days=1)},
        "berlin": {"latitude": 52.5163, "longitude": 13.3777},
        "undated": {"created": None},
    }
    return [
        an_asset(name, **({"created": NOON, "filename": f"{name}.HEIC"} | changes)) for name, changes in facts.items()
    ]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), "certain possible trashed gone hidden"),
        (Selection(everything=True), "certain possible trashed gone hidden live berlin undated"),
        (Selection(min_confidence=Verdict.PROBABLE), "certain"),
        (Selection(deleted=True), "trashed gone"),
        (Selection(hidden=True), "hidden"),
        (Selection(live=True), "certain live"),
        (Selection(live=True, min_confidence=Verdict.POSSIBLE), "certain"),
        (Selection(uuids=frozenset({"BERLIN", "undated"})), "berlin undated"),
        (Selection(everything=True, since=NOON + timedelta(seconds=1)), "live"),
        (Selection(everything=True, until=NOON), ""),
        (Selection(live=True, since=NOON, until=NOON + timedelta(days=1)), "certain"),
        (Selection(everything=True, near=Near(52.52, 13.40, 2)), "berlin"),
        (Selection(everything=True, near=Near(52.52, 13.40, 1)), ""),
    ],
)
def test_a_selection_takes(selection: Selection, expected: str) -> None:
    """The default kinds, the whole library, or what the filters leave of it."""
    chosen = {planned.asset.uuid for planned in plan(findings_of(library()), selection).assets if planned.asset}
    assert chosen == set(expected.split())


@pytest.mark.parametrize(
    ("there", "away"), [((0.0, 179.9), 0.2), ((0.0, -179.9), 0.2), ((89.9, 0.0), 180.0), ((-45.0, 10.0), 10.1)]
)
def test_a_distance_is_along_the_globe(there: tuple[float, float], away: float) -> None:
    """Across the date line and over the pole places are as near as they are."""
    asset = an_asset(latitude=there[0], longitude=there[1])
    assert Near(there[0], there[1] + away, 25).covers(asset) is (away < 1 or there[0] > 80)


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": datetime(2024, 1, 1)},
        {"since": NOON, "until": NOON},
        {"near": Near(91, 0, 1)},
        {"near": Near(0, 0, 0)},
        {"near": Near(0, 0, float("nan"))},
    ],
)
def test_a_filter_that_means_nothing_is_refused(wrong: dict[str, Any]) -> None:
    """Naive or reversed dates, places off the globe and empty circles are errors, not empty results."""
    with pytest.raises(SelectionError):
        Selection(**wrong)


def test_an_unknown_uuid_is_refused() -> None:
    """Asking for an asset that is not there is an error, not an empty result."""
    with pytest.raises(SelectionError, match="NOWHERE"):
        plan(findings_of(library()), Selection(uuids=frozenset({"NOWHERE"})))


SMALL = a_file(FileRole.THUMBNAIL, "5005.JPG", pixels=(120, 90), file_id="1" * 40)
LARGE = a_file(FileRole.REDUCED, "IMG_0001.JPG", pixels=(480, 360), file_id="2" * 40)
MESSAGE = a_file(FileRole.MESSAGES_COPY, "lp_image.heic", file_id="3" * 40)
EDITED = a_file(FileRole.EDITED_STILL, "FullSizeRender.jpg", file_id="4" * 40)
TABLE = a_file(FileRole.THUMBNAIL_TABLE, "3303.ithmb", file_id="5" * 40)
LOST = a_file(state=FileState.MISSING)


@pytest.mark.parametrize(
    ("original", "reduced", "expected"),
    [
        (a_file(), Reduced.WHEN_NEEDED, {a_file(), EDITED}),
        (LOST, Reduced.WHEN_NEEDED, {LOST, EDITED, LARGE, MESSAGE}),
        (LOST, Reduced.NEVER, {LOST, EDITED}),
        (a_file(), Reduced.ALWAYS, {a_file(), EDITED, LARGE, SMALL, MESSAGE}),
    ],
)
def test_reduced_copies_come_when_they_are_needed(original: Any, reduced: Reduced, expected: set[Any]) -> None:
    """By default only where the original is not whole, and then the largest one; a table is no file to copy."""
    asset = an_asset(files=(original, EDITED, SMALL, LARGE, MESSAGE, TABLE), status=Status.REDUCED_COPY)
    planned = plan(findings_of([asset]), Selection(everything=True, reduced=reduced))
    assert {file.file for file in planned.files} == expected


def test_edits_can_be_left_out() -> None:
    """Only the original then."""
    planned = plan(findings_of([an_asset(files=(a_file(), EDITED))]), Selection(everything=True, edits=False))
    assert [file.file.role for file in planned.files] == [FileRole.STILL]


def loose(code: OrphanCode, guess: str | None, path: str | None = None, file_id: str = BLOB) -> Orphan:
    """A loose end of 7 bytes."""
    return Orphan(code, "CameraRollDomain" if path else None, path, file_id, 7, guess, Source("Manifest.db"))


@pytest.mark.parametrize(
    ("end", "target"),
    [
        (loose(OrphanCode.UNLISTED_BLOB, "heic"), f"Loose ends/undated/unlisted {BLOB}.heic"),
        (loose(OrphanCode.UNLISTED_BLOB, "probably a JPEG picture"), f"Loose ends/undated/unlisted {BLOB}.jpg"),
        (loose(OrphanCode.UNLISTED_BLOB, "mov"), f"Loose ends/undated/unlisted {BLOB}.mov"),
        (loose(OrphanCode.FILE_WITHOUT_ASSET, None, "Media/DCIM/IMG_9.JPG"), "Loose ends/undated/IMG_9.jpg"),
        (loose(OrphanCode.UNLISTED_BLOB, "sqlite"), None),
        (loose(OrphanCode.UNLISTED_BLOB, None), None),
        (loose(OrphanCode.MISSING_BLOB, "heic"), None),
        (loose(OrphanCode.FILE_WITHOUT_ASSET, "heic", "a/b.HEIC", "0" * 40), None),
    ],
)
def test_loose_media_are_planned(end: Orphan, target: str | None) -> None:
    """Pictures and movies of which only bytes are known, unless an asset already has the file."""
    planned = plan(findings_of([an_asset()], [end]), Selection())
    targets = [file.target for file in planned.files if file.asset is None]
    assert targets == ([target] if target else [])


def test_a_filter_leaves_loose_media_out() -> None:
    """Nobody knows whether bytes without a date fit a filter."""
    findings = findings_of([], [loose(OrphanCode.UNLISTED_BLOB, "heic")])
    for selection in (Selection(deleted=True), Selection(since=NOON), Selection(loose=False)):
        assert not list(plan(findings, selection).files)


def test_an_asset_without_a_row_is_loose_by_its_file() -> None:
    """A file known only by its attributes is chosen by default and put with the loose ends."""
    end = loose(OrphanCode.FILE_WITHOUT_ASSET, None, "Media/DCIM/100APPLE/IMG_0001.HEIC", "0" * 40)
    (file,) = plan(findings_of([an_asset()], [end]), Selection()).files
    assert file.target.startswith("Loose ends/2024/")


def test_the_plan_says_what_it_takes() -> None:
    """Bytes of what is there; what is missing takes none, and what is unknown is counted."""
    files = (a_file(size=10), a_file(FileRole.PAIRED_VIDEO, size=5, state=FileState.MISSING), EDITED)
    unknown = an_asset("U", files=(a_file(size=None),))
    planned = plan(findings_of([an_asset(files=files), unknown]), Selection(everything=True))
    assert (planned.bytes, planned.unknown_sizes, len(list(planned.files))) == (20, 1, 4)
