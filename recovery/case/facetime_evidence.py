"""Collect, for one group of row and files, everything the FaceTime rules look at, each value with its source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from operator import itemgetter
from typing import Any

from recovery import limits
from recovery.case.grouping import Group
from recovery.formats.media import MediaFacts
from recovery.photos_db.camera_roll_paths import ORIGINALS, FileRole
from recovery.photos_db.codes import CAMERA, OF_THE_SCREEN, KindCode, SubtypeCode
from recovery.photos_db.facetime_names import is_facetime_name
from recovery.photos_db.facetime_signals import (
    BY_SYSTEM,
    KEYWORDS_KEY,
    FaceTimeEvidence,
    StoredValue,
    is_of_facetime,
)
from recovery.photos_db.library import DATABASE, AssetRow, PhotoLibrary
from recovery.photos_db.media_files import MediaFile
from recovery.provenance import Source
from recovery.source.manifest import STORE as MANIFEST


@dataclass(frozen=True, slots=True)
class Places:
    """For each fact of a library the `TABLE.COLUMN` places it was read from, and the path of its database."""

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    store: str = DATABASE

    @classmethod
    def of(cls, library: PhotoLibrary | None) -> Places:
        """Those of a library; of one that was not read nothing is known."""
        return cls() if library is None else cls(library.places, library.store)


_SPEAKING = itemgetter(
    *map(
        AssetRow._fields.index,
        ("original_filename", "cloud_original_filename", "creator_bundle", "cloud_creator_bundle", "imported_by"),
    )
)


def row_source(row: AssetRow, fact: str, places: Places) -> Source:
    """Where a fact of a row was read."""
    return Source(places.store, row_place(fact, places), row.pk)


def row_place(fact: str, places: Places) -> str:
    """The columns a fact of any row is read from."""
    return _either(places.columns.get(fact, ()))


@cache
def _either(places: tuple[str, ...]) -> str:
    return " or ".join(places)


def attribute_source(file: MediaFile, key: str) -> Source:
    """Where an attribute of a file was read: its record in the manifest."""
    return Source(MANIFEST, f"{file.entry.relative_path} com.apple.assetsd.{key}")


def inside_source(file: MediaFile, place: str) -> Source:
    """Where a value inside a media file was read."""
    return Source(file.store, place)


def facetime_evidence_of(group: Group, places: Places) -> FaceTimeEvidence:
    """Everything about a group that a FaceTime rule may look at, calls and Messages apart."""
    row = group.row
    originals = [item.file for item in group.files if item.role in ORIGINALS]
    inside = [(file.store, file.facts) for file in originals if file.facts is not None]
    return replace(
        inside_traces(inside),
        names=tuple(_names(row, originals, places)),
        bundles=tuple(_bundles(row, originals, places)),
        imported_by=_imported_by(row, originals, places),
        saved_asset_type=_saved_type(row, originals),
        live=is_live(group),
    )


def has_no_facetime_hints(group: Group) -> bool:
    """Whether nothing is stored of a group that a FaceTime rule could fire on, calls, history and Messages apart.

    So it is with nearly every asset, and then no traces need be collected: `judge` would say no.
    """
    if group.row is not None and row_speaks(group.row):
        return False
    return not any(role in ORIGINALS and file_speaks(file) for role, file in group.files)


def row_speaks(cells: Sequence[Any]) -> bool:
    """Whether the cells of an asset row hold anything that a FaceTime rule could fire on."""
    name, cloud_name, bundle, cloud_bundle, code = _SPEAKING(cells)
    return code in BY_SYSTEM or _names_facetime(name, bundle) or _names_facetime(cloud_name, cloud_bundle)


def file_speaks(file: MediaFile) -> bool:
    """Whether an original's name or attributes hold what a FaceTime rule could fire on, or it was read."""
    if file.facts is not None or is_facetime_name(file.entry.name):
        return True
    stated = file.attributes
    return stated is not None and (
        stated.imported_by in BY_SYSTEM or _names_facetime(stated.original_filename, stated.creator_bundle)
    )


def by_camera(group: Group) -> bool:
    """Whether the first stored code of who saved it names the camera, as `needs_media_scan` asks of the evidence."""
    row = group.row
    if row is not None and row.imported_by is not None:
        return row.imported_by in CAMERA
    stated = (file.attributes for role, file in group.files if role in ORIGINALS and file.attributes)
    return next((item.imported_by for item in stated if item.imported_by is not None), None) in CAMERA


def could_be_facetime_by_size(group: Group) -> bool:
    """Whether an asset is neither of the camera nor of the screen, and no larger or longer than FaceTime's.

    Row first; what no row tells, the length of the files does.
    """
    if by_camera(group):
        return False
    row = group.row
    if row is not None:
        if row.kind_subtype in OF_THE_SCREEN:
            return False
        if max(row.width or 0, row.height or 0) > limits.FACETIME_LONG_SIDE:
            return False
        if row.kind == KindCode.VIDEO and row.duration:
            return row.duration <= limits.FACETIME_SECONDS
        if row.kind != KindCode.VIDEO and row.width and row.height:
            return True
    sizes = (
        file.entry.size if file.blob.size is None else file.blob.size for role, file in group.files if role in ORIGINALS
    )
    return all(size is None or size <= limits.FACETIME_BYTES for size in sizes)


def _names_facetime(name: str | None, bundle: str | None) -> bool:
    return bool((name and is_facetime_name(name)) or (bundle and is_of_facetime(bundle)))


def inside_traces(inside: Sequence[tuple[str, MediaFacts]]) -> FaceTimeEvidence:
    """What files say about themselves, as far as a FaceTime rule looks at it; each with its path in the backup."""
    return FaceTimeEvidence(
        camera_make=_camera_make(facts.make for _, facts in inside) if inside else None,
        comments=tuple(
            StoredValue(facts.user_comment, Source(path, "Exif UserComment"))
            for path, facts in inside
            if facts.user_comment
        ),
        lenses=tuple(
            StoredValue(facts.lens_model, Source(path, "Exif LensModel")) for path, facts in inside if facts.lens_model
        ),
        models=tuple(StoredValue(facts.model, Source(path, "Exif Model")) for path, facts in inside if facts.model),
        movie_keywords=tuple(
            StoredValue(value, Source(path, f"moov/meta {key}"))
            for path, facts in inside
            for key, value in facts.quicktime_keys
            if key == KEYWORDS_KEY
        ),
    )


def is_live(group: Group) -> bool:
    """Whether the asset is a Live Photo: the row says so, or it has both halves, or says it is one half."""
    if group.row is not None and group.row.kind_subtype is not None:
        return group.row.kind_subtype == SubtypeCode.LIVE_PHOTO
    if group.pair is not None:
        return True
    still = group.first(FileRole.STILL)
    stated = still and (
        (still.attributes and still.attributes.media_group_uuid) or (still.facts and still.facts.content_identifier)
    )
    movie = group.first(FileRole.VIDEO)
    marked = movie and movie.facts and movie.facts.content_identifier and movie.facts.has_still_image_time
    return bool(stated or marked)


def _names(row: AssetRow | None, files: list[MediaFile], places: Places) -> Iterator[StoredValue]:
    if row is not None:
        for fact, value in (
            ("original_filename", row.original_filename),
            ("cloud_original_filename", row.cloud_original_filename),
        ):
            if value:
                yield StoredValue(value, row_source(row, fact, places))
    for file in files:
        if file.attributes and file.attributes.original_filename:
            yield StoredValue(file.attributes.original_filename, attribute_source(file, "originalFilename"))
        if is_facetime_name(file.entry.name):
            yield StoredValue(file.entry.name, Source(MANIFEST, f"Files.relativePath {file.entry.relative_path}"))


def _bundles(row: AssetRow | None, files: list[MediaFile], places: Places) -> Iterator[StoredValue]:
    if row is not None:
        for fact, value in (
            ("creator_bundle", row.creator_bundle),
            ("cloud_creator_bundle", row.cloud_creator_bundle),
        ):
            if value:
                yield StoredValue(value, row_source(row, fact, places))
    for file in files:
        if file.attributes and file.attributes.creator_bundle:
            yield StoredValue(file.attributes.creator_bundle, attribute_source(file, "creatorBundleID"))


def _imported_by(row: AssetRow | None, files: list[MediaFile], places: Places) -> StoredValue | None:
    if row is not None and row.imported_by is not None:
        return StoredValue(str(row.imported_by), row_source(row, "imported_by", places))
    for file in files:
        if file.attributes and file.attributes.imported_by is not None:
            return StoredValue(str(file.attributes.imported_by), attribute_source(file, "importedBy"))
    return None


def _saved_type(row: AssetRow | None, files: list[MediaFile]) -> int | None:
    if row is not None and row.saved_asset_type is not None:
        return row.saved_asset_type
    stated = (file.attributes.saved_asset_type for file in files if file.attributes)
    return next((value for value in stated if value is not None), None)


def _camera_make(makes: Iterable[str | None]) -> bool:
    """FaceTime's stills name Apple as the maker too, so only another maker speaks against it."""
    return any(make and make.strip().lower() != "apple" for make in makes)
