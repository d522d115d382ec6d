"""Copies in Messages: which asset each is a copy of, and which are all that is left of a FaceTime photo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from recovery.case import AttachmentFile, Case
from recovery.clock import in_records
from recovery.findings.model import (
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
from recovery.findings.verdict import facetime_of
from recovery.photos.facetime import Stored, judge
from recovery.photos.pairing import Half, pair
from recovery.photos.places import MOVIE_EXTENSIONS, extension, stem
from recovery.photos.traces import inside_traces
from recovery.provenance import Source


@dataclass(slots=True)
class Copies:
    """Attachments by what they are a copy of; `taken` fills up with those an asset has claimed."""

    by_original: Mapping[str, list[AttachmentFile]]
    by_identifier: Mapping[str, list[AttachmentFile]]
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
    return Copies(by_original, by_identifier)


def copy_file(item: AttachmentFile) -> AssetFile:
    """An attachment as a file of an asset."""
    return AssetFile(
        role=FileRole.MESSAGES_COPY,
        domain=item.entry.domain,
        path=item.entry.relative_path,
        file_id=item.entry.file_id,
        size=item.blob.size if item.blob.size is not None else item.entry.size,
        state=item.blob.state,
        note=_said(item),
    )


def stored_name(item: AttachmentFile) -> Stored:
    """The name an attachment was sent under, and where it stands."""
    if item.attachment is not None:
        return Stored(item.attachment.name, item.attachment.source)
    return Stored(item.entry.name, Source(item.entry.relative_path))


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
    movies = [item for item in left if extension(item.entry.name) in MOVIE_EXTENSIONS]
    stills = [item for item in left if extension(item.entry.name) not in MOVIE_EXTENSIONS]
    by_id = {item.entry.file_id: item for item in left}
    pairs = pair([_half(item) for item in stills], [_half(item) for item in movies])
    partner = {found.still: by_id[found.movie] for found in pairs}
    paired = {found.movie for found in pairs}
    for item in stills:
        yield from _asset(item, partner.get(item.entry.file_id))
    for item in movies:
        if item.entry.file_id not in paired:
            yield from _asset(item, None)


def _half(item: AttachmentFile) -> Half[str]:
    folder = f"{item.entry.domain}/{item.entry.folder}"
    # Both halves are sent under FaceTime's own names, which have different stems.
    name = stem(item.entry.name).casefold().replace("lp_movie", "lp_image")
    return Half(item.entry.file_id, folder, name, item.facts.content_identifier if item.facts else None)


def _asset(item: AttachmentFile, movie: AttachmentFile | None) -> Iterator[Asset]:
    halves = [half for half in (item, movie) if half is not None]
    facts = [(half, half.facts) for half in halves if half.facts is not None]
    inside = inside_traces([(half.entry.relative_path, known) for half, known in facts])
    names = tuple(stored_name(half) for half in halves)
    judgement = judge(replace(inside, messages_names=names, live=movie is not None))
    if judgement.verdict is Verdict.NO:
        return
    only_movie = extension(item.entry.name) in MOVIE_EXTENSIONS
    identifier = next((f.content_identifier for _, f in facts if f.content_identifier), None)
    present = any(half.blob.state is not FileState.MISSING for half in halves)
    sent = item.attachment
    yield Asset(
        uuid=None,
        basis=Basis.MEDIA_FILE,
        kind=Kind.LIVE_PHOTO if movie or identifier else (Kind.VIDEO if only_movie else Kind.PHOTO),
        status=Status.REDUCED_COPY if present else Status.NOT_FOUND,
        status_reason="no longer in the photo library; what survives is a copy in Messages"
        if present
        else "Messages names it, but its content is missing",
        filename=item.name,
        original_filename=item.name,
        added=in_records(sent.message_date or sent.created) if sent else None,
        width=item.facts.width if item.facts else None,
        height=item.facts.height if item.facts else None,
        facetime=facetime_of(judgement),
        live_photo=LivePhoto(False, False, identifier, None) if movie or identifier else None,
        files=tuple(copy_file(half) for half in halves),
        notes=("the date is that of the message, not of the photo",) if sent else (),
    )
