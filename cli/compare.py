"""`recover-facetime compare`: what differs between backups, and how to bring back what the newest has lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from cli.main import partly
from cli.multi_backup import PASSPHRASE_FILES_HELP, BackupInput, digests_between, found_in, in_order, sources_of
from cli.options import OutputOptions, answer_stream, in_bytes, output_option_flags, output_options, style
from recovery.analysis.comparison.comparing import Comparison, compare
from recovery.records import indented
from recovery.report.comparison_json import comparison_document
from recovery.report.output_options import View
from recovery.report.text.comparison_text import comparisons_text
from recovery.report.text.layout import PLAIN


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
    help=PASSPHRASE_FILES_HELP,
)
@output_option_flags
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
    older. A photo permanently deleted on the phone is still whole in a backup made
    before: the answer ends with the command that takes it out.

    \b
    Examples:
      recover-facetime compare ~/Backups/Old ~/Backups/New
      recover-facetime compare "Ann's iPhone" "Ann's iPad" --json
    """
    how = output_options(verbose, quiet, no_progress, debug)
    if len(backups) < 2:
        raise click.UsageError("Two backups are needed: an older and a newer one.")
    sources, swapped = in_order(sources_of(backups, passphrase_files))
    if swapped and not quiet:
        listed = ", ".join(source.label for source in sources)
        click.echo(f"Note: the backups are compared in the order of their dates: {listed}.", err=True)
    comparisons, faults = _compared(sources, how)
    with answer_stream(output, *(source.folder for source in sources)) as stream, how.bar() as bar:
        if as_json:
            document = comparison_document(comparisons, generated_at=datetime.now(UTC), swapped=swapped)
            in_bytes(stream).write(indented(document) + b"\n")
        else:
            paint = style() if output is None else PLAIN
            stream.write(comparisons_text(comparisons, View(everything, verbose, paint, bar)))
    return partly(faults)


def _compared(sources: Sequence[BackupInput], how: OutputOptions) -> tuple[list[Comparison], bool]:
    """Each older backup against the newest; no more than two are in memory at a time."""
    comparisons: list[Comparison] = []
    with found_in(sources[-1], how) as newest:
        faults = newest.faults
        for source in sources[:-1]:
            with found_in(source, how) as older:
                faults = faults or older.faults
                digests = digests_between(older, newest, how)
                with how.bar() as bar:
                    comparisons.append(compare(older.findings, newest.findings, digests, bar))
    return comparisons, faults
