"""FaceTime messages and voicemails as a person reads them: one line each, apart from all photos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from recovery.analysis.model import (
    AssetFile,
    FaceTimeMessage,
    FileState,
    Findings,
    KindBasis,
    MessageBasis,
    MessageKind,
)
from recovery.report.figures import count, day, duration, file_size, when
from recovery.report.messages.status import note
from recovery.report.output_options import View, capped, item
from recovery.report.safe_text import clean
from recovery.report.text import words
from recovery.report.text.asset_text import source_text
from recovery.report.text.layout import heading, wrap


def messages(findings: Findings, view: View) -> list[str]:
    """Every FaceTime message and voicemail by date; no lines where there are none."""
    everything = findings.facetime_messages
    if not everything:
        return []
    lines = heading(f"{words.MESSAGES_TITLE} ({len(everything):,})", view.style)
    lines.extend(wrap(words.MESSAGES_NOTE, first="  "))
    shown, more = capped(everything, view)
    for message in shown:
        lines.extend(item(message_line(message)))
        for detail in _details(message) if view.verbose else ():
            lines.extend(wrap(detail, first="      "))
    lines.extend(more)
    if any(message.untested for message in everything):
        lines.extend(wrap(words.MESSAGES_UNTESTED_NOTE, first="  ", rest="    "))
    return lines


def messages_sentence(everything: Sequence[FaceTimeMessage]) -> str:
    """How many there are of each kind, in one sentence; for at least one."""
    kinds = Counter(message.kind for message in everything)
    parts = [count(kinds[kind], words.MESSAGE_KINDS[kind], _PLURALS.get(kind)) for kind in MessageKind if kinds[kind]]
    listed = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return f"Apart from photos: {listed}.{words.UNTESTED_MARK if any(m.untested for m in everything) else ''}"


_PLURALS = {MessageKind.UNKNOWN: "messages of unknown kind"}


def message_line(message: FaceTimeMessage) -> str:
    """One message: its kind, when, from whom, how long, deleted or not, and whether its file is here."""
    mark = words.UNTESTED_MARK if message.untested else ""
    kind = words.MESSAGE_KINDS[message.kind]
    facts = [f"{kind[0].upper()}{kind[1:]}{mark}", when(message.created)]
    if message.sender:
        facts.append(f"from {clean(message.sender)}")
    elif message.basis is MessageBasis.MESSAGE_STORE:
        facts.append("sender not stored")
    if message.duration_s is not None:
        facts.append(duration(message.duration_s))
    return "; ".join(
        [
            ", ".join(facts),
            *_states(message),
            _media(message.files),
            *(clean(note(item)) for item in message.notes),
        ]
    )


def _states(message: FaceTimeMessage) -> Iterator[str]:
    if message.kind_basis is KindBasis.PROVIDER:
        yield "its kind is a guess from the provider, as its file cannot tell"
    if message.basis is MessageBasis.MEDIA_FILE:
        yield "known only from its file, so nothing tells who sent it and whether it was deleted"
    elif message.deleted is None:
        yield "whether it was deleted is not stored"
    elif message.deleted:
        yield "marked as deleted" + (f" on {day(message.deleted_at)}" if message.deleted_at else "")


def _media(files: Sequence[AssetFile]) -> str:
    if not files:
        return "its file is not in this backup"
    held = [file for file in files if file.recoverable]
    if not held and any(file.state is FileState.UNREADABLE for file in files):
        return "its file is in this backup, but this computer cannot read it"
    if not held:
        return "its file is listed in the backup, but its contents are not there"
    size = file_size(sum(file.size or 0 for file in held))
    damaged = ", damaged" if any(file.state is FileState.DAMAGED for file in held) else ""
    return f"its file is here{damaged} ({size})"


def _details(message: FaceTimeMessage) -> Iterator[str]:
    for label, text in (
        ("UUID", message.uuid),
        ("To", message.recipient),
        ("Provider", message.provider),
        ("Call", message.call_uuid),
    ):
        if text:
            yield f"{label}: {clean(text)}"
    for file in message.files:
        note = f" ({file.note})" if file.note else ""
        yield clean(f"File: {file.state.value} {file.domain} {file.path} [{file.file_id}]{note}")
    yield f"Read in {source_text(message.source)}"
