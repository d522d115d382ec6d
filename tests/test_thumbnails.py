"""Thumbnail tables written out byte by byte: layouts, owners, damage, configuration and V2 paths."""

from __future__ import annotations

import hashlib
import io
import plistlib
import struct
import sys
import uuid
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery import limits
from recovery.errors import MissingExtraError, RecoveryError, UnreadableArchiveError, UnreadableFileError
from recovery.formats.ithmb_formats import BEST_FIRST, FORMATS, Encoding, entry_length, rank
from recovery.formats.ithmb_layout import _footers
from recovery.photos_db.camera_roll_paths import DOMAIN, MediaPath, MediaPathPart, media_path, v2_path
from recovery.photos_db.thumbnail_tables import (
    EntryState,
    TableLayout,
    ThumbnailTable,
    decode_entry,
    read_configuration,
    read_table,
    solve_layout,
)
from recovery.provenance import Gap, Tier
from recovery.report.messages.gaps import why

ASSETS = [str(uuid.UUID(int=0x11110000_0000_4000_8000_000000000000 + number)).upper() for number in range(40)]
SQUARE_25 = 25 * 32 * 2 + 28  # one entry of 3304 on an iPhone: 25 rows of 32 pixels of 2 bytes, and the footer


def footer(asset: str, width: int, height: int, reserved: int = 0) -> bytes:
    return uuid.UUID(asset).bytes + struct.pack("<IIi", width, height, reserved)


def entry(asset: str, length: int, width: int, height: int) -> bytes:
    return bytes(length - 28) + footer(asset, width, height)


def table(entries: Mapping[int, str], *, slots: int = 64, length: int = SQUARE_25, side: int = 25) -> bytes:
    """A table with the given owners of slots; every other slot was never written."""
    return b"".join(
        entry(entries[slot], length, side, side) if slot in entries else bytes(length) for slot in range(slots)
    )


def read(data: bytes, known: Mapping[str, int | None] | None, name: str = "3304.ithmb") -> ThumbnailTable:
    return read_table(name, io.BytesIO(data), len(data), known)


def states(found: ThumbnailTable) -> dict[int, EntryState]:
    return {one.index: one.state for one in found.reading}


def test_entries_carry_uuid_size_and_place() -> None:
    """A used slot is listed with its index, upper-case UUID, size and offset; empty slots are not listed."""
    data = bytearray(table({0: ASSETS[0]}))
    data[5 * SQUARE_25 : 6 * SQUARE_25] = entry(ASSETS[1], SQUARE_25, 25, 19)
    found = read(bytes(data), {ASSETS[0]: 0, ASSETS[1]: 5})
    assert [(e.index, e.uuid, e.width, e.height, e.offset) for e in found.reading] == [
        (0, ASSETS[0], 25, 25, 0),
        (5, ASSETS[1], 25, 19, 5 * 1628),
    ]
    assert (found.slots, found.reading.gaps) == (64, ())


@given(st.integers(0, 9_000), st.integers(28, 5_000), st.integers(0, 12))
def test_footers_are_the_last_bytes_of_entries(size: int, length: int, slots: int) -> None:
    """Read one by one or many at once, they stand at the ends of the entries that are there."""
    data = hashlib.shake_128(b"table").digest(size)
    there = [data[end - 28 : end] for end in range(length, min(size, slots * length) + 1, length)]
    assert list(_footers(io.BytesIO(data), length, slots)) == there


def test_a_long_table_is_read_without_a_seam() -> None:
    """Entries that are read many at once join where one reading ends and the next begins."""
    used = {slot: ASSETS[slot % 40] for slot in range(900)}
    found = read(table(used, slots=1_000), None)
    assert {e.index: e.uuid for e in found.reading} == used


@pytest.mark.parametrize(("encoding", "tier"), [(Encoding.X1RGB5, Tier.UNTESTED), (Encoding.BGRA, Tier.DOCUMENTED)])
def test_one_number_two_platforms(encoding: Encoding, tier: Tier) -> None:
    """4031 is recognised with 2 and with 4 bytes a pixel; only what real files have shown is documented."""
    length = entry_length(120, encoding)
    data = table({slot: ASSETS[slot] for slot in range(7)}, length=length, side=120)
    layout = solve_layout("4031.ithmb", io.BytesIO(data), len(data), {ASSETS[3]: 3})
    assert layout == TableLayout(4031, 120, False, encoding, length, tier)


def test_footers_decide_when_both_lengths_divide_the_size() -> None:
    """When the size is a whole number of entries of both lengths, the layout with sensible footers wins."""
    short, long = entry_length(25, Encoding.X1RGB5), entry_length(25, Encoding.BGRA)
    slots = long // 4  # 4 divides both lengths, so this many short entries are as long as short // 4 long ones
    assert slots * short % long == 0
    data = table({slot: ASSETS[slot] for slot in range(9)}, slots=slots)
    found = read(data, None)
    assert found.layout is not None and found.layout.encoding is Encoding.X1RGB5
    assert len(found.reading) == 9


def test_orphans_are_what_no_row_owns() -> None:
    """An entry whose UUID no row has is an orphan, and contested when a live row names its slot."""
    found = read(table(dict(enumerate(ASSETS[:4]))), {ASSETS[0]: 0, ASSETS[1]: 1, ASSETS[9]: 3})
    assert states(found) == {
        0: EntryState.AGREES,
        1: EntryState.AGREES,
        2: EntryState.ORPHAN,
        3: EntryState.CONTESTED,
    }
    assert [one.uuid for one in found.with_state(EntryState.ORPHAN)] == [ASSETS[2]]


def test_second_copies_do_not_refuse_a_table() -> None:
    """A UUID in its own slot and in an older one counts once: the older entry is stale, and the table is kept."""
    found = read(table({0: ASSETS[0], 8: ASSETS[1], 9: ASSETS[1]}), {ASSETS[0]: 0, ASSETS[1]: 9})
    assert states(found) == {0: EntryState.AGREES, 8: EntryState.STALE, 9: EntryState.AGREES}
    assert (found.agreement.live, found.agreement.checked, found.agreement.agreeing) == (3, 2, 2)


@pytest.mark.parametrize("none", [None, -1, 2**63 - 1])
def test_rows_without_a_slot_are_not_compared(none: int | None) -> None:
    """A live row that names no slot neither agrees nor disagrees, and its entry is no orphan."""
    found = read(table({0: ASSETS[0], 4: ASSETS[1]}), {ASSETS[0]: 0, ASSETS[1]: none})
    assert states(found)[4] is EntryState.UNPLACED
    assert found.agreement.checked == 1


@pytest.mark.parametrize(("wrong", "refused"), [(1, False), (2, True)])
def test_a_table_that_disagrees_is_refused(wrong: int, refused: bool) -> None:
    """With 100 live entries one in the wrong slot is accepted and two are not, and the reason has the figures."""
    assets = [str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))).upper() for number in range(100)]
    known = {asset: slot for slot, asset in enumerate(assets)}
    for number in range(wrong):
        known[assets[number]] = 200 + number
    found = read(table(dict(enumerate(assets)), slots=128), known)
    assert (found.layout is None) is refused
    assert len(found.reading) == (0 if refused else 100)
    if refused:
        assert "98 of 100" in why(found.reading.gaps[0]) and found.reading.gaps[0].fault


def test_without_a_library_nothing_is_called_orphan() -> None:
    """When no library could be read, entries are listed as not compared."""
    found = read(table({0: ASSETS[0]}), None)
    assert states(found) == {0: EntryState.UNCOMPARED}


def test_an_empty_table_is_read_and_has_no_entries() -> None:
    """A table of never-written slots is a reading without gaps."""
    found = read(bytes(64 * SQUARE_25), {ASSETS[0]: 0})
    assert found.layout is not None and not found.reading.records and not found.reading.gaps


def test_an_empty_file_is_a_gap() -> None:
    """A file without bytes is no empty table, and says so."""
    assert "empty" in why(read(b"", {}).reading.gaps[0])


def test_pixels_are_no_table() -> None:
    """Bytes of the right size whose footers make no sense are refused with the lengths that were tried."""
    found = read(b"\xa5" * (64 * SQUARE_25), {ASSETS[0]: 0})
    assert found.layout is None and "1628 or 3228" in why(found.reading.gaps[0])


@pytest.mark.parametrize(("cut", "gaps"), [(16, 0), (-16, 1), (700, 1)])
def test_padding_is_no_damage_and_a_cut_is(cut: int, gaps: int) -> None:
    """Cipher padding passes; a table cut in the middle of an entry keeps the others and says so."""
    data = table(dict(enumerate(ASSETS)))
    data = data + bytes(16) if cut == 16 else data[: cut if cut < 0 else len(data) - cut]
    found = read(data, {ASSETS[0]: 0})
    assert len(found.reading) == 40
    assert len(found.reading.gaps) == gaps


def test_a_file_shorter_than_promised_says_where_it_ends() -> None:
    """A stream that ends before the given size gives the entries before its end and a gap."""
    data = table(dict(enumerate(ASSETS)))
    found = read_table("3304.ithmb", io.BytesIO(data[: 10 * SQUARE_25]), len(data), {ASSETS[0]: 0})
    assert len(found.reading) == 10
    assert "10 of 64" in why(found.reading.gaps[0])


def test_damaged_footers_are_counted() -> None:
    """An entry with an impossible picture size is left out and counted, and the reserved word is ignored."""
    data = bytearray(table(dict(enumerate(ASSETS[:4]))))
    data[2 * SQUARE_25 - 12 : 2 * SQUARE_25 - 8] = struct.pack("<I", 26)
    data[3 * SQUARE_25 - 4 : 3 * SQUARE_25] = struct.pack("<i", -7)
    found = read(bytes(data), None)
    assert [one.index for one in found.reading] == [0, 2, 3]
    assert why(found.reading.gaps[0]).startswith("1 entries")


@pytest.mark.parametrize("encoding", [Encoding.X1RGB5, Encoding.BGRA, Encoding.ASTC])
def test_an_unknown_format_is_solved_from_known_uuids(encoding: Encoding) -> None:
    """A number nobody knows is solved from where live UUIDs lie; block encodings stay unknown and say so."""
    length = entry_length(96, encoding)
    owners = {3: ASSETS[3], 4: ASSETS[4], 9: ASSETS[9]}
    data = table(owners, length=length, side=96)
    found = read(data, {asset: slot for slot, asset in enumerate(ASSETS)}, "9999.ithmb")
    raw = encoding is not Encoding.ASTC
    assert found.layout == TableLayout(9999, 96, True, encoding if raw else Encoding.UNKNOWN, length, Tier.UNTESTED)
    assert [one.uuid for one in found.reading] == list(owners.values())
    assert len(found.reading.gaps) == (0 if raw else 1)
    if not raw:
        with pytest.raises(UnreadableFileError):
            decode_entry(found, found.reading.records[0], io.BytesIO(data))


def test_an_unknown_format_without_known_uuids_is_a_gap() -> None:
    """Nothing is guessed when neither the number nor a live UUID tells the length."""
    gap = solve_layout("9999.ithmb", io.BytesIO(table({0: ASSETS[0]})), 64 * SQUARE_25, {ASSETS[7]: 0})
    assert isinstance(gap, Gap) and "unknown" in why(gap)


def test_an_unreadable_file_is_a_gap() -> None:
    """A stream that fails, as a damaged blob does, costs this table and nothing else."""

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise UnreadableFileError("the blob is damaged")

    found = read_table("3304.ithmb", Broken(), 64 * SQUARE_25, None)
    assert found.layout is None and "damaged" in why(found.reading.gaps[0])


def test_only_footers_are_read() -> None:
    """Listing a table of a known format reads 28 bytes of each entry that is longer than a page of the disk."""

    class Counting(io.BytesIO):
        total = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.total += len(data)
            return data

    data = table(dict(enumerate(ASSETS)), slots=48, length=entry_length(120, Encoding.BGRA), side=120)
    stream = Counting(data)
    assert len(read_table("4031.ithmb", stream, len(data), None).entries) == 40
    assert stream.total == 48 * 28


def test_the_number_of_entries_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table with more entries than the limit is read up to it and says so."""
    monkeypatch.setattr(limits, "THUMBNAIL_ENTRIES", 10)
    found = read(table(dict(enumerate(ASSETS))), None)
    assert len(found.reading) == 10 and "only the first 10 of 64" in why(found.reading.gaps[0])


@pytest.mark.parametrize("encoding", [Encoding.ASTC, Encoding.BC7])
def test_without_the_decoder_entries_are_still_listed(monkeypatch: pytest.MonkeyPatch, encoding: Encoding) -> None:
    """A compressed table is listed without the optional package, and its pictures name the extra to install."""
    monkeypatch.setitem(sys.modules, "texture2ddecoder", None)
    name = "4531.ithmb" if encoding is Encoding.ASTC else "4532.ithmb"
    data = table({0: ASSETS[0]}, length=14428, side=120)
    found = read(data, {ASSETS[0]: 0}, name)
    assert found.layout is not None and found.layout.encoding is encoding
    with pytest.raises(MissingExtraError, match=encoding.upper()) as raised:
        decode_entry(found, found.reading.records[0], io.BytesIO(data))
    assert "recover-facetime[thumbnails]" in raised.value.hint


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(["3304.ithmb", "4532.ithmb", "4531.ithmb", "9999.ithmb", "no table", "x/4031.ITHMB"]),
    data=st.binary(max_size=4000) | st.binary(max_size=40).map(lambda part: part * 400),
    claimed=st.none() | st.integers(-5, 10**6),
    known=st.none() | st.dictionaries(st.sampled_from(ASSETS) | st.text(max_size=36), st.none() | st.integers()),
)
def test_any_bytes_give_a_table_or_a_gap(
    name: str, data: bytes, claimed: int | None, known: dict[str, int | None] | None
) -> None:
    """Whatever the bytes, the claimed size and the rows, reading and decoding raise only errors of our own."""
    stream = io.BytesIO(data)
    found = read_table(name, stream, len(data) if claimed is None else claimed, known)
    assert found.layout is not None or found.reading.gaps
    for one in found.reading.records[:5]:
        try:
            assert min(decode_entry(found, one, stream).size) > 0
        except RecoveryError as error:
            assert error.hint


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_planted_table_is_read_back(data: st.DataObject) -> None:
    """Any format, encoding and choice of owners comes back as it was planted, also with random pixels."""
    fmt = data.draw(st.sampled_from([one for one in FORMATS.values() if one.encodings and one.side <= 64]))
    encoding = data.draw(st.sampled_from(fmt.encodings))
    length = entry_length(fmt.side, encoding)
    owners = data.draw(st.dictionaries(st.integers(0, 9), st.sampled_from(ASSETS), min_size=1))
    sides = st.integers(1, fmt.side)
    random = data.draw(st.randoms(use_true_random=False))
    planted = {slot: (owner, data.draw(sides), data.draw(sides)) for slot, owner in owners.items()}
    raw = b"".join(
        random.randbytes(length - 28) + footer(*planted[slot]) if slot in planted else bytes(length)
        for slot in range(10)
    )
    found = read(raw, None, f"Media/PhotoData/Thumbnails/{fmt.format_id}.ithmb")
    assert found.layout is not None
    assert (found.layout.encoding, found.layout.entry_length) == (encoding, length)
    assert {e.index: (e.uuid, e.width, e.height) for e in found.reading} == planted


def test_configuration_with_and_without_a_format_list() -> None:
    """The list of formats is read where there is one; wrong types are left out, not believed."""
    full = {
        "PLThumbnailManagerVersionKey": 31,
        "PLThumbnailManagerThumbnailFormatKey": 5005,
        "PLThumbnailManagerThumbnailFormatsKey": [5005, "4532", True, 4133],
        "PLThumbnailManagerRebuildingTablesOnly": True,
    }
    read_full = read_configuration(plistlib.dumps(full))
    assert (read_full.version, read_full.master_format, read_full.formats) == (31, 5005, (5005, 4133))
    assert read_full.rebuilding
    bare = read_configuration(plistlib.dumps({"PLThumbnailManagerVersionKey": 28}))
    assert (bare.version, bare.master_format, bare.formats, bare.rebuilding) == (28, None, (), False)


@given(st.binary(max_size=600))
def test_a_broken_configuration_raises_our_error(data: bytes) -> None:
    """Bytes that are no property list raise UnreadableArchiveError and nothing else."""
    with pytest.raises(UnreadableArchiveError):
        read_configuration(b"x" + data)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (
            "Media/PhotoData/Thumbnails/V2/DCIM/100APPLE/IMG_0001.HEIC/5003.JPG",
            ("DCIM/100APPLE", "IMG_0001.HEIC", 5003),
        ),
        (
            "Media/PhotoData/Thumbnails/V2/PhotoData/CPLAssets/group1/A.PNG/5005.JPG",
            ("PhotoData/CPLAssets/group1", "A.PNG", 5005),
        ),
        ("Media/PhotoData/Thumbnails/V2/DCIM/100APPLE/IMG_0001.HEIC", None),
        ("Media/PhotoData/Thumbnails/V2/IMG_0001.HEIC/5003.JPG", None),
        ("Media/PhotoData/Thumbnails/V2/DCIM/../IMG_0001.HEIC/5003.JPG", None),
        ("Media/PhotoData/Thumbnails/V2/DCIM//IMG_0001.HEIC/5003.JPG", None),
        ("Media/DCIM/100APPLE/IMG_0001.HEIC/5003.JPG", None),
    ],
)
def test_v2_paths_name_their_asset(path: str, target: tuple[str, str, int] | None) -> None:
    """A V2 JPEG names directory, file and format; other paths, also ones with dots, name no thumbnail."""
    place = media_path(DOMAIN, path)
    if target is None:
        assert place is None or place.part is not MediaPathPart.THUMBNAIL
    else:
        assert place == MediaPath(MediaPathPart.THUMBNAIL, target[0], target[1], format_id=target[2])
        assert v2_path(*target) == path


def test_every_format_has_a_rank() -> None:
    """The order of preference names each known format once, JPEG files before tables, unknown ones last."""
    assert sorted(BEST_FIRST) == sorted(FORMATS)
    jpegs = [number for number in BEST_FIRST if not FORMATS[number].encodings]
    assert list(BEST_FIRST[: len(jpegs)]) == jpegs
    assert BEST_FIRST[:3] == (5005, 5003, 3507)
    assert rank(None) == rank(3308) > max(map(rank, FORMATS))
