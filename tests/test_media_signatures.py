"""The kind of a file from its first bytes."""

from __future__ import annotations

import plistlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery.formats.signatures import MediaType, sniff


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(body) + 4) + body + b"\x00\x00\x00\x08mdat"


ADJUSTMENT = {"adjustmentFormatIdentifier": "com.apple.photo", "adjustmentFormatVersion": "1.5"}

KNOWN = [
    (ftyp(b"heic", b"mif1", b"MiHB", b"heic"), MediaType.HEIC),  # iPhone
    (ftyp(b"mif1", b"mif1", b"heic"), MediaType.HEIC),
    (ftyp(b"heix", b"mif1"), MediaType.HEIC),
    (ftyp(b"mif1", b"miaf"), MediaType.HEIF),
    (ftyp(b"mif1", b"avif"), MediaType.AVIF),
    (ftyp(b"qt  ", b"qt  "), MediaType.MOV),
    (ftyp(b"mp42", b"isom", b"mp42"), MediaType.MP4),
    (ftyp(b"M4A ", b"mp42"), MediaType.M4A),
    (b"\x00\x00\x00\x08wide\x00\x00\x10\x00mdat", MediaType.MOV),  # QuickTime before ftyp existed
    (b"\xff\xd8\xff\xe1\x00\x10Exif", MediaType.JPEG),
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", MediaType.PNG),
    (b"GIF89a\x01\x00", MediaType.GIF),
    (b"RIFF\x10\x00\x00\x00WEBPVP8 ", MediaType.WEBP),
    (b"RIFF\x10\x00\x00\x00WAVEfmt ", MediaType.UNKNOWN),
    (b"II*\x00\x08\x00\x00\x00\x01\x00\x00\x01", MediaType.TIFF),
    (b"MM\x00*\x00\x00\x00\x08\x00\x02" + b"\x01\x00" + bytes(10) + b"\xc6\x12" + bytes(10), MediaType.DNG),
    (b"II*\x00\x08\x00\x00\x00\x01\x00" + b"\x12\xc6" + bytes(10), MediaType.DNG),
    (b"SQLite format 3\x00\x10\x00", MediaType.SQLITE),
    (plistlib.dumps({"a": 1}, fmt=plistlib.FMT_BINARY), MediaType.BINARY_PLIST),
    (plistlib.dumps({"a": 1}), MediaType.XML_PLIST),
    (plistlib.dumps(ADJUSTMENT), MediaType.AAE),
    (plistlib.dumps(ADJUSTMENT, fmt=plistlib.FMT_BINARY), MediaType.AAE),
    (b"\xef\xbb\xbf" + plistlib.dumps({"a": 1}), MediaType.XML_PLIST),
    (b"<?xml version='1.0'?><svg/>", MediaType.UNKNOWN),
    (b"", MediaType.EMPTY),
    (bytes(512), MediaType.UNKNOWN),
]


@pytest.mark.parametrize(("head", "kind"), KNOWN, ids=[f"{kind.code}-{n}" for n, (_, kind) in enumerate(KNOWN)])
def test_a_known_start_is_recognised(head: bytes, kind: MediaType) -> None:
    """Every kind we know is told from its first bytes alone."""
    assert sniff(head) is kind


def test_every_kind_except_nothing_and_unknown_has_an_extension() -> None:
    """A recovered blob of a known kind can always be given a name that opens."""
    unnamed = {kind for kind in MediaType if not kind.extension.startswith(".")}
    assert unnamed == {MediaType.EMPTY, MediaType.UNKNOWN}


@given(head=st.one_of(st.binary(max_size=200), st.sampled_from(KNOWN).map(lambda k: k[0]).flatmap(
    lambda head: st.integers(0, len(head)).map(lambda cut: head[:cut])
)))  # fmt: skip
@settings(deadline=None)
def test_any_bytes_have_a_kind(head: bytes) -> None:
    """No start of a file, whole or cut anywhere, raises; only no bytes at all are called empty."""
    assert (sniff(head) is MediaType.EMPTY) == (head == b"")
