"""FaceTime's file names: one table, and every place that asks for them gives the same answer."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery.analysis.model import Asset, FileState, Kind, Status, Verdict
from recovery.analysis.redact import redact
from recovery.photos_db.camera_roll_paths import MOVIE_EXTENSIONS, extension
from recovery.photos_db.facetime_names import is_facetime_name, shared_stem
from tests.extraction_tools import an_asset, findings_of
from tests.scanning import named, scan

SENT = datetime(2024, 5, 3, 18, 5, tzinfo=UTC)

NAMES = [
    "lp_image.heic",
    "lp_image.HEIC",
    "LP_IMAGE.heic",
    "lp_image.heif",
    "lp_image.jpg",
    "lp_image.JPEG",
    "lp_image.png",
    "lp_image.MOV",
    "lp_image.mov",
    "lp_image.MP4",
    "lp_image(1).heic",
    "lp_image (1).heic",
    "lp_image(12).JPG",
    "lp_image (1).mov",
    "lp_image(11).MP4",
    "lp_image_(2).heic",
    "lp_image 2.HEIC",
    "lp_image 120.heic",
    "lp_image_2.jpg",
    "lp_image1.heic",
    "lp_image-1.HEIC",
    "lp_image-1.MOV",
    "lp_movie.mov",
    "lp_movie.MOV",
    "lp_movie.mp4",
    "lp_movie(1).mov",
    "lp_movie 2.MOV",
]
NOT_NAMES = [
    "",
    "lp_image",
    "lp_image.",
    "lp_image.gif",
    "lp_image.pdf",
    "lp_image.aae",
    "lp_image.heic.png",
    "lp_image.heic ",
    "lp_image.heic\n",
    "my_lp_image.heic",
    "old lp_image.heic",
    "lp_images.heic",
    "lp_image copy.heic",
    "lp_image().heic",
    "lp_image(1.heic",
    "lp_image--1.heic",
    "lp_image 1 2.heic",
    "lp_image-20240503.heic",
    "lp-image.heic",
    "lpimage.heic",
    "lp_ımage.heic",
    "lp_image ٣.heic",
    "lp_movie.heic",
    "lp_movie.png",
    "lp_video.mov",
    "IMG_0001.HEIC",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_facetime(name: str) -> None:
    """The name of still or video, with every ending and every copy's number that was seen."""
    assert is_facetime_name(name)


@pytest.mark.parametrize("name", NOT_NAMES)
def test_other_names(name: str) -> None:
    """A name that only holds the word, counts otherwise, or is of another kind of file."""
    assert not is_facetime_name(name)


@pytest.mark.parametrize(
    ("still", "video", "same"),
    [
        ("lp_image", "lp_movie", True),
        ("lp_image", "LP_MOVIE", True),
        ("lp_image", "lp_image", True),
        ("lp_image (1)", "lp_movie (1)", True),
        ("lp_image-1", "lp_image-1", True),
        ("lp_image", "lp_movie (1)", False),
        ("lp_image", "my_lp_movie", False),
        ("IMG_0001", "img_0001", True),
    ],
)
def test_the_stem_of_both_halves(still: str, video: str, same: bool) -> None:
    """The video has the still's stem, in transit one of its own; a copy's number belongs to it."""
    assert (shared_stem(still) == shared_stem(video)) is same


def in_library_row(tmp_path: Path, name: str) -> Asset:
    """A photo or video whose row has the name, and nothing else of FaceTime."""
    builder, plain = BackupBuilder(), {"original": name, "imported_by": 3}
    if extension(name) in MOVIE_EXTENSIONS:
        builder.with_video("IMG_0001", **plain)
    else:
        builder.with_photo("IMG_0001", **plain)
    (asset,) = scan(builder.without_xattrs().build(tmp_path)).assets
    return asset


def in_attributes(tmp_path: Path, name: str) -> Asset:
    """A photo without a row; the attributes of its file in the manifest have the name."""
    builder = BackupBuilder().with_photo("IMG_0001", original=name, imported_by=3).without_row()
    (asset,) = scan(builder.build(tmp_path)).assets
    return asset


def in_messages(tmp_path: Path, name: str) -> Asset | None:
    """An attachment that Messages lists, whose content is not in the backup."""
    builder = BackupBuilder().with_messages_attachment(name, b"never stored", SENT, file=False)
    item = builder._attachments[-1]
    builder.with_file("MediaDomain", item.path, b"never stored", blob=False)
    return next(iter(scan(builder.build(tmp_path)).assets), None)


@pytest.mark.parametrize(
    "name", ["lp_image.HEIC", "lp_image-1.png", "lp_image.MOV", "lp_image(11).MP4", "lp_movie.MOV"]
)
def test_each_place_knows_each_name(tmp_path: Path, name: str) -> None:
    """Library row, attribute in the manifest, attachment of Messages, redaction."""
    row, attribute = in_library_row(tmp_path / "row", name), in_attributes(tmp_path / "attribute", name)
    assert [signal.code for signal in row.facetime.signals] == ["original_filename"]
    assert [signal.code for signal in attribute.facetime.signals] == ["original_filename"]
    sent = in_messages(tmp_path / "messages", name)
    assert sent is not None
    assert [signal.code for signal in sent.facetime.signals] == ["messages_name"]
    (told,) = redact(findings_of([an_asset(original_filename=name)])).assets
    assert told.original_filename == name


@pytest.mark.parametrize("name", ["lp_image.gif", "my_lp_image.mov", "IMG_0001.MOV"])
def test_no_place_knows_another_name(tmp_path: Path, name: str) -> None:
    """What is no name of FaceTime is none anywhere; redaction leaves it out."""
    assert in_library_row(tmp_path / "row", name).facetime.verdict is Verdict.NO
    assert in_attributes(tmp_path / "attribute", name).facetime.verdict is Verdict.NO
    assert in_messages(tmp_path / "messages", name) is None
    (told,) = redact(findings_of([an_asset(original_filename=name)])).assets
    assert told.original_filename is None


@pytest.mark.parametrize("listed", [True, False], ids=["listed in the manifest", "not even listed"])
def test_a_sent_video_without_content_is_not_lost_sight_of(tmp_path: Path, listed: bool) -> None:
    """Messages names `lp_image.MOV`; its content is gone, and the asset says so."""
    builder = BackupBuilder().with_messages_attachment("lp_image.MOV", b"never stored", SENT, file=False)
    if listed:
        builder.with_file("MediaDomain", builder._attachments[-1].path, b"never stored", blob=False)
    (asset,) = scan(builder.build(tmp_path)).assets
    assert (asset.status, asset.kind, asset.facetime.verdict) == (Status.NOT_FOUND, Kind.VIDEO, Verdict.PROBABLE)
    (file,) = asset.files
    assert (file.name, file.state) == ("lp_image.MOV", FileState.MISSING)


def test_a_sent_video_without_content_belongs_to_its_still(tmp_path: Path) -> None:
    """Nothing but its place tells: it is a copy of the photo in the library, and no photo of its own."""
    builder = BackupBuilder().with_live_photo("IMG_0001").with_messages_attachment("lp_image.HEIC")
    folder = builder._attachments[-1].path.rpartition("/")[0]
    builder.with_file("MediaDomain", f"{folder}/lp_image.MOV", b"never stored", blob=False)
    (asset,) = scan(builder.build(tmp_path)).assets
    copies = {file.name: file.state for file in asset.files if file.role == "messages_copy"}
    assert copies == {"lp_image.HEIC": FileState.PRESENT, "lp_image.MOV": FileState.MISSING}
    assert asset.status is Status.COMPLETE


def test_a_pair_in_messages_under_the_stills_stem(tmp_path: Path) -> None:
    """As exported by its owner: `lp_image (1).HEIC` and `lp_image (1).MOV` beside it, which has no row."""
    builder = BackupBuilder().with_live_photo("IMG_0001").without_content_identifier()
    movie = builder._last.movie()
    builder.with_messages_attachment("lp_image (1).HEIC")
    folder = builder._attachments[-1].path.rpartition("/")[0]
    builder.with_file("MediaDomain", f"{folder}/lp_image (1).MOV", movie)
    builder.without_thumbnail().permanently_deleted(builder._last.created)
    asset = named(scan(builder.build(tmp_path)), "lp_image (1).HEIC")
    assert (asset.kind, asset.facetime.verdict) == (Kind.LIVE_PHOTO, Verdict.CERTAIN)
    assert len(asset.files) == 2
