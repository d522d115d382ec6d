"""Looks inside a picture or movie for what it says about itself: camera, dates, place, Live Photo marks.

Pictures are read by Pillow and pillow-heif, which parse the metadata and decode no pixels here, movies by
`quicktime`. Values are given as stored; whether a comment marks a FaceTime photo is judged elsewhere.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from PIL import Image

from recovery import limits
from recovery.clock import Moment, in_calendar
from recovery.errors import UnreadableFileError
from recovery.formats import exif, quicktime
from recovery.formats.quicktime_atoms import Walker
from recovery.formats.signatures import MediaType, sniff
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap, Reading, unreadable
from recovery.refusals import refused

CONTENT_IDENTIFIER_KEY = "com.apple.quicktime.content.identifier"


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What one media file says about itself; None: it does not say, or it could not be read (see the gaps).

    width, height       pixels of the picture as shown upright; of a movie: `tkhd` of the first video track
    orientation         EXIF 0x0112, 1 to 8, as stored (in a HEIC it repeats what the container has already turned)
    make, model         EXIF 0x010F, 0x0110; `com.apple.quicktime.make`, `.model`
    lens_model          EXIF 0xA434; `com.apple.quicktime.camera.lens_model`
    software            EXIF 0x0131 (iOS version, or an app); `com.apple.quicktime.software`
    user_comment        EXIF 0x9286 without its encoding prefix
    date_original       EXIF 0x9003 with 0x9291; `com.apple.quicktime.creationdate`. Aware when an offset is
                        stored, otherwise naive local time of the camera
    offset_time         EXIF 0x9011 or 0x9010, such as `-05:00`
    movie_created       `mvhd` creation time, UTC; the writer's clock, for a copy the time of copying
    latitude, longitude degrees, north and east positive: EXIF GPS; `com.apple.quicktime.location.ISO6709`
    content_identifier  joins the halves of a Live Photo: Apple MakerNote tag 17; the QuickTime key of that name
    duration_s          seconds, `mvhd`
    picture_s           seconds from the start of the movie to the end of its first video track, `tkhd`
    quicktime_keys      every (key, value) of namespace `mdta`, the movie's first, then its tracks'
    has_still_image_time    whether a timed metadata track marks the moment of the still, as in paired videos
    still_image_time_s  seconds from the start of the movie to that moment
    has_thumbnail       whether a smaller picture is embedded
    """

    type: MediaType
    width: int | None = None
    height: int | None = None
    orientation: int | None = None
    make: str | None = None
    model: str | None = None
    lens_model: str | None = None
    software: str | None = None
    user_comment: str | None = None
    date_original: datetime | None = None
    offset_time: str | None = None
    movie_created: Moment | None = None
    latitude: float | None = None
    longitude: float | None = None
    content_identifier: str | None = None
    duration_s: float | None = None
    picture_s: float | None = None
    quicktime_keys: tuple[tuple[str, str], ...] = ()
    has_still_image_time: bool | None = None
    still_image_time_s: float | None = None
    has_thumbnail: bool | None = None


_Read = tuple[MediaFacts, tuple[str, ...]]
_HIDES = ("content identifier", "FaceTime marks inside the file", "camera, date and place")


def read_media(stream: BinaryIO, size: int, where: str = "") -> Reading[MediaFacts]:
    """Exactly one record about a media file, and a gap for everything about it that could not be read.

    `stream` is seekable and holds `size` bytes; `where` is the path to name in gaps. The kind is told from the
    bytes, not the name. Damaged, cut, empty and hostile files end in gaps; nothing is raised, no pixel decoded.
    """
    kind = MediaType.UNKNOWN
    try:
        stream.seek(0)
        kind = sniff(stream.read(min(size, limits.MEDIA_HEAD_BYTES)))
        if kind is MediaType.EMPTY:
            empty = Gap(GapSubject.MEDIA_FILE, where, GapReason.EMPTY_FILE, _HIDES)
            return Reading((MediaFacts(kind),), (empty,))
        if kind in _UNREAD:
            unread = Gap(GapSubject.MEDIA_CONTENTS, where, GapReason.NOT_LOOKED_INTO, _HIDES, part=kind.code.upper())
            return Reading((MediaFacts(kind),), (unread,))
        reader = _READERS.get(kind)
        facts, problems = reader(stream, size, kind) if reader else (MediaFacts(kind), ())
    except OSError as error:
        gap = unreadable(GapSubject.MEDIA_CONTENTS, where, refused(error), *_HIDES, part=kind.code.upper())
        return Reading((MediaFacts(kind),), (gap,))
    except UnreadableFileError as error:
        facts, problems = MediaFacts(kind), (f"the file cannot be read: {error}",)
    gaps = tuple(
        unreadable(GapSubject.MEDIA_CONTENTS, where, problem, *_HIDES, part=kind.code.upper()) for problem in problems
    )
    return Reading((facts,), gaps)


# --- pictures --------------------------------------------------------------------------------------------


def _pillow_picture(stream: BinaryIO, size: int, kind: MediaType) -> _Read:
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            stream.seek(0)
            image = Image.open(stream, formats=(_PILLOW_FORMATS[kind],))
            header_end = stream.tell()
            # Image.getexif() of a PNG decodes the picture to look for a late EXIF chunk; a TIFF has no block.
            block = image.info.get("exif")
            found = exif.read_exif(image.getexif()) if image.format == "TIFF" else exif.read_block(block)
    except exif.FOREIGN_ERRORS as error:
        _raise_refusal(error)
        return MediaFacts(kind), (_unparsed(error),)
    width, height = image.size if (found.orientation or 1) < 5 else reversed(image.size)
    problems = found.problems + _warned(caught)
    return _picture(kind, width, height, found), problems + _missing_end(
        stream, max(header_end, size - limits.MEDIA_HEAD_BYTES), kind
    )


def _missing_end(stream: BinaryIO, start: int, kind: MediaType) -> tuple[str, ...]:
    # Looked for behind the header, because a thumbnail in the header has an end mark of its own.
    mark = _END_MARKS.get(kind)
    stream.seek(start)
    if mark is None or mark in stream.read(limits.MEDIA_HEAD_BYTES):
        return ()
    return ("the end mark is missing: the picture is probably cut",)


def _heif_picture(stream: BinaryIO, size: int, kind: MediaType) -> _Read:
    if size > limits.HEIF_BYTES:
        return MediaFacts(kind), (f"larger than {limits.HEIF_BYTES} bytes",)
    walker = Walker(stream, size)
    for _ in walker.children(walker.root):
        pass  # libheif says nothing when only pixels are cut off; the outermost atoms do
    try:
        from pillow_heif import open_heif  # imported late: it loads libheif, which most runs need not

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            image = open_heif(stream, convert_hdr_to_8bit=False)
            found = exif.read_block(image.info.get("exif"))
            width, height = image.size
            has_thumbnail = bool(image.info.get("thumbnails"))
    except ImportError as error:  # also when it is used for the first time
        return MediaFacts(kind), (f"the library for HEIC cannot be loaded ({error})",)
    except exif.FOREIGN_ERRORS as error:
        _raise_refusal(error)
        return MediaFacts(kind), (_unparsed(error), *walker.problems)
    problems = found.problems + _warned(caught) + tuple(walker.problems)
    return _picture(kind, width, height, found, has_thumbnail), problems


def _raise_refusal(error: BaseException) -> None:
    """Raise again what the system says, which has a number; decoders have none for a damaged picture."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error


def _unparsed(error: BaseException) -> str:
    # The message of an OSError may carry a path of this computer.
    said = "" if isinstance(error, OSError) else str(error).strip().split("\n")[0][:200]
    return f"the picture cannot be parsed: {said or type(error).__name__}"


def _warned(caught: list[warnings.WarningMessage]) -> tuple[str, ...]:
    # A damaged directory may warn about every entry; the first tells what is wrong.
    more = f" (and {len(caught) - 1} more)" if len(caught) > 1 else ""
    return (f"{str(caught[0].message)[:200]}{more}",) if caught else ()


def _picture(
    kind: MediaType, width: int, height: int, found: exif.ExifFacts, has_thumbnail: bool = False
) -> MediaFacts:
    return MediaFacts(
        type=kind,
        width=width,
        height=height,
        orientation=found.orientation,
        make=found.make,
        model=found.model,
        lens_model=found.lens_model,
        software=found.software,
        user_comment=found.user_comment,
        date_original=found.date_original,
        offset_time=found.offset_time,
        latitude=found.latitude,
        longitude=found.longitude,
        content_identifier=found.content_identifier,
        has_thumbnail=has_thumbnail or found.has_thumbnail,
    )


# --- movies ----------------------------------------------------------------------------------------------

# ISO 6709 in degrees, as phones write it: +34.6648-086.4704+197.095/
_POSITION = re.compile(r"([+-]\d{2}(?:\.\d+)?)([+-]\d{3}(?:\.\d+)?)")


def _movie(stream: BinaryIO, size: int, kind: MediaType) -> _Read:
    movie = quicktime.read_movie(stream, size)
    values = dict(reversed(movie.keys))  # the first value of a key counts

    def value(name: str) -> str | None:
        return values.get(f"com.apple.quicktime.{name}") or None

    taken = _movie_date(value("creationdate"))
    position = _POSITION.match(value("location.ISO6709") or "")
    facts = MediaFacts(
        type=kind,
        width=movie.width,
        height=movie.height,
        make=value("make"),
        model=value("model"),
        lens_model=value("camera.lens_model"),
        software=value("software"),
        date_original=taken,
        offset_time=taken.isoformat()[-6:] if taken and taken.tzinfo else None,
        movie_created=movie.created,
        latitude=float(position[1]) if position else None,
        longitude=float(position[2]) if position else None,
        content_identifier=values.get(CONTENT_IDENTIFIER_KEY) or None,
        duration_s=movie.duration_s,
        picture_s=movie.picture_s,
        quicktime_keys=movie.keys,
        has_still_image_time=movie.has_still_image_time,
        still_image_time_s=movie.still_image_time_s,
    )
    return facts, movie.problems


def _movie_date(text: str | None) -> datetime | None:
    try:
        return in_calendar(datetime.fromisoformat(text)) if text else None
    except ValueError:
        return None


_PILLOW_FORMATS = {
    MediaType.JPEG: "JPEG",
    MediaType.PNG: "PNG",
    MediaType.GIF: "GIF",
    MediaType.TIFF: "TIFF",
    MediaType.DNG: "TIFF",
}
_END_MARKS = {MediaType.JPEG: b"\xff\xd9", MediaType.PNG: b"IEND"}

# Pictures no phone camera or FaceTime writes; their facts are left alone rather than read by one more parser.
_UNREAD = frozenset((MediaType.WEBP, MediaType.AVIF))

_READERS: dict[MediaType, Callable[[BinaryIO, int, MediaType], _Read]] = {
    **dict.fromkeys(_PILLOW_FORMATS, _pillow_picture),
    MediaType.HEIC: _heif_picture,
    MediaType.HEIF: _heif_picture,
    MediaType.MOV: _movie,
    MediaType.MP4: _movie,
}
