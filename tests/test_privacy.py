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

# An audit hook cannot be removed: whatever opens a socket, resolves a name or starts a program ends the run.
_DENY = """
import sys
FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.startfile", "urllib.",
             "http.", "ftplib.", "smtplib.", "webbrowser.", "os.fork", "os.forkpty", "pty.")
def watch(event, arguments):
    if event.startswith(FORBIDDEN):
        sys.stderr.write("FORBIDDEN " + event + "\\n")
        sys.stderr.flush()
        import os
        os._exit(99)
sys.addaudithook(watch)
"""


@pytest.fixture(scope="module")
def extracted(demo_twins: DemoTwins, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An extraction of the encrypted twin."""
    out = tmp_path_factory.mktemp("extracted") / "out"
    assert inside(["extract", str(demo_twins.encrypted), str(out)], PASSPHRASE).code in (0, 3)
    return out


@fitting()
def test_no_command_opens_a_socket_or_starts_a_program(
    line: tuple[str, ...], demo_twins: DemoTwins, extracted: Path, tmp_path: Path
) -> None:
    """Denied by the interpreter itself, and without a network where the system can take it away."""
    before = ["unshare", "--net"] if sys.platform == "linux" and _can_unshare() else []
    arguments = filled(line, demo_twins.encrypted, tmp_path / "out", extracted)
    ending = ended(started(arguments, environment(PASSPHRASE, tmp_path), before, _DENY))
    assert b"FORBIDDEN" not in ending.errors and ending.code in (0, 3), ending.errors


def _can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode == 0


def test_the_hook_would_see_a_socket(tmp_path: Path) -> None:
    """The test above could fail: a program that opens a socket is ended."""
    code = _DENY + "import socket\nsocket.socket()"
    assert ended(started(["backups", str(tmp_path)], environment(), code=code)).code == 99


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
