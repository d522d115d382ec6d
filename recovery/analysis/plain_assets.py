"""The short road to an asset of which only its row and its files tell: so it is with nearly all of a library.

It gives what the long road in assets.py gives, which a test proves, and leaves everything that is not plain to it.
First comes an outline, all that is asked of every asset, and the rest for those that somebody looks at.
Which fields a row has and where they stand is the same for most rows, and found out once for all alike.
"""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from recovery import limits
from recovery.analysis.asset_files import files_of, live_photo_of, notes_of
from recovery.analysis.call_context import CallFinder
from recovery.analysis.deleted_assets import Pictures
from recovery.analysis.model import NOT_FACETIME, Asset, Basis, FieldSources, Kind
from recovery.analysis.outlines import Glance, Outline
from recovery.analysis.status import COMPLETE, cloud_of, decide, is_complete
from recovery.case import Case
from recovery.case.facetime_evidence import Places, attribute_source, is_live, is_quiet, row_place
from recovery.case.grouping import Group
from recovery.photos_db import codes
from recovery.photos_db.file_attributes import FileAttributes
from recovery.photos_db.library import DATABASE, AssetRow, PhotoLibrary
from recovery.provenance import Source


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
_LATE = frozenset(("timezone", "timezone_offset", "favorite", "title", "caption", "cloud_guid"))
"""Facts that no outline has: where the row does not store one, the attributes of a file may tell it later."""


class _Attributes:
    """Some attributes of a file by their names, and what they are where the file tells none of them."""

    def __init__(self, names: list[str]) -> None:
        self._of = attrgetter(*names) if names else None
        self._nothing = (None,) * len(names) if len(names) > 1 else None

    def tell(self, group: Group) -> bool:
        """Whether any file of a group tells any of them."""
        of = self._of
        if of is None:
            return False
        return any(file.attributes is not None and of(file.attributes) != self._nothing for _, file in group.files)


class Plan(NamedTuple):
    """For all rows that store the same fields: where they stand, and what else could tell those that are empty."""

    live: bool
    sources: tuple[tuple[str, str | Source], ...]
    early: _Attributes
    late: _Attributes
    empty: tuple[int, ...]
    """The late facts among these, by their place in `_STATED`."""


def _plan(kinds: tuple[type, ...], live: bool, places: Places) -> Plan | None:
    """None where a value is not of its type, which takes the long road."""
    sources: dict[str, str | Source] = {}
    early: list[str] = []
    empty: list[int] = []
    for index, (stated, kind) in enumerate(zip(_STATED, kinds, strict=True)):
        if stated.fact == _OF_HALVES and not live:
            continue
        if kind is not type(None):
            if not issubclass(kind, stated.form):
                return None
            sources[stated.field] = row_place(stated.fact, places)
        elif stated.fact in _LATE:
            empty.append(index)
        elif stated.attribute in FileAttributes._fields:
            early.append(stated.attribute)
    late = _Attributes([_STATED[index].attribute for index in empty])
    return Plan(live, _in_order(sources), _Attributes(early), late, tuple(empty))


def _from_files(
    group: Group, plan: Plan, values: tuple[Any, ...]
) -> tuple[tuple[Any, ...], tuple[tuple[str, str | Source], ...]]:
    """The values and their sources, with those late facts that only the attributes of a file tell."""
    found, sources = list(values), dict(plan.sources)
    for index in plan.empty:
        _, form, field, attribute = _STATED[index]
        for _, file in group.files:
            told = getattr(file.attributes, attribute, None)
            if isinstance(told, form):
                found[index], sources[field] = told, attribute_source(file, attribute)
                break
    return tuple(found), _in_order(sources)


def _in_order(sources: dict[str, str | Source]) -> tuple[tuple[str, str | Source], ...]:
    return tuple(sorted(sources.items(), key=itemgetter(0)))


class PlainAssets:
    """Makes assets of groups that are plain; everything given once is that of the case."""

    def __init__(self, case: Case, pictures: Pictures, finder: CallFinder) -> None:
        self._library = case.library
        self._made = case.identity.backup_date
        self._pictures = pictures
        self._call_at = finder.at
        self._plans: dict[tuple[bool, tuple[type, ...]], Plan | None] = {}

    def glance(self, group: Group) -> Glance | None:
        """What is asked of a photo without any sign of FaceTime; None where `outline` would be."""
        plain = self._plain(group)
        if plain is None:
            return None
        row, library, values, _ = plain
        uuid, created, _, original_filename = values[:4]
        cloud = cloud_of(row, library.resources.get(row.pk, ()), self._made)
        return Glance(uuid, row.directory, row.filename, original_filename, created, cloud)

    def outline(self, group: Group) -> Outline | None:
        """The asset of a group of which no ghost and no copy is known, in outline; None where it is not plain."""
        plain = self._plain(group)
        if plain is None:
            return None
        row, library, values, plan = plain
        uuid, created, _, original_filename = values[:4]
        kind = Kind.LIVE_PHOTO if plan.live else Kind.VIDEO if row.kind == codes.KindCode.VIDEO else Kind.PHOTO
        files = files_of(group.files, kind)
        whole = is_complete(kind, files)
        if not whole and uuid is not None:
            files += self._pictures(uuid.upper())
        resources = library.resources.get(row.pk, ())
        decision = COMPLETE if whole else decide(kind, files, row, resources)
        return Outline(
            group,
            uuid,
            kind,
            decision.status,
            decision.reason,
            row.directory,
            row.filename,
            original_filename,
            created,
            cloud_of(row, resources, self._made),
            tuple(files),
            whole,
            values,
            plan,
        )

    def _plain(self, group: Group) -> tuple[AssetRow, PhotoLibrary, tuple[Any, ...], Plan] | None:
        """Row, library, stated values and their plan of a group that is plain."""
        row, library = group.row, self._library
        if (
            row is None
            or library is None
            or row.kind is None
            or row.trashed_state
            or row.hidden
            or not is_quiet(group)
        ):
            return None
        values = _VALUES(row)
        plan = self._known(tuple(map(type, values)), is_live(group), library.places)
        if plan is None or "" in values or plan.early.tell(group):
            return None
        return None if self._call_at(values[1], values[2]) is not None else (row, library, values, plan)

    def asset(self, outline: Outline) -> Asset:
        """The whole asset."""
        group, library, plan = outline.group, self._library, outline.plan
        row = group.row
        assert row is not None and library is not None, "an outline is of a row of the library"
        values, sources = outline.values, plan.sources
        if plan.late.tell(group):
            values, sources = _from_files(group, plan, values)
        (uuid, created, added, original_filename, timezone, offset, width, height, latitude, longitude, favorite,
         hidden, trashed_state, title, caption, bundle, cloud_guid, identifier) = values  # fmt: skip
        live = outline.kind is Kind.LIVE_PHOTO
        files = outline.files
        if outline.whole and uuid is not None:
            files += self._pictures(uuid.upper())
        return Asset(
            uuid,
            Basis.PHOTOS_DATABASE,
            outline.kind,
            outline.status,
            outline.status_reason,
            outline.directory,
            outline.filename,
            original_filename,
            created,
            added,
            timezone,
            offset,
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
            NOT_FACETIME,
            live_photo_of(group, files, identifier) if live else None,
            outline.cloud,
            title,
            caption,
            library.keywords.get(row.pk, ()),
            library.albums.get(row.pk, ()),
            library.persons.get(row.pk, ()),
            bundle,
            cloud_guid,
            files,
            tuple(notes_of(group, live, files)),
            FieldSources(DATABASE, row.pk, sources),
        )

    def _known(self, kinds: tuple[type, ...], live: bool, places: Places) -> Plan | None:
        key = live, kinds
        if key in self._plans:
            return self._plans[key]
        plan = _plan(kinds, live, places)
        if len(self._plans) < limits.ROW_PLANS:
            self._plans[key] = plan
        return plan
