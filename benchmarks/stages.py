"""The stages of the benchmark: which backups each needs, and what it runs in turn, round by round."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import children
from benchmarks.samples import Stage
from benchmarks.shapes import PASSPHRASE, Shape, clear_copies, folder_of

DECRYPTERS = ("iphone-backup-decrypt", "mvt", "pyiosbackup", "iOSbackup")
SMALL_HEIC, LARGE_HEIC = (480, 360), (4032, 3024)
# Bytes of noise in originals by turns: a small picture to a short movie, 3.5 MB on average.
_ORIGINALS = (300_000, 1_500_000, 2_500_000, 4_000_000, 9_000_000)
_FILES_FOR_ONE = 10  # manifest rows for each asset of an extraction
_NO_COOLING = "this system does not empty its cache when it is asked to"
FILES_FOR_ONE_PHOTO = 5  # and of a scan from the disk
_ONCE_FROM = 300_000  # rows; so large a backup is scanned once
_HELPS = 5  # starts in each round


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large everything is; `growth` are manifest rows and assets, `movie` is in MB."""

    assets: int
    files: int
    originals: int
    movie: int
    previews: int
    rounds: int
    cold: int
    large: int
    growth: tuple[tuple[int, int], ...]

    def numbers(self) -> dict[str, int]:
        """What the page says about them."""
        return {
            name: getattr(self, name)
            for name in ("assets", "files", "originals", "movie", "previews", "rounds", "cold", "large")
        }


@dataclass(frozen=True, slots=True)
class Bench:
    """Where backups and results lie, how large everything is, and the interpreters that other tools are in."""

    work: Path
    sizes: Sizes
    peers: tuple[str, ...]

    @property
    def results(self) -> Path:
        """The folder with one file for each stage."""
        return self.work / "results"

    def backup(self, shape: Shape) -> Path:
        """A backup, built if it is not there yet, in a process of its own."""
        children.outside((sys.executable, "-m", "benchmarks.synthetic", str(self.work), shape.to_json()))
        return folder_of(self.work, shape)

    def warm(self, shape: Shape) -> Path:
        """The same, read once, so that it lies in the system's cache."""
        backup = self.backup(shape)
        children.job("warm", backup)
        return backup

    def file(self, name: str) -> Path:
        """A file or folder that the next piece of work may write."""
        path = self.work / "out" / name
        path.parent.mkdir(exist_ok=True)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        return path


def shapes(name: str, sizes: Sizes) -> list[Shape]:
    """The backups of a stage."""
    if name == "extraction":
        large = _large(sizes.originals, sizes)
        return [large, _encrypted(large)]
    if name == "disk":
        single = Shape(sizes.cold, sizes.cold * FILES_FOR_ONE_PHOTO)
        return [single, _encrypted(single)]
    if name == "large":
        return [_encrypted(_large(sizes.large, sizes))] if sizes.large else []
    if name == "scan":
        plain = Shape(sizes.assets, sizes.files, linked=True)
        return [plain, _encrypted(plain)]
    if name == "growth":
        return [Shape(assets, rows, linked=True) for rows, assets in sizes.growth]
    if name == "previews":
        return [Shape(sizes.previews, sizes.previews * 3, heic=size) for size in (SMALL_HEIC, LARGE_HEIC)]
    return []


def _large(originals: int, sizes: Sizes) -> Shape:
    many = originals * _FILES_FOR_ONE
    return Shape(originals, many, original_bytes=_ORIGINALS, movie_bytes=sizes.movie * 1_000_000)


def _encrypted(shape: Shape) -> Shape:
    return Shape.from_json(shape.to_json().replace('"encrypted": false', '"encrypted": true'))


def _rounds(bench: Bench, stage: Stage) -> Iterator[int]:
    """Number of each round; what was written before is on the disk, what it measures is saved."""
    for number in range(bench.sizes.rounds):
        os.sync()
        yield number
        stage.save(bench.results)


def start_up(bench: Bench, stage: Stage) -> None:
    """`--help`, from the start of the process to its end; Python alone beside it."""
    for _ in _rounds(bench, stage):
        for _ in range(_HELPS):
            stage.add("python", children.outside((sys.executable, "-c", "pass")))
            stage.add("help", children.program("--help"))


def extraction(bench: Bench, stage: Stage) -> None:
    """Copies, extractions and the tools that decipher, of the same files."""
    plain, encrypted = (bench.warm(shape) for shape in shapes("extraction", bench.sizes))
    listed = bench.file("list.json")
    children.job("list", encrypted, listed)
    for _ in _rounds(bench, stage):
        for kind, backup in (("plain", plain), ("encrypted", encrypted)):
            for what, job in _writing(backup, bench.file("files"), listed):
                os.sync()
                stage.add(f"{what} {kind}", children.job(*job)[0])
        for tool in DECRYPTERS:
            os.sync()
            _peer(bench, stage, tool, encrypted, listed)


def _writing(backup: Path, out: Path, listed: Path, *how: str) -> Iterator[tuple[str, tuple[object, ...]]]:
    """What writes the same files, and the arguments of its job; `how` is one more for the extraction."""
    yield "copy", ("copy", backup, out, listed)
    yield "copy, flushed", ("copy", backup, out, listed, "durable")
    yield "extract", ("extract", backup, out, *how)


def scan(bench: Bench, stage: Stage) -> None:
    """Floor, whole library and FaceTime alone as JSON, text for people, osxphotos at the same photo library."""
    backups = [bench.warm(shape) for shape in shapes("scan", bench.sizes)]
    nothing = bench.file("nothing.json")
    nothing.write_text("[]")
    for _ in _rounds(bench, stage):
        for kind, backup in zip(("plain", "encrypted"), backups, strict=True):
            stage.add(f"floor {kind}", children.job("floor", backup)[0])
            _inventory(bench, stage, f"whole {kind}", backup)
            _inventory(bench, stage, f"FaceTime {kind}", backup, "--facetime")
            out = bench.file("scan.txt")
            stage.add(f"text {kind}", children.program("scan", str(backup), "--quiet", "-o", str(out)))
        _peer(bench, stage, "osxphotos", clear_copies(backups[0])[1].parent.parent, nothing)


def disk(bench: Bench, stage: Stage) -> None:
    """Scans of backups of whose bytes nothing is cached and each blob is a file of its own."""
    if not hasattr(os, "posix_fadvise"):
        stage.left_out["scans from the disk"] = _NO_COOLING
        return
    backups = [bench.backup(shape) for shape in shapes("disk", bench.sizes)]
    for _ in _rounds(bench, stage):
        for kind, backup in zip(("plain", "encrypted"), backups, strict=True):
            for what, options in (("whole", ()), ("FaceTime", ("--facetime",))):
                children.job("cool", backup)
                _inventory(bench, stage, f"{what} {kind}", backup, *options)


def large(bench: Bench, stage: Stage) -> None:
    """Copies and an extraction from the disk, of more than memory holds; left out unless a size is given."""
    if not hasattr(os, "posix_fadvise"):
        stage.left_out["an extraction from the disk"] = _NO_COOLING
        return
    for backup in map(bench.backup, shapes("large", bench.sizes)):
        listed, out = bench.file("list.json"), bench.file("files")
        children.job("list", backup, listed)
        for _ in _rounds(bench, stage):
            for what, job in _writing(backup, out, listed, "cool"):
                children.job("cool", backup)
                stage.add(f"{what} encrypted", children.job(*job)[0])


def growth(bench: Bench, stage: Stage) -> None:
    """Floor and whole library of larger and larger backups."""
    points = shapes("growth", bench.sizes)
    for number in _rounds(bench, stage):
        for shape in points:
            if number == 0 or shape.files < _ONCE_FROM:
                backup, name = bench.warm(shape), f"{shape.files}:{shape.assets}"
                floor = children.job("floor", backup)[0]
                try:
                    _inventory(bench, stage, f"whole {name}", backup)
                except children.ChildError as error:  # too large for this machine
                    stage.left_out[f"{shape.files:,} rows with {shape.assets:,} assets"] = str(error)
                else:
                    stage.add(f"floor {name}", floor)
                stage.save(bench.results)


def previews(bench: Bench, stage: Stage) -> None:
    """Small previews alone, the same again, and small and large ones; of FaceTime's size and of a camera's."""
    backups = [bench.warm(shape) for shape in shapes("previews", bench.sizes)]
    for _ in _rounds(bench, stage):
        for kind, backup in zip(("small HEIC", "12 MP HEIC"), backups, strict=True):
            folder = bench.file("previews")
            stage.add(f"first, {kind}", children.job("previews", backup, folder, "small", "keep")[0])
            stage.add(f"again, {kind}", children.job("previews", backup, folder, "small")[0])
        stage.add("both, small HEIC", children.job("previews", backups[0], bench.file("previews"), "both")[0])


def _inventory(bench: Bench, stage: Stage, name: str, backup: Path, *options: str) -> None:
    out = bench.file("inventory.json")
    stage.add(name, children.program("scan", str(backup), "--json", "--quiet", "-o", str(out), *options))
    out.unlink()


def _peer(bench: Bench, stage: Stage, tool: str, backup: Path, listed: Path) -> None:
    """Run another tool with the first interpreter that has it; one that does not run is left out, and why."""
    if tool in stage.left_out:
        return
    for interpreter in (sys.executable, *bench.peers):
        parts = (str(backup), str(bench.file("files")), str(listed), PASSPHRASE)
        try:
            sample, told = children.inside((interpreter, str(children.ROOT / "benchmarks" / "peers.py"), tool, *parts))
        except children.ChildError as error:
            reason = str(error).removeprefix("importlib.metadata.")
            # Where one interpreter has it and it fails, that is the reason to tell.
            if tool not in stage.left_out or "PackageNotFoundError" not in reason:
                stage.left_out[tool] = reason
            continue
        stage.left_out.pop(tool, None)
        stage.add(f"{tool} {told['version']}", sample)
        return


STAGES: dict[str, Callable[[Bench, Stage], None]] = {
    "start-up": start_up,
    "extraction": extraction,
    "scan": scan,
    "disk": disk,
    "large": large,
    "previews": previews,
    "growth": growth,
}
"""In the order in which they are run, the longest last."""
