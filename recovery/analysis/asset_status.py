"""Decide the one final status of an asset, and say why, from its row, its files and its resources together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache

from recovery.analysis.model import AssetFile, Cloud, FileRole, FileState, Kind, Status, Upload
from recovery.analysis.reasons import Loss, ReasonCode, StatusReason
from recovery.photos_db.codes import (
    Availability,
    BundleScope,
    CloudState,
    ResourceSubtype,
    ResourceVersion,
    SavedAssetType,
)
from recovery.photos_db.library import AssetRow, ResourceRow

_COPIES = (
    FileRole.EDITED_STILL,
    FileRole.EDITED_VIDEO,
    FileRole.EDITOR_FILE,
    FileRole.MESSAGES_COPY,
    FileRole.SHARED_WITH_YOU_COPY,
    FileRole.REDUCED,
    FileRole.THUMBNAIL,
    FileRole.THUMBNAIL_TABLE,
)
"""What can stand in for an original, best first."""
_PLACE_OF_TYPE = {
    SavedAssetType.SHARED_ALBUM: ReasonCode.SHARED_ALBUM,
    SavedAssetType.ICLOUD_LINK: ReasonCode.ICLOUD_LINK,
    SavedAssetType.GUEST: ReasonCode.SHARED_WITH_YOU,
}
_PLACE_OF_SCOPE = {
    BundleScope.SHARED_ALBUM: ReasonCode.SHARED_ALBUM,
    BundleScope.ICLOUD_LINK: ReasonCode.ICLOUD_LINK,
    BundleScope.SHARED_WITH_YOU: ReasonCode.SHARED_WITH_YOU,
}
_PLACE_OF_FOLDER = {
    "PhotoData/PhotoCloudSharingData": ReasonCode.SHARED_ALBUM,
    "PhotoData/CMMAssets": ReasonCode.ICLOUD_LINK,
    "PhotoData/Sync": ReasonCode.SYNCED_FROM_COMPUTER,
}
"""Where the library keeps what is not the phone's own, by the two first parts of the stored directory."""

_BESIDE: Mapping[Kind, Mapping[ResourceSubtype, FileRole]] = {
    Kind.PHOTO: {
        ResourceSubtype.RAW_ORIGINAL: FileRole.RAW,
        ResourceSubtype.EDITED_STILL: FileRole.EDITED_STILL,
    },
    Kind.LIVE_PHOTO: {
        ResourceSubtype.RAW_ORIGINAL: FileRole.RAW,
        ResourceSubtype.EDITED_STILL: FileRole.EDITED_STILL,
        ResourceSubtype.EDITED_LIVE_VIDEO: FileRole.EDITED_VIDEO,
    },
    Kind.VIDEO: {ResourceSubtype.EDITED_VIDEO: FileRole.EDITED_VIDEO},
}
"""What an asset consists of beside its originals. A video's resource of subtype 2 is the poster of its edit."""
_ORIGINALS = frozenset({ResourceSubtype.ORIGINAL, ResourceSubtype.LIVE_VIDEO_ORIGINAL})
_LOCAL = {Availability.YES: True, Availability.NOT_LOCAL: False}

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


def _shown_roles(kind: Kind, resources: Sequence[ResourceRow]) -> Iterator[FileRole]:
    """What belongs to the photo that Photos shows beside its originals: the RAW and the edited version.

    An edit counts where the library says that its result exists, on the device or in iCloud.
    """
    roles = _BESIDE[kind]
    for resource in resources:
        role = roles.get(resource.subtype)  # type: ignore[call-overload]
        edited = role is FileRole.RAW or resource.version in (ResourceVersion.EDITED, None)
        if role is not None and edited and Availability.YES in (resource.local, resource.remote):
            yield role


def _roles(files: Sequence[AssetFile], state: FileState) -> set[FileRole]:
    return {item.role for item in files if item.state is state}


def decide(
    kind: Kind, files: Sequence[AssetFile], row: AssetRow | None, resources: Sequence[ResourceRow]
) -> StatusDecision:
    """The status; every asset gets exactly one."""
    needed, here = needed_roles(kind), _roles(files, FileState.PRESENT)
    beside = [role for role in dict.fromkeys(_shown_roles(kind, resources)) if role not in here] if resources else []
    if here.issuperset(needed) and not beside:
        return COMPLETE
    upload = upload_of(row, resources)
    lost = [role for role in needed if role not in here]
    losses = tuple((role, _loss(kind, role, files, resources, upload)) for role in [*lost, *beside])
    if not lost:
        return _decision(Status.PARTIAL, ReasonCode.ORIGINAL_HERE, losses)
    refused = any(loss is Loss.UNREADABLE for _, loss in losses[: len(lost)])
    if len(lost) < len(needed):
        left = next(role for role in needed if role in here)
        code = ReasonCode.ONE_HALF_READABLE if refused else ReasonCode.ONE_HALF_HERE
        return _decision(Status.HALF, code, losses, left)
    if FileRole.RAW in here:
        return _decision(Status.PARTIAL, ReasonCode.ONE_HALF_HERE, losses, FileRole.RAW)
    losses = losses[: len(lost)]
    if any(item.role in lost and item.state is FileState.DAMAGED and not item.blank for item in files):
        return _decision(Status.REDUCED_COPY, ReasonCode.ORIGINAL_DAMAGED, losses)
    copy = next((role for role in _COPIES if role in here), None)
    if copy is not None:
        other = _place_of(row, original_resource(resources, movie=False)) if row is not None else None
        sizes = [item.pixels for item in files if item.role is copy and item.pixels and item.state is FileState.PRESENT]
        largest = max(sizes, key=math.prod, default=None)
        return _decision(Status.REDUCED_COPY, ReasonCode.COPY_SURVIVES, losses, copy, other, largest)
    if refused:
        return _decision(Status.UNREADABLE, ReasonCode.ORIGINAL_UNREADABLE, losses)
    if (place := elsewhere(row, resources)) is not None:
        return _decision(Status.ELSEWHERE, place)
    locked = _roles(files, FileState.UNREADABLE)
    if (copy := next((role for role in _COPIES if role in locked), None)) is not None:
        return _decision(Status.UNREADABLE, ReasonCode.COPY_UNREADABLE, losses, copy)
    return _decision(Status.NOT_FOUND, ReasonCode.NOTHING_HERE, losses)


@lru_cache(maxsize=4_096)
def _decision(
    status: Status,
    code: ReasonCode,
    lost: tuple[tuple[FileRole, Loss], ...] = (),
    left: FileRole | None = None,
    place: ReasonCode | None = None,
    pixels: tuple[int, int] | None = None,
) -> StatusDecision:
    """One for all assets to which the same happened."""
    return StatusDecision(status, StatusReason(code, lost, left, place, pixels))


def _has(files: Sequence[AssetFile], role: FileRole, state: FileState) -> bool:
    return any(item.role is role and item.state is state for item in files)


def _loss(
    kind: Kind,
    role: FileRole,
    files: Sequence[AssetFile],
    resources: Sequence[ResourceRow],
    upload: CloudState | None,
) -> Loss:
    if _has(files, role, FileState.DAMAGED):
        return Loss.DAMAGED
    if _has(files, role, FileState.UNREADABLE):
        return Loss.UNREADABLE
    if _has(files, role, FileState.MISSING):
        return Loss.MISSING
    resource = _resource(kind, role, resources)
    if resource is None:
        return Loss.NOT_LISTED
    in_cloud = resource.remote == Availability.YES and upload is not CloudState.PENDING_UPLOAD
    if resource.local == Availability.NOT_LOCAL:
        return Loss.IN_CLOUD if in_cloud else Loss.NOT_LOCAL
    return Loss.IN_CLOUD_TOO if in_cloud else Loss.NOT_LISTED


def _resource(kind: Kind, role: FileRole, resources: Sequence[ResourceRow]) -> ResourceRow | None:
    """The resource row of an original, a RAW or an edited version."""
    if role in needed_roles(kind):
        return original_resource(resources, movie=role is FileRole.PAIRED_VIDEO)
    found = [resource for resource in resources if _BESIDE[kind].get(resource.subtype) is role]  # type: ignore[call-overload]
    return next(
        (resource for resource in found if resource.version != ResourceVersion.ORIGINAL), next(iter(found), None)
    )


def original_resource(resources: Sequence[ResourceRow], *, movie: bool) -> ResourceRow | None:
    """The resource row of the original still or video, or of the movie of a Live Photo."""
    wanted = ResourceSubtype.LIVE_VIDEO_ORIGINAL if movie else ResourceSubtype.ORIGINAL
    return next((resource for resource in resources if resource.subtype == wanted), None)


def elsewhere(row: AssetRow | None, resources: Sequence[ResourceRow]) -> ReasonCode | None:
    """Where the original is when it is not here, if the library points anywhere.

    What is not the phone's own goes first: a photo of a shared album is in iCloud by its resources, too.
    """
    if row is None:
        return None
    main = original_resource(resources, movie=False)
    return _place_of(row, main) or _place_in_icloud(row, main, resources)


def _place_of(row: AssetRow, main: ResourceRow | None) -> ReasonCode | None:
    """Which place that is not the phone's own library the row names."""
    if main is not None and main.local == Availability.LINKED:
        return ReasonCode.SHARED_WITH_YOU
    folder = "/".join((row.directory or "").split("/")[:2])
    return (
        _PLACE_OF_TYPE.get(row.saved_asset_type)  # type: ignore[call-overload]
        or _PLACE_OF_SCOPE.get(row.bundle_scope)  # type: ignore[call-overload]
        or _PLACE_OF_FOLDER.get(folder)
    )


def _place_in_icloud(row: AssetRow, main: ResourceRow | None, resources: Sequence[ResourceRow]) -> ReasonCode | None:
    """Whether iCloud has it: "only" needs an original that is not local, and an upload that is not pending."""
    upload = upload_of(row, resources)
    if upload is CloudState.PENDING_UPLOAD:
        return None
    if main is not None and main.remote == Availability.YES:
        if main.local == Availability.NOT_LOCAL:
            movie = original_resource(resources, movie=True)
            alike = movie is None or (movie.local, movie.remote) == (main.local, main.remote)
            return ReasonCode.ONLY_IN_ICLOUD if alike else ReasonCode.IN_ICLOUD
        return ReasonCode.IN_ICLOUD_TOO if main.local == Availability.YES else ReasonCode.IN_ICLOUD
    if upload is CloudState.SYNCED:
        return ReasonCode.MARKED_AS_UPLOADED
    reduced = main is None and any(resource.remote == Availability.YES for resource in resources)
    return ReasonCode.REDUCED_IN_ICLOUD if reduced else None


def upload_of(row: AssetRow | None, resources: Sequence[ResourceRow]) -> CloudState | None:
    """How far the originals are on their way to iCloud; None where nothing says so.

    A pending original counts whatever else is stored: a real library keeps one whose resource says that it is
    in iCloud, too (Test-Cloud-10.15.1).
    """
    originals = [resource.cloud_state for resource in resources if resource.subtype in _ORIGINALS]
    states = {row.cloud_master_state if row is not None else None, *originals}
    return next((state for state in (CloudState.PENDING_UPLOAD, CloudState.SYNCED) if state in states), None)


def cloud_of(row: AssetRow | None, resources: Sequence[ResourceRow], backup_date: datetime | None) -> Cloud | None:
    """What the library says of the copy in iCloud; None without a row, or when it says nothing."""
    if row is None:
        return None
    main, state = original_resource(resources, movie=False), upload_of(row, resources)
    upload: Upload | None = None
    if state is CloudState.PENDING_UPLOAD:
        upload = Upload.STUCK if _is_stuck(row, backup_date) else Upload.PENDING
    elif state is CloudState.SYNCED:
        upload = Upload.SYNCED
    local = _LOCAL.get(main.local) if main is not None else None  # type: ignore[call-overload]
    remote = None if main is None or main.remote is None else main.remote == Availability.YES
    if remote and state is CloudState.PENDING_UPLOAD:
        remote = False
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
