"""Text from a backup can neither steer a terminal nor break a column."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_strategies import texts

from recovery.records import valid_unicode
from recovery.report.safe_text import cells, clean, fit, pad, valid_xml, width
from recovery.report.text.layout import COLUMNS, TextColumn, table, wrap


@given(texts)
def test_cleaned_text_holds_nothing_that_steers(text: str) -> None:
    """After cleaning, no control, format (bidi), surrogate, private or line-breaking character is left."""
    for character in clean(text):
        category = unicodedata.category(character)
        assert category not in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp"), ascii(character)
        assert category != "Cf" or character in "\u200c\u200d"
    clean(text).encode("utf-8")


@given(texts)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    """Cleaning is idempotent."""
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("dirty", "shown"),
    [
        ("\x1b[31mred", "\ufffd[31mred"),
        ("\x9b2J", "\ufffd2J"),
        ("photo\u202egpj.exe", "photo\ufffdgpj.exe"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("e\u0301", "é"),
        ("\u0301 x", "◌\u0301 x"),
        ("a" + "\u0338" * 50, "a" + "\u0338" * 4),
        ("IMG_0001.HEIC", "IMG_0001.HEIC"),
        ("family 👨‍👩‍👧", "family 👨‍👩‍👧"),
        ("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
    ],
)
def test_cleaning_examples(dirty: str, shown: str) -> None:
    """Escapes become visible, breaks become spaces, letters of every script stay."""
    assert clean(dirty) == shown


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("写真", 4), ("é", 1), ("e\u0301", 1), ("❤\ufe0f", 2), ("📱", 2), ("ｶﾞ", 2), ("", 0), ("…", 1)],
)
def test_width_counts_terminal_columns(text: str, columns: int) -> None:
    """Wide characters take two columns, marks none."""
    assert width(text) == columns


@given(texts, st.integers(1, 40))
def test_fitting_and_padding_keep_to_the_columns(text: str, columns: int) -> None:
    """A fitted text is never wider than asked, a padded one exactly as wide, and short texts stay whole."""
    shown = clean(text)
    assert width(fit(shown, columns)) <= columns
    assert width(pad(shown, columns)) == columns
    assert width(pad(shown, columns, right=True)) == columns
    if width(shown) <= columns:
        assert fit(shown, columns) == shown


@given(texts)
def test_cells_are_the_text(text: str) -> None:
    """Cutting into cells loses nothing."""
    shown = clean(text)
    assert "".join(cell for cell, _ in cells(shown)) == shown


@given(st.lists(texts, max_size=20).map(" ".join), st.integers(0, 20))
def test_wrapping_keeps_every_word_and_the_width(text: str, indent: int) -> None:
    """Wrapped lines fit, and joined again they hold the same characters."""
    shown = clean(text)
    lines = wrap(shown, first=" " * indent)
    assert all(width(line) <= COLUMNS for line in lines)
    assert "".join("".join(lines).split()) == "".join(shown.split())


def test_a_word_wider_than_a_line_is_broken() -> None:
    """A name without spaces, wide characters included, goes on in the next line and loses nothing."""
    for word in ("a" * 200, "写" * 100, "x" + "写" * 100):
        lines = wrap(f"the file {word} here", first="  - ", rest="    ")
        assert max(width(line) for line in lines) <= COLUMNS
        assert word in "".join(line.strip() for line in lines)


@given(st.lists(st.tuples(texts, texts, texts), max_size=5))
def test_tables_stay_aligned_and_within_80_columns(rows: list[tuple[str, str, str]]) -> None:
    """Whatever stands in the cells, the second column starts at the same place in every line."""
    shown = [("x" + clean(first), "|" + clean(second).replace("|", ""), clean(third)) for first, second, third in rows]
    lines = table((TextColumn("First", flexible=True), TextColumn("|Second"), TextColumn("Third")), shown)
    assert all(width(line) <= COLUMNS for line in lines)
    starts = {width(line[: line.rindex("|")]) for line in lines if line.count("|") == 1}
    assert len(starts) <= 1


@given(texts)
def test_json_and_xml_texts_can_be_written(text: str) -> None:
    """No lone surrogate is left for JSON, no forbidden character for XML; other texts stay the same."""
    valid_unicode(text).encode("utf-8")
    assert all(ord(character) >= 32 or character in "\t\n\r" for character in valid_xml(text))
    if text.isprintable():
        assert valid_unicode(text) == text == valid_xml(text)
