"""What fuzzing starts from: files of a small synthetic backup, and where it is at hand the real data."""

from __future__ import annotations

import io
import json
import plistlib
import sqlite3
import uuid
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from fixtures import BackupBuilder, facetime_messages, layouts, pictures
from fixtures.encryption import Vault, encrypt
from fixtures.exif import maker_note
from fixtures.model_cache import model_cache_content
from fixtures.movies import CONTENT_IDENTIFIER, FACETIME_MARKER, MovieFacts, movie
from fixtures.stories import FIRST_CALL
from recovery.photos_db.file_attributes import PREFIX
from recovery.source.backup_view import open_backup
from recovery.source.manifest import ManifestEntry
from recovery.workspace import Workspace

PASSPHRASE = "fuzz"
KNOWN_UUID = "68C4B34C-49C9-4EED-882A-EA0D1BFCB7A2"
LOG_MARK = b"\n-- write-ahead log --\n"
_REAL_BYTES = 6 * 1024 * 1024
_TAKEN = "2024-05-03T18:22:10+0200"


@dataclass(frozen=True)
class Data:
    """The folder with the real data, or None; only read."""

    real: Path | None = None

    def files(self, pattern: str, most: int = 6) -> Iterator[bytes]:
        """The first files that fit, small enough to be worth changing."""
        found = sorted(self.real.glob(pattern)) if self.real else []
        for path in found[:most]:
            if path.is_file() and 0 < path.stat().st_size <= _REAL_BYTES:
                yield path.read_bytes()

    def databases(self, pattern: str, most: int = 3) -> Iterator[bytes]:
        """Databases that fit, each with its log behind the mark."""
        found = sorted(self.real.glob(pattern), key=lambda path: path.stat().st_size) if self.real else []
        for path in found[:most]:
            log = path.with_name(path.name + "-wal")
            yield path.read_bytes() + (LOG_MARK + log.read_bytes() if log.is_file() else b"")


def _builder() -> BackupBuilder:
    builder = BackupBuilder(calls_in_plain=True)
    builder.with_live_photo("IMG_0001", created=FIRST_CALL).with_photo("IMG_0002", extension="JPG").hidden()
    builder.with_live_photo("IMG_0003").trashed(FIRST_CALL).with_live_photo("IMG_0004").with_messages_attachment()
    builder.with_photo("IMG_0005").permanently_deleted(FIRST_CALL).with_photo("IMG_0006").with_wal()
    builder.with_facetime_call(FIRST_CALL, 600, group=("+15550101",)).with_tcc("net.whatsapp.WhatsApp", value=3)
    builder.with_setting("com.apple.TelephonyUtilities", "FaceTimePhotosEnabled", False)
    return builder.with_thumbnail_tables().with_album("Family")


@cache
def _small() -> tuple[dict[str, bytes], bytes, tuple[ManifestEntry, ...]]:
    """Files by path, Manifest.db and the manifest's entries of a small backup."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        backup = _builder().build(folder / "backup")
        workspace = stack.enter_context(Workspace(folder))
        view = stack.enter_context(open_backup(backup, workspace))
        entries = tuple(
            entry
            for domain in sorted({domain for _, domain, _ in view.index.file_rows()})
            for entry in view.index.entries(domain)
        )
        files = {entry.relative_path: view.read(entry, 2**30) for entry in entries if entry.kind == "file"}
        return files, (backup / "Manifest.db").read_bytes(), entries


def _named(*endings: str) -> Iterator[bytes]:
    for path, content in _small()[0].items():
        if path.endswith(endings):
            yield content


def _database(name: str) -> bytes:
    files = _small()[0]
    log = files.get(f"{name}-wal")
    return files[name] + (LOG_MARK + log if log else b"")


def _keyed(root: Any, *objects: Any) -> bytes:
    archive = {
        "$archiver": "NSKeyedArchiver", "$version": 100000, "$top": {"root": root}, "$objects": ["$null", *objects]
    }  # fmt: skip
    return plistlib.dumps(archive, fmt=plistlib.FMT_BINARY)


def plists(data: Data) -> Iterator[bytes]:
    """Property lists in both forms."""
    info = {"Device Name": "Ann’s iPhone", "Last Backup Date": FIRST_CALL.replace(tzinfo=None), "Size": 2**40}
    manifest = {"IsEncrypted": True, "BackupKeyBag": b"VERS", "Lockdown": {"DeviceName": "x", "List": [1, 2.5]}}
    for form in (plistlib.FMT_BINARY, plistlib.FMT_XML):
        yield plistlib.dumps(info | manifest, fmt=form)
    yield from data.files("ios-14.3/*.plist")


def archives(data: Data) -> Iterator[bytes]:
    """Keyed archives with the classes that are unfolded."""
    uid = plistlib.UID
    kinds = [{"$classname": name, "$classes": [name]} for name in ("NSDictionary", "NSArray", "NSDate", "NSUUID")]
    values = [
        {"NS.keys": [uid(2)], "NS.objects": [uid(3)], "$class": uid(6)}, "key",
        {"NS.objects": [uid(4), uid(5)], "$class": uid(7)}, {"NS.time": 7.5e8, "$class": uid(8)},
        {"NS.uuidbytes": bytes(16), "$class": uid(9)}, *kinds,
    ]  # fmt: skip
    yield _keyed(uid(1), *values)
    yield from records(data)


def records(data: Data) -> Iterator[bytes]:
    """Manifest records as the manifest keeps them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "Manifest.db"
        path.write_bytes(_small()[1])
        connection = sqlite3.connect(path)
        yield from (row[0] for row in connection.execute("SELECT file FROM Files LIMIT 12"))
        connection.close()


def key_bags(data: Data) -> Iterator[bytes]:
    """Key bags of both derivations."""
    for modern in (True, False):
        yield Vault(PASSPHRASE, "fuzz", modern).key_bag()


def blobs(data: Data) -> Iterator[bytes]:
    """Encrypted blobs of several lengths."""
    for length in (0, 1, 15, 16, 17, 1000):
        yield encrypt(b"k" * 32, bytes(length))


def attributes(data: Data) -> Iterator[bytes]:
    """Values of extended attributes, one behind the other."""
    for entry in _small()[2]:
        found = [value for name, value in entry.attributes.items() if name.startswith(PREFIX)]
        if found:
            yield b"".join(found)
            yield from found


def attribute_lists(data: Data) -> Iterator[bytes]:
    """Extended attributes as a manifest record holds them."""
    for entry in _small()[2]:
        if entry.attributes:
            yield plistlib.dumps(dict(entry.attributes), fmt=plistlib.FMT_BINARY)


def settings(data: Data) -> Iterator[bytes]:
    """Preference files."""
    yield from _named(".plist")
    yield from data.files("ios-14.3/*/*")


def stills(data: Data) -> Iterator[bytes]:
    """Pictures of every kind that is looked into."""
    facts = pictures.PictureFacts("Apple", "iPhone", "lens", "FaceTime Photo", None, 52.5, 13.4, KNOWN_UUID)
    for form in ("HEIC", "JPEG", "PNG"):
        yield pictures.encode("fuzz", 96, 128, "photo", form, facts)
    yield _saved("TIFF", "RGB")
    yield _saved("GIF", "P")
    yield from data.files("media-bad/*")


def _saved(form: str, mode: str) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, (40, 30)).save(stream, form)
    return stream.getvalue()


def movies(data: Data) -> Iterator[bytes]:
    """Movies of Live Photos."""
    keys = ((CONTENT_IDENTIFIER, KNOWN_UUID), ("com.apple.quicktime.creationdate", _TAKEN), FACETIME_MARKER)
    yield movie("fuzz", 96, 128, "photo", MovieFacts(keys, still_image_time=True, created=3_800_000_000))
    yield from data.files("live-photos/*/*.MOV", 4)


def media(data: Data) -> Iterator[bytes]:
    """Everything a media file can be."""
    yield from stills(data)
    yield from movies(data)
    yield from data.files("live-photos/*/*.JPG")
    yield from data.files("live-photos/*/*.HEIC")


def makernotes(data: Data) -> Iterator[bytes]:
    """Apple's table inside EXIF."""
    yield maker_note(KNOWN_UUID, camera=True)


def tables(data: Data) -> Iterator[bytes]:
    """Thumbnail tables."""
    yield from _named(".ithmb")
    yield from data.files("photos/*/resources/derivatives/thumbs/*.ithmb", 8)


def configurations(data: Data) -> Iterator[bytes]:
    """thumbnailConfiguration."""
    yield plistlib.dumps(
        {
            "PLThumbnailManagerVersionKey": 30,
            "PLThumbnailManagerThumbnailFormatKey": 5005,
            "PLThumbnailManagerThumbnailFormatsKey": [5005, 4031, 4132],
        }
    )
    yield from data.files("photos/*/resources/derivatives/thumbs/thumbnailConfiguration")


def libraries(data: Data) -> Iterator[bytes]:
    """Photo libraries, with their logs."""
    yield _database("Media/PhotoData/Photos.sqlite")
    yield from data.databases("photos/*/database/Photos.sqlite")


def calls(data: Data) -> Iterator[bytes]:
    """Call histories."""
    yield from (content for path, content in _small()[0].items() if "CallHistory" in path)


def messages(data: Data) -> Iterator[bytes]:
    """Databases of Messages."""
    yield from _named("sms.db")


def message_stores(data: Data) -> Iterator[bytes]:
    """Stores of FaceTime messages, one with its log."""
    left = [facetime_messages.left(kind, 1, "+1555", FIRST_CALL, 9, FIRST_CALL) for kind in ("video", "audio")]
    for late in (0, 1):
        database, log = facetime_messages.store(left, late)
        yield database + (LOG_MARK + log if log else b"")


def privacy(data: Data) -> Iterator[bytes]:
    """Databases of privacy decisions."""
    yield from _named("TCC.db")


def manifests(data: Data) -> Iterator[bytes]:
    """Manifest databases."""
    yield _small()[1]
    yield from data.files("ios-14.3/Manifest.db")


def model_caches(data: Data) -> Iterator[bytes]:
    """The deflated model inside a library, also with nothing compressed, so that changes reach the archive."""
    content = model_cache_content(layouts.load("17600"))
    yield content
    plain = zlib.decompress(content, -15)
    packer = zlib.compressobj(0, zlib.DEFLATED, -15)
    yield packer.compress(plain) + packer.flush()


def journals(data: Data) -> Iterator[bytes]:
    """Asset and migration journals."""
    payload = plistlib.dumps({"filename": "IMG_1.HEIC", "width": 4032, "latitude": 1.5}, fmt=plistlib.FMT_BINARY)
    record = b"".join(
        _journal_record(operation, content) for operation, content in ((0, payload), (1, payload), (1, b""), (2, b""))
    )
    yield record
    yield from data.files("photos/*/resources/journals/Asset-*.plj", 4)
    yield from data.files("photos/*/resources/journals/MigrationHistory-*.plj", 2)


def _journal_record(operation: int, payload: bytes) -> bytes:
    header = b"\x08" + bytes([operation]) + b"\x12\x10" + uuid.UUID(KNOWN_UUID).bytes
    if payload:
        header += b"\x28" + _varint(len(payload)) + b"\x30" + _varint(zlib.crc32(payload))
    return b"\x40??" + len(header).to_bytes(2, "big") + header + payload


def _varint(value: int) -> bytes:
    data = b""
    while value > 0x7F:
        data, value = data + bytes([value & 0x7F | 0x80]), value >> 7
    return data + bytes([value])


def output_journals(data: Data) -> Iterator[bytes]:
    """The journal of an output folder, which somebody may have edited."""
    head = {"schema": "recover-facetime/journal/1", "backup": "key"}
    line = {"target": "a/b.HEIC", "size": 3, "sha256": "0" * 64, "file_id": "1" * 40, "source_size": 3}
    yield b"".join(json.dumps(item).encode() + b"\n" for item in (head, line, line))
