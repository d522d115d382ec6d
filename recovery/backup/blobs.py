"""The blobs of a backup folder: which files named by a file ID are there, and how large they are."""

from __future__ import annotations

import os
import stat
from collections.abc import Container, Iterator
from enum import StrEnum
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple

from recovery import limits
from recovery.backup.manifest import valid_file_id
from recovery.errors import BlobMissingError, UnreadableFileError

_TWO_LETTERS = frozenset(f"{number:02x}" for number in range(256))
_READING = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
SNAPSHOT = "Snapshot"
"""New blobs of a backup that was interrupted lie in this folder until the backup ends."""


class BlobState(StrEnum):
    """Whether the bytes of a manifest entry are there."""

    PRESENT = "present"
    MISSING = "missing_blob"
    DAMAGED = "damaged"


class Blob(NamedTuple):
    """What is known of one blob: `size` is the length of the plaintext in bytes, `note` says what is odd.

    `blank` tells of a damaged one that it holds nothing of the file: only zeros, or bytes of another kind.
    """

    state: BlobState
    size: int | None = None
    note: str = ""
    blank: bool = False


class _Folders(dict[str, bool]):
    """Whether a folder is one of the backup's own and no link; asked once."""

    def __missing__(self, folder: str) -> bool:
        self[folder] = own = not Path(folder).is_symlink()
        return own


class BlobFolder:
    """A backup folder seen as blobs: `ab/ab12…`, the flat `ab12…` of some tools, and `Snapshot/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._places = [
            str(place) for place in (folder, folder / SNAPSHOT) if place.is_dir() and not place.is_symlink()
        ]
        self._folders = _Folders()

    def path(self, file_id: str) -> Path | None:
        """Where the blob lies, None when it is not there or is no ordinary file."""
        found = self.find(file_id)
        return Path(found[0]) if found is not None else None

    def find(self, file_id: str) -> tuple[str, os.stat_result] | None:
        """Where the blob lies and what the system says of it; None when it is not there or is no ordinary file."""
        if not valid_file_id(file_id):
            return None
        for place in self._places:
            for folder in (f"{place}{os.sep}{file_id[:2]}", place):
                path = f"{folder}{os.sep}{file_id}"
                try:
                    state = os.lstat(path)
                except OSError:
                    continue
                if stat.S_ISREG(state.st_mode) and self._folders[folder]:
                    return path, state
        return None

    def descriptor(self, file_id: str) -> tuple[int, int]:
        """Open a blob for reading: its number, for the caller to close, and its size as stored, in bytes.

        Raises BlobMissingError or UnreadableFileError. Links are not followed.
        """
        found = self.find(file_id)
        if found is None:
            raise BlobMissingError("The manifest lists this file, but its blob is not in the backup folder.")
        path, state = found
        try:
            return os.open(path, _READING), state.st_size
        except OSError as error:
            raise UnreadableFileError(f"The system refuses to read the blob ({error.strerror}).") from error

    def open(self, file_id: str) -> BinaryIO:
        """Open a blob for reading; raises as `descriptor` does."""
        return opened(self.descriptor(file_id)[0])

    def names(self) -> set[str]:
        """File IDs of all blobs in the folder."""
        found: set[str] = set()
        for place in self._places:
            folders = [item.path for item in _scan(place) if _is_blob_folder(item)]
            for folder in (place, *folders):
                found.update(item.name for item in _scan(folder) if _is_blob(item))
                if len(found) >= limits.BLOB_FILES:
                    return found
        return found

    def list(self, only: Container[str] | None = None) -> Iterator[tuple[str, Path]]:
        """File ID and path of every blob in the folder, or of some, each once."""
        seen: set[str] = set()
        for place in self._places:
            for name, path in self._candidates(place):
                if name not in seen and (only is None or name in only):
                    seen.add(name)
                    yield name, Path(path)
                if len(seen) >= limits.BLOB_FILES:
                    return

    def _candidates(self, place: str) -> Iterator[tuple[str, str]]:
        for item in sorted(_scan(place), key=_NAME):
            if _is_blob_folder(item):
                for blob in sorted(_scan(item.path), key=_NAME):
                    if _is_blob(blob):
                        yield blob.name, blob.path
            elif _is_blob(item):
                yield item.name, item.path


def opened(number: int, buffering: int = -1) -> BinaryIO:
    """The file object of an open blob, which then closes it; raises UnreadableFileError."""
    try:
        return os.fdopen(number, "rb", buffering)
    except OSError as error:
        os.close(number)
        raise UnreadableFileError(f"The system refuses to read the blob ({error.strerror}).") from error


_NAME = attrgetter("name")


def _is_blob_folder(item: os.DirEntry[str]) -> bool:
    return item.name in _TWO_LETTERS and item.is_dir(follow_symlinks=False)


def _is_blob(item: os.DirEntry[str]) -> bool:
    return valid_file_id(item.name) and item.is_file(follow_symlinks=False)


def _scan(folder: str) -> list[os.DirEntry[str]]:
    """What is in a folder, in any order; nothing where the system does not show it."""
    try:
        with os.scandir(folder) as items:
            return list(items)
    except OSError:
        return []
