"""Add up fuzzing runs and write them into docs/trust.md: `python -m benchmarks.fuzz.figures RUN.json ...`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "trust.md"
MARKS = ("<!-- fuzzing: begin -->", "<!-- fuzzing: end -->")


def table(runs: list[dict[str, object]]) -> str:
    """A sentence and a table: for each target inputs, processor seconds, the slowest input, findings."""
    inputs, seconds, findings = Counter[str](), Counter[str](), Counter[str]()
    slowest: dict[str, float] = {}
    for run in runs:
        targets = run["targets"]
        assert isinstance(targets, dict)
        for name, figures in targets.items():
            inputs[name] += figures["inputs"]
            seconds[name] += figures["seconds"]
            findings[name] += len(figures["findings"])
            slowest[name] = max(slowest.get(name, 0.0), figures["slowest"])
    hours, peak = sum(seconds.values()) / 3600, max(int(str(run["peak_mib"])) for run in runs)
    said = (
        f"{sum(inputs.values()):,} inputs in {hours:.2f} hours of processor time, {len(inputs)} targets; "
        f"{sum(findings.values())} findings; the whole process never held more than {peak:,} MiB.\n"
    )
    head = "| target | inputs | processor seconds | slowest input (s) | findings |"
    lines = [said, head, "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {inputs[name]:,} | {seconds[name]:.0f} | {slowest[name]:.2f} | {findings[name]} |"
        for name in inputs
    ]
    return "\n".join(lines)


def main(paths: list[str]) -> int:
    """Write the table between the marks."""
    runs = [json.loads(Path(path).read_text(encoding="utf-8")) for path in paths]
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    DOCUMENT.write_text(f"{before}{MARKS[0]}\n{table(runs)}\n{MARKS[1]}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
