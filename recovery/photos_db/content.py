"""Whether a media file begins as its name says: with the bytes of a type that its extension may have.

JPEGs named .HEIC and the other way round are common, so any picture may have any picture's extension, and any
video any video's. A picture under a video's name is whole all the same: bytes tell what it is, not the name. What
no table here knows is not judged.
"""

from __future__ import annotations

from typing import NamedTuple

from recovery import limits
from recovery.formats.signatures import MediaType, sniff
from recovery.photos_db.camera_roll_paths import IMAGE_EXTENSIONS, MOVIE_EXTENSIONS, extension
from recovery.source.backup_view import ONLY_ZEROS
from recovery.source.encryption import looks_random


class _Family(NamedTuple):
    """Types that may stand for each other; `starts` are bytes of further ones by where they stand in the file."""

    name: str
    types: frozenset[MediaType]
    starts: tuple[tuple[int, bytes], ...] = ()


_PICTURE = _Family(
    "a picture",
    frozenset(kind for kind in MediaType if kind.is_image),
    (
        (0, b"BM"),  # BMP
        (0, b"\x00\x00\x00\x0cjP  "),  # JPEG 2000, ISO 15444-1
        (0, b"\xff\x4f\xff\x51"),  # a bare JPEG 2000 code stream
        (0, b"\xff\x0a"),  # a bare JPEG XL code stream, ISO 18181-2
        (0, b"\x00\x00\x00\x0cJXL "),
        (0, b"II+\x00"),  # BigTIFF
        (0, b"MM\x00+"),
        (4, b"ftypcrx "),  # Canon CR3
        (0, b"FUJIFILMCCD-RAW"),  # RAF
        (0, b"IIRO"),  # Olympus ORF
        (0, b"IIRS"),
        (0, b"MMOR"),
        (0, b"IIU\x00"),  # Panasonic RW2
        (0, b"8BPS"),  # Photoshop
        (0, b"FOVb"),  # Sigma X3F
        (0, b"\x00MRM"),  # Minolta MRW
        (6, b"HEAPCCDR"),  # Canon CRW
    ),
)
_VIDEO = _Family(
    "a video",
    frozenset(kind for kind in MediaType if kind.is_video) | {MediaType.M4A},
    (
        (8, b"AVI "),
        (4, b"styp"),
        (4, b"moof"),
        (4, b"sidx"),
        (0, b"\x1aE\xdf\xa3"),  # Matroska and WebM
        (0, b"\x00\x00\x01\xba"),  # MPEG program stream
        (0, b"\x00\x00\x01\xb3"),  # MPEG video
        (0, b"0&\xb2u\x8ef\xcf\x11"),  # Windows Media
        (0, b"\x00\x00\x00\x01"),  # a bare stream of H.264 or HEVC
    ),
)
_TRANSPORT_STREAMS = ((0, 188), (4, 192))
"""Where packets of MPEG transport streams (.mts, .m2ts) begin, and how many bytes each has; ISO 13818-1."""
_PROPERTY_LIST = _Family("a property list", frozenset((MediaType.AAE, MediaType.BINARY_PLIST, MediaType.XML_PLIST)))
# Raw files of several makers are called .raw, some without a signature.
_FAMILIES = (
    dict.fromkeys(IMAGE_EXTENSIONS - {".raw"}, _PICTURE)
    | dict.fromkeys(MOVIE_EXTENSIONS, _VIDEO)
    | dict.fromkeys((".aae", ".plist"), _PROPERTY_LIST)
)


def called_picture(name: str) -> bool:
    """Whether a file has the extension of a picture, be it of a type that no table here knows."""
    return extension(name) in IMAGE_EXTENSIONS


def misfit(name: str, head: bytes) -> str:
    """Why a file of this name cannot be what it is called, in a phrase; "" where its first bytes fit.

    `head` is the start of the file, some hundred bytes of a longer one.
    """
    family = _FAMILIES.get(extension(name))
    if family is None or not head or _fits(family, head) or other_family(name, head):
        return ""
    random = ", but as random as encrypted ones" if looks_random(head) else ""
    return f"its bytes are not those of {family.name}{random}"


def other_family(name: str, head: bytes) -> MediaType | None:
    """What a file is that is named as a video and begins as a picture, or the other way round; None for others."""
    named, found = _FAMILIES.get(extension(name)), sniff(head)
    other = {id(_PICTURE): _VIDEO, id(_VIDEO): _PICTURE}.get(id(named))
    return found if other is not None and found in other.types - {MediaType.M4A} and not _fits(named, head) else None


def _fits(family: _Family | None, head: bytes) -> bool:
    if family is None:
        return False
    packets = family is _VIDEO and any(head[at::length][:3] == b"GGG" for at, length in _TRANSPORT_STREAMS)
    return packets or sniff(head) in family.types or any(head.startswith(start, at) for at, start in family.starts)


class HeadCheck:
    """`misfit` of one file, to be called with its start; `other` then is what `other_family` says of it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.other: MediaType | None = None

    def __call__(self, head: bytes) -> str:
        self.other = other_family(self._name, head)
        return misfit(self._name, head)


class ContentCheck:
    """Judges a file while its bytes pass by, from its start to its end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._head = b""
        self._only_zeros = True

    def look_at(self, chunk: bytes | memoryview) -> None:
        """The next bytes of the file."""
        if len(self._head) < limits.CONTENT_HEAD_BYTES:
            self._head += bytes(chunk[: limits.CONTENT_HEAD_BYTES - len(self._head)])
        if self._only_zeros:
            self._only_zeros = not any(chunk[:1]) and not bytes(chunk).strip(b"\0")

    @property
    def problem(self) -> str:
        """Why the bytes so far cannot be those of the file, in a phrase; "" where they can, or there are none."""
        if not self._head:
            return ""
        return ONLY_ZEROS if self._only_zeros else misfit(self._name, self._head)
