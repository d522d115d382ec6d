"""Records made by a second process while this one does something else, so that they are there when asked for.

The second process is a copy of this one (fork) and does nothing but this. It puts its records into a file of the
room and says where they end; whatever becomes of it, records that it did not give are made here. So what comes out
is the same with it and without it, errors included, and an interrupt ends it together with this process.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Generic, NoReturn, TypeVar

from recovery.columns import from_bytes, to_bytes
from recovery.errors import TemporaryFolderError
from recovery.spool import Room

T = TypeVar("T")

_SIZE = 8  # bytes of the length of some records
_ALL_GIVEN = b"\xff" * _SIZE
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]


@contextmanager
def ahead(
    make: Callable[[], Iterator[T]], room: Room | None, *, together: int, pays: bool
) -> Iterator[Iterator[T]]:
    """What `make` gives, some records `together`; begun now, in a process of its own, where that `pays`.

    `make` is called here as well where there is no such process or it fails, and must give the same again. What it
    uses that is open, but for a Database, must not depend on a place in a file: both processes would move it.
    """
    if not (pays and room is not None and possible()):
        yield make()
        return
    other = _Other(make, room, together)
    try:
        yield other.records() if other.begun() else make()
    finally:
        other.end()


def possible() -> bool:
    """Whether a copy of this process is safe and would have a processor of its own.

    Not where other threads run: what they hold would stay held in the copy for ever. On macOS the system's own
    libraries may not outlive a fork, and Windows has none.
    """
    if sys.platform != "linux":
        return False
    try:
        return len(os.sched_getaffinity(0)) > 1 and len([*Path("/proc/self/task").iterdir()]) == 1
    except OSError:
        return False


class _Other(Generic[T]):
    """The second process, seen from the first."""

    def __init__(self, make: Callable[[], Iterator[T]], room: Room, together: int) -> None:
        self._make = make
        self._room = room
        self._together = together
        self._file: BinaryIO | None = None
        self._told = -1
        self._number = 0

    def begun(self) -> bool:
        """Whether there is one now: the system may have no room for it, or the disk none for its records."""
        try:
            self._file = self._room.scratch()
            self._told, telling = os.pipe()
        except (OSError, TemporaryFolderError):
            return False
        try:
            self._fork(self._file.fileno(), telling)
        except (OSError, RuntimeError):  # the latter from hosts that forbid it
            return False
        finally:
            os.close(telling)
        return True

    def records(self) -> Iterator[T]:
        """All records in their order, waiting for those that are not made yet."""
        assert self._file is not None, "it has begun"
        given = start = 0
        while (told := os.read(self._told, _SIZE)) != _ALL_GIVEN:
            size = int.from_bytes(told, "little")
            try:
                data = os.pread(self._file.fileno(), size, start)
            except OSError:
                data = b""
            if len(told) < _SIZE or len(data) < size:  # it was killed, or the disk is full or fails
                self._file.truncate(0)
                yield from islice(self._make(), given, None)
                return
            records: list[T] = from_bytes(data)
            start, given = start + size, given + len(records)
            yield from records

    def end(self) -> None:
        """Let it go, whether it has given everything or not; also in the middle of its beginning."""
        try:
            self._kill()
        finally:
            if self._told >= 0:
                os.close(self._told)
            if self._file is not None:
                self._file.truncate(0)

    def _kill(self) -> None:
        if not self._number:
            return
        # Somebody may have seen its end before: the system where SIGCHLD is ignored, or who uses this library.
        with suppress(ChildProcessError, ProcessLookupError):
            if os.waitpid(self._number, os.WNOHANG)[0] == 0:
                os.kill(self._number, signal.SIGKILL)
                os.waitpid(self._number, 0)

    def _fork(self, file: int, telling: int) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        try:
            # No interrupt may reach the copy before it is one: it would leave through the code that removes
            # private files. One that waits for the first process is raised at the end, when the number is known.
            signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
            first = os.getpid()
            self._number = os.fork()
            if self._number == 0:
                self._work_and_end(file, telling, before, first)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _work_and_end(self, file: int, telling: int, before: set[int | signal.Signals], parent: int) -> NoReturn:
        """Nothing else of the first process's is done here: no cleaning up, no text written twice."""
        code = 1
        try:
            for number in _ENDING:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            _end_with(parent)
            gc.freeze()  # looking for rubbish among what is shared would copy all of it
            os.close(self._told)  # so that telling fails when the first process is gone and nobody could hear
            self._give(file, telling)
            code = 0
        finally:
            os._exit(code)

    def _give(self, file: int, telling: int) -> None:
        records = self._make()
        while some := list(islice(records, self._together)):
            data = memoryview(to_bytes(some))
            size = len(data)
            while data:
                data = data[os.write(file, data) :]
            os.write(telling, size.to_bytes(_SIZE, "little"))
        os.write(telling, _ALL_GIVEN)


def _end_with(parent: int) -> None:
    """Let the system end this process when the one that began it ends, even by a kill while this one is busy.

    Until then it holds, as a copy, the lock of the private folder, which therefore no other run removes.
    """
    with suppress(OSError, AttributeError):  # a C library without it
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was quicker
        os._exit(1)
