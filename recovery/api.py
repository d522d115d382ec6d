"""The public API: open a backup, ask what it holds, make a report, extract what it still has.

    from recovery import open_backup

    with open_backup("~/Backups/00008110-000A1B2C3D4E801E") as backup:
        findings = backup.scan()
        print(findings.totals.facetime, "FaceTime photos")
        backup.extract("recovered")

Everything below this module may change between versions; what it offers will not within a major version.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from recovery.analysis.find import find, narrowed
from recovery.analysis.model import Findings
from recovery.analysis.redact import redact
from recovery.analysis.search import Search
from recovery.analysis.timeline.building import Timeline, timeline
from recovery.case import Case, gather
from recovery.extraction.deriving import Deriver, can_take_frames
from recovery.extraction.folder import refuse_unsafe
from recovery.extraction.outcomes import CopyProgress, Documents, Outcome, Outcomes, RunFacts
from recovery.extraction.plan import Plan, PlannedAsset, plan
from recovery.extraction.selected_files import Selection
from recovery.extraction.verification import Verification, verify
from recovery.extraction.write import WriteOptions, write
from recovery.progress import SILENT, Progress
from recovery.report.exports.sidecars import json_sidecar, xmp
from recovery.report.html import Report, ReportOptions, write_report
from recovery.report.html.gallery import Gallery
from recovery.report.inventory import Extracted, FileKey, asset_key, write_json
from recovery.source import backup_view
from recovery.source.file_keys import Passphrase
from recovery.source.identity import Identity
from recovery.source.locate import default_roots, locate
from recovery.workspace import Workspace


def open_backup(
    backup: str | os.PathLike[str],
    passphrase: str | Passphrase | None = None,
    *,
    roots: Iterable[str | os.PathLike[str]] | None = None,
    temp_folder: str | os.PathLike[str] | None = None,
    progress: Progress = SILENT,
) -> Backup:
    """Open a backup for reading; use the result as a context manager, or close it.

    `backup` is a folder, its parent, a UDID or unique start of one, or a device name, which is looked for in
    `roots` (default: where this system keeps backups). Deciphered databases lie in a private folder below
    `temp_folder` (default: the system's) until the backup is closed; `progress` hears how far the work is. Nothing
    in the backup is changed.

    Raises a subclass of RecoveryError: BackupNotFoundError, AmbiguousBackupError, AccessDeniedError,
    PassphraseMissingError, PassphraseWrongError, DamagedBackupError or UnsafeBackupError.
    """
    places = default_roots() if roots is None else tuple(Path(root) for root in roots)
    folder = locate(os.fspath(backup), places)
    secret = Passphrase(passphrase) if isinstance(passphrase, str) else passphrase
    parent = None if temp_folder is None else Path(temp_folder)
    return Backup(folder, secret, temp_folder=parent, progress=progress)


class Backup:
    """An open backup. It may be used from any thread; calls from several threads take turns."""

    def __init__(
        self,
        folder: Path,
        passphrase: Passphrase | None = None,
        *,
        temp_folder: Path | None = None,
        progress: Progress = SILENT,
    ) -> None:
        self._progress = progress
        self._lock = threading.RLock()
        self._cases: dict[tuple[bool, bool, frozenset[str]], tuple[Case, Findings]] = {}
        with ExitStack() as stack:
            workspace = stack.enter_context(Workspace(temp_folder))
            self._view = stack.enter_context(backup_view.open_backup(folder, workspace, passphrase, progress))
            self._stack = stack.pop_all()

    @property
    def folder(self) -> Path:
        """The backup folder."""
        return self._view.identity.folder

    @property
    def identity(self) -> Identity:
        """Who and what the backup is, as its own property lists tell it."""
        return self._view.identity

    @property
    def encrypted(self) -> bool | None:
        """Whether the files are encrypted; None where neither the backup nor its bytes tell."""
        return self._view.encrypted

    def scan(self, search: Search | None = None, *, redacted: bool = False) -> Findings:
        """Everything found in the backup, or only the assets that fit a search.

        Redacted findings lack places, names, numbers and words of people. Findings are valid until the backup is
        closed; a second scan costs little.
        """
        wanted = search or Search()
        with self._lock:
            findings = narrowed(self._found(only_facetime=wanted.facetime)[1], wanted)
            return redact(findings, self._progress) if redacted else findings

    def timeline(self, *, everything: bool = False, uuids: Collection[str] = ()) -> Timeline:
        """The life of the notable assets, of all of them or of some; raises SelectionError for unknown UUIDs."""
        with self._lock:
            case, findings = self._found(with_events=True, uuids=uuids)
            return timeline(case, findings, everything=everything, uuids=uuids, progress=self._progress)

    def report(
        self,
        page: str | os.PathLike[str],
        *,
        findings: Findings | None = None,
        options: ReportOptions | None = None,
    ) -> Report:
        """Write one offline page of the findings (default: all), with its pictures in a folder beside it."""
        with self._lock:
            case, found = self._found()
            return write_report(
                self._view, case, findings or found, Path(page), options=options, progress=self._progress
            )

    def gallery(self, findings: Findings | None = None) -> Gallery:
        """The same page for a program that stays open: its pictures are made when they are asked for."""
        with self._lock:
            case, found = self._found()
            return Gallery(self._view, case, findings or found, self._progress)

    def plan(self, selection: Selection | None = None, *, findings: Findings | None = None) -> Plan:
        """What an extraction would write; frames are planned only where the decoder for them is installed."""
        with self._lock:
            planned = plan(findings or self.scan(), selection or Selection())
            return planned if can_take_frames() else planned.without_frames()

    def extract(
        self,
        out: str | os.PathLike[str],
        selection: Selection | Plan | None = None,
        *,
        findings: Findings | None = None,
        options: WriteOptions | None = None,
        run: RunFacts | None = None,
        progress: CopyProgress | None = None,
    ) -> Outcomes:
        """Write the selected files (default: FaceTime, recently deleted and loose media) and a record of the run.

        Originals are copied bit for bit and checked by hash; a second run goes on where an interrupted one ended.
        Raises OutputError and NotEnoughSpaceError; a single file that fails becomes its outcome.
        """
        with self._lock:
            target = Path(out)
            refuse_unsafe(target, self.folder)
            case, found = self._found()
            planned = selection if isinstance(selection, Plan) else self.plan(selection, findings=findings)
            return write(
                self._view,
                planned,
                target,
                options=options,
                documents=self._documents(case, findings or found),
                run=run,
                progress=progress,
            )

    def verify(
        self, out: str | os.PathLike[str], *, record_sha256: str | None = None, progress: CopyProgress | None = None
    ) -> Verification:
        """Check the files of an extraction against their record, and against this backup read again.

        `record_sha256` is the hash that the extraction gave. Raises OutputError where there is no record.
        """
        with self._lock:
            return verify(Path(out), self._view, record_sha256=record_sha256, progress=progress)

    def close(self) -> None:
        """Close the backup and remove the private folder."""
        with self._lock:
            self._cases.clear()
            self._stack.close()

    def __enter__(self) -> Backup:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _found(
        self,
        *,
        with_events: bool = False,
        uuids: Collection[str] = (),
        only_facetime: bool = False,
    ) -> tuple[Case, Findings]:
        """The case and the findings of one way to ask; the last one is kept."""
        key = with_events, only_facetime, frozenset(uuids)
        if key not in self._cases:
            case = gather(self._view, with_events=with_events, uuids=uuids, only_facetime=only_facetime)
            self._cases = {key: (case, find(case, self._progress))}
        return self._cases[key]

    def _documents(self, case: Case, findings: Findings) -> Documents:
        """Sidecars, derived pictures and the inventory, rendered while files are written."""

        def sidecars(planned: PlannedAsset, outcomes: tuple[Outcome, ...]) -> Mapping[str, bytes]:
            asset = planned.asset
            assert asset is not None  # files without an asset get no sidecars
            document = json_sidecar(asset, findings, extracted=_extracted(outcomes))
            return {"json": document, "xmp": xmp(asset)}

        def finals(outcomes: Outcomes) -> Mapping[str, bytes]:
            # No time: an extraction that was interrupted and finished later has the bytes of an undisturbed one.
            written = io.BytesIO()
            write_json(findings, written, generated_at=None, extracted=_extracted(outcomes.files))
            return {"inventory.json": written.getvalue()}

        return Documents(sidecars=sidecars, finals=finals, derive=Deriver(self._view, case.traces.tables))


def _extracted(outcomes: tuple[Outcome, ...]) -> dict[FileKey, Extracted]:
    return {
        (asset_key(outcome.planned.asset), outcome.planned.file): Extracted(outcome.entry.sha256, outcome.entry.target)
        for outcome in outcomes
        if outcome.planned.asset is not None and outcome.entry is not None
    }
