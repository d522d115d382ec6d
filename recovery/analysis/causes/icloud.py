"""Photos whose original is, or should be, in iCloud: elsewhere, optimised away, or still waiting to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from recovery.analysis.causes.context import (
    Answer,
    CauseContext,
    CauseRule,
    Hits,
    by_photos,
    contradicted,
    shown,
    undetermined,
    unread,
)
from recovery.analysis.model import Asset, Status, Upload
from recovery.analysis.reasons import OTHER_PLACES, Loss, ReasonCode
from recovery.analysis.statements import (
    CauseCode,
    OriginalsAway,
    PhotoFact,
    PlainStatement,
    Share,
    SmallerPartsHere,
    StorageSetting,
    TrueOfPhotos,
    UploadStuck,
)
from recovery.app_data.settings import SettingName, setting
from recovery.case import Case
from recovery.gap_codes import GapSubject
from recovery.photos_db.camera_roll_paths import DOMAIN, ROOT
from recovery.photos_db.library import DATABASE
from recovery.provenance import Gap, Source

ENABLED_MARKER = "cpl_enabled_marker"
"""Lies in PhotoData where iCloud Photos is on; that it means this is an inference (facts: one real backup)."""
_HERE = frozenset({Status.COMPLETE, Status.PARTIAL, Status.UNREADABLE})
_IN_ICLOUD = frozenset(
    {
        ReasonCode.IN_ICLOUD_TOO,
        ReasonCode.IN_ICLOUD,
        ReasonCode.REDUCED_IN_ICLOUD,
        ReasonCode.MARKED_AS_UPLOADED,
    }
)
_IN_CLOUD = frozenset({Loss.IN_CLOUD, Loss.IN_CLOUD_TOO})


def icloud_photos_on(case: Case) -> bool:
    """Whether the marker of iCloud Photos is there."""
    return ENABLED_MARKER in case.around.markers


def marker_source() -> Source:
    """Where the marker lies."""
    return Source(f"{ROOT}PhotoData/{ENABLED_MARKER}", DOMAIN)


def only_in_icloud(asset: Asset) -> bool:
    """Whether the original is not here and the library says that iCloud has it."""
    if asset.deleted is not None or asset.status in _HERE or kept_elsewhere(asset):
        return False
    cloud, code = asset.cloud, asset.status_reason.code
    away = cloud is not None and cloud.in_cloud is True and cloud.original_local is False
    return away or code is ReasonCode.ONLY_IN_ICLOUD


def in_icloud(asset: Asset) -> bool:
    """Whether the original is not here and iCloud has something of it, though perhaps not alone or not all."""
    if asset.deleted is not None or asset.status in _HERE or kept_elsewhere(asset) or only_in_icloud(asset):
        return False
    reason = asset.status_reason
    return reason.code in _IN_ICLOUD or any(loss in _IN_CLOUD for _, loss in reason.lost)


def kept_elsewhere(asset: Asset) -> bool:
    """Whether the original is not here because it is in a shared album or another place of others."""
    return asset.deleted is None and bool(OTHER_PLACES & {asset.status_reason.code, asset.status_reason.place})


def _only_in_icloud(inquiry: CauseContext) -> Answer:
    hits = Hits.of(inquiry, only_in_icloud)
    too = Hits.of(inquiry, in_icloud).sure
    if too and not hits.sure:
        sources = [source for asset in too for source in _row_sources(inquiry, asset)]
        return undetermined(TrueOfPhotos(PhotoFact.IN_ICLOUD, Share(len(too), hits.total)), sources=sources)
    small = sum(bool(asset.recoverable) for asset in hits.sure)
    return by_photos(
        PhotoFact.ONLY_IN_ICLOUD,
        hits,
        gaps=_cloud_gaps(inquiry),
        sources=lambda asset: _row_sources(inquiry, asset),
        more=[SmallerPartsHere(small)] if small else [],
    )


def _optimised_storage(inquiry: CauseContext) -> Answer:
    kept = setting(inquiry.case.around.settings, SettingName.ORIGINALS_KEPT)
    away = inquiry.sieve.away_count
    marker = [marker_source()] if icloud_photos_on(inquiry.case) else []
    if kept is not None and kept.value is False:
        return shown(OriginalsAway(StorageSetting.OPTIMISE, away), sources=[kept.source, *marker])
    if kept is not None and kept.value is True:
        return contradicted(OriginalsAway(StorageSetting.KEEP_ORIGINALS, away), sources=[kept.source])
    if away:
        sources = [source for uuid in inquiry.away for source in _stored_sources(inquiry, uuid)]
        return shown(OriginalsAway(StorageSetting.NOT_STORED, away), sources=[*sources, *marker])
    if kept is None:
        return unread(inquiry.gaps_hiding("optimised_storage"))
    return undetermined(PlainStatement.STORAGE_SETTING_NEVER_CHOSEN, sources=[kept.source])


def _upload_pending(inquiry: CauseContext) -> Answer:
    hits = Hits.of(inquiry, lambda asset: _upload(asset) in (Upload.PENDING, Upload.STUCK))
    stuck = [asset for asset in hits.sure if _upload(asset) is Upload.STUCK]
    return by_photos(
        PhotoFact.UPLOAD_PENDING,
        hits,
        gaps=_cloud_gaps(inquiry),
        sources=lambda asset: _row_sources(inquiry, asset),
        more=[_stuck(inquiry, stuck, len(hits.sure) == 1)] if stuck else [],
    )


def _upload(asset: Asset) -> Upload | None:
    return asset.cloud.upload if asset.cloud else None


def _stuck(inquiry: CauseContext, stuck: list[Asset], only_one: bool) -> UploadStuck:
    rows = [row for asset in stuck if (row := inquiry.row(asset)) is not None]
    attempts = max((row.upload_attempts or 0 for row in rows), default=0)
    last = max((row.last_upload_attempt for row in rows if row.last_upload_attempt), default=None)
    return UploadStuck(len(stuck), only_one, attempts, last, inquiry.case.identity.backup_date)


def _cloud_gaps(inquiry: CauseContext) -> tuple[Gap, ...]:
    absent = [gap for gap in inquiry.case.gaps if gap.where == DATABASE and gap.what is GapSubject.RESOURCES]
    return (*inquiry.library_gaps(), *absent)


def _row_sources(inquiry: CauseContext, asset: Asset) -> Iterable[Source]:
    return _stored_sources(inquiry, (asset.uuid or "").upper())


def _stored_sources(inquiry: CauseContext, uuid: str) -> Iterator[Source]:
    stored, library = inquiry.stored.get(uuid), inquiry.case.library
    if stored is None or library is None:
        return
    yield Source(DATABASE, library.table, stored.pk)
    if stored.remote:
        yield Source(DATABASE, f"ZINTERNALRESOURCE of {library.table}", stored.pk)


ONLY_IN_ICLOUD = CauseRule(CauseCode.ONLY_IN_ICLOUD, _only_in_icloud)
OPTIMISED_STORAGE = CauseRule(CauseCode.OPTIMISED_STORAGE, _optimised_storage)
UPLOAD_PENDING = CauseRule(CauseCode.UPLOAD_PENDING, _upload_pending)
