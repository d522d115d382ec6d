"""Every exception this library raises, each with one sentence for what happened and one for what to do next.

    RecoveryError
    ├── BackupNotFoundError        no backup at that place or by that name
    ├── AmbiguousBackupError       the name fits several backups (`candidates` lists them)
    ├── AccessDeniedError          the system refuses to show the folder
    ├── SystemReadError            the system cannot read a needed part: says nothing of the backup itself
    ├── DamagedBackupError         a part without which nothing can be read is missing or unreadable
    ├── OldBackupError             the backup is whole, of an iOS whose backups are not read
    ├── UnsafeBackupError          the backup asks for something no real backup asks for
    ├── PassphraseError
    │   ├── PassphraseMissingError     encrypted, and no passphrase was given
    │   └── PassphraseWrongError       the key bag refuses this passphrase
    ├── UnreadableError            one part of the backup cannot be read (becomes a gap or a failed outcome)
    │   ├── UnreadableFileError        one file cannot be read
    │   │   ├── BlobMissingError           the manifest lists it, the blob is not there
    │   │   ├── BlobDamagedError           the blob is there and cannot be deciphered whole
    │   │   └── BlobRefusedError           the system refuses to read it (`reason`): neither missing nor damaged
    │   ├── UnreadableDatabaseError    one database cannot be opened or read
    │   └── UnreadableArchiveError     one plist or keyed archive cannot be parsed
    ├── TemporaryFolderError       the temporary folder cannot be used: not the backup's fault, never a gap
    │   └── TempSpaceError             it has not enough space (`needed`, `free` in bytes)
    ├── SelectionError             a filter or option value that cannot be understood
    ├── OutputError                the output folder cannot be used
    │   └── NotEnoughSpaceError        not enough free space (`needed`, `free` in bytes)
    └── MissingExtraError          an optional package is not installed

Catch the root to handle everything the library may refuse:

    try:
        ...
    except RecoveryError as error:
        print(error, error.hint)
"""

from __future__ import annotations

from recovery.gap_codes import GapReason


class RecoveryError(Exception):
    """Something the user can act on: `str(error)` says what happened, `error.hint` what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class BackupNotFoundError(RecoveryError):
    """No backup at that place or by that name."""


class AmbiguousBackupError(RecoveryError):
    """The given name fits several backups."""

    def __init__(self, message: str, hint: str = "", candidates: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.candidates = candidates


class AccessDeniedError(RecoveryError):
    """The operating system refuses to show the folder."""


class SystemReadError(RecoveryError):
    """The operating system cannot read a part without which nothing can be read; that part may be whole."""


class DamagedBackupError(RecoveryError):
    """A part without which nothing can be read is missing or unreadable."""


class OldBackupError(RecoveryError):
    """The backup is whole, of an iOS before 10, whose list of files is not read."""


class UnsafeBackupError(RecoveryError):
    """The backup asks for something no real backup asks for."""


class PassphraseError(RecoveryError):
    """Anything about the backup passphrase; the passphrase itself is never part of it."""


class PassphraseMissingError(PassphraseError):
    """The backup is encrypted and no passphrase was given."""


class PassphraseWrongError(PassphraseError):
    """The key bag refuses this passphrase."""


class UnreadableError(RecoveryError):
    """One part of the backup cannot be read; the rest can."""


class UnreadableFileError(UnreadableError):
    """One file of the backup cannot be read; the rest can."""


class BlobMissingError(UnreadableFileError):
    """The manifest lists the file, its blob is not in the backup folder."""


class BlobDamagedError(UnreadableFileError):
    """The blob is there and cannot be deciphered whole."""


class BlobRefusedError(UnreadableFileError):
    """The system refuses to read the blob; `said` is what it says, `reason` what that means."""

    def __init__(self, reason: GapReason, said: str) -> None:
        super().__init__(f"The system refuses to read the blob ({said}).")
        self.reason = reason
        self.said = said


class UnreadableDatabaseError(UnreadableError):
    """One database cannot be opened or read."""


class UnreadableArchiveError(UnreadableError):
    """One property list or keyed archive cannot be parsed."""


class TemporaryFolderError(RecoveryError):
    """The temporary folder cannot be used."""


class TempSpaceError(TemporaryFolderError):
    """The temporary folder has not enough space; `needed` and `free` are None where only the system refused."""

    def __init__(self, message: str, hint: str = "", *, needed: int | None = None, free: int | None = None) -> None:
        super().__init__(message, hint)
        self.needed = needed
        self.free = free


class SelectionError(RecoveryError):
    """A filter or option value that cannot be understood."""


class OutputError(RecoveryError):
    """The output folder cannot be used."""


class NotEnoughSpaceError(OutputError):
    """The output needs more bytes than are free."""

    def __init__(self, message: str, hint: str = "", *, needed: int, free: int) -> None:
        super().__init__(message, hint)
        self.needed = needed
        self.free = free


class MissingExtraError(RecoveryError):
    """An optional package is not installed."""
