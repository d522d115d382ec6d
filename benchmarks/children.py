"""Runs each piece of work in a process of its own and takes its time and memory from the system (POSIX only)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread, Timer

from benchmarks.samples import Sample
from benchmarks.shapes import PASSPHRASE

ROOT = Path(__file__).parent.parent
_VARIABLE = "RECOVER_FACETIME_PASSPHRASE"
_LIMIT = 900.0  # seconds; a tool that takes longer is left out
_BASELINES = ("floor", "warm", "cool", "copy")
_LOOK = 0.5  # seconds
_PARTLY = 3  # the command line: done, but something of the backup could not be read
_UNIT = 1e6 / (1 if sys.platform == "darwin" else 1024)  # of ru_maxrss in one MB


class ChildError(Exception):
    """A child failed; the last line it said."""


def outside(command: Sequence[str], good: Sequence[int] = (0,)) -> Sample:
    """A whole process, from its start to its end. Raises ChildError."""
    return _run(command, good)[0]


def inside(command: Sequence[str]) -> tuple[Sample, dict[str, object]]:
    """A process that says its own times in one line of JSON; memory as the system saw it. Raises ChildError."""
    sample, said = _run(command, (0,))
    told = json.loads(said.strip().splitlines()[-1])
    measured = {name: told[name] for name in ("wall", "cpu", "count", "size") if name in told}
    return replace(sample, **measured), told


def program(*arguments: str) -> Sample:
    """The command line with these arguments. Raises ChildError."""
    return outside((sys.executable, "-c", "from cli.main import run; run()", *arguments), (0, _PARTLY))


def job(name: object, *arguments: object) -> tuple[Sample, dict[str, object]]:
    """One of benchmarks.baselines or benchmarks.jobs. Raises ChildError."""
    module = "baselines" if name in _BASELINES else "jobs"
    return inside((sys.executable, "-m", f"benchmarks.{module}", str(name), *map(str, arguments)))


def _run(command: Sequence[str], good: Sequence[int]) -> tuple[Sample, str]:
    """This process is small and stays so: a child's peak counts from its parent's size on."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), _VARIABLE: PASSPHRASE}
    # An installed program is compiled once, not at each start; so are the other tools.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors, cwd=ROOT, env=environment)
        guard = Timer(_LIMIT, process.kill)
        guard.start()
        family = _Family(process.pid)
        family.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        finally:
            guard.cancel()
            family.over.set()
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode not in good:
            lines = errors.read().decode("utf-8", "replace").strip().splitlines()
            raise ChildError(lines[-1] if lines else f"ended with code {process.returncode}")
        family.join()
        peak = max(usage.ru_maxrss / _UNIT, family.peak)
        sample = Sample(wall, usage.ru_utime + usage.ru_stime, peak)
        return sample, output.read().decode("utf-8", "replace")


class _Family(Thread):
    """The most memory in MB that a process and those it began held together, looked at now and then (Linux).

    Pages that they share count once. A process alone is not looked at: the system itself keeps its peak.
    """

    def __init__(self, number: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self.over = Event()
        self._number = number

    def run(self) -> None:
        """Until it is over; looking takes some milliseconds."""
        while not self.over.wait(_LOOK):
            try:
                begun = Path(f"/proc/{self._number}/task/{self._number}/children").read_text("ascii").split()
                if begun:
                    self.peak = max(self.peak, sum(map(_shared_out, (str(self._number), *begun))))
            except OSError:  # one of them has just ended, or this is no Linux
                continue


def _shared_out(number: str) -> float:
    """Memory of a process in MB, of shared pages its share."""
    lines = Path(f"/proc/{number}/smaps_rollup").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")) / 1e6
