"""Unfinished files: flushed before any of them has its name, and sharing blocks where the file system can."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from fixtures import BackupBuilder
from recovery.extraction import copying, parts
from recovery.extraction.outcomes import OutcomeState
from recovery.extraction.parts import flush
from recovery.extraction.plan import plan
from recovery.extraction.selected_files import Selection
from tests.extraction_tools import (
    PASSPHRASE,
    a_file,
    an_asset,
    contents,
    everything,
    extract,
    findings_of,
    part_in,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shares blocks and names open files")
PHOTOS = 40


def library() -> BackupBuilder:
    """More photos than are flushed together."""
    builder = BackupBuilder()
    for number in range(PHOTOS):
        builder.with_photo(f"IMG_{number:04d}", width=32, height=24)
    return builder


class Sharing:
    """A file system that shares blocks, played by copying."""

    def __init__(self) -> None:
        self.shared = 0

    def ioctl(self, target: int, request: int, source: int) -> int:
        """What the system does for FICLONE."""
        assert request == 0x40049409
        os.pwrite(target, os.pread(source, 1 << 30, 0), 0)
        self.shared += 1
        return 0


def test_a_refused_flush_fails_that_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that cannot keep one file of a batch: it gets no name, the others do, the next run makes it good."""
    builder = library()
    backup, out = builder.build(tmp_path / "backups", PASSPHRASE), tmp_path / "out"
    real, count = os.fsync, iter(range(10_000))

    def refusing(stream: int) -> None:
        if next(count) == 3:
            raise OSError(5, "Input/output error")
        real(stream)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refusing)
        outcomes = extract(backup, everything(builder), out, PASSPHRASE)
    (failed,) = (outcome for outcome in outcomes.files if outcome.state is not OutcomeState.WRITTEN)
    assert failed.state is OutcomeState.FAILED and "Input/output error" in failed.reason
    assert not (out / failed.planned.target).exists() and not list(out.rglob("*.part"))
    assert extract(backup, everything(builder), out, PASSPHRASE).complete
    extract(backup, everything(builder), tmp_path / "other", PASSPHRASE)
    assert contents(out) == contents(tmp_path / "other")


def test_a_part_vanishes_unless_it_was_published(tmp_path: Path) -> None:
    """Also after it was flushed."""
    with part_in(tmp_path) as part, (tmp_path / "journal").open("wb") as journal:
        part.stream.write(b"bytes")
        flush([part], journal.fileno())
        assert part.refused is None and part.path.read_bytes() == b"bytes"
    assert not part.path.exists()


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system takes no advice")
def test_a_large_file_is_on_its_way_before_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Piece by piece, each byte once, and the rest with its flush; the bytes are those that were given."""
    begun: list[tuple[int, int]] = []
    monkeypatch.setattr(parts, "_PIECE_BYTES", 4)
    monkeypatch.setattr(
        os, "posix_fadvise", lambda stream, start, length, advice: begun.append((start, os.fstat(stream).st_size))
    )
    with part_in(tmp_path) as part, (tmp_path / "journal").open("wb") as journal:
        for piece in (b"ab", b"cd", b"e", b"fghijk", b"l"):
            part.write(piece)
        assert begun == [(0, 4), (4, 11)]
        flush([part], journal.fileno())
        assert begun == [(0, 4), (4, 11), (11, 12), (0, 0)]
        assert part.path.read_bytes() == b"abcdefghijkl"


@linux
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_more_than_memory_holds_is_not_kept_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encrypted: bool
) -> None:
    """Where there is much, blobs are let go when read and files when flushed; the output is the same."""
    builder, passphrase = library(), PASSPHRASE if encrypted else None
    backup = builder.build(tmp_path / "backups", passphrase)
    let_go: list[str] = []

    def noted(stream: int, start: int, length: int, advice: int) -> None:
        if start == 0 and advice == os.POSIX_FADV_DONTNEED:
            let_go.append(str(Path(f"/proc/self/fd/{stream}").readlink()))

    monkeypatch.setattr(os, "posix_fadvise", noted)
    extract(backup, everything(builder), tmp_path / "usual", passphrase)
    assert not [path for path in let_go if path.startswith(str(backup))]
    usual, let_go[:] = len(let_go), []
    sysconf = os.sysconf
    with monkeypatch.context() as patched:
        patched.setattr(os, "sysconf", lambda name: 1 if name == "SC_PHYS_PAGES" else sysconf(name))
        outcomes = extract(backup, everything(builder), tmp_path / "large", passphrase)
    copied = [outcome for outcome in outcomes.files if outcome.entry is not None]
    read = [path for path in let_go if path.startswith(str(backup))]
    assert len(set(read)) == len(copied) > 3
    assert len(let_go) - len(read) >= usual + len(copied)
    assert contents(tmp_path / "large") == contents(tmp_path / "usual")


@linux
def test_shared_blocks_give_the_same_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte and every hash of a plain backup is as when the bytes are copied."""
    builder = library()
    backup = builder.build(tmp_path / "backups")
    copied = extract(backup, everything(builder), tmp_path / "copied")
    sharing = Sharing()
    monkeypatch.setattr(parts.fcntl, "ioctl", sharing.ioctl)
    shared = extract(backup, everything(builder), tmp_path / "shared")
    assert sharing.shared == PHOTOS and shared.files == copied.files
    assert contents(tmp_path / "shared") == contents(tmp_path / "copied")


@linux
def test_an_encrypted_backup_shares_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its blobs are not what is written."""
    builder, sharing = library(), Sharing()
    monkeypatch.setattr(parts.fcntl, "ioctl", sharing.ioctl)
    backup = builder.build(tmp_path / "backups", PASSPHRASE)
    assert extract(backup, everything(builder), tmp_path / "out", PASSPHRASE).complete and not sharing.shared


@linux
def test_shared_blocks_behind_a_read_error_are_not_salvaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes out is what was read and hashed."""
    video = bytes(range(256)) * 4096 * 2
    builder = BackupBuilder().with_file("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0001.MOV", video)
    backup = builder.build(tmp_path / "backups")
    real = copying.BackupView.passage

    def failing(self: Any, entry: Any) -> Any:
        passage = real(self, entry)
        raw, count = passage._raw, iter(range(100))

        class Sector:
            def readinto(self, buffer: memoryview) -> int:
                if next(count) == 3:
                    raise OSError(5, "Input/output error")
                return int(raw.readinto(buffer))

            def close(self) -> None:
                raw.close()

        passage._raw = Sector()
        return passage

    monkeypatch.setattr(copying.BackupView, "passage", failing)
    monkeypatch.setattr(parts.fcntl, "ioctl", Sharing().ioctl)
    asset = an_asset(files=(a_file(path="Media/DCIM/100APPLE/IMG_0001.MOV"),))
    (outcome,) = extract(backup, plan(findings_of([asset]), Selection(everything=True)), tmp_path / "out").files
    assert outcome.state is OutcomeState.UNREADABLE and outcome.entry is not None
    salvaged = (tmp_path / "out" / str(outcome.target)).read_bytes()
    assert salvaged == video[: len(salvaged)] and 0 < len(salvaged) == outcome.entry.size < len(video)
