"""The opening paragraph: each fate in words, counts that fit together, and nothing promised where nothing is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from recovery.analysis.causes.summary import opening
from recovery.analysis.model import (
    Asset,
    Cause,
    CauseVerdict,
    Cloud,
    Deletion,
    FileRole,
    FileState,
    Status,
    Upload,
    Verdict,
)
from recovery.analysis.statements import CauseCode, PlainStatement
from recovery.case.case_records import InventoryCheck
from recovery.report.messages.sentences import paragraph
from tests.extraction_tools import a_file, an_asset, facetime

JUNE = datetime(2024, 6, 28, 12, tzinfo=UTC)
GONE = Deletion(None, None, None, None, None)
LOST = a_file(state=FileState.MISSING)

WHOLE = InventoryCheck(listed_files=9, listed_blobs=9, missing=(), unlisted=())


def ours(number: int = 1, **changes: Any) -> list[Asset]:
    """FaceTime photos with the same fate."""
    facts: dict[str, Any] = {"facetime": facetime(), "status": Status.COMPLETE, "hidden": False} | changes
    return [an_asset(f"{number}-{index}", **facts) for index in range(number)]


@pytest.mark.parametrize(
    ("assets", "says"),
    [
        (
            ours(1),
            "The one FaceTime photo found here is complete in this backup, and neither deleted nor hidden.",
        ),
        (
            ours(3),
            "All 3 FaceTime photos found here are complete in this backup, and neither deleted nor hidden.",
        ),
        (
            [
                *ours(3, trashed=True, trashed_until_estimate=JUNE),
                *ours(2, status=Status.ELSEWHERE, cloud=Cloud(False, True, Upload.SYNCED)),
                *ours(9),
            ],
            (
                "14 FaceTime photos were found; 12 are complete in this backup. 3 are in Recently Deleted until about "
                "28 June 2024 (that day has passed); 2 have their originals only in iCloud."
            ),
        ),
        (
            [*ours(1, hidden=True), *ours(1)],
            "Both FaceTime photos found here are complete in this backup. 1 is hidden.",
        ),
        (
            [*ours(1, deleted=GONE, status=Status.NOT_FOUND, files=()), *ours(2, files=())],
            "3 FaceTime photos were found; 2 are complete in this backup. 1 was permanently deleted.",
        ),
        (
            [*ours(1, status=Status.HALF), *ours(1, status=Status.NOT_FOUND, files=(LOST,))],
            (
                "2 FaceTime photos were found; none of them is complete in this backup. 1 has only its still or only "
                "its video here; 1 lacks its original in this backup."
            ),
        ),
        (
            [
                *ours(1, status=Status.REDUCED_COPY, files=(a_file(FileRole.MESSAGES_COPY),)),
                *ours(2, status=Status.NOT_FOUND, files=()),
            ],
            (
                "3 FaceTime photos were found; none of them is complete in this backup. 1 has only a smaller or sent "
                "copy here; 2 are known here without a picture."
            ),
        ),
        (
            [*ours(2, cloud=Cloud(True, False, Upload.STUCK)), an_asset("x", facetime=facetime("possible"))],
            (
                "Both FaceTime photos found here are complete in this backup. 2 were not yet sent to iCloud. 1 more "
                "photo may be from FaceTime, but nothing proves it."
            ),
        ),
        (
            [an_asset("x", facetime=facetime("possible"))],
            (
                "No FaceTime photo was found in this backup. 1 photo may be from FaceTime, but nothing proves it. "
                "A photo that you miss need not be lost: the diagnosis says where it may be, and what to check."
            ),
        ),
    ],
)
def test_the_paragraph(assets: list[Asset], says: str) -> None:
    """What became of the photos, in the order of how much it matters."""
    sure = [asset for asset in assets if asset.facetime.verdict.rank >= Verdict.PROBABLE.rank]
    assert paragraph(opening(sure, len(assets) - len(sure), (), WHOLE, library_read=True)) == says


def test_an_unread_library_and_a_shown_switch_are_said_at_once() -> None:
    """Neither may hide further down when no photo was found; a switch that was on is not mentioned."""
    off = Cause(CauseCode.FACETIME_LIVE_PHOTOS_OFF, CauseVerdict.SHOWN, (PlainStatement.LIVE_PHOTOS_OFF,))
    stated = opening((), 0, (off,), WHOLE, library_read=False)
    assert PlainStatement.LIBRARY_NOT_READ_IN_FULL in stated
    assert PlainStatement.LIVE_PHOTOS_OFF in stated
    on = off.changed(verdict=CauseVerdict.CONTRADICTED)
    assert PlainStatement.LIVE_PHOTOS_OFF not in opening((), 0, (on,), WHOLE, library_read=True)
