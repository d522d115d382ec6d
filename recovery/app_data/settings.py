"""Read the settings that decide about FaceTime photos out of the device's preference files.

A key that is absent is a setting nobody changed (value None: the default counts); a file that is absent is a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recovery import clock, limits
from recovery.app_data.store_reader import Location, Store
from recovery.database import flag_cell, text_cell
from recovery.errors import UnreadableArchiveError
from recovery.formats import property_list as archives
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap, Reading, Source, Tier

Value = bool | str | datetime


class ValueKind(StrEnum):
    """What a stored value must be to be understood."""

    FLAG = "a yes or no"
    TEXT = "a text"
    TIME = "a date"


class SettingName(StrEnum):
    """The settings this tool knows; the comment beside each key in FILES says where its meaning comes from."""

    FACETIME_LIVE_PHOTOS = "facetime_live_photos"
    FACETIME_PHOTO_FILES_KEPT = "facetime_photo_files_kept"
    ORIGINALS_KEPT = "originals_kept"
    SHARED_LIBRARY_ACTIVE = "shared_library_active"
    LAST_RESTORE = "last_restore"
    RESTORE_FROM_ICLOUD = "restore_from_icloud"
    RESTORED_BACKUP_BUILD = "restored_backup_build"
    RESTORED_DEVICE_BUILD = "restored_device_build"
    LAST_BACKUP_STATE = "last_backup_state"
    LAST_BACKUP_TO_ICLOUD = "last_backup_to_icloud"
    TRANSFER_STARTED = "transfer_started"
    TRANSFER_SOURCE_BUILD = "transfer_source_build"
    TRANSFER_BUILD = "transfer_build"
    LAST_COMPUTER_BACKUP = "last_computer_backup"
    LAST_ICLOUD_BACKUP = "last_icloud_backup"
    ICLOUD_BACKUP_ENABLED = "icloud_backup_enabled"
    LOCKDOWN_MODE = "lockdown_mode"
    SETUP_STATE = "setup_state"
    RESTORE_STATE = "restore_state"
    SETUP_ENDED = "setup_ended"
    AUTOMATIC_UPDATES = "automatic_updates"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a preference file: the way to it through nested dictionaries, and what it must hold."""

    name: SettingName
    path: tuple[str, ...]
    kind: ValueKind
    tier: Tier = Tier.UNTESTED

    @property
    def place(self) -> str:
        """The way to the value, as sources name it."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class PreferenceFile:
    """A preference file and the keys wanted from it."""

    store: Store
    keys: tuple[Key, ...]


def _file(domain: str, name: str, what: GapSubject, hides: tuple[str, ...], *keys: Key) -> PreferenceFile:
    return PreferenceFile(Store(what, Location(domain, f"Library/Preferences/{name}"), hides), keys)


_S, _K = SettingName, ValueKind

TELEPHONY = _file(
    "HomeDomain",
    "com.apple.TelephonyUtilities.plist",
    GapSubject.FACETIME_SETTINGS,
    ("facetime_live_photos_off",),
    # Decompiled text; absent means the default, which is on unless a regional flag says otherwise.
    Key(_S.FACETIME_LIVE_PHOTOS, ("FaceTimePhotosEnabled",), _K.FLAG),
    # Decompiled text: the temporary files are not deleted after the save.
    Key(_S.FACETIME_PHOTO_FILES_KEPT, ("PreserveFaceTimePhotosFiles",), _K.FLAG),
)
PHOTOS_APP = _file(
    "HomeDomain",
    "com.apple.mobileslideshow.plist",
    GapSubject.PHOTOS_SETTINGS,
    ("optimised_storage",),
    # iLEAPP: false is "Optimise iPhone Storage".
    Key(_S.ORIGINALS_KEPT, ("downloadAndKeepOriginals",), _K.FLAG),
    Key(_S.SHARED_LIBRARY_ACTIVE, ("PhotosSharedLibrarySyncingIsActive",), _K.FLAG),
)
MOBILE_BACKUP = _file(
    "RootDomain",
    "com.apple.MobileBackup.plist",
    GapSubject.RESTORE_HISTORY,
    ("restored_device",),
    # iLEAPP names these keys; it has read them on iOS 12 to 18.
    Key(_S.LAST_RESTORE, ("RestoreInfo", "RestoreDate"), _K.TIME),
    Key(_S.RESTORE_FROM_ICLOUD, ("RestoreInfo", "WasCloudRestore"), _K.FLAG),
    Key(_S.RESTORED_BACKUP_BUILD, ("RestoreInfo", "BackupBuildVersion"), _K.TEXT),
    Key(_S.RESTORED_DEVICE_BUILD, ("RestoreInfo", "DeviceBuildVersion"), _K.TEXT),
    Key(_S.LAST_BACKUP_STATE, ("BackupStateInfo", "date"), _K.TIME),
    Key(_S.LAST_BACKUP_TO_ICLOUD, ("BackupStateInfo", "isCloud"), _K.FLAG),
    Key(_S.TRANSFER_STARTED, ("DeviceTransferInfo", "RestoreStartDate"), _K.TIME),
    Key(_S.TRANSFER_SOURCE_BUILD, ("DeviceTransferInfo", "SourceDeviceBuildVersion"), _K.TEXT),
    Key(_S.TRANSFER_BUILD, ("DeviceTransferInfo", "BuildVersion"), _K.TEXT),
)
BACKUP_STATE = _file(
    "HomeDomain",
    "com.apple.mobile.ldbackup.plist",
    GapSubject.BACKUP_SETTINGS,
    ("newer_than_backup",),
    # iLEAPP: dates are seconds since 2001-01-01 UTC.
    Key(_S.LAST_COMPUTER_BACKUP, ("LastiTunesBackupDate",), _K.TIME),
    Key(_S.LAST_ICLOUD_BACKUP, ("LastCloudBackupDate",), _K.TIME),
    Key(_S.ICLOUD_BACKUP_ENABLED, ("CloudBackupEnabled",), _K.FLAG),
)
GLOBAL = _file(
    "HomeDomain",
    ".GlobalPreferences.plist",
    GapSubject.SYSTEM_SETTINGS,
    ("lockdown_mode",),
    # mvt; the key stands in a real iOS 14.3 file.
    Key(_S.LOCKDOWN_MODE, ("LDMGlobalEnabled",), _K.FLAG, Tier.DOCUMENTED),
)
SETUP = _file(
    "HomeDomain",
    "com.apple.purplebuddy.plist",
    GapSubject.SETUP_HISTORY,
    ("restored_device",),
    # Public notes and decompiled text, e.g. SetupUsingAssistant, RestoredFromDevice.
    Key(_S.SETUP_STATE, ("SetupState",), _K.TEXT),
    Key(_S.RESTORE_STATE, ("RestoreState",), _K.TEXT),
    Key(_S.SETUP_ENDED, ("SetupLastExit",), _K.TIME),
)
SOFTWARE_UPDATE = _file(
    "HomeDomain",
    "com.apple.softwareupdateservicesd.plist",
    GapSubject.UPDATE_SETTINGS,
    ("ios_update",),
    # mvt.
    Key(_S.AUTOMATIC_UPDATES, ("SUAutomaticUpdateV2Enabled",), _K.FLAG),
)
FILES = (TELEPHONY, PHOTOS_APP, MOBILE_BACKUP, BACKUP_STATE, GLOBAL, SETUP, SOFTWARE_UPDATE)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as stored; times in UTC; None means that the file is there and the key is not."""

    name: SettingName
    value: Value | None
    source: Source
    tier: Tier


def read_settings(file: PreferenceFile, data: bytes) -> Reading[Setting]:
    """Read one preference file's settings.

    A file that is no property list, or a key that holds something else than it should, is a gap, and then
    there is no Setting at all: a damaged switch is not an untouched one.
    """
    store = file.store
    try:
        top = archives.load_dictionary(data, what=store.what, limit=limits.PREFERENCE_BYTES)
    except UnreadableArchiveError as error:
        return Reading((), (store.unreadable(error),))
    settings: list[Setting] = []
    gaps: list[Gap] = []
    for key in file.keys:
        try:
            value = _typed(_followed(top, key.path), key.kind)
        except ValueError:
            gaps.append(
                Gap(
                    store.what,
                    store.location.path,
                    GapReason.WRONG_TYPE,
                    store.hides,
                    fault=True,
                    part=key.place,
                    values=(key.kind.value,),
                )
            )
        else:
            settings.append(Setting(key.name, value, Source(store.location.path, key.place), key.tier))
    return Reading(tuple(settings), tuple(gaps))


def setting(settings: Iterable[Setting], name: SettingName) -> Setting | None:
    """The setting of that name; None when its file was absent or its value unreadable (a gap says which)."""
    return next((known for known in settings if known.name is name), None)


def _followed(top: Mapping[str, object], path: tuple[str, ...]) -> object:
    """The value at the end of the path, None when a key is absent; raises ValueError where no dictionary is."""
    value: object = top
    for key in path:
        if not isinstance(value, Mapping):
            raise ValueError(key)
        if key not in value:
            return None
        value = value[key]
    return value


def _typed(stored: object, kind: ValueKind) -> Value | None:
    """The value as its kind, None for an absent one; raises ValueError when it is of another kind."""
    if stored is None:
        return None
    value: Value | None
    match kind:
        case ValueKind.FLAG:
            value = flag_cell(stored)
        case ValueKind.TEXT:
            value = text_cell(stored) if isinstance(stored, str) else None
        case ValueKind.TIME:
            value = clock.from_plist(stored) or clock.from_cocoa(stored)
    if value is None:
        raise ValueError(kind.value)
    return value
