"""The one door to the decryption libraries: passphrase to key bag, key bag to file keys, blobs to plaintext.

Key bag parsing, key unwrapping and the bounds on derivation rounds come from iphone-backup-decrypt; the bulk
cipher is OpenSSL's through `cryptography`, which is about ten times as fast (docs/decisions/0003-ciphers.md).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import struct
from dataclasses import dataclass, field
from typing import BinaryIO

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap
from iphone_backup_decrypt import exceptions as foreign
from iphone_backup_decrypt import utils

from recovery import limits
from recovery.errors import (
    BlobDamagedError,
    DamagedBackupError,
    PassphraseWrongError,
    UnsafeBackupError,
)

BLOCK = 16
"""Bytes of one AES block; every deciphered blob is padded to a multiple of it."""
WRAPPED_BYTES = 40
"""Bytes of a wrapped 32-byte key (RFC 3394)."""
_WRAPPED_WITH_PASSPHRASE = 2


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
        with contextlib.suppress(UnicodeEncodeError):
            return self._secret.encode("utf-8", "surrogateescape")
        return self._secret.encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A file key as the manifest stores it: the number of its protection class and 40 wrapped bytes."""

    protection_class: int
    data: bytes = field(repr=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> WrappedKey | None:
        """Read the 44 stored bytes, class number first (little-endian); None for any other length."""
        if len(data) != 4 + WRAPPED_BYTES:
            return None
        return cls(struct.unpack_from("<L", data)[0], data[4:])


class KeyBag:
    """The unlocked class keys of one backup; never printed."""

    __slots__ = ("_classes", "damaged_classes")

    def __init__(self, classes: dict[int, bytes], damaged_classes: tuple[int, ...] = ()) -> None:
        self._classes = classes
        self.damaged_classes = damaged_classes

    def __repr__(self) -> str:
        return "KeyBag(hidden)"

    def unwrap(self, key: WrappedKey) -> bytes:
        """The 32-byte key of one file; raises BlobDamagedError when its class or its bytes do not fit."""
        class_key = self._classes.get(key.protection_class)
        if class_key is None:
            raise BlobDamagedError(f"The key bag holds no key for protection class {key.protection_class}.")
        try:
            return aes_key_unwrap(class_key, key.data)  # as utils.aes_unwrap, in a fiftieth of its time
        except (InvalidUnwrap, ValueError) as error:
            raise BlobDamagedError("The key of this file is damaged.") from error


def unlock(key_bag: bytes, passphrase: Passphrase) -> KeyBag:
    """Open `BackupKeyBag` of Manifest.plist.

    Raises PassphraseWrongError, DamagedBackupError or UnsafeBackupError.
    """
    try:
        locked = utils.BackupKeyBag(key_bag)
        secret = _derive(locked, passphrase)
    except foreign.UnsafeBackupError as error:
        raise UnsafeBackupError(
            "The key bag asks for an absurd number of key derivation rounds.",
            "No real backup does; treat this folder as made to harm.",
        ) from error
    except foreign.IncorrectPassphraseError as error:
        raise _wrong_passphrase() from error
    except (ValueError, KeyError, TypeError, struct.error, foreign.NotABackupFolderError) as error:
        raise DamagedBackupError(
            "The key bag in Manifest.plist is damaged, so nothing in this encrypted backup can be unlocked.",
            "Use another backup of the device; the passphrase is not the problem.",
        ) from error
    return _unwrap_classes(locked, secret)


def _derive(locked: utils.BackupKeyBag, passphrase: Passphrase) -> bytes:
    """The key that wraps the class keys: two rounds since iOS 10.2, one before."""
    if b"DPIC" in locked.attrs:
        # The library derives, validating the number of rounds first; its own answer is not used, because
        # it gives up on a whole bag at the first class key that does not open. UTF-8 bytes, not text: as text
        # it would be encoded as Latin-1, and a passphrase with an accent be refused.
        locked.unlock_with_passphrase(passphrase.reveal())
        return bytes(locked.passphrase_key)
    rounds = locked.attrs[b"ITER"]
    if not 1 <= rounds <= limits.KEY_DERIVATION_ROUNDS_BEFORE_IOS_10_2:
        raise foreign.UnsafeBackupError("rounds")
    return hashlib.pbkdf2_hmac("sha1", passphrase.reveal(), locked.attrs[b"SALT"], rounds, 32)


def _unwrap_classes(locked: utils.BackupKeyBag, secret: bytes) -> KeyBag:
    classes: dict[int, bytes] = {}
    refused: list[int] = []
    cut: list[int] = []
    for number, described in locked.classes_data.items():
        wrap, wrapped = described.get(b"WRAP"), described.get(b"WPKY")
        if not isinstance(wrap, int) or not isinstance(wrapped, bytes) or not isinstance(number, int):
            continue
        if not wrap & _WRAPPED_WITH_PASSPHRASE:
            continue
        if len(wrapped) != WRAPPED_BYTES:
            cut.append(number)
            continue
        try:
            classes[number] = utils.aes_unwrap(key_encryption_key=secret, wrapped_key=wrapped)
        except ValueError:
            refused.append(number)
    if not classes and not refused:
        raise DamagedBackupError(
            "The key bag in Manifest.plist holds no key that a passphrase could open.",
            "Use another backup of the device; the passphrase is not the problem.",
        )
    if not classes:
        raise _wrong_passphrase()
    return KeyBag(classes, tuple(sorted(refused + cut)))


def _wrong_passphrase() -> PassphraseWrongError:
    return PassphraseWrongError(
        "This passphrase does not open the backup.",
        "It is the passphrase set for encrypted backups in Finder or iTunes, not the Apple ID password and "
        "not the phone's passcode; a phone restored from an older one keeps the older one's passphrase.",
    )


class DecipheredBlob(io.RawIOBase):
    """A blob read as plaintext from any position: AES-256-CBC with a zero initial vector.

    Padding decides the length. Where the padding is wrong the blob is damaged: `intact` is False and the
    whole blocks that are there are given, nothing cut. The blob itself is never held in memory.
    """

    def __init__(self, raw: BinaryIO, key: bytes) -> None:
        super().__init__()
        self._raw = raw
        self._key = key
        self._position = 0
        self.size, self.intact = measure(raw, key)

    def _decipher(self, start: int, length: int) -> bytes:
        """Plaintext of whole blocks; CBC needs only the cipher block before them."""
        self._raw.seek(max(0, start - BLOCK))
        vector = self._raw.read(BLOCK) if start else b"\x00" * BLOCK
        context = Cipher(algorithms.AES(self._key), modes.CBC(vector)).decryptor()
        return context.update(self._raw.read(length)) + context.finalize()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self.size - self._position, limits.CIPHER_CHUNK_BYTES)
        if wanted <= 0:
            return 0
        first = self._position - self._position % BLOCK
        last = -(-(self._position + wanted) // BLOCK) * BLOCK
        try:
            plain = self._decipher(first, last - first)
        except ValueError as error:  # the blob shrank while it was being read
            raise OSError("the blob changed while it was read") from error
        part = plain[self._position - first : self._position - first + wanted]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def close(self) -> None:
        self._raw.close()
        super().close()


def measure(raw: BinaryIO, key: bytes) -> tuple[int, bool]:
    """Length of the plaintext of a blob, and whether its padding is whole; reads the last two blocks only."""
    stored = raw.seek(0, os.SEEK_END)
    blocks = stored - stored % BLOCK
    if not blocks:
        return 0, stored == 0
    first = max(0, blocks - 2 * BLOCK)
    raw.seek(first)
    tail = raw.read(blocks - first)
    vector = tail[:BLOCK] if blocks > BLOCK else bytes(BLOCK)
    context = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    padding = _padding(context.update(tail[-BLOCK:]))
    intact = stored == blocks and padding > 0
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
        self._context = Cipher(algorithms.AES(key), modes.CBC(b"\x00" * BLOCK)).decryptor()
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
