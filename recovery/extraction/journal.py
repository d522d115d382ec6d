"""The memory of an output folder: which files were written from which backup, so that a later run goes on."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from threading import Lock
from types import TracebackType
from typing import TypeGuard

from recovery import limits
from recovery.errors import OutputError
from recovery.extraction.names import is_inside
from recovery.extraction.outcomes import Entry
from recovery.output import NewFile, OutputDirectory

SCHEMA = "recover-facetime/journal/1"
JOURNAL = "journal.jsonl"
_TEXT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Journal:
    """Lines of JSON: the backup's key, then one entry for each file, written before the file gets its name.

    An entry alone proves nothing: a file counts as done when it is there with the entry's hash. So a line too
    many is harmless, and a line cut by a crash is passed over.
    """

    def __init__(self, directory: OutputDirectory, backup: str, *, replace: bool = False) -> None:
        """Open or begin the journal of a folder.

        Raises OutputError when it belongs to another backup, unless `replace`, or is not a file of ours; OSError.
        """
        self._directory = directory
        self._backup = backup
        self._lock = Lock()
        self._entries: dict[str, Entry] = {}
        self._torn = False  # a crash cut the last line
        self._stream = self._opened()
        try:
            self._begin(replace=replace)
        except BaseException:
            os.close(self._stream)
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # compacting may have failed halfway
            os.close(self._stream)

    def get(self, target: str) -> Entry | None:
        """What is remembered of a path."""
        return self._entries.get(target)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def append(self, entry: Entry) -> None:
        """Remember an entry; it reaches the system before this returns. Raises OSError, leaving no torn line."""
        with self._lock:
            end = os.fstat(self._stream).st_size
            try:
                _write_all(self._stream, _line(entry.values()))
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._stream, end)
                raise
            self._entries[entry.target] = entry

    def fileno(self) -> int:
        """The open file, to be flushed."""
        return self._stream

    def compact(self, entries: Iterable[Entry]) -> None:
        """Replace the lines by these, so that an interrupted and an undisturbed run leave the same journal."""
        with NewFile(self._directory, 0o600) as new:
            _write_all(new.stream.fileno(), self._header())
            for entry in entries:
                _write_all(new.stream.fileno(), _line(entry.values()))
            os.fsync(new.stream.fileno())
            os.close(self._stream)  # Windows replaces no open file
            new.publish(JOURNAL)
        self._stream = self._opened()

    def _header(self) -> bytes:
        return _line({"schema": SCHEMA, "backup": self._backup})

    def _opened(self) -> int:
        return self._directory.open_own(JOURNAL, os.O_APPEND)

    def _begin(self, *, replace: bool) -> None:
        owner = self._load()
        if owner == self._backup:
            if self._torn:
                _write_all(self._stream, b"\n")
            return
        if owner is not None and not replace:
            raise OutputError(
                "The output folder holds files of another backup, or of an earlier state of this one.",
                "Choose another folder, or replace what differs with --overwrite always.",
            )
        self._entries = {}
        os.ftruncate(self._stream, 0)
        _write_all(self._stream, self._header())

    def _load(self) -> str | None:
        """Read the entries; the backup's key, or None when there is no journal that can be read."""
        if os.fstat(self._stream).st_size > limits.OUTPUT_JOURNAL_BYTES:
            return None
        with os.fdopen(self._stream, "rb", closefd=False) as stream:
            header = _parse(stream.readline(limits.OUTPUT_JOURNAL_LINE))
            if header.get("schema") != SCHEMA or not isinstance(header.get("backup"), str):
                return None
            while line := stream.readline(limits.OUTPUT_JOURNAL_LINE):
                self._torn = not line.endswith(b"\n")
                entry = read_entry(_parse(line))
                if entry is not None:
                    self._entries[entry.target] = entry
        return str(header["backup"])


def read_entry(values: dict[str, object]) -> Entry | None:
    """An entry from parsed JSON; None for anything that this program would not have written."""
    target, size, sha256 = values.get("target"), values.get("size"), values.get("sha256")
    source_size, source_sha256 = values.get("source_size"), values.get("source_sha256")
    if (
        not isinstance(target, str)
        or not is_inside(target)
        or not _is_size(size)
        or not (source_size is None or _is_size(source_size))
        or not isinstance(sha256, str)
    ):
        return None
    return Entry(
        target,
        size,
        sha256,
        str(values.get("file_id") or ""),
        str(values.get("domain") or ""),
        str(values.get("path") or ""),
        source_size if _is_size(source_size) else None,
        source_sha256 if isinstance(source_sha256, str) else None,
        str(values.get("reason") or ""),
    )


def _is_size(value: object) -> TypeGuard[int]:
    """Whether a value can be a number of bytes: JSON takes any number of digits."""
    return type(value) is int and 0 <= value < 1 << 63


def _parse(line: bytes) -> dict[str, object]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _line(values: Mapping[str, object]) -> bytes:
    return _TEXT(values).encode("utf-8", "replace") + b"\n"


def _write_all(stream: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(stream, view) :]
