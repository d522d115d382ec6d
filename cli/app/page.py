"""The two pages of the window, and the style and scripts they load."""

from __future__ import annotations

from importlib import resources

from recovery import __version__
from recovery.progress import SILENT, Progress
from recovery.report.html.gallery import Gallery
from recovery.report.html.writing import environment, script_text, style_text

_PACKAGE = "cli.app"
_REPORT_SCRIPTS = ("elements", "data", "filters", "gallery", "closeup", "timeline", "selection", "main")


def start_page() -> bytes:
    """The page on which a backup is chosen and unlocked."""
    return environment(_PACKAGE).get_template("start.html.jinja").render(version=__version__).encode()


def photos_page(gallery: Gallery, opened: int, progress: Progress = SILENT) -> bytes:
    """The report's page, with what recovers photos in it; `opened` is the number of the backup in this window."""
    values = gallery.page_values(picture_folder(opened), progress)
    return environment(_PACKAGE).get_template("photos.html.jinja").render(values, opened=opened).encode()


def picture_folder(opened: int) -> str:
    """The address below which the pictures of a backup are asked for."""
    return f"pictures-{opened}"


def static_files() -> dict[str, tuple[str, bytes]]:
    """Style and scripts by address, each with its media type."""
    styles, scripts = "text/css", "text/javascript"
    first, *others = _REPORT_SCRIPTS
    start = [script_text((first,)), *_texts("connection.js", "start.js")]
    photos = [script_text((first,)), *_texts("connection.js"), script_text(others), *_texts("recover.js")]
    return {
        "/static/app.css": (styles, "\n".join([style_text(), *_texts("app.css")]).encode()),
        "/static/start.js": (scripts, "\n".join(start).encode()),
        "/static/photos.js": (scripts, "\n".join(photos).encode()),
    }


def _texts(*names: str) -> list[str]:
    folder = resources.files(_PACKAGE).joinpath("static")
    return [folder.joinpath(name).read_text(encoding="utf-8") for name in names]
