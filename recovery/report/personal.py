"""Names the kinds of personal data that a document about one asset holds, so that whoever passes it on knows."""

from __future__ import annotations

import math
from collections.abc import Mapping

from recovery.analysis.model import Asset, BackupFacts

# By the fields that hold them; the kinds that `--redact` leaves out, and dates, which it does not.
_OF_ASSETS: Mapping[str, tuple[str, ...]] = {
    "dates": ("created", "added", "trashed_at"),
    "places": ("latitude", "longitude", "timezone"),
    "titles and words": ("title", "caption", "keywords", "albums", "shared_albums", "deleted_albums"),
    "names of people": ("persons",),
    "original file names": ("original_filename",),
}
_OF_BACKUPS: Mapping[str, tuple[str, ...]] = {"the device": ("device_name", "serial_number", "udid")}
_NOT_IN_XMP = frozenset({"added", "trashed_at", "timezone", "albums", "shared_albums", "deleted_albums"})


def personal_data(asset: Asset, backup: BackupFacts) -> list[str]:
    """What a document with everything that is known of the asset and its backup holds of people."""
    return [*_held(asset, _OF_ASSETS), *_held(backup, _OF_BACKUPS)]


def personal_data_of_xmp(asset: Asset) -> list[str]:
    """What is held of people by a document with only those fields that XMP has a place for."""
    shown = {kind: tuple(name for name in names if name not in _NOT_IN_XMP) for kind, names in _OF_ASSETS.items()}
    return _held(asset, shown)


def _held(record: Asset | BackupFacts, kinds: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [kind for kind, names in kinds.items() if any(_is_told(getattr(record, name)) for name in names)]


def _is_told(value: object) -> bool:
    """Whether a document says anything of it: a number that is not finite becomes null in JSON."""
    if isinstance(value, float):
        return math.isfinite(value)
    return value not in (None, "", ())
