"""What is left of the files: one half only, contents missing, an unfinished backup, small pictures."""

from __future__ import annotations

from collections.abc import Iterable

from recovery.analysis.causes.context import (
    Answer,
    Hits,
    Inquiry,
    Rule,
    by_photos,
    contradicted,
    field_source,
    shown,
    undetermined,
    unread,
)
from recovery.analysis.causes.phrases import count, listed
from recovery.analysis.model import ORIGINALS, Asset, FileState, Status
from recovery.provenance import Gap, Source
from recovery.source.identity import STATUS
from recovery.source.manifest import STORE as MANIFEST

SMALL = 3_000_000
"""Pixels below which a picture counts as small (our own line): a frame of a 1920 x 1080 call has 2.1 million."""


def _half_arrived(inquiry: Inquiry) -> Answer:
    hits = Hits.of(inquiry, lambda asset: asset.status is Status.HALF and asset.deleted is None)
    lacks_movie = sum(asset.live_photo is not None and asset.live_photo.still for asset in hits.sure)
    lacking = ((lacks_movie, "the movie"), (len(hits.sure) - lacks_movie, "the still picture"))
    parts = [f"{number:,} lost {what}" for number, what in lacking if number]
    return by_photos(
        hits,
        found=f"{hits.share('has', 'have')} only one whole half in this backup ({listed(parts)}).",
        maybe=("has", "have", "only one whole half in this backup"),
        none="No FaceTime photo was found of which only one half is here.",
        gaps=inquiry.library_gaps(),
        sources=_original_sources,
    )


def original_missing(asset: Asset) -> bool:
    """Whether the backup lists an original of it whose contents are not there or damaged."""
    return any(item.role in ORIGINALS and item.state is not FileState.PRESENT for item in asset.files)


def _original_missing_in_backup(inquiry: Inquiry) -> Answer:
    hits = Hits.of(inquiry, original_missing)
    states = [item.state for asset in hits.sure for item in asset.files if item.role in ORIGINALS]
    gone, damaged = states.count(FileState.MISSING), states.count(FileState.DAMAGED)
    lacking = ((gone, "not in the backup folder"), (damaged, "damaged"))
    parts = [f"{count(number, 'file is', 'files are')} {what}" for number, what in lacking if number]
    return by_photos(
        hits,
        found=f"{hits.share('lacks', 'lack')} an original that this backup should hold: {listed(parts)}.",
        maybe=("lacks", "lack", "an original that this backup should hold"),
        none="Every original that this backup lists for a FaceTime photo is there and whole.",
        gaps=inquiry.library_gaps(),
        sources=_original_sources,
    )


def _original_sources(asset: Asset) -> Iterable[Source]:
    return [Source(MANIFEST, f"Files {item.path}") for item in asset.files if item.role in ORIGINALS]


def _backup_incomplete(inquiry: Inquiry) -> Answer:
    identity, missing = inquiry.case.identity, len(inquiry.case.census.missing)
    status = Source(STATUS, "SnapshotState")
    lacking = f"{count(missing, 'file')} that it lists {'is' if missing == 1 else 'are'} not in its folder"
    if identity.complete is False:
        more = f", and {lacking}" if missing else ""
        return shown(f"This backup was never finished{more}.", [status])
    if missing:
        so_called = "calls itself finished, and yet" if identity.complete else "is not whole:"
        return shown(f"This backup {so_called} {lacking}.", [Source(MANIFEST, "Files")])
    if identity.complete is None:
        gaps = tuple(gap for gap in inquiry.case.gaps if gap.where == STATUS)
        return unread(gaps or (Gap(STATUS, STATUS, "it does not say whether the backup was finished"),))
    return contradicted("The backup was finished, and every file it lists is there.", [status])


def _small_or_blurry(inquiry: Inquiry) -> Answer:
    sized = [(asset.width, asset.height, asset) for asset in inquiry.sure if asset.width and asset.height]
    if not sized:
        return undetermined("No FaceTime photo with a known size was found here.", advice="")
    sizes = sorted({(width * height, width, height) for width, height, _ in sized})
    names = [f"{width} x {height}" for _, width, height in sizes]
    spans = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    sources = [source for _, _, asset in sized for source in field_source(inquiry, "width")(asset)]
    if sizes[0][0] < SMALL:
        says = f"The FaceTime photos found here measure {spans} pixels: each is a frame of its video call."
        return shown(says, sources)
    return contradicted(f"The FaceTime photos found here measure {spans} pixels, which is not small.", sources)


HALF_ARRIVED = Rule(
    "half_arrived",
    _half_arrived,
    "FaceTime is said to save both halves or nothing, so a half was probably lost later; this backup does not "
    "say how.",
    "On the phone open the photo and hold it: if it moves, both halves are still there, and a new backup may "
    "hold them. Look at icloud.com as well. Here: recover-facetime extract writes the half that is left; a "
    "movie alone still holds the picture as one of its frames.",
)
ORIGINAL_MISSING_IN_BACKUP = Rule(
    "original_missing_in_backup",
    _original_missing_in_backup,
    "It does not say that the photo is gone from the phone: it is the backup that lacks it.",
    "Keep this backup as it is, make a new one (encrypted), and scan that. If the folder was copied or cleaned "
    "up, look for the original folder. What survives, such as a smaller copy, recover-facetime extract writes.",
)
BACKUP_INCOMPLETE = Rule(
    "backup_incomplete",
    _backup_incomplete,
    "It does not say which photos never got into the backup.",
    "Make a new backup with Finder, the Apple Devices app or iTunes, leave the phone connected until it is "
    "done, and scan again. Keep this one until the new one is checked.",
)
SMALL_OR_BLURRY = Rule(
    "small_or_blurry",
    _small_or_blurry,
    "A size says nothing about sharpness, and nothing can add detail that the call did not carry.",
    "The sharpest picture may be another frame of the movie. On the phone: open the photo, Edit, Live, slide to a "
    "better frame, Make Key Photo. Here: recover-facetime extract --frames best writes the sharpest frame beside "
    "the photo. The other person's camera and connection decide how sharp it can be.",
)
