"""A timeline as a person reads it: grouped by day, 80 columns wide, every time in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from recovery.analysis.model import BackupFacts, Verdict
from recovery.analysis.timeline.building import Timeline
from recovery.analysis.timeline.event import Event, EventCode
from recovery.clock import in_stored_zone
from recovery.progress import SILENT, Progress, counted
from recovery.report.figures import count, zone
from recovery.report.messages.gaps import hidden_answers, what, why
from recovery.report.output_options import item
from recovery.report.safe_text import clean
from recovery.report.text import words
from recovery.report.text.asset_text import source_text
from recovery.report.text.layout import PLAIN, Style, heading, wrap

_TIME_COLUMNS = 12
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TIMES = (
    "Times are in UTC, and days begin at midnight UTC. Where a photo was taken, the clock there follows, in the "
    "zone stored with the photo, as (20:22:10 +02:00)."
)
_UNTESTED = "* Follows from what is publicly known; not yet seen in a real sample. Judge it with that in mind."
_CALLS = "That a FaceTime call was going on says that a photo could have been taken in it, not that one was."


def timeline_text(
    timeline: Timeline,
    backup: BackupFacts,
    *,
    verbose: bool = False,
    style: Style = PLAIN,
    progress: Progress = SILENT,
) -> str:
    """The whole answer of `timeline`, ending with a line break; `verbose` adds where each event was read."""
    device = clean(backup.device_name or backup.product_type or "an iPhone or iPad")
    lines = heading(f"Timeline of {device}", style)[1:]
    for text in _opening(timeline):
        lines.extend(wrap(text, first="  "))
    each = counted(timeline.events, progress, "Writing the answer", len(timeline.events), " events")
    for day, events in groupby(each, key=lambda event: event.at.date() if event.at else None):
        title = f"{day.isoformat()} {_DAYS[day.weekday()]}" if day else "Without a time"
        lines.extend(heading(title, style))
        for event in events:
            lines.extend(_event(event, verbose, style))
    lines.extend(_closing(timeline, style))
    return "\n".join(lines) + "\n"


def _opening(timeline: Timeline) -> Iterator[str]:
    yield (
        f"{count(len(timeline.events), 'event')}; covers {timeline.assets:,} of "
        f"{count(timeline.of_assets, 'photo or video', 'photos and videos')}"
        f"{'.' if timeline.assets == timeline.of_assets else ' (see --all and --uuid).'}"
    )
    yield _TIMES


def _event(event: Event, verbose: bool, style: Style) -> list[str]:
    clock = event.at.strftime("%H:%M:%S") if event.at else "--:--:--"
    first = f"  {clock}  "
    text = f"{clean(event.whole_text)}{words.UNTESTED_MARK if event.untested else ''}{_local(event)}"
    rest = " " * _TIME_COLUMNS
    lines = wrap(text, first=first, rest=rest) or [first.rstrip()]
    if event.facetime is not None and event.facetime.rank > Verdict.POSSIBLE.rank:
        lines[0] = lines[0].replace(clock, style.paint(style.good, clock), 1)
    if verbose:
        uuid = f" {clean(event.uuid)}" if event.uuid else ""
        lines.extend(wrap(f"[{event.code.value}{uuid}] {source_text(event.source)}", first=rest))
    return lines


def _local(event: Event) -> str:
    """When it was taken by the clock there, where a zone is stored; with the date where that is another."""
    if event.code is not EventCode.TAKEN or event.at is None or not event.offset:
        return ""
    local = in_stored_zone(event.at, event.offset)
    if local.utcoffset() == event.at.utcoffset():
        return ""
    return f" ({_clock(local, event.at)} {zone(local)})"


def _clock(local: datetime, at: datetime) -> str:
    return (
        local.strftime("%H:%M:%S")
        if local.date() == at.date()
        else local.replace(tzinfo=None).isoformat(" ", "seconds")
    )


def _closing(timeline: Timeline, style: Style) -> list[str]:
    lines = [""]
    if any(event.untested for event in timeline.events):
        lines.extend(wrap(_UNTESTED, first="  ", rest="    "))
    if any("FaceTime call" in event.text for event in timeline.events):
        lines.extend(wrap(_CALLS, first="  "))
    if timeline.left_out:
        number = count(timeline.left_out, "further change")
        lines.extend(
            wrap(f"{number} in the library's history tell nothing people know; --uuid shows them.", first="  ")
        )
    if timeline.gaps:
        lines.extend(heading("Not examined, which can hide events", style))
        for gap in timeline.gaps:
            hides = hidden_answers(gap)
            lines.extend(item(clean(f"{what(gap)}: {why(gap)}{f' (hides {hides})' if hides else ''}")))
    return lines if len(lines) > 1 else []
