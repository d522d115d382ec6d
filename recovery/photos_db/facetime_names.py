"""The file names FaceTime gives the halves of its Live Photos: one rule for libraries, attributes and Messages.

Seen on 78 public stills and 10 public videos (docs/facetime.md): a still is `lp_image.HEIC`, converted ones end
in .jpg, .jpeg or .png; its video is `lp_image.MOV` or `.MP4`. Only in transit is the video called `lp_movie`.
Copies carry a number: `lp_image (1)`, `lp_image(12)`, `lp_image 2`, `lp_image_2`, `lp_image1`, `lp_image-1`.
"""

from __future__ import annotations

import re

_COPY = r"(?:[ _-]?\d{1,4}|[ _]?\(\d{1,4}\))?"
_NAME = re.compile(
    rf"lp_(?:image{_COPY}\.(?:heic|heif|jpe?g|png|mov|mp4)|movie{_COPY}\.(?:mov|mp4))", re.IGNORECASE | re.ASCII
)
_STILL, _IN_TRANSIT = "lp_image", "lp_movie"


def is_facetime_name(name: str) -> bool:
    """Whether a file name is one that FaceTime gives, also with a copy's number."""
    # Nearly every name of a library fails the first comparison, which is the cheap one.
    return name[:3].lower() == "lp_" and _NAME.fullmatch(name) is not None


def shared_stem(stem: str) -> str:
    """The stem in lower case, as both halves of a FaceTime Live Photo have it: that of the still."""
    folded = stem.casefold()
    return _STILL + folded.removeprefix(_IN_TRANSIT) if folded.startswith(_IN_TRANSIT) else folded
