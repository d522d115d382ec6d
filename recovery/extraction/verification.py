"""Checks an output folder against its own record, and against the backup read again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import BinaryIO

from recovery import limits
from recovery.errors import BlobRefusedError, OutputError, UnreadableFileError
from recovery.extraction import thread_pool as crew
from recovery.extraction.copying import source_of
from recovery.extraction.folder import LOCK, STATE_FOLDER, system_path
from recovery.extraction.journal import JOURNAL, read_entry
from recovery.extraction.names import is_incomplete
from recovery.extraction.outcomes import CopyProgress, Entry, OutcomeState, SilentCopy
from recovery.extraction.record import MANIFEST, RUN, SCHEMA, backup_key, manifest_text
from recovery.formats.picture_check import PictureCheck, PictureState, check_picture
from recovery.output import TEMPORARY_NAME
from recovery.photos_db.content import ContentCheck, called_picture
from recovery.refusals import reason_of, remedy, said_by
from recovery.source.backup_view import BackupView
from recovery.source.manifest import ManifestEntry
from recovery.system_files import (
    NotRegularError,
    from_system,
    is_link,
    kind_of,
    open_regular,
    read_regular,
    to_system,
)

_FILES_ALONE = f"The files alone can still be checked: sha256sum -c {MANIFEST}"


class DifferenceCode(StrEnum):
    """How the output, its record and the backup differ."""

    MISSING = "missing"
    CHANGED = "changed"
    EXTRA = "extra"
    UNREADABLE = "unreadable"
    CONTENT = "content"
    RECORD_DAMAGED = "record_damaged"
    OTHER_BACKUP = "other_backup"
    SOURCE_MISSING = "source_missing"
    SOURCE_UNREADABLE = "source_unreadable"
    SOURCE_CHANGED = "source_changed"


@dataclass(frozen=True, slots=True)
class FileDifference:
    """One difference: `target` is a path in the output, `says` a sentence."""

    code: DifferenceCode
    target: str
    says: str


@dataclass(frozen=True, slots=True)
class UncheckedPicture:
    """A picture that cannot be decoded here, which says nothing of it: `target` is a path in the output."""

    target: str
    says: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """What decoding told: how many pictures are whole, and which could not be decoded here."""

    decoded: int
    not_checked: tuple[UncheckedPicture, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared: files and bytes of the output, and how many of them with the backup (None: not asked)."""

    files: int
    bytes: int
    compared_with_backup: int | None
    record_sha256: str
    differences: tuple[FileDifference, ...]
    damaged: int = 0
    """Files that the record says were damaged in the backup already."""
    pictures: Pictures | None = None
    """None when decoding was not asked for."""
    unreadable: int = 0
    """Files of which the record says that the system refused to read their end."""


def verify(
    out: Path,
    view: BackupView | None = None,
    *,
    record_sha256: str | None = None,
    check_pictures: bool = False,
    progress: CopyProgress | None = None,
    workers: int | None = None,
) -> Verification:
    """Hash every file again; with a view also each blob and its plaintext. Nothing is written anywhere.

    `record_sha256` is the hash that the run printed; `check_pictures` decodes every picture too. Raises OutputError
    when there is no record to check against.
    """
    root = system_path(out)
    data = _read_record(root)
    found = hashlib.sha256(data).hexdigest()
    differences = []
    if record_sha256 is not None and record_sha256.lower() != found:
        says = f"The record has the hash {found}, not the one that was given."
        differences.append(FileDifference(DifferenceCode.RECORD_DAMAGED, RUN, says))
    record = _parse(data)
    recorded, strange = _recorded(record)
    if strange:
        says = f"It names files in a way that this program does not write ({strange:,}); they were not checked."
        differences.append(FileDifference(DifferenceCode.RECORD_DAMAGED, RUN, says))
    differences += _check_manifest(root, record, recorded)
    watch = progress or SilentCopy()
    sources = [item for item in recorded if item.source_sha256] if view else []
    size = sum(item.size for item in recorded)
    watch.started(len(recorded) + len(sources), size + sum(item.size for item in sources))
    folders = _Folders(root)
    decoded = _Decoded() if check_pictures else None
    jobs = [partial(_check_file, root, folders, item, decoded) for item in recorded]
    with warnings.catch_warnings():  # Pillow warns of odd files; filters are not per thread
        warnings.simplefilter("ignore")
        differences += _run(jobs, [item.target for item in recorded], watch, workers)
    differences += _strangers(root, {item.target for item in recorded})
    if view is not None:
        differences += _check_backup(record, view)
        checks = (
            partial(_check_source, view, item, source_of(view, item.domain, item.path, item.file_id))
            for item in sources
        )
        differences += _run(checks, [item.target for item in sources], watch, workers)
    partial_files = Counter(is_incomplete(item.target) for item in recorded if item.reason)
    return Verification(
        len(recorded),
        size,
        len(sources) if view else None,
        found,
        tuple(differences),
        partial_files[False],
        decoded.told() if decoded else None,
        partial_files[True],
    )


def _run(
    jobs: Iterable[Callable[[crew.Tick], FileDifference | None]],
    names: list[str],
    progress: CopyProgress,
    workers: int | None,
) -> list[FileDifference]:
    """The differences in the order of the jobs, whichever ended first."""
    results: dict[int, FileDifference] = {}

    def done(number: int, difference: FileDifference | None) -> None:
        if difference is not None:
            results[number] = difference
        progress.finished(names[number], difference.code.value if difference else "same")

    crew.run(jobs, workers or crew.default_workers(), lambda _, size: progress.advanced(size), done)
    return [results[number] for number in sorted(results)]


def _read_record(root: Path) -> bytes:
    try:
        return read_regular(root / RUN, limits.RUN_RECORD_BYTES)
    except FileNotFoundError as error:
        raise OutputError(
            f"There is no {RUN} in {root}, so there is nothing to check against.",
            "Give the folder that extract wrote; if that run was interrupted, run it again to its end.",
        ) from error
    except OSError as error:
        raise OutputError(f"{RUN} in {root} cannot be read ({error.strerror or error}).", _FILES_ALONE) from error


def _parse(data: bytes) -> dict[str, object]:
    try:
        record = json.loads(data) if data.startswith(b"{") else None
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise OutputError(f"{RUN} is damaged or of another program, so it cannot be checked against.", _FILES_ALONE)
    return record


def _recorded(record: dict[str, object]) -> tuple[list[Entry], int]:
    """Every file the record says is in the output, and how many it names as this program never would.

    Each file once, as a hostile record may say it twice.
    """
    found: dict[str, Entry] = {}
    strange = 0
    for part in ("files", "documents", "earlier"):
        items = record.get(part)
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict) and (item.get("target") is None or item.get("state") == OutcomeState.FAILED):
                continue  # nothing of it is in the output
            entry = read_entry(item) if isinstance(item, dict) else None
            if entry is None:
                strange += 1
            else:
                found.setdefault(entry.target, entry)
    return list(found.values()), strange


def _check_manifest(root: Path, record: dict[str, object], entries: list[Entry]) -> Iterator[FileDifference]:
    """The list of hashes must be the one the record names, and say the same of every file."""
    try:
        data = read_regular(root / MANIFEST, limits.RUN_RECORD_BYTES)
    except OSError as error:
        yield _unread(MANIFEST, error)
        return
    named = record.get("manifest")
    if not isinstance(named, dict) or named.get("sha256") != hashlib.sha256(data).hexdigest():
        yield FileDifference(
            DifferenceCode.CHANGED, MANIFEST, f"{MANIFEST} is not the one that {RUN} was written with."
        )
    elif data != manifest_text(entries):
        says = f"{RUN} and {MANIFEST} do not say the same of every file."
        yield FileDifference(DifferenceCode.RECORD_DAMAGED, RUN, says)


def _unread(target: str, error: OSError) -> FileDifference:
    """What the system says instead of giving a file: it is not there, it is something else, it is refused."""
    if isinstance(error, FileNotFoundError):
        return FileDifference(DifferenceCode.MISSING, target, "The file is not there.")
    code = DifferenceCode.MISSING if isinstance(error, NotRegularError) else DifferenceCode.UNREADABLE
    return FileDifference(code, target, f"The file cannot be read ({error.strerror or error}).")


class _Folders(dict[str, bool]):
    """Whether a folder of the output, and each above it, is one of its own and no link; asked once."""

    def __init__(self, root: Path) -> None:
        super().__init__({"": True})
        self._root = root

    def __missing__(self, folder: str) -> bool:
        self[folder] = own = self[folder.rpartition("/")[0]] and self._is_own(folder)
        return own

    def _is_own(self, folder: str) -> bool:
        try:
            state = self._root.joinpath(to_system(folder)).lstat()
        except OSError:
            return True  # the file in it tells why it cannot be read
        return stat.S_ISDIR(state.st_mode) and not is_link(state)


class _Decoded:
    """Gathers what decoding tells, from several threads."""

    def __init__(self) -> None:
        self._found: list[tuple[str, PictureCheck]] = []

    def broken(self, target: str, stream: BinaryIO) -> str:
        """Decode a file of the output: a phrase for a picture that is not whole, else ""."""
        stream.seek(0)
        found = check_picture(stream, expected=called_picture(target))
        if found is None:
            return ""
        self._found.append((target, found))
        return found.reason if found.state is PictureState.BROKEN else ""

    def told(self) -> Pictures:
        """The pictures by what became of them."""
        whole = sum(found.state is PictureState.DECODED for _, found in self._found)
        unchecked = (
            UncheckedPicture(target, found.reason)
            for target, found in self._found
            if found.state is PictureState.NOT_CHECKED
        )
        return Pictures(whole, tuple(sorted(unchecked, key=lambda picture: picture.target)))


def _check_file(
    root: Path, folders: _Folders, entry: Entry, decoded: _Decoded | None, tick: crew.Tick
) -> FileDifference | None:
    if not folders[entry.target.rpartition("/")[0]]:
        says = "The file is not there: a folder on the way to it is a link or no folder at all."
        return FileDifference(DifferenceCode.MISSING, entry.target, says)
    content = ContentCheck(entry.target)
    state = hashlib.sha256()
    try:
        with os.fdopen(open_regular(root.joinpath(to_system(entry.target))), "rb", buffering=0) as stream:
            if (size := os.fstat(stream.fileno()).st_size) != entry.size:
                says = f"Its length is not the one that was written ({entry.size:,} bytes then, {size:,} now)."
                return FileDifference(DifferenceCode.CHANGED, entry.target, says)
            while chunk := stream.read(limits.CIPHER_CHUNK_BYTES):
                state.update(chunk)
                content.look_at(chunk)
                tick(len(chunk))
            same = state.hexdigest() == entry.sha256
            problem = content.problem
            if decoded is not None and same and not entry.reason and not problem:
                problem = decoded.broken(entry.target, stream)
    except OSError as error:
        return _unread(entry.target, error)
    if not same:
        return FileDifference(DifferenceCode.CHANGED, entry.target, "Its bytes are not the ones that were written.")
    if problem and not entry.reason:
        says = f"It is as it was written, but cannot be whole: {problem}."
        return FileDifference(DifferenceCode.CONTENT, entry.target, says)
    return None


def _strangers(root: Path, known: Collection[str]) -> Iterator[FileDifference]:
    """Everything in the output that nobody recorded: files, links, pipes, and folders without a recorded file."""
    own = {f"{STATE_FOLDER}/{name}" for name in (JOURNAL, LOCK)}  # nothing else looks at these two
    expected = {*known, RUN, MANIFEST, *own}
    folders = {folder for target in expected for folder in _folders_of(target)}
    waiting, looked_at = [""], 0
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(root.joinpath(to_system(here))) as items:
                found = sorted(items, key=lambda item: item.name)
        except OSError as error:
            says = f"The folder cannot be listed ({error.strerror}), so what nobody recorded stays unseen there."
            yield FileDifference(DifferenceCode.UNREADABLE, here or ".", says)
            continue
        if not found and here not in folders and here:
            yield FileDifference(DifferenceCode.EXTRA, here, "The record does not know this folder; it is empty.")
        inside, names = [], {from_system(item.name) for item in found}
        for item in found:
            looked_at += 1
            if looked_at > limits.OUTPUT_FILES:
                says = f"It holds more than {limits.OUTPUT_FILES:,} files; the others were not looked at."
                yield FileDifference(DifferenceCode.EXTRA, here or ".", says)
                return
            name = _composed(root, here, item, names)
            target = f"{here}/{name}" if here else name
            kind = _kind(item)
            if kind == "a folder" and target not in expected:
                inside.append(target)
            elif target in folders:
                says = f"It is {kind} in place of a folder; what is behind it was not looked at."
                yield FileDifference(DifferenceCode.EXTRA, target, says)
            elif target not in expected or (target in own and kind != "a file"):
                yield FileDifference(DifferenceCode.EXTRA, target, _unknown(target, kind))
        waiting += reversed(inside)


def _kind(item: os.DirEntry[str]) -> str:
    try:
        return kind_of(item.stat(follow_symlinks=False))
    except OSError:
        return "a file"


def _unknown(target: str, kind: str) -> str:
    if TEMPORARY_NAME.fullmatch(target.rpartition("/")[2]):
        return "A run that was interrupted left it unfinished; the next one removes it."
    return f"The record does not know it; it is {kind}."


def _folders_of(target: str) -> Iterator[str]:
    while target := target.rpartition("/")[0]:
        yield target


def _composed(root: Path, folder: str, item: os.DirEntry[str], names: Collection[str]) -> str:
    """The name of something in the output as it was given: some file systems give names back decomposed."""
    name = from_system(item.name)
    composed = unicodedata.normalize("NFC", name)
    if composed not in names:
        with contextlib.suppress(OSError):
            if root.joinpath(to_system(folder), to_system(composed)).samefile(item.path):
                return composed
    return name


def _check_backup(record: dict[str, object], view: BackupView) -> Iterator[FileDifference]:
    backup = record.get("backup")
    if not isinstance(backup, dict) or backup.get("manifest_database_sha256") != backup_key(view.identity.folder):
        says = "The output was written from another backup, or from an earlier state of this one."
        yield FileDifference(DifferenceCode.OTHER_BACKUP, RUN, says)


def _check_source(
    view: BackupView, entry: Entry, source: ManifestEntry | None, tick: crew.Tick
) -> FileDifference | None:
    """Read the blob again: the stored bytes and the plaintext must have the recorded hashes."""
    target = entry.target
    if source is None:
        return FileDifference(DifferenceCode.SOURCE_MISSING, target, "The backup does not list its source.")
    try:
        with view.passage(source) as passage:
            for chunk in passage.views():
                tick(len(chunk))
    except BlobRefusedError as error:
        return FileDifference(DifferenceCode.SOURCE_UNREADABLE, target, f"{error} {remedy(error.reason)}".rstrip())
    except UnreadableFileError as error:
        return FileDifference(DifferenceCode.SOURCE_MISSING, target, str(error))
    if passage.refusal is not None and passage.source_sha256 != entry.source_sha256:
        refused = f"The system refuses to read its source to the end ({said_by(passage.refusal)})."
        says = f"{refused} {remedy(reason_of(passage.refusal))}".rstrip()
        return FileDifference(DifferenceCode.SOURCE_UNREADABLE, target, says)
    if is_incomplete(target) and passage.source_size > (entry.source_size or 0):
        says = "More of the blob can be read now than when this was written; extract again."
        return FileDifference(DifferenceCode.SOURCE_CHANGED, target, says)
    if passage.source_sha256 != entry.source_sha256:
        return FileDifference(DifferenceCode.SOURCE_CHANGED, target, "The blob in the backup is not the one it was.")
    if passage.sha256 != entry.sha256:
        says = "The backup's blob deciphers to other bytes than were written."
        return FileDifference(DifferenceCode.SOURCE_CHANGED, target, says)
    return None
