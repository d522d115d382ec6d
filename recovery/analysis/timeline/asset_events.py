"""Events told by what is stored with an asset: its own dates, its uploads, and its copies in Messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from recovery.analysis.asset_fields import field_sources
from recovery.analysis.model import Asset, FileRole, Kind, Upload, Verdict, sources_of
from recovery.analysis.timeline.event import Event, EventCode, by, details, of_asset
from recovery.case import AttachmentFile, Case
from recovery.case.facetime_evidence import Places, row_source
from recovery.case.store import WorkingDatabase
from recovery.clock import to_text
from recovery.photos_db.changes.history import DeletionRecord
from recovery.photos_db.library import DATABASE, AssetRow, LibraryName
from recovery.provenance import Source

_KINDS = {Kind.PHOTO: "photo", Kind.VIDEO: "video", Kind.LIVE_PHOTO: "Live Photo"}
_VERDICTS = {
    Verdict.CERTAIN: "; from FaceTime: certain",
    Verdict.PROBABLE: "; from FaceTime: probable",
    Verdict.POSSIBLE: "; perhaps from FaceTime",
    Verdict.NO: "",
}
_UPLOADS = {
    Upload.SYNCED: "; it has reached iCloud",
    Upload.PENDING: "; it is still waiting",
    Upload.STUCK: "; it is stuck",
    None: "",
}
_PRUNED = "ZINTERNALRESOURCE.ZCLOUDPRUNEDAT"


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a case that tell of assets, by what finds them."""

    store: WorkingDatabase
    places: Places
    field_sources: Mapping[str, Source]
    deleted: Mapping[str, DeletionRecord]
    copies: Mapping[str, Sequence[AttachmentFile]]

    @classmethod
    def of(cls, case: Case) -> Records:
        """Index a case."""
        library, history = case.library, case.traces.history
        places = Places.of(library)
        copies: defaultdict[str, list[AttachmentFile]] = defaultdict(list)
        for item in case.around.attachments:
            copies[item.entry.file_id].append(item)
        return cls(
            store=case.store,
            places=places,
            field_sources=field_sources(places),
            deleted={gone.uuid.upper(): gone for gone in history.deleted if gone.uuid} if history else {},
            copies=copies,
        )


def stored_events(records: Records, asset: Asset) -> Iterator[Event]:
    """The events of one asset, the library's history apart."""
    yield from _beginning(records, asset)
    row = records.store.row(asset.row) if asset.row is not None and asset.library is LibraryName.PHOTOS else None
    if row is not None:
        yield from _cloud(records, asset, row)
    yield from _messages(records, asset)
    yield from _end(records, asset)


def _beginning(records: Records, asset: Asset) -> Iterator[Event]:
    call, known = asset.facetime.call, sources_of(asset, records.field_sources)
    during = ", during a FaceTime call" if call else ""
    if asset.created:
        text = f"taken ({_KINDS[asset.kind]}{_VERDICTS[asset.facetime.verdict]}){during}"
        detail = details(
            kind=asset.kind.value,
            call_started=to_text(call.started) if call else None,
            call_ended=to_text(call.ended) if call else None,
        )
        source = known.get("created", Source(DATABASE))
        yield of_asset(asset, asset.created, EventCode.TAKEN, text, source, detail)
    if asset.added:
        client = asset.importer or (asset.deleted.inserted_by if asset.deleted else None)
        text = f"added to the library{by(client)}{'' if asset.created else during}"
        source = known.get("added", Source(DATABASE))
        yield of_asset(asset, asset.added, EventCode.ADDED, text, source, details(client=client))


def _end(records: Records, asset: Asset) -> Iterator[Event]:
    gone, deleted_asset = asset.deleted, records.deleted.get((asset.uuid or "").upper())
    if asset.trashed_at:
        source = sources_of(asset, records.field_sources).get("trashed_at") or (
            deleted_asset.source if deleted_asset else Source(DATABASE)
        )
        yield of_asset(asset, asset.trashed_at, EventCode.TRASHED, "moved to Recently Deleted", source, ())
    if gone is not None:
        why = f": {gone.reason}" if gone.reason else ""
        when = "" if gone.at else "; nothing tells when"
        text = f"permanently deleted{by(gone.client)}{why}{when}"
        source = deleted_asset.source if deleted_asset else Source(DATABASE)
        detail = details(client=gone.client, reason=gone.reason)
        yield of_asset(asset, gone.at, EventCode.DELETED, text, source, detail)


def _cloud(records: Records, asset: Asset, row: AssetRow) -> Iterator[Event]:
    if row.last_upload_attempt:
        tries = f" ({row.upload_attempts:,} tries in all)" if row.upload_attempts else ""
        upload = asset.cloud.upload if asset.cloud else None
        text = f"sending it to iCloud was last tried{tries}{_UPLOADS[upload]}"
        source = row_source(row, "last_upload_attempt", records.places)
        yield of_asset(asset, row.last_upload_attempt, EventCode.UPLOAD_TRIED, text, source, details(upload=upload))
    pruned = {item.pruned_at for item in records.store.resources(row.pk) if item.pruned_at}
    for moment in sorted(pruned):
        text = "the library notes that a file of it was taken off the device to save space"
        yield of_asset(asset, moment, EventCode.OFFLOADED, text, Source(DATABASE, _PRUNED), ())


def _messages(records: Records, asset: Asset) -> Iterator[Event]:
    for item in asset.files:
        if item.role is not FileRole.MESSAGES_COPY:
            continue
        for copy in records.copies.get(item.file_id, ()):
            sent = copy.attachment
            if sent is None:
                continue
            if when := sent.message_date or sent.created:
                way = {True: "sent", False: "received", None: "sent or received"}[sent.outgoing]
                text, detail = f"a copy was {way} in Messages", details(file=sent.name)
                yield of_asset(asset, when, EventCode.IN_MESSAGES, text, sent.source, detail)
            if sent.deleted_at:
                text = "the message with a copy was moved to Recently Deleted in Messages"
                yield of_asset(asset, sent.deleted_at, EventCode.MESSAGE_DELETED, text, sent.source, ())
