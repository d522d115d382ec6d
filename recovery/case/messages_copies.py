"""Find the files behind attachments of Messages, and look into those that may be FaceTime photos."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain

from recovery import limits
from recovery.app_data.messages import Attachment
from recovery.case.case_records import AttachmentFile
from recovery.case.digests import digest_of
from recovery.case.grouping import Group
from recovery.case.store import WorkingDatabase
from recovery.clock import UNIX_EPOCH
from recovery.errors import UnreadableFileError
from recovery.formats.media import read_media
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.camera_roll_paths import MOVIE_EXTENSIONS, FileRole, MediaPathPart, extension, stem
from recovery.photos_db.content import misfit
from recovery.photos_db.facetime_names import is_facetime_name, shared_stem
from recovery.photos_db.media_files import MediaFile
from recovery.provenance import Gap, Reading
from recovery.source.backup_view import BackupView
from recovery.source.blobs import Blob, BlobState
from recovery.source.manifest import EntryKind, ManifestEntry, file_id

_ORIGINALS = f"part = '{MediaPathPart.ORIGINAL}' AND role IS NOT '{FileRole.ADJUSTMENTS}'"


@dataclass(frozen=True, slots=True)
class Copied:
    """What attachments are copies of: file IDs of originals, and content identifiers in upper case."""

    originals: frozenset[str]
    identifiers: frozenset[str]

    @classmethod
    def of(cls, attachments: Iterable[AttachmentFile]) -> Copied:
        """What these attachments are copies of."""
        known = tuple(attachments)
        stated = (item.facts.content_identifier for item in known if item.facts)
        return cls(
            frozenset(item.same_as for item in known if item.same_as),
            frozenset(identifier.upper() for identifier in stated if identifier),
        )

    def has(self, group: Group) -> bool:
        """Whether an attachment may be a copy of this asset, as findings/copies.py joins them."""
        if self.originals and not self.originals.isdisjoint(item.file.entry.file_id for item in group.files):
            return True
        return bool(self.identifiers) and not self.identifiers.isdisjoint(map(str.upper, group.content_identifiers()))


def read_copies(
    view: BackupView, stores: Sequence[WorkingDatabase], attachments: Reading[Attachment]
) -> Reading[AttachmentFile]:
    """Attachments whose file the backup lists, newest first, and what their files say.

    One under FaceTime's name counts even where the backup lists no file of it: its content is then missing. A
    picture is looked into when its name is FaceTime's, and the newest others up to a limit; one as long as an
    original of one of the libraries is held against it byte for byte.
    """
    found = list(_listed(view, attachments))
    found.sort(key=_moment, reverse=True)
    originals = _by_size(stores, {item.blob.size for item in found if item.blob.size})
    looked: list[AttachmentFile] = []
    looks, passed_over = 0, 0
    for item in found:
        named = is_facetime_name(item.name)
        if named or looks < limits.MESSAGES_LOOKS:
            looks += not named
            item = _looked_into(view, item)
        else:
            passed_over += 1
        looked.append(replace(item, same_as=_twin(view, item.entry, item.blob, originals)))
    gaps = list(attachments.gaps)
    if passed_over:
        gaps.append(
            Gap(
                GapSubject.PICTURES_IN_MESSAGES,
                "Library/SMS/Attachments",
                GapReason.NEWEST_LOOKED_INTO,
                ("copy_in_messages",),
                values=(limits.MESSAGES_LOOKS, passed_over),
            )
        )
    return Reading(tuple(looked), tuple(gaps))


def _moment(item: AttachmentFile) -> datetime:
    stored = (item.attachment.created or item.attachment.message_date) if item.attachment else None
    return stored or UNIX_EPOCH


def _listed(view: BackupView, attachments: Iterable[Attachment]) -> Iterator[AttachmentFile]:
    seen: set[str] = set()
    stills: list[ManifestEntry] = []
    for attachment in attachments:
        found = _file_of(view, attachment)
        if found is None or found.entry.file_id in seen:
            continue
        seen.add(found.entry.file_id)
        yield found
        if is_facetime_name(attachment.name):
            stills.append(found.entry)
    for still in stills:
        for beside in _movies_beside(view, still):
            if beside.file_id not in seen:
                seen.add(beside.file_id)
                yield AttachmentFile(None, beside, _examined(view, beside))


def _file_of(view: BackupView, attachment: Attachment) -> AttachmentFile | None:
    """The attachment with its file; None where the backup lists none, unless FaceTime's name says what it was."""
    if attachment.location is None:
        return None
    entry = view.index.lookup(*attachment.location)
    if entry is not None:
        return AttachmentFile(attachment, entry, _examined(view, entry)) if entry.kind is EntryKind.FILE else None
    if not is_facetime_name(attachment.name):
        return None
    domain, path = attachment.location
    unlisted = ManifestEntry(file_id(domain, path), domain, path, EntryKind.FILE)
    return AttachmentFile(attachment, unlisted, Blob(BlobState.MISSING, note="the backup does not list its file"))


def _examined(view: BackupView, entry: ManifestEntry) -> Blob:
    return view.examine(entry, partial(misfit, entry.relative_path))


def _movies_beside(view: BackupView, still: ManifestEntry) -> Iterator[ManifestEntry]:
    """Movies of a Live Photo that lie in the folder of its still; they may have no row of their own."""
    for entry in view.index.entries(still.domain, f"{still.folder}/"):
        same = shared_stem(stem(entry.name)) == shared_stem(stem(still.name)) or is_facetime_name(entry.name)
        if entry.kind is EntryKind.FILE and same and extension(entry.name) in MOVIE_EXTENSIONS:
            yield entry


def _looked_into(view: BackupView, item: AttachmentFile) -> AttachmentFile:
    """A picture that cannot be read keeps no facts; the attachment itself says enough of it."""
    if item.blob.state is BlobState.MISSING:
        return item
    try:
        with view.open(item.entry) as stream:
            reading = read_media(stream, item.blob.size or 0, item.entry.relative_path)
    except UnreadableFileError:
        return item
    return replace(item, facts=next(iter(reading.records), None))


def same_bytes(view: BackupView, store: WorkingDatabase, other: WorkingDatabase) -> Mapping[str, str]:
    """By the file ID of an original of one library that of an original with the same bytes in the other."""
    files = [file for file in store.files(_ORIGINALS) if file.present]
    originals = _by_size((other,), {file.blob.size for file in files if file.blob.size})
    twins = ((file.entry.file_id, _twin(view, file.entry, file.blob, originals)) for file in files)
    return {name: twin for name, twin in twins if twin is not None}


def _by_size(stores: Iterable[WorkingDatabase], sizes: Collection[int | None]) -> Mapping[int, list[MediaFile]]:
    """Originals that are of one of these lengths."""
    found: defaultdict[int, list[MediaFile]] = defaultdict(list)
    wanted = ", ".join(str(size) for size in sizes)
    where = f"{_ORIGINALS} AND size IN ({wanted})"
    for file in chain.from_iterable(
        store.files(where, order="owner IS NULL, owner, place, turn, id") for store in stores
    ):
        if file.present:
            found[file.blob.size or 0].append(file)
    return found


def _twin(view: BackupView, entry: ManifestEntry, blob: Blob, originals: Mapping[int, list[MediaFile]]) -> str | None:
    """The original with the same bytes, if there is one."""
    candidates = originals.get(blob.size or 0, [])
    if not candidates or blob.state is not BlobState.PRESENT:
        return None
    own = digest_of(view, entry)
    return next(
        (file.entry.file_id for file in candidates if own is not None and digest_of(view, file.entry) == own), None
    )
