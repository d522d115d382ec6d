"""Wait for one long calculation so that an interrupt is heard at once."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from recovery.filesystem import mode_of

T = TypeVar("T")
_MOMENT = 1.0  # seconds
_LOOK_UP = 0.1  # seconds; a waiting main thread on Windows hears no interrupt before it looks up


def _go_on() -> None:
    """Nobody wants to stop."""


def in_thread(calculate: Callable[[], T], waiting: Callable[[], None] = _go_on) -> T:
    """The result of `calculate`, which runs in a thread of its own; what it raises is raised here.

    `waiting` is called ten times a second and may raise to stop waiting. That or an interrupt leaves the
    calculation to itself: its thread is a daemon, so the program can end.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(calculate())
        except BaseException as error:  # noqa: BLE001 - raised again by the one who waits
            errors.append(error)

    thread = threading.Thread(target=work, name="recovery calculation", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_LOOK_UP)
        waiting()
    _wait_for_its_end(thread)
    if errors:
        raise errors.pop()
    return results.pop()


def _wait_for_its_end(thread: threading.Thread) -> None:
    """Python lets go of a thread a moment before the system does, and meanwhile it forbids a second process."""
    if sys.platform == "linux":
        task = Path(f"/proc/self/task/{thread.native_id}")
        end = time.monotonic() + _MOMENT
        while mode_of(task) is not None and time.monotonic() < end:
            time.sleep(0.001)
