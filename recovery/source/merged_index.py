"""Two lists of one backup as one: an interrupted backup has its own list beside that of the finished one."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from recovery.errors import BlobMissingError
from recovery.source.manifest import ManifestEntry, ManifestIndex, file_id
from recovery.source.stored_files import Fit, StoredFiles


def _unchanged(newer: ManifestEntry, older: ManifestEntry) -> bool:
    """Whether both lists speak of the same version of a file."""
    return (newer.size, newer.last_modified) == (older.size, older.last_modified)


class MergedIndex:
    """Each file as the newer list tells it, where its bytes are there, else as the older one does.

    What only the older list names counts where it is still there: the newer backup was to leave it out, so that it
    is not missing.
    """

    def __init__(self, newer: ManifestIndex, older: ManifestIndex, files: StoredFiles) -> None:
        self._newer = newer
        self._older = older
        self._files = files

    def lookup(self, domain: str, relative_path: str) -> ManifestEntry | None:
        """The entry of one path; None when neither list has it."""
        return self.with_id(file_id(domain, relative_path))

    def with_id(self, file_id: str) -> ManifestEntry | None:
        """The entry of one file ID; None when neither list has it."""
        newer, older = self._newer.with_id(file_id), self._older.with_id(file_id)
        if newer is not None:
            return self._better(newer, older)
        return older if older is not None and self._files.blobs.stored(file_id) else None

    def _better(self, newer: ManifestEntry, older: ManifestEntry | None) -> ManifestEntry:
        """The entry that the bytes fit: a file that did not arrive any more is still there as it was before."""
        if older is None or self._files.arrived(newer):
            return newer
        new, old = self._files.fit(newer), self._files.fit(older)
        if new != old:
            return newer if new > old else older
        return newer if _unchanged(newer, older) or new <= Fit.BROKEN else older

    def log_of(self, entry: ManifestEntry, suffix: str) -> ManifestEntry | None:
        """The log of a database, of the list that its main file is of: one of another moment would ruin it.

        Raises BlobMissingError where the newer list has one that did not arrive.
        """
        newer, older = self._newer.with_id(entry.file_id), self._older.with_id(entry.file_id)
        if newer is None or (entry == older and not _unchanged(newer, older)):
            return self._older.log_of(entry, suffix)
        log = self._newer.log_of(entry, suffix)
        if log is None:
            return None
        found = self.with_id(log.file_id)
        if found is None or not (found == log or _unchanged(log, found)) or self._files.fit(found) <= Fit.BROKEN:
            raise BlobMissingError("It had not arrived when the backup was interrupted.")
        return found

    def entries(self, domain: str, prefix: str = "") -> Iterator[ManifestEntry]:
        """Entries of one domain whose path begins with `prefix`, in the order of their paths."""
        newer = (
            self._better(entry, self._older.with_id(entry.file_id)) for entry in self._newer.entries(domain, prefix)
        )
        older = (entry for entry in self._older.entries(domain, prefix) if self._left(entry.file_id))
        yield from heapq.merge(newer, older, key=lambda entry: (entry.relative_path, entry.file_id))

    def paths(self, domain: str, prefix: str) -> Iterator[str]:
        """Paths of one domain that begin with `prefix`, in their order."""
        return (entry.relative_path for entry in self.entries(domain, prefix))

    def file_ids(self) -> Iterator[str]:
        """File ID of every file."""
        yield from self._newer.file_ids()
        yield from filter(self._left, self._older.file_ids())

    def file_rows(self) -> Iterator[tuple[str, str, str]]:
        """File ID, domain and path of every file."""
        yield from self._newer.file_rows()
        yield from (row for row in self._older.file_rows() if self._left(row[0]))

    def count(self) -> int:
        """Number of entries: those of the newer list, and files that only the older one has."""
        return self._newer.count() + sum(1 for name in self._older.file_ids() if self._left(name))

    def _left(self, file_id: str) -> bool:
        """Whether a file of the older list is there and the newer one leaves it out."""
        return bool(self._files.blobs.stored(file_id)) and not self._newer.lists(file_id)
