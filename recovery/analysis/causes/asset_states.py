"""What was done to the photos on the phone: recently deleted, hidden, deleted for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from recovery.analysis.causes.context import (
    HISTORY,
    Answer,
    Hits,
    Inquiry,
    Rule,
    by_photos,
    contradicted,
    field_source,
    shown,
    undetermined,
    unread,
)
from recovery.analysis.causes.phrases import count, day, days, listed
from recovery.analysis.model import Asset, Verdict
from recovery.photos_db.history import DeletedAsset
from recovery.provenance import Gap, Source


def deadline(assets: Iterable[Asset]) -> str:
    """`until about 19 June 2024`, of several days the first one; empty when no date is known."""
    known: list[tuple[datetime, int | None]] = [
        (asset.trashed_until_estimate, asset.timezone_offset)
        for asset in assets
        if asset.trashed_until_estimate is not None
    ]
    if not known:
        return ""
    first = day(*min(known, key=lambda pair: pair[0]))
    alone = len({day(*pair) for pair in known}) == 1
    return f"until about {first}" if alone else f"the first of them until about {first}"


def _recently_deleted(inquiry: Inquiry) -> Answer:
    hits = Hits.of(inquiry, lambda asset: asset.trashed is True)
    until = deadline(hits.sure)
    number = inquiry.sieve.others_trashed
    others = f" {count(number, 'other item')} there {_show(number)} no sign of FaceTime."
    return by_photos(
        hits,
        found=f"{hits.share('is', 'are')} in Recently Deleted{f', {until}' if until else ''}.",
        maybe=("is", "are", "in Recently Deleted"),
        none=f"No FaceTime photo was found in Recently Deleted.{others if number else ''}",
        gaps=inquiry.library_gaps("trashed_state"),
        sources=field_source(inquiry, "trashed"),
    )


def _hidden(inquiry: Inquiry) -> Answer:
    hits = Hits.of(inquiry, lambda asset: asset.hidden is True)
    number = inquiry.sieve.others_hidden
    others = f" {count(number, 'hidden item')} {_show(number)} no sign of FaceTime."
    return by_photos(
        hits,
        found=f"{hits.share('is', 'are')} hidden in Photos.",
        maybe=("is", "are", "hidden in Photos"),
        none=f"No FaceTime photo was found among the hidden ones.{others if number else ''}",
        gaps=inquiry.library_gaps("hidden"),
        sources=field_source(inquiry, "hidden"),
    )


def _show(number: int) -> str:
    return "shows" if number == 1 else "show"


# --- deleted for good -----------------------------------------------------------------------------------

WHYS: tuple[tuple[str, str], ...] = (
    # Seen in real macOS libraries.
    ("User deleted asset from trashcan", "removed by hand from Recently Deleted"),
    ("expunge from recently deleted", "removed by hand from Recently Deleted"),
    # Read in decompiled code, in no sample.
    ("Asset was deleted remotely", "removed from a shared album by someone else"),
    ("source resource can't be found", "dropped because its file could not be found"),
    ("No image information can be recovered", "dropped because a restore could not bring its file back"),
)
"""Part of a stored delete reason, and what it means; other reasons are quoted as stored."""
ACTIVITIES = {
    "expired": "removed by the phone when its time in Recently Deleted was over",
    "icloud": "removed by iCloud Photos, as when it is deleted on another device",
    "migration": "removed while iOS changed the photo library",
}
"""What the library was doing (photos/clients.py), where no reason is stored."""
CLIENTS = {
    "com.apple.mobileslideshow": "the Photos app",
    "com.apple.photos": "the Photos app",
    "com.apple.camera": "the Camera app",
}


def _permanently_deleted(inquiry: Inquiry) -> Answer:
    ghosts = inquiry.deleted
    known = {(item.uuid or "").upper(): item for item in _deleted(inquiry)}
    sure = [asset for asset in ghosts if asset.facetime.verdict.rank >= Verdict.PROBABLE.rank]
    gaps = _history_gaps(inquiry)
    if sure:
        number = count(len(sure), "FaceTime photo was", "FaceTime photos were")
        says = f"{number} deleted for good{_when(sure)}: {_whys(sure, known)}."
        return shown(says, _sources(sure, known))
    if ghosts:
        number = count(len(ghosts), "photo or video was", "photos and videos were")
        says = (
            f"{number} deleted for good{_when(ghosts)}. Nothing says that one was from FaceTime, or that none was."
        )
        return undetermined(says, _sources(ghosts, known))
    if gaps:
        return unread(gaps)
    history = inquiry.case.traces.history
    if history is not None and history.numbering.unexplained_count:
        number = count(history.numbering.unexplained_count, "number")
        return undetermined(f"The photo library skips {number} in its count of photos, and nothing says why.")
    return contradicted("The photo library's own record of changes lists nothing that was deleted for good.")


def _deleted(inquiry: Inquiry) -> tuple[DeletedAsset, ...]:
    history = inquiry.case.traces.history
    return history.deleted if history else ()


def _history_gaps(inquiry: Inquiry) -> tuple[Gap, ...]:
    history = inquiry.case.traces.history
    if inquiry.case.library is None or history is None:
        return inquiry.library_gaps()
    if history.trimmed or history.trimmed is None:
        where = next((gap.where for gap in history.gaps), "")
        why = "its oldest entries are gone" if history.trimmed else "it is empty"
        return (*history.gaps, Gap("the library's record of changes", where, why))
    return tuple(gap for gap in inquiry.case.gaps if gap.what == HISTORY)


def _when(ghosts: Sequence[Asset]) -> str:
    moments = [asset.deleted.at for asset in ghosts if asset.deleted and asset.deleted.at]
    if not moments:
        return ""
    when = days(moments)
    return f" {when}" if when.startswith("between") else f" on {when}"


def _whys(ghosts: Iterable[Asset], known: dict[str, DeletedAsset]) -> str:
    told = Counter(_why(asset, known.get((asset.uuid or "").upper())) for asset in ghosts)
    if len(told) == 1:
        return next(iter(told))
    return listed([f"{number:,} {why}" for why, number in told.most_common(3)])


def _why(asset: Asset, ghost: DeletedAsset | None) -> str:
    gone = asset.deleted
    reason = gone.reason if gone else None
    plain = next((words for part, words in WHYS if reason and part.casefold() in reason.casefold()), None)
    if plain is None and reason:
        plain = f"the stored reason is “{reason}”"
    if plain is None and ghost is not None:
        plain = ACTIVITIES.get(ghost.deletion.activity or "")
    client = gone.client if gone else None
    through = f", through {CLIENTS.get(client.lower(), client)}" if client else ""
    return f"{plain or 'no reason is stored'}{through}"


def _sources(ghosts: Iterable[Asset], known: dict[str, DeletedAsset]) -> list[Source]:
    found = (known.get((asset.uuid or "").upper()) for asset in ghosts)
    return [item.source for item in found if item is not None]


RECENTLY_DELETED = Rule(
    "recently_deleted",
    _recently_deleted,
    "It tells the state when the backup was made, not what happened since, and not who moved a photo there. The "
    "last day is an estimate: Photos keeps such items for about 30 days, sometimes a little longer.",
    "On the phone, before that day: Photos, Recently Deleted (under Utilities or Albums), choose the photo, "
    "Recover. Here: recover-facetime extract writes what this backup holds of it, and that does not run out.",
)
HIDDEN = Rule(
    "hidden",
    _hidden,
    "It does not say who hid a photo, or when.",
    "On the phone: Photos, Hidden (under Utilities or Albums), unlock, choose the photo, Unhide. If there is no "
    "such album: Settings, Photos, Show Hidden Album.",
)
PERMANENTLY_DELETED = Rule(
    "permanently_deleted",
    _permanently_deleted,
    "The record keeps times, reasons and programs, but no name and no picture. It does not say who held the "
    "phone. That a photo came from FaceTime is read from the program that added it, which we have not yet been "
    "able to check on a phone known to hold one.",
    "Scan an older backup of this phone, if there is one. Ask the person you talked with. Look at icloud.com, "
    "Recently Deleted. A small preview may be left here: recover-facetime extract writes it.",
)
