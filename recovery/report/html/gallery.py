"""A page that stays connected to its backup: pictures and videos are made when somebody looks at them."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from recovery.analysis.model import Asset, Findings
from recovery.case import Case
from recovery.errors import MissingExtraError, UnreadableFileError
from recovery.progress import SILENT, Progress
from recovery.report.html.picture_choice import SHOWN, Shown, candidates, movies, quick_candidates
from recovery.report.html.picture_sources import (
    LARGE,
    SMALL,
    PictureSources,
    PreviewSource,
    save_jpeg,
    tables_by_path,
)
from recovery.report.html.previews import Preview
from recovery.report.html.writing import page_values
from recovery.source.backup_view import BackupView

_AT_ONCE = 2
"""Pictures decoded at the same time: decoders need much memory."""
_KEPT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MadePicture:
    """A JPEG and what it was made from."""

    data: bytes
    shown: Shown


@dataclass(frozen=True, slots=True)
class MoviePart:
    """Some bytes of a video, and how many the whole has."""

    data: bytes
    size: int


class Gallery:
    """Pictures, videos and texts of what was found; assets are named by their place in `assets`.

    It may be used from any thread while its backup is open. Nothing deciphered is written anywhere. Warnings of
    the decoders are the caller's, as in recovery/formats/decoding.py.
    """

    def __init__(self, view: BackupView, case: Case, findings: Findings, progress: Progress = SILENT) -> None:
        # The page shows all of them at once.
        self._findings = findings.changed(assets=findings.assets.in_memory(progress))
        self.assets: tuple[Asset, ...] = tuple(self._findings.assets)
        self._case = case
        self._view = view
        self._sources = PictureSources(view, tables_by_path(case.traces.tables))
        self._slots = threading.Semaphore(_AT_ONCE)
        self._kept = _Kept(_KEPT_BYTES)

    def page_values(
        self,
        folder: str,
        progress: Progress = SILENT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> dict[str, object]:
        """What the report's template shows; `folder` is the address below which pictures are asked for.

        Their names are NUMBER-small.jpg, NUMBER-large.jpg and NUMBER-movie.mp4.
        """
        previews = [_expected(number, asset) for number, asset in enumerate(self.assets)]
        return page_values(self._findings, self._case, previews, folder, now(), progress)

    def small(self, number: int) -> MadePicture:
        """The picture of a card. Raises UnreadableFileError, and IndexError for a number that no asset has."""
        return self._made((number, SMALL), lambda: self._sources.quick(self.assets[number]))

    def large(self, number: int) -> MadePicture:
        """The picture of the close view. Raises UnreadableFileError, and IndexError."""
        return self._made((number, LARGE), lambda: self._sources.best(self.assets[number]))

    def movie(self, number: int, start: int, most: int) -> MoviePart:
        """At most `most` bytes of a video from `start` on. Raises UnreadableFileError, and IndexError."""
        source = self._sources.movie(self.assets[number])
        if source is None:
            raise UnreadableFileError("There is no video that could be played.")
        with self._slots:
            try:
                with self._view.open(source.entry) as stream:
                    size = stream.seek(0, io.SEEK_END)
                    if start >= size:
                        return MoviePart(b"", size)
                    stream.seek(start)
                    return MoviePart(stream.read(min(most, size - start)), size)
            except OSError as error:
                raise UnreadableFileError(f"The video cannot be read ({error.strerror or error}).") from error

    def made_from(self, number: int) -> str:
        """What the large picture was made from, in a sentence; why there is none, where it cannot be made."""
        try:
            return SHOWN[self.large(number).shown]
        except UnreadableFileError as error:
            return str(error)

    def _made(self, key: tuple[int, int], sources: Callable[[], Iterable[PreviewSource]]) -> MadePicture:
        if key[0] < 0:
            raise IndexError("assets are counted from 0")
        if known := self._kept.get(key):
            return known
        with self._slots:
            made = self._first(sources(), key[1])
        self._kept.put(key, made)
        return made

    def _first(self, sources: Iterable[PreviewSource], side: int) -> MadePicture:
        problem = ""
        for source in sources:
            try:
                image = self._sources.image(source, side)
            except (UnreadableFileError, MissingExtraError) as error:
                problem = problem or str(error)
                continue
            written = io.BytesIO()
            save_jpeg(image, written)
            return MadePicture(written.getvalue(), source.candidate.shown)
        raise UnreadableFileError(problem or "The backup holds no picture of it.")


class _Kept:
    """The pictures looked at last, up to so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._pictures: OrderedDict[tuple[int, int], MadePicture] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[int, int]) -> MadePicture | None:
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
            return self._pictures.get(key)

    def put(self, key: tuple[int, int], picture: MadePicture) -> None:
        with self._lock:
            if key in self._pictures:
                return
            self._pictures[key] = picture
            self._bytes += len(picture.data)
            while self._bytes > self._most and len(self._pictures) > 1:
                self._bytes -= len(self._pictures.popitem(last=False)[1].data)


def _expected(number: int, asset: Asset) -> Preview:
    """The names under which its pictures can be asked for; whether they can be made shows then."""
    quick = quick_candidates(asset)
    return Preview(
        small=f"{number}-small.jpg" if quick else None,
        large=f"{number}-large.jpg" if candidates(asset) else None,
        movie=f"{number}-movie.mp4" if movies(asset) else None,
        shown=quick[0].shown if quick else None,
    )
