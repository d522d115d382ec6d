"""Which synthetic backup is meant, and where it lies; imports little, so that the parent stays small."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

PASSPHRASE = "benchmark"
UDID = "00008110-000A1B2C3D4E801E"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a backup is to hold: assets, all files of the manifest together, and what the files contain.

    Every file has its blob. Pictures and movies are real and tiny, enough for a scan; `linked` makes blobs of the
    same content names of one file, so that a million take no room. `original_bytes` appends noise to originals, by
    turns; one video gets `movie_bytes`. `heic` makes photos HEIC of that size, without the phone's thumbnails.
    `imported_by` makes all assets small still pictures that were saved by whom this code names.
    """

    assets: int
    files: int
    encrypted: bool = False
    linked: bool = False
    original_bytes: tuple[int, ...] = ()
    movie_bytes: int = 0
    heic: tuple[int, int] | None = None
    imported_by: int | None = None

    @property
    def name(self) -> str:
        """A folder name."""
        parts: list[object] = ["encrypted" if self.encrypted else "plain", self.assets, self.files]
        parts += ["linked"] * self.linked + ["large"] * bool(self.original_bytes) + list(self.heic or ())
        parts += [] if self.imported_by is None else ["imported", self.imported_by]
        return "-".join(map(str, parts))

    @property
    def extension(self) -> str:
        """Of photos."""
        return "HEIC" if self.heic else "JPG"

    def to_json(self) -> str:
        """As a job takes it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Shape:
        """The opposite."""
        values = json.loads(text)
        sizes, heic = tuple(values["original_bytes"]), values["heic"]
        return cls(**(values | {"original_bytes": sizes, "heic": tuple(heic) if heic else None}))


def folder_of(root: Path, shape: Shape) -> Path:
    """Where `build` puts a backup."""
    return root / shape.name / UDID


def clear_copies(backup: Path) -> tuple[Path, Path]:
    """Plain copies of Manifest.db and of Photos.sqlite, beside the backup; the latter in a folder PhotoData."""
    clear = backup.parent / "clear"
    return clear / "Manifest.db", clear / "PhotoData" / "Photos.sqlite"


def file_id(domain: str, path: str) -> str:
    """The name of a blob."""
    return hashlib.sha1(f"{domain}-{path}".encode()).hexdigest()
