"""The window in a real browser, from the first page to recovered files, as people use it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from app_pages import walk
from app_tools import RunningApp, running_app
from report_pages import Browser, browser_is_missing

from benchmarks.shapes import Shape
from benchmarks.synthetic import build
from tests.conftest import DemoTwins
from tests.scanning import PASSPHRASE

pytest.importorskip("starlette", reason="the extra `app` is not installed")
pytest.importorskip("uvicorn", reason="the extra `app` is not installed")
pytestmark = pytest.mark.skipif(bool(browser_is_missing()), reason=browser_is_missing() or "a browser is here")

READY = "return document.documentElement.dataset.ready === 'yes' && Boolean(app.state)"
SHOWN = "return document.documentElement.dataset.shown === '{}'"
SECONDS = 90
AXE = os.environ.get("AXE_CORE", "")


@contextmanager
def window(tmp_path: Path, *roots: Path, width: int = 1280, height: int = 900) -> Iterator[tuple[RunningApp, Browser]]:
    """The program and a browser on its first page; the browser asks for nothing but what the program serves."""
    with running_app(tmp_path / "app", *roots) as app:
        browser = Browser(tmp_path / "profile", width, height)
        try:
            browser.driver.get(app.address)
            browser.wait(SHOWN.format("choose"), SECONDS)
            yield app, browser
            browser.read_logs()
            ours = (f"http://{app.host}/", "data:", "blob:", "about:")
            assert [url for url in browser.requested if not url.startswith(ours)] == []
            # What Chromium says of connections that end with the program is no complaint of the page.
            told = [text for text in browser.complaints if "ERR_CONNECTION" not in text and "404" not in text]
            assert told == []
        finally:
            browser.close()


def click(browser: Browser, selector: str) -> None:
    """Click what a selector names, as soon as it can be."""
    seen = f"const found = document.querySelector({selector!r}); return found && found.getClientRects().length > 0"
    browser.wait(seen, SECONDS)
    browser.driver.find_element("css selector", selector).click()


def text(browser: Browser, name: str) -> str:
    """The text of an element."""
    return str(browser.run("return document.getElementById(arguments[0]).textContent", name))


def visible(name: str) -> str:
    """A script that tells whether an element can be seen."""
    return f"return document.getElementById('{name}').offsetParent !== null"


def test_plain_from_the_first_page_to_the_folder(
    tmp_path: Path, demo_twins: DemoTwins, untouched: Callable[[Path], None]
) -> None:
    """Choose, look closer, tick, recover, check, quit."""
    untouched(demo_twins.plain)
    with window(tmp_path, demo_twins.plain) as (app, browser):
        assert "token" not in str(browser.driver.current_url) and browser.driver.current_url.endswith("/")
        click(browser, ".backup")
        browser.wait(READY, SECONDS)
        assert "from FaceTime" in str(browser.run("return document.querySelector('h1').textContent"))
        browser.run("document.getElementById('gallery').scrollIntoView()")
        browser.wait("return [...document.querySelectorAll('.card img')].some((image) => image.naturalWidth > 100)", 30)
        browser.run("report.openCard(0)")
        browser.wait("return document.getElementById('made-from').textContent !== ''", 30)
        browser.wait("const i = document.querySelector('#stage img'); return i && i.naturalWidth > 100", 30)
        browser.run("document.getElementById('close').click()")
        browser.run("report.openCard(report.order.findIndex((card) => report.details(card.index).movie))")
        browser.run("document.getElementById('play').click()")
        browser.wait(
            "const v = document.querySelector('#stage video'); return v && v.videoWidth > 0 && v.currentTime > 0", 30
        )
        browser.run("document.getElementById('close').click(); report.openCard(0)")
        browser.run("document.getElementById('closeup-tick').click(); document.getElementById('close').click()")
        browser.run("report.tick(report.order[1].index, true)")
        click(browser, "#recover-ticked")
        assert text(browser, "recover-title") == "Recover 2 photos"
        click(browser, "#recover-form button[type=submit]")
        browser.wait(visible("result"), SECONDS)
        folder = Path(text(browser, "result-folder"))
        assert folder.parent == app.home / "Desktop"
        assert len(list(folder.rglob("*.HEIC"))) >= 1
        click(browser, "#verify")
        browser.wait("return document.getElementById('result-checked').textContent.includes('Nothing differs.')", 60)
        click(browser, "#result-close")
        click(browser, "#quit")
        browser.wait("return document.querySelector('h1').textContent === 'recover-facetime has ended'", 15)
        assert app.process.wait(30) == 0
        assert app.left == []


def test_encrypted_with_wrong_passphrase_reload_and_two_pages(tmp_path: Path, demo_twins: DemoTwins) -> None:
    """The passphrase field is emptied; a reload and a second page show the same; closing both ends the program."""
    with window(tmp_path, demo_twins.encrypted) as (app, browser):
        click(browser, ".backup")
        browser.wait(SHOWN.format("locked"), SECONDS)
        assert browser.run("return document.activeElement.id") == "passphrase"
        browser.keys("wrong", "\ue007")
        browser.wait(visible("trouble"), SECONDS)
        assert text(browser, "trouble-says") == "This passphrase does not open the backup."
        assert browser.run("return document.getElementById('passphrase').value") == ""
        browser.run("location.reload()")
        browser.wait(SHOWN.format("locked"), SECONDS)
        browser.run("document.getElementById('passphrase').focus()")
        browser.keys(PASSPHRASE, "\ue007")
        browser.wait(READY, SECONDS)
        first = browser.driver.current_window_handle
        browser.driver.switch_to.new_window("tab")
        browser.driver.get(f"http://{app.host}/photos")
        browser.wait(READY, SECONDS)
        click(browser, "#other-backup")
        browser.wait(SHOWN.format("choose"), SECONDS)
        browser.driver.switch_to.window(first)
        browser.wait(SHOWN.format("choose"), SECONDS)  # it followed
        assert app.left == []


def test_a_closed_browser_ends_it(tmp_path: Path, demo_twins: DemoTwins) -> None:
    """Nothing is left when the browser is gone."""
    with running_app(tmp_path / "app", demo_twins.plain, close_after=2) as app:
        browser = Browser(tmp_path / "profile")
        try:
            browser.driver.get(app.address)
            click(browser, ".backup")
            browser.wait(READY, SECONDS)
            time.sleep(3)
            assert app.process.poll() is None  # a page that is open keeps it alive
        finally:
            browser.close()
        assert app.process.wait(30) == 0
        assert app.left == []


def test_by_keyboard_alone_on_a_narrow_screen(tmp_path: Path, demo_twins: DemoTwins) -> None:
    """From the list to the recovered files with Tab, Enter and Space; nothing is wider than 390 pixels."""
    with window(tmp_path, demo_twins.plain, width=500) as (app, browser):
        browser.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False},
        )
        fits = "return document.documentElement.scrollWidth <= 390"
        assert browser.run(fits)
        assert browser.run("return document.activeElement.className") == "backup"
        browser.keys("\ue007")
        browser.wait(READY, SECONDS)
        assert browser.run(fits)
        for _ in range(6):
            browser.keys("\ue004")
            if browser.run("return document.activeElement.id") == "recover-facetime":
                break
        browser.keys("\ue007")
        browser.wait(visible("recover-form"))
        assert browser.run(fits)
        browser.run("document.querySelector('#places input:checked').focus()")
        browser.keys("\ue007")
        browser.wait(visible("result"), SECONDS)
        assert browser.run("return document.activeElement.id") == "show-folder"
        assert browser.run(fits)
        browser.keys("\ue00c")
        browser.wait("return !document.getElementById('recover').open")
        assert list((app.home / "Desktop").iterdir())


@pytest.mark.skipif(not AXE, reason="axe is not here: npm pack axe-core, and name its axe.min.js in AXE_CORE")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_axe_finds_no_violation(tmp_path: Path, demo_twins: DemoTwins, dark: bool, phone: bool) -> None:
    """Names, roles, contrast and order on every page of the way, light and dark, wide and narrow."""
    script = Path(AXE).read_text(encoding="utf-8")
    found: dict[str, object] = {}

    def look(page: str, browser: Browser) -> None:
        browser.run(script)
        violations = browser.driver.execute_async_script(
            "const done = arguments[0]; const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',"
            " 'best-practice']; const told = (node) => node.html.slice(0, 150) + ' ' + (node.any[0] || {}).message;"
            " axe.run({runOnly: tags}).then((r) => done(r.violations.map((v) => [v.id, v.nodes.map(told)])))"
        )
        if violations:
            found[page] = violations

    walk(tmp_path, demo_twins.encrypted, PASSPHRASE, look, dark=dark, phone=phone)
    assert not found, json.dumps(found, indent=1)


def test_stop_and_reload_in_the_middle(tmp_path: Path) -> None:
    """Of 5,000 assets: Stop while reading goes back to the list; a reload while writing shows the same work."""
    backup = build(tmp_path / "large", Shape(5000, 20_000, linked=True))
    with window(tmp_path, backup) as (app, browser):
        click(browser, ".backup")
        click(browser, "#stop")
        browser.wait(SHOWN.format("choose"), SECONDS)
        browser.wait(visible("trouble"))
        assert text(browser, "trouble-says") == "Stopped. The backup is unchanged."
        assert app.left == []
        click(browser, ".backup")
        browser.wait(READY, SECONDS)
        assert browser.run("return report.cards.length") == 5000
        browser.run("document.getElementById('tick-all').click()")
        click(browser, "#recover-ticked")
        click(browser, "#recover-form button[type=submit]")
        browser.wait(visible("work"), SECONDS)
        browser.run("location.reload()")
        browser.wait(READY, SECONDS)
        browser.wait("return document.getElementById('recover').open", SECONDS)
        browser.wait(visible("stop"), SECONDS)
        click(browser, "#stop")
        browser.wait(visible("trouble"), SECONDS)
        assert text(browser, "trouble-says") == "Stopped. Files that were finished stay in the folder."
        assert browser.run(visible("recover-form")) or browser.run(visible("recover-close"))
        (folder,) = (app.home / "Desktop").iterdir()
        assert not (folder / "run.json").exists()
