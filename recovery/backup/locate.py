"""Find backups: the usual folders of this computer, or the one backup a path, UDID or device name means."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recovery import limits
from recovery.backup.identity import (
    INFO,
    MANIFEST,
    MANIFEST_DATABASE,
    STATUS,
    UDID_FOLDER,
    Identity,
    read_identity,
)
from recovery.backup.view import access_denied
from recovery.errors import AmbiguousBackupError, BackupNotFoundError
from recovery.provenance import Gap, Reading
from recovery.system_files import from_system

_MARKS = (MANIFEST_DATABASE, MANIFEST, INFO, STATUS)


@dataclass(frozen=True, slots=True)
class FoundBackup:
    """One backup folder and who it is; `size` is the sum of all its files in bytes, None when not asked for."""

    identity: Identity
    size: int | None = None


def default_roots(
    environment: Mapping[str, str] = os.environ, platform: str = sys.platform, home: Path | None = None
) -> tuple[Path, ...]:
    """Where Finder, iTunes and Apple Devices keep backups on this kind of computer.

    Windows has two places: iTunes from Apple's site, and the Store's iTunes or Apple Devices.
    """
    home = home or Path.home()
    if platform == "darwin":
        return (home / "Library/Application Support/MobileSync/Backup",)
    if platform in ("win32", "cygwin"):
        roaming = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
        profile = Path(environment.get("USERPROFILE") or home)
        return (
            roaming / "Apple Computer" / "MobileSync" / "Backup",
            profile / "Apple" / "MobileSync" / "Backup",
        )
    return ()


def is_backup(folder: Path) -> bool:
    """Whether a folder looks like a backup: Manifest.db, or another mark in a folder named as backups are."""
    if (folder / MANIFEST_DATABASE).is_file():
        return True
    marks = sum((folder / mark).is_file() for mark in _MARKS)
    return marks >= 2 or (marks == 1 and UDID_FOLDER.fullmatch(folder.name) is not None)


def find_backups(roots: tuple[Path, ...], *, with_size: bool = False) -> Reading[FoundBackup]:
    """The backups in the given folders, one level deep; a folder the system hides becomes a gap."""
    found: list[FoundBackup] = []
    gaps: list[Gap] = []
    for root in roots:
        try:
            candidates = _candidates(root)
        except OSError:
            gaps.append(_refused(root))
            continue
        for folder in candidates:
            try:
                if is_backup(folder):
                    size = folder_size(folder) if with_size else None
                    found.append(FoundBackup(read_identity(folder), size))
            except OSError:
                gaps.append(_refused(folder))
    return Reading(tuple(found), tuple(gaps))


def _refused(folder: Path) -> Gap:
    refusal = access_denied(folder)
    return Gap("backups", str(folder), f"{refusal} {refusal.hint}", ("backups there",), fault=True)


def _candidates(root: Path) -> list[Path]:
    """The folder itself when it is a backup, else the folders in it; raises OSError for one that is not shown."""
    if is_backup(root):
        return [root]
    if not root.is_dir():
        return []
    with os.scandir(root) as items:
        names = sorted(item.name for item in items if item.is_dir(follow_symlinks=False))
    return [root / name for name in names[: limits.BACKUP_CANDIDATES]]


def folder_size(folder: Path) -> int:
    """Sum of the sizes of all files below a folder, in bytes; links are not followed, unreadable parts skipped."""
    total = 0
    for directory, _, files in os.walk(folder):
        for name in files:
            try:
                total += (Path(directory) / name).lstat().st_size
            except OSError:
                continue
    return total


def locate(wanted: str, roots: tuple[Path, ...]) -> Path:
    """The one backup folder that a text means.

    The text is a backup folder, its parent, its Manifest.db, a UDID or unique start of one, or a device name
    (looked for in `roots`). Raises BackupNotFoundError, AmbiguousBackupError or AccessDeniedError; never guesses.
    """
    path = Path(wanted)
    try:
        path = path.expanduser()
        if path.name in _MARKS and path.is_file():
            path = path.parent
        if path.is_dir():
            return _in_folder(path)
    except PermissionError as error:
        raise access_denied(path) from error
    except (OSError, RuntimeError):  # a name too long for any file, or the home of somebody unknown
        pass
    return _by_name(from_system(wanted), roots)


def _in_folder(path: Path) -> Path:
    if is_backup(path):
        return path.absolute()
    inside = [folder for folder in _candidates(path) if _shows_a_backup(folder)]
    if not inside:
        raise BackupNotFoundError(
            f"There is no backup in {path}.",
            "A backup folder holds Manifest.db and hundreds of folders with two-letter names; "
            "`recover-facetime backups` lists those of this computer.",
        )
    if len(inside) > 1:
        raise _ambiguous(str(path), [read_identity(folder) for folder in inside])
    return inside[0].absolute()


def _shows_a_backup(folder: Path) -> bool:
    """Whether a folder is a backup, as far as the system shows it."""
    try:
        return is_backup(folder)
    except OSError:
        return False


def _by_name(wanted: str, roots: tuple[Path, ...]) -> Path:
    known = [found.identity for found in find_backups(roots)]
    for fits in (_is_named, _starts_udid):
        matching = [identity for identity in known if fits(identity, wanted)]
        if len(matching) == 1:
            return matching[0].folder.absolute()
        if matching:
            raise _ambiguous(wanted, matching)
    places = ", ".join(str(root) for root in roots) or "no usual folder on this system"
    raise BackupNotFoundError(
        f"No backup is called {wanted!r}, and there is no such folder (looked in: {places}).",
        "Give the path of the backup folder; `recover-facetime backups` lists those of this computer.",
    )


def _is_named(identity: Identity, wanted: str) -> bool:
    names = (identity.folder.name, identity.udid or "", identity.device_name or "")
    return wanted.casefold() in (name.casefold() for name in names if name)


def _starts_udid(identity: Identity, wanted: str) -> bool:
    names = (identity.folder.name, identity.udid or "")
    return len(wanted) >= 4 and any(name.casefold().startswith(wanted.casefold()) for name in names)


def _ambiguous(wanted: str, matching: list[Identity]) -> AmbiguousBackupError:
    lines = tuple(
        f"{identity.folder}  ({identity.device}, {identity.backup_date:%Y-%m-%d})"
        if identity.backup_date
        else f"{identity.folder}  ({identity.device})"
        for identity in matching
    )
    return AmbiguousBackupError(
        f"{wanted!r} fits {len(matching)} backups.", "Give the whole path of one of them.", lines
    )
