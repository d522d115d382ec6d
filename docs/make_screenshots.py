"""Make the pictures of the report in docs/images: `python -m docs.make_screenshots` (needs Chromium)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.report_pages import Browser, browser_is_missing, demo_report

IMAGES = Path(__file__).parent / "images"
_TOP = "window.scrollTo({top: 0, behavior: 'instant'})"
_GALLERY = "document.getElementById('photos').scrollIntoView({behavior: 'instant'})"
_LOADED = (
    "return [...document.images].filter((image) => image.getBoundingClientRect().top < window.innerHeight"
    " && image.getBoundingClientRect().bottom > 0).every((image) => image.complete)"
)
_CLOSE_UP = "report.openCard(report.order.findIndex((card) => card.name === 'IMG_0002.HEIC'))"


def main() -> int:
    """Write every picture; the demo backup and the dates on it are always the same."""
    if reason := browser_is_missing():
        print(f"No browser to take pictures with: {reason}.", file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="screenshots-") as name:
        folder = Path(name)
        page = demo_report(folder).page
        for theme in ("light", "dark"):
            browser = Browser(folder / theme, 1280, 1040, dark=theme == "dark")
            try:
                browser.open(page)
                take(browser, _TOP, f"report-{theme}.png")
                take(browser, _GALLERY, f"report-gallery-{theme}.png")
                take(browser, _CLOSE_UP, f"report-photo-{theme}.png")
            finally:
                browser.close()
        browser = Browser(folder / "phone", 1280, 1040)
        try:
            metrics = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
            browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            browser.open(page)
            take(browser, _GALLERY, "report-phone.png")
        finally:
            browser.close()
    return 0


def take(browser: Browser, script: str, name: str) -> None:
    """Save what the browser shows after a script, as soon as its pictures are there."""
    browser.run(script)
    browser.wait(_LOADED)
    # Two frames, so that what was loaded is also painted.
    browser.driver.execute_async_script(
        "const done = arguments[0];requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 300)));"
    )
    browser.driver.save_screenshot(str(IMAGES / name))
    print(IMAGES.name + "/" + name)


if __name__ == "__main__":
    sys.exit(main())
