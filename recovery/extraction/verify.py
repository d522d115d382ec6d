"""Checks an output folder against its own record, and against the backup read again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from recovery import limits
from recovery.errors import OutputError, UnreadableFileError
from recovery.extraction import thread_pool as crew
from recovery.extraction.copying import source_of
from recovery.extraction.folder import STATE_FOLDER, digest, system_path, unusable
from recovery.extraction.journal import read_entry
from recovery.extraction.outcomes import Entry, Progress, Silent
from recovery.extraction.record import MANIFEST, RUN, SCHEMA, backup_key, manifest_text
from recovery.source.backup_view import BackupView
from recovery.source.manifest import ManifestEntry


class DifferenceCode(StrEnum):
    """How the output, its record and the backup differ."""

    MISSING = "missing"
    CHANGED = "changed"
    EXTRA = "extra"
    RECORD_DAMAGED = "record_damaged"
    OTHER_BACKUP = "other_backup"
    SOURCE_MISSING = "source_missing"
    SOURCE_CHANGED = "source_changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: `target` is a path in the output, `says` a sentence."""

    code: DifferenceCode
    target: str
    says: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared: files and bytes of the output, and how many of them with the backup (None: not asked)."""

    files: int
    bytes: int
    compared_with_backup: int | None
    record_sha256: str
    differences: tuple[Difference, ...]


def verify(
    out: Path,
    view: BackupView | None = None,
    *,
    record_sha256: str | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Verification:
    """Hash every file again; with a view also each blob and its plaintext. Nothing is written anywhere.

    `record_sha256` is the hash that the run printed. Raises OutputError when there is no record to check against.
    """
    root = system_path(out)
    data = _read_record(root)
    found = hashlib.sha256(data).hexdigest()
    differences = []
    if record_sha256 is not None and record_sha256.lower() != found:
        says = f"The record has the hash {found}, not the one that was given."
        differences.append(Difference(DifferenceCode.RECORD_DAMAGED, RUN, says))
    record = _parse(data)
    recorded = list(_recorded(record))
    differences += _check_manifest(root, record, recorded)
    watch = progress or Silent()
    sources = [item for item in recorded if item.source_sha256] if view else []
    size = sum(item.size for item in recorded)
    watch.started(len(recorded) + len(sources), size + sum(item.size for item in sources))
    jobs = [partial(_check_file, root, item) for item in recorded]
    differences += _run(jobs, [item.target for item in recorded], watch, workers)
    differences += _extra(root, {item.target for item in recorded})
    if view is not None:
        differences += _check_backup(record, view)
        checks = (
            partial(_check_source, view, item, source_of(view, item.domain, item.path, item.file_id))
            for item in sources
        )
        differences += _run(checks, [item.target for item in sources], watch, workers)
    return Verification(len(recorded), size, len(sources) if view else None, found, tuple(differences))


def _run(
    jobs: Iterable[Callable[[crew.Tick], Difference | None]],
    names: list[str],
    progress: Progress,
    workers: int | None,
) -> list[Difference]:
    """The differences in the order of the jobs, whichever ended first."""
    results: dict[int, Difference] = {}

    def done(number: int, difference: Difference | None) -> None:
        if difference is not None:
            results[number] = difference
        progress.finished(names[number], difference.code.value if difference else "same")

    crew.run(jobs, workers or crew.default_workers(), lambda _, size: progress.advanced(size), done)
    return [results[number] for number in sorted(results)]


def _read_record(root: Path) -> bytes:
    try:
        if (root / RUN).stat().st_size > limits.RUN_RECORD_BYTES:
            raise OutputError(f"{RUN} is larger than any real record.")
        return (root / RUN).read_bytes()
    except FileNotFoundError as error:
        raise OutputError(
            f"There is no {RUN} in {root}, so there is nothing to check against.",
            "Give the folder that extract wrote; if that run was interrupted, run it again to its end.",
        ) from error
    except OSError as error:
        raise unusable(root, error) from error


def _parse(data: bytes) -> dict[str, object]:
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise OutputError(
            f"{RUN} is damaged or of another program, so it cannot be checked against.",
            f"The files alone can still be checked: sha256sum -c {MANIFEST}",
        )
    return record


def _recorded(record: dict[str, object]) -> Iterator[Entry]:
    """Every file the record says is in the output; each once, as a hostile record may say it twice."""
    seen: set[str] = set()
    for part in ("files", "documents", "earlier"):
        items = record.get(part)
        for item in items if isinstance(items, list) else ():
            entry = read_entry(item) if isinstance(item, dict) else None
            if entry is not None and entry.target not in seen:
                seen.add(entry.target)
                yield entry


def _check_manifest(root: Path, record: dict[str, object], entries: list[Entry]) -> Iterator[Difference]:
    """The list of hashes must be the one the record names, and say the same of every file."""
    try:
        data = (root / MANIFEST).read_bytes()
    except OSError:
        yield Difference(DifferenceCode.MISSING, MANIFEST, f"{MANIFEST} cannot be read.")
        return
    named = record.get("manifest")
    if not isinstance(named, dict) or named.get("sha256") != hashlib.sha256(data).hexdigest():
        yield Difference(
            DifferenceCode.CHANGED, MANIFEST, f"{MANIFEST} is not the one that {RUN} was written with."
        )
    elif data != manifest_text(entries):
        says = f"{RUN} and {MANIFEST} do not say the same of every file."
        yield Difference(DifferenceCode.RECORD_DAMAGED, RUN, says)


def _check_file(root: Path, entry: Entry, tick: crew.Tick) -> Difference | None:
    path = root.joinpath(*entry.target.split("/"))
    try:
        if path.is_symlink() or not path.is_file():
            return Difference(DifferenceCode.MISSING, entry.target, "The file is not there.")
        if digest(path, tick) == entry.sha256:
            return None
        says = (
            f"Its bytes are not the ones that were written ({entry.size} bytes then, {path.stat().st_size} now)."
        )
    except OSError as error:
        says = f"It cannot be read ({error.strerror})."
    return Difference(DifferenceCode.CHANGED, entry.target, says)


def _extra(root: Path, known: set[str]) -> Iterator[Difference]:
    """Files that nobody recorded."""
    known = known | {RUN, MANIFEST}
    looked_at = 0
    for folder, folders, files in os.walk(root):
        inside = Path(folder).relative_to(root)
        if inside == Path():
            folders[:] = [name for name in folders if name != STATE_FOLDER]
        folders.sort()
        for name in sorted(files):
            looked_at += 1
            if looked_at > limits.OUTPUT_FILES:
                return
            target = (inside / name).as_posix()
            if target not in known:
                yield Difference(DifferenceCode.EXTRA, target, "The record does not know this file.")


def _check_backup(record: dict[str, object], view: BackupView) -> Iterator[Difference]:
    backup = record.get("backup")
    if not isinstance(backup, dict) or backup.get("manifest_database_sha256") != backup_key(view.identity.folder):
        says = "The output was written from another backup, or from an earlier state of this one."
        yield Difference(DifferenceCode.OTHER_BACKUP, RUN, says)


def _check_source(
    view: BackupView, entry: Entry, source: ManifestEntry | None, tick: crew.Tick
) -> Difference | None:
    """Read the blob again: the stored bytes and the plaintext must have the recorded hashes."""
    target = entry.target
    if source is None:
        return Difference(DifferenceCode.SOURCE_MISSING, target, "The backup does not list its source.")
    try:
        with view.passage(source) as passage:
            for chunk in passage.views():
                tick(len(chunk))
    except UnreadableFileError as error:
        return Difference(DifferenceCode.SOURCE_MISSING, target, str(error))
    if passage.source_sha256 != entry.source_sha256:
        return Difference(DifferenceCode.SOURCE_CHANGED, target, "The blob in the backup is not the one it was.")
    if passage.sha256 != entry.sha256:
        says = "The backup's blob deciphers to other bytes than were written."
        return Difference(DifferenceCode.SOURCE_CHANGED, target, says)
    return None
