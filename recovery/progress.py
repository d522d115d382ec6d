"""How long work tells how far it is, without knowing who listens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """How long work tells how far it is; the command line shows it.

    Each method may raise whatever the caller wants to stop the work with: it passes through.
    """

    def start(self, what: str, total: int | None, unit: str = "") -> None:
        """A step of `total` units begins ("B" for bytes, else things); None when nobody knows how many."""

    def advance(self, units: int = 1) -> None:
        """Some units are done; 0 only says that work goes on."""

    def finish(self) -> None:
        """The step is over."""


class Silent:
    """Progress that nobody looks at."""

    def start(self, what: str, total: int | None, unit: str = "") -> None:
        """See Progress."""

    def advance(self, units: int = 1) -> None:
        """See Progress."""

    def finish(self) -> None:
        """See Progress."""


SILENT = Silent()


def counted(items: Iterable[T], progress: Progress, what: str, total: int | None = None, unit: str = "") -> Iterator[T]:
    """The items, as one step of progress that advances with each of them."""
    progress.start(what, total, unit)
    for item in items:
        yield item
        progress.advance()
    progress.finish()
