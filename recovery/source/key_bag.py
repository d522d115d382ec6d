"""The one door to iphone-backup-decrypt: passphrase and key bag to the class keys.

Key bag parsing, unwrapping of class keys and the bounds on derivation rounds are its own. It is loaded for
encrypted backups only: that takes longer than all of a small plain scan.
"""

from __future__ import annotations

import hashlib
import struct

from iphone_backup_decrypt import exceptions as foreign
from iphone_backup_decrypt import utils

from recovery import limits
from recovery.errors import DamagedBackupError, PassphraseWrongError, UnsafeBackupError
from recovery.progress import SILENT, Progress
from recovery.source.file_keys import WRAPPED_BYTES, KeyBag, Passphrase
from recovery.source.waiting import in_thread

_WRAPPED_WITH_PASSPHRASE = 2


def unlock(key_bag: bytes, passphrase: Passphrase, progress: Progress = SILENT) -> KeyBag:
    """Open `BackupKeyBag` of Manifest.plist; `progress` hears that it goes on, and may raise to stop.

    Raises PassphraseWrongError, DamagedBackupError or UnsafeBackupError.
    """
    for form in passphrase.forms():
        try:
            return _unlocked(key_bag, form, progress)
        except PassphraseWrongError:
            continue
    raise _wrong_passphrase()


def _unlocked(key_bag: bytes, secret: bytes, progress: Progress) -> KeyBag:
    """Open the key bag with one form of the passphrase."""
    try:
        locked = utils.BackupKeyBag(key_bag)
        key = in_thread(lambda: _derive(locked, secret), lambda: progress.advance(0))
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
    return _unwrap_classes(locked, key)


def _derive(locked: utils.BackupKeyBag, secret: bytes) -> bytes:
    """The key that wraps the class keys: two rounds since iOS 10.2, one before."""
    if b"DPIC" in locked.attrs:
        # The library derives, validating the number of rounds first; its own answer is not used, because
        # it gives up on a whole bag at the first class key that does not open. UTF-8 bytes, not text: as text
        # it would be encoded as Latin-1, and a passphrase with an accent be refused.
        locked.unlock_with_passphrase(secret)
        return bytes(locked.passphrase_key)
    rounds = locked.attrs[b"ITER"]
    if not 1 <= rounds <= limits.KEY_DERIVATION_ROUNDS_BEFORE_IOS_10_2:
        raise foreign.UnsafeBackupError("rounds")
    return hashlib.pbkdf2_hmac("sha1", secret, locked.attrs[b"SALT"], rounds, 32)


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
        "It is the passphrase set for encrypted backups in Finder or iTunes, not the Apple Account's password "
        "and not the phone's passcode; a phone restored from an older one keeps the older one's passphrase. If it "
        "is forgotten, a Mac may have it: search Keychain Access for “iOS Backup” or the device's name. Nothing "
        "else opens this backup. For a new backup, Reset All Settings on the phone (Settings > General > Transfer "
        "or Reset) removes the passphrase; then back up again.",
    )
