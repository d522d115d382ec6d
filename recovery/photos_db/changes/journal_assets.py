"""What the asset journals (`Asset-snapshot.plj`, `Asset-change.plj`) tell of assets, above all of deleted ones.

A delete record carries nothing, but the insert before it still stands in the journal [M: 15 of 15 deletions].
Mac libraries and full file systems have these files (iOS: Media/PhotoData/Journals/); a backup probably has
not [M: one iOS 14.3 manifest lists none].
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO

from recovery import limits
from recovery.clock import from_plist
from recovery.errors import UnreadableArchiveError
from recovery.formats.property_list import whole_number
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.changes.journals import JournalRecord, Operation, walk
from recovery.provenance import Gap, Reading, Source, unreadable
from recovery.refusals import refused

# Stored in both coordinates when there is no place [M].
_NO_PLACE = -180.0


@dataclass(frozen=True, slots=True)
class JournalAsset:
    """What the journals tell of one asset, later records over earlier ones; unknown is None. Times are UTC.

    `deleted` means the last record is a delete. Sizes are in pixels and bytes, the time zone offset and the
    duration in seconds, coordinates in degrees; codes are as stored. `source` is the record of the insert.
    """

    uuid: str
    source: Source
    deleted: bool = False
    directory: str | None = None
    filename: str | None = None
    original_filename: str | None = None
    title: str | None = None
    created: datetime | None = None
    added: datetime | None = None
    modified: datetime | None = None
    timezone: str | None = None
    timezone_offset: int | None = None
    uniform_type: str | None = None
    kind: int | None = None
    kind_subtype: int | None = None
    saved_asset_type: int | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    original_size: int | None = None
    favorite: bool | None = None
    hidden: bool | None = None
    in_trash: bool | None = None
    trashed_reason: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    media_group_uuid: str | None = None
    creator_bundle: str | None = None
    imported_by: int | None = None
    imported_by_name: str | None = None


def read_asset_journals(
    journals: Iterable[tuple[str, BinaryIO]], uuids: Collection[str] | None = None
) -> Reading[JournalAsset]:
    """Read journals in the given order (the snapshot before the changes), each a store name and an open file.

    `uuids` keeps only these assets. Whatever is damaged becomes a gap; records before the damage are kept.
    """
    wanted = None if uuids is None else frozenset(name.upper() for name in uuids)
    assets: dict[str, JournalAsset] = {}
    gaps: list[Gap] = []
    for store, stream in journals:
        damaged = 0
        try:
            for record in walk(stream):
                name = _uuid(record.key)
                if name is None or (wanted is not None and name not in wanted):
                    continue
                if name not in assets and len(assets) >= limits.JOURNAL_ASSETS:
                    raise UnreadableArchiveError("The journal names more assets than any real one.")
                try:
                    assets[name] = _applied(assets.get(name), record, name, store)
                except UnreadableArchiveError:
                    damaged += 1
        except OSError as error:
            gaps.append(unreadable(GapSubject.ASSET_JOURNAL, store, refused(error), *_HIDES))
        except UnreadableArchiveError as error:
            gaps.append(unreadable(GapSubject.ASSET_JOURNAL, store, error, *_HIDES))
        if damaged:
            why = GapReason.JOURNAL_RECORDS_DAMAGED
            gaps.append(Gap(GapSubject.ASSET_JOURNAL, store, why, _HIDES, fault=True, values=(damaged,)))
    return Reading(tuple(assets.values()), tuple(gaps))


def _uuid(key: bytes) -> str | None:
    return str(uuid.UUID(bytes=key)).upper() if len(key) == 16 else None


def _applied(known: JournalAsset | None, record: JournalRecord, name: str, store: str) -> JournalAsset:
    if known is None or record.operation is Operation.INSERTED:
        known = JournalAsset(name, Source(store, "record", record.number))
    if record.operation is Operation.DELETED:
        return replace(known, deleted=True)
    if not record.payload:  # an update that changed nothing
        return known
    return replace(known, deleted=False, **_facts(record.values()))


def _facts(payload: Mapping[str, object]) -> dict[str, Any]:
    facts = {name: convert(payload[key]) for name, (key, convert) in _FIELDS.items() if key in payload}
    if facts.get("latitude") == _NO_PLACE and facts.get("longitude") == _NO_PLACE:
        facts["latitude"] = facts["longitude"] = None
    return facts


def _text(value: object) -> str | None:
    return value[: limits.METADATA_TEXT] if isinstance(value, str) else None


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**64) else None


def _flag(value: object) -> bool | None:
    return bool(value) if isinstance(value, int) else None


# Field of JournalAsset: key of the payload [M: the payloads of eleven libraries] and how to read it.
_FIELDS: dict[str, tuple[str, Callable[[object], object]]] = {
    "directory": ("directory", _text),
    "filename": ("filename", _text),
    "original_filename": ("originalFilename", _text),
    "title": ("title", _text),
    "created": ("dateCreated", from_plist),
    "added": ("addedDate", from_plist),
    "modified": ("modificationDate", from_plist),
    "timezone": ("timeZoneName", _text),
    "timezone_offset": ("timeZoneOffset", whole_number),
    "uniform_type": ("uti", _text),
    "kind": ("kind", whole_number),
    "kind_subtype": ("kindSubtype", whole_number),
    "saved_asset_type": ("savedAssetType", whole_number),
    "width": ("width", whole_number),
    "height": ("height", whole_number),
    "duration": ("duration", _real),
    "original_size": ("originalFilesize", whole_number),
    "favorite": ("favorite", _flag),
    "hidden": ("hidden", _flag),
    "in_trash": ("inTrash", _flag),
    "trashed_reason": ("trashedReason", whole_number),
    "latitude": ("latitude", _real),
    "longitude": ("longitude", _real),
    "media_group_uuid": ("mediaGroupUUID", _text),
    "creator_bundle": ("creatorBundleID", _text),
    "imported_by": ("importedBy", whole_number),
    "imported_by_name": ("importedByDisplayName", _text),
}


_HIDES = ("details of deleted assets",)
