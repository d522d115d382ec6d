"""Make the pictures of the window in docs/images: `python -m docs.make_app_screenshots` (needs Chromium)."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from docs.make_screenshots import take
from fixtures.stories import demo
from tests.app_pages import walk
from tests.report_pages import Browser, browser_is_missing

_LIGHT = ("choose", "unlock", "photos", "gallery", "recover", "result")
_DARK = ("unlock", "gallery", "result")
_PHONE = ("choose", "gallery", "recover")
_PASSPHRASE = "demo"


def main() -> int:
    """Write every picture of the demo backup's way through the window."""
    if reason := browser_is_missing():
        print(f"No browser to take pictures with: {reason}.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="screenshots-") as name:
        folder = Path(name)
        backups = folder / "Backups"
        backups.mkdir()
        demo().build(backups, _PASSPHRASE)
        for kind, wanted in (("light", _LIGHT), ("dark", _DARK), ("phone", _PHONE)):
            look = partial(_look, kind, wanted, folder)
            walk(folder / kind, backups, _PASSPHRASE, look, dark=kind == "dark", phone=kind == "phone")
    return 0


def _look(kind: str, wanted: tuple[str, ...], folder: Path, page: str, browser: Browser) -> None:
    if page in wanted:
        # Where the demo lies on this computer concerns nobody.
        shorten = (
            "for (const e of document.querySelectorAll('.folder, #result-folder'))"
            f" e.textContent = e.textContent.replace('{folder}/{kind}/app/home', '~').replace('{folder}', '~')"
        )
        take(browser, shorten, f"app-{page}-{kind}.png")


if __name__ == "__main__":
    sys.exit(main())
