"""The JSON inventory keeps its promise: the schema, every key, one text, and flat memory."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from report_stories import GENERATED, empty, findings, golden, rich, sample, without_library
from report_strategies import any_findings

from recovery import __version__
from recovery.analysis.model import Findings
from recovery.report.inventory import (
    SCHEMA_FILE,
    Extracted,
    asset_key,
    dumps,
    inventory,
    schema,
    schema_text,
    write_json,
)

DOCS = Path(__file__).parents[1] / "docs" / "inventory.md"
VALIDATOR = jsonschema.Draft202012Validator(schema())

# The promise, word for word; a key may be added to the inventory but none of these may ever go.
PROMISED = {
    "": "schema tool generated_at backup summary search totals field_sources assets facetime_messages "
    "loose_ends causes gaps",
    "tool": "name version",
    "backup": "path udid device_name product_type ios_version build backup_date encrypted complete "
    "photos_model_version",
    "totals": "assets facetime live_photos recently_deleted hidden complete half reduced_copy elsewhere not_found "
    "missing_blobs unlisted_blobs assets_without_file files_without_asset permanently_deleted recoverable_bytes "
    "facetime_messages",
    "assets": "uuid basis kind directory filename original_filename created added timezone timezone_offset width "
    "height latitude longitude favorite hidden trashed trashed_at trashed_until_estimate deleted status facetime "
    "live_photo cloud files notes row sources",
    "assets.deleted": "at reason client inserted_at inserted_by",
    "assets.facetime": "verdict signals call",
    "assets.facetime.signals": "code value source",
    "assets.facetime.call": "started ended with_count",
    "assets.live_photo": "still video content_identifier identifiers_match",
    "assets.cloud": "original_local in_cloud upload",
    "assets.files": "role domain path file_id size state sha256 extracted_to",
    "facetime_messages": "uuid basis kind kind_basis source sender recipient provider created modified duration_s "
    "read deleted deleted_at mailbox_type message_type call_uuid files notes untested",
    "facetime_messages.files": "role domain path file_id size state sha256 extracted_to",
    "loose_ends": "code domain path file_id size guess source",
    "causes": "code verdict says does_not_say advice sources",
    "gaps": "what where why hides",
}


def at(document: object, path: str) -> Iterator[dict[str, Any]]:
    """Every object found at a dotted path, through lists, nulls left out."""
    if isinstance(document, list):
        for item in document:
            yield from at(item, path)
    elif isinstance(document, dict):
        head, _, rest = path.partition(".")
        if not head:
            yield document
        else:
            yield from at(document[head], rest)


def test_shipped_schema_is_a_schema() -> None:
    """The schema in the package is valid JSON Schema 2020-12."""
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", PROMISED)
def test_every_promised_key_is_there(path: str) -> None:
    """The rich story shows each promised object, and none of its keys is absent."""
    shown = list(at(inventory(rich(), generated_at=GENERATED), path))
    assert shown
    assert all(set(PROMISED[path].split()) <= set(item) for item in shown)


@pytest.mark.parametrize("path", PROMISED)
def test_schema_insists_on_every_promised_key(path: str) -> None:
    """Without any one promised key a document fails; with a new one it passes."""
    for key in PROMISED[path].split():
        document = json.loads(dumps(inventory(rich(), generated_at=GENERATED)))
        target = next(at(document, path))
        target["a_new_key"] = 1
        assert VALIDATOR.is_valid(document)
        del target[key]
        assert not VALIDATOR.is_valid(document), key


@pytest.mark.parametrize(
    ("path", "key", "wrong"),
    [
        ("", "schema", "recover-facetime/inventory/2"),
        ("", "generated_at", "2024-06-01T12:00:00Z"),
        ("backup", "encrypted", "no"),
        ("totals", "assets", -1),
        ("assets", "status", "lost"),
        ("assets", "created", "2024-06-01 12:00"),
        ("assets.facetime", "verdict", "maybe"),
        ("assets.files", "sha256", "ABC"),
    ],
)
def test_schema_refuses_wrong_values(path: str, key: str, wrong: object) -> None:
    """Words outside the lists, times in other forms and negative counts do not pass."""
    document = json.loads(dumps(inventory(rich(), generated_at=GENERATED)))
    next(at(document, path))[key] = wrong
    assert not VALIDATOR.is_valid(document)


def test_inventory_is_as_agreed() -> None:
    """The inventory of the rich story reads exactly as the stored one, one entry per line."""
    golden("inventory_rich.json", dumps(inventory(rich(), generated_at=GENERATED)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(any_findings)
def test_any_inventory_is_valid_and_streams_the_same_text(story: Findings) -> None:
    """For any findings the document fits the schema, and the streaming writer writes the same."""
    document = inventory(story, generated_at=GENERATED)
    VALIDATOR.validate(json.loads(dumps(document)))
    assert json.loads(dumps(document)) == document
    stream = io.BytesIO()
    write_json(story, stream, generated_at=GENERATED)
    assert json.loads(stream.getvalue()) == document
    lines = stream.getvalue().decode().split("\n")
    assert sum(line.startswith('{"uuid":') for line in lines) == len(story.assets) + len(story.facetime_messages)


@pytest.mark.parametrize("story", [rich(), empty(), without_library()])
def test_statuses_add_up(story: Findings) -> None:
    """The five statuses in totals sum to the number of assets listed."""
    document = json.loads(dumps(inventory(story, generated_at=GENERATED)))
    totals = document["totals"]
    statuses = ("complete", "half", "reduced_copy", "unreadable", "elsewhere", "not_found")
    assert sum(totals[status] for status in statuses) == totals["assets"] == len(document["assets"])


def test_extracted_files_carry_their_hash_and_place() -> None:
    """What the extraction wrote is told at the file it was made from, and nowhere else."""
    asset = rich().assets[0]
    written = {(asset_key(asset), asset.files[0]): Extracted("ab" * 32, "FaceTime/2024/lp_image.HEIC")}
    document = inventory(rich(), generated_at=GENERATED, extracted=written)
    VALIDATOR.validate(json.loads(dumps(document)))
    shown = [(item["sha256"], item["extracted_to"]) for item in at(document, "assets.files")]
    assert shown[0] == ("ab" * 32, "FaceTime/2024/lp_image.HEIC")
    assert set(shown[1:]) == {(None, None)}


def test_numbers_and_texts_that_json_lacks() -> None:
    """A number that is not finite is unknown, and half a character becomes U+FFFD; all else stays as stored."""
    asset = rich().assets[0].changed(latitude=float("nan"), longitude=float("-inf"), title="a\ud800b\x1b\u202e")
    document = json.loads(dumps(inventory(findings([asset]), generated_at=GENERATED)))["assets"][0]
    assert (document["latitude"], document["longitude"]) == (None, None)
    assert document["title"] == "a\ufffdb\x1b\u202e"


def test_the_shipped_schema_is_that_of_the_records() -> None:
    """The file in the package is what the records say today; `schema_text` is what it holds."""
    shipped = resources.files("recovery.report").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    assert shipped == schema_text()


def test_documentation_names_every_key_and_its_sample_is_valid() -> None:
    """docs/inventory.md explains each key of the schema, and its sample is the inventory that we write today."""
    page = DOCS.read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9_]+)`", page))
    definitions: dict[str, Any] = schema()["$defs"]  # type: ignore[assignment]
    keys = {key for part in [schema(), *definitions.values()] for key in part.get("properties", {})}
    assert keys <= named, keys - named
    shown = json.loads(page.split("```json\n")[1].split("```")[0])
    shown["tool"]["version"] = __version__
    VALIDATOR.validate(shown)
    assert shown == inventory(sample(), generated_at=GENERATED)


def test_schema_file_lies_in_the_package() -> None:
    """The schema is a file of the package itself, so that every wheel carries it."""
    import recovery.report

    assert (Path(str(recovery.report.__file__)).parent / SCHEMA_FILE).is_file()
