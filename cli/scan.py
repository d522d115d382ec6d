"""`recover-facetime scan`: what a backup holds of FaceTime photos, and what happened to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

import click

from cli import streams
from cli.filters import FACETIME, search_of, search_options
from cli.main import partly
from cli.options import (
    answer_stream,
    backup_argument,
    manners,
    manners_options,
    opened,
    passphrase_option,
    redact_option,
    style,
    told,
)
from recovery.findings.find import narrowed
from recovery.findings.model import Asset, Findings
from recovery.findings.outlines import standing_out
from recovery.report import places, tables, text
from recovery.report.inventory import write_json
from recovery.report.layout import PLAIN
from recovery.report.safe_text import clean

_PLACES = ("geojson", "kml")
_TABLES: dict[str, Callable[[tuple[Asset, ...], TextIO], object]] = {
    "csv": tables.write_csv,
    "ndjson": tables.write_ndjson,
    "geojson": lambda assets, stream: stream.write(places.geojson(assets)),
    "kml": lambda assets, stream: stream.write(places.kml(assets)),
}


@click.command(name="scan")
@backup_argument
@click.option("--all", "everything", is_flag=True, help="Show the whole library, not only what stands out.")
@click.option("--json", "as_json", is_flag=True, help="Print the inventory as one JSON document.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", *_TABLES]),
    default="text",
    show_default=True,
    help="csv and ndjson list the FaceTime, recently deleted and hidden assets, geojson and kml their places; "
    "with --all every asset.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the answer to FILE instead of standard output.")
@FACETIME
@search_options
@redact_option
@passphrase_option
@manners_options
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
    search = search_of(chosen)
    how = manners(verbose, quiet, no_progress, debug)
    with opened(backup, passphrase_file, how, only_facetime=search.facetime) as found:
        findings = told(narrowed(found.findings, search), redacted)
        if findings.search and not quiet and (as_json or form != "text"):
            click.echo(f"Search: {clean(findings.search)}", err=True)
        if as_json or form != "text":
            streams.for_programs()
        with answer_stream(output) as stream:
            if as_json or form == "json":
                write_json(findings, stream, generated_at=datetime.now(UTC), room=found.view.room)
            elif form in _TABLES:
                _write_table(_listed(findings, everything), form, stream, quiet)
            else:
                paint = style() if output is None else PLAIN
                answer = text.scan(
                    findings,
                    everything=everything,
                    verbose=verbose,
                    only_facetime=search.only_facetime,
                    style=paint,
                )
                stream.write(answer)
    return partly(findings.faults)


def _write_table(listed: tuple[Asset, ...], form: str, stream: TextIO, quiet: bool) -> None:
    _TABLES[form](listed, stream)
    if form in _PLACES and not quiet:
        found_places = len(places.placed(listed))
        click.echo(f"Note: {found_places:,} of {len(listed):,} have a stored place.", err=True)


def _listed(findings: Findings, everything: bool) -> tuple[Asset, ...]:
    whole = everything or findings.search is not None
    return tuple(findings.assets if whole else standing_out(findings.assets))
