"""Privacy: no command opens a socket, starts a program or looks outside; outputs say what they hold of people."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import DemoTwins
from tests.every_command import ended, environment, filled, fitting, inside, started
from tests.scanning import PASSPHRASE

# An audit hook cannot be removed: whatever opens a socket, resolves a name, starts a program or writes other than
# below the folder that the tests look through ends the run.
_DENY = """
import os, sys
ROOM = os.environ["TMPDIR"]
CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
WRITING = {"os.mkdir": 1, "os.rename": 2, "os.link": 2, "os.symlink": 2, "os.truncate": 1, "os.mkfifo": 1}
def elsewhere(path):
    if isinstance(path, int) or path in ("/dev/null", "/dev/tty"):
        return False
    return os.path.commonpath([ROOM, os.path.abspath(os.fsdecode(path))]) != ROOM
def written(event, arguments):
    if event == "open":
        return arguments[:1] if arguments[2] & CHANGING else ()
    return arguments[: WRITING.get(event, 0)]
FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.startfile", "urllib.",
             "http.", "ftplib.", "smtplib.", "webbrowser.", "os.forkpty", "pty.")
def watch(event, arguments):
    if event.startswith(FORBIDDEN) or any(elsewhere(path) for path in written(event, arguments)):
        sys.stderr.write("FORBIDDEN " + event + "\\n")
        sys.stderr.flush()
        os._exit(99)
os.chdir(ROOM)  # names below an open folder are told without it
sys.addaudithook(watch)
"""


@pytest.fixture(scope="module")
def extracted(demo_twins: DemoTwins, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An extraction of the encrypted twin."""
    out = tmp_path_factory.mktemp("extracted") / "out"
    assert inside(["extract", str(demo_twins.encrypted), str(out)], PASSPHRASE).code in (0, 3)
    return out


@fitting()
def test_no_command_opens_a_socket_starts_a_program_or_writes_elsewhere(
    line: tuple[str, ...], demo_twins: DemoTwins, extracted: Path, tmp_path: Path
) -> None:
    """Denied by the interpreter itself, and without a network where the system can take it away.

    What is written is below one folder, through which the tests of secrets and redaction look.
    """
    before = ["unshare", "--net"] if sys.platform == "linux" and _can_unshare() else []
    arguments = filled(line, demo_twins.encrypted, tmp_path / "out", extracted)
    ending = ended(started(arguments, environment(PASSPHRASE, tmp_path), before, _DENY))
    assert b"FORBIDDEN" not in ending.errors and ending.code in (0, 3), ending.errors


def _can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    "deed",
    [
        "import socket; socket.socket()",
        "import subprocess; subprocess.run(['true'])",
        "open('{other}', 'w')",
        "os.open('{other}', os.O_RDWR | os.O_CREAT)",
        "os.mkdir('{other}')",
        "os.rename(os.environ['TMPDIR'] + '/room', '{other}')",
    ],
)
def test_the_hook_would_see_it(tmp_path: Path, deed: str) -> None:
    """The test above could fail: a program that does one of these things is ended before it is done."""
    (tmp_path / "inside" / "room").mkdir(parents=True)
    code = _DENY + deed.format(other=tmp_path / "other")
    env = environment(None, tmp_path / "inside")
    assert ended(started(["backups", str(tmp_path)], env, code=code)).code == 99
    assert not (tmp_path / "other").exists()


def test_no_module_of_the_network_is_imported() -> None:
    """Nothing that this program is made of brings one in by itself."""
    code = (
        "import cli.scan, cli.extract, cli.report, cli.verify, sys\n"
        "print(sorted(set(sys.modules) & {'requests', 'urllib3', 'httpx', 'aiohttp', 'ftplib', 'smtplib'}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment(), check=True)
    assert run.stdout.strip() == b"[]"


def test_the_report_and_the_extraction_say_what_they_hold(demo_twins: DemoTwins, tmp_path: Path) -> None:
    """Whoever passes on the page or a sidecar is told that names, places and pictures of people are in it."""
    page, out = tmp_path / "page.html", tmp_path / "out"
    run = inside(["report", str(demo_twins.plain), str(page), "--no-pictures"], None, tmp_path)
    for said in (run.errors, page.read_bytes()):
        assert b"names, places and pictures of people" in b" ".join(said.split())
    assert inside(["extract", str(demo_twins.plain), str(out), "--all", "--no-report"], None, tmp_path).code in (
        0,
        3,
    )
    told = [json.loads(path.read_bytes())["personal_data"] for path in (out / "FaceTime").rglob("*.json")]
    assert told and all("the device" in kinds for kinds in told) and any("places" in kinds for kinds in told)
