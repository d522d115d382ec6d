"""The life of photos in one order: stored dates, the library's history, calls, migrations, messages, backups."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery.analysis.find import find
from recovery.analysis.timeline.building import Timeline, timeline
from recovery.analysis.timeline.event import Event, EventCode
from recovery.app_data.settings import Setting, SettingName
from recovery.case import AssetHistory, Case, gather
from recovery.errors import SelectionError
from recovery.gap_codes import GapSubject
from recovery.photos_db.changes.changed_properties import PROPERTIES, told_changes
from recovery.photos_db.changes.history import ChangeKind, HistoryEvent
from recovery.photos_db.changes.migrations import Migration, MigrationKind
from recovery.provenance import Reading, Source, Tier
from recovery.report.messages.gaps import why
from tests.conftest import DemoTwins
from tests.scanning import case_of, view_of

TAKEN = datetime(2024, 5, 3, 18, 22, 10, 125000, tzinfo=UTC)
TRASHED, DELETED = datetime(2024, 5, 19, 7, 0, tzinfo=UTC), datetime(2024, 5, 20, 7, 15, tzinfo=UTC)


def gathered(folder: Path, passphrase: str | None = None, uuids: tuple[str, ...] = ()) -> Case:
    """A case with the events of its history."""
    with view_of(folder, passphrase) as view:
        case = gather(view, with_events=True, uuids=uuids)
        return replace(case, store=case.store.in_memory())


def told(case: Case, **options: object) -> Timeline:
    """The timeline of a case."""
    return timeline(case, find(case), **options)  # type: ignore[arg-type]


def life(found: Timeline, uuid: str) -> list[Event]:
    """The events of one asset."""
    return [event for event in found.events if event.uuid == uuid]


def codes(events: list[Event]) -> list[str]:
    """What happened, in order."""
    return [event.code.value for event in events]


def test_the_life_of_a_photo_that_was_deleted_for_good(tmp_path: Path) -> None:
    """Added by whom, moved to Recently Deleted, deleted by whom and why: each once, in order of time."""
    builder = BackupBuilder().with_live_photo("IMG_0001").permanently_deleted(DELETED)
    events = life(told(gathered(builder.build(tmp_path))), builder.asset.uuid)
    assert codes(events) == ["added", "trashed", "deleted"]
    assert "FaceTime (com.apple.FTLivePhotoService)" in events[0].text
    assert events[1].at == DELETED - timedelta(days=1)
    assert events[2].at == DELETED
    assert events[2].text == ("permanently deleted by com.apple.mobileslideshow: User deleted asset from trashcan.")
    assert dict(events[2].detail)["client"] == "com.apple.mobileslideshow"


def test_a_stored_date_and_the_change_that_made_it_are_one_event(tmp_path: Path) -> None:
    """Row and history both tell of the addition and of the move; each is told once, and by the history."""
    builder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN).trashed(TRASHED)
    case = gathered(builder.build(tmp_path))
    events = life(told(case), builder.asset.uuid)
    assert codes(events) == ["taken", "added", "trashed"]
    assert [event.source.place for event in events[1:]] == ["ACHANGE", "ACHANGE"]
    without = replace(case, traces=replace(case.traces, life=None))
    assert codes(life(told(without), builder.asset.uuid)) == ["taken", "added", "trashed"]


def test_an_entry_made_long_after_the_photo_was_added_is_an_event_of_its_own(tmp_path: Path) -> None:
    """A rebuilt library makes its rows anew; the photo was added when its own date says."""
    builder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN)
    case = gathered(builder.build(tmp_path))
    assert case.traces.life is not None
    (inserted,) = case.traces.life.events
    late = replace(inserted, at=TAKEN + timedelta(days=9), activity="file_system_import", client=None)
    case = replace(case, traces=replace(case.traces, life=AssetHistory((late,))))
    events = life(told(case), builder.asset.uuid)
    assert codes(events) == ["taken", "added", "entry_made"]
    assert events[2].text == "its entry in the library was made while the library read its folders again"


def update(case: Case, *changed: str, kind: ChangeKind = ChangeKind.UPDATED) -> Case:
    """The case with one update of its first asset in the history instead of all events."""
    uuid = find(case).assets[0].uuid
    event = HistoryEvent(
        1,
        kind,
        DELETED,
        uuid,
        None,
        None,
        "raw context",
        None,
        None,
        None,
        None,
        changed,
        Source("s", "ACHANGE", 7),
    )
    return replace(case, traces=replace(case.traces, life=AssetHistory((event,), 3)))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (("favorite",), ["favorite_changed"]),
        (("hidden", "modificationDate"), ["hidden_changed"]),
        (("adjustmentTimestamp", "hasAdjustments"), ["edited"]),
        (("cloudLocalState",), ["cloud_changed"]),
        (("favorite", "hidden"), ["favorite_changed", "hidden_changed"]),
        (("analysisStateModificationDate",), ["changed"]),
        ((), ["changed"]),
    ],
)
def test_updates_that_people_know_are_told_in_their_words(
    tmp_path: Path, changed: tuple[str, ...], expected: list[str]
) -> None:
    """Favourite, hidden, edited and iCloud by the property's name; anything else is a change, by name if known."""
    builder = BackupBuilder().with_live_photo("IMG_0001")
    case = update(case_of(builder.build(tmp_path)), *changed)
    found = [event for event in life(told(case), builder.asset.uuid) if event.at == DELETED]
    assert codes(found) == expected
    assert all(dict(event.detail)["context"] == "raw context" for event in found)
    assert told(case).left_out == 3


def test_a_move_of_unknown_direction_says_so(tmp_path: Path) -> None:
    """Where nothing tells whether a photo went into Recently Deleted or out of it, neither is claimed."""
    builder = BackupBuilder().with_live_photo("IMG_0001")
    case = update(case_of(builder.build(tmp_path)), kind=ChangeKind.TRASH_CHANGED)
    event = life(told(case), builder.asset.uuid)[-1]
    assert event.code is EventCode.TRASH_CHANGED
    assert "nothing tells which" in event.text


def test_gathering_without_events_reads_none(tmp_path: Path) -> None:
    """Scan asks for no events and pays nothing for them; a timeline asks, for single assets if it must."""
    builder = BackupBuilder().with_live_photo("IMG_0001").with_photo("IMG_0002")
    folder = builder.build(tmp_path)
    first, second = builder.assets
    assert case_of(folder).traces.life is None
    everything = gathered(folder).traces.life
    assert everything is not None
    assert {event.uuid for event in everything.events} == {first.uuid, second.uuid}
    one = gathered(folder, uuids=(first.uuid.lower(),)).traces.life
    assert one is not None
    assert {event.uuid for event in one.events} == {first.uuid}


def test_of_too_many_changes_the_newest_are_kept_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit on events leaves a gap that says how many there were."""
    monkeypatch.setattr("recovery.limits.HISTORY_EVENTS", 1)
    builder = BackupBuilder().with_live_photo("IMG_0001", created=TAKEN).with_live_photo("IMG_0002")
    case = gathered(builder.build(tmp_path))
    assert case.traces.life is not None
    assert [event.uuid for event in case.traces.life.events] == [builder.asset.uuid]
    assert any("the newest 1 of 2 changes" in why(gap) for gap in told(case).gaps)


def test_calls_uploads_messages_and_the_backup_stand_in_one_order(tmp_path: Path) -> None:
    """A call, a photo in it, its copy in Messages, a stuck upload, and the backup at the end."""
    builder = BackupBuilder().with_facetime_call(TAKEN - timedelta(minutes=5), 1200, group=("a@example.com",))
    builder.with_facetime_call(TAKEN + timedelta(days=1), 0, answered=False)
    builder.with_live_photo("IMG_0001", created=TAKEN).upload_pending(stuck=True)
    builder.with_messages_attachment("lp_image.HEIC", sent=TAKEN + timedelta(minutes=30), outgoing=True)
    found = told(gathered(builder.build(tmp_path, "pw"), "pw"))
    events = [event for event in found.events if event.code is not EventCode.LIBRARY_CREATED]
    assert [event.code.value for event in events] == [
        "facetime_call",
        "taken",
        "added",
        "in_messages",
        "facetime_call",
        "upload_tried",
        "backup_made",
    ]
    assert events[0].text == "FaceTime video call began, 20 minutes long, with 2 other people"
    assert "during a FaceTime call" in events[1].text
    assert events[3].text == "a copy was sent in Messages"
    assert events[4].text.endswith("not connected")
    assert "it is stuck" in events[5].text
    assert "+15550100" not in repr(found)


def step(index: int, at: datetime, **changes: object) -> Migration:
    """One step in the life of a library."""
    facts: dict[str, object] = dict.fromkeys(Migration.__dataclass_fields__)
    facts |= {
        "index": index,
        "at": at,
        "kind": MigrationKind.UPDATED,
        "source": Source("db", "ZMIGRATIONHISTORY", index),
    }
    return Migration(**(facts | changes))  # type: ignore[arg-type]


def test_migrations_updates_rebuilds_and_restores_are_told(tmp_path: Path) -> None:
    """Each step of the library, a new build, a new database, a late filling, and what the settings date."""
    case = case_of(BackupBuilder().with_photo("IMG_0001").build(tmp_path))
    start = datetime(2020, 1, 1, tzinfo=UTC)
    later, filled = start + timedelta(days=400), start + timedelta(days=500)
    steps = (
        step(0, start, kind=MigrationKind.CREATED, os_build="17A1", store_uuid="A", rebuild_completed=start),
        step(1, later, os_build="18A1", from_model=1, to_model=2, store_uuid="B", rebuild_completed=filled),
    )
    restored = Setting(SettingName.LAST_RESTORE, filled, Source("p", "RestoreInfo.RestoreDate"), Tier.UNTESTED)
    around = replace(case.around, migrations=Reading(steps), settings=Reading((restored,)))
    events = told(replace(case, around=around)).events
    assert [(event.code.value, event.at) for event in events[:-1]] == [
        ("library_created", start),
        ("library_migrated", later),
        ("library_rebuilt", later),
        ("ios_updated", later),
        ("library_rebuilt", filled),
        ("device_restored", filled),
    ]
    assert events[-1].code is EventCode.BACKUP_MADE
    assert [event.untested for event in events if event.code is EventCode.LIBRARY_REBUILT] == [True, True]


def test_an_untouched_library_was_not_rebuilt(tmp_path: Path) -> None:
    """Filled within the hour in which it was created, and again told by the next step: no rebuild."""
    case = case_of(BackupBuilder().with_photo("IMG_0001").build(tmp_path))
    start = datetime(2020, 1, 1, tzinfo=UTC)
    filled = start + timedelta(minutes=3)
    steps = (
        step(0, start, kind=MigrationKind.CREATED, rebuild_completed=filled, rebuild_reason=0),
        step(1, start + timedelta(days=3), rebuild_completed=filled, store_uuid="A"),
    )
    around = replace(case.around, migrations=Reading(steps))
    assert not any(event.code is EventCode.LIBRARY_REBUILT for event in told(replace(case, around=around)).events)


def test_what_stands_out_all_or_one(tmp_path: Path) -> None:
    """By default no ordinary photo; with everything each; with a UUID only it, in any letter case."""
    builder = BackupBuilder().with_live_photo("IMG_0001").with_photo("IMG_0002")
    builder.with_photo("IMG_0003").hidden().with_photo("IMG_0004").trashed(TRASHED)
    case = case_of(builder.build(tmp_path))

    def names(**options: object) -> set[str | None]:
        return {event.name for event in told(case, **options).events} - {None}

    assert names() == {"IMG_0001.HEIC", "IMG_0003.HEIC", "IMG_0004.HEIC"}
    assert names(everything=True) == names() | {"IMG_0002.HEIC"}
    assert names(uuids=(builder.assets[1].uuid.lower(),)) == {"IMG_0002.HEIC"}
    assert (told(case).assets, told(case).of_assets) == (3, 4)
    with pytest.raises(SelectionError, match="No photo or video has the UUID NONE"):
        told(case, uuids=("none",))


def test_events_are_in_order_and_plain_and_encrypted_twins_agree(demo_twins: DemoTwins) -> None:
    """The whole catalogue: times never go back, undated last; beside the calls both twins tell the same."""
    found = [
        told(gathered(demo_twins.plain), everything=True),
        told(gathered(demo_twins.encrypted, demo_twins.passphrase), everything=True),
    ]
    for one in found:
        times = [event.at for event in one.events]
        known = [at for at in times if at is not None]
        assert known == sorted(known)
        assert times == known + [None] * (len(times) - len(known))
    plain, secret = (
        {(event.at, event.code, event.uuid) for event in one.events if event.code is not EventCode.CALL}
        for one in found
    )
    assert plain == secret
    assert any(gap.what is GapSubject.CALL_HISTORY for gap in found[0].gaps)


def test_the_meaning_of_properties_is_stated_once() -> None:
    """Each known property tells one change; unknown ones and an unknown change tell nothing."""
    assert all(told_changes([name]) == (meaning,) for name, meaning in PROPERTIES.items())
    assert told_changes(None) == told_changes(["faceAdjustmentVersion"]) == ()


@pytest.mark.parametrize("library", ["Test-13.0.0", "Test-10.15.7", "ExternalAdjustments-14.4.1"])
def test_real_libraries_tell_lives(shared: Path, tmp_path: Path, library: str) -> None:
    """A real Photos.sqlite in a backup: every asset was added, every deletion of its history is told once."""
    builder = BackupBuilder().with_photo("IMG_0001").without_photos_database()
    folder = shared / "photos" / f"{library}.photoslibrary" / "database"
    for name in ("Photos.sqlite", "Photos.sqlite-wal"):
        if (folder / name).is_file():
            builder.with_file("CameraRollDomain", f"Media/PhotoData/{name}", (folder / name).read_bytes())
    case = gathered(builder.build(tmp_path))
    assert case.library is not None
    assert case.traces.history is not None
    events = told(case, everything=True).events
    added = {event.uuid for event in events if event.code is EventCode.ADDED}
    assert {row.uuid for row in case.store.rows() if row.added} <= added
    gone = [event.uuid for event in events if event.code is EventCode.DELETED]
    assert sorted(map(str, gone)) == sorted(str(asset.uuid) for asset in case.traces.history.deleted)
    assert case.traces.life is not None
    assert case.traces.life.left_out > 0
