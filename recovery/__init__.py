"""The library behind recover-facetime: typed, silent, and read-only towards the backup.

`open_backup` is the way in; see docs/api.md.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recovery.api import Backup as Backup
    from recovery.api import open_backup as open_backup

__version__ = "0.1.0"
__all__ = ["Backup", "__version__", "open_backup"]


def __getattr__(name: str) -> object:
    # Imported when asked for: `--version` and `--help` need none of it.
    if name in ("Backup", "open_backup"):
        return getattr(import_module("recovery.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
