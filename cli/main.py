"""The entry point: one group of commands and one boundary at which errors become sentences."""

from __future__ import annotations

import errno
import gc
import importlib
import itertools
import os
import sys
import traceback
from contextlib import suppress
from typing import NoReturn

import click

from cli import interrupts, streams
from cli.temp_option import temp_folder_option
from recovery import __version__
from recovery.errors import AmbiguousBackupError, PassphraseError, RecoveryError
from recovery.workspace import remove_own

EXIT_FAILED, EXIT_USAGE, EXIT_PARTLY, EXIT_PASSPHRASE, EXIT_INTERRUPTED = 1, 2, 3, 4, 130

# Each command lives in a module of its own, imported when it is called: `--help` stays quick.
COMMANDS: dict[str, tuple[str, str]] = {
    "app": ("cli.app.command", "Do all of it in the browser: choose, look, tick, recover."),
    "backups": ("cli.backups", "List the backups on this computer."),
    "scan": ("cli.scan", "Show the FaceTime photos of a backup and what happened to them."),
    "report": ("cli.report", "Make an offline page of pictures and facts to look at."),
    "diagnose": ("cli.diagnose", "Say why FaceTime photos may be missing, and what to do next."),
    "timeline": ("cli.timeline", "Tell the life of each photo in order of time."),
    "compare": ("cli.compare", "Compare backups: what vanished, and how to bring it back."),
    "extract": ("cli.extract", "Write everything a backup still holds into a folder."),
    "verify": ("cli.verify", "Check an extraction against its record, and against the backup."),
}


class _Commands(click.Group):
    """A group that imports a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, prog_name="recover-facetime")
@temp_folder_option
def main() -> None:
    """Find, explain and recover FaceTime photos from a local iPhone or iPad backup.

    \b
    Examples:
      recover-facetime backups
      recover-facetime scan ~/Backups/00008110-000A1B2C3D4E801E
      recover-facetime extract "Ann's iPhone" ~/Desktop/FaceTime

    The backup is only read; nothing leaves this computer.
    """


def run() -> None:
    """Run the command line and exit with its code: 0 done, 1 cannot go on, 2 usage, 3 partly, 4 passphrase."""
    interrupts.listen()
    _leave_no_core()
    # A library is millions of small values that live until the end and hold no cycles; looking through all of
    # them again and again took a third of a scan.
    gc.set_threshold(200_000, 50, 1_000)
    streams.prepare()
    code = EXIT_INTERRUPTED
    try:
        code = _guarded()
    except KeyboardInterrupt:
        pass  # another one, while the first was told
    finally:
        try:
            interrupts.ignore()
        finally:  # and yet another
            interrupts.ignore()
            with suppress(OSError, MemoryError):
                _clean_up()
    _leave(code)


def _clean_up() -> None:
    """Remove private folders that are left; say of one that cannot be removed that it is there."""
    for folder in remove_own():
        with suppress(OSError):
            click.echo(
                f"Warning: another program holds files of the private folder {folder}, which may contain parts of "
                "the backup. The next run removes it; or remove it yourself.",
                err=True,
            )


def _leave(code: int) -> NoReturn:
    """End at once: what is still in memory is the system's to free, see `cli.options`."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if code in (0, EXIT_PARTLY):  # otherwise something worse has been told
            code = _unwritten(error)
    sys.stderr.flush()
    os._exit(code)


def _leave_no_core() -> None:
    """No core dumps: a crash of a decoder would write keys and deciphered files to the disk."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _guarded() -> int:
    try:
        code = main.main(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        if (quoted := _unquoted_path(sys.argv[2:])) is not None:
            click.echo(f"What to do: The path holds a blank; put it in quotes: {quoted}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        with suppress(OSError):  # the terminal itself may be gone
            click.echo("Interrupted. The backup is unchanged, and the same command goes on from here.", err=True)
        return EXIT_INTERRUPTED
    except RecoveryError as error:
        _explain(error)
        return EXIT_PASSPHRASE if isinstance(error, PassphraseError) else EXIT_FAILED
    except SystemExit:  # that is what click makes of a broken pipe
        return _unwritten(BrokenPipeError())
    except Exception as error:  # noqa: BLE001 - what cannot be explained is raised again
        if interrupts.was_interrupted(error):  # also click's, which ends the line on a terminal that is gone
            return EXIT_INTERRUPTED
        return _explained(error)


def _explained(error: Exception) -> int:
    """Say in a sentence what is the computer's trouble; raises anything else."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return _without_memory(error)
    if isinstance(error, ImportError):
        return _fail(error, f"A part of this program cannot be loaded ({error}).", _LOAD)
    if isinstance(error, OSError):
        return _unwritten(error)
    raise error


_LOAD = "If memory is limited (ulimit -v), allow more. Otherwise install the program again."
_ROOM = "Close other programs, or allow this one more memory (ulimit -v), and run the same command again."
_UNWRITTEN = "Look whether the disk is full and whether the output may be written."


def _unquoted_path(arguments: list[str]) -> str | None:
    """A path that the shell has split at its blanks, in quotes; None where several arguments make none."""
    words = list(itertools.takewhile(lambda argument: not argument.startswith("-"), arguments))
    joined = (" ".join(words[:count]) for count in range(len(words), 1, -1))
    return next((f'"{path}"' for path in joined if os.path.lexists(path)), None)


def _unwritten(error: OSError) -> int:
    """The answer is not whole: its reader is gone, as after `| head`, or the disk behind a redirection is full."""
    if isinstance(error, BrokenPipeError):
        return _fail(error, "The answer was cut off: the program that read it has ended.")
    if error.errno == errno.EBADF:
        return _fail(error, "The answer cannot be written: standard output is closed.")
    return _fail(error, f"The system refuses to go on ({error.strerror or error}).", _UNWRITTEN)


def _without_memory(error: BaseException) -> int:
    return _fail(error, "There is not enough memory to go on. The backup is unchanged.", _ROOM)


def _fail(error: BaseException, says: str, advice: str = "") -> int:
    if "--debug" in sys.argv:
        traceback.print_exception(error)
    with suppress(OSError):  # perhaps it is standard error itself
        click.echo(f"Error: {says}", err=True)
        if advice:
            click.echo(f"What to do: {advice}", err=True)
    return EXIT_FAILED


def _explain(error: RecoveryError) -> None:
    from recovery.report.safe_text import clean

    if "--debug" in sys.argv:
        traceback.print_exception(error)
    click.echo(f"Error: {clean(str(error))}", err=True)
    if isinstance(error, AmbiguousBackupError):
        for candidate in error.candidates:
            click.echo(f"  {clean(candidate)}", err=True)
    if error.hint:
        click.echo(f"What to do: {clean(error.hint)}", err=True)


def partly(gaps_or_failures: bool) -> int:
    """Exit code of a finished command: 3 when something that is there could not be read or written."""
    return EXIT_PARTLY if gaps_or_failures else 0
