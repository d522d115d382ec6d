"""Hostile backups: each trick ends in a clear error or gap; nothing outside is read, written or steered."""

from __future__ import annotations

import multiprocessing
import re
import resource
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures import hostile
from fixtures.hostile_blobs import secret_beside
from fixtures.hostile_tricks import TRICKS, Trick
from tests.conftest import photograph
from tests.every_command import Ended, inside

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes, links and limits of processes")
SECRET = b"nobody may read this"
SECONDS, MEMORY = 40, 2 * 1024**3
"""Processor time and memory after which the system ends a run: far above what is measured (docs/trust.md)."""
# Control characters but the line break, marks that turn or hide text, lone continuation: a terminal may obey them.
_STEERING = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class Played:
    """A trick that was played on a backup, what the runs said, and what lies around it."""

    trick: Trick
    room: Path
    runs: dict[str, Ended]


def _runs(room: Path, passphrase: str, extracts: bool, slow: bool, sender: object) -> None:
    """In a process of its own, with limits: every command once."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    parent = room / "backups"
    lines = {
        "backups": ["backups", str(parent)],
        "scan": ["scan", str(parent), "--all", "--verbose"],
        "csv": ["scan", str(parent), "--all", "--format", "csv"],
        "diagnose": ["diagnose", str(parent), "--verbose"],
        "timeline": ["timeline", str(parent), "--all", "--verbose"],
        "compare": ["compare", str(parent), str(parent)],
    }
    if extracts:
        out = str(room / "out")
        lines["extract"] = ["extract", str(parent), out, "--all", "--reduced", "always", "--frames", "best", "-v"]
        lines["verify"] = ["verify", out, str(parent)]
        lines["report"] = ["report", str(parent), str(room / "page" / "report.html")]
        (room / "page").mkdir()
    (room / "tmp").mkdir()
    if slow:
        lines = {name: line for name, line in lines.items() if name in ("scan", "extract", "verify")}
    for name, line in lines.items():
        sender.send((name, inside(line, passphrase, room / "tmp")))  # type: ignore[attr-defined]


@pytest.fixture(scope="module", params=TRICKS, ids=lambda trick: trick.name)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Each trick on a backup of its own, and every command run over it."""
    trick: Trick = request.param
    room = tmp_path_factory.mktemp(trick.name)
    folder = hostile.backup(room / "backups")
    secret_beside(folder).write_bytes(SECRET)
    trick.play(hostile.Tampered(folder))
    watched = photograph(room / "backups") if trick.name not in ("sparse-blobs", "sparse-stores") else None
    receiver, sender = multiprocessing.Pipe(duplex=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of fork beside threads
        context = multiprocessing.get_context("fork")
        process = context.Process(target=_runs, args=(room, "rounds", trick.extracts, trick.slow, sender))
        process.start()
    sender.close()
    runs: dict[str, Ended] = {}
    try:
        while True:
            name, run = receiver.recv()
            runs[name] = run
    except EOFError:
        process.join()
    assert process.exitcode == 0, f"ended by the system after {sorted(runs)}: {process.exitcode}"
    assert watched is None or photograph(room / "backups") == watched
    yield Played(trick, room, runs)


def test_every_run_ends_with_a_sentence(played: Played) -> None:
    """No traceback, a documented exit code, and where something is wrong it is said."""
    for name, run in played.runs.items():
        assert run.code in (0, 1, 3), (name, run.said.decode(errors="replace"))
        assert b"Traceback" not in run.said
        assert run.said or name == "csv"
        if run.code == 1:
            assert b"Error: " in run.errors
    if played.trick.told:
        assert played.trick.told.encode() in played.runs["scan"].said


def test_nothing_steers_the_terminal(played: Played) -> None:
    """Both streams hold no control character but the line break, and none that turns or hides text."""
    for name, run in played.runs.items():
        text = run.output.replace(b"\r\n", b"\n") if name == "csv" else run.output
        for said in (text, run.errors):
            found = _STEERING.search(said.decode("utf-8"))
            assert found is None, (name, said[:2000])


def test_nothing_leaves_its_folder(played: Played) -> None:
    """No file outside the output, no link in it, nothing of a file outside the backup."""
    allowed = {"backups", "out", "out.html", "out_files", "page", "tmp", "secret.txt", "twin", "elsewhere"}
    assert {path.name for path in played.room.iterdir()} <= allowed
    assert not list(Path("/tmp").glob("recover-facetime-evil*"))
    for place in ("out", "out_files", "page"):
        for path in (played.room / place).rglob("*"):
            assert not path.is_symlink()
            assert not path.is_file() or SECRET not in path.read_bytes()
    assert all(SECRET not in run.said for run in played.runs.values())
    assert not list((played.room / "tmp").glob("recover-facetime-*"))


def test_the_honest_photo_is_still_recovered(played: Played) -> None:
    """One bad thing never stops the rest."""
    if not (played.trick.whole and played.trick.extracts):
        pytest.skip("the trick destroys the photo itself, or takes the place of everything")
    found = list((played.room / "out").rglob("*IMG_0001*.HEIC"))
    assert found, played.runs["extract"].said.decode(errors="replace")
