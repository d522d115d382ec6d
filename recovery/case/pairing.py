"""Pair the halves of Live Photos: by content identifier, then by stem in the same folder."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Generic, TypeVar

from recovery import limits

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
class LivePhotoPair(Generic[K]):
    """Two halves; `identifiers_match` is None when one of the identifiers is unknown."""

    still: K
    movie: K
    by: PairedBy
    identifiers_match: bool | None


def pair(stills: Iterable[Half[K]], movies: Iterable[Half[K]]) -> tuple[LivePhotoPair[K], ...]:
    """Pair stills with movies, each at most once; the pairs are in the order of the movies, those by stem last.

    A shared content identifier joins halves wherever they lie; several with one identifier (a duplicated Live
    Photo) are told apart by their stem. What is left is joined by the stem in the same folder, letter case
    aside; two such halves with different identifiers are still a pair, and the disagreement is reported.
    """
    halves = [(False, half) for half in stills] + [(True, half) for half in movies]
    order = {half.key: number for number, (_, half) in enumerate(halves)}
    found = list(_in_groups(halves, _identifier, same_identifier))
    taken = {key for each in found for key in (each.still, each.movie)}
    left = [(is_movie, half) for is_movie, half in halves if half.key not in taken]
    found += _in_groups(left, _place, same_stem)
    return tuple(sorted(found, key=lambda item: (item.by is PairedBy.STEM, order[item.movie])))


def same_identifier(stills: Iterable[Half[K]], movies: Iterable[Half[K]]) -> Iterator[LivePhotoPair[K]]:
    """Pair the halves of one content identifier, earlier ones first, those of the same stem before others."""
    free = deque(stills)
    for movie in movies:
        if not free:
            return
        first = islice(free, limits.SAME_NAMES)
        place = next((place for place, still in enumerate(first) if _place(still) == _place(movie)), 0)
        yield LivePhotoPair(free[place].key, movie.key, PairedBy.CONTENT_IDENTIFIER, True)
        del free[place]


def same_stem(stills: Iterable[Half[K]], movies: Iterable[Half[K]]) -> Iterator[LivePhotoPair[K]]:
    """Pair the halves of one stem in one folder, in their order."""
    for still, movie in zip(stills, movies, strict=False):
        # Equal identifiers have been paired before.
        match = False if still.identifier and movie.identifier else None
        yield LivePhotoPair(still.key, movie.key, PairedBy.STEM, match)


def _identifier(half: Half[K]) -> Hashable:
    return half.identifier.upper() if half.identifier else None


def _place(half: Half[K]) -> Hashable:
    return half.folder.casefold(), half.stem.casefold()


def _in_groups(
    halves: Iterable[tuple[bool, Half[K]]],
    key: Callable[[Half[K]], Hashable],
    join: Callable[[list[Half[K]], list[Half[K]]], Iterator[LivePhotoPair[K]]],
) -> Iterator[LivePhotoPair[K]]:
    groups: defaultdict[Hashable, tuple[list[Half[K]], list[Half[K]]]] = defaultdict(lambda: ([], []))
    for is_movie, half in halves:
        if (name := key(half)) is not None:
            groups[name][is_movie].append(half)
    for stills, movies in groups.values():
        yield from join(stills, movies)
