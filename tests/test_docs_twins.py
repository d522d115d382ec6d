"""The samples of timeline and compare are what the commands print, and the pages show them."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.make_twin_samples import COMMANDS, samples

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Made once."""
    return samples()


@pytest.mark.parametrize("name", COMMANDS)
def test_sample_is_current(made: dict[str, str], name: str) -> None:
    """`python -m docs.make_twin_samples` would write the file that is there."""
    assert made[name] == (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_page_shows_its_sample(name: str) -> None:
    """The page quotes lines of the sample, word for word."""
    page = (DOCS / name.removeprefix("transcript-").replace(".txt", ".md")).read_text(encoding="utf-8")
    quoted = page.split("## Sample")[1].split("```\n")[1].rstrip("\n")
    assert quoted in (DOCS / name).read_text(encoding="utf-8")
