"""Why an asset has its status, and what is odd about it: codes with their figures, never sentences.

The English for each code is in `recovery.report.messages`.
"""

from __future__ import annotations

from enum import StrEnum

from recovery.photos_db.camera_roll_paths import FileRole
from recovery.records import Record


class ReasonCode(StrEnum):
    """Why an asset has its status."""

    ALL_ORIGINALS_HERE = "all_originals_here"
    ONE_HALF_HERE = "one_half_here"
    ORIGINAL_DAMAGED = "original_damaged"
    COPY_SURVIVES = "copy_survives"
    ONLY_IN_ICLOUD = "only_in_icloud"
    SHARED_ALBUM = "shared_album"
    SHARED_WITH_YOU = "shared_with_you"
    MARKED_AS_UPLOADED = "marked_as_uploaded"
    NOTHING_HERE = "nothing_here"
    ONLY_IN_MESSAGES = "only_in_messages"
    MESSAGES_FILE_MISSING = "messages_file_missing"


class Loss(StrEnum):
    """Why an original is not here."""

    DAMAGED = "damaged"
    MISSING = "missing"
    IN_CLOUD = "in_cloud"
    NOT_LOCAL = "not_local"
    NOT_LISTED = "not_listed"


class StatusReason(Record, frozen=True):
    """Why an asset has its status.

    `lost` has the originals that are not here; `left` is the half that is, or the best copy that survives.
    """

    code: ReasonCode
    lost: tuple[tuple[FileRole, Loss], ...] = ()
    left: FileRole | None = None
    permanently_deleted: bool = False


class NoteCode(StrEnum):
    """What is odd about an asset or a FaceTime message."""

    SAVED_FROM_SHARE = "saved_from_share"
    TRASHED_STATE_UNKNOWN = "trashed_state_unknown"
    REPAIRED = "repaired"
    NEVER_IN_LOCAL_BACKUPS = "never_in_local_backups"
    IDENTIFIERS_DIFFER = "identifiers_differ"
    VIDEO_BESIDE_PHOTO = "video_beside_photo"
    FILE = "file"
    LOCAL_TIME_ONLY = "local_time_only"
    CARVED_ROW = "carved_row"
    CARVED_ROW_OVERWRITTEN = "carved_row_overwritten"
    NOTHING_KNOWN = "nothing_known"
    PICTURE_WITHOUT_ROW = "picture_without_row"
    NO_PICTURE_LEFT = "no_picture_left"
    DATE_OF_MESSAGE = "date_of_message"
    DATE_OF_VIDEO = "date_of_video"
    PICTURE_ENDS_EARLY = "picture_ends_early"
    PICTURE_ENDS_EARLY_AS_USUAL = "picture_ends_early_as_usual"
    PROVIDER_IS_FACETIME = "provider_is_facetime"
    PROVIDER_IS_CARRIER = "provider_is_carrier"


class Note(Record, frozen=True):
    """Something odd about an asset or a FaceTime message.

    `stored` is the number or program that the note is about. A note about a file has the file's name, None for a
    copy in Messages, and the file's own note. `picture_s` and `duration_s` are the seconds of a video that show a
    picture, and all of its seconds.
    """

    code: NoteCode
    stored: int | str | None = None
    file: str | None = None
    file_note: str = ""
    picture_s: float = 0.0
    duration_s: float = 0.0
