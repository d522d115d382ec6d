"""A lock on an open file, which the system lets go when its last holder ends, however it ends."""

from __future__ import annotations

import errno
import os
import sys

_FAR = 1 << 30  # Windows hides locked bytes from other readers, so the lock lies far behind the content
_HELD_BY_ANOTHER = (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)


def try_lock(number: int) -> bool:
    """Lock an open file, given by its number, without waiting; False when somebody holds it.

    Closing the file unlocks it; a copy of this process (fork) holds it together with this one. Raises OSError
    where the file system has no locks, as on some network shares.
    """
    try:
        _lock(number)
    except OSError as error:
        if error.errno in _HELD_BY_ANOTHER:
            return False
        raise
    return True


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _lock(number: int) -> None:
        place = os.lseek(number, 0, os.SEEK_CUR)
        os.lseek(number, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(number, place, os.SEEK_SET)

else:
    import fcntl

    def _lock(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
