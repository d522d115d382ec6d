"""Several backups in one command: named, put in order, opened one by one, and held against each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from cli.options import Opened, OutputOptions
from cli.passphrase import VARIABLE, given, unlocked_with
from cli.temp_option import private_folder
from recovery.analysis.comparison.asset_matching import Digests, match, worth_hashing
from recovery.analysis.comparison.comparing import lost_in, oldest_first
from recovery.analysis.find import find
from recovery.analysis.model import Findings
from recovery.case import gather
from recovery.case.digests import digests_of
from recovery.report.figures import day
from recovery.report.safe_text import clean
from recovery.source.backup_view import BackupView
from recovery.source.file_keys import Passphrase
from recovery.source.identity import Identity, read_identity
from recovery.source.locate import default_roots, locate

PASSPHRASE_FILES_HELP = (
    "Read the backup passphrase from FILE, or from standard input with '-'. Given once it is used for all "
    f"backups; else once for each, in their order. Without it the environment variable {VARIABLE} is used, else "
    "you are asked on a terminal."
)


@dataclass(frozen=True, slots=True)
class BackupInput:
    """One backup of the command line."""

    folder: Path
    identity: Identity
    passphrase: Passphrase | None

    @property
    def label(self) -> str:
        """The backup as a person tells it from the others."""
        return f"{clean(self.identity.device)} of {day(self.identity.backup_date)} ({clean(str(self.folder))})"


@dataclass(frozen=True, slots=True)
class BackupFindings:
    """An open backup and its findings; the case behind them is let go, as two libraries share the memory."""

    view: BackupView
    findings: Findings

    @property
    def faults(self) -> bool:
        """Whether something that is in the backup could not be read."""
        return self.findings.faults


def sources_of(backups: Sequence[str], files: Sequence[str]) -> list[BackupInput]:
    """The backups as named, each with its passphrase; raises what `given` and `locate` raise."""
    if len(files) not in (0, 1, len(backups)):
        raise click.UsageError(
            f"There are {len(backups)} backups and {len(files)} passphrase files: give --passphrase-file once for "
            "all backups, or once for each."
        )
    chosen: list[str | None] = list(files) if len(files) > 1 else [files[0] if files else None] * len(backups)
    secrets = {file: given(file) for file in dict.fromkeys(chosen)}  # standard input can be read only once
    roots = default_roots()
    folders = [locate(backup, roots) for backup in backups]
    return [
        BackupInput(folder, read_identity(folder), secrets[file]) for folder, file in zip(folders, chosen, strict=True)
    ]


def in_order(sources: list[BackupInput]) -> tuple[list[BackupInput], bool]:
    """Oldest first by their dates, if all have one, and whether that differs from the order given."""
    order = oldest_first([source.identity.backup_date for source in sources])
    return [sources[place] for place in order], order != tuple(range(len(sources)))


@contextmanager
def opened_source(source: BackupInput, how: OutputOptions) -> Iterator[Opened]:
    """Open one of several backups; a prompt for its passphrase says which one it is."""
    with (
        private_folder() as workspace,
        how.bar() as bar,
        unlocked_with(source.folder, workspace, source.passphrase, bar, source.label) as view,
    ):
        case = gather(view)
        yield Opened(view, case, find(case, bar), bar)


@contextmanager
def found_in(source: BackupInput, how: OutputOptions) -> Iterator[BackupFindings]:
    """As `opened_source`, without the case."""
    with opened_source(source, how) as found:
        kept = BackupFindings(found.view, found.findings)
        del found
        yield kept


def digests_between(older: BackupFindings, newer: BackupFindings, how: OutputOptions) -> Digests:
    """Hashes of the few files of equal length that nothing else could match."""
    with how.bar() as bar:
        wanted = worth_hashing(match(older.findings.assets, newer.findings.assets, progress=bar))
        sides = (
            digests_of(found.view, [(item.domain, item.path) for item in files], bar)
            for found, files in zip((older, newer), wanted, strict=True)
        )
        return Digests(*sides)


@contextmanager
def lost_and_older(
    newer: str, older: str, passphrase_files: Sequence[str], how: OutputOptions
) -> Iterator[tuple[Opened, frozenset[str]]]:
    """For `extract --from-older`: the older backup, open, and the keys of its assets that the newer one lacks."""
    newest, oldest = sources_of((newer, older), passphrase_files)
    if in_order([oldest, newest])[1] and not how.quiet:
        click.echo(f"Note: by its date the backup to take from is the newer one: {oldest.label}.", err=True)
    with opened_source(oldest, how) as source:
        with found_in(newest, how) as found:
            held = BackupFindings(source.view, source.findings)
            digests = digests_between(held, found, how)
            keys = lost_in(source.findings, found.findings, digests, source.progress)
        yield source, keys
