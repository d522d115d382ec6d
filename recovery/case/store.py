"""The working database of a case: one private SQLite file that holds rows, files and findings, and joins them."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from recovery.case.facetime_evidence import file_speaks, row_speaks
from recovery.case.grouping import Group, GroupFile, Joined, rendition_role, sort_of
from recovery.case.pairing import PairedBy
from recovery.case.schema import (
    ASSET_COLUMNS,
    FILE_COLUMNS,
    FILE_INDEXES,
    LIBRARY_INDEXES,
    RESOURCE_COLUMNS,
    TABLES,
)
from recovery.database import folder_trouble
from recovery.formats.media import MediaFacts
from recovery.formats.signatures import MediaType
from recovery.photos_db.camera_roll_paths import FileRole, MediaPath, MediaPathPart, row_folder, stem
from recovery.photos_db.codes import KindCode, SubtypeCode
from recovery.photos_db.field_query import values
from recovery.photos_db.file_attributes import FileAttributes
from recovery.photos_db.library import AssetRow, LibraryReader, PhotoLibrary, ResourceRow, Word
from recovery.photos_db.library_fields import ASSET_FIELDS, RESOURCE_FIELDS
from recovery.photos_db.media_files import MediaFile
from recovery.progress import SILENT, Progress
from recovery.records import packed, unpacker, valid_unicode
from recovery.source.blobs import Blob, BlobState
from recovery.source.file_keys import WrappedKey
from recovery.source.manifest import EntryKind, ManifestEntry
from recovery.workspace import create

IN_MEMORY = ":memory:"
_CACHE_KIB = 64 * 1024
_STEPS = 100_000  # of SQLite's machine, between two looks at the progress
_TOGETHER = 500  # rows whose cells are converted together
# The file is private and thrown away: nothing is kept of a transaction, and nothing waits for the disk.
_PRAGMAS = ("journal_mode = OFF", "synchronous = OFF", "temp_store = MEMORY", f"cache_size = -{_CACHE_KIB}")

_EXACTLY = "SELECT pk FROM asset WHERE folder = ?3 AND stem = ?4 AND ending = ?5 ORDER BY pk LIMIT 1"
_LOOSELY = "SELECT pk FROM asset WHERE folder = ?3 AND stem = ?4 ORDER BY live DESC, pk LIMIT 1"
_PLACES = ", ".join(f"?{number}" for number in range(1, len(FILE_COLUMNS) + 1))
_STEM_ONLY = FILE_COLUMNS.index("stem_only") + 1
_ADD_FILE = f"""INSERT INTO file ({", ".join(FILE_COLUMNS)}, owner) VALUES ({_PLACES},
  CASE WHEN ?1 = '{MediaPathPart.ORIGINAL}' THEN ({_EXACTLY})
       WHEN ?{_STEM_ONLY} THEN ({_LOOSELY}) ELSE coalesce(({_EXACTLY}), ({_LOOSELY})) END)"""
_FILES = f"SELECT {', '.join(FILE_COLUMNS)}, joined, matched, id"
_OF_OWNER = f"SELECT owner, {_FILES.removeprefix('SELECT ')}, turn FROM file"
_NAMED_TWICE = """SELECT first, pk, uuid FROM
    (SELECT folder, stem, ending, min(pk) AS first FROM asset WHERE folder <> ''
     GROUP BY folder, stem, ending HAVING count(*) > 1)
  JOIN asset USING (folder, stem, ending) ORDER BY first, pk"""
_ROWS = f"SELECT {', '.join(ASSET_COLUMNS)} FROM asset"
_RESOURCES = f"SELECT {', '.join(RESOURCE_COLUMNS)} FROM resource"
_PARTS = {part.value: part for part in MediaPathPart}
_ROLES = {role.value: role for role in FileRole}
_TYPES = {kind.code: kind for kind in MediaType}
_STATES = {state.value: state for state in BlobState}
_ATTRIBUTES, _FACTS = unpacker(FileAttributes), unpacker(MediaFacts)
_KEY = itemgetter(0)


class WorkingDatabase:
    """Rows of the library and media files of one backup, and which belongs to which.

    It lies in the private folder and is removed with it; calls from several threads take turns elsewhere. What
    SQLite cannot write is our own trouble: TemporaryFolderError. While SQLite is busy `progress` hears that work
    goes on, and may raise to stop.
    """

    def __init__(self, path: Path | None = None, progress: Progress = SILENT) -> None:
        self._path = path
        self._progress = progress
        self._raised: BaseException | None = None
        self._numbers = itertools.count(1)
        with self._own_trouble():
            if path is not None:
                create(path).close()
            self.connection = sqlite3.connect(
                str(path) if path else IN_MEMORY, isolation_level=None, check_same_thread=False
            )
            self.connection.set_progress_handler(self._is_stopped, _STEPS)
            for pragma in _PRAGMAS:
                self.connection.execute(f"PRAGMA {pragma}")
            self.connection.executescript(TABLES)
            self.connection.execute("BEGIN")

    def __enter__(self) -> WorkingDatabase:
        return self

    def __exit__(self, *_: object) -> None:
        """Close it; the file belongs to the workspace."""
        self.connection.close()

    def in_memory(self) -> WorkingDatabase:
        """A copy of all there is, which needs no file."""
        copy = WorkingDatabase()
        copy._numbers = self._numbers
        for connection in (self.connection, copy.connection):
            connection.execute("COMMIT")
        self.connection.backup(copy.connection)
        for connection in (self.connection, copy.connection):
            connection.execute("BEGIN")
        return copy

    def new_table(self, name: str, columns: str) -> str:
        """Make a table that nothing else uses, for findings of this case; its name."""
        made = f"{name}_{next(self._numbers)}"
        self.change(f"CREATE TABLE {made} ({columns})")
        return made

    def run(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Any]:
        """The rows that a statement gives."""
        with self._own_trouble():
            # Not `yield from`: it would close the cursor of an unfinished reader, perhaps after its database.
            for row in self.connection.execute(sql, parameters):  # noqa: UP028
                yield row

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The first cell of the first row that a statement gives; None without a row."""
        try:
            row = self.connection.execute(sql, parameters).fetchone()
        except sqlite3.Error as error:
            raise self._failed(error) from error
        return row[0] if row is not None else None

    def change(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run a statement that changes rows; how many."""
        with self._own_trouble():
            return self.connection.execute(sql, parameters).rowcount

    def add(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement for each of the rows."""
        with self._own_trouble():
            self.connection.executemany(sql, rows)

    @contextmanager
    def _own_trouble(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: sqlite3.Error) -> BaseException:
        """What to raise where SQLite refused: an interrupt, trouble of the folder, or our own mistake."""
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            raised, self._raised = self._raised, None
            return raised or KeyboardInterrupt()
        told = folder_trouble(self._path, error) if self._path is not None else None
        return told or error

    def _is_stopped(self) -> bool:
        """Whether the running statement must end; SQLite asks now and then, and swallows what is raised."""
        try:
            self._progress.advance(0)
        except BaseException as error:  # noqa: BLE001 - raised again by `_failed`
            self._raised = error
            return True
        return False

    # --- the library ---------------------------------------------------------------------------------------

    def add_library(self, reader: LibraryReader) -> PhotoLibrary:
        """Copy a library's rows, each once: a join whose other side is not unique would repeat it."""
        self.add_rows(reader.assets())
        marks = ", ".join("?" * len(RESOURCE_COLUMNS))
        self.add(f"INSERT INTO resource ({', '.join(RESOURCE_COLUMNS)}) VALUES ({marks})", reader.resources())
        self.add("INSERT OR IGNORE INTO word VALUES (?, ?, ?)", reader.words())
        return reader.library()

    def add_rows(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add asset rows, cells as in `field_query.cells`."""
        marks = ", ".join("?" * (len(ASSET_COLUMNS) + 6))
        self.add(f"INSERT OR IGNORE INTO asset VALUES ({marks})", ((*row, *_beside(row)) for row in rows))

    def rows(self, where: str = "", parameters: Sequence[object] = ()) -> Iterator[AssetRow]:
        """Asset rows in the order of their numbers; `where` is an SQL condition."""
        sql = f"{_ROWS}{f' WHERE {where}' if where else ''} ORDER BY pk"
        with self._own_trouble():
            cursor = self.connection.execute(sql, parameters)
            while some := cursor.fetchmany(_TOGETHER):
                yield from map(AssetRow._make, values(ASSET_FIELDS, some))

    def row(self, pk: int) -> AssetRow | None:
        """The asset row of this number."""
        return next(self.rows("pk = ?", (pk,)), None)

    def resources(self, pk: int) -> tuple[ResourceRow, ...]:
        """The resource rows of one asset."""
        found = list(self.run(f"{_RESOURCES} WHERE asset_pk = ? ORDER BY number", (pk,)))
        return tuple(map(ResourceRow._make, values(RESOURCE_FIELDS, found))) if found else ()

    # --- files ---------------------------------------------------------------------------------------------

    def add_files(self, files: Iterable[MediaFile]) -> None:
        """Add media files, thumbnail tables apart, each with the row it names by its whole name or by the stem."""
        for index in LIBRARY_INDEXES:
            self.change(index)
        self.add(_ADD_FILE, (_cells(file) for file in files if file.place.part is not MediaPathPart.TABLE))
        for index in FILE_INDEXES:
            self.change(index)

    def update_file(self, file: MediaFile) -> None:
        """Keep what a closer look at a file has told."""
        blob, facts = file.blob, file.facts
        self.change(
            "UPDATE file SET state = ?, size = ?, note = ?, blank = ?, facts = ?, identifier = ?, speaks = ? "
            "WHERE id = ?",
            (blob.state.value, blob.size, blob.note, blob.blank, packed(facts) if facts else None,
             _identifier(file), file_speaks(file), file.number),
        )  # fmt: skip

    def files(self, where: str, *, order: str = "id") -> Iterator[MediaFile]:
        """Files that fit an SQL condition, by default in the order of their paths."""
        return map(_file, self.run(f"{_FILES} FROM file WHERE {where} ORDER BY {order}"))

    # --- groups --------------------------------------------------------------------------------------------

    def groups(self, chosen: str | None = None) -> Iterator[Group]:
        """Each row with its files in the order of rows, of all or of those whose numbers a SELECT gives.

        Rows that name the same file, as after a restore, all have it.
        """
        shared = self._shared_files()
        only = f" WHERE {{}} IN ({chosen})" if chosen else ""
        words = _Merged(self.run(f"SELECT pk, kind, word FROM word{only.format('pk')} ORDER BY pk, kind, word"))
        resources = _Merged(self._resources(only.format("asset_pk")))
        files = _Merged(
            self.run(
                f"SELECT owner, {_FILES.removeprefix('SELECT ')} FROM file "
                f"WHERE owner IS NOT NULL{f' AND owner IN ({chosen})' if chosen else ''} ORDER BY owner, turn, id"
            )
        )
        for row in self.rows(f"pk IN ({chosen})" if chosen else ""):
            pk = row.pk
            alike = shared.get(pk, {})
            own = files.of(pk)
            if alike and not own:  # the first row got what both name
                own = self._named(min(alike))
            yield _group(
                row,
                [cells[1:] for cells in own],
                tuple(found for _, found in resources.of(pk)),
                _Words.of(words.of(pk)),
                tuple(uuid or "" for other, uuid in alike.items() if other != pk) if own else (),
            )

    def _named(self, owner: int) -> list[Any]:
        """The files of a row, with its number, if one of them is the file that it names."""
        found = list(self.run(f"{_OF_OWNER} WHERE owner = ? ORDER BY turn, id", (owner,)))
        names_one = any(cells[1] == MediaPathPart.ORIGINAL and cells[-1] == 0 for cells in found)
        return [cells[:-1] for cells in found] if names_one else []

    def _shared_files(self) -> Mapping[int, Mapping[int, str | None]]:
        """For each row that names a file which another names too: all of these rows with their UUIDs; few have any."""
        found: dict[int, dict[int, str | None]] = {}
        for first, pk, uuid in self.run(_NAMED_TWICE):
            found.setdefault(first, {})[pk] = uuid
        return {pk: rows for rows in found.values() for pk in rows}

    def count_groups(self, chosen: str | None = None) -> int:
        """How many groups there are: with a row, of all or of those whose numbers a SELECT gives, and without."""
        rows = f"SELECT count(*) FROM ({chosen})" if chosen else "SELECT count(*) FROM asset"
        return int(self.value(f"SELECT ({rows}) + (SELECT count(DISTINCT place) FROM file WHERE owner IS NULL)"))

    def groups_without_row(self) -> Iterator[Group]:
        """Files that belong together and to no row, in the order in which they were found."""
        found = self.run(
            f"SELECT place, {_FILES.removeprefix('SELECT ')} FROM file WHERE owner IS NULL ORDER BY place, turn, id"
        )
        for _, cells in groupby(found, _KEY):
            yield _group(None, [each[1:] for each in cells])

    def _resources(self, only: str) -> Iterator[tuple[int, ResourceRow]]:
        with self._own_trouble():
            cursor = self.connection.execute(f"{_RESOURCES}{only} ORDER BY asset_pk, number")
            while some := cursor.fetchmany(_TOGETHER):
                for found in map(ResourceRow._make, values(RESOURCE_FIELDS, some)):
                    yield found.asset_pk, found


class _Words(NamedTuple):
    """The words people gave an asset, named as in its group."""

    keywords: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    shared_albums: tuple[str, ...] = ()
    deleted_albums: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()

    @classmethod
    def of(cls, said: Sequence[tuple[int, str, str]]) -> _Words:
        """Sort the rows of one asset by what kind of word each is."""
        if not said:
            return _NO_WORDS
        return cls(*(tuple(word for _, kind, word in said if kind == wanted) for wanted in Word))


_NO_WORDS = _Words()


class _Merged:
    """Rows sorted by their first cell, asked for by rising keys."""

    def __init__(self, rows: Iterator[Any]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, key: int) -> list[Any]:
        """The rows of a key; those of keys between are passed over."""
        row, rows = self._next, self._rows
        while row is not None and row[0] < key:
            row = next(rows, None)
        found = []
        while row is not None and row[0] == key:
            found.append(row)
            row = next(rows, None)
        self._next = row
        return found


_PK, _DIRECTORY, _FILENAME, _SUBTYPE, _GROUP = (
    ASSET_COLUMNS.index(name) for name in ("pk", "directory", "filename", "kind_subtype", "media_group_uuid")
)


def _beside(row: Sequence[Any]) -> tuple[object, ...]:
    """What is stored beside the cells of a row: the name by which files find it, and what it promises."""
    directory, filename, identifier = row[_DIRECTORY], row[_FILENAME], row[_GROUP]
    live = row[_SUBTYPE] == SubtypeCode.LIVE_PHOTO
    folder = head = ending = None
    if filename:
        head = stem(filename)
        folder, ending = folded(row_folder(directory or "")), filename[len(head) :].casefold()
        head = head.casefold()
    return folder, head, ending, identifier.upper() if identifier else None, live, row_speaks(row)


@lru_cache(maxsize=4_096)
def folded(text: str) -> str:
    """The text without letter case; folders repeat."""
    return text.casefold()


def _identifier(file: MediaFile) -> str | None:
    stated = file.content_identifier
    return valid_unicode(stated.upper()) if stated else None


def _cells(file: MediaFile) -> tuple[object, ...]:
    entry, place, blob, attributes, facts, _, by_bytes = file
    part, directory, name, stem_only, format_id = place
    head = name if stem_only else stem(name)
    original = part is MediaPathPart.ORIGINAL
    key = entry.wrapped_key
    return (
        part.value,
        sort_of(file).value if original else None,
        folded(row_folder(directory)),
        head.casefold(),
        name[len(head) :].casefold(),
        _identifier(file) if original else None,
        None if original else rendition_role(file).value,
        file_speaks(file) if original else 0,
        entry.domain,
        entry.relative_path,
        entry.file_id,
        entry.size,
        entry.birth,
        key.stored() if key is not None else None,
        entry.problem,
        entry.in_snapshot,
        blob.state.value,
        blob.size,
        blob.note,
        blob.blank,
        directory,
        name,
        stem_only,
        format_id,
        by_bytes.code if by_bytes is not None else None,
        packed(attributes) if attributes is not None else None,
        packed(facts) if facts is not None else None,
    )


def _file(cells: Sequence[Any]) -> MediaFile:
    (part, _, _, _, _, _, _, _, domain, path, file_id, listed, birth, key, problem, inside, state, size, note, blank,
     directory, name, stem_only, format_id, by_bytes, attributes, facts, _, _, number) = cells  # fmt: skip
    return MediaFile(
        ManifestEntry(
            file_id,
            domain,
            path,
            EntryKind.FILE,
            listed,
            birth=birth,
            wrapped_key=WrappedKey.from_bytes(key) if key is not None else None,
            problem=problem,
            in_snapshot=bool(inside),
        ),
        MediaPath(_PARTS[part], directory, name, bool(stem_only), format_id),
        Blob(_STATES[state], size, note, bool(blank)),
        _ATTRIBUTES.decode(attributes) if attributes is not None else None,
        _FACTS.decode(facts) if facts is not None else None,
        number,
        _TYPES.get(by_bytes),
    )


_ROLE, _JOINED, _MATCHED = FILE_COLUMNS.index("role"), len(FILE_COLUMNS), len(FILE_COLUMNS) + 1


def _group(
    row: AssetRow | None,
    stored: Sequence[Sequence[Any]],
    resources: tuple[ResourceRow, ...] = (),
    words: _Words = _NO_WORDS,
    same_file: tuple[str, ...] = (),
) -> Group:
    files: list[GroupFile] = []
    pair: Joined | None = None
    for cells in stored:
        file = _file(cells)
        role = _ROLES[cells[_ROLE]] if cells[_ROLE] is not None else _named_role(row, file)
        files.append(GroupFile(role, file))
        if cells[_JOINED] is not None and pair is None:
            pair = Joined(PairedBy(cells[_JOINED]), None if cells[_MATCHED] is None else bool(cells[_MATCHED]))
    if pair is not None and pair.identifiers_match is None:
        pair = _compared(pair, row, files)
    return Group(row, tuple(files), pair, resources, **words._asdict(), same_file=same_file)


def _named_role(row: AssetRow | None, file: MediaFile) -> FileRole:
    """The role of the file that a row names: its bytes or its name say what it is, else the row."""
    sort = sort_of(file)
    if sort is not FileRole.ADJUSTMENTS:
        return sort
    return FileRole.VIDEO if row is not None and row.kind == KindCode.VIDEO else FileRole.STILL


def _compared(pair: Joined, row: AssetRow | None, files: Sequence[GroupFile]) -> Joined:
    """The pair, told whether its identifiers match where that was unknown: a look inside may have told them."""
    first = dict(reversed([(role, file.content_identifier) for role, file in files]))
    still = first.get(FileRole.STILL) or (row.media_group_uuid if row else None)
    movie = first.get(FileRole.PAIRED_VIDEO)
    return Joined(pair.by, still.upper() == movie.upper() if still and movie else None)
