"""Copies in Messages: which asset each is a copy of, and which are all that is left of a FaceTime photo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from recovery.analysis.asset_fields import MOVIE_DATE, date_inside
from recovery.analysis.facetime_finding import DEVICE, facetime_of
from recovery.analysis.model import (
    Asset,
    AssetFile,
    Basis,
    FileRole,
    FileState,
    Kind,
    LivePhoto,
    Status,
    Verdict,
)
from recovery.analysis.placeholder_dates import placeholder_notes
from recovery.analysis.reasons import Note, NoteCode, ReasonCode, StatusReason
from recovery.case import AttachmentFile, Case
from recovery.case.facetime_evidence import inside_traces
from recovery.case.pairing import Half, pair
from recovery.clock import in_records
from recovery.formats.media import MediaFacts
from recovery.photos_db.camera_roll_paths import MOVIE_EXTENSIONS, extension, stem
from recovery.photos_db.facetime_names import shared_stem
from recovery.photos_db.facetime_signals import StoredValue, judge
from recovery.provenance import Source


@dataclass(slots=True)
class Copies:
    """Attachments by what they are a copy of; `taken` fills up with those an asset has claimed."""

    by_original: Mapping[str, list[AttachmentFile]]
    by_identifier: Mapping[str, list[AttachmentFile]]
    movies: Mapping[str, AttachmentFile]
    """By the file ID of a still the video of the same Live Photo."""
    taken: set[str] = field(default_factory=set)

    @property
    def none(self) -> bool:
        """Whether no attachment is a copy of anything."""
        return not self.by_original and not self.by_identifier

    def of(self, file_ids: set[str], identifiers: set[str]) -> list[AttachmentFile]:
        """The copies of an asset with these files and content identifiers, each given to one asset only."""
        found: dict[str, AttachmentFile] = {}
        for name in sorted(file_ids):
            found.update((item.entry.file_id, item) for item in self.by_original.get(name, []))
        for identifier in sorted(identifiers):
            found.update((item.entry.file_id, item) for item in self.by_identifier.get(identifier.upper(), []))
        # Of a video whose content is missing nothing but its place beside the still tells what it was.
        beside = [self.movies[name] for name in found if name in self.movies]
        found.update((item.entry.file_id, item) for item in beside)
        fresh = [item for name, item in found.items() if name not in self.taken]
        self.taken.update(item.entry.file_id for item in fresh)
        return fresh


def copies_of(case: Case) -> Copies:
    """Index the attachments by the original they equal and by the content identifier they carry."""
    by_original: defaultdict[str, list[AttachmentFile]] = defaultdict(list)
    by_identifier: defaultdict[str, list[AttachmentFile]] = defaultdict(list)
    for item in case.around.attachments:
        if item.same_as:
            by_original[item.same_as].append(item)
        if item.facts and item.facts.content_identifier:
            by_identifier[item.facts.content_identifier.upper()].append(item)
    return Copies(by_original, by_identifier, _movies_of_stills(case.around.attachments))


def copy_file(item: AttachmentFile) -> AssetFile:
    """An attachment as a file of an asset."""
    return AssetFile(
        role=FileRole.MESSAGES_COPY,
        domain=item.entry.domain,
        path=item.entry.relative_path,
        file_id=item.entry.file_id,
        size=item.blob.size if item.blob.size is not None else item.entry.size,
        state=item.blob.state,
        note=f"{_said(item)}; {item.blob.note}"
        if item.blob.state in (FileState.DAMAGED, FileState.UNREADABLE)
        else _said(item),
        blank=item.blob.blank,
    )


def stored_name(item: AttachmentFile) -> StoredValue:
    """The name an attachment was sent under, and where it stands."""
    if item.attachment is not None:
        return StoredValue(item.attachment.name, item.attachment.source)
    return StoredValue(item.entry.name, Source(item.entry.relative_path))


def known_inside(items: Iterable[AttachmentFile]) -> list[tuple[str, MediaFacts]]:
    """What the files of attachments say about themselves, each with its path in the backup."""
    return [(item.entry.relative_path, item.facts) for item in items if item.facts is not None]


def _date_notes(created: datetime | None, dated_by: Source | None, sent: bool) -> Iterator[Note]:
    if dated_by is not None and dated_by.place == MOVIE_DATE:
        yield Note(NoteCode.DATE_OF_VIDEO)
    if sent and created is None:
        yield Note(NoteCode.DATE_OF_MESSAGE)


def _said(item: AttachmentFile) -> str:
    attachment = item.attachment
    if attachment is None:
        return "lies beside a picture in Messages"
    way = {True: "sent in Messages", False: "received in Messages", None: "in Messages"}[attachment.outgoing]
    when = attachment.message_date or attachment.created
    deleted = "; the message is recently deleted" if attachment.recently_deleted else ""
    return f"{way}{f' on {when:%Y-%m-%d}' if when else ''}{deleted}"


def assets_in_messages(case: Case, copies: Copies) -> Iterator[Asset]:
    """FaceTime photos that only Messages still holds: nothing else in the backup is the same photo."""
    left = [item for item in case.around.attachments if item.entry.file_id not in copies.taken]
    partner = _movies_of_stills(left)
    paired = {movie.entry.file_id for movie in partner.values()}
    for item in left:
        if item.entry.file_id not in paired:
            yield from _asset(item, partner.get(item.entry.file_id), case.latest_date)


def _movies_of_stills(items: Iterable[AttachmentFile]) -> Mapping[str, AttachmentFile]:
    """By the file ID of a still the video of the same Live Photo."""
    by_id = {item.entry.file_id: item for item in items}
    movies = [_half(item) for item in by_id.values() if _is_movie(item)]
    stills = [_half(item) for item in by_id.values() if not _is_movie(item)]
    return {found.still: by_id[found.movie] for found in pair(stills, movies)}


def _is_movie(item: AttachmentFile) -> bool:
    return extension(item.entry.name) in MOVIE_EXTENSIONS


def _half(item: AttachmentFile) -> Half[str]:
    folder = f"{item.entry.domain}/{item.entry.folder}"
    name = shared_stem(stem(item.entry.name))
    return Half(item.entry.file_id, folder, name, item.facts.content_identifier if item.facts else None)


def _asset(item: AttachmentFile, movie: AttachmentFile | None, latest_date: datetime | None) -> Iterator[Asset]:
    halves = [half for half in (item, movie) if half is not None]
    inside = inside_traces(known_inside(halves))
    names = tuple(stored_name(half) for half in halves)
    judgement = judge(replace(inside, messages_names=names, live=movie is not None))
    if judgement.verdict is Verdict.NO:
        return
    only_movie = _is_movie(item)
    identifier = next((f.content_identifier for _, f in known_inside(halves) if f.content_identifier), None)
    locked = any(half.blob.state is FileState.UNREADABLE for half in halves)
    present = any(half.blob.state in (FileState.PRESENT, FileState.DAMAGED) and not half.blob.blank for half in halves)
    if present:
        status, why = Status.REDUCED_COPY, ReasonCode.ONLY_IN_MESSAGES
    elif locked:
        status, why = Status.UNREADABLE, ReasonCode.MESSAGES_FILE_UNREADABLE
    else:
        status, why = Status.NOT_FOUND, ReasonCode.MESSAGES_FILE_MISSING
    sent = item.attachment
    created, dated_by = date_inside(known_inside(halves)) or (None, None)
    added = in_records(sent.message_date or sent.created) if sent else None
    sources = (("created", dated_by), (DEVICE, judgement.photographed.source))
    yield Asset(
        uuid=None,
        library=None,
        basis=Basis.MEDIA_FILE,
        kind=Kind.LIVE_PHOTO if movie or identifier else (Kind.VIDEO if only_movie else Kind.PHOTO),
        status=status,
        status_reason=StatusReason(why),
        filename=item.name,
        original_filename=item.name,
        created=created,
        added=added,
        width=item.facts.width if item.facts else None,
        height=item.facts.height if item.facts else None,
        facetime=facetime_of(judgement),
        live_photo=LivePhoto(False, False, identifier, None) if movie or identifier else None,
        files=tuple(copy_file(half) for half in halves),
        notes=(*_date_notes(created, dated_by, sent is not None), *placeholder_notes(latest_date, created, added)),
        sources={name: source for name, source in sources if source},
    )
