"""Assets without a row: what history, thumbnail tables, journals and carved rows still know, joined by UUID."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from recovery.case import Case, TableFile
from recovery.findings.model import AssetFile, Basis, Deletion, FileRole, FileState
from recovery.photos.facetime import Stored
from recovery.photos.history import DeletedAsset
from recovery.photos.journal_assets import JournalAsset
from recovery.photos.thumbnail_layout import EntryState
from recovery.photos.thumbnails import ThumbnailEntry


@dataclass(slots=True)
class Ghost:
    """Everything known of one UUID that no row carries; levels of knowledge that lack are empty."""

    uuid: str
    history: DeletedAsset | None = None
    journal: JournalAsset | None = None
    pictures: list[AssetFile] = field(default_factory=list)
    path: str | None = None
    """Path below `Media/` that the library once remembered for it."""

    @property
    def basis(self) -> Basis:
        """The best of the places it is known from."""
        return Basis.HISTORY if self.history or self.journal else Basis.THUMBNAIL_TABLE

    @property
    def deletion(self) -> Deletion | None:
        """How it went; a journal's delete record says only that it did."""
        if self.history is not None:
            known = self.history
            return Deletion(known.deleted_at, known.reason, known.client, known.inserted_at, known.inserted_by)
        if self.journal is not None and self.journal.deleted:
            return Deletion(None, None, None, self.journal.added, None)
        return None

    @property
    def inserted_by(self) -> Stored | None:
        """The inserting program's raw string, where it names FaceTime."""
        if self.history is None or not self.history.names_facetime or self.history.insertion is None:
            return None
        event = self.history.insertion
        return Stored(event.client or event.context or event.author or "", event.source)


def ghosts_of(case: Case) -> Mapping[str, Ghost]:
    """Ghosts by UUID in the order of deletion, those known only by a picture last; a live row is never one."""
    live = {row.uuid.upper() for row in case.library.assets if row.uuid} if case.library else set()
    found: dict[str, Ghost] = {}

    def ghost(uuid: str) -> Ghost | None:
        name = uuid.upper()
        return None if name in live else found.setdefault(name, Ghost(name))

    for deleted in case.traces.history.deleted if case.traces.history else ():
        if deleted.uuid and (known := ghost(deleted.uuid)):
            known.history = deleted
    if case.library is None:
        return found  # without the rows nobody can tell what is a leftover
    for uuid, journal in case.traces.journals.items():
        if (journal.deleted or uuid in found) and (known := ghost(uuid)):
            known.journal = journal
    for file, entry in _orphans(case.traces.tables):
        if known := ghost(entry.uuid):
            known.pictures.append(picture_of(file, entry))
    for uuid, path in case.traces.paths.items():
        if uuid in found:
            found[uuid].path = path
    return found


def pictures_of(case: Case) -> Mapping[str, tuple[AssetFile, ...]]:
    """For each UUID with a row the entries of thumbnail tables that are its own."""
    found: defaultdict[str, list[AssetFile]] = defaultdict(list)
    for file in case.traces.tables:
        for entry in file.table.with_state(EntryState.AGREES, EntryState.UNPLACED, EntryState.UNCOMPARED):
            found[entry.uuid].append(picture_of(file, entry))
    return {uuid: tuple(_largest_first(pictures)) for uuid, pictures in found.items()}


def picture_of(file: TableFile, entry: ThumbnailEntry) -> AssetFile:
    """An entry of a thumbnail table as a file of an asset; `size` is the length of the entry in bytes."""
    layout = file.table.layout
    return AssetFile(
        role=FileRole.THUMBNAIL_TABLE,
        domain=file.entry.domain,
        path=file.entry.relative_path,
        file_id=file.entry.file_id,
        size=layout.entry_length if layout else None,
        state=FileState.PRESENT,
        index=entry.index,
        pixels=(entry.width, entry.height),
    )


def _orphans(tables: tuple[TableFile, ...]) -> Iterator[tuple[TableFile, ThumbnailEntry]]:
    for file in tables:
        for entry in file.table.with_state(EntryState.ORPHAN):
            yield file, entry


def _largest_first(pictures: list[AssetFile]) -> list[AssetFile]:
    return sorted(pictures, key=lambda item: (-(item.pixels or (0, 0))[0] * (item.pixels or (0, 0))[1], item.path))
