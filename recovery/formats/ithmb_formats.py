"""What the thumbnail format numbers mean: side, crop and pixel encoding of each, as data.

Sources: names, sides, crops and kinds were read in public decompilations of two system builds that agree; lengths
follow from them and are confirmed on real files for the pairs in `SEEN` (bytes) and for 3304, 3310 and 4031 of an
iPhone with iOS 14.3 (sizes only).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from recovery.provenance import Tier

FOOTER_BYTES = 28
"""Last bytes of each entry: UUID (16), width (u32), height (u32), reserved (i32), little-endian."""


class Encoding(StrEnum):
    """How the pixels of a table entry are stored."""

    X1RGB5 = "x1rgb5"
    """16 bits a pixel, little-endian, 5 bits a channel, top bit unused (iPhone and iPad)."""
    BGRA = "bgra"
    """32 bits a pixel (Mac)."""
    ASTC = "astc"
    """ASTC blocks of 4 x 4 pixels, 16 bytes each (iPhone, iPad, Mac with Apple silicon)."""
    BC7 = "bc7"
    """BC7 blocks of 4 x 4 pixels, 16 bytes each (Mac)."""
    UNKNOWN = "unknown"
    """The entry length is known and fits no encoding, or fits both ASTC and BC7."""


BYTES_PER_PIXEL = {Encoding.X1RGB5: 2, Encoding.BGRA: 4, Encoding.ASTC: 1, Encoding.BC7: 1}
"""What an entry sets aside for each pixel of its frame."""


def row_bytes(side: int, encoding: Encoding) -> int:
    """Bytes of one row of the frame: the side rounded up to a multiple of 8 pixels."""
    return BYTES_PER_PIXEL[encoding] * ((side + 7) & ~7)


def entry_length(side: int, encoding: Encoding) -> int:
    """Bytes of one entry, footer included."""
    return row_bytes(side, encoding) * side + FOOTER_BYTES


def block_bytes(width: int, height: int) -> int:
    """Bytes of a picture in blocks of 4 x 4 pixels and 16 bytes, packed for its own size."""
    return 16 * ((width + 3) // 4) * ((height + 3) // 4)


@dataclass(frozen=True, slots=True)
class ThumbnailFormat:
    """One format number; `encodings` is what a table of it may hold, empty where it only exists as JPEG files.

    `side` is in pixels: of the square, or the longest (AspectLong) or shortest (AspectShort) side.
    `cropped` pictures fill the square; others lie in the middle of it, their margins empty.
    """

    format_id: int
    name: str
    side: int
    cropped: bool
    encodings: tuple[Encoding, ...]


_RAW = (Encoding.X1RGB5, Encoding.BGRA)  # which one is decided by the file: the platform does not show in the ID
_OLD_RAW = (Encoding.X1RGB5,)  # a JPEG today, a table on old iPads
_ASTC = (Encoding.ASTC,)
_BC7 = (Encoding.BC7,)
_JPEG: tuple[Encoding, ...] = ()

FORMATS = {
    row[0]: ThumbnailFormat(*row)
    for row in (
        (3301, "Square16", 16, True, _RAW),
        (3303, "Square22", 22, True, _RAW),
        (3304, "Square25", 25, True, _RAW),
        (3305, "Square32", 32, True, _RAW),
        (3306, "Square39", 39, True, _RAW),
        (3307, "Square40_ASTC", 40, True, _ASTC),
        (3309, "Square64", 64, True, _RAW),
        (3310, "Square75", 75, True, _RAW),
        (3311, "Square78", 78, True, _RAW),
        (3314, "Square125", 125, True, _RAW),
        (3315, "Square128", 128, True, _RAW),
        (3316, "Square128_ASTC", 128, True, _ASTC),
        (3319, "Square157", 157, True, _OLD_RAW),
        (3324, "Square124_ASTC", 124, True, _ASTC),
        (3334, "Square24_ASTC", 24, True, _ASTC),
        (3339, "Square64_ASTC", 64, True, _ASTC),
        (3350, "Square76_ASTC", 76, True, _ASTC),
        (3355, "Square32_ASTC", 32, True, _ASTC),
        (3356, "Square32_BC7", 32, True, _BC7),
        (3501, "AspectLong132", 132, False, _JPEG),
        (3503, "AspectLong180", 180, False, _JPEG),
        (3505, "AspectLong264", 264, False, _JPEG),
        (3507, "AspectLong360", 360, False, _JPEG),
        (3601, "AspectLong160Table", 160, False, _RAW),
        (3602, "AspectLong160Table_BC7", 160, False, _BC7),
        (4029, "AspectLong180Table_ASTC", 180, False, _ASTC),
        (4030, "AspectLong180Table", 180, False, _RAW),
        (4031, "AspectLong120", 120, False, _RAW),
        (4032, "AspectLong32", 32, False, _RAW),
        (4131, "AspectLong240", 240, False, _JPEG),
        (4132, "AspectLong64", 64, False, _RAW),
        (4133, "AspectLong64_BC7", 64, False, _BC7),
        (4134, "AspectLong64_ASTC", 64, False, _ASTC),
        (4531, "AspectLong120_ASTC", 120, False, _ASTC),
        (4532, "AspectLong120_BC7", 120, False, _BC7),
        (5001, "AspectShort128", 128, False, _JPEG),
        (5003, "AspectShort256", 256, False, _JPEG),
        (5005, "AspectShort360", 360, False, _JPEG),
    )
}
"""Every known format by its number."""

SEEN = frozenset(
    {
        (3305, Encoding.BGRA),
        (4031, Encoding.BGRA),
        (4132, Encoding.BGRA),
        (3356, Encoding.BC7),
        (4133, Encoding.BC7),
        (4532, Encoding.BC7),
    }
)
"""Pairs that were decoded from real files, all of macOS, and looked at."""


def tier_of(format_id: int | None, encoding: Encoding) -> Tier:
    """Documented for what real files have shown, untested for the rest."""
    return Tier.DOCUMENTED if (format_id, encoding) in SEEN else Tier.UNTESTED


# JPEG files before tables; within each, more of the picture and more pixels first. A cropped square gives way to
# a whole picture of nearly its side, and beats one of half its side.
BEST_FIRST = (
    *(5005, 5003, 3507, 3505, 4131, 3503, 5001, 3501),
    *(4030, 4029, 3601, 3602, 4031, 4531, 4532, 3319, 3315, 3316, 3314, 3324),
    *(3311, 3350, 3310, 4132, 4134, 4133, 3309, 3339),
    *(3307, 3306, 4032, 3305, 3355, 3356, 3304, 3334, 3303, 3301),
)
"""Format numbers, the best picture first."""

_RANKS = {format_id: place for place, format_id in enumerate(BEST_FIRST)}


def rank(format_id: int | None) -> int:
    """Place of a format in `BEST_FIRST`, 0 is the best; unknown formats come last."""
    return _RANKS.get(format_id, len(BEST_FIRST)) if format_id is not None else len(BEST_FIRST)
