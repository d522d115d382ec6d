"""Read the archives of manifest rows: a fast road for the shapes that repeat, the general one for all others.

A phone writes one row for each file, and all rows of one shape have the same bytes but for a few values. A `Shape`
knows where those values stand. It is learnt from an archive that the general reader has read, and holds only for
archives whose every other byte is the same, so both roads give the same values (docs/decisions/0005-speed.md).
"""

from __future__ import annotations

import plistlib
import struct
from collections.abc import Mapping
from itertools import pairwise

from recovery import limits
from recovery.errors import UnreadableArchiveError
from recovery.formats import property_list as archives
from recovery.source.shapes import VALUES, Shape, frame_of, learn

_TRAILER = struct.Struct(">6xBBQQQ")
_HEAD = b"bplist00"


class RecordReader:
    """Reads MBFile archives; remembers the shapes it has met, up to a limit."""

    def __init__(self) -> None:
        self._shapes: dict[bytes, Shape] = {}
        self._layouts: dict[bytes, _Layout] = {}

    def read(self, archive: bytes) -> tuple[object, ...]:
        """What `read_record` gives for each of `VALUES`, in their order; raises UnreadableArchiveError."""
        frame = frame_of(archive)
        if frame is None:
            return _in_use(read_record(archive))
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
        return _in_use(record)

    def attributes(self, data: bytes) -> Mapping[str, bytes]:
        """A property list of names to bytes, values of other kinds left out; raises UnreadableArchiveError."""
        frame = frame_of(data)
        known = self._layouts.get(frame) if frame is not None else None
        if known is not None and known.fits(data):
            return known.values(data)
        layout = _layout(data)
        if layout is None:
            return _general(data)
        if known is None and frame is not None and len(self._layouts) < limits.MANIFEST_SHAPES:
            self._layouts[frame] = layout
        return layout.values(data)


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


def _in_use(record: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(map(record.get, VALUES))


def _general(data: bytes) -> Mapping[str, bytes]:
    stored = archives.load_dictionary(data, what="extended attributes", limit=limits.MBFILE_BYTES)
    return {name: value for name, value in stored.items() if isinstance(value, bytes)}


class _Layout:
    """Where the values of a flat property list stand, and, where that is certain, what all its other bytes are."""

    __slots__ = ("_fixed", "_names", "_places", "_rest")

    def __init__(self, data: bytes, values: dict[str, slice], read: list[slice]) -> None:
        self._names = tuple(values)
        self._places = tuple(values.values())
        spans = sorted({(place.start, place.stop) for place in self._places})
        # A value that shares bytes with anything that was read is no mere value.
        apart = all(end <= begin for (_, end), (begin, _) in pairwise(spans)) and not any(
            start < other.stop and other.start < end for start, end in spans for other in read
        )
        bounds = [0, *(bound for span in spans for bound in span), len(data)]
        self._rest = [slice(start, end) for start, end in zip(bounds[::2], bounds[1::2], strict=True)]
        self._fixed = self._other(data) if apart else None

    def _other(self, data: bytes) -> list[bytes]:
        return [data[part] for part in self._rest]

    def fits(self, data: bytes) -> bool:
        """Whether a property list of the same frame has its values in the same places under the same names."""
        return self._fixed is not None and self._other(data) == self._fixed

    def values(self, data: bytes) -> Mapping[str, bytes]:
        """The values by their names."""
        return dict(zip(self._names, map(data.__getitem__, self._places), strict=True))


def _layout(data: bytes) -> _Layout | None:
    """The layout of a binary property list that is one dictionary of ASCII names to bytes; None for any other."""
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
        found: dict[str, slice] = {}
        read = [slice(offsets[top], at + 2 * length), slice(table, len(data))]
        for key, value in zip(references[:length], references[length:], strict=True):
            kind, start, size = _content(data, offsets[key])
            name = data[start : start + size]
            if kind != 5 or start + size > table:
                return None
            read.append(slice(offsets[key], start + size))
            kind, start, size = _content(data, offsets[value])
            if kind != 4 or start + size > table:
                return None
            read.append(slice(offsets[value], start))
            found[name.decode("ascii")] = slice(start, start + size)
    except (IndexError, ValueError):
        return None
    return _Layout(data, found, read)


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
