"""The private temporary folder for plaintext copies, emptied on every exit."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, cast

from recovery.errors import TemporaryFolderError
from recovery.file_lock import try_lock
from recovery.filesystem import is_symlink
from recovery.temp_folder import PREFIX, candidates, checked, refused, said_of

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_NAME = re.compile(PREFIX + "[0-9a-f]{8}")
_LOCK, _NO_LOCKS = "lock", "no locks here"
_OPENING = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
# Seconds before each try to remove: Windows refuses while a virus scanner, say, holds a file open.
_PATIENCE = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6)
_BUFFER_BYTES = 256 * 1024


class Workspace:
    """A folder only this user can enter (mode 0700); use as a context manager, it is removed when left.

    It lies in `parent`, else where the environment says (recovery/temp_folder.py). Raises TemporaryFolderError.
    Signals must leave through KeyboardInterrupt to pass `__exit__`; the command line sees to that.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent
        self._folder: _PrivateFolder | None = None
        self._numbers = itertools.count(1)
        self._open: list[BinaryIO] = []

    def __enter__(self) -> Workspace:
        self._folder = _private_folder(self._parent)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        folder, self._folder = self._folder, None
        while self._open:
            # What it could not write is removed in any case.
            with contextlib.suppress(OSError, TemporaryFolderError):
                self._open.pop().close()
        if folder is not None:
            folder.remove()

    def new_file(self, name: str) -> Path:
        """A path in the folder that no other call got; the file does not exist yet, `create` makes it."""
        if self._folder is None:
            raise RuntimeError("the workspace is not open")
        folder = self._folder.path / f"{next(self._numbers):04d}"
        with said_of(folder):
            folder.mkdir(mode=0o700)
        return folder / name

    def scratch(self) -> BinaryIO:
        """An empty file for writing and reading, closed and removed when the workspace is left."""
        stream = cast(BinaryIO, io.BufferedRandom(_PrivateFile(self.new_file("records"))))
        self._open.append(stream)
        return stream


def create(path: Path) -> BinaryIO:
    """A new file at a path of a workspace, for writing; its troubles are told as TemporaryFolderError."""
    return cast(BinaryIO, io.BufferedWriter(_PrivateFile(path), _BUFFER_BYTES))


class _PrivateFile(io.FileIO):
    """A file of the private folder: what the system refuses is said of the temporary folder, not of the backup."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with said_of(path):
            super().__init__(path, "x+", opener=lambda name, flags: os.open(name, flags, 0o600))

    def write(self, data: ReadableBuffer, /) -> int:
        with said_of(self._path):
            return super().write(data)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        with said_of(self._path):
            return super().readinto(buffer)

    def truncate(self, size: int | None = None, /) -> int:
        with said_of(self._path):
            return super().truncate(size)


class _PrivateFolder:
    """A private folder and the lock in it, which proves that the run it belongs to lives."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = -1
        self._process = os.getpid()

    def create(self) -> bool:
        """Make and lock it; False when another run, cleaning up, took it for abandoned before it was locked."""
        self.path.mkdir(mode=0o700)
        self.path.chmod(0o700)
        lock = self.path / _LOCK
        try:
            self._lock = os.open(lock, _OPENING | os.O_CREAT | os.O_EXCL, 0o600)
            return try_lock(self._lock) and os.path.samestat(os.fstat(self._lock), lock.stat())
        except FileNotFoundError:
            return False
        except OSError:
            if self._lock < 0:
                raise
            # No locks here: without one to try nobody ever takes this folder for abandoned.
            self._unlock()  # Windows renames no open file
            lock.rename(lock.with_name(_NO_LOCKS))
            return True

    def take_over(self) -> bool:
        """Whether its run is gone: then this one has the lock."""
        try:
            self._lock = os.open(self.path / _LOCK, _OPENING)
            if try_lock(self._lock):
                return True
        except FileNotFoundError:
            # Killed before it was locked, or while it removed itself; a folder that is not empty stays.
            with contextlib.suppress(OSError):
                self.path.rmdir()
        except OSError:
            pass
        self._unlock()
        return False

    def remove(self) -> bool:
        """Whether it is gone; one of which another program holds files for seconds stays, for the next run."""
        if os.getpid() != self._process:  # a copy of it, which may use the folder and never removes it
            return True
        try:
            for seconds in _PATIENCE:
                time.sleep(seconds)
                if self._is_removed():
                    _HELD.discard(self)
                    return True
        finally:
            self._unlock()
        return False

    def _is_removed(self) -> bool:
        """Try it; the lock goes last, so that what a kill in the middle leaves can be told from a living run's."""
        try:
            for entry in self.path.iterdir():
                if entry.name != _LOCK:
                    shutil.rmtree(entry, ignore_errors=True)
            if any(entry.name not in (_LOCK, _NO_LOCKS) for entry in self.path.iterdir()):
                return False
            self._unlock()  # Windows removes no open file
            for name in (_LOCK, _NO_LOCKS):
                (self.path / name).unlink(missing_ok=True)
            self.path.rmdir()
        except FileNotFoundError:
            self._unlock()
        except OSError:
            return False
        return True

    def _unlock(self) -> None:
        number, self._lock = self._lock, -1
        if number >= 0:
            with contextlib.suppress(OSError):
                os.close(number)


_HELD: set[_PrivateFolder] = set()
"""Private folders of this process that are not removed yet."""


def _private_folder(parent: Path | None) -> _PrivateFolder:
    """A new private folder in the first temporary folder that takes one; what killed runs left there goes."""
    errors: list[TemporaryFolderError] = []
    for candidate in candidates(parent):
        try:
            place = checked(candidate)
            remove_abandoned(place)
            return _made(place)
        except TemporaryFolderError as error:
            errors.append(error)
        except OSError as error:
            errors.append(refused(candidate, error))
    raise errors[0]


def _made(parent: Path) -> _PrivateFolder:
    while True:
        folder = _PrivateFolder(parent / f"{PREFIX}{secrets.token_hex(4)}")
        _HELD.add(folder)  # before it is there, so that no interrupt comes in between
        try:
            if folder.create():
                return folder
        except FileExistsError:
            _HELD.discard(folder)  # somebody else's
            continue
        except BaseException:
            folder.remove()
            raise
        folder.remove()


def remove_abandoned(parent: Path) -> int:
    """Remove folders left by runs that were killed; returns how many. Folders of living runs stay."""
    return sum(folder.take_over() and folder.remove() for folder in map(_PrivateFolder, _folders(parent)))


def remove_own() -> tuple[Path, ...]:
    """Remove what this process left, for the end of a program: an interrupt may hit the cleaning up itself.

    Returns the folders that could not be removed.
    """
    return tuple(folder.path for folder in tuple(_HELD) if not folder.remove())


def _folders(parent: Path) -> Iterator[Path]:
    """Private folders of this user; links are passed over."""
    for folder in parent.glob(PREFIX + "*"):
        try:
            foreign = is_symlink(folder) or (hasattr(os, "getuid") and folder.stat().st_uid != os.getuid())
        except OSError:
            continue
        if _NAME.fullmatch(folder.name) and not foreign:
            yield folder
