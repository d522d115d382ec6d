"""What others are held against, in a process of its own: `python -m benchmarks.baselines JOB ARGUMENTS`."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.floor import floor
from benchmarks.shapes import clear_copies, file_id

Answer = dict[str, float]
Jobs = Mapping[str, tuple[Callable[..., Answer], int]]
"""Jobs by name, each with the number of its arguments that are paths."""


def measured(work: Callable[[], object]) -> Answer:
    """Seconds by the clock and of processor time."""
    begin, used = time.perf_counter(), _used()
    work()
    return {"wall": time.perf_counter() - begin, "cpu": _used() - used}


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def answer(jobs: Jobs) -> None:
    """Run the job that the command line names, and print what it answers as JSON."""
    measure, paths = jobs[sys.argv[1]]
    arguments = sys.argv[2:]
    print(json.dumps(measure(*map(Path, arguments[:paths]), *arguments[paths:])))


def measure_floor(backup: Path) -> Answer:
    """Both databases lie deciphered beside the backup."""
    manifest, library = clear_copies(backup)
    return measured(lambda: floor(backup, manifest, library))


def measure_warming(backup: Path) -> Answer:
    """Read everything once, so that whoever comes first does not pay for the disk; names of one file only once."""

    def read(path: Path) -> None:
        with path.open("rb", buffering=0) as stream:
            while stream.read(1 << 20):
                pass

    return _each(backup, read)


def measure_cooling(backup: Path) -> Answer:
    """Have the system drop the bytes of all files from its cache; their names and sizes it may keep."""

    def forget(path: Path) -> None:
        number = os.open(path, os.O_RDONLY)
        os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(number)

    os.sync()
    return _each(backup, forget)


def _each(backup: Path, work: Callable[[Path], None]) -> Answer:
    seen: set[int] = set()
    return measured(lambda: _walk(backup.parent, seen, work)) | {"count": len(seen)}


def _walk(folder: Path, seen: set[int], work: Callable[[Path], None]) -> None:
    with os.scandir(folder) as found:
        for item in found:
            if item.is_dir(follow_symlinks=False):
                _walk(Path(item.path), seen, work)
            elif item.inode() not in seen:
                seen.add(item.inode())
                work(Path(item.path))


def measure_copy(backup: Path, out: Path, listed: Path, durable: str = "") -> Answer:
    """The same blobs as they are stored, one after the other, as `cp` does; "durable" flushes each to the disk."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    files = json.loads(listed.read_text())
    figures = measured(lambda: _copy(backup, out, files, bool(durable)))
    size = sum(path.stat().st_size for path in out.iterdir())
    shutil.rmtree(out)
    return figures | {"count": len(files), "size": size}


def _copy(backup: Path, out: Path, files: list[tuple[str, str]], durable: bool) -> None:
    for number, (domain, path) in enumerate(files):
        name, target = file_id(domain, path), out / str(number)
        shutil.copyfile(backup / name[:2] / name, target)
        if durable:
            with target.open("rb+") as stream:
                os.fsync(stream.fileno())


_JOBS: Jobs = {
    "floor": (measure_floor, 1),
    "warm": (measure_warming, 1),
    "cool": (measure_cooling, 1),
    "copy": (measure_copy, 3),
}


if __name__ == "__main__":
    answer(_JOBS)
