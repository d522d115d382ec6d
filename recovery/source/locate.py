"""Find backups: the usual folders of this computer, or the one backup a path, UDID or device name means."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recovery import limits
from recovery.backup_marks import SNAPSHOT, is_unpacked
from recovery.backup_marks import is_backup as is_backup
from recovery.errors import AmbiguousBackupError, BackupNotFoundError
from recovery.filesystem import is_file, is_folder, mode_of
from recovery.gap_codes import GapSubject
from recovery.provenance import Gap, Reading, unreadable
from recovery.refusals import reason_of, refused, said_by
from recovery.source import reading
from recovery.source.file_lists import folder_refused, is_encrypted
from recovery.source.identity import Identity, read_identity
from recovery.system_files import from_system

_DEPTH = 4
"""How many folders a backup may lie below the one that is named, and how many above what lies in a backup."""
_INSIDE = re.compile(f"[0-9A-Fa-f]{{2}}|{SNAPSHOT}")
"""Folders of a backup itself; there is no need to look for backups in them."""
_APOSTROPHES = dict.fromkeys(map(ord, "\u2018\u2019\u201b\u02bc\u0060\u00b4\u2032\uff07"), "'")
_QUOTES = dict.fromkeys(map(ord, "\u201c\u201d\u201e\u201f\u00ab\u00bb"), '"')
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
_ARCHIVES = (
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!", "a RAR archive"),
    (257, b"ustar", "a TAR archive"),
)
_LIST_THEM = "`recover-facetime backups` lists the backups of this computer."


@dataclass(frozen=True, slots=True)
class FoundBackup:
    """One backup folder and who it is; `size` is the sum of all its files in bytes, None when not asked for.

    `encrypted` is what its bytes say, as in every command; None where they do not tell.
    """

    identity: Identity
    size: int | None = None
    encrypted: bool | None = None


def default_roots(
    environment: Mapping[str, str] = os.environ, platform: str = sys.platform, home: Path | None = None
) -> tuple[Path, ...]:
    """Where Finder, iTunes and Apple Devices keep backups on this kind of computer.

    Windows has two places: iTunes from Apple's site, and the Store's iTunes or Apple Devices. A place that depends
    on a home folder is left out when the system knows none.
    """
    home = home or _home()
    if platform == "darwin":
        return (home / "Library/Application Support/MobileSync/Backup",) if home else ()
    if platform in ("win32", "cygwin"):
        roaming, profile = environment.get("APPDATA"), environment.get("USERPROFILE")
        itunes = Path(roaming) if roaming else home and home / "AppData" / "Roaming"
        store = Path(profile) if profile else home
        places = (
            itunes and itunes / "Apple Computer" / "MobileSync" / "Backup",
            store and store / "Apple" / "MobileSync" / "Backup",
        )
        return tuple(place for place in places if place)
    return ()


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def find_backups(roots: tuple[Path, ...], *, with_size: bool = False) -> Reading[FoundBackup]:
    """The backups in the given folders, up to four levels down; a folder the system hides becomes a gap."""
    found: list[FoundBackup] = []
    gaps: list[Gap] = []
    for root in roots:
        for folder in _backups_below(root, gaps):
            size = folder_size(folder) if with_size else None
            identity = read_identity(folder)
            found.append(FoundBackup(identity, size, is_encrypted(identity)))
    return Reading(tuple(found), tuple(gaps))


def _refused(folder: Path, error: OSError) -> Gap:
    return unreadable(GapSubject.BACKUPS, str(folder), refused(error), "backups there")


def _backups_below(root: Path, gaps: list[Gap]) -> Iterator[Path]:
    """Backups in and below a folder, in the order of their paths; links to folders are followed once each."""
    waiting, seen = [(root, 0)], set[Path]()
    while waiting:
        folder, depth = waiting.pop()
        try:
            real = folder.resolve()
            if real in seen or len(seen) >= limits.BACKUP_CANDIDATES:
                continue
            seen.add(real)
            if is_backup(folder):
                yield folder
            elif depth < _DEPTH and is_folder(folder):
                waiting.extend((inner, depth + 1) for inner in reversed(_folders_in(folder)))
        except OSError as error:
            gaps.append(_refused(folder, error))


def _folders_in(folder: Path) -> list[Path]:
    with reading.listed(folder) as items:
        names = sorted(item.name for item in items if not _INSIDE.fullmatch(item.name) and _is_folder(item))
    return [folder / name for name in names]


def _is_folder(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link to what the system hides
        return False


def folder_size(folder: Path) -> int:
    """Sum of the sizes of all files below a folder, in bytes; links are not followed, unreadable parts skipped."""
    total, waiting = 0, [folder]
    while waiting:
        here = waiting.pop()
        try:
            with reading.listed(here) as items:
                for item in items:
                    if item.is_dir(follow_symlinks=False):
                        waiting.append(here / item.name)
                    else:
                        with suppress(OSError):
                            total += item.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


def locate(wanted: str, roots: tuple[Path, ...]) -> Path:
    """The one backup folder that a text means.

    The text is a backup folder, a link to it, something in it, a folder up to four levels above it, its UDID or a
    unique start of that, or a device name (looked for in `roots`); quotes and backslashes of a shell may be left
    in it. Raises BackupNotFoundError, AmbiguousBackupError, AccessDeniedError or SystemReadError; never guesses.
    """
    for spelling in _spellings(wanted):
        path = Path(spelling)
        try:
            path = path.expanduser()
            if mode_of(path) is not None:
                return _at(path.resolve())
        except RuntimeError:  # the home of somebody unknown
            continue
        except OSError as error:
            raise folder_refused(path, reason_of(error), said_by(error)) from error
    return _by_name(from_system(wanted), roots)


def _spellings(wanted: str) -> Iterator[str]:
    """The text as given, then without what a shell or a copied path may have left around and in it."""
    yield wanted
    bare = wanted.strip()
    if len(bare) > 2 and bare[0] == bare[-1] and bare[0] in "\"'":
        bare = bare[1:-1]
    yield bare
    if os.sep != "\\":
        yield re.sub(r"\\(.)", r"\1", bare)


def _at(path: Path) -> Path:
    """The backup that is, holds or lies below what was named."""
    for folder in (path, *path.parents[:_DEPTH]):
        if is_backup(folder) and not (folder.name == SNAPSHOT and is_backup(folder.parent)):
            return folder
    if not is_folder(path):
        raise BackupNotFoundError(*_no_backup_but(path))
    gaps: list[Gap] = []
    inside = list(_backups_below(path, gaps))
    if not inside and gaps:  # a backup may be where it cannot be looked for
        raise folder_refused(Path(gaps[0].where), gaps[0].why, str(gaps[0].values[0]))
    if not inside and is_unpacked(path):
        raise BackupNotFoundError(
            f"{path} is an unpacked backup: its files lie there under their own names, which is not read.",
            "Give the backup folder that it was unpacked from.",
        )
    if not inside:
        raise BackupNotFoundError(
            f"There is no backup in {path} or up to {_DEPTH} folders below it.",
            f"A backup folder holds Manifest.db and hundreds of folders with two-letter names; {_LIST_THEM}",
        )
    if len(inside) > 1:
        raise _ambiguous(str(path), [read_identity(folder) for folder in inside])
    return inside[0].resolve()


def _no_backup_but(path: Path) -> tuple[str, str]:
    """What a file is that is no backup, and what to do."""
    kind = _archive_kind(path)
    if kind is not None:
        return f"{path} is {kind}, not a backup folder.", "Unpack it, then give the folder that came out of it."
    return f"{path} is a file that is no part of a backup.", f"Give the folder of the backup; {_LIST_THEM}"


def _archive_kind(path: Path) -> str | None:
    if not is_file(path):
        return None
    with reading.open_file(path) as stream:
        head = stream.read(512)
    return next((kind for at, magic, kind in _ARCHIVES if head[at : at + len(magic)] == magic), None)


def _by_name(wanted: str, roots: tuple[Path, ...]) -> Path:
    listing = find_backups(roots)
    known = [found.identity for found in listing]
    for fits in (_is_named, _starts_udid):
        matching = [identity for identity in known if fits(identity, wanted)]
        if len(matching) == 1:
            return matching[0].folder.resolve()
        if matching:
            raise _ambiguous(wanted, matching)
    if listing.gaps and not known:
        gap = listing.gaps[0]
        raise folder_refused(Path(gap.where), gap.why, str(gap.values[0]))
    places = ", ".join(str(root) for root in roots) or "no usual folder on this system"
    raise BackupNotFoundError(
        f"No backup is called {wanted!r}, and there is no such folder (looked in: {places}).",
        f"Give the path of the backup folder, in quotes where it holds blanks; {_LIST_THEM}",
    )


def simplified_name(name: str) -> str:
    """A name as people type it: one form of Unicode, apostrophe, dash and blank, letter case aside."""
    text = unicodedata.normalize("NFKC", name).translate(_APOSTROPHES | _QUOTES | _DASHES)
    return " ".join(unicodedata.normalize("NFKC", text.casefold()).split())


def _is_named(identity: Identity, wanted: str) -> bool:
    names = (identity.folder.name, identity.udid or "", identity.device_name or "")
    return simplified_name(wanted) in (simplified_name(name) for name in names if name)


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
