"""`recover-facetime verify`: is an extraction still what was written, and what the backup holds?"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import click

from cli.main import partly
from cli.options import BytesDone, check_pictures_option, output_option_flags, output_options, passphrase_option
from cli.passphrase import unlocked
from cli.temp_option import private_folder
from recovery.extraction.verification import verify
from recovery.report.text.extraction_text import verification
from recovery.source.locate import default_roots, locate


@click.command(name="verify")
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("backup", required=False)
@click.option("--record-sha256", metavar="HASH", help="The hash of run.json that extract printed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
@check_pictures_option
@passphrase_option
@output_option_flags
def command(
    out: Path,
    backup: str | None,
    record_sha256: str | None,
    as_json: bool,
    check_pictures: bool,
    passphrase_file: str | None,
    verbose: bool,
    quiet: bool,
    no_progress: bool,
    debug: bool,
) -> int:
    """Check the folder OUT against its record; with BACKUP also against the backup.

    Every file is hashed again. With BACKUP each blob is read and deciphered again
    as well. Nothing is written anywhere.

    \b
    Examples:
      recover-facetime verify ~/Desktop/FaceTime
      recover-facetime verify out "Ann's iPhone" --record-sha256 0f949e08...

    Exit codes: 0 nothing differs, 3 something differs, 1 cannot be checked.
    """
    bar = output_options(verbose, quiet, no_progress, debug).progress
    with ExitStack() as stack:
        view = None
        if backup is not None:
            folder = locate(backup, default_roots())
            workspace = stack.enter_context(private_folder())
            view = stack.enter_context(unlocked(folder, workspace, passphrase_file, bar))
        try:
            watch = BytesDone(bar, "Checking")
            found = verify(out, view, record_sha256=record_sha256, check_pictures=check_pictures, progress=watch)
        finally:
            bar.finish()
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        click.echo(verification(found), nl=False)
    return partly(bool(found.differences))
