"""The FaceTime pictures and movies of the fixtures keep the structure of genuine ones."""

from __future__ import annotations

import io
import re
from pathlib import Path

import av
import pytest
from genuine import boxes, content_identifier, exif_entries, exif_of, exiftool, exiftool_is_missing

from fixtures import BackupBuilder, pictures
from fixtures.pictures import Photographed
from fixtures.plans import AssetPlan

STILLS = {
    "iphone-pair.heic": pictures.Photographed(pictures.FACETIME, (1080, 1920)),
    "iphone12mini-back.HEIC": pictures.IPHONE_BACK,
    "ipadpro-rot180.HEIC": pictures.IPAD,
    "iphone17pro.heic": pictures.IPHONE_17,
}
"""Genuine stills, and the device of the fixtures that has the same size and turn."""
# Boxes whose very bytes must be those of a genuine file.
SAME_IN_STILLS = re.compile(
    r"ftyp|meta/(hdlr|pitm|iinf.*|iref.*|idat|dinf.*|iprp/ipma|iprp/ipco/(ispe|irot|pixi|clli))"
)
SAME_IN_MOVIES = re.compile(
    r"ftyp|wide|.*/(hdlr|alis|elst|gmin|smhd|vmhd|esds|frma|colr|clef|prof|enof|keyd|dtyp|mdta)|moov/meta/keys"
)
# exiftool reads the colours of an H.264 track, and stops at what configures a decoder of HEVC.
OF_THE_CODEC = {
    f"Track4:{name}" for name in ("ColorProfiles", "ColorPrimaries", "TransferCharacteristics", "MatrixCoefficients")
}


def plan(device: Photographed) -> AssetPlan:
    """The plan of a FaceTime photo of this device."""
    return BackupBuilder().with_live_photo("IMG_0001").photographed(device)._plans[0]


def as_hevc(kinds: list[str]) -> list[str]:
    """The one meant difference: genuine movies hold HEVC, those of the fixtures H.264, which browsers play."""
    return [path.replace("avc1", "hvc1").replace("avcC", "hvcC") for path in kinds]


@pytest.mark.parametrize("name", STILLS)
def test_a_still_has_the_boxes_of_a_genuine_one(shared: Path, name: str) -> None:
    """The same boxes in the same order, and in those that describe the structure the same bytes."""
    genuine = list(boxes((shared / "facetime-skeletons" / name).read_bytes()))
    ours = list(boxes(plan(STILLS[name]).still()))
    assert [path for path, _ in ours] == [path for path, _ in genuine]
    compared = [path for path, _ in genuine if SAME_IN_STILLS.fullmatch(path)]
    assert len(compared) > 15
    assert [box for box in ours if SAME_IN_STILLS.fullmatch(box[0])] == [
        box for box in genuine if SAME_IN_STILLS.fullmatch(box[0])
    ]


@pytest.mark.parametrize("name", STILLS)
def test_a_still_has_the_exif_entries_of_a_genuine_one(shared: Path, name: str) -> None:
    """The same tags with the same types, down to the content identifier, the MakerNote's only one."""
    genuine = list(exif_entries(exif_of((shared / "facetime-skeletons" / name).read_bytes())))
    assert list(exif_entries(exif_of(plan(STILLS[name]).still()))) == genuine
    assert ("details", 0x927C, 7) in genuine
    assert [entry for entry in genuine if entry[0] == "Apple"] == [("Apple", 0x11, 2)]


def test_a_movie_has_the_boxes_of_a_genuine_one(shared: Path) -> None:
    """The same boxes in the same order but for the codec; handlers, edits, sound and keys to the byte."""
    genuine = list(boxes((shared / "facetime-skeletons" / "iphone-pair.mov").read_bytes()))
    ours = list(boxes(plan(pictures.IPHONE).movie()))
    assert as_hevc([path for path, _ in ours]) == [path for path, _ in genuine]
    same = [(as_hevc([path])[0], body) for path, body in ours if SAME_IN_MOVIES.fullmatch(as_hevc([path])[0])]
    assert same == [box for box in genuine if SAME_IN_MOVIES.fullmatch(box[0])]
    assert len(same) > 30


@pytest.mark.skipif(exiftool_is_missing(), reason="exiftool is not installed")
@pytest.mark.parametrize("name", [*STILLS, "iphone-pair.mov"])
def test_exiftool_finds_the_tags_of_a_genuine_file(shared: Path, tmp_path: Path, name: str) -> None:
    """The same tag names, and the same values of those that make a FaceTime photo one."""
    genuine = exiftool(shared / "facetime-skeletons" / name)
    of = plan(STILLS.get(name, pictures.IPHONE))
    ours = tmp_path / name
    ours.write_bytes(of.movie() if name.endswith(".mov") else of.still())
    found = exiftool(ours)
    assert sorted(found.keys() - OF_THE_CODEC) == sorted(genuine)
    for tag in ("QuickTime:Rotation", "IFD0:Orientation", "Composite:ImageSize", "ExifIFD:UserComment",
                "QuickTime:ColorProfiles", "QuickTime:CompatibleBrands", "ICC_Profile:ProfileDescription",
                "Keys:Keywords", "QuickTime:TimeScale", "QuickTime:Duration", "Composite:Rotation",
                "Track4:TrackDuration", "Track4:HandlerType", "Track3:TrackDuration"):  # fmt: skip
        assert found.get(tag) == genuine.get(tag)


@pytest.mark.skipif(exiftool_is_missing(), reason="exiftool is not installed")
@pytest.mark.parametrize("extension", ["HEIC", "JPG"])
@pytest.mark.parametrize("device", [pictures.IPHONE, pictures.MAC_SMALL], ids=["phone", "Mac"])
def test_exiftool_reads_the_marks_and_pairs_the_halves(tmp_path: Path, extension: str, device: Photographed) -> None:
    """Comment, device, lens and keyword are found, one identifier in both halves, no date, place or software."""
    builder = BackupBuilder().with_live_photo("IMG_0001", extension=extension).photographed(device)
    made = builder._plans[0]
    still, movie = tmp_path / f"a.{extension}", tmp_path / "a.MOV"
    still.write_bytes(made.still())
    movie.write_bytes(made.movie())
    tags, keys = exiftool(still), exiftool(movie)
    assert content_identifier(tags) == keys["Keys:ContentIdentifier"] == made.group_uuid
    assert tags["ExifIFD:UserComment"] == "FaceTime Photo"
    assert (tags["IFD0:Make"], tags["ExifIFD:LensMake"]) == ("Apple", "Apple")
    assert (tags["IFD0:Model"], tags["ExifIFD:LensModel"]) == (device.facts.model, device.facts.lens_model)
    assert [name for name in keys if name.startswith("Keys:")] == ["Keys:ContentIdentifier", "Keys:Keywords"]
    assert keys["QuickTime:CreateDate"] == f"{made.created:%Y:%m:%d %H:%M:%S}"
    written = [name for name in tags if re.match("IFD0|ExifIFD|Apple|GPS", name)]
    assert [name for name in written if re.search("Date|Time|GPS|Software|Expos", name)] == []


@pytest.mark.skipif(exiftool_is_missing(), reason="exiftool is not installed")
def test_a_still_of_ios_13_tells_system_and_local_time(tmp_path: Path) -> None:
    """As the genuine one of iOS 13.4.1: the original date with fractions, no zone, no other date."""
    made, still = plan(pictures.IPHONE_IOS_13), tmp_path / "a.heic"
    still.write_bytes(made.still())
    tags = {name: value for name, value in exiftool(still).items() if re.search("Date|SubSec|Offset|Software", name)}
    assert tags.pop("QuickTime:MediaDataOffset", 0)
    assert {name: value for name, value in tags.items() if not name.startswith("Composite:")} == {
        "IFD0:Software": "Version 13.4.1 (Build 17E262)",
        "ExifIFD:DateTimeOriginal": "2024:05:03 20:22:10",
        "ExifIFD:SubSecTimeOriginal": 125,
    }


def test_the_sizes_are_those_seen(shared: Path) -> None:
    """Each device's size, as stored, stands in the table of genuine stills with that very model."""
    table = (shared / "facetime-stills-observed.tsv").read_text("utf-8").splitlines()
    seen = {(row[3], row[1]) for row in (line.split("\t") for line in table[1:])}
    devices = (
        pictures.IPHONE,
        pictures.IPHONE_IOS_13,
        pictures.IPHONE_BACK,
        pictures.IPHONE_17,
        pictures.IPAD,
        pictures.MAC,
        pictures.MAC_SMALL,
    )
    for device in devices:
        width, height = device.size[::-1] if device.facts.orientation == 6 else device.size
        assert (device.facts.model, f"{width}x{height}") in seen


@pytest.mark.parametrize(
    ("device", "order"),
    [
        (pictures.IPHONE, ["audio", "audio", "data", "video"]),
        (pictures.MAC_SMALL, ["video", "audio", "audio", "data"]),
    ],
    ids=["phone", "Mac"],
)
def test_a_movie_plays_with_two_sounds_and_the_picture_where_it_belongs(device: Photographed, order: list[str]) -> None:
    """FFmpeg decodes every track; the picture is last on a phone and first on a Mac."""
    movie = plan(device).movie()
    with av.open(io.BytesIO(movie)) as container:
        assert [stream.type for stream in container.streams] == order
        assert len(list(container.decode(video=0))) == 6
    for sound in (0, 1):
        with av.open(io.BytesIO(movie)) as container:
            length = sum(float(frame.samples) / frame.sample_rate for frame in container.decode(audio=sound))
            assert length == pytest.approx(3.0, abs=0.1)
