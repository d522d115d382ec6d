"""Who made a change, as far as the history's context and author strings tell.

The strings are Apple's own and free text; what is not in the table stays a raw string without a label.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from recovery.provenance import Tier


@dataclass(frozen=True, slots=True)
class AuthorRule:
    """One kind of context string: the activity it tells, its pattern and how sure that is."""

    activity: str
    pattern: re.Pattern[str]
    tier: Tier


@dataclass(frozen=True, slots=True)
class Actor:
    """`client` is the bundle id of the program that asked, `activity` one of the codes below; None when untold."""

    client: str | None = None
    activity: str | None = None


ICLOUD = "icloud"
"""The activity of iCloud Photos."""
ACTIVITIES: tuple[AuthorRule, ...] = (
    # "PhotoKit changes: com.apple.Photos (Photos) (fs=…)" [M: libraries from macOS 13 on].
    AuthorRule("photokit", re.compile(r"^PhotoKit changes: (?P<client>[^\s()]+) \("), Tier.DOCUMENTED),
    # The library reads its folders again, e.g. after a rebuild [M].
    AuthorRule("file_system_import", re.compile(r"_loadFileSystemDataIntoDatabaseIfNeeded"), Tier.DOCUMENTED),
    # A new system version changes the library [M].
    AuthorRule(
        "migration",
        re.compile(r"^-\[PLModelMigrator |^PLModelMigrationAction_|^com\.apple\.coredata\.schemamigrator: "),
        Tier.DOCUMENTED,
    ),
    # iCloud Photos: "CPL library (…)", "CPL library: -[PLCloudBatchDownloader …]" [M].
    AuthorRule(ICLOUD, re.compile(r"^CPL library\b"), Tier.DOCUMENTED),
    # What was in Recently Deleted for 30 days is removed [read in decompiled code, no sample].
    AuthorRule("expired", re.compile(r"^PLExpiredCleanupMaintenanceTask\b"), Tier.UNTESTED),
)

FACETIME = re.compile(r"facetime|TelephonyUtilities|callservices|avconference|FTLivePhoto", re.IGNORECASE)
"""Names of FaceTime's programs and frameworks; which of them a real history carries has not been seen."""

FACETIME_TIER = Tier.UNTESTED


@lru_cache(maxsize=1024)
def actor(context: str | None, author: str | None) -> Actor:
    """Read the context string, then the author string, against the table."""
    for text in (context, author):
        for rule in ACTIVITIES:
            if text and (match := rule.pattern.search(text)):
                return Actor(match.groupdict().get("client"), rule.activity)
    return Actor()


def names_facetime(*texts: str | None) -> bool:
    """True when one of the strings names a program of FaceTime (tier: untested)."""
    return any(text is not None and FACETIME.search(text) is not None for text in texts)
