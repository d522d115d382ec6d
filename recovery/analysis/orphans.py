"""What does not fit together: blobs, files and assets without their counterpart, and gaps in numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from recovery.analysis.asset_builder import library_path
from recovery.analysis.asset_status import elsewhere
from recovery.analysis.call_context import CallFinder
from recovery.analysis.model import Orphan, OrphanCode
from recovery.case import Case
from recovery.case.grouping import Group
from recovery.limits import NUMBERING_RUNS
from recovery.photos_db.camera_roll_paths import DOMAIN, ORIGINALS, ROOT, is_never_in_local_backups
from recovery.photos_db.library import DATABASE, AssetRow
from recovery.photos_db.media_files import MediaFile
from recovery.provenance import Source
from recovery.source.manifest import STORE as MANIFEST

_NUMBERED = re.compile(r"IMG_(\d{4})", re.IGNORECASE)
_NUMBERS = tuple(range(10_000))
"""All numbers a file can have: one object for each, however many folders use it."""
_NEAR = timedelta(days=1)
"""Neighbours in number at most this far apart place a gap well enough in time to name a call between them."""
_DCIM = re.compile(r"DCIM/(\d{3})APPLE", re.IGNORECASE)


class OrphanCollector:
    """What is noted of groups and assets while they pass by: a large library should be walked through once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.without_file: list[Orphan] = []
        self.numbers: defaultdict[str, dict[int, datetime | None]] = defaultdict(dict)
        """For each DCIM folder the numbers that something still carries, with the date of the last asset."""
        self.named_elsewhere: set[str] = set()
        """Original names, `IMG_0123`, of assets outside those folders."""

    def note_group(self, group: Group) -> None:
        """Note the files of one asset."""
        if group.row is not None and not any(role in ORIGINALS for role, _ in group.files):
            self.without_file.extend(_without_file(self.case, group, group.row))

    def note(
        self, directory: str | None, filename: str | None, original_filename: str | None, created: datetime | None
    ) -> None:
        """Note the names of one asset."""
        if directory is None or not directory.startswith("DCIM"):
            name = (original_filename or "").upper()[:8]
            if name.startswith("IMG_"):
                self.named_elsewhere.add(name)
        named = _NUMBERED.match(filename or "")
        if named and _DCIM.fullmatch(directory or ""):
            number, numbers = _NUMBERS[int(named[1])], self.numbers[str(directory)]
            date = numbers.get(number, created)
            numbers[number] = max(date, created) if date and created else None


def orphans_of(case: Case, survey: OrphanCollector) -> Iterator[Orphan]:
    """Every loose end, by kind, in the order of paths."""
    yield from _missing(case)
    yield from _unlisted(case)
    yield from survey.without_file
    yield from (_file_without_asset(file) for file in files_without_asset(case))
    yield from _numbering_gaps(case, survey)


def _missing(case: Case) -> Iterator[Orphan]:
    for item in sorted(case.census.missing, key=lambda item: (item.domain, item.path)):
        source = Source(MANIFEST, "Files")
        yield Orphan(OrphanCode.MISSING_BLOB, item.domain, item.path, item.file_id, None, None, source)


def _unlisted(case: Case) -> Iterator[Orphan]:
    for blob in case.census.unlisted:
        if case.encrypted:
            guess = "encrypted: without its row in the manifest there is no key, so nothing can decipher it"
        elif blob.type is not None:
            guess = f"by its first bytes: {blob.type.mime}"
        else:
            guess = "cannot be read"
        source = Source(f"{blob.file_id[:2]}/{blob.file_id}")
        yield Orphan(OrphanCode.UNLISTED_BLOB, None, None, blob.file_id, blob.size, guess, source)


def _without_file(case: Case, group: Group, row: AssetRow) -> Iterator[Orphan]:
    """A row of which no original is listed, unless it is elsewhere or never could be listed."""
    library = case.library
    if elsewhere(row, group.resources) is None and not is_never_in_local_backups(row.directory):
        source = Source(DATABASE, library.table if library else "", row.pk)
        guess = "the library lists it, the backup lists no original of it"
        yield Orphan(OrphanCode.ASSET_WITHOUT_FILE, DOMAIN, library_path(row), None, None, guess, source)


def files_without_asset(case: Case) -> Iterator[MediaFile]:
    """Media files no row of their library owns; without a library there is nothing to hold them against."""
    for known in (case, case.shared_with_you):
        if known is not None and known.library is not None:
            # A blob that no row names is an unlisted blob, and counted as such.
            yield from known.store.files("owner IS NULL AND domain <> ''", order="place, turn, id")


def _file_without_asset(file: MediaFile) -> Orphan:
    source = Source(MANIFEST, "Files")
    return Orphan(
        OrphanCode.FILE_WITHOUT_ASSET,
        file.entry.domain,
        file.entry.relative_path,
        file.entry.file_id,
        file.blob.size if file.blob.size is not None else file.entry.size,
        "attributes name an asset that the library no longer lists" if file.attributes else None,
        source,
    )


def _numbering_gaps(case: Case, survey: OrphanCollector) -> Iterator[Orphan]:
    """Numbers of DCIM folders that nothing carries any more: something was there, nothing says what."""
    dates = survey.numbers
    finder = CallFinder(case.around.calls.records)
    last_folder = max(dates, default="")
    # The counter goes on from folder to folder, so a number may stand in another folder than its neighbours.
    known = {number for numbers in dates.values() for number in numbers}
    for folder, numbers in sorted(dates.items()):
        end = max(numbers)
        if folder == last_folder and case.around.last_file_number and case.around.last_file_number <= 9999:
            end = max(end, case.around.last_file_number)
        for number in range(min(numbers), min(end + 1, min(numbers) + NUMBERING_RUNS)):
            if number not in known:
                known.add(number)  # told once
                name = f"IMG_{number:04d}"
                guess = _gap_guess(number, numbers, finder, name in survey.named_elsewhere)
                path = f"{ROOT}{folder}/{name}"
                yield Orphan(OrphanCode.NUMBERING_GAP, DOMAIN, path, None, None, guess, Source(MANIFEST, "Files"))


def _gap_guess(number: int, numbers: dict[int, datetime | None], finder: CallFinder, elsewhere: bool) -> str:
    before = max((date for key, date in numbers.items() if key < number and date), default=None)
    after = min((date for key, date in numbers.items() if key > number and date), default=None)
    said = "a photo or video once had this number; nothing says what it was"
    if before and after:
        said += f" (its neighbours are from {before:%Y-%m-%d} and {after:%Y-%m-%d})"
    if elsewhere:
        said += "; an asset outside this folder has this original name and may be it"
    near = before and after and timedelta() <= after - before <= _NEAR
    middle = before + (after - before) / 2 if before and after and near else None
    if before and middle and after and finder.at(before, middle, after):
        said += "; a FaceTime video call was going on about then, which proves nothing"
    return said
