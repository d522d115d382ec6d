"""The photo library of a synthetic backup, written with plain SQL: as many assets as asked for, seeds fixed."""

from __future__ import annotations

import hashlib
import plistlib
import sqlite3
from collections.abc import Container, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from fixtures import layouts
from fixtures.model_cache import changed_columns, model_cache_content

LAYOUT = "17600"
_FIRST = 600_000_000.0  # seconds since 2001
_STEP = 1800.0
_TYPES = {"JPG": "public.jpeg", "HEIC": "public.heic", "MOV": "com.apple.quicktime-movie"}
# osxphotos opens no library without these tables; here they are empty.
_FOR_OTHERS = {
    "ZFILESYSTEMVOLUME": "ZUUID ZNAME",
    "ZFILESYSTEMBOOKMARK": "ZPATHRELATIVETOVOLUME ZRESOURCE",
    "ZCOMPUTEDASSETATTRIBUTES": "ZASSET ZBEHAVIORALSCORE ZFAILURESCORE ZHARMONIOUSCOLORSCORE ZIMMERSIVENESSSCORE "
    "ZINTERACTIONSCORE ZINTERESTINGSUBJECTSCORE ZINTRUSIVEOBJECTPRESENCESCORE ZLIVELYCOLORSCORE ZLOWLIGHT "
    "ZNOISESCORE ZPLEASANTCAMERATILTSCORE ZPLEASANTCOMPOSITIONSCORE ZPLEASANTLIGHTINGSCORE ZPLEASANTPATTERNSCORE "
    "ZPLEASANTPERSPECTIVESCORE ZPLEASANTPOSTPROCESSINGSCORE ZPLEASANTREFLECTIONSSCORE ZPLEASANTSYMMETRYSCORE "
    "ZSHARPLYFOCUSEDSUBJECTSCORE ZTASTEFULLYBLURREDSCORE ZWELLCHOSENSUBJECTSCORE ZWELLFRAMEDSUBJECTSCORE "
    "ZWELLTIMEDSHOTSCORE",
    "ZCLOUDSHAREDALBUMINVITATIONRECORD": "ZINVITEEHASHEDPERSONID ZINVITEEFIRSTNAME ZINVITEELASTNAME ZINVITEEFULLNAME",
    "ZCLOUDSHAREDCOMMENT": "ZISLIKE ZCOMMENTDATE ZCOMMENTTEXT ZCOMMENTERHASHEDPERSONID ZISMYCOMMENT "
    "ZCOMMENTEDASSET ZLIKEDASSET",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset; everything about it follows from its number, counted from 1, and from the camera's format."""

    number: int
    photo_extension: str = "JPG"
    small_by: int | None = None
    """Who saved it, if it is one of many small pictures."""

    @property
    def uuid(self) -> str:
        digest = hashlib.md5(f"asset {self.number}".encode(), usedforsecurity=False).digest()
        return str(UUID(bytes=digest, version=4)).upper()

    @property
    def directory(self) -> str:
        return f"DCIM/{100 + self.number // 999}APPLE"

    @property
    def stem(self) -> str:
        return f"IMG_{self.number % 9999 + 1:04d}"

    @property
    def facetime(self) -> bool:
        return self.number % 500 == 1 and self.small_by is None

    @property
    def live(self) -> bool:
        return self.number % 10 in (1, 2, 3) and self.small_by is None

    @property
    def video(self) -> bool:
        return self.number % 20 == 0 and self.small_by is None

    @property
    def extension(self) -> str:
        return "MOV" if self.video else self.photo_extension

    @property
    def local(self) -> bool:
        """Whether its originals are in the backup; the others are in iCloud."""
        return self.facetime or self.number % 7 != 3 or self.small_by is not None

    @property
    def edited(self) -> bool:
        return self.number % 10 == 4

    @property
    def shared(self) -> bool:
        """Saved out of a messenger."""
        return self.number % 10 == 5

    @property
    def bundle(self) -> str | None:
        if self.facetime:
            return "com.apple.FTLivePhotoService"
        return "net.whatsapp.WhatsApp" if self.shared else None

    @property
    def imported_by(self) -> int:
        if self.small_by is not None:
            return self.small_by
        return 8 if self.facetime else 3 if self.shared else 1

    @property
    def original(self) -> str:
        return "lp_image.heic" if self.facetime else f"{self.stem}.{self.extension}"

    @property
    def group_uuid(self) -> str | None:
        return self.uuid if self.live else None

    @property
    def created(self) -> float:
        """Seconds since 2001."""
        return _FIRST + self.number * _STEP

    @property
    def trashed(self) -> bool:
        return self.number % 100 == 7

    @property
    def hidden(self) -> bool:
        return self.number % 100 == 9


def write_library(path: Path, count: int, extension: str = "JPG", small_by: int | None = None) -> None:
    """A Photos.sqlite with so many assets, two to three resources and three changes of history for each."""
    layout, all_of = layouts.load(LAYOUT), partial(assets, count, extension, small_by)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("page_size = 4096", "journal_mode = OFF", "synchronous = OFF"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        for table in layout.tables.values():
            for statement in table.statements():
                connection.execute(statement)
        entities = [(entity.number, entity.name, entity.parent, count) for entity in layout.entities]
        connection.executemany("INSERT INTO Z_PRIMARYKEY VALUES (?, ?, ?, ?)", entities)
        metadata = plistlib.dumps({"PLModelVersion": layout.model_version}, fmt=plistlib.FMT_BINARY)
        connection.execute("INSERT INTO Z_METADATA VALUES (1, 'store', ?)", (metadata,))
        connection.execute("INSERT INTO Z_MODELCACHE VALUES (?)", (model_cache_content(layout),))
        for name, columns in _FOR_OTHERS.items():
            connection.execute(f"CREATE TABLE {name} (Z_PK INTEGER PRIMARY KEY, {', '.join(columns.split())})")
        masters = (_master(asset) for asset in all_of() if not asset.local)
        for name, rows in (
            ("ZASSET", map(_asset, all_of())),
            ("ZADDITIONALASSETATTRIBUTES", map(_additional, all_of())),
            ("ZEXTENDEDATTRIBUTES", map(_extended, all_of())),
            ("ZCLOUDMASTER", masters),
            ("ZINTERNALRESOURCE", (row for asset in all_of() for row in _resources(asset))),
        ):
            _insert(connection, name, layout.columns(name), rows)
        root = {"Z_PK": 1, "ZKIND": 3999, "ZUUID": Asset(0).uuid, "ZTRASHEDSTATE": 0}
        _insert(connection, "ZGENERICALBUM", layout.columns("ZGENERICALBUM"), [root])
        _history(connection, layout, count)
        connection.execute("COMMIT")
        # As backups of iOS 18 and later hold it: compacted, so that nothing is left to search for deleted rows.
        connection.execute("VACUUM")
        connection.execute("PRAGMA journal_mode = WAL")


def assets(count: int, extension: str = "JPG", small_by: int | None = None) -> Iterator[Asset]:
    """So many assets, in order."""
    return (Asset(number, extension, small_by) for number in range(1, count + 1))


def _insert(
    connection: sqlite3.Connection, table: str, columns: Container[str], rows: Iterable[dict[str, Any]]
) -> None:
    """Insert rows of one kind, without the columns that the table does not have."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    names = [name for name in first if name in columns]
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
    connection.execute(sql, first)
    connection.executemany(sql, rows)


def _asset(asset: Asset) -> dict[str, Any]:
    return {
        "Z_PK": asset.number,
        "Z_ENT": 3,
        "ZUUID": asset.uuid,
        "ZDIRECTORY": asset.directory,
        "ZFILENAME": f"{asset.stem}.{asset.extension}",
        "ZUNIFORMTYPEIDENTIFIER": _TYPES[asset.extension],
        "ZDATECREATED": asset.created,
        "ZADDEDDATE": asset.created + 2,
        "ZMODIFICATIONDATE": asset.created + 3,
        "ZTRASHEDSTATE": int(asset.trashed),
        "ZTRASHEDDATE": asset.created + 86_400 if asset.trashed else None,
        "ZHIDDEN": int(asset.hidden),
        "ZFAVORITE": 0,
        "ZCOMPLETE": 1,
        "ZVISIBILITYSTATE": 0,
        "ZKIND": int(asset.video),
        "ZKINDSUBTYPE": 2 if asset.live else 0,
        "ZPLAYBACKSTYLE": 3 if asset.live else 1,
        "ZMEDIAGROUPUUID": asset.group_uuid,
        "ZDURATION": 12.5 if asset.video else 0.0,
        "ZWIDTH": 4032 if asset.small_by is None else 1600,
        "ZHEIGHT": 3024 if asset.small_by is None else 1200,
        "ZLATITUDE": 52.5163,
        "ZLONGITUDE": 13.3777,
        "ZSAVEDASSETTYPE": 3,
        "ZADJUSTMENTSSTATE": 2 if asset.edited else 0,
        "ZCLOUDLOCALSTATE": int(not asset.local),
        "ZCLOUDDELETESTATE": 0,
        "ZCLOUDASSETGUID": asset.uuid,
        "ZTHUMBNAILINDEX": asset.number - 1,
        "ZBUNDLESCOPE": 0,
        "ZADDITIONALATTRIBUTES": asset.number,
        "ZEXTENDEDATTRIBUTES": asset.number,
        "ZMASTER": None if asset.local else asset.number,
    }


def _additional(asset: Asset) -> dict[str, Any]:
    return {
        "Z_PK": asset.number,
        "ZASSET": asset.number,
        "ZORIGINALFILENAME": asset.original,
        "ZIMPORTEDBYBUNDLEIDENTIFIER": asset.bundle,
        "ZIMPORTEDBY": asset.imported_by,
        "ZTIMEZONENAME": "Europe/Berlin",
        "ZTIMEZONEOFFSET": 7200,
        "ZORIGINALFILESIZE": 2_000_000,
        "ZUPLOADATTEMPTS": 0,
    }


def _extended(asset: Asset) -> dict[str, Any]:
    return {"Z_PK": asset.number, "ZASSET": asset.number, "ZCAMERAMAKE": "Apple", "ZCAMERAMODEL": "iPhone 14"}


def _master(asset: Asset) -> dict[str, Any]:
    return {"Z_PK": asset.number, "ZCLOUDLOCALSTATE": 3, "ZORIGINALFILENAME": asset.original}


def _resources(asset: Asset) -> Iterator[dict[str, Any]]:
    state = {"ZVERSION": 0, "ZRECIPEID": 0, "ZCLOUDLOCALSTATE": 0 if asset.local else 3, "ZTRASHEDSTATE": 0}
    here = {
        "ZLOCALAVAILABILITY": 1 if asset.local else -1,
        "ZREMOTEAVAILABILITY": int(not asset.local),
        "ZDATALENGTH": 2_000_000,
    }
    own = {"ZASSET": asset.number}
    yield own | state | here | {"ZRESOURCETYPE": int(asset.video), "ZDATASTORESUBTYPE": 1}
    if asset.live:
        yield own | state | here | {"ZRESOURCETYPE": 3, "ZDATASTORESUBTYPE": 18}
    yield own | state | here | {"ZRESOURCETYPE": 0, "ZDATASTORESUBTYPE": 5, "ZLOCALAVAILABILITY": 1}


def _history(connection: sqlite3.Connection, layout: layouts.Layout, count: int) -> None:
    entity = layout.entity("Asset")
    number = entity.number if entity else 3
    bits = changed_columns(layout, ("modificationDate",))
    texts = ("PhotoKit changes: com.apple.camera (camera) (fs=NO)", "assetsd", "com.apple.assetsd")
    connection.executemany("INSERT INTO ATRANSACTIONSTRING (Z_PK, ZNAME) VALUES (?, ?)", enumerate(texts, 1))
    columns = "Z_PK, ZTIMESTAMP, ZCONTEXTNAMETS, ZPROCESSIDTS, ZBUNDLEIDTS"
    sql = f"INSERT INTO ATRANSACTION ({columns}) VALUES (?, ?, 1, 2, 3)"
    connection.executemany(sql, ((asset.number, asset.created + 2) for asset in assets(count)))
    changes = ((kind, number, at, at, bits if kind else None) for at in range(1, count + 1) for kind in (0, 1, 1))
    sql = "INSERT INTO ACHANGE (ZCHANGETYPE, ZENTITY, ZENTITYPK, ZTRANSACTIONID, ZCOLUMNS) VALUES (?, ?, ?, ?, ?)"
    connection.executemany(sql, changes)
