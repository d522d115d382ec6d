"""Draw the conclusions from a case: assets, loose ends, totals that add up, and gaps."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import partial
from itertools import pairwise

from recovery import limits
from recovery.ahead import ahead, possible
from recovery.case import Case
from recovery.findings.assets import AssetMaker
from recovery.findings.causes import judged
from recovery.findings.causes.inquiry import Inquiry
from recovery.findings.causes.sieve import Sieve
from recovery.findings.loose_ends import Survey, files_without_asset, loose_ends_of
from recovery.findings.model import (
    Asset,
    BackupFacts,
    Basis,
    FileState,
    Findings,
    Kind,
    LooseCode,
    LooseEnd,
    Status,
    Totals,
    Verdict,
    asset_order,
)
from recovery.findings.outlines import Assets, Glance, Seen, StoredAssets, seen, stands_out
from recovery.findings.selection import Search
from recovery.spool import Sorter, mapped, since
from recovery.system_files import from_system

_TOGETHER = 300  # assets that a second process hands over at once
# The last part of the rows: a second process is done with them when the first is done with the others. Where all
# rows are in memory it saves nothing: handing whole assets over takes as long as making outlines.
_SHARE = 0.6

NOTHING = Totals(*(0 for _ in fields(Totals)))
"""Totals of no backup at all: what counting starts from."""


def find(case: Case) -> Findings:
    """Everything found in one backup. A pure function: the same case gives the same findings.

    Each asset is seen once, noted by all who ask for it, and put in its place; a plain one in outline, unless the
    library is so large that its assets lie in the room. Where only FaceTime is asked for, the findings are those
    that `narrowed` makes of the whole by a search for it.
    """
    survey, sieve, tally, maker = Survey(case), Sieve(case), Tally(), AssetMaker(case)
    few = isinstance(case.grouping.with_row, tuple)
    ordered = Sorter[Seen](case.room, limits.ROWS_IN_MEMORY, asset_order, many=not few)
    standing: list[Asset] = []
    bases: Counter[Basis] = Counter()
    numbers = _of_second_process(case)
    last = partial(since, case.grouping.with_row, numbers.start)
    with ahead(lambda: maker.plain(last()), case.room, together=_TOGETHER, pays=len(numbers) > 0) as made:
        for asset in maker.seen(survey.groups(), numbers, made):
            survey.note(asset)
            sieve.note(asset)
            bases[asset.basis] += 1
            if isinstance(asset, Glance) or (case.only_facetime and asset.facetime.verdict is Verdict.NO):
                continue
            tally.note(asset)
            ordered.add(asset if few or isinstance(asset, Asset) else maker.whole(asset))
            if isinstance(asset, Asset) and stands_out(asset) and len(standing) <= limits.ROWS_IN_MEMORY:
                standing.append(asset)
    assets = _assets(ordered.settled(), maker, standing)
    loose_ends = tuple(loose_ends_of(case, survey))
    causes, summary = judged(Inquiry.of(case, sieve))
    return Findings(
        backup=_facts(case),
        totals=tally.totals(_totals_of_files(case, survey, loose_ends), assets),
        assets=assets,
        loose_ends=loose_ends,
        causes=causes,
        gaps=case.gaps,
        bases=tuple((basis, bases[basis]) for basis in Basis if bases[basis]),
        summary=summary,
        search=Search(facetime=True).told(assets) if case.only_facetime else None,
    )


def _of_second_process(case: Case) -> range:
    """Numbers of the rows whose plain assets a second process makes, in a library that lies in the room."""
    rows = case.grouping.with_row
    first = int(len(rows) * (1 - _SHARE))
    stored = not isinstance(rows, tuple) and case.room is not None
    pays = stored and not case.only_facetime and len(rows) - first >= limits.ASSETS_WORTH_A_PROCESS
    return range(first, len(rows)) if pays and possible() else range(0)


def _assets(seen: Sequence[Seen], maker: AssetMaker, standing: Sequence[Asset]) -> Sequence[Asset]:
    if isinstance(seen, tuple):
        return Assets(seen, maker.whole) if seen else ()
    stored = mapped(seen, lambda asset: asset if isinstance(asset, Asset) else maker.whole(asset))
    return StoredAssets(stored, standing) if len(standing) <= limits.ROWS_IN_MEMORY else stored


def _facts(case: Case) -> BackupFacts:
    identity = case.identity
    return BackupFacts(
        path=from_system(str(identity.folder)),
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

    Causes, loose ends, gaps and the counts of files stay those of the whole backup. Findings of a case in which
    only FaceTime is asked for can be narrowed further by searches for FaceTime alone.
    """
    if not search.narrows:
        return findings
    fit = tuple(asset for asset in findings.assets if search.fits(asset))
    return replace(
        findings, assets=fit, totals=_recounted(findings.totals, fit), search=search.told(findings.assets)
    )


def _totals_of_files(case: Case, survey: Survey, loose_ends: tuple[LooseEnd, ...]) -> Totals:
    """The counts of files and blobs; the sums that must hold are stated at Totals, a property test proves them."""
    codes = Counter(end.code for end in loose_ends)
    return replace(
        NOTHING,
        missing_blobs=codes[LooseCode.MISSING_BLOB],
        unlisted_blobs=codes[LooseCode.UNLISTED_BLOB],
        assets_without_file=codes[LooseCode.ASSET_WITHOUT_FILE],
        files_without_asset=sum(1 for _ in files_without_asset(case)),
        media_files=survey.media_files,
        blobs=case.census.listed_blobs + len(case.census.unlisted),
    )


def _recounted(totals: Totals, assets: Sequence[Asset]) -> Totals:
    """The totals with everything that is counted from assets alone counted anew."""
    tally = Tally()
    for asset in assets:
        tally.note(asset)
    return tally.totals(totals, assets)


class Tally:
    """Counts assets that are seen one by one."""

    def __init__(self) -> None:
        self._facetime = self._live = self._trashed = self._hidden = self._deleted = self._bytes = 0
        self._damaged: set[tuple[str, int | None]] = set()
        self._statuses: Counter[Status] = Counter()
        self._files = array("q")

    def note(self, asset: Seen) -> None:
        """Count one asset."""
        self._statuses[asset.status] += 1
        if asset.facetime.verdict is not Verdict.NO:
            self._facetime += 1
        if asset.kind is Kind.LIVE_PHOTO:
            self._live += 1
        if asset.trashed:
            self._trashed += 1
        if asset.hidden:
            self._hidden += 1
        if asset.deleted is not None:
            self._deleted += 1
        for item in asset.files:
            if item.state is FileState.DAMAGED:
                self._damaged.add((item.file_id, item.index))
            if item.recoverable:
                self._bytes += item.size or 0
                self._files.append(hash((item.file_id, item.index)))

    def totals(self, totals: Totals, assets: Sequence[Asset]) -> Totals:
        """The totals with all these counts; `assets` are those that were seen."""
        return replace(
            totals,
            assets=self._statuses.total(),
            facetime=self._facetime,
            live_photos=self._live,
            recently_deleted=self._trashed,
            hidden=self._hidden,
            complete=self._statuses[Status.COMPLETE],
            half=self._statuses[Status.HALF],
            reduced_copy=self._statuses[Status.REDUCED_COPY],
            elsewhere=self._statuses[Status.ELSEWHERE],
            not_found=self._statuses[Status.NOT_FOUND],
            permanently_deleted=self._deleted,
            recoverable_bytes=self._recoverable(assets),
            damaged_files=len(self._damaged),
        )

    def _recoverable(self, assets: Sequence[Asset]) -> int:
        """Each file counts once. That one stands twice is rare and told by its hash, which needs little memory."""
        hashes = sorted(self._files)
        if all(one != other for one, other in pairwise(hashes)):
            return self._bytes
        files = (item for asset in seen(assets) for item in asset.files if item.recoverable)
        return sum({(item.file_id, item.index): item.size or 0 for item in files}.values())
