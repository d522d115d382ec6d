"""Findings straight to JSON text: what `json.dumps` makes of their plain values, without the values in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache, lru_cache
from json.encoder import encode_basestring_ascii
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from recovery.clock import to_text
from recovery.findings.model import FieldSources
from recovery.provenance import Source
from recovery.report.safe_text import valid_unicode

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_quoted: Callable[[str], str] = encode_basestring_ascii


def value_text(value: object) -> str:
    """A field's value: times as text, no lone surrogate, no number that is not finite."""
    return _WRITERS[type(value)](value)


def string_text(value: str) -> str:
    """A text, no lone surrogate in it."""
    return _quoted(value if value.isascii() else valid_unicode(value))


class _Writers(dict[type, Callable[[Any], str]]):
    """What writes a value of each type; an enumerated word is the text it stands for."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        if issubclass(kind, StrEnum):
            found: Callable[[Any], str] = _quoted
        elif is_dataclass(kind):
            found = record_text
        else:
            raise TypeError(f"a {kind.__name__} has no form in JSON")
        self[kind] = found
        return found


def array_text(items: Iterable[str]) -> str:
    """Texts as a JSON array."""
    return f"[{', '.join(items)}]"


_WRITERS = _Writers({
    str: string_text,
    type(None): lambda value: "null",
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    float: lambda value: float.__repr__(value) if math.isfinite(value) else "null",
    datetime: lambda value: f'"{to_text(value)}"',
    tuple: lambda value: array_text(map(value_text, value)) if value else "[]",
    list: lambda value: array_text(map(value_text, value)),
})  # fmt: skip


class RecordWriter:
    """Writes records of one kind; fields named as `left` to the caller get the texts it gives, in their order."""

    def __init__(self, kind: type[DataclassInstance], left: Collection[str] = ()) -> None:
        names = [item.name for item in fields(kind)]
        self._values = attrgetter(*(name for name in names if name not in left))
        self._template = "{" + ", ".join(f'"{name}": %s' for name in names) + "}"
        self._left = [index for index, name in enumerate(names) if name in left]

    def text(self, record: object, *given: str) -> str:
        """The record as JSON text."""
        texts = [_WRITERS[type(value)](value) for value in self._values(record)]
        for index, text in zip(self._left, given, strict=True):
            texts.insert(index, text)
        return self._template % tuple(texts)


@cache
def _writer(kind: type[DataclassInstance]) -> RecordWriter:
    return RecordWriter(kind)


def record_text(record: DataclassInstance) -> str:
    """A record of values and other records."""
    return _writer(type(record)).text(record)


def source_text(source: Source) -> str:
    """The place a value was read from."""
    return f"{_place(source.store, source.place)}{'null' if source.row is None else source.row}}}"


@lru_cache(maxsize=10_000)
def _place(store: str, place: str) -> str:
    return f'{{"store": {value_text(store)}, "place": {value_text(place)}, "row": '


def sources_text(sources: Iterable[tuple[str, Source]]) -> str:
    """Where the fields of an asset were read; what most assets share is rendered once."""
    if isinstance(sources, FieldSources) and all(isinstance(found, str) for _, found in sources.entries):
        row = "null" if sources.row is None else str(sources.row)
        return row.join(_between(sources.store, sources.entries))
    parts = [f"{_quoted(name)}: {source_text(source)}" for name, source in dict(sources).items()]
    return f"{{{', '.join(parts)}}}"


@lru_cache(maxsize=10_000)
def _between(store: str, entries: tuple[tuple[str, str | Source], ...]) -> tuple[str, ...]:
    """The text of sources, cut where the number of the row belongs."""
    cut = "\0"  # in no JSON text: it would be written as an escape
    parts = [f"{_quoted(name)}: {_place(store, str(found))}{cut}}}" for name, found in entries]
    return tuple(f"{{{', '.join(parts)}}}".split(cut))
