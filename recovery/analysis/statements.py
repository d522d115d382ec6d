"""What the analysis has to say of causes and of FaceTime photos: codes with their figures, never sentences.

The English for each code is in `recovery.report.messages`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from recovery.provenance import Gap
from recovery.records import Record


class CauseCode(StrEnum):
    """Possible causes for a missing photo, in the order of the inventory; part of the promise to scripts."""

    RECENTLY_DELETED = "recently_deleted"
    HIDDEN = "hidden"
    PERMANENTLY_DELETED = "permanently_deleted"
    ONLY_IN_ICLOUD = "only_in_icloud"
    OPTIMISED_STORAGE = "optimised_storage"
    UPLOAD_PENDING = "upload_pending"
    HALF_ARRIVED = "half_arrived"
    ORIGINAL_MISSING_IN_BACKUP = "original_missing_in_backup"
    FACETIME_LIVE_PHOTOS_OFF = "facetime_live_photos_off"
    PHOTOS_PERMISSION = "photos_permission"
    LOCKDOWN_MODE = "lockdown_mode"
    LIBRARY_REBUILT = "library_rebuilt"
    IOS_UPDATE = "ios_update"
    RESTORED_DEVICE = "restored_device"
    NEWER_THAN_BACKUP = "newer_than_backup"
    BACKUP_INCOMPLETE = "backup_incomplete"
    CALL_WITHOUT_PHOTO = "call_without_photo"
    OTHER_PHONE_HAS_IT = "other_phone_has_it"
    COPY_IN_MESSAGES = "copy_in_messages"
    ANOTHER_DEVICE = "another_device"
    STORAGE_FULL = "storage_full"
    LOW_POWER_MODE = "low_power_mode"
    REGION_OR_OTHER_SIDE_OFF = "region_or_other_side_off"
    SMALL_OR_BLURRY = "small_or_blurry"


class Advice(StrEnum):
    """Which advice a cause comes with."""

    USUAL = "usual"
    """That of the cause."""
    ENCRYPT_THE_BACKUP = "encrypt_the_backup"
    NONE = "none"


class PlainStatement(StrEnum):
    """A statement that needs no figures."""

    # hidden, deleted, iCloud
    NOTHING_PERMANENTLY_DELETED = "nothing_permanently_deleted"
    STORAGE_SETTING_NEVER_CHOSEN = "storage_setting_never_chosen"
    # switches and permissions
    LIVE_PHOTOS_OFF = "live_photos_off"
    LIVE_PHOTOS_ON = "live_photos_on"
    LIVE_PHOTOS_UNTOUCHED = "live_photos_untouched"
    LOCKDOWN_ON = "lockdown_on"
    LOCKDOWN_OFF = "lockdown_off"
    LOCKDOWN_UNTOUCHED = "lockdown_untouched"
    PERMISSION_LIMITED = "permission_limited"
    PERMISSION_UNCLEAR = "permission_unclear"
    PERMISSION_GRANTED = "permission_granted"
    # the device's past
    NO_REBUILD = "no_rebuild"
    SET_UP_FROM_ANOTHER = "set_up_from_another"
    NO_RESTORE = "no_restore"
    BACKUP_UNDATED = "backup_undated"
    # the backup and its files
    BACKUP_FINISHED = "backup_finished"
    NO_SIZE_KNOWN = "no_size_known"
    # elsewhere
    NO_CALLS = "no_calls"
    EVERY_CALL_HAS_A_PHOTO = "every_call_has_a_photo"
    SAVED_WHERE_THE_SHUTTER_WAS_PRESSED = "saved_where_the_shutter_was_pressed"
    ONE_DEVICE_ONLY = "one_device_only"
    # what no backup shows
    STORAGE_NOT_OBSERVABLE = "storage_not_observable"
    LOW_POWER_NOT_OBSERVABLE = "low_power_not_observable"
    OTHER_SIDE_NOT_OBSERVABLE = "other_side_not_observable"
    LOCKDOWN_NOT_IN_THIS_IOS = "lockdown_not_in_this_ios"
    PHOTO_FILES_ALL_HERE = "photo_files_all_here"
    # the summary
    NO_FACETIME_PHOTO = "no_facetime_photo"
    LIBRARY_NOT_READ_IN_FULL = "library_not_read_in_full"
    NEED_NOT_BE_LOST = "need_not_be_lost"


class Share(Record, frozen=True):
    """So many of the FaceTime photos found."""

    number: int
    total: int


class PointInTime(Record, frozen=True):
    """A point in time, and the offset of its local zone in seconds east of UTC where that is known."""

    at: datetime
    offset: int | None = None


class PhotoFact(StrEnum):
    """What can be true of some FaceTime photos and decides a cause."""

    RECENTLY_DELETED = "recently_deleted"
    HIDDEN = "hidden"
    ONLY_IN_ICLOUD = "only_in_icloud"
    IN_ICLOUD = "in_icloud"
    UPLOAD_PENDING = "upload_pending"
    HALF = "half"
    ORIGINAL_MISSING = "original_missing"
    COPY_IN_MESSAGES = "copy_in_messages"


class PartState(StrEnum):
    """What is the matter with some parts of those photos."""

    VIDEO_LOST = "video_lost"
    STILL_LOST = "still_lost"
    NOT_IN_FOLDER = "not_in_folder"
    DAMAGED = "damaged"


class TrueOfPhotos(Record, frozen=True):
    """The fact is true of these photos; `until` are the estimated last days in Recently Deleted."""

    fact: PhotoFact
    photos: Share
    until: tuple[PointInTime, ...] = ()
    parts: tuple[tuple[PartState, int], ...] = ()


class TrueOfPossible(Record, frozen=True):
    """The fact is true of photos that may be from FaceTime; `besides` those that are."""

    fact: PhotoFact
    number: int
    besides: bool


class TrueOfNone(Record, frozen=True):
    """The fact is true of no FaceTime photo, and of so many others where that is counted."""

    fact: PhotoFact
    others: int = 0


class SmallerPartsHere(Record, frozen=True):
    """Of those photos so many have a smaller copy or one half here."""

    number: int


class UploadStuck(Record, frozen=True):
    """So many of the waiting photos seem stuck; `only_one` where one is waiting in all."""

    number: int
    only_one: bool
    attempts: int
    last_attempt: datetime | None
    backup_date: datetime | None


class DeletionReason(StrEnum):
    """Why an asset was permanently deleted, as far as the stored reason or activity is understood."""

    BY_HAND = "by_hand"
    FROM_SHARED_ALBUM = "from_shared_album"
    FILE_NOT_FOUND = "file_not_found"
    NOT_RESTORED = "not_restored"
    EXPIRED = "expired"
    ICLOUD = "icloud"
    MIGRATION = "migration"
    AS_STORED = "as_stored"
    NOT_STORED = "not_stored"


class Deleted(Record, frozen=True):
    """Why and through which program so many assets went; `stored` is the reason's own text."""

    number: int
    reason: DeletionReason
    stored: str | None
    client: str | None


class PermanentlyDeleted(Record, frozen=True):
    """So many FaceTime photos were permanently deleted; the most frequent reasons first."""

    number: int
    at: tuple[datetime, ...]
    reasons: tuple[Deleted, ...]


class OthersPermanentlyDeleted(Record, frozen=True):
    """So many assets were permanently deleted, and nothing says whether one was from FaceTime."""

    number: int
    at: tuple[datetime, ...]


class NumbersSkipped(Record, frozen=True):
    """The library skips so many row numbers."""

    number: int


class StorageSetting(StrEnum):
    """What was chosen for originals in iCloud Photos."""

    OPTIMISE = "optimise"
    KEEP_ORIGINALS = "keep_originals"
    NOT_STORED = "not_stored"


class OriginalsAway(Record, frozen=True):
    """So many originals are in iCloud and not on the phone, with this setting."""

    setting: StorageSetting
    number: int


class FilesLacking(Record, frozen=True):
    """So many listed files are not in the folder of a backup that is finished, not finished, or does not say."""

    finished: bool | None
    number: int


class NearlyNoFiles(Record, frozen=True):
    """Of the files that the backup lists only so many are in its folder."""

    listed: int
    here: int
    unpacked: bool = False
    """Whether the files lie there under their own names instead."""


class PictureSizes(Record, frozen=True):
    """The FaceTime photos measure from smallest to largest, in pixels; `small` where the smallest is."""

    smallest: tuple[int, int]
    largest: tuple[int, int]
    small: bool


class PermissionDenied(Record, frozen=True):
    """FaceTime was denied access to Photos."""

    at: datetime | None


class NoDenialAmong(Record, frozen=True):
    """None of so many stored decisions is about FaceTime and Photos."""

    number: int


class Repaired(Record, frozen=True):
    """A repair brought so many assets back into the library."""

    number: int


class LibraryRebuilt(Record, frozen=True):
    """The library was built anew at these times, where known."""

    at: tuple[datetime, ...]


class UpdateTiming(StrEnum):
    """How updates of iOS stand to the first FaceTime photo."""

    NEVER_UPDATED = "never_updated"
    NO_PHOTO = "no_photo"
    UPDATED_SINCE = "updated_since"
    NOT_SINCE = "not_since"


class LibraryUpdate(Record, frozen=True):
    """One change of the library by an update of iOS."""

    at: datetime | None
    build: str | None


class IosUpdates(Record, frozen=True):
    """The updates that matter, and the version now."""

    comparison: UpdateTiming
    updates: tuple[LibraryUpdate, ...]
    ios_version: str | None


class ContentOrigin(StrEnum):
    """Where the contents of a device came from."""

    BACKUP = "backup"
    ICLOUD_BACKUP = "icloud_backup"
    COMPUTER_BACKUP = "computer_backup"
    DEVICE = "device"


class Restored(Record, frozen=True):
    """The device got its contents from elsewhere; `older` FaceTime photos are from before."""

    origin: ContentOrigin
    at: datetime
    older: Share


class BackedUpLater(Record, frozen=True):
    """The phone was backed up again after this backup."""

    backup_date: datetime
    later: datetime


class BackupOf(Record, frozen=True):
    """When the backup was made, and its newest photo."""

    backup_date: datetime
    newest: datetime | None


class CallsWithoutPhoto(Record, frozen=True):
    """So many of all FaceTime video calls have no photo near them, at these times."""

    number: int
    total: int
    at: tuple[datetime, ...]


class ScreenCaptures(Record, frozen=True):
    """So many screenshots and screen recordings were made during FaceTime video calls; the names of the first few."""

    screenshots: int
    recordings: int
    names: tuple[str, ...]


class BackupOfDevice(Record, frozen=True):
    """The kind of device whose backup this is: iPhone, iPad or iPod."""

    device: str


class FilesPruned(Record, frozen=True):
    """So many files were removed from the phone to save space."""

    number: int
    last: datetime


class NotRead(Record, frozen=True):
    """Gaps keep the answer open; `calls` that can be seen, where photos are what is missing."""

    gaps: tuple[Gap, ...]
    calls: int | None = None


class PhotoOutcome(StrEnum):
    """What can have become of a FaceTime photo, in the order of the summary."""

    RECENTLY_DELETED = "recently_deleted"
    HIDDEN = "hidden"
    STATE_UNKNOWN = "state_unknown"
    PERMANENTLY_DELETED = "permanently_deleted"
    ONLY_IN_ICLOUD = "only_in_icloud"
    IN_ICLOUD = "in_icloud"
    KEPT_ELSEWHERE = "kept_elsewhere"
    UPLOAD_PENDING = "upload_pending"
    HALF = "half"
    PARTIAL = "partial"
    ORIGINAL_MISSING = "original_missing"
    ONLY_A_COPY = "only_a_copy"
    NO_PICTURE = "no_picture"
    UNREADABLE = "unreadable"


class PhotoOutcomes(Record, frozen=True):
    """What became of so many FaceTime photos, `complete` ones among them; one may have several fates."""

    total: int
    complete: int
    fates: tuple[tuple[PhotoOutcome, int], ...]
    until: tuple[PointInTime, ...]


class PossiblePhotos(Record, frozen=True):
    """So many photos may be from FaceTime; `besides` those that are."""

    number: int
    besides: bool


Statement = (
    PlainStatement | TrueOfPhotos | TrueOfPossible | TrueOfNone | SmallerPartsHere | UploadStuck | PermanentlyDeleted
    | OthersPermanentlyDeleted | NumbersSkipped | OriginalsAway | FilesLacking | PictureSizes | PermissionDenied
    | NoDenialAmong | Repaired | LibraryRebuilt | IosUpdates | Restored | BackedUpLater | BackupOf | CallsWithoutPhoto
    | ScreenCaptures | BackupOfDevice | FilesPruned | NotRead | PhotoOutcomes | PossiblePhotos | NearlyNoFiles
)  # fmt: skip
