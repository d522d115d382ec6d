"""A comparison as text and JSON: golden pages, the command to copy, and nothing a hostile backup can break."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from recovery.analysis.comparison.asset_differences import DifferenceKind
from recovery.analysis.comparison.asset_matching import MatchedBy
from recovery.analysis.comparison.comparing import Comparison, compare
from recovery.analysis.model import Basis, Deletion, Findings, Status
from recovery.analysis.reasons import ReasonCode, StatusReason
from recovery.clock import in_records
from recovery.records import indented
from recovery.report.comparison_json import comparison_document, schema
from recovery.report.inventory import parsed
from recovery.report.output_options import View
from recovery.report.safe_text import width
from recovery.report.text.comparison_text import (
    MATCHES,
    TITLES,
    command_line,
    comparisons_text,
    recovery_command,
)
from recovery.report.text.layout import COLUMNS
from tests.report_stories import BACKUP, GENERATED, TAKEN, findings, golden, rich
from tests.report_strategies import any_findings

DOCS = Path(__file__).parents[1] / "docs" / "compare.md"
VALIDATOR = jsonschema.Draft202012Validator(schema())


def story() -> Comparison:
    """The rich story, and a month later: one permanently deleted, one gone, one emptied, states changed."""
    older = rich()
    certain, trashed, possible, video, deleted_asset, *plain = older.assets
    gone = Deletion(
        TAKEN + timedelta(days=20), "User deleted asset from trashcan.", "com.apple.mobileslideshow", TAKEN, None
    )
    remembered = certain.changed(
        basis=Basis.HISTORY, status=Status.NOT_FOUND, filename=None, original_filename=None, created=None,
        files=(), deleted=gone, live_photo=None, facetime=certain.facetime.changed(call=None),
    )  # fmt: skip
    emptied = plain[0].changed(status=Status.ELSEWHERE, status_reason=StatusReason(ReasonCode.ONLY_IN_ICLOUD), files=())
    marked = (
        plain[1].changed(favorite=True),
        plain[2].changed(trashed=True, trashed_at=TAKEN + timedelta(days=9)),
    )
    before = [plain[1].changed(favorite=False), plain[2].changed(trashed=False)]
    new = plain[3].changed(uuid="F" * 8 + "-0000-4000-8000-000000000001", filename="IMG_0099.JPG")
    backup = BACKUP.changed(
        path="/backups/newer one", backup_date=in_records(TAKEN + timedelta(days=40)), complete=False
    )
    first = findings([certain, trashed, possible, video, deleted_asset, plain[0], *before, *plain[3:]])
    second = findings([remembered, possible, video, deleted_asset, emptied, *marked, *plain[4:], new], backup=backup)
    return compare(first, second)


def test_page_is_as_agreed() -> None:
    """Losses first with what the older backup holds, then changes, then the command; and with everything shown."""
    golden("comparison.txt", comparisons_text([story()]))
    golden("comparison_verbose.txt", comparisons_text([story()], View(True, True)))


def test_document_is_as_agreed() -> None:
    """The JSON document to the byte, and it fits its schema."""
    document = comparison_document([story()], generated_at=GENERATED, swapped=True)
    golden("comparison.json", indented(document).decode() + "\n")
    VALIDATOR.validate(parsed(document))


def test_the_command_is_one_line_and_quoted() -> None:
    """A path with a space is quoted, so that the line can be copied as it is; nothing lost, no command."""
    command = recovery_command(story())
    assert command is not None
    assert command[1:3] == ("extract", "/backups/newer one")
    assert command[-2:] == ("--from-older", BACKUP.path)
    page = comparisons_text([story()])
    assert f"    {command_line(command)}\n" in page
    assert recovery_command(compare(rich(), rich())) is None
    assert "holds nothing that the newer one lacks" in " ".join(comparisons_text([compare(rich(), rich())]).split())


@pytest.mark.parametrize("table", [TITLES, MATCHES])
def test_every_code_has_words(table: dict[object, str]) -> None:
    """No kind of difference or match is without its title, and no two share one."""
    assert set(table) in (set(DifferenceKind), set(MatchedBy))
    assert len(set(table.values())) == len(table)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(any_findings, any_findings)
def test_any_comparison_is_safe_narrow_and_valid(older: Findings, newer: Findings) -> None:
    """80 columns but for the command, no control or bidi character, and a document that fits the schema."""
    found = compare(older, newer)
    for view in (View(), View(True, True)):
        for line in comparisons_text([found], view).splitlines():
            assert width(line) <= COLUMNS or line.startswith("    recover-facetime extract "), line
            assert not any(
                unicodedata.category(character) in ("Cc", "Cs", "Cf") and character not in "\u200c\u200d"
                for character in line
            )
    document = parsed(comparison_document([found], generated_at=GENERATED))
    VALIDATOR.validate(document)
    assert sum(document["comparisons"][0]["counts"].values()) == len(found.differences)


def test_documentation_names_every_kind_and_key() -> None:
    """docs/compare.md explains each kind of difference, each way to match and each key."""
    page = DOCS.read_text(encoding="utf-8")
    codes = [kind.value for kind in DifferenceKind] + [way.value for way in MatchedBy]
    assert not [code for code in codes if f"`{code}`" not in page]
    keys = schema()["$defs"]["comparison"]["properties"]  # type: ignore[index]
    assert not [key for key in keys if f"`{key}`" not in page]
