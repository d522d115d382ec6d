"""What would be written where: a plan made of findings alone, so that a dry run costs nothing."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from recovery.errors import SelectionError
from recovery.extraction import names
from recovery.findings.model import (
    ORIGINALS,
    Asset,
    AssetFile,
    BackupFacts,
    FileRole,
    FileState,
    Findings,
    LooseCode,
    LooseEnd,
    Verdict,
    asset_key,
)
from recovery.findings.selection import Near as Near
from recovery.findings.selection import Search
from recovery.photos.places import IMAGE_EXTENSIONS, MOVIE_EXTENSIONS, place_of
from recovery.photos.signatures import MediaType
from recovery.photos.thumbnail_formats import rank
from recovery.provenance import Gap

_EDITS = frozenset({FileRole.EDITED_STILL, FileRole.EDITED_VIDEO, FileRole.ADJUSTMENTS})
_PICTURES = (FileRole.REDUCED, FileRole.THUMBNAIL)
_LIVE_MOVIES = (FileRole.PAIRED_VIDEO, FileRole.MESSAGES_COPY)
# With one of these a small table entry adds nothing.
_BETTER_THAN_TABLE = ORIGINALS | {
    FileRole.EDITED_STILL,
    FileRole.MESSAGES_COPY,
    FileRole.REDUCED,
    FileRole.THUMBNAIL,
}
_ROLE_ORDER = {role: number for number, role in enumerate(FileRole)}
_BY_WORD = {kind.code: kind for kind in MediaType} | {
    kind.extension[1:]: kind for kind in MediaType if kind.extension
}
_LOOSE_FOLDER = "Loose ends/undated"


class Reduced(StrEnum):
    """When thumbnails and other copies that are not the photo itself are written."""

    NEVER = "never"
    WHEN_NEEDED = "when_needed"
    """For assets without their original: the largest reduced copy, and copies from Messages."""
    ALWAYS = "always"


class Frames(StrEnum):
    """When a frame is taken out of the movie of a Live Photo; it is never the original."""

    NEVER = "never"
    WHEN_NEEDED = "when_needed"
    """For a Live Photo whose still is lost: the frame at the moment of the still."""
    BEST = "best"
    """Also the sharpest frame of every FaceTime photo, since their stills are small frames of a call."""


@dataclass(frozen=True, slots=True)
class Selection(Search):
    """Which assets, and which of their files: a search, and the kinds to take.

    By default: FaceTime (from `possible` up), deleted ones and loose media. `everything` takes the whole library.
    A filter that names a kind (`min_confidence`, `deleted`, `hidden`, `live`, `uuids`, `keys`) looks through the
    whole library instead; filters narrow each other.
    """

    everything: bool = False
    min_confidence: Verdict | None = None
    deleted: bool = False
    hidden: bool = False
    live: bool = False
    uuids: frozenset[str] = frozenset()
    loose: bool = True
    reduced: Reduced = Reduced.WHEN_NEEDED
    edits: bool = True
    frames: Frames = Frames.WHEN_NEEDED
    jpeg: bool = False
    """Also a JPEG of every HEIC photo, original and edited, for programs that cannot show them."""
    posters: bool = False
    """Also the first frame of every video."""
    keys: frozenset[str] | None = None
    """Only assets with these keys (findings.model.asset_key), as `lost_in` gives them; an empty set takes none."""

    def takes(self, asset: Asset, *, loose: bool) -> bool:
        """Whether an asset is chosen; `loose` tells that its file has no row in the library."""
        if not self.fits(asset):
            return False
        if not self._names_kind:
            possible = asset.facetime.verdict is not Verdict.NO
            return self.everything or possible or _is_deleted(asset) or (loose and self.loose)
        return (
            (self.min_confidence is None or asset.facetime.verdict.rank >= self.min_confidence.rank)
            and (not self.deleted or _is_deleted(asset))
            and (not self.hidden or asset.hidden is True)
            and (not self.live or asset.live_photo is not None)
            and (self.keys is None or asset_key(asset) in self.keys)
            and (not self.uuids or (asset.uuid or "").upper() in {uuid.upper() for uuid in self.uuids})
        )

    @property
    def takes_loose_files(self) -> bool:
        """Whether files of which nothing but bytes is known are chosen: no filter can be answered for them."""
        return self.loose and not (self._names_kind or self.narrows)

    @property
    def _names_kind(self) -> bool:
        kinds = self.min_confidence or self.deleted or self.hidden or self.live or self.uuids
        return bool(kinds) or self.keys is not None


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file to write. `target` is relative to the output folder, with forward slashes.

    `modified` becomes the file's time: when the asset was created, None where the manifest's time must do.
    """

    asset: Asset | None
    file: AssetFile
    target: str
    modified: datetime | None

    @property
    def bytes(self) -> int:
        """Bytes it will take, as far as known; 0 for a blob that is not there."""
        return 0 if self.file.state is FileState.MISSING else self.file.size or 0

    @property
    def damaged_target(self) -> str:
        """Where it goes when only a part can be salvaged."""
        return names.damaged_name(self.target)


class Derivation(StrEnum):
    """A picture made here from what the backup holds, because the original is not a file of its own or is lost."""

    TABLE_PICTURE = "thumbnail"
    STILL_FRAME = "frame"
    SHARPEST_FRAME = "sharpest frame"
    POSTER_FRAME = "poster frame"
    JPEG_COPY = "JPEG copy"
    JPEG_COPY_OF_EDIT = "JPEG copy of the edit"


_FROM_MOVIES = frozenset({Derivation.STILL_FRAME, Derivation.SHARPEST_FRAME, Derivation.POSTER_FRAME})
_JPEG_COPIES = {
    FileRole.STILL: Derivation.JPEG_COPY,
    FileRole.EDITED_STILL: Derivation.JPEG_COPY_OF_EDIT,
}
_HEIC = (".heic", ".heif", ".hif")


@dataclass(frozen=True, slots=True)
class PlannedPicture:
    """A derived picture: how it is made, from which file, and where it goes. Its name says NOT-ORIGINAL."""

    derivation: Derivation
    file: AssetFile
    target: str


@dataclass(frozen=True, slots=True)
class PlannedAsset:
    """The files of one asset under one stem (a path without extension); a loose file has no asset."""

    asset: Asset | None
    stem: str
    files: tuple[PlannedFile, ...]
    pictures: tuple[PlannedPicture, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would be written, by date; the same findings and selection give the same plan."""

    backup: BackupFacts
    gaps: tuple[Gap, ...]
    assets: tuple[PlannedAsset, ...]

    @property
    def files(self) -> Iterator[PlannedFile]:
        """Every file, in order."""
        return (file for planned in self.assets for file in planned.files)

    @property
    def bytes(self) -> int:
        """Bytes needed for the files, sidecars and records apart."""
        return sum(file.bytes for file in self.files)

    @property
    def needs_frames(self) -> bool:
        """Whether a picture is to be taken out of a movie."""
        return any(picture.derivation in _FROM_MOVIES for asset in self.assets for picture in asset.pictures)

    def without_frames(self) -> Plan:
        """The same plan with no picture taken out of a movie."""
        kept = (
            replace(
                asset,
                pictures=tuple(item for item in asset.pictures if item.derivation not in _FROM_MOVIES),
            )
            for asset in self.assets
        )
        return replace(self, assets=tuple(asset for asset in kept if asset.files or asset.pictures))

    @property
    def unknown_sizes(self) -> int:
        """Files whose size is not known, so that `bytes` may be too low."""
        return sum(1 for file in self.files if file.file.size is None and file.file.state is not FileState.MISSING)


def plan(findings: Findings, selection: Selection | None = None) -> Plan:
    """Plan an extraction. Raises SelectionError for a UUID that no asset has.

    Names are given over all assets, chosen or not, so that another selection never moves a file.
    """
    selection = selection or Selection()
    known = {asset.uuid.upper() for asset in findings.assets if asset.uuid}
    unknown = sorted(uuid for uuid in selection.uuids if uuid.upper() not in known)
    if unknown:
        raise SelectionError(
            f"No asset has the UUID {names.safe_name(unknown[0], 80)}.", "List them with scan --all --json."
        )
    without_row = {end.file_id for end in findings.loose_ends if end.code is LooseCode.FILE_WITHOUT_ASSET}
    stems, chosen = names.Stems(), []
    for asset in sorted((asset for asset in findings.assets if asset.files), key=_order):
        loose = any(file.file_id in without_row for file in asset.files)
        stem = stems.claim(f"{names.folder(asset, loose=loose)}/{names.readable_stem(asset)}", _identity(asset))
        if selection.takes(asset, loose=loose):
            chosen.append(_planned(asset, stem, selection))
    if selection.takes_loose_files:
        chosen += _loose_files(findings, stems)
    useful = tuple(planned for planned in chosen if planned.files or planned.pictures)
    return Plan(findings.backup, findings.gaps, useful)


def _is_deleted(asset: Asset) -> bool:
    return asset.trashed is True or asset.deleted is not None


def _order(asset: Asset) -> tuple[object, ...]:
    moment = asset.created.timestamp() if asset.created else math.inf
    files = tuple(sorted(map(_file_order, asset.files)))
    return moment, asset.uuid or "", asset.directory or "", asset.filename or "", files


def _identity(asset: Asset) -> str:
    return asset.uuid or "/".join((asset.directory or "", asset.filename or "", *(f.file_id for f in asset.files)))


def _planned(asset: Asset, stem: str, selection: Selection) -> PlannedAsset:
    files = sorted(_chosen_files(asset, selection), key=_file_order)
    targets = names.file_names(stem, files, asset.filename or "")
    return PlannedAsset(
        asset,
        stem,
        tuple(PlannedFile(asset, *pair, asset.created) for pair in zip(files, targets, strict=True)),
        tuple(_pictures(asset, stem, selection)),
    )


def _pictures(asset: Asset, stem: str, selection: Selection) -> Iterator[PlannedPicture]:
    """The pictures to make: the largest table entry when nothing better is left, and frames of the movie."""
    here = {file.role for file in asset.files if file.state is not FileState.MISSING}
    if selection.reduced is not Reduced.NEVER and not here & _BETTER_THAN_TABLE:
        entries = [file for file in asset.files if file.role is FileRole.THUMBNAIL_TABLE]
        if entries:
            best = min(entries, key=_best_first)
            yield _picture(Derivation.TABLE_PICTURE, best, stem, "png")
    yield from _asked_for(asset, stem, selection)
    movies = [file for file in asset.files if file.role in _LIVE_MOVIES and file.state is not FileState.MISSING]
    if asset.live_photo is None or not movies:
        return
    still_left = asset.live_photo.still or any(map(_is_still_copy, asset.files))
    if selection.frames is not Frames.NEVER and not still_left:
        yield _picture(Derivation.STILL_FRAME, movies[0], stem, "jpg")
    if selection.frames is Frames.BEST and asset.facetime.verdict is not Verdict.NO:
        yield _picture(Derivation.SHARPEST_FRAME, movies[0], stem, "jpg")


def _asked_for(asset: Asset, stem: str, selection: Selection) -> Iterator[PlannedPicture]:
    """Conversions that nobody needs and some want; one of each kind."""
    whole = [file for file in asset.files if file.state is FileState.PRESENT]
    for role, derivation in _JPEG_COPIES.items() if selection.jpeg else ():
        stills = (file for file in whole if file.role is role and file.name.lower().endswith(_HEIC))
        for still in itertools.islice(stills, 1):
            yield _picture(derivation, still, stem, "jpg")
    videos = (file for file in whole if file.role is FileRole.VIDEO)
    for video in itertools.islice(videos, 1) if selection.posters else ():
        yield _picture(Derivation.POSTER_FRAME, video, stem, "jpg")


def _is_live_movie(file: AssetFile) -> bool:
    movie = f".{names.extension(file.name).lower()}" in MOVIE_EXTENSIONS
    return file.role in _LIVE_MOVIES and movie and file.state is not FileState.MISSING


def _is_still_copy(file: AssetFile) -> bool:
    picture = f".{names.extension(file.name).lower()}" in IMAGE_EXTENSIONS
    return file.role is FileRole.MESSAGES_COPY and picture and file.state is FileState.PRESENT


def _picture(derivation: Derivation, file: AssetFile, stem: str, ending: str) -> PlannedPicture:
    size = " {}x{}".format(*file.pixels) if file.pixels else ""
    return PlannedPicture(derivation, file, f"{stem} (NOT-ORIGINAL {derivation}{size}).{ending}")


def _file_order(file: AssetFile) -> tuple[int | str, ...]:
    where = _ROLE_ORDER[file.role], file.path, file.domain, file.file_id
    return *where, file.state, file.size or 0, file.index or 0, file.note


def _chosen_files(asset: Asset, selection: Selection) -> set[AssetFile]:
    files = {file for file in asset.files if file.role in ORIGINALS or (selection.edits and file.role in _EDITS)}
    extra = [file for file in asset.files if file.state is not FileState.MISSING]
    whole = any(
        file.role in (FileRole.STILL, FileRole.VIDEO) and file.state is FileState.PRESENT for file in asset.files
    )
    if selection.reduced is Reduced.NEVER or (selection.reduced is Reduced.WHEN_NEEDED and whole):
        return files
    files.update(file for file in extra if file.role is FileRole.MESSAGES_COPY)
    pictures = [file for file in extra if file.role in _PICTURES]
    if selection.reduced is Reduced.WHEN_NEEDED:
        pictures = sorted(pictures, key=_best_first)[:1]
    return files.union(pictures)


def _best_first(file: AssetFile) -> tuple[object, ...]:
    """Whole before damaged, renditions before thumbnails, and among thumbnails the better format."""
    place = place_of(file.domain, file.path)
    format_id = place.format_id if place else None
    damaged = file.state is FileState.DAMAGED
    return damaged, _ROLE_ORDER[file.role], rank(format_id), -(file.size or 0), file.path


def _loose_files(findings: Findings, stems: names.Stems) -> Iterator[PlannedAsset]:
    """Media that no asset speaks for; without a date or a name of their own they keep their path's or their ID."""
    spoken_for = {file.file_id for asset in findings.assets for file in asset.files}
    ends = [
        end for end in findings.loose_ends if end.code in (LooseCode.UNLISTED_BLOB, LooseCode.FILE_WITHOUT_ASSET)
    ]
    for end in sorted(ends, key=lambda end: (end.domain or "", end.path or "", end.file_id or "")):
        kind = _media_kind(end)
        if kind is None or end.file_id is None or end.file_id in spoken_for:
            continue
        role = FileRole.VIDEO if kind.is_video else FileRole.STILL
        file = AssetFile(
            role, end.domain or "", end.path or "", end.file_id, end.size, FileState.PRESENT, end.guess or ""
        )
        own = file.name.rpartition(".")[0] or file.name or f"unlisted {end.file_id}"
        stem = stems.claim(f"{_LOOSE_FOLDER}/{names.safe_name(own, 80)}", end.file_id)
        yield PlannedAsset(None, stem, (PlannedFile(None, file, f"{stem}{kind.extension}", None),))


def _media_kind(end: LooseEnd) -> MediaType | None:
    """Picture or movie by the guess (a word of it is a media type's code), else by the path's extension."""
    words = [*re.findall(r"[a-z0-9_]+", (end.guess or "").lower()), names.extension(end.path or "").lower()]
    kinds = (_BY_WORD[word] for word in words if word in _BY_WORD)
    return next((kind for kind in kinds if kind.is_image or kind.is_video), None)
