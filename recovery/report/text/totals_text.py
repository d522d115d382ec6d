"""Totals as sums that a reader can check by hand."""

from __future__ import annotations

from recovery.analysis.model import Status, Totals
from recovery.report.figures import file_size
from recovery.report.messages.status import UNREADABLE_FILES
from recovery.report.text import words
from recovery.report.text.layout import PLAIN, Style, heading

Summand = tuple[int, str]


def totals_lines(totals: Totals, style: Style = PLAIN, *, library_read: bool = True) -> list[str]:
    """Three sums (photos, their files, the backup's files) and the facts that cut across them.

    `library_read` tells whether Photos.sqlite was there to hold the files against.
    """
    statuses = [
        (_of(totals, status), _explained(status))
        for status in Status
        if status is not Status.UNREADABLE or totals.unreadable
    ]
    known = totals.media_files - totals.files_without_asset
    files = [
        (known, words.FILES_OF_ASSETS[library_read]),
        (totals.files_without_asset, words.FILES_OF_NONE[library_read]),
    ]
    blobs = [
        (totals.blobs - totals.unlisted_blobs, "files of the backup's list that are in its folder"),
        (totals.unlisted_blobs, "files in the backup folder that the list does not name"),
    ]
    return [
        *heading("Totals", style),
        *_sum(statuses, totals.assets, "photos and videos in all"),
        "",
        *_sum(files, totals.media_files, "picture and video files in all"),
        "",
        *_sum(blobs, totals.blobs, "files in all"),
        "",
        *_across(totals),
    ]


def _sum(summands: list[Summand], total: int, meaning: str) -> list[str]:
    columns = max(len(f"{number:,}") for number in (total, *(number for number, _ in summands)))
    lines = [f"  {'+' if place else ' '} {number:>{columns},}  {text}" for place, (number, text) in enumerate(summands)]
    return [*lines, f"  {'-' * (columns + 2)}", f"  = {total:>{columns},}  {meaning}"]


def _across(totals: Totals) -> list[str]:
    rows = (
        (totals.facetime, "with signs of FaceTime: certain, probable or possible"),
        (totals.live_photos, "Live Photos"),
        (totals.recently_deleted, "in Recently Deleted"),
        (totals.hidden, "hidden"),
        (totals.permanently_deleted, "permanently deleted, known from traces"),
        (totals.assets_without_file, "in the photo library, without a file"),
    )
    columns = max(len(f"{number:,}") for number, _ in rows)
    lines = ["  Among the photos and videos (one can be several of these):"]
    lines.extend(f"    {number:>{columns},}  {text}" for number, text in rows)
    missing, damaged = f"{totals.missing_blobs:,}", f"{totals.damaged_files:,}"
    messages = f"  {words.MESSAGES_TITLE} *, not counted above: {totals.facetime_messages:,}"
    return [
        *lines,
        *([messages] if totals.facetime_messages else ()),
        f"  Files in the backup's list whose contents are missing: {missing}",
        *([f"  Files of photos and videos that are damaged: {damaged}"] if totals.damaged_files else []),
        *([f"  {UNREADABLE_FILES}: {totals.unreadable_files:,}"] if totals.unreadable_files else []),
        f"  What can be recovered: {file_size(totals.recoverable_bytes)}",
    ]


def _of(totals: Totals, status: Status) -> int:
    count: int = getattr(totals, status.value)
    return count


def _explained(status: Status) -> str:
    return f"{words.STATUSES[status]}: {words.STATUS_MEANINGS[status]}"
