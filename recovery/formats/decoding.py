"""Decodes pictures and movie frames to small upright sRGB images, within limits, smallest effort first.

Decoders release the interpreter's lock, so threads serve to decode in parallel. Warnings are the caller's: a
thread must not change their filters.
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import BinaryIO

from PIL import Image, ImageCms, ImageOps

from recovery import limits
from recovery.errors import UnreadableFileError
from recovery.formats import frames, quicktime
from recovery.formats.exif import FOREIGN_ERRORS, dated
from recovery.formats.signatures import MediaType, sniff
from recovery.memory import refuse_without

_FORMATS = ("JPEG", "PNG", "GIF", "TIFF", "WEBP")
# An embedded thumbnail serves where it is not much smaller than what is wanted.
_ENOUGH = 0.75
# High enough that no difference is seen; 4:4:4 keeps the edges of colours.
_COPY_QUALITY = 95
_EXIF_PREFIX = b"Exif\0\0"
_BACKGROUND = (255, 255, 255)


def still(stream: BinaryIO, size: int, side: int | None = None) -> Image.Image:
    """A picture as it is meant to be seen: upright, RGB in sRGB, its longer side at most `side` pixels.

    `stream` is seekable and holds `size` bytes. A JPEG is decoded at a fraction of its size, and the thumbnail in
    a HEIC is taken, where that suffices. The image carries no metadata. Raises UnreadableFileError.
    """
    refuse_without(limits.PICTURE_DECODER_BYTES)
    try:
        stream.seek(0)
        kind = sniff(stream.read(min(size, limits.MEDIA_HEAD_BYTES)))
        stream.seek(0)
        if kind in (MediaType.HEIC, MediaType.HEIF):
            image = _heif(stream, size, side)
        elif kind.is_image:
            image = _pillow(stream, side)
        else:
            raise UnreadableFileError(f"The file is no picture ({kind.code}).")
        return _presented(image, side)
    except FOREIGN_ERRORS as error:
        raise UnreadableFileError(f"The picture cannot be decoded ({type(error).__name__}).") from error


def frame(stream: BinaryIO, size: int, side: int | None = None) -> Image.Image:
    """A frame of a movie as `still` gives a picture: that of a Live Photo's still, else the first.

    Raises UnreadableFileError, and MissingExtraError without the package for frames.
    """
    try:
        moment = quicktime.read_movie(stream, size).still_image_time_s
        stream.seek(0)
        return _presented(frames.frame_near(stream, moment or 0.0).image, side)
    except FOREIGN_ERRORS as error:
        raise UnreadableFileError(f"The movie cannot be decoded ({type(error).__name__}).") from error


def jpeg_copy(stream: BinaryIO, size: int, taken: datetime | None = None) -> bytes:
    """A picture as a JPEG of full size, upright, its colour profile and EXIF kept; never the original.

    `taken` becomes its date where it has none of its own. Raises UnreadableFileError.
    """
    refuse_without(limits.PICTURE_DECODER_BYTES)
    try:
        stream.seek(0)
        kind = sniff(stream.read(min(size, limits.MEDIA_HEAD_BYTES)))
        stream.seek(0)
        heif = kind in (MediaType.HEIC, MediaType.HEIF)
        image = _heif(stream, size, None) if heif else ImageOps.exif_transpose(_pillow(stream, None))
        kept = {name: image.info[name] for name in ("exif", "icc_profile") if image.info.get(name)}
        if "exif" in kept and not kept["exif"].startswith(_EXIF_PREFIX):
            kept["exif"] = _EXIF_PREFIX + kept["exif"]  # a HEIC of FaceTime stores it bare, a JPEG cannot
        if taken is not None:
            kept["exif"] = dated(kept.get("exif", b""), taken)
        output = io.BytesIO()
        _flattened(image).save(output, "JPEG", quality=_COPY_QUALITY, subsampling=0, **kept)
    except FOREIGN_ERRORS as error:
        raise UnreadableFileError(f"The picture cannot be converted ({type(error).__name__}).") from error
    return output.getvalue()


def presented(image: Image.Image, side: int) -> Image.Image:
    """An image of ours, such as a thumbnail table's, as `still` gives one."""
    return _presented(image, side)


def _heif(stream: BinaryIO, size: int, side: int | None) -> Image.Image:
    if size > limits.HEIF_BYTES:
        raise UnreadableFileError(f"The picture has more than {limits.HEIF_BYTES:,} bytes.")
    try:
        from pillow_heif import open_heif  # imported late: it loads libheif

        opened = open_heif(stream)[0]
    except ImportError as error:  # also when it is used for the first time
        raise UnreadableFileError(f"The library for HEIC cannot be loaded ({error}).") from error
    listed = opened.info.get("thumbnails")
    boxes = [box for box in listed if isinstance(box, int)] if isinstance(listed, list) else []
    if side is not None and boxes and max(boxes) >= _ENOUGH * side and hasattr(opened, "get_thumbnail"):
        try:
            small: Image.Image = opened.get_thumbnail(boxes.index(max(boxes))).to_pillow()
        except FOREIGN_ERRORS:
            pass  # the picture itself may still be whole
        else:
            return small
    _refuse_huge(*opened.size)
    image: Image.Image = opened.to_pillow()  # the library has turned it, and says so in the EXIF it hands out
    return image


def _pillow(stream: BinaryIO, side: int | None) -> Image.Image:
    image = Image.open(stream, formats=_FORMATS)
    if side is not None:
        image.draft("RGB", (side, side))
    _refuse_huge(*image.size)
    image.load()
    return image


def _refuse_huge(width: int, height: int) -> None:
    if width * height > limits.PREVIEW_PIXELS:
        raise UnreadableFileError(f"The picture has {width:,} x {height:,} pixels, too many for a preview.")


def _presented(image: Image.Image, side: int | None) -> Image.Image:
    profile, exif = image.info.get("icc_profile"), image.getexif()
    if side is not None:
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    image = ImageOps.exif_transpose(image) if exif else image
    image = _flattened(_in_srgb(image, profile))
    image.info.clear()
    return image


def _in_srgb(image: Image.Image, profile: object) -> Image.Image:
    """Phones store Display P3, which a viewer without colour management shows too pale."""
    if not isinstance(profile, bytes) or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    try:
        stored = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        turned = ImageCms.profileToProfile(image, stored, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, *FOREIGN_ERRORS):
        return image  # an unreadable profile: the colours as they are
    return turned or image


def _flattened(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        ground = Image.new("RGBA", layered.size, (*_BACKGROUND, 255))
        return Image.alpha_composite(ground, layered).convert("RGB")
    return image.convert("RGB")
