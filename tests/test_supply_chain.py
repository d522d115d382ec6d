"""The supply chain: ranges for users, exact versions with hashes for CI, licences, no code at install."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements-ci.txt").read_text(encoding="utf-8")


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(*extras: str) -> dict[str, str]:
    """What this package needs, by name, with the range of versions."""
    lines = list(PROJECT["project"]["dependencies"])
    for extra in extras:
        lines += PROJECT["project"]["optional-dependencies"][extra]
    matches = [re.fullmatch(r"([A-Za-z0-9_.-]+)(\[.*\])?(.*)", line) for line in lines]
    found = {normal(match[1]): match[3] for match in matches if match}
    assert len(found) == len(lines)
    return found


def locked() -> dict[str, str]:
    """Exact versions by name, from the lock file."""
    return {normal(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", LOCK, re.MULTILINE)}


def test_every_dependency_has_a_range() -> None:
    """At least the oldest version that works; and nothing is fetched from anywhere but the index."""
    for name, versions in wanted("thumbnails", "frames", "app").items():
        assert versions.startswith(">="), name
    assert "@" not in "".join(PROJECT["project"]["dependencies"])


def test_the_lock_has_a_hash_for_every_package() -> None:
    """One exact version each, hashes behind it, and nothing that this package needs is missing."""
    entries = re.split(r"\n(?=[\w.-]+==)", re.sub(r"(?m)^\s*#.*\n", "", LOCK).strip())
    assert len(entries) == len(locked()) > 20
    for entry in entries:
        assert re.match(r"[\w.-]+==[^\s]+", entry) and re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry[:80]
    for name in [*wanted("thumbnails", "frames", "app"), *wanted("dev")]:
        assert name in locked() or name == PROJECT["project"]["name"], name
    makefile, ci = ((ROOT / path).read_text(encoding="utf-8") for path in ("Makefile", ".ci/run"))
    assert "--require-hashes" in makefile and "LOCK=requirements-ci.txt" in ci


def test_every_dependency_has_its_licence() -> None:
    """docs/licences.md names each with the version of the lock."""
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    rows = {normal(name): version for name, version in re.findall(r"(?m)^\| ([\w.-]+) \| ([^ ]+) \| [^|]+ \|", page)}
    for name in wanted("thumbnails", "frames", "app"):
        assert rows.get(name), name


def test_no_code_runs_at_install() -> None:
    """A wheel of files alone: no setup script, no hook of the build, no extension."""
    assert not list(ROOT.glob("setup.*")) and PROJECT["build-system"]["build-backend"] == "hatchling.build"
    assert PROJECT["build-system"]["requires"] == ["hatchling>=1.24"]
    assert "hooks" not in PROJECT["tool"]["hatch"]["build"]
    for package in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        assert not [
            path for path in (ROOT / package).rglob("*") if path.suffix in {".so", ".pyd", ".c", ".pth", ".pyx"}
        ]
