"""A timeline for programs: one JSON document, a CSV, and the CSV and JSON lines that Timesketch loads."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import BinaryIO, TextIO

from recovery.analysis.model import BackupFacts
from recovery.analysis.timeline.building import Timeline
from recovery.analysis.timeline.event import Event, EventCode
from recovery.clock import UNIX_EPOCH, in_records, to_text
from recovery.progress import SILENT, Progress, counted
from recovery.records import encode
from recovery.report.exports.tables import csv_cell
from recovery.report.inventory import (
    THIS_TOOL,
    Json,
    pieces,
)

SCHEMA = "recover-facetime/timeline/1"
SCHEMA_FILE = "timeline.v1.schema.json"
COLUMNS = ("datetime", "event", "uuid", "name", "text", "facetime", "untested", "source", "detail")
TIMESKETCH = ("message", "datetime", "timestamp_desc", "timestamp", *COLUMNS[1:4], *COLUMNS[5:], "data_type")
"""Timesketch asks for the first three; the rest are columns one can search by."""

DESCRIPTIONS = {
    EventCode.TAKEN: "Creation Time",
    EventCode.ADDED: "Added Time",
    EventCode.ENTRY_MADE: "Row Insertion Time",
    EventCode.TRASHED: "Moved to Recently Deleted Time",
    EventCode.RESTORED: "Restored from Recently Deleted Time",
    EventCode.DELETED: "Deletion Time",
    EventCode.CALL: "Start Time",
    EventCode.LEFT_MESSAGE_DELETED: "Deletion Time",
    EventCode.BACKUP_MADE: "Backup Time",
}
"""What a time stands for; the other codes are their own names."""


def schema() -> Json:
    """The JSON Schema (2020-12) of the JSON document, as shipped with this package."""
    text = resources.files(__package__ or __name__).joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    loaded: Json = json.loads(text)
    return loaded


def timeline_document(timeline: Timeline, backup: BackupFacts, *, generated_at: datetime) -> Json:
    """The whole timeline as plain JSON values."""
    return {
        "schema": SCHEMA,
        "tool": THIS_TOOL,
        "generated_at": in_records(generated_at),
        "backup": backup,
        "assets": timeline.assets,
        "of_assets": timeline.of_assets,
        "left_out": timeline.left_out,
        "events": map(event_document, timeline.events),
        "gaps": timeline.gaps,
    }


def write_json(
    timeline: Timeline,
    backup: BackupFacts,
    stream: BinaryIO,
    *,
    generated_at: datetime,
    progress: Progress = SILENT,
) -> None:
    """Write the document, one event per line."""
    document = timeline_document(timeline, backup, generated_at=generated_at)
    document["events"] = map(event_document, _each(timeline.events, progress))
    for piece in pieces(document):
        stream.write(piece)


def _each(events: Sequence[Event], progress: Progress) -> Iterator[Event]:
    return counted(events, progress, "Writing the answer", len(events), " events")


def event_document(event: Event) -> Json:
    """One event; unknown is null."""
    return {
        "at": in_records(event.at),
        "event": event.code.value,
        "uuid": event.uuid,
        "name": event.name,
        "text": event.text,
        "timezone_offset": event.offset,
        "facetime": event.facetime.value if event.facetime else None,
        "untested": event.untested,
        "detail": dict(event.detail),
        "source": event.source,
    }


def write_csv(timeline: Timeline, stream: TextIO, progress: Progress = SILENT) -> None:
    """Write one line per event (RFC 4180, CRLF); open the stream as UTF-8 with `newline=""`."""
    _write(COLUMNS, (_record(event) for event in _each(timeline.events, progress)), stream)


def write_timesketch(timeline: Timeline, stream: TextIO, progress: Progress = SILENT) -> int:
    """Write the CSV that Timesketch loads; returns how many events were left out for want of a time."""
    dated = [event for event in timeline.events if event.at is not None]
    _write(TIMESKETCH, (_sketch_record(event) for event in _each(dated, progress)), stream)
    return len(timeline.events) - len(dated)


def write_jsonl(timeline: Timeline, stream: BinaryIO, progress: Progress = SILENT) -> int:
    """Write the JSON lines that Timesketch loads; returns how many events were left out for want of a time."""
    dated = [event for event in timeline.events if event.at is not None]
    for event in _each(dated, progress):
        record = _sketch_record(event)
        stream.write(encode({name: record[name] for name in TIMESKETCH}) + b"\n")
    return len(timeline.events) - len(dated)


_Record = dict[str, str | int | bool | None]


def _write(columns: tuple[str, ...], records: Iterable[_Record], stream: TextIO) -> None:
    writer = csv.writer(stream)
    writer.writerow(columns)
    for record in records:
        writer.writerow([csv_cell(record[name]) for name in columns])


def _record(event: Event) -> _Record:
    return {
        "datetime": to_text(event.at),
        "event": event.code.value,
        "uuid": event.uuid,
        "name": event.name,
        "text": event.text,
        "facetime": event.facetime.value if event.facetime else None,
        "untested": event.untested,
        "source": str(event.source),
        "detail": "; ".join(_pairs(event)),
    }


def _sketch_record(event: Event) -> _Record:
    at = event.at or UNIX_EPOCH
    return {
        **_record(event),
        "message": event.whole_text,
        "datetime": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "timestamp": round((at - UNIX_EPOCH).total_seconds() * 1_000_000),
        "timestamp_desc": DESCRIPTIONS.get(event.code, event.code.value.replace("_", " ").title() + " Time"),
        "data_type": f"recover_facetime:{event.code.value}",
    }


def _pairs(event: Event) -> Iterator[str]:
    return (f"{name}={value}" for name, value in event.detail)
