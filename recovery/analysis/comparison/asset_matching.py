"""Which asset of one backup is the same as which of another: by UUID, cloud identifier, content, or place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from recovery.analysis.model import ORIGINALS, Asset, AssetFile, Basis, FileState
from recovery.progress import SILENT, Progress, counted
from recovery.records import packed

TRACES = frozenset({Basis.HISTORY, Basis.DELETED_ROW, Basis.THUMBNAIL_TABLE})
"""An asset known from these alone is only remembered: neither the library nor a file of its own has it."""

_ALIKE = 16
# Several assets may share an identifier; only a damaged library lets thousands do so, and then the first count.


class MatchedBy(StrEnum):
    """What tells that two assets are the same one, the surest first."""

    UUID = "uuid"
    CLOUD_IDENTIFIER = "cloud_identifier"
    CONTENT_IDENTIFIER = "content_identifier"
    """Both are Live Photos whose halves are joined by the same identifier."""
    IDENTICAL_BYTES = "identical_bytes"
    """An original has the same length and the same SHA-256."""
    SAME_PLACE = "same_place"
    """The same folder, file name and time taken, and at least one of them has no UUID."""
    SAME_RECORD = "same_record"
    """Everything that is known of them is equal."""


@dataclass(frozen=True, slots=True)
class Digests:
    """SHA-256 in hexadecimal by file ID, for each side; only of files for which it can matter."""

    older: Mapping[str, str] = field(default_factory=dict)
    newer: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AssetPair:
    """The same asset in both backups."""

    older: Asset
    newer: Asset
    by: MatchedBy


@dataclass(frozen=True, slots=True)
class Matching:
    """Every asset of both sides, each once: in one pair, or alone."""

    pairs: tuple[AssetPair, ...]
    only_older: tuple[Asset, ...]
    only_newer: tuple[Asset, ...]


def is_remembered(asset: Asset) -> bool:
    """Whether an asset is known only from traces, so that nothing but a small picture can be left of it."""
    return asset.basis in TRACES


def match(
    older: Sequence[Asset],
    newer: Sequence[Asset],
    digests: Digests | None = None,
    progress: Progress = SILENT,
) -> Matching:
    """Match the assets of two backups, each at most once.

    Those that are there are matched first in every way; what is only remembered comes after, so that a photo that
    was deleted and put back counts as being there.
    """
    known = digests or Digests()
    matcher = _Matcher(
        *(counted(side, progress, "Reading the photos of two backups", len(side)) for side in (older, newer))
    )
    steps = tuple(_steps(known))
    progress.start("Matching the photos of two backups", None, " looks")
    for step in steps:
        matcher.run(step, lambda asset: not is_remembered(asset), progress)
    for step in steps:
        matcher.run(step, lambda asset: True, progress)
    progress.finish()
    return matcher.matching()


def worth_hashing(matching: Matching) -> tuple[tuple[AssetFile, ...], tuple[AssetFile, ...]]:
    """The originals whose bytes could still tell two assets to be the same: unmatched, and of equal length."""
    sides = [_by_size(matching.only_older), _by_size(matching.only_newer)]
    common = sides[0].keys() & sides[1].keys()
    first, second = (tuple(item for size in sorted(common) for item in side[size]) for side in sides)
    return first, second


_Keys = Callable[[Asset], Iterable[Hashable]]


@dataclass(frozen=True, slots=True)
class _Step:
    """One way to match: what must be equal, on either side."""

    by: MatchedBy
    older: _Keys
    newer: _Keys


def _steps(digests: Digests) -> Iterator[_Step]:
    yield _Step(MatchedBy.UUID, _uuid, _uuid)
    # What one device names by its cloud identifier, another may have made that name its own.
    for older, newer in ((_cloud, _cloud), (_cloud, _uuid), (_uuid, _cloud)):
        yield _Step(MatchedBy.CLOUD_IDENTIFIER, older, newer)
    yield _Step(MatchedBy.CONTENT_IDENTIFIER, _content, _content)
    yield _Step(MatchedBy.IDENTICAL_BYTES, _bytes(digests.older), _bytes(digests.newer))
    yield _Step(MatchedBy.SAME_PLACE, _place, _nameless_place)
    yield _Step(MatchedBy.SAME_PLACE, _nameless_place, _place)
    yield _Step(MatchedBy.SAME_RECORD, _all, _all)


class _Matcher:
    """Takes assets out of two lists, pair by pair."""

    def __init__(self, older: Iterable[Asset], newer: Iterable[Asset]) -> None:
        self._older = dict(enumerate(older))
        self._newer = dict(enumerate(newer))
        self._pairs: dict[int, AssetPair] = {}

    def run(self, step: _Step, chosen: Callable[[Asset], bool], progress: Progress) -> None:
        waiting: defaultdict[Hashable, dict[int, None]] = defaultdict(dict)
        for number, asset in self._newer.items():
            progress.advance()
            if chosen(asset):
                for key in step.newer(asset):
                    waiting[key][number] = None
        for number, asset in list(self._older.items()):
            progress.advance()
            if waiting and chosen(asset):
                self._take(number, asset, step, waiting)

    def _take(self, number: int, asset: Asset, step: _Step, waiting: Mapping[Hashable, dict[int, None]]) -> None:
        """Pair an asset with one that waits under its keys: an equal one, else one of its name, else the first."""
        for key in step.older(asset):
            alike = waiting.get(key, {})
            for taken in [other for other in islice(alike, _ALIKE) if other not in self._newer]:
                del alike[taken]
            first = list(islice((other for other in alike if other in self._newer), _ALIKE))
            if first:
                other = min(first, key=lambda number: _unlikeness(asset, self._newer[number]))
                del alike[other]
                self._pairs[number] = AssetPair(self._older.pop(number), self._newer.pop(other), step.by)
                return

    def matching(self) -> Matching:
        pairs = tuple(pair for _, pair in sorted(self._pairs.items(), key=lambda item: item[0]))
        return Matching(pairs, tuple(self._older.values()), tuple(self._newer.values()))


def _unlikeness(first: Asset, second: Asset) -> int:
    return 0 if first == second else 1 if first.filename == second.filename else 2


def _all(asset: Asset) -> Iterator[Hashable]:
    yield packed(asset)


def _uuid(asset: Asset) -> Iterator[str]:
    if asset.uuid:
        yield asset.uuid.upper()


def _cloud(asset: Asset) -> Iterator[str]:
    if asset.cloud_identifier:
        yield asset.cloud_identifier.upper()


def _content(asset: Asset) -> Iterator[str]:
    if asset.live_photo and asset.live_photo.content_identifier:
        yield asset.live_photo.content_identifier.upper()


def _bytes(digests: Mapping[str, str]) -> _Keys:
    def keys(asset: Asset) -> Iterator[Hashable]:
        return ((item.size, digests[item.file_id]) for item in _whole(asset) if item.file_id in digests)

    return keys


def _place(asset: Asset) -> Iterator[Hashable]:
    if asset.filename and asset.created:
        yield (asset.directory or "").casefold(), asset.filename.casefold(), asset.created


def _nameless_place(asset: Asset) -> Iterator[Hashable]:
    return iter(()) if asset.uuid else _place(asset)


def _whole(asset: Asset) -> Iterator[AssetFile]:
    return (item for item in asset.files if item.role in ORIGINALS and item.state is FileState.PRESENT)


def _by_size(assets: Iterable[Asset]) -> Mapping[int, list[AssetFile]]:
    found: defaultdict[int, list[AssetFile]] = defaultdict(list)
    for asset in assets:
        for item in _whole(asset):
            if item.size:
                found[item.size].append(item)
    return found
