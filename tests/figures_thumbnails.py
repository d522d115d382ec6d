"""Print figures of the thumbnail tables of real libraries: `python -m tests.figures_thumbnails SHARED`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from recovery.database import open_file_copy
from recovery.photos_db.thumbnail_tables import EntryState, decode_entry, read_table
from recovery.report.messages.gaps import why
from recovery.workspace import Workspace

HEAD = ("library", "table", "encoding", "slots", "entries", "decoded", "live", "agreeing", "orphans")


def known_slots(library: Path, workspace: Workspace) -> dict[str, int | None]:
    """UUID to ZTHUMBNAILINDEX of every row of a library, its write-ahead log applied."""
    with open_file_copy(library / "database" / "Photos.sqlite", workspace) as database:
        table = "ZASSET" if "ZASSET" in database.tables else "ZGENERICASSET"
        rows = database.rows(f"SELECT ZUUID, ZTHUMBNAILINDEX FROM {table}")
        return {row["ZUUID"]: row["ZTHUMBNAILINDEX"] for row in rows}


def libraries(shared: Path) -> list[Path]:
    """The real libraries below the shared folder."""
    return sorted((shared / "data" / "photos").glob("*.photoslibrary"))


def table_files(library: Path) -> list[Path]:
    """The thumbnail tables of one library."""
    return sorted((library / "resources" / "derivatives" / "thumbs").glob("*.ithmb"))


def figures(shared: Path) -> Iterator[tuple[str, ...]]:
    """One row for each table of each library, in the order of `HEAD`."""
    with Workspace() as workspace:
        for library in libraries(shared):
            known = known_slots(library, workspace)
            for path in table_files(library):
                yield (library.name.removesuffix(".photoslibrary"), path.stem, *_row(path, known))


def _row(path: Path, known: dict[str, int | None]) -> tuple[str, ...]:
    with path.open("rb") as stream:
        table = read_table(path.name, stream, path.stat().st_size, known)
        if table.layout is None:
            return (why(table.reading.gaps[0]), *["0"] * 6)
        decoded = sum(decode_entry(table, entry, stream).width > 0 for entry in table.reading)
    orphans = table.with_state(EntryState.ORPHAN, EntryState.CONTESTED)
    named = " ".join([str(len(orphans)), *(entry.uuid[:8] for entry in orphans)])
    agreement = table.agreement
    counts = (table.slots, len(table.reading), decoded, agreement.live, agreement.agreeing)
    return (table.layout.encoding, *map(str, counts), named)


def markdown(rows: Iterator[tuple[str, ...]]) -> str:
    """The rows as a table, with a last one of sums."""
    listed = list(rows)
    sums = [str(sum(int(row[column].split()[0]) for row in listed)) for column in range(3, len(HEAD))]
    lines = [HEAD, tuple(["---"] * len(HEAD)), *listed, ("all", str(len(listed)), "", *sums)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(markdown(figures(Path(sys.argv[1]))) + "\n")
