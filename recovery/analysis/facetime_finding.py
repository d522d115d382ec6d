"""A FaceTime judgement as the finding that every output shows."""

from __future__ import annotations

from recovery.analysis.model import NOT_FACETIME, CallContext, FaceTime, Signal
from recovery.photos_db.facetime_signals import NOTHING_FIRED, Fired, Judgement

DEVICE = "facetime.device"
"""The name under which `Asset.sources` tells where the photographed device was read."""


def facetime_of(judgement: Judgement, call: CallContext | None = None) -> FaceTime:
    """The verdict with its signals, strongest first, and the call that was going on."""
    if judgement is NOTHING_FIRED and call is None:
        return NOT_FACETIME
    signals = tuple(map(_signal, judgement.fired))
    shown = judgement.photographed
    return FaceTime(judgement.verdict, signals, call, shown.device, shown.camera)


def _signal(fired: Fired) -> Signal:
    rule, stored = fired.rule, fired.stored
    return Signal(rule.code, stored.value, stored.source, rule.tier, str(rule.seen) if rule.seen else None)
