"""Bring asset rows and media files together: which files belong to which asset, and in what role."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from recovery.photos.codes import KindCode, SubtypeCode
from recovery.photos.library import AssetRow
from recovery.photos.media_files import MediaFile
from recovery.photos.pairing import Half, Pair, pair
from recovery.photos.places import (
    IMAGE_EXTENSIONS,
    MOVIE_EXTENSIONS,
    RAW_EXTENSIONS,
    FileRole,
    Part,
    Place,
    extension,
    stem,
)

Key = tuple[str, str]
"""Directory and name or stem, letter case aside."""


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
        first, second = (_identifier(still) if still else None) or stored, _identifier(movie)
        match = first.upper() == second.upper() if first and second else None
        return replace(self.pair, identifiers_match=match)


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups with a row in the order of rows, then those without a row."""

    groups: tuple[Group, ...]


def group(rows: Sequence[AssetRow], files: Iterable[MediaFile], index: RowIndex | None = None) -> Grouping:
    """Assign every media file, thumbnail tables apart, to one row or to one group without a row; none is lost.

    `index` is that of the rows, where there is one already.
    """
    return _Grouper(rows, index or RowIndex(rows)).group(files)


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


def _identifier(file: MediaFile) -> str | None:
    stated = file.facts.content_identifier if file.facts else None
    return stated or (file.attributes.media_group_uuid if file.attributes else None)


class RowIndex:
    """Asset rows by the name and by the stem of their file."""

    def __init__(self, rows: Iterable[AssetRow]) -> None:
        self.by_name: dict[Key, AssetRow] = {}
        self.by_stem: defaultdict[Key, list[AssetRow]] = defaultdict(list)
        for row in rows:
            if row.filename:
                self.by_name.setdefault(_key(row.directory, row.filename), row)
                self.by_stem[_key(row.directory, stem(row.filename))].append(row)

    def exactly(self, place: Place) -> AssetRow | None:
        """The row whose file this is."""
        return self.by_name.get(_key(place.directory, place.name))

    def loosely(self, place: Place) -> AssetRow | None:
        """The row whose file has this name, else this stem; a Live Photo first among several."""
        found = None if place.stem_only else self.exactly(place)
        same = self.by_stem.get(_key(place.directory, place.stem), [])
        live = (row for row in same if row.kind_subtype == SubtypeCode.LIVE_PHOTO)
        return found or next(live, same[0] if same else None)


class _Grouper:
    """The steps of one grouping; each file leaves exactly one of them."""

    def __init__(self, rows: Sequence[AssetRow], index: RowIndex) -> None:
        self.rows = rows
        self.index = index
        self.owned: defaultdict[int, list[GroupFile]] = defaultdict(list)
        self.rest: list[MediaFile] = []
        self.renditions: list[MediaFile] = []
        self.pairs: dict[int | str, Pair[str]] = {}
        self.rowless: dict[str, list[GroupFile]] = {}

    def group(self, files: Iterable[MediaFile]) -> Grouping:
        for file in files:
            self._by_row(file)
        self._pair_movies()
        self._second_originals()
        self._attach_renditions()
        with_row = [Group(row, tuple(self.owned[row.pk]), self.pairs.get(row.pk)) for row in self.rows]
        without = [Group(None, tuple(items), self.pairs.get(key)) for key, items in self.rowless.items()]
        return Grouping((*with_row, *without))

    def _by_row(self, file: MediaFile) -> None:
        """Files that name their row: originals by their whole name, renditions also by stem."""
        if file.place.part is Part.TABLE:
            return
        if file.place.part is Part.ORIGINAL:
            row = self.index.exactly(file.place)
            if row is None:
                self.rest.append(file)
            else:
                video = row.kind == KindCode.VIDEO or (row.kind is None and is_movie(file))
                self.owned[row.pk].append(GroupFile(FileRole.VIDEO if video else FileRole.STILL, file))
            return
        row = self.index.loosely(file.place)
        if row is None:
            self.renditions.append(file)
        else:
            self.owned[row.pk].append(GroupFile(_rendition_role(file), file))

    def _pair_movies(self) -> None:
        """Join movies without a row to stills, of rows or not."""
        owners: dict[str, int] = {}
        stills: list[Half[str]] = []
        for row in self.rows:
            if row.kind == KindCode.VIDEO or not row.filename:
                continue
            own = next((item.file for item in self.owned[row.pk] if item.role is FileRole.STILL), None)
            stated = _identifier(own) if own else None
            key = f"row {row.pk}"
            owners[key] = row.pk
            stills.append(Half(key, row.directory or "", stem(row.filename), stated or row.media_group_uuid))
        pictures = [file for file in self.rest if _is_picture(file)]
        movies = {file.entry.file_id: file for file in self.rest if is_movie(file)}
        halves = [_half(file) for file in pictures]
        joined = pair([*stills, *halves], [_half(file) for file in movies.values()])
        by_movie = {item.movie: item for item in joined}
        paired_stills = {item.still: item for item in joined}
        for file in self.rest:
            name = file.entry.file_id
            if name in movies:
                self._place_movie(file, by_movie.get(name), owners)
            elif _is_picture(file):
                self.rowless.setdefault(name, []).insert(0, GroupFile(FileRole.STILL, file))
                if name in paired_stills:
                    self.pairs[name] = paired_stills[name]

    def _place_movie(self, file: MediaFile, joined: Pair[str] | None, owners: dict[str, int]) -> None:
        if joined is None:
            self.rowless[file.entry.file_id] = [GroupFile(FileRole.VIDEO, file)]
            return
        paired = GroupFile(FileRole.PAIRED_VIDEO, file)
        if joined.still in owners:
            self.owned[owners[joined.still]].append(paired)
            self.pairs[owners[joined.still]] = joined
        else:
            self.rowless.setdefault(joined.still, []).append(paired)

    def _second_originals(self) -> None:
        """RAW beside JPEG, a file whose extension changed, and sidecars go to the asset of the same stem."""
        missing = {row.pk for row in self.rows if not any(_is_own(item) for item in self.owned[row.pk])}
        for name, items in list(self.rowless.items()):
            file = items[0].file
            row = self.index.loosely(file.place._replace(stem_only=True, name=stem(file.place.name)))
            if row is None or len(items) > 1 or items[0].role is not FileRole.STILL:
                continue
            raw = {extension(file.entry.name), extension(row.filename or "")} & RAW_EXTENSIONS
            if raw or row.pk in missing:
                self.owned[row.pk].append(items[0])
                del self.rowless[name]
        stems = self._rowless_stems()
        for file in self.rest:
            if not is_movie(file) and not _is_picture(file):
                self._attach(file, FileRole.ADJUSTMENTS, stems)

    def _attach_renditions(self) -> None:
        """Edits and reduced copies of files without a row join them; those of nothing else become a group."""
        stems = self._rowless_stems()
        for file in self.renditions:
            name = stems.setdefault(_key(file.place.directory, file.place.stem), file.entry.file_id)
            self.rowless.setdefault(name, []).append(GroupFile(_rendition_role(file), file))

    def _attach(self, file: MediaFile, role: FileRole, stems: dict[Key, str]) -> None:
        row = self.index.loosely(file.place._replace(stem_only=True, name=stem(file.place.name)))
        name = stems.get(_key(file.place.directory, file.place.stem))
        if row is not None:
            self.owned[row.pk].append(GroupFile(role, file))
        elif name is not None:
            self.rowless[name].append(GroupFile(role, file))
        else:
            self.rowless[file.entry.file_id] = [GroupFile(role, file)]

    def _rowless_stems(self) -> dict[Key, str]:
        return {
            _key(items[0].file.place.directory, items[0].file.place.stem): name
            for name, items in self.rowless.items()
        }


def _is_own(item: GroupFile) -> bool:
    return item.role in (FileRole.STILL, FileRole.VIDEO)


def _half(file: MediaFile) -> Half[str]:
    return Half(file.entry.file_id, file.place.directory, file.place.stem, _identifier(file))


def _rendition_role(file: MediaFile) -> FileRole:
    part = file.place.part
    if part is Part.EDIT:
        if is_movie(file):
            return FileRole.EDITED_VIDEO
        return FileRole.EDITED_STILL if _is_picture(file) else FileRole.ADJUSTMENTS
    return FileRole.REDUCED if part is Part.REDUCED else FileRole.THUMBNAIL
