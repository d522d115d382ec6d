"""The case: one backup, read, with nothing concluded yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from recovery.app_data.calls import Call
from recovery.app_data.facetime_messages import StoredMessage
from recovery.app_data.messages import Attachment
from recovery.app_data.privacy import Permission
from recovery.app_data.settings import Setting
from recovery.case.store import WorkingDatabase
from recovery.formats.media import MediaFacts
from recovery.formats.signatures import MediaType
from recovery.photos_db.carved_assets import DeletedRow
from recovery.photos_db.changes.history import History, HistoryEvent
from recovery.photos_db.changes.journal_assets import JournalAsset
from recovery.photos_db.changes.migrations import Migration
from recovery.photos_db.library import LibraryName, PhotoLibrary
from recovery.photos_db.thumbnail_tables import ThumbnailTable
from recovery.provenance import Gap, Reading
from recovery.source.blobs import Blob
from recovery.source.identity import Identity
from recovery.source.manifest import ManifestEntry


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file the manifest lists."""

    file_id: str
    domain: str
    path: str


@dataclass(frozen=True, slots=True)
class UnlistedBlob:
    """A blob the manifest does not list; `type` is None where its bytes are encrypted and tell nothing."""

    file_id: str
    size: int
    type: MediaType | None


@dataclass(frozen=True, slots=True)
class InventoryCheck:
    """Manifest and folder held against each other: `listed_blobs` + len(unlisted) are all blobs there."""

    listed_files: int
    listed_blobs: int
    missing: tuple[ListedFile, ...]
    unlisted: tuple[UnlistedBlob, ...]
    hidden: frozenset[str] = frozenset()
    """File IDs in folders that the system refuses to list; counted as there, because nothing says they are not."""
    unpacked: bool = False
    """Whether the files lie beside the list under their own names, as another program has unpacked them."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A thumbnail table of the backup and what was read in it."""

    entry: ManifestEntry
    table: ThumbnailTable


@dataclass(frozen=True, slots=True)
class AttachmentFile:
    """A picture or movie of Messages whose file the backup lists.

    `attachment` is None for a movie that lies beside its still without a row of its own. `facts` is what the file
    says about itself, None when nobody looked; `same_as` the file ID of an original with the same bytes.
    """

    attachment: Attachment | None
    entry: ManifestEntry
    blob: Blob
    facts: MediaFacts | None = None
    same_as: str | None = None

    @property
    def name(self) -> str:
        """The name it was sent under, else that of its file."""
        return self.attachment.name if self.attachment else self.entry.name


@dataclass(frozen=True, slots=True)
class MessageMedia:
    """A media file of a FaceTime message. `file_type` is its extension as it is written there.

    `has_video` tells whether a track shows a picture; None for a file that is no movie or has no readable index.
    """

    entry: ManifestEntry
    blob: Blob
    file_type: str
    has_video: bool | None = None


@dataclass(frozen=True, slots=True)
class GatheredMessage:
    """A FaceTime message or voicemail and its media. Media that no row names has no `row`, only its `uuid`."""

    row: StoredMessage | None
    media: tuple[MessageMedia, ...]
    uuid: str | None = None


@dataclass(frozen=True, slots=True)
class AssetHistory:
    """Changes of assets as the library's history lists them, oldest first; `left_out` counts those not kept.

    Not kept are changes that tell nothing to people, unless certain assets were asked for.
    """

    events: tuple[HistoryEvent, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class DeletedAssetEvidence:
    """What is left of assets that may have no row any more."""

    history: History | None = None
    journals: Mapping[str, JournalAsset] = field(default_factory=dict)
    """By UUID; mac libraries and full file systems have them, phone backups as a rule not."""
    tables: tuple[TableFile, ...] = ()
    rows: tuple[DeletedRow, ...] = ()
    """Deleted rows of assets found in unused bytes of the library's file; a compacted copy has none."""
    paths: Mapping[str, str] = field(default_factory=dict)
    """Path below `Media/` by UUID, as assetUUIDForPath.plist remembers them; may be old."""
    life: AssetHistory | None = None
    """None when nobody asked for it: reading it takes two more passes through the history."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the stores beside the photo library say."""

    calls: Reading[Call]
    permissions: Reading[Permission]
    settings: Reading[Setting]
    attachments: Reading[AttachmentFile]
    facetime_messages: Reading[GatheredMessage]
    migrations: Reading[Migration]
    markers: tuple[str, ...] = ()
    """Names of the marker files of iCloud Photos that the backup lists."""
    last_file_number: int | None = None
    """The last number the camera gave a file."""


@dataclass(frozen=True, slots=True)
class SharedWithYou:
    """The phone's second library: pictures received in Messages and other apps.

    `library` is None where its database could not be read; `same_as` gives for the file ID of an original there
    that of one in the photo library with the same bytes.
    """

    library: PhotoLibrary | None
    store: WorkingDatabase = field(repr=False, compare=False)
    traces: DeletedAssetEvidence
    same_as: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """One backup, read. Nothing in it is a conclusion; the findings draw those."""

    identity: Identity
    encrypted: bool | None
    census: InventoryCheck
    library: PhotoLibrary | None
    store: WorkingDatabase = field(repr=False, compare=False)
    """Rows of the library and media files; it lives as long as the workspace of the backup."""
    traces: DeletedAssetEvidence
    around: Surroundings
    gaps: tuple[Gap, ...] = ()
    file_lists: tuple[str, ...] = ()
    """The lists of files that were read, the newest first."""
    latest_date: datetime | None = None
    """The latest moment a date in this backup can tell, give or take a day; None where nothing says so."""
    only_facetime: bool = False
    """Whether only FaceTime is asked for: then `store.promising()` alone has been examined."""
    shared_with_you: SharedWithYou | None = None
    """None where the backup lists no such library, as before iOS 15."""
    name: LibraryName = LibraryName.PHOTOS
    """The library that `library`, `store` and `traces` are of."""
