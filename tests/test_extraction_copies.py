"""JPEG copies and poster frames: extra files on request, named for what they are, true to colour and facts."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import ExifTags, Image

from cli.main import main
from fixtures import BackupBuilder
from recovery.errors import UnreadableFileError
from recovery.formats.decoding import jpeg_copy
from recovery.formats.exif import dated, read_block


def extracted(builder: BackupBuilder, folder: Path, *options: str) -> list[Path]:
    """The pictures and movies that an extraction with these options writes."""
    backup = builder.build(folder / "b")
    out = folder / "out"
    result = CliRunner().invoke(main, ["extract", str(backup), str(out), "--all", *options])
    assert result.exit_code == 0, result.output
    return sorted(path for path in out.rglob("*") if path.suffix.lower() in (".heic", ".jpg", ".mov"))


def test_a_jpeg_lies_beside_the_heic_and_never_replaces_it(tmp_path: Path) -> None:
    """With --jpeg there is one more file, a JPEG as large as the photo; the original is the same to the byte."""
    builder = BackupBuilder().with_live_photo("IMG_0001")
    plain = extracted(builder, tmp_path / "without")
    more = extracted(builder, tmp_path / "with", "--jpeg")
    (copy,) = [path for path in more if path.suffix == ".jpg"]
    assert "NOT-ORIGINAL" in copy.name
    originals = [path for path in more if path != copy]
    assert [path.read_bytes() for path in originals] == [path.read_bytes() for path in plain]
    with Image.open(copy) as image:
        assert (image.format, image.size) == ("JPEG", (1080, 1920))


def test_a_jpeg_photo_gets_no_copy(tmp_path: Path) -> None:
    """What every program can show is not converted."""
    builder = BackupBuilder().with_photo("IMG_0001", extension="JPG")
    assert len(extracted(builder, tmp_path, "--jpeg")) == 1


def test_an_edited_photo_gets_a_copy_of_each(tmp_path: Path) -> None:
    """The edited version is converted too where it is a HEIC, under a name of its own."""
    builder = BackupBuilder().with_live_photo("IMG_0001").with_edit()
    found = extracted(builder, tmp_path, "--jpeg")
    copies = [path.name for path in found if "JPEG copy" in path.name]
    edited_heic = [path for path in found if "(edited)" in path.name and path.suffix.lower() == ".heic"]
    assert len(copies) == 1 + len(edited_heic)
    assert len(set(copies)) == len(copies)


def test_a_poster_is_the_first_frame_of_a_video(tmp_path: Path) -> None:
    """With --posters a video has a picture beside it; Live Photos, which have a still, get none."""
    pytest.importorskip("av")
    builder = BackupBuilder().with_video("IMG_0001").with_live_photo("IMG_0002")
    posters = [path for path in extracted(builder, tmp_path, "--posters") if "poster frame" in path.name]
    assert len(posters) == 1
    assert "IMG_0001" in posters[0].name
    with Image.open(posters[0]) as image:
        assert image.width > 100


def test_facts_profile_and_pair_identifier_stay(shared: Path, tmp_path: Path) -> None:
    """exiftool reads the same facts from the copy of a real photo; only the turn is now in the pixels."""
    exiftool = shutil.which("exiftool")
    if exiftool is None:
        pytest.skip("exiftool is not installed")
    original, copy = shared / "live-photos" / "half" / "IMG_1853.HEIC", tmp_path / "copy.jpg"
    with original.open("rb") as stream:
        copy.write_bytes(jpeg_copy(stream, original.stat().st_size))
    facts = ("MediaGroupUUID", "ProfileDescription", "DateTimeOriginal", "OffsetTime", "GPSLatitude", "LensModel")
    wanted = [f"-{name}" for name in (*facts, "Orientation", "ImageWidth", "ImageHeight")]
    answer = subprocess.run(
        [exiftool, "-json", "-n", *wanted, str(original), str(copy)], capture_output=True, check=True
    )
    before, after = json.loads(answer.stdout)
    assert {name: before[name] for name in facts} == {name: after[name] for name in facts}
    assert (before["Orientation"], after["Orientation"]) == (6, 1)
    assert (after["ImageWidth"], after["ImageHeight"]) == (before["ImageHeight"], before["ImageWidth"])


TAKEN = datetime(2024, 5, 3, 18, 22, 10, 125_000, tzinfo=UTC)


def test_derived_pictures_carry_the_date_of_the_photo(tmp_path: Path) -> None:
    """exiftool reads it in a frame, a poster, a JPEG copy and a thumbnail, with its zone; each file has it too."""
    pytest.importorskip("av")
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    builder = BackupBuilder(layout="17600").with_thumbnail_tables()
    builder.with_live_photo("IMG_0001", created=TAKEN).without_still()
    builder.with_video("IMG_0002", created=TAKEN).with_photo("IMG_0003", created=TAKEN)
    builder.with_photo("IMG_0004", created=TAKEN).without_blob()
    builder._last.has_thumbnail = False  # only its entry in the thumbnail tables is left
    backup, out = builder.build(tmp_path / "b"), tmp_path / "out"
    result = CliRunner().invoke(main, ["extract", str(backup), str(out), "--all", "--jpeg", "--posters"])
    assert result.exit_code == 0, result.output
    pictures = sorted(path for path in out.rglob("*NOT-ORIGINAL*") if path.suffix in (".jpg", ".png"))
    kinds = {path.name.partition("NOT-ORIGINAL ")[2].partition(")")[0] for path in pictures}
    assert kinds == {"frame", "poster frame", "JPEG copy", "thumbnail 120x90"}
    wanted = ("DateTimeOriginal", "OffsetTimeOriginal")
    answer = subprocess.run(
        ["exiftool", "-json", *(f"-{name}" for name in wanted), *map(str, pictures)],
        capture_output=True,
        check=True,
    )
    read = {tuple(item.get(name) for name in wanted) for item in json.loads(answer.stdout)}
    assert read == {("2024:05:03 20:22:10", "+02:00")}
    assert {path.stat().st_mtime_ns for path in pictures} == {int(TAKEN.timestamp() * 1000) * 10**6}
    documents = {item["target"]: item for item in json.loads((out / "run.json").read_bytes())["documents"]}
    recorded = {documents[path.relative_to(out).as_posix()]["modified"] for path in pictures}
    assert recorded == {"2024-05-03T18:22:10.125Z"}
    assert documents["inventory.json"]["modified"] is None


@pytest.mark.parametrize(
    ("zone", "date", "offset"),
    [
        (UTC, "2024:05:03 18:22:10", "+00:00"),
        (timezone(timedelta(hours=-3, minutes=-30)), "2024:05:03 14:52:10", "-03:30"),
        (timezone(timedelta(seconds=7201)), "2024:05:03 18:22:10", "+00:00"),
    ],
    ids=["zone unknown", "west", "no whole minute"],
)
def test_a_copy_without_a_date_gets_that_of_the_photo(zone: tzinfo, date: str, offset: str) -> None:
    """Read back it is the same moment; what cannot be said in EXIF is said in UTC."""
    output = io.BytesIO()
    Image.new("RGB", (8, 8)).save(output, "PNG")
    copy = jpeg_copy(output, len(output.getvalue()), TAKEN.astimezone(zone))
    with Image.open(io.BytesIO(copy)) as image:
        details = image.getexif().get_ifd(ExifTags.IFD.Exif)
        facts = read_block(image.info["exif"])
    assert (details[ExifTags.Base.DateTimeOriginal], facts.offset_time) == (date, offset)
    assert facts.date_original == TAKEN


def test_a_date_that_a_picture_has_is_kept() -> None:
    """The camera's own word, to the byte; an unset clock's zeros are no date, and damage is left alone."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2020:01:01 00:00:00"
    assert dated(exif.tobytes(), TAKEN) == exif.tobytes()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "0000:00:00 00:00:00"
    assert read_block(dated(exif.tobytes(), TAKEN)).date_original == TAKEN
    assert dated(b"Exif\0\0no directory", TAKEN) == b"Exif\0\0no directory"


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\xff\xd8\xff\xe0"])
def test_what_cannot_be_converted_is_our_error(data: bytes) -> None:
    """Bad bytes end in our error."""
    with pytest.raises(UnreadableFileError):
        jpeg_copy(io.BytesIO(data), len(data))
