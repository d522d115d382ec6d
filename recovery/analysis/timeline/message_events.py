"""Events told by the message store of FaceTime: when a message was left, and when it was deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from recovery.analysis.model import FaceTimeMessage, MessageBasis, MessageKind
from recovery.analysis.timeline.event import Event, EventCode, details

_NAMES: Mapping[MessageKind, str] = {
    MessageKind.FACETIME_VIDEO: "a FaceTime video message",
    MessageKind.FACETIME_AUDIO: "a FaceTime audio message",
    MessageKind.VOICEMAIL: "a voicemail",
    MessageKind.UNKNOWN: "a FaceTime message or voicemail",
}


def message_events(messages: Iterable[FaceTimeMessage]) -> Iterator[Event]:
    """Events of messages that the store knows; who sent them is left to the inventory, as with calls."""
    for message in messages:
        if message.basis is not MessageBasis.MESSAGE_STORE:
            continue
        name, untested = _NAMES[message.kind], message.untested
        here = "" if message.recoverable else "; its file is not in this backup"
        length = None if message.duration_s is None else f"{message.duration_s:g}"
        detail = details(kind=message.kind.value, message=message.uuid, duration_s=length)
        moments = [(message.created, EventCode.MESSAGE_LEFT, f"{name} was left{here}")]
        if message.deleted_at is not None:
            moments.append((message.deleted_at, EventCode.LEFT_MESSAGE_DELETED, f"{name} was marked as deleted"))
        for at, code, text in moments:
            yield Event(at, code, text, message.source, untested=untested, detail=detail)
