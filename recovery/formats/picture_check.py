"""Decodes a picture from its first pixel to its last, to tell whether it is whole; the image itself is not kept.

Warnings are the caller's, as in `decoding`.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from PIL import Image

from recovery import limits
from recovery.formats import heif_items
from recovery.formats.exif import FOREIGN_ERRORS
from recovery.formats.signatures import MediaType, sniff
from recovery.memory import has_room

_HEIF = frozenset((MediaType.HEIC, MediaType.HEIF))
_PILLOW = {
    MediaType.JPEG: "JPEG",
    MediaType.PNG: "PNG",
    MediaType.GIF: "GIF",
    MediaType.WEBP: "WEBP",
    MediaType.TIFF: "TIFF",
}
_CODED = frozenset((b"hvc1", b"hev1"))
# HEVC marks every third zero byte of its data with another byte (ITU-T H.265, 7.4.2), so that a run like this is none.
_HOLE = bytes(64)


class PictureState(StrEnum):
    """What decoding a whole picture told."""

    DECODED = "decoded"
    BROKEN = "not_decodable"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class PictureCheck:
    """Whether a picture could be decoded; `reason` is a phrase, empty for one that could."""

    state: PictureState
    reason: str = ""


class _NotCheckedError(Exception):
    """The picture cannot be decoded here, which says nothing of it."""


class _BrokenError(Exception):
    """The picture is not whole."""


def check_picture(stream: BinaryIO, *, expected: bool) -> PictureCheck | None:
    """Decode the picture that a stream holds; None for what is no picture, neither by its bytes nor `expected` to be.

    A type, a size or a feature that cannot be decoded here is not checked, and never broken. Raises what the stream
    raises: OSError and UnreadableFileError.
    """
    head = stream.read(limits.MEDIA_HEAD_BYTES)
    kind = sniff(head)
    if not head or not (kind.is_image or expected):
        return None
    try:
        if kind not in _HEIF and kind not in _PILLOW:
            raise _NotCheckedError("this type of picture cannot be decoded here")
        data = _whole(head, stream)
        if len(data) > limits.HEIF_BYTES:
            raise _NotCheckedError(f"it has more than {limits.HEIF_BYTES:,} bytes")
        if not has_room(limits.PICTURE_DECODER_BYTES):
            raise _NotCheckedError("there is not enough memory to decode it")
        if kind in _HEIF:
            _decode_heif(data)
        else:
            _decode(data, kind)
    except _NotCheckedError as error:
        return PictureCheck(PictureState.NOT_CHECKED, str(error))
    except _BrokenError as error:
        return PictureCheck(PictureState.BROKEN, str(error))
    except (MemoryError, Image.DecompressionBombError):
        return PictureCheck(PictureState.NOT_CHECKED, "there is not enough memory to decode it")
    return PictureCheck(PictureState.DECODED)


def _whole(head: bytes, stream: BinaryIO) -> bytes:
    """The head and what follows, at most a byte more than is decoded; a stream may give less than is asked for."""
    pieces, wanted = [head], limits.HEIF_BYTES + 1 - len(head)
    while wanted > 0 and (piece := stream.read(wanted)):
        pieces.append(piece)
        wanted -= len(piece)
    return b"".join(pieces)


def _decode(data: bytes, kind: MediaType) -> None:
    try:
        if kind is MediaType.JPEG:
            _refuse_holes_in_jpeg(data)
        image = Image.open(io.BytesIO(data), formats=(_PILLOW[kind],))
        _refuse_large(*image.size)
        image.load()
    except (MemoryError, Image.DecompressionBombError):
        raise
    except FOREIGN_ERRORS as error:
        if kind is MediaType.TIFF and "truncated" not in str(error):  # it may hold any compression
            raise _NotCheckedError("this kind of TIFF cannot be decoded here") from error
        raise _BrokenError(_said(error)) from error


def _refuse_holes_in_jpeg(data: bytes) -> None:
    """Raise _BrokenError where the coded picture of a baseline JPEG holds zeros, which decoders draw as something.

    Zeros are a picture only where in every table for AC coefficients the code of zero bits is that of the end of a
    block, so that they stand for blocks without detail (ITU-T T.81, F.1.2.2): such files are left to the decoder.
    """
    at, ends = 2, list[bool]()
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        code, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if code == 0xC2:  # progressive
            return
        if code == 0xC4:
            ends += _zero_bits_end_blocks(data[at + 4 : at + 2 + length])
        at += 2 + length
        if code == 0xDA:
            if all(ends):
                return
            end = data.find(b"\xff\xd9", at)
            if (hole := data.find(_HOLE, at, end if end >= 0 else len(data))) >= 0:
                raise _BrokenError(f"its picture has a hole of zeros at byte {hole:,}")
            return


def _zero_bits_end_blocks(tables: bytes) -> Iterator[bool]:
    """Of each Huffman table for AC coefficients in a segment, whether zero bits end a block."""
    at = 0
    while at + 17 <= len(tables):
        if tables[at] >> 4 == 1:
            yield tables[at + 17 : at + 18] == b"\0"
        at += 17 + sum(tables[at + 1 : at + 17])


def _decode_heif(data: bytes) -> None:
    try:
        from pillow_heif import open_heif  # imported late: it loads libheif
    except ImportError as error:
        raise _NotCheckedError("the library for HEIC cannot be loaded") from error
    _refuse_holes(data)
    try:
        opened = open_heif(io.BytesIO(data))[0]
        _refuse_large(*opened.size)
        opened.load()
    except MemoryError:
        raise
    except ImportError as error:  # also when it is used for the first time
        raise _NotCheckedError("the library for HEIC cannot be loaded") from error
    except FOREIGN_ERRORS as error:
        if "nsupported" in str(error) or "security limit" in str(error):
            raise _NotCheckedError("this kind of HEIC cannot be decoded here") from error
        raise _BrokenError(_said(error)) from error


def _refuse_holes(data: bytes) -> None:
    """Raise _BrokenError where coded data is cut off or holds zeros: the library draws what is left of it.

    A file that is not built in the usual way is left to the library.
    """
    try:
        pieces = list(_coded(data))
    except (heif_items.UnclearError, struct.error, IndexError):
        return
    for start, length in pieces:
        if start + length > len(data):
            raise _BrokenError(f"the file ends at byte {len(data):,}, its picture at {start + length:,}")
        if (hole := data.find(_HOLE, start, start + length)) >= 0:
            raise _BrokenError(f"its picture has a hole of zeros at byte {hole:,}")


def _coded(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and length of each piece of coded picture in the file."""
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"meta":
            break
        if length < 8:
            raise heif_items.UnclearError
        at += length
    else:
        raise heif_items.UnclearError
    body = data[at + 8 : at + length]
    parts = {kind: slice(first, last) for kind, first, last in heif_items.boxes(body, 4, len(body))}
    if b"iinf" not in parts or b"iloc" not in parts:
        raise heif_items.UnclearError
    coded = {
        number for number, kind in heif_items.kinds(body, parts[b"iinf"].start, parts[b"iinf"].stop) if kind in _CODED
    }
    for extent in heif_items.extents(body[parts[b"iloc"]]):
        if extent.item in coded and extent.method == heif_items.IN_FILE:
            yield extent.offset, extent.length


def _refuse_large(width: int, height: int) -> None:
    if width * height > limits.PREVIEW_PIXELS:
        raise _NotCheckedError(f"it has {width:,} x {height:,} pixels, more than are decoded here")


def _said(error: BaseException) -> str:
    """What a decoder says, in a phrase."""
    text = " ".join(str(error).split())[: limits.DECODER_MESSAGE]
    return f"its picture cannot be decoded ({text or type(error).__name__})"
