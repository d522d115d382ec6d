"""What was done to the photos on the phone: recently deleted, hidden, permanently deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from recovery.analysis.causes.context import (
    Answer,
    CauseContext,
    CauseRule,
    Hits,
    by_photos,
    contradicted,
    field_source,
    shown,
    undetermined,
    unread,
)
from recovery.analysis.model import Asset, Verdict
from recovery.analysis.statements import (
    CauseCode,
    Deleted,
    DeletionReason,
    NumbersSkipped,
    OthersPermanentlyDeleted,
    PermanentlyDeleted,
    PhotoFact,
    PlainStatement,
    PointInTime,
)
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.changes.history import DeletionRecord
from recovery.provenance import Gap, Source


def deadlines(assets: Iterable[Asset]) -> tuple[PointInTime, ...]:
    """The estimated last days in Recently Deleted, the first one first."""
    known = (
        PointInTime(asset.trashed_until_estimate, asset.timezone_offset)
        for asset in assets
        if asset.trashed_until_estimate is not None
    )
    return tuple(sorted(known, key=lambda moment: moment.at))


def _recently_deleted(inquiry: CauseContext) -> Answer:
    hits = Hits.of(inquiry, lambda asset: asset.trashed is True)
    return by_photos(
        PhotoFact.RECENTLY_DELETED,
        hits,
        gaps=inquiry.library_gaps("trashed_state"),
        sources=field_source(inquiry, "trashed"),
        until=deadlines(hits.sure),
        others=inquiry.sieve.others_trashed,
    )


def _hidden(inquiry: CauseContext) -> Answer:
    return by_photos(
        PhotoFact.HIDDEN,
        Hits.of(inquiry, lambda asset: asset.hidden is True),
        gaps=inquiry.library_gaps("hidden"),
        sources=field_source(inquiry, "hidden"),
        others=inquiry.sieve.others_hidden,
    )


# --- permanently deleted --------------------------------------------------------------------------------

STORED_REASONS: tuple[tuple[str, DeletionReason], ...] = (
    # Seen in real macOS libraries.
    ("User deleted asset from trashcan", DeletionReason.BY_HAND),
    ("expunge from recently deleted", DeletionReason.BY_HAND),
    # Read in decompiled code, in no sample.
    ("Asset was deleted remotely", DeletionReason.FROM_SHARED_ALBUM),
    ("source resource can't be found", DeletionReason.FILE_NOT_FOUND),
    ("No image information can be recovered", DeletionReason.NOT_RESTORED),
)
"""Part of a stored delete reason, and what it means; other reasons are quoted as stored."""
ACTIVITIES = {
    "expired": DeletionReason.EXPIRED,
    "icloud": DeletionReason.ICLOUD,
    "migration": DeletionReason.MIGRATION,
}
"""What the library was doing (photos/clients.py), where no reason is stored."""


def _permanently_deleted(inquiry: CauseContext) -> Answer:
    deleted_assets = inquiry.deleted
    known = {(item.uuid or "").upper(): item for item in _deleted(inquiry)}
    sure = [asset for asset in deleted_assets if asset.facetime.verdict.rank >= Verdict.PROBABLE.rank]
    gaps = _history_gaps(inquiry)
    if sure:
        says = PermanentlyDeleted(len(sure), _times(sure), _reasons(sure, known))
        return shown(says, sources=_sources(sure, known))
    if deleted_assets:
        return undetermined(
            OthersPermanentlyDeleted(len(deleted_assets), _times(deleted_assets)),
            sources=_sources(deleted_assets, known),
        )
    if gaps:
        return unread(gaps)
    history = inquiry.case.traces.history
    if history is not None and history.numbering.unexplained_count:
        return undetermined(NumbersSkipped(history.numbering.unexplained_count))
    return contradicted(PlainStatement.NOTHING_PERMANENTLY_DELETED)


def _deleted(inquiry: CauseContext) -> tuple[DeletionRecord, ...]:
    history = inquiry.case.traces.history
    return history.deleted if history else ()


def _history_gaps(inquiry: CauseContext) -> tuple[Gap, ...]:
    history = inquiry.case.traces.history
    if inquiry.case.library is None or history is None:
        return inquiry.library_gaps()
    if history.trimmed or history.trimmed is None:
        where = next((gap.where for gap in history.gaps), "")
        why = GapReason.HISTORY_TRIMMED if history.trimmed else GapReason.HISTORY_EMPTY
        return (*history.gaps, Gap(GapSubject.RECORD_OF_CHANGES, where, why))
    return tuple(gap for gap in inquiry.case.gaps if gap.what is GapSubject.PERSISTENT_HISTORY)


def _times(deleted_assets: Sequence[Asset]) -> tuple[datetime, ...]:
    return tuple(asset.deleted.at for asset in deleted_assets if asset.deleted and asset.deleted.at)


def _reasons(deleted_assets: Iterable[Asset], known: dict[str, DeletionRecord]) -> tuple[Deleted, ...]:
    told = Counter(_reason(asset, known.get((asset.uuid or "").upper())) for asset in deleted_assets)
    return tuple(Deleted(number, *reason) for reason, number in told.items())


def _reason(asset: Asset, deleted_asset: DeletionRecord | None) -> tuple[DeletionReason, str | None, str | None]:
    """The reason, its own text where that is all that is known, and the program."""
    stored, client = (asset.deleted.reason, asset.deleted.client) if asset.deleted else (None, None)
    if stored:
        understood = (reason for part, reason in STORED_REASONS if part.casefold() in stored.casefold())
        reason = next(understood, DeletionReason.AS_STORED)
        return reason, stored if reason is DeletionReason.AS_STORED else None, client
    activity = deleted_asset.deletion.activity if deleted_asset is not None else None
    return ACTIVITIES.get(activity or "", DeletionReason.NOT_STORED), None, client


def _sources(deleted_assets: Iterable[Asset], known: dict[str, DeletionRecord]) -> list[Source]:
    found = (known.get((asset.uuid or "").upper()) for asset in deleted_assets)
    return [item.source for item in found if item is not None]


RECENTLY_DELETED = CauseRule(CauseCode.RECENTLY_DELETED, _recently_deleted)
HIDDEN = CauseRule(CauseCode.HIDDEN, _hidden)
PERMANENTLY_DELETED = CauseRule(CauseCode.PERMANENTLY_DELETED, _permanently_deleted)
