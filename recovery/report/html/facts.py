"""All facts of one asset as rows of label, text and source, for the page's close view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from recovery.analysis.facetime_finding import DEVICE
from recovery.analysis.model import Asset, AssetFile, Basis, Deletion, FileRole, FileState, LibraryName
from recovery.provenance import Source
from recovery.report.figures import count, day, file_size, span, when
from recovery.report.messages import status
from recovery.report.messages.phrases import has_passed
from recovery.report.safe_text import clean
from recovery.report.text import words
from recovery.report.text.asset_text import photographed

_STATES = {
    FileState.PRESENT: "here",
    FileState.MISSING: "missing",
    FileState.DAMAGED: "damaged",
    FileState.UNREADABLE: "unreadable",
}
_YES_NO = {True: "yes", False: "no", None: None}


@dataclass(frozen=True, slots=True)
class Row:
    """One fact: what it is, what it says, and where that was read."""

    label: str
    text: str
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together; one without rows is left out."""

    title: str
    rows: tuple[Row, ...]


def sections(asset: Asset, sources: Mapping[str, Source]) -> tuple[Section, ...]:
    """Everything known of an asset, in words, with where each fact was read (`model.sources_of`)."""
    everything = (
        Section("Why", tuple(_signals(asset))),
        Section("What became of it", tuple(_fate(asset, sources))),
        Section("The photo", tuple(_facts(asset, sources))),
        Section("Files", tuple(_files(asset))),
        Section("Notes", tuple(Row("", shown(note)) for note in map(status.note, asset.notes))),
    )
    return tuple(section for section in everything if section.rows)


def shown(text: str) -> str:
    """A text of the backup, cleaned; most are plain ASCII and pass at once."""
    return text if text.isascii() and text.isprintable() else clean(text)


def _signals(asset: Asset) -> Iterator[Row]:
    for signal in asset.facetime.signals:
        sentence = words.SIGNALS.get(signal.code, words.UNKNOWN_SIGNAL)
        text = sentence.format(code=shown(signal.code), value=shown(signal.value)).rstrip(": ")
        yield Row("", text + (words.UNTESTED_MARK if signal.untested else ""), signal.source)
    if shown_device := photographed(asset.facetime):
        yield Row("Shows", shown_device, dict(asset.sources).get(DEVICE))
    call = asset.facetime.call
    if call:
        people = f", with {count(call.with_count, 'other person', 'other people')}" if call.with_count else ""
        yield Row("FaceTime call", span(call.started, call.ended, asset.timezone_offset) + people)


def _fate(asset: Asset, sources: Mapping[str, Source]) -> Iterator[Row]:
    offset = asset.timezone_offset
    why = shown(status.reason(asset.status_reason))
    yield Row("Status", f"{words.status_word(asset)}: {why}")
    if asset.cloud and asset.cloud.upload:
        yield Row("iCloud", words.UPLOADS[asset.cloud.upload], sources.get("cloud"))
    if asset.trashed:
        moved = f", moved there {when(asset.trashed_at, offset)}" if asset.trashed_at else ""
        yield Row("Recently Deleted", f"yes{moved}", sources.get("trashed_at") or sources.get("trashed"))
    if asset.trashed_until_estimate:
        passed = "; that day has passed" if has_passed(asset.trashed_until_estimate, offset) else ""
        yield Row("Last day on the phone", f"about {day(asset.trashed_until_estimate, offset)} (estimate{passed})")
    if asset.hidden:
        yield Row("Hidden", "yes, in the album Hidden", sources.get("hidden"))
    if asset.library is LibraryName.SHARED_WITH_YOU:
        yield Row("Library", words.IN_SHARED_WITH_YOU)
    if asset.deleted:
        yield from _deletion(asset.deleted, sources.get("deleted"), offset)
    if asset.basis is not Basis.PHOTOS_DATABASE:
        yield Row("Known from", words.BASES[asset.basis])


def _deletion(gone: Deletion, source: Source | None, offset: int | None) -> Iterator[Row]:
    yield Row("Permanently deleted", when(gone.at, offset), source)
    for label, text in (
        ("Deleted by", gone.client),
        ("Reason, as stored", gone.reason),
        ("Added by", gone.inserted_by),
    ):
        if text:
            yield Row(label, shown(text), source)
    if gone.inserted_at:
        yield Row("Added", when(gone.inserted_at, offset), source)


def _facts(asset: Asset, sources: Mapping[str, Source]) -> Iterator[Row]:
    offset = asset.timezone_offset
    live = asset.live_photo
    for label, field, text in (
        ("Taken", "created", when(asset.created, offset) if asset.created else None),
        ("Time zone", "timezone", asset.timezone),
        ("Added to the library", "added", when(asset.added, offset) if asset.added else None),
        ("Kind", "kind", words.kind(asset)),
        ("Pixels", "width", f"{asset.width} × {asset.height}" if asset.width and asset.height else None),
        ("Name", "filename", asset.filename),
        ("Original name", "original_filename", asset.original_filename),
        ("Folder", "directory", asset.directory),
        ("Saved by", "importer", asset.importer),
        ("Title", "title", asset.title),
        ("Caption", "caption", asset.caption),
        ("Keywords", "keywords", ", ".join(asset.keywords)),
        ("Albums", "albums", ", ".join(asset.albums)),
        ("Shared albums", "shared_albums", ", ".join(asset.shared_albums)),
        ("Deleted albums", "deleted_albums", ", ".join(asset.deleted_albums)),
        ("People", "persons", ", ".join(asset.persons)),
        ("Place", "latitude", _place(asset)),
        ("Favourite", "favorite", "yes" if asset.favorite else None),
        ("UUID", "uuid", asset.uuid),
        ("Pair identifier", "live_photo", live.content_identifier if live else None),
        ("Halves fit", "live_photo", _YES_NO[live.identifiers_match] if live else None),
    ):
        if text:
            yield Row(label, shown(text), sources.get(field))


def _place(asset: Asset) -> str | None:
    if asset.latitude is None or asset.longitude is None:
        return None
    return f"{asset.latitude:.5f}, {asset.longitude:.5f} (degrees north, east)"


def _files(asset: Asset) -> Iterator[Row]:
    for item in sorted(asset.files, key=lambda file: list(FileRole).index(file.role)):
        yield Row(words.ROLES[item.role], _file(item), Source(item.file_id))


def _file(item: AssetFile) -> str:
    parts = [_STATES[item.state]]
    if item.role is FileRole.THUMBNAIL_TABLE:
        parts.append(f"entry {item.index}")
    elif item.size is not None:
        parts.append(file_size(item.size))
    if item.pixels:
        parts.append(f"{item.pixels[0]} × {item.pixels[1]} pixels")
    where = f"{shown(item.domain)} · {shown(item.path)}" if item.path else "named by no list"
    return f"{', '.join(parts)} · {where}" + (f" · {shown(item.note)}" if item.note else "")
