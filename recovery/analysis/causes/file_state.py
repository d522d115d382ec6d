"""What is left of the files: one half only, contents missing, an unfinished backup, small pictures."""

from __future__ import annotations

from collections.abc import Iterable

from recovery.analysis.causes.context import (
    Answer,
    CauseContext,
    CauseRule,
    Hits,
    by_photos,
    contradicted,
    field_source,
    shown,
    undetermined,
    unread,
)
from recovery.analysis.model import ORIGINALS, Asset, FileState, Status
from recovery.analysis.statements import (
    Advice,
    CauseCode,
    FilesLacking,
    PartState,
    PhotoFact,
    PictureSizes,
    PlainStatement,
)
from recovery.app_data.messages import MEDIA_DOMAIN
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.camera_roll_paths import DOMAIN as CAMERA_ROLL
from recovery.provenance import Gap, Source
from recovery.source.identity import STATUS
from recovery.source.manifest import STORE as MANIFEST

PHOTO_DOMAINS = frozenset({CAMERA_ROLL, MEDIA_DOMAIN})
"""Where photos, videos, the photo library and the pictures of Messages are listed."""
SMALL = 3_000_000
"""Pixels below which a picture counts as small (our own line): a frame of a 1920 x 1080 call has 2.1 million."""


def _half_arrived(inquiry: CauseContext) -> Answer:
    hits = Hits.of(inquiry, half_here)
    lacks_video = sum(asset.live_photo is not None and asset.live_photo.still for asset in hits.sure)
    return by_photos(
        PhotoFact.HALF,
        hits,
        gaps=(*inquiry.library_gaps(), *_refused(inquiry)),
        sources=_original_sources,
        parts=((PartState.VIDEO_LOST, lacks_video), (PartState.STILL_LOST, len(hits.sure) - lacks_video)),
    )


def original_missing(asset: Asset) -> bool:
    """Whether the backup lists an original of it whose contents are not there or damaged."""
    return any(item.role in ORIGINALS and item.state in (FileState.MISSING, FileState.DAMAGED) for item in asset.files)


def unreadable(asset: Asset) -> bool:
    """Whether the system refuses to read an original of it, or all that is here of it; it may be whole."""
    refused = any(item.role in ORIGINALS and item.state is FileState.UNREADABLE for item in asset.files)
    return refused or asset.status is Status.UNREADABLE


def half_here(asset: Asset) -> bool:
    """Whether the backup holds only one half of it, and not the other in a file that the system refuses to read."""
    return asset.status is Status.HALF and asset.deleted is None and not unreadable(asset)


def _refused(inquiry: CauseContext) -> Iterable[Gap]:
    return (gap for gap in inquiry.case.gaps if gap.what is GapSubject.UNREADABLE_FILES)


def _original_missing_in_backup(inquiry: CauseContext) -> Answer:
    hits = Hits.of(inquiry, original_missing)
    states = [item.state for asset in hits.sure for item in asset.files if item.role in ORIGINALS]
    gone, damaged = states.count(FileState.MISSING), states.count(FileState.DAMAGED)
    return by_photos(
        PhotoFact.ORIGINAL_MISSING,
        hits,
        gaps=(*inquiry.library_gaps(), *_refused(inquiry)),
        sources=_original_sources,
        parts=((PartState.NOT_IN_FOLDER, gone), (PartState.DAMAGED, damaged)),
    )


def _original_sources(asset: Asset) -> Iterable[Source]:
    return [Source(MANIFEST, f"Files {item.path}") for item in asset.files if item.role in ORIGINALS]


def _backup_incomplete(inquiry: CauseContext) -> Answer:
    identity, missing = inquiry.case.identity, len(inquiry.case.census.missing)
    status = Source(STATUS, "SnapshotState")
    lacking = FilesLacking(identity.complete, missing)
    if identity.complete is False:
        return shown(lacking, sources=[status])
    listed = [Source(MANIFEST, "Files")]
    if any(item.domain in PHOTO_DOMAINS for item in inquiry.case.census.missing):
        return shown(lacking, sources=listed)
    if identity.complete is None:
        gaps = tuple(gap for gap in inquiry.case.gaps if gap.where == STATUS)
        return unread(gaps or (Gap(GapSubject.BACKUP_FILE, STATUS, GapReason.FINISHED_NOT_STATED, part=STATUS),))
    if missing:
        return contradicted(PlainStatement.PHOTO_FILES_ALL_HERE, sources=listed)
    return contradicted(PlainStatement.BACKUP_FINISHED, sources=[status])


def _small_or_blurry(inquiry: CauseContext) -> Answer:
    sized = [(asset.width, asset.height, asset) for asset in inquiry.sure if asset.width and asset.height]
    if not sized:
        return undetermined(PlainStatement.NO_SIZE_KNOWN, advice=Advice.NONE)
    sizes = sorted((width * height, width, height) for width, height, _ in sized)
    (pixels, *smallest), (_, *largest) = sizes[0], sizes[-1]
    sources = [source for _, _, asset in sized for source in field_source(inquiry, "width")(asset)]
    small = pixels < SMALL
    says = PictureSizes((smallest[0], smallest[1]), (largest[0], largest[1]), small)
    return shown(says, sources=sources) if small else contradicted(says, sources=sources)


HALF_ARRIVED = CauseRule(CauseCode.HALF_ARRIVED, _half_arrived)
ORIGINAL_MISSING_IN_BACKUP = CauseRule(CauseCode.ORIGINAL_MISSING_IN_BACKUP, _original_missing_in_backup)
BACKUP_INCOMPLETE = CauseRule(CauseCode.BACKUP_INCOMPLETE, _backup_incomplete)
SMALL_OR_BLURRY = CauseRule(CauseCode.SMALL_OR_BLURRY, _small_or_blurry)
