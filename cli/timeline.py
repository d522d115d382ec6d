"""`recover-facetime timeline`: the life of each photo, and of the library around it, in order of time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TextIO

import click

from cli import streams
from cli.main import partly
from cli.options import (
    OutputOptions,
    answer_stream,
    backup_argument,
    in_bytes,
    opened,
    output_option_flags,
    output_options,
    passphrase_option,
    style,
)
from recovery.analysis.model import BackupFacts
from recovery.analysis.timeline.building import Timeline, timeline
from recovery.progress import SILENT, Progress
from recovery.report.exports import timeline_exports as exports
from recovery.report.text.layout import PLAIN
from recovery.report.text.timeline_text import timeline_text


@click.command(name="timeline")
@backup_argument
@click.option("--uuid", "uuids", multiple=True, metavar="UUID", help="Only this photo, with all that touched it.")
@click.option("--all", "everything", is_flag=True, help="Every photo and video, not only what stands out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "timesketch", "jsonl"]),
    default="text",
    show_default=True,
    help="timesketch is the CSV, jsonl the JSON lines that Timesketch loads.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the answer to FILE instead of standard output.")
@passphrase_option
@output_option_flags
def command(
    backup: str,
    uuids: tuple[str, ...],
    everything: bool,
    as_json: bool,
    form: str,
    output: str | None,
    passphrase_file: str | None,
    verbose: bool,
    quiet: bool,
    no_progress: bool,
    debug: bool,
) -> int:
    """Tell the life of the photos in BACKUP in order of time.

    Taken, added and by whom, during which FaceTime call, marked, edited, sent to
    iCloud, moved to Recently Deleted, permanently deleted, why and by which program;
    with FaceTime calls, changes of the photo library, restores and backups.
    Without --uuid or --all these are the photos that stand out: FaceTime,
    recently deleted, hidden and permanently deleted.

    \b
    Examples:
      recover-facetime timeline ~/Backups/00008110-000A1B2C3D4E801E
      recover-facetime timeline "Ann's iPhone" --uuid UUID
      recover-facetime timeline 00008110 --all --format timesketch -o timeline.csv
    """
    how = output_options(verbose, quiet, no_progress, debug)
    with opened(backup, passphrase_file, how, with_events=True, uuids=uuids) as found:
        told = timeline(found.case, found.findings, everything=everything, uuids=uuids, progress=found.progress)
        facts = found.findings.backup
    form = "json" if as_json else form
    if form != "text":
        streams.for_programs()
    with answer_stream(output, found.view.identity.folder) as stream, how.bar() as bar:
        if form == "text":
            paint = style() if output is None else PLAIN
            stream.write(timeline_text(told, facts, verbose=verbose, style=paint, progress=bar))
        else:
            _write(told, facts, form, stream, how, SILENT if stream.isatty() else bar)
    return partly(found.findings.faults)


def _write(
    told: Timeline, facts: BackupFacts, form: str, stream: TextIO, how: OutputOptions, progress: Progress
) -> None:
    dropped = 0
    if form == "json":
        exports.write_json(told, facts, in_bytes(stream), generated_at=datetime.now(UTC), progress=progress)
    elif form == "csv":
        exports.write_csv(told, stream, progress)
    elif form == "timesketch":
        dropped = exports.write_timesketch(told, stream, progress)
    else:
        dropped = exports.write_jsonl(told, in_bytes(stream), progress)
    if dropped and not how.quiet:
        click.echo(f"Note: {dropped:,} events without a time are left out; the text and --json have them.", err=True)
