"""What does not fit together (loose ends) and what could not be looked at (gaps), in words."""

from __future__ import annotations

from recovery.analysis.model import Findings, Orphan, OrphanCode
from recovery.refusals import REFUSALS
from recovery.report.figures import file_size
from recovery.report.messages.gaps import REFUSED_TITLE, line
from recovery.report.output_options import View, capped, item
from recovery.report.safe_text import clean
from recovery.report.text import words
from recovery.report.text.asset_text import source_text
from recovery.report.text.layout import heading, wrap


def loose_ends(findings: Findings, view: View) -> list[str]:
    """Loose ends by kind, each kind explained and counted; no lines where there are none."""
    if not findings.loose_ends:
        return []
    lines = heading(f"Unmatched files ({len(findings.loose_ends):,})", view.style)
    for code in OrphanCode:
        ends = [end for end in findings.loose_ends if end.code is code]
        if not ends:
            continue
        title, meaning = words.LOOSE_ENDS[code]
        lines.append(view.style.paint(view.style.strong, f"  {title} ({len(ends):,})"))
        lines.extend(wrap(meaning, first="  "))
        shown, more = capped(ends, view)
        for end in shown:
            lines.extend(item(_loose_end(end, view.verbose)))
        lines.extend(more)
    return lines


def _loose_end(end: Orphan, verbose: bool) -> str:
    parts = [clean(end.path or end.file_id or "") or "(no path)"]
    if end.size is not None:
        parts.append(file_size(end.size))
    if verbose:
        parts.extend(clean(text) for text in (end.domain, end.file_id) if text)
        parts.append(f"read in {source_text(end.source)}")
    text = ", ".join(parts)
    return f"{text}; {clean(end.guess)}" if end.guess else text


def gaps(findings: Findings, view: View) -> list[str]:
    """Every gap with what it hides, damage first; says so where there is none."""
    lines = heading(f"Not examined ({len(findings.gaps):,})", view.style)
    if not findings.gaps:
        return [*lines, "  Everything this program knows to look at was there and could be read."]
    refused = [gap for gap in findings.gaps if gap.why in REFUSALS]
    faults = [gap for gap in findings.gaps if gap.fault and gap.why not in REFUSALS]
    absent = [gap for gap in findings.gaps if not gap.fault and gap.why not in REFUSALS]
    for title, group in (
        (REFUSED_TITLE, refused),
        ("Damaged: it is in the backup, and could not be read", faults),
        ("Not in this backup, or empty in it", absent),
    ):
        if not group:
            continue
        lines.append(view.style.paint(view.style.strong, f"  {title}"))
        shown, more = capped(group, view)
        for gap in shown:
            lines.extend(item(clean(line(gap))))
        lines.extend(more)
    return lines
