"""What `scan` and `backups` say to a person: pure functions from findings to text of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from recovery.analysis.model import Asset, Basis, Findings, Status, Verdict, sources_of
from recovery.progress import SILENT, Progress
from recovery.provenance import Gap
from recovery.report.figures import count, day
from recovery.report.messages.gaps import hidden_answers, what
from recovery.report.output_options import View, capped, item
from recovery.report.safe_text import clean
from recovery.report.text import words
from recovery.report.text.answer_text import closing, device_sentence, opening, photo_table, photo_tables
from recovery.report.text.asset_text import asset_block, measured_note
from recovery.report.text.backup_text import backup_lines, backups_table
from recovery.report.text.layout import PLAIN, Style, heading, wrap
from recovery.report.text.library_text import deleted, hidden, library, recently_deleted
from recovery.report.text.message_text import messages
from recovery.report.text.orphan_text import gaps, loose_ends
from recovery.report.text.totals_text import totals_lines

LIBRARY = "Photos.sqlite"
__all__ = ["backups_table", "scan"]


def scan(
    findings: Findings,
    *,
    everything: bool = False,
    verbose: bool = False,
    only_facetime: bool = False,
    style: Style = PLAIN,
    progress: Progress = SILENT,
) -> str:
    """The whole answer of `scan`, ending with a line break; `only_facetime` where only that was searched for.

    In short, or with `everything` or `verbose` in detail. No line but those of commands to paste is wider than 80
    terminal columns, and nothing from the backup can steer the terminal.
    """
    view = View(everything, verbose, style, progress)
    if not (everything or verbose):
        lines = _short(findings, view, only_facetime)
        return "\n".join([*lines, *closing(findings, len(lines), style)]) + "\n"
    if findings.search is None:
        body = _whole(findings, view)
    elif only_facetime:
        body = _facetime_alone(findings, findings.search, view)
    else:
        body = _searched(findings, findings.search, view)
    lines = [*opening(findings, view), "", *backup_lines(findings.backup, style), *body, *gaps(findings, view)]
    return "\n".join(lines) + "\n"


def _short(findings: Findings, view: View, only_facetime: bool) -> list[str]:
    """The answer, and one row for each photo; of a single photo that was searched for all that is known."""
    if findings.search is None:
        return [*opening(findings, view), *photo_tables(findings, view)]
    found = findings.assets
    searched = [*wrap(device_sentence(findings.backup)), *heading("Search", view.style), *wrap(clean(findings.search))]
    if not found:
        return [*searched, *(_none_found(findings, view, False) if only_facetime else ["", "No photo or video fits."])]
    if len(found) == 1:
        return [*searched, "", *_blocks(findings, found, view)]
    return [*searched, *photo_table("Photos and videos that fit", found, view, all_of_them=True)]


def _whole(findings: Findings, view: View) -> list[str]:
    return [
        *_facetime(findings, view),
        *recently_deleted(findings, view),
        *hidden(findings, view),
        *deleted(findings, view),
        *messages(findings, view),
        *loose_ends(findings, view),
        *(library(findings, view) if view.everything else ()),
        *totals_lines(findings.totals, view.style, library_read=library_was_read(findings)),
    ]


def _searched(findings: Findings, search: str, view: View) -> list[str]:
    """Only what fits; loose ends and totals are about the whole backup and are left out."""
    return [
        *heading("Search", view.style),
        *wrap(clean(search), first="  "),
        *(_facetime(findings, view) if any(a.facetime.verdict.rank for a in findings.assets.notable()) else ()),
        *recently_deleted(findings, view),
        *hidden(findings, view),
        *deleted(findings, view),
        *library(findings, view, "Everything that fits"),
    ]


def _facetime_alone(findings: Findings, search: str, view: View) -> list[str]:
    """The FaceTime photos, or why there may be none, and what became of them."""
    return [
        *heading("Search", view.style),
        *wrap(clean(search), first="  "),
        *wrap(words.OTHERS_NOTE, first="  "),
        *_facetime(findings, view),
        *recently_deleted(findings, view),
        *hidden(findings, view),
        *deleted(findings, view),
        *messages(findings, view),
    ]


def _facetime(findings: Findings, view: View) -> list[str]:
    notable = findings.assets.notable()
    sure = [asset for asset in notable if asset.facetime.verdict.rank > 1]
    perhaps = [asset for asset in notable if asset.facetime.verdict is Verdict.POSSIBLE]
    lines: list[str] = []
    if sure:
        lines.extend(heading(f"FaceTime photos ({len(sure):,})", view.style))
        lines.extend(_blocks(findings, sure, view))
    if perhaps:
        lines.extend(heading(f"Perhaps from FaceTime, not proven ({len(perhaps):,})", view.style))
        shown, more = capped(perhaps, view)
        lines.extend([*_blocks(findings, shown, view, len(sure) + 1), *more])
    if not sure:
        lines.extend(_none_found(findings, view, bool(perhaps)))
    signals = (signal for asset in [*sure, *perhaps] for signal in asset.facetime.signals)
    if any(signal.untested for signal in signals):
        lines.extend(["", *wrap(words.UNTESTED_NOTE, first="  ", rest="    ")])
    if measured := measured_note([*sure, *perhaps]):
        lines.extend(wrap(measured, first="  "))
    if sure or perhaps:
        lines.extend(wrap(words.TIMES_NOTE, first="  "))
    if any(asset.status is Status.ELSEWHERE for asset in [*sure, *perhaps]):
        lines.extend(wrap(words.ELSEWHERE_NOTE, first="  "))
    return lines


def _blocks(findings: Findings, assets: Sequence[Asset], view: View, start: int = 1) -> list[str]:
    lines: list[str] = []
    for number, asset in enumerate(view.each("Writing the answer", assets), start):
        if lines:
            lines.append("")
        sources = sources_of(asset, findings.field_sources) if view.verbose else None
        lines.extend(asset_block(asset, number, sources=sources, style=view.style))
    return lines


def _none_found(findings: Findings, view: View, perhaps: bool) -> list[str]:
    """Never a bare zero: what was looked at, and what could hide a FaceTime photo."""
    title = "No photo is proven to be from FaceTime" if perhaps else "No FaceTime photo was found"
    lines = heading(title, view.style)
    lines.append("  What was looked at:")
    if library_was_read(findings) and Basis.PHOTOS_DATABASE not in dict(findings.bases):
        lines.extend(item("the photo library (Photos.sqlite): it was read, and lists no photo or video"))
    for basis, number in findings.bases:
        lines.extend(item(f"{count(number, 'photo or video', 'photos and videos')} {words.BASES[basis]}"))
    listed = findings.totals.blobs - findings.totals.unlisted_blobs
    lines.extend(item(f"the backup's list, of whose files {listed:,} {'is' if listed == 1 else 'are'} in the folder"))
    lines.append("  What could hide one:")
    if not library_was_read(findings) and not any(LIBRARY in gap.where for gap in findings.gaps):
        lines.extend(item(words.LIBRARY_UNREAD))
    shown, more = capped(tuple(dict.fromkeys(map(_hidden_by, findings.gaps))), view)
    for hidden_by in shown:
        lines.extend(item(hidden_by))
    lines.extend(more)
    made = findings.backup.backup_date
    lines.extend(item(words.NEWER_NOTE + (f" This one was made on {day(made)}." if made else "")))
    lines.extend(item(words.OTHER_PHONE_NOTE))
    return lines


def library_was_read(findings: Findings) -> bool:
    """Whether Photos.sqlite was read: it told its model version, or an asset."""
    known = findings.backup.photos_model_version is not None
    return known or Basis.PHOTOS_DATABASE in dict(findings.bases)


def _hidden_by(gap: Gap) -> str:
    hides = hidden_answers(gap)
    return clean(f"{what(gap)} ({hides})" if hides else what(gap))
