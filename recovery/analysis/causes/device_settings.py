"""Switches and permissions that decide whether FaceTime saves photos at all."""

from __future__ import annotations

from recovery.analysis.causes.context import Answer, Inquiry, Rule, contradicted, shown, undetermined, unread
from recovery.analysis.causes.phrases import count, day
from recovery.app_data.privacy import TCC, Decision, Permission
from recovery.app_data.settings import Setting, SettingName, setting
from recovery.provenance import Source


def _setting(inquiry: Inquiry, name: SettingName) -> Setting | None:
    return setting(inquiry.case.around.settings, name)


def _live_photos_off(inquiry: Inquiry) -> Answer:
    stored = _setting(inquiry, SettingName.FACETIME_LIVE_PHOTOS)
    if stored is None:
        return unread(inquiry.gaps_hiding("facetime_live_photos_off"))
    if stored.value is False:
        return shown(
            "FaceTime Live Photos was switched off on this device when the backup was made.", [stored.source]
        )
    if stored.value is True:
        return contradicted("FaceTime Live Photos was switched on.", [stored.source])
    return contradicted(
        "The FaceTime Live Photos switch was never touched on this device; untouched it is on, except where "
        "Apple does not offer the feature.",
        [stored.source],
    )


def _lockdown_mode(inquiry: Inquiry) -> Answer:
    stored = _setting(inquiry, SettingName.LOCKDOWN_MODE)
    if stored is None:
        return unread(inquiry.gaps_hiding("lockdown_mode"))
    if stored.value is True:
        return shown("Lockdown Mode was on, which is said to block FaceTime Live Photos.", [stored.source])
    state = "off" if stored.value is False else "never switched on"
    return contradicted(f"Lockdown Mode was {state}.", [stored.source])


def _photos_permission(inquiry: Inquiry) -> Answer:
    permissions = inquiry.case.around.permissions
    about = [item for item in permissions if item.about_photos and item.by_facetime]
    denied = [item for item in about if item.decision is Decision.DENIED]
    if denied:
        when = denied[0].last_modified
        since = f" (decided on {day(when)})" if when else ""
        return shown(f"FaceTime was denied access to Photos{since}.", _sources(denied))
    gaps = inquiry.gaps_hiding("photos_permission")
    if gaps:
        return unread(gaps)
    unclear = [item for item in about if item.decision is not Decision.ALLOWED]
    if unclear:
        word = "limited access to Photos" if unclear[0].decision is Decision.LIMITED else "an unclear permission"
        return undetermined(f"FaceTime has {word}; what that means for saving is not known.", _sources(unclear))
    if about:
        return contradicted("FaceTime was allowed to use Photos.", _sources(about))
    read = count(len(permissions), "decision")
    return contradicted(
        f"No denial is stored: of {read} about apps none is about FaceTime and Photos. Articles name this "
        "permission, but what saves these photos is a part of iOS, which is not seen to ask for it.",
        [Source(TCC.location.path, "access")],
    )


def _sources(permissions: list[Permission]) -> list[Source]:
    return [item.source for item in permissions]


FACETIME_LIVE_PHOTOS_OFF = Rule(
    "facetime_live_photos_off",
    _live_photos_off,
    "It tells the switch as it was when the backup was made, not since when; and nothing of the other person's "
    "switch, which must be on as well.",
    "On the phone: Settings, FaceTime, FaceTime Live Photos: switch it on, and ask the other person to do the "
    "same.",
)
PHOTOS_PERMISSION = Rule(
    "photos_permission",
    _photos_permission,
    "An absent row is not a denial: one is written only when an app has asked.",
    "On the phone: Settings, Privacy & Security, Photos. If FaceTime is listed there, allow it; if it is not, "
    "there is nothing to allow.",
)
LOCKDOWN_MODE = Rule(
    "lockdown_mode",
    _lockdown_mode,
    "It tells the state when the backup was made, not when it was switched.",
    "On the phone: Settings, Privacy & Security, Lockdown Mode. Photos in FaceTime are said not to work while it "
    "is on, at either end. If somebody advised you to use it, keep it on.",
)
