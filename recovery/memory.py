"""Whether there is memory for something that would not fail with an exception if there were none."""

from __future__ import annotations

import mmap

MIB = 1024 * 1024
DECODER_BYTES = 256 * MIB
"""What decoding a picture or a movie may ask for: buffers, stacks of threads, and the libraries themselves."""
THREAD_BYTES = 16 * MIB
"""What one more thread may ask for: its stack, and what libraries keep for each thread."""


def has_room(size: int) -> bool:
    """Whether so many bytes can be asked for now; none is kept, and none touched.

    Decoders written in C end the whole process when a small piece is refused them, so they are not even begun.
    """
    try:
        mmap.mmap(-1, size).close()
    except (OSError, ValueError, MemoryError):
        return False
    return True
