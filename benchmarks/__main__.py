"""Measure everything and write docs/benchmarks.md: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.document import Samples, write_document
from benchmarks.photos import write_library
from benchmarks.synthetic import Shape, build

_HERE = Path(__file__).parent
# Bytes of originals by turns: a thumbnail-sized picture to a short movie, 3.5 MB on average.
_SIZES = (300_000, 1_500_000, 2_500_000, 4_000_000, 9_000_000)
_DECRYPTERS = ("iphone-backup-decrypt", "mvt", "pyiosbackup", "iOSbackup")


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Builds synthetic backups, runs this tool, its floor and other tools in turn, and writes a "
        "document with a table and a plot. Nothing is asserted about time.",
    )
    parser.add_argument("--work", type=Path, help="folder for the backups; kept, so a second run is quicker")
    parser.add_argument("--assets", type=int, default=60_000, help="assets of the scan (default: %(default)s)")
    parser.add_argument("--files", type=int, default=300_000, help="files of the scan (default: %(default)s)")
    parser.add_argument(
        "--originals", type=int, default=300, help="assets of the extraction (default: %(default)s)"
    )
    parser.add_argument(
        "--growth",
        default="10000,30000,100000,300000,1000000",
        help="manifest rows of the growth curve, an asset for two rows; may be empty (default: %(default)s)",
    )
    parser.add_argument("--repeats", type=int, default=3, help="how often each is run (default: %(default)s)")
    parser.add_argument(
        "--peers", action="append", default=[], metavar="PYTHON",
        help="interpreter that other tools are installed for; may be repeated (default: this one)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=_HERE.parent / "docs" / "benchmarks.md")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    with tempfile.TemporaryDirectory() as fresh:
        work: Path = chosen.work or Path(fresh)
        work.mkdir(parents=True, exist_ok=True)
        (work / "list.json").write_text("[]")
        samples = Samples(chosen.assets, chosen.files, chosen.originals, chosen.repeats)
        _scans(samples, chosen, work)
        _extractions(samples, chosen, work)
        _start_up(samples, chosen.repeats)
        for rows in (int(text) for text in chosen.growth.split(",") if text):
            backup = build(work, Shape(rows // 2, rows, encrypted=False))
            for job in ("floor", "scan"):
                samples.add(f"growth {job} {rows}", _job(job, backup, work))
        write_document(samples, chosen.out)


def _scans(samples: Samples, chosen: argparse.Namespace, work: Path) -> None:
    backups = {
        kind: build(work, Shape(chosen.assets, chosen.files, encrypted=kind == "encrypted"))
        for kind in ("plain", "encrypted")
    }
    media = work / f"media-{chosen.assets}"
    (media / "PhotoData").mkdir(parents=True, exist_ok=True)
    if not (media / "PhotoData" / "Photos.sqlite").exists():
        write_library(media / "PhotoData" / "Photos.sqlite", chosen.assets)
    for _ in range(chosen.repeats):
        for kind, backup in backups.items():
            for job in ("floor", "scan"):
                samples.add(f"{job} {kind}", _job(job, backup, work))
        _peer(samples, "osxphotos", chosen.peers, media, work)


def _extractions(samples: Samples, chosen: argparse.Namespace, work: Path) -> None:
    plain, encrypted = (
        build(work, Shape(chosen.originals, chosen.originals * 10, kind, _SIZES)) for kind in (False, True)
    )
    _job("list", encrypted, work)
    for _ in range(chosen.repeats):
        for kind, backup in (("plain", plain), ("encrypted", encrypted)):
            for job in ("copy", "copy-durable", "extract"):
                samples.add(f"{job} {kind}", _job(job, backup, work))
        for tool in _DECRYPTERS:
            _peer(samples, tool, chosen.peers, encrypted, work)


def _start_up(samples: Samples, repeats: int) -> None:
    command = [sys.executable, "-c", "from cli.main import run; run()", "--help"]
    for _ in range(3 * repeats):
        samples.add("help", _child(command, last_line=False))


def _job(job: str, backup: Path, work: Path) -> dict[str, float]:
    parts = [str(backup), str(work / "out"), str(work / "list.json")]
    return _child([sys.executable, "-m", "benchmarks.jobs", job, *parts])


def _peer(samples: Samples, tool: str, interpreters: list[str], backup: Path, work: Path) -> None:
    """Run another tool with each interpreter that has it; one that nobody has is left out, with the reason."""
    for interpreter in interpreters or [sys.executable]:
        parts = [str(backup), str(work / "out"), str(work / "list.json")]
        try:
            found = _child([interpreter, str(_HERE / "peers.py"), tool, *parts])
        except subprocess.CalledProcessError as error:
            reason = (error.stderr or "").strip().splitlines()[-1:] or ["no reason given"]
            samples.left_out.setdefault(tool, reason[0].removeprefix("importlib.metadata."))
            continue
        samples.add(f"{tool} {found['version']}", found)


def _child(command: list[str], *, last_line: bool = True) -> dict[str, float]:
    """Run a process; its own figures, or the clock and its whole use of the processor."""
    before = os.times()
    environment = os.environ | {"PYTHONPATH": str(_HERE.parent)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=_HERE.parent, env=environment)
    after = os.times()
    if last_line:
        answer: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
        return answer
    used = (after.children_user - before.children_user) + (after.children_system - before.children_system)
    return {"wall": after.elapsed - before.elapsed, "cpu": used, "peak": 0}


if __name__ == "__main__":
    main()
