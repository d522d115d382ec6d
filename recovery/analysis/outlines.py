"""Assets that do not stand out, known in outline: their rest is made when somebody asks for it.

Totals, gaps and causes ask a little of every asset, and people are shown those that stand out. In a large library
those are few, so most assets need not be made for them; the inventory and the whole library make them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from recovery.analysis.model import (
    NOT_FACETIME,
    Asset,
    AssetFile,
    Basis,
    Cloud,
    Deletion,
    FaceTime,
    Kind,
    Status,
    Verdict,
    asset_order,
)
from recovery.case.grouping import Group
from recovery.spool import Lazy, Records

if TYPE_CHECKING:
    from recovery.analysis.plain_assets import Plan


class Outline(NamedTuple):
    """What is asked of every asset; of one with a row, no sign of FaceTime, and neither deleted nor hidden.

    `files` are those of the group and, where originals are missing (not `whole`), its entries in thumbnail tables.
    `values` and `plan` are what its maker needs to make the rest.
    """

    group: Group
    uuid: str | None
    kind: Kind
    status: Status
    status_reason: str
    directory: str | None
    filename: str | None
    original_filename: str | None
    created: datetime | None
    cloud: Cloud | None
    files: tuple[AssetFile, ...]
    whole: bool
    values: tuple[Any, ...]
    plan: Plan

    @property
    def basis(self) -> Basis:
        """The library."""
        return Basis.PHOTOS_DATABASE

    @property
    def facetime(self) -> FaceTime:
        """Nothing of FaceTime."""
        return NOT_FACETIME

    @property
    def trashed(self) -> bool:
        """Not recently deleted, as far as anything says."""
        return False

    @property
    def hidden(self) -> bool:
        """Not hidden, as far as anything says."""
        return False

    @property
    def deleted(self) -> Deletion | None:
        """Not deleted for good."""
        return None


class Glance(NamedTuple):
    """What causes and gaps ask of an asset of which an outline could be made, where only FaceTime is asked for."""

    uuid: str | None
    directory: str | None
    filename: str | None
    original_filename: str | None
    created: datetime | None
    cloud: Cloud | None

    @property
    def basis(self) -> Basis:
        """The library."""
        return Basis.PHOTOS_DATABASE


Seen = Asset | Outline
"""An asset, or as much of it as is asked of every asset."""
Glimpsed = Seen | Glance
"""An asset, or even less of it."""


class Assets(Records[Asset]):
    """Assets in their order; one known in outline is made when it is asked for, and then kept."""

    def __init__(self, records: Sequence[Seen], make: Callable[[Outline], Asset]) -> None:
        self._records = list(records)
        self._make = make

    def seen(self) -> Iterator[Seen]:
        """All of them as they are known so far; none is made for it."""
        return iter(self._records)

    def _at(self, number: int) -> Asset:
        found = self._records[number]
        if isinstance(found, Outline):
            found = self._records[number] = self._make(found)
        return found

    def since(self, number: int) -> Iterator[Asset]:
        """See Records; one made for it is not kept, so that a walk through all of them takes no memory."""
        for found in islice(self._records, number, None):
            yield self._make(found) if isinstance(found, Outline) else found

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Asset]:
        return map(self._at, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return tuple(self) == (tuple(other) if isinstance(other, Assets) else other)

    def __hash__(self) -> int:
        return hash(tuple(self))


class StoredAssets(Lazy[Asset]):
    """Assets of a large library, which lie in a room; those that stand out, where they are few, are at hand."""

    def __init__(self, stored: Sequence[Asset], standing: Sequence[Asset]) -> None:
        super().__init__(len(stored), lambda: iter(stored))
        self.standing = tuple(sorted(standing, key=asset_order))


def seen(assets: Sequence[Asset]) -> Iterator[Seen]:
    """The assets, some perhaps in outline: for counting what is asked of every asset."""
    return assets.seen() if isinstance(assets, Assets) else iter(assets)


def made(assets: Sequence[Asset]) -> Sequence[Asset]:
    """The assets when all of them will be asked for: a tuple, but for those that lie in a room."""
    return tuple(assets) if isinstance(assets, Assets) else assets


def stands_out(asset: Seen) -> bool:
    """Whether people come for it: any sign of FaceTime, recently deleted, hidden, or deleted for good."""
    return bool(
        asset.facetime.verdict is not Verdict.NO or asset.trashed or asset.hidden or asset.deleted is not None
    )


def standing_out(assets: Sequence[Asset]) -> Iterator[Asset]:
    """Those that stand out, in their order; no other is made for it."""
    if isinstance(assets, StoredAssets):
        return iter(assets.standing)
    return (asset for asset in seen(assets) if isinstance(asset, Asset) and stands_out(asset))
