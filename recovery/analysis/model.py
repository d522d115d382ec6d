"""What was found: the records that every output is made from, in the words of the JSON inventory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec.structs import force_setattr

from recovery.analysis.reasons import Note, NoteCode, StatusReason
from recovery.analysis.statements import Advice, CauseCode, Statement
from recovery.clock import Moment
from recovery.photos_db.camera_roll_paths import ORIGINALS as ORIGINALS
from recovery.photos_db.camera_roll_paths import UUID_TEXT
from recovery.photos_db.camera_roll_paths import FileRole as FileRole
from recovery.photos_db.facetime_signals import Camera as Camera
from recovery.photos_db.facetime_signals import Verdict as Verdict
from recovery.photos_db.library import LibraryName as LibraryName
from recovery.photos_db.subtypes import Subtype as Subtype
from recovery.provenance import Gap, Source, Tier
from recovery.records import Record
from recovery.source.blobs import BlobState

if TYPE_CHECKING:
    from recovery.analysis.found import FoundAssets


FileState = BlobState
"""Whether the bytes of a file are there."""


Count = Annotated[int, msgspec.Meta(ge=0)]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
"""In hexadecimal."""


class Basis(StrEnum):
    """The best place an asset is known from, best first."""

    PHOTOS_DATABASE = "photos_database"
    FILE_ATTRIBUTES = "file_attributes"
    MEDIA_FILE = "media_file"
    HISTORY = "history"
    DELETED_ROW = "deleted_row"
    THUMBNAIL_TABLE = "thumbnail_table"


class Kind(StrEnum):
    """What an asset is."""

    PHOTO = "photo"
    VIDEO = "video"
    LIVE_PHOTO = "live_photo"


class Status(StrEnum):
    """The one final status of an asset."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    """The original is here, its RAW or its edited version is not; or of a RAW and another original only one is."""
    HALF = "half"
    REDUCED_COPY = "reduced_copy"
    UNREADABLE = "unreadable"
    """Something of it is here, and the system refuses to read all of it."""
    ELSEWHERE = "elsewhere"
    NOT_FOUND = "not_found"


class AssetFile(Record, frozen=True):
    """One file of an asset in the backup. `size` is the plaintext length in bytes where known.

    `index` is the entry's number in a thumbnail table; `pixels` the size of a reduced picture where known.
    `blank` tells of a damaged one that nothing of the picture or video is left in it.
    """

    role: FileRole
    domain: str
    path: str
    file_id: str
    size: int | None
    state: FileState
    note: str = ""
    index: int | None = None
    pixels: tuple[int, int] | None = None
    blank: bool = False
    sha256: Sha256 | None = None
    extracted_to: str | None = None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def recoverable(self) -> bool:
        """Whether at least a part of it can be read in the backup, entries of thumbnail tables apart."""
        here = self.state in (FileState.PRESENT, FileState.DAMAGED)
        return here and not self.blank and self.role is not FileRole.THUMBNAIL_TABLE


class Signal(Record, frozen=True):
    """One reason for a FaceTime verdict: a code, the stored value, where it stands, and how sure the rule is."""

    code: str
    value: str
    source: Source
    tier: Tier = Tier.UNTESTED
    seen: str | None = None
    """In how many genuine files the signal was found, `72 of 78 stills`; None where that is not known."""
    untested: bool = True
    """Whether no genuine sample has shown the rule at work: what `tier` says, for older readers of the JSON."""

    def __post_init__(self) -> None:
        force_setattr(self, "untested", self.tier is Tier.UNTESTED)


class CallContext(Record, frozen=True):
    """A FaceTime call during which the asset was made; the number of others in it, where known."""

    started: Moment
    ended: Moment
    with_count: int | None


class FaceTime(Record, frozen=True):
    """Whether an asset came from FaceTime, and why.

    `device` is the marketing name of the photographed device, which is the other person's, and `camera` the one of
    it that was on; both as the still says, None where it does not.
    """

    verdict: Verdict = Verdict.NO
    signals: tuple[Signal, ...] = ()
    call: CallContext | None = None
    device: str | None = None
    camera: Camera | None = None


NOT_FACETIME = FaceTime()
"""Of nearly every asset."""


class LivePhoto(Record, frozen=True):
    """Which halves of a Live Photo are in the backup, and whether their identifiers agree."""

    still: bool
    video: bool
    content_identifier: str | None
    identifiers_match: bool | None


class Upload(StrEnum):
    """How far the copy to iCloud is."""

    SYNCED = "synced"
    PENDING = "pending"
    STUCK = "stuck"


class Cloud(Record, frozen=True):
    """What the library says of the copy in iCloud; None where it does not say."""

    original_local: bool | None
    in_cloud: bool | None
    upload: Upload | None


class Deletion(Record, frozen=True):
    """How and when a permanently deleted asset went, where the library's history tells."""

    at: Moment | None
    reason: str | None
    client: str | None
    inserted_at: Moment | None
    inserted_by: str | None


class Asset(Record, frozen=True):
    """One asset with its one status. Times in UTC; `timezone_offset` in seconds east; pixels; degrees.

    `directory` is as the library stores it (`DCIM/100APPLE`), without the `Media/` of the backup.
    `row` is the number of the asset's row in the library. `sources` tells where a field was read that did not come
    from the column of that row which the findings name for all assets (`Findings.field_sources`).
    """

    uuid: str | None
    basis: Basis
    kind: Kind
    status: Status
    status_reason: StatusReason
    directory: str | None = None
    filename: str | None = None
    original_filename: str | None = None
    created: Moment | None = None
    added: Moment | None = None
    timezone: str | None = None
    timezone_offset: int | None = None
    width: int | None = None
    height: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    favorite: bool | None = None
    hidden: bool | None = None
    trashed: bool | None = None
    trashed_at: Moment | None = None
    trashed_until_estimate: Moment | None = None
    deleted: Deletion | None = None
    facetime: FaceTime = NOT_FACETIME
    live_photo: LivePhoto | None = None
    cloud: Cloud | None = None
    title: str | None = None
    caption: str | None = None
    keywords: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    importer: str | None = None
    """Bundle identifier of the program that saved the asset, as stored."""
    cloud_identifier: str | None = None
    """What iCloud Photos calls the asset, the same on every device of the account; often equal to `uuid`."""
    library: LibraryName | None = LibraryName.PHOTOS
    """The library it is in, None where only Messages has it."""
    shared_albums: tuple[str, ...] = ()
    deleted_albums: tuple[str, ...] = ()
    """Albums, shared ones too, that were deleted: the library still says that it was in them."""
    subtype: tuple[Subtype, ...] = ()
    """What kind of photo or video it is, by its row: none for an ordinary one."""
    files: tuple[AssetFile, ...] = ()
    notes: tuple[Note, ...] = ()
    row: int | None = None
    sources: Mapping[str, Source] = {}

    @property
    def real_created(self) -> Moment | None:
        """When it was taken; None where the stored date is a placeholder."""
        return _unless(self.notes, NoteCode.PLACEHOLDER_DATE, self.created)

    @property
    def real_added(self) -> Moment | None:
        """When it was added to the library; None where the stored date is a placeholder."""
        return _unless(self.notes, NoteCode.PLACEHOLDER_ADDED, self.added)

    @property
    def real_trashed_at(self) -> Moment | None:
        """When it was moved to Recently Deleted; None where the stored date is a placeholder."""
        return _unless(self.notes, NoteCode.PLACEHOLDER_TRASHED, self.trashed_at)

    @property
    def label(self) -> str:
        """A name for people: the file's name, unless a UUID, else the original name, else the start of the UUID."""
        stem = (self.filename or "").rpartition(".")[0]
        if self.original_filename and UUID_TEXT.fullmatch(stem):
            return self.original_filename
        return self.filename or self.original_filename or (self.uuid or "?")[:8]

    @property
    def recoverable(self) -> tuple[AssetFile, ...]:
        """Files of which the backup holds at least some bytes, thumbnail tables apart."""
        return tuple(item for item in self.files if item.recoverable)


def _unless(notes: tuple[Note, ...], placeholder: NoteCode, date: Moment | None) -> Moment | None:
    return None if any(note.code is placeholder for note in notes) else date


def sources_of(asset: Asset, field_sources: Mapping[str, Source]) -> dict[str, Source]:
    """Where each field of an asset that has a value was read, by the names of the fields."""
    found = dict(asset.sources)
    if asset.row is not None:
        for name, source in field_sources.items():
            if name not in found and has_value(asset, name):
                found[name] = Source(source.store, source.place, asset.row)
    return dict(sorted(found.items()))


def has_value(asset: Asset, field: str) -> bool:
    """Whether something is known of a field; of `live_photo` its content identifier is what has a source."""
    value = getattr(asset, field)
    return value.content_identifier is not None if isinstance(value, LivePhoto) else value is not None


def asset_key(asset: Asset) -> str:
    """What names an asset within one run: its UUID, else its place in the library, else its first file."""
    if asset.uuid:
        return asset.uuid
    if asset.filename:
        return f"{asset.directory or ''}/{asset.filename}"
    return asset.files[0].file_id if asset.files else asset.label


MESSAGES_KEY = "facetime_messages"
"""Stands where an asset's key would, for media of FaceTime messages."""
_LATEST = datetime.max.replace(tzinfo=UTC)


def asset_order(asset: Asset) -> tuple[datetime, str, str]:
    """What findings are sorted by: the date taken, then the UUID, then the first file."""
    return asset.real_created or _LATEST, asset.uuid or "", asset.files[0].path if asset.files else ""


class OrphanCode(StrEnum):
    """The kinds of loose ends."""

    MISSING_BLOB = "missing_blob"
    UNLISTED_BLOB = "unlisted_blob"
    ASSET_WITHOUT_FILE = "asset_without_file"
    FILE_WITHOUT_ASSET = "file_without_asset"
    NUMBERING_GAP = "numbering_gap"


class Orphan(Record, frozen=True):
    """Something that does not fit together; `guess` is a guess and says so."""

    code: OrphanCode
    domain: str | None
    path: str | None
    file_id: str | None
    size: int | None
    guess: str | None
    source: Source


class Totals(Record, frozen=True):
    """Counts that add up: assets = complete + partial + half + reduced_copy + unreadable + elsewhere + not_found.

    `media_files` = files of assets known to the library + files_without_asset;
    `blobs` = blobs the manifest lists + unlisted_blobs. `permanently_deleted` assets are counted in `assets`,
    `facetime_messages` (with the voicemails beside them) in no other number.
    `damaged_files` are those of assets that are there and not whole, as far as they were examined.
    `unreadable_files` are those of assets that the system refuses to read: neither missing nor damaged.
    """

    assets: Count
    facetime: Count
    live_photos: Count
    recently_deleted: Count
    hidden: Count
    complete: Count
    half: Count
    reduced_copy: Count
    elsewhere: Count
    not_found: Count
    missing_blobs: Count
    unlisted_blobs: Count
    assets_without_file: Count
    files_without_asset: Count
    permanently_deleted: Count
    recoverable_bytes: Count
    media_files: Count
    blobs: Count
    facetime_messages: Count
    damaged_files: Count = 0
    unreadable: Count = 0
    unreadable_files: Count = 0
    partial: Count = 0


class MessageKind(StrEnum):
    """What was left for somebody who did not answer; all of them lie in the message store of FaceTime."""

    FACETIME_VIDEO = "facetime_video_message"
    FACETIME_AUDIO = "facetime_audio_message"
    VOICEMAIL = "voicemail"
    UNKNOWN = "unknown"


class KindBasis(StrEnum):
    """What tells the kind of a message."""

    FILE_TYPE = "file_type"
    VIDEO_TRACK = "video_track"
    """Whether the movie has one: video messages and voicemails share the type `MOV`."""
    PROVIDER = "provider"
    """Where the movie itself is not here to be asked."""


class MessageBasis(StrEnum):
    """Where a message is known from."""

    MESSAGE_STORE = "message_store"
    MEDIA_FILE = "media_file"
    """Only its media is here: nothing tells who sent it, when, or whether it was deleted."""


class FaceTimeMessage(Record, frozen=True):
    """A video or audio message left in FaceTime, or a voicemail kept beside them; never a FaceTime photo.

    Times in UTC, `duration_s` in seconds. `sender`, `recipient` and `provider` are as stored, as are the codes
    `mailbox_type` and `message_type`. `untested` tells that no real message store has shown how to read it.
    """

    uuid: str | None
    basis: MessageBasis
    kind: MessageKind
    kind_basis: KindBasis | None
    source: Source
    sender: str | None = None
    recipient: str | None = None
    provider: str | None = None
    created: Moment | None = None
    modified: Moment | None = None
    duration_s: float | None = None
    read: bool | None = None
    deleted: bool | None = None
    deleted_at: Moment | None = None
    mailbox_type: int | None = None
    message_type: int | None = None
    call_uuid: str | None = None
    files: tuple[AssetFile, ...] = ()
    notes: tuple[Note, ...] = ()
    untested: bool = True

    @property
    def real_created(self) -> Moment | None:
        """When it was left; None where the stored date is a placeholder."""
        return _unless(self.notes, NoteCode.PLACEHOLDER_DATE, self.created)

    @property
    def recoverable(self) -> tuple[AssetFile, ...]:
        """Media files of which the backup holds at least some bytes."""
        return tuple(item for item in self.files if item.recoverable)


class CauseVerdict(StrEnum):
    """What the backup says of one possible cause."""

    SHOWN = "shown"
    CONTRADICTED = "contradicted"
    UNDETERMINED = "undetermined"
    UNSEEN = "unseen"


class Cause(Record, frozen=True):
    """One possible cause for a missing photo, and what the evidence says of it."""

    code: CauseCode
    verdict: CauseVerdict
    says: tuple[Statement, ...]
    advice: Advice = Advice.USUAL
    sources: tuple[Source, ...] = ()


class BackupFacts(Record, frozen=True):
    """Who and what the backup is."""

    path: str
    udid: str | None
    device_name: str | None
    product_type: str | None
    ios_version: str | None
    build: str | None
    backup_date: Moment | None
    encrypted: bool | None
    """None where neither property lists nor bytes decide it."""
    complete: bool | None
    photos_model_version: int | None
    serial_number: str | None = None
    file_lists: tuple[str, ...] = ()
    """The lists of files that were read, the newest first: an interrupted backup has one of its own in Snapshot."""


class Findings(Record, frozen=True):
    """Everything found in one backup, in a stable order.

    The assets lie in the working database of the case, and can be read as long as its workspace is there.
    """

    backup: BackupFacts
    totals: Totals
    assets: FoundAssets
    loose_ends: tuple[Orphan, ...]
    causes: tuple[Cause, ...]
    gaps: tuple[Gap, ...]
    bases: tuple[tuple[Basis, int], ...] = ()
    """How many assets are known from what, whatever was searched for; in the order of Basis."""
    summary: tuple[Statement, ...] = ()
    """What became of the FaceTime photos, for the person who misses one."""
    facetime_messages: tuple[FaceTimeMessage, ...] = ()
    """By date; always all of the backup, whatever was searched for."""
    search: str | None = None
    """What was searched for, where `assets` and their totals are only what fits it; see findings/selection.py."""
    latest_date: Moment | None = None
    """The latest moment a date in this backup can tell, give or take a day; None where nothing says so."""
    field_sources: Mapping[str, Source] = {}
    """For fields of assets that have a row: store and column they come from, unless the asset says else."""

    @property
    def faults(self) -> bool:
        """Whether something that is in the backup could not be read, or is damaged."""
        return any(gap.fault for gap in self.gaps) or self.totals.damaged_files + self.totals.unreadable_files > 0
