"""Loose ends: what the manifest, the folder and the library do not agree on, and numbers that are missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fixtures import BackupBuilder
from recovery.analysis.model import OrphanCode
from tests.scanning import scan

TAKEN = datetime(2024, 5, 3, 18, 5, tzinfo=UTC)


def test_the_real_manifest_counts_right(shared: Path, untouched: Callable[[Path], None]) -> None:
    """1,089 files of which 10 have a blob, one blob nobody lists, and the two numbers that are missing."""
    folder = shared / "ios-14.3"
    untouched(folder)
    findings = scan(folder)
    assert findings.totals.missing_blobs == 1_089 - 10
    assert findings.totals.unlisted_blobs == 1
    assert findings.totals.blobs == 11
    gaps = [end.path for end in findings.loose_ends if end.code is OrphanCode.NUMBERING_GAP]
    assert gaps == ["Media/DCIM/100APPLE/IMG_0022", "Media/DCIM/100APPLE/IMG_0028"]


def test_numbers_between_neighbours_are_gaps_and_prove_nothing(tmp_path: Path) -> None:
    """The guess names the neighbours' dates and, where a call was going on, says that it proves nothing."""
    builder = BackupBuilder(calls_in_plain=True).with_photo("IMG_0001", created=TAKEN)
    builder.with_photo("IMG_0004", created=TAKEN + timedelta(minutes=10))
    builder.with_facetime_call(TAKEN - timedelta(minutes=1), 1200.0)
    gaps = [end for end in scan(builder.build(tmp_path)).loose_ends if end.code is OrphanCode.NUMBERING_GAP]
    assert [end.path for end in gaps] == ["Media/DCIM/100APPLE/IMG_0002", "Media/DCIM/100APPLE/IMG_0003"]
    assert all("2024-05-03" in (end.guess or "") and "proves nothing" in (end.guess or "") for end in gaps)


def test_a_number_that_went_on_in_the_next_folder_is_no_gap(tmp_path: Path) -> None:
    """The camera's counter goes on from folder to folder."""
    builder = BackupBuilder().with_photo("IMG_0001", created=TAKEN).with_photo("IMG_0003", created=TAKEN)
    builder.with_photo("IMG_0002", created=TAKEN, directory="DCIM/101APPLE")
    codes = Counter(end.code for end in scan(builder.build(tmp_path)).loose_ends)
    assert codes[OrphanCode.NUMBERING_GAP] == 0


def test_an_unlisted_blob_is_typed_in_a_plain_backup_only(tmp_path: Path) -> None:
    """Its first bytes tell what it is; in an encrypted backup nothing can decipher it, and that is said."""
    content = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
    for passphrase, word in ((None, "image/png"), ("secret", "encrypted")):
        folder = BackupBuilder().with_unlisted_blob(content).build(tmp_path / word.replace("/", ""), passphrase)
        (end,) = (end for end in scan(folder, passphrase).loose_ends if end.code is OrphanCode.UNLISTED_BLOB)
        assert word in (end.guess or "")
