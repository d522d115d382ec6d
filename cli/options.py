"""Options that several commands share, and the values behind them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeVar

import click

from cli.passphrase import VARIABLE, unlocked
from cli.progress_bar import progress
from cli.temp_option import private_folder, temp_folder_option
from recovery.analysis.find import find
from recovery.analysis.model import Findings
from recovery.analysis.redact import redact
from recovery.case import Case, Progress, gather
from recovery.output import Evidence, open_answer
from recovery.progress import SILENT
from recovery.report.text.layout import COLOUR, PLAIN, Style
from recovery.source.backup_view import BackupView
from recovery.source.locate import default_roots, locate

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How a command talks, the same for all of them."""

    verbose: bool = False
    quiet: bool = False
    show_progress: bool = True
    debug: bool = False

    @property
    def progress(self) -> Progress:
        """The progress display of this run."""
        return progress(wanted=self.show_progress and not self.quiet)

    @contextmanager
    def bar(self) -> Iterator[Progress]:
        """The progress display, gone from the terminal when the block is left."""
        shown = self.progress
        try:
            yield shown
        finally:
            shown.finish()


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


def check_pictures_option(function: F) -> F:
    """--check-pictures, for commands that read whole files."""
    decorated: F = click.option(
        "--check-pictures",
        is_flag=True,
        help="Also decode every picture, which takes a while; types that cannot be decoded here are named.",
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


def told(findings: Findings, redacted: bool, progress: Progress) -> Findings:
    """The findings as they may be told: as they are, or without what tells of people."""
    return redact(findings, progress) if redacted else findings


OUTPUT_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("-v", "--verbose", is_flag=True, help="Show where each claim was read."),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no remarks; only the answer and errors."),
    click.option("--no-progress", is_flag=True, help="No progress bars."),
    click.option("--debug", is_flag=True, help="Show the traceback of an error."),
    temp_folder_option,
)


def output_option_flags(function: F) -> F:
    """--verbose, --quiet, --no-progress, --debug and --temp-folder."""
    decorated: F = _together(*OUTPUT_OPTIONS)(function)
    return decorated


def output_options(verbose: bool, quiet: bool, no_progress: bool, debug: bool) -> OutputOptions:
    """The four options as one value."""
    return OutputOptions(verbose, quiet, not no_progress, debug)


def style() -> Style:
    """Colour only on a terminal, and never when NO_COLOR is set."""
    return COLOUR if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else PLAIN


@dataclass(frozen=True, slots=True)
class Opened:
    """An open backup and what was found in it."""

    view: BackupView
    case: Case
    findings: Findings
    progress: Progress = SILENT

    def telling(self, stream: TextIO) -> Progress:
        """The progress for an answer that is written piece by piece: none where it would run through a bar."""
        return SILENT if stream.isatty() else self.progress


@contextmanager
def opened(
    backup: str,
    passphrase_file: str | None,
    how: OutputOptions,
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
    with (
        private_folder() as workspace,
        how.bar() as bar,
        unlocked(folder, workspace, passphrase_file, bar) as view,
    ):
        case = gather(view, with_events=with_events, uuids=uuids, only_facetime=only_facetime)
        yield Opened(view, case, find(case, bar), bar)


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


def in_bytes(stream: TextIO) -> BinaryIO:
    """The stream below a text stream: JSON is UTF-8, whatever the terminal speaks."""
    stream.flush()
    return stream.buffer


@contextmanager
def answer_stream(output: str | None, *backups: Path) -> Iterator[TextIO]:
    """Standard output, or what `-o` names, which never is a part of `backups` or of any other backup."""
    if output is None or output == "-":
        yield sys.stdout
        return
    sys.stdout.flush()  # `-o` may name standard output too
    with open_answer(output, Evidence(*backups)) as stream:
        yield stream
