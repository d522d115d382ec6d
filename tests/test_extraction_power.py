"""Power cuts while writing: what was not flushed is lost, and still no half file stands under a final name."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery.extraction.folder import STATE_FOLDER
from recovery.extraction.journal import JOURNAL
from tests.extraction_tools import PASSPHRASE, TRIALS, contents, everything, extract, small_photos
from tests.power_cut import CUT, Disk, cut

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="cuts the power of a forked run")
PHOTOS = 8


def library() -> BackupBuilder:
    """Eight small photos."""
    return small_photos(PHOTOS)


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The encrypted library."""
    return library().build(tmp_path_factory.mktemp("power") / "backups", PASSPHRASE)


@pytest.fixture(scope="module")
def undisturbed(backup: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves when nothing happens."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    extract(backup, everything(library()), out, PASSPHRASE)
    return contents(out)


@pytest.fixture(scope="module")
def watched(backup: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Disk, Path]:
    """A run to its end, with what it flushed and named."""
    room = tmp_path_factory.mktemp("watched")
    disk, code = cut(lambda out: extract(backup, everything(library()), out, PASSPHRASE), room / "out", room / "x")
    assert code == 0
    return disk, room / "out"


def test_every_file_is_flushed_before_it_has_its_name(watched: tuple[Disk, Path]) -> None:
    """Originals, sidecars, records: a name never stands for bytes that a power cut would take."""
    disk, out = watched
    assert disk.notes > PHOTOS
    assert [Path(name).relative_to(out).as_posix() for name in disk.early] == []


def test_when_a_run_ends_its_names_are_on_the_disk(watched: tuple[Disk, Path]) -> None:
    """What was said to be written is still there after a power cut a moment later."""
    disk, out = watched
    assert [Path(name).relative_to(out).as_posix() for name in disk.names] == []


@pytest.mark.parametrize("spared", [(JOURNAL,), ()], ids=["with journal", "without"])
def test_power_cuts_at_random_moments(
    backup: Path,
    undisturbed: dict[str, bytes],
    tmp_path: Path,
    spared: tuple[str, ...],
    record_property: Callable[[str, object], None],
) -> None:
    """Half of the cuts between two steps, half after a random time; two in a row, then a run to the end."""
    dice, wanted = random.Random(8), everything(library())

    def run(out: Path) -> None:
        extract(backup, wanted, out, PASSPHRASE)

    steps = cut(run, tmp_path / "whole", tmp_path / "disk")[0].notes
    ends = []
    for trial in range(TRIALS):
        out = tmp_path / f"out {trial // 2}"
        moment = {"at": dice.randint(1, steps)} if trial % 4 < 2 else {"after": dice.uniform(0, 0.3)}
        disk, code = cut(run, out, tmp_path / "disk", **moment)
        ends.append(code)
        disk.lose(out, dice, spared)
        for name, data in contents(out).items():
            assert name.startswith(STATE_FOLDER) or data == undisturbed[name], f"{trial}: {name} is half written"
        if trial % 2:
            assert extract(backup, wanted, out, PASSPHRASE).complete
            assert contents(out) == undisturbed
    record_property("cut", sum(end != 0 for end in ends))  # shown by --junitxml with junit_family=xunit1
    assert ends.count(CUT) > TRIALS // 4
