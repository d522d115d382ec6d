"""The media files of the camera roll as the manifest lists them, with their blobs and attributes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from recovery.errors import UnreadableFileError
from recovery.formats.media import MediaFacts, read_media
from recovery.formats.signatures import MediaType
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.camera_roll_paths import (
    DEFERRED,
    DOMAIN,
    PHOTO_STREAM_DOMAIN,
    ROOT,
    MediaPath,
    MediaPathPart,
    is_media_name,
    media_path,
    package_path,
)
from recovery.photos_db.content import HeadCheck
from recovery.photos_db.file_attributes import FileAttributes, read_attributes
from recovery.provenance import Gap, unreadable
from recovery.source.backup_view import BackupView
from recovery.source.blobs import Blob, BlobState
from recovery.source.manifest import EntryKind, ManifestEntry


class MediaFile(NamedTuple):
    """One media file. `facts` is what the file says about itself, None when nobody looked inside.

    Of a file that was not examined `blob` is what the manifest tells: there, and as long as its record says.
    """

    entry: ManifestEntry
    place: MediaPath
    blob: Blob
    attributes: FileAttributes | None
    facts: MediaFacts | None = None
    number: int | None = None
    """Its number in the working database of the case."""
    by_bytes: MediaType | None = None
    """What its first bytes are where its name says a video and they a picture, or the other way round."""

    @property
    def store(self) -> str:
        """Its name in sources and gaps: the path in the backup, for a blob without one where the blob lies."""
        return self.entry.relative_path or f"{self.entry.file_id[:2]}/{self.entry.file_id}"

    @property
    def content_identifier(self) -> str | None:
        """What joins the halves of a Live Photo, as the file or its attributes state it."""
        stated = self.facts.content_identifier if self.facts else None
        return stated or (self.attributes.media_group_uuid if self.attributes else None)

    @property
    def present(self) -> bool:
        """Whether at least some of its bytes can be read in the backup."""
        return self.blob.state not in (BlobState.MISSING, BlobState.UNREADABLE)


def media_files(
    view: BackupView, *, examined: bool = True, directories: Collection[str] = frozenset()
) -> Iterator[MediaFile]:
    """Every media file of the camera roll, in the order of paths.

    `directories` are those that rows of the library name: pictures and movies there are originals wherever it is.
    Thumbnails, by far the most files, are as the manifest tells of them. So are all others where they are not to
    be `examined`, but for those of which it tells no size.
    """
    unusual = frozenset(name for name in directories if media_path(DOMAIN, f"{ROOT}{name}/x.heic") is None)

    def place(entry: ManifestEntry) -> MediaPath | None:
        known = media_path(entry.domain, entry.relative_path)
        return _named_by_rows(entry, unusual) if known is None and unusual else known

    yield from _files(view, DOMAIN, ROOT, place, examined=examined)
    yield from _files(view, PHOTO_STREAM_DOMAIN, f"{ROOT}PhotoStreamsData/", place, examined=examined)


def package_files(view: BackupView, domain: str, base: str) -> Iterator[MediaFile]:
    """Every media file of a folder that is laid out as a library of a Mac, in the order of paths."""
    return _files(view, domain, base, lambda entry: package_path(entry.relative_path, base), examined=True)


def deferred_gap(view: BackupView) -> Iterator[Gap]:
    """What lies among the photos still to be processed and is neither picture nor movie by its name."""
    entries = view.index.entries(DOMAIN, f"{ROOT}{DEFERRED}/")
    unknown = sum(entry.kind is EntryKind.FILE and not is_media_name(entry.name) for entry in entries)
    if unknown:
        hides = ("photos whose processing was not finished when the backup was made",)
        yield Gap(GapSubject.DEFERRED, f"{ROOT}{DEFERRED}", GapReason.FILES_OF_UNKNOWN_FORM, hides, values=(unknown,))


def _named_by_rows(entry: ManifestEntry, directories: Collection[str]) -> MediaPath | None:
    directory, _, name = entry.relative_path.removeprefix(ROOT).rpartition("/")
    if directory in directories and is_media_name(name):
        return MediaPath(MediaPathPart.ORIGINAL, directory, name)
    return None


def _files(
    view: BackupView, domain: str, prefix: str, place_of: Callable[[ManifestEntry], MediaPath | None], *, examined: bool
) -> Iterator[MediaFile]:
    for entry in view.index.entries(domain, prefix):
        place = place_of(entry) if entry.kind is EntryKind.FILE else None
        if place is not None:
            spared = place.part is MediaPathPart.THUMBNAIL or (not examined and entry.size is not None)
            file = MediaFile(entry, place, Blob(BlobState.PRESENT, entry.size), read_attributes(entry.attributes))
            yield file if spared else examine(view, file)


def examine(view: BackupView, file: MediaFile) -> MediaFile:
    """The same file with its blob examined."""
    check = HeadCheck(file.entry.relative_path)
    blob = view.examine(file.entry, check)
    if file.place.part is MediaPathPart.ORIGINAL and blob.state is BlobState.PRESENT and blob.size == 0:
        blob = Blob(BlobState.DAMAGED, 0, "the file is empty", blank=True)
    if check.other is not None and not blob.note:
        blob = blob._replace(note=f"named as another kind of file: by its bytes it is {check.other.mime}")
    return file._replace(blob=blob, by_bytes=check.other)


def look_inside(view: BackupView, file: MediaFile) -> tuple[MediaFacts | None, tuple[Gap, ...]]:
    """What the file says about itself; a file that cannot be read becomes a gap."""
    try:
        with view.open(file.entry) as stream:
            reading = read_media(stream, file.blob.size or 0, file.store)
    except UnreadableFileError as error:
        return None, (unreadable(GapSubject.UNOPENED_MEDIA_FILE, file.store, error, "its own marks"),)
    return next(iter(reading.records), None), reading.gaps
