"""What does not fit together: blobs, files and assets without their counterpart, and gaps in numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from recovery.backup.manifest import STORE as MANIFEST
from recovery.case import Case
from recovery.findings.assets import library_path
from recovery.findings.calls import CallFinder
from recovery.findings.model import Asset, LooseCode, LooseEnd
from recovery.findings.status import elsewhere
from recovery.limits import NUMBERING_RUNS
from recovery.photos.library import DATABASE
from recovery.photos.media_files import MediaFile
from recovery.photos.places import DOMAIN, ORIGINALS, ROOT
from recovery.provenance import Source

_NUMBERED = re.compile(r"IMG_(\d{4})", re.IGNORECASE)
_DCIM = re.compile(r"DCIM/(\d{3})APPLE", re.IGNORECASE)


def loose_ends_of(case: Case, assets: tuple[Asset, ...]) -> Iterator[LooseEnd]:
    """Every loose end, by kind, in the order of paths."""
    yield from _missing(case)
    yield from _unlisted(case)
    yield from _without_file(case)
    yield from (_file_without_asset(file) for file in files_without_asset(case))
    yield from _numbering_gaps(case, assets)


def _missing(case: Case) -> Iterator[LooseEnd]:
    for item in sorted(case.census.missing, key=lambda item: (item.domain, item.path)):
        source = Source(MANIFEST, "Files")
        yield LooseEnd(LooseCode.MISSING_BLOB, item.domain, item.path, item.file_id, None, None, source)


def _unlisted(case: Case) -> Iterator[LooseEnd]:
    for blob in case.census.unlisted:
        if case.encrypted:
            guess = "encrypted: without its row in the manifest there is no key, so nothing can decipher it"
        elif blob.type is not None:
            guess = f"by its first bytes: {blob.type.mime}"
        else:
            guess = "cannot be read"
        source = Source(f"{blob.file_id[:2]}/{blob.file_id}")
        yield LooseEnd(LooseCode.UNLISTED_BLOB, None, None, blob.file_id, blob.size, guess, source)


def _without_file(case: Case) -> Iterator[LooseEnd]:
    """Rows of which no original is listed, unless the library itself says that it is elsewhere."""
    resources = case.library.resources if case.library else {}
    for group in case.grouping.groups:
        row = group.row
        if row is None or any(item.role in ORIGINALS for item in group.files):
            continue
        if elsewhere(row, resources.get(row.pk, ())) is not None:
            continue
        source = Source(DATABASE, case.library.table if case.library else "", row.pk)
        guess = "the library lists it, the backup lists no original of it"
        yield LooseEnd(LooseCode.ASSET_WITHOUT_FILE, DOMAIN, library_path(row), None, None, guess, source)


def files_without_asset(case: Case) -> Iterator[MediaFile]:
    """Media files no row of the library owns; without a library there is nothing to hold them against."""
    if case.library is not None:
        for group in case.grouping.groups:
            if group.row is None:
                # A blob that no row names is an unlisted blob, and counted as such.
                yield from (item.file for item in group.files if item.file.entry.domain)


def _file_without_asset(file: MediaFile) -> LooseEnd:
    source = Source(MANIFEST, "Files")
    return LooseEnd(
        LooseCode.FILE_WITHOUT_ASSET,
        file.entry.domain,
        file.entry.relative_path,
        file.entry.file_id,
        file.blob.size if file.blob.size is not None else file.entry.size,
        "attributes name an asset that the library no longer lists" if file.attributes else None,
        source,
    )


def _numbering_gaps(case: Case, assets: Iterable[Asset]) -> Iterator[LooseEnd]:
    """Numbers of DCIM folders that nothing carries any more: something was there, nothing says what."""
    dates = _numbers(assets)
    finder = CallFinder(case.around.calls.records)
    last_folder = max(dates, default="")
    # The counter goes on from folder to folder, so a number may stand in another folder than its neighbours.
    known = {number for numbers in dates.values() for number in numbers}
    named_elsewhere = {
        (asset.original_filename or "").upper()[:8]
        for asset in assets
        if not (asset.directory or "").startswith("DCIM")
    }
    for folder, numbers in sorted(dates.items()):
        end = max(numbers)
        if folder == last_folder and case.around.last_file_number and case.around.last_file_number <= 9999:
            end = max(end, case.around.last_file_number)
        for number in range(min(numbers), min(end + 1, min(numbers) + NUMBERING_RUNS)):
            if number not in known:
                known.add(number)  # told once
                name = f"IMG_{number:04d}"
                guess = _gap_guess(number, numbers, finder, name in named_elsewhere)
                path = f"{ROOT}{folder}/{name}"
                yield LooseEnd(LooseCode.NUMBERING_GAP, DOMAIN, path, None, None, guess, Source(MANIFEST, "Files"))


def _numbers(assets: Iterable[Asset]) -> dict[str, dict[int, datetime | None]]:
    """For each DCIM folder the numbers that something still carries, with the dates of assets."""
    found: defaultdict[str, dict[int, datetime | None]] = defaultdict(dict)
    for asset in assets:
        number = _NUMBERED.match(asset.filename or "")
        if number and _DCIM.fullmatch(asset.directory or ""):
            found[str(asset.directory)][int(number[1])] = asset.created
    return found


def _gap_guess(number: int, numbers: dict[int, datetime | None], finder: CallFinder, elsewhere: bool) -> str:
    before = max((date for key, date in numbers.items() if key < number and date), default=None)
    after = min((date for key, date in numbers.items() if key > number and date), default=None)
    said = "a photo or movie once had this number; nothing says what it was"
    if before and after:
        said += f" (its neighbours are from {before:%Y-%m-%d} and {after:%Y-%m-%d})"
    if elsewhere:
        said += "; an asset outside this folder has this original name and may be it"
    middle = before + (after - before) / 2 if before and after and after >= before else None
    if middle is not None and finder.at(before, middle, after):
        said += "; a FaceTime video call was going on about then, which proves nothing"
    return said
