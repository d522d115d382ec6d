"""Run the fuzzer: `python -m benchmarks.fuzz [TARGET ...] --minutes 60 --data ../shared/data --findings FOLDER`.

Takes turns between the targets, changes inputs, keeps those with a new outcome, and stops for nothing: an input
that ends in a foreign exception, runs longer than the limit or needs too much memory is written to the findings
folder with its number. At the end the figures are printed and written as JSON. Findings that come from real data
are never committed; a new test writes the case out instead.

Inputs with a new outcome are kept in the folder of `--corpus`, one folder for each target, and the next run begins
with them. `tests/corpus` is such a folder, made without `--data`, so nothing in it comes from a real phone.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import hashlib
import json
import logging
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fuzz.mutator import Mutator
from benchmarks.fuzz.seeds import Data
from benchmarks.fuzz.targets import TARGETS, Target
from recovery.errors import RecoveryError

SECONDS = 5.0
"""An input that takes longer counts as a hang."""
DEADLY_SECONDS = 60.0
_MOST_KEPT = 400
_TURN = 40
_MEMORY = 3 * 1024**3
_WORDS = (
    *b"bplist00|SQLite format 3\0|CREATE TABLE|CREATE VIEW|CREATE VIRTUAL TABLE".split(b"|"),
    *b"NSKeyedArchiver|$objects".split(b"|"),
    *b"NS.objects|Exif\0\0|Apple iOS\0|ftypheic|ftypqt  |moov|meta|keys|ilst|IHDR|iTXt|../".split(b"|"),
    b"\xff\xd8\xff\xe1", b"\xff\xd9", b"\x1b[2J", b"\xe2\x80\xae", b"\xff\xfe\xfd",
)  # fmt: skip


@dataclass
class Figures:
    """What happened to one target."""

    inputs: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    refused: int = 0
    """Inputs that ended in one of the library's own errors."""
    kept: int = 0
    findings: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Places:
    """Where inputs come from and go to. Only inputs of at most `largest` bytes go into the corpus."""

    data: Data
    findings: Path | None
    corpus: Path | None
    largest: int


def kept(corpus: Path | None) -> list[bytes]:
    """The inputs that earlier runs have kept in a target's folder, always in the same order."""
    return [path.read_bytes() for path in sorted(corpus.iterdir())] if corpus and corpus.is_dir() else []


class Hunt:
    """One target with its pool of inputs worth changing."""

    def __init__(self, target: Target, places: Places, number: int) -> None:
        self.target = target
        self.figures = Figures()
        self._findings = places.findings
        self._corpus = places.corpus and places.corpus / target.name
        self._largest = places.largest
        self._mutator = Mutator(number, _WORDS)
        self._pool = [*target.seeds(places.data), *kept(self._corpus)]
        self._seen: set[str] = set()

    def begin(self) -> None:
        """Every seed and every input kept by an earlier run once, unchanged."""
        for seed in list(self._pool):
            self.try_one(seed, changed=False)

    def turn(self) -> None:
        """Some changed inputs."""
        started = time.monotonic()
        for _ in range(_TURN):
            first, second = self._mutator.choice(self._pool), self._mutator.choice(self._pool)
            self.try_one(self._mutator.changed(first, second))
            if time.monotonic() - started > 2:
                break

    def try_one(self, data: bytes, *, changed: bool = True) -> None:
        """Run the parser once and judge how it ended."""
        started = time.process_time()
        faulthandler.dump_traceback_later(DEADLY_SECONDS, exit=False)
        told = self._outcome(data)
        faulthandler.cancel_dump_traceback_later()
        spent = time.process_time() - started
        figures = self.figures
        figures.inputs += 1
        figures.seconds += spent
        figures.slowest = max(figures.slowest, spent)
        if spent > SECONDS:
            self._found("slow", f"{spent:.1f} s", data)
        if told not in self._seen:
            self._seen.add(told)
            if changed and len(self._pool) < _MOST_KEPT:
                self._keep(data)

    def _keep(self, data: bytes) -> None:
        self._pool.append(data)
        self.figures.kept += 1
        if self._corpus is not None and len(data) <= self._largest:
            self._corpus.mkdir(parents=True, exist_ok=True)
            (self._corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)

    def _outcome(self, data: bytes) -> str:
        try:
            return self.target.run(data)
        except RecoveryError as error:
            self.figures.refused += 1
            return f"{type(error).__name__} {str(error)[:40]}"
        except Exception as error:  # noqa: BLE001 - finding foreign exceptions is what this program is for
            last = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
            self._found(kind, traceback.format_exc(), data)
            return kind

    def _found(self, kind: str, text: str, data: bytes) -> None:
        self.figures.findings[kind] += 1
        if self.figures.findings[kind] > 1:
            return
        print(f"FINDING {self.target.name}: {kind}", flush=True)
        if self._findings is not None:
            name = f"{self.target.name}-{hashlib.sha256(data).hexdigest()[:12]}"
            (self._findings / name).write_bytes(data)
            (self._findings / f"{name}.txt").write_text(f"{kind}\n\n{text}")


def run(names: list[str], minutes: float, places: Places, number: int) -> dict[str, Figures]:
    """Take turns until the time (of this process, not of the clock) is over."""
    chosen = [target for target in TARGETS if not names or target.name in names]
    hunts = [Hunt(target, places, number + index) for index, target in enumerate(chosen)]
    for hunt in hunts:
        hunt.begin()
    started = time.process_time()
    with contextlib.suppress(KeyboardInterrupt):  # the figures until then are worth having
        while time.process_time() - started < minutes * 60:
            for hunt in sorted(hunts, key=lambda hunt: hunt.figures.seconds)[: max(1, len(hunts) // 2)]:
                hunt.turn()
    return {hunt.target.name: hunt.figures for hunt in hunts}


def main() -> int:
    """Parse arguments, run, print and write the figures; 1 when there were findings."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(target.name for target in TARGETS))
    parser.add_argument("--minutes", type=float, default=5.0, help="processor time to spend")
    parser.add_argument("--number", type=int, default=1, help="where the changes start; the same gives the same")
    parser.add_argument("--data", type=Path, help="folder with the real data, for more seeds")
    parser.add_argument("--findings", type=Path, help="folder for inputs that were findings")
    parser.add_argument("--corpus", type=Path, help="folder of kept inputs, to begin with and to add to")
    parser.add_argument("--largest", type=int, default=65_536, help="bytes of the largest input to keep there")
    parser.add_argument("--figures", type=Path, help="file for the figures, as JSON")
    chosen = parser.parse_args()
    faulthandler.enable()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    if chosen.findings:
        chosen.findings.mkdir(parents=True, exist_ok=True)
    places = Places(Data(chosen.data), chosen.findings, chosen.corpus, chosen.largest)
    figures = run(chosen.targets, chosen.minutes, places, chosen.number)
    document = {
        "targets": {name: {**vars(item), "findings": dict(item.findings)} for name, item in figures.items()},
        "inputs": sum(item.inputs for item in figures.values()),
        "hours": round(sum(item.seconds for item in figures.values()) / 3600, 3),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    text = json.dumps(document, indent=2)
    print(text)
    if chosen.figures:
        chosen.figures.write_text(text + "\n")
    return int(any(item.findings for item in figures.values()))


if __name__ == "__main__":
    sys.exit(main())
