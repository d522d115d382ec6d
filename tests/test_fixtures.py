"""The synthetic backups themselves: independent software must read them as what they claim to be."""

from __future__ import annotations

import ast
import hashlib
import os
import plistlib
import sqlite3
import struct
import zlib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from iphone_backup_decrypt import EncryptedBackup

import fixtures
from fixtures import BackupBuilder, layouts
from fixtures.layouts import extract

CAMERA_ROLL = "CameraRollDomain"
PHOTOS = "Media/PhotoData/Photos.sqlite"
TRASHED_AT = datetime(2024, 5, 20, tzinfo=UTC)


def blob(backup: Path, domain: str, path: str) -> Path:
    """Where a file's blob lies; written out here so as not to trust the builder's own naming."""
    name = hashlib.sha1(f"{domain}-{path}".encode()).hexdigest()
    return backup / name[:2] / name


def rows(database: Path, query: str) -> list[Any]:
    """The rows of a query."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()


def library(backup: Path, into: Path) -> Path:
    """A copy of the photo library, with its log if there is one."""
    into.mkdir(exist_ok=True)
    for suffix in ("", "-wal"):
        source = blob(backup, CAMERA_ROLL, PHOTOS + suffix)
        if source.exists():
            (into / f"Photos.sqlite{suffix}").write_bytes(source.read_bytes())
    return into / "Photos.sqlite"


def mbfile(backup: Path, path: str) -> tuple[dict[str, Any], list[Any]]:
    """The archived record of one manifest row and the objects it refers to."""
    with closing(sqlite3.connect(backup / "Manifest.db")) as connection:
        found = connection.execute("SELECT file FROM Files WHERE relativePath = ?", (path,)).fetchone()
    archive = plistlib.loads(found[0])
    objects = archive["$objects"]
    return objects[archive["$top"]["root"].data], objects


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder and its digest."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def small() -> BackupBuilder:
    """A backup with one asset of each kind."""
    return (
        BackupBuilder()
        .with_live_photo("IMG_0001")
        .with_camera_live_photo("IMG_0002")
        .with_photo("IMG_0003", extension="JPG")
        .with_screenshot("IMG_0004")
        .with_video("IMG_0005")
    )


def test_builder_and_reader_share_no_code() -> None:
    """No module of the fixtures imports the package under test."""
    for source in Path(fixtures.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] in ("recovery", "cli")], source


def test_independent_decryption_gives_every_planted_byte(tmp_path: Path) -> None:
    """iphone-backup-decrypt opens the encrypted twin and each file has the planted digest."""
    builder = small()
    backup = builder.build(tmp_path, passphrase="demo")
    opened = EncryptedBackup(backup_directory=str(backup), passphrase="demo")
    for asset in builder.assets:
        for planted in asset.files:
            content = opened.extract_file_as_bytes(planted.path, domain_like=CAMERA_ROLL)
            assert hashlib.sha256(content).hexdigest() == planted.sha256


def test_independent_decryption_refuses_a_wrong_passphrase(tmp_path: Path) -> None:
    """The key bag opens with the passphrase only."""
    backup = small().build(tmp_path, passphrase="demo")
    opened = EncryptedBackup(backup_directory=str(backup), passphrase="demo ")
    with pytest.raises(ValueError, match="passphrase"):
        opened.test_decryption()


def test_encrypted_backup_shows_nothing_in_the_clear(tmp_path: Path) -> None:
    """No plain picture, path or database header is left in the encrypted twin."""
    backup = small().build(tmp_path, passphrase="demo")
    for path in backup.rglob("*"):
        if path.is_file() and path.suffix != ".plist":
            content = path.read_bytes()
            assert not content.startswith(b"SQLite format 3")
            assert b"IMG_0001" not in content
            assert len(content) % 16 == 0


def test_plain_twin_holds_the_same_bytes(tmp_path: Path) -> None:
    """In the plain twin the blobs themselves have the planted digests."""
    builder = small()
    backup = builder.build(tmp_path)
    for asset in builder.assets:
        for planted in asset.files:
            content = blob(backup, planted.domain, planted.path).read_bytes()
            assert hashlib.sha256(content).hexdigest() == planted.sha256


@pytest.mark.parametrize("passphrase", [None, "demo"])
def test_the_same_story_gives_the_same_bytes(tmp_path: Path, passphrase: str | None) -> None:
    """Two builds of one story are equal in every file, write-ahead log and keys included."""
    first = small().with_wal(2).with_thumbnail_tables().build(tmp_path / "a", passphrase)
    second = small().with_wal(2).with_thumbnail_tables().build(tmp_path / "b", passphrase)
    assert tree(first) == tree(second)


@pytest.mark.parametrize("name", layouts.names())
def test_every_layout_makes_a_sound_library(tmp_path: Path, name: str) -> None:
    """SQLite finds no fault with the library of any layout, and every asset has its row."""
    builder = BackupBuilder(layout=name).with_live_photo("IMG_0001").trashed(TRASHED_AT).with_photo("IMG_0002")
    builder.with_edit().with_photo("IMG_0003").permanently_deleted(TRASHED_AT).with_album("Family")
    path = library(builder.build(tmp_path), tmp_path / "library")
    layout = layouts.load(name)
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    found = rows(path, f"SELECT ZUUID, ZTRASHEDSTATE FROM {layout.asset_table} ORDER BY Z_PK")
    assert found == [(builder.assets[0].uuid, 1), (builder.assets[1].uuid, 0)]
    joined = rows(
        path,
        f"SELECT x.ZORIGINALFILENAME FROM {layout.asset_table} a"
        " JOIN ZADDITIONALASSETATTRIBUTES x ON x.Z_PK = a.ZADDITIONALATTRIBUTES ORDER BY a.Z_PK",
    )
    assert joined == [("lp_image.heic",), ("IMG_0002.HEIC",)]


def test_words_people_gave_are_joined_to_the_asset(tmp_path: Path) -> None:
    """Title, caption and keywords are found through the joins of the layout."""
    builder = BackupBuilder().with_photo("IMG_0001").described("Lake", "At the lake", ("summer", "water"))
    path = library(builder.with_photo("IMG_0002").described(keywords=("summer",)).build(tmp_path), tmp_path / "library")
    query = (
        "SELECT x.ZTITLE, d.ZLONGDESCRIPTION, k.ZTITLE FROM ZADDITIONALASSETATTRIBUTES x"
        " LEFT JOIN ZASSETDESCRIPTION d ON d.Z_PK = x.ZASSETDESCRIPTION"
        " JOIN Z_1KEYWORDS j ON j.Z_1ASSETATTRIBUTES = x.Z_PK"
        f" JOIN ZKEYWORD k ON k.Z_PK = j.{(layouts.load('17600').keyword_join() or '   ')[2]}"
        " ORDER BY x.Z_PK, k.Z_PK"
    )
    assert rows(path, query) == [
        ("Lake", "At the lake", "summer"),
        ("Lake", "At the lake", "water"),
        (None, None, "summer"),
    ]


def test_the_creator_bundle_goes_where_the_layout_has_a_column(tmp_path: Path) -> None:
    """Old layouts keep it in ZCREATORBUNDLEID, new ones in ZIMPORTEDBYBUNDLEIDENTIFIER, none in both."""
    for name in layouts.names():
        columns = layouts.load(name).columns("ZADDITIONALASSETATTRIBUTES")
        known = columns & {"ZCREATORBUNDLEID", "ZIMPORTEDBYBUNDLEIDENTIFIER"}
        assert len(known) == 1, name
        backup = BackupBuilder(layout=name).with_live_photo("IMG_0001").build(tmp_path / name)
        query = f"SELECT {next(iter(known))} FROM ZADDITIONALASSETATTRIBUTES"
        assert rows(library(backup, tmp_path / f"{name} library"), query) == [("com.apple.FTLivePhotoService",)]


def test_layouts_equal_the_real_libraries_they_came_from(tmp_path: Path) -> None:
    """Describing a real library again gives the committed layout, for one old and one new model."""
    shared = Path(os.environ.get("RECOVER_FACETIME_SHARED", Path(__file__).parents[2] / "shared"))
    if not shared.is_dir():
        pytest.skip("the real photo libraries are not here")
    for library_name, layout_name in (("Test-10.15.7", "13703"), ("Test-14.6.0", "17600")):
        folder = tmp_path / layout_name
        folder.mkdir()
        for source in (shared / f"data/photos/{library_name}.photoslibrary/database").glob("Photos.sqlite*"):
            if not source.name.endswith("-shm"):
                (folder / source.name).write_bytes(source.read_bytes())
        described = extract.layout_of(folder / "Photos.sqlite")
        layout = layouts.load(layout_name)
        assert set(described["tables"]) == set(layout.tables)
        for table, data in described["tables"].items():
            listed = ", ".join(f"{column} {kind}".strip() for column, kind in layout.tables[table].columns)
            assert data["columns"] == listed
        assert tuple(described["model"]["tombstones"].split(", ")) == layout.model.tombstones


def test_a_manifest_row_is_shaped_like_a_real_one(tmp_path: Path) -> None:
    """An MBFile carries the keys and classes seen in a real iOS 14.3 manifest, and the file ID is the SHA-1."""
    backup = small().build(tmp_path, passphrase="demo")
    opened = EncryptedBackup(backup_directory=str(backup), passphrase="demo")
    opened.save_manifest_file(str(tmp_path / "Manifest.db"))
    root, objects = mbfile(tmp_path, "Media/DCIM/100APPLE/IMG_0001.HEIC")
    assert set(root) == {
        "$class", "Birth", "EncryptionKey", "ExtendedAttributes", "Flags", "GroupID", "InodeNumber",
        "LastModified", "LastStatusChange", "Mode", "ProtectionClass", "RelativePath", "Size", "UserID",
    }  # fmt: skip
    assert objects[root["$class"].data] == {"$classname": "MBFile", "$classes": ["MBFile", "NSObject"]}
    key = objects[root["EncryptionKey"].data]["NS.data"]
    assert struct.unpack("<I", key[:4]) == (root["ProtectionClass"],)
    assert len(key) == 44
    for file_id, domain, path in rows(tmp_path / "Manifest.db", "SELECT fileID, domain, relativePath FROM Files"):
        assert file_id == hashlib.sha1(f"{domain}-{path}".encode()).hexdigest()
    assert {row[0] for row in rows(tmp_path / "Manifest.db", "SELECT DISTINCT flags FROM Files")} == {1, 2, 4}


def test_digests_stand_only_in_system_domains(tmp_path: Path) -> None:
    """A preferences file has a digest of its stored bytes, a photo has none."""
    backup = small().with_setting("com.apple.facetime", "key", True).build(tmp_path)
    path = "Library/Preferences/com.apple.facetime.plist"
    root, objects = mbfile(backup, path)
    stored = blob(backup, "HomeDomain", path).read_bytes()
    assert objects[root["Digest"].data] == hashlib.sha1(stored).digest()
    assert "Digest" not in mbfile(backup, "Media/DCIM/100APPLE/IMG_0001.HEIC")[0]


def test_file_attributes_have_the_encodings_of_a_real_phone(tmp_path: Path) -> None:
    """Numbers are u16 LE, the UUID 16 bytes, dates a binary property list, texts without a terminator."""
    builder = BackupBuilder().with_live_photo("IMG_0001").trashed(TRASHED_AT).hidden()
    root, objects = mbfile(builder.build(tmp_path), "Media/DCIM/100APPLE/IMG_0001.HEIC")
    attributes = plistlib.loads(objects[root["ExtendedAttributes"].data])
    prefix = "com.apple.assetsd."
    assert attributes[prefix + "trashed"] == attributes[prefix + "hidden"] == b"\1\0"
    assert attributes[prefix + "importedBy"] == b"\x08\0"
    assert attributes[prefix + "originalFilename"] == b"lp_image.heic"
    assert attributes[prefix + "UUID"].hex() == builder.asset.uuid.replace("-", "").lower()
    stored = plistlib.loads(attributes[prefix + "customCreationDate"])
    assert abs((stored.replace(tzinfo=UTC) - builder.asset.expected.created).total_seconds()) < 0.001
    assert len(attributes[prefix + "customCreationDate"]) == 50


def test_rows_of_the_log_are_missing_from_the_main_file(tmp_path: Path) -> None:
    """With its log the library knows three assets, without it two."""
    backup = BackupBuilder().with_photo("IMG_0001").with_photo("IMG_0002").with_photo("IMG_0003").with_wal()
    path = library(backup.build(tmp_path), tmp_path / "library")
    alone = tmp_path / "alone.sqlite"
    alone.write_bytes(path.read_bytes())
    assert rows(alone, "SELECT COUNT(*) FROM ZASSET") == [(2,)]
    assert rows(path, "SELECT COUNT(*) FROM ZASSET") == [(3,)]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_permanent_deletion_leaves_history_and_nothing_else(tmp_path: Path) -> None:
    """Row and files are gone; insert, trash and delete remain, and the delete names uuid and reason."""
    builder = BackupBuilder().with_live_photo("IMG_0001").permanently_deleted(TRASHED_AT, client="com.example.cleaner")
    backup = builder.build(tmp_path)
    path = library(backup, tmp_path / "library")
    assert rows(path, "SELECT COUNT(*) FROM ZASSET") == [(0,)]
    assert rows(path, "SELECT Z_MAX FROM Z_PRIMARYKEY WHERE Z_NAME = 'Asset'") == [(1,)]
    assert [row[0] for row in rows(path, "SELECT ZCHANGETYPE FROM ACHANGE ORDER BY Z_PK")] == [0, 1, 2]
    names = layouts.load("17600").model.tombstones
    columns = {name: f"ZTOMBSTONE{number}" for number, name in enumerate(names)}
    query = f"SELECT {columns['uuid']}, {columns['deleteReason']} FROM ACHANGE WHERE ZCHANGETYPE = 2"
    assert rows(path, query) == [(builder.asset.uuid, "User deleted asset from trashcan.")]
    contexts = rows(path, "SELECT ZNAME FROM ATRANSACTIONSTRING WHERE ZNAME LIKE '%com.example.cleaner%'")
    assert len(contexts) == 1
    assert builder.asset.files == ()


def test_the_stored_model_names_what_the_history_numbers(tmp_path: Path) -> None:
    """The model cache unfolds to an archive that marks the kept attributes; without it the table is empty."""
    for builder, kept in ((BackupBuilder(), True), (BackupBuilder().without_model_cache(), False)):
        path = library(builder.with_photo("IMG_0001").build(tmp_path / str(kept)), tmp_path / f"library {kept}")
        stored = rows(path, "SELECT Z_CONTENT FROM Z_MODELCACHE")
        assert bool(stored) is kept
        if kept:
            objects = plistlib.loads(zlib.decompress(stored[0][0], -15))["$objects"]
            flagged = [item for item in objects if isinstance(item, dict) and item.get("NSFlagsKey") == 16]
            names = sorted(objects[item["NSPropertyName"].data] for item in flagged)
            assert tuple(names) == layouts.load("17600").model.tombstones


def test_call_history_is_in_encrypted_backups_only(tmp_path: Path) -> None:
    """A plain backup lacks the call history, as a real one does, unless asked for."""
    start = datetime(2024, 5, 3, 18, tzinfo=UTC)
    path = "Library/CallHistoryDB/CallHistory.storedata"
    kept = []
    for number, (in_plain, passphrase) in enumerate([(False, None), (True, None), (False, "demo")]):
        builder = BackupBuilder(calls_in_plain=in_plain).with_facetime_call(start, 60, group=("bob@example.com",))
        kept.append(blob(builder.build(tmp_path / str(number), passphrase), "HomeDomain", path).exists())
    assert kept == [False, True, True]
