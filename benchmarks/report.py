"""Measure the report of a large library: writing it, loading it in Chromium, memory, filtering and scrolling.

    python -m benchmarks.report [--assets 10000] [--previews FOLDER_OF_PHOTOS]

The library is the demo backup's findings repeated with other names and dates; each asset has a preview file of its
own. With --previews the time to make previews of real photos is measured as well.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from recovery.analysis.found import FoundAssets
from recovery.analysis.model import Asset, Findings
from recovery.formats import decoding
from recovery.report.html.picture_sources import LARGE, SMALL
from recovery.report.html.previews import Preview
from recovery.report.html.writing import folder_of, render
from tests.report_pages import MADE, Browser, browser_is_missing, demo_report, opened

DAYS = 3000


def main() -> int:
    """Print the figures as the rows of a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__.split("\n")[0])
    parser.add_argument("--assets", type=int, default=10_000)
    parser.add_argument("--previews", type=Path, metavar="FOLDER")
    chosen = parser.parse_args()
    if chosen.previews:
        _previews(chosen.previews)
    if reason := browser_is_missing():
        print(f"No browser to measure with: {reason}.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="report-benchmark-") as name:
        page = _write(Path(name), chosen.assets)
        _measure(Path(name), page)
    return 0


def _row(what: str, figure: str) -> None:
    print(f"| {what} | {figure} |", flush=True)


def _write(folder: Path, number: int) -> Path:
    """A page of so many assets with a preview file each."""
    from fixtures.stories import demo

    sample = demo_report(folder / "demo")
    pictures = sorted(sample.folder.glob("*-small.jpg")) if sample.folder else []
    page = folder / "large.html"
    previews = folder_of(page)
    previews.mkdir()
    with opened(demo(), folder / "again", "demo") as found:
        findings = _repeated(found.findings, number)
        names = [Preview(small=f"{place:024x}-small.jpg", large=f"{place:024x}-small.jpg") for place in range(number)]
        for place, item in enumerate(names):
            shutil.copyfile(pictures[place % len(pictures)], previews / str(item.small))
        started = time.perf_counter()
        html = render(findings, found.case, names, previews.name, MADE)
        _row("writing the page (data, facts, template)", f"{time.perf_counter() - started:.1f} s")
    page.write_text(html, encoding="utf-8", newline="\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _row("peak memory of this program", f"{peak:.0f} MiB")
    _row("size of the page", f"{page.stat().st_size / 1e6:.1f} MB")
    return page


def _repeated(findings: Findings, number: int) -> Findings:
    """The findings with so many assets: the demo's, over and over, on other days and under other names."""
    assets = FoundAssets.of(_others(findings.assets, number))
    return findings.changed(assets=assets, totals=findings.totals.changed(assets=number))


def _others(assets: Sequence[Asset], number: int) -> Iterator[Asset]:
    chance = random.Random(7)
    for place in range(number):
        asset = assets[place % len(assets)]
        moved = timedelta(days=chance.randrange(DAYS), minutes=chance.randrange(1440))
        yield asset.changed(
            uuid=f"{chance.getrandbits(128):032X}",
            filename=f"IMG_{place:05d}.HEIC",
            created=asset.created - moved if asset.created else None,
            # One photo in twenty is from FaceTime; the demo would have two in three.
            facetime=asset.facetime if place % 13 == 0 else type(asset.facetime)(),
        )


def _measure(folder: Path, page: Path) -> None:
    browser = Browser(folder / "profile")
    try:
        before = _renderer_memory()
        started = time.perf_counter()
        browser.open(page)
        _row(
            "from opening to a gallery that stands (whole, as seen from outside)",
            f"{time.perf_counter() - started:.2f} s",
        )
        ready = browser.run("return performance.getEntriesByName('ready')[0].startTime")
        parsed = browser.run("return performance.timing.domInteractive - performance.timing.navigationStart")
        _row("the same by the browser's own clock; of it reading the HTML", f"{_ms(ready)}; {_ms(parsed)}")
        _row("JavaScript memory after loading", _heap(browser))
        elements = browser.run("return document.querySelectorAll('*').length")
        _row("elements on the page after loading", f"{elements:,}")
        _row(
            "memory of the browser's page process",
            f"{_renderer_memory():.0f} MiB (an empty page: {before:.0f} MiB)",
        )
        for what, script in (
            ("one filter", "document.querySelector('input[value=certain]').checked = true; report.refresh()"),
            (
                "all filters off again",
                "document.querySelector('input[value=certain]').checked = false; report.refresh()",
            ),
            ("a search", "document.getElementById('search').value = 'img_077'; report.refresh()"),
            ("no search", "document.getElementById('search').value = ''; report.refresh()"),
            (
                "close view of the last photo",
                "report.openCard(report.order.length - 1); document.getElementById('closeup').close()",
            ),
        ):
            taken = browser.run(
                f"const start = performance.now(); {script}; document.body.offsetHeight;"
                "return performance.now() - start"
            )
            _row(f"time for {what}", _ms(taken))
        _row("scrolling: how far, median frame, 99 of 100 frames below", _scrolled(browser))
        _row("JavaScript memory after that", _heap(browser))
        _row("memory of the page process after that", f"{_renderer_memory():.0f} MiB")
    finally:
        browser.close()


_SCROLL = """
const done = arguments[arguments.length - 1], times = [], end = performance.now() + 15000;
document.documentElement.style.scrollBehavior = 'auto';
let last = performance.now(), y = 0;
function step(now) {
  times.push(now - last); last = now;
  y += 700; window.scrollTo(0, y);
  if (y < document.documentElement.scrollHeight && now < end) requestAnimationFrame(step);
  else done([y / document.documentElement.scrollHeight, times]);
}
requestAnimationFrame(step);
"""


def _scrolled(browser: Browser) -> str:
    """Scroll down for 15 seconds or to the end; how far that came, and how long frames took."""
    part, times = browser.driver.execute_async_script(_SCROLL)
    times = sorted(times)
    late = times[len(times) * 99 // 100]
    return f"{min(1.0, part):.0%} in {sum(times) / 1000:.0f} s, {times[len(times) // 2]:.0f} ms, {late:.0f} ms"


def _ms(value: object) -> str:
    return f"{float(str(value)):.0f} ms"


def _heap(browser: Browser) -> str:
    browser.driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    browser.driver.execute_cdp_cmd("Performance.enable", {})
    metrics = browser.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    used = next(item["value"] for item in metrics if item["name"] == "JSHeapUsedSize")
    return f"{used / 2**20:.0f} MiB"


def _renderer_memory() -> float:
    """The largest resident page process of Chromium on this computer, in MiB."""
    largest = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"--type=renderer" not in (process / "cmdline").read_bytes():
                continue
            lines = (process / "status").read_text().splitlines()
        except OSError:
            continue
        largest = max([largest, *(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))])
    return largest / 1024


def _previews(folder: Path) -> None:
    """Milliseconds for a preview of each kind of real photo, in one thread."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in (".heic", ".jpg", ".mov"):
            continue
        decode = decoding.frame if path.suffix.lower() == ".mov" else decoding.still
        figures = []
        for side in (SMALL, LARGE):
            with path.open("rb") as stream:
                started = time.perf_counter()
                decode(stream, path.stat().st_size, side)
                figures.append((time.perf_counter() - started) * 1000)
        _row(f"{path.parent.name}/{path.name}: small, large preview", f"{figures[0]:.0f} ms, {figures[1]:.0f} ms")


if __name__ == "__main__":
    sys.exit(main())
