"""The report in a real browser: filters, close view, selection, keys, hostile names, no request but its own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from report_pages import MADE, Browser, browser_is_missing, demo_report, opened

from fixtures import BackupBuilder
from recovery.analysis.found import FoundAssets
from recovery.report.html import Report, write_report

pytestmark = pytest.mark.skipif(bool(browser_is_missing()), reason=browser_is_missing() or "a browser is here")

HOSTILE = (
    "<script>document.title='run'</script>",
    "<img src=x onerror=alert(1)>",
    "\"'`&lt;!--",
    "</script><script>alert(2)</script>",
    "photo\u202egpj.exe",
    "{{7*7}}{% raw %}",
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report of the demo backup, made once."""
    return demo_report(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def _browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def browser(_browser: Browser, demo: Report) -> Iterator[Browser]:
    """A browser with the demo report open; whatever a test does, the page must not complain or ask around."""
    _browser.forget()
    _browser.open(demo.page)
    yield _browser
    _browser.read_logs()
    assert _browser.complaints == []
    home = demo.page.parent.as_uri()
    # The browser draws its own date fields with `data:` pictures; those and `blob:` never leave it.
    foreign = [url for url in _browser.requested if not url.startswith((f"{home}/", "blob:", "data:"))]
    assert foreign == []


def names(browser: Browser) -> list[str]:
    """The names of the cards that are shown, in order."""
    found = browser.run("return report.order.map((card) => card.name)")
    assert isinstance(found, list)
    return found


def tick(browser: Browser, group: str, value: str) -> None:
    """Tick one filter as a person does."""
    browser.run(
        "document.querySelector(`#filters input[name=${arguments[0]}][value=${arguments[1]}]`).click()",
        group,
        value,
    )


def test_everything_is_shown_with_facetime_first(browser: Browser, demo: Report) -> None:
    """Without filters every asset has a place, and those from FaceTime come before all others."""
    parts = browser.run("return report.order.map((card) => card.part)")
    assert isinstance(parts, list)
    assert len(parts) == demo.assets
    assert parts == sorted(parts)
    assert browser.run("return document.getElementById('result-count').textContent") == f"All {demo.assets} shown"
    first = browser.run("return document.querySelector('#gallery h3').textContent")
    assert str(first).startswith("FaceTime call 2024-05-15 20:00 to 20:40 +02:00")


def test_pictures_come_from_the_folder_beside_the_page(browser: Browser, demo: Report) -> None:
    """Pictures near the screen are loaded, and only from the folder of previews."""
    browser.run("document.getElementById('gallery').scrollIntoView()")
    browser.wait("return [...document.querySelectorAll('.card img')].some((image) => image.naturalWidth > 100)")
    browser.read_logs()
    pictures = [url for url in browser.requested if url.endswith(".jpg")]
    assert pictures
    assert demo.folder is not None
    assert all(url.startswith(demo.folder.as_uri() + "/") for url in pictures)


@pytest.mark.parametrize(
    ("group", "value", "test"),
    [
        ("verdict", "probable", "card.verdict === 'probable'"),
        ("status", "half", "card.status === 'half'"),
        ("state", "t", "card.flags.includes('t')"),
        ("state", "h", "card.flags.includes('h')"),
        ("state", "g", "card.flags.includes('g')"),
        ("kind", "video", "card.kind === 'video'"),
    ],
)
def test_a_filter_shows_exactly_what_fits(browser: Browser, group: str, value: str, test: str) -> None:
    """Each filter shows all cards it names and no other, and as many as its label counts."""
    tick(browser, group, value)
    wanted = browser.run(f"return report.cards.filter((card) => {test}).map((card) => card.name).sort()")
    assert sorted(names(browser)) == wanted
    assert wanted
    label = browser.run(
        "return document.querySelector(`input[name=${arguments[0]}][value=${arguments[1]}]`)"
        ".parentElement.querySelector('.count').textContent",
        group,
        value,
    )
    assert str(label) == str(len(names(browser)))


def test_filters_narrow_each_other_and_can_be_taken_back(browser: Browser, demo: Report) -> None:
    """Two filters show what fits both; the reset shows everything again."""
    tick(browser, "verdict", "certain")
    tick(browser, "state", "t")
    both = browser.run(
        "return report.cards.filter((card) => card.verdict === 'certain' && card.flags.includes('t')).length"
    )
    assert len(names(browser)) == both
    browser.run("document.getElementById('reset').click()")
    browser.wait(f"return report.order.length === {demo.assets}")


def test_search_and_dates(browser: Browser) -> None:
    """Words are looked for in names, in small letters too; days are those of the photo's own zone."""
    browser.run("document.getElementById('search').focus()")
    browser.keys("img_0016")
    browser.wait("return report.order.length === 1")
    assert names(browser) == ["IMG_0016.PNG"]
    browser.run("document.getElementById('reset').click()")
    browser.wait("return report.order.length > 1")
    browser.run("report.setDays('2024-05-03', '2024-05-03')")
    days = browser.run("return [...new Set(report.order.map((card) => card.day))]")
    assert days == ["2024-05-03"]


def test_nothing_fits(browser: Browser) -> None:
    """A search without an answer says so."""
    browser.run("document.getElementById('search').value = 'no such photo'; report.refresh()")
    assert browser.run("return document.getElementById('gallery').textContent") == "Nothing fits these filters."


def test_the_timeline_filters_by_day(browser: Browser) -> None:
    """A drag over the whole strip sets the first and the last day on which something happened."""
    from selenium.webdriver.common.action_chains import ActionChains

    strip = browser.driver.find_element("id", "strip")
    browser.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", strip)
    half = strip.size["width"] // 2 - 2
    moves = ActionChains(browser.driver).move_to_element_with_offset(strip, -half, 0).click_and_hold()
    moves.move_by_offset(2 * half, 0).release().perform()
    browser.wait("return document.getElementById('from').value !== ''")
    assert browser.run("return document.getElementById('from').value") == "2024-05-03"
    assert browser.run("return document.getElementById('to').value") == "2024-05-22"


def test_keys_reach_everything(browser: Browser) -> None:
    """Slash searches, arrows walk, x ticks, Enter opens, arrows leaf, Escape comes back to the same card."""
    keys = {"right": "\ue014", "left": "\ue012", "enter": "\ue007", "escape": "\ue00c"}
    browser.run("report.focusCard(0)")
    browser.keys(keys["right"])
    focused = "return Number(document.activeElement.dataset.position)"
    assert browser.run(focused) == 1
    browser.keys("x")
    assert browser.run("return report.ticked.has(report.order[1].index)") is True
    browser.keys(keys["enter"])
    assert browser.run("return document.getElementById('closeup').open") is True
    assert browser.run("return document.getElementById('closeup-name').textContent") == names(browser)[1]
    browser.keys(keys["right"], keys["right"], keys["left"])
    assert browser.run("return document.getElementById('closeup-name').textContent") == names(browser)[2]
    browser.keys(keys["escape"])
    assert browser.run("return document.getElementById('closeup').open") is False
    browser.wait(f"{focused} === 2")  # the browser tells of the closing a moment later
    browser.keys("/")
    assert browser.run("return document.activeElement.id") == "search"


def test_the_close_view_tells_all_facts_with_their_sources(browser: Browser) -> None:
    """Reasons, status, times, files and where each was read are there; sources show when asked for."""
    at = names(browser).index("IMG_0002.HEIC")
    browser.run("report.openCard(arguments[0])", at)
    text = str(browser.run("return document.getElementById('facts').textContent"))
    for part in (
        "Saved under FaceTime's own file name: lp_image.heic",
        "Recently Deleted",
        "2024-05-03 20:08:00 +02:00",
        "Media/DCIM/100APPLE/IMG_0002.HEIC",
        "Media/PhotoData/Photos.sqlite",
    ):
        assert part in text
    visible = "return getComputedStyle(document.querySelector('#facts .source')).display !== 'none'"
    assert browser.run(visible) is False
    browser.run("document.getElementById('show-sources').click()")
    assert browser.run(visible) is True
    browser.wait("return document.querySelector('#stage img').naturalWidth > 400")
    browser.run("document.getElementById('show-sources').click(); document.getElementById('closeup').close()")


def test_a_card_cuts_a_tall_picture_around_its_middle(browser: Browser) -> None:
    """The picture fills its frame exactly, so that the rule says what is cut, not the frame's lower edge."""
    browser.run("document.getElementById('gallery').scrollIntoView()")
    browser.wait("return [...document.querySelectorAll('.card img')].some((image) => image.naturalHeight > 300)")
    heights = browser.run(
        "return [...document.querySelectorAll('.card img')].map((image) =>"
        " [image.getBoundingClientRect().height, image.closest('.frame').getBoundingClientRect().height])"
    )
    assert isinstance(heights, list)
    assert heights
    assert all(picture == frame for picture, frame in heights)


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["desk", "phone"])
def test_a_tall_picture_leaves_room_for_its_buttons(browser: Browser, size: tuple[int, int]) -> None:
    """Of a photo much taller than wide, as most of FaceTime's, the whole is seen, and so is what lies below it."""
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        browser.run("report.openCard(report.order.findIndex((card) => card.name === 'IMG_0001.HEIC'))")
        browser.wait("return document.querySelector('#stage img').naturalHeight > 1500")
        picture, play = browser.run(
            "return ['#stage img', '#play'].map((name) => {"
            "  const { left, top, right, bottom } = document.querySelector(name).getBoundingClientRect();"
            "  return [left, top, right, bottom]; })"
        )
        for left, top, right, bottom in (picture, play):
            assert left >= 0 <= top
            assert (right <= size[0], bottom <= size[1]) == (True, True)
        assert picture[3] <= play[1]
        browser.run("document.getElementById('closeup').close()")
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def movie_of(browser: Browser, demo: Report, name: str) -> tuple[str, Path]:
    """The script for the place of a photo's card, and the movie beside the page."""
    at = f"report.order.findIndex((card) => card.name === '{name}')"
    assert demo.folder is not None
    return at, demo.folder / str(browser.run(f"return report.details(report.order[{at}].index).movie"))


@pytest.mark.parametrize(("name", "size"), [("IMG_0001.HEIC", [1080, 1920]), ("IMG_0015.HEIC", [1280, 852])])
def test_a_facetime_movie_plays_upright(browser: Browser, demo: Report, name: str, size: list[int]) -> None:
    """A movie with two sounds, its picture last or first, stored lying or not, plays as it was seen."""
    at, _ = movie_of(browser, demo, name)
    browser.run(f"report.openCard({at})")
    browser.keys("m")
    browser.wait("const movie = document.querySelector('#stage video'); return movie && movie.currentTime > 0")
    shown = "const movie = document.querySelector('#stage video'); return [movie.videoWidth, movie.videoHeight]"
    assert browser.run(shown) == size
    browser.run("document.getElementById('closeup').close()")


@pytest.mark.parametrize("boxes", [{b"avc1": b"hvc1", b"avcC": b"hvcC"}, {b"avcC": b"gone"}], ids=["HEVC", "damage"])
def test_a_movie_the_browser_cannot_play_falls_back_to_the_still(
    browser: Browser, demo: Report, boxes: dict[bytes, bytes]
) -> None:
    """The still comes back and the page says why; of HEVC, as FaceTime writes it, only the sound would play."""
    at, path = movie_of(browser, demo, "IMG_0001.HEIC")
    made = path.read_bytes()
    try:
        changed = made
        for old, new in boxes.items():
            changed = changed.replace(old, new)
        path.write_bytes(changed)
        browser.run(f"report.openCard({at})")
        assert browser.run("return document.getElementById('play').hidden") is False
        browser.keys("m")
        said = "return document.getElementById('made-from').textContent.startsWith('This browser cannot play')"
        browser.wait(said)
        browser.wait("return document.querySelector('#stage img') !== null")
        browser.run("document.getElementById('closeup').close()")
    finally:
        path.write_bytes(made)


def test_a_real_movie_plays(browser: Browser, demo: Report, shared: Path) -> None:
    """The H.264 movie of a real iPhone Live Photo plays in the page, from the folder beside it."""
    at, path = movie_of(browser, demo, "IMG_0003.HEIC")
    made = path.read_bytes()
    try:
        path.write_bytes((shared / "live-photos/iphone-6s/IMG_0001.MOV").read_bytes())
        browser.run(f"report.openCard({at})")
        browser.keys("m")
        browser.wait("const movie = document.querySelector('#stage video'); return movie && movie.currentTime > 0")
        assert browser.run("return document.querySelector('#stage video').videoWidth") == 1080
        browser.keys("m")
        assert browser.run("return document.querySelector('#stage img') !== null") is True
    finally:
        browser.run("document.getElementById('closeup').close()")
        path.write_bytes(made)


def test_a_large_gallery_gives_far_cards_back(_browser: Browser, tmp_path: Path) -> None:
    """Of many photos only those near the screen have elements, wherever one scrolls, and none is out of reach."""
    from recovery.report.html.previews import Preview
    from recovery.report.html.writing import render

    with opened(BackupBuilder().with_photo("IMG_0001"), tmp_path / "backup") as found:
        (asset,) = found.findings.assets
        assets = tuple(asset.changed(uuid=f"{n:032X}", filename=f"IMG_{n:05d}.HEIC") for n in range(3000))
        findings = found.findings.changed(assets=FoundAssets.of(assets))
        html = render(findings, found.case, [Preview()] * len(assets), "none_files", MADE)
    page = tmp_path / "large.html"
    page.write_text(html, "utf-8")
    _browser.open(page)
    _browser.run("document.documentElement.style.scrollBehavior = 'auto'")
    for part in (0.2, 0.5, 0.9):
        _browser.run("scrollTo(0, document.documentElement.scrollHeight * arguments[0])", part)
        near = (
            "return [...document.querySelectorAll('.card')].some((card) =>"
            " card.getBoundingClientRect().top < innerHeight && card.getBoundingClientRect().bottom > 0)"
        )
        _browser.wait(near)
        _browser.wait("return document.querySelectorAll('.card').length < 600")
    _browser.run("report.focusCard(2999)")
    assert _browser.run("return document.activeElement.querySelector('.name').textContent") == "IMG_02999.HEIC"


def test_everything_is_there_on_paper(browser: Browser, demo: Report) -> None:
    """For printing all cards that are shown have their elements and their pictures."""
    browser.driver.execute_async_script("const done = arguments[0]; report.fillForPrint().then(() => done(null))")
    assert browser.run("return document.querySelectorAll('.card').length") == demo.assets
    assert browser.run("return [...document.querySelectorAll('.card img')].every((i) => i.naturalWidth > 0)") is True


def test_a_deleted_asset_says_what_is_known(browser: Browser) -> None:
    """A photo permanently deleted shows when and by what, and calls its picture no more than a thumbnail."""
    browser.run("report.openCard(report.order.findIndex((card) => card.flags.includes('g') && card.only))")
    text = str(browser.run("return document.getElementById('facts').textContent"))
    assert "Permanently deleted" in text
    assert "Deleted by" in text
    assert "not the photo" in str(browser.run("return document.getElementById('made-from').textContent"))
    browser.run("document.getElementById('closeup').close()")


def test_ticked_photos_become_a_selection_file(browser: Browser) -> None:
    """The file that is saved names exactly the ticked photos, by UUID."""
    browser.run("document.getElementById('gallery').scrollIntoView()")
    browser.wait("return document.querySelectorAll('.card .tick').length > 2")
    browser.run("[...document.querySelectorAll('.card .tick')].slice(0, 2).forEach((box) => box.click())")
    wanted = browser.run("return report.order.slice(0, 2).map((card) => card.uuid).sort()")
    browser.run("document.getElementById('save-selection').click()")
    saved = browser.downloads / "selection.json"
    deadline = time.monotonic() + 20
    while not saved.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    document = json.loads(saved.read_text("utf-8"))
    assert document["schema"] == "recover-facetime/selection/1"
    assert sorted(document["uuids"]) == wanted
    assert document["files"] == []
    assert document["backup"]["udid"] == "00008110-000A1B2C3D4E801E"
    browser.run("document.getElementById('clear-selection').click()")
    assert browser.run("return document.getElementById('selection').hidden") is True


def test_hostile_names_are_only_text(_browser: Browser, tmp_path: Path) -> None:
    """Names made to break out of markup, script or reading direction show as text and run nothing."""
    builder = BackupBuilder(device_name=HOSTILE[0])
    for number, name in enumerate(HOSTILE):
        builder.with_photo(f"IMG_{number:04d}", title=name, caption=name, original=f"{name}.heic")
    with opened(builder, tmp_path / "backup") as found:
        page = write_report(found.view, found.case, found.findings, tmp_path / "r.html", now=lambda: MADE).page
    _browser.forget()
    _browser.open(page)
    assert _browser.run("return document.title") == f"FaceTime photos of {HOSTILE[0]}"
    assert _browser.run("return document.querySelectorAll('script').length") == 3
    _browser.run("report.openCard(report.order.findIndex((card) => card.name === 'IMG_0003.HEIC'))")
    facts = str(_browser.run("return document.getElementById('facts').textContent"))
    assert HOSTILE[3] in facts
    whole = str(_browser.run("return document.documentElement.textContent"))
    assert "\u202e" not in whole
    assert _browser.run("return document.querySelectorAll('#facts img, #facts script').length") == 0
    _browser.read_logs()
    assert _browser.complaints == []


def test_the_policy_stops_what_is_not_ours(_browser: Browser, demo: Report) -> None:
    """The content security policy is at work: foreign pictures, scripts and requests are refused."""
    _browser.open(demo.page)
    _browser.run(
        "window.refused = [];"
        "document.addEventListener('securitypolicyviolation', (e) => refused.push(e.effectiveDirective));"
        "const image = new Image(); image.src = 'http://127.0.0.1:9/x.png'; document.body.append(image);"
        "const script = document.createElement('script'); script.textContent = 'window.ran = true';"
        "document.body.append(script); fetch('http://127.0.0.1:9/').catch(() => null);"
    )
    _browser.wait("return window.refused.length >= 3")
    refused = _browser.run("return window.refused")
    assert isinstance(refused, list)
    assert {"img-src", "script-src-elem", "connect-src"} <= set(refused)
    assert _browser.run("return window.ran === undefined") is True


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 900)])
def test_the_page_fits_its_window(_browser: Browser, demo: Report, width: int, height: int) -> None:
    """Neither on a phone nor on a desk does the page scroll sideways."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    _browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    _browser.open(demo.page)
    assert _browser.run("return document.documentElement.scrollWidth <= window.innerWidth") is True
    _browser.run("report.openCard(0)")
    assert _browser.run("return document.getElementById('closeup').scrollWidth <= window.innerWidth") is True
    _browser.run("document.getElementById('closeup').close()")
    _browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
