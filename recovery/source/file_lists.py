"""Open the lists of a backup's files: Manifest.db, and that of Snapshot where a backup was interrupted."""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from recovery import database, limits
from recovery.backup_marks import OLD_LIST, SNAPSHOT
from recovery.errors import (
    AccessDeniedError,
    DamagedBackupError,
    OldBackupError,
    PassphraseError,
    PassphraseMissingError,
    PassphraseWrongError,
    RecoveryError,
    SystemReadError,
    UnreadableDatabaseError,
    UnreadableFileError,
    UnsafeBackupError,
)
from recovery.filesystem import is_file, is_symlink, mode_of
from recovery.formats.sqlite.opening import open_readable
from recovery.gap_codes import GapReason, GapSubject
from recovery.progress import Progress
from recovery.provenance import Gap, unreadable
from recovery.refusals import REFUSALS, reason_of, refused, remedy, said_by
from recovery.source import reading
from recovery.source.blobs import BlobFolder
from recovery.source.encryption import blobs_are_encrypted, looks_random
from recovery.source.file_keys import DecipheredBlob, KeyBag, Passphrase, WrappedKey
from recovery.source.guessed_index import GuessedIndex
from recovery.source.identity import MANIFEST, MANIFEST_DATABASE, Identity, ManifestPlist
from recovery.source.manifest import ManifestIndex
from recovery.temp_folder import require_space
from recovery.workspace import Workspace, create

_ANOTHER = "Use another backup of the device, or make a new one while the device still has the photos."
_KEYS_LOST = (
    "In an encrypted backup each file's key lies in the list of files. Neither Manifest.db nor Snapshot/Manifest.db "
    "nor Manifest.mbdb can be read here, so nothing can be recovered from this folder. "
)
_PAGE_BYTES = 4096
_NOT_MOVED_YET = frozenset(("moving", "removing"))
"""States of Status.plist in which the list may be the new one while its files still lie in Snapshot."""


class LostListError(DamagedBackupError):
    """A list is missing or no database; the files of a plain backup can be found without it."""


@dataclass(frozen=True, slots=True)
class StoredList:
    """A Manifest.db where it lies, and the Manifest.plist that may hold its keys, the likeliest first."""

    folder: Path
    name: str
    """Its path in the backup."""
    in_snapshot: bool
    """Whether its files are looked for in Snapshot first."""
    manifests: tuple[ManifestPlist, ...]

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.folder / MANIFEST_DATABASE

    @property
    def encrypted(self) -> bool | None:
        """Whether its files are encrypted, as the likeliest Manifest.plist says."""
        return self.manifests[0].encrypted if self.manifests else None

    @property
    def key_bags(self) -> tuple[ManifestPlist, ...]:
        """The Manifest.plist that hold a key bag."""
        return tuple(manifest for manifest in self.manifests if manifest.key_bag is not None)


@dataclass(frozen=True, slots=True)
class OpenList:
    """A list that can be read: its rows, the keys of its files (None where they are plain), and its damage."""

    name: str
    in_snapshot: bool
    index: ManifestIndex
    keys: KeyBag | None
    encrypted: bool | None
    damage: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class ReadLists:
    """The lists that can be read, the newest first; whether any is encrypted; a gap for each that cannot be read."""

    found: tuple[OpenList, ...]
    encrypted: bool | None
    gaps: tuple[Gap, ...]


def stored_lists(identity: Identity) -> tuple[StoredList, ...]:
    """The lists of a backup, the newest first; that of the backup itself always, if it is there or not.

    Newer is the one whose Manifest.plist is dated later; of the same date, that of Snapshot until the backup is
    finished. An empty one in Snapshot is none; one that the system refuses to show is one.
    """
    folder = identity.folder
    own, snapshot = identity.manifest, identity.snapshot_manifest
    beside = StoredList(folder, MANIFEST_DATABASE, False, _known(own, snapshot))
    inside = StoredList(folder / SNAPSHOT, f"{SNAPSHOT}/{MANIFEST_DATABASE}", True, _known(snapshot, own))
    if not _may_hold_list(inside):
        moved = identity.snapshot_state in _NOT_MOVED_YET
        return (StoredList(beside.folder, beside.name, moved, beside.manifests),)
    if _is_absent(beside.path):
        return (inside,)
    if own and snapshot and own.date and snapshot.date and own.date != snapshot.date:
        snapshot_first = snapshot.date > own.date
    else:
        snapshot_first = identity.complete is not True
    return (inside, beside) if snapshot_first else (beside, inside)


def _known(*manifests: ManifestPlist | None) -> tuple[ManifestPlist, ...]:
    return tuple(manifest for manifest in manifests if manifest is not None)


def _may_hold_list(inside: StoredList) -> bool:
    """Whether a list lies in Snapshot; True also where the system does not say: opening it then tells why."""
    try:
        if is_symlink(inside.folder) or not is_file(inside.path, follow_links=False):
            return False
        return inside.path.lstat().st_size > 0
    except OSError:
        return True


def _is_absent(path: Path) -> bool:
    try:
        return mode_of(path, follow_links=False) is None
    except OSError:
        return False


class _KeyRing:
    """Opens key bags with one passphrase, each once: that takes seconds."""

    def __init__(self, passphrase: Passphrase | None, progress: Progress) -> None:
        self._passphrase = passphrase
        self._progress = progress
        self._opened: dict[bytes, KeyBag | PassphraseWrongError] = {}

    def open(self, key_bag: bytes) -> KeyBag:
        """The keys of a bag; raises PassphraseError, DamagedBackupError or UnsafeBackupError."""
        if self._passphrase is None:
            raise PassphraseMissingError(
                "The backup is encrypted and no passphrase was given.",
                "Give it with --passphrase-file FILE (or - for standard input), in the environment variable "
                "RECOVER_FACETIME_PASSPHRASE, or run the command in a terminal to be asked.",
            )
        if key_bag not in self._opened:
            from recovery.source.key_bag import unlock  # it loads what plain backups never need

            self._progress.start("Trying the passphrase", None)
            try:
                self._opened[key_bag] = unlock(key_bag, self._passphrase, self._progress)
            except PassphraseWrongError as error:
                self._opened[key_bag] = error
            finally:
                self._progress.finish()
        found = self._opened[key_bag]
        if isinstance(found, PassphraseWrongError):
            raise found
        return found


def open_lists(
    identity: Identity,
    workspace: Workspace,
    passphrase: Passphrase | None,
    progress: Progress,
    stack: ExitStack,
) -> ReadLists:
    """The lists that can be read; `stack` closes them.

    Raises what `open_backup` does when none can be read, LostListError where files of a plain backup may still be
    found without it. A passphrase is asked for only where the newest list needs it.
    """
    ring = _KeyRing(passphrase, progress)
    lists = stored_lists(identity)
    found: list[OpenList] = []
    closed_lists: list[tuple[StoredList, RecoveryError]] = []
    for stored in lists:
        try:
            found.append(_Opening(identity, stored, workspace, progress, ring).open(stack))
        except (AccessDeniedError, DamagedBackupError, PassphraseError, SystemReadError, UnsafeBackupError) as error:
            if isinstance(error, PassphraseMissingError) and not found:
                raise
            closed_lists.append((stored, error))
    if closed_lists and (not found or _needs_passphrase(lists, found, closed_lists)):
        raise min((error for _, error in closed_lists), key=_trouble)
    gaps = tuple(
        unreadable(GapSubject.FILE_LIST, stored.name, _cause(error), "files that only this list names")
        for stored, error in closed_lists
    )
    states = {item.encrypted for item in found}
    closed = any(isinstance(error, PassphraseError) for _, error in closed_lists)
    return ReadLists(tuple(found), True if closed else _any_encrypted(states), gaps)


def _cause(error: RecoveryError) -> RecoveryError:
    """What the system refused, where that is behind the error."""
    return refused(error.__cause__) if isinstance(error.__cause__, OSError) else error


def _any_encrypted(states: set[bool | None]) -> bool | None:
    if True in states:
        return True
    return None if None in states or not states else False


def _trouble(error: RecoveryError) -> int:
    """The order in which troubles of several lists are told: what the user can mend comes first."""
    return 0 if isinstance(error, PassphraseError) else 2 if isinstance(error, LostListError) else 1


def _needs_passphrase(
    lists: Sequence[StoredList], found: Sequence[OpenList], refused: Sequence[tuple[StoredList, RecoveryError]]
) -> bool:
    """Whether the newest list stays closed because of the passphrase, which opens no other one either."""
    stored, error = refused[0]
    return stored is lists[0] and isinstance(error, PassphraseError) and not any(item.keys for item in found)


@dataclass(frozen=True, slots=True)
class _Opening:
    """One list on its way from the backup into the private folder."""

    identity: Identity
    stored: StoredList
    workspace: Workspace
    progress: Progress
    ring: _KeyRing

    def open(self, stack: ExitStack) -> OpenList:
        """Open it; raises DamagedBackupError, PassphraseError or UnsafeBackupError."""
        clear = self._begins_as_database()
        encrypted = _is_encrypted(self.identity, self.stored, clear=clear)
        if not encrypted:
            return self._read(None, None, encrypted, stack)
        if not self.stored.key_bags:
            _raise_refused(self.identity)
            raise DamagedBackupError(
                "The backup is encrypted, but no key bag can be read from Manifest.plist, so nothing can unlock it.",
                _ANOTHER,
            )
        refusals: list[RecoveryError] = []
        for manifest in self.stored.key_bags:
            assert manifest.key_bag is not None
            try:
                keys = self.ring.open(manifest.key_bag)
                return self._read(keys, None if clear else manifest.manifest_key, encrypted, stack)
            except PassphraseMissingError:
                raise
            except (DamagedBackupError, PassphraseError, UnsafeBackupError) as error:
                refusals.append(error)
        raise refusals[0]

    def _begins_as_database(self) -> bool:
        """Whether the stored bytes are those of a database; raises LostListError for what can be no list at all."""
        name = self.stored.name
        try:
            if not stat.S_ISREG(self.stored.path.lstat().st_mode):  # a pipe would be waited for, a device never ends
                raise LostListError(f"{name} is a link or no file at all; it is not opened.", _KEYS_LOST + _ANOTHER)
            with reading.open_file(self.stored.path) as stream:
                head = stream.read(limits.CONTENT_HEAD_BYTES)
        except FileNotFoundError as error:
            raise LostListError(f"The backup has no {name}, the list of its files.", _KEYS_LOST + _ANOTHER) from error
        except OSError as error:
            raise _system_refuses(name, error) from error
        if not head:
            raise LostListError(f"{name}, the list of the backup's files, is empty (0 bytes).", _KEYS_LOST + _ANOTHER)
        if not any(head):
            raise LostListError(f"{name}, the list of the backup's files, holds zeros.", _KEYS_LOST + _ANOTHER)
        return head.startswith(database.MAGIC)

    def _read(
        self, keys: KeyBag | None, manifest_key: bytes | None, encrypted: bool | None, stack: ExitStack
    ) -> OpenList:
        stored, name = self.stored, self.stored.name
        self.progress.start("Reading the list of files", None, "B")
        copy = self._copied(keys, manifest_key)
        self.progress.finish()
        if keys is not None and manifest_key is not None and _is_noise(copy):
            raise _two_backups(name)
        with ExitStack() as inner:
            try:
                readable = open_readable(copy, name, self.workspace, lambda rows: self.progress.advance(0))
                opened, damage = inner.enter_context(readable)
            except UnreadableDatabaseError as error:
                hint = (_KEYS_LOST if encrypted else "") + _ANOTHER
                raise LostListError(f"{name} is damaged and cannot be read.", hint) from error
            index = ManifestIndex(opened, in_snapshot=stored.in_snapshot)
            if keys is not None and keys.opens_none(index.some_keys()):
                raise _two_backups(name)
            stack.enter_context(inner.pop_all())
        return OpenList(name, stored.in_snapshot, index, keys, encrypted, damage)

    def _copied(self, keys: KeyBag | None, manifest_key: bytes | None) -> Path:
        """The list as plaintext in the workspace, with a log if one lies beside it."""
        source, tick = self.stored.path, self.progress.advance
        copy = self.workspace.new_file(MANIFEST_DATABASE)
        try:
            if keys is None or manifest_key is None:
                for suffix in ("", *database.SIDE_FILES):
                    _refuse_huge(source.with_name(source.name + suffix))
                database.copy_files(source, copy, tick, reading.open_file)
            else:
                _refuse_huge(source)
                _decipher(source, self.stored.name, manifest_key, keys, copy, tick)
        except OSError as error:
            raise _system_refuses(self.stored.name, error) from error
        return copy


def _is_encrypted(identity: Identity, stored: StoredList, *, clear: bool) -> bool | None:
    """Whether the files of a list are encrypted; None where nothing decides. `clear`: it begins as a database.

    Manifest.db itself is encrypted since iOS 10.2. Where it is clear the blobs decide: everything may have been
    decrypted, or Manifest.db alone, and Manifest.plist may be that of another backup.
    """
    if clear:
        sampled = _sampled(identity, stored)
        keyless = not any(manifest.manifest_key for manifest in stored.manifests[:1])
        if sampled is None and (stored.encrypted is False or keyless):
            return stored.encrypted
        return sampled
    if stored.encrypted is False and not _sampled(identity, stored):  # some plain backups carry a key bag too
        raise LostListError(f"{stored.name} is damaged: it does not begin as a database does.", _ANOTHER)
    if stored.encrypted is None and not stored.key_bags:
        _raise_refused(identity)
        raise LostListError(
            f"{stored.name} is encrypted or damaged, and without a readable Manifest.plist nothing can unlock it.",
            _ANOTHER,
        )
    return True


def _sampled(identity: Identity, stored: StoredList) -> bool | None:
    """What the blobs say that lie beside a list; those of the whole backup where they are too few."""
    beside = blobs_are_encrypted(BlobFolder(stored.folder, with_snapshot=False))
    return blobs_are_encrypted(BlobFolder(identity.folder)) if beside is None else beside


def _is_noise(copy: Path) -> bool:
    """Whether a list was deciphered with another's key: then every page of it looks random."""
    pages = 0
    with copy.open("rb") as stream:
        while len(page := stream.read(_PAGE_BYTES)) == _PAGE_BYTES:
            pages += 1
            if not looks_random(page):
                return False
    return pages > 0


def _two_backups(name: str) -> DamagedBackupError:
    return DamagedBackupError(
        f"Manifest.plist and {name} belong to two different backups: the keys of one do not open the other.",
        "Put the Manifest.plist beside it that was made together with this Manifest.db (the passphrase is not the "
        "problem), or use another backup of the device.",
    )


def _decipher(
    source: Path, name: str, stored_key: bytes, keys: KeyBag, copy: Path, tick: Callable[[int], None]
) -> None:
    wrapped = WrappedKey.from_bytes(stored_key)
    if wrapped is None:
        raise DamagedBackupError(f"The key of {name} in Manifest.plist is damaged.", _ANOTHER)
    try:
        key = keys.unwrap(wrapped)
    except UnreadableFileError as error:
        raise DamagedBackupError(f"The key of {name} does not fit the key bag.", _ANOTHER) from error
    with reading.open_file(source) as raw, DecipheredBlob(raw, key) as plain:
        require_space(copy, database.space_for_copy(plain.size, 0), source.name)
        with create(copy) as output:
            for piece in plain.pieces():
                output.write(piece)
                tick(len(piece))


def _refuse_huge(path: Path) -> None:
    if is_file(path) and path.stat().st_size > limits.DATABASE_BYTES:
        raise DamagedBackupError(f"{path.name} is larger than any real one, so it is not copied.", _ANOTHER)


def without_list(identity: Identity, refusal: LostListError) -> tuple[GuessedIndex, bool | None]:
    """An index of guesses for a lost list, and whether the blobs are encrypted: no, or unknown.

    Raises OldBackupError where the list is of a form that is not read, and the refusal where the blobs are
    encrypted, by their bytes or by what Manifest.plist says.
    """
    _refuse_old(identity)
    blobs = BlobFolder(identity.folder)
    encrypted = _without_list_encrypted(identity, blobs)
    if encrypted:
        raise refusal
    return GuessedIndex(blobs), encrypted


def _without_list_encrypted(identity: Identity, blobs: BlobFolder) -> bool | None:
    sampled = blobs_are_encrypted(blobs)
    if sampled is not None:
        return sampled
    manifest = identity.manifest or identity.snapshot_manifest
    if manifest is None:
        return None
    return manifest.encrypted if manifest.encrypted is not None else manifest.key_bag is not None or None


def is_encrypted(identity: Identity) -> bool | None:
    """Whether a backup is encrypted, as opening it would decide; None where nothing decides or it cannot be read."""
    try:
        states = set[bool | None]()
        for stored in stored_lists(identity):
            with suppress(LostListError, FileNotFoundError), reading.open_file(stored.path) as stream:
                clear = stream.read(len(database.MAGIC)) == database.MAGIC
                states.add(_is_encrypted(identity, stored, clear=clear))
        return _any_encrypted(states) if states else _without_list_encrypted(identity, BlobFolder(identity.folder))
    except (OSError, AccessDeniedError, SystemReadError, UnreadableFileError):
        return identity.encrypted


def _refuse_old(identity: Identity) -> None:
    """Raise OldBackupError where Manifest.mbdb is the list: Manifest.db came with iOS 10."""
    version = (identity.ios_version or "").partition(".")[0]
    if version.isdigit() and int(version) >= _FIRST_WITH_DATABASE:
        return
    for name in (OLD_LIST, f"{SNAPSHOT}/{OLD_LIST}"):
        try:
            with reading.open_file(identity.folder / name) as stream:
                if not stream.read(len(_OLD_MAGIC)).startswith(_OLD_MAGIC):
                    continue
        except OSError:
            continue
        made = f"iOS {identity.ios_version}" if identity.ios_version else "iOS 9 or older"
        raise OldBackupError(
            f"This is a backup of {made}: its list of files is {name}, which recover-facetime does not read.",
            "The backup is not damaged. FaceTime Live Photos began with iOS 11, so it holds none; for other photos "
            "use a program that reads backups of iOS 9. If the device was updated since, make a new backup of it.",
        )


_FIRST_WITH_DATABASE = 10
_OLD_MAGIC = b"mbdb"


def folder_refused(folder: Path, reason: GapReason, said: str) -> AccessDeniedError | SystemReadError:
    """The error for a folder that the system does not show, with the remedy for this system."""
    return _refusal(f"The system refuses to show {folder} ({said}).", reason)


def _system_refuses(name: str, error: OSError) -> AccessDeniedError | SystemReadError:
    """The error for a needed file of the backup that the system cannot read, whatever its bytes are."""
    return _refusal(f"The system cannot read {name} ({said_by(error)}).", reason_of(error))


def _raise_refused(identity: Identity) -> None:
    """Raise AccessDeniedError or SystemReadError where a Manifest.plist is refused by the system, and not damaged."""
    for gap in identity.gaps:
        if gap.where in (MANIFEST, f"{SNAPSHOT}/{MANIFEST}") and gap.why in REFUSALS:
            raise _refusal(f"The system cannot read {gap.where} ({gap.values[0]}).", gap.why)


def _refusal(message: str, reason: GapReason) -> AccessDeniedError | SystemReadError:
    kind = AccessDeniedError if reason is GapReason.PERMISSION_DENIED else SystemReadError
    return kind(message, remedy(reason))
