"""The benchmark command runs, keeps what it measured and writes its page; nothing is said about time."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.document import write_document
from benchmarks.plot import Point, plot
from benchmarks.samples import Sample, Stage, spread
from benchmarks.stages import STAGES

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not tell what a process used")
SIZES = (
    "--rounds 1 --assets 40 --files 250 --originals 4 --movie 1 --cold 40 --large 4 --previews 6 --growth 300:100"
).split()
SECTIONS = (
    "In short",
    "Extraction",
    "Scan: 40 assets",
    "Scan from the disk",
    "Extraction from the disk",
    "Growth",
    "Previews",
    "Start-up",
    "Machine",
)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after a run of everything, as small as can be."""
    folder = tmp_path_factory.mktemp("benchmarks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "sync", lambda: None)  # others may write a lot at this moment
        patch.setattr("benchmarks.stages.LARGE_HEIC", (2016, 1512))  # a larger one takes a second to make
        main([*SIZES, "--work", str(folder / "work"), "--out", str(folder / "page.md")])
    return folder


def test_page_has_every_section_and_the_plot(measured: Path) -> None:
    """One command writes a page with all sections, and the plot it points to."""
    page = (measured / "page.md").read_text(encoding="utf-8")
    for section in SECTIONS:
        assert f"\n## {section}" in page
    assert "](page.svg)" in page
    assert ElementTree.parse(measured / "page.svg").getroot().tag.endswith("svg")


def test_every_stage_is_kept_with_its_conditions(measured: Path) -> None:
    """Each stage leaves a file with samples that took time and memory, and says when it began."""
    for name in STAGES:
        stored = json.loads((measured / "work" / "results" / f"{name}.json").read_text())
        assert stored["began"].endswith("UTC")
        assert stored["samples"]
        for samples in stored["samples"].values():
            assert all(sample["wall"] > 0 and sample["peak"] > 1 for sample in samples)


def test_copy_extraction_and_library_do_the_same_files(measured: Path) -> None:
    """Whatever is compared at extraction has handled the same number of files and of bytes."""
    stage = Stage.load_from(measured / "work" / "results", "extraction")
    assert stage is not None
    names = ["extract plain", "copy plain", "copy, flushed plain", "extract encrypted", "copy encrypted"]
    library = next(stage.names("iphone-backup-decrypt"))
    counts = {stage.samples[name][0].count for name in (*names, library)}
    assert len(counts) == 1
    assert counts.pop() > 4
    clear = {stage.samples[name][0].size for name in ("extract plain", "copy plain", "extract encrypted", library)}
    assert len(clear) == 1
    assert clear.pop() > 1_000_000


def test_previews_are_made_and_counted(measured: Path) -> None:
    """Each still of the backup gives a preview, small and large, and again in the second report."""
    stage = Stage.load_from(measured / "work" / "results", "previews")
    assert stage is not None
    counts = {name: samples[0].count for name, samples in stage.samples.items()}
    small = counts["first, small HEIC"]
    assert small > 0
    assert counts["again, small HEIC"] == counts["first, 12 MP HEIC"] == small
    assert counts["both, small HEIC"] == 2 * small


def test_page_can_be_written_again_without_measuring(measured: Path) -> None:
    """The page from the kept results is the page that was written after measuring."""
    main([*SIZES, "--work", str(measured / "work"), "--out", str(measured / "again.md"), "--document"])
    again = (measured / "again.md").read_text(encoding="utf-8")
    assert again.replace("again.svg", "page.svg") == (measured / "page.md").read_text(encoding="utf-8")


def test_unknown_stage_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stage that does not exist is a wrong usage, not a run of nothing."""
    with pytest.raises(SystemExit) as ended:
        main(["--only", "scan,nothing", "--work", str(tmp_path)])
    assert ended.value.code == 2
    assert "nothing" in capsys.readouterr().err


def test_page_says_who_was_left_out_and_no_folder(tmp_path: Path) -> None:
    """A tool that failed is named with its reason, without the folders of this machine."""
    stage = Stage("growth", {"rounds": 1}, left_out={"mvt": "cannot read /home/ann/tools/mvt.py"})
    stage.samples = {f"{what} 300:60": [Sample(2.0, 1.0, 1.0)] for what in ("floor", "whole")}
    write_document({"growth": stage}, tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "Not measured: mvt (cannot read mvt.py)." in page
    assert "ann" not in page.replace("cannot", "")


def test_ratios_are_taken_round_by_round() -> None:
    """A ratio pairs samples of the same round, so that a slow moment strikes both."""
    stage = Stage("scan", {})
    stage.samples = {
        "ours": [Sample(2.0, 1.0, 1.0), Sample(8.0, 1.0, 1.0), Sample(3.0, 1.0, 1.0)],
        "floor": [Sample(1.0, 1.0, 1.0), Sample(4.0, 1.0, 1.0), Sample(1.0, 1.0, 1.0)],
    }
    assert stage.ratios("ours", "floor", "wall") == [2.0, 2.0, 3.0]
    assert spread(stage.ratios("ours", "floor", "wall")) == "2.00 (2.00 to 3.00)"


def test_straight_growth_lies_on_the_dashed_line() -> None:
    """With a time in proportion to the rows, the line of the scan is where the dashed one is."""
    points = [Point(rows, rows // 5, rows / 1e5, rows / 1e4, 100.0) for rows in (10_000, 100_000, 1_000_000)]
    drawn = ElementTree.fromstring(plot(points))
    dashed = next(item for item in drawn if "stroke-dasharray" in item.attrib).attrib["d"]
    begin, end = (place.split(" ") for place in dashed.removeprefix("M").split("L"))
    lines = [item.attrib["points"].split(" ") for item in drawn if item.tag.endswith("polyline")]
    assert [",".join(begin), ",".join(end)] in [[line[0], line[-1]] for line in lines]
