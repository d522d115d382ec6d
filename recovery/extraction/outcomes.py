"""What became of each planned file, and the small interfaces by which the caller takes part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from recovery.errors import UnreadableFileError
from recovery.extraction.derived_pictures import PlannedPicture
from recovery.extraction.plan import PlannedAsset, PlannedFile
from recovery.formats.picture_check import PictureCheck
from recovery.gap_codes import GapReason


class OutcomeState(StrEnum):
    """What became of one file."""

    WRITTEN = "written"
    """All its bytes are in the output, checked by hash."""
    DAMAGED = "damaged"
    """What could be salvaged is in the output, under a name that says so."""
    UNREADABLE = "unreadable"
    """The system refuses to read it or its end, which may be whole; what was read of it is in the output."""
    MISSING = "missing_blob"
    """The backup lists it and does not hold it."""
    KEPT = "kept"
    """Another file was in its place and was left as it is."""
    FAILED = "failed"
    """Nothing of it came out, or it could not be written; `reason` says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in the output as the journal remembers it. Hashes in hexadecimal, sizes in bytes.

    `source_*` describe the blob as stored; documents that were made here have no file ID and no source, and a
    blob that the manifest does not list has neither domain nor path.
    `reason` says why the file is only a part of the original; empty for a whole one.
    """

    target: str
    size: int
    sha256: str
    file_id: str = ""
    domain: str = ""
    path: str = ""
    source_size: int | None = None
    source_sha256: str | None = None
    reason: str = ""

    def values(self) -> dict[str, str | int | None]:
        """Its fields by name, for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one planned file; `entry` is there when something is in the output.

    `modified` is the file's time and `modified_from` names its source. `unchanged` tells that an earlier run
    had written the file already, and that its bytes were checked again. `picture` is there when decoding was asked
    for and the file is a picture.
    """

    planned: PlannedFile
    state: OutcomeState
    entry: Entry | None = None
    reason: str = ""
    modified: datetime | None = None
    modified_from: str = ""
    unchanged: bool = False
    notes: tuple[str, ...] = ()
    picture: PictureCheck | None = None
    refusal: GapReason | None = None
    """What the refusal of the system means, where it is known what to do about it."""

    @property
    def target(self) -> str | None:
        """Where it is in the output."""
        return self.entry.target if self.entry else None


@dataclass(frozen=True, slots=True)
class Document:
    """A derived picture, sidecar or record to write; `modified` becomes the time of its file."""

    target: str
    data: bytes
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class DocumentOutcome:
    """What became of one derived picture, sidecar or record; `modified` is the time a picture got, the photo's."""

    target: str
    state: OutcomeState
    entry: Entry | None = None
    reason: str = ""
    modified: datetime | None = None
    refusal: GapReason | None = None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Everything one run did, in the plan's order.

    `earlier` are files that an earlier run of the same backup left here and this plan does not speak of.
    `record_sha256` is the hash of run.json, to be printed and kept elsewhere.
    """

    files: tuple[Outcome, ...]
    documents: tuple[DocumentOutcome, ...] = ()
    earlier: tuple[Entry, ...] = ()
    record_sha256: str = ""

    def count(self, state: OutcomeState) -> int:
        """Number of planned files with that state."""
        return sum(1 for outcome in self.files if outcome.state is state)

    @property
    def bytes(self) -> int:
        """Bytes of the planned files that are in the output now."""
        return sum(outcome.entry.size for outcome in self.files if outcome.entry)

    @property
    def complete(self) -> bool:
        """Whether everything planned was written whole (exit code 0 rather than 3)."""
        states = [outcome.state for outcome in self.files] + [outcome.state for outcome in self.documents]
        return all(state is OutcomeState.WRITTEN for state in states)


class CopyProgress(Protocol):
    """Told how far the work is; called only in the thread that called the library."""

    def started(self, files: int, size: int) -> None:
        """So many files with so many bytes are to be done."""

    def advanced(self, size: int) -> None:
        """So many bytes more are done; at the end their sum is at least the size at the start."""

    def finished(self, name: str, state: str) -> None:
        """One file is done."""


class SilentCopy:
    """A progress nobody looks at."""

    def started(self, files: int, size: int) -> None:
        """Nothing."""

    def advanced(self, size: int) -> None:
        """Nothing."""

    def finished(self, name: str, state: str) -> None:
        """Nothing."""


def _no_sidecars(asset: PlannedAsset, outcomes: tuple[Outcome, ...]) -> Mapping[str, bytes]:
    return {}


def _no_picture(picture: PlannedPicture) -> bytes:
    raise UnreadableFileError("Nobody was asked to make derived pictures.")


def _no_finals(outcomes: Outcomes) -> Mapping[str, bytes]:
    return {}


@dataclass(frozen=True, slots=True)
class Documents:
    """The texts that the caller renders.

    `sidecars` gives, by extension (`json`, `xmp`), the documents beside an asset of which something was written;
    they must not hold the time of the run, or every run would change them. `finals` gives, by name, documents
    for the top of the output, such as inventory.json. `derive` makes a derived picture, or raises RecoveryError.
    """

    sidecars: Callable[[PlannedAsset, tuple[Outcome, ...]], Mapping[str, bytes]] = _no_sidecars
    derive: Callable[[PlannedPicture], bytes] = _no_picture
    finals: Callable[[Outcomes], Mapping[str, bytes]] = _no_finals


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the record says of the run; `arguments` must hold no secret. Case fields are optional."""

    arguments: tuple[str, ...] = ()
    case_number: str | None = None
    evidence_number: str | None = None
    examiner: str | None = None
    warnings: tuple[str, ...] = field(default=())
