"""Fixtures that every test may ask for: the real data, the backup of all stories, untouched evidence."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from fixtures.stories import demo
from recovery.workspace import Workspace
from tests.scanning import PASSPHRASE

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


Snapshot = dict[str, tuple[int | str, ...]]


def photograph(folder: Path) -> Snapshot:
    """Every entry below a folder: its SHA-256, size, mode, number, and times in nanoseconds but that of reading.

    The time of the last change of an entry itself (ctime) cannot be put back by a program that touched it.
    """
    seen: Snapshot = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        times = (status.st_mtime_ns, status.st_ctime_ns)
        seen[str(path.relative_to(folder))] = (digest, status.st_size, status.st_mode, status.st_ino, *times)
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


@dataclass(frozen=True, slots=True)
class DemoTwins:
    """The backup on which every story happened, plain and encrypted, and its builder; only to be read."""

    builder: BackupBuilder
    plain: Path
    encrypted: Path
    passphrase: str


@pytest.fixture(scope="session")
def demo_twins(tmp_path_factory: pytest.TempPathFactory) -> DemoTwins:
    """Built once for all tests."""
    folder, builder = tmp_path_factory.mktemp("demo"), demo()
    encrypted = builder.build(folder / "encrypted", PASSPHRASE)
    return DemoTwins(builder, builder.build(folder / "plain"), encrypted, PASSPHRASE)
