"""Bringing rows and files together: every file in one group and one role, whatever names and rows there are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.case.grouping import Group
from recovery.case.ownership import assign_files
from recovery.case.pairing import PairedBy
from recovery.case.store import WorkingDatabase
from recovery.formats.media import MediaFacts
from recovery.formats.signatures import MediaType
from recovery.photos_db.camera_roll_paths import (
    DOMAIN,
    FileRole,
    MediaPath,
    MediaPathPart,
    extension,
    media_path,
    stem,
)
from recovery.photos_db.file_attributes import FileAttributes
from recovery.photos_db.library import AssetRow
from recovery.photos_db.media_files import MediaFile
from recovery.source.blobs import Blob, BlobState
from recovery.source.manifest import EntryKind, ManifestEntry, file_id
from tests.library_tools import groups_of, stored

FOLDER = "DCIM/100APPLE"
A, B = "C3754624-0000-4000-8000-000000000001", "602FEBB7-0000-4000-8000-000000000002"


def row(pk: int, filename: str | None, directory: str | None = FOLDER, **values: Any) -> AssetRow:
    """A row of a still, unless told otherwise."""
    empty: dict[str, Any] = dict.fromkeys(AssetRow._fields)
    return AssetRow(**(empty | {"pk": pk, "filename": filename, "directory": directory, "kind": 0} | values))


def file(path: str, identifier: str | None = None, attributes: FileAttributes | None = None) -> MediaFile:
    """A media file below Media/; `identifier` is what stands inside it."""
    entry = ManifestEntry(file_id(DOMAIN, f"Media/{path}"), DOMAIN, f"Media/{path}", EntryKind.FILE)
    place = media_path(DOMAIN, entry.relative_path)
    assert place is not None, path
    facts = MediaFacts(MediaType.HEIC, content_identifier=identifier) if identifier else None
    return MediaFile(entry, place, Blob(BlobState.PRESENT, 10), attributes, facts)


def shape(item: Group) -> tuple[int | None, list[tuple[str, str]]]:
    """Key of the row, and role and path of every file."""
    held = [(str(held.role), held.file.entry.relative_path.removeprefix("Media/")) for held in item.files]
    return item.row.pk if item.row else None, held


def shapes(rows: list[AssetRow], paths: list[str | MediaFile]) -> list[tuple[int | None, list[tuple[str, str]]]]:
    """The groups of rows and files, those without row last."""
    files = [file(item) if isinstance(item, str) else item for item in paths]
    return [shape(item) for item in groups_of(rows, files)]


CLOUD, SHARED = "PhotoData/CPLAssets/group106", "PhotoData/PhotoCloudSharingData/1/U/100CLOUD"


@pytest.mark.parametrize(
    ("path", "part", "directory", "name"),
    [
        (f"{FOLDER}/IMG_0011.HEIC", MediaPathPart.ORIGINAL, FOLDER, "IMG_0011.HEIC"),
        (f"{CLOUD}/A.HEIC", MediaPathPart.ORIGINAL, CLOUD, "A.HEIC"),
        (f"{SHARED}/IMG_1.JPG", MediaPathPart.ORIGINAL, SHARED, "IMG_1.JPG"),
        (
            f"PhotoData/Mutations/{FOLDER}/IMG_2/Adjustments/FullSizeRender.jpg",
            MediaPathPart.EDIT,
            FOLDER,
            "IMG_2",
        ),
        (f"PhotoData/Metadata/{FOLDER}/IMG_33.JPG", MediaPathPart.REDUCED, FOLDER, "IMG_33.JPG"),
        (f"PhotoData/Thumbnails/V2/{FOLDER}/IMG_1.HEIC/5003.JPG", MediaPathPart.THUMBNAIL, FOLDER, "IMG_1.HEIC"),
        (f"PhotoData/Thumbnails/V2/{CLOUD}/A.HEIC/5005.JPG", MediaPathPart.THUMBNAIL, CLOUD, "A.HEIC"),
        ("PhotoData/Thumbnails/3310.ithmb", MediaPathPart.TABLE, "", ""),
    ],
)
def test_a_path_says_what_a_file_is(path: str, part: MediaPathPart, directory: str, name: str) -> None:
    """The folders of real listings tell original, edit, reduced copy, thumbnail and table apart."""
    place = media_path(DOMAIN, f"Media/{path}")
    assert isinstance(place, MediaPath)
    assert (place.part, place.directory, place.name) == (part, directory, name)


@pytest.mark.parametrize(
    "path",
    [
        "Media/DCIM/100APPLE/.hidden",
        "Media/PhotoData/Photos.sqlite",
        "Media/PhotoData/Thumbnails/thumbnailConfiguration",
        "Media/DCIM/IMG_0001.HEIC",
        "Other/DCIM/100APPLE/IMG_0001.HEIC",
        "Media/PhotoData/Thumbnails/V2/DCIM/100APPLE/IMG_1.HEIC/99999999999999999999.JPG",
    ],
)
def test_other_files_are_no_media(path: str) -> None:
    """Databases, settings and dot files of the camera roll are left alone; other domains too."""
    assert media_path(DOMAIN, path) is None
    assert media_path("HomeDomain", "Media/DCIM/100APPLE/IMG_0001.HEIC") is None


def test_stems_and_extensions() -> None:
    """Only the last dot counts, and a dot in front is part of the name."""
    assert (stem("IMG_1.HEIC"), extension("IMG_1.HEIC")) == ("IMG_1", ".heic")
    assert (stem("a.b.MOV"), extension("a.b.MOV")) == ("a.b", ".mov")
    assert (stem(".hidden"), extension(".hidden")) == (".hidden", "")
    assert (stem("bare"), extension("bare")) == ("bare", "")


def test_a_live_photo_with_everything() -> None:
    """Still, movie, edits, reduced copy and thumbnail all belong to the one row."""
    rows = [row(1, "IMG_0001.HEIC", kind_subtype=2)]
    paths: list[str | MediaFile] = [
        f"{FOLDER}/IMG_0001.HEIC",
        f"{FOLDER}/IMG_0001.MOV",
        f"{FOLDER}/IMG_0001.AAE",
        f"PhotoData/Metadata/{FOLDER}/IMG_0001.JPG",
        f"PhotoData/Mutations/{FOLDER}/IMG_0001/Adjustments/FullSizeRender.jpg",
        f"PhotoData/Mutations/{FOLDER}/IMG_0001/Adjustments/FullSizeRender.mov",
        f"PhotoData/Mutations/{FOLDER}/IMG_0001/Adjustments/Adjustments.plist",
        f"PhotoData/Thumbnails/V2/{FOLDER}/IMG_0001.HEIC/5005.JPG",
        "PhotoData/Thumbnails/3310.ithmb",
    ]
    ((key, held),) = shapes(rows, paths)
    assert key == 1
    assert sorted(role for role, _ in held) == [
        "adjustments", "adjustments", "edited_still", "edited_video",
        "paired_video", "reduced", "still", "thumbnail",
    ]  # fmt: skip


def test_letter_case_of_names_does_not_matter() -> None:
    """The library and the file system may spell a name differently."""
    found = shapes([row(1, "img_0001.heic", "dcim/100apple")], [f"{FOLDER}/IMG_0001.HEIC", f"{FOLDER}/Img_0001.mov"])
    assert [role for role, _ in found[0][1]] == ["still", "paired_video"]
    assert len(found) == 1


def test_one_name_in_two_folders_is_two_photos() -> None:
    """A movie goes to the still of its own folder."""
    rows = [row(1, "IMG_0019.HEIC"), row(2, "IMG_0019.HEIC", "DCIM/101APPLE")]
    paths: list[str | MediaFile] = [f"DCIM/{n}APPLE/IMG_0019.{e}" for n in (100, 101) for e in ("HEIC", "MOV")]
    found = shapes(rows, paths)
    assert [[path for _, path in held] for _, held in found] == [
        ["DCIM/100APPLE/IMG_0019.HEIC", "DCIM/100APPLE/IMG_0019.MOV"],
        ["DCIM/101APPLE/IMG_0019.HEIC", "DCIM/101APPLE/IMG_0019.MOV"],
    ]


def test_a_movie_without_a_still_goes_to_the_row_that_lost_it() -> None:
    """The row of a Live Photo keeps its movie when only the movie is left."""
    assert shapes([row(1, "IMG_0007.HEIC", kind_subtype=2)], [f"{FOLDER}/IMG_0007.MOV"]) == [
        (1, [("paired_video", f"{FOLDER}/IMG_0007.MOV")])
    ]


def test_a_video_is_no_half() -> None:
    """A row of a video owns its movie as a video, and takes no other."""
    found = shapes([row(1, "IMG_0033.MOV", kind=1)], [f"{FOLDER}/IMG_0033.MOV", f"{FOLDER}/IMG_0033.MP4"])
    assert found[0] == (1, [("video", f"{FOLDER}/IMG_0033.MOV")])
    assert found[1] == (None, [("video", f"{FOLDER}/IMG_0033.MP4")])


def test_files_without_a_row_join_each_other() -> None:
    """Still, movie, thumbnail and edit of one forgotten photo are one group; another photo is another."""
    paths: list[str | MediaFile] = [
        f"{FOLDER}/IMG_0008.HEIC",
        f"{FOLDER}/IMG_0008.MOV",
        f"{FOLDER}/IMG_0009.MOV",
        f"PhotoData/Mutations/{FOLDER}/IMG_0008/Adjustments/FullSizeRender.jpg",
        f"PhotoData/Thumbnails/V2/{FOLDER}/IMG_0008.HEIC/5005.JPG",
    ]
    found = shapes([], paths)
    assert [sorted(role for role, _ in held) for _, held in found] == [
        ["edited_still", "paired_video", "still", "thumbnail"],
        ["video"],
    ]


def test_raw_and_jpeg_of_one_photo_are_one_asset() -> None:
    """A RAW beside the JPEG of a row joins it; a second JPEG of that stem does not."""
    found = shapes([row(1, "IMG_0001.JPG")], [f"{FOLDER}/IMG_0001.JPG", f"{FOLDER}/IMG_0001.DNG"])
    assert found == [(1, [("still", f"{FOLDER}/IMG_0001.JPG"), ("raw", f"{FOLDER}/IMG_0001.DNG")])]
    found = shapes([row(1, "IMG_0001.DNG")], [f"{FOLDER}/IMG_0001.DNG", f"{FOLDER}/IMG_0001.JPG"])
    assert found == [(1, [("still", f"{FOLDER}/IMG_0001.DNG"), ("still", f"{FOLDER}/IMG_0001.JPG")])]
    found = shapes([row(1, "IMG_0001.HEIC")], [f"{FOLDER}/IMG_0001.HEIC", f"{FOLDER}/IMG_0001.JPG"])
    assert [key for key, _ in found] == [1, None]


def test_a_movie_joins_by_identifier_before_its_name() -> None:
    """A renamed movie finds its still by what stands inside both; the database's identifier serves as well."""
    still, movie = file(f"{FOLDER}/IMG_0001.HEIC", A), file(f"{FOLDER}/renamed.MOV", A)
    (item,) = groups_of([row(1, "IMG_0001.HEIC")], [still, movie])
    assert item.pair is not None
    assert (item.pair.by, item.pair.identifiers_match) == (PairedBy.CONTENT_IDENTIFIER, True)
    bare = still._replace(facts=None)
    (item,) = groups_of([row(1, "IMG_0001.HEIC", media_group_uuid=A.lower())], [bare, movie])
    assert item.pair is not None
    assert item.pair.by is PairedBy.CONTENT_IDENTIFIER


@pytest.mark.parametrize(("inside", "match"), [(A, True), (A.lower(), True), (B, False), (None, None)])
def test_a_look_inside_settles_whether_halves_match(inside: str | None, match: bool | None) -> None:
    """Halves joined by name are compared again when a later look gives the identifiers."""
    still, movie = file(f"{FOLDER}/IMG_0001.HEIC"), file(f"{FOLDER}/IMG_0001.MOV")
    with WorkingDatabase() as store:
        store.add_rows([stored(row(1, "IMG_0001.HEIC", media_group_uuid=A))])
        store.add_files([still, movie])
        assign_files(store)
        (item,) = store.groups()
        assert item.pair == (PairedBy.STEM, None)
        held = item.first(FileRole.PAIRED_VIDEO)
        assert held is not None
        store.update_file(held._replace(facts=MediaFacts(MediaType.MOV, content_identifier=inside)))
        (looked,) = store.groups()
        assert looked.pair == (PairedBy.STEM, match)


names = st.sampled_from(
    ["IMG_0001.HEIC", "IMG_0001.JPG", "IMG_0001.DNG", "IMG_0001.MOV", "img_0001.mov", "IMG_0001.AAE",
     "IMG_0002.MOV", "IMG_0002.HEIC", "IMG_0002.PNG", "IMG_0002.MP4", "IMG_0003", "strange.xyz", "IMG_0002.mov"]
)  # fmt: skip
folders = st.sampled_from([FOLDER, "DCIM/101APPLE", "dcim/100apple", "PhotoData/CPLAssets/group1"])
originals = st.builds(lambda folder, name: f"{folder}/{name}", folders.filter(lambda f: f[0] != "d"), names)
renditions = st.sampled_from(
    [
        f"PhotoData/Mutations/{FOLDER}/IMG_0001/Adjustments/FullSizeRender.jpg",
        f"PhotoData/Mutations/{FOLDER}/IMG_0004/Adjustments/FullSizeRender.mov",
        f"PhotoData/Metadata/{FOLDER}/IMG_0001.JPG",
        f"PhotoData/Metadata/{FOLDER}/IMG_0005.THM",
        f"PhotoData/Thumbnails/V2/{FOLDER}/IMG_0001.HEIC/5005.JPG",
        f"PhotoData/Thumbnails/V2/{FOLDER}/IMG_0006.HEIC/5005.JPG",
    ]
)
rows_of_any_kind = st.lists(
    st.tuples(st.one_of(st.none(), names), st.one_of(st.none(), folders), st.sampled_from([0, 1, None]),
              st.sampled_from([0, 2, 100, None]), st.sampled_from([None, A, B])),
    max_size=6,
)  # fmt: skip
any_files = st.lists(
    st.tuples(st.one_of(originals, renditions), st.sampled_from([None, None, A, A.lower(), B])),
    max_size=14,
    unique_by=lambda item: item[0],
)


@given(rows_of_any_kind, any_files)
def test_every_file_is_in_exactly_one_group(
    listed: list[tuple[str | None, str | None, int | None, int | None, str | None]],
    found: list[tuple[str, str | None]],
) -> None:
    """Whatever rows and files there are: no file is lost, each row has one group, order is kept.

    A file is doubled only where several rows name the same.
    """
    rows = [
        row(number, name, folder, kind=kind, kind_subtype=subtype, media_group_uuid=identifier)
        for number, (name, folder, kind, subtype, identifier) in enumerate(listed)
    ]
    files = [file(path, identifier) for path, identifier in found]
    groups = groups_of(rows, files)
    held = Counter(item.file.entry.relative_path for each in groups for item in each.files)
    assert set(held) == {item.entry.relative_path for item in files}
    assert all(each.same_file for each in groups for item in each.files if held[item.file.entry.relative_path] > 1)
    assert [each.row for each in groups if each.row is not None] == rows
    assert all(each.files for each in groups if each.row is None)
    for each in groups:
        movies = [item for item in each.files if item.role is FileRole.PAIRED_VIDEO]
        assert (each.pair is not None) is bool(movies)


@given(rows_of_any_kind, any_files)
def test_the_order_of_files_changes_no_ownership(
    listed: list[tuple[str | None, str | None, int | None, int | None, str | None]],
    found: list[tuple[str, str | None]],
) -> None:
    """Files that a row owns by their exact name are its own in any order."""
    rows = [row(number, name, folder, kind=kind) for number, (name, folder, kind, _, _) in enumerate(listed)]
    names = [f"{each.directory or ''}/{each.filename}".casefold() if each.filename else "" for each in rows]
    for each in groups_of(rows, [file(path) for path, _ in reversed(found)]):
        for item in each.files:
            place = item.file.place
            own = f"{place.directory}/{place.name}".casefold()
            if place.part is MediaPathPart.ORIGINAL and own in names:
                assert each.row == rows[names.index(own)] or each.same_file


def test_of_several_rows_under_one_name_a_live_photo_has_the_other_files() -> None:
    """A file that names no row wholly goes to a Live Photo of its stem, else to the first row of it."""
    crowd = [row(number, "IMG_1.HEIC", kind_subtype=0) for number in range(1, 300)]
    thumbnail = file(f"PhotoData/Metadata/{FOLDER}/IMG_1.JPG")
    for rows, owner in ((crowd, 1), ([*crowd, row(9999, "IMG_1.HEIC", kind_subtype=2)], 9999)):
        assert [each.row.pk for each in groups_of(rows, [thumbnail]) if each.row and each.files] == [owner]
