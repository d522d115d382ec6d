"""How long work tells how far it is, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """How long work tells how far it is; the command line shows it."""

    def start(self, what: str, total: int | None, unit: str = "") -> None:
        """A step of `total` units begins ("B" for bytes, else things); None when nobody knows how many."""

    def advance(self, units: int = 1) -> None:
        """Some units are done."""

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
