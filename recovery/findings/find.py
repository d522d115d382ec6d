"""Draw the conclusions from a case: assets, loose ends, totals that add up, and gaps."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from datetime import UTC, datetime

from recovery.case import Case
from recovery.findings.assets import assets_of
from recovery.findings.causes import judged
from recovery.findings.loose_ends import files_without_asset, loose_ends_of
from recovery.findings.model import (
    Asset,
    BackupFacts,
    Findings,
    Kind,
    LooseCode,
    LooseEnd,
    Status,
    Totals,
    Verdict,
)
from recovery.findings.selection import Search

NOTHING = Totals(*(0 for _ in fields(Totals)))
"""Totals of no backup at all: what counting starts from."""
_LATEST = datetime.max.replace(tzinfo=UTC)


def find(case: Case) -> Findings:
    """Everything found in one backup. A pure function: the same case gives the same findings."""
    assets = tuple(sorted(assets_of(case), key=_order))
    loose_ends = tuple(loose_ends_of(case, assets))
    causes, summary = judged(case, assets)
    return Findings(
        backup=_facts(case),
        totals=totals_of(case, assets, loose_ends),
        assets=assets,
        loose_ends=loose_ends,
        causes=causes,
        gaps=case.gaps,
        summary=summary,
    )


def _order(asset: Asset) -> tuple[datetime, str, str]:
    return asset.created or _LATEST, asset.uuid or "", asset.files[0].path if asset.files else ""


def _facts(case: Case) -> BackupFacts:
    identity = case.identity
    return BackupFacts(
        path=str(identity.folder),
        udid=identity.udid,
        device_name=identity.device_name,
        product_type=identity.product_type,
        ios_version=identity.ios_version,
        build=identity.build,
        backup_date=identity.backup_date,
        encrypted=case.encrypted,
        complete=identity.complete,
        photos_model_version=case.library.model_version if case.library else None,
        serial_number=identity.serial_number,
    )


def narrowed(findings: Findings, search: Search) -> Findings:
    """The findings with only the assets that fit a search, counted anew, and the search told.

    Causes, loose ends, gaps and the counts of files stay those of the whole backup.
    """
    if not search.narrows:
        return findings
    fit = tuple(asset for asset in findings.assets if search.fits(asset))
    return replace(
        findings, assets=fit, totals=_recounted(findings.totals, fit), search=search.told(findings.assets)
    )


def totals_of(case: Case, assets: tuple[Asset, ...], loose_ends: tuple[LooseEnd, ...]) -> Totals:
    """Count; the sums that must hold are stated at Totals and proved by a property test."""
    codes = Counter(end.code for end in loose_ends)
    media = sum(bool(item.file.entry.domain) for group in case.grouping.groups for item in group.files)
    files = replace(
        NOTHING,
        missing_blobs=codes[LooseCode.MISSING_BLOB],
        unlisted_blobs=codes[LooseCode.UNLISTED_BLOB],
        assets_without_file=codes[LooseCode.ASSET_WITHOUT_FILE],
        files_without_asset=sum(1 for _ in files_without_asset(case)),
        media_files=media,
        blobs=case.census.listed_blobs + len(case.census.unlisted),
    )
    return _recounted(files, assets)


def _recounted(totals: Totals, assets: tuple[Asset, ...]) -> Totals:
    """The totals with everything that is counted from assets alone counted anew."""
    statuses = Counter(asset.status for asset in assets)
    sizes = {
        (item.file_id, item.index): item.size or 0 for asset in assets for item in asset.files if item.recoverable
    }
    return replace(
        totals,
        assets=len(assets),
        facetime=sum(asset.facetime.verdict is not Verdict.NO for asset in assets),
        live_photos=sum(asset.kind is Kind.LIVE_PHOTO for asset in assets),
        recently_deleted=sum(bool(asset.trashed) for asset in assets),
        hidden=sum(bool(asset.hidden) for asset in assets),
        complete=statuses[Status.COMPLETE],
        half=statuses[Status.HALF],
        reduced_copy=statuses[Status.REDUCED_COPY],
        elsewhere=statuses[Status.ELSEWHERE],
        not_found=statuses[Status.NOT_FOUND],
        permanently_deleted=sum(asset.deleted is not None for asset in assets),
        recoverable_bytes=sum(sizes.values()),
    )
