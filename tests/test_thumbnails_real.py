"""Thumbnail tables of real macOS libraries and V2 paths of a real iPhone; skipped where those are absent."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from recovery.formats.ithmb_formats import Encoding
from recovery.photos_db.camera_roll_paths import DOMAIN, media_path, v2_path
from recovery.photos_db.thumbnail_tables import (
    EntryState,
    ThumbnailTable,
    decode_entry,
    read_configuration,
    read_table,
)
from recovery.provenance import Tier
from recovery.workspace import Workspace
from tests.figures_thumbnails import figures, known_slots, libraries, markdown, table_files

SHARED = Path(os.environ.get("RECOVER_FACETIME_SHARED", Path(__file__).parents[2] / "shared"))
LIBRARIES = libraries(SHARED)
ALIKE = 12  # one subject in two tables differs by at most 10, two subjects by at least 17
DELETED = "68C4B34C-49C9-4EED-882A-EA0D1BFCB7A2"

real = pytest.mark.skipif(not LIBRARIES, reason="the real libraries are not here (RECOVER_FACETIME_SHARED)")
each_library = pytest.mark.parametrize("library", LIBRARIES, ids=[path.stem for path in LIBRARIES])


def known(library: Path) -> dict[str, int | None]:
    with Workspace() as workspace:
        return known_slots(library, workspace)


def read(path: Path, slots: dict[str, int | None] | None, name: str = "") -> ThumbnailTable:
    with path.open("rb") as stream:
        return read_table(name or path.name, stream, path.stat().st_size, slots)


def pictures(path: Path, table: ThumbnailTable) -> dict[int, Image.Image]:
    """Pictures by slot, on white, as RGB."""
    found = {}
    with path.open("rb") as stream:
        for entry in table.reading:
            picture = decode_entry(table, entry, stream).convert("RGBA")
            white = Image.new("RGBA", picture.size, "white")
            found[entry.index] = Image.alpha_composite(white, picture).convert("RGB")
    return found


def unlike(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures scaled to 16 x 16, in levels of 0..255."""
    small = [picture.resize((16, 16), Image.Resampling.BOX) for picture in (one, other)]
    return sum(ImageStat.Stat(ImageChops.difference(*small)).mean) / 3


def middle(picture: Image.Image) -> Image.Image:
    """The largest square in the middle."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))


@real
@each_library
def test_every_entry_decodes_and_agrees(library: Path) -> None:
    """All tables are documented layouts without gaps, every entry decodes, and every live one is in its slot."""
    pytest.importorskip("texture2ddecoder")
    slots = known(library)
    maps = []
    for path in table_files(library):
        table = read(path, slots)
        assert table.layout is not None and table.layout.tier is Tier.DOCUMENTED and not table.reading.gaps
        assert table.agreement.agreeing == table.agreement.live > 0
        assert len(pictures(path, table)) == len(table.reading)
        maps.append({entry.index: entry.uuid for entry in table.reading})
    assert len(maps) == 3 and maps[0] == maps[1] == maps[2]


@real
@each_library
def test_tables_of_different_size_show_the_same_pictures(library: Path) -> None:
    """Each asset's three thumbnails look alike, the small square being the middle of the large picture."""
    pytest.importorskip("texture2ddecoder")
    slots = known(library)
    by_side: dict[int, dict[int, Image.Image]] = {}
    for path in table_files(library):
        table = read(path, slots)
        assert table.layout is not None
        by_side[table.layout.side] = pictures(path, table)
    assert sorted(by_side) == [32, 64, 120]
    for index, large in by_side[120].items():
        assert unlike(large, by_side[64][index]) < ALIKE
        assert unlike(middle(large), by_side[32][index]) < ALIKE


@real
@each_library
def test_layouts_are_solved_without_number_or_library(library: Path) -> None:
    """A table under a number nobody knows gives the same entries, and so does one read without a library."""
    slots = known(library)
    for path in table_files(library):
        usual, renamed, alone = read(path, slots), read(path, slots, "9999.ithmb"), read(path, None)
        assert renamed.reading.records == usual.reading.records
        assert usual.layout is not None and renamed.layout is not None
        assert renamed.layout.entry_length == usual.layout.entry_length
        bgra = usual.layout.encoding is Encoding.BGRA
        assert renamed.layout.encoding is (Encoding.BGRA if bgra else Encoding.UNKNOWN)
        assert alone.layout == usual.layout
        assert {entry.state for entry in alone.reading} == {EntryState.UNCOMPARED}


@real
def test_a_permanently_deleted_asset_still_has_its_picture() -> None:
    """68C4B34C… has no row any more; its picture is in all three tables at slot 2, and is no neighbour's."""
    pytest.importorskip("texture2ddecoder")
    (library,) = [path for path in LIBRARIES if path.stem.startswith("ExternalAdjustments-14.4.1")]
    slots = known(library)
    assert DELETED not in slots
    for path in table_files(library):
        (orphan,) = read(path, slots).with_state(EntryState.ORPHAN)
        assert (orphan.index, orphan.uuid) == (2, DELETED)
    path = library / "resources" / "derivatives" / "thumbs" / "4532.ithmb"
    found = pictures(path, read(path, slots))
    assert found[2].size == (120, 75)
    assert min(unlike(found[2], found[other]) for other in (0, 1, 3)) > 40
    red, green, blue = found[2].getpixel((100, 60))  # type: ignore[misc]
    assert red > 2 * max(green, blue)  # the red carpet in front of the stand


@real
def test_the_published_figures_are_those_of_the_data() -> None:
    """The table in docs/thumbnails.md is what the command prints today."""
    pytest.importorskip("texture2ddecoder")
    page = (Path(__file__).parents[1] / "docs" / "thumbnails.md").read_text(encoding="utf-8")
    assert markdown(figures(SHARED)) in page


@real
@each_library
def test_real_configurations_list_their_tables(library: Path) -> None:
    """thumbnailConfiguration names the JPEG format, and its list, where there is one, the tables beside it."""
    thumbs = library / "resources" / "derivatives" / "thumbs"
    found = read_configuration((thumbs / "thumbnailConfiguration").read_bytes())
    assert (found.master_format, found.rebuilding) == (5005, False)
    assert found.version in (28, 30, 31)
    assert bool(found.formats) is (found.version >= 30)
    if found.formats:
        assert {number for number in found.formats if number != 5005} == {
            int(path.stem) for path in table_files(library)
        }


def test_v2_paths_of_a_real_iphone_name_their_assets(tmp_path: Path) -> None:
    """Of 64 V2 JPEGs in a real manifest 62 name a file that it lists too; 2 outlived a shared album's files."""
    manifest = SHARED / "data" / "ios-14.3" / "Manifest.db"
    if not manifest.is_file():
        pytest.skip("the real iOS 14.3 manifest is not here (RECOVER_FACETIME_SHARED)")
    copy = tmp_path / "Manifest.db"
    copy.write_bytes(manifest.read_bytes())
    connection = sqlite3.connect(copy)
    rows = connection.execute("SELECT relativePath FROM Files WHERE domain = 'CameraRollDomain'")
    paths = {row[0] for row in rows}
    connection.close()
    targets = {path: media_path(DOMAIN, path) for path in paths if path.endswith("/5003.JPG")}
    assert len(targets) == 64
    alone = []
    for path, target in targets.items():
        assert target is not None and target.format_id == 5003
        assert v2_path(target.directory, target.name, target.format_id) == path
        if f"Media/{target.directory}/{target.name}" not in paths:
            alone.append(target.directory.split("/")[:2])
    assert alone == [["PhotoData", "PhotoCloudSharingData"]] * 2
