"""What `extract` says to a person: the plan of a dry run, and what became of each file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from recovery.extraction.names import FACETIME_FOLDER, MESSAGES_FOLDER
from recovery.extraction.outcomes import Outcomes, OutcomeState
from recovery.extraction.plan import Plan
from recovery.extraction.verification import Verification
from recovery.formats.picture_check import PictureState
from recovery.refusals import remedy
from recovery.report.figures import count, file_size
from recovery.report.messages.commands import command
from recovery.report.messages.phrases import sentence
from recovery.report.safe_text import clean
from recovery.report.text import words
from recovery.report.text.layout import heading, wrap
from recovery.report.text.saved_text import saved_text

_STATES = {
    OutcomeState.WRITTEN: "written whole and checked by hash",
    OutcomeState.DAMAGED: "damaged in the backup: what is left was saved under a name that says so",
    OutcomeState.UNREADABLE: "not read to the end: this computer refuses to read on; what is there may be whole",
    OutcomeState.MISSING: "listed in the backup, but the contents are not in it",
    OutcomeState.KEPT: "not written: another file was in the place and was left as it is",
    OutcomeState.FAILED: "could not be read or written",
}
_MOST = 20


def dry_run(plan: Plan, out: Path) -> str:
    """What would be written and how many bytes it needs; nothing has been written."""
    lines = heading("What would be written")
    folders = Counter(file.target.split("/", 1)[0] for file in plan.files)
    sizes: Counter[str] = Counter()
    for file in plan.files:
        sizes[file.target.split("/", 1)[0]] += file.bytes
    for folder in sorted(folders):
        lines.append(f"  {clean(folder):24} {count(folders[folder], 'file'):>14}  {file_size(sizes[folder]):>10}")
    pictures = sum(len(planned.pictures) for planned in plan.assets)
    if pictures:
        lines.append(f"  {count(pictures, 'picture')} would be made from other files of the backup.")
    lines += wrap(f"Bytes needed: {plan.bytes:,} ({file_size(plan.bytes)}), sidecars and records apart.", first="  ")
    if any(file.message for file in plan.files):
        lines += _about_messages()
    if plan.unknown_sizes:
        lines += wrap(f"{count(plan.unknown_sizes, 'file')} have no known size, so it may be more.", first="  ")
    lines += wrap("Nothing was written. Run it without --dry-run to write.", first="  ")
    return "\n".join(lines) + "\n"


def counted_outcomes(outcomes: Outcomes) -> Iterator[tuple[int, str]]:
    """How many files, and what became of them; pictures made here are counted last."""
    for state, meaning in _STATES.items():
        if number := outcomes.count(state):
            yield number, f"{'file' if number == 1 else 'files'} {meaning}"
    if made := sum("NOT-ORIGINAL" in item.target and item.entry is not None for item in outcomes.documents):
        yield made, "pictures made from other files of the backup; they are not the originals"


def summary(outcomes: Outcomes, out: Path, *, page: Path | None = None, verbose: bool = False) -> str:
    """What was recovered and where, each file that is not whole, the report, and how to check it all later."""
    lines = heading("Recovered")
    saved = saved_text(
        (outcome.planned, outcome.state is not OutcomeState.DAMAGED) for outcome in outcomes.files if outcome.entry
    )
    lines += wrap(sentence(f"{saved} ({file_size(outcomes.bytes)})") if saved else "Nothing was recovered.")
    for number, meaning in counted_outcomes(outcomes):
        lines += _counted(number, meaning)
    if unchanged := sum(outcome.unchanged for outcome in outcomes.files):
        lines += _counted(unchanged, "of them were there already and were checked again")
    checked = [(item.target or item.planned.target, item.picture) for item in outcomes.files if item.picture]
    if checked:
        unchecked = [
            (target, picture.reason) for target, picture in checked if picture.state is PictureState.NOT_CHECKED
        ]
        lines += _pictures(sum(picture.state is PictureState.DECODED for _, picture in checked), unchecked)
    if any(outcome.planned.message and outcome.entry for outcome in outcomes.files):
        lines += _about_messages()
    lines += _troubles(outcomes, everything=verbose)
    written = [*(file.entry for file in outcomes.files), *(item.entry for item in outcomes.documents)]
    first = any(entry.target.startswith(f"{FACETIME_FOLDER}/") for entry in written if entry)
    folder = clean(str(out.absolute()))
    held = "files" if saved else "records of this run"
    lines += ["", f"The {held} are here{f', FaceTime photos in the folder {FACETIME_FOLDER}' if first else ''}:"]
    lines += [f"  {folder}"]
    lines += ["The report, a page for your browser:", f"  {clean(str(page))}"] if page else []
    lines += ["To check every file again later:", f"  {clean(command('verify', str(out.absolute())))}"]
    lines += ["SHA-256 of the run record (run.json), keep this hash separately:", f"  {outcomes.record_sha256}"]
    return "\n".join(lines) + "\n"


def _counted(number: int, meaning: str) -> list[str]:
    return wrap(f"{number:>5}  {meaning}", first="  ", rest="         ")


def _pictures(decoded: int, unchecked: Sequence[tuple[str, str]]) -> list[str]:
    """How many pictures were decoded whole, and which could not be decoded here, each with the reason."""
    lines = wrap(f"{count(decoded, 'picture')} decoded from the first to the last pixel.", first="  ")
    if unchecked:
        number = count(len(unchecked), "picture")
        lines += wrap(f"{number} could not be decoded here and so not be checked:", first="  ")
    for target, why in unchecked[:_MOST]:
        lines += wrap(f"{clean(target)}: {clean(why)}", first="  - ", rest="    ")
    if len(unchecked) > _MOST:
        lines.append(f"  … and {len(unchecked) - _MOST:,} more, in the JSON")
    return lines


def _about_messages() -> list[str]:
    """That they are no photos, and how sure it is what they are."""
    texts = (f"{MESSAGES_FOLDER} *: {words.MESSAGES_NOTE}", words.MESSAGES_UNTESTED_NOTE)
    return [line for text in texts for line in wrap(text, first="  ", rest="    ")]


def not_whole(outcomes: Outcomes) -> Iterator[str]:
    """Each file that was not written whole, and why."""
    for outcome in outcomes.files:
        if outcome.state is not OutcomeState.WRITTEN:
            yield _trouble(outcome.target or outcome.planned.target, outcome.state, outcome.reason)
    for item in outcomes.documents:
        if item.state is not OutcomeState.WRITTEN:
            yield _trouble(item.target, item.state, item.reason)


def _trouble(target: str, state: OutcomeState, reason: str) -> str:
    why = clean(reason[:1].lower() + reason[1:])
    return f"{clean(target)}: {state.value.replace('_', ' ')}; {why}"


def _troubles(outcomes: Outcomes, *, everything: bool) -> Iterator[str]:
    troubles = list(not_whole(outcomes))
    if not troubles:
        return
    yield ""
    yield "Not whole:"
    shown = troubles if everything else troubles[:_MOST]
    for trouble in shown:
        yield from wrap(trouble, first="  - ", rest="    ")
    if len(shown) < len(troubles):
        yield f"  … and {len(troubles) - len(shown):,} more; see run.json, or --verbose"
    for reason in dict.fromkeys(outcome.refusal for outcome in outcomes.files if outcome.refusal):
        if todo := remedy(reason):
            yield from wrap(todo, first="  ")


def verification(found: Verification) -> str:
    """What `verify` says: how much was compared, and each difference."""
    lines = [line for told in verification_sentences(found) for line in wrap(told)]
    if found.pictures is not None:
        lines += _pictures(
            found.pictures.decoded, [(picture.target, picture.says) for picture in found.pictures.not_checked]
        )
    for difference in differences(found):
        lines += wrap(difference, first="  - ", rest="    ")
    lines.append(f"SHA-256 of the run record: {found.record_sha256}")
    return "\n".join(lines) + "\n"


def verification_sentences(found: Verification) -> Iterator[str]:
    """How much was compared, and whether nothing differs."""
    yield f"{count(found.files, 'file')} ({file_size(found.bytes)}) hashed again and held against the record."
    if found.compared_with_backup is not None:
        yield f"{count(found.compared_with_backup, 'file')} read again from the backup and compared."
    if found.damaged:
        verb = "was" if found.damaged == 1 else "were"
        yield f"{count(found.damaged, 'file')} {verb} damaged in the backup already, as the record says."
    if found.unreadable:
        verb = "was" if found.unreadable == 1 else "were"
        yield (
            f"{count(found.unreadable, 'file')} {verb} not read to the end, as the record says: extract again, and "
            "what can be read by then is written."
        )
    if not found.differences:
        yield "Nothing differs."


def differences(found: Verification) -> Iterator[str]:
    """Each difference in a sentence."""
    for difference in found.differences:
        code = difference.code.value.replace("_", " ")
        yield f"{clean(difference.target)}: {code}. {clean(difference.says)}"
