"""The life of each asset, and of the library and the device around it, as one list of events in order of time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from recovery.analysis.found import FoundAssets
from recovery.analysis.model import Asset, Findings
from recovery.analysis.timeline.asset_events import Records, stored_events
from recovery.analysis.timeline.device_events import calls, device_events
from recovery.analysis.timeline.event import SAME_MOMENT, Event, EventCode
from recovery.analysis.timeline.library_events import change_events, nameless_deletions
from recovery.analysis.timeline.message_events import message_events
from recovery.case import Case
from recovery.clock import is_placeholder
from recovery.errors import SelectionError
from recovery.gap_codes import GapSubject
from recovery.photos_db.changes.history import HistoryEvent
from recovery.progress import SILENT, Progress, counted
from recovery.provenance import Gap

_ORDER = {code: number for number, code in enumerate(EventCode)}
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Events in order of time, those without a time last.

    `assets` and `of_assets` say how many assets are told of, out of how many; `left_out` counts changes in the
    library's history that are not told; `gaps` are those that can hide events.
    """

    events: tuple[Event, ...]
    assets: int
    of_assets: int
    left_out: int
    gaps: tuple[Gap, ...]


_HIDING = frozenset(
    {
        GapSubject.PERSISTENT_HISTORY,
        GapSubject.CALL_HISTORY,
        GapSubject.LIBRARY_MIGRATIONS,
        GapSubject.PHOTO_LIBRARY,
    }
)
_HIDDEN_ANSWERS = frozenset(
    {
        "call_overlap",
        "library_rebuilt",
        "ios_update",
        "restored_device",
        "facetime_messages",
        "facetime_message_date",
        "facetime_message_deleted",
    }
)


def timeline(
    case: Case,
    findings: Findings,
    *,
    everything: bool = False,
    uuids: Collection[str] = (),
    progress: Progress = SILENT,
) -> Timeline:
    """The events of a backup: of the notable assets (FaceTime, recently deleted, hidden, permanently deleted), of
    `everything`, or of single `uuids` with whatever touches them.

    Changes from the library's history are told if the case was gathered with events. Raises SelectionError for a
    UUID that no asset has.
    """
    chosen = tuple(counted(_chosen(findings.assets, everything, uuids), progress, "Choosing the photos"))
    changes = _by_asset(case.traces.life.events if case.traces.life else ())
    records = Records.of(case)
    each = counted(chosen, progress, "Putting events in order", len(chosen), " photos")
    found = [event for asset in each for event in _life(records, asset, changes.get(_key(asset), ()))]
    if not uuids:
        found.extend(nameless_deletions(case))
        found.extend(message_events(findings.facetime_messages))
    moments = [asset.facetime.call.started for asset in chosen if asset.facetime.call] if uuids else None
    found.extend(calls(case, moments))
    found.extend(device_events(case))
    return Timeline(
        events=tuple(sorted((_really_dated(event, case.latest_date) for event in found), key=_place)),
        assets=len(chosen),
        of_assets=len(findings.assets),
        left_out=case.traces.life.left_out if case.traces.life else 0,
        gaps=tuple(
            gap for gap in findings.gaps if (gap.what in _HIDING and not gap.part) or _HIDDEN_ANSWERS & set(gap.hides)
        ),
    )


def _really_dated(event: Event, latest: datetime | None) -> Event:
    """The event, without its time where that is a placeholder; the text then tells what is stored."""
    if event.at is None or not is_placeholder(event.at, latest):
        return event
    return replace(event, at=None, text=f"{event.text}; the stored date, {event.at:%Y-%m-%d}, cannot be real")


def _life(records: Records, asset: Asset, changes: Iterable[HistoryEvent]) -> Iterator[Event]:
    """The events of one asset; a stored date and the change in the history that made it are told once."""
    listed = [event for change in changes for event in change_events(asset, change)]
    for event in stored_events(records, asset):
        if not any(_same(event, other) for other in listed):
            yield event
    yield from listed


def _same(stored: Event, listed: Event) -> bool:
    if stored.code is not listed.code or stored.at is None or listed.at is None:
        return False
    return abs(stored.at - listed.at) <= SAME_MOMENT


def _chosen(assets: FoundAssets, everything: bool, uuids: Collection[str]) -> Iterator[Asset]:
    wanted = {uuid.upper() for uuid in uuids}
    missing = set(wanted)
    for asset in assets if wanted or everything else assets.notable():
        name = _key(asset)
        missing.discard(name)
        if not wanted or name in wanted:
            yield asset
    if missing:
        raise SelectionError(
            f"No photo or video has the UUID {min(missing)[:40]}.", "List them with scan --all --json."
        )


def _key(asset: Asset) -> str:
    return (asset.uuid or "").upper()


def _by_asset(events: Iterable[HistoryEvent]) -> Mapping[str, list[HistoryEvent]]:
    found: dict[str, list[HistoryEvent]] = {}
    for event in events:
        if event.uuid:
            found.setdefault(event.uuid.upper(), []).append(event)
    return found


def _place(event: Event) -> tuple[datetime, int, str, str, str]:
    return event.at or _LATEST, _ORDER[event.code], event.name or "", event.uuid or "", event.text
