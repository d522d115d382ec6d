"""Pairing the halves of Live Photos: by identifier, by stem, each half once, disagreements told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import BackupBuilder
from recovery import limits
from recovery.analysis.model import Kind, Status
from recovery.analysis.reasons import Note, NoteCode
from recovery.case.pairing import Half, LivePhotoPair, PairedBy, pair
from tests.figures_real_data import live_halves, live_pairs
from tests.scanning import named, scan

A, B = "C3754624-0000-4000-8000-000000000001", "602FEBB7-0000-4000-8000-000000000002"
FOLDER = "DCIM/100APPLE"


def half(key: str, stem: str, identifier: str | None = None, folder: str = FOLDER) -> Half[str]:
    """A half with a key of its own."""
    return Half(key, folder, stem, identifier)


@pytest.mark.parametrize(
    ("still", "movie", "expected"),
    [
        (half("s", "IMG_1", A), half("m", "IMG_1", A), LivePhotoPair("s", "m", PairedBy.CONTENT_IDENTIFIER, True)),
        (half("s", "IMG_1", A), half("m", "other", A, "X"), LivePhotoPair("s", "m", PairedBy.CONTENT_IDENTIFIER, True)),
        (half("s", "IMG_1", A), half("m", "IMG_1", A.lower()), LivePhotoPair("s", "m", PairedBy.CONTENT_IDENTIFIER, True)),  # noqa: E501
        (half("s", "IMG_1"), half("m", "IMG_1"), LivePhotoPair("s", "m", PairedBy.STEM, None)),
        (half("s", "IMG_1"), half("m", "img_1", A), LivePhotoPair("s", "m", PairedBy.STEM, None)),
        (half("s", "IMG_1", A), half("m", "Img_1", None, "dcim/100apple"), LivePhotoPair("s", "m", PairedBy.STEM, None)),  # noqa: E501
        (half("s", "IMG_1", A), half("m", "IMG_1", B), LivePhotoPair("s", "m", PairedBy.STEM, False)),
        (half("s", "IMG_1", A), half("m", "IMG_2", B), None),
        (half("s", "IMG_1"), half("m", "IMG_1", None, "DCIM/101APPLE"), None),
        (half("s", "IMG_1", ""), half("m", "IMG_2", ""), None),
    ],
)  # fmt: skip
def test_two_halves(still: Half[str], movie: Half[str], expected: LivePhotoPair[str] | None) -> None:
    """An identifier joins wherever the files lie; a stem joins in one folder, letter case aside."""
    assert pair([still], [movie]) == ((expected,) if expected else ())


def test_an_identifier_wins_over_a_stem() -> None:
    """A movie goes to the still of its identifier; the still of its name takes what is left for it."""
    stills = [half("s1", "IMG_1", A), half("s2", "IMG_2", B)]
    movies = [half("m1", "IMG_1", B), half("m2", "IMG_2", None)]
    assert {(item.still, item.movie) for item in pair(stills, movies)} == {("s2", "m1")}


def test_a_duplicated_live_photo_is_told_apart_by_its_stem() -> None:
    """Two stills and two movies of one identifier pair by name."""
    stills = [half("s1", "IMG_1", A), half("s2", "IMG_2", A)]
    movies = [half("m2", "IMG_2", A), half("m1", "IMG_1", A)]
    assert {(item.still, item.movie) for item in pair(stills, movies)} == {("s1", "m1"), ("s2", "m2")}


identifiers = st.sampled_from([None, None, A, A.lower(), B, ""])
stems = st.sampled_from(["IMG_1", "img_1", "IMG_2", "IMG_3"])
folders = st.sampled_from([FOLDER, FOLDER.lower(), "DCIM/101APPLE"])
many = st.lists(st.tuples(stems, identifiers, folders), max_size=8)


def test_a_crowd_of_one_identifier_is_paired_without_looking_at_everybody_each_time() -> None:
    """Made-up halves without end: the stem decides among the nearest, and nobody is left alone."""
    crowd = 3 * limits.SAME_NAMES
    stills = [Half(f"still {number}", "F", f"{number}", "ID") for number in range(crowd)]
    movies = [Half(f"movie {number}", "F", f"{crowd - 1 - number}", "ID") for number in range(crowd)]
    found = {item.movie: item.still for item in pair(stills, movies)}
    assert len(found) == len(set(found.values())) == crowd
    assert found["movie 0"] == "still 0"  # that of its own stem is beyond the limit
    assert found[f"movie {crowd - 1}"] != "still 0"


@given(many, many)
def test_each_half_is_used_at_most_once(
    stills: list[tuple[str, str | None, str]], movies: list[tuple[str, str | None, str]]
) -> None:
    """Whatever halves there are, no half is in two pairs, and every pair has a reason that holds."""
    first = {f"s{number}": half(f"s{number}", *item) for number, item in enumerate(stills)}
    second = {f"m{number}": half(f"m{number}", *item) for number, item in enumerate(movies)}
    found = pair(first.values(), second.values())
    assert len({item.still for item in found}) == len({item.movie for item in found}) == len(found)
    for item in found:
        one, other = first[item.still], second[item.movie]
        same = (
            bool(one.identifier and other.identifier) and str(one.identifier).upper() == str(other.identifier).upper()
        )
        assert (item.by is PairedBy.CONTENT_IDENTIFIER) <= same
        if item.by is PairedBy.STEM:
            assert (one.folder.lower(), one.stem.lower()) == (other.folder.lower(), other.stem.lower())
    left = {key for key in first if key not in {item.still for item in found}}
    for movie in (movie for key, movie in second.items() if key not in {item.movie for item in found}):
        for still in (first[key] for key in left):
            assert (still.folder.lower(), still.stem.lower()) != (movie.folder.lower(), movie.stem.lower())
            if still.identifier and movie.identifier:
                assert still.identifier.upper() != movie.identifier.upper()


# --- real Live Photos -----------------------------------------------------------------------------------------


def test_every_real_pair_pairs_by_what_stands_inside(shared: Path) -> None:
    """Three real pairs of three phones join by content identifier with their names hidden; two halves stay."""
    found = live_pairs(shared.parent)
    assert {(item.still, item.movie) for item in found} == {
        ("iphone-15-pro/IMG_3582.HEIC", "iphone-15-pro/IMG_3582.MOV"),
        ("iphone-6s/IMG_0001.JPG", "iphone-6s/IMG_0001.MOV"),
        ("iphone-6s-train/train.JPG", "iphone-6s-train/train.MOV"),
    }
    assert all((item.by, item.identifiers_match) == (PairedBy.CONTENT_IDENTIFIER, True) for item in found)
    stills, movies = live_halves(shared.parent)
    assert (len(stills), len(movies)) == (4, 4)
    assert all(item.identifier for item in (*stills, *movies))


def planted(shared: Path, build: Callable[[BackupBuilder, Path], None], tmp_path: Path) -> Path:
    """A backup with real media files and without any row or attribute that knows them."""
    made = BackupBuilder()
    build(made, shared / "live-photos")
    return made.build(tmp_path)


@pytest.mark.parametrize("by_name", [True, False], ids=["names kept", "names of their own"])
def test_real_files_in_a_backup_become_live_photos(shared: Path, tmp_path: Path, by_name: bool) -> None:
    """Put into DCIM without row or attributes, the files alone give whole Live Photos."""

    def build(made: BackupBuilder, source: Path) -> None:
        for number, folder in enumerate(("iphone-15-pro", "iphone-6s", "iphone-6s-train")):
            for path in sorted((source / folder).iterdir()):
                name = f"IMG_{number + 1:04d}" if by_name else f"{path.suffix[1:]}_{number}"
                made.with_file("CameraRollDomain", f"Media/{FOLDER}/{name}{path.suffix}", path.read_bytes())

    found = scan(planted(shared, build, tmp_path))
    assert [(item.kind, item.status) for item in found.assets] == [(Kind.LIVE_PHOTO, Status.COMPLETE)] * 3
    for item in found.assets:
        assert item.live_photo is not None
        assert item.live_photo.identifiers_match is True
        assert item.live_photo.content_identifier
        assert str(item.facetime.verdict) == "no"


def test_real_halves_are_called_half(shared: Path, tmp_path: Path) -> None:
    """A still that names a partner which is not there, and a movie likewise, are half Live Photos."""

    def build(made: BackupBuilder, source: Path) -> None:
        for name, path in (("IMG_0001.HEIC", "half/IMG_1853.HEIC"), ("IMG_0002.MOV", "half/pairedVideo.MOV")):
            made.with_file("CameraRollDomain", f"Media/{FOLDER}/{name}", (source / path).read_bytes())

    found = scan(planted(shared, build, tmp_path))
    still, movie = named(found, "IMG_0001.HEIC"), named(found, "IMG_0002.MOV")
    assert (still.kind, still.status) == (movie.kind, movie.status) == (Kind.LIVE_PHOTO, Status.HALF)
    assert still.live_photo is not None
    assert movie.live_photo is not None
    assert (still.live_photo.still, still.live_photo.video) == (True, False)
    assert (movie.live_photo.still, movie.live_photo.video) == (False, True)


def test_halves_of_different_photos_under_one_name_are_reported(shared: Path, tmp_path: Path) -> None:
    """The still of one phone and the movie of another under one name: a pair by name, and the doubt is said."""

    def build(made: BackupBuilder, source: Path) -> None:
        for name, path in (
            ("IMG_0001.HEIC", "iphone-15-pro/IMG_3582.HEIC"),
            ("IMG_0001.MOV", "iphone-6s/IMG_0001.MOV"),
        ):
            made.with_file("CameraRollDomain", f"Media/{FOLDER}/{name}", (source / path).read_bytes())

    (asset,) = scan(planted(shared, build, tmp_path)).assets
    assert asset.live_photo is not None
    assert asset.live_photo.identifiers_match is False
    assert Note(NoteCode.IDENTIFIERS_DIFFER) in asset.notes
