"""Measure reading a history of a million changes: `python -m benchmarks.history [changes]`.

Builds a library with six tombstone columns in a temporary folder: of every 20 changes about assets one is an
insert, and one deletion follows for each hundred changes. Prints seconds and memory; asserts nothing about time.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
import tempfile
import time
import tracemalloc
from collections import deque
from collections.abc import Callable
from pathlib import Path

from recovery.database import Database
from recovery.photos_db.changes.history import read_events, read_history

SCHEMA = """
CREATE TABLE Z_PRIMARYKEY (Z_ENT INTEGER PRIMARY KEY, Z_NAME VARCHAR, Z_SUPER INTEGER, Z_MAX INTEGER);
CREATE TABLE ZASSET (Z_PK INTEGER PRIMARY KEY, ZTRASHEDSTATE INTEGER, ZUUID VARCHAR);
CREATE TABLE ATRANSACTIONSTRING (Z_PK INTEGER PRIMARY KEY, ZNAME VARCHAR);
CREATE TABLE ATRANSACTION (Z_PK INTEGER PRIMARY KEY, ZAUTHORTS INTEGER, ZCONTEXTNAMETS INTEGER,
  ZPROCESSIDTS INTEGER, ZTIMESTAMP TIMESTAMP);
CREATE TABLE ACHANGE (Z_PK INTEGER PRIMARY KEY, ZCHANGETYPE INTEGER, ZENTITY INTEGER, ZENTITYPK INTEGER,
  ZTRANSACTIONID INTEGER, ZCOLUMNS BLOB, ZTOMBSTONE0, ZTOMBSTONE1, ZTOMBSTONE2, ZTOMBSTONE3, ZTOMBSTONE4,
  ZTOMBSTONE5);
CREATE INDEX ACHANGE_TRANSACTION ON ACHANGE (ZTRANSACTIONID);
INSERT INTO ATRANSACTIONSTRING VALUES (1, 'PhotoKit changes: com.apple.mobileslideshow (Photos) (fs=1/file=2)'),
  (2, 'assetsd');
"""


def change(number: int) -> tuple[object, ...]:
    """Changes 1, 21, 41… insert an asset, 100, 200… delete one, the others update one."""
    inserted = number // 20 + 1
    if number % 100 == 0:
        uuid = f"00000000-0000-4000-8000-{number // 100:012X}"
        kept = (None, 0, "User deleted asset from trashcan.", 7e8, 1, uuid)
        return (number, 2, 3, number // 100, number // 4, None, *kept)
    kind, asset = (0, inserted) if number % 20 == 1 else (1, number * 7919 % inserted + 1)
    return (number, kind, 3, asset, number // 4, b"\x01" * 20 if kind else None, *(None,) * 6)


def build(path: Path, changes: int) -> None:
    """A library with so many changes."""
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA)
    connection.executemany(f"INSERT INTO ACHANGE VALUES ({','.join('?' * 12)})", map(change, range(1, changes + 1)))
    connection.executemany(
        "INSERT INTO ATRANSACTION VALUES (?, NULL, 1, 2, ?)", ((n, 7e8 + n) for n in range(1, changes // 4 + 1))
    )
    alive = range(changes // 100 + 1, changes // 20 + 1)
    connection.executemany(
        "INSERT INTO ZASSET VALUES (?, 0, ?)", ((pk, f"11111111-0000-4000-8000-{pk:012X}") for pk in alive)
    )
    connection.execute("INSERT INTO Z_PRIMARYKEY VALUES (3, 'Asset', 0, ?)", (changes // 20,))
    connection.commit()
    connection.close()


def measure(what: str, path: Path, read: Callable[[Database], object]) -> None:
    """Run once for the time, once more for the memory (tracing slows the run)."""
    with Database(path, "Photos.sqlite") as database:
        begin = time.process_time()
        read(database)
        seconds = time.process_time() - begin
        tracemalloc.start()
        read(database)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
    print(f"{what}: {seconds:.1f} s of processor time, {peak:.1f} MiB of Python memory at most")


def main() -> None:
    """Build, read, print."""
    changes = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Photos.sqlite"
        build(path, changes)
        print(f"{changes:,} changes, {path.stat().st_size / 2**20:.0f} MiB")
        measure("read_history", path, lambda database: print(len(read_history(database).deleted), "deleted"))
        measure("read_events", path, lambda database: deque(read_events(database), maxlen=0))
        print(f"whole process at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB (Linux)")


if __name__ == "__main__":
    main()
