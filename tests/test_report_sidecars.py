"""Sidecars: XMP that an independent program reads as meant, and JSON that is the inventory's entry."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from report_stories import BACKUP, TAKEN, WHOLE, findings, golden, rich
from report_strategies import assets

from recovery.analysis.model import Asset, Basis, Kind, Status
from recovery.analysis.redact import redact
from recovery.records import encode
from recovery.report.exports.sidecars import NAMESPACES, json_sidecar, xmp, xmp_date
from recovery.report.inventory import asset_entry, schema

EXIFTOOL = shutil.which("exiftool")
needs_exiftool = pytest.mark.skipif(EXIFTOOL is None, reason="exiftool is not installed (libimage-exiftool-perl)")
ENTRY = {**schema(), "$ref": "#/$defs/AssetEntry", "required": [], "properties": {}}
ASSET = jsonschema.Draft202012Validator(ENTRY)


def read_by_exiftool(asset: Asset, folder: Path) -> dict[str, Any]:
    """Every XMP tag that exiftool finds in the sidecar, and its warnings."""
    path = folder / "sidecar.xmp"
    path.write_bytes(xmp(asset))
    command = [str(EXIFTOOL), "-json", "-G1", "-struct", "-c", "%+.8f", "-charset", "filename=utf8", str(path)]
    output = subprocess.run(command, capture_output=True, check=True).stdout
    tags: dict[str, Any] = json.loads(output)[0]
    return tags


@needs_exiftool
def test_exiftool_reads_the_sidecar_as_meant(tmp_path: Path) -> None:
    """Names, words, people, rating, times with zone, place and origin come back from an independent reader."""
    tags = read_by_exiftool(rich().assets[0], tmp_path)
    expected = {
        "XMP-dc:Title": "Grandma's birthday",
        "XMP-dc:Description": "She saw the cake & <laughed>",
        "XMP-dc:Subject": ["family", "誕生日"],
        "XMP-iptcExt:PersonInImage": ["Grandma"],
        "XMP-xmp:Rating": 5,
        "XMP-xmp:CreateDate": "2024:05:03 20:22:10.125+02:00",
        "XMP-photoshop:DateCreated": "2024:05:03 20:22:10.125+02:00",
        "XMP-exif:DateTimeOriginal": "2024:05:03 20:22:10.125+02:00",
        "XMP-xmpMM:PreservedFileName": "lp_image.HEIC",
        "XMP-photoshop:Source": "FaceTime",
    }
    assert {name: tags.get(name) for name in expected} == expected
    assert float(tags["XMP-exif:GPSLatitude"]) == pytest.approx(52.5186, abs=1e-7)
    assert float(tags["XMP-exif:GPSLongitude"]) == pytest.approx(-13.376, abs=1e-7)
    assert tags["XMP-facetime:Verdict"] == "certain"
    assert "original_filename: lp_image.HEIC" in tags["XMP-facetime:Signals"]
    assert not [name for name in tags if name.endswith((":Warning", ":Error"))]


@needs_exiftool
def test_exiftool_finds_nothing_that_is_not_known(tmp_path: Path) -> None:
    """An asset without dates, place, words and rating gets no such tags, and no FaceTime origin."""
    bare = Asset(None, rich().assets[0].basis, rich().assets[0].kind, rich().assets[0].status, WHOLE)
    tags = read_by_exiftool(bare, tmp_path)
    shown = {name for name in tags if name.startswith("XMP")}
    assert shown == {"XMP-facetime:Verdict", "XMP-facetime:Status"}


def test_sidecar_is_as_agreed() -> None:
    """The XMP of a FaceTime photo reads exactly as the stored one."""
    golden("sidecar_rich.xmp", xmp(rich().assets[0]).decode("utf-8"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(assets)
def test_any_sidecar_is_well_formed(asset: Asset) -> None:
    """Whatever stands in names and words, the XML parses and is a pure function of the asset."""
    assert ElementTree.fromstring(xmp(asset)).tag == "{adobe:ns:meta/}xmpmeta"
    assert xmp(asset) == xmp(asset)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(assets)
def test_json_sidecar_is_the_entry_of_the_inventory(asset: Asset) -> None:
    """The JSON sidecar holds the asset as the inventory does, and it fits the same schema."""
    document = json.loads(json_sidecar(asset, findings([asset])))
    assert document["asset"] == json.loads(encode(asset_entry(asset)))
    assert document["backup"]["udid"] == BACKUP.udid
    ASSET.validate(document["asset"])


PERSONAL = {
    "dates": ("created", "added", "trashed_at"),
    "places": ("latitude", "longitude", "timezone"),
    "titles and words": ("title", "caption", "keywords", "albums"),
    "names of people": ("persons",),
    "original file names": ("original_filename",),
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(assets)
@example(Asset(None, Basis.MEDIA_FILE, Kind.PHOTO, Status.COMPLETE, WHOLE, longitude=math.inf))
def test_a_sidecar_says_what_it_holds_of_people(asset: Asset) -> None:
    """Each kind exactly where one of its fields is known; redacted, dates and FaceTime's own names are left."""
    document = json.loads(json_sidecar(asset, findings([asset])))
    told = document["personal_data"]
    for kind, names in PERSONAL.items():
        assert (kind in told) is any(document["asset"][name] not in (None, "", []) for name in names)
    assert told[-1] == "the device"
    bag = ElementTree.fromstring(xmp(asset)).find(f".//{{{NAMESPACES['facetime']}}}PersonalData")
    shown = [] if bag is None else [item.text for item in bag[0]]
    assert set(shown) <= set(told) and ("names of people" in shown) is bool(asset.persons)
    (bare,) = redact(findings([asset])).assets
    left = json.loads(json_sidecar(bare, findings([bare])))["personal_data"]
    assert set(left) <= {"dates", "original file names", "the device"}


def test_asset_schema_is_strict() -> None:
    """The schema used for sidecars does refuse an asset without a status."""
    document = json.loads(encode(rich().assets[0]))
    del document["status"]
    assert not ASSET.is_valid(document)


@pytest.mark.parametrize(
    ("offset", "text"),
    [
        (7200, "2024-05-03T20:22:10.125+02:00"),
        (-16200, "2024-05-03T13:52:10.125-04:30"),
        (0, "2024-05-03T18:22:10.125Z"),
        (None, "2024-05-03T18:22:10.125Z"),
        (7201, "2024-05-03T18:22:10.125Z"),
        (90_000, "2024-05-03T18:22:10.125Z"),
    ],
)
def test_times_carry_the_stored_zone_else_utc(offset: int | None, text: str) -> None:
    """A zone is written only when one is stored that XMP can express; the moment stays the same."""
    assert xmp_date(TAKEN, offset) == text


def test_times_at_the_edge_of_the_calendar_do_not_crash() -> None:
    """The first second of the calendar in a western zone falls back to UTC."""
    assert xmp_date(datetime(1, 1, 1, tzinfo=UTC), -3600) == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(None, 1.0), (1.0, None), (-180.0, -180.0), (1.0, 200.0), (float("nan"), 1.0)]
)
def test_half_a_place_is_no_place(latitude: float | None, longitude: float | None) -> None:
    """Apple's -180,-180, a lone coordinate or no number give no GPS tags."""
    asset = rich().assets[0].changed(latitude=latitude, longitude=longitude)
    assert b"GPS" not in xmp(asset)
