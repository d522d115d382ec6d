"""Writes what was measured as docs/benchmarks.md, with a plot beside it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.aims import aims
from benchmarks.plot import Point, plot
from benchmarks.samples import Stage, spread
from benchmarks.stages import DECRYPTERS, FILES_FOR_ONE_PHOTO

Row = tuple[str, ...]
_LIBRARIES = ("cryptography", "iphone-backup-decrypt", "pillow", "pillow-heif")
_FOLDERS = re.compile(r"(?:/[\w.@+-]+)+/")
_REASON = 160  # characters of what a tool said when it failed

_OPENING = """# Benchmarks

Made by `python -m benchmarks`. Backups are synthetic, with fixed seeds, and lie in the system's cache where
nothing else is said; each piece of work is a process of its own, and everything of a stage runs in turn, round by
round.

Figures are medians, with the smallest and largest in brackets; ratios are medians of the ratios within a round.
*Clock* is what one waits; *processor* is user and system time of all threads and processes. *Peak* is the most
memory that a process held, as the system counts it, or together with a second one that it began, looked at twice
a second, pages they share counted once. Nothing is asserted about time in the tests."""

_EXTRACTION = """Originals of 0.3 to 9 MB, and one large movie. `extract` reads, deciphers, hashes the stored and
the plain bytes, flushes each file to the disk, and keeps journal and record; the scan before it is not in its
time, but in its peak. The base is `copy`, a plain copy of the same stored files; `copy, flushed` flushes each
file as `extract` does. The others only decipher and write, and flush nothing; unlocking is not counted. mvt
deciphers every file of the backup, since it knows no other way."""

_SCAN = """`floor`, the base: every row of both databases through plain sqlite3 and a walk through the folder that
asks for names and sizes, without the start of Python, both databases deciphered beforehand. `whole`: `scan
--json` into a file, from the start of the process to its end; `FaceTime`: the same with `--facetime`; `text`:
`scan` as people read it, into a file. These use two processors where there are two, the floor and osxphotos one:
by the clock they come closer to the floor than in processor time. Every file of the manifest has a blob; pictures
and movies are real and tiny, and blobs of the same content are names of one file (hard links), so that a million
of them take no room: asking for their sizes is cheaper than on a real disk, for the floor and for the scan.
Deriving the key costs nothing here; in a real encrypted backup it takes a second. osxphotos opens the photo
library alone and lists the photos; tables that only it asks for are empty."""

_DISK = """Before each run the system was asked to drop the bytes of the backup from its cache (names and sizes of
files it may keep). {assets:,} assets among {files:,} files, each blob a file of its own; names as above, base
`whole`."""

_LARGE = """Made with `--large`: from the disk, the cache emptied before each, with {memory:.0f} GB of memory. Base
`copy`, which flushes nothing, so that some of what it wrote is not on the disk yet when it ends."""

_GROWTH = """Plain backups made in the same way, the whole library as JSON, seconds by the clock, with the start
of Python."""

_PREVIEWS = """`small HEIC`: 480 x 360 pixels; as in FaceTime's stills, which are larger, no thumbnail
inside. `12 MP HEIC`: 4032 x 3024 pixels with a thumbnail of 320 pixels inside. `first` makes the small previews
of the gallery; `again` is a second report of the same backup beside the first; `both` makes small and large
ones. *Core* counts processor time."""

_CONDITIONS = """The load average of one minute, as each stage began, tells how much else the machine did (after
another stage it holds about 1 of that one); processor time says more than the clock where it was much. The other
tools are those that `pip install mvt pyiosbackup iOSbackup osxphotos` puts into an environment of their own,
which `--peers` names."""


def write_document(stages: Mapping[str, Stage], target: Path) -> None:
    """The whole page from the stages that were measured, and the plot of the growth as an SVG beside it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    parts = [_OPENING]
    if rows := list(aims(stages)):
        parts.append("## In short\n\n" + table(("what", "aim", "measured", "reached"), rows))
    for name, section in (
        ("extraction", _extraction),
        ("scan", _scan),
        ("disk", _disk),
        ("large", _large),
        ("growth", _growth),
        ("previews", _previews),
        ("start-up", _start_up),
    ):
        if name in stages and stages[name].samples:
            parts.append(section(stages[name]))
            if name == "growth":
                picture = target.with_suffix(".svg")
                picture.write_text(plot(_points(stages[name])), encoding="utf-8")
                parts.append(f"![Time and peak memory of a scan over the rows of the manifest]({picture.name})")
    parts.append(_conditions(stages))
    target.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table of Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *rows))


_MEASURES = "clock, s", "processor, s", "of the base, clock", "of the base, processor", "peak, MB"


def _row(stage: Stage, name: str, base: str, *more: str) -> Row:
    return (
        name,
        spread(stage.values(name, "wall")),
        spread(stage.values(name, "cpu")),
        spread(stage.ratios(name, base, "wall")),
        spread(stage.ratios(name, base, "cpu")),
        f"{stage.median(name, 'peak'):.0f}",
        *more,
    )


def _left_out(stage: Stage) -> str:
    """Who was not measured and why; the folders of this machine are nobody's business."""
    reasons = {what: _FOLDERS.sub("", why)[:_REASON] for what, why in stage.left_out.items()}
    return "".join(f"\n\nNot measured: {what} ({why})." for what, why in reasons.items())


def _extraction(stage: Stage) -> str:
    size, count = stage.median("extract encrypted", "size") / 1e6, stage.median("extract encrypted", "count")
    rows = []
    for kind in ("plain", "encrypted"):
        names = [f"{what} {kind}" for what in ("copy", "copy, flushed", "extract")]
        rows += [_row(stage, name, f"copy {kind}", f"{stage.median(name, 'count'):,.0f}") for name in names]
    others = stage.names(*(f"{tool} " for tool in DECRYPTERS))
    rows += [_row(stage, name, "copy encrypted", f"{stage.median(name, 'count'):,.0f}") for name in others]
    head = f"## Extraction: {count:,.0f} files, {size:,.0f} MB"
    return f"{head}\n\n{_EXTRACTION}\n\n{table(('what', *_MEASURES, 'files'), rows)}{_left_out(stage)}"


def _scan(stage: Stage) -> str:
    names = [f"{what} {kind}" for kind in ("plain", "encrypted") for what in ("floor", "whole", "FaceTime", "text")]
    rows = [_row(stage, name, f"floor {name.split()[1]}") for name in names]
    rows += [_row(stage, name, "floor plain") for name in stage.names("osxphotos")]
    head = f"## Scan: {stage.sizes['assets']:,} assets among {stage.sizes['files']:,} files"
    return f"{head}\n\n{_SCAN}\n\n{table(('what', *_MEASURES), rows)}{_left_out(stage)}"


def _disk(stage: Stage) -> str:
    assets = stage.sizes["cold"]
    rows = [_row(stage, name, f"whole {name.split()[1]}") for name in stage.samples]
    text = _DISK.format(assets=assets, files=assets * FILES_FOR_ONE_PHOTO)
    return f"## Scan from the disk\n\n{text}\n\n{table(('what', *_MEASURES), rows)}{_left_out(stage)}"


def _large(stage: Stage) -> str:
    size, count = stage.median("extract encrypted", "size") / 1e9, stage.median("extract encrypted", "count")
    rows = [_row(stage, name, "copy encrypted") for name in stage.samples]
    head = f"## Extraction from the disk: {count:,.0f} files, {size:.1f} GB"
    return f"{head}\n\n{_LARGE.format(memory=_memory())}\n\n{table(('what', *_MEASURES), rows)}{_left_out(stage)}"


def _points(stage: Stage) -> list[Point]:
    """Floor and whole library at each size."""
    found = []
    for name in stage.names("whole "):
        size = name.removeprefix("whole ")
        rows, assets = map(int, size.split(":"))
        floor, scan = stage.median(f"floor {size}", "wall"), stage.median(name, "wall")
        found.append(Point(rows, assets, floor, scan, stage.median(name, "peak")))
    return sorted(found, key=lambda point: (point.rows, point.assets))


def _growth(stage: Stage) -> str:
    rows = [
        (
            f"{point.rows:,}",
            f"{point.assets:,}",
            f"{point.floor:.2f}",
            f"{point.scan:.2f}",
            f"{point.scan / point.rows * 1e6:.0f}",
            f"{point.scan / point.floor:.1f}",
            f"{point.peak:.0f}",
            str(len(stage.samples[f"whole {point.rows}:{point.assets}"])),
        )
        for point in _points(stage)
    ]
    head = "manifest rows", "assets", "floor, s", "scan, s", "µs for a row", "of the floor", "peak, MB", "rounds"
    return f"## Growth\n\n{_GROWTH}\n\n{table(head, rows)}{_left_out(stage)}"


def _previews(stage: Stage) -> str:
    rows = []
    for name in stage.samples:
        cpu, wall = stage.values(name, "cpu"), stage.values(name, "wall")
        counts = stage.values(name, "count")
        made = (
            []
            if name.startswith("again")
            else [number / max(seconds, 1e-3) for number, seconds in zip(counts, cpu, strict=True)]
        )
        rows.append(
            (name, f"{counts[0]:.0f}", spread(wall), spread(cpu), spread(made, ".0f") if made else "none made",
             f"{stage.median(name, 'peak'):.0f}")
        )  # fmt: skip
    head = "what", "previews", "clock, s", "processor, s", "previews a second and core", "peak, MB"
    return f"## Previews of the report\n\n{_PREVIEWS}\n\n{table(head, rows)}"


def _start_up(stage: Stage) -> str:
    rows = [
        (what, spread([value * 1000 for value in stage.values(name, "wall")], ".0f"),
         spread([value * 1000 for value in stage.values(name, "cpu")], ".0f"))
        for name, what in (("python", "Python that does nothing"), ("help", "`recover-facetime --help`"))
    ]  # fmt: skip
    return "## Start-up\n\n" + table(("what", "clock, ms", "processor, ms"), rows)


def _conditions(stages: Mapping[str, Stage]) -> str:
    rows = [(name, stage.began, f"{stage.load:.2f}", str(stage.sizes["rounds"])) for name, stage in stages.items()]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)
    machine = (
        f"{os.cpu_count()} cores ({_processor()}), {_memory():.0f} GB of memory, {platform.system()} "
        f"{platform.machine()}; Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {versions}."
    )
    begun = table(("stage", "begun", "load", "rounds"), rows)
    return f"## Machine and conditions\n\n{machine}\n{_CONDITIONS}\n\n{begun}"


def _memory() -> float:
    """Of this machine, in GB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _processor() -> str:
    """What the system calls its processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
