"""`recover-facetime compare`: what differs between backups, and how to bring back what the newest has lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from cli.main import partly
from cli.options import Manners, answer_stream, manners, manners_options, style
from cli.passphrase import VARIABLE, given, unlocked_with
from recovery.backup.identity import Identity, read_identity
from recovery.backup.keys import Passphrase
from recovery.backup.locate import default_roots, locate
from recovery.backup.view import BackupView
from recovery.case import gather
from recovery.case.digests import digests_of
from recovery.errors import SelectionError
from recovery.findings.compare import Comparison, compare, oldest_first
from recovery.findings.find import find
from recovery.findings.matching import Digests, match, worth_hashing
from recovery.findings.model import Findings
from recovery.report.comparison import comparison_document
from recovery.report.comparison_text import comparisons_text
from recovery.report.figures import day
from recovery.report.layout import PLAIN
from recovery.report.safe_text import clean
from recovery.report.view import View
from recovery.workspace import Workspace


@click.command(name="compare")
@click.argument("backups", nargs=-1, required=True, metavar="OLDER NEWER [MORE]...")
@click.option("--all", "everything", is_flag=True, help="Show every difference, however many there are.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
@click.option("-o", "--output", metavar="FILE", help="Write the answer to FILE instead of standard output.")
@click.option(
    "--passphrase-file",
    "passphrase_files",
    multiple=True,
    metavar="FILE",
    help="Read the backup passphrase from FILE, or from standard input with '-'. Given once it is used for all "
    f"backups; else once for each, in their order. Without it the environment variable {VARIABLE} is used, else "
    "you are asked on a terminal.",
)
@manners_options
def command(
    backups: tuple[str, ...],
    everything: bool,
    as_json: bool,
    output: str | None,
    passphrase_files: tuple[str, ...],
    verbose: bool,
    quiet: bool,
    no_progress: bool,
    debug: bool,
) -> int:
    """Compare backups of one or of several devices: what vanished, changed or came.

    Each older backup is held against the newest one; their dates decide which is
    older. A photo deleted for good on the phone is still whole in a backup made
    before: the answer ends with the command that takes it out.

    \b
    Examples:
      recover-facetime compare ~/Backups/Old ~/Backups/New
      recover-facetime compare "Ann's iPhone" "Ann's iPad" --json
    """
    how = manners(verbose, quiet, no_progress, debug)
    if len(backups) < 2:
        raise click.UsageError("Two backups are needed: an older and a newer one.")
    sources, swapped = _in_order(_sources(backups, passphrase_files))
    if swapped and not quiet:
        listed = ", ".join(source.label for source in sources)
        click.echo(f"Note: the backups are compared in the order of their dates: {listed}.", err=True)
    comparisons, faults = _compared(sources, how)
    with answer_stream(output) as stream:
        if as_json:
            document = comparison_document(comparisons, generated_at=datetime.now(UTC), swapped=swapped)
            stream.write(json.dumps(document, ensure_ascii=True, allow_nan=False, indent=2) + "\n")
        else:
            paint = style() if output is None else PLAIN
            stream.write(comparisons_text(comparisons, View(everything, verbose, paint)))
    return partly(faults)


@dataclass(frozen=True, slots=True)
class _Source:
    """One backup of the command line."""

    folder: Path
    identity: Identity
    passphrase: Passphrase | None

    @property
    def label(self) -> str:
        """The backup as a person tells it from the others."""
        return f"{clean(self.identity.device)} of {day(self.identity.backup_date)} ({clean(str(self.folder))})"


def _sources(backups: Sequence[str], files: Sequence[str]) -> list[_Source]:
    if len(files) not in (0, 1, len(backups)):
        raise SelectionError(
            f"There are {len(backups)} backups and {len(files)} passphrase files.",
            "Give --passphrase-file once for all backups, or once for each.",
        )
    chosen: list[str | None] = list(files) if len(files) > 1 else [files[0] if files else None] * len(backups)
    secrets = {file: given(file) for file in dict.fromkeys(chosen)}  # standard input can be read only once
    roots = default_roots()
    folders = [locate(backup, roots) for backup in backups]
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise SelectionError("The same backup is named twice.", "Name two different backup folders.")
    return [
        _Source(folder, read_identity(folder), secrets[file]) for folder, file in zip(folders, chosen, strict=True)
    ]


def _in_order(sources: list[_Source]) -> tuple[list[_Source], bool]:
    order = oldest_first([source.identity.backup_date for source in sources])
    return [sources[place] for place in order], order != tuple(range(len(sources)))


def _compared(sources: Sequence[_Source], how: Manners) -> tuple[list[Comparison], bool]:
    """Each older backup against the newest; no more than two are in memory at a time."""
    comparisons: list[Comparison] = []
    with _found(sources[-1], how) as (newest_view, newest):
        faults = any(gap.fault for gap in newest.gaps)
        for source in sources[:-1]:
            with _found(source, how) as (view, findings):
                faults = faults or any(gap.fault for gap in findings.gaps)
                comparisons.append(compare(findings, newest, _digests(view, findings, newest_view, newest, how)))
    return comparisons, faults


def _digests(
    view: BackupView, findings: Findings, newest_view: BackupView, newest: Findings, how: Manners
) -> Digests:
    """Hashes of the few files of equal length that nothing else could match."""
    wanted = worth_hashing(match(findings.assets, newest.assets))
    sides = (
        digests_of(opened, [(item.domain, item.path) for item in files], how.progress)
        for opened, files in zip((view, newest_view), wanted, strict=True)
    )
    return Digests(*sides)


@contextmanager
def _found(source: _Source, how: Manners) -> Iterator[tuple[BackupView, Findings]]:
    with (
        Workspace() as workspace,
        unlocked_with(source.folder, workspace, source.passphrase, source.label) as view,
    ):
        bar = how.progress
        try:
            findings = find(gather(view, bar))
        finally:
            bar.finish()
        yield view, findings
