"""Core Data's copy of the model inside the library (`Z_MODELCACHE`): what names the columns of the history.

The cell is raw deflate around a keyed archive of an `NSManagedObjectModel` [M: eleven macOS libraries, models
13537 to 19063]. The archive refers to itself everywhere, so it is read by following single references.
"""

from __future__ import annotations

import plistlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from recovery import limits
from recovery.database import Database, quoted
from recovery.errors import UnreadableArchiveError, UnreadableError
from recovery.formats.property_list import load_dictionary
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap

TABLE = "Z_MODELCACHE"
COLUMN = "Z_CONTENT"

# NSFlagsKey bit of an attribute whose value a delete keeps in ZTOMBSTONEn.
_KEPT_IN_TOMBSTONE = 16

_RELATIONSHIP = "NSRelationshipDescription"
_ATTRIBUTES = ("NSAttributeDescription", "NSDerivedAttributeDescription")
# In a store that was never migrated, what an entity inherits stands there as a reference [M: models 13537, 13703].
_INHERITED = "_NSPropertyDescriptionProxy"
# Core Data's own columns of every table.
_ROW_COLUMNS = ("Z_PK", "Z_ENT", "Z_OPT")


@dataclass(frozen=True, slots=True)
class EntityModel:
    """One entity of the model: the kept attributes and the properties by kind, each in alphabetical order."""

    name: str
    tombstones: tuple[str, ...]
    """Attributes whose last value a delete keeps, in the order of ZTOMBSTONE0, 1, 2…"""
    to_one: tuple[str, ...]
    attributes: tuple[str, ...]
    """Derived attributes included."""
    to_many: tuple[str, ...]

    def changed_bits(self, columns: Sequence[str]) -> tuple[str | None, ...]:
        """What each bit of ZCOLUMNS stands for, most significant bit first; `columns` are those of the table.

        To-one relationships, one nameless slot per helper column (Z_FOK_…, Z34_…: columns that are no property),
        then the attributes that have a column, then to-many relationships [M: row differences across write-ahead
        log commits, see docs/history.md]. To-many bits stay nameless: a migration renumbers them.
        """
        stored = {column.upper() for column in columns}
        attributes = tuple(name for name in self.attributes if _column(name) in stored)
        own = {_column(name) for name in (*self.to_one, *attributes)} | set(_ROW_COLUMNS)
        helpers = (None,) * len(stored - own)
        return (*self.to_one, *helpers, *attributes, *(None for _ in self.to_many))


def decode_changed(bits: Sequence[str | None], bitmap: object) -> tuple[str, ...] | None:
    """Names of the properties a ZCOLUMNS bitmap marks as changed; None where its length does not fit the model."""
    if not isinstance(bitmap, bytes) or not bits or len(bitmap) != (len(bits) + 7) // 8:
        return None
    marked = (bits[index] for index in range(len(bits)) if bitmap[index // 8] & (0x80 >> index % 8))
    return tuple(name for name in marked if name is not None)


def _column(name: str) -> str:
    return "Z" + name.upper()


def read_entity(database: Database, name: str) -> EntityModel | Gap:
    """The model of one entity, or the gap that says why the library does not tell it."""
    if COLUMN not in database.columns(TABLE):
        return _gap(database, GapReason.NO_SUCH_THING, f"column {TABLE}.{COLUMN}", fault=False)
    try:
        rows = database.rows(f"SELECT {quoted(COLUMN)} FROM {quoted(TABLE)} LIMIT 1")
        row = next(rows, None)
        if row is None:
            return _gap(database, GapReason.TABLE_EMPTY, fault=False)
        return parse_entity(row[0], name)
    except UnreadableError as error:
        return _gap(database, GapReason.UNREADABLE, str(error), fault=True)


def parse_entity(content: object, name: str) -> EntityModel:
    """Find one entity in the cell of the model cache; raises UnreadableArchiveError."""
    if not isinstance(content, bytes):
        raise UnreadableArchiveError("The model cache holds no bytes.")
    archive = load_dictionary(_inflate(content), what="model cache", limit=limits.MODEL_CACHE_BYTES)
    objects = archive.get("$objects")
    if not isinstance(objects, list):
        raise UnreadableArchiveError("The model cache is no keyed archive.")
    graph = _Objects(objects)
    for item in objects:
        if graph.class_name(item) == "NSEntityDescription" and graph.text(item, "NSEntityName") == name:
            return _entity(graph, item, name)
    raise UnreadableArchiveError(f"The model cache describes no entity {name}.")


def _inflate(content: bytes) -> bytes:
    inflater = zlib.decompressobj(-15)
    try:
        data = inflater.decompress(content, limits.MODEL_CACHE_BYTES)
    except zlib.error as error:
        raise UnreadableArchiveError("The model cache is not deflated data.") from error
    if inflater.unconsumed_tail:
        raise UnreadableArchiveError("The model cache unfolds to more bytes than any real one.")
    return data


class _Objects:
    """The flat object list of a keyed archive, followed one reference at a time."""

    def __init__(self, objects: Sequence[object]) -> None:
        self._objects = objects

    def follow(self, item: object) -> object:
        if not isinstance(item, plistlib.UID):
            return item
        return self._objects[item.data] if item.data < len(self._objects) else None

    def member(self, item: object, key: str) -> object:
        return self.follow(item.get(key)) if isinstance(item, Mapping) else None

    def text(self, item: object, key: str) -> str:
        value = self.member(item, key)
        if isinstance(value, Mapping):  # an NSMutableString
            value = self.member(value, "NS.string")
        return value if isinstance(value, str) and value != "$null" else ""

    def number(self, item: object, key: str) -> int:
        value = self.member(item, key)
        return value if isinstance(value, int) else 0

    def class_name(self, item: object) -> str:
        return self.text(self.member(item, "$class"), "$classname")

    def values(self, item: object, key: str) -> Iterator[object]:
        members = self.member(self.member(item, key), "NS.objects")
        if isinstance(members, list):
            for member in members[: limits.MODEL_PROPERTIES]:
                yield self.follow(member)


def _entity(graph: _Objects, entity: object, name: str) -> EntityModel:
    to_one, attributes, to_many, kept = set[str](), set[str](), set[str](), set[str]()
    for stored in graph.values(entity, "NSProperties"):
        inherited = graph.class_name(stored) == _INHERITED
        item = graph.member(stored, "NSUnderlyingProperty") if inherited else stored
        kind, label = graph.class_name(item), graph.text(item, "NSPropertyName")
        if kind == _RELATIONSHIP:
            (to_one if graph.number(item, "NSMaxCount") == 1 else to_many).add(label)
        elif kind in _ATTRIBUTES:
            attributes.add(label)
            if graph.number(item, "NSFlagsKey") & _KEPT_IN_TOMBSTONE:
                kept.add(label)
    return EntityModel(
        name=name,
        tombstones=tuple(sorted(kept)),
        to_one=tuple(sorted(to_one)),
        attributes=tuple(sorted(attributes)),
        to_many=tuple(sorted(to_many)),
    )


def _gap(database: Database, why: GapReason, *values: str, fault: bool) -> Gap:
    return Gap(
        what=GapSubject.MODEL_CACHE,
        where=f"{database.store} {TABLE}",
        why=why,
        hides=("names of tombstone columns", "names of changed columns"),
        fault=fault,
        values=values,
    )
