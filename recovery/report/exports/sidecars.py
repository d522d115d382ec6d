"""Sidecars of one asset: its JSON document, and XMP as photo programs read it (docs/inventory.md, "Sidecars")."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

from recovery.analysis.model import Asset, Findings, Verdict
from recovery.clock import in_stored_zone
from recovery.records import indented
from recovery.report.inventory import (
    NOTHING_EXTRACTED,
    THIS_TOOL,
    Extracted,
    FileKey,
    asset_entry,
)
from recovery.report.personal import personal_data, personal_data_of_xmp
from recovery.report.safe_text import valid_xml

SCHEMA = "recover-facetime/sidecar/1"
NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "facetime": "urn:recover-facetime:xmp:1:",
}
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# Five stars are what photo programs make of a favourite; no favourite gets no rating, for "0" would be one.
_FAVORITE_RATING = "5"
_ORIGIN = "FaceTime"
_SURE = frozenset({Verdict.CERTAIN, Verdict.PROBABLE})

Element = ElementTree.Element


def json_sidecar(
    asset: Asset, findings: Findings, *, extracted: Mapping[FileKey, Extracted] = NOTHING_EXTRACTED
) -> bytes:
    """The asset's entry of the inventory, the backup it comes from, and what is told of people; indented."""
    document = {
        "schema": SCHEMA,
        "tool": THIS_TOOL,
        "personal_data": personal_data(asset, findings.backup),
        "backup": findings.backup,
        "field_sources": findings.field_sources,
        "asset": asset_entry(asset, extracted),
    }
    return indented(document) + b"\n"


def xmp(asset: Asset) -> bytes:
    """An XMP document in UTF-8: only what is known of the asset, nothing guessed.

    The time carries the stored zone, else UTC. `photoshop:Source` says FaceTime for a certain or probable
    verdict; the exact verdict and its reasons stand in this program's own `facetime:` properties.
    """
    for prefix, uri in NAMESPACES.items():
        ElementTree.register_namespace(prefix, uri)
    root = Element(_name("x:xmpmeta"))
    description = ElementTree.SubElement(
        ElementTree.SubElement(root, _name("rdf:RDF")), _name("rdf:Description"), {_name("rdf:about"): ""}
    )
    for name, value in _simple(asset):
        if value is not None:
            ElementTree.SubElement(description, _name(name)).text = valid_xml(value)
    _language_alternative(description, "dc:title", asset.title)
    _language_alternative(description, "dc:description", asset.caption)
    _list(description, "dc:subject", "rdf:Bag", asset.keywords)
    _list(description, "Iptc4xmpExt:PersonInImage", "rdf:Bag", asset.persons)
    _list(description, "facetime:Signals", "rdf:Seq", _signals(asset))
    _list(description, "facetime:PersonalData", "rdf:Bag", personal_data_of_xmp(asset))
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _simple(asset: Asset) -> Iterable[tuple[str, str | None]]:
    """Properties with one value, None where nothing is known."""
    taken = xmp_date(asset.real_created, asset.timezone_offset)
    latitude, longitude = _place(asset)
    yield "xmp:CreateDate", taken
    yield "photoshop:DateCreated", taken
    yield "exif:DateTimeOriginal", taken
    yield "exif:GPSLatitude", latitude
    yield "exif:GPSLongitude", longitude
    yield "xmp:Rating", _FAVORITE_RATING if asset.favorite else None
    yield "xmpMM:PreservedFileName", asset.original_filename or asset.filename
    yield "photoshop:Source", _ORIGIN if asset.facetime.verdict in _SURE else None
    yield "facetime:Verdict", asset.facetime.verdict.value
    yield "facetime:PhotographedDevice", asset.facetime.device
    yield "facetime:PhotographedCamera", asset.facetime.camera.value if asset.facetime.camera else None
    yield "facetime:AssetUUID", asset.uuid
    yield "facetime:Status", asset.status.value
    yield "facetime:RecentlyDeleted", None if asset.trashed is None else str(asset.trashed)
    yield "facetime:Hidden", None if asset.hidden is None else str(asset.hidden)


def xmp_date(moment: datetime | None, offset: int | None) -> str | None:
    """A time as XMP writes it, `2024-05-03T20:22:10.125+02:00`; `Z` where no zone is stored."""
    if moment is None:
        return None
    local = in_stored_zone(moment, offset)
    text = local.isoformat(timespec="milliseconds" if local.microsecond else "seconds")
    return text.removesuffix("+00:00") + "Z" if local.tzinfo is UTC else text


def _place(asset: Asset) -> tuple[str | None, str | None]:
    """Both coordinates as XMP writes them, or none: half a place, or one outside the globe, is no place."""
    latitude, longitude = asset.latitude, asset.longitude
    if latitude is None or longitude is None or not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None, None
    return _coordinate(latitude, "NS"), _coordinate(longitude, "EW")


def _coordinate(degrees: float, signs: str) -> str:
    """Degrees and decimal minutes, `48,8.260000N`; a millionth of a minute is two millimetres."""
    micro_minutes = round(abs(degrees) * 60_000_000)
    whole, rest = divmod(micro_minutes, 60_000_000)
    return f"{whole},{rest / 1_000_000:.6f}{signs[math.copysign(1, degrees) < 0]}"


def _signals(asset: Asset) -> tuple[str, ...]:
    return tuple(f"{signal.code}: {signal.value}".removesuffix(": ") for signal in asset.facetime.signals)


def _language_alternative(parent: Element, name: str, text: str | None) -> None:
    if text:
        holder = ElementTree.SubElement(ElementTree.SubElement(parent, _name(name)), _name("rdf:Alt"))
        ElementTree.SubElement(holder, _name("rdf:li"), {_XML_LANG: "x-default"}).text = valid_xml(text)


def _list(parent: Element, name: str, container: str, texts: Sequence[str]) -> None:
    if texts:
        holder = ElementTree.SubElement(ElementTree.SubElement(parent, _name(name)), _name(container))
        for text in texts:
            ElementTree.SubElement(holder, _name("rdf:li")).text = valid_xml(text)


def _name(prefixed: str) -> str:
    prefix, _, local = prefixed.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"
