"""The SHA-256 of files of a backup, as plaintext."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping

from recovery import limits
from recovery.errors import UnreadableFileError
from recovery.progress import SILENT, Progress
from recovery.source.backup_view import BackupView
from recovery.source.manifest import ManifestEntry


def digest_of(view: BackupView, entry: ManifestEntry, progress: Progress = SILENT) -> bytes | None:
    """The digest of one file's plaintext; None where it cannot be read through, or is too large to be worth it."""
    digest = hashlib.sha256()
    try:
        with view.open(entry) as stream:
            if stream.seek(0, io.SEEK_END) > limits.DIGEST_BYTES:
                return None
            stream.seek(0)
            while data := stream.read(limits.CIPHER_CHUNK_BYTES):
                digest.update(data)
                progress.advance(0)
    except (OSError, UnreadableFileError):
        return None
    return digest.digest()


def digests_of(
    view: BackupView, locations: Iterable[tuple[str, str]], progress: Progress = SILENT
) -> Mapping[str, str]:
    """Digests in hexadecimal by file ID, for files given as (domain, path); what cannot be read is left out."""
    wanted = list(locations)
    progress.start("Comparing files byte for byte", len(wanted))
    found: dict[str, str] = {}
    for location in wanted:
        entry = view.index.lookup(*location)
        digest = digest_of(view, entry, progress) if entry is not None else None
        if entry is not None and digest is not None:
            found[entry.file_id] = digest.hex()
        progress.advance()
    progress.finish()
    return found
