"""Print how real data was read, against independent software: `python -m tests.figures_real_data SHARED`."""

from __future__ import annotations

import csv
import json
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from recovery import limits
from recovery.case.facetime_evidence import inside_traces
from recovery.case.pairing import Half, LivePhotoPair, pair
from recovery.database import open_file_copy
from recovery.formats.media import MediaFacts, read_media
from recovery.formats.signatures import MediaType
from recovery.photos_db.camera_roll_paths import DOMAIN, ROOT, stem
from recovery.photos_db.codes import NO_PLACE, SubtypeCode, TrashedState
from recovery.photos_db.facetime_signals import Camera, Judgement, Verdict, judge
from recovery.photos_db.file_attributes import PREFIX, read_attributes
from recovery.photos_db.library import AssetRow
from recovery.source.manifest import EntryKind, ManifestEntry, ManifestIndex
from recovery.workspace import Workspace
from tests.library_tools import WholeLibrary as PhotoLibrary
from tests.library_tools import read_library

FIRST_WITH_BUNDLE = 15_000
"""osxphotos does not report the importing program of libraries with an older model."""
SAME_MILLISECOND = 0.001
UNNAMED = "_UNKNOWN_"
"""osxphotos lists faces without a name so; they are no person here."""
Facts = dict[str, Any]


def libraries(shared: Path) -> list[Path]:
    """The real libraries below the shared folder."""
    return sorted((shared / "data" / "photos").glob("*.photoslibrary"))


def read(library: Path, workspace: Workspace) -> PhotoLibrary:
    """One library, from a copy with its log."""
    with open_file_copy(library / "database" / "Photos.sqlite", workspace) as database:
        return read_library(database)


def expected(library: Path) -> dict[str, Facts]:
    """What osxphotos says of each asset, its list of the trash included, by UUID."""
    found: dict[str, Facts] = {}
    for suffix in ("", "--deleted"):
        path = library.parent / "expected" / f"{library.name}{suffix}.json"
        found |= {item["uuid"]: item for item in json.loads(path.read_text("utf-8"))}
    return found


def _composed(text: str | None) -> str | None:
    """One Unicode form: Core Data keeps decomposed names, osxphotos composes them."""
    return unicodedata.normalize("NFC", text) if text else None


def _words(words: tuple[str, ...] | list[str]) -> list[str | None]:
    return sorted((_composed(word) for word in words if word != UNNAMED), key=str)


def _same_moment(ours: datetime | None, theirs: str | None) -> bool:
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return abs((ours - datetime.fromisoformat(theirs)).total_seconds()) < SAME_MILLISECOND


def _same_creation(ours: datetime | None, theirs: str) -> bool:
    """osxphotos gives 1970 for an asset whose creation date is NULL."""
    return _same_moment(ours, None if theirs.startswith("1970-01-01T00:00:00") else theirs)


def _albums(library: PhotoLibrary, row: AssetRow) -> tuple[str, ...]:
    """Both kinds of albums: osxphotos lists shared ones too."""
    return (*library.albums.get(row.pk, ()), *library.shared_albums.get(row.pk, ()))


Comparison = Callable[[PhotoLibrary, AssetRow, Facts], bool]
FIELDS: dict[str, Comparison] = {
    "trashed": lambda _, row, x: (row.trashed_state == TrashedState.RECENTLY_DELETED) is x["intrash"],
    "hidden": lambda _, row, x: row.hidden is x["hidden"],
    "favorite": lambda _, row, x: row.favorite is x["favorite"],
    "created": lambda _, row, x: _same_creation(row.created, x["date"]),
    "added": lambda _, row, x: _same_moment(row.added, x["date_added"]),
    "trashed at": lambda _, row, x: _same_moment(row.trashed_at, x["date_trashed"]),
    "original name": lambda _, row, x: _composed(row.original_filename) == _composed(x["original_filename"]),
    "live": lambda _, row, x: (row.kind_subtype == SubtypeCode.LIVE_PHOTO) is x["live_photo"],
    "importer": lambda _, row, x: row.creator_bundle == x["imported_by"][1],
    "pixels": lambda _, row, x: (row.width, row.height) == (x["width"], x["height"]),
    "place": lambda _, row, x: (None if row.latitude == NO_PLACE else row.latitude) == x["latitude"],
    "title": lambda _, row, x: _composed(row.title) == _composed(x["title"]),
    "caption": lambda _, row, x: _composed(row.caption) == _composed(x["description"]),
    "keywords": lambda lib, row, x: _words(lib.keywords.get(row.pk, ())) == _words(x["keywords"]),
    "albums": lambda lib, row, x: _words(_albums(lib, row)) == _words(x["albums"]),
    "persons": lambda lib, row, x: _words(lib.persons.get(row.pk, ())) == _words(x["persons"]),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One library held against osxphotos: for each field the UUIDs that agree and those that do not."""

    name: str
    model_version: int | None
    ours: int
    both: int
    only_theirs: tuple[str, ...]
    agreeing: dict[str, int]
    disagreeing: dict[str, list[str]]


def compare(library: Path, workspace: Workspace) -> Compared:
    """Compare every asset that both list, field by field."""
    opened, theirs = read(library, workspace), expected(library)
    rows = {row.uuid: row for row in opened.assets if row.uuid}
    shared = sorted(set(rows) & set(theirs))
    old = (opened.model_version or 0) < FIRST_WITH_BUNDLE
    agreeing: dict[str, int] = {}
    disagreeing: dict[str, list[str]] = {}
    for name, same in FIELDS.items():
        if name == "importer" and old:
            continue
        wrong = [uuid for uuid in shared if not same(opened, rows[uuid], theirs[uuid])]
        agreeing[name] = len(shared) - len(wrong)
        if wrong:
            disagreeing[name] = wrong
    only = tuple(sorted(set(theirs) - set(rows)))
    name = library.name.removesuffix(".photoslibrary")
    return Compared(name, opened.model_version, len(rows), len(shared), only, agreeing, disagreeing)


def manifest_entries(shared: Path, workspace: Workspace) -> list[ManifestEntry]:
    """The camera roll of the real iOS 14.3 manifest."""
    with open_file_copy(shared / "data" / "ios-14.3" / "Manifest.db", workspace) as database:
        return list(ManifestIndex(database).entries(DOMAIN))


@dataclass(frozen=True, slots=True)
class AttributeFigures:
    """What the attributes of a real manifest gave."""

    rows: int
    files: int
    described: int
    """Files whose attributes name an asset."""
    values: int
    undecoded: int
    with_bundle: int
    with_original_name: int


def attribute_figures(shared: Path, workspace: Workspace) -> AttributeFigures:
    """Count the attributes of the iOS 14.3 camera roll."""
    entries = manifest_entries(shared, workspace)
    files = [entry for entry in entries if entry.kind is EntryKind.FILE and entry.relative_path.startswith(ROOT)]
    told = [(entry, read_attributes(entry.attributes)) for entry in files]
    read_ones = [found for _, found in told if found and found.uuid]
    assets = [entry for entry, found in told if found and found.uuid]
    values = sum(name.startswith(PREFIX) for entry in assets for name in entry.attributes)
    return AttributeFigures(
        rows=len(entries),
        files=len(files),
        described=len(read_ones),
        values=values,
        undecoded=sum(len(found.undecoded) for found in read_ones),
        with_bundle=sum(found.creator_bundle is not None for found in read_ones),
        with_original_name=sum(found.original_filename is not None for found in read_ones),
    )


def live_halves(shared: Path) -> tuple[list[Half[str]], list[Half[str]]]:
    """Stills and movies of the real Live Photos, with the identifiers that stand inside them."""
    stills: list[Half[str]] = []
    movies: list[Half[str]] = []
    for path in sorted((shared / "data" / "live-photos").rglob("*.*")):
        with path.open("rb") as stream:
            facts = next(iter(read_media(stream, path.stat().st_size, path.name)), None)
        half = Half(
            f"{path.parent.name}/{path.name}",
            path.parent.name,
            stem(path.name),
            facts.content_identifier if facts else None,
        )
        (movies if path.suffix.lower() == ".mov" else stills).append(half)
    return stills, movies


def live_pairs(shared: Path) -> tuple[LivePhotoPair[str], ...]:
    """The real Live Photos as pairing joins them, their names not looked at."""
    stills, movies = live_halves(shared)
    return pair(
        [Half(half.key, "", half.key, half.identifier) for half in stills],
        [Half(half.key, "", half.key, half.identifier) for half in movies],
    )


def observed_stills(shared: Path) -> list[dict[str, str]]:
    """The technical tags of genuine FaceTime stills, one row each; `-` is an absent value."""
    with (shared / "facetime-stills-observed.tsv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def judged_still(still: dict[str, str]) -> Judgement:
    """What the rules say of a still by its tags alone, without name, row and program."""
    make, model, lens, comment = (
        still[name] if still[name] != "-" else None for name in ("make", "model", "lens", "user_comment")
    )
    facts = MediaFacts(MediaType.JPEG, make=make, model=model, lens_model=lens, user_comment=comment)
    return judge(inside_traces([("a still", facts)]))


def _still_rows(shared: Path) -> Iterator[tuple[str, ...]]:
    stills = observed_stills(shared)
    judged = [judged_still(still) for still in stills]
    cameras = Counter(found.photographed.camera for found in judged if found.photographed.device)
    verdicts = Counter(found.verdict for found in judged)
    formats = Counter(still["type"] for still in stills)
    yield f"of {len(stills)} stills", "count"
    for name, number in formats.most_common():
        yield f"are {name}", str(number)
    signs = {"embedded_marker": "UserComment `FaceTime Photo`", "lens_model": "LensModel that is a sign"}
    for code, text in signs.items():
        yield text, str(sum(any(item.rule.code == code for item in found.fired) for found in judged))
    yield "of these `… front FaceTime camera`", str(cameras[Camera.FRONT])
    yield "of these `… back FaceTime camera`", str(cameras[Camera.BACK])
    yield "of these only the model of a Mac", str(cameras[None])
    yield "content identifier in Apple's MakerNote", str(sum(still["has_content_id"] == "yes" for still in stills))
    yield "a date in EXIF", str(sum(still["exif_year"] != "-" for still in stills))
    yield "Software in EXIF", str(sum(still["software"] not in ("-", "Google") for still in stills))
    sides = [max(map(int, still["size"].split("x"))) for still in stills]
    yield (
        f"long side at most {limits.FACETIME_LONG_SIDE:,} pixels",
        str(sum(side <= limits.FACETIME_LONG_SIDE for side in sides)),
    )
    yield "a place (GPS)", str(sum(still["gps"] != "-" for still in stills))
    for verdict in (Verdict.CERTAIN, Verdict.PROBABLE, Verdict.NO):
        yield f"judged *{verdict}* by these tags alone", str(verdicts[verdict])


def _table(rows: Iterator[tuple[str, ...]]) -> str:
    head, *body = rows
    lines = [head, tuple(["---"] * len(head)), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _library_rows(shared: Path, workspace: Workspace) -> Iterator[tuple[str, ...]]:
    yield "library", "model version", "assets", "compared", *FIELDS
    sums = dict.fromkeys(FIELDS, 0)
    assets = both = 0
    for path in libraries(shared):
        found = compare(path, workspace)
        assets, both = assets + found.ours, both + found.both
        cells = []
        for name in FIELDS:
            sums[name] += found.agreeing.get(name, 0)
            cells.append(str(found.agreeing.get(name, "–")))
        yield found.name, str(found.model_version), str(found.ours), str(found.both), *cells
    yield "all", "", str(assets), str(both), *map(str, sums.values())


def _attribute_rows(shared: Path, workspace: Workspace) -> Iterator[tuple[str, ...]]:
    found = attribute_figures(shared, workspace)
    yield "what", "count"
    yield "rows of the camera roll", str(found.rows)
    yield "files among them", str(found.files)
    yield "files whose attributes name an asset", str(found.described)
    yield "their values", str(found.values)
    yield "values that could not be decoded", str(found.undecoded)
    yield "files that name the program that saved them", str(found.with_bundle)
    yield "files that name their original file name", str(found.with_original_name)


def _pair_rows(shared: Path) -> Iterator[tuple[str, ...]]:
    stills, movies = live_halves(shared)
    pairs = {item.movie: item for item in live_pairs(shared)}
    paired = {item.still for item in pairs.values()}
    yield "movie", "identifier", "still"
    for movie in movies:
        found = pairs.get(movie.key)
        yield movie.key, (movie.identifier or "–")[:8], found.still if found else "none here: half a Live Photo"
    for still in stills:
        if still.key not in paired:
            yield "none here: half a Live Photo", (still.identifier or "–")[:8], still.key


def markdown(shared: Path) -> str:
    """The tables of docs/real-data.md."""
    with Workspace() as workspace:
        return "\n".join(
            (
                _table(_library_rows(shared, workspace)),
                _table(_attribute_rows(shared, workspace)),
                _table(_pair_rows(shared)),
                _table(_still_rows(shared / "data")),
            )
        )


if __name__ == "__main__":
    sys.stdout.write(markdown(Path(sys.argv[1])))
