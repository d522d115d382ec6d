"""The rules of the architecture that a name can break."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]

MODULES = sorted(path for package in ("recovery", "cli") for path in (ROOT / package).rglob("*.py"))
MOST = 20


def test_no_two_public_classes_share_a_name() -> None:
    """A class found by its name is the one meant."""
    where: defaultdict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where[node.name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_no_two_modules_of_the_library_share_a_name() -> None:
    """A module found by its name is the one meant."""
    where: defaultdict[str, list[Path]] = defaultdict(list)
    for path in MODULES:
        if path.name != "__init__.py" and path.is_relative_to(ROOT / "recovery"):
            where[path.name].append(path.relative_to(ROOT))
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_folders_stay_small() -> None:
    """A folder with more modules than fit a screen is two."""
    counts: defaultdict[Path, int] = defaultdict(int)
    for path in MODULES:
        counts[path.parent.relative_to(ROOT)] += path.name != "__init__.py"
    assert {folder: count for folder, count in counts.items() if count > MOST} == {}
