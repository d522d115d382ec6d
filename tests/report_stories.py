"""Findings made by hand for the tests of the report: one rich story, one empty, one without Photos.sqlite."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recovery import __version__
from recovery.analysis.found import FoundAssets
from recovery.analysis.model import (
    Asset,
    AssetFile,
    BackupFacts,
    Basis,
    CallContext,
    Camera,
    Cause,
    CauseVerdict,
    Cloud,
    Deletion,
    FaceTime,
    FaceTimeMessage,
    FileRole,
    FileState,
    Findings,
    Kind,
    KindBasis,
    LivePhoto,
    MessageBasis,
    MessageKind,
    Orphan,
    OrphanCode,
    Signal,
    Status,
    Totals,
    Upload,
    Verdict,
)
from recovery.analysis.reasons import Loss, Note, NoteCode, ReasonCode, StatusReason
from recovery.analysis.statements import (
    CauseCode,
    PhotoFact,
    PhotoOutcome,
    PhotoOutcomes,
    PointInTime,
    PossiblePhotos,
    Share,
    TrueOfPhotos,
)
from recovery.clock import in_records
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap, Source, Tier, unreadable

GENERATED = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)
TAKEN = datetime(2024, 5, 3, 18, 22, 10, 125000, tzinfo=UTC)
LIBRARY = "Media/PhotoData/Photos.sqlite"
BERLIN = 7200

BACKUP = BackupFacts(
    path="/backups/00008030-001A2B3C4D5E6F70",
    udid="00008030-001A2B3C4D5E6F70",
    device_name="Zoë's iPhone 📱",
    product_type="iPhone12,1",
    ios_version="17.5.1",
    build="21F90",
    backup_date=in_records(datetime(2024, 5, 20, 6, 30, tzinfo=UTC)),
    encrypted=True,
    complete=True,
    photos_model_version=17600,
    serial_number="F2LXK0000000",
)

WHOLE = StatusReason(ReasonCode.ALL_ORIGINALS_HERE)


def source(place: str, row: int | None = None, store: str = LIBRARY) -> Source:
    """A place in the photo library."""
    return Source(store, place, row)


def media(
    path: str, role: FileRole = FileRole.STILL, size: int | None = 1_234_567, state: FileState = FileState.PRESENT
) -> AssetFile:
    """A file of the camera roll; `fixed` gives it another file ID."""
    return AssetFile(role, "CameraRollDomain", path, "0" * 40, size, state)


def fixed(item: AssetFile, digit: str) -> AssetFile:
    """The file with a file ID that is the same in every run."""
    return item.changed(file_id=digit * 40)


def totals(assets: Sequence[Asset], loose_ends: Sequence[Orphan] = (), listed: int = 3711, messages: int = 0) -> Totals:
    """Totals counted from the assets, as the findings do."""

    def having(status: Status) -> int:
        return sum(asset.status is status for asset in assets)

    def loose(code: OrphanCode) -> int:
        return sum(end.code is code for end in loose_ends)

    return Totals(
        assets=len(assets),
        facetime=sum(asset.facetime.verdict is not Verdict.NO for asset in assets),
        live_photos=sum(asset.kind is Kind.LIVE_PHOTO for asset in assets),
        recently_deleted=sum(bool(asset.trashed) for asset in assets),
        hidden=sum(bool(asset.hidden) for asset in assets),
        complete=having(Status.COMPLETE),
        partial=having(Status.PARTIAL),
        half=having(Status.HALF),
        reduced_copy=having(Status.REDUCED_COPY),
        unreadable=having(Status.UNREADABLE),
        elsewhere=having(Status.ELSEWHERE),
        not_found=having(Status.NOT_FOUND),
        missing_blobs=loose(OrphanCode.MISSING_BLOB),
        unlisted_blobs=loose(OrphanCode.UNLISTED_BLOB),
        assets_without_file=loose(OrphanCode.ASSET_WITHOUT_FILE),
        files_without_asset=loose(OrphanCode.FILE_WITHOUT_ASSET),
        permanently_deleted=sum(asset.deleted is not None for asset in assets),
        recoverable_bytes=sum(item.size or 0 for asset in assets for item in asset.recoverable),
        media_files=sum(len(asset.files) for asset in assets) + loose(OrphanCode.FILE_WITHOUT_ASSET),
        blobs=listed + loose(OrphanCode.UNLISTED_BLOB),
        facetime_messages=messages,
    )


def findings(
    assets: Sequence[Asset] = (),
    loose_ends: Sequence[Orphan] = (),
    causes: Sequence[Cause] = (),
    gaps: Sequence[Gap] = (),
    backup: BackupFacts = BACKUP,
    messages: Sequence[FaceTimeMessage] = (),
) -> Findings:
    """Findings with totals that fit them."""
    return Findings(
        backup,
        totals(assets, loose_ends, messages=len(messages)),
        FoundAssets.of(assets),
        tuple(loose_ends),
        tuple(causes),
        tuple(gaps),
        bases=tuple(
            (basis, sum(asset.basis is basis for asset in assets))
            for basis in Basis
            if basis in {asset.basis for asset in assets}
        ),
        facetime_messages=tuple(messages),
    )


def _certain() -> Asset:
    """A whole FaceTime Live Photo, made in a call, favourite, with a place and words."""
    return Asset(
        uuid="6F9A1C52-0B1E-4D53-9C1B-7A1D5E0F4C21",
        basis=Basis.PHOTOS_DATABASE,
        kind=Kind.LIVE_PHOTO,
        status=Status.COMPLETE,
        status_reason=WHOLE,
        directory="DCIM/100APPLE",
        filename="IMG_0042.HEIC",
        original_filename="lp_image.HEIC",
        created=in_records(TAKEN),
        added=TAKEN + timedelta(seconds=4),
        timezone="Europe/Berlin",
        timezone_offset=BERLIN,
        width=1280,
        height=720,
        latitude=52.5186,
        longitude=-13.376,
        favorite=True,
        hidden=False,
        trashed=False,
        facetime=FaceTime(
            Verdict.CERTAIN,
            (
                Signal(
                    "original_filename",
                    "lp_image.HEIC",
                    source("ZADDITIONALASSETATTRIBUTES.ZORIGINALFILENAME", 12),
                ),
                Signal(
                    "creator_bundle",
                    "com.apple.FTLivePhotoService",
                    source("ZADDITIONALASSETATTRIBUTES.ZIMPORTEDBYBUNDLEIDENTIFIER", 12),
                ),
                Signal("call_overlap", "", source("ZCALLRECORD", 3, "Library/CallHistoryDB/CallHistory.storedata")),
            ),
            CallContext(TAKEN - timedelta(minutes=7), TAKEN + timedelta(minutes=18), 2),
            "iPhone 13",
            Camera.FRONT,
        ),
        live_photo=LivePhoto(True, True, "0C3F6A52-7D0B-4A0E-8A7A-2F0B8B6F7D11", True),
        cloud=Cloud(True, True, Upload.SYNCED),
        title="Grandma's birthday",
        caption="She saw the cake & <laughed>",
        keywords=("family", "誕生日"),
        albums=("Calls",),
        persons=("Grandma",),
        importer="com.apple.FTLivePhotoService",
        cloud_identifier="6F9A1C52-0B1E-4D53-9C1B-7A1D5E0F4C21",
        files=(
            fixed(media("Media/DCIM/100APPLE/IMG_0042.HEIC"), "a"),
            fixed(media("Media/DCIM/100APPLE/IMG_0042.MOV", FileRole.PAIRED_VIDEO, 2_521_942), "b"),
            AssetFile(
                FileRole.THUMBNAIL,
                "CameraRollDomain",
                "Media/PhotoData/Thumbnails/V2/DCIM/100APPLE/IMG_0042.HEIC/5005.JPG",
                "c" * 40,
                48_211,
                FileState.PRESENT,
                pixels=(342, 256),
            ),
        ),
        sources={
            "created": source("ZASSET.ZDATECREATED", 12),
            "original_filename": source("ZADDITIONALASSETATTRIBUTES.ZORIGINALFILENAME", 12),
        },
    )


def _half_in_trash() -> Asset:
    """A FaceTime Live Photo in Recently Deleted whose movie is missing; no zone is stored."""
    moved = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)
    return Asset(
        uuid="B1D2C3E4-1111-4222-8333-944455556666",
        basis=Basis.PHOTOS_DATABASE,
        kind=Kind.LIVE_PHOTO,
        status=Status.HALF,
        status_reason=StatusReason(ReasonCode.ONE_HALF_HERE, ((FileRole.PAIRED_VIDEO, Loss.MISSING),), FileRole.STILL),
        directory="DCIM/100APPLE",
        filename="IMG_0043.HEIC",
        original_filename="lp_image(1).heic",
        created=in_records(datetime(2024, 5, 4, 10, 1, 2, tzinfo=UTC)),
        trashed=True,
        trashed_at=moved,
        trashed_until_estimate=moved + timedelta(days=30),
        facetime=FaceTime(
            Verdict.PROBABLE,
            (
                Signal("messages_name", "lp_image(1).heic", source("ZADDITIONALASSETATTRIBUTES.ZORIGINALFILENAME", 13)),
                Signal(
                    "embedded_marker",
                    "FaceTime Photo",
                    source("EXIF UserComment", None, "IMG_0043.HEIC"),
                    Tier.DOCUMENTED,
                    "72 of 78 stills",
                ),
            ),
        ),
        live_photo=LivePhoto(True, False, None, None),
        files=(
            fixed(media("Media/DCIM/100APPLE/IMG_0043.HEIC", size=400_000, state=FileState.DAMAGED), "d"),
            fixed(media("Media/DCIM/100APPLE/IMG_0043.MOV", FileRole.PAIRED_VIDEO, None, FileState.MISSING), "e"),
        ),
        notes=(Note(NoteCode.IDENTIFIERS_DIFFER),),
    )


def _others() -> list[Asset]:
    """A wide name, an iCloud original, a possible one, a hidden one, a deleted asset."""
    overlap = Signal("call_overlap", "2024-05-03T18:15:00Z", source("ZCALLRECORD", 3), Tier.DOCUMENTED)
    return [
        Asset(
            uuid="C0000000-0000-4000-8000-000000000001",
            basis=Basis.PHOTOS_DATABASE,
            kind=Kind.PHOTO,
            status=Status.REDUCED_COPY,
            status_reason=StatusReason(
                ReasonCode.COPY_SURVIVES, ((FileRole.STILL, Loss.NOT_LISTED),), FileRole.THUMBNAIL
            ),
            filename="写真👨‍👩‍👧 from a long afternoon at the sea with everybody \u202egpj.HEIC",
            created=in_records(TAKEN + timedelta(minutes=1)),
            timezone_offset=BERLIN,
            hidden=True,
            facetime=FaceTime(Verdict.POSSIBLE, (overlap,), CallContext(TAKEN, TAKEN + timedelta(hours=1), None)),
            files=(fixed(media("Media/PhotoData/Thumbnails/V2/x/5003.JPG", FileRole.THUMBNAIL, 9_000), "f"),),
        ),
        Asset(
            uuid="C0000000-0000-4000-8000-000000000002",
            basis=Basis.PHOTOS_DATABASE,
            kind=Kind.VIDEO,
            status=Status.ELSEWHERE,
            status_reason=StatusReason(ReasonCode.ONLY_IN_ICLOUD),
            filename="IMG_0050.MOV",
            created=in_records(datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
            trashed=True,
            trashed_at=datetime(2024, 5, 10, tzinfo=UTC),
            cloud=Cloud(False, True, Upload.PENDING),
        ),
        Asset(
            uuid="C0000000-0000-4000-8000-000000000003",
            basis=Basis.HISTORY,
            kind=Kind.PHOTO,
            status=Status.NOT_FOUND,
            status_reason=StatusReason(
                ReasonCode.NOTHING_HERE, ((FileRole.STILL, Loss.NOT_LISTED),), permanently_deleted=True
            ),
            deleted=Deletion(
                datetime(2024, 5, 15, 21, 0, tzinfo=UTC),
                "User deleted asset from trashcan.",
                "com.apple.mobileslideshow",
                datetime(2024, 4, 1, tzinfo=UTC),
                None,
            ),
        ),
        *(
            Asset(
                uuid=f"D0000000-0000-4000-8000-{number:012d}",
                basis=Basis.PHOTOS_DATABASE,
                kind=Kind.PHOTO,
                status=Status.COMPLETE,
                status_reason=WHOLE,
                directory="DCIM/100APPLE",
                filename=f"IMG_{number:04d}.JPG",
                created=in_records(datetime(2023, 7, number, 12, 0, tzinfo=UTC)),
                timezone_offset=-16200,
                files=(fixed(media(f"Media/DCIM/100APPLE/IMG_{number:04d}.JPG", size=2_000_000), f"{number % 10}"),),
            )
            for number in range(1, 16)
        ),
    ]


def _messages() -> list[FaceTimeMessage]:
    """A video message that was deleted and is here, and a file of which nothing else is known."""
    folder = "com.apple.facetimemessagestored/Data Store"
    uuids = "F1000000-0000-4000-8000-000000000001", "F2000000-0000-4000-8000-000000000002"
    video, audio = (
        AssetFile(
            FileRole.FACETIME_MESSAGE,
            "AppDomainGroup-group.com.apple.FaceTime",
            f"{folder}/Assets/{uuid[:2]}/{uuid}.{file_type}",
            digit * 40,
            size,
            FileState.PRESENT,
        )
        for uuid, file_type, digit, size in zip(uuids, ("MOV", "m4a"), "78", (4_210_000, 96_000), strict=True)
    )
    return [
        FaceTimeMessage(
            uuid=uuids[0],
            basis=MessageBasis.MESSAGE_STORE,
            kind=MessageKind.FACETIME_VIDEO,
            kind_basis=KindBasis.VIDEO_TRACK,
            source=source("ZSTOREDMESSAGE", 4, f"{folder}/FaceTimeMessageStore-local.sqlitedb"),
            sender="+15550100",
            recipient="zoe@example.com",
            provider="com.apple.FaceTime",
            created=in_records(TAKEN + timedelta(hours=2)),
            modified=in_records(TAKEN + timedelta(days=1)),
            duration_s=65.5,
            read=True,
            deleted=True,
            deleted_at=in_records(TAKEN + timedelta(days=1)),
            mailbox_type=2,
            message_type=0,
            call_uuid="F3000000-0000-4000-8000-000000000003",
            files=(video,),
        ),
        FaceTimeMessage(
            uuid=uuids[1],
            basis=MessageBasis.MEDIA_FILE,
            kind=MessageKind.FACETIME_AUDIO,
            kind_basis=KindBasis.FILE_TYPE,
            source=Source("Manifest.db", "Files"),
            files=(audio,),
        ),
    ]


def rich() -> Findings:
    """Everything there is to say, once."""
    listing = Source("Manifest.db", "Files")
    loose = [
        Orphan(
            OrphanCode.MISSING_BLOB,
            "CameraRollDomain",
            "Media/DCIM/100APPLE/IMG_0043.MOV",
            "e" * 40,
            None,
            None,
            listing,
        ),
        Orphan(OrphanCode.UNLISTED_BLOB, None, None, "9" * 40, 812_345, "by its first bytes: image/jpeg", listing),
        *(
            Orphan(
                OrphanCode.FILE_WITHOUT_ASSET,
                "CameraRollDomain",
                f"Media/DCIM/101APPLE/IMG_{number:04d}.HEIC",
                f"{number:040x}",
                1_000_000 + number,
                None,
                listing,
            )
            for number in range(1, 25)
        ),
        Orphan(OrphanCode.NUMBERING_GAP, None, "DCIM/100APPLE/IMG_0017 to IMG_0041", None, None, None, listing),
    ]
    cause = Cause(
        CauseCode.RECENTLY_DELETED,
        CauseVerdict.SHOWN,
        (TrueOfPhotos(PhotoFact.RECENTLY_DELETED, Share(1, 2), (PointInTime(TAKEN + timedelta(days=45), BERLIN),)),),
        sources=(source("ZASSET.ZTRASHEDSTATE", 13),),
    )
    gaps = [
        Gap(GapSubject.MESSAGES, "Library/SMS/sms.db", GapReason.FILE_NOT_LISTED, ("copies sent by Messages",)),
        unreadable(
            GapSubject.THUMBNAIL_TABLE,
            "Media/PhotoData/Thumbnails/4031.ithmb",
            "its contents end too early",
            "previews of deleted photos",
        ),
    ]
    fates = PhotoOutcomes(2, 1, ((PhotoOutcome.RECENTLY_DELETED, 1), (PhotoOutcome.HALF, 1)), ())
    found = findings([_certain(), _half_in_trash(), *_others()], loose, [cause], gaps, messages=_messages())
    return found.changed(summary=(fates, PossiblePhotos(1, besides=True)))


def sample() -> Findings:
    """The sample of docs/inventory.md: one of everything."""
    story = rich()
    deleted_asset = next(asset for asset in story.assets if asset.deleted)
    summary = (PhotoOutcomes(1, 1, (), ()),)
    shown = findings(
        [story.assets[0], deleted_asset],
        story.loose_ends[1:2],
        story.causes,
        story.gaps[1:],
        messages=story.facetime_messages[:1],
    )
    return shown.changed(summary=summary)


def empty() -> Findings:
    """A library that was read and holds nothing, in an unencrypted backup that was interrupted."""
    backup = BACKUP.changed(encrypted=False, complete=False, device_name=None)
    gap = Gap(
        GapSubject.CALL_HISTORY,
        "Library/CallHistoryDB/CallHistory.storedata",
        GapReason.ENCRYPTED_BACKUPS_ONLY,
        ("whether a FaceTime call was going on",),
    )
    return findings(gaps=[gap], backup=backup)


def without_library() -> Findings:
    """No Photos.sqlite: two assets known from notes on their files, neither from FaceTime; little is known."""
    backup = BackupFacts("/backups/old", None, None, None, None, None, None, False, None, None)
    assets = [
        Asset(
            uuid="E0000000-0000-4000-8000-000000000001",
            basis=Basis.FILE_ATTRIBUTES,
            kind=Kind.PHOTO,
            status=Status.COMPLETE,
            status_reason=WHOLE,
            filename="IMG_0001.HEIC",
            hidden=True,
            files=(fixed(media("Media/DCIM/100APPLE/IMG_0001.HEIC"), "1"),),
        ),
        Asset(
            uuid=None,
            basis=Basis.MEDIA_FILE,
            kind=Kind.VIDEO,
            status=Status.COMPLETE,
            status_reason=WHOLE,
            filename="IMG_0002.MOV",
            files=(fixed(media("Media/DCIM/100APPLE/IMG_0002.MOV", FileRole.VIDEO, 5_000_000), "2"),),
        ),
    ]
    gap = Gap(
        GapSubject.PHOTO_LIBRARY,
        LIBRARY,
        GapReason.NOT_LISTED,
        ("names, dates and albums of most photos", "what was deleted or is only in iCloud"),
    )
    return findings(assets, gaps=[gap], backup=backup)


def golden(name: str, text: str) -> None:
    """Compare with a stored file; with UPDATE_GOLDEN set in the environment, store it anew (and read the diff)."""
    path = Path(__file__).parent / "golden" / name
    neutral = re.sub(rf'("version": ?"){re.escape(__version__)}"', r'\g<1>0"', text)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(neutral, encoding="utf-8", newline="")
    with path.open(encoding="utf-8", newline="") as stream:
        assert neutral == stream.read(), f"differs from {path.name}; UPDATE_GOLDEN=1 stores it anew"
