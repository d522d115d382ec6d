"""Decide the one final status of an asset, and say why, from its row, its files and its resources together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache

from recovery.analysis.model import AssetFile, Cloud, FileRole, FileState, Kind, Status, Upload
from recovery.photos_db.codes import Availability, CloudState, ResourceSubtype, SavedAssetType
from recovery.photos_db.library import AssetRow, ResourceRow

_SYNDICATED_SCOPE = 3
_COPIES: tuple[tuple[FileRole, str], ...] = (
    (FileRole.EDITED_STILL, "the edited version"),
    (FileRole.EDITED_VIDEO, "the edited movie"),
    (FileRole.MESSAGES_COPY, "a copy sent or received in Messages"),
    (FileRole.REDUCED, "a reduced copy"),
    (FileRole.THUMBNAIL, "a thumbnail"),
    (FileRole.THUMBNAIL_TABLE, "a small thumbnail in a table"),
)
"""What can stand in for an original, best first, and how it is called."""

STUCK_AFTER = timedelta(days=7)
"""An upload that was tried and is still pending this long after the last try counts as stuck (our own rule)."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The status and one sentence for its reason."""

    status: Status
    reason: str


COMPLETE = Decision(Status.COMPLETE, "every original file is in the backup")


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


_NAMES = {FileRole.STILL: "still", FileRole.PAIRED_VIDEO: "movie", FileRole.VIDEO: "movie"}


class _Loss(Enum):
    """Why an original is not here: what to say of one file, and of still and movie together."""

    DAMAGED = "the {} is damaged", "still and movie are damaged"
    MISSING = (
        "the backup lists the {}, but its content is missing",
        "the backup lists still and movie, but their content is missing",
    )
    IN_CLOUD = (
        "the {} was only in iCloud when the backup was made",
        "still and movie were only in iCloud when the backup was made",
    )
    NOT_LOCAL = (
        "the library says the {} was not on the device",
        "the library says that neither still nor movie was on the device",
    )
    NOT_LISTED = "the backup does not list the {}", "the backup lists neither still nor movie"


def decide(
    kind: Kind, files: Sequence[AssetFile], row: AssetRow | None, resources: Sequence[ResourceRow]
) -> Decision:
    """The status; every asset gets exactly one."""
    if is_complete(kind, files):
        return COMPLETE
    needed, here = needed_roles(kind), _here(files)
    whole = [role for role in needed if role in here]
    lost = [role for role in needed if role not in whole]
    because = _because(lost, files, resources)
    if whole:
        return Decision(Status.HALF, f"only the {_NAMES[whole[0]]} is here: {because}")
    if any(item.role in lost and item.state is FileState.DAMAGED and not item.blank for item in files):
        return Decision(Status.REDUCED_COPY, f"{because}; what is left of it can be saved")
    copies = [name for role, name in _COPIES if role in here]
    if copies:
        return Decision(Status.REDUCED_COPY, f"{because}; what survives is {copies[0]}")
    if (place := elsewhere(row, resources)) is not None:
        return Decision(Status.ELSEWHERE, place)
    return Decision(Status.NOT_FOUND, because)


def _has(files: Sequence[AssetFile], role: FileRole, state: FileState) -> bool:
    return any(item.role is role and item.state is state for item in files)


def _because(lost: list[FileRole], files: Sequence[AssetFile], resources: Sequence[ResourceRow]) -> str:
    losses = [_loss(role, files, resources) for role in lost]
    if len(losses) > 1 and len(set(losses)) == 1:
        return losses[0].value[1]
    return " and ".join(loss.value[0].format(_NAMES[role]) for role, loss in zip(lost, losses, strict=True))


def _loss(role: FileRole, files: Sequence[AssetFile], resources: Sequence[ResourceRow]) -> _Loss:
    if _has(files, role, FileState.DAMAGED):
        return _Loss.DAMAGED
    if _has(files, role, FileState.MISSING):
        return _Loss.MISSING
    resource = original_resource(resources, movie=role is FileRole.PAIRED_VIDEO)
    if resource is not None and resource.local == Availability.NOT_LOCAL:
        return _Loss.IN_CLOUD if resource.remote == Availability.YES else _Loss.NOT_LOCAL
    return _Loss.NOT_LISTED


def original_resource(resources: Sequence[ResourceRow], *, movie: bool) -> ResourceRow | None:
    """The resource row of the original still or video, or of the movie of a Live Photo."""
    wanted = ResourceSubtype.LIVE_VIDEO_ORIGINAL if movie else ResourceSubtype.ORIGINAL
    return next((resource for resource in resources if resource.subtype == wanted), None)


def elsewhere(row: AssetRow | None, resources: Sequence[ResourceRow]) -> str | None:
    """Where the original is when it is not here, if the library points anywhere."""
    if any(resource.remote == Availability.YES for resource in resources):
        return "the original is only in iCloud; the backup holds no copy of it"
    if row is None:
        return None
    if row.saved_asset_type == SavedAssetType.SHARED_ALBUM:
        return "the photo is in a shared album in iCloud; the backup holds no copy of it"
    if row.saved_asset_type == SavedAssetType.GUEST or row.bundle_scope == _SYNDICATED_SCOPE:
        return "the photo belongs to Shared with You; the original stays in the app it came from"
    if row.cloud_master_state == CloudState.SYNCED:
        return "the library marks the original as uploaded to iCloud; the backup holds no copy of it"
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
