"""Evidence is untouched: every command, plain and encrypted, after success, failure and interrupt."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.main import COMMANDS, EXIT_INTERRUPTED
from fixtures import BackupBuilder
from tests.conftest import DemoTwins
from tests.every_command import ARGUMENTS, Ended, ended, environment, filled, fitting, inside, started
from tests.scanning import PASSPHRASE

Untouched = Callable[[Path], None]
INTERRUPTS = int(os.environ.get("RECOVER_FACETIME_INTERRUPTS", "1"))
"""Interrupts of each kind for each command and backup; more by hand (docs/trust.md)."""


@pytest.fixture(scope="session")
def extractions(demo_twins: DemoTwins, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Path]:
    """An extraction of each twin, for the commands that check one."""
    made: dict[Path, Path] = {}
    for backup in (demo_twins.plain, demo_twins.encrypted):
        made[backup] = tmp_path_factory.mktemp("extracted") / "out"
        assert inside(["extract", str(backup), str(made[backup])], demo_twins.passphrase).code in (0, 3)
    return made


@pytest.fixture(params=["plain", "encrypted"])
def backup(request: pytest.FixtureRequest, demo_twins: DemoTwins) -> Path:
    """Each twin in turn."""
    found: Path = getattr(demo_twins, request.param)
    return found


def run(line: tuple[str, ...], backup: Path, tmp_path: Path, extractions: dict[Path, Path], **how: str) -> Ended:
    """Run a command line of the table to its end."""
    arguments = filled(line, backup, tmp_path / "out", extractions.get(backup))
    return inside(arguments, how.get("passphrase", PASSPHRASE), tmp_path)


def test_every_command_is_in_the_table() -> None:
    """A new command comes with arguments by which all promises are tested."""
    assert set(COMMANDS) <= set(ARGUMENTS)


@fitting()
def test_a_run_that_succeeds_leaves_the_backup_as_it_was(
    line: tuple[str, ...], backup: Path, tmp_path: Path, extractions: dict[Path, Path], untouched: Untouched
) -> None:
    """Digests, sizes, times and directory entries are the same."""
    untouched(backup.parent)
    assert run(line, backup, tmp_path, extractions).code in (0, 3)


@fitting(once=True)
def test_a_run_that_fails_leaves_the_backup_as_it_was(
    line: tuple[str, ...], tmp_path: Path, extractions: dict[Path, Path], untouched: Untouched
) -> None:
    """A wrong passphrase, and a backup whose list of files is lost."""
    builder = BackupBuilder().with_live_photo("IMG_0001")
    whole = builder.build(tmp_path / "whole", PASSPHRASE)
    lost = builder.without_manifest_db().build(tmp_path / "lost", PASSPHRASE)
    for folder, passphrase in ((whole, "wrong"), (lost, PASSPHRASE)):
        untouched(folder.parent)
        if "{extracted}" in line:
            extractions = {folder: next(iter(extractions.values()))}
        ending = run(line, folder, tmp_path, extractions, passphrase=passphrase)
        assert ending.code in (0, 1, 3, 4) and b"Traceback" not in ending.errors


@fitting(once=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupt_leaves_the_backup_as_it_was(
    line: tuple[str, ...],
    backup: Path,
    number: signal.Signals,
    tmp_path: Path,
    extractions: dict[Path, Path],
    untouched: Untouched,
) -> None:
    """At random moments; the private folder is gone too, and nothing but the interrupt is told."""
    untouched(backup.parent)
    chance = random.Random(f"{line} {backup.name} {number}")
    for attempt in range(INTERRUPTS):
        private = tmp_path / f"private {attempt}"
        private.mkdir()
        arguments = filled(line, backup, tmp_path / f"out {attempt}", extractions[backup])
        # Signals count once the program has begun: before, they end the interpreter.
        running = started(arguments, environment(PASSPHRASE, private), code="print(flush=True)")
        assert running.stdout is not None and running.stdout.read(1) == b"\n"
        time.sleep(chance.uniform(0.05, 1.0))
        running.send_signal(number)
        ending = ended(running)
        assert ending.code in (0, 3, EXIT_INTERRUPTED, -number)
        assert b"Traceback" not in ending.errors or ending.code == -number
        assert not list(private.glob("recover-facetime-*"))


def _mounted(backup: Path, line: list[str]) -> list[str]:
    """A command that sees the backup's folder through a read-only mount of its own; nobody else sees that."""
    place = str(backup.parent)
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && ! touch "$0/x" 2>/dev/null && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, place, *line]


def _as_nobody(line: list[str]) -> list[str]:
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *line]


@pytest.fixture(params=["read-only mount", "foreign user"])
def unwritable(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Path], list[str]]:
    """What goes in front of a command so that it cannot write to the backup; skips where the system refuses."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can make a read-only mount or become another user")
    mounted = request.param == "read-only mount"
    prefix = (lambda backup: _mounted(backup, [])) if mounted else (lambda backup: _as_nobody([]))
    tool = "unshare" if mounted else "setpriv"
    probe = tmp_path / "probe" / "backup"
    probe.mkdir(parents=True)
    if shutil.which(tool) is None or subprocess.run([*prefix(probe), "true"], capture_output=True).returncode:
        pytest.skip(f"this system does not let {tool} do it")
    return prefix


@pytest.fixture
def open_to_all(demo_twins: DemoTwins, tmp_path: Path) -> Iterator[Path]:
    """A copy of the plain twin that everybody may read, and nobody but root may write."""
    with tempfile.TemporaryDirectory(prefix="evidence-") as folder:
        Path(folder).chmod(0o755)
        backup = Path(folder) / "backups" / demo_twins.plain.name
        shutil.copytree(demo_twins.plain, backup)
        for path in (backup.parent, *backup.parent.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield backup
        for path in (backup.parent, *backup.parent.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)


@fitting(once=True)
def test_every_command_works_where_nothing_can_be_written(
    line: tuple[str, ...],
    unwritable: Callable[[Path], list[str]],
    open_to_all: Path,
    tmp_path: Path,
    untouched: Untouched,
) -> None:
    """A read-only mount, and a user who may not write, give the same answer as any other folder."""
    untouched(open_to_all.parent)
    room = open_to_all.parents[1] / "room"
    room.mkdir()
    room.chmod(0o777)
    extracted = room / "extracted"
    assert inside(["extract", str(open_to_all), str(extracted)]).code in (0, 3)
    for path in (extracted, *extracted.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    arguments = filled(line, open_to_all, room / "out", extracted)
    ending = ended(started(arguments, environment(None, room), unwritable(open_to_all)))
    assert ending.code in (0, 3), ending.said


LONG_AGO = 1_000_000_000 * 10**9
"""Nanoseconds; in 2001, before any backup of an iPhone."""


@pytest.fixture(scope="session", params=["plain", "encrypted"])
def read_long_ago(
    request: pytest.FixtureRequest, demo_twins: DemoTwins, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, list[Path]]:
    """Each twin, a copy of it to be read as if it never was since 2001, and the paths in that, parents last."""
    original: Path = getattr(demo_twins, request.param)
    backup = tmp_path_factory.mktemp("read long ago") / "backups" / original.name
    shutil.copytree(original, backup)
    return original, backup, [*sorted(backup.rglob("*"), reverse=True), backup, backup.parent]


def _set_access_time(path: Path) -> None:
    os.utime(path, ns=(LONG_AGO, path.stat().st_mtime_ns))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reads without touching access times")
@fitting()
def test_access_times_of_evidence_survive(
    line: tuple[str, ...],
    read_long_ago: tuple[Path, Path, list[Path]],
    tmp_path: Path,
    extractions: dict[Path, Path],
) -> None:
    """Files and folders of the owner keep the time they were last read, whatever a command reads."""
    original, backup, paths = read_long_ago
    control = tmp_path / "control"
    control.write_bytes(b"x")
    _set_access_time(control)
    control.read_bytes()
    if control.stat().st_atime_ns == LONG_AGO:
        pytest.skip("this file system keeps no access times")
    for path in paths:
        _set_access_time(path)
    arguments = filled(line, backup, tmp_path / "out", extractions[original])
    assert inside(arguments, PASSPHRASE, tmp_path).code in (0, 3)
    assert [str(path) for path in paths if path.lstat().st_atime_ns != LONG_AGO] == []


@pytest.mark.parametrize("line", ARGUMENTS["extract"], ids=["extract", "dry run"])
@pytest.mark.parametrize("place", ["", "out", "3d/out", "../{name}/out", "link/out"])
def test_output_inside_the_backup_is_refused(
    line: tuple[str, ...], place: str, tmp_path: Path, untouched: Untouched
) -> None:
    """Also through a parent folder and a link; nothing is made there."""
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "backups")
    (tmp_path / "link").symlink_to(backup)
    untouched(backup.parent)
    out = tmp_path / place if place.startswith("link") else backup / place.format(name=backup.name)
    ending = inside(filled(("extract", *line), backup, out), temporary=tmp_path)
    assert ending.code == 1 and b"inside the backup" in ending.errors


@pytest.mark.parametrize("place", ["answer.json", "3d/answer.json", "Manifest.db"])
def test_an_answer_inside_the_backup_is_refused(place: str, tmp_path: Path, untouched: Untouched) -> None:
    """`scan -o` writes no file among the evidence, and replaces none."""
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "backups")
    untouched(backup.parent)
    arguments = ["scan", str(backup), "--json", "-o", str(backup / place)]
    ending = inside(arguments, temporary=tmp_path)
    assert ending.code == 1 and b"inside" in ending.errors
