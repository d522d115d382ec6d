"""Progress on standard error, in bytes or things, and only when a person looks at a terminal."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from recovery.case import Progress, Silent


class TerminalProgress:
    """Shows each step as one bar that disappears when the step is over."""

    def __init__(self) -> None:
        self._bar: Any = None

    def start(self, what: str, total: int | None, unit: str = "") -> None:
        """See recovery.case.Progress."""
        from tqdm import tqdm  # late: most commands end before it would be shown

        tqdm.monitor_interval = 0  # its thread only mends bars that stand still, and would forbid a second process
        self.finish()
        in_bytes = unit == "B"
        self._bar = tqdm(
            desc=what,
            total=total,
            unit=unit or " files",
            unit_scale=in_bytes,
            unit_divisor=1024 if in_bytes else 1000,
            file=sys.stderr,
            leave=False,
            dynamic_ncols=True,
            delay=0.5,
        )

    def advance(self, units: int = 1) -> None:
        """See recovery.case.Progress."""
        if self._bar is not None:
            self._bar.update(units)

    def finish(self) -> None:
        """See recovery.case.Progress."""
        bar, self._bar = self._bar, None
        if bar is not None:
            with suppress(OSError):  # the terminal may be gone, and its end is no reason to hide another
                bar.close()


def progress(*, wanted: bool) -> Progress:
    """A bar when it is wanted and standard error is a terminal, else silence."""
    return TerminalProgress() if wanted and sys.stderr.isatty() else Silent()
