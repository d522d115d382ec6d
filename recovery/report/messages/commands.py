"""Commands as a person can paste them: the real paths, quoted for the shell of this system."""

from __future__ import annotations

import os
import shlex
import subprocess

from recovery.analysis.model import BackupFacts
from recovery.analysis.redact import LEFT_OUT

PROGRAM = "recover-facetime"
BACKUP = "BACKUP"
"""Stands for the backup where its path is left out."""
NEW_FOLDER = "recovered-photos"
"""The folder that is offered for an extraction, beside where the command is run."""


def command(name: str, *arguments: str) -> str:
    """One command line of this program."""
    return " ".join([PROGRAM, name, *map(quoted, arguments)])


def quoted(argument: str) -> str:
    """An argument as the usual shell of this system takes it: PowerShell and cmd on Windows, else a POSIX shell."""
    return subprocess.list2cmdline([argument]) if os.name == "nt" else shlex.quote(argument)


def backup_argument(backup: BackupFacts) -> str:
    """The path of a backup, or a stand-in where a redacted answer leaves it out."""
    return BACKUP if backup.path == LEFT_OUT else backup.path


def extract_command(backup: BackupFacts, *options: str) -> str:
    """The command that saves what is here."""
    return command("extract", backup_argument(backup), NEW_FOLDER, *options)
