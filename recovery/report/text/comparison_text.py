"""What differs between two backups, as a person reads it, and the command that brings back what was lost."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator, Sequence

from recovery.analysis.comparison.asset_differences import AssetDifference, DifferenceKind
from recovery.analysis.comparison.asset_matching import MatchedBy
from recovery.analysis.comparison.comparing import Comparison
from recovery.analysis.model import Asset, BackupFacts, Verdict
from recovery.report.figures import count, day, file_size, when
from recovery.report.messages.differences import DOUBTS, difference_text
from recovery.report.output_options import View, capped
from recovery.report.safe_text import clean, pad
from recovery.report.text import words
from recovery.report.text.asset_text import name, summary_of_files
from recovery.report.text.layout import PLAIN, Style, heading, wrap

_INDENT = "     "
_LABEL_COLUMNS = 9
TITLES = {
    DifferenceKind.DELETED: "Permanently deleted, as the newer backup remembers",
    DifferenceKind.VANISHED: "Gone from the newer backup, without a reason",
    DifferenceKind.LOST_ORIGINAL: "An original is no longer whole",
    DifferenceKind.UNREADABLE_ORIGINAL: "An original cannot be read in the newer backup",
    DifferenceKind.ONLY_IN_OLDER: "Only in the older backup",
    DifferenceKind.TRASHED: "Moved to Recently Deleted",
    DifferenceKind.RESTORED: "No longer in Recently Deleted",
    DifferenceKind.HIDDEN: "Hidden since",
    DifferenceKind.SHOWN: "No longer hidden",
    DifferenceKind.FAVORITE: "A favourite now",
    DifferenceKind.NOT_FAVORITE: "No longer a favourite",
    DifferenceKind.STATUS_CHANGED: "What is here of it has changed",
    DifferenceKind.GAINED_ORIGINAL: "An original is whole now",
    DifferenceKind.CAME_BACK: "There again",
    DifferenceKind.APPEARED: "New in the newer backup",
    DifferenceKind.ONLY_IN_NEWER: "Only in the newer backup",
}
MATCHES = {
    MatchedBy.UUID: "the same identifier in the photo library",
    MatchedBy.CLOUD_IDENTIFIER: "the same identifier in iCloud Photos",
    MatchedBy.CONTENT_IDENTIFIER: "the same identifier inside the Live Photo",
    MatchedBy.IDENTICAL_BYTES: "an original with the same bytes (SHA-256)",
    MatchedBy.SAME_PLACE: "the same folder, file name and time",
    MatchedBy.SAME_RECORD: "everything known of it is the same",
}
_DEVICES = {
    True: "the same device",
    False: "two devices; what is only on one of them need not be lost",
    None: "not known whether the same device; what is only in one need not be lost",
}
OUT = "OUT"
"""What stands for the folder to write into, which only the person knows."""


def recovery_command(comparison: Comparison) -> tuple[str, ...] | None:
    """The command that takes the lost ones out of the older backup; None where nothing is lost."""
    if not comparison.lost_assets:
        return None
    paths = comparison.newer.path, comparison.older.path
    return "recover-facetime", "extract", paths[0], OUT, "--from-older", paths[1]


def command_line(words_of_it: Sequence[str]) -> str:
    """A command as it is typed on this computer, quoted where it must be."""
    return subprocess.list2cmdline(words_of_it) if os.name == "nt" else shlex.join(words_of_it)


def comparisons_text(comparisons: Sequence[Comparison], view: View | None = None) -> str:
    """The whole answer of `compare`: each older backup against the newest one."""
    shown = view or View()
    return "\n".join("\n".join(_comparison(comparison, shown)) + "\n" for comparison in comparisons)


def _comparison(comparison: Comparison, view: View) -> list[str]:
    lines = heading("An older backup and a newer one", view.style)[1:]
    lines.extend(_backup("Older", comparison.older))
    lines.extend(_backup("Newer", comparison.newer))
    lines.extend(_labelled("Device", _DEVICES[comparison.same_device], "  "))
    lines.extend(heading("At a glance", view.style))
    for text in _glance(comparison):
        lines.extend(wrap(text, first="  "))
    for doubt in comparison.doubts:
        lines.extend(wrap(f"Careful: {DOUBTS[doubt]}", first="  ", rest="    "))
    for kind in DifferenceKind:
        of_kind = [item for item in comparison.differences if item.kind is kind]
        if of_kind:
            lines.extend(_differences(kind, of_kind, view))
    lines.extend(_what_to_do(comparison, view.style))
    return lines


def _backup(label: str, backup: BackupFacts) -> list[str]:
    device = clean(backup.device_name or backup.product_type or "an iPhone or iPad")
    system = f", iOS {clean(backup.ios_version)}" if backup.ios_version else ""
    text = f"{device}{system}, made {when(backup.backup_date)}"
    return [*_labelled(label, text, "  "), *_labelled("", clean(backup.path), "  ")]


def _glance(comparison: Comparison) -> Iterator[str]:
    counts = comparison.counts
    both = count(comparison.matched, "photo or video", "photos and videos")
    yield f"{both} known to both backups, {comparison.unchanged:,} of them unchanged."
    if counts[DifferenceKind.DELETED]:
        yield f"{counts[DifferenceKind.DELETED]:,} permanently deleted, as the newer one remembers."
    if counts[DifferenceKind.VANISHED]:
        yield f"{counts[DifferenceKind.VANISHED]:,} gone from the newer one, without a reason."
    alone = counts[DifferenceKind.ONLY_IN_OLDER], counts[DifferenceKind.ONLY_IN_NEWER]
    if any(alone):
        yield f"{alone[0]:,} only in the older backup, {alone[1]:,} only in the newer one."
    if counts[DifferenceKind.LOST_ORIGINAL]:
        yield f"{counts[DifferenceKind.LOST_ORIGINAL]:,} without an original that the older backup still has."
    if counts[DifferenceKind.UNREADABLE_ORIGINAL]:
        number = counts[DifferenceKind.UNREADABLE_ORIGINAL]
        yield f"{number:,} with an original in the newer one that this computer cannot read; it may be whole."
    if counts[DifferenceKind.APPEARED]:
        yield f"{counts[DifferenceKind.APPEARED]:,} new in the newer one."
    if not comparison.differences:
        yield "Nothing differs."
    lost = comparison.lost_assets
    if lost:
        facetime = sum(asset.facetime.verdict is not Verdict.NO for asset in lost)
        unread = ", or that cannot be read in it" if counts[DifferenceKind.UNREADABLE_ORIGINAL] else ""
        yield (
            f"The older backup holds {len(lost):,} that the newer one lacks or has only in part{unread}, "
            f"{facetime:,} with signs of FaceTime ({file_size(_bytes(lost))})."
        )


def _bytes(assets: Sequence[Asset]) -> int:
    return sum(item.size or 0 for asset in assets for item in asset.recoverable)


def _differences(kind: DifferenceKind, found: Sequence[AssetDifference], view: View) -> list[str]:
    lines = heading(f"{TITLES[kind]} ({len(found):,})", view.style)
    shown, more = capped(found, view)
    for number, difference in enumerate(view.each(TITLES[kind], shown), 1):
        lines.extend(_difference(difference, number, view))
    return [*lines, *more]


def _difference(difference: AssetDifference, number: int, view: View) -> list[str]:
    asset = difference.asset
    verdict = asset.facetime.verdict
    facetime = "" if verdict is Verdict.NO else f", FaceTime: {words.VERDICTS[verdict]}"
    taken = f", taken {day(asset.real_created, asset.timezone_offset)}" if asset.real_created else ""
    first = f"{number:>3}. "
    lines = wrap(f"{name(asset)} ({words.KINDS[asset.kind]}{taken}{facetime})", first=first, rest=_INDENT)
    lines.extend(wrap(clean(difference_text(difference)), first=_INDENT))
    if difference.older is not None and difference.kind in _LOSSES:
        lines.extend(_labelled("Older", summary_of_files(difference.older)))
    if view.verbose:
        lines.extend(_labelled("UUID", clean(asset.uuid or "unknown")))
        if difference.matched_by is not None:
            lines.extend(_labelled("Matched", MATCHES[difference.matched_by]))
    return lines


_LOSSES = frozenset(
    (
        DifferenceKind.DELETED,
        DifferenceKind.VANISHED,
        DifferenceKind.LOST_ORIGINAL,
        DifferenceKind.UNREADABLE_ORIGINAL,
        DifferenceKind.ONLY_IN_OLDER,
    )
)


def _labelled(label: str, text: str, indent: str = _INDENT) -> list[str]:
    first = indent + pad(label, _LABEL_COLUMNS)
    return wrap(text, first=first, rest=" " * len(first))


def _what_to_do(comparison: Comparison, style: Style = PLAIN) -> list[str]:
    """The one line that may be wider than 80 columns is the command: it is there to be copied whole."""
    command = recovery_command(comparison)
    lines = heading("What to do", style)
    if command is None:
        return [*lines, *wrap("The older backup holds nothing that the newer one lacks.", first="  ")]
    number = count(len(comparison.lost_assets), "photo or video", "photos and videos")
    lines.extend(wrap(f"To take {number} out of the older backup:", first="  "))
    lines.extend(["", f"    {clean(command_line(command))}", ""])
    text = (
        f"{OUT} is a new folder of your choice. The files are copied as they are; neither backup is changed, and "
        "nothing is put back on the phone. Keep the older backup: for what was permanently deleted it may be all "
        "there is."
    )
    return [*lines, *wrap(text, first="  ")]
