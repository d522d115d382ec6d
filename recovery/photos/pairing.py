"""Pair the halves of Live Photos: by content identifier, then by stem in the same folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

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
    """Pair stills with movies, each at most once, in the order of the movies.

    A shared content identifier joins halves wherever they lie; several with one identifier (a duplicated Live
    Photo) are told apart by their stem. What is left is joined by the stem in the same folder, letter case
    aside; two such halves with different identifiers are still a pair, and the disagreement is reported.
    """
    found: list[Pair[K]] = []
    taken: set[K] = set()
    left: list[Half[K]] = []
    by_identifier: defaultdict[str, list[Half[K]]] = defaultdict(list)
    by_stem: defaultdict[tuple[str, str], list[Half[K]]] = defaultdict(list)
    for still in stills:
        if still.identifier:
            by_identifier[still.identifier.upper()].append(still)
        by_stem[_stem(still)].append(still)
    for movie in movies:
        same = by_identifier.get(movie.identifier.upper(), []) if movie.identifier else []
        candidates = [still for still in same if still.key not in taken]
        if not candidates:
            left.append(movie)
            continue
        best = next((still for still in candidates if _stem(still) == _stem(movie)), candidates[0])
        taken.add(best.key)
        found.append(Pair(best.key, movie.key, PairedBy.CONTENT_IDENTIFIER, True))
    for movie in left:
        free = next((still for still in by_stem.get(_stem(movie), []) if still.key not in taken), None)
        if free is not None:
            taken.add(free.key)
            match = False if free.identifier and movie.identifier else None
            found.append(Pair(free.key, movie.key, PairedBy.STEM, match))
    return tuple(found)


def _stem(half: Half[K]) -> tuple[str, str]:
    return half.folder.casefold(), half.stem.casefold()
