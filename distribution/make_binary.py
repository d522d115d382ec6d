"""Build the binary with PyInstaller: `make binary`. It becomes the folder build/binary/recover-facetime.

The folder starts at once and can be looked into, while one big file would unpack itself at every start, and is what
virus scanners like least.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from docs.make_licences import packages

ROOT = Path(__file__).parents[1]
OUT = ROOT / "build" / "binary"
NAME = "recover-facetime"
# Imported by name only, while the program runs.
_SUBMODULES = ("cli", "recovery", "uvicorn")
_DATA = ("cli", "recovery")
_EXCLUDED = ("tkinter", "setuptools", "pip")


def command() -> Iterator[str]:
    """The command line of PyInstaller."""
    yield from (sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "--onedir", "--name", NAME)
    yield from ("--distpath", str(OUT), "--workpath", str(ROOT / "build" / "pyinstaller"))
    yield from ("--specpath", str(ROOT / "build" / "pyinstaller"))
    for package in _SUBMODULES:
        yield from ("--collect-submodules", package)
    for package in _DATA:
        yield from ("--collect-data", package)
    for package in _EXCLUDED:
        yield from ("--exclude-module", package)
    yield str(ROOT / "distribution" / "entry.py")


def add_licences(folder: Path) -> None:
    """Our licence, the page of all licences, and the licence files of every package in the binary."""
    folder.mkdir(exist_ok=True)
    shutil.copy(ROOT / "LICENSE", folder / "LICENSE.txt")
    shutil.copy(ROOT / "docs" / "licences.md", folder / "licences.md")
    for name, _ in packages():
        for file in metadata.files(name) or ():
            if "licen" in str(file).lower() or file.name.upper().startswith(("COPYING", "NOTICE")):
                source = Path(str(file.locate()))
                if source.is_file() and source.suffix not in (".py", ".pyc"):
                    target = folder / name / file.name
                    target.parent.mkdir(exist_ok=True)
                    shutil.copy(source, target)


def main() -> int:
    """Build it."""
    subprocess.run(list(command()), check=True, cwd=ROOT)
    add_licences(OUT / NAME / "licences")
    return 0


if __name__ == "__main__":
    sys.exit(main())
