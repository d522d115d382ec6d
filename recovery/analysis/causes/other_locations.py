"""Where the photo may be instead: with the other person, in Messages, on another device; and calls without one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from recovery.analysis.call_context import MARGIN
from recovery.analysis.causes.context import (
    Answer,
    Hits,
    Inquiry,
    Rule,
    by_photos,
    contradicted,
    shown,
    unread,
    unseen,
)
from recovery.analysis.causes.phrases import count, days
from recovery.analysis.model import Asset, FileRole
from recovery.app_data.calls import CALL_HISTORY, Call
from recovery.provenance import Source
from recovery.source.identity import INFO


def _call_without_photo(inquiry: Inquiry) -> Answer:
    gaps = inquiry.gaps_hiding("call_without_photo")
    calls = [call for call in inquiry.case.around.calls if call.facetime and call.video and call.connected]
    spans = [call for call in calls if call.started and call.ended]
    if gaps and not spans:
        advice = _ENCRYPT if inquiry.case.encrypted is False else None
        return unread(gaps, advice=advice)
    if unread_photos := inquiry.library_gaps():
        number = count(len(spans), "FaceTime video call")
        return unread(unread_photos, f"{number} can be seen, but perhaps not every photo")
    bare = _without_photo(inquiry, spans)
    if bare:
        when = days(call.started for call in bare if call.started)
        number = f"{len(bare):,} of {count(len(spans), 'FaceTime video call')}"
        verb = "has" if len(bare) == 1 else "have"
        says = f"{number} {verb} no FaceTime photo near {'it' if len(bare) == 1 else 'them'} ({when})."
        return shown(f"{says} That is normal where nobody pressed the shutter.", (call.source for call in bare))
    if gaps:
        return unread(gaps)
    if not spans:
        return contradicted("The call history lists no FaceTime video call.", [Source(CALL_HISTORY.location.path)])
    return contradicted("Every FaceTime video call in the history has a FaceTime photo near it.", _sources(spans))


def _without_photo(inquiry: Inquiry, calls: Iterable[Call]) -> list[Call]:
    moments = sorted(
        moment
        for asset in (*inquiry.sure, *inquiry.perhaps)
        for moment in (asset.created, asset.added)
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


def _copy_in_messages(inquiry: Inquiry) -> Answer:
    hits = Hits.of(inquiry, lambda asset: any(_copies(asset)))
    return by_photos(
        hits,
        found=f"{hits.share('has', 'have')} a copy in Messages.",
        maybe=("has", "have", "a copy in Messages"),
        none="No copy of a FaceTime photo was found in Messages.",
        gaps=inquiry.gaps_hiding("copy_in_messages"),
        sources=lambda asset: [Source(path) for path in _copies(asset)],
    )


def _copies(asset: Asset) -> list[str]:
    return [item.path for item in asset.files if item.role is FileRole.MESSAGES_COPY and item.recoverable]


def _other_phone_has_it(inquiry: Inquiry) -> Answer:
    return unseen(
        "A FaceTime photo is saved only on the device of the person who pressed the shutter. If the other "
        "person took it, it never was on this one."
    )


def _another_device(inquiry: Inquiry) -> Answer:
    kind = inquiry.case.identity.product_type
    name = next((word for word in ("iPhone", "iPad", "iPod") if (kind or "").startswith(word)), None)
    sources = [Source(INFO, "Product Type")] if kind else []
    if name is None:
        return unseen("A backup holds one device only. If you use several, the photo may be on another.", sources)
    other = "iPad or a Mac" if name == "iPhone" else "iPhone or a Mac"
    return unseen(f"This is the backup of an {name}. A photo taken on your {other} is not in it.", sources)


_ENCRYPT = (
    "Make an encrypted backup (Finder, the Apple Devices app or iTunes: Encrypt local backup; keep the password "
    "safe), and run this again."
)
CALL_WITHOUT_PHOTO = Rule(
    "call_without_photo",
    _call_without_photo,
    "A call is never proof of a photo: no backup records the shutter. The phone also keeps only the more recent "
    "calls.",
    "If you remember taking a photo in one of these calls, look at the other causes above. If the other person "
    "took it, ask them.",
)
OTHER_PHONE_HAS_IT = Rule(
    "other_phone_has_it",
    _other_phone_has_it,
    "No backup of this device can show what the other device saved.",
    "Ask the person you talked with to look in Photos on the day of the call, and to send it to you.",
)
COPY_IN_MESSAGES = Rule(
    "copy_in_messages",
    _copy_in_messages,
    "Only pictures and movies that are the same as a photo here, or that carry FaceTime's name or marks, are "
    "recognised. Mail and other apps are not looked at.",
    "On the phone: Messages, the conversation, its name at the top, Photos. Here: recover-facetime extract "
    "writes the copy where the original is not whole.",
)
ANOTHER_DEVICE = Rule(
    "another_device",
    _another_device,
    "What your other devices hold is not in this backup.",
    "Look in Photos on each device you use for FaceTime. Without iCloud Photos, each keeps its own photos: back "
    "up that device too, and scan it.",
)
