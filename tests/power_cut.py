"""A disk that loses what was not flushed: cuts the power of a run in a child, and takes back what may be lost."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CUT = 77
"""How a child ends that was cut by its own count."""


class Watch:
    """In a child: notes in a file what was flushed and renamed, and ends the process at the nth note.

    Nothing is really flushed, which makes it quick; the notes outlive the child.
    """

    def __init__(self, notes: Path, stash: Path, at: int) -> None:
        self._stream = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._stash, self._at, self._count = stash, at, 0
        self._replace, self._unlink, self._turn = os.replace, os.unlink, threading.Lock()

    def install(self) -> None:
        """Only in a child: nothing is put back."""
        os.fsync = self.flushed  # type: ignore[assignment]
        if hasattr(os, "fdatasync"):
            os.fdatasync = self.flushed  # type: ignore[assignment]
        os.replace = self.renamed  # type: ignore[assignment]
        os.rename = self.renamed  # type: ignore[assignment]
        os.unlink = self.removed  # type: ignore[assignment]

    def _note(self, **values: Any) -> None:
        os.write(self._stream, json.dumps(values).encode() + b"\n")
        self._count += 1
        if self._count == self._at:
            os._exit(CUT)

    def flushed(self, stream: Any) -> None:
        """A file's bytes, or a folder's names, are on the disk."""
        with self._turn:
            state = os.fstat(stream if isinstance(stream, int) else stream.fileno())
            what = "folder" if stat.S_ISDIR(state.st_mode) else "file"
            self._note(what=what, inode=state.st_ino, size=state.st_size)

    def renamed(
        self, source: Any, target: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
    ) -> None:
        """A file has its name, and what had it before is kept for the case that the name is lost."""
        source, target = _whole(source, src_dir_fd), _whole(target, dst_dir_fd)
        with self._turn:
            moved, old, gone = Path(source).stat(), "", 0
            if os.path.lexists(target):
                gone, old = os.lstat(target).st_ino, str(self._stash / f"{time.monotonic_ns()}")
                shutil.copy2(target, old, follow_symlinks=False)
            self._replace(source, target)
            folder = Path(target).parent.stat().st_ino
            told = {"inode": moved.st_ino, "size": moved.st_size, "target": str(target), "folder": folder}
            self._note(what="name", old=old, gone=gone, **told)

    def removed(self, path: Any, *, dir_fd: int | None = None) -> None:
        """Its number may be given to another file."""
        path = _whole(path, dir_fd)
        with self._turn:
            gone = os.lstat(path).st_ino if os.path.lexists(path) else 0
            self._unlink(path)
            self._note(what="gone", gone=gone)


def _whole(path: Any, folder: int | None) -> Any:
    """The path of a name in an open folder."""
    if folder is None:
        return path
    if sys.platform == "darwin":
        import fcntl

        where = os.fsdecode(fcntl.fcntl(folder, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0"))
    else:
        where = str(Path(f"/proc/self/fd/{folder}").readlink())
    return os.path.join(where, path)  # noqa: PTH118 - as os.replace takes texts


@dataclass
class Disk:
    """What the notes of a run tell: sizes of flushed files by number, and names that may still be lost."""

    flushed: dict[int, int] = field(default_factory=dict)
    names: dict[str, dict[str, Any]] = field(default_factory=dict)
    early: list[str] = field(default_factory=list)
    """Files that had their final name before all their bytes were flushed."""
    notes: int = 0

    def read(self, notes: Path) -> None:
        """Take in the notes of one child."""
        for line in notes.read_bytes().splitlines() if notes.exists() else ():
            note = json.loads(line)
            self.notes += 1
            self.flushed.pop(note.get("gone", 0), None)
            if note["what"] == "file":
                self.flushed[note["inode"]] = note["size"]
            elif note["what"] == "folder":
                self.names = {name: said for name, said in self.names.items() if said["folder"] != note["inode"]}
            elif note["what"] == "name":
                self.names[note["target"]] = note
                if self.flushed.get(note["inode"]) != note["size"]:
                    self.early.append(note["target"])

    def lose(self, out: Path, dice: random.Random, spared: Sequence[str] = ()) -> None:
        """Take back, by chance, what was not flushed: bytes of files (but for the `spared`), and names."""
        spared = ("lock", *spared)
        for path in sorted(path for path in out.rglob("*") if path.is_file() and path.name not in spared):
            state = path.stat()
            safe = self.flushed.get(state.st_ino, 0)
            if safe < state.st_size and dice.random() < 0.7:
                _lost_end(path, safe, dice)
        for name, said in self.names.items():
            if dice.random() < 0.3:
                Path(name).unlink(missing_ok=True)
                if said["old"]:
                    shutil.copy2(said["old"], name)


def _lost_end(path: Path, safe: int, dice: random.Random) -> None:
    """Bytes behind the flushed ones are gone, or nothing but zeros."""
    size, times = path.stat().st_size, path.stat()
    kept = dice.randint(safe, size)
    os.truncate(path, kept)
    if dice.random() < 0.5:
        os.truncate(path, size)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def cut(
    run: Callable[[Path], object], out: Path, room: Path, *, at: int = -1, after: float | None = None
) -> tuple[Disk, int]:
    """Do `run(out)` in a child, cut at a note or after so many seconds; its disk, and how it ended."""
    room.mkdir(parents=True, exist_ok=True)
    disk = Disk({path.stat().st_ino: path.stat().st_size for path in out.rglob("*") if path.is_file()})
    notes = room / "notes"
    notes.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:  # pragma: no cover - the child is killed
        code = errno.EIO
        try:
            Watch(notes, room, at).install()
            run(out)
            code = 0
        finally:
            os._exit(code)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    disk.read(notes)
    return disk, code
