"""Draws the growth of a scan as an SVG of two panels: seconds, both axes logarithmic, and peak memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_WIDTH, _HEIGHT, _PANEL = 940, 400, 330  # pixels
_TOP, _BOTTOM = 40, 330
_SCAN, _FLOOR, _LIMIT, _GRID = "#0b62a4", "#777777", "#b03a2e", "#dddddd"
_AIM = 600.0  # MB
_STEPS = (1, 2, 5)
_FONT = 'font-family="sans-serif" font-size="12"'


@dataclass(frozen=True, slots=True)
class Point:
    """One backup: its size, seconds of floor and scan, and the scan's peak in MB."""

    rows: int
    assets: int
    floor: float
    scan: float
    peak: float

    @property
    def usual(self) -> bool:
        """Whether it has an asset for five rows; only such points are joined by a line."""
        return self.assets * 5 == self.rows


@dataclass(frozen=True, slots=True)
class _Panel:
    """Where rows and values come to lie."""

    left: float
    rows: tuple[int, int]
    values: tuple[float, float]
    scale: Callable[[float], float]

    def x(self, rows: float) -> float:
        first, last = map(math.log10, self.rows)
        return self.left + (math.log10(rows) - first) / max(last - first, 1e-9) * _PANEL

    def y(self, value: float) -> float:
        low, high = map(self.scale, self.values)
        return _BOTTOM - (self.scale(value) - low) / max(high - low, 1e-9) * (_BOTTOM - _TOP)


def plot(points: Sequence[Point]) -> str:
    """The whole picture; `points` by size."""
    rows = points[0].rows, max(points[-1].rows, points[0].rows * 10)
    seconds = [value for point in points for value in (point.floor, point.scan)]
    low, high = math.floor(math.log10(min(seconds))), math.floor(math.log10(max(seconds))) + 1
    time = _Panel(70, rows, (10.0**low, 10.0**high), math.log10)
    step = _step(max(point.peak for point in points))
    top = math.ceil(max(point.peak for point in points) / step) * step
    memory = _Panel(530, rows, (0.0, top), float)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_FONT} fill="#222222">',
        '<rect width="100%" height="100%" fill="white"/>',
        *_frame(time, points, [(10.0**power, f"{10.0**power:g} s") for power in range(low, high + 1)]),
        *_straight(time, points),
        *_line(time, points, "floor", _FLOOR),
        *_line(time, points, "scan", _SCAN),
        *_frame(memory, points, [(step * n, f"{step * n:g} MB") for n in range(round(top / step) + 1)]),
        *_aim(memory),
        *_line(memory, points, "peak", _SCAN),
        _text(time.left, 20, "Scan of the whole library and floor, seconds by the clock", "start", bold=True),
        _text(memory.left, 20, "Peak memory of the scan", "start", bold=True),
        _text(time.left, _HEIGHT - 14, "Rows of the manifest; an asset for five rows. Hollow: another number of "
              "assets, as written. Dashed: growth in proportion to the rows.", "start"),
        "</svg>",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _step(highest: float) -> float:
    """A round number of which at most six make the axis."""
    for power in range(9):
        for first in _STEPS:
            if first * 10**power * 6 >= highest:
                return float(first * 10**power)
    return highest


def _frame(panel: _Panel, points: Sequence[Point], marks: Sequence[tuple[float, str]]) -> Iterator[str]:
    """Grid, and what stands at both axes."""
    for value, label in marks:
        y = panel.y(value)
        yield f'<path d="M{panel.left:.1f} {y:.1f}h{_PANEL}" stroke="{_GRID}"/>'
        yield _text(panel.left - 8, y + 4, label, "end")
    for rows in sorted({point.rows for point in points}):
        x = panel.x(rows)
        yield f'<path d="M{x:.1f} {_TOP}V{_BOTTOM + 5}" stroke="{_GRID}"/>'
        yield _text(x, _BOTTOM + 20, _short(rows), "middle")


def _short(number: int) -> str:
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= unit:
            return f"{number / unit:g}{letter}"
    return str(number)


def _straight(panel: _Panel, points: Sequence[Point]) -> Iterator[str]:
    """What the scan would take if each row cost as much as in the point in the middle."""
    usual = [point for point in points if point.usual]
    if len(usual) < 3:
        return
    middle = usual[len(usual) // 2]
    per_row, first = middle.scan / middle.rows, max(usual[0].rows, panel.values[0] * middle.rows / middle.scan)
    last = min(usual[-1].rows, panel.values[1] / per_row)
    begin, end = ((panel.x(rows), panel.y(per_row * rows)) for rows in (first, last))
    yield _dashed(*begin, *end, _SCAN)


def _aim(panel: _Panel) -> Iterator[str]:
    """The memory aimed at, where the panel reaches so far."""
    if panel.values[1] > _AIM:
        y = panel.y(_AIM)
        yield _dashed(panel.left, y, panel.left + _PANEL, y, _LIMIT)
        yield _text(panel.left + 6, y - 5, f"aim: {_AIM:g} MB", "start", _LIMIT)


def _dashed(x: float, y: float, to_x: float, to_y: float, colour: str) -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" stroke="{colour}" stroke-dasharray="4 4"/>'


def _line(panel: _Panel, points: Sequence[Point], what: str, colour: str) -> Iterator[str]:
    """A line through the usual points, and each other point as a ring."""
    usual = [point for point in points if point.usual]
    places = [(panel.x(point.rows), panel.y(getattr(point, what))) for point in usual]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>'
    yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places)
    if places and what != "peak":
        yield _text(places[-1][0] + 9, places[-1][1] + 4, what, "start", colour)
    for point in points:
        if not point.usual:
            x, y = panel.x(point.rows), panel.y(getattr(point, what))
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="white" stroke="{colour}" stroke-width="2"/>'
            yield _text(x + 6, y - 10, f"{_short(point.assets)} assets", "end", colour)


def _text(x: float, y: float, text: str, anchor: str, colour: str = "", *, bold: bool = False) -> str:
    more = (f' fill="{colour}"' if colour else "") + (' font-weight="bold"' if bold else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{text}</text>'
