"""`diagnose`, and the search of `scan`, as people run them: the page, the document, exit codes, the evidence."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from report_stories import GENERATED, golden
from report_strategies import any_findings

from fixtures import BackupBuilder
from recovery.analysis.model import Findings
from recovery.report.inventory import DIAGNOSIS_KEYS, diagnosis_document, dumps, inventory, schema
from recovery.report.safe_text import width
from recovery.report.text.diagnosis_text import diagnosis
from recovery.report.text.layout import COLUMNS
from tests.conftest import DemoTwins
from tests.scanning import scan
from tests.test_cli_extract import recover

NOTHING_READ = "could not be read in full"


def test_the_page_of_the_demo_is_as_agreed(demo_twins: DemoTwins) -> None:
    """The encrypted twin, where calls can be seen as well, answers exactly as the stored transcript."""
    found = scan(demo_twins.encrypted, demo_twins.passphrase)
    golden("diagnose_demo.txt", diagnosis(found.changed(backup=found.backup.changed(path="/backups/demo"))))


def test_the_plain_twin_differs_only_where_it_must(demo_twins: DemoTwins) -> None:
    """Without encryption no call can be seen; every other verdict is the same."""
    plain, encrypted = scan(demo_twins.plain), scan(demo_twins.encrypted, demo_twins.passphrase)
    pairs = zip(plain.causes, encrypted.causes, strict=True)
    differing = {one.code: (one.verdict, other.verdict) for one, other in pairs if one.verdict != other.verdict}
    assert differing == {"call_without_photo": ("undetermined", "contradicted")}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(any_findings)
def test_any_page_is_safe_and_narrow(story: Findings) -> None:
    """For any findings: 80 columns, no control or bidi character, and what explains something is counted."""
    for verbose in (False, True):
        page = diagnosis(story, verbose=verbose)
        for line in page.splitlines():
            assert width(line) <= COLUMNS or line.startswith("  recover-facetime "), line
            assert not any(
                unicodedata.category(character) in ("Cc", "Cs") or character in "\u202a\u202b\u202d\u202e\u2066\u2067"
                for character in line
            )
        shown = sum(cause.verdict == "shown" for cause in story.causes)
        assert f"Confirmed by this backup ({shown:,})" in page


def test_the_document_is_part_of_the_inventory(demo_twins: DemoTwins) -> None:
    """Each key of the diagnosis is, letter for letter, that of the inventory."""
    findings = scan(demo_twins.plain)
    whole = inventory(findings, generated_at=GENERATED)
    document = json.loads(dumps(diagnosis_document(findings, generated_at=GENERATED)))
    assert document.pop("schema") == "recover-facetime/diagnosis/1"
    assert list(document) == list(DIAGNOSIS_KEYS)
    assert document == {key: whole[key] for key in DIAGNOSIS_KEYS}


def test_diagnose_answers_on_stdout_and_leaves_the_evidence(tmp_path: Path, untouched: Callable[[Path], None]) -> None:
    """Text and JSON are the answer alone, exit code 0; with -o the file holds it; the backup stays as it was."""
    backup = BackupBuilder().with_live_photo("IMG_0001").hidden().build(tmp_path)
    untouched(backup)
    shown = recover("diagnose", backup)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "The one FaceTime photo found here is complete in this backup. It is hidden." in shown.stdout
    assert "Read in" not in shown.stdout
    assert "Read in  Media/PhotoData/Photos.sqlite ZASSET.ZHIDDEN row 1" in recover("diagnose", backup, "-v").stdout
    answer = recover("diagnose", backup, "--json")
    assert (answer.returncode, answer.stderr) == (0, "")
    document = json.loads(answer.stdout)
    verdicts = {cause["code"]: cause["verdict"] for cause in document["causes"]}
    assert (verdicts["hidden"], verdicts["recently_deleted"]) == ("shown", "contradicted")
    out = tmp_path / "diagnosis.txt"
    assert recover("diagnose", backup, "-o", out).stdout == ""
    assert out.read_text("utf-8") == shown.stdout


def test_damage_gives_exit_code_three_and_is_said(tmp_path: Path) -> None:
    """A damaged library is damage that was met: 3; a passphrase that lacks is 4; no backup is 1."""
    photo = BackupBuilder().with_live_photo("IMG_0001")
    damaged = recover("diagnose", photo.with_damaged_photos_database("header").build(tmp_path / "damaged"))
    assert damaged.returncode == 3
    assert NOTHING_READ in " ".join(damaged.stdout.split())
    locked = BackupBuilder().with_photo("IMG_0001").build(tmp_path / "locked", "secret")
    assert recover("diagnose", locked).returncode == 4
    assert recover("diagnose", tmp_path / "nowhere").returncode == 1


# --- search ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A FaceTime photo of 3 May with words, and a camera photo in Berlin a week later."""
    builder = BackupBuilder().with_live_photo("IMG_0001").described("Grandma’s café", None, ("family",))
    builder.with_photo("IMG_0002", created=datetime(2024, 5, 10, tzinfo=UTC)).with_album("Family")
    return builder.build(tmp_path_factory.mktemp("library"))


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--from-date", "2024-05-03", "--to-date", "2024-05-03"], ["IMG_0001.HEIC"]),
        (["--to-date", "2024-05-03T18:22:11Z"], ["IMG_0001.HEIC"]),
        (["--to-date", "2024-05-03T18:22:10+00:00"], []),
        (["--from-date", "2024-05-04"], ["IMG_0002.HEIC"]),
        (["--near", "52.5,13.4,10"], ["IMG_0002.HEIC"]),
        (["--text", "CAFE grandma"], ["IMG_0001.HEIC"]),
        (["--text", "img_0002"], ["IMG_0002.HEIC"]),
        (["--person", "Zoë"], []),
        (["--album", "FAMIL"], ["IMG_0001.HEIC", "IMG_0002.HEIC"]),
        (["--album", "Work"], []),
    ],
)
def test_scan_finds(library: Path, options: list[str], names: list[str]) -> None:
    """Each option narrows what is listed; the document stays valid and its totals count what is listed."""
    answer = recover("scan", library, "--json", *options)
    document = json.loads(answer.stdout)
    jsonschema.validate(document, schema())
    assert sorted(asset["filename"] for asset in document["assets"]) == names
    assert document["totals"]["assets"] == len(names)
    assert document["search"].startswith(f"{len(names)} of 2 photos and videos fit: ")
    assert answer.stderr == f"Search: {document['search']}\n"


def test_scan_says_what_it_searched_for(library: Path) -> None:
    """The page names the search with its zone and lists what fits, also what is not from FaceTime."""
    page = recover("scan", library, "--from-date", "2024-05-03", "--near", "52.5,13.4,10")
    assert (page.returncode, page.stderr) == (0, "")
    told = " ".join(page.stdout.split())
    assert "1 of 2 photos and videos fit: from 2024-05-03, within 10 km of 52.5, 13.4." in told
    assert "1 has no known place, so nobody can say whether they fit." in told
    assert "IMG_0002.HEIC" in page.stdout and "IMG_0001.HEIC" not in page.stdout
    assert "Totals" not in page.stdout


@pytest.mark.parametrize(
    "options",
    [
        ["--from-date", "2024-13-01"],
        ["--from-date", "3 May"],
        ["--from-date", "2024-05-03T18:22:11"],
        ["--near", "52.5,13.4"],
        ["--near", "95,13.4,1"],
        ["--near", "0,0,nan"],
        ["--person", ""],
        ["--from-date", "2024-05-04", "--to-date", "2024-05-03"],
    ],
)
def test_a_search_that_means_nothing_is_wrong_usage(library: Path, options: list[str]) -> None:
    """Exit code 2, nothing on standard output, and a sentence that says what is wrong."""
    answer = recover("scan", library, *options)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "Error: " in answer.stderr
    assert "Traceback" not in answer.stderr
