"""Up to which moment the dates of a backup can be real: a later one is a placeholder or a mistake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from recovery import clock
from recovery.case.store import WorkingDatabase
from recovery.photos_db import library
from recovery.source.backup_view import BackupView

_FEWEST = 3
"""So many photos at least must be later than the backup's date before they count for more than it does."""


def latest_date(view: BackupView, store: WorkingDatabase) -> datetime | None:
    """When the backup was made by its latest date: of its property lists, or of the library's files.

    None without any, and where most photos are later still: then the computer's clock was wrong, not theirs.
    """
    libraries = (view.index.lookup(library.DOMAIN, library.DATABASE + suffix) for suffix in ("", "-wal"))
    dates = [view.identity.latest_date, *(entry.modified for entry in libraries if entry is not None)]
    latest = max((date for date in dates if date is not None and not clock.is_constant(date)), default=None)
    return None if latest is None or _most_are_later(store, latest + clock.CLOCKS_DIFFER) else latest


def _most_are_later(store: WorkingDatabase, moment: datetime) -> bool:
    photos = map(clock.from_cocoa, _cells(store, "SELECT created FROM asset"))
    files = map(clock.from_unix, _cells(store, "SELECT birth FROM file"))
    for moments in (photos, files):
        dates = [date for date in moments if date is not None and not clock.is_constant(date)]
        if dates:
            later = sum(date > moment for date in dates)
            return later >= _FEWEST and later * 2 > len(dates)
    return False


def _cells(store: WorkingDatabase, sql: str) -> Iterator[object]:
    return (cell for (cell,) in store.run(sql))
