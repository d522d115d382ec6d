"""The manifest index: which file of the device lies in which blob, as Manifest.db tells it."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from recovery import clock, limits
from recovery.database import Database
from recovery.errors import DamagedBackupError, UnreadableArchiveError
from recovery.formats.mbfile import read_extended_attributes, read_mbfile
from recovery.source.file_keys import WrappedKey

STORE = "Manifest.db"
_FILE_ID = re.compile(r"[0-9a-f]{40}")
_WITHIN = "+domain = ? AND relativePath >= ? AND relativePath < ?"
# Nearly every row is a file, so the table is read from end to end and not through its index on flags.
_FILES = "SELECT {} FROM Files WHERE +flags = 1 LIMIT ?"
_NO_ATTRIBUTES: Mapping[str, bytes] = {}


class EntryKind(StrEnum):
    """What a manifest row stands for (column Files.flags)."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


_KINDS = {1: EntryKind.FILE, 2: EntryKind.FOLDER, 4: EntryKind.LINK}


def file_id(domain: str, relative_path: str) -> str:
    """SHA-1 of `domain-relativePath`, the name of the blob (true for all 3,721 rows of a real manifest)."""
    return hashlib.sha1(f"{domain}-{relative_path}".encode("utf-8", "surrogatepass")).hexdigest()


class ManifestEntry(NamedTuple):
    """One row of Files. Sizes in bytes; `size` is often wrong for live files.

    `last_modified` and `birth` are as stored, in seconds since 1970 UTC. `problem` says in a few words what of the
    row's archive could not be read; then the facts in it are None. `in_snapshot` tells whose keys open the file and
    where its blob is looked for first: in Snapshot, or beside the list of the backup itself.
    """

    file_id: str
    domain: str
    relative_path: str
    kind: EntryKind
    size: int | None = None
    mode: int | None = None
    last_modified: float | None = None
    birth: float | None = None
    protection_class: int | None = None
    wrapped_key: WrappedKey | None = None
    digest: bytes | None = None
    attributes: Mapping[str, bytes] = _NO_ATTRIBUTES
    problem: str = ""
    in_snapshot: bool = False

    @property
    def modified(self) -> datetime | None:
        """When the file was last changed, in UTC, to the second."""
        return clock.from_unix(self.last_modified)

    @property
    def born(self) -> datetime | None:
        """When the file was made, in UTC, to the second."""
        return clock.from_unix(self.birth)

    @property
    def name(self) -> str:
        """The last part of the relative path."""
        return self.relative_path.rsplit("/", 1)[-1]

    @property
    def folder(self) -> str:
        """The relative path without its last part, "" at the top."""
        return self.relative_path.rpartition("/")[0]


class Index(Protocol):
    """What the view asks of a list of files."""

    def lookup(self, domain: str, relative_path: str) -> ManifestEntry | None:
        """The entry of one path; None when it is not listed."""

    def with_id(self, file_id: str) -> ManifestEntry | None:
        """The entry of one file ID; None when it is not listed."""

    def log_of(self, entry: ManifestEntry, suffix: str) -> ManifestEntry | None:
        """The log of a database, whose path ends so, from the same moment; None when it is not listed.

        Raises BlobMissingError where it is listed and only one of another moment is there.
        """

    def entries(self, domain: str, prefix: str = "") -> Iterator[ManifestEntry]:
        """Entries of one domain whose path begins with `prefix`, in the order of their paths."""

    def paths(self, domain: str, prefix: str) -> Iterator[str]:
        """Paths of one domain that begin with `prefix`, in their order."""

    def file_ids(self) -> Iterator[str]:
        """File ID of every file."""

    def file_rows(self) -> Iterator[tuple[str, str, str]]:
        """File ID, domain and path of every file."""

    def count(self) -> int:
        """Number of entries of every kind."""


class ManifestIndex:
    """Rows of Manifest.db by domain, path or file ID; archives are parsed only for the rows asked for.

    `in_snapshot` is what every entry of it says.
    """

    def __init__(self, database: Database, *, in_snapshot: bool = False) -> None:
        self._in_snapshot = in_snapshot
        columns = set(database.columns("Files"))
        if not {"fileID", "domain", "relativePath", "flags"} <= columns:
            raise DamagedBackupError(
                "Manifest.db has no table of files, so the backup cannot be read through it.",
                "Make a new backup of the device if it still exists, or look for an older copy of this folder.",
            )
        self._database = database
        self._select = "SELECT fileID, domain, relativePath, flags, {} AS file FROM Files".format(
            "file" if "file" in columns else "NULL"
        )

    def lookup(self, domain: str, relative_path: str) -> ManifestEntry | None:
        """The entry of one path, found by its computed file ID; None when the backup does not list it."""
        return self.with_id(file_id(domain, relative_path))

    def with_id(self, file_id: str) -> ManifestEntry | None:
        """The entry of one file ID; None when the backup does not list it."""
        rows = self._database.rows(f"{self._select} WHERE fileID = ?", (file_id,))
        return next(map(self._entry, rows), None)

    def log_of(self, entry: ManifestEntry, suffix: str) -> ManifestEntry | None:
        """The log of a database; None when the backup does not list it."""
        return self.lookup(entry.domain, entry.relative_path + suffix)

    def lists(self, file_id: str) -> bool:
        """Whether the backup lists a file ID, without reading its archive."""
        return next(self._database.rows("SELECT 1 FROM Files WHERE fileID = ?", (file_id,)), None) is not None

    def some_keys(self) -> Iterator[WrappedKey]:
        """The keys of the first files that have one, some dozens at most."""
        for row in self._database.rows(f"{self._select} WHERE +flags = 1 LIMIT ?", (limits.KEY_SAMPLE,)):
            if (key := self._entry(row).wrapped_key) is not None:
                yield key

    def entries(self, domain: str, prefix: str = "") -> Iterator[ManifestEntry]:
        """Entries of one domain whose path begins with `prefix`, in the order of their paths."""
        # A range and `+domain`: so the index on paths serves, and a small folder never costs a scan of its domain.
        where, bounds = ("domain = ?", ()) if not prefix else (_WITHIN, _range(prefix))
        sql = f"{self._select} WHERE {where} ORDER BY relativePath, fileID"
        for row in self._database.rows(sql, (domain, *bounds)):
            yield self._entry(row)

    def paths(self, domain: str, prefix: str) -> Iterator[str]:
        """Paths of one domain that begin with `prefix`, in their order; no archive is read."""
        sql = f"SELECT relativePath FROM Files WHERE {_WITHIN} ORDER BY relativePath, fileID"
        for (path,) in self._database.rows(sql, (domain, *_range(prefix))):
            yield str(path)

    def file_ids(self) -> Iterator[str]:
        """File ID of every row that stands for a file."""
        for (name,) in self._database.rows(_FILES.format("fileID"), (limits.MANIFEST_ROWS,)):
            yield str(name)

    def file_rows(self) -> Iterator[tuple[str, str, str]]:
        """File ID, domain and path of every row that stands for a file, without reading its archive."""
        sql = _FILES.format("fileID, domain, relativePath")
        for name, domain, path in self._database.rows(sql, (limits.MANIFEST_ROWS,)):
            yield str(name), str(domain), str(path)

    def count(self) -> int:
        """Number of rows of every kind."""
        return int(next(self._database.rows("SELECT count(*) AS n FROM Files"))["n"])

    def _entry(self, row: sqlite3.Row) -> ManifestEntry:
        entry = _entry(row)
        return entry._replace(in_snapshot=True) if self._in_snapshot else entry


def _range(prefix: str) -> tuple[str, str]:
    """The first text that begins so, and the first behind all of them."""
    return prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)


def valid_file_id(text: str) -> bool:
    """Whether a text is a file ID: 40 lower-case hexadecimal digits."""
    return _FILE_ID.fullmatch(text) is not None


def _entry(row: sqlite3.Row) -> ManifestEntry:
    stored_name, stored_domain, stored_path, flags, archive = row
    name = str(stored_name)
    domain, path = str(stored_domain)[: limits.CELL_CHARACTERS], str(stored_path)[: limits.CELL_CHARACTERS]
    kind = _KINDS.get(flags, EntryKind.OTHER)
    if not valid_file_id(name):
        return ManifestEntry(name, domain, path, kind, problem="its file ID is not 40 hexadecimal digits")
    if not isinstance(archive, bytes):
        return ManifestEntry(name, domain, path, kind, problem="its record is empty")
    try:
        found = read_mbfile(archive)
    except UnreadableArchiveError:
        return ManifestEntry(name, domain, path, kind, problem="its record cannot be read")
    attributes, problem = _NO_ATTRIBUTES, ""
    if found.extended_attributes is not None:
        try:
            attributes = read_extended_attributes(found.extended_attributes)
        except UnreadableArchiveError:
            problem = "its attributes cannot be read"
    return ManifestEntry(
        name,
        domain,
        path,
        kind,
        found.size,
        found.mode,
        found.last_modified,
        found.birth,
        found.protection_class,
        WrappedKey.from_bytes(found.encryption_key) if found.encryption_key is not None else None,
        found.digest,
        attributes,
        problem,
    )
