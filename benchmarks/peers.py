"""Other tools at the same work: run by path with the interpreter they are installed for, prints one line of JSON.

`python peers.py TOOL BACKUP OUT LIST PASSPHRASE` where LIST is a JSON list of [domain, path] to decipher. Seconds
are counted from the moment the tool has unlocked the backup. Needs nothing of this project.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
import json
import resource
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

Files = list[tuple[str, str]]
Work = Callable[[], object]


def iphone_backup_decrypt(backup: Path, out: Path, files: Files, passphrase: str) -> Work:
    tool = importlib.import_module("iphone_backup_decrypt")
    opened = tool.EncryptedBackup(backup_directory=str(backup), passphrase=passphrase)
    opened.test_decryption()

    def work() -> None:
        for number, (domain, path) in enumerate(files):
            opened.extract_file(relative_path=path, domain_like=domain, output_filename=str(out / str(number)))

    return work


def mvt(backup: Path, out: Path, files: Files, passphrase: str) -> Work:
    """Deciphers the whole backup; it has no other way."""
    tool = importlib.import_module("mvt.ios.decrypt")
    opened = tool.DecryptBackup(str(backup), str(out))
    opened.decrypt_with_password(passphrase)
    return lambda: opened.process_backup()


def pyiosbackup(backup: Path, out: Path, files: Files, passphrase: str) -> Work:
    tool = importlib.import_module("pyiosbackup")
    opened = tool.Backup.from_path(backup, passphrase)

    def work() -> None:
        for number, (domain, path) in enumerate(files):
            entry = opened.get_entry_by_domain_and_path(domain, path)
            (out / str(number)).write_bytes(entry.read_bytes())

    return work


def iosbackup(backup: Path, out: Path, files: Files, passphrase: str) -> Work:
    tool = importlib.import_module("iOSbackup")
    opened = tool.iOSbackup(udid=backup.name, cleartextpassword=passphrase, backuproot=str(backup.parent))

    def work() -> None:
        for number, (_, path) in enumerate(files):
            opened.getFileDecryptedCopy(relativePath=path, targetName=str(number), targetFolder=str(out))

    return work


def osxphotos(backup: Path, out: Path, files: Files, passphrase: str) -> Work:
    """Opens the photo library alone; `backup` is a folder that holds it as a phone's Media folder does."""

    def work() -> int:
        tool = importlib.import_module("osxphotos")
        return len(tool.PhotosDB(dbfile=str(backup / "PhotoData" / "Photos.sqlite")).photos(intrash=False))

    return work


TOOLS = {
    "iphone-backup-decrypt": iphone_backup_decrypt,
    "mvt": mvt,
    "pyiosbackup": pyiosbackup,
    "iOSbackup": iosbackup,
    "osxphotos": osxphotos,
}


def main() -> None:
    tool, backup, out, listed, passphrase = sys.argv[1], *map(Path, sys.argv[2:5]), sys.argv[5]
    files: Files = [(domain, path) for domain, path in json.loads(listed.read_text())]
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    answer: dict[str, object] = {"version": importlib.metadata.version(tool)}
    with contextlib.redirect_stdout(io.StringIO()):
        work = TOOLS[tool](backup, out, files, passphrase)
        begin, used = time.perf_counter(), _used()
        result = work()
        answer |= {"wall": time.perf_counter() - begin, "cpu": _used() - used}
    written = [path.stat().st_size for path in out.rglob("*") if path.is_file()]
    answer |= {"count": result if isinstance(result, int) else len(written), "size": sum(written)}
    shutil.rmtree(out, ignore_errors=True)
    print("\n" + json.dumps(answer))


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
