"""Photos.sqlite by facts and homes: two layouts written out as SQL, missing columns, and cells of any type."""

from __future__ import annotations

import plistlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recovery.database import Database
from recovery.errors import UnreadableDatabaseError
from recovery.photos_db.library import AssetRow
from recovery.photos_db.library_fields import ASSET_FIELDS
from recovery.report.messages.gaps import what, why
from recovery.workspace import Workspace
from tests.library_tools import WholeLibrary as PhotoLibrary
from tests.library_tools import read_library

# iOS 11 to 13: the old asset table, the old name of the creator's column, no resources' trashing.
OLD = """
CREATE TABLE ZGENERICASSET (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZUUID VARCHAR,
  ZDIRECTORY VARCHAR, ZFILENAME VARCHAR, ZDATECREATED TIMESTAMP, ZADDEDDATE TIMESTAMP,
  ZMODIFICATIONDATE TIMESTAMP, ZTRASHEDSTATE INTEGER, ZTRASHEDDATE TIMESTAMP, ZHIDDEN INTEGER,
  ZFAVORITE INTEGER, ZKIND INTEGER, ZKINDSUBTYPE INTEGER, ZHASADJUSTMENTS INTEGER, ZMASTER INTEGER,
  ZADDITIONALATTRIBUTES INTEGER, ZMEDIAGROUPUUID VARCHAR, ZSAVEDASSETTYPE INTEGER, ZLATITUDE FLOAT);
CREATE TABLE ZADDITIONALASSETATTRIBUTES (Z_PK INTEGER PRIMARY KEY, ZASSET INTEGER, ZORIGINALFILENAME VARCHAR,
  ZCREATORBUNDLEID VARCHAR, ZIMPORTEDBY INTEGER, ZTIMEZONENAME VARCHAR, ZTIMEZONEOFFSET INTEGER,
  ZMASTERFINGERPRINT VARCHAR, ZASSETDESCRIPTION INTEGER);
CREATE TABLE ZCLOUDMASTER (Z_PK INTEGER PRIMARY KEY, ZORIGINALFILENAME VARCHAR, ZIMPORTEDBY INTEGER,
  ZCLOUDLOCALSTATE INTEGER);
CREATE TABLE ZASSETDESCRIPTION (Z_PK INTEGER PRIMARY KEY, ZASSETATTRIBUTES INTEGER, ZLONGDESCRIPTION VARCHAR);
CREATE TABLE ZGENERICALBUM (Z_PK INTEGER PRIMARY KEY, ZTITLE VARCHAR, ZKIND INTEGER);
CREATE TABLE Z_20ASSETS (Z_20ALBUMS INTEGER, Z_27ASSETS INTEGER, Z_FOK_27ASSETS INTEGER);
CREATE TABLE ZKEYWORD (Z_PK INTEGER PRIMARY KEY, ZTITLE VARCHAR);
CREATE TABLE Z_1KEYWORDS (Z_1ASSETATTRIBUTES INTEGER, Z_37KEYWORDS INTEGER);
CREATE TABLE ZPERSON (Z_PK INTEGER PRIMARY KEY, ZFULLNAME VARCHAR);
CREATE TABLE ZDETECTEDFACE (Z_PK INTEGER PRIMARY KEY, ZASSET INTEGER, ZPERSON INTEGER);
CREATE TABLE Z_METADATA (Z_VERSION INTEGER, Z_UUID VARCHAR, Z_PLIST BLOB);
INSERT INTO ZGENERICASSET VALUES (5, 27, 1, 'A0000000-0000-4000-8000-000000000005', 'DCIM/100APPLE',
  'IMG_0005.HEIC', 736453330.125, 736453331.5, 736453400, 1, 737900100, 0, 1, 0, 2, 1, 3, 9,
  'B0000000-0000-4000-8000-000000000005', 3, -180.0);
INSERT INTO ZADDITIONALASSETATTRIBUTES VALUES (9, 5, 'lp_image.heic', 'com.apple.TelephonyUtilities', 8,
  'Europe/Berlin', 7200, 'AQIDBA==', 2);
INSERT INTO ZCLOUDMASTER VALUES (3, 'lp_image.HEIC', 8, 3);
INSERT INTO ZASSETDESCRIPTION VALUES (2, 9, 'Grandma laughs');
INSERT INTO ZGENERICALBUM VALUES (1, 'Family', 2), (2, NULL, 2);
INSERT INTO Z_20ASSETS VALUES (1, 5, 1), (2, 5, 1);
INSERT INTO ZKEYWORD VALUES (4, 'call');
INSERT INTO Z_1KEYWORDS VALUES (9, 4);
INSERT INTO ZPERSON VALUES (7, 'Grandma'), (8, '');
INSERT INTO ZDETECTEDFACE VALUES (1, 5, 7), (2, 5, 8), (3, 5, 7);
"""

# iOS 18: the new asset table, the new names of creator and faces, and the resources.
NEW = """
CREATE TABLE ZASSET (Z_PK INTEGER PRIMARY KEY, ZUUID VARCHAR, ZDIRECTORY VARCHAR, ZFILENAME VARCHAR,
  ZDATECREATED TIMESTAMP, ZADDEDDATE TIMESTAMP, ZTRASHEDSTATE INTEGER, ZTRASHEDDATE TIMESTAMP, ZHIDDEN INTEGER,
  ZFAVORITE INTEGER, ZKIND INTEGER, ZKINDSUBTYPE INTEGER, ZADJUSTMENTSSTATE INTEGER, ZMASTER INTEGER,
  ZEXTENDEDATTRIBUTES INTEGER, ZADDITIONALATTRIBUTES INTEGER);
CREATE TABLE ZADDITIONALASSETATTRIBUTES (Z_PK INTEGER PRIMARY KEY, ZASSET INTEGER, ZORIGINALFILENAME VARCHAR,
  ZIMPORTEDBYBUNDLEIDENTIFIER VARCHAR, ZIMPORTEDBYDISPLAYNAME VARCHAR, ZIMPORTEDBY INTEGER,
  ZORIGINALSTABLEHASH VARCHAR, ZTITLE VARCHAR);
CREATE TABLE ZCLOUDMASTER (Z_PK INTEGER PRIMARY KEY, ZORIGINALFILENAME VARCHAR, ZIMPORTEDBY INTEGER,
  ZIMPORTEDBYBUNDLEIDENTIFIER VARCHAR, ZIMPORTEDBYDISPLAYNAME VARCHAR, ZCLOUDLOCALSTATE INTEGER);
CREATE TABLE ZINTERNALRESOURCE (Z_PK INTEGER PRIMARY KEY, ZASSET INTEGER, ZRESOURCETYPE INTEGER,
  ZDATASTORESUBTYPE INTEGER, ZLOCALAVAILABILITY INTEGER, ZREMOTEAVAILABILITY INTEGER, ZDATALENGTH INTEGER);
CREATE TABLE ZGENERICALBUM (Z_PK INTEGER PRIMARY KEY, ZTITLE VARCHAR, ZKIND INTEGER);
CREATE TABLE Z_30ASSETS (Z_30ALBUMS INTEGER, Z_3ASSETS INTEGER);
CREATE TABLE ZPERSON (Z_PK INTEGER PRIMARY KEY, ZFULLNAME VARCHAR);
CREATE TABLE ZDETECTEDFACE (Z_PK INTEGER PRIMARY KEY, ZASSETFORFACE INTEGER, ZPERSONFORFACE INTEGER);
INSERT INTO ZASSET VALUES (2, 'A0000000-0000-4000-8000-000000000002', 'PhotoData/CPLAssets/group1', 'A.HEIC',
  736453330.125, NULL, 0, NULL, 1, 0, 0, 2, 2, NULL, NULL, 1),
  (1, 'A0000000-0000-4000-8000-000000000001', 'DCIM/100APPLE', 'IMG_0001.MOV', NULL, NULL, 0, NULL, 0, 0, 1, 100,
  0, 6, NULL, NULL);
INSERT INTO ZADDITIONALASSETATTRIBUTES VALUES (1, 2, 'lp_image.heic', 'com.apple.FTLivePhotoService', NULL, 8,
  'AZ==', 'A title');
INSERT INTO ZCLOUDMASTER VALUES (6, 'from cloud.mov', 3, 'com.example', 'Example', 1);
INSERT INTO ZINTERNALRESOURCE VALUES (1, 2, 0, 1, -1, 1, 739403), (2, 2, 3, 18, -1, 1, 2521942),
  (3, NULL, 0, 1, 1, 0, 5);
INSERT INTO ZGENERICALBUM VALUES (1, 'Calls', 2);
INSERT INTO Z_30ASSETS VALUES (1, 2);
INSERT INTO ZPERSON VALUES (7, 'Grandma');
INSERT INTO ZDETECTEDFACE VALUES (1, 2, 7);
"""


def read(workspace: Workspace, script: str, more: Iterable[tuple[str, tuple[object, ...]]] = ()) -> PhotoLibrary:
    """The library of a script of SQL."""
    path = workspace.new_file("Photos.sqlite")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(script)
        for statement, values in more:
            connection.execute(statement, values)
    with Database(path, "Photos.sqlite") as opened:
        return read_library(opened)


def test_the_old_layout(workspace: Workspace) -> None:
    """ZGENERICASSET, ZCREATORBUNDLEID: every fact is read from its old home."""
    plist = plistlib.dumps({"PLModelVersion": 13537}, fmt=plistlib.FMT_BINARY)
    library = read(workspace, OLD, [("INSERT INTO Z_METADATA VALUES (1, 'u', ?)", (plist,))])
    (row,) = library.assets
    assert (library.table, library.model_version) == ("ZGENERICASSET", 13537)
    assert (row.pk, row.uuid) == (5, "A0000000-0000-4000-8000-000000000005")
    assert (row.directory, row.filename) == ("DCIM/100APPLE", "IMG_0005.HEIC")
    assert (row.original_filename, row.cloud_original_filename) == ("lp_image.heic", "lp_image.HEIC")
    assert row.created == datetime(2024, 5, 3, 18, 22, 10, 125000, tzinfo=UTC)
    assert row.trashed_at == datetime(2024, 5, 20, 12, 15, tzinfo=UTC)
    assert (row.trashed_state, row.hidden, row.favorite) == (1, False, True)
    assert (row.kind, row.kind_subtype) == (0, 2)
    assert (row.creator_bundle, row.cloud_creator_bundle) == ("com.apple.TelephonyUtilities", None)
    assert (row.imported_by, row.saved_asset_type, row.cloud_master_state) == (8, 3, 3)
    assert (row.timezone, row.timezone_offset) == ("Europe/Berlin", 7200)
    assert (row.media_group_uuid, row.caption) == ("B0000000-0000-4000-8000-000000000005", "Grandma laughs")
    assert (library.albums, library.keywords, library.persons) == (
        {5: ("Family",)},
        {5: ("call",)},
        {5: ("Grandma",)},
    )
    assert library.places["creator_bundle"] == ("ZADDITIONALASSETATTRIBUTES.ZCREATORBUNDLEID",)
    assert [what(gap) for gap in library.gaps] == ["resources"]


def test_the_new_layout(workspace: Workspace) -> None:
    """ZASSET, ZIMPORTEDBYBUNDLEIDENTIFIER: every fact is read from its new home."""
    library = read(workspace, NEW)
    video, live = library.assets
    assert (library.table, library.model_version) == ("ZASSET", None)
    assert (video.pk, live.pk) == (1, 2)
    assert (live.original_filename, live.creator_bundle) == ("lp_image.heic", "com.apple.FTLivePhotoService")
    assert (live.hidden, live.title) == (True, "A title")
    assert (live.created, live.added) == (datetime(2024, 5, 3, 18, 22, 10, 125000, tzinfo=UTC), None)
    assert (video.kind, video.created, video.original_filename) == (1, None, None)
    assert (video.cloud_original_filename, video.imported_by) == ("from cloud.mov", 3)
    assert video.cloud_creator_bundle == "com.example"
    still, movie = library.resources[2]
    assert (still.subtype, still.local, still.remote) == (1, -1, 1)
    assert movie.subtype == 18
    assert set(library.resources) == {2}
    assert (library.albums, library.persons) == ({2: ("Calls",)}, {2: ("Grandma",)})
    assert [what(gap) for gap in library.gaps] == ["keywords"]


def test_the_newest_home_wins_where_a_database_has_both(workspace: Workspace) -> None:
    """A migrated database can carry old and new column: the new value counts, the old fills in for NULL."""
    script = (
        NEW
        + """
    ALTER TABLE ZADDITIONALASSETATTRIBUTES ADD COLUMN ZCREATORBUNDLEID VARCHAR;
    UPDATE ZADDITIONALASSETATTRIBUTES SET ZCREATORBUNDLEID = 'com.example.old';
    INSERT INTO ZADDITIONALASSETATTRIBUTES (Z_PK, ZASSET, ZCREATORBUNDLEID) VALUES (2, 1, 'com.example.only');
    CREATE TABLE ZGENERICASSET (Z_PK INTEGER PRIMARY KEY, ZUUID VARCHAR);
    """
    )
    library = read(workspace, script)
    assert library.table == "ZASSET"
    assert [row.creator_bundle for row in library.assets] == ["com.example.only", "com.apple.FTLivePhotoService"]


@pytest.mark.parametrize(
    ("column", "field", "hides"),
    [
        ("ZTRASHEDSTATE", "trashed_state", "recently deleted"),
        ("ZTRASHEDDATE", "trashed_at", "when photos were deleted"),
        ("ZHIDDEN", "hidden", "hidden"),
        ("ZKINDSUBTYPE", "kind_subtype", "Live Photo"),
        ("ZDATECREATED", "created", "date"),
        ("ZUUID", "uuid", "history"),
        ("ZFILENAME", "filename", "which file"),
    ],
)
def test_a_missing_column_is_a_gap_that_names_what_it_hides(
    workspace: Workspace, column: str, field: str, hides: str
) -> None:
    """The asset is read without the fact, and the gap tells which answers that costs."""
    library = read(workspace, NEW + f"ALTER TABLE ZASSET DROP COLUMN {column};")
    assert [getattr(row, field) for row in library.assets] == [None, None]
    (gap,) = (gap for gap in library.gaps if what(gap) == field)
    assert any(hides in answer for answer in gap.hides)
    assert f"asset.{column}" in why(gap)


@pytest.mark.parametrize("column", ["ZIMPORTEDBYBUNDLEIDENTIFIER", "ZORIGINALFILENAME"])
def test_a_missing_mark_of_facetime_is_a_gap(workspace: Workspace, column: str) -> None:
    """Without original name or creator the verdict has less to go by: the gap says so."""
    library = read(workspace, NEW + f"ALTER TABLE ZADDITIONALASSETATTRIBUTES DROP COLUMN {column};")
    assert any(f"attributes.{column}" in why(gap) for gap in library.gaps)


def test_a_missing_table_hides_its_facts_only(workspace: Workspace) -> None:
    """Without the table of attributes every asset is still read, with gaps for what stood there."""
    library = read(workspace, NEW + "DROP TABLE ZADDITIONALASSETATTRIBUTES; DROP TABLE ZDETECTEDFACE;")
    assert len(library.assets) == 2
    assert {"original_filename", "creator_bundle", "people"} <= {what(gap) for gap in library.gaps}


def test_a_database_without_assets_is_our_own_error(workspace: Workspace) -> None:
    """Neither asset table: told as unreadable, with a hint; an empty table is an empty library."""
    with pytest.raises(UnreadableDatabaseError, match="no table of assets") as caught:
        read(workspace, "CREATE TABLE ZSOMETHING (Z_PK INTEGER PRIMARY KEY);")
    assert caught.value.hint
    assert read(workspace, "CREATE TABLE ZASSET (Z_PK INTEGER PRIMARY KEY);").assets == ()


def test_each_asset_is_given_once(workspace: Workspace) -> None:
    """Two rows of attributes for one asset, as damage can leave, do not double it."""
    library = read(workspace, NEW + "INSERT INTO ZADDITIONALASSETATTRIBUTES (Z_PK, ZASSET) VALUES (8, 2);")
    assert [row.pk for row in library.assets] == [1, 2]


WRONG: list[object] = [b"\xff\x00blob", "text", float("nan"), float("inf"), -1e300, 2**63 - 1, -(2**63), 1.5, ""]


@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:20])
def test_a_value_of_a_wrong_type_is_no_value(workspace: Workspace, value: object) -> None:
    """The same odd value in every column of the asset: nothing crashes, and no field has a foreign type."""
    columns = ["ZUUID", "ZFILENAME", "ZDATECREATED", "ZTRASHEDDATE", "ZTRASHEDSTATE", "ZHIDDEN", "ZKIND"]
    change = f"UPDATE ZASSET SET {', '.join(f'{column} = ?1' for column in columns)}"
    library = read(workspace, NEW, [(change, (value,))])
    for row in library.assets:
        assert row.uuid is None or isinstance(row.uuid, str)
        assert row.filename is None or isinstance(row.filename, str)
        for moment in (row.created, row.trashed_at):
            assert moment is None or isinstance(moment, datetime)
        for whole in (row.trashed_state, row.kind):
            assert whole is None or isinstance(whole, int)
        assert row.hidden in (None, False, True)
    if isinstance(value, bytes):
        assert library.assets[0].uuid is None
    if not isinstance(value, int):
        assert library.assets[0].kind is None


TYPES = {"text": str, "whole": int, "real": float, "moment": datetime, "truth": bool}
cells = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.binary(max_size=20), st.text(max_size=20)
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(cells, min_size=14, max_size=14))
def test_any_cells_make_an_asset_of_the_right_types(workspace: Workspace, values: list[object]) -> None:
    """Whatever stands in a row, each field of the record is None or of its form."""
    statement = "INSERT INTO ZASSET VALUES (50, " + ", ".join("?" * 14) + ", NULL)"
    library = read(workspace, NEW, [(statement, tuple(values))])
    row = next(row for row in library.assets if row.pk == 50)
    for fact in ASSET_FIELDS:
        value = getattr(row, fact.name)
        assert value is None or isinstance(value, TYPES[fact.form.value])


def test_a_name_made_to_harm_is_only_a_name(workspace: Workspace) -> None:
    """A join table whose name holds quotes and a semicolon is passed over or quoted, never run."""
    script = (
        NEW
        + """
    CREATE TABLE "Z_31ASSETS""; DROP TABLE ZASSET; --" (Z_31ALBUMS INTEGER, Z_3ASSETS INTEGER);
    """
    )
    library = read(workspace, script)
    assert len(library.assets) == 2
    assert library.albums == {2: ("Calls",)}


@pytest.mark.parametrize("plist", [None, b"", b"no list", "text", plistlib.dumps({"PLModelVersion": "x"})])
def test_a_model_version_that_cannot_be_read_is_unknown(workspace: Workspace, plist: object) -> None:
    """The version is only printed, so its absence changes nothing."""
    library = read(workspace, OLD, [("INSERT INTO Z_METADATA VALUES (1, 'u', ?)", (plist,))])
    assert library.model_version is None
    assert isinstance(library.assets[0], AssetRow)


def test_damage_behind_the_first_rows_is_a_fault(tmp_path: Path) -> None:
    """Rows before a ruined page are assets; that others may be lost is told as a fault."""
    path = tmp_path / "Photos.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA page_size = 1024")
        connection.execute("CREATE TABLE ZASSET (Z_PK INTEGER PRIMARY KEY, ZUUID VARCHAR)")
        rows = [(number, f"{number:036d}") for number in range(1, 2001)]
        connection.executemany("INSERT INTO ZASSET VALUES (?, ?)", rows)
    data = bytearray(path.read_bytes())
    data[-20 * 1024 : -10 * 1024] = b"\xaa" * 10 * 1024
    path.write_bytes(data)
    with Database(path, "Photos.sqlite") as opened:
        library = read_library(opened)
    assert 0 < len(library.assets) < 2000
    assert any(gap.fault and what(gap) == "some assets" for gap in library.gaps)
