"""Writes large synthetic backups fast: rows and blobs straight to the disk, few keys, seeds fixed."""

from __future__ import annotations

import hashlib
import json
import os
import plistlib
import random
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from benchmarks.photos import Asset, write_library
from fixtures import movies, pictures
from fixtures.archiver import FileRecord, archive_file, asset_attributes
from fixtures.encryption import Vault, encrypt
from fixtures.evidence import CALL_HISTORY, Call, call_history

UDID = "00008110-000A1B2C3D4E801E"
PASSPHRASE = "benchmark"
CAMERA = "CameraRollDomain"
LIBRARY = "Media/PhotoData/Photos.sqlite"
_VERSION = 3  # of this generator: a backup made by another one is made anew
_KEYS = 64
_WHEN = 1_717_234_200  # 2024-06-01
_COCOA = datetime(2001, 1, 1, tzinfo=UTC)
# Formats of thumbnail tables with small entries: number and side in pixels.
_TABLES = ((3301, 16), (3305, 32))
_PATH, _MARK = "\x01", b"\x02"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a backup is to hold: assets, all files of the manifest together, and the bytes of an original.

    `original_bytes` None writes tiny real pictures and movies: enough for a scan.
    """

    assets: int
    files: int
    encrypted: bool
    original_bytes: tuple[int, ...] | None = None

    @property
    def name(self) -> str:
        """A folder name."""
        kind = "encrypted" if self.encrypted else "plain"
        size = "tiny" if self.original_bytes is None else f"{len(self.original_bytes)}-sizes"
        return f"{kind}-{self.assets}-{self.files}-{size}"


@dataclass(frozen=True, slots=True)
class _File:
    domain: str
    path: str
    content: str  # a key of the pool
    attributes: bytes | None = None


def build(root: Path, shape: Shape) -> Path:
    """The backup folder, made only if it is not there yet."""
    folder, note = root / shape.name / UDID, root / shape.name / "made.json"
    made = json.dumps({"version": _VERSION, **asdict(shape)})
    if not (note.exists() and note.read_text() == made):
        shutil.rmtree(folder.parent, ignore_errors=True)
        folder.mkdir(parents=True)
        _Writer(folder, shape).write()
        note.write_text(made)
    return folder


class _Writer:
    def __init__(self, folder: Path, shape: Shape) -> None:
        self.folder, self.shape = folder, shape
        self.vault = Vault(PASSPHRASE, UDID) if shape.encrypted else None
        self.keys = [self.vault.file_key(f"pool {n}", 3) for n in range(_KEYS)] if self.vault else []
        self.pool = _pool(shape.original_bytes)
        self.stored: dict[tuple[str, int], bytes] = {}
        self.written = 0

    def write(self) -> None:
        for number in range(256):
            (self.folder / f"{number:02x}").mkdir()
        manifest = self.folder / "Manifest.db"
        with closing(sqlite3.connect(manifest, isolation_level=None)) as connection:
            for pragma in ("page_size = 4096", "journal_mode = OFF", "synchronous = OFF"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            connection.execute(
                "CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT,"
                " flags INTEGER, file BLOB)"
            )
            connection.executemany("INSERT INTO Files VALUES (?, ?, ?, ?, ?)", self._rows())
            for column in ("domain", "relativePath", "flags"):
                connection.execute(f"CREATE INDEX Files_{column} ON Files({column})")
            connection.execute("COMMIT")
        wrapped = None
        if self.vault:
            key, wrapped = self.vault.file_key("Manifest.db", 4)
            manifest.write_bytes(encrypt(key, manifest.read_bytes()))
        self._plists(wrapped)

    def _rows(self) -> Iterator[tuple[object, ...]]:
        yield from self._databases()
        media = list(_media(self.shape.assets))
        left = self.shape.files - len(media) - self.written
        for file in media:
            yield self._row(file)
        for number in range(max(0, left)):
            app = number % 200
            path = f"Documents/store/{number % 977:03d}/{number:07d}.bin"
            yield self._row(_File(f"AppDomain-com.example.app{app}", path, "other"))

    def _databases(self) -> Iterator[tuple[object, ...]]:
        copy = self.folder / "library.part"
        write_library(copy, self.shape.assets)
        yield self._large(CAMERA, LIBRARY, copy.read_bytes())
        copy.unlink()
        calls = [
            Call(_COCOA + timedelta(seconds=600_000_000 + n * 90_000), 900.0, 8, "+4930123456", True, True)
            for n in range(2_000)
        ]
        yield self._large("HomeDomain", CALL_HISTORY, call_history(calls, "Z_4REMOTEPARTICIPANTHANDLES"))
        for number, side in _TABLES:
            length = 2 * side * side + 28
            table = bytearray(length * self.shape.assets)
            for at in range(self.shape.assets):
                footer = UUID(Asset(at + 1).uuid).bytes + struct.pack("<IIi", side, side, 0)
                table[(at + 1) * length - 28 : (at + 1) * length] = footer
            yield self._large(CAMERA, f"Media/PhotoData/Thumbnails/{number}.ithmb", bytes(table))

    def _large(self, domain: str, path: str, content: bytes) -> tuple[object, ...]:
        name = _file_id(domain, path)
        key, wrapped = self.keys[0] if self.keys else (None, None)
        (self.folder / name[:2] / name).write_bytes(encrypt(key, content) if key else content)
        self.written += 1
        return name, domain, path, 1, archive_file(_record(path, len(content), wrapped, None))

    def _row(self, file: _File) -> tuple[object, ...]:
        name = _file_id(file.domain, file.path)
        number = self.written % _KEYS if self.keys else 0
        sizes = self.shape.original_bytes
        kind = (
            f"{file.content} {self.written % len(sizes)}"
            if sizes and file.content in ("jpg", "mov")
            else file.content
        )
        content = self.pool[kind]
        wrapped = self.keys[number][1] if self.keys else None
        self._blob(name, kind, number, content)
        self.written += 1
        return name, file.domain, file.path, 1, _archive(file.path, len(content), wrapped, file.attributes)

    def _blob(self, name: str, kind: str, number: int, content: bytes) -> None:
        stored = self.stored.get((kind, number), content if not self.keys else None)
        if stored is None:
            stored = encrypt(self.keys[number][0], content)
            if len(stored) < 1 << 16:
                self.stored[kind, number] = stored
        stream = os.open(self.folder / name[:2] / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(stream, stored)
        os.close(stream)

    def _plists(self, wrapped: bytes | None) -> None:
        when = datetime.fromtimestamp(_WHEN, UTC).replace(tzinfo=None)
        lockdown = {"ProductVersion": "17.6", "ProductType": "iPhone14,5", "BuildVersion": "21G80",
                    "UniqueDeviceID": UDID, "DeviceName": "Benchmark"}  # fmt: skip
        manifest: dict[str, object] = {"IsEncrypted": self.vault is not None, "Version": "10.0", "Date": when,
                                       "Lockdown": lockdown, "Applications": {}}  # fmt: skip
        if self.vault and wrapped:
            manifest |= {"BackupKeyBag": self.vault.key_bag(), "ManifestKey": wrapped}
        info = {"Device Name": "Benchmark", "Last Backup Date": when, "Product Type": "iPhone14,5",
                "Product Version": "17.6", "Build Version": "21G80", "Unique Identifier": UDID}  # fmt: skip
        status = {"SnapshotState": "finished", "Date": when, "IsFullBackup": True}
        for name, content in (("Manifest", manifest), ("Info", info), ("Status", status)):
            data = plistlib.dumps(content, fmt=plistlib.FMT_BINARY)
            (self.folder / f"{name}.plist").write_bytes(data)


def _media(count: int) -> Iterator[_File]:
    for number in range(1, count + 1):
        asset = Asset(number)
        base = f"{asset.directory}/{asset.stem}"
        if asset.local:
            own = _attributes(asset) if number % 5 else None
            yield _File(CAMERA, f"Media/{base}.{asset.extension}", asset.extension.lower(), own)
            if asset.live:
                yield _File(CAMERA, f"Media/{base}.MOV", "mov")
            if asset.edited:
                folder = f"Media/PhotoData/Mutations/{base}/Adjustments"
                yield _File(CAMERA, f"{folder}/FullSizeRender.jpg", "thumb")
                yield _File(CAMERA, f"{folder}/Adjustments.plist", "other")
        yield _File(CAMERA, f"Media/PhotoData/Thumbnails/V2/{base}.{asset.extension}/5005.JPG", "thumb")


def _attributes(asset: Asset) -> bytes:
    created = _COCOA + timedelta(seconds=asset.created)
    return asset_attributes(
        {
            "UUID": UUID(asset.uuid),
            "assetType": 3,
            "importedBy": asset.imported_by,
            "trashed": int(asset.trashed),
            "hidden": int(asset.hidden),
            "favorite": 0,
            "timeZoneOffset": 7200,
            "timeZoneName": "Europe/Berlin",
            "creatorBundleID": asset.bundle,
            "originalFilename": asset.original,
            "mediaGroupUUID": asset.group_uuid,
            "addedDate": created + timedelta(seconds=2),
            "customCreationDate": created,
        }
    )


def _pool(sizes: tuple[int, ...] | None) -> dict[str, bytes]:
    picture = pictures.encode("benchmark", 32, 24, "photo", "JPEG", pictures.CAMERA)
    movie = movies.movie("benchmark", 32, 24, "photo", movies.MovieFacts((), still_image_time=True, created=0))
    pool = {"jpg": picture, "mov": movie, "thumb": picture[:200], "other": b"nothing to see here"}
    for number, size in enumerate(sizes or ()):
        noise = random.Random(size).randbytes(size)
        pool[f"jpg {number}"] = picture + noise
        pool[f"mov {number}"] = movie + noise
    return pool


def _file_id(domain: str, path: str) -> str:
    return hashlib.sha1(f"{domain}-{path}".encode()).hexdigest()


def _record(path: str, size: int, key: bytes | None, attributes: bytes | None) -> FileRecord:
    return FileRecord(path, size, 0o100644, 3, _WHEN, _WHEN, _WHEN, 200_000, None, None, key, attributes)


@lru_cache(maxsize=4096)
def _template(length: int, size: int, keyed: bool, attributes: int) -> bytes:
    key = b"\x03" * 44 if keyed else None
    return archive_file(_record(_PATH * length, size, key, _MARK * attributes if attributes else None))


def _archive(path: str, size: int, key: bytes | None, attributes: bytes | None) -> bytes:
    """As `archive_file`, from a template of the same shape: only texts of the same length are exchanged."""
    made = _template(len(path), size, key is not None, len(attributes or b""))
    made = made.replace(_PATH.encode() * len(path), path.encode("ascii"), 1)
    if key is not None:
        made = made.replace(b"\x03" * 44, key, 1)
    return made.replace(_MARK * len(attributes), attributes, 1) if attributes else made
