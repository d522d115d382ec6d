"""Stop and Ctrl-C act in every long phase: reading, analysis, writing, previews; nothing swallows them."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

import cli.options
from cli import interrupts
from cli.main import main
from fixtures import BackupBuilder
from recovery.analysis.find import find
from recovery.case import gather
from recovery.database import Database
from recovery.errors import UnreadableDatabaseError
from recovery.report.inventory import write_json
from recovery.report.text.scan_text import scan as scan_text
from recovery.source import key_bag
from recovery.source.backup_view import open_backup
from recovery.source.file_keys import Passphrase
from recovery.workspace import Workspace, create
from tests.conftest import DemoTwins
from tests.every_command import filled, inside, invocations
from tests.extraction_tools import TRIALS
from tests.scanning import PASSPHRASE
from tests.test_database import make

Untouched = Callable[[Path], None]


class StopError(Exception):
    """What a caller may raise in a progress: no KeyboardInterrupt, so any handler of errors could catch it."""


class Recording:
    """A progress that remembers its steps, and can stop the work at any call."""

    def __init__(self, stop_at: int = 0) -> None:
        self.calls = 0
        self.stop_at = stop_at
        self.steps: dict[str, int] = {}
        self._step = ""

    def _called(self) -> None:
        assert not self.stop_at or self.calls < self.stop_at, "it goes on although it was stopped"
        self.calls += 1
        if self.calls == self.stop_at:
            raise StopError

    def start(self, what: str, total: int | None, unit: str = "") -> None:
        """See recovery.progress.Progress."""
        self._step = what
        self.steps.setdefault(what, 0)
        self._called()

    def advance(self, units: int = 1) -> None:
        """See recovery.progress.Progress."""
        self.steps[self._step] += units
        self._called()

    def finish(self) -> None:
        """See recovery.progress.Progress; tidying up is no work, so it never stops."""


@pytest.fixture(scope="module")
def extracted(demo_twins: DemoTwins, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An extraction of the plain twin."""
    out = tmp_path_factory.mktemp("extracted") / "out"
    assert inside(["extract", str(demo_twins.plain), str(out)]).code in (0, 3)
    return out


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


def run(line: list[str], private: Path, progress: Recording) -> int:
    """A command with this progress, in this process; what the progress raises comes out."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(_stream()), redirect_stderr(_stream()):
        patch.setenv("TMPDIR", str(private))
        patch.setattr(sys, "argv", ["recover-facetime", *line])
        patch.setattr(cli.options, "progress", lambda *, wanted: progress)
        code = main.main(standalone_mode=False)
    assert isinstance(code, int)
    return code


LINES = [line for line in invocations() if line[0] != "backups"]
READING = {"Reading the list of files", "Reading the photo library", "Looking at the media files"}
ANALYSIS = {"Analysing the photos", "Weighing the causes"}
WRITING = {
    "scan": {"Writing the answer"},
    "report": {
        "Writing the details of the page",
        "Storing the cards in the page",
        "Storing the details in the page",
    },
    "timeline": {"Putting events in order", "Writing the answer"},
    "compare": {"Matching the photos of two backups", "Comparing the photos"},
    "extract": {"Choosing what to write", "Naming what to write"},
}


@pytest.mark.parametrize("line", LINES, ids=lambda line: " ".join(line).replace("/", ":"))
def test_every_command_can_be_stopped_at_every_step(
    line: tuple[str, ...], demo_twins: DemoTwins, extracted: Path, tmp_path: Path, untouched: Untouched
) -> None:
    """Whatever step it is in: the exception comes out as it is, nothing goes on, no private file stays."""
    backup, private = demo_twins.plain, tmp_path / "private"
    private.mkdir()
    untouched(backup.parent)
    whole = Recording()
    assert run(filled(line, backup, tmp_path / "whole", extracted), private, whole) in (0, 3)
    if line[0] != "verify":
        assert whole.steps.keys() >= READING | ANALYSIS | WRITING.get(line[0], set()), whole.steps
    if whole.calls == 0:
        assert line == ("verify", "{extracted}", "--json")
        return
    chance = random.Random(" ".join(line))
    for number in sorted({1, whole.calls, *(chance.randint(1, whole.calls) for _ in range(TRIALS // 5))}):
        stopped = Recording(stop_at=number)
        out = tmp_path / f"out {number}"
        with pytest.raises(StopError):
            run(filled(line, backup, out, extracted), private, stopped)
        assert not list(private.iterdir())


def test_progress_counts_what_it_says(tmp_path: Path) -> None:
    """Analysis and writing advance once for each photo, so that no library is too large to be stopped at once."""
    builder = BackupBuilder()
    for number in range(30):
        builder.with_photo(f"IMG_{number:04d}")
    backup = builder.build(tmp_path / "backups")
    progress = Recording()
    with Workspace(tmp_path) as workspace, open_backup(backup, workspace, progress=progress) as view:
        findings = find(gather(view), progress)
        write_json(findings, io.BytesIO(), generated_at=None, progress=progress)
        assert progress.steps["Writing the answer"] == len(findings.assets) == 30
        scan_text(findings, everything=True, progress=progress)
    assert progress.steps["Analysing the photos"] == progress.steps["The whole library"] == 30
    assert progress.steps["Reading the photo library"] >= 30
    assert progress.steps["Reading the list of files"] == (backup / "Manifest.db").stat().st_size


_ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"


@contextmanager
def interrupted_soon(seconds: float = 0.2) -> Iterator[None]:
    """Ctrl-C in a moment, while whatever is in the block runs; the block must let it out."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        timer.cancel()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_in_the_middle_of_a_statement_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite swallows what is raised while it asks whether to go on, and calls that an error of its own."""
    monkeypatch.setattr("recovery.limits.DATABASE_SECONDS", 60.0)
    path = make(tmp_path / "a.db", "CREATE TABLE t (n INTEGER)")
    with Database(path, "a.db") as database:
        with interrupted_soon():
            list(database.rows(_ENDLESS))
        assert list(database.rows("SELECT * FROM t")) == []


def test_a_stop_in_the_middle_of_a_statement_comes_out_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same exception; and a statement that takes too long is still told as that."""
    calls = []

    def stop(rows: int) -> None:
        calls.append(rows)
        if len(calls) == 3:
            raise StopError

    path = make(tmp_path / "a.db", "CREATE TABLE t (n INTEGER)")
    with Database(path, "a.db", stop) as database, pytest.raises(StopError):
        list(database.rows(_ENDLESS))
    assert calls == [0, 0, 0]
    monkeypatch.setattr("recovery.limits.DATABASE_SECONDS", 0.05)
    with Database(path, "a.db") as database, pytest.raises(UnreadableDatabaseError):
        list(database.rows(_ENDLESS))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_is_heard_while_keys_are_derived(
    demo_twins: DemoTwins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is one call of many million rounds, in which Python hears nothing."""
    done: list[str] = []

    def derive(*_: object) -> bytes:
        try:
            return hashlib.pbkdf2_hmac("sha1", b"passphrase", b"salt", 20_000_000)  # seconds on any machine
        finally:
            done.append("heard only at the end")

    monkeypatch.setattr(key_bag, "_derive", derive)
    with Workspace(tmp_path) as workspace, interrupted_soon():
        open_backup(demo_twins.encrypted, workspace, Passphrase(PASSPHRASE)).__enter__()
    assert not done and not list(tmp_path.iterdir())


def test_stop_is_heard_while_keys_are_derived(
    demo_twins: DemoTwins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller does not wait for the end of the calculation."""
    ending = threading.Event()

    def derive(*_: object) -> bytes:
        ending.wait(60)
        return b""

    monkeypatch.setattr(key_bag, "_derive", derive)
    stopping = Recording(stop_at=3)
    try:
        with Workspace(tmp_path) as workspace, pytest.raises(StopError):
            open_backup(demo_twins.encrypted, workspace, Passphrase(PASSPHRASE), stopping).__enter__()
        assert stopping.steps == {"Trying the passphrase": 0} and not ending.is_set()
    finally:
        ending.set()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", ["no UTF-8", "damage", "in the middle", "too long"])
def test_no_error_keeps_a_database_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Windows removes no open file: a kept exception, its traceback and readers in the middle hold none."""
    if how == "too long":
        monkeypatch.setattr("recovery.limits.DATABASE_SECONDS", 0.05)
    rows = (f"INSERT INTO t VALUES ({number}, CAST(x'41FF42' AS TEXT))" for number in range(500))
    kept: list[object] = []
    with Workspace(tmp_path) as workspace:
        path = make(workspace.new_file("a.db"), "CREATE TABLE t (n INTEGER, x TEXT)", *rows)
        if how == "damage":
            path.write_bytes(path.read_bytes()[:-4096] + b"\xff" * 4096)
        with Database(path, "a.db") as database:
            reader = database.rows(_ENDLESS if how == "too long" else "SELECT * FROM t")
            kept.append(reader)
            try:
                kept.append(next(reader))
                if how != "in the middle":
                    kept.extend(reader)
            except UnreadableDatabaseError as error:
                kept.append(error)
        if sys.platform == "linux":
            assert not [name for name in opened_files() if name.endswith("a.db")]
    assert len(kept) > 1 and not list(tmp_path.iterdir())


def opened_files() -> list[str]:
    """The files that this process holds open."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(entry.readlink()))
        except OSError:
            continue
    return found


def test_signals_of_one_moment_are_one_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a later one counts again, in case the first was lost in foreign code."""
    now = [100.0]
    monkeypatch.setattr(interrupts.time, "monotonic", lambda: now[0])
    handler = interrupts._Raiser()
    with pytest.raises(KeyboardInterrupt):
        handler(signal.SIGINT, None)
    handler(signal.SIGTERM, None)
    now[0] += 1
    with pytest.raises(KeyboardInterrupt):
        handler(signal.SIGINT, None)


def test_an_interrupt_that_was_lost_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that hits a callback of foreign code ends in a hook; it is sent again and heard, however soon."""
    monkeypatch.setattr(interrupts, "_interrupt", interrupts._Raiser())
    before = signal.signal(signal.SIGINT, interrupts._interrupt)
    try:
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            interrupts._interrupt(signal.SIGINT, None)
        assert interrupts._interrupted_again(KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            for _ in range(1_000):
                time.sleep(0.01)
                if time.monotonic() - began > interrupts._MOMENT:
                    break
    finally:
        signal.signal(signal.SIGINT, before)
    assert not interrupts._interrupted_again(ValueError)


def test_an_error_on_the_way_out_is_still_the_interrupt() -> None:
    """Code that is interrupted while it holds a lock, say, raises another error instead."""
    try:
        try:
            raise KeyboardInterrupt
        finally:
            raise RuntimeError("release unlocked lock")
    except RuntimeError as error:
        assert interrupts.was_interrupted(error)
    assert not interrupts.was_interrupted(RuntimeError("our bug"))


def test_closing_the_console_of_windows_waits_for_the_cleaning_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows ends the process when the handler returns, so it returns only after the main thread has ended it."""
    told: list[str] = []
    monkeypatch.setattr(interrupts._thread, "interrupt_main", lambda: told.append("interrupted"))
    monkeypatch.setattr(interrupts, "_GRACE", 0.01)
    begun = time.monotonic()
    for event in (2, 5, 6):  # closed, logged off, shut down
        assert interrupts._on_console_event(event)
    assert told == ["interrupted"] * 3 and time.monotonic() - begun >= 0.03
    for event in (0, 1):  # Ctrl-C and Ctrl-Break are signals already
        assert not interrupts._on_console_event(event)
    assert len(told) == 3


def test_a_console_event_interrupts_the_main_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the thread in which Windows calls: private files are removed on the way out."""
    monkeypatch.setattr(interrupts, "_GRACE", 0.01)
    before = signal.signal(signal.SIGINT, interrupts._Raiser())
    caller = threading.Thread(target=interrupts._on_console_event, args=(2,))
    try:
        with pytest.raises(KeyboardInterrupt), Workspace(tmp_path) as workspace:
            create(workspace.new_file("secret")).close()
            caller.start()
            for _ in range(1_000):
                time.sleep(0.01)
    finally:
        signal.signal(signal.SIGINT, before)
        caller.join()
    assert not list(tmp_path.iterdir())
