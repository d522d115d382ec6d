"""Unfinished files: written under a name nobody looks for, flushed together, gone unless they get their own."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType


class Part:
    """An unfinished file; use as a context manager: what was not published by its end vanishes."""

    __slots__ = ("path", "published", "refused", "stream")

    def __init__(self, path: str) -> None:
        """Raises OSError, also where something has that name."""
        self.path = path
        self.stream = io.FileIO(path, "xb")
        self.published = False
        self.refused: OSError | None = None
        """Why its bytes may not be on the disk."""

    def __enter__(self) -> Part:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stream.close()
        if not self.published:
            with contextlib.suppress(OSError):
                Path(self.path).unlink()


def flush(parts: Sequence[Part]) -> None:
    """Wait until the bytes of all are on the disk; a part that the system refuses has its word in `refused`.

    The writing of all is begun before the first is waited for, and none gets its name in between: a file system
    with a journal then writes the journal once for many files.
    """
    if len(parts) > 1 and hasattr(os, "posix_fadvise"):
        for part in parts:
            with contextlib.suppress(OSError):  # only advice: on Linux it begins to write what is not on the disk
                os.posix_fadvise(part.stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    for part in parts:
        try:
            os.fsync(part.stream.fileno())
        except OSError as error:
            part.refused = error
