"""The eleven real libraries against osxphotos, asset by asset; what the log decides; the evidence untouched."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from recovery.database import Database
from recovery.workspace import Workspace
from tests.figures_real_data import FIELDS, compare, expected, libraries, markdown, read
from tests.library_tools import read_library

NAMES = (
    "ExternalAdjustments-14.4.1",
    "Test-10.15.7",
    "Test-10.16.0",
    "Test-12.0.1",
    "Test-13.0.0",
    "Test-14.6.0",
    "Test-15.4.1",
    "Test-16.0.0-beta",
    "Test-Cloud-10.15.1",
    "Test-Faces-10.15.7",
    "Test-Movie-5_0",
)
EVERY = pytest.mark.parametrize("name", NAMES)


def library(shared: Path, name: str) -> Path:
    """The folder of one library."""
    return shared / "photos" / f"{name}.photoslibrary"


@EVERY
def test_every_asset_both_list_agrees_in_every_field(
    shared: Path, workspace: Workspace, untouched: Callable[[Path], None], name: str
) -> None:
    """UUID, states, dates, names, importer, words and people are those of osxphotos; nothing is touched."""
    folder = library(shared, name)
    untouched(folder / "database")
    found = compare(folder, workspace)
    assert found.disagreeing == {}
    assert found.only_theirs == ()
    assert found.both == found.ours > 0
    assert set(FIELDS) - set(found.agreeing) <= {"importer"}


@EVERY
def test_no_column_that_matters_is_missing_in_a_real_library(shared: Path, workspace: Workspace, name: str) -> None:
    """In every real layout each fact that hides something has a home, so there is no gap."""
    opened = read(library(shared, name), workspace)
    assert opened.gaps == ()
    assert opened.table in ("ZASSET", "ZGENERICASSET")
    assert opened.resources


def test_the_libraries_are_of_nine_models(shared: Path, workspace: Workspace) -> None:
    """From the old asset table to the newest model, as listed in the docs."""
    found = {read(folder, workspace).model_version for folder in libraries(shared.parent)}
    assert found == {13537, 13703, 14204, 15323, 16320, 17401, 17600, 18508, 19063}


def main_file_only(folder: Path, workspace: Workspace) -> set[str]:
    """The UUIDs that the main file alone gives, read with plain SQL."""
    copy = workspace.new_file("Photos.sqlite")
    shutil.copyfile(folder / "database" / "Photos.sqlite", copy)
    with closing(sqlite3.connect(copy)) as connection:
        return {uuid for (uuid,) in connection.execute("SELECT ZUUID FROM ZGENERICASSET")}


def test_rows_that_stand_only_in_the_log_are_read(shared: Path, workspace: Workspace) -> None:
    """Test-Movie-5_0: the main file has no asset at all, the log has all seven."""
    folder = library(shared, "Test-Movie-5_0")
    assert main_file_only(folder, workspace) == set()
    assert {row.uuid for row in read(folder, workspace).assets} == set(expected(folder))
    assert len(expected(folder)) == 7


def test_rows_that_the_log_removed_are_not_assets(shared: Path, workspace: Workspace) -> None:
    """Test-Cloud-10.15.1: four rows of the main file were expunged in the log, one came in it."""
    folder = library(shared, "Test-Cloud-10.15.1")
    oracle = json.loads((shared / "photos" / "expected" / "wal_expunged_oracle.json").read_text())
    expunged = {row[0] for row in oracle["main_only_expunged"]}
    main, ours = main_file_only(folder, workspace), {row.uuid for row in read(folder, workspace).assets}
    assert len(expunged) == 4
    assert expunged <= main
    assert not expunged & ours
    assert main - expunged < ours
    assert ours == set(expected(folder))


def test_a_library_without_its_log_is_another_library(shared: Path, workspace: Workspace) -> None:
    """The proof that the log is what decides: without it the reader gives the rows of the main file."""
    folder = library(shared, "Test-Cloud-10.15.1")
    copy = workspace.new_file("Photos.sqlite")
    shutil.copyfile(folder / "database" / "Photos.sqlite", copy)
    with Database(copy, "Photos.sqlite") as opened:
        assert {row.uuid for row in read_library(opened).assets} == main_file_only(folder, workspace)


def test_the_figures_in_the_docs_are_those_of_today(shared: Path) -> None:
    """docs/real-data.md holds the tables that the command prints, line for line."""
    document = (Path(__file__).parents[1] / "docs" / "real-data.md").read_text("utf-8")
    for line in markdown(shared.parent).splitlines():
        assert line in document
