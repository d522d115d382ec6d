"""Tell FaceTime video messages, FaceTime audio messages and voicemails apart, and list them by date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from recovery.analysis.model import (
    AssetFile,
    FaceTimeMessage,
    FileRole,
    FileState,
    KindBasis,
    MessageBasis,
    MessageKind,
)
from recovery.analysis.placeholder_dates import placeholder_notes
from recovery.analysis.reasons import Note, NoteCode
from recovery.app_data.facetime_messages import TIER
from recovery.case import GatheredMessage, MessageMedia
from recovery.clock import in_records
from recovery.provenance import Source, Tier
from recovery.source.manifest import STORE as MANIFEST

_BY_FILE_TYPE: Mapping[str, MessageKind] = {
    "m4a": MessageKind.FACETIME_AUDIO,
    "amr": MessageKind.VOICEMAIL,
}
_MOVIE = "mov"
_BY_VIDEO_TRACK: Mapping[bool, MessageKind] = {
    True: MessageKind.FACETIME_VIDEO,
    False: MessageKind.VOICEMAIL,
}
_CARRIER = "com.apple.coretelephony"
_FACETIME = "facetime"
_LATEST = datetime.max.replace(tzinfo=UTC)


def facetime_messages(gathered: Iterable[GatheredMessage], latest_date: datetime | None) -> tuple[FaceTimeMessage, ...]:
    """Every message of a backup by its date; those without one come last."""
    return tuple(sorted((_message(found, latest_date) for found in gathered), key=_order))


def _order(message: FaceTimeMessage) -> tuple[datetime, str, int, str]:
    return message.real_created or _LATEST, message.uuid or "", message.source.row or 0, message.source.store


def _message(found: GatheredMessage, latest_date: datetime | None) -> FaceTimeMessage:
    row, media = found.row, found.media
    files = tuple(map(_file, media))
    file_type = row.file_type if row and row.file_type else media[0].file_type if media else None
    kind, kind_basis = _kind(file_type, media[0] if media else None, row.provider if row else None)
    untested = TIER is Tier.UNTESTED
    if row is None:
        source = Source(MANIFEST, "Files")
        return FaceTimeMessage(
            found.uuid,
            MessageBasis.MEDIA_FILE,
            kind,
            kind_basis,
            source,
            files=files,
            untested=untested,
        )
    return FaceTimeMessage(
        uuid=row.uuid,
        basis=MessageBasis.MESSAGE_STORE,
        kind=kind,
        kind_basis=kind_basis,
        source=row.source,
        sender=row.sender,
        recipient=row.recipient,
        provider=row.provider,
        created=in_records(row.created),
        modified=in_records(row.modified),
        duration_s=row.duration_s,
        read=row.read,
        deleted=row.deleted,
        deleted_at=in_records(row.deleted_at),
        mailbox_type=row.mailbox_type,
        message_type=row.message_type,
        call_uuid=row.call_uuid,
        files=files,
        notes=(*placeholder_notes(latest_date, row.created), *_contradiction(kind, kind_basis, row.provider)),
        untested=untested,
    )


def _kind(
    file_type: str | None, media: MessageMedia | None, provider: str | None
) -> tuple[MessageKind, KindBasis | None]:
    """The kind by the file's type; a movie is asked for a video track, or else the provider answers for it."""
    known = (file_type or "").lower()
    if kind := _BY_FILE_TYPE.get(known):
        return kind, KindBasis.FILE_TYPE
    if known == _MOVIE and media is not None and media.has_video is not None:
        return _BY_VIDEO_TRACK[media.has_video], KindBasis.VIDEO_TRACK
    if (provider or "").lower() == _CARRIER:
        return MessageKind.VOICEMAIL, KindBasis.PROVIDER
    if known == _MOVIE and _FACETIME in (provider or "").lower():
        return MessageKind.FACETIME_VIDEO, KindBasis.PROVIDER
    return MessageKind.UNKNOWN, None


def _contradiction(kind: MessageKind, kind_basis: KindBasis | None, provider: str | None) -> tuple[Note, ...]:
    """A note where the file and the stored provider do not say the same."""
    stored = (provider or "").lower()
    if kind_basis is KindBasis.PROVIDER:
        return ()
    if kind is MessageKind.VOICEMAIL and _FACETIME in stored:
        return (Note(NoteCode.PROVIDER_IS_FACETIME),)
    if kind in (MessageKind.FACETIME_VIDEO, MessageKind.FACETIME_AUDIO) and stored == _CARRIER:
        return (Note(NoteCode.PROVIDER_IS_CARRIER),)
    return ()


def _file(media: MessageMedia) -> AssetFile:
    entry, blob = media.entry, media.blob
    return AssetFile(
        FileRole.FACETIME_MESSAGE,
        entry.domain,
        entry.relative_path,
        entry.file_id,
        blob.size,
        blob.state,
        "" if blob.state is FileState.MISSING else blob.note,
    )
