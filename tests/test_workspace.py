"""The private folder: only its owner may enter, and it is gone after every exit, clean or not."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from recovery import workspace as workspace_module
from recovery.file_lock import try_lock
from recovery.workspace import Workspace, create, remove_abandoned, remove_own

HOLD = """
import sys
from pathlib import Path
from recovery.workspace import Workspace
with Workspace(Path(sys.argv[1])) as workspace:
    workspace.new_file("secret").write_text("plaintext")
    print("ready", flush=True)
    sys.stdin.read()
"""


def folders(parent: Path) -> list[Path]:
    """The private folders there are."""
    return sorted(parent.glob("recover-facetime-*"))


def holding(parent: Path) -> subprocess.Popen[str]:
    """A process inside a private folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(parent)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def ended(process: subprocess.Popen[str], number: int) -> None:
    """End it with a signal and let go of its pipes."""
    process.send_signal(number)
    process.wait(30)
    for stream in (process.stdin, process.stdout):
        assert stream is not None
        stream.close()


def test_the_folder_is_private_and_goes_with_the_block(tmp_path: Path) -> None:
    """Mode 0700 for folder and subfolders; files of one name do not meet; nothing is left."""
    with Workspace(tmp_path) as workspace:
        first, second = workspace.new_file("a"), workspace.new_file("a")
        assert first != second
        assert not first.exists()
        for folder in (*folders(tmp_path), first.parent) if os.name != "nt" else ():
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        first.write_text("plaintext")
    assert list(tmp_path.iterdir()) == []


def test_an_error_empties_the_folder_too(tmp_path: Path) -> None:
    """An exception, Ctrl-C included, leaves no plaintext behind."""
    with pytest.raises(KeyboardInterrupt), Workspace(tmp_path) as workspace:
        workspace.new_file("a").write_text("plaintext")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_closed_workspace_gives_no_path(tmp_path: Path) -> None:
    """Asking for a file outside the block is a mistake of ours and is told as one."""
    workspace = Workspace(tmp_path)
    with pytest.raises(RuntimeError):
        workspace.new_file("a")


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """The folder of a dead process goes, the one of a living process and foreign folders stay."""
    killed, living = holding(tmp_path), holding(tmp_path)
    foreign = tmp_path / "recover-facetime-notes"
    foreign.mkdir()
    ended(killed, getattr(signal, "SIGKILL", signal.SIGTERM))
    assert len(folders(tmp_path)) == 3
    assert remove_abandoned(tmp_path) == 1
    (left,) = (folder for folder in folders(tmp_path) if folder != foreign)
    assert [path.read_text() for path in left.rglob("secret")] == ["plaintext"]
    living.communicate(timeout=30)
    assert living.returncode == 0 and folders(tmp_path) == [foreign]


def abandoned(parent: Path, name: str = "recover-facetime-0123abcd") -> Path:
    """What a killed run leaves."""
    folder = parent / name
    (folder / "0001").mkdir(parents=True)
    (folder / "0001" / "Photos.sqlite").write_text("plaintext")
    (folder / "lock").touch()
    return folder


def test_the_lock_is_the_proof(tmp_path: Path) -> None:
    """Not a process number, which another process may have by now; and not within the same process either."""
    left = abandoned(tmp_path)
    with (left / "lock").open("r+b") as held:
        assert try_lock(held.fileno())
        assert remove_abandoned(tmp_path) == 0 and (left / "0001").exists()
    with Workspace(tmp_path) as workspace:
        mine = workspace.new_file("a")
        assert not left.exists() and mine.parent.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no copies of a process on this system")
def test_a_copy_of_the_process_holds_the_lock_as_long_as_it_lives(tmp_path: Path) -> None:
    """The first is killed while its copy still uses the folder: it goes when the copy has ended."""
    forking = "    child = os.fork() or time.sleep(60)\n    print(child)\n    print"
    code = f"import os, time\n{HOLD}".replace("    print", forking)
    line = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    ) as first:
        assert first.stdout is not None
        child = int(first.stdout.readline())
        first.kill()
        first.wait()
        try:
            assert remove_abandoned(tmp_path) == 0 and len(folders(tmp_path)) == 1
        finally:
            os.kill(child, signal.SIGKILL)
        first.communicate()  # the copy held the stream
    assert remove_abandoned(tmp_path) == 1 and not folders(tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no copies of a process on this system")
def test_a_copy_of_the_process_removes_nothing(tmp_path: Path) -> None:
    """It may end in any way, also through the code that cleans up."""
    with Workspace(tmp_path) as workspace:
        file = workspace.new_file("a")
        child = os.fork()
        if not child:
            try:
                remove_own()
                workspace.__exit__(None, None, None)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert file.parent.is_dir()
        assert remove_abandoned(tmp_path) == 0
    assert not folders(tmp_path)


def test_what_a_kill_leaves_before_the_lock_and_after_it(tmp_path: Path) -> None:
    """An empty folder without a lock goes; one with something in it is not known to be ours."""
    (tmp_path / "recover-facetime-00000000").mkdir()
    full = tmp_path / "recover-facetime-11111111"
    (full / "0001").mkdir(parents=True)
    remove_abandoned(tmp_path)
    assert folders(tmp_path) == [full]


def test_another_run_that_cleans_up_in_between_takes_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is taken for abandoned before it is locked is given up for a new one."""
    real, tries = workspace_module.try_lock, [False, True]
    monkeypatch.setattr(workspace_module, "try_lock", lambda number: real(number) and tries.pop(0))
    with Workspace(tmp_path) as workspace:
        assert not tries and len(folders(tmp_path)) == 1
        assert workspace.new_file("a").parent.is_dir()
    assert not folders(tmp_path)


@pytest.mark.parametrize(
    "step", ["mkdir", pytest.param("lock", marks=pytest.mark.skipif(os.name == "nt", reason="open files stay"))]
)
def test_a_folder_that_vanishes_while_it_is_made_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Removed by another run when it was still empty, or just when its lock was there."""
    opening, first = os.open, [True]

    def late(path: str | Path, *more: int, **others: int) -> int:
        if first and Path(path).name == "lock":
            first.clear()
            if step == "mkdir":
                Path(path).parent.rmdir()
            else:
                number = opening(path, *more)
                Path(path).unlink()
                Path(path).parent.rmdir()
                return number
        return opening(path, *more, **others)

    monkeypatch.setattr(os, "open", late)
    with Workspace(tmp_path) as workspace:
        assert workspace.new_file("a").parent.is_dir() and len(folders(tmp_path)) == 1
    assert not folders(tmp_path)


def test_where_there_are_no_locks_nothing_is_taken_for_abandoned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on some network shares: the folder works, goes with its run, and no other run touches it."""
    real = workspace_module.try_lock

    def refused(number: int) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(workspace_module, "try_lock", refused)
    with Workspace(tmp_path) as workspace:
        file = workspace.new_file("a")
        monkeypatch.setattr(workspace_module, "try_lock", real)
        assert remove_abandoned(tmp_path) == 0 and file.parent.is_dir()
    assert not folders(tmp_path)


def test_a_removal_that_is_cut_short_is_finished_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock goes last, so what is left can still be told from the folder of a living run."""
    left = abandoned(tmp_path)

    def killed(*_: object, **__: object) -> None:
        (left / "0001" / "Photos.sqlite").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "rmtree", killed)
        remove_abandoned(tmp_path)
    assert (left / "lock").exists()
    assert remove_abandoned(tmp_path) == 1 and not left.exists()


@pytest.mark.parametrize("tries", [1, 3, 5])
def test_a_file_that_another_program_holds_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tries: int
) -> None:
    """As a virus scanner on Windows does for a moment: without a traceback."""
    slept = held_for(monkeypatch, tries)
    with Workspace(tmp_path) as workspace:
        create(workspace.new_file("a")).close()
    assert not folders(tmp_path) and len(slept) == tries + 1


def held_for(monkeypatch: pytest.MonkeyPatch, tries: int) -> list[float]:
    """So many tries to remove a file fail; gives the seconds that were waited."""
    slept: list[float] = []
    real, left = shutil.rmtree, [tries]

    def held(path: Path, ignore_errors: bool = False) -> None:
        left[0] -= 1
        if left[0] < 0:
            real(path, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", held)
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_a_file_that_is_held_for_good_stays_for_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No error: the answer was given. The program says that the folder is there, and any run can remove it."""
    with monkeypatch.context() as patch:
        held_for(patch, 10_000)
        with Workspace(tmp_path) as workspace:
            create(workspace.new_file("a")).close()
        (left,) = folders(tmp_path)
        assert remove_own() == (left,)
    assert remove_abandoned(tmp_path) == 1 and not folders(tmp_path)
    assert remove_own() == ()


def test_no_open_file_keeps_the_folder(tmp_path: Path) -> None:
    """Scratch files that are still open are closed first: Windows removes no open file."""
    with Workspace(tmp_path) as workspace:
        scratch = workspace.scratch()
        scratch.write(b"record")
    assert scratch.closed and not folders(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_a_link_among_the_folders_is_not_followed(tmp_path: Path) -> None:
    """A link that looks like an abandoned folder is left alone, and so is what it points to; a linked lock too."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "lock").touch()
    (tmp_path / "recover-facetime-0123abcd").symlink_to(precious)
    other = abandoned(tmp_path, "recover-facetime-4567abcd")
    (other / "lock").unlink()
    (other / "lock").symlink_to(precious / "lock")
    assert remove_abandoned(tmp_path) == 0
    assert (precious / "lock").exists() and (other / "0001").exists()


def test_only_names_of_ours_are_ours(tmp_path: Path) -> None:
    """A folder that merely begins as ours do is never removed, whatever lies in it."""
    for name in ("recover-facetime-0123abcd-mine", "recover-facetime-0123ABCD", "recover-facetime-my notes"):
        abandoned(tmp_path, name)
    assert remove_abandoned(tmp_path) == 0


def test_a_program_removes_its_own_at_its_end(tmp_path: Path) -> None:
    """An interrupt may hit the cleaning up itself; what is left then goes when the program ends."""
    workspace = Workspace(tmp_path).__enter__()
    workspace.new_file("a").write_text("plaintext")
    other = tmp_path / "recover-facetime-12345678"
    (other / "0001").mkdir(parents=True)
    assert remove_own() == ()
    assert list(tmp_path.iterdir()) == [other]


def test_an_interrupt_while_it_is_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any step."""
    for step in ("mkdir", "chmod", "samestat"):
        with monkeypatch.context() as patch:
            owner = os.path if step == "samestat" else Path
            patch.setattr(owner, step, interrupted_after(getattr(owner, step)))
            with pytest.raises(KeyboardInterrupt):
                Workspace(tmp_path).__enter__()
        assert not list(tmp_path.iterdir()), step


def interrupted_after(function: Callable[..., object]) -> Callable[..., object]:
    """The same, and then Ctrl-C."""

    def call(*arguments: object, **more: object) -> object:
        function(*arguments, **more)
        raise KeyboardInterrupt

    return call
