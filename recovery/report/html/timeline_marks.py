"""The marks of the timeline strip: when calls were, and when photos were taken, trashed and deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recovery.analysis.model import Asset, Findings, Verdict
from recovery.app_data.calls import Call


class MarkKind(StrEnum):
    """The lanes of the strip, in the order in which they are drawn."""

    CALL = "call"
    PHOTO = "photo"
    TRASHED = "trashed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class TimelineMark:
    """One mark. `at` is in UTC; `offset` the stored zone in seconds east; `seconds` how long a call was.

    What happened in words is told by findings.timeline and the command `timeline`; the strip shows only when.
    """

    at: datetime
    kind: MarkKind
    facetime: bool
    offset: int | None = None
    seconds: float | None = None


def events(findings: Findings, calls: Iterable[Call] = ()) -> tuple[TimelineMark, ...]:
    """Every mark, in order of time; of the `calls` those of FaceTime."""
    found = [*_calls(calls), *(event for asset in findings.assets for event in _of(asset))]
    order = list(MarkKind)
    return tuple(sorted(found, key=lambda event: (event.at, order.index(event.kind))))


def _calls(calls: Iterable[Call]) -> Iterator[TimelineMark]:
    for call in calls:
        if call.facetime and call.started is not None:
            yield TimelineMark(call.started, MarkKind.CALL, facetime=True, seconds=call.duration_s)


def _of(asset: Asset) -> Iterator[TimelineMark]:
    facetime = asset.facetime.verdict is not Verdict.NO
    moments = (
        (MarkKind.PHOTO, asset.real_created),
        (MarkKind.TRASHED, asset.real_trashed_at),
        (MarkKind.DELETED, asset.deleted.at if asset.deleted else None),
    )
    for kind, at in moments:
        if at is not None:
            yield TimelineMark(at, kind, facetime, asset.timezone_offset)
