"""Causes that photos decide: one story for each cause and verdict, each with its whole answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from fixtures.builder import DEFAULT_DATE
from recovery.analysis.causes import judged
from recovery.analysis.causes.context import CauseContext
from recovery.analysis.causes.inputs import CauseInputs
from recovery.analysis.find import find
from recovery.provenance import Source
from recovery.report.messages.causes import LAST_DAY_PASSED, told
from tests.causes_tools import LIBRARY, NO_LIBRARY, built, cause_of, expected

MAY = datetime(2024, 5, 3, 18, 22, tzinfo=UTC)
NO = Source(LIBRARY)
STILL, MOVIE = "Files Media/DCIM/100APPLE/IMG_0001.HEIC", "Files Media/DCIM/100APPLE/IMG_0001.MOV"
ORIGINALS = (Source("Manifest.db", STILL), Source("Manifest.db", MOVIE))


def row(column: str, number: int = 1) -> Source:
    """A cell of the asset table."""
    return Source(LIBRARY, f"ZASSET.{column}", number)


def photo() -> BackupBuilder:
    """A FaceTime photo, whole."""
    return BackupBuilder().with_live_photo("IMG_0001", created=MAY)


def two() -> BackupBuilder:
    """A FaceTime photo, whole, before another one that a story changes."""
    return photo().with_live_photo("IMG_0002", created=MAY + timedelta(hours=1))


def perhaps() -> BackupBuilder:
    """A Live Photo that the system saved during a FaceTime call: possibly from FaceTime."""
    builder = BackupBuilder(calls_in_plain=True).with_facetime_call(MAY, 600)
    return builder.with_live_photo("IMG_0001", None, None, created=MAY).without_camera_facts()


def unread() -> BackupBuilder:
    """A FaceTime photo in a backup without Photos.sqlite."""
    return photo().without_photos_database()


def deleted(builder: BackupBuilder, **how: str) -> BackupBuilder:
    """The asset planted last, permanently deleted."""
    return builder.permanently_deleted(datetime(2024, 5, 20, 7, 15, tzinfo=UTC), **how)


def with_attachment() -> BackupBuilder:
    """A FaceTime photo that was also sent in a message, where its bytes are the same."""
    return photo().with_messages_attachment("lp_image.HEIC")


def attachment_path() -> str:
    """Where that attachment lies."""
    (path,) = (path for domain, path in with_attachment()._files if domain == "MediaDomain")
    return path


@dataclass(frozen=True)
class Story:
    """A backup and what one cause must say of it."""

    code: str
    verdict: str
    plant: Callable[[], BackupBuilder]
    says: str
    sources: tuple[Source, ...] = ()
    advice: str | None = None

    @property
    def name(self) -> str:
        """For the list of tests."""
        return f"{self.code}-{self.verdict}-{self.plant.__name__.strip('<>')}"


BIN = datetime(2024, 5, 20, 12, tzinfo=UTC)
STORIES = (
    Story(
        "recently_deleted",
        "shown",
        lambda: two().trashed(BIN),
        "1 of your 2 FaceTime photos is in Recently Deleted, until about 19 June 2024 (that day has passed).",
        (row("ZTRASHEDSTATE", 2),),
        LAST_DAY_PASSED,
    ),
    Story(
        "recently_deleted",
        "shown",
        lambda: photo().trashed(BIN).with_live_photo("IMG_0002").trashed(BIN + timedelta(days=2)),
        "Both FaceTime photos found here are in Recently Deleted, the first of them until about 19 June 2024 "
        "(that day has passed).",
        (row("ZTRASHEDSTATE", 1), row("ZTRASHEDSTATE", 2)),
        LAST_DAY_PASSED,
    ),
    Story(
        "recently_deleted",
        "contradicted",
        lambda: photo().with_photo("IMG_0002").trashed(BIN),
        "No FaceTime photo was found in Recently Deleted. 1 other item there shows no sign of FaceTime.",
    ),
    Story(
        "recently_deleted",
        "undetermined",
        lambda: perhaps().trashed(BIN),
        "1 photo that may be from FaceTime is in Recently Deleted; nothing proves where they came from.",
        (row("ZTRASHEDSTATE"),),
    ),
    Story("recently_deleted", "undetermined", unread, NO_LIBRARY, (NO,)),
    Story(
        "hidden",
        "shown",
        lambda: photo().hidden(),
        "The one FaceTime photo found here is hidden in Photos.",
        (row("ZHIDDEN"),),
    ),
    Story("hidden", "contradicted", photo, "No FaceTime photo was found among the hidden ones."),
    Story(
        "hidden",
        "undetermined",
        lambda: perhaps().hidden(),
        "1 photo that may be from FaceTime is hidden in Photos; nothing proves where they came from.",
        (row("ZHIDDEN"),),
    ),
    Story("hidden", "undetermined", unread, NO_LIBRARY, (NO,)),
    Story(
        "permanently_deleted",
        "shown",
        lambda: deleted(two()),
        "1 FaceTime photo was permanently deleted on 20 May 2024: removed by hand from Recently "
        "Deleted, through the "
        "Photos app.",
        (Source(LIBRARY, "ACHANGE", 4),),
    ),
    Story(
        "permanently_deleted",
        "shown",
        lambda: deleted(two(), client="com.example.cleaner", reason="some new reason"),
        "1 FaceTime photo was permanently deleted on 20 May 2024: the stored reason is “some new reason”, through "
        "com.example.cleaner.",
        (Source(LIBRARY, "ACHANGE", 4),),
    ),
    Story(
        "permanently_deleted",
        "contradicted",
        photo,
        "The photo library's own record of changes lists nothing that was permanently deleted.",
    ),
    Story(
        "permanently_deleted",
        "undetermined",
        lambda: deleted(photo().with_photo("IMG_0002")),
        "1 photo or video was permanently deleted on 20 May 2024. Nothing says that one was from "
        "FaceTime, or that "
        "none was.",
        (Source(LIBRARY, "ACHANGE", 4),),
    ),
    Story("permanently_deleted", "undetermined", unread, NO_LIBRARY, (NO,)),
    Story(
        "only_in_icloud",
        "shown",
        lambda: two().only_in_icloud(thumbnail=True),
        "1 of your 2 FaceTime photos has its original only in iCloud. Of 1 of them a smaller copy or one half is here.",
        (Source(LIBRARY, "ZASSET", 2), Source(LIBRARY, "ZINTERNALRESOURCE of ZASSET", 2)),
    ),
    Story(
        "only_in_icloud",
        "contradicted",
        lambda: photo().synced(),
        "No FaceTime photo was found whose original is only in iCloud.",
    ),
    Story(
        "only_in_icloud",
        "undetermined",
        lambda: two().synced().without_still().without_video(),
        "1 of your 2 FaceTime photos is in iCloud, as the library says; it does not say that the original is there "
        "and nowhere else.",
        (Source(LIBRARY, "ZASSET", 2), Source(LIBRARY, "ZINTERNALRESOURCE of ZASSET", 2)),
    ),
    Story("only_in_icloud", "undetermined", unread, NO_LIBRARY, (NO,)),
    Story(
        "upload_pending",
        "shown",
        lambda: two().upload_pending(),
        "1 of your 2 FaceTime photos was still waiting to be sent to iCloud.",
        (Source(LIBRARY, "ZASSET", 2),),
    ),
    Story(
        "upload_pending",
        "shown",
        lambda: photo().upload_pending(stuck=True),
        "The one FaceTime photo found here was still waiting to be sent to iCloud. It seems stuck: tried 7 times, "
        "last on 5 May 2024, 26 days before this backup.",
        (Source(LIBRARY, "ZASSET", 1),),
    ),
    Story(
        "upload_pending",
        "contradicted",
        lambda: photo().synced(),
        "No FaceTime photo was found waiting to be sent to iCloud.",
    ),
    Story("upload_pending", "undetermined", unread, NO_LIBRARY, (NO,)),
    Story(
        "half_arrived",
        "shown",
        lambda: photo().without_video(),
        "The one FaceTime photo found here has only its still or only its video in this backup (1 lost the video).",
        ORIGINALS[:1],
    ),
    Story(
        "half_arrived",
        "shown",
        lambda: photo().without_still(),
        "The one FaceTime photo found here has only its still or only its video in this backup (1 lost "
        "the still picture).",
        ORIGINALS[1:],
    ),
    Story("half_arrived", "contradicted", photo, "No FaceTime photo was found of which only one half is here."),
    Story("half_arrived", "undetermined", unread, NO_LIBRARY, (NO,)),
    Story(
        "original_missing_in_backup",
        "shown",
        lambda: photo().without_blob("video").truncated_blob("still"),
        "The one FaceTime photo found here lacks an original that this backup should hold: 1 file is not in the "
        "backup folder and 1 file is damaged.",
        ORIGINALS,
    ),
    Story(
        "original_missing_in_backup",
        "contradicted",
        photo,
        "Every original that this backup lists for a FaceTime photo is there and whole.",
    ),
    Story("original_missing_in_backup", "undetermined", unread, NO_LIBRARY, (NO,)),
    Story(
        "backup_incomplete",
        "shown",
        lambda: photo().incomplete(),
        "This backup was never finished.",
        (Source("Status.plist", "SnapshotState"),),
    ),
    Story(
        "backup_incomplete",
        "shown",
        lambda: photo().without_blob("still"),
        "This backup calls itself finished, and yet 1 file that it lists is not in its folder.",
        (Source("Manifest.db", "Files"),),
    ),
    Story(
        "backup_incomplete",
        "contradicted",
        photo,
        "The backup was finished, and every file it lists is there.",
        (Source("Status.plist", "SnapshotState"),),
    ),
    Story(
        "backup_incomplete",
        "undetermined",
        lambda: photo().without_status_plist(),
        "Unknown from this backup. Status.plist: the file is not in the backup folder.",
        (Source("Status.plist"),),
    ),
    Story(
        "copy_in_messages",
        "shown",
        with_attachment,
        "The one FaceTime photo found here has a copy in Messages.",
        (Source(attachment_path()),),
    ),
    Story(
        "copy_in_messages",
        "contradicted",
        lambda: photo().with_messages_attachment("sunset.jpg", b"\xff\xd8\xff\xe0 no FaceTime photo"),
        "No copy of a FaceTime photo was found in Messages.",
    ),
    Story(
        "copy_in_messages",
        "undetermined",
        photo,
        "Unknown from this backup. Messages: the backup does not list the file.",
        (Source("Library/SMS/sms.db"),),
    ),
    Story(
        "small_or_blurry",
        "shown",
        photo,
        "The FaceTime photos found here measure 1080 x 1920 pixels: each is a frame of its video call.",
        (row("ZWIDTH"),),
    ),
    Story(
        "small_or_blurry",
        "undetermined",
        lambda: BackupBuilder().with_photo("IMG_0001"),
        "No FaceTime photo with a known size was found here.",
        advice="",
    ),
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_gets_its_answer(story: Story, tmp_path: Path) -> None:
    """The backup of the story is answered with exactly this verdict, these words and these sources."""
    found = cause_of(built(story.plant(), tmp_path), story.code)
    assert found == expected(story.code, story.verdict, story.says, *story.sources, advice=story.advice)


def test_a_large_photo_is_not_called_small(tmp_path: Path) -> None:
    """Twelve megapixels are not small, whoever took them."""
    case = built(photo(), tmp_path)
    (asset,) = find(case).assets
    inquiry = CauseContext.of(case, CauseInputs.of(case, [asset.changed(width=4032, height=3024)]))
    causes, _ = judged(inquiry)
    says = "The FaceTime photos found here measure 4032 x 3024 pixels, which is not small."
    assert told(causes[-1]) == expected("small_or_blurry", "contradicted", says, row("ZWIDTH"))


CALL = Source("Library/CallHistoryDB/CallHistory.storedata", "ZCALLRECORD", 1)
NO_HISTORY = (
    "Unknown from this backup. Call history: the backup does not carry it: Apple puts the call "
    "history in encrypted "
    "backups only."
)


def calling(start: datetime, **how: bool) -> BackupBuilder:
    """A FaceTime photo, and one call of ten minutes."""
    return photo().with_facetime_call(start, 600, **how)


@pytest.mark.parametrize(
    ("plant", "verdict", "says", "sources"),
    [
        (
            lambda: calling(MAY + timedelta(hours=1)),
            "shown",
            (
                "1 of 1 FaceTime video call has no FaceTime photo near it (3 May 2024). That is normal where "
                "nobody pressed the shutter."
            ),
            (CALL,),
        ),
        (
            lambda: calling(MAY),
            "contradicted",
            "Every FaceTime video call in the history has a FaceTime photo near it.",
            (CALL,),
        ),
        (
            lambda: calling(MAY, video=False),
            "contradicted",
            "The call history lists no FaceTime video call.",
            (Source(CALL.store),),
        ),
        (photo, "undetermined", NO_HISTORY, (Source(CALL.store),)),
        (
            lambda: calling(MAY).without_photos_database(),
            "undetermined",
            (
                "1 FaceTime video call can be seen, but perhaps not every photo. The photo library: the backup "
                "does not list it."
            ),
            (NO,),
        ),
    ],
)
def test_calls_without_a_photo(
    plant: Callable[[], BackupBuilder], verdict: str, says: str, sources: tuple[Source, ...], tmp_path: Path
) -> None:
    """In an encrypted backup a call is held against the photos made during it, give or take a minute."""
    case = built(plant(), tmp_path, "secret")
    assert cause_of(case, "call_without_photo") == expected("call_without_photo", verdict, says, *sources)


def test_a_plain_backup_says_how_to_see_calls(tmp_path: Path) -> None:
    """Without encryption the answer is open, and the advice is to make an encrypted backup."""
    found = cause_of(built(calling(MAY), tmp_path), "call_without_photo")
    assert (found.verdict, found.says) == ("undetermined", NO_HISTORY)
    assert found.advice.startswith("Make an encrypted backup (Finder")


def test_what_was_found_is_told_although_the_rest_is_damaged(tmp_path: Path) -> None:
    """A damaged library never turns into "none": what is known is shown, the rest is left open."""
    builder = photo().with_damaged_photos_database("header")
    case = built(builder.trashed(BIN), tmp_path)
    assert case.library is None
    assert cause_of(case, "recently_deleted").verdict == "shown"  # the file's own attribute says so
    assert cause_of(case, "hidden").verdict == "undetermined"
    assert DEFAULT_DATE > BIN
