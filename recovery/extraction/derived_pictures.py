"""Which derived pictures an extraction makes: table entries, frames and conversions, each named NOT-ORIGINAL."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recovery.analysis.model import ORIGINALS, Asset, AssetFile, FileRole, FileState, Verdict
from recovery.extraction import names
from recovery.extraction.selected_files import Frames, Reduced, Selection
from recovery.formats.ithmb_formats import rank
from recovery.photos_db.camera_roll_paths import IMAGE_EXTENSIONS, MOVIE_EXTENSIONS, SENT_COPIES, media_path

ROLE_ORDER = {role: number for number, role in enumerate(FileRole)}
"""The order in which an asset's files are planned."""
_LIVE_MOVIES = SENT_COPIES | {FileRole.PAIRED_VIDEO}
# With one of these a small table entry adds nothing.
_BETTER_THAN_TABLE = (ORIGINALS | SENT_COPIES) | {
    FileRole.EDITED_STILL,
    FileRole.REDUCED,
    FileRole.THUMBNAIL,
}


class Derivation(StrEnum):
    """A picture made here from what the backup holds, because the original is not a file of its own or is lost."""

    TABLE_PICTURE = "thumbnail"
    STILL_FRAME = "frame"
    SHARPEST_FRAME = "sharpest frame"
    POSTER_FRAME = "poster frame"
    JPEG_COPY = "JPEG copy"
    JPEG_COPY_OF_EDIT = "JPEG copy of the edit"


FROM_MOVIES = frozenset({Derivation.STILL_FRAME, Derivation.SHARPEST_FRAME, Derivation.POSTER_FRAME})
_JPEG_COPIES = {
    FileRole.STILL: Derivation.JPEG_COPY,
    FileRole.EDITED_STILL: Derivation.JPEG_COPY_OF_EDIT,
}
_HEIC = (".heic", ".heif", ".hif")


@dataclass(frozen=True, slots=True)
class PlannedPicture:
    """A derived picture: how it is made, from which file, and where it goes. Its name says NOT-ORIGINAL.

    `taken` is when the photo was taken, at its place; it becomes the date in the picture and of its file.
    """

    derivation: Derivation
    file: AssetFile
    target: str
    taken: datetime | None


def pictures_of(asset: Asset, stem: str, selection: Selection) -> Iterator[PlannedPicture]:
    """The pictures to make: the largest table entry when nothing better is left, and frames of the movie."""
    here = {file.role for file in asset.files if file.state is not FileState.MISSING and not file.blank}
    if selection.reduced is not Reduced.NEVER and not here & _BETTER_THAN_TABLE:
        entries = [file for file in asset.files if file.role is FileRole.THUMBNAIL_TABLE]
        if entries:
            best = min(entries, key=best_first)
            yield _picture(asset, Derivation.TABLE_PICTURE, best, stem, "png")
    yield from _asked_for(asset, stem, selection)
    movies = [file for file in asset.files if _is_live_movie(file)]
    if asset.live_photo is None or not movies:
        return
    still_left = asset.live_photo.still or any(map(_is_still_copy, asset.files))
    if selection.frames is not Frames.NEVER and not still_left:
        yield _picture(asset, Derivation.STILL_FRAME, movies[0], stem, "jpg")
    if selection.frames is Frames.BEST and asset.facetime.verdict is not Verdict.NO:
        yield _picture(asset, Derivation.SHARPEST_FRAME, movies[0], stem, "jpg")


def _asked_for(asset: Asset, stem: str, selection: Selection) -> Iterator[PlannedPicture]:
    """Conversions that nobody needs and some want; one of each kind."""
    whole = [file for file in asset.files if file.state is FileState.PRESENT]
    for role, derivation in _JPEG_COPIES.items() if selection.jpeg else ():
        stills = (file for file in whole if file.role is role and file.name.lower().endswith(_HEIC))
        for still in itertools.islice(stills, 1):
            yield _picture(asset, derivation, still, stem, "jpg")
    videos = (file for file in whole if file.role is FileRole.VIDEO)
    for video in itertools.islice(videos, 1) if selection.posters else ():
        yield _picture(asset, Derivation.POSTER_FRAME, video, stem, "jpg")


def _is_live_movie(file: AssetFile) -> bool:
    movie = f".{names.extension(file.name).lower()}" in MOVIE_EXTENSIONS
    return file.role in _LIVE_MOVIES and movie and file.state is not FileState.MISSING and not file.blank


def _is_still_copy(file: AssetFile) -> bool:
    picture = f".{names.extension(file.name).lower()}" in IMAGE_EXTENSIONS
    return file.role in SENT_COPIES and picture and file.state is FileState.PRESENT


def _picture(asset: Asset, derivation: Derivation, file: AssetFile, stem: str, ending: str) -> PlannedPicture:
    size = " {}x{}".format(*file.pixels) if file.pixels else ""
    target = f"{stem} (NOT-ORIGINAL {derivation}{size}).{ending}"
    return PlannedPicture(derivation, file, target, names.local_time(asset))


def best_first(file: AssetFile) -> tuple[object, ...]:
    """Whole before damaged, renditions before thumbnails, and among thumbnails the better format."""
    place = media_path(file.domain, file.path)
    format_id = place.format_id if place else None
    damaged = file.state is FileState.DAMAGED
    return damaged, ROLE_ORDER[file.role], rank(format_id), -(file.size or 0), file.path
