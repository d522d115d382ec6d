"""Rows of the library that cannot be of FaceTime and of which nothing else is to be said: what counts of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from recovery import clock
from recovery.case import Case
from recovery.case.facetime_candidates import CHOSEN
from recovery.clock import Moment
from recovery.photos_db.codes import OF_THE_SCREEN, Availability, CloudState, ResourceSubtype

# As `cloud_of` says it of an asset: in iCloud, not on the device, and no original waits for its upload.
_AWAY = f"""coalesce((SELECT remote = {Availability.YES:d} AND local = {Availability.NOT_LOCAL:d} FROM resource
                       WHERE asset_pk = asset.pk AND subtype = {ResourceSubtype.ORIGINAL:d} ORDER BY number LIMIT 1), 0)
            AND cloud_master_state IS NOT {CloudState.PENDING_UPLOAD:d}
            AND NOT EXISTS (SELECT 1 FROM resource
              WHERE asset_pk = asset.pk AND cloud_state = {CloudState.PENDING_UPLOAD:d} AND subtype IN
                ({ResourceSubtype.ORIGINAL:d}, {ResourceSubtype.LIVE_VIDEO_ORIGINAL:d}))"""

_SCREEN = ", ".join(f"{code:d}" for code in sorted(OF_THE_SCREEN))


class PlainRow(NamedTuple):
    """What is asked of every asset; `away`: its original is in iCloud and not on the phone.

    `captured` is the stored subtype of a screenshot or screen recording, None for all others.
    """

    pk: int
    uuid: str
    directory: str | None
    filename: str | None
    original_filename: str
    created: Moment | None
    added: Moment | None
    captured: int | None
    away: bool


def plain_rows(case: Case) -> Iterator[PlainRow]:
    """The rows of which no asset was made."""
    found = case.store.run(
        f"""SELECT pk, uuid, directory, filename, original_filename, created, added,
              CASE WHEN kind_subtype IN ({_SCREEN}) THEN kind_subtype END, {_AWAY}
            FROM asset WHERE pk NOT IN ({CHOSEN})"""
    )
    for pk, uuid, directory, filename, original_filename, created, added, captured, away in found:
        moments = clock.from_cocoa(created), clock.from_cocoa(added)
        yield PlainRow(pk, uuid, directory, filename, original_filename, *moments, captured, bool(away))
