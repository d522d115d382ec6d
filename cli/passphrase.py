"""Where the backup passphrase comes from: a file, the environment, or a hidden prompt; never an option's value."""

from __future__ import annotations

import codecs
import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from recovery.errors import PassphraseMissingError, PassphraseWrongError, SelectionError
from recovery.progress import Progress
from recovery.source.backup_view import BackupView, open_backup
from recovery.source.file_keys import Passphrase
from recovery.system_files import read_named
from recovery.workspace import Workspace

VARIABLE = "RECOVER_FACETIME_PASSPHRASE"
TRIES = 3
_MOST_BYTES = 4096


def given(file: str | None) -> Passphrase | None:
    """The passphrase from the file option (`-` is standard input), else from the environment; None if neither.

    Line breaks at the end of the file are not part of the passphrase. Raises SelectionError, which never repeats
    the option's value: somebody may have typed the passphrase itself.
    """
    if file is None:
        text = os.environ.get(VARIABLE)
        return Passphrase(text) if text else None
    try:
        data = sys.stdin.buffer.read(_MOST_BYTES + 1) if file == "-" else read_named(file, _MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise SelectionError(
            f"The passphrase file cannot be read ({getattr(error, 'strerror', None) or 'not a file name'}).",
            "--passphrase-file takes the name of a file that holds the passphrase, never the passphrase itself.",
        ) from None
    text = _decoded(data).rstrip("\r\n")
    if not text or len(data) > _MOST_BYTES:
        raise SelectionError("The passphrase file is empty or far too long.", "Put the passphrase alone into it.")
    return Passphrase(text)


def _decoded(data: bytes) -> str:
    """Text of a file as editors and shells of every system write it: UTF-8, or UTF-16 where it says so."""
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        # Without the cause: its message would show bytes of the passphrase.
        raise SelectionError("The passphrase file is not UTF-8 or UTF-16 text.") from None


@contextmanager
def unlocked(folder: Path, workspace: Workspace, file: str | None, progress: Progress) -> Iterator[BackupView]:
    """The open backup, asking for the passphrase on a terminal where it is needed and was not given."""
    passphrase = given(file)
    with unlocked_with(folder, workspace, passphrase, progress) as view:
        if passphrase is not None and view.encrypted is not True:
            unknown = "whether this backup is encrypted is not known; the passphrase was not used"
            known = "this backup is not encrypted; the passphrase was not needed"
            click.echo(f"Note: {unknown if view.encrypted is None else known}.", err=True)
        yield view


@contextmanager
def unlocked_with(
    folder: Path, workspace: Workspace, passphrase: Passphrase | None, progress: Progress, which: str = ""
) -> Iterator[BackupView]:
    """The same with a passphrase already read; `which` names the backup where several are opened."""
    with ExitStack() as stack:
        try:
            view = stack.enter_context(open_backup(folder, workspace, passphrase, progress))
        except PassphraseMissingError:
            if not (sys.stdin.isatty() and sys.stderr.isatty()):
                raise
            view = _ask(folder, workspace, stack, progress, which)
        yield view


def _ask(folder: Path, workspace: Workspace, stack: ExitStack, progress: Progress, which: str) -> BackupView:
    backup = f"The backup {which}" if which else "The backup"
    click.echo(f"{backup} is encrypted. It is the passphrase set in Finder or iTunes that is needed.", err=True)
    for left in reversed(range(TRIES)):
        typed = getpass.getpass("Backup passphrase (not shown): ", stream=sys.stderr)
        try:
            return stack.enter_context(open_backup(folder, workspace, Passphrase(typed), progress))
        except PassphraseWrongError as error:
            if not left:
                raise
            click.echo(f"{error} {left} {'tries' if left > 1 else 'try'} left.", err=True)
    raise AssertionError("unreachable")  # pragma: no cover
