"""docs/trust.md names tests that exist, and every limit has its reason."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from fixtures.hostile import plist_bombs
from fixtures.hostile_tricks import TRICKS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "trust.md"


def test_every_promise_names_tests_that_exist() -> None:
    """Each `test_file.py` and each `test_file.py::test_name` on the page is there."""
    named = re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 20
    for file, test in named:
        source = (ROOT / "tests" / file).read_text(encoding="utf-8")
        tree = ast.parse(source)
        tests = {item.name for item in tree.body if isinstance(item, ast.FunctionDef)}
        assert not test or test in tests, f"{file} has no {test}"


def test_every_trick_is_on_the_page() -> None:
    """The page lists the hostile backups by name, property lists by their kind."""
    page = PAGE.read_text(encoding="utf-8")
    kinds = set(plist_bombs()) | {"external"}
    for trick in TRICKS:
        start, _, kind = trick.name.partition("-")
        name = kind if start in ("plist", "store") and kind in kinds else trick.name
        assert f"`{name}`" in page, name


def test_every_limit_has_its_reason() -> None:
    """A protective number without a comment would be changed by the next who meets it."""
    lines = (ROOT / "recovery" / "limits.py").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"[A-Z_0-9]+ = ", line) and not re.match(r"(KIB|MIB|GIB) = ", line):
            before = next(text for text in reversed(lines[:number]) if not re.match(r"[A-Z_0-9]+ = ", text))
            assert before.startswith("#") or "#" in line, line
