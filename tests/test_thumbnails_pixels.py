"""Pixels of thumbnail entries, against entries written by hand and against other people's codecs."""

from __future__ import annotations

import io
import random
import struct
import uuid

import pytest
from PIL import Image

from recovery.errors import UnreadableFileError
from recovery.formats import ithmb_pixels as pixels
from recovery.formats.ithmb_formats import Encoding, block_bytes
from recovery.photos_db.thumbnail_tables import decode_entry, read_table

OWNER = uuid.UUID("12345678-9ABC-4DEF-8123-456789ABCDEF")


def decoded(name: str, frame: bytes, width: int, height: int) -> Image.Image:
    """The picture of a table of one entry with this frame."""
    data = frame + OWNER.bytes + struct.pack("<IIi", width, height, 0)
    table = read_table(name, io.BytesIO(data), len(data), {str(OWNER): 0})
    (entry,) = table.reading.records
    return decode_entry(table, entry, io.BytesIO(data))


def gradient(width: int, height: int) -> Image.Image:
    """A smooth colour picture: red grows to the right, green downwards, blue along both."""
    picture = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            picture.putpixel((x, y), (255 * x // width, 255 * y // height, 127 * (x + y) // (width + height)))
    return picture


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures of one size, in levels of 0..255."""
    assert one.size == other.size
    left, right = one.convert("RGB").tobytes(), other.convert("RGB").tobytes()
    return sum(abs(a - b) for a, b in zip(left, right, strict=True)) / len(left)


def test_sixteen_bits_by_hand() -> None:
    """A 3304 entry as an iPhone lays it out: rows of 25 pixels stored as 32, each x RRRRR GGGGG BBBBB."""
    row = b"".join(
        (
            b"\x00\x7c",  # 0 11111 00000 00000: red, low byte first
            b"\xe0\x03",  # 0 00000 11111 00000: green
            b"\x1f\x00",  # 0 00000 00000 11111: blue
            b"\xff\xff",  # 1 11111 11111 11111: white; the top bit means nothing
            b"\x00\x40",  # 0 10000 00000 00000: half red, 16 of 31
            bytes(20 * 2),  # black up to pixel 25
            b"\xff\x7f" * 7,  # stored, never shown: rows are rounded up to 32 pixels
        )
    )
    picture = decoded("3304.ithmb", row * 25, 25, 25)
    assert picture.size == (25, 25)
    shown = [picture.getpixel((x, 24)) for x in range(25)]
    assert shown[:4] == [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
    assert shown[4] == (131, 0, 0)  # 16 * 255 / 31, rounded down
    assert set(shown[5:]) == {(0, 0, 0)}


@pytest.mark.parametrize(
    ("width", "height", "left", "top"),
    # left = (32 - width) >> 1, top = (32 - height + 1) >> 1
    [(32, 20, 0, 6), (32, 21, 0, 6), (20, 32, 6, 0), (21, 32, 5, 0)],
)
def test_a_letterboxed_picture_is_cut_out(width: int, height: int, left: int, top: int) -> None:
    """A picture that does not fill its square comes out at its own size, from its place, without margins."""
    square = Image.new("RGBA", (32, 32))
    square.paste((200, 100, 50, 255), (left, top, left + width, top + height))
    blue, green, red, alpha = (square.getchannel(channel) for channel in "BGRA")
    picture = decoded("4032.ithmb", Image.merge("RGBA", (blue, green, red, alpha)).tobytes(), width, height)
    assert picture.size == (width, height)
    assert picture.getcolors() == [(width * height, (200, 100, 50, 255))]


def test_a_cropped_picture_fills_its_square() -> None:
    """A cropped format shows the whole square, whatever shape the footer says the photo has."""
    assert decoded("3305.ithmb", bytes(range(256)) * 16, 32, 21).size == (32, 32)


def test_sixteen_bits_against_ffmpeg() -> None:
    """Random 16-bit pixels come out as FFmpeg shows them, whose 5 to 8 bit rounding differs by at most 1."""
    av = pytest.importorskip("av")
    raw = random.Random(5).randbytes(2 * 32 * 32)
    header = struct.pack("<IiiHHIIiiII", 40, 32, -32, 1, 16, 0, len(raw), 0, 0, 0, 0)  # top-down, uncompressed
    bitmap = b"BM" + struct.pack("<IHHI", 54 + len(raw), 0, 0, 54) + header + raw
    with av.open(io.BytesIO(bitmap), format="bmp_pipe") as container:
        frame = next(container.decode(video=0))
    assert frame.format.name == "rgb555le"
    plane = frame.reformat(format="rgb24").planes[0]
    rows = bytes(plane)
    theirs = b"".join(rows[y * plane.line_size : y * plane.line_size + 96] for y in range(32))
    ours = decoded("4032.ithmb", raw, 32, 32).tobytes()
    assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) <= 1


@pytest.mark.parametrize(("width", "height"), [(120, 120), (120, 90), (67, 120), (118, 1)])
def test_astc_against_arm_encoder(width: int, height: int) -> None:
    """A picture compressed by Arm's encoder, placed as 4531 places it, comes back nearly the same."""
    pytest.importorskip("texture2ddecoder")
    astc = pytest.importorskip("astc_encoder")
    original = gradient(width, height)
    context = astc.ASTCContext(astc.ASTCConfig(astc.ASTCProfile.LDR_SRGB, 4, 4))
    image = astc.ASTCImage(astc.ASTCType.U8, width, height, data=original.convert("RGBA").tobytes())
    packed = context.compress(image, astc.ASTCSwizzle.from_str("rgba"))
    assert len(packed) == block_bytes(width, height)
    picture = decoded("4531.ithmb", packed.ljust(14400, b"\0"), width, height)
    assert difference(picture, original) < 2


def test_an_astc_block_by_hand() -> None:
    """A block of one colour, written bit by bit, fills its 4 x 4 pixels."""
    pytest.importorskip("texture2ddecoder")
    block = b"".join(
        (
            b"\xfc\xfd",  # bits 0..8 = 1 1111 1100: void extent; bit 9 = 0: 8-bit range; bits 10, 11 set
            b"\xff" * 6,  # extent of all ones: the colour holds everywhere
            struct.pack("<4H", 0xFFFF, 0x8080, 0x0000, 0xFFFF),  # red, green, blue, alpha of 16 bits
        )
    )
    picture = pixels.blocks(Encoding.ASTC, block, 4, 4)
    assert picture.getcolors() == [(16, (255, 128, 0, 255))]


def test_a_bc7_block_by_hand() -> None:
    """A block of mode 5 with both endpoints alike, written bit by bit, fills its 4 x 4 pixels."""
    pytest.importorskip("texture2ddecoder")
    bits = 1 << 5  # mode 5: five zero bits, then a one; rotation and all indices stay zero
    for place, value in ((8, 127), (15, 127), (22, 64), (29, 64), (36, 0), (43, 0)):
        bits |= value << place  # red, green, blue: two endpoints of 7 bits each
    for place in (50, 58):
        bits |= 255 << place  # alpha: two endpoints of 8 bits
    picture = pixels.blocks(Encoding.BC7, bits.to_bytes(16, "little"), 4, 4)
    assert picture.getcolors() == [(16, (255, 129, 0, 255))]  # 64 of 7 bits widens to 1000000|1


@pytest.mark.parametrize("encoding", [Encoding.ASTC, Encoding.BC7])
def test_too_few_blocks_are_refused(encoding: Encoding) -> None:
    """One byte too few never reaches the decoders, which read past the end of what they get."""
    with pytest.raises(UnreadableFileError, match="47 of 48"):
        pixels.blocks(encoding, bytes(47), 9, 4)


def test_too_few_rows_are_refused() -> None:
    """An entry that is cut off raises our error, not Pillow's."""
    with pytest.raises(UnreadableFileError, match="799 of 1,600"):
        pixels.frame(Encoding.X1RGB5, bytes(799), 25)
