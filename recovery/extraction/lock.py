"""Keeps two runs out of one folder: a locked file that holds the process number of its owner."""

from __future__ import annotations

import os
from types import TracebackType

from recovery.errors import OutputError
from recovery.file_lock import try_lock
from recovery.output import OutputDirectory


class FolderLock:
    """The system lets go of the lock when its owner ends, however it ends, so no stale lock ever stays."""

    def __init__(self, directory: OutputDirectory, name: str) -> None:
        self._directory, self._name = directory, name
        self._stream = -1

    def __enter__(self) -> FolderLock:
        self._stream = self._directory.open_own(self._name)
        if not _take(self._stream):
            owner = os.read(self._stream, 20).decode("ascii", "replace").strip()
            os.close(self._stream)
            raise OutputError(
                f"Another run{f' (process {owner})' if owner.isdecimal() else ''} is writing to this folder.",
                "Wait until it has ended, or choose another output folder.",
            )
        os.ftruncate(self._stream, 0)
        os.write(self._stream, str(os.getpid()).encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._stream)


def _take(stream: int) -> bool:
    try:
        return try_lock(stream)
    except OSError:  # Some network shares have no locks at all; there two runs must be kept apart by their user.
        return True
