"""Property lists and keyed archives: what they mean, and that no bytes whatever bring the reader down."""

from __future__ import annotations

import contextlib
import plistlib
import struct
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery import limits
from recovery.errors import UnreadableArchiveError
from recovery.formats import property_list as archives

UID = plistlib.UID


def keyed(*objects: object, root: object = None) -> bytes:
    """An archive whose root is its first object after "$null"."""
    top = {"root": UID(1) if root is None else root}
    archive = {"$version": 100000, "$archiver": "NSKeyedArchiver", "$top": top, "$objects": ["$null", *objects]}
    return plistlib.dumps(archive, fmt=plistlib.FMT_BINARY)


def binary(*objects: bytes) -> bytes:
    """A binary property list of encoded objects, the first on top; plistlib itself cannot write a cycle."""
    body, offsets = b"bplist00", []
    for item in objects:
        offsets.append(len(body))
        body += item
    trailer = struct.pack(">6xBBQQQ", 1, 1, len(objects), 0, len(body))
    return body + bytes(offsets) + trailer


def test_the_classes_a_backup_uses_become_plain_values() -> None:
    """Strings, data, arrays, sets, dictionaries, dates and UUIDs of the archiver come out as Python's own."""
    data = keyed(
        {"name": UID(2), "data": UID(3), "list": UID(4), "words": UID(5), "when": UID(6), "none": UID(0),
         "id": UID(9), "flag": True, "$class": UID(10)},
        {"NS.string": "Ann"},
        {"NS.data": b"\x01\x02"},
        {"NS.objects": [UID(2), UID(0)]},
        {"NS.keys": [UID(7)], "NS.objects": [UID(8)]},
        {"NS.time": 736453330.125},
        "key",
        5,
        {"NS.uuidbytes": b"\x00" * 16},
        {"$classname": "Thing", "$classes": ["Thing", "NSObject"]},
    )  # fmt: skip
    assert archives.unarchive(data) == {
        "name": "Ann",
        "data": b"\x01\x02",
        "list": ["Ann", None],
        "words": {"key": 5},
        "when": 736453330.125,
        "none": None,
        "id": b"\x00" * 16,
        "flag": True,
        "$class": "Thing",
    }


def test_an_archive_that_refers_to_itself_is_refused() -> None:
    """A cycle of references is our own error, not endless work."""
    with pytest.raises(UnreadableArchiveError, match="refers to itself"):
        archives.unarchive(keyed({"NS.objects": [UID(1)]}))


def test_a_list_that_holds_itself_is_refused() -> None:
    """A cycle below the archiver, in the property list itself, is our own error too."""
    data = binary(
        b"\xd3" + bytes([1, 2, 3, 4, 5, 6]),
        b"\x59$archiver",
        b"\x58$objects",
        b"\x54$top",
        b"\x5f\x10\x0fNSKeyedArchiver",
        b"\xa2" + bytes([8, 9]),
        b"\xd1" + bytes([7, 10]),
        b"\x54root",
        b"\x55$null",
        b"\xa1\x09",  # a list whose one member is this list
        b"\x80\x01",
    )
    with pytest.raises(UnreadableArchiveError, match="nests too deeply"):
        archives.unarchive(data)


def test_an_archive_that_explodes_is_refused() -> None:
    """Ten lists that each name the next one ten times unfold to more values than the limit."""
    layers = [{"NS.objects": [UID(number + 2)] * 10} for number in range(9)]
    with pytest.raises(UnreadableArchiveError, match="unfolds to more values"):
        archives.unarchive(keyed(*layers, "end"))


def test_a_reference_to_nothing_is_refused() -> None:
    """A reference beyond the list of objects is our own error."""
    with pytest.raises(UnreadableArchiveError, match="does not hold"):
        archives.unarchive(keyed({"NS.objects": [UID(77)]}))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"bplist00",
        b"bplist00" + b"\xff" * 40,
        b"<plist><date>yesterday</date></plist>",
        b"<plist><key>alone</key></plist>",
        b"<plist><array></plist>",
        b"</plist>",
        b'<?xml version="1.0" encoding="nonsense"?><plist><dict/></plist>',
        b'<?xml version="1.0" encoding="base64"?><plist><dict/></plist>',
        b'<!DOCTYPE p [<!ENTITY a "b">]><plist><string>&a;</string></plist>',
        b"<plist>" + b"<array>" * 100_000,
    ],
    ids=lambda data: repr(data[:50]),
)
def test_what_is_no_property_list_is_our_own_error(data: bytes) -> None:
    """Broken lists of every kind end as UnreadableArchiveError."""
    with pytest.raises(UnreadableArchiveError):
        archives.load_plist(data)


def test_a_list_larger_than_any_real_one_is_refused() -> None:
    """The limit is looked at before anything is parsed."""
    with pytest.raises(UnreadableArchiveError, match="more than any real one"):
        archives.load_plist(plistlib.dumps({"a": "b" * 100}), limit=50)


def test_a_list_whose_top_is_no_dictionary_says_what_it_is() -> None:
    """Where a dictionary is needed, an array is named as one."""
    with pytest.raises(UnreadableArchiveError, match="is a list, not a dictionary"):
        archives.load_dictionary(plistlib.dumps([1]))
    with pytest.raises(UnreadableArchiveError, match="no keyed archive"):
        archives.unarchive(plistlib.dumps({"a": 1}))


WHOLE = keyed(
    {"a": UID(2), "b": UID(3), "c": 1.5},
    {"NS.keys": [UID(4)], "NS.objects": [UID(5)]},
    [datetime(2024, 5, 3), True, 7, b"data"],
    "key",
    "value",
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_changed_archive_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    """Whichever bytes of an archive are changed, the reader answers or raises its own error."""
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    with contextlib.suppress(UnreadableArchiveError):
        archives.unarchive(bytes(data))


@settings(max_examples=200)
@given(st.binary(max_size=200), st.sampled_from([b"", b"bplist00", b"<?xml", b"<plist>"]))
def test_any_bytes_are_read_or_refused(data: bytes, head: bytes) -> None:
    """No bytes raise anything but our own error."""
    with contextlib.suppress(UnreadableArchiveError):
        archives.load_plist(head + data)


def test_nesting_has_a_limit() -> None:
    """One reference inside another is followed as deep as real archives go, and no deeper."""
    layers = [{"NS.objects": [UID(number + 2)]} for number in range(limits.ARCHIVE_DEPTH + 5)]
    with pytest.raises(UnreadableArchiveError, match="nests too deeply"):
        archives.unarchive(keyed(*layers, "end"))
    shallow = [{"NS.objects": [UID(number + 2)]} for number in range(10)]
    value = archives.unarchive(keyed(*shallow, "end"))
    for _ in range(10):
        assert isinstance(value, list)
        value = value[0]
    assert value == "end"
