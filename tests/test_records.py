"""Manifest records: the fast road gives what the general reader gives, on every archive and on mutated ones."""

from __future__ import annotations

import plistlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.archiver import FileRecord, archive_file
from recovery.errors import UnreadableArchiveError
from recovery.formats import property_list as archives
from recovery.source import records
from recovery.source.records import RecordReader, read_record
from recovery.source.shapes import VALUES

KEY = b"\x03\x00\x00\x00" + b"\x07" * 40
RECORD = FileRecord("Media/DCIM/100APPLE/IMG_0001.HEIC", 739_403, 0o100644, 3, 1_610_913_847, 1_610_913_850,
                    1_610_913_840, 250_111, None, b"\x99" * 20, KEY, b"some")  # fmt: skip


def said(read: object, archive: bytes) -> object:
    """The values in use with their types, or that the archive was refused."""
    try:
        found = read(archive)  # type: ignore[operator]
    except UnreadableArchiveError:
        return "refused"
    values = tuple(map(found.get, VALUES)) if isinstance(found, Mapping) else found
    # As text, because a changed archive may hold a list that contains itself.
    return [(name, type(value), repr(value)) for name, value in zip(VALUES, values, strict=True)]


def trained(*archives_read: bytes) -> RecordReader:
    """A reader that has met these archives."""
    reader = RecordReader()
    for archive in archives_read:
        said(reader.read, archive)
    return reader


def asked_of_the_general_reader(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The archives that the general reader is given from now on."""
    asked: list[bytes] = []

    def noted(archive: bytes) -> Mapping[str, object]:
        asked.append(archive)
        return read_record(archive)

    monkeypatch.setattr(records, "read_record", noted)
    return asked


@given(
    path=st.text(max_size=40),
    numbers=st.lists(st.integers(0, 2**63 - 1), min_size=4, max_size=4),
    key=st.none() | st.binary(min_size=44, max_size=44),
    attributes=st.none() | st.binary(max_size=300),
)
def test_records_of_every_size_are_read_alike(
    path: str, numbers: list[int], key: bytes | None, attributes: bytes | None
) -> None:
    """Whatever the lengths of path, numbers, key and attributes, once and again: both roads agree."""
    size, modified, born, inode = numbers
    record = replace(RECORD, relative_path=path, size=size, modified=modified, born=born, inode=inode)
    archive = archive_file(replace(record, encryption_key=key, extended_attributes=attributes))
    reader = trained(archive)
    assert said(reader.read, archive) == said(read_record, archive) != "refused"


@given(data=st.data())
@settings(max_examples=500)
def test_a_changed_archive_is_read_as_the_general_reader_reads_it(data: st.DataObject) -> None:
    """Any bytes of a known archive may change: the fast road never sees another value, and refuses the same."""
    archive = bytearray(archive_file(RECORD))
    reader = trained(bytes(archive))
    for _ in range(data.draw(st.integers(1, 3))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    changed = bytes(archive)
    assert said(reader.read, changed) == said(read_record, changed)
    assert said(reader.read, changed) == said(read_record, changed), "also once it was met"


@given(st.data())
def test_a_shape_learnt_from_a_changed_archive_holds_for_none_but_its_own(data: st.DataObject) -> None:
    """What was learnt from a mutated archive gives no wrong value of the sound one."""
    sound, odd = archive_file(RECORD), bytearray(archive_file(RECORD))
    odd[data.draw(st.integers(0, len(odd) - 1))] = data.draw(st.integers(0, 255))
    assert said(trained(bytes(odd)).read, sound) == said(read_record, sound)


def test_two_archives_of_one_shape_keep_their_own_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second archive of a shape takes the fast road and still has its own numbers, key and attributes."""
    other = replace(RECORD, size=739_404, relative_path="Media/DCIM/100APPLE/IMG_0002.HEIC",
                    encryption_key=b"\x04\x00\x00\x00" + b"\x08" * 40, extended_attributes=b"else")  # fmt: skip
    reader = trained(archive_file(RECORD))
    asked = asked_of_the_general_reader(monkeypatch)
    found = dict(zip(VALUES, reader.read(archive_file(other)), strict=True))
    assert not asked
    assert (found["Size"], found["ExtendedAttributes"]) == (739_404, b"else")
    assert found["EncryptionKey"] == other.encryption_key


@given(st.dictionaries(st.text(max_size=30), st.binary(max_size=400) | st.integers(0, 9), max_size=20))
def test_attributes_are_read_alike(stored: dict[str, object]) -> None:
    """Names of any kind and values of any length, with a number among them or not."""
    data = plistlib.dumps(stored, fmt=plistlib.FMT_BINARY)
    assert archives.load_dictionary(data) == stored
    assert RecordReader().attributes(data) == {
        name: value for name, value in stored.items() if type(value) is bytes
    }


@given(
    stored=st.dictionaries(st.text("abc.", max_size=9), st.binary(max_size=40), max_size=9),
    at=st.integers(min_value=0),
    byte=st.integers(0, 255),
)
@settings(max_examples=500)
def test_changed_attributes_are_read_alike(stored: dict[str, bytes], at: int, byte: int) -> None:
    """A byte of an attribute list may change: each fast road gives what the general reader gives, or gives way."""
    data = bytearray(plistlib.dumps(stored, fmt=plistlib.FMT_BINARY))
    trained = RecordReader()
    trained.attributes(bytes(data))
    data[at % len(data)] = byte
    outcomes: list[object] = []
    for read in (RecordReader().attributes, trained.attributes, archives.load_dictionary):
        try:
            found = read(bytes(data)).items()
            outcomes.append([item for item in found if isinstance(item[1], bytes)])  # nothing else is ever used
        except UnreadableArchiveError:
            outcomes.append(None)
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_every_row_of_a_real_manifest_is_read_alike(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3,721 rows of a real phone, each met twice: the same values on both roads, and most on the fast one."""
    copy = tmp_path / "Manifest.db"
    copy.write_bytes((shared / "ios-14.3" / "Manifest.db").read_bytes())
    with closing(sqlite3.connect(copy)) as connection:
        stored = [row[0] for row in connection.execute("SELECT file FROM Files") if isinstance(row[0], bytes)]
    reader = trained(*stored)
    for archive in stored:
        assert said(reader.read, archive) == said(read_record, archive)
    asked = asked_of_the_general_reader(monkeypatch)
    for archive in stored:
        reader.read(archive)
    assert len(asked) < 0.05 * len(stored)


def test_the_memory_of_shapes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit no shape is learnt, and everything is still read."""
    monkeypatch.setattr("recovery.limits.MANIFEST_SHAPES", 1)
    first, second = archive_file(RECORD), archive_file(replace(RECORD, relative_path="short"))
    reader = trained(first, second)
    assert said(reader.read, second) == said(read_record, second)
    asked = asked_of_the_general_reader(monkeypatch)
    for archive in (first, second):
        reader.read(archive)
    assert asked == [second]
