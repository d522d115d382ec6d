"""One record for each asset: the best value of each field with its source, its files, verdict and status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from recovery.backup.blobs import BlobState
from recovery.backup.manifest import STORE as MANIFEST
from recovery.case import Case
from recovery.clock import to_text
from recovery.findings.calls import CallFinder
from recovery.findings.model import (
    Asset,
    AssetFile,
    Basis,
    CallContext,
    FaceTime,
    FileRole,
    FileState,
    Kind,
    LivePhoto,
    Signal,
)
from recovery.findings.status import cloud_of, decide
from recovery.photos import codes
from recovery.photos.facetime import Judgement, Stored, judge
from recovery.photos.grouping import Group, GroupFile
from recovery.photos.library import AssetRow
from recovery.photos.media_files import MediaFile
from recovery.photos.places import ROOT
from recovery.photos.traces import Places, attribute_source, inside_source, is_live, row_source, traces_of
from recovery.provenance import Source, Tier

T = TypeVar("T")

_NO_PLACES: Places = {}
_RETENTION = timedelta(days=codes.RECENTLY_DELETED_DAYS)


def assets_of(case: Case) -> Iterator[Asset]:
    """An asset for each row of the library and each group of files without a row, in the order of the case."""
    finder = CallFinder(case.around.calls.records)
    for group in case.grouping.groups:
        yield _Builder(case, group, finder).asset()


@dataclass(frozen=True, slots=True)
class _Value:
    """A field's value and where it was read."""

    value: object
    source: Source


class _Builder:
    """Puts one asset together."""

    def __init__(self, case: Case, group: Group, finder: CallFinder) -> None:
        self.case = case
        self.group = group
        self.row = group.row
        self.finder = finder
        self.places = case.library.places if case.library else _NO_PLACES
        self.main = group.first(FileRole.STILL, FileRole.VIDEO, FileRole.PAIRED_VIDEO)
        self.live = is_live(group)
        self.sources: dict[str, Source] = {}

    def asset(self) -> Asset:
        kind = self._kind()
        files = tuple(self._file(item, kind) for item in self.group.files)
        resources = self.case.library.resources.get(self.row.pk, ()) if self.case.library and self.row else ()
        decision = decide(kind, files, self.row, resources)
        base = self._described(kind)
        call = self.finder.at(base.created, base.added)
        return replace(
            base,
            status=decision.status,
            status_reason=decision.reason,
            facetime=self._facetime(call[0] if call else None, call[1].source if call else None),
            live_photo=self._live_photo(files) if kind is Kind.LIVE_PHOTO else None,
            cloud=cloud_of(self.row, resources, self.case.identity.backup_date),
            files=files,
            notes=tuple(self._notes(files)),
            sources=tuple(sorted(self.sources.items())),
        )

    # --- what the asset is -------------------------------------------------------------------------------

    def _kind(self) -> Kind:
        if self.live:
            return Kind.LIVE_PHOTO
        if self.row is not None and self.row.kind is not None:
            return Kind.VIDEO if self.row.kind == codes.KindCode.VIDEO else Kind.PHOTO
        return Kind.PHOTO if self.group.first(FileRole.STILL) or self.main is None else Kind.VIDEO

    def _basis(self) -> Basis:
        if self.row is not None:
            return Basis.PHOTOS_DATABASE
        described = any(item.file.attributes for item in self.group.files)
        return Basis.FILE_ATTRIBUTES if described else Basis.MEDIA_FILE

    def _described(self, kind: Kind) -> Asset:
        row, main = self.row, self.main
        place = self.group.files[0].file.place if self.group.files else None
        trashed, trashed_at = self._trashed()
        words = self.case.library if row is not None else None
        return Asset(
            uuid=self._pick("uuid", str),
            basis=self._basis(),
            kind=kind,
            status=decide(kind, (), row, ()).status,
            status_reason="",
            directory=row.directory if row else (place.directory if place else None),
            filename=row.filename if row else (main.entry.name if main else (place.name if place else None)),
            original_filename=self._pick("original_filename", str),
            created=self._created(),
            added=self._pick("added", datetime),
            timezone=self._pick("timezone", str),
            timezone_offset=self._pick("timezone_offset", int),
            width=self._pick("width", int),
            height=self._pick("height", int),
            latitude=self._degrees("latitude"),
            longitude=self._degrees("longitude"),
            favorite=self._truth("favorite"),
            hidden=self._truth("hidden"),
            trashed=trashed,
            trashed_at=trashed_at,
            trashed_until_estimate=trashed_at + timedelta(days=codes.RECENTLY_DELETED_DAYS)
            if trashed_at
            else None,
            title=self._pick("title", str) or None,
            caption=self._pick("caption", str) or None,
            keywords=words.keywords.get(row.pk, ()) if words and row else (),
            albums=words.albums.get(row.pk, ()) if words and row else (),
            persons=words.persons.get(row.pk, ()) if words and row else (),
            importer=self._pick("creator_bundle", str),
        )

    # --- fields, best source first -----------------------------------------------------------------------

    def _values(self, name: str) -> Iterator[_Value]:
        """Every stored value of a field: the row's, then the attributes', then what the files say themselves."""
        if self.row is not None and (value := getattr(self.row, name, None)) is not None:
            yield _Value(value, row_source(self.row, name, self.places))
        for item in self.group.files:
            attributes = item.file.attributes
            if attributes is not None and (value := getattr(attributes, name, None)) is not None:
                yield _Value(value, attribute_source(item.file, name))
        for item in self.group.files:
            facts = item.file.facts
            if facts is not None and (value := getattr(facts, name, None)) is not None:
                yield _Value(value, inside_source(item.file, name))

    def _pick(self, name: str, form: type[T]) -> T | None:
        found = next((value for value in self._values(name) if isinstance(value.value, form)), None)
        if found is None or not isinstance(found.value, form):
            return None
        self.sources[name] = found.source
        return found.value

    def _truth(self, name: str) -> bool | None:
        value = self._pick(name, int)
        return None if value is None else bool(value)

    def _degrees(self, name: str) -> float | None:
        value = self._pick(name, float)
        return None if value is None or value == codes.NO_PLACE else value

    def _created(self) -> datetime | None:
        """When the photo was taken: the library's date, else the file's own, else when the file was made."""
        stated = self._pick("created", datetime)
        if stated is not None:
            return stated
        for item in self.group.files:
            facts = item.file.facts
            if facts and facts.date_original and facts.date_original.tzinfo:
                self.sources["created"] = inside_source(item.file, "date_original")
                return facts.date_original.astimezone(UTC)
            if facts and facts.movie_created:
                self.sources["created"] = inside_source(item.file, "mvhd")
                return facts.movie_created
        if self.row is None and self.main is not None and self.main.entry.born is not None:
            self.sources["created"] = Source(MANIFEST, f"{self.main.entry.relative_path} Birth")
            return self.main.entry.born
        return None

    def _trashed(self) -> tuple[bool | None, datetime | None]:
        """Recently deleted only with a stored state that says so."""
        if self.row is not None and self.row.trashed_state is not None:
            self.sources["trashed"] = row_source(self.row, "trashed_state", self.places)
            trashed = self.row.trashed_state == codes.TrashedState.RECENTLY_DELETED
            if trashed and self.row.trashed_at is not None:
                self.sources["trashed_at"] = row_source(self.row, "trashed_at", self.places)
            return trashed, self.row.trashed_at if trashed else None
        stored = self._pick("trashed", int)
        return (None if stored is None else stored == codes.TrashedState.RECENTLY_DELETED), None

    # --- files and halves --------------------------------------------------------------------------------

    def _file(self, item: GroupFile, kind: Kind) -> AssetFile:
        file = item.file
        lone_movie = kind is Kind.LIVE_PHOTO and item.role is FileRole.VIDEO
        return AssetFile(
            role=FileRole.PAIRED_VIDEO if lone_movie else item.role,
            domain=file.entry.domain,
            path=file.entry.relative_path,
            file_id=file.entry.file_id,
            size=file.blob.size if file.blob.size is not None else file.entry.size,
            state=file.blob.state,
            note=file.blob.note if file.blob.state is not BlobState.MISSING else "",
        )

    def _live_photo(self, files: tuple[AssetFile, ...]) -> LivePhoto:
        here = {item.role for item in files if item.state is FileState.PRESENT}
        stated = [identifier for item in self.group.files if (identifier := _identifier(item.file))]
        stored = self.row.media_group_uuid if self.row else None
        return LivePhoto(
            still=FileRole.STILL in here,
            video=FileRole.PAIRED_VIDEO in here,
            content_identifier=stored or next(iter(stated), None),
            identifiers_match=self.group.pair.identifiers_match if self.group.pair else None,
        )

    # --- FaceTime ----------------------------------------------------------------------------------------

    def _facetime(self, call: CallContext | None, source: Source | None) -> FaceTime:
        traces = traces_of(self.group, self.places)
        if call is not None and source is not None:
            traces = replace(traces, call=Stored(f"{to_text(call.started)}/{to_text(call.ended)}", source))
        self.judgement: Judgement = judge(traces)
        signals = tuple(
            Signal(fired.rule.code, fired.stored.value, fired.stored.source, fired.rule.tier is Tier.UNTESTED)
            for fired in self.judgement.fired
        )
        return FaceTime(self.judgement.verdict, signals, call)

    # --- notes -------------------------------------------------------------------------------------------

    def _notes(self, files: tuple[AssetFile, ...]) -> Iterator[str]:
        row = self.row
        if self.judgement.shared_by:
            yield f"a FaceTime photo that was saved from a share: {self.judgement.shared_by} saved it"
        if row is not None and row.trashed_state not in (None, 0, 1):
            yield f"stored trashed state {row.trashed_state}: its meaning is not documented"
        if row is not None and row.saved_asset_type == codes.SavedAssetType.RECOVERED:
            yield "re-created by a repair of the photo library (saved type 14)"
        if self.group.pair is not None and self.group.pair.identifiers_match is False:
            yield "still and movie carry different content identifiers; they are paired by their file names"
        if row is not None and not self.live and any(item.role is FileRole.PAIRED_VIDEO for item in files):
            yield "a movie of the same name lies beside it, but the library does not call it a Live Photo"
        for item in files:
            if item.note:
                yield f"{item.name}: {item.note}"
        naive = any(
            item.file.facts and item.file.facts.date_original and not item.file.facts.date_original.tzinfo
            for item in self.group.files
        )
        if naive and row is None and "created" in self.sources:
            yield "the picture states a local time without a zone, which is not used as its date"


def _identifier(file: MediaFile) -> str | None:
    stated = file.facts.content_identifier if file.facts else None
    return stated or (file.attributes.media_group_uuid if file.attributes else None)


def library_path(row: AssetRow) -> str | None:
    """Where a row's file should lie in the backup."""
    return f"{ROOT}{row.directory}/{row.filename}" if row.directory and row.filename else None
