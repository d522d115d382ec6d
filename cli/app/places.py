"""Folders: those offered for what is recovered, the system's own window to choose one, and showing one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recovery.errors import RecoveryError
from recovery.filesystem import is_folder

_USUAL = ("Desktop", "Pictures", "Documents")
_SECONDS = 0.1


class FolderError(RecoveryError):
    """A folder that is not used, or a window that cannot be shown."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which a recovery may be put, by the name people know; free space in bytes."""

    name: str
    folder: Path
    free: int | None


def usual_places(home: Path | None = None, platform: str = sys.platform) -> Iterator[Place]:
    """Desktop, Pictures and Documents, where they are there, and drives that are plugged in."""
    home = home or Path.home()
    named = [(name, home / name) for name in _USUAL]
    named += [(f"Drive {folder.name or folder}", folder) for folder in _drives(platform)]
    found = [place(name, folder) for name, folder in named if is_folder(folder) and os.access(folder, os.W_OK)]
    yield from found or [place("Home folder", home)]


def place(name: str, folder: Path) -> Place:
    """A place with its free space."""
    try:
        free: int | None = shutil.disk_usage(folder).free
    except OSError:
        free = None
    return Place(name, folder, free)


def _drives(platform: str) -> Iterator[Path]:
    if platform == "win32":
        system = os.environ.get("SYSTEMDRIVE", "C:").upper()
        letters = (f"{letter}:" for letter in "DEFGHIJKLMNOPQRSTUVWXYZ")
        yield from (Path(f"{drive}\\") for drive in letters if drive != system and is_folder(Path(f"{drive}\\")))
        return
    user = os.environ.get("USER", "")
    parents = ("/Volumes",) if platform == "darwin" else (f"/media/{user}", f"/run/media/{user}")
    for parent in map(Path, parents):
        with suppress(OSError):
            yield from sorted(folder for folder in parent.iterdir() if is_folder(folder, follow_links=False))


def refuse_network(path: str) -> None:
    """Raise FolderError for a path of another computer, before anything asks for it.

    Windows would send it the user's name and hashed password (as in CVE-2024-35178).
    """
    if path[:2] in ("\\\\", "//", "\\/", "/\\"):
        raise FolderError(
            "Folders of other computers are not opened.", "Copy the backup to this computer or to a drive plugged in."
        )


def window_command(
    title: str, platform: str = sys.platform, which: Callable[[str], str | None] = shutil.which
) -> list[str] | None:
    """The command that shows the system's own window for choosing a folder; None where there is none."""
    if platform == "darwin":
        return ["osascript", "-e", f'POSIX path of (choose folder with prompt "{title}")']
    if platform == "win32":
        script = (
            "[Console]::OutputEncoding = [Text.Encoding]::UTF8; Add-Type -AssemblyName System.Windows.Forms; "
            "$window = New-Object System.Windows.Forms.FolderBrowserDialog; "
            f"$window.Description = '{title}'; "
            "$owner = New-Object System.Windows.Forms.Form -Property @{TopMost = $true}; "
            "if ($window.ShowDialog($owner) -eq 'OK') { [Console]::Out.Write($window.SelectedPath) }"
        )
        return ["powershell", "-NoProfile", "-STA", "-Command", script]
    if which("zenity"):
        return ["zenity", "--file-selection", "--directory", f"--title={title}"]
    if which("kdialog"):
        return ["kdialog", "--title", title, "--getexistingdirectory", str(Path.home())]
    return None


def ask_for_folder(title: str, waiting: Callable[[], None]) -> Path | None:
    """The folder that a person chooses in the system's window; None for none.

    `waiting` is called while the window is open and may raise to close it. Raises FolderError.
    """
    command = window_command(title)
    if command is None:
        raise FolderError(
            "This system has no window for choosing a folder (zenity or kdialog would be one).",
            "Start the program with the folder: recover-facetime app FOLDER",
        )
    try:
        # Not a pipe that fills up: a path is short.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError as error:
        raise FolderError(f"The window for choosing a folder cannot be shown ({error.strerror}).") from error
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS)
                break
            waiting()
        answer = process.stdout.read() if process.stdout else b""
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
    chosen = os.fsdecode(answer).rstrip("\r\n")
    if not chosen:
        return None
    refuse_network(chosen)
    return Path(chosen)


def show(folder: Path) -> None:
    """Show a folder in Finder, Explorer or the like. Raises FolderError."""
    try:
        if sys.platform == "win32":
            os.startfile(folder)
            return
        opener = "open" if sys.platform == "darwin" else "xdg-open"
        subprocess.Popen(
            [opener, str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise FolderError(
            f"The folder cannot be shown ({error.strerror or error}).", f"Open it yourself: {folder}"
        ) from error
