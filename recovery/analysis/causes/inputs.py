"""Out of all assets, seen one by one, those that a rule may ask for: a large library is not kept for the rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from recovery.analysis.call_context import CallFinder
from recovery.analysis.found import microseconds
from recovery.analysis.model import Asset, LibraryName, Subtype, Verdict
from recovery.analysis.plain_rows import PlainRow
from recovery.case import Case
from recovery.photos_db.codes import SubtypeCode
from recovery.photos_db.subtypes import OF_THE_SCREEN

_LAST = 2**62


class ScreenCapture(NamedTuple):
    """A screenshot or screen recording made during a call: when, its name, which of both, and its row."""

    at: datetime | None
    name: str
    is_recording: bool
    row: int | None


class CauseInputs:
    """Assets may come in any order."""

    def __init__(self, case: Case) -> None:
        self._made = case.identity.backup_date
        self.told: list[Asset] = []
        """Assets with any sign of FaceTime."""
        self.deleted: list[Asset] = []
        """Assets that were permanently deleted."""
        self._store = case.store
        self._away = case.store.new_table("away", "created INTEGER, uuid TEXT")
        self.away_count = 0
        self.others_trashed = 0
        self.others_hidden = 0
        """How many assets without a sign of FaceTime are recently deleted, and hidden."""
        self.captures: list[ScreenCapture] = []
        """Screenshots and screen recordings made during a FaceTime video call."""
        self._calls = CallFinder(case.around.calls.records)
        self.newest: datetime | None = None
        """When the newest asset was made, later than the backup none counts."""

    def note(self, asset: Asset) -> None:
        """Look at one asset."""
        self._sort(asset)
        cloud = asset.cloud
        away = cloud is not None and cloud.in_cloud is True and cloud.original_local is False
        self._note(asset.uuid, asset.real_created, away)
        if asset.facetime.call is not None and not OF_THE_SCREEN.isdisjoint(asset.subtype):
            recording = Subtype.SCREEN_RECORDING in asset.subtype
            known = asset.row if asset.library is LibraryName.PHOTOS else None
            self.captures.append(ScreenCapture(asset.real_created or asset.real_added, asset.label, recording, known))

    def note_row(self, row: PlainRow) -> None:
        """Look at a row of which no asset was made."""
        self._note(row.uuid, row.created, row.away)
        if row.captured is not None and self._calls.at(row.created, row.added) is not None:
            recording = row.captured == SubtypeCode.SCREEN_RECORDING
            name = row.filename or row.original_filename
            self.captures.append(ScreenCapture(row.created or row.added, name, recording, row.pk))

    def away(self) -> tuple[str, ...]:
        """UUIDs of assets whose original is in iCloud and not on the phone, in the order of findings."""
        found = self._store.run(f"SELECT uuid FROM {self._away} ORDER BY created, uuid")
        return tuple(uuid.upper() for (uuid,) in found)

    def _note(self, uuid: str | None, created: datetime | None, away: bool) -> None:
        if away:
            self.away_count += 1
            when = microseconds(created) if created else _LAST
            self._store.change(f"INSERT INTO {self._away} VALUES (?, ?)", (when, uuid or ""))
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
    def of(cls, case: Case, assets: Iterable[Asset]) -> CauseInputs:
        """What is kept of these assets."""
        sieve = cls(case)
        for asset in assets:
            sieve.note(asset)
        return sieve
