"""What became of each asset between an older and a newer backup, as single differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from recovery.analysis.comparison.asset_matching import AssetPair, MatchedBy, Matching, is_remembered
from recovery.analysis.model import (
    ORIGINALS,
    Asset,
    Deletion,
    FileRole,
    FileState,
    Findings,
    asset_key,
)
from recovery.photos_db.camera_roll_paths import SENT_COPIES
from recovery.progress import SILENT, Progress, counted


class DifferenceKind(StrEnum):
    """What became of an asset between two backups, losses first."""

    DELETED = "deleted"
    """Permanently deleted, and the newer library remembers it."""
    VANISHED = "vanished"
    """The same device no longer knows it."""
    LOST_ORIGINAL = "lost_original"
    """An original that is whole in the older backup is not whole in the newer one."""
    UNREADABLE_ORIGINAL = "unreadable_original"
    """An original that is whole in the older backup, and that the system refuses to read in the newer one."""
    ONLY_IN_OLDER = "only_in_older"
    """In the older backup only, and the two are not known to be of one device: no sign of a loss."""
    TRASHED = "trashed"
    RESTORED = "restored"
    HIDDEN = "hidden"
    SHOWN = "shown"
    FAVORITE = "favorite"
    NOT_FAVORITE = "not_favorite"
    STATUS_CHANGED = "status_changed"
    GAINED_ORIGINAL = "gained_original"
    CAME_BACK = "came_back"
    """Only a trace in the older backup, there in the newer one."""
    APPEARED = "appeared"
    ONLY_IN_NEWER = "only_in_newer"


_ORDER = {kind: number for number, kind in enumerate(DifferenceKind)}


@dataclass(frozen=True, slots=True)
class AssetDifference:
    """One thing that differs. An asset is None where its backup does not know it.

    `deletion` is what the newer library remembers of a deletion that explains it.
    """

    kind: DifferenceKind
    older: Asset | None
    newer: Asset | None
    matched_by: MatchedBy | None
    deletion: Deletion | None = None

    @property
    def asset(self) -> Asset:
        """The asset as the backup that knows more of it has it."""
        known = self.older if self.newer is None or is_remembered(self.newer) else self.newer
        found = known or self.newer
        assert found is not None, "a difference is about at least one asset"
        return found


def differences(
    matching: Matching, older: Findings, newer: Findings, same: bool | None, progress: Progress = SILENT
) -> tuple[AssetDifference, ...]:
    """Every difference, losses first; `same` tells whether both backups are of one device."""
    return tuple(sorted(_differences(matching, older, newer, same, progress), key=_order))


def whole_originals(asset: Asset) -> frozenset[FileRole]:
    """The roles of the originals that are here and whole."""
    return _originals(asset, FileState.PRESENT)


def unreadable_originals(asset: Asset) -> frozenset[FileRole]:
    """The roles of the originals that the system refuses to read, and that may be whole."""
    return _originals(asset, FileState.UNREADABLE) - whole_originals(asset)


def _originals(asset: Asset, state: FileState) -> frozenset[FileRole]:
    return frozenset(item.role for item in asset.files if item.role in ORIGINALS and item.state is state)


def _order(item: AssetDifference) -> tuple[int, float, str]:
    taken = item.asset.created
    return _ORDER[item.kind], taken.timestamp() if taken else float("inf"), asset_key(item.asset)


def _differences(
    matching: Matching, older: Findings, newer: Findings, same: bool | None, progress: Progress
) -> Iterator[AssetDifference]:
    deletions = _deletions(newer.assets)
    for pair in counted(matching.pairs, progress, "Comparing the photos", len(matching.pairs), " photos"):
        yield from _of_pair(pair, deletions)
    for asset in matching.only_older:
        if not is_remembered(asset):  # what was only remembered, and is forgotten, is no loss
            yield _gone(asset, same)
    names = {asset.uuid.upper() for asset in older.assets if asset.uuid}
    files = {item.file_id for asset in older.assets for item in asset.files}
    for asset in matching.only_newer:
        if is_remembered(asset):
            if asset.deleted and (asset.uuid or "").upper() not in names:
                yield AssetDifference(DifferenceKind.DELETED, None, asset, None, asset.deleted)
        elif not _was_a_copy(asset, files):
            yield _new(asset, same)


def _deletions(assets: Sequence[Asset]) -> Mapping[str, Deletion]:
    return {asset.uuid.upper(): asset.deleted for asset in assets if asset.uuid and asset.deleted}


def _gone(asset: Asset, same: bool | None) -> AssetDifference:
    return AssetDifference(DifferenceKind.VANISHED if same else DifferenceKind.ONLY_IN_OLDER, asset, None, None)


def _new(asset: Asset, same: bool | None) -> AssetDifference:
    kind = DifferenceKind.APPEARED if same else DifferenceKind.ONLY_IN_NEWER
    return AssetDifference(kind, None, asset, None)


def _was_a_copy(asset: Asset, files: set[str]) -> bool:
    """Whether an asset of the newer backup is all that is left of one the older backup had: its sent copy."""
    copies = [item for item in asset.files if item.role in SENT_COPIES]
    return bool(copies) and len(copies) == len(asset.files) and any(item.file_id in files for item in copies)


def _of_pair(pair: AssetPair, deletions: Mapping[str, Deletion]) -> Iterator[AssetDifference]:
    older, newer = pair.older, pair.newer

    def difference(kind: DifferenceKind, deletion: Deletion | None = None) -> AssetDifference:
        return AssetDifference(kind, older, newer, pair.by, deletion)

    if is_remembered(older) or is_remembered(newer):
        if not is_remembered(newer):
            yield difference(DifferenceKind.CAME_BACK)
        elif not is_remembered(older) and newer.deleted:
            yield difference(DifferenceKind.DELETED, newer.deleted)
        elif not is_remembered(older):
            yield difference(DifferenceKind.VANISHED)
        return
    if newer.deleted and not older.deleted:
        yield difference(DifferenceKind.DELETED, newer.deleted)
    lost, gained = whole_originals(older) - whole_originals(newer), whole_originals(newer) - whole_originals(older)
    refused = lost & unreadable_originals(newer)
    lost, gained = lost - refused, gained - unreadable_originals(older)
    if refused:
        yield difference(DifferenceKind.UNREADABLE_ORIGINAL)
    if lost:
        yield difference(DifferenceKind.LOST_ORIGINAL, deletions.get((older.uuid or "").upper()))
    if gained:
        yield difference(DifferenceKind.GAINED_ORIGINAL)
    if older.status is not newer.status and not (lost or refused or gained):
        yield difference(DifferenceKind.STATUS_CHANGED)
    yield from map(difference, _states(older, newer))


def _states(older: Asset, newer: Asset) -> Iterator[DifferenceKind]:
    """Changes of a stored yes or no; where one backup does not store it nothing is said."""
    kinds = DifferenceKind
    for before, now, yes, no in (
        (older.trashed, newer.trashed, kinds.TRASHED, kinds.RESTORED),
        (older.hidden, newer.hidden, kinds.HIDDEN, kinds.SHOWN),
        (older.favorite, newer.favorite, kinds.FAVORITE, kinds.NOT_FAVORITE),
    ):
        if before is not None and now is not None and before != now:
            yield yes if now else no
