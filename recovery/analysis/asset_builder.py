"""One record for each asset: its fields, its files, its verdict and its status."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from recovery.analysis.asset_fields import MOVIE_DATE_NOTE, Fields
from recovery.analysis.asset_files import files_of, live_photo_of, notes_of
from recovery.analysis.call_context import CallFinder
from recovery.analysis.deleted_assets import Ghost, Pictures, ghosts_of, pictures_of
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
from recovery.analysis.outlines import Glimpsed, Outline
from recovery.analysis.plain_assets import PlainAssets
from recovery.analysis.status import Decision, cloud_of, decide
from recovery.case import AttachmentFile, Case
from recovery.case.facetime_evidence import Places, inside_traces, is_live, is_quiet, traces_of
from recovery.case.grouping import Group, GroupFile
from recovery.clock import to_text
from recovery.photos_db import codes
from recovery.photos_db.camera_roll_paths import ROOT
from recovery.photos_db.facetime_signals import NOTHING_FIRED, Judgement, Stored, Traces, Verdict, judge
from recovery.photos_db.library import AssetRow, ResourceRow

_NO_PLACES: Places = {}
_RETENTION = timedelta(days=codes.RECENTLY_DELETED_DAYS)
_UUID_NAME = re.compile(r"PhotoData/CPLAssets/[^/]+/([0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12})", re.IGNORECASE)


class AssetMaker:
    """Makes the assets of a case."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._finder = CallFinder(case.around.calls.records)
        self._pictures = pictures_of(case)
        self._plain = PlainAssets(case, self._pictures, self._finder)

    def seen(self, groups: Iterable[Group], numbers: range, made: Iterator[Asset | None]) -> Iterator[Glimpsed]:
        """An asset for each row, each group of files without a row, each ghost and each copy only Messages holds.

        `groups` are those of the case. Plain ones are given in outline, or less where only FaceTime is asked for;
        those of these numbers as `plain` has made them.
        """
        copies, ghosts = copies_of(self._case), ghosts_of(self._case)
        claimed: set[int] = set()
        shorten = self._plain.glance if self._case.only_facetime else self.outline
        for number, group in enumerate(groups):
            short: Glimpsed | None = next(made) if number in numbers else None
            ghost = _ghost_of(group, ghosts)
            if id(ghost) in claimed:
                ghost = None
            if ghost is not None:
                claimed.add(id(ghost))
            own = _copies_for(group, ghost, copies)
            if own or ghost is not None:
                short = None
            elif number not in numbers:
                short = shorten(group)
            yield short or self.built(group, ghost, own)
        for ghost in ghosts.values():
            if id(ghost) not in claimed:
                group = Group(None, ())
                yield self.built(group, ghost, _copies_for(group, ghost, copies))
        yield from assets_in_messages(self._case, copies)

    def plain(self, groups: Iterable[Group]) -> Iterator[Asset | None]:
        """For each group the whole asset, if no ghost and no copy is known; None where it is not plain."""
        for group in groups:
            outline = self.outline(group)
            yield self.whole(outline) if outline is not None else None

    def outline(self, group: Group) -> Outline | None:
        """The asset in outline, of a group of which no ghost and no copy is known; None where it is not plain."""
        return self._plain.outline(group)

    def built(self, group: Group, ghost: Ghost | None = None, copies: Sequence[AttachmentFile] = ()) -> Asset:
        """The asset on the long road, which any group can take."""
        return _Builder(self._case, group, ghost, self._pictures, copies, self._finder).asset()

    def whole(self, outline: Outline) -> Asset:
        """The asset of an outline."""
        return self._plain.asset(outline)


def _copies_for(group: Group, ghost: Ghost | None, copies: Copies) -> list[AttachmentFile]:
    """The copies in Messages of this asset."""
    if copies.none:
        return []
    identifiers = group.content_identifiers()
    if ghost and ghost.journal and ghost.journal.media_group_uuid:
        identifiers.add(ghost.journal.media_group_uuid)
    return copies.of({item.file.entry.file_id for item in group.files}, identifiers)


def _ghost_of(group: Group, ghosts: Mapping[str, Ghost]) -> Ghost | None:
    """The ghost whose files these are: by their attributes, by a name that is its UUID, by its remembered path."""
    if group.row is not None or not group.files or not ghosts:
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
        ghost: Ghost | None,
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
        self.fields = Fields(group, ghost, self.places)
        self.live = is_live(group)

    def asset(self) -> Asset:
        fields, row, kind = self.fields, self.row, self._kind()
        uuid, created, added = fields.uuid(), fields.created(), fields.added()
        directory, filename = fields.directory_and_name()
        trashed, trashed_at = fields.trashed()
        words = self.case.library if row is not None else None
        files = self._files(kind, uuid)
        resources = self._resources()
        decision = self._decision(kind, files, resources)
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
            original_filename=fields.text("original_filename"),
            created=created,
            added=added,
            timezone=fields.text("timezone"),
            timezone_offset=fields.pick("timezone_offset", int),
            width=fields.pick("width", int),
            height=fields.pick("height", int),
            latitude=fields.degrees("latitude"),
            longitude=fields.degrees("longitude"),
            favorite=fields.truth("favorite"),
            hidden=fields.truth("hidden"),
            trashed=trashed,
            trashed_at=trashed_at,
            trashed_until_estimate=trashed_at + _RETENTION if trashed and trashed_at else None,
            deleted=self.ghost.deletion if self.ghost else None,
            facetime=facetime,
            live_photo=live_photo_of(self.group, files, fields.text("media_group_uuid"))
            if kind is Kind.LIVE_PHOTO
            else None,
            cloud=cloud_of(row, resources, self.case.identity.backup_date),
            title=fields.text("title"),
            caption=fields.text("caption"),
            keywords=words.keywords.get(row.pk, ()) if words and row else (),
            albums=words.albums.get(row.pk, ()) if words and row else (),
            persons=words.persons.get(row.pk, ()) if words and row else (),
            importer=fields.text("creator_bundle"),
            cloud_identifier=fields.cloud_identifier(),
            files=files,
            notes=tuple(self._notes(files, judgement)),
            sources=fields.read_from(),
        )

    def _resources(self) -> tuple[ResourceRow, ...]:
        if self.case.library is None or self.row is None:
            return ()
        return self.case.library.resources.get(self.row.pk, ())

    def _decision(self, kind: Kind, files: tuple[AssetFile, ...], resources: tuple[ResourceRow, ...]) -> Decision:
        decision = decide(kind, files, self.row, resources)
        if self.ghost is not None and self.ghost.deletion is not None and not self.group.files:
            return replace(decision, reason=f"permanently deleted from the library; {decision.reason}")
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
        return (
            Kind.VIDEO if self.group.first(FileRole.VIDEO) and not self.group.first(FileRole.STILL) else Kind.PHOTO
        )

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

    def _facetime(self, created: datetime | None, added: datetime | None) -> tuple[FaceTime, Judgement]:
        found = self.finder.at(created, added)
        if self.ghost is None and not self.copies and is_quiet(self.group):
            return facetime_of(NOTHING_FIRED, found[0] if found else None), NOTHING_FIRED
        traces = traces_of(self.group, self.places)
        if self.ghost is not None:
            traces = _joined(traces, self.ghost.traces())
        if self.copies:
            traces = _with_copies(traces, self.copies)
        if found is not None:
            context, call = found
            span = f"{to_text(context.started)}/{to_text(context.ended)}"
            traces = replace(traces, call=Stored(span, call.source))
        judgement = judge(traces)
        return facetime_of(judgement, found[0] if found else None), judgement

    # --- notes -------------------------------------------------------------------------------------------

    def _notes(self, files: tuple[AssetFile, ...], judgement: Judgement) -> Iterator[str]:
        if judgement.shared_by:
            yield f"a FaceTime photo that was saved from a share: {judgement.shared_by} saved it"
        yield from notes_of(self.group, self.live, files, judgement.verdict is not Verdict.NO)
        if self.fields.is_movie_date():
            yield MOVIE_DATE_NOTE
        if self.row is None and "created" in self.fields.sources and any(map(_local_time_only, self.group.files)):
            yield "the picture states a local time without a zone, which is not used as its date"
        if self.ghost is not None and not self.group.files:
            yield from self._ghost_notes(self.ghost)

    def _ghost_notes(self, ghost: Ghost) -> Iterator[str]:
        if ghost.row is not None:
            yield "its row was found in unused bytes of the library's file; nothing there says when or why it went"
            if not ghost.row.complete:
                yield "a part of that row was overwritten"
        elif ghost.journal is None:
            yield "name, date and kind are not known: nothing that is left of it tells them"
        if ghost.deletion is None:
            yield "a small picture without a row: its asset is gone, and nothing tells when or why"
        if ghost.history is not None and not ghost.pictures:
            yield "no picture of it is left in this backup; an older backup may still hold it"


def _joined(traces: Traces, ghost: Traces) -> Traces:
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


def _with_copies(traces: Traces, copies: Sequence[AttachmentFile]) -> Traces:
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
