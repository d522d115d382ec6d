"""`--check-pictures`: every picture is decoded; broken, whole and not checked are three answers."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fixtures import BackupBuilder
from recovery import limits
from recovery.formats import picture_check
from recovery.formats.picture_check import PictureState, check_picture
from recovery.photos_db.content import called_picture
from tests.scanning import PASSPHRASE
from tests.talking import say

TWINS = pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])
Change = Callable[[bytes], bytes]


def hole(content: bytes) -> bytes:
    """A piece of zeros in the last third, as a copy from a failing disk leaves it."""
    at = len(content) * 2 // 3
    return content[:at] + bytes(256) + content[at + 256 :]


def half_zeros(content: bytes) -> bytes:
    """The second half never came, and its place was kept."""
    return content[: len(content) // 2].ljust(len(content), b"\0")


BREAKS = pytest.mark.parametrize("change", [hole, half_zeros])


def picture(kind: str, size: tuple[int, int] = (200, 150), **options: object) -> bytes:
    """A picture with detail everywhere."""
    output = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(output, kind, **options)
    return output.getvalue()


def state(content: bytes, name: str = "IMG_0001.JPG") -> PictureState | None:
    """What decoding these bytes tells."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_picture(io.BytesIO(content), expected=called_picture(name))
    assert found is None or bool(found.reason) is (found.state is not PictureState.DECODED)
    return found.state if found else None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF"])
def test_whole_pictures_are_decoded(kind: str) -> None:
    """Of every type that a phone keeps."""
    assert state(picture(kind)) is PictureState.DECODED


@BREAKS
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_zeros_inside_are_found_although_the_length_is_right(kind: str, change: Change) -> None:
    """Beginning and length are those of a whole file; decoders draw a hole in a JPEG as something."""
    assert state(change(picture(kind))) is PictureState.BROKEN


@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"progressive": True}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("colour", ["black", "white", (128, 128, 128)])
def test_a_picture_without_detail_is_whole(mode: str, colour: str, options: dict[str, bool]) -> None:
    """Its codes may be nothing but zero bits."""
    output = io.BytesIO()
    Image.new("RGB", (2000, 1500), colour).convert(mode).save(output, "JPEG", **options)
    assert state(output.getvalue()) is PictureState.DECODED


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1" + bytes(40), "IMG_0001.AVIF"),
        (b"BM" + bytes(100), "a.BMP"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(100), "a.JP2"),
        (b"FUJIFILMCCD-RAW 0201" + bytes(100), "a.RAF"),
        (b"II*\x00\x08\x00\x00\x00" + bytes(100), "a.TIF"),
    ],
)
def test_a_type_that_is_not_decoded_here_is_not_checked(content: bytes, name: str) -> None:
    """Nothing is said of it, least of all that it is damaged."""
    assert state(content, name) is PictureState.NOT_CHECKED


def test_what_is_no_picture_is_not_asked_for() -> None:
    """Videos and property lists."""
    assert state(b"\x00\x00\x00\x14ftypqt  " + bytes(100), "a.MOV") is None
    assert state(b"bplist00", "a.AAE") is None and state(b"", "a.JPG") is None


def test_own_trouble_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too large to be decoded here, no memory, no library: not checked."""
    content = picture("PNG")
    monkeypatch.setattr(limits, "PREVIEW_PIXELS", 1000)
    assert state(content) is PictureState.NOT_CHECKED
    monkeypatch.undo()
    monkeypatch.setattr(limits, "HEIF_BYTES", 1000)
    assert state(content) is PictureState.NOT_CHECKED
    monkeypatch.undo()
    monkeypatch.setattr(picture_check, "has_room", lambda size: False)
    assert state(content) is PictureState.NOT_CHECKED
    monkeypatch.undo()
    monkeypatch.setattr(Image, "open", lambda *args, **named: (_ for _ in ()).throw(MemoryError))
    assert state(content) is PictureState.NOT_CHECKED


@given(st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a"]))
def test_no_bytes_raise(content: bytes, start: bytes) -> None:
    """Whatever follows a signature."""
    assert state(start + content, "a.HEIC") in (None, PictureState.BROKEN, PictureState.NOT_CHECKED)


@given(st.integers(0, 12_000), st.binary(min_size=1, max_size=80))
def test_a_changed_heic_raises_nothing(heic: bytes, at: int, piece: bytes) -> None:
    """Some bytes of a real structure replaced."""
    at %= len(heic)
    assert state(heic[:at] + piece + heic[at + len(piece) :], "a.HEIC") is not None or at < 64


@pytest.fixture(scope="module")
def heic(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The still of a planted photo."""
    builder = BackupBuilder().with_photo("IMG_0001")
    folder = builder.build(tmp_path_factory.mktemp("heic"))
    (still,) = (file for file in builder.assets[0].files if file.role == "still")
    return (folder / still.file_id[:2] / still.file_id).read_bytes()


@BREAKS
def test_a_heic_with_zeros_is_broken(heic: bytes, change: Change) -> None:
    """Its library would draw what is left without a word."""
    assert state(heic) is PictureState.DECODED
    assert state(change(heic)) is PictureState.BROKEN
    assert state(heic[: len(heic) * 2 // 3]) is PictureState.BROKEN


def test_real_pictures_are_whole_and_skeletons_are_not(shared: Path) -> None:
    """Originals of four phones, and stills of FaceTime whose pixels were replaced by zeros."""
    whole = [path for path in shared.glob("live-photos/**/*") if path.suffix.upper() in (".JPG", ".HEIC")]
    assert len(whole) >= 4
    assert {state(path.read_bytes(), path.name) for path in whole} == {PictureState.DECODED}
    for path in shared.glob("facetime-skeletons/*.[hH][eE][iI][cC]"):
        assert state(path.read_bytes(), path.name) is PictureState.BROKEN


def library(change: Change) -> BackupBuilder:
    """A whole FaceTime photo, a broken one, and one of a type that is not decoded here."""
    made = BackupBuilder().with_live_photo("IMG_0001").with_live_photo("IMG_0002").overwritten(change, "still")
    bitmap = b"BM" + bytes(range(256)) * 8
    return made.with_photo("IMG_0003").overwritten(lambda content: bitmap, "still")


@TWINS
@BREAKS
def test_extract_tells_broken_pictures_from_unchecked_ones(
    tmp_path: Path,
    untouched: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
    passphrase: str | None,
    change: Change,
) -> None:
    """In text, record and names of files; without the option the same files are copied as they are."""
    folder = library(change).build(tmp_path / "backups", passphrase)
    untouched(folder)
    monkeypatch.setenv("RECOVER_FACETIME_PASSPHRASE", passphrase or "")
    plain = say("extract", folder, tmp_path / "plain", "--all")
    assert plain.code == 0 and "decoded" not in plain.out

    out = tmp_path / "out"
    said = say("extract", folder, out, "--all", "--check-pictures")
    text = " ".join(said.out.split())
    assert said.code == 3 and "hole of zeros" in text and "1 picture could not be decoded here" in text
    files = {item["path"].rpartition("/")[2]: item for item in json.loads((out / "run.json").read_bytes())["files"]}
    assert (files["IMG_0001.HEIC"]["state"], files["IMG_0001.HEIC"]["picture"]["state"]) == ("written", "decoded")
    assert (files["IMG_0002.HEIC"]["state"], files["IMG_0002.HEIC"]["picture"]["state"]) == ("damaged", "not_decodable")
    assert (files["IMG_0003.HEIC"]["state"], files["IMG_0003.HEIC"]["picture"]["state"]) == ("written", "not_checked")
    assert files["IMG_0001.MOV"]["picture"] is None
    assert (out / files["IMG_0002.HEIC"]["target"]).stat().st_size == files["IMG_0002.HEIC"]["size"]
    assert say("verify", out, folder, "--check-pictures").code == 0  # the record says so already


@TWINS
def test_a_later_run_with_the_option_renames_what_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passphrase: str | None
) -> None:
    """What was written as whole is decoded in the second run; no file is left that the record does not know."""
    folder = library(hole).build(tmp_path / "backups", passphrase)
    monkeypatch.setenv("RECOVER_FACETIME_PASSPHRASE", passphrase or "")
    out = tmp_path / "out"
    say("extract", folder, out, "--all")
    assert say("extract", folder, out, "--all", "--check-pictures").code == 3
    assert say("verify", out, folder).out.count("Nothing differs.") == 1
    second = json.loads((out / "run.json").read_bytes())["files"]
    assert [item["state"] for item in second if item["path"].endswith("IMG_0002.HEIC")] == ["damaged"]
    assert [item["unchanged"] for item in second if item["path"].endswith("IMG_0001.HEIC")] == [True]


def test_verify_decodes_what_was_copied_without_a_look(tmp_path: Path) -> None:
    """A difference for the broken picture, a count of the whole ones, names of those not checked; also as JSON."""
    folder = library(half_zeros).build(tmp_path / "backups")
    out = tmp_path / "out"
    say("extract", folder, out, "--all")
    assert say("verify", out).code == 0
    said = say("verify", out, "--check-pictures")
    assert said.code == 3 and "cannot be whole: its picture has a hole of zeros" in " ".join(said.out.split())
    assert "could not be decoded here" in said.out
    found = json.loads(say("verify", out, "--check-pictures", "--json").out)
    assert [item["code"] for item in found["differences"]] == ["content"]
    assert found["pictures"]["decoded"] == 1
    assert [item["target"].endswith(".HEIC") for item in found["pictures"]["not_checked"]] == [True]
    assert json.loads(say("verify", out, "--json").out)["pictures"] is None
