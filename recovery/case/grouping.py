"""Bring asset rows and media files together: which files belong to which asset, and in what role."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple

from recovery import limits
from recovery.case.pairing import Half, Pair, PairedBy, pairs
from recovery.photos_db.camera_roll_paths import (
    IMAGE_EXTENSIONS,
    MOVIE_EXTENSIONS,
    RAW_EXTENSIONS,
    FileRole,
    Part,
    extension,
    stem,
)
from recovery.photos_db.codes import KindCode
from recovery.photos_db.library import AssetRow
from recovery.photos_db.media_files import MediaFile
from recovery.photos_db.row_index import RowIndex
from recovery.spool import Lazy, Room, Sorter, Spool, fields_of

Key = tuple[str, str]
"""Directory and stem, letter case aside."""
_NOBODY = 2**62
_WAYS = ((PairedBy.CONTENT_IDENTIFIER, True), (PairedBy.STEM, False), (PairedBy.STEM, None))
"""How two halves can have been joined, and whether their identifiers match."""


class GroupFile(NamedTuple):
    """A media file and what it is to its asset."""

    role: FileRole
    file: MediaFile


@dataclass(frozen=True, slots=True)
class Group:
    """An asset row, if there is one, and its files; `pair` tells how the halves of a Live Photo were joined."""

    row: AssetRow | None
    files: tuple[GroupFile, ...]
    pair: Pair[str] | None = None

    def first(self, *roles: FileRole) -> MediaFile | None:
        """The first file in one of the roles."""
        return next((item.file for item in self.files if item.role in roles), None)

    def content_identifiers(self) -> set[str]:
        """All that join the halves of a Live Photo, as row and files state them."""
        stated = {item.file.content_identifier for item in self.files}
        stated.add(self.row.media_group_uuid if self.row else None)
        return {identifier for identifier in stated if identifier}

    def updated(self, change: Callable[[GroupFile], MediaFile]) -> Group:
        """The same group with each file changed by a function, and its halves compared anew."""
        changed = replace(self, files=tuple(GroupFile(item.role, change(item)) for item in self.files))
        return replace(changed, pair=changed._compared())

    def _compared(self) -> Pair[str] | None:
        """The pair, told whether its identifiers match where that was unknown: a look inside may tell them."""
        still, movie = self.first(FileRole.STILL), self.first(FileRole.PAIRED_VIDEO)
        if self.pair is None or self.pair.identifiers_match is not None or movie is None:
            return self.pair
        stored = self.row.media_group_uuid if self.row else None
        first, second = (still.content_identifier if still else None) or stored, movie.content_identifier
        match = first.upper() == second.upper() if first and second else None
        return replace(self.pair, identifiers_match=match)


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups with a row in the order of rows, and those without a row.

    Of a large library the groups are made anew by each walk through them, so each walk should do much.
    """

    with_row: Sequence[Group] = ()
    without_row: Sequence[Group] = ()

    @property
    def groups(self) -> Sequence[Group]:
        """All of them, those without a row last."""
        both = self.with_row, self.without_row
        return Lazy(sum(map(len, both)), lambda: chain(*both))

    def updated(self, change: Callable[[Group], Group], room: Room | None) -> Grouping:
        """Each group put through a function, in their order; what it gives back unchanged is not kept twice."""
        return Grouping(_updated(self.with_row, change, room), tuple(map(change, self.without_row)))


def _updated(groups: Sequence[Group], change: Callable[[Group], Group], room: Room | None) -> Sequence[Group]:
    if isinstance(groups, tuple):
        return tuple(map(change, groups))
    changed = Spool[tuple[int, Group]](room, limits.ROWS_IN_MEMORY // 10)
    for number, group in enumerate(groups):
        if (new := change(group)) is not group:
            changed.append((number, new))

    def walk() -> Iterator[Group]:
        those = iter(changed)
        due, new = next(those, (None, None))
        for number, group in enumerate(groups):
            if number == due and new is not None:
                yield new
                due, new = next(those, (None, None))
            else:
                yield group

    return Lazy(len(groups), walk)


def group(
    rows: Sequence[AssetRow], files: Iterable[MediaFile], index: RowIndex | None = None, room: Room | None = None
) -> Grouping:
    """Assign every media file, thumbnail tables apart, to one row or to one group without a row; none is lost.

    `index` is that of these rows; very many files lie in the `room`.
    """
    return _Grouper(rows, index or RowIndex(rows), room).group(files)


def is_movie(file: MediaFile) -> bool:
    """Whether the name says that a file is a movie."""
    return extension(_name(file)) in MOVIE_EXTENSIONS


def _name(file: MediaFile) -> str:
    """The name that tells the kind of file: a blob without a path has only the one its bytes gave it."""
    return file.entry.name or file.place.name


def _is_picture(file: MediaFile) -> bool:
    return extension(_name(file)) in IMAGE_EXTENSIONS


def _key(directory: str | None, name: str | None) -> Key:
    return (directory or "").casefold(), (name or "").casefold()


_Owned = tuple[int, GroupFile, Pair[str] | None]
"""The number of a row, a file of it, and with a movie how it was joined."""
_OWNER = itemgetter(0)
_NOTHING: tuple[int, Iterable[_Owned]] = (-1, ())


class _Grouper:
    """The steps of one grouping; each file leaves exactly one of them."""

    def __init__(self, rows: Sequence[AssetRow], index: RowIndex, room: Room | None) -> None:
        self.rows = rows
        self.room = room
        self.index = index
        self.owned = Sorter[_Owned](room, limits.FILES_IN_MEMORY, _OWNER)
        self.has_own = bytearray(len(rows))
        self.stated: dict[int, str] = {}
        """Content identifiers by row, as the first still that is a row's own file states them."""
        self.rest = Spool[MediaFile](room, limits.FILES_IN_MEMORY // 4)
        self.in_rest: set[FileRole] = set()
        """Which sorts of files are among them: a walk for a sort that is not there can be saved."""
        self.renditions: list[MediaFile] = []
        self.pairs: dict[str, Pair[str]] = {}
        self.rowless: dict[str, list[GroupFile]] = {}

    def group(self, files: Iterable[MediaFile]) -> Grouping:
        for file in files:
            self._by_row(file)
        self._pair_movies()
        self._second_originals()
        self._attach_renditions()
        without = tuple(Group(None, tuple(items), self.pairs.get(key)) for key, items in self.rowless.items())
        return Grouping(_joined(self.rows, self.owned.settled()), without)

    def _own(self, number: int, item: GroupFile, joined: Pair[str] | None = None) -> None:
        """Give a file to a row; the files of a row keep the order in which they are given."""
        self.owned.add((number, item, joined))

    def _by_row(self, file: MediaFile) -> None:
        """Files that name their row: originals by their whole name, renditions also by stem."""
        if file.place.part is Part.TABLE:
            return
        if file.place.part is Part.ORIGINAL:
            number = self.index.exactly(file.place)
            if number is None:
                self.rest.append(file)
                self.in_rest.add(_sort_of(file))
            else:
                self._by_name(number, file)
            return
        number = self.index.loosely(file.place)
        if number is None:
            self.renditions.append(file)
        else:
            self._own(number, GroupFile(_rendition_role(file), file))

    def _by_name(self, number: int, file: MediaFile) -> None:
        video = self.index.is_video(number)
        role = FileRole.VIDEO if (is_movie(file) if video is None else video) else FileRole.STILL
        self._own(number, GroupFile(role, file))
        if role is FileRole.STILL and not self.has_own[number] and (stated := file.content_identifier):
            self.stated[number] = stated
        self.has_own[number] = True

    def _pair_movies(self) -> None:
        """Join movies without a row to stills, of rows or not.

        A row's still is known by the row's number, a file without a row by ~ its place among those.
        """
        still_of = array("q", [_NOBODY]) * len(self.rest)
        way_of = bytearray(len(self.rest))
        for found in pairs(self._stills(), _halves(self.rest, is_movie), self.room):
            still_of[~found.movie] = found.still
            way_of[~found.movie] = _WAYS.index((found.by, found.identifiers_match))
        for place, file in enumerate(self.rest):
            if is_movie(file):
                self._place_movie(file, still_of[place], *_WAYS[way_of[place]])
            elif _is_picture(file):
                self.rowless.setdefault(file.entry.file_id, []).insert(0, GroupFile(FileRole.STILL, file))

    def _stills(self) -> Iterator[Half[int]]:
        asked = fields_of(self.rows, "kind", "directory", "filename", "media_group_uuid")
        for number, (kind, directory, filename, identifier) in enumerate(asked):
            if kind != KindCode.VIDEO and filename:
                yield Half(number, directory or "", stem(filename), self.stated.get(number) or identifier)
        if FileRole.STILL in self.in_rest:
            yield from _halves(self.rest, _is_picture)

    def _place_movie(self, file: MediaFile, still: int, by: PairedBy, match: bool | None) -> None:
        name = file.entry.file_id
        paired = GroupFile(FileRole.PAIRED_VIDEO, file)
        if still == _NOBODY:
            self.rowless[name] = [GroupFile(FileRole.VIDEO, file)]
        elif still >= 0:
            self._own(still, paired, Pair(f"row {still}", name, by, match))
        else:
            still_name = self.rest[~still].entry.file_id
            self.rowless.setdefault(still_name, []).append(paired)
            self.pairs[still_name] = Pair(still_name, name, by, match)

    def _second_originals(self) -> None:
        """RAW beside JPEG, a file whose extension changed, and sidecars go to the asset of the same stem."""
        for name, items in list(self.rowless.items()):
            number = self._by_stem(items[0].file)
            if number is None or len(items) > 1 or items[0].role is not FileRole.STILL:
                continue
            endings = {extension(items[0].file.entry.name), extension(self.rows[number].filename or "")}
            if endings & RAW_EXTENSIONS or not self.has_own[number]:
                self._own(number, items[0])
                del self.rowless[name]
        stems = self._rowless_stems()
        for file in self.rest if FileRole.ADJUSTMENTS in self.in_rest else ():
            if _sort_of(file) is FileRole.ADJUSTMENTS:
                self._attach(file, FileRole.ADJUSTMENTS, stems)

    def _by_stem(self, file: MediaFile) -> int | None:
        """The row of the same stem, whatever the extension."""
        return self.index.loosely(file.place._replace(stem_only=True, name=stem(file.place.name)))

    def _attach_renditions(self) -> None:
        """Edits and reduced copies of files without a row join them; those of nothing else become a group."""
        stems = self._rowless_stems()
        for file in self.renditions:
            name = stems.setdefault(_key(file.place.directory, file.place.stem), file.entry.file_id)
            self.rowless.setdefault(name, []).append(GroupFile(_rendition_role(file), file))

    def _attach(self, file: MediaFile, role: FileRole, stems: dict[Key, str]) -> None:
        number = self._by_stem(file)
        name = stems.get(_key(file.place.directory, file.place.stem))
        if number is not None:
            self._own(number, GroupFile(role, file))
        elif name is not None:
            self.rowless[name].append(GroupFile(role, file))
        else:
            self.rowless[file.entry.file_id] = [GroupFile(role, file)]

    def _rowless_stems(self) -> dict[Key, str]:
        return {
            _key(items[0].file.place.directory, items[0].file.place.stem): name
            for name, items in self.rowless.items()
        }


def _joined(rows: Sequence[AssetRow], owned: Sequence[_Owned]) -> Sequence[Group]:
    """A group for each row with the files it was given."""

    def walk() -> Iterator[Group]:
        given = groupby(owned, _OWNER)
        owner, items = next(given, _NOTHING)
        for number, row in enumerate(rows):
            if number != owner:
                yield Group(row, ())
                continue
            own = tuple(items)
            yield Group(row, tuple(item for _, item, _ in own), next((pair for _, _, pair in own if pair), None))
            owner, items = next(given, _NOTHING)

    few = isinstance(owned, tuple) and not isinstance(rows, Spool)
    return tuple(walk()) if few else Lazy(len(rows), walk)


def _halves(files: Iterable[MediaFile], wanted: Callable[[MediaFile], bool]) -> Iterator[Half[int]]:
    """Files without a row as halves, each known by ~ its place among them."""
    for place, file in enumerate(files):
        if wanted(file):
            yield Half(~place, file.place.directory, file.place.stem, file.content_identifier)


def _sort_of(file: MediaFile) -> FileRole:
    """Movie, still or sidecar, by the name."""
    if is_movie(file):
        return FileRole.VIDEO
    return FileRole.STILL if _is_picture(file) else FileRole.ADJUSTMENTS


def _rendition_role(file: MediaFile) -> FileRole:
    part = file.place.part
    if part is Part.EDIT:
        if is_movie(file):
            return FileRole.EDITED_VIDEO
        return FileRole.EDITED_STILL if _is_picture(file) else FileRole.ADJUSTMENTS
    return FileRole.REDUCED if part is Part.REDUCED else FileRole.THUMBNAIL
