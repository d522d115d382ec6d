"""Decide the one final status of an asset, and say why, from its row, its files and its resources together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from recovery.analysis.model import AssetFile, Cloud, FileRole, FileState, Kind, Status, Upload
from recovery.analysis.reasons import Loss, ReasonCode, StatusReason
from recovery.photos_db.codes import Availability, CloudState, ResourceSubtype, SavedAssetType
from recovery.photos_db.library import AssetRow, ResourceRow

_SYNDICATED_SCOPE = 3
_COPIES = (
    FileRole.EDITED_STILL,
    FileRole.EDITED_VIDEO,
    FileRole.MESSAGES_COPY,
    FileRole.SHARED_WITH_YOU_COPY,
    FileRole.REDUCED,
    FileRole.THUMBNAIL,
    FileRole.THUMBNAIL_TABLE,
)
"""What can stand in for an original, best first."""

STUCK_AFTER = timedelta(days=7)
"""An upload that was tried and is still pending this long after the last try counts as stuck (our own rule)."""


@dataclass(frozen=True, slots=True)
class StatusDecision:
    """The status and its reason."""

    status: Status
    reason: StatusReason


COMPLETE = StatusDecision(Status.COMPLETE, StatusReason(ReasonCode.ALL_ORIGINALS_HERE))


def needed_roles(kind: Kind) -> tuple[FileRole, ...]:
    """The original files an asset of this kind consists of."""
    if kind is Kind.LIVE_PHOTO:
        return FileRole.STILL, FileRole.PAIRED_VIDEO
    return (FileRole.VIDEO,) if kind is Kind.VIDEO else (FileRole.STILL,)


def _here(files: Sequence[AssetFile]) -> set[FileRole]:
    return {item.role for item in files if item.state is FileState.PRESENT}


def is_complete(kind: Kind, files: Sequence[AssetFile]) -> bool:
    """Whether every original file of an asset is here and whole."""
    return _here(files).issuperset(needed_roles(kind))


def decide(
    kind: Kind, files: Sequence[AssetFile], row: AssetRow | None, resources: Sequence[ResourceRow]
) -> StatusDecision:
    """The status; every asset gets exactly one."""
    if is_complete(kind, files):
        return COMPLETE
    needed, here = needed_roles(kind), _here(files)
    whole = [role for role in needed if role in here]
    lost = [role for role in needed if role not in whole]
    losses = tuple((role, _loss(role, files, resources)) for role in lost)
    if whole:
        return _decision(Status.HALF, ReasonCode.ONE_HALF_HERE, losses, whole[0])
    if any(item.role in lost and item.state is FileState.DAMAGED and not item.blank for item in files):
        return _decision(Status.REDUCED_COPY, ReasonCode.ORIGINAL_DAMAGED, losses)
    copy = next((role for role in _COPIES if role in here), None)
    if copy is not None:
        return _decision(Status.REDUCED_COPY, ReasonCode.COPY_SURVIVES, losses, copy)
    if (place := elsewhere(row, resources)) is not None:
        return _decision(Status.ELSEWHERE, place)
    return _decision(Status.NOT_FOUND, ReasonCode.NOTHING_HERE, losses)


@cache
def _decision(
    status: Status,
    code: ReasonCode,
    lost: tuple[tuple[FileRole, Loss], ...] = (),
    left: FileRole | None = None,
) -> StatusDecision:
    """One for all assets to which the same happened."""
    return StatusDecision(status, StatusReason(code, lost, left))


def _has(files: Sequence[AssetFile], role: FileRole, state: FileState) -> bool:
    return any(item.role is role and item.state is state for item in files)


def _loss(role: FileRole, files: Sequence[AssetFile], resources: Sequence[ResourceRow]) -> Loss:
    if _has(files, role, FileState.DAMAGED):
        return Loss.DAMAGED
    if _has(files, role, FileState.MISSING):
        return Loss.MISSING
    resource = original_resource(resources, movie=role is FileRole.PAIRED_VIDEO)
    if resource is not None and resource.local == Availability.NOT_LOCAL:
        return Loss.IN_CLOUD if resource.remote == Availability.YES else Loss.NOT_LOCAL
    return Loss.NOT_LISTED


def original_resource(resources: Sequence[ResourceRow], *, movie: bool) -> ResourceRow | None:
    """The resource row of the original still or video, or of the movie of a Live Photo."""
    wanted = ResourceSubtype.LIVE_VIDEO_ORIGINAL if movie else ResourceSubtype.ORIGINAL
    return next((resource for resource in resources if resource.subtype == wanted), None)


def elsewhere(row: AssetRow | None, resources: Sequence[ResourceRow]) -> ReasonCode | None:
    """Where the original is when it is not here, if the library points anywhere."""
    if any(resource.remote == Availability.YES for resource in resources):
        return ReasonCode.ONLY_IN_ICLOUD
    if row is None:
        return None
    if row.saved_asset_type == SavedAssetType.SHARED_ALBUM:
        return ReasonCode.SHARED_ALBUM
    if row.saved_asset_type == SavedAssetType.GUEST or row.bundle_scope == _SYNDICATED_SCOPE:
        return ReasonCode.SHARED_WITH_YOU
    if row.cloud_master_state == CloudState.SYNCED:
        return ReasonCode.MARKED_AS_UPLOADED
    return None


def cloud_of(row: AssetRow | None, resources: Sequence[ResourceRow], backup_date: datetime | None) -> Cloud | None:
    """What the library says of the copy in iCloud; None without a row, or when it says nothing."""
    if row is None:
        return None
    main = original_resource(resources, movie=False)
    states = [row.cloud_master_state, *(resource.cloud_state for resource in resources)]
    upload: Upload | None = None
    if CloudState.PENDING_UPLOAD in states:
        upload = Upload.STUCK if _is_stuck(row, backup_date) else Upload.PENDING
    elif CloudState.SYNCED in states:
        upload = Upload.SYNCED
    local = None if main is None or main.local is None else main.local == Availability.YES
    remote = None if main is None or main.remote is None else main.remote == Availability.YES
    if local is None and remote is None and upload is None:
        return None
    return _cloud(local, remote, upload)


@cache
def _cloud(local: bool | None, remote: bool | None, upload: Upload | None) -> Cloud:
    """One for all assets of which the library says the same."""
    return Cloud(local, remote, upload)


def _is_stuck(row: AssetRow, backup_date: datetime | None) -> bool:
    if not row.upload_attempts or row.last_upload_attempt is None or backup_date is None:
        return False
    return backup_date - row.last_upload_attempt > STUCK_AFTER
