"""Runs jobs in threads, few ahead of the caller, and reports in the caller's own thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

from recovery import limits
from recovery.memory import has_room

R = TypeVar("R")
Tick = Callable[[int], None]
"""A job calls it with the bytes it has done; it raises Stopped when the work was given up."""
_AHEAD = 3  # jobs prepared for each worker, so that none waits for the caller
_LOOK_UP = 0.2  # seconds; a waiting thread on Windows does not hear an interrupt before it looks up


class Stopped(BaseException):
    """The caller gave up; a job lets it through after tidying."""


def default_workers() -> int:
    """One more than there are processors: one may wait for the disk while the others calculate."""
    return min(8, (os.cpu_count() or 1) + 1)


def run(
    jobs: Iterable[Callable[[Tick], R]],
    workers: int,
    advanced: Callable[[int, int], None],
    done: Callable[[int, R], None],
) -> None:
    """Run all jobs; `advanced(number, bytes)` and `done(number, result)` are called here, in this thread.

    Whatever is raised here or in a job stops the others, waits until they have tidied, and is raised. Where the
    system gives fewer threads these do all the work, and where it gives none this one does.
    """
    events: SimpleQueue[tuple[int, Callable[[], None]]] = SimpleQueue()
    waiting: SimpleQueue[tuple[int, Callable[[Tick], R]] | None] = SimpleQueue()
    stop = Event()

    def work() -> None:
        while (item := waiting.get()) is not None:
            number, job = item

            def tick(size: int, number: int = number) -> None:
                if stop.is_set():
                    raise Stopped
                events.put((0, lambda: advanced(number, size)))

            try:
                if stop.is_set():
                    raise Stopped
                result = job(tick)
            except BaseException as error:  # noqa: BLE001 - carried over and raised in the caller's thread
                events.put((1, partial(_raise, error)))
            else:
                events.put((1, partial(done, number, result)))

    threads = _started(work, workers)
    if not threads:
        for number, job in enumerate(jobs):
            done(number, job(partial(advanced, number)))
        return
    try:
        numbered: Iterator[tuple[int, Callable[[Tick], R]]] = enumerate(jobs)
        running, more = 0, True
        while True:
            while more and running < len(threads) * _AHEAD:
                item = next(numbered, None)
                more = item is not None
                if item is not None:
                    waiting.put(item)
                    running += 1
            if not running:  # no event would come to be waited for
                break
            try:
                ended, report = events.get(timeout=_LOOK_UP)
            except Empty:
                continue
            running -= ended
            report()
    except BaseException:
        stop.set()
        raise
    finally:
        for _ in threads:
            waiting.put(None)
        for thread in threads:
            thread.join()


def _started(work: Callable[[], None], wanted: int) -> list[Thread]:
    """As many threads as the system gives, at most so many as are wanted."""
    threads: list[Thread] = []
    while len(threads) < wanted and has_room(limits.THREAD_BYTES):
        thread = Thread(target=work, name=f"recovery-{len(threads)}")
        try:
            thread.start()
        except RuntimeError:  # the limit of threads is reached
            break
        threads.append(thread)
    return threads


def _raise(error: BaseException) -> None:
    raise error
