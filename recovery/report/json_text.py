"""Findings straight to JSON text: what `json.dumps` makes of their plain values, without the values in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache, lru_cache
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any, NamedTuple

from recovery.analysis.model import FieldSources
from recovery.clock import to_text
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
    bool: {False: "false", True: "true"}.__getitem__,
    int: int.__repr__,
    float: lambda value: float.__repr__(value) if math.isfinite(value) else "null",
    datetime: lambda value: f'"{to_text(value)}"',
    tuple: lambda value: array_text(map(value_text, value)) if value else "[]",
    list: lambda value: array_text(map(value_text, value)),
})  # fmt: skip


def record_text(record: DataclassInstance) -> str:
    """A record of values and other records."""
    names, template = _form(type(record))
    return template % tuple([value_text(getattr(record, name)) for name in names])


@cache
def _form(kind: type[DataclassInstance]) -> tuple[tuple[str, ...], str]:
    names = tuple(item.name for item in fields(kind))
    return names, "{" + ", ".join(f'"{name}": %s' for name in names) + "}"


def source_text(source: Source) -> str:
    """The place a value was read from."""
    return f"{_place(source.store, source.place)}{'null' if source.row is None else source.row}}}"


@lru_cache(maxsize=10_000)
def _place(store: str, place: str) -> str:
    return f'{{"store": {value_text(store)}, "place": {value_text(place)}, "row": '


def sources_text(sources: Iterable[tuple[str, Source]]) -> str:
    """Where the fields of an asset were read; what most assets share is rendered once."""
    if isinstance(sources, FieldSources):
        known = _RENDERED.get(id(sources.entries))
        if known is None or known.entries is not sources.entries or known.store != sources.store:
            known = _render(sources)
        if known.cuts:
            return ("null" if sources.row is None else str(sources.row)).join(known.cuts)
    parts = [f"{_quoted(name)}: {source_text(source)}" for name, source in dict(sources).items()]
    return f"{{{', '.join(parts)}}}"


_Entries = tuple[tuple[str, str | Source], ...]


class _Rendered(NamedTuple):
    """The text of entries, cut where the number of the row belongs; none where a source has a row of its own."""

    store: str
    entries: _Entries
    cuts: tuple[str, ...]


_RENDERED: dict[int, _Rendered] = {}
"""By identity of the entries, which lasts as long as they are kept here: their hash would cost more."""
_MOST_RENDERED = 1_000


def _render(sources: FieldSources) -> _Rendered:
    store, entries = sources.store, sources.entries
    shared = all(isinstance(found, str) for _, found in entries)
    if len(_RENDERED) >= _MOST_RENDERED:
        _RENDERED.clear()
    _RENDERED[id(entries)] = new = _Rendered(store, entries, _between(store, entries) if shared else ())
    return new


@lru_cache(maxsize=10_000)
def _between(store: str, entries: _Entries) -> tuple[str, ...]:
    cut = "\0"  # in no JSON text: it would be written as an escape
    parts = [f"{_quoted(name)}: {_place(store, str(found))}{cut}}}" for name, found in entries]
    return tuple(f"{{{', '.join(parts)}}}".split(cut))
