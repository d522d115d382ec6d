"""The temporary folder under bad luck: inside the evidence, full, unwritable; and runs ended from outside."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures import BackupBuilder
from fixtures.stories import demo
from recovery import temp_folder, workspace
from tests.conftest import DemoTwins
from tests.every_command import Ended, ended, environment, filled, fitting, inside, started
from tests.extraction_tools import TRIALS
from tests.scanning import PASSPHRASE

pty = pytest.importorskip("pty", reason="needs a pseudo terminal")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, limits and mounts of POSIX")
Untouched = Callable[[Path], None]
BLAMED = (b"damaged", b"cannot be read", b"not listed", b"Traceback")
"""What would be said of the backup if its copy were taken for it."""


def reads_a_backup(line: tuple[str, ...]) -> bool:
    """Whether a command makes private copies."""
    return line[0] != "backups" and line != ("verify", "{extracted}", "--json")


@pytest.fixture(scope="module")
def extracted(demo_twins: DemoTwins, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An extraction of the plain twin."""
    out = tmp_path_factory.mktemp("extracted") / "out"
    assert inside(["extract", str(demo_twins.plain), str(out)]).code in (0, 3)
    return out


# --- inside the evidence ---------------------------------------------------------------------------------


@fitting(once=True)
@pytest.mark.parametrize("how", ["TMPDIR", "TEMP", "option", "another backup", "folder inside"])
def test_no_command_puts_temporary_files_into_a_backup(
    line: tuple[str, ...], how: str, tmp_path: Path, extracted: Path, untouched: Untouched
) -> None:
    """Not into the one that is read nor into any other; the error names both ways to choose another folder."""
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "backups")
    other = BackupBuilder().with_live_photo("IMG_0002").build(tmp_path / "others")
    untouched(backup.parent)
    untouched(other.parent)
    inner = next(path for path in backup.iterdir() if path.is_dir())
    place = {"another backup": other, "folder inside": inner}.get(how, backup)
    arguments = filled(line, backup, tmp_path / "out", extracted)
    env = environment()
    if how == "option":
        env["TMPDIR"] = str(tmp_path)
        if line[0] == "backups":
            arguments = ["--temp-folder", str(place), *arguments]
        else:
            arguments += ["--temp-folder", str(place)]
    else:
        env["TEMP" if how == "TEMP" else "TMPDIR"] = str(place)
    ending = ended(started(arguments, env))
    if not reads_a_backup(line):
        assert ending.code == 0
        return
    assert ending.code == 1, ending.said
    assert b"lies inside the backup" in ending.errors
    assert b"--temp-folder" in ending.errors and b"TMPDIR" in ending.errors and b"Traceback" not in ending.errors
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("first", [True, False], ids=["before the command", "behind it"])
def test_the_option_works_on_either_side_of_the_command(tmp_path: Path, first: bool) -> None:
    """The folder that is named takes the private one, the environment's takes nothing."""
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "backups")
    named = tmp_path / "named"
    named.mkdir()
    option, command = ["--temp-folder", str(named)], ["scan", str(backup)]
    made = 'import recovery.workspace as w\nreal = w._made\nw._made = lambda p: (print("in", p.name), real(p))[1]'
    arguments = [*option, *command] if first else [*command, *option]
    ending = ended(started(arguments, environment(None, tmp_path / "absent"), code=made))
    assert ending.code == 0 and ending.output.startswith(b"in named\n")
    assert not list(named.iterdir())


_NOWHERE = """
for folder in /tmp /var/tmp /usr/tmp; do
    test -d $folder || continue
    mount --bind $folder $folder && mount -o remount,bind,ro $folder || exit 88
done
mount --bind "$1" "$1" && mount -o remount,bind,rw "$1" || exit 88
cd "$2" && touch probe && rm probe || exit 88
shift 2
exec "$@"
"""


@pytest.fixture
def for_all() -> Iterator[Path]:
    """A folder that other users can reach, unlike those of pytest."""
    with tempfile.TemporaryDirectory(prefix="evidence-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("who", ["root", "nobody"])
def test_nothing_falls_back_to_the_current_directory(for_all: Path, who: str) -> None:
    """No temporary folder can be written, the current directory is the backup and can be: nothing is made."""
    if not can_mount(for_all):
        pytest.skip("only root on Linux can make every temporary folder read-only")
    backup = BackupBuilder().with_live_photo("IMG_0001").build(for_all / "backups")
    before = ["unshare", "--mount", "sh", "-c", _NOWHERE, "sh", str(for_all), str(backup)]
    if who == "nobody":
        before += ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        for path in (backup.parent, backup, *backup.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        if shutil.which("setpriv") is None or subprocess.run([*before, "true"], capture_output=True).returncode:
            pytest.skip("this system does not let setpriv do it")
    env = {name: value for name, value in environment().items() if name not in temp_folder.VARIABLES}
    names = sorted(path.name for path in backup.iterdir())
    ending = ended(started(["scan", "."], env, before))
    assert ending.code == 1, ending.said
    assert b"temporary folder" in ending.errors and b"--temp-folder" in ending.errors
    assert sorted(path.name for path in backup.iterdir()) == names


def can_mount(folder: Path) -> bool:
    """Whether this user may mount something in a namespace of its own."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", str(folder)]
    return not subprocess.run(probe, capture_output=True).returncode


# --- without room ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def undisturbed(demo_twins: DemoTwins) -> dict[str, Ended]:
    """What `scan --all --json` says of each twin when there is room."""
    return {
        name: inside(["scan", str(getattr(demo_twins, name)), "--all"], demo_twins.passphrase)
        for name in ("plain", "encrypted")
    }


def judge(ending: Ended, undisturbed: Ended) -> bool:
    """Whether the room sufficed; without it the folder is blamed, with it nothing is missing from the answer."""
    if ending.code == undisturbed.code and ending.output == undisturbed.output:
        return True
    assert ending.code == 1 and ending.output == b"", ending.said
    assert b"temporary folder" in ending.errors, ending.errors
    assert b"--temp-folder" in ending.errors and b"TMPDIR" in ending.errors
    assert not any(word in ending.errors for word in BLAMED), ending.errors
    return False


_SMALL = 'mount -t tmpfs -o size="$0" none "$1" || exit 88; shift; exec "$@"'
SIZES = ("40k", "200k", "400k", "500k", "600k", "700k", "800k", "900k", "1000k", "1200k", "1500k", "1800k", "8m")


@pytest.mark.parametrize("twin", ["plain", "encrypted"])
def test_a_disk_that_is_too_small_is_not_blamed_on_the_backup(
    demo_twins: DemoTwins, undisturbed: dict[str, Ended], tmp_path: Path, twin: str
) -> None:
    """Real ones of many sizes: an error that names the folder, or all assets."""
    if not can_mount(tmp_path):
        pytest.skip("only root on Linux can make a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    enough = []
    for size in SIZES:
        before = ["unshare", "--mount", "sh", "-c", _SMALL, size, str(disk)]
        arguments = ["scan", str(getattr(demo_twins, twin)), "--all"]
        ending = ended(started(arguments, environment(PASSPHRASE, disk), before))
        enough.append(judge(ending, undisturbed[twin]))
    assert enough == sorted(enough) and not enough[2] and enough[-1]


@pytest.mark.parametrize("twin", ["plain", "encrypted"])
def test_a_limit_on_files_is_not_blamed_on_the_backup(
    demo_twins: DemoTwins, undisturbed: dict[str, Ended], tmp_path: Path, twin: str
) -> None:
    """`ulimit -f`, for any user: what a disk's or a quota's end is like, in the middle of any file."""
    chance, enough = random.Random(twin), []
    for size in (0, 4_096, *sorted(chance.randrange(5_000, 700_000) for _ in range(8)), 50_000_000):
        limit = f"import resource as r\nr.setrlimit(r.RLIMIT_FSIZE, ({size}, {size}))"
        arguments = ["scan", str(getattr(demo_twins, twin)), "--all"]
        ending = ended(started(arguments, environment(PASSPHRASE, tmp_path), code=limit))
        enough.append(judge(ending, undisturbed[twin]))
        assert not list(tmp_path.iterdir())
    assert not enough[0] and not enough[1] and enough[-1]


@contextmanager
def failing(number: int, error: int, patch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The system refuses one operation on a private file, by its number; gives how many there were."""
    count = [0]
    real = temp_folder.said_of

    @contextmanager
    def said_of(path: Path) -> Iterator[None]:
        with real(path):
            count[0] += 1
            if count[0] == number:
                raise OSError(error, os.strerror(error))
            yield

    with patch.context() as context:
        context.setattr(workspace, "said_of", said_of)
        yield count


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EIO], ids=["full", "quota", "broken"])
def test_at_no_step_is_the_temporary_folder_taken_for_the_backup(
    demo_twins: DemoTwins,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: int,
    record_property: Callable[[str, object], None],
) -> None:
    """Each operation on a private file fails once: making folders and files, writing, reading back, cutting."""
    arguments = ["scan", str(demo_twins.plain), "--all"]
    with failing(0, error, monkeypatch) as count:
        whole = inside(arguments, None, tmp_path)
    steps = list(range(1, count[0] + 1))
    assert whole.code in (0, 3) and len(steps) > 10
    refused = 0
    for number in sorted(random.Random(error).sample(steps, min(len(steps), max(30, TRIALS // 2)))):
        with failing(number, error, monkeypatch):
            ending = inside(arguments, None, tmp_path)
        refused += not judge(ending, whole)
        assert not list(tmp_path.iterdir())
    record_property("steps", count[0])
    record_property("refused", refused)
    assert refused > 5


def test_what_is_needed_is_known_before_anything_is_copied(
    demo_twins: DemoTwins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Needed and free bytes are told, also of an encrypted database, whose copy is a little shorter."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9**9, 9**8, 70_000))  # type: ignore[attr-defined]
    for backup in (demo_twins.plain, demo_twins.encrypted):
        ending = inside(["scan", str(backup)], PASSPHRASE, tmp_path)
        assert ending.code == 1 and b"has 70,000 bytes free; Manifest.db needs" in ending.errors
        assert not list(tmp_path.iterdir())


# --- ended from outside ----------------------------------------------------------------------------------

_HEARING = "import signal as s\nfor n in (s.SIGHUP, s.SIGQUIT): s.signal(n, s.SIG_DFL)\n"
"""The tests themselves may run under nohup or in the background, which their children would inherit."""
_BEGUN = _HEARING + "print(flush=True)"


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM], ids=lambda number: number.name)
def test_every_signal_that_ends_a_program_leaves_no_secret(
    demo_twins: DemoTwins,
    tmp_path: Path,
    number: signal.Signals,
    untouched: Untouched,
    record_property: Callable[[str, object], None],
) -> None:
    """At random moments, with a second process at work; exit code 130, nothing but the interrupt is said."""
    untouched(demo_twins.encrypted)
    chance, ended_by_it = random.Random(number), 0
    for _ in range(max(4, TRIALS // 10)):
        running = started(["scan", str(demo_twins.encrypted)], environment(PASSPHRASE, tmp_path), code=_BEGUN)
        assert running.stdout is not None and running.stdout.read(1) == b"\n"
        time.sleep(chance.uniform(0.1, 0.6))
        running.send_signal(number)
        ending = ended(running)
        assert ending.code in (0, 3, 130, -number) and b"Traceback" not in ending.errors, ending.errors
        ended_by_it += ending.code == 130
        assert not list(tmp_path.iterdir())
    record_property("ended by it", ended_by_it)  # shown by --junitxml with junit_family=xunit1
    assert ended_by_it


def test_many_signals_in_a_row_leave_no_secret(demo_twins: DemoTwins, tmp_path: Path) -> None:
    """Whoever is impatient interrupts the cleaning up too: each of them may hit anything on the way out."""
    chance = random.Random(8)
    for _ in range(max(6, TRIALS // 10)):
        running = started(["scan", str(demo_twins.encrypted)], environment(PASSPHRASE, tmp_path), code=_BEGUN)
        assert running.stdout is not None and running.stdout.read(1) == b"\n"
        time.sleep(chance.uniform(0.1, 0.5))
        for _ in range(8):
            running.send_signal(chance.choice((signal.SIGTERM, signal.SIGHUP)))
            time.sleep(chance.uniform(0, 0.004))
        ending = ended(running)
        assert ending.code in (0, 3, 130, -signal.SIGTERM, -signal.SIGHUP), ending.errors
        assert b"Traceback" not in ending.errors, ending.errors
        assert not list(tmp_path.iterdir())


def test_what_nohup_ignores_stays_ignored(tmp_path: Path) -> None:
    """A run that was told to outlive its terminal does."""
    backup = BackupBuilder().with_live_photo("IMG_0001").build(tmp_path / "backups")
    code = (
        "import os, signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "import cli.interrupts as i\nreal = i.listen\n"
        "i.listen = lambda: (real(), os.kill(os.getpid(), signal.SIGHUP))\n"
    )
    assert ended(started(["scan", str(backup)], environment(None, tmp_path), code=code)).code == 0


def test_a_closed_terminal_leaves_no_secret(demo_twins: DemoTwins, tmp_path: Path) -> None:
    """A real one: the window is closed in the middle, so SIGHUP comes and nothing can be said any more."""
    code = _HEARING + (
        "import sys, time\nimport recovery.case\ngatherer = sys.modules['recovery.case.gather']._Gatherer\n"
        "def waiting(self):\n    print('in the middle', flush=True)\n    time.sleep(60)\n"
        "gatherer._census = waiting\nfrom cli.main import run\n"
        f"sys.argv = ['recover-facetime', 'scan', {str(demo_twins.encrypted)!r}]\nrun()"
    )
    child, terminal = pty.fork()
    if not child:
        os.execve(sys.executable, [sys.executable, "-c", code], environment(PASSPHRASE, tmp_path))
    seen = b""
    while b"in the middle" not in seen:
        seen += os.read(terminal, 1000)
    assert list(tmp_path.rglob("Photos.sqlite"))
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert not list(tmp_path.iterdir())
    assert os.waitstatus_to_exitcode(status) == 130


def test_kills_at_random_moments_leave_nothing_to_the_next_run(
    demo_twins: DemoTwins, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """`kill -9`, of the first process alone: its helper ends by itself, and the next run removes what is left."""
    chance, left = random.Random(7), 0
    for _ in range(max(6, TRIALS // 10)):
        running = started(["scan", str(demo_twins.encrypted)], environment(PASSPHRASE, tmp_path), code=_BEGUN)
        assert running.stdout is not None and running.stdout.read(1) == b"\n"
        time.sleep(chance.uniform(0.1, 0.6))
        running.kill()
        ended(running)  # also waits for the helper, which holds the streams
        left += bool(list(tmp_path.iterdir()))
        with workspace.Workspace(tmp_path):
            assert len(list(tmp_path.iterdir())) == 1
        assert not list(tmp_path.iterdir())
    record_property("folders left by kills", left)
    assert left


def test_what_cannot_be_removed_is_said(tmp_path: Path) -> None:
    """Another program holds a file for good: the answer and its exit code stay, a warning names the folder."""
    backup = demo().build(tmp_path / "backups")
    private = tmp_path / "private"
    private.mkdir()
    held = "import shutil, time\nshutil.rmtree = lambda *a, **k: None\ntime.sleep = lambda s: None"
    ending = ended(started(["scan", str(backup)], environment(None, private), code=held))
    (left,) = private.iterdir()
    assert ending.code in (0, 3) and ending.output
    assert ending.errors.startswith(b"Warning: another program holds files") and str(left).encode() in ending.errors
    assert inside(["scan", str(backup)], None, private).code == ending.code
    assert not list(private.iterdir())
