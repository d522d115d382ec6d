"""The view: files of a backup by domain and path, as if they had never been encrypted."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Container, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TypeVar

from recovery import database, limits
from recovery.database import Database
from recovery.errors import (
    AccessDeniedError,
    BlobDamagedError,
    BlobMissingError,
    DamagedBackupError,
    PassphraseMissingError,
    UnreadableDatabaseError,
    UnreadableFileError,
)
from recovery.formats.sqlite.opening import open_readable
from recovery.gap_codes import GapReason, GapSubject
from recovery.progress import SILENT, Progress
from recovery.provenance import Gap, unreadable
from recovery.source import reading
from recovery.source.blob_reader import BlobReader
from recovery.source.blobs import Blob, BlobFolder, BlobState, opened
from recovery.source.encryption import blobs_are_encrypted
from recovery.source.file_keys import TAIL, BlockCipher, DecipheredBlob, KeyBag, Passphrase, WrappedKey
from recovery.source.guessed_index import GuessedIndex
from recovery.source.identity import MANIFEST, MANIFEST_DATABASE, Identity, read_identity
from recovery.source.manifest import EntryKind, Index, ManifestEntry, ManifestIndex
from recovery.temp_folder import require_space
from recovery.workspace import Workspace, create

T = TypeVar("T")

ONLY_ZEROS = "it holds only zeros"
"""Why a file that is as long as it should be is lost all the same."""
_ANOTHER = "Use another backup of the device, or make a new one while the device still has the photos."

_UNTOLD = Gap(
    GapSubject.ENCRYPTION,
    MANIFEST,
    GapReason.ENCRYPTION_NOT_STATED,
    ("the content of files that are encrypted",),
    fault=True,
)

# Bytes read ahead for small pieces: reading costs the same for more, deciphering does not.
_SMALL = 512
_SMALL_DECIPHERED = 64


class BackupView:
    """One open backup. Files are given as plaintext; nobody above knows whether they were encrypted."""

    def __init__(
        self,
        identity: Identity,
        index: Index,
        keys: KeyBag | None,
        workspace: Workspace,
        encrypted: bool | None,
        progress: Progress = SILENT,
        damage: tuple[Gap, ...] = (),
    ) -> None:
        self.identity = identity
        self.index = index
        self.encrypted = encrypted
        """Whether the blobs are encrypted: False for a copy that some tool has decrypted, None where unknown."""
        self.progress = progress
        """Hears of every piece that is copied and of every few rows that are read; it may raise to stop."""
        self._blobs = BlobFolder(identity.folder)
        self._keys = keys
        self._workspace = workspace
        self._lost_logs: dict[str, Gap] = {}
        self._damage: dict[str, tuple[Gap, ...]] = {MANIFEST_DATABASE: damage}
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
        damaged = self._keys.damaged_classes if self._keys else ()
        classes = (
            Gap(
                GapSubject.PROTECTION_CLASS,
                MANIFEST,
                GapReason.KEY_DAMAGED,
                ("their content",),
                fault=True,
                part=str(number),
            )
            for number in damaged
        )
        lost = (self.index.gap,) if isinstance(self.index, GuessedIndex) else ()
        untold = (_UNTOLD,) if self.encrypted is None else ()
        damage = chain(*self._damage.values())
        return (*self.identity.gaps, *untold, *lost, *classes, *self._lost_logs.values(), *damage)

    def blobs(self, only: Container[str] | None = None) -> Iterator[tuple[str, Path]]:
        """File ID and path of every blob in the folder, or of some, listed in the manifest or not."""
        return self._blobs.list(only)

    def blob_names(self) -> set[str]:
        """File IDs of all blobs in the folder."""
        return self._blobs.names()

    def examine(self, entry: ManifestEntry, misfit: Callable[[bytes], str] = lambda head: "") -> Blob:
        """State of an entry's blob and the length of its plaintext, from its first and last bytes.

        `misfit` says in a phrase why a file that begins with these bytes cannot be what it should be, else "".
        """
        try:
            size, intact, head = self._measure(entry)
        except BlobMissingError as error:
            return Blob(BlobState.MISSING, note=str(error))
        except UnreadableFileError as error:
            return Blob(BlobState.DAMAGED, note=str(error))
        zeros = self._zeros(entry, size) if head and not any(head) else ""
        if wrong := zeros or misfit(head):
            # Behind a first sector of zeros the rest may still be there.
            return Blob(BlobState.DAMAGED, size, wrong, blank=bool(zeros) or any(head))
        if not intact:
            return Blob(BlobState.DAMAGED, size, "the encrypted blob ends early or its padding is wrong")
        if entry.size is None or size == entry.size:
            return Blob(BlobState.PRESENT, size)
        # A plain blob has no padding to judge by: one shorter than its record has lost its end.
        if self._keys is None and size < entry.size:
            return Blob(BlobState.DAMAGED, size, f"truncated: {size:,} of {entry.size:,} bytes")
        return Blob(BlobState.PRESENT, size, f"the manifest says {entry.size:,} bytes, the blob holds {size:,}")

    def _measure(self, entry: ManifestEntry) -> tuple[int, bool, bytes]:
        """Length of the plaintext, whether its end is whole, and its first bytes; raises as `open` does."""
        # Without a file object: making one takes as long as reading both ends, and there are many blobs.
        number, stored, key = self._descriptor(entry)
        try:
            head = os.read(number, limits.CONTENT_HEAD_BYTES)
            if key is None:
                return stored, True, head
            os.lseek(number, max(0, stored - TAIL), os.SEEK_SET)
            blocks = BlockCipher(key)
            size, intact = blocks.measure(stored, os.read(number, TAIL))
            return size, intact, blocks.decipher_start(head)[:size]
        except OSError as error:
            raise UnreadableFileError(f"The system refuses to read the blob ({error.strerror}).") from error
        finally:
            os.close(number)

    def _zeros(self, entry: ManifestEntry, size: int) -> str:
        """A phrase for a file that begins with zeros, if it holds nothing else, else ""."""
        try:
            with self.open(entry) as stream:
                looked = 0
                while looked < limits.ZEROS_BYTES and (some := stream.read(limits.CIPHER_CHUNK_BYTES)):
                    if some.strip(b"\0"):
                        return ""
                    looked += len(some)
        except (OSError, UnreadableFileError):
            return ""
        return ONLY_ZEROS if looked >= size else f"its first {looked:,} bytes are all zeros"

    def open(self, entry: ManifestEntry, *, scattered: bool = False) -> BinaryIO:
        """The plaintext of a file, seekable; raises BlobMissingError or UnreadableFileError.

        A damaged blob is opened as far as it goes: `examine` tells. `scattered` is for many small pieces that lie
        far apart: then little is read ahead.
        """
        if self._keys is None:
            return self._stored(entry, _SMALL if scattered else -1)[0]
        raw, key = self._stored(entry, 0)
        if key is None:
            return raw
        ahead = _SMALL_DECIPHERED if scattered else limits.CIPHER_CHUNK_BYTES
        try:
            return _Plaintext(DecipheredBlob(raw, key), ahead)
        except OSError as error:
            raw.close()
            raise UnreadableFileError(f"The system refuses to read the blob ({error.strerror}).") from error

    def passage(self, entry: ManifestEntry) -> BlobReader:
        """One pass through a file for copying it, stored bytes hashed too; raises as `open` does.

        An entry that only names a file ID stands for a blob that the manifest does not list.
        """
        raw, key = self._stored(entry, buffering=0)
        # A plain blob has no padding to judge by: one shorter than its record has lost its end.
        return BlobReader(raw, key, entry.size if self._keys is None else None)

    def _stored(self, entry: ManifestEntry, buffering: int) -> tuple[BinaryIO, bytes | None]:
        """The blob as it is stored, and the key of its file: None where the blob is plaintext."""
        number, _, key = self._descriptor(entry)
        return opened(number, buffering), key

    def _descriptor(self, entry: ManifestEntry) -> tuple[int, int, bytes | None]:
        """The number of the open blob, its size as stored, and the key of its file, as in `_stored`."""
        if entry.kind is not EntryKind.FILE:
            raise UnreadableFileError(f"The manifest lists a {entry.kind} here, which has no content.")
        number, stored = self._blobs.descriptor(entry.file_id)
        try:
            return number, stored, self._file_key(entry, stored)
        except UnreadableFileError:
            os.close(number)
            raise

    def _file_key(self, entry: ManifestEntry, stored: int) -> bytes | None:
        if self._keys is None:
            return None
        if entry.wrapped_key is not None:
            return self._keys.unwrap(entry.wrapped_key)
        # Rows of zero bytes carry no key; anything else without one cannot be deciphered by anybody.
        if stored == 0:
            return None
        raise BlobDamagedError(
            f"The manifest's record holds no key for this file{f': {entry.problem}' if entry.problem else ''}."
        )

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
                raise UnreadableFileError(f"The blob cannot be read through ({error}).") from error

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
        listed = {suffix: self.index.lookup(domain, relative_path + suffix) for suffix in database.SIDE_FILES}
        logs = {suffix: beside for suffix, beside in listed.items() if beside is not None}
        copy = self._workspace.new_file(entry.name)
        log_bytes = sum(map(self._bytes_of_copy, logs.values()))
        require_space(copy, database.space_for_copy(self._bytes_of_copy(entry), log_bytes), entry.name)
        with create(copy) as output:
            self.copy_into(entry, output, self._tick)
        for suffix, beside in logs.items():
            self._copy_log(beside, copy.with_name(copy.name + suffix))
        return copy

    def _bytes_of_copy(self, entry: ManifestEntry) -> int:
        """How much a copy takes; 0 where none can be made, for copying tells why."""
        try:
            size, _, _ = self._measure(entry)
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
            self._lost_logs[entry.relative_path] = unreadable(
                GapSubject.WRITE_AHEAD_LOG, entry.relative_path, error, "the last changes before the backup"
            )

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
        raise UnreadableFileError(f"{entry.name} cannot be copied ({error}).") from error


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

    Raises PassphraseMissingError, PassphraseWrongError, DamagedBackupError, UnsafeBackupError, AccessDeniedError
    or TemporaryFolderError. Nothing under the folder is ever created, changed or touched.
    """
    identity = read_identity(folder)
    damage: tuple[Gap, ...] = ()
    with ExitStack() as stack:
        try:
            clear = _manifest_head(folder).startswith(database.MAGIC)
            encrypted = _is_encrypted(identity, clear=clear)
            keys = _keys(identity, passphrase, progress) if encrypted else None
            progress.start("Reading the list of files", None, "B")
            copy = _copy_manifest(identity, None if clear else keys, workspace, progress.advance)
            progress.finish()
            readable = open_readable(copy, MANIFEST_DATABASE, workspace, lambda rows: progress.advance(0))
            opened, damage = stack.enter_context(readable)
            index: Index = ManifestIndex(opened)
        except UnreadableDatabaseError as error:
            damaged = DamagedBackupError("Manifest.db is damaged and cannot be read.", _ANOTHER)
            keys, (index, encrypted) = None, _salvaged(identity, damaged, error)
        except _LostManifestError as error:
            keys, (index, encrypted) = None, _salvaged(identity, error, error)
        view = BackupView(identity, index, keys, workspace, encrypted, progress, damage)
        try:
            yield view
        finally:
            view.close()


class _LostManifestError(DamagedBackupError):
    """Manifest.db is missing, or no database, in a backup that is not known to be encrypted."""


def _is_encrypted(identity: Identity, *, clear: bool) -> bool | None:
    """Whether the blobs are encrypted; None where nothing decides. `clear`: Manifest.db begins as a database.

    Manifest.db itself is encrypted since iOS 10.2. Where it is clear the blobs decide: everything may have been
    decrypted, or Manifest.db alone, and Manifest.plist may be that of another backup.
    """
    if clear:
        sampled = blobs_are_encrypted(BlobFolder(identity.folder))
        if sampled is None and (identity.encrypted is False or identity.manifest_key is None):
            return identity.encrypted
        return sampled
    if identity.encrypted is False:  # some plain backups carry a key bag too
        raise _LostManifestError("Manifest.db is damaged: it does not begin as a database does.", _ANOTHER)
    if identity.encrypted is None and identity.key_bag is None:
        raise _LostManifestError(
            "Manifest.db is encrypted or damaged, and without a readable Manifest.plist nothing can unlock it.",
            _ANOTHER,
        )
    return True


def _salvaged(identity: Identity, refusal: DamagedBackupError, cause: Exception) -> tuple[GuessedIndex, bool | None]:
    """An index of guesses for a lost manifest, and whether the blobs are encrypted: no, or unknown.

    Raises the refusal where they are encrypted, by their bytes or by what Manifest.plist says.
    """
    blobs = BlobFolder(identity.folder)
    stated = identity.encrypted if identity.encrypted is not None else identity.key_bag is not None or None
    sampled = blobs_are_encrypted(blobs)
    encrypted = stated if sampled is None else sampled
    if encrypted:
        raise refusal from cause
    return GuessedIndex(blobs), encrypted


def _keys(identity: Identity, passphrase: Passphrase | None, progress: Progress) -> KeyBag:
    """The unlocked keys of an encrypted backup."""
    if identity.key_bag is None:
        raise DamagedBackupError(
            "The backup is encrypted, but no key bag can be read from Manifest.plist, so nothing can unlock it.",
            _ANOTHER,
        )
    if passphrase is None:
        raise PassphraseMissingError(
            "The backup is encrypted and no passphrase was given.",
            "Give it with --passphrase-file FILE (or - for standard input), in the environment variable "
            "RECOVER_FACETIME_PASSPHRASE, or run the command in a terminal to be asked.",
        )
    from recovery.source.key_bag import unlock  # it loads what plain backups never need

    progress.start("Trying the passphrase", None)
    try:
        return unlock(identity.key_bag, passphrase, progress)
    finally:
        progress.finish()


def _manifest_head(folder: Path) -> bytes:
    path = folder / MANIFEST_DATABASE
    try:
        if not stat.S_ISREG(path.lstat().st_mode):  # a pipe would be waited for, a device never ends
            raise _LostManifestError("Manifest.db is a link or no file at all; it is not opened.", _ANOTHER)
        with reading.open_file(path) as stream:
            return stream.read(len(database.MAGIC))
    except FileNotFoundError as error:
        raise _LostManifestError(
            "The backup has no Manifest.db, the list of its files.",
            "In an encrypted backup each file's key lies there, so without it nothing can be recovered. " + _ANOTHER,
        ) from error
    except PermissionError as error:
        raise access_denied(folder) from error
    except OSError as error:
        raise DamagedBackupError(f"Manifest.db cannot be read ({error.strerror}).", _ANOTHER) from error


def access_denied(folder: Path) -> AccessDeniedError:
    """The error for a folder the system will not show, with the remedy for macOS."""
    return AccessDeniedError(
        f"The system refuses to show {folder}.",
        "On macOS open System Settings > Privacy & Security > Full Disk Access, switch it on for your terminal, "
        "and open a new terminal window. Elsewhere check that the folder belongs to you.",
    )


def _copy_manifest(identity: Identity, keys: KeyBag | None, workspace: Workspace, tick: database.Tick) -> Path:
    """Manifest.db as plaintext in the workspace, with a log if one lies beside it."""
    source = identity.folder / MANIFEST_DATABASE
    copy = workspace.new_file(MANIFEST_DATABASE)
    try:
        if keys is None or identity.manifest_key is None:
            for suffix in ("", *database.SIDE_FILES):
                _refuse_huge(source.with_name(source.name + suffix))
            database.copy_files(source, copy, tick, reading.open_file)
        else:
            _refuse_huge(source)
            _decipher_manifest(source, identity.manifest_key, keys, copy, tick)
    except PermissionError as error:
        raise access_denied(identity.folder) from error
    except OSError as error:
        raise DamagedBackupError(f"Manifest.db cannot be read ({error.strerror or error}).", _ANOTHER) from error
    return copy


def _decipher_manifest(source: Path, stored_key: bytes, keys: KeyBag, copy: Path, tick: database.Tick) -> None:
    wrapped = WrappedKey.from_bytes(stored_key)
    if wrapped is None:
        raise DamagedBackupError("The key of Manifest.db in Manifest.plist is damaged.", _ANOTHER)
    try:
        key = keys.unwrap(wrapped)
    except UnreadableFileError as error:
        raise DamagedBackupError("The key of Manifest.db does not fit the key bag.", _ANOTHER) from error
    with DecipheredBlob(reading.open_file(source), key) as plain:
        require_space(copy, database.space_for_copy(plain.size, 0), source.name)
        with create(copy) as output:
            for piece in plain.pieces():
                output.write(piece)
                tick(len(piece))


def _refuse_huge(path: Path) -> None:
    if path.is_file() and path.stat().st_size > limits.DATABASE_BYTES:
        raise DamagedBackupError(f"{path.name} is larger than any real one, so it is not copied.", _ANOTHER)
