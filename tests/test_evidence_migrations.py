"""The library's own history: steps of ZMIGRATIONHISTORY, old layouts, damage, and the real libraries."""

from __future__ import annotations

import io
import plistlib
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from evidence_tools import DATA, KNOWN_ANSWERS, built, file_id, real
from hypothesis import given
from hypothesis import strategies as st

from recovery.errors import UnreadableArchiveError
from recovery.photos_db.changes import migrations
from recovery.photos_db.changes.journals import Operation, walk
from recovery.photos_db.changes.migrations import (
    Migration,
    MigrationKind,
    read_migration_journals,
    read_migrations,
)
from recovery.report.messages.gaps import why

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
STAMP = (NOON - datetime(2001, 1, 1, tzinfo=UTC)).total_seconds()

# The columns of a library of model 14204 and those that models up to 19063 have added.
MODEL_14 = """
CREATE TABLE ZMIGRATIONHISTORY (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER,
    ZFORCEREBUILDREASON INTEGER,
    ZINDEX INTEGER, ZMIGRATIONTYPE INTEGER, ZMODELVERSION INTEGER, ZORIGIN INTEGER, ZSOURCEMODELVERSION INTEGER,
    ZMIGRATIONDATE TIMESTAMP, ZOSVERSION VARCHAR, ZSTOREUUID VARCHAR, ZGLOBALKEYVALUES BLOB);
"""
MODEL_19 = MODEL_14.replace(
    "ZGLOBALKEYVALUES BLOB",
    "ZFRAMEWORKUUID VARCHAR, ZINITIALSYNCDATE TIMESTAMP, ZHARDWAREMODEL VARCHAR, ZDEVICEUNIQUEID VARCHAR,"
    " ZCPLENABLED INTEGER, ZGLOBALKEYVALUES BLOB",
)
INSERT = (
    "INSERT INTO ZMIGRATIONHISTORY (Z_PK, ZINDEX, ZMIGRATIONDATE, ZMIGRATIONTYPE, ZSOURCEMODELVERSION,"
    " ZMODELVERSION, ZOSVERSION, ZFORCEREBUILDREASON, ZSTOREUUID, ZGLOBALKEYVALUES) VALUES (?,?,?,?,?,?,?,?,?,?)"
)
LIBRARIES = {
    "ExternalAdjustments-14.4.1": 2, "Test-10.16.0": 5, "Test-12.0.1": 7, "Test-13.0.0": 9, "Test-14.6.0": 11,
    "Test-15.4.1": 10, "Test-16.0.0-beta": 1,
}  # fmt: skip
BEFORE_THE_TABLE = ("Test-10.15.7", "Test-Cloud-10.15.1", "Test-Faces-10.15.7", "Test-Movie-5_0")


def archive(values: dict[str, float]) -> bytes:
    """Key values as Photos archives them: a keyed archive of a dictionary of dates."""
    objects: list[object] = ["$null", {"NS.keys": [], "NS.objects": [], "$class": plistlib.UID(2)}]
    objects.append({"$classname": "NSDictionary", "$classes": ["NSDictionary", "NSObject"]})
    top = objects[1]
    assert isinstance(top, dict)
    for key, seconds in values.items():
        top["NS.keys"].append(plistlib.UID(len(objects)))
        objects.append(key)
        top["NS.objects"].append(plistlib.UID(len(objects)))
        objects.append({"NS.time": seconds})
    whole = {
        "$archiver": "NSKeyedArchiver",
        "$version": 100000,
        "$top": {"root": plistlib.UID(1)},
        "$objects": objects,
    }
    return plistlib.dumps(whole, fmt=plistlib.FMT_BINARY)


def step(number: int, index: object, kind: object = 2, **changed: object) -> tuple[str, tuple[object, ...]]:
    values: dict[str, object] = {
        "date": STAMP, "kind": kind, "source": 15323, "model": 16320, "build": "20C65", "reason": None,
        "store": "S", "values": None,
    }  # fmt: skip
    values |= changed
    return INSERT, (number, index, *values.values())


def test_locations_give_the_file_ids_of_the_real_backup() -> None:
    """Domain and paths of the journals hash to the file IDs that a real iOS 14.3 manifest lists."""
    assert [file_id(migrations.JOURNAL_DOMAIN, path) for path in migrations.JOURNALS] == [
        "e31555c7f75a7edfd282efcd1a532a739d6c5aaa",
        "e3f8a26449a3b2e3356f42998493a49ed5a71303",
    ]
    assert set(migrations.HIDES) <= KNOWN_ANSWERS


@pytest.mark.parametrize("layout", [MODEL_14, MODEL_19])
def test_steps_come_in_the_order_the_library_counts(tmp_path: Path, layout: str) -> None:
    """Rows out of order are ordered by index; kind, models, build and time are read; nothing is a gap."""
    rows = (step(1, 1), step(2, 0, 3, source=None, build="19A602"))
    with built(tmp_path, layout, *rows) as database:
        reading = read_migrations(database)
    created, updated = reading
    assert reading.gaps == ()
    assert (created.kind, created.from_model, created.os_build) == (MigrationKind.CREATED, None, "19A602")
    assert (updated.kind, updated.kind_code, updated.at) == (MigrationKind.UPDATED, 2, NOON)
    assert (updated.from_model, updated.to_model, updated.rebuild_reason) == (15323, 16320, None)
    assert str(updated.source) == "built.db ZMIGRATIONHISTORY row 1"


def test_a_rebuild_shows_its_reason_and_its_end(tmp_path: Path) -> None:
    """The stored reason stays a number, and the end of the rebuild comes out of the archived key values."""
    values = archive({"RebuildCompleteDate": STAMP + 60, "ImportedFileSystemAssetsDate": STAMP})
    with built(tmp_path, MODEL_14, step(1, 0, 3, reason=7, values=values)) as database:
        (found,) = read_migrations(database)
    assert found.rebuild_reason == 7
    assert found.rebuild_completed == NOON.replace(minute=1)


@pytest.mark.parametrize(
    ("script", "named"),
    [("CREATE TABLE ZASSET (Z_PK)", "ZMIGRATIONHISTORY"),
     ("CREATE TABLE ZMIGRATIONHISTORY (ZINDEX, ZMIGRATIONTYPE)", "ZMIGRATIONDATE")],
)  # fmt: skip
def test_an_unknown_layout_hides_rebuilds_and_updates(tmp_path: Path, script: str, named: str) -> None:
    """A missing table or column is named in a gap and is never "the library was not rebuilt"."""
    with built(tmp_path, script) as database:
        reading = read_migrations(database)
    (gap,) = reading.gaps
    assert (len(reading), gap.hides, gap.fault) == (0, ("library_rebuilt", "ios_update"), False)
    assert named in why(gap)


def test_hostile_cells_are_unknown_and_said(tmp_path: Path) -> None:
    """A date that is none and key values that are no archive are gaps; the step stays with what it has."""
    odd = step(1, b"\x00", "three", date="soon", model=2**62, build=b"\xff", values=b"bplist00junk")
    with built(tmp_path, MODEL_14, odd, step(2, 1, 99)) as database:
        reading = read_migrations(database)
    damaged, other = reading
    assert (damaged.at, damaged.kind, damaged.index, damaged.rebuild_completed) == (
        None,
        MigrationKind.UNKNOWN,
        None,
        None,
    )
    assert (other.kind, other.kind_code) == (MigrationKind.UNKNOWN, 99)
    assert {gap.part for gap in reading.gaps} == {"migrationDate", "globalKeyValues"}
    assert all(gap.fault for gap in reading.gaps)


@pytest.mark.parametrize(("name", "count"), LIBRARIES.items())
def test_the_real_libraries_tell_an_unbroken_history(tmp_path: Path, name: str, count: int) -> None:
    """Every step starts from the model the step before reached, in the order of time, after one creation."""
    with real(tmp_path, f"photos/{name}.photoslibrary/database/Photos.sqlite") as database:
        reading = read_migrations(database)
    steps = reading.records
    assert (len(steps), reading.gaps) == (count, ())
    assert [found.index for found in steps] == list(range(count))
    assert [found.kind for found in steps] == [MigrationKind.CREATED] + [MigrationKind.UPDATED] * (count - 1)
    assert [found.from_model for found in steps] == [None, *(found.to_model for found in steps[:-1])]
    times = [found.at for found in steps if found.at is not None]
    assert len(times) == count and times == sorted(times)
    assert all(found.rebuild_reason is None for found in steps)


@pytest.mark.parametrize("name", BEFORE_THE_TABLE)
def test_older_libraries_have_no_such_history(tmp_path: Path, name: str) -> None:
    """Libraries before model 14000 have no such table, which is a gap and no fault."""
    with real(tmp_path, f"photos/{name}.photoslibrary/database/Photos.sqlite") as database:
        reading = read_migrations(database)
    assert [gap.fault for gap in reading.gaps] == [False]


def framed(key: bytes, payload: bytes, operation: int = 0, checksum: int | None = None) -> bytes:
    """A journal record written out: fields 1 operation, 3 key, 4 version, 5 length, 6 checksum."""

    def varint(value: int) -> bytes:
        low = bytearray()
        while value > 0x7F:
            low.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes((*low, value))

    header = b"\x08" + varint(operation) + b"\x1a" + varint(len(key)) + key + b"\x20\x01"
    if payload:
        crc = zlib.crc32(payload) if checksum is None else checksum
        header += b"\x28" + varint(len(payload)) + b"\x30" + varint(crc)
    return b"\x40\xaa\xbb" + len(header).to_bytes(2, "big") + header + payload


def payload(model: int, **changed: object) -> bytes:
    values: dict[str, object] = {
        "migrationDate": NOON.replace(tzinfo=None),
        "migrationType": 2,
        "modelVersion": model,
    }
    return plistlib.dumps(values | changed, fmt=plistlib.FMT_BINARY)


def journals(*contents: bytes) -> list[tuple[str, io.BytesIO]]:
    return [(f"{number}.plj", io.BytesIO(content)) for number, content in enumerate(contents)]


def test_the_change_journal_goes_over_the_snapshot() -> None:
    """An update goes over a step key by key, an insertion adds one, a deletion takes one away."""
    snapshot = framed(b"0", payload(1)) + framed(b"1", payload(2)) + framed(b"10", payload(3))
    changed = plistlib.dumps({"modelVersion": 22}, fmt=plistlib.FMT_BINARY)
    change = framed(b"1", changed, 1) + framed(b"2", payload(4)) + framed(b"0", b"", 2) + framed(b"10", b"", 1)
    reading = read_migration_journals(journals(snapshot, change))
    assert [(found.index, found.to_model) for found in reading] == [(1, 22), (2, 4), (10, 3)]
    assert {found.at for found in reading} == {NOON}
    assert [str(found.source) for found in reading] == [
        "1.plj record row 0",
        "1.plj record row 1",
        "1.plj record row 3",
    ]
    assert reading.gaps == ()


@pytest.mark.parametrize(
    "damage",
    [framed(b"1", payload(2))[:-1], b"junk!", framed(b"1", payload(2), checksum=1), framed(b"1", b"no plist"),
     b"\x40\0\0\0\x02\x28\x80", b"\x40\0\0\0\x06\x28\xff\xff\xff\xff\x0f",
     b"\x40\0\0\0\x03\x1a\x7fa", b"\x40\0\0\0\x02\x09\x01"],
)  # fmt: skip
def test_a_damaged_journal_keeps_what_came_before(damage: bytes) -> None:
    """Cut, foreign, wrongly summed and endless records are faults that hide the rebuilds, not the steps before."""
    reading = read_migration_journals(journals(framed(b"0", payload(1)) + damage))
    assert [found.to_model for found in reading] == [1]
    (gap,) = reading.gaps
    assert (gap.fault, gap.hides) == (True, ("library_rebuilt", "ios_update"))


@given(data=st.binary(max_size=120), at=st.integers(0, 200))
def test_any_bytes_walk_to_an_end(data: bytes, at: int) -> None:
    """Random bytes, alone or written over a good journal, yield records or our own error."""
    good = framed(b"0", payload(1)) + framed(b"1", payload(2))
    for candidate in (data, good[:at] + data + good[at + len(data) :]):
        seen = 0
        try:
            for record in walk(io.BytesIO(candidate)):
                seen += len(record.payload)
        except UnreadableArchiveError:
            pass
        assert seen <= len(candidate)


def told(found: Migration) -> tuple[object, ...]:
    """What table and journal both tell, the time to the millisecond."""
    at = round(found.at.timestamp(), 3) if found.at else None
    return (found.index, at, found.kind_code, found.from_model, found.to_model, found.os_build, found.store_uuid,
            found.hardware_model)  # fmt: skip


@pytest.mark.parametrize("name", LIBRARIES)
def test_journals_and_tables_of_real_libraries_agree(tmp_path: Path, name: str) -> None:
    """The journals, an independent record of the same steps, tell every step of the table alike."""
    with real(tmp_path, f"photos/{name}.photoslibrary/database/Photos.sqlite") as database:
        table = read_migrations(database)
    folder = DATA / "photos" / f"{name}.photoslibrary" / "resources" / "journals"
    paths = [folder / path.rsplit("/", 1)[1] for path in migrations.JOURNALS]
    reading = read_migration_journals([(path.name, io.BytesIO(path.read_bytes())) for path in paths if path.exists()])
    assert reading.gaps == ()
    assert [told(found) for found in reading] == [told(found) for found in table]


def test_every_real_journal_walks_to_its_end() -> None:
    """Every journal of the real libraries, of assets and all else, has whole frames and true checksums."""
    paths = sorted((DATA / "photos").glob("*/resources/journals/*.plj"))
    if not paths:
        pytest.skip("the real libraries are not here")
    records = [record for path in paths for record in walk(io.BytesIO(path.read_bytes()))]
    assert len(records) > 1_000
    assert all(record.intact for record in records)
    assert {record.operation for record in records} <= set(Operation) - {Operation.UNKNOWN}
    assert all(record.payload for record in records if record.operation is Operation.INSERTED)
    assert not any(record.payload for record in records if record.operation is Operation.DELETED)


@pytest.mark.parametrize("cut", [1, 10])
def test_a_journal_cut_short_says_so(cut: int) -> None:
    """An interrupted write ends in the middle of a record's payload or header, and is called that."""
    whole = framed(b"0", b"p" * 5)
    with pytest.raises(UnreadableArchiveError, match="ends in the middle of record 0"):
        list(walk(io.BytesIO(whole[:-cut])))
    assert len(list(walk(io.BytesIO(whole)))) == 1
