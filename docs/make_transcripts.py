"""Make the transcripts in the docs and the README from the demo backup: `python -m docs.make_transcripts`."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"(<!-- transcript: (\S+) (\d+) -->\n```\n)(.*?)(```\n<!-- end -->)", re.DOTALL)

COMMANDS = {
    "transcript-scan.txt": ["scan", "BACKUP"],
    "transcript-scan-evidence.txt": ["scan", "BACKUP", "-v"],
    "transcript-extract.txt": ["extract", "BACKUP", "recovered"],
}


def transcripts() -> dict[str, str]:
    """The text each command prints on the demo, with the command as its first line; paths made short."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "fixtures", f"{folder}/demo"], cwd=ROOT, check=True, capture_output=True)
        backup = next(Path(folder, "demo", "plain").iterdir())
        return {name: _run(command, backup, Path(folder)) for name, command in COMMANDS.items()}


def _run(command: list[str], backup: Path, folder: Path) -> str:
    arguments = [str(backup) if word == "BACKUP" else word for word in command]
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    text = f"$ recover-facetime {' '.join(command)}\n{done.stdout}{done.stderr}[exit code {done.returncode}]\n"
    # The hash of the run record changes with the time of the run.
    text = re.sub(r"^  [0-9a-f]{64}$", "  (64 hexadecimal digits)", text, flags=re.MULTILINE)
    return text.replace(str(backup), "BACKUP").replace(str(folder), ".")


def with_transcripts(page: str, made: dict[str, str]) -> str:
    """A page with its marked blocks filled with the first lines of their transcripts."""

    def fill(block: re.Match[str]) -> str:
        lines = made[Path(block[2]).name].splitlines()[: int(block[3])]
        return f"{block[1]}" + "\n".join(lines) + f"\n{block[5]}"

    return _BLOCK.sub(fill, page)


def main() -> None:
    """Write the transcripts and the README."""
    made = transcripts()
    for name, text in made.items():
        (DOCS / name).write_text(text, encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_transcripts(readme.read_text(encoding="utf-8"), made), encoding="utf-8")


if __name__ == "__main__":
    main()
