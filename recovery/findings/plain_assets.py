"""The short road to an asset of which only its row and its files tell: so it is with nearly all of a library.

It gives what the long road in assets.py gives, which a test proves, and leaves everything that is not plain to it.
Which fields a row has and where they stand is the same for most rows, and found out once for all alike.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from recovery import limits
from recovery.case import Case
from recovery.findings.asset_files import files_of, live_photo_of, notes_of
from recovery.findings.calls import CallFinder
from recovery.findings.ghosts import Pictures
from recovery.findings.model import Asset, Basis, FieldSources, Kind
from recovery.findings.status import cloud_of, decide
from recovery.findings.verdict import facetime_of
from recovery.photos import codes
from recovery.photos.attributes import FileAttributes
from recovery.photos.facetime import NOTHING_FIRED
from recovery.photos.grouping import Group
from recovery.photos.library import DATABASE
from recovery.photos.traces import Places, is_live, is_quiet, row_place

_NOT_FACETIME = facetime_of(NOTHING_FIRED)


class _Stated(NamedTuple):
    """A fact of the row and its type, the field it is a source of, and the file attribute that repeats it."""

    fact: str
    form: type
    field: str
    attribute: str


_STATED = tuple(
    _Stated(fact, form, field or fact, attribute or field or fact)
    for fact, form, field, attribute in (
        ("uuid", str, "", ""),
        ("created", datetime, "", ""),
        ("added", datetime, "", ""),
        ("original_filename", str, "", ""),
        ("timezone", str, "", ""),
        ("timezone_offset", int, "", ""),
        ("width", int, "", ""),
        ("height", int, "", ""),
        ("latitude", float, "", ""),
        ("longitude", float, "", ""),
        ("favorite", int, "", ""),
        ("hidden", int, "", ""),
        ("trashed_state", int, "trashed", ""),
        ("title", str, "", ""),
        ("caption", str, "", ""),
        ("creator_bundle", str, "", ""),
        ("cloud_guid", str, "cloud_identifier", "cloud_uuid"),
        ("media_group_uuid", str, "", ""),
    )
)
_VALUES = attrgetter(*(stated.fact for stated in _STATED))
_OF_HALVES = "media_group_uuid"
"""Asked for of Live Photos only."""


class _Plan(NamedTuple):
    """For all rows that store the same fields: where they stand, and what attributes must not tell instead."""

    sources: tuple[tuple[str, str], ...]
    others: Callable[[FileAttributes], Any] | None
    nothing: Any
    """What `others` gives where the attributes tell nothing of it."""


def _plan(kinds: tuple[type, ...], live: bool, places: Places) -> _Plan | None:
    sources, others = [], []
    for stated, kind in zip(_STATED, kinds, strict=True):
        if stated.fact == _OF_HALVES and not live:
            continue
        if kind is type(None):
            if stated.attribute in FileAttributes._fields:
                others.append(stated.attribute)
        elif issubclass(kind, stated.form):
            sources.append((stated.field, row_place(stated.fact, places)))
        else:
            return None
    nothing = (None,) * len(others) if len(others) > 1 else None
    return _Plan(tuple(sorted(sources)), attrgetter(*others) if others else None, nothing)


class PlainAssets:
    """Makes assets of groups that are plain; everything given once is that of the case."""

    def __init__(self, case: Case, pictures: Pictures, finder: CallFinder) -> None:
        self._library = case.library
        self._made = case.identity.backup_date
        self._pictures = pictures
        self._call_at = finder.at
        self._plans: dict[tuple[bool, tuple[type, ...]], _Plan | None] = {}

    def asset(self, group: Group) -> Asset | None:
        """The asset of a group of which no ghost and no copy is known; None where it is not plain."""
        row, library = group.row, self._library
        if row is None or library is None or row.kind is None or row.trashed_state or not is_quiet(group):
            return None
        values, live = _VALUES(row), is_live(group)
        plan = self._known(tuple(map(type, values)), live, library.places)
        if plan is None or "" in values or not _silent(group, plan):
            return None
        (uuid, created, added, original_filename, timezone, timezone_offset, width, height, latitude, longitude,
         favorite, hidden, trashed_state, title, caption, bundle, cloud_guid, identifier) = values  # fmt: skip
        if self._call_at(created, added) is not None:
            return None
        kind = Kind.LIVE_PHOTO if live else Kind.VIDEO if row.kind == codes.KindCode.VIDEO else Kind.PHOTO
        files = files_of(group.files, kind)
        if uuid is not None:
            files += self._pictures(uuid.upper())
        resources = library.resources.get(row.pk, ())
        decision = decide(kind, files, row, resources)
        return Asset(
            uuid,
            Basis.PHOTOS_DATABASE,
            kind,
            decision.status,
            decision.reason,
            row.directory,
            row.filename,
            original_filename,
            created,
            added,
            timezone,
            timezone_offset,
            width,
            height,
            None if latitude == codes.NO_PLACE else latitude,
            None if longitude == codes.NO_PLACE else longitude,
            None if favorite is None else bool(favorite),
            None if hidden is None else bool(hidden),
            None if trashed_state is None else False,
            None,
            None,
            None,
            _NOT_FACETIME,
            live_photo_of(group, files, identifier) if live else None,
            cloud_of(row, resources, self._made),
            title,
            caption,
            library.keywords.get(row.pk, ()),
            library.albums.get(row.pk, ()),
            library.persons.get(row.pk, ()),
            bundle,
            cloud_guid,
            tuple(files),
            tuple(notes_of(group, live, files)),
            FieldSources(DATABASE, row.pk, plan.sources),
        )

    def _known(self, kinds: tuple[type, ...], live: bool, places: Places) -> _Plan | None:
        key = live, kinds
        if key in self._plans:
            return self._plans[key]
        plan = _plan(kinds, live, places)
        if len(self._plans) < limits.ROW_PLANS:
            self._plans[key] = plan
        return plan


def _silent(group: Group, plan: _Plan) -> bool:
    """Whether no file's attributes tell what the row does not."""
    others = plan.others
    if others is None:
        return True
    return all(file.attributes is None or others(file.attributes) == plan.nothing for _, file in group.files)
