"""Make the samples of `timeline` and `compare` in these docs: `python -m docs.make_twin_samples`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from fixtures import twins

DOCS = Path(__file__).parent
PASSPHRASE = "demo"
COMMANDS = {
    "transcript-timeline.txt": ["timeline", "NEWER", "--passphrase-file", "passphrase"],
    "transcript-compare.txt": ["compare", "OLDER", "NEWER", "--passphrase-file", "passphrase"],
}


def samples() -> dict[str, str]:
    """What each command prints on the two backups of fixtures/twins.py, the command first; paths made short."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "passphrase").write_text(PASSPHRASE, encoding="utf-8")
        backups = {
            "OLDER": twins.older().build(Path(folder, "older"), PASSPHRASE),
            "NEWER": twins.newer().build(Path(folder, "newer"), PASSPHRASE),
        }
        return {name: _run(command, backups, Path(folder)) for name, command in COMMANDS.items()}


def _run(command: list[str], backups: dict[str, Path], folder: Path) -> str:
    arguments = [str(backups.get(word, word)) for word in command]
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", program, str(DOCS.parent), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    text = f"$ recover-facetime {' '.join(command)}\n{done.stdout}{done.stderr}[exit code {done.returncode}]\n"
    for word, backup in backups.items():
        text = text.replace(str(backup), word)
    return text


def main() -> None:
    """Write the samples."""
    for name, text in samples().items():
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
