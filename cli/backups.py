"""`recover-facetime backups`: the backups on this computer or in a folder."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cli.main import EXIT_FAILED, partly
from cli.options import in_bytes, style
from recovery.errors import BackupNotFoundError
from recovery.filesystem import is_folder
from recovery.records import indented
from recovery.report.text.backup_list import backups_document
from recovery.report.text.backup_text import backups_table
from recovery.source.locate import default_roots, find_backups


@click.command(name="backups")
@click.argument("root", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
@click.option("--no-size", is_flag=True, help="Do not add up file sizes; quicker for large backups.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def command(root: Path | None, as_json: bool, no_size: bool, debug: bool) -> int:
    """List the backups in ROOT, or in the usual folders of this computer.

    \b
    Examples:
      recover-facetime backups
      recover-facetime backups /Volumes/Backups --json

    Usual folders: macOS ~/Library/Application Support/MobileSync/Backup; Windows
    %APPDATA%\\Apple Computer\\MobileSync\\Backup and
    %USERPROFILE%\\Apple\\MobileSync\\Backup.

    Exit codes: 0 done, 1 no backup was found, 2 wrong usage, 3 some folder could
    not be read.
    """
    if root is not None and not is_folder(root):
        raise BackupNotFoundError(f"There is no folder {root}.", "Give a folder that holds backups.")
    roots = (root,) if root else default_roots()
    found = find_backups(roots, with_size=not no_size)
    if as_json:
        in_bytes(sys.stdout).write(indented(backups_document(found)) + b"\n")
    else:
        click.echo(backups_table(found, roots=roots, style=style()), nl=False)
    hidden = any(gap.fault for gap in found.gaps)
    return partly(hidden) if hidden or found.records else EXIT_FAILED
