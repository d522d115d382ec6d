"""The FaceTime rules: names, programs, marks and calls, each alone and together, each with its source."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import BackupBuilder
from recovery.analysis.model import Findings, Verdict
from recovery.analysis.reasons import NoteCode
from recovery.case.facetime_evidence import inside_traces
from recovery.formats.media import MediaFacts
from recovery.formats.signatures import MediaType
from recovery.photos_db.facetime_signals import (
    CALLING_BUNDLES,
    RULES,
    SAVING_BUNDLES,
    THRESHOLDS,
    Camera,
    FaceTimeEvidence,
    StoredValue,
    judge,
    needs_media_scan,
)
from recovery.provenance import Source, Tier
from tests.scanning import PASSPHRASE, named, scan

CALL = datetime(2024, 5, 3, 18, 0, tzinfo=UTC)


def stored(value: str) -> StoredValue:
    """A value from somewhere."""
    return StoredValue(value, Source("somewhere", "column", 7))


LIVE = FaceTimeEvidence(live=True)
BY_SYSTEM = replace(LIVE, imported_by=stored("8"), saved_asset_type=3)
IN_CALL = stored("a call")


def codes(traces: FaceTimeEvidence) -> list[str]:
    """The codes of the signals that fired, strongest first."""
    return [fired.rule.code for fired in judge(traces).fired]


@pytest.mark.parametrize("place", range(3))
def test_the_name_counts_wherever_it_stands(place: int) -> None:
    """Attributes row, cloud master and file attribute: one of the three is enough, and its source is told."""
    values = ["IMG_0001.HEIC"] * 3
    values[place] = "lp_image.heic"
    names = tuple(StoredValue(value, Source("store", f"place {number}")) for number, value in enumerate(values))
    (fired,) = judge(FaceTimeEvidence(names=names)).fired
    assert fired.stored.source.place == f"place {place}"


@pytest.mark.parametrize("bundle", sorted(SAVING_BUNDLES))
def test_a_program_that_saves_facetime_photos_is_a_strong_mark(bundle: str) -> None:
    """Probable by itself, in any letter case; certain together with the name."""
    for written in (bundle, bundle.upper(), bundle.title()):
        assert judge(FaceTimeEvidence(bundles=(stored(written),))).verdict is Verdict.PROBABLE
    both = FaceTimeEvidence(names=(stored("lp_image.heic"),), bundles=(stored(bundle),))
    assert judge(both).verdict is Verdict.CERTAIN
    assert judge(both).shared_by is None


@pytest.mark.parametrize("bundle", sorted(CALLING_BUNDLES))
def test_a_program_of_calls_counts_on_a_live_photo_only(bundle: str) -> None:
    """A bare FaceTime bundle on another picture may be anything; on a Live Photo it is probable."""
    assert judge(FaceTimeEvidence(bundles=(stored(bundle),))).verdict is Verdict.NO
    assert judge(replace(LIVE, bundles=(stored(bundle),))).verdict is Verdict.PROBABLE


@pytest.mark.parametrize("bundle", ["com.apple.springboard", "com.apple.camera", "com.apple.MobileSMS", "", "x"])
def test_other_programs_are_no_mark(bundle: str) -> None:
    """Not even on a Live Photo in a call."""
    assert judge(replace(LIVE, bundles=(stored(bundle),), call=IN_CALL)).verdict is Verdict.NO


def test_facetime_bundles_are_those_of_the_sources() -> None:
    """The two sets, spelled out: nobody has published a real value, so a whole set is matched."""
    assert {bundle.lower() for bundle in SAVING_BUNDLES} == {
        "com.apple.ftlivephotoservice",
        "com.apple.telephonyutilities",
        "com.apple.callservicesd",
        "com.apple.telephonyutilities.callservicesd",
    }
    assert {bundle.lower() for bundle in CALLING_BUNDLES} == {
        "com.apple.facetime",
        "com.apple.incallservice",
        "com.apple.mobilephone",
        "com.apple.avconferenced",
    }


@pytest.mark.parametrize(
    ("traces", "verdict"),
    [
        (FaceTimeEvidence(comments=(stored("FaceTime Photo"),)), Verdict.PROBABLE),
        (FaceTimeEvidence(comments=(stored("My FaceTime Photo"),)), Verdict.NO),
        (FaceTimeEvidence(comments=(stored("Screenshot"),)), Verdict.NO),
        (FaceTimeEvidence(lenses=(stored("iPhone 13 front FaceTime camera"),)), Verdict.POSSIBLE),
        (FaceTimeEvidence(lenses=(stored("iPhone 13 back camera 5.1mm"),)), Verdict.NO),
        (FaceTimeEvidence(lenses=(stored("FaceTime HD Camera"),)), Verdict.NO),
        (FaceTimeEvidence(lenses=(stored("MacBook Pro"),), models=(stored("MacBook Pro"),)), Verdict.NO),
        (FaceTimeEvidence(movie_keywords=(stored("FaceTime"),)), Verdict.PROBABLE),
        (FaceTimeEvidence(movie_keywords=(stored("FaceTime at the lake"),)), Verdict.NO),
        (FaceTimeEvidence(messages_names=(stored("lp_image.HEIC"),)), Verdict.PROBABLE),
        (FaceTimeEvidence(messages_names=(stored("IMG_0001.HEIC"),)), Verdict.NO),
        (
            FaceTimeEvidence(comments=(stored("FaceTime Photo"),), lenses=(stored("iPhone 13 front FaceTime camera"),)),
            Verdict.CERTAIN,
        ),
        (
            FaceTimeEvidence(comments=(stored("FaceTime Photo"),), movie_keywords=(stored("FaceTime"),)),
            Verdict.CERTAIN,
        ),
        (
            FaceTimeEvidence(
                comments=(stored("FaceTime Photo"),),
                models=(stored("MacBook Pro"),),
                lenses=(stored("MacBook Pro"),),
            ),
            Verdict.CERTAIN,
        ),
    ],
)
def test_marks_inside_the_files(traces: FaceTimeEvidence, verdict: Verdict) -> None:
    """Comment, lens and movie value each count as they say; words around them do not."""
    assert judge(traces).verdict is verdict


def test_rules_no_sample_has_shown_never_make_it_certain() -> None:
    """However many untested rules agree, they stay probable; with one mark of genuine files they are certain."""
    by_program = replace(BY_SYSTEM, bundles=(stored("com.apple.FTLivePhotoService"),), call=IN_CALL)
    assert judge(replace(by_program, history_client=stored("FaceTime"))).verdict is Verdict.PROBABLE
    assert judge(replace(by_program, movie_keywords=(stored("FaceTime"),))).verdict is Verdict.CERTAIN


@pytest.mark.parametrize(
    ("model", "lens", "comment", "device", "camera"),
    [
        ("iPhone 13", "iPhone 13 front FaceTime camera", True, "iPhone 13", Camera.FRONT),
        ("iPhone 13", "iPhone 13 back FaceTime camera", False, "iPhone 13", Camera.BACK),
        (None, "iPad mini (A17 Pro) back FaceTime camera", True, "iPad mini (A17 Pro)", Camera.BACK),
        ("MacBook Pro", "MacBook Pro", True, "MacBook Pro", None),
        ("iPhone 13", None, True, "iPhone 13", None),
        (None, None, True, None, None),
        ("iPhone 13", "iPhone 13 back camera 5.1mm f/1.6", False, None, None),
    ],
)
def test_what_was_photographed(
    model: str | None, lens: str | None, comment: bool, device: str | None, camera: Camera | None
) -> None:
    """Model and lens are those of the other person's device, in a file that carries a mark of FaceTime."""
    traces = FaceTimeEvidence(
        names=(stored("lp_image.heic"),),
        comments=(stored("FaceTime Photo"),) if comment else (),
        models=(stored(model),) if model else (),
        lenses=(stored(lens),) if lens else (),
    )
    shown = judge(traces).photographed
    assert (shown.device, shown.camera) == (device, camera)
    assert (shown.source is not None) == (device is not None)


@pytest.mark.parametrize(
    ("key", "verdict"),
    [("keywords", Verdict.PROBABLE), ("title", Verdict.NO), ("software", Verdict.NO)],
)
def test_the_mark_of_a_video_is_one_key(key: str, verdict: Verdict) -> None:
    """The same word as a title that somebody gave a video is no mark."""
    facts = MediaFacts(MediaType.MOV, quicktime_keys=((f"com.apple.quicktime.{key}", "FaceTime"),))
    assert judge(inside_traces([("a video", facts)])).verdict is verdict


def test_the_camera_of_another_file_is_not_the_one_photographed() -> None:
    """A mark in one file says nothing of the model that another file states."""
    other = StoredValue("Canon EOS R5", Source("an edited copy"))
    traces = FaceTimeEvidence(comments=(stored("FaceTime Photo"),), models=(other,))
    assert judge(traces).photographed.device is None


@pytest.mark.parametrize(
    ("traces", "verdict"),
    [
        (FaceTimeEvidence(call=IN_CALL), Verdict.NO),
        (replace(LIVE, call=IN_CALL), Verdict.NO),
        (FaceTimeEvidence(call=IN_CALL, bundles=(stored("com.apple.springboard"),), imported_by=stored("8")), Verdict.NO),  # noqa: E501
        (replace(LIVE, call=IN_CALL, imported_by=stored("1"), saved_asset_type=3), Verdict.NO),
        (replace(LIVE, call=IN_CALL, imported_by=stored("2"), saved_asset_type=3), Verdict.NO),
        (BY_SYSTEM, Verdict.NO),
        (replace(BY_SYSTEM, call=IN_CALL), Verdict.POSSIBLE),
        (replace(BY_SYSTEM, call=IN_CALL, live=False), Verdict.NO),
        (replace(BY_SYSTEM, call=IN_CALL, saved_asset_type=6), Verdict.NO),
        (replace(BY_SYSTEM, call=IN_CALL, camera_make=True), Verdict.NO),
    ],
    ids=[
        "a call alone", "a Live Photo in a call", "a screenshot in a call", "the back camera in a call",
        "the front camera in a call", "by the system, no call", "by the system in a call", "a still in a call",
        "from iCloud in a call", "another camera's in a call",
    ],
)  # fmt: skip
def test_a_call_only_ever_adds(traces: FaceTimeEvidence, verdict: Verdict) -> None:
    """A call going on proves nothing by itself, and makes at most "possible" of what looks alike."""
    assert judge(traces).verdict is verdict


def test_a_name_under_another_program_was_passed_on() -> None:
    """FaceTime's name under the bundle of Messages: a FaceTime photo, saved from a share."""
    shared = FaceTimeEvidence(names=(stored("lp_image.heic"),), bundles=(stored("com.apple.MobileSMS"),))
    assert judge(shared).shared_by == "com.apple.MobileSMS"
    assert judge(shared).verdict in (Verdict.PROBABLE, Verdict.CERTAIN)
    assert judge(FaceTimeEvidence(bundles=(stored("com.apple.MobileSMS"),))).shared_by is None


texts = st.sampled_from(
    [
        "lp_image.heic",
        "lp_image (1).MOV",
        "my_lp_image.heic",
        "lp_image.heic.gif",
        "com.apple.FTLivePhotoService",
        "com.apple.facetime",
        "FaceTime Photo",
        "FaceTime",
    ]
)
values = st.lists(texts.map(stored), max_size=2).map(tuple)
anything = st.builds(
    FaceTimeEvidence,
    names=values,
    bundles=values,
    imported_by=st.sampled_from([None, stored("8"), stored("1"), stored("3")]),
    saved_asset_type=st.sampled_from([None, 3, 6]),
    live=st.booleans(),
    camera_make=st.sampled_from([None, True, False]),
    comments=values,
    lenses=values,
    models=values,
    movie_keywords=values,
    messages_names=values,
)


@given(anything)
def test_a_call_never_lowers_and_never_starts_a_verdict(traces: FaceTimeEvidence) -> None:
    """With a call the verdict is the same or higher, and none where there was no other signal at all."""
    without, with_call = judge(traces), judge(replace(traces, call=IN_CALL))
    assert with_call.verdict.rank >= without.verdict.rank
    if with_call.verdict is not Verdict.NO:
        assert any(not fired.rule.only_adds for fired in with_call.fired)


@given(anything)
def test_a_verdict_has_its_reasons_and_a_no_has_none(traces: FaceTimeEvidence) -> None:
    """Signals stand beside every verdict but "no", strongest first, each with the value that fired it."""
    judgement = judge(traces)
    assert bool(judgement.fired) is (judgement.verdict is not Verdict.NO)
    weights = [fired.rule.weight for fired in judgement.fired]
    assert weights == sorted(weights, reverse=True)
    total = sum(weights)
    weighed = next((verdict for least, verdict in THRESHOLDS if total >= least), Verdict.NO)
    shown = any(fired.rule.tier is not Tier.UNTESTED for fired in judgement.fired)
    assert judgement.verdict is (Verdict.PROBABLE if weighed is Verdict.CERTAIN and not shown else weighed)
    if judgement.fired:
        assert needs_media_scan(traces)


def test_each_rule_says_how_sure_it_is() -> None:
    """Documented is what genuine files or public sightings show; of a row of the library nothing has been seen."""
    tiers = {(rule.code, rule.tier) for rule in RULES}
    documented = {"original_filename", "messages_name", "embedded_marker", "movie_marker", "lens_model"}
    assert {code for code, tier in tiers if tier is Tier.DOCUMENTED} == documented
    assert {code for code, tier in tiers if tier is Tier.UNTESTED} == {
        "creator_bundle",
        "call_overlap",
        "imported_by",
    }
    assert [(rule.code, str(rule.seen)) for rule in RULES if rule.seen] == [
        ("embedded_marker", "72 of 78 stills"),
        ("movie_marker", "10 of 10 videos"),
        ("lens_model", "64 of 78 stills"),
        ("lens_model", "7 of 78 stills (all that show a Mac)"),
    ]
    adding = [(rule.code, str(rule.seen)) for rule in RULES if rule.only_adds]
    assert adding == [("lens_model", "7 of 78 stills (all that show a Mac)"), ("call_overlap", "None")]


@pytest.mark.parametrize("importer", ["1", "2"])
def test_the_cameras_own_live_photos_are_not_opened(importer: str) -> None:
    """Looking inside every file would take hours: the camera's own are passed over, others are looked at."""
    assert not needs_media_scan(replace(LIVE, imported_by=stored(importer)))
    assert needs_media_scan(LIVE)
    assert not needs_media_scan(FaceTimeEvidence())


# --- in whole backups -----------------------------------------------------------------------------------------


def backup(tmp_path: Path) -> Findings:
    """A phone with a FaceTime call and one photo of each doubtful kind during it or after it."""
    made = BackupBuilder().with_facetime_call(CALL, 600)
    during, after, long_after = (
        CALL + timedelta(minutes=3),
        CALL + timedelta(seconds=650),
        CALL + timedelta(hours=2),
    )
    made.with_screenshot("IMG_0001", during)
    made.with_camera_live_photo("IMG_0002", during)
    lookalike = {"original": None, "bundle": None, "imported_by": 8, "facetime_markers": False}
    made.with_live_photo("IMG_0003", created=during, **lookalike).without_camera_facts()
    made.with_live_photo("IMG_0004", created=after, **lookalike).without_camera_facts()
    made.with_live_photo("IMG_0005", created=long_after, **lookalike).without_camera_facts()
    made.with_live_photo("IMG_0006", created=during, bundle="com.apple.MobileSMS", facetime_markers=False)
    return scan(made.build(tmp_path, PASSPHRASE), PASSPHRASE)


def test_photos_around_a_call(tmp_path: Path) -> None:
    """Screenshot and camera: no. Lookalike in the call or within a minute of it: possible. Long after: no."""
    found = backup(tmp_path)
    verdicts = {str(item.filename): str(item.facetime.verdict) for item in found.assets}
    assert verdicts == {
        "IMG_0001.PNG": "no",
        "IMG_0002.HEIC": "no",
        "IMG_0003.HEIC": "possible",
        "IMG_0004.HEIC": "possible",
        "IMG_0005.HEIC": "no",
        "IMG_0006.HEIC": "certain",
    }
    call = named(found, "IMG_0002.HEIC").facetime.call
    assert call is not None
    assert (call.started, call.ended, call.with_count) == (CALL, CALL + timedelta(minutes=10), 1)
    assert named(found, "IMG_0005.HEIC").facetime.call is None
    assert any(note.code is NoteCode.SAVED_FROM_SHARE for note in named(found, "IMG_0006.HEIC").notes)


@pytest.mark.parametrize(
    "call",
    [
        {"video": False},
        {"duration": 0.0},
        {"answered": False, "duration": 0.0},
    ],
    ids=["audio only", "never connected", "not answered"],
)
def test_a_call_without_a_picture_is_no_call_here(tmp_path: Path, call: dict[str, object]) -> None:
    """FaceTime takes its photos in connected video calls only."""
    made = BackupBuilder().with_facetime_call(CALL, **({"duration": 600.0} | call))  # type: ignore[arg-type]
    made.with_live_photo(
        "IMG_0001", original=None, bundle=None, created=CALL + timedelta(minutes=1), facetime_markers=False
    ).without_camera_facts()
    (asset,) = scan(made.build(tmp_path, PASSPHRASE), PASSPHRASE).assets
    assert asset.facetime.verdict is Verdict.NO
    assert asset.facetime.call is None


def test_each_signal_names_its_place_in_the_backup(tmp_path: Path) -> None:
    """Store, column or key, and row stand beside every signal of a found photo."""
    (asset,) = scan(BackupBuilder().with_live_photo("IMG_0001").build(tmp_path)).assets
    places = {signal.code: str(signal.source) for signal in asset.facetime.signals}
    assert places["original_filename"].startswith("Media/PhotoData/Photos.sqlite ZADDITIONALASSETATTRIBUTES.")
    assert places["embedded_marker"] == "Media/DCIM/100APPLE/IMG_0001.HEIC Exif UserComment"
    assert places["movie_marker"].startswith("Media/DCIM/100APPLE/IMG_0001.MOV moov/meta")
    untested = {signal.code for signal in asset.facetime.signals if signal.untested}
    assert untested == {"creator_bundle", "imported_by"}
    assert dict(asset.sources)["facetime.device"] == Source("Media/DCIM/100APPLE/IMG_0001.HEIC", "Exif Model")
