"""The case in the middle of the house: what a backup says, gathered into one frozen value."""

from recovery.case.gather import gather
from recovery.case.records import (
    AttachmentFile,
    BlobCensus,
    Case,
    GatheredMessage,
    Life,
    ListedFile,
    MessageMedia,
    Surroundings,
    TableFile,
    Traces,
    UnlistedBlob,
)
from recovery.progress import Progress, Silent

__all__ = [
    "AttachmentFile",
    "BlobCensus",
    "Case",
    "GatheredMessage",
    "Life",
    "ListedFile",
    "MessageMedia",
    "Progress",
    "Silent",
    "Surroundings",
    "TableFile",
    "Traces",
    "UnlistedBlob",
    "gather",
]
