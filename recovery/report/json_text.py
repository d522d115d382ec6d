"""Findings straight to JSON text: what `json.dumps` makes of their plain values, without the values in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from functools import cache, lru_cache
from json.encoder import encode_basestring_ascii
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
    write = _BY_TYPE.get(type(value))
    return write(value) if write is not None else _rarer(value)


def _string(value: str) -> str:
    return _quoted(value if value.isascii() else valid_unicode(value))


_BY_TYPE: dict[type, Callable[[Any], str]] = {
    str: _string,
    type(None): lambda value: "null",
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    float: lambda value: float.__repr__(value) if math.isfinite(value) else "null",
    datetime: lambda value: f'"{to_text(value)}"',
    tuple: lambda value: array_text(map(value_text, value)),
}


def _rarer(value: object) -> str:
    if isinstance(value, StrEnum):
        return _word(value)
    if isinstance(value, list):
        return array_text(map(value_text, value))
    raise TypeError(f"a {type(value).__name__} has no form in JSON")


@cache
def _word(value: StrEnum) -> str:
    return _quoted(value.value)


def array_text(items: Iterable[str]) -> str:
    """Texts as a JSON array."""
    return f"[{', '.join(items)}]"


@cache
def heads(kind: type[DataclassInstance]) -> tuple[tuple[str, str], ...]:
    """The names of a record's fields, bare and as JSON has them in front of a value."""
    return tuple((item.name, f'"{item.name}": ') for item in fields(kind))


def record_text(record: DataclassInstance, more: str = "") -> str:
    """A record of plain values; `more` is put behind its fields."""
    parts = [head + value_text(getattr(record, name)) for name, head in heads(type(record))]
    return f"{{{', '.join(parts)}{more}}}"


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
