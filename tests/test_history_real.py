"""The history of eleven real libraries, checked against plain SQL, journals, older rows and row differences."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recovery.database import Database, open_file_copy
from recovery.photos_db.changes.history import ChangeKind, read_events, read_history
from recovery.photos_db.changes.journals import Operation, walk
from recovery.photos_db.changes.model_cache import EntityModel, decode_changed, read_entity
from recovery.workspace import Workspace

SHARED = Path(os.environ.get("RECOVER_FACETIME_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "photos"
LIBRARIES = sorted(SHARED.glob("*.photoslibrary"))
COCOA = datetime(2001, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not LIBRARIES, reason="the real libraries are not here")
each_library = pytest.mark.parametrize("library", LIBRARIES, ids=lambda path: path.name)

# Written by hand for four and for six tombstone columns: the uuid is the last value a delete keeps.
NEW_ORACLE = """
SELECT c.ZENTITYPK, COALESCE(c.ZTOMBSTONE5, c.ZTOMBSTONE3, c.ZTOMBSTONE2), t.ZTIMESTAMP
FROM ACHANGE c JOIN ATRANSACTION t ON t.Z_PK = c.ZTRANSACTIONID JOIN Z_PRIMARYKEY k ON k.Z_ENT = c.ZENTITY
WHERE c.ZCHANGETYPE = 2 AND k.Z_NAME = 'Asset'"""
OLD_ORACLE = NEW_ORACLE.replace("COALESCE(c.ZTOMBSTONE5, c.ZTOMBSTONE3, c.ZTOMBSTONE2)", "c.ZTOMBSTONE2")


@contextmanager
def opened(library: Path, folder: Path) -> Iterator[Database]:
    path = library / "database" / "Photos.sqlite"
    with Workspace(folder) as workspace, open_file_copy(path, workspace) as database:
        yield database


def copied(library: Path, folder: Path) -> sqlite3.Connection:
    for suffix in ("", "-wal"):
        path = library / "database" / f"Photos.sqlite{suffix}"
        if path.exists():
            shutil.copyfile(path, folder / path.name)
    return sqlite3.connect(folder / "Photos.sqlite")


def asset_table(connection: sqlite3.Connection) -> str:
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('ZASSET', 'ZGENERICASSET')"
    return str(connection.execute(names).fetchone()[0])


@each_library
def test_every_tombstone_is_a_deleted_asset_and_none_is_invented(library: Path, tmp_path: Path) -> None:
    """Uuid, number and time of every deletion equal what plain SQL says, and nothing else is reported."""
    with closing(copied(library, tmp_path)) as connection:
        few = "ZTOMBSTONE5" not in {row[1] for row in connection.execute("PRAGMA table_info(ACHANGE)")}
        expected = {
            (pk, uuid, round(seconds, 3)) for pk, uuid, seconds in connection.execute(OLD_ORACLE if few else NEW_ORACLE)
        }
    with opened(library, tmp_path) as database:
        history = read_history(database)
    found = set()
    for deleted_asset in history.deleted:
        assert deleted_asset.deleted_at is not None and deleted_asset.inserted_at is not None
        assert deleted_asset.inserted_at < deleted_asset.deleted_at
        found.add(
            (deleted_asset.asset_pk, deleted_asset.uuid, round((deleted_asset.deleted_at - COCOA).total_seconds(), 3))
        )
    assert found == expected
    assert history.gaps == ()


def test_how_many_deletions_the_real_libraries_hold(tmp_path: Path) -> None:
    """The eleven libraries hold 27 permanently deleted assets, in four of them."""
    counts = {}
    for library in LIBRARIES:
        with opened(library, tmp_path) as database:
            counts[library.name.removesuffix(".photoslibrary")] = len(read_history(database).deleted)
    assert {name: count for name, count in counts.items() if count} == {
        "ExternalAdjustments-14.4.1": 3,
        "Test-10.15.7": 1,
        "Test-Cloud-10.15.1": 22,
        "Test-Faces-10.15.7": 1,
    }


@each_library
def test_every_gap_in_the_numbering_is_explained(library: Path, tmp_path: Path) -> None:
    """Numbers without a row, counted independently, all have a tombstone; no history was trimmed."""
    with closing(copied(library, tmp_path)) as connection:
        rows = {row[0] for row in connection.execute(f"SELECT Z_PK FROM {asset_table(connection)}")}
        (highest,) = connection.execute(
            "SELECT max(Z_MAX) FROM Z_PRIMARYKEY WHERE Z_NAME IN ('Asset', 'GenericAsset')"
        ).fetchone()
    with opened(library, tmp_path) as database:
        history = read_history(database)
    missing = set(range(1, highest + 1)) - rows
    assert {deleted_asset.asset_pk for deleted_asset in history.deleted} == missing
    assert (history.numbering.explained, history.numbering.unexplained) == (len(missing), ())
    assert (history.numbering.highest, history.trimmed) == (highest, False)


@each_library
def test_deletions_in_the_journals_are_deleted_assets(library: Path, tmp_path: Path) -> None:
    """What the asset journals, an independent record, call deleted is deleted in the history too."""
    data = (library / "resources" / "journals" / "Asset-change.plj").read_bytes()
    deleted = {record.key.hex().upper() for record in walk(io.BytesIO(data)) if record.operation is Operation.DELETED}
    with opened(library, tmp_path) as database:
        deleted_assets = {
            (deleted_asset.uuid or "").replace("-", "") for deleted_asset in read_history(database).deleted
        }
    assert deleted <= deleted_assets


def test_rows_that_only_the_main_file_still_holds_are_deleted_assets(tmp_path: Path) -> None:
    """Four assets whose rows the write-ahead log removed are deleted assets; their rows prove that they existed."""
    oracle = json.loads((SHARED / "expected" / "wal_expunged_oracle.json").read_text())
    with opened(SHARED / oracle["library"], tmp_path) as database:
        deleted_assets = {deleted_asset.uuid for deleted_asset in read_history(database).deleted}
    assert {row[0] for row in oracle["main_only_expunged"]} <= deleted_assets


def test_the_life_of_a_deleted_asset_is_told_to_its_end(tmp_path: Path) -> None:
    """In ExternalAdjustments two programs added, trashed and deleted three assets, with times and reason."""
    with opened(SHARED / "ExternalAdjustments-14.4.1.photoslibrary", tmp_path) as database:
        deleted_assets = {deleted_asset.uuid: deleted_asset for deleted_asset in read_history(database).deleted}
        life = list(read_events(database, uuids=["3111FBE6-3182-4536-8835-2983F28B2129"]))
    power, photos = "com.fatcatsoftware.PowerPhotos", "com.apple.Photos"
    reason = "User deleted asset in trashedState. Client expunge reason: UI expunge from recently deleted"
    day = datetime(2024, 4, 18, tzinfo=UTC)
    expected = {
        "68C4B34C-49C9-4EED-882A-EA0D1BFCB7A2": (3, "1:22:55", "1:25:46", power, photos),
        "3111FBE6-3182-4536-8835-2983F28B2129": (2, "1:21:17", "1:23:33", power, power),
    }
    for uuid, (pk, inserted, trashed, inserter, trasher) in expected.items():
        deleted_asset = deleted_assets[uuid]
        assert (
            deleted_asset.inserted_at
            and deleted_asset.trashed_at
            and deleted_asset.deleted_at
            and deleted_asset.trash_change
        )
        assert str(deleted_asset.inserted_at - day).startswith(inserted)
        assert str(deleted_asset.trashed_at - day).startswith(trashed)
        assert str(deleted_asset.deleted_at - day).startswith("1:25:52")
        assert (deleted_asset.asset_pk, deleted_asset.inserted_by, deleted_asset.client, deleted_asset.reason) == (
            pk,
            inserter,
            photos,
            reason,
        )
        assert (deleted_asset.trash_change.kind, deleted_asset.trash_change.client) == (ChangeKind.TRASHED, trasher)
        assert not deleted_asset.names_facetime
    kinds = [event.kind for event in life if event.kind is not ChangeKind.UPDATED]
    assert kinds == [ChangeKind.INSERTED, ChangeKind.TRASHED, ChangeKind.DELETED]


@each_library
def test_moves_to_the_trash_have_the_time_the_library_stores(library: Path, tmp_path: Path) -> None:
    """Every tombstone with a trashed date, and every asset in Recently Deleted, was last moved at that time.

    The owner of most libraries put off the end of the trash by hand, to 2120: such dates are no record of a move.
    """
    with closing(copied(library, tmp_path)) as connection:
        trashed = f"SELECT ZUUID, ZTRASHEDDATE FROM {asset_table(connection)} WHERE ZTRASHEDSTATE = 1"
        stored = {uuid: COCOA + timedelta(seconds=seconds) for uuid, seconds in connection.execute(trashed)}
    with opened(library, tmp_path) as database:
        moved = {event.uuid: event.at for event in read_events(database) if event.kind is ChangeKind.TRASHED}
        history = read_history(database)
    kept = {
        deleted_asset.uuid: deleted_asset.trashed_at for deleted_asset in history.deleted if deleted_asset.trashed_at
    }
    assert moved.keys() == stored.keys() | kept.keys()
    assert history.last_at is not None
    for uuid, moment in (kept | stored).items():
        at = moved[uuid]
        assert at is not None and (moment > history.last_at or abs(at - moment) < timedelta(seconds=1))


def test_a_migration_rewrites_the_bitmaps(tmp_path: Path) -> None:
    """One change, read in five libraries that continue each other over five models, is named alike in all."""
    names = ("Test-10.16.0", "Test-12.0.1", "Test-13.0.0", "Test-14.6.0", "Test-15.4.1")
    told: dict[object, list[set[str]]] = {}
    known = None
    for name in names:
        with opened(SHARED / f"{name}.photoslibrary", tmp_path) as database:
            model = read_entity(database, "Asset")
            assert isinstance(model, EntityModel)
            properties = {*model.attributes, *model.to_one}
            known = properties if known is None else known & properties
            for event in read_events(database):
                if event.changed is not None:
                    told.setdefault((event.at, event.source.row, event.asset_pk), []).append(set(event.changed))
    assert known is not None
    compared = [changes for changes in told.values() if len(changes) == len(names)]
    assert len(compared) == 308
    for first, *rest in compared:
        assert all(changed & known == first & known for changed in rest)


def commits(wal: bytes) -> Iterator[int]:
    """Where each commit of a write-ahead log ends, from its header: salts must match, the size says commit."""
    page, at = struct.unpack(">I", wal[8:12])[0], 32
    while at + 24 + page <= len(wal) and wal[at + 8 : at + 16] == wal[16:24]:
        at += 24 + page
        if struct.unpack(">I", wal[at - page - 20 : at - page - 16])[0]:
            yield at


def states(library: Path, folder: Path) -> Iterator[tuple[dict[int, dict[str, object]], list[tuple[int, int, bytes]]]]:
    """Rows of the asset table and changes of assets after each commit."""
    wal = library / "database" / "Photos.sqlite-wal"
    data = wal.read_bytes() if wal.exists() else b""
    for end in [32, *commits(data)] if data else []:
        with Workspace(folder) as workspace:
            path = workspace.new_file("Photos.sqlite")
            shutil.copyfile(library / "database" / "Photos.sqlite", path)
            path.with_name("Photos.sqlite-wal").write_bytes(data[:end])
            with closing(sqlite3.connect(path)) as connection:
                connection.row_factory = sqlite3.Row
                rows = connection.execute(f"SELECT * FROM {asset_table(connection)}").fetchall()
                changes = connection.execute(
                    "SELECT Z_PK, ZENTITYPK, ZCOLUMNS FROM ACHANGE WHERE ZCHANGETYPE = 1 AND ZENTITY = "
                    "(SELECT Z_ENT FROM Z_PRIMARYKEY WHERE Z_NAME = 'Asset')"
                ).fetchall()
        yield {row["Z_PK"]: dict(row) for row in rows}, [tuple(change) for change in changes]


def test_changed_columns_equal_row_differences(tmp_path: Path) -> None:
    """Between commits of the write-ahead logs every column that differs is named, and 93 % are named exactly.

    The rest are names whose value was written again without differing (all of them faceAdjustmentVersion).
    """
    outcome: Counter[str] = Counter()
    for library in LIBRARIES:
        with opened(library, tmp_path) as database:
            model = read_entity(database, "Asset")
            table = next(name for name in ("ZASSET", "ZGENERICASSET") if name in database.tables)
            assert isinstance(model, EntityModel)
            bits = model.changed_bits(database.columns(table))
        columns = {f"Z{name.upper()}": name for name in (*model.to_one, *model.attributes)}
        before: dict[int, dict[str, object]] | None = None
        seen = 0
        for rows, changes in states(library, tmp_path):
            named: dict[int, set[str]] = {}
            for row, pk, bitmap in changes:
                if row > seen:
                    named.setdefault(pk, set()).update(decode_changed(bits, bitmap) or ())
            for pk in named.keys() & rows.keys() & (before or {}).keys():
                earlier = (before or {})[pk]
                differs = {columns[c] for c in rows[pk] if c in columns and rows[pk][c] != earlier[c]}
                assert differs <= named[pk]
                if named[pk]:
                    outcome["exact" if differs == named[pk] else ", ".join(named[pk] - differs)] += 1
            before, seen = rows, max((change[0] for change in changes), default=0)
    assert outcome == {"exact": 194, "faceAdjustmentVersion": 13}
