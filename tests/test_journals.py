"""Asset journals, written out byte by byte and read from real libraries."""

from __future__ import annotations

import io
import os
import plistlib
import sqlite3
import uuid
import zlib
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery import limits
from recovery.photos_db.changes.journal_assets import JournalAsset, read_asset_journals
from recovery.provenance import Reading

SHARED = Path(os.environ.get("RECOVER_FACETIME_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "photos"
LIBRARIES = sorted(SHARED.glob("*.photoslibrary"))
ASSET = "68C4B34C-49C9-4EED-882A-EA0D1BFCB7A2"
OTHER = "404D022B-7D4C-45C5-977B-8B74E7E93E4D"
INSERT, UPDATE, DELETE = 0, 1, 2


def varint(value: int) -> bytes:
    data = b""
    while value > 0x7F:
        data, value = data + bytes([value & 0x7F | 0x80]), value >> 7
    return data + bytes([value])


def record(operation: int, name: str, values: dict[str, object] | None = None, *, checksum: int | None = None) -> bytes:
    payload = b"" if values is None else plistlib.dumps(values, fmt=plistlib.FMT_BINARY)
    header = b"\x08" + varint(operation) + b"\x12\x10" + uuid.UUID(name).bytes  # 1: operation, 2: uuid
    if payload:
        header += b"\x20\x01\x28" + varint(len(payload))  # 4: version, 5: length, 6: checksum
        header += b"\x30" + varint(zlib.crc32(payload) if checksum is None else checksum)
    return b"\x40" + b"??" + len(header).to_bytes(2, "big") + header + payload


def read(*journals: bytes, uuids: list[str] | None = None) -> Reading[JournalAsset]:
    return read_asset_journals([(f"{n}.plj", io.BytesIO(data)) for n, data in enumerate(journals)], uuids)


VALUES: dict[str, object] = {
    "originalFilename": "IMG_1.HEIC",
    "dateCreated": datetime(2024, 5, 1, 12),
    "width": 4032,
    "latitude": -180.0,
    "longitude": -180.0,
    "inTrash": False,
    "creatorBundleID": "com.apple.facetime",
}
INSERTED = record(INSERT, ASSET, VALUES)
TRASHED = record(UPDATE, ASSET, {"inTrash": True, "trashedReason": 1})


def test_a_deleted_asset_keeps_its_details() -> None:
    """A delete record is empty, yet name, date, size, creator and trash of the asset are still told."""
    (asset,) = read(INSERTED, TRASHED + record(DELETE, ASSET))
    assert (asset.uuid, asset.deleted, asset.original_filename, asset.width) == (ASSET, True, "IMG_1.HEIC", 4032)
    assert asset.created == datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert (asset.in_trash, asset.trashed_reason, asset.creator_bundle) == (True, 1, "com.apple.facetime")
    assert (asset.latitude, asset.longitude, asset.title) == (None, None, None)
    assert (asset.source.store, asset.source.row) == ("0.plj", 0)


def test_an_asset_that_comes_back_is_not_deleted() -> None:
    """An insert after a delete starts afresh: nothing of the earlier life is carried over."""
    (asset,) = read(INSERTED + TRASHED + record(DELETE, ASSET) + record(INSERT, ASSET, {"width": 7}))
    assert (asset.deleted, asset.width, asset.in_trash, asset.original_filename) == (False, 7, None, None)


def test_a_delete_alone_is_told() -> None:
    """A delete whose insert is gone still names the asset."""
    (asset,) = read(record(DELETE, ASSET))
    assert (asset.deleted, asset.filename) == (True, None)


def test_only_wanted_assets_are_kept() -> None:
    """A choice of uuids, in any case, keeps only these."""
    reading = read(INSERTED + record(INSERT, OTHER, {"width": 1}), uuids=[OTHER.lower()])
    assert [asset.uuid for asset in reading] == [OTHER]


@pytest.mark.parametrize(
    "damage",
    [
        b"\x41junk",
        b"\x40\0",
        record(INSERT, OTHER, {"width": 1})[:-3],
        b"\x40\0\0\0\x02\x0d\0",
        b"\x40\0\0\0\x01\xff",
        record(INSERT, OTHER, {"width": 1}, checksum=1),
        b"\x40\0\0\0\x06\x28" + b"\xff" * 4 + b"\x7f",
    ],
)
def test_damage_is_a_gap_and_keeps_what_came_before(damage: bytes) -> None:
    """Broken framing, a cut record or a wrong checksum is a gap that counts as a fault; earlier records stay."""
    reading = read(INSERTED + damage)
    assert [asset.uuid for asset in reading] == [ASSET]
    assert [(gap.where, gap.fault) for gap in reading.gaps] == [("0.plj", True)]


def test_values_of_the_wrong_type_are_unknown() -> None:
    """A payload whose values are of other types than real ones tells nothing instead of nonsense."""
    values: dict[str, object] = {
        "width": "wide",
        "title": 7,
        "dateCreated": "now",
        "favorite": b"x",
        "duration": [],
    }
    (asset,) = read(record(INSERT, ASSET, values))
    told = (asset.width, asset.title, asset.created, asset.favorite, asset.duration)
    assert told == (None, None, None, None, None)


def test_more_assets_than_any_journal_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit reading stops with a gap, and what was read is kept."""
    monkeypatch.setattr(limits, "JOURNAL_ASSETS", 1)
    reading = read(INSERTED + record(INSERT, OTHER, {"width": 1}))
    assert [asset.uuid for asset in reading] == [ASSET]
    assert len(reading.gaps) == 1


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_bytes_are_read_to_an_end(noise: bytes, at: int) -> None:
    """Noise, alone or written over a good journal, gives assets and gaps and never a foreign exception."""
    good = INSERTED + TRASHED + record(DELETE, ASSET)
    for data in (noise, good[:at] + noise + good[at + len(noise) :]):
        read(data)


def real_journals(library: Path, uuids: list[str] | None = None) -> Reading[JournalAsset]:
    with ExitStack() as stack:
        names = ("Asset-snapshot.plj", "Asset-change.plj")
        paths = [library / "resources" / "journals" / name for name in names]
        return read_asset_journals([(path.name, stack.enter_context(path.open("rb"))) for path in paths], uuids)


@pytest.mark.skipif(not LIBRARIES, reason="the real libraries are not here")
@pytest.mark.parametrize("library", LIBRARIES, ids=lambda path: path.name)
def test_journals_of_real_libraries_agree_with_their_tables(library: Path, tmp_path: Path) -> None:
    """No live asset is deleted in the journals, no other asset lives there; name and size equal the table's.

    Assets whose saved asset type is 4 (five, all in one library) are in no journal.
    """
    for suffix in ("", "-wal"):
        source = library / "database" / f"Photos.sqlite{suffix}"
        if source.exists():
            (tmp_path / source.name).write_bytes(source.read_bytes())
    connection = sqlite3.connect(tmp_path / "Photos.sqlite")
    (table,) = connection.execute(
        "SELECT name FROM sqlite_master WHERE name IN ('ZASSET', 'ZGENERICASSET') AND type = 'table'"
    ).fetchone()
    rows = connection.execute(f"SELECT ZUUID, ZFILENAME, ZWIDTH, ZHEIGHT, ZSAVEDASSETTYPE FROM {table}").fetchall()
    connection.close()
    reading = real_journals(library)
    assert reading.gaps == ()
    told = {asset.uuid: asset for asset in reading}
    alive = {name for name, asset in told.items() if not asset.deleted}
    assert alive == {row[0] for row in rows if row[4] != 4}
    for name, filename, width, height, kind in rows:
        if kind != 4:
            assert (told[name].filename, told[name].width, told[name].height) == (filename, width, height)


@pytest.mark.skipif(not LIBRARIES, reason="the real libraries are not here")
def test_the_deleted_assets_of_a_real_library_still_have_names() -> None:
    """In ExternalAdjustments the three deleted assets keep name, size and trash in the journal."""
    library = SHARED / "ExternalAdjustments-14.4.1.photoslibrary"
    deleted = [asset for asset in real_journals(library) if asset.deleted]
    assert len(deleted) == 3
    for asset in deleted:
        assert asset.original_filename and asset.width and asset.height and asset.created and asset.in_trash
    assert [asset.uuid for asset in real_journals(library, [ASSET.lower()])] == [ASSET]
