"""Judge whether an asset came from FaceTime: a small table of weighted signals, each with its source and tier.

No genuine FaceTime Live Photo has been available to this project. The rules follow public descriptions of the
system's own code and a handful of public sightings of the file name; `untested` says so at each rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from recovery.photos_db.codes import CAMERA, ImportedBy, SavedAssetType
from recovery.provenance import Source, Tier

LP_IMAGE = re.compile(r"lp_image(?:[ _]?\(?\d+\)?)?\.(?:heic|heif|jpe?g)", re.IGNORECASE)
"""The name FaceTime gives the still before Photos renames it; copies carry a number."""
LP_MOVIE = re.compile(r"lp_movie(?:[ _]?\(?\d+\)?)?\.mov", re.IGNORECASE)

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
_LENS = re.compile(r"\bFaceTime camera\b", re.IGNORECASE)
_MOVIE_VALUE = "FaceTime"


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
class Stored:
    """A stored value and the place it stands at."""

    value: str
    source: Source


@dataclass(frozen=True, slots=True)
class Traces:
    """Everything about one asset that a rule may look at."""

    names: tuple[Stored, ...] = ()
    """Original file names of still and movie, from wherever they stand."""
    bundles: tuple[Stored, ...] = ()
    imported_by: Stored | None = None
    """ZIMPORTEDBY or its attribute, as a number in text."""
    saved_asset_type: int | None = None
    live: bool = False
    camera_make: bool | None = None
    """Whether the still names a camera maker without naming FaceTime; None when nobody looked inside."""
    comments: tuple[Stored, ...] = ()
    lenses: tuple[Stored, ...] = ()
    movie_values: tuple[Stored, ...] = ()
    messages_names: tuple[Stored, ...] = ()
    """Names of attachments in Messages that are this asset."""
    history_client: Stored | None = None
    """What the library's history says of the program that added the asset, where it names FaceTime."""
    call: Stored | None = None
    """A FaceTime video call that was going on when the asset was made."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One signal: its code in the inventory, its weight, what fires it, and how sure the rule itself is."""

    code: str
    weight: int
    find: Callable[[Traces], Stored | None]
    tier: Tier
    only_adds: bool = False
    """Counts only when another signal fires as well."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired, with the stored value that fired it."""

    rule: Rule
    stored: Stored


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict and the signals behind it, strongest first; `shared_by` names a program that passed it on."""

    verdict: Verdict
    fired: tuple[Fired, ...]
    shared_by: str | None


def _first(values: tuple[Stored, ...], test: Callable[[str], object]) -> Stored | None:
    return next((stored for stored in values if test(stored.value)), None)


def is_facetime_name(name: str) -> bool:
    """Whether a file name is one that FaceTime gives its halves."""
    return name[:3].lower() == "lp_" and bool(LP_IMAGE.fullmatch(name) or LP_MOVIE.fullmatch(name))


def is_of_facetime(bundle: str) -> bool:
    """Whether a program is a part of FaceTime or of a call."""
    return bundle.lower() in SAVING_BUNDLES or bundle.lower() in CALLING_BUNDLES


def _named(traces: Traces) -> Stored | None:
    return _first(traces.names, is_facetime_name)


def _saved_by(traces: Traces) -> Stored | None:
    return _first(traces.bundles, lambda value: value.lower() in SAVING_BUNDLES)


def _saved_in_call(traces: Traces) -> Stored | None:
    return _first(traces.bundles, lambda value: value.lower() in CALLING_BUNDLES) if traces.live else None


def _comment(traces: Traces) -> Stored | None:
    return _first(traces.comments, lambda value: value.strip() == COMMENT)


def _lens(traces: Traces) -> Stored | None:
    return _first(traces.lenses, _LENS.search)


def _movie_mark(traces: Traces) -> Stored | None:
    return _first(traces.movie_values, lambda value: value.strip() == _MOVIE_VALUE)


def _messages_name(traces: Traces) -> Stored | None:
    return _first(traces.messages_names, is_facetime_name)


def _system_live_photo(traces: Traces) -> Stored | None:
    """A Live Photo saved by a part of the system, not by the camera: what a FaceTime photo looks like."""
    if not traces.live or traces.imported_by is None or traces.camera_make:
        return None
    by_system = traces.imported_by.value in _BY_SYSTEM
    local = traces.saved_asset_type == SavedAssetType.CAMERA_OR_PHOTOKIT
    return traces.imported_by if by_system and local else None


RULES: tuple[Rule, ...] = (
    Rule("original_filename", 70, _named, Tier.DOCUMENTED),
    Rule("embedded_marker", 70, _comment, Tier.UNTESTED),
    Rule("creator_bundle", 60, _saved_by, Tier.UNTESTED),
    Rule("movie_marker", 50, _movie_mark, Tier.UNTESTED),
    Rule("messages_name", 40, _messages_name, Tier.DOCUMENTED),
    Rule("creator_bundle", 40, _saved_in_call, Tier.UNTESTED),
    Rule("creator_bundle", 40, lambda traces: traces.history_client, Tier.UNTESTED),
    Rule("lens_model", 35, _lens, Tier.UNTESTED),
    Rule("call_overlap", 15, lambda traces: traces.call, Tier.UNTESTED, only_adds=True),
    Rule("imported_by", 10, _system_live_photo, Tier.UNTESTED),
)


NOTHING_FIRED = Judgement(Verdict.NO, (), None)
"""What `judge` says where no rule but an adding one fires."""


def judge(traces: Traces) -> Judgement:
    """Weigh the signals.

    A call going on never counts alone, so a screenshot or a camera photo in a call stays "no". Rules that no
    real sample has shown make at most "probable", however many agree.
    """
    fired = [Fired(rule, stored) for rule in RULES if (stored := rule.find(traces)) is not None]
    if all(signal.rule.only_adds for signal in fired):
        return NOTHING_FIRED
    total = sum(signal.rule.weight for signal in fired)
    verdict = next((verdict for least, verdict in THRESHOLDS if total >= least), Verdict.NO)
    if verdict is Verdict.CERTAIN and all(signal.rule.tier is Tier.UNTESTED for signal in fired):
        verdict = Verdict.PROBABLE
    return Judgement(verdict, tuple(fired) if verdict is not Verdict.NO else (), _shared_by(traces, verdict))


def _shared_by(traces: Traces, verdict: Verdict) -> str | None:
    """The program that saved an asset under FaceTime's file name without being part of FaceTime."""
    if verdict is Verdict.NO or not _named(traces):
        return None
    other = _first(traces.bundles, lambda value: value.lower() not in SAVING_BUNDLES | CALLING_BUNDLES)
    return other.value if other and not _saved_by(traces) else None


def worth_a_look(traces: Traces) -> bool:
    """Whether marks inside the file could change the verdict: any signal, or a Live Photo not from the camera."""
    if any(rule.find(traces) for rule in RULES):
        return True
    by_camera = traces.imported_by is not None and traces.imported_by.value in {str(int(code)) for code in CAMERA}
    return traces.live and not by_camera
