"""What does not fit together (loose ends) and what could not be looked at (gaps), in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from recovery.analysis.model import Findings, Orphan, OrphanCode
from recovery.refusals import REFUSALS
from recovery.report.figures import count, file_size
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
        if code is OrphanCode.FILE_WITHOUT_ASSET and view.everything:
            lines.extend(_by_folder(ends))
        told = _ranges(ends) if code is OrphanCode.NUMBERING_GAP else [_loose_end(end, view.verbose) for end in ends]
        shown, more = capped(told, view)
        for line_of_end in shown:
            lines.extend(item(line_of_end))
        lines.extend(more)
    return lines


def _ranges(gaps_in_numbers: list[Orphan]) -> list[str]:
    """`Media/DCIM/100APPLE: IMG_0005 to IMG_0029 (25)`, for numbers that follow each other in one folder."""
    runs: list[list[str]] = []
    for path in (clean(gap.path or "") for gap in gaps_in_numbers):
        if runs and _follows(path, runs[-1][-1]):
            runs[-1].append(path)
        else:
            runs.append([path])
    return [f"{_folder(run[0])}: {_run(run)}" for run in runs]


def _run(paths: list[str]) -> str:
    first, last = (path.rpartition("/")[2] for path in (paths[0], paths[-1]))
    return first if len(paths) == 1 else f"{first} to {last} ({len(paths):,})"


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _follows(path: str, before: str) -> bool:
    numbers = [name.rpartition("_")[2] for name in (before, path)]
    if _folder(path) != _folder(before) or not all(number.isdecimal() for number in numbers):
        return False
    return int(numbers[1]) == int(numbers[0]) + 1


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
