"""Assets for spreadsheets and pipelines: CSV with documented columns, and NDJSON with one asset per line."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from recovery.analysis.model import ORIGINALS, Asset
from recovery.clock import to_text
from recovery.records import encode
from recovery.report.inventory import asset_entry
from recovery.report.messages import status
from recovery.report.safe_text import clean

# A spreadsheet takes a cell that starts so for a formula, and would run it; some take the wide forms too. One that
# separates by semicolons, as in much of Europe, finds such a start inside our cells, and quotes do not stop it.
_FORMULA = re.compile(r"""((?:^|;)[\s"]*)(?=[=+\-@＝＋－＠])""")

Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class CsvColumn:
    """One column: its name in the first line, what it holds, and how it is read from an asset."""

    name: str
    meaning: str
    value: Callable[[Asset], Cell]


COLUMNS = (
    CsvColumn("uuid", "identifier in the photo library", lambda asset: asset.uuid),
    CsvColumn("facetime", "verdict: certain, probable, possible, no", lambda asset: asset.facetime.verdict.value),
    CsvColumn("signals", "codes of the reasons for the verdict, with ; between", lambda asset: _signals(asset)),
    CsvColumn("status", "the one final status", lambda asset: asset.status.value),
    CsvColumn("status_reason", "why that status, in words", lambda asset: status.reason(asset.status_reason)),
    CsvColumn("kind", "photo, video or live_photo", lambda asset: asset.kind.value),
    CsvColumn("basis", "the best place the asset is known from", lambda asset: asset.basis.value),
    CsvColumn("created", "time taken, RFC 3339 in UTC", lambda asset: to_text(asset.real_created)),
    CsvColumn("timezone_offset", "seconds east of UTC where it was taken", lambda asset: asset.timezone_offset),
    CsvColumn("added", "time added to the library, RFC 3339 in UTC", lambda asset: to_text(asset.real_added)),
    CsvColumn("directory", "folder in the library", lambda asset: asset.directory),
    CsvColumn("filename", "file name in the library", lambda asset: asset.filename),
    CsvColumn("original_filename", "file name when it was added", lambda asset: asset.original_filename),
    CsvColumn("width", "pixels", lambda asset: asset.width),
    CsvColumn("height", "pixels", lambda asset: asset.height),
    CsvColumn("latitude", "degrees north", lambda asset: asset.latitude),
    CsvColumn("longitude", "degrees east", lambda asset: asset.longitude),
    CsvColumn("favorite", "true, false, or empty for unknown", lambda asset: asset.favorite),
    CsvColumn("hidden", "true, false, or empty for unknown", lambda asset: asset.hidden),
    CsvColumn("trashed", "in Recently Deleted: true, false, or empty", lambda asset: asset.trashed),
    CsvColumn("trashed_at", "time moved to Recently Deleted, UTC", lambda asset: to_text(asset.real_trashed_at)),
    CsvColumn(
        "trashed_until_estimate",
        "estimated last day on the phone, UTC",
        lambda asset: to_text(asset.trashed_until_estimate),
    ),
    CsvColumn("deleted", "true if deleted permanently, known from traces", lambda asset: asset.deleted is not None),
    CsvColumn(
        "deleted_at",
        "time of that deletion, UTC",
        lambda asset: to_text(asset.deleted.at) if asset.deleted else None,
    ),
    CsvColumn("importer", "program that saved it, as stored", lambda asset: asset.importer),
    CsvColumn("title", "title given by a person", lambda asset: asset.title),
    CsvColumn("caption", "caption given by a person", lambda asset: asset.caption),
    CsvColumn("keywords", "keywords, with ; between", lambda asset: _joined(asset.keywords)),
    CsvColumn("albums", "albums, with ; between", lambda asset: _joined(asset.albums)),
    CsvColumn("persons", "named people, with ; between", lambda asset: _joined(asset.persons)),
    CsvColumn("original_files", "originals in the backup, whole or damaged", lambda asset: _originals(asset)),
    CsvColumn("original_bytes", "their size in bytes, where known", lambda asset: _original_bytes(asset)),
    CsvColumn("notes", "remarks, with ; between", lambda asset: _joined(map(status.note, asset.notes))),
    CsvColumn(
        "facetime_device",
        "model of the photographed device, the other person's",
        lambda asset: asset.facetime.device,
    ),
    CsvColumn(
        "facetime_camera",
        "its camera: front, back, or empty for unknown",
        lambda asset: asset.facetime.camera.value if asset.facetime.camera else None,
    ),
    CsvColumn("subtype", "screenshot, burst and the like, with ; between", lambda asset: _joined(asset.subtype)),
    CsvColumn("library", "photos, or shared_with_you for the second library", lambda asset: asset.library),
)


def write_csv(assets: Iterable[Asset], stream: TextIO) -> None:
    """Write one line per asset (RFC 4180, CRLF); open the stream as UTF-8 with `newline=""`.

    Texts are cleaned of control characters, and what a spreadsheet would take for a formula has a ' before it.
    """
    writer = csv.writer(stream)
    writer.writerow([column.name for column in COLUMNS])
    for asset in assets:
        writer.writerow([csv_cell(column.value(asset)) for column in COLUMNS])


def write_ndjson(assets: Iterable[Asset], stream: BinaryIO) -> None:
    """Write one line per asset, each as an entry of `assets` in the JSON inventory."""
    for asset in assets:
        stream.write(encode(asset_entry(asset)) + b"\n")


def csv_cell(value: Cell) -> str:
    """A value as a cell: empty for unknown, `true` and `false`, and texts that no spreadsheet runs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    text = clean(value)
    return _FORMULA.sub(r"\1'", text)


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(texts)


def _signals(asset: Asset) -> str:
    return "; ".join(dict.fromkeys(signal.code for signal in asset.facetime.signals))


def _originals(asset: Asset) -> int:
    return sum(item.role in ORIGINALS and item.recoverable for item in asset.files)


def _original_bytes(asset: Asset) -> int:
    return sum(item.size or 0 for item in asset.files if item.role in ORIGINALS and item.recoverable)
