"""Facts and the columns a database really has become one SELECT and the list of facts it cannot answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from recovery import clock, limits
from recovery.database import Database, quoted
from recovery.photos_db.library_fields import TABLES, ColumnCandidate, Field, FieldType, Join, TableRole


@dataclass(frozen=True, slots=True)
class Resolved:
    """A SELECT whose columns are named as the facts; `sources` gives each fact's `TABLE.COLUMN` places."""

    sql: str
    table: str
    sources: dict[str, tuple[str, ...]]
    absent: tuple[Field, ...]


def table_of(database: Database, role: TableRole) -> str | None:
    """The name a role's table has in this database, None when it has none."""
    return database.table_in_use(TABLES[role])


def resolve(database: Database, facts: Iterable[Field], base: TableRole, joins: Iterable[Join] = ()) -> Resolved | None:
    """Build the SELECT; None when the base table is missing. A fact without a home is selected as NULL.

    Where a join gives several rows for one of the base table, the preferred one comes first.
    """
    base_table = table_of(database, base)
    if base_table is None:
        return None
    tables = {base: base_table}
    clauses = [f"FROM {quoted(base_table)} AS {base}"]
    order = [f"{base}.Z_PK"]
    for join in joins:
        condition = _condition(database, join, tables)
        if condition is not None:
            tables[join.role], on = condition
            clauses.append(f"LEFT JOIN {quoted(tables[join.role])} AS {join.role} ON {on}")
            order.extend(_preference(database, join, tables))
    columns: list[str] = []
    sources: dict[str, tuple[str, ...]] = {}
    absent: list[Field] = []
    for fact in facts:
        homes = [home for home in fact.homes if _exists(database, tables, home)]
        sources[fact.name] = tuple(f"{tables[home.role]}.{home.column}" for home in homes)
        if not homes:
            absent.append(fact)
        columns.append(f"{_expression(homes)} AS {fact.name}")
    sql = f"SELECT {', '.join(columns)} {' '.join(clauses)} ORDER BY {', '.join(order)}"
    return Resolved(sql, base_table, sources, tuple(absent))


def _condition(database: Database, join: Join, tables: dict[TableRole, str]) -> tuple[str, str] | None:
    table = table_of(database, join.role)
    if table is None or join.on not in tables:
        return None
    for own, other in join.pairs:
        if own in database.columns(table) and other in database.columns(tables[join.on]):
            return table, f"{join.role}.{quoted(own)} = {join.on}.{quoted(other)}"
    return None


def _preference(database: Database, join: Join, tables: dict[TableRole, str]) -> Iterator[str]:
    own, other = join.preferred or ("", "")
    if own in database.columns(tables[join.role]) and other in database.columns(tables[join.on]):
        yield f"{join.role}.{quoted(own)} IS {join.on}.{quoted(other)} DESC"


def _exists(database: Database, tables: dict[TableRole, str], home: ColumnCandidate) -> bool:
    return home.role in tables and home.column in database.columns(tables[home.role])


def _expression(homes: list[ColumnCandidate]) -> str:
    places = [f"{home.role}.{quoted(home.column)}" for home in homes]
    if not places:
        return "NULL"
    return places[0] if len(places) == 1 else f"COALESCE({', '.join(places)})"


def _text(value: object) -> str | None:
    return value[: limits.CELL_CHARACTERS] if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _truth(value: object) -> int | None:
    return int(bool(value)) if isinstance(value, int) else None


_CELLS: dict[FieldType, Callable[[object], object]] = {
    FieldType.TEXT: _text,
    FieldType.WHOLE: _whole,
    FieldType.REAL: _real,
    FieldType.MOMENT: _real,
    FieldType.TRUTH: _truth,
}
"""How each form is kept; a value of another type than the fact's is treated as absent."""
# Types that a form keeps as they are; the others are looked at for infinity.
_AS_IT_IS: dict[FieldType, frozenset[type]] = {
    FieldType.TEXT: frozenset((str, type(None))),
    FieldType.WHOLE: frozenset((int, type(None))),
}
_NOTHING = frozenset((type(None),))
_MADE: dict[FieldType, Callable[[Any], object]] = {FieldType.MOMENT: clock.from_cocoa, FieldType.TRUTH: bool}


def cells(facts: Iterable[Field], rows: Sequence[Sequence[object]]) -> Iterator[tuple[Any, ...]]:
    """The cells of some rows in the order of the facts as the working database keeps them: times still as stored.

    It works by columns: one whose values all have the expected type is passed on as it is.
    """
    columns = zip(*rows, strict=True)
    return zip(*(_column(fact.form, column) for fact, column in zip(facts, columns, strict=True)), strict=True)


def values(facts: Iterable[Field], rows: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """The values of some rows that `cells` gave, each in its form."""
    columns = zip(*rows, strict=True)
    return zip(*(_made(fact.form, column) for fact, column in zip(facts, columns, strict=True)), strict=True)


def _column(form: FieldType, column: Sequence[object]) -> Sequence[object]:
    if set(map(type, column)) <= _AS_IT_IS.get(form, _NOTHING):
        return column
    reader = _CELLS[form]
    return [None if value is None else reader(value) for value in column]


def _made(form: FieldType, column: Sequence[Any]) -> Sequence[object]:
    make = _MADE.get(form)
    return column if make is None else [None if value is None else make(value) for value in column]
