"""Records made by a second process while this one does something else, so that they are there when asked for.

The second process is a copy of this one (fork) and does nothing but this. It puts its records into a file of the
room and says where they end; whatever becomes of it, records that it did not give are made here. So what comes out
is the same with it and without it, errors included, and an interrupt ends it together with this process.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Generic, NoReturn, TypeVar

from recovery.columns import from_bytes, to_bytes
from recovery.spool import Room

T = TypeVar("T")

_SIZE = 8  # bytes of the length of some records
_ALL_GIVEN = b"\xff" * _SIZE


@contextmanager
def ahead(
    make: Callable[[], Iterator[T]], room: Room | None, *, together: int, pays: bool
) -> Iterator[Iterator[T]]:
    """What `make` gives, some records `together`; begun now, in a process of its own, where that `pays`.

    `make` is called here as well where there is no such process or it fails, and must give the same again. What it
    uses that is open, but for a Database, must not depend on a place in a file: both processes would move it.
    """
    other = _begun(make, room, together) if pays and room is not None and possible() else None
    if other is None:
        yield make()
        return
    try:
        yield other.records()
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


def _begun(make: Callable[[], Iterator[T]], room: Room, together: int) -> _Other[T] | None:
    try:
        return _Other(make, room, together)
    except OSError:  # the system has no room for another process, or the disk none for its records
        return None


class _Other(Generic[T]):
    """The second process, seen from the first."""

    def __init__(self, make: Callable[[], Iterator[T]], room: Room, together: int) -> None:
        self._make = make
        self._file = room.scratch()
        self._told, telling = os.pipe()
        try:
            self._number = _forked(lambda: self._give(telling, together))
        except OSError:
            os.close(self._told)
            raise
        finally:
            os.close(telling)

    def records(self) -> Iterator[T]:
        """All records in their order, waiting for those that are not made yet."""
        given = start = 0
        while (told := os.read(self._told, _SIZE)) != _ALL_GIVEN:
            size = int.from_bytes(told, "little")
            try:
                data = os.pread(self._file.fileno(), size, start)
            except OSError:
                data = b""
            if len(told) < _SIZE or len(data) < size:  # it was killed, or the disk fails
                yield from islice(self._make(), given, None)
                return
            records: list[T] = from_bytes(data)
            start, given = start + size, given + len(records)
            yield from records

    def _give(self, telling: int, together: int) -> None:
        """The work of the second process."""
        os.close(self._told)  # so that nobody could read it once the first process is gone, and telling fails
        records, file = self._make(), self._file.fileno()
        while some := list(islice(records, together)):
            data = memoryview(to_bytes(some))
            size = len(data)
            while data:
                data = data[os.write(file, data) :]
            os.write(telling, size.to_bytes(_SIZE, "little"))
        os.write(telling, _ALL_GIVEN)

    def end(self) -> None:
        """Let it go, whether it has given everything or not."""
        os.close(self._told)
        os.kill(self._number, signal.SIGKILL)
        os.waitpid(self._number, 0)
        self._file.truncate(0)


def _forked(work: Callable[[], None]) -> int:
    """The number of a copy of this process that does the work and ends."""
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # No interrupt may reach the copy before it is one: it would leave through the code that removes private files.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    try:
        number = os.fork()
        if number == 0:
            _work_and_end(work, ending, before)
        return number
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work_and_end(
    work: Callable[[], None], ending: tuple[signal.Signals, ...], before: set[int | signal.Signals]
) -> NoReturn:
    code = 1
    try:
        for number in ending:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        work()
        code = 0
    finally:
        os._exit(code)  # nothing else of the first process's is done here: no cleaning up, no text written twice
