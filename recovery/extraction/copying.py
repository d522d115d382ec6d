"""Copies planned files, bit for bit and hashed on the way, from the backup to their names in the output."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from recovery.analysis.model import FileState
from recovery.clock import is_placeholder
from recovery.errors import BlobMissingError, BlobRefusedError, UnreadableFileError
from recovery.extraction.folder import OutputFolder
from recovery.extraction.journal import Journal
from recovery.extraction.outcomes import Document, DocumentOutcome, Entry, Outcome, OutcomeState
from recovery.extraction.parts import FilePart, flush
from recovery.extraction.plan import PlannedFile
from recovery.extraction.thread_pool import Tick
from recovery.formats.picture_check import PictureCheck, PictureState, check_picture
from recovery.gap_codes import GapReason
from recovery.photos_db.content import ContentCheck, called_picture
from recovery.refusals import TROUBLE_OF_THIS_COMPUTER, reason_of, said_by
from recovery.source.backup_view import BackupView
from recovery.source.blob_reader import BlobReader
from recovery.source.manifest import EntryKind, ManifestEntry

R = TypeVar("R", Outcome, DocumentOutcome)


class Overwrite(StrEnum):
    """What to do where the output already has a file of that name that this backup's journal does not know."""

    NEVER = "never"
    """Leave it, unread."""
    IDENTICAL = "identical"
    """Read it: with the same bytes it counts as written, else it is left."""
    ALWAYS = "always"
    """Replace it."""


@dataclass(frozen=True, slots=True)
class _Ready(Generic[R]):
    """A file whose bytes are in a part, and what becomes of it once it has its name."""

    part: FilePart
    entry: Entry
    outcome: R


@dataclass(frozen=True, slots=True)
class Copier:
    """Everything a copying thread needs; each method is one job and may run in any thread."""

    view: BackupView
    folder: OutputFolder
    journal: Journal
    overwrite: Overwrite
    latest_date: datetime | None = None
    """The latest moment a date in the backup can tell, give or take a day."""
    lets_go: bool = False
    """Whether the system need not keep in its cache what was read and written."""
    check_pictures: bool = False
    """Whether each picture is decoded too; one that cannot be is damaged."""

    def copy(self, files: Sequence[tuple[PlannedFile, ManifestEntry | None]], tick: Tick) -> tuple[Outcome, ...]:
        """Copy some files, flushed together; whatever goes wrong with one becomes its outcome."""
        with ExitStack() as parts:
            copied = [self._copy(planned, source, parts, tick) for planned, source in files]
            self._flush([item for item in copied if isinstance(item, _Ready)])
            return tuple(self._publish(item) if isinstance(item, _Ready) else item for item in copied)

    def _copy(
        self, planned: PlannedFile, source: ManifestEntry | None, parts: ExitStack, tick: Tick
    ) -> Outcome | _Ready[Outcome]:
        earlier = self._earlier(planned, source, tick)
        if earlier is not None:
            return earlier
        if source is None:
            return Outcome(planned, OutcomeState.MISSING, reason="The manifest does not list this file.")
        target = planned.target
        if self.overwrite is Overwrite.NEVER and self.folder.exists(target) and not self._is_ours(target, tick):
            return Outcome(planned, OutcomeState.KEPT, reason="Another file has this name in the output.")
        try:
            with self.view.passage(source) as passage, ExitStack() as own:
                part = own.enter_context(self.folder.part())
                copied = self._write(planned, source, passage, part, tick)
                if self.lets_go:
                    passage.let_go()
                if isinstance(copied, _Ready):  # else the part vanishes now
                    parts.enter_context(own.pop_all())
                return copied
        except BlobMissingError as error:
            return Outcome(planned, OutcomeState.MISSING, reason=str(error))
        except BlobRefusedError as error:
            return Outcome(planned, OutcomeState.UNREADABLE, reason=str(error), refusal=error.reason)
        except UnreadableFileError as error:
            return Outcome(planned, OutcomeState.FAILED, reason=str(error))
        except OSError as error:
            return _not_written(planned, error)
        except MemoryError:
            return Outcome(planned, OutcomeState.FAILED, reason="There is not enough memory for it.")

    def _earlier(self, planned: PlannedFile, source: ManifestEntry | None, tick: Tick) -> Outcome | None:
        """The outcome of an earlier run whose whole file is still there; what was damaged is read again."""
        target = planned.target
        entry = self.journal.get(target)
        if entry is None or entry.file_id != planned.file.file_id:
            return None
        if not self.folder.matches(target, entry.size, entry.sha256, tick):
            return None
        picture = self._picture(target, source, tick)
        if picture is not None and picture.state is PictureState.BROKEN:
            return None
        moment, origin = file_time(planned, source, self.latest_date)
        notes = _notes(source, entry.size)
        return Outcome(
            planned, OutcomeState.WRITTEN, entry, "", moment, origin, unchanged=True, notes=notes, picture=picture
        )

    def _picture(self, target: str, source: ManifestEntry | None, tick: Tick) -> PictureCheck | None:
        """What decoding the picture tells, if that is asked for and it is one."""
        if not self.check_pictures or source is None:
            return None
        try:
            with self.view.open(source) as stream:
                return check_picture(stream, expected=called_picture(target))
        except (OSError, UnreadableFileError) as error:
            return PictureCheck(PictureState.NOT_CHECKED, f"it cannot be read again ({error})")
        finally:
            tick(0)

    def _write(
        self, planned: PlannedFile, source: ManifestEntry, passage: BlobReader, part: FilePart, tick: Tick
    ) -> Outcome | _Ready[Outcome]:
        shared = passage.plain is not None and part.share(passage.plain)
        content = ContentCheck(planned.target)
        for chunk in passage.views():
            content.look_at(chunk)
            if not shared:
                part.write(chunk)
            tick(len(chunk))
        refused = passage.refusal
        whole = refused is None and not (passage.damage or content.problem or _known_damage(planned))
        picture = self._picture(planned.target, source, tick) if whole else None
        if refused is not None:
            state, target = OutcomeState.UNREADABLE, planned.incomplete_target
            reason = f"The system refuses to read it beyond byte {passage.source_size:,} ({said_by(refused)})."
            if not passage.size:
                return Outcome(planned, state, reason=reason, refusal=reason_of(refused))
        elif reason := passage.damage or content.problem or _known_damage(planned) or _broken(picture):
            state, target = OutcomeState.DAMAGED, planned.damaged_target
            if not passage.size:
                return Outcome(planned, OutcomeState.FAILED, reason=f"Nothing of it can be read: {reason}.")
        else:
            state, target = OutcomeState.WRITTEN, planned.target
        if shared and (refused is not None or passage.damage or content.problem):
            part.stream.truncate(passage.size)  # what lies behind bytes that cannot be read is not salvaged
        entry = Entry(
            target,
            passage.size,
            passage.sha256,
            source.file_id,
            planned.file.domain,
            planned.file.path,  # redacted findings leave a personal name out of it
            passage.source_size,
            passage.source_sha256,
            reason,
        )
        moment, origin = file_time(planned, source, self.latest_date)
        notes = () if refused is not None else _notes(source, passage.size)
        refusal = reason_of(refused) if refused is not None else None
        outcome = Outcome(planned, state, entry, reason, moment, origin, notes=notes, picture=picture, refusal=refusal)
        if not self.folder.exists(target) or self.overwrite is Overwrite.ALWAYS:
            return _Ready(part, entry, outcome)
        if self.folder.matches(target, entry.size, entry.sha256, tick):
            self.journal.append(entry)
            return replace(outcome, unchanged=True)
        if self._is_ours(target, tick):
            return _Ready(part, entry, outcome)
        return Outcome(planned, OutcomeState.KEPT, reason="A file with other bytes has this name in the output.")

    def _flush(self, ready: Sequence[_Ready[R]]) -> None:
        """The journal too, before any name: should the run end there, the next one knows whose files it finds."""
        for item in ready:
            try:
                self.journal.append(item.entry)
            except OSError as error:
                item.part.refused = error
        if ready:
            flush([item.part for item in ready], self.journal.fileno(), lets_go=self.lets_go)

    def _publish(self, ready: _Ready[Outcome]) -> Outcome:
        outcome = ready.outcome
        try:
            note = self.folder.publish(ready.part, ready.entry.target, outcome.modified)
            if outcome.state is not OutcomeState.UNREADABLE:
                self._remove_others(outcome.planned, ready.entry.target)
        except OSError as error:
            return _not_written(outcome.planned, error)
        return replace(outcome, notes=(*outcome.notes, note)) if note else outcome

    def _remove_others(self, planned: PlannedFile, target: str) -> None:
        """What an earlier run wrote of a file, read to its end now, under another name. Raises OSError.

        A read error may pass, and a picture may have been found broken since.
        """
        for known in map(self.journal.get, (planned.target, *planned.partial_targets)):
            if known is None or known.target == target or known.file_id != planned.file.file_id:
                continue
            if self.folder.matches(known.target, known.size, known.sha256, lambda size: None):
                self.folder.remove(known.target)

    def documents(self, documents: Sequence[Document], tick: Tick) -> tuple[DocumentOutcome, ...]:
        """Write some pictures, sidecars or records, flushed together."""
        with ExitStack() as parts:
            written = [self._document(document, parts, tick) for document in documents]
            self._flush([item for item in written if isinstance(item, _Ready)])
            return tuple(self._publish_document(item) if isinstance(item, _Ready) else item for item in written)

    def second_name(self, outcome: Outcome, target: str) -> DocumentOutcome:
        """Give a written file a second name: a link, and where the disk has none, a copy checked by its hash."""
        known = outcome.entry
        assert known is not None
        entry = Entry(target, known.size, known.sha256, reason=known.reason)
        written = DocumentOutcome(target, OutcomeState.WRITTEN, entry, modified=outcome.modified)
        try:
            if self.folder.exists(target):
                if self.folder.matches(target, entry.size, entry.sha256, _silent):
                    self.journal.append(entry)
                    return written
                if self.overwrite is not Overwrite.ALWAYS and not self._is_ours(target, _silent):
                    reason = "A file with other bytes has this name in the output."
                    return DocumentOutcome(target, OutcomeState.KEPT, reason=reason)
            else:
                self.journal.append(entry)
                if self.folder.link(known.target, target):
                    return written
            return self._second_copy(known.target, entry, written)
        except OSError as error:
            return DocumentOutcome(target, OutcomeState.FAILED, reason=_refused(error))

    def _second_copy(self, source: str, entry: Entry, written: DocumentOutcome) -> DocumentOutcome:
        digest = hashlib.sha256()
        with self.folder.part() as part:
            for chunk in self.folder.pieces(source):
                digest.update(chunk)
                part.write(chunk)
            if digest.hexdigest() != entry.sha256:
                reason = "The file it is a copy of was changed meanwhile."
                return DocumentOutcome(entry.target, OutcomeState.FAILED, reason=reason)
            ready = _Ready(part, entry, written)
            self._flush([ready])
            return self._publish_document(ready)

    def _document(self, document: Document, parts: ExitStack, tick: Tick) -> DocumentOutcome | _Ready[DocumentOutcome]:
        """One that this program wrote earlier is brought up to date."""
        target, data = document.target, document.data
        entry = Entry(target, len(data), hashlib.sha256(data).hexdigest())
        written = DocumentOutcome(target, OutcomeState.WRITTEN, entry, modified=document.modified)
        try:
            if self.folder.exists(target):
                same = self.folder.matches(target, entry.size, entry.sha256, tick)
                if same:
                    if self.journal.get(target) != entry:
                        self.journal.append(entry)
                    return written
                if self.overwrite is not Overwrite.ALWAYS and not self._is_ours(target, tick):
                    reason = "A file with other bytes has this name in the output."
                    return DocumentOutcome(target, OutcomeState.KEPT, reason=reason)
            part = parts.enter_context(self.folder.part())
            part.write(data)
        except OSError as error:
            return DocumentOutcome(target, OutcomeState.FAILED, reason=_refused(error), refusal=_ours(error))
        return _Ready(part, entry, written)

    def _publish_document(self, ready: _Ready[DocumentOutcome]) -> DocumentOutcome:
        try:
            note = self.folder.publish(ready.part, ready.entry.target, ready.outcome.modified)
        except OSError as error:
            target = ready.entry.target
            return DocumentOutcome(target, OutcomeState.FAILED, reason=_refused(error), refusal=_ours(error))
        return replace(ready.outcome, modified=None, reason=note) if note else ready.outcome

    def _is_ours(self, target: str, tick: Tick) -> bool:
        known = self.journal.get(target)
        if known is None:
            return False
        # A power cut may leave a name without its bytes; nobody else makes our file empty.
        return self.folder.is_empty(target) or self.folder.matches(target, known.size, known.sha256, tick)


def _silent(size: int) -> None:
    """Nobody hears of it."""


def source_of(view: BackupView, domain: str, path: str, file_id: str) -> ManifestEntry | None:
    """The manifest's entry of a file; without domain and path it is a blob that the manifest does not list.

    Where the path is not listed, the file ID finds it: redacted findings leave personal names out of paths.
    """
    if not domain and not path:
        return ManifestEntry(file_id, "", "", EntryKind.FILE)
    return view.index.lookup(domain, path) or view.index.with_id(file_id)


def file_time(
    planned: PlannedFile, source: ManifestEntry | None, latest_date: datetime | None
) -> tuple[datetime | None, str]:
    """The time a file gets, and where it was read; never a placeholder."""
    if planned.modified is not None:
        return planned.modified, "facetime_message.created" if planned.message else "asset.created"
    if source is not None and source.modified is not None and not is_placeholder(source.modified, latest_date):
        return source.modified, "manifest.LastModified"
    return None, ""


def _notes(source: ManifestEntry | None, size: int) -> tuple[str, ...]:
    if source is None or source.size is None or source.size == size:
        return ()
    return (f"The manifest says {source.size} bytes, the blob holds {size}.",)


def _broken(picture: PictureCheck | None) -> str:
    """Why a picture cannot be decoded whole; empty where it can be, or was not tried."""
    return picture.reason if picture is not None and picture.state is PictureState.BROKEN else ""


def _known_damage(planned: PlannedFile) -> str:
    """Why a file whose bytes all came is damaged all the same, "" when it is not."""
    if planned.file.state is not FileState.DAMAGED:
        return ""
    return planned.file.note or "the file is damaged inside"


def _not_written(planned: PlannedFile, error: OSError) -> Outcome:
    """The outcome of a file that the system refused to write: that says nothing of the backup."""
    return Outcome(planned, OutcomeState.FAILED, reason=_refused(error), refusal=_ours(error))


def _ours(error: OSError) -> GapReason | None:
    """What kept this computer from writing, where it is known what to do about it."""
    refusal = reason_of(error)
    return refusal if refusal in TROUBLE_OF_THIS_COMPUTER else None


def _refused(error: OSError) -> str:
    return f"The system refuses to write it ({said_by(error)}); the backup is not at fault."
