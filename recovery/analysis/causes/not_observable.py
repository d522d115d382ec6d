"""What articles name and no backup can show: full storage, Low Power Mode, the other side and the region."""

from __future__ import annotations

from recovery.analysis.causes.context import Answer, Inquiry, Rule, unseen
from recovery.analysis.causes.phrases import count, day
from recovery.clock import from_cocoa
from recovery.photos_db.library import DATABASE
from recovery.provenance import Source


def _storage_full(inquiry: Inquiry) -> Answer:
    stored = inquiry.case.store.run("SELECT pruned_at FROM resource WHERE pruned_at IS NOT NULL")
    removed = [moment for (cell,) in stored if (moment := from_cocoa(cell)) is not None]
    says = "How full the phone was when you took the photo cannot be seen in a backup."
    if not removed:
        return unseen(says)
    last = max(removed)
    number = count(len(removed), "file was", "files were")
    hint = f"A hint only: {number} removed from the phone to save space, last on {day(last)}."
    return unseen(f"{says} {hint}", [Source(DATABASE, "ZINTERNALRESOURCE.ZCLOUDPRUNEDAT")])


def _low_power_mode(inquiry: Inquiry) -> Answer:
    return unseen("Whether Low Power Mode was on cannot be seen in a backup.")


def _region_or_other_side_off(inquiry: Inquiry) -> Answer:
    return unseen(
        "FaceTime Live Photos must be on at both ends, and Apple does not offer it everywhere. The other "
        "person's switch and region cannot be seen in a backup of this device."
    )


STORAGE_FULL = Rule(
    "storage_full",
    _storage_full,
    "It does not say that storage was the reason.",
    "On the phone: Settings, General, iPhone Storage (or iPad Storage). Leave at least a few GB free before "
    "calls.",
)
LOW_POWER_MODE = Rule(
    "low_power_mode",
    _low_power_mode,
    "Low Power Mode is said to pause syncing with iCloud; that it stops FaceTime from saving is not known.",
    "On the phone: Settings, Battery, Low Power Mode. Switch it off and give Photos time to sync.",
)
REGION_OR_OTHER_SIDE_OFF = Rule(
    "region_or_other_side_off",
    _region_or_other_side_off,
    "Photos that were saved before say that it worked then, not that it works in every call.",
    "Check Settings, FaceTime, FaceTime Live Photos here, and ask the other person to check theirs. If the "
    "switch is missing, the feature is not offered for that device or region.",
)
