"""Chooses for each asset which of its files may be shown, best first, and says what kind of picture that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from recovery.analysis.model import Asset, AssetFile, FileRole, FileState
from recovery.photos_db.camera_roll_paths import MOVIE_EXTENSIONS, extension


class Shown(StrEnum):
    """What a preview was made from."""

    PHOTO = "photo"
    EDITED = "edited"
    MESSAGES = "messages"
    SHARED_WITH_YOU = "shared_with_you"
    REDUCED = "reduced"
    FRAME = "frame"
    THUMBNAIL = "thumbnail"
    TABLE = "table"


SHOWN = {
    Shown.PHOTO: "Made from the photo itself.",
    Shown.EDITED: "Made from the edited version; the original is not here or cannot be shown.",
    Shown.MESSAGES: "Made from the copy in Messages, not from the original.",
    Shown.SHARED_WITH_YOU: "Made from the copy in Shared with You, not from the original.",
    Shown.REDUCED: "Made from a smaller copy, not from the original.",
    Shown.FRAME: "A frame of the video, not a photo.",
    Shown.THUMBNAIL: "The phone's own thumbnail: a small preview, not the photo.",
    Shown.TABLE: "From a table of thumbnails: a tiny preview, not the photo.",
}
NOT_THE_PHOTO = frozenset({Shown.THUMBNAIL, Shown.TABLE})
"""What a card labels, where there is nothing better."""


@dataclass(frozen=True, slots=True)
class PictureCandidate:
    """One file that may give a picture."""

    shown: Shown
    file: AssetFile

    @property
    def is_movie(self) -> bool:
        """Whether a frame has to be taken from it."""
        return is_movie(self.file)


_BY_ROLE = {
    FileRole.STILL: Shown.PHOTO,
    FileRole.EDITED_STILL: Shown.EDITED,
    FileRole.MESSAGES_COPY: Shown.MESSAGES,
    FileRole.SHARED_WITH_YOU_COPY: Shown.SHARED_WITH_YOU,
    FileRole.REDUCED: Shown.REDUCED,
    FileRole.VIDEO: Shown.FRAME,
    FileRole.PAIRED_VIDEO: Shown.FRAME,
    FileRole.EDITED_VIDEO: Shown.FRAME,
    FileRole.THUMBNAIL: Shown.THUMBNAIL,
    FileRole.THUMBNAIL_TABLE: Shown.TABLE,
}
_ORDER = {shown: place for place, shown in enumerate(Shown)}


def is_movie(file: AssetFile) -> bool:
    """Whether the name says that a file is a movie."""
    return extension(file.name) in MOVIE_EXTENSIONS


def candidates(asset: Asset) -> list[PictureCandidate]:
    """Files that may be shown, the best first: the photo itself before anything made from it."""
    return sorted(_all(asset), key=_rank)


def quick_candidates(asset: Asset) -> list[PictureCandidate]:
    """The same for a small preview: the phone's own thumbnail first, because it costs next to nothing."""
    return sorted(candidates(asset), key=lambda item: item.shown is not Shown.THUMBNAIL)


def movies(asset: Asset) -> list[AssetFile]:
    """Movies that could be played, the original first."""
    playable = [item for item in asset.files if is_movie(item) and item.state is FileState.PRESENT]
    return sorted(playable, key=lambda item: list(FileRole).index(item.role))


def _all(asset: Asset) -> Iterator[PictureCandidate]:
    for item in asset.files:
        shown = _BY_ROLE.get(item.role)
        if shown is not None and item.state in (FileState.PRESENT, FileState.DAMAGED) and not item.blank:
            yield PictureCandidate(Shown.FRAME if is_movie(item) else shown, item)


def _rank(item: PictureCandidate) -> tuple[int | bool, ...]:
    area = item.file.pixels[0] * item.file.pixels[1] if item.file.pixels else 0
    return item.file.state is FileState.DAMAGED, _ORDER[item.shown], -area, -(item.file.size or 0)
