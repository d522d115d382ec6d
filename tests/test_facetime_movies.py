"""FaceTime's movies: two sounds, the picture last or first, and often over after half of the time."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from genuine import exif_entries
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scanning import named, scan

from cli.main import main
from fixtures import BackupBuilder, pictures
from fixtures.movies import Clip, facetime_movie
from fixtures.pictures import Photographed
from recovery.errors import UnreadableFileError
from recovery.formats import decoding
from recovery.formats.frames import frame_near, sharpest_frame
from recovery.formats.media import MediaFacts, read_media
from recovery.report.messages.status import note

STOPPED = "the picture of the video lasts 1.5 of 3.0 seconds; usual for FaceTime, not damage"
DEVICES = pytest.mark.parametrize(
    "device",
    [pictures.IPHONE, pictures.IPAD, pictures.MAC_SMALL],
    ids=["picture last", "turned", "Mac, picture first"],
)
PICTURES = pytest.mark.parametrize("seconds", [3.0, 1.5])


def movie(device: Photographed, seconds: float) -> bytes:
    """A movie of this device whose picture lasts so long."""
    builder = BackupBuilder().with_live_photo("IMG_0001").photographed(device).picture_stops(seconds)
    return builder._plans[0].movie()


def look(data: bytes) -> MediaFacts:
    """What the movie says about itself, without a gap."""
    reading = read_media(io.BytesIO(data), len(data))
    assert reading.gaps == ()
    (facts,) = reading.records
    return facts


def same(image: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures differ only by what an encoder loses."""
    assert image.size == other.size
    small, like = (each.convert("RGB").resize((16, 16), Image.Resampling.BOX) for each in (image, other))
    return max(abs(a - b) for a, b in zip(small.tobytes(), like.tobytes(), strict=True)) < 12


@DEVICES
@PICTURES
def test_a_movie_tells_how_long_its_picture_lasts(device: Photographed, seconds: float) -> None:
    """Length, length of the picture, upright size and the moment of the still are those that were written."""
    facts = look(movie(device, seconds))
    assert facts.duration_s == pytest.approx(3.008, abs=0.001)
    assert facts.picture_s == seconds
    assert (facts.width, facts.height) == (device.movie_size or device.size)
    assert facts.has_still_image_time is True
    assert facts.still_image_time_s is not None
    assert 0.9 <= facts.still_image_time_s <= 1.0


@DEVICES
@PICTURES
def test_every_frame_that_is_asked_for_is_there(device: Photographed, seconds: float) -> None:
    """The still's frame, the first, the sharpest and one after the picture's end: each is a frame, upright."""
    data = movie(device, seconds)
    width, height = device.movie_size or device.size
    still = pictures.draw("IMG_0001", width, height, "facetime")
    assert same(decoding.frame(io.BytesIO(data), len(data)), still)
    assert same(frame_near(io.BytesIO(data), 0.967).image, still)
    first, last = frame_near(io.BytesIO(data), 0.0), frame_near(io.BytesIO(data), 2.9)
    assert (first.seconds, last.seconds) == (0.0, seconds - 0.5)
    assert first.image.size == last.image.size == (width, height)
    assert not same(first.image, still)  # it has a light that the still has not
    assert sharpest_frame(io.BytesIO(data)).image.size == (width, height)
    assert 0 < frame_near(io.BytesIO(data), None).seconds < seconds


def test_the_genuine_structure_is_read_and_its_missing_picture_is_told(shared: Path) -> None:
    """The skeleton of a genuine movie gives its facts; its zeroed picture ends in our error, nothing else."""
    data = (shared / "facetime-skeletons" / "iphone-pair.mov").read_bytes()
    facts = look(data)
    assert (facts.width, facts.height, facts.picture_s) == (1080, 1920, 3.0)
    assert facts.still_image_time_s == pytest.approx(0.967, abs=0.001)
    for take in (lambda stream: frame_near(stream, 0.967), sharpest_frame):
        with pytest.raises(UnreadableFileError):
            take(io.BytesIO(data))


@pytest.mark.parametrize("name", ["iphone-6s/IMG_0001.MOV", "iphone-15-pro/IMG_3582.MOV", "half/pairedVideo.MOV"])
def test_movies_of_real_cameras_have_a_picture_to_the_end(shared: Path, name: str) -> None:
    """No real movie of a camera is told to stop early."""
    facts = look((shared / "live-photos" / name).read_bytes())
    assert facts.picture_s == facts.duration_s


@given(st.integers(2, 12))
def test_the_length_of_the_picture_is_that_of_its_track(halves: int) -> None:
    """Whatever the length, in halves of a second, it is read back."""
    clip = Clip(32, 24, 1, picture_s=halves / 2)
    assert look(facetime_movie("a", "photo", clip, (), 0)).picture_s == halves / 2


def test_a_stopped_picture_is_told_as_usual(tmp_path: Path) -> None:
    """The note stands with the photo whose picture stops, and only there; nothing is called damaged."""
    builder = BackupBuilder().with_live_photo("IMG_0001").picture_stops().with_live_photo("IMG_0002")
    findings = scan(builder.build(tmp_path))
    assert list(map(note, named(findings, "IMG_0001.HEIC").notes)) == [STOPPED]
    assert named(findings, "IMG_0002.HEIC").notes == ()
    assert {asset.status for asset in findings.assets} == {"complete"}


def test_another_movie_is_told_without_the_reason(tmp_path: Path) -> None:
    """A stopped picture of a movie that is not FaceTime's is told, but not called usual."""
    facetime = BackupBuilder().with_live_photo("IMG_0001").picture_stops()._plans[0].movie()
    other = facetime.replace(b"FaceTime", b"Something"[:8])
    path = "Media/DCIM/100APPLE/IMG_0009.MOV"
    findings = scan(BackupBuilder().with_photo("IMG_0001").with_file("CameraRollDomain", path, other).build(tmp_path))
    notes = map(note, named(findings, "IMG_0009.MOV").notes)
    assert "the picture of the video lasts 1.5 of 3.0 seconds" in notes


def test_the_note_stands_in_text_json_and_page(tmp_path: Path) -> None:
    """Wherever people look: scan, scan --json and the report page."""
    backup = str(BackupBuilder().with_live_photo("IMG_0001").picture_stops().build(tmp_path / "b"))
    run = CliRunner()
    text = run.invoke(main, ["scan", backup, "-v"])
    assert STOPPED in " ".join(text.output.split())
    document = json.loads(run.invoke(main, ["scan", backup, "--json"]).stdout)
    assert document["assets"][0]["notes"] == [STOPPED]
    page = tmp_path / "r.html"
    assert run.invoke(main, ["report", backup, str(page)]).exit_code == 0
    assert STOPPED in page.read_text("utf-8")


def test_extraction_takes_frames_of_a_stopped_movie(tmp_path: Path) -> None:
    """A lost still is stood in for by the frame of its moment, and the sharpest frame is found."""
    builder = BackupBuilder().with_live_photo("IMG_0001").photographed(pictures.MAC).picture_stops().without_still()
    out = tmp_path / "out"
    result = CliRunner().invoke(
        main, ["extract", str(builder.build(tmp_path / "b")), str(out), "--all", "--frames", "best"]
    )
    assert result.exit_code == 0, result.output
    (frame,), (sharpest,) = out.rglob("*(NOT-ORIGINAL frame).jpg"), out.rglob("*(NOT-ORIGINAL sharpest frame).jpg")
    with Image.open(frame) as still, Image.open(sharpest) as sharp:
        assert still.size == sharp.size == (1280, 852)
        assert same(still, pictures.draw("IMG_0001", 1280, 852, "facetime"))
        entries = list(exif_entries(still.info["exif"][6:]))
    assert ("details", 0x927C, 7) in entries  # UNDEFINED, as Exif wants a MakerNote to be
    assert ("Apple", 0x11, 2) in entries
