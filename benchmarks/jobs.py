"""One measured piece of work in its own process: `python -m benchmarks.jobs JOB ARGUMENTS` answers in JSON."""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.floor import floor
from benchmarks.shapes import PASSPHRASE, clear_copies, file_id
from recovery.backup.keys import Passphrase
from recovery.backup.view import BackupView, open_backup
from recovery.case import Case, gather
from recovery.extraction.plan import plan
from recovery.extraction.selection import Selection
from recovery.extraction.write import write
from recovery.findings.find import find
from recovery.findings.model import Findings
from recovery.report.html.pictures import candidates, is_movie
from recovery.report.html.previews import Preview, PreviewMaker, tables_by_path
from recovery.workspace import Workspace

Answer = dict[str, float]


@contextmanager
def _opened(backup: Path) -> Iterator[tuple[BackupView, Case, Findings]]:
    with Workspace() as workspace, open_backup(backup, workspace, Passphrase(PASSPHRASE)) as view:
        case = gather(view)
        yield view, case, find(case)


def measure_floor(backup: Path) -> Answer:
    """Both databases lie deciphered beside the backup."""
    manifest, library = clear_copies(backup)
    return _measured(lambda: floor(backup, manifest, library))


def measure_warming(backup: Path) -> Answer:
    """Read everything once, so that whoever comes first does not pay for the disk; names of one file only once."""
    seen: set[int] = set()

    def work() -> None:
        for folder, _, names in os.walk(backup.parent):
            for name in names:
                with Path(folder, name).open("rb", buffering=0) as stream:
                    number = os.fstat(stream.fileno()).st_ino
                    while number not in seen and stream.read(1 << 20):
                        pass
                    seen.add(number)

    return _measured(work) | {"count": len(seen)}


def measure_list(backup: Path, listed: Path) -> Answer:
    """Domains and paths of everything that would be extracted, for those that only copy or decipher."""
    with _opened(backup) as (_, _, findings):
        files = [(item.file.domain, item.file.path) for item in plan(findings, Selection(everything=True)).files]
    listed.write_text(json.dumps(files))
    return {"count": len(files)}


def measure_extract(backup: Path, out: Path) -> Answer:
    """Everything a plan writes, journal and record included; the scan before it is not counted."""
    shutil.rmtree(out, ignore_errors=True)
    with _opened(backup) as (view, _, findings):
        planned = plan(findings, Selection(everything=True))
        answer = _measured(lambda: write(view, planned, out))
    shutil.rmtree(out, ignore_errors=True)
    return answer | {"count": sum(1 for _ in planned.files), "size": planned.bytes}


def measure_copy(backup: Path, out: Path, listed: Path, durable: str = "") -> Answer:
    """The same blobs as they are stored, one after the other, as `cp` does; "durable" flushes each to the disk."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    files = json.loads(listed.read_text())
    answer = _measured(lambda: _copy(backup, out, files, bool(durable)))
    size = sum(path.stat().st_size for path in out.iterdir())
    shutil.rmtree(out)
    return answer | {"count": len(files), "size": size}


def _copy(backup: Path, out: Path, files: list[tuple[str, str]], durable: bool) -> None:
    for number, (domain, path) in enumerate(files):
        name, target = file_id(domain, path), out / str(number)
        shutil.copyfile(backup / name[:2] / name, target)
        if durable:
            with target.open("rb+") as stream:
                os.fsync(stream.fileno())


def measure_previews(backup: Path, folder: Path, side: str, keep: str = "") -> Answer:
    """Previews of all stills of a backup, `side` "small" or "both"; "keep" leaves them for a second run."""
    with _opened(backup) as (view, case, findings):
        stills = [asset for asset in findings.assets if candidates(asset) and not any(map(is_movie, asset.files))]
        maker = PreviewMaker(view, folder, tables_by_path(case.traces.tables))
        made: list[Preview] = []
        answer = _measured(lambda: made.extend(maker.make(stills, lambda asset: side != "small")))
    if not keep:
        shutil.rmtree(folder)
    return answer | {"count": sum(bool(item.small) + bool(item.large) for item in made)}


def _measured(work: Callable[[], object]) -> Answer:
    """Seconds by the clock and of processor time."""
    begin, used = time.perf_counter(), _used()
    work()
    return {"wall": time.perf_counter() - begin, "cpu": _used() - used}


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


_PATHS: dict[str, tuple[Callable[..., Answer], int]] = {
    "floor": (measure_floor, 1),
    "list": (measure_list, 2),
    "warm": (measure_warming, 1),
    "extract": (measure_extract, 2),
    "copy": (measure_copy, 3),
    "previews": (measure_previews, 2),
}
"""Each job, and how many of its arguments are paths."""


def main() -> None:
    measure, paths = _PATHS[sys.argv[1]]
    arguments = sys.argv[2:]
    gc.set_threshold(200_000, 50, 1_000)  # as the command line does
    print(json.dumps(measure(*map(Path, arguments[:paths]), *arguments[paths:])))


if __name__ == "__main__":
    main()
