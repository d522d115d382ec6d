"""`recover-facetime extract`: write what a backup holds into a folder, checked and recorded."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click

from cli import streams
from cli.filters import search_of, search_options
from cli.main import partly
from cli.multi_backup import lost_and_older
from cli.options import (
    BytesDone,
    Opened,
    OutputOptions,
    backup_argument,
    check_pictures_option,
    opened,
    output_option_flags,
    output_options,
    passphrase_option,
    redact_option,
    told,
)
from recovery.analysis.model import Findings
from recovery.errors import OutputError
from recovery.extraction.copying import Overwrite
from recovery.extraction.deriving import Deriver, can_take_frames
from recovery.extraction.folder import refuse_unsafe
from recovery.extraction.outcomes import Documents, Outcome, Outcomes, RunFacts
from recovery.extraction.plan import Plan, PlannedAsset, plan
from recovery.extraction.selected_files import Frames, Reduced, Selection
from recovery.extraction.selection_file import read_selection, ticked_keys
from recovery.extraction.write import WriteOptions, write
from recovery.report.exports.sidecars import json_sidecar, xmp
from recovery.report.html import ReportOptions, write_report
from recovery.report.inventory import Extracted, FileKey, asset_key, write_json
from recovery.report.safe_text import clean
from recovery.report.text import extraction_text, words
from recovery.source.locate import default_roots, locate
from recovery.system_files import from_system


@click.command(name="extract")
@backup_argument
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Take the whole library.")
@search_options
@click.option(
    "--select",
    "ticked",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Only what was ticked in the report: its selection.json.",
)
@click.option(
    "--reduced",
    type=click.Choice([choice.value.replace("_", "-") for choice in Reduced]),
    default="when-needed",
    show_default=True,
    help="When to write thumbnails and other reduced copies; they are named NOT-ORIGINAL.",
)
@click.option(
    "--frames",
    type=click.Choice([choice.value.replace("_", "-") for choice in Frames]),
    default="when-needed",
    show_default=True,
    help="Frames out of a Live Photo's video: for a lost still, or the best of every FaceTime photo.",
)
@click.option(
    "--sidecars/--no-sidecars",
    "with_sidecars",
    default=True,
    show_default=True,
    help="A JSON and an XMP file beside each photo, with what is known of it.",
)
@click.option("--open", "then_open", is_flag=True, help="Open the report when it is done, or without one the folder.")
@click.option(
    "--albums",
    "album_folders",
    is_flag=True,
    help="Also a folder for each album, with links to its photos; copies where the disk has no links.",
)
@click.option("--jpeg", is_flag=True, help="Also a JPEG copy of every HEIC photo, named NOT-ORIGINAL.")
@click.option("--posters", is_flag=True, help="Also the first frame of every video, named NOT-ORIGINAL.")
@click.option(
    "--report/--no-report",
    "with_report",
    default=True,
    show_default=True,
    help="Also make the page to look at, as OUT.html beside OUT; see the command report.",
)
@click.option(
    "--from-older",
    metavar="OLDER",
    help="Take out of the backup OLDER what BACKUP has lost since: photos permanently deleted, lost originals.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be written, and how many bytes it needs.")
@click.option(
    "--overwrite",
    type=click.Choice([choice.value for choice in Overwrite]),
    default=Overwrite.IDENTICAL.value,
    show_default=True,
    help="What to do with a file that is there already.",
)
@click.option("--ignore-free-space", is_flag=True, help="Go on although the disk looks too small.")
@check_pictures_option
@click.option("--case-number", metavar="TEXT", help="Written into the run record.")
@click.option("--evidence-number", metavar="TEXT", help="Written into the run record.")
@click.option("--examiner", metavar="TEXT", help="Written into the run record.")
@redact_option
@passphrase_option
@output_option_flags
def command(
    backup: str, out: Path, passphrase_file: str | None, from_older: str | None, dry_run: bool, **chosen: Any
) -> int:
    """Write FaceTime, deleted and hidden photos and loose media of BACKUP into OUT.

    Originals are copied bit for bit, both halves of a Live Photo under one name,
    each with a JSON and an XMP sidecar. OUT also gets inventory.json,
    manifest.sha256 (for sha256sum -c) and run.json, the record of the run. A
    second run goes on where an interrupted one ended.

    \b
    Examples:
      recover-facetime extract "Ann's iPhone" ~/Desktop/FaceTime
      recover-facetime extract 00008110 out --all --dry-run
      recover-facetime extract 00008110 out --from-date 2024-05-01 --live
      recover-facetime extract NEW out --from-older OLD

    Exit codes: 0 done, 1 cannot go on, 2 wrong usage, 3 done but something could
    not be read or written, 4 passphrase missing or wrong, 130 interrupted.
    """
    how = output_options(*(chosen.pop(name) for name in ("verbose", "quiet", "no_progress", "debug")))
    selection = _selection(chosen)
    ticked = read_selection(chosen["ticked"]) if chosen["ticked"] else None
    with _source(backup, from_older, out, passphrase_file, how) as (found, lost):
        refuse_unsafe(out, found.view.identity.folder)
        if chosen["redacted"]:
            found = replace(found, findings=_told(found, selection))
        if lost is not None:
            selection = replace(selection, keys=lost)
        if ticked:
            selection = replace(selection, keys=ticked_keys(ticked, found.findings))
        planned = plan(found.findings, selection, found.progress)
        if not can_take_frames() and planned.needs_frames:
            planned = planned.without_frames()
            click.echo(
                "Note: some stills could be replaced by a frame of their video; install recover-facetime[frames].",
                err=True,
            )
        if dry_run:
            click.echo(extraction_text.dry_run(planned, out), nl=False)
            return 0
        outcomes = write(
            found.view,
            planned,
            out,
            options=WriteOptions(Overwrite(chosen["overwrite"]), chosen["ignore_free_space"], chosen["check_pictures"]),
            documents=_documents(found, with_sidecars=chosen["with_sidecars"]),
            run=RunFacts(
                arguments=tuple(_arguments(chosen["redacted"])),
                case_number=streams.typed(chosen["case_number"]),
                evidence_number=streams.typed(chosen["evidence_number"]),
                examiner=streams.typed(chosen["examiner"]),
                warnings=tuple(_warnings(planned)),
            ),
            progress=BytesDone(found.progress, "Writing"),
        )
        told = chosen["with_report"] and _report(found, planned, out, how)
    page = told or None
    click.echo(extraction_text.summary(outcomes, out, page=page, verbose=how.verbose), nl=False)
    if chosen["then_open"] and click.launch(str(page or out)):
        click.echo("Note: no program was found to open it with.", err=True)
    faults = found.findings.faults
    return partly(faults or not outcomes.complete or told is None)


def _report(found: Opened, planned: Plan, out: Path, how: OutputOptions) -> Path | None:
    """The page beside the output, with pictures of what was extracted; None, with a note, if that fails."""
    page = out.absolute().with_name(f"{out.absolute().name}.html")
    keys = frozenset(asset_key(item.asset) for item in planned.assets if item.asset is not None)
    try:
        write_report(
            found.view, found.case, found.findings, page, options=ReportOptions(only=keys), progress=found.progress
        )
    except OutputError as error:
        click.echo(f"Note: {clean(str(error))} {error.hint}", err=True)
        return None
    return page


def _told(found: Opened, selection: Selection) -> Findings:
    """Redacted findings; what is left out cannot be searched for any more."""
    if selection.album_folders:
        raise click.UsageError("--redact leaves out the names of albums, which --albums needs.")
    if selection.near or selection.persons or selection.albums or selection.text:
        raise click.UsageError("--redact leaves out what --near, --person, --album and --text search for.")
    return told(found.findings, True, found.progress)


def _arguments(redacted: bool) -> Iterator[str]:
    """The arguments for the record; redacted only the names of options, for any other may name somebody."""
    for argument in map(from_system, sys.argv[1:]):
        if not redacted:
            yield argument
        elif argument.startswith("-"):
            yield argument.partition("=")[0]


@contextmanager
def _source(
    backup: str, older: str | None, out: Path, passphrase_file: str | None, how: OutputOptions
) -> Iterator[tuple[Opened, frozenset[str] | None]]:
    """The backup to take from; with an older one that one, and the keys of what the newer has lost."""
    if older is None:
        with opened(backup, passphrase_file, how) as found:
            yield found, None
    else:
        refuse_unsafe(out, locate(backup, default_roots()))
        with lost_and_older(backup, older, [passphrase_file] if passphrase_file else [], how) as (source, lost):
            yield source, lost


def _selection(chosen: Mapping[str, Any]) -> Selection:
    search = search_of(chosen)
    return Selection(
        **{part.name: getattr(search, part.name) for part in fields(search)},
        everything=chosen["everything"],
        reduced=Reduced(chosen["reduced"].replace("-", "_")),
        album_folders=chosen["album_folders"],
        jpeg=chosen["jpeg"],
        posters=chosen["posters"],
        frames=Frames(chosen["frames"].replace("-", "_")),
    )


def _documents(found: Opened, *, with_sidecars: bool) -> Documents:
    """Sidecars, derived pictures and the inventory, rendered while writing."""
    findings = found.findings

    def sidecars(planned: PlannedAsset, outcomes: tuple[Outcome, ...]) -> Mapping[str, bytes]:
        if not with_sidecars:
            return {}
        asset = planned.asset
        assert asset is not None  # loose files get no sidecars
        document = json_sidecar(asset, findings, extracted=_extracted(outcomes))
        return {"json": document, "xmp": xmp(asset)}

    def finals(outcomes: Outcomes) -> Mapping[str, bytes]:
        # No time: an extraction that was interrupted and finished later has the bytes of an undisturbed one.
        written = io.BytesIO()
        write_json(
            findings,
            written,
            generated_at=None,
            extracted=_extracted(outcomes.files),
            progress=found.progress,
        )
        return {"inventory.json": written.getvalue()}

    return Documents(sidecars=sidecars, finals=finals, derive=Deriver(found.view, found.case.traces.tables))


def _warnings(planned: Plan) -> Iterator[str]:
    """What a reader of the record must know of what was written."""
    if any(file.message is not None and file.message.untested for file in planned.files):
        yield f"{words.MESSAGES_TITLE}: {words.MESSAGES_UNTESTED_NOTE.removeprefix('* ')}"


def _extracted(outcomes: tuple[Outcome, ...]) -> dict[FileKey, Extracted]:
    return {
        (key, outcome.planned.file): Extracted(outcome.entry.sha256, outcome.entry.target)
        for outcome in outcomes
        if (key := outcome.planned.key) is not None and outcome.entry is not None
    }
