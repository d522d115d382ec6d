"""The JSON document of a comparison, version 1 (docs/compare.md, key by key)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from importlib import resources

from recovery.analysis.comparison.asset_differences import AssetDifference
from recovery.analysis.comparison.comparing import Comparison
from recovery.analysis.model import Asset, asset_key
from recovery.clock import in_records
from recovery.report.inventory import THIS_TOOL, Json
from recovery.report.messages.differences import DOUBTS, difference_text
from recovery.report.text.comparison_text import recovery_command

SCHEMA = "recover-facetime/comparison/1"
SCHEMA_FILE = "comparison.v1.schema.json"


def schema() -> Json:
    """The JSON Schema (2020-12) of the document, as shipped with this package."""
    text = resources.files(__package__ or __name__).joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    loaded: Json = json.loads(text)
    return loaded


def comparison_document(comparisons: Sequence[Comparison], *, generated_at: datetime, swapped: bool = False) -> Json:
    """Each older backup against the newest one; `swapped` tells that they were named in another order."""
    return {
        "schema": SCHEMA,
        "tool": THIS_TOOL,
        "generated_at": in_records(generated_at),
        "swapped": swapped,
        "comparisons": [_comparison(comparison) for comparison in comparisons],
    }


def _comparison(comparison: Comparison) -> Json:
    command = recovery_command(comparison)
    return {
        "older": comparison.older,
        "newer": comparison.newer,
        "same_device": comparison.same_device,
        "matched": comparison.matched,
        "unchanged": comparison.unchanged,
        "counts": {kind.value: number for kind, number in comparison.counts.items()},
        "differences": [_difference(item) for item in comparison.differences],
        "lost": sorted(key for key in comparison.lost),
        "command": list(command) if command else None,
        "doubts": [DOUBTS[doubt] for doubt in comparison.doubts],
    }


def _difference(item: AssetDifference) -> Json:
    return {
        "kind": item.kind.value,
        "text": difference_text(item),
        "matched_by": item.matched_by.value if item.matched_by else None,
        "older": _asset(item.older),
        "newer": _asset(item.newer),
    }


def _asset(asset: Asset | None) -> Json | None:
    """What names an asset and what can differ; the inventory of its backup tells the rest."""
    if asset is None:
        return None
    return {
        "key": asset_key(asset),
        "uuid": asset.uuid,
        "filename": asset.filename,
        "original_filename": asset.original_filename,
        "created": asset.created,
        "kind": asset.kind.value,
        "status": asset.status.value,
        "facetime": asset.facetime.verdict.value,
        "trashed": asset.trashed,
        "hidden": asset.hidden,
        "favorite": asset.favorite,
    }
