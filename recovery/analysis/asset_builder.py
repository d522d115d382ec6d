"""One record for each asset: its fields, its files, its verdict and its status."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from recovery.analysis.asset_fields import Fields, field_sources
from recovery.analysis.asset_files import files_of, live_photo_of, notes_of, shared_library_notes
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
    sources_of,
)
from recovery.analysis.placeholder_dates import NOT_TRASHED_THEN, placeholder_notes
from recovery.analysis.reasons import Note, NoteCode
from recovery.analysis.shared_with_you import SharedPhotos, copied_files
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
from recovery.photos_db.changes.change_authors import ICLOUD
from recovery.photos_db.facetime_signals import (
    NOTHING_FIRED,
    FaceTimeEvidence,
    Judgement,
    StoredValue,
    Verdict,
    judge,
)
from recovery.photos_db.library import AssetRow, LibraryName
from recovery.photos_db.subtypes import subtypes_of

_RETENTION = timedelta(days=codes.RECENTLY_DELETED_DAYS)
_UUID_NAME = re.compile(r"PhotoData/CPLAssets/[^/]+/([0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12})", re.IGNORECASE)


class AssetMaker:
    """Makes the assets of a case: the one place where they are put together."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._finder = CallFinder(case.around.calls.records)
        self._pictures = pictures_of(case)

    def assets(self, groups: Iterable[Group]) -> Iterator[Asset]:
        """An asset for each row, group of files without a row, deleted asset, and copy that only Messages holds.

        `groups` are those of the case.
        """
        copies, shared = copies_of(self._case), SharedPhotos.of(self._case)
        yield from self._of_library(groups, copies, shared)
        if shared.case is not None:
            yield from AssetMaker(shared.case)._of_library(shared.left(), copies, SharedPhotos(None))
        yield from assets_in_messages(self._case, copies)

    def _of_library(self, groups: Iterable[Group], copies: Copies, shared: SharedPhotos) -> Iterator[Asset]:
        deleted_assets = deleted_assets_of(self._case)
        claimed: set[int] = set()
        for group in groups:
            deleted_asset = _deleted_asset_of(group, deleted_assets) if group.row is None else None
            if id(deleted_asset) in claimed:
                deleted_asset = None
            if deleted_asset is not None:
                claimed.add(id(deleted_asset))
            yield self._asset(group, deleted_asset, copies, shared)
        for deleted_asset in deleted_assets.values():
            if id(deleted_asset) not in claimed:
                yield self._asset(Group(None, ()), deleted_asset, copies, shared)

    def _asset(self, group: Group, deleted_asset: DeletedAsset | None, copies: Copies, shared: SharedPhotos) -> Asset:
        sent: list[AttachmentFile] = []
        received: tuple[Group, ...] = ()
        told: tuple[FaceTimeEvidence, ...] = ()
        if not copies.none or shared.groups:
            files = {item.file.entry.file_id for item in group.files}
            identifiers = _identifiers(group, deleted_asset)
            received = shared.copies(files, identifiers)
            told = tuple(shared.evidence(received))
            files.update(item.file.entry.file_id for each in received for item in each.files)
            sent = copies.of(files, identifiers)
        made = _Builder(self._case, group, deleted_asset, self._pictures, sent, self._finder, received, told).asset()
        if self._case.name is LibraryName.PHOTOS:
            return made
        # The findings name the columns of the photo library only.
        own = sources_of(made, field_sources(Places.of(self._case.library)))
        return made.changed(library=self._case.name, sources=own)


def _identifiers(group: Group, deleted_asset: DeletedAsset | None) -> set[str]:
    """The content identifiers by which copies of this asset are found."""
    identifiers = group.content_identifiers()
    if deleted_asset and deleted_asset.journal and deleted_asset.journal.media_group_uuid:
        identifiers.add(deleted_asset.journal.media_group_uuid)
    return identifiers


def _deleted_asset_of(group: Group, deleted_assets: Mapping[str, DeletedAsset]) -> DeletedAsset | None:
    """The deleted asset whose files these are: by attributes, a name that is its UUID, or its remembered path."""
    if not group.files or not deleted_assets:
        return None
    for item in group.files:
        attributes, place = item.file.attributes, item.file.place
        named = _UUID_NAME.match(f"{place.directory}/{place.name}")
        for uuid in (attributes.uuid if attributes else None, named[1] if named else None):
            if uuid is not None and uuid.upper() in deleted_assets:
                return deleted_assets[uuid.upper()]
    own = {f"{item.file.place.directory}/{item.file.place.name}".casefold() for item in group.files}
    return next(
        (
            deleted_asset
            for deleted_asset in deleted_assets.values()
            if deleted_asset.path and deleted_asset.path.casefold() in own
        ),
        None,
    )


class _Builder:
    """Puts one asset together."""

    def __init__(
        self,
        case: Case,
        group: Group,
        deleted_asset: DeletedAsset | None,
        pictures: Pictures,
        copies: Sequence[AttachmentFile],
        finder: CallFinder,
        received: Sequence[Group],
        told: Sequence[FaceTimeEvidence],
    ) -> None:
        self.case = case
        self.group = group
        self.row = group.row
        self.deleted_asset = deleted_asset
        self.pictures = pictures
        self.copies = copies
        self.finder = finder
        self.received = received
        """Copies in Shared with You, and in `told` what that library tells of them."""
        self.told = told
        self.places = Places.of(case.library)
        self.fields = Fields(group, deleted_asset)
        self.live = is_live(group)

    def asset(self) -> Asset:
        fields, row, kind = self.fields, self.row, self._kind()
        uuid, created, added = fields.uuid(), fields.created(), fields.added()
        directory, filename = fields.directory_and_name()
        trashed, trashed_at = fields.trashed()
        dates = placeholder_notes(self.case.latest_date, created, added, trashed_at)
        until = None if not trashed or NOT_TRASHED_THEN in dates else trashed_at
        (original_filename, timezone, offset, width, height, latitude, longitude, favorite, hidden, title, caption,
         bundle) = fields.stated()  # fmt: skip
        if not original_filename:
            original_filename = fields.name_in_cloud(self.places.store)
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
            trashed_until_estimate=in_records(until + _RETENTION) if until else None,
            deleted=self.deleted_asset.deletion if self.deleted_asset else None,
            facetime=facetime,
            live_photo=live_photo_of(self.group, files, fields.content_identifier())
            if kind is Kind.LIVE_PHOTO
            else None,
            cloud=cloud_of(row, self.group.resources, self.case.identity.backup_date),
            title=title or None,
            caption=caption or None,
            keywords=self.group.keywords,
            albums=self.group.albums,
            shared_albums=self.group.shared_albums,
            deleted_albums=self.group.deleted_albums,
            persons=self.group.persons,
            importer=bundle or None,
            cloud_identifier=fields.cloud_identifier(),
            subtype=subtypes_of(row) if row is not None else (),
            files=files,
            notes=(*self._notes(files, judgement), *dates),
            row=row.pk if row is not None else None,
            sources=fields.sources,
        )

    def _decision(self, kind: Kind, files: tuple[AssetFile, ...]) -> StatusDecision:
        decision = decide(kind, files, self.row, self.group.resources)
        if self.deleted_asset is not None and self.deleted_asset.deletion is not None and not self.group.files:
            return replace(decision, reason=decision.reason.changed(permanently_deleted=True))
        return decision

    # --- what the asset is -------------------------------------------------------------------------------

    def _kind(self) -> Kind:
        code, subtype = (self.row.kind if self.row else None), None
        if self.deleted_asset is not None and not self.group.files:
            code, subtype = self.deleted_asset.kind_codes
        if self.live or subtype == codes.SubtypeCode.LIVE_PHOTO:
            return Kind.LIVE_PHOTO
        still, video = self.group.first(FileRole.STILL), self.group.first(FileRole.VIDEO)
        if code is None or (still is None) != (video is None):  # the file tells better than the row
            return Kind.VIDEO if video and not still else Kind.PHOTO
        return Kind.VIDEO if code == codes.KindCode.VIDEO else Kind.PHOTO

    def _basis(self) -> Basis:
        if self.row is not None:
            return Basis.PHOTOS_DATABASE
        if any(item.file.attributes for item in self.group.files):
            return Basis.FILE_ATTRIBUTES
        if self.deleted_asset is not None:
            return self.deleted_asset.basis
        return Basis.MEDIA_FILE

    # --- files and halves --------------------------------------------------------------------------------

    def _files(self, kind: Kind, uuid: str | None) -> tuple[AssetFile, ...]:
        return (
            *files_of(self.group.files, kind),
            *[copy_file(item) for item in self.copies],
            *copied_files(self.received),
            *self._small_pictures(uuid),
        )

    def _small_pictures(self, uuid: str | None) -> tuple[AssetFile, ...]:
        own = self.pictures(uuid.upper()) if uuid else ()
        return own + tuple(self.deleted_asset.pictures if self.deleted_asset else ())

    # --- FaceTime ----------------------------------------------------------------------------------------

    def _facetime(self, created: Moment | None, added: Moment | None) -> tuple[FaceTime, Judgement]:
        found = self.finder.at(created, added)
        if self.deleted_asset is None and not self.copies and not self.told and has_no_facetime_hints(self.group):
            return facetime_of(NOTHING_FIRED, found[0] if found else None), NOTHING_FIRED
        traces = facetime_evidence_of(self.group, self.places)
        if self.deleted_asset is not None:
            traces = _joined(traces, self.deleted_asset.traces())
        if self.copies:
            traces = _with_copies(traces, self.copies)
        for shared in self.told:
            traces = _with_shared(traces, shared)
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
        if self.row is not None and self.case.library is not None:
            yield from shared_library_notes(self.row, self.case.library)
            yield from self._who_moved(self.row)
            yield from _odd_trash_date(self.row, self.case.identity.backup_date)
        if self.fields.is_movie_date():
            yield Note(NoteCode.DATE_OF_VIDEO)
        if self.row is None and "created" in self.fields.sources and any(map(_local_time_only, self.group.files)):
            yield Note(NoteCode.LOCAL_TIME_ONLY)
        if self.deleted_asset is not None and not self.group.files:
            yield from self._deleted_asset_notes(self.deleted_asset)

    def _who_moved(self, row: AssetRow) -> Iterator[Note]:
        """The program that moved it to Recently Deleted, where the library's history names one."""
        history = self.case.traces.history
        event = history.trashed.get(row.pk) if history is not None else None
        if event is not None and row.trashed_state == codes.TrashedState.RECENTLY_DELETED:
            if event.client is not None:
                yield Note(NoteCode.MOVED_BY_PROGRAM, event.client)
            elif event.activity == ICLOUD:
                yield Note(NoteCode.MOVED_BY_ICLOUD)

    def _deleted_asset_notes(self, deleted_asset: DeletedAsset) -> Iterator[Note]:
        if deleted_asset.row is not None:
            yield Note(NoteCode.CARVED_ROW)
            if not deleted_asset.row.complete:
                yield Note(NoteCode.CARVED_ROW_OVERWRITTEN)
        elif deleted_asset.journal is None:
            yield Note(NoteCode.NOTHING_KNOWN)
        if deleted_asset.deletion is None:
            yield Note(NoteCode.PICTURE_WITHOUT_ROW)
        if deleted_asset.history is not None and not deleted_asset.pictures:
            yield Note(NoteCode.NO_PICTURE_LEFT)


def _odd_trash_date(row: AssetRow, backup_date: datetime | None) -> Iterator[Note]:
    """Whether an asset in Recently Deleted came there so long ago that Photos should have removed it."""
    if row.trashed_state != codes.TrashedState.RECENTLY_DELETED or row.trashed_at is None or backup_date is None:
        return
    if backup_date - row.trashed_at > timedelta(days=codes.RECENTLY_DELETED_DAYS_AT_MOST):
        yield Note(NoteCode.TRASHED_LONG_AGO)


def _joined(traces: FaceTimeEvidence, deleted_asset: FaceTimeEvidence) -> FaceTimeEvidence:
    """What files and leftovers tell together; a file's own values first."""
    return replace(
        traces,
        names=traces.names + deleted_asset.names,
        bundles=traces.bundles + deleted_asset.bundles,
        imported_by=traces.imported_by or deleted_asset.imported_by,
        saved_asset_type=deleted_asset.saved_asset_type if traces.saved_asset_type is None else traces.saved_asset_type,
        live=traces.live or deleted_asset.live,
        history_client=deleted_asset.history_client,
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


def _with_shared(traces: FaceTimeEvidence, shared: FaceTimeEvidence) -> FaceTimeEvidence:
    """What a copy in Shared with You adds: the names it has there, and the marks inside its files."""
    return replace(
        traces,
        names=traces.names + shared.names,
        comments=traces.comments + shared.comments,
        models=traces.models + shared.models,
        lenses=traces.lenses + shared.lenses,
        movie_keywords=traces.movie_keywords + shared.movie_keywords,
    )


def _local_time_only(item: GroupFile) -> bool:
    taken = item.file.facts.date_original if item.file.facts else None
    return taken is not None and taken.tzinfo is None


def library_path(row: AssetRow) -> str | None:
    """Where a row's file should lie in the backup."""
    return f"{ROOT}{row.directory}/{row.filename}" if row.directory and row.filename else None
