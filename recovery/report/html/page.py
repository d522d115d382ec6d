"""What the page shows, as plain records: cards for the gallery, details for the close view, counts and texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from recovery.analysis.model import Asset, CallContext, Findings, Verdict, sources_of
from recovery.clock import in_stored_zone
from recovery.photos_db.camera_roll_paths import ORIGINALS
from recovery.progress import SILENT, Progress, counted
from recovery.provenance import Source
from recovery.report.figures import count, day, span
from recovery.report.html.facts import Section, sections, shown
from recovery.report.html.picture_choice import NOT_THE_PHOTO, SHOWN
from recovery.report.html.previews import Preview
from recovery.report.html.timeline_marks import TimelineMark
from recovery.report.inventory import asset_key
from recovery.report.messages import status
from recovery.report.text import words
from recovery.report.text.asset_text import name

VERDICTS = {**words.VERDICTS, Verdict.NO: "no sign of FaceTime"}
V = TypeVar("V", bound=StrEnum)
DETAILS_IN_BLOCK = 100
"""Details are stored in blocks of so many assets, so that a browser parses only what is looked at."""


@dataclass(frozen=True, slots=True)
class Card:
    """One asset in the gallery. `flags`: t recently deleted, h hidden, g permanently deleted, f favourite.

    `day` and `time` are in the stored zone, "" when unknown; `moment` is in seconds since 1970 for sorting;
    `call` is the number of a call or -1; `part` the part of the gallery; `only` says that no more than a
    thumbnail is left; `text` is what the search looks through, in small letters.
    """

    name: str
    key: str
    uuid: str
    file_id: str
    kind: str
    verdict: str
    status: str
    flags: str
    day: str
    time: str
    moment: float | None
    call: int
    part: int
    picture: str
    only: bool
    line: str
    text: str


@dataclass(frozen=True, slots=True)
class Detail:
    """What the close view adds: the large picture, the movie, what they were made from, and all facts."""

    large: str
    movie: str
    made_from: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter: the value it stands for, its word, and how many assets have it."""

    value: str
    word: str
    count: int


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the template and the scripts need. `previews` is the folder of the pictures, "" for none."""

    cards: tuple[Card, ...]
    details: tuple[Detail, ...]
    calls: tuple[str, ...]
    events: tuple[TimelineMark, ...]
    verdicts: tuple[Choice, ...]
    statuses: tuple[Choice, ...]
    kinds: tuple[Choice, ...]
    states: tuple[Choice, ...]
    previews: str


PARTS = (
    ("From FaceTime", "Certain and probable, by call and by day."),
    ("Perhaps from FaceTime", "Not proven: a sign or two, or only the time of a call."),
    ("Everything else", "Photos and videos without signs of FaceTime, by day."),
    ("Permanently deleted", "No longer in the library, without signs of FaceTime; known from traces."),
)


def page(
    findings: Findings,
    previews: Sequence[Preview],
    events: tuple[TimelineMark, ...],
    folder: str,
    progress: Progress = SILENT,
) -> Page:
    """The page of one backup; `previews` are in the order of the assets, `folder` is their folder's name."""
    calls = _Calls(findings.assets)
    pairs = list(zip(findings.assets, previews, strict=True))
    each = counted(pairs, progress, "Writing the cards of the page", len(pairs), " photos")
    in_detail = counted(pairs, progress, "Writing the details of the page", len(pairs), " photos")
    return Page(
        cards=tuple(_card(asset, preview, calls) for asset, preview in each),
        details=tuple(
            _detail(asset, preview, sources_of(asset, findings.field_sources)) for asset, preview in in_detail
        ),
        calls=calls.titles,
        events=events,
        verdicts=_choices(VERDICTS, (asset.facetime.verdict for asset in findings.assets)),
        statuses=_choices(words.STATUSES, (asset.status for asset in findings.assets)),
        kinds=_choices(words.KINDS, (asset.kind for asset in findings.assets)),
        states=tuple(_states(findings)),
        previews=folder,
    )


class _Calls:
    """Numbers the calls in which something was made."""

    def __init__(self, assets: Sequence[Asset]) -> None:
        offsets: dict[CallContext, int | None] = {}
        for asset in assets:
            if asset.facetime.call and offsets.get(asset.facetime.call) is None:
                offsets[asset.facetime.call] = asset.timezone_offset
        ordered = sorted(offsets, key=lambda call: call.started)
        self.titles = tuple(_call_title(call, offsets[call]) for call in ordered)
        self._numbers = {call: number for number, call in enumerate(ordered)}

    def number(self, asset: Asset) -> int:
        return self._numbers[asset.facetime.call] if asset.facetime.call else -1


def _call_title(call: CallContext, offset: int | None) -> str:
    people = f" · {count(call.with_count, 'other person', 'other people')}" if call.with_count else ""
    return f"{span(call.started, call.ended, offset)}{people}"


def _card(asset: Asset, preview: Preview, calls: _Calls) -> Card:
    moment = asset.real_created or asset.real_added
    local = in_stored_zone(moment, asset.timezone_offset) if moment else None
    originals = (item for item in asset.files if item.role in ORIGINALS)
    left = any(item.recoverable for item in originals)
    return Card(
        name=name(asset),
        key=asset_key(asset),
        uuid=shown(asset.uuid or ""),
        file_id=asset.files[0].file_id if asset.files and not asset.uuid else "",
        kind=asset.kind.value,
        verdict=asset.facetime.verdict.value,
        status=asset.status.value,
        flags=_flags(asset),
        day=day(moment, asset.timezone_offset) if moment else "",
        time=f"{local:%H:%M}{' UTC' if local.tzinfo is UTC else ''}" if local else "",
        moment=_seconds(moment),
        call=calls.number(asset),
        part=_part(asset),
        picture=preview.small or preview.large or "",
        only=preview.shown in NOT_THE_PHOTO and not left,
        line=_line(asset),
        text=_searched(asset),
    )


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


def _flags(asset: Asset) -> str:
    marks = (("t", asset.trashed), ("h", asset.hidden), ("g", asset.deleted), ("f", asset.favorite))
    return "".join(mark for mark, value in marks if value)


def _part(asset: Asset) -> int:
    if asset.facetime.verdict is Verdict.NO:
        return 3 if asset.deleted else 2
    return 1 if asset.facetime.verdict is Verdict.POSSIBLE else 0


def _line(asset: Asset) -> str:
    """What stands on a card without a picture."""
    if asset.deleted:
        at = f" {day(asset.deleted.at, asset.timezone_offset)}" if asset.deleted.at else ""
        return f"permanently deleted{at}"
    return shown(status.reason(asset.status_reason))


def _searched(asset: Asset) -> str:
    texts = (
        asset.filename,
        asset.original_filename,
        asset.directory,
        asset.title,
        asset.caption,
        asset.importer,
        asset.uuid,
        *asset.keywords,
        *asset.albums,
        *asset.shared_albums,
        *asset.deleted_albums,
        *asset.persons,
    )
    return shown(" ".join(text for text in texts if text)).casefold()


def _detail(asset: Asset, preview: Preview, sources: Mapping[str, Source]) -> Detail:
    made_from = SHOWN[preview.shown] if preview.shown else shown(preview.problem)
    return Detail(preview.large or "", preview.movie or "", made_from, sections(asset, sources))


def _choices(meanings: Mapping[V, str], found: Iterable[V]) -> tuple[Choice, ...]:
    counts = Counter(found)
    return tuple(Choice(value.value, word, counts[value]) for value, word in meanings.items())


def _states(findings: Findings) -> Iterator[Choice]:
    totals = findings.totals
    yield Choice("t", "recently deleted", totals.recently_deleted)
    yield Choice("h", "hidden", totals.hidden)
    yield Choice("g", "permanently deleted", totals.permanently_deleted)
    yield Choice("f", "favourite", sum(bool(asset.favorite) for asset in findings.assets))
