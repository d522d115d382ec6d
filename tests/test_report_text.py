"""What scan says to a person: golden pages, sums that add up, and no page a hostile backup can break."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from report_stories import BACKUP, WHOLE, empty, findings, golden, rich, without_library
from report_strategies import any_findings

from recovery.analysis.model import (
    Asset,
    AssetFile,
    Basis,
    FaceTime,
    FileRole,
    FileState,
    Findings,
    Kind,
    Orphan,
    OrphanCode,
    Signal,
    Status,
    Verdict,
)
from recovery.analysis.reasons import Note, NoteCode
from recovery.analysis.statements import NearlyNoFiles
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.library import LibraryName
from recovery.provenance import Gap, Reading, Source, unreadable
from recovery.report.messages.gaps import HIDES, what
from recovery.report.safe_text import width
from recovery.report.text import scan_text as text
from recovery.report.text import words
from recovery.report.text.answer_text import ONE_SCREEN, state
from recovery.report.text.layout import COLOUR, COLUMNS
from recovery.source.identity import Identity
from recovery.source.locate import FoundBackup

_ESCAPE = re.compile(r"\x1b\[[\d;]*m")


def sums(page: str) -> Iterator[tuple[int, int]]:
    """For each sum shown under Totals: what its lines add up to, and what the line below the rule says."""
    added = 0
    for line in page.split("\nTotals\n")[1].splitlines():
        if found := re.fullmatch(r"  ([ +=]) +([\d,]+)  .*", line):
            sign, number = found[1], int(found[2].replace(",", ""))
            if sign == "=":
                yield added, number
                added = 0
            else:
                added += number


@pytest.mark.parametrize(
    ("name", "story", "options"),
    [
        ("scan_rich.txt", rich(), {}),
        ("scan_rich_verbose.txt", rich(), {"verbose": True}),
        ("scan_rich_all_verbose.txt", rich(), {"everything": True, "verbose": True}),
        ("scan_empty.txt", empty(), {}),
        ("scan_without_library.txt", without_library(), {}),
    ],
)
def test_page_is_as_agreed(name: str, story: Findings, options: dict[str, bool]) -> None:
    """The page of each story reads exactly as the stored one."""
    golden(name, text.scan(story, **options))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(any_findings)
def test_any_page_is_safe_narrow_and_adds_up(story: Findings) -> None:
    """For any findings: 80 columns, no control or bidi character, and three sums that a reader can check."""
    for options in ({}, {"verbose": True}, {"everything": True, "verbose": True}):
        page = text.scan(story, **options)
        for line in page.splitlines():
            assert width(line) <= COLUMNS or is_pasted(line), line
            assert not any(
                unicodedata.category(character) in ("Cc", "Cs") or character in "\u202a\u202b\u202d\u202e\u2066\u2067"
                for character in line
            )
        assert page.encode("utf-8").endswith(b"\n")
        if not options:
            continue
        shown = list(sums(page))
        assert len(shown) == 3
        assert all(added == total for added, total in shown)


def is_pasted(line: str) -> bool:
    """Whether a line is a command to paste, which nothing may break."""
    return line.startswith("  recover-facetime ")


def test_the_answer_stands_within_one_screen() -> None:
    """Whatever was found, what became of the photos and both commands are among the first 24 lines."""
    for story in (rich(), empty(), without_library()):
        first = text.scan(story).splitlines()[:ONE_SCREEN]
        assert any(line.startswith("  recover-facetime diagnose ") for line in first)


def test_a_long_answer_ends_as_it_begins() -> None:
    """On a terminal the end is what is left on the screen."""
    lines = text.scan(rich()).splitlines()
    assert len(lines) > ONE_SCREEN
    opening, closing = lines[:ONE_SCREEN], lines[-ONE_SCREEN:]
    assert [line for line in opening if is_pasted(line)] == [line for line in closing if is_pasted(line)]


def story_asset() -> Asset:
    """An asset of which hardly anything is known."""
    return Asset(None, Basis.MEDIA_FILE, Kind.PHOTO, Status.REDUCED_COPY, WHOLE, filename="IMG_0001.HEIC")


def test_nothing_found_is_never_a_bare_zero() -> None:
    """Without a FaceTime photo the page says what was looked at and what could hide one."""
    for story in (empty(), without_library()):
        page = text.scan(story, verbose=True)
        assert "What was looked at:" in page
        assert "What could hide one:" in page
        assert all(" ".join(page.split()).count(what(gap)) for gap in story.gaps)


def test_a_library_that_was_not_read_is_never_called_empty() -> None:
    """Even if no gap names it, a missing photo library is said to be what could hide a photo."""
    story = findings(backup=BACKUP.changed(photos_model_version=None))
    assert words.LIBRARY_UNREAD in " ".join(text.scan(story, verbose=True).split())
    assert "lists no photo" not in text.scan(story, verbose=True)


def test_caps_count_what_they_leave_out_and_all_lifts_them() -> None:
    """Twenty-four loose files show twelve and "12 more"; --all shows each, and the whole library."""
    short, whole = text.scan(rich(), verbose=True), text.scan(rich(), everything=True)
    assert "… and 12 more, see --all or --json" in short
    assert "IMG_0024.HEIC" not in short
    assert "IMG_0024.HEIC" in whole
    assert "more, see" not in whole
    assert "The whole library (20)" in whole


def test_a_cap_never_hides_a_single_one() -> None:
    """Thirteen items are shown whole: a line saying "1 more" would take the same room."""
    ends = [
        Orphan(OrphanCode.UNLISTED_BLOB, None, None, f"{number:040x}", None, None, Source("x")) for number in range(13)
    ]
    assert "more, see" not in text.scan(findings(loose_ends=ends), verbose=True)
    assert "… and 2 more" in text.scan(findings(loose_ends=[*ends, ends[0]]), verbose=True)


def test_recently_deleted_needs_a_stored_state() -> None:
    """An asset whose trashed state is unknown is not listed, even with a date of trashing."""
    asset = story_asset().changed(trashed=None, trashed_at=datetime(2024, 1, 1, tzinfo=UTC))
    assert "Recently deleted (" not in text.scan(findings([asset]), verbose=True)
    assert "Recently deleted (1)" in text.scan(findings([asset.changed(trashed=True)]), verbose=True)


def test_the_last_day_is_called_an_estimate() -> None:
    """Wherever a last day stands, the page calls it an estimate."""
    page = text.scan(rich(), verbose=True)
    assert "~2024-06-05" in page
    assert "our estimate" in page


def test_a_thumbnail_is_never_called_the_photo() -> None:
    """Where only a thumbnail is left, the line of what is here says so."""
    page = " ".join(text.scan(rich(), verbose=True).split())
    assert "Here thumbnail (a small preview, not the photo), 9.0 kB" in page
    entry = AssetFile(FileRole.THUMBNAIL_TABLE, "d", "3304.ithmb", "a", 999_999, FileState.PRESENT, "", 7, (64, 48))
    signal = Signal("embedded_marker", "FaceTime Photo", Source("x"))
    deleted_asset = story_asset().changed(files=(entry,), facetime=FaceTime(Verdict.CERTAIN, (signal,)))
    page = " ".join(text.scan(findings([deleted_asset]), verbose=True).split())
    assert "Here small preview in a table of thumbnails (not the photo), 64 x 48 pixels" in page


def test_codes_that_gaps_hide_are_told_in_words() -> None:
    """A gap that hides the code of a cause is shown in words; a text stays as it is."""
    gap = Gap(
        GapSubject.CALL_HISTORY,
        "x",
        GapReason.FILE_NOT_LISTED,
        ("call_overlap", "what the other person said", "some_new_code"),
    )
    page = " ".join(text.scan(findings(gaps=[gap]), verbose=True).split())
    assert f"Therefore unknown: {HIDES['call_overlap']}; what the other person said; some new code." in page


def test_colour_is_only_added_around_the_same_words() -> None:
    """With a style the page is the plain page with codes in it."""
    coloured = text.scan(rich(), verbose=True, style=COLOUR)
    assert coloured != text.scan(rich(), verbose=True)
    assert _ESCAPE.sub("", coloured) == text.scan(rich(), verbose=True)


def test_every_code_of_the_model_has_words() -> None:
    """No member of an enumeration is missing from its table of words."""
    for table in (words.KINDS, words.VERDICTS, words.STATUSES, words.STATUS_MEANINGS, words.ROLES, words.UPLOADS):
        members = type(next(iter(table)))
        assert set(table) == set(members)
    assert set(words.BASES) == set(Basis)
    assert set(words.LOOSE_ENDS) == set(OrphanCode)


def identity(folder: str, **known: object) -> Identity:
    """A backup of which only the given facts are known."""
    names = (
        "udid device_name product_type ios_version build serial_number backup_date complete full "
        "snapshot_state manifest"
    )
    return Identity(folder=Path(folder), **(dict.fromkeys(names.split()) | known))  # type: ignore[arg-type]


def test_backups_are_listed_with_their_folders_whole() -> None:
    """Each backup has one row; its folder stands on one line of its own, however long; gaps are told."""
    long = "/Users/anna/Library/Application Support/MobileSync/Backup/" + "a" * 40
    found = Reading(
        (
            FoundBackup(
                identity(
                    long,
                    device_name="Anna's \x1b[2JiPhone 写真",
                    ios_version="17.5.1",
                    backup_date=datetime(2024, 5, 20, 6, 30, tzinfo=UTC),
                    complete=False,
                ),
                64_200_000_000,
                encrypted=True,
            ),
            FoundBackup(identity("/backups/old")),
        ),
        (unreadable(GapSubject.BACKUPS, "/hidden", "the system refuses to show it"),),
    )
    page = text.backups_table(found)
    golden("backups.txt", page)
    assert f"  {long}\n" in page
    assert "\x1b" not in page
    assert all(width(line) <= COLUMNS for line in page.splitlines() if long not in line)


def test_no_backup_says_where_it_was_looked_for() -> None:
    """An empty list names the folders that were searched."""
    page = text.backups_table(Reading(), roots=(Path("/usual/place"),))
    assert "No backup was found" in page
    assert str(Path("/usual/place")) in page


def test_a_backup_without_nearly_all_its_files_says_so_at_a_glance() -> None:
    """Before any count: of photos that were never copied along nothing can be found."""
    first = text.scan(findings([]).changed(summary=(NearlyNoFiles(1089, 10),))).split("\n\n")[1]
    assert " ".join(first.split()).startswith(
        "Nearly all of this backup is missing: of the 1,089 files that it lists only 10 are in its folder."
    )
    assert "Nearly all" not in text.scan(findings([]), verbose=True)


def test_missing_numbers_are_told_as_ranges() -> None:
    """Numbers that follow each other take one line, others one each."""
    names = ["100APPLE/IMG_0005", "100APPLE/IMG_0006", "100APPLE/IMG_0007", "100APPLE/IMG_0009", "101APPLE/IMG_0010"]
    gaps = [
        Orphan(OrphanCode.NUMBERING_GAP, None, f"Media/DCIM/{name}", None, None, "a remark", Source("x"))
        for name in names
    ]
    page = text.scan(findings(loose_ends=gaps), verbose=True)
    assert "  - Media/DCIM/100APPLE: IMG_0005 to IMG_0007 (3)\n" in page
    assert "  - Media/DCIM/100APPLE: IMG_0009\n  - Media/DCIM/101APPLE: IMG_0010\n" in page
    assert "a remark" not in page


def test_many_refusals_of_one_kind_are_one_sentence_with_one_remedy() -> None:
    """However many stores a system refuses, the commands stay on the first screen."""
    gaps = [
        Gap(GapSubject.MEDIA_FILE, f"store {number}", GapReason.PERMISSION_DENIED, (), fault=True, values=("EACCES",))
        for number in range(12)
    ]
    page = text.scan(findings(gaps=gaps))
    assert " ".join(page.split()).count("your account lacks the permission") == 1
    assert "and 11 more: your account lacks the permission (EACCES)" in " ".join(page.split())
    assert any(line.startswith("  recover-facetime diagnose ") for line in page.splitlines()[:ONE_SCREEN])


def test_the_list_of_photos_claims_no_more_than_is_known() -> None:
    """A placeholder is no date, an entry that is missing or says nothing of its state leaves it unknown."""
    facts = {"created": datetime(4001, 1, 1, tzinfo=UTC), "notes": (Note(NoteCode.PLACEHOLDER_DATE),), "hidden": True}
    assert "4001" not in text.scan(findings([story_asset().changed(**facts)]))
    for row, trashed, library, told in (
        (7, False, LibraryName.PHOTOS, "in Photos"),
        (7, None, LibraryName.PHOTOS, "unknown"),
        (None, False, LibraryName.PHOTOS, "unknown"),
        (7, False, LibraryName.SHARED_WITH_YOU, "in Shared with You"),
    ):
        assert state(story_asset().changed(row=row, trashed=trashed, library=library)) == told


def test_probable_photos_are_not_called_certain() -> None:
    """The first screen counts both; where all are certain it need not."""
    certain, probable = (
        story_asset().changed(filename=f"{verdict}.HEIC", facetime=FaceTime(verdict))
        for verdict in (Verdict.CERTAIN, Verdict.PROBABLE)
    )
    assert "1 of the FaceTime photos is certain, 1 probable." in text.scan(findings([certain, probable]))
    assert "None of the FaceTime photos is certain, only probable." in text.scan(findings([probable]))
    assert "probable" not in text.scan(findings([certain]))
