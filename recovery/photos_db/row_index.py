"""Find asset rows by the name or the stem of their file, letter case aside, in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import islice

from recovery import limits
from recovery.photos_db.camera_roll_paths import Place, stem
from recovery.photos_db.codes import KindCode, SubtypeCode
from recovery.photos_db.library import AssetRow
from recovery.spool import fields_of

_KINDS: dict[int | None, int] = {None: 0, KindCode.VIDEO: 1}
_OTHER = 2


class RowIndex:
    """Asset rows by their number: their place among the rows, counted from 0.

    A library of 500,000 rows costs some 70 MB here: one short key and one number for each, and a few bytes beside.
    """

    def __init__(self, rows: Iterable[AssetRow]) -> None:
        self._folders: dict[str, int] = {}
        self._spelled: dict[str, int] = {}
        """Folders as the rows spell them, so that most need no folding of letter case."""
        self._endings: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._more: dict[str, list[int]] = {}
        self._ending_of = array("I")
        self._kinds = bytearray()
        self._live = bytearray()
        asked = fields_of(rows, "kind", "kind_subtype", "directory", "filename")
        for number, (kind, subtype, directory, filename) in enumerate(asked):
            self._kinds.append(_KINDS.get(kind, _OTHER))
            self._live.append(subtype == SubtypeCode.LIVE_PHOTO)
            self._ending_of.append(self._put(number, directory or "", filename) if filename else 0)

    def _put(self, number: int, directory: str, filename: str) -> int:
        folder = self._spelled.get(directory)
        if folder is None:
            folder = self._folders.setdefault(directory.casefold(), len(self._folders))
            self._spelled[directory] = folder
        head = stem(filename)
        key = f"{folder}/{head.casefold()}"
        if self._first.setdefault(key, number) != number:
            self._more.setdefault(key, []).append(number)
        return self._endings.setdefault(filename[len(head) :].casefold(), len(self._endings))

    def _key(self, directory: str, head: str) -> str:
        folder = self._spelled.get(directory)
        if folder is None:  # spelled in another case, or no folder of any row
            folder = self._folders.get(directory.casefold())
        return f"{folder}/{head.casefold()}"

    def _others(self, key: str) -> Iterator[int]:
        """Further rows of one stem in one folder, in their order; of very many only the first."""
        return islice(self._more.get(key, ()), limits.SAME_NAMES)

    def exactly(self, place: Place) -> int | None:
        """The row whose file this is."""
        name = place.name
        head = stem(name)
        key = self._key(place.directory, head)
        first = self._first.get(key)
        if first is None:
            return None
        ending = self._endings.get(name[len(head) :].casefold())
        if self._ending_of[first] == ending:
            return first
        return next((row for row in self._others(key) if self._ending_of[row] == ending), None)

    def loosely(self, place: Place) -> int | None:
        """The row whose file has this name, else this stem; a Live Photo first among several."""
        found = None if place.stem_only else self.exactly(place)
        if found is not None:
            return found
        key = self._key(place.directory, place.stem)
        first = self._first.get(key)
        if first is None or self._live[first] or key not in self._more:
            return first
        return next((row for row in self._others(key) if self._live[row]), first)

    def is_video(self, number: int) -> bool | None:
        """Whether a row says that it is a video, None where it does not say what it is."""
        kind = self._kinds[number]
        return None if kind == _KINDS[None] else kind == _KINDS[KindCode.VIDEO]
