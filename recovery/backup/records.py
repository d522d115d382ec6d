"""Read the archives of manifest rows: a fast road for the shapes that repeat, the general one for all others.

A phone writes one row for each file, and all rows of one shape have the same bytes but for a few values. A `Shape`
knows where those values stand. It is learnt from an archive that the general reader has read, and holds only for
archives whose every other byte is the same, so both roads give the same values (docs/decisions/0005-speed.md).
"""

from __future__ import annotations

import plistlib
import struct
from collections.abc import Mapping

from recovery import archives, limits
from recovery.backup.shapes import Shape, frame_of, learn
from recovery.errors import UnreadableArchiveError

_TRAILER = struct.Struct(">6xBBQQQ")
_HEAD = b"bplist00"


class RecordReader:
    """Reads MBFile archives; remembers the shapes it has met, up to a limit."""

    def __init__(self) -> None:
        self._shapes: dict[bytes, Shape] = {}

    def read(self, archive: bytes) -> Mapping[str, object]:
        """What `read_record` gives for the values in use; raises UnreadableArchiveError."""
        frame = frame_of(archive)
        if frame is None:
            return read_record(archive)
        shape = self._shapes.get(frame)
        if shape is not None:
            values = shape.values(archive)
            if values is not None:
                return values
        record = read_record(archive)
        if shape is None and len(self._shapes) < limits.MANIFEST_SHAPES:
            learnt = learn(archive)
            if learnt is not None:
                self._shapes[frame] = learnt
        return record


def read_record(archive: bytes) -> Mapping[str, object]:
    """The values of one MBFile archive: `$top.root` and the objects it refers to directly.

    Nothing in an MBFile nests deeper than one reference, so no general unfolding is needed.
    Raises UnreadableArchiveError.
    """
    top = archives.load_dictionary(archive, what="manifest record", limit=limits.MBFILE_BYTES)
    objects, head = top.get("$objects"), top.get("$top")
    root = head.get("root") if isinstance(head, dict) else None
    if not isinstance(objects, list) or not isinstance(root, plistlib.UID) or root.data >= len(objects):
        raise UnreadableArchiveError("The manifest record has no root object.")
    described = objects[root.data]
    if not isinstance(described, dict):
        raise UnreadableArchiveError("The manifest record's root is no file description.")
    # A key of a property list may be any number, and Python refuses to print some of them.
    return {key: _referred(value, objects) for key, value in described.items() if isinstance(key, str)}


def _referred(value: object, objects: list[object]) -> object:
    if not isinstance(value, plistlib.UID):
        return value
    target = objects[value.data] if value.data < len(objects) else None
    if isinstance(target, dict) and "NS.data" in target:
        return target["NS.data"]
    return None if target == "$null" else target


def read_attributes(data: bytes) -> Mapping[str, object]:
    """A property list of names to values, read as any other; raises UnreadableArchiveError."""
    flat = _flat(data)
    if flat is not None:
        return flat
    return archives.load_dictionary(data, what="extended attributes", limit=limits.MBFILE_BYTES)


def _flat(data: bytes) -> Mapping[str, bytes] | None:
    """A binary property list that is one dictionary of ASCII names to bytes; None for any other."""
    if not 40 <= len(data) <= limits.MBFILE_BYTES or data[:8] != _HEAD:
        return None
    offset_size, reference_size, count, top, table = _TRAILER.unpack_from(data, len(data) - 32)
    if reference_size != 1 or offset_size not in (1, 2) or table + count * offset_size != len(data) - 32:
        return None
    cells = data[table:-32]
    offsets = cells if offset_size == 1 else struct.unpack(f">{count}H", cells)
    try:
        kind, at, length = _content(data, offsets[top])
        references = data[at : at + 2 * length]
        if kind != 13 or at + 2 * length > table:
            return None
        found: dict[str, bytes] = {}
        for key, value in zip(references[:length], references[length:], strict=True):
            kind, start, size = _content(data, offsets[key])
            name = data[start : start + size]
            if kind != 5 or start + size > table:
                return None
            kind, start, size = _content(data, offsets[value])
            if kind != 4 or start + size > table:
                return None
            found[name.decode("ascii")] = data[start : start + size]
    except (IndexError, ValueError):
        return None
    return found


def _content(data: bytes, at: int) -> tuple[int, int, int]:
    """Kind, start and length of an object; raises ValueError for lengths of more than 16 bits."""
    kind, length = divmod(data[at], 16)
    if length != 15:
        return kind, at + 1, length
    width = data[at + 1]
    if width == 0x10:
        return kind, at + 3, data[at + 2]
    if width == 0x11:
        return kind, at + 4, data[at + 2] << 8 | data[at + 3]
    raise ValueError
