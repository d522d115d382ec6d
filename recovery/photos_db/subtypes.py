"""What kind of photo or video an asset is, by codes of its row: what people search by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from recovery.photos_db.codes import SubtypeCode
from recovery.photos_db.library import AssetRow
from recovery.provenance import Tier


class Subtype(StrEnum):
    """Kinds in the words of the Photos app; an asset can be of several."""

    SCREENSHOT = "screenshot"
    SCREEN_RECORDING = "screen_recording"
    SLOW_MOTION = "slow_motion"
    TIME_LAPSE = "time_lapse"
    PANORAMA = "panorama"
    BURST = "burst"
    """The frame of a burst that was picked, by the owner or by the phone."""
    BURST_FRAME = "burst_frame"
    """A frame that nobody picked: Photos shows it only inside its burst."""
    PORTRAIT = "portrait"
    SPATIAL = "spatial"
    LIVE_OFF = "live_off"
    """A Live Photo that was switched off in Photos; its video is still there."""
    LOOP = "loop"
    BOUNCE = "bounce"
    LONG_EXPOSURE = "long_exposure"


OF_THE_SCREEN = frozenset({Subtype.SCREENSHOT, Subtype.SCREEN_RECORDING})

ANY = None
"""Stands for every code but 0."""


@dataclass(frozen=True, slots=True)
class SubtypeRule:
    """A subtype, the codes that the fields of a row must have for it, how sure that is, and who says so."""

    subtype: Subtype
    codes: Mapping[str, frozenset[int] | None]
    tier: Tier
    citation: str

    def fits(self, row: AssetRow) -> bool:
        """Whether every field of the row has one of its codes."""
        return all(
            bool(stored) if wanted is ANY else stored in wanted
            for stored, wanted in ((getattr(row, name), wanted) for name, wanted in self.codes.items())
        )


def _of_kind(code: SubtypeCode) -> dict[str, frozenset[int] | None]:
    return {"kind_subtype": frozenset({int(code)})}


_PICKED = frozenset(code for code in range(64) if code & 0b011100)
"""ZAVALANCHEPICKTYPE is a set of bits: 4 picked by default, 8 picked by the owner, 16 the key frame; 2 not picked."""
_OSXPHOTOS, _ILEAPP, _TABLE = "osxphotos", "iLEAPP Ph126", "public table of iOS 14 codes"
_D, _U = Tier.DOCUMENTED, Tier.UNTESTED

RULES: tuple[SubtypeRule, ...] = (
    SubtypeRule(Subtype.SCREENSHOT, _of_kind(SubtypeCode.SCREENSHOT), _D, _OSXPHOTOS),
    SubtypeRule(Subtype.SCREEN_RECORDING, _of_kind(SubtypeCode.SCREEN_RECORDING), _D, _OSXPHOTOS),
    SubtypeRule(Subtype.SLOW_MOTION, _of_kind(SubtypeCode.SLOW_MOTION), _D, _OSXPHOTOS),
    SubtypeRule(Subtype.TIME_LAPSE, _of_kind(SubtypeCode.TIME_LAPSE), _D, _OSXPHOTOS),
    SubtypeRule(Subtype.PANORAMA, _of_kind(SubtypeCode.PANORAMA), _D, _OSXPHOTOS),
    SubtypeRule(Subtype.PANORAMA, {"rendered": frozenset({6})}, _D, _OSXPHOTOS),
    SubtypeRule(Subtype.BURST, {"burst_pick": _PICKED}, _D, _OSXPHOTOS),
    SubtypeRule(Subtype.BURST_FRAME, {"burst_pick": frozenset(range(1, 64)) - _PICKED}, _D, _OSXPHOTOS),
    SubtypeRule(Subtype.PORTRAIT, {"rendered": frozenset({8})}, _D, _OSXPHOTOS),
    SubtypeRule(Subtype.PORTRAIT, {"depth": ANY}, _U, _ILEAPP),
    SubtypeRule(Subtype.SPATIAL, {"spatial": ANY}, _U, _ILEAPP),
    SubtypeRule(
        Subtype.LIVE_OFF,
        {
            "kind_subtype": frozenset({int(SubtypeCode.LIVE_PHOTO)}),
            "playback_style": frozenset({1}),
            "live_visibility": frozenset({15}),
        },
        _U,
        "osxphotos issues 1513 and 1514",
    ),
    SubtypeRule(Subtype.LOOP, {"playback_style": frozenset({5}), "playback_variation": frozenset({1})}, _U, _TABLE),
    SubtypeRule(Subtype.BOUNCE, {"playback_style": frozenset({5}), "playback_variation": frozenset({2})}, _U, _TABLE),
    SubtypeRule(
        Subtype.LONG_EXPOSURE, {"playback_style": frozenset({3}), "playback_variation": frozenset({3})}, _U, _TABLE
    ),
)
"""Every rule; several may tell the same subtype."""


def subtypes_of(row: AssetRow) -> tuple[Subtype, ...]:
    """What a row is, in the order of `Subtype`; nothing for an ordinary photo or video."""
    return tuple(dict.fromkeys(_subtypes(row)))


def _subtypes(row: AssetRow) -> Iterator[Subtype]:
    return (rule.subtype for rule in RULES if rule.fits(row))
