"""The private folder: only its owner may enter, and it is gone after every exit, clean or not."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from recovery.workspace import Workspace, remove_abandoned, remove_own

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
        for folder in (*folders(tmp_path), first.parent):
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


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """The folder of a dead process goes, the one of a living process and foreign folders stay."""
    killed, living = holding(tmp_path), holding(tmp_path)
    foreign = tmp_path / "recover-facetime-notes"
    foreign.mkdir()
    ended(killed, signal.SIGKILL)
    assert len(folders(tmp_path)) == 3
    assert remove_abandoned(tmp_path) == 1
    left = folders(tmp_path)
    assert foreign in left
    assert [folder.name.split("-")[2] for folder in left if folder != foreign] == [str(living.pid)]
    ended(living, signal.SIGINT)
    assert folders(tmp_path) == [foreign]


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_a_link_among_the_folders_is_not_followed(tmp_path: Path) -> None:
    """A link that looks like an abandoned folder is left alone, and so is what it points to."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "notes").write_text("mine")
    (tmp_path / "recover-facetime-999999999-abcdefgh").symlink_to(precious)
    assert remove_abandoned(tmp_path) == 0
    assert (precious / "notes").exists()


def test_only_names_of_ours_are_ours(tmp_path: Path) -> None:
    """A folder that merely begins as ours do is never removed, whatever process number stands in it."""
    for name in (
        "recover-facetime-999999999",
        "recover-facetime-999999999-my notes",
        "recover-facetime-x-abcdefgh",
    ):
        (tmp_path / name).mkdir()
    assert remove_abandoned(tmp_path) == 0


def test_a_program_removes_its_own_at_its_end(tmp_path: Path) -> None:
    """An interrupt may hit the cleaning up itself; what is left then goes when the program ends."""
    workspace = Workspace(tmp_path).__enter__()
    workspace.new_file("a").write_text("plaintext")
    other = tmp_path / "recover-facetime-1-abcdefgh"
    other.mkdir()
    remove_own(tmp_path)
    assert list(tmp_path.iterdir()) == [other]
