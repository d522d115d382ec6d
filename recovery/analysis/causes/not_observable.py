"""What articles name and no backup can show: full storage, Low Power Mode, the other side and the region."""

from __future__ import annotations

from recovery.analysis.causes.context import Answer, CauseContext, CauseRule, unseen
from recovery.analysis.statements import CauseCode, FilesPruned, PlainStatement
from recovery.clock import from_cocoa
from recovery.photos_db.library import DATABASE
from recovery.provenance import Source


def _storage_full(inquiry: CauseContext) -> Answer:
    stored = inquiry.case.store.run("SELECT pruned_at FROM resource WHERE pruned_at IS NOT NULL")
    removed = [moment for (cell,) in stored if (moment := from_cocoa(cell)) is not None]
    if not removed:
        return unseen(PlainStatement.STORAGE_NOT_OBSERVABLE)
    hint = FilesPruned(len(removed), max(removed))
    return unseen(
        PlainStatement.STORAGE_NOT_OBSERVABLE, hint, sources=[Source(DATABASE, "ZINTERNALRESOURCE.ZCLOUDPRUNEDAT")]
    )


def _low_power_mode(inquiry: CauseContext) -> Answer:
    return unseen(PlainStatement.LOW_POWER_NOT_OBSERVABLE)


def _region_or_other_side_off(inquiry: CauseContext) -> Answer:
    return unseen(PlainStatement.OTHER_SIDE_NOT_OBSERVABLE)


STORAGE_FULL = CauseRule(CauseCode.STORAGE_FULL, _storage_full)
LOW_POWER_MODE = CauseRule(CauseCode.LOW_POWER_MODE, _low_power_mode)
REGION_OR_OTHER_SIDE_OFF = CauseRule(CauseCode.REGION_OR_OTHER_SIDE_OFF, _region_or_other_side_off)
