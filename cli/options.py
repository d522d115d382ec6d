"""Options that several commands share, and the values behind them."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeVar

import click

from cli.passphrase import VARIABLE, unlocked
from cli.progress import progress
from recovery.backup.locate import default_roots, is_backup, locate
from recovery.backup.view import BackupView
from recovery.case import Case, Progress, gather
from recovery.errors import OutputError
from recovery.findings.find import find
from recovery.findings.model import Findings
from recovery.findings.redact import redact
from recovery.report.layout import COLOUR, PLAIN, Style
from recovery.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Manners:
    """How a command talks, the same for all of them."""

    verbose: bool = False
    quiet: bool = False
    show_progress: bool = True
    debug: bool = False

    @property
    def progress(self) -> Progress:
        """The progress display of this run."""
        return progress(wanted=self.show_progress and not self.quiet)


def _together(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def backup_argument(function: F) -> F:
    """BACKUP: a folder, its parent, its Manifest.db, a UDID or unique start of one, or a device name."""
    decorated: F = click.argument("backup", metavar="BACKUP")(function)
    return decorated


def passphrase_option(function: F) -> F:
    """The file the passphrase is read from."""
    decorated: F = click.option(
        "--passphrase-file",
        metavar="FILE",
        help=f"Read the backup passphrase from FILE, or from standard input with '-'. Without it the environment "
        f"variable {VARIABLE} is used, else you are asked on a terminal.",
    )(function)
    return decorated


def redact_option(function: F) -> F:
    """--redact, for commands whose answer goes to others."""
    decorated: F = click.option(
        "--redact",
        "redacted",
        is_flag=True,
        help="Leave out places, names, titles, captions, keywords, albums, numbers, the device's name and serial.",
    )(function)
    return decorated


def told(findings: Findings, redacted: bool) -> Findings:
    """The findings as they may be told: as they are, or without what tells of people."""
    return redact(findings) if redacted else findings


MANNERS: tuple[Callable[[Any], Any], ...] = (
    click.option("-v", "--verbose", is_flag=True, help="Show where each claim was read."),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no remarks; only the answer and errors."),
    click.option("--no-progress", is_flag=True, help="No progress bars."),
    click.option("--debug", is_flag=True, help="Show the traceback of an error."),
)


def manners_options(function: F) -> F:
    """--verbose, --quiet, --no-progress and --debug."""
    decorated: F = _together(*MANNERS)(function)
    return decorated


def manners(verbose: bool, quiet: bool, no_progress: bool, debug: bool) -> Manners:
    """The four options as one value."""
    return Manners(verbose, quiet, not no_progress, debug)


def style() -> Style:
    """Colour only on a terminal, and never when NO_COLOR is set."""
    return COLOUR if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else PLAIN


@dataclass(frozen=True, slots=True)
class Opened:
    """An open backup and what was found in it."""

    view: BackupView
    case: Case
    findings: Findings


@contextmanager
def opened(
    backup: str,
    passphrase_file: str | None,
    how: Manners,
    *,
    with_events: bool = False,
    uuids: Collection[str] = (),
    only_facetime: bool = False,
) -> Iterator[Opened]:
    """Locate, unlock, gather and find; the private folder lives as long as the block.

    `with_events` also gathers what the library's history tells, of `uuids` alone if any are given. With
    `only_facetime` the findings are narrowed to photos with a sign of FaceTime.
    """
    folder = locate(backup, default_roots())
    with Workspace() as workspace, unlocked(folder, workspace, passphrase_file) as view:
        bar = how.progress
        try:
            case = gather(view, bar, with_events=with_events, uuids=uuids, only_facetime=only_facetime)
        finally:
            bar.finish()
        found = Opened(view, case, find(case))
        yield found


@dataclass(slots=True)
class BytesDone:
    """Passes the progress of writing and checking on, in bytes."""

    bar: Progress
    what: str

    def started(self, files: int, size: int) -> None:
        """See recovery.extraction.outcomes.Progress."""
        self.bar.start(f"{self.what} {files:,} files", size, "B")

    def advanced(self, size: int) -> None:
        """See recovery.extraction.outcomes.Progress."""
        self.bar.advance(size)

    def finished(self, name: str, state: str) -> None:
        """See recovery.extraction.outcomes.Progress."""


def _spare_evidence(target: Path) -> None:
    """Refuse to write anything below a backup folder, whichever backup it is."""
    for folder in target.absolute().resolve().parents:
        with suppress(OSError):
            if is_backup(folder):
                raise OutputError(
                    f"{target} lies inside the backup {folder}, and nothing is ever written there.",
                    "Give a place outside of it.",
                )


def in_bytes(stream: TextIO) -> BinaryIO:
    """The stream below a text stream: JSON is UTF-8, whatever the terminal speaks."""
    stream.flush()
    return stream.buffer


@contextmanager
def answer_file(output: str | None) -> Iterator[Path]:
    """A path to write an answer to that is no text; it gets the name of `-o` when it is whole."""
    if output is None or output == "-":
        raise click.UsageError("This format is a file: give it a name with -o FILE.")
    target = Path(output)
    _spare_evidence(target)
    draft = target.with_name(target.name + ".part")
    try:
        draft.unlink(missing_ok=True)
        yield draft
        draft.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise OutputError(f"The output {output} cannot be written ({error}).") from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def answer_stream(output: str | None) -> Iterator[Any]:
    """Standard output, or the file of `-o`, written under another name first so that no half answer stays."""
    if output is None or output == "-":
        yield sys.stdout
        return
    target = Path(output)
    _spare_evidence(target)
    draft = target.with_name(target.name + ".part")
    try:
        with draft.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        draft.replace(target)
    except OSError as error:
        raise OutputError(f"The output {output} cannot be written ({error.strerror}).") from error
    finally:
        draft.unlink(missing_ok=True)
