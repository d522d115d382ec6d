"""What a changed property of an asset means to people, by its name in the library's own model.

The names stand in the models of real libraries [M: models 13537 to 19063]; what they mean is read from the names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Told(StrEnum):
    """A change that people know: the history tells that it happened, never the values before and after."""

    FAVORITE = "favorite"
    HIDDEN = "hidden"
    EDITED = "edited"
    CLOUD = "cloud"


PROPERTIES: Mapping[str, Told] = {
    "favorite": Told.FAVORITE,
    "hidden": Told.HIDDEN,
    "adjustmentTimestamp": Told.EDITED,
    "adjustmentsState": Told.EDITED,
    "hasAdjustments": Told.EDITED,
    "cloudLocalState": Told.CLOUD,
}


def told_changes(changed: Iterable[str] | None) -> tuple[Told, ...]:
    """What the changed properties mean, each once; nothing for an unknown change."""
    names = set(changed or ())
    return tuple(dict.fromkeys(told for name, told in PROPERTIES.items() if name in names))
