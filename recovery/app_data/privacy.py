"""Read the privacy permissions (TCC.db): which app was allowed or denied what, as the device stored it.

This is the exemplar of the evidence readers: the store, the layouts and the codes are data at the top, the
reader joins them, and whatever does not fit becomes a gap that names the answers it hides.

No row is not a denial: a row is written only when an app has asked. The service that saves FaceTime photos is
part of the system, and no row for it or for FaceTime has been seen in a real TCC.db (iOS 14.3, 11 rows).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial

from recovery import clock
from recovery.app_data.store_reader import Column, Location, Store, Table, read_table
from recovery.database import Database, text_cell, whole_cell
from recovery.gap_codes import GapSubject
from recovery.provenance import Reading, Source, Tier

HIDES = ("photos_permission",)
TCC = Store(GapSubject.PRIVACY_PERMISSIONS, Location("HomeDomain", "Library/TCC/TCC.db"), HIDES)
TIER = Tier.DOCUMENTED
"""Columns and codes: mvt and iLEAPP, the current layout checked on a real iOS 14.3 database; a decision about
Photos, "limited" and the earlier layout have been seen in no real sample here, so those are untested."""


class PrivacyDecision(StrEnum):
    """What the device stored about one app and one service."""

    ALLOWED = "allowed"
    DENIED = "denied"
    LIMITED = "limited"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Layout:
    table: Table
    decision_column: str
    decisions: Mapping[int, PrivacyDecision]


def _access(decision_column: str, *others: str) -> Table:
    required = tuple(Column(name, required=True) for name in ("service", "client", decision_column))
    return Table(GapSubject.PRIVACY_PERMISSIONS, "access", required + tuple(Column(name) for name in others), HIDES)


LAYOUTS = (
    _Layout(
        _access("auth_value", "auth_reason", "last_modified"),
        "auth_value",
        {
            0: PrivacyDecision.DENIED,
            1: PrivacyDecision.UNKNOWN,
            2: PrivacyDecision.ALLOWED,
            3: PrivacyDecision.LIMITED,
        },
    ),
    # Up to about iOS 13.
    _Layout(
        _access("allowed", "auth_reason", "last_modified"),
        "allowed",
        {0: PrivacyDecision.DENIED, 1: PrivacyDecision.ALLOWED},
    ),
)

REASONS: Mapping[int, str] = {
    1: "error",
    2: "user consent",
    3: "set by the user",
    4: "set by the system",
    5: "service policy",
    6: "device management policy",
    7: "override policy",
    8: "missing usage text",
}
"""auth_reason (mvt); a real database also holds 0, which nobody has documented."""

PHOTO_SERVICES = frozenset({"kTCCServicePhotos", "kTCCServicePhotosAdd"})
FACETIME_CLIENTS = frozenset(
    name.lower()
    for name in (
        "com.apple.facetime",
        "com.apple.FTLivePhotoService",
        "com.apple.TelephonyUtilities",
        "com.apple.callservicesd",
        "com.apple.telephonyutilities.callservicesd",
        "com.apple.InCallService",
    )
)
"""Every identifier under which FaceTime might ask; a guess as TCC clients, none has been seen there."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One stored decision. Codes are as stored (None when absent or no number); the time is in UTC."""

    service: str
    client: str
    decision: PrivacyDecision
    decision_code: int | None
    reason_code: int | None
    last_modified: datetime | None
    source: Source

    @property
    def reason(self) -> str | None:
        """What the reason code means; None for a code without documented meaning."""
        return None if self.reason_code is None else REASONS.get(self.reason_code)

    @property
    def about_photos(self) -> bool:
        """Whether the decision is about the photo library."""
        return self.service in PHOTO_SERVICES

    @property
    def by_facetime(self) -> bool:
        """Whether the app is FaceTime or one of its services."""
        return self.client.lower() in FACETIME_CLIENTS


def read_permissions(database: Database) -> Reading[Permission]:
    """Read every stored decision; an empty reading without a gap means no app was ever asked."""
    for layout in LAYOUTS:
        if not layout.table.lacks(database):
            return read_table(database, layout.table, partial(_permission, layout, database.store))
    return read_table(database, LAYOUTS[0].table, lambda row: None)


def _permission(layout: _Layout, store: str, row: sqlite3.Row) -> Permission:
    code = whole_cell(row[layout.decision_column])
    return Permission(
        service=text_cell(row["service"]) or "",
        client=text_cell(row["client"]) or "",
        decision=layout.decisions.get(code, PrivacyDecision.UNKNOWN) if code is not None else PrivacyDecision.UNKNOWN,
        decision_code=code,
        reason_code=whole_cell(row["auth_reason"]),
        last_modified=clock.from_unix(row["last_modified"]),
        source=Source(store, f"access.{layout.decision_column}", whole_cell(row["rowid"])),
    )
