"""Apple's MakerNote: the identifier that joins the halves of a Live Photo."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery import limits
from recovery.formats.makernote import MakerNoteError, content_identifier

IDENTIFIER = "8A7B6C5D-1234-4321-ABCD-0123456789AB"

# A whole note, byte by byte.
NOTE = (
    b"Apple iOS\x00"  # the maker's name, NUL-terminated
    b"\x00\x01"  # version 1
    b"MM"  # big-endian; offsets below count from the "A" of Apple
    b"\x00\x02"  # two entries
    b"\x00\x01\x00\x09\x00\x00\x00\x01\x00\x00\x00\x0e"  # tag 1, signed long, one, 14 (MakerNoteVersion)
    b"\x00\x11\x00\x02\x00\x00\x00\x25\x00\x00\x00\x2c"  # tag 17, text, 37 bytes, at offset 44
    b"\x00\x00\x00\x00"  # no next directory
    b"8A7B6C5D-1234-4321-ABCD-0123456789AB\x00"  # offset 44
)


def little_endian(entries: int = 1) -> bytes:
    directory = struct.pack("<H", entries) + struct.pack("<HHII", 0x11, 2, 37, 32) + bytes(4)
    return b"Apple iOS\x00\x00\x01II" + directory + IDENTIFIER.encode() + b"\x00"


def test_the_identifier_is_read_in_both_byte_orders() -> None:
    """Tag 17 gives the identifier without its NUL, whichever byte order the note declares."""
    assert content_identifier(NOTE) == IDENTIFIER
    assert content_identifier(little_endian()) == IDENTIFIER


def test_a_note_of_another_maker_has_no_identifier() -> None:
    """Notes of other makers are not ours to read and not an error."""
    assert content_identifier(b"Nikon\x00" + NOTE) is None
    assert content_identifier(b"") is None


def test_a_picture_that_is_no_live_photo_has_no_identifier() -> None:
    """An Apple note without tag 17 says None, not an error."""
    assert content_identifier(NOTE.replace(b"\x00\x11\x00\x02", b"\x00\x12\x00\x02")) is None


def test_a_cut_note_never_gives_a_wrong_identifier() -> None:
    """Cut at any byte, the note gives the whole identifier or an error, never a part of it."""
    for cut in range(len(b"Apple iOS\x00"), len(NOTE)):
        with pytest.raises(MakerNoteError):
            content_identifier(NOTE[:cut])


@pytest.mark.parametrize(
    "broken",
    [
        NOTE.replace(b"MM", b"XX"),
        NOTE.replace(b"\x00\x11\x00\x02", b"\x00\x11\x00\x03"),  # not a text
        NOTE.replace(b"\x00\x00\x00\x25", b"\xff\xff\xff\xff"),  # four gigabytes long
        NOTE.replace(b"\x00\x00\x00\x2c", b"\xff\xff\xff\xf0"),  # far outside
    ],
)
def test_a_note_that_contradicts_itself_is_an_error(broken: bytes) -> None:
    """An impossible byte order, type, length or offset is named as an error of our own."""
    with pytest.raises(MakerNoteError):
        content_identifier(broken)


def test_a_note_with_too_many_entries_is_an_error() -> None:
    """More entries than any phone writes stop the search instead of prolonging it."""
    count = limits.MAKERNOTE_ENTRIES + 1
    filler = struct.pack(">HHII", 1, 9, 1, 1) * count
    with pytest.raises(MakerNoteError, match="entries"):
        content_identifier(b"Apple iOS\x00\x00\x01MM" + struct.pack(">H", count) + filler)


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=120).map(lambda rest: b"Apple iOS\x00\x00\x01MM" + rest)))
@settings(deadline=None)
def test_any_note_gives_a_text_or_our_error(note: bytes) -> None:
    """Hostile notes end in a text, in None or in MakerNoteError."""
    try:
        found = content_identifier(note)
    except MakerNoteError:
        return
    assert found is None or found.strip("\x00") == found
