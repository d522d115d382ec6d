"""Property lists and NSKeyedArchiver archives to plain Python values, within limits."""

from __future__ import annotations

import plistlib
from collections.abc import Mapping
from xml.parsers.expat import ExpatError

from recovery import limits
from recovery.errors import UnreadableArchiveError

Plain = None | bool | int | float | str | bytes | object
"""A plist value; dates come as naive datetimes meaning UTC (see clock.from_plist)."""

# What plistlib raises on bytes that are not a plist, measured by feeding it mutated real files.
_FOREIGN = (
    plistlib.InvalidFileException,
    ExpatError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
    MemoryError,
)


def load_plist(data: bytes, *, what: str = "property list", limit: int = limits.PLIST_BYTES) -> object:
    """Parse a binary or XML property list; raises UnreadableArchiveError for anything that is none."""
    if len(data) > limit:
        raise UnreadableArchiveError(f"The {what} has {len(data):,} bytes, more than any real one.")
    try:
        return plistlib.loads(data)
    except _FOREIGN as error:
        raise UnreadableArchiveError(f"The {what} is not a readable property list.") from error


def load_dictionary(
    data: bytes, *, what: str = "property list", limit: int = limits.PLIST_BYTES
) -> Mapping[str, object]:
    """Parse a property list whose top is a dictionary; raises UnreadableArchiveError otherwise."""
    value = load_plist(data, what=what, limit=limit)
    if not isinstance(value, dict):
        raise UnreadableArchiveError(f"The {what} is a {type(value).__name__}, not a dictionary.")
    if not all(isinstance(key, str) for key in value):
        raise UnreadableArchiveError(f"The {what} has a key that is no text.")
    return value


def whole_number(value: object) -> int | None:
    """A whole number of at most 64 bits; a property list can hold longer ones, which nobody can even print."""
    if isinstance(value, int) and value.bit_length() <= limits.WHOLE_NUMBER_BITS:
        return int(value)
    return None


def unarchive(data: bytes, *, what: str = "keyed archive", limit: int = limits.PLIST_BYTES) -> object:
    """Unfold an NSKeyedArchiver archive into dictionaries, lists and scalars.

    NSString, NSData, NSArray, NSSet, NSDictionary, NSDate and NSUUID become str, bytes, list, list, dict,
    datetime and bytes; any other object becomes a dictionary of its keys with its class name under "$class".
    Raises UnreadableArchiveError, also for cycles and for archives that unfold to more than the limits.
    """
    top = load_dictionary(data, what=what, limit=limit)
    objects, head = top.get("$objects"), top.get("$top")
    if top.get("$archiver") != "NSKeyedArchiver" or not isinstance(objects, list) or not isinstance(head, dict):
        raise UnreadableArchiveError(f"The {what} is a property list, but no keyed archive.")
    root = head.get("root", next(iter(head.values()), None))
    try:
        return _Unfolder(objects, what).value(root)
    except RecursionError as error:  # lists within lists, or a list that holds itself
        raise UnreadableArchiveError(f"The {what} nests too deeply.") from error


class _Unfolder:
    """Follows the references of one archive, counting what it unfolds."""

    def __init__(self, objects: list[object], what: str) -> None:
        self.objects = objects
        self.what = what
        self.left = limits.ARCHIVE_VALUES
        self.path: list[int] = []

    def value(self, item: object) -> object:
        self.left -= 1
        if self.left < 0:
            raise UnreadableArchiveError(f"The {self.what} unfolds to more values than any real one.")
        if isinstance(item, plistlib.UID):
            return self._referred(item.data)
        if isinstance(item, list):
            return [self.value(member) for member in item]
        if isinstance(item, dict):
            return self._object(item)
        return item

    def _referred(self, index: int) -> object:
        if index in self.path or len(self.path) >= limits.ARCHIVE_DEPTH:
            raise UnreadableArchiveError(f"The {self.what} refers to itself or nests too deeply.")
        if not 0 <= index < len(self.objects):
            raise UnreadableArchiveError(f"The {self.what} refers to an object that it does not hold.")
        item = self.objects[index]
        if item == "$null":
            return None
        self.path.append(index)
        try:
            return self.value(item)
        finally:
            self.path.pop()

    def _class_name(self, item: Mapping[str, object]) -> str:
        reference = item.get("$class")
        if isinstance(reference, plistlib.UID) and 0 <= reference.data < len(self.objects):
            described = self.objects[reference.data]
            if isinstance(described, dict) and isinstance(described.get("$classname"), str):
                return str(described["$classname"])
        return ""

    def _object(self, item: Mapping[str, object]) -> object:
        if "NS.keys" in item and "NS.objects" in item:
            keys, values = self.value(item["NS.keys"]), self.value(item["NS.objects"])
            if isinstance(keys, list) and isinstance(values, list):
                return {_hashable(key): value for key, value in zip(keys, values, strict=False)}
        for single in ("NS.objects", "NS.string", "NS.data", "NS.bytes", "NS.uuidbytes"):
            if single in item:
                return self.value(item[single])
        if "NS.time" in item:
            return item["NS.time"]
        unfolded: dict[str, object] = {
            key: self.value(member) for key, member in item.items() if isinstance(key, str) and key != "$class"
        }
        if name := self._class_name(item):
            unfolded["$class"] = name
        return unfolded


def _hashable(key: object) -> object:
    return key if isinstance(key, str | int | bytes | float) else type(key).__name__
