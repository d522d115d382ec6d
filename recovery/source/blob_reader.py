"""One pass through a blob: its plaintext in chunks, while the bytes as stored are hashed and counted."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO

from recovery import limits
from recovery.source.file_keys import SequentialCipher


class BlobReader:
    """A blob read once from front to back; use as a context manager.

    After `views` is exhausted `source_size` (bytes), `source_sha256` and `sha256` (hexadecimal; of
    the bytes as stored and of the plaintext) and `damage` (a phrase, empty for a whole blob) are final. When
    the system refuses to read on, `refusal` is its error, and the others describe what was read.
    """

    def __init__(self, raw: BinaryIO, key: bytes | None, least: int | None = None) -> None:
        """`least` is the length that a plain blob must have to be whole."""
        self._raw = raw
        self._number = _number(raw)
        self._most = _chunk_bytes(self._number)
        self.plain = self._number if key is None else None
        """The open file that holds the plaintext as it is, None for an encrypted blob."""
        self._cipher = SequentialCipher(key, self._most) if key is not None else None
        self._least = least
        self._plain = hashlib.sha256()
        # A plain blob is its own plaintext, so one hash serves for both.
        self._stored = self._plain if self._cipher is None else hashlib.sha256()
        self.source_size = 0
        self.size = 0
        self.damage = ""
        self.refusal: OSError | None = None

    def __enter__(self) -> BlobReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()

    def let_go(self) -> None:
        """Tell the system that the blob will not be asked for again."""
        if self._number is not None:
            let_go(self._number)

    @property
    def sha256(self) -> str:
        """Of the plaintext given so far."""
        return self._plain.hexdigest()

    @property
    def source_sha256(self) -> str:
        """Of the bytes as they are stored."""
        return self._stored.hexdigest()

    def views(self) -> Iterator[memoryview]:
        """The plaintext, each piece valid only until the next is asked for.

        Never raises for a blob that is cut or cannot be read to its end: `damage` and `refusal` tell.
        """
        buffer = memoryview(bytearray(self._most))
        while True:
            try:
                length = self._raw.readinto(buffer)  # type: ignore[attr-defined]
            except OSError as error:
                self.refusal = error
                break
            if not length:
                break
            self.source_size += length
            yield from self._given(self._decipher(buffer[:length]))
        yield from self._given(memoryview(self._last()))

    def _decipher(self, stored: memoryview) -> memoryview:
        if self._cipher is None:
            return stored
        self._stored.update(stored)
        return self._cipher.update(stored)

    def _last(self) -> bytes:
        if self._cipher is None:
            if self.refusal is None and self._least is not None and self.size < self._least:
                self.damage = f"the manifest says {self._least} bytes, the blob holds {self.size}"
            return b""
        plain, intact = self._cipher.finish()
        if not intact and self.refusal is None:
            self.damage = "the encrypted blob ends early or its padding is wrong"
        return plain

    def _given(self, plain: memoryview) -> Iterator[memoryview]:
        if plain:
            self._plain.update(plain)
            self.size += len(plain)
            yield plain


def let_go(number: int, offset: int = 0) -> None:
    """Tell the system that bytes of an open file, from `offset` on, will not be asked for again.

    Linux begins to write those that are not on the disk, and drops the others from its cache. Nothing is waited
    for; where a system takes no such advice, nothing happens.
    """
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):
            os.posix_fadvise(number, offset, 0, os.POSIX_FADV_DONTNEED)


def _number(raw: BinaryIO) -> int | None:
    try:
        return raw.fileno()
    except OSError:  # no file of the system
        return None


def _chunk_bytes(number: int | None) -> int:
    """Small blobs, and there are many, get small buffers: making large ones would cost more than all the rest."""
    if number is None:
        return limits.COPY_CHUNK_BYTES
    return min(limits.COPY_CHUNK_BYTES, os.fstat(number).st_size + 1)
