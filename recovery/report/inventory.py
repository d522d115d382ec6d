"""The JSON inventory, version 1: the promise to scripts, made from findings (docs/inventory.md, key by key)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Literal

import msgspec
from msgspec import structs

from recovery import __version__
from recovery.analysis.model import MESSAGES_KEY as MESSAGES_KEY
from recovery.analysis.model import (
    Asset,
    AssetFile,
    BackupFacts,
    FaceTimeMessage,
    Findings,
    Orphan,
    Totals,
)
from recovery.analysis.model import asset_key as asset_key
from recovery.clock import Moment, in_records
from recovery.progress import SILENT, Progress, counted
from recovery.provenance import Gap, Source
from recovery.records import Record, encode, json_schema
from recovery.report.messages import status
from recovery.report.messages.causes import CauseText, told
from recovery.report.messages.gaps import what, why
from recovery.report.messages.sentences import paragraph

SCHEMA = "recover-facetime/inventory/1"
SCHEMA_FILE = "inventory.v1.schema.json"
DIAGNOSIS_SCHEMA = "recover-facetime/diagnosis/1"
DIAGNOSIS_KEYS = ("tool", "generated_at", "backup", "summary", "totals", "causes", "gaps")
Json = dict[str, Any]


class Tool(Record, frozen=True):
    """The program that wrote this."""

    name: str
    version: str


THIS_TOOL = Tool("recover-facetime", __version__)


class AssetEntry(Asset, frozen=True):
    """One asset in words: an entry of `assets`, also a line of NDJSON and the heart of a JSON sidecar."""

    status_reason: str  # type: ignore[assignment]  # the code of an Asset, in words
    notes: tuple[str, ...] = ()  # type: ignore[assignment]  # likewise


class MessageEntry(FaceTimeMessage, frozen=True):
    """One FaceTime message in words."""

    notes: tuple[str, ...] = ()  # type: ignore[assignment]  # the codes of a FaceTimeMessage, in words


class GapEntry(Record, frozen=True):
    """Something that could not be looked at, in words."""

    what: str
    where: str
    why: str
    hides: tuple[str, ...]
    fault: bool


class Inventory(Record, frozen=True):
    """Keys may be added within version 1, never renamed or removed. Unknown is null, never absent.

    `generated_at` is null in an extraction: run.json has its times, so the same backup gives the same bytes.
    `summary` says what became of the FaceTime photos, `search` what was searched for and how many fit; it is null
    where the whole backup is listed. `field_sources` says where fields of assets that have a row come from.
    """

    schema: Literal["recover-facetime/inventory/1"]
    tool: Tool
    generated_at: Moment | None
    backup: BackupFacts
    summary: str
    search: str | None
    totals: Totals
    field_sources: Mapping[str, Source]
    assets: tuple[AssetEntry, ...]
    facetime_messages: tuple[MessageEntry, ...]
    loose_ends: tuple[Orphan, ...]
    causes: tuple[CauseText, ...]
    gaps: tuple[GapEntry, ...]


@dataclass(frozen=True, slots=True)
class Extracted:
    """Where one file was written: SHA-256 in hexadecimal, and its path below the output folder, with `/`."""

    sha256: str
    path: str


FileKey = tuple[str, AssetFile]
"""An asset's key (`asset_key`) and one of its files."""
NOTHING_EXTRACTED: Mapping[FileKey, Extracted] = {}


def schema() -> Json:
    """The JSON Schema (2020-12) of the inventory, as shipped with this package in `SCHEMA_FILE`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:recover-facetime:inventory:1",
        "title": "recover-facetime inventory, version 1",
        **json_schema(Inventory),
    }


def schema_text() -> str:
    """The schema as the shipped file has it."""
    return json.dumps(schema(), indent=2) + "\n"


def inventory(
    findings: Findings,
    *,
    generated_at: datetime | None,
    extracted: Mapping[FileKey, Extracted] = NOTHING_EXTRACTED,
) -> Json:
    """The whole inventory as plain JSON values; without a time in an extraction: its run record has the times."""
    return parsed(_document(findings, generated_at, extracted))


def diagnosis_document(findings: Findings, *, generated_at: datetime) -> Json:
    """What `diagnose` answers, for programs: parts of the inventory, each exactly as it stands there."""
    whole = _document(findings, generated_at, NOTHING_EXTRACTED)
    return {"schema": DIAGNOSIS_SCHEMA, **parsed({key: whole[key] for key in DIAGNOSIS_KEYS})}


def parsed(document: Mapping[str, Any]) -> Json:
    """A document of records as plain JSON values."""
    found: Json = msgspec.json.decode(b"".join(pieces(document)))
    return found


def dumps(document: Mapping[str, Any]) -> str:
    """A document as text, always in the same order: one line for each entry of its lists."""
    return b"".join(pieces(document)).decode()


def write_json(
    findings: Findings,
    stream: BinaryIO,
    *,
    generated_at: datetime | None,
    extracted: Mapping[FileKey, Extracted] = NOTHING_EXTRACTED,
    progress: Progress = SILENT,
) -> None:
    """Write the inventory, asset by asset."""
    document = _document(findings, generated_at, extracted)
    assets = document["assets"]
    document["assets"] = counted(assets, progress, "Writing the answer", len(findings.assets), " photos")
    for piece in pieces(document):
        stream.write(piece)


def asset_entry(asset: Asset, extracted: Mapping[FileKey, Extracted] = NOTHING_EXTRACTED) -> AssetEntry:
    """The asset in words, told where its files were written."""
    values = structs.asdict(asset)
    values["status_reason"] = status.reason(asset.status_reason)
    values["notes"] = tuple(map(status.note, asset.notes))
    if extracted:
        key = asset_key(asset)
        values["files"] = tuple(_written(item, extracted.get((key, item))) for item in asset.files)
    return AssetEntry(**values)


def _written(item: AssetFile, written: Extracted | None) -> AssetFile:
    return item if written is None else item.changed(sha256=written.sha256, extracted_to=written.path)


def message_entry(message: FaceTimeMessage, extracted: Mapping[FileKey, Extracted] = NOTHING_EXTRACTED) -> MessageEntry:
    """The message in words, told where its files were written."""
    values = structs.asdict(message)
    values["notes"] = tuple(map(status.note, message.notes))
    values["files"] = tuple(_written(item, extracted.get((MESSAGES_KEY, item))) for item in message.files)
    return MessageEntry(**values)


def gap_entry(gap: Gap) -> GapEntry:
    """The gap in words."""
    return GapEntry(what(gap), gap.where, why(gap), gap.hides, gap.fault)


def _document(findings: Findings, generated_at: datetime | None, extracted: Mapping[FileKey, Extracted]) -> Json:
    """The inventory in the order in which it is written, its assets still to be read."""
    return {
        "schema": SCHEMA,
        "tool": THIS_TOOL,
        "generated_at": in_records(generated_at),
        "backup": findings.backup,
        "summary": paragraph(findings.summary),
        "search": findings.search,
        "totals": findings.totals,
        "field_sources": findings.field_sources,
        "assets": (asset_entry(asset, extracted) for asset in findings.assets),
        "facetime_messages": tuple(message_entry(message, extracted) for message in findings.facetime_messages),
        "loose_ends": findings.loose_ends,
        "causes": tuple(map(told, findings.causes)),
        "gaps": tuple(map(gap_entry, findings.gaps)),
    }


def pieces(document: Mapping[str, Any]) -> Iterator[bytes]:
    """A document as JSON in UTF-8, one line for each entry of its lists."""
    separator = b"{"
    for key, value in document.items():
        yield separator + b"\n" + encode(key) + b": "
        if isinstance(value, Iterable) and not isinstance(value, str | Mapping):
            yield from _array(value)
        else:
            yield encode(value)
        separator = b","
    yield b"\n}\n"


def _array(entries: Iterable[object]) -> Iterator[bytes]:
    separator = b"[\n"
    for entry in entries:
        yield separator + encode(entry)
        separator = b",\n"
    yield b"[]" if separator == b"[\n" else b"\n]"
