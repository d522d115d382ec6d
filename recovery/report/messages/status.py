"""The English of why an asset has its status, and of what is odd about it."""

from __future__ import annotations

from recovery.analysis.model import FileRole
from recovery.analysis.reasons import Loss, Note, NoteCode, ReasonCode, StatusReason

ORIGINALS = {FileRole.STILL: "still", FileRole.PAIRED_VIDEO: "video", FileRole.VIDEO: "video"}
COPIES = {
    FileRole.EDITED_STILL: "the edited version",
    FileRole.EDITED_VIDEO: "the edited video",
    FileRole.MESSAGES_COPY: "a copy sent or received in Messages",
    FileRole.SHARED_WITH_YOU_COPY: "a copy in Shared with You",
    FileRole.REDUCED: "a reduced copy",
    FileRole.THUMBNAIL: "a thumbnail",
    FileRole.THUMBNAIL_TABLE: "a small thumbnail in a table",
}
LOSSES = {
    Loss.DAMAGED: ("the {} is damaged", "still and video are damaged"),
    Loss.MISSING: (
        "the backup lists the {}, but its content is missing",
        "the backup lists still and video, but their content is missing",
    ),
    Loss.IN_CLOUD: (
        "the {} was only in iCloud when the backup was made",
        "still and video were only in iCloud when the backup was made",
    ),
    Loss.NOT_LOCAL: (
        "the library says the {} was not on the device",
        "the library says that neither still nor video was on the device",
    ),
    Loss.NOT_LISTED: ("the backup does not list the {}", "the backup lists neither still nor video"),
}
"""Of one original, and of still and movie together."""
REASONS = {
    ReasonCode.ALL_ORIGINALS_HERE: "every original file is in the backup",
    ReasonCode.ONE_HALF_HERE: "only the {left} is here: {lost}",
    ReasonCode.ORIGINAL_DAMAGED: "{lost}; what is left of it can be saved",
    ReasonCode.COPY_SURVIVES: "{lost}; what survives is {left}",
    ReasonCode.ONLY_IN_ICLOUD: "the original is only in iCloud; the backup holds no copy of it",
    ReasonCode.SHARED_ALBUM: "the photo is in a shared album in iCloud; the backup holds no copy of it",
    ReasonCode.SHARED_WITH_YOU: ("the photo belongs to Shared with You; the original stays in the app it came from"),
    ReasonCode.MARKED_AS_UPLOADED: (
        "the library marks the original as uploaded to iCloud; the backup holds no copy of it"
    ),
    ReasonCode.NOTHING_HERE: "{lost}",
    ReasonCode.ONLY_IN_MESSAGES: "no longer in the photo library; what survives is a copy in Messages",
    ReasonCode.MESSAGES_FILE_MISSING: "Messages names it, but its content is missing or damaged",
}
PERMANENTLY_DELETED = "permanently deleted from the library; {reason}"
NOTES = {
    NoteCode.SAVED_FROM_SHARE: "a FaceTime photo that was saved from a share: {stored} saved it",
    NoteCode.TRASHED_STATE_UNKNOWN: "stored trashed state {stored}: its meaning is not documented",
    NoteCode.REPAIRED: "re-created by a repair of the photo library (saved type 14)",
    NoteCode.NEVER_IN_LOCAL_BACKUPS: (
        "Apple leaves the folder of its original ({stored}) out of every local backup, so it was never in this one; "
        "that says nothing of whether the photo is lost"
    ),
    NoteCode.IDENTIFIERS_DIFFER: (
        "still and video carry different content identifiers; they are paired by their file names"
    ),
    NoteCode.VIDEO_BESIDE_PHOTO: (
        "a video of the same name lies beside it, but the library does not call it a Live Photo"
    ),
    NoteCode.FILE: "{file}: {note}",
    NoteCode.LOCAL_TIME_ONLY: "the picture states a local time without a zone, which is not used as its date",
    NoteCode.CARVED_ROW: (
        "its row was found in unused bytes of the library's file; nothing there says when or why it went"
    ),
    NoteCode.CARVED_ROW_OVERWRITTEN: "a part of that row was overwritten",
    NoteCode.NOTHING_KNOWN: "name, date and kind are not known: nothing that is left of it tells them",
    NoteCode.PICTURE_WITHOUT_ROW: ("a small picture without a row: its asset is gone, and nothing tells when or why"),
    NoteCode.NO_PICTURE_LEFT: "no picture of it is left in this backup; an older backup may still hold it",
    NoteCode.DATE_OF_MESSAGE: "the date is that of the message, not of the photo",
    NoteCode.DATE_OF_VIDEO: (
        "its date is the creation time stored in the video (mvhd, UTC); which device's clock that is, is not "
        "known, and a converted video states when it was converted"
    ),
    NoteCode.PICTURE_ENDS_EARLY: ("the picture of the video lasts {picture:.1f} of {duration:.1f} seconds"),
    NoteCode.PICTURE_ENDS_EARLY_AS_USUAL: (
        "the picture of the video lasts {picture:.1f} of {duration:.1f} seconds; usual for FaceTime, not damage"
    ),
    NoteCode.PROVIDER_IS_FACETIME: "the stored provider is FaceTime, although the file is one of a voicemail",
    NoteCode.PROVIDER_IS_CARRIER: (
        "the stored provider is the carrier, although the file is one of a FaceTime message"
    ),
}
COPY_IN_MESSAGES = "a copy of it"
"""The name of a file in Messages within a note."""


def reason(stated: StatusReason) -> str:
    """Why an asset has its status: a sentence without its capital and full stop."""
    left = "" if stated.left is None else ORIGINALS.get(stated.left) or COPIES[stated.left]
    text = REASONS[stated.code].format(left=left, lost=_lost(stated))
    return PERMANENTLY_DELETED.format(reason=text) if stated.permanently_deleted else text


def _lost(stated: StatusReason) -> str:
    losses = {loss for _, loss in stated.lost}
    if len(stated.lost) > 1 and len(losses) == 1:
        return LOSSES[losses.pop()][1]
    return " and ".join(LOSSES[loss][0].format(ORIGINALS[role]) for role, loss in stated.lost)


def note(stated: Note) -> str:
    """What is odd about an asset: a sentence without its capital and full stop."""
    file = COPY_IN_MESSAGES if stated.file is None else stated.file
    return NOTES[stated.code].format(
        stored=stated.stored,
        file=file,
        note=stated.file_note,
        picture=stated.picture_s,
        duration=stated.duration_s,
    )
