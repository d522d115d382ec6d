"""The view: one way to see files of plain and encrypted backups, and every part that may be missing or cut."""

from __future__ import annotations

import hashlib
import os
import plistlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from iphone_backup_decrypt import EncryptedBackup

from fixtures import BackupBuilder
from recovery.errors import (
    BlobDamagedError,
    BlobMissingError,
    DamagedBackupError,
    PassphraseMissingError,
    PassphraseWrongError,
    UnreadableFileError,
)
from recovery.gap_codes import GapSubject
from recovery.source.backup_view import BackupView, open_backup
from recovery.source.blobs import BlobState
from recovery.source.file_keys import Passphrase
from recovery.workspace import Workspace
from tests.scanning import PASSPHRASE, named, scan, view_of

DOMAIN = "AppDomain-com.example"
CONTENT = hashlib.shake_128(b"content").digest(70_001)
TWINS = pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])


def builder() -> BackupBuilder:
    """A backup of four small files, without a photo."""
    made = BackupBuilder().with_file(DOMAIN, "whole", CONTENT).with_file(DOMAIN, "empty", b"")
    made.with_file(DOMAIN, "missing", CONTENT, blob=False).with_file(DOMAIN, "cut", CONTENT, truncated=True)
    return made.with_file(DOMAIN, "wrong size", CONTENT, stated_size=11)


def content(view: BackupView, path: str) -> bytes:
    """All bytes of one file."""
    entry = view.index.lookup(DOMAIN, path)
    assert entry is not None
    return view.read(entry, 1_000_000)


@TWINS
def test_files_are_read_as_if_never_encrypted(
    tmp_path: Path, passphrase: str | None, untouched: Callable[[Path], None]
) -> None:
    """Whole, empty and wrongly measured files give their bytes; the backup folder stays as it was."""
    backup = builder().build(tmp_path, passphrase)
    untouched(backup)
    with view_of(backup, passphrase) as view:
        assert view.encrypted is (passphrase is not None)
        assert content(view, "whole") == content(view, "wrong size") == CONTENT
        assert content(view, "empty") == b""
        entry = view.index.lookup(DOMAIN, "whole")
        assert entry is not None
        with view.open(entry) as stream:
            stream.seek(60_000)
            assert stream.read(100) == CONTENT[60_000:60_100]


@TWINS
def test_the_state_of_each_blob_is_told(tmp_path: Path, passphrase: str | None) -> None:
    """Present, missing and damaged; a wrong Size is only a note, and is never cut to."""
    backup = builder().build(tmp_path, passphrase)
    with view_of(backup, passphrase) as view:
        blobs = {entry.relative_path: view.examine(entry) for entry in view.index.entries(DOMAIN) if entry.name}
    states = {path: blob.state for path, blob in blobs.items() if path}
    assert states["whole"] == states["wrong size"] == states["empty"] == BlobState.PRESENT
    assert (states["missing"], states["cut"]) == (BlobState.MISSING, BlobState.DAMAGED)
    assert (blobs["whole"].size, blobs["whole"].note) == (70_001, "")
    assert (blobs["empty"].size, blobs["empty"].note) == (0, "")
    assert blobs["wrong size"].size == 70_001
    assert blobs["wrong size"].note == "the manifest says 11 bytes, the blob holds 70,001"


@TWINS
def test_a_missing_and_a_cut_blob_are_different_errors(tmp_path: Path, passphrase: str | None) -> None:
    """No blob is an error of its own; of a cut one everything that is left comes out."""
    backup = builder().build(tmp_path, passphrase)
    with view_of(backup, passphrase) as view:
        with pytest.raises(BlobMissingError):
            content(view, "missing")
        left = content(view, "cut")
    assert CONTENT.startswith(left)
    assert 34_000 < len(left) < 36_000


@TWINS
def test_one_pass_gives_bytes_hashes_and_damage(tmp_path: Path, passphrase: str | None) -> None:
    """Copying hashes what is stored and what comes out, and says when the blob was not whole."""
    backup = builder().build(tmp_path, passphrase)
    with view_of(backup, passphrase) as view:
        for path, whole in (("whole", True), ("wrong size", True), ("cut", False), ("empty", True)):
            entry = view.index.lookup(DOMAIN, path)
            assert entry is not None
            stored = (backup / entry.file_id[:2] / entry.file_id).read_bytes()
            with view.passage(entry) as passage:
                plain = b"".join(map(bytes, passage.views()))
            assert (passage.size, passage.sha256) == (len(plain), hashlib.sha256(plain).hexdigest())
            assert (passage.source_size, passage.source_sha256) == (
                len(stored),
                hashlib.sha256(stored).hexdigest(),
            )
            assert (passage.damage == "") is whole
            assert plain == content(view, path)


def test_the_library_behind_the_door_agrees(tmp_path: Path) -> None:
    """iphone-backup-decrypt, reading the same encrypted backup its own way, gives the same bytes."""
    backup = builder().build(tmp_path, PASSPHRASE)
    other = EncryptedBackup(backup_directory=str(backup), passphrase=PASSPHRASE.encode())
    with view_of(backup, PASSPHRASE) as view:
        assert other.extract_file_as_bytes("whole", domain_like=DOMAIN) == content(view, "whole")


def test_a_file_larger_than_any_of_its_kind_is_not_read(tmp_path: Path) -> None:
    """`read` has a limit; a folder has no content."""
    backup = builder().build(tmp_path)
    with view_of(backup) as view:
        entry = view.index.lookup(DOMAIN, "whole")
        folder = view.index.lookup(DOMAIN, "")
        assert entry is not None
        assert folder is not None
        with pytest.raises(UnreadableFileError, match="more than 70,000 bytes"):
            view.read(entry, 70_000)
        with pytest.raises(UnreadableFileError, match="folder"):
            view.read(folder, 70_000)


def test_a_blob_that_shrinks_while_it_is_examined_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end is looked for where it was; that it is not there any more is told, and nothing is guessed."""
    backup = builder().build(tmp_path, PASSPHRASE)
    with view_of(backup, PASSPHRASE) as view:
        entry = view.index.lookup(DOMAIN, "whole")
        assert entry is not None
        monkeypatch.setattr(os, "read", lambda number, length: b"")
        blob = view.examine(entry)
    assert (blob.state, blob.size) == (BlobState.DAMAGED, None)
    assert "the blob changed while it was read" in blob.note


def test_a_plain_backup_needs_no_decryption_library(tmp_path: Path) -> None:
    """It is loaded when a key bag is opened, and not before."""
    backup = builder().build(tmp_path)
    code = (
        "import sys; from pathlib import Path; from recovery.workspace import Workspace\n"
        "from recovery.source.backup_view import open_backup\n"
        "with Workspace() as w, open_backup(Path(sys.argv[1]), w) as view: print(view.index.count())\n"
        "print(sorted(set(sys.modules) & {'iphone_backup_decrypt', 'Crypto'}))"
    )
    command = [sys.executable, "-c", code, str(backup)]
    root = Path(__file__).parents[1]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout.split("\n")
    assert int(said[0]) > 0 and said[1] == "[]"


def test_a_row_without_a_key_is_damaged_only_if_it_has_content(tmp_path: Path) -> None:
    """Zero-byte rows carry no key and are whole; other bytes without a key can be deciphered by nobody."""
    made = builder()
    backup = made.build(tmp_path, PASSPHRASE)
    name = hashlib.sha1(f"{DOMAIN}-empty".encode()).hexdigest()
    assert (backup / name[:2] / name).read_bytes() == b""
    (backup / name[:2] / name).write_bytes(b"x" * 32)
    with view_of(backup, PASSPHRASE) as view:
        entry = view.index.lookup(DOMAIN, "empty")
        assert entry is not None
        with pytest.raises(BlobDamagedError, match="no key"):
            view.open(entry)
        assert view.examine(entry).state is BlobState.DAMAGED


# --- what may be missing around the files ---------------------------------------------------------------------


@TWINS
@pytest.mark.parametrize("missing", ["Info.plist", "Status.plist"])
def test_a_missing_plist_is_a_gap(tmp_path: Path, passphrase: str | None, missing: str) -> None:
    """Without Info.plist or Status.plist everything is read, and the gap names the file and what it hides."""
    backup = builder().with_screenshot("IMG_0001").build(tmp_path, passphrase)
    (backup / missing).unlink()
    found = scan(backup, passphrase)
    (gap,) = (gap for gap in found.gaps if gap.where == missing)
    assert gap.hides
    assert not gap.fault
    assert found.totals.assets == 1
    assert found.backup.udid == "00008110-000A1B2C3D4E801E"
    assert found.backup.device_name == "Ann’s iPhone"
    assert found.backup.complete is (None if missing == "Status.plist" else True)


@TWINS
@pytest.mark.parametrize("damage", [b"", b"no list", b"bplist00\xff\xff", b"<plist><array/></plist>"])
def test_a_damaged_plist_is_a_fault_and_stops_nothing(tmp_path: Path, passphrase: str | None, damage: bytes) -> None:
    """Garbage in Info.plist and Status.plist is told as a fault; everything else is read."""
    backup = builder().build(tmp_path, passphrase)
    for name in ("Info.plist", "Status.plist"):
        (backup / name).write_bytes(damage)
    with view_of(backup, passphrase) as view:
        assert {gap.where for gap in view.gaps if gap.fault} == {"Info.plist", "Status.plist"}
        assert content(view, "whole") == CONTENT


def test_a_plain_backup_is_read_without_its_manifest_plist(tmp_path: Path) -> None:
    """Manifest.db shows by its first bytes that it is plain; without it nothing can be read."""
    backup = builder().without_manifest_plist().build(tmp_path)
    with view_of(backup) as view:
        assert not view.encrypted
        assert content(view, "whole") == CONTENT
        assert [gap.where for gap in view.gaps] == ["Manifest.plist"]


def test_an_encrypted_backup_without_its_manifest_plist_is_lost(tmp_path: Path) -> None:
    """The key bag stands there: the error says so and does not ask for a passphrase."""
    backup = builder().without_manifest_plist().build(tmp_path, PASSPHRASE)
    for given in (None, PASSPHRASE):
        with pytest.raises(DamagedBackupError, match=r"Manifest\.plist"), view_of(backup, given):
            pass


def test_an_encrypted_backup_without_manifest_db_is_lost(tmp_path: Path) -> None:
    """Each file's key stands in the list of files: our own error with a hint."""
    backup = builder().without_manifest_db().build(tmp_path, PASSPHRASE)
    with pytest.raises(DamagedBackupError, match=r"no Manifest\.db") as caught, view_of(backup, PASSPHRASE):
        pass
    assert "another backup" in caught.value.hint


RUINS = pytest.mark.parametrize("damage", [b"", b"x" * 5000, b"SQLite format 3\0" + b"\xff" * 5000])


@RUINS
def test_a_ruined_list_of_an_encrypted_backup_is_damage(tmp_path: Path, damage: bytes) -> None:
    """Neither a foreign exception nor a wrong passphrase."""
    backup = builder().build(tmp_path, PASSPHRASE)
    (backup / "Manifest.db").write_bytes(damage)
    with pytest.raises(DamagedBackupError), view_of(backup, PASSPHRASE):
        pass


@RUINS
def test_a_ruined_list_of_a_plain_backup_is_a_fault(tmp_path: Path, damage: bytes) -> None:
    """A file whose path is known is still found by its file ID; that the list is gone is told as a fault."""
    backup = builder().build(tmp_path)
    (backup / "Manifest.db").write_bytes(damage)
    with view_of(backup) as view:
        assert content(view, "whole") == CONTENT
        assert [gap.where for gap in view.gaps if gap.fault] == ["Manifest.db"]


def edited(backup: Path, **changes: object) -> None:
    """Change keys of Manifest.plist; None removes one."""
    path = backup / "Manifest.plist"
    stored = plistlib.loads(path.read_bytes())
    for key, value in changes.items():
        stored.pop(key, None)
        if value is not None:
            stored[key] = value
    path.write_bytes(plistlib.dumps(stored, fmt=plistlib.FMT_BINARY))


def test_missing_wrong_and_damaged_are_four_messages(tmp_path: Path) -> None:
    """No passphrase, a wrong one, no key bag and a damaged key bag each say what they are."""
    backup = builder().build(tmp_path, PASSPHRASE)
    said = []

    def failing(kind: type[Exception], passphrase: str | None) -> None:
        with pytest.raises(kind) as caught, view_of(backup, passphrase):
            pass
        assert type(caught.value) is kind
        assert PASSPHRASE not in str(caught.value)
        said.append(str(caught.value))

    failing(PassphraseMissingError, None)
    failing(PassphraseWrongError, PASSPHRASE + "!")
    edited(backup, BackupKeyBag=b"damaged")
    failing(DamagedBackupError, PASSPHRASE)
    edited(backup, BackupKeyBag=None)
    failing(DamagedBackupError, PASSPHRASE)
    assert len(set(said)) == 4


@pytest.mark.parametrize("key", [b"short", b"\x03\0\0\0" + b"x" * 40, b"\x63\0\0\0" + b"x" * 40])
def test_a_damaged_key_of_the_manifest_is_damage(tmp_path: Path, key: bytes) -> None:
    """ManifestKey of a wrong length, wrong bytes or an unknown class is damage, not a wrong passphrase."""
    backup = builder().build(tmp_path, PASSPHRASE)
    edited(backup, ManifestKey=key)
    with pytest.raises(DamagedBackupError), view_of(backup, PASSPHRASE):
        pass


def test_the_older_key_derivation_opens_too(tmp_path: Path) -> None:
    """A key bag without the first derivation round, as before iOS 10.2."""
    backup = builder().with_old_key_derivation().build(tmp_path, PASSPHRASE)
    with view_of(backup, PASSPHRASE) as view:
        assert content(view, "whole") == CONTENT


def test_a_copy_that_was_decrypted_is_plain(tmp_path: Path) -> None:
    """Some tools decrypt everything and leave IsEncrypted and the key bag: the bytes decide."""
    backup = builder().build(tmp_path / "plain")
    encrypted = builder().build(tmp_path / "encrypted", PASSPHRASE)
    (backup / "Manifest.plist").write_bytes((encrypted / "Manifest.plist").read_bytes())
    with view_of(backup) as view:
        assert not view.encrypted
        assert content(view, "whole") == CONTENT


# --- odd layouts ----------------------------------------------------------------------------------------------


@TWINS
def test_a_flat_backup_is_the_same_backup(tmp_path: Path, passphrase: str | None) -> None:
    """Blobs without folders of two letters are found and counted alike."""
    usual = builder().with_unlisted_blob(CONTENT).build(tmp_path / "usual", passphrase)
    flat = builder().with_unlisted_blob(CONTENT).flat().build(tmp_path / "flat", passphrase)
    with view_of(usual, passphrase) as first, view_of(flat, passphrase) as second:
        assert [name for name, _ in sorted(first.blobs())] == [name for name, _ in sorted(second.blobs())]
        assert content(second, "whole") == content(first, "whole") == CONTENT
    assert scan(usual, passphrase).totals == scan(flat, passphrase).totals


def test_padding_behind_manifest_db_is_no_damage(tmp_path: Path) -> None:
    """Sixteen bytes of cipher padding behind a decrypted Manifest.db change nothing."""
    backup = builder().with_manifest_padding().build(tmp_path)
    assert (backup / "Manifest.db").stat().st_size % 4096 == 16
    with view_of(backup) as view:
        assert content(view, "whole") == CONTENT
        assert view.gaps == ()


@TWINS
def test_leftovers_of_an_interrupted_run_stop_nothing(tmp_path: Path, passphrase: str | None) -> None:
    """Blobs below Snapshot are unlisted blobs, or fill in for missing ones; an unfinished backup says so."""
    made = builder().snapshot_leftovers().incomplete()
    backup = made.build(tmp_path, passphrase)
    found = scan(backup, passphrase)
    assert found.backup.complete is False
    assert found.totals.unlisted_blobs == 1
    name = hashlib.sha1(f"{DOMAIN}-whole".encode()).hexdigest()
    (backup / "Snapshot" / name[:2]).mkdir(exist_ok=True)
    (backup / name[:2] / name).rename(backup / "Snapshot" / name[:2] / name)
    with view_of(backup, passphrase) as view:
        assert content(view, "whole") == CONTENT


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_a_blob_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link among the blobs may point anywhere on this computer: it counts as missing."""
    backup = builder().build(tmp_path)
    secret = tmp_path / "secret"
    secret.write_bytes(b"of this computer")
    name = hashlib.sha1(f"{DOMAIN}-whole".encode()).hexdigest()
    (backup / name[:2] / name).unlink()
    (backup / name[:2] / name).symlink_to(secret)
    with view_of(backup) as view, pytest.raises(BlobMissingError):
        content(view, "whole")


# --- databases of the backup ----------------------------------------------------------------------------------


def database_with_log(folder: Path) -> tuple[bytes, bytes]:
    """A database and its log; the row 'late' stands in the log only."""
    with closing(sqlite3.connect(folder / "a.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        with connection:
            connection.execute("CREATE TABLE t (name TEXT)")
            connection.execute("INSERT INTO t VALUES ('early')")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with connection:
            connection.execute("INSERT INTO t VALUES ('late')")
        return (folder / "a.db").read_bytes(), (folder / "a.db-wal").read_bytes()


@TWINS
@pytest.mark.parametrize(
    ("changes", "names", "told"),
    [
        ({}, ["early", "late"], False),
        ({"truncated": True}, ["early"], False),
        ({"blob": False}, ["early"], True),
    ],
    ids=["whole log", "cut log", "missing log"],
)
def test_a_database_is_read_with_the_log_it_has(
    tmp_path: Path, passphrase: str | None, changes: dict[str, bool], names: list[str], told: bool
) -> None:
    """The log decides; a cut log counts as far as it goes; a missing one is a gap and the database is read."""
    folder = tmp_path / "made"
    folder.mkdir()
    database, log = database_with_log(folder)
    made = BackupBuilder().with_file(DOMAIN, "a.db", database).with_file(DOMAIN, "a.db-wal", log, **changes)
    with view_of(made.build(tmp_path, passphrase), passphrase) as view:
        with view.database(DOMAIN, "a.db") as opened:
            assert opened is not None
            assert [row["name"] for row in opened.rows("SELECT name FROM t")] == names
        assert [gap.where for gap in view.gaps if gap.what is GapSubject.WRITE_AHEAD_LOG] == (
            ["a.db-wal"] if told else []
        )
        with view.database(DOMAIN, "b.db") as absent:
            assert absent is None


def test_nothing_is_left_of_plaintext(tmp_path: Path) -> None:
    """When the view is closed, the private folder holds nothing; an error on the way changes nothing of that."""
    backup = builder().with_screenshot("IMG_0001").build(tmp_path / "out", PASSPHRASE)
    private = tmp_path / "private"
    private.mkdir()
    with (
        pytest.raises(KeyboardInterrupt),
        Workspace(private) as workspace,
        open_backup(backup, workspace, Passphrase(PASSPHRASE)),
    ):
        assert list(private.rglob("Manifest.db"))
        raise KeyboardInterrupt
    assert list(private.iterdir()) == []


# --- misfortunes of photos, together --------------------------------------------------------------------------


@TWINS
def test_every_misfortune_at_once_leaves_the_rest(tmp_path: Path, passphrase: str | None) -> None:
    """Missing, cut and empty files, a wrong size and missing plists in one backup: a whole photo stays whole."""
    made = BackupBuilder().with_live_photo("IMG_0001").without_blob("still")
    made.with_live_photo("IMG_0002").truncated_blob("video").with_live_photo("IMG_0003").zero_byte("still")
    made.with_live_photo("IMG_0004").with_wrong_size().with_screenshot("IMG_0005")
    made.without_info_plist().without_status_plist().flat().snapshot_leftovers().with_unlisted_blob(b"x" * 40)
    found = scan(made.build(tmp_path, passphrase), passphrase)
    statuses = {item.filename: str(item.status) for item in found.assets}
    assert statuses == {
        "IMG_0001.HEIC": "half",
        "IMG_0002.HEIC": "half",
        "IMG_0003.HEIC": "half",
        "IMG_0004.HEIC": "complete",
        "IMG_0005.PNG": "complete",
    }
    assert any("the manifest says" in note.file_note for note in named(found, "IMG_0004.HEIC").notes)
    assert (found.totals.missing_blobs, found.totals.unlisted_blobs) == (1, 2)
