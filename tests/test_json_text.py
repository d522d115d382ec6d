"""Findings rendered straight to text: the same text as by way of plain values, whatever the findings hold."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from recovery.report.json_text import value_text

from recovery.findings.model import Asset, Basis, FieldSources, FileState, Findings, Kind, Status
from recovery.provenance import Source
from recovery.report.inventory import (
    Extracted,
    asset_document,
    asset_key,
    asset_text,
    compact,
    dumps,
    inventory,
    plain,
    write_json,
)
from tests.conftest import DemoTwins
from tests.report_strategies import assets
from tests.scanning import scan

NOW = datetime(2024, 6, 1, tzinfo=UTC)


@given(assets)
def test_an_asset_of_any_kind_has_the_same_text(asset: Asset) -> None:
    """Odd texts, dates, numbers and nested records come out as json.dumps writes their plain values."""
    assert asset_text(asset) == compact(asset_document(asset))


@given(assets, st.text(), st.text(alphabet="0123456789abcdef", max_size=64))
def test_extracted_files_have_the_same_text(asset: Asset, path: str, sha256: str) -> None:
    """Where a file was written and its hash stand behind its fields."""
    written = {(asset_key(asset), item): Extracted(sha256, path) for item in asset.files[:1]}
    assert asset_text(asset, written) == compact(asset_document(asset, written))


@given(
    st.dictionaries(st.text(), st.text() | st.builds(Source, st.text(), st.text(), st.none() | st.integers())),
    st.none() | st.integers(),
    st.text(),
)
def test_sources_kept_once_are_the_sources_themselves(
    entries: dict[str, str | Source], row: int | None, store: str
) -> None:
    """Iterated, compared, indexed or rendered: as the tuple of all sources would be."""
    kept = FieldSources(store, row, tuple(entries.items()))
    plain = tuple((name, Source(store, found, row) if isinstance(found, str) else found)
                  for name, found in entries.items())  # fmt: skip
    assert tuple(kept) == plain and kept == plain and len(kept) == len(plain) and hash(kept) == hash(plain)
    assert kept[:1] == plain[:1]
    base = Asset(None, Basis.HISTORY, Kind.PHOTO, Status.COMPLETE, "")
    for sources in (kept, plain):
        asset = base._replace(sources=sources)
        assert asset_text(asset) == compact(asset_document(asset))


def test_the_same_entries_of_two_stores_are_told_apart() -> None:
    """What was rendered for one store is not taken for another, nor one row for the next."""
    entries = (("created", "ZASSET.ZDATECREATED"),)
    for store, row in (("a.sqlite", 1), ("b.sqlite", 1), ("b.sqlite", None), ("a.sqlite", 2)):
        asset = Asset(
            None, Basis.HISTORY, Kind.PHOTO, Status.COMPLETE, "", sources=FieldSources(store, row, entries)
        )
        assert asset_text(asset) == compact(asset_document(asset))


@given(st.floats() | st.integers() | st.booleans() | st.none() | st.text() | st.sampled_from(FileState))
def test_single_values_have_the_same_text(value: object) -> None:
    """Numbers that are not finite are null, lone surrogates are replaced."""
    assert value_text(value) == compact(plain(value))


def test_the_inventory_of_every_story_has_the_same_text(demo_twins: DemoTwins, tmp_path: Path) -> None:
    """The demo, plain and encrypted: written entry by entry and made whole, byte for byte the same."""
    found: list[Findings] = [scan(demo_twins.plain), scan(demo_twins.encrypted, demo_twins.passphrase)]
    for findings in found:
        stream = io.StringIO()
        write_json(findings, stream, generated_at=NOW)
        assert stream.getvalue() == dumps(inventory(findings, generated_at=NOW))
        assert len(json.loads(stream.getvalue())["assets"]) == findings.totals.assets
