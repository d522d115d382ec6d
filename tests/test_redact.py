"""Redaction: what tells of people is in no output, and everything else is as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures import BackupBuilder
from fixtures.stories import FIRST_CALL
from recovery.analysis.model import Asset, Cause, CauseVerdict
from recovery.analysis.reasons import Note, NoteCode
from recovery.analysis.redact import LEFT_OUT, redact
from recovery.analysis.statements import CauseCode, Deleted, DeletionReason, NotRead, PermanentlyDeleted
from recovery.gap_codes import GapSubject
from recovery.provenance import Source, unreadable
from recovery.report.messages.status import note
from tests.conftest import DemoTwins
from tests.every_command import inside
from tests.extraction_tools import a_file, an_asset, findings_of
from tests.report_strategies import assets as any_assets
from tests.scanning import PASSPHRASE, scan

PRIVATE = (
    "Annabelle Quist", "Quist birthday", "a caption of hers", "quistword", "Quist family", "quist at home.heic",
    "+15557654321", "bob.quist@example.com", "Quist iPhone", "52.5163", "13.3777", "Europe/Berlin",
)  # fmt: skip


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A phone on which everything private has a name that stands nowhere else."""
    builder = BackupBuilder(device_name="Quist iPhone", calls_in_plain=True)
    builder.with_facetime_call(FIRST_CALL, 1200, address="+15557654321", group=("bob.quist@example.com",))
    builder.with_live_photo("IMG_0001", created=FIRST_CALL, latitude=52.5163, longitude=13.3777)
    builder.described("Quist birthday", "a caption of hers", ("quistword",))
    builder.with_messages_attachment("quist at home.heic", address="+15557654321")
    builder.with_photo("IMG_0002", original="quist at home.heic").described("Quist birthday")
    builder.with_photo("IMG_0003").without_blob()
    return builder.with_album("Quist family").build(tmp_path_factory.mktemp("private") / "Annabelle Quist")


def everything_written(*folders: Path) -> bytes:
    """All bytes of all text files, and all names."""
    found = b""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            found += str(path.relative_to(folder)).encode() + b"\n"
            if (
                path.suffix.lower() in {".json", ".xmp", ".html", ".sha256", ".jsonl", ".csv", ".txt", ""}
                and path.is_file()
            ):
                found += path.read_bytes()
    return found


def lines_of(backup: Path, room: Path, *more: str) -> list[list[str]]:
    """Every command that knows --redact, in each of its forms."""
    place = str(backup)
    return [
        *(["scan", place, "--all", "--verbose", "--format", form, *more] for form in ("text", "json", "csv", "ndjson")),
        ["diagnose", place, "--verbose", *more],
        ["diagnose", place, "--json", *more],
        ["report", place, str(room / "page" / "report.html"), *more],
        ["extract", place, str(room / "out"), "--all", "--reduced", "always", *more],
    ]


def said(backup: Path, room: Path, *more: str) -> str:
    """Everything that these commands said and wrote."""
    (room / "page").mkdir(parents=True)
    runs = [inside(line, PASSPHRASE, room) for line in lines_of(backup, room, *more)]
    assert all(run.code in (0, 3) for run in runs), [run.errors for run in runs if run.code not in (0, 3)]
    said = b"\n".join(run.said for run in runs) + everything_written(room / "page", room / "out")
    return said.decode("utf-8", "replace")


def test_nothing_private_is_told(backup: Path, tmp_path: Path) -> None:
    """No place, name, title, caption, keyword, album, number or original name in any output, record or sidecar."""
    told = said(backup, tmp_path, "--redact")
    assert [word for word in PRIVATE if word in told] == []
    assert "IMG_0001" in told and "FaceTime" in told


def test_without_it_everything_is_told(backup: Path, tmp_path: Path) -> None:
    """The test above could fail: the same words are there without the option, but for people in calls."""
    told = said(backup, tmp_path)
    missing = {word for word in PRIVATE if word not in told}
    assert missing <= {"+15557654321", "bob.quist@example.com", "Europe/Berlin"}


def test_the_same_files_come_out(backup: Path, tmp_path: Path) -> None:
    """Redaction leaves pictures alone: the same names, the same bytes, and the output verifies."""
    outs = []
    for name, more in (("all", []), ("redacted", ["--redact"])):
        out = tmp_path / name
        assert inside(["extract", str(backup), str(out), "--all", *more], None, tmp_path).code in (0, 3)
        outs.append(
            {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.suffix in (".HEIC", ".MOV", ".JPG")}
        )
        assert inside(["verify", str(out), str(backup)], None, tmp_path).code == 0
    assert outs[0] == outs[1] and outs[0]


def test_what_is_left_out_cannot_be_searched(backup: Path, tmp_path: Path) -> None:
    """An extraction by a person's name would say that name in its record."""
    run = inside(["extract", str(backup), str(tmp_path / "out"), "--redact", "--album", "Quist family"])
    assert run.code == 2 and not (tmp_path / "out").exists()


def test_facetimes_own_names_stay() -> None:
    """They are evidence of the origin, and the same on every phone."""
    (asset,) = redact(findings_of([an_asset(original_filename="lp_image.HEIC", title="Ann")])).assets
    assert asset.original_filename == "lp_image.HEIC" and asset.title is None


def a_note(file: str, text: str) -> Note:
    """A note about a file."""
    return Note(NoteCode.FILE, file=file, file_note=text)


def test_texts_are_searched_for_what_was_left_out() -> None:
    """A note that repeats a title does not give it away."""
    asset = an_asset(title="Ann at the lake", notes=(a_note("Ann at the lake.HEIC", "sent to +49 170 1234567"),))
    (told,) = redact(findings_of([asset])).assets
    assert told.notes == (a_note(f"{LEFT_OUT}.HEIC", f"sent to {LEFT_OUT}"),)


def test_stored_texts_within_causes_and_gaps_are_left_out_by_their_field() -> None:
    """A deletion's stored reason and a gap's values may repeat a title; codes and figures stay as they are."""
    gap = unreadable(GapSubject.THUMBNAIL_TABLE, "4031.ithmb", "damaged near Ann at the lake")
    gone = Deleted(1, DeletionReason.AS_STORED, "Ann at the lake", "com.apple.mobileslideshow")
    says = (PermanentlyDeleted(1, (), (gone,)), NotRead((gap,)))
    cause = Cause(CauseCode.PERMANENTLY_DELETED, CauseVerdict.SHOWN, says)
    found = findings_of([an_asset(title="Ann at the lake")]).changed(causes=(cause,), summary=says, gaps=(gap,))
    told = redact(found)
    left = gap.changed(values=(f"damaged near {LEFT_OUT}",))
    assert told.causes[0].says == told.summary
    assert told.summary == (PermanentlyDeleted(1, (), (gone.changed(stored=LEFT_OUT),)), NotRead((left,)))
    assert told.gaps == (left,)


def test_the_place_a_value_was_read_from_goes_with_it() -> None:
    """Only the sources of what is still told stay."""
    asset = an_asset(
        title="x",
        created=datetime(2024, 1, 1, tzinfo=UTC),
        sources={"title": Source("a"), "created": Source("b")},
    )
    (told,) = redact(findings_of([asset])).assets
    assert told.sources == {"created": Source("b")}


@given(st.lists(any_assets, max_size=4))
def test_redaction_is_done_once(assets: list[Asset]) -> None:
    """Twice is the same as once; counts, states and identifiers are never changed."""
    found = findings_of(assets)
    told = redact(found)
    assert redact(told) == told
    assert told.totals == found.totals and len(told.assets) == len(found.assets)
    for before, after in zip(found.assets, told.assets, strict=True):
        assert (before.uuid, before.status, before.created, before.kind) == (
            after.uuid,
            after.status,
            after.created,
            after.kind,
        )
        assert [file.file_id for file in before.files] == [file.file_id for file in after.files]
        assert after.latitude is after.longitude is after.title is None and not after.persons


@given(st.text(min_size=3).filter(lambda word: "left" not in word and word.strip()))
def test_any_title_disappears_from_any_note(word: str) -> None:
    """Whatever somebody typed."""
    asset: Asset = an_asset(title="q" + word).changed(notes=(a_note(f"xx q{word} yy", f"q{word}"),), files=(a_file(),))
    (told,) = redact(findings_of([asset])).assets
    assert "q" + word not in note(told.notes[0])


def test_the_demo_is_told_without_its_people(demo_twins: DemoTwins) -> None:
    """The backup of all stories, redacted, keeps its totals and loses its names."""
    found = scan(demo_twins.plain)
    told = redact(found)
    assert told.totals == found.totals
    assert "Ann’s" not in repr(told.backup) and "Family" not in repr(told)
