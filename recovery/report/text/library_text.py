"""Tables of assets: recently deleted, hidden, permanently deleted, and the whole library."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recovery.analysis.model import Asset, Findings
from recovery.report.figures import day, minute
from recovery.report.messages.phrases import has_passed
from recovery.report.output_options import View, capped
from recovery.report.safe_text import clean
from recovery.report.text import words
from recovery.report.text.asset_text import name
from recovery.report.text.layout import TextColumn, heading, table, wrap


def recently_deleted(findings: Findings, view: View) -> list[str]:
    """What lay in Recently Deleted, from FaceTime or not, with the estimated last day on the phone."""
    trashed = [asset for asset in findings.assets.notable() if asset.trashed]
    columns = (
        TextColumn("Name", flexible=True),
        TextColumn("Kind"),
        TextColumn("FaceTime"),
        TextColumn("Deleted"),
        TextColumn("Last day"),
        TextColumn("Status"),
    )
    lines = _asset_table("Recently deleted", trashed, columns, _trashed_row, view)
    return [*lines, *wrap(words.DEADLINE_NOTE, first="  ")] if trashed else lines


def _trashed_row(asset: Asset) -> tuple[str, ...]:
    offset = asset.timezone_offset
    last = asset.trashed_until_estimate
    return (
        name(asset),
        words.KINDS[asset.kind],
        words.VERDICTS[asset.facetime.verdict],
        day(asset.real_trashed_at, offset),
        f"~{day(last, offset)}{' passed' if has_passed(last, offset) else ''}" if last else "unknown",
        words.status_word(asset),
    )


def hidden(findings: Findings, view: View) -> list[str]:
    """What is hidden in Photos."""
    chosen = [asset for asset in findings.assets.notable() if asset.hidden]
    lines = _asset_table("Hidden", chosen, _LIBRARY_COLUMNS, _library_row, view)
    return [*lines, *wrap(words.HIDDEN_NOTE, first="  ")] if chosen else lines


def deleted(findings: Findings, view: View) -> list[str]:
    """What was permanently deleted and left a trace."""
    deleted_assets = [asset for asset in findings.assets.notable() if asset.deleted]
    columns = (
        TextColumn("Name", flexible=True),
        TextColumn("FaceTime"),
        TextColumn("Deleted"),
        TextColumn("By", flexible=True),
        TextColumn("Status"),
    )
    lines = _asset_table("Permanently deleted", deleted_assets, columns, _deleted_row, view)
    return [*lines, *wrap(words.DELETED_NOTE, first="  ")] if deleted_assets else lines


def _deleted_row(asset: Asset) -> tuple[str, ...]:
    gone = asset.deleted
    return (
        name(asset),
        words.VERDICTS[asset.facetime.verdict],
        day(gone.at if gone else None, asset.timezone_offset),
        clean((gone.client if gone else None) or "unknown"),
        words.status_word(asset),
    )


_LIBRARY_COLUMNS = (
    TextColumn("Name", flexible=True),
    TextColumn("Taken"),
    TextColumn("Kind"),
    TextColumn("FaceTime"),
    TextColumn("Status"),
)


def library(findings: Findings, view: View, title: str = "The whole library") -> list[str]:
    """Every asset, one line each."""
    return _asset_table(title, findings.assets, _LIBRARY_COLUMNS, _library_row, view)


def _library_row(asset: Asset) -> tuple[str, ...]:
    return (
        name(asset),
        minute(asset.real_created, asset.timezone_offset),
        words.short_kind(asset),
        words.VERDICTS[asset.facetime.verdict],
        words.status_word(asset),
    )


def _asset_table(
    title: str,
    assets: Sequence[Asset],
    columns: tuple[TextColumn, ...],
    row: Callable[[Asset], tuple[str, ...]],
    view: View,
) -> list[str]:
    """A titled table of assets; nothing where there is none, as the glance and the totals say so."""
    if not assets:
        return []
    shown, more = capped(assets, view)
    lines = heading(f"{title} ({len(assets):,})", view.style)
    return [*lines, *table(columns, (row(asset) for asset in view.each(title, shown)), style=view.style), *more]
