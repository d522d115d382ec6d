"""Writes the samples of a run as docs/benchmarks.md with a plot beside it."""

from __future__ import annotations

import math
import os
import platform
import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

Row = tuple[str, ...]
_DECRYPTERS = ("iphone-backup-decrypt", "mvt", "pyiosbackup", "iOSbackup")


@dataclass(slots=True)
class Samples:
    """Everything measured, by name; each sample has wall and cpu in seconds and the peak in MiB."""

    assets: int
    files: int
    originals: int
    repeats: int
    found: defaultdict[str, list[dict[str, float]]] = field(default_factory=lambda: defaultdict(list))
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, sample: dict[str, float]) -> None:
        """Keep a sample."""
        self.found[name].append(sample)
        print(f"{name}: {sample['wall']:.2f} s by the clock, {sample['cpu']:.2f} s of processor", flush=True)

    def median(self, name: str, what: str) -> float:
        """The median of a figure."""
        return statistics.median(sample[what] for sample in self.found[name])

    def spread(self, name: str, what: str) -> str:
        """Median and, in brackets, the smallest and the largest."""
        values = sorted(sample[what] for sample in self.found[name])
        return f"{statistics.median(values):.2f} ({values[0]:.2f} to {values[-1]:.2f})"

    def ratio(self, name: str, other: str, what: str) -> str:
        """The median of the ratios of samples taken in the same round."""
        pairs = zip(self.found[name], self.found[other], strict=False)
        return f"{statistics.median(first[what] / second[what] for first, second in pairs):.2f}"


def write_document(samples: Samples, target: Path) -> None:
    """The whole document, and the plot `benchmarks.svg` beside it."""
    measured = {name.split()[0] for name in samples.found}
    samples.left_out = {tool: why for tool, why in samples.left_out.items() if tool not in measured}
    growth = sorted(int(name.split()[-1]) for name in samples.found if name.startswith("growth scan"))
    parts = [_opening(samples), _scan(samples), _extraction(samples), _start(samples)]
    if growth:
        plot = target.with_suffix(".svg")
        plot.write_text(_plot(samples, growth), encoding="utf-8")
        parts.append(_growth(samples, growth, plot.name))
    target.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _opening(samples: Samples) -> str:
    return (
        "# Benchmarks\n\n"
        f"Made by `python -m benchmarks` on {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}; {samples.repeats} rounds, in each everything in turn. "
        "Backups are synthetic, with fixed seeds; files are in the system's cache.\n"
        "Seconds are medians with the smallest and largest in brackets; ratios are medians of the ratios within "
        "one round. Processor time (user and system, all threads) says more than the clock where the machine is "
        "shared, as it was here. Nothing is asserted about time in the tests."
    )


def _table(*rows: Row) -> str:
    head, *body = rows
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *body))


def _scan(samples: Samples) -> str:
    rows: list[Row] = [
        ("what", "processor, s", "clock, s", "of the floor, processor", "of the floor, clock", "peak")
    ]
    for kind in ("plain", "encrypted"):
        for job in ("floor", "scan"):
            rows.append(_row(samples, f"{job} {kind}", f"floor {kind}"))
    for name in samples.found:
        if name.startswith("osxphotos"):
            rows.append(_row(samples, name, "floor plain"))
    return (
        f"## Scan: {samples.assets:,} assets among {samples.files:,} files\n\n"
        "The floor is every row of both databases read through plain sqlite3 and a walk through the folder that "
        "asks for names and sizes. The scan opens the backup and writes the whole library as JSON; osxphotos only "
        "opens the photo library.\n\n" + _table(*rows) + _left_out(samples, "osxphotos")
    )


def _row(samples: Samples, name: str, base: str) -> Row:
    return (
        name,
        samples.spread(name, "cpu"),
        samples.spread(name, "wall"),
        samples.ratio(name, base, "cpu"),
        samples.ratio(name, base, "wall"),
        f"{samples.median(name, 'peak'):.0f} MiB",
    )


def _extraction(samples: Samples) -> str:
    reference = next((name for name in reversed(samples.found) if name.startswith("iphone-backup-decrypt")), None)
    size = samples.median("extract encrypted", "bytes") / 1e6
    head = "what", "processor, s", "clock, s", "of the copy, processor", "of the copy, clock", "peak"
    rows: list[Row] = [head]
    for kind in ("plain", "encrypted"):
        for job in ("copy", "copy-durable", "extract"):
            rows.append(_row(samples, f"{job} {kind}", f"copy {kind}"))
    others = [name for name in samples.found if name.split()[0] in ("iphone-backup-decrypt", "mvt", "pyiosbackup",
              "iOSbackup")]  # fmt: skip
    rows += [_row(samples, name, "copy encrypted") for name in others]
    said = ""
    if reference:
        cpu, wall = (samples.ratio("extract encrypted", reference, what) for what in ("cpu", "wall"))
        said = (
            f"\n\nAn encrypted extraction takes {cpu} of the processor time and {wall} of the clock time that "
            f"{reference} takes for deciphering and writing alone."
        )
    return (
        f"## Extraction: {size:,.0f} MB\n\n"
        "`extract` reads, deciphers, hashes the stored and the plain bytes, flushes each file to the disk, and "
        "keeps journal and record; the scan before it is not counted. `copy` is a plain copy of the same blobs, "
        "`copy-durable` flushes each file as `extract` does. The others only decipher and write, flushing "
        "nothing; unlocking is not counted, and mvt deciphers every file since it knows no other way.\n\n"
        + _table(*rows)
        + said
        + "".join(
            _left_out(samples, tool) for tool in ("iphone-backup-decrypt", "mvt", "pyiosbackup", "iOSbackup")
        )
    )


def _left_out(samples: Samples, tool: str) -> str:
    reason = samples.left_out.get(tool)
    return f"\n\nNot measured: {tool} ({reason[:160]})." if reason else ""


def _start(samples: Samples) -> str:
    return (
        "## Start-up\n\n"
        f"`recover-facetime --help`: {samples.spread('help', 'cpu')} s of processor, "
        f"{samples.spread('help', 'wall')} s by the clock."
    )


def _growth(samples: Samples, growth: list[int], plot: str) -> str:
    rows: list[Row] = [("manifest rows", "assets", "floor, s", "scan, s", "scan, µs for each row", "peak")]
    for size in growth:
        scan = samples.median(f"growth scan {size}", "cpu")
        rows.append(
            (
                f"{size:,}",
                f"{size // 2:,}",
                f"{samples.median(f'growth floor {size}', 'cpu'):.2f}",
                f"{scan:.2f}",
                f"{scan / size * 1e6:.0f}",
                f"{samples.median(f'growth scan {size}', 'peak'):.0f} MiB",
            )
        )
    return f"## Growth\n\nPlain backups, processor time, each once.\n\n{_table(*rows)}\n\n![Growth]({plot})"


def _plot(samples: Samples, growth: list[int]) -> str:
    """Seconds of scan and floor over rows, both axes logarithmic, as a small SVG."""
    width, height, left, bottom = 640, 360, 70, 50
    lines = {
        job: [(size, samples.median(f"growth {job} {size}", "cpu")) for size in growth]
        for job in ("scan", "floor")
    }
    values = [seconds for line in lines.values() for _, seconds in line]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(growth[0]), math.log10(growth[-1]) if len(growth) > 1 else math.log10(growth[0]) + 1

    def place(size: float, seconds: float) -> tuple[float, float]:
        across = (math.log10(size) - first) / (last - first)
        up = (math.log10(seconds) - low) / max(1, high - low)
        return left + across * (width - left - 120), (height - bottom) - up * (height - bottom - 20)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for power in range(low, high + 1):
        x, y = place(growth[0], 10**power)
        parts.append(f'<path d="M{x:.0f} {y:.0f}H{width - 120}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 8:.0f}" y="{y + 4:.0f}" text-anchor="end">{10**power:g} s</text>')
    for size in growth:
        x, _ = place(size, 10**low)
        parts.append(f'<text x="{x:.0f}" y="{height - 30}" text-anchor="middle">{size:,}</text>')
    for (job, line), colour in zip(lines.items(), ("#0b62a4", "#999"), strict=True):
        points = [place(size, seconds) for size, seconds in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        parts.append(
            f'<text x="{points[-1][0] + 10:.0f}" y="{points[-1][1] + 4:.0f}" fill="{colour}">{job}</text>'
        )
    parts.append(f'<text x="{left}" y="{height - 8}">rows of the manifest; processor time</text></svg>')
    return "\n".join(parts) + "\n"
