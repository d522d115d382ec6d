"""Checks this program on a real backup, and prints nothing personal: `python -m benchmarks.check_real BACKUP`.

Everything is run once: scan, diagnosis, timeline, report, extraction of all photos, verification. The report holds
counts, versions, codes and seconds; no names, people, places, paths, identifiers, dates or words of the backup.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib
import importlib.metadata
import io
import platform
import re
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, redirect_stderr, redirect_stdout
from enum import IntEnum
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from msgspec import structs

from cli.passphrase import given
from recovery import limits, open_backup
from recovery.analysis.model import Findings, Totals
from recovery.api import Backup
from recovery.case import Case, gather
from recovery.errors import RecoveryError
from recovery.extraction.selected_files import Selection
from recovery.extraction.verification import Verification, verify
from recovery.photos_db import codes, library
from recovery.photos_db.camera_roll_paths import DOMAIN
from recovery.report.inventory import THIS_TOOL
from recovery.source import backup_view
from recovery.source.backup_view import BackupView
from recovery.source.blobs import BlobState
from recovery.source.file_keys import Passphrase
from recovery.source.manifest import EntryKind
from recovery.workspace import Workspace

T = TypeVar("T")
Line = tuple[str, object]
_MOST_FILES = 2_000
"""Files of the camera roll that are compared with another tool, byte for byte."""
_MOST_VALUES = 40
_SHAPES = (
    re.compile(r"\d{1,3}(\.\d{1,3}){0,3}"),  # a version of iOS
    re.compile(r"\d{2}[A-Z]\d{1,5}[a-z]?"),  # a build
    re.compile(r"(iPhone|iPad|iPod)\d{1,3},\d{1,3}"),  # a model
)
Known = type[IntEnum] | Mapping[int, object] | tuple[int, ...]
_KNOWN: Mapping[str, Known] = {
    "asset.kind": codes.KindCode,
    "asset.kind_subtype": codes.SubtypeCode,
    "asset.trashed_state": codes.TRASHED,
    "asset.imported_by": codes.IMPORTED_BY,
    "asset.saved_asset_type": codes.SavedAssetType,
    "asset.cloud_state": codes.CloudState,
    "asset.cloud_master_state": codes.CloudState,
    "resource.subtype": codes.ResourceSubtype,
    "resource.local": codes.Availability,
    "resource.remote": codes.Availability,
    "resource.cloud_state": codes.CloudState,
}
"""Columns of codes in the working database, and the values that this program knows."""
_KNOWN_ATTRIBUTES: Mapping[str, Known] = {
    "saved_asset_type": codes.SavedAssetType,
    "imported_by": codes.IMPORTED_BY,
    "trashed": codes.TRASHED,
    "hidden": (0, 1),
    "favorite": (0, 1),
}
"""The same of the attributes that the phone keeps on each file."""


def stated(text: str | None) -> str:
    """A text of the backup, if it has the shape of a version, build or model; any other is not repeated."""
    if text is None:
        return "not stated"
    return text if any(shape.fullmatch(text) for shape in _SHAPES) else "of another shape"


class Report:
    """Prints sections as they come; a step that fails tells the kind of its error and never its words."""

    def __init__(self, write: Callable[[str], object] = sys.stdout.write) -> None:
        self._write = write
        self.failed = False

    def section(self, title: str, lines: Iterable[Line]) -> None:
        """Print a heading and its lines."""
        self._write(f"\n## {title}\n\n")
        for name, value in lines:
            self._write(f"- {name}: {value}\n")

    def step(
        self, title: str, work: Callable[[], T], lines: Callable[[T], Iterable[Line]], *, foreign: bool = False
    ) -> T | None:
        """Do a step, and print how long it took and what came out; a `foreign` one may fail for its own reasons."""
        started = time.perf_counter()
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):  # other programs print names
                result = work()
            seconds = time.perf_counter() - started
            told = list(lines(result))
        except Exception as error:  # noqa: BLE001 - whatever fails in one step, the others are still told
            self.failed |= not foreign
            self.section(title, [("cannot read it" if foreign else "failed with", type(error).__name__)])
            return None
        self.section(title, [("seconds", f"{seconds:.1f}"), *told])
        return result

    def holds(self, name: str, truth: bool) -> Line:
        """A line that should say yes."""
        self.failed |= not truth
        return name, "yes" if truth else "NO"


def counted(name: str, items: Iterable[object]) -> Iterator[Line]:
    """How often each of these codes of our own occurs."""
    for item, count in sorted(Counter(map(str, items)).items()):
        yield f"{name} {item}", count


class Fingerprint(NamedTuple):
    """Name, size, mode and time of change of every file of a folder, and the bytes of those at its top, hashed."""

    files: int
    digest: str


def fingerprint(folder: Path) -> Fingerprint:
    """What must be the same before and after."""
    found, count = hashlib.sha256(), 0
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        found.update(repr((str(path), state.st_size, state.st_mode, state.st_mtime_ns)).encode(errors="replace"))
        if path.is_file() and not path.is_symlink():
            count += 1
            if path.parent == folder:
                with path.open("rb") as file:
                    found.update(hashlib.file_digest(file, "sha256").digest())
    return Fingerprint(count, found.hexdigest())


def check(folder: Path, passphrase: Passphrase | None, report: Report, scratch: Path, ileapp: Path | None) -> None:
    """Run everything on one backup and print what came out."""
    before = fingerprint(folder)
    opened = report.step("Open", lambda: open_backup(folder, passphrase, temp_folder=scratch), _identity)
    if opened is not None:
        with opened as backup:
            extracted = _run(backup, report, scratch)
        with Workspace(scratch) as workspace, backup_view.open_backup(folder, workspace, passphrase) as view:
            if extracted:
                report.step(
                    "Verification", lambda: verify(scratch / "out", view), lambda found: _verified(found, report)
                )
            case = report.step("Codes", lambda: gather(view), lambda found: _codes(found))
            if case is not None:
                _compare(case, view, passphrase, report, workspace, ileapp)
    report.section("Evidence", [("files", before.files), report.holds("untouched", fingerprint(folder) == before)])


def _versions() -> Iterator[Line]:
    yield "version", f"{THIS_TOOL.name} {THIS_TOOL.version}"
    yield "Python", platform.python_version()
    yield "SQLite", sqlite3.sqlite_version
    yield "system", platform.system()


def _identity(backup: Backup) -> Iterator[Line]:
    identity = backup.identity
    yield "model", stated(identity.product_type)
    yield "iOS", stated(identity.ios_version)
    yield "build", stated(identity.build)
    yield "encrypted", backup.encrypted
    yield "finished", identity.complete
    yield "full", identity.full


def _run(backup: Backup, report: Report, scratch: Path) -> bool:
    """Do what the commands do; whether there is an extraction to verify."""
    report.step("Scan", backup.scan, lambda found: _found(found, report))
    report.step(
        "Timeline",
        lambda: backup.timeline(everything=True),
        lambda found: counted("event", (event.code for event in found.events)),
    )
    report.step("Report", lambda: backup.report(scratch / "page.html"), lambda page: ())
    outcomes = report.step(
        "Extraction of everything",
        lambda: backup.extract(scratch / "out", Selection(everything=True)),
        lambda found: counted("file", (outcome.state for outcome in found.files)),
    )
    return outcomes is not None


def _found(findings: Findings, report: Report) -> Iterator[Line]:
    totals = findings.totals
    yield "layout version of the library", findings.backup.photos_model_version
    for name in structs.fields(Totals):
        yield f"total {name.name}", getattr(totals, name.name)
    sums = totals.complete + totals.half + totals.reduced_copy + totals.elsewhere + totals.not_found
    yield report.holds("assets are the sum of their statuses", sums == totals.assets == len(findings.assets))
    yield from ((f"basis {basis}", count) for basis, count in findings.bases)
    verdicts: Counter[str] = Counter()
    signals: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    for asset in findings.assets:
        verdicts[asset.facetime.verdict] += 1
        signals.update({f"{signal.code} ({signal.tier})" for signal in asset.facetime.signals})
        notes.update({note.code for note in asset.notes})
    for what, found in (("verdict", verdicts), ("signal", signals), ("note", notes)):
        yield from ((f"{what} {name}", count) for name, count in sorted(found.items()))
    yield from counted("orphan", (end.code for end in findings.loose_ends))
    yield from counted("message", (message.kind for message in findings.facetime_messages))
    yield from ((f"cause {cause.code}", cause.verdict) for cause in findings.causes)
    yield from counted("gap", (f"{gap.what}: {gap.why}{' (fault)' if gap.fault else ''}" for gap in findings.gaps))


def _verified(found: Verification, report: Report) -> Iterator[Line]:
    yield "files", found.files
    yield "compared with the backup", found.compared_with_backup
    yield from counted("difference", (difference.code for difference in found.differences))
    yield report.holds("no difference", not found.differences)


def _codes(case: Case) -> Iterator[Line]:
    """Every value of every column of codes; whole numbers only."""
    for column, known in _KNOWN.items():
        table, name = column.split(".")
        rows = case.store.run(f"SELECT {name}, count(*) FROM {table} GROUP BY 1 ORDER BY 2 DESC LIMIT {_MOST_VALUES}")
        for value, count in rows:
            if value is not None:
                told = value if isinstance(value, int) else f"a {type(value).__name__}"
                yield f"{column} {told}", _told(count, value, known)
    found: Counter[tuple[str, int]] = Counter()
    for file in case.store.files("attributes IS NOT NULL"):
        for name in _KNOWN_ATTRIBUTES:
            value = getattr(file.attributes, name)
            if isinstance(value, int):
                found[name, value] += 1
    for (name, value), count in sorted(found.items())[:_MOST_VALUES]:
        yield f"file attribute {name} {value}", _told(count, value, _KNOWN_ATTRIBUTES[name])


def _told(count: int, value: object, known: Known) -> str:
    return f"{count}{'' if value in {int(code) for code in known} else ' UNKNOWN'}"


# --- other programs on the same backup -------------------------------------------------------------------


def _compare(
    case: Case,
    view: BackupView,
    passphrase: Passphrase | None,
    report: Report,
    workspace: Workspace,
    ileapp: Path | None,
) -> None:
    if not view.encrypted:
        report.section("iphone-backup-decrypt", [("not asked", "the backup is not encrypted")])
    elif installed := _installed(report, "iphone-backup-decrypt"):
        assert passphrase is not None
        report.step(
            "iphone-backup-decrypt",
            lambda: _deciphered(view, passphrase),
            lambda found: _agreed(found, installed, report),
        )
    database = report.step(
        "Photos.sqlite",
        lambda: view.copy_database(library.DOMAIN, library.DATABASE),
        lambda copy: [("listed", "no" if copy is None else "yes")],
        foreign=True,
    )
    if database is None:
        return
    own = {
        row.uuid: State(bool(row.favorite), bool(row.hidden), row.trashed_state == 1)
        for row in case.store.rows()
        if row.uuid
    }
    report.step(
        "Plain SQL", lambda: _plain_sql(database), lambda theirs: _agreeing(own, theirs, sqlite3.sqlite_version, report)
    )
    if installed := _installed(report, "osxphotos"):
        report.step(
            "osxphotos",
            lambda: _osxphotos(database),
            lambda theirs: _agreeing(own, theirs, installed, report),
            foreign=True,
        )
    if ileapp is None:
        report.section("iLEAPP", [("not asked", "--ileapp names no folder with its source")])
    else:
        report.step(
            "iLEAPP", lambda: list(_ileapp(ileapp, database)), lambda theirs: _listed(own, theirs, report), foreign=True
        )


class State(NamedTuple):
    """What other programs say of a photo too."""

    favorite: bool
    hidden: bool
    trashed: bool


States = Mapping[str, State]


def _installed(report: Report, program: str) -> str:
    """The version of a program, "" and a line that says so where it is not installed."""
    try:
        return importlib.metadata.version(program)
    except importlib.metadata.PackageNotFoundError:
        report.section(program, [("not asked", "it is not installed")])
        return ""


def _deciphered(view: BackupView, passphrase: Passphrase) -> Counter[str]:
    """How many files of the camera roll iphone-backup-decrypt deciphers to the same bytes."""
    tool = importlib.import_module("iphone_backup_decrypt")
    theirs = tool.EncryptedBackup(backup_directory=str(view.identity.folder), passphrase=passphrase.reveal())
    found: Counter[str] = Counter()
    files = (entry for entry in view.index.entries(DOMAIN) if entry.kind is EntryKind.FILE)
    for entry in islice(files, _MOST_FILES):
        if not entry.size or view.examine(entry).state is not BlobState.PRESENT:
            found["not compared: empty, missing or damaged"] += 1
            continue
        with view.open(entry) as stream:
            own = hashlib.sha256()
            while piece := stream.read(limits.CIPHER_CHUNK_BYTES):
                own.update(piece)
        other = theirs.extract_file_as_bytes(entry.relative_path, domain_like=entry.domain)
        found["same" if hashlib.sha256(other).digest() == own.digest() else "different"] += 1
    return found


def _agreed(found: Counter[str], version: str, report: Report) -> Iterator[Line]:
    yield "version", version
    yield from ((f"files {what}", count) for what, count in sorted(found.items()))
    yield report.holds("every file that was compared is the same", not found["different"])


def _plain_sql(database: Path) -> States:
    """The states by a query of the sqlite3 module alone."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        table = next(name for name in ("ZASSET", "ZGENERICASSET") if name in tables)
        rows = connection.execute(
            f"SELECT ZUUID, ZFAVORITE, ZHIDDEN, ZTRASHEDSTATE FROM {table} WHERE ZUUID IS NOT NULL"
        )
        return {uuid: State(favorite == 1, hidden == 1, trashed == 1) for uuid, favorite, hidden, trashed in rows}


def _osxphotos(database: Path) -> States:
    """The states as osxphotos tells them, the trash included."""
    library = importlib.import_module("osxphotos").PhotosDB(dbfile=str(database))
    photos = [*library.photos(intrash=False), *library.photos(intrash=True)]
    return {photo.uuid: State(bool(photo.favorite), bool(photo.hidden), bool(photo.intrash)) for photo in photos}


def _agreeing(own: States, theirs: States, version: str, report: Report) -> Iterator[Line]:
    """How far the states agree; a program may leave photos out, but not know others."""
    yield "version", version
    yield "photos of theirs", len(theirs)
    yield "photos of ours", len(own)
    yield "in both", len(own.keys() & theirs.keys())
    for field in State._fields:
        differ = sum(getattr(own[uuid], field) != getattr(theirs[uuid], field) for uuid in own.keys() & theirs.keys())
        yield report.holds(f"{field} agrees{f', apart from {differ}' if differ else ''}", not differ)
    yield report.holds("none is theirs alone", theirs.keys() <= own.keys())


def _ileapp(source: Path, database: Path) -> Iterator[set[str]]:
    """The UUIDs that each of iLEAPP's queries of photos gives which suits this library; its code is not run."""
    text = (source / "scripts" / "artifacts" / "Ph1BasicAssetData.py").read_text("utf-8")
    queries = dict.fromkeys(
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lstrip().startswith("SELECT")
    )
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        for query in queries:
            try:
                cursor = connection.execute(query)
            except sqlite3.OperationalError:  # of another version of iOS
                continue
            names = [column[0] for column in cursor.description]
            place = next((number for number, name in enumerate(names) if name.startswith("zAsset-UUID")), None)
            if place is not None:
                yield {row[place] for row in cursor if row[place]}


def _listed(own: States, theirs: list[set[str]], report: Report) -> Iterator[Line]:
    yield "queries that suit this library", len(theirs)
    for number, found in enumerate(theirs, 1):
        yield f"photos of query {number}", len(found)
        yield report.holds(f"the same photos as here ({number})", found == own.keys())


def main(arguments: list[str] | None = None) -> int:
    """Check one backup; 0 when everything ran and agreed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check_real", description=__doc__)
    parser.add_argument("backup", type=Path, help="the folder of the backup")
    parser.add_argument("--passphrase-file", help="a file that holds the passphrase of an encrypted backup")
    parser.add_argument("--ileapp", type=Path, help="a folder with the source of iLEAPP, to run its queries too")
    parser.add_argument("--temp-folder", type=Path, help="where the extraction is written, as large as all photos")
    given_arguments = parser.parse_args(arguments)
    report = Report(sys.stdout.write)
    try:
        passphrase = given(given_arguments.passphrase_file)
    except RecoveryError as error:
        parser.error(str(error))
    with tempfile.TemporaryDirectory(prefix="check-real-", dir=given_arguments.temp_folder) as scratch:
        report.section("Program", _versions())
        folder, ileapp = given_arguments.backup.resolve(), given_arguments.ileapp
        report.step("Everything", lambda: check(folder, passphrase, report, Path(scratch), ileapp), lambda _: ())
    report.section("Result", [("everything ran and agreed", "NO" if report.failed else "yes")])
    return int(report.failed)


if __name__ == "__main__":
    sys.exit(main())
