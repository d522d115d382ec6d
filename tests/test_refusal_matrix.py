"""Every error of the system on every kind of file: told for what it is, with a remedy, never as damage or absence."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fixtures import BackupBuilder
from recovery.analysis.model import Findings
from recovery.errors import AccessDeniedError, SystemReadError
from recovery.extraction.outcomes import OutcomeState
from recovery.gap_codes import GapReason
from recovery.refusals import remedy
from recovery.report.messages.gaps import line
from recovery.source import reading
from tests.extraction_tools import everything, extract
from tests.scanning import PASSPHRASE, scan, view_of
from tests.test_journals import ASSET, INSERT, record

ERRORS: Mapping[str, tuple[int, int | None, GapReason]] = {
    "EACCES": (errno.EACCES, None, GapReason.PERMISSION_DENIED),
    "EPERM": (errno.EPERM, None, GapReason.PERMISSION_DENIED),
    "EIO": (errno.EIO, None, GapReason.READ_ERROR),
    "ENOSPC": (errno.ENOSPC, None, GapReason.NO_SPACE),
    "EMFILE": (errno.EMFILE, None, GapReason.TOO_MANY_OPEN_FILES),
    "ENFILE": (errno.ENFILE, None, GapReason.TOO_MANY_OPEN_FILES),
    "ESTALE": (errno.ESTALE, None, GapReason.NOT_REACHABLE),
    "ETIMEDOUT": (errno.ETIMEDOUT, None, GapReason.NOT_REACHABLE),
    "Windows error 5": (errno.EACCES, 5, GapReason.PERMISSION_DENIED),
    "Windows error 32": (errno.EACCES, 32, GapReason.IN_USE),
}
"""What the sentence names: the number, that of Windows, and what it must be taken for."""
STORES = {
    "photo": "IMG_0001.HEIC",
    "movie": "IMG_0002.MOV",
    "library": "Photos.sqlite",
    "log of the library": "Photos.sqlite-wal",
    "asset journal": "Asset-change.plj",
    "thumbnail table": ".ithmb",
    "call history": "CallHistory.storedata",
    "permissions": "TCC.db",
    "settings": "com.apple.TelephonyUtilities.plist",
    "camera's counter": "DCIM_APPLE.plist",
    "messages": "sms.db",
    "FaceTime messages": "FaceTimeMessageStore-local.sqlitedb",
}
"""How the names of these files of the device end."""
LISTS = ("Info.plist", "Manifest.plist", "Status.plist")
PAGE = 4096
PHASES = ("open", "first read", "half way")
EACH = pytest.mark.parametrize("name", ERRORS)
PHASE = pytest.mark.parametrize("phase", PHASES)
TWINS = pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["plain", "encrypted"])
Doom = Callable[[Path, str, str], None]


def builder() -> BackupBuilder:
    """A backup with every store that a scan opens."""
    night = datetime(2024, 5, 1, tzinfo=UTC)
    made = BackupBuilder().with_photo("IMG_0001").with_live_photo("IMG_0002").with_facetime_call(night, 60)
    made.with_facetime_message().with_tcc("com.apple.facetime").with_setting("com.apple.TelephonyUtilities", "key", 1)
    made.with_messages_attachment().with_thumbnail_tables().with_wal()
    journal = record(INSERT, ASSET, {"originalFilename": "IMG_1.HEIC"})
    return made.with_file("CameraRollDomain", "Media/PhotoData/Journals/Asset-change.plj", journal)


class Backups:
    """The two twins, built once, with the place of each file."""

    def __init__(self, root: Path) -> None:
        self.folders = {
            secret: builder().build(root / ("encrypted" if secret else "plain"), secret)
            for secret in (None, PASSPHRASE)
        }
        self._places: dict[tuple[str | None, str], tuple[str, Path]] = {}
        for secret, folder in self.folders.items():
            with view_of(folder, secret) as view:
                for file_id, _, path in view.index.file_rows():
                    blob = folder / file_id[:2] / file_id
                    for kind, ending in STORES.items():
                        if path.endswith(ending):
                            self._places.setdefault((secret, kind), (path, blob))

    def place(self, secret: str | None, kind: str) -> tuple[str, Path]:
        """Path in the backup and blob of a kind of file."""
        if (secret, kind) not in self._places:
            pytest.skip("encrypted backups alone carry it")
        return self._places[secret, kind]


@pytest.fixture(scope="module")
def backups(tmp_path_factory: pytest.TempPathFactory) -> Backups:
    """Both twins."""
    return Backups(tmp_path_factory.mktemp("matrix"))


@pytest.fixture
def doom(monkeypatch: pytest.MonkeyPatch) -> Doom:
    """Let the system refuse one file: when it is opened, at its first byte, or in its middle; root sees it too."""

    def doomed(path: Path, name: str, phase: str) -> None:
        number, windows, _ = ERRORS[name]
        state = path.stat()
        wanted, least = (state.st_dev, state.st_ino), 0 if phase == "first read" else max(1, state.st_size // 2)

        def failed() -> OSError:
            error = OSError(number, os.strerror(number), str(path))
            error.winerror = windows  # type: ignore[attr-defined,unused-ignore]
            return error

        def is_it(state: os.stat_result) -> bool:
            return (state.st_dev, state.st_ino) == wanted

        if phase == "open":
            whole = reading.open_descriptor

            def opened(path: str | Path) -> int:
                if is_it(os.lstat(path)):
                    raise failed()
                return whole(path)

            monkeypatch.setattr(reading, "open_descriptor", opened)
            return
        fdopen, read = os.fdopen, os.read

        def some(start: int, length: int) -> int:
            """What comes of so many bytes: those before the bad place, and nothing of a page that holds it."""
            if start >= least or (start + length > least and length <= PAGE):
                raise failed()
            return min(length, least - start)

        class Failing(io.FileIO):
            def readinto(self, buffer: Any) -> int:
                room = memoryview(buffer)
                return int(super().readinto(room[: some(self.tell(), len(room))]))

            def read(self, size: int | None = -1) -> bytes:
                if size is None or size < 0:
                    raise failed()
                return super().read(some(self.tell(), size))

            def readall(self) -> bytes:
                raise failed()

        def opened_number(number: int, mode: str = "r", buffering: int = -1, **how: Any) -> Any:
            if mode != "rb" or not is_it(os.fstat(number)):
                return fdopen(number, mode, buffering, **how)
            raw = Failing(number, "rb")
            return raw if buffering == 0 else io.BufferedReader(raw)

        def read_number(number: int, length: int) -> bytes:
            if is_it(os.fstat(number)):
                length = some(os.lseek(number, 0, os.SEEK_CUR), length)
            return read(number, length)

        monkeypatch.setattr(os, "fdopen", opened_number)
        monkeypatch.setattr(os, "read", read_number)

    return doomed


def check_all(found: Findings, name: str, path: str) -> None:
    """Nothing is said to be damaged or missing, and this file to be refused: why, in whose words, and what to do."""
    totals, (_, _, reason) = found.totals, ERRORS[name]
    assert (totals.damaged_files, totals.missing_blobs, totals.unlisted_blobs) == (0, 0, 0)
    faults = [gap for gap in found.gaps if gap.fault]
    assert faults and found.faults
    for gap in faults:
        assert (gap.where, gap.why) == (path, reason) and name in line(gap)
        assert remedy(reason) and remedy(reason).rstrip(".") in line(gap)


@EACH
@PHASE
@pytest.mark.parametrize("kind", STORES)
def test_a_refused_file_is_told_as_refused(backups: Backups, doom: Doom, kind: str, phase: str, name: str) -> None:
    """Each kind of file of a device, in an encrypted backup."""
    path, blob = backups.place(PASSPHRASE, kind)
    doom(blob, name, phase)
    check_all(scan(backups.folders[PASSPHRASE], PASSPHRASE), name, path)


@PHASE
@pytest.mark.parametrize("kind", STORES)
def test_a_refused_file_of_a_plain_backup_is_told_as_refused(
    backups: Backups, doom: Doom, kind: str, phase: str
) -> None:
    """Plain files are read another way; one error stands for all."""
    if (kind, phase) == ("photo", "half way"):
        pytest.skip("a scan has no reason to read the middle of a plain photo of the camera; extract tells it")
    path, blob = backups.place(None, kind)
    doom(blob, "EIO", phase)
    check_all(scan(backups.folders[None]), "EIO", path)


@EACH
@PHASE
@pytest.mark.parametrize("file", LISTS)
def test_a_refused_list_of_a_plain_backup_is_a_gap(
    backups: Backups, doom: Doom, file: str, phase: str, name: str
) -> None:
    """A plain backup is read without them."""
    folder = backups.folders[None]
    doom(folder / file, name, phase)
    check_all(scan(folder), name, file)


@EACH
@PHASE
@pytest.mark.parametrize("file", ["Manifest.db", "Manifest.plist"])
@TWINS
def test_what_nothing_can_be_read_without_ends_the_run(
    backups: Backups, doom: Doom, passphrase: str | None, file: str, phase: str, name: str
) -> None:
    """The error is no damage of the backup, and says what to do."""
    if file == "Manifest.plist" and passphrase is None:
        pytest.skip("a plain backup is read without it")
    _, _, reason = ERRORS[name]
    folder = backups.folders[passphrase]
    doom(folder / file, name, phase)
    with pytest.raises((SystemReadError, AccessDeniedError)) as caught, view_of(folder, passphrase):
        pytest.fail("it opens")
    assert isinstance(caught.value, AccessDeniedError) is (reason is GapReason.PERMISSION_DENIED)
    assert file in str(caught.value) and name in str(caught.value) and caught.value.hint == remedy(reason)


@EACH
@PHASE
@pytest.mark.parametrize("kind", ["photo", "movie"])
@TWINS
def test_a_refused_photo_is_extracted_as_far_as_it_is_read(
    backups: Backups, doom: Doom, tmp_path: Path, passphrase: str | None, kind: str, phase: str, name: str
) -> None:
    """It is unreadable, not damaged; the other files are written; what was read of it is kept and named incomplete."""
    path, blob = backups.place(passphrase, kind)
    wanted = everything(builder())
    doom(blob, name, phase)
    outcomes = extract(backups.folders[passphrase], wanted, tmp_path / "out", passphrase)
    _, _, reason = ERRORS[name]
    for outcome in outcomes.files:
        if outcome.planned.file.path != path:
            assert outcome.state is OutcomeState.WRITTEN
            continue
        assert (outcome.state, outcome.refusal) == (OutcomeState.UNREADABLE, reason) and name in outcome.reason
        assert (outcome.target is not None) is (phase == "half way")
        assert outcome.target is None or "(incomplete)" in outcome.target
    assert not outcomes.complete and path in {outcome.planned.file.path for outcome in outcomes.files}
