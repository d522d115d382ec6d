"""`recover-facetime app`: the same in the browser, for people who do not use a terminal."""

from __future__ import annotations

import threading
import time
import warnings
import webbrowser
from pathlib import Path

import click

from cli.temp_option import chosen_temp_folder, temp_folder_option
from recovery.errors import MissingExtraError
from recovery.source.locate import default_roots

_FIRST_PAGE_SECONDS = 300.0
"""How long the first page may take: the browser may have to be started, or ask something first."""

_FAREWELL_SECONDS = 0.3
"""Within it the pages hear that the program ends."""


@click.command(name="app")
@click.argument("folders", nargs=-1, metavar="[FOLDER]...", type=click.Path(path_type=Path))
@click.option("--no-browser", is_flag=True, help="Open no browser; print the address, which can be used once.")
@click.option(
    "--close-after",
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="End so long after the last page was closed.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@temp_folder_option
def command(folders: tuple[Path, ...], no_browser: bool, close_after: float, debug: bool) -> int:
    """Choose a backup, look at its photos, tick and recover them, in the browser.

    Backups in the usual folders of this computer are offered, and those in
    FOLDER. The page is served on 127.0.0.1 to the browser of this computer
    alone; nothing leaves it. The program ends when the page is closed.

    \b
    Examples:
      recover-facetime app
      recover-facetime app /Volumes/Backups

    Exit codes: 0 ended from the page or because it was closed, 1 cannot go on,
    2 wrong usage, 130 interrupted.
    """
    try:
        from cli.app.guard import Gate
        from cli.app.places import refuse_network
        from cli.app.server import Server, application, listening_socket
        from cli.app.session import Session
    except ImportError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise MissingExtraError(
            "The window needs two more packages.", 'Install them: pip install "recover-facetime[app]"'
        ) from error
    for folder in folders:
        refuse_network(str(folder))
    listening = listening_socket()
    gate = Gate(listening.getsockname()[1])
    with warnings.catch_warnings():
        # Decoders warn about large and odd files in threads, where filters cannot be set.
        warnings.simplefilter("ignore")
        roots = (*default_roots(), *(folder.absolute() for folder in folders))
        session = Session(roots, chosen_temp_folder(), debug=debug)
        try:
            with Server(application(session, gate), listening) as server:
                if no_browser:
                    click.echo(gate.address)
                else:
                    click.echo("The page opens in the browser. It ends with Quit there, or with Ctrl-C here.", err=True)
                    # The browser may be one for the terminal, which ends only with its page.
                    threading.Thread(target=webbrowser.open, args=(gate.address,), daemon=True).start()
                opened = time.monotonic()
                while server.runs and not session.ended.wait(0.25):
                    first = time.monotonic() - opened < _FIRST_PAGE_SECONDS and session.never_looked_at
                    if not first and session.is_abandoned(close_after):
                        break
                if session.ended.is_set():
                    time.sleep(_FAREWELL_SECONDS)
        finally:
            session.close()
    return 0
