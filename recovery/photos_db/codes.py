"""What stored whole numbers mean, each label with how sure it is and where it was stated.

Only rules read these constants; a number without a label here is shown as the number it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from recovery.provenance import Tier


@dataclass(frozen=True, slots=True)
class Label:
    """A name for one stored value, its tier and its public source."""

    text: str
    tier: Tier
    citation: str


class TrashedState(IntEnum):
    """ZTRASHEDSTATE: 1 is the only stored state that means Recently Deleted; other values are not documented."""

    NOT = 0
    RECENTLY_DELETED = 1


class KindCode(IntEnum):
    """ZKIND."""

    PHOTO = 0
    VIDEO = 1


class SubtypeCode(IntEnum):
    """ZKINDSUBTYPE; 2 marks a Live Photo whatever its playback style: one switched off plays as a still."""

    STILL = 0
    PANORAMA = 1
    LIVE_PHOTO = 2
    SCREENSHOT = 10
    VIDEO = 100
    SLOW_MOTION = 101
    TIME_LAPSE = 102
    SCREEN_RECORDING = 103


class ImportedBy(IntEnum):
    """ZIMPORTEDBY; the values that rules ask for."""

    CLOUD_OR_OTHER = 0
    BACK_CAMERA = 1
    FRONT_CAMERA = 2
    OTHER_APP = 3
    SYSTEM = 8
    NATIVE_APP = 9
    SHARED_WITH_YOU = 12


OF_THE_SCREEN = frozenset({SubtypeCode.SCREENSHOT, SubtypeCode.SCREEN_RECORDING})
CAMERA = frozenset({ImportedBy.BACK_CAMERA, ImportedBy.FRONT_CAMERA})


class BundleScope(IntEnum):
    """ZBUNDLESCOPE (iLEAPP Ph126)."""

    ICLOUD_LINK = 1
    SHARED_ALBUM = 2
    SHARED_WITH_YOU = 3


class ParticipantRole(IntEnum):
    """ZSHAREPARTICIPANT.ZROLE (iLEAPP's queries of iOS 16 to 26)."""

    OWNER = 1
    INVITED = 2


IN_SHARED_LIBRARY = 1
"""ZACTIVELIBRARYSCOPEPARTICIPATIONSTATE of what is in the iCloud Shared Photo Library (iLEAPP Ph126)."""


class AlbumKind(IntEnum):
    """ZGENERICALBUM.ZKIND; only these are albums of people (iLEAPP Ph126, osxphotos; real macOS libraries).

    Others are the system's own: import sessions 1506, projects 1508, Shared with You 1509, duplicates 1510, progress
    of sync and import 3571 to 3573, folders 3999 and 4000.
    """

    USER = 2
    SHARED = 1505


class SavedAssetType(IntEnum):
    """ZSAVEDASSETTYPE; names from the library's own description function, iOS 26 era; ICLOUD_LINK from iLEAPP."""

    CAMERA_OR_PHOTOKIT = 3
    SHARED_ALBUM = 4
    CLOUD_LIBRARY = 6
    ICLOUD_LINK = 8
    GUEST = 12
    RECOVERED = 14


class Availability(IntEnum):
    """ZINTERNALRESOURCE.ZLOCALAVAILABILITY and ZREMOTEAVAILABILITY; LINKED: the copy of another app."""

    LINKED = -32768
    NOT_LOCAL = -1
    NOT_REMOTE = 0
    YES = 1


class ResourceSubtype(IntEnum):
    """ZINTERNALRESOURCE.ZDATASTORESUBTYPE; the originals, and full-size renders of edits."""

    ORIGINAL = 1
    EDITED_STILL = 2
    EDITED_VIDEO = 16
    RAW_ORIGINAL = 17
    LIVE_VIDEO_ORIGINAL = 18
    EDITED_LIVE_VIDEO = 19


class ResourceVersion(IntEnum):
    """ZINTERNALRESOURCE.ZVERSION."""

    ORIGINAL = 0
    EDITED = 2


class CloudState(IntEnum):
    """ZCLOUDMASTER.ZCLOUDLOCALSTATE and ZINTERNALRESOURCE.ZCLOUDLOCALSTATE."""

    NOT_SYNCED = 0
    PENDING_UPLOAD = 1
    SHARED = 2
    SYNCED = 3


NO_PLACE = -180.0
"""Latitude and longitude of an asset without a place."""

RECENTLY_DELETED_DAYS = 30
RECENTLY_DELETED_DAYS_AT_MOST = 40
"""Days a photo stays in Recently Deleted as the Photos app says; the purge may come later (up to 40 days)."""

_ILEAPP = "iLEAPP Ph126"
_KOENIG = "S. Koenig's Photos.sqlite queries, iOS 11 to 17"

IMPORTED_BY: dict[int, Label] = {
    0: Label("iCloud or another source", Tier.DOCUMENTED, _ILEAPP),
    1: Label("this phone's back camera", Tier.DOCUMENTED, _ILEAPP),
    2: Label("this phone's front camera", Tier.DOCUMENTED, _ILEAPP),
    3: Label("an app", Tier.DOCUMENTED, _ILEAPP),
    6: Label("an app", Tier.UNTESTED, _ILEAPP),
    7: Label("an iCloud link", Tier.UNTESTED, _ILEAPP),
    8: Label("a part of the system", Tier.DOCUMENTED, _ILEAPP + "; screenshots of a real iOS 14.3 phone"),
    9: Label("an app of the system", Tier.UNTESTED, _ILEAPP),
    12: Label("Shared with You", Tier.UNTESTED, _ILEAPP),
}

TRASHED: dict[int, Label] = {
    0: Label("not deleted", Tier.DOCUMENTED, _KOENIG),
    1: Label("recently deleted", Tier.DOCUMENTED, _KOENIG + "; real macOS libraries"),
}
