"""Hold the binary against this environment: `python -m distribution.check_binary BINARY`.

Both extract the encrypted demo backup, with everything that needs a compiled library: the same files with the same
SHA-256 must come out. The window of the binary then opens the same backup and serves a picture.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from fixtures.stories import demo

_PASSPHRASE = "demo"
_OPTIONS = ("--all", "--jpeg", "--posters", "--frames", "best", "--reduced", "always", "--no-progress")
# Their times and arguments differ.
_RECORDS = frozenset({"run.json", "lock", "journal.jsonl"})


def main(arguments: Sequence[str]) -> int:
    """0 when nothing differs."""
    named = Path(arguments[0]).resolve()
    binary = str(named if named.exists() else named.with_suffix(".exe"))
    with tempfile.TemporaryDirectory(prefix="check-binary-") as name:
        folder = Path(name)
        backup = demo().build(folder / "backup", _PASSPHRASE)
        ours = _extracted([sys.executable, "-c", "from cli.main import run; run()"], backup, folder / "ours")
        theirs = _extracted([binary], backup, folder / "binary")
        differing = sorted(path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path))
        print(f"{len(ours)} files here, {len(theirs)} from the binary, {len(differing)} differ.")
        print("\n".join(differing))
        opened = _window(binary, backup, folder / "temporary")
        print("The window of the binary " + ("opened the backup." if opened else "did not open the backup."))
        return 0 if ours and not differing and opened else 1


def _extracted(program: Sequence[str], backup: Path, out: Path) -> dict[str, str]:
    environment = {**os.environ, "RECOVER_FACETIME_PASSPHRASE": _PASSPHRASE}
    start = time.perf_counter()
    done = subprocess.run([*program, "extract", str(backup), str(out), *_OPTIONS], env=environment, capture_output=True)
    print(f"{Path(program[0]).name}: exit code {done.returncode} after {time.perf_counter() - start:.1f} s")
    if done.returncode not in (0, 3):  # 3: the demo holds damaged files
        print(done.stderr.decode(errors="replace"))
        return {}
    files = (path for path in out.rglob("*") if path.is_file() and path.name not in _RECORDS)
    return {path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _window(binary: str, backup: Path, temporary: Path) -> bool:
    """Whether the window opens the backup, shows its photos, makes a picture, and leaves nothing."""
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "TMP": str(temporary), "TEMP": str(temporary)}
    process = subprocess.Popen(
        [binary, "app", str(backup), "--no-browser"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().strip())
        cookie = _ask(address.netloc, "GET", address.path, site="none")[1].partition(";")[0]

        def post(name: str, **body: object) -> None:
            _ask(address.netloc, "POST", f"/api/{name}", cookie, json.dumps(body).encode())

        for name, body in (("choose", {"backup": 0}), ("unlock", {"passphrase": _PASSPHRASE})):
            time.sleep(2)  # for the list, then for the question
            post(name, **body)
        time.sleep(5)
        page = _ask(address.netloc, "GET", "/photos", cookie)[2]
        picture = _ask(address.netloc, "GET", "/pictures-1/0-large.jpg", cookie)[2]
        post("end")
        return (
            process.wait(30) == 0
            and b'id="recover-ticked"' in page
            and picture.startswith(b"\xff\xd8")
            and not [path for path in temporary.iterdir() if path.name.startswith("recover-facetime")]
        )
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _ask(
    host: str, method: str, path: str, cookie: str = "", body: bytes | None = None, site: str = "same-origin"
) -> tuple[int, str, bytes]:
    headers = {"Sec-Fetch-Site": site, "Cookie": cookie}
    if method == "POST":
        headers |= {"Origin": f"http://{host}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Set-Cookie", ""), answer.read()
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
