"""What the files of a synthetic backup contain: a few real pictures and movies, with noise behind them."""

from __future__ import annotations

import io
import plistlib
import random
from dataclasses import replace
from functools import lru_cache

import pillow_heif
from PIL import Image

from fixtures import movies, pictures
from fixtures.exif import exif_block

_VARIANTS = 4  # small pictures; a large one takes a second to encode
_THUMBNAIL = 320  # longer side in pixels of the one inside a HEIC of a camera
_CAMERA_WIDTH = 2000  # pixels; FaceTime's own stills are smaller and hold no thumbnail
_GRAIN = 8  # levels of noise in a HEIC


def pool(sizes: tuple[int, ...], movie_bytes: int, heic: tuple[int, int] | None) -> dict[str, bytes]:
    """Contents by name: "jpg", "mov", "thumb", "adjustments", "other", or several with a number behind it."""
    picture = pictures.encode("benchmark", 32, 24, "photo", "JPEG", pictures.CAMERA)
    movie = movies.movie("benchmark", 32, 24, "photo", movies.MovieFacts((), still_image_time=True, created=0))
    found = {"jpg": picture, "mov": movie, "thumb": picture[:200], "other": b"nothing to see here"}
    found["adjustments"] = plistlib.dumps({"adjustmentFormatIdentifier": "com.apple.photo"})
    for number, size in enumerate(sizes):
        noise = random.Random(size).randbytes(size)
        found[f"jpg {number}"], found[f"mov {number}"] = picture + noise, movie + noise
    if movie_bytes:
        found["movie"] = movie + random.Random(0).randbytes(movie_bytes)
    if heic:
        variants = 1 if heic[0] >= _CAMERA_WIDTH else _VARIANTS
        found |= {f"heic {number}": _heic(number, *heic) for number in range(variants)}
    return found


def turns(found: dict[str, bytes], kind: str) -> tuple[str, ...]:
    """The names of all contents of a kind."""
    return _turns(tuple(found), kind)


@lru_cache(maxsize=64)
def _turns(names: tuple[str, ...], kind: str) -> tuple[str, ...]:
    return tuple(name for name in names if name.startswith(f"{kind} ")) or (kind,)


def _heic(number: int, width: int, height: int) -> bytes:
    """A drawn picture with grain, so that its decoder has something to do."""
    drawn = pictures.draw(f"benchmark {number}", width, height, "facetime")
    grain = Image.frombytes("L", (width, height), random.Random(number).randbytes(width * height))
    grain = grain.point(lambda level: level * _GRAIN // 256)
    image = Image.merge("RGB", [Image.blend(band, grain, 0.15) for band in drawn.split()])
    heif = pillow_heif.from_pillow(image)
    if width >= _CAMERA_WIDTH:
        boxes: list[int | None] = [_THUMBNAIL]
        heif[0].info["thumbnails"] = boxes
    facts = pictures.CAMERA if width >= _CAMERA_WIDTH else replace(pictures.FACETIME, orientation=1)
    buffer = io.BytesIO()
    heif.save(buffer, quality=60, exif=exif_block(facts), enc_params={"preset": "ultrafast"})
    return buffer.getvalue()
