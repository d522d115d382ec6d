"""Tells what lies at a path, where `Path.exists` hides refusals from Python 3.14 on: absent, refused, or there."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

_ABSENT = (FileNotFoundError, NotADirectoryError)
_IMPOSSIBLE = frozenset((errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.EBADF))
_IMPOSSIBLE_ON_WINDOWS = frozenset((123, 161, 206))  # invalid name, bad path name, name too long


def mode_of(path: Path, *, follow_links: bool = True) -> int | None:
    """The `st_mode` of what lies there, None when nothing does; raises OSError when the system refuses to say."""
    try:
        return path.stat(follow_symlinks=follow_links).st_mode
    except _ABSENT:
        return None
    except OSError as error:
        # A name that no file can have, or a link that leads in a circle: nothing is there.
        if error.errno in _IMPOSSIBLE or getattr(error, "winerror", None) in _IMPOSSIBLE_ON_WINDOWS:
            return None
        raise
    except ValueError:  # a NUL in the path
        return None


def is_file(path: Path, *, follow_links: bool = True) -> bool:
    """Whether a regular file lies there; raises OSError when the system refuses to say."""
    mode = mode_of(path, follow_links=follow_links)
    return mode is not None and stat.S_ISREG(mode)


def is_folder(path: Path, *, follow_links: bool = True) -> bool:
    """Whether a folder lies there; raises OSError when the system refuses to say."""
    mode = mode_of(path, follow_links=follow_links)
    return mode is not None and stat.S_ISDIR(mode)


def is_symlink(path: Path) -> bool:
    """Whether a link lies there, wherever it leads; raises OSError when the system refuses to say."""
    mode = mode_of(path, follow_links=False)
    return mode is not None and stat.S_ISLNK(mode)
