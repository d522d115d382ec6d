"""Files that get their name in one step once they are whole, in folders that stay the ones that were checked."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from recovery.errors import OutputError
from recovery.output.evidence import Evidence
from recovery.output.times import set_times
from recovery.system_files import from_system, to_system

TEMPORARY_NAME = re.compile(r"\.recover-facetime-[0-9a-f]{16}\.part")
"""Names of unfinished files; one stays behind only where a run was killed."""
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS | _BINARY
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_RELATIVE = {os.open, os.mkdir, os.stat, os.rename, os.unlink, os.utime} <= os.supports_dir_fd
"""Whether names can be resolved from an open folder; Windows resolves whole paths."""
_PERMISSIONS = 0o777


class OutputDirectory:
    """An open folder outside all evidence; use as a context manager.

    Everything in it is reached from the open folder, where the system can do that: if somebody exchanges a part of
    its path for a link, nothing is written there.
    """

    def __init__(self, path: Path, evidence: Evidence, parent: OutputDirectory | None = None) -> None:
        """Open an existing folder, or with `parent` its folder of that name. Raises OSError or OutputError."""
        self.path = path
        self.evidence = evidence
        try:
            self.descriptor = _open_folder(path, parent) if _RELATIVE else None
        except OSError:
            if parent is None:
                evidence.refuse_folder(path)  # the better answer, if it is one
            raise
        try:
            if parent is not None:
                self._check_child()
            else:
                evidence.refuse_folder(path)
                if not self.is_in_place():
                    raise OutputError(f"{path} was exchanged while it was opened.", "Run the command again.")
        except BaseException:
            self.close()
            raise

    def _check_child(self) -> None:
        state = self.path.lstat() if self.descriptor is None else os.fstat(self.descriptor)
        if not stat.S_ISDIR(state.st_mode):  # where opening it did not tell
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(self.path))
        self.evidence.refuse_state(self.path, state)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def at(self, name: str) -> str:
        """How the system is told of a name in this folder, together with `descriptor`."""
        there = to_system(name)
        return there if self.descriptor is not None else f"{self.path}{os.sep}{there}"

    def folder(self, name: str, *, private: bool = False) -> OutputDirectory:
        """A folder in this one, made if it is missing, `private` to its owner; never a link. Raises OSError."""
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.at(name), 0o700 if private else _PERMISSIONS, dir_fd=self.descriptor)
        return OutputDirectory(self.path / to_system(name), self.evidence, self)

    def make_private(self) -> None:
        """Let nobody but its owner enter, where the system knows owners and we are that one."""
        if self.descriptor is not None and os.fstat(self.descriptor).st_mode & 0o077:
            with contextlib.suppress(OSError):
                os.fchmod(self.descriptor, 0o700)

    def is_in_place(self) -> bool:
        """Whether the path still leads to this folder."""
        try:
            return self.descriptor is None or os.path.samestat(self.path.stat(), os.fstat(self.descriptor))
        except OSError:
            return False

    def state(self, name: str) -> os.stat_result | None:
        """What the system says of a name in this folder, links not followed; None where it is free."""
        try:
            return os.stat(self.at(name), dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def unlink(self, name: str) -> None:
        """Remove a file. Raises OSError."""
        os.unlink(self.at(name), dir_fd=self.descriptor)

    def link(self, name: str, into: OutputDirectory, linked: str) -> None:
        """Give a file of this folder a second name, one that is free, in another. Raises OSError.

        Not every file system can: FAT, for one, and some network disks.
        """
        if self.descriptor is not None and os.link not in os.supports_dir_fd:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), name)
        follow = {"follow_symlinks": False} if os.link in os.supports_follow_symlinks else {}
        os.link(self.at(name), into.at(linked), src_dir_fd=self.descriptor, dst_dir_fd=into.descriptor, **follow)

    def open_own(self, name: str, flags: int = 0) -> int:
        """Open a file of ours to be changed in place, made if it is missing; for the caller to close.

        Raises OutputError where it is a link, no ordinary file, or also has another name: that could be anybody's.
        Raises OSError.
        """
        flags |= os.O_RDWR | os.O_CREAT | _NO_LINKS | _BINARY | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(self.at(name), flags, 0o600, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
                raise _not_ours(self.path / name) from error
            raise
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_nlink > 1:
            os.close(descriptor)
            raise _not_ours(self.path / name)
        return descriptor

    def sync(self) -> None:
        """Wait until the names in it are on the disk, where the system can be asked for that."""
        if self.descriptor is not None:
            with contextlib.suppress(OSError):
                os.fsync(self.descriptor)


def _open_folder(path: Path, parent: OutputDirectory | None) -> int:
    if parent is not None:
        return os.open(parent.at(from_system(path.name)), _FOLDER | _NO_LINKS, dir_fd=parent.descriptor)
    try:
        return os.open(path, _FOLDER)
    except PermissionError:
        # A folder may let its files be named and not be listed; Linux opens it all the same.
        if not hasattr(os, "O_PATH"):
            raise
        return os.open(path, os.O_PATH | _FOLDER)


def _not_ours(path: Path) -> OutputError:
    return OutputError(
        f"{path} is a link, has a second name, or is no ordinary file, so it is not written to.",
        "Remove it, and run the command again.",
    )


class NewFile:
    """An unfinished file under a name nobody knows; use as a context manager: unless published it vanishes."""

    def __init__(self, directory: OutputDirectory, permissions: int = 0o666) -> None:
        """Create it with these permissions, less the user's umask. Raises OSError."""
        self.directory = directory
        self.name = f".recover-facetime-{secrets.token_hex(8)}.part"
        descriptor = os.open(directory.at(self.name), _CREATE, permissions, dir_fd=directory.descriptor)
        self.stream = io.FileIO(descriptor, "wb")
        self.published = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stream.close()
        if not self.published:
            with contextlib.suppress(OSError):
                self.directory.unlink(self.name)

    @property
    def path(self) -> Path:
        """Where it is while it is unfinished."""
        return self.directory.path / self.name

    @contextmanager
    def buffered(self) -> Iterator[BinaryIO]:
        """A stream that writes all it is given; `stream` itself may take less. Raises OSError."""
        stream = io.BufferedWriter(self.stream)
        yield stream
        stream.flush()
        stream.detach()

    def publish(self, name: str, into: OutputDirectory | None = None, modified: datetime | None = None) -> str:
        """Give it its name in one step, in its own or another folder; a phrase if its time was refused.

        What has the name is replaced, and its permissions are kept; a special file or a file of a backup is not.
        Raises OSError.
        """
        into = into or self.directory
        replaced = into.state(name)
        if replaced is not None:
            self._may_replace(replaced, into, name)
            self._take_permissions(replaced)
        self.stream.close()  # Windows renames no open file
        here = self.directory
        note = "" if modified is None else set_times(here.at(self.name), modified, here.descriptor)
        os.replace(here.at(self.name), into.at(name), src_dir_fd=here.descriptor, dst_dir_fd=into.descriptor)
        self.published = True
        if not into.is_in_place():
            raise FileNotFoundError(errno.ENOENT, "its folder was moved or removed meanwhile", name)
        return note

    def _may_replace(self, replaced: os.stat_result, into: OutputDirectory, name: str) -> None:
        if stat.S_ISDIR(replaced.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        if not stat.S_ISREG(replaced.st_mode) and not stat.S_ISLNK(replaced.st_mode):
            raise FileExistsError(errno.EEXIST, "a special file has this name", name)
        # Losing one of its names would change what the system keeps of a file of the backup.
        if replaced.st_nlink > 1 and into.evidence.holds(replaced):
            raise PermissionError(errno.EPERM, "a file of the backup has this name too", name)

    def _take_permissions(self, replaced: os.stat_result) -> None:
        if not stat.S_ISREG(replaced.st_mode) or not hasattr(os, "fchmod"):
            return
        number = self.stream.fileno()
        own = os.fstat(number)
        if (own.st_uid, own.st_gid) != (replaced.st_uid, replaced.st_gid):
            with contextlib.suppress(OSError):  # only root gives files away
                os.fchown(number, replaced.st_uid, replaced.st_gid)
        if (own.st_mode ^ replaced.st_mode) & _PERMISSIONS:
            os.fchmod(number, replaced.st_mode & _PERMISSIONS)


@contextmanager
def replacing(target: Path, evidence: Evidence) -> Iterator[BinaryIO]:
    """A stream for the whole content of a file, which gets its name when the block ends well.

    Until then what had the name stays, and nothing half written ever has it. A link at `target` is replaced, see
    `resolve`. Raises OSError or OutputError.
    """
    with OutputDirectory(target.parent, evidence) as directory:
        before = directory.state(target.name)
        # Never more open to others, even unfinished, than what it will replace.
        permissions = 0o666 if before is None else before.st_mode & 0o600
        with NewFile(directory, permissions) as new:
            with new.buffered() as stream:
                yield stream
            os.fsync(new.stream.fileno())
            new.publish(target.name)
