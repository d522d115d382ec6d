"""Find the message store of FaceTime and the media of its messages, in whatever folder of the group container."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from recovery import limits
from recovery.app_data.facetime_messages import (
    DEFAULT_STORE,
    DOMAIN,
    HIDES,
    STORE_NAME,
    WHAT,
    StoredMessage,
    media_of,
    media_path,
    read_stored_messages,
)
from recovery.app_data.store_reader import Location, Store
from recovery.case.app_data_readings import read_store
from recovery.case.case_records import GatheredMessage, MessageMedia
from recovery.errors import UnreadableFileError
from recovery.formats.quicktime import read_movie
from recovery.formats.signatures import MediaType, sniff
from recovery.gap_codes import GapReason
from recovery.provenance import Gap, Reading
from recovery.refusals import refused
from recovery.source.backup_view import BackupView
from recovery.source.blobs import Blob, BlobState
from recovery.source.guessed_index import GuessedIndex
from recovery.source.manifest import EntryKind, ManifestEntry

_BY_TYPE: Mapping[str, frozenset[MediaType]] = {
    "mov": frozenset({MediaType.MOV, MediaType.MP4}),
    "m4a": frozenset({MediaType.M4A, MediaType.MP4, MediaType.MOV}),
}
_AMR = b"#!AMR"


@dataclass(frozen=True, slots=True)
class _Listed:
    """What the backup lists of FaceTime messages: stores, and media files by their UUID."""

    stores: tuple[ManifestEntry, ...]
    media: Mapping[str, tuple[ManifestEntry, ...]]
    gaps: tuple[Gap, ...]


def read_facetime_messages(view: BackupView) -> Reading[GatheredMessage]:
    """Every message of every store, then media files that no message names; each media file examined.

    Before iOS 17 there is nothing of it in a backup, which is no gap. A store that cannot be read is one, and so
    are media without a store.
    """
    if isinstance(view.index, GuessedIndex):
        path = DEFAULT_STORE.location.path
        view.index.learn(DOMAIN, (path, f"{path}-wal"))
    found = _listed(view)
    rows: list[StoredMessage] = []
    gaps = list(found.gaps)
    for entry in found.stores:
        store = Store(WHAT, Location(entry.domain, entry.relative_path), HIDES)
        reading = read_store(view, store, read_stored_messages)
        rows.extend(reading.records)
        gaps.extend(reading.gaps)
        if isinstance(view.index, GuessedIndex):
            paths = (media_path(entry.relative_path, row) for row in reading.records)
            view.index.learn(DOMAIN, filter(None, paths))
            found = _listed(view)
    if found.media and not found.stores:
        gaps.append(Gap(WHAT, DEFAULT_STORE.location.path, GapReason.MEDIA_WITHOUT_STORE, HIDES))
    return Reading(tuple(_gathered(view, rows, found.media)), tuple(gaps))


def _listed(view: BackupView) -> _Listed:
    stores: list[ManifestEntry] = []
    media: defaultdict[str, list[ManifestEntry]] = defaultdict(list)
    files = (entry for entry in view.index.entries(DOMAIN) if entry.kind is EntryKind.FILE)
    count = 0
    for entry in files:
        if entry.name == STORE_NAME:
            stores.append(entry)
        elif (named := media_of(entry.relative_path)) is not None:
            count += 1
            if count <= limits.FACETIME_MESSAGES:
                media[named[0]].append(entry)
    return _Listed(
        tuple(stores[: limits.FACETIME_MESSAGE_STORES]),
        {uuid: tuple(entries) for uuid, entries in media.items()},
        (
            *_left_out(GapReason.STORES_LIMITED, len(stores), limits.FACETIME_MESSAGE_STORES),
            *_left_out(GapReason.MEDIA_LIMITED, count, limits.FACETIME_MESSAGES),
        ),
    )


def _left_out(why: GapReason, count: int, limit: int) -> Iterator[Gap]:
    if count > limit:
        yield Gap(WHAT, DOMAIN, why, HIDES, fault=True, values=(limit, count))


def _gathered(
    view: BackupView, rows: Iterable[StoredMessage], media: Mapping[str, tuple[ManifestEntry, ...]]
) -> Iterator[GatheredMessage]:
    named: dict[str, tuple[MessageMedia, ...]] = {}
    for row in rows:
        if row.uuid is not None and row.uuid not in named:
            named[row.uuid] = _examined(view, media.get(row.uuid, ()), row.file_type)
        yield GatheredMessage(row, named.get(row.uuid or "", ()))
    for uuid in sorted(media.keys() - named.keys()):
        yield GatheredMessage(None, _examined(view, media[uuid]), uuid)


def _examined(
    view: BackupView, entries: Iterable[ManifestEntry], file_type: str | None = None
) -> tuple[MessageMedia, ...]:
    """Media of one message, the one with the stored type first."""
    wanted = (file_type or "").lower()
    ordered = sorted(entries, key=lambda entry: (_type_of(entry).lower() != wanted, entry.relative_path))
    return tuple(_looked_at(view, entry) for entry in ordered)


def _type_of(entry: ManifestEntry) -> str:
    return entry.name.rpartition(".")[2]


def _looked_at(view: BackupView, entry: ManifestEntry) -> MessageMedia:
    blob, file_type = view.examine(entry), _type_of(entry)
    if blob.state is BlobState.PRESENT and blob.size == 0:
        blob = Blob(BlobState.DAMAGED, 0, "the file is empty")
    if blob.state in (BlobState.MISSING, BlobState.UNREADABLE) or not blob.size:
        return MessageMedia(entry, blob, file_type)
    try:
        with view.open(entry) as stream:
            head = stream.read(limits.MEDIA_HEAD_BYTES)
            kind = sniff(head)
            movie = read_movie(stream, blob.size) if kind in _BY_TYPE["mov"] else None
    except OSError as error:
        return MessageMedia(entry, view.unread(entry, refused(error)), file_type)
    except UnreadableFileError as error:
        return MessageMedia(entry, blob._replace(note=blob.note or str(error)), file_type)
    shows = None
    if movie is not None:
        # Without an index, or with a damaged one, nobody can say that there is no picture.
        silent = movie.has_still_image_time is not None and not movie.problems
        shows = True if movie.width else False if silent else None
    if not blob.note and not _fits(file_type.lower(), kind, head):
        blob = blob._replace(note=f"its first bytes are not those of a file of type {file_type}")
    return MessageMedia(entry, blob, file_type, shows)


def _fits(file_type: str, kind: MediaType, head: bytes) -> bool:
    """Whether the first bytes are those of the type; true for a type that nobody knows."""
    if file_type == "amr":
        return head.startswith(_AMR)
    return kind in _BY_TYPE.get(file_type, (kind,))
