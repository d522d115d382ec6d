"""Which fact lives in which table and column of Photos.sqlite, newest home first.

Column names and the versions they occur in come from public queries over iOS 11 to 26 and from eleven real macOS
libraries that share the schema. When a new system moves a column, its new home is added in front: one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a table is for; `TABLES` lists the names it has had."""

    ASSET = "asset"
    ATTRIBUTES = "attributes"
    CLOUD_MASTER = "cloud_master"
    DESCRIPTION = "description"
    RESOURCE = "resource"


class Form(StrEnum):
    """How a stored value is read; a value of another form counts as absent."""

    TEXT = "text"
    WHOLE = "whole"
    REAL = "real"
    MOMENT = "moment"
    """Seconds since 2001-01-01 UTC."""
    TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class Home:
    """One place a fact can stand."""

    role: Role
    column: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its name in our records, its form, its possible homes, and what is hidden when it has none."""

    name: str
    form: Form
    homes: tuple[Home, ...]
    hides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """How a table is joined to the asset: the first pair of columns that exists on both sides."""

    role: Role
    pairs: tuple[tuple[str, str], ...]
    """(column of the joined table, column of the table it hangs on)"""
    on: Role = Role.ASSET


TABLES: dict[Role, tuple[str, ...]] = {
    Role.ASSET: ("ZASSET", "ZGENERICASSET"),
    Role.ATTRIBUTES: ("ZADDITIONALASSETATTRIBUTES",),
    Role.CLOUD_MASTER: ("ZCLOUDMASTER",),
    Role.DESCRIPTION: ("ZASSETDESCRIPTION",),
    Role.RESOURCE: ("ZINTERNALRESOURCE",),
}

ASSET_JOINS: tuple[Join, ...] = (
    Join(Role.ATTRIBUTES, (("ZASSET", "Z_PK"), ("Z_PK", "ZADDITIONALATTRIBUTES"))),
    Join(Role.CLOUD_MASTER, (("Z_PK", "ZMASTER"),)),
    Join(Role.DESCRIPTION, (("Z_PK", "ZASSETDESCRIPTION"), ("ZASSETATTRIBUTES", "Z_PK")), on=Role.ATTRIBUTES),
)


def _asset(*columns: str) -> tuple[Home, ...]:
    return tuple(Home(Role.ASSET, column) for column in columns)


def _attributes(*columns: str) -> tuple[Home, ...]:
    return tuple(Home(Role.ATTRIBUTES, column) for column in columns)


def _master(*columns: str) -> tuple[Home, ...]:
    return tuple(Home(Role.CLOUD_MASTER, column) for column in columns)


def _resource(*columns: str) -> tuple[Home, ...]:
    return tuple(Home(Role.RESOURCE, column) for column in columns)


_T, _W, _R, _M, _B = Form.TEXT, Form.WHOLE, Form.REAL, Form.MOMENT, Form.TRUTH

ASSET_FACTS: tuple[Fact, ...] = (
    Fact("pk", _W, _asset("Z_PK")),
    Fact("uuid", _T, _asset("ZUUID"), ("joining assets with history and thumbnails",)),
    Fact("directory", _T, _asset("ZDIRECTORY"), ("which file belongs to which asset",)),
    Fact("filename", _T, _asset("ZFILENAME"), ("which file belongs to which asset",)),
    Fact("original_filename", _T, _attributes("ZORIGINALFILENAME"), ("the best mark of FaceTime origin",)),
    Fact("cloud_original_filename", _T, _master("ZORIGINALFILENAME")),
    Fact("created", _M, _asset("ZDATECREATED"), ("the date of photos",)),
    Fact("added", _M, _asset("ZADDEDDATE")),
    Fact("timezone", _T, _attributes("ZTIMEZONENAME")),
    Fact("timezone_offset", _W, _attributes("ZTIMEZONEOFFSET")),
    Fact("width", _W, _asset("ZWIDTH")),
    Fact("height", _W, _asset("ZHEIGHT")),
    Fact("duration", _R, _asset("ZDURATION")),
    Fact("latitude", _R, _asset("ZLATITUDE")),
    Fact("longitude", _R, _asset("ZLONGITUDE")),
    Fact("favorite", _B, _asset("ZFAVORITE")),
    Fact("hidden", _B, _asset("ZHIDDEN"), ("which photos are hidden",)),
    Fact("trashed_state", _W, _asset("ZTRASHEDSTATE"), ("which photos are recently deleted",)),
    Fact("trashed_at", _M, _asset("ZTRASHEDDATE"), ("when photos were deleted",)),
    Fact("kind", _W, _asset("ZKIND"), ("what is a photo and what a video",)),
    Fact("kind_subtype", _W, _asset("ZKINDSUBTYPE"), ("what is a Live Photo",)),
    Fact("media_group_uuid", _T, _asset("ZMEDIAGROUPUUID")),
    Fact("saved_asset_type", _W, _asset("ZSAVEDASSETTYPE")),
    Fact("imported_by", _W, _attributes("ZIMPORTEDBY") + _master("ZIMPORTEDBY")),
    Fact(
        "creator_bundle",
        _T,
        _attributes("ZIMPORTEDBYBUNDLEIDENTIFIER", "ZCREATORBUNDLEID"),
        ("which program saved a photo",),
    ),
    Fact("cloud_creator_bundle", _T, _master("ZIMPORTEDBYBUNDLEIDENTIFIER")),
    Fact("thumbnail_index", _W, _asset("ZTHUMBNAILINDEX")),
    Fact("cloud_guid", _T, _asset("ZCLOUDASSETGUID")),
    Fact("cloud_state", _W, _asset("ZCLOUDLOCALSTATE")),
    Fact("cloud_master_state", _W, _master("ZCLOUDLOCALSTATE")),
    Fact("upload_attempts", _W, _attributes("ZUPLOADATTEMPTS")),
    Fact("last_upload_attempt", _M, _attributes("ZLASTUPLOADATTEMPTDATE")),
    Fact("bundle_scope", _W, _asset("ZBUNDLESCOPE")),
    Fact("title", _T, _attributes("ZTITLE")),
    Fact("caption", _T, (Home(Role.DESCRIPTION, "ZLONGDESCRIPTION"),)),
)

RESOURCE_FACTS: tuple[Fact, ...] = (
    Fact("asset_pk", _W, _resource("ZASSET")),
    Fact("subtype", _W, _resource("ZDATASTORESUBTYPE")),
    Fact("local", _W, _resource("ZLOCALAVAILABILITY")),
    Fact("remote", _W, _resource("ZREMOTEAVAILABILITY")),
    Fact("cloud_state", _W, _resource("ZCLOUDLOCALSTATE")),
    Fact("pruned_at", _M, _resource("ZCLOUDPRUNEDAT")),
)
