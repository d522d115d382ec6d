"""What the extraction tests share: findings made by hand from what a builder planted, and runs over them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fixtures import BackupBuilder, PlantedAsset
from recovery.analysis.found import FoundAssets
from recovery.analysis.model import (
    Asset,
    AssetFile,
    BackupFacts,
    Basis,
    FaceTime,
    FileRole,
    FileState,
    Findings,
    Kind,
    LivePhoto,
    Orphan,
    Status,
    Totals,
    Verdict,
)
from recovery.analysis.reasons import ReasonCode, StatusReason
from recovery.extraction.folder import STATE_FOLDER
from recovery.extraction.journal import JOURNAL, Journal
from recovery.extraction.outcomes import Documents, Outcome, Outcomes
from recovery.extraction.parts import FilePart
from recovery.extraction.plan import Plan, PlannedAsset, plan
from recovery.extraction.record import RUN
from recovery.extraction.selected_files import Selection
from recovery.extraction.write import WriteOptions, write
from recovery.output import Evidence, OutputDirectory
from recovery.source.backup_view import BackupView, open_backup
from recovery.source.file_keys import Passphrase
from recovery.workspace import Workspace

PASSPHRASE = "correct horse"
TRIALS = int(os.environ.get("RECOVER_FACETIME_TRIALS", "40"))
"""Runs that are killed or cut, for each test of that kind; hundreds by hand (docs/trust.md)."""
BACKUP = BackupFacts("backup", "0000", "Phone", "iPhone14,5", "17.6", "21G80", None, False, True, 17600)
NO_TOTALS = Totals(*[0] * 19)


def small_photos(count: int) -> BackupBuilder:
    """A library of so many small photos."""
    builder = BackupBuilder()
    for number in range(count):
        builder.with_photo(f"IMG_{number:04d}", width=64, height=48)
    return builder


def a_file(
    role: FileRole = FileRole.STILL, path: str = "Media/DCIM/100APPLE/IMG_0001.HEIC", **changes: Any
) -> AssetFile:
    """A file that is there, unless told otherwise."""
    facts: dict[str, Any] = {
        "domain": "CameraRollDomain",
        "file_id": "0" * 40,
        "size": 10,
        "state": FileState.PRESENT,
    }
    return AssetFile(role=role, path=path, **(facts | changes))


WHOLE = StatusReason(ReasonCode.ALL_ORIGINALS_HERE)


def an_asset(uuid: str | None = "A0000000-0000-0000-0000-000000000001", **changes: Any) -> Asset:
    """A photo with one file, unless told otherwise."""
    facts: dict[str, Any] = {
        "basis": Basis.PHOTOS_DATABASE,
        "kind": Kind.PHOTO,
        "status": Status.COMPLETE,
        "status_reason": WHOLE,
        "directory": "DCIM/100APPLE",
        "filename": "IMG_0001.HEIC",
        "created": datetime(2024, 5, 3, 18, 22, 10, tzinfo=UTC),
        "files": (a_file(),),
    }
    return Asset(uuid=uuid, **(facts | changes))


def facetime(verdict: str = "certain") -> FaceTime:
    """A verdict without its reasons."""
    return FaceTime(Verdict(verdict))


def findings_of(assets: Iterable[Asset], loose: Iterable[Orphan] = ()) -> Findings:
    """Findings with these assets and loose ends."""
    return Findings(BACKUP, NO_TOTALS, FoundAssets.of(assets), tuple(loose), (), ())


def found(planted: PlantedAsset) -> Asset:
    """The asset that a reader would make of a planted one."""
    expected = planted.expected
    roles = {file.role for file in planted.files}
    return Asset(
        uuid=planted.uuid,
        basis=Basis(expected.basis),
        kind=Kind(expected.kind),
        status=Status(expected.status),
        status_reason=WHOLE,
        directory=planted.directory,
        filename=planted.name,
        original_filename=expected.original_filename,
        created=expected.created,
        hidden=expected.hidden,
        trashed=expected.trashed,
        facetime=facetime(expected.verdict),
        live_photo=LivePhoto("still" in roles, "paired_video" in roles, planted.content_identifier, True)
        if expected.kind == "live_photo"
        else None,
        files=tuple(
            AssetFile(
                FileRole(file.role), file.domain, file.path, file.file_id, file.size,
                FileState.MISSING if file.state == "missing_blob" else FileState.PRESENT,
            )
            for file in planted.files
        ),
    )  # fmt: skip


def everything(builder: BackupBuilder, **changes: Any) -> Plan:
    """The plan for all that was planted."""
    return plan(findings_of(map(found, builder.assets)), Selection(everything=True, **changes))


@contextmanager
def opened(backup: Path, passphrase: str | None = None) -> Iterator[BackupView]:
    """A view of a backup, with a workspace of its own beside it."""
    parent = backup.parent.parent / "private"
    parent.mkdir(exist_ok=True)
    secret = Passphrase(passphrase) if passphrase is not None else None
    with Workspace(parent) as workspace, open_backup(backup, workspace, secret) as view:
        yield view


@contextmanager
def journal_in(folder: Path, backup: str = "key") -> Iterator[Journal]:
    """The open journal of a folder."""
    with OutputDirectory(folder, Evidence()) as directory, Journal(directory, backup) as journal:
        yield journal


@contextmanager
def part_in(folder: Path) -> Iterator[FilePart]:
    """An unfinished file of a folder."""
    with OutputDirectory(folder, Evidence()) as directory, FilePart(directory) as part:
        yield part


def sidecars(planned: PlannedAsset, outcomes: tuple[Outcome, ...]) -> Mapping[str, bytes]:
    """Documents beside an asset, as the command line would render them."""
    assert planned.asset is not None
    text = json.dumps([planned.asset.uuid, [outcome.target for outcome in outcomes]])
    return {"json": text.encode(), "xmp": b"<xmp/>"}


def finals(outcomes: Outcomes) -> Mapping[str, bytes]:
    """The inventory."""
    return {"inventory.json": json.dumps([outcome.target for outcome in outcomes.files]).encode()}


DOCUMENTS = Documents(sidecars=sidecars, finals=finals)


def extract(backup: Path, plan: Plan, out: Path, passphrase: str | None = None, **changes: Any) -> Outcomes:
    """Open, write, close."""
    options = changes.pop("options", WriteOptions(workers=2))
    with opened(backup, passphrase) as view:
        return write(view, plan, out, options=options, documents=DOCUMENTS, **changes)


def contents(out: Path) -> dict[str, bytes]:
    """Every file of an output but the lock and the run record, which holds the times of the run and so differs."""
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    found.pop(RUN, None)
    found.pop(f"{STATE_FOLDER}/lock", None)
    journal = f"{STATE_FOLDER}/{JOURNAL}"
    if journal in found:
        lines = found[journal].splitlines()
        found[journal] = b"\n".join(line for line in lines if f'"{RUN}"'.encode() not in line)
    return found
