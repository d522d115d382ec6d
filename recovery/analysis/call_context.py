"""Which FaceTime video call, if any, was going on at a moment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import accumulate

from recovery.analysis.model import CallContext
from recovery.app_data.calls import Call
from recovery.clock import in_records

MARGIN = timedelta(seconds=60)
"""A Live Photo arrives from the other phone after the shutter, so it may be saved just after the call."""
_LOOK_BACK = 16
# Calls of one phone do not overlap; a damaged store may claim so, and then only the nearest are looked at.


class CallFinder:
    """FaceTime video calls that were connected, by time."""

    def __init__(self, calls: Iterable[Call]) -> None:
        usable = (call for call in calls if call.facetime and call.video and call.connected)
        spans = ((call.started, call.ended, call) for call in usable if call.started and call.ended)
        ordered = sorted(spans, key=lambda span: span[0])
        self._calls = [(started - MARGIN, ended + MARGIN, call) for started, ended, call in ordered]
        self._starts = [started for started, _, _ in self._calls]
        self._until = list(accumulate((ended for _, ended, _ in self._calls), max))
        """When the last of all calls so far has ended."""

    def at(self, *moments: datetime | None) -> tuple[CallContext, Call] | None:
        """The call that one of the moments falls into, give or take the margin."""
        for moment in moments:
            if moment is None:
                continue
            last = bisect_right(self._starts, moment)
            if not last or self._until[last - 1] < moment:  # as nearly always
                continue
            for earliest, latest, call in reversed(self._calls[max(0, last - _LOOK_BACK) : last]):
                if earliest <= moment <= latest:
                    return CallContext(
                        in_records(earliest + MARGIN), in_records(latest - MARGIN), call.with_count
                    ), call
        return None
