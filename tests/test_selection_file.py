"""selection.json: what the report saves is what extract takes, and everything else is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from report_stories import rich

from cli.main import main
from fixtures import BackupBuilder
from recovery.analysis.found import FoundAssets
from recovery.analysis.model import asset_key
from recovery.errors import SelectionError
from recovery.extraction.selection_file import SCHEMA, TickedAssets, read_selection, ticked_keys


def saved(folder: Path, document: object) -> Path:
    """A selection file with this content."""
    path = folder / "selection.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


def test_uuids_and_files_are_read(tmp_path: Path) -> None:
    """UUIDs count in any case, file IDs name assets without one, unknown keys are for later versions."""
    document = {"schema": SCHEMA, "backup": {"udid": "x"}, "uuids": ["ab-c"], "files": ["0" * 40], "later": 1}
    ticked = read_selection(saved(tmp_path, document))
    assert ticked == TickedAssets(frozenset({"AB-C"}), frozenset({"0" * 40}))


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"schema": "recover-facetime/selection/2", "uuids": ["A"], "files": []},
        {"schema": SCHEMA, "uuids": "A", "files": []},
        {"schema": SCHEMA, "uuids": [1], "files": []},
        {"schema": SCHEMA, "uuids": [], "files": ["../../etc/passwd"]},
        {"schema": SCHEMA, "uuids": [], "files": []},
        {"schema": SCHEMA, "uuids": ["A"]},
    ],
)
def test_anything_else_is_refused(tmp_path: Path, document: object) -> None:
    """A file that is no selection, or selects nothing, is an error with a remedy."""
    with pytest.raises(SelectionError):
        read_selection(saved(tmp_path, document))


@given(st.binary(max_size=200))
def test_no_bytes_raise_a_foreign_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever the file holds, the only error is ours."""
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(data)
    with pytest.raises(SelectionError):
        read_selection(path)


def test_ticked_assets_are_found_by_uuid_and_by_file() -> None:
    """Each ticked name gives the key of its asset; one that is not here is an error."""
    found = rich()
    with_uuid = next(asset for asset in found.assets if asset.uuid)
    nameless = next(asset for asset in found.assets if asset.files and asset != with_uuid)
    without = nameless.changed(uuid=None)
    found = found.changed(assets=FoundAssets.of(without if asset == nameless else asset for asset in found.assets))
    ticked = TickedAssets(frozenset({str(with_uuid.uuid).upper()}), frozenset({without.files[0].file_id}))
    assert ticked_keys(ticked, found) >= {asset_key(with_uuid), asset_key(without)}
    with pytest.raises(SelectionError):
        ticked_keys(TickedAssets(frozenset({"NOT-HERE"}), frozenset()), found)


def test_extract_takes_exactly_what_was_ticked(tmp_path: Path) -> None:
    """Of two FaceTime photos the ticked one is written, and the other is not."""
    builder = BackupBuilder().with_live_photo("IMG_0001").with_live_photo("IMG_0002")
    backup = builder.build(tmp_path / "b")
    selection = saved(tmp_path, {"schema": SCHEMA, "uuids": [builder.assets[1].uuid], "files": []})
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["extract", str(backup), str(out), "--select", str(selection)])
    assert result.exit_code == 0, result.output
    names = " ".join(path.name for path in out.rglob("*"))
    assert "IMG_0002" in names
    assert "IMG_0001" not in names
