"""The list of backups as JSON values, for scripts."""

from __future__ import annotations

from recovery.backup.locate import FoundBackup
from recovery.clock import to_text
from recovery.provenance import Reading
from recovery.report.inventory import Json, gap_document
from recovery.system_files import from_system


def backups_document(found: Reading[FoundBackup]) -> Json:
    """`{"backups": [...], "gaps": [...]}`; sizes in bytes, null where they were not added up."""
    return {
        "backups": [_backup(item) for item in found.records],
        "gaps": [gap_document(gap) for gap in found.gaps],
    }


def _backup(item: FoundBackup) -> Json:
    identity = item.identity
    return {
        "path": from_system(str(identity.folder)),
        "udid": identity.udid,
        "device_name": identity.device_name,
        "product_type": identity.product_type,
        "ios_version": identity.ios_version,
        "backup_date": to_text(identity.backup_date),
        "encrypted": identity.encrypted,
        "complete": identity.complete,
        "size": item.size,
    }
