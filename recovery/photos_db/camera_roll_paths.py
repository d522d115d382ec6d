"""Where the camera roll keeps what: the path of a file in the backup tells its part and its asset.

Folders are those of a real iOS 14.3 manifest and of three public listings of whole devices (iOS 15 and 16).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

DOMAIN = "CameraRollDomain"
PHOTO_STREAM_DOMAIN = "MediaDomain"
ROOT = "Media/"
"""Stands in front of the library's directories in the backup's paths."""
UUID_TEXT = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", re.IGNORECASE)
"""A UUID as the library writes it, and the stem of files that Photos names itself."""
DEFERRED = "Deferred"
"""Directory of photos whose processing was still to be finished; how it is laid out is not known in public."""

NEVER_IN_LOCAL_BACKUPS = ("PhotoData/PhotoCloudSharingData/", "PhotoData/Sync/")
"""What Apple's rules leave out of every local backup: shared albums, and photos synced from a computer.

Domains.plist of iOS 16.4 in a public transcription; see docs/library.md.
"""


class MediaPathPart(StrEnum):
    """What a file is in the camera roll."""

    ORIGINAL = "original"
    EDIT = "edit"
    REDUCED = "reduced"
    THUMBNAIL = "thumbnail"
    TABLE = "table"


class FileRole(StrEnum):
    """What a file is to its asset."""

    STILL = "still"
    PAIRED_VIDEO = "paired_video"
    VIDEO = "video"
    RAW = "raw"
    """A RAW beside another original; a photo that is nothing but RAW is a still."""
    EDITED_STILL = "edited_still"
    EDITED_VIDEO = "edited_video"
    EDITOR_FILE = "editor_file"
    """A picture or video that the editor keeps beside its result."""
    ADJUSTMENTS = "adjustments"
    REDUCED = "reduced"
    THUMBNAIL = "thumbnail"
    THUMBNAIL_TABLE = "thumbnail_table"
    MESSAGES_COPY = "messages_copy"
    SHARED_WITH_YOU_COPY = "shared_with_you_copy"
    DERIVED = "derived"
    FACETIME_MESSAGE = "facetime_message"
    """Media of a FaceTime message, which is no photo and belongs to no asset."""

    __hash__ = str.__hash__  # that of enumerations is slow, and each file's role is looked up again and again


SENT_COPIES = frozenset({FileRole.MESSAGES_COPY, FileRole.SHARED_WITH_YOU_COPY})
"""Roles of files that were sent or received: the same photo, never called the original."""
ORIGINALS = frozenset({FileRole.STILL, FileRole.PAIRED_VIDEO, FileRole.VIDEO, FileRole.RAW})
"""Roles of files that are the photo itself."""


class MediaPath(NamedTuple):
    """The part a path stands for, and the asset it names: directory as the library stores it, and file name.

    `name` has no extension where the path gives none (`stem_only`); `format_id` is the kind of thumbnail.
    """

    part: MediaPathPart
    directory: str = ""
    name: str = ""
    stem_only: bool = False
    format_id: int | None = None

    @property
    def stem(self) -> str:
        """The asset's file name without its extension."""
        return self.name if self.stem_only else stem(self.name)


def v2_path(directory: str, name: str, format_id: int) -> str:
    """Where the backup keeps the thumbnail file of an asset's file; what `media_path` takes apart."""
    return f"{ROOT}PhotoData/Thumbnails/V2/{directory}/{name}/{format_id}.JPG"


def stem(name: str) -> str:
    """A file name without its extension; names of dot files stay whole."""
    head, dot, _ = name.rpartition(".")
    return head if dot and head else name


def extension(name: str) -> str:
    """The extension in lower case with its dot, "" without one."""
    head, dot, tail = name.rpartition(".")
    return f".{tail.lower()}" if dot and head else ""


def is_never_in_local_backups(directory: str | None) -> bool:
    """Whether Apple's rules leave a directory of the library out of every local backup."""
    return bool(directory) and f"{directory}/".startswith(NEVER_IN_LOCAL_BACKUPS)


# Directories that hold originals, as the library stores them.
_ORIGINALS = (
    r"DCIM/[^/]+|PhotoData/CPLAssets/[^/]+|PhotoData/PhotoCloudSharingData/.+/\d+CLOUD"
    r"|PhotoData/(?:Sync|CMMAssets|Locked)(?:/.+)?|PhotoStreamsData/[^/]+/[^/.][^/]*"
)
# A folder laid out as a library of a Mac: what is below the originals of a scope is the directory of the row.
_SCOPE = r"(?:scopes/[^/]+/)?"
_ROW_FOLDER = re.compile(rf"(?:PhotoData/UBF/)?{_SCOPE}originals/(?=.)")
_MOVIE_OF_A_PAIR = re.compile(r"_3(?=\.[^.]+$)")

_NO_STEPS = frozenset(("", ".", ".."))
# How a path begins, its part, whether it lacks the extension, and the only pattern such a path can fit.
_PATTERNS: tuple[tuple[str, MediaPathPart, bool, re.Pattern[str]], ...] = tuple(
    (start, part, stem_only, re.compile(pattern))
    for start, part, stem_only, pattern in (
        (
            "PhotoData/Thumbnails/V2/",
            MediaPathPart.THUMBNAIL,
            False,
            r"[^/]+/[^/]+/V2/(.+)/([^/]+)/(\d{1,9})\.JPG",
        ),
        ("PhotoData/Thumbnails/", MediaPathPart.TABLE, False, r"[^/]+/[^/]+/()()(\d{1,9})\.ithmb"),
        ("PhotoData/Mutations/", MediaPathPart.EDIT, True, r"[^/]+/[^/]+/(.+)/([^/]+)/Adjustments/[^/]+()"),
        ("PhotoData/Metadata/", MediaPathPart.REDUCED, False, r"[^/]+/[^/]+/(.+)/([^/]+)()"),
        ("", MediaPathPart.ORIGINAL, False, rf"({_ORIGINALS})/([^./][^/]*)()"),
    )
)
# The same for what lies in a folder that is laid out as a library of a Mac.
_PACKAGE_PATTERNS: tuple[tuple[MediaPathPart, re.Pattern[str]], ...] = tuple(
    (part, re.compile(_SCOPE + pattern))
    for part, pattern in (
        (MediaPathPart.ORIGINAL, r"originals/(.+)/([^./][^/]*)"),
        (MediaPathPart.REDUCED, r"resources/derivatives/(?:masters/)?([^/]+)/([^/_]+)_[^/]+"),
        (MediaPathPart.EDIT, r"resources/renders/([^/]+)/([^/_]+)_[^/]+"),
    )
)
_UBF = "PhotoData/UBF/"


def media_path(domain: str, relative_path: str) -> MediaPath | None:
    """What a file of the backup is in the camera roll; None for files that are no media of it."""
    if domain not in (DOMAIN, PHOTO_STREAM_DOMAIN) or not relative_path.startswith(ROOT):
        return None
    path = relative_path[len(ROOT) :]
    if _has_steps(path) or path.startswith("PhotoStreamsData/") is not (domain == PHOTO_STREAM_DOMAIN):
        return None
    if path.startswith(_UBF):
        return package_path(path, _UBF)
    if path.startswith(f"{DEFERRED}/"):
        directory, _, name = path.rpartition("/")
        return MediaPath(MediaPathPart.ORIGINAL, directory, name) if is_media_name(name) else None
    for start, part, stem_only, pattern in _PATTERNS:
        if path.startswith(start):
            found = pattern.fullmatch(path)
            if found is None:
                return None
            directory, name, number = found.groups()
            return MediaPath(part, directory, name, stem_only, int(number) if number else None)
    return None


EDITOR_FILES = frozenset(("penultimatefullsizerender", "substandardfullsizerender", "originalfile"))
"""Stems of the pictures and videos in a folder of adjustments that are not the edited version itself."""


def package_path(path: str, base: str) -> MediaPath | None:
    """What a file is in a folder `base` that is laid out as a library of a Mac; None for what is no media of it.

    The directory of an original is the whole one, that of anything else the row's. `_3` marks the movie of a Live
    Photo and is no part of the name.
    """
    inside = path[len(base) :]
    if _has_steps(inside):
        return None
    for part, pattern in _PACKAGE_PATTERNS:
        if (found := pattern.fullmatch(inside)) is not None:
            directory, name = found.groups()
            if part is MediaPathPart.ORIGINAL:
                whole = path.rpartition("/")[0]
                return MediaPath(part, whole, _MOVIE_OF_A_PAIR.sub("", name))
            return MediaPath(part, directory, name, stem_only=True)
    return None


def _has_steps(path: str) -> bool:
    return ("/." in path or "//" in path or path[-1:] == "/") and not _NO_STEPS.isdisjoint(path.split("/"))


def row_folder(directory: str) -> str:
    """A directory as rows name it: where it lies in a scope, they name only what is below its originals."""
    if "originals/" not in directory:
        return directory
    found = _ROW_FOLDER.search(directory)
    return directory[found.end() :] if found else directory


def is_media_name(name: str) -> bool:
    """Whether a file's extension is that of a picture or movie."""
    return extension(name) in IMAGE_EXTENSIONS or extension(name) in MOVIE_EXTENSIONS


IMAGE_EXTENSIONS = frozenset(
    ".heic .heif .heics .heifs .hif .jpg .jpeg .jpe .png .gif .tif .tiff .webp .avif .jxl .bmp .jp2 .psd .thm "
    ".insp .dng .raw .cr2 .cr3 .crw .nef .nrw .arw .sr2 .srf .raf .orf .rw2 .pef .srw .3fr .fff .iiq .gpr .erf "
    ".mrw .x3f .dcr .kdc .rwl".split()
)
RAW_EXTENSIONS = frozenset(
    ".dng .raw .cr2 .cr3 .crw .nef .nrw .arw .sr2 .srf .raf .orf .rw2 .pef .srw .3fr .fff .iiq .gpr .erf .mrw "
    ".x3f .dcr .kdc .rwl".split()
)
MOVIE_EXTENSIONS = frozenset(
    ".mov .mp4 .m4v .3gp .3gpp .3g2 .avi .qt .mpg .mpeg .mts .m2ts .webm .mkv .wmv .hevc .insv".split()
)
"""Extensions as cameras and phones write them."""
