"""Searching: each part alone, all together, whatever case and accents, and what cannot be compared is said."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.analysis.find import narrowed
from recovery.analysis.model import Asset, Findings
from recovery.analysis.search import Near, Search, folded
from recovery.errors import SelectionError
from recovery.extraction.selected_files import Selection
from tests.extraction_tools import an_asset, findings_of

NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)
ASSET = an_asset("ONE", created=NOON, latitude=52.5163, longitude=13.3777).changed(
    title="Café in Berlin",
    caption="Übung",
    keywords=("family", "誕生日"),
    original_filename="lp_image 3.HEIC",
    persons=("Zoë Müller", "Grandma"),
    albums=("Calls 2024",),
)


@pytest.mark.parametrize(
    ("search", "fits"),
    [
        ({}, True),
        ({"since": NOON}, True),
        ({"since": NOON + timedelta(seconds=1)}, False),
        ({"until": NOON}, False),
        ({"until": NOON.astimezone(timezone(timedelta(hours=2))) + timedelta(seconds=1)}, True),
        ({"near": Near(52.52, 13.40, 2)}, True),
        ({"near": Near(52.52, 13.40, 1)}, False),
        ({"persons": ("zoe",)}, True),
        ({"persons": ("MULLER", "grandma")}, True),
        ({"persons": ("zoe", "Bob")}, False),
        ({"albums": ("calls",)}, True),
        ({"albums": ("Family",)}, False),
        ({"text": "cafe"}, True),
        ({"text": "ubung BERLIN"}, True),
        ({"text": "lp_image"}, True),
        ({"text": "誕生日 family"}, True),
        ({"text": "cafe paris"}, False),
        ({"text": "grandma"}, False),
        ({"text": "   "}, True),
        ({"since": NOON, "near": Near(52.52, 13.40, 2), "persons": ("zoe",), "text": "cafe"}, True),
        ({"since": NOON, "near": Near(0, 0, 2), "persons": ("zoe",), "text": "cafe"}, False),
    ],
)
def test_a_search_fits(search: dict[str, Any], fits: bool) -> None:
    """Every part narrows, a blank one does not; words may stand in title, caption, keywords or original name."""
    assert Search(**search).fits(ASSET) is fits
    assert Selection(everything=True, **search).takes(ASSET, loose=False) is fits


def test_a_date_added_stands_in_for_an_unknown_date() -> None:
    """A deleted photo is known by the day it was added; one without any date fits no date."""
    search = Search(since=NOON, until=NOON + timedelta(days=1))
    assert search.fits(ASSET.changed(created=None, added=NOON))
    assert not search.fits(ASSET.changed(created=None, added=None))


def test_a_day_is_one_where_the_photo_was_taken() -> None:
    """Half past midnight in Berlin is the day before in UTC; a time with a zone is held against the moment."""
    early = ASSET.changed(created=datetime(2024, 5, 3, 22, 30, tzinfo=UTC), timezone_offset=7200)
    third, fourth = date(2024, 5, 3), date(2024, 5, 4)
    assert Search(since=fourth, until=fourth).fits(early)
    assert not Search(until=third).fits(early)
    assert Search(until=third).fits(early.changed(timezone_offset=None))
    assert not Search(since=datetime(2024, 5, 4, tzinfo=UTC)).fits(early)
    with pytest.raises(SelectionError):
        Search(since=fourth, until=third)


@given(st.text(max_size=20))
def test_folding_ignores_case_and_accents(text: str) -> None:
    """Both Unicode forms of a text fold to the same, and folding again changes nothing."""
    for form in ("NFC", "NFD"):
        assert folded(unicodedata.normalize(form, text)) == folded(text)
    assert folded(folded(text)) == folded(text)


@given(st.text(alphabet=st.characters(codec="latin-1", categories=["L"]), min_size=1, max_size=12))
def test_a_photo_is_found_by_any_part_of_its_title(title: str) -> None:
    """Whatever the title, its parts in other case find it."""
    asset = ASSET.changed(title=title)
    assert Search(text=title.upper()).fits(asset)
    assert Search(text=title[len(title) // 2 :]).fits(asset)


def library() -> Findings:
    """Three photos: one fits, one has no date, one no place."""
    return findings_of([ASSET, ASSET.changed(uuid="TWO", created=None, added=None), an_asset("THREE", created=NOON)])


def test_a_search_says_how_many_fit_and_what_it_could_not_compare() -> None:
    """The sentence names the search, its zone, the count, and how many have no date or no place."""
    search = Search(since=NOON, near=Near(52.52, 13.4, 5), persons=("Zoë",), albums=("Calls",), text="café")
    assert narrowed(library(), search).search == (
        "1 of 3 photos and videos fit: from 2024-05-03 12:00 UTC, within 5 km of 52.52, 13.4, with “Zoë”, in "
        "album “Calls”, with the words “café”. 1 has no known date and 1 has no known place, so nobody can "
        "say whether they fit."
    )


def test_counts_are_those_of_what_fits() -> None:
    """Totals of assets are counted anew and add up; counts of files stay; no search changes nothing."""
    whole = library()
    found = narrowed(whole, Search(text="cafe"))
    assert [asset.uuid for asset in found.assets] == ["ONE", "TWO"]
    totals = found.totals
    statuses = (
        totals.complete,
        totals.half,
        totals.reduced_copy,
        totals.unreadable,
        totals.elsewhere,
        totals.not_found,
    )
    assert totals.assets == sum(statuses) == 2
    assert (totals.blobs, totals.media_files) == (whole.totals.blobs, whole.totals.media_files)
    assert found.causes == whole.causes
    assert narrowed(whole, Search()) is whole


@pytest.mark.parametrize("wrong", [{"persons": ("",)}, {"albums": (" ",)}, {"persons": ("\u0301",)}])
def test_a_name_of_nothing_is_refused(wrong: dict[str, Any]) -> None:
    """An empty name would fit everything, which nobody means."""
    with pytest.raises(SelectionError):
        Search(**wrong)


def test_a_place_of_nothing_fits_no_circle() -> None:
    """An asset that tells no place is not near anything."""
    asset: Asset = ASSET.changed(latitude=None)
    assert not Search(near=Near(0, 0, 20_000)).fits(asset)
