"""Two backups held against each other: what vanished, what changed, and what only the older one brings back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from recovery.analysis.comparison.asset_differences import AssetDifference, DifferenceKind
from recovery.analysis.comparison.asset_matching import Digests, MatchedBy, match, worth_hashing
from recovery.analysis.comparison.comparing import Comparison, Doubt, compare, lost_in, oldest_first
from recovery.analysis.model import Findings, asset_key
from recovery.case.digests import digests_of
from recovery.extraction.plan import plan
from recovery.extraction.selected_files import Selection
from recovery.report.messages.differences import difference_text
from tests.conftest import DemoTwins
from tests.scanning import named, scan, view_of

OLD, NEW = datetime(2024, 5, 10, 9, 0, tzinfo=UTC), datetime(2024, 6, 10, 9, 0, tzinfo=UTC)
DELETED = datetime(2024, 5, 20, 7, 15, tzinfo=UTC)
ANOTHER = "A1B2C3D4-0000-4000-8000-111111111111"
IPAD = {"udid": "00008027-0011223344556677", "product_type": "iPad13,1", "device_name": "Ann’s iPad"}


Change = Callable[[BackupBuilder], object]


def twins(folder: Path, change: Change, before: Change = lambda b: b, **device: str) -> tuple[Findings, Findings]:
    """One FaceTime photo in an older backup and, after a change, in a newer one."""
    older = BackupBuilder(backup_date=OLD).with_live_photo("IMG_0001")
    before(older)
    newer = BackupBuilder(backup_date=NEW, **device).with_live_photo("IMG_0001")
    change(newer)
    return scan(older.build(folder / "older")), scan(newer.build(folder / "newer"))


def only(comparison: Comparison) -> AssetDifference:
    """The one difference."""
    (found,) = comparison.differences
    return found


def test_a_photo_deleted_for_good_is_told_with_its_reason_and_is_lost(tmp_path: Path) -> None:
    """The newer library's history says when, by whom and why; the older backup has the photo whole."""
    older, newer = twins(tmp_path, lambda b: b.permanently_deleted(DELETED))
    found = compare(older, newer)
    difference = only(found)
    assert difference.kind is DifferenceKind.DELETED
    assert difference.matched_by is MatchedBy.UUID
    assert "on 2024-05-20 by com.apple.mobileslideshow (User deleted asset from trashcan)" in difference_text(
        difference
    )
    assert found.lost == lost_in(older, newer) == {asset_key(named(older, "IMG_0001.HEIC"))}


def test_a_photo_without_any_trace_has_vanished(tmp_path: Path) -> None:
    """On the same device, and nothing remembers it: vanished, never "deleted"."""
    older = scan(BackupBuilder(backup_date=OLD).with_live_photo("IMG_0001").build(tmp_path / "older"))
    newer = scan(BackupBuilder(backup_date=NEW).with_photo("IMG_0002").build(tmp_path / "newer"))
    found = compare(older, newer)
    assert [item.kind for item in found.differences] == [DifferenceKind.VANISHED, DifferenceKind.APPEARED]
    assert "deleted" not in difference_text(found.differences[0])
    assert len(found.lost) == 1


def test_another_device_loses_nothing(tmp_path: Path) -> None:
    """What an iPad does not have is "only in the older backup"; the same photo on both is matched by its UUID."""
    older = BackupBuilder(backup_date=OLD).with_live_photo("IMG_0001").with_live_photo("IMG_0002")
    newer = BackupBuilder(backup_date=NEW, **IPAD).with_live_photo("IMG_0001").with_photo("IMG_0009")
    found = compare(scan(older.build(tmp_path / "phone")), scan(newer.build(tmp_path / "pad")))
    assert found.same_device is False
    assert [item.kind for item in found.differences] == [
        DifferenceKind.ONLY_IN_OLDER,
        DifferenceKind.ONLY_IN_NEWER,
    ]
    assert found.matched == found.unchanged == 1


def test_moved_to_another_device_is_matched_by_the_identifier_inside(tmp_path: Path) -> None:
    """On an iPad a Live Photo has another UUID and name; its content identifier tells that it is the same."""
    phone = BackupBuilder(backup_date=OLD).with_live_photo("IMG_0001")
    identifier = phone.asset.content_identifier
    pad = BackupBuilder(backup_date=NEW, **IPAD).with_live_photo("IMG_4711", uuid=ANOTHER, group_uuid=identifier)
    older, newer = scan(phone.build(tmp_path / "phone")), scan(pad.build(tmp_path / "pad"))
    (pair,) = match(older.assets, newer.assets).pairs
    assert pair.by is MatchedBy.CONTENT_IDENTIFIER
    assert not compare(older, newer).differences


@pytest.mark.parametrize("named_by", ["cloud identifier on both", "the other's uuid"])
def test_moved_through_icloud_is_matched_by_the_cloud_identifier(tmp_path: Path, named_by: str) -> None:
    """A plain photo under another UUID is the same if iCloud names it the same."""
    older = scan(BackupBuilder(backup_date=OLD).with_photo("IMG_0001").build(tmp_path / "older"))
    first = older.assets[0]
    cloud = first.cloud_identifier if named_by == "cloud identifier on both" else first.uuid
    other = first.changed(uuid="F" * 8, cloud_identifier=(cloud or "").lower(), filename="x.heic")
    (pair,) = match([first], [other]).pairs
    assert pair.by is MatchedBy.CLOUD_IDENTIFIER


def test_identical_bytes_tell_a_plain_photo_where_nothing_else_does(tmp_path: Path) -> None:
    """Without rows and attributes, another name: only the digest of files of equal length matches."""

    first = BackupBuilder(backup_date=OLD).with_photo("IMG_0001")
    copy = "Media/DCIM/100APPLE/IMG_0777.HEIC"
    other = BackupBuilder(backup_date=NEW, **IPAD).with_file("CameraRollDomain", copy, first._last.still())
    folders = first.build(tmp_path / "older"), other.build(tmp_path / "newer")
    older, newer = (scan(folder) for folder in folders)
    assert not match(older.assets, newer.assets).pairs
    wanted = worth_hashing(match(older.assets, newer.assets))
    assert [len(files) for files in wanted] == [1, 1]
    digests = []
    for folder, files in zip(folders, wanted, strict=True):
        with view_of(folder) as view:
            digests.append(digests_of(view, [(item.domain, item.path) for item in files]))
    (pair,) = match(older.assets, newer.assets, Digests(*digests)).pairs
    assert pair.by is MatchedBy.IDENTICAL_BYTES
    assert not lost_in(older, newer, Digests(*digests))


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (lambda b: b, lambda b: b.hidden(), DifferenceKind.HIDDEN),
        (lambda b: b.hidden(), lambda b: b, DifferenceKind.SHOWN),
        (lambda b: b, lambda b: b.trashed(DELETED), DifferenceKind.TRASHED),
        (lambda b: b.trashed(OLD), lambda b: b, DifferenceKind.RESTORED),
        (lambda b: b, lambda b: b.favorite(), DifferenceKind.FAVORITE),
        (lambda b: b.favorite(), lambda b: b, DifferenceKind.NOT_FAVORITE),
    ],
    ids=lambda value: str(value) if isinstance(value, DifferenceKind) else "",
)
def test_a_changed_state_is_told_and_loses_nothing(
    tmp_path: Path, before: Change, after: Change, kind: DifferenceKind
) -> None:
    """Hidden, recently deleted, favourite: one difference, and the newer backup still has the photo."""
    older, newer = twins(tmp_path, after, before)
    found = compare(older, newer)
    assert only(found).kind is kind
    assert not found.lost


def test_a_lost_movie_is_told_and_the_older_backup_brings_it_back(tmp_path: Path) -> None:
    """Half of a Live Photo in the newer backup: the older one has the movie."""
    older, newer = twins(tmp_path, lambda b: b.without_video())
    found = compare(older, newer)
    assert only(found).kind is DifferenceKind.LOST_ORIGINAL
    assert "lacks the video of the Live Photo" in difference_text(only(found))
    assert found.lost == {asset_key(named(older, "IMG_0001.HEIC"))}
    assert not lost_in(newer, older)


def test_an_original_that_went_to_icloud_is_lost_here(tmp_path: Path) -> None:
    """Optimised away: the newer backup has a pointer, the older one the files."""
    older, newer = twins(tmp_path, lambda b: b.only_in_icloud())
    assert only(compare(older, newer)).kind is DifferenceKind.LOST_ORIGINAL
    assert len(lost_in(older, newer)) == 1


def test_deleted_and_put_back_is_not_lost(tmp_path: Path) -> None:
    """A photo permanently deleted and saved again from a message has another UUID and is there all the same."""
    older, _ = twins(tmp_path, lambda b: b)
    again = BackupBuilder(backup_date=NEW).with_live_photo("IMG_0001").permanently_deleted(DELETED)
    first = named(older, "IMG_0001.HEIC").live_photo
    assert first is not None
    again.with_live_photo("IMG_0002", uuid=ANOTHER, group_uuid=first.content_identifier)
    newer = scan(again.build(tmp_path / "again"))
    assert not lost_in(older, newer)
    assert not compare(older, newer).differences


def test_what_came_and_went_between_the_backups_is_told(tmp_path: Path) -> None:
    """Only the newer library remembers it: permanently deleted, unknown before, nothing to bring back."""
    older = scan(BackupBuilder(backup_date=OLD).with_photo("IMG_0009").build(tmp_path / "older"))
    newer = BackupBuilder(backup_date=NEW).with_photo("IMG_0009").with_live_photo("IMG_0001")
    found = compare(older, scan(newer.permanently_deleted(DELETED).build(tmp_path / "newer")))
    assert only(found).kind is DifferenceKind.DELETED
    assert difference_text(only(found)).endswith("the older backup does not know it")
    assert not found.lost


def test_a_copy_in_messages_is_no_new_photo(tmp_path: Path) -> None:
    """What only Messages still holds of a deleted photo was in the older backup too, as its copy."""
    older, newer = twins(
        tmp_path,
        lambda b: b.with_messages_attachment("lp_image.HEIC").permanently_deleted(DELETED),
        lambda b: b.with_messages_attachment("lp_image.HEIC"),
    )
    kinds = {item.kind for item in compare(older, newer).differences}
    assert not kinds & {DifferenceKind.APPEARED, DifferenceKind.ONLY_IN_NEWER}
    assert kinds <= {DifferenceKind.LOST_ORIGINAL, DifferenceKind.DELETED}
    assert len(lost_in(older, newer)) == 1


def test_a_library_that_was_not_read_is_a_doubt(tmp_path: Path) -> None:
    """Missing in a backup without Photos.sqlite may only be unseen, and it is said."""
    older, newer = twins(tmp_path, lambda b: b.without_photos_database().incomplete())
    doubts = compare(older, newer).doubts
    assert Doubt.NEWER_LIBRARY_UNREAD in doubts
    assert Doubt.NEWER_INTERRUPTED in doubts


@pytest.mark.parametrize("twin", ["plain", "encrypted"])
def test_a_backup_compared_with_itself_gives_nothing(demo_twins: DemoTwins, twin: str) -> None:
    """The whole catalogue of misfortunes, plain or encrypted: no difference, nothing lost."""
    findings = scan(getattr(demo_twins, twin), demo_twins.passphrase if twin == "encrypted" else None)
    found = compare(findings, findings)
    assert found.matched == found.unchanged == len(findings.assets)
    assert not found.differences
    assert not found.lost


def test_the_encrypted_twin_of_a_backup_differs_in_nothing(tmp_path: Path) -> None:
    """Encryption does not show in any difference."""
    builder = BackupBuilder().with_live_photo("IMG_0001").with_photo("IMG_0002").with_video("IMG_0003")
    plain, secret = scan(builder.build(tmp_path / "p")), scan(builder.build(tmp_path / "e", "pw"), "pw")
    assert not compare(plain, secret).differences


def test_the_lost_ones_are_a_selection_of_their_own(tmp_path: Path) -> None:
    """The keys choose exactly the lost assets, whether from FaceTime or not; no keys choose none."""
    older_builder = BackupBuilder(backup_date=OLD).with_photo("IMG_0001").with_live_photo("IMG_0002")
    older = scan(older_builder.with_photo("IMG_0003").build(tmp_path / "older"))
    newer_builder = BackupBuilder(backup_date=NEW).with_live_photo("IMG_0002").with_photo("IMG_0003")
    newer = scan(newer_builder.build(tmp_path / "newer"))
    chosen = plan(older, Selection(keys=lost_in(older, newer)))
    assert [planned.asset.filename for planned in chosen.assets if planned.asset] == ["IMG_0001.HEIC"]
    assert not plan(older, Selection(keys=frozenset())).assets


def test_dates_decide_the_order_if_all_are_known() -> None:
    """Oldest first; with one date missing the given order stays."""
    assert oldest_first([NEW, OLD]) == (1, 0)
    assert oldest_first([OLD, NEW, OLD]) == (0, 2, 1)
    assert oldest_first([NEW, None]) == (0, 1)
