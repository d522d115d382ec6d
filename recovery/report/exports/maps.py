"""Places of photos for maps: GeoJSON (RFC 7946) and KML 2.2."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from recovery.analysis.model import Asset
from recovery.clock import to_text
from recovery.records import indented
from recovery.report.inventory import Json, asset_key
from recovery.report.safe_text import clean, valid_xml

KML = "http://www.opengis.net/kml/2.2"
Element = ElementTree.Element


def placed(assets: Iterable[Asset]) -> tuple[Asset, ...]:
    """The assets with a place on the globe: half a place is none."""
    return tuple(asset for asset in assets if _point(asset) is not None)


def geojson(assets: Iterable[Asset]) -> str:
    """One point for each asset with a place, as longitude and latitude in degrees (WGS 84)."""
    features = [
        {
            "type": "Feature",
            "id": asset_key(asset),
            "geometry": {"type": "Point", "coordinates": list(point)},
            "properties": _properties(asset),
        }
        for asset in assets
        if (point := _point(asset)) is not None
    ]
    document = {"type": "FeatureCollection", "features": features}
    return indented(document).decode() + "\n"


def kml(assets: Iterable[Asset]) -> str:
    """The same points as placemarks with their time; other characters than ASCII are written as references."""
    ElementTree.register_namespace("", KML)
    root = Element(_name("kml"))
    document = ElementTree.SubElement(root, _name("Document"))
    ElementTree.SubElement(document, _name("name")).text = "recover-facetime"
    for asset in assets:
        point = _point(asset)
        if point is not None:
            _placemark(document, asset, point)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True)
    return text.decode("ascii") + "\n"


def _placemark(parent: Element, asset: Asset, point: tuple[float, float]) -> None:
    mark = ElementTree.SubElement(parent, _name("Placemark"))
    ElementTree.SubElement(mark, _name("name")).text = valid_xml(clean(asset.label))
    if asset.real_created:
        stamp = ElementTree.SubElement(mark, _name("TimeStamp"))
        ElementTree.SubElement(stamp, _name("when")).text = to_text(asset.real_created)
    data = ElementTree.SubElement(mark, _name("ExtendedData"))
    for name, value in _properties(asset).items():
        if value is not None and name not in ("name", "created"):
            field = ElementTree.SubElement(data, _name("Data"), {"name": name})
            text = str(value).lower() if isinstance(value, bool) else str(value)
            ElementTree.SubElement(field, _name("value")).text = valid_xml(text)
    place = ElementTree.SubElement(mark, _name("Point"))
    ElementTree.SubElement(place, _name("coordinates")).text = f"{point[0]:.7f},{point[1]:.7f}"


def _properties(asset: Asset) -> Json:
    return {
        "uuid": asset.uuid,
        "name": asset.label,
        "created": to_text(asset.real_created),
        "kind": asset.kind.value,
        "facetime": asset.facetime.verdict.value,
        "status": asset.status.value,
        "title": asset.title,
        "trashed": asset.trashed,
        "hidden": asset.hidden,
    }


def _point(asset: Asset) -> tuple[float, float] | None:
    """Longitude and latitude, or None for half a place or one outside the globe."""
    east, north = asset.longitude, asset.latitude
    if east is None or north is None or not (abs(north) <= 90 and abs(east) <= 180):
        return None
    return east, north


def _name(local: str) -> str:
    return f"{{{KML}}}{local}"
