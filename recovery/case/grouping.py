"""An asset row and the media files that belong to it, each in its role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from recovery.case.pairing import PairedBy
from recovery.photos_db.camera_roll_paths import (
    EDITOR_FILES,
    IMAGE_EXTENSIONS,
    MOVIE_EXTENSIONS,
    FileRole,
    MediaPathPart,
    extension,
    stem,
)
from recovery.photos_db.library import AssetRow, ResourceRow
from recovery.photos_db.media_files import MediaFile


class GroupFile(NamedTuple):
    """A media file and what it is to its asset."""

    role: FileRole
    file: MediaFile


class Joined(NamedTuple):
    """How the halves of a Live Photo were joined; `identifiers_match` is None when one of them is unknown."""

    by: PairedBy
    identifiers_match: bool | None


@dataclass(frozen=True, slots=True)
class Group:
    """An asset row, if there is one, with what the library lists of it, and its files."""

    row: AssetRow | None
    files: tuple[GroupFile, ...]
    pair: Joined | None = None
    """How still and movie were joined, where both are among the files."""
    resources: tuple[ResourceRow, ...] = ()
    keywords: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    shared_albums: tuple[str, ...] = ()
    deleted_albums: tuple[str, ...] = ()
    same_file: tuple[str, ...] = ()
    """UUIDs of the other rows that name the same file; "" for one without."""

    def first(self, *roles: FileRole) -> MediaFile | None:
        """The first file in one of the roles."""
        return next((item.file for item in self.files if item.role in roles), None)

    def content_identifiers(self) -> set[str]:
        """All that join the halves of a Live Photo, as row and files state them."""
        stated = {item.file.content_identifier for item in self.files}
        stated.add(self.row.media_group_uuid if self.row else None)
        return {identifier for identifier in stated if identifier}


def is_movie(file: MediaFile) -> bool:
    """Whether a file is a movie, by its name unless its bytes say otherwise."""
    return extension(_name(file)) in MOVIE_EXTENSIONS if file.by_bytes is None else file.by_bytes.is_video


def _name(file: MediaFile) -> str:
    """The name that tells the kind of file: a blob without a path has only the one its bytes gave it."""
    return file.entry.name or file.place.name


def _is_picture(file: MediaFile) -> bool:
    return extension(_name(file)) in IMAGE_EXTENSIONS if file.by_bytes is None else file.by_bytes.is_image


def sort_of(file: MediaFile) -> FileRole:
    """Movie, still or sidecar."""
    if is_movie(file):
        return FileRole.VIDEO
    return FileRole.STILL if _is_picture(file) else FileRole.ADJUSTMENTS


def rendition_role(file: MediaFile) -> FileRole:
    """What a file outside the folders of originals is, by its place and name."""
    part = file.place.part
    if part is MediaPathPart.EDIT:
        if not is_movie(file) and not _is_picture(file):
            return FileRole.ADJUSTMENTS
        if stem(_name(file)).casefold() in EDITOR_FILES:
            return FileRole.EDITOR_FILE
        return FileRole.EDITED_VIDEO if is_movie(file) else FileRole.EDITED_STILL
    return FileRole.REDUCED if part is MediaPathPart.REDUCED else FileRole.THUMBNAIL
