"""What the program aims at, and what was measured of it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence

from benchmarks.samples import Stage, spread

Row = tuple[str, str, str, str]
# Time for a row may differ so much between 100,000 and 1,000,000 rows and still be called linear.
_LINEAR = 1.25
_COPY_SPEED = 1.1
# A scan that leaves most of the library alone should take at most this much of one that does not.
_PART = 0.5


def aims(stages: Mapping[str, Stage]) -> Iterator[Row]:
    """What, aim, measured, and whether it was reached, for each stage that was measured."""
    for name, judge in (
        ("extraction", _extraction),
        ("scan", _scan),
        ("disk", _disk),
        ("large", _large),
        ("growth", _growth),
        ("previews", _previews),
        ("start-up", _start_up),
    ):
        if name in stages and stages[name].samples:
            yield from judge(stages[name])


def _most(what: str, values: Sequence[float], aim: float, unit: str = "", form: str = ".2f") -> Row:
    reached = "yes" if statistics.median(values) <= aim else "no"
    return what, f"at most {aim:,g}{unit}", spread(values, form) + unit, reached


def _extraction(stage: Stage) -> Iterable[Row]:
    for name in stage.names("iphone-backup-decrypt"):
        what = f"encrypted extraction, of the time {name} takes to decipher and write"
        yield _most(what, stage.ratios("extract encrypted", name, "wall"), 0.5)
    for kind, aim in (("encrypted", 1.5), ("plain", _COPY_SPEED)):
        ratios = stage.ratios(f"extract {kind}", f"copy {kind}", "wall")
        yield _most(f"{kind} extraction, of the time of a plain copy", ratios, aim)
        flushed = stage.ratios(f"extract {kind}", f"copy, flushed {kind}", "wall")
        yield _most(f"{kind} extraction, of the time of a copy that is flushed too", flushed, aim)
    yield _most("peak memory of an extraction", stage.values("extract encrypted", "peak"), 200, " MB", ".0f")


def _disk(stage: Stage) -> Iterable[Row]:
    for kind in ("plain", "encrypted"):
        values = stage.ratios(f"FaceTime {kind}", f"whole {kind}", "wall")
        yield _most(f"from the disk: scan for FaceTime only, {kind}, of that of the whole library", values, _PART)


def _large(stage: Stage) -> Iterable[Row]:
    size = f"{stage.median('extract encrypted', 'size') / 1e9:.0f} GB"
    for base, words in (("copy", "a plain copy"), ("copy, flushed", "a copy that is flushed too")):
        ratios = stage.ratios("extract encrypted", f"{base} encrypted", "wall")
        yield _most(f"from the disk: encrypted extraction of {size}, of the time of {words}", ratios, 1.5)


def _scan(stage: Stage) -> Iterable[Row]:
    for kind in ("plain", "encrypted"):
        ratios = stage.ratios(f"whole {kind}", f"floor {kind}", "wall")
        yield _most(f"scan of the whole library, {kind}, of the floor", ratios, 6)
    for kind in ("plain", "encrypted"):
        values = stage.ratios(f"FaceTime {kind}", f"whole {kind}", "wall")
        yield _most(f"scan for FaceTime only, {kind}, of that of the whole library", values, _PART)


def _growth(stage: Stage) -> Iterable[Row]:
    """The largest backup, and how time for a row grew between the two largest of like proportion."""
    sizes = sorted(tuple(map(int, name.split()[1].split(":"))) for name in stage.names("whole "))
    rows, assets = sizes[-1]
    peak = stage.values(f"whole {rows}:{assets}", "peak")
    yield _most(f"peak memory of a scan of {assets:,} assets among {rows:,} files", peak, 600, " MB", ".0f")
    alike = [size for size in sizes if size[1] * 5 == size[0]]
    if len(alike) > 1:
        few, many = next((size for size in alike if size[0] * 10 == alike[-1][0]), alike[0]), alike[-1]
        what = f"time for a row with {many[0]:,} rows, of that with {few[0]:,}"
        yield _most(what, [_grown(stage, "whole", few, many)], _LINEAR)
        grown = _grown(stage, "whole", few, many) / _grown(stage, "floor", few, many)
        yield _most("the same, of what a row of the floor costs more with that many", [grown], _LINEAR)


def _grown(stage: Stage, what: str, few: Sequence[int], many: Sequence[int]) -> float:
    """Time for a row of many, of that of few; each a number of rows and one of assets."""
    first, last = (stage.median(f"{what} {rows}:{assets}", "wall") / rows for rows, assets in (few, many))
    return last / first


def _previews(stage: Stage) -> Iterable[Row]:
    for kind in ("small HEIC", "12 MP HEIC"):
        pairs = zip(*(stage.values(f"first, {kind}", what) for what in ("count", "cpu")), strict=True)
        made = [count / max(seconds, 1e-3) for count, seconds in pairs]
        reached = "yes" if statistics.median(made) >= 30 else "no"
        yield f"previews a second and core, {kind}", "at least 30", spread(made, ".0f"), reached
    again = stage.ratios("again, small HEIC", "first, small HEIC", "cpu")
    yield (
        "second report, of the processor time of the first's previews",
        "less than 1",
        spread(again),
        ("yes" if statistics.median(again) < 1 else "no"),
    )


def _start_up(stage: Stage) -> Iterable[Row]:
    values = [value * 1000 for value in stage.values("help", "wall")]
    yield _most("`--help`", values, 150, " ms", ".0f")
