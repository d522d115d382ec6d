"""What this program does, measured in a process of its own: `python -m benchmarks.jobs JOB ARGUMENTS`."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.baselines import Answer, Jobs, answer, measure_cooling, measured
from benchmarks.shapes import PASSPHRASE
from recovery.analysis.find import find
from recovery.analysis.model import Findings
from recovery.case import Case, gather
from recovery.extraction.plan import plan
from recovery.extraction.selected_files import Selection
from recovery.extraction.write import write
from recovery.report.html.picture_choice import candidates, is_movie
from recovery.report.html.picture_sources import tables_by_path
from recovery.report.html.previews import Preview, PreviewMaker
from recovery.source.backup_view import BackupView, open_backup
from recovery.source.file_keys import Passphrase
from recovery.workspace import Workspace


@contextmanager
def _opened(backup: Path) -> Iterator[tuple[BackupView, Case, Findings]]:
    with Workspace() as workspace, open_backup(backup, workspace, Passphrase(PASSPHRASE)) as view:
        case = gather(view)
        yield view, case, find(case)


def measure_list(backup: Path, listed: Path) -> Answer:
    """Domains and paths of everything that would be extracted, for those that only copy or decipher."""
    with _opened(backup) as (_, _, findings):
        files = [(item.file.domain, item.file.path) for item in plan(findings, Selection(everything=True)).files]
    listed.write_text(json.dumps(files))
    return {"count": len(files)}


def measure_extract(backup: Path, out: Path, cool: str = "") -> Answer:
    """Everything a plan writes, journal and record included; the scan before it is not counted.

    "cool" has the system forget what that scan has read.
    """
    shutil.rmtree(out, ignore_errors=True)
    with _opened(backup) as (view, _, findings):
        planned = plan(findings, Selection(everything=True))
        if cool:
            measure_cooling(backup)
        figures = measured(lambda: write(view, planned, out))
    shutil.rmtree(out, ignore_errors=True)
    return figures | {"count": sum(1 for _ in planned.files), "size": planned.bytes}


def measure_previews(backup: Path, folder: Path, side: str, keep: str = "") -> Answer:
    """Previews of all stills of a backup, `side` "small" or "both"; "keep" leaves them for a second run."""
    with _opened(backup) as (view, case, findings):
        stills = [asset for asset in findings.assets if candidates(asset) and not any(map(is_movie, asset.files))]
        maker = PreviewMaker(view, folder, tables_by_path(case.traces.tables))
        made: list[Preview] = []
        figures = measured(lambda: made.extend(maker.make(stills, lambda asset: side != "small")))
    if not keep:
        shutil.rmtree(folder)
    return figures | {"count": sum(bool(item.small) + bool(item.large) for item in made)}


_JOBS: Jobs = {
    "list": (measure_list, 2),
    "extract": (measure_extract, 2),
    "previews": (measure_previews, 2),
}


if __name__ == "__main__":
    gc.set_threshold(200_000, 50, 1_000)  # as the command line does
    answer(_JOBS)
