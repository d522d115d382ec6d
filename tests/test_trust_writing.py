"""Nothing is lost while writing: whole commands, disturbed in every way, end byte for byte like undisturbed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixtures import BackupBuilder
from fixtures.stories import FIRST_CALL
from tests.every_command import ended, environment, inside, started
from tests.extraction_tools import TRIALS
from tests.scanning import PASSPHRASE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills and signals of POSIX")
MAY_DIFFER = ("started", "ended", "arguments")
"""What two records of the same extraction may say differently, and of each file, whether it was there already."""
MOVIE = bytes(range(256)) * 2048

# Before the program: says when writing begins, and takes its time over every name.
_SLOW = """
import os, time
from recovery.extraction.folder import OutputFolder
enter, replace = OutputFolder.__enter__, os.replace
def entered(self):
    found = enter(self)
    print("writing", flush=True)
    return found
def slowly(*names, **more):
    replace(*names, **more)
    time.sleep({seconds})
OutputFolder.__enter__, os.replace = entered, slowly
"""
# The clock is wrong, another time at every look.
_JUMPING = """
import datetime, itertools, time
import recovery.extraction.write
jumps, real = itertools.cycle((0, -10**9, 3 * 10**8, -5)), time.time
time.time = lambda: real() + next(jumps)
class Jumping(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(1.7e9 + next(jumps), tz)
recovery.extraction.write.datetime = Jumping
"""


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted backup with whole, deleted, damaged and lost photos, and a movie of half a megabyte."""
    builder = BackupBuilder(calls_in_plain=True).with_facetime_call(FIRST_CALL, 1200, group=("+15550101",))
    for number in range(8):
        builder.with_live_photo(f"IMG_{number:04d}", created=FIRST_CALL + timedelta(minutes=number))
    builder.trashed(FIRST_CALL).with_photo("IMG_0010").truncated_blob().with_photo("IMG_0011").without_blob()
    builder.with_file("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0012.MOV", MOVIE).with_thumbnail_tables()
    return builder.build(tmp_path_factory.mktemp("writing") / "backups", PASSPHRASE)


@pytest.fixture(scope="module")
def undisturbed(backup: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run leaves when nothing happens."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    assert inside(line(backup, out), PASSPHRASE).code == 3
    return tree(out)


def line(backup: Path, out: Path, *more: str) -> list[str]:
    """The command, with pictures that are made too."""
    return ["extract", str(backup), str(out), "--all", "--reduced", "always", "--no-progress", *more]


def tree(out: Path) -> dict[str, Any]:
    """Every file of an output with its bytes; of the record everything but what may differ."""
    found: dict[str, Any] = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        name = path.relative_to(out).as_posix()
        if not name.startswith(".recover-facetime/"):
            found[name] = path.read_bytes()
    if "run.json" in found:
        record = json.loads(found["run.json"])
        for file in record["files"]:
            del file["unchanged"]
        found["run.json"] = {key: value for key, value in record.items() if key not in MAY_DIFFER}
    return found


def assert_whole(out: Path, undisturbed: dict[str, Any], besides: Sequence[str] = ()) -> int:
    """Every final name that is taken holds what an undisturbed run puts there; how many."""
    found = tree(out)
    for name, content in found.items():
        assert name in besides or content == undisturbed[name], f"{name} is half written"
    return len(found)


def slow(seconds: float) -> str:
    """Code that makes writing slow enough to be met."""
    return _SLOW.format(seconds=seconds)


def test_killed_runs_are_finished_by_the_next(
    backup: Path, undisturbed: dict[str, Any], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """kill -9 at random moments of writing, twice in the same folder; then one run to its end."""
    dice, killed, met = random.Random(9), 0, set[int]()
    for trial in range(max(4, TRIALS // 10)):
        out = tmp_path / f"out {trial // 2}"
        running = started(line(backup, out), environment(PASSPHRASE, tmp_path), code=slow(0.01))
        assert running.stdout is not None and running.stdout.readline() == b"writing\n"
        time.sleep(dice.uniform(0, 0.3))
        running.send_signal(signal.SIGKILL)
        killed += ended(running).code == -signal.SIGKILL
        met.add(assert_whole(out, undisturbed))
        if trial % 2:
            assert inside(line(backup, out), PASSPHRASE, tmp_path).code == 3
            assert tree(out) == undisturbed
            assert inside(["verify", str(out), str(backup)], PASSPHRASE, tmp_path).code == 0
            shutil.rmtree(out)
    record_property("killed", killed)  # shown by --junitxml with junit_family=xunit1
    record_property("numbers of files", sorted(met))
    assert killed and len(met) > 1


def test_two_runs_at_the_same_time(backup: Path, undisturbed: dict[str, Any], tmp_path: Path) -> None:
    """The second is told who is writing, touches nothing, and the first ends as if it had been alone."""
    out = tmp_path / "out"
    first = started(line(backup, out), environment(PASSPHRASE, tmp_path), code=slow(0.05))
    assert first.stdout is not None and first.stdout.readline() == b"writing\n"
    for _ in range(2):
        second = inside(line(backup, out), PASSPHRASE, tmp_path)
        assert second.code == 1 and f"(process {first.pid})".encode() in second.errors
    assert first.poll() is None, "the first had ended before the second began"
    assert ended(first).code == 3 and tree(out) == undisturbed


def test_an_output_folder_that_is_removed(backup: Path, undisturbed: dict[str, Any], tmp_path: Path) -> None:
    """The run ends with a sentence, does not make the folder anew, and the next run does all of it."""
    out = tmp_path / "out"
    running = started(line(backup, out), environment(PASSPHRASE, tmp_path), code=slow(0.05))
    assert running.stdout is not None and running.stdout.readline() == b"writing\n"
    time.sleep(0.3)
    out.rename(tmp_path / "removed")
    shutil.rmtree(tmp_path / "removed", ignore_errors=True)  # a file may be given its name there at this moment
    ending = ended(running)
    assert ending.code == 1 and b"What to do:" in ending.errors and b"Traceback" not in ending.errors
    assert not out.exists() or assert_whole(out, undisturbed) == 0
    assert inside(line(backup, out), PASSPHRASE, tmp_path).code == 3
    assert tree(out) == undisturbed


def test_a_clock_that_jumps(backup: Path, undisturbed: dict[str, Any], tmp_path: Path) -> None:
    """Back and forth by decades, within a run and between two: only the record's times tell."""
    out = tmp_path / "out"
    running = started(line(backup, out), environment(PASSPHRASE, tmp_path), code=_JUMPING + slow(0.01))
    assert running.stdout is not None and running.stdout.readline() == b"writing\n"
    time.sleep(0.15)
    running.send_signal(signal.SIGKILL)
    ended(running)
    assert_whole(out, undisturbed)
    for path in (out, *out.rglob("*")):
        os.utime(path, (4e9, 4e9))  # as if that had been in 2096
    again = ended(started(line(backup, out), environment(PASSPHRASE, tmp_path), code=_JUMPING))
    assert again.code == 3, again.said
    assert tree(out) == undisturbed
    record = json.loads((out / "run.json").read_bytes())
    assert record["ended"][:4] != record["started"][:4], "the clock did not jump"


_FULL = """
mount -t tmpfs -o size="$0" none "$1/disk" || exit 88
room="$1"; shift
"$@"; echo $? > "$room/code"
cp -a "$room/disk/out" "$room/first"
mount -o remount,size=64m "$room/disk" || exit 88
"$@"; code=$?
cp -a "$room/disk/out" "$room/second"
exit $code
"""


@pytest.mark.parametrize("size", ["40k", "300k", "600k"])
def test_a_disk_that_is_full(backup: Path, undisturbed: dict[str, Any], tmp_path: Path, size: str) -> None:
    """A real one, on which hardly anything, not the movie, or almost everything fits; then it has room again."""
    if sys.platform != "linux" or os.geteuid() != 0 or not _mounts(tmp_path):
        pytest.skip("only root on Linux can make a small disk")
    (tmp_path / "disk").mkdir()
    before = ["unshare", "--mount", "sh", "-c", _FULL, size, str(tmp_path)]
    arguments = line(backup, tmp_path / "disk" / "out", "--ignore-free-space", "--no-report")
    ending = ended(started(arguments, environment(PASSPHRASE, tmp_path), before))
    code = int((tmp_path / "code").read_text())
    first = tmp_path / "first"
    assert code in (1, 3) and b"Traceback" not in ending.errors
    documents = ("inventory.json", "manifest.sha256", "run.json")
    assert_whole(first, undisturbed, besides=(*documents, *_sidecars_of_failed(first)))
    if code == 1:
        assert b"No space left on device" in ending.errors
    else:
        _assert_true(first)
    assert ending.code == 3
    assert tree(tmp_path / "second") == undisturbed


def _sidecars_of_failed(out: Path) -> list[str]:
    """Sidecars that say of a file that it was not written, as the record does if it was: the next run renews them."""
    run = out / "run.json"
    files = json.loads(run.read_bytes())["files"] if run.exists() else None
    failed = None if files is None else {item["file_id"] for item in files if item["state"] == "failed"}
    found: list[str] = []
    for path in out.glob("*/**/*.json"):
        stated = json.loads(path.read_bytes())["asset"]["files"]
        lacking = {item["file_id"] for item in stated if item["extracted_to"] is None}
        if lacking and (failed is None or lacking & failed):
            found.append(path.relative_to(out).as_posix())
    return found


def _mounts(folder: Path) -> bool:
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", str(folder)]
    return shutil.which("unshare") is not None and not subprocess.run(probe, capture_output=True).returncode


def _assert_true(out: Path) -> None:
    """The record's list of files is what is in the folder, and says of the others why not."""
    record = json.loads((out / "run.json").read_bytes())
    failed = [item for item in record["files"] + record["documents"] if item["state"] == "failed"]
    assert any("No space left on device" in item["reason"] for item in failed)
    assert all(item["target"] is None or not (out / item["target"]).exists() for item in failed)
    assert inside(["verify", str(out)]).code == 0
