"""Why photos may be missing: every cause in the order of the inventory, each judged from one case."""

from __future__ import annotations

from recovery.analysis.causes import asset_states as states
from recovery.analysis.causes import device_history as past
from recovery.analysis.causes import device_settings as switches
from recovery.analysis.causes import file_state as pieces
from recovery.analysis.causes import icloud
from recovery.analysis.causes import not_observable as beyond
from recovery.analysis.causes import other_locations as others
from recovery.analysis.causes.context import CauseContext, CauseRule
from recovery.analysis.causes.summary import opening
from recovery.analysis.model import Cause
from recovery.analysis.statements import Statement

RULES: tuple[CauseRule, ...] = (
    states.RECENTLY_DELETED,
    states.HIDDEN,
    states.PERMANENTLY_DELETED,
    icloud.ONLY_IN_ICLOUD,
    icloud.OPTIMISED_STORAGE,
    icloud.UPLOAD_PENDING,
    pieces.HALF_ARRIVED,
    pieces.ORIGINAL_MISSING_IN_BACKUP,
    switches.FACETIME_LIVE_PHOTOS_OFF,
    switches.PHOTOS_PERMISSION,
    switches.LOCKDOWN_MODE,
    past.LIBRARY_REBUILT,
    past.IOS_UPDATE,
    past.RESTORED_DEVICE,
    past.NEWER_THAN_BACKUP,
    pieces.BACKUP_INCOMPLETE,
    others.CALL_WITHOUT_PHOTO,
    others.OTHER_PHONE_HAS_IT,
    others.COPY_IN_MESSAGES,
    others.ANOTHER_DEVICE,
    beyond.STORAGE_FULL,
    beyond.LOW_POWER_MODE,
    beyond.REGION_OR_OTHER_SIDE_OFF,
    pieces.SMALL_OR_BLURRY,
)
"""The codes and their order are part of the promise to scripts."""
CODES = tuple(rule.code for rule in RULES)


def judged(inquiry: CauseContext) -> tuple[tuple[Cause, ...], tuple[Statement, ...]]:
    """Every cause with its verdict, always all of them and in the same order, and the summary.

    A pure function: the same case and assets give the same answer.
    """
    causes = tuple(rule.cause(inquiry) for rule in RULES)
    return causes, opening(
        inquiry.sure, len(inquiry.perhaps), causes, inquiry.case.census, library_read=not inquiry.library_gaps()
    )
