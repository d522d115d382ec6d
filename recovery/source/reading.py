"""Open files and list folders of evidence, leaving their access times alone where the system allows it.

Linux keeps the access time of what is opened with O_NOATIME, which only the owner and root may ask for; for
everybody else, and on other systems, reading is plain reading.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_NO_ACCESS_TIME = getattr(os, "O_NOATIME", 0)
_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)


def open_descriptor(path: str | Path) -> int:
    """Open a file for reading, for the caller to close; links are not followed. Raises OSError."""
    return _open(path, _FILE)


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading without a buffer; links are not followed. Raises OSError."""
    return os.fdopen(open_descriptor(path), "rb", 0)


@contextmanager
def listed(folder: str | Path) -> Iterator[Iterator[os.DirEntry[str]]]:
    """The entries of a folder, to be asked within the block; `path` of each is only its name. Raises OSError."""
    if os.scandir not in os.supports_fd:  # Windows opens no folder
        with os.scandir(folder) as entries:
            yield entries
        return
    descriptor = _open(folder, _FOLDER)
    try:
        with os.scandir(descriptor) as entries:
            yield entries
    finally:
        os.close(descriptor)


def _open(path: str | Path, flags: int) -> int:
    if _NO_ACCESS_TIME:
        try:
            return os.open(path, flags | _NO_ACCESS_TIME)
        except PermissionError:  # not the owner, or no right to read at all: the second try tells
            pass
    return os.open(path, flags)
