"""Passphrases, key bags and ciphers: published vectors, a key bag written out, and every way it can go wrong."""

from __future__ import annotations

import hashlib
import inspect
import io
import json
import struct
import traceback
from pathlib import Path

import pytest
from Crypto.Cipher import AES
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from hypothesis import given
from hypothesis import strategies as st
from iphone_backup_decrypt import exceptions as foreign
from iphone_backup_decrypt import utils

from recovery.errors import (
    BlobDamagedError,
    DamagedBackupError,
    PassphraseWrongError,
    RecoveryError,
    UnsafeBackupError,
)
from recovery.source import key_bag
from recovery.source.file_keys import (
    BLOCK,
    TAIL,
    BlockCipher,
    DecipheredBlob,
    KeyBag,
    Passphrase,
    SequentialCipher,
    WrappedKey,
)
from recovery.source.key_bag import unlock

FILE_KEY = bytes(range(32))
PASSPHRASE = "crème brûlée 🍮"


def tlv(tag: bytes, value: int | bytes) -> bytes:
    """One field of a key bag: tag, length (u32, big-endian), value."""
    data = struct.pack(">I", value) if isinstance(value, int) else value
    return tag + struct.pack(">I", len(data)) + data


# A key bag as Manifest.plist holds it, written out. The passphrase is PASSPHRASE in UTF-8; the two class keys are
# 32 times 0x11 and 32 times 0x22. PBKDF2-SHA256(passphrase, DPSL, DPIC), then PBKDF2-SHA1(that, SALT, ITER) wraps
# them (RFC 3394).
WRITTEN_OUT = bytes.fromhex(
    "56455253 00000004 00000003"  # VERS 3
    "54595045 00000004 00000001"  # TYPE 1: a backup
    "55554944 00000010 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"  # UUID of the bag
    "484d434b 00000028" + "00" * 40 +  # HMCK, not used
    "57524150 00000004 00000000"  # WRAP 0 of the bag
    "53414c54 00000014 202122232425262728292a2b2c2d2e2f30313233"  # SALT
    "49544552 00000004 00000002"  # ITER 2
    "44505754 00000004 00000001"  # DPWT 1
    "44504943 00000004 00000003"  # DPIC 3
    "4450534c 00000014 404142434445464748494a4b4c4d4e4f50515253"  # DPSL
    "55554944 00000010 b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"  # UUID of the first class key
    "434c4153 00000004 00000003"  # CLAS 3
    "57524150 00000004 00000002"  # WRAP 2: with the passphrase
    "4b545950 00000004 00000000"  # KTYP 0
    "57504b59 00000028 f7e50f925dff8db0e65f0775b7dcfc8b34b19346b1c31524c570e3c1def85e07f1d72664d79a4d51"
    "55554944 00000010 c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"  # UUID of the second class key
    "434c4153 00000004 00000004"  # CLAS 4
    "57524150 00000004 00000002"  # WRAP 2
    "4b545950 00000004 00000000"  # KTYP 0
    "57504b59 00000028 67dc7be3e5199193afc768b4119b363621888399bb4128d9afd499f3472f0c5dc0a832fe051b7e01"
)  # fmt: skip
# FILE_KEY wrapped with the class key of 32 times 0x11.
WRAPPED_FILE_KEY = bytes.fromhex("046db2ef540d467ac15ec4e3a6416a413c313b1afeced7c69c28a52ac1001da7db492b8cf86563dd")


def replaced(old: bytes, new: bytes) -> bytes:
    """The key bag with one piece exchanged."""
    assert WRITTEN_OUT.count(old) == 1
    return WRITTEN_OUT.replace(old, new)


# --- key bags -------------------------------------------------------------------------------------------------


def test_a_key_bag_written_out_byte_by_byte_opens() -> None:
    """The passphrase, accents and all, opens the bag, and the bag opens a file key."""
    bag = unlock(WRITTEN_OUT, Passphrase(PASSPHRASE))
    assert bag.unwrap(WrappedKey(3, WRAPPED_FILE_KEY)) == FILE_KEY
    assert bag.damaged_classes == ()


def test_the_wrapped_key_of_a_file_names_its_class_first() -> None:
    """44 bytes: the class as u32 little-endian, then 40 wrapped bytes; any other length is no key."""
    stored = b"\x03\x00\x00\x00" + WRAPPED_FILE_KEY
    assert WrappedKey.from_bytes(stored) == WrappedKey(3, WRAPPED_FILE_KEY)
    assert WrappedKey.from_bytes(stored[:-1]) is None
    assert WrappedKey.from_bytes(b"") is None


@pytest.mark.parametrize("wrong", ["creme brulee", " " + PASSPHRASE, PASSPHRASE.upper(), "", "x" * 1000, "\udce9"])
def test_a_wrong_passphrase_is_told_as_that(wrong: str) -> None:
    """Any other text is refused as a wrong passphrase, not as damage."""
    with pytest.raises(PassphraseWrongError) as caught:
        unlock(WRITTEN_OUT, Passphrase(wrong))
    assert "passcode" in caught.value.hint


def test_bytes_of_the_environment_that_are_no_utf8_come_back_as_they_were() -> None:
    """A passphrase in Latin-1 reaches the key derivation as its own bytes."""
    assert Passphrase(b"caf\xe9".decode("utf-8", "surrogateescape")).reveal() == b"caf\xe9"
    assert Passphrase("caf\u00e9").reveal() == b"caf\xc3\xa9"


def test_one_damaged_class_key_leaves_the_others() -> None:
    """A class key with a flipped bit, or cut short, is named; the other class still opens its files."""
    second = bytes.fromhex("67dc7be3e5199193afc768b4119b363621888399bb4128d9afd499f3472f0c5dc0a832fe051b7e01")
    flipped = replaced(second, second[:-1] + b"\x00")
    for damaged in (flipped, WRITTEN_OUT[:-7]):
        bag = unlock(damaged, Passphrase(PASSPHRASE))
        assert bag.damaged_classes == (4,)
        assert bag.unwrap(WrappedKey(3, WRAPPED_FILE_KEY)) == FILE_KEY
        with pytest.raises(BlobDamagedError, match="protection class 4"):
            bag.unwrap(WrappedKey(4, WRAPPED_FILE_KEY))


def test_a_file_key_that_does_not_fit_is_a_damaged_blob() -> None:
    """A flipped bit in the wrapped key of one file concerns that file only."""
    bag = unlock(WRITTEN_OUT, Passphrase(PASSPHRASE))
    with pytest.raises(BlobDamagedError):
        bag.unwrap(WrappedKey(3, WRAPPED_FILE_KEY[:-1] + b"\x00"))
    with pytest.raises(BlobDamagedError):
        bag.unwrap(WrappedKey(3, b""))


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\x00" * 200,
        b"VERS",
        WRITTEN_OUT[:180],
        WRITTEN_OUT.replace(b"SALT", b"SALX"),
        WRITTEN_OUT.replace(b"ITER", b"ITEX"),
        WRITTEN_OUT.replace(b"WPKY", b"WPKX"),
        WRITTEN_OUT.replace(b"CLAS", b"CLAX"),
        WRITTEN_OUT.replace(tlv(b"DPSL", bytes(range(0x40, 0x54))), tlv(b"DPSL", 7)),
    ],
    ids=["empty", "zeros", "cut in a field", "cut before the keys", "salt", "rounds", "keys", "classes", "number"],
)
def test_a_damaged_key_bag_is_not_blamed_on_the_passphrase(damaged: bytes) -> None:
    """Missing pieces are damage, told apart from a wrong passphrase."""
    with pytest.raises(DamagedBackupError) as caught:
        unlock(damaged, Passphrase(PASSPHRASE))
    assert "the passphrase is not the problem" in caught.value.hint


@pytest.mark.parametrize("rounds", [0, 2**31, 2**32 - 1])
@pytest.mark.parametrize("field", [(b"DPIC", 3), (b"ITER", 2)], ids=["DPIC", "ITER"])
def test_absurd_rounds_are_refused_before_they_cost_anything(field: tuple[bytes, int], rounds: int) -> None:
    """Two billion rounds would take minutes: such a bag is refused as unsafe, new layout and old."""
    tag, real = field
    with pytest.raises(UnsafeBackupError, match="absurd"):
        unlock(replaced(tlv(tag, real), tlv(tag, rounds)), Passphrase(PASSPHRASE))
    if tag == b"ITER":
        older = replaced(tlv(b"DPIC", 3), b"").replace(tlv(tag, real), tlv(tag, rounds))
        with pytest.raises(UnsafeBackupError, match="absurd"):
            unlock(older, Passphrase(PASSPHRASE))


def published(shared: Path) -> list[dict[str, str]]:
    """The published vectors."""
    found: list[dict[str, str]] = json.loads((shared / "keybags" / "itunes_backup_vectors.json").read_text())
    return found


def bag_of(vector: dict[str, str]) -> bytes:
    """A key bag around the one class key of a vector."""
    _, _, wrapped, rounds, salt, dpic, dpsl = vector["hash"].split("*")
    head = tlv(b"VERS", 3) + tlv(b"TYPE", 1) + tlv(b"UUID", b"\0" * 16) + tlv(b"WRAP", 0)
    head += tlv(b"SALT", bytes.fromhex(salt)) + tlv(b"ITER", int(rounds))
    if dpic:
        head += tlv(b"DPWT", 1) + tlv(b"DPIC", int(dpic)) + tlv(b"DPSL", bytes.fromhex(dpsl))
    key = tlv(b"CLAS", 11) + tlv(b"WRAP", 2) + tlv(b"KTYP", 0) + tlv(b"WPKY", bytes.fromhex(wrapped))
    return head + tlv(b"UUID", b"\1" * 16) + key


@pytest.mark.parametrize("number", range(7))
def test_a_published_vector_opens_with_its_password_only(shared: Path, number: int) -> None:
    """The class key is the published one: it opens a file key that another library wrapped with it."""
    vector = published(shared)[number]
    class_key = bytes.fromhex(vector["unwrapped_class_key_hex"])
    bag = unlock(bag_of(vector), Passphrase(vector["password"]))
    assert bag.unwrap(WrappedKey(11, aes_key_wrap(class_key, FILE_KEY))) == FILE_KEY
    if vector["dpic"] != "10000000":  # ten million rounds cost a second each time
        with pytest.raises(PassphraseWrongError):
            unlock(bag_of(vector), Passphrase(vector["password"] + "x"))


def test_there_are_seven_vectors_old_and_new(shared: Path) -> None:
    """Without the first derivation as before iOS 10.2, with a thousand rounds of it, and with ten million."""
    assert sorted(str(vector["dpic"]) for vector in published(shared)) == [
        "1000", "1000", "1000", "10000000", "None", "None", "None",
    ]  # fmt: skip


# --- secrets --------------------------------------------------------------------------------------------------


def everything_said(error: BaseException) -> str:
    """All text that an exception, its causes and their contents can give."""
    said = [*traceback.format_exception(error)]
    inner: BaseException | None = error
    while inner is not None:
        said += [str(inner), repr(inner), repr(inner.args), repr(vars(inner))]
        inner = inner.__cause__ or inner.__context__
    return "".join(said)


@pytest.mark.parametrize("bag", [WRITTEN_OUT, b"", replaced(tlv(b"ITER", 2), tlv(b"ITER", 2**31))])
@pytest.mark.parametrize("secret", ["hunter2-hunter2", "hunter2-\ud800", "hunter2-\udce9"])
def test_no_error_holds_the_passphrase(bag: bytes, secret: str) -> None:
    """Neither the error nor what caused it carries the passphrase, not even one that is no valid text."""
    with pytest.raises(RecoveryError) as caught:
        unlock(bag, Passphrase(secret))
    assert "hunter2" not in everything_said(caught.value)


def test_secrets_have_no_string_form() -> None:
    """Passphrase, key bag and wrapped keys print without what they hold, and a passphrase has no attributes."""
    secret, bag = Passphrase("hunter2"), KeyBag({3: b"\x11" * 32})
    for text in (str(secret), repr(secret), f"{secret}", repr([secret]), repr(bag), str(bag)):
        assert "hunter2" not in text
        assert "11" not in text
    wrapped = WrappedKey(3, WRAPPED_FILE_KEY)
    for text in (str(wrapped), repr(wrapped), f"{wrapped}", repr([wrapped])):
        assert "data" not in text
        assert repr(WRAPPED_FILE_KEY)[4:12] not in text
    assert not hasattr(secret, "__dict__")


LIBRARY_ERRORS = [kind for _, kind in inspect.getmembers(foreign, inspect.isclass) if issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", LIBRARY_ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_of_the_decryption_library_ends_as_ours(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of its own exceptions the library raises while unlocking, ours comes out."""

    def fail(*_: object) -> None:
        raise kind("from the library")

    monkeypatch.setattr(utils.BackupKeyBag, "unlock_with_passphrase", fail)
    with pytest.raises(RecoveryError) as caught:
        unlock(WRITTEN_OUT, Passphrase(PASSPHRASE))
    meant = {foreign.UnsafeBackupError: UnsafeBackupError, foreign.IncorrectPassphraseError: PassphraseWrongError}
    assert type(caught.value) is meant.get(kind, DamagedBackupError)


def test_the_library_has_the_errors_we_know() -> None:
    """A new version with another exception class asks for another look at the map."""
    assert {kind.__name__ for kind in LIBRARY_ERRORS} == {
        "BackupKeyBagNotUnlockedError",
        "BackupNotEncryptedError",
        "IncorrectPassphraseError",
        "NotABackupFolderError",
        "UnsafeBackupError",
    }


# --- ciphers --------------------------------------------------------------------------------------------------


def encrypted(plain: bytes, key: bytes = FILE_KEY) -> bytes:
    """AES-256-CBC with a zero vector and PKCS#7 padding, by another library than the one that deciphers."""
    missing = BLOCK - len(plain) % BLOCK
    return AES.new(key, AES.MODE_CBC, bytes(BLOCK)).encrypt(plain + bytes([missing]) * missing)


def deciphered(stored: bytes, key: bytes = FILE_KEY) -> DecipheredBlob:
    """The blob of these stored bytes."""
    return DecipheredBlob(io.BytesIO(stored), key)


def in_one_pass(stored: bytes, steps: int) -> tuple[bytes, bool]:
    """The same through the sequential cipher, in pieces of some bytes."""
    cipher = SequentialCipher(FILE_KEY)
    given_out = b"".join(bytes(cipher.update(stored[at : at + steps])) for at in range(0, len(stored), steps))
    last, intact = cipher.finish()
    return given_out + last, intact


@given(
    st.binary(max_size=300),
    st.lists(st.tuples(st.integers(0, 330), st.integers(0, 100)), max_size=8),
    st.integers(1, 64),
)
def test_any_slice_of_a_blob_is_the_slice_of_its_plaintext(
    plain: bytes, reads: list[tuple[int, int]], steps: int
) -> None:
    """After any seek, what is read is the plaintext from there; in one pass it is the whole plaintext."""
    blob = deciphered(encrypted(plain))
    assert (blob.size, blob.intact) == (len(plain), True)
    for start, length in reads:
        assert blob.seek(start) == start
        assert blob.read(length) == plain[start : start + length]
    blob.seek(0)
    assert blob.readall() == plain
    assert in_one_pass(encrypted(plain), steps) == (plain, True)


@given(
    st.integers(0, 6_000),
    st.lists(st.tuples(st.integers(0, 6_100), st.integers(0, 3_000)), max_size=12),
    st.sampled_from([16, 64, 1_000, 8_192]),
)
def test_small_and_large_pieces_are_slices_of_one_plaintext(
    length: int, reads: list[tuple[int, int]], ahead: int
) -> None:
    """Blocks taken one by one and blocks chained by the cipher are the same, with anything read ahead."""
    plain = hashlib.shake_128(b"pieces").digest(length)
    raw = deciphered(encrypted(plain))
    with io.BufferedReader(deciphered(encrypted(plain)), ahead) as buffered:
        for start, wanted in reads:
            raw.seek(start)
            buffered.seek(start)
            assert raw.read(wanted) == buffered.read(wanted) == plain[start : start + wanted]


@given(st.binary(max_size=200), st.integers(0, 60))
def test_a_copy_is_what_is_read(plain: bytes, cut: int) -> None:
    """Whole, cut or empty: what is written is what reading gives, from wherever the blob was read before."""
    stored = encrypted(plain)
    blob = deciphered(stored[: max(0, len(stored) - cut)])
    whole = blob.readall()
    assert b"".join(map(bytes, blob.pieces())) == whole


def test_a_blob_that_changes_while_it_is_copied_is_an_error_of_the_system() -> None:
    """A copy that is shorter or longer than the blob was is never taken for it."""
    for size in (32, 40, 200):
        raw = io.BytesIO(encrypted(b"A" * 100))
        blob = DecipheredBlob(raw, FILE_KEY)
        raw.truncate(size)
        raw.seek(0, io.SEEK_END)
        raw.write(bytes(size - raw.tell()))
        with pytest.raises(OSError, match="changed"):
            list(blob.pieces())


@given(st.binary(max_size=70), st.integers(0, 60))
def test_the_end_of_a_blob_tells_its_length(plain: bytes, cut: int) -> None:
    """The last 47 bytes as stored are enough; any other number of them shows that the blob changed."""
    stored = encrypted(plain)
    stored = stored[: max(0, len(stored) - cut)]
    blob = deciphered(stored)
    assert BlockCipher(FILE_KEY).measure(len(stored), stored[-TAIL:]) == (len(blob.readall()), blob.intact)
    with pytest.raises(OSError, match="changed"):
        BlockCipher(FILE_KEY).measure(len(stored) + 1, stored[-TAIL:][1:])


@given(st.binary(min_size=1, max_size=200), st.data(), st.integers(1, 64))
def test_a_cut_blob_gives_what_is_left_and_says_so(plain: bytes, data: st.DataObject, steps: int) -> None:
    """A blob cut anywhere but at a lucky block gives whole blocks of the true plaintext and is not intact."""
    stored = encrypted(plain)
    cut = stored[: data.draw(st.integers(1, len(stored) - 1), label="kept")]
    blob = deciphered(cut)
    whole = blob.readall()
    if not blob.intact:
        assert blob.size == len(whole) == len(cut) // BLOCK * BLOCK
        assert plain.startswith(whole)
    else:  # the last whole block happens to end as padding does
        assert len(cut) % BLOCK == 0
    sequential, intact = in_one_pass(cut, steps)
    assert intact is blob.intact
    assert sequential == whole


@given(st.binary(max_size=200), st.integers(1, 64))
def test_garbage_is_read_without_an_error(stored: bytes, steps: int) -> None:
    """Bytes that were never encrypted give something as long as whole blocks, by both ways the same."""
    blob = deciphered(stored)
    assert in_one_pass(stored, steps) == (blob.readall(), blob.intact)


@pytest.mark.parametrize(
    ("last_block", "size"),
    [
        (b"A" * 15 + b"\x01", 15),
        (b"A" * 8 + b"\x08" * 8, 8),
        (b"\x10" * 16, 0),
        (b"A" * 15 + b"\x00", None),
        (b"A" * 15 + b"\x11", None),
        (b"A" * 14 + b"\x01\x02", None),
        (b"A" * 16, None),
    ],
)
def test_padding_decides_the_length(last_block: bytes, size: int | None) -> None:
    """Valid PKCS#7 padding is cut off; anything else is damage, and nothing is cut."""
    stored = AES.new(FILE_KEY, AES.MODE_CBC, bytes(BLOCK)).encrypt(b"B" * BLOCK + last_block)
    blob = deciphered(stored)
    if size is None:
        assert (blob.intact, blob.size, blob.readall()) == (False, 32, b"B" * BLOCK + last_block)
    else:
        assert (blob.intact, blob.size, blob.readall()) == (True, 16 + size, b"B" * BLOCK + last_block[:size])


def test_an_empty_blob_is_an_empty_file() -> None:
    """No bytes are no damage: zero-byte files are stored so."""
    blob = deciphered(b"")
    assert (blob.intact, blob.size, blob.readall()) == (True, 0, b"")
    assert in_one_pass(b"", 1) == (b"", True)


def test_a_blob_larger_than_one_step_is_read_whole() -> None:
    """Several steps of the cipher join without a seam."""
    plain = hashlib.shake_128(b"large").digest(3 * 1024 * 1024 + 5)
    with deciphered(encrypted(plain)) as blob:
        assert blob.readall() == plain
        blob.seek(-7, io.SEEK_END)
        assert blob.read() == plain[-7:]
        blob.seek(-3, io.SEEK_CUR)
        assert blob.tell() == len(plain) - 3


def test_a_blob_that_shrinks_while_it_is_read_is_an_error_of_the_system() -> None:
    """Bytes that vanish under the reader raise OSError, which becomes an unreadable file."""
    raw = io.BytesIO(encrypted(b"A" * 100))
    blob = DecipheredBlob(raw, FILE_KEY)
    raw.truncate(40)
    blob.seek(30)
    with pytest.raises(OSError, match="changed"):
        blob.read(50)


def test_the_other_library_gives_the_same_bytes(tmp_path: Path) -> None:
    """iphone-backup-decrypt, deciphering a file of the same bytes, writes the same plaintext."""
    plain = hashlib.shake_128(b"same").digest(100_003)
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(encrypted(plain))
    utils.aes_decrypt_chunked(in_filename=str(source), key=FILE_KEY, out_filepath=str(target))
    with deciphered(source.read_bytes()) as blob:
        assert blob.readall() == target.read_bytes() == plain


def test_only_one_module_sees_the_decryption_library() -> None:
    """The door to iphone-backup-decrypt is recovery/source/key_bag.py and no other."""
    root = Path(key_bag.__file__).parents[1]
    seen = {path.name for path in root.rglob("*.py") if "iphone_backup_decrypt" in path.read_text("utf-8")}
    assert seen == {"key_bag.py"}
