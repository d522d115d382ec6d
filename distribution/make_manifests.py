"""Write the Homebrew formula and the Scoop manifest of a release from its archives.

`python -m distribution.make_manifests OWNER/NAME FOLDER`: FOLDER holds the archives that the release offers, by the
names of `ARCHIVES`; recover-facetime.rb and recover-facetime.json are written beside them, for a tap and a bucket.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from recovery import __version__

ARCHIVES = {
    "macos-arm64": "recover-facetime-macos-arm64.tar.gz",
    "macos-x86_64": "recover-facetime-macos-x86_64.tar.gz",
    "linux-x86_64": "recover-facetime-linux-x86_64.tar.gz",
    "windows-x86_64": "recover-facetime-windows-x86_64.zip",
}
# The binary carries x264 and x265 (docs/licences.md).
_LICENCE = "GPL-2.0-or-later"
_SAYS = "Find, explain and recover FaceTime photos from a local iPhone or iPad backup"
_FORMULA = """# Made by distribution/make_manifests.py for each release.
class RecoverFacetime < Formula
  desc "{says}"
  homepage "https://github.com/{repository}"
  version "{version}"
  license "{licence}"

  on_macos do
    on_arm do
      url "{macos_arm64[0]}"
      sha256 "{macos_arm64[1]}"
    end
    on_intel do
      url "{macos_x86_64[0]}"
      sha256 "{macos_x86_64[1]}"
    end
  end
  on_linux do
    url "{linux_x86_64[0]}"
    sha256 "{linux_x86_64[1]}"
  end

  def install
    libexec.install Dir["*"]
    bin.install_symlink libexec/"recover-facetime"
  end

  test do
    assert_match version.to_s, shell_output("#{{bin}}/recover-facetime --version")
  end
end
"""


def formula(repository: str, archives: dict[str, tuple[str, str]]) -> str:
    """The formula; `archives` are address and SHA-256 by system."""
    by_name = {system.replace("-", "_"): archive for system, archive in archives.items()}
    return _FORMULA.format(says=_SAYS, repository=repository, version=__version__, licence=_LICENCE, **by_name)


def scoop_manifest(repository: str, archives: dict[str, tuple[str, str]]) -> str:
    """The manifest; `archives` are address and SHA-256 by system."""
    address, digest = archives["windows-x86_64"]
    manifest = {
        "version": __version__,
        "description": _SAYS,
        "homepage": f"https://github.com/{repository}",
        "license": _LICENCE,
        "architecture": {"64bit": {"url": address, "hash": digest}},
        "extract_dir": "recover-facetime",
        "bin": "recover-facetime.exe",
        "shortcuts": [["recover-facetime.exe", "Recover FaceTime photos"]],
    }
    return json.dumps(manifest, indent=4) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write both; 1 where an archive is missing."""
    repository, folder = arguments[0], Path(arguments[1])
    if missing := [name for name in ARCHIVES.values() if not (folder / name).is_file()]:
        print(f"Missing in {folder}: {', '.join(missing)}", file=sys.stderr)
        return 1
    base = f"https://github.com/{repository}/releases/download/v{__version__}"
    archives = {
        system: (f"{base}/{name}", hashlib.sha256((folder / name).read_bytes()).hexdigest())
        for system, name in ARCHIVES.items()
    }
    (folder / "recover-facetime.rb").write_text(formula(repository, archives), encoding="utf-8")
    (folder / "recover-facetime.json").write_text(scoop_manifest(repository, archives), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
