"""The working database answers with its indexes: no statement walks a table once for each row of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from recovery.analysis.find import find
from recovery.case import gather
from recovery.case.store import WorkingDatabase
from tests.conftest import DemoTwins
from tests.scanning import view_of

LARGE = ("SCAN asset", "SCAN resource", "SCAN file", "SCAN half")


@pytest.mark.parametrize("only_facetime", [False, True])
def test_no_table_is_walked_once_for_each_row(
    demo_twins: DemoTwins, monkeypatch: pytest.MonkeyPatch, only_facetime: bool
) -> None:
    """60,000 photos took minutes where one subquery had no index to use."""
    plans: dict[str, list[str]] = {}

    def explain(store: WorkingDatabase, sql: str, parameters: Sequence[object]) -> None:
        if sql.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "WITH", "DELETE")):
            plans[sql] = list(_walked_again(store.connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)))

    run, change = WorkingDatabase.run, WorkingDatabase.change

    def explained_run(store: WorkingDatabase, sql: str, parameters: Sequence[object] = ()) -> Iterator[Any]:
        explain(store, sql, parameters)
        return run(store, sql, parameters)

    def explained_change(store: WorkingDatabase, sql: str, parameters: Sequence[object] = ()) -> int:
        explain(store, sql, parameters)
        return change(store, sql, parameters)

    monkeypatch.setattr(WorkingDatabase, "run", explained_run)
    monkeypatch.setattr(WorkingDatabase, "change", explained_change)
    with view_of(demo_twins.plain, None) as view:
        find(gather(view, only_facetime=only_facetime))
    assert len(plans) > 10
    assert {sql: plan for sql, plan in plans.items() if plan} == {}


def _walked_again(plan: Iterator[tuple[int, int, int, str]]) -> Iterator[str]:
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
