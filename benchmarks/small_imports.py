"""What looking into small imported pictures costs a scan: `python -m benchmarks.small_imports [WORK]` prints it.

Two libraries differ in one number of each row: who saved the pictures. The camera's are not opened, an app's are.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import children
from benchmarks.shapes import Shape, folder_of
from recovery.photos_db.codes import ImportedBy

_ASSETS = 10_000
_ROUNDS = 7
_FORMS: dict[str, tuple[str, ...]] = {
    "text": (),
    "JSON": ("--json",),
    "FaceTime only": ("--facetime",),
}


def _cost(work: Path, shapes: tuple[Shape, Shape], options: tuple[str, ...]) -> tuple[float, float]:
    """Processor seconds of a scan that opens nothing and of one that opens every picture, run in turn."""
    spent: tuple[list[float], list[float]] = ([], [])
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        for _ in range(_ROUNDS):
            for shape, cpu in zip(shapes, spent, strict=True):
                backup = str(folder_of(work, shape))
                cpu.append(children.program("scan", backup, "--quiet", "-o", str(out), *options).cpu)
                out.unlink()
    return median(spent[0]), median(spent[1])


def main(work: Path) -> None:
    """Build what is not there yet, measure, print a table."""
    print(f"| scan of {_ASSETS:,} small pictures | not opened, s | opened, s | more, s | of it |")
    print("| --- | --- | --- | --- | --- |")
    for kind, encrypted in (("plain", False), ("encrypted", True)):
        shapes = tuple(
            Shape(_ASSETS, 2 * _ASSETS, encrypted, linked=True, original_bytes=(60_000, 250_000), imported_by=code)
            for code in (int(ImportedBy.BACK_CAMERA), int(ImportedBy.OTHER_APP))
        )
        for shape in shapes:
            children.outside((sys.executable, "-m", "benchmarks.synthetic", str(work), shape.to_json()))
        for name, options in _FORMS.items():
            without, opened = _cost(work, (shapes[0], shapes[1]), options)
            more = opened - without
            print(
                f"| {name}, {kind} | {without:.2f} | {opened:.2f} | {more:.2f} | {more / without:.0%} |",
                flush=True,
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.gettempdir()) / "recover-facetime-benchmarks")
