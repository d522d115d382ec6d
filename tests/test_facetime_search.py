"""A search for FaceTime alone reads less of a backup, and finds what a search in the whole of it finds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from fixtures import BackupBuilder
from recovery.analysis.find import find, narrowed
from recovery.analysis.model import Findings, Verdict
from recovery.analysis.search import Search
from recovery.case import gather
from recovery.report.inventory import schema
from recovery.source.backup_view import BackupView
from recovery.source.blobs import Blob
from recovery.source.manifest import ManifestEntry
from tests.conftest import DemoTwins
from tests.scanning import case_of, view_of
from tests.talking import say

ONLY = Search(facetime=True)


def searched(folder: Path) -> Findings:
    """The findings of a search for FaceTime alone."""
    with view_of(folder) as view:
        case = gather(view, only_facetime=True)
        return find(replace(case, store=case.store.in_memory()))


def same(short: Findings, long: Findings) -> None:
    """Each part of the findings is the same."""
    for name in Findings.__struct_fields__:
        assert getattr(short, name) == getattr(long, name), name


@pytest.mark.parametrize("twin", ["plain", "encrypted"])
def test_it_finds_what_a_search_in_the_whole_finds(demo_twins: DemoTwins, twin: str) -> None:
    """With every story at once: photos, totals, causes, loose ends, gaps and words are the same."""
    folder, passphrase = getattr(demo_twins, twin), demo_twins.passphrase if twin == "encrypted" else None
    with view_of(folder, passphrase) as view:
        whole = find(gather(view))
        found = find(gather(view, only_facetime=True))
        same(found, narrowed(whole, ONLY))
        assert 20 < len(found.assets) < len(whole.assets)
        further = Search(facetime=True, text="lp_image")
        same(narrowed(found, further), narrowed(whole, further))


def camera() -> BackupBuilder:
    """A Live Photo of the camera, whose sign of FaceTime could only be a copy's name, and others beside it."""
    return BackupBuilder().with_photo("IMG_0007").with_screenshot("IMG_0002").with_camera_live_photo("IMG_0001")


def copied() -> BackupBuilder:
    """The same with a copy in Messages under FaceTime's name, joined by its content identifier."""
    return camera().with_messages_attachment("lp_image.HEIC")


def twin() -> BackupBuilder:
    """The same, joined by the bytes alone."""
    return camera().without_content_identifier().with_messages_attachment("lp_image.HEIC")


STORIES: dict[str, tuple[Callable[[], BackupBuilder], int]] = {
    "a copy in Messages": (copied, 1),
    "a copy whose original is gone": (lambda: copied().without_blob("both"), 1),
    "a copy of what was deleted": (lambda: copied().permanently_deleted(None).without_thumbnail(), 1),
    "a copy of the same bytes": (twin, 1),
    "a copy of the same bytes, no list of files": (lambda: twin().without_manifest_db(), 1),
    "nothing of FaceTime": (lambda: BackupBuilder().with_screenshot("IMG_0001"), 0),
    "no photo": (BackupBuilder, 0),
    "no library": (lambda: camera().with_live_photo("IMG_0009").without_photos_database(), 1),
    "no list of files": (lambda: camera().with_live_photo("IMG_0009").without_manifest_db(), 1),
}


@pytest.mark.parametrize("story", STORIES)
def test_it_finds_the_same_where_the_sign_stands_elsewhere(tmp_path: Path, story: str) -> None:
    """A copy in Messages, a library or a list of files that is lost, and nothing at all."""
    builder, expected = STORIES[story]
    folder = builder().build(tmp_path / "backup")
    found = searched(folder)
    assert len(found.assets) == expected
    same(found, narrowed(find(case_of(folder)), ONLY))


def test_blobs_of_others_are_not_examined(demo_twins: DemoTwins, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of photos that have a row and no sign of FaceTime are left alone, those of FaceTime photos are not."""
    looked: set[str] = set()
    examine = BackupView.examine

    def noted(self: BackupView, entry: ManifestEntry, *misfit: Callable[[bytes], str]) -> Blob:
        looked.add(entry.relative_path)
        return examine(self, entry, *misfit)

    whole = find(case_of(demo_twins.plain))
    monkeypatch.setattr(BackupView, "examine", noted)
    searched(demo_twins.plain)
    plain = [asset for asset in whole.assets if asset.facetime.verdict is Verdict.NO and not asset.deleted]
    spared = {item.path for asset in plain for item in asset.files if item.role == "still"} - looked
    assert len(spared) >= 5
    told = {item.path for asset in whole.assets for item in asset.files if asset.facetime.verdict.rank}
    originals = {path for path in told if path.startswith("Media/DCIM/")}
    assert originals and originals <= looked


def test_what_a_person_reads(demo_twins: DemoTwins, untouched: Callable[[Path], None]) -> None:
    """The FaceTime photos as in the whole answer, what was asked for, and nothing of the rest of the library."""
    untouched(demo_twins.plain)
    said, whole = say("scan", demo_twins.plain, "--facetime", "-v"), say("scan", demo_twins.plain, "-v")
    assert said.code == whole.code == 3
    listed = "FaceTime photos (29)"
    start = said.out.index(listed)
    assert said.out[start : start + 3000] == whole.out[whole.out.index(listed) :][:3000]
    assert "Only photos and videos with a sign of FaceTime were asked for; there are" in said.out
    assert "a scan without --facetime" in " ".join(said.out.split())
    assert "Totals" not in said.out
    assert all(len(line) <= 80 or line.startswith("  recover-facetime ") for line in said.out.splitlines())


def test_nothing_found_is_told_with_what_was_looked_at(tmp_path: Path, untouched: Callable[[Path], None]) -> None:
    """Never a bare zero: photos that were counted are named, and what could hide one."""
    folder = BackupBuilder().with_photo("IMG_0001").with_screenshot("IMG_0002").build(tmp_path / "backup")
    untouched(folder)
    said = say("scan", folder, "--facetime")
    assert (said.code, said.err) == (0, "")
    assert "No FaceTime photo was found" in said.out
    assert "Only photos and videos with a sign of FaceTime were asked for; there is none." in said.out
    assert "2 photos and videos" in said.out
    assert "What could hide one:" in said.out
    blank = say("scan", folder, "--facetime", "--text", "  ")
    assert blank.out == said.out
    more = say("scan", folder, "--facetime", "--text", "cafe")
    assert "0 of 0 photos and videos with a sign of FaceTime fit: with the words “cafe”." in more.out
    assert "No FaceTime photo was found" not in more.out


def test_what_a_script_reads(demo_twins: DemoTwins, tmp_path: Path, untouched: Callable[[Path], None]) -> None:
    """The promised document with the FaceTime photos alone, byte for byte as in the whole one."""
    untouched(demo_twins.encrypted)
    file = tmp_path / "passphrase"
    file.write_text(demo_twins.passphrase, "utf-8")
    secret = ("--passphrase-file", file)
    found, whole = (
        json.loads(say("scan", demo_twins.encrypted, "--json", *secret, *options).out)
        for options in (("--facetime",), ())
    )
    jsonschema.Draft202012Validator(schema()).validate(found)
    assert found["assets"] == [item for item in whole["assets"] if item["facetime"]["verdict"] != "no"]
    assert found["totals"]["assets"] == found["totals"]["facetime"] == whole["totals"]["facetime"]
    for part in ("backup", "summary", "loose_ends", "causes", "gaps"):
        assert found[part] == whole[part]
    said = say("scan", demo_twins.encrypted, "--facetime", "--format", "csv", *secret)
    assert demo_twins.passphrase not in said.all
    assert len(said.out.splitlines()) == len(found["assets"]) + 1


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--deleted"], {"IMG_0002.HEIC", "IMG_0031.HEIC", "IMG_0033.MOV"}),
        (["--hidden"], {"IMG_0003.HEIC", "IMG_0031.HEIC"}),
        (["--hidden", "--deleted"], {"IMG_0031.HEIC"}),
        (["--live", "--deleted", "--min-confidence", "certain"], {"IMG_0002.HEIC", "IMG_0031.HEIC"}),
    ],
)
def test_kinds_mean_the_same_in_scan_and_extract(
    demo_twins: DemoTwins, tmp_path: Path, options: list[str], names: set[str]
) -> None:
    """What scan lists with a filter is what extract takes with it; what is known by trace alone has no name."""
    document = json.loads(say("scan", demo_twins.plain, "--json", *options).out)
    assert {asset["filename"] for asset in document["assets"]} - {None} == names
    assert document["totals"]["assets"] == len(document["assets"])
    say("extract", demo_twins.plain, tmp_path / "out", "--no-report", *options)
    written = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["files"]
    assert {Path(file["path"]).name for file in written if "/DCIM/" in file["path"]} >= names


def test_one_photo_is_asked_for_by_its_uuid(demo_twins: DemoTwins) -> None:
    """Of a single photo that fits all that is known is told, without -v."""
    asset = json.loads(say("scan", demo_twins.plain, "--json", "--hidden").out)["assets"][0]
    said = say("scan", demo_twins.plain, "--uuid", asset["uuid"].lower())
    assert f"with the UUID {asset['uuid'].lower()}" in " ".join(said.out.split())
    assert "Status   " in said.out and asset["filename"] in said.out
