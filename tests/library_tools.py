"""A photo library as the working database holds it, all at once, for tests of single libraries and groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recovery.case.grouping import Group
from recovery.case.ownership import assign_files
from recovery.case.store import WorkingDatabase
from recovery.clock import COCOA_EPOCH
from recovery.database import Database
from recovery.photos_db.library import AssetRow, LibraryReader, ResourceRow
from recovery.photos_db.library_fields import ASSET_FIELDS, FieldType
from recovery.photos_db.media_files import MediaFile
from recovery.provenance import Gap


@dataclass(frozen=True, slots=True)
class WholeLibrary:
    """Everything that was read; lists by asset are keyed by the asset's Z_PK."""

    table: str
    model_version: int | None
    places: Mapping[str, tuple[str, ...]]
    gaps: tuple[Gap, ...]
    assets: tuple[AssetRow, ...]
    resources: Mapping[int, tuple[ResourceRow, ...]]
    keywords: Mapping[int, tuple[str, ...]]
    albums: Mapping[int, tuple[str, ...]]
    shared_albums: Mapping[int, tuple[str, ...]]
    deleted_albums: Mapping[int, tuple[str, ...]]
    persons: Mapping[int, tuple[str, ...]]


def read_library(database: Database) -> WholeLibrary:
    """Read a library through a working database."""
    with WorkingDatabase() as store:
        library = store.add_library(LibraryReader(database))
        store.add_files(())
        groups = {group.row.pk: group for group in store.groups() if group.row is not None}
        return WholeLibrary(
            library.table,
            library.model_version,
            library.places,
            library.gaps,
            tuple(store.rows()),
            {pk: group.resources for pk, group in groups.items() if group.resources},
            {pk: group.keywords for pk, group in groups.items() if group.keywords},
            {pk: group.albums for pk, group in groups.items() if group.albums},
            {pk: group.shared_albums for pk, group in groups.items() if group.shared_albums},
            {pk: group.deleted_albums for pk, group in groups.items() if group.deleted_albums},
            {pk: group.persons for pk, group in groups.items() if group.persons},
        )


def groups_of(rows: Iterable[AssetRow], files: Iterable[MediaFile]) -> tuple[Group, ...]:
    """The groups of these rows and files, those without a row last."""
    with WorkingDatabase() as store:
        store.add_rows(map(stored, rows))
        store.add_files(files)
        assign_files(store)
        return (*store.groups(), *store.groups_without_row())


def stored(row: AssetRow) -> tuple[object, ...]:
    """The cells of a row as `field_query.cells` gives them."""
    return tuple(
        (value - COCOA_EPOCH).total_seconds() if fact.form is FieldType.MOMENT and value is not None else value
        for fact, value in zip(ASSET_FIELDS, row, strict=True)
    )
