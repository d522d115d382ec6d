"""The blobs of a backup folder: which files named by a file ID are there, and how large they are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from recovery import limits
from recovery.backup.manifest import valid_file_id
from recovery.errors import BlobMissingError, UnreadableFileError

_TWO_LETTERS = frozenset(f"{number:02x}" for number in range(256))
SNAPSHOT = "Snapshot"
"""New blobs of a backup that was interrupted lie in this folder until the backup ends."""


class BlobState(StrEnum):
    """Whether the bytes of a manifest entry are there."""

    PRESENT = "present"
    MISSING = "missing_blob"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Blob:
    """What is known of one blob: `size` is the length of the plaintext in bytes, `note` says what is odd."""

    state: BlobState
    size: int | None = None
    note: str = ""


class BlobFolder:
    """A backup folder seen as blobs: `ab/ab12…`, the flat `ab12…` of some tools, and `Snapshot/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._places = [
            place for place in (folder, folder / SNAPSHOT) if place.is_dir() and not place.is_symlink()
        ]

    def path(self, file_id: str) -> Path | None:
        """Where the blob lies, None when it is not there or is no ordinary file."""
        if not valid_file_id(file_id):
            return None
        for place in self._places:
            for candidate in (place / file_id[:2] / file_id, place / file_id):
                try:
                    if stat.S_ISREG(candidate.lstat().st_mode) and not candidate.parent.is_symlink():
                        return candidate
                except OSError:
                    continue
        return None

    def open(self, file_id: str) -> BinaryIO:
        """Open a blob for reading; raises BlobMissingError or UnreadableFileError. Links are not followed."""
        path = self.path(file_id)
        if path is None:
            raise BlobMissingError("The manifest lists this file, but its blob is not in the backup folder.")
        try:
            flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            return os.fdopen(os.open(path, flags), "rb")
        except OSError as error:
            raise UnreadableFileError(f"The system refuses to read the blob ({error.strerror}).") from error

    def list(self) -> Iterator[tuple[str, Path]]:
        """File ID and path of every blob in the folder, each once."""
        seen: set[str] = set()
        for place in self._places:
            for name, path in self._candidates(place):
                if name not in seen:
                    seen.add(name)
                    yield name, path
                if len(seen) >= limits.BLOB_FILES:
                    return

    def _candidates(self, place: Path) -> Iterator[tuple[str, Path]]:
        for item in _scan(place):
            if item.name in _TWO_LETTERS and item.is_dir(follow_symlinks=False):
                for blob in _scan(Path(item.path)):
                    if valid_file_id(blob.name) and blob.is_file(follow_symlinks=False):
                        yield blob.name, Path(blob.path)
            elif valid_file_id(item.name) and item.is_file(follow_symlinks=False):
                yield item.name, Path(item.path)


def _scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as items:
            yield from sorted(items, key=lambda item: item.name)
    except OSError:
        return
