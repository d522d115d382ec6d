"""The one writer: planted links and special files lead nowhere, names appear whole, permissions stay."""

from __future__ import annotations

import ast
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fixtures import BackupBuilder
from recovery.errors import OutputError
from recovery.extraction.folder import STATE_FOLDER
from recovery.extraction.journal import JOURNAL
from recovery.output import TEMPORARY_NAME, Evidence, NewFile, OutputDirectory, open_answer, replacing
from tests.every_command import ROOT, Ended, ended, environment, inside, started
from tests.extraction_tools import small_photos

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and permissions of POSIX")
Untouched = Callable[[Path], None]

ANSWERS = {
    "scan": ("scan", "{backup}", "--json", "-o", "{file}"),
    "scan csv": ("scan", "{backup}", "--all", "--format", "csv", "-o", "{file}"),
    "diagnose": ("diagnose", "{backup}", "--json", "-o", "{file}"),
    "timeline": ("timeline", "{backup}", "--all", "--format", "timesketch", "-o", "{file}"),
    "compare": ("compare", "{backup}", "{backup}", "--json", "-o", "{file}"),
    "report": ("report", "{backup}", "{file}"),
}
"""Every command that writes a file whose name it is given."""
answers = pytest.mark.parametrize("line", ANSWERS.values(), ids=ANSWERS)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A small backup of its own for each test, as links to it are planted."""
    builder = BackupBuilder().with_live_photo("IMG_0001").with_photo("IMG_0002").hidden()
    return builder.build(tmp_path / "backups")


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """Where the user works."""
    folder = tmp_path / "room"
    folder.mkdir()
    return folder


def filled(line: tuple[str, ...], backup: Path, file: Path) -> list[str]:
    """A command line with its paths."""
    return [part.format(backup=backup, file=file) for part in line]


def left(folder: Path) -> set[str]:
    """Unfinished files that were left behind."""
    return {path.name for path in folder.rglob("*") if TEMPORARY_NAME.fullmatch(path.name)}


# -- planted links -----------------------------------------------------------------------------------


@answers
@pytest.mark.parametrize("kind", ["link", "hard link", "file of the user"])
def test_a_file_beside_the_output_is_nobodys_business(
    line: tuple[str, ...], kind: str, backup: Path, room: Path, untouched: Untouched
) -> None:
    """`FILE.part` was the name of unfinished files once: a link there led into the evidence."""
    target, beside = room / "answer.html", room / "answer.html.part"
    if kind == "link":
        beside.symlink_to(backup / "Info.plist")
    elif kind == "hard link":
        os.link(backup / "Status.plist", beside)
    else:
        beside.write_text("mine")
    state, data = beside.lstat(), beside.read_bytes()
    untouched(backup.parent)
    assert inside(filled(line, backup, target)).code in (0, 3)
    assert target.stat().st_size > 100 and not left(room)
    assert (beside.lstat().st_ino, beside.lstat().st_mode, beside.read_bytes()) == (
        state.st_ino,
        state.st_mode,
        data,
    )


@answers
@pytest.mark.parametrize("place", ["link", "hard link", "linked folder", "linked link"])
def test_an_output_that_is_evidence_under_another_name_is_refused(
    line: tuple[str, ...], place: str, backup: Path, room: Path, untouched: Untouched
) -> None:
    """Losing one of its hard links would change what the system keeps of a file, so that is refused too."""
    target = room / "answer.html"
    if place == "link":
        target.symlink_to(backup / "new.html")
    elif place == "hard link":
        os.link(backup / "Info.plist", target)
    elif place == "linked folder":
        (room / "folder").symlink_to(backup)
        target = room / "folder" / "answer.html"
    else:
        (room / "second.html").symlink_to(backup / "Info.plist")
        target.symlink_to("second.html")
    untouched(backup.parent)
    ending = inside(filled(line, backup, target))
    assert ending.code == 1 and b"What to do:" in ending.errors and b"Traceback" not in ending.errors
    assert not left(room)


@answers
def test_another_backup_is_evidence_too(
    line: tuple[str, ...], backup: Path, tmp_path: Path, room: Path, untouched: Untouched
) -> None:
    """One that this run does not read, also through a link."""
    other = BackupBuilder(udid="0" * 40).with_photo("IMG_0001").build(tmp_path / "others")
    (room / "link").symlink_to(other)
    untouched(other.parent)
    for target in (other / "answer.html", room / "link" / "answer.html", other / "new" / "answer.html"):
        ending = inside(filled(line, backup, target))
        assert ending.code == 1 and b"inside the backup" in ending.errors


_MOUNTED = 'mount --bind "$0" "$1" && shift && exec "$@"'


def _refuses_mounts(folder: Path) -> bool:
    probe = ["unshare", "--mount", "mount", "--bind", str(folder), str(folder)]
    return shutil.which("unshare") is None or bool(subprocess.run(probe, capture_output=True).returncode)


def test_a_folder_of_the_backup_mounted_elsewhere_is_evidence(backup: Path, room: Path, untouched: Untouched) -> None:
    """No path tells that, only the folder's number."""
    if sys.platform != "linux" or os.geteuid() != 0 or _refuses_mounts(room):
        pytest.skip("only root on Linux can mount a folder elsewhere")
    blobs = next(path for path in sorted(backup.iterdir()) if path.is_dir())
    untouched(backup.parent)
    for line, file in ((ANSWERS["scan"], room / "answer.json"), (("extract", "{backup}", "{file}"), room / "out")):
        before = ["unshare", "--mount", "sh", "-c", _MOUNTED, str(blobs), str(room)]
        arguments = filled(line, backup, file)
        ending = ended(started(arguments, environment(temporary=backup.parent.parent), before))
        assert ending.code == 1 and b"inside the backup" in ending.errors


@pytest.mark.parametrize("name", [JOURNAL, "lock"])
@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "folder"])
def test_files_of_the_extraction_are_its_own(
    name: str, kind: str, backup: Path, room: Path, untouched: Untouched
) -> None:
    """What is written in place is no link, no second name of a file of the backup, and is not waited for."""
    planted = room / "out" / STATE_FOLDER / name
    planted.parent.mkdir(parents=True)
    if kind == "link":
        planted.symlink_to(backup / "Info.plist")
    elif kind == "hard link":
        os.link(backup / "Info.plist", planted)
    elif kind == "pipe":
        os.mkfifo(planted)
    else:
        planted.mkdir()
    untouched(backup.parent)
    ending = inside(["extract", str(backup), str(room / "out"), "--all"])
    assert ending.code == 1 and name.encode() in ending.errors and b"Remove it" in ending.errors


def test_a_planted_draft_of_the_journal_is_not_followed(backup: Path, room: Path, untouched: Untouched) -> None:
    """Its old name was written through; and what a killed run left there is removed."""
    planted = room / "out" / STATE_FOLDER / f".recover-facetime-{'0' * 16}.part"
    planted.parent.mkdir(parents=True)
    planted.symlink_to(backup / "Info.plist")
    untouched(backup.parent)
    assert inside(["extract", str(backup), str(room / "out"), "--all"]).code == 0
    assert not os.path.lexists(planted)


@pytest.mark.parametrize("place", [STATE_FOLDER, "Library", "FaceTime", "Hidden", "Library/2024"])
def test_a_planted_folder_leads_nowhere(place: str, backup: Path, room: Path, untouched: Untouched) -> None:
    """A link in place of a folder of the output."""
    planted = room / "out" / place
    planted.parent.mkdir(parents=True)
    planted.symlink_to(backup)
    untouched(backup.parent)
    ending = inside(["extract", str(backup), str(room / "out"), "--all"])
    assert ending.code in (0, 1, 3) and b"Traceback" not in ending.errors


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe"])
def test_overwriting_everything_spares_evidence_and_special_files(
    kind: str, backup: Path, room: Path, untouched: Untouched
) -> None:
    """--overwrite always replaces ordinary files and links; what it may not replace is a failure that says why."""
    out = room / "out"
    assert inside(["extract", str(backup), str(out), "--all"]).code == 0
    target = next(path for path in sorted(out.rglob("*IMG_0001.HEIC")))
    good = target.read_bytes()
    target.unlink()
    if kind == "link":
        target.symlink_to(backup / "Info.plist")
    elif kind == "hard link":
        os.link(backup / "Info.plist", target)
    else:
        os.mkfifo(target)
    untouched(backup.parent)
    ending = inside(["extract", str(backup), str(out), "--all", "--overwrite", "always", "--no-report"])
    if kind == "link":
        assert ending.code == 0 and not target.is_symlink() and target.read_bytes() == good
    else:
        assert ending.code == 3 and b"this name" in ending.output
        assert stat.S_ISFIFO(target.lstat().st_mode) or target.samefile(backup / "Info.plist")


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe"])
def test_planted_previews_lead_nowhere(kind: str, backup: Path, room: Path, untouched: Untouched) -> None:
    """The folder of previews may hold anything by the time of the second report."""
    page, folder = room / "page.html", room / "page_files"
    assert inside(["report", str(backup), str(page)]).code == 0
    for number, preview in enumerate(sorted(folder.iterdir())):
        preview.unlink()
        if kind == "link":
            preview.symlink_to(backup / "Info.plist")
        elif kind == "hard link":
            os.link(sorted(backup.glob("??/*"))[number], preview)
        else:
            os.mkfifo(preview)
    untouched(backup.parent)
    ending = inside(["report", str(backup), str(page)])
    assert ending.code in (0, 1) and b"Traceback" not in ending.errors and not left(room)
    if kind == "pipe":
        assert all(stat.S_ISFIFO(path.lstat().st_mode) for path in folder.iterdir())


# -- somebody exchanges folders meanwhile ------------------------------------------------------------


@pytest.fixture
def exchanging(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Path], None]:
    """Exchange a folder for a link to another just before a file gets its name there."""

    def exchange(folder: Path, other: Path) -> None:
        real = os.replace

        def replaced(source: Any, target: Any, **where: Any) -> None:
            if folder.is_dir() and not folder.is_symlink():
                folder.rename(folder.with_name("moved away"))
                folder.symlink_to(other)
            real(source, target, **where)

        monkeypatch.setattr(os, "replace", replaced)

    return exchange


@answers
def test_a_folder_exchanged_for_a_link_is_not_followed(
    line: tuple[str, ...], backup: Path, room: Path, untouched: Untouched, exchanging: Callable[[Path, Path], None]
) -> None:
    """The file lies in the folder that was checked, wherever that is now."""
    folder = room / "folder"
    folder.mkdir()
    untouched(backup.parent)
    exchanging(folder, backup)
    ending = inside(filled(line, backup, folder / "answer.html"))
    assert ending.code == 1 and b"cannot be written" in ending.errors and folder.is_symlink()
    assert line[0] == "report" or b"moved or removed" in ending.errors


def test_a_folder_of_the_extraction_exchanged_for_a_link_is_not_followed(
    backup: Path, room: Path, untouched: Untouched, exchanging: Callable[[Path, Path], None]
) -> None:
    """As above, between the making of a folder and the naming of a file in it."""
    folder = room / "out" / "FaceTime"
    folder.mkdir(parents=True)
    untouched(backup.parent)
    exchanging(folder, backup)
    ending = inside(["extract", str(backup), str(room / "out"), "--all", "--no-report"])
    assert ending.code == 3 and folder.is_symlink()
    record = json.loads((room / "out" / "run.json").read_bytes())
    written = [item["target"] for item in record["files"] if item["state"] == "written"]
    assert written and all((room / "out" / target).is_file() for target in written)
    assert any("moved or removed" in item["reason"] for item in record["files"])


def test_a_folder_exchanged_while_it_is_opened_is_refused(
    backup: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the opening of a folder and the look at its path."""
    folder, real = room / "folder", os.open
    folder.mkdir()

    def opened(path: Any, *rest: Any, **named: Any) -> int:
        number = real(path, *rest, **named)
        if path == folder:
            folder.rename(room / "moved away")
            folder.mkdir()
        return number

    monkeypatch.setattr(os, "open", opened)
    with pytest.raises(OutputError, match="exchanged"):
        OutputDirectory(folder, Evidence(backup))


# -- pipes, devices, links, open files ---------------------------------------------------------------


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A backup and its CSV, which has no time of the run in it."""
    backup = small_photos(300).build(tmp_path_factory.mktemp("expected") / "backups")
    said = inside(["scan", str(backup), "--all", "--format", "csv"])
    assert said.code == 0 and len(said.output) > 65536, "more than a pipe holds"
    return backup, said.output


def scan_into(expected: tuple[Path, bytes], file: Path | str) -> list[str]:
    """The command that writes what is expected."""
    return ["scan", str(expected[0]), "--all", "--format", "csv", "-o", str(file)]


def test_a_pipe_is_written_into(expected: tuple[Path, bytes], room: Path) -> None:
    """Its reader gets every byte; it stays a pipe."""
    pipe, read = room / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert inside(scan_into(expected, pipe)).code == 0
    reader.join(60)
    assert read == [expected[1]] and stat.S_ISFIFO(pipe.lstat().st_mode)


def test_a_reader_of_a_pipe_that_leaves_ends_the_run_quietly(expected: tuple[Path, bytes], room: Path) -> None:
    """As with `| head`: a sentence, no traceback, and exit code 1."""
    pipe = room / "pipe"
    os.mkfifo(pipe)
    running = started(scan_into(expected, pipe), environment(temporary=room))
    with pipe.open("rb") as reader:
        reader.read(10)
    ending = ended(running)
    assert (ending.code, ending.output) == (1, b"")
    assert b"the program that read it has ended" in ending.errors and b"Traceback" not in ending.errors


@pytest.mark.parametrize("through", ["", "link"], ids=["device", "link to a device"])
def test_a_device_is_written_into(expected: tuple[Path, bytes], room: Path, through: str) -> None:
    """Not replaced: a device of our own stands for /dev/null, which nobody should lose to a failing test."""
    device = room / "null"
    try:
        os.mknod(device, stat.S_IFCHR | 0o644, os.makedev(1, 3))
        device.write_bytes(b"x")
    except OSError:
        pytest.skip("the system makes no devices here")
    target = device
    if through:
        target = room / "link"
        target.symlink_to("null")
    assert inside(scan_into(expected, target)).code == 0
    assert stat.S_ISCHR(device.lstat().st_mode) and stat.S_IMODE(device.lstat().st_mode) == 0o644
    assert sorted(path.name for path in room.iterdir()) == sorted({"null", target.name})


def test_a_full_device_is_an_error_with_its_reason(expected: tuple[Path, bytes], room: Path) -> None:
    """/dev/full refuses every byte."""
    device = room / "full"
    try:
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 7))
    except OSError:
        pytest.skip("the system makes no devices here")
    ending = inside(scan_into(expected, device))
    assert ending.code == 1 and b"No space left on device" in ending.errors and b"What to do:" in ending.errors
    assert stat.S_ISCHR(device.lstat().st_mode)


_NAMES = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link", "folder/1"]


@pytest.fixture
def unharmed(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, list[str]]:
    """A folder to work in, and what goes in front of a command so that it could not replace anything in /dev."""
    if os.geteuid() == 0:
        return request.getfixturevalue("common_room"), _AS_NOBODY
    return tmp_path, []


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("into", ["pipe", "file", "socket"])
def test_standard_output_by_its_name(unharmed: tuple[Path, list[str]], name: str, into: str) -> None:
    """Written into as if it had no name, behind what a file held before; nothing of that name is replaced."""
    if name.startswith("/proc") and sys.platform != "linux":
        pytest.skip("only Linux has /proc")
    room, before = unharmed
    backup = small_photos(300).build(room / "backups")
    expected = backup, inside(["scan", str(backup), "--all", "--format", "csv"]).output
    (room / "link").symlink_to("/dev/stdout")
    (room / "folder").symlink_to("/dev/fd")
    target = name if name.startswith("/") else room / name
    command = [*before, sys.executable, "-c", "from cli.main import run; run()", *scan_into(expected, target)]
    env = environment(temporary=room)
    if into == "file":
        with (room / "all").open("wb") as stream:
            stream.write(b"before\n")
            stream.flush()
            code = subprocess.run(command, stdout=stream, env=env, timeout=60).returncode
        assert (code, (room / "all").read_bytes()) == (0, b"before\n" + expected[1])
    elif into == "socket":
        ours, theirs = socket.socketpair()
        with closing(ours), subprocess.Popen(command, stdout=theirs, env=env) as running:
            theirs.close()
            with ours.makefile("rb") as stream:
                assert stream.read() == expected[1]
            assert running.wait(60) == 0
    else:
        done = subprocess.run(command, capture_output=True, env=env, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, expected[1], b"")
    assert (room / "link").is_symlink() and Path("/dev/stdout").is_symlink()


def test_an_open_file_of_the_caller_by_its_number(expected: tuple[Path, bytes], room: Path) -> None:
    """`-o /dev/fd/N`, as a shell's `>(command)` gives it."""
    reading, writing = os.pipe()
    command = [sys.executable, "-c", "from cli.main import run; run()", *scan_into(expected, f"/dev/fd/{writing}")]
    with subprocess.Popen(command, pass_fds=[writing], env=environment(temporary=room)) as running:
        os.close(writing)
        with os.fdopen(reading, "rb") as stream:
            assert stream.read() == expected[1]
        assert running.wait(60) == 0


@pytest.mark.parametrize("number", ["closed", "read only", "evidence"])
def test_an_open_file_that_takes_nothing_is_refused(
    number: str, backup: Path, room: Path, untouched: Untouched
) -> None:
    """A number nobody opened, one opened for reading, and one of a file of the backup."""
    (room / "mine").write_text("mine")
    untouched(backup.parent)
    if number == "closed":
        name = "/dev/fd/999999"
    else:
        stream = os.open(room / "mine" if number == "read only" else backup / "Info.plist", os.O_RDONLY)
        name = f"/dev/fd/{stream}"
    ending = inside(["scan", str(backup), "--json", "-o", name])
    assert ending.code == 1 and b"What to do:" in ending.errors and (room / "mine").read_text() == "mine"
    assert number != "evidence" or b"file of the backup" in ending.errors


@answers
def test_a_link_of_the_users_is_followed(line: tuple[str, ...], backup: Path, room: Path) -> None:
    """The file it names is written, an existing one and a new one; the link stays."""
    (room / "elsewhere").mkdir()
    link, target = room / "link.html", room / "elsewhere" / "answer.html"
    link.symlink_to("elsewhere/answer.html")
    for _ in range(2):
        assert inside(filled(line, backup, link)).code in (0, 3)
        assert link.is_symlink() and target.is_file() and not target.is_symlink() and not left(room)


def test_the_previews_of_a_linked_page_lie_beside_the_page(backup: Path, room: Path) -> None:
    """A browser that opens the page looks there."""
    (room / "elsewhere").mkdir()
    (room / "link.html").symlink_to("elsewhere/page.html")
    assert inside(["report", str(backup), str(room / "link.html")]).code == 0
    assert list((room / "elsewhere" / "page_files").iterdir()) and not (room / "link_files").exists()


@pytest.mark.parametrize("kind", ["folder", "socket", "block device", "circle", "missing folder", "file as folder"])
def test_an_output_that_cannot_be_is_named(kind: str, backup: Path, room: Path, untouched: Untouched) -> None:
    """A sentence and what to do; nothing is replaced, nothing is left."""
    target, says = room / "target", b"cannot be written"
    if kind == "folder":
        target.mkdir()
        says = b"is a folder"
    elif kind == "socket":
        with closing(socket.socket(socket.AF_UNIX)) as listening:
            os.chdir(room)  # their names are short
            listening.bind("target")
        says = b"special file"
    elif kind == "block device":
        try:
            os.mknod(target, stat.S_IFBLK | 0o600, os.makedev(7, 250))
        except OSError:
            pytest.skip("the system makes no devices here")
        says = b"special file"
    elif kind == "circle":
        target.symlink_to("target")
    elif kind == "missing folder":
        target = room / "nowhere" / "target"
    else:
        (room / "file").write_text("mine")
        target = room / "file" / "target"
    untouched(room)
    ending = inside(["scan", str(backup), "--json", "-o", str(target)])
    assert ending.code == 1 and says in ending.errors and b"What to do:" in ending.errors


def test_a_pipe_named_like_a_page_is_no_earlier_report(backup: Path, room: Path) -> None:
    """It is not waited for, and not replaced."""
    os.mkfifo(room / "page.html")
    ending = inside(["report", str(backup), str(room / "page.html")])
    assert ending.code == 1 and b"is not an earlier report" in ending.errors
    assert stat.S_ISFIFO((room / "page.html").lstat().st_mode)


# -- permissions -------------------------------------------------------------------------------------


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    """Set the umask of the test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def permissions(path: Path) -> int:
    """The permissions of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


@answers
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_permissions_of_what_is_replaced_are_kept(
    line: tuple[str, ...], mode: int, backup: Path, room: Path, umask: Callable[[int], int]
) -> None:
    """A file nobody else may read stays one, in spite of the umask."""
    target = room / "answer.html"
    umask(0o027)
    assert inside(filled(line, backup, target)).code in (0, 3)
    assert permissions(target) == 0o640
    umask(0o022)
    target.chmod(mode)
    assert inside(filled(line, backup, target)).code in (0, 3)
    assert permissions(target) == mode


def test_an_unfinished_file_is_no_more_open_than_what_it_replaces(room: Path, umask: Callable[[int], int]) -> None:
    """Not even while it is written."""
    target = room / "answer"
    umask(0)
    target.write_text("before")
    target.chmod(0o600)
    with replacing(target, Evidence()) as stream:
        stream.write(b"after")
        (unfinished,) = left(room)
        assert permissions(room / unfinished) == 0o600 and target.read_text() == "before"
    assert permissions(target) == 0o600 and target.read_text() == "after"


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_recovered_files_follow_the_umask_and_hidden_photos_are_private(
    mask: int, backup: Path, room: Path, umask: Callable[[int], int]
) -> None:
    """Folders that hold a hidden photo, and the one named Hidden, can be entered by their owner alone."""
    out = room / "out"
    umask(mask)
    assert inside(["extract", str(backup), str(out), "--all"]).code == 0
    (photo,) = out.glob("Hidden/*/*IMG_0002.HEIC")
    private = {out / "Hidden", photo.parent, out / STATE_FOLDER, room / "out_files"}
    for path in (out, room / "out.html", *out.rglob("*"), room / "out_files"):
        if STATE_FOLDER in path.parent.parts:
            continue
        usual = (0o777 if path.is_dir() else 0o666) & ~mask
        assert permissions(path) == (0o700 if path in private else usual), path


def test_a_folder_becomes_private_with_its_first_hidden_photo(
    tmp_path: Path, room: Path, umask: Callable[[int], int]
) -> None:
    """One that is recently deleted too lies among others: an earlier run may have opened their folder to all."""
    trashed = datetime(2024, 5, 4, tzinfo=UTC)
    builder = BackupBuilder().with_photo("IMG_0001").trashed(trashed)
    builder.with_photo("IMG_0002").hidden().trashed(trashed)
    backup, out = builder.build(tmp_path / "backups"), room / "out"
    open_one = next(asset.uuid for asset in builder.assets if asset.name.startswith("IMG_0001"))
    umask(0o022)
    assert inside(["extract", str(backup), str(out), "--uuid", str(open_one)]).code == 0
    (photo,) = out.rglob("*IMG_0001.HEIC")
    assert permissions(photo.parent) == 0o755
    assert inside(["extract", str(backup), str(out), "--all"]).code == 0
    assert list(photo.parent.glob("*IMG_0002.HEIC")) and permissions(photo.parent) == 0o700


# -- whole or not at all -----------------------------------------------------------------------------


def test_a_write_that_fails_leaves_what_was_there(room: Path) -> None:
    """An error or an interrupt halfway: the earlier file stays, nothing unfinished does."""
    target = room / "answer"
    target.write_text("before")
    for error in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(error), open_answer(str(target), Evidence()) as stream:
            stream.write("half " * 10_000)
            raise error
    assert target.read_text() == "before" and [path.name for path in room.iterdir()] == ["answer"]


def test_names_nobody_can_plant(room: Path) -> None:
    """Each unfinished file has a name of its own, which must be new."""
    with OutputDirectory(room, Evidence()) as directory:
        with NewFile(directory) as first, NewFile(directory) as second:
            assert first.name != second.name and left(room) == {first.name, second.name}
        assert not list(room.iterdir())


def test_a_name_of_the_greatest_length_can_be_written(room: Path) -> None:
    """The unfinished file's name does not grow with it."""
    target = room / ("x" * 255)
    with replacing(target, Evidence()) as stream:
        stream.write(b"data")
    assert target.read_bytes() == b"data"


# -- as a user who may not do everything -------------------------------------------------------------


NOBODY = 65534
_AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


@pytest.fixture
def common_room() -> Iterator[Path]:
    """A folder that another user reaches; below /tmp/pytest-of-root nobody else does."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can become another user")
    probe = [*_AS_NOBODY, sys.executable, "-c", "import recovery"]
    if shutil.which("setpriv") is None or subprocess.run(probe, env=environment(), capture_output=True).returncode:
        pytest.skip("another user cannot run this interpreter")
    with tempfile.TemporaryDirectory(prefix="output-") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def as_nobody(arguments: list[str], room: Path) -> Ended:
    """Run a command as a user with no rights of its own."""
    return ended(started(arguments, environment(temporary=room), before=_AS_NOBODY))


@pytest.fixture
def readable(common_room: Path) -> Path:
    """A backup that everybody may read."""
    return BackupBuilder().with_photo("IMG_0001").hidden().build(common_room / "backups")


@answers
def test_where_nothing_may_be_written_is_said(line: tuple[str, ...], readable: Path, common_room: Path) -> None:
    """A folder of somebody else: a sentence, and nothing is left."""
    (common_room / "closed").mkdir(mode=0o755)
    ending = as_nobody(filled(line, readable, common_room / "closed" / "answer.html"), common_room)
    assert ending.code == 1 and b"Permission denied" in ending.errors and b"Traceback" not in ending.errors
    assert not list((common_room / "closed").iterdir())


def test_a_file_of_somebody_else_keeps_its_permissions(readable: Path, common_room: Path) -> None:
    """In a folder where one may replace it, which makes it one's own."""
    target = common_room / "answer"
    target.write_text("before")
    target.chmod(0o600)
    assert as_nobody(["scan", str(readable), "--json", "-o", str(target)], common_room).code == 0
    assert (permissions(target), target.stat().st_uid) == (0o600, NOBODY)


def test_root_leaves_a_file_to_its_owner(readable: Path, common_room: Path) -> None:
    """Root that replaces a user's private file does not take it away from them."""
    target = common_room / "answer"
    target.write_text("before")
    target.chmod(0o600)
    os.chown(target, NOBODY, NOBODY)
    assert inside(["scan", str(readable), "--json", "-o", str(target)]).code == 0
    state = target.stat()
    assert (permissions(target), state.st_uid, state.st_gid) == (0o600, NOBODY, NOBODY)


def test_a_folder_that_cannot_be_listed_can_be_written_to(readable: Path, common_room: Path) -> None:
    """Its owner gave the right to put files there, and none to look."""
    folder = common_room / "box"
    folder.mkdir()
    folder.chmod(0o733)
    arguments = ["scan", str(readable), "--json", "-o", str(folder / "answer")]
    assert as_nobody(arguments, common_room).code == 0 and (folder / "answer").stat().st_size > 100


def test_folders_of_somebody_else_stay_as_open_as_they_are(readable: Path, common_room: Path) -> None:
    """Only its owner can make one private; the photos come out all the same."""
    folder = common_room / "out" / "Hidden" / "2024"
    folder.mkdir(parents=True)
    for path in (common_room / "out", folder.parent, folder):
        path.chmod(0o777)
    ending = as_nobody(["extract", str(readable), str(common_room / "out"), "--all"], common_room)
    assert ending.code == 0 and list(common_room.rglob("*IMG_0001.HEIC"))


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/null"])
def test_devices_need_no_rights_in_their_folder(name: str, readable: Path, common_room: Path) -> None:
    """Nobody may make files in /dev."""
    ending = as_nobody(["scan", str(readable), "--all", "--format", "csv", "-o", name], common_room)
    assert ending.code == 0 and ending.errors == b""
    assert (b"IMG_0001" in ending.output) == (name == "/dev/stdout")


# -- one writer --------------------------------------------------------------------------------------

WRITING = frozenset({"write_text", "write_bytes", "copyfile", "copy2", "copytree", "mkstemp", "mkfifo", "symlink"})
NAMING = frozenset({"replace", "rename", "renames", "link"})
ELSEWHERE = {
    "recovery/output/files.py": "the writer itself",
    "recovery/output/answers.py": "its road into pipes, devices and open files",
    "recovery/workspace.py": "the private folder",
    "cli/streams.py": "what stands in for a closed standard stream",
}
"""Where files are made without the writer, and what they are; everything else goes through it."""


def _writes(call: ast.Call) -> bool:
    """Whether a call makes, names or opens a file for writing."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    texts = {item.value for item in (*call.args, *(named.value for named in call.keywords))
             if isinstance(item, ast.Constant) and isinstance(item.value, str)}  # fmt: skip
    if name in WRITING:
        return True
    if name in NAMING and isinstance(call.func, ast.Attribute):  # texts are replaced by two arguments
        return ast.unparse(call.func.value) in ("os", "shutil") or (len(call.args) == 1 and not call.keywords)
    if name in ("open", "fdopen", "FileIO"):
        return any(set(text) <= set("rwxab+t") and set(text) & set("wxa+") for text in texts)
    return False


def test_everything_goes_through_the_one_writer() -> None:
    """A module that opened a file for writing itself would not be protected by what is tested here."""
    found = set()
    for path in sorted((*(ROOT / "recovery").rglob("*.py"), *(ROOT / "cli").rglob("*.py"))):
        tree = ast.parse(path.read_text("utf-8"))
        if any(_opens(node) or (isinstance(node, ast.Call) and _writes(node)) for node in ast.walk(tree)):
            found.add(path.relative_to(ROOT).as_posix())
    assert found == set(ELSEWHERE)


def _opens(node: ast.AST) -> bool:
    """Whether a flag for writing is named."""
    return isinstance(node, ast.Attribute) and node.attr in ("O_CREAT", "O_WRONLY", "O_RDWR")
