"""The documentation says what is: links lead somewhere, transcripts are real, every command is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, main
from docs.make_transcripts import transcripts, with_transcripts
from recovery.photos_db.facetime_signals import RULES, THRESHOLDS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file or folder of the project."""
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_transcripts_are_what_the_program_prints() -> None:
    """The committed transcripts equal a fresh run on the demo; `make transcripts` renews them."""
    made = transcripts()
    for name, text in made.items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, f"{name}: run make transcripts"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_transcripts(readme, made) == readme, "README.md: run make transcripts"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    """Each command's help fits 80 columns, opens with what it does, and shows examples; README names it."""
    shown = CliRunner().invoke(main, [name, "--help"])
    assert shown.exit_code == 0
    assert "Examples:" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    assert f"recover-facetime {name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_no_page_names_a_machine() -> None:
    """No page carries a path of the machine it was written on."""
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(?:work|root|home/\w+)/", page.read_text(encoding="utf-8")), page


def test_the_page_on_facetime_lists_every_rule() -> None:
    """Codes, weights, figures and tiers of the table are those of the rules, in their order; so are thresholds."""
    page = (ROOT / "docs" / "facetime.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| .* \| ([^|]+) \| (\w+) \|$", page, flags=re.MULTILINE)
    assert rows == [(rule.code, str(rule.weight), str(rule.seen or "–"), str(rule.tier)) for rule in RULES]
    for least, verdict in THRESHOLDS:
        assert f"from {least} *{verdict}*" in page
