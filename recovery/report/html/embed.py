"""The page's records as JSON that may stand inside HTML: compact, ASCII, and without a sign that ends a tag."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING

from markupsafe import Markup

from recovery.clock import in_stored_zone
from recovery.progress import SILENT, Progress, counted
from recovery.provenance import Source
from recovery.records import valid_unicode
from recovery.report.html.page import DETAILS_IN_BLOCK, PARTS, Detail, Page
from recovery.report.html.timeline_marks import MarkKind, TimelineMark

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LANES = {
    MarkKind.CALL: "FaceTime calls",
    MarkKind.PHOTO: "Photos and videos",
    MarkKind.TRASHED: "Recently Deleted",
    MarkKind.DELETED: "Permanently deleted",
}
Json = dict[str, object] | list[object]
# With these escaped, no text can end the element it stands in or begin a comment.
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def script_json(value: object) -> Markup:
    """A value for a data block: `<script type="application/json">`."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_ESCAPES))


def main_block(page: Page, backup: Json, progress: Progress = SILENT) -> Markup:
    """Everything but the details. Cards are rows below one line of names, which halves the size."""
    names = [item.name for item in fields(page.cards[0])] if page.cards else []
    each = counted(page.cards, progress, "Storing the cards in the page", len(page.cards), " photos")
    # One by one: a library's cards are a text of many megabytes, in which no interrupt would be heard.
    cards = Markup(",").join(script_json(_values(card)) for card in each)
    rest = script_json(
        {
            "backup": backup,
            "previews": page.previews,
            "blockSize": DETAILS_IN_BLOCK,
            "parts": [list(part) for part in PARTS],
            "calls": list(page.calls),
            "lanes": [[kind.value, LANES[kind]] for kind in MarkKind],
            "events": [_event(event) for event in page.events],
            "cardNames": names,
        }
    )
    return rest[:-1] + Markup(',"cards":[') + cards + Markup("]}")


def detail_blocks(details: Iterable[Detail]) -> Iterator[Markup]:
    """Details, so many to a block; the places that facts were read from stand once in each block."""
    waiting = iter(details)
    while block := list(islice(waiting, DETAILS_IN_BLOCK)):
        places = _Places()
        rows = [_detail(detail, places) for detail in block]
        yield script_json({"places": places.texts, "details": rows})


class _Places:
    """Numbers places without their row, which many facts share."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @property
    def texts(self) -> list[str]:
        return list(self._numbers)

    def number(self, source: Source) -> int:
        text = valid_unicode(f"{source.store} {source.place}".strip())
        return self._numbers.setdefault(text, len(self._numbers))


def _detail(detail: Detail, places: _Places) -> Json:
    return {
        "large": detail.large,
        "movie": detail.movie,
        "madeFrom": detail.made_from,
        "sections": [
            [section.title, [_row(row.label, row.text, row.source, places) for row in section.rows]]
            for section in detail.sections
        ],
    }


def _row(label: str, text: str, source: Source | None, places: _Places) -> list[object]:
    values: list[object] = [label, text]
    if source is not None:
        values.append(places.number(source))
        if source.row is not None:
            values.append(source.row)
    return values


def _event(event: TimelineMark) -> list[object]:
    """Lane, seconds since 1970, whether from FaceTime, length in seconds, day."""
    lane = list(MarkKind).index(event.kind)
    local = in_stored_zone(event.at, event.offset).date().isoformat()
    return [lane, round(event.at.timestamp()), int(event.facetime), round(event.seconds or 0), local]


def _values(record: DataclassInstance) -> list[object]:
    values = (getattr(record, item.name) for item in fields(record))
    return [valid_unicode(value) if isinstance(value, str) else value for value in values]
