"""Albums: the user's own, shared ones, deleted ones; none of the system's helpers; and folders of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from fixtures.sql import Change, SqlBackupBuilder
from recovery.analysis.search import Search
from recovery.workspace import Workspace
from tests.figures_real_data import read
from tests.scanning import named, scan


def albums(*rows: tuple[int, str, int], assets: Iterable[int] = (1,)) -> Change:
    """Albums of kind, title and trashed state, each with these assets in it."""

    def change(connection: sqlite3.Connection) -> None:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name GLOB 'Z_[0-9]*ASSETS'").fetchall()
        for (table,) in tables:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            album = next((name for name in columns if name.endswith("ALBUMS")), None)
            if album is None:
                continue
            asset = next(name for name in columns if name.endswith("ASSETS") and not name.startswith("Z_FOK"))
            for number, (kind, title, trashed) in enumerate(rows, 901):
                connection.execute(
                    "INSERT INTO ZGENERICALBUM (Z_PK, ZKIND, ZTITLE, ZTRASHEDSTATE) VALUES (?, ?, ?, ?)",
                    (number, kind, title, trashed),
                )
                for pk in assets:
                    connection.execute(f"INSERT INTO {table} ({album}, {asset}) VALUES (?, ?)", (number, pk))

    return change


EVERY_KIND = albums(
    (2, "Summer", 0), (2, "Old flat", 1), (1505, "Family", 0), (1505, "Party", 1), (1506, "Import 3 May", 0),
    (1508, "My book", 0), (1509, "+15550100", 0), (1510, "Duplicates", 0), (3571, "progress-sync", 0),
    (3572, "progress-ota-restore", 0), (3573, "progress-fs-import", 0),
)  # fmt: skip


@pytest.mark.parametrize("layout", ["ios12", "13703", "17600", "19063"])
def test_only_albums_of_people_count(tmp_path: Path, layout: str) -> None:
    """Case 07: the user's own, shared and deleted ones apart; helpers of the system are no albums."""
    builder = SqlBackupBuilder(layout=layout).with_photo("IMG_0001").sql(EVERY_KIND)
    found = named(scan(builder.build(tmp_path)), "IMG_0001.HEIC")
    assert found.albums == ("Summer",)
    assert found.shared_albums == ("Family",)
    assert found.deleted_albums == ("Old flat", "Party")


def test_a_search_looks_into_albums_of_every_kind(tmp_path: Path) -> None:
    """Somebody who looks for an album may have forgotten that it was shared, or deleted; helpers are not found."""
    builder = SqlBackupBuilder().with_photo("IMG_0001").sql(EVERY_KIND)
    (found,) = scan(builder.build(tmp_path)).assets
    for title, fits in (("summer", True), ("family", True), ("old flat", True), ("progress", False), ("book", False)):
        assert Search(albums=(title,)).fits(found) is fits, title


def titles_of(albums: Mapping[int, tuple[str, ...]]) -> set[str]:
    """All titles."""
    return {title for names in albums.values() for title in names}


def test_a_real_shared_album_is_no_album_of_the_owner(shared: Path, workspace: Workspace) -> None:
    """It was once told as an ordinary album."""
    library = read(shared / "photos/Test-Cloud-10.15.1.photoslibrary", workspace)
    assert titles_of(library.shared_albums) == {"osxphotos"}
    assert "osxphotos" not in titles_of(library.albums)


def test_real_albums_are_those_of_their_owner(shared: Path, workspace: Workspace) -> None:
    """A real library of macOS 14: neither progress albums nor imports; the deleted one is apart."""
    library = read(shared / "photos/Test-14.6.0.photoslibrary", workspace)
    titles = titles_of(library.albums)
    assert "Pumpkin Farm" in titles
    assert not [title for title in titles if title.startswith(("progress", "Import"))]
