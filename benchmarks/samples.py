"""What was measured: samples by name, kept as one JSON file for each stage, so that the page can be made again."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds by the clock and of processor time (all threads), peak memory in MB, files and bytes."""

    wall: float
    cpu: float
    peak: float
    count: int = 0
    size: int = 0


@dataclass(slots=True)
class Stage:
    """Everything one stage measured, under which conditions, and why other tools were left out."""

    name: str
    sizes: dict[str, int]
    began: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    load: float = field(default_factory=lambda: round(os.getloadavg()[0], 2))
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    complete: bool = False

    def add(self, name: str, sample: Sample) -> None:
        """Keep a sample and tell it."""
        self.samples.setdefault(name, []).append(sample)
        figures = f"{sample.wall:8.2f} s, {sample.cpu:8.2f} s of the processor, {sample.peak:6.0f} MB"
        print(f"{self.name:<11}{name:<34}{figures}", flush=True)

    def names(self, *starts: str) -> Iterator[str]:
        """Names of samples that begin so, in the order in which they were first taken."""
        return (name for name in self.samples if name.startswith(starts))

    def values(self, name: str, what: str) -> list[float]:
        """One figure of all samples of a name."""
        return [float(getattr(sample, what)) for sample in self.samples[name]]

    def median(self, name: str, what: str) -> float:
        """The median of a figure."""
        return statistics.median(self.values(name, what))

    def ratios(self, name: str, base: str, what: str) -> list[float]:
        """A figure as a multiple of another one's, round by round."""
        pairs = zip(self.values(name, what), self.values(base, what), strict=False)
        return [first / max(second, 1e-6) for first, second in pairs]

    def save(self, folder: Path) -> None:
        """Write the stage as `NAME.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{self.name}.part"
        part.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        part.replace(folder / f"{self.name}.json")

    @classmethod
    def load_from(cls, folder: Path, name: str) -> Stage | None:
        """The stage as it was saved last, or None."""
        try:
            stored = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        stored["samples"] = {key: [Sample(**one) for one in many] for key, many in stored["samples"].items()}
        return cls(**stored)


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """The median and, in brackets, the smallest and the largest of more than one."""
    middle = format(statistics.median(values), form)
    return middle if len(values) == 1 else f"{middle} ({min(values):{form}} to {max(values):{form}})"
