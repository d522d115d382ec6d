"""Notes of dates that stand for none; `Asset.real_created` and its neighbours leave such dates out."""

from __future__ import annotations

from datetime import datetime

from recovery.analysis.reasons import Note, NoteCode
from recovery.clock import is_placeholder

NOT_TRASHED_THEN = Note(NoteCode.PLACEHOLDER_TRASHED)


def placeholder_notes(
    latest: datetime | None,
    created: datetime | None,
    added: datetime | None = None,
    trashed_at: datetime | None = None,
) -> tuple[Note, ...]:
    """A note for each date that is a placeholder in a backup whose dates reach to `latest`."""
    dates = (
        (created, Note(NoteCode.PLACEHOLDER_DATE)),
        (added, Note(NoteCode.PLACEHOLDER_ADDED)),
        (trashed_at, NOT_TRASHED_THEN),
    )
    return tuple(note for date, note in dates if is_placeholder(date, latest))
