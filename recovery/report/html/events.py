"""What happened when: calls, photos, trashings and deletions as one list of dated events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recovery.evidence.calls import Call
from recovery.findings.model import Asset, Findings, Verdict
from recovery.provenance import Source
from recovery.report import words
from recovery.report.asset_text import name
from recovery.report.figures import count
from recovery.report.safe_text import clean


class EventKind(StrEnum):
    """The kinds of events, in the order in which they are drawn."""

    CALL = "call"
    PHOTO = "photo"
    TRASHED = "trashed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Event:
    """One dated event. `at` is aware, in UTC; `offset` the stored zone in seconds east; `seconds` how long."""

    at: datetime
    kind: EventKind
    text: str
    facetime: bool = False
    uuid: str | None = None
    offset: int | None = None
    seconds: float | None = None
    source: Source | None = None


def events(findings: Findings, calls: Iterable[Call] = ()) -> tuple[Event, ...]:
    """Every event with a date, in order of time; `calls` are those of the call history, FaceTime or not."""
    found = [*_calls(calls), *(event for asset in findings.assets for event in _of(asset))]
    order = list(EventKind)
    return tuple(sorted(found, key=lambda event: (event.at, order.index(event.kind), event.text)))


def _calls(calls: Iterable[Call]) -> Iterator[Event]:
    for call in calls:
        if not call.facetime or call.started is None:
            continue
        kind = {True: "FaceTime video call", False: "FaceTime audio call", None: "FaceTime call"}[call.video]
        people = len({handle for handle in (call.address, *call.handles) if handle})
        whom = f" with {count(people, 'other person', 'other people')}" if people else ""
        talked = "" if call.connected else ", not connected" if call.connected is False else ""
        yield Event(
            call.started,
            EventKind.CALL,
            f"{kind}{whom}{talked}",
            facetime=True,
            seconds=call.duration_s,
            source=call.source,
        )


def _of(asset: Asset) -> Iterator[Event]:
    sources = dict(asset.sources)
    facetime = asset.facetime.verdict is not Verdict.NO
    origin = f", FaceTime: {words.VERDICTS[asset.facetime.verdict]}" if facetime else ""
    gone = asset.deleted.at if asset.deleted else None
    by = f" by {clean(asset.deleted.client)}" if asset.deleted and asset.deleted.client else ""
    for at, kind, field, more in (
        (asset.created, EventKind.PHOTO, "created", f" ({words.KINDS[asset.kind]}{origin})"),
        (asset.trashed_at, EventKind.TRASHED, "trashed_at", origin),
        (gone, EventKind.DELETED, "deleted", by + origin),
    ):
        if at is not None:
            yield Event(
                at,
                kind,
                name(asset) + more,
                facetime,
                asset.uuid,
                asset.timezone_offset,
                source=sources.get(field),
            )
