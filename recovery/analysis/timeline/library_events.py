"""Events told by the library's own history: who added, changed, trashed and deleted an asset, and when."""

from __future__ import annotations

from collections.abc import Iterator

from recovery.analysis.model import Asset
from recovery.analysis.timeline.event import SAME_MOMENT, Detail, Event, EventCode, by, details, named, of_asset
from recovery.case import Case
from recovery.photos_db.changes.changed_properties import Told, told_changes
from recovery.photos_db.changes.history import ChangeKind, HistoryEvent

_TOLD = {
    Told.FAVORITE: (EventCode.FAVORITE_CHANGED, "its mark as a favourite was set or taken away"),
    Told.HIDDEN: (EventCode.HIDDEN_CHANGED, "it was hidden or shown again"),
    Told.EDITED: (EventCode.EDITED, "it was edited, or an edit was taken back"),
    Told.CLOUD: (EventCode.CLOUD_CHANGED, "what the library notes of its copy in iCloud changed"),
}
_MOVES = {
    ChangeKind.TRASHED: (EventCode.TRASHED, "moved to Recently Deleted"),
    ChangeKind.RESTORED: (EventCode.RESTORED, "moved back out of Recently Deleted"),
    ChangeKind.TRASH_CHANGED: (EventCode.TRASH_CHANGED, "moved to Recently Deleted or back; nothing tells which"),
    ChangeKind.DELETED: (EventCode.DELETED, "permanently deleted"),
}


def change_events(asset: Asset, change: HistoryEvent) -> Iterator[Event]:
    """What one change means to people; an update may be several things, or nothing they know."""
    for code, text in _told(asset, change):
        yield of_asset(asset, change.at, code, text, change.source, _detail(change))


def nameless_deletions(case: Case) -> Iterator[Event]:
    """Deletions of which the history kept not even the UUID."""
    for gone in case.traces.history.deleted if case.traces.history else ():
        if gone.uuid is None:
            who = by(gone.client, gone.deletion.activity)
            text = f"a photo or video was permanently deleted{who}; nothing tells which"
            detail = (("number", str(gone.asset_pk)), *_detail(gone.deletion))
            yield Event(gone.deleted_at, EventCode.DELETED, text, gone.source, detail=detail)


def _told(asset: Asset, change: HistoryEvent) -> Iterator[tuple[EventCode, str]]:
    who = by(change.client, change.activity)
    if change.kind is ChangeKind.INSERTED:
        yield _insertion(asset, change, who)
    elif change.kind in _MOVES:
        code, text = _MOVES[change.kind]
        yield code, f"{text}{who}{f': {change.reason}' if change.reason else ''}"
    elif told := told_changes(change.changed):
        yield from ((_TOLD[known][0], f"{_TOLD[known][1]}{who}") for known in told)
    else:
        names = ", ".join(sorted(change.changed or ()))
        what = f"changed ({names})" if names else "changed; the history does not tell what"
        yield EventCode.CHANGED, f"its entry in the library {what}{who}"


def _insertion(asset: Asset, change: HistoryEvent, who: str) -> tuple[EventCode, str]:
    if asset.added and change.at and abs(change.at - asset.added) > SAME_MOMENT:
        return EventCode.ENTRY_MADE, f"its entry in the library was made{who}"
    importer = asset.importer
    saved = f", saved by {named(importer)}" if importer and importer != change.client else ""
    during = ", during a FaceTime call" if asset.facetime.call and not asset.created else ""
    return EventCode.ADDED, f"added to the library{who}{saved}{during}"


def _detail(change: HistoryEvent) -> Detail:
    return details(
        client=change.client,
        activity=change.activity,
        context=change.context,
        author=change.author,
        bundle=change.bundle,
        process=change.process,
        reason=change.reason,
        changed=", ".join(change.changed) if change.changed else None,
    )
