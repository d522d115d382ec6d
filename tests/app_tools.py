"""Starts the window as a process of its own and speaks to it over a real socket, as a browser or an attacker does."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.every_command import ROOT, environment

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the server: status, headers with names in small letters, and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class RunningApp:
    """The program in a process of its own, with a home and a temp folder of its own."""

    process: subprocess.Popen[str]
    address: str
    home: Path
    temporary: Path
    cookie: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """Host and port, as they stand in the Host header."""
        return urlsplit(self.address).netloc

    @property
    def left(self) -> list[str]:
        """What lies in the temp folder."""
        return sorted(path.name for path in self.temporary.iterdir())

    def request(
        self, method: str, path: str, headers: Mapping[str, str | None] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request with the headers that our page's own would have; None takes one away."""
        wanted: dict[str, str | None] = {
            "Host": self.host,
            "Sec-Fetch-Site": "same-origin",
            "Cookie": self.cookie or None,
        }
        if method == "POST":
            wanted |= {
                "Origin": f"http://{self.host}",
                "Content-Type": "application/json",
                "Content-Length": str(len(body or b"")),
            }
        wanted |= dict(headers or {})
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in wanted.items():
                if value is not None:
                    for line in value.split("\n"):
                        connection.putheader(name, line)
            connection.endheaders(body)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            endless = found.get("content-type", "").startswith("text/event-stream")
            return Answer(answer.status, found, answer.readline() if endless else answer.read())
        finally:
            connection.close()

    def enter(self) -> Answer:
        """Use the token, and keep the cookie."""
        answer = self.request("GET", urlsplit(self.address).path, {"Sec-Fetch-Site": "none"})
        self.cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        return answer

    def ask(self, name: str, **body: object) -> Answer:
        """What the page asks for."""
        return self.request("POST", f"/api/{name}", body=json.dumps(body).encode())

    def state(self) -> dict[str, Any]:
        """The first state that the stream of events tells."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request("GET", "/api/events", headers={"Sec-Fetch-Site": "same-origin", "Cookie": self.cookie})
            found: dict[str, Any] = json.loads(connection.getresponse().readline().removeprefix(b"data: "))
            return found
        finally:
            connection.close()

    def when_idle(self, seconds: float = 60) -> dict[str, Any]:
        """The state as soon as nothing is being done."""
        end = time.monotonic() + seconds
        while (state := self.state())["work"] is not None:
            assert time.monotonic() < end, state
            time.sleep(0.05)
        return state

    def kill(self, number: signal.Signals) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def running_app(
    folder: Path, *roots: Path, close_after: float = HOUR, code: str = "", **variables: str
) -> Iterator[RunningApp]:
    """The window, with backups below `roots`, its files below `folder`; `code` runs before it; killed at the end."""
    home, temporary = folder / "home", folder / "temporary"
    for made in (home / "Desktop", temporary):
        made.mkdir(parents=True, exist_ok=True)
    arguments = ["app", *map(str, roots), "--no-browser", "--close-after", str(close_after)]
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}\nfrom cli.main import run\nrun()", *arguments],
        cwd=ROOT,
        env={**environment(temporary=temporary), "HOME": str(home), "USER": "nobody-here", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield RunningApp(process, process.stdout.readline().strip(), home, temporary)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
