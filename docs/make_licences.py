"""Write docs/licences.md: the licence of every package that is installed with the program, as it states it itself.

Run it with `make licences`, in an environment that has the optional packages.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROGRAM = "recover-facetime"
_LONGEST = 60
OPTIONAL = ("thumbnails", "frames", "app")
DOCUMENT = Path(__file__).with_name("licences.md")
_HEAD = """# Licences

recover-facetime is under the MIT licence. These packages come with it, as read from what they state themselves
(`make licences` writes this page).

| package | version | licence | for |
|---|---|---|---|
"""
_CARRIED = """
## What their wheels carry

Wheels hold compiled libraries under licences of their own. These are the files of the wheels for Linux, and what a
wheel's own list of licences says of the whole.

"""
_FOOT = """
The wheels of av and pillow-heif carry the encoders x264 and x265, which are under the GPL. On PyPI this program only
names those wheels, and its own licence stays MIT. A **binary that contains them is distributed under the terms of the
GPL**: `make binary` puts this page and every licence file of the packages into the folder `licences` of the binary,
and the sources are those of the versions named here. The program only decodes; the fixtures of the tests and the demo
encode with them, and no file so made is in this repository.

Nothing of this program runs while it is installed: the package is pure Python,
built by hatchling without a build script, and the optional packages are only installed when asked for.
"""


def packages() -> Iterator[tuple[str, str]]:
    """Every package the program needs, directly or not, and for what, in alphabetical order."""
    found: dict[str, str] = {}
    waiting = [(name, "always") for name in _needs(PROGRAM, "")]
    waiting += [(name, extra) for extra in OPTIONAL for name in _needs(PROGRAM, extra)]
    while waiting:
        name, purpose = waiting.pop(0)
        if found.setdefault(name, purpose) == purpose:
            waiting += [(other, purpose) for other in _needs(name, "") if other not in found]
    yield from sorted(found.items())


def _needs(name: str, extra: str) -> Iterator[str]:
    """What a package asks for on this system, with an extra or without."""
    for line in metadata.requires(name) or ():
        wanted = Requirement(line)
        without = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        with_extra = wanted.marker is not None and wanted.marker.evaluate({"extra": extra})
        if without if not extra else with_extra and not without:
            yield canonicalize_name(wanted.name)


def licence(name: str) -> str:
    """The licence as the package states it: its SPDX expression, else its field, else its classifiers."""
    about = metadata.metadata(name)
    stated = next((about[key] for key in ("License-Expression", "License") if key in about), "")
    if stated and len(stated) < _LONGEST:
        return stated
    classifiers = [line.split(" :: ")[-1] for line in about.get_all("Classifier") or () if "License ::" in line]
    return ", ".join(classifiers) or _first_line(name) or "see the package"


def _first_line(name: str) -> str:
    """How the licence file that a package carries begins."""
    for file in metadata.files(name) or ():
        if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")):
            text = file.read_text()
            return next((line.strip() for line in text.splitlines() if line.strip()), "")[:_LONGEST]
    return ""


def carried(name: str) -> str:
    """The libraries in a package's wheel, and how its list of bundled licences begins; "" for none."""
    files = metadata.files(name) or ()
    folders = (file for file in files if len(file.parts) > 1 and file.parts[0].endswith((".libs", ".dylibs")))
    libraries = sorted({re.split(r"[-.]", file.name)[0] for file in folders if file.name.startswith("lib")})
    says = ""
    for file in files:
        if "bundled" in file.name.lower():
            says = next((line.strip() for line in file.read_text().splitlines() if "wheels:" in line), "")
    return ", ".join(libraries) + (f". It says: “{says.rstrip('.')}.”" if says else "")


def main() -> int:
    """Write the page."""
    lines = [f"| {name} | {metadata.version(name)} | {licence(name)} | {purpose} |\n" for name, purpose in packages()]
    held = [f"- **{name}**: {what}\n" for name, _ in packages() if (what := carried(name))]
    DOCUMENT.write_text(_HEAD + "".join(lines) + _CARRIED + "".join(held) + _FOOT, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
