"""Changes bytes the ways that break parsers: lengths, offsets, counts, cuts, repeats and grafts."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 2**31 - 1, 2**31, 2**32 - 1, 2**63)
_LAYOUTS = (">B", ">H", "<H", ">I", "<I", ">Q", "<Q")
# No input grows beyond this: what is tested is what a few bytes can do.
_MOST_BYTES = 8 * 1024 * 1024
_REPEATED = 2_000
# Most structure stands at the start of a file, and in movies at its end.
_EDGE = 6_000


class Mutator:
    """Makes one input after another from seeds; the same number and seeds give the same inputs."""

    def __init__(self, number: int, words: Sequence[bytes] = ()) -> None:
        self._random = random.Random(number)
        self._words = words
        self._ways: tuple[Callable[[bytearray, bytes], None], ...] = (
            self._flip, self._number, self._number, self._noise, self._cut, self._drop, self._repeat, self._graft,
            self._word, self._zeros,
        )  # fmt: skip

    def changed(self, seed: bytes, other: bytes) -> bytes:
        """The seed with one to many changes; `other` is where grafts come from."""
        data = bytearray(seed)
        for _ in range(self._random.choice((1, 1, 2, 3, 5, 12, 40))):
            if data:
                self._random.choice(self._ways)(data, other)
        return bytes(data[:_MOST_BYTES])

    def choice(self, seeds: Sequence[bytes]) -> bytes:
        """One of the seeds."""
        return self._random.choice(seeds)

    def _place(self, data: bytearray) -> int:
        length = len(data)
        if length > 2 * _EDGE:
            part = self._random.random()
            if part < 0.4:
                return self._random.randrange(_EDGE)
            if part < 0.7:
                return length - 1 - self._random.randrange(_EDGE)
        return self._random.randrange(length)

    def _span(self, data: bytearray) -> tuple[int, int]:
        at = self._place(data)
        return at, min(len(data), at + self._random.choice((1, 2, 4, 8, 16, 64, 256, 4096)))

    def _flip(self, data: bytearray, other: bytes) -> None:
        data[self._place(data)] ^= 1 << self._random.randrange(8)

    def _number(self, data: bytearray, other: bytes) -> None:
        layout = self._random.choice(_LAYOUTS)
        size = struct.calcsize(layout)
        number = self._random.choice(_NUMBERS) % 2 ** (8 * size)
        if self._random.random() < 0.2:
            number = self._random.randrange(2 ** (8 * size))
        at = self._place(data)
        data[at : at + size] = struct.pack(layout, number)

    def _noise(self, data: bytearray, other: bytes) -> None:
        start, end = self._span(data)
        data[start:end] = self._random.randbytes(end - start)

    def _zeros(self, data: bytearray, other: bytes) -> None:
        start, end = self._span(data)
        data[start:end] = bytes([self._random.choice((0, 0xFF))]) * (end - start)

    def _cut(self, data: bytearray, other: bytes) -> None:
        if self._random.random() < 0.3:
            del data[self._place(data) :]

    def _drop(self, data: bytearray, other: bytes) -> None:
        start, end = self._span(data)
        del data[start:end]

    def _repeat(self, data: bytearray, other: bytes) -> None:
        start, end = self._span(data)
        times = self._random.choice((1, 2, 16, _REPEATED if end - start <= 64 else 2))
        data[end:end] = bytes(data[start:end]) * times

    def _graft(self, data: bytearray, other: bytes) -> None:
        if other:
            start, end = self._span(data)
            at = self._random.randrange(len(other))
            data[start:end] = other[at : at + (end - start)]

    def _word(self, data: bytearray, other: bytes) -> None:
        if self._words:
            at, word = self._place(data), self._random.choice(self._words)
            data[at : at + len(word)] = word
