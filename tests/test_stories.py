"""Every story: what happened to each photo is found and said, the same in the plain and the encrypted backup."""

from __future__ import annotations

import pytest

from fixtures.records import PlantedAsset
from fixtures.stories import STORIES, Story, planted_by
from recovery.analysis.model import Asset, FaceTime, Findings, OrphanCode, Status
from recovery.analysis.reasons import Note, NoteCode
from recovery.gap_codes import GapReason, GapSubject
from tests.conftest import DemoTwins, photograph
from tests.scanning import scan


@pytest.fixture(scope="module")
def plain(demo_twins: DemoTwins) -> Findings:
    """What is found in the plain twin; the folder must stay as it was."""
    before = photograph(demo_twins.plain)
    found = scan(demo_twins.plain)
    assert photograph(demo_twins.plain) == before
    return found


@pytest.fixture(scope="module")
def encrypted(demo_twins: DemoTwins) -> Findings:
    """What is found in the encrypted twin; the folder must stay as it was."""
    before = photograph(demo_twins.encrypted)
    found = scan(demo_twins.encrypted, demo_twins.passphrase)
    assert photograph(demo_twins.encrypted) == before
    return found


def found_for(findings: Findings, planted: PlantedAsset) -> Asset:
    """The asset found for a planted one: by the path of one of its files, else by its UUID."""
    paths = {file.path for file in planted.files}
    same = [item for item in findings.assets if paths & {file.path for file in item.files}]
    return (same or [item for item in findings.assets if item.uuid == planted.uuid])[0]


def judged(findings: Findings, builder_assets: list[PlantedAsset], story: Story) -> None:
    """Hold what was found for the assets of a story against what was planted."""
    for number, planted in enumerate(builder_assets):
        asset, expected = found_for(findings, planted), planted.expected
        if number == 0:
            assert str(asset.facetime.verdict) in story.verdicts
            assert story.status in (None, str(asset.status))
        if not story.deleted:
            assert str(asset.status) == expected.status
            assert str(asset.basis) == expected.basis
            assert bool(asset.trashed) is expected.trashed
            assert str(asset.kind) == expected.kind
        assert (asset.deleted is not None) is story.deleted
        said = asset.hidden, asset.favorite, asset.original_filename
        if expected.basis in ("photos_database", "file_attributes"):
            assert said == (expected.hidden, expected.favorite, expected.original_filename)
            assert asset.created is not None
            assert abs((asset.created - expected.created).total_seconds()) < 0.001
        if expected.basis == "photos_database":
            assert asset.trashed_at == expected.trashed_at


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_is_found_as_it_happened(demo_twins: DemoTwins, plain: Findings, story: Story) -> None:
    """Verdict, status, states, dates and the place an asset is known from are those that were planted."""
    judged(plain, planted_by(demo_twins.builder, story), story)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_in_an_encrypted_backup_is_the_same(demo_twins: DemoTwins, encrypted: Findings, story: Story) -> None:
    """Encryption changes nothing of it."""
    judged(encrypted, planted_by(demo_twins.builder, story), story)


@pytest.mark.parametrize("story", [story for story in STORIES if story.loose_end], ids=lambda story: story.name)
def test_a_story_leaves_its_loose_end(demo_twins: DemoTwins, plain: Findings, story: Story) -> None:
    """Missing blobs, unlisted blobs, files without asset and numbering gaps are listed under their codes."""
    ends = {end.path for end in plain.loose_ends if end.code == story.loose_end}
    assert ends
    planted = planted_by(demo_twins.builder, story)
    assert {file.path for asset in planted for file in asset.files if file.role == "still"} <= ends


def without_calls(asset: Asset) -> Asset:
    """The asset without what only an encrypted backup can tell or measure: calls, and the length of cut files."""
    signals = tuple(signal for signal in asset.facetime.signals if signal.code != "call_overlap")
    files = tuple(file.changed(note="", size=None if file.state == "damaged" else file.size) for file in asset.files)
    facetime = FaceTime(signals=signals)
    damaged = {file.name for file in asset.files if file.state == "damaged"}
    notes = tuple(note for note in asset.notes if note.file not in damaged)
    return asset.changed(facetime=facetime, files=files, notes=notes)


def listed_assets(findings: Findings) -> list[Asset]:
    """Assets apart from unlisted blobs, whose content only a plain backup can show."""
    return [item for item in findings.assets if not item.files or any(file.path for file in item.files)]


def test_plain_and_encrypted_twins_give_the_same_assets(plain: Findings, encrypted: Findings) -> None:
    """Field by field: only calls, unlisted blobs, the encrypted flag and the reading of cut files differ."""
    first, second = listed_assets(plain), listed_assets(encrypted)
    assert second == list(encrypted.assets)
    for one, other in zip(first, second, strict=True):
        assert without_calls(one) == without_calls(other)
        called = any(signal.code == "call_overlap" for signal in other.facetime.signals)
        verdicts = one.facetime.verdict, other.facetime.verdict
        assert verdicts[0] == verdicts[1] or (called and verdicts[0].rank < verdicts[1].rank)
    assert plain.backup.changed(encrypted=True, path=encrypted.backup.path) == encrypted.backup


def test_only_the_encrypted_twin_knows_of_calls(plain: Findings, encrypted: Findings) -> None:
    """Apple puts the call history in encrypted backups only: the plain one has a gap that says so, no fault."""
    assert all(asset.facetime.call is None for asset in plain.assets)
    assert any(asset.facetime.call is not None for asset in encrypted.assets)
    (gap,) = (gap for gap in plain.gaps if gap.what is GapSubject.CALL_HISTORY)
    assert gap.why is GapReason.ENCRYPTED_BACKUPS_ONLY
    assert not gap.fault
    assert not any(gap.what is GapSubject.CALL_HISTORY for gap in encrypted.gaps)


def test_twins_have_the_same_loose_ends(plain: Findings, encrypted: Findings) -> None:
    """The same codes and paths; a blob without a row can be guessed at only where it is not encrypted."""

    def listed(findings: Findings) -> list[tuple[str, str | None, str | None]]:
        return [(end.code, end.path, end.file_id) for end in findings.loose_ends]

    assert listed(plain) == listed(encrypted)
    guesses = {end.guess for end in encrypted.loose_ends if end.code is OrphanCode.UNLISTED_BLOB}
    assert all(guess and "nothing can decipher it" in guess for guess in guesses)
    assert any("heic" in (end.guess or "") for end in plain.loose_ends if end.code is OrphanCode.UNLISTED_BLOB)


def test_a_twin_read_twice_says_the_same(demo_twins: DemoTwins, plain: Findings) -> None:
    """Findings are a function of the backup alone."""
    assert scan(demo_twins.plain) == plain


def asset_of(demo_twins: DemoTwins, findings: Findings, name: str) -> Asset:
    """The first asset of the story of that name."""
    story = next(story for story in STORIES if story.name == name)
    return found_for(findings, planted_by(demo_twins.builder, story)[0])


def test_halves_that_disagree_are_reported(demo_twins: DemoTwins, plain: Findings) -> None:
    """A movie that names another partner is paired by its name, and the disagreement is said."""
    asset = asset_of(demo_twins, plain, "halves_disagree")
    assert asset.live_photo is not None
    assert asset.live_photo.identifiers_match is False
    assert Note(NoteCode.IDENTIFIERS_DIFFER) in asset.notes
    agreeing = asset_of(demo_twins, plain, "found")
    assert agreeing.live_photo is not None
    assert agreeing.live_photo.identifiers_match is True


def test_a_photo_passed_on_in_messages_says_so(demo_twins: DemoTwins, plain: Findings) -> None:
    """A FaceTime name under the bundle of Messages is a FaceTime photo saved from a share."""
    notes = asset_of(demo_twins, plain, "saved_from_messages").notes
    assert Note(NoteCode.SAVED_FROM_SHARE, "com.apple.MobileSMS") in notes
    assert not any(note.code is NoteCode.SAVED_FROM_SHARE for note in asset_of(demo_twins, plain, "found").notes)


def test_recently_deleted_has_an_estimated_last_day(demo_twins: DemoTwins, plain: Findings) -> None:
    """Thirty days after the deletion, as an estimate; nothing else has one."""
    asset = asset_of(demo_twins, plain, "recently_deleted")
    assert asset.trashed_at is not None
    assert asset.trashed_until_estimate is not None
    assert (asset.trashed_until_estimate - asset.trashed_at).days == 30
    assert all(item.trashed_until_estimate is None for item in plain.assets if not item.trashed)


def test_what_is_in_icloud_is_no_loose_end(demo_twins: DemoTwins, plain: Findings) -> None:
    """A row whose original the library places in iCloud is not an asset without a file, thumbnail or not."""
    ends = {end.path for end in plain.loose_ends if end.code is OrphanCode.ASSET_WITHOUT_FILE}
    for name in ("only_in_icloud", "icloud_with_thumbnail"):
        asset = asset_of(demo_twins, plain, name)
        assert f"Media/{asset.directory}/{asset.filename}" not in ends
        assert asset.cloud is not None
        assert (asset.cloud.original_local, asset.cloud.in_cloud) == (False, True)


def test_a_stuck_upload_is_told_from_a_pending_one(demo_twins: DemoTwins, plain: Findings) -> None:
    """Seven attempts, the last long before the backup."""
    asset = asset_of(demo_twins, plain, "upload_stuck")
    assert asset.cloud is not None
    assert asset.cloud.upload == "stuck"


def test_the_totals_of_the_demo_add_up(plain: Findings, encrypted: Findings) -> None:
    """Statuses sum to the assets, and both twins count the same."""
    totals = plain.totals
    statuses = [totals.complete, totals.partial, totals.half, totals.reduced_copy, totals.elsewhere, totals.not_found]
    assert sum(statuses) == totals.assets == len(plain.assets)
    assert totals.recently_deleted == sum(bool(item.trashed) for item in plain.assets)
    assert totals.not_found == sum(item.status is Status.NOT_FOUND for item in plain.assets)
    unlisted = len(plain.assets) - len(listed_assets(plain))
    assert encrypted.totals.assets == totals.assets - unlisted
    for name in ("live_photos", "recently_deleted", "hidden", "half", "missing_blobs", "files_without_asset"):
        assert getattr(encrypted.totals, name) == getattr(totals, name)
    assert encrypted.totals.blobs == plain.totals.blobs + 1  # the call history
