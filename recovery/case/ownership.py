"""Give every media file to one asset, in the working database: by name, as half of a Live Photo, by stem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from recovery.case.pairing import Half, LivePhotoPair, same_identifier, same_stem
from recovery.case.store import WorkingDatabase
from recovery.photos_db.camera_roll_paths import RAW_EXTENSIONS, FileRole, MediaPathPart
from recovery.photos_db.codes import KindCode

# The order of the steps within an asset; files that name their row come first, with 0.
_PAIRED, _SECOND, _SIDECAR, _RENDITION = 1, 2, 3, 4
# Groups without a row are numbered by their first file, in three ranges: originals, sidecars, renditions.
_RANGE = 1 << 40
_EDITED = {
    FileRole.STILL.value: FileRole.EDITED_STILL.value,
    FileRole.VIDEO.value: FileRole.EDITED_VIDEO.value,
    FileRole.ADJUSTMENTS.value: FileRole.ADJUSTMENTS.value,
}
_REST = f"part = '{MediaPathPart.ORIGINAL}' AND owner IS NULL"
_BY_STEM = """(SELECT pk FROM asset WHERE folder = file.folder AND stem = file.stem
               ORDER BY live DESC, pk LIMIT 1)"""
_BY_LEAD = "(SELECT max(place) FROM lead WHERE folder = file.folder AND stem = file.stem)"
_RAW = ", ".join(f"'{ending}'" for ending in sorted(RAW_EXTENSIONS))


def assign_files(store: WorkingDatabase) -> None:
    """Give each file that names no row to one that it belongs to, or to a group without a row; none is lost."""
    _companions(store)
    _pair_movies(store)
    _lone_originals(store)
    _second_originals(store)
    _sidecars(store)
    _renditions(store)


def _companions(store: WorkingDatabase) -> None:
    """Files named IMG_E0001 and IMG_O0001, as Image Capture names them: the edited version of IMG_0001 and notes of it.

    Only beside an IMG_0001 of a row or a file; they are then what an edit leaves in a folder of its own.
    """
    found = list(store.run(f"SELECT id, folder, stem, sort FROM file WHERE {_REST} AND stem GLOB 'img_[eo][0-9]*'"))
    if not found:
        return
    lone = f"SELECT folder, stem FROM file WHERE {_REST} AND sort <> '{FileRole.ADJUSTMENTS}'"
    originals = {(folder, stem) for folder, stem in store.run(lone)}
    of_stem = "SELECT pk FROM asset WHERE folder = ? AND stem = ? ORDER BY live DESC, pk LIMIT 1"
    for number, folder, stem, sort in found:
        original = f"img_{stem[len('img_e') :]}"
        owner = store.value(of_stem, (folder, original))
        if owner is not None or (folder, original) in originals:
            store.change(
                "UPDATE file SET part = ?, role = ?, stem = ?, owner = ?, turn = ? WHERE id = ?",
                (MediaPathPart.EDIT.value, _EDITED[sort], original, owner, _RENDITION, number),
            )


def _pair_movies(store: WorkingDatabase) -> None:
    """Join movies that name no row to stills, of rows or not."""
    if not any(store.run(f"SELECT 1 FROM file WHERE {_REST} AND sort = '{FileRole.VIDEO}' LIMIT 1")):
        return
    store.change(
        f"""INSERT INTO half SELECT 0, 1, pk, coalesce(
              (SELECT CASE WHEN asset.kind IS NULL AND sort = '{FileRole.VIDEO}' THEN NULL ELSE file.identifier END
               FROM file WHERE owner = asset.pk AND turn = 0 AND part = '{MediaPathPart.ORIGINAL}' ORDER BY id LIMIT 1),
              identifier), folder, stem
            FROM asset WHERE (kind IS NOT {KindCode.VIDEO:d} OR live) AND stem IS NOT NULL"""
    )
    for movie, sort in ((0, FileRole.STILL), (1, FileRole.VIDEO)):
        store.change(
            f"""INSERT INTO half SELECT {movie}, 0, id, identifier, folder, stem
                FROM file WHERE {_REST} AND sort = '{sort}'"""
        )
    store.change("CREATE INDEX half_identifier ON half (identifier, movie) WHERE identifier IS NOT NULL")
    store.change("CREATE INDEX half_stem ON half (folder, stem, movie)")
    _join(store, same_identifier, "identifier, NULL", "identifier IN (SELECT identifier FROM half WHERE movie)")
    free = """NOT EXISTS (SELECT 1 FROM pair WHERE CASE WHEN half.movie THEN pair.movie = half.key
                           ELSE pair.own = half.own AND pair.still = half.key END)"""
    _join(
        store,
        same_stem,
        "folder, stem",
        f"(folder, stem) IN (SELECT folder, stem FROM half WHERE movie) AND {free}",
    )
    of_pair = "(SELECT {} FROM pair WHERE movie = file.id)"
    store.change(
        f"""UPDATE file SET role = '{FileRole.PAIRED_VIDEO}', turn = {_PAIRED},
              joined = {of_pair.format("joined")}, matched = {of_pair.format("matched")},
              owner = {of_pair.format("CASE WHEN own THEN still END")},
              place = {of_pair.format("CASE WHEN own THEN NULL ELSE min(still, movie) END")}
            WHERE id IN (SELECT movie FROM pair)"""
    )
    store.change(
        f"""UPDATE file SET role = '{FileRole.STILL}',
              place = (SELECT min(still, movie) FROM pair WHERE own = 0 AND still = file.id)
            WHERE id IN (SELECT still FROM pair WHERE own = 0)"""
    )


_Key = tuple[int, int]
"""Whether a half is a row of the library, and its number there or among the files."""


def _join(
    store: WorkingDatabase,
    join: Callable[[list[Half[_Key]], list[Half[_Key]]], Iterator[LivePhotoPair[_Key]]],
    alike: str,
    where: str,
) -> None:
    """Note the pairs among halves that are alike, each kind of half in its order."""

    def pairs() -> Iterator[tuple[int, int, int, str, bool | None]]:
        found = store.run(
            f"""SELECT {alike}, movie, own, key, identifier, folder, stem FROM half
                WHERE {where} ORDER BY {alike}, movie, own DESC, key"""
        )
        for _, group in groupby(found, lambda row: row[:2]):
            halves: tuple[list[Half[_Key]], list[Half[_Key]]] = [], []
            for _, _, movie, own, key, identifier, folder, stem in group:
                halves[movie].append(Half((own, key), folder, stem, identifier))
            for pair in join(*halves):
                yield pair.movie[1], *pair.still, pair.by.value, pair.identifiers_match

    store.add("INSERT INTO pair VALUES (?, ?, ?, ?, ?)", list(pairs()))


def _lone_originals(store: WorkingDatabase) -> None:
    """Stills and movies that are joined to nothing begin groups of their own."""
    wanted = f"sort IN ('{FileRole.STILL}', '{FileRole.VIDEO}')"
    store.change(f"UPDATE file SET role = sort, place = id WHERE {_REST} AND {wanted} AND place IS NULL")


def _second_originals(store: WorkingDatabase) -> None:
    """RAW beside JPEG, and a file whose extension changed, go to the asset of the same stem."""
    own = f"""SELECT 1 FROM file AS own
              WHERE own.owner = asset.pk AND own.turn = 0 AND own.part = '{MediaPathPart.ORIGINAL}'"""
    role = f"CASE WHEN file.ending IN ({_RAW}) AND asset.ending NOT IN ({_RAW}) THEN '{FileRole.RAW}' END"
    found = store.run(
        f"""SELECT asset.pk, {role}, file.id FROM file JOIN asset ON asset.pk = {_BY_STEM}
            WHERE file.part = '{MediaPathPart.ORIGINAL}' AND file.owner IS NULL AND sort = '{FileRole.STILL}'
              AND NOT EXISTS (SELECT 1 FROM pair WHERE pair.own = 0 AND pair.still = file.id)
              AND (file.ending IN ({_RAW}) OR asset.ending IN ({_RAW}) OR NOT EXISTS ({own}))"""
    )
    store.add(f"UPDATE file SET owner = ?, role = ?, place = NULL, turn = {_SECOND} WHERE id = ?", list(found))


def _sidecars(store: WorkingDatabase) -> None:
    """Adjustments of a row, else of a group, else alone."""
    _note_leads(store)
    store.change(
        f"""UPDATE file SET role = sort, turn = {_SIDECAR}, owner = {_BY_STEM},
              place = coalesce({_BY_LEAD}, {_RANGE} + id)
            WHERE {_REST} AND sort = '{FileRole.ADJUSTMENTS}'"""
    )


def _renditions(store: WorkingDatabase) -> None:
    """Edits and reduced copies of files without a row join them; those of nothing else become a group."""
    _note_leads(store)
    rest = f"owner IS NULL AND part <> '{MediaPathPart.ORIGINAL}'"
    store.change(f"UPDATE file SET turn = {_RENDITION}, place = {_BY_LEAD} WHERE {rest}")
    first = f"""SELECT min(id) FROM file AS alike WHERE alike.owner IS NULL AND alike.place IS NULL
                  AND alike.folder = file.folder AND alike.stem = file.stem
                  AND alike.part <> '{MediaPathPart.ORIGINAL}'"""
    if any(store.run(f"SELECT 1 FROM file WHERE {rest} AND place IS NULL LIMIT 1")):
        store.change(f"CREATE INDEX file_alone ON file (folder, stem, id) WHERE {rest} AND place IS NULL")
        firsts = list(store.run(f"SELECT ({first}) + {2 * _RANGE}, id FROM file WHERE {rest} AND place IS NULL"))
        store.add("UPDATE file SET place = ? WHERE id = ?", firsts)


def _note_leads(store: WorkingDatabase) -> None:
    """The first file of each group so far: the still of a pair, else the only one."""
    store.change(
        f"""INSERT OR IGNORE INTO lead SELECT place, folder, stem FROM file
            WHERE {_REST} AND place IS NOT NULL ORDER BY place, turn, id"""
    )
