"""Every command with its arguments in one table, and ways to run them; one without an entry fails a test."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import COMMANDS, _guarded
from cli.passphrase import VARIABLE

ROOT = Path(__file__).parents[1]

# {backup}: the backup folder, {parent}: the folder it lies in, {out}: a place for output that does not exist yet,
# {extracted}: an extraction of that backup made before, {older}: another backup, by default the same.
ARGUMENTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    # It runs until somebody ends it and is asked over a socket: tests/test_app_flow.py holds it to the same rules.
    "app": (),
    "backups": (("{parent}",), ("{parent}", "--json")),
    "scan": (
        ("{backup}",),
        ("{backup}", "--all", "--verbose"),
        ("{backup}", "--json"),
        ("{backup}", "--all", "--format", "csv", "-o", "{out}"),
    ),
    "report": (("{backup}", "{out}.html"), ("{backup}", "{out}.html", "--no-pictures")),
    "diagnose": (("{backup}",), ("{backup}", "--json", "-o", "{out}")),
    "timeline": (("{backup}",), ("{backup}", "--all", "--format", "timesketch", "-o", "{out}")),
    "compare": (("{backup}", "{older}"), ("{backup}", "{older}", "--json", "-o", "{out}")),
    "extract": (
        ("{backup}", "{out}", "--all", "--reduced", "always", "--frames", "best"),
        ("{backup}", "{out}", "--dry-run"),
    ),
    "verify": (("{extracted}", "{backup}"), ("{extracted}", "--json")),
}


def invocations() -> list[tuple[str, ...]]:
    """Every command line of the table, for the commands that exist."""
    return [(name, *line) for name in COMMANDS for line in ARGUMENTS.get(name, ())]


def fitting(*, once: bool = False) -> pytest.MarkDecorator:
    """A parameter `line` for every command line, or `once` for each command."""
    lines = invocations()
    if once:
        lines = list({line[0]: line for line in reversed(lines)}.values())[::-1]
    return pytest.mark.parametrize("line", lines, ids=lambda line: " ".join(line).replace("/", ":"))


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    code: int
    output: bytes
    errors: bytes

    @property
    def said(self) -> bytes:
        """Everything that was said."""
        return self.output + self.errors


def filled(
    line: Sequence[str], backup: Path, out: Path, extracted: Path | None = None, older: Path | None = None
) -> list[str]:
    """The command line with real paths in it."""
    places = {"backup": backup, "parent": backup.parent, "out": out}
    places |= {"extracted": extracted or out, "older": older or backup}
    return [part.format(**places) for part in line]


def environment(passphrase: str | None = None, temporary: Path | None = None) -> dict[str, str]:
    """An environment of our own: nothing of the caller's that would change what a run does."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LD_LIBRARY_PATH")}
    kept |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    if passphrase is not None:
        kept[VARIABLE] = passphrase
    if temporary is not None:
        kept["TMPDIR"] = str(temporary)
    return kept


def started(
    arguments: Sequence[str], env: Mapping[str, str], before: Sequence[str] = (), code: str = ""
) -> subprocess.Popen[bytes]:
    """A run in a process of its own; `before` goes in front of the interpreter, `code` runs before the program."""
    program = f"{code}\nimport sys\nfrom cli.main import run\nsys.argv[0] = 'recover-facetime'\nrun()"
    return subprocess.Popen(
        [*before, sys.executable, "-c", program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(env),
    )


def inside(arguments: Sequence[str], passphrase: str | None = None, temporary: Path | None = None) -> Ended:
    """A run in this process, for tests that need many: the same code, from the boundary of errors inwards."""
    output, errors = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="replace") for _ in range(2))
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(sys, "argv", ["recover-facetime", *arguments])
        if temporary is not None:
            patch.setenv("TMPDIR", str(temporary))
        patch.delenv(VARIABLE, raising=False)
        if passphrase is not None:
            patch.setenv(VARIABLE, passphrase)
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(redirect_stdout(output))
        stack.enter_context(redirect_stderr(errors))
        code = _guarded()
    output.flush()
    errors.flush()
    return Ended(code, *(stream.buffer.getvalue() for stream in (output, errors)))  # type: ignore[attr-defined]


def ended(process: subprocess.Popen[bytes], seconds: float = 120) -> Ended:
    """Wait for the end; a run that hangs is killed and fails the test."""
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ended(process.returncode, output, errors)
