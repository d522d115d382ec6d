"""Walks through every page of the window in a browser: for looking at them, and for checks that hold on each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.app_tools import running_app
from tests.report_pages import Browser

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": False}
_READY = "return document.documentElement.dataset.ready === 'yes' && Boolean(app.state)"
_SHOWN = "return document.documentElement.dataset.shown === '{}'"
_SEEN = "const e = document.getElementById('{}'); return Boolean(e) && e.offsetParent !== null"
_SECONDS = 120


def walk(
    folder: Path,
    backups: Path,
    passphrase: str,
    look: Callable[[str, Browser], None],
    *,
    dark: bool = False,
    phone: bool = False,
) -> None:
    """Call `look` with the name of each page: choose, unlock, wrong, photos, gallery, photo, recover, result, ended.

    `backups` is a folder with one backup, encrypted with `passphrase`; `folder` takes what the walk needs.
    """
    with running_app(folder / "app", backups) as app:
        browser = Browser(folder / "profile", 1280, 900, dark=dark)
        try:
            if phone:
                browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
            browser.driver.get(app.address)
            browser.wait(_SHOWN.format("choose"), _SECONDS)
            look("choose", browser)
            browser.run("document.querySelector('.backup').click()")
            browser.wait(_SHOWN.format("locked"), _SECONDS)
            look("unlock", browser)
            browser.keys("wrong", "\ue007")
            browser.wait(_SEEN.format("trouble"), _SECONDS)
            look("wrong", browser)
            browser.run("document.getElementById('passphrase').focus()")
            browser.keys(passphrase, "\ue007")
            browser.wait(_READY, _SECONDS)
            look("photos", browser)
            browser.run("document.getElementById('photos').scrollIntoView({behavior: 'instant'})")
            browser.run("for (const at of [0, 1, 2]) report.tick(report.order[at].index, true)")
            look("gallery", browser)
            browser.run("report.openCard(0)")
            browser.wait("return document.getElementById('made-from').textContent !== ''", _SECONDS)
            look("photo", browser)
            browser.run("document.getElementById('close').click(); document.getElementById('recover-ticked').click()")
            browser.wait(_SEEN.format("recover-form"), _SECONDS)
            look("recover", browser)
            browser.run("document.querySelector('#recover-form button[type=submit]').click()")
            browser.wait(_SEEN.format("result"), _SECONDS)
            look("result", browser)
            browser.run("document.getElementById('recover-close').click(); document.getElementById('quit').click()")
            browser.wait("return document.querySelector('h1').textContent.includes('has ended')", _SECONDS)
            look("ended", browser)
        finally:
            browser.close()
