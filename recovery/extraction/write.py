"""Carries out a plan: files, sidecars and the record of it all, resumable and one whole file at a time."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice, product, zip_longest
from pathlib import Path

from recovery.errors import OutputError, RecoveryError
from recovery.extraction import thread_pool as crew
from recovery.extraction.copying import Copier, Overwrite, source_of
from recovery.extraction.folder import OutputFolder, check_space, unusable
from recovery.extraction.journal import Journal
from recovery.extraction.outcomes import (
    CopyProgress,
    Document,
    DocumentOutcome,
    Documents,
    Entry,
    Outcome,
    Outcomes,
    OutcomeState,
    RunFacts,
    SilentCopy,
)
from recovery.extraction.plan import Plan, PlannedAsset, PlannedFile
from recovery.extraction.record import MANIFEST, RUN, backup_key, manifest_text, run_text
from recovery.refusals import remedy
from recovery.source.backup_view import BackupView

# Sidecars, records and the rounding up of files to blocks, for each asset.
_BYTES_BESIDE_ASSET = 32 * 1024
# What is flushed together: the disk is waited for once, and an interrupt loses no more than this in each thread.
# Small, as each file of a batch is open until its end and macOS lets a program open 256.
_BATCH_FILES, _BATCH_BYTES, _BATCH_DOCUMENTS = 16, 32 * 1024 * 1024, 64


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How to write. `workers` is the number of threads, and with it of pairs of 256 KiB buffers in memory.

    `check_pictures` decodes every picture too, and calls one that cannot be decoded damaged.
    """

    overwrite: Overwrite = Overwrite.IDENTICAL
    ignore_free_space: bool = False
    check_pictures: bool = False
    workers: int = field(default_factory=crew.default_workers)


def write(
    view: BackupView,
    plan: Plan,
    out: Path,
    *,
    options: WriteOptions | None = None,
    documents: Documents | None = None,
    run: RunFacts | None = None,
    progress: CopyProgress | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Outcomes:
    """Write a plan into a folder; what an interrupted or earlier run has finished is checked, not written again.

    One file that cannot be read or written becomes its outcome. Raises OutputError when the folder cannot be
    used and NotEnoughSpaceError before anything is written; KeyboardInterrupt passes through after tidying.
    """
    options = options or WriteOptions()
    started = now()
    key = backup_key(view.identity.folder)
    with OutputFolder(out, view.identity.folder, plan.private_folders) as folder:
        try:
            always = options.overwrite is Overwrite.ALWAYS
            with Journal(folder.state, key, replace=always) as journal:
                if not always:
                    _refuse_foreign_records(folder, journal)
                if not options.ignore_free_space:
                    check_space(folder.root, _needed(plan, folder, journal))
                copier = Copier(
                    view,
                    folder,
                    journal,
                    options.overwrite,
                    plan.latest_date,
                    lets_go=_fills_memory(plan.bytes),
                    check_pictures=options.check_pictures,
                )
                writer = _Writer(copier, options.workers, progress or SilentCopy())
                outcomes = writer.write(plan, documents or Documents())
                recorder = partial(
                    run_text, run or RunFacts(), plan.backup, plan.gaps, key=key, started=started, ended=now()
                )
                return writer.record(outcomes, lambda done, manifest: recorder(done, manifest=manifest))
        except OSError as error:
            raise unusable(folder.root, error) from error


@dataclass(frozen=True, slots=True)
class _Writer:
    copier: Copier
    workers: int
    progress: CopyProgress

    def write(self, plan: Plan, documents: Documents) -> Outcomes:
        """Files, then sidecars, then the caller's documents for the top of the folder."""
        outcomes = Outcomes(self._copy(plan), earlier=self._earlier(plan))
        pictures = self._derive(plan, documents)
        beside = (
            pictures
            + self._second_names(plan, outcomes.files)
            + self._write_documents(
                _sidecars(plan, outcomes.files, {item.target for item in pictures if item.entry}, documents)
            )
        )
        listed = {outcome.target for outcome in beside}
        earlier = tuple(entry for entry in outcomes.earlier if entry.target not in listed)
        outcomes = replace(outcomes, documents=beside, earlier=earlier)
        finals = self._write_documents(Document(*item) for item in documents.finals(outcomes).items())
        names = {outcome.target for outcome in finals} | {MANIFEST, RUN}
        earlier = tuple(entry for entry in earlier if entry.target not in names)
        return replace(outcomes, documents=beside + finals, earlier=earlier)

    def record(self, outcomes: Outcomes, run: Callable[[Outcomes, bytes], bytes]) -> Outcomes:
        """manifest.sha256 and run.json, and the journal in the plan's order. Raises OutputError, OSError."""
        entries = [outcome.entry for outcome in outcomes.files if outcome.entry]
        entries += [outcome.entry for outcome in outcomes.documents if outcome.entry]
        entries += outcomes.earlier
        manifest = manifest_text(entries)
        self.copier.folder.flush_names()
        record = run(outcomes, manifest)
        replacing = replace(self.copier, overwrite=Overwrite.ALWAYS)  # they were found to be ours at the start
        records = [Document(MANIFEST, manifest), Document(RUN, record)]
        for outcome in self._write_documents(records, replacing):
            if outcome.entry is None:
                hint = remedy(outcome.refusal) if outcome.refusal else ""
                raise OutputError(
                    f"{outcome.target} cannot be written. {outcome.reason}", hint or "Run the command again."
                )
            entries.append(outcome.entry)
        self.copier.journal.compact(entries)
        self.copier.folder.flush_names()
        return replace(outcomes, record_sha256=hashlib.sha256(record).hexdigest())

    def _copy(self, plan: Plan) -> tuple[Outcome, ...]:
        batches = list(_batches(plan.files))
        results: list[tuple[Outcome, ...]] = [()] * len(batches)
        left = [sum(file.bytes for file in files) for files in batches]
        order = _order(left)
        self.progress.started(sum(map(len, batches)), sum(left))

        def advanced(number: int, size: int) -> None:
            left[order[number]] -= size
            self.progress.advanced(size)

        def done(number: int, outcomes: tuple[Outcome, ...]) -> None:
            results[order[number]] = outcomes
            if left[order[number]] > 0:  # fewer bytes than planned came: a missing or damaged file
                self.progress.advanced(left[order[number]])
            for outcome in outcomes:
                self.progress.finished(outcome.planned.target, outcome.state.value)

        # Pillow warns of odd files; filters are not per thread, so they are set here, once.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            crew.run(self._copy_jobs(batches[number] for number in order), self.workers, advanced, done)
        return tuple(outcome for outcomes in results for outcome in outcomes)

    def _copy_jobs(self, batches: Iterable[list[PlannedFile]]) -> Iterator[Callable[[crew.Tick], tuple[Outcome, ...]]]:
        # The manifest is asked in the caller's thread, as SQLite wants it.
        view = self.copier.view
        for files in batches:
            sources = (source_of(view, item.file.domain, item.file.path, item.file.file_id) for item in files)
            yield partial(self.copier.copy, list(zip(files, sources, strict=True)))

    def _second_names(self, plan: Plan, files: tuple[Outcome, ...]) -> tuple[DocumentOutcome, ...]:
        """The files of each photo once more in the folders of its albums."""
        done: list[DocumentOutcome] = []
        for planned, outcomes in _by_asset(plan, files):
            for stem, outcome in product(planned.album_stems, outcomes):
                if outcome.target is not None:
                    target = stem + outcome.target.removeprefix(planned.stem)
                    done.append(self.copier.second_name(outcome, target))
                    self.progress.advanced(0)
        return tuple(done)

    def _derive(self, plan: Plan, documents: Documents) -> tuple[DocumentOutcome, ...]:
        """Make and write the derived pictures, one after the other: decoders are memory-hungry."""
        done: list[DocumentOutcome] = []
        for picture in (picture for planned in plan.assets for picture in planned.pictures):
            self.progress.advanced(0)
            try:
                data = documents.derive(picture)
            except RecoveryError as error:
                done.append(DocumentOutcome(picture.target, OutcomeState.FAILED, reason=str(error)))
            except MemoryError:
                reason = "There is not enough memory to make it."
                done.append(DocumentOutcome(picture.target, OutcomeState.FAILED, reason=reason))
            else:
                done.extend(self._write_documents([Document(picture.target, data, picture.taken)]))
        return tuple(done)

    def _write_documents(
        self, documents: Iterable[Document], copier: Copier | None = None
    ) -> tuple[DocumentOutcome, ...]:
        results: dict[int, tuple[DocumentOutcome, ...]] = {}
        waiting = iter(documents)
        groups = iter(lambda: list(islice(waiting, _BATCH_DOCUMENTS)), [])
        jobs = (partial((copier or self.copier).documents, group) for group in groups)

        def done(number: int, outcomes: tuple[DocumentOutcome, ...]) -> None:
            results[number] = outcomes
            self.progress.advanced(0)

        # The caller renders; two threads write as fast, and few of them keep few files open.
        crew.run(jobs, min(2, self.workers), lambda number, size: None, done)
        return tuple(outcome for number in range(len(results)) for outcome in results[number])

    def _earlier(self, plan: Plan) -> tuple[Entry, ...]:
        """What the journal knows beyond this plan, where the file is still there."""
        planned = {target for file in plan.files for target in (file.target, *file.partial_targets)}
        folder = self.copier.folder
        known = (entry for entry in self.copier.journal if entry.target not in planned)
        return tuple(sorted((entry for entry in known if folder.exists(entry.target)), key=lambda entry: entry.target))


def _batches(files: Iterable[PlannedFile]) -> Iterator[list[PlannedFile]]:
    """Small files together, so that the disk is waited for once; a large one goes alone."""
    batch: list[PlannedFile] = []
    size = 0
    for file in files:
        if batch and (len(batch) == _BATCH_FILES or size + file.bytes > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.bytes
    if batch:
        yield batch


def _order(sizes: Sequence[int]) -> list[int]:
    """Numbers of batches of so many bytes, in the order they are begun: the large ones soon, the largest first.

    One begun late would be finished by one thread while nothing is left for the others. Small ones go between,
    so that some threads calculate while others wait for the disk.
    """
    largest_first = sorted(range(len(sizes)), key=lambda number: -sizes[number])
    large = [number for number in largest_first if sizes[number] > _BATCH_BYTES]
    small = [number for number, size in enumerate(sizes) if size <= _BATCH_BYTES]
    return [number for pair in zip_longest(large, small) for number in pair if number is not None]


def _by_asset(plan: Plan, files: tuple[Outcome, ...]) -> Iterator[tuple[PlannedAsset, tuple[Outcome, ...]]]:
    """What is planned of each asset with what became of its files."""
    start = 0
    for planned in plan.assets:
        yield planned, files[start : start + len(planned.files)]
        start += len(planned.files)


def _sidecars(plan: Plan, files: tuple[Outcome, ...], pictures: set[str], documents: Documents) -> Iterator[Document]:
    """The documents beside each asset of which something is in the output, be it a derived picture."""
    for planned, outcomes in _by_asset(plan, files):
        made = any(picture.target in pictures for picture in planned.pictures)
        if planned.asset is not None and (made or any(outcome.entry for outcome in outcomes)):
            yield from _beside(planned, documents.sidecars(planned, outcomes))


def _beside(planned: PlannedAsset, texts: Mapping[str, bytes]) -> Iterator[Document]:
    return (Document(f"{planned.stem}.{extension}", data) for extension, data in sorted(texts.items()))


def _fills_memory(size: int) -> bool:
    """Whether so many bytes, read and written, would take more than half of the memory for the system's cache.

    They would push out what others need, and making room for them costs a third of the processor time
    (docs/measurements/speed.md). In a container the memory is that of the whole machine.
    """
    try:
        return 4 * size > os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") > 0
    except (AttributeError, OSError, ValueError):  # Windows has no such question
        return False


def _needed(plan: Plan, folder: OutputFolder, journal: Journal) -> int:
    """Bytes still to be written: what an earlier run has finished is not counted again."""
    total = len(plan.assets) * _BYTES_BESIDE_ASSET
    for file in plan.files:
        known = map(journal.get, (file.target, *file.partial_targets))
        if not any(entry is not None and folder.exists(entry.target) for entry in known):
            total += file.bytes
    return total


def _refuse_foreign_records(folder: OutputFolder, journal: Journal) -> None:
    for name in (MANIFEST, RUN):
        if folder.exists(name) and journal.get(name) is None:
            raise OutputError(
                f"The output folder already holds a {name} that does not belong to this backup's extraction.",
                "Choose another folder, or replace what differs with --overwrite always.",
            )
