"""Keys and ciphers: class keys to file keys, blobs to plaintext, by OpenSSL (docs/decisions/0003-ciphers.md)."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from recovery import limits
from recovery.errors import BlobDamagedError

BLOCK = 16
"""Bytes of one AES block; every deciphered blob is padded to a multiple of it."""
TAIL = 3 * BLOCK - 1
"""Bytes at the end of a stored blob that hold its last two whole blocks, wherever it was cut."""
WRAPPED_BYTES = 40
"""Bytes of a wrapped 32-byte key (RFC 3394)."""
_STORED_KEY = struct.Struct(f"<L{WRAPPED_BYTES}s")
_ZEROS = bytes(BLOCK)
# Bytes up to which taking blocks one by one is faster than starting a cipher that chains them (measured: 1,500).
_FEW = 1_024


class Passphrase:
    """The backup passphrase; it has no string form, so that it cannot reach a log or a message."""

    __slots__ = ("_secret",)

    def __init__(self, text: str) -> None:
        self._secret = text

    def __repr__(self) -> str:
        return "Passphrase(hidden)"

    __str__ = __repr__

    def reveal(self) -> bytes:
        """The secret itself as UTF-8, for key derivation only.

        Bytes of the environment that are no UTF-8 come back as they were; no text raises, because the error
        would hold the secret.
        """
        return _encoded(self._secret)

    def forms(self) -> Iterator[bytes]:
        """The secret as given, then in the other forms in which the same passphrase may have been typed.

        An accent is one character or two, depending on the keyboard; Windows' `echo` leaves a blank at the end.
        """
        forms = (self._secret, *(unicodedata.normalize(form, self._secret) for form in ("NFC", "NFD")))
        blankless = (form.rstrip(" ") for form in forms)
        yield from dict.fromkeys(_encoded(form) for form in (*forms, *blankless) if form)


def _encoded(text: str) -> bytes:
    with contextlib.suppress(UnicodeEncodeError):
        return text.encode("utf-8", "surrogateescape")
    return text.encode("utf-8", "surrogatepass")


class WrappedKey(NamedTuple):
    """A file key as the manifest stores it: the number of its protection class and 40 wrapped bytes."""

    protection_class: int
    data: bytes

    def __repr__(self) -> str:
        return f"WrappedKey(protection_class={self.protection_class})"

    @classmethod
    def from_bytes(cls, data: bytes) -> WrappedKey | None:
        """Read the 44 stored bytes, class number first (little-endian); None for any other length."""
        return cls._make(_STORED_KEY.unpack(data)) if len(data) == _STORED_KEY.size else None

    def stored(self) -> bytes:
        """The bytes that `from_bytes` reads."""
        return _STORED_KEY.pack(*self)


class KeyBag:
    """The unlocked class keys of one backup; never printed."""

    __slots__ = ("_classes", "damaged_classes")

    def __init__(self, classes: dict[int, bytes], damaged_classes: tuple[int, ...] = ()) -> None:
        self._classes = classes
        self.damaged_classes = damaged_classes

    def __repr__(self) -> str:
        return "KeyBag(hidden)"

    def opens_none(self, keys: Iterable[WrappedKey]) -> bool:
        """Whether not one of the keys opens, of those whose class the bag has: they belong to another backup."""
        tried = False
        for key in keys:
            if key.protection_class in self._classes:
                tried = True
                with contextlib.suppress(BlobDamagedError):
                    self.unwrap(key)
                    return False
        return tried

    def unwrap(self, key: WrappedKey) -> bytes:
        """The 32-byte key of one file; raises BlobDamagedError when its class or its bytes do not fit."""
        class_key = self._classes.get(key.protection_class)
        if class_key is None:
            raise BlobDamagedError(f"The key bag holds no key for protection class {key.protection_class}.")
        try:
            return aes_key_unwrap(class_key, key.data)  # a fiftieth of the other library's time
        except (InvalidUnwrap, ValueError) as error:
            raise BlobDamagedError("The key of this file is damaged.") from error


class DecipheredBlob(io.RawIOBase):
    """A blob read as plaintext from any position: AES-256-CBC with a zero initial vector.

    Padding decides the length. Where the padding is wrong the blob is damaged: `intact` is False and the
    whole blocks that are there are given, nothing cut. The blob itself is never held in memory.
    `raw` should read nothing ahead: each piece is asked for once, as long as it is wanted.
    """

    def __init__(self, raw: BinaryIO, key: bytes) -> None:
        super().__init__()
        self._raw = raw
        self._key = key
        self._blocks = BlockCipher(key)
        self._position = 0
        stored = raw.seek(0, os.SEEK_END)
        raw.seek(max(0, stored - TAIL))
        self.size, self.intact = self._blocks.measure(stored, raw.read(TAIL))

    def _decipher(self, start: int, length: int) -> bytes:
        """Plaintext of whole blocks; CBC needs only the cipher block before them."""
        before = BLOCK if start else 0
        stored = self._stored(start - before, length + before)
        if len(stored) % BLOCK or len(stored) < before:
            raise OSError("the blob changed while it was read")
        if not before:
            stored = _ZEROS + stored
        if length > _FEW:
            context = Cipher(algorithms.AES(self._key), modes.CBC(stored[:BLOCK])).decryptor()
            return context.update(memoryview(stored)[BLOCK:])
        return self._blocks.decipher(stored)

    def _stored(self, start: int, length: int) -> bytes:
        self._raw.seek(start)
        stored = self._raw.read(length)
        while len(stored) < length and (more := self._raw.read(length - len(stored))):
            stored += more
        return stored

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        position = self._position
        wanted = min(len(buffer), self.size - position, limits.CIPHER_CHUNK_BYTES)
        if wanted <= 0:
            return 0
        skipped = position % BLOCK
        plain = self._decipher(position - skipped, -(-(skipped + wanted) // BLOCK) * BLOCK)
        part = plain[skipped : skipped + wanted]
        buffer[: len(part)] = part
        self._position = position + len(part)
        return len(part)

    def pieces(self) -> Iterator[memoryview]:
        """The whole plaintext in one pass, each piece valid only until the next is asked for.

        Raises OSError, also when the blob changes meanwhile.
        """
        cipher = SequentialCipher(self._key)
        buffer = memoryview(bytearray(limits.COPY_CHUNK_BYTES))
        given = 0
        self._raw.seek(0)
        while length := self._raw.readinto(buffer):  # type: ignore[attr-defined]
            plain = cipher.update(buffer[:length])
            given += len(plain)
            yield plain
        last = cipher.finish()[0]
        if given + len(last) != self.size:
            raise OSError("the blob changed while it was copied")
        yield memoryview(last)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_CUR:
            offset += self._position
        elif whence == os.SEEK_END:
            offset += self.size
        self._position = max(0, offset)
        return self._position

    def close(self) -> None:
        self._raw.close()
        super().close()


class BlockCipher:
    """Deciphers small pieces of one blob: what CBC does, without the start of a cipher for each of them.

    That start costs more than all the rest of a small piece.
    """

    __slots__ = ("_blocks",)

    def __init__(self, key: bytes) -> None:
        self._blocks = Cipher(algorithms.AES(key), modes.ECB()).decryptor()

    def decipher(self, stored: bytes) -> bytes:
        """Plaintext of whole blocks; the first of them is only the one before, zeros at the start of the blob."""
        plain = self._blocks.update(stored[BLOCK:])
        mixed = int.from_bytes(plain, "little") ^ int.from_bytes(stored[:-BLOCK], "little")
        return mixed.to_bytes(len(plain), "little")

    def decipher_start(self, stored: bytes) -> bytes:
        """Plaintext of the whole blocks at the start of a blob; the last of all holds the padding too."""
        return self.decipher(_ZEROS + stored[: len(stored) // BLOCK * BLOCK])

    def measure(self, stored: int, tail: bytes) -> tuple[int, bool]:
        """Length of the plaintext of a blob of `stored` bytes, and whether its padding is whole.

        `tail` is the last `TAIL` bytes of the blob as stored, all of a shorter one; raises OSError for any other.
        """
        if len(tail) != min(stored, TAIL):
            raise OSError("the blob changed while it was read")
        odd = stored % BLOCK
        blocks = stored - odd
        if not blocks:
            return 0, stored == 0
        end = len(tail) - odd
        vector = tail[end - 2 * BLOCK : end - BLOCK] if blocks > BLOCK else _ZEROS
        padding = _padding(self.decipher(vector + tail[end - BLOCK : end]))
        intact = not odd and padding > 0
        return (blocks - padding if intact else blocks), intact


def _padding(block: bytes) -> int:
    """Length of valid PKCS#7 padding at the end of the last block, 0 when it is not valid."""
    length = block[-1]
    return length if 1 <= length <= BLOCK and block.endswith(bytes([length]) * length) else 0


class SequentialCipher:
    """Deciphers one blob from front to back in a single pass; the last block waits until the end is known.

    It works in one buffer of its own: fresh memory for each piece costs several times what deciphering does.
    """

    def __init__(self, key: bytes, most: int = limits.COPY_CHUNK_BYTES) -> None:
        self._context = Cipher(algorithms.AES(key), modes.CBC(_ZEROS)).decryptor()
        # The block that waits, then what is deciphered behind it; OpenSSL asks for room for one block more.
        self._plain = memoryview(bytearray(most + 3 * BLOCK))
        self._most = most
        self._last = self._plain[:0]
        self._waits = False
        self._stored = 0

    def update(self, stored: bytes | memoryview) -> memoryview:
        """The next plaintext, of at most `most` stored bytes; the view holds until the next call.

        Gives less than it takes, the rest comes with `finish`.
        """
        if len(stored) > self._most:
            raise ValueError("more bytes at once than the buffer takes")
        self._stored += len(stored)
        begin = 0 if self._waits else BLOCK
        if self._waits:
            self._plain[:BLOCK] = bytes(self._last)
        end = BLOCK + self._context.update_into(stored, self._plain[BLOCK:])
        self._waits = end - begin >= BLOCK
        if not self._waits:
            return self._plain[:0]
        self._last = self._plain[end - BLOCK : end]
        return self._plain[begin : end - BLOCK]

    def finish(self) -> tuple[bytes, bool]:
        """The last plaintext, and whether the blob was whole; as in `DecipheredBlob`, else nothing is cut."""
        held = bytes(self._last) if self._waits else b""
        padding = _padding(held) if held else 0
        intact = self._stored == 0 or (self._stored % BLOCK == 0 and padding > 0)
        return (held[: len(held) - padding] if intact else held), intact
