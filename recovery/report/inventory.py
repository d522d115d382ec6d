"""The JSON inventory, version 1: the promise to scripts, made from findings (docs/inventory.md, key by key)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from importlib import resources
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TextIO

from recovery import __version__, limits
from recovery.ahead import ahead, possible
from recovery.analysis.model import MESSAGES_KEY as MESSAGES_KEY
from recovery.analysis.model import (
    Asset,
    AssetFile,
    BackupFacts,
    Cause,
    FaceTime,
    FaceTimeMessage,
    Findings,
    LooseEnd,
)
from recovery.analysis.model import asset_key as asset_key
from recovery.clock import to_text
from recovery.progress import SILENT, Progress
from recovery.provenance import Gap, Source
from recovery.report.asset_json import NOTHING_EXTRACTED as NOTHING_EXTRACTED
from recovery.report.asset_json import Extracted as Extracted
from recovery.report.asset_json import FileKey as FileKey
from recovery.report.asset_json import asset_text as asset_text
from recovery.report.safe_text import valid_unicode
from recovery.spool import Room, since

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SCHEMA = "recover-facetime/inventory/1"
SCHEMA_FILE = "inventory.v1.schema.json"
DIAGNOSIS_SCHEMA = "recover-facetime/diagnosis/1"
DIAGNOSIS_KEYS = ("tool", "generated_at", "backup", "summary", "totals", "causes", "gaps")
Json = dict[str, object]
_TOGETHER = 64
"""Entries of a list that become one piece of text."""


def schema() -> Json:
    """The JSON Schema (2020-12) of the inventory, as shipped with this package."""
    text = resources.files(__package__ or __name__).joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    loaded: Json = json.loads(text)
    return loaded


def inventory(
    findings: Findings,
    *,
    generated_at: datetime | None,
    extracted: Mapping[FileKey, Extracted] = NOTHING_EXTRACTED,
) -> Json:
    """The whole inventory as plain JSON values; without a time in an extraction: its run record has the times."""
    document = _document(findings, generated_at, extracted)
    return {key: list(value) if isinstance(value, Iterator) else value for key, value in document.items()}


def diagnosis_document(findings: Findings, *, generated_at: datetime) -> Json:
    """What `diagnose` answers, for programs: parts of the inventory, each exactly as it stands there."""
    whole = _document(findings, generated_at, NOTHING_EXTRACTED)
    parts = {key: whole[key] for key in DIAGNOSIS_KEYS}
    plain_parts = {key: list(value) if isinstance(value, Iterator) else value for key, value in parts.items()}
    return {"schema": DIAGNOSIS_SCHEMA, **plain_parts}


def dumps(document: Mapping[str, object]) -> str:
    """An inventory as text, always in the same order: one line for each entry of its lists.

    Only ASCII characters are used, so the text is safe on every terminal and in every encoding.
    """
    return "".join(_pieces(document))


def write_json(
    findings: Findings,
    stream: TextIO,
    *,
    generated_at: datetime | None,
    extracted: Mapping[FileKey, Extracted] = NOTHING_EXTRACTED,
    room: Room | None = None,
    progress: Progress = SILENT,
) -> None:
    """Write the same text as `dumps(inventory(...))`, some entries at a time.

    With a room another process makes the texts of the second half of many assets.
    """
    assets, document = findings.assets, _document(findings, generated_at, extracted)

    def texts(of: Iterable[Asset]) -> Iterator[str]:
        return _blocks(asset_text(asset, extracted) for asset in of)

    middle = len(assets) // 2 // _TOGETHER * _TOGETHER
    pays = middle >= limits.ASSETS_WORTH_A_PROCESS and room is not None and possible()
    half = middle if pays else None  # else all of them are made here

    def last() -> Iterator[str]:
        return iter(()) if half is None else texts(since(assets, half))

    with ahead(last, room, together=1, pays=pays) as rest:
        document["assets"] = _Texts(_told(chain(texts(islice(since(assets, 0), half)), rest), progress))
        progress.start("Writing the answer", len(assets), " photos")
        for piece in _pieces(document):
            stream.write(piece)
        progress.finish()


def tool_document() -> Json:
    """Name and version of this program."""
    return {"name": "recover-facetime", "version": __version__}


def backup_document(backup: BackupFacts) -> Json:
    """Who and what the backup is."""
    return _plain_fields(backup)


def asset_document(asset: Asset, extracted: Mapping[FileKey, Extracted] = NOTHING_EXTRACTED) -> Json:
    """One asset: an entry of `assets`, also a line of NDJSON and the heart of a JSON sidecar."""
    key = asset_key(asset) if extracted else ""
    document = _plain_fields(asset, _NESTED)
    document["deleted"] = _plain_fields(asset.deleted) if asset.deleted else None
    document["facetime"] = _facetime(asset.facetime)
    document["live_photo"] = _plain_fields(asset.live_photo) if asset.live_photo else None
    document["cloud"] = _plain_fields(asset.cloud) if asset.cloud else None
    document["files"] = [_file(item, extracted.get((key, item)) if extracted else None) for item in asset.files]
    document["sources"] = {name: source_document(source) for name, source in asset.sources}
    return document


@dataclass(frozen=True, slots=True)
class _Texts:
    """Entries that are JSON already, as `_blocks` gives them."""

    blocks: Iterator[str]


def message_document(message: FaceTimeMessage, extracted: Mapping[FileKey, Extracted] = NOTHING_EXTRACTED) -> Json:
    """One FaceTime message or voicemail: an entry of `facetime_messages`."""
    document = _plain_fields(message, _NESTED_IN_MESSAGES)
    document["source"] = source_document(message.source)
    document["files"] = [_file(item, extracted.get((MESSAGES_KEY, item))) for item in message.files]
    return document


def source_document(source: Source) -> Json:
    """The place a value was read from."""
    return {"store": plain(source.store), "place": plain(source.place), "row": source.row}


def compact(value: object) -> str:
    """One JSON value on one line, in ASCII."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def plain(value: object) -> object:
    """A field's value as JSON has it: times as text, no lone surrogate, no number that is not finite."""
    if type(value) in _SAME:
        return value
    if isinstance(value, str):
        return valid_unicode(str(value))
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


_SAME = frozenset((type(None), bool, int))
"""Types that JSON has as they are; there are so many of them that asking first pays."""
_NESTED = frozenset(("deleted", "facetime", "live_photo", "cloud", "files", "sources"))
_NESTED_IN_MESSAGES = frozenset(("files", "source"))


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return kind._fields if issubclass(kind, tuple) else tuple(item.name for item in fields(kind))


def _plain_fields(record: DataclassInstance | Asset | AssetFile, left: frozenset[str] = frozenset()) -> Json:
    """The fields in their order; those that are `left` to the caller are None."""
    kind: type = type(record)
    return {
        name: value if type(value := getattr(record, name)) in _SAME else None if name in left else plain(value)
        for name in _names(kind)
    }


def _document(findings: Findings, generated_at: datetime | None, extracted: Mapping[FileKey, Extracted]) -> Json:
    """The inventory with its lists still to be made, in the order in which it is written."""
    return {
        "schema": SCHEMA,
        "tool": tool_document(),
        "generated_at": to_text(generated_at),
        "backup": backup_document(findings.backup),
        "summary": plain(findings.summary),
        "search": plain(findings.search),
        "totals": _plain_fields(findings.totals),
        "assets": (asset_document(asset, extracted) for asset in findings.assets),
        "facetime_messages": (message_document(message, extracted) for message in findings.facetime_messages),
        "loose_ends": (_loose_end(end) for end in findings.loose_ends),
        "causes": (_cause(cause) for cause in findings.causes),
        "gaps": (gap_document(gap) for gap in findings.gaps),
    }


def _facetime(facetime: FaceTime) -> Json:
    return {
        "verdict": facetime.verdict.value,
        "signals": [
            {
                "code": plain(signal.code),
                "value": plain(signal.value),
                "source": source_document(signal.source),
                "untested": signal.untested,
                "tier": signal.tier.value,
                "seen": plain(signal.seen),
            }
            for signal in facetime.signals
        ],
        "call": _plain_fields(facetime.call) if facetime.call else None,
        "device": plain(facetime.device),
        "camera": facetime.camera.value if facetime.camera else None,
    }


def _file(item: AssetFile, written: Extracted | None) -> Json:
    told = _plain_fields(item)
    del told["blank"]  # state and note say it
    return {
        **told,
        "sha256": written.sha256 if written else None,
        "extracted_to": plain(written.path) if written else None,
    }


def _loose_end(end: LooseEnd) -> Json:
    return {**_plain_fields(end), "source": source_document(end.source)}


def _cause(cause: Cause) -> Json:
    return {**_plain_fields(cause), "sources": [source_document(source) for source in cause.sources]}


def gap_document(gap: Gap) -> Json:
    """Something that could not be looked at."""
    return _plain_fields(gap)


def _pieces(document: Mapping[str, object]) -> Iterator[str]:
    separator = "{"
    for key, value in document.items():
        yield f"{separator}\n{compact(key)}: "
        if isinstance(value, _Texts):
            yield from _array(value.blocks)
        elif isinstance(value, Iterator | list):
            yield from _array(_blocks(map(compact, value)))
        else:
            yield compact(value)
        separator = ","
    yield "\n}\n"


def _blocks(entries: Iterator[str]) -> Iterator[str]:
    """Some entries at a time as one text."""
    while some := list(islice(entries, _TOGETHER)):
        yield ",\n".join(some)


def _told(blocks: Iterator[str], progress: Progress) -> Iterator[str]:
    for block in blocks:
        yield block
        progress.advance(block.count("\n") + 1)  # no entry has a line break


def _array(blocks: Iterator[str]) -> Iterator[str]:
    separator = "[\n"
    for block in blocks:
        yield separator + block
        separator = ",\n"
    yield "[]" if separator == "[\n" else "\n]"
