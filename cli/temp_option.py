"""The option for the folder of temporary files: before the name of a command, or behind it like any other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from recovery.temp_folder import OPTION
from recovery.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])
_KEY = "recover-facetime.temp-folder"


def _remember(context: click.Context, parameter: click.Parameter, folder: Path | None) -> None:
    if folder is not None:
        context.meta[_KEY] = folder  # shared by the group and its commands


def temp_folder_option(function: F) -> F:
    """--temp-folder, remembered for `private_folder`."""
    decorated: F = click.option(
        OPTION,
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        expose_value=False,
        callback=_remember,
        help="Put temporary copies into FOLDER, not the system's folder (TMPDIR); they are removed at the end.",
    )(function)
    return decorated


def chosen_temp_folder() -> Path | None:
    """The folder that the user named, if any."""
    context = click.get_current_context(silent=True)
    folder: Path | None = context.meta.get(_KEY) if context else None
    return folder


def private_folder() -> Workspace:
    """A private folder where the user wants it."""
    return Workspace(chosen_temp_folder())
