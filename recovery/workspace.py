"""The private temporary folder for plaintext copies, emptied on every exit."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType

_PREFIX = "recover-facetime-"
# A folder of a process that was killed is removed by the next run once its owner is gone.
_OWNER = "owner.pid"


class Workspace:
    """A folder only this user can enter (mode 0700); use as a context manager, it is removed when left.

    SIGINT leaves through KeyboardInterrupt, and the command line turns SIGTERM into one, so both pass `__exit__`.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent
        self._path: Path | None = None
        self._numbers = itertools.count(1)

    def __enter__(self) -> Workspace:
        remove_abandoned(self._parent)
        self._path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._parent))
        self._path.chmod(0o700)
        (self._path / _OWNER).write_text(str(os.getpid()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        path, self._path = self._path, None
        if path is not None:
            _remove(path)

    def new_file(self, name: str) -> Path:
        """A path in the folder that no other call got; the file does not exist yet."""
        if self._path is None:
            raise RuntimeError("the workspace is not open")
        folder = self._path / f"{next(self._numbers):04d}"
        folder.mkdir(mode=0o700)
        return folder / name


def remove_abandoned(parent: Path | None = None) -> int:
    """Remove folders left by runs that were killed; returns how many. Folders of living runs stay."""
    removed = 0
    root = parent or Path(tempfile.gettempdir())
    for folder in root.glob(_PREFIX + "*"):
        if _abandoned(folder):
            _remove(folder)
            removed += 1
    return removed


def _abandoned(folder: Path) -> bool:
    try:
        if folder.is_symlink() or (hasattr(os, "getuid") and folder.stat().st_uid != os.getuid()):
            return False
        owner = int((folder / _OWNER).read_text())
    except (OSError, ValueError):
        return False
    return not _alive(owner)


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
