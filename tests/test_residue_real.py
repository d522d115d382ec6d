"""Deleted rows of data that nobody here wrote: the SQLite Forensic Corpus, and real macOS photo libraries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.forensic_corpus import folders, score_folder
from recovery.database import Database, open_file_copy
from recovery.formats.sqlite import inspect_copy
from recovery.photos_db.carved_assets import carve_assets
from recovery.workspace import Workspace

# The least number of rows to find whole in each folder; deleted tables and records completely.
CORPUS = {"01": 0, "02": 0, "07": 1, "08": 0, "0A": 100, "0B": 8, "0C": 101, "0D": 13, "0E": 4}


def test_the_forensic_corpus_is_covered(shared: Path) -> None:
    """Every folder that is there has an expected figure."""
    assert {folder.name for folder in folders(shared / "sqlite-corpus" / "v1")} == CORPUS.keys()


@pytest.mark.parametrize("name", CORPUS)
def test_the_forensic_corpus_gives_its_deleted_rows_back(shared: Path, name: str) -> None:
    """Recall by folder, and not one wrong row, whole or partial."""
    score = score_folder(shared / "sqlite-corpus" / "v1" / name)
    assert (score.wrong, score.partial_wrong) == (0, 0)
    assert score.found >= CORPUS[name]
    assert score.found <= score.left


def _tombstones(database: Database) -> dict[str, int]:
    """UUID and old Z_PK of everything the library's history lists as deleted."""
    columns = [name for name in database.columns("ACHANGE") if name.startswith("ZTOMBSTONE")]
    found: dict[str, int] = {}
    for row in database.rows(f"SELECT ZENTITYPK, {', '.join(columns)} FROM ACHANGE WHERE ZCHANGETYPE = 2"):
        for value in list(row)[1:]:
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            if isinstance(text, str) and re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", text):
                found[text] = row[0]
    return found


def test_real_libraries_report_only_photos_their_history_calls_deleted(shared: Path, workspace: Workspace) -> None:
    """Eleven libraries with logs full of old versions: four deleted photos in one of them, and nothing else."""
    carved: dict[str, list[tuple[str | None, int | None]]] = {}
    for folder in sorted((shared / "photos").glob("*.photoslibrary")):
        path = folder / "database" / "Photos.sqlite"
        assert inspect_copy(path).compacted is False
        with open_file_copy(path, workspace) as database:
            reading = carve_assets(path, database)
            assert not reading.gaps
            listed = _tombstones(database)
        for row in reading:
            assert row.uuid is not None
            assert listed[row.uuid] == row.pk
            assert row.complete
            assert row.filename is not None
            assert row.original_filename is not None
        if reading.records:
            carved[folder.name] = [(row.uuid, row.pk) for row in reading]
    assert {name: [pk for _, pk in rows] for name, rows in carved.items()} == {
        "Test-Cloud-10.15.1.photoslibrary": [36, 42, 43, 48]
    }
