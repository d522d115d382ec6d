"""What is never written to: the backups of this run, and whatever else looks like a backup."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from recovery.errors import OutputError
from recovery.source import reading
from recovery.source.blobs import SNAPSHOT
from recovery.source.locate import is_backup

_ADVICE = "Choose a place outside every backup."
_Inode = tuple[int, int]  # device and number: links, mounts and letter case cannot deceive


class Evidence:
    """The backups of a run, known by the inodes of their folders and files; they are never changed."""

    def __init__(self, *backups: Path) -> None:
        self._backups = backups
        self._clear: set[_Inode] = set()

    def refuse_folder(self, folder: Path) -> None:
        """Raise OutputError for a folder that is or lies in a backup, be it one of another run."""
        real = Path(os.path.realpath(folder))
        for place in (real, *real.parents):
            with suppress(OSError):
                self.refuse_state(place, place.stat())

    def refuse_state(self, folder: Path, state: os.stat_result) -> None:
        """As `refuse_folder`, for a folder above which everything was looked at before. Raises OSError too."""
        inode = _inode(state)
        if inode in self._clear:
            return
        if inode in self._folders or is_backup(folder):
            raise OutputError(
                f"The output lies inside the backup {folder}, and nothing is ever written there.", _ADVICE
            )
        self._clear.add(inode)

    def refuse_parent(self, folder: Path) -> None:
        """Raise OutputError for a folder that holds one of the backups."""
        for backup in self._backups:
            if any(_same(folder, parent) for parent in Path(os.path.realpath(backup)).parents):
                raise OutputError(f"The backup {backup} lies inside the output folder.", _ADVICE)

    def holds(self, state: os.stat_result) -> bool:
        """Whether a file is one of a backup's; for the rare one that is open already or has several names."""
        return stat.S_ISREG(state.st_mode) and _inode(state) in self._files

    @cached_property
    def _folders(self) -> frozenset[_Inode]:
        """The backups and their folders of blobs, each of which could be mounted elsewhere."""
        tops = [place for backup in self._backups for place in (backup, backup / SNAPSHOT)]
        return frozenset(_inode(state) for top in tops for _, state in _walk(top, levels=1))

    @cached_property
    def _files(self) -> frozenset[_Inode]:
        found: set[_Inode] = set()
        for backup in self._backups:
            for folder, state in _walk(backup):
                with suppress(OSError), reading.listed(folder) as items:
                    found.update((state.st_dev, item.inode()) for item in items)
        return frozenset(found)


def _inode(state: os.stat_result) -> _Inode:
    return state.st_dev, state.st_ino


def _same(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except OSError:
        return False


def _walk(folder: Path, levels: int | None = None) -> Iterator[tuple[Path, os.stat_result]]:
    """A folder and those below it, at most so many levels down; links are not followed."""
    inside: list[str] = []
    try:
        yield folder, folder.stat()
        if levels != 0:
            with reading.listed(folder) as items:
                inside = [item.name for item in items if item.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for name in inside:
        yield from _walk(folder / name, None if levels is None else levels - 1)
