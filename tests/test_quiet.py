"""Groups without any mark of FaceTime are passed over: what that spares must never be an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.case import Case
from recovery.case.facetime_evidence import Places, by_camera, facetime_evidence_of, has_no_facetime_hints, is_live
from recovery.case.grouping import Group, GroupFile
from recovery.photos_db.camera_roll_paths import FileRole, MediaPath, MediaPathPart
from recovery.photos_db.facetime_signals import (
    CALLING_BUNDLES,
    NOTHING_FIRED,
    SAVING_BUNDLES,
    judge,
    needs_media_scan,
)
from recovery.photos_db.file_attributes import FileAttributes
from recovery.photos_db.library import AssetRow
from recovery.photos_db.media_files import MediaFile
from recovery.source.blobs import Blob, BlobState
from recovery.source.manifest import EntryKind, ManifestEntry
from tests.conftest import DemoTwins
from tests.scanning import case_of

NAMES = st.none() | st.sampled_from(["lp_image.heic", "LP_IMAGE (2).JPG", "lp_movie.mov", "IMG_0001.HEIC", "lp_x", ""])
BUNDLES = st.none() | st.sampled_from([*SAVING_BUNDLES, *CALLING_BUNDLES, "com.apple.FaceTime", "net.whatsapp", ""])
CODES = st.none() | st.integers(0, 12)
NOTHING = AssetRow(**dict.fromkeys(AssetRow._fields) | {"pk": 1})  # type: ignore[arg-type]


def rows() -> st.SearchStrategy[AssetRow | None]:
    """Rows with every mix of names, programs and codes, or none."""
    return st.none() | st.builds(
        lambda name, cloud, bundle, other, code, subtype, saved: NOTHING._replace(
            original_filename=name,
            cloud_original_filename=cloud,
            creator_bundle=bundle,
            cloud_creator_bundle=other,
            imported_by=code,
            kind_subtype=subtype,
            saved_asset_type=saved,
        ),
        NAMES, NAMES, BUNDLES, BUNDLES, CODES, st.sampled_from([None, 0, 2]), st.sampled_from([None, 3, 6]),
    )  # fmt: skip


def files() -> st.SearchStrategy[GroupFile]:
    """Files in any role, with attributes or without."""
    attributes = st.none() | st.builds(
        FileAttributes, original_filename=NAMES, creator_bundle=BUNDLES, imported_by=CODES
    )
    return st.builds(
        lambda name, role, stated: GroupFile(
            role,
            MediaFile(
                ManifestEntry("a" * 40, "CameraRollDomain", f"Media/DCIM/100APPLE/{name}", EntryKind.FILE),
                MediaPath(MediaPathPart.ORIGINAL, "DCIM/100APPLE", name or "x"),
                Blob(BlobState.PRESENT, 1),
                stated,
            ),
        ),
        NAMES,
        st.sampled_from([FileRole.STILL, FileRole.PAIRED_VIDEO, FileRole.VIDEO, FileRole.THUMBNAIL]),
        attributes,
    )


def check(group: Group) -> None:
    """A quiet group gets the verdict no, and only a Live Photo of unknown origin is worth a look."""
    if has_no_facetime_hints(group):
        traces = facetime_evidence_of(group, Places())
        assert judge(traces) == NOTHING_FIRED
        assert needs_media_scan(traces) == (is_live(group) and not by_camera(group))


@given(rows(), st.lists(files(), max_size=3))
def test_a_quiet_group_would_be_judged_no(row: AssetRow | None, found: list[GroupFile]) -> None:
    """Whatever names, programs and codes are stored where: passing a quiet group over changes no verdict."""
    check(Group(row, tuple(found)))


@pytest.fixture(scope="module")
def demo_case(demo_twins: DemoTwins) -> Case:
    """The case of every story."""
    return case_of(demo_twins.plain)


def test_the_stories_hold_quiet_groups_and_others(demo_case: Case) -> None:
    """Every story's group keeps its verdict, and both kinds occur."""
    groups = [*demo_case.store.groups(), *demo_case.store.groups_without_row()]
    for group in groups:
        check(group)
    assert {has_no_facetime_hints(group) for group in groups} == {True, False}
