"""Names and files as the system has them: UTF-8 whatever the locale says, and regular files only."""

from __future__ import annotations

import errno
import os
import select
import stat
import sys
import time
from pathlib import Path

from recovery import limits

_READING = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
# What Windows calls links and mounted folders; other reparse points are ordinary files kept elsewhere.
_LINK_TAGS = frozenset(
    getattr(stat, name) for name in ("IO_REPARSE_TAG_SYMLINK", "IO_REPARSE_TAG_MOUNT_POINT") if hasattr(stat, name)
)
_OWN_ENCODING = sys.getfilesystemencoding().replace("-", "").lower() != "utf8"


class NotRegularError(OSError):
    """A link, folder, pipe or device where a file was expected; `strerror` says which."""


def to_system(text: str) -> str:
    """A path made of text, as functions of the system take it.

    A locale like C or ISO 8859-1 has no bytes for most names; Python then refuses them, unless they are given as
    the UTF-8 bytes that every other program uses.
    """
    return os.fsdecode(text.encode("utf-8", "surrogateescape")) if _OWN_ENCODING else text


def from_system(name: str) -> str:
    """The text of a name or argument that came from the system; the opposite of `to_system`.

    Text that did not come from there stays as it is.
    """
    if not _OWN_ENCODING:
        return name
    try:
        return os.fsencode(name).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return name


def is_link(state: os.stat_result) -> bool:
    """Whether an `lstat` tells of a link, on Windows of a mounted folder too."""
    return stat.S_ISLNK(state.st_mode) or getattr(state, "st_reparse_tag", 0) in _LINK_TAGS


def kind_of(state: os.stat_result) -> str:
    """What an `lstat` tells of, with its article."""
    if is_link(state):
        return "a link"
    kinds = ((stat.S_ISREG, "a file"), (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"))
    return next((word for test, word in kinds if test(state.st_mode)), "a device or socket")


def open_regular(path: str | Path) -> int:
    """Open a regular file for reading: its number, for the caller to close. Never waits, never follows a link.

    Raises OSError, NotRegularError for anything else. Looked at twice, because it may be exchanged meanwhile.
    """
    _refuse_others(os.lstat(path))
    number = os.open(path, _READING)
    try:
        _refuse_others(os.fstat(number))
    except BaseException:
        os.close(number)
        raise
    return number


def read_regular(path: str | Path, limit: int) -> bytes:
    """All bytes of a regular file; raises OSError, also for one of more than `limit` bytes."""
    with os.fdopen(open_regular(path), "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > limit:
            raise OSError(errno.EFBIG, f"it has more than {limit:,} bytes, more than any real one")
        return stream.read(size)  # room for all of it is taken at once


def read_named(path: str | Path, most: int) -> bytes:
    """At most so many bytes of whatever somebody named: a file, a link to one, a pipe such as `<(command)`.

    Raises OSError, also where a pipe gives nothing for too long; a terminal is waited for, as somebody sits there.
    """
    number = os.open(path, _READING & ~getattr(os, "O_NOFOLLOW", 0))
    try:
        mode = os.fstat(number).st_mode
        pipe = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
        if os.isatty(number) and hasattr(os, "set_blocking"):
            os.set_blocking(number, True)
        data, begun = bytearray(), time.monotonic()
        while length := min(most - len(data), limits.CIPHER_CHUNK_BYTES):
            more = _from_pipe(number, length, begun, bool(data)) if pipe else os.read(number, length)
            if not more:
                break
            data += more
        return bytes(data)
    finally:
        os.close(number)


def _from_pipe(number: int, most: int, begun: float, some: bool) -> bytes:
    """The next bytes of a pipe that is not to be waited for without end; none at its end."""
    while True:
        waited = time.monotonic() - begun
        try:
            data = os.read(number, most)
        except BlockingIOError:  # somebody has it open and writes nothing
            if waited < limits.PIPE_SECONDS:
                select.select([number], [], [], limits.PIPE_SECONDS - waited)
                continue
        else:
            if data or some:
                return data
            if waited < limits.PIPE_WRITER_SECONDS:  # nobody has it open yet
                time.sleep(0.05)
                continue
        raise OSError(errno.ETIMEDOUT, f"nothing came out of the pipe for {waited:.0f} seconds")


def _refuse_others(state: os.stat_result) -> None:
    if is_link(state) or not stat.S_ISREG(state.st_mode):
        raise NotRegularError(errno.EINVAL, f"it is {kind_of(state)}, not a file")
