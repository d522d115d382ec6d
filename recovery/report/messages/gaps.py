"""The English of what could not be looked at, why, and which answers that hides."""

from __future__ import annotations

from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap
from recovery.refusals import remedy

SUBJECTS = {
    GapSubject.PHOTO_LIBRARY: "the photo library",
    GapSubject.PERSISTENT_HISTORY: "persistent history",
    GapSubject.RECORD_OF_CHANGES: "the library's record of changes",
    GapSubject.MODEL_CACHE: "model cache",
    GapSubject.ASSETS: "some assets",
    GapSubject.RESOURCE_ROWS: "some resources",
    GapSubject.LIBRARY_FIELD: "{part}",
    GapSubject.RESOURCES: "resources",
    GapSubject.KEYWORDS: "keywords",
    GapSubject.ALBUMS: "albums",
    GapSubject.PEOPLE: "people",
    GapSubject.SHARE_PARTICIPANTS: "participants of shared libraries",
    GapSubject.LIBRARY_MIGRATIONS: "history of the photo library",
    GapSubject.ASSET_JOURNAL: "asset journal",
    GapSubject.REMEMBERED_PATHS: "remembered paths",
    GapSubject.THUMBNAIL_TABLE: "thumbnail table",
    GapSubject.CAMERA_FILE_COUNTER: "the camera's file counter",
    GapSubject.DELETED_ROWS: "deleted photo rows",
    GapSubject.DELETED_ROWS_OF_TABLE: "deleted rows of {part}",
    GapSubject.MEDIA_FILE: "media file",
    GapSubject.MEDIA_CONTENTS: "contents of the {part} file",
    GapSubject.UNOPENED_MEDIA_FILE: "contents of a media file",
    GapSubject.UNNAMED_MEDIA: "media files without a name",
    GapSubject.DEFERRED: "photos still to be processed",
    GapSubject.PICTURES_IN_MESSAGES: "contents of pictures in Messages",
    GapSubject.BACKUPS: "backups",
    GapSubject.BACKUP_FILE: "{part}",
    GapSubject.UNREADABLE_FILES: "files that this computer cannot read",
    GapSubject.UNLISTED_FOLDER: "names of the files in a folder of the backup",
    GapSubject.FILE_LIST: "the list of files",
    GapSubject.MANIFEST_RECORDS: "records of the manifest",
    GapSubject.PROTECTION_CLASS: "files of protection class {part}",
    GapSubject.ENCRYPTION: "whether the backup is encrypted",
    GapSubject.DAMAGED_DATABASE: "damaged database",
    GapSubject.SMALL_PICTURES: "the inside of small pictures and videos",
    GapSubject.FACETIME_MESSAGES: "FaceTime messages",
    GapSubject.WRITE_AHEAD_LOG: "write-ahead log",
    GapSubject.CALL_HISTORY: "call history",
    GapSubject.PENDING_CALLS: "calls not yet in the call history",
    GapSubject.CALL_PARTICIPANTS: "people in a call",
    GapSubject.PRIVACY_PERMISSIONS: "privacy permissions",
    GapSubject.MESSAGES: "messages",
    GapSubject.MESSAGE_ATTACHMENTS: "attachments of messages",
    GapSubject.MESSAGES_OF_ATTACHMENTS: "messages of attachments",
    GapSubject.RECENTLY_DELETED_MESSAGES: "recently deleted messages",
    GapSubject.FACETIME_SETTINGS: "FaceTime settings",
    GapSubject.PHOTOS_SETTINGS: "Photos settings",
    GapSubject.RESTORE_HISTORY: "restore history",
    GapSubject.BACKUP_SETTINGS: "backup settings",
    GapSubject.SYSTEM_SETTINGS: "system settings",
    GapSubject.SETUP_HISTORY: "setup history",
    GapSubject.UPDATE_SETTINGS: "update settings",
}


REFUSED_TITLE = "Refused by the system: it is in the backup, and may be whole"


def _refused(what: str, reason: GapReason) -> str:
    """What the system refused, and what to do about it on this one."""
    return f"{what} ({{0}}). {remedy(reason)}"


REASONS = {
    GapReason.UNREADABLE: "{0}",
    GapReason.NOT_READ: "it was not read",
    GapReason.NOT_LISTED: "the backup does not list it",
    GapReason.FILE_NOT_LISTED: "the backup does not list the file",
    GapReason.NOT_IN_FOLDER: "the file is not in the backup folder",
    GapReason.REFUSED_BY_SYSTEM: "the system refuses to read it ({0})",
    GapReason.PERMISSION_DENIED: _refused("your account lacks the permission", GapReason.PERMISSION_DENIED),
    GapReason.READ_ERROR: _refused("the disk gives a read error", GapReason.READ_ERROR),
    GapReason.TOO_MANY_OPEN_FILES: _refused("too many files are open", GapReason.TOO_MANY_OPEN_FILES),
    GapReason.NO_SPACE: _refused("this computer has no space left", GapReason.NO_SPACE),
    GapReason.IN_USE: _refused("another program has it open", GapReason.IN_USE),
    GapReason.NOT_REACHABLE: _refused("its disk does not answer", GapReason.NOT_REACHABLE),
    GapReason.ENCRYPTED_BACKUPS_ONLY: (
        "the backup does not carry it: Apple puts the call history in encrypted backups only"
    ),
    GapReason.FILE_LIST_LOST: ("it is missing or damaged; the names of files were found again by guessing their paths"),
    GapReason.FILE_LIST_INCOMPLETE: "it is damaged; the names of files were found again by guessing their paths",
    GapReason.ENCRYPTION_NOT_STATED: (
        "nothing that can be read of it says so, and the files themselves do not decide it"
    ),
    GapReason.READ_WITHOUT_LOG: "its write-ahead log does not fit it, so it was read without the log",
    GapReason.LOG_TORN: (
        "its write-ahead log is torn: of {1:,} pages with the last changes, {0:,} cannot be used as SQLite would"
    ),
    GapReason.LOG_ENDS_INSIDE_CHANGE: (
        "its write-ahead log ends inside a change: {0:,} pages after the last finished change are not used"
    ),
    GapReason.PAGES_OLDER: (
        "the newest version of {0:,} of its pages is damaged; the version from before the last changes was read"
    ),
    GapReason.PAGE_UNREADABLE: (
        "{0:,} page of its tables cannot be read; every other row was read page by page. Rows lost: {1}"
    ),
    GapReason.PAGES_UNREADABLE: (
        "{0:,} pages of its tables cannot be read; every other row was read page by page. Rows lost: {1}"
    ),
    GapReason.MEDIA_WITHOUT_STORE: (
        "the backup lists media of FaceTime messages, but not the store that tells who sent them and when"
    ),
    GapReason.STORES_LIMITED: "only the first {0:,} of {1:,} message stores are read",
    GapReason.MEDIA_LIMITED: "only the first {0:,} of {1:,} media files are read",
    GapReason.MESSAGE_IDENTIFIERS_UNREADABLE: "{0:,} messages have no readable identifier",
    GapReason.MESSAGE_FILE_TYPES_WRONG: "{0:,} messages have a file type that is none",
    GapReason.MESSAGE_DATES_UNREADABLE: "{0:,} messages have no readable date",
    GapReason.KEY_DAMAGED: "its key in the key bag is damaged",
    GapReason.RECORDS_OF_FILES: "of {0:,} media files: {1} ({2} first)",
    GapReason.FINISHED_NOT_STATED: "it does not say whether the backup was finished",
    GapReason.EMPTY_FILE: "the file is empty",
    GapReason.NO_TABLE_OF_NAME: "the database has no table {0}",
    GapReason.NO_TABLE_FOR_IT: "this library has no table for them",
    GapReason.NO_TABLE_OF_RESOURCES: "this library has no table of resources (before iOS 12)",
    GapReason.NO_TABLE_OF_ASSETS: "The database has no asset table.",
    GapReason.NO_JOIN_OF_PEOPLE: (
        "the database has no table that joins calls and people; only one address per call is known"
    ),
    GapReason.NO_COLUMN_OF_TABLE: "the table {0} has no such column",
    GapReason.NO_COLUMN_FOR_IT: "this library has no column for it ({0})",
    GapReason.UNKNOWN_LAYOUT: "unknown layout: the table {0} has no column {1}",
    GapReason.FIELDS_NOT_STORED: "this layout of it does not store: {0}",
    GapReason.ROWS_LIMITED: "more than {0:,} rows; the rest was not read",
    GapReason.ROWS_CUT_SHORT: "only {0:,} records could be read: {1}",
    GapReason.WRONG_TYPE: "the stored value is not {0}",
    GapReason.TIMES_UNREADABLE: "{0:,} calls have no readable time",
    GapReason.PATHS_REFUSED: "{0:,} stored paths lead out of their folder and were refused",
    GapReason.HISTORY_TRIMMED: "its oldest entries are gone",
    GapReason.HISTORY_EMPTY: "it is empty",
    GapReason.CHANGES_LIMITED: "only the newest {0:,} of {1:,} changes are kept; single photos show all of theirs",
    GapReason.DELETIONS_LIMITED: "the history holds more deletions than any real library",
    GapReason.STRINGS_LIMITED: "{0} has more strings than any real library",
    GapReason.RUNS_LIMITED: "only the first {0:,} of {1:,} runs of missing numbers are listed",
    GapReason.NO_ASSET_TABLE: "there is no asset table",
    GapReason.NO_SUCH_THING: "there is no {0}",
    GapReason.NO_TABLE_WITH_COLUMNS: "there is no {0} with {1}",
    GapReason.NO_ENTITY_NUMBERS: "there is no {0} that numbers the entities",
    GapReason.NO_ASSET_ENTITY: "{0} names no asset entity",
    GapReason.NO_TOMBSTONES: "{0} keeps no tombstones",
    GapReason.TABLE_EMPTY: "the table is empty",
    GapReason.MIGRATIONS_WITHOUT_TABLE: "no table {0}",
    GapReason.MIGRATIONS_WITHOUT_COLUMN: "the table {0} has no column {1}",
    GapReason.MIGRATION_UNDATED: "{0} has no readable date",
    GapReason.JOURNAL_RECORDS_DAMAGED: "{0} records have a wrong checksum or are no property list",
    GapReason.FILES_OF_UNKNOWN_FORM: "how the {0:,} files there are laid out is not known",
    GapReason.LOOKS_LIMITED: "only the first {0:,} are examined",
    GapReason.NEWEST_LOOKED_INTO: "only the newest {0:,} are examined; {1:,} older ones were not",
    GapReason.NOT_LOOKED_INTO: "not examined",
    GapReason.ROWS_NOT_SEPARABLE: "Deleted rows cannot be told from living ones: {0}",
    GapReason.SEARCH_STOPPED: "The file holds more look-alikes of rows than any real one; the search was stopped.",
    GapReason.TABLE_UNREADABLE: "the file cannot be read ({0})",
    GapReason.TABLE_FORMAT_UNKNOWN: "its format is unknown, and no known UUID in it settles the entry length",
    GapReason.TABLE_LENGTHS_WRONG: "{0:,} bytes do not hold sound entries of {1} bytes, the lengths of its format",
    GapReason.TABLE_DISAGREES: "only {0} of {1} live assets sit where the library says",
    GapReason.TABLE_SIZES_IMPOSSIBLE: "{0:,} entries have an impossible picture size",
    GapReason.TABLE_ENDS_EARLY: "the file ends after {0:,} of {1:,} entries",
    GapReason.TABLE_LIMITED: "only the first {0:,} of {1:,} entries were read, more than any real table has",
    GapReason.TABLE_ENTRY_CUT: "the last {0:,} bytes are part of an entry that is cut off",
    GapReason.TABLE_ENCODING_UNKNOWN: (
        "the pixel encoding of this format is unknown; its entries are listed without pictures"
    ),
}
HIDES = {
    "call_overlap": "whether a FaceTime call was going on when a photo was made",
    "call_without_photo": "whether there was a call of which no photo is left",
    "copy_in_messages": "whether a copy was sent or received in Messages",
    "messages_name": "whether Messages holds a file under FaceTime's name",
    "messages_copy": "copies in Messages",
    "facetime_messages": "video and audio messages left in FaceTime",
    "facetime_message_sender": "who sent FaceTime messages",
    "facetime_message_date": "when FaceTime messages were sent",
    "facetime_message_kind": "what kind some FaceTime messages are of",
    "facetime_message_media": "which media belongs to which FaceTime message",
    "facetime_message_deleted": "whether FaceTime messages were deleted",
    "library_rebuilt": "whether the photo library was rebuilt",
    "ios_update": "whether iOS was updated in between",
    "photos_permission": "which programs may use the photos",
    "restored_device": "whether the phone was restored from another backup",
    "newer_than_backup": "when this phone was last backed up elsewhere",
    "lockdown_mode": "whether Lockdown Mode was on",
    "facetime_live_photos_off": "whether FaceTime Live Photos was switched on",
    "optimised_storage": "whether the phone kept only smaller copies of photos in iCloud",
}
"""What a gap hides, for the codes of causes and signals; other texts are words already."""


def what(gap: Gap) -> str:
    """Not examined."""
    subject = SUBJECTS[gap.what]
    if not gap.part:
        return subject
    return subject.format(part=gap.part) if "{part}" in subject else f"{subject}: {gap.part}"


def why(gap: Gap) -> str:
    """Why it could not be looked at."""
    return REASONS[gap.why].format(*gap.values)


def line(gap: Gap) -> str:
    """The whole gap as a point of a list: what, where, why, and which answers it hides."""
    where = f" ({gap.where})" if gap.where and gap.where != what(gap) else ""
    hides = f" Therefore unknown: {hidden_answers(gap)}." if gap.hides else ""
    return f"{what(gap)}{where}: {why(gap).rstrip('.')}.{hides}"


def hidden_answers(gap: Gap) -> str:
    """Which answers the gap hides."""
    return "; ".join(HIDES.get(answer, answer.replace("_", " ")) for answer in gap.hides)
