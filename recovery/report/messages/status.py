"""The English of why an asset has its status, and of what is odd about it."""

from __future__ import annotations

from recovery.analysis.model import FileRole
from recovery.analysis.reasons import Loss, Note, NoteCode, ReasonCode, StatusReason
from recovery.report.messages.phrases import listed
from recovery.report.messages.sentences import CLIENTS

PARTS = {
    FileRole.STILL: "still",
    FileRole.PAIRED_VIDEO: "video",
    FileRole.VIDEO: "video",
    FileRole.RAW: "RAW photo",
    FileRole.EDITED_STILL: "edited version",
    FileRole.EDITED_VIDEO: "edited video",
}
"""Originals, and what else Photos shows of an asset."""
COPIES = {
    FileRole.EDITED_STILL: "the edited version",
    FileRole.EDITED_VIDEO: "the edited video",
    FileRole.EDITOR_FILE: "a version that the editor kept",
    FileRole.MESSAGES_COPY: "a copy sent or received in Messages",
    FileRole.SHARED_WITH_YOU_COPY: "a copy in Shared with You",
    FileRole.REDUCED: "a reduced copy",
    FileRole.THUMBNAIL: "a thumbnail",
    FileRole.THUMBNAIL_TABLE: "a small thumbnail in a table",
}
LOSSES = {
    Loss.DAMAGED: ("the {} is damaged", "{} are damaged", "and"),
    Loss.UNREADABLE: (
        "this computer cannot read the {}, which may be whole",
        "this computer cannot read {}, which may be whole",
        "and",
    ),
    Loss.MISSING: (
        "the backup lists the {}, but its content is missing",
        "the backup lists {}, but their content is missing",
        "and",
    ),
    Loss.IN_CLOUD: (
        "the {} was only in iCloud when the backup was made",
        "{} were only in iCloud when the backup was made",
        "and",
    ),
    Loss.IN_CLOUD_TOO: (
        "the backup does not list the {}, which the library says was on the device and in iCloud",
        "the backup lists neither {}, which the library says were on the device and in iCloud",
        "nor",
    ),
    Loss.NOT_LOCAL: (
        "the library says the {} was not on the device",
        "the library says that neither {} was on the device",
        "nor",
    ),
    Loss.NOT_LISTED: ("the backup does not list the {}", "the backup lists neither {}", "nor"),
}
"""Of one part and of several together, and the word that joins those."""
REASONS = {
    ReasonCode.ALL_ORIGINALS_HERE: "every original file is in the backup",
    ReasonCode.ORIGINAL_HERE: "the original is here, but not everything: {lost}",
    ReasonCode.ONE_HALF_HERE: "only the {left} is here: {lost}",
    ReasonCode.ONE_HALF_READABLE: "only the {left} can be read: {lost}",
    ReasonCode.ORIGINAL_DAMAGED: "{lost}; what is left of it can be saved",
    ReasonCode.COPY_SURVIVES: "{lost}; what survives is {left}",
    ReasonCode.ORIGINAL_UNREADABLE: "{lost}",
    ReasonCode.COPY_UNREADABLE: "{lost}; this computer cannot read {left}, which may be whole",
    ReasonCode.ONLY_IN_ICLOUD: "the original is only in iCloud; the backup holds no copy of it",
    ReasonCode.IN_ICLOUD_TOO: (
        "the library says that the original was on the device and in iCloud; the backup holds no copy of it"
    ),
    ReasonCode.IN_ICLOUD: (
        "the library says that iCloud has it, not that it has all of it; the backup holds no copy of it"
    ),
    ReasonCode.REDUCED_IN_ICLOUD: (
        "the library lists only smaller versions of it in iCloud; the backup holds no copy of it"
    ),
    ReasonCode.SHARED_ALBUM: "it is in a shared album in iCloud; a backup on a computer never holds shared albums",
    ReasonCode.SHARED_WITH_YOU: "it belongs to Shared with You; the original stays in the app it came from",
    ReasonCode.ICLOUD_LINK: "it belongs to an iCloud link to shared photos; the backup holds no copy of it",
    ReasonCode.SYNCED_FROM_COMPUTER: (
        "it was synced from a computer; a backup never holds such photos, look for it on that computer"
    ),
    ReasonCode.MARKED_AS_UPLOADED: (
        "the library marks the original as uploaded to iCloud; the backup holds no copy of it"
    ),
    ReasonCode.NOTHING_HERE: "{lost}",
    ReasonCode.ONLY_IN_MESSAGES: "no longer in the photo library; what survives is a copy in Messages",
    ReasonCode.MESSAGES_FILE_MISSING: "Messages names it, but its content is missing or damaged",
    ReasonCode.MESSAGES_FILE_UNREADABLE: "this computer cannot read the file that Messages names; it may be whole",
}
UNREADABLE_FILES = "Files of photos and videos that this computer cannot read; they may be whole"
PERMANENTLY_DELETED = "permanently deleted from the library; {reason}"
NOTES = {
    NoteCode.SAVED_FROM_SHARE: "a FaceTime photo that was saved from a share: {stored} saved it",
    NoteCode.TRASHED_STATE_UNKNOWN: "stored trashed state {stored}: its meaning is not documented",
    NoteCode.TRASHED_LONG_AGO: (
        "it was moved to Recently Deleted more than 40 days before the backup, where Photos keeps it 30 to 40 days"
    ),
    NoteCode.REPAIRED: "re-created by a repair of the photo library (saved type 14)",
    NoteCode.IN_SHARED_LIBRARY: "it is in an iCloud Shared Photo Library; the library does not say whose",
    NoteCode.IN_SHARED_LIBRARY_OF: "it is in the iCloud Shared Photo Library of {person}",
    NoteCode.IN_OWN_SHARED_LIBRARY: (
        "it is in the iCloud Shared Photo Library that the Apple Account of this device owns"
    ),
    NoteCode.DELETED_BY_PARTICIPANT: (
        "{person}, a participant of the iCloud Shared Photo Library, moved it to Recently Deleted"
    ),
    NoteCode.DELETED_BY_OWN_ACCOUNT: "it was moved to Recently Deleted with the Apple Account of this device",
    NoteCode.DELETED_BY_UNKNOWN_PARTICIPANT: (
        "a participant of the iCloud Shared Photo Library moved it to Recently Deleted; the library does not say who"
    ),
    NoteCode.MOVED_BY_PROGRAM: "{stored} moved it to Recently Deleted, says the library's history",
    NoteCode.MOVED_BY_ICLOUD: (
        "iCloud Photos moved it to Recently Deleted, as when it is deleted on another device, "
        "says the library's history"
    ),
    NoteCode.SAME_FILE: "another entry of the library, {stored}, names the same file",
    NoteCode.KIND_DIFFERS: "the library calls it another kind (ZKIND {stored}) than its file is",
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
    NoteCode.PLACEHOLDER_DATE: (
        "its date cannot be real: it is a placeholder or later than the backup; it counts as undated"
    ),
    NoteCode.PLACEHOLDER_ADDED: (
        "the date it was added cannot be real: it is a placeholder or later than the backup; it does not count"
    ),
    NoteCode.PLACEHOLDER_TRASHED: (
        "the date it was deleted cannot be real: it is a placeholder or later than the backup; it does not count"
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
SOMEBODY = "another person"
"""A participant whose name, e-mail address and phone number are not stored."""
COPY_IN_MESSAGES = "a copy of it"
"""The name of a file in Messages within a note."""


def reason(stated: StatusReason) -> str:
    """Why an asset has its status: a sentence without its capital and full stop."""
    left = "" if stated.left is None else COPIES.get(stated.left) or PARTS[stated.left]
    if stated.pixels is not None:
        left = f"{left} of {stated.pixels[0]:,} x {stated.pixels[1]:,} pixels"
    why = REASONS[stated.place] if stated.place is not None else _lost(stated)
    text = REASONS[stated.code].format(left=left, lost=why)
    return PERMANENTLY_DELETED.format(reason=text) if stated.permanently_deleted else text


def _lost(stated: StatusReason) -> str:
    return " and ".join(
        _loss(loss, [PARTS[role] for role, its in stated.lost if its is loss])
        for loss in dict.fromkeys(loss for _, loss in stated.lost)
    )


def _loss(loss: Loss, parts: list[str]) -> str:
    one, several, joint = LOSSES[loss]
    return one.format(parts[0]) if len(parts) == 1 else several.format(listed(parts, joint))


def note(stated: Note) -> str:
    """What is odd about an asset: a sentence without its capital and full stop."""
    file = COPY_IN_MESSAGES if stated.file is None else stated.file
    program = stated.code is NoteCode.MOVED_BY_PROGRAM and CLIENTS.get(str(stated.stored))
    return NOTES[stated.code].format(
        stored=program or stated.stored,
        person=stated.person or SOMEBODY,
        file=file,
        note=stated.file_note,
        picture=stated.picture_s,
        duration=stated.duration_s,
    )
