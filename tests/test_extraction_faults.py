"""Faults while writing: whatever happens, no half file under a final name, and the next run finishes the job."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import signal
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fixtures import BackupBuilder
from recovery.errors import OutputError
from recovery.extraction import copying
from recovery.extraction import thread_pool as crew
from recovery.extraction.folder import STATE_FOLDER
from recovery.extraction.journal import JOURNAL
from recovery.extraction.outcomes import Entry, OutcomeState
from recovery.extraction.parts import FilePart
from recovery.extraction.plan import plan
from recovery.extraction.selected_files import Selection
from recovery.extraction.write import WriteOptions, write
from recovery.gap_codes import GapReason
from recovery.limits import COPY_CHUNK_BYTES
from tests.extraction_tools import (
    PASSPHRASE,
    TRIALS,
    a_file,
    an_asset,
    contents,
    everything,
    extract,
    findings_of,
    journal_in,
    opened,
    small_photos,
)

PHOTOS = 10
VIDEO = bytes(range(256)) * 4 * 1024 * 3  # 3 MiB: several chunks


def library() -> BackupBuilder:
    """Ten small photos."""
    return small_photos(PHOTOS)


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The encrypted library."""
    return library().build(tmp_path_factory.mktemp("faults") / "backups", PASSPHRASE)


@pytest.fixture(scope="module")
def undisturbed(backup: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves when nothing happens."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    extract(backup, everything(library()), out, PASSPHRASE)
    return contents(out)


def whole(out: Path, undisturbed: dict[str, bytes]) -> Iterator[str]:
    """The final names that are taken, each checked to hold exactly what an undisturbed run puts there."""
    for name, data in contents(out).items():
        if not name.startswith(STATE_FOLDER):
            assert data == undisturbed[name], f"{name} is half written"
            yield name


@dataclass
class Interrupting:
    """A progress that is interrupted at its nth word."""

    at: int
    heard: list[str] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)

    def _hear(self, word: str) -> None:
        self.heard.append(word)
        self.threads.add(threading.get_ident())
        if len(self.heard) == self.at:
            raise KeyboardInterrupt

    def started(self, files: int, size: int) -> None:
        """A word."""
        self._hear(f"{files} {size}")

    def advanced(self, size: int) -> None:
        """A word."""
        self._hear(str(size))

    def finished(self, name: str, state: str) -> None:
        """A word."""
        self._hear(name)


@pytest.mark.parametrize("at", [1, 2, 5, 9, 14, 19])
def test_an_interrupt_leaves_whole_files_and_the_next_run_finishes(
    backup: Path, undisturbed: dict[str, bytes], tmp_path: Path, at: int
) -> None:
    """No temporary file stays; the second run ends as if nothing had happened."""
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        extract(backup, everything(library()), out, PASSPHRASE, progress=Interrupting(at))
    done = list(whole(out, undisturbed))
    assert not list(out.rglob("*.part")) and "manifest.sha256" not in done
    second = extract(backup, everything(library()), out, PASSPHRASE)
    assert contents(out) == undisturbed
    assert sum(outcome.unchanged for outcome in second.files) == len(done)


def test_progress_speaks_in_the_callers_thread_and_adds_up(backup: Path, tmp_path: Path) -> None:
    """Bytes add up to what was announced, and every file is named once."""
    progress = Interrupting(-1)
    wanted = everything(library())
    extract(backup, wanted, tmp_path / "out", PASSPHRASE, progress=progress)
    assert progress.threads == {threading.get_ident()}
    assert progress.heard[0] == f"{PHOTOS} {wanted.bytes}"
    assert sum(int(word) for word in progress.heard[1:] if word.isdecimal()) == wanted.bytes
    assert sorted(word for word in progress.heard[1:] if not word.isdecimal()) == sorted(
        file.target for file in wanted.files
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX signals")
def test_kill_at_random_moments(
    backup: Path, undisturbed: dict[str, bytes], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Runs are forked and killed outright, four in a row in the same folder; each leaves only whole files."""
    dice, killed = random.Random(1), 0
    wanted = everything(library())
    before = time.monotonic()
    extract(backup, wanted, tmp_path / "measured", PASSPHRASE)
    duration = time.monotonic() - before
    for trial in range(TRIALS):
        out = tmp_path / f"out {trial // 4}"  # four runs in a row share a folder
        child = os.fork()
        if child == 0:  # pragma: no cover - the child is killed
            try:
                extract(backup, wanted, out, PASSPHRASE)
            finally:
                os._exit(0)
        time.sleep(dice.uniform(0, duration))  # so that every phase is hit, whatever the machine's speed
        os.kill(child, signal.SIGKILL)
        killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        list(whole_so_far(out, undisturbed))
        if trial % 4 == 3:
            assert extract(backup, wanted, out, PASSPHRASE).complete
            assert contents(out) == undisturbed
            assert not list(out.rglob("*.part"))
    record_property("killed", killed)  # shown by --junitxml with junit_family=xunit1
    assert killed  # some; on a busy machine many have ended before


def whole_so_far(out: Path, undisturbed: dict[str, bytes]) -> Iterator[str]:
    """As `whole`, for a folder that may not be there yet."""
    return whole(out, undisturbed) if out.exists() else iter(())


def test_a_full_disk_fails_the_files_it_meets(
    backup: Path, undisturbed: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that did not fit are failed outcomes with the reason; with room again the next run completes."""
    real, calls = FilePart.write, iter(range(10_000))

    def full(part: FilePart, data: bytes) -> None:
        if 3 <= next(calls) < 6:
            real(part, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        real(part, data)

    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(FilePart, "write", full)
        outcomes = extract(backup, everything(library()), out, PASSPHRASE, options=WriteOptions(workers=1))
    failed = [outcome for outcome in outcomes.files if outcome.state is OutcomeState.FAILED]
    assert failed and len(failed) < PHOTOS and all("No space left" in outcome.reason for outcome in failed)
    assert not outcomes.complete and not list(out.rglob("*.part"))
    assert all((out / str(outcome.target)).exists() for outcome in outcomes.files if outcome not in failed)
    assert not any((out / outcome.planned.target).exists() for outcome in failed)
    assert extract(backup, everything(library()), out, PASSPHRASE).complete
    assert contents(out) == undisturbed


def test_a_journal_that_cannot_grow_is_not_torn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that does not fit is taken back whole, so the lines after it stay readable."""
    path = tmp_path / JOURNAL
    with journal_in(tmp_path) as journal:
        journal.append(Entry("a", 1, "x"))
        before = path.read_bytes()
        real = os.write

        def half(stream: int, data: Any) -> int:
            real(stream, bytes(data)[:10])
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", half)
            with pytest.raises(OSError, match="No space"):
                journal.append(Entry("b", 1, "x"))
        assert path.read_bytes() == before and journal.get("b") is None


@pytest.mark.parametrize(("cut", "left"), [(1, "abc"), (5, "ab"), (200, "a"), (10_000, "")])
def test_a_torn_journal_loses_only_its_last_lines(tmp_path: Path, cut: int, left: str) -> None:
    """After a power cut the rest is believed, and new lines begin on a line of their own."""
    path = tmp_path / JOURNAL
    with journal_in(tmp_path) as journal:
        for name in "abc":
            journal.append(Entry(name, 1, "x"))
    path.write_bytes(path.read_bytes()[:-cut])
    with journal_in(tmp_path) as journal:
        before = {entry.target for entry in journal}
        journal.append(Entry("d", 1, "x"))
    with journal_in(tmp_path) as journal:
        assert {entry.target for entry in journal} == before | {"d"}
    assert before == set(left)


def test_a_name_without_its_bytes_is_written_again(backup: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """A power cut may leave empty files; the next run fills them, whatever the policy."""
    out = tmp_path / "out"
    extract(backup, everything(library()), out, PASSPHRASE)
    for path in out.rglob("*.*"):
        if path.is_file() and STATE_FOLDER not in path.parts:
            path.write_bytes(b"")
    options = WriteOptions(copying.Overwrite.NEVER)
    assert extract(backup, everything(library()), out, PASSPHRASE, options=options).complete
    assert contents(out) == undisturbed


def test_a_hostile_journal_leads_nowhere(tmp_path: Path) -> None:
    """Lines that this program would not have written are passed over."""
    path = tmp_path / JOURNAL
    with journal_in(tmp_path) as journal:
        journal.append(Entry("good", 1, "x"))
    lines = [
        b'{"target":"../evil","size":1,"sha256":"x"}', b'{"target":"/etc/passwd","size":1,"sha256":"x"}',
        b'{"target":"a\\\\b","size":1,"sha256":"x"}', b'{"target":1}', b"[" * 100_000, b"\xff\xfe", b"null", b"",
    ]  # fmt: skip
    with path.open("ab") as stream:
        stream.write(b"\n".join(lines))
    with journal_in(tmp_path) as journal:
        assert {entry.target for entry in journal} == {"good"}


def test_a_read_error_salvages_what_came_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad sector costs the end of one file: its beginning comes out, labelled."""
    builder = BackupBuilder().with_file("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0001.MOV", VIDEO)
    backup = builder.build(tmp_path / "backups")
    real = copying.BackupView.passage

    def failing(self: Any, entry: Any) -> Any:
        passage = real(self, entry)
        read_into, count = passage._raw.readinto, iter(range(100))

        class Sector:
            def readinto(self, buffer: memoryview) -> int:
                if next(count) == 8:
                    raise OSError(errno.EIO, "Input/output error")
                return int(read_into(buffer))

            def close(self) -> None:
                raw.close()

        raw, passage._raw = passage._raw, Sector()
        return passage

    monkeypatch.setattr(copying.BackupView, "passage", failing)
    asset = an_asset(files=(a_file(path="Media/DCIM/100APPLE/IMG_0001.MOV"),))
    (outcome,) = extract(backup, plan(findings_of([asset]), Selection(everything=True)), tmp_path / "out").files
    assert outcome.state is OutcomeState.UNREADABLE and "Input/output error, EIO" in outcome.reason
    assert outcome.refusal is GapReason.READ_ERROR and str(outcome.target).endswith("(incomplete).MOV")
    assert (tmp_path / "out" / str(outcome.target)).read_bytes() == VIDEO[: 8 * COPY_CHUNK_BYTES]


def test_a_read_error_that_passes_is_mended_by_the_next_run(
    backup: Path, undisturbed: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of two blobs can be read at first; they are unreadable, and the next run has them whole."""
    real, failing = copying.BackupView.passage, iter(range(100))

    class Dead:
        def readinto(self, buffer: memoryview) -> int:
            raise OSError(errno.EIO, "Input/output error")

        def close(self) -> None:
            pass

    def sometimes(self: Any, entry: Any) -> Any:
        passage = real(self, entry)
        if next(failing) in (2, 5):
            passage._raw.close()
            passage._raw = Dead()
        return passage

    with monkeypatch.context() as patched:
        patched.setattr(copying.BackupView, "passage", sometimes)
        first = extract(backup, everything(library()), tmp_path / "out", PASSPHRASE)
    failed = [outcome for outcome in first.files if outcome.state is OutcomeState.UNREADABLE]
    assert len(failed) == 2 and all("Input/output error" in outcome.reason for outcome in failed)
    assert not first.complete and not any((tmp_path / "out" / item.planned.target).exists() for item in failed)
    assert extract(backup, everything(library()), tmp_path / "out", PASSPHRASE).complete
    assert contents(tmp_path / "out") == undisturbed


def test_what_was_salvaged_is_whole_once_the_error_has_passed(
    backup: Path, undisturbed: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The beginning of some blobs can be read at first; the next run has them whole, and nothing else is left."""
    real, passages = copying.BackupView.passage, iter(range(100))

    class Failing:
        def __init__(self, raw: Any) -> None:
            self.raw, self.good, self.close = raw, 1, raw.close

        def readinto(self, buffer: memoryview) -> int:
            self.good -= 1
            if self.good < 0:
                raise OSError(errno.EIO, "Input/output error")
            return int(self.raw.readinto(buffer[:496]))

    def sometimes(self: Any, entry: Any) -> Any:
        passage = real(self, entry)
        if next(passages) % 3 == 0:
            passage._raw = Failing(passage._raw)
        return passage

    with monkeypatch.context() as patched:
        patched.setattr(copying.BackupView, "passage", sometimes)
        first = extract(backup, everything(library()), tmp_path / "out", PASSPHRASE)
    hurt = [outcome for outcome in first.files if outcome.state is OutcomeState.UNREADABLE]
    assert len(hurt) == 4 and all("Input/output error" in outcome.reason for outcome in hurt)
    assert not first.complete and all("(incomplete)" in str(outcome.target) for outcome in hurt)
    assert extract(backup, everything(library()), tmp_path / "out", PASSPHRASE).complete
    assert contents(tmp_path / "out") == undisturbed


def test_an_output_folder_that_disappears_is_said(backup: Path, tmp_path: Path) -> None:
    """It is not made anew behind the user's back; the run ends with an error."""
    out = tmp_path / "out"

    class Removing(Interrupting):
        def finished(self, name: str, state: str) -> None:
            if out.exists():
                out.rename(tmp_path / "elsewhere")

    with pytest.raises(OutputError) as caught:
        extract(backup, everything(library()), out, PASSPHRASE, progress=Removing(-1))
    assert caught.value.hint and not out.exists()


def test_memory_stays_flat(tmp_path: Path) -> None:
    """A movie of 160 MiB passes through some chunks of 1 MiB."""
    size = 160 * 1024 * 1024
    builder = BackupBuilder().with_file(
        "CameraRollDomain", "Media/DCIM/100APPLE/IMG_0001.MOV", b"\0\0\0\x14ftypqt  ", stated_size=size
    )
    backup = builder.build(tmp_path / "backups")
    file_id = hashlib.sha1(b"CameraRollDomain-Media/DCIM/100APPLE/IMG_0001.MOV").hexdigest()
    with (backup / file_id[:2] / file_id).open("r+b") as stream:
        stream.truncate(size)
    file = a_file(path="Media/DCIM/100APPLE/IMG_0001.MOV", file_id=file_id, size=size)
    wanted = plan(findings_of([an_asset(files=(file,))]), Selection(everything=True))
    with opened(backup) as view:
        tracemalloc.start()
        try:
            outcomes = write(view, wanted, tmp_path / "out", options=WriteOptions(workers=2))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert outcomes.complete and outcomes.bytes == size
    assert peak < 12 * 1024 * 1024


def test_a_job_that_breaks_stops_the_others() -> None:
    """Our own bugs are not outcomes: they come out in the caller's thread, and nothing goes on behind it."""
    started: list[int] = []

    def job(number: int) -> Any:
        def run(tick: crew.Tick) -> int:
            started.append(number)
            if number == 3:
                raise ZeroDivisionError
            tick(1)
            return number

        return run

    with pytest.raises(ZeroDivisionError):
        crew.run((job(number) for number in range(1000)), 2, lambda number, size: None, lambda number, result: None)
    assert len(started) < 100
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("recovery")]


def test_the_results_of_a_crew_are_complete() -> None:
    """Every job's result arrives once, whatever the number of threads."""
    results: dict[int, int] = {}
    jobs = ((lambda tick, number=number: number * 2) for number in range(500))
    crew.run(jobs, 5, lambda number, size: None, results.__setitem__)
    assert results == {number: number * 2 for number in range(500)}


def test_a_crew_without_jobs_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody would send the event that it would wait for; an extraction without sidecars has such crews."""

    class Silence:
        def get(self, timeout: float | None = None) -> None:
            if timeout is not None:
                raise AssertionError("waits")

        def put(self, job: None) -> None:
            """Nothing but the end is put there."""

    monkeypatch.setattr(crew, "SimpleQueue", Silence)
    crew.run(iter(()), 2, lambda number, size: None, lambda number, result: None)
