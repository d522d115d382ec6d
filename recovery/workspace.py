"""The private temporary folder for plaintext copies, emptied on every exit."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

# The name says whose folder it is from its first moment: one of a process that is gone is removed by the next run.
_PREFIX = "recover-facetime-"
_NAME = re.compile(_PREFIX + r"(\d{1,10})-[a-z0-9_]{8}")


class Workspace:
    """A folder only this user can enter (mode 0700); use as a context manager, it is removed when left.

    SIGINT leaves through KeyboardInterrupt, and the command line turns SIGTERM into one, so both pass `__exit__`.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent
        self._path: Path | None = None
        self._numbers = itertools.count(1)
        self._open: list[BinaryIO] = []

    def __enter__(self) -> Workspace:
        remove_abandoned(self._parent)
        self._path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=self._parent))
        self._path.chmod(0o700)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        path, self._path = self._path, None
        while self._open:
            with contextlib.suppress(OSError):  # what it could not write is removed in any case
                self._open.pop().close()
        if path is not None:
            _remove(path)

    def new_file(self, name: str) -> Path:
        """A path in the folder that no other call got; the file does not exist yet."""
        if self._path is None:
            raise RuntimeError("the workspace is not open")
        folder = self._path / f"{next(self._numbers):04d}"
        folder.mkdir(mode=0o700)
        return folder / name

    def scratch(self) -> BinaryIO:
        """An empty file for writing and reading, closed and removed when the workspace is left."""
        stream = self.new_file("records").open("x+b")
        self._open.append(stream)
        return stream


def remove_abandoned(parent: Path | None = None) -> int:
    """Remove folders left by runs that were killed; returns how many. Folders of living runs stay."""
    abandoned = [folder for folder, owner in _folders(parent) if owner != os.getpid() and not _alive(owner)]
    for folder in abandoned:
        _remove(folder)
    return len(abandoned)


def remove_own(parent: Path | None = None) -> None:
    """Remove what this process left, for the end of a program: an interrupt may hit the cleaning up itself."""
    for folder, owner in _folders(parent):
        if owner == os.getpid():
            _remove(folder)


def _folders(parent: Path | None) -> Iterator[tuple[Path, int]]:
    """Private folders of this user, each with the process it belongs to; links are passed over."""
    for folder in (parent or Path(tempfile.gettempdir())).glob(_PREFIX + "*"):
        named = _NAME.fullmatch(folder.name)
        try:
            foreign = folder.is_symlink() or (hasattr(os, "getuid") and folder.stat().st_uid != os.getuid())
        except OSError:
            continue
        if named and not foreign:
            yield folder, int(named[1])


def _alive(pid: int) -> bool:
    if os.name == "nt":  # pragma: no cover - os.kill would end the process there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove(folder: Path) -> None:
    """Remove, trying again once: Windows refuses while a virus scanner holds a file open."""
    for attempt in range(3):
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder, ignore_errors=attempt < 2)
        if not folder.exists():
            return
        time.sleep(0.1)
