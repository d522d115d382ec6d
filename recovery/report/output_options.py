"""How much of the findings a text shows, and what becomes of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from recovery.progress import SILENT, Progress, counted
from recovery.report.text.layout import PLAIN, Style, wrap

T = TypeVar("T")
# Enough to see what is going on; --all shows the rest.
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class View:
    """How much to show: `everything` lifts the caps and lists the whole library, `verbose` tells the sources."""

    everything: bool = False
    verbose: bool = False
    style: Style = PLAIN
    progress: Progress = SILENT

    def each(self, what: str, items: Sequence[T]) -> Iterator[T]:
        """The items to be told one by one, while the progress hears of it."""
        return counted(items, self.progress, what, len(items), " lines")


def item(text: str) -> list[str]:
    """A cleaned text as one point of a list."""
    return wrap(text, first="  - ", rest="    ")


def capped(items: Sequence[T], view: View) -> tuple[Sequence[T], list[str]]:
    """The items to show, and the line that counts the others; never cut to leave out a single one."""
    if view.everything or len(items) <= _SHOWN + 1:
        return items, []
    return items[:_SHOWN], [f"  … and {len(items) - _SHOWN:,} more, see --all or --json"]
