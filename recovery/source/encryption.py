"""Whether blobs are encrypted, by their bytes: the property lists that say so can be lost, or another backup's."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from recovery import database, limits
from recovery.source import reading
from recovery.source.blobs import BlobFolder
from recovery.source.file_keys import BLOCK

# First bytes of files that phones hold many of. Ciphertext begins with the shortest once in 16 million files.
_KNOWN_STARTS = (
    database.MAGIC, b"bplist00", b"<?xml", b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\x00", b"MM\x00*", b"RIFF",
    b"PK\x03\x04", b"\x1f\x8b\x08", b"%PDF", b"caff",
)  # fmt: skip
_ISO_MEDIA = b"ftyp"  # HEIC, MOV, MP4: behind the length of their first box
_HEAD_BYTES = 1024
# A chi-square test of the 256 byte values: random bytes give 255 ± 23 at any length from here on, the largest of
# 100,000 samples was 392. Text, databases and uncompressed media give thousands.
_LEAST_BYTES = 64
_MOST_RANDOM = 400
# Of the blobs that tell anything so large a part must agree, and one that is called encrypted needs some of them.
_MAJORITY = 0.75
_LEAST_ENCRYPTED = 3


def looks_random(data: bytes) -> bool:
    """Whether bytes are spread as evenly as those of ciphertext; False for fewer than can tell."""
    length = len(data)
    if length < _LEAST_BYTES:
        return False
    return sum(count * count for count in Counter(data).values()) * 256 / length - length < _MOST_RANDOM


def blob_is_encrypted(head: bytes, size: int) -> bool | None:
    """Whether a blob of `size` bytes that begins so is encrypted; None where that cannot be told."""
    if head.startswith(_KNOWN_STARTS) or head[4:8] == _ISO_MEDIA:
        return False
    if len(head) < _LEAST_BYTES or len(set(head)) == 1:
        return None
    # Compressed data looks random too, but its length is that of whole cipher blocks only once in 16 times.
    return looks_random(head) and size % BLOCK == 0


def blobs_are_encrypted(blobs: BlobFolder) -> bool | None:
    """Whether the blobs of a folder are encrypted, by the large majority of a sample; None where it is undecided.

    Neither a plain file among ciphertext nor a compressed one among plain files decides.
    """
    votes: Counter[bool | None] = Counter()
    for _, path in islice(blobs.list(), limits.ENCRYPTION_SAMPLE):
        try:
            with reading.open_file(path) as stream:
                head = stream.read(_HEAD_BYTES)
                votes[blob_is_encrypted(head, stream.seek(0, 2))] += 1
        except OSError:
            continue
    told = votes[True] + votes[False]
    if votes[True] >= max(_LEAST_ENCRYPTED, _MAJORITY * told):
        return True
    return False if told and votes[False] >= _MAJORITY * told else None
