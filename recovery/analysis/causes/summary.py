"""The opening paragraph: what became of the FaceTime photos, in a few sentences for the person who misses one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from recovery.analysis.causes.asset_states import deadline
from recovery.analysis.causes.file_state import original_missing
from recovery.analysis.causes.icloud import only_in_icloud
from recovery.analysis.causes.phrases import count, sentence, share
from recovery.analysis.model import Asset, Cause, CauseVerdict, Status, Upload

SWITCHES = ("facetime_live_photos_off", "lockdown_mode", "photos_permission")
"""Causes that keep any FaceTime photo from being saved; when shown they belong into the opening."""
LIBRARY_UNREAD = "The photo library of this backup could not be read in full, so this may not be all."


@dataclass(frozen=True, slots=True)
class Fate:
    """One thing that can have become of a photo, and how it is told of one and of several."""

    is_true: Callable[[Asset], bool]
    one: str
    many: str


def _is_trashed(asset: Asset) -> bool:
    return asset.trashed is True


def _lacks_original(asset: Asset) -> bool:
    return asset.status is not Status.HALF and original_missing(asset)


def _unexplained(asset: Asset) -> bool:
    return not (asset.deleted is not None or only_in_icloud(asset) or original_missing(asset))


def _only_copy(asset: Asset) -> bool:
    return asset.status is Status.REDUCED_COPY and _unexplained(asset)


def _no_picture(asset: Asset) -> bool:
    return asset.status in (Status.NOT_FOUND, Status.ELSEWHERE) and _unexplained(asset)


FATES = (
    Fate(_is_trashed, "is in Recently Deleted", "are in Recently Deleted"),
    Fate(lambda asset: asset.hidden is True, "is hidden", "are hidden"),
    Fate(lambda asset: asset.deleted is not None, "was deleted for good", "were deleted for good"),
    Fate(only_in_icloud, "exists whole only in iCloud", "exist whole only in iCloud"),
    Fate(
        lambda asset: asset.cloud is not None and asset.cloud.upload in (Upload.PENDING, Upload.STUCK),
        "was not yet sent to iCloud",
        "were not yet sent to iCloud",
    ),
    Fate(
        lambda asset: asset.status is Status.HALF and asset.deleted is None and not only_in_icloud(asset),
        "has only one whole half here",
        "have only one whole half here",
    ),
    Fate(_lacks_original, "lacks its original in this backup", "lack their originals in this backup"),
    Fate(_only_copy, "has only a smaller or sent copy here", "have only a smaller or sent copy here"),
    Fate(_no_picture, "is known here without a picture", "are known here without a picture"),
)


def opening(ours: Sequence[Asset], maybe: int, causes: Sequence[Cause], *, library_read: bool) -> str:
    """One plain paragraph about the certain and probable FaceTime photos; `maybe` counts the possible ones.

    A photo may be counted under several fates; nothing is said of fates no photo has.
    """
    return " ".join(_sentences(ours, maybe, causes, library_read))


def _sentences(ours: Sequence[Asset], maybe: int, causes: Sequence[Cause], library_read: bool) -> Iterator[str]:
    if ours:
        yield from _fates(ours)
    else:
        yield "No FaceTime photo was found in this backup."
    if maybe:
        yield f"{count(maybe, 'more photo' if ours else 'photo')} may be from FaceTime, but nothing proves it."
    if not library_read:
        yield LIBRARY_UNREAD
    for cause in causes:
        if cause.code in SWITCHES and cause.verdict is CauseVerdict.SHOWN:
            yield cause.says
    if not ours:
        yield "That need not mean that it is lost: what follows says where it may be, and what to check."
    elif any(asset.recoverable for asset in ours):
        yield "To save what is here: recover-facetime extract BACKUP OUT."


def _fates(ours: Sequence[Asset]) -> Iterator[str]:
    told: list[str] = []
    total, touched = len(ours), set[int]()
    for fate in FATES:
        those = [number for number, asset in enumerate(ours) if fate.is_true(asset)]
        if not those:
            continue
        touched.update(those)
        text = _verb(fate, len(those)) if told else share(len(those), total, fate.one, fate.many)
        until = deadline([ours[number] for number in those]) if fate.is_true is _is_trashed else ""
        told.append(f"{text}{f', {until}' if until.startswith('the first') else f' {until}' if until else ''}")
    if not told:
        yield f"{share(total, total, 'is', 'are')} in this backup, whole, and neither deleted nor hidden."
        return
    yield sentence("; ".join(told))
    rest = total - len(touched)
    if rest:
        yield "The other one is here, whole." if rest == 1 else f"The other {rest:,} are here, whole."


def _verb(fate: Fate, number: int) -> str:
    return f"{number:,} {fate.one if number == 1 else fate.many}"
