"""Writes large synthetic backups fast, rows and blobs straight to the disk: `python -m benchmarks.synthetic`."""

from __future__ import annotations

import json
import os
import plistlib
import shutil
import sqlite3
import struct
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, count, islice
from pathlib import Path
from uuid import UUID

from benchmarks import content
from benchmarks.photos import Asset, assets, write_library
from benchmarks.shapes import PASSPHRASE, UDID, Shape, clear_copies, file_id, folder_of
from fixtures.archiver import FileRecord, archive_file, asset_attributes
from fixtures.encryption import Vault, encrypt
from fixtures.evidence import CALL_HISTORY, Call, call_history

CAMERA = "CameraRollDomain"
LIBRARY = "Media/PhotoData/Photos.sqlite"
_VERSION = 5  # of this generator: a backup made by another one is made anew
_KEYS = 64
_WHEN = 1_717_234_200  # 2024-06-01
_COCOA = datetime(2001, 1, 1, tzinfo=UTC)
# Formats of thumbnail tables with small entries: number and side in pixels.
_TABLES = ((3301, 16), (3305, 32))
_PATH, _MARK = "\x01", b"\x02"
_SMALL = 1 << 16
_MOVIE = "IMG_0021.MOV"  # the video that gets `movie_bytes`


@dataclass(frozen=True, slots=True)
class _File:
    domain: str
    path: str
    content: str  # a key of the pool
    attributes: bytes | None = None


def build(root: Path, shape: Shape) -> Path:
    """The backup folder, made only if it is not there yet."""
    folder = folder_of(root, shape)
    note = folder.parent / "made.json"
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
        self.pool = content.pool(shape.original_bytes, shape.movie_bytes, shape.heic)
        self.stored: dict[tuple[str, int], bytes] = {}
        self.names: dict[tuple[str, int], Path] = {}
        self.written = 0

    def write(self) -> None:
        for number in range(256):
            (self.folder / f"{number:02x}").mkdir()
        manifest, clear = self.folder / "Manifest.db", clear_copies(self.folder)
        clear[1].parent.mkdir(parents=True)
        with closing(sqlite3.connect(manifest, isolation_level=None)) as connection:
            for pragma in ("page_size = 4096", "journal_mode = OFF", "synchronous = OFF", "cache_size = -400000"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            connection.execute(
                "CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB)"
            )
            connection.executemany("INSERT INTO Files VALUES (?, ?, ?, ?, ?)", self._rows(clear[1]))
            for column in ("domain", "relativePath", "flags"):
                connection.execute(f"CREATE INDEX Files_{column} ON Files({column})")
            connection.execute("COMMIT")
        wrapped = None
        if not self.vault:
            clear[0].hardlink_to(manifest)
        else:
            shutil.copyfile(manifest, clear[0])
            key, wrapped = self.vault.file_key("Manifest.db", 4)
            manifest.write_bytes(encrypt(key, manifest.read_bytes()))
        self._plists(wrapped)

    def _rows(self, library: Path) -> Iterator[tuple[object, ...]]:
        """Databases, originals, as many of the phone's thumbnails as there is room for, and files of apps."""
        yield from self._databases(library)
        thumbs = () if self.shape.heic else _thumbs(self.shape)
        for file in islice(chain(_originals(self.shape), thumbs, _others()), self.shape.files - self.written):
            yield self._row(file)

    def _databases(self, library: Path) -> Iterator[tuple[object, ...]]:
        write_library(library, self.shape.assets, self.shape.extension, self.shape.imported_by)
        part = self.folder / "part"
        shutil.copyfile(library, part)
        yield self._large(CAMERA, LIBRARY, part)
        calls = [
            Call(_COCOA + timedelta(seconds=600_000_000 + n * 90_000), 900.0, 8, "+4930123456", True, True)
            for n in range(2_000)
        ]
        part.write_bytes(call_history(calls, "Z_4REMOTEPARTICIPANTHANDLES"))
        yield self._large("HomeDomain", CALL_HISTORY, part)
        for number, side in () if self.shape.heic else _TABLES:
            with part.open("wb") as stream:
                for asset in assets(self.shape.assets):
                    stream.write(bytes(2 * side * side))
                    stream.write(UUID(asset.uuid).bytes + struct.pack("<IIi", side, side, 0))
            yield self._large(CAMERA, f"Media/PhotoData/Thumbnails/{number}.ithmb", part)

    def _large(self, domain: str, path: str, part: Path) -> tuple[object, ...]:
        """A file of its own, taken from where it was made."""
        name, size = file_id(domain, path), part.stat().st_size
        key, wrapped = self.keys[0] if self.keys else (None, None)
        if key:
            part.write_bytes(encrypt(key, part.read_bytes()))
        part.replace(self.folder / name[:2] / name)
        self.written += 1
        return name, domain, path, 1, archive_file(_record(path, size, wrapped, None))

    def _row(self, file: _File) -> tuple[object, ...]:
        name = file_id(file.domain, file.path)
        number = self.written % _KEYS if self.keys else 0
        kind = self._kind(file)
        wrapped = self.keys[number][1] if self.keys else None
        self._blob(self.folder / name[:2] / name, kind, number)
        self.written += 1
        size = len(self.pool[kind])
        return name, file.domain, file.path, 1, _archive(file.path, size, wrapped, file.attributes)

    def _kind(self, file: _File) -> str:
        """Which content of the pool a file gets."""
        if self.shape.movie_bytes and file.path.endswith(_MOVIE):
            return "movie"
        turns = content.turns(self.pool, file.content)
        return turns[self.written % len(turns)]

    def _blob(self, path: Path, kind: str, number: int) -> None:
        if self.shape.linked and (twin := self.names.get((kind, number))):
            try:
                os.link(twin, path)
            except OSError:  # so many names a file may not have
                pass
            else:
                return
        stored = self.stored.get((kind, number), None if self.keys else self.pool[kind])
        if stored is None:
            stored = encrypt(self.keys[number][0], self.pool[kind])
            if len(stored) < _SMALL:
                self.stored[kind, number] = stored
        path.write_bytes(stored)
        self.names[kind, number] = path

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
        for name, values in (("Manifest", manifest), ("Info", info), ("Status", status)):
            data = plistlib.dumps(values, fmt=plistlib.FMT_BINARY)
            (self.folder / f"{name}.plist").write_bytes(data)


def _originals(shape: Shape) -> Iterator[_File]:
    for asset in assets(shape.assets, shape.extension, shape.imported_by):
        if not asset.local:
            continue
        base = f"{asset.directory}/{asset.stem}"
        own = _attributes(asset) if asset.number % 5 else None
        yield _File(CAMERA, f"Media/{base}.{asset.extension}", asset.extension.lower(), own)
        if asset.live:
            yield _File(CAMERA, f"Media/{base}.MOV", "mov")
        if asset.edited:
            folder = f"Media/PhotoData/Mutations/{base}/Adjustments"
            yield _File(CAMERA, f"{folder}/FullSizeRender.jpg", "thumb")
            yield _File(CAMERA, f"{folder}/Adjustments.plist", "adjustments")


def _thumbs(shape: Shape) -> Iterator[_File]:
    for asset in assets(shape.assets):
        path = f"Media/PhotoData/Thumbnails/V2/{asset.directory}/{asset.stem}.{asset.extension}/5005.JPG"
        yield _File(CAMERA, path, "thumb")


def _others() -> Iterator[_File]:
    for number in count():
        path = f"Documents/store/{number % 977:03d}/{number:07d}.bin"
        yield _File(f"AppDomain-com.example.app{number % 200}", path, "other")


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


if __name__ == "__main__":
    build(Path(sys.argv[1]), Shape.from_json(sys.argv[2]))
