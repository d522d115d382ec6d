"""Which assets may be of FaceTime, as queries of the working database; what they give is looked at closely."""

from __future__ import annotations

from collections.abc import Iterable

from recovery import limits
from recovery.case.store import WorkingDatabase
from recovery.photos_db.camera_roll_paths import FileRole, MediaPathPart
from recovery.photos_db.codes import CAMERA, OF_THE_SCREEN, KindCode, TrashedState
from recovery.source.blobs import BlobState

CHOSEN = "SELECT pk FROM chosen"
"""Numbers of the rows that were chosen."""
LOOKED_AT = "SELECT pk FROM looked_at"
"""Numbers of the rows whose files are looked at: chosen ones, and those of which only the files can tell more."""
UNDESCRIBED = f"""part = '{MediaPathPart.ORIGINAL}' AND attributes IS NULL AND owner IS NULL AND NOT EXISTS
  (SELECT 1 FROM asset WHERE asset.folder = file.folder AND asset.stem = file.stem)"""
"""Originals of which neither a row nor an attribute tells anything."""

_CAMERA = ", ".join(f"{code:d}" for code in sorted(CAMERA))
# A Live Photo that the camera did not take, or something stored that a FaceTime rule could fire on.
_PROMISING = f"""SELECT pk FROM asset WHERE speaks OR ((live OR kind_subtype IS NULL)
                                                    AND (imported_by IS NULL OR imported_by NOT IN ({_CAMERA})))
                 UNION SELECT owner FROM file WHERE owner IS NOT NULL AND speaks"""
_SCREEN = ", ".join(f"{code:d}" for code in sorted(OF_THE_SCREEN))
# What `could_be_facetime_by_size` may accept, as far as the row tells.
_SMALL = f"""SELECT pk FROM asset
             WHERE (imported_by IS NULL OR imported_by NOT IN ({_CAMERA}))
               AND (kind_subtype IS NULL OR kind_subtype NOT IN ({_SCREEN}))
               AND coalesce(width, 0) <= {limits.FACETIME_LONG_SIDE}
               AND coalesce(height, 0) <= {limits.FACETIME_LONG_SIDE}
               AND NOT (kind IS {KindCode.VIDEO:d} AND coalesce(duration, 0) > {limits.FACETIME_SECONDS})
               AND EXISTS (SELECT 1 FROM file WHERE owner = pk AND part = '{MediaPathPart.ORIGINAL}')"""
# A thumbnail is all that may be left of the photo.
_NOT_WHOLE = f"""SELECT owner FROM file WHERE owner IS NOT NULL AND part = '{MediaPathPart.THUMBNAIL}' AND NOT EXISTS
                   (SELECT 1 FROM file AS own WHERE own.owner = file.owner AND own.part = '{MediaPathPart.ORIGINAL}'
                      AND (own.role IS NULL OR own.role IN ('{FileRole.STILL}', '{FileRole.VIDEO}'))
                      AND own.state = '{BlobState.PRESENT}')"""
_STATED = ("uuid", "created", "original_filename", "trashed_state", "hidden")
# What is asked of every asset, and what a row alone cannot say: files may tell what it does not store.
_NOT_BY_ROW_ALONE = f"""SELECT pk FROM asset WHERE hidden OR trashed_state <> {TrashedState.NOT:d}
                          OR {" OR ".join(f"{name} IS NULL OR {name} = ''" for name in _STATED)}
                          OR NOT EXISTS (SELECT 1 FROM file WHERE owner = pk AND part = '{MediaPathPart.ORIGINAL}'
                                         AND role IS NOT '{FileRole.ADJUSTMENTS}')"""


def choose_candidates(store: WorkingDatabase, originals: Iterable[str], identifiers: Iterable[str]) -> None:
    """Choose the rows that may be of FaceTime, also through copies in Messages of these files or identifiers."""
    store.change("CREATE TABLE chosen (pk INTEGER PRIMARY KEY)")
    store.change(f"INSERT INTO chosen {_PROMISING}")
    copied = "INSERT OR IGNORE INTO chosen SELECT {} FROM {} WHERE {} IS NOT NULL AND {} = ?"
    store.add(copied.format("owner", "file", "owner", "file_id"), ((name,) for name in originals))
    for identifier in identifiers:
        store.change(copied.format("owner", "file", "owner", "identifier"), (identifier,))
        store.change(copied.format("pk", "asset", "pk", "identifier"), (identifier,))


def choose_remarkable(store: WorkingDatabase) -> None:
    """Choose also the rows of which more is to be said than that they are there."""
    store.change(f"INSERT OR IGNORE INTO chosen {_NOT_BY_ROW_ALONE}")


def choose_looked_at(store: WorkingDatabase, *, survivors: bool) -> None:
    """Choose the rows whose files are looked at: candidates, small pictures and videos that may carry marks and,
    with `survivors`, those of whose photo only thumbnails are here.
    """
    store.change("CREATE TABLE looked_at (pk INTEGER PRIMARY KEY)")
    for rows in (CHOSEN, _SMALL, *((_NOT_WHOLE,) if survivors else ())):
        store.change(f"INSERT OR IGNORE INTO looked_at {rows}")
