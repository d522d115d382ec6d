"""Assets without a row: what history, thumbnail tables, journals and carved rows still know, joined by UUID."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from recovery.analysis.model import AssetFile, Basis, Deletion, FileRole, FileState
from recovery.case import Case, TableFile
from recovery.clock import in_records
from recovery.formats.ithmb_entries import EntryState, ThumbnailEntry, is_uuid_text, uuid_bytes
from recovery.photos_db.carved_assets import DeletedRow
from recovery.photos_db.changes.history import DeletionRecord
from recovery.photos_db.changes.journal_assets import JournalAsset
from recovery.photos_db.codes import SubtypeCode
from recovery.photos_db.facetime_signals import FaceTimeEvidence, StoredValue
from recovery.photos_db.library import DATABASE
from recovery.provenance import Source


@dataclass(slots=True)
class DeletedAsset:
    """Everything known of one asset that no row carries; levels of knowledge that lack are empty."""

    uuid: str | None
    history: DeletionRecord | None = None
    journal: JournalAsset | None = None
    row: DeletedRow | None = None
    pictures: list[AssetFile] = field(default_factory=list)
    path: str | None = None
    """Path below `Media/` that the library once remembered for it."""

    @property
    def basis(self) -> Basis:
        """The best of the places it is known from."""
        if self.history or self.journal:
            return Basis.HISTORY
        return Basis.DELETED_ROW if self.row else Basis.THUMBNAIL_TABLE

    @property
    def deletion(self) -> Deletion | None:
        """How it went; a journal's delete record and a deleted row say only that it did."""
        if self.history is not None:
            known = self.history
            at, inserted_at = in_records(known.deleted_at), in_records(known.inserted_at)
            return Deletion(at, known.reason, known.client, inserted_at, known.inserted_by)
        if (self.journal is not None and self.journal.deleted) or self.row is not None:
            return Deletion(None, None, None, None, None)
        return None

    @property
    def records(self) -> Iterator[tuple[JournalAsset | DeletedRow, Source]]:
        """What still describes the asset itself, the fuller one first, each with where it stands."""
        if self.journal is not None:
            yield self.journal, self.journal.source
        if self.row is not None:
            yield self.row, next(iter(self.row.sources), Source(DATABASE))

    @property
    def kind_codes(self) -> tuple[int | None, int | None]:
        """Kind and subtype as stored."""
        for record, _ in self.records:
            if record.kind is not None:
                return record.kind, record.kind_subtype
        return None, None

    def traces(self) -> FaceTimeEvidence:
        """What a FaceTime rule may look at: stored names and programs, and the inserting client of the history."""
        names = [(record.original_filename, source) for record, source in self.records]
        journal, row = self.journal, self.row
        bundles = [(journal.creator_bundle, journal.source)] if journal else []
        bundles += [(row.importer, source) for record, source in self.records if row and record is row]
        code = next((record.imported_by for record, _ in self.records if record.imported_by is not None), None)
        place = next((source for _, source in self.records), Source(DATABASE))
        return FaceTimeEvidence(
            names=tuple(StoredValue(name, source) for name, source in names if name),
            bundles=tuple(StoredValue(bundle, source) for bundle, source in bundles if bundle),
            imported_by=StoredValue(str(code), place) if code is not None else None,
            saved_asset_type=journal.saved_asset_type if journal else None,
            live=self.kind_codes[1] == SubtypeCode.LIVE_PHOTO,
            history_client=self._inserted_by(),
        )

    def _inserted_by(self) -> StoredValue | None:
        """The inserting program's raw string, where it names FaceTime."""
        if self.history is None or not self.history.names_facetime or self.history.insertion is None:
            return None
        event = self.history.insertion
        return StoredValue(event.client or event.context or event.author or "", event.source)


def deleted_assets_of(case: Case) -> Mapping[str, DeletedAsset]:
    """Deleted assets by UUID, or by number where they have none; in the order of deletion, mere pictures last.

    A live row is never a deleted asset, and without a library nobody can tell what is a leftover of it.
    """
    live = _live(case)
    found: dict[str, DeletedAsset] = {}

    def deleted_asset(uuid: str | None, pk: int | None = None) -> DeletedAsset | None:
        name = uuid.upper() if uuid else f"number {pk}"
        return None if name in live else found.setdefault(name, DeletedAsset(uuid.upper() if uuid else None))

    for deleted in case.traces.history.deleted if case.traces.history else ():
        if known := deleted_asset(deleted.uuid, deleted.asset_pk):
            known.history = deleted
    if case.library is None:
        return found
    for uuid, journal in case.traces.journals.items():
        if (journal.deleted or uuid in found) and (known := deleted_asset(uuid)):
            known.journal = journal
    by_number = {item.history.asset_pk: item for item in found.values() if item.history}
    for row in case.traces.rows:
        known = by_number.get(row.pk) if row.uuid is None and row.pk is not None else None
        if known := known or deleted_asset(row.uuid, row.pk):
            known.row = row
    for file, entry in _orphans(case.traces.tables):
        if known := deleted_asset(entry.uuid):
            known.pictures.append(_pictures_in(file)(entry.index, entry.width, entry.height))
    for uuid, path in case.traces.paths.items():
        if uuid in found:
            found[uuid].path = path
    return found


def _live(case: Case) -> set[str]:
    """UUIDs of live rows among those that are told of anywhere else; a library has very many."""
    traces = case.traces
    told = {item.uuid.upper() for item in (traces.history.deleted if traces.history else ()) if item.uuid}
    told.update(uuid.upper() for uuid in traces.journals)
    told.update(row.uuid.upper() for row in traces.rows if row.uuid)
    told.update(entry.uuid for _, entry in _orphans(traces.tables))
    stored = case.store.run("SELECT uuid FROM asset WHERE uuid <> ''") if told else ()
    return {name for (uuid,) in stored if (name := uuid.upper()) in told}


Pictures = Callable[[str], tuple[AssetFile, ...]]
"""Gives for the UUID of a row, in upper case, its entries of thumbnail tables, the largest first."""


def pictures_of(case: Case) -> Pictures:
    """Index the thumbnail tables."""
    own = EntryState.AGREES, EntryState.UNPLACED, EntryState.UNCOMPARED
    tables = [(_pictures_in(file), file.table.entries.by_uuid(*own)) for file in case.traces.tables]

    def found(uuid: str) -> tuple[AssetFile, ...]:
        known = uuid_bytes(uuid) if tables else None
        if known is None or not is_uuid_text(uuid):
            return ()
        pictures = [picture(*entry) for picture, entries in tables for entry in entries(known)]
        return tuple(_largest_first(pictures) if len(pictures) > 1 else pictures)

    return found


def _pictures_in(file: TableFile) -> Callable[[int, int, int], AssetFile]:
    """Gives an entry of a thumbnail table, by slot, width and height, as a file of an asset.

    Its `size` is the length of the entry in bytes.
    """
    length = file.table.layout.entry_length if file.table.layout else None
    domain, path, file_id = file.entry.domain, file.entry.relative_path, file.entry.file_id

    def picture(slot: int, width: int, height: int) -> AssetFile:
        return AssetFile(
            FileRole.THUMBNAIL_TABLE, domain, path, file_id, length, FileState.PRESENT, "", slot, (width, height)
        )

    return picture


def _orphans(tables: tuple[TableFile, ...]) -> Iterator[tuple[TableFile, ThumbnailEntry]]:
    for file in tables:
        for entry in file.table.entries.with_state(EntryState.ORPHAN):
            yield file, entry


def _largest_first(pictures: list[AssetFile]) -> list[AssetFile]:
    return sorted(pictures, key=lambda item: (-(item.pixels or (0, 0))[0] * (item.pixels or (0, 0))[1], item.path))
