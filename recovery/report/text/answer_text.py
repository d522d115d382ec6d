"""What a person reads first: whose backup it is, what became of the FaceTime photos, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from recovery.analysis.model import (
    Asset,
    AssetFile,
    BackupFacts,
    CauseVerdict,
    FileRole,
    FileState,
    Findings,
    Status,
    Subtype,
    Verdict,
)
from recovery.analysis.reasons import Loss
from recovery.clock import in_stored_zone
from recovery.extraction.plan import plan
from recovery.gap_codes import GapReason
from recovery.photos_db.library import LibraryName
from recovery.progress import Progress
from recovery.provenance import Gap
from recovery.refusals import REFUSALS
from recovery.report.figures import count, file_size, minute
from recovery.report.messages.causes import TITLES
from recovery.report.messages.commands import backup_argument, command, extract_command
from recovery.report.messages.gaps import what, why
from recovery.report.messages.phrases import listed, sentence
from recovery.report.messages.sentences import paragraph
from recovery.report.output_options import View, capped
from recovery.report.safe_text import clean
from recovery.report.text import words
from recovery.report.text.asset_text import name
from recovery.report.text.layout import PLAIN, Style, TextColumn, heading, table, wrap
from recovery.report.text.message_text import messages_sentence
from recovery.report.text.saved_text import saved_text

ONE_SCREEN = 24
"""Lines of a usual terminal; a longer answer ends as it begins."""
_PHOTO_COLUMNS = (
    TextColumn("#", right=True),
    TextColumn("Taken"),
    TextColumn("Name", flexible=True),
    TextColumn("State", flexible=True),
    TextColumn("Can be recovered", flexible=True),
)
_MOST_CAUSES = 5
_IN_CLOUD = frozenset({Loss.IN_CLOUD, Loss.IN_CLOUD_TOO})


def opening(findings: Findings, view: View) -> list[str]:
    """The backup in a line or two, the answer in a few sentences, and the commands that go on from there."""
    return [
        *wrap(device_sentence(findings.backup)),
        "",
        *_answer(findings, view),
        "",
        *next_steps(findings, view.style),
    ]


def device_sentence(backup: BackupFacts) -> str:
    """`Ann's iPhone: iPhone14,5, iOS 17.6, encrypted backup of 2024-06-01 09:30 UTC`."""
    device = clean(backup.device_name or backup.product_type or "An iPhone or iPad")
    about = [clean(backup.product_type)] if backup.product_type and backup.device_name else []
    about.append(f"iOS {clean(backup.ios_version)}" if backup.ios_version else "iOS version unknown")
    kind = {True: "encrypted backup", False: "backup without encryption", None: "backup"}[backup.encrypted]
    made = f"{kind} of {minute(backup.backup_date)}" if backup.backup_date else f"{kind} without a date"
    if backup.complete is False:
        made += ", interrupted: files may be missing from it"
    return f"{device}: {', '.join([*about, made])}"


def _answer(findings: Findings, view: View) -> list[str]:
    """What became of the FaceTime photos, what else is known, and how much of the backup could not be examined."""
    lines = wrap(clean(paragraph(findings.summary)))
    lines.extend(wrap(_certainty(findings)))
    lines.extend(wrap(_recoverable(findings, view.progress)))
    if findings.facetime_messages:
        lines.extend(wrap(messages_sentence(findings.facetime_messages)))
        if any(message.untested for message in findings.facetime_messages):
            lines.extend(wrap(words.MESSAGES_UNTESTED_NOTE))
    shown = [TITLES[cause.code] for cause in findings.causes if cause.verdict is CauseVerdict.SHOWN]
    if shown and not findings.totals.facetime:
        more = f", and {len(shown) - _MOST_CAUSES:,} more" if len(shown) > _MOST_CAUSES else ""
        lines.extend(wrap(f"This backup confirms: {'; '.join(shown[:_MOST_CAUSES])}{more}."))
    if not findings.totals.facetime:
        lines.extend(wrap(words.OTHER_PHONE_NOTE))
    lines.extend(text for told in _refusals(findings) for text in wrap(clean(told)))
    faults = sum(gap.fault and gap.why not in REFUSALS for gap in findings.gaps)
    if faults:
        lines.extend(wrap(f"{count(faults, 'thing')} in this backup could not be read; -v names {_them(faults)}."))
    return lines


def _certainty(findings: Findings) -> str:
    """How sure it is that the photos which are called FaceTime photos are from FaceTime."""
    verdicts = Counter(asset.facetime.verdict for asset in findings.assets.notable())
    certain, probable = verdicts[Verdict.CERTAIN], verdicts[Verdict.PROBABLE]
    if not probable:
        return ""
    if not certain:
        return "None of the FaceTime photos is certain, only probable."
    return f"{certain:,} of the FaceTime photos {'is' if certain == 1 else 'are'} certain, {probable:,} probable."


def _refusals(findings: Findings) -> Iterator[str]:
    """One sentence for each reason why the system refused something, with what to do about it."""
    reasons: dict[GapReason, list[Gap]] = {}
    for gap in findings.gaps:
        if gap.why in REFUSALS:
            reasons.setdefault(gap.why, []).append(gap)
    for first, *others in reasons.values():
        more = f", and {len(others):,} more" if others else ""
        yield sentence(f"Not examined: {what(first)}{more}: {why(first)}")


def _them(number: int) -> str:
    return "it" if number == 1 else "them"


def _recoverable(findings: Findings, progress: Progress) -> str:
    """What an extraction without options saves, and how many photos are known in all."""
    known = findings.totals.assets
    if not known:
        return "No photo or video at all is known from this backup."
    planned = plan(findings.changed(assets=findings.assets.extracted_by_default()), progress=progress)
    in_all = f"The backup tells of {count(known, 'photo or video', 'photos and videos')} in all"
    if not planned.assets and not findings.assets.notable():
        return f"{in_all}; of none is it known that it is from FaceTime, deleted or hidden."
    saved = saved_text((file, file.file.state is not FileState.DAMAGED) for file in planned.files if file.bytes)
    if not saved:
        return f"Of the photos below nothing can be saved. {in_all}."
    return f"Can be saved: {saved} ({file_size(planned.bytes)}). {in_all}."


def next_steps(findings: Findings, style: Style = PLAIN, *, after_diagnosis: bool = False) -> list[str]:
    """Commands to paste, each on a line of its own, which alone may be wider than 80 columns."""
    backup = backup_argument(findings.backup)
    if after_diagnosis:
        steps = [("The photos one by one:", command("scan", backup))]
    else:
        steps = [("Why a photo may be missing, and what to do:", command("diagnose", backup))]
    if findings.totals.recoverable_bytes:
        chosen = findings.assets.extracted_by_default()
        saving = ("To save what is here:", extract_command(findings.backup))
        steps.insert(0, saving if chosen else ("To save all photos:", extract_command(findings.backup, "--all")))
    return [line for title, pasted in steps for line in (title, f"  {style.paint(style.strong, clean(pasted))}")]


def photo_tables(findings: Findings, view: View) -> list[str]:
    """One row per photo: those from FaceTime, those that may be, then other deleted and hidden ones."""
    notable = list(findings.assets.notable())  # each asset is made anew when it is asked for
    sure = [asset for asset in notable if asset.facetime.verdict.rank > 1]
    perhaps = [asset for asset in notable if asset.facetime.verdict.rank == 1]
    others = [asset for asset in notable if not asset.facetime.verdict.rank]
    lines: list[str] = []
    if sure:
        lines.extend(photo_table("FaceTime photos", sure, view, all_of_them=True))
    if perhaps:
        lines.extend(photo_table("Perhaps from FaceTime, not proven", perhaps, view, start=len(sure) + 1))
    if others:
        start = len(sure) + len(perhaps) + 1
        lines.extend(photo_table("Others: deleted or hidden, with no sign of FaceTime", others, view, start=start))
    return lines


def photo_table(
    title: str, assets: Sequence[Asset], view: View, *, start: int = 1, all_of_them: bool = False
) -> list[str]:
    """A titled table of photos, one row each, numbered from `start`."""
    shown, more = (assets, []) if all_of_them else capped(assets, view)
    numbered = enumerate(view.each("Writing the answer", shown), start)
    rows = ((str(number), _taken(asset), name(asset), state(asset), recoverable(asset)) for number, asset in numbered)
    return [
        *heading(f"{title} ({len(assets):,})", view.style),
        *table(_PHOTO_COLUMNS, rows, style=view.style, indent=""),
        *more,
    ]


def _taken(asset: Asset) -> str:
    moment = asset.real_created or asset.real_added
    return f"{in_stored_zone(moment, asset.timezone_offset):%Y-%m-%d %H:%M}" if moment else "unknown"


def state(asset: Asset) -> str:
    """Where the photo was on the phone when the backup was made."""
    if asset.deleted:
        return "permanently deleted"
    told = [text for said, text in ((asset.trashed, "Recently Deleted"), (asset.hidden, "hidden")) if said]
    if asset.status is Status.ELSEWHERE:
        told.append(words.ELSEWHERE.get(asset.status_reason.code, "elsewhere"))
    elif asset.status_reason.place is not None:
        told.append(words.ELSEWHERE.get(asset.status_reason.place, "elsewhere"))
    elif asset.status is not Status.PARTIAL and any(loss in _IN_CLOUD for _, loss in asset.status_reason.lost):
        told.append("original in iCloud")
    if not told and asset.library is LibraryName.SHARED_WITH_YOU:
        told.append("in Shared with You")
    if not told:  # without an entry in the library, or with a state that is not known, nothing tells
        told.append("in Photos" if asset.row is not None and asset.trashed is not None else "unknown")
    return ", ".join([*told, *(["Live off"] if Subtype.LIVE_OFF in asset.subtype else [])])


def recoverable(asset: Asset) -> str:
    """What of a photo can be recovered: originals first, else the best copy that is left."""
    held = [file for file in asset.files if file.recoverable]
    whole = [file for file in held if file.role in words.ORIGINAL_PARTS and file.state is not FileState.DAMAGED]
    damaged = [file for file in held if file.role in words.ORIGINAL_PARTS and file.state is FileState.DAMAGED]
    if whole:
        parts = listed(_parts(whole))
        lost = f" (damaged: {listed(_parts(damaged))})" if damaged else ""
        if asset.status is Status.PARTIAL:
            beside = [
                words.BESIDE_THE_ORIGINAL[role]
                for role, _ in asset.status_reason.lost
                if role in words.BESIDE_THE_ORIGINAL
            ]
            lost += f", no {listed(list(dict.fromkeys(beside)))}" if beside else ""
        return f"{parts} only{lost}" if asset.status is Status.HALF else f"{parts}{lost}"
    if damaged:
        return f"damaged {listed(_parts(damaged))}"
    if asset.status is Status.UNREADABLE:
        return "unreadable here"
    left = {file.role for file in asset.files if file.recoverable or file.role is FileRole.THUMBNAIL_TABLE}
    return next((f"{text} only" for role, text in words.LESS_THAN_ORIGINAL.items() if role in left), "nothing")


def _parts(files: Iterable[AssetFile]) -> list[str]:
    return list(dict.fromkeys(words.ORIGINAL_PARTS[file.role] for file in files))


def closing(findings: Findings, lines_above: int, style: Style = PLAIN) -> Iterator[str]:
    """The answer again in short where it has scrolled away, and where the evidence is."""
    yield ""
    if lines_above > ONE_SCREEN:
        yield from heading("In short", style)[1:]
        yield from wrap(clean(paragraph(findings.summary[:1])))
        yield ""
        yield from next_steps(findings, style)
        yield ""
    yield from wrap("The evidence for each photo, gaps and unmatched files: the same command with -v.")
