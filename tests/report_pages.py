"""Backups and findings for the tests of the page, and a browser to look at it with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fixtures.builder import BackupBuilder
from fixtures.stories import demo
from recovery.analysis.find import find
from recovery.analysis.model import Findings
from recovery.case import Case, gather
from recovery.report.html import Report, ReportOptions, write_report
from recovery.source.backup_view import BackupView, open_backup
from recovery.source.file_keys import Passphrase
from recovery.workspace import Workspace

MADE = datetime(2024, 6, 2, 8, 0, tzinfo=UTC)
CHROMIUM, DRIVER = "chromium", "chromedriver"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


@dataclass(frozen=True, slots=True)
class Opened:
    """An open backup, its case and its findings."""

    view: BackupView
    case: Case
    findings: Findings


@contextmanager
def opened(builder: BackupBuilder, folder: Path, passphrase: str | None = None) -> Iterator[Opened]:
    """Build a backup below `folder`, open it, gather and find."""
    folder.mkdir(parents=True, exist_ok=True)
    backup = builder.build(folder, passphrase)
    secret = Passphrase(passphrase) if passphrase else None
    with Workspace(folder.parent) as workspace, open_backup(backup, workspace, secret) as view:
        case = gather(view)
        yield Opened(view, case, find(case))


def demo_report(folder: Path, options: ReportOptions | None = None) -> Report:
    """The report of the encrypted demo backup, the one that carries calls, as `folder`/report.html."""
    with opened(demo(), folder / "backup", "demo") as found:
        return write_report(
            found.view, found.case, found.findings, folder / "report.html", options=options, now=lambda: MADE
        )


def browser_is_missing() -> str:
    """Why no browser can be driven here, "" when one can."""
    missing = [name for name in (CHROMIUM, DRIVER) if shutil.which(name) is None]
    return f"{' and '.join(missing)} not installed (Debian: chromium chromium-driver)" if missing else ""


class Browser:
    """Headless Chromium with a profile of its own that remembers everything it was asked to load."""

    def __init__(self, profile: Path, width: int = 1280, height: int = 900, *, dark: bool = False) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.options import Options
        from selenium.webdriver.chrome.service import Service

        options = Options()
        options.binary_location = shutil.which(CHROMIUM) or ""
        self.downloads = profile / "downloads"
        for flag in (*FLAGS, f"--window-size={width},{height}", f"--user-data-dir={profile / 'profile'}"):
            options.add_argument(flag)
        options.add_experimental_option(
            "prefs", {"download.default_directory": str(self.downloads), "download.prompt_for_download": False}
        )
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which(DRIVER)))
        self.driver.set_script_timeout(60)
        self.requested: list[str] = []
        self.complaints: list[str] = []
        if dark:
            features = [{"name": "prefers-color-scheme", "value": "dark"}]
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get("about:blank")
        self.forget()

    def forget(self) -> None:
        """Leave behind what was logged so far, such as the browser's own first page."""
        self.read_logs()
        self.requested.clear()
        self.complaints.clear()

    def open(self, page: Path) -> None:
        """Open a page from disk and wait until its gallery stands."""
        self.driver.get(page.resolve().as_uri())
        self.wait("return document.documentElement.dataset.ready === 'yes'")

    def run(self, script: str, *arguments: object) -> object:
        """The result of a script in the page."""
        result: object = self.driver.execute_script(script, *arguments)  # type: ignore[no-untyped-call]
        return result

    def wait(self, script: str, seconds: float = 15) -> None:
        """Wait until a script gives something true; raises TimeoutException."""
        from selenium.webdriver.support.wait import WebDriverWait

        WebDriverWait(self.driver, seconds, 0.05).until(lambda _: self.run(script))

    def keys(self, *keys: str) -> None:
        """Press keys where the focus is."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def read_logs(self) -> None:
        """Collect what was requested and what the page complained of since the last time."""
        self.complaints += [entry["message"] for entry in self.driver.get_log("browser")]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requested.append(message["params"]["request"]["url"])

    def close(self) -> None:
        """End the browser."""
        self.driver.quit()
