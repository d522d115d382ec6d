"""Runs jobs in threads, few ahead of the caller, and reports in the caller's own thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Event
from typing import TypeVar

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

    Whatever is raised here or in a job stops the others, waits until they have tidied, and is raised.
    """
    events: SimpleQueue[tuple[int, Callable[[], None]]] = SimpleQueue()
    stop = Event()

    def work(number: int, job: Callable[[Tick], R]) -> None:
        def tick(size: int) -> None:
            if stop.is_set():
                raise Stopped
            events.put((0, lambda: advanced(number, size)))

        try:
            result = job(tick)
        except BaseException as error:  # noqa: BLE001 - carried over and raised in the caller's thread
            failure = error
            events.put((1, lambda: _raise(failure)))
        else:
            events.put((1, lambda: done(number, result)))

    with ThreadPoolExecutor(workers, thread_name_prefix="recovery") as pool:
        try:
            waiting: Iterator[tuple[int, Callable[[Tick], R]]] = enumerate(jobs)
            running, more = 0, True
            while True:
                while more and running < workers * _AHEAD:
                    item = next(waiting, None)
                    more = item is not None
                    if item is not None:
                        pool.submit(work, *item)
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
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _raise(error: BaseException) -> None:
    raise error
