"""What `diagnose` says to a person: the opening, what explains something, and briefly the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from recovery.analysis.model import BackupFacts, CauseVerdict, Findings
from recovery.report.figures import when
from recovery.report.messages.causes import TITLES, CauseText, told
from recovery.report.messages.sentences import paragraph
from recovery.report.output_options import View, capped, item
from recovery.report.safe_text import clean, pad
from recovery.report.text import words
from recovery.report.text.answer_text import next_steps
from recovery.report.text.asset_text import source_text
from recovery.report.text.layout import PLAIN, Style, heading, wrap

_ENCRYPTED = {True: "encrypted", False: "not encrypted", None: "encrypted or not: unknown"}
_INDENT = "     "
_LABEL_COLUMNS = 9


def diagnosis(findings: Findings, *, verbose: bool = False, style: Style = PLAIN) -> str:
    """The whole answer of `diagnose`, ending with a line break.

    No line is wider than 80 terminal columns, and nothing from the backup can steer the terminal. `verbose` adds
    where each claim was read.
    """
    view = View(False, verbose, style)
    lines = [*_title(findings.backup, style), "", *wrap(clean(paragraph(findings.summary)))]
    lines.extend(_explained(_of(findings, CauseVerdict.SHOWN), view))
    for verdict, section in (
        (CauseVerdict.UNDETERMINED, "Undetermined"),
        (CauseVerdict.CONTRADICTED, "Ruled out by this backup"),
        (CauseVerdict.UNSEEN, "What no backup can show, and what to check"),
    ):
        lines.extend(_brief(section, _of(findings, verdict), view, advise=verdict is not CauseVerdict.CONTRADICTED))
    lines.extend(["", *wrap(words.DIAGNOSIS_NOTE), "", *next_steps(findings, style, after_diagnosis=True)])
    return "\n".join(lines) + "\n"


def _title(backup: BackupFacts, style: Style) -> list[str]:
    device = clean(backup.device_name or backup.product_type or "an iPhone or iPad")
    system = f"iOS {clean(backup.ios_version)}" if backup.ios_version else "iOS version unknown"
    kind = _ENCRYPTED[backup.encrypted]
    lines = heading(f"Why FaceTime photos may be missing: {device}", style)[1:]
    return [*lines, *wrap(f"{system}, backup made {when(backup.backup_date)}, {kind}.")]


def _of(findings: Findings, verdict: CauseVerdict) -> list[CauseText]:
    return [told(cause) for cause in findings.causes if cause.verdict is verdict]


def _explained(causes: Sequence[CauseText], view: View) -> Iterator[str]:
    yield from heading(f"Confirmed by this backup ({len(causes):,})", view.style)
    if not causes:
        yield from wrap(words.NOTHING_EXPLAINED, first="  ")
    for number, cause in enumerate(causes, 1):
        if number > 1:
            yield ""
        yield f"{number:>3}. {view.style.paint(view.style.strong, TITLES[cause.code])}"
        yield from wrap(clean(cause.says), first=_INDENT)
        yield from _labelled("To do", cause.advice)
        yield from _labelled("Limits", cause.does_not_say)
        yield from _sources(cause, view)


def _labelled(label: str, text: str) -> list[str]:
    first = _INDENT + pad(label, _LABEL_COLUMNS)
    return wrap(clean(text), first=first, rest=" " * len(first))


def _sources(cause: CauseText, view: View) -> Iterator[str]:
    if view.verbose:
        shown, more = capped(cause.sources, view)
        for source in shown:
            yield from _labelled("Read in", source_text(source))
        yield from (f"  {line}" for line in more)


def _brief(section: str, causes: Sequence[CauseText], view: View, *, advise: bool) -> Iterator[str]:
    """One point for each answer; causes with the same answer share it, and then their advice is left to --json."""
    if not causes:
        return
    yield from heading(f"{section} ({len(causes):,})", view.style)
    for says, group in _by_answer(causes):
        titles = ", ".join(TITLES[cause.code] for cause in group)
        advice = f" {group[0].advice}" if advise and len(group) == 1 else ""
        yield from item(clean(f"{titles}: {says}{advice}"))
        for cause in group:
            yield from _sources(cause, view)


def _by_answer(causes: Iterable[CauseText]) -> Iterator[tuple[str, list[CauseText]]]:
    groups: dict[str, list[CauseText]] = {}
    for cause in causes:
        groups.setdefault(cause.says, []).append(cause)
    yield from groups.items()
