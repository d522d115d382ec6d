"""The blobs of a backup folder: which files named by a file ID are there, and how large they are."""

from __future__ import annotations

import os
import stat
from collections.abc import Container, Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple

from recovery import limits
from recovery.backup_marks import SNAPSHOT as SNAPSHOT
from recovery.filesystem import is_folder, is_symlink
from recovery.refusals import is_absent, refused
from recovery.source import reading
from recovery.source.manifest import valid_file_id

_TWO_LETTERS = frozenset(f"{number:02x}" for number in range(256))


class BlobState(StrEnum):
    """Whether the bytes of a manifest entry are there."""

    PRESENT = "present"
    MISSING = "missing_blob"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    """The system refuses to read it, which says nothing of its bytes."""


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
        self[folder] = own = not is_symlink(Path(folder))
        return own


class StoredBlob(NamedTuple):
    """A blob that is there: where, what the system says of it, and whether it lies in Snapshot."""

    path: str
    state: os.stat_result
    in_snapshot: bool


class BlobFolder:
    """A backup folder seen as blobs: `ab/ab12…`, the flat `ab12…` of some tools, and `Snapshot/`."""

    def __init__(self, folder: Path, *, with_snapshot: bool = True) -> None:
        self.folder = folder
        places = ((folder, False), (folder / SNAPSHOT, True))[: 1 + with_snapshot]
        self._places = [(str(place), inside) for place, inside in places if _may_hold_blobs(place)]
        self._folders = _Folders()
        self.refused: dict[str, OSError] = {}
        """By path the folders of blobs that the system refused to list, and what it said."""

    def stored(self, file_id: str) -> list[StoredBlob]:
        """The blobs of that name, at most one beside the list of the backup and one in Snapshot.

        What is no ordinary file is none. Raises BlobRefusedError where the system does not say whether one is there.
        """
        found: list[StoredBlob] = []
        refusal: OSError | None = None
        if not valid_file_id(file_id):
            return found
        for place, inside in self._places:
            for folder in (f"{place}{os.sep}{file_id[:2]}", place):
                path = f"{folder}{os.sep}{file_id}"
                try:
                    state = os.lstat(path)
                    if stat.S_ISREG(state.st_mode) and self._folders[folder]:
                        found.append(StoredBlob(path, state, inside))
                        break
                except OSError as error:
                    if not is_absent(error):
                        refusal = error
        if refusal is not None and not found:
            raise refused(refusal) from refusal
        return found

    def may_hold(self, file_id: str) -> bool:
        """Whether the blob may lie in a folder that the system refused to list."""
        folders = (folder for place, _ in self._places for folder in (place, f"{place}{os.sep}{file_id[:2]}"))
        return any(folder in self.refused for folder in folders)

    def names(self) -> set[str]:
        """File IDs of all blobs in the folder."""
        found: set[str] = set()
        for place, _ in self._places:
            folders, blobs = self._scan(place)
            found.update(blobs)
            for folder in folders:
                if len(found) >= limits.BLOB_FILES:
                    return found
                found.update(self._scan(f"{place}{os.sep}{folder}")[1])
        return found

    def _scan(self, folder: str) -> tuple[list[str], list[str]]:
        """Names of the folders of blobs and of the blobs in a folder, in any order; none where the system refuses."""
        folders: list[str] = []
        blobs: list[str] = []
        try:
            with reading.listed(folder) as items:
                for item in items:
                    if _is_blob(item):
                        blobs.append(item.name)
                    elif _is_blob_folder(item):
                        folders.append(item.name)
        except OSError as error:
            if not is_absent(error):
                self.refused[folder] = error
            return [], []
        return folders, blobs

    def list(self, only: Container[str] | None = None) -> Iterator[tuple[str, Path]]:
        """File ID and path of every blob in the folder, or of some, each once."""
        seen: set[str] = set()
        for place, _ in self._places:
            for name, path in self._candidates(place):
                if name not in seen and (only is None or name in only):
                    seen.add(name)
                    yield name, Path(path)
                if len(seen) >= limits.BLOB_FILES:
                    return

    def _candidates(self, place: str) -> Iterator[tuple[str, str]]:
        folders, blobs = self._scan(place)
        for name in sorted(folders + blobs):
            path = f"{place}{os.sep}{name}"
            if valid_file_id(name):
                yield name, path
            else:
                yield from ((blob, f"{path}{os.sep}{blob}") for blob in sorted(self._scan(path)[1]))


def opened(number: int, buffering: int = -1) -> BinaryIO:
    """The file object of an open blob, which then closes it; raises BlobRefusedError."""
    try:
        return os.fdopen(number, "rb", buffering)
    except OSError as error:
        os.close(number)
        raise refused(error) from error


def _may_hold_blobs(place: Path) -> bool:
    """Whether a folder lies there that is no link, or one that the system refuses: its blobs are not missing."""
    try:
        return is_folder(place, follow_links=False)
    except OSError:
        return True


def _is_blob_folder(item: os.DirEntry[str]) -> bool:
    return item.name in _TWO_LETTERS and item.is_dir(follow_symlinks=False)


def _is_blob(item: os.DirEntry[str]) -> bool:
    return valid_file_id(item.name) and item.is_file(follow_symlinks=False)
