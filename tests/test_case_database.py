"""`scan --format sqlite`: a database that plain sqlite3 opens, with everything the inventory has."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.conftest import DemoTwins
from tests.every_command import inside

DOCS = Path(__file__).parents[1] / "docs" / "sqlite.md"


def test_it_holds_what_the_inventory_holds(
    demo_twins: DemoTwins, untouched: Callable[[Path], None], tmp_path: Path
) -> None:
    """Each asset, file, loose end, cause and gap is there; sources lead to the column; the backup is untouched."""
    untouched(demo_twins.plain)
    path = tmp_path / "case.db"
    ended = inside(["scan", str(demo_twins.plain), "--format", "sqlite", "-o", str(path)])
    assert (ended.code, ended.output) == (3, b"")
    whole = json.loads(inside(["scan", str(demo_twins.plain), "--json"]).output)
    with closing(sqlite3.connect(path)) as connection:
        assert [json.loads(text) for (text,) in connection.execute("SELECT document FROM assets ORDER BY id")] == (
            whole["assets"]
        )
        for table, number in (
            ("files", sum(len(asset["files"]) for asset in whole["assets"])),
            ("orphans", len(whole["loose_ends"])),
            ("facetime_messages", len(whole["facetime_messages"])),
            ("causes", len(whole["causes"])),
            ("gaps", len(whole["gaps"])),
            ("facetime_photos", whole["totals"]["facetime"]),
            ("recently_deleted", whole["totals"]["recently_deleted"]),
            ("deleted", whole["totals"]["permanently_deleted"]),
        ):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (number,), table
        times = [at for (at,) in connection.execute("SELECT at FROM timeline")]
        assert times == sorted(times) and len(times) > len(whole["assets"])
        trashed = "SELECT DISTINCT place FROM sources JOIN recently_deleted ON asset = id WHERE field = 'trashed'"
        assert ("ZASSET.ZTRASHEDSTATE",) in connection.execute(trashed).fetchall()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type <> 'index'")}
    assert tables == set(re.findall(r"^\| `([a-z_]+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE))


def test_it_needs_a_name(demo_twins: DemoTwins) -> None:
    """A database cannot be printed; without a file the command says so and writes nothing."""
    ended = inside(["scan", str(demo_twins.plain), "--format", "sqlite"])
    assert ended.code == 2
    assert b"-o FILE" in ended.errors
