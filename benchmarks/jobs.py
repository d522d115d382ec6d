"""One measured piece of work, run in a process of its own: `python -m benchmarks.jobs JOB BACKUP OUT LIST`."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.floor import floor
from benchmarks.synthetic import CAMERA, LIBRARY, PASSPHRASE
from recovery.backup.keys import Passphrase
from recovery.backup.view import BackupView, open_backup
from recovery.case import gather
from recovery.extraction.plan import Plan, plan
from recovery.extraction.selection import Selection
from recovery.extraction.write import write
from recovery.findings.find import find
from recovery.report.inventory import write_json
from recovery.workspace import Workspace

Work = Callable[[], object]
_MOMENT = datetime(2024, 6, 1, tzinfo=UTC)


def scan(backup: Path, out: Path) -> None:
    """The whole library to JSON, opening included."""
    with Workspace() as workspace, open_backup(backup, workspace, Passphrase(PASSPHRASE)) as view:
        findings = find(gather(view))
        with (out / "inventory.json").open("w", encoding="utf-8") as stream:
            write_json(findings, stream, generated_at=_MOMENT)


def measure_floor(backup: Path) -> dict[str, float]:
    """Both databases are deciphered beforehand."""
    with Workspace() as workspace, open_backup(backup, workspace, Passphrase(PASSPHRASE)) as view:
        library = view.copy_database(CAMERA, LIBRARY)
        manifest = workspace.new_file("Manifest.db")
        _copy_manifest(view, manifest)
        assert library is not None
        return measured(lambda: floor(backup, manifest, library))


def _copy_manifest(view: BackupView, target: Path) -> None:
    shutil.copyfile(view.index._database.path, target)  # type: ignore[attr-defined]


def extract(backup: Path, out: Path, *, only_list: Path | None = None) -> dict[str, float]:
    """Everything a plan writes, journal and record included; the scan before it is not counted."""
    with Workspace() as workspace, open_backup(backup, workspace, Passphrase(PASSPHRASE)) as view:
        planned: Plan = plan(find(gather(view)), Selection(everything=True))
        if only_list is not None:
            files = [(item.file.domain, item.file.path) for item in planned.files]
            only_list.write_text(json.dumps(files))
            return {}
        before = _peak()
        return measured(lambda: write(view, planned, out)) | {"before": before, "bytes": planned.bytes}


def copy(backup: Path, out: Path, listed: Path, *, durable: bool) -> None:
    """The same blobs as they are stored, one after the other, as `cp` does."""
    for number, (domain, path) in enumerate(json.loads(listed.read_text())):
        name = hashlib.sha1(f"{domain}-{path}".encode()).hexdigest()
        target = out / str(number)
        shutil.copyfile(backup / name[:2] / name, target)
        if durable:
            with target.open("rb+") as stream:
                os.fsync(stream.fileno())


def measured(work: Work) -> dict[str, float]:
    """Seconds by the clock and of processor time."""
    begin, used = time.perf_counter(), _used()
    work()
    return {"wall": time.perf_counter() - begin, "cpu": _used() - used}


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _peak() -> float:
    """The most memory of this process in MiB; Linux keeps a parent's figure in ru_maxrss."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    job, backup, out, listed = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    gc.set_threshold(200_000, 50, 1_000)  # as the command line does
    shutil.rmtree(out, ignore_errors=True)
    if job != "extract":
        out.mkdir(parents=True)
    answer: dict[str, float] = {}
    if job == "scan":
        answer = measured(lambda: scan(backup, out))
    elif job == "floor":
        answer = measure_floor(backup)
    elif job == "list":
        answer = extract(backup, out, only_list=listed)
    elif job == "extract":
        answer = extract(backup, out)
    elif job in ("copy", "copy-durable"):
        answer = measured(lambda: copy(backup, out, listed, durable=job == "copy-durable"))
    answer["peak"] = _peak()
    shutil.rmtree(out, ignore_errors=True)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
