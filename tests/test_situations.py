"""The situations from public reports: each has its check and its line in the docs, and the checks can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures_situations import SITUATIONS, attempt

DOCUMENT = Path(__file__).parents[1] / "docs" / "real-data.md"
MENDED = ("backups/case03", "backups/case10", "library/case01", "library/case31", "library/case32")


@pytest.fixture
def cases(shared: Path) -> Path:
    """The folder of the scripts."""
    folder = shared.parent / "cases"
    if not folder.is_dir():
        pytest.skip("the situations are not here")
    return folder.resolve()


def test_every_script_is_tried_and_told(cases: Path) -> None:
    """A new script without a check would be forgotten."""
    scripts = {path.relative_to(cases).with_suffix("").as_posix() for path in cases.rglob("*.py")} - {"library/lib"}
    assert {situation.script for situation in SITUATIONS} == scripts
    told = DOCUMENT.read_text("utf-8")
    assert [name for name in scripts if f"| {name} |" not in told] == []


@pytest.mark.parametrize("name", MENDED)
def test_a_mended_situation_is_answered_rightly(cases: Path, tmp_path: Path, name: str) -> None:
    """Some that take little time; all of them by `python -m tests.figures_situations SHARED`."""
    (situation,) = (item for item in SITUATIONS if item.script == name)
    assert attempt(situation, cases, tmp_path / "built") == "right"
