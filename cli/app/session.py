"""What the window is doing: one backup at a time, one piece of work at a time, and what its pages show of it."""

from __future__ import annotations

import errno
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count as counting
from pathlib import Path
from typing import TypeVar

from cli.app import places
from cli.app.page import photos_page
from recovery.analysis.model import asset_key
from recovery.api import Backup, open_backup
from recovery.errors import (
    AccessDeniedError,
    NotEnoughSpaceError,
    OutputError,
    PassphraseMissingError,
    PassphraseWrongError,
    RecoveryError,
)
from recovery.extraction.outcomes import Outcomes, RunFacts
from recovery.extraction.plan import Plan
from recovery.extraction.selected_files import Selection
from recovery.filesystem import mode_of
from recovery.provenance import Reading
from recovery.report.figures import count, file_size, minute
from recovery.report.html.gallery import Gallery
from recovery.report.messages.gaps import line
from recovery.report.safe_text import clean
from recovery.report.text.extraction_text import (
    counted_outcomes,
    differences,
    not_whole,
    verification_sentences,
)
from recovery.source.file_keys import Passphrase
from recovery.source.identity import Identity
from recovery.source.locate import FoundBackup, find_backups

T = TypeVar("T")
_FREE_TRIES = 5
_LONGEST_WAIT = 60.0  # seconds
_LISTED = 50
_MORE = "… and {:,} more; run.json in the folder lists them."
# What to do in the window, where the error's own advice is for the command line.
_ADVICE: dict[type[RecoveryError], str] = {
    NotEnoughSpaceError: "Choose another place, or fewer photos.",
    OutputError: "Check that the place still exists and is not full, or choose another place; then recover again.",
}


class Step(StrEnum):
    """Where the window is."""

    CHOOSE = "choose"
    LOCKED = "locked"
    PHOTOS = "photos"


class StoppedError(KeyboardInterrupt):
    """Somebody pressed Stop; like Ctrl-C, no handler of errors may take it for one."""


class RefusedError(Exception):
    """The page asks for something that cannot be done now; the text says why."""


@dataclass(frozen=True, slots=True)
class ListedBackup:
    """A backup to choose, in words."""

    device: str
    made: str
    encrypted: str
    complete: str
    folder: str


@dataclass(frozen=True, slots=True)
class ListedPlace:
    """A place for what is recovered, in words."""

    name: str
    free: str


@dataclass(frozen=True, slots=True)
class Work:
    """What is being done and how far it is; `total` is None when nobody knows how much there is."""

    title: str
    what: str = ""
    done: int = 0
    total: int | None = None
    in_bytes: bool = False
    stopping: bool = False
    writing: bool = False
    """It writes into a folder of the user's, and is not left half done because a page was closed."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong, and what to do."""

    says: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery did, in words."""

    title: str
    lines: tuple[str, ...]
    not_whole: tuple[str, ...]
    folder: str
    record_sha256: str
    checked: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Everything a page shows. `opened` counts the backups opened, so that no page asks about an earlier one."""

    step: Step = Step.CHOOSE
    opened: int = 0
    device: str = ""
    backups: tuple[ListedBackup, ...] = ()
    unseen: tuple[str, ...] = ()
    places: tuple[ListedPlace, ...] = ()
    work: Work | None = None
    trouble: Trouble | None = None
    recovered: Recovered | None = None
    wait_s: int = 0
    ended: bool = False


@dataclass(frozen=True, slots=True)
class _Opened:
    backup: Backup
    gallery: Gallery
    page: bytes


class Session:
    """The state of the window; its methods may be called from any thread and return at once.

    Raises RefusedError for what cannot be done now.
    """

    def __init__(self, roots: Iterable[Path], temp_folder: Path | None = None, *, debug: bool = False) -> None:
        self.ended = threading.Event()
        self._temp_folder = temp_folder
        self._debug = debug
        self._lock = threading.RLock()
        self._state = State()
        self._versions = counting(1)
        self._version = 0
        self._worker: threading.Thread | None = None
        self._stop = threading.Event()
        self._folders: list[Path] = []
        self._places: list[places.Place] = []
        self._targets: dict[int, Path] = {}
        self._chosen: Path | None = None
        self._opened: _Opened | None = None
        self._out: Path | None = None
        self._wrong = 0
        self._next_try = 0.0
        self._pages = 0
        self.never_looked_at = True
        self._last_page = time.monotonic()
        self._start("Looking for backups", lambda watch: self._list(tuple(roots)))

    # What pages see.

    @property
    def version(self) -> int:
        """It changes whenever the state does."""
        return self._version

    @property
    def state(self) -> State:
        """What a page shows now."""
        with self._lock:
            wait = max(0.0, self._next_try - time.monotonic())
            return replace(self._state, wait_s=int(wait + 0.999))

    def page(self) -> bytes | None:
        """The page of the photos; None while no backup is open."""
        with self._lock:
            return self._opened.page if self._opened else None

    def gallery(self, opened: int) -> Gallery | None:
        """The pictures of the backup that was opened as number `opened`, while it still is open."""
        with self._lock:
            return self._opened.gallery if self._opened and self._state.opened == opened else None

    @contextmanager
    def looked_at(self) -> Iterator[None]:
        """A page is open for as long as the block lasts."""
        with self._lock:
            self._pages += 1
            self.never_looked_at = False
        try:
            yield
        finally:
            with self._lock:
                self._pages -= 1
                self._last_page = time.monotonic()

    def is_abandoned(self, seconds: float) -> bool:
        """Whether no page was open for so long, and nothing is being written."""
        with self._lock:
            writing = self._state.work is not None and self._state.work.writing
            return not self._pages and not writing and time.monotonic() - self._last_page > seconds

    # What pages ask for.

    def choose(self, number: int) -> None:
        """Open a backup of the list."""
        with self._lock:
            self._require(Step.CHOOSE, Step.LOCKED)
            self._chosen = _item(self._folders, number)
            self._wrong, self._next_try = 0, 0.0
            self._start("Opening the backup", lambda watch: self._open(None, watch))

    def look_elsewhere(self) -> None:
        """Let the user choose a folder with backups in the system's window."""
        with self._lock:
            self._require(Step.CHOOSE)
            self._start("Choose the folder in the window that has opened", self._look_elsewhere)

    def unlock(self, passphrase: Passphrase) -> None:
        """Try a passphrase; after some wrong ones there is a growing wait."""
        with self._lock:
            self._require(Step.LOCKED)
            if (left := self._next_try - time.monotonic()) > 0:
                raise RefusedError(f"Wait {count(int(left) + 1, 'second')} before the next try.")
            self._start("Opening the backup", lambda watch: self._open(passphrase, watch))

    def back(self) -> None:
        """Close the backup and go back to the list."""
        with self._lock:
            self._require(Step.LOCKED, Step.PHOTOS)
            opened, self._opened, self._chosen = self._opened, None, None
            self._targets.clear()
            self._change(step=Step.CHOOSE, trouble=None, recovered=None, device="")
        if opened:
            opened.backup.close()

    def other_place(self) -> None:
        """Let the user choose where to put what is recovered."""
        with self._lock:
            self._require(Step.PHOTOS)
            self._start("Choose the folder in the window that has opened", self._other_place)

    def recover(self, opened: int, place: int, numbers: Iterable[int], *, jpeg: bool) -> None:
        """Write the photos with these numbers into a new folder in a place."""
        with self._lock:
            self._require(Step.PHOTOS)
            backup = self._opened
            if backup is None or opened != self._state.opened:
                raise RefusedError("Another backup was opened meanwhile. Load this page again.")
            _item(self._places, place)
            assets = backup.gallery.assets
            keys = frozenset(asset_key(_item(assets, number)) for number in numbers)
            if not keys:
                raise RefusedError("No photo is chosen.")
            selection = Selection(keys=keys, jpeg=jpeg)
            self._change(recovered=None)
            self._start(
                f"Recovering {count(len(keys), 'photo')}",
                lambda watch: self._recover(backup.backup, selection, place, watch),
                writing=True,
            )

    def verify(self) -> None:
        """Check what was recovered against its record and against the backup."""
        with self._lock:
            self._require(Step.PHOTOS)
            backup, recovered, out = self._opened, self._state.recovered, self._out
            if backup is None or recovered is None or out is None:
                raise RefusedError("Nothing has been recovered yet.")
            self._start(
                "Checking every recovered file", lambda watch: self._verify(backup.backup, recovered, out, watch)
            )

    def show(self) -> None:
        """Show the folder of what was recovered."""
        with self._lock:
            if self._out is None:
                raise RefusedError("Nothing has been recovered yet.")
            try:
                places.show(self._out)
            except RecoveryError as error:
                self._change(trouble=_trouble(error))

    def dismiss(self) -> None:
        """Take what was told off the pages."""
        self._change(trouble=None, recovered=None)

    def stop(self) -> None:
        """End the work at its next step."""
        with self._lock:
            if self._state.work:
                self._stop.set()
                self._change(work=replace(self._state.work, stopping=True))

    def end(self) -> None:
        """End the program."""
        self._change(ended=True)
        self.ended.set()

    def close(self, seconds: float = 20.0) -> None:
        """Stop what is being done, close the backup and remove its private folder."""
        self._stop.set()
        worker = self._worker
        if worker is not None:
            worker.join(seconds)
        with self._lock:
            opened, self._opened = self._opened, None
        if opened and not (worker and worker.is_alive()):
            opened.backup.close()

    # The work, in a thread of its own.

    def _start(self, title: str, job: Callable[[_Watch], None], *, writing: bool = False) -> None:
        with self._lock:
            self._stop.clear()
            self._change(work=Work(title, writing=writing), trouble=None)
            watch = _Watch(self, self._stop)
            self._worker = threading.Thread(target=self._run, args=(job, watch), name="work", daemon=True)
            self._worker.start()

    def _run(self, job: Callable[[_Watch], None], watch: _Watch) -> None:
        trouble = None
        try:
            job(watch)
        except StoppedError:
            trouble = _STOPPED_WRITING if self._state.work and self._state.work.writing else _STOPPED
        except BaseException as error:  # noqa: BLE001 - whatever it is, the page has to say it
            if self._debug:
                traceback.print_exception(error, file=sys.stderr)
            trouble = _trouble(error)
        with self._lock:
            self._change(work=None, trouble=trouble)

    def _list(self, roots: tuple[Path, ...]) -> None:
        self._add(find_backups(roots))

    def _add(self, found: Reading[FoundBackup]) -> None:
        with self._lock:
            listed = list(self._state.backups)
            for item in found.records:
                if item.identity.folder not in self._folders:
                    self._folders.append(item.identity.folder)
                    listed.append(_listed(item))
            unseen = tuple(clean(line(gap)) for gap in found.gaps if gap.fault)
            self._change(backups=tuple(listed), unseen=unseen)

    def _look_elsewhere(self, watch: _Watch) -> None:
        folder = places.ask_for_folder("The backup, or the folder it lies in", watch.pause)
        if folder is None:
            return
        before = len(self._folders)
        found = find_backups((folder,))
        self._add(found)
        if any(gap.fault for gap in found.gaps) and not found.records:
            raise AccessDeniedError(f"The system refuses to show {folder}.", "Check that the folder belongs to you.")
        if len(self._folders) == before and not found.records:
            raise places.FolderError(
                f"There is no backup in {folder}.",
                "A backup folder holds Manifest.db and hundreds of folders with two-letter names.",
            )

    def _open(self, passphrase: Passphrase | None, watch: _Watch) -> None:
        assert self._chosen is not None  # one is chosen before
        try:
            backup = open_backup(self._chosen, passphrase, roots=(), temp_folder=self._temp_folder, progress=watch)
        except PassphraseMissingError:
            with self._lock:
                self._change(step=Step.LOCKED)
            return
        except PassphraseWrongError:
            self._count_wrong()
            raise
        try:
            with self._lock:
                number = self._state.opened + 1
            watch.titled("Looking for FaceTime photos")
            gallery = backup.gallery()
            watch.titled("Preparing the photos")
            page = photos_page(gallery, number, watch)
            self._places_now()
        except BaseException:
            backup.close()
            raise
        with self._lock:
            self._opened = _Opened(backup, gallery, page)
            self._out = None
            self._change(step=Step.PHOTOS, opened=number, device=clean(backup.identity.device))

    def _count_wrong(self) -> None:
        with self._lock:
            self._wrong += 1
            if self._wrong >= _FREE_TRIES:
                seconds = min(_LONGEST_WAIT, 2.0 ** (self._wrong - _FREE_TRIES + 1))
                self._next_try = time.monotonic() + seconds

    def _places_now(self) -> None:
        for item in places.usual_places():
            self._add_place(item)

    def _add_place(self, item: places.Place) -> int:
        with self._lock:
            known = [listed.folder for listed in self._places]
            if item.folder in known:
                return known.index(item.folder)
            self._places.append(item)
            self._change(places=tuple(map(_listed_place, self._places)))
            return len(self._places) - 1

    def _other_place(self, watch: _Watch) -> None:
        folder = places.ask_for_folder("Where to put the recovered photos", watch.pause)
        if folder is not None:
            self._add_place(places.place(clean(str(folder)), folder))

    def _recover(self, backup: Backup, selection: Selection, place: int, watch: _Watch) -> None:
        # The same folder again in this window: what is there already is checked and not written twice.
        out = self._targets.get(place) or _new_folder(self._places[place].folder, backup.identity)
        self._targets[place] = out
        planned = backup.plan(selection)
        outcomes = backup.extract(out, planned, run=RunFacts(arguments=("app",)), progress=watch)
        with self._lock:
            self._out = out
            self._change(recovered=_recovered(planned, outcomes, out, len(selection.keys or ())))

    def _verify(self, backup: Backup, recovered: Recovered, out: Path, watch: _Watch) -> None:
        found = backup.verify(out, record_sha256=recovered.record_sha256, progress=watch)
        told = replace(recovered, checked=tuple(verification_sentences(found)), differences=_capped(differences(found)))
        self._change(recovered=told)

    # The state.

    def _change(self, **values: object) -> None:
        with self._lock:
            self._state = replace(self._state, **values)  # type: ignore[arg-type]
            self._version = next(self._versions)

    def worked(self, change: Callable[[Work], Work]) -> None:
        """The work is further than before."""
        with self._lock:
            if self._state.work:
                self._change(work=change(self._state.work))

    def _require(self, *steps: Step) -> None:
        if self._state.work:
            raise RefusedError("Something else is being done. Wait for it, or stop it.")
        if self._state.step not in steps:
            raise RefusedError("The window has moved on. Load this page again.")


_STOPPED = Trouble("Stopped. The backup is unchanged.")
_STOPPED_WRITING = Trouble(
    "Stopped. Files that were finished stay in the folder.",
    "Recover them again to the same place, and it goes on from there.",
)


class _Watch:
    """Tells the session how far the work is, and raises StoppedError when it shall end."""

    def __init__(self, session: Session, stop: threading.Event) -> None:
        self._session = session
        self._stop = stop
        self._told = 0.0
        self._waiting = 0

    def titled(self, title: str) -> None:
        """The next part of the work begins."""
        self._session.worked(lambda work: replace(work, title=title, what="", done=0, total=None))
        self.pause()

    def pause(self) -> None:
        """The work can be stopped here."""
        if self._stop.is_set():
            raise StoppedError

    def start(self, what: str, total: int | None, unit: str = "") -> None:
        """See recovery.progress.Progress."""
        self._waiting = 0
        self._session.worked(lambda work: replace(work, what=what, done=0, total=total, in_bytes=unit == "B"))
        self.pause()

    def advance(self, units: int = 1) -> None:
        """See recovery.progress.Progress."""
        self._waiting += units
        now = time.monotonic()
        if now - self._told > 0.1:  # seconds; more often nobody sees it
            done, self._waiting, self._told = self._waiting, 0, now
            self._session.worked(lambda work: replace(work, done=work.done + done))
        self.pause()

    def finish(self) -> None:
        """See recovery.progress.Progress."""

    def started(self, files: int, size: int) -> None:
        """See recovery.extraction.outcomes.CopyProgress."""
        self.start(count(files, "file"), size, "B")

    def advanced(self, size: int) -> None:
        """See recovery.extraction.outcomes.CopyProgress."""
        self.advance(size)

    def finished(self, name: str, state: str) -> None:
        """See recovery.extraction.outcomes.CopyProgress."""


def _item(items: Sequence[T], number: int) -> T:
    if not 0 <= number < len(items):
        raise RefusedError("The page is out of date. Load it again.")
    return items[number]


def _trouble(error: BaseException) -> Trouble:
    """An error in a sentence, and what to do about it in the window."""
    if isinstance(error, RecoveryError):
        return Trouble(clean(str(error)), clean(_ADVICE.get(type(error), error.hint)))
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return Trouble("There is not enough memory. The backup is unchanged.", "Close other programs and try again.")
    if isinstance(error, OSError):
        return Trouble(f"The system refuses to go on ({error.strerror or error}).", "Look whether the disk is full.")
    return Trouble(
        f"This program made a mistake ({type(error).__name__}). The backup is unchanged.",
        "Start it in a terminal with recover-facetime app --debug and report what it prints.",
    )


def _listed(found: FoundBackup) -> ListedBackup:
    identity = found.identity
    return ListedBackup(
        device=clean(identity.device),
        made=minute(identity.backup_date),
        encrypted={True: "Encrypted", False: "Not encrypted", None: "Encrypted or not: unknown"}[found.encrypted],
        complete={True: "Complete", False: "Interrupted: files may be missing", None: ""}[identity.complete],
        folder=clean(str(identity.folder)),
    )


def _listed_place(item: places.Place) -> ListedPlace:
    return ListedPlace(item.name, f"{file_size(item.free)} free" if item.free is not None else "")


def _new_folder(place: Path, identity: Identity) -> Path:
    made = f" {identity.backup_date:%Y-%m-%d}" if identity.backup_date else ""
    name = f"FaceTime photos from backup{made}"
    names = (place / (f"{name} {number}" if number > 1 else name) for number in counting(1))
    return next(folder for folder in names if mode_of(folder, follow_links=False) is None)


def _recovered(planned: Plan, outcomes: Outcomes, out: Path, chosen: int) -> Recovered:
    written = sum(outcome.entry is not None for outcome in outcomes.files)
    return Recovered(
        title=f"{count(written, 'file')} recovered ({file_size(outcomes.bytes)})",
        lines=tuple(_told(planned, outcomes, chosen)),
        not_whole=_capped(not_whole(outcomes)),
        folder=clean(str(out)),
        record_sha256=outcomes.record_sha256,
    )


def _told(planned: Plan, outcomes: Outcomes, chosen: int) -> Iterator[str]:
    """What became of the files, and of how many of the chosen photos nothing is left."""
    yield from (f"{number:,} {meaning}" for number, meaning in counted_outcomes(outcomes))
    written = [outcome for outcome in outcomes.files if outcome.entry]
    if smaller := sum("NOT-ORIGINAL" in (outcome.target or "") for outcome in written):
        are = "is only a smaller copy" if smaller == 1 else "are only smaller copies"
        yield f"{count(smaller, 'file')} {are}, named NOT-ORIGINAL: the photo itself is not whole in this backup"
    there = {outcome.target for outcome in written} | {item.target for item in outcomes.documents if item.entry}
    left = sum(
        any(file.target in there or file.damaged_target in there for file in item.files)
        or any(picture.target in there for picture in item.pictures)
        for item in planned.assets
    )
    if (lost := chosen - left) > 0:
        yield f"Nothing is left in this backup of {lost:,} of the {count(chosen, 'chosen photo')}"


def _capped(lines: Iterable[str]) -> tuple[str, ...]:
    everything = list(lines)
    more = len(everything) - _LISTED
    return (*everything[:_LISTED], *((_MORE.format(more),) if more > 0 else ()))
