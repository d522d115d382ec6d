"""The case in the middle of the house: what a backup says, gathered into one frozen value."""

from recovery.case.gather import gather
from recovery.case.model import (
    AttachmentFile,
    BlobCensus,
    Case,
    Life,
    ListedFile,
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
    "Life",
    "ListedFile",
    "Progress",
    "Silent",
    "Surroundings",
    "TableFile",
    "Traces",
    "UnlistedBlob",
    "gather",
]
