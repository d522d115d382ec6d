"""Proves that a change leaves findings as they were: `python -m benchmarks.same_findings record|compare FOLDER`.

`record` makes backups of every kind below FOLDER, scans them with the program of the current directory and keeps
the answers; `compare` scans the same backups again and says what differs. Both sides run the command line alone,
so `record` also works in a checkout of an old version (copy this file into it).
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import content
from benchmarks.shapes import PASSPHRASE, Shape
from benchmarks.synthetic import build as build_synthetic
from fixtures import BackupBuilder, layouts
from fixtures.stories import BACKUP_DATE, STORIES, demo
from fixtures.twins import newer, older

SHARED = Path("../shared/data")
_SECRET = "pässword of Ann"
_WAYS: dict[str, tuple[str, ...]] = {
    "all": ("--all", "--json"),
    "facetime": ("--facetime", "--json"),
    "redacted": ("--json", "--redact"),
    "search": ("--from-date", "2024-05-05", "--json"),
    "text": ("--all",),
}
_FEW = ("all", "facetime", "redacted")
_CAMERA = "CameraRollDomain"
_LIBRARY = "Media/PhotoData/Photos.sqlite"


@dataclass(frozen=True, slots=True)
class Sample:
    """One backup, its passphrase, and the ways in which it is scanned."""

    name: str
    folder: Path
    passphrase: str | None = None
    ways: tuple[str, ...] = _FEW


def samples(root: Path) -> Iterator[Sample]:
    """Every backup; those that are not there yet are made."""
    builders: dict[str, BackupBuilder] = {f"demo {name}": demo(name) for name in layouts.names()}
    builders |= {"older twin": older(), "newer twin": newer(), "nothing": BackupBuilder()}
    builders |= {"no library": demo().without_photos_database(), "no manifest": demo().without_manifest_db()}
    for story in STORIES:
        alone = BackupBuilder(backup_date=BACKUP_DATE)
        story.plant(alone)
        builders[f"story {story.name}"] = alone
    for name, builder in builders.items():
        many = name.startswith("demo")
        for secret in (None,) if name == "no manifest" else (None, _SECRET):
            place = root / "built" / name / ("encrypted" if secret else "plain")
            if not place.exists():
                builder.build(_new(place), secret)
            yield Sample(f"{name}, {place.name}", next(place.iterdir()), secret, tuple(_WAYS) if many else _FEW)
    for library in sorted((SHARED / "photos").glob("*.photoslibrary")):
        for placed in (False, True):
            name = f"{library.stem}{', placed' if placed else ''}"
            place = root / "built" / name
            if not place.exists():
                _of_library(library, placed, root).build(_new(place))
            yield Sample(name, next(place.iterdir()), None, tuple(_WAYS))
    if SHARED.exists():
        yield Sample("ios-14.3", (SHARED / "ios-14.3").resolve(), None, tuple(_WAYS))
    for encrypted in (False, True):
        shape = Shape(20_000, 100_000, encrypted=encrypted, linked=True)
        secret = PASSPHRASE if encrypted else None
        yield Sample(shape.name, build_synthetic(root / "synthetic", shape), secret)


def _new(place: Path) -> Path:
    place.mkdir(parents=True)
    return place


def _of_library(library: Path, placed: bool, root: Path) -> BackupBuilder:
    """A phone's backup with a real library of a Mac; `placed` puts a picture where most of its rows point to."""
    backup = BackupBuilder(backup_date=datetime(2025, 1, 1, tzinfo=UTC)).without_photos_database()
    database = library / "database" / "Photos.sqlite"
    log = Path(f"{database}-wal")
    if placed:
        copy = Path(shutil.copy(database, root / "copy.sqlite"))
        if log.exists():
            shutil.copy(log, f"{copy}-wal")
        _place(copy, backup)
        backup.with_file(_CAMERA, _LIBRARY, copy.read_bytes())
        copy.unlink()
    else:
        backup.with_file(_CAMERA, _LIBRARY, database.read_bytes())
        if log.exists():
            backup.with_file(_CAMERA, f"{_LIBRARY}-wal", log.read_bytes())
    for table in sorted(library.glob("resources/derivatives/thumbs/*.ithmb")):
        backup.with_file(_CAMERA, f"Media/PhotoData/Thumbnails/{table.name}", table.read_bytes())
    for journal in sorted(library.glob("resources/journals/*.plj")):
        backup.with_file(_CAMERA, f"Media/PhotoData/Journals/{journal.name}", journal.read_bytes())
    return backup


def _place(database: Path, backup: BackupBuilder) -> None:
    """Write the library as a phone does, in folders of DCIM, with files for five of six rows."""
    pool = content.pool((), 0, None)
    with closing(sqlite3.connect(database)) as connection, connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        table = "ZASSET" if "ZASSET" in tables else "ZGENERICASSET"
        folder = "'DCIM/10' || (Z_PK % 3) || 'APPLE'"
        connection.execute(f"UPDATE {table} SET ZDIRECTORY = {folder}")
        rows = connection.execute(f"SELECT Z_PK, ZDIRECTORY, ZFILENAME, ZKIND, ZKINDSUBTYPE FROM {table}").fetchall()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    for number, directory, name, kind, subtype in rows:
        path = f"Media/{directory}/{name}"
        if number % 6:
            backup.with_file(_CAMERA, path, pool["mov" if kind == 1 else "jpg"])
        if subtype == 2 and number % 5:
            backup.with_file(_CAMERA, path.rpartition(".")[0] + ".MOV", pool["mov"])
        if number % 4 == 0:
            thumbnail = f"Media/PhotoData/Thumbnails/V2/{directory}/{name}/5005.JPG"
            backup.with_file(_CAMERA, thumbnail, pool["thumb"])


def answer(sample: Sample, way: str) -> str:
    """What the program of the current directory says."""
    from cli.main import _guarded
    from cli.passphrase import VARIABLE

    out, told = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    arguments = ["recover-facetime", "scan", str(sample.folder), "--no-progress", *_WAYS[way]]
    os.environ.pop(VARIABLE, None)
    if sample.passphrase is not None:
        os.environ[VARIABLE] = sample.passphrase
    sys.argv = arguments
    with redirect_stdout(out), redirect_stderr(told):
        code = _guarded()
    for stream in (out, told):
        stream.flush()
    said, answer = (stream.buffer.getvalue().decode() for stream in (told, out))
    return json.dumps([code, said, answer], ensure_ascii=True)


def document(text: str) -> Any:
    """An answer as it is compared: hoisted sources in each asset again, what is of the moment left out."""
    code, told, out = json.loads(text)
    if not out.startswith("{"):
        return code, told, out
    found = json.loads(out)
    found.pop("generated_at", None)
    hoisted = found.pop("field_sources", None)
    for asset in found["assets"]:
        _expand(asset, hoisted)
        for item in asset["files"]:
            item.pop("blank", None)  # version 0.1 and the first of 0.2 did not say it
    for message in found.get("facetime_messages", ()):
        for item in message["files"]:
            item.pop("blank", None)
    return code, told, found


_NAMES = {"creator_bundle": "importer", "media_group_uuid": "live_photo"}
_VALUES = {"live_photo": "content_identifier"}


def _expand(asset: dict[str, Any], hoisted: dict[str, Any] | None) -> None:
    """Sources of fields that have a value, each in full, under the names of the fields."""
    row, sources = asset.pop("row", None), asset["sources"]
    values = {"content_identifier": None, **(asset["live_photo"] or {}), **asset}
    if hoisted is not None and row is not None:
        for name, source in hoisted.items():
            sources.setdefault(name, {**source, "row": row})
    told = {_NAMES.get(name, name): source for name, source in sources.items()}
    asset["sources"] = {
        name: source
        for name, source in told.items()
        # Version 0.1 did not say where an identifier stands that only the file itself states.
        if values.get(_VALUES.get(name, name), "") is not None and source["place"] != "content_identifier"
    }


def differences(one: Any, other: Any, place: str = "") -> Iterator[str]:
    """Where two values differ, for people; at most some of each list."""
    if type(one) is not type(other):
        yield f"{place}: {str(one)[:200]} became {str(other)[:200]}"
    elif isinstance(one, dict):
        for key in sorted({*one, *other}):
            yield from differences(one.get(key, "(absent)"), other.get(key, "(absent)"), f"{place}.{key}")
    elif isinstance(one, list | tuple):
        if len(one) != len(other):
            yield f"{place}: {len(one)} entries became {len(other)}"
        for number, (first, second) in enumerate(zip(one, other, strict=False)):
            yield from differences(first, second, f"{place}[{number}]")
    elif one != other:
        yield f"{place}: {str(one)[:200]!r} became {str(other)[:200]!r}"


def main(arguments: list[str]) -> int:
    """Record or compare; 1 where something differs."""
    mode, root = arguments[0], Path(arguments[1])
    only = arguments[2] if len(arguments) > 2 else ""
    answers = root / "answers"
    answers.mkdir(parents=True, exist_ok=True)
    different = count = 0
    for sample in samples(root):
        for way in sample.ways:
            name = f"{sample.name}, {way}"
            if only not in name:
                continue
            path = answers / f"{name}.json.gz"
            said = answer(sample, way)
            count += 1
            if mode == "record":
                path.write_bytes(gzip.compress(said.encode(), 1))
                continue
            before = document(gzip.decompress(path.read_bytes()).decode())
            found = list(differences(before, document(said)))
            different += bool(found)
            for line in found[:6]:
                print(f"{name}: {line}", flush=True)
    print(f"{count} answers, {different} differ" if mode == "compare" else f"{count} answers recorded")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
