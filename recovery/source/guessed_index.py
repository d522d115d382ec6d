"""Stand in for what a plain backup's Manifest.db has lost: a guessed path proves itself by its file ID."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import chain
from operator import attrgetter

from recovery import limits
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap
from recovery.source.blobs import BlobFolder
from recovery.source.identity import MANIFEST_DATABASE
from recovery.source.manifest import EntryKind, Index, ManifestEntry, file_id

_CAMERA = "CameraRollDomain", "Media/DCIM/{folder}APPLE/IMG_{number:04d}.{extension}"
_CAMERA_FOLDERS = range(100, 100 + limits.SALVAGE_CAMERA_FOLDERS)
_CAMERA_NUMBERS = range(1, 10_000)
_PATH = attrgetter("relative_path")
_CAMERA_EXTENSIONS = ("HEIC", "JPG", "PNG", "MOV", "MP4", "AAE", "DNG")


class GuessedIndex:
    """An index made of guesses: the name of a blob is the SHA-1 of its path, so each guess proves itself.

    It knows the `rest` of a damaged manifest, the other blobs that are there, and the paths that `learn` has
    confirmed; attributes, sizes and dates of these files stood in the manifest and are gone.
    """

    def __init__(self, blobs: BlobFolder, rest: Index | None = None) -> None:
        self._rest = rest
        listed = frozenset(rest.file_ids()) if rest is not None else frozenset()
        self._there = {name for name, _ in blobs.list() if name not in listed}
        self._known: dict[str, ManifestEntry] = {}

    @property
    def gap(self) -> Gap:
        """What is hidden without the manifest, or without a part of it."""
        hides = ("files whose path nobody can guess", "file attributes", "files that are missing")
        why = GapReason.FILE_LIST_LOST if self._rest is None else GapReason.FILE_LIST_INCOMPLETE
        return Gap(GapSubject.FILE_LIST, MANIFEST_DATABASE, why, hides, fault=True)

    def learn(self, domain: str, paths: Iterable[str]) -> int:
        """Confirm guessed paths of a domain; returns how many name a blob that is there."""
        confirmed = 0
        for path in paths:
            confirmed += self._confirm(domain, path) is not None
        return confirmed

    def learn_camera_names(self) -> int:
        """Try every name the camera could have given in the usual folders: some millions, in a few seconds."""
        domain, pattern = _CAMERA
        return self.learn(
            domain,
            (
                pattern.format(folder=folder, number=number, extension=extension)
                for folder in _CAMERA_FOLDERS
                for number in _CAMERA_NUMBERS
                for extension in _CAMERA_EXTENSIONS
            ),
        )

    def _confirm(self, domain: str, path: str) -> ManifestEntry | None:
        name = file_id(domain, path)
        if name not in self._there:
            return None
        return self._known.setdefault(name, ManifestEntry(name, domain, path, EntryKind.FILE))

    def lookup(self, domain: str, relative_path: str) -> ManifestEntry | None:
        """The entry of a path that is listed, or whose blob is there."""
        listed = self._rest.lookup(domain, relative_path) if self._rest is not None else None
        return listed or self._confirm(domain, relative_path)

    def log_of(self, entry: ManifestEntry, suffix: str) -> ManifestEntry | None:
        """The log of a database whose blob is there."""
        return self._confirm(entry.domain, entry.relative_path + suffix)

    def with_id(self, file_id: str) -> ManifestEntry | None:
        """The listed or confirmed entry of a file ID."""
        return self._known.get(file_id) or (self._rest.with_id(file_id) if self._rest is not None else None)

    def entries(self, domain: str, prefix: str = "") -> Iterator[ManifestEntry]:
        """Listed and confirmed entries of a domain, in the order of their paths."""
        found = (entry for entry in self._known.values() if entry.domain == domain)
        confirmed = sorted((entry for entry in found if entry.relative_path.startswith(prefix)), key=_PATH)
        listed = self._rest.entries(domain, prefix) if self._rest is not None else ()
        return heapq.merge(listed, confirmed, key=_PATH)

    def paths(self, domain: str, prefix: str) -> Iterator[str]:
        """Paths of the listed and confirmed entries of a domain, in their order."""
        return (entry.relative_path for entry in self.entries(domain, prefix))

    def file_ids(self) -> Iterator[str]:
        """File ID of every listed and confirmed file."""
        return chain(self._rest.file_ids() if self._rest is not None else (), self._known)

    def file_rows(self) -> Iterator[tuple[str, str, str]]:
        """File ID, domain and path of every listed and confirmed file."""
        confirmed = ((entry.file_id, entry.domain, entry.relative_path) for entry in self._known.values())
        return chain(self._rest.file_rows() if self._rest is not None else (), confirmed)

    def count(self) -> int:
        """Number of listed and confirmed files."""
        return len(self._known) + (self._rest.count() if self._rest is not None else 0)
