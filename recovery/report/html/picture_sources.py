"""Finds the files that may show an asset, best first, and decodes them to small pictures."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from recovery.analysis.model import Asset, FileRole
from recovery.case import TableFile
from recovery.errors import UnreadableFileError
from recovery.extraction.copying import source_of
from recovery.formats import decoding
from recovery.formats.exif import FOREIGN_ERRORS
from recovery.photos_db.thumbnail_tables import ThumbnailTable, decode_entry
from recovery.report.html.picture_choice import PictureCandidate, Shown, candidates, movies, quick_candidates
from recovery.source.backup_view import BackupView
from recovery.source.manifest import ManifestEntry

SMALL, LARGE = 320, 1600
"""Longer side in pixels of a preview in the gallery, and of one that is looked at alone."""
_QUALITY = 80


@dataclass(frozen=True, slots=True)
class PreviewSource:
    """One candidate with its place in the backup: the manifest's entry, and the table it stands in."""

    candidate: PictureCandidate
    entry: ManifestEntry
    table: ThumbnailTable | None = None


@dataclass(frozen=True, slots=True)
class PictureSources:
    """The pictures of one backup; `image` may be called in any thread."""

    view: BackupView
    tables: Mapping[tuple[str, str], ThumbnailTable]

    def quick(self, asset: Asset) -> tuple[PreviewSource, ...]:
        """What may give a small picture: the phone's own thumbnail first."""
        return tuple(self._found(quick_candidates(asset)))

    def best(self, asset: Asset) -> tuple[PreviewSource, ...]:
        """What may give a large picture: the photo itself first."""
        return tuple(self._found(candidates(asset)))

    def movie(self, asset: Asset, most_bytes: int | None = None) -> PreviewSource | None:
        """The video to play, the original first; none of more than `most_bytes`."""
        fits = (item for item in movies(asset) if most_bytes is None or (item.size or 0) <= most_bytes)
        film = next(fits, None)
        return next(self._found([PictureCandidate(Shown.FRAME, film)]), None) if film else None

    def image(self, source: PreviewSource, side: int) -> Image.Image:
        """The picture, its longer side at most `side` pixels. Raises UnreadableFileError and MissingExtraError."""
        file = source.candidate.file
        try:
            with self.view.open(source.entry) as stream:
                if file.role is FileRole.THUMBNAIL_TABLE:
                    return _from_table(source, stream, side)
                size = stream.seek(0, io.SEEK_END)
                decode = decoding.frame if source.candidate.is_movie else decoding.still
                return decode(stream, size, side)
        except FOREIGN_ERRORS as error:
            raise UnreadableFileError(f"The picture cannot be read ({type(error).__name__}).") from error

    def _found(self, wanted: Iterable[PictureCandidate]) -> Iterator[PreviewSource]:
        for item in wanted:
            entry = source_of(self.view, item.file.domain, item.file.path, item.file.file_id)
            if entry is not None:
                yield PreviewSource(item, entry, self.tables.get((item.file.domain, item.file.path)))


def save_jpeg(image: Image.Image, stream: BinaryIO) -> None:
    """Write a preview as a JPEG."""
    image.save(stream, "JPEG", quality=_QUALITY, optimize=image.width <= SMALL)


def tables_by_path(files: Iterable[TableFile]) -> Mapping[tuple[str, str], ThumbnailTable]:
    """Thumbnail tables by domain and path."""
    return {(item.entry.domain, item.entry.relative_path): item.table for item in files}


def _from_table(source: PreviewSource, stream: BinaryIO, side: int) -> Image.Image:
    number = source.candidate.file.index
    entry = source.table.entries.in_slot(number) if source.table and number is not None else None
    if source.table is None or entry is None:
        raise UnreadableFileError("The table does not have this thumbnail.")
    return decoding.presented(decode_entry(source.table, entry, stream), side)
