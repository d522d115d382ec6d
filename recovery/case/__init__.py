"""The case in the middle of the house: what a backup says, gathered into one frozen value."""

from recovery.case.case_records import (
    AssetHistory,
    AttachmentFile,
    Case,
    DeletedAssetEvidence,
    GatheredMessage,
    InventoryCheck,
    ListedFile,
    MessageMedia,
    Surroundings,
    TableFile,
    UnlistedBlob,
)
from recovery.case.gather import gather
from recovery.progress import Progress, Silent

__all__ = [
    "AssetHistory",
    "AttachmentFile",
    "Case",
    "DeletedAssetEvidence",
    "GatheredMessage",
    "InventoryCheck",
    "ListedFile",
    "MessageMedia",
    "Progress",
    "Silent",
    "Surroundings",
    "TableFile",
    "UnlistedBlob",
    "gather",
]
