"""Pair the halves of Live Photos: by content identifier, then by stem in the same folder."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, islice
from operator import itemgetter
from typing import Generic, TypeVar

from recovery import limits
from recovery.spool import Room, Sorter

K = TypeVar("K", bound=Hashable)


class PairedBy(StrEnum):
    """What joins two halves."""

    CONTENT_IDENTIFIER = "content_identifier"
    STEM = "stem"


@dataclass(frozen=True, slots=True)
class Half(Generic[K]):
    """A still or a movie that may be half of a Live Photo.

    `identifier` is the content identifier the database, the attributes or the file itself gives, None if unknown.
    """

    key: K
    folder: str
    stem: str
    identifier: str | None = None


@dataclass(frozen=True, slots=True)
class Pair(Generic[K]):
    """Two halves; `identifiers_match` is None when one of the identifiers is unknown."""

    still: K
    movie: K
    by: PairedBy
    identifiers_match: bool | None


def pair(stills: Iterable[Half[K]], movies: Iterable[Half[K]]) -> tuple[Pair[K], ...]:
    """Pair stills with movies as `pairs` does; the pairs are in the order of the movies, those by stem last."""
    movies = list(movies)
    order = {movie.key: number for number, movie in enumerate(movies)}
    found = pairs(stills, movies)
    return tuple(sorted(found, key=lambda item: (item.by is PairedBy.STEM, order[item.movie])))


def pairs(stills: Iterable[Half[K]], movies: Iterable[Half[K]], room: Room | None = None) -> Iterator[Pair[K]]:
    """Pair stills with movies, each at most once.

    A shared content identifier joins halves wherever they lie; several with one identifier (a duplicated Live
    Photo) are told apart by their stem. What is left is joined by the stem in the same folder, letter case
    aside; two such halves with different identifiers are still a pair, and the disagreement is reported.
    Both are done group by group: very many halves lie sorted in the `room`, and earlier ones choose first.
    """
    alike = Sorter[_Entry[K]](room, limits.FILES_IN_MEMORY // 2, _PLACE)
    beside = Sorter[_Entry[K]](room, limits.FILES_IN_MEMORY // 2, _PLACE)
    number = 0
    for is_movie, halves in ((False, stills), (True, movies)):
        for half in halves:
            number += 1
            if half.identifier:
                alike.add((half.identifier.upper(), number, is_movie, _stem(half), True, half.key))
            else:
                beside.add((_stem(half), number, is_movie, "", False, half.key))
    for _, group in groupby(alike.settled(), _NAME):
        yield from _same_identifier(group, beside)
    for _, group in groupby(beside.settled(), _NAME):
        yield from _same_stem(group)


_Entry = tuple[str, int, bool, str, bool, K]
"""A half by what it is sorted by: identifier or stem, number, whether it is a movie; then its stem, whether it has
an identifier, and its key."""
_NAME, _PLACE = itemgetter(0), itemgetter(0, 1)


def _same_identifier(group: Iterable[_Entry[K]], beside: Sorter[_Entry[K]]) -> Iterator[Pair[K]]:
    """Pair halves of one identifier; those left over stay to be paired by their stem."""
    free: deque[_Entry[K]] = deque()  # the stills come first
    for entry in group:
        _, number, is_movie, own, stated, key = entry
        if not is_movie:
            free.append(entry)
        elif free:
            first = islice(free, limits.SAME_NAMES)
            place = next((place for place, still in enumerate(first) if still[3] == own), 0)
            yield Pair(free[place][5], key, PairedBy.CONTENT_IDENTIFIER, True)
            del free[place]
        else:
            beside.add((own, number, True, "", stated, key))
    for _, number, _, own, stated, key in free:
        beside.add((own, number, False, "", stated, key))


def _same_stem(group: Iterable[_Entry[K]]) -> Iterator[Pair[K]]:
    """Pair halves of one stem in one folder."""
    free: deque[_Entry[K]] = deque()
    for entry in group:
        if not entry[2]:
            free.append(entry)
        elif free:
            still = free.popleft()
            match = False if still[4] and entry[4] else None
            yield Pair(still[5], entry[5], PairedBy.STEM, match)


def _stem(half: Half[K]) -> str:
    """Folder and stem, letter case aside; the length of the folder keeps different ones apart."""
    folder = half.folder.casefold()
    return f"{len(folder)} {folder}{half.stem.casefold()}"
