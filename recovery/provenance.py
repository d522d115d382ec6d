"""Where a claim comes from, what could not be read, and how sure a rule is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from recovery.errors import BlobRefusedError, RecoveryError
from recovery.gap_codes import GapReason, GapSubject
from recovery.records import Record

T = TypeVar("T")


class Tier(StrEnum):
    """How sure a rule or code label is."""

    DECODED = "decoded"
    """Read from the bytes of this backup, with nothing assumed."""
    DOCUMENTED = "documented"
    """Stated in a public source and checked on real data where there is some."""
    UNTESTED = "untested"
    """Stated or inferred, and never seen in a real sample by us."""


class Source(Record, frozen=True):
    """The place a value was read from: `store` is a path inside the backup, `place` names table.column or key."""

    store: str
    place: str = ""
    row: int | None = None

    def __str__(self) -> str:
        row = f" row {self.row}" if self.row is not None else ""
        return f"{self.store} {self.place}{row}".strip()


class Gap(Record, frozen=True):
    """Something that could not be looked at: what, in which store, why, and which answers that hides.

    `part` names the column, key, table or type that it is about; `values` are the figures and names of the reason.
    `fault` tells evidence that is in the backup and unreadable (exit code 3) from evidence that a backup
    simply does not carry (exit code 0).
    """

    what: GapSubject
    where: str
    why: GapReason
    hides: tuple[str, ...] = ()
    fault: bool = False
    part: str = ""
    values: tuple[int | str, ...] = ()


def unreadable(what: GapSubject, where: str, error: RecoveryError | str, *hides: str, part: str = "") -> Gap:
    """The gap of something that is in the backup and cannot be read: what the system refuses, else the error's text."""
    if isinstance(error, BlobRefusedError):
        return Gap(what, where, error.reason, hides, fault=True, part=part, values=(error.said,))
    return Gap(what, where, GapReason.UNREADABLE, hides, fault=True, part=part, values=(str(error),))


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What a reader brings back: its records and the gaps it met; an empty reading with a gap is not "none"."""

    records: tuple[T, ...] = ()
    gaps: tuple[Gap, ...] = field(default=())

    def __iter__(self) -> Iterator[T]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)
