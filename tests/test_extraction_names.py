"""Names of extracted files: readable, unique, stable, and safe on Windows, macOS and Linux."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.analysis.model import Asset, FileRole, FileState, Verdict
from recovery.extraction import names
from recovery.extraction.folder import extended
from recovery.extraction.plan import plan
from recovery.extraction.selected_files import Reduced, Selection
from tests.extraction_tools import a_file, an_asset, facetime, findings_of

EVERYTHING = Selection(everything=True, reduced=Reduced.ALWAYS)
# Names that have hurt someone, and pieces that do so when put together.
AWKWARD = st.sampled_from(
    ["CON", "con.txt", "NUL.", "COM1", "lpt9 .heic", "COM¹", "..", ".", "", " ", "a/b", "a\\b", "../../etc/passwd",
     "C:evil", "a:b", "x\u202egnp.exe", "tab\tnew\nline", "\x00", "e\u0301.HEIC", "\u00e9.heic", "IMG_0001.HEIC",
     "img_0001.heic", "IMG_0001 (edited).HEIC", "IMG_0001 (damaged).HEIC", "IMG_0001.json", "\ufe0f", "ß", "SS",
     "ſs", "\ud800", "-rf", "~", "$HOME", "%TEMP%", "name.", "name ", "ﬁ", "fi", "I\u0307", "i", "ı",
     "\U0001f600" * 90,
     "Ω", "Ω", "\u0344" * 80, "（edited）", "x (a (b))", "a" * 400]
)  # fmt: skip
WHOLE = st.integers(-(2**63), 2**63 - 1)
TEXT = AWKWARD | st.text(max_size=300) | st.tuples(AWKWARD, AWKWARD).map("".join)
WHEN = (
    st.none() | st.sampled_from([datetime(2024, 5, 3, 18, 22, 10, tzinfo=UTC)]) | st.datetimes(timezones=st.just(UTC))
)
FILES = st.builds(
    lambda role, name, pixels, file_id: a_file(role, f"Media/{name}", pixels=pixels, file_id=f"{file_id:040x}"),
    st.sampled_from(FileRole), TEXT, st.none() | st.tuples(WHOLE, WHOLE), st.integers(0, 3),
)  # fmt: skip
ASSETS = st.builds(
    lambda uuid, filename, original, created, offset, trashed, verdict, files: an_asset(
        uuid, filename=filename, original_filename=original, created=created, timezone_offset=offset,
        trashed=trashed, facetime=facetime(verdict), files=tuple(files),
    ),
    st.none() | TEXT, st.none() | TEXT, st.none() | TEXT, WHEN,
    st.none() | WHOLE | st.sampled_from([7200, -43200]),
    st.booleans(), st.sampled_from([verdict.value for verdict in Verdict]), st.lists(FILES, max_size=4),
)  # fmt: skip
LIBRARIES = st.lists(ASSETS, max_size=8)
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?", re.IGNORECASE)


def is_safe_everywhere(name: str) -> bool:
    """Written from the systems' own rules, not from the code under test."""
    return (
        0 < len(name.encode()) <= 255
        and len(unicodedata.normalize("NFD", name).encode("utf-16-le")) // 2 <= 255
        and not set(name) & set('<>:"/\\|?*')
        and not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") for character in name)
        and name == name.strip(" ").rstrip(".")
        and name not in (".", "..")
        and not _WINDOWS_DEVICE.fullmatch(name)
    )


def all_targets(assets: list[Asset]) -> list[str]:
    """Every name that a run over these assets could use: files, salvaged files, sidecars."""
    planned = plan(findings_of(assets), EVERYTHING)
    found = [file.target for file in planned.files] + [file.damaged_target for file in planned.files]
    return found + [f"{item.stem}.{extension}" for item in planned.assets for extension in names.SIDECARS]


@given(TEXT)
def test_any_text_becomes_a_safe_name_and_stays_it(text: str) -> None:
    """A name that was made safe is safe on every system, and making it safe again changes nothing."""
    name = names.safe_name(text)
    assert is_safe_everywhere(name)
    assert names.safe_name(name) == name


@given(TEXT, st.integers(8, 255))
def test_a_name_stays_within_its_bytes(text: str, limit: int) -> None:
    """Neither the composed nor the decomposed form is longer than allowed."""
    name = names.safe_name(text, limit)
    assert len(name.encode()) <= limit and len(unicodedata.normalize("NFD", name).encode()) <= limit


@given(LIBRARIES)
def test_every_target_is_safe_and_inside(assets: list[Asset]) -> None:
    """Whatever a backup says, each part of each path is safe, and the path cannot leave the output folder."""
    for target in all_targets(assets):
        assert all(is_safe_everywhere(part) for part in target.split("/"))
        assert names.is_inside(target)
        assert not PureWindowsPath(target).is_absolute() and not PureWindowsPath(target).drive
        assert ".." not in PurePosixPath(target).parts
        assert len(target) <= 235  # leaves room for an output folder within the 260 characters of old Windows


@given(LIBRARIES)
def test_no_two_targets_are_the_same_file_on_any_system(assets: list[Asset]) -> None:
    """Names differ in more than case, and in more than the way accents are written."""
    targets = all_targets(assets)
    for fold in (str.casefold, str.upper, str.lower):
        for form in ("NFC", "NFD"):
            assert len({unicodedata.normalize(form, fold(target)) for target in targets}) == len(targets)


@given(LIBRARIES, st.randoms())
def test_names_do_not_depend_on_the_order(assets: list[Asset], random: object) -> None:
    """The same assets in another order give the same files the same names."""
    shuffled = list(assets)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    before, after = (
        sorted((file.target, file.file.file_id, file.file.path) for file in plan(findings_of(items), EVERYTHING).files)
        for items in (assets, shuffled)
    )
    assert before == after


@given(LIBRARIES, st.data())
def test_another_selection_moves_nothing(assets: list[Asset], data: st.DataObject) -> None:
    """A file that two selections choose has the same name in both."""
    whole = {(repr(file.asset), file.file): file.target for file in plan(findings_of(assets), EVERYTHING).files}
    narrow = Selection(min_confidence=data.draw(st.sampled_from(list(Verdict))), reduced=Reduced.ALWAYS)
    if len(set(map(repr, assets))) == len(assets):
        for file in plan(findings_of(assets), narrow).files:
            assert whole[repr(file.asset), file.file] == file.target


def test_a_live_photo_reads_well() -> None:
    """Both halves share one stem with date and name; the edited picture and the reduced copy say what they are."""
    files = (
        a_file(FileRole.STILL, "Media/DCIM/100APPLE/IMG_0001.HEIC"),
        a_file(FileRole.PAIRED_VIDEO, "Media/DCIM/100APPLE/IMG_0001.MOV"),
        a_file(FileRole.EDITED_STILL, "Media/PhotoData/Mutations/x/FullSizeRender.jpg"),
        a_file(FileRole.ADJUSTMENTS, "Media/PhotoData/Mutations/x/Adjustments.plist"),
        a_file(FileRole.REDUCED, "Media/PhotoData/Metadata/x/IMG_0001.JPG", pixels=(480, 360)),
        a_file(FileRole.THUMBNAIL, "Media/PhotoData/Thumbnails/V2/x/5005.JPG"),
        a_file(FileRole.MESSAGES_COPY, "Library/SMS/Attachments/x/lp_image.heic"),
    )
    asset = an_asset(facetime=facetime(), timezone_offset=7200, files=files)
    stem = "FaceTime/2024/2024-05-03 20.22.10 IMG_0001"
    assert [file.target for file in plan(findings_of([asset]), EVERYTHING).files] == [
        f"{stem}.HEIC",
        f"{stem}.MOV",
        f"{stem} (edited).jpg",
        f"{stem} (adjustments).plist",
        f"{stem} (NOT-ORIGINAL 480x360).JPG",
        f"{stem} (NOT-ORIGINAL thumbnail).JPG",
        f"{stem} (copy from Messages).heic",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"facetime": facetime("probable")}, "FaceTime/2024"),
        ({"facetime": facetime("possible")}, "Possibly FaceTime/2024"),
        ({"facetime": facetime(), "trashed": True}, "FaceTime/Recently deleted/2024"),
        ({"facetime": facetime(), "hidden": True}, "FaceTime/Hidden/2024"),
        ({"trashed": True, "hidden": True}, "Recently deleted/2024"),
        ({"hidden": True}, "Hidden/2024"),
        ({"created": None}, "Library/undated"),
    ],
)
def test_each_asset_has_one_folder(changes: dict[str, object], expected: str) -> None:
    """FaceTime comes first, then what happened to the photo, then the year."""
    assert names.folder(an_asset(**changes), loose=False) == expected


def test_a_file_without_a_row_is_a_loose_end() -> None:
    """Only where nothing better is known of it."""
    assert names.folder(an_asset(), loose=True) == "Loose ends/2024"
    assert names.folder(an_asset(trashed=True), loose=True) == "Recently deleted/2024"


def test_a_time_without_its_zone_says_utc() -> None:
    """The local time is shown where the library stored its offset, and is never guessed."""
    new_year = datetime(2023, 12, 31, 23, 30, tzinfo=UTC)
    assert names.readable_stem(an_asset(created=new_year)) == "2023-12-31 23.30.00 UTC IMG_0001"
    local = an_asset(created=new_year, timezone_offset=3600)
    assert names.readable_stem(local) == "2024-01-01 00.30.00 IMG_0001"
    assert names.folder(local, loose=False) == "Library/2024"
    assert names.readable_stem(an_asset(created=None)) == "undated IMG_0001"


def test_the_ends_of_the_calendar_have_names() -> None:
    """An offset that leads out of the calendar is set aside."""
    for moment in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        for offset in (-43200, 43200):
            assert names.is_inside(names.readable_stem(an_asset(created=moment, timezone_offset=offset)))


def test_the_same_name_in_two_folders_is_told_apart_by_the_uuid() -> None:
    """Two IMG_0001 of one second: the first keeps the plain name, the second carries the start of its UUID."""
    other = an_asset("B1234567-0000-0000-0000-000000000000", filename="img_0001.heic", timezone_offset=0)
    first, second = plan(findings_of([other, an_asset(timezone_offset=0)]), EVERYTHING).files
    assert first.target == "Library/2024/2024-05-03 18.22.10 IMG_0001.HEIC"
    assert second.target == "Library/2024/2024-05-03 18.22.10 img_0001 B1234567.HEIC"


def test_thousands_of_equal_names_stay_apart() -> None:
    """Hostile equal UUIDs and names are numbered."""
    assets = [an_asset(timezone_offset=0, files=(a_file(file_id=f"{number:040x}"),)) for number in range(2000)]
    targets = {file.target for file in plan(findings_of(assets), EVERYTHING).files}
    assert len(targets) == 2000


def test_a_file_called_like_a_sidecar_does_not_take_its_place() -> None:
    """A recovered file with the extension json leaves the name beside the asset free."""
    asset = an_asset(timezone_offset=0, files=(a_file(path="Media/DCIM/100APPLE/IMG_0001.JSON"),))
    (file,) = plan(findings_of([asset]), EVERYTHING).files
    assert file.target == "Library/2024/2024-05-03 18.22.10 IMG_0001 (2).JSON"


def test_a_whole_and_a_damaged_name_differ() -> None:
    """What could only be salvaged says so before the extension."""
    asset = an_asset(timezone_offset=0, files=(a_file(state=FileState.DAMAGED),))
    (file,) = plan(findings_of([asset]), EVERYTHING).files
    assert file.damaged_target.endswith("IMG_0001 (damaged).HEIC")


@pytest.mark.parametrize(
    ("plain", "long"),
    [
        ("C:\\Users\\ann\\out", "\\\\?\\C:\\Users\\ann\\out"),
        ("C:/Users/ann", "\\\\?\\C:\\Users\\ann"),
        ("\\\\server\\share\\out", "\\\\?\\UNC\\server\\share\\out"),
        ("\\\\?\\C:\\out", "\\\\?\\C:\\out"),
    ],
)
def test_windows_paths_get_the_form_without_a_length_limit(plain: str, long: str) -> None:
    """Drive, share and already extended paths."""
    assert extended(plain) == long


def test_an_offset_beyond_any_zone_is_not_believed() -> None:
    """A damaged offset does not shift the date."""
    asset = an_asset(timezone_offset=int(timedelta(days=400).total_seconds()))
    assert " UTC " in names.readable_stem(asset)
