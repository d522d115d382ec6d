"""Measure the search for deleted rows and write docs/residue.md: `python -m benchmarks.residue [DATA]`.

DATA is the folder that holds `sqlite-corpus/v1`; without it the corpus table of the document is left out.
Everything else is generated in a temporary folder. Takes some minutes; asserts nothing about time.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.deleted_rows import DeletingLibrary, Figures, figures
from benchmarks.forensic_corpus import Score, folders, score_folder
from recovery.database import Database, open_file_copy
from recovery.formats.sqlite import inspect_copy
from recovery.photos_db.carved_assets import carve_assets
from recovery.workspace import Workspace

DOCUMENT = Path(__file__).parents[1] / "docs" / "residue.md"
MARKS = ("<!-- figures: begin -->", "<!-- figures: end -->")
PHOTOS = 4_000
# How rows are written and deleted, and the copies worth making: a page copy is the same, log merged or not.
JOURNALS = {
    "log not merged": ("files with log",),
    "log merged now and then": ("files with log", "page copy", "compacted copy"),
    "rollback": ("page copy", "compacted copy"),
}
COPIES: dict[str, Callable[[DeletingLibrary, Path], Path]] = {
    "files with log": DeletingLibrary.copy_files,
    "page copy": DeletingLibrary.copy_pages,
    "compacted copy": DeletingLibrary.copy_compacted,
}


@dataclass(frozen=True)
class Scenario:
    """What is deleted, in how many transactions, and how many photos are imported afterwards."""

    name: str
    pks: tuple[int, ...]
    one_transaction: bool = True
    attributes: bool = True


def scenarios() -> list[Scenario]:
    """The ways of deleting that the tables compare."""
    scattered = tuple(random.Random(7).sample(range(1, PHOTOS), 200))
    return [
        Scenario("400 consecutive, one transaction", tuple(range(1500, 1900))),
        Scenario("400 consecutive, one transaction, asset rows only", tuple(range(1500, 1900)), attributes=False),
        Scenario("200 scattered, one transaction", scattered),
        Scenario("200 scattered, one by one", scattered, one_transaction=False),
        Scenario("newest 30, one transaction", tuple(range(PHOTOS - 29, PHOTOS + 1))),
    ]


def run(scenario: Scenario, secure_delete: str, journal: str, imports: int) -> Iterator[tuple[str, Figures]]:
    """Build a library, delete from it, import more, and search each kind of copy."""
    with tempfile.TemporaryDirectory() as name, Workspace() as workspace:
        folder = Path(name)
        mode = "DELETE" if journal == "rollback" else "WAL"
        library = DeletingLibrary(folder / "Photos.sqlite", secure_delete=secure_delete, journal=mode)
        library.add(PHOTOS)
        library.checkpoint()
        if journal == "log not merged":
            library.keep_log()
        gone = library.delete(scenario.pks, one_transaction=scenario.one_transaction, attributes=scenario.attributes)
        for photo in library.add(imports):
            library.update((photo.pk, photo.pk))
        for kind, copy in COPIES.items():
            if kind not in JOURNALS[journal]:
                continue
            path = copy(library, folder / f"{kind}.sqlite")
            with open_file_copy(path, workspace) as database:
                yield kind, figures(gone, carve_assets(path, database), path)
        library.close()


def table(heads: str, numbers_from: int) -> list[str]:
    """The first two lines of a table; the columns from the given one on are numbers."""
    names = [name.strip() for name in heads.split("|")]
    rules = ["---:" if index >= numbers_from else "---" for index in range(len(names))]
    return [f"| {' | '.join(names)} |", f"| {' | '.join(rules)} |"]


def matrix() -> list[str]:
    """The table of generated libraries."""
    unmerged, merged, rollback = JOURNALS
    settings = [("FAST", unmerged, 0), *(("FAST", merged, imports) for imports in (0, 60, 800))]
    settings += [("FAST", rollback, 0), *(("OFF", merged, imports) for imports in (0, 60, 800))]
    heads = "deleted | secure_delete | journal | imports after | copy | rows deleted | still in the file"
    lines = table(f"{heads} | found whole | recall | of what is left | reported | precision", 5)
    for scenario in scenarios():
        for secure_delete, journal, imports in settings:
            for kind, found in run(scenario, secure_delete, journal, imports):
                lines.append(
                    f"| {scenario.name} | {secure_delete} | {journal} | {imports} | {kind} | {found.deleted} "
                    f"| {found.left} | {found.found} | {_percent(found.found, found.deleted)} "
                    f"| {_percent(found.found, found.left)} | {found.reported} "
                    f"| {_ratio(found.reported - found.wrong, found.reported)} |"
                )
                print(lines[-1], file=sys.stderr)
    return lines


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "–"


def corpus(data: Path) -> list[str]:
    """The table of the SQLite Forensic Corpus."""
    subjects = {
        "01": "weird table names", "02": "encapsulated column definitions", "07": "fragmented contents",
        "08": "reserved bytes per page", "0A": "deleted tables", "0B": "overwritten tables",
        "0C": "deleted records", "0D": "overwritten records", "0E": "deleted overflow pages",
    }  # fmt: skip
    heads = "folder | subject | databases | rows deleted | still in the file | found whole | recall"
    lines = table(f"{heads} | of what is left | wrong | precision | partial rows (wrong)", 2)
    total = Score()
    for folder in folders(data / "sqlite-corpus" / "v1"):
        score = score_folder(folder)
        total += score
        lines.append(_corpus_line(folder.name, subjects.get(folder.name, ""), score))
    lines.append(_corpus_line("all", "", total))
    return lines


def _corpus_line(name: str, subject: str, score: Score) -> str:
    return (
        f"| {name} | {subject} | {score.databases} | {score.deleted} | {score.left} | {score.found} "
        f"| {_percent(score.found, score.deleted)} | {_percent(score.found, score.left)} | {score.wrong} "
        f"| {_ratio(score.found, score.found + score.wrong)} | {score.partial} ({score.partial_wrong}) |"
    )


def speed() -> list[str]:
    """Megabytes a second on a library of 20,000 photos, all tables searched in one pass."""
    lines = table("copy | size | pages that count no more | seconds | MB/s", 1)
    with tempfile.TemporaryDirectory() as name, Workspace() as workspace:
        folder = Path(name)
        library = DeletingLibrary(folder / "Photos.sqlite")
        library.add(20_000)
        library.checkpoint()
        library.delete(range(9_000, 9_400))
        for kind, copy in COPIES.items():
            path = copy(library, folder / f"{kind}.sqlite")
            state = inspect_copy(path)
            size = sum(part.stat().st_size for part in folder.glob(f"{kind}.sqlite*"))
            with open_file_copy(path, workspace) as database:
                best = min(_seconds(path, database) for _ in range(3))
            dead = state.freelist_pages + state.wal_frames
            lines.append(f"| {kind} | {size / 1e6:.0f} MB | {dead} | {best:.2f} | {size / 1e6 / best:.0f} |")
        library.close()
    return lines


def _seconds(path: Path, database: Database) -> float:
    start = time.perf_counter()
    carve_assets(path, database)
    return time.perf_counter() - start


def main(data: Path | None) -> None:
    """Write the figures between the marks of the document."""
    parts = ["### Generated libraries", "", *matrix(), ""]
    if data is not None:
        parts += ["### SQLite Forensic Corpus 1.0", "", *corpus(data), ""]
    parts += ["### Speed", "", f"Measured on {date.today():%Y-%m-%d}, {os.cpu_count()} cores, best of three.", ""]
    parts += speed()
    text = DOCUMENT.read_text("utf-8")
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    DOCUMENT.write_text(f"{before}{MARKS[0]}\n" + "\n".join(parts) + f"\n{MARKS[1]}{after}", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
