"""`extract` and `verify` as a person runs them: what is written, what is said, and that the evidence stays."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from PIL import Image

from cli.main import main
from fixtures import BackupBuilder
from recovery.report.inventory import schema

TAKEN = datetime(2024, 5, 3, 18, 22, 10, tzinfo=UTC)
DELETED = datetime(2024, 5, 20, 9, 0, tzinfo=UTC)
SECRET = "pässphrase nobody prints"
_RUN = "from cli.main import run; run()"


def recover(
    *arguments: str | Path, passphrase: str | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, without a terminal."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RECOVER_FACETIME_P")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    if passphrase is not None:
        environment["RECOVER_FACETIME_PASSPHRASE"] = passphrase
    return subprocess.run(
        [sys.executable, "-c", _RUN, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        env=environment,
        cwd=folder,
    )


def files_of(out: Path) -> dict[str, str]:
    """SHA-256 by relative path of everything that was extracted, records apart."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".recover-facetime" not in path.parts
    }


def story() -> BackupBuilder:
    """Two FaceTime photos, one recently deleted; a camera photo; each with a time of its own."""
    return (
        BackupBuilder()
        .with_live_photo("IMG_0001", created=TAKEN)
        .with_live_photo("IMG_0002", created=TAKEN.replace(day=4))
        .trashed(DELETED)
        .with_photo("IMG_0003", created=TAKEN.replace(day=5))
    )


@pytest.mark.parametrize("passphrase", [None, SECRET], ids=["plain", "encrypted"])
def test_extract_writes_originals_sidecars_and_records(
    tmp_path: Path, passphrase: str | None, untouched: Callable[[Path], None]
) -> None:
    """Originals bit for bit under one stem, sidecars, a valid inventory and hashes; the backup is what it was."""
    builder = story()
    backup = builder.build(tmp_path / "backups", passphrase)
    untouched(backup)
    out = tmp_path / "out"
    done = recover("extract", backup, out, passphrase=passphrase)
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr
    planted = builder.assets[0]
    stem = "2024-05-03 20.22.10 IMG_0001"
    assert {name: digest for name, digest in files_of(out / "FaceTime" / "2024").items() if stem in name}.items() >= {
        (f"{stem}.HEIC", planted.file("still").sha256),
        (f"{stem}.MOV", planted.file("paired_video").sha256),
    }
    assert b"xmpmeta" in (out / "FaceTime" / "2024" / f"{stem}.xmp").read_bytes()
    still = out / "FaceTime" / "2024" / f"{stem}.HEIC"
    assert still.stat().st_mtime == TAKEN.timestamp()
    assert any("Recently deleted" in name for name in files_of(out))
    assert "IMG_0001" in (tmp_path / "out.html").read_text("utf-8"), "the page to look at lies beside the output"
    assert not any("IMG_0003" in name for name in files_of(out)), "a camera photo was not asked for"
    document = json.loads((out / "inventory.json").read_bytes())
    jsonschema.validate(document, schema())
    written = [item for asset in document["assets"] for item in asset["files"] if item["extracted_to"]]
    assert {item["role"] for item in written} == {"still", "paired_video"}
    for item in written:
        assert hashlib.sha256((out / item["extracted_to"]).read_bytes()).hexdigest() == item["sha256"]
    record = json.loads((out / "run.json").read_bytes())
    assert record["totals"]["written"] == 4
    assert SECRET not in (out / "run.json").read_text("utf-8")
    assert hashlib.sha256((out / "run.json").read_bytes()).hexdigest() in done.stdout


def test_the_encrypted_twin_gives_the_same_files(tmp_path: Path) -> None:
    """Nobody can tell from the extracted photos whether the backup was encrypted."""
    plain, encrypted = tmp_path / "plain", tmp_path / "encrypted"
    recover("extract", story().build(tmp_path / "a"), plain)
    recover("extract", story().build(tmp_path / "b", SECRET), encrypted, passphrase=SECRET)
    media = (".HEIC", ".MOV")
    assert {name: digest for name, digest in files_of(plain).items() if name.endswith(media)} == {
        name: digest for name, digest in files_of(encrypted).items() if name.endswith(media)
    }


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_sha256sum_accepts_the_manifest(tmp_path: Path) -> None:
    """`sha256sum -c manifest.sha256` in the output folder finds nothing wrong."""
    out = tmp_path / "out"
    recover("extract", story().build(tmp_path / "backups"), out, "--all")
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "manifest.sha256"], cwd=out, check=True)


def test_the_folder_of_facetime_is_named_where_there_is_one(tmp_path: Path) -> None:
    """People are sent into the folder only when this run put something there."""
    photo = BackupBuilder().with_photo("IMG_0001").build(tmp_path / "photo")
    facetime = story().build(tmp_path / "facetime")
    for backup, there in ((photo, False), (facetime, True)):
        out = tmp_path / backup.parent.name / "out"
        said = recover("extract", backup, out, "--all").stdout
        assert ("FaceTime photos in the folder FaceTime:" in said) == there == (out / "FaceTime").exists()
        assert "To check every file again later:" in said


def test_scan_promises_what_extract_writes(tmp_path: Path) -> None:
    """Photos and bytes of the first screen are those of the extraction without options, hidden photos among them."""
    builder = story().with_photo("IMG_0040").hidden().with_photo("IMG_0041")
    backup, out = builder.build(tmp_path / "backups"), tmp_path / "out"
    promised = " ".join(recover("scan", backup).stdout.split()).split("Can be saved: ")[1].split(". ")[0]
    said = " ".join(recover("extract", backup, out).stdout.split())
    assert promised[0].upper() + promised[1:] in said
    assert any("IMG_0040" in name for name in files_of(out))
    assert not any("IMG_0041" in name for name in files_of(out))


def test_sidecars_can_be_left_out(tmp_path: Path) -> None:
    """With --no-sidecars each photo stands alone; the records stay."""
    out = tmp_path / "out"
    assert recover("extract", story().build(tmp_path / "backups"), out, "--no-sidecars").returncode == 0
    names = files_of(out)
    assert {"run.json", "inventory.json", "manifest.sha256"} <= names.keys()
    assert not [name for name in names if name.endswith((".xmp", ".json")) and "/" in name]


def test_the_report_is_opened_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--open` hands the page to the system, and the folder where there is no page; it says when nothing opens it."""
    asked: list[str] = []
    monkeypatch.setattr("click.launch", lambda target: asked.append(target) or len(asked) - 1)
    backup = story().build(tmp_path / "backups")
    for name, options in (("a", []), ("b", ["--no-report"])):
        said = CliRunner().invoke(main, ["extract", str(backup), str(tmp_path / name), "--open", *options])
        assert said.exit_code == 0, said.output
        assert ("no program was found" in said.stderr) is (name == "b")
    assert asked == [str(tmp_path / "a.html"), str(tmp_path / "b")]


def test_a_dry_run_says_the_bytes_and_writes_nothing(tmp_path: Path) -> None:
    """The number of bytes a dry run names is the number a run then writes."""
    backup = story().build(tmp_path / "backups")
    out = tmp_path / "out"
    said = recover("extract", backup, out, "--dry-run")
    assert said.returncode == 0 and not out.exists()
    recover("extract", backup, out)
    record = json.loads((out / "run.json").read_bytes())
    assert f"{record['totals']['bytes']:,}" in said.stdout


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--all"], {"IMG_0001", "IMG_0002", "IMG_0003"}),
        (["--deleted"], {"IMG_0002"}),
        (["--min-confidence", "certain"], {"IMG_0001", "IMG_0002"}),
        (["--all", "--from-date", "2024-05-05"], {"IMG_0003"}),
        (["--all", "--to-date", "2024-05-03"], {"IMG_0001"}),
        (["--live", "--from-date", "2024-05-04T00:00:00Z"], {"IMG_0002"}),
        (["--hidden"], set()),
    ],
)
def test_filters_choose(tmp_path: Path, options: list[str], names: set[str]) -> None:
    """Each filter takes what it says and nothing else."""
    out = tmp_path / "out"
    done = recover("extract", story().build(tmp_path / "backups"), out, *options)
    assert done.returncode == 0, done.stderr
    assert {Path(name).stem.split()[-1] for name in files_of(out) if name.endswith((".HEIC", ".JPG"))} == names


def test_one_uuid_is_taken_and_an_unknown_one_is_an_error(tmp_path: Path) -> None:
    """`--uuid` takes that asset alone; a UUID nobody has ends the command with a hint."""
    builder = story()
    backup = builder.build(tmp_path / "backups")
    recover("extract", backup, tmp_path / "one", "--uuid", builder.assets[2].uuid.lower())
    assert {name for name in files_of(tmp_path / "one") if "IMG" in name and not name.endswith((".json", ".xmp"))} == {
        "Library/2024/2024-05-05 20.22.10 IMG_0003.HEIC"
    }
    refused = recover("extract", backup, tmp_path / "none", "--uuid", "A" * 8)
    assert refused.returncode == 1 and "What to do:" in refused.stderr
    assert not (tmp_path / "none").exists()


def test_a_second_run_finds_everything_done(tmp_path: Path) -> None:
    """Running again changes no file and says that they were there."""
    backup, out = story().build(tmp_path / "backups"), tmp_path / "out"
    recover("extract", backup, out)
    before = {name: digest for name, digest in files_of(out).items() if name != "run.json"}  # it has its times
    again = recover("extract", backup, out)
    assert again.returncode == 0 and "there already" in again.stdout
    assert files_of(out).items() >= before.items()


def test_what_is_not_whole_is_named_and_exit_is_3(tmp_path: Path) -> None:
    """A missing and a cut blob are listed by name with the reason; the rest is written."""
    builder = story().with_live_photo("IMG_0004", created=TAKEN).truncated_blob()
    builder.with_live_photo("IMG_0005", created=TAKEN).without_blob("video")
    done = recover("extract", builder.build(tmp_path / "backups"), tmp_path / "out")
    assert done.returncode == 3
    assert "IMG_0004 (damaged).HEIC" in done.stdout and "IMG_0005.MOV" in done.stdout
    assert "Traceback" not in done.stderr
    assert any(name.endswith("IMG_0005.HEIC") for name in files_of(tmp_path / "out"))


def test_output_inside_the_backup_is_refused(tmp_path: Path, untouched: Callable[[Path], None]) -> None:
    """Nothing is ever written below the backup folder, whatever is asked."""
    backup = story().build(tmp_path / "backups")
    untouched(backup)
    done = recover("extract", backup, backup / "out")
    assert done.returncode == 1 and "What to do:" in done.stderr


def test_a_lost_still_is_replaced_by_a_frame_that_says_so(tmp_path: Path) -> None:
    """The frame is an extra file named NOT-ORIGINAL; the movie itself is there bit for bit."""
    pytest.importorskip("av", reason="frames need the extra package PyAV")
    builder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN).without_still()
    out = tmp_path / "out"
    recover("extract", builder.build(tmp_path / "backups"), out)
    (frame,) = out.rglob("*(NOT-ORIGINAL frame).jpg")
    with Image.open(frame) as image:
        assert min(image.size) > 0 and image.format == "JPEG"
    (movie,) = out.rglob("*.MOV")
    assert hashlib.sha256(movie.read_bytes()).hexdigest() == builder.asset.file("paired_video").sha256


def test_the_sharpest_frame_is_taken_on_request(tmp_path: Path) -> None:
    """`--frames best` adds one frame to each FaceTime photo and changes no original."""
    pytest.importorskip("av", reason="frames need the extra package PyAV")
    builder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN)
    backup = builder.build(tmp_path / "backups")
    recover("extract", backup, tmp_path / "without")
    recover("extract", backup, tmp_path / "with", "--frames", "best")
    extra = files_of(tmp_path / "with").keys() - files_of(tmp_path / "without").keys()
    assert [Path(name).name for name in extra] == ["2024-05-03 20.22.10 IMG_0001 (NOT-ORIGINAL sharpest frame).jpg"]


def test_a_deleted_asset_comes_back_as_its_table_picture(tmp_path: Path) -> None:
    """A permanently deleted photo leaves a small picture, which is written as a PNG with its size in the name."""
    builder = BackupBuilder().with_thumbnail_tables().with_live_photo("IMG_0001", created=TAKEN)
    builder.permanently_deleted(DELETED)
    out = tmp_path / "out"
    done = recover("extract", builder.build(tmp_path / "backups"), out)
    (picture,) = out.rglob("*.png")
    assert "Permanently deleted" in picture.parts and "NOT-ORIGINAL thumbnail 68x120" in picture.name
    with Image.open(io.BytesIO(picture.read_bytes())) as image:
        assert image.size == (68, 120)
    assert done.returncode == 0


def test_verify_names_what_was_changed(tmp_path: Path) -> None:
    """A fresh output has no differences, also against the backup; a changed byte is found and named."""
    backup, out = story().build(tmp_path / "backups", SECRET), tmp_path / "out"
    recover("extract", backup, out, passphrase=SECRET)
    good = recover("verify", out, backup, passphrase=SECRET)
    assert (good.returncode, "Nothing differs." in good.stdout) == (0, True)
    (victim,) = out.rglob("*IMG_0001.MOV")
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    bad = recover("verify", out, "--json")
    assert bad.returncode == 3
    (difference,) = json.loads(bad.stdout)["differences"]
    assert difference["target"].endswith("IMG_0001.MOV") and difference["code"] == "changed"


def test_what_was_deleted_for_good_comes_out_of_the_older_backup(
    tmp_path: Path, untouched: Callable[[Path], None]
) -> None:
    """`--from-older` writes what the newer backup has lost, bit for bit, and nothing that it still has."""
    older = BackupBuilder(backup_date=TAKEN.replace(day=10)).with_live_photo("IMG_0001", created=TAKEN)
    older.with_live_photo("IMG_0002", created=TAKEN)
    newer = BackupBuilder(backup_date=DELETED.replace(month=6)).with_live_photo("IMG_0001", created=TAKEN)
    newer.permanently_deleted(DELETED).with_live_photo("IMG_0002", created=TAKEN)
    old, new, out = older.build(tmp_path / "old"), newer.build(tmp_path / "new"), tmp_path / "out"
    untouched(old)
    untouched(new)
    done = recover("extract", new, out, "--from-older", old)
    assert done.returncode == 0, done.stderr
    media = {Path(name).name: digest for name, digest in files_of(out).items() if name.endswith((".HEIC", ".MOV"))}
    lost = older.assets[0]
    assert sorted(media.values()) == sorted(lost.file(role).sha256 for role in ("still", "paired_video"))
    inside = recover("extract", new, new / "out", "--from-older", old)
    assert inside.returncode == 1 and "What to do:" in inside.stderr
