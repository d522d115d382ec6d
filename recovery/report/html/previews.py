"""Makes the small pictures of the page, in threads, and keeps them beside it for the next report."""

from __future__ import annotations

import hashlib
import re
import stat
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PIL import Image

from recovery import limits
from recovery.analysis.model import Asset, AssetFile
from recovery.errors import MissingExtraError, OutputError, UnreadableFileError
from recovery.extraction import thread_pool as crew
from recovery.output import TEMPORARY_NAME, Evidence, NewFile, OutputDirectory
from recovery.photos_db.thumbnail_tables import ThumbnailTable
from recovery.progress import SILENT, Progress
from recovery.report.html.picture_choice import Shown
from recovery.report.html.picture_sources import LARGE, SMALL, PictureSources, PreviewSource, save_jpeg
from recovery.source.backup_view import BackupView

# Part of every name, so that previews made by older rules are made again.
_VERSION = "1"
OUR_NAMES = re.compile(rf"[0-9a-f]{{24}}-(?:small|large|movie)\.(?:jpg|mp4)|{TEMPORARY_NAME.pattern}")
"""Names this module gives; nothing else in the folder is ever removed."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The pictures of one asset: names in the folder, what they were made from, and why there is none."""

    small: str | None = None
    large: str | None = None
    movie: str | None = None
    shown: Shown | None = None
    """What the largest of them was made from."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Order:
    """What to make for one asset; sources best first."""

    quick: tuple[PreviewSource, ...]
    best: tuple[PreviewSource, ...]
    movie: PreviewSource | None


@dataclass(frozen=True, slots=True)
class PreviewMaker:
    """Makes previews of one backup into one folder; each asset is one job and may run in any thread."""

    view: BackupView
    folder: Path
    tables: Mapping[tuple[str, str], ThumbnailTable]

    def make(
        self, assets: Iterable[Asset], large: Callable[[Asset], bool], progress: Progress = SILENT
    ) -> list[Preview]:
        """One preview per asset, in order; `large` says of which to make large pictures and movies too.

        What cannot be decoded is told in `problem`. Raises OutputError when the folder cannot be written.
        """
        everything = list(assets)
        found = [Preview()] * len(everything)

        def done(number: int, preview: Preview) -> None:
            found[number] = preview
            progress.advance()

        progress.start("Previews", len(everything), "photos")
        # Pillow warns about large and odd files; filters are not per thread, so they are set here, once.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                with self._opened(private=any(asset.hidden for asset in everything)) as folder:
                    jobs = (partial(self._job, folder, self._order(asset, large(asset))) for asset in everything)
                    crew.run(jobs, crew.default_workers(), lambda number, size: None, done)
            except OSError as error:
                raise OutputError(f"The folder {self.folder} cannot be written ({error.strerror}).") from error
            finally:
                progress.finish()
        return found

    def forget_others(self, previews: Iterable[Preview]) -> None:
        """Remove previews that no asset of this report has: pictures of an earlier one. Raises OSError."""
        kept = {name for item in previews for name in (item.small, item.large, item.movie) if name}
        for path in self.folder.iterdir():
            if path.name not in kept and OUR_NAMES.fullmatch(path.name):
                path.unlink()

    @contextmanager
    def _opened(self, *, private: bool) -> Iterator[OutputDirectory]:
        """The folder, made if it is missing; one with pictures of hidden photos is its owner's alone."""
        with (
            OutputDirectory(self.folder.parent, Evidence(self.view.identity.folder)) as parent,
            parent.folder(self.folder.name, private=private) as folder,
        ):
            if private:
                folder.make_private()
            yield folder

    @property
    def _sources(self) -> PictureSources:
        return PictureSources(self.view, self.tables)

    def _order(self, asset: Asset, large: bool) -> _Order:
        sources = self._sources
        if not large:
            return _Order(sources.quick(asset), (), None)
        return _Order(sources.quick(asset), sources.best(asset), sources.movie(asset, limits.REPORT_MOVIE_BYTES))

    def _job(self, folder: OutputDirectory, order: _Order, tick: crew.Tick) -> Preview:
        preview = self._first(folder, order.best, "large") if order.best else Preview()
        tick(0)
        small = self._first(folder, order.quick, "small")
        preview = replace(
            preview,
            small=small.small,
            shown=preview.shown or small.shown,
            problem="" if small.small else small.problem,
        )
        return replace(preview, movie=self._movie(folder, order.movie, tick)) if order.movie else preview

    def _first(self, folder: OutputDirectory, sources: Iterable[PreviewSource], what: str) -> Preview:
        """The preview from the first source that gives one."""
        problem = ""
        for source in sources:
            name = f"{self._key(source.candidate.file)}-{what}.jpg"
            try:
                if not _is_there(folder, name):
                    _save(self._sources.image(source, SMALL if what == "small" else LARGE), folder, name)
            except (UnreadableFileError, MissingExtraError) as error:
                problem = problem or str(error)
                continue
            shown = source.candidate.shown
            return Preview(small=name, shown=shown) if what == "small" else Preview(large=name, shown=shown)
        return Preview(problem=problem)

    def _movie(self, folder: OutputDirectory, source: PreviewSource, tick: crew.Tick) -> str | None:
        """A copy for playing. Browsers take a QuickTime movie for the MP4 it nearly is, if it is so named."""
        name = f"{self._key(source.candidate.file)}-movie.mp4"
        if _is_there(folder, name):
            return name
        with NewFile(folder) as new:
            try:
                with new.buffered() as stream:
                    self.view.copy_into(source.entry, stream, tick)
            except UnreadableFileError:
                return None
            new.publish(name)
        return name

    def _key(self, file: AssetFile) -> str:
        """Names a file of this very backup, and tells nothing about it."""
        backup = self.view.identity
        parts = (
            _VERSION,
            backup.udid,
            backup.backup_date,
            backup.folder.name,
            file.file_id,
            file.index,
            file.size,
        )
        return hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()[:24]


def _save(image: Image.Image, folder: OutputDirectory, name: str) -> None:
    with NewFile(folder) as new:
        with new.buffered() as stream:
            save_jpeg(image, stream)
        new.publish(name)


def _is_there(folder: OutputDirectory, name: str) -> bool:
    state = folder.state(name)
    return state is not None and stat.S_ISREG(state.st_mode) and state.st_size > 0
