"""CSV and NDJSON: documented columns, no cell a spreadsheet would run, one asset per line."""

from __future__ import annotations

import csv
import io
import itertools
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from report_stories import GENERATED, golden, rich
from report_strategies import assets, texts

from recovery.analysis.found import FoundAssets
from recovery.analysis.model import Asset
from recovery.report.exports.tables import COLUMNS, csv_cell, write_csv, write_ndjson
from recovery.report.inventory import dumps, inventory
from tests.extraction_tools import an_asset

DOCS = Path(__file__).parents[1] / "docs" / "inventory.md"


def as_csv(items: list[Asset]) -> str:
    """The CSV of some assets."""
    stream = io.StringIO(newline="")
    write_csv(items, stream)
    return stream.getvalue()


def test_csv_is_as_agreed() -> None:
    """The table of the rich story reads exactly as the stored one."""
    golden("assets_rich.csv", as_csv(list(rich().assets)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(assets, max_size=3))
def test_any_csv_reads_back_with_every_column(items: list[Asset]) -> None:
    """Whatever the names hold, each asset is one line with one cell per column, and no cell is a formula."""
    text = as_csv(items)
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == [column.name for column in COLUMNS]
    assert len(rows) == len(items) + 1 == text.count("\n")
    numbers = {"latitude", "longitude", "timezone_offset", "width", "height"}
    for row in rows[1:]:
        for column, cell in zip(COLUMNS, row, strict=True):
            assert column.name in numbers or not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "\t=", "\r="])
def test_formulas_are_disarmed(start: str) -> None:
    """A text that a spreadsheet would run comes out as text."""
    assert csv_cell(f"{start}cmd|'/c calc'!A1").lstrip()[0] == "'"


@settings(max_examples=500, deadline=None)
@given(st.lists(st.text("""a;,'" =+-@＝\t\n""", max_size=8), min_size=4, max_size=4))
@example(["x;=cmd|'/c calc'!A1", 'x; "=1+1"', 'y;"', "z,;"])
def test_no_spreadsheet_finds_a_formula_whatever_separates_its_cells(hostile: list[str]) -> None:
    """A reader that separates by semicolons takes our lines apart elsewhere, inside quotes too."""
    title, caption, keyword, album = hostile
    asset = an_asset(title=title, caption=caption, keywords=(keyword, "b"), albums=("c", album))
    text = as_csv([asset, asset])
    for separator, trimmed in itertools.product(",;\t", (False, True)):
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=trimmed):
            for cell in row:
                assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝")), (separator, cell)


@given(texts)
def test_numbers_stay_numbers(text: str) -> None:
    """A negative longitude is a number and is not changed; a text never becomes a number by cleaning."""
    assert csv_cell(-13.376) == "-13.376"
    assert csv_cell(None) == ""
    assert csv_cell(True) == "true"
    assert not csv_cell(text).startswith(("=", "+", "-", "@"))


def test_ndjson_lines_are_the_assets_of_the_inventory() -> None:
    """Each line is an entry of `assets`, in the same order, even when a name holds line breaks."""
    story = rich()
    odd = story.assets[0].changed(filename="a\nb\u2028c\x85.HEIC")
    story = story.changed(assets=FoundAssets.of((odd, *story.assets[1:])))
    stream = io.BytesIO()
    write_ndjson(story.assets, stream)
    lines = stream.getvalue().splitlines()
    assert [json.loads(line) for line in lines] == json.loads(dumps(inventory(story, generated_at=GENERATED)))["assets"]


def test_documentation_explains_every_column() -> None:
    """docs/inventory.md lists each CSV column in order, in the words of the code."""
    page = DOCS.read_text(encoding="utf-8")
    places = [page.find(f"| `{column.name}` | {column.meaning} |") for column in COLUMNS]
    assert -1 not in places
    assert places == sorted(places)
