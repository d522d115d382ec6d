"""Places for maps: only whole places on the globe, in the order each format asks for."""

from __future__ import annotations

import json
import math
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recovery.analysis.model import Asset
from recovery.report.exports.maps import KML, geojson, kml, placed
from tests.report_stories import golden, rich
from tests.report_strategies import assets

N = {"k": KML}


def test_documents_are_as_agreed() -> None:
    """GeoJSON and KML of the rich story, to the byte."""
    golden("places.geojson", geojson(rich().assets))
    golden("places.kml", kml(rich().assets))


def test_longitude_comes_first() -> None:
    """Both formats want longitude before latitude."""
    (point,) = json.loads(geojson(rich().assets))["features"]
    assert point["geometry"]["coordinates"] == [-13.376, 52.5186]
    text = ElementTree.fromstring(kml(rich().assets)).findtext(".//k:coordinates", namespaces=N)
    assert text == "-13.3760000,52.5186000"


@pytest.mark.parametrize("place", [(None, 1.0), (1.0, None), (90.1, 0.0), (0.0, -180.1), (math.nan, 0.0)])
def test_half_a_place_or_one_off_the_globe_is_none(place: tuple[float | None, float | None]) -> None:
    """Such an asset is left out of both, and not counted as placed."""
    asset = rich().assets[0].changed(latitude=place[0], longitude=place[1])
    assert not placed([asset])
    assert json.loads(geojson([asset]))["features"] == []
    assert "Placemark" not in kml([asset])


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(assets, max_size=4))
def test_any_assets_make_documents_that_parse(library: list[Asset]) -> None:
    """Hostile names and numbers: both parse, are ASCII, and hold one point for each placed asset."""
    number = len(placed(library))
    points, marks = geojson(library), kml(library)
    assert len(json.loads(points)["features"]) == number
    assert len(ElementTree.fromstring(marks).findall(".//k:Placemark", N)) == number
