"""Photos whose original is, or should be, in iCloud: elsewhere, optimised away, or still waiting to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from recovery.analysis.causes.context import (
    Answer,
    Hits,
    Inquiry,
    Rule,
    by_photos,
    contradicted,
    shown,
    undetermined,
    unread,
)
from recovery.analysis.causes.phrases import count, day
from recovery.analysis.model import Asset, Status, Upload
from recovery.app_data.settings import SettingName, setting
from recovery.case import Case
from recovery.photos_db.camera_roll_paths import DOMAIN, ROOT
from recovery.photos_db.library import DATABASE
from recovery.provenance import Gap, Source

ENABLED_MARKER = "cpl_enabled_marker"
"""Lies in PhotoData where iCloud Photos is on; that it means this is an inference (facts: one real backup)."""
_SHARED_ALBUMS = "PhotoData/PhotoCloudSharingData"
_RESOURCES = "resources"


def icloud_photos_on(case: Case) -> bool:
    """Whether the marker of iCloud Photos is there."""
    return ENABLED_MARKER in case.around.markers


def marker_source() -> Source:
    """Where the marker lies."""
    return Source(f"{ROOT}PhotoData/{ENABLED_MARKER}", DOMAIN)


def only_in_icloud(asset: Asset) -> bool:
    """Whether the original is not here and the library says that iCloud has it."""
    cloud = asset.cloud
    if asset.deleted is not None or asset.status is Status.COMPLETE:
        return False
    if cloud is not None and cloud.in_cloud and cloud.original_local is False:
        return True
    synced = cloud is not None and (cloud.in_cloud is True or cloud.upload is Upload.SYNCED)
    shared = (asset.directory or "").startswith(_SHARED_ALBUMS)
    return asset.status is Status.ELSEWHERE and (synced or shared)


def _only_in_icloud(inquiry: Inquiry) -> Answer:
    hits = Hits.of(inquiry, only_in_icloud)
    small = sum(bool(asset.recoverable) for asset in hits.sure)
    rest = f" Of {small:,} of them a smaller copy or one half is here." if small else ""
    return by_photos(
        hits,
        found=f"{hits.share('exists', 'exist')} whole only in iCloud.{rest}",
        maybe=("exists", "exist", "whole only in iCloud"),
        none="No FaceTime photo was found whose original is only in iCloud.",
        gaps=_cloud_gaps(inquiry),
        sources=lambda asset: _row_sources(inquiry, asset),
    )


def _optimised_storage(inquiry: Inquiry) -> Answer:
    kept = setting(inquiry.case.around.settings, SettingName.ORIGINALS_KEPT)
    away = inquiry.sieve.away_count
    left = f"{count(away, 'original was', 'originals were')} in iCloud and not on the phone"
    marker = [marker_source()] if icloud_photos_on(inquiry.case) else []
    if kept is not None and kept.value is False:
        says = "Optimise Storage was on: the phone may replace originals by smaller copies."
        return shown(f"{says} {left}." if away else says, [kept.source, *marker])
    if kept is not None and kept.value is True:
        says = "Download and Keep Originals was on, so the phone was told to keep every original."
        return contradicted(f"{says} All the same, {left}." if away else says, [kept.source])
    if away:
        sources = [source for uuid in inquiry.away for source in _stored_sources(inquiry, uuid)]
        return shown(f"{left}, as happens with Optimise Storage.", [*sources, *marker])
    if kept is None:
        return unread(inquiry.gaps_hiding("optimised_storage"))
    says = "Nobody chose between Optimise Storage and keeping originals on this device."
    return undetermined(f"{says} What it then does is not known to us.", [kept.source])


def _upload_pending(inquiry: Inquiry) -> Answer:
    hits = Hits.of(inquiry, lambda asset: _upload(asset) in (Upload.PENDING, Upload.STUCK))
    stuck = [asset for asset in hits.sure if _upload(asset) is Upload.STUCK]
    found = f"{hits.share('was', 'were')} still waiting to be sent to iCloud."
    if stuck:
        found += f" {_stuck(inquiry, stuck, len(hits.sure) == 1)}"
    return by_photos(
        hits,
        found=found,
        maybe=("was", "were", "still waiting to be sent to iCloud"),
        none="No FaceTime photo was found waiting to be sent to iCloud.",
        gaps=_cloud_gaps(inquiry),
        sources=lambda asset: _row_sources(inquiry, asset),
    )


def _upload(asset: Asset) -> Upload | None:
    return asset.cloud.upload if asset.cloud else None


def _stuck(inquiry: Inquiry, stuck: list[Asset], alone: bool) -> str:
    rows = [row for asset in stuck if (row := inquiry.row(asset)) is not None]
    attempts = max((row.upload_attempts or 0 for row in rows), default=0)
    last = max((row.last_upload_attempt for row in rows if row.last_upload_attempt), default=None)
    made = inquiry.case.identity.backup_date
    says = "It seems stuck" if alone else f"{count(len(stuck), 'of them seems', 'of them seem')} stuck"
    if attempts:
        says += f": tried {count(attempts, 'time')}"
    if last is not None:
        says += f", last on {day(last)}"
    if last is not None and made is not None:
        says += f", {count((made - last).days, 'day')} before this backup"
    return f"{says}."


def _cloud_gaps(inquiry: Inquiry) -> tuple[Gap, ...]:
    absent = [gap for gap in inquiry.case.gaps if gap.where == DATABASE and gap.what == _RESOURCES]
    return (*inquiry.library_gaps(), *absent)


def _row_sources(inquiry: Inquiry, asset: Asset) -> Iterable[Source]:
    return _stored_sources(inquiry, (asset.uuid or "").upper())


def _stored_sources(inquiry: Inquiry, uuid: str) -> Iterator[Source]:
    stored, library = inquiry.stored.get(uuid), inquiry.case.library
    if stored is None or library is None:
        return
    yield Source(DATABASE, library.table, stored.pk)
    if stored.remote:
        yield Source(DATABASE, f"ZINTERNALRESOURCE of {library.table}", stored.pk)


ONLY_IN_ICLOUD = Rule(
    "only_in_icloud",
    _only_in_icloud,
    "It tells what the library believed when the backup was made. Whether the photo is in iCloud today, only "
    "iCloud can say.",
    "Look at icloud.com, Photos, or in Photos on a device with the same Apple Account: open the photo there, "
    "let it load, and save it. To have originals in your next backup: Settings, Photos, Download and Keep "
    "Originals, wait until it is done, then back up again.",
)
OPTIMISED_STORAGE = Rule(
    "optimised_storage",
    _optimised_storage,
    "It does not say that a photo is lost: with this setting the originals are in iCloud.",
    "Settings, Photos, Download and Keep Originals, wait on Wi-Fi and power until Photos says it is done, then "
    "back up again. Until then look at icloud.com.",
)
UPLOAD_PENDING = Rule(
    "upload_pending",
    _upload_pending,
    "It does not say why sending failed, or whether it has succeeded since.",
    "Such a photo may be on no other device, so save it from here: recover-facetime extract. On the phone: "
    "connect it to Wi-Fi and power, open Photos and see whether it says that syncing is paused; check that "
    "iCloud has space.",
)
