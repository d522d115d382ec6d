"""Measure everything and write docs/benchmarks.md: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.children import ChildError
from benchmarks.document import write_document
from benchmarks.samples import Stage
from benchmarks.stages import STAGES, Bench, Sizes, shapes

_ASSETS_AT_MOST = 200_000  # of a point of the growth curve that names none


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 1 when a stage failed, the page then has the others."""
    chosen = _options(arguments)
    points = tuple(map(_point, filter(None, chosen.growth.split(","))))
    sizes = Sizes(chosen.assets, chosen.files, chosen.originals, chosen.movie, chosen.previews, chosen.rounds,
                  chosen.cold, chosen.large, points)  # fmt: skip
    stages = [name for name in STAGES if not chosen.only or name in chosen.only.split(",")]
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as fresh:
        bench = Bench((chosen.work or Path(fresh)).resolve(), sizes, tuple(chosen.peers))
        bench.work.mkdir(parents=True, exist_ok=True)
        for name in stages if not chosen.document else ():
            if chosen.build:
                for shape in shapes(name, sizes):
                    print(bench.backup(shape), flush=True)
            elif not _measured(name, bench):
                failed.append(name)
        if not chosen.build:
            kept = (Stage.load_from(bench.results, name) for name in STAGES)
            write_document({stage.name: stage for stage in kept if stage and stage.complete}, chosen.out)
    return min(1, len(failed))


def _measured(name: str, bench: Bench) -> bool:
    """Run a stage and keep what it measured; whether it came to its end."""
    stage = Stage(name, bench.sizes.numbers())
    try:
        STAGES[name](bench, stage)
    except ChildError as error:
        print(f"{name} failed: {error}", file=sys.stderr)
        return False
    stage.complete = True
    stage.save(bench.results)
    return True


def _point(text: str) -> tuple[int, int]:
    """ROWS or ROWS:ASSETS; an asset for five rows if none are named."""
    rows, _, assets = text.partition(":")
    return int(rows), int(assets or min(int(rows) // 5, _ASSETS_AT_MOST))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Builds synthetic backups, runs this program, its floor and other tools in turn, and writes a "
        "page with tables and a plot. Results of a stage are kept in the work folder, so stages can be run one by "
        "one. Needs Linux or macOS.",
    )
    add = parser.add_argument
    add("--work", type=Path, metavar="FOLDER", help="keep backups and results here (default: a temporary folder)")
    add("--only", metavar="STAGES", help=f"some of {','.join(STAGES)} (default: all)")
    add("--build", action="store_true", help="build the backups of the stages, measure nothing")
    add("--document", action="store_true", help="write the page from the results that are there, measure nothing")
    add("--rounds", type=int, default=3, help="how often everything is run (default: %(default)s)")
    add("--assets", type=int, default=60_000, help="assets of the scan (default: %(default)s)")
    add("--files", type=int, default=300_000, help="files of the scan (default: %(default)s)")
    add("--originals", type=int, default=250, help="assets of the extraction (default: %(default)s)")
    add("--movie", type=int, default=200, metavar="MB", help="one large movie among them (default: %(default)s)")
    add("--cold", type=int, default=12_000, help="assets of the scan from the disk (default: %(default)s)")
    add("--large", type=int, default=0, metavar="ASSETS",
        help="assets of the extraction from the disk, 3.9 MB each; their backup should be as large as the memory, "
        "and needs as much room again (default: none)")  # fmt: skip
    add("--previews", type=int, default=200, help="assets of the previews (default: %(default)s)")
    add("--growth", metavar="ROWS[:ASSETS],...", default="10000,30000,100000,300000,1000000,1000000:500000",
        help="backups of the growth curve; an asset for five rows, 200,000 at most, unless named "
        "(default: %(default)s)")  # fmt: skip
    add("--peers", action="append", default=[], metavar="PYTHON",
        help="interpreter of an environment that other tools are installed in; may be repeated")  # fmt: skip
    add("--out", type=Path, default=Path(__file__).parent.parent / "docs" / "benchmarks.md", metavar="FILE.md")
    chosen = parser.parse_args(arguments)
    unknown = set(filter(None, (chosen.only or "").split(","))) - set(STAGES)
    if unknown:
        parser.error(f"there is no stage {', '.join(sorted(unknown))}")
    if not hasattr(os, "wait4"):
        parser.error("this system does not tell what a process used")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
