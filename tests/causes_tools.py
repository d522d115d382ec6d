"""What the tests of causes share: a backup built and judged, and one cause out of it as a whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from fixtures import BackupBuilder
from recovery.analysis.find import find
from recovery.analysis.model import CauseVerdict
from recovery.analysis.statements import CauseCode
from recovery.app_data.settings import FILES, Setting, SettingName
from recovery.case import Case
from recovery.gap_codes import GapSubject
from recovery.provenance import Reading, Source, unreadable
from recovery.report.messages.causes import ADVICE, DOES_NOT_SAY, CauseText, told
from tests.scanning import case_of

LIBRARY = "Media/PhotoData/Photos.sqlite"
NO_LIBRARY = "Unknown from this backup. The photo library: the backup does not list it."


def built(builder: BackupBuilder, folder: Path, passphrase: str | None = None) -> Case:
    """The case of a planted backup."""
    return case_of(builder.build(folder, passphrase), passphrase)


def cause_of(case: Case, code: str) -> CauseText:
    """One cause in words."""
    (found,) = (cause for cause in find(case).causes if cause.code == code)
    return told(found)


def expected(code: str, verdict: str, says: str, *sources: Source, advice: str | None = None) -> CauseText:
    """The whole answer: the cause's own texts unless its advice is another one."""
    cause = CauseCode(code)
    advice = ADVICE[cause] if advice is None else advice
    return CauseText(cause, CauseVerdict(verdict), says, DOES_NOT_SAY[cause], advice, sources)


def with_settings(case: Case, **values: Any) -> Case:
    """The case with these settings stored (None: the file is there, the key is not) and no gap about them."""
    places = {key.name: (file.store.location.path, key) for file in FILES for key in file.keys}
    stored = tuple(
        Setting(SettingName(name), value, setting_source(name), places[SettingName(name)][1].tier)
        for name, value in values.items()
    )
    hidden = {code for name in values for file in FILES for code in file.store.hides if _in(file, name)}
    gaps = tuple(gap for gap in case.gaps if not hidden & set(gap.hides))
    return replace(case, around=replace(case.around, settings=Reading(stored)), gaps=gaps)


def _in(file: Any, name: str) -> bool:
    return any(key.name == name for key in file.keys)


def setting_source(name: str) -> Source:
    """Where a setting stands."""
    (source,) = (Source(file.store.location.path, key.place) for file in FILES for key in file.keys if key.name == name)
    return source


def with_gap(case: Case, code: str) -> Case:
    """The case with something damaged that hides the answer."""
    return replace(case, gaps=(unreadable(GapSubject.MESSAGES, "some/file", "it is damaged", code),))


UNREAD = "Unknown from this backup. Messages: it is damaged."
UNREAD_SOURCE = Source("some/file")
