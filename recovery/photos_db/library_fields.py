"""Which fact lives in which table and column of Photos.sqlite, newest home first.

Column names and the versions they occur in come from public queries over iOS 11 to 26 and from eleven real macOS
libraries that share the schema. When a new system moves a column, its new home is added in front: one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TableRole(StrEnum):
    """What a table is for; `TABLES` lists the names it has had."""

    ASSET = "asset"
    ATTRIBUTES = "attributes"
    CLOUD_MASTER = "cloud_master"
    DESCRIPTION = "description"
    RESOURCE = "resource"


class FieldType(StrEnum):
    """How a stored value is read; a value of another form counts as absent."""

    TEXT = "text"
    WHOLE = "whole"
    REAL = "real"
    MOMENT = "moment"
    """Seconds since 2001-01-01 UTC."""
    TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class ColumnCandidate:
    """One place a fact can stand."""

    role: TableRole
    column: str


@dataclass(frozen=True, slots=True)
class Field:
    """One fact: its name in our records, its form, its possible homes, and what is hidden when it has none."""

    name: str
    form: FieldType
    homes: tuple[ColumnCandidate, ...]
    hides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """How a table is joined to the asset: the first pair of columns that exists on both sides."""

    role: TableRole
    pairs: tuple[tuple[str, str], ...]
    """(column of the joined table, column of the table it hangs on)"""
    on: TableRole = TableRole.ASSET
    preferred: tuple[str, str] | None = None
    """Such a pair that decides where several rows are joined: the asset's own pointer."""


TABLES: dict[TableRole, tuple[str, ...]] = {
    TableRole.ASSET: ("ZASSET", "ZGENERICASSET"),
    TableRole.ATTRIBUTES: ("ZADDITIONALASSETATTRIBUTES",),
    TableRole.CLOUD_MASTER: ("ZCLOUDMASTER",),
    TableRole.DESCRIPTION: ("ZASSETDESCRIPTION",),
    TableRole.RESOURCE: ("ZINTERNALRESOURCE",),
}

ASSET_JOINS: tuple[Join, ...] = (
    Join(
        TableRole.ATTRIBUTES,
        (("ZASSET", "Z_PK"), ("Z_PK", "ZADDITIONALATTRIBUTES")),
        preferred=("Z_PK", "ZADDITIONALATTRIBUTES"),
    ),
    Join(TableRole.CLOUD_MASTER, (("Z_PK", "ZMASTER"),)),
    Join(
        TableRole.DESCRIPTION,
        (("Z_PK", "ZASSETDESCRIPTION"), ("ZASSETATTRIBUTES", "Z_PK")),
        on=TableRole.ATTRIBUTES,
    ),
)


def _asset(*columns: str) -> tuple[ColumnCandidate, ...]:
    return tuple(ColumnCandidate(TableRole.ASSET, column) for column in columns)


def _attributes(*columns: str) -> tuple[ColumnCandidate, ...]:
    return tuple(ColumnCandidate(TableRole.ATTRIBUTES, column) for column in columns)


def _master(*columns: str) -> tuple[ColumnCandidate, ...]:
    return tuple(ColumnCandidate(TableRole.CLOUD_MASTER, column) for column in columns)


def _resource(*columns: str) -> tuple[ColumnCandidate, ...]:
    return tuple(ColumnCandidate(TableRole.RESOURCE, column) for column in columns)


_T, _W, _R, _M, _B = FieldType.TEXT, FieldType.WHOLE, FieldType.REAL, FieldType.MOMENT, FieldType.TRUTH

ASSET_FIELDS: tuple[Field, ...] = (
    Field("pk", _W, _asset("Z_PK")),
    Field("uuid", _T, _asset("ZUUID"), ("joining assets with history and thumbnails",)),
    Field("directory", _T, _asset("ZDIRECTORY"), ("which file belongs to which asset",)),
    Field("filename", _T, _asset("ZFILENAME"), ("which file belongs to which asset",)),
    Field("original_filename", _T, _attributes("ZORIGINALFILENAME"), ("the best mark of FaceTime origin",)),
    Field("cloud_original_filename", _T, _master("ZORIGINALFILENAME")),
    Field("created", _M, _asset("ZDATECREATED"), ("the date of photos",)),
    Field("added", _M, _asset("ZADDEDDATE")),
    Field("timezone", _T, _attributes("ZTIMEZONENAME")),
    Field("timezone_offset", _W, _attributes("ZTIMEZONEOFFSET")),
    Field("width", _W, _asset("ZWIDTH")),
    Field("height", _W, _asset("ZHEIGHT")),
    Field("duration", _R, _asset("ZDURATION")),
    Field("latitude", _R, _asset("ZLATITUDE")),
    Field("longitude", _R, _asset("ZLONGITUDE")),
    Field("favorite", _B, _asset("ZFAVORITE")),
    Field("hidden", _B, _asset("ZHIDDEN"), ("which photos are hidden",)),
    Field("trashed_state", _W, _asset("ZTRASHEDSTATE"), ("which photos are recently deleted",)),
    Field("trashed_at", _M, _asset("ZTRASHEDDATE"), ("when photos were deleted",)),
    Field("kind", _W, _asset("ZKIND"), ("what is a photo and what a video",)),
    Field("kind_subtype", _W, _asset("ZKINDSUBTYPE"), ("what is a Live Photo",)),
    Field("playback_style", _W, _asset("ZPLAYBACKSTYLE")),
    Field("playback_variation", _W, _asset("ZPLAYBACKVARIATION")),
    Field("live_visibility", _W, _asset("ZVIDEOCPVISIBILITYSTATE")),
    Field("burst_pick", _W, _asset("ZAVALANCHEPICKTYPE")),
    Field("rendered", _W, _asset("ZCUSTOMRENDEREDVALUE")),
    Field("depth", _W, _asset("ZDEPTHTYPE", "ZDEPTHSTATES")),
    Field("spatial", _W, _asset("ZSPATIALTYPE")),
    Field("media_group_uuid", _T, _asset("ZMEDIAGROUPUUID")),
    Field("saved_asset_type", _W, _asset("ZSAVEDASSETTYPE")),
    Field("imported_by", _W, _attributes("ZIMPORTEDBY") + _master("ZIMPORTEDBY")),
    Field(
        "creator_bundle",
        _T,
        _attributes("ZIMPORTEDBYBUNDLEIDENTIFIER", "ZCREATORBUNDLEID"),
        ("which program saved a photo",),
    ),
    Field("cloud_creator_bundle", _T, _master("ZIMPORTEDBYBUNDLEIDENTIFIER")),
    Field("thumbnail_index", _W, _asset("ZTHUMBNAILINDEX")),
    Field("cloud_guid", _T, _asset("ZCLOUDASSETGUID")),
    Field("cloud_state", _W, _asset("ZCLOUDLOCALSTATE")),
    Field("cloud_master_state", _W, _master("ZCLOUDLOCALSTATE")),
    Field("upload_attempts", _W, _attributes("ZUPLOADATTEMPTS")),
    Field("last_upload_attempt", _M, _attributes("ZLASTUPLOADATTEMPTDATE")),
    Field("bundle_scope", _W, _asset("ZBUNDLESCOPE")),
    Field("library_scope", _W, _asset("ZLIBRARYSCOPE")),
    Field("scope_participation", _W, _asset("ZACTIVELIBRARYSCOPEPARTICIPATIONSTATE")),
    Field("trashed_by", _W, _asset("ZTRASHEDBYPARTICIPANT")),
    Field("title", _T, _attributes("ZTITLE")),
    Field("caption", _T, (ColumnCandidate(TableRole.DESCRIPTION, "ZLONGDESCRIPTION"),)),
)

RESOURCE_FIELDS: tuple[Field, ...] = (
    Field("asset_pk", _W, _resource("ZASSET")),
    Field("subtype", _W, _resource("ZDATASTORESUBTYPE")),
    Field("kind", _W, _resource("ZRESOURCETYPE")),
    Field("version", _W, _resource("ZVERSION")),
    Field("local", _W, _resource("ZLOCALAVAILABILITY")),
    Field("remote", _W, _resource("ZREMOTEAVAILABILITY")),
    Field("cloud_state", _W, _resource("ZCLOUDLOCALSTATE")),
    Field("pruned_at", _M, _resource("ZCLOUDPRUNEDAT")),
)
