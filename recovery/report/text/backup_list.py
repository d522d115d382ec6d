"""The list of backups as a JSON document, for scripts."""

from __future__ import annotations

from recovery.clock import in_records
from recovery.provenance import Reading
from recovery.report.inventory import Json
from recovery.source.locate import FoundBackup
from recovery.system_files import from_system


def backups_document(found: Reading[FoundBackup]) -> Json:
    """`{"backups": [...], "gaps": [...]}`; sizes in bytes, null where they were not added up."""
    return {
        "backups": [_backup(item) for item in found.records],
        "gaps": list(found.gaps),
    }


def _backup(item: FoundBackup) -> Json:
    identity = item.identity
    return {
        "path": from_system(str(identity.folder)),
        "udid": identity.udid,
        "device_name": identity.device_name,
        "product_type": identity.product_type,
        "ios_version": identity.ios_version,
        "backup_date": in_records(identity.backup_date),
        "encrypted": item.encrypted,
        "complete": identity.complete,
        "size": item.size,
    }
