"""Matching holds for any two libraries: nobody twice, nobody forgotten, and a library equals itself."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_stories import findings
from report_strategies import assets

from recovery.analysis.comparison.asset_matching import Digests, match
from recovery.analysis.comparison.comparing import compare, lost_in
from recovery.analysis.model import Asset, LivePhoto, asset_key

# Few identifiers, so that they meet, in both letter cases.
NAMES = st.none() | st.sampled_from(["A", "a", "B", "b", "C"])
DIGESTS = st.dictionaries(st.sampled_from("fgh"), st.sampled_from("xyz"))


@st.composite
def meeting(draw: st.DrawFn) -> Asset:
    """An asset whose identifiers and files are likely to occur again."""
    asset = draw(assets)
    content = draw(NAMES)
    file_id = draw(st.sampled_from("fgh"))
    return asset.changed(
        uuid=draw(NAMES),
        cloud_identifier=draw(NAMES),
        live_photo=LivePhoto(True, True, content, None) if content else asset.live_photo,
        files=tuple(item.changed(file_id=file_id, size=draw(st.integers(1, 2))) for item in asset.files),
    )


LIBRARIES = st.lists(meeting(), max_size=6).map(tuple)
SLOW = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def ids(group: tuple[Asset, ...]) -> Counter[int]:
    """How often each object occurs."""
    return Counter(map(id, group))


@SLOW
@given(LIBRARIES, LIBRARIES, st.builds(Digests, DIGESTS, DIGESTS))
def test_each_asset_is_matched_at_most_once_and_none_is_forgotten(
    older: tuple[Asset, ...], newer: tuple[Asset, ...], digests: Digests
) -> None:
    """Pairs and leftovers of a side are exactly its assets."""
    found = match(older, newer, digests)
    assert ids((*(pair.older for pair in found.pairs), *found.only_older)) == ids(older)
    assert ids((*(pair.newer for pair in found.pairs), *found.only_newer)) == ids(newer)


@SLOW
@given(LIBRARIES)
def test_a_library_equals_itself(library: tuple[Asset, ...]) -> None:
    """Whatever identifiers occur twice, every asset meets an equal one, so that nothing differs or is lost."""
    story = findings(library)
    found = match(library, library)
    assert not found.only_older
    assert not found.only_newer
    assert all(pair.older == pair.newer for pair in found.pairs)
    comparison = compare(story, story)
    assert comparison.matched == comparison.unchanged == len(library)
    assert not comparison.differences
    assert not comparison.lost


@SLOW
@given(st.lists(assets, max_size=6).map(tuple))
def test_any_library_equals_itself(library: tuple[Asset, ...]) -> None:
    """Also where hardly anything has an identifier."""
    comparison = compare(findings(library), findings(library))
    assert comparison.matched == comparison.unchanged == len(library)
    assert not comparison.lost


@SLOW
@given(LIBRARIES, LIBRARIES)
def test_what_is_lost_is_of_the_older_backup_and_holds_something(
    older: tuple[Asset, ...], newer: tuple[Asset, ...]
) -> None:
    """A lost asset is one of the older library, with a file that is not missing; `compare` says the same."""
    stories = findings(older), findings(newer)
    lost = lost_in(*stories)
    assert lost == compare(*stories).lost
    holding = {asset_key(asset) for asset in older if any(item.state != "missing_blob" for item in asset.files)}
    assert lost <= holding


@SLOW
@given(LIBRARIES)
def test_against_an_empty_backup_everything_held_is_lost(library: tuple[Asset, ...]) -> None:
    """Nothing can be matched, so every asset with bytes of a picture counts."""
    lost = lost_in(findings(library), findings())
    for asset in library:
        here = [item for item in asset.files if item.state not in ("missing_blob", "unreadable")]
        held = any(item.role != "adjustments" for item in here)
        assert (asset_key(asset) in lost) or not held
