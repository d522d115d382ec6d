"""The files of an asset as findings, and what row and files tell together: halves of a Live Photo, notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from recovery.analysis.model import AssetFile, FileRole, FileState, Kind, LivePhoto
from recovery.analysis.reasons import Note, NoteCode
from recovery.case.grouping import Group, GroupFile
from recovery.photos_db import codes
from recovery.photos_db.camera_roll_paths import ORIGINALS, SENT_COPIES, is_never_in_local_backups
from recovery.photos_db.library import AssetRow, PhotoLibrary
from recovery.photos_db.media_files import MediaFile
from recovery.source.blobs import BlobState

_STOPS_EARLY_S = 0.25
"""Seconds of a movie without a picture that are told; sound commonly ends a little after the picture."""
_OTHER_KIND = {
    codes.KindCode.PHOTO: (FileRole.STILL, FileRole.VIDEO),
    codes.KindCode.VIDEO: (FileRole.VIDEO, FileRole.STILL),
}
"""The role of the file that a row of this kind should have, and that of the other kind."""
_LOOKED_INTO = frozenset((FileRole.REDUCED, FileRole.THUMBNAIL))


def files_of(items: Iterable[GroupFile], kind: Kind) -> list[AssetFile]:
    """The files of a group; the only movie of a Live Photo is its moving half."""
    lone_movie = kind is Kind.LIVE_PHOTO
    found = []
    for role, file in items:
        entry, blob = file.entry, file.blob
        found.append(
            AssetFile(
                FileRole.PAIRED_VIDEO if lone_movie and role is FileRole.VIDEO else role,
                entry.domain,
                entry.relative_path,
                entry.file_id,
                entry.size if blob.size is None else blob.size,
                blob.state,
                "" if blob.state is BlobState.MISSING else blob.note,
                None,
                None if file.facts is None else _pixels(role, file),
                blob.blank,
            )
        )
    return found


def _pixels(role: FileRole, file: MediaFile) -> tuple[int, int] | None:
    """Size of a reduced copy that was looked into; the asset's own size says nothing of it."""
    facts = file.facts if role in _LOOKED_INTO else None
    return (facts.width, facts.height) if facts and facts.width and facts.height else None


def live_photo_of(group: Group, files: Sequence[AssetFile], stated: str | None) -> LivePhoto:
    """Which halves are here; `stated` is the content identifier."""
    here = {item.role for item in files if item.state is FileState.PRESENT}
    return LivePhoto(
        FileRole.STILL in here,
        FileRole.PAIRED_VIDEO in here,
        stated,
        group.pair.identifiers_match if group.pair else None,
    )


def notes_of(group: Group, live: bool, files: Sequence[AssetFile], facetime: bool = False) -> Iterator[Note]:
    """What is odd about row and files; `facetime`: the asset is likely a FaceTime photo."""
    row = group.row
    if row is not None and row.trashed_state not in (None, 0, 1):
        yield Note(NoteCode.TRASHED_STATE_UNKNOWN, row.trashed_state)
    if row is not None and row.saved_asset_type == codes.SavedAssetType.RECOVERED:
        yield Note(NoteCode.REPAIRED)
    for uuid in group.same_file:
        yield Note(NoteCode.SAME_FILE, uuid or "?")
    if row is not None and row.kind in _OTHER_KIND and not live:
        named, other = _OTHER_KIND[codes.KindCode(row.kind)]
        if group.first(other) is not None and group.first(named) is None:
            yield Note(NoteCode.KIND_DIFFERS, row.kind)
    if row is not None and is_never_in_local_backups(row.directory) and not any(i.role in ORIGINALS for i in files):
        yield Note(NoteCode.NEVER_IN_LOCAL_BACKUPS, row.directory)
    if group.pair is not None and group.pair.identifiers_match is False:
        yield Note(NoteCode.IDENTIFIERS_DIFFER)
    if row is not None and not live and any(item.role is FileRole.PAIRED_VIDEO for item in files):
        yield Note(NoteCode.VIDEO_BESIDE_PHOTO)
    yield from _short_pictures(group, facetime)
    for item in files:
        if item.note:
            name = None if item.role in SENT_COPIES else item.name
            yield Note(NoteCode.FILE, file=name, file_note=item.note)


def shared_library_notes(row: AssetRow, library: PhotoLibrary) -> Iterator[Note]:
    """Whose iCloud Shared Photo Library an asset is in, and which participant moved it to Recently Deleted."""
    if row.scope_participation == codes.IN_SHARED_LIBRARY:
        owner = library.owner_of(row.library_scope)
        if owner is None:
            yield Note(NoteCode.IN_SHARED_LIBRARY)
        elif owner.is_current_user:
            yield Note(NoteCode.IN_OWN_SHARED_LIBRARY)
        else:
            yield Note(NoteCode.IN_SHARED_LIBRARY_OF, person=owner.name)
    if row.trashed_by is not None and row.trashed_state == codes.TrashedState.RECENTLY_DELETED:
        who = library.participants.get(row.trashed_by)
        if who is None:
            yield Note(NoteCode.DELETED_BY_UNKNOWN_PARTICIPANT)
        elif who.is_current_user:
            yield Note(NoteCode.DELETED_BY_OWN_ACCOUNT)
        else:
            yield Note(NoteCode.DELETED_BY_PARTICIPANT, person=who.name)


def _short_pictures(group: Group, facetime: bool) -> Iterator[Note]:
    """Movies whose sound goes on when the picture has ended, as in 5 of 10 genuine ones of FaceTime."""
    code = NoteCode.PICTURE_ENDS_EARLY_AS_USUAL if facetime else NoteCode.PICTURE_ENDS_EARLY
    for item in group.files:
        facts = item.file.facts
        if facts is None or facts.picture_s is None or facts.duration_s is None:
            continue
        if facts.duration_s - facts.picture_s >= _STOPS_EARLY_S:
            yield Note(code, picture_s=facts.picture_s, duration_s=facts.duration_s)
