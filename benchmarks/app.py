"""Times and memory of the window: `python -m benchmarks.app BACKUP [PASSPHRASE_FILE]`, over its own socket (Linux).

Prints, in seconds: from the process to the first page, opening, the page of the photos, 60 pictures, recovering all
FaceTime photos, and closing; then the most memory the server held, in MiB.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recovery.api import open_backup
from tests.app_tools import RunningApp, running_app

_PICTURES = 60


@contextmanager
def _timed(what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"{what:32} {time.perf_counter() - start:7.2f} s")


def main(arguments: list[str]) -> int:
    """Measure one backup."""
    backup = Path(arguments[0]).resolve()
    passphrase = Path(arguments[1]).read_text("utf-8").strip() if len(arguments) > 1 else None
    with open_backup(backup, passphrase) as opened:
        found = [number for number, asset in enumerate(opened.scan().assets) if asset.facetime.verdict.rank]
    with tempfile.TemporaryDirectory() as name:
        start = time.perf_counter()
        with running_app(Path(name), backup) as app:
            app.enter()
            app.request("GET", "/")
            print(f"{'first page':32} {time.perf_counter() - start:7.2f} s")
            app.when_idle()
            _measure(app, found, passphrase)
    return 0


def _measure(app: RunningApp, photos: list[int], passphrase: str | None) -> None:
    with _timed("opening the backup"):
        app.ask("choose", backup=0)
        app.when_idle(600)
        if passphrase:
            app.ask("unlock", passphrase=passphrase)
            app.when_idle(600)
    with _timed("page of the photos"):
        size = len(app.request("GET", "/photos").body)
    print(f"{'  its size':32} {size / 1e6:7.2f} MB")
    with _timed(f"{_PICTURES} pictures, one by one"):
        for number in range(_PICTURES):
            app.request("GET", f"/pictures-1/{number}-small.jpg")
    with _timed(f"recovering {len(photos)} photos"):
        app.ask("recover", opened=1, place=0, photos=photos)
        app.when_idle(600)
    status = Path(f"/proc/{app.process.pid}/status").read_text()
    memory = re.search(r"VmHWM:\s+(\d+)", status)
    print(f"{'most memory':32} {int(memory[1]) / 1024 if memory else 0:7.0f} MiB")
    with _timed("closing"):
        app.ask("end")
        app.process.wait(60)
    print(f"{'left in the temp folder':32} {len(app.left):7} files")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
