"""Who and what a backup is, as Info.plist, Manifest.plist and Status.plist tell it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from recovery import clock, limits
from recovery.backup_marks import INFO as INFO
from recovery.backup_marks import MANIFEST as MANIFEST
from recovery.backup_marks import MANIFEST_DATABASE as MANIFEST_DATABASE
from recovery.backup_marks import SNAPSHOT as SNAPSHOT
from recovery.backup_marks import STATUS as STATUS
from recovery.backup_marks import UDID_FOLDER
from recovery.errors import UnreadableArchiveError
from recovery.filesystem import is_symlink
from recovery.formats import property_list as archives
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap, unreadable
from recovery.refusals import is_absent, reason_of, said_by
from recovery.source import reading

_FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class ManifestPlist:
    """What a Manifest.plist says of the list of files that it was made with; None where it does not tell."""

    encrypted: bool | None
    key_bag: bytes | None = field(repr=False)
    manifest_key: bytes | None = field(repr=False)
    date: datetime | None


@dataclass(frozen=True, slots=True)
class Identity:
    """The facts of the property lists; None where none of them tells it."""

    folder: Path
    udid: str | None
    device_name: str | None
    product_type: str | None
    ios_version: str | None
    build: str | None
    serial_number: str | None
    backup_date: datetime | None
    """End of the backup (Info.plist), else its start (Status.plist)."""
    complete: bool | None
    """True only when Status.plist says "finished"; None without a readable Status.plist."""
    full: bool | None
    snapshot_state: str | None
    manifest: ManifestPlist | None
    """Manifest.plist of the backup itself."""
    snapshot_manifest: ManifestPlist | None = None
    """That of the backup which was being made in Snapshot."""
    latest_date: datetime | None = None
    """The latest of the dates that the three property lists state for the backup, placeholders apart."""
    gaps: tuple[Gap, ...] = ()

    @property
    def encrypted(self) -> bool | None:
        """Whether Manifest.plist calls the backup encrypted; the bytes decide, not this."""
        manifest = self.manifest or self.snapshot_manifest
        return manifest.encrypted if manifest else None

    @property
    def device(self) -> str:
        """Device name for people: the given name, else the model, else the folder's name."""
        return self.device_name or self.product_type or self.folder.name


def read_identity(folder: Path) -> Identity:
    """Read the property lists of a backup folder; what is missing or unreadable becomes a gap.

    Snapshot has a Manifest.plist of its own, the only one of a first backup that was interrupted.
    """
    gaps: list[Gap] = []
    info = _read(folder, INFO, ("device name", "backup date"), gaps)
    snapshot: list[Gap] = []
    newer = _read(folder, f"{SNAPSHOT}/{MANIFEST}", ("the keys of the interrupted backup",), snapshot)
    gaps.extend(gap for gap in snapshot if gap.fault)
    own: list[Gap] = []
    stored = _read(folder, MANIFEST, ("whether the backup is encrypted",), own)
    gaps.extend(gap for gap in own if gap.fault or not newer)
    manifest = stored or newer
    status = _read(folder, STATUS, ("whether the backup was finished",), gaps)
    lockdown = manifest.get("Lockdown")
    lockdown = lockdown if isinstance(lockdown, dict) else {}
    state = _text(status.get("SnapshotState"))
    folder_name = UDID_FOLDER.fullmatch(folder.name)
    stated = (info.get("Last Backup Date"), status.get("Date"), manifest.get("Date"))
    dates = [date for date in map(clock.from_plist, stated) if date is not None]
    return Identity(
        folder=folder,
        udid=_text(lockdown.get("UniqueDeviceID"))
        or _text(info.get("Target Identifier"))
        or _text(info.get("Unique Identifier"))
        or (folder_name.group(1) if folder_name else None),
        device_name=_text(info.get("Device Name")) or _text(lockdown.get("DeviceName")),
        product_type=_text(info.get("Product Type")) or _text(lockdown.get("ProductType")),
        ios_version=_text(info.get("Product Version")) or _text(lockdown.get("ProductVersion")),
        build=_text(info.get("Build Version")) or _text(lockdown.get("BuildVersion")),
        serial_number=_text(info.get("Serial Number")) or _text(lockdown.get("SerialNumber")),
        backup_date=next(iter(dates), None),
        latest_date=max((date for date in dates if not clock.is_constant(date)), default=None),
        complete=None if state is None else state == _FINISHED,
        full=_truth(status.get("IsFullBackup")),
        snapshot_state=state,
        manifest=_manifest(stored),
        snapshot_manifest=_manifest(newer),
        gaps=tuple(gaps),
    )


def _manifest(stored: Mapping[str, object]) -> ManifestPlist | None:
    if not stored:
        return None
    return ManifestPlist(
        encrypted=_truth(stored.get("IsEncrypted")),
        key_bag=_data(stored.get("BackupKeyBag")),
        manifest_key=_data(stored.get("ManifestKey")),
        date=clock.from_plist(stored.get("Date")),
    )


def _read(folder: Path, name: str, hides: tuple[str, ...], gaps: list[Gap]) -> Mapping[str, object]:
    path = folder / name
    try:
        state = _state(path)
        linked = path.parent != folder and is_symlink(path.parent)
        if linked or state is None or not stat.S_ISREG(state.st_mode):
            gaps.append(Gap(GapSubject.BACKUP_FILE, name, GapReason.NOT_IN_FOLDER, hides, part=name))
            return {}
        if state.st_size > limits.PLIST_BYTES:
            raise UnreadableArchiveError(f"{name} is larger than any real one.")
        with reading.open_file(path) as stream:
            data = stream.read()
        return archives.load_dictionary(data, what=name)
    except OSError as error:
        why, values = reason_of(error), (said_by(error),)
        gaps.append(Gap(GapSubject.BACKUP_FILE, name, why, hides, fault=True, part=name, values=values))
    except UnreadableArchiveError as error:
        gaps.append(unreadable(GapSubject.BACKUP_FILE, name, error, *hides, part=name))
    return {}


def _state(path: Path) -> os.stat_result | None:
    """What the system says of a file, links not followed; None where there is none. Raises OSError."""
    try:
        return path.lstat()
    except OSError as error:
        if is_absent(error):
            return None
        raise


def _text(value: object) -> str | None:
    return value[: limits.CELL_CHARACTERS] if isinstance(value, str) and value else None


def _data(value: object) -> bytes | None:
    return value if isinstance(value, bytes) and value else None


def _truth(value: object) -> bool | None:
    return bool(value) if isinstance(value, bool | int) else None
