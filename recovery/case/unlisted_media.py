"""Files that no manifest row names: find their path again by guessing, or hear what they say themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from recovery import limits
from recovery.case.case_records import InventoryCheck
from recovery.formats.ithmb_formats import FORMATS
from recovery.formats.media import MediaFacts
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.camera_roll_paths import DOMAIN, ROOT, MediaPath, MediaPathPart, stem, v2_path
from recovery.photos_db.library import AssetRow
from recovery.photos_db.media_files import MediaFile, look_inside
from recovery.provenance import Gap, Reading
from recovery.source.backup_view import BackupView
from recovery.source.blobs import Blob, BlobState
from recovery.source.guessed_index import GuessedIndex
from recovery.source.manifest import EntryKind, ManifestEntry

_MOVIES = ("MOV", "MP4")
_EDITS = ("FullSizeRender.jpg", "FullSizeRender.heic", "FullSizeRender.mov", "Adjustments.plist")
_FIXED = (
    "Media/PhotoData/Thumbnails/thumbnailConfiguration",
    "Media/PhotoData/cpl_enabled_marker",
    "Media/PhotoData/cpl_download_finished_marker",
)


def learn_names(index: GuessedIndex, rows: Iterable[AssetRow]) -> None:
    """Find the files of assets again: every path a row can have, then every name the camera could have given."""
    index.learn(DOMAIN, _FIXED)
    index.learn(DOMAIN, (f"Media/PhotoData/Thumbnails/{number}.ithmb" for number in FORMATS))
    for row in rows:
        index.learn(DOMAIN, _paths(row))
    index.learn_camera_names()
    for entry in tuple(index.entries(DOMAIN, f"{ROOT}DCIM/")):
        index.learn(DOMAIN, _renditions(*entry.relative_path.removeprefix(ROOT).rsplit("/", 1)))


def _paths(row: AssetRow) -> Iterator[str]:
    if row.directory and row.filename:
        yield f"{ROOT}{row.directory}/{row.filename}"
        for ending in _MOVIES:
            yield f"{ROOT}{row.directory}/{stem(row.filename)}.{ending}"
        yield from _renditions(row.directory, row.filename)


def package_paths(base: str, rows: Iterable[AssetRow]) -> Iterator[str]:
    """Every path that an original of these rows can have in a library that is laid out as one of a Mac."""
    for row in rows:
        for folder in ("originals", "scopes/syndication/originals"):
            if row.directory and row.filename:
                where = f"{base}{folder}/{row.directory}"
                yield f"{where}/{row.filename}"
                yield from (f"{where}/{stem(row.filename)}_3.{ending}" for ending in ("mov", "MOV"))


def _renditions(directory: str, name: str) -> Iterator[str]:
    for number, form in FORMATS.items():
        if not form.encodings:  # kept as JPEG files, not in tables
            yield v2_path(directory, name, number)
    for edit in _EDITS:
        yield f"{ROOT}PhotoData/Mutations/{directory}/{stem(name)}/Adjustments/{edit}"
    for ending in ("JPG", "THM"):
        yield f"{ROOT}PhotoData/Metadata/{directory}/{stem(name)}.{ending}"


def unnamed_media(view: BackupView, census: InventoryCheck) -> Reading[MediaFile]:
    """Photos and movies among the blobs that no row names, by what they say of themselves.

    Pictures that tell of no camera, call or Live Photo (an app's icons, say) stay loose ends. In an encrypted
    backup there are none: without its row nothing can decipher a blob.
    """
    found: list[MediaFile] = []
    gaps: list[Gap] = []
    looks = 0
    for blob in census.unlisted:
        if blob.type is None or not (blob.type.is_image or blob.type.is_video):
            continue
        looks += 1
        if looks > limits.UNLISTED_LOOKS:
            gaps.append(
                Gap(
                    GapSubject.UNNAMED_MEDIA,
                    "",
                    GapReason.LOOKS_LIMITED,
                    ("what they are",),
                    values=(limits.UNLISTED_LOOKS,),
                )
            )
            break
        entry = ManifestEntry(blob.file_id, "", "", EntryKind.FILE)
        place = MediaPath(MediaPathPart.ORIGINAL, "", f"{blob.file_id}{blob.type.extension}")
        file = MediaFile(entry, place, Blob(BlobState.PRESENT, blob.size), None)
        facts, _ = look_inside(view, file)
        if facts is not None and _tells_of_a_photo(facts):
            found.append(file._replace(facts=facts))
    return Reading(tuple(found), tuple(gaps))


def _tells_of_a_photo(facts: MediaFacts) -> bool:
    return bool(facts.content_identifier or facts.make or facts.user_comment or facts.date_original or facts.lens_model)
