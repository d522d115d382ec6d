"""Reads selection.json, the file in which the report says what was ticked (docs/report.md, "selection.json")."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from recovery import limits
from recovery.analysis.model import Findings, asset_key
from recovery.errors import SelectionError
from recovery.system_files import read_named

SCHEMA = "recover-facetime/selection/1"
_FILE_ID = re.compile(r"[0-9a-f]{40}")
_AGAIN = "Tick the photos in a report of this backup, and save the file again."


@dataclass(frozen=True, slots=True)
class TickedAssets:
    """What was ticked: UUIDs in upper case, and file IDs of assets without one."""

    uuids: frozenset[str]
    files: frozenset[str]


def read_selection(path: Path) -> TickedAssets:
    """Read a selection file; raises SelectionError where it is none. Keys it does not know are ignored."""
    try:
        data = read_named(path, limits.SELECTION_BYTES + 1)
    except OSError as error:
        raise SelectionError(f"The selection {path} cannot be read ({error.strerror}).") from error
    if len(data) > limits.SELECTION_BYTES:
        raise SelectionError(f"The selection {path} is larger than any real one.", _AGAIN)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SelectionError(f"The selection {path} is not JSON.", _AGAIN) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise SelectionError(f"The file {path} is not a selection of version 1.", _AGAIN)
    uuids, files = _texts(document.get("uuids")), _texts(document.get("files"))
    if uuids is None or files is None or not all(map(_FILE_ID.fullmatch, files)):
        raise SelectionError(f"The selection {path} names something that is no photo.", _AGAIN)
    if not uuids and not files:
        raise SelectionError(f"The selection {path} is empty.", _AGAIN)
    return TickedAssets(frozenset(uuid.upper() for uuid in uuids), frozenset(files))


def ticked_keys(ticked: TickedAssets, findings: Findings) -> frozenset[str]:
    """The keys of the ticked assets, for `Selection(keys=...)`; raises SelectionError when one is not here."""
    keys: set[str] = set()
    met: set[str] = set()
    for asset in findings.assets:
        uuid = (asset.uuid or "").upper()
        names = {uuid} & ticked.uuids if uuid else {item.file_id for item in asset.files} & ticked.files
        if names:
            keys.add(asset_key(asset))
            met |= names
    absent = len(ticked.uuids | ticked.files) - len(met)
    if absent:
        raise SelectionError(
            f"{absent:,} of the ticked photos are not in this backup.",
            "The selection was probably made from the report of another backup. " + _AGAIN,
        )
    return frozenset(keys)


def _texts(value: object) -> list[str] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return value
