"""What does not fit together (loose ends) and what could not be looked at (gaps), in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from recovery.analysis.model import Findings, Orphan, OrphanCode
from recovery.report.figures import count, file_size
from recovery.report.messages.gaps import line
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
        if code is OrphanCode.FILE_WITHOUT_ASSET and view.everything:
            lines.extend(_by_folder(ends))
        shown, more = capped(ends, view)
        for end in shown:
            lines.extend(item(_loose_end(end, view.verbose)))
        lines.extend(more)
    return lines


def _by_folder(ends: Iterable[Orphan]) -> Iterator[str]:
    """How many there are in each folder, most first."""
    folders = Counter(f"{end.domain} {(end.path or '').rpartition('/')[0]}" for end in ends)
    for folder, number in sorted(folders.items(), key=lambda known: (-known[1], known[0])):
        yield from item(f"{count(number, 'file')} in {clean(folder)}")


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
    faults = [gap for gap in findings.gaps if gap.fault]
    absent = [gap for gap in findings.gaps if not gap.fault]
    for title, group in (
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
