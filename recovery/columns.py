"""Records as bytes and back, by column: many records of one kind become a list of each of their fields.

What all of them share is written once, a field that holds records is again so many columns, and records are made
again without a call for each; the lists are pickled. A pickle is safe where one process and its copies alone write
and read it: nothing that comes from a backup may ever be read by this.
"""

from __future__ import annotations

import io
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import chain, islice, repeat
from operator import attrgetter, is_, methodcaller
from typing import Any

_NONE = type(None)


def to_bytes(records: Sequence[Any]) -> bytes:
    """Any records: named tuples, dataclasses, tuples of these, or plain values."""
    how, *parts = _column(records, shared=False)
    if how == _RECORDS and issubclass(parts[0], tuple):
        apart = [column if column[0] == _ALL_THE_SAME else _pickled(column) for column in parts[1]]
        return _pickled((len(records), (_APART, parts[0], apart)))
    return _pickled((len(records), (how, *parts)))


def from_bytes(data: bytes) -> list[Any]:
    """The records of `to_bytes`: equal ones, and those that were one object are mostly one again."""
    number, column = pickle.loads(data)
    return list(_values(column, number))


def fields_from_bytes(data: bytes, names: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    """Of each record only some fields, two or more; where records are named tuples nothing else is made."""
    number, (how, *parts) = pickle.loads(data)
    if how != _APART:
        return map(attrgetter(*names), _values((how, *parts), number))
    kind, columns = parts
    return zip(*(_values(_whole(columns[kind._fields.index(name)]), number) for name in names), strict=True)


def _pickled(value: object) -> bytes:
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCTIONS
    pickler.dump(value)
    return stream.getvalue()


# A column as it is pickled: what it is, and what that needs.
_ALL_THE_SAME, _PLAIN, _TIMES, _RECORDS, _TUPLES, _LISTS, _SOME, _APART = range(8)
_Column = tuple[Any, ...]
_ZONE = attrgetter("tzinfo")
_MADE_OF: Any = datetime  # of the bytes that it gives a pickle


def _column(values: Sequence[Any], shared: bool = True) -> _Column:
    """One column; `shared` where several of its values may be one object."""
    first = values[0]
    if first is values[-1] and all(map(is_, values, repeat(first))):
        return _ALL_THE_SAME, first
    kinds = set(map(type, values))
    if kinds == {str} and values.count(first) == len(values):
        return _ALL_THE_SAME, first
    if kinds == {datetime} and all(map(is_, map(_ZONE, values), repeat(UTC))):
        return _TIMES, [value.__reduce_ex__(pickle.HIGHEST_PROTOCOL)[1][0] for value in values]
    if not any(_is_record(kind) for kind in kinds):
        return _PLAIN, values
    if shared and len(set(map(id, values))) * 2 < len(values):
        return _PLAIN, values  # a pickle tells objects that it met
    if len(kinds) == 1:
        return _records(kinds.pop(), values)
    if len(kinds) == 2 and _NONE in kinds:
        there = bytes(value is not None for value in values)
        return _SOME, there, _column([value for value in values if value is not None])
    return _PLAIN, values


def _records(kind: Any, values: Sequence[Any]) -> _Column:
    """A column of records of one kind."""
    if kind is tuple:
        items = tuple(chain.from_iterable(values))
        kinds = set(map(type, items))
        if tuple not in kinds and [_is_record(kind) for kind in kinds] == [True]:
            return _LISTS, list(map(len, values)), _column(items)
        if len(set(map(len, values))) > 1 or not items:
            return _PLAIN, values
        columns: Iterable[Sequence[Any]] = zip(*values, strict=True)
    elif issubclass(kind, tuple):
        columns = zip(*values, strict=True)
    else:
        columns = zip(*map(_taker(kind), values), strict=True)
    packed = [_column(column) for column in columns]
    return (_TUPLES, packed) if kind is tuple else (_RECORDS, kind, packed)


def _whole(column: _Column | bytes) -> _Column:
    """A column, pickled by itself or not."""
    return pickle.loads(column) if isinstance(column, bytes) else column


def _values(column: _Column, number: int) -> Iterable[Any]:
    """The values of a column of so many."""
    how, *parts = column
    if how == _PLAIN:
        return parts[0]  # type: ignore[no-any-return]
    if how == _ALL_THE_SAME:
        return repeat(parts[0], number)
    if how == _TIMES:
        return map(_MADE_OF, parts[0], repeat(UTC))
    if how == _SOME:
        those = iter(_values(parts[1], sum(parts[0])))
        return [next(those) if there else None for there in parts[0]]
    if how == _LISTS:
        items = iter(_values(parts[1], sum(parts[0])))
        return [tuple(islice(items, length)) for length in parts[0]]
    columns = [_values(_whole(part), number) for part in parts[-1]]
    if how == _TUPLES:
        return zip(*columns, strict=True)
    kind = parts[0]
    if issubclass(kind, tuple):
        return map(tuple.__new__, repeat(kind), zip(*columns, strict=True))
    return _made(kind, columns, number)


def _made(kind: type, columns: Sequence[Iterable[Any]], number: int) -> list[Any]:
    """Dataclasses filled field by field: a frozen one's own way sets the same, at twice the cost."""
    made: list[Any] = list(map(object.__new__, repeat(kind, number)))
    for fill, column in zip(_fillers(kind), columns, strict=True):
        deque(map(fill, made, column), maxlen=0)
    return made


@cache
def _is_record(kind: Any) -> bool:
    """Whether a value of this type is taken apart: a tuple, or a dataclass with slots."""
    if issubclass(kind, tuple):
        return kind is tuple or bool(getattr(kind, "_fields", ()))
    return is_dataclass(kind) and "__slots__" in vars(kind) and len(fields(kind)) > 1


@cache
def _taker(kind: type) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*_names(kind))


@cache
def _fillers(kind: type) -> tuple[Callable[[Any, Any], None], ...]:
    return tuple(getattr(kind, name).__set__ for name in _names(kind))


def _names(kind: Any) -> list[str]:
    return [item.name for item in fields(kind)]


class _Reductions(dict[type, Callable[[Any], tuple[Any, ...]]]):
    """How records are taken apart, found out when the first of a kind is met."""

    def __missing__(self, kind: type) -> Callable[[Any], tuple[Any, ...]]:
        if issubclass(kind, tuple):
            self[kind] = lambda record: (_named, (kind, tuple(record)))
            return self[kind]
        if issubclass(kind, type):
            raise KeyError(kind)  # a class is written by its name
        if not is_dataclass(kind):
            self[kind] = methodcaller("__reduce_ex__", pickle.HIGHEST_PROTOCOL)
            return self[kind]
        names = [item.name for item in fields(kind)]
        values = attrgetter(*names)
        one = len(names) == 1
        self[kind] = lambda record: (kind, (values(record),) if one else values(record))
        return self[kind]


def _named(kind: type[tuple[Any, ...]], values: tuple[Any, ...]) -> tuple[Any, ...]:
    """A named tuple of these values."""
    return tuple.__new__(kind, values)


_REDUCTIONS = _Reductions()
