"""The record of a run: run.json says what was done to what, manifest.sha256 lets anyone check the files."""

from __future__ import annotations

import hashlib
import json
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib import metadata
from pathlib import Path

from msgspec import structs

import recovery
from recovery import clock, limits
from recovery.analysis.model import BackupFacts
from recovery.database import SIDE_FILES
from recovery.extraction.outcomes import DocumentOutcome, Entry, Outcome, Outcomes, OutcomeState, RunFacts
from recovery.filesystem import is_file
from recovery.provenance import Gap
from recovery.source import reading
from recovery.source.blobs import SNAPSHOT, BlobFolder
from recovery.source.identity import MANIFEST_DATABASE

SCHEMA = "recover-facetime/run/1"
RUN = "run.json"
MANIFEST = "manifest.sha256"
# Everything that reads, deciphers, decodes or renders; what is not installed is null.
_LIBRARIES = (
    "iphone-backup-decrypt", "cryptography", "pycryptodome", "pillow", "pillow-heif", "av", "texture2ddecoder",
    "jinja2", "msgspec", "click", "tqdm",
)  # fmt: skip


def backup_key(backup: Path) -> str:
    """SHA-256 of Manifest.db as stored (and its log, if any): the same only for the same state of a backup.

    That of Snapshot follows where a backup was interrupted. Without any, of the names of all blobs.
    """
    state = hashlib.sha256()
    names = [f"{folder}{MANIFEST_DATABASE}{suffix}" for folder in ("", f"{SNAPSHOT}/") for suffix in ("", *SIDE_FILES)]
    there = [path for name in names if is_file(path := backup / name)]
    if not any(path.name == MANIFEST_DATABASE for path in there):  # salvaged: the names of the blobs tell the state
        for name, _ in BlobFolder(backup).list():
            state.update(name.encode())
        return state.hexdigest()
    for path in there:
        with reading.open_file(path) as stream:
            while chunk := stream.read(limits.CIPHER_CHUNK_BYTES):
                state.update(chunk)
    return state.hexdigest()


def manifest_text(entries: Iterable[Entry]) -> bytes:
    """Lines that `sha256sum -c` accepts, by path."""
    lines = sorted((entry.target, entry.sha256) for entry in entries)
    return "".join(f"{sha256}  {target}\n" for target, sha256 in lines).encode()


def run_text(
    facts: RunFacts,
    backup: BackupFacts,
    gaps: Sequence[Gap],
    outcomes: Outcomes,
    *,
    key: str,
    manifest: bytes,
    started: datetime,
    ended: datetime,
) -> bytes:
    """run.json: everything that is needed to say later what was done, and to check it."""
    document = {
        "schema": SCHEMA,
        "tool": {"name": "recover-facetime", "version": recovery.__version__},
        "libraries": {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version} | _versions(),
        # Not platform.platform(): it starts `uname`, and no other program may see our environment.
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "arguments": list(facts.arguments),
        "started": clock.to_text(started),
        "ended": clock.to_text(ended),
        "case": {
            "case_number": facts.case_number,
            "evidence_number": facts.evidence_number,
            "examiner": facts.examiner,
        },
        "backup": _backup(backup) | {"manifest_database_sha256": key},
        "totals": {state.value: outcomes.count(state) for state in OutcomeState} | {"bytes": outcomes.bytes},
        "manifest": {"name": MANIFEST, "sha256": hashlib.sha256(manifest).hexdigest()},
        "files": [_file(outcome) for outcome in outcomes.files],
        "documents": [_document(document) for document in outcomes.documents],
        "earlier": [entry.values() for entry in outcomes.earlier],
        "gaps": [structs.asdict(gap) for gap in gaps],
        "warnings": list(facts.warnings),
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def _backup(backup: BackupFacts) -> dict[str, object]:
    return structs.asdict(backup) | {"backup_date": clock.to_text(backup.backup_date)}


def _file(outcome: Outcome) -> dict[str, object]:
    planned, entry = outcome.planned, outcome.entry
    file, asset, message = planned.file, planned.asset, planned.message
    return {
        "target": outcome.target,
        "state": outcome.state.value,
        "reason": outcome.reason,
        "notes": list(outcome.notes),
        "unchanged": outcome.unchanged,
        "picture": asdict(outcome.picture) if outcome.picture else None,
        "asset": asset.uuid if asset else None,
        "facetime_message": message.uuid if message else None,
        "role": file.role.value,
        "domain": file.domain,
        "path": file.path,
        "file_id": file.file_id,
        "size": entry.size if entry else None,
        "sha256": entry.sha256 if entry else None,
        "source_size": entry.source_size if entry else None,
        "source_sha256": entry.source_sha256 if entry else None,
        "modified": clock.to_text(outcome.modified),
        "modified_from": outcome.modified_from,
    }


def _document(outcome: DocumentOutcome) -> dict[str, object]:
    return {
        "target": outcome.target,
        "state": outcome.state.value,
        "reason": outcome.reason,
        "size": outcome.entry.size if outcome.entry else None,
        "sha256": outcome.entry.sha256 if outcome.entry else None,
        "modified": clock.to_text(outcome.modified),
    }
