"""The short road to an asset gives what the long one gives, and only those who ask for whole assets make them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from recovery.findings.outlines import Assets, Outline, StoredAssets, seen, standing_out, stands_out
from recovery.findings.plain_assets import PlainAssets

from fixtures import BackupBuilder
from recovery.backup.blobs import Blob, BlobState
from recovery.backup.manifest import EntryKind, ManifestEntry
from recovery.case import Case, gather
from recovery.findings.assets import AssetMaker
from recovery.findings.find import find
from recovery.photos.attributes import FileAttributes
from recovery.photos.codes import NO_PLACE
from recovery.photos.grouping import Group, GroupFile
from recovery.photos.library import AssetRow, PhotoLibrary, ResourceRow
from recovery.photos.media_files import MediaFile
from recovery.photos.pairing import Pair, PairedBy
from recovery.photos.places import FileRole, Part, Place
from recovery.report import tables, text
from recovery.workspace import Workspace
from tests.conftest import DemoTwins
from tests.figures_real_data import libraries, read
from tests.scanning import case_of, view_of

MADE = datetime(2024, 6, 1, tzinfo=UTC)
UUID = "0A1B2C3D-0000-4000-8000-0123456789AB"
TEXTS = st.none() | st.sampled_from(["", "a", "IMG_0001.HEIC", "lp_image.heic", "com.apple.FaceTime", UUID])
MOMENTS = st.none() | st.sampled_from([MADE, datetime(2024, 5, 3, 18, 5, 30, tzinfo=UTC)])
TOLD = TEXTS.filter(lambda text: text != "")  # no attribute is decoded to an empty text
CODES = st.none() | st.integers(-1, 12)
REALS = st.none() | st.sampled_from([NO_PLACE, 47.5])
FORMS: dict[str, st.SearchStrategy[object]] = {
    "pk": st.integers(1, 3),
    **dict.fromkeys(("created", "added", "trashed_at", "last_upload_attempt"), MOMENTS),
    **dict.fromkeys(("latitude", "longitude"), REALS),
    **dict.fromkeys(("favorite", "hidden"), st.none() | st.booleans()),
    **dict.fromkeys(
        ("uuid", "directory", "filename", "original_filename", "cloud_original_filename", "timezone", "title",
         "media_group_uuid", "creator_bundle", "cloud_creator_bundle", "caption", "cloud_guid"), TEXTS,
    ),
}  # fmt: skip


def rows() -> st.SearchStrategy[AssetRow]:
    """Rows with every mix of stored and empty fields."""
    return st.builds(AssetRow, **{name: FORMS.get(name, CODES) for name in AssetRow._fields})


def files() -> st.SearchStrategy[GroupFile]:
    """Files in any role and state, with attributes or without."""
    attributes = st.none() | st.builds(
        FileAttributes,
        uuid=TOLD, original_filename=TOLD, creator_bundle=TOLD, imported_by=CODES, trashed=CODES, hidden=CODES,
        favorite=CODES, title=TOLD, caption=TOLD, created=MOMENTS, added=MOMENTS, timezone=TOLD,
        timezone_offset=CODES, cloud_uuid=TOLD, media_group_uuid=TOLD,
    )  # fmt: skip
    blobs = st.builds(Blob, st.sampled_from(BlobState), st.sampled_from([None, 7]), st.sampled_from(["", "odd"]))
    roles = st.sampled_from([role for role in FileRole if role is not FileRole.MESSAGES_COPY])
    return st.builds(
        lambda name, role, blob, stated: GroupFile(
            role,
            MediaFile(
                ManifestEntry("a" * 40, "CameraRollDomain", f"Media/DCIM/100APPLE/{name}", EntryKind.FILE, 9),
                Place(Part.ORIGINAL, "DCIM/100APPLE", name),
                blob,
                stated,
            ),
        ),
        st.sampled_from(["IMG_0001.HEIC", "IMG_0001.MOV", "lp_image.heic"]), roles, blobs, attributes,
    )  # fmt: skip


@pytest.fixture(scope="module")
def demo_case(demo_twins: DemoTwins) -> Case:
    """The case of every story."""
    return case_of(demo_twins.plain)


def check(maker: AssetMaker, group: Group) -> bool:
    """Where the short road is taken it ends where the long one does; whether it was taken."""
    outline = maker.outline(group)
    if outline is None:
        return False
    short, long = maker.whole(outline), maker.built(group)
    assert short == long
    assert tuple(short.sources) == tuple(long.sources)
    assert not stands_out(long) and not stands_out(outline)
    known = ("uuid", "basis", "kind", "status", "status_reason", "directory", "filename", "original_filename",
             "created", "cloud", "facetime", "deleted")  # fmt: skip
    assert [getattr(outline, name) for name in known] == [getattr(long, name) for name in known]
    assert (bool(outline.trashed), bool(outline.hidden)) == (bool(long.trashed), bool(long.hidden))
    recoverable = [item for item in outline.files if item.recoverable]
    assert recoverable == [item for item in long.files if item.recoverable]
    assert outline.files[:1] == long.files[:1]
    return True


@given(
    row=rows(),
    found=st.lists(files(), max_size=3),
    resources=st.lists(st.builds(ResourceRow, st.just(1), CODES, CODES, CODES, CODES, MOMENTS), max_size=2),
    match=st.none() | st.booleans(),
    whole=st.booleans(),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_roads_end_at_the_same_asset(
    demo_case: Case,
    row: AssetRow,
    found: list[GroupFile],
    resources: list[ResourceRow],
    match: bool | None,
    whole: bool,
) -> None:
    """Whatever a row stores and its files' attributes tell instead."""
    if whole:  # else hardly any row would be plain
        names = dict.fromkeys(("original_filename", "cloud_original_filename", "creator_bundle"), "x")
        texts = {name: getattr(row, name) or None for name in ("timezone", "title", "caption", "cloud_guid")}
        row = row._replace(  # type: ignore[arg-type]
            **names, **texts, uuid=UUID, created=MADE, added=MADE, media_group_uuid=UUID, trashed_state=0, kind=0,
            hidden=False, imported_by=3,
        )  # fmt: skip
        found = [item for item in found if item.file.attributes is None or item.file.attributes.imported_by == 3]
    library = PhotoLibrary(
        "ZASSET", 1, (row,), {1: tuple(resources)}, {1: ("word",)}, {2: ("album",)}, {},
        {name: (f"ZASSET.Z{name.upper()}",) for name in AssetRow._fields},
    )  # fmt: skip
    pair = Pair("row 0", "a", PairedBy.STEM, match) if match is not None else None
    event(f"short road: {check(AssetMaker(replace(demo_case, library=library)), Group(row, tuple(found), pair))}")


def test_both_roads_agree_in_every_story(demo_case: Case) -> None:
    """Each group of each story; both kinds occur."""
    maker = AssetMaker(demo_case)
    assert {check(maker, group) for group in demo_case.grouping.groups} == {True, False}


def test_both_roads_agree_in_real_libraries(demo_case: Case, shared: Path, workspace: Workspace) -> None:
    """Each row of the real libraries, without its files; the short road is one for most of them."""
    taken: list[bool] = []
    for folder in libraries(shared.parent):
        library = read(folder, workspace)
        maker = AssetMaker(replace(demo_case, library=library))
        taken.extend(check(maker, Group(row, ())) for row in library.assets)
    assert sum(taken) > len(taken) / 2


def test_only_what_stands_out_is_made_for_people(
    demo_case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text and table of a scan for FaceTime make no plain asset; the whole library makes each of them once."""
    findings, same = find(demo_case), find(demo_case)
    assert isinstance(findings.assets, Assets)
    plain = sum(isinstance(asset, Outline) for asset in seen(findings.assets))
    assert plain > 3
    made: list[Outline] = []
    make = PlainAssets.asset

    def noted(self: PlainAssets, outline: Outline) -> object:
        made.append(outline)
        return make(self, outline)

    monkeypatch.setattr(PlainAssets, "asset", noted)
    shown = text.scan(findings)
    tables.write_csv(tuple(standing_out(findings.assets)), StringIO())
    assert not made
    whole = tuple(findings.assets)
    assert len(made) == plain and tuple(findings.assets) == whole and len(made) == plain
    assert findings == same and hash(findings.assets) == hash(whole)
    assert findings.assets[1:3] == whole[1:3] and findings.assets[-1] == whole[-1]
    assert text.scan(findings) == shown == text.scan(replace(findings, assets=whole))
    assert tuple(standing_out(whole)) == tuple(standing_out(findings.assets))


@pytest.mark.parametrize("few", [3, 30])
def test_what_stands_out_of_a_large_library_is_at_hand(
    demo_twins: DemoTwins, demo_case: Case, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Beyond the limit of rows the same stands out in the same order, and people read the same."""
    usual = find(demo_case)
    monkeypatch.setattr("recovery.limits.ROWS_IN_MEMORY", few)
    with view_of(demo_twins.plain) as view:
        stored = gather(view)
        assert not isinstance(stored.grouping.with_row, tuple)
        # Rows that are few, with a room for assets that are not, is what many ghosts lead to.
        for large in (find(stored), find(replace(demo_case, room=view.room))):
            assert isinstance(large.assets, StoredAssets) == (few == 30)
            assert tuple(standing_out(large.assets)) == tuple(standing_out(usual.assets))
            assert text.scan(large) == text.scan(usual)
            assert tuple(large.assets) == tuple(usual.assets)


def test_a_plain_photo_is_counted_once_with_its_bytes(tmp_path: Path) -> None:
    """Totals from outlines are those of the whole assets, also where two assets share a file."""
    builder = BackupBuilder()
    for name in ("one", "two"):
        builder.with_photo(name)
    findings = find(case_of(builder.build(tmp_path / "backup")))
    assert isinstance(findings.assets, Assets)
    assert all(isinstance(asset, Outline) for asset in seen(findings.assets))
    sizes = [item.size or 0 for asset in findings.assets for item in asset.files if item.recoverable]
    assert findings.totals.recoverable_bytes == sum(sizes) > 0
    assert findings.totals.assets == findings.totals.complete == 2
