"""Steps through the atoms of a QuickTime or MP4 file by seeking, within limits, whatever the file claims."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from recovery import limits

T = TypeVar("T")

_PROBLEMS_KEPT = 20


@dataclass(frozen=True, slots=True)
class Atom:
    """One atom: its four-character kind and where in the file its body starts and ends."""

    kind: bytes
    start: int
    end: int

    @property
    def name(self) -> str:
        """The kind as printable text."""
        return "".join(chr(byte) if 32 < byte < 127 else "." for byte in self.kind)


class Walker:
    """Steps through atoms within limits; what is wrong is noted, never raised."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream = stream
        self.root = Atom(b"file", 0, size)
        self.problems: dict[str, None] = {}  # in order, without repeats
        self._left = limits.ATOM_COUNT

    def problem(self, text: str) -> None:
        """Note what is wrong, once."""
        if len(self.problems) < _PROBLEMS_KEPT:
            self.problems[text] = None

    def children(self, parent: Atom, skip: int = 0) -> Iterator[Atom]:
        """The atoms inside an atom, after `skip` bytes of its own fields."""
        at = parent.start + skip
        while at + 8 <= parent.end:
            self._left -= 1
            if self._left < 0:
                self.problem(f"more than {limits.ATOM_COUNT} atoms; the rest was not looked at")
                return
            atom = self._atom(at, parent)
            if atom is None:
                return
            yield atom
            at = atom.end  # at least 8 further, so this ends

    def _atom(self, at: int, parent: Atom) -> Atom | None:
        header = self._read(at, 16)
        if len(header) < 8:
            self.problem(f"the file ends inside '{parent.name}'")
            return None
        length, used = int.from_bytes(header[:4], "big"), 8
        if length == 0:
            if parent is not self.root:
                return None  # inside a container four zero bytes end the list
            length = parent.end - at
        elif length == 1:
            length, used = int.from_bytes(header[8:16], "big"), 16
        atom = Atom(header[4:8], at + used, at + length)
        if length < used:
            self.problem(f"atom '{atom.name}' in '{parent.name}' has an impossible size")
            return None
        if atom.end > parent.end:
            self.problem(f"atom '{atom.name}' goes past the end of '{parent.name}'")
            return Atom(atom.kind, min(atom.start, parent.end), parent.end)
        return atom

    def parts(self, parent: Atom | None, skip: int = 0) -> dict[bytes, Atom]:
        """The first child of every kind; nothing for None."""
        found: dict[bytes, Atom] = {}
        for atom in self.children(parent, skip) if parent else ():
            found.setdefault(atom.kind, atom)
        return found

    def peek(self, atom: Atom, length: int) -> bytes:
        """The first bytes of an atom's body."""
        return self._read(atom.start, min(length, atom.end - atom.start))

    def body(self, atom: Atom) -> bytes:
        """The body of an atom, cut at the limit."""
        length = atom.end - atom.start
        if length > limits.ATOM_BYTES:
            self.problem(f"atom '{atom.name}' has {length} bytes; only the first {limits.ATOM_BYTES} were read")
        return self.peek(atom, limits.ATOM_BYTES)

    def parse(self, atom: Atom | None, parser: Callable[[bytes], T]) -> T | None:
        """What `parser` makes of the body; None for a missing atom and for one that is too short."""
        if atom is None:
            return None
        try:
            return parser(self.body(atom))
        except struct.error:
            self.problem(f"atom '{atom.name}' is too short")
            return None

    def _read(self, at: int, length: int) -> bytes:
        self.stream.seek(at)
        return self.stream.read(max(0, min(length, self.root.end - at)))
