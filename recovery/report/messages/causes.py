"""The English of the causes: names, what the backup says of each, what it does not say, and what to do."""

from __future__ import annotations

from recovery.analysis.model import Cause, CauseVerdict
from recovery.analysis.statements import Advice, CauseCode, Statement, TrueOfPhotos
from recovery.provenance import Source
from recovery.records import Record
from recovery.report.messages.phrases import has_passed
from recovery.report.messages.sentences import paragraph

TITLES = {
    CauseCode.RECENTLY_DELETED: "In Recently Deleted",
    CauseCode.HIDDEN: "Hidden in Photos",
    CauseCode.PERMANENTLY_DELETED: "Permanently deleted",
    CauseCode.ONLY_IN_ICLOUD: "Only in iCloud",
    CauseCode.OPTIMISED_STORAGE: "Optimise Storage",
    CauseCode.UPLOAD_PENDING: "Waiting to be sent to iCloud",
    CauseCode.HALF_ARRIVED: "One half only",
    CauseCode.ORIGINAL_MISSING_IN_BACKUP: "Original missing from this backup",
    CauseCode.FACETIME_LIVE_PHOTOS_OFF: "FaceTime Live Photos switched off",
    CauseCode.PHOTOS_PERMISSION: "No permission for Photos",
    CauseCode.LOCKDOWN_MODE: "Lockdown Mode",
    CauseCode.LIBRARY_REBUILT: "Photo library rebuilt",
    CauseCode.IOS_UPDATE: "iOS update",
    CauseCode.RESTORED_DEVICE: "Restored or replaced device",
    CauseCode.NEWER_THAN_BACKUP: "Taken after this backup",
    CauseCode.BACKUP_INCOMPLETE: "Incomplete backup",
    CauseCode.CALL_WITHOUT_PHOTO: "Calls without a photo",
    CauseCode.OTHER_PHONE_HAS_IT: "On the other person's phone",
    CauseCode.COPY_IN_MESSAGES: "A copy in Messages",
    CauseCode.ANOTHER_DEVICE: "On another device of yours",
    CauseCode.STORAGE_FULL: "Storage full",
    CauseCode.LOW_POWER_MODE: "Low Power Mode",
    CauseCode.REGION_OR_OTHER_SIDE_OFF: "The other side, or the region",
    CauseCode.SMALL_OR_BLURRY: "Small or blurry",
}
"""Names of the causes, for headings."""

DOES_NOT_SAY = {
    CauseCode.RECENTLY_DELETED: (
        "It tells the state when the backup was made, not what happened since, and not who moved a photo there. "
        "The last day is an estimate: Photos keeps such items for about 30 days, sometimes a little longer."
    ),
    CauseCode.HIDDEN: "It does not say who hid a photo, or when.",
    CauseCode.PERMANENTLY_DELETED: (
        "The record keeps times, reasons and programs, but no name and no picture. It does not say who held the "
        "phone. That a photo came from FaceTime is read from the program that added it, which we have not yet "
        "been able to check on a phone known to hold one."
    ),
    CauseCode.ONLY_IN_ICLOUD: (
        "It tells what the library believed when the backup was made. Whether the photo is in iCloud today, only "
        "iCloud can say."
    ),
    CauseCode.OPTIMISED_STORAGE: (
        "It does not say that a photo is lost: with this setting the originals are in iCloud."
    ),
    CauseCode.UPLOAD_PENDING: "It does not say why sending failed, or whether it has succeeded since.",
    CauseCode.HALF_ARRIVED: (
        "FaceTime is said to save both halves or nothing, so a half was probably lost later; this backup does not"
        " say how."
    ),
    CauseCode.ORIGINAL_MISSING_IN_BACKUP: (
        "It does not say that the photo is gone from the phone: it is the backup that lacks it."
    ),
    CauseCode.FACETIME_LIVE_PHOTOS_OFF: (
        "It tells the switch as it was when the backup was made, not since when; and nothing of the other "
        "person's switch, which must be on as well."
    ),
    CauseCode.PHOTOS_PERMISSION: "An absent row is not a denial: one is written only when an app has asked.",
    CauseCode.LOCKDOWN_MODE: "It tells the state when the backup was made, not when it was switched.",
    CauseCode.LIBRARY_REBUILT: (
        "It does not say that a photo was lost by it. A rebuild may lose albums, captions and where a photo came from."
    ),
    CauseCode.IOS_UPDATE: (
        "An update by itself deletes no photos, and nothing here ties one to a loss. Only the updates that "
        "changed the photo library are recorded."
    ),
    CauseCode.RESTORED_DEVICE: (
        "It does not say what the earlier backup lacked. A photo taken after that backup was made, and before the"
        " restore, did not come along."
    ),
    CauseCode.NEWER_THAN_BACKUP: "When the photo you miss was taken, only you can say.",
    CauseCode.BACKUP_INCOMPLETE: "It does not say which photos never got into the backup.",
    CauseCode.CALL_WITHOUT_PHOTO: (
        "A call is never proof of a photo: no backup records the shutter. The phone also keeps only the more "
        "recent calls."
    ),
    CauseCode.OTHER_PHONE_HAS_IT: "No backup of this device can show what the other device saved.",
    CauseCode.COPY_IN_MESSAGES: (
        "Only pictures and videos that are the same as a photo here, or that carry FaceTime's name or marks, are "
        "recognised. Mail and other apps are not looked at."
    ),
    CauseCode.ANOTHER_DEVICE: "What your other devices hold is not in this backup.",
    CauseCode.STORAGE_FULL: "It does not say that storage was the reason.",
    CauseCode.LOW_POWER_MODE: (
        "Low Power Mode is said to pause syncing with iCloud; that it stops FaceTime from saving is not known."
    ),
    CauseCode.REGION_OR_OTHER_SIDE_OFF: (
        "Photos that were saved before say that it worked then, not that it works in every call."
    ),
    CauseCode.SMALL_OR_BLURRY: (
        "A size says nothing about sharpness, and nothing can add detail that the call did not carry."
    ),
}
"""What no verdict of a cause says."""

ADVICE = {
    CauseCode.RECENTLY_DELETED: (
        "On the phone, before that day: Photos, Recently Deleted (under Utilities or Albums), choose the photo, "
        "Recover. Here: recover-facetime extract writes what this backup holds of it, and that does not run out."
    ),
    CauseCode.HIDDEN: (
        "On the phone: Photos, Hidden (under Utilities or Albums), unlock, choose the photo, Unhide. If there is "
        "no such album: Settings, Photos, Show Hidden Album."
    ),
    CauseCode.PERMANENTLY_DELETED: (
        "Scan an older backup of this phone, if there is one. Ask the person you talked with. Look at icloud.com,"
        " Recently Deleted. A small preview may be left here: recover-facetime extract writes it."
    ),
    CauseCode.ONLY_IN_ICLOUD: (
        "Look at icloud.com, Photos, or in Photos on a device with the same Apple Account: open the photo there, "
        "let it load, and save it. To have originals in your next backup: Settings, Photos, Download and Keep "
        "Originals, wait until it is done, then back up again."
    ),
    CauseCode.OPTIMISED_STORAGE: (
        "Settings, Photos, Download and Keep Originals, wait on Wi-Fi and power until Photos says it is done, "
        "then back up again. Until then look at icloud.com."
    ),
    CauseCode.UPLOAD_PENDING: (
        "Such a photo may be on no other device, so save it from here: recover-facetime extract. On the phone: "
        "connect it to Wi-Fi and power, open Photos and see whether it says that syncing is paused; check that "
        "iCloud has space."
    ),
    CauseCode.HALF_ARRIVED: (
        "On the phone open the photo and hold it: if it moves, both halves are still there, and a new backup may "
        "hold them. Look at icloud.com as well. Here: recover-facetime extract writes the half that is left; a "
        "video alone still holds the picture as one of its frames."
    ),
    CauseCode.ORIGINAL_MISSING_IN_BACKUP: (
        "Keep this backup as it is, make a new one (encrypted), and scan that. If the folder was copied or "
        "cleaned up, look for the original folder. What survives, such as a smaller copy, recover-facetime "
        "extract writes."
    ),
    CauseCode.FACETIME_LIVE_PHOTOS_OFF: (
        "On the phone: Settings, FaceTime, FaceTime Live Photos: switch it on, and ask the other person to do the same."
    ),
    CauseCode.PHOTOS_PERMISSION: (
        "On the phone: Settings, Privacy & Security, Photos. If FaceTime is listed there, allow it; if it is not,"
        " there is nothing to allow."
    ),
    CauseCode.LOCKDOWN_MODE: (
        "On the phone: Settings, Privacy & Security, Lockdown Mode. Photos in FaceTime are said not to work while"
        " it is on, at either end. If somebody advised you to use it, keep it on."
    ),
    CauseCode.LIBRARY_REBUILT: (
        "On the phone: look through Photos, Recents and an album called Recovered, by date of the call; after a "
        "rebuild a photo can stand at the wrong date. Here: recover-facetime scan BACKUP --from-date DAY --to-"
        "date DAY."
    ),
    CauseCode.IOS_UPDATE: (
        "On the phone: Settings, General, Software Update. After an update leave the phone on power and Wi-Fi for"
        " a night, so that Photos can finish. A backup from before the update, if you have one, is worth a scan."
    ),
    CauseCode.RESTORED_DEVICE: (
        "Look on the old device, if you still have it, in icloud.com, and in the backup that was restored: scan "
        "that as well."
    ),
    CauseCode.NEWER_THAN_BACKUP: (
        "If the call was later: make a new (encrypted) backup and scan that. To find by date what is here: "
        "recover-facetime scan BACKUP --from-date DAY --to-date DAY."
    ),
    CauseCode.BACKUP_INCOMPLETE: (
        "Make a new backup with Finder, the Apple Devices app or iTunes, leave the phone connected until it is "
        "done, and scan again. Keep this one until the new one is checked."
    ),
    CauseCode.CALL_WITHOUT_PHOTO: (
        "If you remember taking a photo in one of these calls, look at the other causes above. If the other "
        "person took it, ask them."
    ),
    CauseCode.OTHER_PHONE_HAS_IT: (
        "Ask the person you talked with to look in Photos on the day of the call, and to send it to you."
    ),
    CauseCode.COPY_IN_MESSAGES: (
        "On the phone: Messages, the conversation, its name at the top, Photos. Here: recover-facetime extract "
        "writes the copy where the original is not whole."
    ),
    CauseCode.ANOTHER_DEVICE: (
        "Look in Photos on each device you use for FaceTime. Without iCloud Photos, each keeps its own photos: "
        "back up that device too, and scan it."
    ),
    CauseCode.STORAGE_FULL: (
        "On the phone: Settings, General, iPhone Storage (or iPad Storage). Leave at least a few GB free before calls."
    ),
    CauseCode.LOW_POWER_MODE: (
        "On the phone: Settings, Battery, Low Power Mode. Switch it off and give Photos time to sync."
    ),
    CauseCode.REGION_OR_OTHER_SIDE_OFF: (
        "Check Settings, FaceTime, FaceTime Live Photos here, and ask the other person to check theirs. If the "
        "switch is missing, the feature is not offered for that device or region."
    ),
    CauseCode.SMALL_OR_BLURRY: (
        "The sharpest picture may be another frame of the video. On the phone: open the photo, Edit, Live, slide "
        "to a better frame, Make Key Photo. Here: recover-facetime extract --frames best writes the sharpest "
        "frame beside the photo. The other person's camera and connection decide how sharp it can be."
    ),
}
"""What to do about a cause."""

_ENCRYPT = (
    "Make an encrypted backup (Finder, the Apple Devices app or iTunes: Encrypt local backup; keep the password "
    "safe), and run this again."
)

LAST_DAY_PASSED = (
    "Look on the phone all the same: Photos, Recently Deleted (under Utilities or Albums), choose the photo, Recover. "
    "Photos may remove items somewhat later than that day. Here: recover-facetime extract writes what this backup "
    "holds of it, and that does not run out."
)
"""What to do where the last day in Recently Deleted has passed."""


class CauseText(Record, frozen=True):
    """One possible cause in words, with the keys it has in the inventory."""

    code: CauseCode
    verdict: CauseVerdict
    says: str
    does_not_say: str
    advice: str
    sources: tuple[Source, ...]


def told(cause: Cause) -> CauseText:
    """A cause in words; the advice is empty where nothing can be done."""
    usual = LAST_DAY_PASSED if any(map(_is_too_late, cause.says)) else ADVICE[cause.code]
    advice = {Advice.USUAL: usual, Advice.ENCRYPT_THE_BACKUP: _ENCRYPT, Advice.NONE: ""}
    return CauseText(
        cause.code,
        cause.verdict,
        paragraph(cause.says),
        DOES_NOT_SAY[cause.code],
        advice[cause.advice],
        cause.sources,
    )


def _is_too_late(stated: Statement) -> bool:
    """Whether the last day of every photo in Recently Deleted is known and has passed."""
    if not isinstance(stated, TrueOfPhotos) or len(stated.until) != stated.photos.number:
        return False
    return all(has_passed(last.at, last.offset) for last in stated.until)
