"""The output folder: refused when unsafe, locked while in use, filled one whole file at a time."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import shutil
import stat
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path, PureWindowsPath
from types import TracebackType

from recovery import limits
from recovery.backup.identity import MANIFEST, MANIFEST_DATABASE
from recovery.errors import NotEnoughSpaceError, OutputError
from recovery.extraction.crew import Tick
from recovery.extraction.lock import FolderLock
from recovery.extraction.parts import Part
from recovery.extraction.times import set_times
from recovery.system_files import to_system

STATE_FOLDER = ".recover-facetime"
"""Holds the journal, the lock and unfinished files; its name is none that an extracted file could get."""
JOURNAL = "journal.jsonl"
LOCK, PART = "lock", ".part"


class OutputFolder:
    """An output folder that belongs to this run alone; use as a context manager. Raises OutputError."""

    def __init__(self, out: Path, backup: Path) -> None:
        refuse_unsafe(out, backup)
        self.root = system_path(out)
        self.state = self.root / STATE_FOLDER
        self._top = str(self.root) + os.sep
        self._numbers = itertools.count(1)
        self._made = {""}
        self._stack = ExitStack()

    def __enter__(self) -> OutputFolder:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.state.mkdir(exist_ok=True)
            if self.state.is_symlink():
                raise OutputError(f"{STATE_FOLDER} in the output folder is a link.", "Remove it.")
            self._stack.enter_context(FolderLock(self.state / LOCK))
            for left in self.state.glob(f"*{PART}"):
                left.unlink()
        except OSError as error:
            self._stack.close()
            raise unusable(self.root, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def part(self) -> Part:
        """A new unfinished file. Raises OSError."""
        return Part(f"{self._top}{STATE_FOLDER}{os.sep}{next(self._numbers)}{PART}")

    def publish(self, part: Part, target: str, moment: datetime | None = None) -> str:
        """Give a finished part its name in one step; a phrase if its time was refused.

        Replaces what is there. Raises OSError, also the one that a `flush` before met.
        """
        if part.refused is not None:
            raise part.refused
        part.stream.close()  # Windows renames no open file
        note = set_times(part.path, moment) if moment is not None else ""
        self._make_folders(target.rpartition("/")[0])
        Path(part.path).replace(self._path(target))
        part.published = True
        return note

    def remove(self, target: str) -> None:
        """Take away a file of ours. Raises OSError."""
        Path(self._path(target)).unlink()

    def flush_names(self) -> None:
        """Wait until every name given so far is on the disk, where the system can be asked for that."""
        for folder in (*sorted(self._made), STATE_FOLDER):
            with contextlib.suppress(OSError):  # Windows opens no folder
                stream = os.open(self._path(folder), os.O_RDONLY)
                try:
                    os.fsync(stream)
                finally:
                    os.close(stream)

    def _path(self, target: str) -> str:
        """A relative target as a path of this system; texts, as this is asked several times for each file."""
        return self._top + to_system(target.replace("/", os.sep))

    def _make_folders(self, target: str) -> None:
        """Never through a link, which could lead out of the folder; never the root itself, if it was removed."""
        if target in self._made:
            return
        self._make_folders(target.rpartition("/")[0])
        here = Path(self._path(target))
        with contextlib.suppress(FileExistsError):
            here.mkdir()
        if not stat.S_ISDIR(here.lstat().st_mode):
            raise NotADirectoryError(f"{here.name} in the output folder is no folder")
        self._made.add(target)

    def exists(self, target: str) -> bool:
        """Whether anything has that name."""
        return os.path.lexists(self._path(target))

    def is_empty(self, target: str) -> bool:
        """Whether an ordinary file without a byte is there."""
        try:
            state = os.lstat(self._path(target))
        except OSError:
            return False
        return stat.S_ISREG(state.st_mode) and state.st_size == 0

    def matches(self, target: str, size: int, sha256: str, tick: Tick) -> bool:
        """Whether an ordinary file is there with that size and hash. Never raises for what cannot be read."""
        path = Path(self._path(target))
        try:
            state = path.lstat()
            return stat.S_ISREG(state.st_mode) and state.st_size == size and digest(path, tick) == sha256
        except OSError:
            return False


def digest(path: Path, tick: Tick) -> str:
    """SHA-256 of a file in hexadecimal. Raises OSError."""
    state = hashlib.sha256()
    with path.open("rb", buffering=0) as stream:
        while chunk := stream.read(limits.CIPHER_CHUNK_BYTES):
            state.update(chunk)
            tick(len(chunk))
    return state.hexdigest()


def refuse_unsafe(out: Path, backup: Path) -> None:
    """Raise OutputError where writing could touch evidence, or where `out` is no folder."""
    advice = "Choose a new folder outside every backup."
    here = Path(os.path.realpath(out))
    for folder in (here, *here.parents):
        if _same(folder, backup):
            raise OutputError("The output folder lies inside the backup, which is never written to.", advice)
        if (folder / MANIFEST_DATABASE).exists() and (folder / MANIFEST).exists():
            raise OutputError("The output folder lies inside a backup, and backups are never written to.", advice)
    if any(_same(here, parent) for parent in Path(os.path.realpath(backup)).parents):
        raise OutputError("The backup lies inside the output folder.", advice)
    if os.path.lexists(here) and not here.is_dir():
        raise OutputError(f"{out} is a file, not a folder.", "Choose a folder; it is made if it does not exist.")


def _same(first: Path, second: Path) -> bool:
    """By device and number, so that case, links and mounts cannot deceive."""
    try:
        return first.samefile(second)
    except OSError:
        return False


def unusable(root: Path, error: OSError) -> OutputError:
    """The error for an output folder that the system refuses."""
    return OutputError(
        f"The output folder {root} cannot be used ({error.strerror or error}).",
        "Check that it still exists, that you may write there and that the disk is not full; then run the same "
        "command again: what is finished is not written twice.",
    )


def check_space(root: Path, needed: int) -> None:
    """Raise NotEnoughSpaceError when fewer than `needed` bytes are free where `root` is or will be."""
    place = next(folder for folder in (root, *root.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if free < needed:
        raise NotEnoughSpaceError(
            f"The output needs {needed:,} bytes, and {free:,} are free.",
            "Choose another disk or select fewer files; --ignore-free-space goes on all the same.",
            needed=needed,
            free=free,
        )


def system_path(path: Path) -> Path:
    """An absolute path; on Windows in the form without the limit of 260 characters."""
    absolute = path.absolute()
    return Path(extended(str(absolute))) if os.name == "nt" else absolute


def extended(absolute: str) -> str:
    r"""A Windows path in its extended form: `C:\x` becomes `\\?\C:\x`, `\\server\x` becomes `\\?\UNC\server\x`."""
    plain = str(PureWindowsPath(absolute))
    if plain.startswith("\\\\?\\"):
        return plain
    return "\\\\?\\UNC\\" + plain[2:] if plain.startswith("\\\\") else "\\\\?\\" + plain
