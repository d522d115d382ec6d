"""Manners on a terminal: colour only there and never against NO_COLOR, progress only where somebody looks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures import BackupBuilder

pty = pytest.importorskip("pty", reason="needs a pseudo terminal")
ESCAPE = b"\x1b["


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A small backup with one FaceTime photo."""
    return BackupBuilder().with_live_photo("IMG_0001").build(tmp_path)


def on_terminal(*arguments: str | Path, **environment: str) -> bytes:
    """What a command writes to a terminal that is its standard output; standard error is thrown away."""
    mine, theirs = pty.openpty()
    settings = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    settings |= {"PYTHONPATH": str(Path(__file__).parents[1]), "TERM": "xterm", **environment}
    child = subprocess.Popen(
        [sys.executable, "-c", "from cli.main import run; run()", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=settings,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            data = os.read(mine, 65536)
        except OSError:  # Linux says so when the other side is closed
            break
        if not data:
            break
        seen += data
    os.close(mine)
    assert child.wait() == 0
    return seen


def test_headings_are_coloured_on_a_terminal(backup: Path) -> None:
    """A person at a terminal sees headings set off."""
    assert ESCAPE in on_terminal("scan", backup)


def test_no_color_is_honoured(backup: Path) -> None:
    """With NO_COLOR set, not one escape sequence is written."""
    assert ESCAPE not in on_terminal("scan", backup, NO_COLOR="1")


def test_a_pipe_gets_plain_text_and_no_progress(backup: Path) -> None:
    """Into a pipe go neither colours nor progress bars, on neither stream."""
    done = subprocess.run(
        [sys.executable, "-c", "from cli.main import run; run()", "scan", str(backup)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        check=True,
    )
    assert ESCAPE not in done.stdout and done.stderr == b""
