"""Standard streams that may be closed, full, cut off or of a small character set: no reason to stop the work."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

from recovery.system_files import from_system


class _Remarks(io.TextIOWrapper):
    """Standard error that swallows its own troubles: nobody may be there to read, and the work goes on."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream.buffer, encoding=stream.encoding, errors="replace", line_buffering=True)
        self._stream = stream  # let go, it would close what both write to

    def write(self, text: str) -> int:
        """As much as can be written."""
        with suppress(OSError, ValueError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        """The same."""
        with suppress(OSError, ValueError):
            super().flush()


def prepare() -> None:
    """Make all three streams usable, whatever the caller handed over.

    A closed one must not be taken for a file that is opened later. Of standard input then nothing comes, and
    writing to standard output raises OSError, which is told at the end.
    """
    for number in range(3):
        _occupy(number)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - open as long as we run
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    # A name that the terminal cannot show must not end the run.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.stderr = _Remarks(sys.stderr)


def _occupy(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        nothing = os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)
        if nothing != number:
            os.dup2(nothing, number)
            os.close(nothing)


def for_programs() -> None:
    """Tables and documents are UTF-8 wherever they go: a program reads them, whatever this terminal can show."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")


def typed(text: str | None) -> str | None:
    """The value of an option as text, whatever the locale made of it."""
    return None if text is None else from_system(text)
