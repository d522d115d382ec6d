"""The page without a browser: what stands in it, what does not, and that its sums are sums."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from report_pages import MADE, opened
from report_stories import WHOLE, empty, findings, rich

from cli.main import main
from fixtures import BackupBuilder
from recovery.analysis.model import Asset as FoundAsset
from recovery.analysis.model import Basis, Kind, Orphan, OrphanCode, Status
from recovery.analysis.statements import NotRead, PhotoOutcome, PhotoOutcomes
from recovery.errors import OutputError
from recovery.gap_codes import GapReason, GapSubject
from recovery.provenance import Source, unreadable
from recovery.report.html import ReportOptions, write_report
from recovery.report.html.embed import script_json
from recovery.report.html.first_screen import BAR, bars, loose_groups
from recovery.report.html.previews import Preview
from recovery.report.html.writing import render

HOSTILE = "</script><script>alert('x')</script><!--"


def page_of(*, rich_story: bool = True) -> str:
    """A page of findings made by hand, without pictures."""
    found = rich() if rich_story else empty()
    return render(found, None, [Preview()] * len(found.assets), "report_files", MADE)


def blocks(html: str) -> list[dict[str, object]]:
    """The data blocks of a page, parsed."""
    found = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.DOTALL)
    return [json.loads(text) for text in found]


def test_the_page_names_no_place_on_any_network() -> None:
    """Outside the data, which is only ever shown as text, the page holds no address of any kind."""
    for rich_story in (True, False):
        html = page_of(rich_story=rich_story)
        bare = re.sub(r'<script type="application/json".*?</script>', "", html, flags=re.DOTALL)
        assert not re.search(r"https?:|//[a-z]|@import|\burl\(", bare)


def test_the_policy_fits_style_and_script_to_the_byte() -> None:
    """The hashes in the policy are those of the page's one style and one script; nothing else is allowed."""
    html = page_of()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    text = policy[1].replace("&#39;", "'")
    for element, directive in (("style", "style-src"), ("script", "script-src")):
        content = re.findall(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)
        assert len(content) == 1
        digest = base64.b64encode(hashlib.sha256(content[0].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in text
    assert text.startswith("default-src 'none'; ")
    assert "unsafe" not in text
    assert not re.search(r"<[^>]+\sstyle=|<[^>]+\son[a-z]+=", re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL))


@given(st.recursive(st.text() | st.sampled_from([HOSTILE, "<!--<script>"]), st.lists, max_leaves=5))
def test_data_can_end_no_element(value: object) -> None:
    """Whatever a backup holds, its JSON has no sign that means something to HTML, and reads back the same."""
    text = str(script_json(value))
    assert not set("<>&") & set(text)
    assert text.isascii()
    assert json.loads(text) == value


def test_every_text_outside_the_data_is_escaped() -> None:
    """Device names, gaps, loose ends and causes cannot become markup."""
    found = rich()
    stated = NotRead((unreadable(GapSubject.LIBRARY_FIELD, HOSTILE, HOSTILE, part=HOSTILE),))
    hostile = found.changed(
        backup=found.backup.changed(device_name=HOSTILE, path=HOSTILE, udid=HOSTILE),
        gaps=tuple(
            gap.changed(where=HOSTILE, why=GapReason.UNREADABLE, values=(HOSTILE,), part=HOSTILE) for gap in found.gaps
        ),
        loose_ends=tuple(end.changed(path=HOSTILE, guess=HOSTILE) for end in found.loose_ends),
        causes=tuple(cause.changed(says=(stated,)) for cause in found.causes),
        summary=(stated,),
    )
    assert hostile.gaps
    assert hostile.loose_ends
    assert hostile.causes
    html = render(hostile, None, [Preview()] * len(hostile.assets), "report_files", MADE)
    assert "<script>alert" not in html
    assert html.count("<script") == page_of().count("<script")


def test_cards_and_details_are_in_the_order_of_the_assets() -> None:
    """Each asset has one card and one detail, and the facts of a detail are those of its card."""
    main_block, *details = blocks(page_of())
    cards = main_block["cards"]
    names = main_block["cardNames"]
    assert isinstance(cards, list)
    assert isinstance(names, list)
    rows = [row for block in details for row in block["details"]]  # type: ignore[attr-defined]
    assert len(cards) == len(rows) == len(rich().assets)
    for asset, card, row in zip(rich().assets, cards, rows, strict=True):
        assert card[names.index("verdict")] == asset.facetime.verdict.value
        assert card[names.index("status")] == asset.status.value
        texts = [fact[1] for section in row["sections"] for fact in section[1]]
        if asset.uuid:
            assert asset.uuid in texts


def test_every_fact_with_a_source_tells_it() -> None:
    """Where a value was read is in the data: place by number, row by value."""
    _, block = blocks(page_of())
    places = block["places"]
    assert isinstance(places, list)
    facts = [fact for row in block["details"] for section in row["sections"] for fact in section[1]]  # type: ignore[attr-defined]
    told = {(places[fact[2]], fact[3]) for fact in facts if len(fact) > 3}
    assert ("Media/PhotoData/Photos.sqlite ZADDITIONALASSETATTRIBUTES.ZORIGINALFILENAME", 12) in told


@given(st.lists(st.sampled_from(Status), max_size=60))
def test_the_bars_add_up(statuses: list[Status]) -> None:
    """The parts of a bar sum to its total and fill it from end to end; none that counts is invisible."""
    assets = [FoundAsset(None, Basis.MEDIA_FILE, Kind.PHOTO, status, WHOLE) for status in statuses]
    for bar in bars(findings(assets)):
        assert sum(part.count for part in bar.parts) == bar.total == len(assets)
        assert sum(part.width for part in bar.parts) == (BAR if assets else 0)
        assert all((part.width > 0) == (part.count > 0) for part in bar.parts)
        lefts = [part.left for part in bar.parts]
        assert lefts == sorted(lefts)


def test_long_lists_are_cut_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """More loose ends than a page should carry are counted, not silently left out."""
    monkeypatch.setattr("recovery.limits.REPORT_LISTED", 3)
    ends = [Orphan(OrphanCode.MISSING_BLOB, "D", f"p{n}", None, None, None, Source("Manifest.db")) for n in range(8)]
    (group,) = loose_groups(ends)
    assert (group.count, len(group.lines), group.more) == (8, 3, 5)


def test_the_summary_opens_the_page() -> None:
    """The paragraph that the findings give is the first thing said after the headline."""
    found = rich().changed(summary=(PhotoOutcomes(2, 0, ((PhotoOutcome.RECENTLY_DELETED, 2),), ()),))
    html = render(found, None, [Preview()] * len(found.assets), "report_files", MADE)
    summary = "2 FaceTime photos were found; none of them is complete in this backup. 2 are in Recently Deleted."
    assert html.index("<h1>") < html.index(summary) < html.index('class="totals"')


def test_the_command_writes_a_page_and_leaves_the_backup_alone(
    tmp_path: Path, untouched: Callable[[Path], None]
) -> None:
    """`report` prints the page's name, puts pictures beside it, and changes nothing in the backup."""
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "b")
    untouched(tmp_path / "b")
    out = tmp_path / "report.html"
    result = CliRunner().invoke(main, ["report", str(backup), str(out)])
    assert result.exit_code == 0, result.output
    assert str(out) in result.output
    assert out.read_text("utf-8").startswith("<!doctype html>")
    assert sorted(path.name[24:] for path in (tmp_path / "report_files").iterdir()) == [
        "-large.jpg",
        "-movie.mp4",
        "-small.jpg",
    ]


@pytest.mark.parametrize("name", ["inside.html", "report.txt", "absent/report.html", "theirs.html"])
def test_no_evidence_and_no_foreign_file_is_overwritten(tmp_path: Path, name: str) -> None:
    """A place in a backup, another file's name, no folder, no page: each is refused, and nothing is written."""
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "b")
    out = backup / name if name == "inside.html" else tmp_path / name
    if name == "theirs.html":
        out.write_text("<!doctype html><p>something of mine")
    before = sorted(tmp_path.rglob("*"))
    with opened(BackupBuilder().with_live_photo("IMG_0001"), tmp_path / "again") as found:
        view = found.view
        with pytest.raises(OutputError):
            write_report(view, found.case, found.findings, out)
    again = [path for path in sorted(tmp_path.rglob("*")) if "again" not in path.parts]
    assert again == before


def test_an_earlier_report_is_replaced(tmp_path: Path) -> None:
    """The same command twice gives the same page again."""
    with opened(BackupBuilder().with_live_photo("IMG_0001"), tmp_path / "b") as found:
        out = tmp_path / "r.html"
        for _ in range(2):
            write_report(found.view, found.case, found.findings, out, now=lambda: MADE)
        page = out.read_bytes()
        write_report(found.view, found.case, found.findings, out, now=lambda: MADE)
        assert out.read_bytes() == page
        without = ReportOptions(previews=False)
        bare = tmp_path / "bare.html"
        assert write_report(found.view, found.case, found.findings, bare, options=without).folder is None
        assert not (tmp_path / "bare_files").exists()


def test_extract_makes_the_page_beside_its_folder(tmp_path: Path) -> None:
    """The page lies beside the output, so that checking the output finds nothing unknown in it."""
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "b")
    out = tmp_path / "saved"
    result = CliRunner().invoke(main, ["extract", str(backup), str(out)])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "saved.html").is_file()
    assert any((tmp_path / "saved_files").iterdir())
    assert CliRunner().invoke(main, ["verify", str(out)]).exit_code == 0


def test_the_page_names_the_command_that_saves_and_that_of_an_extraction_does_not(tmp_path: Path) -> None:
    """A page made by `report` goes on to `extract`, with the real path; the page of an extraction is past that."""
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "b")
    runner = CliRunner()
    assert runner.invoke(main, ["report", str(backup), str(tmp_path / "r.html")]).exit_code == 0
    page = (tmp_path / "r.html").read_text("utf-8")
    assert f'<code id="next-command">recover-facetime extract {backup} recovered-photos</code>' in page
    runner.invoke(main, ["extract", str(backup), str(tmp_path / "out")])
    assert 'id="next-command"' not in (tmp_path / "out.html").read_text("utf-8")
