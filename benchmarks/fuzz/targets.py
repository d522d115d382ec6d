"""Every parser of untrusted bytes as a function of bytes, with the seeds it starts from.

A target may raise the library's own errors where its parser is documented to; anything else is a finding. What
it returns is a short text that tells outcomes apart: an input with a new outcome is worth changing further.
"""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fuzz import seeds
from benchmarks.fuzz.seeds import Data
from recovery.app_data.calls import read_calls
from recovery.app_data.facetime_messages import media_path, read_stored_messages
from recovery.app_data.messages import read_attachments
from recovery.app_data.privacy import read_permissions
from recovery.app_data.settings import FILES, read_settings
from recovery.case.store import WorkingDatabase
from recovery.database import Database
from recovery.errors import RecoveryError
from recovery.extraction.journal import JOURNAL, Journal
from recovery.formats import decoding, frames, makernote
from recovery.formats import property_list as archives
from recovery.formats.mbfile import read_extended_attributes, read_mbfile
from recovery.formats.media import read_media
from recovery.output import Evidence, OutputDirectory
from recovery.photos_db.carved_assets import carve_assets
from recovery.photos_db.changes import model_cache
from recovery.photos_db.changes.asset_changes import read_events
from recovery.photos_db.changes.history import read_history
from recovery.photos_db.changes.journal_assets import read_asset_journals
from recovery.photos_db.changes.migrations import read_migration_journals, read_migrations
from recovery.photos_db.file_attributes import ATTRIBUTE_FACTS, PREFIX, read_attributes
from recovery.photos_db.library import LibraryReader
from recovery.photos_db.thumbnail_tables import decode_entry, read_configuration, read_table
from recovery.provenance import Gap
from recovery.report.messages.gaps import why
from recovery.source import file_keys as keys
from recovery.source import key_bag, manifest
from recovery.source.identity import read_identity

_ENTRIES_DECODED = 3
_STEP = 4_096
_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Target:
    """One parser: its name, where its seeds come from, and one run of it."""

    name: str
    seeds: Callable[[Data], Iterable[bytes]]
    run: Callable[[bytes], str]


def outcome(gaps: Iterable[Gap], *more: object) -> str:
    """A short text of the kinds of gaps, numbers left out, and of what else tells outcomes apart."""
    told = sorted({re.sub(r"[\d,]+|'.*?'", "#", why(gap))[:60] for gap in gaps})
    return " | ".join([*told, *map(str, more)])


# --- property lists, archives, keys ------------------------------------------------------------------------


def _plist(data: bytes) -> str:
    return type(archives.load_plist(data)).__name__


def _archive(data: bytes) -> str:
    return type(archives.unarchive(data)).__name__


def _record(data: bytes) -> str:
    return " ".join(type(value).__name__ for value in read_mbfile(data))


def _identity(data: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("Info.plist", "Manifest.plist", "Status.plist"):
            (Path(folder) / name).write_bytes(data)
        found = read_identity(Path(folder))
    return outcome(found.gaps, found.encrypted, found.device_name is None, found.backup_date is None)


def _key_bag(data: bytes) -> str:
    bag = key_bag.unlock(_few_rounds(data), keys.Passphrase(seeds.PASSPHRASE))
    return f"{len(bag.damaged_classes)} damaged"


def _few_rounds(data: bytes) -> bytes:
    """Round counts that are allowed cost seconds each; only those a real bag could not have stay as they are."""

    def fewer(match: re.Match[bytes]) -> bytes:
        rounds = int.from_bytes(match[2], "big")
        return match[1] + (match[2] if rounds == 0 or rounds > 20_000_000 else b"\0\0\0\1")

    return re.sub(rb"((?:ITER|DPIC)\x00\x00\x00\x04)(....)", fewer, data, flags=re.DOTALL)


def _blob(data: bytes) -> str:
    whole = keys.DecipheredBlob(io.BytesIO(data), b"k" * 32)
    cipher = keys.SequentialCipher(b"k" * 32)
    plain = b"".join(bytes(cipher.update(data[at : at + _STEP])) for at in range(0, len(data), _STEP))
    last, intact = cipher.finish()
    assert intact == whole.intact and plain + last == whole.read(), "the two ways of deciphering differ"
    return str(intact)


def _attributes(data: bytes) -> str:
    names = [PREFIX + fact.key for fact in ATTRIBUTE_FACTS] + [PREFIX + "?", "other"]
    found = read_attributes({name: data[index:] for index, name in enumerate(names)})
    return ",".join(found.undecoded) if found else "none"


def _attribute_list(data: bytes) -> str:
    found = read_extended_attributes(data)
    try:
        general = archives.load_dictionary(data)
    except RecoveryError:  # it reads values of types that nobody asks for as well
        return f"{len(found)}, refused by the general reader"
    assert found == {name: value for name, value in general.items() if isinstance(value, bytes)}
    return str(len(found))


def _settings(data: bytes) -> str:
    readings = [read_settings(file, data) for file in FILES]
    return outcome(gap for reading in readings for gap in reading.gaps)


# --- pictures and movies -------------------------------------------------------------------------------------


def _media(data: bytes) -> str:
    reading = read_media(io.BytesIO(data), len(data), "file")
    (facts,) = reading.records
    known = [name for name in facts.__slots__ if getattr(facts, name) is not None]
    return outcome(reading.gaps, facts.type.code, *known)


def _makernote(data: bytes) -> str:
    try:
        return str(makernote.content_identifier(data) is None)
    except makernote.MakerNoteError as error:
        return str(error)


def _still(data: bytes) -> str:
    image = decoding.still(io.BytesIO(data), len(data), 320)
    return f"{image.mode} {image.width > image.height}"


def _frame(data: bytes) -> str:
    image = decoding.frame(io.BytesIO(data), len(data), 320)
    frames.sharpness(image)
    return image.mode


def _table(data: bytes) -> str:
    shown = []
    for name in ("4031.ithmb", "4132.ithmb", "3319.ithmb", "x.ithmb"):
        for known in (None, {seeds.KNOWN_UUID: 0}):
            table = read_table(name, io.BytesIO(data), len(data), known)
            for entry in table.reading.records[:_ENTRIES_DECODED]:
                try:
                    shown.append(decode_entry(table, entry, io.BytesIO(data)).mode)
                except RecoveryError as error:
                    shown.append(type(error).__name__)
            shown.append(outcome(table.reading.gaps))
    return str(sorted(set(shown)))


def _table_configuration(data: bytes) -> str:
    return str(len(read_configuration(data).formats))


# --- databases and journals ----------------------------------------------------------------------------------


@contextmanager
def _database(data: bytes) -> Iterator[Database]:
    """The bytes as a database file; behind a mark may follow its write-ahead log."""
    main, _, log = data.partition(seeds.LOG_MARK)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.sqlite"
        path.write_bytes(main)
        if log:
            path.with_name("file.sqlite-wal").write_bytes(log)
        with Database(path, "file.sqlite") as database:
            yield database


def _library(data: bytes) -> str:
    with _database(data) as database:
        history = read_history(database)
        migrations = read_migrations(database)
        events = sum(1 for _ in read_events(database))
        reader, store = LibraryReader(database), WorkingDatabase()
        found = store.add_library(reader)
        assets = sum(1 for _ in store.groups())
    gaps = (*found.gaps, *history.gaps, *migrations.gaps)
    return outcome(gaps, assets, bool(events), len(history.deleted), len(migrations))


def _calls(data: bytes) -> str:
    with _database(data) as database:
        return outcome(read_calls(database).gaps)


def _messages(data: bytes) -> str:
    with _database(data) as database:
        return outcome(read_attachments(database).gaps)


def _facetime_messages(data: bytes) -> str:
    with _database(data) as database:
        reading = read_stored_messages(database)
    paths = [media_path("Data Store/store", message) for message in reading]
    assert all(path is None or re.fullmatch(r"Data Store/Assets/[0-9A-F-]+/[0-9A-Za-z.-]+", path) for path in paths)
    return outcome(reading.gaps, len(reading), len(list(filter(None, paths))))


def _privacy(data: bytes) -> str:
    with _database(data) as database:
        return outcome(read_permissions(database).gaps)


def _manifest(data: bytes) -> str:
    with _database(data) as database:
        index = manifest.ManifestIndex(database)
        rows = sum(1 for _ in zip(range(_ROWS), index.file_rows(), strict=False))
        entries = [entry for _, entry in zip(range(_ROWS), index.entries("CameraRollDomain"), strict=False)]
        return f"{rows > 0} {index.count() > 0} {sorted({entry.problem for entry in entries})}"


def _residue(data: bytes) -> str:
    main, _, log = data.partition(seeds.LOG_MARK)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evidence.sqlite"
        path.write_bytes(main)
        if log:
            path.with_name("evidence.sqlite-wal").write_bytes(log)
        with _database(data) as database:
            found = carve_assets(path, database)
    return outcome(found.gaps, len(found) > 0, sorted({str(row.origin) for row in found}))


def _model_cache(data: bytes) -> str:
    found = model_cache.parse_entity(data, "Asset")
    return f"{len(found.tombstones)} {len(found.to_one)} {len(found.attributes)}"


def _journal(data: bytes) -> str:
    assets = read_asset_journals([("journal", io.BytesIO(data))])
    steps = read_migration_journals([("journal", io.BytesIO(data))])
    return outcome((*assets.gaps, *steps.gaps), len(assets), len(steps))


def _output_journal(data: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / JOURNAL).write_bytes(data)
        with (
            OutputDirectory(Path(folder), Evidence()) as directory,
            Journal(directory, "key", replace=True) as journal,
        ):
            return str(len(list(journal)))


TARGETS: tuple[Target, ...] = (
    Target("plist", seeds.plists, _plist),
    Target("keyed-archive", seeds.archives, _archive),
    Target("manifest-record", seeds.records, _record),
    Target("identity", seeds.plists, _identity),
    Target("key-bag", seeds.key_bags, _key_bag),
    Target("blob", seeds.blobs, _blob),
    Target("attributes", seeds.attributes, _attributes),
    Target("attribute-list", seeds.attribute_lists, _attribute_list),
    Target("settings", seeds.settings, _settings),
    Target("media", seeds.media, _media),
    Target("makernote", seeds.makernotes, _makernote),
    Target("still", seeds.stills, _still),
    Target("frame", seeds.movies, _frame),
    Target("thumbnail-table", seeds.tables, _table),
    Target("thumbnail-configuration", seeds.configurations, _table_configuration),
    Target("library", seeds.libraries, _library),
    Target("calls", seeds.calls, _calls),
    Target("messages", seeds.messages, _messages),
    Target("facetime-messages", seeds.message_stores, _facetime_messages),
    Target("privacy", seeds.privacy, _privacy),
    Target("manifest", seeds.manifests, _manifest),
    Target("residue", seeds.libraries, _residue),
    Target("model-cache", seeds.model_caches, _model_cache),
    Target("journal", seeds.journals, _journal),
    Target("output-journal", seeds.output_journals, _output_journal),
)
