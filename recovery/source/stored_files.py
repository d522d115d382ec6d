"""Blobs and their keys: each entry of a list with the bytes that belong to it, wherever they lie in the backup."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import IntEnum
from typing import BinaryIO, NamedTuple

from recovery import limits
from recovery.errors import BlobDamagedError, BlobMissingError, UnreadableFileError
from recovery.refusals import refused
from recovery.source import reading
from recovery.source.blobs import BlobFolder, StoredBlob, opened
from recovery.source.file_keys import TAIL, BlockCipher, KeyBag
from recovery.source.manifest import EntryKind, ManifestEntry

NO_BLOB = "The manifest lists this file, but its blob is not in the backup folder."


class Fit(IntEnum):
    """How well the stored bytes fit an entry, the best last."""

    ABSENT = 0
    BROKEN = 1
    """Cut short, or not to be deciphered with the entry's key."""
    WHOLE = 2
    """Whole, of another length than the entry states: normal for files that were in use."""
    EXACT = 3


class Measured(NamedTuple):
    """Length of the plaintext in bytes, whether its end is whole, and its first bytes."""

    size: int
    intact: bool
    head: bytes


class StoredFiles:
    """The blobs of a backup and the keys of its lists, by whether a list is that of Snapshot."""

    def __init__(self, blobs: BlobFolder, keys: Mapping[bool, KeyBag | None]) -> None:
        self.blobs = blobs
        self._keys = keys

    @property
    def damaged_classes(self) -> tuple[int, ...]:
        """Protection classes whose key is damaged in the key bag of a list."""
        return tuple(sorted({number for keys in self._keys.values() if keys for number in keys.damaged_classes}))

    def enciphered(self, entry: ManifestEntry) -> bool:
        """Whether the files of the entry's list are encrypted."""
        return self._keys[entry.in_snapshot] is not None

    def stored(self, entry: ManifestEntry, buffering: int) -> tuple[BinaryIO, bytes | None]:
        """The blob as it is stored, and the key of its file: None where the blob is plaintext.

        Raises BlobMissingError or UnreadableFileError.
        """
        number, _, key = self._descriptor(entry, self._chosen(entry))
        return opened(number, buffering), key

    def measure(self, entry: ManifestEntry) -> Measured:
        """Length and ends of the plaintext; raises as `stored` does."""
        return self._measure(entry, self._chosen(entry))

    def fit(self, entry: ManifestEntry) -> Fit:
        """How well the bytes that are there fit the entry."""
        try:
            return self._fit(entry, self._chosen(entry))
        except BlobMissingError:
            return Fit.ABSENT
        except UnreadableFileError:
            return Fit.BROKEN

    def arrived(self, entry: ManifestEntry) -> bool:
        """Whether the blob lies whole where the entry's own list keeps its files."""
        try:
            own = [blob for blob in self.blobs.stored(entry.file_id) if blob.in_snapshot == entry.in_snapshot]
        except UnreadableFileError:
            return False
        return bool(own) and self._fit(entry, own[0]) > Fit.BROKEN

    def _chosen(self, entry: ManifestEntry) -> StoredBlob:
        """Of several blobs of that name the entry's own, unless it is broken and another one fits."""
        if entry.kind is not EntryKind.FILE:
            raise UnreadableFileError(f"The manifest lists a {entry.kind} here, which has no content.")
        found = self.blobs.stored(entry.file_id)
        if not found:
            raise BlobMissingError(NO_BLOB)
        if len(found) == 1:
            return found[0]
        found.sort(key=lambda blob: blob.in_snapshot != entry.in_snapshot)
        return next((blob for blob in found if self._fit(entry, blob) > Fit.BROKEN), found[0])

    def _fit(self, entry: ManifestEntry, blob: StoredBlob) -> Fit:
        try:
            size, intact, _ = self._measure(entry, blob)
        except UnreadableFileError:
            return Fit.BROKEN
        if not intact or self.cut_short(entry, size):
            return Fit.BROKEN
        return Fit.EXACT if size == entry.size else Fit.WHOLE

    def cut_short(self, entry: ManifestEntry, size: int) -> bool:
        """Whether a plain blob has lost its end: it has no padding to judge by, only the length of its record."""
        return not self.enciphered(entry) and entry.size is not None and size < entry.size

    def _measure(self, entry: ManifestEntry, blob: StoredBlob) -> Measured:
        # Without a file object: making one takes as long as reading both ends, and there are many blobs.
        number, stored, key = self._descriptor(entry, blob)
        try:
            head = os.read(number, limits.CONTENT_HEAD_BYTES)
            if key is None:
                return Measured(stored, True, head)
            os.lseek(number, max(0, stored - TAIL), os.SEEK_SET)
            blocks = BlockCipher(key)
            size, intact = blocks.measure(stored, os.read(number, TAIL))
            return Measured(size, intact, blocks.decipher_start(head)[:size])
        except OSError as error:
            raise refused(error) from error
        finally:
            os.close(number)

    def _descriptor(self, entry: ManifestEntry, blob: StoredBlob) -> tuple[int, int, bytes | None]:
        """The number of the open blob, its size as stored, and the key of its file, as in `stored`."""
        size = blob.state.st_size
        try:
            number = reading.open_descriptor(blob.path)
        except OSError as error:
            raise refused(error) from error
        try:
            return number, size, self._file_key(entry, size)
        except UnreadableFileError:
            os.close(number)
            raise

    def _file_key(self, entry: ManifestEntry, stored: int) -> bytes | None:
        keys = self._keys[entry.in_snapshot]
        if keys is None:
            return None
        if entry.wrapped_key is not None:
            return keys.unwrap(entry.wrapped_key)
        # Rows of zero bytes carry no key; anything else without one cannot be deciphered by anybody.
        if stored == 0:
            return None
        raise BlobDamagedError(
            f"The manifest's record holds no key for this file{f': {entry.problem}' if entry.problem else ''}."
        )
