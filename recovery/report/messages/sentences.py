"""The English of what the analysis states of causes and FaceTime photos, each sentence once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import assert_never

from recovery.analysis.statements import (
    BackedUpLater,
    BackupOf,
    BackupOfDevice,
    CallsWithoutPhoto,
    ContentOrigin,
    Deleted,
    DeletionReason,
    FilesLacking,
    FilesPruned,
    IosUpdates,
    LibraryRebuilt,
    LibraryUpdate,
    NearlyNoFiles,
    NoDenialAmong,
    NotRead,
    NumbersSkipped,
    OriginalsAway,
    OthersPermanentlyDeleted,
    PartState,
    PermanentlyDeleted,
    PermissionDenied,
    PhotoFact,
    PhotoOutcome,
    PhotoOutcomes,
    PictureSizes,
    PlainStatement,
    PointInTime,
    PossiblePhotos,
    Repaired,
    Restored,
    ScreenCaptures,
    SmallerPartsHere,
    Statement,
    StorageSetting,
    TrueOfNone,
    TrueOfPhotos,
    TrueOfPossible,
    UpdateTiming,
    UploadStuck,
)
from recovery.report.figures import count
from recovery.report.messages.gaps import what, why
from recovery.report.messages.phrases import day, days, has_passed, listed, perhaps, sentence, share

FACTS = {
    PlainStatement.NOTHING_PERMANENTLY_DELETED: (
        "The photo library's own record of changes lists nothing that was permanently deleted."
    ),
    PlainStatement.STORAGE_SETTING_NEVER_CHOSEN: (
        "Nobody chose between Optimise Storage and keeping originals on this device. What it then does is not "
        "known to us."
    ),
    PlainStatement.LIVE_PHOTOS_OFF: "FaceTime Live Photos was switched off on this device when the backup was made.",
    PlainStatement.LIVE_PHOTOS_ON: "FaceTime Live Photos was switched on.",
    PlainStatement.LIVE_PHOTOS_UNTOUCHED: (
        "The FaceTime Live Photos switch was never touched on this device; untouched it is on, except where "
        "Apple does not offer the feature."
    ),
    PlainStatement.LOCKDOWN_ON: "Lockdown Mode was on, which is said to block FaceTime Live Photos.",
    PlainStatement.LOCKDOWN_OFF: "Lockdown Mode was off.",
    PlainStatement.LOCKDOWN_UNTOUCHED: "Lockdown Mode was never switched on.",
    PlainStatement.PERMISSION_LIMITED: (
        "FaceTime has limited access to Photos; what that means for saving is not known."
    ),
    PlainStatement.PERMISSION_UNCLEAR: "FaceTime has an unclear permission; what that means for saving is not known.",
    PlainStatement.PERMISSION_GRANTED: "FaceTime was allowed to use Photos.",
    PlainStatement.NO_REBUILD: "The photo library's own history names no rebuild.",
    PlainStatement.SET_UP_FROM_ANOTHER: "This device was set up from another backup or device; when is not stored.",
    PlainStatement.NO_RESTORE: "No restore from another backup is stored on this device.",
    PlainStatement.BACKUP_UNDATED: "This backup does not say when it was made.",
    PlainStatement.BACKUP_FINISHED: "The backup was finished, and every file it lists is there.",
    PlainStatement.NO_SIZE_KNOWN: "No FaceTime photo with a known size was found here.",
    PlainStatement.NO_CALLS: "The call history lists no FaceTime video call.",
    PlainStatement.EVERY_CALL_HAS_A_PHOTO: "Every FaceTime video call in the history has a FaceTime photo near it.",
    PlainStatement.SAVED_WHERE_THE_SHUTTER_WAS_PRESSED: (
        "A FaceTime photo is saved only on the device of the person who pressed the shutter. If the other person "
        "took it, it never was on this one."
    ),
    PlainStatement.ONE_DEVICE_ONLY: "A backup holds one device only. If you use several, the photo may be on another.",
    PlainStatement.STORAGE_NOT_OBSERVABLE: "How full the phone was when you took the photo cannot be seen in a backup.",
    PlainStatement.LOW_POWER_NOT_OBSERVABLE: "Whether Low Power Mode was on cannot be seen in a backup.",
    PlainStatement.OTHER_SIDE_NOT_OBSERVABLE: (
        "FaceTime Live Photos must be on at both ends, and Apple does not offer it everywhere. The other person's "
        "switch and region cannot be seen in a backup of this device."
    ),
    PlainStatement.LOCKDOWN_NOT_IN_THIS_IOS: (
        "Lockdown Mode came with iOS 16; the device was on an earlier version when this backup was made."
    ),
    PlainStatement.PHOTO_FILES_ALL_HERE: (
        "Some files that the backup lists are not in its folder, but none of them is a file of the camera roll "
        "or an attachment in Messages."
    ),
    PlainStatement.NO_FACETIME_PHOTO: "No FaceTime photo was found in this backup.",
    PlainStatement.LIBRARY_NOT_READ_IN_FULL: (
        "The photo library of this backup could not be read in full, so this may not be all."
    ),
    PlainStatement.NEED_NOT_BE_LOST: (
        "A photo that you miss need not be lost: the diagnosis says where it may be, and what to check."
    ),
}

PREDICATES = {
    PhotoFact.RECENTLY_DELETED: ("is", "are", "in Recently Deleted"),
    PhotoFact.HIDDEN: ("is", "are", "hidden in Photos"),
    PhotoFact.ONLY_IN_ICLOUD: ("has its original", "have their originals", "only in iCloud"),
    PhotoFact.IN_ICLOUD: (
        "is",
        "are",
        "in iCloud, as the library says; it does not say that the original is there and nowhere else",
    ),
    PhotoFact.UPLOAD_PENDING: ("was", "were", "still waiting to be sent to iCloud"),
    PhotoFact.HALF: (
        "has only its still or only its video",
        "have only their still or only their video",
        "in this backup",
    ),
    PhotoFact.ORIGINAL_MISSING: ("lacks", "lack", "an original that this backup should hold"),
    PhotoFact.COPY_IN_MESSAGES: ("has", "have", "a copy in Messages"),
}
"""The verb for one photo and for several, and the rest of the sentence."""
TRUE_OF_NONE = {
    PhotoFact.RECENTLY_DELETED: "No FaceTime photo was found in Recently Deleted.",
    PhotoFact.HIDDEN: "No FaceTime photo was found among the hidden ones.",
    PhotoFact.ONLY_IN_ICLOUD: "No FaceTime photo was found whose original is only in iCloud.",
    PhotoFact.IN_ICLOUD: "No FaceTime photo was found that is in iCloud.",
    PhotoFact.UPLOAD_PENDING: "No FaceTime photo was found waiting to be sent to iCloud.",
    PhotoFact.HALF: "No FaceTime photo was found of which only one half is here.",
    PhotoFact.ORIGINAL_MISSING: "Every original that this backup lists for a FaceTime photo is there and whole.",
    PhotoFact.COPY_IN_MESSAGES: "No copy of a FaceTime photo was found in Messages.",
}
OTHERS = {
    PhotoFact.RECENTLY_DELETED: ("other item there shows", "other items there show"),
    PhotoFact.HIDDEN: ("hidden item shows", "hidden items show"),
}
PARTS = {
    PartState.VIDEO_LOST: ("lost the video", "lost the video"),
    PartState.STILL_LOST: ("lost the still picture", "lost the still picture"),
    PartState.NOT_IN_FOLDER: ("file is not in the backup folder", "files are not in the backup folder"),
    PartState.DAMAGED: ("file is damaged", "files are damaged"),
}
DELETION_REASONS = {
    DeletionReason.BY_HAND: "removed by hand from Recently Deleted",
    DeletionReason.FROM_SHARED_ALBUM: "removed from a shared album by someone else",
    DeletionReason.FILE_NOT_FOUND: "dropped because its file could not be found",
    DeletionReason.NOT_RESTORED: "dropped because a restore could not bring its file back",
    DeletionReason.EXPIRED: "removed by the phone when its time in Recently Deleted was over",
    DeletionReason.ICLOUD: "removed by iCloud Photos, as when it is deleted on another device",
    DeletionReason.MIGRATION: "removed while iOS changed the photo library",
    DeletionReason.AS_STORED: "the stored reason is “{stored}”",
    DeletionReason.NOT_STORED: "no reason is stored",
}
CLIENTS = {
    "com.apple.mobileslideshow": "the Photos app",
    "com.apple.photos": "the Photos app",
    "com.apple.camera": "the Camera app",
}
NO_DENIAL = (
    "No denial is stored: of {} about apps none is about FaceTime and Photos. Articles name this permission, but "
    "what saves these photos is a part of iOS, which is not seen to ask for it."
)
STORAGE_SETTINGS = {
    StorageSetting.OPTIMISE: (
        "Optimise Storage was on: the phone may replace originals by smaller copies.",
        "Optimise Storage was on: the phone may replace originals by smaller copies. {away}.",
    ),
    StorageSetting.KEEP_ORIGINALS: (
        "Download and Keep Originals was on, so the phone was told to keep every original.",
        "Download and Keep Originals was on, so the phone was told to keep every original. All the same, {away}.",
    ),
    StorageSetting.NOT_STORED: ("", "{away}, as happens with Optimise Storage."),
}
"""Without an original away, and with some."""
ORIGINS = {
    ContentOrigin.BACKUP: "restored from a backup",
    ContentOrigin.ICLOUD_BACKUP: "restored from an iCloud backup",
    ContentOrigin.COMPUTER_BACKUP: "restored from a backup on a computer",
    ContentOrigin.DEVICE: "moved over from another device",
}
FATES = {
    PhotoOutcome.RECENTLY_DELETED: ("is in Recently Deleted", "are in Recently Deleted"),
    PhotoOutcome.HIDDEN: ("is hidden", "are hidden"),
    PhotoOutcome.STATE_UNKNOWN: (
        "may be deleted or hidden, as nothing tells its state",
        "may be deleted or hidden, as nothing tells their state",
    ),
    PhotoOutcome.PERMANENTLY_DELETED: ("was permanently deleted", "were permanently deleted"),
    PhotoOutcome.ONLY_IN_ICLOUD: ("has its original only in iCloud", "have their originals only in iCloud"),
    PhotoOutcome.IN_ICLOUD: ("is in iCloud too, the library says", "are in iCloud too, the library says"),
    PhotoOutcome.KEPT_ELSEWHERE: (
        "is in a shared album or another place that is not the phone's own",
        "are in shared albums or other places that are not the phone's own",
    ),
    PhotoOutcome.UPLOAD_PENDING: ("was not yet sent to iCloud", "were not yet sent to iCloud"),
    PhotoOutcome.HALF: ("has only its still or only its video here", "have only their still or only their video here"),
    PhotoOutcome.PARTIAL: (
        "lacks its edited version or its RAW in this backup",
        "lack their edited versions or RAWs in this backup",
    ),
    PhotoOutcome.ORIGINAL_MISSING: ("lacks its original in this backup", "lack their originals in this backup"),
    PhotoOutcome.ONLY_A_COPY: ("has only a smaller or sent copy here", "have only a smaller or sent copy here"),
    PhotoOutcome.NO_PICTURE: ("is known here without a picture", "are known here without a picture"),
    PhotoOutcome.UNREADABLE: (
        "is in a file that this computer cannot read",
        "are in files that this computer cannot read",
    ),
}
"""Of one photo and of several."""


def paragraph(stated: Iterable[Statement]) -> str:
    """Everything that is stated, one sentence after the other."""
    return " ".join(map(text, stated))


def text(stated: Statement) -> str:
    """One or a few whole sentences."""
    match stated:
        case PlainStatement():
            return FACTS[stated]
        case TrueOfPhotos():
            return _true_of_photos(stated)
        case TrueOfPossible():
            one, many, rest = PREDICATES[stated.fact]
            photos = f"{perhaps(stated.number, one, many)} {rest}"
            return f"{photos} too." if stated.besides else f"{photos}; nothing proves where they came from."
        case TrueOfNone():
            others = f" {count(stated.others, *OTHERS[stated.fact])} no sign of FaceTime." if stated.others else ""
            return f"{TRUE_OF_NONE[stated.fact]}{others}"
        case SmallerPartsHere():
            return f"Of {stated.number:,} of them a smaller copy or one half is here."
        case UploadStuck():
            return _upload_stuck(stated)
        case PermanentlyDeleted():
            number = count(stated.number, "FaceTime photo was", "FaceTime photos were")
            return f"{number} permanently deleted{_when(stated.at)}: {_reasons(stated.reasons)}."
        case OthersPermanentlyDeleted():
            number = count(stated.number, "photo or video was", "photos and videos were")
            deleted = f"{number} permanently deleted{_when(stated.at)}."
            return f"{deleted} Nothing says that one was from FaceTime, or that none was."
        case NumbersSkipped():
            number = count(stated.number, "number")
            return f"The photo library skips {number} in its count of photos, and nothing says why."
        case OriginalsAway():
            away = f"{count(stated.number, 'original was', 'originals were')} in iCloud and not on the phone"
            return STORAGE_SETTINGS[stated.setting][stated.number > 0].format(away=away)
        case NearlyNoFiles():
            return _nearly_no_files(stated)
        case FilesLacking():
            return _files_lacking(stated)
        case PictureSizes():
            sizes = dict.fromkeys(f"{width} x {height}" for width, height in (stated.smallest, stated.largest))
            small = ": each is a frame of its video call" if stated.small else ", which is not small"
            return f"The FaceTime photos found here measure {' to '.join(sizes)} pixels{small}."
        case PermissionDenied():
            decided = f" (decided on {day(stated.at)})" if stated.at else ""
            return f"FaceTime was denied access to Photos{decided}."
        case NoDenialAmong():
            return NO_DENIAL.format(count(stated.number, "decision"))
        case Repaired():
            number = count(stated.number, "photo or video was", "photos and videos were")
            return f"{number} brought back into the library by a repair (saved type 14, “Recovered”)."
        case LibraryRebuilt():
            on = f", {days(stated.at)}" if stated.at else ""
            return f"The photo library was built anew from the files on the phone{on}."
        case IosUpdates():
            return _ios_updates(stated)
        case Restored():
            older = stated.older
            share_older = share(older.number, older.total, "is", "are")
            came = f" {share_older} older than that and came with it." if older.number else ""
            return f"This device was {ORIGINS[stated.origin]} on {day(stated.at)}.{came}"
        case BackedUpLater():
            made, later = day(stated.backup_date), day(stated.later)
            return f"This backup is of {made}; the phone was backed up again on {later}."
        case BackupOf():
            newest = f" The newest photo in it is of {day(stated.newest)}." if stated.newest else ""
            return f"This backup is of {day(stated.backup_date)}: a photo taken later cannot be in it.{newest}"
        case CallsWithoutPhoto():
            number = f"{stated.number:,} of {count(stated.total, 'FaceTime video call')}"
            verb, them = ("has", "it") if stated.number == 1 else ("have", "them")
            none = f"{number} {verb} no FaceTime photo near {them} ({days(stated.at)})."
            return f"{none} That is normal where nobody pressed the shutter."
        case ScreenCaptures():
            return _screen_captures(stated)
        case BackupOfDevice():
            other = "iPad or a Mac" if stated.device == "iPhone" else "iPhone or a Mac"
            return f"This is the backup of an {stated.device}. A photo taken on your {other} is not in it."
        case FilesPruned():
            number = count(stated.number, "file was", "files were")
            return f"A hint only: {number} removed from the phone to save space, last on {day(stated.last)}."
        case NotRead():
            return _not_read(stated)
        case PhotoOutcomes():
            return _fates(stated)
        case PossiblePhotos():
            photos = count(stated.number, "more photo" if stated.besides else "photo")
            return f"{photos} may be from FaceTime, but nothing proves it."
        case _:
            assert_never(stated)


def _true_of_photos(stated: TrueOfPhotos) -> str:
    one, many, rest = PREDICATES[stated.fact]
    photos = f"{share(stated.photos.number, stated.photos.total, one, many)} {rest}"
    if stated.until:
        return f"{photos}, {deadline(stated.until)}."
    if not stated.parts:
        return f"{photos}."
    parts = listed([count(number, *PARTS[state]) for state, number in stated.parts])
    return f"{photos} ({parts})." if stated.fact is PhotoFact.HALF else f"{photos}: {parts}."


def deadline(until: Sequence[PointInTime]) -> str:
    """`until about 19 June 2024`, of several days (in order of time) the first, and whether it has passed."""
    known = [day(moment.at, moment.offset) for moment in until]
    passed = " (that day has passed)" if has_passed(until[0].at, until[0].offset) else ""
    first = "" if len(set(known)) == 1 else "the first of them "
    return f"{first}until about {known[0]}{passed}"


def _screen_captures(stated: ScreenCaptures) -> str:
    number = stated.screenshots + stated.recordings
    counts = ((stated.screenshots, "screenshot"), (stated.recordings, "screen recording"))
    made = listed([count(each, what) for each, what in counts if each])
    more = f" and {number - len(stated.names):,} more" if number > len(stated.names) else ""
    was = "was" if number == 1 else "were"
    return (
        f"{made} {was} made during FaceTime video calls ({', '.join(stated.names)}{more}): "
        "many people keep a moment of a call that way. They are among the photos here."
    )


def _upload_stuck(stuck: UploadStuck) -> str:
    says = "It seems stuck" if stuck.only_one else f"{count(stuck.number, 'of them seems', 'of them seem')} stuck"
    if stuck.attempts:
        says += f": tried {count(stuck.attempts, 'time')}"
    if stuck.last_attempt is not None:
        says += f", last on {day(stuck.last_attempt)}"
        if stuck.backup_date is not None:
            says += f", {count((stuck.backup_date - stuck.last_attempt).days, 'day')} before this backup"
    return f"{says}."


def _when(moments: Sequence[datetime]) -> str:
    if not moments:
        return ""
    when = days(moments)
    return f" {when}" if when.startswith("between") else f" on {when}"


def _reasons(deleted: Sequence[Deleted]) -> str:
    """The three most frequent; different reasons can have the same words."""
    told: Counter[str] = Counter()
    for item in deleted:
        told[_reason(item)] += item.number
    if len(told) == 1:
        return next(iter(told))
    return listed([f"{number:,} {reason}" for reason, number in told.most_common(3)])


def _reason(deleted: Deleted) -> str:
    through = f", through {CLIENTS.get(deleted.client.lower(), deleted.client)}" if deleted.client else ""
    return f"{DELETION_REASONS[deleted.reason].replace('{stored}', deleted.stored or '')}{through}"


def _nearly_no_files(found: NearlyNoFiles) -> str:
    here = f"only {count(found.here, 'is', 'are')}" if found.here else "none is"
    listed = count(found.listed, "file", "files")
    if found.unpacked:
        return (
            "This is an unpacked backup: its files lie under their own names in folders such as CameraRollDomain, "
            f"which is not read; of the {listed} that its list names {here} where a backup keeps them. Give the backup "
            "folder that it was unpacked from."
        )
    return (
        f"Nearly all of this backup is missing: of the {listed} that it lists {here} in its folder. "
        "Copy the whole backup folder again from the computer that made it, or make a new backup."
    )


def _files_lacking(lacking: FilesLacking) -> str:
    files = f"{count(lacking.number, 'file that it lists is', 'files that it lists are')} not in its folder"
    if lacking.finished is False:
        return f"This backup was never finished{f', and {files}' if lacking.number else ''}."
    so_called = "calls itself finished, and yet" if lacking.finished else "is not whole:"
    return f"This backup {so_called} {files}."


def _ios_updates(stated: IosUpdates) -> str:
    version = f" This backup is of iOS {stated.ios_version}." if stated.ios_version else ""
    match stated.comparison:
        case UpdateTiming.NEVER_UPDATED:
            return f"The photo library was never carried over to another iOS.{version}"
        case UpdateTiming.NO_PHOTO:
            changed = f"iOS changed the photo library {_updates(stated.updates)}.{version}"
            return f"{changed} With no FaceTime photo to compare dates with, it tells little."
        case UpdateTiming.UPDATED_SINCE:
            since = f"iOS changed the photo library {_updates(stated.updates)}.{version}"
            return f"Since the first FaceTime photo found here, {since}"
        case UpdateTiming.NOT_SINCE:
            return f"No update came after the first FaceTime photo found here.{version}"
        case _:
            assert_never(stated.comparison)


def _updates(updates: Sequence[LibraryUpdate]) -> str:
    """`on 3 May 2024 (build 21F90)`, of many the last three."""
    told = [_update(update) for update in updates[-3:]]
    more = f"{count(len(updates), 'time')}, the last three " if len(updates) > len(told) else ""
    return f"{more}{listed(told)}"


def _update(update: LibraryUpdate) -> str:
    build = f" (build {update.build})" if update.build else ""
    return f"on {day(update.at) if update.at else 'an unknown day'}{build}"


def _not_read(stated: NotRead) -> str:
    """Names at most two of the gaps."""
    lead = "Unknown from this backup"
    if stated.calls is not None:
        lead = f"{count(stated.calls, 'FaceTime video call')} can be seen, but perhaps not every photo"
    reasons = [f"{what(gap)}: {why(gap).strip().rstrip('.')}" for gap in stated.gaps[:2]]
    return sentence(f"{lead}. {'. '.join(sentence(reason).rstrip('.') for reason in reasons)}")


def _fates(stated: PhotoOutcomes) -> str:
    found = _found_and_complete(stated)
    if not stated.fates:
        alike = stated.total == stated.complete
        return f"{found}, and neither deleted nor hidden." if alike else f"{found}. None is deleted or hidden."
    told: list[str] = []
    for fate, number in stated.fates:
        one, many = FATES[fate]
        until = deadline(stated.until) if fate is PhotoOutcome.RECENTLY_DELETED and stated.until else ""
        photos = f"It {one}" if stated.total == 1 and not told else f"{number:,} {one if number == 1 else many}"
        photos = one if stated.total == 1 and told else photos
        told.append(f"{photos}{f', {until}' if until.startswith('the first') else f' {until}' if until else ''}")
    return f"{found}. {sentence('; '.join(told))}"


def _found_and_complete(stated: PhotoOutcomes) -> str:
    """How many were found, and of how many every original is here; without the full stop."""
    total, complete = stated.total, stated.complete
    if total == complete:
        whole = {1: "The one FaceTime photo found here is", 2: "Both FaceTime photos found here are"}
        return f"{whole.get(total, f'All {total:,} FaceTime photos found here are')} complete in this backup"
    if total == 1:
        return "One FaceTime photo was found, and it is not complete in this backup"
    here = {0: "none of them is", 1: "1 is"}.get(complete, f"{complete:,} are")
    return f"{total:,} FaceTime photos were found; {here} complete in this backup"
