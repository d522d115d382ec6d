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
from tests.talking import say


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


def extracted(out: Path) -> dict[str, Path]:
    """The files below the folder of albums, by their path there."""
    return {file.relative_to(out / "Albums").as_posix(): file for file in (out / "Albums").rglob("*") if file.is_file()}


def holiday(folder: Path) -> Path:
    """A Live Photo in an album of the user and a shared one; another that is hidden is in the same albums."""
    builder = SqlBackupBuilder().with_live_photo("IMG_0001").with_live_photo("IMG_0002").hidden()
    return builder.sql(albums((2, "Summer: 2024/5", 0), (1505, "Family", 0), (2, "Old", 1), assets=(1, 2))).build(
        folder
    )


def test_albums_become_folders_of_links(tmp_path: Path) -> None:
    """Both halves, in a folder for each album, under no name that leads out of it; hidden ones in none; verified."""
    backup, out = holiday(tmp_path / "backup"), tmp_path / "out"
    done = say("extract", backup, out, "-q", "--no-report", "--albums")
    assert done.code == 0, done.err
    found = extracted(out)
    assert sorted({path.split("/")[0] for path in found}) == ["Family (shared album)", "Summer_ 2024_5"]
    assert sorted(file.suffix for file in found.values()) == [".HEIC", ".HEIC", ".MOV", ".MOV"]
    for path, file in found.items():
        original = next(each for each in (out / "FaceTime").rglob(path.split("/")[1]))
        assert file.samefile(original)
    assert say("verify", out, backup, "-q").code == 0
    again = say("extract", backup, out, "-q", "--no-report", "--albums")
    assert again.code == 0
    assert extracted(out) == found
    assert say("verify", out, "-q").code == 0


def test_where_the_disk_has_no_links_albums_are_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAT refuses every link; the files are the same, with the same dates, and verified."""

    def refused(*arguments: object, **named: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refused)
    backup, out = holiday(tmp_path / "backup"), tmp_path / "out"
    assert say("extract", backup, out, "-q", "--no-report", "--albums").code == 0
    found = extracted(out)
    assert len(found) == 4
    for path, file in found.items():
        original = next(each for each in (out / "FaceTime").rglob(path.split("/")[1]))
        assert not file.samefile(original)
        assert file.read_bytes() == original.read_bytes()
        assert file.stat().st_mtime == original.stat().st_mtime
    assert say("verify", out, "-q").code == 0


def test_a_file_of_somebody_else_in_an_album_folder_is_kept(tmp_path: Path) -> None:
    """Whatever has the name stays, and the run says that not everything was written."""
    backup, out = holiday(tmp_path / "backup"), tmp_path / "out"
    assert say("extract", backup, out, "-q", "--no-report", "--albums").code == 0
    file = next(iter(extracted(out).values()))
    file.unlink()
    file.write_bytes(b"mine")
    assert say("extract", backup, out, "-q", "--no-report", "--albums").code == 3
    assert file.read_bytes() == b"mine"


def test_without_the_option_there_are_no_album_folders(tmp_path: Path) -> None:
    """And redacted there can be none: their names are left out."""
    backup, out = holiday(tmp_path / "backup"), tmp_path / "out"
    assert say("extract", backup, out, "-q", "--no-report").code == 0
    assert not (out / "Albums").exists()
    assert say("extract", backup, out, "-q", "--albums", "--redact").code == 2
