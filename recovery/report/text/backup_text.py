"""Who and what a backup is, and the list of backups on this computer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from recovery.analysis.model import BackupFacts
from recovery.backup_marks import MANIFEST_DATABASE
from recovery.provenance import Reading
from recovery.report.figures import count, file_size, minute, when
from recovery.report.messages.gaps import why
from recovery.report.safe_text import clean, pad
from recovery.report.text.layout import PLAIN, Style, TextColumn, heading, table, wrap
from recovery.source.locate import FoundBackup

_LABEL_COLUMNS = 12
_COMPLETE = {
    True: "yes",
    False: "no: the backup was interrupted, so files may be missing from it",
    None: "not known: the backup does not say whether it was finished",
}
_YES_NO = {True: "yes", False: "no", None: "unknown"}
_COLUMNS = (
    TextColumn("Device", flexible=True),
    TextColumn("iOS"),
    TextColumn("Made"),
    TextColumn("Encrypted"),
    TextColumn("Complete"),
    TextColumn("Size", right=True),
)


def backup_lines(backup: BackupFacts, style: Style = PLAIN) -> list[str]:
    """Device, model, iOS, date, whether it is encrypted and whether it is complete."""
    device = clean(backup.device_name or backup.product_type or "an iPhone or iPad")
    build = f" ({clean(backup.build)})" if backup.build else ""
    library = backup.photos_model_version
    rows = [
        ("Model", clean(backup.product_type or "unknown")),
        ("iOS", clean(backup.ios_version or "version unknown") + build),
        ("Made", when(backup.backup_date)),
        ("Encrypted", _YES_NO[backup.encrypted]),
        ("Complete", _COMPLETE[backup.complete]),
        ("Library", "its database could not be read" if library is None else f"read, layout version {library}"),
        ("Identifier", clean(backup.udid or "unknown")),
        ("Folder", clean(backup.path)),
    ]
    if lists := file_lists(backup):
        rows.append(("File lists", lists))
    lines = heading(f"Backup of {device}", style)[1:]
    for label, text in rows:
        first = "  " + pad(label, _LABEL_COLUMNS)
        lines.extend(wrap(text, first=first, rest=" " * len(first)))
    return lines


def file_lists(backup: BackupFacts) -> str:
    """Which lists of files were read, the newest first; "" where it is only the usual one, or none."""
    usual = all(name == MANIFEST_DATABASE for name in backup.file_lists)
    return "" if usual else clean(", then ".join(backup.file_lists))


def backups_table(found: Reading[FoundBackup], *, roots: Iterable[Path] = (), style: Style = PLAIN) -> str:
    """The answer of `backups`: a table, and below it each folder on a line of its own.

    A folder's line is the only one that may be wider than 80 columns: it is there to be copied whole.
    `roots` are the folders that were searched, named when there is nothing in them.
    """
    lines: list[str] = []
    if found.records:
        lines.append(style.paint(style.heading, count(len(found), "backup")))
        lines.extend(table(_COLUMNS, (_row(item) for item in found), style=style))
        lines.extend(["", "Folders, in the same order:"])
        lines.extend(f"  {clean(str(item.identity.folder))}" for item in found)
        lines.extend(["", *wrap("To look into one: recover-facetime scan FOLDER (or the name of the device)")])
    else:
        lines.append("No backup was found.")
        lines.extend(f"  looked in {clean(str(root))}" for root in roots)
        lines.extend(wrap("If yours is elsewhere, give its folder: recover-facetime backups FOLDER"))
    for gap in found.gaps:
        lines.extend(["", *wrap(f"Not examined: {clean(gap.where)}: {clean(why(gap))}", rest="  ")])
    return "\n".join(lines) + "\n"


def _row(item: FoundBackup) -> tuple[str, ...]:
    identity = item.identity
    made = minute(identity.backup_date)
    return (
        clean(identity.device),
        clean(identity.ios_version or "unknown"),
        made,
        _YES_NO[item.encrypted],
        _YES_NO[identity.complete],
        "" if item.size is None else file_size(item.size),
    )
