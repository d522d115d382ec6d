"""The summary: what became of the FaceTime photos, for the person who misses one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from recovery.analysis.causes.asset_states import deadlines
from recovery.analysis.causes.file_state import half_here, original_missing, unreadable
from recovery.analysis.causes.icloud import in_icloud, kept_elsewhere, only_in_icloud
from recovery.analysis.model import Asset, Basis, Cause, CauseVerdict, Status, Upload
from recovery.analysis.statements import (
    CauseCode,
    NearlyNoFiles,
    PhotoOutcome,
    PhotoOutcomes,
    PlainStatement,
    PossiblePhotos,
    Statement,
)
from recovery.case import InventoryCheck

NEARLY_ALL = 99
"""Percent of the listed files whose absence is said before anything else."""
SWITCHES = (CauseCode.FACETIME_LIVE_PHOTOS_OFF, CauseCode.LOCKDOWN_MODE, CauseCode.PHOTOS_PERMISSION)
"""Causes that keep any FaceTime photo from being saved; when shown they belong into the summary."""


def _is_trashed(asset: Asset) -> bool:
    return asset.trashed is True


def _is_of_unknown_state(asset: Asset) -> bool:
    """Whether neither row nor attributes tell of a whole photo, so that unknown must not become no."""
    return asset.basis is Basis.MEDIA_FILE and asset.status is Status.COMPLETE and asset.trashed is None


def _lacks_original(asset: Asset) -> bool:
    return asset.status is not Status.HALF and original_missing(asset)


def _unexplained(asset: Asset) -> bool:
    told = (only_in_icloud, in_icloud, kept_elsewhere, original_missing, unreadable)
    return asset.deleted is None and not any(is_true(asset) for is_true in told)


def _only_copy(asset: Asset) -> bool:
    return asset.status is Status.REDUCED_COPY and _unexplained(asset)


def _no_picture(asset: Asset) -> bool:
    return asset.status in (Status.NOT_FOUND, Status.ELSEWHERE) and _unexplained(asset)


FATES: tuple[tuple[PhotoOutcome, Callable[[Asset], bool]], ...] = (
    (PhotoOutcome.RECENTLY_DELETED, _is_trashed),
    (PhotoOutcome.HIDDEN, lambda asset: asset.hidden is True),
    (PhotoOutcome.STATE_UNKNOWN, _is_of_unknown_state),
    (PhotoOutcome.PERMANENTLY_DELETED, lambda asset: asset.deleted is not None),
    (PhotoOutcome.ONLY_IN_ICLOUD, only_in_icloud),
    (PhotoOutcome.IN_ICLOUD, in_icloud),
    (PhotoOutcome.KEPT_ELSEWHERE, kept_elsewhere),
    (
        PhotoOutcome.UPLOAD_PENDING,
        lambda asset: asset.cloud is not None and asset.cloud.upload in (Upload.PENDING, Upload.STUCK),
    ),
    (PhotoOutcome.HALF, lambda asset: half_here(asset) and not only_in_icloud(asset)),
    (PhotoOutcome.PARTIAL, lambda asset: asset.status is Status.PARTIAL),
    (PhotoOutcome.ORIGINAL_MISSING, _lacks_original),
    (PhotoOutcome.ONLY_A_COPY, _only_copy),
    (PhotoOutcome.NO_PICTURE, _no_picture),
    (PhotoOutcome.UNREADABLE, unreadable),
)


def opening(
    ours: Sequence[Asset], maybe: int, causes: Sequence[Cause], check: InventoryCheck, *, library_read: bool
) -> tuple[Statement, ...]:
    """What is stated of the certain and probable FaceTime photos; `maybe` counts the possible ones.

    A photo may be counted under several fates; nothing is said of fates no photo has.
    """
    missing = len(check.missing)
    if check.listed_files and missing * 100 >= check.listed_files * NEARLY_ALL:
        first: tuple[Statement, ...] = (
            NearlyNoFiles(check.listed_files, check.listed_files - missing, check.unpacked),
        )
    else:
        first = ()
    return (*first, *_statements(ours, maybe, causes, library_read))


def _statements(ours: Sequence[Asset], maybe: int, causes: Sequence[Cause], library_read: bool) -> Iterator[Statement]:
    yield _fates(ours) if ours else PlainStatement.NO_FACETIME_PHOTO
    if maybe:
        yield PossiblePhotos(maybe, besides=bool(ours))
    if not library_read:
        yield PlainStatement.LIBRARY_NOT_READ_IN_FULL
    for cause in causes:
        if cause.code in SWITCHES and cause.verdict is CauseVerdict.SHOWN:
            yield from cause.says
    if not ours:
        yield PlainStatement.NEED_NOT_BE_LOST


def _fates(ours: Sequence[Asset]) -> PhotoOutcomes:
    numbers = tuple((fate, sum(map(is_true, ours))) for fate, is_true in FATES)
    return PhotoOutcomes(
        len(ours),
        sum(asset.status is Status.COMPLETE for asset in ours),
        tuple((fate, number) for fate, number in numbers if number),
        deadlines(filter(_is_trashed, ours)),
    )
