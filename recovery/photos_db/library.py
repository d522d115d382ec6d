"""Read the photo library: assets, their resources, and the words people gave them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from recovery import limits
from recovery.database import Database, quoted, text_cell
from recovery.errors import RecoveryError, UnreadableArchiveError, UnreadableDatabaseError
from recovery.formats import property_list as archives
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.codes import AlbumKind, ParticipantRole, TrashedState
from recovery.photos_db.field_query import Resolved, cells, resolve
from recovery.photos_db.library_fields import ASSET_FIELDS, ASSET_JOINS, RESOURCE_FIELDS, Field, TableRole
from recovery.provenance import Gap, unreadable

DOMAIN = "CameraRollDomain"
DATABASE = "Media/PhotoData/Photos.sqlite"
_ROWS_AT_ONCE = 1_000
_PARTICIPANT = ("Z_PK", "ZSHARE", "ZROLE", "ZISCURRENTUSER", "ZEMAILADDRESS", "ZPHONENUMBER")


class LibraryName(StrEnum):
    """Which library of the phone an asset is in."""

    PHOTOS = "photos"
    SHARED_WITH_YOU = "shared_with_you"
    """Pictures received in Messages and other apps, in a library of their own since iOS 15."""


@dataclass(frozen=True, slots=True)
class LibraryLocation:
    """Where a library lies in a backup."""

    name: LibraryName
    domain: str
    database: str


PHOTOS = LibraryLocation(LibraryName.PHOTOS, DOMAIN, DATABASE)
SHARED_WITH_YOU_PACKAGE = "Library/Photos/Libraries/Syndication.photoslibrary/"
"""The folder of Shared with You in HomeDomain, laid out as a library of a Mac; seen in three public listings."""
SHARED_WITH_YOU = LibraryLocation(
    LibraryName.SHARED_WITH_YOU, "HomeDomain", f"{SHARED_WITH_YOU_PACKAGE}database/Photos.sqlite"
)


class AssetRow(NamedTuple):
    """One row of the asset table with what is joined to it; fields and their columns are listed in `library_fields`.

    Times in UTC, offsets in seconds east of UTC, sizes in bytes, duration in seconds, pixels, degrees.
    Numbers with a meaning stay numbers here; photos/codes.py says what they mean. None: not stored.
    """

    pk: int
    uuid: str | None
    directory: str | None
    filename: str | None
    original_filename: str | None
    cloud_original_filename: str | None
    created: datetime | None
    added: datetime | None
    timezone: str | None
    timezone_offset: int | None
    width: int | None
    height: int | None
    duration: float | None
    latitude: float | None
    longitude: float | None
    favorite: bool | None
    hidden: bool | None
    trashed_state: int | None
    trashed_at: datetime | None
    kind: int | None
    kind_subtype: int | None
    playback_style: int | None
    playback_variation: int | None
    live_visibility: int | None
    burst_pick: int | None
    rendered: int | None
    depth: int | None
    spatial: int | None
    media_group_uuid: str | None
    saved_asset_type: int | None
    imported_by: int | None
    creator_bundle: str | None
    cloud_creator_bundle: str | None
    thumbnail_index: int | None
    cloud_guid: str | None
    cloud_state: int | None
    cloud_master_state: int | None
    upload_attempts: int | None
    last_upload_attempt: datetime | None
    bundle_scope: int | None
    library_scope: int | None
    scope_participation: int | None
    trashed_by: int | None
    title: str | None
    caption: str | None


class ResourceRow(NamedTuple):
    """One row of ZINTERNALRESOURCE: one file the asset has or had, here or in iCloud."""

    asset_pk: int
    subtype: int | None
    kind: int | None
    version: int | None
    local: int | None
    remote: int | None
    cloud_state: int | None
    pruned_at: datetime | None


@dataclass(frozen=True, slots=True)
class Participant:
    """One person of an iCloud Shared Photo Library or another share; `share` is the share's number.

    `name` is the person's name in People, else the e-mail address or phone number; None where none is stored.
    """

    share: int | None
    name: str | None
    is_owner: bool
    is_current_user: bool


@dataclass(frozen=True, slots=True)
class PhotoLibrary:
    """What a photo library says of itself; its rows are in the working database of the case."""

    table: str
    model_version: int | None
    places: Mapping[str, tuple[str, ...]] = field(repr=False)
    """For each fact the `TABLE.COLUMN` it was read from."""
    gaps: tuple[Gap, ...] = ()
    store: str = DATABASE
    """Its database's path in the backup."""
    participants: Mapping[int, Participant] = field(default_factory=dict, repr=False)
    """By their numbers, which rows of assets refer to."""

    def owner_of(self, share: int | None) -> Participant | None:
        """Who owns a share."""
        return next((who for who in self.participants.values() if who.is_owner and who.share == share), None)


class Word(StrEnum):
    """What kind of word people gave an asset."""

    KEYWORD = "keyword"
    ALBUM = "album"
    SHARED_ALBUM = "shared_album"
    DELETED_ALBUM = "deleted_album"
    """An album of either kind that was deleted; its photos are still joined to it."""
    PERSON = "person"


class LibraryReader:
    """Reads Photos.sqlite once, row by row; raises UnreadableDatabaseError without an asset table.

    Missing tables and columns, and rows behind a damaged page, become `gaps` while the rows are read.
    """

    def __init__(self, database: Database) -> None:
        resolved = resolve(database, ASSET_FIELDS, TableRole.ASSET, ASSET_JOINS)
        if resolved is None and not database.original.stat().st_size:
            raise UnreadableDatabaseError(
                "Photos.sqlite is empty (0 bytes).", "Another backup of the device may have a whole copy."
            )
        if resolved is None:
            raise UnreadableDatabaseError(
                "Photos.sqlite has no table of assets that this program knows.",
                "Assets are then known from file attributes only; please report the iOS version.",
            )
        self._database = database
        self._resolved = resolved
        self.gaps: list[Gap] = []

    def assets(self) -> Iterator[tuple[Any, ...]]:
        """The cells of each asset row in the order of ASSET_FACTS; a join may repeat a row."""
        rows = self._rows(self._resolved, ASSET_FIELDS, "assets", GapSubject.ASSETS)
        yield from (row for row in rows if row[0] is not None)
        self.gaps.extend(_absent(self._database, self._resolved))

    def resources(self) -> Iterator[tuple[Any, ...]]:
        """The cells of each resource row in the order of RESOURCE_FACTS."""
        resolved = resolve(self._database, RESOURCE_FIELDS, TableRole.RESOURCE)
        if resolved is None:
            self.gaps.append(
                Gap(
                    GapSubject.RESOURCES,
                    self._database.store,
                    GapReason.NO_TABLE_OF_RESOURCES,
                    ("which originals are only in iCloud",),
                )
            )
            return
        for row in self._rows(resolved, RESOURCE_FIELDS, "resources", GapSubject.RESOURCE_ROWS):
            if row[0] is not None:
                yield row

    def words(self) -> Iterator[tuple[int, Word, str]]:
        """Z_PK of an asset, what kind of word, and the word; some may come twice."""
        for word, what, query in (
            (Word.KEYWORD, GapSubject.KEYWORDS, _keyword_query(self._database)),
            (Word.ALBUM, GapSubject.ALBUMS, _album_query(self._database, _USERS)),
            (Word.SHARED_ALBUM, GapSubject.ALBUMS, _album_query(self._database, _SHARED)),
            (Word.DELETED_ALBUM, GapSubject.ALBUMS, _album_query(self._database, _TRASHED)),
            (Word.PERSON, GapSubject.PEOPLE, _person_query(self._database)),
        ):
            for pk, text in self._words(query, what):
                yield pk, word, text

    def library(self) -> PhotoLibrary:
        """What the library says of itself, when its rows have been read."""
        version = _model_version(self._database)
        participants = self._participants()
        sources, gaps = self._resolved.sources, tuple(dict.fromkeys(self.gaps))
        return PhotoLibrary(self._resolved.table, version, sources, gaps, self._database.store, participants)

    def _participants(self) -> Mapping[int, Participant]:
        """The people of shares: few, so they are kept."""
        columns = self._database.columns("ZSHAREPARTICIPANT")
        if "Z_PK" not in columns:
            return {}
        wanted = [name if name in columns else "NULL" for name in _PARTICIPANT]
        person = "ZPERSON" in columns and "ZFULLNAME" in self._database.columns("ZPERSON")
        full_name = "(SELECT ZFULLNAME FROM ZPERSON WHERE ZPERSON.Z_PK = ZSHAREPARTICIPANT.ZPERSON)"
        query = f"SELECT {', '.join(wanted)}, {full_name if person else 'NULL'} FROM ZSHAREPARTICIPANT"
        found: dict[int, Participant] = {}
        try:
            for pk, share, role, current, *contact, name in self._database.rows(query):
                named = next((text for text in map(text_cell, (name, *contact)) if text), None)
                if isinstance(pk, int):
                    owner = role == ParticipantRole.OWNER
                    found[pk] = Participant(share if isinstance(share, int) else None, named, owner, current == 1)
        except UnreadableDatabaseError as error:
            hides = "who shares a photo, and who deleted it"
            self.gaps.append(unreadable(GapSubject.SHARE_PARTICIPANTS, self._database.store, error, hides))
        return found

    def _rows(
        self, resolved: Resolved, facts: tuple[Field, ...], what: str, subject: GapSubject
    ) -> Iterator[tuple[Any, ...]]:
        database = self._database
        try:
            for rows in _batches(database.rows(resolved.sql), what, _most(database, resolved.table)):
                yield from cells(facts, rows)
        except UnreadableDatabaseError as error:
            self.gaps.append(unreadable(subject, database.store, error, f"{what} behind the damage"))

    def _words(self, query: str | None, what: GapSubject) -> Iterator[tuple[int, str]]:
        """Run a query of (asset Z_PK, text) pairs; None means that this library has no such tables."""
        store, hides = self._database.store, f"{what} of photos"
        if query is None:
            self.gaps.append(Gap(what, store, GapReason.NO_TABLE_FOR_IT, (hides,)))
            return
        try:
            for row in self._database.rows(query):
                word = text_cell(row["word"])
                if isinstance(row["pk"], int) and word:
                    yield row["pk"], word
        except RecoveryError as error:
            self.gaps.append(unreadable(what, store, error, hides))


def _most(database: Database, table: str) -> int:
    """Rows that a SELECT over this table may give: what is joined has one row for each, hardly ever two."""
    try:
        count = int(next(database.rows(f"SELECT count(*) FROM {quoted(table)}"))[0])
    except UnreadableDatabaseError:  # damaged somewhere: the rows before the damage still count
        return limits.LIBRARY_ROWS
    return min(2 * count + _ROWS_AT_ONCE, limits.LIBRARY_ROWS)


def _batches(rows: Iterable[sqlite3.Row], what: str, most: int) -> Iterator[list[sqlite3.Row]]:
    """Rows by the thousand; those before a damaged one are given before its error is raised."""
    batch: list[sqlite3.Row] = []
    try:
        for number, row in enumerate(rows):
            if number >= most:
                raise UnreadableDatabaseError(f"There are more than {most:,} {what}, more than their table explains.")
            batch.append(row)
            if len(batch) == _ROWS_AT_ONCE:
                yield batch
                batch = []
    except UnreadableDatabaseError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _absent(database: Database, resolved: Resolved) -> Iterator[Gap]:
    for fact in resolved.absent:
        if fact.hides:
            homes = " or ".join(f"{home.role}.{home.column}" for home in fact.homes)
            yield Gap(
                GapSubject.LIBRARY_FIELD,
                database.store,
                GapReason.NO_COLUMN_FOR_IT,
                fact.hides,
                part=fact.name,
                values=(homes,),
            )


def _model_version(database: Database) -> int | None:
    """PLModelVersion of Z_METADATA.Z_PLIST; printed, never branched on."""
    if "Z_PLIST" not in database.columns("Z_METADATA"):
        return None
    try:
        row = next(database.rows("SELECT Z_PLIST FROM Z_METADATA LIMIT 1"), None)
        stored = archives.load_dictionary(row["Z_PLIST"]) if row and isinstance(row["Z_PLIST"], bytes) else {}
    except (UnreadableArchiveError, UnreadableDatabaseError):
        return None
    version = stored.get("PLModelVersion")
    return archives.whole_number(version)


def _join_table(database: Database, name: str, *columns: str) -> tuple[str, list[str]] | None:
    """A many-to-many table whose name and columns carry entity numbers: discovered, never listed."""
    for table in sorted(database.tables):
        if not re.fullmatch(name, table):
            continue
        found = [
            next((own for own in database.columns(table) if re.fullmatch(column, own)), None) for column in columns
        ]
        if all(found):
            return table, [str(column) for column in found]
    return None


def _keyword_query(database: Database) -> str | None:
    joined = _join_table(database, r"Z_\d+KEYWORDS", r"Z_\d+ASSETATTRIBUTES", r"Z_\d+KEYWORDS")
    if joined is None or "ZTITLE" not in database.columns("ZKEYWORD"):
        return None
    table, (attributes, keyword) = joined
    return (
        f"SELECT a.ZASSET AS pk, k.ZTITLE AS word FROM {quoted(table)} j "
        f"JOIN ZADDITIONALASSETATTRIBUTES a ON a.Z_PK = j.{quoted(attributes)} "
        f"JOIN ZKEYWORD k ON k.Z_PK = j.{quoted(keyword)}"
    )


_ALBUMS = ", ".join(f"{kind:d}" for kind in AlbumKind)
_USERS = f"ZKIND IS {AlbumKind.USER:d} AND ZTRASHEDSTATE IS NOT {TrashedState.RECENTLY_DELETED:d}"
_SHARED = f"ZKIND IS {AlbumKind.SHARED:d} AND ZTRASHEDSTATE IS NOT {TrashedState.RECENTLY_DELETED:d}"
_TRASHED = f"ZKIND IN ({_ALBUMS}) AND ZTRASHEDSTATE IS {TrashedState.RECENTLY_DELETED:d}"


def _album_query(database: Database, albums: str) -> str | None:
    """Assets in albums that fit a condition; a column that a library lacks is null."""
    joined = _join_table(database, r"Z_\d+ASSETS", r"Z_\d+ASSETS", r"Z_\d+ALBUMS")
    if joined is None or "ZTITLE" not in database.columns("ZGENERICALBUM"):
        return None
    table, (asset, album) = joined
    stored = database.columns("ZGENERICALBUM")
    if "ZKIND" not in stored:
        return None
    trashed = "ZTRASHEDSTATE" if "ZTRASHEDSTATE" in stored else "NULL AS ZTRASHEDSTATE"
    return (
        f"SELECT j.{quoted(asset)} AS pk, g.ZTITLE AS word FROM {quoted(table)} j "
        f"JOIN (SELECT Z_PK, ZTITLE, ZKIND, {trashed} FROM ZGENERICALBUM) g ON g.Z_PK = j.{quoted(album)} "
        f"WHERE g.ZTITLE IS NOT NULL AND {albums}"
    )


def _person_query(database: Database) -> str | None:
    columns = database.columns("ZDETECTEDFACE")
    asset = next((name for name in ("ZASSETFORFACE", "ZASSET") if name in columns), None)
    person = next((name for name in ("ZPERSONFORFACE", "ZPERSON") if name in columns), None)
    if asset is None or person is None or "ZFULLNAME" not in database.columns("ZPERSON"):
        return None
    return (
        f"SELECT f.{quoted(asset)} AS pk, p.ZFULLNAME AS word FROM ZDETECTEDFACE f "
        f"JOIN ZPERSON p ON p.Z_PK = f.{quoted(person)} WHERE p.ZFULLNAME <> ''"
    )


assert AssetRow._fields == tuple(fact.name for fact in ASSET_FIELDS)
assert ResourceRow._fields == tuple(fact.name for fact in RESOURCE_FIELDS)
