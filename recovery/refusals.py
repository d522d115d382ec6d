"""What the system's refusal to read something means, and what to do about it: it says nothing of the bytes."""

from __future__ import annotations

import errno
import sys

from recovery.errors import BlobDamagedError, BlobRefusedError, UnreadableFileError
from recovery.gap_codes import GapReason

_REASONS = {
    errno.EACCES: GapReason.PERMISSION_DENIED,
    errno.EPERM: GapReason.PERMISSION_DENIED,
    errno.EIO: GapReason.READ_ERROR,
    errno.EMFILE: GapReason.TOO_MANY_OPEN_FILES,
    errno.ENFILE: GapReason.TOO_MANY_OPEN_FILES,
    errno.ENOSPC: GapReason.NO_SPACE,
    errno.EBUSY: GapReason.IN_USE,
    errno.ESTALE: GapReason.NOT_REACHABLE,
    errno.ETIMEDOUT: GapReason.NOT_REACHABLE,
    errno.ENODEV: GapReason.NOT_REACHABLE,
    errno.ENXIO: GapReason.NOT_REACHABLE,
    errno.EHOSTDOWN: GapReason.NOT_REACHABLE,
    errno.EHOSTUNREACH: GapReason.NOT_REACHABLE,
    errno.ENETUNREACH: GapReason.NOT_REACHABLE,
    errno.ENOTCONN: GapReason.NOT_REACHABLE,
}
_REASONS_ON_WINDOWS = {
    5: GapReason.PERMISSION_DENIED,  # ERROR_ACCESS_DENIED
    21: GapReason.NOT_REACHABLE,  # ERROR_NOT_READY
    23: GapReason.READ_ERROR,  # ERROR_CRC
    32: GapReason.IN_USE,  # ERROR_SHARING_VIOLATION
    33: GapReason.IN_USE,  # ERROR_LOCK_VIOLATION
    53: GapReason.NOT_REACHABLE,  # ERROR_BAD_NETPATH
    59: GapReason.NOT_REACHABLE,  # ERROR_UNEXP_NET_ERR
    64: GapReason.NOT_REACHABLE,  # ERROR_NETNAME_DELETED
    1117: GapReason.READ_ERROR,  # ERROR_IO_DEVICE
}
"""Numbers of winerror.h. Python makes EACCES of several of them, so they are looked at first."""
REFUSALS = frozenset({*_REASONS.values(), GapReason.REFUSED_BY_SYSTEM})
"""All reasons that `reason_of` gives."""
TROUBLE_OF_THIS_COMPUTER = frozenset({GapReason.NO_SPACE, GapReason.TOO_MANY_OPEN_FILES})
"""Reasons that are neither the backup's nor its disk's, whatever was read or written."""
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


def is_absent(error: OSError) -> bool:
    """Whether the system says that nothing is there, rather than refusing to show it."""
    return error.errno in _ABSENT


def reason_of(error: OSError) -> GapReason:
    """The reason that the number of the error stands for."""
    number = getattr(error, "winerror", None)
    if number in _REASONS_ON_WINDOWS:
        return _REASONS_ON_WINDOWS[number]
    return _REASONS.get(error.errno or 0, GapReason.REFUSED_BY_SYSTEM)


def said_by(error: OSError) -> str:
    """What the system says, with the name of the error but without any path of this computer."""
    said = error.strerror or "it gives no reason"
    number = getattr(error, "winerror", None)
    name = f"Windows error {number}" if number else errno.errorcode.get(error.errno or 0)
    return f"{said}, {name}" if name else said


def refused(error: OSError) -> UnreadableFileError:
    """What the system refused, as the error that keeps its reason; without a number it was no refusal."""
    if error.errno is None:
        return BlobDamagedError(f"The blob cannot be read: {error}.")
    return BlobRefusedError(reason_of(error), said_by(error))


def remedy(reason: GapReason, platform: str = sys.platform) -> str:
    """What to do next on this system, as sentences; "" where nothing certain helps."""
    if reason is GapReason.PERMISSION_DENIED:
        return _permission(platform)
    return {
        GapReason.READ_ERROR: "Copy the whole disk to another one first, then read the copy: the disk may be failing.",
        GapReason.TOO_MANY_OPEN_FILES: "Close other programs or raise the limit of open files, then try again.",
        GapReason.IN_USE: "Wait until no backup runs, close iTunes and other programs that use it, then try again.",
        GapReason.NOT_REACHABLE: "Connect the disk or network share again, then try again.",
        GapReason.NO_SPACE: "Free some space on this computer, then try again.",
    }.get(reason, "")


def _permission(platform: str) -> str:
    if platform == "win32":
        return (
            "Give your account the permission to read the backup folder: Properties > Security in Windows. "
            "Another account may have made the backup."
        )
    owner = "Sign in as the account that made the backup, or copy the backup to a folder of your own: "
    sudo = "a backup made with sudo or by another account belongs to that account."
    if platform == "darwin":
        return (
            "Open System Settings > Privacy & Security > Full Disk Access, switch it on for your terminal, and open "
            f"a new terminal window. If that does not help: {owner[0].lower()}{owner[1:]}{sudo}"
        )
    return owner + sudo
