"""Unfinished files: written under a name nobody looks for, flushed together, gone unless they get their own."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

from recovery.output import NewFile, OutputDirectory
from recovery.source.blob_reader import let_go

if sys.platform == "linux":
    import fcntl

_FICLONE = 0x40049409  # linux/fs.h, _IOW(0x94, 9, int)
# After so much of a large file its way to the disk is begun, while the next is read: else the disk would idle
# until the file's end, and then be waited for.
_PIECE_BYTES = 8 * 1024 * 1024


class FilePart(NewFile):
    """An unfinished file of an extraction, which is on its way to the disk while it is written."""

    def __init__(self, directory: OutputDirectory) -> None:
        """Raises OSError."""
        super().__init__(directory)
        self._written = self._begun = 0
        self.refused: OSError | None = None
        """Why its bytes may not be on the disk."""

    def write(self, data: bytes | memoryview) -> None:
        """Append all of it. Raises OSError."""
        view = memoryview(data)
        self._written += len(view)
        while view:
            view = view[self.stream.write(view) :]
        if self._written - self._begun >= _PIECE_BYTES:
            self.begin()

    def begin(self) -> None:
        """Begin to write to the disk what is not on its way yet, and wait for nothing."""
        let_go(self.stream.fileno(), self._begun)
        self._begun = self._written

    def share(self, source: int) -> bool:
        """Take all bytes of an open file by sharing its blocks, which costs nothing; False where that cannot be.

        Btrfs and XFS can, between files of one disk. Neither file notices when the other is changed.
        """
        if sys.platform != "linux":
            return False
        try:
            fcntl.ioctl(self.stream.fileno(), _FICLONE, source)
        except OSError:
            return False
        return True


def flush(parts: Sequence[FilePart], journal: int, *, lets_go: bool = False) -> None:
    """Wait until the bytes of all, and of an open journal, are on the disk.

    A part that the system refuses has its word in `refused`; a line of the journal that a power cut takes costs
    only time. The writing of all is begun before the first is waited for, and none gets its name in between: a
    file system that keeps a journal of its own then writes it once for many files. With `lets_go` the system need
    not keep them in its cache.
    """
    for part in parts:
        part.begin()
    let_go(journal)
    for part in parts:
        try:
            os.fsync(part.stream.fileno())
        except OSError as error:
            part.refused = error
        if lets_go:
            let_go(part.stream.fileno())
    with contextlib.suppress(OSError):
        os.fsync(journal)
