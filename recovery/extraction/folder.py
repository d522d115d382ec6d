"""The output folder: refused when unsafe, locked while in use, filled one whole file at a time."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Set
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path, PureWindowsPath
from types import TracebackType

from recovery import limits
from recovery.errors import NotEnoughSpaceError, OutputError
from recovery.extraction.lock import FolderLock
from recovery.extraction.parts import FilePart
from recovery.extraction.thread_pool import Tick
from recovery.filesystem import mode_of
from recovery.output import TEMPORARY_NAME, Evidence, OutputDirectory
from recovery.system_files import to_system

STATE_FOLDER = ".recover-facetime"
"""Holds the journal, the lock and unfinished files; its name is none that an extracted file could get."""
LOCK = "lock"
# Folders that stay open, so that each file is not another walk to its folder; macOS lets a program open 256 files.
_KEPT_FOLDERS = 64


class OutputFolder:
    """An output folder that belongs to this run alone; use as a context manager. Raises OutputError."""

    def __init__(self, out: Path, backup: Path, private: Set[str] = frozenset()) -> None:
        """Folders of the output that are `private` can be entered by their owner alone."""
        refuse_unsafe(out, backup)
        self.root = system_path(out)
        self._evidence = Evidence(backup)
        self._private = private
        self._used: set[str] = set()
        self._kept: dict[str, OutputDirectory] = {}
        self._stack = ExitStack()

    def __enter__(self) -> OutputFolder:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._top = self._stack.enter_context(OutputDirectory(self.root, self._evidence))
            self.state = self._stack.enter_context(self._top.folder(STATE_FOLDER, private=True))
            self._stack.enter_context(FolderLock(self.state, LOCK))
            for left in self.state.path.iterdir():
                if TEMPORARY_NAME.fullmatch(left.name):
                    self.state.unlink(left.name)
        except OSError as error:
            self._stack.close()
            raise unusable(self.root, error) from error
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def part(self) -> FilePart:
        """A new unfinished file. Raises OSError."""
        self._stay()
        return FilePart(self.state)

    def publish(self, part: FilePart, target: str, moment: datetime | None = None) -> str:
        """Give a finished part its name in one step; a phrase if its time was refused.

        Replaces what is there. Raises OSError, also the one that a `flush` before met.
        """
        if part.refused is not None:
            raise part.refused
        self._stay()
        folder, _, name = target.rpartition("/")
        with self._open(folder) as directory:
            return part.publish(name, directory, moment)

    def _stay(self) -> None:
        """Raise OSError once the output folder was removed, or moved away: into the bin, for one."""
        if not self._top.is_in_place():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.root))

    def link(self, target: str, linked: str) -> bool:
        """Give a file of ours a second name that is free; False where the file system refuses.

        Raises OSError where the output folder or one of its folders cannot be used.
        """
        self._stay()
        (folder, _, name), (other, _, second) = target.rpartition("/"), linked.rpartition("/")
        with self._open(folder) as here, self._open(other) as there:
            try:
                here.link(name, there, second)
            except OSError:
                return False
        return True

    def pieces(self, target: str) -> Iterator[bytes]:
        """The bytes of a file of ours. Raises OSError."""
        with Path(self._path(target)).open("rb", buffering=0) as stream:
            while chunk := stream.read(limits.CIPHER_CHUNK_BYTES):
                yield chunk

    def remove(self, target: str) -> None:
        """Take away a file of ours. Raises OSError."""
        folder, _, name = target.rpartition("/")
        with self._open(folder) as directory:
            directory.unlink(name)

    def flush_names(self) -> None:
        """Wait until every name given so far is on the disk, where the system can be asked for that."""
        for folder in sorted(self._used):
            with contextlib.suppress(OSError), self._open(folder) as directory:
                directory.sync()
        self._top.sync()
        self.state.sync()

    def _path(self, target: str) -> str:
        """A relative target as a path of this system; texts, as this is asked several times for each file."""
        return f"{self.root}{os.sep}{to_system(target.replace('/', os.sep))}"

    @contextlib.contextmanager
    def _open(self, target: str) -> Iterator[OutputDirectory]:
        """A folder of the output, made with its parents if it is missing, and never reached through a link.

        Raises OSError.
        """
        kept = self._kept.get(target)
        if kept is not None and kept.is_in_place():
            yield kept
            return
        with ExitStack() as stack:
            here = self._top
            for place in _with_parents(target):
                here = self._folder(here, place)
                if place == target and kept is None and len(self._kept) < _KEPT_FOLDERS:
                    self._kept[target] = here
                    self._stack.callback(here.close)
                else:
                    stack.callback(here.close)
            yield here

    def _folder(self, parent: OutputDirectory, place: str) -> OutputDirectory:
        private = place in self._private
        opened = parent.folder(place.rpartition("/")[2], private=private)
        if private and place not in self._used:  # an earlier run may have made it for photos that are not hidden
            opened.make_private()
        self._used.add(place)
        return opened

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


def _with_parents(folder: str) -> list[str]:
    """A relative folder behind all that it lies in: `a/b/c` is reached by `a`, `a/b` and `a/b/c`."""
    parts = folder.split("/") if folder else []
    return ["/".join(parts[:number]) for number in range(1, len(parts) + 1)]


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
    evidence = Evidence(backup)
    evidence.refuse_folder(out)
    evidence.refuse_parent(out)
    here = Path(os.path.realpath(out))
    try:
        mode = mode_of(here, follow_links=False)
    except OSError as error:
        raise unusable(out, error) from error
    if mode is not None and not stat.S_ISDIR(mode):
        raise OutputError(f"{out} is a file, not a folder.", "Choose a folder; it is made if it does not exist.")


def unusable(root: Path, error: OSError) -> OutputError:
    """The error for an output folder that the system refuses."""
    return OutputError(
        f"The output folder {root} cannot be used ({error.strerror or error}).",
        "Check that it still exists, that you may write there and that the disk is not full; then run the same "
        "command again: what is finished is not written twice.",
    )


def check_space(root: Path, needed: int) -> None:
    """Raise NotEnoughSpaceError when fewer than `needed` bytes are free where `root` is or will be."""
    try:
        place = next(folder for folder in (root, *root.parents) if mode_of(folder) is not None)
        free = shutil.disk_usage(place).free
    except OSError as error:
        raise unusable(root, error) from error
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
