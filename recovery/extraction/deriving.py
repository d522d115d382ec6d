"""Make derived pictures: a thumbnail-table entry as a PNG, a frame of a movie as a JPEG; never an original."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from importlib.util import find_spec
from typing import BinaryIO

from PIL import ExifTags, Image

from recovery.case import TableFile
from recovery.errors import UnreadableFileError
from recovery.extraction.copying import source_of
from recovery.extraction.derived_pictures import Derivation, PlannedPicture
from recovery.formats.decoding import jpeg_copy
from recovery.formats.exif import set_date
from recovery.formats.frames import Frame, frame_near, sharpest_frame
from recovery.formats.makernote import with_identifier
from recovery.formats.media import read_media
from recovery.photos_db.thumbnail_tables import decode_entry
from recovery.source.backup_view import BackupView

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
        if picture.derivation is Derivation.TABLE_PICTURE:
            output = io.BytesIO()
            self._entry(picture).save(output, "PNG", exif=_exif(picture).tobytes() if picture.taken else b"")
            return output.getvalue()
        with self._open(picture) as stream:
            if picture.derivation in (Derivation.JPEG_COPY, Derivation.JPEG_COPY_OF_EDIT):
                return jpeg_copy(stream, stream.seek(0, io.SEEK_END), picture.taken)
            return _frame(picture, stream)

    def _open(self, picture: PlannedPicture) -> BinaryIO:
        file = picture.file
        source = source_of(self._view, file.domain, file.path, file.file_id)
        if source is None:
            raise UnreadableFileError("The manifest does not list the file that the picture is made from.")
        return self._view.open(source)

    def _entry(self, picture: PlannedPicture) -> Image.Image:
        file = self._tables.get(picture.file.path)
        if file is None:
            raise UnreadableFileError("The thumbnail table of this picture was not read.")
        entry = file.table.entries.in_slot(picture.file.index) if picture.file.index is not None else None
        if entry is None:
            raise UnreadableFileError("The thumbnail table holds no such entry.")
        with self._view.open(file.entry) as stream:
            return decode_entry(file.table, entry, stream)


def _frame(picture: PlannedPicture, stream: BinaryIO) -> bytes:
    """A frame as JPEG. One that stands in for a lost still names the movie it belongs to, and says what it is."""
    if picture.derivation is Derivation.POSTER_FRAME:
        return _jpeg(picture, frame_near(stream, 0.0))
    facts = next(iter(read_media(stream, picture.file.size or 0, picture.file.path).records), None)
    stream.seek(0)
    if picture.derivation is Derivation.SHARPEST_FRAME:
        return _jpeg(picture, sharpest_frame(stream))
    frame = frame_near(stream, facts.still_image_time_s if facts else None)
    return _jpeg(picture, frame, facts.content_identifier if facts else None)


def _exif(picture: PlannedPicture) -> Image.Exif:
    exif = Image.Exif()
    if picture.taken is not None:
        set_date(exif, picture.taken)
    return exif


def _jpeg(picture: PlannedPicture, frame: Frame, identifier: str | None = None) -> bytes:
    exif = _exif(picture)
    exif[ExifTags.Base.ImageDescription] = f"Frame of a video at {frame.seconds:.2f} s, not the original photo"
    note = with_identifier(identifier) if identifier is not None and identifier.isascii() else None
    if note is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = note
    block = exif.tobytes()
    if note is not None:
        # Pillow stores bytes as BYTE; Exif wants UNDEFINED here, and some programs read nothing else.
        order = "<" if exif.endian == "<" else ">"
        byte, undefined = (struct.pack(f"{order}HHI", ExifTags.Base.MakerNote, kind, len(note)) for kind in (1, 7))
        block = block.replace(byte, undefined, 1)
    output = io.BytesIO()
    frame.image.save(output, "JPEG", quality=_JPEG_QUALITY, exif=block)
    return output.getvalue()
