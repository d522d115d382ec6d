"""The view: files of a backup by domain and path, as if they had never been encrypted."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TypeVar

from recovery import database, limits
from recovery.database import Database
from recovery.errors import (
    BlobMissingError,
    BlobRefusedError,
    UnreadableFileError,
)
from recovery.formats.sqlite.opening import open_readable
from recovery.gap_codes import GapReason, GapSubject
from recovery.progress import SILENT, Progress
from recovery.provenance import Gap, unreadable
from recovery.refusals import reason_of, refused, said_by
from recovery.source.blob_reader import BlobReader
from recovery.source.blobs import Blob, BlobFolder, BlobState
from recovery.source.file_keys import DecipheredBlob, Passphrase
from recovery.source.file_lists import LostListError, ReadLists, open_lists, without_list
from recovery.source.guessed_index import GuessedIndex
from recovery.source.identity import MANIFEST, MANIFEST_DATABASE, Identity, read_identity
from recovery.source.manifest import Index, ManifestEntry
from recovery.source.merged_index import MergedIndex
from recovery.source.stored_files import StoredFiles
from recovery.temp_folder import require_space
from recovery.workspace import Workspace, create

T = TypeVar("T")

ONLY_ZEROS = "it holds only zeros"
"""Why a file that is as long as it should be is lost all the same."""

_UNTOLD = Gap(
    GapSubject.ENCRYPTION,
    MANIFEST,
    GapReason.ENCRYPTION_NOT_STATED,
    ("the content of files that are encrypted",),
    fault=True,
)

_NO_KEYS: Mapping[bool, None] = {False: None, True: None}
# Bytes read ahead for small pieces: reading costs the same for more, deciphering does not.
_SMALL = 512
_SMALL_DECIPHERED = 64


class BackupView:
    """One open backup. Files are given as plaintext; nobody above knows whether they were encrypted."""

    def __init__(
        self,
        identity: Identity,
        index: Index,
        files: StoredFiles,
        workspace: Workspace,
        encrypted: bool | None,
        progress: Progress = SILENT,
        *,
        file_lists: tuple[str, ...] = (),
        damage: tuple[Gap, ...] = (),
    ) -> None:
        self.identity = identity
        self.index = index
        self.file_lists = file_lists
        """The lists of files that are read, the newest first; none where the files are found by guessing."""
        self.encrypted = encrypted
        """Whether the blobs are encrypted: False for a copy that some tool has decrypted, None where unknown."""
        self.progress = progress
        """Hears of every piece that is copied and of every few rows that are read; it may raise to stop."""
        self._files = files
        self._workspace = workspace
        self._lost_logs: dict[str, Gap] = {}
        self._damage: dict[str, tuple[Gap, ...]] = {MANIFEST_DATABASE: damage}
        self._refused: dict[GapReason, dict[str, tuple[str, str]]] = {}
        """For each reason the files that the system refused to read: path and what it said, by file ID."""
        self._open = ExitStack()

    def until_closed(self, context: AbstractContextManager[T]) -> T:
        """Enter a context that is left when the view is closed."""
        return self._open.enter_context(context)

    def close(self) -> None:
        """Leave what was entered `until_closed`."""
        self._open.close()

    def new_file(self, name: str) -> Path:
        """A path in the private folder, for what is worked out from the backup."""
        return self._workspace.new_file(name)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What could not be read about the backup itself, and of the logs of databases opened so far."""
        classes = (
            Gap(
                GapSubject.PROTECTION_CLASS,
                MANIFEST,
                GapReason.KEY_DAMAGED,
                ("their content",),
                fault=True,
                part=str(number),
            )
            for number in self._files.damaged_classes
        )
        lost = (self.index.gap,) if isinstance(self.index, GuessedIndex) else ()
        untold = (_UNTOLD,) if self.encrypted is None else ()
        logs, damage = self._lost_logs.values(), chain(*self._damage.values())
        return (*self.identity.gaps, *untold, *lost, *classes, *logs, *damage, *self._refusals())

    def _refusals(self) -> Iterator[Gap]:
        """One gap for each reason why the system refused to read files, or to list folders of them."""
        folders: dict[GapReason, tuple[str, OSError]] = {}
        for folder, error in self._files.blobs.refused.items():
            folders.setdefault(reason_of(error), (os.path.relpath(folder, self.identity.folder), error))
        for reason, (folder, error) in folders.items():
            unseen = ("files there that the list does not name",)
            yield Gap(GapSubject.UNLISTED_FOLDER, folder, reason, unseen, fault=True, values=(said_by(error),))
        for reason, files in self._refused.items():
            path, said = next(iter(files.values()))
            hides = ("the contents of these files",)
            part = f"{len(files):,}"
            yield Gap(GapSubject.UNREADABLE_FILES, path, reason, hides, fault=True, part=part, values=(said,))

    def blobs(self, only: Container[str] | None = None) -> Iterator[tuple[str, Path]]:
        """File ID and path of every blob in the folder, or of some, listed in the manifest or not."""
        return self._files.blobs.list(only)

    def blob_names(self) -> set[str]:
        """File IDs of all blobs in the folder."""
        return self._files.blobs.names()

    def may_hold(self, file_id: str) -> bool:
        """Whether a blob that was not listed may lie where the system refused to look."""
        return self._files.blobs.may_hold(file_id)

    def examine(self, entry: ManifestEntry, misfit: Callable[[bytes], str] = lambda head: "") -> Blob:
        """State of an entry's blob and the length of its plaintext, from its first and last bytes.

        `misfit` says in a phrase why a file that begins with these bytes cannot be what it should be, else "".
        """
        try:
            size, intact, head = self._files.measure(entry)
            zeros = self._zeros(entry, size) if head and not any(head) else ""
        except BlobMissingError as error:
            return Blob(BlobState.MISSING, note=str(error))
        except UnreadableFileError as error:
            return self.unread(entry, error)
        if wrong := zeros or misfit(head):
            # Behind a first sector of zeros the rest may still be there.
            return Blob(BlobState.DAMAGED, size, wrong, blank=bool(zeros) or any(head))
        if not intact:
            return Blob(BlobState.DAMAGED, size, "the encrypted blob ends early or its padding is wrong")
        if entry.size is None or size == entry.size:
            return Blob(BlobState.PRESENT, size)
        if self._files.cut_short(entry, size):
            return Blob(BlobState.DAMAGED, size, f"truncated: {size:,} of {entry.size:,} bytes")
        return Blob(BlobState.PRESENT, size, f"the manifest says {entry.size:,} bytes, the blob holds {size:,}")

    def unread(self, entry: ManifestEntry, error: UnreadableFileError) -> Blob:
        """The state of a blob that raised this; what the system refuses to read is remembered for the gaps."""
        if not isinstance(error, BlobRefusedError):
            return Blob(BlobState.DAMAGED, note=str(error))
        path = entry.relative_path or entry.file_id
        self._refused.setdefault(error.reason, {})[entry.file_id] = path, error.said
        return Blob(BlobState.UNREADABLE, note=f"the system refuses to read it ({error.said})")

    def _zeros(self, entry: ManifestEntry, size: int) -> str:
        """A phrase for a file that begins with zeros, if it holds nothing else, else ""; raises as `open` does."""
        try:
            with self.open(entry) as stream:
                looked = 0
                while looked < limits.ZEROS_BYTES and (some := stream.read(limits.CIPHER_CHUNK_BYTES)):
                    if some.strip(b"\0"):
                        return ""
                    looked += len(some)
        except OSError as error:
            raise refused(error) from error
        return ONLY_ZEROS if looked >= size else f"its first {looked:,} bytes are all zeros"

    def open(self, entry: ManifestEntry, *, scattered: bool = False) -> BinaryIO:
        """The plaintext of a file, seekable; raises BlobMissingError or UnreadableFileError.

        A damaged blob is opened as far as it goes: `examine` tells. `scattered` is for many small pieces that lie
        far apart: then little is read ahead.
        """
        if not self._files.enciphered(entry):
            return self._files.stored(entry, _SMALL if scattered else -1)[0]
        raw, key = self._files.stored(entry, 0)
        if key is None:
            return raw
        ahead = _SMALL_DECIPHERED if scattered else limits.CIPHER_CHUNK_BYTES
        try:
            return _Plaintext(DecipheredBlob(raw, key), ahead)
        except OSError as error:
            raw.close()
            raise refused(error) from error

    def passage(self, entry: ManifestEntry) -> BlobReader:
        """One pass through a file for copying it, stored bytes hashed too; raises as `open` does.

        An entry that only names a file ID stands for a blob that the manifest does not list.
        """
        raw, key = self._files.stored(entry, buffering=0)
        # A plain blob has no padding to judge by: one shorter than its record has lost its end.
        return BlobReader(raw, key, None if self._files.enciphered(entry) else entry.size)

    def read(self, entry: ManifestEntry, limit: int) -> bytes:
        """The whole plaintext of a small file; raises UnreadableFileError when it is larger than `limit` bytes."""
        with self.open(entry) as stream:
            try:
                size = stream.seek(0, io.SEEK_END)
                if size > limit:
                    raise UnreadableFileError(
                        f"The file has more than {limit:,} bytes, more than any real one of its kind."
                    )
                stream.seek(0)
                return stream.read(size)  # room for all that is asked for is taken at once
            except OSError as error:
                raise refused(error) from error

    def copy_into(self, entry: ManifestEntry, output: BinaryIO, tick: database.Tick = lambda size: None) -> None:
        """Write the plaintext to an open file, calling `tick` with the bytes of each piece.

        Raises UnreadableFileError, also for what is larger than any real database. What `output` raises passes
        through: it is no fault of the backup.
        """
        with self.open(entry) as stream:
            for piece in _pieces(entry, stream, limits.DATABASE_BYTES):
                output.write(piece)
                tick(len(piece))

    def _tick(self, amount: int) -> None:
        """Some bytes are copied or rows read, which nobody counts; whoever wants to stop does so here."""
        self.progress.advance(0)

    def copy_database(self, domain: str, relative_path: str) -> Path | None:
        """Copy a database with its write-ahead log into the workspace; None when the backup does not list it.

        Raises UnreadableFileError, or TempSpaceError before anything is written.
        """
        entry = self.index.lookup(domain, relative_path)
        if entry is None:
            return None
        logs = {suffix: log for suffix in database.SIDE_FILES if (log := self._log_of(entry, suffix)) is not None}
        copy = self._workspace.new_file(entry.name)
        log_bytes = sum(map(self._bytes_of_copy, logs.values()))
        require_space(copy, database.space_for_copy(self._bytes_of_copy(entry), log_bytes), entry.name)
        with create(copy) as output:
            self.copy_into(entry, output, self._tick)
        for suffix, beside in logs.items():
            self._copy_log(beside, copy.with_name(copy.name + suffix))
        return copy

    def _log_of(self, entry: ManifestEntry, suffix: str) -> ManifestEntry | None:
        try:
            return self.index.log_of(entry, suffix)
        except BlobMissingError as error:
            self._lose_log(entry.relative_path + suffix, error)
            return None

    def _lose_log(self, relative_path: str, error: UnreadableFileError) -> None:
        """Remember a log that cannot be read: the database is of use without it."""
        self._lost_logs[relative_path] = unreadable(
            GapSubject.WRITE_AHEAD_LOG, relative_path, error, "the last changes before the backup"
        )

    def _bytes_of_copy(self, entry: ManifestEntry) -> int:
        """How much a copy takes; 0 where none can be made, for copying tells why."""
        try:
            size = self._files.measure(entry).size
        except UnreadableFileError:
            return 0
        return size if size <= limits.DATABASE_BYTES else 0

    def _copy_log(self, entry: ManifestEntry, target: Path) -> None:
        """Copy a write-ahead log; the database is of use without it, so one that cannot be read is a gap."""
        try:
            with create(target) as output:
                self.copy_into(entry, output, self._tick)
        except UnreadableFileError as error:
            target.unlink(missing_ok=True)
            self._lose_log(entry.relative_path, error)

    @contextmanager
    def database(self, domain: str, relative_path: str, tick: database.Tick | None = None) -> Iterator[Database | None]:
        """An open copy of a database of the backup, with its log applied; None when it is not listed.

        `tick` hears of the rows that are read, else the progress hears that reading goes on.

        Raises UnreadableFileError or UnreadableDatabaseError.
        """
        copy = self.copy_database(domain, relative_path)
        if copy is None:
            yield None
            return
        with open_readable(copy, relative_path, self._workspace, tick or self._tick) as (opened, gaps):
            self._damage[relative_path] = gaps
            yield opened


def _pieces(entry: ManifestEntry, stream: BinaryIO, limit: int) -> Iterator[bytes | memoryview]:
    """The plaintext in one pass; raises UnreadableFileError, also beyond `limit` bytes.

    A blob may claim a terabyte that its disk does not hold, so its length is looked at before.
    """
    try:
        if stream.seek(0, io.SEEK_END) > limit:
            raise UnreadableFileError(f"{entry.name} is larger than any real one.")
        if isinstance(stream, _Plaintext):
            yield from stream.blob.pieces()
        else:
            stream.seek(0)
            while piece := stream.read(limits.CIPHER_CHUNK_BYTES):
                yield piece
    except OSError as error:
        raise refused(error) from error


class _Plaintext(io.BufferedReader):
    """A buffered deciphered blob that remembers which one it is."""

    def __init__(self, blob: DecipheredBlob, ahead: int) -> None:
        super().__init__(blob, ahead)
        self.blob = blob


@contextmanager
def open_backup(
    folder: Path, workspace: Workspace, passphrase: Passphrase | None = None, progress: Progress = SILENT
) -> Iterator[BackupView]:
    """Open a backup folder for reading; `progress` is told how far it is and may raise to stop.

    Raises PassphraseMissingError, PassphraseWrongError, DamagedBackupError, UnsafeBackupError, AccessDeniedError,
    SystemReadError or TemporaryFolderError. Nothing under the folder is ever created, changed or touched.
    """
    identity = read_identity(folder)
    blobs = BlobFolder(folder)
    with ExitStack() as stack:
        try:
            lists = open_lists(identity, workspace, passphrase, progress, stack)
        except LostListError as error:
            index, encrypted = without_list(identity, error)
            view = BackupView(identity, index, StoredFiles(blobs, _NO_KEYS), workspace, encrypted, progress)
        else:
            view = _view(identity, lists, blobs, workspace, progress)
        try:
            yield view
        finally:
            view.close()


def _view(
    identity: Identity, lists: ReadLists, blobs: BlobFolder, workspace: Workspace, progress: Progress
) -> BackupView:
    """The view of the lists that can be read."""
    newest, *others = lists.found
    keys = dict.fromkeys((False, True), newest.keys) | {item.in_snapshot: item.keys for item in lists.found}
    files = StoredFiles(blobs, keys)
    index: Index = newest.index
    if others:
        index = MergedIndex(newest.index, others[0].index, files)
    elif newest.damage and newest.keys is None:  # without its row nothing can decipher an encrypted file
        index = GuessedIndex(blobs, newest.index)
    return BackupView(
        identity,
        index,
        files,
        workspace,
        lists.encrypted,
        progress,
        file_lists=tuple(item.name for item in lists.found),
        damage=(*lists.gaps, *chain.from_iterable(item.damage for item in lists.found)),
    )
