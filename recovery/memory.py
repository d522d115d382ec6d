"""Whether there is memory for something that would not fail with an exception if there were none."""

from __future__ import annotations

import mmap

from recovery.errors import UnreadableFileError


def has_room(size: int) -> bool:
    """Whether so many bytes can be asked for now; none is kept, and none touched.

    Decoders written in C end the whole process when a small piece is refused them, so they are not even begun.
    """
    try:
        mmap.mmap(-1, size).close()
    except (OSError, ValueError, MemoryError):
        return False
    return True


def refuse_without(size: int) -> None:
    """Raise UnreadableFileError where there is less memory than a decoder may ask for."""
    if not has_room(size):
        raise UnreadableFileError("There is not enough memory to decode it.")
