"""Fixtures that every test may ask for: the real data where it is, backups that tell stories, untouched evidence."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recovery.workspace import Workspace

_REASON = "the real data is not here (set RECOVER_FACETIME_SHARED to the folder that holds data/)"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real data; the test is skipped where it is absent."""
    folder = Path(os.environ.get("RECOVER_FACETIME_SHARED") or Path(__file__).parents[2] / "shared")
    if not (folder / "data").is_dir():
        pytest.skip(_REASON)
    return folder / "data"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An open private folder below the test's own."""
    parent = tmp_path / "private"
    parent.mkdir()
    with Workspace(parent) as opened:
        yield opened


Snapshot = dict[str, tuple[int, int, str]]


def photograph(folder: Path) -> Snapshot:
    """Every entry below a folder with its size, modification time in nanoseconds and SHA-256."""
    seen: Snapshot = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        seen[str(path.relative_to(folder))] = (status.st_size, status.st_mtime_ns, digest)
    return seen


@pytest.fixture
def untouched() -> Iterator[Callable[[Path], None]]:
    """Name a folder of evidence; when the test ends it must be what it was, to the byte and the nanosecond."""
    watched: list[tuple[Path, Snapshot]] = []

    def watch(folder: Path) -> None:
        watched.append((folder, photograph(folder)))

    yield watch
    for folder, before in watched:
        assert photograph(folder) == before, f"{folder} was changed"
