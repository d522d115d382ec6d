"""Wait for one long calculation so that an interrupt is heard at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_LOOK_UP = 0.1  # seconds; a waiting main thread on Windows hears no interrupt before it looks up


def in_thread(calculate: Callable[[], T]) -> T:
    """The result of `calculate`, which runs in a thread of its own; what it raises is raised here.

    An interrupt leaves the calculation to itself: its thread is a daemon, so the program can end.
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
    if errors:
        raise errors.pop()
    return results.pop()
