"""Genuine FaceTime files: situations with their structure, and the rules held against the tags of 78 stills."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixtures import BackupBuilder, pictures
from fixtures.plans import AssetPlan
from recovery.analysis.asset_fields import MOVIE_DATE
from recovery.analysis.model import Asset, Basis, Camera, Findings, Kind, Status, Verdict
from recovery.analysis.reasons import Note, NoteCode
from recovery.photos_db.facetime_signals import RULES, Photographed
from tests.figures_real_data import judged_still, observed_stills
from tests.scanning import PASSPHRASE, named, scan
from tests.talking import say

WHEN = datetime(2025, 12, 2, 20, 41, 29, tzinfo=UTC)
PAIR = "iphone-pair.heic", "iphone-pair.mov"
STILLS = {
    "IMG_0001": PAIR[0],
    "IMG_0003": "ipadpro-rot180.HEIC",
    "IMG_0004": "iphone12mini-back.HEIC",
    "IMG_0005": "iphone17pro.heic",
}
VIDEOS = {"IMG_0001": PAIR[1], "IMG_0002": PAIR[1]}
MAC = pictures.PictureFacts("Apple", "MacBook Pro", "MacBook Pro", "FaceTime Photo")


def situations(sent: bytes) -> BackupBuilder:
    """What may be left of FaceTime photos when row, name or program is lost, and a photo of the camera."""
    made = BackupBuilder()
    made.with_live_photo("IMG_0001", created=WHEN).without_row().without_xattrs()
    made.with_video(
        "IMG_0002",
        WHEN,
        original="lp_image.MOV",
        bundle="com.apple.MobileSMS",
        imported_by=8,
        photographed=pictures.IPHONE,
    )
    still = {"facts": pictures.FACETIME, "width": 884, "height": 1920}
    made.with_photo("IMG_0003", WHEN, original="lp_image-1.HEIC", bundle="com.google.photos", imported_by=3, **still)
    made.with_photo("IMG_0004", WHEN, original="IMG_1234.HEIC", bundle="com.apple.sharingd", imported_by=8, **still)
    made.with_photo("IMG_0005", WHEN, original="IMG_1235.HEIC", bundle=None, imported_by=3, **still)
    made.with_photo("IMG_0006", WHEN)
    made.with_messages_attachment("lp_image.MOV", sent, file=False)
    return made.with_file("MediaDomain", made._attachments[-1].path, sent, blob=False)


@pytest.fixture
def genuine(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The structures of genuine files, which builders then give their assets."""
    folder, still, movie = shared / "facetime-skeletons", AssetPlan.still, AssetPlan.movie

    def of_still(plan: AssetPlan) -> bytes:
        return (folder / STILLS[plan.name]).read_bytes() if plan.name in STILLS else still(plan)

    def of_movie(plan: AssetPlan) -> bytes:
        return (folder / VIDEOS[plan.name]).read_bytes() if plan.name in VIDEOS else movie(plan)

    monkeypatch.setattr(AssetPlan, "still", of_still)
    monkeypatch.setattr(AssetPlan, "movie", of_movie)
    return folder


def codes(asset: Asset) -> set[str]:
    """Codes of an asset's signals."""
    return {signal.code for signal in asset.facetime.signals}


def shown(asset: Asset) -> tuple[str | None, Camera | None]:
    """The photographed device and its camera."""
    return asset.facetime.device, asset.facetime.camera


def check(findings: Findings) -> None:
    """What holds in each situation, whoever made the files."""
    pair, lost = named(findings, "IMG_0001.HEIC"), named(findings, "lp_image.MOV")
    assert (pair.facetime.verdict, pair.kind, pair.basis) == (Verdict.CERTAIN, Kind.LIVE_PHOTO, Basis.MEDIA_FILE)
    assert pair.live_photo is not None and pair.live_photo.identifiers_match
    video = named(findings, "IMG_0002.MOV")
    assert (video.facetime.verdict, codes(video)) == (Verdict.CERTAIN, {"original_filename", "movie_marker"})
    named_so = named(findings, "IMG_0003.HEIC")
    assert named_so.facetime.verdict is Verdict.CERTAIN
    assert codes(named_so) == {"original_filename", "embedded_marker", "lens_model"}
    for name in ("IMG_0004.HEIC", "IMG_0005.HEIC"):
        renamed = named(findings, name)
        assert (renamed.facetime.verdict, renamed.kind) == (Verdict.CERTAIN, Kind.PHOTO)
        assert codes(renamed) == {"embedded_marker", "lens_model"}
        assert not any(signal.untested for signal in renamed.facetime.signals)
    assert named(findings, "IMG_0006.HEIC").facetime.verdict is Verdict.NO
    assert (lost.facetime.verdict, lost.status, lost.kind) == (Verdict.PROBABLE, Status.NOT_FOUND, Kind.VIDEO)
    assert findings.totals.facetime == 6 and findings.totals.assets == 7


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])
def test_situations(tmp_path: Path, passphrase: str | None) -> None:
    """Row lost; video on its own; copy with a number; renamed, with and without a program; sent and gone."""
    findings = scan(situations(b"never stored").build(tmp_path, passphrase), passphrase)
    check(findings)
    assert shown(named(findings, "IMG_0004.HEIC")) == ("iPhone 13", Camera.FRONT)


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])
def test_situations_with_genuine_structure(tmp_path: Path, genuine: Path, passphrase: str | None) -> None:
    """The same with files whose boxes and tags are those of genuine ones, and what these say they show."""
    made = situations((genuine / PAIR[1]).read_bytes())
    findings = scan(made.build(tmp_path, passphrase), passphrase)
    check(findings)
    assert {str(asset.filename): shown(asset) for asset in findings.assets if asset.facetime.device} == {
        "IMG_0001.HEIC": ("iPhone 12 Pro", Camera.FRONT),
        "IMG_0003.HEIC": ("iPad Pro (11-inch) (2nd generation)", Camera.FRONT),
        "IMG_0004.HEIC": ("iPhone 12 mini", Camera.BACK),
        "IMG_0005.HEIC": ("iPhone 17 Pro", Camera.FRONT),
    }
    pair = named(findings, "IMG_0001.HEIC")
    assert pair.created == datetime(2024, 1, 1, tzinfo=UTC)
    assert dict(pair.sources)["created"].place == MOVIE_DATE
    assert dict(pair.sources)["created"].store.endswith("IMG_0001.MOV")
    assert NoteCode.DATE_OF_VIDEO in {note.code for note in pair.notes}


def test_the_librarys_date_is_better_than_the_videos(tmp_path: Path, genuine: Path) -> None:
    """With a row its date counts, and nothing is said of the video's."""
    made = BackupBuilder(backup_date=WHEN).with_live_photo("IMG_0001", created=WHEN)
    asset = named(scan(made.build(tmp_path)), "IMG_0001.HEIC")
    assert (asset.created, asset.notes) == (WHEN, ())


def test_the_videos_date_where_messages_alone_holds_it(tmp_path: Path, genuine: Path) -> None:
    """The date of the message is that of sending; the video's own is nearer to the moment."""
    made = BackupBuilder().with_live_photo("IMG_0001", created=WHEN).with_messages_attachment("lp_image.HEIC")
    folder = made._attachments[-1].path.rpartition("/")[0]
    made.with_file("MediaDomain", f"{folder}/lp_image.MOV", (genuine / PAIR[1]).read_bytes())
    made.without_thumbnail().permanently_deleted(WHEN)
    asset = named(scan(made.build(tmp_path)), "lp_image.HEIC")
    assert asset.created == datetime(2024, 1, 1, tzinfo=UTC)
    assert dict(asset.sources)["created"].place == MOVIE_DATE
    assert shown(asset) == ("iPhone 12 Pro", Camera.FRONT)
    assert Note(NoteCode.DATE_OF_VIDEO) in asset.notes


def test_a_mac_is_photographed(tmp_path: Path) -> None:
    """The lens is only called as the Mac, and it is certain all the same; which camera, nothing says."""
    made = BackupBuilder().with_photo("IMG_0001", original="IMG_9.HEIC", imported_by=3, facts=MAC)
    (asset,) = scan(made.build(tmp_path)).assets
    assert (asset.facetime.verdict, codes(asset)) == (Verdict.CERTAIN, {"embedded_marker", "lens_model"})
    assert shown(asset) == ("MacBook Pro", None)


def test_a_mark_in_a_sent_copy_counts_for_the_photo(tmp_path: Path) -> None:
    """The original is only in iCloud and renamed; its copy in Messages carries the marks."""
    made = BackupBuilder().with_live_photo("IMG_0001", "IMG_9.HEIC", None, 3, facetime_markers=True)
    (asset,) = scan(made.with_messages_attachment("IMG_9.HEIC").only_in_icloud().build(tmp_path)).assets
    assert asset.facetime.verdict is Verdict.CERTAIN
    assert shown(asset) == ("iPhone 13", Camera.FRONT)


# --- what people and programs read ---------------------------------------------------------------------------


def test_every_output_tells_what_is_shown(tmp_path: Path, untouched: Callable[[Path], None]) -> None:
    """Text, JSON, CSV, the page and the sidecars: the other person's device, and how sure each sign is."""
    folder = BackupBuilder().with_photo(
        "IMG_0001", original="IMG_9.HEIC", imported_by=3, facts=pictures.FACETIME, width=884, height=1920
    ).build(tmp_path / "backup")  # fmt: skip
    untouched(folder)
    text = say("scan", folder, "-v")
    assert (text.code, text.err) == (0, "")
    assert "Shows    iPhone 13, front camera (the other person's device)" in text.out
    note = "Found in genuine FaceTime files: the picture's mark in 72 of 78 stills, the lens in 64 of 78 stills."
    assert note in " ".join(text.out.split())
    assert "* This sign" not in text.out
    (asset,) = json.loads(say("scan", folder, "--json").out)["assets"]
    facetime = asset["facetime"]
    assert (facetime["verdict"], facetime["device"], facetime["camera"]) == ("certain", "iPhone 13", "front")
    assert asset["sources"]["facetime.device"]["place"] == "Exif Model"
    assert [(item["code"], item["tier"], item["seen"], item["untested"]) for item in facetime["signals"]] == [
        ("embedded_marker", "documented", "72 of 78 stills", False),
        ("lens_model", "documented", "64 of 78 stills", False),
    ]
    (row,) = csv.DictReader(io.StringIO(say("scan", folder, "--format", "csv").out))
    assert (row["facetime_device"], row["facetime_camera"]) == ("iPhone 13", "front")
    page = tmp_path / "report.html"
    assert say("report", folder, page).code == 0
    written = "".join(path.read_text("utf-8") for path in [page, *tmp_path.rglob("report*/*.js")])
    assert "iPhone 13, front camera (the other person" in written
    out = tmp_path / "out"
    assert say("extract", folder, out).code == 0
    (xmp,) = out.rglob("*.xmp")
    assert "<facetime:PhotographedDevice>iPhone 13</facetime:PhotographedDevice>" in xmp.read_text("utf-8")
    assert "<facetime:PhotographedCamera>front</facetime:PhotographedCamera>" in xmp.read_text("utf-8")


# --- the tags of 78 genuine stills --------------------------------------------------------------------------


def test_the_figures_of_the_rules_are_those_of_the_stills(shared: Path) -> None:
    """Each rule about stills fires on as many of them as it says."""
    judged = [judged_still(still) for still in observed_stills(shared)]
    fired = Counter(signal.rule for judgement in judged for signal in judgement.fired)
    assert len(judged) == 78
    measured = [rule for rule in RULES if rule.seen and rule.seen.of == 78]
    assert len(measured) == 3
    for rule in measured:
        assert rule.seen is not None and fired[rule] == rule.seen.count, rule.code


def test_the_marks_alone_make_genuine_stills_certain(shared: Path) -> None:
    """Without name, row and program: 71 certain, one that Google stripped probable, six without EXIF no."""
    judged = [judged_still(still) for still in observed_stills(shared)]
    assert Counter(judgement.verdict for judgement in judged) == {
        Verdict.CERTAIN: 71,
        Verdict.PROBABLE: 1,
        Verdict.NO: 6,
    }
    devices = Counter(judgement.photographed.camera for judgement in judged if judgement.photographed.device)
    assert devices == {Camera.FRONT: 56, Camera.BACK: 8, None: 7}
    assert all(judgement.photographed == Photographed() for judgement in judged if judgement.verdict is Verdict.NO)
