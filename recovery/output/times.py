"""Sets the times of a written file: modification everywhere, birth where the system lets us."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def set_times(path: str, moment: datetime, folder: int | None = None) -> str:
    """Give a file, of an open folder if one is given, a time; a phrase saying what the system refused, or nothing.

    On macOS the birth time follows when it is later than the new modification time. Linux has no way to set it.
    """
    nanoseconds = (moment - _EPOCH) // timedelta(microseconds=1) * 1000
    try:
        os.utime(path, ns=(nanoseconds, nanoseconds), dir_fd=folder)
        if sys.platform == "win32":  # pragma: no cover
            _set_birth(path, nanoseconds)
    except (OSError, OverflowError, ValueError):
        return f"the system does not take the year {moment.year} as the time of a file"
    return ""


if sys.platform == "win32":  # pragma: no cover
    import ctypes
    from ctypes import wintypes

    _TICKS_TO_1970 = 116_444_736_000_000_000  # units of 100 ns since 1601
    _FILE_WRITE_ATTRIBUTES, _OPEN_EXISTING = 0x100, 3

    def _set_birth(path: str, nanoseconds: int) -> None:
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateFileW.restype = wintypes.HANDLE
        handle = kernel.CreateFileW(path, _FILE_WRITE_ATTRIBUTES, 7, None, _OPEN_EXISTING, 0, None)
        if handle == wintypes.HANDLE(-1).value:
            raise ctypes.WinError(ctypes.get_last_error())
        ticks = max(0, nanoseconds // 100 + _TICKS_TO_1970)
        born = wintypes.FILETIME(ticks & 0xFFFFFFFF, ticks >> 32)
        try:
            if not kernel.SetFileTime(wintypes.HANDLE(handle), ctypes.byref(born), None, None):
                raise ctypes.WinError(ctypes.get_last_error())
        finally:
            kernel.CloseHandle(wintypes.HANDLE(handle))
