"""The library's facts about a file as its extended attributes in Manifest.db repeat them: a second library.

The photo service writes `com.apple.assetsd.*` attributes on each primary file, and a backup keeps them in the
manifest. Keys and encodings were read off the 62 files of a real iOS 14.3 manifest; keys marked untested are named
in public descriptions of the photo service and have not been seen.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from recovery import clock
from recovery.errors import UnreadableArchiveError
from recovery.formats import property_list as archives
from recovery.provenance import Tier

PREFIX = "com.apple.assetsd."
_TEXT_BYTES = 4096
# A binary property list that is one date, as every real sample has it: eight bytes stand between these two.
_DATE_HEAD, _DATE_TAIL = b"bplist00\x33", b"\x08" + bytes(6) + struct.pack(">BBQQQ", 1, 1, 1, 0, 17)
_DOUBLE = struct.Struct(">d")
_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)
_WHOLE_DATES = -5e10
"""Seconds from 2001 within which every date is one that Python can hold: the years 417 to 3585."""


@dataclass(frozen=True, slots=True)
class LiveTiming:
    """Moment of the still and length of the movie of a Live Photo, in seconds."""

    still_s: float
    length_s: float


class FileAttributes(NamedTuple):
    """What one file's attributes tell of its asset; None where the key is absent or cannot be decoded.

    Times in UTC, the offset in seconds east of UTC; codes as in photos/codes.py.
    """

    uuid: str | None = None
    saved_asset_type: int | None = None
    imported_by: int | None = None
    creator_bundle: str | None = None
    importer_name: str | None = None
    original_filename: str | None = None
    trashed: int | None = None
    trashed_reason: int | None = None
    hidden: int | None = None
    favorite: int | None = None
    burst_pick: int | None = None
    deferred: int | None = None
    live_video_visibility: int | None = None
    grouping_state: int | None = None
    timezone: str | None = None
    timezone_offset: int | None = None
    cloud_uuid: str | None = None
    public_uuid: str | None = None
    rebuild_uuid: str | None = None
    media_group_uuid: str | None = None
    original_asset_uuid: str | None = None
    title: str | None = None
    caption: str | None = None
    added: datetime | None = None
    created: datetime | None = None
    live_timing: LiveTiming | None = None
    undecoded: tuple[str, ...] = ()
    """Keys with this prefix whose value could not be decoded, or that are not known here."""


_UNDECODED = FileAttributes._fields.index("undecoded")


def _uuid(data: bytes) -> str | None:
    if len(data) != 16:
        return None
    digits = data.hex().upper()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _whole(data: bytes) -> int | None:
    return int.from_bytes(data, "little") if len(data) in (1, 2, 4, 8) else None


def _signed(data: bytes) -> int | None:
    return int.from_bytes(data, "little", signed=True) if len(data) in (4, 8) else None


def _text(data: bytes) -> str | None:
    try:
        return data[:_TEXT_BYTES].decode("utf-8").rstrip("\x00") or None
    except UnicodeDecodeError:
        return None


def _moment(data: bytes) -> datetime | None:
    if len(data) == len(_DATE_HEAD) + 8 + len(_DATE_TAIL) and data[:9] == _DATE_HEAD and data[17:] == _DATE_TAIL:
        (seconds,) = _DOUBLE.unpack_from(data, 9)
        if _WHOLE_DATES < seconds < -_WHOLE_DATES:
            return _EPOCH + timedelta(seconds=seconds)
    try:
        stored = clock.from_plist(archives.load_plist(data, what="date attribute", limit=_TEXT_BYTES))
    except UnreadableArchiveError:
        return None
    return None if stored is None else datetime.combine(stored.date(), stored.timetz())


def _live_timing(data: bytes) -> LiveTiming | None:
    """Two media times of 24 bytes, each value (i64), time scale (i32), flags and epoch."""
    if len(data) != 48:
        return None
    still, still_scale, length, length_scale = struct.unpack("<qi12xqi12x", data)
    if still_scale <= 0 or length_scale <= 0:
        return None
    return LiveTiming(still / still_scale, length / length_scale)


@dataclass(frozen=True, slots=True)
class AttributeFact:
    """One key (without the prefix), the field it fills, how it is encoded, and whether a real sample showed it."""

    key: str
    field: str
    decode: Callable[[bytes], object]
    tier: Tier = Tier.DOCUMENTED


ATTRIBUTE_FACTS: tuple[AttributeFact, ...] = (
    AttributeFact("UUID", "uuid", _uuid),
    AttributeFact("assetType", "saved_asset_type", _whole),
    AttributeFact("importedBy", "imported_by", _whole),
    AttributeFact("creatorBundleID", "creator_bundle", _text),
    AttributeFact("importedByDisplayName", "importer_name", _text, Tier.UNTESTED),
    AttributeFact("originalFilename", "original_filename", _text),
    AttributeFact("trashed", "trashed", _whole),
    AttributeFact("trashedReason", "trashed_reason", _whole, Tier.UNTESTED),
    AttributeFact("hidden", "hidden", _whole),
    AttributeFact("favorite", "favorite", _whole),
    AttributeFact("avalanche.type", "burst_pick", _whole),
    AttributeFact("deferredProcessing", "deferred", _whole),
    AttributeFact("videoComplementVisibility", "live_video_visibility", _whole),
    AttributeFact("grouping.state", "grouping_state", _whole),
    AttributeFact("timeZoneName", "timezone", _text),
    AttributeFact("timeZoneOffset", "timezone_offset", _signed),
    AttributeFact("cloudAsset.UUID", "cloud_uuid", _text),
    AttributeFact("publicGlobalUUID", "public_uuid", _text),
    AttributeFact("dbRebuildUuid", "rebuild_uuid", _text),
    AttributeFact("mediaGroupUUID", "media_group_uuid", _text),
    AttributeFact("originalAssetUUID", "original_asset_uuid", _text, Tier.UNTESTED),
    AttributeFact("title", "title", _text, Tier.UNTESTED),
    AttributeFact("description", "caption", _text, Tier.UNTESTED),
    AttributeFact("addedDate", "added", _moment),
    AttributeFact("customCreationDate", "created", _moment),
    AttributeFact("extraDurationData", "live_timing", _live_timing),
)
_BY_KEY = {PREFIX + fact.key: fact for fact in ATTRIBUTE_FACTS}


class _Known(NamedTuple):
    """What becomes of an attribute of this service: the place of its field, how it is decoded, its key."""

    place: int
    decode: Callable[[bytes], object]
    key: str


@lru_cache(maxsize=64)
def _plan(names: tuple[str, ...]) -> tuple[_Known | None, ...]:
    """What becomes of each name, None for one of another service; nearly all files have the names of others."""
    return tuple(_known(name) if name.startswith(PREFIX) else None for name in names)


def _known(name: str) -> _Known:
    fact = _BY_KEY.get(name)
    key = name.removeprefix(PREFIX)
    return _Known(FileAttributes._fields.index(fact.field), fact.decode, key) if fact else _Known(-1, _unknown, key)


def _unknown(data: bytes) -> None:
    """No value: nobody knows how this attribute is encoded."""


def read_attributes(attributes: Mapping[str, bytes]) -> FileAttributes | None:
    """Decode the attributes of one file; None when it carries none of the photo service's."""
    if not attributes:
        return None
    values: list[object] = [None] * len(FileAttributes._fields)
    undecoded: list[str] = []
    own = False
    for known, data in zip(_plan(tuple(attributes)), attributes.values(), strict=True):
        if known is None:
            continue
        own = True
        place, decode, key = known
        value = decode(data)
        if value is None:
            undecoded.append(key)
        else:
            values[place] = value
    if not own:
        return None
    values[_UNDECODED] = tuple(undecoded)
    return FileAttributes._make(values)


assert {fact.field for fact in ATTRIBUTE_FACTS} <= set(FileAttributes._fields)
