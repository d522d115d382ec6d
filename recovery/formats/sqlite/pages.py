"""Reads an SQLite file and its write-ahead log as pages, so that what lies outside the live rows can be searched.

The format is the published one (sqlite.org/fileformat2.html). SQLite itself is not asked: it shows live rows only.
Nothing is ever written; both files are mapped read-only.
"""

from __future__ import annotations

import mmap
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from recovery.database import MAGIC
from recovery.errors import UnreadableDatabaseError
from recovery.filesystem import is_file

TABLE_LEAF = 0x0D
# Page flag: bytes of the page header. 2 and 5 are interior pages, 10 and 13 leaves.
HEADER_BYTES = {0x02: 12, 0x05: 12, 0x0A: 8, TABLE_LEAF: 8}
ENCODINGS = {1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}

_WAL_MAGICS = (0x377F0682, 0x377F0683)
_WAL_HEADER = struct.Struct(">8I")
_FRAME_HEADER = struct.Struct(">6I")
# The page that holds this byte is never used: SQLite locks it.
_LOCK_BYTE = 0x40000000
# Where the header of the index of a log counts the frames that are in use (mxFrame): sqlite.org/walformat.html, 2.1.
_INDEX_FRAMES = 16


@dataclass(frozen=True, slots=True)
class Geometry:
    """The numbers of the database header that decide how a page is cut; sizes in bytes."""

    page_size: int
    reserved: int
    auto_vacuum: bool
    encoding: str

    @property
    def usable(self) -> int:
        """Bytes of a page that hold content; the reserved ones lie at its end."""
        return self.page_size - self.reserved

    def local(self, payload: int) -> int:
        """Bytes of a table row that stay on its leaf page; the others go to overflow pages."""
        usable = self.usable
        if payload <= usable - 35:
            return payload
        least = (usable - 12) * 32 // 255 - 23
        local = least + (payload - least) % (usable - 4)
        return local if local <= usable - 35 else least

    def is_bookkeeping(self, number: int) -> bool:
        """Whether a page holds no rows by its number alone: pointer maps of auto-vacuum and the lock page."""
        lock = _LOCK_BYTE // self.page_size + 1
        if number == lock:
            return True
        if not self.auto_vacuum or number < 2:
            return False
        every = self.usable // 5 + 1
        pointer_map = (number - 2) // every * every + 2
        return number == pointer_map + (pointer_map == lock)


_LOOKED_AT = 4_096
"""Pages looked at between two times that mapped ones are given back."""


@dataclass(frozen=True, slots=True)
class Image:
    """One stored version of one page; `frame` counts from 0 in the write-ahead log, None is the main file."""

    number: int
    data: bytes
    frame: int | None


@dataclass(frozen=True, slots=True)
class Slack:
    """The unused parts of a b-tree page as (start, end) offsets, and the used runs of cells between them."""

    gap: tuple[int, int]
    freeblocks: tuple[tuple[int, int], ...]
    used: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    number: int
    offset: int
    current: bool


class PageStore:
    """All page images of a database file and its write-ahead log; use as a context manager.

    Raises UnreadableDatabaseError when the file is no SQLite database (or is still enciphered).
    Frames are trusted by their salts, not by their checksums: a torn frame can hide residue, never invent a row.
    """

    def __init__(self, path: Path, wal: Path | None = None) -> None:
        self.name = path.name
        self._looked_at = 0
        self._main = _map(path)
        self._wal = _map(wal) if wal is not None and is_file(wal) else b""
        try:
            self.geometry = _geometry(self._main, path.name)
            self._read_log()
            first = self.final(1)
            header = first.data if first is not None else self._main[:100]
            self.free_head, self.free_count = struct.unpack_from(">II", header, 32)
            self.trunks, self.free_leaves = self._read_freelist()
        except BaseException:
            self.close()
            raise

    def _read_log(self) -> None:
        """Split the frames into those that decide the final state (up to the last commit) and all others."""
        size = self.geometry.page_size
        self.frames: list[_Frame] = []
        self.final_frames: dict[int, int] = {}
        self.current_frames = self.last_commit = 0
        """Frames that belong to the log as it stands, and the number of the one that ends its last change."""
        self.count = len(self._main) // size
        if len(self._wal) < _WAL_HEADER.size:
            return
        salts = self._log_salts()
        pending: dict[int, int] = {}
        for offset in range(
            _WAL_HEADER.size, len(self._wal) - _FRAME_HEADER.size - size + 1, _FRAME_HEADER.size + size
        ):
            number, committed, *frame_salts = _FRAME_HEADER.unpack_from(self._wal, offset)[:4]
            # Without regard to those before it: one damaged frame costs its own page.
            current = frame_salts == salts and number > 0
            if current:
                self.current_frames += 1
                pending[number] = len(self.frames)
            if current and committed:
                self.final_frames.update(pending)
                pending.clear()
                self.count = committed
                self.last_commit = len(self.frames) + 1
            self.frames.append(_Frame(number, offset + _FRAME_HEADER.size, current))

    def _log_salts(self) -> list[int] | None:
        """What every frame of the log as it stands carries; a damaged header has them from the first frame."""
        magic, _, page_size, _, *salts = _WAL_HEADER.unpack_from(self._wal, 0)[:6]
        if magic in _WAL_MAGICS and page_size == self.geometry.page_size:
            return salts
        if magic in _WAL_MAGICS or len(self._wal) < _WAL_HEADER.size + _FRAME_HEADER.size:
            return None  # the log of another database
        return list(_FRAME_HEADER.unpack_from(self._wal, _WAL_HEADER.size)[2:4])

    def _read_freelist(self) -> tuple[dict[int, int], frozenset[int]]:
        """Trunk pages with the number of leaves each lists, and the leaves."""
        trunks: dict[int, int] = {}
        leaves: set[int] = set()
        number = self.free_head
        while number and number not in trunks and len(trunks) <= self.count:
            image = self.final(number)
            if image is None:
                break
            following, listed = struct.unpack_from(">II", image.data, 0)
            if listed > self.geometry.usable // 4 - 2:
                break
            trunks[number] = listed
            leaves.update(struct.unpack_from(f">{listed}I", image.data, 8))
            number = following
        return trunks, frozenset(leaves - trunks.keys())

    def final(self, number: int) -> Image | None:
        """The image that counts today; None when the page is outside the database or not in the file."""
        if not 1 <= number <= self.count:
            return None
        frame = self.final_frames.get(number)
        return self.main(number) if frame is None else self._framed(frame)

    def log_state(self, used: int) -> LogState:
        """What becomes of the log where SQLite has used the first `used` frames of it."""
        tail = (len(self._wal) - _WAL_HEADER.size) % (_FRAME_HEADER.size + self.geometry.page_size)
        cut = tail > 0
        frames = max(self.current_frames, self.last_commit) + cut
        if used < self.last_commit or cut:
            return LogState(frames, frames - used, self.last_commit > used)
        return LogState(frames, 0, False, frames - used)

    def images(self, number: int) -> Iterator[Image]:
        """The image that counts today, then older ones of the log, newest first, then that of the main file."""
        final = self.final(number)
        if final is None:
            return
        yield final
        if final.frame is not None:
            for index in range(final.frame - 1, -1, -1):
                if self.frames[index].number == number and self.frames[index].current:
                    yield self._framed(index)
            if (main := self.main(number)) is not None:
                yield main

    def main(self, number: int) -> Image | None:
        """The image in the main file, whatever the log says."""
        size = self.geometry.page_size
        end = number * size
        self._looked_at += 1
        if self._looked_at % _LOOKED_AT == 0:
            self._forget()
        return Image(number, self._main[end - size : end], None) if 0 < end <= len(self._main) else None

    def _forget(self) -> None:
        """Give mapped pages back: a walk through the file would have all of it in memory, as the system counts."""
        if isinstance(self._main, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self._main.madvise(mmap.MADV_DONTNEED)

    def _framed(self, index: int) -> Image:
        frame = self.frames[index]
        return Image(frame.number, self._wal[frame.offset : frame.offset + self.geometry.page_size], index)

    def finals(self) -> Iterator[Image]:
        """Every page of the database as it stands, in order; pages that a truncated file lacks are left out."""
        # A damaged count may be billions: a page exists only in the file or in the log.
        in_file = len(self._main) // self.geometry.page_size
        for number in range(1, min(self.count, in_file) + 1):
            image = self.final(number)
            if image is not None:
                yield image
        for number in sorted(number for number in self.final_frames if in_file < number <= self.count):
            yield self._framed(self.final_frames[number])

    def superseded(self) -> Iterator[Image]:
        """Every image that no longer counts: pages the log replaced or cut off, then frames that were replaced."""
        for number in range(1, len(self._main) // self.geometry.page_size + 1):
            if number in self.final_frames or number > self.count:
                image = self.main(number)
                if image is not None:
                    yield image
        for index, frame in enumerate(self.frames):
            if frame.number and (self.final_frames.get(frame.number) != index or frame.number > self.count):
                yield self._framed(index)

    def overflow(self, number: int, length: int) -> bytes | None:
        """The bytes a deleted row kept on overflow pages; None when one of those pages is used otherwise by now.

        A page given back keeps its content; the main file may still have what the log has replaced.
        """
        room = self.geometry.usable - 4
        parts: list[bytes] = []
        for left in range(length, 0, -room):
            image = self.final(number) if number in self.free_leaves else None
            if image is None and (number in self.final_frames or number > self.count):
                image = self.main(number)
            if image is None:
                return None
            number = int.from_bytes(image.data[:4], "big")
            if (number == 0) != (left <= room):
                return None
            parts.append(image.data[4 : 4 + min(left, room)])
        return b"".join(parts)

    def close(self) -> None:
        """Unmap both files."""
        for mapped in (self._main, self._wal):
            if isinstance(mapped, mmap.mmap):
                mapped.close()

    def __enter__(self) -> PageStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class LogState:
    """What becomes of the frames of a write-ahead log, pages of the last changes.

    `frames` are those of the log as it stands. `lost` of them cannot be used as SQLite would: damaged, cut off, or
    behind one that is. `skipped` tells that whole changes are among them. `unfinished` belong to no finished change.
    """

    frames: int = 0
    lost: int = 0
    skipped: bool = False
    unfinished: int = 0


def read_log_state(path: Path, wal: Path) -> LogState:
    """Compare a log with what SQLite, which has the database open, has taken from it into its index of the log."""
    index = path.with_name(f"{path.name}-shm")
    if not (is_file(wal) and wal.stat().st_size > _WAL_HEADER.size and is_file(index)):
        return LogState()
    with index.open("rb", buffering=0) as file:  # SQLite locks bytes a little further on
        file.seek(_INDEX_FRAMES)
        used = int.from_bytes(file.read(4), sys.byteorder)
    with PageStore(path, wal) as store:
        return store.log_state(used)


def _map(path: Path) -> mmap.mmap | bytes:
    try:
        with path.open("rb") as file:
            if file.seek(0, 2) == 0:
                return b""  # an empty file cannot be mapped
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise UnreadableDatabaseError(f"The database {path.name} cannot be read ({error.strerror}).") from error


def _geometry(data: mmap.mmap | bytes, name: str) -> Geometry:
    if len(data) < 512 or data[:16] != MAGIC:
        raise UnreadableDatabaseError(f"The file {name} is not an SQLite database.")
    page_size = int.from_bytes(data[16:18], "big")
    page_size = 65536 if page_size == 1 else page_size
    reserved = data[20]
    if page_size < 512 or page_size & (page_size - 1) or page_size - reserved < 480:
        raise UnreadableDatabaseError(f"The database {name} states an impossible page size.")
    encoding = ENCODINGS.get(int.from_bytes(data[56:60], "big"), "utf-8")
    return Geometry(page_size, reserved, data[52:56] != b"\0\0\0\0", encoding)


def slack_of(image: Image, geometry: Geometry) -> Slack | None:
    """Where a b-tree page holds no live cells; None when the page is no sound b-tree page."""
    data, usable = image.data, geometry.usable
    start = 100 if image.number == 1 else 0
    header = HEADER_BYTES.get(data[start])
    if header is None:
        return None
    block, cells, content = struct.unpack_from(">HHH", data, start + 1)
    content = content or 65536
    pointers = start + header + 2 * cells
    if not pointers <= content <= usable:
        return None
    freeblocks: list[tuple[int, int]] = []
    used: list[tuple[int, int]] = []
    at = content
    # Freeblocks are chained in ascending order, which also ends a damaged chain.
    while block >= at and block + 4 <= usable:
        following, size = struct.unpack_from(">HH", data, block)
        if size < 4 or block + size > usable:
            break
        freeblocks.append((block, block + size))
        used.append((at, block))
        at, block = block + size, following
    used.append((at, usable))
    return Slack((pointers, content), tuple(freeblocks), tuple(run for run in used if run[0] < run[1]))
