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
    SharedWithYou,
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
    "SharedWithYou",
    "Silent",
    "Surroundings",
    "TableFile",
    "UnlistedBlob",
    "gather",
]
