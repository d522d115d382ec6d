"""`recover-facetime scan` as a person or a script runs it: the answer, the remarks, the exit codes, the secret."""

from __future__ import annotations

import csv
import io
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import jsonschema
import pytest

from fixtures import BackupBuilder
from recovery.report.inventory import schema
from tests.conftest import DemoTwins, photograph
from tests.scanning import PASSPHRASE
from tests.talking import Said, say

VARIABLE = "RECOVER_FACETIME_PASSPHRASE"
UDID = "00008110-000A1B2C3D4E801E"
RUN = [sys.executable, "-c", "from cli.main import run; run()"]
ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def no_passphrase_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own environment holds no passphrase."""
    monkeypatch.delenv(VARIABLE, raising=False)


def small() -> BackupBuilder:
    """One FaceTime photo and a screenshot."""
    return BackupBuilder().with_live_photo("IMG_0001").with_screenshot("IMG_0002")


@pytest.fixture(scope="module")
def small_twins(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The small backup, plain and encrypted; only to be read."""
    folder = tmp_path_factory.mktemp("small")
    return small().build(folder / "plain"), small().build(folder / "encrypted", PASSPHRASE)


@pytest.fixture
def plain(small_twins: tuple[Path, Path], untouched: Callable[[Path], None]) -> Path:
    """The plain small backup, watched."""
    untouched(small_twins[0])
    return small_twins[0]


@pytest.fixture
def encrypted(small_twins: tuple[Path, Path], untouched: Callable[[Path], None]) -> Path:
    """The encrypted small backup, watched."""
    untouched(small_twins[1])
    return small_twins[1]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with the passphrase and a line break."""
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n", "utf-8")
    return path


# --- the answer -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("everything", [False, True], ids=["what stands out", "all"])
@pytest.mark.parametrize("twin", ["plain", "encrypted"])
def test_the_demo_as_text(demo_twins: DemoTwins, tmp_path: Path, twin: str, everything: bool) -> None:
    """Who the phone is, the FaceTime photos with reasons, recently deleted and totals, at 80 columns."""
    folder: Path = getattr(demo_twins, twin)
    file = tmp_path / "passphrase"
    file.write_text(demo_twins.passphrase, "utf-8")
    options = ["--passphrase-file", str(file)] if twin == "encrypted" else []
    before = photograph(folder)
    said = say("scan", folder, *options, *(["--all"] if everything else ["-v"]))
    assert photograph(folder) == before
    assert said.code == 3  # a cut and a damaged photo are in the backup and cannot be read whole
    for word in ("Ann’s iPhone", "17.6", "IMG_0001.HEIC", "lp_image.heic", "certain", "ecently deleted"):
        assert word in said.out
    assert ("IMG_0032.HEIC" in said.out) is everything
    assert demo_twins.passphrase not in said.all
    assert all(len(line) <= 80 or line.startswith("  recover-facetime ") for line in said.out.splitlines())


def test_the_answer_of_json_is_the_promised_document(plain: Path) -> None:
    """One document that the shipped schema accepts, and nothing beside it on standard output."""
    for arguments in (("--json",), ("--format", "json"), ("--json", "--all")):
        said = say("scan", plain, *arguments)
        assert (said.code, said.err) == (0, "")
        document = json.loads(said.out)
        jsonschema.Draft202012Validator(schema()).validate(document)
        assert document["schema"] == "recover-facetime/inventory/1"
        assert [asset["filename"] for asset in document["assets"]] == ["IMG_0001.HEIC", "IMG_0002.PNG"]
        assert document["totals"]["facetime"] == 1
        assert document["backup"]["encrypted"] is False


def test_the_demo_as_json_is_valid(demo_twins: DemoTwins) -> None:
    """Every story at once fits the schema."""
    document = json.loads(say("scan", demo_twins.plain, "--json").out)
    jsonschema.Draft202012Validator(schema()).validate(document)
    totals = document["totals"]
    names = ("complete", "half", "reduced_copy", "unreadable", "elsewhere", "not_found")
    assert sum(totals[name] for name in names) == totals["assets"] == len(document["assets"])


def test_rows_for_scripts(plain: Path) -> None:
    """CSV and NDJSON list what stands out, with --all every asset; each line of NDJSON is a document."""
    for options, names in (((), ["IMG_0001.HEIC"]), (("--all",), ["IMG_0001.HEIC", "IMG_0002.PNG"])):
        table = list(csv.DictReader(io.StringIO(say("scan", plain, "--format", "csv", *options).out)))
        assert [row["filename"] for row in table] == names
        lines = say("scan", plain, "--format", "ndjson", *options).out.splitlines()
        assert [json.loads(line)["filename"] for line in lines] == names


@pytest.mark.parametrize("form", ["text", "json", "csv", "ndjson"])
def test_the_answer_goes_into_a_file_whole(plain: Path, tmp_path: Path, form: str) -> None:
    """-o writes what would have been printed, leaves no draft, and prints nothing."""
    target = tmp_path / "answer"
    said = say("scan", plain, "--format", form, "-o", target)
    assert (said.code, said.out) == (0, "")
    printed = say("scan", plain, "--format", form, "-o", "-").out
    written = target.read_bytes().decode("utf-8")
    if form == "json":
        assert json.loads(written)["assets"] == json.loads(printed)["assets"]
    else:
        assert written == printed
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("answer")] == ["answer"]


def test_an_answer_is_never_written_into_a_backup(plain: Path, tmp_path: Path) -> None:
    """-o inside the evidence is refused, as is a folder that is not there."""
    for target in (plain / "answer.json", plain / "ab" / "answer.json"):
        said = say("scan", plain, "--json", "-o", target)
        assert (said.code, said.out) == (1, "")
        assert "inside the backup" in said.err
    said = say("scan", plain, "--json", "-o", tmp_path / "absent" / "answer.json")
    assert said.code == 1
    assert "cannot be written" in said.err


# --- which backup ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["folder", "parent", "manifest", "udid", "start", "name"])
def test_a_backup_is_meant_by_any_of_its_names(plain: Path, monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    """Folder, parent, Manifest.db, UDID, its start, and the device name in the usual folders."""
    monkeypatch.setattr("cli.options.default_roots", lambda: (plain.parent,))
    text = {
        "folder": plain,
        "parent": plain.parent,
        "manifest": plain / "Manifest.db",
        "udid": UDID,
        "start": UDID[:8],
        "name": "ann’s iphone",
    }[wanted]
    said = say("scan", text)
    assert said.code == 0
    assert "IMG_0001.HEIC" in said.out


def test_several_that_fit_are_listed_and_none_is_chosen(tmp_path: Path) -> None:
    """Two backups in one folder: exit code 1, both are named, nothing is answered."""
    first = small().build(tmp_path)
    second = BackupBuilder(udid="a" * 40).build(tmp_path)
    said = say("scan", tmp_path)
    assert (said.code, said.out) == (1, "")
    assert str(first) in said.err
    assert str(second) in said.err


@pytest.mark.parametrize("wanted", ["nobody’s phone", "/no/such/folder", "x" * 3000])
def test_a_backup_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    """Exit code 1, the reason and what to do, no traceback."""
    monkeypatch.setattr("cli.options.default_roots", lambda: (tmp_path,))
    said = say("scan", wanted)
    assert (said.code, said.out) == (1, "")
    assert "What to do:" in said.err
    assert "Traceback" not in said.err


def test_a_damaged_backup_is_code_one(tmp_path: Path) -> None:
    """An encrypted backup without its list of files cannot be read at all."""
    backup = small().without_manifest_db().build(tmp_path, PASSPHRASE)
    said = say("scan", backup, "--passphrase-file", "-", stdin=PASSPHRASE.encode())
    assert (said.code, said.out) == (1, "")
    assert "Manifest.db" in said.err


def test_evidence_that_cannot_be_read_is_code_three(tmp_path: Path) -> None:
    """A damaged Photos.sqlite: the answer is given, and the exit code tells that something is behind it."""
    backup = small().with_damaged_photos_database("header").build(tmp_path)
    said = say("scan", backup, "--json")
    document = json.loads(said.out)
    assert said.code == 3
    assert [asset["basis"] for asset in document["assets"]] == ["file_attributes", "file_attributes"]
    assert any(gap["fault"] for gap in document["gaps"])


def test_debug_shows_where_an_error_came_from(tmp_path: Path) -> None:
    """--debug adds the traceback; without it there is none."""
    backup = small().without_manifest_db().build(tmp_path, PASSPHRASE)
    said = say("scan", backup, "--debug", "--passphrase-file", "-", stdin=PASSPHRASE.encode())
    assert "Traceback" in said.err
    assert PASSPHRASE not in said.all


# --- the passphrase -------------------------------------------------------------------------------------------


def opened(said: Said) -> bool:
    """Whether the encrypted backup was read."""
    return said.code == 0 and "IMG_0001.HEIC" in said.out


def test_the_passphrase_comes_from_a_file(encrypted: Path, secret: Path) -> None:
    """With or without a line break of either kind at its end."""
    for ending in ("", "\n", "\r\n"):
        secret.write_bytes((PASSPHRASE + ending).encode())
        said = say("scan", encrypted, "--passphrase-file", secret)
        assert opened(said)
        assert PASSPHRASE not in said.all


def test_the_passphrase_comes_from_standard_input(encrypted: Path) -> None:
    """`--passphrase-file -`."""
    assert opened(say("scan", encrypted, "--passphrase-file", "-", stdin=PASSPHRASE.encode() + b"\n"))


def test_the_passphrase_comes_from_the_environment(
    encrypted: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The variable serves where no file is given; a file wins over it."""
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    assert opened(say("scan", encrypted))
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    assert say("scan", encrypted, "--passphrase-file", wrong).code == 4


def test_wrong_missing_and_unneeded_are_told_apart(encrypted: Path, plain: Path, tmp_path: Path) -> None:
    """A wrong and a missing passphrase are code 4 with different words; an unneeded one is a note."""
    wrong = tmp_path / "wrong"
    wrong.write_text("surely-not-this-one")
    refused, missing = say("scan", encrypted, "--passphrase-file", wrong), say("scan", encrypted)
    assert (refused.code, refused.out, missing.code, missing.out) == (4, "", 4, "")
    assert "does not open" in refused.err
    assert "no passphrase was given" in missing.err
    assert VARIABLE in missing.err
    assert "surely-not-this-one" not in refused.all
    unneeded = say("scan", plain, "--passphrase-file", wrong)
    assert unneeded.code == 0
    assert "not encrypted" in unneeded.err
    assert "not encrypted" not in unneeded.out.split("\n\n")[-1]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\xfa", b"x" * 5000])
def test_a_passphrase_file_that_is_none(encrypted: Path, tmp_path: Path, content: bytes) -> None:
    """Empty, no text, or far too long: told as that, and nothing of it is shown."""
    path = tmp_path / "file"
    path.write_bytes(content)
    said = say("scan", encrypted, "--passphrase-file", path)
    assert (said.code, said.out) == (1, "")
    assert "assphrase file" in said.err
    absent = say("scan", encrypted, "--passphrase-file", tmp_path / "absent")
    assert absent.code == 1
    assert "cannot be read" in absent.err


def test_the_passphrase_is_never_an_option_value() -> None:
    """No option takes the secret itself, so it cannot stand in a process list."""
    told = say("scan", "--help").out
    assert "--passphrase-file" in told
    assert "--passphrase " not in told
    assert say("scan", "x", "--passphrase", "secret").code == 2


# --- a real terminal ------------------------------------------------------------------------------------------


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a pseudo terminal."""
    pty = pytest.importorskip("pty", reason="pseudo terminals are of POSIX")
    ours, theirs = pty.openpty()
    yield ours, theirs
    for end in (ours, theirs):
        os.close(end)


def shown_until(terminal: int, word: str, seconds: float = 60) -> str:
    """What the terminal shows up to a word."""
    shown, end = "", time.monotonic() + seconds
    while word not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            shown += os.read(terminal, 4096).decode("utf-8", "replace")
    assert word in shown, shown
    return shown


def asked(terminal: tuple[int, int], backup: Path, *answers: str) -> tuple[subprocess.Popen[bytes], str, bytes]:
    """Scan on the terminal and type these answers; standard output is a pipe."""
    ours, theirs = terminal
    process = subprocess.Popen(
        [*RUN, "scan", str(backup), "--format", "csv"],
        stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True,
    )  # fmt: skip
    shown = ""
    for answer in answers:
        shown += shown_until(ours, "not shown): ")
        os.write(ours, answer.encode() + b"\n")
    out, _ = process.communicate(timeout=60)
    while select.select([ours], [], [], 0)[0]:
        shown += os.read(ours, 4096).decode("utf-8", "replace")
    return process, shown, out


def test_a_terminal_is_asked_and_shows_nothing_typed(encrypted: Path, terminal: tuple[int, int]) -> None:
    """A wrong answer, then the right one: the prompt is on standard error, the answer alone on standard output."""
    process, shown, out = asked(terminal, encrypted, "wrong-answer", PASSPHRASE)
    assert process.returncode == 0
    assert "IMG_0001.HEIC" in out.decode()
    assert "2 tries left" in shown
    for typed in ("wrong-answer", PASSPHRASE):
        assert typed not in shown + out.decode()


def test_three_wrong_answers_are_the_end(encrypted: Path, terminal: tuple[int, int]) -> None:
    """Exit code 4 after the third, with the hint what passphrase is meant."""
    process, shown, out = asked(terminal, encrypted, "one", "two", "three")
    assert (process.returncode, out) == (4, b"")
    assert "1 try left" in shown
    assert "not the phone's passcode" in " ".join(shown.split())


@contextmanager
def started(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with pipes for its output, ended with the block whatever happens."""
    pipe = subprocess.PIPE
    whole = os.environ | environment
    with subprocess.Popen(list(command), stdout=pipe, stderr=pipe, cwd=ROOT, env=whole) as process:
        try:
            yield process
        finally:
            process.kill()


# --- processes ------------------------------------------------------------------------------------------------


def test_a_scan_in_a_process_of_its_own(plain: Path) -> None:
    """The installed entry point: the document on standard output, nothing on standard error, also in ASCII."""
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    for arguments in (["--json"], []):
        done = subprocess.run(
            [*RUN, "scan", str(plain), *arguments], capture_output=True, cwd=ROOT, env=environment, check=True
        )
        assert done.stderr == b""
        assert b"IMG_0001.HEIC" in done.stdout


def test_a_reader_that_goes_away_is_no_crash(demo_twins: DemoTwins) -> None:
    """As with `| head -1`: no traceback."""
    with started(*RUN, "scan", str(demo_twins.plain), "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert b"Traceback" not in said
    assert b"BrokenPipe" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_full_disk_behind_a_redirection_is_told(demo_twins: DemoTwins, form: str) -> None:
    """Whether the answer is short enough to wait for the end or not: a sentence and exit code 1."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*RUN, "scan", str(demo_twins.plain), "--format", form, "--quiet"],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The system refuses to go on (No space left on device).\nWhat to do: ")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_behind(encrypted: Path, tmp_path: Path, number: int) -> None:
    """Interrupted while it waits with the plaintext of the manifest on disk: exit code 130, folder gone."""
    waiting = (
        "import sys, time, cli.options\n"
        "cli.options.gather = lambda *_, **__: (print('ready', file=sys.stderr, flush=True), time.sleep(60))\n"
        "from cli.main import run\n"
        "run()\n"
    )
    environment = {VARIABLE: PASSPHRASE, "TMPDIR": str(tmp_path)}
    with started(sys.executable, "-c", waiting, "scan", str(encrypted), **environment) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"ready\n"
        (private,) = tmp_path.glob("recover-facetime-*")
        assert list(private.rglob("Manifest.db"))
        process.send_signal(number)
        out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert b"Interrupted" in said
    assert b"Traceback" not in said
    assert list(tmp_path.glob("recover-facetime-*")) == []
