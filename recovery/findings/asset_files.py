"""The files of an asset as findings, and what row and files tell together: halves of a Live Photo, notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from recovery.backup.blobs import BlobState
from recovery.findings.model import AssetFile, FileRole, FileState, Kind, LivePhoto
from recovery.photos import codes
from recovery.photos.grouping import Group, GroupFile
from recovery.photos.media_files import MediaFile

_LOOKED_INTO = frozenset((FileRole.REDUCED, FileRole.THUMBNAIL))


def files_of(items: Iterable[GroupFile], kind: Kind) -> list[AssetFile]:
    """The files of a group; the only movie of a Live Photo is its moving half."""
    lone_movie = kind is Kind.LIVE_PHOTO
    found = []
    for role, file in items:
        entry, blob = file.entry, file.blob
        found.append(
            AssetFile(
                FileRole.PAIRED_VIDEO if lone_movie and role is FileRole.VIDEO else role,
                entry.domain,
                entry.relative_path,
                entry.file_id,
                entry.size if blob.size is None else blob.size,
                blob.state,
                "" if blob.state is BlobState.MISSING else blob.note,
                None,
                None if file.facts is None else _pixels(role, file),
            )
        )
    return found


def _pixels(role: FileRole, file: MediaFile) -> tuple[int, int] | None:
    """Size of a reduced copy that was looked into; the asset's own size says nothing of it."""
    facts = file.facts if role in _LOOKED_INTO else None
    return (facts.width, facts.height) if facts and facts.width and facts.height else None


def live_photo_of(group: Group, files: Sequence[AssetFile], stated: str | None) -> LivePhoto:
    """Which halves are here; `stated` is the content identifier."""
    here = {item.role for item in files if item.state is FileState.PRESENT}
    return LivePhoto(
        FileRole.STILL in here,
        FileRole.PAIRED_VIDEO in here,
        stated,
        group.pair.identifiers_match if group.pair else None,
    )


def notes_of(group: Group, live: bool, files: Sequence[AssetFile]) -> Iterator[str]:
    """What is odd about row and files, in words for people."""
    row = group.row
    if row is not None and row.trashed_state not in (None, 0, 1):
        yield f"stored trashed state {row.trashed_state}: its meaning is not documented"
    if row is not None and row.saved_asset_type == codes.SavedAssetType.RECOVERED:
        yield "re-created by a repair of the photo library (saved type 14)"
    if group.pair is not None and group.pair.identifiers_match is False:
        yield "still and movie carry different content identifiers; they are paired by their file names"
    if row is not None and not live and any(item.role is FileRole.PAIRED_VIDEO for item in files):
        yield "a movie of the same name lies beside it, but the library does not call it a Live Photo"
    for item in files:
        if item.note:
            yield f"{'a copy of it' if item.role is FileRole.MESSAGES_COPY else item.name}: {item.note}"
