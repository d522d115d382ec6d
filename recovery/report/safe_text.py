"""Text from a backup made safe to show: nothing that steers a terminal, and its width in terminal columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from recovery.records import REPLACEMENT
from recovery.system_files import from_system

ELLIPSIS = "…"
# A letter carries at most a few marks in any script; more of them paint over the lines above and below.
_MARKS_PER_LETTER = 4
_DOTTED_CIRCLE = "\u25cc"
_EMOJI_VARIATION = "\ufe0f"
# Persian and Indic spelling and composed emoji need these two; every other format character is replaced.
_JOINERS = "\u200c\u200d"
# Other (control, format, surrogate, private, unassigned); they either show nothing or change what is shown.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACES = frozenset({"Zs", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me"})


def clean(text: str) -> str:
    """One line of text without control, escape, bidi or other invisible characters, in composed form (NFC).

    Every break, tab or other space becomes a plain space; every other unsafe character becomes U+FFFD, so that
    one sees that something stood there. The JSON inventory keeps the exact text.
    """
    spaced = "".join(" " if _is_space(character) else character for character in from_system(text))
    shown: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", spaced):
        category = unicodedata.category(character)
        if category in _UNSAFE and character not in _JOINERS:
            character, category = REPLACEMENT, "So"
        if category in _MARKS or character in _JOINERS:
            marks += 1
            if marks > _MARKS_PER_LETTER:
                continue
            if not shown or shown[-1] == " ":
                shown.append(_DOTTED_CIRCLE)
        else:
            marks = 0
        shown.append(character)
    return "".join(shown)


def valid_xml(text: str) -> str:
    """The same text with the characters that XML 1.0 forbids replaced by U+FFFD."""
    return "".join(character if _is_xml(ord(character)) else REPLACEMENT for character in text)


def width(text: str) -> int:
    """How many columns a terminal uses for a cleaned text."""
    return len(text) if text.isascii() else sum(columns for _, columns in cells(text))


def fit(text: str, columns: int) -> str:
    """The text, cut with an ellipsis where it is wider than so many columns (at least one)."""
    if width(text) <= columns:
        return text
    kept: list[str] = []
    free = columns - 1
    for cell, cell_width in cells(text):
        if cell_width > free:
            break
        kept.append(cell)
        free -= cell_width
    return "".join(kept).rstrip() + ELLIPSIS


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """The text cut or filled with spaces to so many columns; `right` puts it at the right end."""
    fitted = fit(text, columns)
    space = " " * (columns - width(fitted))
    return space + fitted if right else fitted + space


def cells(text: str) -> Iterator[tuple[str, int]]:
    """Characters with the marks that stand on them, and the columns each takes."""
    cell, columns = "", 0
    for character in text:
        own = _columns(character)
        if cell and own == 0:
            cell += character
            # An emoji variation turns a narrow sign into a wide picture.
            columns = 2 if character == _EMOJI_VARIATION and columns == 1 else columns
            continue
        if cell:
            yield cell, columns
        cell, columns = character, own
    if cell:
        yield cell, columns


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in _MARKS or character in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _is_space(character: str) -> bool:
    return character in "\t\n\v\f\r\x85" or unicodedata.category(character) in _SPACES


def _is_xml(code: int) -> bool:
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
