"""Run a command within this process: what it prints, what it says beside it, and its exit code."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli import main


@dataclass(frozen=True, slots=True)
class Said:
    """The answer, the remarks and the exit code of one run."""

    out: str
    err: str
    code: int

    @property
    def all(self) -> str:
        """Everything that was printed anywhere."""
        return self.out + self.err


def say(*arguments: str | Path, stdin: bytes = b"") -> Said:
    """Run the command line with these arguments; standard input is no terminal."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["recover-facetime", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main._guarded()
    for stream in (out, err):
        stream.flush()
    return Said(*(stream.buffer.getvalue().decode() for stream in (out, err)), code)  # type: ignore[attr-defined]
