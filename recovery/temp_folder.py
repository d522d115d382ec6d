"""Where temporary files may lie, never inside a backup, and what is said when that folder refuses."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from recovery.backup_marks import enclosing_backup
from recovery.errors import TemporaryFolderError, TempSpaceError
from recovery.filesystem import is_folder

PREFIX = "recover-facetime-"
"""How the names of private folders begin; eight hexadecimal digits follow."""
OPTION = "--temp-folder"
VARIABLES = ("TMPDIR", "TEMP", "TMP")
_ANOTHER = f"Name another folder with {OPTION} FOLDER or in the environment variable TMPDIR."
_MORE_SPACE = (
    f"Free some space there, or name a folder on a larger disk with {OPTION} FOLDER or in the environment "
    "variable TMPDIR."
)
# The last stands for a limit on the size of one file: FAT's 4 GiB, or `ulimit -f`.
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_SPACE_ON_WINDOWS = frozenset({39, 112})  # ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL


class FolderCandidate(NamedTuple):
    """A folder that may hold temporary files; `named` says where it was named, "" for the system's own."""

    path: Path
    named: str


def candidates(
    named: Path | None = None, environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> tuple[FolderCandidate, ...]:
    """The folders to try in turn. One that was named stands alone: whoever named it wants no other.

    Other than for `tempfile.gettempdir` the current directory is none of them, and nothing is written to find out.
    """
    if named is not None:
        return (FolderCandidate(named, OPTION),)
    for name in VARIABLES:
        if environment.get(name):
            return (FolderCandidate(Path(environment[name]), name),)
    if platform == "win32":
        roots = [environment.get("LOCALAPPDATA"), environment.get("SYSTEMROOT")]
        return tuple(FolderCandidate(Path(root) / "Temp", "") for root in roots if root)
    return tuple(FolderCandidate(Path(path), "") for path in ("/tmp", "/var/tmp", "/usr/tmp"))


def checked(candidate: FolderCandidate) -> Path:
    """The folder, links resolved; raises TemporaryFolderError for none and for one inside a backup, or OSError."""
    folder = Path(os.path.realpath(candidate.path))
    if not is_folder(folder):
        raise TemporaryFolderError(f"{_told(candidate)} is no folder.", _ANOTHER)
    backup = enclosing_backup(folder)
    if backup is not None:
        raise TemporaryFolderError(
            f"{_told(candidate)} lies inside the backup {backup}, and nothing is ever written there.", _ANOTHER
        )
    return folder


def refused(candidate: FolderCandidate, error: OSError) -> TemporaryFolderError:
    """The error for a folder in which no private one can be made."""
    return _error(_told(candidate), error)


def _told(candidate: FolderCandidate) -> str:
    return f"The temporary folder {candidate.path}{candidate.named and f' (named by {candidate.named})'}"


def _error(folder: str, error: OSError) -> TemporaryFolderError:
    said = error.strerror or type(error).__name__
    if lacks_space(error):
        return TempSpaceError(f"{folder} takes no more ({said}).", _MORE_SPACE)
    return TemporaryFolderError(f"{folder} cannot be used ({said}).", _ANOTHER)


def lacks_space(error: OSError) -> bool:
    """Whether the system refused because of a full disk, a quota or a limit on the size of a file."""
    return error.errno in _NO_SPACE or getattr(error, "winerror", None) in _NO_SPACE_ON_WINDOWS


def trouble(path: Path, error: OSError) -> TemporaryFolderError:
    """What went wrong with a file of a private folder, said of the folder that the user can choose."""
    return _error(f"The temporary folder {_holder(path)}", error)


@contextmanager
def said_of(path: Path) -> Iterator[None]:
    """Turn what the system refuses for a file of a private folder into TemporaryFolderError or TempSpaceError."""
    try:
        yield
    except OSError as error:
        raise trouble(path, error) from error


def require_space(path: Path, needed: int, what: str) -> None:
    """Raise TempSpaceError when fewer than the `needed` bytes are free where `path` will be; `what` needs them.

    Quotas are not seen here; what they refuse is told when it is written.
    """
    try:
        disk = shutil.disk_usage(path.parent)
    except OSError:  # some file systems do not say
        return
    if disk.total and disk.free < needed:
        raise TempSpaceError(
            f"The temporary folder {_holder(path)} has {disk.free:,} bytes free; {what} needs {needed:,}.",
            _MORE_SPACE,
            needed=needed,
            free=disk.free,
        )


def _holder(path: Path) -> Path:
    """The folder in which the private one of this path lies."""
    private = next((folder for folder in path.parents if folder.name.startswith(PREFIX)), path)
    return private.parent
