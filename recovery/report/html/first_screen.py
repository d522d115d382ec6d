"""How the page opens: the answer in plain sentences, the totals as bars that add up, causes, and what is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from recovery import limits
from recovery.analysis.model import (
    BackupFacts,
    Cause,
    CauseVerdict,
    FaceTimeMessage,
    Findings,
    Orphan,
    OrphanCode,
    Status,
    Verdict,
)
from recovery.provenance import Gap
from recovery.refusals import REFUSALS
from recovery.report.figures import count, file_size, when
from recovery.report.html.facts import shown
from recovery.report.html.page import VERDICTS
from recovery.report.messages.causes import CauseText, told
from recovery.report.messages.gaps import REFUSED_TITLE, line
from recovery.report.messages.sentences import paragraph
from recovery.report.text import words
from recovery.report.text.backup_text import file_lists
from recovery.report.text.message_text import message_line, messages_sentence

BAR = 1000
"""Width of a whole bar in its own units; a part that is not empty is at least _LEAST wide."""
_LEAST = 8
CAUSE_ORDER = (CauseVerdict.SHOWN, CauseVerdict.UNDETERMINED, CauseVerdict.UNSEEN, CauseVerdict.CONTRADICTED)
CAUSE_WORDS = {
    CauseVerdict.SHOWN: "Confirmed by this backup",
    CauseVerdict.UNDETERMINED: "Undetermined",
    CauseVerdict.UNSEEN: "Cannot be seen in a backup",
    CauseVerdict.CONTRADICTED: "Ruled out by this backup",
}


@dataclass(frozen=True, slots=True)
class ScreenPart:
    """One part of a bar: `left` and `width` in units of the bar."""

    value: str
    word: str
    meaning: str
    count: int
    left: int
    width: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A whole that is the sum of its parts."""

    title: str
    parts: tuple[ScreenPart, ...]
    total: int


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Causes with one verdict."""

    verdict: CauseVerdict
    title: str
    causes: tuple[CauseText, ...]


@dataclass(frozen=True, slots=True)
class LooseGroup:
    """Loose ends of one kind; `more` are counted and not listed."""

    title: str
    meaning: str
    count: int
    lines: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True)
class MessageGroup:
    """FaceTime messages and voicemails; `more` are counted and not listed."""

    title: str
    count: int
    notes: tuple[str, ...]
    lines: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True)
class GapGroup:
    """Gaps of one kind, in sentences; `more` are counted and not listed."""

    title: str
    lines: tuple[str, ...]
    more: int


def sentences(findings: Findings) -> tuple[str, ...]:
    """The answer, the most important sentence first; the first one is the page's headline."""
    verdicts = Counter(asset.facetime.verdict for asset in findings.assets)
    sure = [asset for asset in findings.assets if asset.facetime.verdict.rank > 1]
    return (
        _headline(len(sure), verdicts[Verdict.POSSIBLE]),
        shown(paragraph(findings.summary)),
        *_size(findings.totals.recoverable_bytes),
        *((messages_sentence(findings.facetime_messages),) if findings.facetime_messages else ()),
    )


def _headline(sure: int, perhaps: int) -> str:
    more = f", and {perhaps:,} more that may be" if perhaps else ""
    if sure:
        return f"{count(sure, 'photo')} from FaceTime{more}"
    if perhaps:
        return f"No photo is proven to be from FaceTime; {perhaps:,} may be"
    return "No FaceTime photo was found in this backup"


def _size(recoverable: int) -> Iterator[str]:
    if recoverable:
        yield f"{file_size(recoverable)} of photos and videos can be recovered from this backup."


def bars(findings: Findings) -> tuple[Bar, Bar]:
    """All assets by what is left of them, and by whether they are from FaceTime; both have the same total."""
    statuses = Counter(asset.status for asset in findings.assets)
    verdicts = Counter(asset.facetime.verdict for asset in findings.assets)
    total = findings.totals.assets
    return (
        Bar(
            "What is left of them",
            _parts(
                [
                    (status.value, words.STATUSES[status], words.STATUS_MEANINGS[status], statuses[status])
                    for status in Status
                ]
            ),
            total,
        ),
        Bar(
            "From FaceTime?",
            _parts([(verdict.value, word, "", verdicts[verdict]) for verdict, word in VERDICTS.items()]),
            total,
        ),
    )


def _parts(rows: list[tuple[str, str, str, int]]) -> tuple[ScreenPart, ...]:
    total = sum(number for *_, number in rows)
    shares = [max(_LEAST, number * BAR / total) if number else 0.0 for *_, number in rows]
    scale = BAR / (sum(shares) or 1)
    found: list[ScreenPart] = []
    reached = 0.0
    for (value, word, meaning, number), share in zip(rows, shares, strict=True):
        left, reached = reached, reached + share * scale
        found.append(ScreenPart(value, word, meaning, number, round(left), round(reached) - round(left)))
    return tuple(found)


def cause_groups(causes: Iterable[Cause]) -> tuple[CauseGroup, ...]:
    """Causes by verdict, those that the backup shows first."""
    everything = tuple(map(told, causes))
    groups = (
        CauseGroup(verdict, CAUSE_WORDS[verdict], tuple(cause for cause in everything if cause.verdict is verdict))
        for verdict in CAUSE_ORDER
    )
    return tuple(group for group in groups if group.causes)


def loose_groups(ends: Iterable[Orphan]) -> tuple[LooseGroup, ...]:
    """Loose ends by kind, each kind explained and counted."""
    everything = tuple(ends)
    groups: list[LooseGroup] = []
    for code in OrphanCode:
        lines = [_loose_end(end) for end in everything if end.code is code]
        if lines:
            more = max(0, len(lines) - limits.REPORT_LISTED)
            groups.append(LooseGroup(*words.LOOSE_ENDS[code], len(lines), tuple(lines[: limits.REPORT_LISTED]), more))
    return tuple(groups)


def _loose_end(end: Orphan) -> str:
    size = f", {file_size(end.size)}" if end.size is not None else ""
    guess = f"; {shown(end.guess)}" if end.guess else ""
    return f"{shown(end.path or end.file_id or '') or '(no path)'}{size}{guess}"


def gap_groups(gaps: Iterable[Gap]) -> tuple[GapGroup, ...]:
    """Not examined: what the system refused first, then damage."""
    everything = tuple(gaps)
    groups: list[GapGroup] = []
    refused = [gap for gap in everything if gap.why in REFUSALS]
    others = [gap for gap in everything if gap.why not in REFUSALS]
    for title, listed in (
        (REFUSED_TITLE, refused),
        ("Damaged: it is in the backup, and could not be read", [gap for gap in others if gap.fault]),
        ("Not in this backup, or empty in it", [gap for gap in others if not gap.fault]),
    ):
        lines = [shown(line(gap)) for gap in listed]
        if lines:
            more = max(0, len(lines) - limits.REPORT_LISTED)
            groups.append(GapGroup(title, tuple(lines[: limits.REPORT_LISTED]), more))
    return tuple(groups)


def message_group(messages: Sequence[FaceTimeMessage]) -> MessageGroup | None:
    """FaceTime messages, in sentences; None where there are none."""
    if not messages:
        return None
    listed = messages[: limits.REPORT_LISTED]
    untested = any(message.untested for message in messages)
    return MessageGroup(
        title=words.MESSAGES_TITLE,
        count=len(messages),
        notes=(words.MESSAGES_NOTE, *((words.MESSAGES_UNTESTED_NOTE,) if untested else ())),
        lines=tuple(map(message_line, listed)),
        more=len(messages) - len(listed),
    )


def backup_rows(backup: BackupFacts) -> tuple[tuple[str, str], ...]:
    """Who and what the backup is, as label and text."""
    build = f" ({shown(backup.build)})" if backup.build else ""
    encrypted = {True: "yes", False: "no", None: "not known"}
    complete = {True: "yes", False: "no: it was interrupted, so files may be missing", None: "not known"}
    return (
        ("Device", shown(backup.device_name or "unknown")),
        ("Model", shown(backup.product_type or "unknown")),
        ("iOS", shown(backup.ios_version or "unknown") + build),
        ("Made", when(backup.backup_date)),
        ("Encrypted", encrypted[backup.encrypted]),
        ("Complete", complete[backup.complete]),
        *((("File lists", lists),) if (lists := file_lists(backup)) else ()),
        ("Identifier", shown(backup.udid or "unknown")),
        ("Folder", shown(backup.path)),
    )
