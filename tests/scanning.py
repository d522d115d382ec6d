"""What the tests of whole backups share: open, gather and find in one call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from recovery.analysis.find import find
from recovery.analysis.model import Asset, Findings
from recovery.case import Case, gather
from recovery.source.backup_view import BackupView, open_backup
from recovery.source.file_keys import Passphrase
from recovery.workspace import Workspace

PASSPHRASE = "pässword of Ann"


@contextmanager
def view_of(folder: Path, passphrase: str | None = None) -> Iterator[BackupView]:
    """The open backup in a private folder of its own."""
    secret = Passphrase(passphrase) if passphrase is not None else None
    with Workspace() as workspace, open_backup(folder, workspace, secret) as view:
        yield view


def case_of(folder: Path, passphrase: str | None = None) -> Case:
    """Everything gathered from a backup folder, in memory: the private folder is gone."""
    with view_of(folder, passphrase) as view:
        case = gather(view)
        return in_memory(case)


def in_memory(case: Case) -> Case:
    """The same case without files of the private folder."""
    shared = case.shared_with_you
    second = None if shared is None else replace(shared, store=shared.store.in_memory())
    return replace(case, store=case.store.in_memory(), shared_with_you=second)


def scan(folder: Path, passphrase: str | None = None) -> Findings:
    """Everything found in a backup folder, in memory."""
    return find(case_of(folder, passphrase))


def named(findings: Findings, filename: str) -> Asset:
    """The one asset whose file has this name."""
    (asset,) = (item for item in findings.assets if item.filename == filename)
    return asset
