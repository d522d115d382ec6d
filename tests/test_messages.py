"""Codes and their words: each code of the analysis has one text, and none is left that nothing states."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from recovery.analysis import statements as stated
from recovery.analysis.comparison.comparing import Doubt
from recovery.analysis.reasons import Loss, NoteCode, ReasonCode
from recovery.gap_codes import GapReason, GapSubject
from recovery.report.messages import causes, differences, gaps, sentences, status

TABLES: tuple[tuple[type[StrEnum], Mapping[object, object]], ...] = (
    (stated.CauseCode, causes.TITLES),
    (stated.CauseCode, causes.DOES_NOT_SAY),
    (stated.CauseCode, causes.ADVICE),
    (stated.PlainStatement, sentences.FACTS),
    (stated.PhotoFact, sentences.PREDICATES),
    (stated.PhotoFact, sentences.TRUE_OF_NONE),
    (stated.PartState, sentences.PARTS),
    (stated.DeletionReason, sentences.DELETION_REASONS),
    (stated.StorageSetting, sentences.STORAGE_SETTINGS),
    (stated.ContentOrigin, sentences.ORIGINS),
    (stated.PhotoOutcome, sentences.FATES),
    (ReasonCode, status.REASONS),
    (Loss, status.LOSSES),
    (NoteCode, status.NOTES),
    (GapSubject, gaps.SUBJECTS),
    (GapReason, gaps.REASONS),
    (Doubt, differences.DOUBTS),
)
PACKAGE = Path(__file__).parents[1] / "recovery"


@pytest.mark.parametrize(("codes", "table"), TABLES, ids=lambda value: getattr(value, "__name__", ""))
def test_every_code_has_its_words(codes: type[StrEnum], table: Mapping[object, object]) -> None:
    """A code without words would fail only in the backup that has it."""
    assert list(table) == list(codes)


@pytest.mark.parametrize("codes", dict.fromkeys(codes for codes, _ in TABLES), ids=lambda codes: codes.__name__)
def test_every_code_is_stated_somewhere(codes: type[StrEnum]) -> None:
    """Words for what nothing states any more are dead."""
    sources = [path for path in PACKAGE.rglob("*.py") if "messages" not in path.parts]
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    used = set(re.findall(rf"\b{codes.__name__}\.([A-Z_]+)", code))
    assert set(codes.__members__) <= used


def test_the_analysis_has_no_sentences_of_its_own() -> None:
    """What is said of causes stands in recovery/report/messages."""
    for path in sorted((PACKAGE / "analysis" / "causes").glob("*.py")):
        code = re.sub(r'""".*?"""', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        code = re.sub(r"#.*", "", code)
        assert not re.findall(r'"[^"\n]* [^"\n]*\."', code), path.name
