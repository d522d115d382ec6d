"""Draw the conclusions from a case: assets, loose ends, totals that add up, and gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from msgspec import structs

from recovery.analysis.asset_builder import AssetMaker
from recovery.analysis.asset_fields import field_sources
from recovery.analysis.causes import judged
from recovery.analysis.causes.context import CauseContext
from recovery.analysis.causes.inputs import CauseInputs
from recovery.analysis.found import FindingWriter
from recovery.analysis.message_kinds import facetime_messages
from recovery.analysis.model import (
    Asset,
    BackupFacts,
    Basis,
    FileState,
    Findings,
    Kind,
    Orphan,
    OrphanCode,
    Status,
    Totals,
    Verdict,
)
from recovery.analysis.orphans import OrphanCollector, files_without_asset, orphans_of
from recovery.analysis.plain_rows import plain_rows
from recovery.analysis.search import Search
from recovery.case import Case
from recovery.case.facetime_candidates import CHOSEN, choose_remarkable
from recovery.case.facetime_evidence import Places
from recovery.case.grouping import Group
from recovery.clock import in_records
from recovery.progress import SILENT, Progress, counted
from recovery.records import valid_unicode
from recovery.system_files import from_system

NOTHING = Totals(*(0 for _ in structs.fields(Totals)))
"""Totals of no backup at all: what counting starts from."""


def find(case: Case, progress: Progress = SILENT) -> Findings:
    """Everything found in one backup. The same case gives the same findings.

    `progress` is told how far it is and may raise to stop.

    Each asset is made once, noted by all who ask for it, and kept in the working database. Where only FaceTime is
    asked for, the findings are those that `narrowed` makes of the whole by a search for it: rows that cannot be of
    FaceTime, and of which nothing else is to be said, are then only counted.
    """
    orphan_collector, cause_inputs, totals_counter, writer = (
        OrphanCollector(case),
        CauseInputs(case),
        TotalsCounter(),
        FindingWriter(case.store),
    )
    bases: Counter[Basis] = Counter()
    total = case.store.count_groups(CHOSEN if case.only_facetime else None)
    made = AssetMaker(case).assets(_groups(case, orphan_collector))
    for asset in counted(made, progress, "Analysing the photos", total, " photos"):
        orphan_collector.note(asset.directory, asset.filename, asset.original_filename, asset.created)
        cause_inputs.note(asset)
        bases[asset.basis] += 1
        if not case.only_facetime or asset.facetime.verdict is not Verdict.NO:
            totals_counter.note(asset)
            writer.add(asset)
    for row in counted(plain_rows(case), progress, "Counting the other photos") if case.only_facetime else ():
        orphan_collector.note(row.directory, row.filename, row.original_filename, row.created)
        cause_inputs.note_row(row)
        bases[Basis.PHOTOS_DATABASE] += 1
    assets = writer.found()
    loose_ends = tuple(counted(orphans_of(case, orphan_collector), progress, "Looking for what is unmatched"))
    messages = facetime_messages(case.around.facetime_messages, case.latest_date)
    progress.start("Weighing the causes", None)
    causes, summary = judged(CauseContext.of(case, cause_inputs))
    progress.finish()
    return Findings(
        backup=_facts(case),
        totals=totals_counter.totals(_totals_of_files(case, loose_ends).changed(facetime_messages=len(messages))),
        assets=assets,
        loose_ends=loose_ends,
        causes=causes,
        gaps=case.gaps,
        bases=tuple((basis, bases[basis]) for basis in Basis if bases[basis]),
        summary=summary,
        facetime_messages=messages,
        latest_date=in_records(case.latest_date),
        search=Search(facetime=True).told(assets) if case.only_facetime else None,
        field_sources=field_sources(Places.of(case.library)),
    )


def _groups(case: Case, orphan_collector: OrphanCollector) -> Iterator[Group]:
    """The groups of which assets are made, each noted."""
    if case.only_facetime:
        choose_remarkable(case.store)
    rows = case.store.groups(CHOSEN if case.only_facetime else None)
    for group in chain(rows, case.store.groups_without_row()):
        orphan_collector.note_group(group)
        yield group


def _facts(case: Case) -> BackupFacts:
    identity = case.identity
    return BackupFacts(
        path=valid_unicode(from_system(str(identity.folder))),
        udid=identity.udid,
        device_name=identity.device_name,
        product_type=identity.product_type,
        ios_version=identity.ios_version,
        build=identity.build,
        backup_date=in_records(identity.backup_date),
        encrypted=case.encrypted,
        complete=identity.complete,
        photos_model_version=case.library.model_version if case.library else None,
        serial_number=identity.serial_number,
        file_lists=case.file_lists,
    )


def narrowed(findings: Findings, search: Search, progress: Progress = SILENT) -> Findings:
    """The findings with only the assets that fit a search, counted anew, and the search told.

    Causes, loose ends, gaps, FaceTime messages and the counts of files stay those of the whole backup. Findings of
    a case in which only FaceTime is asked for can be narrowed further by searches for FaceTime alone.
    """
    if not search.narrows:
        return findings
    assets = findings.assets
    fit = assets.where(search.fits, progress)
    return findings.changed(assets=fit, totals=_recounted(findings.totals, fit), search=search.told(assets))


def _totals_of_files(case: Case, loose_ends: tuple[Orphan, ...]) -> Totals:
    """The counts of files and blobs; the sums that must hold are stated at Totals, a property test proves them."""
    codes = Counter(end.code for end in loose_ends)
    stores = [known.store for known in (case, case.shared_with_you) if known is not None]
    media_files = sum(store.value("SELECT count(*) FROM file WHERE domain <> ''") for store in stores)
    return NOTHING.changed(
        missing_blobs=codes[OrphanCode.MISSING_BLOB],
        unlisted_blobs=codes[OrphanCode.UNLISTED_BLOB],
        assets_without_file=codes[OrphanCode.ASSET_WITHOUT_FILE],
        files_without_asset=sum(1 for _ in files_without_asset(case)),
        media_files=media_files,
        blobs=case.census.listed_blobs + len(case.census.unlisted),
    )


def _recounted(totals: Totals, assets: Iterable[Asset]) -> Totals:
    """The totals with everything that is counted from assets alone counted anew."""
    totals_counter = TotalsCounter()
    for asset in assets:
        totals_counter.note(asset)
    return totals_counter.totals(totals)


class TotalsCounter:
    """Counts assets that are seen one by one."""

    def __init__(self) -> None:
        self._facetime = self._live = self._trashed = self._hidden = self._deleted = self._bytes = 0
        self._damaged: set[tuple[str, int | None]] = set()
        self._unreadable: set[tuple[str, int | None]] = set()
        self._statuses: Counter[Status] = Counter()
        self._files: set[int] = set()
        """Hashes of recoverable files: each counts once, and two of them are hardly ever one."""

    def note(self, asset: Asset) -> None:
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
            elif item.state is FileState.UNREADABLE:
                self._unreadable.add((item.file_id, item.index))
            if item.recoverable and (name := hash((item.file_id, item.index))) not in self._files:
                self._files.add(name)
                self._bytes += item.size or 0

    def totals(self, totals: Totals) -> Totals:
        """The totals with all these counts."""
        return totals.changed(
            assets=self._statuses.total(),
            facetime=self._facetime,
            live_photos=self._live,
            recently_deleted=self._trashed,
            hidden=self._hidden,
            complete=self._statuses[Status.COMPLETE],
            partial=self._statuses[Status.PARTIAL],
            half=self._statuses[Status.HALF],
            reduced_copy=self._statuses[Status.REDUCED_COPY],
            unreadable=self._statuses[Status.UNREADABLE],
            elsewhere=self._statuses[Status.ELSEWHERE],
            not_found=self._statuses[Status.NOT_FOUND],
            permanently_deleted=self._deleted,
            recoverable_bytes=self._bytes,
            damaged_files=len(self._damaged),
            unreadable_files=len(self._unreadable),
        )
