"""The words of every text for people, as data: codes of the inventory on the left, plain English on the right."""

from __future__ import annotations

from recovery.analysis.model import (
    Asset,
    Basis,
    Camera,
    FileRole,
    Kind,
    MessageKind,
    OrphanCode,
    Status,
    Upload,
    Verdict,
)
from recovery.analysis.reasons import ReasonCode
from recovery.analysis.search import SUBTYPES

KINDS = {Kind.PHOTO: "photo", Kind.VIDEO: "video", Kind.LIVE_PHOTO: "Live Photo"}

VERDICTS = {
    Verdict.CERTAIN: "certain",
    Verdict.PROBABLE: "probable",
    Verdict.POSSIBLE: "possible",
    Verdict.NO: "no",
}

STATUSES = {
    Status.COMPLETE: "complete",
    Status.PARTIAL: "partial",
    Status.HALF: "half",
    Status.REDUCED_COPY: "reduced copy",
    Status.UNREADABLE: "unreadable",
    Status.ELSEWHERE: "elsewhere",
    Status.NOT_FOUND: "not found",
}

THUMBNAIL_ONLY = "thumbnail only"
"""The word for a reduced copy that is nothing but a small preview."""
USEFUL_SIDE = 1_000
"""Pixels of the longer side from which on a thumbnail is called a reduced copy (our own line)."""
_THUMBNAILS = frozenset({FileRole.THUMBNAIL, FileRole.THUMBNAIL_TABLE})


def status_word(asset: Asset) -> str:
    """The status of an asset in a word or two; a reduced copy that is only a thumbnail says so."""
    reason = asset.status_reason
    small = reason.pixels is None or max(reason.pixels) < USEFUL_SIDE
    if asset.status is Status.REDUCED_COPY and reason.left in _THUMBNAILS and small:
        return THUMBNAIL_ONLY
    return STATUSES[asset.status]


STATUS_MEANINGS = {
    Status.COMPLETE: "the original is here",
    Status.PARTIAL: "the original is here, its RAW or its edited version is not",
    Status.HALF: "one half of a Live Photo is here",
    Status.REDUCED_COPY: "not the whole original: a smaller, sent or damaged copy",
    Status.UNREADABLE: "here, but this computer cannot read it; it may be whole",
    Status.ELSEWHERE: "not here; the library says where it is, such as iCloud",
    Status.NOT_FOUND: "known by name or trace, no picture of it here",
}

ROLES = {
    FileRole.STILL: "photo",
    FileRole.PAIRED_VIDEO: "video of the Live Photo",
    FileRole.VIDEO: "video",
    FileRole.RAW: "RAW photo",
    FileRole.EDITED_STILL: "edited photo",
    FileRole.EDITED_VIDEO: "edited video",
    FileRole.EDITOR_FILE: "version that the editor keeps (not the edited one)",
    FileRole.ADJUSTMENTS: "description of the edits",
    FileRole.REDUCED: "smaller copy",
    FileRole.THUMBNAIL: "thumbnail (a small preview, not the photo)",
    FileRole.THUMBNAIL_TABLE: "small preview in a table of thumbnails (not the photo)",
    FileRole.MESSAGES_COPY: "copy sent or received in Messages",
    FileRole.SHARED_WITH_YOU_COPY: "copy in Shared with You",
    FileRole.DERIVED: "made from another file, not an original",
    FileRole.FACETIME_MESSAGE: "media of a FaceTime message",
}

IN_SHARED_WITH_YOU = "in Shared with You (pictures received in Messages and other apps), not in the photo library"
ORIGINAL_PARTS = {
    FileRole.STILL: "photo",
    FileRole.PAIRED_VIDEO: "video",
    FileRole.VIDEO: "video",
    FileRole.RAW: "RAW",
}
BESIDE_THE_ORIGINAL = {
    FileRole.RAW: "RAW",
    FileRole.EDITED_STILL: "edit",
    FileRole.EDITED_VIDEO: "edit",
}
"""What a partial photo can lack."""
LESS_THAN_ORIGINAL = {
    FileRole.EDITED_STILL: "edited photo",
    FileRole.EDITED_VIDEO: "edited video",
    FileRole.MESSAGES_COPY: "copy in Messages",
    FileRole.REDUCED: "smaller copy",
    FileRole.THUMBNAIL: "thumbnail",
    FileRole.THUMBNAIL_TABLE: "tiny thumbnail",
}
"""What a photo can be saved as when no original is left, the best first."""
ELSEWHERE = {
    ReasonCode.ONLY_IN_ICLOUD: "only in iCloud",
    ReasonCode.IN_ICLOUD_TOO: "in iCloud",
    ReasonCode.IN_ICLOUD: "in iCloud",
    ReasonCode.REDUCED_IN_ICLOUD: "smaller in iCloud",
    ReasonCode.ICLOUD_LINK: "iCloud link",
    ReasonCode.SYNCED_FROM_COMPUTER: "synced from computer",
    ReasonCode.SHARED_ALBUM: "shared album",
    ReasonCode.SHARED_WITH_YOU: "Shared with You",
    ReasonCode.MARKED_AS_UPLOADED: "in iCloud",
}

UPLOADS = {
    Upload.SYNCED: "the library says that its copy reached iCloud",
    Upload.PENDING: "its copy was still waiting to be sent to iCloud",
    Upload.STUCK: "sending its copy to iCloud had failed",
}

BASES = {
    Basis.PHOTOS_DATABASE: "known from the photo library (Photos.sqlite)",
    Basis.FILE_ATTRIBUTES: "known only from notes the phone keeps on the file itself",
    Basis.MEDIA_FILE: "known only from the picture or video file",
    Basis.HISTORY: "known only from the library's own record of changes",
    Basis.DELETED_ROW: "known only from traces of a deleted entry",
    Basis.THUMBNAIL_TABLE: "known only from a table of thumbnails",
}

SIGNALS = {
    "original_filename": "Saved under FaceTime's own file name: {value}",
    "creator_bundle": "Saved by a FaceTime process: {value}",
    "embedded_marker": "The picture carries FaceTime's mark: {value}",
    "lens_model": "Lens named as in FaceTime: {value}",
    "movie_marker": "The video carries FaceTime's mark: {value}",
    "call_overlap": "Made during a FaceTime call (this alone would prove nothing)",
    "messages_name": "Sent or received in Messages under FaceTime's file name: {value}",
    "imported_by": "Saved by the system, not by the Camera app (stored code: {value})",
}
UNKNOWN_SIGNAL = "{code}: {value}"
UNTESTED_MARK = " *"
UNTESTED_NOTE = (
    "* This sign follows from how FaceTime is known to work; we have not yet seen it in a photo that is "
    "known to come from a FaceTime call. Judge it with that in mind."
)
MEASURED_SIGNALS = {
    "embedded_marker": "the picture's mark",
    "lens_model": "the lens",
    "movie_marker": "the video's mark",
}
"""Signals that were looked for in genuine files, as `measured_note` names them."""

MEASURED_NOTE = "Found in genuine FaceTime files"

PHOTOGRAPHED = "(the other person's device)"
CAMERAS = {Camera.FRONT: "front camera", Camera.BACK: "back camera"}

MESSAGE_KINDS = {
    MessageKind.FACETIME_VIDEO: "FaceTime video message",
    MessageKind.FACETIME_AUDIO: "FaceTime audio message",
    MessageKind.VOICEMAIL: "voicemail",
    MessageKind.UNKNOWN: "message of unknown kind",
}
MESSAGES_TITLE = "FaceTime messages and voicemails"
MESSAGES_NOTE = (
    "These were left in FaceTime, or as voicemail, for someone who did not answer. They are not FaceTime photos, "
    "and are counted apart from photos and videos."
)
MESSAGES_UNTESTED_NOTE = (
    "* How FaceTime stores messages is known from macOS 26 only; we have not yet seen it in a backup. Judge it "
    "with that in mind."
)

LOOSE_ENDS = {
    OrphanCode.MISSING_BLOB: (
        "Listed, but not there",
        "The backup's list names these files; their contents are not in the backup folder.",
    ),
    OrphanCode.UNLISTED_BLOB: (
        "There, but not listed",
        "These files lie in the backup folder; its list does not name them.",
    ),
    OrphanCode.ASSET_WITHOUT_FILE: (
        "In the photo library, without a file",
        "The photo library knows these; the backup's list has no file for them.",
    ),
    OrphanCode.FILE_WITHOUT_ASSET: (
        "Picture files the photo library does not know",
        "Pictures and videos among the photos, for which the photo library has no entry.",
    ),
    OrphanCode.NUMBERING_GAP: (
        "Gaps in the numbering",
        "Numbers that are skipped. Something may have been there; what it was cannot be told.",
    ),
}

OTHERS_NOTE = (
    "The library's other photos were counted, but their files were not examined; a scan without --facetime does "
    "that. The command diagnose tells why FaceTime photos may be missing."
)

TIMES_NOTE = (
    "Times are the local time stored with each photo (as +02:00). Where no zone is stored they are in UTC, and say so."
)

DEADLINE_NOTE = (
    "The last day on the phone is our estimate: Photos keeps deleted items for about 30 days, and may remove "
    "them somewhat later. What is in this backup stays in it for as long as you keep the backup."
)

HIDDEN_NOTE = "In Photos on the phone these are in the album Hidden, which may be locked or switched off."

DELETED_NOTE = (
    "These are no longer in the photo library. What is known of them comes from traces it left; a name or a "
    "date is not the picture itself."
)

ELSEWHERE_NOTE = (
    "Where it says elsewhere, the original is not in this backup, but need not be lost. If it is in iCloud, look "
    "at icloud.com or in Photos on a device with the same Apple Account."
)

OTHER_PHONE_NOTE = (
    "A FaceTime photo is saved on the device of the person who pressed the shutter button. If someone else took "
    "it, ask that person to look."
)

NEWER_NOTE = "A photo taken after this backup was made cannot be in it; an older backup may hold other photos."

LIBRARY_UNREAD = "the photo library (Photos.sqlite), which could not be read: see the end"

FILES_OF_ASSETS = {
    True: "picture and video files that the photo library has an entry for",
    False: "files of the photos and videos counted above",
}
FILES_OF_NONE = {
    True: "picture and video files that it has no entry for",
    False: "files that belong to none of them",
}
"""What files are held against, with a photo library that was read and without one."""

NOTHING_EXPLAINED = "Nothing in this backup explains a missing FaceTime photo. Please read on."
DIAGNOSIS_NOTE = "This backup was only read. Where each claim was read: the same command with -v."


def kind(asset: Asset) -> str:
    """What an asset is, with its subtypes: `photo, screenshot`."""
    return ", ".join([KINDS[asset.kind], *(SUBTYPES[subtype] for subtype in asset.subtype)])


def short_kind(asset: Asset) -> str:
    """One word of what an asset is, for tables: `screenshot` rather than `photo`."""
    return SUBTYPES[asset.subtype[0]] if asset.subtype else KINDS[asset.kind]
