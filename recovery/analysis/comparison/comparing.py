"""An older and a newer backup held against each other: what differs, and what only the older one brings back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recovery.analysis.comparison.asset_differences import (
    AssetDifference,
    DifferenceKind,
    differences,
    whole_originals,
)
from recovery.analysis.comparison.asset_matching import Digests, Matching, match
from recovery.analysis.model import Asset, AssetFile, BackupFacts, FileRole, FileState, Findings, asset_key
from recovery.progress import SILENT, Progress


class Doubt(StrEnum):
    """What weakens a comparison."""

    OLDER_LIBRARY_UNREAD = "older_library_unread"
    NEWER_LIBRARY_UNREAD = "newer_library_unread"
    OLDER_INTERRUPTED = "older_interrupted"
    NEWER_INTERRUPTED = "newer_interrupted"
    UNDATED = "undated"
    DEVICE_UNKNOWN = "device_unknown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """An older and a newer backup held against each other.

    `lost_assets` are those of which the older backup holds what the newer one lacks, as the older one has them.
    `same_device` is None where an identifier is unknown; `doubts` say what weakens the comparison.
    """

    older: BackupFacts
    newer: BackupFacts
    same_device: bool | None
    matched: int
    unchanged: int
    differences: tuple[AssetDifference, ...]
    lost_assets: tuple[Asset, ...]
    doubts: tuple[Doubt, ...]

    @property
    def lost(self) -> frozenset[str]:
        """The keys of the lost assets."""
        return frozenset(asset_key(asset) for asset in self.lost_assets)

    @property
    def counts(self) -> Mapping[DifferenceKind, int]:
        """How many differences there are of each kind, kinds without one included."""
        found = Counter(item.kind for item in self.differences)
        return {kind: found[kind] for kind in DifferenceKind}


def compare(
    older: Findings, newer: Findings, digests: Digests | None = None, progress: Progress = SILENT
) -> Comparison:
    """Compare two backups; `digests` lets assets be matched by identical bytes (see matching.worth_hashing)."""
    matching = match(older.assets, newer.assets, digests, progress)
    same = same_device(older.backup, newer.backup)
    found = differences(matching, older, newer, same, progress)
    changed = {id(item.older) for item in found if item.older and item.newer}
    return Comparison(
        older=older.backup,
        newer=newer.backup,
        same_device=same,
        matched=len(matching.pairs),
        unchanged=sum(id(pair.older) not in changed for pair in matching.pairs),
        differences=found,
        lost_assets=tuple(_lost(matching)),
        doubts=tuple(_doubts(older.backup, newer.backup)),
    )


def lost_in(
    older: Findings, newer: Findings, digests: Digests | None = None, progress: Progress = SILENT
) -> frozenset[str]:
    """Keys of the older backup's assets of which it holds what the newer one lacks.

    That is an original the newer backup does not have whole, or any picture where the newer one has none.
    """
    return frozenset(asset_key(asset) for asset in _lost(match(older.assets, newer.assets, digests, progress)))


def same_device(first: BackupFacts, second: BackupFacts) -> bool | None:
    """Whether two backups are of one device; None where one does not say."""
    if not first.udid or not second.udid:
        return None
    return first.udid.upper() == second.udid.upper()


def oldest_first(dates: Sequence[datetime | None]) -> tuple[int, ...]:
    """The order of backups by their dates; the given order where one of them has no date."""
    known = [date for date in dates if date is not None]
    places = range(len(dates))
    if len(known) < len(dates):
        return tuple(places)
    return tuple(sorted(places, key=lambda place: known[place]))


def _lost(matching: Matching) -> Iterator[Asset]:
    for pair in matching.pairs:
        if _is_more(pair.older, pair.newer):
            yield pair.older
    for asset in matching.only_older:
        if _is_more(asset, None):
            yield asset


def _is_more(older: Asset, newer: Asset | None) -> bool:
    if whole_originals(older) - (whole_originals(newer) if newer else frozenset()):
        return True
    return bool(_held(older)) and not (newer and _held(newer))


def _held(asset: Asset) -> list[AssetFile]:
    """Files with something of the picture that can be read, damaged ones too."""
    return [
        item
        for item in asset.files
        if item.state in (FileState.PRESENT, FileState.DAMAGED)
        and not item.blank
        and item.role is not FileRole.ADJUSTMENTS
    ]


def _doubts(older: BackupFacts, newer: BackupFacts) -> Iterator[Doubt]:
    for backup, unread, interrupted in (
        (older, Doubt.OLDER_LIBRARY_UNREAD, Doubt.OLDER_INTERRUPTED),
        (newer, Doubt.NEWER_LIBRARY_UNREAD, Doubt.NEWER_INTERRUPTED),
    ):
        if backup.photos_model_version is None:
            yield unread
        if backup.complete is False:
            yield interrupted
    if older.backup_date is None or newer.backup_date is None:
        yield Doubt.UNDATED
    if same_device(older, newer) is None:
        yield Doubt.DEVICE_UNKNOWN
