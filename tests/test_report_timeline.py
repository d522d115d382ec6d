"""A timeline as text, JSON, CSV and for Timesketch: golden pages, and nothing a hostile name can break."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recovery.analysis.model import Verdict
from recovery.analysis.timeline.building import Timeline
from recovery.analysis.timeline.event import Event, EventCode
from recovery.gap_codes import GapSubject
from recovery.provenance import Source, unreadable
from recovery.report.exports import timeline_exports as exports
from recovery.report.messages.gaps import why
from recovery.report.safe_text import width
from recovery.report.text.layout import COLOUR, COLUMNS
from recovery.report.text.timeline_text import timeline_text
from tests.report_stories import BACKUP, GENERATED, golden, rich
from tests.report_strategies import gaps, maybe_text, maybe_time, sources, texts

DOCS = Path(__file__).parents[1] / "docs" / "timeline.md"
LIBRARY = "Media/PhotoData/Photos.sqlite"
UUID = "6F9A1C52-0B1E-4D53-9C1B-7A1D5E0F4C21"


def at(day: int, hour: int, minute: int, second: int = 0) -> datetime:
    """A moment in May 2024, UTC."""
    return datetime(2024, 5, day, hour, minute, second, tzinfo=UTC)


def about(moment: datetime | None, code: EventCode, text: str, row: int, **changes: object) -> Event:
    """An event of one FaceTime photo."""
    facts: dict[str, object] = {"uuid": UUID, "name": "IMG_0042.HEIC", "offset": 7200, "facetime": Verdict.CERTAIN}
    return Event(moment, code, text, Source(LIBRARY, "ACHANGE", row), **(facts | changes))  # type: ignore[arg-type]


def story() -> Timeline:
    """A call, a photo late in the evening, its deletion, a nameless trace, a rebuild, and one without a time."""
    who, why = "com.apple.mobileslideshow", "User deleted asset from trashcan."
    events = (
        Event(
            at(3, 22, 0), EventCode.CALL, "FaceTime video call began, 40 minutes long, with 1 other person",
            Source("Library/CallHistoryDB/CallHistory.storedata", "ZCALLRECORD", 3),
            detail=(("duration_s", "2400"), ("with_count", "1")),
        ),
        about(at(3, 22, 22, 10), EventCode.TAKEN, "taken (Live Photo; from FaceTime: certain), during a call", 1),
        about(at(3, 22, 22, 14), EventCode.ADDED, "added to the library by com.apple.FTLivePhotoService", 2),
        about(at(19, 7, 0), EventCode.TRASHED, f"moved to Recently Deleted by {who}", 3),
        about(at(20, 7, 15), EventCode.DELETED, f"permanently deleted by {who}: {why}", 4,
              detail=(("client", who), ("reason", why))),
        about(at(20, 7, 15), EventCode.DELETED, "permanently deleted", 5, uuid="CCCCCCCC-0000", name=None,
              offset=None, facetime=Verdict.NO),
        Event(at(21, 1, 2, 3), EventCode.LIBRARY_REBUILT, "the photo library was rebuilt (reason code 7)",
              Source(LIBRARY, "ZMIGRATIONHISTORY", 2), untested=True),
        about(None, EventCode.DELETED, "permanently deleted; nothing tells when", 6, name="=HYPERLINK(1)"),
    )  # fmt: skip
    hidden = unreadable(GapSubject.CALL_HISTORY, "CallHistory.storedata", "it is damaged", "call_overlap")
    return Timeline(events, 3, 41, 1204, (hidden,))


def test_text_is_as_agreed() -> None:
    """The page by day, with the clock where a photo was taken, and with sources when asked."""
    golden("timeline.txt", timeline_text(story(), BACKUP))
    golden("timeline_verbose.txt", timeline_text(story(), BACKUP, verbose=True))


def test_documents_are_as_agreed() -> None:
    """JSON, CSV, and both forms for Timesketch, to the byte."""
    table, sketch = io.StringIO(), io.StringIO()
    document, lines = io.BytesIO(), io.BytesIO()
    exports.write_json(story(), BACKUP, document, generated_at=GENERATED)
    exports.write_csv(story(), table)
    assert exports.write_timesketch(story(), sketch) == 1
    assert exports.write_jsonl(story(), lines) == 1
    golden("timeline.json", document.getvalue().decode())
    golden("timeline.csv", table.getvalue())
    golden("timeline_timesketch.csv", sketch.getvalue())
    golden("timeline.jsonl", lines.getvalue().decode())
    jsonschema.Draft202012Validator(exports.schema()).validate(json.loads(document.getvalue()))


def test_timesketch_has_what_it_asks_for() -> None:
    """message, an ISO 8601 datetime with its zone, timestamp_desc, and microseconds that are the same moment."""
    sketch = io.StringIO()
    exports.write_timesketch(story(), sketch)
    rows = list(csv.DictReader(io.StringIO(sketch.getvalue())))
    assert len(rows) == 7
    for row in rows:
        moment = datetime.fromisoformat(row["datetime"])
        assert moment.utcoffset() is not None
        assert int(row["timestamp"]) == round(moment.timestamp() * 1_000_000)
        assert row["message"]
        assert row["timestamp_desc"].endswith("Time")
    lines = io.BytesIO()
    exports.write_jsonl(story(), lines)
    assert [json.loads(line)["message"] for line in lines.getvalue().splitlines()] == [row["message"] for row in rows]


def test_nothing_at_all_is_said_with_its_gaps() -> None:
    """An empty timeline names how many photos there are and what could not be looked at."""
    page = timeline_text(Timeline((), 0, 0, 0, rich().gaps), BACKUP)
    assert "0 events; covers 0 of 0 photos and videos." in page
    assert all(why(gap).split()[0] in page for gap in rich().gaps)


def test_colour_only_marks_and_never_changes_the_words() -> None:
    """Without its escapes the coloured page is the plain one."""
    import re

    painted = timeline_text(story(), BACKUP, style=COLOUR)
    assert painted != timeline_text(story(), BACKUP)
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == timeline_text(story(), BACKUP)


events = st.builds(
    Event,
    maybe_time,
    st.sampled_from(EventCode),
    texts,
    sources,
    maybe_text,
    maybe_text,
    st.none() | st.integers(-100_000, 100_000),
    st.none() | st.sampled_from(Verdict),
    st.booleans(),
    st.lists(st.tuples(texts, texts), max_size=2, unique_by=lambda pair: pair[0]).map(tuple),
)
timelines = st.builds(
    Timeline,
    st.lists(events, max_size=6).map(
        lambda found: tuple(sorted(found, key=lambda event: (event.at is None, event.at or at(1, 0, 0))))
    ),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 9),
    st.lists(gaps, max_size=2).map(tuple),
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(timelines, st.booleans())
def test_any_timeline_is_safe_narrow_and_valid(found: Timeline, verbose: bool) -> None:
    """80 columns, no control or bidi character, valid JSON, and tables whose every row has every column."""
    for line in timeline_text(found, BACKUP, verbose=verbose).splitlines():
        assert width(line) <= COLUMNS, line
        assert not any(unicodedata.category(character) in ("Cc", "Cs", "Cf") and character not in "\u200c\u200d"
                       for character in line)  # fmt: skip
    document, table, lines = io.BytesIO(), io.StringIO(newline=""), io.BytesIO()
    exports.write_json(found, BACKUP, document, generated_at=GENERATED)
    jsonschema.Draft202012Validator(exports.schema()).validate(json.loads(document.getvalue()))
    exports.write_csv(found, table)
    rows = list(csv.reader(io.StringIO(table.getvalue(), newline="")))
    assert len(rows) == len(found.events) + 1
    assert {len(row) for row in rows} == {len(exports.COLUMNS)}
    dropped = exports.write_jsonl(found, lines)
    assert len(lines.getvalue().splitlines()) == len(found.events) - dropped


def test_documentation_names_every_event_and_key() -> None:
    """docs/timeline.md explains each event, and each key of the JSON document."""
    page = DOCS.read_text(encoding="utf-8")
    assert not [code.value for code in EventCode if f"`{code.value}`" not in page]
    definitions = exports.schema()["$defs"]
    event = definitions["event"]["properties"]  # type: ignore[index]
    assert not [key for key in (*event, "left_out", "of_assets") if f"`{key}`" not in page]
