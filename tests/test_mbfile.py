"""MBFile archives: the direct reader gives what plistlib gives, and refuses everything else."""

from __future__ import annotations

import plistlib
import sqlite3
import struct
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.archiver import FileRecord, archive_file
from fixtures.hostile import binary_plist, dictionary_of, text_of
from recovery import limits
from recovery.errors import UnreadableArchiveError
from recovery.formats.mbfile import MBFile, read_extended_attributes, read_mbfile

KEY = b"\x03\x00\x00\x00" + b"\x07" * 40
RECORD = FileRecord("Media/DCIM/100APPLE/IMG_0001.HEIC", 739_403, 0o100644, 3, 1_610_913_847, 1_610_913_850,
                    1_610_913_840, 250_111, None, b"\x99" * 20, KEY, b"some")  # fmt: skip
KEYS = ("Size", "Mode", "LastModified", "Birth", "ProtectionClass", "EncryptionKey", "Digest",
        "ExtendedAttributes")  # fmt: skip
NUMBERS, REALS = ("Size", "Mode", "ProtectionClass"), ("LastModified", "Birth")


REFUSALS = (plistlib.InvalidFileException, ValueError, LookupError, TypeError, AttributeError, RecursionError,
            OverflowError, MemoryError)  # fmt: skip
"""What plistlib raises on bytes that are no property list."""


def as_plistlib_reads(archive: bytes) -> MBFile | None:
    """The same values by way of plistlib, each None where it is of another type; None where it refuses."""
    try:
        top = plistlib.loads(archive, fmt=plistlib.FMT_BINARY)
        objects = top["$objects"]
        root = objects[top["$top"]["root"].data]
        return MBFile(*(_value(key, root.get(key), objects) for key in KEYS))
    except REFUSALS:
        return None


def _value(key: str, value: object, objects: list[Any]) -> Any:
    if isinstance(value, plistlib.UID):
        value = objects[value.data] if value.data < len(objects) else None
    if isinstance(value, dict):
        value = value.get("NS.data")
    if key in NUMBERS:
        return value if type(value) is int and value.bit_length() < 64 else None
    if key in REALS:
        return value if type(value) in (int, float) else None
    return value if type(value) is bytes else None


def as_read(archive: bytes) -> MBFile | None:
    """What the direct reader gives; None where it refuses."""
    try:
        return read_mbfile(archive)
    except UnreadableArchiveError:
        return None


@given(
    path=st.text(max_size=40),
    numbers=st.lists(st.integers(0, 2**63 - 1), min_size=4, max_size=4),
    key=st.none() | st.binary(min_size=44, max_size=44),
    attributes=st.none() | st.binary(max_size=70_000),
)
def test_records_of_every_size_are_read(
    path: str, numbers: list[int], key: bytes | None, attributes: bytes | None
) -> None:
    """Whatever the lengths of path, numbers, key and attributes, every value comes back."""
    size, modified, born, inode = numbers
    record = replace(RECORD, relative_path=path, size=size, modified=modified, born=born, inode=inode)
    archive = archive_file(replace(record, encryption_key=key, extended_attributes=attributes))
    found = read_mbfile(archive)
    assert found == as_plistlib_reads(archive)
    assert (found.size, found.last_modified, found.birth) == (size, modified, born)
    assert (found.mode, found.protection_class, found.digest) == (0o100644, 3, b"\x99" * 20)
    assert (found.encryption_key, found.extended_attributes) == (key, attributes)


SCALARS = (
    st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False)
    | st.binary(max_size=30) | st.text(max_size=30)
)  # fmt: skip
VALUES = SCALARS | st.lists(st.integers(0, 9), max_size=3)


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=20), VALUES | st.integers(0, 7).map(plistlib.UID)))
@settings(max_examples=300)
def test_any_archive_is_read_as_plistlib_reads_it(root: dict[str, object]) -> None:
    """Values of every type in place or referred to, under known and unknown keys: the same result."""
    objects = ["$null", {}, {"NS.data": b"within"}, 5, "text", b"data"]
    objects[1] = root
    top = {
        "$archiver": "NSKeyedArchiver",
        "$objects": objects,
        "$top": {"root": plistlib.UID(1)},
        "$version": 10**5,
    }
    archive = plistlib.dumps(top, fmt=plistlib.FMT_BINARY)
    expected = as_plistlib_reads(archive)
    assert expected is not None
    assert as_read(archive) == expected


@given(data=st.data())
@settings(max_examples=1_000)
def test_a_changed_archive_is_never_read_as_something_else(data: st.DataObject) -> None:
    """Any bytes may change: the reader refuses, or gives what plistlib gives where that reads the whole."""
    archive = bytearray(archive_file(RECORD))
    for _ in range(data.draw(st.integers(1, 3))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    found, expected = as_read(bytes(archive)), as_plistlib_reads(bytes(archive))
    if found is not None and expected is not None:
        assert repr(found) == repr(expected)  # as text, for a changed real may be no number


@given(st.binary(max_size=200) | st.binary(max_size=120).map(lambda body: b"bplist00" + body))
def test_bytes_that_are_no_archive_are_refused(data: bytes) -> None:
    """No bytes at all raise anything but the documented error."""
    for read in (read_mbfile, read_extended_attributes):
        with pytest.raises(UnreadableArchiveError):
            read(data)


@given(st.dictionaries(st.text(max_size=30), VALUES, max_size=20))
def test_attributes_are_the_data_of_a_property_list(stored: dict[str, object]) -> None:
    """Names of any kind; values that are no data are left out."""
    data = plistlib.dumps(stored, fmt=plistlib.FMT_BINARY)
    assert read_extended_attributes(data) == {name: value for name, value in stored.items() if type(value) is bytes}


@given(
    stored=st.dictionaries(st.text("abc.", max_size=20), st.binary(max_size=40), max_size=9),
    at=st.integers(min_value=0),
    byte=st.integers(0, 255),
)
@settings(max_examples=500)
def test_changed_attributes_are_never_read_as_others(stored: dict[str, bytes], at: int, byte: int) -> None:
    """A byte of an attribute list may change: it is refused, or read as plistlib reads it."""
    data = bytearray(plistlib.dumps(stored, fmt=plistlib.FMT_BINARY))
    data[at % len(data)] = byte
    try:
        found = read_extended_attributes(bytes(data))
        expected = plistlib.loads(bytes(data), fmt=plistlib.FMT_BINARY)
    except (UnreadableArchiveError, *REFUSALS):
        return
    assert found == {name: value for name, value in expected.items() if type(value) is bytes}


def test_every_record_of_a_real_manifest_is_read_as_plistlib_reads_it(shared: Path, tmp_path: Path) -> None:
    """3,721 records of a real phone and the attributes of 77: the same values."""
    copy = tmp_path / "Manifest.db"
    copy.write_bytes((shared / "ios-14.3" / "Manifest.db").read_bytes())
    with closing(sqlite3.connect(copy)) as connection:
        stored = [row[0] for row in connection.execute("SELECT file FROM Files")]
    assert len(stored) == 3_721
    attributes = []
    for archive in stored:
        found = read_mbfile(archive)
        assert found == as_plistlib_reads(archive)
        attributes += [found.extended_attributes] if found.extended_attributes else []
    assert len(attributes) == 77
    for data in attributes:
        assert read_extended_attributes(data) == plistlib.loads(data)


# --- hostile archives -----------------------------------------------------------------------------------------


def test_an_archive_longer_than_any_real_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The length is looked at first."""
    monkeypatch.setattr(limits, "MBFILE_BYTES", 300)
    with pytest.raises(UnreadableArchiveError):
        read_mbfile(archive_file(RECORD))


def test_a_key_that_is_no_text_is_refused() -> None:
    """Python refuses to print numbers of more than 4,300 digits; keys of a property list may be such."""
    huge = b"\x1e" + b"\x7f" * 2**14
    objects = [dictionary_of((1, 2)), huge, b"\x41x"]
    for read in (read_mbfile, read_extended_attributes):
        with pytest.raises(UnreadableArchiveError):
            read(binary_plist(objects))


def test_names_that_unfold_to_more_than_the_list_are_refused() -> None:
    """1,001 entries named by one object of half a megabyte would unfold to 500 MB."""
    long_name = b"\x5f\x12" + struct.pack(">I", 500_000) + b"a" * 500_000
    for entries in (limits.MBFILE_KEYS, limits.MBFILE_KEYS + 1):
        dictionary = b"\xdf\x11" + struct.pack(">H", entries) + b"\0\1" * entries + b"\0\2" * entries
        data = binary_plist([dictionary, long_name, b"\x41x"])
        if entries > limits.MBFILE_KEYS:
            with pytest.raises(UnreadableArchiveError):
                read_extended_attributes(data)
        else:
            assert list(read_extended_attributes(data).values()) == [b"x"]


def test_values_that_share_their_bytes_are_refused() -> None:
    """900 names of one value of half a megabyte would unfold to 450 MB."""
    long_value = b"\x4f\x12" + struct.pack(">I", 500_000) + b"a" * 500_000
    names = [text_of(f"n{number}") for number in range(3)]
    sound = binary_plist([dictionary_of((1, 4)), *names, long_value])
    assert read_extended_attributes(sound) == {"n0": b"a" * 500_000}
    with pytest.raises(UnreadableArchiveError):
        read_extended_attributes(binary_plist([dictionary_of((1, 4), (2, 4), (3, 4)), *names, long_value]))
