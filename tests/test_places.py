"""Paths of the camera roll: which part of it a path stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.photos_db.camera_roll_paths import DOMAIN, MediaPath, MediaPathPart, media_path


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("DCIM/100APPLE/IMG_0001.HEIC", MediaPath(MediaPathPart.ORIGINAL, "DCIM/100APPLE", "IMG_0001.HEIC")),
        (
            "PhotoData/CPLAssets/group12/6F9619FF-8B86-4D01-B42D-00CF4FC964FF.MOV",
            MediaPath(
                MediaPathPart.ORIGINAL, "PhotoData/CPLAssets/group12", "6F9619FF-8B86-4D01-B42D-00CF4FC964FF.MOV"
            ),
        ),
        (
            "PhotoData/PhotoCloudSharingData/168/45B2/100CLOUD/IMG_0001.JPG",
            MediaPath(MediaPathPart.ORIGINAL, "PhotoData/PhotoCloudSharingData/168/45B2/100CLOUD", "IMG_0001.JPG"),
        ),
        (
            "PhotoData/Mutations/DCIM/100APPLE/IMG_0002/Adjustments/FullSizeRender.jpg",
            MediaPath(MediaPathPart.EDIT, "DCIM/100APPLE", "IMG_0002", stem_only=True),
        ),
        (
            "PhotoData/Metadata/DCIM/100APPLE/IMG_0033.THM",
            MediaPath(MediaPathPart.REDUCED, "DCIM/100APPLE", "IMG_0033.THM"),
        ),
        (
            "PhotoData/Thumbnails/V2/DCIM/100APPLE/IMG_0001.HEIC/5005.JPG",
            MediaPath(MediaPathPart.THUMBNAIL, "DCIM/100APPLE", "IMG_0001.HEIC", format_id=5005),
        ),
        ("PhotoData/Thumbnails/4031.ithmb", MediaPath(MediaPathPart.TABLE, format_id=4031)),
        ("DCIM/.MISC", None),
        ("PhotoData/Photos.sqlite", None),
        ("DCIM/100APPLE/../IMG_0001.HEIC", None),
    ],
)
def test_a_path_tells_its_part(path: str, place: MediaPath | None) -> None:
    """Each folder of the camera roll stands for one part; the same path in another domain is nothing."""
    assert media_path(DOMAIN, f"Media/{path}") == place
    assert media_path("AppDomain-x", f"Media/{path}") is None


@given(st.text(max_size=200))
def test_any_path_is_answered(path: str) -> None:
    """Whatever stands in the manifest, the answer is a place with a name inside its folder, or none."""
    place = media_path(DOMAIN, f"Media/{path}")
    assert place is None or ".." not in place.directory.split("/")
