"""Whether a backup is encrypted is decided by its bytes: yes, no, or unknown."""

from __future__ import annotations

import gzip
import json
import plistlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import BackupBuilder
from recovery.errors import DamagedBackupError, PassphraseMissingError
from recovery.source.blobs import BlobFolder
from recovery.source.encryption import blob_is_encrypted, blobs_are_encrypted, looks_random
from tests.scanning import PASSPHRASE, scan, view_of
from tests.talking import say

PLAIN_BLOB = "00" + "0" * 38
"""The first blob of a folder: one that is looked at in any case."""


def library() -> BackupBuilder:
    """A FaceTime photo, and enough photos beside it for a majority."""
    builder = BackupBuilder().with_live_photo("IMG_0001")
    for number in range(2, 12):
        builder.with_photo(f"IMG_{number:04d}", width=64, height=48)
    return builder


def photo_ids() -> list[str]:
    """File IDs of all originals."""
    return [file.file_id for asset in library().assets for file in asset.files if file.role != "thumbnail"]


def plant(folder: Path, content: bytes, name: str = PLAIN_BLOB) -> None:
    """Put a blob into a backup that its list does not name."""
    (folder / name[:2]).mkdir(exist_ok=True)
    (folder / name[:2] / name).write_bytes(content)


def change_manifest(folder: Path, **values: object) -> None:
    """Change keys of Manifest.plist; None removes one."""
    path = folder / "Manifest.plist"
    manifest = plistlib.loads(path.read_bytes()) | values
    path.write_bytes(plistlib.dumps({key: value for key, value in manifest.items() if value is not None}))


def clear_manifest(folder: Path) -> None:
    """Put the plain Manifest.db in place of the encrypted one, as some tools do."""
    with view_of(folder, PASSPHRASE) as view:
        data = view.index._database.path.read_bytes()  # type: ignore[attr-defined]
    (folder / "Manifest.db").write_bytes(data)


@given(st.integers(64, 4096), st.integers(0, 2**32))
def test_random_bytes_look_random(length: int, seed: int) -> None:
    """At any length that can tell."""
    assert looks_random(random.Random(seed).randbytes(length))


@pytest.mark.parametrize(
    "data",
    [bytes(4096), b"x" * 100, b"The quick brown fox jumps over the lazy dog. " * 30, bytes(range(64)) * 64],
    ids=["zeros", "one letter", "text", "six bits"],
)
def test_other_bytes_do_not_look_random(data: bytes) -> None:
    """Zeros, text and anything that leaves values out."""
    assert not looks_random(data)


def test_one_blob_tells_or_does_not() -> None:
    """Signatures and text are plain; whole cipher blocks of noise are encrypted; the rest is open."""
    noise = random.Random(3).randbytes(1024)
    assert blob_is_encrypted(b"\xff\xd8\xff" + noise, 1600) is False
    assert blob_is_encrypted(b"words and words " * 10, 160) is False
    assert blob_is_encrypted(noise, 1600) is True
    assert blob_is_encrypted(noise, 1601) is False  # ciphertext is whole blocks
    assert blob_is_encrypted(noise[:32], 32) is None
    assert blob_is_encrypted(bytes(1024), 1600) is None
    assert blob_is_encrypted(b"", 0) is None


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])
def test_a_backup_is_known_by_its_blobs(tmp_path: Path, passphrase: str | None) -> None:
    """Without any list; one blob of the other kind among them does not decide."""
    folder = library().build(tmp_path, passphrase)
    plant(folder, b"\xff\xd8\xff\xe0 a plain picture" if passphrase else random.Random(4).randbytes(4096))
    assert blobs_are_encrypted(BlobFolder(folder)) is (passphrase is not None)


def test_compressed_files_do_not_make_a_backup_encrypted(tmp_path: Path) -> None:
    """Noise without a signature is plain by its lengths, which are those that come."""
    lengths = random.Random(5)
    for number in range(128):
        data = gzip.compress(lengths.randbytes(lengths.randrange(3000, 5000)))[10:]
        plant(tmp_path, data, f"{number:02x}" + "1" * 38)
    assert blobs_are_encrypted(BlobFolder(tmp_path)) is False


def test_nothing_to_look_at_is_unknown(tmp_path: Path) -> None:
    """An empty folder, and one with too little."""
    assert blobs_are_encrypted(BlobFolder(tmp_path)) is None
    plant(tmp_path, random.Random(6).randbytes(64))
    assert blobs_are_encrypted(BlobFolder(tmp_path)) is None


@pytest.mark.parametrize("lost", ["Manifest.plist", "Manifest.plist and Manifest.db"])
def test_one_plain_blob_does_not_make_ciphertext_plain(
    tmp_path: Path, untouched: Callable[[Path], None], lost: str
) -> None:
    """An encrypted backup whose lists are lost is refused, and no ciphertext is written as a photo."""
    folder = library().build(tmp_path / "backups", PASSPHRASE)
    plant(folder, b"\xff\xd8\xff\xe0 a plain picture")
    for name in lost.split(" and "):
        (folder / name).unlink()
    untouched(folder)
    for line in (("scan", folder), ("extract", folder, tmp_path / "out", "--all")):
        said = say(*line)
        assert said.code == 1 and said.err.startswith("Error: ") and "What to do: " in said.err
    assert not (tmp_path / "out").exists()


def test_a_clear_list_of_encrypted_files_asks_for_the_passphrase(tmp_path: Path) -> None:
    """Some tools decrypt Manifest.db alone; the keys in it still open every file."""
    folder = library().build(tmp_path, PASSPHRASE)
    clear_manifest(folder)
    with pytest.raises(PassphraseMissingError):
        scan(folder)
    found = scan(folder, PASSPHRASE)
    assert (found.backup.encrypted, found.totals.complete) == (True, 11)


def test_a_clear_list_without_a_key_bag_is_refused(tmp_path: Path) -> None:
    """The files are encrypted, and what could open them is lost."""
    folder = library().build(tmp_path, PASSPHRASE)
    clear_manifest(folder)
    (folder / "Manifest.plist").unlink()
    with pytest.raises(DamagedBackupError, match="no key bag"):
        scan(folder)


def test_a_decrypted_copy_is_plain(tmp_path: Path) -> None:
    """Whatever Manifest.plist still says: keys in the list, a key bag, and plain files."""
    folder = library().build(tmp_path / "plain")
    twin = library().build(tmp_path / "twin", PASSPHRASE)
    (folder / "Manifest.plist").write_bytes((twin / "Manifest.plist").read_bytes())
    found = scan(folder)
    assert (found.backup.encrypted, found.totals.complete) == (False, 11)


def test_a_wrong_flag_does_not_make_ciphertext_plain(tmp_path: Path) -> None:
    """A Manifest.plist of another backup says that nothing is encrypted."""
    folder = library().build(tmp_path, PASSPHRASE)
    clear_manifest(folder)
    change_manifest(folder, IsEncrypted=False, BackupKeyBag=None, ManifestKey=None)
    with pytest.raises(DamagedBackupError, match="encrypted"):
        scan(folder)


def test_a_plain_backup_with_a_key_bag_is_plain(tmp_path: Path) -> None:
    """Some carry one; also where the list of files is lost."""
    bag = plistlib.loads((library().build(tmp_path / "a", PASSPHRASE) / "Manifest.plist").read_bytes())
    folder = library().build(tmp_path / "b")
    change_manifest(folder, BackupKeyBag=bag["BackupKeyBag"])
    assert scan(folder).backup.encrypted is False
    (folder / "Manifest.db").write_bytes(b"\x93" * 4096)
    found = scan(folder)
    assert (found.backup.encrypted, found.totals.complete) == (False, 11)


def test_undecided_is_unknown_and_ciphertext_is_never_whole(tmp_path: Path, untouched: Callable[[Path], None]) -> None:
    """Half of the files are ciphertext, and no list says anything: unknown, and each file by its own bytes."""
    folder = library().build(tmp_path / "plain")
    twin = library().build(tmp_path / "twin", PASSPHRASE)
    scrambled = [name for number, name in enumerate(sorted(photo_ids())) if number % 3]
    for name in scrambled:
        (folder / name[:2] / name).write_bytes((twin / name[:2] / name).read_bytes())
    for name in ("Manifest.plist", "Manifest.db"):
        (folder / name).unlink()
    untouched(folder)
    assert blobs_are_encrypted(BlobFolder(folder)) is None

    said = say("scan", folder, "-v")
    assert said.code == 3 and "  Encrypted   unknown" in said.out
    assert "whether the backup is encrypted (Manifest.plist)" in said.out
    document = json.loads(say("scan", folder, "--json").out)
    assert document["backup"]["encrypted"] is None
    states = {item["file_id"]: item for asset in document["assets"] for item in asset["files"]}
    assert {states[name]["state"] for name in scrambled} == {"damaged"}
    assert all("as random as encrypted ones" in states[name]["note"] for name in scrambled)
    assert {states[name]["state"] for name in photo_ids() if name not in scrambled} == {"present"}
    assert "encrypted or not: unknown" in say("diagnose", folder).out

    out = tmp_path / "out"
    assert say("extract", folder, out, "--all").code == 3
    record = json.loads((out / "run.json").read_bytes())
    assert record["backup"]["encrypted"] is None
    written = {file["file_id"]: file["state"] for file in record["files"]}
    assert {written[name] for name in scrambled} == {"damaged"}
    assert say("verify", out, folder).code == 0


def test_an_unneeded_passphrase_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a plain backup that it is plain; where it is unknown, that it was not used."""
    monkeypatch.setenv("RECOVER_FACETIME_PASSPHRASE", "secret")
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path)
    assert "this backup is not encrypted" in say("scan", folder).err
    for path in folder.glob("??/*"):
        path.unlink()
    (folder / "Manifest.plist").unlink()
    said = say("scan", folder)
    assert said.code == 3 and "is not known; the passphrase was not used" in said.err


def foreign_manifest(folder: Path, tmp_path: Path) -> None:
    """Put the Manifest.plist of another backup with the same passphrase beside the list."""
    other = library().with_keys_of("another").build(tmp_path / "other", PASSPHRASE)
    (folder / "Manifest.plist").write_bytes((other / "Manifest.plist").read_bytes())


@pytest.mark.parametrize("cleared", [False, True], ids=["encrypted list", "decrypted list"])
def test_keys_of_another_backup_are_told_as_that(
    tmp_path: Path, untouched: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch, cleared: bool
) -> None:
    """The passphrase opens the key bag, and none of its keys opens anything: neither is damaged or wrong."""
    folder = library().build(tmp_path / "backups", PASSPHRASE)
    if cleared:
        clear_manifest(folder)
    foreign_manifest(folder, tmp_path)
    untouched(folder)
    monkeypatch.setenv("RECOVER_FACETIME_PASSPHRASE", PASSPHRASE)
    for command in (("scan",), ("diagnose",), ("timeline",), ("extract", tmp_path / "out")):
        said = say(command[0], folder, *command[1:])
        assert said.code == 1 and said.err.startswith(
            "Error: Manifest.plist and Manifest.db belong to two different backups"
        )
        assert "Traceback" not in said.err and PASSPHRASE not in said.all


def test_a_list_damaged_at_its_start_is_not_called_another_backups(tmp_path: Path) -> None:
    """The rest of it deciphers to pages of a database."""
    folder = library().build(tmp_path, PASSPHRASE)
    path = folder / "Manifest.db"
    path.write_bytes(random.Random(1).randbytes(4096) + path.read_bytes()[4096:])
    try:
        assert scan(folder, PASSPHRASE).totals.complete >= 0
    except DamagedBackupError as error:
        assert "two different" not in str(error)


@pytest.mark.parametrize(("data", "says"), [(b"", "is empty (0 bytes)"), (bytes(8192), "holds zeros")])
def test_an_empty_list_is_told_before_a_passphrase_is_asked_for(
    tmp_path: Path, untouched: Callable[[Path], None], data: bytes, says: str
) -> None:
    """No passphrase could help: each file's key stood in the list."""
    folder = library().build(tmp_path, PASSPHRASE)
    (folder / "Manifest.db").write_bytes(data)
    untouched(folder)
    for command in ("scan", "diagnose", "timeline"):
        said = say(command, folder)
        assert said.code == 1 and says in said.err.splitlines()[0] and "passphrase" not in said.err
        assert "each file's key" in said.err


def test_every_command_calls_it_encrypted_by_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Manifest.plist says: the list of backups, the scan and the diagnosis agree."""
    decrypted = library().build(tmp_path / "a")
    change_manifest(decrypted, IsEncrypted=True)
    cleared = library().build(tmp_path / "b", PASSPHRASE)
    clear_manifest(cleared)
    change_manifest(cleared, IsEncrypted=False)
    monkeypatch.setenv("RECOVER_FACETIME_PASSPHRASE", PASSPHRASE)
    for folder, encrypted in ((decrypted, False), (cleared, True)):
        (listed,) = json.loads(say("backups", folder.parent, "--json").out)["backups"]
        assert listed["encrypted"] is encrypted
        assert json.loads(say("scan", folder, "--json").out)["backup"]["encrypted"] is encrypted
        assert ("not encrypted" in say("diagnose", folder).out) is not encrypted
        assert ("this backup is not encrypted" in say("timeline", folder).err) is not encrypted


def test_a_wrong_flag_does_not_hide_what_the_passphrase_opens(tmp_path: Path) -> None:
    """Manifest.plist says that nothing is encrypted and carries the key bag; list and files are ciphertext."""
    folder = library().build(tmp_path, PASSPHRASE)
    change_manifest(folder, IsEncrypted=False)
    with pytest.raises(PassphraseMissingError):
        scan(folder)
    found = scan(folder, PASSPHRASE)
    assert (found.backup.encrypted, found.totals.complete) == (True, 11)
