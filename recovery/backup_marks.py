"""Which folder is a backup, told by the files that every backup has; also whether a path lies inside one."""

from __future__ import annotations

import os
import re
from pathlib import Path

from recovery.filesystem import is_file, is_folder

INFO, MANIFEST, STATUS = "Info.plist", "Manifest.plist", "Status.plist"
MANIFEST_DATABASE = "Manifest.db"
SNAPSHOT = "Snapshot"
"""Where a backup that is being made keeps its lists and new blobs until it is finished."""
OLD_LIST = "Manifest.mbdb"
"""The list of files before iOS 10."""
MARKS = (MANIFEST_DATABASE, MANIFEST, INFO, STATUS)
UNPACKED = ("CameraRollDomain", "MediaDomain", "HomeDomain")
"""Folders of a backup that another program has unpacked: the files lie there under their own names."""
UDID_FOLDER = re.compile(r"([0-9A-Fa-f]{40}|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{16})(-\d{8}-\d{6})?")
"""40 hexadecimal digits, or since 2018 eight, a dash and sixteen; dated copies carry -YYYYMMDD-HHMMSS behind."""


def is_backup(folder: Path) -> bool:
    """Whether a folder looks like a backup: a list of files, or another mark in a folder named as backups are.

    A first backup that was interrupted has its list in Snapshot only. Raises OSError where the system refuses to
    show the folder.
    """
    if any(is_file(folder / name) for name in (MANIFEST_DATABASE, OLD_LIST)):
        return True
    if folder.name != SNAPSHOT and is_file(folder / SNAPSHOT / MANIFEST_DATABASE):
        return True
    marks = sum(is_file(folder / mark) for mark in MARKS)
    return marks >= 2 or (marks == 1 and UDID_FOLDER.fullmatch(folder.name) is not None)


def is_unpacked(folder: Path) -> bool:
    """Whether files of a backup lie in a folder under their own names; where the system refuses to say it is not."""
    try:
        return any(is_folder(folder / name, follow_links=False) for name in UNPACKED)
    except OSError:
        return False


def enclosing_backup(path: Path) -> Path | None:
    """The backup that a path is or lies in, links resolved; raises OSError where the system does not show it."""
    here = Path(os.path.realpath(path))
    return next((folder for folder in (here, *here.parents) if is_backup(folder)), None)
