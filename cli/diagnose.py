"""`recover-facetime diagnose`: why FaceTime photos may be missing, from the backup itself."""

from __future__ import annotations

from datetime import UTC, datetime

import click

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
from recovery.report.inventory import diagnosis_document, dumps
from recovery.report.text.diagnosis_text import diagnosis
from recovery.report.text.layout import PLAIN


@click.command(name="diagnose")
@backup_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
@click.option("-o", "--output", metavar="FILE", help="Write the answer to FILE instead of standard output.")
@redact_option
@passphrase_option
@output_option_flags
def command(
    backup: str,
    as_json: bool,
    output: str | None,
    redacted: bool,
    passphrase_file: str | None,
    verbose: bool,
    quiet: bool,
    no_progress: bool,
    debug: bool,
) -> int:
    """Say why FaceTime photos of BACKUP may be missing, and what to do next.

    Each known cause is held against the backup: shown, spoken against, left
    open, or of a kind that no backup can show. --verbose says where each claim
    was read.

    \b
    Examples:
      recover-facetime diagnose "Ann's iPhone"
      recover-facetime diagnose 00008110 --json -o diagnosis.json

    Exit codes: 0 done, 1 cannot go on, 2 wrong usage, 3 done but something in
    the backup could not be read, 4 passphrase missing or wrong.
    """
    with opened(backup, passphrase_file, output_options(verbose, quiet, no_progress, debug)) as found:
        findings = told(found.findings, redacted, found.progress)
        with answer_stream(output, found.view.identity.folder) as stream:
            if as_json:
                in_bytes(stream).write(dumps(diagnosis_document(findings, generated_at=datetime.now(UTC))).encode())
            else:
                paint = style() if output is None else PLAIN
                stream.write(diagnosis(findings, verbose=verbose, style=paint))
    return partly(findings.faults)
