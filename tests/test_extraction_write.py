"""Writing: bit for bit, dated, recorded, resumable, and one bad file never stops the rest."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery.analysis.model import Orphan, OrphanCode
from recovery.errors import NotEnoughSpaceError, OutputError
from recovery.extraction import folder as folder_module
from recovery.extraction import write as write_module
from recovery.extraction.copying import Overwrite
from recovery.extraction.folder import STATE_FOLDER, OutputFolder
from recovery.extraction.outcomes import OutcomeState, RunFacts, SilentCopy
from recovery.extraction.plan import plan
from recovery.extraction.selected_files import Selection
from recovery.extraction.write import WriteOptions
from recovery.provenance import Source
from tests.extraction_tools import (
    PASSPHRASE,
    a_file,
    an_asset,
    contents,
    everything,
    extract,
    findings_of,
    found,
    opened,
)


def small() -> BackupBuilder:
    """A FaceTime photo, a photo with an edit, a video."""
    builder = BackupBuilder().with_live_photo("IMG_0001").with_photo("IMG_0002", width=64, height=48).with_edit()
    return builder.with_video("IMG_0003")


def planted(builder: BackupBuilder, name: str, role: str = "still") -> str:
    """SHA-256 of the plain bytes of a planted file."""
    return next(asset for asset in builder.assets if asset.name.startswith(name)).file(role).sha256


def sha256(path: Path) -> str:
    """Of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


Untouched = Callable[[Path], None]
Twin = pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])


@Twin
def test_files_come_out_bit_for_bit(tmp_path: Path, untouched: Untouched, passphrase: str | None) -> None:
    """Every planted file has its planted hash and its asset's time, and the backup is what it was."""
    builder = small()
    backup = builder.build(tmp_path / "backups", passphrase)
    untouched(backup)
    outcomes = extract(backup, everything(builder), tmp_path / "out", passphrase)
    hashes = {file.file_id: file.sha256 for asset in builder.assets for file in asset.files}
    assert outcomes.complete and len(outcomes.files) == 6
    for outcome in outcomes.files:
        assert outcome.entry is not None and outcome.planned.asset is not None
        path = tmp_path / "out" / outcome.entry.target
        assert sha256(path) == outcome.entry.sha256 == hashes[outcome.planned.file.file_id]
        blob = backup / outcome.entry.file_id[:2] / outcome.entry.file_id
        assert (outcome.entry.source_sha256, outcome.entry.source_size) == (sha256(blob), blob.stat().st_size)
        assert outcome.planned.asset.created is not None
        assert abs(path.stat().st_mtime - outcome.planned.asset.created.timestamp()) < 1e-3


@Twin
def test_sha256sum_accepts_the_manifest(tmp_path: Path, passphrase: str | None) -> None:
    """All files but the run record, which names the manifest's own hash."""
    builder = small()
    out = tmp_path / "out"
    outcomes = extract(builder.build(tmp_path / "backups", passphrase), everything(builder), out, passphrase)
    listed = {line.split("  ", 1)[1] for line in (out / "manifest.sha256").read_text("utf-8").splitlines()}
    there = {name for name in contents(out) if not name.startswith(STATE_FOLDER)}
    assert listed == there - {"manifest.sha256"}
    record = json.loads((out / "run.json").read_bytes())
    assert record["manifest"]["sha256"] == sha256(out / "manifest.sha256")
    assert outcomes.record_sha256 == sha256(out / "run.json")
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--strict", "-c", "manifest.sha256"], cwd=out, check=True, capture_output=True)


def test_the_record_says_what_was_done(tmp_path: Path) -> None:
    """Versions, arguments, times, identifiers, and both hashes of every file."""
    builder = small()
    moments = iter([datetime(2024, 6, 2, 8, tzinfo=UTC), datetime(2024, 6, 2, 9, tzinfo=UTC)])
    facts = RunFacts(("extract", "B", "O"), "C-1", "E-2", "Ann", ("a warning",))
    backup = builder.build(tmp_path / "backups")
    extract(backup, everything(builder), tmp_path / "out", run=facts, now=lambda: next(moments))
    record = json.loads((tmp_path / "out" / "run.json").read_bytes())
    assert record["schema"] == "recover-facetime/run/1"
    assert record["arguments"] == ["extract", "B", "O"] and record["warnings"] == ["a warning"]
    assert (record["started"], record["ended"]) == ("2024-06-02T08:00:00.000Z", "2024-06-02T09:00:00.000Z")
    assert record["case"] == {"case_number": "C-1", "evidence_number": "E-2", "examiner": "Ann"}
    assert record["backup"]["manifest_database_sha256"] == sha256(backup / "Manifest.db")
    assert record["libraries"]["iphone-backup-decrypt"].startswith("0.11.")
    assert record["libraries"]["python"] and record["libraries"]["sqlite"] == sqlite3.sqlite_version
    assert {"av", "texture2ddecoder", "pillow-heif"} <= set(record["libraries"])  # what makes derived pictures
    assert record["totals"]["written"] == 6
    for file in record["files"]:
        assert sha256(backup / file["file_id"][:2] / file["file_id"]) == file["source_sha256"]
        assert sha256(tmp_path / "out" / file["target"]) == file["sha256"]
        assert file["modified_from"] == "asset.created"


@Twin
def test_misfortunes_become_outcomes(tmp_path: Path, untouched: Untouched, passphrase: str | None) -> None:
    """A missing, a cut, an empty and a wrongly measured blob: each is told, and the others are written."""
    builder = (
        BackupBuilder()
        .with_photo("IMG_0001").without_blob("still")
        .with_photo("IMG_0002").truncated_blob()
        .with_photo("IMG_0003").zero_byte()
        .with_photo("IMG_0004").with_wrong_size()
        .with_photo("IMG_0005")
    )  # fmt: skip
    backup = builder.build(tmp_path / "backups", passphrase)
    untouched(backup)
    outcomes = extract(backup, everything(builder), tmp_path / "out", passphrase)
    states = {outcome.planned.file.name: outcome for outcome in outcomes.files if outcome.planned.file.role == "still"}
    assert not outcomes.complete
    assert states["IMG_0001.HEIC"].state is OutcomeState.MISSING
    cut = states["IMG_0002.HEIC"]
    assert cut.state is OutcomeState.DAMAGED and cut.target and cut.target.endswith("IMG_0002 (damaged).HEIC")
    salvaged = (tmp_path / "out" / cut.target).read_bytes()
    assert len(salvaged) > 1000 and cut.reason
    (whole,) = (asset.file("still") for asset in builder.assets if asset.name == "IMG_0002.HEIC")
    assert whole.size - 2000 > 0 and len(salvaged) >= whole.size // 2 - 16
    assert states["IMG_0003.HEIC"].state is OutcomeState.WRITTEN  # an empty file is what the backup holds
    assert states["IMG_0004.HEIC"].state is OutcomeState.WRITTEN and states["IMG_0004.HEIC"].notes
    assert states["IMG_0005.HEIC"].state is OutcomeState.WRITTEN
    assert not list((tmp_path / "out").rglob("*.part"))


def test_a_salvaged_file_is_the_beginning_of_the_original(tmp_path: Path) -> None:
    """The bytes that are there come out unchanged, nothing is put behind them."""
    builder = BackupBuilder().with_photo("IMG_0001")
    whole_out, cut_out = tmp_path / "whole", tmp_path / "cut"
    extract(builder.build(tmp_path / "a", PASSPHRASE), everything(builder), whole_out, PASSPHRASE)
    cut = BackupBuilder().with_photo("IMG_0001").truncated_blob()
    extract(cut.build(tmp_path / "b", PASSPHRASE), everything(cut), cut_out, PASSPHRASE)
    (original,), (part,) = (list(out.rglob("*.HEIC")) for out in (whole_out, cut_out))
    assert part.stat().st_size > 0 and original.read_bytes().startswith(part.read_bytes())


def test_an_unlisted_blob_is_written_from_a_plain_backup_only(tmp_path: Path) -> None:
    """An encrypted one has its key in the row that is missing."""
    content = b"\xff\xd8\xff" + bytes(1000)
    file_id = hashlib.sha1(b"unlisted 0").hexdigest()
    end = Orphan(OrphanCode.UNLISTED_BLOB, None, None, file_id, None, "jpeg", Source("Manifest.db"))
    for passphrase, state in ((None, OutcomeState.WRITTEN), (PASSPHRASE, OutcomeState.FAILED)):
        out = tmp_path / f"out {state}"
        backup = BackupBuilder().with_unlisted_blob(content).build(tmp_path / f"backups {state}", passphrase)
        (outcome,) = extract(backup, plan(findings_of([], [end])), out, passphrase).files
        assert outcome.state is state
        if outcome.target:
            assert (out / outcome.target).read_bytes() == content


def test_a_file_the_manifest_does_not_list_is_missing(tmp_path: Path) -> None:
    """A plan of another backup makes outcomes, not errors."""
    backup = small().build(tmp_path / "backups")
    asset = an_asset(files=(a_file(path="Media/DCIM/999APPLE/IMG_9999.HEIC"),))
    (outcome,) = extract(backup, plan(findings_of([asset]), Selection(everything=True)), tmp_path / "out").files
    assert outcome.state is OutcomeState.MISSING


@Twin
def test_a_second_run_changes_nothing(tmp_path: Path, passphrase: str | None) -> None:
    """What is finished is checked, not written again."""
    builder = small()
    backup, out = builder.build(tmp_path / "backups", passphrase), tmp_path / "out"
    extract(backup, everything(builder), out, passphrase)
    before = {path: path.stat().st_ino for path in out.rglob("*") if STATE_FOLDER not in path.parts}
    state = contents(out)
    again = extract(backup, everything(builder), out, passphrase)
    assert again.complete and all(outcome.unchanged for outcome in again.files)
    assert contents(out) == state
    kept = {path for path, inode in before.items() if path.stat().st_ino == inode}
    assert before.keys() - kept <= {out / "run.json"}


def test_a_removed_file_comes_back_and_a_changed_one_is_kept(tmp_path: Path) -> None:
    """Resuming trusts hashes, not names; what a person changed is theirs, unless they ask for `always`."""
    builder = small()
    backup, out = builder.build(tmp_path / "backups"), tmp_path / "out"
    first = extract(backup, everything(builder), out)
    state = contents(out)
    gone, changed = (out / str(outcome.target) for outcome in first.files[:2])
    gone.unlink()
    changed.write_bytes(b"mine")
    second = extract(backup, everything(builder), out)
    assert [outcome.state for outcome in second.files[:2]] == [OutcomeState.WRITTEN, OutcomeState.KEPT]
    assert changed.read_bytes() == b"mine" and not second.complete
    third = extract(backup, everything(builder), out, options=WriteOptions(Overwrite.ALWAYS))
    assert third.complete and contents(out) == state


@pytest.mark.parametrize("overwrite", Overwrite)
@pytest.mark.parametrize("same", [True, False])
def test_the_overwrite_policy_decides_about_strangers(tmp_path: Path, overwrite: Overwrite, same: bool) -> None:
    """A file of that name that no run of ours wrote."""
    builder = small()
    backup, out, example = builder.build(tmp_path / "backups"), tmp_path / "out", tmp_path / "example"
    wanted = extract(backup, everything(builder), example).files[0]
    stranger = out / str(wanted.target)
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes((example / str(wanted.target)).read_bytes() if same else b"stranger")
    outcome = extract(backup, everything(builder), out, options=WriteOptions(overwrite)).files[0]
    accepted = overwrite is Overwrite.ALWAYS or (overwrite is Overwrite.IDENTICAL and same)
    assert outcome.state is (OutcomeState.WRITTEN if accepted else OutcomeState.KEPT)
    replaced = sha256(stranger) == planted(builder, "IMG_0001")
    assert replaced is (same or overwrite is Overwrite.ALWAYS)


def test_another_selection_adds_to_the_output(tmp_path: Path) -> None:
    """Files of an earlier run stay in the list of hashes."""
    builder = small()
    backup, out = builder.build(tmp_path / "backups"), tmp_path / "out"
    findings = findings_of(map(found, builder.assets))
    extract(backup, plan(findings, Selection(everything=True, until=datetime(2024, 5, 4, tzinfo=UTC))), out)
    first = set((out / "manifest.sha256").read_text("utf-8").splitlines())
    outcomes = extract(backup, plan(findings, Selection(uuids=frozenset({str(findings.assets[-1].uuid)}))), out)
    second = set((out / "manifest.sha256").read_text("utf-8").splitlines())
    unchanged = {line for line in first if "inventory.json" not in line}
    assert outcomes.earlier and unchanged <= second


def test_another_backup_is_not_mixed_in(tmp_path: Path) -> None:
    """A folder belongs to one state of one backup, until the user says otherwise."""
    builder, other, out = small(), BackupBuilder().with_photo("IMG_0001"), tmp_path / "out"
    extract(builder.build(tmp_path / "a"), everything(builder), out)
    backup = other.build(tmp_path / "b")
    before = contents(out)
    with pytest.raises(OutputError, match="another backup"):
        extract(backup, everything(other), out)
    assert contents(out) == before
    assert extract(backup, everything(other), out, options=WriteOptions(Overwrite.ALWAYS)).complete


def test_a_foreign_record_is_not_replaced(tmp_path: Path) -> None:
    """A run.json of something else is no reason to destroy it."""
    builder, out = small(), tmp_path / "out"
    out.mkdir()
    (out / "run.json").write_text("mine")
    with pytest.raises(OutputError, match=r"run\.json"):
        extract(builder.build(tmp_path / "backups"), everything(builder), out)
    assert (out / "run.json").read_text() == "mine"


def test_output_and_backup_are_kept_apart(tmp_path: Path, untouched: Untouched) -> None:
    """Neither inside the other, not through a link either, and never inside any other backup."""
    builder = small()
    backup = builder.build(tmp_path / "backups")
    other = BackupBuilder(udid="0" * 40).with_photo("IMG_0001").build(tmp_path / "others")
    (tmp_path / "link").symlink_to(backup)
    for evidence in (backup, other):
        untouched(evidence)
    for out in (
        backup,
        backup / "out",
        backup / "x" / "y",
        tmp_path / "link" / "z",
        other / "out",
        backup.parent,
        tmp_path,
    ):
        with pytest.raises(OutputError):
            extract(backup, everything(builder), out)


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """The file stays."""
    builder = small()
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="is a file"):
        extract(builder.build(tmp_path / "backups"), everything(builder), tmp_path / "out")
    assert (tmp_path / "out").read_text() == "a file"


def test_an_output_that_refuses_is_an_error_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No right to write: said once, before any file."""
    builder = small()
    backup = builder.build(tmp_path / "backups")

    def refuse(self: Path, *rest: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    with opened(backup) as view, monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", refuse)
        with pytest.raises(OutputError, match="Permission denied") as caught:
            folder_module.OutputFolder(tmp_path / "out", view.identity.folder).__enter__()
    assert caught.value.hint


def test_links_in_the_output_are_not_followed(tmp_path: Path) -> None:
    """A folder of the output that is a link to elsewhere makes failed outcomes."""
    builder, out, elsewhere = small(), tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "FaceTime").symlink_to(elsewhere)
    outcomes = extract(builder.build(tmp_path / "backups"), everything(builder), out)
    assert not list(elsewhere.iterdir())
    states = {str(outcome.planned.target).split("/")[0]: outcome.state for outcome in outcomes.files}
    assert states == {"FaceTime": OutcomeState.FAILED, "Library": OutcomeState.WRITTEN}


def test_too_little_space_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With both numbers; `ignore_free_space` goes on, and what is finished needs no space."""
    builder = small()
    backup, out = builder.build(tmp_path / "backups"), tmp_path / "out"
    real = shutil.disk_usage
    usage = real(tmp_path)._replace(free=1000)
    # The temporary folder has room enough.
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage if Path(path) == out else real(path))
    with pytest.raises(NotEnoughSpaceError) as caught:
        extract(backup, everything(builder), out)
    assert caught.value.free == 1000 and caught.value.needed > everything(builder).bytes > 1000
    assert not list(out.rglob("*.HEIC"))
    assert extract(backup, everything(builder), out, options=WriteOptions(ignore_free_space=True)).complete


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    """The second is told who is there; when the first has ended, however it ended, the folder is free."""
    backup, out = small().build(tmp_path / "backups"), tmp_path / "out"
    with OutputFolder(out, backup), pytest.raises(OutputError, match=f"process {os.getpid()}"):
        OutputFolder(out, backup).__enter__()
    (out / STATE_FOLDER / "lock").write_text("1")  # left by a process that was killed
    with OutputFolder(out, backup):
        pass


def test_more_threads_change_nothing(tmp_path: Path) -> None:
    """The order of outcomes is the plan's, and the output the same."""
    builder = BackupBuilder()
    for number in range(12):
        builder.with_photo(f"IMG_{number:04d}", width=64, height=48)
    backup = builder.build(tmp_path / "backups", PASSPHRASE)
    one = extract(backup, everything(builder), tmp_path / "1", PASSPHRASE, options=WriteOptions(workers=1))
    eight = extract(backup, everything(builder), tmp_path / "8", PASSPHRASE, options=WriteOptions(workers=8))
    assert one.files == eight.files and contents(tmp_path / "1") == contents(tmp_path / "8")


def test_large_files_are_begun_soon_and_told_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest first, so that no thread ends alone with it; outcomes and output are as in the plan's order."""
    builder = BackupBuilder()
    for number, side in enumerate((16, 24, 400, 32, 800, 40)):
        builder.with_photo(f"IMG_{number:04d}", width=side, height=side)
    backup, planned = builder.build(tmp_path / "backups", PASSPHRASE), everything(builder)
    extract(backup, planned, tmp_path / "one batch", PASSPHRASE)
    sizes = [file.bytes for file in planned.files]
    begun: list[int] = []

    class Watching(SilentCopy):
        def finished(self, name: str, state: str) -> None:
            begun.append(next(index for index, file in enumerate(planned.files) if file.target == name))

    monkeypatch.setattr(write_module, "_BATCH_FILES", 1)
    monkeypatch.setattr(write_module, "_BATCH_BYTES", sorted(sizes)[3])
    options = WriteOptions(workers=1)
    outcomes = extract(backup, planned, tmp_path / "out", PASSPHRASE, options=options, progress=Watching())
    assert begun == [4, 0, 2, 1, 3, 5]
    assert [outcome.planned for outcome in outcomes.files] == list(planned.files)
    assert contents(tmp_path / "out") == contents(tmp_path / "one batch")
