"""Hypothesis strategies for findings: any text, any time, any number the records allow."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st
from report_stories import findings

from recovery.analysis.model import (
    Asset,
    AssetFile,
    BackupFacts,
    Basis,
    CallContext,
    Camera,
    Cause,
    CauseVerdict,
    Cloud,
    Deletion,
    FaceTime,
    FaceTimeMessage,
    FileRole,
    FileState,
    Findings,
    Kind,
    KindBasis,
    LivePhoto,
    MessageBasis,
    MessageKind,
    Orphan,
    OrphanCode,
    Signal,
    Status,
    Upload,
    Verdict,
)
from recovery.analysis.reasons import Loss, Note, NoteCode, ReasonCode, StatusReason
from recovery.analysis.statements import (
    Advice,
    CauseCode,
    Deleted,
    DeletionReason,
    IosUpdates,
    NotRead,
    PermanentlyDeleted,
    PlainStatement,
    UpdateTiming,
)
from recovery.clock import in_records
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Gap, Source, Tier
from recovery.records import valid_unicode

# Lone surrogates, escapes, bidi marks, wide and combining characters come up by themselves and are asked for.
HOSTILE = st.sampled_from(
    [
        "\x1b[31m",
        "\x9b2J",
        "\u202e",
        "\u2066",
        "\ud800",
        "=1+1",
        "写真",
        "e\u0301",
        "❤\ufe0f",
        "👨‍👩‍👧",
        "\r\n",
        "\t",
        "{0}",
    ]
)
# Lone surrogates are replaced where text enters the program.
texts = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=30), st.lists(HOSTILE, max_size=12).map("".join)
).map(valid_unicode)
codes = st.from_regex(r"[a-z][a-z_]{2,15}", fullmatch=True) | st.sampled_from(["original_filename", "call_overlap"])
times = st.datetimes(timezones=st.just(UTC)).map(in_records)
maybe_text, maybe_time, maybe_bool = st.none() | texts, st.none() | times, st.none() | st.booleans()
sizes = st.none() | st.integers(0, 10**13)
numbers = st.none() | st.integers(-(10**6), 10**6)
degrees = st.none() | st.floats(allow_nan=True, allow_infinity=True)
sources = st.builds(Source, texts, texts, st.none() | st.integers(0, 10**9))
some_texts = st.lists(texts, max_size=3).map(tuple)

files = st.builds(
    AssetFile,
    st.sampled_from(FileRole),
    texts,
    texts,
    texts,
    sizes,
    st.sampled_from(FileState),
    texts,
    st.none() | st.integers(0, 10**5),
    st.none() | st.tuples(st.integers(1, 10**5), st.integers(1, 10**5)),
)
facetimes = st.builds(
    FaceTime,
    st.sampled_from(Verdict),
    st.lists(st.builds(Signal, codes, texts, sources, st.sampled_from(Tier), st.none() | texts), max_size=3).map(tuple),
    st.none() | st.builds(CallContext, times, times, st.none() | st.integers(0, 32)),
    st.none() | texts,
    st.none() | st.sampled_from(Camera),
)
lost = st.tuples(st.sampled_from([FileRole.STILL, FileRole.PAIRED_VIDEO, FileRole.VIDEO]), st.sampled_from(Loss))
reasons = st.builds(
    StatusReason,
    st.sampled_from(ReasonCode),
    st.lists(lost, min_size=1, max_size=2).map(tuple),
    st.sampled_from([FileRole.STILL, FileRole.REDUCED, FileRole.THUMBNAIL]),
    st.none() | st.sampled_from(ReasonCode),
    st.none() | st.tuples(st.integers(1, 9_999), st.integers(1, 9_999)),
    st.booleans(),
)
notes = st.builds(Note, st.sampled_from(NoteCode), maybe_text | st.integers(0, 9), maybe_text, maybe_text, texts)
assets = st.builds(
    Asset,
    uuid=maybe_text,
    basis=st.sampled_from(Basis),
    kind=st.sampled_from(Kind),
    status=st.sampled_from(Status),
    status_reason=reasons,
    directory=maybe_text,
    filename=maybe_text,
    original_filename=maybe_text,
    created=maybe_time,
    added=maybe_time,
    timezone=maybe_text,
    timezone_offset=st.none() | st.integers(-100_000, 100_000) | st.sampled_from([7200, -16200, 20700]),
    width=numbers,
    height=numbers,
    latitude=degrees,
    longitude=degrees,
    favorite=maybe_bool,
    hidden=maybe_bool,
    trashed=maybe_bool,
    trashed_at=maybe_time,
    trashed_until_estimate=maybe_time,
    deleted=st.none() | st.builds(Deletion, maybe_time, maybe_text, maybe_text, maybe_time, maybe_text),
    facetime=facetimes,
    live_photo=st.none() | st.builds(LivePhoto, st.booleans(), st.booleans(), maybe_text, maybe_bool),
    cloud=st.none() | st.builds(Cloud, maybe_bool, maybe_bool, st.none() | st.sampled_from(Upload)),
    title=maybe_text,
    caption=maybe_text,
    keywords=some_texts,
    albums=some_texts,
    persons=some_texts,
    importer=maybe_text,
    cloud_identifier=maybe_text,
    files=st.lists(files, max_size=3).map(tuple),
    notes=st.lists(notes, max_size=3).map(tuple),
    sources=st.dictionaries(texts, sources, max_size=2),
)
messages = st.builds(
    FaceTimeMessage,
    uuid=maybe_text,
    basis=st.sampled_from(MessageBasis),
    kind=st.sampled_from(MessageKind),
    kind_basis=st.none() | st.sampled_from(KindBasis),
    source=sources,
    sender=maybe_text,
    recipient=maybe_text,
    provider=maybe_text,
    created=maybe_time,
    modified=maybe_time,
    duration_s=st.none() | st.floats(allow_nan=False, allow_infinity=False, min_value=0),
    read=maybe_bool,
    deleted=maybe_bool,
    deleted_at=maybe_time,
    mailbox_type=numbers,
    message_type=numbers,
    call_uuid=maybe_text,
    files=st.lists(files, max_size=2).map(tuple),
    notes=st.lists(notes, max_size=3).map(tuple),
    untested=st.booleans(),
)
loose_ends = st.builds(
    Orphan, st.sampled_from(OrphanCode), maybe_text, maybe_text, maybe_text, sizes, maybe_text, sources
)
gaps = st.builds(
    Gap,
    st.sampled_from(GapSubject),
    texts,
    st.just(GapReason.UNREADABLE),
    some_texts,
    st.booleans(),
    texts,
    st.tuples(texts),
)
deleted = st.builds(Deleted, st.integers(1, 9), st.sampled_from(DeletionReason), maybe_text, maybe_text)
statements = (
    st.sampled_from(PlainStatement)
    | st.builds(NotRead, st.lists(gaps, min_size=1, max_size=3).map(tuple))
    | st.builds(PermanentlyDeleted, st.integers(1, 9), st.lists(times, max_size=4).map(tuple),
                st.lists(deleted, min_size=1, max_size=4).map(tuple))
    | st.builds(IosUpdates, st.just(UpdateTiming.NEVER_UPDATED), st.just(()), maybe_text)
)  # fmt: skip
some_statements = st.lists(statements, min_size=1, max_size=3).map(tuple)
causes = st.builds(
    Cause,
    st.sampled_from(CauseCode),
    st.sampled_from(CauseVerdict),
    some_statements,
    st.sampled_from(Advice),
    st.lists(sources, max_size=2).map(tuple),
)
backups = st.builds(
    BackupFacts,
    texts,
    maybe_text,
    maybe_text,
    maybe_text,
    maybe_text,
    maybe_text,
    maybe_time,
    st.booleans(),
    maybe_bool,
    st.none() | st.integers(0, 99999),
    maybe_text,
)
any_findings: st.SearchStrategy[Findings] = st.builds(
    findings,
    st.lists(assets, max_size=4),
    st.lists(loose_ends, max_size=4),
    st.lists(causes, max_size=2),
    st.lists(gaps, max_size=4),
    backups,
    st.lists(messages, max_size=3),
)
generated: st.SearchStrategy[datetime] = times
