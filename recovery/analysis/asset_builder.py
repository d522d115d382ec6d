"""One record for each asset: its fields, its files, its verdict and its status."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from recovery.analysis.asset_fields import Fields
from recovery.analysis.asset_files import files_of, live_photo_of, notes_of
from recovery.analysis.asset_status import StatusDecision, cloud_of, decide
from recovery.analysis.call_context import CallFinder
from recovery.analysis.deleted_assets import DeletedAsset, Pictures, deleted_assets_of, pictures_of
from recovery.analysis.facetime_finding import DEVICE, facetime_of
from recovery.analysis.messages_matching import (
    Copies,
    assets_in_messages,
    copies_of,
    copy_file,
    known_inside,
    stored_name,
)
from recovery.analysis.model import (
    Asset,
    AssetFile,
    Basis,
    FaceTime,
    FileRole,
    Kind,
)
from recovery.analysis.reasons import Note, NoteCode
from recovery.case import AttachmentFile, Case
from recovery.case.facetime_evidence import (
    Places,
    facetime_evidence_of,
    has_no_facetime_hints,
    inside_traces,
    is_live,
)
from recovery.case.grouping import Group, GroupFile
from recovery.clock import Moment, in_records, to_text
from recovery.photos_db import codes
from recovery.photos_db.camera_roll_paths import ROOT
from recovery.photos_db.facetime_signals import (
    NOTHING_FIRED,
    FaceTimeEvidence,
    Judgement,
    StoredValue,
    Verdict,
    judge,
)
from recovery.photos_db.library import AssetRow

_NO_PLACES: Places = {}
_RETENTION = timedelta(days=codes.RECENTLY_DELETED_DAYS)
_UUID_NAME = re.compile(r"PhotoData/CPLAssets/[^/]+/([0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12})", re.IGNORECASE)


class AssetMaker:
    """Makes the assets of a case: the one place where they are put together."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._finder = CallFinder(case.around.calls.records)
        self._pictures = pictures_of(case)

    def assets(self, groups: Iterable[Group]) -> Iterator[Asset]:
        """An asset for each row, each group of files without a row, each ghost and each copy only Messages holds.

        `groups` are those of the case.
        """
        copies, ghosts = copies_of(self._case), deleted_assets_of(self._case)
        claimed: set[int] = set()
        for group in groups:
            ghost = _ghost_of(group, ghosts) if group.row is None else None
            if id(ghost) in claimed:
                ghost = None
            if ghost is not None:
                claimed.add(id(ghost))
            yield self._asset(group, ghost, copies)
        for ghost in ghosts.values():
            if id(ghost) not in claimed:
                yield self._asset(Group(None, ()), ghost, copies)
        yield from assets_in_messages(self._case, copies)

    def _asset(self, group: Group, ghost: DeletedAsset | None, copies: Copies) -> Asset:
        own = () if copies.none else _copies_for(group, ghost, copies)
        return _Builder(self._case, group, ghost, self._pictures, own, self._finder).asset()


def _copies_for(group: Group, ghost: DeletedAsset | None, copies: Copies) -> list[AttachmentFile]:
    """The copies in Messages of this asset."""
    identifiers = group.content_identifiers()
    if ghost and ghost.journal and ghost.journal.media_group_uuid:
        identifiers.add(ghost.journal.media_group_uuid)
    return copies.of({item.file.entry.file_id for item in group.files}, identifiers)


def _ghost_of(group: Group, ghosts: Mapping[str, DeletedAsset]) -> DeletedAsset | None:
    """The ghost whose files these are: by their attributes, by a name that is its UUID, by its remembered path."""
    if not group.files or not ghosts:
        return None
    for item in group.files:
        attributes, place = item.file.attributes, item.file.place
        named = _UUID_NAME.match(f"{place.directory}/{place.name}")
        for uuid in (attributes.uuid if attributes else None, named[1] if named else None):
            if uuid is not None and uuid.upper() in ghosts:
                return ghosts[uuid.upper()]
    own = {f"{item.file.place.directory}/{item.file.place.name}".casefold() for item in group.files}
    return next((ghost for ghost in ghosts.values() if ghost.path and ghost.path.casefold() in own), None)


class _Builder:
    """Puts one asset together."""

    def __init__(
        self,
        case: Case,
        group: Group,
        ghost: DeletedAsset | None,
        pictures: Pictures,
        copies: Sequence[AttachmentFile],
        finder: CallFinder,
    ) -> None:
        self.case = case
        self.group = group
        self.row = group.row
        self.ghost = ghost
        self.pictures = pictures
        self.copies = copies
        self.finder = finder
        self.places = case.library.places if case.library else _NO_PLACES
        self.fields = Fields(group, ghost)
        self.live = is_live(group)

    def asset(self) -> Asset:
        fields, row, kind = self.fields, self.row, self._kind()
        uuid, created, added = fields.uuid(), fields.created(), fields.added()
        directory, filename = fields.directory_and_name()
        trashed, trashed_at = fields.trashed()
        (original_filename, timezone, offset, width, height, latitude, longitude, favorite, hidden, title, caption,
         bundle) = fields.stated()  # fmt: skip
        files = self._files(kind, uuid)
        decision = self._decision(kind, files)
        facetime, judgement = self._facetime(created, added)
        if judgement.photographed.source is not None:
            fields.sources[DEVICE] = judgement.photographed.source
        return Asset(
            uuid=uuid,
            basis=self._basis(),
            kind=kind,
            status=decision.status,
            status_reason=decision.reason,
            directory=directory,
            filename=filename,
            original_filename=original_filename or None,
            created=created,
            added=added,
            timezone=timezone or None,
            timezone_offset=offset,
            width=width,
            height=height,
            latitude=None if latitude == codes.NO_PLACE else latitude,
            longitude=None if longitude == codes.NO_PLACE else longitude,
            favorite=None if favorite is None else bool(favorite),
            hidden=None if hidden is None else bool(hidden),
            trashed=trashed,
            trashed_at=trashed_at,
            trashed_until_estimate=in_records(trashed_at + _RETENTION) if trashed and trashed_at else None,
            deleted=self.ghost.deletion if self.ghost else None,
            facetime=facetime,
            live_photo=live_photo_of(self.group, files, fields.content_identifier())
            if kind is Kind.LIVE_PHOTO
            else None,
            cloud=cloud_of(row, self.group.resources, self.case.identity.backup_date),
            title=title or None,
            caption=caption or None,
            keywords=self.group.keywords,
            albums=self.group.albums,
            persons=self.group.persons,
            importer=bundle or None,
            cloud_identifier=fields.cloud_identifier(),
            files=files,
            notes=tuple(self._notes(files, judgement)),
            row=row.pk if row is not None else None,
            sources=fields.sources,
        )

    def _decision(self, kind: Kind, files: tuple[AssetFile, ...]) -> StatusDecision:
        decision = decide(kind, files, self.row, self.group.resources)
        if self.ghost is not None and self.ghost.deletion is not None and not self.group.files:
            return replace(decision, reason=decision.reason.changed(permanently_deleted=True))
        return decision

    # --- what the asset is -------------------------------------------------------------------------------

    def _kind(self) -> Kind:
        code, subtype = (self.row.kind if self.row else None), None
        if self.ghost is not None and not self.group.files:
            code, subtype = self.ghost.kind_codes
        if self.live or subtype == codes.SubtypeCode.LIVE_PHOTO:
            return Kind.LIVE_PHOTO
        if code is not None:
            return Kind.VIDEO if code == codes.KindCode.VIDEO else Kind.PHOTO
        return Kind.VIDEO if self.group.first(FileRole.VIDEO) and not self.group.first(FileRole.STILL) else Kind.PHOTO

    def _basis(self) -> Basis:
        if self.row is not None:
            return Basis.PHOTOS_DATABASE
        if any(item.file.attributes for item in self.group.files):
            return Basis.FILE_ATTRIBUTES
        if self.ghost is not None:
            return self.ghost.basis
        return Basis.MEDIA_FILE

    # --- files and halves --------------------------------------------------------------------------------

    def _files(self, kind: Kind, uuid: str | None) -> tuple[AssetFile, ...]:
        return (
            *files_of(self.group.files, kind),
            *[copy_file(item) for item in self.copies],
            *self._small_pictures(uuid),
        )

    def _small_pictures(self, uuid: str | None) -> tuple[AssetFile, ...]:
        own = self.pictures(uuid.upper()) if uuid else ()
        return own + tuple(self.ghost.pictures if self.ghost else ())

    # --- FaceTime ----------------------------------------------------------------------------------------

    def _facetime(self, created: Moment | None, added: Moment | None) -> tuple[FaceTime, Judgement]:
        found = self.finder.at(created, added)
        if self.ghost is None and not self.copies and has_no_facetime_hints(self.group):
            return facetime_of(NOTHING_FIRED, found[0] if found else None), NOTHING_FIRED
        traces = facetime_evidence_of(self.group, self.places)
        if self.ghost is not None:
            traces = _joined(traces, self.ghost.traces())
        if self.copies:
            traces = _with_copies(traces, self.copies)
        if found is not None:
            context, call = found
            span = f"{to_text(context.started)}/{to_text(context.ended)}"
            traces = replace(traces, call=StoredValue(span, call.source))
        judgement = judge(traces)
        return facetime_of(judgement, found[0] if found else None), judgement

    # --- notes -------------------------------------------------------------------------------------------

    def _notes(self, files: tuple[AssetFile, ...], judgement: Judgement) -> Iterator[Note]:
        if judgement.shared_by:
            yield Note(NoteCode.SAVED_FROM_SHARE, judgement.shared_by)
        yield from notes_of(self.group, self.live, files, judgement.verdict is not Verdict.NO)
        if self.fields.is_movie_date():
            yield Note(NoteCode.DATE_OF_VIDEO)
        if self.row is None and "created" in self.fields.sources and any(map(_local_time_only, self.group.files)):
            yield Note(NoteCode.LOCAL_TIME_ONLY)
        if self.ghost is not None and not self.group.files:
            yield from self._ghost_notes(self.ghost)

    def _ghost_notes(self, ghost: DeletedAsset) -> Iterator[Note]:
        if ghost.row is not None:
            yield Note(NoteCode.CARVED_ROW)
            if not ghost.row.complete:
                yield Note(NoteCode.CARVED_ROW_OVERWRITTEN)
        elif ghost.journal is None:
            yield Note(NoteCode.NOTHING_KNOWN)
        if ghost.deletion is None:
            yield Note(NoteCode.PICTURE_WITHOUT_ROW)
        if ghost.history is not None and not ghost.pictures:
            yield Note(NoteCode.NO_PICTURE_LEFT)


def _joined(traces: FaceTimeEvidence, ghost: FaceTimeEvidence) -> FaceTimeEvidence:
    """What files and leftovers tell together; a file's own values first."""
    return replace(
        traces,
        names=traces.names + ghost.names,
        bundles=traces.bundles + ghost.bundles,
        imported_by=traces.imported_by or ghost.imported_by,
        saved_asset_type=ghost.saved_asset_type if traces.saved_asset_type is None else traces.saved_asset_type,
        live=traces.live or ghost.live,
        history_client=ghost.history_client,
    )


def _with_copies(traces: FaceTimeEvidence, copies: Sequence[AttachmentFile]) -> FaceTimeEvidence:
    """What copies in Messages add: the names they were sent under, and the marks inside them."""
    inside = inside_traces(known_inside(copies))
    return replace(
        traces,
        messages_names=tuple(stored_name(item) for item in copies),
        comments=traces.comments + inside.comments,
        models=traces.models + inside.models,
        lenses=traces.lenses + inside.lenses,
        movie_keywords=traces.movie_keywords + inside.movie_keywords,
    )


def _local_time_only(item: GroupFile) -> bool:
    taken = item.file.facts.date_original if item.file.facts else None
    return taken is not None and taken.tzinfo is None


def library_path(row: AssetRow) -> str | None:
    """Where a row's file should lie in the backup."""
    return f"{ROOT}{row.directory}/{row.filename}" if row.directory and row.filename else None
