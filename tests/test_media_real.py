"""Real Live Photos of real iPhones, and damaged files of others, compared with independent readers."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from recovery.formats.media import MediaFacts, read_media
from recovery.provenance import Gap

SHARED = Path(os.environ.get("RECOVER_FACETIME_SHARED", Path(__file__).parents[2] / "shared")) / "data"

# The identifiers that both halves must give, from the description of the data set.
IDENTIFIERS = {
    "iphone-6s/IMG_0001.JPG": "C3754624",
    "iphone-6s/IMG_0001.MOV": "C3754624",
    "iphone-15-pro/IMG_3582.HEIC": "602FEBB7",
    "iphone-15-pro/IMG_3582.MOV": "602FEBB7",
    "iphone-6s-train/train.JPG": "E905E6C6",
    "iphone-6s-train/train.MOV": "E905E6C6",
    "half/pairedVideo.MOV": "7A7D4193",
}
PAIRS = [("iphone-6s/IMG_0001.JPG", "iphone-6s/IMG_0001.MOV"),
         ("iphone-15-pro/IMG_3582.HEIC", "iphone-15-pro/IMG_3582.MOV"),
         ("iphone-6s-train/train.JPG", "iphone-6s-train/train.MOV")]  # fmt: skip
EVERY = [*IDENTIFIERS, "half/IMG_1853.HEIC"]
MOVIES = [name for name in EVERY if name.endswith(".MOV")]


def real(name: str, folder: str = "live-photos") -> Path:
    path = SHARED / folder / name
    if not path.is_file():
        pytest.skip(f"real data set {folder} is not here")
    return path


def look(path: Path) -> tuple[MediaFacts, tuple[Gap, ...]]:
    with path.open("rb") as stream:
        reading = read_media(stream, path.stat().st_size, path.name)
    (facts,) = reading.records
    return facts, reading.gaps


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_the_published_identifier_is_found(name: str) -> None:
    """Every half of a real Live Photo gives the identifier that the data set names, without a gap."""
    facts, gaps = look(real(name))
    assert facts.content_identifier is not None
    assert facts.content_identifier.startswith(IDENTIFIERS[name])
    assert len(facts.content_identifier) == 36
    assert gaps == ()


@pytest.mark.parametrize(("still", "movie"), PAIRS)
def test_the_halves_of_a_real_pair_join(still: str, movie: str) -> None:
    """Both halves carry the same whole identifier, and only the movie marks the moment of the still."""
    picture, video = look(real(still))[0], look(real(movie))[0]
    assert picture.content_identifier == video.content_identifier
    assert (picture.has_still_image_time, video.has_still_image_time) == (None, True)


def test_the_real_halves_do_not_join() -> None:
    """A still without its movie and a movie without its still do not become a pair."""
    still, movie = look(real("half/IMG_1853.HEIC"))[0], look(real("half/pairedVideo.MOV"))[0]
    assert still.content_identifier
    assert still.content_identifier != movie.content_identifier


@pytest.mark.parametrize("name", ["corrupted.heic", "corrupted.hif", "truncated.heic", "empty.heic"])
def test_real_damaged_files_end_in_gaps(name: str) -> None:
    """Damaged, cut and empty files found in the wild are reported, and never raise."""
    _, gaps = look(real(name, "media-bad"))
    assert gaps
    assert all(gap.fault for gap in gaps) == (name != "empty.heic")


@pytest.mark.parametrize("name", EVERY)
def test_a_real_file_cut_anywhere_never_passes_for_whole(name: str) -> None:
    """Of a real file cut at 39 places every piece is reported as damaged."""
    data = real(name).read_bytes()
    for cut in (len(data) * part // 40 for part in range(1, 40)):
        assert read_media(io.BytesIO(data[:cut]), cut).gaps


def test_the_facts_of_a_heic_need_none_of_its_pixels() -> None:
    """With every byte of picture data wiped a real HEIC still tells the same: nothing was decoded."""
    path = real("iphone-15-pro/IMG_3582.HEIC")
    data = path.read_bytes()
    exif_end = data.index(b"Apple iOS\0") + 4096
    wiped = data[:exif_end] + bytes(len(data) - exif_end)
    (facts,) = read_media(io.BytesIO(wiped), len(wiped)).records
    assert facts == look(path)[0]


# --- exiftool, written by others -------------------------------------------------------------------------


def exiftool(path: Path) -> dict[str, Any]:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    command = ["exiftool", "-json", "-n", "-G1", "-api", "largefilesupport=1", str(path)]
    found: list[dict[str, Any]] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found[0]


SAME_IN_PICTURES = {
    "make": "IFD0:Make",
    "model": "IFD0:Model",
    "orientation": "IFD0:Orientation",
    "software": "IFD0:Software",
    "lens_model": "ExifIFD:LensModel",
    "offset_time": "ExifIFD:OffsetTimeOriginal",
    "user_comment": "ExifIFD:UserComment",
    "content_identifier": "Apple:MediaGroupUUID",
}
SAME_IN_MOVIES = {
    "make": "Keys:Make",
    "model": "Keys:Model",
    "software": "Keys:Software",
    "content_identifier": "Keys:ContentIdentifier",
    "lens_model": "Track1:CameraLensModel-und-US",
}


@pytest.mark.parametrize("name", EVERY)
def test_exiftool_reads_the_same(name: str) -> None:
    """Texts, dates, positions, sizes and durations equal those of exiftool for every real file."""
    path = real(name)
    facts, theirs = look(path)[0], exiftool(path)
    same = SAME_IN_MOVIES if facts.type.is_video else SAME_IN_PICTURES
    for field, tag in same.items():
        assert str(getattr(facts, field) or "") == str(theirs.get(tag, "")), field
    place = theirs.get("Composite:GPSLatitude"), theirs.get("Composite:GPSLongitude")
    assert (facts.latitude, facts.longitude) == pytest.approx(place)
    size = theirs["Composite:ImageSize"].split()
    assert sorted([facts.width, facts.height]) == sorted(map(int, size))
    if facts.type.is_video:
        assert facts.duration_s == pytest.approx(theirs["QuickTime:Duration"])
        assert f"{facts.movie_created:%Y:%m:%d %H:%M:%S}" == theirs["QuickTime:CreateDate"]
        stored = (
            facts.date_original and f"{facts.date_original:%Y:%m:%d %H:%M:%S}{facts.date_original.isoformat()[-6:]}"
        )
        assert stored == theirs.get("Keys:CreationDate")
    else:
        assert f"{facts.date_original:%Y:%m:%d %H:%M:%S}" == theirs["ExifIFD:DateTimeOriginal"]
        assert facts.date_original is not None
        assert f"{facts.date_original.microsecond // 1000:03}" == str(theirs["ExifIFD:SubSecTimeOriginal"])


# --- FFmpeg, through PyAV --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MOVIES)
def test_ffmpeg_shows_the_still_at_the_same_time(name: str) -> None:
    """FFmpeg presents the sample of the still-image-time track at the second we computed from the edit list."""
    av = pytest.importorskip("av")
    path = real(name)
    facts = look(path)[0]
    with av.open(str(path)) as movie:
        texts = {key: value for key, value in movie.metadata.items() if key.startswith("com.apple.quicktime.")}
        single = [stream for stream in movie.streams if stream.type == "data" and stream.frames == 1]
        # Timed metadata samples: size, local key id, value; the still-image time is a signed byte, so nine bytes.
        times = [
            float(packet.pts * packet.time_base)
            for packet in movie.demux(*single)
            if packet.size >= 9 and bytes(packet)[:4] == b"\x00\x00\x00\x09"
        ]
    assert times == [pytest.approx(facts.still_image_time_s)]
    ours = dict(facts.quicktime_keys)
    for key in ("content.identifier", "make", "model", "software", "creationdate", "location.ISO6709"):
        name_ = f"com.apple.quicktime.{key}"
        assert ours.get(name_) == texts.get(name_)
