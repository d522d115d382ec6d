"""A second process makes records ahead: whatever becomes of it the same come out, and it ends with its use."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from typing import BinaryIO

import pytest

from cli.progress_bar import TerminalProgress
from fixtures import BackupBuilder
from recovery.ahead import ahead, possible
from recovery.analysis.find import find
from recovery.analysis.model import Asset
from recovery.case import gather
from recovery.database import Database
from recovery.photos_db.media_files import MediaFile, media_files
from recovery.report import inventory
from recovery.source.manifest import ManifestIndex
from recovery.source.waiting import in_thread
from recovery.spool import Lazy
from recovery.workspace import Workspace, remove_abandoned
from tests.conftest import DemoTwins
from tests.every_command import environment
from tests.report_stories import rich
from tests.scanning import view_of
from tests.test_database import make, with_log

NOW = datetime(2024, 5, 3, tzinfo=UTC)
HERE = os.getpid()
Made = tuple[int, int]
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not possible(), reason="no second process on this system"
)


def numbered(count: int) -> Iterator[Made]:
    """Numbers, each with the process that made it."""
    for number in range(count):
        yield number, os.getpid()


def numbers(made: Iterator[Made]) -> list[int]:
    """The numbers alone."""
    return [number for number, _ in made]


def living() -> list[int]:
    """Processes that this one began and has not seen end."""
    return [int(number) for number in Path(f"/proc/{HERE}/task/{HERE}/children").read_text("ascii").split()]


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the copies of this process, as they are made."""
    made: list[int] = []
    fork = os.fork

    def watched() -> int:
        made.append(fork())
        return made[-1]

    monkeypatch.setattr(os, "fork", watched)
    return made


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 1000])
def test_all_records_come_in_their_order_and_were_made_elsewhere(workspace: Workspace, count: int) -> None:
    """Whether they fill their last portion or not."""
    with ahead(lambda: numbered(count), workspace, together=7, pays=True) as records:
        assert living()
        made = list(records)
    assert numbers(iter(made)) == list(range(count))
    assert HERE not in {process for _, process in made}
    assert not living()


def test_it_is_ahead(workspace: Workspace, tmp_path: Path) -> None:
    """It is done before anybody asks for the first record."""

    def work() -> Iterator[int]:
        yield from range(50_000)
        (tmp_path / "done").touch()

    with ahead(work, workspace, together=100, pays=True) as records:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        assert (tmp_path / "done").exists()
        assert list(records) == list(range(50_000))


@pytest.mark.parametrize("end", ["killed", "interrupted", "raises", "exits", "disk full"])
@pytest.mark.parametrize("at", [0, 25, 39])
def test_what_it_did_not_give_is_made_here(workspace: Workspace, end: str, at: int) -> None:
    """However it ends; nothing is missing or there twice, and the private folder stays as it is."""

    def work() -> Iterator[Made]:
        for number, process in numbered(40):
            if number == at and process != HERE:
                _end(end)
            yield number, process

    room = Full() if end == "disk full" else workspace
    with ahead(work, room, together=10, pays=True) as records:
        made = list(records)
    if isinstance(room, Full):
        room.file.close()
        at = 0
    assert numbers(iter(made)) == list(range(40))
    assert {number for number, process in made if process == HERE} == set(range(at // 10 * 10, 40))
    assert workspace.new_file("still there").parent.is_dir()


def _end(how: str) -> None:
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "interrupted":
        os.kill(os.getpid(), signal.SIGINT)
    elif how == "raises":
        raise RuntimeError(how)
    elif how == "exits":
        sys.exit()


class Full:
    """A room on a disk that takes nothing more."""

    def scratch(self) -> BinaryIO:
        """See recovery.spool.Room."""
        self.file = Full.File("/dev/full", "r+b")
        return self.file  # type: ignore[return-value]

    class File(io.FileIO):
        """It cannot be cut, which does no harm."""

        def truncate(self, size: int | None = None) -> int:
            """Nothing is there."""
            return 0


def test_an_error_of_the_work_is_raised_here(workspace: Workspace) -> None:
    """Behind the records before it, as if there were no second process."""

    def work() -> Iterator[int]:
        yield from range(25)
        raise RuntimeError("the work fails")

    seen = []
    with (
        pytest.raises(RuntimeError, match="the work fails"),
        ahead(work, workspace, together=10, pays=True) as records,
    ):
        for number in records:
            seen.append(number)
    assert seen == list(range(25))
    assert not living()


def test_an_interrupt_while_it_begins_ends_it_too(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes while the process is copied is raised when the copy is known."""
    fork = os.fork

    def interrupted() -> int:
        number = fork()
        if number:
            os.kill(HERE, signal.SIGINT)
        return number

    monkeypatch.setattr(os, "fork", interrupted)
    with pytest.raises(KeyboardInterrupt), ahead(count, workspace, together=1, pays=True):
        pytest.fail("it goes on")
    assert not living()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.parametrize("how", ["ignored", "seen", "left"])
def test_others_may_look_after_processes(workspace: Workspace, how: str) -> None:
    """A program that uses this library may wait for any process, or ask the system to keep none."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN if how != "seen" else signal.SIG_DFL)
    try:
        with ahead(
            count if how == "left" else lambda: iter(range(20)), workspace, together=7, pays=True
        ) as records:
            assert list(islice(records, 20)) == list(range(20))
            if how == "seen":
                os.waitpid(-1, 0)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert not living()


def test_it_handles_no_interrupt(workspace: Workspace) -> None:
    """One ends it at once, unless the first process was told to live on."""

    def work() -> Iterator[tuple[str, bool]]:
        yield from ((name, signal.getsignal(getattr(signal, name)) is signal.SIG_DFL) for name in names)

    names = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ahead(work, workspace, together=1, pays=True) as records:
            assert dict(records) == {"SIGINT": True, "SIGTERM": True, "SIGHUP": False, "SIGQUIT": True}
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("read", [0, 5])
def test_it_ends_with_its_use(workspace: Workspace, read: int) -> None:
    """Left by an interrupt while it would go on for ever; its records do not fill the disk any longer."""

    def work() -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    with pytest.raises(KeyboardInterrupt), ahead(work, workspace, together=1, pays=True) as records:
        assert [next(records) for _ in range(read)] == list(range(read))
        raise KeyboardInterrupt
    assert not living()
    assert [stream.seek(0, io.SEEK_END) for stream in workspace._open] == [0]


_FOR_EVER = """
import os, sys
from itertools import count
from recovery.ahead import ahead
from recovery.workspace import Workspace
made = ((number, os.getpid()) for number in count())
with Workspace() as room, ahead(lambda: made, room, together=1, pays=True) as records:
    print(next(records)[1], flush=True)
    sys.stdin.read()
"""


def test_it_ends_when_the_first_process_is_killed(tmp_path: Path) -> None:
    """By `kill -9`, which leaves nobody to end it."""
    line, env = [sys.executable, "-c", _FOR_EVER], environment(None, tmp_path)
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as first:
        assert first.stdout is not None
        second = int(first.stdout.readline())
        assert second != first.pid
        first.kill()
        assert first.communicate(timeout=60)[0] == b"", "the second process holds the stream as long as it lives"
    assert not Path(f"/proc/{second}/exe").exists()


def test_a_calculation_in_a_thread_does_not_stand_in_its_way() -> None:
    """The system lets go of a thread later than Python does: it is waited for."""
    for _ in range(100):
        in_thread(lambda: hashlib.pbkdf2_hmac("sha1", b"passphrase", b"salt", 100))
        assert possible()


_BUSY = """
import os, sys, time
from recovery.ahead import ahead
from recovery.workspace import Workspace
def made():
    yield os.getpid()
    time.sleep(300)
with Workspace() as room, ahead(made, room, together=1, pays=True) as records:
    print(next(records), flush=True)
    sys.stdin.read()
"""


def test_it_ends_with_the_first_process_while_it_is_busy(tmp_path: Path) -> None:
    """Also in a calculation that tells nothing; then the private folder, whose lock it held, can be removed."""
    line, env = [sys.executable, "-c", _BUSY], environment(None, tmp_path)
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as first:
        assert first.stdout is not None and int(first.stdout.readline()) != first.pid
        first.kill()
        assert first.communicate(timeout=60)[0] == b"", "the second process holds the stream as long as it lives"
    assert remove_abandoned(tmp_path) == 1


def test_a_bar_of_progress_does_not_stand_in_its_way() -> None:
    """Its own thread would: what a thread holds would stay held in the copy."""
    bar = TerminalProgress()
    bar.start("Reading", 10)
    bar.advance()
    assert possible()
    bar.finish()


@pytest.mark.parametrize("why", ["does not pay", "no room", "threads", "one processor", "Windows", "fork fails"])
def test_without_a_second_process_the_same_is_made_here(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """Where it does not pay or is not safe."""
    release = threading.Event()
    if why == "threads":
        threading.Thread(target=release.wait, daemon=True).start()
    elif why == "one processor":
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    elif why == "Windows":
        monkeypatch.setattr(sys, "platform", "win32")
    elif why == "fork fails":
        monkeypatch.setattr(os, "fork", _refused)
    room = None if why == "no room" else workspace
    with ahead(lambda: numbered(20), room, together=7, pays=why != "does not pay") as records:
        assert list(records) == [(number, HERE) for number in range(20)]
    release.set()


def _refused() -> int:
    raise OSError(11, "Resource temporarily unavailable")


def test_a_database_is_read_by_both(tmp_path: Path, workspace: Workspace, forks: list[int]) -> None:
    """Each process has a connection of its own; one with a log reads the same, in the middle of a walk too."""
    rows = (f"INSERT INTO t VALUES ({number})" for number in range(90))
    path = make(tmp_path / "a.db", "CREATE TABLE t (n INTEGER)", *rows)
    logged = with_log(tmp_path)
    with Database(path, "a.db") as plain, Database(logged, "b.db") as recent:

        def work() -> Iterator[tuple[object, ...]]:
            yield from (tuple(row) for row in plain.rows("SELECT n FROM t"))
            yield from (tuple(row) for row in recent.rows("SELECT name FROM t"))

        walk = plain.rows("SELECT n FROM t")
        begun = [next(walk)["n"] for _ in range(40)]
        with ahead(work, workspace, together=8, pays=True) as records:
            made = list(records)
        assert [*begun, *(row["n"] for row in walk)] == list(range(90))
        assert made == [*((n,) for n in range(90)), ("added",)]
        assert list(work()) == made
        assert len(forks) == 1


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process pays always, and hands over a few records at once."""
    monkeypatch.setattr("recovery.limits.ENTRIES_WORTH_A_PROCESS", 0)
    monkeypatch.setattr("recovery.limits.ASSETS_WORTH_A_PROCESS", 0)
    monkeypatch.setattr(sys.modules["recovery.case.gather"], "_TOGETHER", 7)
    monkeypatch.setattr(inventory, "_TOGETHER", 4)


def gathered(folder: Path, passphrase: str | None, only_facetime: bool) -> tuple[object, ...]:
    """The parts of a case that come of the media files, and the inventory of its findings."""
    with view_of(folder, passphrase) as view:
        case = gather(view, only_facetime=only_facetime)
        stream = io.StringIO()
        inventory.write_json(find(case), stream, generated_at=NOW, room=view.room)
        groups = tuple(case.grouping.with_row), tuple(case.grouping.without_row)
        return stream.getvalue(), case.gaps, case.census, groups


@pytest.mark.parametrize("few", [30, None], ids=["spooled", "in memory"])
@pytest.mark.parametrize("only_facetime", [False, True])
@pytest.mark.parametrize("twin", ["plain", "encrypted"])
def test_the_case_and_the_inventory_are_the_same(
    demo_twins: DemoTwins,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    twin: str,
    only_facetime: bool,
    few: int | None,
) -> None:
    """With every story at once, missing and damaged blobs among them."""
    if few:
        monkeypatch.setattr("recovery.limits.ROWS_IN_MEMORY", few)
    folder, passphrase = getattr(demo_twins, twin), demo_twins.passphrase if twin == "encrypted" else None
    alone = gathered(folder, passphrase, only_facetime)
    request.getfixturevalue("at_once")
    forks = request.getfixturevalue("forks")
    both = gathered(folder, passphrase, only_facetime)
    assert len(forks) == (3 if few and not only_facetime else 2)
    assert both == alone


def test_a_manifest_that_ends_in_the_middle_is_told_the_same(
    tmp_path: Path, at_once: None, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error of a damaged page, met by the second process, is that of the first."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path)
    entries = ManifestIndex.entries

    def broken(self: ManifestIndex, domain: str, prefix: str = "") -> Iterator[object]:
        yield from entries(self, domain, prefix)
        raise RuntimeError("a damaged page")

    monkeypatch.setattr(ManifestIndex, "entries", broken)
    with view_of(folder) as view, pytest.raises(RuntimeError, match="a damaged page"):
        gather(view)
    assert len(forks) == 1
    assert not living()


def test_an_index_that_nobody_needs_may_be_damaged(tmp_path: Path) -> None:
    """Whether a second process pays is asked of the rows themselves."""
    folder = BackupBuilder().with_photo("IMG_0001").build(tmp_path)
    manifest = folder / "Manifest.db"
    with closing(sqlite3.connect(manifest)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        pages = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'FilesFlagsIdx'").fetchall()
    data = bytearray(manifest.read_bytes())
    for (page,) in pages:
        data[(page - 1) * size : page * size] = b"\xff" * size
    manifest.write_bytes(data)
    with view_of(folder) as view:
        assert [group.row is not None for group in gather(view).grouping.groups] == [True]
    assert len(pages) == 1


@pytest.mark.parametrize("second", [False, True])
def test_a_stored_library_is_walked_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, at_once: None, second: bool
) -> None:
    """Where no second process takes the second half, nobody walks to it."""
    monkeypatch.setattr(inventory, "possible", lambda: second)
    asset = rich().assets[0]
    made: list[int] = []

    def walk() -> Iterator[Asset]:
        for number in range(40):
            made.append(number)
            yield asset._replace(uuid=str(number))

    told = replace(rich(), assets=Lazy(40, walk))
    stream = io.StringIO()
    inventory.write_json(told, stream, generated_at=NOW, room=workspace)
    assert made == list(range(20 if second else 40))
    assert [item["uuid"] for item in json.loads(stream.getvalue())["assets"]] == [str(n) for n in range(40)]


def test_media_files_come_back_whole(demo_twins: DemoTwins, workspace: Workspace, forks: list[int]) -> None:
    """Every field of every file, keys and attributes included."""
    with view_of(demo_twins.encrypted, demo_twins.passphrase) as view:
        here = list(media_files(view))
        with ahead(lambda: media_files(view), workspace, together=50, pays=True) as records:
            there: list[MediaFile] = list(records)
    assert len(forks) == 1
    assert there == here and len(here) > 90
    assert [type(file.entry) for file in there] == [type(file.entry) for file in here]
