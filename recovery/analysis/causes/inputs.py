"""Out of all assets, seen one by one, those that a rule may ask for: a large library is not kept for the rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from recovery import limits
from recovery.analysis.model import Asset, Verdict, moment_order
from recovery.analysis.outlines import Glimpsed
from recovery.case import Case
from recovery.spool import Sorter


class Sieve:
    """Assets may come in any order."""

    def __init__(self, case: Case) -> None:
        self._made = case.identity.backup_date
        self.told: list[Asset] = []
        """Assets with any sign of FaceTime."""
        self.deleted: list[Asset] = []
        """Assets that were deleted for good."""
        self.away = Sorter[tuple[datetime, str]](case.room, limits.ROWS_IN_MEMORY, tuple)
        """Place in the order, UUID included, of assets whose original is in iCloud and not on the phone."""
        self.away_count = 0
        self.others_trashed = 0
        self.others_hidden = 0
        """How many assets without a sign of FaceTime are recently deleted, and hidden."""
        self.newest: datetime | None = None
        """When the newest asset was made, later than the backup none counts."""

    def note(self, asset: Glimpsed) -> None:
        """Look at one asset; in outline it is neither of FaceTime nor deleted nor hidden."""
        if isinstance(asset, Asset):
            self._sort(asset)
        if asset.cloud is not None and asset.cloud.in_cloud is True and asset.cloud.original_local is False:
            self.away_count += 1
            self.away.add(moment_order(asset))
        created = asset.created
        if created and self._made and created <= self._made and (self.newest is None or created > self.newest):
            self.newest = created

    def _sort(self, asset: Asset) -> None:
        if asset.facetime.verdict is not Verdict.NO:
            self.told.append(asset)
        else:
            self.others_trashed += asset.trashed is True
            self.others_hidden += asset.hidden is True
        if asset.deleted is not None:
            self.deleted.append(asset)

    @classmethod
    def of(cls, case: Case, assets: Iterable[Asset]) -> Sieve:
        """What is kept of these assets."""
        sieve = cls(case)
        for asset in assets:
            sieve.note(asset)
        return sieve
