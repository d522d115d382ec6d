"""Writes the report: gathers its parts, fills the templates, and puts page and previews in their places."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from recovery import __version__
from recovery.analysis.found import is_notable
from recovery.analysis.model import Asset, Findings, asset_key
from recovery.case import Case
from recovery.errors import OutputError
from recovery.extraction.folder import refuse_unsafe
from recovery.filesystem import is_file, is_folder, is_symlink
from recovery.output import Evidence, replacing, resolve
from recovery.progress import SILENT, Progress, counted
from recovery.report.figures import when
from recovery.report.html import first_screen as opening
from recovery.report.html.embed import detail_blocks, main_block
from recovery.report.html.facts import shown
from recovery.report.html.page import Page, page
from recovery.report.html.picture_sources import tables_by_path
from recovery.report.html.previews import Preview, PreviewMaker
from recovery.report.html.timeline_marks import events
from recovery.report.messages.commands import extract_command
from recovery.report.safe_text import clean
from recovery.report.text import words
from recovery.report.text.asset_text import measured_note
from recovery.source.backup_view import BackupView

GENERATOR = "recover-facetime"
SCRIPTS = ("elements", "data", "filters", "gallery", "closeup", "timeline", "selection", "selection_file", "main")
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """`everything` makes large pictures and copies of movies for all assets, not only for those that stand out.

    `only` names the assets, by key, that get pictures at all; None means every one.
    """

    everything: bool = False
    previews: bool = True
    only: frozenset[str] | None = None

    def pictures(self, asset: Asset) -> bool:
        """Whether an asset gets a picture."""
        return self.previews and (self.only is None or asset_key(asset) in self.only)


@dataclass(frozen=True, slots=True)
class Report:
    """A written report: the page, the folder of its previews, and how many assets have a picture."""

    page: Path
    folder: Path | None
    pictures: int
    assets: int


def write_report(
    view: BackupView,
    case: Case,
    findings: Findings,
    out: Path,
    *,
    options: ReportOptions | None = None,
    progress: Progress = SILENT,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Report:
    """Write `out` (an .html file, or a link to one) and the folder of previews beside it.

    An earlier report of that name is replaced, and its previews are used again. Raises OutputError where
    another file has the name, where it lies inside a backup, or where nothing can be written.
    """
    out = _page(out)
    options = options or ReportOptions()
    # The page has all of them at once.
    findings = findings.changed(assets=findings.assets.in_memory(progress))
    folder = folder_of(out)
    _refuse(out, folder, view.identity.folder)
    maker = PreviewMaker(view, folder, tables_by_path(case.traces.tables))
    wanted = [asset for asset in findings.assets if options.pictures(asset)]
    made = maker.make(wanted, lambda asset: options.everything or is_notable(asset), progress) if wanted else []
    by_asset = {id(asset): preview for asset, preview in zip(wanted, made, strict=True)}
    previews = [by_asset.get(id(asset), Preview()) for asset in findings.assets]
    # A page about an extraction does not advise one.
    saving = findings.totals.recoverable_bytes and options.only is None
    next_command = extract_command(findings.backup) if saving else ""
    html = render(findings, case, previews, folder.name, now(), progress, next_command=next_command)
    try:
        with replacing(out, Evidence(view.identity.folder)) as stream:
            stream.write(html.encode())
        if options.previews and is_folder(folder):
            maker.forget_others(previews)
    except OSError as error:
        raise _unwritable(out, error) from error
    pictures = sum(bool(item.small or item.large) for item in previews)
    return Report(out, folder if options.previews else None, pictures, len(findings.assets))


def _page(out: Path) -> Path:
    """The file to write: where a link leads that has the name, for the page looks for its previews beside it."""
    try:
        target = resolve(out)
        linked = is_symlink(out)
    except OSError as error:
        raise _unwritable(out, error) from error
    if isinstance(target, int):
        raise OutputError(f"{out} is no file that could be a report.", "Give the report a name like report.html.")
    return target if linked else out


def folder_of(out: Path) -> Path:
    """The folder of previews: `report.html` has `report_files` beside it."""
    return out.with_name(f"{out.stem}_files")


def render(
    findings: Findings,
    case: Case | None,
    previews: list[Preview],
    folder: str,
    made: datetime,
    progress: Progress = SILENT,
    *,
    next_command: str = "",
) -> str:
    """The whole page as text; `previews` are in the order of the assets, `next_command` saves what is here."""
    style, script = style_text(), script_text()
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            page_values(findings, case, previews, folder, made, progress, next_command=next_command),
            policy=policy(style, script),
            style=Markup(style),
            script=Markup(script),
        )
    )


def page_values(
    findings: Findings,
    case: Case | None,
    previews: list[Preview],
    folder: str,
    made: datetime,
    progress: Progress = SILENT,
    *,
    next_command: str = "",
) -> dict[str, object]:
    """What the template shows, by name: everything but style and script, which a program may serve apart."""
    calls = case.around.calls.records if case else ()
    shown_page: Page = page(findings, previews, events(findings, calls), folder, progress)
    return {
        "generator": f"{GENERATOR} {__version__}",
        "made": when(made),
        "device": clean(findings.backup.device_name or findings.backup.product_type or "an iPhone or iPad"),
        "backup_made": when(findings.backup.backup_date) if findings.backup.backup_date else "",
        "sentences": opening.sentences(findings),
        "next_command": clean(next_command),
        "bars": opening.bars(findings),
        "bar_width": opening.BAR,
        "causes": opening.cause_groups(findings.causes),
        "cause_count": len(findings.causes),
        "messages": opening.message_group(findings.facetime_messages),
        "loose_ends": opening.loose_groups(findings.loose_ends),
        "gaps": opening.gap_groups(findings.gaps),
        "gap_count": len(findings.gaps),
        "loose_count": len(findings.loose_ends),
        "backup_rows": opening.backup_rows(findings.backup),
        "notes": _notes(findings),
        "page": shown_page,
        "main": main_block(
            shown_page, {"udid": findings.backup.udid, "made": _iso(findings.backup.backup_date)}, progress
        ),
        "blocks": detail_blocks(
            counted(
                shown_page.details,
                progress,
                "Storing the details in the page",
                len(findings.assets),
                " photos",
            )
        ),
    }


def style_text() -> str:
    """The style of the page."""
    return _static(("page.css", "browse.css", "closeup.css"))


def script_text(names: Iterable[str] = SCRIPTS) -> str:
    """The scripts of the page, in the order they need each other."""
    return _static(f"{name}.js" for name in names)


def policy(style: str, script: str) -> str:
    """Content security policy: this very style and script, pictures and movies beside the page, else nothing."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "img-src 'self'",
            "media-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _notes(findings: Findings) -> list[str]:
    untested = any(signal.untested for asset in findings.assets for signal in asset.facetime.signals)
    notes = [words.TIMES_NOTE, words.OTHER_PHONE_NOTE, words.NEWER_NOTE]
    if untested:
        notes.insert(0, words.UNTESTED_NOTE)
    if measured := measured_note(findings.assets):
        notes.append(measured)
    if any(asset.trashed for asset in findings.assets):
        notes.append(words.DEADLINE_NOTE)
    if any(asset.deleted for asset in findings.assets):
        notes.append(words.DELETED_NOTE)
    return notes


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=2)
def environment(package: str = "") -> Environment:
    """The templates of the page, after those of another package that build on them."""
    ours = PackageLoader("recovery.report.html", "templates")
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "templates"), ours]) if package else ours,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(shown=shown, number=lambda value: f"{value:,}")
    return environment


def _static(names: Iterable[str]) -> str:
    folder = resources.files(__package__ or "recovery.report.html").joinpath("static")
    texts = (folder.joinpath(name).read_text(encoding="utf-8") for name in names)
    # A browser hashes the text as it reads it, with plain line breaks.
    return "\n".join(text.replace("\r\n", "\n").strip() for text in texts)


def _refuse(out: Path, folder: Path, backup: Path) -> None:
    """Raise OutputError where writing could touch evidence or something that is not an earlier report."""
    refuse_unsafe(folder, backup)
    if out.suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"{out} does not end in .html.", "Give the report a name like report.html.")
    try:
        there = is_folder(out.parent)
    except OSError as error:
        raise _unwritable(out, error) from error
    if not there:
        raise OutputError(f"The folder {out.parent} does not exist.", "Make it first, or choose another place.")
    if os.path.lexists(out) and not _is_report(out):
        raise OutputError(f"{out} exists and is not an earlier report.", "Choose another name.")


def _unwritable(out: Path, error: OSError) -> OutputError:
    return OutputError(f"The report {out} cannot be written ({error.strerror or error}).")


def _is_report(path: Path) -> bool:
    mark = f'<meta name="generator" content="{GENERATOR} '.encode()
    try:
        if not is_file(path):  # a pipe would be waited for
            return False
        with path.open("rb") as stream:
            return mark in stream.read(_HEAD_BYTES)
    except OSError:
        return False
