"""Turns an EXIF block, as Pillow parsed it, into the few facts we ask pictures for.

Tags and encodings are those of the Exif standard (CIPA DC-008); Apple's MakerNote is read by `makernote`.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from PIL import ExifTags, Image

from recovery import limits
from recovery.clock import in_calendar
from recovery.formats import makernote

FOREIGN_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
    Image.DecompressionBombError,
)
"""What Pillow and pillow-heif raise for damaged pictures, by their documentation and by fuzzing."""

_TAG = ExifTags.Base
_GPS = ExifTags.GPS
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")


@dataclass(frozen=True, slots=True)
class ExifFacts:
    """What one EXIF block says; None where it says nothing. Units as in `media.MediaFacts`."""

    orientation: int | None = None
    make: str | None = None
    model: str | None = None
    lens_model: str | None = None
    software: str | None = None
    user_comment: str | None = None
    date_original: datetime | None = None
    offset_time: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    content_identifier: str | None = None
    has_thumbnail: bool | None = None
    problems: tuple[str, ...] = ()


def read_block(data: bytes | None) -> ExifFacts:
    """The facts of an EXIF block as it stands in a file (with or without `Exif\\0\\0`). Raises nothing."""
    block = Image.Exif()
    try:
        block.load(data or b"")
    except FOREIGN_ERRORS as error:
        return ExifFacts(problems=(f"the EXIF block cannot be parsed: {type(error).__name__}",))
    return read_exif(block)


def read_exif(exif: Image.Exif) -> ExifFacts:
    """The facts of a parsed EXIF block; a directory that cannot be read becomes a problem. Raises nothing."""
    problems: list[str] = []
    main = _directory(exif, None, problems)
    details = _directory(exif, ExifTags.IFD.Exif, problems)
    gps = _directory(exif, ExifTags.IFD.GPSInfo, problems)
    thumbnail = _directory(exif, ExifTags.IFD.IFD1, problems)
    orientation = main.get(_TAG.Orientation)
    offset = _text(details.get(_TAG.OffsetTimeOriginal)) or _text(details.get(_TAG.OffsetTime))
    return ExifFacts(
        orientation=orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else None,
        make=_text(main.get(_TAG.Make)),
        model=_text(main.get(_TAG.Model)),
        lens_model=_text(details.get(_TAG.LensModel)),
        software=_text(main.get(_TAG.Software)),
        user_comment=_user_comment(details.get(_TAG.UserComment), exif.endian or ">"),
        date_original=_date(details, offset),
        offset_time=offset,
        latitude=_degrees(gps, _GPS.GPSLatitude, _GPS.GPSLatitudeRef, "S", 90),
        longitude=_degrees(gps, _GPS.GPSLongitude, _GPS.GPSLongitudeRef, "W", 180),
        content_identifier=_content_identifier(details.get(_TAG.MakerNote), problems),
        has_thumbnail=_TAG.JpegIFOffset in thumbnail,
        problems=tuple(problems),
    )


def set_date(exif: Image.Exif, taken: datetime) -> bool:
    """Say when a picture was taken, in the zone of `taken`; False where the block holds such a date already."""
    details = exif.get_ifd(ExifTags.IFD.Exif)
    if _date(details, None) is not None:
        return False
    if (taken.utcoffset() or timedelta()) % timedelta(minutes=1):
        taken = taken.astimezone(UTC)  # EXIF has no seconds in an offset
    offset = f"{taken:%z}"
    details[_TAG.DateTimeOriginal] = f"{taken.year:04d}:{taken:%m:%d %H:%M:%S}"
    details[_TAG.OffsetTimeOriginal] = f"{offset[:3]}:{offset[3:5]}"
    details[_TAG.SubsecTimeOriginal] = f"{taken.microsecond // 1000:03d}"
    return True


def dated(block: bytes, taken: datetime) -> bytes:
    """A stored EXIF block with the date of `set_date`; as it is where it has one or cannot be parsed."""
    exif = Image.Exif()
    try:
        exif.load(block)
        return exif.tobytes() if set_date(exif, taken) else block
    except FOREIGN_ERRORS:
        return block


def _directory(exif: Image.Exif, which: ExifTags.IFD | None, problems: list[str]) -> Mapping[int, Any]:
    try:
        return dict(exif) if which is None else exif.get_ifd(which)
    except FOREIGN_ERRORS as error:
        name = "main" if which is None else which.name
        problems.append(f"EXIF directory {name}: {type(error).__name__}")
        return {}


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    return value.replace("\x00", "").strip()[: limits.METADATA_TEXT] or None


# UserComment starts with eight bytes that name its encoding; zeros mean "undefined".
_COMMENT_CODE_BYTES = 8


def _user_comment(value: object, endian: str) -> str | None:
    if not isinstance(value, bytes):
        return _text(value)  # written with a text type, against the standard
    code, raw = value[:_COMMENT_CODE_BYTES], value[_COMMENT_CODE_BYTES:]
    match code.rstrip(b"\x00"):
        case b"ASCII":
            return _text(raw)
        case b"UNICODE":
            if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
                return _text(raw.decode("utf-16", "replace"))
            return _text(raw.decode("utf-16-le" if endian == "<" else "utf-16-be", "replace"))
        case b"JIS":
            return _text(raw.decode("iso2022_jp", "replace"))
        case b"":
            return _text(raw)
    return _text(value)  # the code was left out


def _date(details: Mapping[int, Any], offset: str | None) -> datetime | None:
    try:
        moment = datetime.strptime(_text(details.get(_TAG.DateTimeOriginal)) or "", "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None  # absent, or the "0000:00:00 00:00:00" of a camera whose clock was never set
    fraction = _text(details.get(_TAG.SubsecTimeOriginal)) or ""
    if fraction.isascii() and fraction.isdecimal():
        moment = moment.replace(microsecond=int(fraction[:6].ljust(6, "0")))
    zone = _OFFSET.fullmatch(offset or "")
    if zone is None or int(zone[2]) > 23 or int(zone[3]) > 59:
        return moment
    east = timedelta(hours=int(zone[2]), minutes=int(zone[3]))
    return in_calendar(moment.replace(tzinfo=timezone(east if zone[1] == "+" else -east)))


def _degrees(gps: Mapping[int, Any], tag: int, reference: int, negative: str, most: float) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in gps.get(tag, ()))
    except (TypeError, ValueError, ArithmeticError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or not 0 <= value <= most:
        return None
    return -value if _text(gps.get(reference)) == negative else value


def _content_identifier(note: object, problems: list[str]) -> str | None:
    if not isinstance(note, bytes):
        return None
    try:
        return makernote.content_identifier(note)
    except makernote.MakerNoteError as error:
        problems.append(str(error))
        return None
