"""A file is whole only when its bytes are what its name says, however long it is and however it is stored."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import BackupBuilder
from recovery import limits
from recovery.analysis.model import AssetFile, Findings, Status
from recovery.photos_db.camera_roll_paths import IMAGE_EXTENSIONS, MOVIE_EXTENSIONS
from recovery.photos_db.content import ContentCheck, misfit, other_family
from recovery.report.messages.status import reason
from recovery.source.backup_view import ONLY_ZEROS
from tests.scanning import PASSPHRASE, named, scan
from tests.talking import say
from tests.test_media_signatures import KNOWN

DATA = Path(__file__).parents[2] / "shared" / "data"
NOISE = random.Random(1).randbytes(4096)
PICTURES = [head for head, kind in KNOWN if kind.is_image]
MOVIES = [head for head, kind in KNOWN if kind.is_video]
LISTS = [head for head, kind in KNOWN if kind.code in ("aae", "xml_plist", "binary_plist")]

Change = Callable[[bytes], bytes]
WRONG: dict[str, Change] = {
    "zeros": lambda content: bytes(len(content)),
    "noise": lambda content: random.Random(2).randbytes(len(content)),
    "a web page": lambda content: (b"<html><body>404 not found</body></html>" * len(content))[: len(content)],
    "a database": lambda content: b"SQLite format 3\0".ljust(len(content), b"x"),
}


@pytest.fixture(params=[None, PASSPHRASE], ids=["plain", "encrypted"])
def passphrase(request: pytest.FixtureRequest) -> str | None:
    """A plain and an encrypted twin."""
    secret: str | None = request.param
    return secret


def files(findings: Findings, filename: str) -> dict[str, AssetFile]:
    """The files of an asset by their roles."""
    return {item.role.value: item for item in named(findings, filename).files}


@pytest.mark.parametrize("extension", sorted(IMAGE_EXTENSIONS - {".raw"}))
def test_any_picture_may_have_any_pictures_extension(extension: str) -> None:
    """HEIC named JPG and the other way round are common; a property list is no picture, a movie a whole one."""
    for name in (f"a/IMG_0001{extension}", f"a/IMG_0001{extension.upper()}"):
        assert {misfit(name, head) for head in PICTURES} == {""}
        assert all("not those of a picture" in misfit(name, head) for head in (*LISTS, NOISE, bytes(64)))
        assert {misfit(name, head) for head in MOVIES} == {""}
        assert {other_family(name, head) for head, kind in KNOWN if kind.is_video} == {
            kind for _, kind in KNOWN if kind.is_video
        }
        assert {other_family(name, head) for head in (*PICTURES, *LISTS, NOISE)} == {None}


@pytest.mark.parametrize("extension", sorted(MOVIE_EXTENSIONS))
def test_any_video_may_have_any_videos_extension(extension: str) -> None:
    """MP4 named MOV plays everywhere; a picture is no video, and not damaged for its name."""
    name = f"IMG_0001{extension}"
    assert {misfit(name, head) for head in (*MOVIES, *PICTURES)} == {""}
    assert all("not those of a video" in misfit(name, head) for head in (*LISTS, NOISE))
    assert all(other_family(name, head) is kind for head, kind in KNOWN if kind.is_image)
    assert {other_family(name, head) for head in (*MOVIES, *LISTS, NOISE)} == {None}


def test_adjustments_are_property_lists() -> None:
    """In either form, with or without the key of Photos."""
    assert {misfit(name, head) for head in LISTS for name in ("a.AAE", "a.plist")} == {""}
    assert misfit("a.AAE", b"<html>") and misfit("Adjustments.plist", NOISE)


def test_pictures_of_other_makers_are_known() -> None:
    """Each kind of file that a camera's extension stands for and the type table does not know."""
    for name, head in {
        "a.BMP": b"BM\x36\x00",
        "a.JP2": b"\x00\x00\x00\x0cjP  \r\n\x87\n",
        "a.RAF": b"FUJIFILMCCD-RAW 0201",
        "a.ORF": b"IIRO\x08\x00\x00\x00",
        "a.RW2": b"IIU\x00\x18\x00\x00\x00",
        "a.CR3": b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01",
        "a.CR2": b"II*\x00\x10\x00\x00\x00CR",
        "a.CRW": b"II\x1a\x00\x00\x00HEAPCCDR",
        "a.JXL": b"\xff\x0a\xfa\x7f",
        "a.PSD": b"8BPS\x00\x01",
        "a.X3F": b"FOVb\x00\x00\x02\x00",
    }.items():
        assert misfit(name, head) == "", name
    packet = b"G" + bytes(187)
    for name, head in {
        "a.AVI": b"RIFF\x10\x00\x00\x00AVI LIST",
        "a.WEBM": b"\x1aE\xdf\xa3\x9fB\x86\x81",
        "a.MKV": b"\x1aE\xdf\xa3\x01\x00\x00\x00",
        "a.MPG": b"\x00\x00\x01\xba\x44\x00",
        "a.MTS": (bytes(4) + packet) * 3,
        "a.M2TS": packet * 3,
        "a.3GP": b"\x00\x00\x00\x18ftyp3gp5\x00\x00\x00\x00",
        "a.HEVC": b"\x00\x00\x00\x01\x40\x01",
    }.items():
        assert misfit(name, head) == "", name
        assert other_family(name, head) is None, name


@given(st.binary(max_size=600), st.sampled_from(["a.raw", "a.data", "a.xmp", "a.ithmb", "IMG_0001", "a.pdf"]))
def test_what_nobody_knows_is_not_judged(head: bytes, name: str) -> None:
    """An extension outside the tables says nothing about the bytes."""
    assert misfit(name, head) == ""


@given(st.lists(st.binary(min_size=1, max_size=400), max_size=6))
def test_the_whole_file_is_seen_while_it_passes(chunks: list[bytes]) -> None:
    """In whatever pieces it comes: the same answer as from all of it at once."""
    check = ContentCheck("IMG_0001.HEIC")
    for chunk in chunks:
        check.look_at(memoryview(chunk))
    data = b"".join(chunks)
    zeros = bool(data) and not data.strip(b"\0")
    assert check.problem == (ONLY_ZEROS if zeros else misfit("IMG_0001.HEIC", data[: limits.CONTENT_HEAD_BYTES]))


def test_real_pictures_and_videos_fit_their_names() -> None:
    """What phones wrote, genuine FaceTime files among them, and damaged ones that begin as they should."""
    if not DATA.is_dir():
        pytest.skip("no real data beside the project")
    told = {}
    for folder in ("live-photos", "facetime-skeletons", "media-bad", "photos", "ios-14.3"):
        for path in filter(Path.is_file, (DATA / folder).rglob("*.*")):
            with path.open("rb") as stream:
                told[path] = misfit(path.name, stream.read(limits.CONTENT_HEAD_BYTES))
    assert len(told) > 100 and set(told.values()) == {""}


@pytest.mark.parametrize("wrong", WRONG)
def test_originals_of_other_bytes_are_damaged(tmp_path: Path, passphrase: str | None, wrong: str) -> None:
    """Both halves as long as they should be: not complete, and the thumbnail is what is left."""
    builder = BackupBuilder().with_live_photo("IMG_0001").overwritten(WRONG[wrong]).with_photo("IMG_0002")
    found = scan(builder.build(tmp_path, passphrase), passphrase)
    halves = files(found, "IMG_0001.HEIC")
    assert {halves["still"].state, halves["paired_video"].state} == {"damaged"}
    asset = named(found, "IMG_0001.HEIC")
    assert (asset.status, found.totals.complete, found.totals.damaged_files) == (Status.REDUCED_COPY, 1, 2)
    left = "what survives is a thumbnail of 360 x 640 pixels"
    assert reason(asset.status_reason) == f"still and video are damaged; {left}"
    assert asset.live_photo is not None and not asset.live_photo.still and not asset.live_photo.video
    because = ONLY_ZEROS if wrong == "zeros" else "its bytes are not those of a picture"
    assert halves["still"].note.startswith(because)
    assert found.totals.recoverable_bytes == sum(
        item.size or 0 for asset in found.assets for item in asset.files if item.state == "present"
    )
    assert found.faults


def test_one_half_of_other_bytes_leaves_the_other(tmp_path: Path, passphrase: str | None) -> None:
    """The movie is zeros, the still is whole."""
    builder = BackupBuilder().with_live_photo("IMG_0001").zeroed("paired_video")
    found = scan(builder.build(tmp_path, passphrase), passphrase)
    asset = named(found, "IMG_0001.HEIC")
    assert asset.status is Status.HALF
    assert reason(asset.status_reason) == "only the still is here: the video is damaged"


def test_a_thumbnail_of_zeros_does_not_survive(tmp_path: Path, passphrase: str | None) -> None:
    """Nothing of the photo is left, and nothing else is said."""
    builder = BackupBuilder().with_photo("IMG_0001").zeroed("still", "thumbnail").with_photo("IMG_0002")
    found = scan(builder.build(tmp_path, passphrase), passphrase)
    asset = named(found, "IMG_0001.HEIC")
    assert (asset.status, reason(asset.status_reason)) == (Status.NOT_FOUND, "the still is damaged")
    assert {item.state for item in asset.files} == {"damaged"} and found.totals.damaged_files == 2


def test_edits_and_reduced_copies_are_judged_too(tmp_path: Path, passphrase: str | None) -> None:
    """They stand in for an original, so they must be what they say."""
    builder = BackupBuilder().with_photo("IMG_0001").with_edit().with_reduced_copy()
    builder.without_blob().overwritten(WRONG["noise"], "edited_still", "adjustments", "reduced")
    found = scan(builder.build(tmp_path, passphrase), passphrase)
    asset = named(found, "IMG_0001.HEIC")
    assert {item.role.value for item in asset.files if item.state == "damaged"} == {
        "edited_still",
        "adjustments",
        "reduced",
    }
    assert reason(asset.status_reason).endswith("what survives is a thumbnail")


@pytest.mark.parametrize("lost", ["end", "first sector"])
def test_a_damaged_picture_is_still_saved_in_part(tmp_path: Path, passphrase: str | None, lost: str) -> None:
    """Where only its end or its first sector is lost, something of it is left."""
    builder = BackupBuilder().with_photo("IMG_0001")
    if lost == "end":
        builder.truncated_blob()
    else:
        builder.overwritten(lambda content: bytes(512) + content[512:])
    found = scan(builder.build(tmp_path, passphrase), passphrase)
    asset = named(found, "IMG_0001.HEIC")
    assert reason(asset.status_reason) == "the still is damaged; what is left of it can be saved"
    assert found.totals.damaged_files == 1


def test_a_search_for_facetime_tells_the_same_of_each_file(tmp_path: Path) -> None:
    """A search for FaceTime alone tells the same of each file as the whole."""
    builder = BackupBuilder()
    for number in range(1, 9):
        builder.with_live_photo(f"IMG_000{number}").with_photo(f"IMG_001{number}")
        if number % 2:
            builder.zeroed()
    builder.with_live_photo("IMG_0020").zeroed()
    folder = builder.build(tmp_path)
    whole = json.loads(say("scan", folder, "--json").out)
    states = {item["path"]: (item["state"], asset["status"]) for asset in whole["assets"] for item in asset["files"]}
    assert sum(state == "damaged" for state, _ in states.values()) == whole["totals"]["damaged_files"] == 4 + 2
    alone = json.loads(say("scan", folder, "--facetime", "--json").out)
    told = {item["path"]: (item["state"], asset["status"]) for asset in alone["assets"] for item in asset["files"]}
    assert told.items() <= states.items() and alone["totals"]["damaged_files"] == 2


def test_a_copy_in_messages_of_other_bytes_is_no_copy(tmp_path: Path) -> None:
    """A name alone is nothing that could be saved."""
    builder = BackupBuilder().with_photo("IMG_0001").with_messages_attachment("lp_image.HEIC", bytes(5000))
    found = scan(builder.build(tmp_path))
    asset = next(asset for asset in found.assets if asset.filename == "lp_image.HEIC")
    assert (asset.status, asset.files[0].state) == (Status.NOT_FOUND, "damaged")
    assert ONLY_ZEROS in asset.files[0].note


def test_a_terabyte_of_zeros_is_not_read_through(tmp_path: Path) -> None:
    """A sparse file claims any length; some of it is enough."""
    folder = BackupBuilder().with_video("IMG_0001").zeroed().build(tmp_path)
    blob = next(path for path in folder.glob("??/*") if not path.read_bytes().strip(b"\0"))
    os.truncate(blob, 1 << 40)
    (item,) = (item for item in named(scan(folder), "IMG_0001.MOV").files if item.role == "video")
    assert item.note == f"its first {limits.ZEROS_BYTES:,} bytes are all zeros"


def test_what_a_person_reads_and_the_exit_codes(
    tmp_path: Path, untouched: Callable[[Path], None], passphrase: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scan, extract and verify: never whole, the reason, and 3 for what could not be read."""
    if passphrase:
        monkeypatch.setenv("RECOVER_FACETIME_PASSPHRASE", passphrase)
    builder = BackupBuilder().with_live_photo("IMG_0001").zeroed().with_live_photo("IMG_0002")
    folder = builder.build(tmp_path / "backups", passphrase)
    untouched(folder)
    scanned = say("scan", folder, "-v")
    assert scanned.code == 3 and f"Note     IMG_0001.HEIC: {ONLY_ZEROS}" in scanned.out
    assert "damaged: nothing of it is left" in scanned.out
    assert "Files of photos and videos that are damaged: 2" in scanned.out
    out = tmp_path / "out"
    extracted = say("extract", folder, out)
    assert extracted.code == 3 and "2 files damaged in the backup" in " ".join(extracted.out.split())
    assert len([*out.rglob("*IMG_0001*(damaged).*")]) == 2
    assert not [*out.rglob("*IMG_0001.HEIC"), *out.rglob("*IMG_0001.MOV")]
    verified = say("verify", out, folder)
    assert verified.code == 0 and "2 files were damaged in the backup already" in verified.out


def test_a_thumbnail_is_judged_when_it_is_written(tmp_path: Path) -> None:
    """A scan leaves thumbnails of whole photos alone; writing one reads it."""
    folder = BackupBuilder().with_photo("IMG_0001").zeroed("thumbnail").build(tmp_path / "backups")
    assert say("scan", folder).code == 0
    extracted = say("extract", folder, tmp_path / "out", "--all", "--reduced", "always")
    assert extracted.code == 3 and ONLY_ZEROS in extracted.out
