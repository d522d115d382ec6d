"""A FaceTime judgement as the finding that every output shows."""

from __future__ import annotations

from recovery.analysis.model import NOT_FACETIME, CallContext, FaceTime, Signal
from recovery.photos_db.facetime_signals import NOTHING_FIRED, Judgement
from recovery.provenance import Tier


def facetime_of(judgement: Judgement, call: CallContext | None = None) -> FaceTime:
    """The verdict with its signals, strongest first, and the call that was going on."""
    if judgement is NOTHING_FIRED and call is None:
        return NOT_FACETIME
    signals = tuple(
        Signal(fired.rule.code, fired.stored.value, fired.stored.source, fired.rule.tier is Tier.UNTESTED)
        for fired in judgement.fired
    )
    return FaceTime(judgement.verdict, signals, call)
