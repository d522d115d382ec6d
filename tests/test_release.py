"""What a release is made of: pinned actions, few rights, manifests that name the very archives, reproducible wheels."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from distribution.make_manifests import ARCHIVES, main
from recovery import __version__

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_rights_are_few(path: Path) -> None:
    """By the digest of a commit, never by a tag that can be moved; nothing may be written unless a job says so."""
    text = path.read_text(encoding="utf-8")
    uses = re.findall(r"uses: (\S+)", text)
    assert uses
    for action in uses:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action), action
    assert re.search(r"(?m)^permissions:\n  contents: read$", text)
    assert "secrets." not in text and "pull_request_target" not in text


def test_the_same_action_is_the_same_everywhere() -> None:
    """One digest for each action."""
    text = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    digests: dict[str, set[str]] = {}
    for name, digest in re.findall(r"uses: ([^@\s]+)@([0-9a-f]{40})", text):
        digests.setdefault(name, set()).add(digest)
    assert {name: found for name, found in digests.items() if len(found) > 1} == {}


def test_the_release_builds_each_archive_that_the_manifests_name() -> None:
    """The systems of the matrix are those of the formula and the manifest."""
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    systems = dict(re.findall(r"system: ([\w-]+), format: (\w+)", text))
    endings = {"gztar": "tar.gz", "zip": "zip"}
    assert {system: f"recover-facetime-{system}.{endings[kind]}" for system, kind in systems.items()} == ARCHIVES


def test_manifests_name_the_archives_and_their_hashes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Formula and manifest are made from the files that are offered; without one of them they are not made."""
    assert main(["somebody/recover-facetime", str(tmp_path)]) == 1
    assert "recover-facetime-macos-arm64.tar.gz" in capsys.readouterr().err
    for name in ARCHIVES.values():
        (tmp_path / name).write_bytes(name.encode())
    assert main(["somebody/recover-facetime", str(tmp_path)]) == 0
    manifest = json.loads((tmp_path / "recover-facetime.json").read_text())
    zipped = ARCHIVES["windows-x86_64"]
    offered = manifest["architecture"]["64bit"]
    assert offered["hash"] == hashlib.sha256(zipped.encode()).hexdigest()
    assert offered["url"].endswith(f"/somebody/recover-facetime/releases/download/v{__version__}/{zipped}")
    formula = (tmp_path / "recover-facetime.rb").read_text()
    pairs = re.findall(r'url "(\S+)"\s+sha256 "(\w+)"', formula)
    assert len(pairs) == 3
    for url, digest in pairs:
        assert hashlib.sha256(url.rpartition("/")[2].encode()).hexdigest() == digest
    if ruby := shutil.which("ruby"):
        subprocess.run([ruby, "-c", str(tmp_path / "recover-facetime.rb")], check=True, capture_output=True)


def test_the_wheel_is_reproducible(tmp_path: Path) -> None:
    """Two builds have the same bytes, and hold the pages and scripts of the window."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    for name in ("one", "two"):
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / name)]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    (one,), (two,) = (list((tmp_path / name).iterdir()) for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    listed = subprocess.run([sys.executable, "-m", "zipfile", "-l", str(one)], capture_output=True, text=True).stdout
    for file in ("templates/start.html.jinja", "templates/photos.html.jinja", "static/recover.js", "static/app.css"):
        assert f"cli/app/{file}" in listed
