"""Switches and permissions that decide whether FaceTime saves photos at all."""

from __future__ import annotations

from recovery.analysis.causes.context import (
    Answer,
    CauseContext,
    CauseRule,
    contradicted,
    shown,
    undetermined,
    unread,
)
from recovery.analysis.statements import CauseCode, NoDenialAmong, PermissionDenied, PlainStatement
from recovery.app_data.privacy import TCC, Permission, PrivacyDecision
from recovery.app_data.settings import Setting, SettingName, setting
from recovery.provenance import Source
from recovery.source.identity import INFO

LOCKDOWN_SINCE = 16
"""The iOS version that brought Lockdown Mode."""


def _setting(inquiry: CauseContext, name: SettingName) -> Setting | None:
    return setting(inquiry.case.around.settings, name)


def _live_photos_off(inquiry: CauseContext) -> Answer:
    stored = _setting(inquiry, SettingName.FACETIME_LIVE_PHOTOS)
    if stored is None:
        return unread(inquiry.gaps_hiding("facetime_live_photos_off"))
    if stored.value is False:
        return shown(PlainStatement.LIVE_PHOTOS_OFF, sources=[stored.source])
    state = PlainStatement.LIVE_PHOTOS_ON if stored.value is True else PlainStatement.LIVE_PHOTOS_UNTOUCHED
    return contradicted(state, sources=[stored.source])


def _lockdown_mode(inquiry: CauseContext) -> Answer:
    version = _major(inquiry.case.identity.ios_version)
    if version is not None and version < LOCKDOWN_SINCE:
        return contradicted(PlainStatement.LOCKDOWN_NOT_IN_THIS_IOS, sources=[Source(INFO, "Product Version")])
    stored = _setting(inquiry, SettingName.LOCKDOWN_MODE)
    if stored is None:
        return unread(inquiry.gaps_hiding("lockdown_mode"))
    if stored.value is True:
        return shown(PlainStatement.LOCKDOWN_ON, sources=[stored.source])
    state = PlainStatement.LOCKDOWN_OFF if stored.value is False else PlainStatement.LOCKDOWN_UNTOUCHED
    return contradicted(state, sources=[stored.source])


def _major(version: str | None) -> int | None:
    """The first number of an iOS version; None where that is not known."""
    first = (version or "").partition(".")[0]
    return int(first) if first.isascii() and first.isdigit() else None


def _photos_permission(inquiry: CauseContext) -> Answer:
    permissions = inquiry.case.around.permissions
    about = [item for item in permissions if item.about_photos and item.by_facetime]
    denied = [item for item in about if item.decision is PrivacyDecision.DENIED]
    if denied:
        return shown(PermissionDenied(denied[0].last_modified), sources=_sources(denied))
    gaps = inquiry.gaps_hiding("photos_permission")
    if gaps:
        return unread(gaps)
    unclear = [item for item in about if item.decision is not PrivacyDecision.ALLOWED]
    if unclear:
        limited = unclear[0].decision is PrivacyDecision.LIMITED
        state = PlainStatement.PERMISSION_LIMITED if limited else PlainStatement.PERMISSION_UNCLEAR
        return undetermined(state, sources=_sources(unclear))
    if about:
        return contradicted(PlainStatement.PERMISSION_GRANTED, sources=_sources(about))
    return contradicted(NoDenialAmong(len(permissions)), sources=[Source(TCC.location.path, "access")])


def _sources(permissions: list[Permission]) -> list[Source]:
    return [item.source for item in permissions]


FACETIME_LIVE_PHOTOS_OFF = CauseRule(CauseCode.FACETIME_LIVE_PHOTOS_OFF, _live_photos_off)
PHOTOS_PERMISSION = CauseRule(CauseCode.PHOTOS_PERMISSION, _photos_permission)
LOCKDOWN_MODE = CauseRule(CauseCode.LOCKDOWN_MODE, _lockdown_mode)
