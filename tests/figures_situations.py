"""Try situations from public reports, and print a table of them: `python -m tests.figures_situations SHARED`.

SHARED is the folder whose `cases/` holds a script for each situation; a script builds the smallest input that showed a
fault and says what is right. What is right is stated here anew, as what an answer must and must not hold.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
UDID = "00008110-000A1B2C3D4E801E"
_SECONDS = 300
_NOBODY = 65534
# Run once with all rights, so that everything is loaded: the interpreter may lie where nobody else can read.
_AS_NOBODY = """
import os, resource, sys
from cli.main import main, run
said, complained = sys.stdout, sys.stderr
sys.stdout = sys.stderr = open(os.devnull, "w")
try:
    main.main(standalone_mode=False)
except BaseException:
    pass
sys.stdout, sys.stderr = said, complained
os.setgroups([]); os.setegid({nobody}); os.seteuid({nobody})
run()
"""
_RUN = "from cli.main import run; run()"


@dataclass(frozen=True)
class Answer:
    """What a command answered; `folder` holds what the script built."""

    folder: Path
    code: int
    output: str
    errors: str

    @cached_property
    def text(self) -> str:
        """All that was said, in one line."""
        return " ".join(f"{self.output} {self.errors}".split())

    @cached_property
    def document(self) -> Any:
        """The inventory that `scan --json` printed; one without anything where it printed none."""
        try:
            return json.loads(self.output)
        except ValueError:
            return {"assets": [], "gaps": [], "totals": dict.fromkeys(_TOTALS), "causes": [], "loose_ends": []}

    def total(self, name: str) -> object:
        """One of the totals."""
        return self.document["totals"].get(name)

    def of(self, name: str, field: str) -> list[Any]:
        """A field of every asset whose file name begins so, in the order of the inventory."""
        assets = self.document["assets"]
        return [asset.get(field) for asset in assets if (asset["filename"] or "").startswith(name)]

    def says(self, *patterns: str) -> bool:
        """Whether each of these is said, whatever the letter case."""
        return all(re.search(pattern, self.text, re.IGNORECASE) for pattern in patterns)

    @property
    def faults(self) -> list[Any]:
        """The gaps that are faults."""
        return [gap for gap in self.document["gaps"] if gap["fault"]]


_TOTALS = ("assets", "facetime", "complete", "recoverable_bytes", "recently_deleted", "hidden")
Command = tuple[str, ...]
Right = Callable[[Answer], bool]


@dataclass(frozen=True, slots=True)
class Try:
    """A command and what makes its answer right; `before` is done first, `nobody` runs it without rights."""

    command: Command
    right: Right
    nobody: bool = False
    before: Callable[[Path], object] | None = None
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """A script below `cases/`, without its ending, and what is tried with what it builds."""

    script: str
    tries: tuple[Try, ...] = ()
    printed: Callable[[str], bool] | None = None
    """For a script that asks the program itself: whether what it prints is right."""


def scan(path: str, *more: str) -> Command:
    """Everything, as JSON."""
    return ("scan", path, *more, "--all", "--json")


def library(name: str, right: Right) -> Situation:
    """A situation with one backup that is scanned."""
    return Situation(f"library/{name}", (Try(scan(UDID), right),))


def _small(answer: Answer) -> bool:
    """The three assets of most situations, all here."""
    return answer.total("facetime") == 1 and answer.total("assets") == answer.total("complete") == 3


def _opens(answer: Answer) -> bool:
    return answer.total("facetime") == 1


def _refused(answer: Answer) -> bool:
    """Refusal is named as that, and nothing is called missing or damaged for it."""
    states = {file["state"] for asset in answer.document["assets"] for file in asset["files"]}
    named = answer.says(r"refuse|permission|not allowed|may not")
    return named and not states & {"missing_blob", "damaged"} and not answer.says("there is no backup in")


def _little_room(answer: Answer) -> bool:
    return answer.code == 1 and answer.says("temp|tmp", "space|room|full") and not answer.says("Manifest.db is damaged")


def _notes(answer: Answer, name: str) -> str:
    return " ".join(map(str, (*answer.of(name, "notes"), *answer.of(name, "status_reason"))))


def _mount(folder: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder / "tiny")], check=True)


def _rename_manifest(folder: Path) -> None:
    (folder / "plain" / UDID / "Manifest.db").rename(folder / "plain" / "kept")


_TINY = (("TMPDIR", "tiny"),)
_OLD = "0123456789abcdef0123456789abcdef01234567"
_SECRET = ("--passphrase-file", "pw")
_READS_OR_NAMES_MBDB = lambda answer: (  # noqa: E731
    (answer.total("facetime") or answer.says("Manifest.mbdb")) and not answer.says("nothing can be recovered")
)
_BLOB = "3b29365e0807a432d067f5792d8178dd1afbf764"

SITUATIONS = (
    Situation(
        "backups/case01",
        (
            Try(scan(f"plain/{UDID}"), _little_room, before=_mount, environment=_TINY),
            Try(scan(f"enc/{UDID}", *_SECRET), _little_room, environment=_TINY),
        ),
    ),
    Situation(
        "backups/case02",
        (
            Try(scan("mybackup"), _small),
            Try(scan(f"Backup/{UDID}"), _small),
            Try(scan("Backup"), _small),
            Try(("backups", "Backup"), lambda answer: answer.code == 0 and answer.says(UDID)),
        ),
    ),
    Situation(
        "backups/case03",
        (
            Try(scan(UDID), lambda answer: answer.code == 3 and answer.of("IMG_0001", "status") == ["reduced_copy"]),
            Try(("extract", UDID, "o"), lambda answer: answer.code == 3),
            Try(("verify", "o", UDID), lambda answer: answer.says("damaged in the backup")),
        ),
    ),
    Situation(
        "backups/case05",
        (
            Try(
                scan(f"plain/{UDID}"),
                lambda answer: answer.code == 3 and answer.total("complete") == 40 and bool(answer.faults),
            ),
            Try(
                scan(f"enc/{UDID}", *_SECRET),
                lambda answer: answer.code == 3 and int(answer.total("complete") or 0) >= 35 and bool(answer.faults),
            ),
            Try(scan(f"plain/{UDID}"), lambda answer: answer.total("complete") == 40, before=_rename_manifest),
        ),
    ),
    Situation(
        "backups/case06",
        (
            Try(scan(f"folders/{UDID}"), _refused, nobody=True),
            Try(scan(f"blobs/{UDID}"), _refused, nobody=True),
            Try(scan("whole"), _refused, nobody=True),
        ),
    ),
    Situation(
        "backups/case07",
        (
            Try(scan(f"enc/{_OLD}", *_SECRET), _READS_OR_NAMES_MBDB),
            Try(scan(f"plain/{_OLD}"), _READS_OR_NAMES_MBDB),
            Try(scan(f"plain/{_OLD}/Manifest.mbdb"), _READS_OR_NAMES_MBDB),
        ),
    ),
    Situation(
        "backups/case08",
        tuple(
            Try(
                scan(f"{kind}/{UDID}{place}", *_SECRET),
                lambda answer: _small(answer) and answer.document["backup"]["complete"] is False,
            )
            for kind in ("plain", "enc")
            for place in ("", "/Snapshot")
        ),
    ),
    Situation("backups/case10", printed=lambda text: text.count("->") == 3 and "ERROR" not in text),
    Situation(
        "backups/case11",
        (
            Try(scan("Application Support/MobileSync"), _small),
            Try(("backups", "Application Support/MobileSync"), lambda answer: answer.says(UDID)),
            Try(("backups", "Case 7"), lambda answer: answer.says(UDID)),
        ),
    ),
    Situation(
        "backups/case12",
        (
            Try(
                ("scan", "Application", f"Support/Backup/{UDID}"),
                lambda answer: _opens(answer) or answer.says("holds a blank"),
            ),
            Try(scan(f"Application\\ Support/Backup/{UDID}"), _small),
            Try(scan(f'"Application Support/Backup/{UDID}"'), _small),
        ),
    ),
    Situation(
        "backups/case13",
        (
            Try(scan("backup.zip"), lambda answer: _small(answer) or answer.says("ZIP archive", "unpack")),
            Try(scan("backup.tar"), lambda answer: _small(answer) or answer.says("TAR archive", "unpack")),
            Try(scan(f"{UDID}/{_BLOB[:2]}/{_BLOB}"), _small),
            Try(scan(f"{UDID}/{_BLOB[:2]}"), _small),
        ),
    ),
    Situation(
        "backups/case15",
        tuple(
            Try(scan(f"{form}/{UDID}", "--passphrase-file", f"{other}.txt"), _opens)
            for form, other in (("NFC", "NFD"), ("NFD", "NFC"))
        ),
    ),
    Situation(
        "backups/case16",
        (
            Try(scan("_unback_"), lambda answer: _small(answer) or answer.says("unpacked")),
            Try(scan("bare"), lambda answer: _small(answer) or answer.says("unpacked")),
        ),
    ),
    Situation(
        "backups/case17",
        (Try(("diagnose", UDID), lambda answer: not answer.says(r"\d\. Incomplete backup")),),
    ),
    Situation(
        "backups/case19",
        (
            Try(scan(UDID), lambda answer: answer.says("Manifest.db", "empty|0 bytes")),
            Try(scan(UDID, *_SECRET), lambda answer: answer.says("Manifest.db", "empty|0 bytes")),
        ),
    ),
    Situation(
        "library/case01",
        (
            Try(
                scan(UDID),
                lambda answer: (
                    answer.total("assets") == 8
                    and all("cannot be real" in _notes(answer, f"IMG_000{n}") for n in (1, 4, 5, 8))
                ),
            ),
            Try(
                ("extract", UDID, "o", "--all"),
                lambda answer: (
                    {2539, 4001, 1970, 2001}.isdisjoint(
                        int(path.name) for path in (answer.folder / "o").glob("*/*") if path.name.isdigit()
                    )
                    and len(list((answer.folder / "o").glob("**/*.HEIC"))) == 8
                ),
            ),
        ),
    ),
    library(
        "case02",
        lambda answer: (
            "shared album" in _notes(answer, "IMG_0001")
            and "Shared with You" in _notes(answer, "IMG_0002")
            and not answer.says("IMG_000[12][^}]*only in iCloud;")
        ),
    ),
    library("case03", lambda answer: bool(re.search("edit", _notes(answer, "IMG_0001")))),
    library(
        "case04",
        lambda answer: "RAW" in _notes(answer, "IMG_0001") and "every original" not in _notes(answer, "IMG_0001"),
    ),
    library(
        "case06",
        lambda answer: (
            answer.total("assets") == 3
            and answer.total("complete") == 3
            and set(answer.of("IMG", "kind")) == {"live_photo"}
            and answer.of("IMG_0002", "subtype") == [["live_off"]]
        ),
    ),
    library(
        "case07",
        lambda answer: (
            "Summer" in str(answer.of("IMG_0001", "albums")) and "progress-" not in str(answer.of("IMG_0001", "albums"))
        ),
    ),
    library("case08", lambda answer: set(answer.of("IMG_0001", "status")) <= {"complete"}),
    library("case10", lambda answer: answer.total("assets") == 3 and answer.says("empty|0 bytes")),
    library(
        "case13",
        lambda answer: any(
            file["path"].endswith("IMG_E0001.JPG")
            for asset in answer.document["assets"]
            if asset["filename"] == "IMG_0001.JPG"
            for file in asset["files"]
        ),
    ),
    library(
        "case16",
        lambda answer: (
            answer.total("recently_deleted") == 4
            and answer.of("IMG_0002", "trashed_until_estimate")
            == answer.of("IMG_0003", "trashed_until_estimate")
            == [None]
            and answer.of("IMG_0004", "hidden") == [True]
        ),
    ),
    library("case17", lambda answer: answer.says("Shared with You|Syndication")),
    library("case18", lambda answer: answer.says("burst", "not shown in Photos|burst")),
    library(
        "case19", lambda answer: answer.says(r"shared (photo\s+)?library", "participant|other person|someone else")
    ),
    library("case22", lambda answer: answer.of("C2841912", "status") == ["complete"]),
    library("case26", lambda answer: answer.total("facetime") == 5 and answer.of("IMG", "favorite") == [True] * 5),
    Situation(
        "library/case27",
        (
            Try(scan(UDID), lambda answer: not answer.says("neither deleted nor hidden")),
            Try(("diagnose", UDID), lambda answer: not answer.says("neither deleted nor hidden")),
        ),
    ),
    library(
        "case31",
        lambda answer: (
            answer.total("complete") == 30 and answer.of("IMG", "favorite") == [True] * 30 and not answer.faults
        ),
    ),
    library("case32", lambda answer: 1_980 <= int(answer.total("assets") or 0) <= 2_000 and bool(answer.faults)),
    Situation("library/case35", printed=lambda text: "SHARED_ALBUM" in text or "shared album" in text),
    Situation(
        "genuine",
        (
            Try(
                scan(UDID),
                lambda answer: (
                    answer.total("facetime") == 6
                    and [verdict["verdict"] for verdict in answer.of("IMG_0006", "facetime")] == ["no"]
                ),
            ),
        ),
    ),
)


# --- trying them ------------------------------------------------------------------------------------------

_RENAMED = """
import runpy, sys
for old, new in (
    ("recovery.backup", "recovery.source"), ("recovery.backup.locate", "recovery.source.locate"),
    ("recovery.photos", "tests"), ("recovery.photos.library", "tests.library_tools"),
    ("recovery.findings", "recovery.analysis"), ("recovery.findings.status", "recovery.analysis.asset_status"),
    ("recovery.findings.model", "recovery.analysis.model"),
):
    try:
        __import__(new)
        sys.modules[old] = sys.modules[new]
    except ImportError:
        pass
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Scripts may name modules of this program as they were called when they were written."""


def _python(
    project: Path, code: str, *arguments: str, folder: Path, cases: Path, environment: tuple[tuple[str, str], ...] = ()
) -> subprocess.CompletedProcess[str]:
    variables = os.environ | {"PYTHONPATH": f"{project}{os.pathsep}{cases / 'library'}", "PYTHONUTF8": "1"}
    variables |= {name: str(folder / value) for name, value in environment}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )


def attempt(situation: Situation, cases: Path, folder: Path, project: Path = PROJECT) -> str:
    """Build one situation below a folder that is not there yet, and say "right", or what of it is not."""
    folder.mkdir(parents=True)
    script = cases / f"{situation.script}.py"
    built = _python(project, _RENAMED, str(script), str(folder), folder=project, cases=cases)
    if situation.printed is not None:
        return "right" if built.returncode == 0 and situation.printed(built.stdout) else "wrong"
    if built.returncode:
        return "cannot be built: " + built.stderr.strip().rpartition("\n")[2]
    wrong = []
    try:
        for number, item in enumerate(situation.tries, 1):
            if item.nobody and not (hasattr(os, "geteuid") and os.geteuid() == 0):
                return "not tried: needs root"
            if item.before is not None:
                try:
                    item.before(folder)
                except (OSError, subprocess.CalledProcessError):
                    return "not tried: needs root"
            code = _AS_NOBODY.format(nobody=_NOBODY) if item.nobody else _RUN
            answer = _python(project, code, *item.command, folder=folder, cases=cases, environment=item.environment)
            if not item.right(Answer(folder, answer.returncode, answer.stdout, answer.stderr)):
                wrong.append(str(number))
    finally:
        if os.path.ismount(folder / "tiny"):
            subprocess.run(["umount", str(folder / "tiny")], check=False)
    if not wrong:
        return "right"
    return "wrong" if len(situation.tries) == 1 else f"wrong ({', '.join(wrong)} of {len(situation.tries)})"


def told(script: Path) -> tuple[str, str, str]:
    """What a script says the situation is, which public reports it is like, and what the program answered then."""
    lines = (ast.get_docstring(ast.parse(script.read_text("utf-8"))) or "").splitlines()
    like, before = (
        next((line.removeprefix(start) for line in lines if line.startswith(start)), default)
        for start, default in (("Like: ", ""), ("Verdict today: ", "wrong"))
    )
    return lines[0] if lines else "", like, before


def rows(shared: Path, project: Path = PROJECT) -> Iterator[tuple[str, ...]]:
    """Every situation: script, what it is, where it is from, before, now."""
    cases = (shared / "cases").absolute()
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o755)  # else the system refuses everything to everybody else
        for situation in SITUATIONS:
            now = attempt(situation, cases, Path(scratch) / situation.script, project)
            yield situation.script, *told(cases / f"{situation.script}.py"), now
            shutil.rmtree(Path(scratch) / situation.script, ignore_errors=True)


def markdown(shared: Path, project: Path = PROJECT) -> str:
    """The table of docs/real-data.md."""
    lines = ["| script | situation | public reports | on 2026-11-30 | now |", "| --- | --- | --- | --- | --- |"]
    for row in rows(shared, project):
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |")
        sys.stderr.write(f"{row[0]}: {row[-1]}\n")  # it takes minutes
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown(Path(sys.argv[1]), Path(sys.argv[2]).absolute() if len(sys.argv) > 2 else PROJECT))
