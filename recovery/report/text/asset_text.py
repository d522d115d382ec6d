"""One asset as a person reads it: its name, verdict and reasons, its status and what is still there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from recovery.analysis.model import (
    ORIGINALS,
    Asset,
    AssetFile,
    Basis,
    CallContext,
    FaceTime,
    FileRole,
    FileState,
    LibraryName,
    Signal,
    Status,
    Verdict,
)
from recovery.provenance import Source
from recovery.report.figures import count, day, file_size, span, when
from recovery.report.messages import status
from recovery.report.messages.phrases import has_passed
from recovery.report.safe_text import clean, pad
from recovery.report.text import words
from recovery.report.text.layout import COLUMNS, PLAIN, Style, wrap

_LABEL_COLUMNS = 9
_INDENT = "     "
_VERDICT_COLUMNS = 10
_NOTHING = "nothing of the picture itself"


def asset_block(
    asset: Asset, number: int, *, sources: Mapping[str, Source] | None = None, style: Style = PLAIN
) -> list[str]:
    """The lines of one numbered asset; with its `sources` also where each fact was read and its files."""
    lines = [_head(asset, number, style)]
    facts = [*_facts(asset, sources is not None), *(_origins(asset, sources) if sources is not None else ())]
    for label, text in facts:
        first = _INDENT + pad(label, _LABEL_COLUMNS)
        lines.extend(wrap(text, first=first, rest=" " * len(first)))
    return lines


def reasons(asset: Asset, verbose: bool = False) -> list[str]:
    """The reasons for a FaceTime verdict in words; those with a * rest on a rule no real sample has shown."""
    return [_reason(signal, verbose) for signal in asset.facetime.signals]


def photographed(facetime: FaceTime) -> str:
    """The device and camera that a FaceTime photo shows the view of; empty where it does not say."""
    parts = [clean(facetime.device)] if facetime.device else []
    parts += [words.CAMERAS[facetime.camera]] if facetime.camera else []
    return f"{', '.join(parts)} {words.PHOTOGRAPHED}" if parts else ""


def measured_note(assets: Iterable[Asset]) -> str | None:
    """How often the signals of these assets were found in genuine FaceTime files; None where none was measured."""
    signals = (signal for asset in assets for signal in asset.facetime.signals if signal.seen)
    figures = {(signal.code, signal.seen): None for signal in signals if signal.code in words.MEASURED_SIGNALS}
    texts = [f"{words.MEASURED_SIGNALS[code]} in {clean(seen or '')}" for code, seen in sorted(figures)]
    return f"{words.MEASURED_NOTE}: {', '.join(texts)}." if texts else None


def name(asset: Asset) -> str:
    """The asset's name for people, cleaned."""
    if asset.filename or asset.original_filename:
        return clean(asset.label)
    return f"(no name, {clean(asset.label)}…)" if asset.uuid else "(no name)"


def summary_of_files(asset: Asset) -> str:
    """What the backup holds of an asset, originals first; says so where it is nothing."""
    held = [item for item in asset.files if item.state is not FileState.MISSING]
    groups = ((role, [item for item in held if item.role is role]) for role in FileRole)
    return "; ".join(_files_of_role(role, items) for role, items in groups if items) or _NOTHING


def source_text(source: Source) -> str:
    """The place a value was read from, cleaned."""
    return clean(str(source))


def _head(asset: Asset, number: int, style: Style) -> str:
    start = f"{number:>3}. "
    room = COLUMNS - len(start) - _VERDICT_COLUMNS
    verdict = pad(words.VERDICTS[asset.facetime.verdict], _VERDICT_COLUMNS, right=True)
    if asset.facetime.verdict is Verdict.NO:
        verdict = ""
    code = style.good if asset.facetime.verdict.rank > 1 else style.warning
    return f"{start}{style.paint(style.strong, pad(name(asset), room))}{style.paint(code, verdict)}".rstrip()


def _facts(asset: Asset, verbose: bool) -> Iterator[tuple[str, str]]:
    yield _date(asset)
    for place, reason in enumerate(reasons(asset, verbose)):
        yield ("Why" if place == 0 else "", reason)
    if shown := photographed(asset.facetime):
        yield "Shows", shown
    if asset.facetime.call:
        yield "Call", _call(asset.facetime.call, asset.timezone_offset)
    yield "Status", _status(asset)
    yield "Here", summary_of_files(asset)
    missing = [item for item in asset.files if item.role in ORIGINALS and item.state is FileState.MISSING]
    if missing:
        names = "; ".join(f"{words.ROLES[item.role]} {clean(item.name)}" for item in missing)
        yield "Missing", f"{names}: listed in the backup, but its contents are not there"
    if asset.live_photo and asset.live_photo.identifiers_match is False:
        yield "Note", "the two halves carry different identifiers; they may not belong together"
    for state in _states(asset):
        yield "Also", state
    for note in map(status.note, asset.notes):
        yield "Note", clean(note)


def _date(asset: Asset) -> tuple[str, str]:
    label, moment = ("Taken", asset.created) if asset.created or not asset.added else ("Added", asset.added)
    details = [when(moment, asset.timezone_offset), words.kind(asset)]
    if asset.width and asset.height:
        details.append(f"{asset.width} x {asset.height} pixels")
    return label, ", ".join(details)


def _status(asset: Asset) -> str:
    text = words.status_word(asset)
    reason = clean(status.reason(asset.status_reason))
    text = f"{text}: {reason}" if reason else text
    if asset.cloud and asset.cloud.upload and asset.status is not Status.COMPLETE:
        text = f"{text}; {words.UPLOADS[asset.cloud.upload]}"
    return text


def _states(asset: Asset) -> Iterator[str]:
    if asset.trashed:
        moved = f", moved there on {day(asset.trashed_at, asset.timezone_offset)}" if asset.trashed_at else ""
        last = asset.trashed_until_estimate
        until = ""
        if last:
            passed = "; that day has passed" if has_passed(last, asset.timezone_offset) else ""
            until = f"; last day on the phone about {day(last, asset.timezone_offset)} (estimate{passed})"
        yield f"in Recently Deleted{moved}{until}"
    if asset.hidden:
        yield "hidden in Photos"
    if asset.library is LibraryName.SHARED_WITH_YOU:
        yield words.IN_SHARED_WITH_YOU
    if asset.deleted:
        yield "permanently deleted from the photo library"
    if asset.basis is not Basis.PHOTOS_DATABASE:
        yield words.BASES[asset.basis]


def _call(call: CallContext, offset: int | None) -> str:
    people = f", with {count(call.with_count, 'other person', 'other people')}" if call.with_count else ""
    return f"{span(call.started, call.ended, offset)}{people}"


def _reason(signal: Signal, verbose: bool) -> str:
    sentence = words.SIGNALS.get(signal.code, words.UNKNOWN_SIGNAL)
    text = sentence.format(code=clean(signal.code), value=clean(signal.value)).rstrip(": ")
    mark = words.UNTESTED_MARK if signal.untested else ""
    return f"{text}{mark} (read in {source_text(signal.source)})" if verbose else f"{text}{mark}"


def _files_of_role(role: FileRole, items: list[AssetFile]) -> str:
    sizes = [item.size for item in items if item.size is not None]
    parts = [words.ROLES[role]]
    if len(items) > 1:
        parts.append(f"{len(items):,} of them")
    if role is not FileRole.THUMBNAIL_TABLE:  # there the size is that of the whole table
        parts.append(file_size(sum(sizes)) if sizes else file_size(None))
    largest = max((item.pixels for item in items if item.pixels), default=None, key=lambda size: size[0] * size[1])
    if largest:
        parts.append(f"up to {largest[0]} x {largest[1]} pixels" if len(items) > 1 else _pixels(largest))
    damaged = sum(item.state is FileState.DAMAGED for item in items)
    if damaged:
        left = "nothing of it is left" if items[0].blank else "only a part can be read"
        parts.append(f"damaged: {left}" if len(items) == 1 else f"{damaged} of them damaged")
    unreadable = sum(item.state is FileState.UNREADABLE for item in items)
    if unreadable:
        parts.append("cannot be read; it may be whole" if len(items) == 1 else f"{unreadable} of them cannot be read")
    return ", ".join(parts)


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]} pixels"


def _origins(asset: Asset, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
    """Identifiers, files and the place of every fact, for those who check."""
    if asset.uuid:
        yield "UUID", clean(asset.uuid)
    for item in asset.files:
        note = f" ({clean(item.note)})" if item.note else ""
        yield "File", clean(f"{item.state.value} {item.domain} {item.path} [{item.file_id}]") + note
    for field, source in sources.items():
        yield "Source", f"{clean(field)}: {source_text(source)}"
