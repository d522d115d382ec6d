"""Who and what a backup is, as Info.plist, Manifest.plist and Status.plist tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from recovery import clock, limits
from recovery.backup_marks import INFO as INFO
from recovery.backup_marks import MANIFEST as MANIFEST
from recovery.backup_marks import MANIFEST_DATABASE as MANIFEST_DATABASE
from recovery.backup_marks import STATUS as STATUS
from recovery.backup_marks import UDID_FOLDER
from recovery.errors import UnreadableArchiveError
from recovery.formats import property_list as archives
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap, unreadable
from recovery.source import reading

_FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Identity:
    """The facts of the three property lists; None where none of them tells it."""

    folder: Path
    udid: str | None
    device_name: str | None
    product_type: str | None
    ios_version: str | None
    build: str | None
    serial_number: str | None
    backup_date: datetime | None
    """End of the backup (Info.plist), else its start (Status.plist)."""
    encrypted: bool | None
    complete: bool | None
    """True only when Status.plist says "finished"; None without a readable Status.plist."""
    full: bool | None
    snapshot_state: str | None
    key_bag: bytes | None = field(repr=False)
    manifest_key: bytes | None = field(repr=False)
    latest_date: datetime | None = None
    """The latest of the dates that the three property lists state for the backup, placeholders apart."""
    gaps: tuple[Gap, ...] = ()

    @property
    def device(self) -> str:
        """Device name for people: the given name, else the model, else the folder's name."""
        return self.device_name or self.product_type or self.folder.name


def read_identity(folder: Path) -> Identity:
    """Read the three property lists of a backup folder; what is missing or unreadable becomes a gap."""
    gaps: list[Gap] = []
    info = _read(folder, INFO, ("device name", "backup date"), gaps)
    manifest = _read(folder, MANIFEST, ("whether the backup is encrypted",), gaps)
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
        encrypted=_truth(manifest.get("IsEncrypted")),
        complete=None if state is None else state == _FINISHED,
        full=_truth(status.get("IsFullBackup")),
        snapshot_state=state,
        key_bag=_data(manifest.get("BackupKeyBag")),
        manifest_key=_data(manifest.get("ManifestKey")),
        gaps=tuple(gaps),
    )


def _read(folder: Path, name: str, hides: tuple[str, ...], gaps: list[Gap]) -> Mapping[str, object]:
    path = folder / name
    try:
        if path.is_symlink() or not path.is_file():
            gaps.append(Gap(GapSubject.BACKUP_FILE, name, GapReason.NOT_IN_FOLDER, hides, part=name))
            return {}
        if path.stat().st_size > limits.PLIST_BYTES:
            raise UnreadableArchiveError(f"{name} is larger than any real one.")
        with reading.open_file(path) as stream:
            data = stream.read()
        return archives.load_dictionary(data, what=name)
    except OSError as error:
        why = GapReason.REFUSED_BY_SYSTEM
        values = (str(error.strerror),)
        gaps.append(Gap(GapSubject.BACKUP_FILE, name, why, hides, fault=True, part=name, values=values))
    except UnreadableArchiveError as error:
        gaps.append(unreadable(GapSubject.BACKUP_FILE, name, error, *hides, part=name))
    return {}


def _text(value: object) -> str | None:
    return value[: limits.CELL_CHARACTERS] if isinstance(value, str) and value else None


def _data(value: object) -> bytes | None:
    return value if isinstance(value, bytes) and value else None


def _truth(value: object) -> bool | None:
    return bool(value) if isinstance(value, bool | int) else None
