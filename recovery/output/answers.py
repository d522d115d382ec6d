"""Where `-o` leads: a file that is replaced whole, or a pipe, device or open file that is written into."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

from recovery.errors import OutputError
from recovery.filesystem import is_symlink
from recovery.output.evidence import Evidence
from recovery.output.files import replacing

_NUMBERED = re.compile(r"/(?:dev|proc/(?P<process>\d+))/fd/(?P<number>\d{1,9})")
_NAMED = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_LINKS = 40  # as many as Linux follows
_CHECK = "Check that its folder exists, that you may write there and that the disk is not full."
_PLACE = "Give the name of a new or an ordinary file."


@contextmanager
def open_answer(output: str, evidence: Evidence) -> Iterator[TextIO]:
    """A stream into the file, pipe or device that a person named; UTF-8, line ends as they are given.

    A pipe waits for its reader. Raises OutputError; BrokenPipeError where the reader of a pipe is gone.
    """
    try:
        target = resolve(Path(output))
        with _opened(target, output, evidence) as stream:
            text = TextIOWrapper(stream, encoding="utf-8", newline="")
            yield text
            text.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"The output {output} cannot be written ({error.strerror or error}).", _CHECK) from error


def resolve(output: Path) -> Path | int:
    """The file that a path names once its links are followed; a number for an open file of this process.

    Raises OSError where a link cannot be read or leads in circles.
    """
    here = output.absolute()
    for _ in range(_LINKS):
        here = Path(os.path.realpath(here.parent)) / here.name
        number = _descriptor(str(here))
        if number is not None:
            return number
        if not is_symlink(here):
            return here
        here = here.parent / here.readlink()
    raise OSError(f"{output} leads in circles")


def _descriptor(path: str) -> int | None:
    if os.name != "posix":
        return None
    found = _NUMBERED.fullmatch(path)
    if found is None or found["process"] not in (None, str(os.getpid())):
        return _NAMED.get(path)
    return int(found["number"])


@contextmanager
def _opened(target: Path | int, output: str, evidence: Evidence) -> Iterator[BinaryIO]:
    if isinstance(target, int):
        with _open_number(target, output, evidence) as stream:
            yield stream
        return
    try:
        state = target.lstat()
    except FileNotFoundError:
        state = None
    if state is None or stat.S_ISREG(state.st_mode):
        with replacing(target, evidence) as stream:
            yield stream
        return
    if stat.S_ISDIR(state.st_mode):
        raise OutputError(f"The output {output} is a folder.", _PLACE)
    if not _takes_a_stream(state):
        raise OutputError(f"The output {output} is a special file that takes no answer.", _PLACE)
    evidence.refuse_folder(target.parent)
    with _open_special(target, output) as stream:
        yield stream


def _open_number(number: int, output: str, evidence: Evidence) -> BinaryIO:
    stream = os.fdopen(os.dup(number), "wb")
    if evidence.holds(os.fstat(stream.fileno())):
        stream.close()
        raise OutputError(f"The output {output} is a file of the backup, which is never written to.", _PLACE)
    return stream


def _open_special(target: Path, output: str) -> BinaryIO:
    flags = os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    stream = os.fdopen(os.open(target, flags), "wb")
    if not _takes_a_stream(os.fstat(stream.fileno())):
        stream.close()
        raise OutputError(f"The output {output} was exchanged while it was opened.", _PLACE)
    return stream


def _takes_a_stream(state: os.stat_result) -> bool:
    return stat.S_ISFIFO(state.st_mode) or stat.S_ISCHR(state.st_mode)
