"""`recover-facetime scan`: what a backup holds of FaceTime photos, and what happened to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

import click

from cli import streams
from cli.filters import FACETIME, search_of, search_options
from cli.main import partly
from cli.options import (
    answer_stream,
    backup_argument,
    in_bytes,
    opened,
    output_option_flags,
    output_options,
    passphrase_option,
    redact_option,
    style,
    told,
)
from recovery.analysis.find import narrowed
from recovery.analysis.found import FoundAssets
from recovery.analysis.model import Asset, Findings
from recovery.progress import Progress, counted
from recovery.report.exports import maps as places
from recovery.report.exports import tables
from recovery.report.exports.case_database import write_database
from recovery.report.inventory import write_json
from recovery.report.safe_text import clean
from recovery.report.text import scan_text as text
from recovery.report.text.layout import PLAIN

_PLACES = ("geojson", "kml")
_TABLES: dict[str, Callable[[Iterable[Asset], TextIO], object]] = {
    "csv": tables.write_csv,
    "ndjson": lambda assets, stream: tables.write_ndjson(assets, in_bytes(stream)),
    "geojson": lambda assets, stream: in_bytes(stream).write(places.geojson(assets).encode()),
    "kml": lambda assets, stream: stream.write(places.kml(assets)),
}


@click.command(name="scan")
@backup_argument
@click.option("--all", "everything", is_flag=True, help="Show the whole library, not only what stands out.")
@click.option("--json", "as_json", is_flag=True, help="Print the inventory as one JSON document.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sqlite", *_TABLES]),
    default="text",
    show_default=True,
    help="csv and ndjson list the FaceTime, recently deleted and hidden assets, geojson and kml their places; "
    "with --all every asset. sqlite writes all findings as a database (docs/sqlite.md).",
)
@click.option("-o", "--output", metavar="FILE", help="Write the answer to FILE instead of standard output.")
@FACETIME
@search_options
@redact_option
@passphrase_option
@output_option_flags
def command(
    backup: str,
    everything: bool,
    as_json: bool,
    form: str,
    output: str | None,
    redacted: bool,
    passphrase_file: str | None,
    verbose: bool,
    quiet: bool,
    no_progress: bool,
    debug: bool,
    **chosen: Any,
) -> int:
    """Show the FaceTime photos of BACKUP, and what happened to them.

    BACKUP is a backup folder, its parent, its Manifest.db, a UDID or the unique
    start of one, or a device name.

    \b
    Examples:
      recover-facetime scan ~/Backups/00008110-000A1B2C3D4E801E
      recover-facetime scan "Ann's iPhone" --all
      recover-facetime scan "Ann's iPhone" --facetime
      recover-facetime scan 00008110 --json -o inventory.json
      recover-facetime scan 00008110 --from-date 2024-05-03 --person Grandma

    Exit codes: 0 done, 1 cannot go on, 2 wrong usage, 3 done but something in
    the backup could not be read, 4 passphrase missing or wrong.
    """
    if form == "sqlite" and output in (None, "-"):
        raise click.UsageError("This format is a file: give it a name with -o FILE.")
    search = search_of(chosen)
    how = output_options(verbose, quiet, no_progress, debug)
    with opened(backup, passphrase_file, how, only_facetime=search.facetime) as found:
        findings = told(narrowed(found.findings, search, found.progress), redacted, found.progress)
        if findings.search and not quiet and (as_json or form != "text"):
            click.echo(f"Search: {clean(findings.search)}", err=True)
        if as_json or form != "text":
            streams.for_programs()
        with answer_stream(output, found.view.identity.folder) as stream:
            if as_json or form == "json":
                write_json(
                    findings,
                    in_bytes(stream),
                    generated_at=datetime.now(UTC),
                    progress=found.telling(stream),
                )
            elif form == "sqlite":
                write_database(findings, found.view.new_file("findings.db"), in_bytes(stream), found.progress)
            elif form in _TABLES:
                _write_table(_listed(findings, everything), form, stream, quiet, found.telling(stream))
            else:
                paint = style() if output is None else PLAIN
                answer = text.scan(
                    findings,
                    everything=everything,
                    verbose=verbose,
                    only_facetime=search.only_facetime,
                    style=paint,
                    progress=found.progress,
                )
                stream.write(answer)
    return partly(findings.faults)


def _write_table(listed: FoundAssets, form: str, stream: TextIO, quiet: bool, progress: Progress) -> None:
    _TABLES[form](counted(listed, progress, "Writing the answer", len(listed), " photos"), stream)
    if form in _PLACES and not quiet:
        found_places = len(places.placed(listed))
        click.echo(f"Note: {found_places:,} of {len(listed):,} have a stored place.", err=True)


def _listed(findings: Findings, everything: bool) -> FoundAssets:
    whole = everything or findings.search is not None
    return findings.assets if whole else findings.assets.notable()
