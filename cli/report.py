"""`recover-facetime report`: one offline page of what a backup holds, to look at."""

from __future__ import annotations

from pathlib import Path

import click

from cli.main import partly
from cli.options import (
    backup_argument,
    opened,
    output_option_flags,
    output_options,
    passphrase_option,
    redact_option,
    told,
)
from recovery.report.html import ReportOptions, write_report
from recovery.report.safe_text import clean


@click.command(name="report")
@backup_argument
@click.argument("out", metavar="OUT.html", type=click.Path(path_type=Path))
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Large pictures and playable movies of every photo, not only of those that stand out (FaceTime, "
    "recently deleted, hidden, deleted). Takes long and much space for a large library.",
)
@click.option("--no-pictures", is_flag=True, help="Only the page, without previews; done in seconds.")
@redact_option
@passphrase_option
@output_option_flags
def command(
    backup: str,
    out: Path,
    everything: bool,
    no_pictures: bool,
    redacted: bool,
    passphrase_file: str | None,
    verbose: bool,
    quiet: bool,
    no_progress: bool,
    debug: bool,
) -> int:
    """Make a page of BACKUP to look at: what happened, every photo, every fact.

    The page needs no network and no server. Its pictures lie in the folder
    OUT_files beside it; keep both together. A second report of the same name
    uses them again.

    \b
    Examples:
      recover-facetime report ~/Backups/00008110-000A1B2C3D4E801E report.html
      recover-facetime report "Ann's iPhone" ~/Desktop/facetime.html

    Exit codes: 0 done, 1 cannot go on, 2 wrong usage, 3 done but something in
    the backup could not be read, 4 passphrase missing or wrong.
    """
    how = output_options(verbose, quiet, no_progress, debug)
    with opened(backup, passphrase_file, how) as found:
        options = ReportOptions(everything=everything, previews=not no_pictures)
        findings = told(found.findings, redacted, found.progress)
        done = write_report(found.view, found.case, findings, out, options=options, progress=found.progress)
    click.echo(clean(str(done.page)))
    if not quiet:
        shown = f"{done.pictures:,} of {done.assets:,} photos and videos have a picture."
        click.echo(f"{shown} Open the page in any browser.", err=True)
        click.echo("It holds names, places and pictures of people: keep it with care.", err=True)
    return partly(found.findings.faults)
