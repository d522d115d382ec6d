"""Where the photo may be instead: with the other person, in Messages, on another device; and calls without one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, datetime

from recovery.analysis.call_context import MARGIN
from recovery.analysis.causes.context import (
    Answer,
    CauseContext,
    CauseRule,
    Hits,
    by_photos,
    contradicted,
    shown,
    unread,
    unseen,
)
from recovery.analysis.model import Asset, FileRole
from recovery.analysis.statements import (
    Advice,
    BackupOfDevice,
    CallsWithoutPhoto,
    CauseCode,
    PhotoFact,
    PlainStatement,
    ScreenCaptures,
)
from recovery.app_data.calls import CALL_HISTORY, Call
from recovery.photos_db.library import DATABASE
from recovery.provenance import Source
from recovery.source.identity import INFO

_NAMES = 5
_LATEST = datetime.max.replace(tzinfo=UTC)


def _call_without_photo(inquiry: CauseContext) -> Answer:
    gaps = inquiry.gaps_hiding("call_without_photo")
    calls = [call for call in inquiry.case.around.calls if call.facetime and call.video and call.connected]
    spans = [call for call in calls if call.started and call.ended]
    if gaps and not spans:
        advice = Advice.ENCRYPT_THE_BACKUP if inquiry.case.encrypted is False else Advice.USUAL
        return unread(gaps, advice=advice)
    if unread_photos := inquiry.library_gaps():
        return unread(unread_photos, calls=len(spans))
    captures, captured = _screen_captures(inquiry)
    bare = _without_photo(inquiry, spans)
    if bare:
        at = tuple(call.started for call in bare if call.started)
        return shown(CallsWithoutPhoto(len(bare), len(spans), at), *captures, sources=[*_sources(bare), *captured])
    if gaps:
        return unread(gaps)
    if not spans:
        return contradicted(PlainStatement.NO_CALLS, sources=[Source(CALL_HISTORY.location.path)])
    return contradicted(PlainStatement.EVERY_CALL_HAS_A_PHOTO, *captures, sources=[*_sources(spans), *captured])


def _screen_captures(inquiry: CauseContext) -> tuple[list[ScreenCaptures], list[Source]]:
    """What was captured of the screen during calls, the oldest first, and its rows."""
    found = sorted(inquiry.sieve.captures, key=lambda item: (item.at or _LATEST, item.name))
    if not found:
        return [], []
    recordings = sum(item.is_recording for item in found)
    names = tuple(item.name for item in found[:_NAMES])
    library = inquiry.case.library
    rows = [Source(DATABASE, library.table, item.row) for item in found if library and item.row is not None]
    return [ScreenCaptures(len(found) - recordings, recordings, names)], rows


def _without_photo(inquiry: CauseContext, calls: Iterable[Call]) -> list[Call]:
    moments = sorted(
        moment
        for asset in (*inquiry.sure, *inquiry.perhaps)
        for moment in (asset.real_created, asset.real_added)
        if moment is not None
    )
    bare = []
    for call in calls:
        if call.started is None or call.ended is None:
            continue
        place = bisect_left(moments, call.started - MARGIN)
        if place == len(moments) or moments[place] > call.ended + MARGIN:
            bare.append(call)
    return bare


def _sources(calls: Iterable[Call]) -> list[Source]:
    return [call.source for call in calls]


def _copy_in_messages(inquiry: CauseContext) -> Answer:
    return by_photos(
        PhotoFact.COPY_IN_MESSAGES,
        Hits.of(inquiry, lambda asset: any(_copies(asset))),
        gaps=inquiry.gaps_hiding("copy_in_messages"),
        sources=lambda asset: [Source(path) for path in _copies(asset)],
    )


def _copies(asset: Asset) -> list[str]:
    return [item.path for item in asset.files if item.role is FileRole.MESSAGES_COPY and item.recoverable]


def _other_phone_has_it(inquiry: CauseContext) -> Answer:
    return unseen(PlainStatement.SAVED_WHERE_THE_SHUTTER_WAS_PRESSED)


def _another_device(inquiry: CauseContext) -> Answer:
    kind = inquiry.case.identity.product_type
    name = next((word for word in ("iPhone", "iPad", "iPod") if (kind or "").startswith(word)), None)
    sources = [Source(INFO, "Product Type")] if kind else []
    return unseen(PlainStatement.ONE_DEVICE_ONLY if name is None else BackupOfDevice(name), sources=sources)


CALL_WITHOUT_PHOTO = CauseRule(CauseCode.CALL_WITHOUT_PHOTO, _call_without_photo)
OTHER_PHONE_HAS_IT = CauseRule(CauseCode.OTHER_PHONE_HAS_IT, _other_phone_has_it)
COPY_IN_MESSAGES = CauseRule(CauseCode.COPY_IN_MESSAGES, _copy_in_messages)
ANOTHER_DEVICE = CauseRule(CauseCode.ANOTHER_DEVICE, _another_device)
