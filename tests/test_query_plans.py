"""The working database answers with its indexes: no statement walks a table once for each row of another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from recovery.analysis.find import find
from recovery.case import gather, store
from tests.conftest import DemoTwins
from tests.scanning import view_of

LARGE = ("SCAN asset", "SCAN resource", "SCAN file", "SCAN half")
EXPLAINABLE = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
MOST_PARAMETERS = 100


@pytest.mark.parametrize("only_facetime", [False, True])
def test_no_table_is_walked_once_for_each_row(
    demo_twins: DemoTwins, monkeypatch: pytest.MonkeyPatch, only_facetime: bool
) -> None:
    """60,000 photos took minutes where one subquery had no index to use."""
    plans: dict[str, list[str]] = {}

    class Explained(sqlite3.Connection):
        """A connection that explains each statement before it runs, so with the indexes there are at that time."""

        def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
            self._explain(sql)
            return super().execute(sql, *more)

        def executemany(self, sql: str, *more: Any) -> sqlite3.Cursor:
            self._explain(sql)
            return super().executemany(sql, *more)

        def _explain(self, sql: str) -> None:
            if sql not in plans and sql.lstrip().upper().startswith(EXPLAINABLE):
                plans[sql] = list(_walked_again(self._plan(sql)))

        def _plan(self, sql: str) -> list[tuple[int, int, int, str]]:
            """SQLite's plan; it wants as many parameters as the statement has, whatever they are."""
            for number in range(MOST_PARAMETERS):
                try:
                    return super().execute(f"EXPLAIN QUERY PLAN {sql}", (None,) * number).fetchall()
                except sqlite3.ProgrammingError:
                    continue
            raise AssertionError(sql)

    def connect(path: str, **options: Any) -> sqlite3.Connection:
        return Explained(path, **options)

    with view_of(demo_twins.plain, None) as view:
        monkeypatch.setattr(store.sqlite3, "connect", connect)
        find(gather(view, only_facetime=only_facetime))
    assert any("FROM file" in sql for sql in plans) and any("INSERT INTO file" in sql for sql in plans)
    assert {sql: plan for sql, plan in plans.items() if plan} == {}


def _walked_again(plan: list[tuple[int, int, int, str]]) -> Iterator[str]:
    """Steps that walk a whole large table inside another loop or inside a correlated subquery."""
    repeated: set[int] = set()
    loops: set[int] = set()
    for number, parent, _, detail in plan:
        if "CORRELATED" in detail or parent in repeated:
            repeated.add(number)
        if detail.startswith(("SCAN", "SEARCH")):
            if detail.startswith(LARGE) and (parent in repeated or parent in loops):
                yield detail
            loops.add(parent)
