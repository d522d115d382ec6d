"""Preference files: an untouched setting, a changed one, a damaged one and a missing file are four things."""

from __future__ import annotations

import plistlib
from datetime import UTC, datetime

import pytest
from evidence_tools import KNOWN_ANSWERS, file_id, real_blob
from hypothesis import given
from hypothesis import strategies as st

from recovery import limits
from recovery.app_data import settings
from recovery.app_data.settings import FILES, Key, PreferenceFile, SettingName, ValueKind, read_settings, setting
from recovery.report.messages.gaps import what

FILE_IDS = {
    "com.apple.TelephonyUtilities.plist": "012707a2ae34d77a28b16a9e443b780ea4e6b0aa",
    "com.apple.mobileslideshow.plist": "63e928471d296cb47a6ffb5343b40b90a0e5d92b",
    "com.apple.MobileBackup.plist": "e999feed282a124992b327889794b74eaf6adb56",
    "com.apple.mobile.ldbackup.plist": "2f771621fd3c627d0db75fe173f3dae8ce50e98b",
    ".GlobalPreferences.plist": "0dc926a1810f7aee4e8f38793ed788701f93bf9d",
    "com.apple.purplebuddy.plist": "80fa782261261e54bb73c0253e5b6beefb6a2f39",
    "com.apple.softwareupdateservicesd.plist": "b2360ab334042795fbf866b746141b8aa6640fb9",
}
NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)
GOOD = {ValueKind.FLAG: True, ValueKind.TEXT: "21F90", ValueKind.TIME: NOON.replace(tzinfo=None)}
READ = {ValueKind.FLAG: True, ValueKind.TEXT: "21F90", ValueKind.TIME: NOON}
EVERY_KEY = [pytest.param(file, key, id=key.place) for file in FILES for key in file.keys]


def nested(path: tuple[str, ...], value: object) -> dict[str, object]:
    for key in reversed(path[1:]):
        value = {key: value}
    return {path[0]: value}


def plist(value: object) -> bytes:
    return plistlib.dumps(value, fmt=plistlib.FMT_BINARY)


def test_locations_give_the_file_ids_of_the_real_backup() -> None:
    """Domain and path of all seven files hash to the file IDs that a real iOS 14.3 manifest lists."""
    computed = {file.store.location.path.rsplit("/", 1)[1]: file_id(*file.store.location) for file in FILES}
    assert computed == FILE_IDS


def test_every_setting_has_one_key_and_every_file_names_what_it_hides() -> None:
    """No name is given twice or forgotten, and the gap of an absent file names known answers and is no fault."""
    assert sorted(key.name for file in FILES for key in file.keys) == sorted(SettingName)
    for file in FILES:
        gap = file.store.absent()
        assert gap.hides
        assert set(gap.hides) <= KNOWN_ANSWERS
        assert not gap.fault


@pytest.mark.parametrize(("file", "key"), EVERY_KEY)
def test_a_stored_value_is_read_from_its_place(file: PreferenceFile, key: Key) -> None:
    """Every key is found where it stands and becomes a plain value with its source; the others stay untouched."""
    reading = read_settings(file, plist(nested(key.path, GOOD[key.kind])))
    assert reading.gaps == ()
    assert {found.name: found.value for found in reading} == {
        other.name: READ[key.kind] if other is key else None for other in file.keys
    }
    found = setting(reading, key.name)
    assert found is not None
    assert str(found.source) == f"{file.store.location.path} {'.'.join(key.path)}"


@pytest.mark.parametrize(("file", "key"), EVERY_KEY)
@pytest.mark.parametrize("damage", [b"\x00\xff", [1], {"a": 1}, 7.5, "a text", 2**63])
def test_a_value_of_another_kind_is_never_an_untouched_setting(file: PreferenceFile, key: Key, damage: object) -> None:
    """A damaged switch gives no Setting, and a gap that names the key and what it hides."""
    reading = read_settings(file, plist(nested(key.path, damage)))
    found = setting(reading, key.name)
    if (key.kind, damage) in ((ValueKind.TEXT, "a text"), (ValueKind.TIME, 7.5)):
        assert found is not None and found.value is not None
        return
    assert found is None
    (gap,) = reading.gaps
    assert (gap.hides, gap.fault) == (file.store.hides, True)
    assert key.path[-1] in what(gap)


@pytest.mark.parametrize("stored", [False, 0])
def test_the_switch_is_off_only_when_stored_as_off(stored: object) -> None:
    """False or 0 is off; an absent key is None, which means the default."""
    off = read_settings(settings.TELEPHONY, plist({"FaceTimePhotosEnabled": stored}))
    untouched = read_settings(settings.TELEPHONY, plist({"SomethingElse": 1}))
    name = SettingName.FACETIME_LIVE_PHOTOS
    assert [(found.value if found else "?") for found in (setting(off, name), setting(untouched, name))] == [
        False,
        None,
    ]


def test_dates_may_be_seconds_since_2001() -> None:
    """The backup settings store dates as numbers; both forms give the same time, nonsense gives a gap."""
    seconds = (NOON - datetime(2001, 1, 1, tzinfo=UTC)).total_seconds()
    stored = {"LastiTunesBackupDate": seconds, "LastCloudBackupDate": NOON.replace(tzinfo=None)}
    reading = read_settings(settings.BACKUP_STATE, plist(stored))
    assert [found.value for found in reading] == [NOON, NOON, None]
    endless = read_settings(settings.BACKUP_STATE, plist({"LastiTunesBackupDate": float("nan")}))
    assert len(endless.gaps) == 1


def test_a_dictionary_that_is_none_hides_its_keys() -> None:
    """RestoreInfo as a text makes one gap per key below it and leaves the other keys readable."""
    reading = read_settings(settings.MOBILE_BACKUP, plist({"RestoreInfo": "no", "BackupStateInfo": {"isCloud": True}}))
    below = [key for key in settings.MOBILE_BACKUP.keys if key.path[0] == "RestoreInfo"]
    assert len(reading.gaps) == len(below) == 4
    found = setting(reading, SettingName.LAST_BACKUP_TO_ICLOUD)
    assert found is not None and found.value is True


@pytest.mark.parametrize("data", [b"", b"no plist", plist([1]), plist("text")])
def test_a_file_that_is_no_dictionary_is_a_fault(data: bytes) -> None:
    """Damaged bytes give no settings and one gap that is a fault, unlike a file that is absent."""
    reading = read_settings(settings.TELEPHONY, data)
    (gap,) = reading.gaps
    assert (len(reading), gap.fault, gap.hides) == (0, True, ("facetime_live_photos_off",))


def test_a_file_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preference file larger than any real one is not parsed."""
    data = plist({"FaceTimePhotosEnabled": False})
    monkeypatch.setattr(limits, "PREFERENCE_BYTES", len(data) - 1)
    assert len(read_settings(settings.TELEPHONY, data)) == 0
    monkeypatch.setattr(limits, "PREFERENCE_BYTES", len(data))
    assert len(read_settings(settings.TELEPHONY, data)) == 2


@given(data=st.binary(max_size=200), at=st.integers(0, 300))
def test_any_bytes_give_settings_or_gaps(data: bytes, at: int) -> None:
    """Random bytes, alone or written over a good file, never raise and never lose a key without a gap."""
    good = plist({"RestoreInfo": {"RestoreDate": NOON.replace(tzinfo=None), "WasCloudRestore": False}})
    for candidate in (data, good[:at] + data + good[at + len(data) :]):
        reading = read_settings(settings.MOBILE_BACKUP, candidate)
        seen = {found.name for found in reading}
        assert seen == {key.name for key in settings.MOBILE_BACKUP.keys} or reading.gaps


def test_the_real_global_preferences_hold_the_lockdown_switch() -> None:
    """A real iOS 14.3 file: the key is there and is a yes or no."""
    location = settings.GLOBAL.store.location
    reading = read_settings(settings.GLOBAL, real_blob(*location))
    (found,) = reading
    assert (reading.gaps, found.name) == ((), SettingName.LOCKDOWN_MODE)
    assert isinstance(found.value, bool)
