"""Findings: totals that add up whatever happened, states only where they are stored, and dates of any kind."""

from __future__ import annotations

import os
import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fixtures import BackupBuilder
from recovery.analysis.find import find
from recovery.analysis.model import Basis, FileRole, Findings, OrphanCode, Status
from recovery.analysis.reasons import Note, NoteCode
from recovery.gap_codes import GapSubject
from tests.scanning import PASSPHRASE, case_of, named, scan

DELETED = datetime(2024, 5, 20, 7, 15, tzinfo=UTC)
SIDE_ROLES = (FileRole.THUMBNAIL_TABLE, FileRole.MESSAGES_COPY, FileRole.DERIVED)

Step = Callable[[BackupBuilder], object]
PLANTS: dict[str, Callable[[BackupBuilder, str], object]] = {
    "facetime": lambda b, name: b.with_live_photo(name),
    "camera": lambda b, name: b.with_camera_live_photo(name),
    "photo": lambda b, name: b.with_photo(name),
    "screenshot": lambda b, name: b.with_screenshot(name),
    "video": lambda b, name: b.with_video(name),
}
MISHAPS: dict[str, Step] = {
    "trashed": lambda b: b.trashed(DELETED),
    "hidden": lambda b: b.hidden(),
    "no row": lambda b: b.without_row(),
    "no attributes": lambda b: b.without_xattrs(),
    "still missing": lambda b: b.without_blob("still"),
    "movie absent": lambda b: b.without_video(),
    "still cut": lambda b: b.truncated_blob("still"),
    "still empty": lambda b: b.zero_byte("still"),
    "wrong size": lambda b: b.with_wrong_size("still"),
    "in iCloud": lambda b: b.only_in_icloud(),
    "in iCloud, thumbnail": lambda b: b.only_in_icloud(thumbnail=True),
    "edited": lambda b: b.with_edit(),
    "reduced copy": lambda b: b.with_reduced_copy(),
    "no thumbnail": lambda b: b.without_thumbnail(),
    "permanently deleted": lambda b: b.permanently_deleted(DELETED),
    "in the log": lambda b: b.with_wal(),
}
WHOLE: dict[str, Step] = {
    "unlisted": lambda b: b.with_unlisted_blob(b"of nobody" * 5),
    "tables": lambda b: b.with_thumbnail_tables(),
    "leftovers": lambda b: b.snapshot_leftovers(),
    "flat": lambda b: b.flat(),
    "no library": lambda b: b.without_photos_database(),
    "no Info.plist": lambda b: b.without_info_plist(),
}
photos = st.tuples(st.sampled_from(sorted(PLANTS)), st.sets(st.sampled_from(sorted(MISHAPS)), max_size=3))


def blobs_in(folder: Path) -> set[str]:
    """The names of all files in a backup that are named as blobs are."""
    return {name for _, _, names in os.walk(folder) for name in names if re.fullmatch("[0-9a-f]{40}", name)}


def listed_in(folder: Path) -> dict[str, str]:
    """File ID and path of every file of a plain manifest, by plain SQL."""
    with closing(sqlite3.connect(f"file:{folder}/Manifest.db?mode=ro&immutable=1", uri=True)) as connection:
        return dict(connection.execute("SELECT fileID, relativePath FROM Files WHERE flags = 1"))


def check_sums(found: Findings, folder: Path, rows: int) -> None:
    """Every sum that must hold, against counts made without the code under test."""
    totals, there, listed = found.totals, blobs_in(folder), listed_in(folder)
    statuses = Counter(item.status for item in found.assets)
    assert totals.assets == len(found.assets) == sum(statuses.values())
    assert totals.assets == sum(getattr(totals, status.value) for status in Status)
    assert sum(item.basis is Basis.PHOTOS_DATABASE for item in found.assets) == rows
    assert totals.blobs == len(there)
    assert totals.unlisted_blobs == len(there - set(listed))
    assert totals.missing_blobs == len(set(listed) - there)
    held = [file.path for item in found.assets for file in item.files if file.role not in SIDE_ROLES and file.path]
    assert len(held) == len(set(held))
    assert set(held) <= set(listed.values())
    media = [path for path in listed.values() if re.search(r"/(DCIM|Mutations|V2|Metadata)/", path)]
    assert sorted(held) == sorted(media)
    assert totals.media_files == len(media)
    owned = sum(
        file.role not in SIDE_ROLES and bool(file.path)
        for item in found.assets
        if item.basis is Basis.PHOTOS_DATABASE
        for file in item.files
    )
    if rows or totals.files_without_asset:
        assert totals.media_files == owned + totals.files_without_asset
    codes = Counter(end.code for end in found.loose_ends)
    assert codes[OrphanCode.FILE_WITHOUT_ASSET] == totals.files_without_asset
    assert codes[OrphanCode.ASSET_WITHOUT_FILE] == totals.assets_without_file
    sizes = {(file.file_id, file.index): file.size or 0 for item in found.assets for file in item.recoverable}
    assert totals.recoverable_bytes == sum(sizes.values())


@settings(max_examples=30, deadline=None)
@given(st.lists(photos, max_size=4), st.sets(st.sampled_from(sorted(WHOLE)), max_size=2), st.sampled_from([None, "x"]))
def test_the_totals_add_up_whatever_happened(
    planted: list[tuple[str, set[str]]], whole: set[str], layout: str | None
) -> None:
    """Small libraries with any mixture of mishaps: rows, files and blobs are each counted once, none lost."""
    made = BackupBuilder(layout="13703" if layout else "18508")
    for number, (kind, mishaps) in enumerate(planted):
        PLANTS[kind](made, f"IMG_{number + 1:04d}")
        for mishap in sorted(mishaps):
            MISHAPS[mishap](made)
    for change in sorted(whole):
        if change != "tables" or made._plans:
            WHOLE[change](made)
    with TemporaryDirectory() as folder:
        backup = made.build(Path(folder))
        rows = sum(plan.in_library for plan in made._plans) if "no library" not in whole else 0
        check_sums(scan(backup), backup, rows)


def test_an_empty_library_has_nothing_and_says_so(tmp_path: Path) -> None:
    """No photo at all: every count is zero, and no gap pretends that nobody could look."""
    found = scan(BackupBuilder().build(tmp_path))
    assert (found.assets, found.totals.assets, found.totals.facetime) == ((), 0, 0)
    assert not any(gap.fault for gap in found.gaps)
    assert not any(gap.what is GapSubject.PHOTO_LIBRARY for gap in found.gaps)


def test_findings_are_a_function_of_the_case(tmp_path: Path) -> None:
    """The same case gives equal findings, as often as one asks."""
    case = case_of(BackupBuilder().with_live_photo("IMG_0001").with_video("IMG_0002").build(tmp_path))
    assert find(case) == find(case)


# --- rows changed after they were built ------------------------------------------------------------------------


def with_library(tmp_path: Path, statement: str, *values: object, layout: str = "17600") -> Findings:
    """A plain backup of one FaceTime photo and one camera photo whose library was changed by SQL."""
    made = BackupBuilder(layout=layout).with_live_photo("IMG_0001").with_photo("IMG_0002")
    backup = made.build(tmp_path)
    blob = next(backup.rglob("12b144c0bd44f2b3dffd9186d3f9c05b917cee25"))
    with closing(sqlite3.connect(blob)) as connection, connection:
        connection.execute(statement, values)
    for side in backup.rglob("12b144c0*-*"):
        side.unlink()
    return scan(backup)


def test_only_a_stored_state_means_recently_deleted(tmp_path: Path) -> None:
    """A trashed state nobody documented is told as what it is, not as a deletion."""
    found = with_library(tmp_path, "UPDATE ZASSET SET ZTRASHEDSTATE = 2, ZTRASHEDDATE = 737900100")
    asset = named(found, "IMG_0001.HEIC")
    assert (asset.trashed, asset.trashed_at, asset.trashed_until_estimate) == (False, None, None)
    assert Note(NoteCode.TRASHED_STATE_UNKNOWN, 2) in asset.notes
    assert found.totals.recently_deleted == 0


def test_a_date_of_deletion_alone_is_no_deletion(tmp_path: Path) -> None:
    """Restoring clears the date; a date left over with state 0 means nothing."""
    found = with_library(tmp_path, "UPDATE ZASSET SET ZTRASHEDSTATE = 0, ZTRASHEDDATE = 737900100")
    assert [item.trashed for item in found.assets] == [False, False]
    assert [item.trashed_at for item in found.assets] == [None, None]


EDGES = [
    (datetime(9999, 12, 31, 23, 59, 59) - datetime(2001, 1, 1)).total_seconds(),
    (datetime(1, 1, 1) - datetime(2001, 1, 1)).total_seconds(),
    (datetime(9998, 12, 31, 23, 59, 59) - datetime(2001, 1, 1)).total_seconds(),
    1e300,
    -1e300,
    float("inf"),
    2**63 - 1,
    "tomorrow",
    b"\x00\xff",
    None,
]


@pytest.mark.parametrize("stored", EDGES, ids=lambda value: repr(value)[:20])
def test_no_stored_date_ends_the_scan(tmp_path: Path, stored: object) -> None:
    """Dates at the edges of the calendar and what is no date at all: every asset is still told."""
    columns = "ZDATECREATED = ?1, ZADDEDDATE = ?1, ZTRASHEDDATE = ?1, ZTRASHEDSTATE = 1, ZMODIFICATIONDATE = ?1"
    found = with_library(tmp_path, f"UPDATE ZASSET SET {columns}", stored)
    assert found.totals.recently_deleted == len(found.assets) == 2


@pytest.mark.parametrize(
    ("stated", "offset", "created"),
    [
        ("2024:05:03 20:22:10", "+02:00", datetime(2024, 5, 3, 18, 22, 10, tzinfo=UTC)),
        ("0001:01:01 00:00:00", "+14:00", None),
        ("9999:12:31 23:59:59", "-12:00", None),
        ("0000:00:00 00:00:00", "+00:00", None),
    ],
)
def test_the_date_inside_a_file_is_used_if_it_can_be(
    tmp_path: Path, stated: str, offset: str, created: datetime | None
) -> None:
    """A picture without row or attributes is dated by its EXIF; a date at the edge of the calendar is none."""
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0x9003: stated, 0x9011: offset})
    stream = BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "JPEG", exif=exif)
    made = BackupBuilder().with_file("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0001.JPG", stream.getvalue())
    asset = named(scan(made.build(tmp_path)), "IMG_0001.JPG")
    manifest_date = datetime(2024, 6, 1, 9, 30, tzinfo=UTC)
    assert asset.created == (created or manifest_date)


def test_rows_without_a_uuid_are_kept_apart(tmp_path: Path) -> None:
    """Two rows that lost their UUID are two assets, each with its own status."""
    found = with_library(tmp_path, "UPDATE ZASSET SET ZUUID = NULL, ZFILENAME = 'gone' || Z_PK || '.HEIC'")
    rows = [item for item in found.assets if item.basis is Basis.PHOTOS_DATABASE]
    assert [item.uuid for item in rows] == [None, None]
    assert found.totals.assets_without_file == 2
    assert {item.status for item in rows} == {Status.NOT_FOUND}


def test_a_row_that_names_a_path_outside_is_only_a_name(tmp_path: Path) -> None:
    """A directory of dots and a name with slashes own no file of the backup."""
    found = with_library(tmp_path, "UPDATE ZASSET SET ZDIRECTORY = '../../..', ZFILENAME = '/etc/passwd'")
    rows = [item for item in found.assets if item.basis is Basis.PHOTOS_DATABASE]
    assert all(not item.files for item in rows)
    assert len(found.assets) == 4


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])
@pytest.mark.parametrize("kind", ["pages", "truncated", "header"])
def test_a_damaged_library_is_a_fault_and_files_speak(tmp_path: Path, kind: str, passphrase: str | None) -> None:
    """Whatever of Photos.sqlite is ruined: a fault is told, and both photos are known from what is left."""
    made = BackupBuilder().with_live_photo("IMG_0001").with_photo("IMG_0002").with_damaged_photos_database(kind)
    found = scan(made.build(tmp_path, passphrase), passphrase)
    assert any(gap.fault for gap in found.gaps)
    assert str(named(found, "IMG_0001.HEIC").facetime.verdict) == "certain"
    assert named(found, "IMG_0002.HEIC").status is Status.COMPLETE


@pytest.mark.parametrize("layout", ["13703", "15323", "17600", "18508", "19063", "ios11"])
def test_every_layout_gives_the_same_answers(tmp_path: Path, layout: str) -> None:
    """The old asset table and the new, the old name of the creator and the new: one answer."""
    made = BackupBuilder(layout=layout).with_live_photo("IMG_0001").trashed(DELETED)
    made.with_live_photo("IMG_0002", original=None, facetime_markers=False).hidden()
    made.with_camera_live_photo("IMG_0003").favorite().with_video("IMG_0004").with_album("Family")
    found = scan(made.build(tmp_path))
    told = [
        (item.filename, str(item.facetime.verdict), item.trashed, item.hidden, item.favorite, item.albums)
        for item in found.assets
    ]
    assert told == [
        ("IMG_0001.HEIC", "certain", True, False, False, ("Family",)),
        ("IMG_0002.HEIC", "probable", False, True, False, ("Family",)),
        ("IMG_0003.HEIC", "no", False, False, True, ("Family",)),
        ("IMG_0004.MOV", "no", False, False, False, ("Family",)),
    ]
    assert {item.status for item in found.assets} == {Status.COMPLETE}
    assert named(found, "IMG_0001.HEIC").trashed_until_estimate == DELETED + timedelta(days=30)
