"""Tells what kind of file this is from its first bytes, for files whose name says nothing."""

from __future__ import annotations

import struct
from enum import StrEnum
from typing import Self


class MediaType(StrEnum):
    """A kind of file: its code, the file extension to give it (with dot, empty when unknown) and its MIME type."""

    HEIC = "heic", ".heic", "image/heic"
    HEIF = "heif", ".heif", "image/heif"
    AVIF = "avif", ".avif", "image/avif"
    JPEG = "jpeg", ".jpg", "image/jpeg"
    PNG = "png", ".png", "image/png"
    GIF = "gif", ".gif", "image/gif"
    TIFF = "tiff", ".tiff", "image/tiff"
    DNG = "dng", ".dng", "image/x-adobe-dng"
    WEBP = "webp", ".webp", "image/webp"
    MOV = "mov", ".mov", "video/quicktime"
    MP4 = "mp4", ".mp4", "video/mp4"
    M4A = "m4a", ".m4a", "audio/mp4"
    AAE = "aae", ".aae", "application/x-apple-adjustments"
    SQLITE = "sqlite", ".sqlite", "application/vnd.sqlite3"
    BINARY_PLIST = "binary_plist", ".plist", "application/x-plist"
    XML_PLIST = "xml_plist", ".plist", "application/x-plist"
    EMPTY = "empty", "", "application/x-empty"
    UNKNOWN = "unknown", "", "application/octet-stream"

    code: str
    extension: str
    mime: str

    def __new__(cls, code: str, extension: str, mime: str) -> Self:
        kind = str.__new__(cls, code)
        kind._value_ = kind.code = code
        kind.extension = extension
        kind.mime = mime
        return kind

    @property
    def is_image(self) -> bool:
        """A still picture."""
        return self.mime.startswith("image/")

    @property
    def is_video(self) -> bool:
        """A movie."""
        return self.mime.startswith("video/")


# Fixed bytes at the very start. RIFF, TIFF, ftyp files and plists need a second look and come after.
_PREFIXES = (
    (b"\xff\xd8\xff", MediaType.JPEG),
    (b"\x89PNG\r\n\x1a\n", MediaType.PNG),
    (b"GIF87a", MediaType.GIF),
    (b"GIF89a", MediaType.GIF),
    (b"SQLite format 3\x00", MediaType.SQLITE),
)

# Brands of the `ftyp` box (the registration authority's list, mp4ra.org). The HEVC ones decide over the general
# `mif1`/`msf1`, which iPhone pictures carry beside `heic`.
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"))
_HEIF_BRANDS = frozenset((b"mif1", b"msf1"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_AUDIO_BRANDS = frozenset((b"M4A ", b"M4B ", b"M4P "))
_QUICKTIME_BRAND = b"qt  "

# Old QuickTime files have no `ftyp`; they start with one of these atoms.
_QUICKTIME_ATOMS = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))

# Every edit description of Photos (.AAE) is a plist with this key; in both plist kinds it stands in plain ASCII.
_ADJUSTMENT_KEY = b"adjustmentFormatIdentifier"

_DNG_VERSION_TAG = 0xC612
_XML_STARTS = (b"<?xml", b"<!DOCTYPE plist", b"<plist")


def sniff(head: bytes) -> MediaType:
    """The kind of a file from its first bytes; 64 bytes serve for most kinds, 4 KiB for DNG and AAE.

    Never raises. `EMPTY` for no bytes at all, `UNKNOWN` for everything that is not recognised.
    """
    if not head:
        return MediaType.EMPTY
    if head[4:8] == b"ftyp":  # most files of a phone
        return _by_brand(head)
    for prefix, kind in _PREFIXES:
        if head.startswith(prefix):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return MediaType.WEBP
    if head[:4] in (b"II*\x00", b"MM\x00*"):
        return MediaType.DNG if _has_dng_tag(head) else MediaType.TIFF
    if head[4:8] in _QUICKTIME_ATOMS:
        return MediaType.MOV
    return _plist(head)


def _by_brand(head: bytes) -> MediaType:
    # size, "ftyp", major brand, minor version, then the compatible brands up to the box's size.
    major = head[8:12]
    if major == _QUICKTIME_BRAND:
        return MediaType.MOV
    if major in _HEIC_BRANDS:
        return MediaType.HEIC
    if major in _AUDIO_BRANDS:
        return MediaType.M4A
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[at : at + 4] for at in range(16, end - 3, 4)} | {major}
    if brands & _AVIF_BRANDS:
        return MediaType.AVIF
    if brands & _HEIC_BRANDS:
        return MediaType.HEIC
    return MediaType.HEIF if brands & _HEIF_BRANDS else MediaType.MP4


def _has_dng_tag(head: bytes) -> bool:
    order = "<" if head[:2] == b"II" else ">"
    try:
        (first,) = struct.unpack_from(order + "I", head, 4)
        (count,) = struct.unpack_from(order + "H", head, first)
    except struct.error:
        return False
    tags = (head[at : at + 2] for at in range(first + 2, min(first + 2 + 12 * count, len(head) - 1), 12))
    return any(int.from_bytes(tag, "little" if order == "<" else "big") == _DNG_VERSION_TAG for tag in tags)


def _plist(head: bytes) -> MediaType:
    if head.startswith(b"bplist0"):
        return MediaType.AAE if _ADJUSTMENT_KEY in head else MediaType.BINARY_PLIST
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(_XML_STARTS) and b"<plist" in text:
        return MediaType.AAE if _ADJUSTMENT_KEY in text else MediaType.XML_PLIST
    return MediaType.UNKNOWN
