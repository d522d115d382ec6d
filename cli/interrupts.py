"""Whatever ends the program from outside becomes KeyboardInterrupt, so that private files are removed."""

from __future__ import annotations

import _thread
import ctypes
import signal
import sys
import threading
import time
from types import FrameType, TracebackType

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
"""Ctrl-C, `kill`, a closed terminal, Ctrl-\\, and Ctrl-Break on Windows; each system has some of them."""
_CONSOLE_ENDS = frozenset({2, 5, 6})
"""CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT and CTRL_SHUTDOWN_EVENT of Windows, which are no signals."""
_MOMENT = 0.5  # seconds
_GRACE = 30.0  # seconds; Windows itself waits for 5


def listen() -> None:
    """Turn signals and console events into KeyboardInterrupt; what the caller ignores (nohup) stays ignored."""
    for number in _numbers():
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    sys.excepthook, sys.unraisablehook = _uncaught, _unraisable
    _listen_to_console()


def ignore() -> None:
    """Let nothing disturb the cleaning up at the end."""
    for number in _numbers():
        signal.signal(number, signal.SIG_IGN)


def _numbers() -> list[int]:
    return [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]


def was_interrupted(error: BaseException | None) -> bool:
    """Whether an error was met on the way out after an interrupt, which Python's own locks, say, do not expect."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


class _Raiser:
    """Raises KeyboardInterrupt; more signals of a moment are the same wish, and would only disturb the way out."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._last > _MOMENT:
            self._last = now
            raise KeyboardInterrupt

    def forget(self) -> None:
        """The last one was lost, so the next counts whenever it comes."""
        self._last = float("-inf")


_interrupt = _Raiser()


def _on_console_event(event: int) -> bool:
    """Called by Windows in a thread of its own; the process is ended as soon as this returns."""
    if event not in _CONSOLE_ENDS:
        return False  # Ctrl-C and Ctrl-Break are signals
    _thread.interrupt_main()
    threading.Event().wait(_GRACE)  # the main thread ends the process when it has cleaned up
    return True


if sys.platform == "win32":  # pragma: no cover
    from ctypes import wintypes

    # Kept for as long as the program runs, as Windows calls it.
    _handler = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)(_on_console_event)

    def _listen_to_console() -> None:
        ctypes.windll.kernel32.SetConsoleCtrlHandler(_handler, True)

else:

    def _listen_to_console() -> None:
        """There are no console events elsewhere."""


def _uncaught(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
    if not _interrupted_again(kind):
        sys.__excepthook__(kind, value, trace)


def _unraisable(lost: sys.UnraisableHookArgs) -> None:
    if not _interrupted_again(lost.exc_type):
        sys.__unraisablehook__(lost)


def _interrupted_again(kind: type[BaseException]) -> bool:
    """An interrupt that hits a decoder's callback ends up here, and would be lost: it is sent again soon."""
    if not issubclass(kind, KeyboardInterrupt):
        return False
    _interrupt.forget()
    timer = threading.Timer(0.1, _thread.interrupt_main)
    timer.daemon = True
    timer.start()
    return True
