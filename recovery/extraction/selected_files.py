"""Which assets an extraction takes, and which of their files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from recovery.analysis.found import is_notable
from recovery.analysis.model import Asset, FaceTimeMessage, asset_key
from recovery.analysis.search import Search


class Reduced(StrEnum):
    """When thumbnails and other copies that are not the photo itself are written."""

    NEVER = "never"
    WHEN_NEEDED = "when_needed"
    """For assets without their original: the largest reduced copy, and copies from Messages."""
    ALWAYS = "always"


class Frames(StrEnum):
    """When a frame is taken out of the movie of a Live Photo; it is never the original."""

    NEVER = "never"
    WHEN_NEEDED = "when_needed"
    """For a Live Photo whose still is lost: the frame at the moment of the still."""
    BEST = "best"
    """Also the sharpest frame of every FaceTime photo, since their stills are small frames of a call."""


@dataclass(frozen=True, slots=True)
class Selection(Search):
    """Which assets, and which of their files: a search, and the kinds to take.

    By default: FaceTime (from `possible` up), deleted and hidden ones, loose media, FaceTime messages. `everything`
    takes the whole library. A filter that names a kind (`min_confidence`, `deleted`, `hidden`, `live`, `subtypes`,
    `uuids`, `keys`) looks through the whole library instead; filters narrow each other.
    """

    everything: bool = False
    loose: bool = True
    reduced: Reduced = Reduced.WHEN_NEEDED
    edits: bool = True
    frames: Frames = Frames.WHEN_NEEDED
    jpeg: bool = False
    """Also a JPEG of every HEIC photo, original and edited, for programs that cannot show them."""
    posters: bool = False
    """Also the first frame of every video."""
    album_folders: bool = False
    """Also a folder for each album, in which the files of its photos have a second name."""
    keys: frozenset[str] | None = None
    """Only assets with these keys (findings.model.asset_key), as `lost_in` gives them; an empty set takes none."""

    def takes(self, asset: Asset, *, loose: bool) -> bool:
        """Whether an asset is chosen; `loose` tells that its file has no row in the library."""
        if not self.fits(asset):
            return False
        if not self._names_kind:
            return self.everything or is_notable(asset) or (loose and self.loose)
        return self.keys is None or asset_key(asset) in self.keys

    @property
    def takes_files_without_asset(self) -> bool:
        """Whether files of which nothing but bytes is known are chosen: no filter can be answered for them."""
        return self.loose and not (self._names_kind or self.narrows)

    def takes_message(self, message: FaceTimeMessage) -> bool:
        """Whether a FaceTime message is chosen: dates narrow them, any other filter is about photos."""
        asks_photos = self._names_kind or self.near or self.persons or self.albums or self.text
        return not asks_photos and self.covers(message.real_created)

    @property
    def _names_kind(self) -> bool:
        return self.names_kind or self.keys is not None
