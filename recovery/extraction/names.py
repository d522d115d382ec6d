"""Readable folders and names for what is written: unique, stable, and safe on every system."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

from recovery.analysis.model import Asset, AssetFile, FaceTimeMessage, FileRole, MessageKind, Verdict

NAME_BYTES = 255
"""No file system takes more UTF-8 bytes (ext4) or UTF-16 units (NTFS, APFS) in one name; bytes bound units."""
_READABLE_BYTES = 80  # of the phone's own name; date, label and folders then stay far below 260 characters
_EXTENSION = re.compile(r"[A-Za-z0-9]{1,8}")
_UNKNOWN_EXTENSION = "bin"
_FORBIDDEN = frozenset('<>:"/\\|?*')  # Windows; / and : also on macOS
_DEVICES = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])(?= *(\.|$))", re.IGNORECASE)
# Combining marks that show nothing: two names that differ only in them look the same.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_LABELS_BEHIND = re.compile(r"( \([^()]*\))+$")
_UUID_START = re.compile(r"[0-9A-Fa-f]{8}")
_LARGEST_OFFSET = 18 * 3600  # seconds; real zones reach from -12 to +14 hours
_LARGEST_SIDE = 99_999  # pixels

SIDECARS = ("json", "xmp")
"""Extensions of the documents beside an asset's files; no file of an asset gets them."""
DAMAGED = "damaged"
INCOMPLETE = "incomplete"

_LABELS = {
    FileRole.STILL: "",
    FileRole.PAIRED_VIDEO: "",
    FileRole.VIDEO: "",
    FileRole.RAW: "",
    FileRole.EDITED_STILL: "edited",
    FileRole.EDITED_VIDEO: "edited",
    FileRole.EDITOR_FILE: "kept by the editor",
    FileRole.ADJUSTMENTS: "adjustments",
    FileRole.MESSAGES_COPY: "copy from Messages",
    FileRole.SHARED_WITH_YOU_COPY: "copy from Shared with You",
    FileRole.REDUCED: "NOT-ORIGINAL",
    FileRole.THUMBNAIL: "NOT-ORIGINAL thumbnail",
    FileRole.THUMBNAIL_TABLE: "NOT-ORIGINAL thumbnail",
    FileRole.DERIVED: "NOT-ORIGINAL derived",
    FileRole.FACETIME_MESSAGE: "",
}
_LABELS_BY_NAME = {
    "penultimatefullsizerender": "penultimate render",
    "substandardfullsizerender": "substandard render",
    "originalfile": "original kept by the editor",
    "adjustmentssecondary": "secondary adjustments",
    "originaladjustments": "original adjustments",
}
"""Labels of files that edits leave, by the stem of their name on the phone, letter case aside."""
_ORIGINAL_ADJUSTMENTS = re.compile(r"img_o\d+")
_EDIT_ROLES = frozenset({FileRole.EDITOR_FILE, FileRole.ADJUSTMENTS})


def safe_name(text: str, limit: int = NAME_BYTES) -> str:
    """One path component that every system takes as it is; never empty, `.` or `..`, at most `limit` bytes.

    Control, bidirectional and unassigned characters and `<>:"/\\|?*` become `_`; names of Windows devices
    get one in front; dots and spaces at either end go.
    """
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    text = " ".join("".join(_safe_character(character) for character in text).split())
    text = _shorten(text.strip(". "), limit).strip(". ")
    if _DEVICES.match(text):
        text = _shorten("_" + text, limit).strip(". ")
    return text or "_"


def _safe_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    return "_" if character in _FORBIDDEN or category[0] == "C" or category in ("Zl", "Zp") else character


def _shorten(text: str, limit: int) -> str:
    """Cut at a character so that neither form, composed nor decomposed (macOS), exceeds the bytes."""
    used = 0
    for position, character in enumerate(text):
        used += max(len(character.encode()), len(unicodedata.normalize("NFD", character).encode()))
        if used > limit:
            return text[:position]
    return text


def is_inside(path: str) -> bool:
    """Whether a relative path with forward slashes is one this program could have written."""
    return bool(path) and all(part == safe_name(part) for part in path.split("/"))


def same_place(path: str) -> str:
    """The key under which two paths are the same file on some system: case, accents and widths set aside."""
    folded = unicodedata.normalize("NFKD", path).upper().casefold()
    return unicodedata.normalize("NFKD", folded)


FACETIME_FOLDER = "FaceTime"
"""Where certain and probable FaceTime photos go."""
HIDDEN_FOLDER = "Hidden"


def folder(asset: Asset, *, loose: bool) -> str:
    """Where an asset belongs; a function of the asset alone, so every file has one place in every selection."""
    parts = []
    if asset.facetime.verdict.rank >= Verdict.PROBABLE.rank:
        parts.append(FACETIME_FOLDER)
    elif asset.facetime.verdict is Verdict.POSSIBLE:
        parts.append("Possibly FaceTime")
    if asset.deleted is not None:
        parts.append("Permanently deleted")
    elif asset.trashed:
        parts.append("Recently deleted")
    elif asset.hidden:
        parts.append(HIDDEN_FOLDER)
    parts = parts or ["Loose ends" if loose else "Library"]
    moment = local_time(asset)
    return "/".join([*parts, "undated" if moment is None else f"{moment.year:04d}"])


ALBUMS_FOLDER = "Albums"
"""Holds a folder for each album."""


def album_folders(asset: Asset) -> list[str]:
    """The folders of the albums that Photos shows an asset in; what is hidden or deleted it shows in none."""
    if asset.hidden or asset.trashed or asset.deleted is not None:
        return []
    shared = [f"{title} (shared album)" for title in asset.shared_albums]
    return [f"{ALBUMS_FOLDER}/{safe_name(title, _READABLE_BYTES)}" for title in (*asset.albums, *shared)]


def readable_stem(asset: Asset) -> str:
    """`2024-05-03 20.22.10 IMG_0001`: the time at the place where it was taken, and the phone's own name.

    Without a stored offset the time is UTC and says so; without a time the name begins with `undated`.
    """
    moment = local_time(asset)
    name = asset.filename or asset.original_filename
    stem = _without_extension(name) if name else (asset.uuid or "unnamed")[:8]
    return f"{_dated(moment)} {safe_name(stem, _READABLE_BYTES)}"


def _dated(moment: datetime | None) -> str:
    if moment is None:
        return "undated"
    return f"{moment.year:04d}-{moment:%m-%d %H.%M.%S}" + (" UTC" if moment.tzinfo is UTC else "")


MESSAGES_FOLDER = "FaceTime messages"
"""Where FaceTime messages go, with the voicemails that FaceTime keeps beside them."""
_MESSAGE_NAMES = {
    MessageKind.FACETIME_VIDEO: "FaceTime video message",
    MessageKind.FACETIME_AUDIO: "FaceTime audio message",
    MessageKind.VOICEMAIL: "Voicemail",
    MessageKind.UNKNOWN: "Message of unknown kind",
}


def message_folder(message: FaceTimeMessage) -> str:
    """Where the media of a message belongs."""
    parts = [MESSAGES_FOLDER, *(("Deleted",) if message.deleted else ())]
    created = message.real_created
    return "/".join([*parts, "undated" if created is None else f"{created.astimezone(UTC).year:04d}"])


def message_stem(message: FaceTimeMessage) -> str:
    """`2024-05-03 18.22.10 UTC FaceTime video message`; nothing in it tells of people."""
    created = message.real_created
    return f"{_dated(created.astimezone(UTC) if created else None)} {_MESSAGE_NAMES[message.kind]}"


def local_time(asset: Asset) -> datetime | None:
    """When an asset was created, at the place where it was taken; in UTC where no zone is stored."""
    created = asset.real_created
    if created is None:
        return None
    offset = asset.timezone_offset
    if offset is None or abs(offset) > _LARGEST_OFFSET:
        return created.astimezone(UTC)
    try:
        return created.astimezone(timezone(timedelta(seconds=offset), "stored"))
    except OverflowError:  # the first or the last day of the calendar
        return created.astimezone(UTC)


def _without_extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return stem if dot and stem and _EXTENSION.fullmatch(extension) else name


def extension(name: str) -> str:
    """The extension of a file in the backup, without the dot, as it is written there; `bin` when it has none."""
    found = name.rpartition(".")[2] if "." in name else ""
    return found if _EXTENSION.fullmatch(found) else _UNKNOWN_EXTENSION


class Stems:
    """Gives out stems, each once. Ask in a stable order: the first to ask keeps the plain name.

    Labels such as ` (edited)` stand at the end, and an extension without a dot inside behind them. Stems are
    kept apart with their own trailing labels set aside, so no file of one can meet a file of another.
    """

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}  # how often each was asked for

    def claim(self, wanted: str, identity: str) -> str:
        """`wanted`, or with something of `identity` behind it when that is taken."""
        if self._first(wanted):
            return wanted
        marked = f"{wanted} {_mark(identity)}"
        if self._first(marked):
            return marked
        # Counting on from the last number keeps a million equal names linear.
        while not self._first(numbered := f"{marked}-{self._taken[_bare(marked)]}"):
            self._first(marked)
        return numbered

    def _first(self, stem: str) -> bool:
        key = _bare(stem)
        self._taken[key] = self._taken.get(key, 0) + 1
        return self._taken[key] == 1


def _bare(stem: str) -> str:
    return _LABELS_BEHIND.sub("", same_place(stem))


def _mark(identity: str) -> str:
    start = _UUID_START.match(identity)
    return (start.group() if start else hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:8]).upper()


def file_names(stem: str, files: Iterable[AssetFile], known_as: str = "") -> list[str]:
    """The names of one asset's files, in their order: one stem, a label for what is not the photo itself.

    `known_as` is the asset's own name, which lends its extension to a blob that has no path.
    """
    taken = {same_place(f"{stem}.{beside}") for beside in SIDECARS}
    names = []
    for file in files:
        number, name = 1, _file_name(stem, file, 1, known_as)
        while same_place(name) in taken:
            number += 1
            name = _file_name(stem, file, number, known_as)
        taken.add(same_place(name))
        names.append(name)
    return names


def _file_name(stem: str, file: AssetFile, number: int, known_as: str) -> str:
    label = _label(file)
    if label.startswith("NOT-ORIGINAL") and file.pixels and all(0 < side <= _LARGEST_SIDE for side in file.pixels):
        label += " {}x{}".format(*file.pixels)
    words = f"{label} {number if number > 1 else ''}".strip()
    return f"{stem}{f' ({words})' if words else ''}.{extension(file.name or known_as)}"


def _label(file: AssetFile) -> str:
    stem = _without_extension(file.name).casefold() if file.role in _EDIT_ROLES else ""
    known = "original adjustments" if _ORIGINAL_ADJUSTMENTS.fullmatch(stem) else _LABELS_BY_NAME.get(stem)
    return known or _LABELS[file.role]


def damaged_name(name: str) -> str:
    """The name for what could be salvaged of a damaged file."""
    return _labelled(name, DAMAGED)


def incomplete_name(name: str) -> str:
    """The name for the beginning of a file that the system refused to read to its end."""
    return _labelled(name, INCOMPLETE)


def is_incomplete(name: str) -> bool:
    """Whether a name is one that `incomplete_name` gives."""
    return f" ({INCOMPLETE})." in name


def _labelled(name: str, word: str) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{stem} ({word}).{ending}"
