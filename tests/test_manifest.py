"""The manifest index: rows by path, records of one file each, and records that are damaged."""

from __future__ import annotations

import hashlib
import plistlib
import sqlite3
import struct
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery.database import Database, open_file_copy
from recovery.errors import DamagedBackupError, UnreadableArchiveError, UnreadableDatabaseError
from recovery.formats.mbfile import MBFile, read_mbfile
from recovery.source.file_keys import WrappedKey
from recovery.source.manifest import EntryKind, ManifestIndex, file_id, valid_file_id
from recovery.workspace import Workspace

UID = plistlib.UID


def record(objects: Iterable[object] = (), **values: Any) -> bytes:
    """The archive of one row: an MBFile of these values, and the objects they refer to from number 2 on."""
    held = ["$null", values, *objects]
    top = {"$version": 100000, "$archiver": "NSKeyedArchiver", "$top": {"root": UID(1)}, "$objects": held}
    return plistlib.dumps(top, fmt=plistlib.FMT_BINARY)


@contextmanager
def index(folder: Path, *rows: tuple[object, ...], columns: str = "") -> Iterator[ManifestIndex]:
    """The index over a Manifest.db of these rows."""
    path = folder / "backup" / "Manifest.db"
    path.parent.mkdir(exist_ok=True)
    layout = columns or "fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE Files ({layout})")
        for row in rows:
            connection.execute(f"INSERT INTO Files VALUES ({','.join('?' * len(row))})", row)
    with Workspace(folder) as workspace, open_file_copy(path, workspace) as database:
        yield ManifestIndex(database)


def row(path: str, archive: object, flags: object = 1, domain: str = "CameraRollDomain") -> tuple[object, ...]:
    """A row as a device writes it."""
    return hashlib.sha1(f"{domain}-{path}".encode()).hexdigest(), domain, path, flags, archive


def test_a_record_says_all_it_holds(tmp_path: Path) -> None:
    """Size, times, mode, class, key, digest and attributes come out of the archive of one file."""
    attributes = plistlib.dumps({"com.apple.assetsd.trashed": b"\x01\x00", "odd": 7}, fmt=plistlib.FMT_BINARY)
    archive = record(
        [b"\x99" * 20, {"NS.data": b"\x03\x00\x00\x00" + b"\x07" * 40}, attributes],
        Size=739403, Mode=0o100644, LastModified=1610913847, Birth=1610913847, ProtectionClass=3,
        Digest=UID(2), EncryptionKey=UID(3), ExtendedAttributes=UID(4),
    )  # fmt: skip
    with index(tmp_path, row("Media/DCIM/100APPLE/IMG_0011.HEIC", archive)) as opened:
        entry = opened.lookup("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0011.HEIC")
    assert entry is not None
    assert (entry.kind, entry.size, entry.mode, entry.protection_class) == (EntryKind.FILE, 739403, 0o100644, 3)
    assert entry.born == entry.modified == datetime(2021, 1, 17, 20, 4, 7, tzinfo=UTC)
    assert entry.wrapped_key == WrappedKey(3, b"\x07" * 40)
    assert entry.digest == b"\x99" * 20
    assert dict(entry.attributes) == {"com.apple.assetsd.trashed": b"\x01\x00"}
    assert (entry.name, entry.folder, entry.problem) == ("IMG_0011.HEIC", "Media/DCIM/100APPLE", "")
    assert "\\x07" not in repr(entry)


def test_rows_are_found_by_path_prefix_and_kind(tmp_path: Path) -> None:
    """Lookup is exact; a prefix with the wildcards of SQL means itself; folders and links have their kind."""
    rows = [
        row("Media/a_b/1.JPG", record()),
        row("Media/aXb/2.JPG", record()),
        row("Media/a%/3.JPG", record()),
        row("Media", record(), flags=2),
        row("Media/link", record(), flags=4),
        row("Media/odd", record(), flags="?"),
        row("Media/a_b/1.JPG", record(), domain="HomeDomain"),
    ]
    with index(tmp_path, *rows) as opened:
        assert opened.count() == 7
        assert [entry.name for entry in opened.entries("CameraRollDomain", "Media/a_b")] == ["1.JPG"]
        assert [entry.name for entry in opened.entries("CameraRollDomain", "Media/a%")] == ["3.JPG"]
        kinds = {entry.name: entry.kind.value for entry in opened.entries("CameraRollDomain")}
        assert kinds == {
            "1.JPG": "file", "2.JPG": "file", "3.JPG": "file", "Media": "folder", "link": "link", "odd": "other"
        }  # fmt: skip
        assert len(list(opened.file_rows())) == 4
        assert sorted(opened.file_ids()) == sorted(name for name, _, _ in opened.file_rows())
        assert opened.lookup("CameraRollDomain", "Media/A_B/1.JPG") is None


@pytest.mark.parametrize(
    ("archive", "problem"),
    [
        (None, "its record is empty"),
        ("text", "its record is empty"),
        (b"", "its record cannot be read"),
        (b"bplist00garbage", "its record cannot be read"),
        (plistlib.dumps({"$objects": [], "$top": {"root": UID(1)}}, fmt=plistlib.FMT_BINARY), "cannot be read"),
        (plistlib.dumps({"$objects": ["$null", 5], "$top": {"root": UID(1)}}, fmt=plistlib.FMT_BINARY), "cannot"),
    ],
)
def test_a_damaged_record_stops_nothing(tmp_path: Path, archive: object, problem: str) -> None:
    """A row whose archive cannot be read is still an entry, with the reason, and the next row is read."""
    rows = (row("Media/a", archive), row("Media/b", record(Size=5)))
    with index(tmp_path, *rows) as opened:
        damaged, sound = opened.entries("CameraRollDomain")
    assert problem in damaged.problem
    assert (damaged.size, damaged.wrapped_key, dict(damaged.attributes)) == (None, None, {})
    assert (sound.problem, sound.size) == ("", 5)


def test_unreadable_attributes_are_a_problem_of_the_entry(tmp_path: Path) -> None:
    """Attributes that are no property list are told apart from a file without any."""
    with index(tmp_path, row("Media/a", record(Size=5, ExtendedAttributes=b"no list"))) as opened:
        (entry,) = opened.entries("CameraRollDomain")
    assert (entry.size, entry.problem) == (5, "its attributes cannot be read")


@pytest.mark.parametrize(
    "values",
    [
        {"Size": 2**63, "LastModified": 2**63, "Birth": -(2**63)},
        {"Size": "large", "LastModified": "then", "Mode": 1.5, "ProtectionClass": True},
        {"EncryptionKey": b"short", "Digest": 5, "ExtendedAttributes": 5},
        {"EncryptionKey": UID(99), "Digest": UID(0), "ExtendedAttributes": UID(1)},
        {"LastModified": float("nan"), "Birth": float("inf")},
    ],
)
def test_values_of_a_wrong_kind_are_none(tmp_path: Path, values: dict[str, Any]) -> None:
    """Numbers beyond 64 bits, texts for numbers, references to nothing: the fact is unknown, the row is read."""
    with index(tmp_path, row("Media/a", record(**values))) as opened:
        (entry,) = opened.entries("CameraRollDomain")
    facts = (entry.size, entry.mode, entry.protection_class, entry.wrapped_key, entry.digest, entry.modified)
    assert facts == (None,) * 6
    assert (entry.problem, dict(entry.attributes)) == ("", {})


def test_a_number_of_any_length_is_no_size_and_no_time(tmp_path: Path) -> None:
    """A binary property list can hold numbers of thousands of digits, which Python's own writer refuses."""
    number = b"\x1b" + b"\x7f" * 2048  # an integer of 2,048 bytes
    objects = [
        b"\xd2" + bytes([1, 2, 3, 4]),
        b"\x58$objects",
        b"\x54$top",
        b"\xa2" + bytes([5, 6]),
        b"\xd1" + bytes([7, 8]),
        b"\x55$null",
        b"\xd3" + bytes([9, 10, 11, 12, 12, 12]),
        b"\x54root",
        b"\x80\x01",
        b"\x54Size",
        b"\x55Birth",
        b"\x54Mode",
        number,
    ]
    starts = [8 + sum(map(len, objects[:at])) for at in range(len(objects))]
    table = b"".join(struct.pack(">H", start) for start in starts)
    body = b"bplist00" + b"".join(objects)
    archive = body + table + struct.pack(">6xBBQQQ", 2, 1, len(objects), 0, len(body))
    assert plistlib.loads(archive)["$objects"][1]["Size"] > 10**4000
    with index(tmp_path, row("Media/a", archive)) as opened:
        (entry,) = opened.entries("CameraRollDomain")
    assert (entry.size, entry.mode, entry.born, entry.problem) == (None, None, None, "")


def test_a_file_id_that_is_none_is_never_a_path(tmp_path: Path) -> None:
    """A file ID with dots and slashes is a damaged row, whatever it points to."""
    with index(tmp_path, ("../../etc/passwd", "CameraRollDomain", "Media/a", 1, record())) as opened:
        (entry,) = opened.entries("CameraRollDomain")
    assert "40 hexadecimal digits" in entry.problem
    for text in ("", "A" * 40, "a" * 39, "a" * 41, "g" * 40, "a" * 40 + "\n"):
        assert not valid_file_id(text)


def test_a_manifest_without_its_table_is_damaged(tmp_path: Path) -> None:
    """A table of files without paths is told as damage; one without archives still lists its files."""
    with (
        pytest.raises(DamagedBackupError, match="no table of files"),
        index(tmp_path, columns="fileID TEXT, domain TEXT"),
    ):
        pass
    (tmp_path / "backup" / "Manifest.db").unlink()
    name, domain, path, flags, _ = row("Media/a", None)
    layout = "fileID TEXT, domain TEXT, relativePath TEXT, flags INTEGER"
    with index(tmp_path, (name, domain, path, flags), columns=layout) as opened:
        assert [entry.problem for entry in opened.entries("CameraRollDomain")] == ["its record is empty"]


SOUND = record([{"NS.data": b"\x03\x00\x00\x00" + b"\x07" * 40}], Size=5, EncryptionKey=UID(2), Birth=1610913847)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_changed_record_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    """Whichever bytes of a record are changed, it is read or refused with our own error."""
    data = bytearray(SOUND)
    for place, value in changes:
        data[place] = value
    try:
        assert isinstance(read_mbfile(bytes(data)), MBFile)
    except UnreadableArchiveError as error:
        assert str(error)


def test_every_file_id_of_a_real_manifest_is_computed(shared: Path, workspace: Workspace) -> None:
    """In a real iOS 14.3 manifest all 3,721 file IDs are the SHA-1 of domain and path; every record is read."""
    domains = set()
    with open_file_copy(shared / "ios-14.3" / "Manifest.db", workspace) as database:
        opened = ManifestIndex(database)
        assert opened.count() == 3721
        rows = list(database.rows("SELECT DISTINCT domain FROM Files"))
        kinds = dict.fromkeys(EntryKind, 0)
        for domain in (str(found["domain"]) for found in rows):
            for entry in opened.entries(domain):
                assert entry.file_id == file_id(entry.domain, entry.relative_path)
                assert entry.problem == ""
                kinds[entry.kind] += 1
                domains.add(domain)
    assert (kinds[EntryKind.FILE], kinds[EntryKind.FOLDER], kinds[EntryKind.LINK]) == (1089, 2618, 14)


def test_a_manifest_ruined_in_the_middle_is_our_own_error(tmp_path: Path, workspace: Workspace) -> None:
    """Rows up to the damage are given, then our own error comes, not SQLite's."""
    rows = [row(f"Media/{number:04d}", record(Size=number)) for number in range(400)]
    with index(tmp_path, *rows):
        pass
    data = bytearray((tmp_path / "backup" / "Manifest.db").read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 8192] = b"\xaa" * 8192
    copy = workspace.new_file("Manifest.db")
    copy.write_bytes(data)
    with pytest.raises(UnreadableDatabaseError), Database(copy, "Manifest.db") as database:
        for entry in ManifestIndex(database).entries("CameraRollDomain"):
            assert entry.size is not None
