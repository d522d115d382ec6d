"""Lines of 80 columns: wrapped paragraphs, aligned tables, headings, and colour for those who want it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recovery.report.safe_text import cells, fit, pad, width

COLUMNS = 80
_SPACE_BETWEEN = 2
_NARROWEST = 6


@dataclass(frozen=True, slots=True)
class Style:
    """Terminal codes put before a piece of text, which `off` ends; all empty means plain text."""

    heading: str = ""
    strong: str = ""
    good: str = ""
    warning: str = ""
    dim: str = ""
    off: str = ""

    def paint(self, code: str, text: str) -> str:
        """The text in one of this style's codes."""
        return f"{code}{text}{self.off}" if code and text else text


PLAIN = Style()
COLOUR = Style("\x1b[1;36m", "\x1b[1m", "\x1b[32m", "\x1b[33m", "\x1b[2m", "\x1b[0m")


@dataclass(frozen=True, slots=True)
class TextColumn:
    """One column of a table; `flexible` ones give way when the line is full, `right` holds numbers."""

    title: str
    right: bool = False
    flexible: bool = False


def wrap(text: str, *, first: str = "", rest: str | None = None, columns: int = COLUMNS) -> list[str]:
    """Break a cleaned text at spaces into lines; `first` stands before the first line, `rest` before the others.

    A word wider than a line is broken where it must be. An empty text gives no line.
    """
    rest = first if rest is None else rest
    lines: list[str] = []
    line, used = first, width(first)
    start = used
    for word in text.split():
        space = 0 if used == start else 1
        if used + space + width(word) > columns and used > start:
            lines.append(line)
            line, used = rest, width(rest)
            start, space = used, 0
        line, used = line + " " * space, used + space
        for cell, cell_width in cells(word):
            if used + cell_width > columns and used > start:
                lines.append(line)
                line, used = rest, width(rest)
                start = used
            line, used = line + cell, used + cell_width
    return [*lines, line] if used > start else lines


def heading(text: str, style: Style = PLAIN) -> list[str]:
    """A title with a line below it and an empty one above."""
    return [
        "",
        style.paint(style.heading, fit(text, COLUMNS)),
        style.paint(style.dim, "-" * min(width(text), COLUMNS)),
    ]


def table(
    columns: Sequence[TextColumn], rows: Iterable[Sequence[str]], *, indent: str = "  ", style: Style = PLAIN
) -> list[str]:
    """Aligned rows of cleaned texts below their titles, never wider than 80 columns."""
    body = [tuple(row) for row in rows]
    widths = _widths(columns, body, COLUMNS - width(indent))
    lines = [style.paint(style.dim, _row(tuple(column.title for column in columns), columns, widths, indent))]
    lines.extend(_row(row, columns, widths, indent) for row in body)
    return lines


def _row(row: Sequence[str], columns: Sequence[TextColumn], widths: Sequence[int], indent: str) -> str:
    cut = (pad(text, size, right=column.right) for text, column, size in zip(row, columns, widths, strict=True))
    return (indent + (" " * _SPACE_BETWEEN).join(cut)).rstrip()


def _widths(columns: Sequence[TextColumn], body: Sequence[Sequence[str]], room: int) -> list[int]:
    """Natural widths; where they do not fit, flexible columns give way, the widest first, and then all of them."""
    widths = [max([width(column.title), *(width(row[place]) for row in body)]) for place, column in enumerate(columns)]
    excess = sum(widths) + _SPACE_BETWEEN * (len(widths) - 1) - room
    while excess > 0:
        shrinkable = [place for place, column in enumerate(columns) if column.flexible and widths[place] > _NARROWEST]
        place = max(shrinkable or range(len(widths)), key=widths.__getitem__)
        widths[place] -= 1
        excess -= 1
    return widths
