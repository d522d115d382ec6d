"""Live Photos that import again: both halves keep the identifier that joins them; a rebuilt half carries it."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import BackupBuilder
from recovery.formats.makernote import content_identifier, with_identifier
from tests.test_cli_extract import recover

TAKEN = datetime(2024, 5, 3, 18, 22, 10, tzinfo=UTC)
PAIRS = {
    "iphone-6s": ("IMG_0001.JPG", "IMG_0001.MOV"),
    "iphone-15-pro": ("IMG_3582.HEIC", "IMG_3582.MOV"),
    "iphone-6s-train": ("train.JPG", "train.MOV"),
}
needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")


def identifiers(*files: Path) -> list[str]:
    """What exiftool reads as content identifier, of each file that has one."""
    done = subprocess.run(
        ["exiftool", "-json", "-ContentIdentifier", "-MediaGroupUUID", *map(str, files)],
        capture_output=True,
        check=True,
    )
    return [item.get("ContentIdentifier") or item.get("MediaGroupUUID", "") for item in json.loads(done.stdout)]


@needs_exiftool
@pytest.mark.parametrize("folder", PAIRS)
def test_a_real_pair_keeps_its_identifier_through_an_extraction(shared: Path, tmp_path: Path, folder: str) -> None:
    """Still and movie come out under one stem, bit for bit, and exiftool reads one identifier in both."""
    builder = BackupBuilder()
    originals = [shared / "live-photos" / folder / name for name in PAIRS[folder]]
    for original in originals:
        target = f"Media/DCIM/100APPLE/IMG_0001{original.suffix}"
        builder.with_file("CameraRollDomain", target, original.read_bytes())
    out = tmp_path / "out"
    recover("extract", builder.build(tmp_path / "backup"), out, "--all")
    halves = sorted(path for path in out.rglob("*IMG_0001.*") if path.suffix in (".HEIC", ".JPG", ".MOV"))
    assert len({half.stem for half in halves}) == 1
    assert sorted(half.read_bytes() for half in halves) == sorted(path.read_bytes() for path in originals)
    first, second = identifiers(*halves)
    assert first == second != ""


@needs_exiftool
def test_a_still_rebuilt_from_the_movie_names_its_movie(shared: Path, tmp_path: Path) -> None:
    """The frame of a real movie without its still carries the identifier and says that it is no original."""
    pytest.importorskip("av", reason="frames need the extra package PyAV")
    movie = (shared / "live-photos" / "half" / "pairedVideo.MOV").read_bytes()
    builder = BackupBuilder().with_file("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0001.MOV", movie)
    out = tmp_path / "out"
    recover("extract", builder.build(tmp_path / "backup"), out, "--all")
    (frame,) = out.rglob("*(NOT-ORIGINAL frame).jpg")
    (half,) = out.rglob("*IMG_0001.MOV")
    first, second = identifiers(frame, half)
    assert first == second != ""
    said = subprocess.run(["exiftool", "-s3", "-ImageDescription", frame], capture_output=True, check=True)
    assert b"not the original photo" in said.stdout


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=4, max_size=80))
def test_an_identifier_that_was_written_is_read_back(identifier: str) -> None:
    """Writing and reading a MakerNote are each other's inverse."""
    assert content_identifier(with_identifier(identifier)) == identifier
