"""Secrets: the passphrase and every key reach no output, file, log, argument, environment or exception."""

from __future__ import annotations

import base64
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.encryption import Vault
from recovery.source.file_keys import Passphrase
from recovery.source.key_bag import unlock
from tests.conftest import DemoTwins
from tests.every_command import Ended, ended, environment, filled, fitting, inside, started
from tests.scanning import PASSPHRASE

_WATCHED = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def needles(demo_twins: DemoTwins) -> dict[str, bytes]:
    """Every secret in each form in which it could leak."""
    vault = Vault(PASSPHRASE, demo_twins.encrypted.name)
    secrets = {"passphrase": PASSPHRASE.encode(), "latin passphrase": PASSPHRASE.encode("latin-1")}
    derived = unlock(vault.key_bag(), Passphrase(PASSPHRASE))
    for number, key in derived._classes.items():
        secrets[f"class key {number}"] = key
    for path in ("Media/PhotoData/Photos.sqlite", "Media/DCIM/100APPLE/IMG_0001.HEIC"):
        secrets[f"key of {path}"] = vault.file_key(f"CameraRollDomain-{path}", 4 if "sqlite" in path else 3)[0]
    secrets["key of Manifest.db"] = vault.file_key("Manifest.db", 4)[0]
    forms = {}
    for name, secret in secrets.items():
        forms[name] = secret
        forms[f"{name} (hex)"] = secret.hex().encode()
        forms[f"{name} (HEX)"] = secret.hex().upper().encode()
        forms[f"{name} (base64)"] = base64.b64encode(secret).rstrip(b"=")
        forms[f"{name} (repr)"] = repr(secret)[2:-1].encode()
    return forms


def leaks(data: bytes, forms: dict[str, bytes]) -> list[str]:
    """Which secrets stand in these bytes."""
    return [name for name, form in forms.items() if form in data]


def contents(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below, whatever it is, by name; files that vanish meanwhile are left out."""
    for folder in folders:
        for inner, _, names in os.walk(folder):
            for name in names:
                try:
                    yield name, name.encode() + (Path(inner) / name).read_bytes()
                except OSError:
                    continue


def processes(parent: int) -> Iterator[bytes]:
    """Command lines and environments of a process and of what it started."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            told = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            if int(entry.name) == parent:
                yield (entry / "cmdline").read_bytes()
            elif int(told[1]) == parent:
                yield (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except (OSError, IndexError):
            continue


@pytest.fixture(scope="module")
def forms(demo_twins: DemoTwins) -> dict[str, bytes]:
    """The secrets of the encrypted twin."""
    return needles(demo_twins)


def test_the_search_finds_what_it_looks_for(forms: dict[str, bytes], demo_twins: DemoTwins) -> None:
    """The keys are those of this backup, so a leak would be seen."""
    vault = Vault(PASSPHRASE, demo_twins.encrypted.name)
    assert (demo_twins.encrypted / "Manifest.plist").read_bytes().count(vault.key_bag()) == 1
    assert len(forms) == 5 * (2 + 11 + 3) and leaks(b"x" + forms["class key 3 (base64)"], forms)


@pytest.fixture(scope="module")
def extracted(demo_twins: DemoTwins, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An extraction of the encrypted twin."""
    out = tmp_path_factory.mktemp("extracted") / "out"
    assert inside(["extract", str(demo_twins.encrypted), str(out)], PASSPHRASE).code in (0, 3)
    return out


@_WATCHED
@fitting(once=True)
def test_no_command_lets_a_secret_out(
    line: tuple[str, ...], demo_twins: DemoTwins, extracted: Path, forms: dict[str, bytes], tmp_path: Path
) -> None:
    """Streams, output, log, the private folder while it is in use, command lines, environments of children."""
    private, room = tmp_path / "private", tmp_path / "room"
    private.mkdir()
    room.mkdir()
    file = tmp_path / "passphrase.txt"
    file.write_text(PASSPHRASE + "\n")
    arguments = [*filled(line, demo_twins.encrypted, room / "out", extracted), "--debug"]
    if line[0] != "backups":
        arguments += ["--passphrase-file", str(file)]
    running = started(arguments, environment(None, private))
    seen: set[str] = set()
    while running.poll() is None:
        for data in processes(running.pid):
            seen.update(leaks(data, forms))
        for _, data in contents(private, room):
            seen.update(leaks(data, forms))
        time.sleep(0.02)
    ending = ended(running)
    assert ending.code in (0, 3), ending.said
    seen.update(leaks(ending.said, forms))
    for _, data in contents(private, room, extracted):
        seen.update(leaks(data, forms))
    assert not seen
    assert not list(private.iterdir())


@pytest.mark.parametrize("how", ["environment", "file", "input"])
def test_a_refusal_does_not_repeat_what_was_refused(demo_twins: DemoTwins, tmp_path: Path, how: str) -> None:
    """A wrong passphrase stands neither in the message nor in the traceback of --debug."""
    wrong = "Wr0ng-but-secret-9151"
    arguments = ["scan", str(demo_twins.encrypted), "--debug"]
    if how == "file":
        (tmp_path / "file").write_text(wrong)
        arguments += ["--passphrase-file", str(tmp_path / "file")]
    ending: Ended = inside(arguments, wrong if how == "environment" else None, tmp_path)
    if how != "input":
        assert ending.code == 4 and b"Traceback" in ending.errors
    assert wrong.encode() not in ending.said


def test_a_passphrase_is_no_option_value(demo_twins: DemoTwins) -> None:
    """Whoever tries gets a usage error that does not repeat it."""
    ending = inside(["scan", str(demo_twins.encrypted), "--passphrase", "hush-9151"])
    assert ending.code == 2 and b"hush-9151" not in ending.said


_WAITING = """
import recovery.case, sys, time
gatherer = sys.modules["recovery.case.gather"]._Gatherer
real = gatherer._census
def waiting(self):
    print("in the middle", flush=True)
    time.sleep(60)
    return real(self)
gatherer._census = waiting
"""
_FAILING = _WAITING.replace("time.sleep(60)", 'raise ZeroDivisionError("our bug")')


@pytest.mark.skipif(sys.platform == "win32", reason="signals and modes of POSIX")
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "bug", "SIGKILL"])
def test_the_private_folder_goes_with_the_run(demo_twins: DemoTwins, tmp_path: Path, how: str) -> None:
    """Mode 0700 while it is there; gone after an interrupt and a bug of ours; the next run cleans after a kill."""
    code = _FAILING if how == "bug" else _WAITING
    running = started(["scan", str(demo_twins.encrypted)], environment(PASSPHRASE, tmp_path), code=code)
    assert running.stdout is not None and running.stdout.readline() == b"in the middle\n"
    if how != "bug":
        (folder,) = tmp_path.glob("recover-facetime-*")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert any(path.name == "Photos.sqlite" for path in folder.rglob("*"))
        running.send_signal(getattr(signal, how))
    ended(running)
    left = list(tmp_path.glob("recover-facetime-*"))
    assert bool(left) == (how == "SIGKILL")
    assert inside(["scan", str(demo_twins.encrypted)], PASSPHRASE, tmp_path).code in (0, 3)
    assert not list(tmp_path.glob("recover-facetime-*"))


def test_a_crash_leaves_no_memory_behind(demo_twins: DemoTwins, tmp_path: Path) -> None:
    """Core dumps are off: a crash of a decoder would otherwise write keys and plaintext to the disk."""
    if sys.platform == "win32":
        pytest.skip("there are none")
    code = "import resource as r\nr.setrlimit(r.RLIMIT_CORE, (2**20, r.getrlimit(r.RLIMIT_CORE)[1]))"
    code += _WAITING.replace("time.sleep(60)", "print(r.getrlimit(r.RLIMIT_CORE)[0], flush=True)")
    running = started(["scan", str(demo_twins.encrypted), "-q"], environment(PASSPHRASE, tmp_path), code=code)
    output = ended(running).output.splitlines()
    assert output[:2] == [b"in the middle", b"0"]


def test_a_file_of_the_private_folder_is_private_too(demo_twins: DemoTwins, tmp_path: Path) -> None:
    """Even inside the folder nothing is readable for others, whatever the umask."""
    if os.name == "nt":
        pytest.skip("modes of POSIX")
    code = "import os\nos.umask(0)\n" + _WAITING
    running = started(
        ["scan", str(demo_twins.encrypted)],
        environment(PASSPHRASE, tmp_path),
        code=code,
    )
    assert running.stdout is not None and running.stdout.readline() == b"in the middle\n"
    (folder,) = tmp_path.glob("recover-facetime-*")
    for path in folder.iterdir():
        assert not path.is_dir() or path.stat().st_mode & 0o077 == 0
    running.send_signal(signal.SIGTERM)
    ended(running)
