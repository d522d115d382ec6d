"""Judge whether an asset came from FaceTime: a small table of weighted signals, each with its source and tier.

What stands inside the files was measured on 78 genuine stills and 10 genuine videos that their owners show in
public (docs/facetime.md). No FaceTime row of an iPhone's Photos.sqlite has been seen; rules about one are
`untested`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from recovery.photos_db.codes import CAMERA, ImportedBy, SavedAssetType
from recovery.photos_db.facetime_names import is_facetime_name
from recovery.provenance import Source, Tier

SAVING_BUNDLES = frozenset(
    bundle.lower()
    for bundle in (
        "com.apple.FTLivePhotoService",
        "com.apple.TelephonyUtilities",
        "com.apple.callservicesd",
        "com.apple.telephonyutilities.callservicesd",
    )
)
"""Programs that save FaceTime Live Photos, newest first."""
CALLING_BUNDLES = frozenset(
    bundle.lower()
    for bundle in (
        "com.apple.facetime",
        "com.apple.InCallService",
        "com.apple.mobilephone",
        "com.apple.avconferenced",
    )
)
"""Programs of a call that might stand in for the saver; a mark only on a Live Photo."""

BY_SYSTEM = frozenset((int(ImportedBy.SYSTEM), int(ImportedBy.NATIVE_APP)))
"""What ZIMPORTEDBY of a photo is that a part of the system saved."""
_BY_SYSTEM = frozenset(map(str, BY_SYSTEM))

COMMENT = "FaceTime Photo"
"""EXIF UserComment of the still."""
_LENS = re.compile(r"(?:(.+?) )??(?:(front|back) )?FaceTime camera", re.IGNORECASE)
"""EXIF LensModel of the still, `<Model> front FaceTime camera`."""
KEYWORDS_KEY = "com.apple.quicktime.keywords"
_KEYWORD = "FaceTime"
"""Value of that key in the video."""


class Verdict(StrEnum):
    """How sure it is that an asset was taken in a FaceTime call."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"
    NO = "no"

    @property
    def rank(self) -> int:
        """0 for no, up to 3 for certain."""
        return ("no", "possible", "probable", "certain").index(self.value)


THRESHOLDS: tuple[tuple[int, Verdict], ...] = (
    (80, Verdict.CERTAIN),
    (40, Verdict.PROBABLE),
    (20, Verdict.POSSIBLE),
)
"""Least sum of weights for each verdict."""


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A stored value and the place it stands at."""

    value: str
    source: Source


@dataclass(frozen=True, slots=True)
class FaceTimeEvidence:
    """Everything about one asset that a rule may look at."""

    names: tuple[StoredValue, ...] = ()
    """Original file names of still and movie, from wherever they stand."""
    bundles: tuple[StoredValue, ...] = ()
    imported_by: StoredValue | None = None
    """ZIMPORTEDBY or its attribute, as a number in text."""
    saved_asset_type: int | None = None
    live: bool = False
    camera_make: bool | None = None
    """Whether the still names a camera maker without naming FaceTime; None when nobody looked inside."""
    comments: tuple[StoredValue, ...] = ()
    models: tuple[StoredValue, ...] = ()
    lenses: tuple[StoredValue, ...] = ()
    movie_keywords: tuple[StoredValue, ...] = ()
    messages_names: tuple[StoredValue, ...] = ()
    """Names of attachments in Messages that are this asset."""
    history_client: StoredValue | None = None
    """What the library's history says of the program that added the asset, where it names FaceTime."""
    call: StoredValue | None = None
    """A FaceTime video call that was going on when the asset was made."""


@dataclass(frozen=True, slots=True)
class Seen:
    """In how many genuine FaceTime files, of how many that were looked at, a signal was found."""

    count: int
    of: int
    what: str

    def __str__(self) -> str:
        return f"{self.count} of {self.of} {self.what}"


@dataclass(frozen=True, slots=True)
class SignalRule:
    """One signal: its code in the inventory, its weight, what fires it, and how sure the rule itself is."""

    code: str
    weight: int
    find: Callable[[FaceTimeEvidence], StoredValue | None]
    tier: Tier
    seen: Seen | None = None
    """None where no genuine file can show how often it occurs: those at hand were found by their name."""
    only_adds: bool = False
    """Counts only when another signal fires as well."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired, with the stored value that fired it."""

    rule: SignalRule
    stored: StoredValue


class Camera(StrEnum):
    """Which camera of the photographed device was on."""

    FRONT = "front"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Photographed:
    """The device in front of whose camera the people were: the other person's, not the one that saved the photo.

    `device` is its marketing name, `camera` unknown for a Mac, whose lens is only called as the Mac itself.
    """

    device: str | None = None
    camera: Camera | None = None
    source: Source | None = None


NO_DEVICE = Photographed()


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict and the signals behind it, strongest first; `shared_by` names a program that passed it on."""

    verdict: Verdict
    fired: tuple[Fired, ...]
    shared_by: str | None
    photographed: Photographed = NO_DEVICE


def _first(values: tuple[StoredValue, ...], test: Callable[[str], object]) -> StoredValue | None:
    return next((stored for stored in values if test(stored.value)), None)


def is_of_facetime(bundle: str) -> bool:
    """Whether a program is a part of FaceTime or of a call."""
    return bundle.lower() in SAVING_BUNDLES or bundle.lower() in CALLING_BUNDLES


def _named(traces: FaceTimeEvidence) -> StoredValue | None:
    return _first(traces.names, is_facetime_name)


def _saved_by(traces: FaceTimeEvidence) -> StoredValue | None:
    return _first(traces.bundles, lambda value: value.lower() in SAVING_BUNDLES)


def _saved_in_call(traces: FaceTimeEvidence) -> StoredValue | None:
    return _first(traces.bundles, lambda value: value.lower() in CALLING_BUNDLES) if traces.live else None


def _comment(traces: FaceTimeEvidence) -> StoredValue | None:
    return _first(traces.comments, lambda value: value.strip() == COMMENT)


def _lens(traces: FaceTimeEvidence) -> StoredValue | None:
    return _first(traces.lenses, _LENS.fullmatch)


def _lens_of_mac(traces: FaceTimeEvidence) -> StoredValue | None:
    """A lens that is called exactly as the device; other cameras may do that too, so it only adds."""
    models = {(stored.source.store, stored.value) for stored in traces.models}
    return next((lens for lens in traces.lenses if (lens.source.store, lens.value) in models), None)


def _keyword(traces: FaceTimeEvidence) -> StoredValue | None:
    return _first(traces.movie_keywords, lambda value: value.strip() == _KEYWORD)


def _messages_name(traces: FaceTimeEvidence) -> StoredValue | None:
    return _first(traces.messages_names, is_facetime_name)


def _system_live_photo(traces: FaceTimeEvidence) -> StoredValue | None:
    """A Live Photo saved by a part of the system, not by the camera: what a FaceTime photo looks like."""
    if not traces.live or traces.imported_by is None or traces.camera_make:
        return None
    by_system = traces.imported_by.value in _BY_SYSTEM
    local = traces.saved_asset_type == SavedAssetType.CAMERA_OR_PHOTOKIT
    return traces.imported_by if by_system and local else None


_STILLS, _VIDEOS = "stills", "videos"

RULES: tuple[SignalRule, ...] = (
    SignalRule("original_filename", 70, _named, Tier.DOCUMENTED),
    SignalRule("embedded_marker", 70, _comment, Tier.DOCUMENTED, Seen(72, 78, _STILLS)),
    SignalRule("creator_bundle", 60, _saved_by, Tier.UNTESTED),
    SignalRule("movie_marker", 50, _keyword, Tier.DOCUMENTED, Seen(10, 10, _VIDEOS)),
    SignalRule("messages_name", 40, _messages_name, Tier.DOCUMENTED),
    SignalRule("creator_bundle", 40, _saved_in_call, Tier.UNTESTED),
    SignalRule("creator_bundle", 40, lambda traces: traces.history_client, Tier.UNTESTED),
    SignalRule("lens_model", 35, _lens, Tier.DOCUMENTED, Seen(64, 78, _STILLS)),
    SignalRule(
        "lens_model",
        35,
        _lens_of_mac,
        Tier.DOCUMENTED,
        Seen(7, 78, f"{_STILLS} (all that show a Mac)"),
        only_adds=True,
    ),
    SignalRule("call_overlap", 15, lambda traces: traces.call, Tier.UNTESTED, only_adds=True),
    SignalRule("imported_by", 10, _system_live_photo, Tier.UNTESTED),
)


NOTHING_FIRED = Judgement(Verdict.NO, (), None)
"""What `judge` says where no rule but an adding one fires."""


def judge(traces: FaceTimeEvidence) -> Judgement:
    """Weigh the signals.

    A call going on never counts alone, so a screenshot or a camera photo in a call stays "no". Rules that no
    genuine file has shown make at most "probable", however many agree.
    """
    fired = [Fired(rule, stored) for rule in RULES if (stored := rule.find(traces)) is not None]
    if all(signal.rule.only_adds for signal in fired):
        return NOTHING_FIRED
    total = sum(signal.rule.weight for signal in fired)
    verdict = next((verdict for least, verdict in THRESHOLDS if total >= least), Verdict.NO)
    if verdict is Verdict.CERTAIN and all(signal.rule.tier is Tier.UNTESTED for signal in fired):
        verdict = Verdict.PROBABLE
    if verdict is Verdict.NO:
        return Judgement(verdict, (), None)
    return Judgement(verdict, tuple(fired), _shared_by(traces), _photographed(traces, fired))


_OF_CAMERA = frozenset(("embedded_marker", "lens_model"))
"""Signals that show a picture to be as FaceTime wrote it, so that its model is that of the photographed device."""


def _photographed(traces: FaceTimeEvidence, fired: list[Fired]) -> Photographed:
    """What the still says of its camera, where the same file carries a mark of FaceTime."""
    store = next((item.stored.source.store for item in fired if item.rule.code in _OF_CAMERA), None)
    model, lens = (_first_in(store, values) for values in (traces.models, traces.lenses))
    named = _LENS.fullmatch(lens.value) if lens else None
    camera = Camera(named[2].lower()) if named and named[2] else None
    if model is not None:
        return Photographed(model.value, camera, model.source)
    return Photographed(named[1], camera, lens.source) if lens and named else NO_DEVICE


def _first_in(store: str | None, values: tuple[StoredValue, ...]) -> StoredValue | None:
    return next((stored for stored in values if stored.source.store == store), None)


def _shared_by(traces: FaceTimeEvidence) -> str | None:
    """The program that saved an asset under FaceTime's file name without being part of FaceTime."""
    if not _named(traces):
        return None
    other = _first(traces.bundles, lambda value: value.lower() not in SAVING_BUNDLES | CALLING_BUNDLES)
    return other.value if other and not _saved_by(traces) else None


def needs_media_scan(traces: FaceTimeEvidence) -> bool:
    """Whether marks inside the file could change the verdict: any signal, or a Live Photo not from the camera."""
    if any(rule.find(traces) for rule in RULES):
        return True
    by_camera = traces.imported_by is not None and traces.imported_by.value in {str(int(code)) for code in CAMERA}
    return traces.live and not by_camera
