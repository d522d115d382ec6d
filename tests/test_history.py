"""The history of a library, planted row by row with literal SQL in the old and the new table layout."""

from __future__ import annotations

import plistlib
import sqlite3
import tracemalloc
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery import limits
from recovery.database import Database
from recovery.errors import UnreadableArchiveError
from recovery.gap_codes import GapSubject
from recovery.photos_db.changes.change_authors import Actor, actor, names_facetime
from recovery.photos_db.changes.history import ChangeKind, History, HistoryEvent, read_events, read_history
from recovery.photos_db.changes.model_cache import decode_changed, parse_entity

ALIVE, GONE, CLOUD = (
    "AAAAAAAA-0000-4000-8000-000000000001",
    "BBBBBBBB-0000-4000-8000-000000000002",
    "CCCCCCCC-0000-4000-8000-00000000000C",
)
REASON = "User deleted asset from trashcan."

NEW = f"""
CREATE TABLE Z_PRIMARYKEY (Z_ENT INTEGER PRIMARY KEY, Z_NAME VARCHAR, Z_SUPER INTEGER, Z_MAX INTEGER);
INSERT INTO Z_PRIMARYKEY VALUES (3, 'Asset', 0, 4), (7, 'Album', 0, 9), (16001, 'CHANGE', 0, 9);
CREATE TABLE Z_METADATA (Z_VERSION INTEGER PRIMARY KEY, Z_UUID VARCHAR, Z_PLIST BLOB);
CREATE TABLE Z_MODELCACHE (Z_CONTENT BLOB);
CREATE TABLE ZASSET (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZFAVORITE INTEGER,
  ZTRASHEDSTATE INTEGER, ZMOMENT INTEGER, Z_FOK_MOMENT INTEGER, ZTRASHEDDATE TIMESTAMP, ZUUID VARCHAR);
INSERT INTO ZASSET VALUES (1, 3, 1, 0, 0, NULL, NULL, NULL, '{ALIVE}');
CREATE TABLE ATRANSACTIONSTRING (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZNAME VARCHAR);
INSERT INTO ATRANSACTIONSTRING VALUES
  (1, 16003, 1, 'PhotoKit changes: com.apple.TelephonyUtilities.x (callservicesd) (fs=1/file=2) .Ingest IN'),
  (2, 16003, 1, 'PhotoKit changes: com.apple.mobileslideshow (Photos) (fs=1/file=2) .Generic IN'),
  (3, 16003, 1, 'assetsd'), (4, 16003, 1, '[0,1,0]'), (5, 16003, 1, 'com.apple.assetsd');
CREATE TABLE ATRANSACTION (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZAUTHORTS INTEGER,
  ZBUNDLEIDTS INTEGER, ZCONTEXTNAMETS INTEGER, ZPROCESSIDTS INTEGER, ZTIMESTAMP TIMESTAMP, ZAUTHOR VARCHAR);
INSERT INTO ATRANSACTION VALUES (1, 16002, 1, 4, 5, 1, 3, 700000000.5, NULL),
  (2, 16002, 1, NULL, 5, 2, 3, 700000100, NULL), (3, 16002, 1, NULL, 5, 2, 3, 700000200, NULL),
  (4, 16002, 1, NULL, 5, 2, 3, 700000300, NULL);
CREATE TABLE ACHANGE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZCHANGETYPE INTEGER, ZENTITY INTEGER,
  ZENTITYPK INTEGER, ZTRANSACTIONID INTEGER, ZCOLUMNS BLOB, ZTOMBSTONE0, ZTOMBSTONE1, ZTOMBSTONE2, ZTOMBSTONE3,
  ZTOMBSTONE4, ZTOMBSTONE5);
INSERT INTO ACHANGE (Z_PK, ZCHANGETYPE, ZENTITY, ZENTITYPK, ZTRANSACTIONID) VALUES
  (1, 0, 3, 1, 1), (2, 0, 3, 2, 1), (3, 0, 7, 2, 1);
"""
# Bits: moment, (helper column), favorite, trashedDate, trashedState, uuid, albums; 0x18 is what trashing sets.
TRASHED, FAVORITE = "X'18'", "X'20'"
MOVED = f"""
INSERT INTO ACHANGE VALUES (4, 16001, 1, 1, 3, 2, 2, {TRASHED}, NULL, NULL, NULL, NULL, NULL, NULL);
"""
DELETED = f"""
INSERT INTO ACHANGE VALUES (5, 16001, 1, 2, 3, 2, 3, NULL, '{CLOUD}', 1, '{REASON}', 700000100, 2, '{GONE}');
"""

OLD = f"""
CREATE TABLE Z_PRIMARYKEY (Z_ENT INTEGER PRIMARY KEY, Z_NAME VARCHAR, Z_SUPER INTEGER, Z_MAX INTEGER);
INSERT INTO Z_PRIMARYKEY VALUES (34, 'GenericAsset', 0, 5), (35, 'Asset', 34, 0);
CREATE TABLE Z_METADATA (Z_VERSION INTEGER PRIMARY KEY, Z_UUID VARCHAR, Z_PLIST BLOB);
CREATE TABLE ZGENERICASSET (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZTRASHEDSTATE INTEGER,
  ZUUID VARCHAR);
INSERT INTO ZGENERICASSET VALUES (1, 35, 1, 0, '{ALIVE}');
CREATE TABLE ATRANSACTIONSTRING (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZNAME VARCHAR);
INSERT INTO ATRANSACTIONSTRING VALUES (1, 16003, 1, 'CPL library (/var/mobile/Media)'), (2, 16003, 1, 'assetsd');
CREATE TABLE ATRANSACTION (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZAUTHORTS INTEGER,
  ZBUNDLEIDTS INTEGER, ZCONTEXTNAMETS INTEGER, ZPROCESSIDTS INTEGER, ZTIMESTAMP TIMESTAMP);
INSERT INTO ATRANSACTION VALUES (1, 16002, 1, NULL, NULL, NULL, 2, 500000000),
  (2, 16002, 1, NULL, NULL, 1, 2, 500000900);
CREATE TABLE ACHANGE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZCHANGETYPE INTEGER, ZENTITY INTEGER,
  ZENTITYPK INTEGER, ZTRANSACTIONID INTEGER, ZCOLUMNS BLOB, ZTOMBSTONE0, ZTOMBSTONE1, ZTOMBSTONE2, ZTOMBSTONE3);
INSERT INTO ACHANGE (Z_PK, ZCHANGETYPE, ZENTITY, ZENTITYPK, ZTRANSACTIONID, ZCOLUMNS) VALUES
  (1, 0, 35, 1, 1, NULL), (2, 0, 35, 4, 1, NULL), (3, 1, 35, 4, 1, X'FF');
INSERT INTO ACHANGE VALUES (4, 16001, 1, 2, 35, 4, 2, NULL, '{CLOUD}', 1, '{GONE}', NULL);
"""


def model_cell(
    attributes: Iterable[str], kept: Iterable[str] = (), to_one: Iterable[str] = (), to_many: Iterable[str] = ()
) -> bytes:
    """A model cache with the one entity Asset, as raw deflate around a keyed archive."""
    objects: list[object] = ["$null"]

    def put(value: object) -> plistlib.UID:
        objects.append(value)
        return plistlib.UID(len(objects) - 1)

    def of_class(name: str) -> plistlib.UID:
        return put({"$classname": name})

    kept = set(kept)
    properties = [
        put(
            {
                "$class": of_class("NSAttributeDescription"),
                "NSPropertyName": put(name),
                "NSFlagsKey": 16 * (name in kept),
            }
        )
        for name in attributes
    ]
    for names, most in ((to_one, 1), (to_many, 0)):
        for name in names:
            relation = of_class("NSRelationshipDescription")
            properties.append(put({"$class": relation, "NSPropertyName": put(name), "NSMaxCount": most}))
    members = put({"NS.keys": [], "NS.objects": properties})
    put({"$class": of_class("NSEntityDescription"), "NSEntityName": put("Asset"), "NSProperties": members})
    archive = {"$archiver": "NSKeyedArchiver", "$objects": objects, "$top": {"root": plistlib.UID(1)}}
    squeezer = zlib.compressobj(wbits=-15)
    return squeezer.compress(plistlib.dumps(archive, fmt=plistlib.FMT_BINARY)) + squeezer.flush()


MODEL = model_cell(["uuid", "trashedState", "favorite", "trashedDate", "unstored"], ["uuid"], ["moment"], ["albums"])


def plant(folder: Path, *scripts: str, model: bytes | None = None) -> Path:
    path = folder / "Photos.sqlite"
    connection = sqlite3.connect(path)
    for script in scripts:
        connection.executescript(script)
    if model is not None:
        connection.execute("INSERT INTO Z_MODELCACHE VALUES (?)", (model,))
    metadata = plistlib.dumps({"PLModelVersion": 17401}, fmt=plistlib.FMT_BINARY)
    connection.execute("INSERT INTO Z_METADATA VALUES (1, 'x', ?)", (metadata,))
    connection.commit()
    connection.close()
    return path


def history_of(path: Path) -> History:
    with Database(path, "Photos.sqlite") as database:
        return read_history(database)


def events_of(path: Path, **chosen: Iterable[object]) -> list[HistoryEvent]:
    with Database(path, "Photos.sqlite") as database:
        return list(read_events(database, **chosen))  # type: ignore[arg-type]


def test_new_layout_tells_the_whole_life_of_a_deleted_asset(tmp_path: Path) -> None:
    """With six tombstones, uuid, times, reason and every client of a deleted asset are told."""
    kept = ["cloudAssetGUID", "cloudDeleteState", "deleteReason", "trashedDate", "trashedReason", "uuid"]
    model = model_cell(["favorite", "trashedState", *kept], kept, ["moment"], ["albums"])
    history = history_of(plant(tmp_path, NEW, MOVED, DELETED, model=model))
    (deleted_asset,) = history.deleted
    assert (deleted_asset.uuid, deleted_asset.asset_pk, deleted_asset.reason, deleted_asset.trashed_reason) == (
        GONE,
        2,
        REASON,
        2,
    )
    assert deleted_asset.trashed_at == datetime(2023, 3, 8, 20, 28, 20, tzinfo=UTC)
    assert deleted_asset.deleted_at == datetime(2023, 3, 8, 20, 30, tzinfo=UTC)
    assert deleted_asset.client == "com.apple.mobileslideshow"
    assert deleted_asset.inserted_at == datetime(2023, 3, 8, 20, 26, 40, 500000, tzinfo=UTC)
    assert deleted_asset.inserted_by == "com.apple.TelephonyUtilities.x"
    assert deleted_asset.insertion is not None and deleted_asset.insertion.process == "assetsd"
    assert (deleted_asset.insertion.author, deleted_asset.insertion.bundle) == ("[0,1,0]", "com.apple.assetsd")
    assert deleted_asset.names_facetime
    assert deleted_asset.trash_change is not None and deleted_asset.trash_change.kind is ChangeKind.TRASHED
    assert (deleted_asset.source.place, deleted_asset.source.row) == ("ACHANGE", 5)
    assert history.gaps == () and history.model_version == 17401
    assert (history.trimmed, history.change_count) == (False, 5)


def test_old_layout_without_model_cache(tmp_path: Path) -> None:
    """With four tombstones and GenericAsset, the deleted asset is named by the documented layout; the rest is a gap."""
    history = history_of(plant(tmp_path, OLD))
    (deleted_asset,) = history.deleted
    assert (deleted_asset.uuid, deleted_asset.asset_pk, deleted_asset.reason, deleted_asset.trashed_at) == (
        GONE,
        4,
        None,
        None,
    )
    assert (deleted_asset.deletion.activity, deleted_asset.client) == ("icloud", None)
    assert deleted_asset.deletion.context == "CPL library (/var/mobile/Media)"
    assert not deleted_asset.names_facetime
    assert [gap.what for gap in history.gaps] == [GapSubject.MODEL_CACHE]
    assert history.numbering.explained == 1
    assert history.numbering.unexplained == (range(2, 4), range(5, 6)) and history.numbering.unexplained_count == 3


def test_tombstone_of_an_older_model_in_a_newer_library(tmp_path: Path) -> None:
    """A row that kept only three values is not named by today's six, nor is the cloud identifier the uuid."""
    row = f"INSERT INTO ACHANGE VALUES (5, 16001, 1, 2, 3, 2, 3, NULL, '{CLOUD}', 1, '{GONE}', NULL, NULL, NULL);"
    (deleted_asset,) = history_of(plant(tmp_path, NEW, row)).deleted
    assert (deleted_asset.uuid, deleted_asset.reason) == (GONE, None)


def test_unknown_tombstone_layout_falls_back_to_the_last_uuid(tmp_path: Path) -> None:
    """Where no layout fits, the last value that is a uuid names the deleted asset and nothing else is claimed."""
    values = f"'{CLOUD}', '{GONE.lower()}', 7, NULL, NULL, 8"
    row = f"INSERT INTO ACHANGE VALUES (5, 16001, 1, 2, 3, 2, 3, NULL, {values});"
    (deleted_asset,) = history_of(plant(tmp_path, NEW, row)).deleted
    assert (deleted_asset.uuid, deleted_asset.reason, deleted_asset.trashed_at) == (GONE, None, None)


def test_deletion_without_a_uuid_is_still_a_deleted_asset(tmp_path: Path) -> None:
    """A tombstone without a uuid is reported by its number, and explains its gap."""
    row = "INSERT INTO ACHANGE (Z_PK, ZCHANGETYPE, ZENTITY, ZENTITYPK, ZTRANSACTIONID) VALUES (5, 2, 3, 2, 99);"
    history = history_of(plant(tmp_path, NEW, row))
    (deleted_asset,) = history.deleted
    assert (deleted_asset.uuid, deleted_asset.asset_pk, deleted_asset.deleted_at) == (None, 2, None)
    assert history.numbering.explained == 1


def test_live_uuid_is_no_deleted_asset(tmp_path: Path) -> None:
    """An asset that was deleted and came back under a new number is not reported as deleted."""
    back = f"INSERT INTO ZASSET VALUES (3, 3, 1, 0, 0, NULL, NULL, NULL, '{GONE}');"
    history = history_of(plant(tmp_path, NEW, DELETED, back))
    assert history.deleted == ()
    assert history.numbering.explained == 1


def test_one_deleted_asset_for_each_uuid(tmp_path: Path) -> None:
    """An asset that was deleted twice is one deleted asset, with its last deletion."""
    again = f"""INSERT INTO ACHANGE VALUES (8, 16001, 1, 0, 3, 3, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    INSERT INTO ACHANGE VALUES (9, 16001, 1, 2, 3, 3, 4, NULL, NULL, 1, NULL, NULL, NULL, '{GONE}');"""
    (deleted_asset,) = history_of(plant(tmp_path, NEW, DELETED, again)).deleted
    assert (deleted_asset.asset_pk, deleted_asset.deletion.source.row) == (3, 9)


def test_deletions_of_other_entities_are_not_assets(tmp_path: Path) -> None:
    """A deleted album, whatever its tombstone holds, is no deleted asset."""
    album = f"INSERT INTO ACHANGE VALUES (6, 16001, 1, 2, 7, 2, 3, NULL, '{CLOUD}', '{GONE}', 1, 1, 1, '{GONE}');"
    assert history_of(plant(tmp_path, NEW, album)).deleted == ()


def test_changed_columns_are_named(tmp_path: Path) -> None:
    """Bits are named in the order of the model, past the helper column, without attributes that have no column."""
    favorite = f"INSERT INTO ACHANGE VALUES (4, 0, 0, 1, 3, 1, 2, {FAVORITE}, 0, 0, 0, 0, 0, 0);"
    moment = "INSERT INTO ACHANGE VALUES (5, 0, 0, 1, 3, 1, 2, X'86', 0, 0, 0, 0, 0, 0);"
    long = "INSERT INTO ACHANGE VALUES (6, 0, 0, 1, 3, 1, 2, X'2000', 0, 0, 0, 0, 0, 0);"
    events = events_of(plant(tmp_path, NEW, favorite, moment, long, model=MODEL), uuids=[ALIVE.lower()])
    assert [event.kind for event in events] == [ChangeKind.INSERTED] + [ChangeKind.UPDATED] * 3
    assert [event.changed for event in events[1:]] == [("favorite",), ("moment", "uuid"), None]
    assert {event.uuid for event in events} == {ALIVE}


def test_moves_are_told_backwards_from_the_final_state(tmp_path: Path) -> None:
    """An asset that lies in Recently Deleted was trashed, restored and trashed, in this order."""
    moves = "".join(
        f"INSERT INTO ACHANGE VALUES ({row}, 0, 0, 1, 3, 1, 2, {TRASHED}, 0, 0, 0, 0, 0, 0);" for row in (6, 7, 8)
    )
    now = "UPDATE ZASSET SET ZTRASHEDSTATE = 1;"
    kinds = [event.kind for event in events_of(plant(tmp_path, NEW, moves, now, model=MODEL), pks=[1])]
    assert kinds == [ChangeKind.INSERTED, ChangeKind.TRASHED, ChangeKind.RESTORED, ChangeKind.TRASHED]


def test_a_move_is_not_guessed_when_the_final_state_is_unknown(tmp_path: Path) -> None:
    """Where the tombstone does not keep the trashed date, a move is called a move in or out."""
    row = f"INSERT INTO ACHANGE VALUES (5, 0, 0, 2, 3, 2, 3, NULL, NULL, 1, '{GONE}', NULL, NULL, NULL);"
    events = events_of(plant(tmp_path, NEW, MOVED, row, model=MODEL), uuids=[GONE])
    assert [event.kind for event in events] == [ChangeKind.INSERTED, ChangeKind.TRASH_CHANGED, ChangeKind.DELETED]
    assert {event.uuid for event in events} == {GONE}


def test_all_events_come_in_order_and_only_of_assets(tmp_path: Path) -> None:
    """Without a choice every change of every asset is told, oldest first."""
    events = events_of(plant(tmp_path, NEW, MOVED, DELETED, model=MODEL))
    assert [event.source.row for event in events] == [1, 2, 4, 5]
    assert events_of(tmp_path / "Photos.sqlite", uuids=[]) == []
    assert events[-1].reason == REASON


def test_trimming_is_detected(tmp_path: Path) -> None:
    """When the first changes are gone, the history says that it was trimmed and since when it tells."""
    history = history_of(plant(tmp_path, NEW, DELETED, "DELETE FROM ACHANGE WHERE Z_PK < 3;"))
    assert history.trimmed is True
    assert history.missing_changes == 1
    (deleted_asset,) = history.deleted
    assert deleted_asset.inserted_at is None


def test_trimmed_transactions_are_detected(tmp_path: Path) -> None:
    """Missing first transactions are trimming too."""
    history = history_of(plant(tmp_path, NEW, "DELETE FROM ATRANSACTION WHERE Z_PK = 1;"))
    assert history.trimmed is True
    assert history.first_at == datetime(2023, 3, 8, 20, 28, 20, tzinfo=UTC)


def test_an_empty_ledger_does_not_claim_to_be_whole(tmp_path: Path) -> None:
    """Without a single change nobody can tell whether something was trimmed."""
    history = history_of(plant(tmp_path, NEW, "DELETE FROM ACHANGE;"))
    assert (history.trimmed, history.deleted) == (None, ())
    assert history.numbering.unexplained == (range(2, 5),)


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("DROP TABLE ACHANGE;", "permanently deleted assets"),
        ("DROP TABLE Z_PRIMARYKEY;", "permanently deleted assets"),
        ("DELETE FROM Z_PRIMARYKEY;", "permanently deleted assets"),
        ("DROP TABLE ATRANSACTION;", "times and clients"),
        ("DROP TABLE ATRANSACTIONSTRING;", "who made a change"),
        ("DROP TABLE Z_MODELCACHE;", "names of changed columns"),
        ("DROP TABLE ZASSET;", "gaps in the numbering of assets"),
        ("ALTER TABLE Z_PRIMARYKEY DROP COLUMN Z_MAX;", "deletion of the newest assets"),
        ("ALTER TABLE ACHANGE DROP COLUMN ZENTITYPK;", "permanently deleted assets"),
        ("UPDATE Z_MODELCACHE SET Z_CONTENT = X'00FF';", "names of tombstone columns"),
        ("UPDATE Z_MODELCACHE SET Z_CONTENT = 'text';", "names of tombstone columns"),
    ],
)
def test_what_is_missing_is_a_gap(tmp_path: Path, damage: str, what: str) -> None:
    """A missing table, column or model is named together with what it hides, never silently empty."""
    path = plant(tmp_path, NEW, DELETED, model=MODEL)
    connection = sqlite3.connect(path)
    connection.executescript(damage)
    connection.close()
    assert what in {hidden for gap in history_of(path).gaps for hidden in gap.hides}
    events_of(path)


def test_absurd_values_are_survived(tmp_path: Path) -> None:
    """Values of the wrong type or size neither crash the reader nor become deleted assets."""
    rows = """
    UPDATE Z_PRIMARYKEY SET Z_MAX = 9223372036854775807 WHERE Z_NAME = 'Asset';
    INSERT INTO ACHANGE VALUES (11, 0, 0, 2, 3, 'two', 3, NULL, 1, 1, 1, 1, 1, 1);
    INSERT INTO ACHANGE VALUES (12, 0, 0, 'x', 3, 1, 'y', X'00', 1, 1, 1, 1, 1, 1);
    INSERT INTO ACHANGE VALUES (13, 0, 0, 2, 3, -5, 3, 'text', X'00', 1, 2.5, 1e300, 'z', 'not a uuid');
    UPDATE ATRANSACTION SET ZTIMESTAMP = 1e300, ZCONTEXTNAMETS = 'three' WHERE Z_PK = 3;
    """
    path = plant(tmp_path, NEW, rows, model=MODEL)
    history = history_of(path)
    assert [
        (deleted_asset.uuid, deleted_asset.asset_pk, deleted_asset.deleted_at) for deleted_asset in history.deleted
    ] == [(None, -5, None)]
    assert history.numbering.unexplained_count == 2**63 - 2
    assert ChangeKind.UNKNOWN in {event.kind for event in events_of(path)}


def test_more_deletions_than_any_library_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the newest deletions are kept and the gap says that older ones are hidden."""
    monkeypatch.setattr(limits, "HISTORY_DELETED", 1)
    more = "INSERT INTO ACHANGE (Z_PK, ZCHANGETYPE, ZENTITY, ZENTITYPK) VALUES (8, 2, 3, 4);"
    history = history_of(plant(tmp_path, NEW, DELETED, more))
    assert [deleted_asset.asset_pk for deleted_asset in history.deleted] == [4]
    assert any("older permanently deleted assets" in gap.hides for gap in history.gaps)


def test_a_damaged_page_keeps_what_was_read(tmp_path: Path) -> None:
    """A ledger broken in the middle gives a gap that counts as a fault, and no foreign exception."""
    rows = f"""WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
    INSERT INTO ACHANGE SELECT i, 0, 0, 1, 3, 1, 2, NULL, '{CLOUD}', NULL, NULL, NULL, NULL, NULL FROM n;
    INSERT INTO ACHANGE VALUES (5001, 16001, 1, 2, 3, 3, 3, NULL, NULL, 1, NULL, NULL, NULL, '{GONE}');"""
    path = plant(tmp_path, NEW, rows)
    data = bytearray(path.read_bytes())
    half = len(data) // 2 // 4096 * 4096
    data[half : half + 4096] = b"\xee" * 4096
    path.write_bytes(data)
    history = history_of(path)
    assert any(gap.fault for gap in history.gaps)


def test_memory_does_not_grow_with_the_ledger(tmp_path: Path) -> None:
    """Ten times as many changes need no more memory, since only deleted assets are kept."""
    peaks = []
    for count in (3_000, 30_000):
        folder = tmp_path / str(count)
        folder.mkdir()
        rows = f"""WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
        INSERT INTO ACHANGE SELECT i, 0, 0, i % 2, 3, i, 2, {FAVORITE}, 0, 0, 0, 0, 0, 0 FROM n;"""
        path = plant(folder, NEW, DELETED, rows, model=MODEL)
        tracemalloc.start()
        assert len(history_of(path).deleted) == 1
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 2


@pytest.mark.parametrize(
    ("context", "author", "expected"),
    [
        ("PhotoKit changes: com.apple.Photos (Photos) (fs=1/file=2) .Ingest IN", None,
         ("com.apple.Photos", "photokit")),
        ("PhotoKit changes: com.apple.mediaanalysisd (com.apple.mediaanalysisd) (fs=1)", "[0,1,0]",
         ("com.apple.mediaanalysisd", "photokit")),
        ("CPL library: -[PLCloudBatchDownloader handleIncomingBatch:]", None, (None, "icloud")),
        ("PLExpiredCleanupMaintenanceTask (fs=1/file=2)", None, (None, "expired")),
        ("-[PLModelMigrator _loadFileSystemDataIntoDatabaseIfNeededWithReason:progress:] (fs=1)", None,
         (None, "file_system_import")),
        ("-[PLModelMigrator photoLibrary] (fs=1)", None, (None, "migration")),
        (None, "com.apple.coredata.schemamigrator: lightweight migration from model with digest { x }",
         (None, "migration")),
        ("moment library (fs=1/file=2)", "[1,0]", (None, None)),
        (None, None, (None, None)),
    ],
)  # fmt: skip
def test_who_made_a_change(context: str | None, author: str | None, expected: tuple[str | None, str | None]) -> None:
    """Clients and activities are read from the strings of real libraries; other strings get no label."""
    assert actor(context, author) == Actor(*expected)


def test_facetime_names_are_found_in_any_case_and_place() -> None:
    """Each program name of FaceTime is enough, and Photos itself is not one."""
    for name in (
        "com.apple.FaceTime",
        "com.apple.telephonyutilities.callservicesd",
        "AVConference",
        "FTLivePhotoService",
    ):
        assert names_facetime(None, f"PhotoKit changes: {name} (x)")
    assert not names_facetime("PhotoKit changes: com.apple.mobileslideshow (Photos)", None)


@given(st.binary(max_size=200))
def test_a_model_cache_of_any_bytes_is_refused_politely(data: bytes) -> None:
    """Bytes that are no model raise our own error, deflated or not."""
    squeezer = zlib.compressobj(wbits=-15)
    for content in (data, squeezer.compress(data) + squeezer.flush()):
        with pytest.raises(UnreadableArchiveError):
            parse_entity(content, "Asset")


def test_a_model_cache_that_unfolds_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small cell that inflates to more than the limit is refused before it fills the memory."""
    monkeypatch.setattr(limits, "MODEL_CACHE_BYTES", 100_000)
    squeezer = zlib.compressobj(wbits=-15)
    bomb = squeezer.compress(bytes(10_000_000)) + squeezer.flush()
    with pytest.raises(UnreadableArchiveError, match="more bytes than any real one"):
        parse_entity(bomb, "Asset")


@given(st.lists(st.none() | st.text("abc", min_size=1, max_size=3), min_size=1, max_size=40), st.data())
def test_named_bits_come_back(bits: list[str | None], data: st.DataObject) -> None:
    """Whatever bits are set, exactly their names come back, in order; a bitmap of another length is unknown."""
    marked = sorted(data.draw(st.sets(st.integers(0, len(bits) - 1))))
    bitmap = bytearray((len(bits) + 7) // 8)
    for index in marked:
        bitmap[index // 8] |= 128 >> (index % 8)
    assert decode_changed(bits, bytes(bitmap)) == tuple(bits[index] for index in marked if bits[index] is not None)
    assert decode_changed(bits, bytes(bitmap) + b"\0") is None
