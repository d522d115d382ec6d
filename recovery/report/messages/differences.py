"""The English of what became of an asset between an older and a newer backup."""

from __future__ import annotations

from recovery.analysis.comparison.asset_differences import (
    AssetDifference,
    DifferenceKind,
    unreadable_originals,
    whole_originals,
)
from recovery.analysis.comparison.asset_matching import is_remembered
from recovery.analysis.comparison.comparing import Doubt
from recovery.analysis.model import Asset, Deletion, FileRole, Status
from recovery.report.messages.status import reason

TEXTS = {
    DifferenceKind.ONLY_IN_OLDER: "the newer backup does not have it",
    DifferenceKind.RESTORED: "no longer in Recently Deleted, as it was in the older backup",
    DifferenceKind.HIDDEN: "hidden in the newer backup, not in the older one",
    DifferenceKind.SHOWN: "no longer hidden, as it was in the older backup",
    DifferenceKind.FAVORITE: "a favourite in the newer backup, not in the older one",
    DifferenceKind.NOT_FAVORITE: "no longer a favourite, as it was in the older backup",
    DifferenceKind.CAME_BACK: "only a trace in the older backup, there in the newer one",
    DifferenceKind.APPEARED: "the older backup does not have it",
    DifferenceKind.ONLY_IN_NEWER: "the older backup does not have it",
}
"""Kinds with one sentence; the others tell more of the two assets."""
VANISHED = "the newer backup does not know it any more, and nothing in it tells why"
VANISHED_BUT_A_PICTURE = "only a small picture of it is left in the newer backup"
DOUBTS = {
    Doubt.OLDER_LIBRARY_UNREAD: (
        "The photo library of the older backup was not read, so what is missing there may only be unseen."
    ),
    Doubt.NEWER_LIBRARY_UNREAD: (
        "The photo library of the newer backup was not read, so what is missing there may only be unseen."
    ),
    Doubt.OLDER_INTERRUPTED: "The older backup was interrupted, so files may be missing from it.",
    Doubt.NEWER_INTERRUPTED: "The newer backup was interrupted, so files may be missing from it.",
    Doubt.UNDATED: ("One of the backups has no date, so the order in which they were named counts as their age."),
    Doubt.DEVICE_UNKNOWN: "It cannot be told whether both backups are of the same device.",
}
"""What weakens a comparison."""
ORIGINALS = {
    FileRole.STILL: "the original photo",
    FileRole.PAIRED_VIDEO: "the video of the Live Photo",
    FileRole.VIDEO: "the original video",
}


def difference_text(item: AssetDifference) -> str:
    """One difference: a sentence without its capital and full stop."""
    older, newer = item.older, item.newer
    if item.kind in TEXTS:
        return TEXTS[item.kind]
    if newer is None:
        return VANISHED
    if item.kind is DifferenceKind.VANISHED:
        return VANISHED_BUT_A_PICTURE
    if item.kind is DifferenceKind.TRASHED:
        since = f" since {newer.real_trashed_at:%Y-%m-%d}" if newer.real_trashed_at else ""
        return f"in Recently Deleted{since}; in the older backup it was not"
    if item.kind is DifferenceKind.DELETED:
        return _deleted_asset(item, newer)
    if older is None:
        return ""
    if item.kind is DifferenceKind.LOST_ORIGINAL:
        why = f"; {_deleted(item.deletion)}" if item.deletion else f" ({reason(newer.status_reason)})"
        lost = whole_originals(older) - whole_originals(newer) - unreadable_originals(newer)
        return f"the newer backup lacks {_named(lost)}{why}"
    if item.kind is DifferenceKind.UNREADABLE_ORIGINAL:
        refused = whole_originals(older) & unreadable_originals(newer)
        return f"this computer cannot read {_named(refused)} in the newer backup, where it may be whole"
    if item.kind is DifferenceKind.GAINED_ORIGINAL:
        return f"the newer backup holds {_named(whole_originals(newer) - whole_originals(older))} as well"
    before, now = _in_words(older.status), _in_words(newer.status)
    return f"{before} before, {now} now: {reason(newer.status_reason)}"


def _deleted_asset(item: AssetDifference, newer: Asset) -> str:
    deleted = _deleted(item.deletion) if item.deletion else ""
    if item.older is None:
        return f"{deleted}; the older backup does not know it"
    return deleted if is_remembered(newer) else f"{deleted}; files of it are still there"


def _deleted(deletion: Deletion) -> str:
    when = f" on {deletion.at:%Y-%m-%d}" if deletion.at else ""
    client = f" by {deletion.client}" if deletion.client else ""
    why = f" ({deletion.reason.rstrip('.')})" if deletion.reason else ""
    return f"permanently deleted{when}{client}{why}"


def _named(roles: frozenset[FileRole]) -> str:
    return " and ".join(name for role, name in ORIGINALS.items() if role in roles) or "an original"


def _in_words(status: Status) -> str:
    return status.replace("_", " ")
