"""Leave out of findings what tells of people: places, names, titles, albums, numbers, the device's name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from recovery.analysis.model import (
    Asset,
    AssetFile,
    BackupFacts,
    Cause,
    FaceTimeMessage,
    FileRole,
    Findings,
    Orphan,
    Signal,
)
from recovery.analysis.reasons import Note
from recovery.analysis.statements import Deleted, IosUpdates, NotRead, PermanentlyDeleted, ScreenCaptures, Statement
from recovery.photos_db.camera_roll_paths import SENT_COPIES
from recovery.photos_db.facetime_names import is_facetime_name
from recovery.progress import SILENT, Progress, counted
from recovery.provenance import Gap, Source

LEFT_OUT = "(left out)"
MESSAGES_FOLDER = "Library/SMS/Attachments/"
# A telephone number with its country, or an address of mail: how calls and messages name people.
_HANDLE = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+|\+\d(?:[ ()./-]?\d){5,}")
# Backup folders are called as the device's identifier, which the record needs; another name may tell of somebody.
_UDID = re.compile(r"[0-9A-Fa-f-]{25,40}(?:-\d{8}-\d{6})?")
# Shorter words stand inside others, and these stand in every text.
_SHORTEST = 3
_COMMON = frozenset({"facetime", "facetime photo", "iphone", "ipad", "photo", "photos", "messages", "live photo"})
_FIELDS = (
    "latitude",
    "longitude",
    "timezone",
    "title",
    "caption",
    "keywords",
    "albums",
    "shared_albums",
    "deleted_albums",
    "persons",
)


def redact(findings: Findings, progress: Progress = SILENT) -> Findings:
    """The same findings without places, names of people and of the device, numbers, titles, captions, keywords,
    albums, senders and recipients of FaceTime messages, and original names that are not FaceTime's.

    What stays: dates, the offset of the zone, sizes, identifiers, programs, names the phone gave in the camera
    roll. Texts are searched for everything that was left out. A pure function; applied twice it changes nothing.
    """
    words = _Words(_private(findings, progress))
    return findings.changed(
        backup=_backup(findings.backup),
        assets=findings.assets.changed(_asset),
        loose_ends=tuple(_loose_end(end, words) for end in findings.loose_ends),
        causes=tuple(_cause(cause, words) for cause in findings.causes),
        gaps=tuple(_gap(gap, words) for gap in findings.gaps),
        summary=tuple(_statement(item, words) for item in findings.summary),
        facetime_messages=tuple(_message(message, words) for message in findings.facetime_messages),
        search=LEFT_OUT if findings.search else findings.search,
    )


class _Words:
    """Texts that may not appear anywhere, the longest first."""

    def __init__(self, words: Iterable[str]) -> None:
        telling = {word for word in words if len(word) >= _SHORTEST and word.casefold() not in _COMMON}
        self._words = sorted(telling, key=lambda word: (-len(word), word))

    def without(self, text: str) -> str:
        """The text with each of them, and every number or address of a person, replaced."""
        for word in self._words:
            if word in text:
                text = text.replace(word, LEFT_OUT)
        return _HANDLE.sub(LEFT_OUT, text)


def _private(findings: Findings, progress: Progress) -> Iterator[str]:
    backup = findings.backup
    yield from (value for value in (backup.device_name, backup.serial_number) if value)
    for asset in counted(findings.assets, progress, "Looking for what is private", len(findings.assets), " photos"):
        yield from _words_of(asset)
    for message in findings.facetime_messages:
        yield from (name for name in (message.sender, message.recipient) if name)


def _words_of(asset: Asset) -> Iterator[str]:
    yield from (value for value in (asset.title, asset.caption) if value)
    yield from (*asset.keywords, *asset.albums, *asset.shared_albums, *asset.deleted_albums, *asset.persons)
    kept = _names(asset)
    yield from (name for name in (asset.original_filename, asset.filename) if name and name not in kept)
    for file in asset.files:
        if file.path != _path(file.path) or (file.role in SENT_COPIES and not _kept(file.name)):
            yield file.name


def _names(asset: Asset) -> tuple[str | None, str | None]:
    """The file's name and the original one, as far as they tell of nobody.

    The phone named the file, unless Messages alone knows it, under the name it was sent; the original name may be
    somebody's words, unless it is FaceTime's or the same.
    """
    sent = {file.role for file in asset.files} == {FileRole.MESSAGES_COPY}
    filename, original = asset.filename, asset.original_filename
    if filename and sent and not _kept(filename):
        filename = None
    if original and original != filename and not _kept(original):
        original = None
    return filename, original


def _kept(name: str) -> bool:
    return is_facetime_name(name) or name.startswith(LEFT_OUT)


def _backup(backup: BackupFacts) -> BackupFacts:
    folder = re.split(r"[/\\]", backup.path)[-1]
    return backup.changed(path=folder if _UDID.fullmatch(folder) else LEFT_OUT, device_name=None, serial_number=None)


def _asset(asset: Asset) -> Asset:
    # Only this asset's own words are looked for in its notes: a library has many.
    own = _Words(_words_of(asset))
    left_out = {*_FIELDS}
    filename, original = _names(asset)
    left_out |= {name for name, kept in (("filename", filename), ("original_filename", original)) if kept is None}
    return asset.changed(
        filename=filename,
        original_filename=original,
        latitude=None,
        longitude=None,
        timezone=None,
        title=None,
        caption=None,
        keywords=(),
        albums=(),
        shared_albums=(),
        deleted_albums=(),
        persons=(),
        facetime=asset.facetime.changed(signals=tuple(_signal(item, own) for item in asset.facetime.signals)),
        files=tuple(_file(file, own) for file in asset.files),
        notes=tuple(_note(note, own) for note in asset.notes),
        sources={name: _source(source) for name, source in asset.sources.items() if name not in left_out},
    )


def _message(message: FaceTimeMessage, words: _Words) -> FaceTimeMessage:
    return message.changed(
        sender=LEFT_OUT if message.sender else None,
        recipient=LEFT_OUT if message.recipient else None,
        provider=words.without(message.provider) if message.provider else None,
        files=tuple(file.changed(note=words.without(file.note)) for file in message.files),
        notes=tuple(_note(note, words) for note in message.notes),
    )


def _note(note: Note, words: _Words) -> Note:
    return note.changed(
        stored=words.without(note.stored) if isinstance(note.stored, str) else note.stored,
        person=LEFT_OUT if note.person else None,
        file=words.without(note.file) if note.file else None,
        file_note=words.without(note.file_note),
    )


def _signal(signal: Signal, words: _Words) -> Signal:
    return signal.changed(value=words.without(signal.value), source=_source(signal.source))


def _source(source: Source) -> Source:
    return source.changed(store=_path(source.store))


def _file(file: AssetFile, words: _Words) -> AssetFile:
    return file.changed(path=_path(file.path), note=words.without(file.note))


def _path(path: str) -> str:
    """A path without the name under which a picture was sent."""
    folder, _, name = path.rpartition("/")
    if not path.startswith(MESSAGES_FOLDER) or _kept(name):
        return path
    extension = name.rpartition(".")[2]
    return f"{folder}/{LEFT_OUT}" + (f".{extension}" if extension != name and extension.isalnum() else "")


def _loose_end(end: Orphan, words: _Words) -> Orphan:
    path = _path(end.path) if end.path else end.path
    guess = words.without(end.guess) if end.guess else end.guess
    return end.changed(path=path, guess=guess, source=_source(end.source))


def _cause(cause: Cause, words: _Words) -> Cause:
    return cause.changed(
        says=tuple(_statement(item, words) for item in cause.says),
        sources=tuple(map(_source, cause.sources)),
    )


def _statement(stated: Statement, words: _Words) -> Statement:
    """Only reasons of deletions, names of captures and the words of gaps are texts of the backup, all else figures."""
    match stated:
        case PermanentlyDeleted():
            return stated.changed(reasons=tuple(_deleted(item, words) for item in stated.reasons))
        case NotRead():
            return stated.changed(gaps=tuple(_gap(gap, words) for gap in stated.gaps))
        case ScreenCaptures():
            return stated.changed(names=tuple(map(words.without, stated.names)))
        case IosUpdates() if stated.ios_version:
            return stated.changed(ios_version=words.without(stated.ios_version))
    return stated


def _deleted(deleted: Deleted, words: _Words) -> Deleted:
    stored = words.without(deleted.stored) if deleted.stored else None
    return deleted.changed(stored=stored, client=words.without(deleted.client) if deleted.client else None)


def _gap(gap: Gap, words: _Words) -> Gap:
    values = tuple(words.without(value) if isinstance(value, str) else value for value in gap.values)
    return gap.changed(where=_path(words.without(gap.where)), values=values)
