"""Pixels of thumbnail table entries to pictures; the compressed encodings need an optional package."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from recovery.errors import MissingExtraError, UnreadableFileError
from recovery.formats.ithmb_formats import Encoding, block_bytes, row_bytes


def frame(encoding: Encoding, data: bytes, side: int) -> Image.Image:
    """The whole square of an uncompressed entry, `side` pixels wide and high.

    Raises UnreadableFileError when there are too few bytes.
    """
    stride = row_bytes(side, encoding)
    _require(data, stride * side)
    mode, raw = ("RGB", "BGR;15") if encoding is Encoding.X1RGB5 else ("RGBA", "BGRA")
    return Image.frombytes(mode, (side, side), data, "raw", raw, stride)


def letterboxed(square: Image.Image, width: int, height: int) -> Image.Image:
    """The picture out of the middle of its square; odd margins round as the system rounds them.

    On real entries with odd margins the soft edge of the scaled picture spills over by at most one pixel.
    """
    left, top = (square.width - width) >> 1, (square.height - height + 1) >> 1
    return square.crop((left, top, left + width, top + height))


def blocks(encoding: Encoding, data: bytes, width: int, height: int) -> Image.Image:
    """A picture in ASTC or BC7 blocks of 4 x 4 pixels.

    Raises MissingExtraError without the decoder package and UnreadableFileError when there are too few bytes
    (the decoders read past the end of what they are given, so the length is checked here).
    """
    needed = block_bytes(width, height)
    _require(data, needed)
    decode = _block_decoder(encoding)
    bgra = decode(data[:needed], width, height)
    _require(bgra, 4 * width * height)
    return Image.frombytes("RGBA", (width, height), bgra, "raw", "BGRA")


def _block_decoder(encoding: Encoding) -> Callable[[bytes, int, int], bytes]:
    try:
        import texture2ddecoder  # imported here because it is optional
    except ImportError as error:
        raise MissingExtraError(
            f"A thumbnail in {encoding.upper()} encoding needs a decoder that is not installed.",
            'Install it with: pip install "recover-facetime[thumbnails]".',
        ) from error
    if encoding is Encoding.BC7:
        return lambda data, width, height: bytes(texture2ddecoder.decode_bc7(data, width, height))
    return lambda data, width, height: bytes(texture2ddecoder.decode_astc(data, width, height, 4, 4))


def _require(data: bytes, needed: int) -> None:
    if len(data) < needed:
        raise UnreadableFileError(
            f"The thumbnail has {len(data):,} of {needed:,} bytes.",
            "The table ends in the middle of this entry; the other entries are still read.",
        )
