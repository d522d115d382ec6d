"""The Live Photo identifier in Apple's MakerNote, the camera maker's own table inside EXIF: read and written.

Layout (checked on real pictures of three iPhone models): 14 bytes of header, `Apple iOS\\0`, version 00 01 and the
byte order mark `MM` or `II`; then an ordinary TIFF directory: a 16-bit count and entries of 12 bytes (tag, type,
count, value or offset). Offsets count from the first byte of the note, not of the EXIF block.
Tag 17 (0x11) holds the identifier that the paired movie repeats as `com.apple.quicktime.content.identifier`.
"""

from __future__ import annotations

import struct

from recovery import limits

HEADER = b"Apple iOS\x00"
_ORDERS = {b"MM": ">", b"II": "<"}
_DIRECTORY_AT = 14
_ENTRY_BYTES = 12
_CONTENT_IDENTIFIER = 0x11
_ASCII = 2


class MakerNoteError(ValueError):
    """An Apple MakerNote that cannot be read to the identifier; the message says what is wrong."""


def content_identifier(note: bytes) -> str | None:
    """The Live Photo identifier (a UUID as text, 36 characters), or None.

    None means: not an Apple note, or an Apple note without tag 17 (every picture that is no Live Photo).
    Raises MakerNoteError for an Apple note that is cut or contradicts itself before the answer is known.
    """
    if not note.startswith(HEADER):
        return None
    order = _ORDERS.get(note[12:14])
    if order is None:
        raise MakerNoteError("unknown byte order in Apple's MakerNote")
    if len(note) < _DIRECTORY_AT + 2:
        raise MakerNoteError("Apple's MakerNote ends inside its header")
    (count,) = struct.unpack_from(order + "H", note, _DIRECTORY_AT)
    first = _DIRECTORY_AT + 2
    for index in range(min(count, limits.MAKERNOTE_ENTRIES)):
        at = first + index * _ENTRY_BYTES
        if at + _ENTRY_BYTES > len(note):
            raise MakerNoteError("Apple's MakerNote ends inside its directory")
        tag, kind, length, offset = struct.unpack_from(order + "HHII", note, at)
        if tag == _CONTENT_IDENTIFIER:
            return _text(note, kind, length, offset, at + 8)
    if count > limits.MAKERNOTE_ENTRIES:
        raise MakerNoteError(f"Apple's MakerNote claims {count} entries")
    return None


def with_identifier(identifier: str) -> bytes:
    """A MakerNote that holds nothing but a content identifier; what `content_identifier` reads back.

    For pictures derived from the movie of a Live Photo, so that photo tools know which movie they belong to.
    Raises ValueError for an identifier that is not ASCII.
    """
    text = identifier.encode("ascii") + b"\x00"
    value_at = _DIRECTORY_AT + 2 + _ENTRY_BYTES + 4  # behind the count, one entry and the end of the directory
    entry = struct.pack(">HHHII", 1, _CONTENT_IDENTIFIER, _ASCII, len(text), value_at)
    return HEADER + b"\x00\x01MM" + entry + bytes(4) + text


def _text(note: bytes, kind: int, length: int, offset: int, inline_at: int) -> str | None:
    if kind != _ASCII or length > limits.METADATA_TEXT:
        raise MakerNoteError("the content identifier of Apple's MakerNote is not a short text")
    start = inline_at if length <= 4 else offset
    raw = note[start : start + length]
    if len(raw) < length:
        raise MakerNoteError("the content identifier lies outside Apple's MakerNote")
    return raw.split(b"\x00")[0].decode("ascii", "replace").strip() or None
