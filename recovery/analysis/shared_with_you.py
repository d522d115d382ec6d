"""Photos of Shared with You, the phone's second library: copies of photos of the first, or assets of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from recovery.analysis.asset_files import files_of
from recovery.analysis.model import AssetFile, FileRole, Kind
from recovery.case import Case
from recovery.case.facetime_evidence import Places, facetime_evidence_of
from recovery.case.grouping import Group
from recovery.case.store import WorkingDatabase
from recovery.photos_db.camera_roll_paths import ORIGINALS
from recovery.photos_db.facetime_signals import FaceTimeEvidence
from recovery.photos_db.library import LibraryName

_IDENTIFIERS = " UNION ALL ".join(
    f"SELECT identifier FROM {table} WHERE identifier IS NOT NULL" for table in ("asset", "file")
)
_SAME_PHOTO = ORIGINALS | {FileRole.EDITED_STILL, FileRole.EDITED_VIDEO}


def shared_case(case: Case) -> Case | None:
    """The case of the second library alone."""
    shared = case.shared_with_you
    if shared is None:
        return None
    name = LibraryName.SHARED_WITH_YOU
    return replace(
        case, library=shared.library, store=shared.store, traces=shared.traces, shared_with_you=None, name=name
    )


@dataclass(slots=True)
class SharedPhotos:
    """The photos of the second library by what they are a copy of; `taken` fills up with those that are one."""

    case: Case | None
    groups: tuple[Group, ...] = ()
    by_original: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_identifier: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    taken: set[int] = field(default_factory=set)
    passed_over: WorkingDatabase | None = None
    """The photo library, where not all of its rows become assets."""

    @classmethod
    def of(cls, case: Case) -> SharedPhotos:
        """Index the second library of a case."""
        own, shared = shared_case(case), case.shared_with_you
        if own is None or shared is None:
            return cls(None)
        groups = tuple(chain(own.store.groups(), own.store.groups_without_row()))
        found = cls(own, groups, passed_over=case.store if case.only_facetime else None)
        for number, group in enumerate(found.groups):
            for item in group.files:
                if (original := shared.same_as.get(item.file.entry.file_id)) is not None:
                    found.by_original[original].append(number)
            for identifier in group.content_identifiers():
                found.by_identifier[identifier.upper()].append(number)
        return found

    def copies(self, file_ids: Iterable[str], identifiers: Iterable[str]) -> tuple[Group, ...]:
        """The copies of an asset with these files and content identifiers, each given to one asset only."""
        numbers = {number for name in file_ids for number in self.by_original.get(name, ())}
        numbers.update(number for name in identifiers for number in self.by_identifier.get(name.upper(), ()))
        fresh = sorted(numbers - self.taken)
        self.taken.update(fresh)
        return tuple(self.groups[number] for number in fresh)

    def left(self) -> Iterator[Group]:
        """Those that are a copy of nothing.

        Where only FaceTime is asked for, rows of the photo library that cannot be of it have claimed no copy yet.
        """
        if self.passed_over is not None:
            told = self.passed_over.run(_IDENTIFIERS)
            found = (number for (name,) in told for number in self.by_identifier.get(name, ()))
            self.taken.update(chain(found, *self.by_original.values()))
        return (group for number, group in enumerate(self.groups) if number not in self.taken)

    def evidence(self, groups: Iterable[Group]) -> Iterator[FaceTimeEvidence]:
        """What the second library tells of copies, its columns named as its own."""
        places = Places.of(self.case.library if self.case else None)
        return (facetime_evidence_of(group, places) for group in groups)


def copied_files(groups: Iterable[Group]) -> Iterator[AssetFile]:
    """The files of copies as files of the asset that they are copies of."""
    for group in groups:
        for item in files_of(group.files, Kind.PHOTO):
            if item.role in _SAME_PHOTO:
                yield item.changed(role=FileRole.SHARED_WITH_YOU_COPY)
            elif item.role is not FileRole.ADJUSTMENTS:
                yield item
