"""What would be written where: a plan made of findings alone, so that a dry run costs nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from recovery.analysis.model import (
    MESSAGES_KEY,
    ORIGINALS,
    Asset,
    AssetFile,
    BackupFacts,
    FaceTimeMessage,
    FileRole,
    FileState,
    Findings,
    Orphan,
    OrphanCode,
    asset_key,
)
from recovery.errors import SelectionError
from recovery.extraction import names
from recovery.extraction.derived_pictures import FROM_MOVIES, ROLE_ORDER, PlannedPicture, best_first, pictures_of
from recovery.extraction.selected_files import Reduced, Selection
from recovery.formats.signatures import MediaType
from recovery.photos_db.camera_roll_paths import SENT_COPIES
from recovery.progress import SILENT, Progress, counted
from recovery.provenance import Gap

_EDITS = frozenset({FileRole.EDITED_STILL, FileRole.EDITED_VIDEO, FileRole.EDITOR_FILE, FileRole.ADJUSTMENTS})
_PICTURES = (FileRole.REDUCED, FileRole.THUMBNAIL)
_BY_WORD = {kind.code: kind for kind in MediaType} | {kind.extension[1:]: kind for kind in MediaType if kind.extension}
_LOOSE_FOLDER = "Loose ends/undated"


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file to write. `target` is relative to the output folder, with forward slashes.

    `modified` becomes the file's time: when the asset or message was created, None where the manifest's time must
    do. It belongs to an asset, to a FaceTime message, or to nothing that is known.
    """

    asset: Asset | None
    file: AssetFile
    target: str
    modified: datetime | None
    message: FaceTimeMessage | None = None

    @property
    def key(self) -> str | None:
        """Names in the inventory what it belongs to; None for a loose file."""
        return MESSAGES_KEY if self.message is not None else asset_key(self.asset) if self.asset else None

    @property
    def bytes(self) -> int:
        """Bytes it will take, as far as known; 0 for a blob that is not there."""
        return 0 if self.file.state is FileState.MISSING else self.file.size or 0

    @property
    def damaged_target(self) -> str:
        """Where it goes when only a part can be salvaged."""
        return names.damaged_name(self.target)

    @property
    def incomplete_target(self) -> str:
        """Where its beginning goes when the system refuses to read the rest."""
        return names.incomplete_name(self.target)

    @property
    def partial_targets(self) -> tuple[str, str]:
        """Where a part of it may lie since an earlier run."""
        return self.damaged_target, self.incomplete_target


@dataclass(frozen=True, slots=True)
class PlannedAsset:
    """The files of one asset under one stem (a path without extension); loose files and messages have no asset."""

    asset: Asset | None
    stem: str
    files: tuple[PlannedFile, ...]
    pictures: tuple[PlannedPicture, ...] = ()
    album_stems: tuple[str, ...] = ()
    """Under which stems its files get a second name, one for each album."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would be written, by date; the same findings and selection give the same plan."""

    backup: BackupFacts
    gaps: tuple[Gap, ...]
    assets: tuple[PlannedAsset, ...]
    latest_date: datetime | None = None
    """The latest moment a date in this backup can tell, give or take a day."""

    @property
    def files(self) -> Iterator[PlannedFile]:
        """Every file, in order."""
        return (file for planned in self.assets for file in planned.files)

    @property
    def bytes(self) -> int:
        """Bytes needed for the files, sidecars and records apart."""
        return sum(file.bytes for file in self.files)

    @property
    def private_folders(self) -> frozenset[str]:
        """The folders that get files of hidden assets, and those named Hidden above them."""
        holding = {item.stem.rpartition("/")[0] for item in self.assets if item.asset and item.asset.hidden}
        above = {folder.rpartition("/")[0] for folder in holding}
        return frozenset(holding | {folder for folder in above if folder.split("/")[-1] == names.HIDDEN_FOLDER})

    @property
    def needs_frames(self) -> bool:
        """Whether a picture is to be taken out of a movie."""
        return any(picture.derivation in FROM_MOVIES for asset in self.assets for picture in asset.pictures)

    def without_frames(self) -> Plan:
        """The same plan with no picture taken out of a movie."""
        kept = (
            replace(
                asset,
                pictures=tuple(item for item in asset.pictures if item.derivation not in FROM_MOVIES),
            )
            for asset in self.assets
        )
        return replace(self, assets=tuple(asset for asset in kept if asset.files or asset.pictures))

    @property
    def unknown_sizes(self) -> int:
        """Files whose size is not known, so that `bytes` may be too low."""
        return sum(1 for file in self.files if file.file.size is None and file.file.state is not FileState.MISSING)


def plan(findings: Findings, selection: Selection | None = None, progress: Progress = SILENT) -> Plan:
    """Plan an extraction. Raises SelectionError for a UUID that no asset has.

    Names are given over all assets, chosen or not, so that another selection never moves a file.
    """
    selection = selection or Selection()
    each = counted(findings.assets, progress, "Choosing what to write", len(findings.assets), " photos")
    known = {asset.uuid.upper() for asset in each if asset.uuid}
    unknown = sorted(uuid for uuid in selection.uuids if uuid.upper() not in known)
    if unknown:
        raise SelectionError(
            f"No asset has the UUID {names.safe_name(unknown[0], 80)}.", "List them with scan --all --json."
        )
    without_row = {end.file_id for end in findings.loose_ends if end.code is OrphanCode.FILE_WITHOUT_ASSET}
    stems, chosen = names.Stems(), []
    with_files = sorted((asset for asset in findings.assets if asset.files), key=_order)
    for asset in counted(with_files, progress, "Naming what to write", len(with_files), " photos"):
        loose = any(file.file_id in without_row for file in asset.files)
        stem = stems.claim(f"{names.folder(asset, loose=loose)}/{names.readable_stem(asset)}", _identity(asset))
        albums = names.album_folders(asset) if selection.album_folders else ()
        name = stem.rpartition("/")[2]
        album_stems = tuple(stems.claim(f"{folder}/{name}", _identity(asset)) for folder in albums)
        if selection.takes(asset, loose=loose):
            chosen.append(replace(_planned(asset, stem, selection), album_stems=album_stems))
    if selection.takes_files_without_asset:
        chosen += _loose_files(findings, stems)
    chosen += _messages(findings, stems, selection)
    useful = tuple(planned for planned in chosen if planned.files or planned.pictures)
    return Plan(findings.backup, findings.gaps, useful, findings.latest_date)


def _order(asset: Asset) -> tuple[object, ...]:
    created = asset.real_created
    moment = created.timestamp() if created else math.inf
    files = tuple(sorted(map(_file_order, asset.files)))
    return moment, asset.uuid or "", asset.directory or "", asset.filename or "", files


def _identity(asset: Asset) -> str:
    return asset.uuid or "/".join((asset.directory or "", asset.filename or "", *(f.file_id for f in asset.files)))


def _planned(asset: Asset, stem: str, selection: Selection) -> PlannedAsset:
    files = sorted(_chosen_files(asset, selection), key=_file_order)
    targets = names.file_names(stem, files, asset.filename or "")
    created = asset.real_created
    return PlannedAsset(
        asset,
        stem,
        tuple(PlannedFile(asset, *pair, created) for pair in zip(files, targets, strict=True)),
        tuple(pictures_of(asset, stem, selection)),
    )


def _file_order(file: AssetFile) -> tuple[int | str, ...]:
    where = ROLE_ORDER[file.role], file.path, file.domain, file.file_id
    return *where, file.state, file.size or 0, file.index or 0, file.note


def _chosen_files(asset: Asset, selection: Selection) -> set[AssetFile]:
    files = {file for file in asset.files if file.role in ORIGINALS or (selection.edits and file.role in _EDITS)}
    extra = [file for file in asset.files if file.state in (FileState.PRESENT, FileState.DAMAGED)]
    whole = any(
        file.role in (FileRole.STILL, FileRole.VIDEO) and file.state is FileState.PRESENT for file in asset.files
    )
    if selection.reduced is Reduced.NEVER or (selection.reduced is Reduced.WHEN_NEEDED and whole):
        return files
    files.update(file for file in extra if file.role in SENT_COPIES)
    pictures = [file for file in extra if file.role in _PICTURES]
    if selection.reduced is Reduced.WHEN_NEEDED:
        pictures = sorted(pictures, key=best_first)[:1]
    return files.union(pictures)


def _loose_files(findings: Findings, stems: names.Stems) -> Iterator[PlannedAsset]:
    """Media that no asset speaks for; without a date or a name of their own they keep their path's or their ID."""
    spoken_for = {file.file_id for asset in findings.assets for file in asset.files}
    ends = [end for end in findings.loose_ends if end.code in (OrphanCode.UNLISTED_BLOB, OrphanCode.FILE_WITHOUT_ASSET)]
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


def _messages(findings: Findings, stems: names.Stems, selection: Selection) -> Iterator[PlannedAsset]:
    """FaceTime messages whose media is in the backup, in a folder of their own: they are no photos."""
    planned_before: set[str] = set()
    for message in findings.facetime_messages:
        # Several messages may name one file; it is written once.
        files = [file for file in message.recoverable if file.file_id not in planned_before]
        planned_before.update(file.file_id for file in files)
        if not files:
            continue
        identity = message.uuid or files[0].file_id
        stem = stems.claim(f"{names.message_folder(message)}/{names.message_stem(message)}", identity)
        if selection.takes_message(message):
            targets = names.file_names(stem, files)
            created = message.real_created
            planned = (PlannedFile(None, *pair, created, message) for pair in zip(files, targets, strict=True))
            yield PlannedAsset(None, stem, tuple(planned))


def _media_kind(end: Orphan) -> MediaType | None:
    """Picture or movie by the guess (a word of it is a media type's code), else by the path's extension."""
    words = [*re.findall(r"[a-z0-9_]+", (end.guess or "").lower()), names.extension(end.path or "").lower()]
    kinds = (_BY_WORD[word] for word in words if word in _BY_WORD)
    return next((kind for kind in kinds if kind.is_image or kind.is_video), None)
