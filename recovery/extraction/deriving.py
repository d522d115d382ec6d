"""Make derived pictures: a thumbnail-table entry as a PNG, a frame of a movie as a JPEG; never an original."""

from __future__ import annotations

import io
from collections.abc import Iterable
from importlib.util import find_spec

from PIL import Image

from recovery.backup.view import BackupView
from recovery.case import TableFile
from recovery.errors import UnreadableFileError
from recovery.extraction.pictures import Derivation, PlannedPicture
from recovery.photos.decoding import jpeg_copy
from recovery.photos.frames import frame_near, sharpest_frame
from recovery.photos.media import read_media
from recovery.photos.thumbnails import decode_entry

_JPEG_QUALITY = 95


def can_take_frames() -> bool:
    """Whether the optional package that decodes movies is installed."""
    return find_spec("av") is not None


class Deriver:
    """Makes the derived pictures of one backup. The same picture always has the same bytes."""

    def __init__(self, view: BackupView, tables: Iterable[TableFile]) -> None:
        self._view = view
        self._tables = {file.entry.relative_path: file for file in tables}

    def __call__(self, picture: PlannedPicture) -> bytes:
        """The bytes of a picture; raises UnreadableFileError or MissingExtraError."""
        output = io.BytesIO()
        if picture.derivation is Derivation.TABLE_PICTURE:
            self._entry(picture).save(output, "PNG")
        elif picture.derivation in (Derivation.JPEG_COPY, Derivation.JPEG_COPY_OF_EDIT):
            return self._jpeg(picture)
        else:
            self._frame(picture).save(output, "JPEG", quality=_JPEG_QUALITY)
        return output.getvalue()

    def _entry(self, picture: PlannedPicture) -> Image.Image:
        file = self._tables.get(picture.file.path)
        if file is None:
            raise UnreadableFileError("The thumbnail table of this picture was not read.")
        entry = next((entry for entry in file.table.reading if entry.index == picture.file.index), None)
        if entry is None:
            raise UnreadableFileError("The thumbnail table holds no such entry.")
        with self._view.open(file.entry) as stream:
            return decode_entry(file.table, entry, stream)

    def _jpeg(self, picture: PlannedPicture) -> bytes:
        source = self._view.index.lookup(picture.file.domain, picture.file.path)
        if source is None:
            raise UnreadableFileError("The manifest does not list the picture.")
        with self._view.open(source) as stream:
            return jpeg_copy(stream, stream.seek(0, io.SEEK_END))

    def _frame(self, picture: PlannedPicture) -> Image.Image:
        source = self._view.index.lookup(picture.file.domain, picture.file.path)
        if source is None:
            raise UnreadableFileError("The manifest does not list the movie.")
        with self._view.open(source) as stream:
            if picture.derivation is Derivation.SHARPEST_FRAME:
                return sharpest_frame(stream).image
            if picture.derivation is Derivation.POSTER_FRAME:
                return frame_near(stream, 0.0).image
            facts = next(iter(read_media(stream, picture.file.size or 0, picture.file.path).records), None)
            stream.seek(0)
            return frame_near(stream, facts.still_image_time_s if facts else None).image
