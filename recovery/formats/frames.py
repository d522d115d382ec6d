"""Take single frames out of a movie: the still's, or the sharpest; always an extra, never the original."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image, ImageFilter, ImageStat

from recovery import limits
from recovery.errors import MissingExtraError, UnreadableFileError
from recovery.memory import refuse_without

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_MEASURED_SIDE = 480
"""Pixels of the longer side at which sharpness is measured, so that noise in large frames does not count."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame, upright, with its moment in seconds from the start of the movie."""

    image: Image.Image
    seconds: float


def frame_near(stream: BinaryIO, seconds: float | None) -> Frame:
    """The frame shown at a moment, or the middle one when no moment is known.

    Raises MissingExtraError without PyAV, UnreadableFileError when no frame can be decoded.
    """
    frames = list(_moments(stream)) if seconds is None else []
    wanted = seconds if seconds is not None else (frames[len(frames) // 2] if frames else 0.0)
    stream.seek(0)
    best: Frame | None = None
    for frame in _frames(stream):
        if best is None or abs(frame.seconds - wanted) < abs(best.seconds - wanted):
            best = frame
        elif frame.seconds > wanted:
            break
    return _found(best)


def sharpest_frame(stream: BinaryIO) -> Frame:
    """The frame with the strongest edges; raises as `frame_near`."""
    best: Frame | None = None
    sharpest = -1.0
    for frame in _frames(stream):
        value = sharpness(frame.image)
        if value > sharpest:
            best, sharpest = frame, value
    return _found(best)


def sharpness(image: Image.Image) -> float:
    """How strongly neighbouring pixels differ: the variance of the edges of a grey copy; larger is sharper."""
    grey = image.convert("L")
    grey.thumbnail((_MEASURED_SIDE, _MEASURED_SIDE))
    edges = grey.filter(ImageFilter.FIND_EDGES)
    # The filter marks the outermost pixels as edges of the picture itself.
    inner = edges.crop((1, 1, max(2, edges.width - 1), max(2, edges.height - 1)))
    return float(ImageStat.Stat(inner).var[0])


def _found(frame: Frame | None) -> Frame:
    if frame is None:
        raise UnreadableFileError("The movie holds no frame that can be decoded.")
    return frame


def _frames(stream: BinaryIO) -> Iterator[Frame]:
    for frame in _decoded(stream):
        yield Frame(_upright(frame), float(frame.time or 0.0))


def _moments(stream: BinaryIO) -> Iterator[float]:
    for frame in _decoded(stream):
        yield float(frame.time or 0.0)


def _decoded(stream: BinaryIO) -> Iterator[VideoFrame]:
    """Frames of the first video track, within limits of number and size."""
    refuse_without(limits.MOVIE_DECODER_BYTES)
    try:
        import av  # late and optional: it brings a whole media library
    except ImportError as error:
        raise MissingExtraError(
            f"Taking frames out of movies needs the package PyAV ({error}).", "Install recover-facetime[frames]."
        ) from error
    try:
        # The format is given: left to guess, the library would also try play lists, which name other places.
        with av.open(stream, mode="r", format="mov", metadata_errors="replace") as container:
            if not container.streams.video:
                return
            track = container.streams.video[0]
            if track.width * track.height > limits.IMAGE_PIXELS:
                raise UnreadableFileError("The movie's frames are larger than any real ones.")
            for number, frame in enumerate(container.decode(track)):
                if number >= limits.MOVIE_FRAMES:
                    return
                yield frame
    except (av.error.FFmpegError, OSError, ValueError, EOFError, MemoryError) as error:
        raise UnreadableFileError("The movie cannot be decoded.") from error


def _upright(frame: VideoFrame) -> Image.Image:
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    turned = int(getattr(frame, "rotation", 0) or 0) % 360
    return image.rotate(turned, expand=True) if turned else image
