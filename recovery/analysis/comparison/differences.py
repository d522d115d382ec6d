"""What became of each asset between an older and a newer backup, told as single differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from recovery.analysis.comparison.asset_matching import MatchedBy, Matching, Pair, is_remembered
from recovery.analysis.model import (
    ORIGINALS,
    Asset,
    AssetFile,
    Deletion,
    FileRole,
    FileState,
    Findings,
    asset_key,
)
from recovery.progress import SILENT, Progress, counted


class DifferenceKind(StrEnum):
    """What became of an asset between two backups, losses first."""

    DELETED = "deleted"
    """Deleted for good, and the newer library remembers it."""
    VANISHED = "vanished"
    """The same device no longer knows it."""
    LOST_ORIGINAL = "lost_original"
    """An original that is whole in the older backup is not whole in the newer one."""
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
class Difference:
    """One thing that differs. An asset is None where its backup does not know it; `text` is for people."""

    kind: DifferenceKind
    older: Asset | None
    newer: Asset | None
    matched_by: MatchedBy | None
    text: str

    @property
    def asset(self) -> Asset:
        """The asset as the backup that knows more of it has it."""
        known = self.older if self.newer is None or is_remembered(self.newer) else self.newer
        found = known or self.newer
        assert found is not None, "a difference is about at least one asset"
        return found


def differences(
    matching: Matching, older: Findings, newer: Findings, same: bool | None, progress: Progress = SILENT
) -> tuple[Difference, ...]:
    """Every difference, losses first; `same` tells whether both backups are of one device."""
    return tuple(sorted(_differences(matching, older, newer, same, progress), key=_order))


def whole_originals(asset: Asset) -> frozenset[FileRole]:
    """The roles of the originals that are here and whole."""
    return frozenset(item.role for item in asset.files if item.role in ORIGINALS and _is_here(item))


def _is_here(item: AssetFile) -> bool:
    return item.state is FileState.PRESENT


def _order(item: Difference) -> tuple[int, float, str]:
    taken = item.asset.created
    return _ORDER[item.kind], taken.timestamp() if taken else float("inf"), asset_key(item.asset)


def _differences(
    matching: Matching, older: Findings, newer: Findings, same: bool | None, progress: Progress
) -> Iterator[Difference]:
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
                text = f"{_deleted(asset.deleted)}; the older backup does not know it"
                yield Difference(DifferenceKind.DELETED, None, asset, None, text)
        elif not _was_a_copy(asset, files):
            yield _new(asset, same)


def _deletions(assets: Sequence[Asset]) -> Mapping[str, Deletion]:
    return {asset.uuid.upper(): asset.deleted for asset in assets if asset.uuid and asset.deleted}


def _gone(asset: Asset, same: bool | None) -> Difference:
    if same:
        text = "the newer backup does not know it any more, and nothing in it tells why"
        return Difference(DifferenceKind.VANISHED, asset, None, None, text)
    return Difference(DifferenceKind.ONLY_IN_OLDER, asset, None, None, "the newer backup does not have it")


def _new(asset: Asset, same: bool | None) -> Difference:
    kind = DifferenceKind.APPEARED if same else DifferenceKind.ONLY_IN_NEWER
    return Difference(kind, None, asset, None, "the older backup does not have it")


def _was_a_copy(asset: Asset, files: set[str]) -> bool:
    """Whether an asset of the newer backup is all that is left of one the older backup had: its Messages copy."""
    copies = [item for item in asset.files if item.role is FileRole.MESSAGES_COPY]
    return bool(copies) and len(copies) == len(asset.files) and any(item.file_id in files for item in copies)


def _of_pair(pair: Pair, deletions: Mapping[str, Deletion]) -> Iterator[Difference]:
    older, newer = pair.older, pair.newer

    def difference(kind: DifferenceKind, text: str) -> Difference:
        return Difference(kind, older, newer, pair.by, text)

    if is_remembered(older) or is_remembered(newer):
        if not is_remembered(newer):
            yield difference(DifferenceKind.CAME_BACK, "only a trace in the older backup, there in the newer one")
        elif not is_remembered(older) and newer.deleted:
            yield difference(DifferenceKind.DELETED, _deleted(newer.deleted))
        elif not is_remembered(older):
            yield difference(DifferenceKind.VANISHED, "only a small picture of it is left in the newer backup")
        return
    if newer.deleted and not older.deleted:
        yield difference(DifferenceKind.DELETED, f"{_deleted(newer.deleted)}; files of it are still there")
    lost, gained = whole_originals(older) - whole_originals(newer), whole_originals(newer) - whole_originals(older)
    if lost:
        gone = deletions.get((older.uuid or "").upper())
        why = f"; {_deleted(gone)}" if gone else f" ({newer.status_reason})" if newer.status_reason else ""
        yield difference(DifferenceKind.LOST_ORIGINAL, f"the newer backup lacks {_named(lost)}{why}")
    if gained:
        yield difference(DifferenceKind.GAINED_ORIGINAL, f"the newer backup holds {_named(gained)} as well")
    if older.status is not newer.status and not lost and not gained:
        yield difference(
            DifferenceKind.STATUS_CHANGED,
            f"{_in_words(older.status)} before, {_in_words(newer.status)} now: {newer.status_reason}",
        )
    yield from (difference(kind, text) for kind, text in _states(older, newer))


def _states(older: Asset, newer: Asset) -> Iterator[tuple[DifferenceKind, str]]:
    """Changes of a stored yes or no; where one backup does not store it nothing is said."""
    kinds = DifferenceKind
    since = f" since {newer.trashed_at:%Y-%m-%d}" if newer.trashed_at else ""
    for before, now, yes, no in (
        (
            older.trashed,
            newer.trashed,
            (kinds.TRASHED, f"in Recently Deleted{since}; in the older backup it was not"),
            (kinds.RESTORED, "no longer in Recently Deleted, as it was in the older backup"),
        ),
        (
            older.hidden,
            newer.hidden,
            (kinds.HIDDEN, "hidden in the newer backup, not in the older one"),
            (kinds.SHOWN, "no longer hidden, as it was in the older backup"),
        ),
        (
            older.favorite,
            newer.favorite,
            (kinds.FAVORITE, "a favourite in the newer backup, not in the older one"),
            (kinds.NOT_FAVORITE, "no longer a favourite, as it was in the older backup"),
        ),
    ):
        if before is not None and now is not None and before != now:
            yield yes if now else no


def _deleted(deletion: Deletion) -> str:
    when = f" on {deletion.at:%Y-%m-%d}" if deletion.at else ""
    client = f" by {deletion.client}" if deletion.client else ""
    reason = f" ({deletion.reason.rstrip('.')})" if deletion.reason else ""
    return f"deleted for good{when}{client}{reason}"


_NAMES = {
    FileRole.STILL: "the original photo",
    FileRole.PAIRED_VIDEO: "the movie of the Live Photo",
    FileRole.VIDEO: "the original video",
}


def _named(roles: frozenset[FileRole]) -> str:
    return " and ".join(name for role, name in _NAMES.items() if role in roles) or "an original"


def _in_words(code: str) -> str:
    return code.replace("_", " ")
